# A streaming standby: at every moment every TVIEW on it equals its query there, also while the primary dies under load and the standby
# is promoted; after its promotion writes are maintained.
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
make_difference($primary, $db);
$primary->wait_for_catchup($standby);
is_exact($standby, $db, 'on the standby after a redefinition');
my ($status, undef, $message) = $standby->psql($db, q{SELECT * FROM pg_tviews_refresh('tv_post')});
like($message, qr/ERROR:  cannot execute .* in a read-only transaction/, 'refresh says why not');
is($standby->safe_psql($db, 'SELECT pg_tviews_flush()'), '0', 'nothing to flush there');

# The primary dies under load.  A reader of the standby compares all the while: before, during the promotion and after it.
my $last = 'SELECT max(pk_comment) FROM tb_comment';
my $before = $standby->safe_psql($db, $last);
$load = start_load($primary, $db, 2, 600);
wait_until($standby, $db, "SELECT max(pk_comment) > $before + 50 FROM tb_comment");
ok($load->pumpable, 'clients write when the primary dies');
$primary->kill9;
my $reader = $standby->background_psql($db);
($comparisons, $different) = (0, '');
my $compare = sub {
	$different .= $reader->query_safe('SELECT * FROM difference');
	++$comparisons;
	return $reader->query_safe('SELECT pg_is_in_recovery()');
};
is($compare->(), 't', 'compared when the primary is gone');
my $promotion = IPC::Run::start [ 'pg_ctl', '-D', $standby->data_dir, '-w', 'promote' ], '<', \undef, '>', \my $said, '2>', \my $problem;
while ($compare->() eq 't' && $promotion->pumpable) { }
$compare->();
$reader->quit;
ok(IPC::Run::finish($promotion), 'promoted') or diag($problem);
is($different, '', "no difference in $comparisons comparisons through the promotion");
$load->kill_kill;
is_exact($standby, $db, 'on the promoted server before its first write');
cmp_ok($standby->safe_psql($db, $last), '>', $before + 50, 'which has what the clients wrote');

$standby->safe_psql($db, q{
	UPDATE tb_user SET name = 'promoted' WHERE pk_user = 1;
	INSERT INTO tb_post (fk_user, title) VALUES (1, 'after promotion');
	DELETE FROM tb_comment WHERE fk_user = 2;
});
like($standby->safe_psql($db, q{SELECT data FROM tv_user WHERE pk_user = 1}), qr/promoted.*after promotion/,
	'writes after the promotion are maintained');
is_exact($standby, $db, 'after these writes');

# The clients come back to the promoted server.
$load = start_load($standby, $db, 2, 2);
($comparisons, $different, $states) = compare_during_load($standby, $standby, $db);
ok(IPC::Run::finish($load), 'the clients write on there');
is($different, '', "no difference in $comparisons comparisons meanwhile");
is_exact($standby, $db, 'in the end');
$standby->stop;
done_testing();
