-- GROUPING SETS, ROLLUP and CUBE whose key is made out of NULLs by COALESCE, CASE or GROUPING(): a way for each grouping set.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_grouping_sets;
SET search_path = s_grouping_sets, public;
\i :schema
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

-- Totals with a total of all.
CREATE TABLE tv_total AS SELECT coalesce(p.fk_user, -1) AS pk_total, count(*) AS posts, max(u.name) AS last
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user GROUP BY ROLLUP (p.fk_user);
SELECT pg_tviews_explain('tv_total');
-- A key of several columns; subtotals on every level.
SELECT pg_tviews_create('tv_cube', 'SELECT coalesce(p.fk_user, -1) AS author, CASE WHEN grouping(c.fk_user) = 1 THEN -1 ELSE coalesce(c.fk_user, 0) END AS critic,
    count(*) AS n FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post GROUP BY CUBE (p.fk_user, c.fk_user)', '{"key": ["author", "critic"]}');
SELECT pg_tviews_explain('tv_cube');
SELECT pg_tviews_create('tv_sets', 'SELECT grouping(fk_user, published) AS level, coalesce(fk_user, 0) AS author, coalesce(published, false) AS published, count(*) AS n
    FROM tb_post GROUP BY GROUPING SETS ((fk_user, published), (fk_user), ()) HAVING count(*) > 0', '{"key": ["level", "author", "published"]}');
SELECT pg_tviews_explain('tv_sets');
-- One set that has no way to its key spoils it; so does a derived table.
CREATE TABLE tv_spoiled AS SELECT coalesce(fk_user, -max(pk_post)) AS pk_spoiled, count(*) AS n FROM tb_post GROUP BY ROLLUP (fk_user);
SELECT pg_tviews_explain('tv_spoiled');
DROP TABLE tv_spoiled;
CREATE TABLE tv_derived AS SELECT pk AS pk_derived, n FROM (SELECT coalesce(fk_user, -1) AS pk, count(*) AS n FROM tb_post GROUP BY ROLLUP (fk_user)) x;
SELECT pg_tviews_explain('tv_derived');
CALL check_exact();

INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (15, uuid_of(2, 15), 3, 'Five');
CALL check_exact();
UPDATE tb_user SET name = upper(name) WHERE pk_user = 3;
CALL check_exact();
UPDATE tb_post SET fk_user = 3 WHERE pk_post IN (11, 13);
CALL check_exact();
UPDATE tb_comment SET fk_user = 1 WHERE fk_user IS NULL;
CALL check_exact();
UPDATE tb_comment SET fk_post = 12 WHERE pk_comment = 104;
CALL check_exact();
UPDATE tb_post SET published = NOT published WHERE pk_post > 12;
CALL check_exact();
DELETE FROM tb_comment WHERE fk_user = 3;
CALL check_exact();
DELETE FROM tb_post;
CALL check_exact();
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (16, uuid_of(2, 16), 1, 'Six');
CALL check_exact();
TRUNCATE tb_post CASCADE;
CALL check_exact();

DROP SCHEMA s_grouping_sets CASCADE;
