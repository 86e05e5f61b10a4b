-- What a role that is a member of pg_monitor and nothing else can look at: every function but those that change something or show
-- documents.  Each function of the extension stands here once; one that is added has to be, too.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "Closed ""schema""";
SET search_path = "Closed ""schema""", public;
\i :schema
CREATE TABLE tv_post AS
    SELECT p.pk_post, p.fk_user, jsonb_build_object('title', p.title, 'author', u.name) AS data
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
CREATE TABLE "tv_By User" AS
    SELECT u.pk_user AS "pk_By User", u.name, count(p.pk_post) AS posts FROM tb_user u LEFT JOIN tv_post p ON p.fk_user = u.pk_user GROUP BY u.pk_user;
DROP INDEX tb_post_fk_user_idx;
CREATE ROLE tviews_monitor;
GRANT pg_monitor TO tviews_monitor;

CREATE TABLE calls (function regprocedure PRIMARY KEY, call text, kind text);
\set tview 'pg_tviews_%s(''"Closed ""schema"""."tv_By User"''%s)'
INSERT INTO calls VALUES
    ('pg_tviews_version()', 'pg_tviews_version()', 'looks'),
    ('pg_tviews_explain(text, boolean)', format(:'tview', 'explain', ', true'), 'looks'),
    ('pg_tviews_routes(text)', format(:'tview', 'routes', ''), 'looks'),
    ('pg_tviews_check_indexes(text)', 'pg_tviews_check_indexes(''"Closed ""schema""".tv_post'')', 'looks'),
    ('pg_tviews_ensure_indexes(text, boolean)', 'pg_tviews_ensure_indexes(''"Closed ""schema""".tv_post'')', 'looks'),
    ('pg_tviews_impact(text, text)', 'pg_tviews_impact(''"Closed ""schema""".tb_user'')', 'looks'),
    ('pg_tviews_graph(text)', 'pg_tviews_graph()', 'looks'),
    ('pg_tviews_performance_summary()', 'pg_tviews_performance_summary()', 'looks'),
    ('pg_tviews_queue_realtime()', 'pg_tviews_queue_realtime()', 'looks'),
    ('pg_tviews_cache_stats()', 'pg_tviews_cache_stats()', 'looks'),
    ('pg_tviews_progress()', 'pg_tviews_progress()', 'looks'),
    ('pg_tviews_stats_info()', 'pg_tviews_stats_info()', 'looks'),
    ('pg_tviews_metrics()', 'pg_tviews_metrics()', 'looks'),
    ('pg_tviews_audit_hash(pg_tview_audit_log, bigint, bytea)', 'pg_tviews_audit_hash((SELECT l FROM pg_tview_audit_log l ORDER BY link LIMIT 1), 1, NULL)', 'looks'),
    ('pg_tviews_audit_verify()', 'pg_tviews_audit_verify()', 'looks'),
    ('pg_tviews_audit_is_own(xid)', 'pg_tviews_audit_is_own(''3'')', 'looks'),
    ('pg_tviews_check_triggers()', 'pg_tviews_check_triggers()', 'looks'),
    ('pg_tviews_check_definitions()', 'pg_tviews_check_definitions()', 'looks'),
    ('pg_tviews_check_metadata()', 'pg_tviews_check_metadata()', 'looks'),
    ('pg_tviews_health_version()', 'pg_tviews_health_version()', 'looks'),
    ('pg_tviews_health_preload()', 'pg_tviews_health_preload()', 'looks'),
    ('pg_tviews_health_metadata()', 'pg_tviews_health_metadata()', 'looks'),
    ('pg_tviews_health_triggers()', 'pg_tviews_health_triggers()', 'looks'),
    ('pg_tviews_health_indexes()', 'pg_tviews_health_indexes()', 'looks'),
    ('pg_tviews_health_routes()', 'pg_tviews_health_routes()', 'looks'),
    ('pg_tviews_health_verification(double precision)', 'pg_tviews_health_verification()', 'looks'),
    ('pg_tviews_health_definitions()', 'pg_tviews_health_definitions()', 'looks'),
    ('pg_tviews_health_dependence()', 'pg_tviews_health_dependence()', 'looks'),
    ('pg_tviews_health_storage()', 'pg_tviews_health_storage()', 'looks'),
    ('pg_tviews_health_locks()', 'pg_tviews_health_locks()', 'looks'),
    ('pg_tviews_health_audit()', 'pg_tviews_health_audit()', 'looks'),
    ('pg_tviews_health_states()', 'pg_tviews_health_states()', 'looks'),
    ('pg_tviews_health_queue(interval, bigint)', 'pg_tviews_health_queue()', 'looks'),
    ('pg_tviews_health_statistics()', 'pg_tviews_health_statistics()', 'looks'),
    ('pg_tviews_health_check(double precision)', 'pg_tviews_health_check()', 'looks'),
    ('pg_tviews_status()', 'pg_tviews_status()', 'looks'),
    ('pg_tviews_liveness()', 'pg_tviews_liveness()', 'looks'),
    ('pg_tviews_readiness()', 'pg_tviews_readiness()', 'looks'),
    ('pg_tviews_flush()', 'pg_tviews_flush()', 'looks'),     -- this transaction has written nothing
    ('pg_tviews_start_worker()', 'pg_tviews_start_worker()', 'looks'),      -- it does what a commit would
    ('pg_tviews_verify(text, double precision)', format(:'tview', 'verify', ''), 'shows documents'),
    ('pg_tviews_create(text, text, jsonb)', 'pg_tviews_create(''tv_mine'', ''SELECT pk_user FROM tb_user'')', 'changes'),
    ('pg_tviews_drop(text, boolean, boolean)', format(:'tview', 'drop', ''), 'changes'),
    ('pg_tviews_refresh(text)', format(:'tview', 'refresh', ''), 'changes'),
    ('pg_tviews_apply(regclass)', format(:'tview', 'apply', ''), 'changes'),
    ('pg_tviews_set_refresh_mode(regclass, text)', format(:'tview', 'set_refresh_mode', ', ''manual'''), 'changes'),
    ('pg_tviews_suspend(text, text)', format(:'tview', 'suspend', ''), 'changes'),
    ('pg_tviews_resume(text)', format(:'tview', 'resume', ''), 'changes'),
    ('pg_tviews_reinstall_triggers()', 'pg_tviews_reinstall_triggers()', 'changes'),
    ('pg_tviews_rebuild_metadata(text)', format(:'tview', 'rebuild_metadata', ''), 'changes'),
    ('pg_tviews_stats_reset(text)', 'pg_tviews_stats_reset()', 'changes'),
    ('pg_tviews_audit_archive(timestamptz)', 'pg_tviews_audit_archive(''-infinity'')', 'changes');
-- Triggers, which nobody calls, and procedures that begin as pg_tviews_create() and pg_tviews_resume() do, are all that is not there.
SELECT objid::regprocedure AS other FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass
WHERE e.extname = 'pg_tviews' AND objid NOT IN (SELECT function FROM calls) ORDER BY objid::regprocedure::text;
-- Calls each as that role; says what a call that looks raises, or if one that must be refused is not.
CREATE PROCEDURE try(kinds text[]) LANGUAGE plpgsql AS $$
DECLARE
    c record;
    n bigint;
BEGIN
    FOR c IN SELECT function::text, call, kind FROM "Closed ""schema""".calls WHERE kind = ANY (kinds) ORDER BY function::text COLLATE "C" LOOP
        BEGIN
            SET LOCAL ROLE tviews_monitor;
            EXECUTE format('SELECT count(*) FROM %s AS r WHERE r::text IS NOT NULL', c.call) INTO n;
            RESET ROLE;
            RAISE INFO '%: answers', c.function;
        EXCEPTION WHEN OTHERS THEN
            RAISE INFO '%: % %', c.function, SQLSTATE, SQLERRM;
        END;
    END LOOP;
END $$;
SET search_path = public;
CALL "Closed ""schema""".try('{looks}');
-- Documents, and which rows a condition finds, only with SELECT; nothing that changes anything.
CALL "Closed ""schema""".try('{shows documents,changes}');
SET ROLE tviews_monitor;
SELECT * FROM pg_tviews_impact('"Closed ""schema""".tb_user', 'pk_user = 1');
SELECT tview_name::text LIKE '%tv_post' AS post, documents, everything FROM pg_tviews_impact('"Closed ""schema""".tb_user') ORDER BY 1;
SELECT purpose, columns, ddl, cost_with < cost_without AS helps FROM pg_tviews_check_indexes('"Closed ""schema""".tv_post');
SELECT * FROM pg_tviews_ensure_indexes('"Closed ""schema""".tv_post', false);
SELECT explain FROM pg_tviews_explain('"Closed ""schema""".tv_post', true) AS explain WHERE explain !~ 'cost';
SELECT * FROM pg_tviews_explain('"Closed ""schema""".nothing');
SELECT * FROM pg_tviews_explain('"Closed ""schema""".tb_user');
SELECT * FROM pg_tviews_explain('nowhere.tv_post');
-- The health check has looked at everything, the status knows of it, and the metrics name the TVIEWs.
SELECT component, status FROM pg_tviews_health_check() WHERE status = 'unknown';
SELECT status IS NOT NULL AS status FROM pg_tviews_status();
SELECT pg_tviews_liveness(), pg_tviews_readiness();
SELECT count(*) FROM regexp_split_to_table(pg_tviews_metrics(), '\n') AS line WHERE line LIKE 'pg_tviews_size_bytes{%' AND strpos(line, 'schema="Closed \"schema\""') > 0;
-- Tables and views.
SELECT count(*) FROM pg_tviews_registry WHERE schema LIKE 'Closed%';
SELECT count(*) FROM pg_tview_meta WHERE schema LIKE 'Closed%';
SELECT count(*) >= 0 AS states FROM pg_tview_state;
SELECT count(*) >= 2 AS log FROM pg_tview_audit_log;
SELECT count(*) FROM pg_tview_verified WHERE tview IS NULL;
SELECT count(*) FROM pg_tviews_performance_summary WHERE schema LIKE 'Closed%';
SELECT count(*) FROM pg_tviews_queue_realtime;
SELECT count(*) FROM pg_tviews_queue;
SELECT count(*) FROM pg_tview_queue;
SELECT count(*) FROM pg_tviews_progress;
SELECT count(*) >= 3 AS caches FROM pg_tviews_cache_stats;
RESET ROLE;
-- Somebody else needs USAGE on the schema to name a TVIEW, as ever.
CREATE ROLE tviews_guest;
SET ROLE tviews_guest;
SELECT * FROM pg_tviews_explain('"Closed ""schema""".tv_post');
RESET ROLE;
SET search_path = "Closed ""schema""", public;
SELECT * FROM exact();
SET client_min_messages = warning;
DROP SCHEMA "Closed ""schema""" CASCADE;
DROP ROLE tviews_guest, tviews_monitor;
