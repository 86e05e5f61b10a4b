# The measurements behind docs/reference/limits.md at a thousandth of their size, and the formulas of docs/operations/capacity.md but
# for those of time: so that the scripts work, documents are exact afterwards, and the pages show what was measured.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $bench = "$FindBin::Bin/../bench";
my ($bindir) = run_command([ 'pg_config', '--bindir' ]);
my $node = new_server('measured', "shared_preload_libraries = 'pg_tviews'", 'max_connections = 150', 'full_page_writes = off',
	'checkpoint_timeout = 1h', 'max_wal_size = 1GB');
local @ENV{qw(PGHOST PGPORT)} = ($node->host, $node->port);
my @server = ('--bindir', $bindir, '--scratch', PostgreSQL::Test::Utils::tempdir(), '--data', $node->data_dir);

command_checks_all([ "$bench/limits/limits.py", @server, '--scale', '0.001' ], 0,
	[ map { qr/^$_: .*?Differences found: 0\./ms } qw(fifty_tviews hundred_sessions large_document million_rows ten_million twelve_levels) ], [qr/^$/],
	'limits, small');
command_ok([ "$bench/limits/limits.py", '--check-page' ], 'limits.md shows measured.json');
my ($out, $err) = run_command([ "$bench/capacity/capacity.py", @server ]);
is($err, '', 'formulas could be checked');
my @checks = $out =~ /^(?:ok  |FAIL) .*$/mg;
cmp_ok(scalar @checks, '>=', 25, 'so many of them');
like($_, qr/^ok/, ($_ =~ /^\S+\s+(.*?):/)[0]) foreach @checks;
command_ok([ "$bench/capacity/capacity.py", '--check-page' ], 'capacity.md shows capacity.json');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_database WHERE datname ~ '^(limits|capacity)'}), '0', 'nothing is left behind');
$node->stop;

done_testing();
