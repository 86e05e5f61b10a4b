-- Names: capitals, spaces, quotes, percent and dollar signs everywhere; the same entity in several schemas; names already taken.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "s_names %s $1 "" '' \ é";
SET search_path = "s_names %s $1 "" '' \ é", public;
\i :schema

CREATE TABLE "tb_My ""Thing"" 'x' %I $1 \ é;" (
    "pk_My ""Thing"" 'x' %I $1 \ é;" int PRIMARY KEY,
    "The Name %s"  text,
    "select"       int REFERENCES tb_user,
    "fk_Über $2"   int
);
CREATE TABLE "Other.Table" ("fk.thing" int, "?column?" text, k1 int, q int, v int, t int);
CREATE INDEX "Index %s 'x'" ON "Other.Table" ("fk.thing");
INSERT INTO "tb_My ""Thing"" 'x' %I $1 \ é;" VALUES (1, 'one', 1, 1), (2, 'two', 2, 2);
INSERT INTO "Other.Table" VALUES (1, 'x', 1, 1, 1, 1);
CREATE TABLE "tv_My ""Thing"" 'x' %I $1 \ é;" AS
SELECT "pk_My ""Thing"" 'x' %I $1 \ é;", "The Name %s" AS "data %", u.name AS "A ""b"" c", "fk_Über $2", u.id AS "Mixed_id",
       o."?column?", o.k1, o.q, o.v, o.t, '%s $1 ''"' AS " "
FROM "tb_My ""Thing"" 'x' %I $1 \ é;" t JOIN tb_user u ON u.pk_user = t."select"
LEFT JOIN "Other.Table" o ON o."fk.thing" = t."pk_My ""Thing"" 'x' %I $1 \ é;";
CALL check_exact();
UPDATE tb_user SET name = upper(name);
UPDATE "Other.Table" SET "fk.thing" = 2, v = NULL, "?column?" = 'd';
INSERT INTO "tb_My ""Thing"" 'x' %I $1 \ é;" VALUES (3, 'three', 3, NULL);
CALL check_exact();
UPDATE "tb_My ""Thing"" 'x' %I $1 \ é;" SET "pk_My ""Thing"" 'x' %I $1 \ é;" = 4, "The Name %s" = '%s' WHERE "select" = 2;
DELETE FROM "tb_My ""Thing"" 'x' %I $1 \ é;" WHERE "select" = 1;
CALL check_exact();
SELECT pg_tviews_explain('"tv_My ""Thing"" ''x'' %I $1 \ é;"');
SELECT entity, view, key_columns, fk_columns, dependencies FROM pg_tview_meta \gx
SELECT tview, backing_view FROM pg_tviews_registry \gx
SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'tv\_My%' ORDER BY 1;
TRUNCATE "tb_My ""Thing"" 'x' %I $1 \ é;";
CALL check_exact();
UPDATE "tv_My ""Thing"" 'x' %I $1 \ é;" SET "data %" = 'never there';
INSERT INTO "tv_My ""Thing"" 'x' %I $1 \ é;" ("pk_My ""Thing"" 'x' %I $1 \ é;") VALUES (99);
SELECT key, difference FROM pg_tviews_verify('"tv_My ""Thing"" ''x'' %I $1 \ é;"');
SELECT tview_name, inserted, updated, deleted FROM pg_tviews_refresh('"tv_My ""Thing"" ''x'' %I $1 \ é;"');
SELECT pg_tviews_drop('"tv_My ""Thing"" ''x'' %I $1 \ é;"');
SELECT left_behind();

-- Columns named as in the extension's own statements.
CREATE TABLE tb_inner (pk_inner int PRIMARY KEY, c1 int, k1 int, x int, y int, q int, v int, t int, d int, old_rows int, new_rows int);
INSERT INTO tb_inner VALUES (1, 1, 1, 1);
CREATE TABLE tv_inner AS TABLE tb_inner;
UPDATE tb_inner SET q = NULL, c1 = 2;
INSERT INTO tb_inner VALUES (2);
CALL check_exact();
DROP TABLE tv_inner;
CALL attempt('CREATE TABLE tv_inner AS SELECT pk_inner, c1 AS "?found" FROM tb_inner');
CALL attempt('CREATE TABLE tv_inner AS SELECT pk_inner, c1 AS "?tid" FROM tb_inner');
CALL attempt('CREATE TABLE tv_inner AS SELECT pk_inner, c1 AS "?action" FROM tb_inner');
CALL attempt('CREATE TABLE tv_inner AS SELECT pk_inner, c1 AS "?key" FROM tb_inner');

-- By pg_tviews_create(), with keys that need quoting.
SELECT pg_tviews_create('"tv_Big Key"', 'SELECT "pk_My ""Thing"" ''x'' %I $1 \ é;" AS "The ""Key""", "select" AS "order", "The Name %s" FROM
                         "tb_My ""Thing"" ''x'' %I $1 \ é;"', '{"key": ["The \"Key\"", "order"]}');
INSERT INTO "tb_My ""Thing"" 'x' %I $1 \ é;" VALUES (5, 'five', 1, 1);
CALL check_exact();
SELECT entity, key_columns, options FROM pg_tview_meta;
UPDATE "tv_Big Key" SET "The Name %s" = 'other';
SELECT key, difference FROM pg_tviews_verify('"tv_Big Key"');
DROP TABLE "tv_Big Key";

-- The role and the database may have such names as well: roles appear in privileges and in the audit log.
CREATE ROLE "regress Odd ""role"" %s";
GRANT USAGE, CREATE ON SCHEMA "s_names %s $1 "" '' \ é" TO "regress Odd ""role"" %s";
GRANT SELECT, TRIGGER ON tb_user TO "regress Odd ""role"" %s";
SET ROLE "regress Odd ""role"" %s";
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
RESET ROLE;
UPDATE tb_user SET name = lower(name);
ALTER TABLE tv_user OWNER TO postgres;
ALTER TABLE tv_user OWNER TO "regress Odd ""role"" %s";
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('tv_user', 'v_user') ORDER BY 1;
CALL check_exact();
DROP OWNED BY "regress Odd ""role"" %s";
DROP ROLE "regress Odd ""role"" %s";
SELECT left_behind();

-- One entity in several schemas, over the same table and over each schema's own.
CREATE SCHEMA s_names_1;
CREATE SCHEMA s_names_2;
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
CREATE TABLE s_names_1.tv_user AS SELECT pk_user, upper(name) AS name FROM tb_user;
CREATE TABLE s_names_2.tb_user (pk_user int, name text);
SET search_path = s_names_2, "s_names %s $1 "" '' \ é", public;
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
INSERT INTO s_names_2.tb_user VALUES (7, 'Seven');
SET search_path = "s_names %s $1 "" '' \ é", public;
UPDATE tb_user SET name = initcap(name) || '!';
SELECT schema, entity, view FROM pg_tview_meta ORDER BY 1;
CALL check_exact();
SELECT name FROM s_names_1.tv_user WHERE pk_user = 1;
DROP TABLE s_names_1.tv_user;
UPDATE tb_user SET name = 'x' WHERE pk_user = 1;
CALL check_exact();

-- The application owns v_<entity> already, as a view, a table, an index; also the next name.
CREATE VIEW s_names_1.v_user AS SELECT 1 AS mine;
CREATE TABLE s_names_1.v_post (mine int);
CREATE TABLE s_names_1.plain (mine int);
CREATE INDEX v_comment ON s_names_1.plain (mine);
CREATE VIEW s_names_1.v_comment_tview AS SELECT 2 AS mine;
CREATE SEQUENCE s_names_1.v_comment_tview2;
CREATE TABLE s_names_1.tv_user AS SELECT pk_user, name FROM tb_user;
CREATE TABLE s_names_1.tv_post AS SELECT pk_post, title FROM tb_post;
CREATE TABLE s_names_1.tv_comment AS SELECT pk_comment, body FROM tb_comment;
SELECT "table", view FROM pg_tview_meta WHERE schema = 's_names_1' ORDER BY entity;
UPDATE tb_user SET name = 'y' WHERE pk_user = 1;
UPDATE tb_comment SET body = 'z';
CALL check_exact();
DROP TABLE s_names_1.tv_user, s_names_1.tv_post, s_names_1.tv_comment;
SELECT relname, relkind FROM pg_class WHERE relnamespace = 's_names_1'::regnamespace ORDER BY 1;
-- With a name that leaves no room for another ending.
SELECT format('CREATE VIEW s_names_1.v_%s AS SELECT 1 AS mine', repeat('e', 60)) \gexec
SELECT format('CREATE VIEW s_names_1.v_%s_tview AS SELECT 1 AS mine', repeat('e', 55)) \gexec
SELECT pg_tviews_create('s_names_1.tv_' || repeat('e', 60), 'SELECT pk_user, name FROM tb_user', '{"key": "pk_user"}');
SELECT count(DISTINCT view) FROM pg_tview_meta WHERE schema = 's_names_1';
UPDATE tb_user SET name = 'w' WHERE pk_user = 1;
SELECT documents, verify, oracle FROM exact();
SET client_min_messages = warning;
DROP SCHEMA s_names_1, s_names_2 CASCADE;
RESET client_min_messages;

-- Written, read and flushed under other settings of search_path: empty, hostile, without pg_catalog in front.
DROP TABLE tv_user;
CREATE TABLE tv_user AS SELECT u.pk_user, lower(u.name) || ':' || count(p.*) AS name
    FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user WHERE u.pk_user = ANY (ARRAY[1, 2, 3]) GROUP BY u.pk_user;
SET search_path = '';
UPDATE "s_names %s $1 "" '' \ é".tb_user SET name = 'Empty' WHERE pk_user = 1;
SELECT pk_user, name FROM "s_names %s $1 "" '' \ é".tv_user ORDER BY 1;
BEGIN;
UPDATE "s_names %s $1 "" '' \ é".tb_user SET name = 'Empty 2' WHERE pk_user = 1;
SELECT name FROM "s_names %s $1 "" '' \ é".tv_user WHERE pk_user = 1;
COMMIT;
CREATE SCHEMA s_hostile;
CREATE FUNCTION s_hostile.lower(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'hostile' $$;
CREATE FUNCTION s_hostile.unnest(int[]) RETURNS SETOF int LANGUAGE sql AS $$ SELECT 1 WHERE false $$;
CREATE FUNCTION s_hostile.never(int, int) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
CREATE OPERATOR s_hostile.= (LEFTARG = int, RIGHTARG = int, FUNCTION = s_hostile.never);
CREATE TABLE s_hostile.tb_user (pk_user int, name text);
CREATE TABLE s_hostile.pg_tview_meta (a int);
SET search_path = s_hostile, pg_catalog, "s_names %s $1 "" '' \ é", public;
UPDATE "s_names %s $1 "" '' \ é".tb_user SET name = 'Enemy' WHERE pk_user < 3;
INSERT INTO "s_names %s $1 "" '' \ é".tb_post VALUES (20, uuid_of(2, 20), 3, 'Six');
SELECT pk_user, name FROM tv_user ORDER BY 1;
SELECT count(*) FROM pg_tviews_verify(NULL);
CREATE TABLE "s_names %s $1 "" '' \ é".tv_post AS SELECT pk_post, title FROM "s_names %s $1 "" '' \ é".tb_post WHERE pk_post > 12;
UPDATE "s_names %s $1 "" '' \ é".tb_post SET title = 'Hostile';
SELECT count(*) FROM pg_tviews_verify(NULL);
SET search_path = "s_names %s $1 "" '' \ é", public;
CALL check_exact();
SELECT pk_post, title FROM tv_post ORDER BY 1;

SET client_min_messages = warning;
DROP SCHEMA s_hostile, "s_names %s $1 "" '' \ é" CASCADE;
