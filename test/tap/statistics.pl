# Statistics of a server that preloads the library: counters of all sessions, across a restart, after a crash and a reset; more TVIEWs
# than there is room for; what another session has pending, waits for and is busy with; slow flushes in the log; who may see what.
use strict;
use warnings;
use Time::HiRes qw(sleep);
use FindBin;
use lib $FindBin::Bin;
use Blog;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('statistics', "shared_preload_libraries = 'pg_tviews'", 'pg_tviews.max_tracked = 5',
	'restart_after_crash = on');
my $db = 'postgres';
make_blog($node, $db);

sub counter
{
	my ($entity, $columns) = @_;
	return $node->safe_psql($db, "SELECT $columns FROM pg_tviews_performance_summary WHERE entity = '$entity'");
}

# Two sessions, one sum.
$node->safe_psql($db, q{SELECT pg_tviews_stats_reset()});
is(counter('post', 'refreshes, mean_ms, last_refresh, scope'), '0|||server', 'nothing yet');
$node->safe_psql($db, q{UPDATE tb_post SET title = title || '!' WHERE pk_post = 1}) foreach 1, 2;
$node->safe_psql($db, q{UPDATE tb_user SET name = 'renamed' WHERE pk_user = 3; SELECT count(*) FROM tv_user});
my $posts = $node->safe_psql($db, q{SELECT count(*) FROM tb_post p WHERE fk_user = 3
	OR EXISTS (SELECT FROM tb_comment c WHERE c.fk_post = p.pk_post AND c.fk_user = 3)});
is(counter('post', 'refreshes, seeds, documents_written, errors, scope'), '3|4|' . (2 + $posts) . '|0|server',
	'sessions add up: one seed per post, and two of the user, who writes and comments');
is(counter('post', 'p50_ms > 0 AND p50_ms <= p99_ms AND p99_ms <= max_ms AND mean_ms <= max_ms AND write_share BETWEEN 0 AND 1'), 't',
	'times are there');
is($node->safe_psql($db, 'SELECT preloaded, tracked, max_tracked, untracked_flushes FROM pg_tviews_stats_info()'), 't|3|5|0',
	'and how full it is');

# A restart keeps them, a crash begins anew.
my $before = counter('post', 'refreshes, seeds, documents_written, total_ms, p50_ms, max_ms, last_refresh, stats_since');
$node->stop($_), $node->start foreach 'fast', 'immediate';
is(counter('post', 'refreshes, seeds, documents_written, total_ms, p50_ms, max_ms, last_refresh, stats_since'), $before,
	'statistics survive a restart');
ok(!-e $node->data_dir . '/pg_stat/pg_tviews.stat', 'their file is gone once it is read');
my $crash = $node->safe_psql($db, 'SELECT clock_timestamp()');
my $victim = $node->background_psql($db, on_error_stop => 0);
kill 'KILL', $victim->query_safe('SELECT pg_backend_pid()');
eval { $victim->quit };
wait_until($node, $db, 'SELECT true');
is(counter('post', "refreshes, last_refresh, stats_since > '$crash'"), '0||t', 'a crash begins anew, and says since when');
$node->stop;
append_to_file($node->data_dir . '/pg_stat/pg_tviews.stat', 'garbage');
truncate $node->data_dir . '/pg_stat/pg_tviews.stat', 20;
my $offset = -s $node->logfile;
$node->start;
like(slurp_file($node->logfile, $offset), qr/ignoring invalid data in file "pg_stat\/pg_tviews.stat"/, 'a damaged file is ignored');

# Reset, of one and of all.
$node->safe_psql($db, q{UPDATE tb_user SET name = 'a' WHERE pk_user = 1});
$node->safe_psql($db, q{SELECT pg_tviews_stats_reset('tv_post')});
is(counter('post', 'refreshes'), '0', 'one is reset');
is(counter('user', 'refreshes'), '1', 'the others are not');
$node->safe_psql($db, q{SELECT pg_tviews_stats_reset()});
is(counter('user', 'refreshes'), '0', 'all are reset');

# More TVIEWs than there is room for; one dropped makes room.
$node->safe_psql($db, "CREATE TABLE tv_more$_ AS SELECT pk_user AS pk_more$_, name FROM tb_user") foreach 1 .. 4;
$node->safe_psql($db, q{UPDATE tb_user SET name = 'b' WHERE pk_user = 1});
is($node->safe_psql($db, q{SELECT count(*) FILTER (WHERE refreshes = 1), count(*) FILTER (WHERE refreshes IS NULL AND seeds IS NULL)
	FROM pg_tviews_performance_summary}), '5|2', 'what has no place is not zero but unknown');
is($node->safe_psql($db, 'SELECT tracked, untracked_flushes FROM pg_tviews_stats_info()'), '5|2', 'and counted');
like($node->safe_psql($db, 'SELECT pg_tviews_metrics()'), qr/^pg_tviews_untracked_flushes_total 2$/m, 'in the metrics too');
my $health = q{SELECT substring(message FROM '\. Run: (.*)$') FROM pg_tviews_health_check() WHERE status <> 'ok' AND component = };
my $command = $node->safe_psql($db, "$health 'statistics'");
is($command, 'ALTER SYSTEM SET pg_tviews.max_tracked = 10', 'the health check says how to make room');
$node->safe_psql($db, $command);
$node->restart;
is($node->safe_psql($db, "$health 'statistics'"), '', 'which helps');
$node->safe_psql($db, 'ALTER SYSTEM RESET pg_tviews.max_tracked');
$node->restart;
my $tracked = $node->safe_psql($db, q{SELECT tview FROM pg_tviews_performance_summary WHERE refreshes = 1 AND entity LIKE 'more%' LIMIT 1});
$node->safe_psql($db, "DROP TABLE $tracked");
sleep 1.1;
my $session = $node->background_psql($db);
$session->query_safe(q{UPDATE tb_user SET name = 'c' WHERE pk_user = 1});
$session->query_safe(q{UPDATE tb_user SET name = 'd' WHERE pk_user = 1});
is($node->safe_psql($db, 'SELECT count(*) FROM pg_tviews_performance_summary WHERE refreshes IS NULL'), '1', 'a dropped TVIEW makes room');
$session->quit;
$node->safe_psql($db, q{SET client_min_messages = warning; DROP TABLE IF EXISTS tv_more1, tv_more2, tv_more3, tv_more4});
is_exact($node, $db, 'after all that');

# Pending work, seen from another session; details only by those who may.
$node->safe_psql($db, q{CREATE ROLE watcher LOGIN; CREATE ROLE guest LOGIN; GRANT pg_monitor TO watcher});
my $writer = $node->background_psql($db);
$writer->query_safe('BEGIN');
$writer->query_safe(q{UPDATE tb_post SET title = 'pending' WHERE pk_post <= 4});
my $writer_pid = $writer->query_safe('SELECT pg_backend_pid()');
my $pending = q{SELECT backend_pid, queue_size, entities, transaction_id = (SELECT backend_xid::text::xid8 FROM pg_stat_activity a
	WHERE a.pid = backend_pid), last_enqueued <= clock_timestamp(), session = to_hex(trunc(extract(epoch FROM backend_start))::bigint) || '.' || to_hex(pid)
	FROM pg_tviews_queue_realtime JOIN pg_stat_activity ON pid = backend_pid};
is($node->safe_psql($db, $pending), "$writer_pid|4|{post}|t|t|t", 'pending work of another session');
is($node->safe_psql($db, $pending, extra_params => [ '-U', 'watcher' ]), "$writer_pid|4|{post}|t|t|t", 'pg_monitor sees it');
is($node->safe_psql($db, 'SELECT * FROM pg_tviews_queue_realtime', extra_params => [ '-U', 'guest' ]) =~ s/^[0-9a-f.]+\|//r,
	"$writer_pid||||", 'a guest sees that there is some');
my $metrics = $node->safe_psql($db, 'SELECT pg_tviews_metrics()', extra_params => [ '-U', 'watcher' ]);
like($metrics, qr/^pg_tviews_pending_sessions\{datname="postgres"\} 1$/m, 'as a metric');
like($metrics, qr/^pg_tviews_pending_rows\{datname="postgres"\} 4$/m, 'its size');
like($metrics, qr/^pg_tviews_oldest_pending_seconds\{datname="postgres"\} 0*[0-9.e-]*[1-9]/m, 'its age');
is($node->safe_psql('template1', q{CREATE EXTENSION pg_tviews; SELECT count(*) FROM pg_tviews_queue_realtime}), '0', 'each database has its own');
is($node->safe_psql($db, 'SELECT count(*) FROM pg_tviews_health_queue()'), '0', 'five minutes are not long for the health check');
my $idle = $node->background_psql($db);
$idle->query_safe('BEGIN');
$idle->query_safe(q{UPDATE tb_user SET name = 'idle' WHERE pk_user = 2});
$command = $node->safe_psql($db, q{SELECT command FROM pg_tviews_health_queue('0 s') WHERE message ~ '^session [0-9a-f.]+ has held back \d+ changes of .*user.* since 2'});
like($command, qr/^SELECT pg_terminate_backend\(\d+\)$/, 'it names an older one');
$node->safe_psql($db, $command);
ok($node->poll_query_until($db, q{SELECT count(*) = 1 FROM pg_tviews_queue_realtime}), 'which the command ends');
$idle->{run}->kill_kill;
$node->safe_psql('template1', 'DROP EXTENSION pg_tviews');

# A lock that a flush had to wait for.
$writer->query_safe('SELECT pg_tviews_flush()');
is($node->safe_psql($db, 'SELECT count(*) FROM pg_tviews_queue_realtime'), '0', 'flushed, nothing is pending');
my ($out, $err) = ('', '');
my $waiter = IPC::Run::start [ 'psql', '-XAt', '-c', q{UPDATE tb_comment SET body = 'waits' WHERE fk_post = 2}, '-d',
	$node->connstr($db) . ' application_name=waiter' ],
  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
wait_until($node, $db, sessions_waiting('waiter', 1));
sleep 1;
is(counter('post', 'lock_waits'), '0', 'a wait counts when it is over');
$writer->query_safe('COMMIT');
IPC::Run::finish $waiter;
is(counter('post', 'lock_waits, lock_wait_ms > 900, max_ms > 900'), '1|t|t', 'one lock wait, with its time');

# An error, and a time-out, in a flush.
my $errors = counter('post', 'errors');
$writer->query_safe('BEGIN');
$writer->query_safe(q{UPDATE tb_post SET title = 'locked' WHERE pk_post = 5; SELECT pg_tviews_flush()});
$node->psql($db, q{SET lock_timeout = '100ms'; UPDATE tb_comment SET body = 'fails' WHERE fk_post = 5});
is(counter('post', 'errors, lock_waits'), ($errors + 1) . '|2', 'an error is counted, and what it waited');
$writer->query_safe('COMMIT');

# Caches of all sessions, seen by another: each figure of each cache moves when its cause comes, and no other.  What a session has counted
# stays when it ends; its entries go with it; a restart begins anew.
$writer->quit;
sub caches
{
	my ($session) = @_;
	my $rows = q{SELECT cache, sessions, entries, bytes, hits, misses, invalidations FROM pg_tviews_cache_stats WHERE scope = 'server'};
	return map { my ($cache, @figures) = split /\|/; ($cache => \@figures) } split /\n/, $session->query_safe($rows);
}
my $reader = $node->background_psql($db, extra_params => [ '-U', 'watcher' ]);
sub moved
{
	my ($what, $before, @moves) = @_;      # of sessions, entries, bytes, hits, misses, invalidations: +, -, =, or nothing to say
	my %after = caches($reader);
	is(join(' ', sort keys %after), 'captures plans tviews', "$what: three caches");
	foreach my $cache (sort keys %after)
	{
		my @signs = map { my $d = $after{$cache}[$_] - $before->{$cache}[$_]; $moves[$_] eq '' ? '' : $d > 0 ? '+' : $d < 0 ? '-' : '=' } 0 .. 5;
		is("@signs", "@moves", "$what: $cache");
	}
	return \%after;
}
wait_until($node, $db, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $writer_pid");
my $figures = { caches($reader) };
my $user = $node->background_psql($db);
my $user_pid = $user->query_safe('SELECT pg_backend_pid()');
$user->query_safe(q{UPDATE tb_user SET name = 'cached' WHERE pk_user = 4});
$figures = moved('first use', $figures, '+', '+', '+', '', '+', '=');
$user->query_safe(q{UPDATE tb_user SET name = 'cached?' WHERE pk_user = 4});
$figures = moved('second use', $figures, '=', '=', '=', '+', '=', '=');
$node->safe_psql($db, 'ALTER TABLE tb_user ALTER COLUMN name SET STATISTICS 10');
wait_until($node, $db, q{SELECT count(*) = 2 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()});
$figures = { caches($reader) };
$user->query_safe(q{UPDATE tb_user SET name = 'cached!' WHERE pk_user = 4});
$figures = moved('use after DDL', $figures, '=', '=', '', '', '+', '+');
$user->quit;
wait_until($node, $db, "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $user_pid");
$figures = moved('the session ends', $figures, '-', '-', '-', '=', '=', '=');
$reader->quit;
$node->restart;
is($node->safe_psql($db, q{SELECT sum(entries), sum(bytes), sum(hits), sum(misses), sum(invalidations) FROM pg_tviews_cache_stats WHERE scope = 'server'}),
	'0|0|0|0|0', 'after a restart they begin anew');

# Progress: of a refresh, a verification and a creation that are held up, seen from another session.
$node->safe_psql($db, q{
	CREATE TABLE tb_step (pk_step integer PRIMARY KEY);
	INSERT INTO tb_step SELECT generate_series(1, 2000);
	CREATE FUNCTION gate(value integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'BEGIN
		IF value = 1500 THEN PERFORM pg_advisory_xact_lock_shared(1), pg_sleep(current_setting(''test.sleep'', true)::float8); END IF;
		RETURN value; END';
	CREATE TABLE tv_step AS SELECT pk_step, gate(pk_step) AS value FROM tb_step;
	ANALYZE tb_step, tv_step});
my $gate = $node->background_psql($db);
sub held
{
	my ($command, $title, $want) = @_;
	$gate->query_safe('SELECT pg_advisory_lock(1)');
	my ($out, $err) = ('', '');
	my $held = IPC::Run::start [ 'psql', '-XAtq', '-c', q{SET enable_hashjoin = off; SET enable_seqscan = off; SET enable_sort = off; SET pg_tviews.progress_notices = 1; SET test.sleep = 1.1},
		'-c', $command, '-d', $node->connstr($db) . ' application_name=held' ],
	  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	wait_until($node, $db, sessions_waiting('held', 1));
	my $seen = q{SELECT command, tview, phase, done, total, round(percent), started_at < clock_timestamp(),
		estimated_end > started_at, backend_pid = (SELECT pid FROM pg_stat_activity WHERE application_name = 'held') FROM pg_tviews_progress};
	wait_until($node, $db, "SELECT coalesce((SELECT row(p.*)::text ~ '$want' FROM ($seen) AS p), false)");
	is($node->safe_psql($db, 'SELECT backend_pid IS NOT NULL, command FROM pg_tviews_progress', extra_params => [ '-U', 'guest' ]),
		't|', "$title: no details for a guest");
	like($node->safe_psql($db, 'SELECT pg_tviews_metrics()'), qr/^pg_tviews_running_commands\{datname="postgres"\} 1$/m, "$title: a metric");
	$gate->query_safe('SELECT pg_advisory_unlock(1)');
	IPC::Run::finish $held;
	is($node->safe_psql($db, 'SELECT count(*) FROM pg_tviews_progress'), '0', "$title: over");
	return $err;
}
like(held(q{SELECT * FROM pg_tviews_refresh('tv_step')}, 'refresh', '^\(refresh,public.tv_step,comparing,1280,2000,64,t,t,t\)$'),
	qr/NOTICE:  refresh of public.tv_step: comparing, 1536 rows of about 2000 \(76 %\)/, 'refresh: a notice');
like(held(q{SELECT * FROM pg_tviews_verify('tv_step')}, 'verify', '^\(verify,public.tv_step,comparing,1280,2000,64,t,t,t\)$'),
	qr/NOTICE:  verify of public.tv_step: comparing, 1536 rows/, 'verify: a notice');
like(held(q{CREATE TABLE tv_copy AS SELECT pk_step AS pk_copy, gate(pk_step) AS value FROM tb_step}, 'create', '^\(create,public.tv_copy,filling,1499,[0-9]+,[0-9]+,t,t,t\)$'),
	qr/NOTICE:  create of public.tv_copy: indexing/, 'create: a notice');
$gate->quit;
$node->safe_psql($db, 'DROP TABLE tv_step, tv_copy');
is_exact($node, $db, 'after them');

# Slow flushes in the log.
sub logged
{
	my ($settings, $write) = @_;
	my $offset = -s $node->logfile;
	$node->safe_psql($db, "SET pg_tviews.log_min_duration = 0; $settings; $write");
	return slurp_file($node->logfile, $offset);
}
my $log = logged(q{SET pg_tviews.trace_id = 'trace "1"'}, q{UPDATE tb_user SET name = 'slow' WHERE pk_user = 7});
like($log, qr/LOG:  flush of TVIEW public.tv_post took \d+\.\d{3} ms\n.*DETAIL:  seeds: 2, hops: 2, documents: 0 inserted, \d+ updated, 0 deleted, \d+ unchanged; locks \d+\.\d{3} ms, walk \d+\.\d{3} ms, compare \d+\.\d{3} ms, write \d+\.\d{3} ms; waited for 0 locks, 0\.000 ms; trace id: trace "1"\.\n/,
	'a flush in the log');
is(scalar(() = $log =~ /flush of TVIEW/g), 3, 'one message per TVIEW');
$log = logged(q{SET pg_tviews.log_format = json; BEGIN; SET LOCAL pg_tviews.trace_id = 'trace "2"'}, q{UPDATE tb_post SET title = 'slow' WHERE pk_post = 7; COMMIT});
my ($json) = $log =~ /flush of TVIEW public.tv_post took .*\n.*DETAIL:  (\{.*\})\n/;
my $detail = decode_json($json);
is_deeply([ map { $detail->{$_} } qw(tview seeds hops updated unchanged lock_waits trace_id) ],
	[ 'public.tv_post', 1, 0, 1, 0, 0, 'trace "2"' ], 'as JSON');
ok(!$detail->{everything}, 'with a boolean');
my $parts = 0;
$parts += $detail->{"${_}_ms"} foreach qw(locks walk compare write);
cmp_ok(abs($detail->{ms} - $parts), '<', 0.01, 'the phases make the whole');
unlike(logged('SET pg_tviews.log_min_duration = 60000', q{UPDATE tb_post SET title = 'fast' WHERE pk_post = 7}), qr/flush of TVIEW/,
	'a fast flush is not logged');
my (undef, undef, $denied) = $node->psql($db, 'SELECT pg_tviews_version(); SET pg_tviews.track = off', extra_params => [ '-U', 'guest' ]);
like($denied, qr/permission denied to set parameter "pg_tviews.track"/, 'only superusers switch statistics off');
is_exact($node, $db, 'at the end');
$node->stop;

done_testing();
