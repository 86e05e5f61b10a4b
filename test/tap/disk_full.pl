# The disk of a TVIEW's tablespace is full: the transaction that would need more fails cleanly, the others go on, and with space
# again it succeeds.  Needs to mount a small file system, in a mount namespace of its own.
use strict;
use warnings;
use FindBin;

# Runs itself again in a namespace, before the test library takes hold of the output.
BEGIN
{
	my @namespace = ('unshare', '--user', '--mount', '--map-current-user', '--keep-caps');
	my $entered = $ENV{PG_TVIEWS_OWN_MOUNTS};
	if (!$entered && system("@namespace mount -t tmpfs tmpfs /mnt >/dev/null 2>&1") == 0)
	{
		$ENV{PG_TVIEWS_OWN_MOUNTS} = 1;
		exec @namespace, $^X, (map { "-I$_" } @INC), $0;
	}
	require Test::More;
	Test::More::plan(skip_all => 'no mount namespaces here') unless $entered;
}
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $small = PostgreSQL::Test::Utils::tempdir_short();
system('mount', '-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', $small) == 0 or die 'cannot mount';
my $node = new_server('full');
my $db = 'postgres';
make_blog($node, $db);
mkdir "$small/space" or die;
$node->safe_psql($db, "CREATE TABLESPACE small LOCATION '$small/space'");
$node->safe_psql($db, 'ALTER TABLE tv_post SET TABLESPACE small; ALTER INDEX tv_post_pkey SET TABLESPACE small');
is_exact($node, $db, 'in the tablespace');

# A comment on a post that makes its document larger than the disk; texts that do not compress well.
my $large = q{INSERT INTO tb_comment (fk_post, fk_user, body)
	SELECT 1 + i % 5, 1, string_agg(md5(i::text || j), '') FROM generate_series(1, 10) i, generate_series(1, 30000) j GROUP BY i};
my $full = qr/could not extend file "[^"]*": No space left on device.*maintaining TVIEW public.tv_post/s;
foreach my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
{
	my (undef, undef, $err) = $node->psql($db, qq{BEGIN ISOLATION LEVEL $level; UPDATE tb_user SET name = 'lost' WHERE pk_user = 1; $large; COMMIT});
	like($err, $full, "$level: the commit fails");
	is($node->safe_psql($db, q{SELECT count(*) FROM tb_user WHERE name = 'lost'}), 0, "$level: nothing of it remains");
	is_exact($node, $db, "$level, after a full disk");
	my ($status, undef, $message) = $node->psql($db,
		qq{BEGIN ISOLATION LEVEL $level; INSERT INTO tb_user (name) VALUES ('kept $level'); SAVEPOINT s; $large;
			SELECT count(*) FROM tv_post; ROLLBACK TO s; COMMIT}, on_error_stop => 0);
	like($message, $full, "$level: a read fails");
	is($node->safe_psql($db, q{SELECT data->>'name' FROM tv_user ORDER BY pk_user DESC LIMIT 1}), "kept $level",
		"$level: the transaction goes on from its savepoint");
	is_exact($node, $db, "$level, after that");
}
system('mount', '-o', 'remount,size=200m', $small) == 0 or die 'cannot remount';
$node->safe_psql($db, $large);
is_exact($node, $db, 'with space again');
cmp_ok($node->safe_psql($db, q{SELECT max(length(data::text)) FROM tv_post}), '>', 1500000, 'the large documents are there');
$node->stop;
system('umount', '-l', $small);
done_testing();
