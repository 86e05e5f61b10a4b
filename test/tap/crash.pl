# Crashes: a backend killed with -9 in each phase of a flush, whatever caused the flush, the postmaster killed or stopped at once in
# the middle of load, and a prepared transaction across an immediate stop.  After recovery every TVIEW equals its query, without any
# repair.
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

# Gates, each an advisory lock: in a walk, in a join condition; where documents are built, in their queries; where they are written, in
# a trigger, or in a constraint, which leaves the rows to the table's access method; and after the flush but before the commit.
$node->safe_psql($db, q{
	CREATE FUNCTION gated(gate integer, value anyelement) RETURNS anyelement IMMUTABLE LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_advisory_xact_lock_shared(gate); RETURN value; END';
	CREATE TABLE tv_walked AS
		SELECT p.pk_post AS pk_walked, u.name FROM tb_user u JOIN tb_post p ON p.fk_user = gated(3, u.pk_user);
	CREATE TABLE tv_rebuilt AS SELECT pk_user AS pk_rebuilt, gated(4, name) AS name FROM tb_user;
	CREATE TABLE tv_patched AS
		SELECT p.pk_post AS pk_patched, jsonb_build_object('title', gated(6, p.title), 'author', u.name) AS data
			FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
	ALTER TABLE tv_patched ADD CHECK (gated(5, pk_patched) > 0);
	CREATE TABLE tv_ranked AS SELECT pk_user AS pk_ranked, gated(7, rank() OVER (ORDER BY name, pk_user)) AS rank FROM tb_user;
	CREATE TABLE tv_shared AS
		SELECT p.pk_post AS pk_shared, (SELECT gated(8, max(c.pk_comment)) FROM tb_comment c) AS latest FROM tb_post p;
	CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
		'BEGIN PERFORM pg_advisory_xact_lock_shared(TG_ARGV[0]::int); RETURN NULL; END';
	CREATE TRIGGER gate_writing AFTER INSERT OR UPDATE OR DELETE ON tv_post FOR EACH ROW EXECUTE FUNCTION gate(1);
	CREATE CONSTRAINT TRIGGER gate_flushed AFTER INSERT OR UPDATE OR DELETE ON tv_user DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION gate(2);
});
foreach my $expected (
	[ 'patched', qr/tb_user u\n.*copied only, so set in the document without building it again: name$/ms ],
	[ 'ranked', qr/a change compares everything: / ],
	[ 'shared', qr/tb_comment subquery.c\n.*a change compares everything, unless subquery gives the same rows as before: /s ])
{
	my ($entity, $how) = @$expected;
	like($node->safe_psql($db, "SELECT * FROM pg_tviews_explain('tv_$entity')"), $how, "tv_$entity is maintained the way it is here for");
}

# Where the backend waits when it is killed: what makes it wait there, and the lock it waits for, a gate, a table or one of the flush's.
my %phases = (
	'waiting for the lock of a table' => [ q{BEGIN; LOCK TABLE tb_post IN ACCESS EXCLUSIVE MODE}, 'relation tb_post' ],
	'waiting for a lock of the flush' =>
	  [ q{BEGIN; UPDATE tb_comment SET body = 'open' WHERE fk_post = 2; SELECT pg_tviews_flush()}, 'a lock of the flush' ],
	'walking' => [ q{SELECT pg_advisory_lock(3)}, 'gate 3' ],
	'building documents' => [ q{SELECT pg_advisory_lock(4)}, 'gate 4' ],
	'setting copied values' => [ q{SELECT pg_advisory_lock(5), pg_advisory_lock(6)}, 'gate 5' ],
	'comparing everything' => [ q{SELECT pg_advisory_lock(7)}, 'gate 7' ],
	'comparing a shared value' => [ q{SELECT pg_advisory_lock(8)}, 'gate 8' ],
	'writing documents' => [ q{SELECT pg_advisory_lock(1)}, 'gate 1' ],
	'between flush and commit' => [ q{SELECT pg_advisory_lock(2)}, 'gate 2' ]);
my @causes = ('COMMIT', q{PREPARE TRANSACTION 'never'}, 'SELECT gated(2, count(*)) FROM tv_user');
my @levels = ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE');
my $waits = q{SELECT format('%s: %s', query, CASE WHEN l.locktype = 'relation' THEN 'relation ' || l.relation::regclass
		WHEN l.objsubid IN (1, 2) THEN 'gate ' || l.objid ELSE 'a lock of the flush' END)
	FROM pg_stat_activity a JOIN pg_locks l USING (pid) WHERE a.application_name = 'victim' AND NOT l.granted};

# Each cause at its level, and in the next phase at the next one.
my $name = 'user 1';
my $round = 0;
foreach my $phase (sort keys %phases)
{
	my ($hold, $lock) = @{ $phases{$phase} };
	foreach my $number (0 .. $#causes)
	{
		my ($cause, $level) = ($causes[$number], $levels[ ($number + $round) % @levels ]);
		my $when = "$phase, in $cause at $level";
		my $held = $node->background_psql($db, on_error_stop => 0);
		$held->query_safe($hold);
		my ($out, $err) = ('', '');
		my $victim = IPC::Run::start [ 'psql', '-XAt', '-c', "BEGIN ISOLATION LEVEL $level",
			'-c', q{UPDATE tb_user SET name = 'lost' WHERE pk_user = 1}, '-c', 'DELETE FROM tb_comment WHERE fk_post = 1 OR pk_comment > 149',
			'-c', $cause, '-d', $node->connstr($db) . ' application_name=victim' ],
		  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
		wait_until($node, $db, sessions_waiting('victim', 1));
		is($node->safe_psql($db, $waits), "$cause: $lock", "it waits $when");
		kill 'KILL', $node->safe_psql($db, q{SELECT pid FROM pg_stat_activity WHERE application_name = 'victim'});
		IPC::Run::finish $victim;
		like($err, qr/server closed the connection unexpectedly|terminating connection/, "killed $when");
		eval { $held->quit };
		wait_until($node, $db, 'SELECT true');
		is($node->safe_psql($db, 'SELECT name, (SELECT count(*) FROM pg_prepared_xacts) FROM tb_user WHERE pk_user = 1'), "$name|0",
			'nothing of it remains');
		is_exact($node, $db, "after a backend was killed $when");
		$name = "renamed $when";
		$node->safe_psql($db, q{UPDATE tb_user SET name = $$} . $name . q{$$ WHERE pk_user = 1});
		is($node->safe_psql($db, q{SELECT data->>'name' FROM tv_user WHERE pk_user = 1}), $name, 'writes go on');
	}
	++$round;
}
$node->safe_psql($db, q{
	DROP TRIGGER gate_writing ON tv_post;
	DROP TRIGGER gate_flushed ON tv_user;
	DROP TABLE tv_walked, tv_rebuilt, tv_patched, tv_ranked, tv_shared;
});

# Load, stopped in the middle.
foreach my $round (1 .. 3)
{
	my $before = $node->safe_psql($db, 'SELECT max(pk_comment) FROM tb_comment');
	my $load = start_load($node, $db, 4, 60);
	wait_until($node, $db, "SELECT max(pk_comment) > $before + 100 FROM tb_comment");
	my @pids = split /\n/, $node->safe_psql($db, 'SELECT pid FROM pg_stat_activity');
	push @pids, (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	$round == 2 ? $node->kill9 : $node->stop('immediate');
	eval { IPC::Run::finish $load };
	# The processes of a killed postmaster keep its memory for a moment.
	select(undef, undef, undef, 0.1) while kill 0, @pids;
	$node->start;
	cmp_ok($node->safe_psql($db, 'SELECT max(pk_comment) FROM tb_comment'), '>', $before, "load $round was under way");
	is_exact($node, $db, "after the server went down under load ($round)");
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
