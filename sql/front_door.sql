-- The front door: CREATE TABLE tv_x AS SELECT becomes a TVIEW wherever it is executed.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_front_door;
SET search_path = s_front_door, public;
\i :schema

-- At top level.  The table, its backing view, key, indexes, triggers and catalog row.
CREATE TABLE tv_post AS SELECT p.pk_post, p.id, p.fk_user, jsonb_build_object('title', p.title, 'author', u.name) AS data
FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
\d tv_post
\d+ v_post
SELECT entity, schema, "table", view, dependencies, key_columns, columns, fk_columns, options FROM pg_tview_meta;
SELECT definition FROM pg_tview_meta;
SELECT tgrelid::regclass AS on, tgname, tgenabled FROM pg_trigger
    WHERE tgrelid IN ('tb_user'::regclass, 'tb_post'::regclass) AND NOT tgisinternal ORDER BY 1, 2;
SELECT pk_post, id, fk_user, data, updated_at IS NOT NULL AS stamped FROM tv_post ORDER BY pk_post;
UPDATE tb_user SET name = 'Ada L.' WHERE pk_user = 1;
SELECT pk_post, data FROM tv_post ORDER BY pk_post;
DROP TABLE tv_post;
SELECT left_behind();

-- In a DO block, static and dynamic.
DO $$
BEGIN
    CREATE TABLE tv_user AS SELECT pk_user, id, name FROM tb_user;
    EXECUTE 'CREATE TABLE tv_comment AS SELECT pk_comment, fk_post, body FROM tb_comment';
END $$;
SELECT * FROM exact();
DROP TABLE tv_user, tv_comment;

-- In a function: a static statement, whose parse tree is kept and run again, and EXECUTE.
CREATE FUNCTION make_static() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user WHERE pk_user < 3;
END $$;
CREATE FUNCTION make_dynamic(below int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE tv_post AS SELECT pk_post, title FROM tb_post WHERE pk_post < %s', below);
END $$;
CREATE FUNCTION make_sql() RETURNS void LANGUAGE sql AS
    'CREATE TABLE tv_comment AS WITH c AS (SELECT * FROM tb_comment) SELECT pk_comment, body FROM c';
SELECT make_static(), make_dynamic(13), make_sql();
INSERT INTO tb_user VALUES (0, uuid_of(1, 0), 'Zoe');
SELECT * FROM exact();
DROP TABLE tv_user, tv_post, tv_comment;
SELECT make_static(), make_dynamic(12), make_sql();
DELETE FROM tb_user WHERE pk_user = 0;
SELECT * FROM exact();
DROP TABLE tv_user, tv_post, tv_comment;
-- The same within one transaction, rolled back and repeated.
BEGIN;
SAVEPOINT before;
SELECT make_static();
ROLLBACK TO before;
SELECT left_behind();
SELECT make_static();
DROP TABLE tv_user;
SELECT make_static();
COMMIT;
SELECT * FROM exact();
DROP TABLE tv_user;

-- Such statements nest: the query of one calls a function that makes another.
CREATE FUNCTION make_and_count() RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE tv_inner AS SELECT pk_post AS pk_inner, title FROM tb_post;
    RETURN (SELECT count(*) FROM tv_inner);
END $$;
CREATE TABLE plain AS SELECT make_and_count();
TABLE plain;
SELECT * FROM exact();
DROP TABLE tv_inner, plain;

-- A failed statement leaves nothing that the next one could be taken for.
DO $$
BEGIN
    CREATE TABLE tv_user (a int);
    FOR i IN 1..3 LOOP
        BEGIN
            EXECUTE 'CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user';
        EXCEPTION WHEN duplicate_table THEN
            RAISE NOTICE '%', SQLERRM;
        END;
        EXECUTE 'CREATE TABLE plain_user_' || i || ' AS SELECT pk_user, name FROM tb_user';
    END LOOP;
END $$;
SELECT * FROM exact();
SELECT count(*) FROM plain_user_3;
DROP TABLE tv_user, plain_user_1, plain_user_2, plain_user_3;

-- Several statements in one string.
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user\; CREATE TABLE tv_post AS SELECT pk_post, title FROM tb_post\; UPDATE tb_user SET name = upper(name);
SELECT * FROM exact();
DROP TABLE tv_user, tv_post;

-- After earlier errors in the session, also such that hit the statement itself after it was recognised.
SELECT 1 / 0;
CREATE TABLE tv_user AS SELECT pk_user, 1 / (pk_user - 2) AS x FROM tb_user;
CREATE TABLE tv_user AS SELECT pk_user, nothing FROM tb_user;
CREATE TABLE tb_user AS SELECT 1;
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
UPDATE tb_user SET name = initcap(name);
SELECT * FROM exact();
SELECT left_behind();

-- IF NOT EXISTS: leaves an existing table alone, TVIEW or not, and makes what is missing.
CREATE TABLE IF NOT EXISTS tv_user AS SELECT pk_user, email FROM tb_user;
SELECT pk_user, name FROM tv_user ORDER BY pk_user LIMIT 1;
CREATE TABLE tv_plain (a int);
CREATE TABLE IF NOT EXISTS tv_plain AS SELECT pk_post AS pk_plain FROM tb_post;
TABLE tv_plain;
CREATE TABLE IF NOT EXISTS tv_post AS SELECT pk_post, title FROM tb_post;
SELECT * FROM exact();
DROP TABLE tv_plain, tv_post, tv_user;

-- A plain CREATE TABLE, LIKE, a view and a materialized view of such a name belong to the application.
CREATE TABLE tv_plain (pk_plain int PRIMARY KEY, data jsonb);
CREATE TABLE tv_copy (LIKE tb_user);
CREATE VIEW tv_view AS SELECT pk_user AS pk_view FROM tb_user;
CREATE MATERIALIZED VIEW tv_matview AS SELECT pk_user AS pk_matview FROM tb_user;
CREATE TABLE tv_ AS SELECT pk_user FROM tb_user;
CREATE TABLE my_tv_user AS SELECT pk_user FROM tb_user;
CREATE TABLE "TV_user" AS SELECT pk_user FROM tb_user;
SELECT count(*) FROM pg_tview_meta;
INSERT INTO tv_plain VALUES (1);
DROP TABLE tv_plain, tv_copy, tv_, my_tv_user, "TV_user";
DROP VIEW tv_view;
DROP MATERIALIZED VIEW tv_matview;

-- Interception can be turned off.
SET pg_tviews.intercept = off;
CREATE TABLE tv_user AS SELECT pk_user FROM tb_user;
SELECT left_behind();
DROP TABLE tv_user;
SELECT name, setting, context FROM pg_settings WHERE name = 'pg_tviews.intercept';
RESET pg_tviews.intercept;

-- Names: schema-qualified, from another search_path.
CREATE SCHEMA s_front_door_2;
SET search_path = public;
CREATE TABLE s_front_door_2.tv_user AS SELECT pk_user, name FROM s_front_door.tb_user;
SELECT schema, entity, "table", view FROM pg_tview_meta;
SELECT * FROM s_front_door.exact();
DROP SCHEMA s_front_door_2 CASCADE;
SET search_path = s_front_door, public;

-- Column names given to the table, all of them or the first few.
CREATE TABLE tv_user (pk_user, name, "E-mail") AS SELECT u.pk_user, u.name, u.email FROM tb_user u;
CREATE TABLE tv_post (pk_post) AS SELECT p.pk_post AS other, p.title FROM tb_post p;
CREATE TABLE tv_comment (pk_comment, x, y) AS SELECT pk_comment, body FROM tb_comment;
UPDATE tb_user SET email = NULL WHERE pk_user = 3;
UPDATE tb_post SET title = 'Uno' WHERE pk_post = 11;
TABLE v_user ORDER BY 1;
TABLE v_post ORDER BY 1;
SELECT * FROM exact();
DROP TABLE tv_user, tv_post;

-- Storage options.
CREATE TABLE tv_user WITH (fillfactor = 70) AS SELECT pk_user, name FROM tb_user;
CREATE UNLOGGED TABLE tv_post AS SELECT pk_post, title FROM tb_post;
CREATE TABLE tv_comment USING heap WITH (autovacuum_enabled = off) TABLESPACE pg_default AS SELECT pk_comment, body FROM tb_comment;
SELECT relname, relpersistence, reloptions FROM pg_class
    WHERE relnamespace = 's_front_door'::regnamespace AND relname LIKE 'tv\_%' AND relkind = 'r' ORDER BY 1;
CREATE TABLE tv_full WITH (fillfactor = 100) AS SELECT pk_user AS pk_full, name FROM tb_user;
SELECT reloptions FROM pg_class WHERE oid = 'tv_full'::regclass;
UPDATE tb_user SET name = name || '!';
UPDATE tb_post SET title = title || '!';
SELECT * FROM exact();

-- What EXPLAIN ANALYZE makes stays plain: PostgreSQL fires no event trigger there.
EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) CREATE TABLE tv_explained AS SELECT pk_user AS pk_explained FROM tb_user;
SELECT count(*) FROM pg_tview_meta WHERE entity = 'explained';

-- Queries of other forms than SELECT: VALUES, TABLE, WITH, set operations.
CREATE TABLE tv_value AS VALUES (1, 'a'), (2, 'b');
CREATE TABLE tv_value (pk_value, data) AS VALUES (1, 'a'), (2, 'b');
DROP TABLE tv_user;
CREATE TABLE tv_user AS TABLE tb_user;
CREATE TABLE tv_all AS SELECT pk_user AS pk_all, name FROM tb_user UNION ALL SELECT pk_post, title FROM tb_post;
CREATE TABLE tv_cte AS WITH u AS (SELECT * FROM tb_user) SELECT pk_user AS pk_cte, name FROM u;
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Dee', 'dee@example.com');
INSERT INTO tb_post VALUES (15, uuid_of(2, 15), 4, 'Five');
SELECT * FROM exact();

-- updated_at tells when a row changed; a query that outputs a column of that name keeps its own.
CREATE TABLE tb_own (pk_own int PRIMARY KEY, updated_at text);
INSERT INTO tb_own VALUES (1, 'long ago');
CREATE TABLE tv_own AS SELECT pk_own, updated_at FROM tb_own;
SELECT attname, atttypid::regtype, attnotnull FROM pg_attribute
    WHERE attname = 'updated_at' AND attrelid IN ('tv_own'::regclass, 'tv_cte'::regclass) ORDER BY attrelid;
UPDATE tb_own SET updated_at = 'now';
TABLE tv_own;
SELECT * FROM exact();

SET client_min_messages = warning;
DROP SCHEMA s_front_door CASCADE;
