-- pg_tviews 0.1.0: catalog tables, functions, event triggers.  Everything lives in the extension's own schema and is found
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
    protocol      integer NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    created_by    text NOT NULL DEFAULT session_user
);
COMMENT ON TABLE pg_tview_meta IS 'one row per TVIEW; written by the extension alone';
COMMENT ON COLUMN pg_tview_meta."table" IS 'the table tv_<entity> that holds the documents';
COMMENT ON COLUMN pg_tview_meta.entity IS 'the table''s name without tv_';
COMMENT ON COLUMN pg_tview_meta.schema IS 'the table''s schema';
COMMENT ON COLUMN pg_tview_meta.view IS 'the backing view: the defining query as PostgreSQL stores it';
COMMENT ON COLUMN pg_tview_meta.definition IS 'text of the defining query; follows renames of what it reads';
COMMENT ON COLUMN pg_tview_meta.dependencies IS 'the tables whose rows the query reads, views expanded';
COMMENT ON COLUMN pg_tview_meta.key_columns IS 'the columns that identify a document; the primary key';
COMMENT ON COLUMN pg_tview_meta.columns IS 'the output columns of the defining query, in order';
COMMENT ON COLUMN pg_tview_meta.fk_columns IS 'the output columns named fk_* or *_id';
COMMENT ON COLUMN pg_tview_meta.options IS 'the options given at creation';
COMMENT ON COLUMN pg_tview_meta.settings IS 'the settings in force at creation, under which every document is built';
COMMENT ON COLUMN pg_tview_meta.stamps IS 'whether updated_at is kept by the extension (false: the query outputs its own)';
COMMENT ON COLUMN pg_tview_meta.protocol IS 'version of the lock protocol that all sessions must share';
SELECT pg_catalog.pg_extension_config_dump('pg_tview_meta', '');

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
    operation     text NOT NULL CHECK (operation IN ('CREATE', 'DROP', 'ALTER', 'REFRESH', 'SUSPEND', 'RESUME')),
    entity        text NOT NULL,
    performed_by  text NOT NULL DEFAULT session_user,
    performed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    details       jsonb NOT NULL DEFAULT '{}',
    client_addr   inet DEFAULT inet_client_addr(),
    client_port   integer DEFAULT inet_client_port(),
    trace_id      text
);
COMMENT ON TABLE pg_tview_audit_log IS 'who created, dropped, altered, refreshed, suspended or resumed which TVIEW; append-only';
SELECT pg_catalog.pg_extension_config_dump('pg_tview_audit_log', '');
SELECT pg_catalog.pg_extension_config_dump('pg_tview_audit_log_log_id_seq', '');

CREATE FUNCTION pg_tviews_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log of pg_tviews is append-only'
        USING ERRCODE = 'insufficient_privilege', DETAIL = TG_OP || ' on pg_tview_audit_log is not allowed for anyone.';
END $$;
COMMENT ON FUNCTION pg_tviews_audit_guard() IS 'trigger: refuses every change of existing audit rows (42501)';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON pg_tview_audit_log
    FOR EACH ROW EXECUTE FUNCTION pg_tviews_audit_guard();
CREATE TRIGGER append_only_statement BEFORE UPDATE OR DELETE OR TRUNCATE ON pg_tview_audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION pg_tviews_audit_guard();
ALTER TABLE pg_tview_audit_log ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE pg_tview_audit_log ENABLE ALWAYS TRIGGER append_only_statement;

CREATE VIEW pg_tviews_registry AS
SELECT m.schema, m.entity, m."table"::text AS tview, m.view::text AS backing_view, m.key_columns, m.dependencies,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner, m.definition, m.options, m.created_at, m.created_by,
       coalesce(s.state, 'active') AS state, s.since AS state_since, s.marked_by AS state_by
FROM pg_tview_meta m LEFT JOIN pg_catalog.pg_class c ON c.oid = m."table"
LEFT JOIN LATERAL (SELECT * FROM pg_tview_state p WHERE p.tview = m."table"
                   ORDER BY pg_catalog.array_position('{suspended,building,stale}', p.state), p.since LIMIT 1) s ON true;
COMMENT ON VIEW pg_tviews_registry IS 'the TVIEWs of this database, readable by everyone';

GRANT SELECT ON pg_tview_meta, pg_tview_state, pg_tviews_registry, pg_tview_audit_log TO PUBLIC;

-- Functions -------------------------------------------------------------------------------------------------------

CREATE FUNCTION pg_tviews_version() RETURNS text LANGUAGE c STABLE PARALLEL SAFE AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_version() IS 'version of the loaded library, as text';

CREATE FUNCTION pg_tviews_create(tview text, query text, options jsonb DEFAULT '{}') RETURNS regclass
    LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_create(text, text, jsonb) IS
    'creates the TVIEW tview ([schema.]tv_<entity>) from a SELECT; options: key (text or array of text), fillfactor (integer percent, 10 to 100), data_index (boolean); returns its table. Errors: 42602 name, 42601 not one SELECT, 42P07 exists already, 42P16 no key column, 42883 key not comparable, 0A000 query not maintainable, 22023 options, 23505 or 23502 key not unique or null, 42501 no TRIGGER privilege';

CREATE FUNCTION pg_tviews_drop(tview text, if_exists boolean DEFAULT false, cascade boolean DEFAULT false) RETURNS boolean
    LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_drop(text, boolean, boolean) IS
    'drops a TVIEW with its backing view and unused capture triggers; returns whether it existed. Errors: 42P01, 42809, 2BP01';

CREATE FUNCTION pg_tviews_explain(tview text) RETURNS SETOF text LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_explain(text) IS
    'how a change of each base table finds the documents of a TVIEW, one line per row. Errors: 42P01, 42809';

CREATE FUNCTION pg_tviews_flush() RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_flush() IS
    'brings every TVIEW up to date with this transaction''s writes now instead of at the next read or commit; returns the number of documents written (bigint). Errors: those of the defining queries, 23505, 23502, 54001';

CREATE FUNCTION pg_tviews_verify(tview text DEFAULT NULL, sample double precision DEFAULT 1.0,
                                 OUT tview_name regclass, OUT key jsonb, OUT difference text)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_verify(text, double precision) IS
    'compares a TVIEW (NULL: all) with its query and returns each key whose row is missing, extra or stale; sample is the fraction of keys compared, 0 to 1. Errors: 42P01, 42809, 42501, 22023';

CREATE FUNCTION pg_tviews_refresh(tview text DEFAULT NULL, OUT tview_name regclass, OUT inserted bigint,
                                  OUT updated bigint, OUT deleted bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_refresh(text) IS
    'repairs a TVIEW (NULL: all) by comparing it with its query and writing only what differs; returns the number of rows written. Errors: 42P01, 42809, 42501';

CREATE FUNCTION pg_tviews_suspend(tview text DEFAULT NULL, scope text DEFAULT 'database') RETURNS SETOF regclass
    LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_suspend(text, text) IS
    'stops the maintenance of a TVIEW (NULL: all), for everybody (scope database), or for the writes of this session or transaction (session, transaction), which mark it as stale; returns the TVIEWs. Errors: 42P01, 42809, 42501, 22023';

CREATE FUNCTION pg_tviews_resume(tview text DEFAULT NULL, OUT tview_name regclass, OUT inserted bigint,
                                 OUT updated bigint, OUT deleted bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_resume(text) IS
    'maintains a TVIEW again (NULL: all) that is suspended, stale or building, and repairs it by comparing it with its query; returns the number of rows written for each that was. Errors: 42P01, 42809, 42501';

CREATE PROCEDURE pg_tviews_create_concurrently(tview text, query text, options jsonb DEFAULT '{}', batch integer DEFAULT 1000)
    LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON PROCEDURE pg_tviews_create_concurrently(text, text, jsonb, integer) IS
    'creates a TVIEW as pg_tviews_create() does, but fills it in transactions of batch documents each while others write; where that fails the TVIEW stays in state building. Errors: those of pg_tviews_create(), 25001, 22004';

CREATE PROCEDURE pg_tviews_resume_concurrently(tview text, batch integer DEFAULT 1000) LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON PROCEDURE pg_tviews_resume_concurrently(text, integer) IS
    'does what pg_tviews_resume() does in transactions of batch documents each, and finishes a TVIEW left in state building. Errors: 42P01, 42809, 42501, 25001, 22004, 22023';

CREATE FUNCTION pg_tviews_reinstall_triggers() RETURNS integer LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_reinstall_triggers() IS
    'makes the capture triggers that are missing on any table a TVIEW reads, and compares those TVIEWs in full at commit; drops those on tables that no TVIEW reads; returns the number of triggers made. Errors: 42501';

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
COMMENT ON FUNCTION pg_tviews_ddl_start() IS 'event trigger: recognises CREATE TABLE tv_* AS SELECT before it runs, and locks base tables before a TVIEW is dropped';

CREATE FUNCTION pg_tviews_ddl_end() RETURNS event_trigger LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_ddl_end() IS 'event trigger: makes the new table a TVIEW, and follows renames and redefinitions';

CREATE FUNCTION pg_tviews_sql_drop() RETURNS event_trigger LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_sql_drop() IS 'event trigger: removes what belongs to a dropped TVIEW';

CREATE EVENT TRIGGER pg_tviews_ddl_start ON ddl_command_start
    WHEN TAG IN ('CREATE TABLE AS', 'SELECT INTO', 'DROP TABLE', 'DROP VIEW', 'DROP SCHEMA', 'DROP OWNED') EXECUTE FUNCTION pg_tviews_ddl_start();
CREATE EVENT TRIGGER pg_tviews_ddl_end ON ddl_command_end EXECUTE FUNCTION pg_tviews_ddl_end();
CREATE EVENT TRIGGER pg_tviews_sql_drop ON sql_drop EXECUTE FUNCTION pg_tviews_sql_drop();
ALTER EVENT TRIGGER pg_tviews_ddl_start ENABLE ALWAYS;
ALTER EVENT TRIGGER pg_tviews_ddl_end ENABLE ALWAYS;
ALTER EVENT TRIGGER pg_tviews_sql_drop ENABLE ALWAYS;
