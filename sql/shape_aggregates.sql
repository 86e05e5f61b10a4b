-- Shapes: aggregation, at the top and below it, with grouping sets.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- GROUP BY at the top: nothing is declared.
CREATE TABLE tv_group AS
SELECT p.fk_user AS pk_group, count(*) AS posts, max(p.title) AS last FROM tb_post p WHERE p.fk_user IS NOT NULL GROUP BY p.fk_user;
SELECT route('tv_group');
CALL write($$UPDATE tb_post SET fk_user = 3 WHERE pk_post = 11$$);
CALL write($$DELETE FROM tb_post WHERE fk_user = 3$$);

-- Over a join, keyed by what it joins.
CREATE TABLE tv_group_join AS
SELECT k.name AS pk_group_join, count(c.*) AS comments
FROM tb_category k JOIN tb_post p ON p.fk_category = k.pk_category LEFT JOIN tb_comment c ON c.fk_post = p.pk_post GROUP BY k.name;
SELECT route('tv_group_join');
CALL write($$UPDATE tb_category SET name = 'all' WHERE pk_category = 5$$);
CALL write($$DELETE FROM tb_comment WHERE pk_comment < 104$$);

-- Grouping by expressions.
CREATE TABLE tv_group_expression AS
SELECT lower(left(u.name, 1)) AS pk_group_expression, jsonb_agg(u.name ORDER BY u.pk_user) AS names FROM tb_user u GROUP BY 1;
SELECT route('tv_group_expression');
CALL write($$UPDATE tb_user SET name = 'Bea' WHERE pk_user = 1$$);
CREATE TABLE tv_group_month AS
SELECT date_trunc('month', f.day::timestamp) AS pk_group_month, count(*) AS n, count(u.name) AS known
FROM tb_follow f LEFT JOIN tb_user u ON u.pk_user = f.follower WHERE f.day IS NOT NULL GROUP BY 1;
SELECT route('tv_group_month');
CALL write($$UPDATE tb_follow SET day = '2024-02-01' WHERE follower = 1$$);
CALL write($$INSERT INTO tb_user VALUES (5, uuid_of(1, 5), 'Eve', NULL)$$);

CREATE TABLE tv_parity AS SELECT pk_user % 2 AS pk_parity, jsonb_agg(name ORDER BY pk_user) AS data FROM tb_user GROUP BY 1;
SELECT route('tv_parity');
CALL write($$UPDATE tb_user SET pk_user = 8 WHERE pk_user = 5$$);

-- HAVING.
CREATE TABLE tv_having AS
SELECT p.fk_user AS pk_having, count(*) AS n FROM tb_post p WHERE p.fk_user IS NOT NULL GROUP BY 1 HAVING count(*) > 1;
SELECT route('tv_having');
CALL write($$UPDATE tb_post SET fk_user = 1 WHERE pk_post = 15$$);

-- FILTER, DISTINCT and ORDER BY in aggregates.
CREATE TABLE tv_filter AS
SELECT fk_user AS pk_filter, count(*) FILTER (WHERE published) AS n, string_agg(DISTINCT title, ',' ORDER BY title) AS titles,
       array_agg(pk_post ORDER BY title DESC, pk_post) AS posts, count(DISTINCT fk_category) AS categories
FROM tb_post WHERE fk_user IS NOT NULL GROUP BY 1;
SELECT route('tv_filter');
CALL write($$UPDATE tb_post SET published = NOT published WHERE pk_post = 14$$);
CALL write($$UPDATE tb_post SET title = 'Two' WHERE pk_post = 15$$);

-- jsonb_agg and jsonb_object_agg, one in the other.
CREATE TABLE tv_documents AS
SELECT u.pk_user AS pk_documents, u.id,
       jsonb_build_object('name', u.name, 'posts', jsonb_agg(jsonb_build_object('title', p.title, 'by', x.by) ORDER BY p.pk_post)) AS data
FROM tb_user u JOIN tb_post p ON p.fk_user = u.pk_user
LEFT JOIN (SELECT c.fk_post, jsonb_object_agg(c.pk_comment, w.name ORDER BY c.pk_comment) AS by
           FROM tb_comment c JOIN tb_user w ON w.pk_user = c.fk_user GROUP BY c.fk_post) x ON x.fk_post = p.pk_post
GROUP BY u.pk_user;
SELECT route('tv_documents');
CALL write($$UPDATE tb_user SET name = 'Cy' WHERE pk_user = 3$$);
CALL write($$UPDATE tb_comment SET fk_user = 1 WHERE fk_user = 3$$);

-- One document of everything, and one for each count: a constant is the key.
CREATE TABLE tv_totals AS
SELECT 1 AS pk_totals, count(*) AS posts, max(u.name) AS last, (SELECT count(*) FROM tb_comment) AS comments
FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
SELECT route('tv_totals');
CALL write($$INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (19, uuid_of(2, 19), 1, 'Another')$$);
CALL write($$DELETE FROM tb_post WHERE pk_post = 19$$);
CREATE TABLE tv_dashboard AS
SELECT 'users' AS pk_dashboard, count(*) AS n FROM tb_user UNION ALL SELECT 'comments', count(*) FROM tb_comment
UNION ALL (SELECT 'first post', pk_post FROM tb_post ORDER BY pk_post LIMIT 1);
SELECT route('tv_dashboard');
CALL write($$UPDATE tb_post SET pk_post = 5 WHERE pk_post = 12$$);
CALL write($$UPDATE tb_post SET pk_post = 12 WHERE pk_post = 5$$);
-- Not so where a LIMIT chooses between the constants of several branches.
CREATE TABLE tv_most AS
SELECT * FROM (SELECT 'users' AS pk_most, count(*) AS n FROM tb_user UNION ALL SELECT 'comments', count(*) FROM tb_comment) x ORDER BY n DESC, pk_most LIMIT 1;
SELECT route('tv_most');
CALL write($$DELETE FROM tb_comment WHERE pk_comment > 102$$);

-- A user-defined aggregate.
CREATE TABLE tv_product AS
SELECT fk_user AS pk_product, product(amount ORDER BY pk_sale) AS product FROM tb_sale WHERE fk_user IS NOT NULL GROUP BY 1;
SELECT route('tv_product');
CALL write($$UPDATE tb_sale SET amount = 2.0 WHERE pk_sale = 3$$);

-- An aggregate of aggregates.
CREATE TABLE tv_aggregate_twice AS
SELECT n AS pk_aggregate_twice, count(*) AS authors FROM (SELECT fk_user, count(*) AS n FROM tb_post GROUP BY 1) x GROUP BY 1;
SELECT route('tv_aggregate_twice');
CALL write($$UPDATE tb_post SET fk_user = 2 WHERE pk_post = 15$$);

-- One row over everything.
CREATE TABLE tv_total AS SELECT 1 AS pk_total, count(*) AS n, max(name) AS last FROM tb_user;
SELECT route('tv_total');
CALL write($$INSERT INTO tb_user VALUES (6, uuid_of(1, 6), 'Zoe', NULL)$$);
CALL write($$UPDATE tb_user SET email = 'z@example.com' WHERE pk_user = 6$$);

-- ROLLUP, with the key through COALESCE.
CREATE TABLE tv_rollup AS
SELECT coalesce(fk_user, 0) AS pk_rollup, count(*) AS n FROM tb_post WHERE fk_user IS NOT NULL GROUP BY ROLLUP (fk_user);
SELECT route('tv_rollup');
CALL write($$UPDATE tb_post SET fk_user = 1 WHERE pk_post = 15$$);

-- GROUPING SETS, with the key through GROUPING().
SELECT pg_tviews_create('tv_sets', $$SELECT GROUPING(p.fk_user, p.published) AS level, coalesce(p.fk_user, 0) AS author,
    coalesce(p.published::text, 'both') AS published, count(*) AS n FROM tb_post p WHERE p.fk_user IS NOT NULL
    GROUP BY GROUPING SETS ((p.fk_user, p.published), (p.fk_user), ())$$, '{"key": ["level", "author", "published"]}');
SELECT route('tv_sets');
CALL write($$UPDATE tb_post SET published = NOT published WHERE pk_post = 13$$);

-- CUBE over a join; the author is in every set.
SELECT pg_tviews_create('tv_cube', $$SELECT u.pk_user, GROUPING(p.published, p.fk_category) AS level, coalesce(p.published, false) AS published,
    coalesce(p.fk_category, 0) AS category, count(p.*) AS n FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user AND p.fk_category IS NOT NULL
    GROUP BY u.pk_user, CUBE (p.published, p.fk_category)$$, '{"key": ["pk_user", "level", "published", "category"]}');
SELECT route('tv_cube');
CALL write($$UPDATE tb_post SET fk_category = 1 WHERE pk_post = 13$$);
CALL write($$DELETE FROM tb_post WHERE fk_user = 2$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
