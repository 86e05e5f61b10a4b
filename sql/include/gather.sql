-- Gathers the shapes of all shape scripts into one schema, and counts what is tested on them.  Comes after shapes.sql.
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

-- Kinds of writes in the order of testing, and what each did to each shape.
CREATE TABLE kind (n int GENERATED ALWAYS AS IDENTITY, name text, writes boolean);
CREATE TABLE outcome (tview regclass, kind int, look int, exact boolean, changed boolean, written boolean);
CREATE TABLE before (tview regclass, content text, versions text, wanted text);
CREATE TABLE after (LIKE before);

-- What each TVIEW holds, and which versions of rows; what its query gives now.
CREATE FUNCTION state(OUT tview regclass, OUT content text, OUT versions text, OUT wanted text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    m record;
BEGIN
    FOR m IN SELECT s.tview, rtrim(definition, '; ') AS query, (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) AS c) AS columns
             FROM shape s JOIN pg_tview_meta ON "table" = s.tview LOOP
        tview := m.tview;
        EXECUTE format('SELECT md5(string_agg(ROW(%s)::text, ''|'' ORDER BY ROW(%1$s)::text)), md5(string_agg(xmin || '':'' || ctid, ''|'' ORDER BY ctid)) FROM %s',
                       m.columns, tview) INTO content, versions;
        EXECUTE format('SELECT md5(string_agg(ROW(%1$s)::text, ''|'' ORDER BY ROW(%1$s)::text)) FROM (%2$s) AS q (%1$s)', m.columns, m.query) INTO wanted;
        RETURN NEXT;
    END LOOP;
END $$;

-- Remembers what there is, to tell what the next writes change.
CREATE PROCEDURE remember() LANGUAGE sql AS 'TRUNCATE before; INSERT INTO before SELECT * FROM state()';

-- Called with a name before writes of a kind, and without one after them, or after each of them.
CREATE PROCEDURE tested(kind text DEFAULT NULL, writes boolean DEFAULT true) LANGUAGE plpgsql AS $$
DECLARE
    this int;
    looks int;
    report text;
BEGIN
    IF kind IS NOT NULL THEN
        INSERT INTO kind (name, writes) VALUES (kind, tested.writes);
        RETURN;
    END IF;
    SELECT max(n) INTO this FROM kind;
    SELECT coalesce(max(look), 0) + 1 INTO looks FROM outcome o WHERE o.kind = this;
    TRUNCATE after;
    INSERT INTO after SELECT * FROM state();
    INSERT INTO outcome
        SELECT a.tview, this, looks, a.content IS NOT DISTINCT FROM a.wanted AND a.tview NOT IN (SELECT tview_name FROM pg_tviews_verify()),
               a.content IS DISTINCT FROM b.content, a.versions IS DISTINCT FROM b.versions
        FROM after a JOIN before b USING (tview);
    TRUNCATE before;
    INSERT INTO before TABLE after;
    SELECT format('%s shapes exact, %s', count(*) FILTER (WHERE o.exact),
                  CASE WHEN k.writes THEN count(*) FILTER (WHERE o.changed) || ' changed' ELSE count(*) FILTER (WHERE o.written) || ' written' END)
           || coalesce('; WRONG: ' || string_agg(o.tview::text, ', ') FILTER (WHERE NOT o.exact), '')
        INTO report FROM outcome o JOIN kind k ON k.n = o.kind WHERE o.kind = this AND o.look = looks GROUP BY k.writes;
    RAISE INFO '%', report;
END $$;
CALL remember();
\o
RESET client_min_messages;
