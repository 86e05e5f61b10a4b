-- The health check: for each component, one thing is broken, named, put right by the printed command, and fine again.  What
-- takes a restart or another version is in test/tap/health.pl.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "Health ""check""";
SET search_path = "Health ""check""", public;
\i :schema
-- What is wrong, numbers and times aside.
CREATE VIEW problems AS SELECT component, severity, regexp_replace(message, '[0-9][-0-9.:+ ]*[0-9]|[0-9]', 'N', 'g') AS message,
                               substring(message FROM '\. Run: (.*)$') AS command
    FROM pg_tviews_health_check() WHERE status <> 'ok';
CREATE VIEW look AS SELECT component, severity, message FROM problems;
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
CREATE TABLE tv_post AS SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
CREATE TABLE "tv_Odd name" AS SELECT pk_user AS "pk_Odd name", name FROM tv_user;
SELECT * FROM look;
SELECT DISTINCT component FROM pg_tviews_health_check() ORDER BY 1;
SELECT count(*) FROM pg_tviews_health_check() WHERE status = 'ok' AND severity <> 'info';
SELECT status, detail - 'tviews' AS detail FROM pg_tviews_status();
SELECT pg_tviews_liveness(), pg_tviews_readiness();

-- Triggers: missing, disabled, firing at the wrong time, on a partition, orphaned.
SET client_min_messages = error;
DROP TRIGGER "!pg_tviews_update" ON tb_user;
DROP TRIGGER "!pg_tviews_truncate" ON tb_post;
UPDATE tb_user SET name = upper(name);
SELECT * FROM look;
SELECT pg_tviews_readiness();
SELECT DISTINCT command FROM problems \gexec
SELECT * FROM look;
CALL check_exact();
ALTER TABLE tb_user DISABLE TRIGGER USER;
UPDATE tb_user SET name = initcap(name);
SELECT * FROM look;
SELECT pg_tviews_readiness();
SELECT status, detail ->> 'errors' AS errors FROM pg_tviews_status();
SELECT command FROM problems \gexec
SELECT * FROM look;
SELECT pg_tviews_readiness();
CALL check_exact();
ALTER TABLE tb_user DISABLE TRIGGER "!pg_tviews_truncate", ENABLE REPLICA TRIGGER "!pg_tviews_delete";
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'tb_user'::regclass AND tgname LIKE '!pg_tviews%' ORDER BY 1;
SELECT * FROM look;
-- A trigger that fires for replicas alone loses what is written here.
ALTER TABLE tb_user ENABLE REPLICA TRIGGER "!pg_tviews_update";
UPDATE tb_user SET name = name || ' R.';
SELECT * FROM look;
SELECT pg_tviews_readiness();
SELECT command FROM problems \gexec
SELECT pg_tviews_readiness();
CALL check_exact();
CREATE TABLE tb_event (pk_event int PRIMARY KEY, body text) PARTITION BY RANGE (pk_event);
CREATE TABLE "tb_event Low" PARTITION OF tb_event FOR VALUES FROM (0) TO (100);
CREATE TABLE tb_event_high PARTITION OF tb_event FOR VALUES FROM (100) TO (200);
CREATE TABLE tv_event AS SELECT pk_event, body FROM tb_event;
ALTER TABLE "tb_event Low" DISABLE TRIGGER "!pg_tviews_row";
INSERT INTO tb_event VALUES (1, 'one'), (101, 'hundred and one');
DROP TRIGGER "!pg_tviews_truncate" ON tb_event_high;
TRUNCATE tb_event_high;
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT * FROM look;
CALL check_exact();
DROP TABLE tb_event CASCADE;
BEGIN;
CREATE TABLE tb_orphan (pk_orphan int PRIMARY KEY);
CREATE TABLE tv_orphan AS SELECT pk_orphan FROM tb_orphan;
DELETE FROM pg_tview_meta WHERE entity = 'orphan';
DELETE FROM pg_depend WHERE objid = 'v_orphan'::regclass AND deptype = 'i' AND refobjid = 'tv_orphan'::regclass;
ALTER VIEW v_orphan RENAME TO nobody_knows;
COMMIT;
SELECT * FROM look;
CALL attempt('INSERT INTO tb_orphan VALUES (1)');
SELECT command FROM problems \gexec
SELECT * FROM look;
INSERT INTO tb_orphan VALUES (1);
DROP TABLE tb_orphan CASCADE;
DROP TABLE tv_orphan;
CALL check_exact();

-- Metadata: a row without its table, one without its view, a table without its row, event triggers.
INSERT INTO pg_tview_meta SELECT 4000000000::oid, 'Lost', schema, 4000000001::oid, definition, dependencies, key_columns, columns, fk_columns, options, settings,
    stamps, undetermined, protocol, reads, created_at, created_by FROM pg_tview_meta WHERE entity = 'user';
SELECT component, severity, message FROM look WHERE component = 'metadata';
SELECT command FROM problems WHERE component = 'metadata' \gexec
SELECT * FROM look;
UPDATE pg_tview_meta SET view = 4000000001::oid WHERE entity = 'Odd name';
SELECT component, severity, left(message, 74) AS message FROM look WHERE component = 'metadata';
SELECT pg_tviews_readiness();
SELECT command FROM problems WHERE component = 'metadata' \gexec
SELECT * FROM look;
CALL check_exact();
ALTER EVENT TRIGGER pg_tviews_sql_drop DISABLE;
DELETE FROM pg_depend WHERE objid = '"v_Odd name"'::regclass AND deptype = 'i';
DROP VIEW "v_Odd name";
ALTER EVENT TRIGGER pg_tviews_sql_drop ENABLE ALWAYS;
SELECT component, severity, left(message, 74) AS message FROM look WHERE component = 'metadata';
SELECT command FROM problems WHERE component = 'metadata' \gexec
SELECT * FROM look;
CALL check_exact();
-- It comes back in the refresh mode that it had last, which need not be that of its creation.
CREATE PROCEDURE lose_view() LANGUAGE plpgsql AS $$
BEGIN
    ALTER EVENT TRIGGER pg_tviews_sql_drop DISABLE;
    DELETE FROM pg_depend WHERE objid = '"v_Odd name"'::regclass AND deptype = 'i';
    DROP VIEW "v_Odd name";
    ALTER EVENT TRIGGER pg_tviews_sql_drop ENABLE ALWAYS;
END $$;
SELECT pg_tviews_set_refresh_mode('"tv_Odd name"', 'manual');
CALL lose_view();
SELECT command FROM problems WHERE component = 'metadata' \gexec
SELECT refresh_mode FROM pg_tviews_registry WHERE entity = 'Odd name';
SELECT pg_tviews_set_refresh_mode('"tv_Odd name"', 'transactional');
CALL lose_view();
SELECT command FROM problems WHERE component = 'metadata' \gexec
SELECT refresh_mode FROM pg_tviews_registry WHERE entity = 'Odd name';
SELECT * FROM look;
CALL check_exact();
DELETE FROM pg_tview_meta WHERE entity = 'Odd name';
UPDATE tb_user SET name = lower(name);
SELECT component, severity, left(message, 100) AS message FROM look;
SELECT command FROM problems WHERE component = 'metadata' \gexec
SELECT * FROM look;
SELECT pg_tviews_readiness();
CALL check_exact();
ALTER EVENT TRIGGER pg_tviews_ddl_end DISABLE;
ALTER EVENT TRIGGER pg_tviews_sql_drop ENABLE;
SELECT * FROM look;
SELECT pg_tviews_readiness();
SELECT command FROM problems \gexec
SELECT * FROM look;
SELECT pg_tviews_readiness();
-- Event triggers are members of the extension, so it takes two commands to lose one; another may have taken its name.
ALTER EVENT TRIGGER pg_tviews_ddl_end RENAME TO renamed;
SELECT * FROM look;
SELECT pg_tviews_readiness();
ALTER EVENT TRIGGER renamed RENAME TO pg_tviews_ddl_end;
CREATE VIEW event_triggers AS SELECT e.evtname, to_jsonb(e) - '{oid,evtowner}'::text[] AS row, d.deptype FROM pg_event_trigger e
    JOIN pg_depend d ON d.classid = 'pg_event_trigger'::regclass AND d.objid = e.oid AND d.refclassid = 'pg_extension'::regclass;
CREATE TABLE kept AS TABLE event_triggers;
SELECT evtname, deptype FROM kept ORDER BY 1;
CALL attempt('DROP EVENT TRIGGER pg_tviews_ddl_start');
ALTER EXTENSION pg_tviews DROP EVENT TRIGGER pg_tviews_ddl_start;
ALTER EXTENSION pg_tviews DROP EVENT TRIGGER pg_tviews_ddl_end;
ALTER EXTENSION pg_tviews DROP EVENT TRIGGER pg_tviews_sql_drop;
DROP EVENT TRIGGER pg_tviews_ddl_start;
DROP EVENT TRIGGER pg_tviews_ddl_end;
DROP EVENT TRIGGER pg_tviews_sql_drop;
CREATE FUNCTION other() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER pg_tviews_ddl_end ON ddl_command_end EXECUTE FUNCTION other();
SELECT * FROM look;
SELECT pg_tviews_readiness();
SELECT command FROM problems \gexec
SELECT * FROM look;
SELECT pg_tviews_readiness();
TABLE kept EXCEPT TABLE event_triggers;
CREATE TABLE tv_again AS SELECT pk_user AS pk_again, name FROM tb_user;
UPDATE tb_user SET name = initcap(name);
CALL check_exact();
DROP TABLE tv_again;

-- Definitions: what the owner may not read any more; a function that has become volatile.
CREATE ROLE regress_tviews_health;
GRANT USAGE, CREATE ON SCHEMA "Health ""check""" TO regress_tviews_health;
GRANT SELECT ON tb_comment TO regress_tviews_health;
ALTER TABLE tv_post OWNER TO regress_tviews_health;
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT * FROM look;
UPDATE tb_user SET name = upper(name);
CALL check_exact();
CREATE FUNCTION shout(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN upper($1); END';
CREATE TABLE tv_comment AS SELECT pk_comment, shout(body) AS body FROM tb_comment;
ALTER EVENT TRIGGER pg_tviews_ddl_end DISABLE;      -- which would refuse it
ALTER FUNCTION shout(text) VOLATILE;
ALTER EVENT TRIGGER pg_tviews_ddl_end ENABLE ALWAYS;
SELECT * FROM look;
SELECT command FROM problems \gexec
ALTER FUNCTION shout(text) IMMUTABLE;
SELECT * FROM look;
-- What cannot be looked at is said, and the rest goes on.
SELECT component, status, severity, message FROM pg_tviews_health_check(2) WHERE status <> 'ok';
SELECT count(DISTINCT component) FROM pg_tviews_health_check(2);
DROP TABLE tv_comment;

-- Content that depends on more than rows.
CREATE TABLE tv_clock AS SELECT pk_post AS pk_clock, now() > '2020-01-01' AS past FROM tb_post;
SELECT * FROM look;
SELECT status, severity, count(*) FROM pg_tviews_health_check() WHERE component = 'dependence' GROUP BY 1, 2;
UPDATE pg_tview_meta SET created_at = created_at - interval '2 days' WHERE entity = 'clock';
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT * FROM look;
DROP TABLE tv_clock;
CREATE FUNCTION unseen(which int) RETURNS bigint STABLE LANGUAGE plpgsql
    AS $$ DECLARE found bigint; BEGIN EXECUTE 'SELECT count(*) FROM tb_comment WHERE fk_post = $1' INTO found USING which; RETURN found; END $$;
CREATE TABLE tv_unseen AS SELECT pk_post AS pk_unseen, unseen(pk_post) AS comments FROM tb_post;
SELECT * FROM look;
UPDATE pg_tview_meta SET created_at = created_at - interval '2 days' WHERE entity = 'unseen';
DELETE FROM tb_comment WHERE pk_comment = 101;
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT * FROM look;
CALL check_exact();
DROP TABLE tv_unseen;

-- Indexes, where they would help.
INSERT INTO tb_user SELECT i, uuid_of(1, i), 'user ' || i FROM generate_series(10, 1000) i;
INSERT INTO tb_post SELECT i, uuid_of(2, i), i / 2 + 10, 'post ' || i FROM generate_series(20, 1900) i;
SELECT * FROM look;
DROP INDEX tb_post_fk_user_idx;
ANALYZE tb_user, tb_post;
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT * FROM look;
SELECT indexdef FROM pg_indexes WHERE indexname = 'tb_post_fk_user_idx' AND schemaname = current_schema;
UPDATE tb_user SET name = lower(name) WHERE pk_user = 500;
CALL check_exact();

-- Routes: a table of which each change compares everything, and which is written often.  The command shows why; the remedy is
-- another query.
CREATE TABLE tb_setting (name text, value text);
CREATE TABLE tv_site AS SELECT u.pk_user AS pk_site, u.name, s.settings FROM tb_user u CROSS JOIN (SELECT count(*) AS settings FROM tb_setting) s;
SELECT pg_stat_force_next_flush();
SELECT * FROM look;
INSERT INTO tb_setting SELECT 'site', 'example.com' FROM generate_series(1, 1000);
CALL check_exact();
SELECT pg_stat_force_next_flush();
SELECT * FROM look;
SELECT command FROM problems \gexec
DROP TABLE tv_site;
SELECT * FROM look;

-- Verification: too long ago, or with differences that are still there; now, on request.
UPDATE pg_tview_meta SET created_at = created_at - interval '8 days' WHERE entity IN ('user', 'post');
TRUNCATE pg_tview_verified;
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT * FROM look;
SELECT tview, verified_by = session_user AS mine, sample, differences FROM pg_tview_verified ORDER BY tview::text;
UPDATE tv_user SET name = 'wrong' WHERE pk_user = 1;
SELECT * FROM look;
SELECT component, severity, regexp_replace(message, '\. Run.*', '') AS message FROM pg_tviews_health_check(1) WHERE status <> 'ok';
SELECT * FROM look;
SELECT count(*) FROM pg_tviews_verify(NULL, 0.000000001);
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT * FROM look;
CALL check_exact();
SELECT count(*) FROM pg_tviews_health_check(1) WHERE status <> 'ok';
-- Where a transaction cannot write, or others' traces may not be seen, none is left.
BEGIN READ ONLY;
SELECT count(*) FROM pg_tviews_verify();
SELECT count(*) FROM pg_tviews_health_check(1) WHERE status <> 'ok';
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM pg_tviews_verify();
SELECT count(*) FROM pg_tviews_refresh();
COMMIT;
-- A dropped TVIEW's trace goes with the next one that is written; the same result within a minute leaves none.
SELECT count(*) FROM pg_tviews_verify('tv_user');
CREATE TABLE traces AS TABLE pg_tview_verified;
SELECT count(*) FROM pg_tviews_verify('tv_user');
SELECT count(*) FROM (TABLE pg_tview_verified EXCEPT TABLE traces) AS new;
CREATE TABLE tv_gone AS SELECT pk_post AS pk_gone FROM tb_post;
SELECT count(*) FROM pg_tviews_verify('tv_gone');
DROP TABLE tv_gone;
SELECT count(*) FROM pg_tviews_verify('tv_user', 0.5);
SELECT count(*) FROM pg_tview_verified v WHERE NOT EXISTS (SELECT FROM pg_tview_meta WHERE "table" = v.tview);

-- Storage: dead rows; updates that change indexes.
ALTER TABLE tv_user SET (autovacuum_enabled = off, fillfactor = 100);
ALTER TABLE tv_post SET (autovacuum_enabled = off, fillfactor = 100);
ALTER TABLE "tv_Odd name" SET (autovacuum_enabled = off, fillfactor = 100);
VACUUM FULL tv_user;
VACUUM FULL tv_post;
VACUUM FULL "tv_Odd name";
ALTER TABLE "tv_Odd name" SET (fillfactor = 50);
UPDATE tb_user SET name = name || '!';
UPDATE tb_user SET name = name || '!';
SELECT pg_stat_force_next_flush();
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT pg_stat_force_next_flush();
SELECT * FROM look;
CALL check_exact();

-- The lock table: what one transaction may take.
SET pg_tviews.max_fine_locks = 1000000;
SELECT * FROM look;
\set ECHO none
SELECT command FROM problems \gexec
\set ECHO all
\c -
SET search_path = "Health ""check""", public;
SELECT * FROM look;
SELECT current_setting('pg_tviews.max_fine_locks')::int < 1000000 AS lower;
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET pg_tviews.max_fine_locks', current_database()); END $$;

-- The audit log: its guard off, a row changed.
SET client_min_messages = error;
ALTER TABLE pg_tview_audit_log DISABLE TRIGGER USER;
UPDATE pg_tview_audit_log SET performed_by = 'nobody' WHERE link = (SELECT max(link) - 1 FROM pg_tview_audit_log);
SELECT * FROM look;
CREATE TABLE evidence AS TABLE pg_tview_audit_log WITH NO DATA;
SELECT command FROM problems WHERE command NOT LIKE '%archive%' \gexec
\set ECHO none
SELECT 'INSERT INTO evidence ' || command FROM problems \gexec
\set ECHO all
SELECT * FROM look;
SELECT count(*) FROM evidence WHERE performed_by = 'nobody';
CALL attempt('DELETE FROM pg_tview_audit_log');
-- The guard gone, in part or made harmless.
CREATE VIEW guard AS SELECT to_jsonb(t) - '{oid}'::text[] AS row FROM pg_trigger t WHERE tgrelid = 'pg_tview_audit_log'::regclass;
CREATE TABLE whole_guard AS TABLE guard;
DROP TRIGGER append_only ON pg_tview_audit_log;
DROP TRIGGER append_only_statement ON pg_tview_audit_log;
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT * FROM look;
TABLE whole_guard EXCEPT TABLE guard;
CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE ON pg_tview_audit_log FOR EACH ROW WHEN (false) EXECUTE FUNCTION pg_tviews_audit_guard();
CREATE OR REPLACE TRIGGER append_only_statement BEFORE UPDATE ON pg_tview_audit_log FOR EACH STATEMENT EXECUTE FUNCTION pg_tviews_audit_guard();
SELECT * FROM look;
SELECT command FROM problems \gexec
SELECT * FROM look;
TABLE whole_guard EXCEPT TABLE guard;
CALL attempt('TRUNCATE pg_tview_audit_log');
CALL attempt('UPDATE pg_tview_audit_log SET performed_by = session_user');

-- States: suspended, skipped by a session, left half built.
SELECT count(*) FROM pg_tviews_suspend('tv_post');
SET pg_tviews.suspended = '';
UPDATE tb_user SET name = 'suspended' WHERE pk_user = 1;
SELECT component, severity, replace(message, session_user, 'somebody') AS message FROM look;
SELECT status FROM pg_tviews_status();
SELECT command FROM problems \gexec
SELECT * FROM look;
SELECT count(*) FROM pg_tviews_suspend('tv_post', 'session');
UPDATE tb_user SET name = 'skipped' WHERE pk_user = 1;
RESET pg_tviews.suspended;
SELECT component, severity FROM look;
SELECT status FROM pg_tviews_status();
SELECT command FROM problems \gexec
SELECT * FROM look;
CREATE TABLE tb_double AS SELECT pk_user AS pk_double FROM tb_user UNION ALL SELECT 1;
CALL pg_tviews_create_concurrently('tv_double', 'SELECT pk_double FROM tb_double');
SELECT component, severity FROM look WHERE component = 'states';
DELETE FROM tb_double WHERE ctid = (SELECT max(ctid) FROM tb_double);
SELECT command FROM problems WHERE component = 'states' \gexec
SELECT * FROM look WHERE component = 'states';
CALL check_exact();
DROP TABLE tb_double CASCADE;

-- pg_monitor may look at everything but the documents; anybody else is told what he may not see.
SET ROLE pg_monitor;
SELECT component, status, severity FROM pg_tviews_health_check() WHERE status <> 'ok';
SELECT status FROM pg_tviews_status();
SELECT pg_tviews_liveness(), pg_tviews_readiness();
SELECT count(*) > 0 AS routes FROM pg_tviews_routes();
SELECT count(*) FROM pg_tviews_check_indexes();
SELECT pg_tviews_graph() LIKE 'flowchart%' AS graph;
SELECT count(*) FROM pg_tview_audit_log WHERE log_id IS NULL;
RESET ROLE;
SET ROLE regress_tviews_health;
SELECT component, status, severity, message FROM pg_tviews_health_check() WHERE status <> 'ok';
SELECT status FROM pg_tviews_status();
RESET ROLE;
SELECT * FROM exact();
SET client_min_messages = warning;
DROP SCHEMA "Health ""check""" CASCADE;
DROP OWNED BY regress_tviews_health;
DROP ROLE regress_tviews_health;
