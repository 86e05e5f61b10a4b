# The worker of deferred TVIEWs: it starts by itself, catches up with a load, takes up what was prepared, is killed with -9 and survives
# a restart with a backlog; a query that fails holds up neither other TVIEWs nor writers, and loses nothing; it leaves when there is
# nothing to do, and DROP DATABASE gets rid of it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('deferred', 'restart_after_crash = on', 'pg_tviews.worker_idle_time = 2');
my $db = 'blog';
$node->safe_psql('postgres', "CREATE DATABASE $db");
make_blog($node, $db);
$node->safe_psql($db, q{
	SELECT pg_tviews_set_refresh_mode("table", 'deferred') FROM pg_tview_meta;
	CREATE TABLE tb_ratio (pk_ratio integer PRIMARY KEY, a integer, b integer);
	INSERT INTO tb_ratio VALUES (1, 1, 1), (2, 1, 1);
	SELECT pg_tviews_create('tv_ratio', 'SELECT pk_ratio, a / b AS ratio FROM tb_ratio', '{"refresh_mode": "deferred"}');
});

my $workers = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_tviews worker' AND datname = '$db'";

sub sql { return $node->safe_psql($db, $_[0]) }

sub caught_up
{
	my ($what) = @_;
	ok($node->poll_query_until($db, 'SELECT NOT EXISTS (SELECT FROM pg_tview_queue)'), "$what: applied");
	is(sql('SELECT count(*) FROM pg_tviews_verify()'), '0', "$what: exact");
}

is(sql($workers), '0', 'no worker before there is work');
sql("UPDATE tb_user SET name = upper(name)");
caught_up('one statement');
cmp_ok(sql($workers), '>=', 1, 'by the worker');

# A load from several sessions.
my @sessions = map { $node->background_psql($db, on_error_stop => 0) } 1 .. 3;
for my $round (1 .. 20)
{
	for my $i (0 .. $#sessions)
	{
		my $user = 1 + ($round + $i) % 10;
		$sessions[$i]->query_safe("UPDATE tb_user SET name = 'u$round.$i' WHERE pk_user = $user");
		$sessions[$i]->query_safe("INSERT INTO tb_post (fk_user, title) VALUES ($user, 'p$round.$i')");
	}
}
$_->quit foreach @sessions;
caught_up('a load');

# It leaves, and comes back for what was prepared.
ok($node->poll_query_until('postgres', "SELECT ($workers) = 0"), 'it leaves when there is nothing to do');
sql("BEGIN; UPDATE tb_user SET name = 'prepared' WHERE pk_user = 1; PREPARE TRANSACTION 'later'");
sql("COMMIT PREPARED 'later'");
sql('SELECT pg_tviews_start_worker()');
caught_up('a prepared transaction');

# A document that cannot be built.
sql("UPDATE tb_ratio SET b = 0 WHERE pk_ratio = 1");
sql("UPDATE tb_user SET name = 'goes on' WHERE pk_user = 2");
ok($node->poll_query_until($db, "SELECT NOT EXISTS (SELECT FROM pg_tview_queue WHERE tview <> 'tv_ratio'::regclass)"), 'others go on');
ok(wait_for(sub { slurp_file($node->logfile) =~ /could not apply the queue of TVIEW public\.tv_ratio: division by zero/ }), 'the log names the TVIEW');
is(sql("SELECT entries FROM pg_tviews_queue WHERE tview = 'tv_ratio'"), '1', 'its keys are kept');
like(sql("SELECT string_agg(message || '. ' || command, ' ') FROM pg_tviews_health_queue('0 s')"), qr/tv_ratio has 1 entries queued.*pg_tviews_apply\('public\.tv_ratio'\)/,
	'and the health check tells how to apply them');

# Suspended, it is left alone: the worker leaves, an apply of all passes over it, and the health check says one thing of it.
my $of_ratio = q{SELECT string_agg(component, ',') FROM pg_tviews_health_check(1) WHERE message ~ 'tv_ratio' AND component <> 'indexes'};
sql("UPDATE pg_tview_queue SET enqueued_at = enqueued_at - interval '1 day'");
is(sql($of_ratio), 'queue', 'a day later the health check says that the queue is old');
sql("SELECT pg_tviews_suspend('tv_ratio')");
ok($node->poll_query_until('postgres', "SELECT ($workers) = 0"), 'the worker leaves a suspended TVIEW alone');
my $failures = () = slurp_file($node->logfile) =~ /could not apply the queue/g;
is(sql('SELECT pg_tviews_apply()'), '0', 'as an apply of all does');
is(sql($of_ratio), 'states', 'and now that the TVIEW is suspended, and nothing else');
is(() = slurp_file($node->logfile) =~ /could not apply the queue/g, $failures, 'and nobody has tried');
sql("UPDATE tb_ratio SET b = 2 WHERE pk_ratio = 1; SELECT pg_tviews_resume('tv_ratio')");
caught_up('resumed');
sql("SELECT pg_tviews_suspend('tv_ratio'); INSERT INTO pg_tview_queue (tview) VALUES ('tv_ratio'::regclass)");
$node->poll_query_until('postgres', "SELECT ($workers) = 0");
sql('UPDATE tb_ratio SET a = 6 WHERE pk_ratio = 2');
sql("CALL pg_tviews_resume_concurrently('tv_ratio')");
caught_up('resumed in batches, with nobody else to wake the worker');

# Killed: the server restarts, the backlog is there, and the next commit starts a worker.
sql("UPDATE tb_ratio SET b = 0 WHERE pk_ratio = 2");
$node->poll_query_until('postgres', "SELECT ($workers) = 1");
my $pid = sql("SELECT pid FROM pg_stat_activity WHERE backend_type = 'pg_tviews worker' LIMIT 1");
kill 'KILL', $pid;
ok(wait_for(sub { ($node->psql($db, "SELECT 1"))[0] == 0 && $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid") eq '0' }),
	'the server is back after kill -9 of the worker');
is(sql('SELECT count(*) FROM pg_tview_queue'), '1', 'with the backlog');
sql("UPDATE tb_ratio SET b = 4 WHERE pk_ratio = 2");
caught_up('killed');

# A restart with a backlog.
sql("UPDATE tb_ratio SET b = 0 WHERE pk_ratio = 1");
$node->restart;
is(sql("SELECT entries > 0 FROM pg_tviews_queue WHERE tview = 'tv_ratio'"), 't', 'a restart keeps the backlog');
sql("SET pg_tviews.intercept = on; UPDATE tb_ratio SET b = 5 WHERE pk_ratio = 1");
caught_up('restarted');
$node->stop('immediate');
$node->start;
is(sql('SELECT pg_tviews_start_worker()'), 't', 'started on request');
ok($node->poll_query_until($db, 'SELECT NOT pg_tviews_start_worker()'), 'and there is one then');

# Dumped and restored with its queue and mode.
sql("SELECT pg_tviews_set_refresh_mode('tv_ratio', 'manual'); UPDATE tb_ratio SET a = 7 WHERE pk_ratio = 1");
$node->safe_psql('postgres', 'CREATE DATABASE restored');
my $dump = $node->basedir . '/blog.dump';
$node->command_ok(['pg_dump', '-Fc', '-f', $dump, '-d', $node->connstr($db)], 'dumped');
$node->command_ok(['pg_restore', '-d', $node->connstr('restored'), $dump], 'restored');
is($node->safe_psql('restored', "SELECT refresh_mode, entries FROM pg_tviews_queue WHERE tview = 'tv_ratio'"), 'manual|1', 'with mode and queue');
is($node->safe_psql('restored', 'SELECT pg_tviews_apply()'), '1', 'which can be applied');
is($node->safe_psql('restored', 'SELECT count(*) FROM pg_tviews_verify()'), '0', 'and is exact');
is(sql('SELECT pg_tviews_apply()'), '1', 'as can that of the original');

# Gone with the database.
sql("UPDATE tb_user SET name = 'last' WHERE pk_user = 3");
$node->poll_query_until('postgres', "SELECT ($workers) = 1");
$node->safe_psql('postgres', "DROP DATABASE $db WITH (FORCE)");
is($node->safe_psql('postgres', $workers), '0', 'the worker goes with its database');
$node->safe_psql('restored', "UPDATE tb_user SET name = 'last' WHERE pk_user = 3");
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_tviews worker'"), 'or when it is idle');
$node->safe_psql('postgres', 'DROP DATABASE restored');
pass('and then the database can be dropped');
$node->stop;
done_testing();

sub wait_for
{
	my ($done) = @_;
	for (1 .. 600)
	{
		return 1 if $done->();
		select(undef, undef, undef, 0.1);
	}
	return 0;
}
