-- pg_tviews 0.2.0: catalog tables, functions, event triggers.  Everything lives in the extension's own schema and is found
-- there by OID, never by search_path.
\echo Use "CREATE EXTENSION pg_tviews" to load this file. \quit

-- Catalog ---------------------------------------------------------------------------------------------------------

CREATE TABLE pg_tview_meta (
    "table"       regclass PRIMARY KEY,
    entity        text NOT NULL,
    schema        text NOT NULL,
    view          regclass NOT NULL UNIQUE,
    definition    text NOT NULL,
    dependencies  regclass[] NOT NULL,
    key_columns   text[] NOT NULL,
    columns       text[] NOT NULL,
    fk_columns    text[] NOT NULL,
    options       jsonb NOT NULL,
    settings      jsonb NOT NULL,
    stamps        boolean NOT NULL,
    undetermined  text[] NOT NULL,
    protocol      integer NOT NULL,
    reads         regclass[],
    created_at    timestamptz NOT NULL DEFAULT now(),
    created_by    text NOT NULL DEFAULT session_user,
    refresh_mode  text NOT NULL DEFAULT 'transactional' CHECK (refresh_mode IN ('transactional', 'immediate', 'deferred', 'manual'))
);
COMMENT ON TABLE pg_tview_meta IS 'one row per TVIEW; written by the extension alone';
COMMENT ON COLUMN pg_tview_meta."table" IS 'the table tv_<entity> that holds the documents';
COMMENT ON COLUMN pg_tview_meta.entity IS 'the table''s name without tv_';
COMMENT ON COLUMN pg_tview_meta.schema IS 'the table''s schema';
COMMENT ON COLUMN pg_tview_meta.view IS 'the backing view: the defining query as PostgreSQL stores it';
COMMENT ON COLUMN pg_tview_meta.definition IS 'text of the defining query; follows renames of what it reads';
COMMENT ON COLUMN pg_tview_meta.dependencies IS 'the tables whose rows the query reads, itself, through views and in functions';
COMMENT ON COLUMN pg_tview_meta.key_columns IS 'the columns that identify a document; the primary key';
COMMENT ON COLUMN pg_tview_meta.columns IS 'the output columns of the defining query, in order';
COMMENT ON COLUMN pg_tview_meta.fk_columns IS 'the output columns named fk_* or *_id';
COMMENT ON COLUMN pg_tview_meta.options IS 'the options given at creation';
COMMENT ON COLUMN pg_tview_meta.settings IS 'the settings in force at creation, under which every document is built';
COMMENT ON COLUMN pg_tview_meta.stamps IS 'whether updated_at is kept by the extension (false: the query outputs its own)';
COMMENT ON COLUMN pg_tview_meta.undetermined IS 'where the query leaves its result open, as of its last definition; empty: nowhere';
COMMENT ON COLUMN pg_tview_meta.protocol IS 'version of the lock protocol that all sessions must share';
COMMENT ON COLUMN pg_tview_meta.reads IS 'the relations that the option reads names; null if it was not given';
COMMENT ON COLUMN pg_tview_meta.refresh_mode IS 'when it follows what is written: transactional, immediate, deferred or manual';
SELECT pg_catalog.pg_extension_config_dump('pg_tview_meta', '');

CREATE TABLE pg_tview_queue (
    tview         regclass NOT NULL,
    key           text[],
    enqueued_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE pg_tview_queue IS 'documents of deferred and manual TVIEWs that have still to be compared with their queries; written by the extension alone';
COMMENT ON COLUMN pg_tview_queue.tview IS 'the TVIEW''s table';
COMMENT ON COLUMN pg_tview_queue.key IS 'values of the key columns as text, null for any value; null: all documents';
COMMENT ON COLUMN pg_tview_queue.enqueued_at IS 'when the transaction that changed what they are made of was about to commit';
CREATE INDEX pg_tview_queue_tview_idx ON pg_tview_queue (tview);
SELECT pg_catalog.pg_extension_config_dump('pg_tview_queue', '');

CREATE TABLE pg_tview_state (
    tview         regclass NOT NULL,
    state         text NOT NULL CHECK (state IN ('suspended', 'building', 'stale')),
    since         timestamptz NOT NULL DEFAULT now(),
    marked_by     text NOT NULL DEFAULT session_user,
    mark          uuid PRIMARY KEY
);
COMMENT ON TABLE pg_tview_state IS 'marks of TVIEWs that are not what their queries say; none for a TVIEW that is; written by the extension alone';
COMMENT ON COLUMN pg_tview_state.tview IS 'the TVIEW''s table';
COMMENT ON COLUMN pg_tview_state.state IS 'suspended: nobody maintains it; building: maintained, but not all documents are there yet; stale: maintained, but a session that was told not to has written';
COMMENT ON COLUMN pg_tview_state.since IS 'start of the transaction that marked it';
COMMENT ON COLUMN pg_tview_state.marked_by IS 'session user who did';
COMMENT ON COLUMN pg_tview_state.mark IS 'tells marks of one TVIEW apart';
SELECT pg_catalog.pg_extension_config_dump('pg_tview_state', '');

CREATE TABLE pg_tview_audit_log (
    log_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation     text NOT NULL CHECK (operation IN ('CREATE', 'DROP', 'ALTER', 'REFRESH', 'SUSPEND', 'RESUME', 'ARCHIVE')),
    entity        text NOT NULL,
    performed_by  text NOT NULL DEFAULT session_user,
    performed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    details       jsonb NOT NULL DEFAULT '{}',
    client_addr   inet DEFAULT inet_client_addr(),
    client_port   integer DEFAULT inet_client_port(),
    trace_id      text,
    link          bigint UNIQUE,
    hash          bytea,
    CHECK ((link IS NULL) = (hash IS NULL))
);
COMMENT ON TABLE pg_tview_audit_log IS 'who created, dropped, altered, refreshed, suspended or resumed which TVIEW; append-only, a chain of hashes';
COMMENT ON COLUMN pg_tview_audit_log.link IS 'number in the chain, without gaps; given at commit';
COMMENT ON COLUMN pg_tview_audit_log.hash IS 'SHA-256 over the hash of the row before it and this row';
SELECT pg_catalog.pg_extension_config_dump('pg_tview_audit_log', '');
SELECT pg_catalog.pg_extension_config_dump('pg_tview_audit_log_log_id_seq', '');

CREATE VIEW pg_tviews_registry AS
SELECT m.schema, m.entity, m."table"::text AS tview, m.view::text AS backing_view, m.key_columns, m.dependencies,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner, m.definition, m.options, m.undetermined, m.created_at, m.created_by,
       coalesce(s.state, 'active') AS state, s.since AS state_since, s.marked_by AS state_by,
       m.refresh_mode
FROM pg_tview_meta m LEFT JOIN pg_catalog.pg_class c ON c.oid = m."table"
LEFT JOIN LATERAL (SELECT * FROM pg_tview_state p WHERE p.tview = m."table"
                   ORDER BY pg_catalog.array_position('{suspended,building,stale}', p.state), p.since LIMIT 1) s ON true;
COMMENT ON VIEW pg_tviews_registry IS 'the TVIEWs of this database, readable by everyone';

CREATE VIEW pg_tviews_queue AS
SELECT m.schema, m.entity, m."table"::text AS tview, m.refresh_mode, coalesce(q.entries, 0) AS entries, coalesce(q.everything, false) AS everything,
       q.oldest, q.newest
FROM pg_tview_meta m LEFT JOIN (
    SELECT p.tview, pg_catalog.count(*) AS entries, pg_catalog.bool_or(p.key IS NULL) AS everything, min(p.enqueued_at) AS oldest, max(p.enqueued_at) AS newest
    FROM pg_tview_queue p GROUP BY p.tview) q ON q.tview = m."table"
WHERE q.tview IS NOT NULL OR m.refresh_mode IN ('deferred', 'manual');
COMMENT ON VIEW pg_tviews_queue IS 'what has still to be applied to each deferred and manual TVIEW, readable by everyone';

GRANT SELECT ON pg_tview_meta, pg_tview_state, pg_tviews_queue, pg_tviews_registry, pg_tview_audit_log TO PUBLIC;

-- Functions -------------------------------------------------------------------------------------------------------

CREATE FUNCTION pg_tviews_version() RETURNS text LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_version() IS 'version of the loaded library, as text';

CREATE FUNCTION pg_tviews_create(tview text, query text, options jsonb DEFAULT '{}') RETURNS regclass
    LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_create(text, text, jsonb) IS
    'creates the TVIEW tview ([schema.]tv_<entity>) from a SELECT; options: key (text or array of text), fillfactor (integer percent, 10 to 100), data_index (boolean), reads (array of text: relations that functions in the query read unseen), refresh_mode (text); returns its table. Errors: 42602 name, 42601 not one SELECT, 42P07 exists already, 42P16 no key column, 42883 key not comparable, 0A000 query not maintainable, 22023 options, 42P01 or 42809 in reads, 23505 or 23502 key not unique or null, 42501 no TRIGGER privilege';

CREATE FUNCTION pg_tviews_drop(tview text, if_exists boolean DEFAULT false, cascade boolean DEFAULT false) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_drop(text, boolean, boolean) IS
    'drops a TVIEW with its backing view and unused capture triggers; returns whether it existed. Errors: 42P01, 42809, 2BP01';

CREATE FUNCTION pg_tviews_explain(tview text, costs boolean DEFAULT false) RETURNS SETOF text LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_explain(text, boolean) IS
    'how a change of each base table finds the documents of a TVIEW, one line per row; with costs, what the planner estimates it to cost. Errors: 42P01, 42809';

CREATE FUNCTION pg_tviews_flush() RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_flush() IS
    'brings every TVIEW up to date with this transaction''s writes now instead of at the next read or commit; returns the number of documents written (bigint). Errors: those of the defining queries, 23505, 23502, 54001';

CREATE FUNCTION pg_tviews_verify(tview text DEFAULT NULL, sample double precision DEFAULT 1.0,
                                 OUT tview_name regclass, OUT key jsonb, OUT difference text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_verify(text, double precision) IS
    'compares a TVIEW (NULL: all) with its query and returns each key whose row is missing, extra or stale, or undetermined: different where the query leaves its result open; sample is the fraction of keys compared, 0 to 1. Errors: 42P01, 42809, 42501, 22023';

CREATE FUNCTION pg_tviews_refresh(tview text DEFAULT NULL, OUT tview_name regclass, OUT inserted bigint,
                                  OUT updated bigint, OUT deleted bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_refresh(text) IS
    'repairs a TVIEW (NULL: all) by comparing it with its query and writing only what differs; returns the number of rows written. Errors: 42P01, 42809, 42501';

CREATE FUNCTION pg_tviews_set_refresh_mode(tview regclass, mode text) RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_set_refresh_mode(regclass, text) IS
    'decides when a TVIEW follows what is written: mode transactional (at a read and at commit), immediate (at the end of each statement), deferred (after the commit, by a background worker) or manual (by pg_tviews_apply()); applies its queue if that had one. Errors: 22023, 42P01, 42809, 42501';

CREATE FUNCTION pg_tviews_apply(tview regclass DEFAULT NULL) RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_apply(regclass) IS
    'brings the documents that are queued for a deferred or manual TVIEW (NULL: all such) up to date; returns the number of documents written (bigint). Errors: 42P01, 42809, 42501, 40001, those of the defining query';

CREATE FUNCTION pg_tviews_start_worker() RETURNS boolean LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_start_worker() IS
    'starts the background worker that applies the queues of deferred TVIEWs of this database, or wakes it; returns whether it was not there. Errors: 53400 no slot is free, 55000 on a standby';

CREATE FUNCTION pg_tviews_suspend(tview text DEFAULT NULL, scope text DEFAULT 'database') RETURNS SETOF regclass
    LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_suspend(text, text) IS
    'stops the maintenance of a TVIEW (NULL: all), for everybody (scope database), or for the writes of this session or transaction (session, transaction), which mark it as stale; returns the TVIEWs. Errors: 42P01, 42809, 42501, 22023';

CREATE FUNCTION pg_tviews_resume(tview text DEFAULT NULL, OUT tview_name regclass, OUT inserted bigint,
                                 OUT updated bigint, OUT deleted bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_resume(text) IS
    'maintains a TVIEW again (NULL: all) that is suspended, stale or building, and repairs it by comparing it with its query; returns the number of rows written for each that was. Errors: 42P01, 42809, 42501';

CREATE PROCEDURE pg_tviews_create_concurrently(tview text, query text, options jsonb DEFAULT '{}', batch integer DEFAULT 200)
    LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON PROCEDURE pg_tviews_create_concurrently(text, text, jsonb, integer) IS
    'creates a TVIEW as pg_tviews_create() does, but fills it in transactions of batch documents each while others write; where that fails the TVIEW stays in state building. Errors: those of pg_tviews_create(), 25001, 22004';

CREATE PROCEDURE pg_tviews_resume_concurrently(tview text, batch integer DEFAULT 200) LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON PROCEDURE pg_tviews_resume_concurrently(text, integer) IS
    'does what pg_tviews_resume() does in transactions of batch documents each, and finishes a TVIEW left in state building. Errors: 42P01, 42809, 42501, 25001, 22004, 22023';

CREATE FUNCTION pg_tviews_reinstall_triggers() RETURNS integer LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_reinstall_triggers() IS
    'makes the capture triggers that are missing on any table a TVIEW reads, and compares those TVIEWs in full at commit; drops those on tables that no TVIEW reads; returns the number of triggers made. Errors: 42501';

CREATE FUNCTION pg_tviews_rebuild_metadata(tview text DEFAULT NULL, OUT tview_name regclass, OUT problem text, OUT inserted bigint,
                                           OUT updated bigint, OUT deleted bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_rebuild_metadata(text) IS
    'writes the row of pg_tview_meta of a TVIEW (NULL: all) again where it is lost or damaged, and the mark of a suspended one where that is lost, from table, backing view and audit log, then compares the TVIEW with its query; returns what was wrong and the number of rows written (null if not compared: it is suspended). Errors: 42P01, 42809, 42501, 55000';

-- Statistics ------------------------------------------------------------------------------------------------------

CREATE FUNCTION pg_tviews_performance_summary(
        OUT schema text, OUT entity text, OUT tview regclass, OUT refreshes bigint, OUT documents_rebuilt bigint,
        OUT documents_written bigint, OUT documents_inserted bigint, OUT documents_updated bigint, OUT documents_unchanged bigint,
        OUT documents_deleted bigint, OUT seeds bigint, OUT pruned_writes bigint, OUT everything_refreshes bigint,
        OUT lock_waits bigint, OUT lock_wait_ms double precision, OUT errors bigint, OUT total_ms double precision,
        OUT mean_ms double precision, OUT p50_ms double precision, OUT p95_ms double precision, OUT p99_ms double precision,
        OUT max_ms double precision, OUT last_refresh timestamptz, OUT write_share double precision, OUT stats_since timestamptz,
        OUT scope text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_performance_summary() IS
    'what flushes of each TVIEW have done since its statistics were reset, of all sessions if preloaded, else of this one; times in milliseconds';

CREATE FUNCTION pg_tviews_queue_realtime(OUT session text, OUT backend_pid integer, OUT transaction_id xid8, OUT queue_size bigint,
                                         OUT entities text[], OUT last_enqueued timestamptz)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_queue_realtime() IS
    'sessions of this database with changes they have not flushed; without preloading, this one alone';

CREATE FUNCTION pg_tviews_cache_stats(OUT scope text, OUT cache text, OUT sessions bigint, OUT entries bigint, OUT bytes bigint,
                                      OUT hits bigint, OUT misses bigint, OUT invalidations bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_cache_stats() IS
    'caches of this session and, if preloaded, of all sessions together';

CREATE FUNCTION pg_tviews_progress(OUT session text, OUT backend_pid integer, OUT command text, OUT tview text, OUT phase text,
                                   OUT done bigint, OUT total bigint, OUT percent double precision, OUT started_at timestamptz,
                                   OUT estimated_end timestamptz)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_progress() IS
    'commands create, refresh, verify and resume that run now in this database; without preloading, in this session; done and total in rows';

CREATE FUNCTION pg_tviews_stats_info(OUT preloaded boolean, OUT tracked bigint, OUT max_tracked integer, OUT untracked_flushes bigint,
                                     OUT stats_since timestamptz)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_stats_info() IS
    'whether statistics are shared, how many TVIEWs have some and may have, and the flushes of others';

CREATE FUNCTION pg_tviews_stats_reset(tview text DEFAULT NULL) RETURNS void LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_stats_reset(text) IS
    'sets the statistics of a TVIEW (NULL: all of this database) to zero. Errors: 42P01, 42809';
REVOKE EXECUTE ON FUNCTION pg_tviews_stats_reset(text) FROM PUBLIC;

CREATE FUNCTION pg_tviews_metrics() RETURNS text LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_metrics() IS
    'the statistics as OpenMetrics text; times in seconds, sizes in bytes';

CREATE VIEW pg_tviews_performance_summary AS SELECT * FROM pg_tviews_performance_summary();
COMMENT ON VIEW pg_tviews_performance_summary IS 'what flushes have done, one row per TVIEW';
CREATE VIEW pg_tviews_queue_realtime AS SELECT * FROM pg_tviews_queue_realtime();
COMMENT ON VIEW pg_tviews_queue_realtime IS 'sessions with changes they have not flushed';
CREATE VIEW pg_tviews_cache_stats AS SELECT * FROM pg_tviews_cache_stats();
COMMENT ON VIEW pg_tviews_cache_stats IS 'the per-session caches: entries, memory, hits and misses';
CREATE VIEW pg_tviews_progress AS SELECT * FROM pg_tviews_progress();
COMMENT ON VIEW pg_tviews_progress IS 'long commands that run now';
GRANT SELECT ON pg_tviews_performance_summary, pg_tviews_queue_realtime, pg_tviews_cache_stats, pg_tviews_progress TO PUBLIC;
GRANT SELECT ON pg_tviews_performance_summary, pg_tviews_queue_realtime, pg_tviews_cache_stats, pg_tviews_progress TO pg_monitor;

-- Triggers --------------------------------------------------------------------------------------------------------

CREATE FUNCTION pg_tviews_capture() RETURNS trigger LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_capture() IS 'trigger on base tables: notes which rows changed, for the next flush';

CREATE FUNCTION pg_tviews_ddl_start() RETURNS event_trigger LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_ddl_start() IS 'event trigger: recognises CREATE TABLE tv_* AS SELECT before it runs, and locks base tables before a TVIEW is dropped or redefined';

CREATE FUNCTION pg_tviews_ddl_end() RETURNS event_trigger LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_ddl_end() IS 'event trigger: makes the new table a TVIEW, and follows renames and redefinitions';

CREATE FUNCTION pg_tviews_sql_drop() RETURNS event_trigger LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_sql_drop() IS 'event trigger: removes what belongs to a dropped TVIEW';

CREATE EVENT TRIGGER pg_tviews_ddl_start ON ddl_command_start
    WHEN TAG IN ('CREATE TABLE AS', 'SELECT INTO', 'DROP TABLE', 'DROP VIEW', 'DROP SCHEMA', 'DROP OWNED', 'CREATE VIEW')
    EXECUTE FUNCTION pg_tviews_ddl_start();
CREATE EVENT TRIGGER pg_tviews_ddl_end ON ddl_command_end EXECUTE FUNCTION pg_tviews_ddl_end();
CREATE EVENT TRIGGER pg_tviews_sql_drop ON sql_drop EXECUTE FUNCTION pg_tviews_sql_drop();
ALTER EVENT TRIGGER pg_tviews_ddl_start ENABLE ALWAYS;
ALTER EVENT TRIGGER pg_tviews_ddl_end ENABLE ALWAYS;
ALTER EVENT TRIGGER pg_tviews_sql_drop ENABLE ALWAYS;


-- Audit log -------------------------------------------------------------------------------------------------------

CREATE FUNCTION pg_tviews_audit_guard() RETURNS trigger LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_audit_guard() IS 'trigger: refuses every change of existing audit rows (42501)';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pg_tview_audit_log
    FOR EACH ROW EXECUTE FUNCTION pg_tviews_audit_guard();
CREATE TRIGGER append_only_statement BEFORE UPDATE OR DELETE OR TRUNCATE ON pg_tview_audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION pg_tviews_audit_guard();
ALTER TABLE pg_tview_audit_log ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE pg_tview_audit_log ENABLE ALWAYS TRIGGER append_only_statement;

CREATE FUNCTION pg_tviews_audit_is_own(xmin xid) RETURNS boolean LANGUAGE c STRICT STABLE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_audit_is_own(xid) IS 'whether the running transaction made the row with this xmin, so that its commit will link it';

-- Over all columns that are not null, by name: a column added to the log later leaves the hashes of older rows as they are, and
-- no setting of the session shows in the text.
CREATE FUNCTION pg_tviews_audit_hash(entry pg_tview_audit_log, link bigint, previous bytea) RETURNS bytea LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO' SET bytea_output = 'hex' AS $$
    SELECT sha256(coalesce(previous, '') || convert_to(
        (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(entry) || jsonb_build_object('link', link))
         WHERE key <> 'hash' AND value <> 'null'::jsonb)::text, 'UTF8'))
$$;
COMMENT ON FUNCTION pg_tviews_audit_hash(pg_tview_audit_log, bigint, bytea) IS
    'the hash an audit row must carry as number link of the chain, after a row with the hash previous (NULL: the first)';

CREATE FUNCTION pg_tviews_audit_verify(OUT log_id bigint, OUT link bigint, OUT difference text) RETURNS SETOF record LANGUAGE sql STABLE
    SET search_path = pg_catalog, pg_temp AS $$
    WITH archived AS (
        SELECT (details ->> 'link')::bigint AS link, decode(details ->> 'hash', 'hex') AS hash
        FROM @extschema@.pg_tview_audit_log WHERE operation = 'ARCHIVE' AND details ? 'link' ORDER BY log_id DESC LIMIT 1),
    chain AS (
        SELECT l AS entry, l.log_id, l.link, l.hash, coalesce(lag(l.link) OVER w, archived.link, 0) AS before,
               coalesce(lag(l.hash) OVER w, archived.hash) AS previous
        FROM @extschema@.pg_tview_audit_log AS l LEFT JOIN archived ON true
        WHERE l.link IS NOT NULL WINDOW w AS (ORDER BY l.link)),
    broken AS (
        SELECT c.log_id, c.link, CASE
            WHEN c.link <> c.before + 1 THEN format('links %s to %s are missing before it', c.before + 1, c.link - 1)
            WHEN c.hash <> @extschema@.pg_tviews_audit_hash(c.entry, c.link, c.previous)
                THEN 'its hash is not that of the row and the one before it' END AS difference
        FROM chain AS c
        UNION ALL
        SELECT l.log_id, NULL, 'it is in no chain: it was added by hand' FROM @extschema@.pg_tview_audit_log AS l
        WHERE l.link IS NULL AND NOT @extschema@.pg_tviews_audit_is_own(l.xmin))
    SELECT * FROM broken WHERE difference IS NOT NULL ORDER BY link, log_id LIMIT 1
$$;
COMMENT ON FUNCTION pg_tviews_audit_verify() IS
    'follows the audit log''s chain of hashes and returns the first row that breaks it, with what differs; no row: it is whole';

CREATE FUNCTION pg_tviews_audit_archive(before timestamptz) RETURNS SETOF pg_tview_audit_log LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_audit_archive(timestamptz) IS
    'takes the rows at the beginning of the audit log that were written before a time out of it and returns them; an ARCHIVE row remembers the last one''s hash. Errors: 42501';
REVOKE EXECUTE ON FUNCTION pg_tviews_audit_archive(timestamptz) FROM PUBLIC;

-- Looking ahead: routes, indexes, impact -------------------------------------------------------------------------------

CREATE FUNCTION pg_tviews_routes(tview text DEFAULT NULL, OUT tview_name regclass, OUT table_name regclass, OUT path text,
                                 OUT route text, OUT hops integer, OUT reason text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_routes(text) IS
    'how changes of each base table reach a TVIEW (NULL: all), a row per appearance in the query: route is direct, hops (so many) or everything (for a reason). Errors: 42P01, 42809';

CREATE FUNCTION pg_tviews_check_indexes(tview text DEFAULT NULL, OUT tview_name regclass, OUT purpose text, OUT step text,
                                        OUT table_name regclass, OUT columns text, OUT ddl text,
                                        OUT cost_without double precision, OUT cost_with double precision)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_check_indexes(text) IS
    'the indexes that the hops and rebuilds of a TVIEW (NULL: all) want and do not have, with the command that makes each and the planner''s cost of one step without and with it (planner units). Errors: 42P01, 42809';

CREATE FUNCTION pg_tviews_ensure_indexes(tview text DEFAULT NULL, dry_run boolean DEFAULT true, OUT ddl text, OUT created boolean)
    RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
    FOR ddl IN SELECT DISTINCT i.ddl FROM @extschema@.pg_tviews_check_indexes(tview) AS i WHERE i.ddl IS NOT NULL ORDER BY 1 LOOP
        created := dry_run IS FALSE;
        IF created THEN
            ddl := pg_catalog.regexp_replace(ddl, '^CREATE INDEX CONCURRENTLY ', 'CREATE INDEX ');
            EXECUTE ddl;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION pg_tviews_ensure_indexes(text, boolean) IS
    'the commands that make the missing indexes of a TVIEW (NULL: all); with dry_run false it also makes them, not concurrently, which holds up writers of the table. Errors: 42P01, 42809, 42501';

CREATE FUNCTION pg_tviews_impact(table_name text, "where" text DEFAULT 'true', OUT tview_name regclass, OUT documents bigint,
                                 OUT everything boolean)
    RETURNS SETOF record LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_impact(text, text) IS
    'how many documents of each TVIEW a change of these rows of a table would touch, TVIEWs over TVIEWs included; everything: the TVIEW would be compared in full. Changes nothing. Errors: 42P01, 42501, 42601, those of the condition';

CREATE FUNCTION pg_tviews_graph(format text DEFAULT 'mermaid') RETURNS text LANGUAGE plpgsql STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    graph text;
BEGIN
    IF format NOT IN ('mermaid', 'dot', 'json') THEN
        RAISE EXCEPTION 'unrecognized graph format "%"', format
            USING ERRCODE = 'invalid_parameter_value', HINT = 'The formats are mermaid, dot and json.';
    END IF;
    WITH edges AS (
        SELECT table_name AS source, tview_name AS target, array_agg(DISTINCT label ORDER BY label) AS labels
        FROM @extschema@.pg_tviews_routes(),
             LATERAL (SELECT CASE route WHEN 'hops' THEN hops || CASE hops WHEN 1 THEN ' hop' ELSE ' hops' END ELSE route END) AS l (label)
        GROUP BY 1, 2),
    nodes AS (
        SELECT relation, 'n' || row_number() OVER (ORDER BY relation::text COLLATE "C") AS id, relation::text AS name,
               EXISTS (SELECT FROM @extschema@.pg_tview_meta AS m WHERE m."table" = relation) AS is_tview
        FROM (SELECT source FROM edges UNION SELECT target FROM edges) AS r (relation)),
    lines AS (
        SELECT 1 AS part, n.id AS place, CASE format
            -- Mermaid takes any character by its number.
            WHEN 'mermaid' THEN format(CASE WHEN is_tview THEN '    %s[("%s")]' ELSE '    %s["%s"]' END, id,
                (SELECT string_agg(CASE WHEN c ~ '[A-Za-z0-9_. ]' THEN c ELSE '#' || ascii(c) || ';' END, '' ORDER BY n)
                 FROM regexp_split_to_table(name, '') WITH ORDINALITY AS s (c, n)))
            ELSE format('    %s [label="%s", shape=%s];', id, replace(replace(replace(name, '\', '\\'), '"', '\"'), E'\n', '\n'),
                CASE WHEN is_tview THEN 'cylinder' ELSE 'box' END) END AS line, length(n.id) AS digits
        FROM nodes AS n
        UNION ALL
        SELECT 2, s.id || ' ' || t.id, format(CASE format WHEN 'mermaid' THEN '    %s -->|%s| %s' ELSE '    %1$s -> %3$s [label="%2$s"];' END,
            s.id, array_to_string(e.labels, ', '), t.id), length(s.id)
        FROM edges AS e JOIN nodes AS s ON s.relation = e.source JOIN nodes AS t ON t.relation = e.target)
    SELECT CASE format
        WHEN 'json' THEN jsonb_build_object(
            'nodes', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'name', name, 'kind', CASE WHEN is_tview THEN 'tview' ELSE 'table' END)
                                                ORDER BY length(id), id), '[]') FROM nodes),
            'edges', (SELECT coalesce(jsonb_agg(jsonb_build_object('from', s.id, 'to', t.id, 'routes', e.labels)
                                                ORDER BY length(s.id), s.id, length(t.id), t.id), '[]')
                      FROM edges AS e JOIN nodes AS s ON s.relation = e.source JOIN nodes AS t ON t.relation = e.target))::text
        WHEN 'mermaid' THEN concat_ws(E'\n', 'flowchart LR', (SELECT string_agg(line, E'\n' ORDER BY part, digits, place) FROM lines))
        ELSE concat_ws(E'\n', 'digraph tviews {', '    rankdir=LR;', (SELECT string_agg(line, E'\n' ORDER BY part, digits, place) FROM lines), '}')
        END INTO graph;
    RETURN graph;
END $$;
COMMENT ON FUNCTION pg_tviews_graph(text) IS
    'which table feeds which TVIEW by which kind of route, as text in the format mermaid, dot or json. Errors: 22023';

-- Health ----------------------------------------------------------------------------------------------------------

-- Written by pg_tviews_verify(), pg_tviews_refresh() and a resume; of this database alone, so not dumped.
CREATE TABLE pg_tview_verified (
    tview         regclass NOT NULL,
    verified_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    verified_by   text NOT NULL DEFAULT session_user,
    sample        double precision NOT NULL,
    differences   bigint NOT NULL
);
COMMENT ON TABLE pg_tview_verified IS 'when each TVIEW was last compared with its query, and what was found';
COMMENT ON COLUMN pg_tview_verified.tview IS 'the TVIEW''s table';
COMMENT ON COLUMN pg_tview_verified.verified_at IS 'when the comparison ended';
COMMENT ON COLUMN pg_tview_verified.verified_by IS 'the session''s user';
COMMENT ON COLUMN pg_tview_verified.sample IS 'the fraction of keys that were compared, 0 to 1';
COMMENT ON COLUMN pg_tview_verified.differences IS 'the number of documents that differed; a repair leaves 0';
SELECT pg_catalog.pg_extension_config_dump('pg_tview_verified', 'WHERE false');
GRANT SELECT ON pg_tview_verified TO PUBLIC;

CREATE FUNCTION pg_tviews_check_triggers(OUT table_name regclass, OUT trigger_name text, OUT problem text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_check_triggers() IS
    'capture triggers that are missing, disabled, orphaned or fire at the wrong time, on every table, partition and child that a TVIEW reads';

CREATE FUNCTION pg_tviews_check_definitions(OUT tview_name regclass, OUT problem text, OUT sqlstate text, OUT message text, OUT detail text,
                                            OUT hint text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_check_definitions() IS
    'TVIEWs whose query cannot be run any more (problem invalid), and whose content depends on more than rows (problem warning), with what PostgreSQL or the extension says';

CREATE FUNCTION pg_tviews_check_metadata(OUT tview_name regclass, OUT view_name regclass, OUT problem text, OUT rebuildable boolean,
                                         OUT options jsonb, OUT settings jsonb)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_check_metadata() IS
    'TVIEWs whose row of pg_tview_meta is missing or is not what table, backing view and audit log say, with what is wrong, whether pg_tviews_rebuild_metadata() can put it right, and the options and settings with which pg_tviews_create() makes it as it was';

-- One function per component: what deserves a word, with the command that puts it right.  pg_tviews_health_check() calls them by
-- name; a new component is a function pg_tviews_health_<component>() with this result, and its name in the list there.

CREATE FUNCTION pg_tviews_health_version(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN library <> installed OR available IS NULL THEN 'error' ELSE 'warning' END,
           CASE WHEN library <> installed THEN format('the library of this session has version %s, the SQL objects have %s%s', library, installed,
                                                      CASE WHEN available = installed THEN '; if new sessions say the same, restart the server' END)
                WHEN available IS NULL THEN 'the extension''s files are gone from the server: dumps cannot be restored here, nor the extension '
                                                'created or upgraded; install them again, and look with the command'
                ELSE format('version %s is installed on the server, the SQL objects have %s', available, installed) END,
           CASE WHEN available = installed THEN '\connect'
                WHEN available IS NULL THEN format('SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = %L', 'pg_tviews')
                ELSE format('ALTER EXTENSION pg_tviews UPDATE TO %L', available) END
    FROM (SELECT @extschema@.pg_tviews_version() AS library, e.extversion AS installed, a.default_version AS available
          FROM pg_extension AS e LEFT JOIN pg_available_extensions AS a ON a.name = e.extname WHERE e.extname = 'pg_tviews') AS v
    WHERE library <> installed OR available IS DISTINCT FROM installed
$$;
COMMENT ON FUNCTION pg_tviews_health_version() IS 'health: the loaded library, the SQL objects and the files on the server have one version';

CREATE FUNCTION pg_tviews_health_preload(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'info', 'the library is not in shared_preload_libraries: each session loads it at its first write below a TVIEW, and checks '
               || 'settings of the extension only then; restart the server after the command',
           'ALTER SYSTEM SET shared_preload_libraries = '
               || (SELECT string_agg(quote_literal(name), ', ' ORDER BY n) FROM unnest(libraries || '{pg_tviews}') WITH ORDINALITY AS l (name, n))
    FROM (SELECT array_remove(string_to_array(regexp_replace(current_setting('shared_preload_libraries'), '["[:space:]]', '', 'g'), ','), '')) AS s (libraries)
    WHERE NOT EXISTS (SELECT FROM unnest(libraries) AS name WHERE name ~ '(^|/)pg_tviews$')
$$;
COMMENT ON FUNCTION pg_tviews_health_preload() IS 'health: whether the library is preloaded, and what it costs if not';

CREATE FUNCTION pg_tviews_health_metadata(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    WITH wanting AS MATERIALIZED (SELECT * FROM @extschema@.pg_tviews_check_metadata()),
    -- What has to be dropped and made again, as it was.
    lost (tview, message, name, query, options, settings) AS (
        SELECT m."table", format('the backing view of TVIEW %s is gone', m."table"), m."table"::text, m.definition,
               m.options || jsonb_strip_nulls(jsonb_build_object('key', m.key_columns, 'refresh_mode', m.refresh_mode,
                                                                 'reads', (SELECT jsonb_agg(r::text ORDER BY r::text) FROM unnest(m.reads) AS r))), m.settings
        FROM @extschema@.pg_tview_meta AS m JOIN pg_class AS t ON t.oid = m."table" WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = m.view)
            AND NOT EXISTS (SELECT FROM wanting AS w WHERE w.tview_name = m."table")
        UNION ALL
        SELECT w.tview_name, format('TVIEW %s: %s', w.tview_name, w.problem),
               format('%I.%I', n.nspname, CASE WHEN t.relname LIKE 'tv\_%' THEN t.relname ELSE 'tv_' || t.relname END),
               pg_get_viewdef(w.view_name), w.options, w.settings
        FROM wanting AS w JOIN pg_class AS t ON t.oid = w.tview_name JOIN pg_namespace AS n ON n.oid = t.relnamespace WHERE NOT w.rebuildable)
    SELECT 'error', format('pg_tview_meta has a row for TVIEW %I.%I, whose table is gone', m.schema, 'tv_' || m.entity),
           format('DELETE FROM @extschema@.pg_tview_meta WHERE "table" = %s', m."table"::oid)
    FROM @extschema@.pg_tview_meta AS m WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = m."table")
    UNION ALL
    SELECT 'error', l.message,
           format('BEGIN; DELETE FROM @extschema@.pg_tview_meta WHERE "table" = %1$L::pg_catalog.regclass; DROP TABLE %1$s; %5$s%6$s'
                  'SELECT @extschema@.pg_tviews_create(%2$L, %3$L, %4$L); COMMIT', l.tview, l.name, rtrim(l.query, '; '), l.options,
                  (SELECT 'SET LOCAL ROLE ' || quote_ident(o.rolname) || '; ' FROM pg_class AS t JOIN pg_roles AS o ON o.oid = t.relowner
                   WHERE t.oid = l.tview AND NOT o.rolsuper),
                  'SELECT pg_catalog.count(pg_catalog.set_config(key, value, true)) AS settings FROM pg_catalog.jsonb_each_text('
                      || quote_literal(l.settings) || '); ')
    FROM lost AS l
    UNION ALL
    SELECT 'error', format('TVIEW %s: %s', w.tview_name, w.problem), format('SELECT * FROM @extschema@.pg_tviews_rebuild_metadata(%L)', w.tview_name)
    FROM wanting AS w WHERE w.rebuildable
    UNION ALL
    SELECT 'warning', format('pg_tview_state has a mark of a TVIEW whose table is gone: %s', s.tview::oid),
           format('DELETE FROM @extschema@.pg_tview_state WHERE tview = %s', s.tview::oid)
    FROM (SELECT DISTINCT tview FROM @extschema@.pg_tview_state) AS s WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = s.tview)
    UNION ALL
    SELECT 'error', format('the event trigger %s does not fire always: DDL on TVIEWs is not followed', e.evtname),
           format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', e.evtname)
    FROM pg_event_trigger AS e JOIN pg_proc AS p ON p.oid = e.evtfoid
    WHERE p.pronamespace = '@extschema@'::regnamespace AND p.proname IN ('pg_tviews_ddl_start', 'pg_tviews_ddl_end', 'pg_tviews_sql_drop')
          AND e.evtenabled <> 'A'
    UNION ALL
    SELECT 'error', format('the event trigger %s is missing: DDL on TVIEWs is not followed', w.name),
           format('%sCREATE EVENT TRIGGER %2$I ON %3$s EXECUTE FUNCTION @extschema@.%2$I(); ALTER EVENT TRIGGER %2$I ENABLE ALWAYS; '
                  'ALTER EXTENSION pg_tviews ADD EVENT TRIGGER %2$I',
                  CASE WHEN EXISTS (SELECT FROM pg_event_trigger WHERE evtname = w.name) THEN format('DROP EVENT TRIGGER %I; ', w.name) END,
                  w.name, w.event)
    FROM (VALUES ('pg_tviews_ddl_end', 'ddl_command_end'), ('pg_tviews_sql_drop', 'sql_drop'), ('pg_tviews_ddl_start',
              $tags$ddl_command_start WHEN TAG IN ('CREATE TABLE AS', 'SELECT INTO', 'DROP TABLE', 'DROP VIEW', 'DROP SCHEMA', 'DROP OWNED', 'CREATE VIEW')$tags$)
         ) AS w (name, event)
    WHERE NOT EXISTS (SELECT FROM pg_event_trigger AS e JOIN pg_proc AS p ON p.oid = e.evtfoid
                      WHERE p.pronamespace = '@extschema@'::regnamespace AND p.proname = w.name)
$$;
COMMENT ON FUNCTION pg_tviews_health_metadata() IS 'health: tables, backing views and rows of pg_tview_meta belong together, event triggers are there and fire';

CREATE FUNCTION pg_tviews_health_triggers(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'error',
           CASE problem
               WHEN 'orphaned' THEN format('table %s has capture triggers, but no TVIEW reads it: writes to it fail; %s', table_name, names)
               WHEN 'disabled' THEN format('capture triggers of table %s are disabled, its changes do not reach TVIEWs: %s', table_name, names)
               ELSE format('capture triggers of table %s: %s (%s)', table_name, problem, names) END,
           CASE WHEN problem = 'disabled'
               THEN format('ALTER TABLE %s %s; SELECT * FROM @extschema@.pg_tviews_refresh(); ', table_name, switches) ELSE '' END
               || 'SELECT @extschema@.pg_tviews_reinstall_triggers()'
    FROM (SELECT table_name, problem, string_agg(trigger_name, ', ' ORDER BY trigger_name) AS names,
                 string_agg('ENABLE TRIGGER ' || quote_ident(trigger_name), ', ' ORDER BY trigger_name) AS switches
          FROM @extschema@.pg_tviews_check_triggers() GROUP BY 1, 2) AS t ORDER BY table_name::text, problem
$$;
COMMENT ON FUNCTION pg_tviews_health_triggers() IS 'health: every table that a TVIEW reads has its capture triggers, enabled, and no other table has any';

CREATE FUNCTION pg_tviews_health_indexes(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'warning', format('TVIEW %s: a %s wants an index on %s (%s); it costs %s without and %s with it', min(tview_name::text), min(purpose),
                             table_name, columns, round(max(cost_without)::numeric, 2), round(min(cost_with)::numeric, 2)), ddl
    FROM @extschema@.pg_tviews_check_indexes() WHERE cost_with < cost_without GROUP BY table_name, columns, ddl ORDER BY ddl
$$;
COMMENT ON FUNCTION pg_tviews_health_indexes() IS 'health: indexes that hops and rebuilds want, where the planner would use them';

CREATE FUNCTION pg_tviews_health_routes(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'warning', format('each change of table %s, of which there were %s rows since statistics began, compares all of TVIEW %s: %s',
                             r.table_name, w.rows, r.tview_name, min(r.reason)),
           format('SELECT * FROM @extschema@.pg_tviews_explain(%L)', r.tview_name)
    FROM @extschema@.pg_tviews_routes() AS r,
         LATERAL (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) AS rows FROM pg_stat_all_tables
                  WHERE relid = r.table_name OR relid IN (SELECT relid FROM pg_partition_tree(r.table_name))) AS w
    WHERE r.route = 'everything' AND w.rows >= 1000
    GROUP BY r.table_name, r.tview_name, w.rows ORDER BY w.rows DESC, r.table_name::text, r.tview_name::text
$$;
COMMENT ON FUNCTION pg_tviews_health_routes() IS 'health: tables with 1000 or more rows written whose changes compare a whole TVIEW';

CREATE FUNCTION pg_tviews_health_verification(sample double precision DEFAULT 0, OUT severity text, OUT message text, OUT command text)
    RETURNS SETOF record LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO' AS $$
DECLARE
    tview regclass;
    found bigint;
    broken regclass;
BEGIN
    FOR tview IN SELECT "table" FROM @extschema@.pg_tview_meta AS m
                 WHERE sample > 0 AND NOT EXISTS (SELECT FROM @extschema@.pg_tviews_queue AS q WHERE q.schema = m.schema AND q.entity = m.entity AND q.entries > 0) ORDER BY "table"::text LOOP
        BEGIN
            SELECT count(*) INTO found FROM @extschema@.pg_tviews_verify(tview::text, sample);
        EXCEPTION WHEN data_corrupted OR index_corrupted OR undefined_file THEN
            -- What is damaged stands in the message: a file's path, or an index's name.
            SELECT c.oid INTO broken FROM pg_class AS c LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
            WHERE pg_relation_filepath(c.oid) = substring(SQLERRM FROM '(?:base|pg_tblspc)/[^". ]*[0-9]')
               OR i.indrelid = tview AND strpos(SQLERRM, format('index "%s"', c.relname)) > 0;
            severity := 'error';
            message := format('TVIEW %s cannot be compared: %s', tview, SQLERRM);
            IF broken IN (SELECT unnest(ARRAY[t.oid, t.reltoastrelid]) FROM pg_class AS t WHERE t.oid = tview) THEN
                command := format('BEGIN; TRUNCATE %s; SELECT * FROM @extschema@.pg_tviews_refresh(%L); COMMIT', tview, tview);
            ELSIF broken IN (SELECT i.indexrelid FROM pg_class AS t JOIN pg_index AS i ON i.indrelid IN (t.oid, t.reltoastrelid) WHERE t.oid = tview) THEN
                command := format('REINDEX TABLE %s', tview);
            ELSE
                message := message || format('. This is %s, which it reads: restore that first', coalesce(broken::text, 'another relation'));
                command := format('SELECT * FROM @extschema@.pg_tviews_refresh(%L)', tview);
            END IF;
            RETURN NEXT;
            CONTINUE;
        END;
        IF found > 0 AND tview NOT IN (SELECT s.tview FROM @extschema@.pg_tview_state AS s) THEN
            severity := 'error';
            message := format('TVIEW %s: a comparison of %s %% of its documents finds %s that differ', tview, sample * 100, found);
            command := format('SELECT * FROM @extschema@.pg_tviews_refresh(%L)', tview);
            RETURN NEXT;
        END IF;
    END LOOP;
    RETURN QUERY
        SELECT CASE WHEN v.differences > 0 THEN 'error' ELSE 'warning' END,
               CASE WHEN v.differences > 0 THEN format('TVIEW %s: the verification of %s found %s documents that differ', m."table", v.at, v.differences)
                    ELSE format('TVIEW %s has not been verified for %s days', m."table", extract(day FROM clock_timestamp() - coalesce(v.at, m.created_at))) END,
               format(CASE WHEN v.differences > 0 THEN 'SELECT * FROM @extschema@.pg_tviews_refresh(%L)'
                           ELSE 'SELECT count(*) FROM @extschema@.pg_tviews_verify(%L)' END, m."table")
        FROM @extschema@.pg_tview_meta AS m, LATERAL (
            SELECT max(verified_at) AS at, max(differences) AS differences FROM @extschema@.pg_tview_verified AS d WHERE d.tview = m."table") AS v
        WHERE (v.differences > 0 AND NOT pg_tviews_health_verification.sample > 0
               OR coalesce(v.at, m.created_at) < clock_timestamp() - interval '7 days')
              AND NOT EXISTS (SELECT FROM @extschema@.pg_tview_state AS s WHERE s.tview = m."table") ORDER BY m."table"::text;
END $$;
COMMENT ON FUNCTION pg_tviews_health_verification(double precision) IS
    'health: what the last verification of each TVIEW found and when it was; with sample, 0 to 1, verifies that fraction of the documents now';

CREATE FUNCTION pg_tviews_health_definitions(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'error', format('the query of TVIEW %s cannot be maintained: %s', d.tview_name, concat_ws(' ', d.message || '.', d.detail, d.hint)),
           CASE d.sqlstate WHEN '42501'
               THEN (SELECT format('GRANT SELECT ON %s TO %I', (SELECT string_agg(r::text, ', ' ORDER BY r::text) FROM unnest(m.dependencies) AS r),
                                   pg_get_userbyid(c.relowner))
                     FROM @extschema@.pg_tview_meta AS m JOIN pg_class AS c ON c.oid = m."table" WHERE m."table" = d.tview_name)
               ELSE format('SELECT * FROM @extschema@.pg_tviews_check_definitions() WHERE tview_name = %L::pg_catalog.regclass', d.tview_name) END
    FROM @extschema@.pg_tviews_check_definitions() AS d WHERE d.problem = 'invalid' ORDER BY d.tview_name::text, d.message
$$;
COMMENT ON FUNCTION pg_tviews_health_definitions() IS 'health: every defining query still runs, as the TVIEW''s owner';

CREATE FUNCTION pg_tviews_health_dependence(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO' AS $$
    SELECT CASE WHEN compared > clock_timestamp() - interval '1 day' THEN 'info' ELSE 'warning' END,
           format('TVIEW %s: %s. %s It was last known to be right at %s', d.tview_name, d.message, d.detail, compared),
           format('SELECT * FROM @extschema@.pg_tviews_refresh(%L)', d.tview_name)
    FROM @extschema@.pg_tviews_check_definitions() AS d JOIN @extschema@.pg_tview_meta AS m ON m."table" = d.tview_name,
         LATERAL (SELECT greatest(m.created_at, max(v.verified_at)) AS compared FROM @extschema@.pg_tview_verified AS v
                  WHERE v.tview = m."table" AND v.sample = 1 AND v.differences = 0) AS c
    WHERE d.problem = 'warning' ORDER BY d.tview_name::text, d.message, d.detail
$$;
COMMENT ON FUNCTION pg_tviews_health_dependence() IS
    'health: TVIEWs that depend on the clock, on what functions read or on an order left open, and were not compared for a day';

CREATE FUNCTION pg_tviews_health_storage(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'warning', format('TVIEW %s has %s dead rows beside %s live ones', s.relid::regclass, s.n_dead_tup, s.n_live_tup), format('VACUUM %s', s.relid::regclass)
    FROM @extschema@.pg_tview_meta AS m JOIN pg_stat_all_tables AS s ON s.relid = m."table"
    WHERE s.n_dead_tup >= 1000 AND s.n_dead_tup > s.n_live_tup
    UNION ALL
    SELECT 'warning', format('of %s updates of TVIEW %s only %s left its indexes alone; its pages are filled to %s %%', s.n_tup_upd, s.relid::regclass, s.n_tup_hot_upd, f.fillfactor),
           format('ALTER TABLE %s SET (fillfactor = 50)', s.relid::regclass)
    FROM @extschema@.pg_tview_meta AS m JOIN pg_stat_all_tables AS s ON s.relid = m."table" JOIN pg_class AS c ON c.oid = m."table",
         LATERAL (SELECT coalesce((SELECT option_value::integer FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100)) AS f (fillfactor)
    WHERE s.n_tup_upd >= 1000 AND s.n_tup_hot_upd < s.n_tup_upd / 2 AND f.fillfactor > 50
    ORDER BY 2
$$;
COMMENT ON FUNCTION pg_tviews_health_storage() IS 'health: dead rows of tv_* and how many updates are heap-only';

CREATE FUNCTION pg_tviews_health_locks(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    WITH server AS (
        SELECT current_setting('max_locks_per_transaction')::bigint AS each,
               current_setting('max_locks_per_transaction')::bigint * (current_setting('max_connections')::bigint
                   + current_setting('autovacuum_max_workers')::bigint + 1 + current_setting('max_worker_processes')::bigint
                   + current_setting('max_wal_senders')::bigint + current_setting('max_prepared_transactions')::bigint) AS room,
               current_setting('pg_tviews.max_fine_locks')::bigint AS fine, @extschema@.pg_tviews_version() AS loaded),
    widest AS (
        SELECT table_name, sum(hops + 1) AS levels FROM (SELECT table_name, tview_name, max(hops) AS hops FROM @extschema@.pg_tviews_routes()
            WHERE route <> 'everything' GROUP BY 1, 2) AS r GROUP BY 1 ORDER BY 2 DESC, table_name::text LIMIT 1)
    SELECT 'warning', format('a transaction that writes table %s may take %s fine locks, the lock table has room for %s; new sessions follow the command',
                             table_name, levels * fine, room),
           format('ALTER DATABASE %I SET pg_tviews.max_fine_locks = %s', current_database(), room / 2 / levels::bigint)
    FROM server, widest WHERE levels * fine > room / 2
    UNION ALL
    SELECT 'warning', format('%s locks are held, the lock table has room for %s; restart the server after the command', held, room),
           format('ALTER SYSTEM SET max_locks_per_transaction = %s', each * 2)
    FROM server, (SELECT count(*) FROM pg_locks WHERE NOT fastpath) AS l (held) WHERE held > room * 3 / 4
$$;
COMMENT ON FUNCTION pg_tviews_health_locks() IS 'health: room in the lock table for what pg_tviews.max_fine_locks allows a transaction, and what is held now';

CREATE FUNCTION pg_tviews_health_audit(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO' AS $$
    SELECT 'error',
           format(CASE WHEN t.tgname IS NULL THEN 'the trigger %s that keeps the audit log from being changed is missing'
                       ELSE 'the trigger %s that keeps the audit log from being changed does not fire always' END, coalesce(t.tgname, g.name)),
           CASE WHEN t.tgname IS NULL THEN format('CREATE OR REPLACE TRIGGER %I BEFORE %s ON @extschema@.pg_tview_audit_log FOR EACH %s '
                                                  'EXECUTE FUNCTION @extschema@.pg_tviews_audit_guard(); ', g.name, g.events, g.level) ELSE '' END
               || format('ALTER TABLE @extschema@.pg_tview_audit_log ENABLE ALWAYS TRIGGER %I', coalesce(t.tgname, g.name))
    FROM (VALUES ('append_only', 'UPDATE OR DELETE', 'ROW', 27), ('append_only_statement', 'UPDATE OR DELETE OR TRUNCATE', 'STATEMENT', 58)
         ) AS g (name, events, level, type)    -- type as in pg_trigger.tgtype
         LEFT JOIN (SELECT DISTINCT ON (tgtype) tgname, tgtype, tgenabled FROM pg_trigger
                    WHERE tgrelid = '@extschema@.pg_tview_audit_log'::regclass AND tgfoid = '@extschema@.pg_tviews_audit_guard()'::regprocedure
                        AND tgqual IS NULL AND cardinality(tgattr::int2[]) = 0
                    ORDER BY tgtype, tgenabled) AS t ON t.tgtype = g.type
    WHERE t.tgname IS NULL OR t.tgenabled <> 'A'
    UNION ALL
    SELECT 'error', format('the audit log is broken at log_id %s: %s. Keep what the command returns, it is evidence', v.log_id, v.difference),
           format('SELECT * FROM @extschema@.pg_tviews_audit_archive(%L)',
                  (SELECT max(l.performed_at) + interval '1 microsecond' FROM @extschema@.pg_tview_audit_log AS l WHERE l.link <= v.link OR l.log_id = v.log_id))
    FROM @extschema@.pg_tviews_audit_verify() AS v
$$;
COMMENT ON FUNCTION pg_tviews_health_audit() IS 'health: the audit log''s chain of hashes is whole and its guard is on';

CREATE FUNCTION pg_tviews_health_states(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO' AS $$
    SELECT CASE r.state WHEN 'stale' THEN 'error' ELSE 'warning' END,
           format(CASE r.state WHEN 'suspended' THEN 'TVIEW %1$s is not maintained: %2$s suspended it at %3$s'
                               WHEN 'building' THEN 'TVIEW %1$s is not complete: %2$s began to build it at %3$s. If nobody does now, the command goes on'
                               ELSE 'TVIEW %1$s may differ from its query: a session of %2$s wrote at %3$s without maintaining it' END,
                  r.tview, r.state_by, r.state_since),
           CASE r.state WHEN 'building' THEN format('CALL @extschema@.pg_tviews_resume_concurrently(%L)', r.tview)
                        ELSE format('SELECT * FROM @extschema@.pg_tviews_resume(%L)', r.tview) END
    FROM @extschema@.pg_tviews_registry AS r WHERE r.state <> 'active'
$$;
COMMENT ON FUNCTION pg_tviews_health_states() IS 'health: TVIEWs that are suspended, were skipped by a session, or are not complete';

CREATE FUNCTION pg_tviews_health_queue(older_than interval DEFAULT '5 minutes', more_than bigint DEFAULT 100000, OUT severity text, OUT message text,
                                       OUT command text)
    RETURNS SETOF record LANGUAGE sql SET search_path = pg_catalog, pg_temp SET DateStyle = 'ISO' AS $$
    SELECT 'warning',
           format(CASE WHEN old THEN 'session %s has held back %s changes of %s since %s, and what it wrote keeps others waiting; its transaction is still open'
                       ELSE 'session %s has %s changes of %s to flush, the last of %s: its commit will take long, and until then writers of the same '
                            'documents wait. Smaller transactions help; the command shows whose it is' END,
                  q.session, q.queue_size, array_to_string(q.entities, ', '), q.last_enqueued),
           format(CASE WHEN old THEN 'SELECT pg_terminate_backend(%s)' ELSE 'SELECT * FROM pg_catalog.pg_stat_activity WHERE pid = %s' END, q.backend_pid)
    FROM @extschema@.pg_tviews_queue_realtime() AS q, LATERAL (SELECT q.last_enqueued < clock_timestamp() - older_than) AS o (old)
    WHERE (old OR q.queue_size > more_than) AND q.backend_pid <> pg_backend_pid()
    UNION ALL
    SELECT CASE b.refresh_mode WHEN 'deferred' THEN 'warning' ELSE 'info' END,
           format(CASE b.refresh_mode WHEN 'manual' THEN 'TVIEW %s has %s entries queued, the oldest of %s: it differs from its query until they are applied'
                       ELSE 'TVIEW %s has %s entries queued, the oldest of %s: its worker is not there, or the server''s log tells why it fails' END,
                  b.tview, b.entries, b.oldest),
           format('SELECT @extschema@.pg_tviews_apply(%L)', b.tview)
    FROM @extschema@.pg_tviews_queue AS b JOIN @extschema@.pg_tviews_registry AS r USING (schema, entity)
    WHERE b.oldest < clock_timestamp() - older_than AND r.state <> 'suspended'
    UNION ALL
    SELECT 'info', 'the library is not preloaded: what other sessions have not flushed is unknown',
           'SELECT command FROM @extschema@.pg_tviews_health_preload()'
    FROM @extschema@.pg_tviews_stats_info() AS i WHERE NOT i.preloaded
$$;
COMMENT ON FUNCTION pg_tviews_health_queue(interval, bigint) IS
    'health: sessions of this database that have not flushed their changes for longer than older_than, or have more than more_than changed rows to flush; TVIEWs whose queue is older; without preloading, what is unknown';

CREATE FUNCTION pg_tviews_health_statistics(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT 'warning', format('%s flushes of TVIEWs beyond the first %s have not been counted; restart the server after the command', i.untracked_flushes, i.max_tracked),
           format('ALTER SYSTEM SET pg_tviews.max_tracked = %s', 2 * i.max_tracked)
    FROM @extschema@.pg_tviews_stats_info() AS i WHERE i.untracked_flushes > 0 AND i.tracked >= i.max_tracked
$$;
COMMENT ON FUNCTION pg_tviews_health_statistics() IS 'health: whether there is room for the statistics of all TVIEWs';

CREATE FUNCTION pg_tviews_health_check(sample double precision DEFAULT 0, OUT status text, OUT component text, OUT message text, OUT severity text)
    RETURNS SETOF record LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found record;
    reported boolean;
BEGIN
    FOREACH component IN ARRAY '{version, preload, metadata, triggers, definitions, dependence, indexes, routes, verification, storage, locks,
                                 audit, states, queue, statistics}'::text[] LOOP
        reported := false;
        BEGIN
            FOR found IN EXECUTE format('SELECT * FROM @extschema@.%I(%s)', 'pg_tviews_health_' || component,
                                        CASE component WHEN 'verification' THEN '$1' ELSE '' END) USING sample LOOP
                status := CASE found.severity WHEN 'info' THEN 'ok' ELSE 'problem' END;
                message := rtrim(found.message, '.') || '. Run: ' || found.command;
                severity := found.severity;
                reported := true;
                RETURN NEXT;
            END LOOP;
        EXCEPTION WHEN OTHERS THEN
            status := 'unknown';
            message := format('could not be looked at: %s. Run: SELECT * FROM @extschema@.%I()', SQLERRM, 'pg_tviews_health_' || component);
            severity := CASE SQLSTATE WHEN '42501' THEN 'info' ELSE 'error' END;
            reported := true;
            RETURN NEXT;
        END;
        IF NOT reported THEN
            status := 'ok';
            message := 'nothing to report';
            severity := 'info';
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION pg_tviews_health_check(double precision) IS
    'looks at every component: status ok, problem or unknown, severity info, warning or error, and a message that ends with the command to run; with sample, 0 to 1, verifies that fraction of all documents';

CREATE FUNCTION pg_tviews_status(OUT status text, OUT detail jsonb) RETURNS record LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN bool_or(severity = 'error') THEN 'unhealthy' WHEN bool_or(severity = 'warning') THEN 'degraded' ELSE 'healthy' END,
           jsonb_build_object('version', @extschema@.pg_tviews_version(), 'tviews', (SELECT count(*) FROM @extschema@.pg_tview_meta),
                              'errors', count(*) FILTER (WHERE severity = 'error'), 'warnings', count(*) FILTER (WHERE severity = 'warning'),
                              'problems', coalesce(jsonb_agg(jsonb_build_object('component', component, 'severity', severity, 'message', message)
                                                             ORDER BY severity, component, message) FILTER (WHERE severity <> 'info'), '[]'))
    FROM @extschema@.pg_tviews_health_check()
$$;
COMMENT ON FUNCTION pg_tviews_status() IS 'pg_tviews_health_check() in one word, healthy, degraded (warnings) or unhealthy (errors), with the problems as JSON';

CREATE FUNCTION pg_tviews_liveness() RETURNS boolean LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT @extschema@.pg_tviews_version() IS NOT NULL AND (SELECT count(*) >= 0 FROM @extschema@.pg_tview_meta)
$$;
COMMENT ON FUNCTION pg_tviews_liveness() IS 'whether the library loads and the catalog can be read; an error says no. For a probe every second';

CREATE FUNCTION pg_tviews_readiness() RETURNS boolean LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT extversion = @extschema@.pg_tviews_version() FROM pg_extension WHERE extname = 'pg_tviews')
       AND (SELECT count(DISTINCT p.oid) = 3 FROM pg_event_trigger AS e JOIN pg_proc AS p ON p.oid = e.evtfoid
            WHERE e.evtenabled = 'A' AND p.pronamespace = '@extschema@'::regnamespace
                AND p.proname IN ('pg_tviews_ddl_start', 'pg_tviews_ddl_end', 'pg_tviews_sql_drop'))
       AND NOT EXISTS (SELECT FROM @extschema@.pg_tview_meta AS m
                       WHERE NOT EXISTS (SELECT FROM pg_class WHERE oid = m."table") OR NOT EXISTS (SELECT FROM pg_class WHERE oid = m.view))
       AND NOT EXISTS (SELECT FROM @extschema@.pg_tview_meta AS m, unnest(m.dependencies) AS d (relation)
                       WHERE (SELECT count(*) FROM pg_trigger AS t WHERE t.tgrelid = d.relation
                                  AND t.tgenabled <> 'D' AND (t.tgenabled <> 'R' OR t.tgname = '!pg_tviews_replica')
                                  AND t.tgfoid = '@extschema@.pg_tviews_capture()'::regprocedure)
                           < (SELECT CASE WHEN relkind = 'r' AND NOT relispartition THEN 5 ELSE 2 END FROM pg_class WHERE oid = d.relation))
$$;
COMMENT ON FUNCTION pg_tviews_readiness() IS
    'whether TVIEWs are maintained in this session: versions agree, event triggers fire, tables and views are there, no base table''s capture triggers are missing or disabled. For a probe every second';
