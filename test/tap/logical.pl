# Logical replication.  A subscriber receives base tables and maintains TVIEWs of its own over them: initial synchronisation, every
# kind of change, TRUNCATE, two phases, partitions, and at all times.  Another one, without the extension, receives TVIEWs as the
# tables they are.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $db = 'postgres';
my $publisher = new_server('publisher', 'wal_level = logical');
my $subscriber = new_server('subscriber');
my $events = q{
	CREATE TABLE tb_event (pk_event integer, fk_user integer NOT NULL, PRIMARY KEY (pk_event)) PARTITION BY RANGE (pk_event);
	CREATE TABLE tb_event_low PARTITION OF tb_event FOR VALUES FROM (0) TO (100);
	CREATE TABLE tb_event_high PARTITION OF tb_event FOR VALUES FROM (100) TO (200);
};
foreach my $node ($publisher, $subscriber)
{
	make_blog($node, $db);
	$node->safe_psql($db, $events);
}
$publisher->safe_psql($db, q{
	INSERT INTO tb_event SELECT i, 1 + i % 10 FROM generate_series(1, 150, 7) i;
	CREATE PUBLICATION base FOR TABLE tb_user, tb_post, tb_comment, tb_event WITH (publish_via_partition_root = true);
});
$subscriber->safe_psql($db, q{
	TRUNCATE tb_user, tb_post, tb_comment;
	CREATE TABLE tv_visitor AS
		SELECT e.fk_user AS pk_visitor, min(u.name) AS name, array_agg(e.pk_event ORDER BY e.pk_event) AS events
			FROM tb_event e JOIN tb_user u ON u.pk_user = e.fk_user GROUP BY e.fk_user;
});
my $contents = q{SELECT md5(string_agg(d::text, '' ORDER BY d::text)) FROM (
	SELECT 'post', pk_post, data::text FROM tv_post UNION ALL SELECT 'user', pk_user, data::text FROM tv_user
	UNION ALL SELECT 'commenter', pk_commenter, name || comments FROM tv_commenter) AS d};

# Waits for the subscriber and checks that it has the publisher's documents.
sub arrived
{
	my ($when) = @_;
	$publisher->wait_for_catchup('mine');
	is_exact($subscriber, $db, "on the subscriber $when");
	is($subscriber->safe_psql($db, $contents), $publisher->safe_psql($db, $contents), "with the publisher's documents $when");
	return;
}

my $connection = $publisher->connstr . " dbname=$db";
$subscriber->safe_psql($db, "CREATE SUBSCRIPTION mine CONNECTION '$connection' PUBLICATION base WITH (two_phase = true)");
wait_until($subscriber, $db, q{SELECT count(*) = 4 FROM pg_subscription_rel WHERE srsubstate = 'r'});
arrived('after the initial synchronisation');
is($subscriber->safe_psql($db, 'SELECT count(*) FROM tv_post'), 50, 'where documents came to be');
is($subscriber->safe_psql($db, 'SELECT count(*) FROM tv_visitor'), 10, 'of a partitioned table too');

foreach my $change (
	[ 'INSERT', q{INSERT INTO tb_post (fk_user, title) SELECT 1 + i % 10, 'more ' || i FROM generate_series(1, 20) i} ],
	[ 'UPDATE', q{UPDATE tb_user SET name = upper(name) WHERE pk_user % 2 = 0} ],
	[ 'UPDATE of nothing that matters', q{UPDATE tb_comment SET body = body} ],
	[ 'moves', q{UPDATE tb_comment SET fk_post = 1 + fk_post % 50; UPDATE tb_post SET fk_user = 1 + fk_user % 10 WHERE pk_post < 9} ],
	[ 'UPDATE of a key', q{UPDATE tb_comment SET pk_comment = pk_comment + 1000 WHERE pk_comment < 20} ],
	[ 'DELETE with a cascade', q{DELETE FROM tb_post WHERE pk_post BETWEEN 5 AND 15} ],
	[ 'moves between partitions', q{UPDATE tb_event SET pk_event = 199 - pk_event WHERE pk_event % 2 = 0} ],
	[ 'writes to a partition', q{DELETE FROM tb_event_low WHERE pk_event < 30; INSERT INTO tb_event_high VALUES (180, 3)} ],
	[ 'a savepoint', q{BEGIN; UPDATE tb_user SET name = 'kept' WHERE pk_user = 1; SAVEPOINT s;
		UPDATE tb_user SET name = 'undone' WHERE pk_user = 2; ROLLBACK TO s; COMMIT} ],
	[ 'two phases', q{BEGIN; UPDATE tb_user SET name = 'prepared' WHERE pk_user = 3; PREPARE TRANSACTION 'p'; COMMIT PREPARED 'p'} ],
	[ 'TRUNCATE', q{TRUNCATE tb_comment} ])
{
	my ($what, $sql) = @$change;
	$publisher->safe_psql($db, $sql);
	arrived("after $what");
}

# A transaction that is prepared here is prepared there, flushed and with its locks.
$publisher->safe_psql($db, q{BEGIN; UPDATE tb_user SET name = 'in doubt' WHERE pk_user = 4; PREPARE TRANSACTION 'doubt'});
arrived('while a transaction is prepared');
wait_until($subscriber, $db, 'SELECT count(*) = 1 FROM pg_prepared_xacts');
$publisher->safe_psql($db, q{ROLLBACK PREPARED 'doubt'});
arrived('after it was rolled back');

# A table that comes later is synchronised while the others are replicated; and everything holds at every moment of it.
$publisher->safe_psql($db, q{
	INSERT INTO tb_comment (fk_post, fk_user, body) SELECT p.pk_post, u.pk_user, 'again' FROM tb_post p, tb_user u;
	ALTER PUBLICATION base DROP TABLE tb_comment;
	CREATE PUBLICATION later FOR TABLE tb_comment});
$publisher->wait_for_catchup('mine');
$subscriber->safe_psql($db, 'ALTER SUBSCRIPTION mine REFRESH PUBLICATION WITH (copy_data = false)');
$subscriber->safe_psql($db, 'TRUNCATE tb_comment');
my $load = start_load($publisher, $db, 2, 4);
$subscriber->safe_psql($db, "CREATE SUBSCRIPTION later CONNECTION '$connection' PUBLICATION later");
my ($comparisons, $different) = compare_during_load($publisher, $subscriber, $db);
IPC::Run::finish $load;
is($different, '', "no difference in $comparisons comparisons on the subscriber under load");
wait_until($subscriber, $db, q{SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel});
$publisher->wait_for_catchup('later');
arrived('after load');

# DISABLE and ENABLE TRIGGER ALL, as data-only restores do, would leave triggers that fire in ordinary sessions only.
my $states = q{SELECT string_agg(concat_ws(' ', tgrelid::regclass, tgname, tgenabled), ',' ORDER BY tgrelid::regclass::text, tgname)
	FROM pg_trigger WHERE tgname LIKE '!pg_tviews%'};
my $before = $subscriber->safe_psql($db, $states);
$subscriber->safe_psql($db, qq{SET client_min_messages = error; ALTER TABLE $_ DISABLE TRIGGER ALL; ALTER TABLE $_ ENABLE TRIGGER ALL})
  foreach qw(tb_user tb_event tb_event_low);
is($subscriber->safe_psql($db, $states), $before, 'capture triggers fire as before after ENABLE TRIGGER ALL');
$publisher->safe_psql($db, q{UPDATE tb_user SET name = 'enabled' WHERE pk_user = 5; DELETE FROM tb_event WHERE pk_event > 90});
arrived('after that');

# An ordinary session may take the same role.
$subscriber->safe_psql($db, q{
	SET session_replication_role = replica;
	BEGIN;
	INSERT INTO tb_user (pk_user, name) SELECT 1000 + i, 'local' FROM generate_series(1, 1000) i;
	UPDATE tb_user SET name = 'local' WHERE pk_user < 4;
	SELECT count(*) FROM tv_user;
	DELETE FROM tb_event WHERE pk_event % 3 = 0;
	UPDATE tb_post SET fk_user = 1001 WHERE pk_post = 1;
	COMMIT;
	TRUNCATE tb_comment;
});
is_exact($subscriber, $db, 'after writes under session_replication_role = replica');
is($subscriber->safe_psql($db, q{SELECT count(*) FROM tv_user WHERE data->>'name' = 'local'}), 1003, 'which the TVIEWs show');
# Where no hook sees a statement's end, its flush comes later, and its time counts all the same: the statement that loads the library.
$subscriber->safe_psql($db, q{
	CREATE TABLE tb_slow (pk_slow integer PRIMARY KEY);
	CREATE TABLE tv_slow AS SELECT pk_slow FROM tb_slow;
	SELECT pg_tviews_set_refresh_mode('tv_slow', 'immediate');
});
is($subscriber->safe_psql($db, q{
	SET session_replication_role = replica;
	BEGIN;
	INSERT INTO tb_slow SELECT 1 FROM pg_sleep(0.5);
	COMMIT;
	SELECT write_share < 0.5 FROM pg_tviews_performance_summary WHERE entity = 'slow';
}), 't', 'the time of a statement whose flush comes at commit is counted');
$subscriber->safe_psql($db, $_) foreach 'DROP SUBSCRIPTION mine', 'DROP SUBSCRIPTION later';

# TVIEWs published as tables, to a server that has no extension.
my $plain = PostgreSQL::Test::Cluster->new('plain');
$plain->init;
$plain->start;
$plain->safe_psql($db, q{
	CREATE TABLE tv_post (pk_post integer PRIMARY KEY, fk_user integer, data jsonb, updated_at timestamptz);
	CREATE TABLE tv_commenter (pk_commenter integer PRIMARY KEY, name text, comments bigint, updated_at timestamptz)});
$publisher->safe_psql($db, 'CREATE PUBLICATION documents FOR TABLE tv_post, tv_commenter');
$plain->safe_psql($db, "CREATE SUBSCRIPTION documents CONNECTION '$connection' PUBLICATION documents");
wait_until($plain, $db, q{SELECT count(*) = 2 FROM pg_subscription_rel WHERE srsubstate = 'r'});
$publisher->safe_psql($db, q{
	UPDATE tb_user SET name = 'published' WHERE pk_user < 5;
	DELETE FROM tb_post WHERE pk_post % 4 = 0;
	DELETE FROM tb_comment WHERE fk_user = 2;
	INSERT INTO tb_post (fk_user, title) VALUES (2, 'published')});
$publisher->wait_for_catchup('documents');
foreach my $tview (qw(tv_post tv_commenter))
{
	my $all = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM $tview t";
	is($plain->safe_psql($db, $all), $publisher->safe_psql($db, $all), "$tview is the same on a server without the extension");
}
$plain->safe_psql($db, q{DROP SUBSCRIPTION documents});

$_->stop foreach $plain, $subscriber, $publisher;
done_testing();
