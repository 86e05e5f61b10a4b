# A streaming standby: at every moment every TVIEW on it equals its query there; after its promotion writes are maintained.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = new_server('primary');
my $db = 'postgres';
make_blog($primary, $db);
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
$primary->wait_for_catchup($standby);
is_exact($standby, $db, 'on the standby, at first');

my $load = start_load($primary, $db, 2, 4);
my ($comparisons, $different, $states) = compare_during_load($primary, $standby, $db);
IPC::Run::finish $load;
is($different, '', "no difference in $comparisons comparisons on the standby");
cmp_ok($states, '>', 3, 'the standby followed meanwhile');

# Redefinitions arrive as well.
$primary->safe_psql($db, q{
	DROP VIEW difference;
	DROP TABLE tv_user;
	CREATE TABLE tv_user AS
		SELECT u.pk_user, jsonb_build_object('name', u.name, 'posts',
				ARRAY(SELECT p.data FROM tv_post p WHERE p.fk_user = u.pk_user ORDER BY p.pk_post DESC)) AS data
			FROM tb_user u;
});
$primary->wait_for_catchup($standby);
is($standby->safe_psql($db, 'SELECT * FROM pg_tviews_verify()'), '', 'verified on the standby after a redefinition');
my ($status, undef, $message) = $standby->psql($db, q{SELECT * FROM pg_tviews_refresh('tv_post')});
like($message, qr/ERROR:  cannot execute .* in a read-only transaction/, 'refresh says why not');
is($standby->safe_psql($db, 'SELECT pg_tviews_flush()'), '0', 'nothing to flush there');

$standby->promote;
$standby->safe_psql($db, q{
	UPDATE tb_user SET name = 'promoted' WHERE pk_user = 1;
	INSERT INTO tb_post (fk_user, title) VALUES (1, 'after promotion');
	DELETE FROM tb_comment WHERE fk_user = 2;
});
like($standby->safe_psql($db, q{SELECT data FROM tv_user WHERE pk_user = 1}), qr/promoted.*after promotion/,
	'writes after the promotion are maintained');
is($standby->safe_psql($db, 'SELECT * FROM pg_tviews_verify()'), '', 'and nothing differs');
$standby->stop;
$primary->stop;
done_testing();
