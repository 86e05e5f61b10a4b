# ALTER EXTENSION UPDATE from the first version, with live TVIEWs in place and clients that write: before it, between new library and
# old objects, while it runs and after it every TVIEW is maintained; afterwards every object of the extension is what a fresh
# install makes.  A dump of a database of the old version is restored with the new one.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Blog;
use PostgreSQL::Test::Utils;
use Test::More;

my ($old, $new) = ('0.1.0', slurp_file("$FindBin::Bin/../../pg_tviews.control") =~ /^default_version = '(.*)'/m);
my $db = 'postgres';
my $node = new_server('upgrade', "shared_preload_libraries = 'pg_tviews'");

# Every object of the extension and whatever hangs on one, a line each.  Kinds it cannot describe are called unknown.  Left out: tables
# of TOAST, whose names are numbers, and pg_attver, a number that the server itself puts on columns of views.
my $objects = q{
	WITH RECURSIVE extension AS (SELECT * FROM pg_extension WHERE extname = 'pg_tviews'),
	object AS (
		SELECT d.classid, d.objid, true AS member FROM pg_depend d JOIN extension e ON d.refobjid = e.oid
		WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
		UNION
		SELECT d.classid, d.objid, false FROM pg_depend d JOIN object o ON (d.refclassid, d.refobjid) = (o.classid, o.objid)
		WHERE d.deptype IN ('a', 'i')),
	named AS (
		SELECT o.classid, o.objid, o.member, i.type, i.identity FROM object o, pg_identify_object(o.classid, o.objid, 0) i
		WHERE i.identity !~ '^pg_toast\.'),
	described AS (
		SELECT n.*, CASE n.classid
			WHEN 'pg_proc'::regclass THEN (SELECT pg_get_functiondef(oid) || privileges(proacl) || proowner::regrole FROM pg_proc WHERE oid = n.objid)
			WHEN 'pg_class'::regclass THEN (
				SELECT concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, relreplident, reloptions, relowner::regrole,
					privileges(relacl), CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) WHEN relkind = 'i' THEN pg_get_indexdef(oid)
						WHEN relkind = 'S' THEN (SELECT (to_jsonb(s) - 'seqrelid')::text FROM pg_sequence s WHERE seqrelid = c.oid) END)
				FROM pg_class c WHERE oid = n.objid)
			WHEN 'pg_type'::regclass THEN (
				SELECT concat_ws(' ', typtype, typowner::regrole, privileges(typacl), typnotnull, typdefault, format_type(typbasetype, typtypmod),
					(SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid))
				FROM pg_type t WHERE oid = n.objid)
			WHEN 'pg_constraint'::regclass THEN (SELECT concat_ws(' ', pg_get_constraintdef(oid), convalidated) FROM pg_constraint WHERE oid = n.objid)
			WHEN 'pg_attrdef'::regclass THEN (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE oid = n.objid)
			WHEN 'pg_trigger'::regclass THEN (SELECT concat_ws(' ', pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE oid = n.objid)
			WHEN 'pg_rewrite'::regclass THEN (SELECT concat_ws(' ', pg_get_ruledef(oid), ev_enabled) FROM pg_rewrite WHERE oid = n.objid)
			WHEN 'pg_event_trigger'::regclass THEN (
				SELECT concat_ws(' ', evtevent, evtowner::regrole, evtfoid::regprocedure, evtenabled, evttags) FROM pg_event_trigger WHERE oid = n.objid)
			WHEN 'pg_cast'::regclass THEN (SELECT concat_ws(' ', castfunc::regprocedure, castcontext, castmethod) FROM pg_cast WHERE oid = n.objid)
			ELSE 'unknown' END AS text
		FROM named n)
	SELECT translate(line, E'\n', ' ') FROM (
		SELECT format('%s %s%s: %s', type, identity, CASE WHEN member THEN ', a member' END, text) FROM described
		UNION ALL
		SELECT format('column %s of %s: %s', row_number() OVER (PARTITION BY attrelid ORDER BY attnum), identity,
			concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attstorage, attcompression,
				attcollation::regcollation, attstattarget,
				array_remove(attoptions, (SELECT o FROM unnest(attoptions) o WHERE o LIKE 'pg\_attver=%')), privileges(attacl)))
		FROM named JOIN pg_attribute ON attrelid = objid WHERE classid = 'pg_class'::regclass AND attnum > 0 AND NOT attisdropped
		UNION ALL
		SELECT format('comment on %s: %s', pg_describe_object(classid, objid, objsubid), description) FROM described JOIN pg_description ON objoid = objid AND classoid = classid
		UNION ALL
		SELECT format('initial privileges of %s: %s %s', pg_describe_object(classid, objid, objsubid), privtype, privileges(initprivs))
		FROM described JOIN pg_init_privs ON objoid = objid AND classoid = classid
		UNION ALL
		SELECT format('extension: %s', concat_ws(' ', extowner::regrole, extnamespace::regnamespace, extrelocatable, extversion)) FROM extension
		UNION ALL
		SELECT format('comment on the extension: %s', obj_description(oid, 'pg_extension')) FROM extension
		UNION ALL
		SELECT format('dumped: %s %s', c.config::regclass, c.condition) FROM extension, unnest(extconfig, extcondition) AS c (config, condition)
	) AS l (line) ORDER BY line COLLATE "C"};
my $privileges = q{CREATE FUNCTION pg_temp.privileges(acl aclitem[]) RETURNS text LANGUAGE sql AS
	$$SELECT ' (' || coalesce((SELECT string_agg(a::text, ', ' ORDER BY a::text) FROM unnest(acl) a), 'default') || ') '$$};

# The lines of a database, after these statements, which are rolled back.
sub objects
{
	my ($where, $change) = @_;
	my $query = $objects =~ s/\bprivileges\(/pg_temp.privileges(/gr;
	$change //= '';
	my $printed = $node->safe_psql($where, "$privileges; BEGIN; SET client_min_messages = error; $change; $query; ROLLBACK");
	return split /\n/, $printed;
}

# What only one of two lists has.
sub difference
{
	my ($one, $other) = @_;
	my (%one, %other);
	$one{$_}++ foreach @$one;
	$other{$_}++ foreach @$other;
	return join("\n", (map { "- $_" } grep { !$other{$_} } @$one), (map { "+ $_" } grep { !$one{$_} } @$other));
}

# Whether every TVIEW that is not suspended equals its query.
sub active_are_exact
{
	my ($where, $when) = @_;
	return is($node->safe_psql($where, q{
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		SELECT * FROM difference LIMIT 5;
		SELECT v.* FROM pg_tviews_registry r, pg_tviews_verify(r.tview) v WHERE r.state = 'active' LIMIT 5;
		COMMIT}), '', "active TVIEWs equal their queries $when");
}

# A write of everything the TVIEWs read; each time other values.
my $turn = 0;
sub writes
{
	++$turn;
	return qq{
		UPDATE tb_user SET name = 'turn $turn' WHERE pk_user = 1;
		INSERT INTO tb_post (fk_user, title) VALUES (1, 'turn $turn');
		DELETE FROM tb_comment WHERE pk_comment = (SELECT max(pk_comment) FROM tb_comment);
		UPDATE "Odd ""place"""."tb Line" SET "the Body" = 'turn $turn' WHERE pk = 2};
}

# The old version, live TVIEWs over it: one over another, one of odd names, one suspended.
sub make_old
{
	my ($where) = @_;
	$node->safe_psql($where, "CREATE EXTENSION pg_tviews VERSION '$old'");
	make_blog($node, $where);
	$node->safe_psql($where, q{
		CREATE SCHEMA "Odd ""place""";
		CREATE TABLE "Odd ""place"""."tb Line" (pk integer PRIMARY KEY, "the Body" text);
		INSERT INTO "Odd ""place"""."tb Line" SELECT i, 'line ' || i FROM generate_series(1, 5) i;
		SELECT pg_tviews_create('"Odd ""place"""."tv_Line Item"', 'SELECT pk AS "Key", "the Body" FROM "Odd ""place"""."tb Line"', '{"key": "Key"}');
		CREATE TABLE tv_paused AS SELECT pk_user AS pk_paused, name FROM tb_user;
		SELECT pg_tviews_suspend('tv_paused')});
	return;
}

make_old($db);
is($node->safe_psql($db, q{SELECT extversion, pg_tviews_version() FROM pg_extension WHERE extname = 'pg_tviews'}), "$old|$new",
	'the new library, the old objects');

# Between the two.
$node->safe_psql($db, writes());
active_are_exact($db, 'between library and upgrade');
$node->safe_psql($db, q{
	CREATE TABLE tv_title AS SELECT pk_post AS pk_title, title FROM tb_post;
	ALTER TABLE tb_post RENAME COLUMN title TO heading;
	UPDATE tb_post SET heading = 'renamed' WHERE pk_post = 3;
	ALTER TABLE tb_post RENAME COLUMN heading TO title;
	DROP TABLE tv_title;
	SELECT * FROM pg_tviews_refresh('tv_post')});
active_are_exact($db, 'after DDL there');
my ($severity, $command) = split /\|/, $node->safe_psql($db,
	q{SELECT severity, substring(message FROM '\. Run: (.*)$') FROM pg_tviews_health_check() WHERE component = 'version'});
is($severity, 'error', 'the health check reports the versions');
is($command, "ALTER EXTENSION pg_tviews UPDATE TO '$new'", 'with the command that upgrades');
is($node->safe_psql($db, 'SELECT pg_tviews_liveness(), pg_tviews_readiness()'), 't|f', 'alive, but not ready');

# A dump of it, restored where only the new version is.
my $folder = PostgreSQL::Test::Utils::tempdir();
command_ok([ 'pg_dump', '-Fc', '-d', $node->connstr($db), '-f', "$folder/dump" ], 'dump of the old version');

# The upgrade, while clients write and a session has not flushed what it wrote.
my $load = start_load($node, $db, 2, 4);
my $before = $node->background_psql($db);
$before->query_safe(q{BEGIN; UPDATE tb_user SET name = 'begun before' WHERE pk_user = 4});
my ($out, $err) = ('', '');
my $upgrade = IPC::Run::start [ 'psql', '-Xqv', 'ON_ERROR_STOP=1', '-d', $node->connstr($db) . ' application_name=upgrade', '-c', $command ],
  '<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
$upgrade->pump_nb until !$upgrade->pumpable || $node->safe_psql($db, sessions_waiting('upgrade', 1)) eq 't';
is($before->query_safe(q{SELECT data ->> 'name' FROM tv_user WHERE pk_user = 4}), 'begun before', 'a transaction begun before reads what it wrote');
$before->query_safe('COMMIT');
ok(IPC::Run::finish($upgrade), 'the printed command upgrades') or diag($err);
is($err, '', 'without a word');
$before->query_safe(writes());
active_are_exact($db, 'after writes of a session opened before the upgrade');
$node->safe_psql($db, writes());
IPC::Run::finish $load;
active_are_exact($db, 'after writes of a new session and the load');
$before->quit;
is(join('', grep { /(ERROR|FATAL|PANIC):/ } split /^/, slurp_file($node->logfile)), '', 'nobody met an error');
is($node->safe_psql($db, q{SELECT * FROM pg_tviews_health_check() WHERE component = 'version' AND status <> 'ok'}), '', 'the versions agree');
is($node->safe_psql($db, q{SELECT tview, state FROM pg_tviews_registry WHERE state <> 'active'}), 'tv_paused|suspended', 'what was suspended is');
$node->safe_psql($db, q{SELECT * FROM pg_tviews_resume('tv_paused')});
is($node->safe_psql($db, 'SELECT pg_tviews_readiness()'), 't', 'ready');
is_exact($node, $db, 'after the resume of what was suspended');
is($node->safe_psql($db, 'SELECT * FROM pg_tviews_audit_verify()'), '', 'the audit log is whole');

# The objects, in several schemas.
$node->safe_psql($db, 'CREATE DATABASE fresh');
$node->safe_psql('fresh', 'CREATE EXTENSION pg_tviews');
my @fresh = objects('fresh');
cmp_ok(scalar @fresh, '>', 250, scalar(@fresh) . ' things compared');
is(join("\n", grep { /: unknown$/ } @fresh), '', 'all of them of known kinds');
is(difference([ objects($db) ], \@fresh), '', 'an upgraded database has the objects of a fresh one');
foreach my $schema ('tviews', 'Odd one')
{
	my @lines;
	foreach my $how ("VERSION '$old'; ALTER EXTENSION pg_tviews UPDATE", "VERSION '$new'")
	{
		my $name = 'schema_' . scalar @lines . '_' . length $schema;
		$node->safe_psql($db, "CREATE DATABASE $name");
		$node->safe_psql($name, qq{CREATE SCHEMA "$schema"; CREATE EXTENSION pg_tviews SCHEMA "$schema" $how});
		push @lines, [ objects($name) ];
	}
	is(difference(@lines), '', "and in schema $schema");
}

# The comparison sees what differs.
foreach my $change (
	'COMMENT ON FUNCTION pg_tviews_flush() IS NULL',
	q{COMMENT ON COLUMN pg_tview_meta.entity IS 'another'},
	'REVOKE EXECUTE ON FUNCTION pg_tviews_flush() FROM PUBLIC',
	'GRANT UPDATE (entity) ON pg_tview_meta TO PUBLIC',
	'ALTER FUNCTION pg_tviews_version() VOLATILE',
	q{CREATE OR REPLACE FUNCTION pg_tviews_health_preload(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record
		LANGUAGE sql AS 'SELECT 1::text, 2::text, 3::text'},
	'ALTER TABLE pg_tview_verified ALTER COLUMN verified_by DROP DEFAULT',
	'ALTER TABLE pg_tview_verified ADD COLUMN more integer',
	'CREATE INDEX ON pg_tview_verified (tview)',
	'ALTER TABLE pg_tview_audit_log DISABLE TRIGGER append_only',
	'ALTER EVENT TRIGGER pg_tviews_ddl_end DISABLE',
	'CREATE ROLE other; ALTER TABLE pg_tview_state OWNER TO other',
	'ALTER EXTENSION pg_tviews DROP FUNCTION pg_tviews_version()',
	q{CREATE OR REPLACE VIEW pg_tviews_registry WITH (security_barrier) AS } . $node->safe_psql('fresh', q{SELECT pg_get_viewdef('pg_tviews_registry')}),
	q{UPDATE pg_extension SET extcondition[1] = 'WHERE false' WHERE extname = 'pg_tviews'},
	q{UPDATE pg_init_privs SET initprivs = '{}' WHERE objoid = 'pg_tview_meta'::regclass})
{
	isnt(difference([ objects('fresh', $change) ], \@fresh), '', "seen: " . ($change =~ s/\s+/ /gr));
}

# The dump.
$node->safe_psql($db, 'CREATE DATABASE restored');
command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), "$folder/dump" ], 'restored with the new version');
is($node->safe_psql('restored', q{SELECT extversion FROM pg_extension WHERE extname = 'pg_tviews'}), $new, 'which it has');
is(difference([ objects('restored') ], \@fresh), '', 'and its objects');
active_are_exact('restored', 'there');
$node->safe_psql('restored', writes());
active_are_exact('restored', 'after writes');
is($node->safe_psql('restored', q{SELECT tview, state FROM pg_tviews_registry WHERE state <> 'active'}), 'tv_paused|suspended', 'the state is dumped');
$node->safe_psql('restored', 'SELECT * FROM pg_tviews_resume()');
is_exact($node, 'restored', 'after the resume');
is($node->safe_psql('restored', 'SELECT * FROM pg_tviews_audit_verify()'), '', 'its audit log is whole');
is($node->safe_psql('restored', q{SELECT component, message FROM pg_tviews_health_check(1) WHERE severity = 'error'}), '', 'and it is in health');

$node->stop;
done_testing();
