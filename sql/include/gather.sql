-- Gathers the shapes of all shape scripts into one schema, and looks at them after each write.  Comes after shapes.sql.
\set gathering 1
\o /dev/null
SET client_min_messages = error;
CREATE TABLE shape (tview regclass, family text);
CREATE PROCEDURE gathered(of text) LANGUAGE sql AS $$
    INSERT INTO shape SELECT m."table", of FROM pg_tview_meta m WHERE m.schema = 's_shapes' AND m."table" NOT IN (SELECT tview FROM shape)
$$;
CREATE OR REPLACE PROCEDURE write(command text) LANGUAGE sql AS '';
CREATE OR REPLACE PROCEDURE attempt(command text) LANGUAGE sql AS '';
\set script :srcdir '/sql/shape_joins.sql'
\i :script
CALL gathered('joins');
\set script :srcdir '/sql/shape_subqueries.sql'
\i :script
CALL gathered('subqueries');
\set script :srcdir '/sql/shape_aggregates.sql'
\i :script
CALL gathered('aggregates');
\set script :srcdir '/sql/shape_sets.sql'
\i :script
CALL gathered('sets');
\set script :srcdir '/sql/shape_recursion.sql'
\i :script
CALL gathered('recursion');
\set script :srcdir '/sql/shape_windows_limits.sql'
\i :script
CALL gathered('windows_limits');
\set script :srcdir '/sql/shape_views.sql'
\i :script
CALL gathered('views');
\set script :srcdir '/sql/shape_types.sql'
\i :script
CALL gathered('types');
\set script :srcdir '/sql/shape_functions.sql'
\i :script
CALL gathered('functions');
\set script :srcdir '/sql/shape_traps.sql'
\i :script
CALL gathered('traps');
\i :rows
SET client_min_messages = error;

-- Kinds of writes in the order of testing; one is open from tested('its name') to tested().  Looks at all shapes: what each held,
-- in which versions of rows, and whether that was what its query gave.  Which tables the writes of a kind changed rows of.
CREATE TABLE kind (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text, writes boolean, open boolean DEFAULT true);
CREATE TABLE look (n int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind int);
CREATE TABLE outcome (look int, tview regclass, content text, versions text, exact boolean);
CREATE INDEX ON outcome (look);
CREATE TABLE touched (kind int, relation regclass, itself boolean, UNIQUE (kind, relation, itself));
CREATE TABLE reading (relation oid, rows bigint, file oid, parent oid);

-- The tables that shapes read, at the bottom.
CREATE TABLE reads AS
WITH RECURSIVE r AS (
    SELECT "table" AS tview, unnest(dependencies) AS relation, definition ~ '\mONLY\M' AS only FROM pg_tview_meta WHERE "table" IN (SELECT tview FROM shape)
    UNION SELECT r.tview, unnest(m.dependencies), r.only FROM r JOIN pg_tview_meta m ON m."table" = r.relation)
SELECT * FROM r WHERE relation NOT IN (SELECT "table" FROM pg_tview_meta);

-- How many rows this session wrote to each table, also in transactions rolled back; its file, which TRUNCATE changes; and what it is a
-- partition of.
CREATE FUNCTION read_now() RETURNS SETOF reading LANGUAGE sql AS $$
    SELECT oid, pg_stat_get_tuples_inserted(oid) + pg_stat_get_tuples_updated(oid) + pg_stat_get_tuples_deleted(oid),
           CASE WHEN pg_relation_size(oid) = 0 THEN 0 ELSE relfilenode END, (SELECT inhparent FROM pg_inherits WHERE inhrelid = oid)
    FROM pg_class WHERE relkind = 'r' AND relname ~* '^tb' AND relnamespace IN ('s_shapes'::regnamespace, 's_other'::regnamespace)
$$;

-- Takes down what was written since the last time.
CREATE PROCEDURE take_down(kind int) LANGUAGE plpgsql AS $$ BEGIN
    IF kind IS NOT NULL THEN
        INSERT INTO touched
            SELECT take_down.kind, a.relation, true FROM read_now() a LEFT JOIN reading b USING (relation)
            WHERE a.rows <> coalesce(b.rows, 0) OR (b.file <> 0 AND a.file <> b.file) ON CONFLICT DO NOTHING;
        INSERT INTO touched SELECT t.kind, inhparent, false FROM touched t JOIN pg_inherits ON inhrelid = t.relation WHERE t.kind = take_down.kind
            ON CONFLICT DO NOTHING;
        INSERT INTO touched
            SELECT take_down.kind, coalesce(a.parent, b.parent), false FROM read_now() a FULL JOIN reading b USING (relation)
            WHERE a.parent IS DISTINCT FROM b.parent ON CONFLICT DO NOTHING;
    END IF;
    DELETE FROM reading;
    INSERT INTO reading SELECT * FROM read_now();
END $$;

-- Compares every shape with its query, by an oracle that knows nothing of the extension: one statement for each shape, whose plan
-- stays until something it reads changes.
DO $$
DECLARE
    body text = (
        SELECT string_agg(format('INSERT INTO outcome SELECT look, %s, t.content, t.versions, t.content IS NOT DISTINCT FROM q.content
                                      FROM (SELECT md5(string_agg(ROW(%s)::text, ''|'' ORDER BY ROW(%2$s)::text)) AS content,
                                                   md5(string_agg(xmin || '':'' || ctid, ''|'' ORDER BY ctid)) AS versions FROM %3$s) t,
                                           (SELECT md5(string_agg(ROW(%2$s)::text, ''|'' ORDER BY ROW(%2$s)::text)) AS content FROM %4$s) q;',
                                 s.tview::oid, (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) AS c), s.tview, m.view), E'\n')
        FROM shape s JOIN pg_tview_meta m ON m."table" = s.tview);
BEGIN
    EXECUTE format('CREATE PROCEDURE look_at_all(look int) LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan SET jit = off AS %L', 'BEGIN ' || body || ' END');
END $$;

-- Called after every commit.
CREATE PROCEDURE look() LANGUAGE plpgsql AS $$
DECLARE
    this int = (SELECT n FROM kind WHERE open);
    at int;
    wrong text;
BEGIN
    INSERT INTO look (kind) VALUES (this) RETURNING n INTO at;
    CALL look_at_all(at);
    SELECT string_agg(tview::text, ', ' ORDER BY tview::text) INTO wrong FROM outcome o WHERE o.look = at AND NOT exact;
    IF wrong IS NOT NULL THEN
        RAISE INFO 'WRONG: %', wrong;
    END IF;
    CALL take_down(this);
    PERFORM pg_stat_force_next_flush();
END $$;

-- What each kind did to each shape: of all its looks together.
CREATE TABLE cell (tview regclass, kind int, exact boolean, changed boolean, written boolean, concerned boolean);

-- Called with a name before writes of a kind, and without one after the last look at them.
CREATE PROCEDURE tested(name text DEFAULT NULL, writes boolean DEFAULT true) LANGUAGE plpgsql AS $$
DECLARE
    this int = (SELECT n FROM kind WHERE open);
    wrong regclass[];
    report text;
BEGIN
    CALL take_down(this);
    IF name IS NOT NULL THEN
        INSERT INTO kind (name, writes) VALUES (tested.name, tested.writes);
        RETURN;
    END IF;
    UPDATE kind SET open = false WHERE open;
    wrong := ARRAY(SELECT DISTINCT tview_name FROM pg_tviews_verify());
    IF wrong <> '{}' THEN
        RAISE INFO 'WRONG by pg_tviews_verify(): %', wrong;
        UPDATE outcome SET exact = false WHERE look = (SELECT max(n) FROM look) AND tview = ANY (wrong);
    END IF;
    INSERT INTO cell
        WITH seen AS (SELECT tview, l.kind, exact, content IS DISTINCT FROM lag(content) OVER w AS changed, versions IS DISTINCT FROM lag(versions) OVER w AS written
                      FROM outcome o JOIN look l ON l.n = o.look
                      WHERE look >= (SELECT max(n) FROM look WHERE n < (SELECT min(n) FROM look WHERE look.kind = this)) WINDOW w AS (PARTITION BY tview ORDER BY look))
        SELECT tview, kind, bool_and(exact), bool_or(changed), bool_or(written),
               EXISTS (SELECT FROM reads r JOIN touched t USING (relation) WHERE r.tview = seen.tview AND t.kind = this AND (t.itself OR NOT r.only))
        FROM seen WHERE kind = this GROUP BY 1, 2;
    SELECT format('%s looks, %s shapes exact, %s concerned, %s changed', (SELECT count(*) FROM look WHERE kind = this), count(*) FILTER (WHERE exact),
                  count(*) FILTER (WHERE concerned), count(*) FILTER (WHERE changed))
           || CASE WHEN (SELECT NOT k.writes FROM kind k WHERE n = this)
                   THEN ', written: ' || coalesce(string_agg(tview::text, ', ' ORDER BY tview::text COLLATE "C") FILTER (WHERE written), 'none') ELSE '' END
        INTO report FROM cell c WHERE c.kind = this;
    RAISE INFO '%', report;
END $$;
CALL look();
\o
RESET client_min_messages;
