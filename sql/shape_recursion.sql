-- Shapes: recursion: trees and graphs.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- The path from the root to each node.
CREATE TABLE tv_path AS
WITH RECURSIVE t AS (
    SELECT pk_category, name AS path, 1 AS depth FROM tb_category WHERE fk_parent IS NULL
    UNION ALL
    SELECT c.pk_category, t.path || ' / ' || c.name, t.depth + 1 FROM t JOIN tb_category c ON c.fk_parent = t.pk_category)
SELECT pk_category AS pk_path, path, depth FROM t;
SELECT route('tv_path');
CALL write($$UPDATE tb_category SET name = 'life' WHERE pk_category = 3$$);
CALL write($$UPDATE tb_category SET fk_parent = 5 WHERE pk_category = 3$$);
CALL write($$INSERT INTO tb_category VALUES (7, 4, 'dna')$$);

-- All ancestors of each node.
CREATE TABLE tv_ancestors AS
WITH RECURSIVE t AS (
    SELECT pk_category AS node, fk_parent AS up, 0 AS depth FROM tb_category
    UNION ALL
    SELECT t.node, c.fk_parent, t.depth + 1 FROM t JOIN tb_category c ON c.pk_category = t.up)
SELECT t.node AS pk_ancestors, array_agg(a.name ORDER BY t.depth DESC) AS names FROM t JOIN tb_category a ON a.pk_category = t.up GROUP BY t.node;
SELECT route('tv_ancestors');
CALL write($$UPDATE tb_category SET name = 'everything' WHERE pk_category = 1$$);
CALL write($$UPDATE tb_category SET fk_parent = 6 WHERE pk_category = 2$$);

-- All that is below each node, with the posts there.
CREATE TABLE tv_below AS
WITH RECURSIVE t AS (
    SELECT pk_category AS top, pk_category AS node FROM tb_category
    UNION
    SELECT t.top, c.pk_category FROM t JOIN tb_category c ON c.fk_parent = t.node)
SELECT k.pk_category AS pk_below, k.name, count(DISTINCT t.node) AS categories, count(p.*) AS posts
FROM tb_category k JOIN t ON t.top = k.pk_category LEFT JOIN tb_post p ON p.fk_category = t.node GROUP BY k.pk_category;
SELECT route('tv_below');
CALL write($$UPDATE tb_post SET fk_category = 7 WHERE pk_post = 11$$);
CALL write($$UPDATE tb_category SET fk_parent = 1 WHERE pk_category = 3$$);

-- The children of each node: no recursion is needed.
CREATE TABLE tv_children AS
SELECT k.pk_category AS pk_children, jsonb_agg(c.name ORDER BY c.pk_category) AS children
FROM tb_category k JOIN tb_category c ON c.fk_parent = k.pk_category GROUP BY k.pk_category;
SELECT route('tv_children');
CALL write($$UPDATE tb_category SET name = 'arts', fk_parent = 6 WHERE pk_category = 5$$);

-- A recursion of its own for every row.
CREATE TABLE tv_crumbs AS
SELECT p.pk_post AS pk_crumbs,
       (WITH RECURSIVE t AS (SELECT c.pk_category, c.fk_parent, c.name, 0 AS depth FROM tb_category c WHERE c.pk_category = p.fk_category
                             UNION ALL
                             SELECT c.pk_category, c.fk_parent, c.name, t.depth + 1 FROM t JOIN tb_category c ON c.pk_category = t.fk_parent)
        SELECT string_agg(name, ' > ' ORDER BY depth DESC) FROM t) AS crumbs
FROM tb_post p;
SELECT route('tv_crumbs');
CALL write($$UPDATE tb_category SET name = 'all' WHERE pk_category = 1$$);
CALL write($$UPDATE tb_post SET fk_category = 2 WHERE pk_post = 12$$);
CALL write($$DELETE FROM tb_category WHERE pk_category = 3$$);

-- A graph with cycles.
CREATE TABLE tv_reach AS
WITH RECURSIVE r AS (
    SELECT follower, followed FROM tb_follow WHERE follower IS NOT NULL AND followed IS NOT NULL
    UNION
    SELECT r.follower, f.followed FROM r JOIN tb_follow f ON f.follower = r.followed WHERE f.followed IS NOT NULL)
SELECT u.pk_user AS pk_reach, count(r.followed) AS n FROM tb_user u LEFT JOIN r ON r.follower = u.pk_user GROUP BY 1;
SELECT route('tv_reach');
CALL write($$UPDATE tb_follow SET followed = 1 WHERE follower = 3$$);
CALL write($$DELETE FROM tb_follow WHERE follower = 2$$);

-- Numbers: no table in the recursion.
CREATE TABLE tv_calendar AS
WITH RECURSIVE d AS (SELECT date '2024-01-01' AS day UNION ALL SELECT day + 1 FROM d WHERE day < '2024-01-07')
SELECT d.day AS pk_calendar, count(f.*) AS follows FROM d LEFT JOIN tb_follow f ON f.day = d.day GROUP BY 1;
SELECT route('tv_calendar');
CALL write($$UPDATE tb_follow SET day = day + 1$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
