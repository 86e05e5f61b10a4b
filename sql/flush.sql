-- Read your writes: whatever reads a TVIEW sees what the transaction's earlier statements did.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_flush;
SET search_path = s_flush, public;
\i :schema
\i :tviews
CREATE TABLE tv_one AS SELECT pk_user AS pk_one, name FROM tb_user WHERE pk_user = 1;

-- A plain SELECT, before and after; a join of two TVIEWs, a view over one, a subquery, a CTE, a set operation, SELECT FOR UPDATE.
CREATE VIEW titles AS SELECT pk_post, data ->> 'title' AS title FROM tv_post;
BEGIN;
UPDATE tb_user SET name = 'One' WHERE pk_user = 1;
TABLE v_one;
SELECT pk_one, name FROM tv_one;
UPDATE tb_user SET name = 'Two' WHERE pk_user = 1;
UPDATE tb_post SET title = 'Dos' WHERE pk_post = 12;
SELECT o.name, p.data ->> 'author' AS author, p.data ->> 'title' AS title
    FROM tv_one o JOIN tv_post p ON p.fk_user = o.pk_one ORDER BY p.pk_post;
UPDATE tb_post SET title = 'Tres' WHERE pk_post = 13;
TABLE titles ORDER BY pk_post;
UPDATE tb_user SET name = 'Three' WHERE pk_user = 1;
SELECT (SELECT name FROM tv_one) AS sub;
UPDATE tb_user SET name = 'Four' WHERE pk_user = 1;
WITH o AS MATERIALIZED (SELECT name FROM tv_one) TABLE o UNION ALL SELECT data ->> 'name' FROM tv_user WHERE pk_user = 1;
UPDATE tb_user SET name = 'Five' WHERE pk_user = 1;
SELECT name FROM tv_one FOR UPDATE;
DELETE FROM tb_user WHERE pk_user = 3;
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Dee');
SELECT count(*), max(pk_user) FROM tv_user;
TRUNCATE tb_comment;
SELECT count(*) FROM tv_comment;
ROLLBACK;
SELECT pk_one, name FROM tv_one;
CALL check_exact();

-- Cursors show the state at their declaration.
BEGIN;
DECLARE before CURSOR FOR SELECT name FROM tv_one;
UPDATE tb_user SET name = 'Cursor' WHERE pk_user = 1;
DECLARE after CURSOR FOR SELECT name FROM tv_one;
DECLARE held CURSOR WITH HOLD FOR SELECT name FROM tv_one;
DECLARE many SCROLL CURSOR FOR SELECT pk_post, data ->> 'author' AS author FROM tv_post ORDER BY pk_post;
FETCH 1 FROM many;
UPDATE tb_user SET name = 'Later' WHERE pk_user = 1;
FETCH ALL FROM before;
FETCH ALL FROM after;
SELECT name FROM tv_one;
FETCH ALL FROM many;
FETCH ABSOLUTE 1 FROM many;
UPDATE tb_user SET name = 'Last' WHERE pk_user = 1;
COMMIT;
FETCH ALL FROM held;
CLOSE held;
CALL check_exact();

-- COPY TO, by table and by query; INSERT ... SELECT, CREATE TABLE AS; UPDATE and DELETE that join a TVIEW.
BEGIN;
UPDATE tb_user SET name = 'Copy 1' WHERE pk_user = 1;
COPY tv_one (pk_one, name) TO stdout;
UPDATE tb_user SET name = 'Copy 2' WHERE pk_user = 1;
COPY (SELECT name FROM tv_one) TO stdout;
UPDATE tb_user SET name = 'Copy 3' WHERE pk_user = 1;
CREATE TABLE copied AS SELECT name FROM tv_one;
UPDATE tb_user SET name = 'Copy 4' WHERE pk_user = 1;
INSERT INTO copied SELECT name FROM tv_one;
UPDATE tb_user SET name = 'Copy 5' WHERE pk_user = 1;
UPDATE copied SET name = copied.name || ' -> ' || o.name FROM tv_one o;
TABLE copied ORDER BY 1;
UPDATE tb_user SET name = 'Copy 6' WHERE pk_user = 1;
SELECT name INTO TEMP chosen FROM tv_one;
TABLE chosen;
DELETE FROM tb_post WHERE pk_post = 14;
INSERT INTO tb_post VALUES (16, uuid_of(2, 16), 1, 'Six');
DELETE FROM tb_comment c USING tv_comment t WHERE t.pk_comment = c.pk_comment AND t.data ->> 'author' = 'Copy 6';
UPDATE tb_post p SET title = 'Busy' FROM tv_user u WHERE u.pk_user = p.fk_user AND (u.data ->> 'posts')::int = 3;
SELECT pk_post, data FROM tv_post ORDER BY pk_post;
COMMIT;
DROP TABLE copied, chosen;
CALL check_exact();

-- Functions: SQL and PL/pgSQL, STABLE and VOLATILE, twice in one statement, RETURN QUERY, with writes between reads.
CREATE FUNCTION name_stable() RETURNS text STABLE LANGUAGE sql BEGIN ATOMIC SELECT name FROM tv_one; END;
CREATE FUNCTION name_volatile() RETURNS text VOLATILE LANGUAGE sql AS 'SELECT name FROM tv_one';
CREATE FUNCTION name_plpgsql() RETURNS text STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT name FROM tv_one); END';
CREATE FUNCTION name_plpgsql_volatile() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT name FROM tv_one); END';
CREATE FUNCTION posts_of(author int) RETURNS TABLE (pk int, title text) STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT pk_post, data ->> 'title' FROM tv_post WHERE fk_user = author ORDER BY pk_post;
END $$;
CREATE FUNCTION rename(text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    seen text;
BEGIN
    UPDATE tb_user SET name = $1 WHERE pk_user = 1;
    SELECT name INTO seen FROM tv_one;
    UPDATE tb_user SET name = $1 || '!' WHERE pk_user = 1;
    RETURN seen || ' ' || (SELECT name FROM tv_one) || ' ' || name_stable() || ' ' || name_plpgsql();
END $$;
BEGIN;
UPDATE tb_user SET name = 'F1' WHERE pk_user = 1;
SELECT name_stable(), name_stable();
UPDATE tb_user SET name = 'F2' WHERE pk_user = 1;
SELECT name_plpgsql(), name_volatile(), name_plpgsql_volatile(), name_stable();
UPDATE tb_user SET name = 'F3' WHERE pk_user = 1;
SELECT pk_user, name_plpgsql() FROM tb_user ORDER BY 1;
UPDATE tb_post SET title = 'T3' WHERE pk_post = 11;
SELECT * FROM posts_of(1);
UPDATE tb_post SET title = 'T4' WHERE pk_post = 11;
SELECT u.pk_user, p.* FROM tb_user u, LATERAL posts_of(u.pk_user) p ORDER BY 1, 2;
SELECT rename('F5');
SELECT rename('F6'), rename('F7');
CREATE TABLE kept (name text);
UPDATE tb_user SET name = 'F8' WHERE pk_user = 1;
INSERT INTO kept SELECT name_plpgsql() UNION ALL SELECT name_stable() UNION ALL SELECT rename('F9');
TABLE kept ORDER BY 1;
UPDATE tb_user SET name = 'F10' WHERE pk_user = 1;
UPDATE kept SET name = name_plpgsql();
TABLE kept ORDER BY 1;
DO $$
DECLARE
    seen text;
BEGIN
    FOR i IN 1..3 LOOP
        UPDATE tb_user SET name = 'Loop ' || i WHERE pk_user = 1;
        FOR seen IN SELECT name FROM tv_one LOOP
            RAISE INFO '%', seen;
        END LOOP;
        PERFORM 1 FROM tv_one WHERE name = 'Loop ' || i;
        ASSERT FOUND;
        EXECUTE 'SELECT name FROM tv_one' INTO seen;
        ASSERT seen = name_plpgsql();
    END LOOP;
END $$;
COMMIT;
CALL check_exact();
-- The function writes and the query that calls it reads.
SELECT rename('G1'), (SELECT name FROM tv_one);
CALL check_exact();

-- EXPLAIN ANALYZE reads; EXPLAIN alone does not.
CREATE FUNCTION rows_read(query text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'Actual Rows';
END $$;
BEGIN;
UPDATE tb_user SET name = 'Explain' WHERE pk_user = 1;
EXPLAIN (COSTS off) SELECT name FROM tv_one;
SELECT rows_read('SELECT * FROM tv_one WHERE name = ''Explain''');
COMMIT;

-- Prepared statements, custom and generic plans.
PREPARE name_of(int) AS SELECT name FROM tv_one WHERE pk_one = $1;
SET plan_cache_mode = force_custom_plan;
BEGIN;
EXECUTE name_of(1);
UPDATE tb_user SET name = 'Custom' WHERE pk_user = 1;
EXECUTE name_of(1);
COMMIT;
SET plan_cache_mode = force_generic_plan;
BEGIN;
EXECUTE name_of(1);
UPDATE tb_user SET name = 'Generic' WHERE pk_user = 1;
EXECUTE name_of(1);
UPDATE tb_user SET name = 'Generic 2' WHERE pk_user = 1;
CREATE TABLE executed AS EXECUTE name_of(1);
UPDATE tb_user SET name = 'Generic 3' WHERE pk_user = 1;
SELECT rows_read('EXECUTE name_of(1)');
TABLE executed;
COMMIT;
EXECUTE name_of(1);
RESET plan_cache_mode;
DEALLOCATE name_of;
CALL check_exact();

-- Parallel plans, also such that read no TVIEW themselves but call a function that does.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET force_parallel_mode = on;
CREATE FUNCTION titles_safe(author int) RETURNS text STABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT string_agg(data ->> 'title', ',' ORDER BY pk_post) FROM tv_post WHERE fk_user = author);
END $$;
CREATE FUNCTION return_posts() RETURNS TABLE (n bigint, titles text) STABLE PARALLEL SAFE LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT count(*), string_agg(p.data ->> 'title', ',' ORDER BY p.pk_post)
        FROM tv_post p JOIN tv_user u ON u.pk_user = p.fk_user;
END $$;
BEGIN;
UPDATE tb_post SET title = 'P1' WHERE fk_user = 1;
SELECT count(*) FROM tv_post WHERE data ->> 'title' = 'P1';
UPDATE tb_post SET title = 'P2' WHERE fk_user = 1;
SELECT pk_user, titles_safe(pk_user) FROM tb_user ORDER BY 1;
UPDATE tb_post SET title = 'P3' WHERE fk_user = 1;
SELECT * FROM return_posts();
UPDATE tb_post SET title = 'P4' WHERE fk_user = 1;
COPY (SELECT count(*) FROM tv_post p JOIN tv_user u ON u.pk_user = p.fk_user WHERE p.data ->> 'title' = 'P4') TO stdout;
UPDATE tb_post SET title = 'P5' WHERE fk_user = 1;
CREATE TABLE counted AS SELECT count(*) FROM tv_post p JOIN tv_user u ON u.pk_user = p.fk_user WHERE p.data ->> 'title' = 'P5';
TABLE counted;
UPDATE tb_post SET title = 'P6' WHERE fk_user = 1;
SELECT count(*) FROM tv_post WHERE data ->> 'title' = 'P6' AND titles_safe(fk_user) LIKE '%P6%';
COMMIT;
RESET force_parallel_mode;
RESET min_parallel_table_scan_size;
RESET parallel_tuple_cost;
RESET parallel_setup_cost;
CALL check_exact();

-- Triggers on the base table: BEFORE and AFTER ROW ones see the TVIEW without their statement, AFTER STATEMENT ones with it.
CREATE FUNCTION show_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE INFO '% % sees %', TG_WHEN, TG_LEVEL, (SELECT name FROM tv_one);
    RETURN NEW;
END $$;
CREATE TRIGGER d BEFORE UPDATE ON tb_user FOR EACH STATEMENT EXECUTE FUNCTION show_name();
CREATE TRIGGER b BEFORE UPDATE ON tb_user FOR EACH ROW EXECUTE FUNCTION show_name();
CREATE TRIGGER c AFTER UPDATE ON tb_user FOR EACH ROW EXECUTE FUNCTION show_name();
CREATE TRIGGER "a" AFTER UPDATE ON tb_user FOR EACH STATEMENT EXECUTE FUNCTION show_name();
UPDATE tb_user SET name = 'Trigger' WHERE pk_user = 1;
BEGIN;
UPDATE tb_user SET name = 'Trigger 2' WHERE pk_user = 1;
UPDATE tb_user SET name = 'Trigger 3' WHERE pk_user = 1;
COMMIT;
DROP TRIGGER d ON tb_user;
DROP TRIGGER b ON tb_user;
DROP TRIGGER c ON tb_user;
DROP TRIGGER "a" ON tb_user;
CALL check_exact();

-- A foreign key that refers to a TVIEW: both rows in one transaction.
CREATE TABLE bookmark (fk_post int REFERENCES tv_post ON DELETE CASCADE);
BEGIN;
INSERT INTO tb_post VALUES (17, uuid_of(2, 17), 2, 'Referred');
INSERT INTO bookmark VALUES (17);
COMMIT;
INSERT INTO bookmark VALUES (18);
DELETE FROM tb_post WHERE pk_post = 17;
TABLE bookmark;
DROP TABLE bookmark;
CALL check_exact();

-- pg_tviews_flush(): how many documents it wrote; nothing is left for the next one.
BEGIN;
SELECT pg_tviews_flush();
UPDATE tb_user SET name = 'Flush' WHERE pk_user = 1;
INSERT INTO tb_user VALUES (5, uuid_of(1, 5), 'Five');
SELECT pg_tviews_flush(), pg_tviews_flush();
SELECT pg_tviews_flush();
COMMIT;

-- REPEATABLE READ and SERIALIZABLE see their own writes too.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT name FROM tv_one;
UPDATE tb_user SET name = 'Repeatable' WHERE pk_user = 1;
SELECT name FROM tv_one;
SELECT name_plpgsql();
UPDATE tb_user SET name = 'Repeatable 2' WHERE pk_user = 1;
COPY tv_one (pk_one, name) TO stdout;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE tb_user SET name = 'Serial' WHERE pk_user = 1;
SELECT name FROM tv_one;
UPDATE tb_user SET name = 'Serial 2' WHERE pk_user = 1;
SELECT name_stable();
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY;
SELECT name FROM tv_one;
COMMIT;
CALL check_exact();

-- A transaction that becomes read-only after its writes.
BEGIN;
UPDATE tb_user SET name = 'Read only' WHERE pk_user = 1;
SET TRANSACTION READ ONLY;
SELECT name FROM tv_one;
COMMIT;
BEGIN;
UPDATE tb_user SET name = 'Read only 2' WHERE pk_user = 1;
SET TRANSACTION READ ONLY;
COMMIT;
SELECT name FROM tv_one;
CALL check_exact();

-- DDL in the same transaction as writes.
BEGIN;
UPDATE tb_user SET name = 'DDL 1' WHERE pk_user = 1;
ALTER TABLE tb_user ADD COLUMN age int;
UPDATE tb_user SET name = 'DDL 2', age = 1 WHERE pk_user = 1;
ALTER TABLE tb_user DROP COLUMN email;
UPDATE tb_post SET title = 'DDL' WHERE pk_post = 11;
ALTER TABLE tb_post RENAME COLUMN title TO heading;
UPDATE tb_post SET heading = 'DDL 3' WHERE pk_post = 12;
CREATE INDEX ON tv_post ((data ->> 'title'));
SELECT pk_post, data ->> 'title' AS title FROM tv_post WHERE pk_post < 13 ORDER BY 1;
DELETE FROM tb_comment WHERE pk_comment = 104;
CREATE TABLE tv_heading AS SELECT pk_post AS pk_heading, heading FROM tb_post;
UPDATE tb_post SET heading = 'DDL 4' WHERE pk_post = 13;
DROP TABLE tv_comment;
ALTER TABLE tb_user ALTER COLUMN age TYPE bigint;
COMMIT;
CALL check_exact();
SELECT pk_heading, heading FROM tv_heading ORDER BY 1;
-- DDL that the documents themselves do not survive.
BEGIN;
SET LOCAL client_min_messages = warning;
INSERT INTO tb_post VALUES (19, uuid_of(2, 19), 1, 'Doomed');
DROP TABLE tb_post CASCADE;
COMMIT;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_flush CASCADE;
