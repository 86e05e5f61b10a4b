# Chaos: on a system that is being written to, twelve things are broken one after another.  Each time the health check must name what is
# broken, under its component and with its severity; the commands it prints are run as they are until it prints none, and then nothing is
# reported, writers write, and every TVIEW equals its query.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $db = 'postgres';
my $node = new_server('chaos', "shared_preload_libraries = 'pg_tviews'", 'autovacuum = on', 'autovacuum_naptime = 1');
make_blog($node, $db);
# The view that compares would stand in the way of a TVIEW that has to be dropped and made again.  User 11 and his post are nobody's
# but the test's: what is spoilt there, writers do not put right.
$node->safe_psql($db, q{
	DROP VIEW difference;
	INSERT INTO tb_user (pk_user, name) VALUES (11, 'quiet');
	INSERT INTO tb_post (pk_post, fk_user, title) VALUES (51, 11, 'quiet');
	ANALYZE;
	CREATE ROLE shop;
	GRANT USAGE, CREATE ON SCHEMA public TO shop;
	GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop;
	ALTER TABLE tv_commenter OWNER TO shop;
	ALTER VIEW v_commenter OWNER TO shop});

# Writers whose errors do not stop them: what a flush raises is caught where it is asked for.
my $script = PostgreSQL::Test::Utils::tempdir() . '/load.sql';
append_to_file($script, q{
	\set post random(1, 50)
	\set user random(1, 10)
	DO $$ BEGIN
		INSERT INTO tb_comment (fk_post, fk_user, body) VALUES (:post, :user, 'load');
		UPDATE tb_user SET name = 'user ' || :user || ' as of ' || :post WHERE pk_user = :user;
		UPDATE tb_post SET title = 'post as of ' || :user WHERE pk_post = :post;
		DELETE FROM tb_comment WHERE pk_comment = (SELECT min(pk_comment) FROM tb_comment WHERE fk_post = :post);
		PERFORM pg_tviews_flush();
	EXCEPTION WHEN OTHERS THEN NULL;
	END $$;
	\sleep 10 ms
});
# An error that a savepoint has caught can come again at the commit, where what it rolled back is flushed once more; pgbench ends a client
# then, and the next round connects anew.
my ($out, $err) = ('', '');
my $stop = PostgreSQL::Test::Utils::tempdir() . '/stop';
my $load = IPC::Run::start [ 'sh', '-c', 'while [ ! -e "$0" ]; do pgbench -n -c 2 -T 2 -f "$1" "$2"; done', $stop, $script, $node->connstr($db) ],
  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default * 4);

# Waits until writers have written something more; says what they complained of if they do not.
sub writers_write
{
	my ($when) = @_;
	my $before = $node->safe_psql($db, q{SELECT last_value FROM tb_comment_pk_comment_seq});
	my $more = $node->poll_query_until($db, "SELECT count(*) > 0 FROM tb_comment WHERE pk_comment > $before + 5");
	$load->pump_nb;
	note($err);
	$err = '';
	return ok($more, "$when: writers write");
}

# Breaks something, and lets what the health check says put it right.
sub breaks
{
	my ($what, $component, $severity, $message, @statements) = @_;
	$node->psql($db, $_) foreach @statements;
	# A full comparison finds documents that differ where nothing maintains them; whoever has not compared does not know.
	my $status = '';
	$status = $node->safe_psql($db, 'SELECT status FROM pg_tviews_status()') if $component ne 'verification';
	my $reported = $node->safe_psql($db, q{SELECT component, severity, message FROM pg_tviews_health_check(1) WHERE status <> 'ok'});
	like($reported, qr/^$component\|$severity\|$message.*\. Run: ./m, "$what: the health check names it");
	$status = $node->safe_psql($db, 'SELECT status FROM pg_tviews_status()') if $component eq 'verification';
	is($status, $severity eq 'error' ? 'unhealthy' : 'degraded', "$what: the status follows");
	heal($node, $db);
	is($node->safe_psql($db, q{SELECT component, severity, message FROM pg_tviews_health_check(1) WHERE status <> 'ok' OR severity <> 'info'}), '',
		"$what: its commands put it right");
	is($node->safe_psql($db, q{SELECT status, detail -> 'problems' FROM pg_tviews_status()}), 'healthy|[]', "$what: the system is healthy again");
	writers_write($what);
	return is($node->safe_psql($db, 'SELECT * FROM pg_tviews_verify()'), '', "$what: every TVIEW equals its query");
}

is(health_problems($node, $db), '', 'nothing is wrong to begin with');
breaks('a capture trigger is dropped', 'triggers', 'error', 'capture triggers of table public\.tb_user: missing \(.*!pg_tviews_update', 'DROP TRIGGER "!pg_tviews_update" ON tb_user');
breaks('capture triggers are disabled', 'triggers', 'error', 'capture triggers of table public\.tb_post are disabled.*!pg_tviews_insert', 'ALTER TABLE tb_post DISABLE TRIGGER USER');
breaks('documents are spoilt', 'verification', 'error', 'TVIEW public\.tv_post: a comparison of 100 % of its documents finds 1 that differ', q{UPDATE tv_post SET data = '{}' WHERE pk_post = 51});
breaks('documents are deleted', 'verification', 'error', 'TVIEW public\.tv_user: a comparison of 100 % of its documents finds 1 that differ', 'DELETE FROM tv_user WHERE pk_user = 11');
breaks('a TVIEW is suspended', 'states', 'warning', 'TVIEW public\.tv_post is not maintained', q{SELECT pg_tviews_suspend('tv_post')});
breaks('a session writes without maintaining', 'states', 'error', 'TVIEW public\.tv_user may differ from its query',
	q{BEGIN; SELECT pg_tviews_suspend('tv_user', 'transaction'); UPDATE tb_user SET name = 'skipped' WHERE pk_user = 3; COMMIT});
breaks('an online creation fails half-way', 'states', 'warning', 'TVIEW public\.tv_double is not complete',
	q{CREATE TABLE tb_double AS SELECT 1 AS pk_double FROM generate_series(1, 2)},
	q{CALL pg_tviews_create_concurrently('tv_double', 'SELECT pk_double FROM tb_double')},
	q{DELETE FROM tb_double WHERE ctid = '(0,1)'});
breaks('a row of pg_tview_meta is lost', 'metadata', 'error', 'TVIEW public\.tv_commenter: pg_tview_meta has no row', q{DELETE FROM pg_tview_meta WHERE entity = 'commenter'});
breaks('an event trigger is disabled', 'metadata', 'error', 'the event trigger pg_tviews_ddl_end does not fire', 'ALTER EVENT TRIGGER pg_tviews_ddl_end DISABLE');
breaks('a privilege is revoked', 'definitions', 'error', 'the query of TVIEW public\.tv_commenter cannot be maintained: permission denied for table tb_comment',
	'GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop; ALTER TABLE tv_commenter OWNER TO shop', 'REVOKE SELECT ON tb_comment FROM shop');
breaks('the audit log is changed', 'audit', 'error', 'the audit log is broken at log_id \d+',
	q{SET session_replication_role = replica; ALTER TABLE pg_tview_audit_log DISABLE TRIGGER append_only;
	  ALTER TABLE pg_tview_audit_log DISABLE TRIGGER append_only_statement;
	  UPDATE pg_tview_audit_log SET performed_by = 'nobody' WHERE link = 2});
breaks('an index is dropped', 'indexes', 'warning', 'TVIEW public\.tv_post: a .* wants an index on public\.tb_comment \(fk_post\)', q{INSERT INTO tb_comment (fk_post, fk_user, body) SELECT 1 + i % 50, 1 + i % 10, 'many' FROM generate_series(1, 5000) i},
	'ANALYZE', 'DROP INDEX tb_comment_fk_post_idx');

append_to_file($stop, '');
IPC::Run::finish $load;
is($node->safe_psql($db, 'SELECT * FROM pg_tviews_verify()'), '', 'and so it is when they have stopped');
$node->stop;
done_testing();
