# Four clients write at random for a while, at all isolation levels, with savepoints, rollbacks and reads of TVIEWs in between;
# a reader compares every TVIEW with its query throughout, each time in one REPEATABLE READ snapshot.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{PG_TVIEWS_TEST_SECONDS} || 15;
my $node = new_server('concurrent', 'deadlock_timeout = 20ms');
my $db = 'postgres';
make_blog($node, $db);

# Each transaction: one or two writes, :op says which.  Rows are taken at random from those that exist; comments are added only
# to the first 20 posts, which are never deleted, so that no foreign key is violated.
my $pick = '(SELECT pk_%1$s FROM tb_%1$s WHERE pk_%1$s >= :seed %% (SELECT max(pk_%1$s) FROM tb_%1$s) ORDER BY 1 LIMIT 1)';
my ($user, $post, $comment) = map { sprintf($pick, $_) } qw(user post comment);
my $kept = '1 + :seed % 20';
my @writes = (
	"INSERT INTO tb_comment (fk_post, fk_user, body) SELECT $kept, $user, 'new'",
	"INSERT INTO tb_comment (fk_post, fk_user, body) SELECT $kept, pk_user, 'all' FROM tb_user WHERE pk_user <= 3",
	"DELETE FROM tb_comment WHERE pk_comment = $comment",
	"DELETE FROM tb_comment WHERE fk_user = 7",
	"UPDATE tb_comment SET fk_post = $kept, body = 'moved' WHERE pk_comment = $comment",
	"UPDATE tb_comment SET fk_user = $user WHERE pk_comment = $comment",
	"UPDATE tb_user SET name = 'user ' || :seed % 5 WHERE pk_user = $user",
	"UPDATE tb_post SET title = 'title ' || :seed WHERE pk_post = $post",
	"UPDATE tb_post SET fk_user = $user WHERE pk_post = $post",
	"INSERT INTO tb_post (fk_user, title) SELECT $user, 'new'",
	"DELETE FROM tb_post WHERE pk_post = $post AND pk_post > 20",
	"UPDATE tb_user SET name = name || '!' WHERE pk_user % 4 = :seed % 4 AND length(name) < 12");
my $read = 'SELECT count(*), max(data::text) FROM tv_user';
my $choose = join('', map { ($_ ? '\elif' : '\if') . " :op = $_\n$writes[$_];\n" } 0 .. $#writes) . "\\endif\n";
my $write = sprintf("\\set op random(0, %d)\n\\set seed random(1, 1000000)\n", $#writes) . $choose;
my $maybe_read = "\\set reads random(0, 3)\n\\if :reads = 0\n$read;\n\\endif\n";

my %levels = (read_committed => 4, repeatable_read => 3, serializable => 2);
my @scripts;
my $folder = PostgreSQL::Test::Utils::tempdir();
foreach my $level (sort keys %levels)
{
	my $begin = 'BEGIN ISOLATION LEVEL ' . uc($level =~ s/_/ /r) . ";\n";
	append_to_file("$folder/$level.sql", "$begin$write${maybe_read}${write}COMMIT;\n");
	append_to_file("$folder/${level}_savepoint.sql",
		"$begin${write}SAVEPOINT s;\n$write${maybe_read}ROLLBACK TO s;\n${maybe_read}SAVEPOINT s;\n${write}RELEASE s;\nCOMMIT;\n");
	append_to_file("$folder/${level}_rollback.sql", "$begin$write${maybe_read}ROLLBACK;\n");
	push @scripts, '-f', "$folder/$level.sql\@" . 4 * $levels{$level}, '-f', "$folder/${level}_savepoint.sql\@$levels{$level}",
	  '-f', "$folder/${level}_rollback.sql\@1";
}

my ($out, $err) = ('', '');
my $load = IPC::Run::start [ 'pgbench', '-n', '-c', '4', '-j', '2', '-T', $seconds, '--max-tries', '1000',
	'--failures-detailed', @scripts, $node->connstr($db) . ' application_name=load' ],
  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default + $seconds);

# Compares while the load lasts; a snapshot in use for several comparisons must give the same answer each time.
my ($comparisons, @different) = (0);
wait_until($node, $db, q{SELECT count(*) > 0 FROM pg_stat_activity WHERE application_name = 'load'});
my $reader = $node->background_psql($db);
while ($reader->query_safe(q{SELECT count(*) FROM pg_stat_activity WHERE application_name = 'load'}) > 0)
{
	foreach my $statement ('BEGIN ISOLATION LEVEL REPEATABLE READ', ('SELECT * FROM difference') x 2,
		'SELECT * FROM pg_tviews_verify()', 'COMMIT')
	{
		my $difference = $reader->query_safe($statement);
		push @different, $difference if $difference ne '';
	}
	++$comparisons;
}
$reader->quit;
IPC::Run::finish $load;

is_deeply(\@different, [], "no snapshot saw a difference in $comparisons comparisons");
cmp_ok($comparisons, '>', 10, 'the reader took part');
unlike($err, qr/ERROR|FATAL|PANIC|aborted/, 'no error but those that pgbench tries again');
my ($done) = $out =~ /number of transactions actually processed: (\d+)/;
cmp_ok($done // 0, '>', 100, 'the load was a load');
is_exact($node, $db, 'afterwards');
my %reports = map { ($out =~ /^(number of .*?$_.*)$/m ? ($_ => $1) : ()) } 'transactions actually', 'retried', 'failed';
note($_) foreach values %reports;
my $log = slurp_file($node->logfile);
my @unexpected = grep { /ERROR:/ && !/could not serialize access|deadlock detected/ } split /\n/, $log;
is(join("\n", @unexpected[0 .. ($#unexpected > 4 ? 4 : $#unexpected)]), '', 'no other errors in the server log');
note('deadlocks: ' . scalar(() = $log =~ /deadlock detected/g)
	  . ', serialization failures: ' . scalar(() = $log =~ /could not serialize access/g));

# Transactions that flush only when they commit, and whose own writes never meet: at READ COMMITTED and REPEATABLE READ
# maintenance adds neither deadlocks nor serialization failures, though their documents are the same.
$node->safe_psql($db, q{
	ALTER TABLE tb_post DROP CONSTRAINT tb_post_fk_user_fkey;
	ALTER TABLE tb_comment DROP CONSTRAINT tb_comment_fk_post_fkey, DROP CONSTRAINT tb_comment_fk_user_fkey;
});
@scripts = ();
foreach my $level ('read committed', 'repeatable read')
{
	my $file = "$folder/apart_" . ($level =~ s/ /_/r) . '.sql';
	append_to_file($file, "BEGIN ISOLATION LEVEL $level;\n" . q{
		\set row 1 + :client_id + 4 * random(0, 1)
		\set any random(1, 10)
		\set op random(0, 2)
		UPDATE tb_user SET name = 'client ' || :client_id || ' ' || :any WHERE pk_user = :row;
		INSERT INTO tb_comment (fk_post, fk_user, body) VALUES (:any, :any, 'client ' || :client_id);
		\if :op = 0
		UPDATE tb_post SET fk_user = :any WHERE pk_post = :row;
		\elif :op = 1
		DELETE FROM tb_comment WHERE body = 'client ' || :client_id;
		\endif
		COMMIT;
	});
	push @scripts, '-f', $file;
}
my $logged = -s $node->logfile;
$node->command_ok([ 'pgbench', '-n', '-c', '4', '-j', '2', '-T', 5, @scripts, $node->connstr($db) ], 'writes that never meet');
is(join('', grep { /ERROR:/ } split /^/, substr(slurp_file($node->logfile), $logged)), '', 'have no error at all');
is_exact($node, $db, 'after that');
$node->stop;
done_testing();
