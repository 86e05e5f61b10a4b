-- Rows of pg_tview_meta that are lost or damaged, and marks of pg_tview_state that are lost: the health check names each, and
-- pg_tviews_rebuild_metadata() puts it right; documents that are right stay as they are.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "Rebuild ""meta""";
SET search_path = "Rebuild ""meta""", public;
\i :schema
CREATE TABLE "tb_Seen" (fk_user int, at timestamptz);
INSERT INTO "tb_Seen" VALUES (1, '2024-06-01 12:00+00'), (2, '2024-06-02 12:00+00');
CREATE FUNCTION last_seen(who int) RETURNS timestamptz STABLE LANGUAGE plpgsql
    AS $$ BEGIN RETURN (SELECT max(at) FROM "tb_Seen" WHERE fk_user = who); END $$;
CREATE TABLE tv_user AS SELECT pk_user, id, name FROM tb_user;
SET TimeZone = 'Asia/Tokyo';
SELECT pg_tviews_create('tv_Odd', 'SELECT pk_user, last_seen(pk_user)::text AS seen, 1 AS "some_id" FROM tb_user',
                        '{"key": "pk_user", "fillfactor": 70, "reads": ["\"tb_Seen\""]}');
RESET TimeZone;
ALTER TABLE tv_odd RENAME TO "tv_Odd one";
SELECT pg_tviews_create('tv_post', $$SELECT p.pk_post AS number, 'x' AS side, jsonb_build_object('title', p.title, 'author', u.name) AS data, p.fk_user
    FROM tb_post p JOIN tv_user u ON u.pk_user = p.fk_user WHERE u.name NOT IN ('nobody', 'none')$$,
    '{"key": ["side", "number"], "data_index": true}');
CREATE TABLE tv_title AS SELECT pk_post AS pk_title, title FROM tb_post;
CREATE TABLE tv_stamped AS SELECT pk_comment AS pk_stamped, body, timestamptz '2024-01-01' AS updated_at FROM tb_comment;
ALTER TABLE "tv_Odd one" SET SCHEMA public;
ALTER TABLE public."tv_Odd one" SET SCHEMA "Rebuild ""meta""";
-- What is wrong, and the command, by the health check.
CREATE VIEW problems AS SELECT component, severity, message, substring(message FROM '\. Run: (.*)$') AS command
    FROM pg_tviews_health_check() WHERE status <> 'ok';
CREATE VIEW look AS SELECT component, message FROM problems WHERE component = 'metadata';
CREATE TABLE meta AS TABLE pg_tview_meta;
-- How rows differ from those at the beginning.
CREATE VIEW changed AS SELECT m.entity, key AS "column", r.value AS now FROM meta m
    LEFT JOIN pg_tview_meta n USING ("table"), jsonb_each_text(to_jsonb(m)) AS o JOIN LATERAL jsonb_each_text(to_jsonb(n)) AS r USING (key)
    WHERE o.value IS DISTINCT FROM r.value AND key <> 'created_at' ORDER BY 1, 2;
CREATE VIEW documents AS SELECT 'post' AS tview, number AS key, updated_at FROM tv_post UNION ALL SELECT 'odd', pk_user, updated_at FROM "tv_Odd one"
    UNION ALL SELECT 'user', pk_user, updated_at FROM tv_user;
CREATE TABLE stamps AS TABLE documents;
-- A session with other settings spells a definition in another way.
SET TimeZone = 'Asia/Tokyo';
SELECT * FROM pg_tviews_check_metadata();
RESET TimeZone;
SELECT * FROM pg_tviews_check_metadata();
SELECT * FROM pg_tviews_rebuild_metadata();
SELECT * FROM pg_tviews_rebuild_metadata('tv_user');

-- One row gone: what nobody maintained is compared, the rest stays.
DELETE FROM pg_tview_meta WHERE entity = 'post';
UPDATE tb_post SET title = 'unseen' WHERE pk_post = 11;
SELECT data FROM tv_post WHERE number = 11;
SELECT c.tview_name, c.view_name, c.problem, c.rebuildable, c.options, c.settings = m.settings AS same_settings
    FROM pg_tviews_check_metadata() c JOIN meta m ON m."table" = c.tview_name;
SELECT * FROM look;
SELECT command FROM problems WHERE component = 'metadata' \gexec
SELECT count(*) FROM problems;
SELECT tview, sample, differences, verified_at > clock_timestamp() - interval '1 minute' AS now FROM pg_tview_verified WHERE tview = 'tv_post'::regclass;
SELECT * FROM changed WHERE "column" <> 'definition';
SELECT tview, count(*) AS written FROM (TABLE documents EXCEPT TABLE stamps) AS d GROUP BY 1;
CALL check_exact();
UPDATE tb_user SET name = 'Adele' WHERE pk_user = 1;
CALL check_exact();

-- All of them gone: options, settings and declared reads come from the audit log, whatever tables were called then.
TRUNCATE stamps;
INSERT INTO stamps TABLE documents;
CALL attempt('TRUNCATE pg_tview_meta; UPDATE tb_user SET name = upper(name)');
TRUNCATE pg_tview_meta;
SELECT tview_name, problem, rebuildable FROM pg_tviews_check_metadata() ORDER BY tview_name::text;
SET TimeZone = 'UTC';
SELECT * FROM pg_tviews_rebuild_metadata() ORDER BY tview_name::text;
SELECT * FROM pg_tviews_rebuild_metadata();
RESET TimeZone;
SELECT count(*) FROM problems;
SELECT * FROM changed WHERE "column" <> 'definition';
SELECT count(*), bool_and(abs(extract(epoch FROM n.created_at - m.created_at)) < 10) AS created FROM meta m JOIN pg_tview_meta n USING ("table");
SELECT count(*) AS written FROM (TABLE documents EXCEPT TABLE stamps) AS d;
SELECT operation, entity, details FROM pg_tview_audit_log WHERE details ->> 'table' LIKE '"Rebuild%' ORDER BY log_id DESC LIMIT 4;
UPDATE "tb_Seen" SET at = at + interval '1 hour';
UPDATE tb_user SET name = upper(name);
DELETE FROM tb_comment WHERE pk_comment = 101;
SELECT pk_user, seen FROM "tv_Odd one" ORDER BY 1;
CALL check_exact();

-- Damaged columns, one after the other; each is written as it was.
CREATE PROCEDURE damage(change text) LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    EXECUTE 'UPDATE pg_tview_meta SET ' || change;
    FOR found IN SELECT * FROM problems WHERE component = 'metadata' ORDER BY message LOOP
        RAISE INFO '%', replace(found.message, '. Run:', E'.\n  Run:');
        EXECUTE found.command;
    END LOOP;
    FOR found IN SELECT * FROM problems WHERE component IN ('metadata', 'triggers', 'definitions') LOOP
        RAISE WARNING 'still %: %', found.component, found.message;
    END LOOP;
    FOR found IN SELECT * FROM changed WHERE "column" <> 'definition' OR entity <> 'stamped' LOOP
        RAISE WARNING 'changed %', found;
    END LOOP;
END $$;
CALL damage($$entity = 'wrong', schema = 'nowhere' WHERE entity = 'user'$$);
CALL damage($$definition = 'SELECT 1' WHERE entity = 'user'$$);
CALL damage($$definition = 'nonsense' WHERE entity = 'post'$$);
CALL damage($$key_columns = '{id}' WHERE entity = 'user'$$);
CALL damage($$key_columns = '{none}', columns = '{none}', fk_columns = '{none}' WHERE entity = 'post'$$);
CALL damage($$dependencies = '{}' WHERE entity = 'post'$$);
CALL damage($$dependencies = dependencies || 'tb_comment'::regclass WHERE entity = 'user'$$);
CALL damage($$options = '[]' WHERE entity = 'Odd one'$$);
CALL damage($$options = '{"key": "pk_user"}', reads = NULL WHERE entity = 'Odd one'$$);
CALL damage($$settings = '{}' WHERE entity = 'Odd one'$$);
CALL damage($$settings = settings || '{"TimeZone": "UTC"}' WHERE entity = 'Odd one'$$);
CALL damage($$settings = '{"TimeZone": 5}' WHERE entity IN ('Odd one', 'user')$$);
CALL damage($$stamps = NOT stamps WHERE entity IN ('stamped', 'user')$$);
CALL damage($$protocol = 0, view = 4000000000::oid WHERE entity = 'user'$$);
DELETE FROM pg_tview_meta WHERE entity = 'post';
CALL damage($$view = 'v_post'::regclass WHERE entity = 'stamped'$$);
CALL check_exact();
-- What cannot be known otherwise is taken as it is; a definition may be spelt in another way.
CALL damage($$definition = replace(definition, ' <> ALL (', E'\n <> ALL (') WHERE entity = 'post'$$);
UPDATE pg_tview_meta n SET definition = m.definition FROM meta m WHERE m."table" = n."table";
SELECT * FROM changed WHERE "column" <> 'definition';

-- Marks: of a TVIEW the audit log says to be suspended, and of one that is gone.  What is suspended is not compared.
SELECT count(*) FROM pg_tviews_suspend('tv_post');
UPDATE tb_post SET title = 'skipped' WHERE pk_post = 11;
TRUNCATE pg_tview_state;
SELECT * FROM look;
DELETE FROM pg_tview_meta WHERE entity = 'post';
SELECT * FROM look;
SELECT command FROM problems WHERE component = 'metadata' \gexec
SELECT entity, state FROM pg_tviews_registry WHERE state <> 'active';
SELECT data ->> 'title' AS title FROM tv_post WHERE number = 11;
SELECT * FROM look;
SELECT inserted, updated, deleted FROM pg_tviews_resume('tv_post');
SELECT * FROM look;
INSERT INTO pg_tview_state (tview, state, mark) VALUES (4000000000::oid, 'stale', gen_random_uuid());
SELECT * FROM look;
SELECT command FROM problems WHERE component = 'metadata' \gexec
SELECT * FROM look;
CALL check_exact();

-- Restored from a dump, a TVIEW's table and view are not bound: the audit log tells which were a TVIEW.  A table and a view that are
-- only called like one are none.
DELETE FROM pg_depend WHERE deptype = 'i' AND objid IN ('v_user'::regclass, 'v_stamped'::regclass);
SELECT * FROM look;
DELETE FROM pg_tview_meta WHERE entity IN ('user', 'stamped');
SET pg_tviews.intercept = off;
CREATE TABLE tv_plain AS SELECT 1 AS pk_plain;
RESET pg_tviews.intercept;
CREATE VIEW v_plain AS SELECT 1 AS pk_plain;
SELECT tview_name, view_name, problem FROM pg_tviews_check_metadata() ORDER BY tview_name::text;
SELECT tview_name, inserted, updated, deleted FROM pg_tviews_rebuild_metadata() ORDER BY tview_name::text;
SELECT * FROM changed WHERE "column" <> 'definition';
SELECT count(*) FROM pg_depend WHERE deptype = 'i' AND objid IN ('v_user'::regclass, 'v_stamped'::regclass);
CALL attempt('SELECT * FROM pg_tviews_rebuild_metadata(''tv_plain'')');
CALL attempt('SELECT * FROM pg_tviews_rebuild_metadata(''tb_user'')');
CALL attempt('SELECT * FROM pg_tviews_rebuild_metadata(''tv_none'')');
DROP TABLE tv_plain;
DROP VIEW v_plain;
CALL check_exact();

-- Without the audit log, what only it had is guessed, with a warning.
SET client_min_messages = error;
CREATE TABLE archived AS SELECT * FROM pg_tviews_audit_archive(clock_timestamp() + interval '1 hour');
RESET client_min_messages;
DELETE FROM pg_tview_meta WHERE entity IN ('Odd one', 'post');
SET TimeZone = 'Asia/Tokyo';
SELECT * FROM pg_tviews_rebuild_metadata('"tv_Odd one"');
RESET TimeZone;
SET client_min_messages = error;
SELECT tview_name, inserted, updated, deleted FROM pg_tviews_rebuild_metadata('tv_post');
RESET client_min_messages;
SELECT "column" FROM changed WHERE "column" NOT IN ('settings', 'definition');
SELECT entity, options, settings ->> 'TimeZone' AS "TimeZone", reads FROM pg_tview_meta WHERE entity IN ('Odd one', 'post') ORDER BY 1;
CALL check_exact();

-- Made again as it was made, under the same settings, whoever runs the command: as its row says, or the audit log if there is none.
CREATE TABLE "tb_Heard" (fk_user int, at timestamptz);
INSERT INTO "tb_Heard" VALUES (1, '2024-06-01 12:00+00');
CREATE FUNCTION last_heard(who int) RETURNS timestamptz STABLE LANGUAGE plpgsql
    AS $$ BEGIN RETURN (SELECT max(at) FROM "tb_Heard" WHERE fk_user = who); END $$;
SET TimeZone = 'Asia/Tokyo';
SELECT pg_tviews_create('tv_full', 'SELECT pk_user AS number, to_jsonb(last_heard(pk_user)::text) AS data FROM tb_user',
                        '{"key": "number", "fillfactor": 60, "data_index": true, "reads": ["\"tb_Heard\""], "refresh_mode": "deferred"}');
RESET TimeZone;
CREATE VIEW full_one AS SELECT m.refresh_mode, m.key_columns, m.options ->> 'fillfactor' AS fillfactor, m.options -> 'data_index' AS data_index, m.reads,
    m.settings ->> 'TimeZone' AS "TimeZone", nullif(pg_get_userbyid(c.relowner), current_user) AS owner, c.reloptions, (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid) AS indexes
    FROM pg_tview_meta m JOIN pg_class c ON c.oid = m."table" WHERE entity = 'full';
SELECT pg_tviews_set_refresh_mode('tv_full', 'manual');
DELETE FROM pg_tview_meta WHERE entity = 'full';
ALTER TABLE tv_full DROP CONSTRAINT tv_full_pkey;
SET search_path = pg_catalog;
SELECT command FROM "Rebuild ""meta""".problems WHERE component = 'metadata' \gexec
SET search_path = "Rebuild ""meta""", public;
TABLE full_one;
SELECT pg_tviews_set_refresh_mode('tv_full', 'immediate');
ALTER EVENT TRIGGER pg_tviews_ddl_end DISABLE;
ALTER TABLE tv_full RENAME data TO document;
ALTER EVENT TRIGGER pg_tviews_ddl_end ENABLE ALWAYS;
UPDATE pg_tview_meta SET stamps = false WHERE entity = 'full';
SET search_path = pg_catalog;
SELECT command FROM "Rebuild ""meta""".problems WHERE component = 'metadata' \gexec
SET search_path = "Rebuild ""meta""", public;
TABLE full_one;
CREATE ROLE "regress_tviews Rebuild";
GRANT USAGE, CREATE ON SCHEMA "Rebuild ""meta""" TO "regress_tviews Rebuild";
GRANT SELECT, TRIGGER ON tb_user, "tb_Heard" TO "regress_tviews Rebuild";
ALTER TABLE tv_full OWNER TO "regress_tviews Rebuild";
ALTER EVENT TRIGGER pg_tviews_sql_drop DISABLE;
DELETE FROM pg_depend WHERE objid = 'v_full'::regclass AND deptype = 'i';
DROP VIEW v_full;
ALTER EVENT TRIGGER pg_tviews_sql_drop ENABLE ALWAYS;
SET search_path = pg_catalog;
SELECT command FROM "Rebuild ""meta""".problems WHERE component = 'metadata' \gexec
SET search_path = "Rebuild ""meta""", public;
TABLE full_one;
INSERT INTO "tb_Heard" VALUES (2, '2024-06-03 12:00+00');
SELECT number, data FROM tv_full ORDER BY 1;
SELECT count(*) FROM problems WHERE component = 'metadata';
CALL check_exact();
DROP VIEW full_one;
DROP TABLE tv_full;
DROP OWNED BY "regress_tviews Rebuild";
DROP ROLE "regress_tviews Rebuild";

DROP VIEW documents;
-- What was altered meanwhile so that no row can be made: the message's command makes the TVIEW anew.
DELETE FROM pg_tview_meta WHERE entity IN ('stamped', 'user', 'post', 'title');
ALTER TABLE tv_stamped DROP CONSTRAINT tv_stamped_pkey;
ALTER TABLE tv_post RENAME COLUMN data TO document;
ALTER TABLE tv_title RENAME TO "Title";
SELECT tview_name, problem, rebuildable FROM pg_tviews_check_metadata() ORDER BY tview_name::text;
CALL attempt('SELECT * FROM pg_tviews_rebuild_metadata(''tv_stamped'')');
CALL attempt('SELECT * FROM pg_tviews_rebuild_metadata()');
SET client_min_messages = error;
SELECT command FROM problems WHERE component = 'metadata' ORDER BY command \gexec
RESET client_min_messages;
SELECT tview, backing_view, key_columns FROM pg_tviews_registry WHERE schema = current_schema ORDER BY tview;
SELECT DISTINCT command FROM problems WHERE component <> 'indexes' \gexec
SELECT component, message FROM problems WHERE component <> 'indexes';
CALL check_exact();

-- Only the owner.
CREATE ROLE regress_tviews_rebuild;
GRANT USAGE ON SCHEMA "Rebuild ""meta""" TO regress_tviews_rebuild;
DELETE FROM pg_tview_meta WHERE entity = 'user';
SET ROLE regress_tviews_rebuild;
SELECT tview_name, rebuildable FROM pg_tviews_check_metadata();
CALL attempt('SELECT * FROM pg_tviews_rebuild_metadata()');
RESET ROLE;
-- Undone like anything else.
SET client_min_messages = error;
BEGIN;
SELECT tview_name, inserted, updated, deleted FROM pg_tviews_rebuild_metadata();
ROLLBACK;
SELECT tview_name FROM pg_tviews_check_metadata();
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT tview_name, inserted, updated, deleted FROM pg_tviews_rebuild_metadata();
COMMIT;
RESET client_min_messages;
CALL check_exact();
-- A dropped TVIEW can be made again from what the audit log keeps.
DROP TABLE "tv_Odd one";
SELECT set_config(key, value, false) IS NULL AS set FROM pg_tview_audit_log, jsonb_each_text(details -> 'settings')
    WHERE operation = 'DROP' AND entity = 'Odd one' AND key = 'TimeZone';
SELECT format('SELECT pg_tviews_create(%L, %L, %L)', details ->> 'table', rtrim(details ->> 'definition', '; '),
              details -> 'options' || jsonb_build_object('key', details -> 'key'))
    FROM pg_tview_audit_log WHERE operation = 'DROP' AND entity = 'Odd one' \gexec
RESET TimeZone;
SELECT * FROM exact();
SET client_min_messages = warning;
DROP SCHEMA "Rebuild ""meta""" CASCADE;
DROP OWNED BY regress_tviews_rebuild;
DROP ROLE regress_tviews_rebuild;
