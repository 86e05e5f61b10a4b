-- Subtransactions: what they did is kept or taken back in the TVIEWs as in the base tables, also where a read flushed in between.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_savepoints;
SET search_path = s_savepoints, public;
\i :schema
\i :tviews
CREATE VIEW names AS SELECT string_agg(data ->> 'name', ' ' ORDER BY pk_user) AS names FROM tv_user;

-- No flush in between: rolled back, released, nested.
BEGIN;
UPDATE tb_user SET name = 'A' WHERE pk_user = 1;
SAVEPOINT one;
UPDATE tb_user SET name = 'B' WHERE pk_user = 2;
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'D');
ROLLBACK TO one;
UPDATE tb_user SET name = 'C' WHERE pk_user = 3;
SAVEPOINT two;
UPDATE tb_user SET name = 'CC' WHERE pk_user = 3;
SAVEPOINT three;
DELETE FROM tb_comment WHERE fk_post = 11;
RELEASE three;
RELEASE two;
COMMIT;
TABLE names;
CALL check_exact();
-- All of it rolled back.
BEGIN;
SAVEPOINT one;
UPDATE tb_user SET name = 'never';
ROLLBACK TO one;
COMMIT;
CALL check_exact();
BEGIN;
SAVEPOINT one;
UPDATE tb_user SET name = 'never';
SAVEPOINT two;
TRUNCATE tb_comment;
ROLLBACK TO two;
ROLLBACK TO one;
SELECT pg_tviews_flush();
COMMIT;
CALL check_exact();

-- A read inside a savepoint flushes what came before it; rolling back takes the documents of the outer level back as well.
BEGIN;
UPDATE tb_user SET name = 'outer' WHERE pk_user = 1;
SAVEPOINT one;
UPDATE tb_user SET name = 'inner' WHERE pk_user = 2;
TABLE names;
ROLLBACK TO one;
TABLE names;
COMMIT;
TABLE names;
CALL check_exact();
-- The same, not read again before the commit.
BEGIN;
UPDATE tb_user SET name = 'outer 2' WHERE pk_user = 1;
SAVEPOINT one;
UPDATE tb_user SET name = 'inner 2' WHERE pk_user = 2;
TABLE names;
ROLLBACK TO one;
COMMIT;
TABLE names;
CALL check_exact();
-- Flushed before the savepoint, inside, and inside a nested one.
BEGIN;
UPDATE tb_user SET name = 'a' WHERE pk_user = 1;
TABLE names;
SAVEPOINT one;
UPDATE tb_user SET name = 'b' WHERE pk_user = 2;
TABLE names;
SAVEPOINT two;
UPDATE tb_user SET name = 'c' WHERE pk_user = 3;
TABLE names;
ROLLBACK TO two;
TABLE names;
UPDATE tb_user SET name = 'd' WHERE pk_user = 3;
ROLLBACK TO one;
TABLE names;
UPDATE tb_post SET title = 'e' WHERE pk_post = 13;
COMMIT;
TABLE names;
CALL check_exact();
-- Released with its flush, then the savepoint around it rolled back.
BEGIN;
SAVEPOINT one;
UPDATE tb_user SET name = 'released' WHERE pk_user = 3;
SAVEPOINT two;
TABLE names;
RELEASE two;
TABLE names;
ROLLBACK TO one;
TABLE names;
COMMIT;
CALL check_exact();
BEGIN;
UPDATE tb_user SET name = 'kept' WHERE pk_user = 3;
SAVEPOINT one;
SAVEPOINT two;
TABLE names;
RELEASE two;
ROLLBACK TO one;
UPDATE tb_post SET title = 'kept too' WHERE pk_post = 11;
SAVEPOINT three;
SELECT count(*) FROM tv_post;
RELEASE three;
COMMIT;
TABLE names;
CALL check_exact();
-- Rolled back again and again to one savepoint.
BEGIN;
UPDATE tb_user SET name = 'start' WHERE pk_user = 1;
SAVEPOINT one;
INSERT INTO tb_user VALUES (5, uuid_of(1, 5), 'first');
TABLE names;
ROLLBACK TO one;
INSERT INTO tb_user VALUES (5, uuid_of(1, 5), 'second');
TABLE names;
ROLLBACK TO one;
DELETE FROM tb_comment;
DELETE FROM tb_post WHERE fk_user = 2;
DELETE FROM tb_user WHERE pk_user = 2;
TABLE names;
ROLLBACK TO one;
INSERT INTO tb_user VALUES (5, uuid_of(1, 5), 'third');
COMMIT;
TABLE names;
CALL check_exact();
-- The flush itself inside a savepoint, by pg_tviews_flush(), and an error that undoes it.
BEGIN;
UPDATE tb_user SET name = 'flushed' WHERE pk_user = 1;
SAVEPOINT one;
SELECT pg_tviews_flush();
SELECT 1 / 0;
ROLLBACK TO one;
SELECT pg_tviews_flush();
SELECT pg_tviews_flush();
COMMIT;
TABLE names;
CALL check_exact();
-- The whole transaction rolled back after flushes at several levels.
BEGIN;
UPDATE tb_user SET name = 'gone';
TABLE names;
SAVEPOINT one;
TRUNCATE tb_comment;
SELECT count(*) FROM tv_comment;
ROLLBACK;
TABLE names;
CALL check_exact();

-- EXCEPTION blocks of PL/pgSQL.
CREATE FUNCTION rename_or_not(pk int, new_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    seen text;
BEGIN
    BEGIN
        UPDATE tb_user SET name = new_name WHERE pk_user = pk;
        SELECT names INTO seen FROM names;
        IF new_name LIKE 'bad%' THEN
            RAISE EXCEPTION 'not %', new_name;
        END IF;
    EXCEPTION WHEN raise_exception THEN
        RETURN SQLERRM || ' (saw ' || seen || ', see ' || (SELECT names FROM names) || ')';
    END;
    RETURN 'see ' || (SELECT names FROM names);
END $$;
SELECT rename_or_not(1, 'bad 1');
CALL check_exact();
BEGIN;
UPDATE tb_user SET name = 'before' WHERE pk_user = 2;
SELECT rename_or_not(1, 'bad 2');
SELECT rename_or_not(1, 'good');
SELECT rename_or_not(3, 'bad 3');
COMMIT;
TABLE names;
CALL check_exact();
DO $$
BEGIN
    FOR i IN 1..200 LOOP
        BEGIN
            UPDATE tb_user SET name = 'round ' || i WHERE pk_user = i % 3 + 1;
            IF i % 5 = 0 THEN
                PERFORM 1 FROM tv_user;
            END IF;
            IF i % 7 = 0 THEN
                RAISE EXCEPTION 'no';
            END IF;
        EXCEPTION WHEN raise_exception THEN
            NULL;
        END;
    END LOOP;
END $$;
TABLE names;
CALL check_exact();
-- A failing statement, and a failing constraint, inside.
DO $$
BEGIN
    BEGIN
        INSERT INTO tb_user VALUES (6, uuid_of(1, 6), 'six'), (1, uuid_of(1, 7), 'twice');
    EXCEPTION WHEN unique_violation THEN
        INSERT INTO tb_user VALUES (6, uuid_of(1, 6), 'instead');
    END;
    BEGIN
        UPDATE tb_user SET name = 'unreferred' WHERE pk_user = 1;
        PERFORM 1 FROM tv_user;
        DELETE FROM tb_user WHERE pk_user = 1;
    EXCEPTION WHEN foreign_key_violation THEN
        NULL;
    END;
END $$;
TABLE names;
CALL check_exact();

-- A document that cannot be built, at a read inside a savepoint: the transaction goes on.
CREATE TABLE tv_ratio AS SELECT pk_user AS pk_ratio, 100 / length(name) AS ratio FROM tb_user;
BEGIN;
UPDATE tb_user SET name = 'fine' WHERE pk_user = 2;
SAVEPOINT one;
UPDATE tb_user SET name = '' WHERE pk_user = 3;
\set SHOW_CONTEXT never
SELECT count(*) FROM tv_ratio;
\set SHOW_CONTEXT errors
ROLLBACK TO one;
SELECT ratio FROM tv_ratio WHERE pk_ratio = 2;
COMMIT;
CALL check_exact();

-- A TVIEW made inside a savepoint, kept and rolled back, with writes at both levels.
BEGIN;
UPDATE tb_user SET name = 'x' WHERE pk_user = 1;
SAVEPOINT one;
CREATE TABLE tv_short AS SELECT pk_user AS pk_short, name FROM tb_user;
UPDATE tb_user SET name = 'y' WHERE pk_user = 2;
SELECT name FROM tv_short WHERE pk_short = 2;
ROLLBACK TO one;
UPDATE tb_user SET name = 'z' WHERE pk_user = 3;
SAVEPOINT two;
CREATE TABLE tv_short AS SELECT pk_user AS pk_short, upper(name) AS name FROM tb_user;
UPDATE tb_user SET name = 'u' WHERE pk_user = 2;
RELEASE two;
DROP TABLE tv_ratio;
UPDATE tb_user SET name = 'v' WHERE pk_user = 6;
COMMIT;
CALL check_exact();
SELECT string_agg(name, ' ' ORDER BY pk_short) FROM tv_short;
BEGIN;
UPDATE tb_user SET name = 'w' WHERE pk_user = 6;
SAVEPOINT one;
DROP TABLE tv_short;
UPDATE tb_user SET name = 'x' WHERE pk_user = 6;
ROLLBACK TO one;
COMMIT;
CALL check_exact();
SELECT string_agg(name, ' ' ORDER BY pk_short) FROM tv_short;

-- REPEATABLE READ.
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_user SET name = 'rr outer' WHERE pk_user = 1;
SAVEPOINT one;
UPDATE tb_user SET name = 'rr inner' WHERE pk_user = 2;
TABLE names;
ROLLBACK TO one;
TABLE names;
COMMIT;
CALL check_exact();

-- A TVIEW that is to be compared in full is dropped in a savepoint, where a flush finds it gone; then it is back.
CREATE FUNCTION plus(integer) RETURNS integer LANGUAGE sql STABLE AS 'SELECT $1 + 1';
CREATE TABLE tb_part (pk_part integer PRIMARY KEY, n integer);
INSERT INTO tb_part VALUES (1, 1);
CREATE TABLE tv_plus AS SELECT pk_part AS pk_plus, plus(n) AS n FROM tb_part;
CREATE TABLE tv_other AS SELECT pk_user AS pk_other, name FROM tb_user;
BEGIN;
CREATE OR REPLACE FUNCTION plus(integer) RETURNS integer LANGUAGE sql STABLE AS 'SELECT $1 + 100';
SAVEPOINT one;
DROP TABLE tv_plus;
UPDATE tb_user SET name = name || '!';
SELECT count(*) > 0 AS flushed FROM tv_other;
ROLLBACK TO one;
COMMIT;
SELECT pk_plus, n FROM tv_plus;
CALL check_exact();
-- The same with queues, which DDL writes; at every level, in savepoints that are rolled back before anybody looks at them.
SELECT pg_tviews_set_refresh_mode(tv, 'manual') FROM unnest('{tv_plus,tv_other}'::regclass[]) AS tv;
BEGIN;
CREATE OR REPLACE FUNCTION plus(integer) RETURNS integer LANGUAGE sql STABLE AS 'SELECT $1 + 1000';
SAVEPOINT one;
DROP TABLE tv_plus;
UPDATE tb_user SET name = name || '?';
CREATE TABLE tb_nothing ();
ROLLBACK TO one;
COMMIT;
SELECT pg_tviews_apply() > 0 AS applied;
SELECT pk_plus, n FROM tv_plus;
CALL check_exact();
BEGIN;
UPDATE tb_part SET n = 2;
SAVEPOINT one;
CREATE TABLE tb_nothing ();
ROLLBACK TO one;
COMMIT;
SELECT pg_tviews_apply() AS applied;
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_part SET n = 3;
SAVEPOINT one;
CREATE TABLE tb_nothing ();
ROLLBACK TO one;
COMMIT;
SELECT pg_tviews_apply() AS applied;
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE tb_part SET n = 4;
SAVEPOINT one;
CREATE TABLE tb_nothing ();
ROLLBACK TO one;
COMMIT;
SELECT pg_tviews_apply() AS applied;
SELECT pk_plus, n FROM tv_plus;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_savepoints CASCADE;
