-- Shapes: the traps: conditions that look like routes and are none, values that are equal and not the same.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- A condition with a value of a side that may be missing: it holds without it too.
CREATE TABLE tv_coalesced AS
SELECT p.pk_post AS pk_coalesced, string_agg(t.body, ',' ORDER BY t.body) AS texts
FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user
LEFT JOIN tb_text t ON t.fk_post = p.pk_post AND t.lang = coalesce(left(u.email, 2), 'en')
GROUP BY p.pk_post;
SELECT route('tv_coalesced');
CALL write($$UPDATE tb_user SET email = 'fr@example.com' WHERE pk_user = 1$$);
CALL write($$UPDATE tb_post SET fk_user = NULL WHERE pk_post = 11$$);
CALL write($$UPDATE tb_text SET body = 'Hi' WHERE lang = 'en'$$);

-- Only such a condition leads to the key.
CREATE TABLE tv_extended AS
SELECT t.pk_thing AS pk_extended, count(x.*) AS n
FROM tb_thing t LEFT JOIN tb_user u ON u.pk_user = t.fk_user LEFT JOIN tb_text x ON x.lang = coalesce(left(u.email, 2), 'en') GROUP BY 1;
SELECT route('tv_extended');
CALL write($$INSERT INTO tb_text VALUES (12, 'en', 'More')$$);
CALL write($$UPDATE tb_text SET lang = 'fr' WHERE fk_post = 12$$);

-- NOT IN, a NULL comes and goes.
CREATE TABLE tv_null_in AS SELECT u.pk_user AS pk_null_in FROM tb_user u WHERE u.pk_user NOT IN (SELECT followed FROM tb_follow);
SELECT route('tv_null_in');
CALL write($$UPDATE tb_follow SET followed = 2 WHERE followed IS NULL$$);
CALL write($$INSERT INTO tb_follow VALUES (1, NULL, NULL)$$);

-- <> ALL.
CREATE TABLE tv_not_all AS SELECT p.pk_post AS pk_not_all, p.fk_user <> ALL (SELECT f.followed FROM tb_follow f WHERE f.day IS NOT NULL) AS x FROM tb_post p;
SELECT route('tv_not_all');
CALL write($$UPDATE tb_follow SET day = '2024-01-05' WHERE followed IS NULL$$);
CALL write($$UPDATE tb_post SET fk_user = 3 WHERE fk_user IS NULL$$);

-- Conditions under OR.
CREATE TABLE tv_or AS SELECT DISTINCT u.pk_user AS pk_or, u.name FROM tb_user u JOIN tb_follow f ON f.follower = u.pk_user OR f.followed = u.pk_user;
SELECT route('tv_or');
CREATE TABLE tv_or_three AS
SELECT u.pk_user AS pk_or_three, count(*) AS n FROM tb_user u JOIN tb_post p ON p.fk_user = u.pk_user OR p.published JOIN tb_comment c ON c.fk_post = p.pk_post OR c.fk_user = u.pk_user GROUP BY 1;
SELECT route('tv_or_three');
CALL write($$UPDATE tb_follow SET follower = 3 WHERE follower IS NULL$$);
CALL write($$UPDATE tb_follow SET followed = 4 WHERE followed = 2$$);
CALL write($$UPDATE tb_comment SET fk_user = 4 WHERE fk_user = 1$$);
CALL write($$UPDATE tb_post SET published = false$$);

-- Conditions under CASE and NOT.
CREATE TABLE tv_case_join AS
SELECT u.pk_user AS pk_case_join, count(p.*) AS n FROM tb_user u LEFT JOIN tb_post p ON CASE WHEN p.published THEN p.fk_user = u.pk_user ELSE p.fk_editor = u.pk_user END GROUP BY 1;
SELECT route('tv_case_join');
CREATE TABLE tv_not_join AS SELECT u.pk_user AS pk_not_join, count(p.*) AS n FROM tb_user u LEFT JOIN tb_post p ON NOT (p.fk_user = u.pk_user) GROUP BY 1;
SELECT route('tv_not_join');
CALL write($$UPDATE tb_post SET published = true WHERE pk_post < 13$$);
CALL write($$UPDATE tb_post SET fk_user = 2 WHERE pk_post = 12$$);

-- Two owners of one key.
SELECT pg_tviews_create('tv_two_owners', $$SELECT p.pk_post, u.pk_user, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user IN (p.fk_user, p.fk_editor)$$,
    '{"key": ["pk_post", "pk_user"]}');
SELECT route('tv_two_owners');
CREATE TABLE tv_sum_key AS SELECT p.pk_post * 100000 + c.pk_comment AS pk_sum_key, c.body FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post;
SELECT route('tv_sum_key');
CALL write($$UPDATE tb_post SET fk_editor = 4 WHERE pk_post = 13$$);
CALL write($$UPDATE tb_comment SET body = 'two' WHERE fk_post = 12$$);

-- Equal and not identical: 1.0 and 1.00 as join values and as keys.
CREATE TABLE tv_scale AS SELECT l.fk_post AS pk_scale, jsonb_agg(t.price ORDER BY t.pk_thing) AS prices FROM tb_post_tag l JOIN tb_thing t ON t.price = l.weight GROUP BY 1;
SELECT route('tv_scale');
CREATE TABLE tv_price AS SELECT DISTINCT ON (price) price AS pk_price, pk_thing FROM tb_thing WHERE price IS NOT NULL ORDER BY price, pk_thing;
SELECT route('tv_price');
CALL write($$UPDATE tb_thing SET price = 1.000 WHERE pk_thing = 2$$);
CALL write($$UPDATE tb_thing SET price = 1.000 WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_post_tag SET weight = 1 WHERE fk_post = 12$$);

-- The same with citext.
CREATE TABLE tv_code AS SELECT g.pk_tag AS pk_code, array_agg(l.fk_tag::text || l.fk_post ORDER BY l.fk_post) AS links FROM tb_tag g JOIN tb_post_tag l ON l.fk_tag = g.pk_tag GROUP BY 1;
SELECT route('tv_code');
CALL write($$UPDATE tb_post_tag SET fk_tag = 'sQL' WHERE fk_post = 12$$);
CALL write($$UPDATE tb_tag SET pk_tag = 'Sql' WHERE pk_tag = 'SQL'$$);

-- Types that differ, with values out of the other's range.
CREATE TABLE tv_range_out AS SELECT u.pk_user AS pk_range_out, count(f.*) AS n FROM tb_user u LEFT JOIN tb_follow f ON f.follower = u.pk_user GROUP BY 1;
SELECT route('tv_range_out');
CALL write($$INSERT INTO tb_follow VALUES (4000000000, 1, NULL), (-4000000000, 2, NULL)$$);
CALL write($$UPDATE tb_follow SET follower = 2 WHERE follower = 4000000000$$);

-- Keys that swap, within a statement and within a transaction; a row deleted and inserted again.
CREATE TABLE tv_swap AS SELECT p.pk_post AS pk_swap, p.title, u.name FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user;
SELECT route('tv_swap');
CALL write($$UPDATE tb_post SET id = uuid_of(2, 1000 - pk_post), title = title || '*'; UPDATE tb_post SET pk_post = 25 - pk_post + 1000; UPDATE tb_post SET pk_post = pk_post - 1000$$);
CALL write($$DELETE FROM tb_comment; DELETE FROM tb_post WHERE pk_post = 12;
             INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (12, uuid_of(2, 12), 1, 'Again')$$);

-- A subquery's constant where an outer join leaves it empty.
CREATE TABLE tv_constant AS
SELECT p.pk_post AS pk_constant, coalesce(q.one, 0) AS known FROM tb_post p LEFT JOIN (SELECT pk_user, 1 AS one FROM tb_user) q ON q.pk_user = p.fk_user;
SELECT route('tv_constant');
CALL write($$UPDATE tb_post SET fk_user = NULL WHERE pk_post = 12$$);

-- A lateral subquery hands on a column of its neighbour: a window, a LIMIT or a border further out lies between all the same.
CREATE TABLE tv_handed AS
SELECT w.pk AS pk_handed, w.n FROM (SELECT q.pk, count(*) OVER () AS n FROM tb_user u CROSS JOIN LATERAL (SELECT u.pk_user AS pk) q) w;
SELECT route('tv_handed');
CREATE TABLE tv_handed_few AS
SELECT w.pk AS pk_handed_few, w.name
FROM (SELECT q.pk, u.name FROM tb_user u CROSS JOIN LATERAL (SELECT u.pk_user AS pk) q ORDER BY u.pk_user LIMIT 2) w;
SELECT route('tv_handed_few');
CREATE TABLE tv_handed_condition AS
SELECT w.title AS pk_handed_condition
FROM (SELECT q.title, u.pk_user = q.fk_user AS own
      FROM tb_user u CROSS JOIN LATERAL (SELECT DISTINCT ON (p.title) p.title, p.fk_user FROM tb_post p ORDER BY p.title, p.pk_post) q) w
WHERE w.own;
SELECT route('tv_handed_condition');
CALL write($$INSERT INTO tb_user (pk_user, id, name) VALUES (0, uuid_of(1, 0), 'First')$$);
CALL write($$UPDATE tb_post SET fk_user = 0 WHERE pk_post = 12$$);
CALL write($$UPDATE tb_post SET fk_user = NULL WHERE fk_user = 0; DELETE FROM tb_user WHERE pk_user = 0$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
