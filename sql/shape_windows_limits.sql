-- Shapes: values over all rows, windows and limits at the top: exact, with a route where there is one.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- A settings table.
CREATE TABLE tv_settings AS
SELECT p.pk_post AS pk_settings, p.title || ' - ' || (SELECT value FROM tb_setting WHERE name = 'site') AS title FROM tb_post p;
SELECT route('tv_settings');
CALL write($$UPDATE tb_setting SET value = 'Journal' WHERE name = 'site'$$);
CALL write($$UPDATE tb_setting SET value = '5' WHERE name = 'minimum'$$);

-- An uncorrelated scalar subquery.
CREATE TABLE tv_of_all AS
SELECT u.pk_user AS pk_of_all, (SELECT count(*) FROM tb_post p WHERE p.fk_user = u.pk_user) AS posts, (SELECT max(pk_post) FROM tb_post) AS newest FROM tb_user u;
SELECT route('tv_of_all');
CALL write($$UPDATE tb_post SET fk_user = 3 WHERE pk_post = 11$$);
CALL write($$INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (20, uuid_of(2, 20), 1, 'Twenty')$$);

-- An uncorrelated EXISTS.
CREATE TABLE tv_any_draft AS SELECT u.pk_user AS pk_any_draft, EXISTS (SELECT FROM tb_post WHERE NOT published) AS drafts FROM tb_user u;
SELECT route('tv_any_draft');
CALL write($$UPDATE tb_post SET published = true$$);

-- A join with one row of totals.
CREATE TABLE tv_share AS
SELECT u.pk_user AS pk_share, count(p.*) AS posts, t.n AS of_all FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user
CROSS JOIN (SELECT count(*) AS n FROM tb_post) t GROUP BY u.pk_user, t.n;
SELECT route('tv_share');
CALL write($$DELETE FROM tb_post WHERE pk_post = 15$$);

-- Window functions at the top, partitioned by the key and not.
CREATE TABLE tv_window AS
SELECT pk_post AS pk_window, fk_user, rank() OVER (PARTITION BY fk_user ORDER BY title, pk_post) AS place, lag(title) OVER (PARTITION BY fk_user ORDER BY pk_post) AS before
FROM tb_post;
SELECT route('tv_window');
SELECT pg_tviews_create('tv_window_key', $$SELECT fk_user, pk_post, row_number() OVER (PARTITION BY fk_user ORDER BY pk_post) AS place
    FROM tb_post WHERE fk_user IS NOT NULL$$, '{"key": ["fk_user", "pk_post"]}');
SELECT route('tv_window_key');
CREATE TABLE tv_window_all AS SELECT pk_post AS pk_window_all, row_number() OVER (ORDER BY title, pk_post) AS place, count(*) OVER () AS n FROM tb_post;
SELECT route('tv_window_all');
CALL write($$UPDATE tb_post SET title = 'A first one' WHERE pk_post = 20$$);
CALL write($$UPDATE tb_post SET fk_user = 2 WHERE pk_post = 20$$);

-- A leaderboard.
CREATE TABLE tv_leaders AS
SELECT u.pk_user AS pk_leaders, u.name, count(c.*) AS comments FROM tb_user u LEFT JOIN tb_comment c ON c.fk_user = u.pk_user
GROUP BY u.pk_user ORDER BY count(c.*) DESC, u.pk_user LIMIT 2;
SELECT route('tv_leaders');
CALL write($$UPDATE tb_comment SET fk_user = 4$$);
CALL write($$UPDATE tb_user SET name = 'Di' WHERE pk_user = 4$$);

-- OFFSET and WITH TIES.
CREATE TABLE tv_page AS SELECT pk_post AS pk_page, title FROM tb_post ORDER BY pk_post OFFSET 1 LIMIT 2;
SELECT route('tv_page');
CREATE TABLE tv_ties AS SELECT pk_post AS pk_ties, fk_user FROM tb_post ORDER BY fk_user FETCH FIRST 1 ROW WITH TIES;
SELECT route('tv_ties');
CALL write($$UPDATE tb_post SET fk_user = 4 WHERE fk_user = 1$$);
CALL write($$DELETE FROM tb_post WHERE pk_post = 11$$);

-- LIMIT in a derived table.
CREATE TABLE tv_recent AS
SELECT u.pk_user AS pk_recent, count(x.*) AS n FROM tb_user u LEFT JOIN (SELECT * FROM tb_comment ORDER BY pk_comment DESC LIMIT 5) x ON x.fk_user = u.pk_user GROUP BY 1;
SELECT route('tv_recent');
CALL write($$UPDATE tb_comment SET fk_user = 1 WHERE pk_comment > 110$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
