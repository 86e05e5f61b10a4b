# Timeouts and cancels during a flush, at each isolation level, whether a commit causes it, a PREPARE TRANSACTION or a read: the
# transaction ends as if its last statement had failed, nothing of it remains and no lock, the session goes on, and the same
# transaction succeeds when it is run again.
#
# The flush is made to wait in two places: for another session's lock of the TVIEW, and while it writes documents, by a trigger
# on the TVIEW that waits for an advisory lock.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('timeouts');
my $db = 'postgres';
make_blog($node, $db);
$node->safe_psql($db, q{
	CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
	CREATE TRIGGER gate AFTER INSERT OR UPDATE OR DELETE ON tv_post FOR EACH ROW EXECUTE FUNCTION gate();
});

my $rename = q{UPDATE tb_user SET name = 'changed' WHERE pk_user = 1};
my $read = q{SELECT data->>'name' FROM tv_user WHERE pk_user = 1};

my %wait = (
	'for the lock of the TVIEW' => q{BEGIN; UPDATE tb_user SET name = 'open' WHERE pk_user = 2; SELECT pg_tviews_flush()},
	'while it writes' => q{SELECT pg_advisory_lock(1)});

# Runs the transaction with these settings, and perhaps an act of another session once it waits; returns SQLSTATE, what the session
# says afterwards, and its messages.  The transaction ends in the command that flushes, or in a COMMIT after that.
sub interrupted
{
	my ($settings, $begin, $end, $act) = @_;
	my @commands = map { ('-c', $_) } grep { $_ ne '' } $settings, $begin, $rename, $end, $end eq $read ? 'COMMIT' : '', 'RESET ALL',
	  q{SELECT 'alive', (SELECT count(*) FROM tb_user WHERE name = 'changed'),
		(SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')};
	my ($out, $err) = ('', '');
	my $session = IPC::Run::start [ 'psql', '-XAt', '-v', 'VERBOSITY=verbose', @commands, '-d',
		$node->connstr($db) . ' application_name=interrupted' ],
	  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	if ($act)
	{
		wait_until($node, $db, sessions_waiting('interrupted', 1));
		$node->safe_psql($db, $act);
	}
	IPC::Run::finish $session;
	my ($sqlstate) = $err =~ /(?:ERROR|FATAL):  (\w{5})/;
	my ($alive) = $out =~ /^(alive.*)$/m;
	return ($sqlstate, $alive, $err);
}

my $cancel = q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'interrupted'};
my $terminate = q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'interrupted'};
my $statement_timeout = "SET statement_timeout = '200ms'";
my $lock_timeout = "SET lock_timeout = '200ms'";
my $prepare = "PREPARE TRANSACTION 'p'";

foreach my $where (sort keys %wait)
{
	foreach my $case (
		[ 'statement_timeout', $statement_timeout, '', '', undef, '57014' ],
		[ 'statement_timeout', $statement_timeout, 'READ COMMITTED', 'COMMIT', undef, '57014' ],
		[ 'statement_timeout', $statement_timeout, 'REPEATABLE READ', 'COMMIT', undef, '57014' ],
		[ 'statement_timeout', $statement_timeout, 'SERIALIZABLE', 'COMMIT', undef, '57014' ],
		[ 'statement_timeout', $statement_timeout, 'READ COMMITTED', $prepare, undef, '57014' ],
		[ 'statement_timeout', $statement_timeout, 'READ COMMITTED', $read, undef, '57014' ],
		[ 'statement_timeout', $statement_timeout, 'REPEATABLE READ', $read, undef, '57014' ],
		[ 'lock_timeout', $lock_timeout, 'READ COMMITTED', 'COMMIT', undef, '55P03' ],
		[ 'lock_timeout', $lock_timeout, 'REPEATABLE READ', 'COMMIT', undef, '55P03' ],
		[ 'lock_timeout', $lock_timeout, 'READ COMMITTED', $read, undef, '55P03' ],
		[ 'lock_timeout', $lock_timeout, 'REPEATABLE READ', $read, undef, '55P03' ],
		[ 'pg_cancel_backend', '', 'READ COMMITTED', 'COMMIT', $cancel, '57014' ],
		[ 'pg_cancel_backend', '', 'REPEATABLE READ', $prepare, $cancel, '57014' ],
		[ 'pg_cancel_backend', '', 'READ COMMITTED', $read, $cancel, '57014' ],
		[ 'pg_cancel_backend', '', 'REPEATABLE READ', $read, $cancel, '57014' ],
		[ 'pg_terminate_backend', '', 'READ COMMITTED', 'COMMIT', $terminate, '57P01' ],
		[ 'pg_terminate_backend', '', 'REPEATABLE READ', $read, $terminate, '57P01' ])
	{
		my ($how, $settings, $level, $end, $act, $expected) = @$case;
		my $name = "$how $where, " . ($end eq '' ? 'a single statement' : $end eq $read ? "$level, a read" : "$level, $end");
		my $begin = $level eq '' ? '' : "BEGIN ISOLATION LEVEL $level";
		my $held = $node->background_psql($db);
		$held->query_safe($wait{$where});
		my ($sqlstate, $alive, $err) = interrupted($settings, $begin, $end, $act);
		is($sqlstate, $expected, "$name: SQLSTATE") or diag($err);
		is($alive, 'alive|0|0', "$name: nothing remains, no lock, and the session goes on") unless $expected eq '57P01';
		$held->quit;
		is($node->safe_psql($db, q{SELECT (SELECT count(*) FROM pg_prepared_xacts), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')}),
			'0|0', "$name: nothing is prepared and no lock left behind");
		is_exact($node, $db, "after $name");
		(undef, undef, $err) = interrupted('', $begin, $end);
		is($err, '', "$name: run again, it succeeds");
		$node->safe_psql($db, q{COMMIT PREPARED 'p'}) if $end eq $prepare;
		is($node->safe_psql($db, $read), 'changed', "$name: and is maintained");
		is_exact($node, $db, "after it was run again: $name");
		$node->safe_psql($db, q{UPDATE tb_user SET name = 'user 1' WHERE pk_user = 1});
	}
}

$node->stop;
done_testing();
