# pg_upgrade, into a cluster with other settings: TVIEWs keep their documents and are maintained with the first write.  The extension
# comes along in the version it had.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $db = 'postgres';
my $old = new_server('old');
$old->safe_psql($db, q{CREATE EXTENSION pg_tviews VERSION '0.1.0'});
make_blog($old, $db);
$old->safe_psql($db, q{
	CREATE SCHEMA other;
	CREATE TABLE tb_event (pk_event integer PRIMARY KEY, body text) PARTITION BY RANGE (pk_event);
	CREATE TABLE tb_event_low PARTITION OF tb_event FOR VALUES FROM (0) TO (100);
	INSERT INTO tb_event SELECT i, 'event ' || i FROM generate_series(1, 20) i;
	SELECT pg_tviews_create('other.tv_event', 'SELECT pk_event, upper(body) AS body FROM tb_event', '{"fillfactor": 70}');
	UPDATE tb_user SET name = 'renamed' WHERE pk_user = 1;
});
my $plainly = q{SET TimeZone = 'UTC'; SET DateStyle = 'ISO'};
my $registry = "$plainly; SELECT * FROM pg_tviews_registry ORDER BY 1, 2";
my $documents = qq{$plainly; SELECT md5(string_agg(d::text, '' ORDER BY d::text)) FROM (
	SELECT 'post', pk_post, data::text, updated_at FROM tv_post UNION ALL SELECT 'user', pk_user, data::text, updated_at FROM tv_user
	UNION ALL SELECT 'event', pk_event, body, updated_at FROM other.tv_event) AS d};
my $triggers = q{SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgname LIKE '!pg_tviews%' ORDER BY 1, 2};
my %before = map { $_ => $old->safe_psql($db, $_) } $registry, $documents, $triggers;
$old->stop;

my $new = PostgreSQL::Test::Cluster->new('new');
$new->init;
$new->append_conf('postgresql.conf', "$_\n")
  foreach ("TimeZone = 'Asia/Tokyo'", "DateStyle = 'German'", 'max_locks_per_transaction = 200', 'wal_level = logical',
	"default_transaction_isolation = 'serializable'");
my $bindir = $old->config_data('--bindir');
chdir PostgreSQL::Test::Utils::tempdir();
command_ok(
	[ 'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir, '-b', $bindir, '-B', $bindir, '-s', $new->host,
		'-p', $old->port, '-P', $new->port ],
	'pg_upgrade');
$new->start;
is($new->safe_psql($db, $_), $before{$_}, "the same after it: " . (split /;\s*/, $_)[-1]) foreach $registry, $documents, $triggers;
is_exact($new, $db, 'after the upgrade');
my $version = q{SELECT extversion FROM pg_extension WHERE extname = 'pg_tviews'};
is($new->safe_psql($db, $version), '0.1.0', 'the version of the objects is the old one');
my $updates = 'update_extensions.sql';
like(slurp_file($updates), qr/ALTER EXTENSION "pg_tviews" UPDATE/, 'pg_upgrade leaves a script');
command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $new->connstr($db), '-f', $updates ], 'which succeeds');
is($new->safe_psql($db, $version), $new->safe_psql($db, 'SELECT pg_tviews_version()'), 'and upgrades');
is_exact($new, $db, 'after it');
is($new->safe_psql($db, 'SELECT count(*) FROM pg_tviews_audit_verify()'), '0', 'the audit log is whole');
$new->safe_psql($db, q{
	UPDATE tb_user SET name = 'upgraded' WHERE pk_user = 2;
	INSERT INTO tb_post (fk_user, title) VALUES (2, 'upgraded');
	INSERT INTO tb_event VALUES (50, 'upgraded');
	DELETE FROM tb_comment WHERE fk_user = 3;
});
like($new->safe_psql($db, 'SELECT data FROM tv_user WHERE pk_user = 2'), qr/upgraded.*upgraded/, 'writes are maintained');
is($new->safe_psql($db, 'SELECT body FROM other.tv_event WHERE pk_event = 50'), 'UPGRADED', 'in every schema');
is_exact($new, $db, 'after them');
$new->safe_psql($db, 'TRUNCATE tb_comment');
$new->safe_psql($db, 'CREATE TABLE tv_comment AS SELECT pk_comment, body FROM tb_comment');
is($new->safe_psql($db, 'SELECT count(*), (SELECT count(*) FROM pg_tview_audit_log WHERE link IS NULL) FROM pg_tviews_audit_verify()'), '0|0',
	'and goes on whole');
is_exact($new, $db, 'after TRUNCATE and a new TVIEW');
$new->stop;
done_testing();
