-- What the extension shows: its functions, tables, columns, views, settings and event triggers, with comments and privileges; nothing else.
BEGIN;
SELECT no_plan();

SELECT has_extension('pg_tviews', 'the extension is installed');
SELECT is((SELECT extversion FROM pg_extension WHERE extname = 'pg_tviews'), pg_tviews_version(),
          'pg_tviews_version() is the version installed');
SELECT is((SELECT default_version FROM pg_available_extensions WHERE name = 'pg_tviews'), pg_tviews_version(),
          'and the one that CREATE EXTENSION would install');

-- Functions: arguments, result, and what they promise the planner.
SELECT function_returns('pg_tviews_version', '{}'::name[], 'text');
SELECT function_returns('pg_tviews_create', ARRAY['text', 'text', 'jsonb'], 'regclass');
SELECT function_returns('pg_tviews_drop', ARRAY['text', 'boolean', 'boolean'], 'boolean');
SELECT function_returns('pg_tviews_explain', ARRAY['text', 'boolean'], 'setof text');
SELECT function_returns('pg_tviews_routes', ARRAY['text'], 'setof record');
SELECT function_returns('pg_tviews_check_indexes', ARRAY['text'], 'setof record');
SELECT function_returns('pg_tviews_ensure_indexes', ARRAY['text', 'boolean'], 'setof record');
SELECT function_returns('pg_tviews_impact', ARRAY['text', 'text'], 'setof record');
SELECT function_returns('pg_tviews_graph', ARRAY['text'], 'text');
SELECT function_returns('pg_tviews_check_triggers', '{}'::name[], 'setof record');
SELECT function_returns('pg_tviews_check_definitions', '{}'::name[], 'setof record');
SELECT function_returns('pg_tviews_check_metadata', '{}'::name[], 'setof record');
SELECT function_returns('pg_tviews_rebuild_metadata', ARRAY['text'], 'setof record');
SELECT is(pg_get_function_arguments('pg_tviews_rebuild_metadata'::regproc),
          'tview text DEFAULT NULL::text, OUT tview_name regclass, OUT problem text, OUT inserted bigint, OUT updated bigint, OUT deleted bigint',
          'pg_tviews_rebuild_metadata(): names and defaults');
SELECT function_returns('pg_tviews_health_check', ARRAY['double precision'], 'setof record');
SELECT function_returns('pg_tviews_status', '{}'::name[], 'record');
SELECT function_returns('pg_tviews_liveness', '{}'::name[], 'boolean');
SELECT function_returns('pg_tviews_readiness', '{}'::name[], 'boolean');
SELECT function_returns('pg_tviews_audit_verify', '{}'::name[], 'setof record');
SELECT function_returns('pg_tviews_audit_archive', ARRAY['timestamp with time zone'], 'setof pg_tview_audit_log');
SELECT function_returns('pg_tviews_audit_hash', ARRAY['pg_tview_audit_log', 'bigint', 'bytea'], 'bytea');
SELECT function_returns('pg_tviews_audit_is_own', ARRAY['xid'], 'boolean');
SELECT function_returns('pg_tviews_audit_guard', '{}'::name[], 'trigger');
SELECT function_returns('pg_tviews_flush', '{}'::name[], 'bigint');
SELECT function_returns('pg_tviews_verify', ARRAY['text', 'double precision'], 'setof record');
SELECT function_returns('pg_tviews_refresh', ARRAY['text'], 'setof record');
SELECT function_returns('pg_tviews_' || name, '{}'::name[], 'setof record')
    FROM unnest('{performance_summary,queue_realtime,cache_stats,progress,stats_info}'::text[]) AS name;
SELECT function_returns('pg_tviews_metrics', '{}'::name[], 'text');
SELECT function_returns('pg_tviews_stats_reset', ARRAY['text'], 'void');
SELECT is(pg_get_function_arguments('pg_tviews_stats_reset'::regproc), 'tview text DEFAULT NULL::text',
          'pg_tviews_stats_reset(): names and defaults');
SELECT function_returns('pg_tviews_suspend', ARRAY['text', 'text'], 'setof regclass');
SELECT function_returns('pg_tviews_resume', ARRAY['text'], 'setof record');
SELECT is_procedure('pg_tviews_create_concurrently', ARRAY['text', 'text', 'jsonb', 'integer']);
SELECT is_procedure('pg_tviews_resume_concurrently', ARRAY['text', 'integer']);
SELECT function_returns('pg_tviews_set_refresh_mode', ARRAY['regclass', 'text'], 'void');
SELECT function_returns('pg_tviews_apply', ARRAY['regclass'], 'bigint');
SELECT function_returns('pg_tviews_start_worker', '{}'::name[], 'boolean');
SELECT is(pg_get_function_arguments('pg_tviews_apply'::regproc), 'tview regclass DEFAULT NULL::regclass', 'pg_tviews_apply(): names and defaults');
SELECT function_returns('pg_tviews_capture', '{}'::name[], 'trigger');
SELECT function_returns('pg_tviews_ddl_start', '{}'::name[], 'event_trigger');
SELECT function_returns('pg_tviews_ddl_end', '{}'::name[], 'event_trigger');
SELECT function_returns('pg_tviews_sql_drop', '{}'::name[], 'event_trigger');
SELECT is(pg_get_function_arguments('pg_tviews_create'::regproc), $$tview text, query text, options jsonb DEFAULT '{}'::jsonb$$,
          'pg_tviews_create(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_drop'::regproc),
          'tview text, if_exists boolean DEFAULT false, cascade boolean DEFAULT false', 'pg_tviews_drop(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_verify'::regproc),
          'tview text DEFAULT NULL::text, sample double precision DEFAULT 1.0, OUT tview_name regclass, OUT key jsonb, OUT difference text',
          'pg_tviews_verify(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_refresh'::regproc),
          'tview text DEFAULT NULL::text, OUT tview_name regclass, OUT inserted bigint, OUT updated bigint, OUT deleted bigint',
          'pg_tviews_refresh(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_suspend'::regproc), $$tview text DEFAULT NULL::text, scope text DEFAULT 'database'::text$$,
          'pg_tviews_suspend(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_resume'::regproc),
          'tview text DEFAULT NULL::text, OUT tview_name regclass, OUT inserted bigint, OUT updated bigint, OUT deleted bigint',
          'pg_tviews_resume(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_create_concurrently'::regproc),
          $$IN tview text, IN query text, IN options jsonb DEFAULT '{}'::jsonb, IN batch integer DEFAULT 200$$,
          'pg_tviews_create_concurrently(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_resume_concurrently'::regproc), 'IN tview text, IN batch integer DEFAULT 200',
          'pg_tviews_resume_concurrently(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_explain'::regproc), 'tview text, costs boolean DEFAULT false', 'pg_tviews_explain(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_routes'::regproc),
          'tview text DEFAULT NULL::text, OUT tview_name regclass, OUT table_name regclass, OUT path text, OUT route text, OUT hops integer, OUT reason text',
          'pg_tviews_routes(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_check_indexes'::regproc),
          'tview text DEFAULT NULL::text, OUT tview_name regclass, OUT purpose text, OUT step text, OUT table_name regclass, OUT columns text, OUT ddl text, OUT cost_without double precision, OUT cost_with double precision',
          'pg_tviews_check_indexes(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_ensure_indexes'::regproc),
          'tview text DEFAULT NULL::text, dry_run boolean DEFAULT true, OUT ddl text, OUT created boolean', 'pg_tviews_ensure_indexes(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_impact'::regproc),
          $$table_name text, "where" text DEFAULT 'true'::text, OUT tview_name regclass, OUT documents bigint, OUT everything boolean$$,
          'pg_tviews_impact(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_graph'::regproc), $$format text DEFAULT 'mermaid'::text$$, 'pg_tviews_graph(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_health_check'::regproc),
          'sample double precision DEFAULT 0, OUT status text, OUT component text, OUT message text, OUT severity text',
          'pg_tviews_health_check(): names and defaults');
SELECT is(pg_get_function_arguments('pg_tviews_status'::regproc), 'OUT status text, OUT detail jsonb', 'pg_tviews_status(): names');
SELECT is(pg_get_function_arguments('pg_tviews_audit_verify'::regproc), 'OUT log_id bigint, OUT link bigint, OUT difference text', 'pg_tviews_audit_verify(): names');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc p WHERE proname LIKE 'pg\_tviews\_health\_%' AND proname <> 'pg_tviews_health_check'
                  AND pg_get_function_arguments(oid) !~ '^((sample|older_than|more_than) [^,]+ DEFAULT [^,]+, )*OUT severity text, OUT message text, OUT command text$'$$,
                'the functions of the health check have one result');
SELECT set_eq($$SELECT component FROM pg_tviews_health_check()$$,
              $$SELECT substring(proname FROM 'pg_tviews_health_(.*)') FROM pg_proc WHERE proname LIKE 'pg\_tviews\_health\_%' AND proname <> 'pg_tviews_health_check'$$,
              'the health check asks each of them');
SELECT volatility_is('pg_tviews_create', ARRAY['text', 'text', 'jsonb'], 'volatile');
SELECT volatility_is('pg_tviews_verify', ARRAY['text', 'double precision'], 'volatile');
SELECT volatility_is('pg_tviews_flush', '{}'::name[], 'volatile');
SELECT isnt_definer('pg_tviews_create', ARRAY['text', 'text', 'jsonb'], 'pg_tviews_create() acts for its caller');
SELECT isnt_definer('pg_tviews_drop', ARRAY['text', 'boolean', 'boolean'], 'pg_tviews_drop() acts for its caller');
CREATE TEMP VIEW members AS
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
        AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'pg_tviews');
SELECT is_empty($$SELECT objid::regprocedure FROM members WHERE classid = 'pg_proc'::regclass AND obj_description(objid, 'pg_proc') IS NULL$$,
                'every function has a comment');
SELECT is_empty($$SELECT objid::regprocedure FROM members JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass
                  AND proname NOT LIKE 'pg\_tviews\_%'$$, 'every function''s name begins with pg_tviews_');
SELECT is_empty($$SELECT objid::regprocedure FROM members JOIN pg_proc p ON p.oid = objid WHERE classid = 'pg_proc'::regclass AND prosecdef$$,
                'no function runs with its owner''s rights');
SELECT is_empty($$SELECT objid::regprocedure FROM members JOIN pg_proc p ON p.oid = objid
                  WHERE classid = 'pg_proc'::regclass AND proparallel <> 'u' AND proname <> 'pg_tviews_version'$$,
                'functions that read the transaction''s queue stay out of parallel workers');

-- pg_tview_meta.
SELECT has_table('pg_tview_meta');
SELECT col_is_pk('pg_tview_meta', 'table');
SELECT col_type_is('pg_tview_meta', 'table', 'regclass');
SELECT col_type_is('pg_tview_meta', 'entity', 'text');
SELECT col_type_is('pg_tview_meta', 'schema', 'text');
SELECT col_type_is('pg_tview_meta', 'view', 'regclass');
SELECT col_type_is('pg_tview_meta', 'definition', 'text');
SELECT col_type_is('pg_tview_meta', 'dependencies', 'regclass[]');
SELECT col_type_is('pg_tview_meta', 'key_columns', 'text[]');
SELECT col_type_is('pg_tview_meta', 'fk_columns', 'text[]');
SELECT col_type_is('pg_tview_meta', 'options', 'jsonb');
SELECT col_type_is('pg_tview_meta', 'undetermined', 'text[]');
SELECT col_type_is('pg_tview_meta', 'created_at', 'timestamp with time zone');
SELECT is_empty($$SELECT attname FROM pg_attribute WHERE attrelid = 'pg_tview_meta'::regclass AND attnum > 0 AND NOT attisdropped
                  AND NOT attnotnull AND attname <> 'reads'$$, 'no column of pg_tview_meta may be null, but for the option that was not given');
SELECT col_type_is('pg_tview_meta', 'reads', 'regclass[]');
SELECT is_empty($$SELECT attname FROM pg_attribute WHERE attrelid = 'pg_tview_meta'::regclass AND attnum > 0 AND NOT attisdropped
                  AND attname NOT IN ('created_at', 'created_by') AND col_description(attrelid, attnum) IS NULL$$,
                'the columns of pg_tview_meta have comments');

-- pg_tview_state.
SELECT columns_are('pg_tview_state', ARRAY['tview', 'state', 'since', 'marked_by', 'mark']);
SELECT col_is_pk('pg_tview_state', 'mark');
SELECT col_type_is('pg_tview_state', 'tview', 'regclass');
SELECT is_empty($$SELECT attname FROM pg_attribute WHERE attrelid = 'pg_tview_state'::regclass AND attnum > 0
                  AND (NOT attnotnull OR col_description(attrelid, attnum) IS NULL)$$, 'its columns have comments and are never null');

-- pg_tview_queue.
SELECT columns_are('pg_tview_queue', ARRAY['tview', 'key', 'enqueued_at']);
SELECT columns_are('pg_tviews_queue', ARRAY['schema', 'entity', 'tview', 'refresh_mode', 'entries', 'everything', 'oldest', 'newest']);
SELECT is_empty($$SELECT attname FROM pg_attribute WHERE attrelid = 'pg_tview_queue'::regclass AND attnum > 0 AND col_description(attrelid, attnum) IS NULL$$,
                'the columns of pg_tview_queue have comments');

-- pg_tview_audit_log.
SELECT has_table('pg_tview_audit_log');
SELECT columns_are('pg_tview_audit_log', ARRAY['log_id', 'operation', 'entity', 'performed_by', 'performed_at', 'details', 'client_addr', 'client_port', 'trace_id', 'link', 'hash']);
SELECT col_is_pk('pg_tview_audit_log', 'log_id');
SELECT col_type_is('pg_tview_audit_log', 'log_id', 'bigint');
SELECT col_type_is('pg_tview_audit_log', 'operation', 'text');
SELECT col_type_is('pg_tview_audit_log', 'entity', 'text');
SELECT col_type_is('pg_tview_audit_log', 'performed_by', 'text');
SELECT col_type_is('pg_tview_audit_log', 'performed_at', 'timestamp with time zone');
SELECT col_type_is('pg_tview_audit_log', 'details', 'jsonb');
SELECT col_type_is('pg_tview_audit_log', 'client_addr', 'inet');
SELECT col_type_is('pg_tview_audit_log', 'client_port', 'integer');
SELECT col_type_is('pg_tview_audit_log', 'link', 'bigint');
SELECT col_type_is('pg_tview_audit_log', 'hash', 'bytea');
SELECT col_not_null('pg_tview_audit_log', 'performed_by');
SELECT col_not_null('pg_tview_audit_log', 'performed_at');

-- pg_tview_verified.
SELECT columns_are('pg_tview_verified', ARRAY['tview', 'verified_at', 'verified_by', 'sample', 'differences']);
SELECT is_empty($$SELECT attname FROM pg_attribute WHERE attrelid = 'pg_tview_verified'::regclass AND attnum > 0 AND (col_description(attrelid, attnum) IS NULL OR NOT attnotnull)$$,
                'the columns of pg_tview_verified have comments and are not null');

-- pg_tviews_registry.
SELECT has_view('pg_tviews_registry');
SELECT has_column('pg_tviews_registry', column_name, 'pg_tviews_registry has ' || column_name)
    FROM unnest('{schema,entity,tview,backing_view,key_columns,dependencies,owner,definition,options,undetermined,created_at,state,state_since,state_by,refresh_mode}'::name[]) AS column_name;

-- Views of the statistics: the columns the reference promises, for everybody.
SELECT columns_are('pg_tviews_queue_realtime', ARRAY['session', 'backend_pid', 'transaction_id', 'queue_size', 'entities', 'last_enqueued']);
SELECT columns_are('pg_tviews_cache_stats', ARRAY['scope', 'cache', 'sessions', 'entries', 'bytes', 'hits', 'misses', 'invalidations']);
SELECT columns_are('pg_tviews_progress', ARRAY['session', 'backend_pid', 'command', 'tview', 'phase', 'done', 'total', 'percent',
                                               'started_at', 'estimated_end']);
SELECT columns_are('pg_tviews_performance_summary',
                   ARRAY['schema', 'entity', 'tview', 'refreshes', 'documents_rebuilt', 'documents_written', 'documents_inserted',
                         'documents_updated', 'documents_unchanged', 'documents_deleted', 'seeds', 'pruned_writes',
                         'everything_refreshes', 'lock_waits', 'lock_wait_ms', 'errors', 'total_ms', 'mean_ms', 'p50_ms', 'p95_ms',
                         'p99_ms', 'max_ms', 'last_refresh', 'write_share', 'stats_since', 'scope']);

-- Relations: comments, privileges, dumped by pg_dump.
SELECT is_empty($$SELECT objid::regclass FROM members JOIN pg_class c ON c.oid = objid WHERE classid = 'pg_class'::regclass
                  AND relkind IN ('r', 'v') AND obj_description(objid, 'pg_class') IS NULL$$, 'every table and view has a comment');
SELECT is_empty($$SELECT objid::regclass FROM members JOIN pg_class c ON c.oid = objid WHERE classid = 'pg_class'::regclass
                  AND relkind IN ('r', 'v') AND relname NOT LIKE 'pg\_tview\_%' AND relname NOT LIKE 'pg\_tviews\_%'$$,
                'every table and view has a name of the extension''s');
CREATE ROLE tviews_anybody;
SELECT table_privs_are('public', relation, 'tviews_anybody', ARRAY['SELECT'], relation || ': everybody may read and nothing else')
    FROM unnest('{pg_tview_meta,pg_tview_state,pg_tviews_queue,pg_tview_audit_log,pg_tview_verified,pg_tviews_registry,pg_tviews_performance_summary,pg_tviews_queue_realtime,pg_tviews_cache_stats,pg_tviews_progress}'::name[]) AS relation;
SELECT table_privs_are('public', 'pg_tview_queue', 'tviews_anybody', '{}', 'keys of documents are nobody''s to read');
SELECT is_empty($$SELECT objid::regprocedure FROM members WHERE classid = 'pg_proc'::regclass AND NOT has_function_privilege('pg_monitor', objid, 'EXECUTE')
                  AND objid NOT IN ('pg_tviews_audit_archive'::regproc, 'pg_tviews_stats_reset'::regproc)$$, 'pg_monitor may execute every function but those that archive and reset');
SELECT ok(NOT has_function_privilege('tviews_anybody', 'pg_tviews_audit_archive(timestamptz)', 'EXECUTE'), 'archiving is not for everybody');
SELECT is_empty($$SELECT objid::regclass FROM members JOIN pg_class c ON c.oid = objid WHERE classid = 'pg_class'::regclass AND relkind IN ('r', 'S')
                  AND objid <> ALL ((SELECT extconfig FROM pg_extension WHERE extname = 'pg_tviews')::oid[])$$,
                'pg_dump writes the contents of every table and sequence');

-- Event triggers fire always, also on subscribers.
SELECT set_eq($$SELECT evtname, evtevent, evtfoid::regproc::text, evtenabled FROM pg_event_trigger WHERE evtname LIKE 'pg\_tviews\_%'$$,
              $$VALUES ('pg_tviews_ddl_start'::name, 'ddl_command_start'::name, 'pg_tviews_ddl_start', 'A'::"char"),
                       ('pg_tviews_ddl_end', 'ddl_command_end', 'pg_tviews_ddl_end', 'A'), ('pg_tviews_sql_drop', 'sql_drop', 'pg_tviews_sql_drop', 'A')$$,
              'three event triggers, enabled always');

SELECT function_privs_are('public', 'pg_tviews_stats_reset', ARRAY['text'], 'tviews_anybody', '{}'::text[], 'statistics are not anybody''s to reset');
SELECT function_privs_are('public', 'pg_tviews_metrics', '{}'::text[], 'tviews_anybody', ARRAY['EXECUTE'], 'but to read');

-- Settings: known once the library is loaded, described, no other one with the prefix accepted.
SELECT is_empty($$SELECT name FROM pg_settings WHERE name LIKE 'pg\_tviews.%' AND (short_desc = '' OR extra_desc IS NULL)$$,
                'every setting is described');
SELECT is(current_setting('pg_tviews.intercept'), 'on', 'pg_tviews.intercept is on by default');
SELECT set_eq($$SELECT name, context FROM pg_settings WHERE name IN ('pg_tviews.intercept', 'pg_tviews.max_flush_rounds', 'pg_tviews.max_seed_memory')$$,
              $$VALUES ('pg_tviews.intercept', 'user'), ('pg_tviews.max_flush_rounds', 'user'), ('pg_tviews.max_seed_memory', 'user')$$,
              'settings a session may change');
SELECT throws_ok('SET pg_tviews.nothing = 1', '42602', NULL, 'an unknown setting of the extension is refused');
SELECT throws_ok('SET pg_tviews.max_flush_rounds = 0', '22023', NULL, 'a setting outside its range is refused');

-- Members: removing one of them is refused, removing the extension takes them all and leaves TVIEWs as tables and views.
SELECT throws_ok('DROP TABLE pg_tview_meta', '2BP01', NULL, 'pg_tview_meta cannot be dropped alone');
SELECT throws_ok('DROP FUNCTION pg_tviews_capture()', '2BP01', NULL, 'the capture function cannot be dropped alone');
CREATE TABLE tb_user (pk_user int PRIMARY KEY, id uuid, name text);
INSERT INTO tb_user VALUES (1, '10000000-0000-4000-8000-000000000001', 'Ada');
CREATE TABLE tv_user AS SELECT pk_user, id, name FROM tb_user;
SELECT has_table('tv_user');
SELECT has_view('v_user');
SELECT col_is_pk('tv_user', 'pk_user');
SELECT has_index('tv_user', 'tv_user_id_idx', 'id', 'the id has an index');
SELECT index_is_type('tv_user', 'tv_user_id_idx', 'btree');
SELECT col_type_is('tv_user', 'updated_at', 'timestamp with time zone');
SELECT throws_ok('DROP EXTENSION pg_tviews', '2BP01', NULL, 'with TVIEWs, the extension goes only with CASCADE');
SET client_min_messages = error;
DROP EXTENSION pg_tviews CASCADE;
RESET client_min_messages;
SELECT hasnt_table('pg_tview_meta', 'the catalog is gone');
SELECT has_table('tb_user', 'base tables stay');
SELECT is_empty($$SELECT tgname FROM pg_trigger WHERE tgrelid = 'tb_user'::regclass AND NOT tgisinternal$$, 'capture triggers are gone');
SELECT lives_ok($$INSERT INTO tb_user VALUES (2)$$, 'base tables can be written');
SELECT has_table('tv_user', 'the documents stay as a plain table');
SELECT lives_ok('CREATE EXTENSION pg_tviews', 'the extension can be made again');
SELECT is_empty('SELECT * FROM pg_tview_meta', 'and knows no TVIEW then');

SELECT * FROM finish();
ROLLBACK;
