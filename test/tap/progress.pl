# pg_tviews_progress as an operator sees it: another session, of a role that is a member of pg_monitor and nothing else, watches each long
# command stop twice on its way, and sees phase, done, total and percent move.  Notices and other roles: statistics.pl.
use strict;
use warnings;
use Time::HiRes qw(sleep time);
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $db = 'postgres';
my $rows = 2000;
my @gates = (500, 1500);       # the rows at which the function waits for an advisory lock of that number
my $node = new_server('progress', "shared_preload_libraries = 'pg_tviews'");
$node->safe_psql($db, qq{
	CREATE EXTENSION pg_tviews;
	CREATE ROLE watcher LOGIN;
	GRANT pg_monitor TO watcher;
	CREATE SCHEMA "Long ""run""";
	SET search_path = "Long ""run""", public;
	CREATE TABLE tb_step (pk_step integer PRIMARY KEY, note text);
	INSERT INTO tb_step SELECT generate_series(1, $rows);
	CREATE FUNCTION gate(value integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN
		IF value IN ($gates[0], $gates[1]) THEN PERFORM pg_advisory_lock_shared(value), pg_advisory_unlock_shared(value); END IF;
		RETURN value; END';
	CREATE TABLE tv_step AS SELECT pk_step, gate(pk_step) AS value, note FROM tb_step;
	ANALYZE tb_step, tv_step});
my $keeper = $node->background_psql($db);
my $watcher = $node->background_psql($db, extra_params => [ '-U', 'watcher' ]);
is($watcher->query_safe('SELECT current_user, count(*) FROM pg_tviews_progress'), 'watcher|0', 'nothing runs');

# Waits until the watcher sees this.
sub sees
{
	my ($want, $what) = @_;
	my $query = q{SELECT command, tview, phase, done, total, round(percent), started_at <= clock_timestamp(),
		estimated_end >= started_at, a.application_name, session = to_hex(trunc(extract(epoch FROM a.backend_start))::bigint) || '.' || to_hex(pid)
		FROM pg_tviews_progress JOIN pg_stat_activity AS a ON a.pid = backend_pid};
	my ($seen, $end) = ('', time + $PostgreSQL::Test::Utils::timeout_default);
	sleep 0.1 while ($seen = $watcher->query_safe($query)) ne $want && time < $end;
	return is($seen, $want, $what);
}

# Runs a command that stops at the gates, with what the watcher sees at each.
sub watch
{
	my ($title, $command, @seen) = @_;
	$keeper->query_safe("SELECT pg_advisory_lock($_)") foreach @gates;
	my ($out, $err) = ('', '');
	my $held = IPC::Run::start [ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', q{SET search_path = "Long ""run""", public; SET enable_hashjoin = off; SET enable_seqscan = off; SET enable_sort = off},
		'-c', $command, '-d', $node->connstr($db) . ' application_name=held' ],
	  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	foreach my $gate (@gates)
	{
		wait_until($node, $db, "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = $gate AND NOT granted");
		sees(shift @seen, "$title: in the middle, at row $gate");
		$keeper->query_safe("SELECT pg_advisory_unlock($gate)");
	}
	IPC::Run::finish $held;
	is($err, '', "$title: it ends");
	return is($watcher->query_safe('SELECT count(*) FROM pg_tviews_progress'), '0', "$title: and its row with it");
}

# The line for a number of rows done.
sub line
{
	my ($command, $tview, $phase, $done, $total) = @_;
	return join '|', $command, qq{"Long ""run""".$tview}, $phase, $done, $total // '', $total ? int(100 * $done / $total + 0.5) : '', 't',
	  $done ? 't' : '', 'held', 't';
}

watch('create', 'CREATE TABLE tv_copy AS SELECT pk_step AS pk_copy, gate(pk_step) AS value FROM tb_step',
	map { line('create', 'tv_copy', 'filling', $_ - 1, $rows) } @gates);
# Every 256 rows.
foreach my $command (qw(refresh verify))
{
	watch($command, "SELECT * FROM pg_tviews_$command('tv_step')", map { line($command, 'tv_step', 'comparing', $_, $rows) } 256, 1280);
}
my $spoil = q{SELECT pg_tviews_suspend('"Long ""run""".tv_step'); UPDATE "Long ""run""".tb_step SET note = coalesce(note, '') || 'x'};
$node->safe_psql($db, $spoil);
watch('resume', q{SELECT * FROM pg_tviews_resume('tv_step')}, map { line('resume', 'tv_step', 'comparing', $_, $rows) } 256, 1280);

# In batches: what is done is whole batches.
watch('concurrent creation', q{CALL pg_tviews_create_concurrently('tv_batch', 'SELECT pk_step AS pk_batch, gate(pk_step) AS value FROM tb_step', batch => 300)},
	map { line('create', 'tv_batch', 'comparing', $_, $rows) } 300, 1200);
$node->safe_psql($db, $spoil);
watch('concurrent resume', q{CALL pg_tviews_resume_concurrently('tv_step', batch => 300)},
	map { line('resume', 'tv_step', 'listing', 0) } @gates);

$_->quit foreach $keeper, $watcher;
is($node->safe_psql($db, 'SELECT * FROM pg_tviews_verify()'), '', 'every TVIEW equals its query');
$node->stop;
done_testing();
