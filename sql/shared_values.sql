-- Values that all documents share: a change that leaves them as they were compares nothing.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_shared_values;
SET search_path = s_shared_values, public;
\i :schema
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE TABLE tb_config (name text PRIMARY KEY, value text, note text);
INSERT INTO tb_config VALUES ('site', 'Blog', NULL), ('theme', 'dark', NULL);
CREATE TABLE tb_score (pk_score int PRIMARY KEY, points float8);
INSERT INTO tb_score VALUES (1, 0.5), (2, 1);

CREATE TABLE tv_scalar AS SELECT pk_user AS pk_scalar, name, (SELECT max(title) FROM tb_post) AS last FROM tb_user;
SELECT pg_tviews_explain('tv_scalar');
CREATE TABLE tv_share AS SELECT s.pk_score AS pk_share, s.points / t.total AS share
    FROM tb_score s CROSS JOIN (SELECT sum(points ORDER BY pk_score) AS total, count(*) AS n FROM tb_score WHERE points > 0) t;
SELECT pg_tviews_explain('tv_share');
CREATE TABLE tv_config AS SELECT u.pk_user AS pk_config, u.name, c.value AS site FROM tb_user u LEFT JOIN tb_config c ON c.name = 'site';
SELECT pg_tviews_explain('tv_config');
CREATE TABLE tv_first AS SELECT u.pk_user AS pk_first, count(x.pk_post) AS n, EXISTS (SELECT FROM tb_comment WHERE body = 'Hm') AS hm,
    ARRAY(SELECT name FROM tb_user ORDER BY pk_user DESC LIMIT 2) AS newest
    FROM tb_user u LEFT JOIN (SELECT * FROM tb_post ORDER BY pk_post LIMIT 2) x ON x.fk_user = u.pk_user GROUP BY 1;
SELECT pg_tviews_explain('tv_first');
-- Not alone: a subquery that looks outside of itself.
CREATE TABLE tv_outside AS WITH w AS (SELECT max(pk_post) AS last FROM tb_post WHERE published)
    SELECT u.pk_user AS pk_outside, (SELECT count(*) FROM tb_comment c, w WHERE c.fk_post <= w.last) AS n FROM tb_user u;
SELECT pg_tviews_explain('tv_outside');
CALL check_exact();

-- Which TVIEWs a command compares in full: documents changed by hand survive what compares nothing.
CREATE PROCEDURE tamper() LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_scalar SET name = '?' WHERE pk_scalar = 3;
    UPDATE tv_share SET share = -1 WHERE pk_share = 1;
    UPDATE tv_config SET name = '?' WHERE pk_config = 3;
    UPDATE tv_first SET n = -1 WHERE pk_first = 3;
    UPDATE tv_outside SET n = -1 WHERE pk_outside = 3;
END $$;
CREATE PROCEDURE compared(command text) LANGUAGE plpgsql AS $$
BEGIN
    CALL tamper();
    COMMIT;
    EXECUTE command;
    COMMIT;
    RAISE INFO 'compared:%', concat((SELECT ' scalar' FROM tv_scalar WHERE pk_scalar = 3 AND name <> '?'),
        (SELECT ' share' FROM tv_share WHERE pk_share = 1 AND share <> -1), (SELECT ' config' FROM tv_config WHERE pk_config = 3 AND name <> '?'),
        (SELECT ' first' FROM tv_first WHERE pk_first = 3 AND n <> -1), (SELECT ' outside' FROM tv_outside WHERE pk_outside = 3 AND n <> -1));
    PERFORM pg_tviews_refresh(NULL);
    COMMIT;
    CALL check_exact();
END $$;
CALL compared('SELECT');
CALL compared($$INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (21, uuid_of(2, 21), 3, 'Alpha')$$);
CALL compared($$INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (22, uuid_of(2, 22), 3, 'Zulu')$$);
CALL compared($$UPDATE tb_post SET title = 'Beta' WHERE pk_post = 21$$);
CALL compared($$DELETE FROM tb_post WHERE pk_post = 22$$);
CALL compared($$DELETE FROM tb_post WHERE pk_post = 11$$);
CALL compared($$UPDATE tb_config SET value = 'light' WHERE name = 'theme'$$);
CALL compared($$UPDATE tb_config SET note = 'x'$$);
CALL compared($$UPDATE tb_config SET value = 'Log' WHERE name = 'site'$$);
CALL compared($$UPDATE tb_config SET name = 'site2' WHERE name = 'site'$$);
CALL compared($$INSERT INTO tb_score VALUES (3, -1)$$);
CALL compared($$UPDATE tb_score SET points = points + 1e-15 WHERE pk_score = 2$$);
CALL compared($$INSERT INTO tb_comment VALUES (201, uuid_of(3, 201), 13, 1, 'Hm')$$);
CALL compared($$DELETE FROM tb_comment WHERE pk_comment = 201$$);
CALL compared($$DELETE FROM tb_comment WHERE body = 'Hm'$$);

-- A value that comes back within one transaction, with and without a flush between; a savepoint rolled back over a flush.
BEGIN;
UPDATE tb_post SET title = 'Zz' WHERE pk_post = 12;
UPDATE tb_post SET title = 'Two' WHERE pk_post = 12;
COMMIT;
CALL check_exact();
BEGIN;
UPDATE tb_post SET title = 'Zz' WHERE pk_post = 12;
SELECT last FROM tv_scalar WHERE pk_scalar = 1;
UPDATE tb_post SET title = 'Two' WHERE pk_post = 12;
SELECT last FROM tv_scalar WHERE pk_scalar = 1;
COMMIT;
CALL check_exact();
BEGIN;
UPDATE tb_post SET title = 'Xx' WHERE pk_post = 12;
SAVEPOINT a;
UPDATE tb_post SET title = 'Zz' WHERE pk_post = 12;
SELECT last FROM tv_scalar WHERE pk_scalar = 1;
ROLLBACK TO a;
UPDATE tb_post SET title = 'Two' WHERE pk_post = 12;
SELECT last FROM tv_scalar WHERE pk_scalar = 1;
UPDATE tb_post SET title = 'Yy' WHERE pk_post = 12;
COMMIT;
CALL check_exact();
-- The same at REPEATABLE READ.
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_post SET title = 'Zz' WHERE pk_post = 12;
SELECT last FROM tv_scalar WHERE pk_scalar = 1;
UPDATE tb_post SET title = 'Yy' WHERE pk_post = 12;
SELECT last FROM tv_scalar WHERE pk_scalar = 1;
COMMIT;
CALL check_exact();
-- What a snapshot does not undo: TRUNCATE, a rewritten table.
BEGIN;
TRUNCATE tb_post CASCADE;
COMMIT;
CALL check_exact();
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (31, uuid_of(2, 31), 1, 'Again');
CALL check_exact();
BEGIN;
ALTER TABLE tb_score ADD COLUMN moment timestamptz DEFAULT clock_timestamp();
DELETE FROM tb_score WHERE pk_score = 2;
COMMIT;
CALL check_exact();
BEGIN;
ALTER TABLE tb_post SET (autovacuum_enabled = false);
CREATE TABLE tb_new (LIKE tb_post);
TRUNCATE tb_post CASCADE;
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (32, uuid_of(2, 32), 1, 'Again');
COMMIT;
CALL check_exact();

DROP SCHEMA s_shared_values CASCADE;
