-- Prints docs/reference/shapes.md from what gather.sql counted.
\set ECHO none
SET client_min_messages = error;
-- Per shape and occurrence of a table: how many hops a change takes to the documents, NULL for everything.
CREATE TABLE way AS
WITH line AS (SELECT s.tview, e.text, e.n, count(*) FILTER (WHERE e.text !~ '^( |TVIEW |key: )') OVER (PARTITION BY s.tview ORDER BY e.n) AS occurrence
              FROM shape s, pg_tviews_explain(s.tview::text) WITH ORDINALITY AS e (text, n))
SELECT tview, occurrence, min(text) FILTER (WHERE text !~ '^( |TVIEW |key: )') AS source,
       CASE WHEN bool_or(text ~ 'compares everything') THEN NULL ELSE max(coalesce(substring(text FROM 'in (\d+) hop')::int, 0)) END AS hops
FROM line WHERE occurrence > 0 GROUP BY 1, 2;
CREATE TABLE verdict AS
SELECT s.tview, s.family, replace(regexp_replace(s.tview::text, '^"?tv_|"', '', 'g'), '_', ' ') AS name,
       string_agg(w.source || ': ' || CASE WHEN hops IS NULL THEN '**everything**' WHEN hops = 0 THEN 'direct' WHEN hops = 1 THEN '1 hop' ELSE hops || ' hops' END,
                  '; ' ORDER BY w.occurrence) AS ways,
       bool_and(w.hops IS NOT NULL) AS whole, bool_or(w.hops IS NOT NULL) AS partly
FROM shape s JOIN way w USING (tview) GROUP BY 1, 2;

SELECT '# Shapes and writes';
SELECT E'
This page is printed by the regression test `writes_matrix` and checked by `test/house/shapes.sh`; do not edit it.

It lists the shapes of queries that the scripts `sql/shape_*.sql` define, and how a change of each table they read finds the
documents it concerns: *direct* (the changed row holds the key), over one or more hops along join conditions, or
**everything** (the TVIEW is compared with its query in full; exact, but not proportional to the change).  Each script shows
the full route of each of its shapes, writes to each, and ends with the shapes that none of its writes changed.

Then it says what every kind of write did to every shape, when all shapes existed at once.  After every commit every TVIEW was
compared with its query.  A kind *concerned* a shape if it wrote rows of a table that the shape reads, itself, through views or through
TVIEWs, also in a transaction that was rolled back, or changed its partitions; shapes it did not concern are compared all the same.
';
SELECT format(E'%s shapes: %s with a route for every table, %s with a route for some, %s without.\n', count(*), count(*) FILTER (WHERE whole),
              count(*) FILTER (WHERE partly AND NOT whole), count(*) FILTER (WHERE NOT partly)) FROM verdict;
SELECT format(E'%s kinds of writes, %s commits and rollbacks looked at, %s comparisons of a shape with its query: %s exact, %s wrong.\n', (SELECT count(*) FROM kind),
              (SELECT count(*) FROM look), count(*), count(*) FILTER (WHERE exact), count(*) FILTER (WHERE NOT exact)) FROM outcome;
SELECT format(E'%s pairs of a kind and a shape: the kind concerned the shape in %s and changed it in %s.\n', count(*), count(*) FILTER (WHERE concerned),
              count(*) FILTER (WHERE changed)) FROM cell;
SELECT E'## Routes\n\n| shape | script | how a change finds its documents |\n|---|---|---|';
SELECT format('| %s | `shape_%s` | %s |', name, family, ways) FROM verdict ORDER BY array_position('{joins,subqueries,aggregates,sets,recursion,windows_limits,views,types,functions,traps}', family), tview;
SELECT E'\n## Writes\n\nThe columns of the matrix:\n\n| | kind of write | looks | shapes it concerned | of these it changed |\n|---|---|---|---|---|';
SELECT format('| %s | %s | %s | %s | %s |', chr(CASE WHEN k.n <= 26 THEN 64 ELSE 70 END + k.n), k.name, (SELECT count(*) FROM look l WHERE l.kind = k.n),
              count(*) FILTER (WHERE o.concerned), count(*) FILTER (WHERE o.changed))
FROM kind k JOIN cell o ON o.kind = k.n GROUP BY k.n, k.name ORDER BY k.n;
SELECT E'\n`#`: the documents changed, and were exact.  `.`: the kind concerned the shape, but the documents stayed as they were, and were exact.
`-`: the kind did not concern the shape.  `!`: the documents were wrong.\n\n```';
SELECT rpad('', 24) || string_agg(chr(CASE WHEN n <= 26 THEN 64 ELSE 70 END + n), '' ORDER BY n) FROM kind;
SELECT rpad(v.name, 24) || string_agg(CASE WHEN NOT o.exact THEN '!' WHEN o.changed THEN '#' WHEN o.concerned THEN '.' ELSE '-' END, '' ORDER BY o.kind)
FROM verdict v JOIN cell o USING (tview) GROUP BY v.tview, v.name, v.family
ORDER BY array_position('{joins,subqueries,aggregates,sets,recursion,windows_limits,views,types,functions,traps}', v.family), v.tview;
SELECT '```';
DROP SCHEMA s_shapes, s_other CASCADE;
RESET client_min_messages;
