# What the tests of the runbooks share: the commands of docs/operations/runbooks.md, the tutorial's tables, clients, and the comparison of
# the tutorial's TVIEW with its query.
package Runbook;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(runbook make_tutorial run_block exact client all_succeed pid);

my $db = 'postgres';
my $docs = "$FindBin::Bin/../../docs";

# The ```sql blocks in a part of a document.
sub blocks { return $_[0] =~ /^```sql\n(.*?)^```$/gms; }

# The SQL blocks under **Diagnosis.** or another word, of the runbook at an anchor.
sub runbook
{
	my ($anchor, $word) = @_;
	my ($section) = slurp_file("$docs/operations/runbooks.md") =~ /^<a id="$anchor"><\/a>$(.*?)(?=^<a id=|\z)/ms
	  or die "no runbook $anchor";
	my ($part) = $section =~ /^\*\*$word\.\*\*(.*?)(?=^\*\*\w+\.\*\*|\z)/ms or die "no $word in runbook $anchor";
	my @blocks = blocks($part) or die "no SQL in $word of runbook $anchor";
	return @blocks;
}

# The tutorial's tables and its TVIEW, with the indexes it wants.
sub make_tutorial
{
	my ($node) = @_;
	my ($text) = slurp_file("$docs/tutorial.md") =~ /\A(.*?)^<!-- tv_post made -->/ms;
	$node->safe_psql($db, join("\n", blocks($text), 'SELECT pg_tviews_ensure_indexes(dry_run => false)'));
	return;
}

# What a block prints, and its errors.
sub run_block
{
	my ($node, $block) = @_;
	my (undef, $out, $err) = $node->psql($db, $block, on_error_stop => 0);
	return ($out, $err);
}

sub exact
{
	my ($node, $when) = @_;
	return is($node->safe_psql($db, q{
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		(TABLE v_post EXCEPT ALL SELECT pk_post, fk_user, data FROM tv_post) LIMIT 5;
		(SELECT pk_post, fk_user, data FROM tv_post EXCEPT ALL TABLE v_post) LIMIT 5;
		SELECT * FROM pg_tviews_verify() LIMIT 5;
		COMMIT}), '', "TVIEWs equal their queries $when");
}

# A client that runs one statement, in the background.
sub client
{
	my ($node, $name, $sql) = @_;
	my %client = (out => '', err => '');
	$client{run} = IPC::Run::start [ 'psql', '-XAtq', '-d', $node->connstr($db) . " application_name=$name", '-c', $sql ],
	  '<', \undef, '>', \$client{out}, '2>', \$client{err}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
	return \%client;
}

sub all_succeed
{
	my ($what, @clients) = @_;
	IPC::Run::finish $_->{run} foreach @clients;
	return is(join('', map { $_->{err} } @clients), '', $what);
}

sub pid { return $_[0]->query_safe('SELECT pg_backend_pid()'); }

1;
