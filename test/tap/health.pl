# The health check where it takes a restart, another database or a standby: the library not preloaded, another version, what a
# partial restore lacks.  The audit log's chain goes through dumps, into databases with other settings.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('health', q{shared_preload_libraries = 'auto_explain'});
make_blog($node, 'postgres');
my $problems = q{SELECT component, severity, message FROM pg_tviews_health_check() WHERE status <> 'ok'};

# What the health check says of a component, and the command it ends with.
sub reported
{
	my ($on, $db, $component) = @_;
	my $message = $on->safe_psql($db, "SELECT message FROM pg_tviews_health_check() WHERE component = '$component'");
	return ($message, $message =~ /\. Run: (.*)$/s ? $1 : undef);
}

# Preloading.
my ($message, $command) = reported($node, 'postgres', 'preload');
like($message, qr/not in shared_preload_libraries/, 'a library that is not preloaded is reported');
is($command, q{ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', 'pg_tviews'}, 'with the command that adds it');
is($node->safe_psql('postgres', q{SELECT severity || ' ' || message FROM pg_tviews_health_check() WHERE component = 'queue'}),
	"info the library is not preloaded: what other sessions have not flushed is unknown. Run: SELECT command FROM public.pg_tviews_health_preload()", 'nor are other sessions known');
$node->safe_psql('postgres', $command);
$node->restart;
is((reported($node, 'postgres', 'queue'))[0], 'nothing to report', 'which they are after a restart');
is($node->safe_psql('postgres', 'SHOW shared_preload_libraries'), 'auto_explain, pg_tviews', 'which keeps the others');
is((reported($node, 'postgres', 'preload'))[0], 'nothing to report', 'after a restart there is nothing to report');
$node->safe_psql('postgres', q{UPDATE tb_user SET name = 'preloaded' WHERE pk_user = 1});
is_exact($node, 'postgres', 'with the library preloaded');

# What sessions have not flushed: many rows at once, and after five minutes, for which one second stands here.
my $writer = $node->background_psql('postgres');
$writer->query_safe('BEGIN');
$writer->query_safe(q{INSERT INTO tb_user (pk_user, name) SELECT n, 'many ' || n FROM generate_series(10001, 30000) n});
is((reported($node, 'postgres', 'queue'))[0], 'nothing to report', '20,000 changed rows are not too many');
$writer->query_safe('ROLLBACK');
$writer->query_safe('BEGIN');
$writer->query_safe(q{INSERT INTO tb_user (pk_user, name) SELECT n, 'many ' || n FROM generate_series(10001, 110001) n});
my $pid = $writer->query_safe('SELECT pg_backend_pid()');
($message, $command) = reported($node, 'postgres', 'queue');
like($message, qr/^session [0-9a-f.]+ has [1-9]\d{5} changes of .*user.* to flush, the last of 2.*: its commit will take long/, 'more than 100,000 are');
is($command, "SELECT * FROM pg_catalog.pg_stat_activity WHERE pid = $pid", 'with the command that shows whose they are');
is($node->safe_psql('postgres', $command =~ s/\*/application_name/r), $writer->query_safe('SHOW application_name'), 'which it does');
is($node->safe_psql('postgres', q{SELECT detail -> 'problems' -> 0 ->> 'component' FROM pg_tviews_status()}), 'queue', 'the status says so too');
$writer->query_safe('ROLLBACK');
is((reported($node, 'postgres', 'queue'))[0], 'nothing to report', 'rolled back, there is nothing to report');
my $shorter = q{BEGIN; DO $$ BEGIN EXECUTE (SELECT replace(pg_get_functiondef(oid), '''00:05:00''', '''00:00:01''') FROM pg_proc
	WHERE proname = 'pg_tviews_health_queue'); END $$;};
is($node->safe_psql('postgres', q{SELECT pg_get_function_arguments(oid) FROM pg_proc WHERE proname = 'pg_tviews_health_queue'}) =~ /^(.*?), OUT/ && $1,
	q{older_than interval DEFAULT '00:05:00'::interval, more_than bigint DEFAULT 100000}, 'five minutes');
$writer->query_safe('BEGIN');
$writer->query_safe(q{UPDATE tb_user SET name = 'held back' WHERE pk_user = 1});
sleep 2;
is((reported($node, 'postgres', 'queue'))[0], 'nothing to report', 'two seconds are not long');
is($node->safe_psql('postgres', "$shorter SELECT count(*) FROM pg_tviews_queue_realtime WHERE last_enqueued < clock_timestamp() - interval '1 s'"), '1',
	'though longer than one');
$message = $node->safe_psql('postgres', qq{$shorter SELECT status, severity, message FROM pg_tviews_health_check() WHERE component = 'queue'});
like($message, qr/^problem\|warning\|session [0-9a-f.]+ has held back \d+ changes of .*user.* since 2/, 'a session that holds back changes is reported');
like($message, qr/Run: SELECT pg_terminate_backend\($pid\)$/, 'with the command that ends it');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
ok($node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM pg_tviews_queue_realtime'), 'which it does');
$writer->{run}->kill_kill;
is_exact($node, 'postgres', 'after these');

# A lock table that is nearly full.
$node->safe_psql('postgres', 'ALTER SYSTEM SET max_locks_per_transaction = 10');
$node->restart;
is((reported($node, 'postgres', 'locks'))[0] =~ /are held/, '', 'no locks are held');
my $room = $node->safe_psql('postgres', q{SELECT sum(setting::int) * 10 + 10 FROM pg_settings WHERE name IN
	('max_connections', 'autovacuum_max_workers', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions')});
my $holder = $node->background_psql('postgres');
$holder->query_safe("SELECT count(pg_advisory_lock(n)) FROM generate_series(1, $room * 3 / 4 + 1) n");
($message, $command) = reported($node, 'postgres', 'locks');
like($message, qr/^\d+ locks are held, the lock table has room for $room; restart the server after the command/m, 'a nearly full lock table is reported');
($command) = $message =~ /are held.*Run: (.*)/;
is($command, 'ALTER SYSTEM SET max_locks_per_transaction = 20', 'with the command that makes room');
$holder->quit;
unlike((reported($node, 'postgres', 'locks'))[0], qr/are held/, 'nothing is held any more');
$node->safe_psql('postgres', $command);
$node->restart;
$holder = $node->background_psql('postgres');
$holder->query_safe("SELECT count(pg_advisory_lock(n)) FROM generate_series(1, $room * 3 / 4 + 1) n");
unlike((reported($node, 'postgres', 'locks'))[0], qr/are held/, 'after a restart so many are not too many');
$holder->quit;
$node->safe_psql('postgres', 'ALTER SYSTEM RESET max_locks_per_transaction');
$node->restart;

# Versions.
$node->safe_psql('postgres', q{UPDATE pg_extension SET extversion = '0.0.9' WHERE extname = 'pg_tviews'});
($message, $command) = reported($node, 'postgres', 'version');
like($message, qr/the library of this session has version 0\.2\.0, the SQL objects have 0\.0\.9/, 'another version is reported');
is($command, q{ALTER EXTENSION pg_tviews UPDATE TO '0.2.0'}, 'with the command that upgrades');
is($node->safe_psql('postgres', 'SELECT pg_tviews_liveness(), pg_tviews_readiness()'), 't|f', 'alive, but not ready');
is($node->safe_psql('postgres', 'SELECT status FROM pg_tviews_status()'), 'unhealthy', 'and unhealthy');
$node->safe_psql('postgres', q{UPDATE pg_extension SET extversion = '0.2.0' WHERE extname = 'pg_tviews'});
is($node->safe_psql('postgres', 'SELECT status FROM pg_tviews_status()'), 'healthy', 'the same versions again');

# A restore without triggers, without rows of pg_tview_meta, without the rows of a TVIEW.
my $folder = PostgreSQL::Test::Utils::tempdir();
command_ok([ 'pg_dump', '-d', $node->connstr('postgres'), '-Fc', '-f', "$folder/dump" ], 'dump');
my ($list) = run_command([ 'pg_restore', '-l', "$folder/dump" ]);

sub restore
{
	my ($db, $without) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	append_to_file("$folder/$db.list", join("\n", grep { !/$without/ } split /\n/, $list) . "\n");
	command_ok([ 'pg_restore', '--exit-on-error', '-L', "$folder/$db.list", '-d', $node->connstr($db), "$folder/dump" ], "$db: restored");
	return;
}

# Runs what the health check prints until it prints nothing.
sub cured
{
	my ($db, $first) = @_;
	like($node->safe_psql($db, $problems), $first, "$db: what is missing is reported");
	foreach (1 .. 3)
	{
		my $run = $node->safe_psql($db, q{SELECT string_agg(DISTINCT substring(message FROM '\. Run: (.*)$'), ';')
			FROM pg_tviews_health_check(1) WHERE status <> 'ok'});
		last if $run eq '';
		$node->safe_psql($db, $run);
	}
	is($node->safe_psql($db, $problems), '', "$db: the printed commands put it right");
	is($node->safe_psql($db, 'SELECT pg_tviews_readiness()'), 't', "$db: ready");
	$node->safe_psql($db, q{UPDATE tb_user SET name = 'restored' WHERE pk_user = 2});
	return;
}

restore('no_triggers', qr/TRIGGER public \S+ !pg_tviews/);
cured('no_triggers', qr/triggers\|error\|capture triggers of table public\.tb_user: missing/);
is_exact($node, 'no_triggers', 'in no_triggers');
restore('no_documents', qr/TABLE DATA public tv_/);
is($node->safe_psql('no_documents', $problems), '', 'documents that are not there are not seen by looking at the catalog');
is($node->safe_psql('no_documents', q{SELECT count(*) FROM pg_tviews_health_check(1) WHERE component = 'verification' AND severity = 'error'}), '3',
	'but by verifying them');
cured('no_documents', qr/verification\|error\|TVIEW public\.tv_post: the verification of .* found 50 documents/);
is_exact($node, 'no_documents', 'in no_documents');
restore('no_meta', qr/TABLE DATA public pg_tview_meta/);
cured('no_meta', qr/triggers\|error\|table public\.tb_user has capture triggers, but no TVIEW reads it/);
is($node->safe_psql('no_meta', 'SELECT count(*) FROM pg_tview_meta'), '3', 'no_meta: the audit log knew its TVIEWs');
is_exact($node, 'no_meta', 'in no_meta');

# The audit log's chain.
my $chain = 'SELECT link, hash FROM pg_tview_audit_log ORDER BY link';
$node->safe_psql('postgres', 'CREATE DATABASE elsewhere');
$node->safe_psql('postgres', "ALTER DATABASE elsewhere SET $_") foreach ("TimeZone = 'Asia/Tokyo'", "DateStyle = 'German'", "bytea_output = 'escape'");
command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('elsewhere'), "$folder/dump" ], 'restored under other settings');
is($node->safe_psql('elsewhere', 'SELECT count(*) FROM pg_tviews_audit_verify()'), '0', 'the restored chain is whole');
is($node->safe_psql('elsewhere', q{SELECT string_agg(link || encode(hash, 'hex'), ',' ORDER BY link) FROM pg_tview_audit_log}),
	$node->safe_psql('postgres', q{SELECT string_agg(link || encode(hash, 'hex'), ',' ORDER BY link) FROM pg_tview_audit_log}), 'and the same');
$node->safe_psql('elsewhere', 'SELECT * FROM pg_tviews_refresh(); DROP TABLE tv_commenter CASCADE');
is($node->safe_psql('elsewhere', 'SELECT count(*), max(link) = count(*) FROM pg_tview_audit_log'), '7|t', 'it goes on');
is($node->safe_psql('elsewhere', 'SELECT count(*) FROM pg_tviews_audit_verify()'), '0', 'whole');

# A crash while somebody is about to write the log.
my $session = $node->background_psql('postgres');
$session->query_safe('BEGIN; SELECT * FROM pg_tviews_refresh();');
$node->stop('immediate');
$node->start;
eval { $session->quit };
$node->safe_psql('postgres', q{SELECT * FROM pg_tviews_refresh('tv_post')});
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_tviews_audit_verify()'), '0', 'the chain is whole after a crash');

# A standby can be asked all of it.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('flush'));
is($standby->safe_psql('postgres', q{SELECT component, message FROM pg_tviews_health_check(1) WHERE status <> 'ok'}), '', 'a standby is healthy');
is($standby->safe_psql('postgres', 'SELECT pg_tviews_liveness(), pg_tviews_readiness()'), 't|t', 'alive and ready');
is($standby->safe_psql('postgres', q{SELECT * FROM pg_tviews_impact('tb_user', 'pk_user = 1')}),
	$node->safe_psql('postgres', q{SELECT * FROM pg_tviews_impact('tb_user', 'pk_user = 1')}), 'and counts as its primary does');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM pg_tviews_audit_verify()'), '0', 'its audit log is whole');

$standby->stop;
$node->stop;
done_testing();
