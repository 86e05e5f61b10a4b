# A PostgreSQL installation of a test's own: a copy in which the extension's files can be broken.  What is not changed is linked.
package Installation;

use strict;
use warnings;
use File::Basename;
use File::Copy;
use PostgreSQL::Test::Utils;

# A new copy of the installation that pg_config belongs to.
sub new
{
	my ($class) = @_;
	my %dir = map { my ($path) = run_command([ 'pg_config', "--$_" ]); ($_ => $path) } qw(bindir pkglibdir sharedir);
	my $root = PostgreSQL::Test::Utils::tempdir();
	foreach my $name (sort keys %dir)
	{
		system_or_bail('mkdir', '-p', dirname("$root$dir{$name}"));
		# A program finds its files from where it is itself, links followed.
		system_or_bail('cp', $name eq 'bindir' ? '-rL' : '-rs', $dir{$name}, "$root$dir{$name}");
	}
	return bless { map { ($_ => "$root$dir{$_}") } keys %dir }, $class;
}

# For PostgreSQL::Test::Cluster->new(..., install_path => ...).
sub path { my ($self) = @_; return dirname($self->{bindir}); }

# Where the extension's files are; a script or the control file by its name.
sub library { my ($self) = @_; return "$self->{pkglibdir}/pg_tviews.so"; }
sub file { my ($self, $name) = @_; return "$self->{sharedir}/extension/$name"; }

# Replaces a file by another text, as a package does: by a new file of that name.  undef takes it away.
sub put
{
	my ($self, $path, $text) = @_;
	unlink $path;
	return unless defined $text;
	open my $file, '>:raw', $path or die "$path: $!";
	print $file $text;
	close $file or die "$path: $!";
	return;
}

1;
