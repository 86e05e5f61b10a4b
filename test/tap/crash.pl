# Crashes: a backend killed with -9 in each phase of a flush, an immediate stop in the middle of load, and a prepared
# transaction across an immediate stop.  After recovery every TVIEW equals its query, without any repair.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('crash', 'restart_after_crash = on');
my $db = 'postgres';
make_blog($node, $db);

# Gates: while documents are written, and after the flush but before the commit.
$node->safe_psql($db, q{
	CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::int); RETURN NULL; END';
	CREATE TRIGGER gate_writing AFTER INSERT OR UPDATE OR DELETE ON tv_post FOR EACH ROW EXECUTE FUNCTION gate(1);
	CREATE CONSTRAINT TRIGGER gate_flushed AFTER INSERT OR UPDATE OR DELETE ON tv_user DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION gate(2);
});

# Where the backend waits when it is killed, and what makes it wait there.
my %phases = (
	'waiting for the lock of the TVIEW' =>
	  q{BEGIN; UPDATE tb_user SET name = 'open' WHERE pk_user = 2; SELECT pg_tviews_flush()},
	'writing documents' => q{SELECT pg_advisory_lock(1)},
	'between flush and commit' => q{SELECT pg_advisory_lock(2)});
my $name = 'user 1';
foreach my $phase (sort keys %phases)
{
	my $held = $node->background_psql($db, on_error_stop => 0);
	$held->query_safe($phases{$phase});
	my ($out, $err) = ('', '');
	my $victim = IPC::Run::start [ 'psql', '-XAt', '-c', 'BEGIN', '-c', q{UPDATE tb_user SET name = 'lost' WHERE pk_user = 1},
		'-c', 'DELETE FROM tb_comment WHERE fk_post = 1', '-c', 'COMMIT', '-d',
		$node->connstr($db) . ' application_name=victim' ],
	  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	wait_until($node, $db, sessions_waiting('victim', 1));
	my $pid = $node->safe_psql($db, q{SELECT pid FROM pg_stat_activity WHERE application_name = 'victim'});
	kill 'KILL', $pid;
	IPC::Run::finish $victim;
	like($err, qr/server closed the connection unexpectedly|terminating connection/, "killed $phase");
	eval { $held->quit };
	wait_until($node, $db, 'SELECT true');
	is($node->safe_psql($db, 'SELECT name FROM tb_user WHERE pk_user = 1'), $name, "nothing of it remains");
	is_exact($node, $db, "after a backend was killed $phase");
	$name = "renamed $phase";
	$node->safe_psql($db, "UPDATE tb_user SET name = '$name' WHERE pk_user = 1");
	is($node->safe_psql($db, q{SELECT data->>'name' FROM tv_user WHERE pk_user = 1}), $name, 'writes go on');
}
$node->safe_psql($db, q{DROP TRIGGER gate_writing ON tv_post; DROP TRIGGER gate_flushed ON tv_user});

# Load, stopped in the middle.
foreach my $round (1 .. 2)
{
	my $before = $node->safe_psql($db, 'SELECT max(pk_comment) FROM tb_comment');
	my $load = start_load($node, $db, 4, 60);
	wait_until($node, $db, "SELECT max(pk_comment) > $before + 100 FROM tb_comment");
	$node->stop('immediate');
	eval { IPC::Run::finish $load };
	$node->start;
	cmp_ok($node->safe_psql($db, 'SELECT max(pk_comment) FROM tb_comment'), '>', $before, "load $round was under way");
	is_exact($node, $db, "after an immediate stop under load ($round)");
}

# A prepared transaction keeps its flush and its locks across a crash.
$node->safe_psql($db, q{
	BEGIN;
	UPDATE tb_user SET name = 'prepared' WHERE pk_user = 3;
	INSERT INTO tb_comment (fk_post, fk_user, body) VALUES (2, 3, 'prepared');
	PREPARE TRANSACTION 'kept';
});
$node->stop('immediate');
$node->start;
is_exact($node, $db, 'while a transaction is prepared');
my $comment = q{INSERT INTO tb_comment (fk_post, fk_user, body) VALUES (2, 3, 'other')};
my ($status, $out, $err) = $node->psql($db, "SET lock_timeout = '100ms'; $comment");
like($err, qr/lock timeout/, 'its locks hold after the restart: another session cannot change the same document');
is_exact($node, $db, 'after that session failed');
$node->stop('fast');
$node->start;
$node->safe_psql($db, q{COMMIT PREPARED 'kept'});
is($node->safe_psql($db, q{SELECT data->>'name' FROM tv_user WHERE pk_user = 3}), 'prepared', 'committed');
is_exact($node, $db, 'after COMMIT PREPARED');
$node->safe_psql($db, $comment);
is_exact($node, $db, 'after the other session tried again');

$node->safe_psql($db, q{BEGIN; DELETE FROM tb_comment WHERE fk_post = 4; PREPARE TRANSACTION 'undone'});
$node->stop('immediate');
$node->start;
$node->safe_psql($db, q{ROLLBACK PREPARED 'undone'});
is_exact($node, $db, 'after ROLLBACK PREPARED');
$node->safe_psql($db, q{UPDATE tb_post SET title = 'after' WHERE pk_post = 4});
is_exact($node, $db, 'after a write that follows');

$node->stop;
done_testing();
