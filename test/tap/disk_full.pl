# The disk of a TVIEW's tablespace is full: the transaction that would need more fails cleanly, the others go on, and with space
# again it succeeds.  The disk is a small file system, mounted in a mount namespace of its own, where there can be one.  Then files may
# not grow past a limit, temporary ones neither, which is another error.
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
my $node = new_server('full');
my $db = 'postgres';
make_blog($node, $db);
mkdir "$small/space" or die;
$node->safe_psql($db, "CREATE TABLESPACE small LOCATION '$small/space'");
$node->safe_psql($db, 'ALTER TABLE tv_post SET TABLESPACE small; ALTER INDEX tv_post_pkey SET TABLESPACE small');
is_exact($node, $db, 'in the tablespace');

# Runs a command that sets how much space there is.
sub set_space
{
	my ($what, $to) = @_;
	my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	my @command = $what eq 'disk' ? ('mount', '-o', "remount,size=$to", $small) : ('prlimit', '--pid', $postmaster, "--fsize=$to:");
	system(@command) == 0 or die "cannot run @command";
	return;
}

# A name of one megabyte, of text that does not compress well, in all documents of a user's posts and of those with his comments.
my $large = q{UPDATE tb_user SET name = (SELECT string_agg(md5(j::text), '') FROM generate_series(1, 32000) j) WHERE pk_user = 2};
my $full = qr/could not (extend|write to) file "[^"]*": (No space left on device|File too large).*maintaining TVIEW public.tv_post/s;
# The files of the server's log of writes have 16 MB.
my %space = (disk => [ '8m', '300m' ], file => [ 16 * 1024 * 1024, 'unlimited' ]);
note('no mount namespaces here') unless $mounts;
foreach my $what ($mounts ? 'disk' : (), 'file')
{
	set_space($what, $space{$what}[0]);
	foreach my $level ('READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE')
	{
		my (undef, undef, $err) = $node->psql($db, qq{BEGIN ISOLATION LEVEL $level; UPDATE tb_user SET name = 'lost' WHERE pk_user = 1; $large; COMMIT});
		like($err, $full, "$what, $level: the commit fails");
		is($node->safe_psql($db, q{SELECT count(*) FROM tb_user WHERE name = 'lost'}), 0, "$what, $level: nothing of it remains");
		is_exact($node, $db, "$what, $level, after a full disk");
		my ($status, undef, $message) = $node->psql($db,
			qq{BEGIN ISOLATION LEVEL $level; INSERT INTO tb_user (name) VALUES ('kept $what $level'); SAVEPOINT s; $large;
				SELECT count(*) FROM tv_post; ROLLBACK TO s; COMMIT}, on_error_stop => 0);
		like($message, $full, "$what, $level: a read fails");
		is($node->safe_psql($db, q{SELECT data->>'name' FROM tv_user ORDER BY pk_user DESC LIMIT 1}), "kept $what $level",
			"$what, $level: the transaction goes on from its savepoint");
		is_exact($node, $db, "$what, $level, after that");
	}
	set_space($what, $space{$what}[1]);
}
$node->safe_psql($db, $large);
is_exact($node, $db, 'with space again');
cmp_ok($node->safe_psql($db, q{SELECT sum(length(data::text)) FROM tv_post}), '>', 20_000_000, 'the large documents are there');
$node->stop;
system('umount', '-l', $small) if $mounts;
done_testing();
