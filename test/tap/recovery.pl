# Disaster recovery: each failure that docs/operations/recovery.md describes is performed on a server of its own, and cured by the
# commands that stand in the document or that the health check prints.  Then every TVIEW must equal its query.  Backups are taken, and
# restored, by the scripts in docs/operations/scripts.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use File::Copy;
use PostgreSQL::Test::Utils;
use Test::More;

my $operations = "$FindBin::Bin/../../docs/operations";
my $db = 'postgres';
my $backups = PostgreSQL::Test::Utils::tempdir_short();
mkdir "$backups/wal" or die;

# The block of the document that follows this mark.
sub documented
{
	my ($mark) = @_;
	slurp_file("$operations/recovery.md") =~ /^<!-- \Q$mark\E -->\n+```\w*\n(.*?)^```/ms or die "recovery.md has no block \"$mark\"";
	return $1;
}

# The archive_command that the head of the backup script proposes.
slurp_file("$operations/scripts/backup") =~ /^#   archive_command = '(.*)'$/m or die 'backup names no archive_command';
my $archive = $1 =~ s/FOLDER/$backups/gr;

# An installation of its own, whose files can be lost: programs are copied, since they look for the rest beside where they really are.
my %installed = map { $_ => (run_command([ 'pg_config', "--$_" ]))[0] } qw(bindir pkglibdir sharedir);
my $own = PostgreSQL::Test::Utils::tempdir();
foreach my $folder (values %installed)
{
	my ($above) = $folder =~ m{^(.*)/};
	system('mkdir', '-p', "$own$above") == 0 or die;
	system('cp', $folder eq $installed{bindir} ? '-RL' : '-Rs', $folder, "$own$folder") == 0 or die;
}
$ENV{PATH} = "$own$installed{bindir}:$ENV{PATH}";

my $node = new_server('recovery', "shared_preload_libraries = 'pg_tviews'", 'archive_mode = on', "archive_command = '$archive'");
$node->stop;
command_ok([ 'pg_checksums', '--enable', '--no-sync', '-D', $node->data_dir ], 'data checksums');
$node->start;
make_blog($node, $db);
$node->safe_psql($db, 'CHECKPOINT; ANALYZE');
my $lib = "$own$installed{pkglibdir}/pg_tviews.so";
my $files = "$own$installed{sharedir}/extension";

sub problems
{
	my ($component) = @_;
	return $node->safe_psql($db, "SELECT message FROM pg_tviews_health_check(1) WHERE status <> 'ok' AND component LIKE '$component' ORDER BY 1");
}

# Runs what the health check prints until it prints nothing.
sub cured
{
	my ($what, $component, $expected) = @_;
	like(problems($component), $expected, "$what: the health check names it");
	foreach (1 .. 4)
	{
		my $messages = problems('%');
		last if $messages eq '';
		$node->psql($db, $_) foreach $messages =~ /\. Run: (.*)$/mg;
	}
	is(problems('%'), '', "$what: its commands put it right");
	return is_exact($node, $db, "after that ($what)");
}

# Runs one of the scripts.
sub script
{
	my ($name, @arguments) = @_;
	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	local $ENV{PG_BINDIR} = "$own$installed{bindir}";
	my ($out, $err) = ('', '');
	my $ok = IPC::Run::run [ "$operations/scripts/$name", @arguments ], '<', \undef, '>', \$out, '2>', \$err;
	note("$name: $out$err");
	return ($ok, $out, $err);
}

# Overwrites a page of a file of a relation while the server is stopped.
sub damage
{
	my ($relation) = @_;
	my $path = $node->data_dir . '/' . $node->safe_psql($db, "SELECT pg_relation_filepath('$relation')");
	$node->stop;
	open(my $file, '+<:raw', $path) or die "$path: $!";
	seek($file, 4096, 0);
	print $file 'garbage' x 100;
	close $file;
	$node->start;
	return;
}

# Backups, with retention; a drill of the newest.
my ($ok, $out, $err);
foreach (1 .. 2)
{
	$node->safe_psql($db, "UPDATE tb_user SET name = 'backup $_' WHERE pk_user = 1");
	($ok, $out, $err) = script('backup', '-k', 1, $backups);
	ok($ok, "backup $_");
	sleep 1;      # backups are named by the second
}
is(scalar(() = glob("$backups/base/*")), 1, 'one is kept');
my ($first_wal) = $out =~ /WAL from (\w+) on/;
is(scalar(grep { m{/([0-9A-F]{24})$} && $1 lt $first_wal } glob("$backups/wal/*")), 0, 'and no WAL of older ones');

# Two of three are kept, the newest ones, and the WAL from the older of them on.
my @taken = map { s{.*/}{}r } glob("$backups/base/*");
foreach (1 .. 2)
{
	sleep 1;
	$node->safe_psql($db, "UPDATE tb_user SET name = 'backup of two, $_' WHERE pk_user = 1; SELECT pg_switch_wal()");
	($ok, $out, $err) = script('backup', '-k', 2, $backups);
	ok($ok, "backup $_, two kept");
	push @taken, $out =~ /^backup (\S+),/m;
}
is_deeply([ map { s{.*/}{}r } sort glob("$backups/base/*") ], [ @taken[1, 2] ], 'the oldest of three is removed');
like($out, qr/^removed $taken[0]$/m, 'and named');
($first_wal) = slurp_file("$backups/base/$taken[1]/backup_label") =~ /^START WAL LOCATION: .*\(file (\w+)\)/m;
is(scalar(grep { m{/([0-9A-F]{24})$} && $1 lt $first_wal } glob("$backups/wal/*")), 0, 'no WAL is kept from before the older one');
ok(-e "$backups/wal/$first_wal", 'and all from its beginning on');
$node->safe_psql($db, q{UPDATE tb_user SET name = 'archived' WHERE pk_user = 2; SELECT pg_switch_wal()});
wait_until($node, $db, 'SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver');
($ok, $out) = script('restore-drill', '-d', $backups, $backups);
ok($ok, 'the drill finds every TVIEW equal to its query');
like($out, qr/^database postgres: 3 TVIEWs, 0 differences$/m, 'all of them');
like($out, qr/^RTO: [0-9.]+ s until writes are taken .* [0-9.]+ s until verified$/m, 'and says how long it took');
like($out, qr/^RPO: [0-9.]+ s, the newest restored transaction is of 2/m, 'and what would be lost');
is(scalar(() = glob("$backups/drill*")), 0, 'it leaves nothing behind');

# A point in time: a table is emptied by mistake.  What the document says is done with the newest backup and the archive.
$node->safe_psql($db, q{INSERT INTO tb_comment (fk_post, fk_user, body) VALUES (1, 1, 'before the mistake')});
my $before = $node->safe_psql($db, 'SELECT clock_timestamp()');
my %then = map { $_ => $node->safe_psql($db, "SELECT md5(string_agg(d::text, '' ORDER BY d::text)) FROM $_ d") } qw(tb_comment tv_post tv_user tv_commenter);
sleep 1;
$node->safe_psql($db, 'DELETE FROM tb_comment; SELECT pg_switch_wal()');
wait_until($node, $db, 'SELECT last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) FROM pg_stat_archiver');
my ($newest) = reverse sort glob("$backups/base/*");
my $restored = PostgreSQL::Test::Cluster->new('restored');
run_log([ 'cp', '-R', $newest, $restored->data_dir ]) or die;
chmod 0700, $restored->data_dir;
my $settings = documented('recovery.pl: point in time') =~ s{/backup/}{$backups/}gr =~ s/2024-06-01 12:00:00\+00/$before/r;
$restored->append_conf('postgresql.conf', $_) foreach $settings, 'port = ' . $restored->port, 'archive_mode = off', "unix_socket_directories = '" . $restored->host . "'";
append_to_file($restored->data_dir . '/recovery.signal', '');
$restored->start;
wait_until($restored, $db, 'SELECT NOT pg_is_in_recovery()');
is($restored->safe_psql($db, "SELECT md5(string_agg(d::text, '' ORDER BY d::text)) FROM $_ d"), $then{$_}, "point in time: $_ is what it was then")
  foreach sort keys %then;
is($restored->safe_psql($db, 'SELECT count(*) FROM pg_tviews_verify()'), '0', 'point in time: nothing to repair');
is_exact($restored, $db, 'at that point in time');
is($restored->safe_psql($db, q{SELECT component, message FROM pg_tviews_health_check() WHERE severity = 'error'}), '', 'point in time: healthy');
$restored->safe_psql($db, q{UPDATE tb_user SET name = 'after recovery' WHERE pk_user = 1});
is_exact($restored, $db, 'after a write to the restored server');

# A base table is dropped with CASCADE, the TVIEWs that read it with it: table and TVIEWs come from the server restored above.
$node->safe_psql($db, 'DROP VIEW difference; DROP TABLE tb_comment CASCADE');
is($node->safe_psql($db, 'SELECT count(*) FROM pg_tview_meta'), '0', 'dropped base table: the TVIEWs that read it are gone');
my $connect = sub { my ($server) = @_; return '-h ' . $server->host . ' -p ' . $server->port };
my $copy = documented('recovery.pl: dropped table') =~ s/RESTORED/$connect->($restored)/ger =~ s/SERVER/$connect->($node)/ger =~ s/\bshop\b/$db/gr;
command_ok([ 'bash', '-ec', $copy ], 'dropped base table: restored');
$node->safe_psql($db, documented('recovery.pl: dropped TVIEWs'));
is($node->safe_psql($db, 'SELECT string_agg(entity, $$ $$ ORDER BY entity) FROM pg_tview_meta'), 'commenter post user', 'dropped base table: the TVIEWs are there again');
is($node->safe_psql($db, 'SELECT count(*) FROM pg_tviews_verify()'), '0', 'dropped base table: exact');
$restored->stop;
$node->safe_psql($db, q{
	CREATE VIEW difference AS SELECT * FROM (TABLE v_post EXCEPT ALL SELECT pk_post, fk_user, data FROM tv_post) AS d
		UNION ALL (SELECT pk_post, fk_user, data FROM tv_post EXCEPT ALL TABLE v_post)});
$node->safe_psql($db, q{UPDATE tb_user SET name = 'and goes on' WHERE pk_user = 3; DELETE FROM tb_comment WHERE pk_comment = 4});
is_exact($node, $db, 'after writes to the table that was dropped');
is(problems('%'), '', 'dropped base table: healthy');

# Damaged pages: of documents, of an index on them, of values stored out of line, of pg_tview_meta.
$node->safe_psql($db, q{
	CREATE TABLE tb_long (pk_long integer PRIMARY KEY, body text);
	ALTER TABLE tb_long ALTER body SET STORAGE EXTERNAL;
	INSERT INTO tb_long SELECT i, repeat(md5(i::text), 200) FROM generate_series(1, 20) i;
	CREATE TABLE tv_long AS SELECT pk_long, body FROM tb_long;
	ALTER TABLE tv_long ALTER body SET STORAGE EXTERNAL;
	UPDATE tb_long SET body = body || '.'});
$node->safe_psql($db, 'CHECKPOINT');
damage('tv_post');
my ($code, $printed, $said) = $node->psql($db, q{SELECT * FROM pg_tviews_verify('tv_post')});
like($said, qr/invalid page in block 0 of relation/, 'a damaged page: verification fails');
cured('a damaged page', 'verification', qr/TVIEW public\.tv_post cannot be compared: invalid page [^.]*\. Run: BEGIN; TRUNCATE public\.tv_post; .*This is public\.tv_post, which it reads/s);
damage('tv_user_pkey');
cured('a damaged index', 'verification', qr/TVIEW public\.tv_user cannot be compared: .* Run: REINDEX TABLE public\.tv_user$/m);
my $toast = $node->safe_psql($db, q{SELECT reltoastrelid::regclass FROM pg_class WHERE relname = 'tv_long'});
damage($toast);
cured('a damaged page of long values', 'verification', qr/TVIEW public\.tv_long cannot be compared: .* Run: BEGIN; TRUNCATE public\.tv_long; /);
my $path = $node->data_dir . '/' . $node->safe_psql($db, q{SELECT pg_relation_filepath('tv_long')});
$node->stop;
unlink $path or die;
$node->start;
cured('a file that is gone', 'verification', qr/TVIEW public\.tv_long cannot be compared: could not open file .* Run: BEGIN; TRUNCATE public\.tv_long; /);
damage('pg_tview_meta');
(undef, undef, $said) = $node->psql($db, q{UPDATE tb_user SET name = 'refused' WHERE pk_user = 1});
like($said, qr/invalid page in block 0 of relation/, 'damaged metadata: writes are refused');
$node->safe_psql($db, documented('recovery.pl: damaged metadata'));
is(problems('%'), '', 'damaged metadata: healthy after the command');
is_exact($node, $db, 'with the metadata written again');
$node->safe_psql($db, q{UPDATE tb_user SET name = 'taken' WHERE pk_user = 1});
is_exact($node, $db, 'after a write then');

# The extension's files are gone: first control and SQL files, then the library.
my $kept = PostgreSQL::Test::Utils::tempdir();
my @scripts = ("$files/pg_tviews.control", glob("$files/pg_tviews--*.sql"));
move($_, $kept) or die "$_: $!" foreach @scripts;
like(problems('version'), qr/the extension's files are gone from the server.* Run: SELECT default_version FROM/, 'files gone: the health check says so');
$node->safe_psql($db, q{UPDATE tb_user SET name = 'without files' WHERE pk_user = 1});
is_exact($node, $db, 'while the control file is gone');
(undef, undef, $said) = $node->psql($db, 'ALTER EXTENSION pg_tviews UPDATE');
like($said, qr/could not open extension control file|extension "pg_tviews" is not available/, 'files gone: the extension cannot be upgraded');
move("$kept/" . ($_ =~ s{.*/}{}r), $_) or die "$_: $!" foreach @scripts;
is(problems('version'), '', 'files gone: installing them again is all');

my $session = $node->background_psql($db);
$session->query_safe(q{UPDATE tb_user SET name = 'loaded' WHERE pk_user = 1});
move($lib, $kept) or die;
$session->query_safe(q{UPDATE tb_user SET name = 'still loaded' WHERE pk_user = 1});
is($node->safe_psql($db, 'SELECT count(*) FROM difference'), '0', 'library gone: a session that has written maintains what it writes');
(undef, undef, $said) = $node->psql($db, q{UPDATE tb_user SET name = 'lost' WHERE pk_user = 1});
like($said, qr/could not access file/, 'library gone: others cannot write, though it is preloaded');
$session->quit;
$node->stop;
ok(!$node->start(fail_ok => 1), 'library gone: a server that preloads it does not start');
$node->append_conf('postgresql.conf', $_) foreach split /\n/, documented('recovery.pl: start without the library');
$node->start;
(undef, undef, $said) = $node->psql($db, q{UPDATE tb_user SET name = 'lost' WHERE pk_user = 1});
like($said, qr/could not access file.*pg_tviews/, 'library gone: writes are refused');
is($node->safe_psql($db, q{SELECT data ->> 'name' FROM tv_user WHERE pk_user = 1}), 'still loaded', 'library gone: documents can be read');
(undef, undef, $said) = $node->psql($db, 'ALTER TABLE tb_user DISABLE TRIGGER USER');
like($said, qr/could not access file/, 'library gone: so is DDL');
$node->safe_psql($db, documented('recovery.pl: write without the library'));
$node->safe_psql($db, q{UPDATE tb_user SET name = 'written without' WHERE pk_user = 1; INSERT INTO tb_post (fk_user, title) VALUES (1, 'unseen')});
is($node->safe_psql($db, q{SELECT data ->> 'name' FROM tv_user WHERE pk_user = 1}), 'still loaded', 'library gone: what is written now is not maintained');
move("$kept/pg_tviews.so", $lib) or die;
$node->append_conf('postgresql.conf', q{shared_preload_libraries = 'pg_tviews'});
$node->restart;
cured('the library was gone', '%', qr/capture triggers of table public\.tb_user are disabled.*pg_tviews_ddl_end does not fire always/s);
$node->safe_psql($db, q{UPDATE tb_user SET name = 'as before' WHERE pk_user = 1; INSERT INTO tb_post (fk_user, title) VALUES (1, 'seen')});
is_exact($node, $db, 'after writes with the library back');

# A damaged document that a backup took along: the drill notices.
$node->safe_psql($db, q{UPDATE tv_post SET data = '{}' WHERE pk_post = 7});
($ok) = script('backup', '-k', 1, $backups);
ok($ok, 'backup of a TVIEW that is wrong');
($ok, $out, $err) = script('restore-drill', '-d', $backups, $backups);
ok(!$ok, 'the drill fails');
like($out, qr/^tv_post \{"pk_post": 7\} stale$/m, 'and names the document');
$node->safe_psql($db, q{SELECT pg_tviews_refresh()});
is_exact($node, $db, 'at the end');
$node->stop;
done_testing();
