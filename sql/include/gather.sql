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
\set ECHO none
SET client_min_messages = error;

-- Kinds of writes in the order of testing, and what each did to each shape.
CREATE TABLE kind (n int GENERATED ALWAYS AS IDENTITY, name text, writes boolean);
CREATE TABLE outcome (tview regclass, kind int, look int, exact boolean, changed boolean, written boolean);
CREATE TABLE before (tview regclass, content text, versions text);

-- What a TVIEW holds, and which versions of its rows.
CREATE FUNCTION state(OUT tview regclass, OUT content text, OUT versions text) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    columns text;
BEGIN
    FOR tview IN SELECT s.tview FROM shape s LOOP
        SELECT string_agg(quote_ident(c), ', ') INTO columns FROM pg_tview_meta m, unnest(m.columns) AS c WHERE m."table" = state.tview;
        EXECUTE format('SELECT md5(string_agg(ROW(%s)::text, ''|'' ORDER BY ROW(%1$s)::text)), md5(string_agg(xmin || '':'' || ctid, ''|'' ORDER BY ctid)) FROM %s',
                       columns, tview) INTO content, versions;
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
    INSERT INTO outcome
        SELECT s.tview, this, looks, e.verify + e.oracle = 0, s.content IS DISTINCT FROM b.content, s.versions IS DISTINCT FROM b.versions
        FROM state() s JOIN before b USING (tview) JOIN exact() e ON e.tview::regclass = s.tview;
    SELECT format('%s shapes exact, %s', count(*) FILTER (WHERE o.exact),
                  CASE WHEN k.writes THEN count(*) FILTER (WHERE o.changed) || ' changed' ELSE count(*) FILTER (WHERE o.written) || ' written' END)
           || coalesce('; WRONG: ' || string_agg(o.tview::text, ', ') FILTER (WHERE NOT o.exact), '')
        INTO report FROM outcome o JOIN kind k ON k.n = o.kind WHERE o.kind = this AND o.look = looks GROUP BY k.writes;
    RAISE INFO '%', report;
    CALL remember();
END $$;
CALL remember();
\o
RESET client_min_messages;
