# What a flush keeps of the changed rows stays within work_mem, also where what is computed of them is larger than they are.
#
# Not here: what statements over many rows take (script/bench, workload memory).
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('memory');
my $session = $node->background_psql('postgres');
$session->query_safe(q{
	CREATE EXTENSION pg_tviews;
	CREATE TABLE tb_text (pk_text integer PRIMARY KEY, body text);
	INSERT INTO tb_text SELECT n, repeat('x', 1000000) FROM generate_series(1, 150) n;
	CREATE TABLE tv_text AS SELECT t.pk_text, jsonb_build_object('upper', upper(t.body)) AS data FROM tb_text t;
});
like($session->query_safe(q{SELECT * FROM pg_tviews_explain('tv_text') AS e (line)}), qr/computed of this row alone.*: body/,
	'the value is computed of one row');
my $process = $session->query_safe('SELECT pg_backend_pid()');

# Megabytes of address space: shared memory is in it from the start.
sub peak
{
	my ($peak) = slurp_file("/proc/$process/status") =~ /VmPeak:\s+(\d+)/;
	return $peak / 1024;
}

$session->query_safe(q{SET pg_tviews.patch = off; UPDATE tb_text SET body = 'a' || body; RESET pg_tviews.patch});
my $before = peak();
$session->query_safe(q{UPDATE tb_text SET body = 'b' || body});
cmp_ok(peak() - $before, '<', 50, 'values of 150 MB, compressed in the rows, are not all in memory at once');
is($session->query_safe('SELECT count(*) FROM pg_tviews_verify(NULL)'), '0', 'and the documents are right');
$session->quit;
done_testing();
