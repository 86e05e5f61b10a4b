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

CREATE TABLE pg_tview_audit_log (
    log_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    operation     text NOT NULL CHECK (operation IN ('CREATE', 'DROP', 'ALTER', 'REFRESH', 'ARCHIVE')),
    entity        text NOT NULL,
    performed_by  text NOT NULL DEFAULT session_user,
    performed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    details       jsonb NOT NULL DEFAULT '{}',
    client_addr   inet DEFAULT inet_client_addr(),
    client_port   integer DEFAULT inet_client_port(),
    link          bigint UNIQUE,
    hash          bytea,
    CHECK ((link IS NULL) = (hash IS NULL))
);
COMMENT ON TABLE pg_tview_audit_log IS 'who created, dropped, altered or refreshed which TVIEW; append-only, a chain of hashes';
COMMENT ON COLUMN pg_tview_audit_log.link IS 'number in the chain, without gaps; given at commit';
COMMENT ON COLUMN pg_tview_audit_log.hash IS 'SHA-256 over the hash of the row before it and this row';
SELECT pg_catalog.pg_extension_config_dump('pg_tview_audit_log', '');
SELECT pg_catalog.pg_extension_config_dump('pg_tview_audit_log_log_id_seq', '');

CREATE VIEW pg_tviews_registry AS
SELECT m.schema, m.entity, m."table"::text AS tview, m.view::text AS backing_view, m.key_columns, m.dependencies,
       pg_catalog.pg_get_userbyid(c.relowner) AS owner, m.definition, m.options, m.created_at, m.created_by
FROM pg_tview_meta m LEFT JOIN pg_catalog.pg_class c ON c.oid = m."table";
COMMENT ON VIEW pg_tviews_registry IS 'the TVIEWs of this database, readable by everyone';

GRANT SELECT ON pg_tview_meta, pg_tviews_registry, pg_tview_audit_log TO PUBLIC;

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
    'compares a TVIEW (NULL: all) with its query and returns each key whose row is missing, extra or stale; sample is the fraction of keys compared, 0 to 1. Errors: 42P01, 42809, 42501, 22023';

CREATE FUNCTION pg_tviews_refresh(tview text DEFAULT NULL, OUT tview_name regclass, OUT inserted bigint,
                                  OUT updated bigint, OUT deleted bigint)
    RETURNS SETOF record LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_refresh(text) IS
    'repairs a TVIEW (NULL: all) by comparing it with its query and writing only what differs; returns the number of rows written. Errors: 42P01, 42809, 42501';

CREATE FUNCTION pg_tviews_reinstall_triggers() RETURNS integer LANGUAGE c AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION pg_tviews_reinstall_triggers() IS
    'makes the capture triggers that are missing on any table a TVIEW reads, and compares those TVIEWs in full at commit; drops those on tables that no TVIEW reads; returns the number of triggers made. Errors: 42501';

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
