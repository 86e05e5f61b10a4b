-- Shapes: set operations, DISTINCT, VALUES and WITH.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- UNION ALL: a key owner per branch.
CREATE TABLE tv_union_all AS
SELECT 'user:' || pk_user AS pk_union_all, name FROM tb_user UNION ALL SELECT 'post:' || pk_post, title FROM tb_post WHERE published;
SELECT route('tv_union_all');
CALL write($$UPDATE tb_post SET published = false WHERE pk_post = 11$$);
CALL write($$UPDATE tb_user SET name = 'Adele' WHERE pk_user = 1$$);

-- UNION ALL under a join.
CREATE TABLE tv_union_inside AS
SELECT u.pk_user AS pk_union_inside, jsonb_agg(x.text ORDER BY x.text) AS said
FROM tb_user u JOIN (SELECT fk_user, title AS text FROM tb_post UNION ALL SELECT fk_user, body FROM tb_comment) x ON x.fk_user = u.pk_user GROUP BY 1;
SELECT route('tv_union_inside');
CALL write($$UPDATE tb_comment SET body = 'Hm' WHERE fk_user = 2$$);
CALL write($$UPDATE tb_post SET fk_user = 3 WHERE pk_post = 12$$);

-- UNION.
CREATE TABLE tv_union AS
SELECT pk_user AS pk_union FROM tb_user UNION SELECT fk_user FROM tb_comment WHERE fk_user IS NOT NULL UNION SELECT pk_post FROM tb_post;
SELECT route('tv_union');
CALL write($$UPDATE tb_post SET pk_post = 4 WHERE pk_post = 14$$);
CALL write($$UPDATE tb_post SET pk_post = 14 WHERE pk_post = 4$$);

-- INTERSECT.
CREATE TABLE tv_intersect AS SELECT pk_user AS pk_intersect FROM tb_user INTERSECT SELECT fk_user FROM tb_comment;
SELECT route('tv_intersect');
CALL write($$UPDATE tb_comment SET fk_user = 4 WHERE fk_user = 1$$);

-- EXCEPT.
CREATE TABLE tv_except AS SELECT pk_user AS pk_except FROM tb_user EXCEPT SELECT fk_user FROM tb_post;
SELECT route('tv_except');
CALL write($$UPDATE tb_post SET fk_user = 4 WHERE fk_user = 3$$);

-- DISTINCT.
CREATE TABLE tv_distinct AS SELECT DISTINCT fk_user AS pk_distinct FROM tb_comment WHERE fk_user IS NOT NULL;
SELECT route('tv_distinct');
CALL write($$UPDATE tb_comment SET fk_user = 1 WHERE pk_comment = 101$$);

-- DISTINCT ON.
CREATE TABLE tv_distinct_on AS
SELECT DISTINCT ON (p.fk_user) p.fk_user AS pk_distinct_on, p.title, u.name
FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user ORDER BY p.fk_user, p.pk_post DESC;
SELECT route('tv_distinct_on');
CALL write($$UPDATE tb_post SET title = 'Neu' WHERE pk_post IN (12, 14)$$);
CALL write($$UPDATE tb_user SET name = 'Ben!' WHERE pk_user = 2$$);

-- VALUES.
CREATE TABLE tv_values AS SELECT v.n AS pk_values, v.word, u.name FROM (VALUES (1, 'one'), (2, 'two'), (7, 'seven')) AS v (n, word) LEFT JOIN tb_user u ON u.pk_user = v.n;
SELECT route('tv_values');
CALL write($$INSERT INTO tb_user VALUES (7, uuid_of(1, 7), 'Gil', NULL)$$);

-- WITH, used once.
CREATE TABLE tv_cte AS
WITH x AS (SELECT fk_post, count(*) AS n FROM tb_comment GROUP BY 1) SELECT p.pk_post AS pk_cte, x.n FROM tb_post p LEFT JOIN x ON x.fk_post = p.pk_post;
SELECT route('tv_cte');
CALL write($$DELETE FROM tb_comment WHERE pk_comment = 105$$);

-- WITH, chained, MATERIALIZED or not.
CREATE TABLE tv_cte_chain AS
WITH a AS MATERIALIZED (SELECT fk_post, count(*) AS n FROM tb_comment GROUP BY 1),
     b AS NOT MATERIALIZED (SELECT p.fk_user, sum(a.n) AS n FROM tb_post p JOIN a ON a.fk_post = p.pk_post GROUP BY 1)
SELECT u.pk_user AS pk_cte_chain, b.n FROM tb_user u LEFT JOIN b ON b.fk_user = u.pk_user;
SELECT route('tv_cte_chain');
CALL write($$UPDATE tb_comment SET fk_post = 11 WHERE pk_comment = 106$$);
CALL write($$UPDATE tb_post SET fk_user = 7 WHERE pk_post = 11$$);

-- WITH, used twice.
CREATE TABLE tv_cte_twice AS
WITH p AS (SELECT pk_post, fk_user, title FROM tb_post WHERE published)
SELECT a.pk_post AS pk_cte_twice, a.title, count(b.*) AS others FROM p a LEFT JOIN p b ON b.fk_user = a.fk_user AND b.pk_post <> a.pk_post GROUP BY 1, 2;
SELECT route('tv_cte_twice');
CALL write($$UPDATE tb_post SET published = true$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
