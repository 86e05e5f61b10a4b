# The runbooks that take several sessions or servers, performed: lock waits and deadlocks, a deferred TVIEW behind, a failed upgrade, a
# failover, a backend without memory.  The SQL comes out of docs/operations/runbooks.md; each failure is made, the diagnosis must name the
# culprit, the resolution must cure it, and in the end every TVIEW equals its query.  Those that take many rows are performed by
# runbooks_measured.pl, the others by test/docs/run.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use Installation;
use Runbook;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $db = 'postgres';

my $node = new_server('runbooks', "shared_preload_libraries = 'pg_tviews'", 'deadlock_timeout = 100ms', 'work_mem = 1MB', 'restart_after_crash = on');
make_tutorial($node);
my ($chains, $prepared, $pending) = runbook('lock-waits', 'Diagnosis');
is((run_block($node, $chains))[0], '', 'nobody waits to begin with');

# Lock waits: a session that has flushed and idles, others that wait for it and for each other; one that idles and harms nobody.
my $holder = $node->background_psql($db, on_error_stop => 0);
$holder->query_safe(q{BEGIN; UPDATE tb_post SET title = 'held' WHERE pk_post = 11; SELECT pg_tviews_flush()});
my $innocent = $node->background_psql($db, on_error_stop => 0);
$innocent->query_safe(q{BEGIN; UPDATE tb_post SET title = 'harmless' WHERE pk_post = 13; SELECT pg_tviews_flush()});
my @waiting = map { client($node, 'waiting', "UPDATE tb_comment SET body = body || '!' WHERE pk_comment = $_") } 101, 102, 101;
wait_until($node, $db, sessions_waiting('waiting', 3));
my ($named) = run_block($node, $chains);
my ($pid, $waiters, $state, undef, $statement, $command) = split /\|/, $named =~ s/\s+/ /gr;
is("$pid $waiters $state", pid($holder) =~ s/$/ 3 idle in transaction/r, 'the diagnosis names the session that holds up all three')
  or diag($named);
is(scalar(() = $named =~ /pg_terminate_backend/g), 1, 'and no other');
like($statement, qr/pg_tviews_flush/, 'with what it did last');
is((run_block($node, $prepared))[0], '', 'no prepared transaction holds anybody up');
$node->safe_psql($db, $command);
all_succeed('the printed command ends it, and all three go on', @waiting);
eval { $holder->quit };
$innocent->query_safe('COMMIT');
exact($node, 'after lock waits');

# A session that has changes pending, which the queue names; a timeout for those that come.
my $harmless = pid($innocent);
$innocent->query_safe(q{BEGIN; UPDATE tb_post SET title = 'pending' WHERE pk_post = 13});
like((run_block($node, $pending =~ s/1 minute/0/r))[0], qr/held back 1 changes of post .*\|SELECT pg_terminate_backend\($harmless\)$/, 'pending changes are named');
$innocent->query_safe('COMMIT');
my ($timeout) = runbook('lock-waits', 'Resolution');
is((run_block($node, $timeout))[1], '', 'the timeout is set');
is($node->safe_psql($db, 'SHOW idle_in_transaction_session_timeout'), '1min', 'for new sessions');

# A prepared transaction that holds locks, and one that holds up nobody.
$node->safe_psql($db, q{BEGIN; UPDATE tb_post SET title = 'prepared' WHERE pk_post = 11; PREPARE TRANSACTION 'left ''behind'''});
$node->safe_psql($db, q{BEGIN; UPDATE tb_post SET title = 'still wanted' WHERE pk_post = 13; PREPARE TRANSACTION 'wanted'});
my $waits = client($node, 'waiting', q{UPDATE tb_comment SET body = 'after it' WHERE pk_comment = 101});
wait_until($node, $db, sessions_waiting('waiting', 1));
like((run_block($node, $chains))[0], qr/^0\|1\|/, 'a holder without a process');
($named) = run_block($node, $prepared);
like($named, qr/^left 'behind'\|\w+\|[^|]+\|1\|ROLLBACK PREPARED 'left ''behind'''$/, 'is the prepared transaction that is named');
$node->safe_psql($db, (split /\|/, $named)[4]);
all_succeed('the printed command ends it', $waits);
$node->safe_psql($db, q{COMMIT PREPARED 'wanted'});
is($node->safe_psql($db, q{SELECT string_agg(data ->> 'title', ',' ORDER BY pk_post) FROM tv_post WHERE pk_post IN (11, 13)}), 'One,still wanted',
	'the other is there to be committed');
exact($node, 'after prepared transactions');

# A deadlock of transactions that read between their writes.
my $first = q{BEGIN; UPDATE tb_post SET title = 'a' WHERE pk_post = 11; SELECT count(*) FROM tv_post;};
my $second = q{BEGIN; UPDATE tb_post SET title = 'b' WHERE pk_post = 13; SELECT count(*) FROM tv_post;};
my $first_ends = q{UPDATE tb_comment SET body = 'a' WHERE pk_comment = 103; SELECT count(*) FROM tv_post;};
my $second_ends = q{UPDATE tb_comment SET body = 'b' WHERE pk_comment = 101; SELECT count(*) FROM tv_post;};
my $logged = -s $node->logfile;
my $one = $node->background_psql($db, on_error_stop => 0);
my $other = $node->background_psql($db, on_error_stop => 0);
$one->query_safe("SET application_name = 'one'; SET deadlock_timeout = '10min'; $first");
$other->query_safe($second);
$one->query_until(qr/waiting/, "\\echo waiting\n$first_ends\n");
wait_until($node, $db, sessions_waiting('one', 1));
$other->query($second_ends);
like($other->{stderr}, qr/deadlock detected/, 'a deadlock of two that flush early');
$other->{stderr} = '';
$other->query_safe('ROLLBACK');
$one->query_safe('COMMIT');
my ($table) = substr(slurp_file($node->logfile), $logged) =~ /waits for ExclusiveLock on advisory lock \[\d+,(\d+),\d+,29816\]/;
is($node->safe_psql($db, "SELECT $table\::regclass"), 'tv_post', 'the log names the TVIEW');
$other->query_safe("$second $second_ends COMMIT");
$_->quit foreach $one, $other;
like($node->safe_psql($db, 'SELECT data FROM tv_post WHERE pk_post = 13'), qr/"b"/, 'run again, it succeeds');
exact($node, 'after the deadlock');
my $folder = PostgreSQL::Test::Utils::tempdir();
my @scripts;
foreach my $transaction ("$first $first_ends COMMIT;", "$second $second_ends COMMIT;")
{
	push @scripts, '-f', "$folder/" . scalar @scripts;
	append_to_file($scripts[-1], $transaction =~ s/SELECT count\(\*\) FROM tv_post;//gr);
}
command_ok([ 'pgbench', '-n', '-c', '4', '-T', '2', @scripts, $node->connstr($db) ], 'the same writes without reads between them, side by side');
is(scalar(() = substr(slurp_file($node->logfile), $logged) =~ /deadlock detected/g), 1, 'do not deadlock');
exact($node, 'after them');

# A deferred TVIEW that falls behind: a query that fails, a prepared transaction in the worker's way, no room for a worker, no worker after a
# restart.
my ($behind) = runbook('deferred-behind', 'Diagnosis');
my ($start_worker, $catch_up) = runbook('deferred-behind', 'Resolution');
my $is_queued = q{SELECT count(*) FROM pg_tviews_queue WHERE entries > 0};
$node->safe_psql($db, q{
	CREATE TABLE tb_ratio (pk_ratio integer PRIMARY KEY, a integer, b integer);
	INSERT INTO tb_ratio VALUES (1, 6, 2), (2, 6, 3);
	SELECT pg_tviews_create('tv_ratio', 'SELECT pk_ratio, a / b AS ratio FROM tb_ratio', '{"refresh_mode": "deferred"}')});

sub waits_behind
{
	my ($entries, $worker, $why) = @_;
	like((run_block($node, $behind))[0], qr/\Atv_ratio\|$entries\|f\|00:[^|]+\|SELECT pg_tviews_apply\('tv_ratio'\)$worker\z/, "the diagnosis where $why");
	return;
}

sub caught_up
{
	my ($when) = @_;
	wait_until($node, $db, "SELECT ($is_queued) = 0");
	is($node->safe_psql($db, 'SELECT * FROM v_ratio EXCEPT SELECT pk_ratio, ratio FROM tv_ratio'), '', "nothing is missing $when");
	return exact($node, $when);
}

my $applies = q{SELECT pg_tviews_apply('tv_ratio')};
my $a_worker = qr/\n\d+\|\w+\|[^\n]+/;
$node->safe_psql($db, q{UPDATE tb_ratio SET b = 0 WHERE pk_ratio = 1});
$node->safe_psql($db, q{UPDATE tb_ratio SET a = 9 WHERE pk_ratio = 2});
$node->wait_for_log(qr/could not apply the queue of TVIEW public\.tv_ratio: division by zero/);
waits_behind(2, $a_worker, 'the query fails');
like((run_block($node, $applies))[1], qr/division by zero.*maintaining TVIEW public\.tv_ratio/s, 'the printed command shows the error');
like($node->safe_psql($db, q{SELECT message FROM pg_tviews_health_queue('0 s')}), qr/^TVIEW public\.tv_ratio has 2 entries queued/m, 'the health check reports it');
like($node->safe_psql($db, 'SELECT pg_tviews_metrics()'), qr/^pg_tviews_queued_oldest_seconds\{[^}]*tview="tv_ratio",refresh_mode="deferred"\} (?!0$)\d/m,
	'and so does the metric of the alert');
$node->safe_psql($db, q{UPDATE tb_ratio SET b = 1 WHERE pk_ratio = 1});
like((run_block($node, $catch_up))[0], qr/\A[0-2]\n0\n0\z/, 'the row corrected, it catches up');
caught_up('after a query that failed');

$node->safe_psql($db, q{BEGIN; UPDATE tb_ratio SET a = 1 WHERE pk_ratio = 1; PREPARE TRANSACTION 'in the way'});
$node->safe_psql($db, q{UPDATE tb_ratio SET a = 12 WHERE pk_ratio = 2});
$node->wait_for_log(qr/could not apply the queue of TVIEW public\.tv_ratio: canceling statement due to lock timeout/);
waits_behind(1, $a_worker, 'a prepared transaction is in the way');
my $applying = client($node, 'applying', $applies);
wait_until($node, $db, q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'applying' AND wait_event = 'transactionid'});
like((run_block($node, $chains))[0], qr/^0\|\d\|/, 'the printed command waits, for a holder without a process');
($named) = run_block($node, $prepared);
like($named, qr/^in the way\|/, 'which is named');
$node->safe_psql($db, (split /\|/, $named)[4]);
all_succeed('and whose end lets it go on', $applying);
is($applying->{out}, "1\n", 'it writes what was queued');
caught_up('after a prepared transaction');

$node->safe_psql($db, 'ALTER SYSTEM SET max_worker_processes = 0');
$node->restart;
$node->safe_psql($db, q{UPDATE tb_ratio SET a = 15 WHERE pk_ratio = 2});
waits_behind(1, qr//, 'there is no room for a worker');
like((run_block($node, $start_worker))[1], qr/could not start a worker.*max_worker_processes/s, 'starting one says so');
is((run_block($node, $catch_up))[0], "1\n0\n0", 'without one it catches up on request');
caught_up('without a worker');
$node->safe_psql($db, q{UPDATE tb_ratio SET a = 18 WHERE pk_ratio = 2});
$node->safe_psql($db, 'ALTER SYSTEM RESET max_worker_processes');
$node->restart;
waits_behind(1, qr//, 'there is no worker after a restart');
is((run_block($node, $start_worker))[0], 't', 'one is started');
caught_up('after a restart');
$node->safe_psql($db, 'DROP TABLE tv_ratio, tb_ratio');

# An upgrade that fails: in an installation of its own, whose library says that it is of the old version and lacks a function that
# the new version's script refers to.
my $installed = Installation->new;
my %new = map { ($_ => slurp_file($installed->file($_))) } 'pg_tviews.control', 'pg_tviews--0.1.0--0.2.0.sql';
my $script = $installed->file('pg_tviews--0.1.0--0.2.0.sql');
my $control = $installed->file('pg_tviews.control');
my $library = slurp_file($installed->library);
my $uses = "$new{'pg_tviews--0.1.0--0.2.0.sql'}\nCREATE OR REPLACE FUNCTION pg_tviews_metrics() RETURNS text LANGUAGE c AS 'MODULE_PATHNAME';\n";
$installed->put($script, undef);
$installed->put($control, $new{'pg_tviews.control'} =~ s/0\.2\.0/0.1.0/r);
my $old = PostgreSQL::Test::Cluster->new('upgrade', install_path => $installed->path);
$old->init;
$old->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_tviews'\nautovacuum = off\n");
$old->start;
make_tutorial($old);
$installed->put($installed->library, $library =~ s/\b0\.2\.0\0/0.1.0\0/gr =~ s/pg_tviews_metrics/pg_tviews_m_trics/gr);
$old->restart;

my ($files, $versions) = runbook('upgrade-failed', 'Diagnosis');
my ($update) = runbook('upgrade-failed', 'Resolution');
my $turn = 0;

# The diagnosis says so, the update fails so, and TVIEWs are maintained meanwhile.
sub upgrade_fails
{
	my ($what, $says, $loaded, $error) = @_;
	is((run_block($old, $files))[0], $says, "$what: files, objects, path");
	like((run_block($old, $versions))[0], qr/^$loaded\nproblem\|/, "$what: library, and the health check reports it");
	like((run_block($old, $update))[1], $error, "$what: the update fails");
	is($old->safe_psql($db, q{SELECT extversion FROM pg_extension WHERE extname = 'pg_tviews'}), '0.1.0', "$what: nothing has changed");
	++$turn;
	$old->safe_psql($db, "UPDATE tb_user SET name = 'turn $turn' WHERE pk_user = 1; INSERT INTO tb_comment VALUES (200 + $turn, 12, 1, 'new')");
	return exact($old, "where $what");
}

$installed->put($control, $new{'pg_tviews.control'});
$installed->put($script, $uses);
my $missing = qr/could not find function "pg_tviews_metrics" in file/;
upgrade_fails('half a package was installed', '0.2.0|0.1.0|0.1.0--0.2.0', '0.1.0', $missing);
$installed->put($installed->library, $library);
upgrade_fails('the server still has the old library', '0.2.0|0.1.0|0.1.0--0.2.0', '0.1.0', $missing);
$old->restart;
$installed->put($script, "$uses\nSELECT 1 / 0;\n");
upgrade_fails('the script is broken', '0.2.0|0.1.0|0.1.0--0.2.0', '0.2.0', qr/division by zero/);
$installed->put($script, undef);
upgrade_fails('the script is missing', '0.2.0|0.1.0|', '0.2.0', qr/no update path/);
$installed->put($script, $uses);
is_deeply([ run_block($old, $update) ], [ "ok\n0", '' ], 'with files and library in order the resolution upgrades');
is((run_block($old, $files))[0], '0.2.0|0.2.0|', 'to the version of the files');
$old->stop;
$installed->put($installed->library, undef);
ok(!$old->start(fail_ok => 1), 'a server that preloads a missing library does not start');
like(slurp_file($old->logfile), qr/could not access file "pg_tviews"/, 'and says why');
$installed->put($installed->library, $library);
$old->start;
$old->safe_psql($db, q{UPDATE tb_user SET name = 'upgraded' WHERE pk_user = 1});
exact($old, 'after the upgrade');
$old->stop;

# Failover: the primary is killed while clients write; the standby has no library, and inherits a prepared transaction.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby', install_path => $installed->path);
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'shared_preload_libraries = \'\'');
$installed->put($installed->library, undef);
$standby->start;
$node->safe_psql($db, q{INSERT INTO tb_post VALUES (14, 3, 'nobody else''s'); INSERT INTO tb_comment VALUES (140, 14, 3, 'mine')});
$node->safe_psql($db, q{BEGIN; UPDATE tb_comment SET body = 'prepared before' WHERE pk_comment = 140; PREPARE TRANSACTION 'inherited'});
append_to_file("$folder/load.sql", q{
	\set user random(1, 2)
	\set post random(12, 13)
	BEGIN;
	UPDATE tb_user SET name = 'as of ' || random() WHERE pk_user = :user;
	UPDATE tb_post SET title = 'as of ' || random(), fk_user = :user WHERE pk_post = :post;
	COMMIT;
	INSERT INTO tb_comment VALUES ((random() * 1000000000)::int, :post, :user, 'load') ON CONFLICT DO NOTHING;
});
my ($out, $err) = ('', '');
my $load = IPC::Run::start [ 'pgbench', '-n', '-c', '2', '-T', '60', '-f', "$folder/load.sql", $node->connstr($db) ],
  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
my $loaded = q{SELECT count(*) > 20 FROM tb_comment WHERE body = 'load'};
wait_until($standby, $db, $loaded);
my ($before) = runbook('failover', 'Diagnosis');
my ($promote, $inherited) = runbook('failover', 'Resolution');
my ($seen, $complaint) = run_block($standby, $before);
like($seen, qr/^t\|[tf]$/, 'the diagnosis on the standby: it is one');
like($complaint, qr/could not access file "\$libdir\/pg_tviews"/, 'and lacks the library');
$node->stop('immediate');
IPC::Run::finish $load;
($seen, $complaint) = run_block($standby, $promote);
like($seen, qr/^t\n/, 'promoted');
my $write = q{UPDATE tb_user SET name = 'promoted' WHERE pk_user = 2};
like((run_block($standby, $write))[1], qr/could not access file/, 'without the library writes fail');
cmp_ok($standby->safe_psql($db, 'SELECT count(*) FROM tv_post'), '==', 4, 'and reads do not');
$installed->put($installed->library, $library);
($seen, $complaint) = run_block($standby, $promote);
is("$seen$complaint", "\nf|t", 'with it the new primary is ready and exact');
like((run_block($standby, $before))[0], qr/^f\|t?\n0\.2\.0$/, 'the diagnosis finds the library');
like((run_block($standby, $inherited))[0], qr/^inherited\|[^\n]*$/, 'the prepared transaction is there');
my $held = client($standby, 'held', q{UPDATE tb_post SET title = 'after it' WHERE pk_post = 14});
wait_until($standby, $db, sessions_waiting('held', 1));
like((run_block($standby, $prepared))[0], qr/^inherited\|/, 'with its locks');
$standby->safe_psql($db, q{COMMIT PREPARED 'inherited'});
all_succeed('others go on after it', $held);
$standby->safe_psql($db, $write);
my ($preload) = $standby->safe_psql($db, q{SELECT message FROM pg_tviews_health_check() WHERE component = 'preload'}) =~ /\. Run: (.*)/;
$standby->safe_psql($db, $preload);
$standby->restart;
is($standby->safe_psql($db, 'SELECT preloaded FROM pg_tviews_stats_info()'), 't', 'the library is preloaded as on the old primary');
my $new_load = IPC::Run::start [ 'pgbench', '-n', '-c', '2', '-T', '2', '-f', "$folder/load.sql", $standby->connstr($db) ],
  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
ok(IPC::Run::finish($new_load), 'the load goes on') or diag($err);
exact($standby, 'after the failover');

# Memory: a backend that may have a few megabytes more than it has, and an UPDATE of 200000 rows in 100000 documents.
$standby->safe_psql($db, q{
	SELECT pg_tviews_suspend();
	DELETE FROM tb_comment WHERE body = 'load';
	INSERT INTO tb_post SELECT 1000 + i, 1 + i % 3, 'many' FROM generate_series(1, 100000) i;
	INSERT INTO tb_comment SELECT 1000000 + i, 1001 + i % 100000, 1 + i % 3, 'many' FROM generate_series(1, 200000) i;
	SELECT pg_tviews_resume();
	ANALYZE});
my ($limits) = runbook('memory', 'Diagnosis');
my ($capped) = runbook('memory', 'Resolution');
my $update_all = q{UPDATE tb_comment SET body = body || '?'};

# Lets the address space of a process grow by no more than so many megabytes.
sub limit_memory
{
	my ($process, $megabytes) = @_;
	my ($size) = slurp_file("/proc/$process/status") =~ /^VmSize:\s+(\d+) kB/m;
	system_or_bail('prlimit', '--pid', $process, '--as=' . 1024 * ($size + 1024 * $megabytes));
	return;
}

my $session = $standby->background_psql($db, on_error_stop => 0);
my $process = pid($session);
$session->query_safe("BEGIN; $update_all");
like((run_block($standby, $limits))[0], qr/^$process\|\{\S*post\}\|200\d\d\d\ntv_post\|100\d\d\d\n/, 'the diagnosis names the session, and what it will touch');
$session->query_safe('ROLLBACK');
$session->quit;
# Few rows: a statement over many leaves memory that its flush can use.
$session = $standby->background_psql($db, on_error_stop => 0);
$session->query_safe(q{BEGIN; UPDATE tb_user SET name = name || '?'});
limit_memory(pid($session), 2);
$session->query('COMMIT');
like($session->{stderr}, qr/out of memory/, 'the flush runs out of memory');
is($standby->safe_psql($db, q{SELECT count(*) FROM tb_user WHERE name LIKE '%?'}), '0', 'nothing of its transaction remains');
$session->{stderr} = '';
$session->quit;
$session = $standby->background_psql($db, on_error_stop => 0);
$process = pid($session);
limit_memory($process, 14);
$session->query($update_all);
like($session->{stderr}, qr/out of memory/, 'and so does another session, which has a little more');
is($standby->safe_psql($db, q{SELECT count(*) FROM tb_comment WHERE body LIKE '%?'}), '0', 'nothing of it remains');
$session->{stderr} = '';
is($session->query_safe($capped), '0', 'in the same session the resolution writes it, and nothing differs');
is($standby->safe_psql($db, q{SELECT count(*) FROM tb_comment WHERE body LIKE '%!'}), $standby->safe_psql($db, 'SELECT count(*) FROM tb_comment'), 'all of it');
$session->query_safe("BEGIN; UPDATE tb_comment SET body = 'lost' WHERE pk_comment < 1100000");
kill 'KILL', $process;
eval { $session->quit };
wait_until($standby, $db, 'SELECT true');
is($standby->safe_psql($db, q{SELECT count(*) FROM tb_comment WHERE body = 'lost'}), '0', 'a backend killed by the kernel leaves nothing');
$standby->safe_psql($db, q{UPDATE tb_user SET name = 'in the end' WHERE pk_user = 3});
exact($standby, 'in the end');
$standby->stop;
done_testing();
