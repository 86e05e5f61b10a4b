# The runbooks whose failures take many rows, several writers or a restart, performed: a slow cascade, a hot document, bloat, orphaned
# triggers, missing figures.  The SQL comes out of docs/operations/runbooks.md.  Failure and cure are told by planned costs, locks, sizes
# and counts, never by time; in the end every TVIEW equals its query.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Runbook;
use Test::More;

my $db = 'postgres';
my $node = new_server('measured', 'pg_tviews.max_tracked = 2');
make_tutorial($node);

# The command at the end of what a component of the health check says.
sub command
{
	my ($component) = @_;
	my ($run) = $node->safe_psql($db, "SELECT message FROM pg_tviews_health_check() WHERE component = '$component'") =~ /\. Run: (.*)/;
	return $run;
}

# Missing figures: the library is not preloaded, so that a session sees its own figures alone.
my ($info, undef, $components) = map { split /(?<=;)\n/ } runbook('missing-figures', 'Diagnosis');
my $seen = q{SELECT coalesce(sum(refreshes), 0) FROM pg_tviews_performance_summary};
$node->safe_psql($db, q{UPDATE tb_user SET name = 'counted' WHERE pk_user = 1});
is($node->safe_psql($db, $seen), '0', 'what another session did is not seen');
like((run_block($node, $info))[0], qr/^f\|/, 'the diagnosis says that the library is not preloaded');
like((run_block($node, $components))[0], qr/^preload\|info\|.*restart the server/m, 'and the health check what to do');
$node->safe_psql($db, command('preload'));
$node->restart;
$node->safe_psql($db, q{UPDATE tb_user SET name = 'counted again' WHERE pk_user = 1});
like((run_block($node, $info))[0], qr/^t\|t\|0$/, 'after command and restart it is');
is($node->safe_psql($db, $seen), '1', 'and what another session did is seen');

# More TVIEWs than pg_tviews.max_tracked.
$node->safe_psql($db, qq{
	CREATE TABLE tb_figure (pk_figure integer PRIMARY KEY);
	@{[map { "CREATE TABLE tv_figure$_ AS SELECT pk_figure AS pk_figure$_ FROM tb_figure;" } 1 .. 3]}
	INSERT INTO tb_figure VALUES (1)});
like((run_block($node, $info))[0], qr/^t\|f\|[1-9]\d*$/, 'the diagnosis says that there is no room, and counts what it missed');
like((run_block($node, $components))[0], qr/^statistics\|warning\|.*beyond the first 2 /m, 'and the health check names it');
is($node->safe_psql($db, 'SELECT count(*) FROM pg_tviews_performance_summary WHERE refreshes > 0'), '2', 'two TVIEWs have figures');
$node->safe_psql($db, command('statistics'));
is($node->safe_psql($db, 'SHOW pg_tviews.max_tracked'), '2', 'the command waits for a restart');
$node->restart;
$node->safe_psql($db, 'SELECT pg_tviews_stats_reset(); UPDATE tb_figure SET pk_figure = 2');
$node->safe_psql($db, q{UPDATE tb_user SET name = 'counted in the end' WHERE pk_user = 1});
like((run_block($node, $info))[0], qr/^t\|f\|0$/, 'with it no flush is missed: four places for four TVIEWs');
is($node->safe_psql($db, 'SELECT count(*) FROM pg_tviews_performance_summary WHERE refreshes > 0'), '4', 'all have figures');
my ($granted) = runbook('missing-figures', 'Resolution');
is_deeply([ run_block($node, $granted) ], [ '4', '' ], 'a member of pg_monitor sees them');
$node->safe_psql($db, 'DROP TABLE tv_figure1, tv_figure2, tv_figure3, tb_figure');
$node->safe_psql($db, 'ALTER SYSTEM SET pg_tviews.max_tracked = 100');
$node->restart;
exact($node, 'after missing figures');

# A slow cascade: 20000 comments on 2000 posts without the index that building a document wants.
$node->safe_psql($db, q{
	SELECT pg_tviews_suspend('tv_post');
	INSERT INTO tb_post SELECT 1000 + i, 1 + i % 3, 'many' FROM generate_series(1, 2000) i;
	INSERT INTO tb_comment SELECT 10000 + i, 1001 + i % 2000, 1 + i % 3, 'many' FROM generate_series(1, 20000) i;
	SELECT pg_tviews_resume('tv_post')});
$node->safe_psql($db, 'VACUUM ANALYZE');
my ($dropped) = runbook('slow-cascade', 'Symptom');
my ($cascade) = runbook('slow-cascade', 'Diagnosis');
my ($indexed) = runbook('slow-cascade', 'Resolution');

# What the planner says of building one document: of all lines of pg_tviews_explain() the same.
sub cost_of_document
{
	return $node->safe_psql($db, q{
		SELECT DISTINCT substring(line FROM 'documents? at ([0-9.]+)$') FROM pg_tviews_explain('tv_post', costs => true) AS line
		WHERE line LIKE '%estimated cost of one changed row%'});
}

# How many rows of tb_comment sequential scans read when one comment is written.
sub scanned
{
	my ($comment) = @_;
	my $read = q{SELECT pg_stat_clear_snapshot(); SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'tb_comment'};
	my $before = $node->safe_psql($db, $read) =~ s/\A\n//r;
	$node->safe_psql($db, "UPDATE tb_comment SET body = body || '!' WHERE pk_comment = $comment; SELECT pg_tviews_flush(); SELECT pg_stat_force_next_flush()");
	return ($node->safe_psql($db, $read) =~ s/\A\n//r) - $before;
}

$node->safe_psql($db, $dropped);
my ($dear, $read) = (cost_of_document(), scanned(10001));
cmp_ok($read, '>=', 20000, 'without the index one write reads all comments');
like((run_block($node, $cascade))[0], qr/^rebuild\|CREATE INDEX CONCURRENTLY ON public\.tb_comment \(fk_post\)$/m, 'the diagnosis names the index');
like(($node->safe_psql($db, q{SELECT message FROM pg_tviews_health_check() WHERE component = 'indexes'})), qr/tb_comment \(fk_post\)/, 'so does the health check');
like((run_block($node, $indexed))[0], qr/^CREATE INDEX ON public\.tb_comment \(fk_post\)\|t\n0$/m, 'the resolution makes it');
my $cheap = cost_of_document();
cmp_ok($dear, '>', 3 * $cheap, "a document is planned for less than a third: $dear before, $cheap after");
is(scanned(10002), 0, 'with it one write scans no table');
exact($node, 'after the slow cascade');

# A hot document: three writers of different rows queue behind a fourth, by the locks of one document.
my ($hot) = runbook('hot-document', 'Symptom');
my ($touched, $waited) = runbook('hot-document', 'Diagnosis');
my ($divided) = runbook('hot-document', 'Resolution');

# How many of the writers in the background wait for this session.
sub waiting_for
{
	my ($session) = @_;
	return $node->safe_psql($db, q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'writer' AND } . pid($session) . ' = ANY (pg_blocking_pids(pid))');
}

# A session that has written a comment, flushed, and keeps its transaction open.
sub writer_that_stays
{
	my ($key) = @_;
	my $session = $node->background_psql($db, on_error_stop => 0);
	$session->query_safe("BEGIN; INSERT INTO tb_comment VALUES ($key, 11, 1, 'first'); SELECT pg_tviews_flush()");
	return $session;
}

my @posts = (12, 13, 1001);
$node->safe_psql($db, $hot);
$node->safe_psql($db, 'SELECT pg_tviews_stats_reset()');
my $first = writer_that_stays(501);
my @writers = map { client($node, 'writer', "INSERT INTO tb_comment VALUES (510 + $_, $_, 1, 'behind it')") } @posts;
wait_until($node, $db, sessions_waiting('writer', 3));
cmp_ok(waiting_for($first), '>=', 1, 'writers of other posts wait for the first');
is($node->safe_psql($db, q{
		SELECT DISTINCT l.classid::regclass FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE a.application_name = 'writer' AND NOT l.granted AND l.locktype = 'advisory'}), 'tv_total', 'for the document of one TVIEW');
$first->query_safe('COMMIT');
all_succeed('when it commits, they go on', @writers);
$first->quit;
like((run_block($node, $touched))[0], qr/^tv_post\|1\ntv_total\|1$/m, 'the diagnosis says that each write touches one document of tv_total');
like((run_block($node, $waited))[0], qr/^tv_total\|[1-9]/, 'and who was waited for');
is($node->safe_psql($db, 'SELECT comments = (SELECT count(*) FROM tb_comment) FROM tv_total'), 't', 'it counts right');
is_deeply([ run_block($node, $divided =~ s/DROP TABLE tv_total;\s*\z//r) ], [ 't', '' ], 'the resolution divides it');
$node->safe_psql($db, 'SELECT pg_tviews_stats_reset()');
$first = writer_that_stays(502);
@writers = map { client($node, 'writer', "INSERT INTO tb_comment VALUES (3000 + $_, $_, 1, 'beside it')") } @posts;
all_succeed('the same writers end while the first stays', @writers);
is($node->safe_psql($db, q{SELECT count(*) FROM pg_stat_activity WHERE pid = } . pid($first) . q{ AND state <> 'idle'}), '1', 'whose transaction is open');
is((run_block($node, $waited))[0], '', 'and nobody has waited');
$first->query_safe('COMMIT');
$first->quit;
is($node->safe_psql($db, 'SELECT sum(comments) = (SELECT count(*) FROM tb_comment) FROM tv_total'), 't', 'the documents together count right');
exact($node, 'after the hot document');
$node->safe_psql($db, 'DROP TABLE tv_total');

# Bloat: all documents rewritten again and again while somebody keeps an old snapshot.
my ($size) = runbook('bloat', 'Diagnosis');
my ($shrink) = runbook('bloat', 'Resolution');
$node->safe_psql($db, 'VACUUM FULL tv_post');
my $slim = $node->safe_psql($db, q{SELECT pg_relation_size('tv_post')});
my $old = $node->background_psql($db, on_error_stop => 0);
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM tb_user');
foreach my $turn (1 .. 6)
{
	$node->safe_psql($db, "UPDATE tb_post SET title = 'turn $turn'; SELECT pg_tviews_flush(); SELECT pg_stat_force_next_flush()");
	$node->safe_psql($db, 'VACUUM tv_post');
}
my ($bytes, $report, @more) = split /\n/, (run_block($node, $size))[0];
my $holder = $more[-1];
cmp_ok($bytes, '>', 3 * $slim, "the table grows from $slim to $bytes bytes, though it is vacuumed each time");
like($report, qr/^warning\|TVIEW public\.tv_post has \d+ dead rows beside /, 'the health check reports it');
is((split /\|/, $holder)[0], pid($old), 'the diagnosis names the session with the old snapshot');
$node->safe_psql($db, command('storage'));
cmp_ok($node->safe_psql($db, q{SELECT pg_relation_size('tv_post')}), '>=', $bytes, 'while it is there no VACUUM helps');
$node->safe_psql($db, (split /\|/, $holder)[3]);
eval { $old->quit };
is_deeply([ run_block($node, $shrink) ], [ '0', '' ], 'the resolution runs, and nothing differs');
my $after = $node->safe_psql($db, q{SELECT pg_relation_size('tv_post')});
cmp_ok($after, '<', 1.5 * $slim, "the table has $after bytes, with room in its pages");
$node->safe_psql($db, q{SELECT pg_stat_force_next_flush(); VACUUM tv_post});
is($node->safe_psql($db, q{SELECT message FROM pg_tviews_health_storage()}), '', 'and the health check is content');
exact($node, 'after bloat');

# Orphaned triggers: a dump of a base table alone, restored where the extension is, brings its triggers and no TVIEW.
my $part = PostgreSQL::Test::Utils::tempdir() . '/part.sql';
$node->command_ok([ 'pg_dump', '-d', $node->connstr($db), '-t', 'tb_user', '-f', $part ], 'a dump of one table');
$node->safe_psql($db, 'CREATE DATABASE partial');
$node->safe_psql('partial', 'CREATE EXTENSION pg_tviews');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('partial'), '-f', $part ], 'is restored elsewhere');
my $write = q{UPDATE tb_user SET name = 'alone' WHERE pk_user = 1};
like(($node->psql('partial', $write))[2], qr/no TVIEW reads table "tb_user", but it has a capture trigger/, 'where writes fail');
my ($orphans) = runbook('orphaned-triggers', 'Diagnosis');
like($node->safe_psql('partial', $orphans), qr/^triggers\|error\|table public\.tb_user has capture triggers, but no TVIEW reads it/, 'the diagnosis names it');
my ($drop) = grep { /reinstall_triggers/ } map { split /(?<=;)\n/ } runbook('orphaned-triggers', 'Resolution');
$node->safe_psql('partial', $drop);
is($node->safe_psql('partial', q{SELECT count(*) FROM pg_trigger WHERE tgrelid = 'tb_user'::regclass AND NOT tgisinternal}), '0',
	'the resolution drops the triggers');
$node->safe_psql('partial', $write);
is($node->safe_psql('partial', q{SELECT name FROM tb_user WHERE pk_user = 1}), 'alone', 'and writes succeed');
is($node->safe_psql('partial', $orphans), '', 'nothing is reported any more');
exact($node, 'in the end');
$node->stop;
done_testing();
