-- Capture on tables with inheritance children: a query on the parent reads them all, one on ONLY the parent does not.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_inheritance;
SET search_path = s_inheritance, public;
\i :schema

CREATE TABLE tb_author (books int) INHERITS (tb_user);
CREATE TABLE tb_critic (sharp boolean) INHERITS (tb_author);
INSERT INTO tb_author (pk_user, id, name, books) VALUES (21, uuid_of(1, 21), 'Gil', 1);
INSERT INTO tb_critic (pk_user, id, name, sharp) VALUES (31, uuid_of(1, 31), 'Hal', true);

CREATE TABLE tv_user AS SELECT pk_user, id, name FROM tb_user;
CREATE TABLE tv_only AS SELECT pk_user AS pk_only, name FROM ONLY tb_user;
CREATE TABLE tv_author AS SELECT pk_user AS pk_author, to_jsonb(a) AS data FROM tb_author a;
CREATE TABLE tv_post AS SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
CALL check_exact();

-- Written through the parent and directly.
UPDATE tb_user SET name = upper(name);
CALL check_exact();
UPDATE ONLY tb_user SET name = lower(name);
CALL check_exact();
INSERT INTO tb_author (pk_user, id, name, books) VALUES (22, uuid_of(1, 22), 'Ida', 2);
INSERT INTO tb_critic (pk_user, id, name, sharp) VALUES (32, uuid_of(1, 32), 'Jim', false);
CALL check_exact();
UPDATE tb_author SET books = books + 1, name = name || '*';
CALL check_exact();
DELETE FROM tb_user WHERE pk_user IN (22, 32);
CALL check_exact();
TRUNCATE tb_critic;
CALL check_exact();
BEGIN;
TRUNCATE ONLY tb_author;
CALL check_exact();
ROLLBACK;
-- A column of the child that the TVIEWs over the parent do not read.
BEGIN;
UPDATE tb_author SET books = 99;
SELECT pg_tviews_flush();
COMMIT;
CALL check_exact();
SELECT pk_author, data FROM tv_author ORDER BY pk_author;

-- Children that come and go.
CREATE TABLE tb_guest (LIKE tb_user);
INSERT INTO tb_guest VALUES (41, uuid_of(1, 41), 'Kim');
ALTER TABLE tb_guest INHERIT tb_user;
CALL check_exact();
UPDATE tb_guest SET name = 'Kai';
CALL check_exact();
CREATE TABLE tb_bot () INHERITS (tb_user);
INSERT INTO tb_bot VALUES (51, uuid_of(1, 51), 'R2D2');
CALL check_exact();
ALTER TABLE tb_guest NO INHERIT tb_user;
CALL check_exact();
UPDATE tb_guest SET name = 'Ken';
CALL check_exact();
DROP TABLE tb_bot;
CALL check_exact();
DROP TABLE tb_author CASCADE;
CALL check_exact();
SELECT array_agg(pk_user ORDER BY pk_user) FROM tv_user;

DROP TABLE tv_user, tv_only, tv_post;
SELECT left_behind();
SET client_min_messages = warning;
DROP SCHEMA s_inheritance CASCADE;
