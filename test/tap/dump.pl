# pg_dump and pg_restore: a restored database maintains its TVIEWs at once, without any repair, and the health check has nothing to
# report; in plain, custom and directory format, and in parallel.  Where the schema comes first and the data afterwards, or a part of the
# database only, the health check names what it takes to go on, and its commands, run as they are printed, do it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_server('dump');
make_blog($node, 'postgres');
$node->safe_psql('postgres', q{
	-- A view that depends on a primary key, which pg_dump restores late, and a TVIEW in another schema under another's name.
	CREATE TABLE tv_title AS
		SELECT p.pk_post AS pk_title, p.title, count(c.pk_comment) AS comments
			FROM tb_post p LEFT JOIN tb_comment c ON c.fk_post = p.pk_post GROUP BY p.pk_post;
	CREATE SCHEMA other;
	CREATE VIEW other.v_post AS SELECT 'an application''s own view' AS says;
	SELECT pg_tviews_create('other.tv_post', 'SELECT pk_post AS number, upper(title) AS title FROM tb_post',
		'{"key": "number", "fillfactor": 70}');
	-- Functions: one that is looked through by the names in its text, and one whose reads are declared, of a table renamed since.
	CREATE FUNCTION title_of(post integer) RETURNS text STABLE LANGUAGE sql AS 'SELECT title FROM tb_post WHERE pk_post = post';
	CREATE TABLE tv_said AS SELECT c.pk_comment AS pk_said, title_of(c.fk_post) AS title FROM tb_comment c;
	CREATE TABLE tb_seen (fk_user integer, at date);
	INSERT INTO tb_seen VALUES (1, '2024-01-01'), (2, '2024-02-02');
	CREATE FUNCTION last_seen(who integer) RETURNS date STABLE LANGUAGE plpgsql
		AS 'BEGIN RETURN (SELECT max(at) FROM "Seen" WHERE fk_user = who); END';
	BEGIN;
	ALTER TABLE tb_seen RENAME TO "Seen";
	SELECT pg_tviews_create('tv_seen', 'SELECT pk_user AS pk_seen, last_seen(pk_user) FROM tb_user', '{"reads": ["public.\"Seen\""]}');
	COMMIT;
	UPDATE tb_user SET name = 'renamed' WHERE pk_user = 1;
});
my $folder = PostgreSQL::Test::Utils::tempdir();
my @dump = ('pg_dump', '-d', $node->connstr('postgres'));
my $registry = q{SELECT schema, entity, tview, backing_view, key_columns, dependencies, owner, definition, options, created_at,
	created_by FROM pg_tviews_registry ORDER BY 1, 2};
my $audit = 'SELECT * FROM pg_tview_audit_log ORDER BY log_id';
my $contents = q{SELECT md5(string_agg(d::text, '' ORDER BY d::text)) FROM (
	SELECT 'post', pk_post, fk_user, data::text, updated_at FROM tv_post
	UNION ALL SELECT 'user', pk_user, NULL, data::text, updated_at FROM tv_user
	UNION ALL SELECT 'commenter', pk_commenter, comments, name, updated_at FROM tv_commenter) AS d};
my $enabled = q{SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, 2};
my %original = map { $_ => $node->safe_psql('postgres', $_) } $registry, $audit, $contents, $enabled;

# What must hold in a restored database; ENABLE TRIGGER ALL forgets which triggers are to fire always.
sub check
{
	my ($db, $triggers_enabled) = @_;
	is(health_problems($node, $db), $triggers_enabled ? "audit\ntriggers" : '', "$db: what the health check has to report");
	if ($triggers_enabled)
	{
		heal($node, $db);
		is(health_problems($node, $db), '', "$db: its commands leave nothing to report");
		is($node->safe_psql($db, $enabled), $original{$enabled}, "$db: triggers fire when they did");
	}
	is($node->safe_psql($db, $registry), $original{$registry}, "$db: the registry is the same");
	is($node->safe_psql($db, $audit), $original{$audit}, "$db: so is the audit log");
	is($node->safe_psql($db, $contents), $original{$contents}, "$db: and every document, with the time it last changed");
	is_exact($node, $db, "in $db");
	$node->safe_psql($db, q{
		UPDATE tb_user SET name = 'written' WHERE pk_user = 2;
		INSERT INTO tb_post (fk_user, title) VALUES (2, 'written');
		DELETE FROM tb_comment WHERE fk_user = 3;
	});
	like($node->safe_psql($db, 'SELECT data FROM tv_user WHERE pk_user = 2'), qr/written.*written/, "$db: writes are maintained");
	is($node->safe_psql($db, q{SELECT title FROM other.tv_post ORDER BY number DESC LIMIT 1}), 'WRITTEN', "$db: in every schema");
	is($node->safe_psql($db, q{SELECT reads FROM pg_tview_meta WHERE entity = 'seen'}), '{"\\"Seen\\""}', "$db: declared reads are known");
	$node->safe_psql($db, q{UPDATE "Seen" SET at = at + 1; UPDATE tb_post SET title = title || '.' WHERE pk_post = 1});
	is($node->safe_psql($db, 'SELECT last_seen FROM tv_seen WHERE pk_seen = 1'), '2024-01-02', "$db: and captured");
	is_exact($node, $db, "in $db after that");
	$node->safe_psql($db, q{TRUNCATE tb_comment});
	is_exact($node, $db, "in $db after TRUNCATE");
	is($node->safe_psql($db, q{
		CREATE TABLE tv_comment AS SELECT pk_comment, body FROM tb_comment;
		INSERT INTO tb_comment (fk_post, fk_user, body) VALUES (1, 1, 'new');
		SELECT body FROM tv_comment; }), 'new', "$db: new TVIEWs can be made");
	$node->safe_psql($db, q{
		DROP VIEW difference;
		DROP TABLE tv_comment, tv_user, tv_post, tv_commenter, tv_title, tv_said, tv_seen;
		DROP SCHEMA other CASCADE;
	});
	is($node->safe_psql($db, q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE '!pg_tviews%'}), '0',
		"$db: dropping every TVIEW leaves no trigger behind");
	return;
}

# What must hold where the commands of the health check have been run.
sub check_healed
{
	my ($db) = @_;
	is(health_problems($node, $db), '', "$db: its commands leave nothing to report");
	is_exact($node, $db, "in $db after them");
	$node->safe_psql($db, q{UPDATE tb_user SET name = 'healed' WHERE pk_user = 1; DELETE FROM tb_comment WHERE fk_user = 2; TRUNCATE tb_comment});
	like($node->safe_psql($db, 'SELECT data FROM tv_user WHERE pk_user = 1'), qr/healed/, "$db: writes are maintained");
	is_exact($node, $db, "in $db after writes");
	return;
}

# Restores by these commands into a new database, and says what they complained of.
sub restored
{
	my ($db, @commands) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $db");
	foreach my $command (@commands)
	{
		my ($out, $err) = ('', '');
		my $ok = IPC::Run::run [ @$command, '-d', $node->connstr($db) ], '<', \undef, '>', \$out, '2>', \$err;
		ok($ok, "$db: $command->[0] succeeds");
		# --disable-triggers has its consequences, and psql passes on what is said of them.
		$err =~ s/^.*WARNING:  TVIEWs are not maintained while the capture triggers of \S+ are disabled\nHINT:.*\n//mg
		  if "@$command" =~ /data/;
		is($err, '', "$db: without a word");
	}
	return;
}

command_ok([ @dump, '-f', "$folder/plain.sql" ], 'plain dump');
my @psql = ('psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null');
restored('plain', [ @psql, '-f', "$folder/plain.sql" ]);
command_ok([ 'pg_dump', '-d', $node->connstr('plain'), '-f', "$folder/again.sql" ], 'dump of the restored database');
my ($first, $second) = map { slurp_file("$folder/$_.sql") =~ s/^\\(un)?restrict .*$//mgr } qw(plain again);
ok($first eq $second, 'a dump of the restored database is the same');
check('plain');

command_ok([ @dump, '-Fc', '-f', "$folder/custom" ], 'custom dump');
restored('custom', [ 'pg_restore', '--exit-on-error', "$folder/custom" ]);
check('custom');
restored('parallel', [ 'pg_restore', '--exit-on-error', '-j', '2', "$folder/custom" ]);
check('parallel');
restored(
	'sections',
	map { [ 'pg_restore', '--exit-on-error', "--section=$_", "$folder/custom" ] } qw(pre-data data post-data));
check('sections');
restored(
	'schema_first',
	[ 'pg_restore', '--exit-on-error', '--schema-only', "$folder/custom" ],
	[ 'pg_restore', '--exit-on-error', '--data-only', '--disable-triggers', "$folder/custom" ]);
check('schema_first', 1);
command_ok([ @dump, '-s', '-f', "$folder/schema.sql" ], 'plain dump of the schema');
command_ok([ @dump, '-a', '--disable-triggers', '-f', "$folder/data.sql" ], 'and of the data');
restored('plain_schema_first', [ @psql, '-f', "$folder/schema.sql" ], [ @psql, '-f', "$folder/data.sql" ]);
check('plain_schema_first', 1);
command_ok([ @dump, '-Fd', '-j', '2', '-f', "$folder/directory" ], 'dump by two jobs into a directory');
restored('directory', [ 'pg_restore', '--exit-on-error', '-j', '2', "$folder/directory" ]);
check('directory');

# A schema without its data has triggers, but no rows of pg_tview_meta.  One command makes of it a database without TVIEWs, whose
# tables can be written; or the rows are loaded too.
my $write = q{INSERT INTO tb_user (name) VALUES ('new')};
restored('schema_only', [ 'pg_restore', '--exit-on-error', '--schema-only', "$folder/custom" ]);
my (undef, undef, $refusal) = $node->psql('schema_only', $write);
like($refusal, qr/no TVIEW reads table "tb_user".*pg_tviews_reinstall_triggers/s, 'without its data: writes are refused, with the way out');
is(health_problems($node, 'schema_only'), "metadata\ntriggers", 'and the health check names what is missing and the triggers');
is($node->safe_psql('schema_only', 'SELECT pg_tviews_reinstall_triggers()'), '0', 'pg_tviews_reinstall_triggers() drops the triggers');
is($node->safe_psql('schema_only', q{SELECT count(*) FROM pg_trigger WHERE tgname LIKE '!pg_tviews%'}), '0', 'all of them');
$node->safe_psql('schema_only', $write);
is($node->safe_psql('schema_only', 'SELECT count(*) FROM tb_user'), '1', 'and the tables can be written');
is(health_problems($node, 'schema_only'), '', 'and the health check has nothing to report');

restored('empty_copy', [ 'pg_restore', '--exit-on-error', '--schema-only', "$folder/custom" ],
	[ 'pg_restore', '--exit-on-error', '--data-only', '-t', 'pg_tview_meta', "$folder/custom" ]);
$node->safe_psql('empty_copy', "$write; INSERT INTO tb_post (fk_user, title) VALUES (1, 'first')");
is($node->safe_psql('empty_copy', 'SELECT count(*) FROM tv_post'), '1', 'with the rows of pg_tview_meta, an empty copy is maintained');
is_exact($node, 'empty_copy', 'in an empty copy');
is(health_problems($node, 'empty_copy'), '', 'with nothing to report');

# Restored without its triggers, by a list that leaves them out.
command_ok([ 'sh', '-c', "pg_restore -l '$folder/custom' | grep -v 'TRIGGER .* !pg_tviews' >'$folder/list'" ], 'a list without triggers');
restored('without_triggers', [ 'pg_restore', '--exit-on-error', '-L', "$folder/list", "$folder/custom" ]);
is(health_problems($node, 'without_triggers'), 'triggers', 'without triggers: the health check names them');
$node->safe_psql('without_triggers', q{UPDATE tb_user SET name = 'unseen' WHERE pk_user = 1});
heal($node, 'without_triggers');
check_healed('without_triggers');

# The base tables alone.
$node->safe_psql('postgres', 'CREATE DATABASE tables');
$node->safe_psql('tables', 'CREATE EXTENSION pg_tviews');
command_ok([ @dump, '-Fc', '-t', 'tb_*', '-f', "$folder/tables" ], 'dump of tables');
command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('tables'), "$folder/tables" ], 'restored where the extension is');
is(health_problems($node, 'tables'), 'triggers', 'tables alone: the health check names their triggers');
heal($node, 'tables');
is(health_problems($node, 'tables'), '', 'its command leaves nothing to report');
$node->safe_psql('tables', "CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user; $write");
is($node->safe_psql('tables', 'SELECT count(*) FROM tv_user'), '11', 'and TVIEWs can be made');

# A single schema: the extension must be there first.  If its tables are in that schema, the dump has the rows of pg_tview_meta;
# those of TVIEWs in other schemas cannot be restored, so that they are left out and the others come by hand.
$node->safe_psql('postgres', 'CREATE DATABASE single');
$node->safe_psql('single', 'CREATE EXTENSION pg_tviews');
command_ok([ @dump, '-Fc', '-n', 'public', (map { "--exclude-table-data=pg_tview_$_" } qw(meta state verified)), '-f', "$folder/public" ],
	'dump of one schema of several');
command_ok([ 'pg_restore', '--exit-on-error', '-n', 'public', '-d', $node->connstr('single'), "$folder/public" ],
	'restored where the extension is');
(undef, undef, $refusal) = $node->psql('single', $write);
like($refusal, qr/no TVIEW reads table "tb_user"/, 'writes are refused');
is(health_problems($node, 'single'), "metadata\ntriggers", 'the health check names the lost rows and the triggers');
heal($node, 'single');
check_healed('single');

# If the extension's tables are elsewhere, nothing of them comes along: capture triggers that serve nobody tell which tables are TVIEWs,
# and one command brings all back.  A table kept by hand is left alone.
$node->safe_psql('postgres', 'CREATE DATABASE parts');
$node->safe_psql(
	'parts', q{
	CREATE EXTENSION pg_tviews;
	CREATE SCHEMA "The app";
	SET search_path = "The app", public;
	CREATE TABLE tb_user (pk_user integer PRIMARY KEY, name text);
	CREATE TABLE tb_post (pk_post integer PRIMARY KEY, fk_user integer REFERENCES tb_user, title text);
	CREATE INDEX ON tb_post (fk_user);
	INSERT INTO tb_user VALUES (1, 'Ada'), (2, 'Ben');
	INSERT INTO tb_post VALUES (1, 1, 'One'), (2, 2, 'Two');
	CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
	CREATE TABLE tv_post AS SELECT pk_post, fk_user, title, u.name FROM tb_post JOIN tv_user u ON u.pk_user = fk_user;
	CREATE TABLE tv_hand (pk_hand integer PRIMARY KEY, updated_at timestamptz NOT NULL DEFAULT now());
	CREATE VIEW v_hand AS SELECT pk_user AS pk_hand FROM tb_user});
$node->safe_psql('postgres', 'CREATE DATABASE part');
$node->safe_psql('part', 'CREATE EXTENSION pg_tviews');
command_ok([ 'pg_dump', '-d', $node->connstr('parts'), '-n', '"The app"', '-Fc', '-f', "$folder/part" ], 'dump of a schema without the extension');
command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('part'), "$folder/part" ], 'restored where the extension is');
is(health_problems($node, 'part'), "metadata\ntriggers", 'the health check names what is missing and the triggers');
heal($node, 'part');
is(health_problems($node, 'part'), '', 'its commands leave nothing to report');
$node->safe_psql('part', q{UPDATE "The app".tb_user SET name = 'Abe' WHERE pk_user = 1; DELETE FROM "The app".tb_post WHERE pk_post = 2});
is($node->safe_psql('part', q{SELECT pk_post, title, name FROM "The app".tv_post}), '1|One|Abe', 'TVIEWs are maintained again');
is($node->safe_psql('part', 'SELECT count(*) FROM pg_tviews_verify()'), '0', 'exactly');
is($node->safe_psql('part', 'SELECT string_agg(tview::text, $$ $$ ORDER BY tview::text) FROM pg_tviews_registry'),
	'"The app".tv_post "The app".tv_user', 'all of them, and no other table');

$node->safe_psql('postgres', 'CREATE DATABASE complete');
$node->safe_psql('complete', 'CREATE EXTENSION pg_tviews');
command_ok([ 'pg_dump', '-d', $node->connstr('single'), '-Fc', '-n', 'public', '-f', "$folder/complete" ], 'dump of the only schema');
command_ok([ 'pg_restore', '--exit-on-error', '-n', 'public', '-d', $node->connstr('complete'), "$folder/complete" ],
	'restored where the extension is');
is(health_problems($node, 'complete'), '', 'with nothing to report');
is_exact($node, 'complete', 'in the only schema of another database');
$node->safe_psql('complete', q{UPDATE tb_user SET name = 'complete' WHERE pk_user = 1; DELETE FROM tb_post WHERE pk_post = 2});
is_exact($node, 'complete', 'after writes there');

$node->stop;
done_testing();
