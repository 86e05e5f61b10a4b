-- Window functions and DISTINCT ON whose partition is not the key: a change goes to all rows of its partition, no further.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_neighbours;
SET search_path = s_neighbours, public;
\i :schema
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

-- A leaderboard per author.
CREATE TABLE tv_rank AS SELECT pk_post AS pk_rank, title, rank() OVER (PARTITION BY fk_user ORDER BY length(title), pk_post) AS place,
    count(*) OVER (PARTITION BY fk_user, published) AS alike FROM tb_post;
SELECT pg_tviews_explain('tv_rank');
-- Over a join, partitioned by a column that may be NULL, with a filter.
CREATE TABLE tv_talk AS SELECT c.pk_comment AS pk_talk, c.body, u.name, lag(c.body) OVER (PARTITION BY c.fk_user ORDER BY c.pk_comment) AS before
    FROM tb_comment c LEFT JOIN tb_user u ON u.pk_user = c.fk_user WHERE c.body <> 'No';
SELECT pg_tviews_explain('tv_talk');
-- The latest comment of each post, by comment; the two latest, by their author.
CREATE TABLE tv_latest AS SELECT DISTINCT ON (c.fk_post) c.pk_comment AS pk_latest, c.body, p.title
    FROM tb_comment c JOIN tb_post p ON p.pk_post = c.fk_post ORDER BY c.fk_post, c.pk_comment DESC;
SELECT pg_tviews_explain('tv_latest');
CREATE TABLE tv_writer AS SELECT u.pk_user AS pk_writer, u.name, (SELECT jsonb_agg(x.body ORDER BY x.pk_comment) FROM (
        SELECT c.*, row_number() OVER (PARTITION BY fk_post ORDER BY pk_comment DESC) AS n FROM tb_comment c) x
    WHERE x.fk_user = u.pk_user AND x.n <= 2) AS bodies FROM tb_user u;
SELECT pg_tviews_explain('tv_writer');
-- Not separated: nothing in common, a key that is the window's result, a window over groups.
CREATE TABLE tv_apart AS SELECT pk_post AS pk_apart, count(*) OVER (PARTITION BY fk_user) AS a, count(*) OVER (PARTITION BY published) AS b FROM tb_post;
SELECT pg_tviews_explain('tv_apart');
CREATE TABLE tv_place AS SELECT 10 * fk_user + row_number() OVER (PARTITION BY fk_user ORDER BY pk_post) AS pk_place, title FROM tb_post;
SELECT pg_tviews_explain('tv_place');
CREATE TABLE tv_groups AS SELECT p.pk_post AS pk_groups, sum(count(*)) OVER (PARTITION BY p.fk_user ORDER BY p.pk_post) AS n
    FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post GROUP BY p.pk_post, p.fk_user;
SELECT pg_tviews_explain('tv_groups');
CALL check_exact();

INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (15, uuid_of(2, 15), 1, 'A'), (16, uuid_of(2, 16), 3, 'B');
CALL check_exact();
UPDATE tb_post SET title = 'longer than all' WHERE pk_post = 12;
CALL check_exact();
UPDATE tb_post SET fk_user = 2 WHERE pk_post = 11;
CALL check_exact();
UPDATE tb_post SET published = NOT published WHERE fk_user = 2;
CALL check_exact();
INSERT INTO tb_comment VALUES (106, uuid_of(3, 106), 11, 2, 'new'), (107, uuid_of(3, 107), 12, NULL, 'newer');
CALL check_exact();
UPDATE tb_comment SET fk_user = 1 WHERE pk_comment IN (101, 105);
CALL check_exact();
UPDATE tb_comment SET fk_user = NULL WHERE pk_comment IN (103, 106);
CALL check_exact();
UPDATE tb_comment SET fk_post = 13 WHERE fk_post = 11;
CALL check_exact();
UPDATE tb_comment SET pk_comment = pk_comment + 100, body = body || '!' WHERE pk_comment < 103;
CALL check_exact();
DELETE FROM tb_comment WHERE pk_comment = (SELECT max(pk_comment) FROM tb_comment);
CALL check_exact();
UPDATE tb_user SET name = upper(name);
CALL check_exact();
UPDATE tb_post SET pk_post = pk_post + 100 WHERE pk_post > 12;
CALL check_exact();
DELETE FROM tb_post WHERE pk_post = 113;
CALL check_exact();
TRUNCATE tb_comment;
CALL check_exact();
DELETE FROM tb_post;
CALL check_exact();

DROP SCHEMA s_neighbours CASCADE;
