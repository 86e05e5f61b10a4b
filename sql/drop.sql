-- Dropping: DROP TABLE in all its forms, and whatever else takes a TVIEW away; its view, catalog row and capture triggers go with it.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_drop;
SET search_path = s_drop, public;
\i :schema
CREATE PROCEDURE make() LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE tv_user AS SELECT pk_user, id, name FROM tb_user;
    CREATE TABLE tv_post AS SELECT p.pk_post, p.fk_user, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
    CREATE TABLE tv_comment AS SELECT c.pk_comment, c.fk_post, p.title FROM tb_comment c JOIN tb_post p ON p.pk_post = c.fk_post;
END $$;

-- One, several, qualified, IF EXISTS.  Capture triggers go with the last TVIEW that reads the table.
CALL make();
DROP TABLE tv_post;
SELECT left_behind();
DROP TABLE s_drop.tv_user;
SELECT left_behind();
CALL check_exact();
DROP TABLE tv_comment;
SELECT left_behind();
CALL make();
DROP TABLE IF EXISTS tv_post, tv_nothing, tv_user, tv_comment;
SELECT left_behind();
CALL make();
CREATE TABLE plain (a int);
DROP TABLE plain, tv_user, tv_comment, tv_post CASCADE;
SELECT left_behind();
DROP TABLE tv_post;
DROP TABLE IF EXISTS tv_post;

-- In a function, a DO block, a multi-statement string.
CALL make();
DO $$ BEGIN DROP TABLE tv_user; EXECUTE 'DROP TABLE tv_post'; END $$;
UPDATE tb_user SET name = upper(name)\; DROP TABLE tv_comment\; UPDATE tb_post SET title = upper(title);
SELECT left_behind();

-- Dropped and rolled back, dropped and made again, with writes before and after.
CALL make();
BEGIN;
UPDATE tb_user SET name = 'before' WHERE pk_user = 1;
DROP TABLE tv_user, tv_post;
UPDATE tb_user SET name = 'between' WHERE pk_user = 1;
SELECT left_behind();
ROLLBACK;
UPDATE tb_user SET name = 'after' WHERE pk_user = 1;
CALL check_exact();
SELECT count(*) FROM left_behind();
BEGIN;
UPDATE tb_user SET name = 'before' WHERE pk_user = 1;
DROP TABLE tv_user;
UPDATE tb_user SET name = 'between' WHERE pk_user = 1;
CREATE TABLE tv_user AS SELECT pk_user, upper(name) AS name FROM tb_user;
UPDATE tb_user SET name = 'after all' WHERE pk_user = 1;
COMMIT;
SELECT name FROM tv_user WHERE pk_user = 1;
CALL check_exact();

-- RESTRICT: something of the application depends on the table, on the backing view, on the row type.
CREATE VIEW names AS SELECT name FROM tv_user;
CALL attempt('DROP TABLE tv_user');
CALL attempt('DROP TABLE tv_user, tv_post RESTRICT');
DROP VIEW names;
CREATE VIEW names AS SELECT name FROM v_user;
CALL attempt('DROP TABLE tv_user');
SELECT count(*) FROM left_behind();
CALL check_exact();
DROP TABLE tv_user CASCADE;
SELECT to_regclass('names') IS NULL AS gone;
CREATE TABLE tv_user AS SELECT pk_user, id, name FROM tb_user;
CREATE VIEW names AS SELECT name FROM tv_user;
DROP TABLE tv_user CASCADE;
CREATE TABLE tv_user AS SELECT pk_user, id, name FROM tb_user;

-- A TVIEW over a TVIEW.
CREATE TABLE tv_list AS SELECT fk_user AS pk_list, count(*) AS n FROM tv_post GROUP BY fk_user;
CALL attempt('DROP TABLE tv_post');
CALL attempt('DROP TABLE tb_post');
CALL check_exact();
DROP TABLE tv_post, tv_list;
CALL check_exact();
CREATE TABLE tv_post AS SELECT pk_post, fk_user FROM tb_post;
CREATE TABLE tv_list AS SELECT fk_user AS pk_list, count(*) AS n FROM tv_post GROUP BY fk_user;
DROP TABLE tv_post CASCADE;
SELECT entity FROM pg_tview_meta ORDER BY 1;
CREATE TABLE tv_post AS SELECT pk_post, fk_user FROM tb_post;
CREATE TABLE tv_list AS SELECT fk_user AS pk_list, count(*) AS n FROM v_post GROUP BY fk_user;
CALL attempt('DROP TABLE tv_post');
SET client_min_messages = warning;
DROP TABLE tv_post CASCADE;
RESET client_min_messages;
SELECT entity FROM pg_tview_meta ORDER BY 1;

-- A base table: refused, and with CASCADE all that reads it goes.  A column: the same.
CREATE TABLE tv_post AS SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
CALL attempt('DROP TABLE tb_user');
CALL attempt('ALTER TABLE tb_user DROP COLUMN name');
BEGIN;
ALTER TABLE tb_user DROP COLUMN name CASCADE;
SELECT left_behind();
ROLLBACK;
BEGIN;
DROP TABLE tb_user CASCADE;
SELECT left_behind();
INSERT INTO tb_post VALUES (20, uuid_of(2, 20), 99, 'unreferred');
ROLLBACK;
CALL check_exact();
ALTER TABLE tb_post DROP COLUMN note;
CALL check_exact();

-- The backing view belongs to the TVIEW: it cannot be dropped, replaced with other columns, or have its key taken away.
CALL attempt('DROP VIEW v_user');
CALL attempt('DROP VIEW v_user CASCADE');
CALL attempt('DROP VIEW v_user, v_post');
CALL check_exact();

-- pg_tviews_drop().
SELECT pg_tviews_drop('tv_user');
SELECT pg_tviews_drop('tv_user', if_exists => true);
CALL attempt('SELECT pg_tviews_drop(''tv_user'')');
CALL attempt('SELECT pg_tviews_drop(''nowhere.tv_user'')');
SELECT pg_tviews_drop('nowhere.tv_user', true);
CALL attempt('SELECT pg_tviews_drop(''tb_user'')');
CALL attempt('SELECT pg_tviews_drop(''tb_user'', true)');
CALL attempt('SELECT pg_tviews_drop(''v_post'')');
CALL attempt('SELECT pg_tviews_drop(''tv_post; DROP TABLE tb_user'')');
SELECT pg_tviews_drop(NULL) IS NULL AS nothing;
CREATE VIEW titles AS SELECT title FROM tv_post;
CALL attempt('SELECT pg_tviews_drop(''tv_post'')');
SELECT pg_tviews_drop('s_drop.tv_post', cascade => true);
SELECT pg_tviews_drop('tv_comment', false, false);
SELECT left_behind();

-- DROP SCHEMA, of the TVIEWs' schema, of the base tables' schema.
CREATE SCHEMA s_drop_2;
CREATE TABLE s_drop_2.tv_user AS SELECT pk_user, name FROM tb_user;
CREATE TABLE s_drop_2.tv_post AS SELECT pk_post, title FROM tb_post;
CREATE TABLE tv_post AS SELECT pk_post, title FROM tb_post;
CALL attempt('DROP SCHEMA s_drop_2');
SET client_min_messages = warning;
DROP SCHEMA s_drop_2 CASCADE;
RESET client_min_messages;
SELECT left_behind();
CALL check_exact();
CREATE SCHEMA s_drop_2;
CREATE TABLE s_drop_2.tb_note (pk_note int PRIMARY KEY, note text);
CREATE TABLE tv_note AS SELECT pk_note, note FROM s_drop_2.tb_note;
INSERT INTO s_drop_2.tb_note VALUES (1, 'a');
CALL attempt('DROP SCHEMA s_drop_2');
DROP SCHEMA s_drop_2 CASCADE;
SELECT to_regclass('tv_note') IS NULL AS gone;
CALL check_exact();

-- DROP OWNED, of the TVIEWs' owner, of the base tables' owner.
CREATE ROLE regress_tviews_drop;
GRANT CREATE, USAGE ON SCHEMA s_drop TO regress_tviews_drop;
GRANT SELECT, TRIGGER ON tb_user, tb_post TO regress_tviews_drop;
SET ROLE regress_tviews_drop;
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
CREATE TABLE tb_own (pk_own int PRIMARY KEY, x int);
CREATE TABLE tv_own AS SELECT pk_own, x FROM tb_own;
RESET ROLE;
DROP OWNED BY regress_tviews_drop;
SELECT left_behind();
GRANT CREATE, USAGE ON SCHEMA s_drop TO regress_tviews_drop;
SET ROLE regress_tviews_drop;
CREATE TABLE tb_own (pk_own int PRIMARY KEY, x int);
RESET ROLE;
CREATE TABLE tv_own AS SELECT pk_own, x FROM tb_own;
CALL attempt('DROP OWNED BY regress_tviews_drop');
DROP OWNED BY regress_tviews_drop CASCADE;
SELECT left_behind();
DROP ROLE regress_tviews_drop;

-- A type, a function, an extension that a definition needs.
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE tb_day (pk_day int PRIMARY KEY, mood mood);
CREATE TABLE tv_day AS SELECT pk_day, mood FROM tb_day;
CREATE FUNCTION shout(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)';
CREATE TABLE tv_user AS SELECT pk_user, shout(name) AS name FROM tb_user;
CALL attempt('DROP TYPE mood');
CALL attempt('DROP FUNCTION shout');
DROP FUNCTION shout CASCADE;
SELECT to_regclass('tv_user') IS NULL AS gone;
DROP TYPE mood CASCADE;
SELECT to_regclass('tv_day') IS NULL AS gone;
SELECT left_behind();
CALL check_exact();

-- Dropped behind the extension's back: an error that says so, and where the way out is, until what it says was run.
CREATE TABLE tb_behind (pk_behind int PRIMARY KEY);
CREATE TABLE "tv_Behind" AS SELECT pk_behind AS "pk_Behind" FROM tb_behind;
CREATE TABLE tv_before AS SELECT pk_behind AS pk_before FROM tb_behind;
ALTER EVENT TRIGGER pg_tviews_sql_drop DISABLE;
DROP TABLE "tv_Behind";
ALTER EVENT TRIGGER pg_tviews_sql_drop ENABLE ALWAYS;
INSERT INTO tb_behind VALUES (1);
SELECT * FROM pg_tviews_verify();
SELECT component, split_part(message, '. Run:', 1) AS message FROM pg_tviews_health_check() WHERE severity = 'error' AND status = 'problem' ORDER BY 1, 2;
DO $$
DECLARE command text;
BEGIN
    FOR command IN SELECT substring(message FROM '\. Run: (.*)$') FROM pg_tviews_health_check() WHERE component = 'metadata' AND status = 'problem' LOOP
        EXECUTE command;
    END LOOP;
END $$;
INSERT INTO tb_behind VALUES (1);
CALL check_exact();
DROP TABLE tb_behind CASCADE;

-- The audit log has a row for every TVIEW that went.
SELECT operation, entity, count(*) FROM pg_tview_audit_log WHERE details ->> 'table' LIKE 's_drop.%' AND operation IN ('CREATE', 'DROP')
    GROUP BY 1, 2 ORDER BY 2, 1;

SET client_min_messages = warning;
DROP SCHEMA s_drop CASCADE;
