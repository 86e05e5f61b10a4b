# Timeouts and cancels while a commit flushes: the transaction ends as if its last statement had failed, nothing of it remains,
# the session goes on, and the same transaction succeeds when it is run again.
#
# The commit is made to wait in two places: for another session's lock of the TVIEW, and while it writes documents, by a trigger
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

my %wait = (
	'for the lock of the TVIEW' => q{BEGIN; UPDATE tb_user SET name = 'open' WHERE pk_user = 2; SELECT pg_tviews_flush()},
	'while it writes' => q{SELECT pg_advisory_lock(1)});

# Runs the transaction with these settings, and perhaps an act of another session once it waits; returns SQLSTATE and what the
# session says afterwards.
sub interrupted
{
	my ($settings, $begin, $end, $act) = @_;
	my @commands = map { ('-c', $_) } grep { $_ ne '' } $settings, $begin, $rename, $end, 'RESET ALL',
	  q{SELECT 'alive', count(*) FROM tb_user WHERE name = 'changed'};
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

foreach my $where (sort keys %wait)
{
	foreach my $case (
		[ 'statement_timeout, COMMIT', "SET statement_timeout = '200ms'", 'BEGIN', 'COMMIT', undef, '57014' ],
		[ 'statement_timeout, a single statement', "SET statement_timeout = '200ms'", '', '', undef, '57014' ],
		[ 'statement_timeout, SERIALIZABLE', "SET statement_timeout = '200ms'", 'BEGIN ISOLATION LEVEL SERIALIZABLE', 'COMMIT',
			undef, '57014' ],
		[ 'statement_timeout, PREPARE', "SET statement_timeout = '200ms'", 'BEGIN', "PREPARE TRANSACTION 'p'", undef,
			'57014' ],
		[ 'lock_timeout', "SET lock_timeout = '200ms'", 'BEGIN', 'COMMIT', undef, '55P03' ],
		[ 'pg_cancel_backend', '', 'BEGIN', 'COMMIT', $cancel, '57014' ],
		[ 'pg_terminate_backend', '', 'BEGIN', 'COMMIT', $terminate, '57P01' ])
	{
		my ($name, $settings, $begin, $end, $act, $expected) = @$case;
		my $held = $node->background_psql($db);
		$held->query_safe($wait{$where});
		my ($sqlstate, $alive, $err) = interrupted($settings, $begin, $end, $act);
		is($sqlstate, $expected, "$name $where: SQLSTATE") or diag($err);
		is($alive, 'alive|0', "$name $where: nothing remains and the session goes on") unless $expected eq '57P01';
		$held->quit;
		is($node->safe_psql($db, 'SELECT count(*) FROM pg_prepared_xacts'), '0', "$name $where: nothing prepared");
		is_exact($node, $db, "after $name $where");
	}
}

is($node->safe_psql($db, q{SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'}), '0', 'no lock is left behind');
$node->safe_psql($db, "BEGIN; $rename; COMMIT");
is($node->safe_psql($db, q{SELECT data->>'name' FROM tv_user WHERE pk_user = 1}), 'changed', 'run again, it succeeds');
is_exact($node, $db, 'in the end');
$node->stop;
done_testing();
