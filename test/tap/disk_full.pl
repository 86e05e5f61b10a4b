# The disk of a TVIEW's tablespace is full: the transaction that would need more fails cleanly, the others go on, and with space
# again it succeeds.  The disk is a small file system, mounted in a mount namespace of its own; where there can be none, files that
# may not grow past a limit stand for it, and PostgreSQL has another message.
use strict;
use warnings;
use FindBin;

# Runs itself again in a namespace, before the test library takes hold of the output.
my $mounts;
BEGIN
{
	my @namespace = ('unshare', '--user', '--mount', '--map-current-user', '--keep-caps');
	$mounts = $ENV{PG_TVIEWS_OWN_MOUNTS};
	if (!$mounts && system("@namespace mount -t tmpfs tmpfs /mnt >/dev/null 2>&1") == 0)
	{
		$ENV{PG_TVIEWS_OWN_MOUNTS} = 1;
		exec @namespace, $^X, (map { "-I$_" } @INC), $0;
	}
}
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $small = PostgreSQL::Test::Utils::tempdir_short();
!$mounts or system('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', $small) == 0 or die 'cannot mount';
note($mounts ? 'a small file system' : 'no mount namespaces here: a limit on the size of files');
my $node = new_server('full');
my $db = 'postgres';
make_blog($node, $db);
mkdir "$small/space" or die;
$node->safe_psql($db, "CREATE TABLESPACE small LOCATION '$small/space'");
$node->safe_psql($db, 'ALTER TABLE tv_post SET TABLESPACE small; ALTER INDEX tv_post_pkey SET TABLESPACE small');
is_exact($node, $db, 'in the tablespace');

# How much space there is.  The files of the server's log of writes have 16 MB.
sub limit_space
{
	my ($mount, $file) = @_;
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	my @command = $mounts ? ('mount', '-o', "remount,size=$mount", $small) : ('prlimit', '--pid', $postmaster, "--fsize=$file:unlimited");
	system(@command) == 0 or die "cannot run @command";
	return;
}
limit_space('8m', 16 * 1024 * 1024);

# A name of one megabyte, of text that does not compress well, in all documents of a user's posts and of those with his comments.
my $large = q{UPDATE tb_user SET name = (SELECT string_agg(md5(j::text), '') FROM generate_series(1, 32000) j) WHERE pk_user = 2};
my $full = qr/could not (extend|write to) file "[^"]*": (No space left on device|File too large).*maintaining TVIEW public.tv_post/s;
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
limit_space('300m', 'unlimited');
$node->safe_psql($db, $large);
is_exact($node, $db, 'with space again');
cmp_ok($node->safe_psql($db, q{SELECT sum(length(data::text)) FROM tv_post}), '>', 20_000_000, 'the large documents are there');
$node->stop;
system('umount', '-l', $small) if $mounts;
done_testing();
