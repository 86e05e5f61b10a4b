-- A document that cannot be built fails the transaction with an error that names the TVIEW and the key; nothing is half applied.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_failures;
SET search_path = s_failures, public;
\i :schema
-- The last line of the context is the extension's.
CREATE PROCEDURE failing(command text) LANGUAGE plpgsql AS $$
DECLARE
    state text; problem text; details text; advice text; context text;
BEGIN
    BEGIN
        EXECUTE command;
        PERFORM pg_tviews_flush();
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, problem = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL,
            advice = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
        RAISE INFO '%: % | % | % | %', state, problem, regexp_replace(details, ', \w+ \w+ \d+ [0-9:.]+ .*\)', ', …)'), advice, substring(context FROM '(?n)^maintaining.*$');
        RETURN;
    END;
    RAISE INFO 'no error';
END $$;

CREATE TABLE tv_ratio AS SELECT pk_user AS pk_ratio, 100 / length(name) AS ratio FROM tb_user;
CALL failing('UPDATE tb_user SET name = '''' WHERE pk_user = 2');
CALL failing('UPDATE tb_user SET name = '''' WHERE pk_user >= 2');
CALL failing('INSERT INTO tb_user VALUES (9, uuid_of(1, 9), '''')');
CALL failing('TRUNCATE tb_user CASCADE; INSERT INTO tb_user VALUES (9, uuid_of(1, 9), '''')');
-- At the commit of a single statement and of a block.
\set SHOW_CONTEXT never
UPDATE tb_user SET name = '' WHERE pk_user = 2;
\echo :LAST_ERROR_SQLSTATE
BEGIN;
UPDATE tb_user SET name = 'Bob' WHERE pk_user = 2;
UPDATE tb_user SET name = '' WHERE pk_user = 3;
COMMIT;
SELECT pk_user, name FROM tb_user ORDER BY 1;
CALL check_exact();
DROP TABLE tv_ratio;

-- A key that is no longer unique, or null.
CREATE TABLE tv_user AS SELECT nullif(pk_user, 9) AS pk_user, name FROM tb_user;
CREATE TABLE tv_author AS SELECT DISTINCT p.fk_user AS pk_author, p.title FROM tb_post p WHERE p.pk_post IN (11, 13);
CALL failing('INSERT INTO tb_user VALUES (9, uuid_of(1, 9), ''nobody'')');
CALL failing('UPDATE tb_post SET fk_user = 1 WHERE pk_post = 13');
CALL failing('UPDATE tb_post SET fk_user = 3 WHERE pk_post IN (11, 13)');
UPDATE tb_post SET fk_user = 3 WHERE pk_post IN (11, 13);
\echo :LAST_ERROR_SQLSTATE
CALL check_exact();
-- Fine as long as it is so again at the flush.
BEGIN;
UPDATE tb_post SET fk_user = 3 WHERE pk_post IN (11, 13);
UPDATE tb_post SET fk_user = 2 WHERE pk_post = 11;
COMMIT;
CALL check_exact();
DROP TABLE tv_author, tv_user;

-- Constraints and triggers an application put on the TVIEW's table: immediate, deferred, one that refuses.
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
ALTER TABLE tv_user ADD CHECK (name <> 'forbidden');
CALL failing('UPDATE tb_user SET name = ''forbidden'' WHERE pk_user = 1');
-- PostgreSQL's own words, for they are not about the key.
ALTER TABLE tv_user ADD UNIQUE (name), ALTER name SET NOT NULL;
ALTER TABLE tb_user ALTER name DROP NOT NULL;
CALL failing('UPDATE tb_user SET name = ''Ben'' WHERE pk_user = 1');
CALL failing('UPDATE tb_user SET name = NULL WHERE pk_user = 1');
CALL failing('INSERT INTO tb_user VALUES (7, uuid_of(1, 7), NULL)');
ALTER TABLE tv_user DROP CONSTRAINT tv_user_name_key, ALTER name DROP NOT NULL;
CREATE TABLE allowed (name text PRIMARY KEY);
INSERT INTO allowed SELECT name FROM tb_user;
ALTER TABLE tv_user ADD FOREIGN KEY (name) REFERENCES allowed DEFERRABLE INITIALLY DEFERRED;
BEGIN;
UPDATE tb_user SET name = 'unknown' WHERE pk_user = 1;
COMMIT;
BEGIN;
UPDATE tb_user SET name = 'unknown' WHERE pk_user = 1;
SELECT name FROM tv_user WHERE pk_user = 1;
INSERT INTO allowed VALUES ('unknown');
COMMIT;
CALL check_exact();
-- A deferred constraint trigger on the TVIEW that writes a base table: flushed again, until nothing is left to do.
CREATE FUNCTION log_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE s_failures.tb_post SET title = NEW.name WHERE fk_user = NEW.pk_user;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER log_name AFTER UPDATE ON tv_user DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION log_name();
CREATE TABLE tv_post AS SELECT pk_post, title FROM tb_post;
INSERT INTO allowed VALUES ('Logged');
UPDATE tb_user SET name = 'Logged' WHERE pk_user = 1;
SELECT pk_post, title FROM tv_post ORDER BY 1;
CALL check_exact();
DROP TRIGGER log_name ON tv_user;
-- A cycle that never ends is cut off.
CREATE FUNCTION grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE s_failures.tb_post SET title = title || '.' WHERE pk_post = NEW.pk_post;
    RETURN NULL;
END $$;
CREATE TRIGGER grow AFTER UPDATE ON tv_post FOR EACH ROW EXECUTE FUNCTION grow();
SET pg_tviews.max_flush_rounds = 5;
SET statement_timeout = '20s';
UPDATE tb_post SET title = 'growing' WHERE pk_post = 12;
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER grow ON tv_post;
CREATE CONSTRAINT TRIGGER grow AFTER UPDATE ON tv_post DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION grow();
UPDATE tb_post SET title = 'growing' WHERE pk_post = 12;
\echo :LAST_ERROR_SQLSTATE
RESET pg_tviews.max_flush_rounds;
RESET statement_timeout;
DROP TRIGGER grow ON tv_post;
SELECT title FROM tb_post WHERE pk_post = 12;
CALL check_exact();
DROP TABLE tv_user, tv_post;

-- statement_timeout holds for the flush at commit too.
CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    IF $1 = 'slow' THEN
        PERFORM pg_sleep(60);
    END IF;
    RETURN $1;
END $$;
CREATE TABLE tv_user AS SELECT pk_user, slow(name) AS name FROM tb_user;
SET statement_timeout = '300ms';
UPDATE tb_user SET name = 'slow' WHERE pk_user = 3;
\echo :LAST_ERROR_SQLSTATE
BEGIN;
UPDATE tb_user SET name = 'slow' WHERE pk_user = 3;
COMMIT;
\echo :LAST_ERROR_SQLSTATE
BEGIN;
UPDATE tb_user SET name = 'slow' WHERE pk_user = 3;
SELECT count(*) FROM tv_user;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
RESET statement_timeout;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_failures CASCADE;
