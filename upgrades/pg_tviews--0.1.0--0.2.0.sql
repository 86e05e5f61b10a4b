-- pg_tviews 0.1.0 to 0.2.0: what the install script of 0.2.0 has and that of 0.1.0 has not, or not like this.
\echo Use "ALTER EXTENSION pg_tviews UPDATE TO '0.2.0'" to load this file. \quit

CREATE FUNCTION pg_tviews_rebuild_metadata(tview text DEFAULT NULL, OUT tview_name regclass, OUT problem text, OUT inserted bigint,
                                           OUT updated bigint, OUT deleted bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_rebuild_metadata(text) IS
    'writes the row of pg_tview_meta of a TVIEW (NULL: all) again where it is lost or damaged, and the mark of a suspended one where that is lost, from table, backing view and audit log, then compares the TVIEW with its query; returns what was wrong and the number of rows written (null if not compared: it is suspended). Errors: 42P01, 42809, 42501, 55000';

CREATE FUNCTION pg_tviews_check_metadata(OUT tview_name regclass, OUT view_name regclass, OUT problem text, OUT rebuildable boolean,
                                         OUT options jsonb, OUT settings jsonb)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_check_metadata() IS
    'TVIEWs whose row of pg_tview_meta is missing or is not what table, backing view and audit log say, with what is wrong, whether pg_tviews_rebuild_metadata() can put it right, and the options and settings with which pg_tviews_create() makes it as it was';

CREATE OR REPLACE FUNCTION pg_tviews_health_version(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
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

CREATE OR REPLACE FUNCTION pg_tviews_health_metadata(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
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

CREATE OR REPLACE FUNCTION pg_tviews_health_verification(sample double precision DEFAULT 0, OUT severity text, OUT message text, OUT command text)
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

CREATE OR REPLACE PROCEDURE pg_tviews_create_concurrently(tview text, query text, options jsonb DEFAULT '{}', batch integer DEFAULT 200)
    LANGUAGE c AS 'MODULE_PATHNAME';

CREATE OR REPLACE PROCEDURE pg_tviews_resume_concurrently(tview text, batch integer DEFAULT 200) LANGUAGE c AS 'MODULE_PATHNAME';

CREATE OR REPLACE FUNCTION pg_tviews_health_audit(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
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

CREATE OR REPLACE FUNCTION pg_tviews_health_storage(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
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

CREATE OR REPLACE FUNCTION pg_tviews_readiness() RETURNS boolean LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
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

DROP FUNCTION pg_tviews_health_queue(interval);
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

-- Refresh modes

ALTER TABLE pg_tview_meta ADD COLUMN refresh_mode text NOT NULL DEFAULT 'transactional' CHECK (refresh_mode IN ('transactional', 'immediate', 'deferred', 'manual'));
COMMENT ON COLUMN pg_tview_meta.refresh_mode IS 'when it follows what is written: transactional, immediate, deferred or manual';

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

CREATE OR REPLACE VIEW pg_tviews_registry AS
SELECT m.schema, m.entity, m."table"::text AS tview, m.view::text AS backing_view, m.key_columns, m.dependencies,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner, m.definition, m.options, m.undetermined, m.created_at, m.created_by,
       coalesce(s.state, 'active') AS state, s.since AS state_since, s.marked_by AS state_by,
       m.refresh_mode
FROM pg_tview_meta m LEFT JOIN pg_catalog.pg_class c ON c.oid = m."table"
LEFT JOIN LATERAL (SELECT * FROM pg_tview_state p WHERE p.tview = m."table"
                   ORDER BY pg_catalog.array_position('{suspended,building,stale}', p.state), p.since LIMIT 1) s ON true;

CREATE VIEW pg_tviews_queue AS
SELECT m.schema, m.entity, m."table"::text AS tview, m.refresh_mode, coalesce(q.entries, 0) AS entries, coalesce(q.everything, false) AS everything,
       q.oldest, q.newest
FROM pg_tview_meta m LEFT JOIN (
    SELECT p.tview, pg_catalog.count(*) AS entries, pg_catalog.bool_or(p.key IS NULL) AS everything, min(p.enqueued_at) AS oldest, max(p.enqueued_at) AS newest
    FROM pg_tview_queue p GROUP BY p.tview) q ON q.tview = m."table"
WHERE q.tview IS NOT NULL OR m.refresh_mode IN ('deferred', 'manual');
COMMENT ON VIEW pg_tviews_queue IS 'what has still to be applied to each deferred and manual TVIEW, readable by everyone';
GRANT SELECT ON pg_tviews_queue TO PUBLIC;

COMMENT ON FUNCTION pg_tviews_create(text, text, jsonb) IS
    'creates the TVIEW tview ([schema.]tv_<entity>) from a SELECT; options: key (text or array of text), fillfactor (integer percent, 10 to 100), data_index (boolean), reads (array of text: relations that functions in the query read unseen), refresh_mode (text); returns its table. Errors: 42602 name, 42601 not one SELECT, 42P07 exists already, 42P16 no key column, 42883 key not comparable, 0A000 query not maintainable, 22023 options, 42P01 or 42809 in reads, 23505 or 23502 key not unique or null, 42501 no TRIGGER privilege';

CREATE FUNCTION pg_tviews_set_refresh_mode(tview regclass, mode text) RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_set_refresh_mode(regclass, text) IS
    'decides when a TVIEW follows what is written: mode transactional (at a read and at commit), immediate (at the end of each statement), deferred (after the commit, by a background worker) or manual (by pg_tviews_apply()); applies its queue if that had one. Errors: 22023, 42P01, 42809, 42501';

CREATE FUNCTION pg_tviews_apply(tview regclass DEFAULT NULL) RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_apply(regclass) IS
    'brings the documents that are queued for a deferred or manual TVIEW (NULL: all such) up to date; returns the number of documents written (bigint). Errors: 42P01, 42809, 42501, 40001, those of the defining query';

CREATE FUNCTION pg_tviews_start_worker() RETURNS boolean LANGUAGE c STRICT AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_start_worker() IS
    'starts the background worker that applies the queues of deferred TVIEWs of this database, or wakes it; returns whether it was not there. Errors: 53400 no slot is free, 55000 on a standby';
