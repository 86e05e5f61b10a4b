-- Other DDL: TVIEWs follow renames, new owners and schemas, and what changes a query's result without any row changing.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_follow;
SET search_path = s_follow, public;
\i :schema
\i :tviews
CREATE TABLE tv_whole AS SELECT pk_user AS pk_whole, to_jsonb(u) AS data FROM tb_user u;

-- Columns, tables, views and schemas renamed: the definition's text follows, writes are captured.
ALTER TABLE tb_post RENAME COLUMN title TO heading;
UPDATE tb_post SET heading = upper(heading);
CALL check_exact();
ALTER TABLE tb_comment RENAME TO tb_remark;
UPDATE tb_remark SET body = upper(body);
CALL check_exact();
ALTER TABLE tb_user RENAME COLUMN pk_user TO pk_person;
UPDATE tb_user SET name = name || '!', pk_person = pk_person + 10;
CALL check_exact();
SELECT definition FROM pg_tview_meta WHERE entity = 'comment';
ALTER TABLE tb_remark RENAME TO tb_comment;
ALTER TABLE tb_user RENAME COLUMN pk_person TO pk_user;
ALTER TABLE tb_post RENAME COLUMN heading TO title;
ALTER SCHEMA s_follow RENAME TO s_follow_2;
SET search_path = s_follow_2, public;
UPDATE tb_user SET name = lower(name);
DELETE FROM tb_comment WHERE pk_comment = 105;
CALL check_exact();
SELECT schema, entity, "table", view FROM pg_tview_meta ORDER BY 2;
SELECT definition FROM pg_tview_meta WHERE entity = 'comment';
ALTER SCHEMA s_follow_2 RENAME TO s_follow;
SET search_path = s_follow, public;
UPDATE tb_user SET name = initcap(name);
CALL check_exact();

-- The TVIEW's own table and view renamed and moved.
ALTER TABLE tv_whole RENAME TO tv_person;
SELECT entity, "table", view FROM pg_tview_meta WHERE entity IN ('whole', 'person');
UPDATE tb_user SET name = name || '?' WHERE pk_user = 11;
CALL check_exact();
ALTER VIEW v_whole RENAME TO v_person;
UPDATE tb_user SET name = name || '?' WHERE pk_user = 11;
CALL check_exact();
CREATE SCHEMA s_follow_2;
ALTER TABLE tv_person SET SCHEMA s_follow_2;
UPDATE tb_user SET name = name || '?' WHERE pk_user = 11;
CALL check_exact();
ALTER VIEW v_person SET SCHEMA s_follow_2;
ALTER TABLE tb_user SET SCHEMA s_follow_2;
UPDATE s_follow_2.tb_user SET name = name || '?' WHERE pk_user = 11;
SELECT schema, entity, "table", view FROM pg_tview_meta WHERE entity = 'person';
CALL check_exact();
ALTER TABLE s_follow_2.tb_user SET SCHEMA s_follow;
ALTER TABLE s_follow_2.tv_person SET SCHEMA s_follow;
ALTER VIEW s_follow_2.v_person SET SCHEMA s_follow;
CALL attempt('ALTER TABLE tv_person RENAME TO person');
ALTER TABLE tv_person RENAME TO tv_whole;
ALTER VIEW v_person RENAME TO v_whole;
UPDATE tb_user SET name = replace(name, '?', '');
CALL check_exact();

-- Owners: the view follows the table, and documents are built with the new owner's rights.
CREATE ROLE regress_tviews_follow;
GRANT USAGE, CREATE ON SCHEMA s_follow TO regress_tviews_follow;
GRANT SELECT ON ALL TABLES IN SCHEMA s_follow TO regress_tviews_follow;
ALTER TABLE tv_user OWNER TO regress_tviews_follow;
SELECT relname, relowner::regrole = 'regress_tviews_follow'::regrole AS new_owner FROM pg_class WHERE oid IN ('tv_user'::regclass, 'v_user'::regclass) ORDER BY 1;
SELECT owner = 'regress_tviews_follow' AS new_owner FROM pg_tviews_registry WHERE entity = 'user';
UPDATE tb_user SET name = 'Owned' WHERE pk_user = 12;
CALL check_exact();
REASSIGN OWNED BY regress_tviews_follow TO CURRENT_USER;
SELECT owner = current_user AS back FROM pg_tviews_registry WHERE entity = 'user';
REVOKE ALL ON SCHEMA s_follow FROM regress_tviews_follow;
REVOKE ALL ON ALL TABLES IN SCHEMA s_follow FROM regress_tviews_follow;
UPDATE tb_user SET name = 'Back' WHERE pk_user = 12;
CALL check_exact();
DROP ROLE regress_tviews_follow;

-- Whole rows: columns added, renamed, dropped.
ALTER TABLE tb_user ADD COLUMN age int DEFAULT 7;
CALL check_exact();
SELECT data FROM tv_whole WHERE pk_whole = 12;
UPDATE tb_user SET age = age + 1 WHERE pk_user = 12;
CALL check_exact();
ALTER TABLE tb_user RENAME COLUMN age TO years;
CALL check_exact();
ALTER TABLE tb_user ALTER COLUMN years TYPE numeric(5, 1);
CALL check_exact();
BEGIN;
UPDATE tb_user SET years = 99 WHERE pk_user = 11;
ALTER TABLE tb_user DROP COLUMN years;
UPDATE tb_user SET name = 'No years' WHERE pk_user = 12;
SELECT data FROM tv_whole ORDER BY pk_whole;
COMMIT;
CALL check_exact();
ALTER TABLE tb_user ADD COLUMN a int, ADD COLUMN b text DEFAULT 'b';
BEGIN;
ALTER TABLE tb_user RENAME COLUMN b TO c;
ROLLBACK;
CALL check_exact();
ALTER TABLE tb_user DROP COLUMN a, DROP COLUMN b;
CALL check_exact();

-- Types: an enum value renamed and added, a composite type changed, a domain's constraint.
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE place AS (x int, y int);
CREATE DOMAIN short AS text CHECK (length(VALUE) < 20);
CREATE TABLE tb_day (pk_day int PRIMARY KEY, mood mood, moods mood[], place place, note short);
INSERT INTO tb_day VALUES (1, 'good', '{good,bad}', '(1,2)', 'fine'), (2, 'bad', '{}', '(3,4)', NULL);
CREATE TABLE tv_day AS SELECT pk_day, mood, jsonb_build_object('mood', mood, 'moods', moods, 'place', place, 'note', note) AS data FROM tb_day;
CREATE TABLE tv_moods AS SELECT pk_day AS pk_moods, to_jsonb(moods) AS data FROM tb_day;
CREATE TABLE tv_mood AS SELECT d.pk_day AS pk_mood, d.mood::text AS mood, row_to_json(d)::jsonb AS data FROM tb_day d;
ALTER TYPE mood RENAME VALUE 'bad' TO 'awful';
CALL check_exact();
SELECT pk_day, data FROM tv_day ORDER BY 1;
ALTER TYPE mood ADD VALUE 'so-so' BEFORE 'awful';
UPDATE tb_day SET mood = 'so-so';
CALL check_exact();
ALTER TYPE place RENAME ATTRIBUTE y TO z;
CALL check_exact();
ALTER TYPE place ADD ATTRIBUTE w text CASCADE;
CALL check_exact();
SELECT pk_day, data FROM tv_day ORDER BY 1;
ALTER TYPE mood RENAME TO temper;
ALTER DOMAIN short ADD CHECK (VALUE <> '');
ALTER DOMAIN short RENAME TO brief;
UPDATE tb_day SET note = 'x', moods = '{awful}';
CALL check_exact();
-- Inside other types: arrays, domains, composite types, rows of a table.
CREATE DOMAIN temper_here AS temper CHECK (VALUE <> 'so-so');
CREATE TYPE spot AS (place place, temper temper_here);
CREATE TABLE tb_deep (pk_deep int PRIMARY KEY, spots spot[], day tb_day);
INSERT INTO tb_deep SELECT 1, ARRAY[ROW((1, 2, 'w'), 'awful')::spot], d FROM tb_day d WHERE pk_day = 1;
CREATE TABLE tv_deep AS SELECT pk_deep, to_jsonb(spots) AS spots, to_jsonb(day) AS day FROM tb_deep;
ALTER TYPE temper RENAME VALUE 'awful' TO 'dire';
CALL check_exact();
ALTER TYPE place RENAME ATTRIBUTE x TO v;
CALL check_exact();
ALTER TYPE spot ADD ATTRIBUTE more int CASCADE;
CALL check_exact();
ALTER TABLE tb_day RENAME COLUMN note TO remark;
CALL check_exact();
SELECT * FROM tv_deep \gset
\echo :spots
\echo :day
DROP TABLE tv_day, tv_mood, tv_moods, tv_deep;

-- Functions, operators, casts, views that a definition uses, replaced and renamed.
CREATE FUNCTION greet(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'Hello ' || $1 $$;
CREATE FUNCTION greet_plpgsql(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'Hello ' || $1; END $$;
CREATE VIEW person AS SELECT pk_user, name FROM tb_user;
CREATE TABLE tv_hello AS SELECT pk_user AS pk_hello, greet(name) AS a, greet_plpgsql(name) AS b FROM tb_user;
CREATE TABLE tv_person AS SELECT pk_user AS pk_person, name FROM person;
CREATE OR REPLACE FUNCTION greet(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'Bye ' || $1 $$;
CALL check_exact();
BEGIN;
CREATE OR REPLACE FUNCTION greet_plpgsql(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'Bye ' || $1; END $$;
SELECT a, b FROM tv_hello WHERE pk_hello = 12;
ROLLBACK;
CALL check_exact();
ALTER FUNCTION greet(text) RENAME TO salute;
UPDATE tb_user SET name = 'Renamed' WHERE pk_user = 12;
CALL check_exact();
SELECT a, b FROM tv_hello WHERE pk_hello = 12;
CREATE OR REPLACE FUNCTION salute(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT 'Hi ' || $1 $$;
CALL check_exact();
-- Functions behind an operator, an aggregate, another function, a cast.
CREATE FUNCTION same(int, int) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 = $2';
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = same);
CREATE FUNCTION next(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 1';
CREATE FUNCTION after(int) RETURNS int IMMUTABLE LANGUAGE sql BEGIN ATOMIC SELECT next($1); END;
CREATE FUNCTION add(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + $2';
CREATE AGGREGATE total(int) (SFUNC = add, STYPE = int, INITCOND = '0');
CREATE TYPE tag AS (t text);
CREATE FUNCTION as_tag(int) RETURNS tag IMMUTABLE LANGUAGE sql AS $$ SELECT ROW('a' || $1)::tag $$;
CREATE CAST (int AS tag) WITH FUNCTION as_tag(int);
CREATE TABLE tv_math AS SELECT fk_user AS pk_math, total(pk_post) AS total, fk_user === 11 AS same, after(fk_user) AS after, (fk_user::tag).t AS tag
    FROM tb_post GROUP BY fk_user;
CREATE OR REPLACE FUNCTION same(int, int) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 <> $2';
CALL check_exact();
CREATE OR REPLACE FUNCTION next(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 + 2';
CALL check_exact();
CREATE OR REPLACE FUNCTION add(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 - $2';
CALL check_exact();
CREATE OR REPLACE FUNCTION as_tag(int) RETURNS tag IMMUTABLE LANGUAGE sql AS $$ SELECT ROW('b' || $1)::tag $$;
CALL check_exact();
SELECT pk_math, total, same, after, tag FROM tv_math ORDER BY 1;
DROP TABLE tv_math;
-- A view in between: other expressions, and other tables to watch.
CREATE OR REPLACE VIEW person AS SELECT pk_user, upper(name) AS name FROM tb_user;
CALL check_exact();
CREATE OR REPLACE VIEW person AS SELECT u.pk_user, u.name || ' ' || count(p) AS name FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user GROUP BY u.pk_user;
CALL check_exact();
SELECT dependencies FROM pg_tview_meta WHERE entity = 'person';
INSERT INTO tb_post VALUES (21, uuid_of(2, 21), 12, 'Counted');
CALL check_exact();
CREATE TABLE tb_nickname (fk_user int, nickname text);
CREATE OR REPLACE VIEW person AS SELECT u.pk_user, coalesce(n.nickname, u.name) AS name FROM tb_user u LEFT JOIN tb_nickname n ON n.fk_user = u.pk_user;
INSERT INTO tb_nickname VALUES (12, 'Nick');
CALL check_exact();
SELECT dependencies FROM pg_tview_meta WHERE entity = 'person';
CREATE OR REPLACE VIEW person AS SELECT pk_user, name FROM tb_user;
CALL check_exact();
SELECT tgname FROM pg_trigger WHERE tgrelid = 'tb_nickname'::regclass;
UPDATE tb_nickname SET nickname = 'None';
ALTER VIEW person RENAME TO human;
UPDATE tb_user SET name = 'Human' WHERE pk_user = 12;
CALL check_exact();
-- What would make the view's query impossible to maintain is refused.
CALL attempt('CREATE OR REPLACE VIEW human AS SELECT pk_user, random()::text AS name FROM tb_user');
CALL check_exact();

-- The backing view itself.
CREATE OR REPLACE VIEW v_person AS SELECT pk_user AS pk_person, lower(name) AS name FROM human;
CALL check_exact();
CREATE OR REPLACE VIEW v_person AS SELECT u.pk_user AS pk_person, lower(u.name) || count(p) AS name FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user GROUP BY u.pk_user;
INSERT INTO tb_post VALUES (22, uuid_of(2, 22), 12, 'Counted too');
CALL check_exact();
SELECT dependencies FROM pg_tview_meta WHERE entity = 'person';
CALL attempt('CREATE OR REPLACE VIEW v_person AS SELECT 1 AS pk_person, name FROM tb_user; SELECT pg_tviews_flush()');
CALL check_exact();

-- Columns of the TVIEW's own table.
CALL attempt('ALTER TABLE tv_hello DROP COLUMN a');
CALL attempt('ALTER TABLE tv_hello RENAME COLUMN a TO c');
CALL attempt('ALTER TABLE tv_hello ALTER COLUMN a TYPE varchar');
CALL attempt('ALTER TABLE tv_hello DROP CONSTRAINT tv_hello_pkey');
ALTER TABLE tv_hello ADD COLUMN seen boolean DEFAULT false;
CREATE INDEX ON tv_hello (b);
ALTER TABLE tv_hello SET (fillfactor = 60);
COMMENT ON TABLE tv_hello IS 'greetings';
UPDATE tb_user SET name = 'Extra' WHERE pk_user = 12;
SELECT a, b, seen FROM tv_hello WHERE pk_hello = 12;
CALL check_exact();

-- Base tables: constraints, indexes, defaults, generated columns, row-level security, clustering do not matter.
ALTER TABLE tb_user ADD CHECK (name <> ''), ALTER COLUMN email SET DEFAULT '';
CREATE INDEX ON tb_user (name);
ALTER TABLE tb_user ADD COLUMN shout text GENERATED ALWAYS AS (upper(name)) STORED;
CREATE TABLE tv_shout AS SELECT pk_user AS pk_shout, shout FROM tb_user;
UPDATE tb_user SET name = 'Generated' WHERE pk_user = 12;
SELECT shout FROM tv_shout WHERE pk_shout = 12;
ALTER TABLE tb_user CLUSTER ON tb_user_pkey;
CLUSTER tb_user;
CLUSTER tv_shout USING tv_shout_pkey;
VACUUM FULL tb_user, tv_shout;
REINDEX TABLE tv_shout;
ANALYZE;
UPDATE tb_user SET name = 'Clustered' WHERE pk_user = 12;
CALL check_exact();

-- A composite type's attributes are the columns of its tables, and of their partitions.
CREATE TYPE "Line" AS (pk int, note text);
CREATE TABLE tb_typed OF "Line" (PRIMARY KEY (pk)) PARTITION BY HASH (pk);
CREATE TABLE tb_typed_0 PARTITION OF tb_typed FOR VALUES WITH (MODULUS 1, REMAINDER 0);
INSERT INTO tb_typed VALUES (1, '5');
CREATE TABLE tv_typed AS SELECT t.pk AS pk_typed, to_jsonb(t) AS data FROM tb_typed t;
CREATE TABLE tv_typed_part AS SELECT t.pk AS pk_typed_part, to_jsonb(t) AS data FROM tb_typed_0 t;
ALTER TYPE "Line" RENAME ATTRIBUTE note TO text CASCADE;
SELECT t.data, p.data AS part FROM tv_typed t, tv_typed_part p;
ALTER TYPE "Line" ADD ATTRIBUTE more int CASCADE;
SELECT t.data, p.data AS part FROM tv_typed t, tv_typed_part p;
ALTER TYPE "Line" DROP ATTRIBUTE more CASCADE;
SELECT t.data, p.data AS part FROM tv_typed t, tv_typed_part p;
CALL check_exact();
DROP TABLE tb_typed CASCADE;

-- A table's row type may be a column's, by itself, in an array or behind a domain, though no TVIEW reads the table.
CREATE TABLE "Shape" (a int);
CREATE DOMAIN "Form" AS "Shape";
CREATE TABLE tb_shaped (pk int PRIMARY KEY, one "Shape", many "Shape"[], form "Form");
INSERT INTO tb_shaped VALUES (1, ROW(1), ARRAY[ROW(1)::"Shape"], ROW(1));
CREATE TABLE tv_shaped AS
    SELECT pk AS pk_shaped, to_jsonb(one) AS one, to_jsonb(many) AS many, to_jsonb(form) AS form FROM tb_shaped;
ALTER TABLE "Shape" ADD COLUMN b int;
SELECT one, many, form FROM tv_shaped;
CALL check_exact();
ALTER TABLE "Shape" DROP COLUMN a;
SELECT one, many, form FROM tv_shaped;
CALL check_exact();
DROP TABLE tb_shaped, "Shape" CASCADE;

-- What the body of a function in PL/pgSQL names is followed through the functions, operators and aggregates it stands for; so are
-- other labels of what it names, and a function that a kept plan would not find.
SET search_path = s_follow, s_follow_2, public;
CREATE TABLE tb_number (pk int PRIMARY KEY);
INSERT INTO tb_number VALUES (1);
CREATE TYPE s_follow_2.colour AS ENUM ('red', 'green');
CREATE FUNCTION deepest(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i + 1';
CREATE FUNCTION deeper(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN deepest(i); END';
CREATE FUNCTION deeper2(i int, j int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN deepest(i) + j; END';
CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = deeper2);
CREATE AGGREGATE "Deep" (int) (SFUNC = int4pl, STYPE = int, FINALFUNC = deeper);
CREATE FUNCTION kind(int) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'integer'$$;
CREATE FUNCTION by_function(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN deeper(i); END';
CREATE FUNCTION by_operator(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN i ### 1; END';
CREATE FUNCTION by_aggregate(i int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT "Deep"(x) FROM (VALUES (i)) v(x)); END';
CREATE FUNCTION by_plan(i int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN kind(i::smallint); END';
CREATE FUNCTION by_label(i int) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (enum_range(NULL::colour))[i]; END';
SELECT pg_tviews_create('tv_deep', 'SELECT pk AS pk_deep, by_function(pk) AS f, by_operator(pk) AS o, by_aggregate(pk) AS a,
    by_plan(pk) AS p, by_label(pk) AS l FROM tb_number', '{"reads": []}');
SELECT f, o, a, p, l FROM tv_deep;
CREATE OR REPLACE FUNCTION deepest(i int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT i + 100';
SELECT f, o, a FROM tv_deep;
CREATE FUNCTION kind(smallint) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT 'smallint'$$;
SELECT p FROM tv_deep;
ALTER TYPE s_follow_2.colour RENAME VALUE 'red' TO 'blue';
SELECT l FROM tv_deep;
CALL check_exact();
CREATE TYPE s_follow.colour AS ENUM ('early');
SELECT l FROM tv_deep;
CALL check_exact();
DROP TYPE s_follow.colour;
SELECT l FROM tv_deep;
CALL check_exact();
DROP TABLE tv_deep, tb_number;

-- What columns there are, and of which type, decides what the body of a function means: in `*`, in NATURAL JOIN, for a bare name.  Also
-- where the command names the parent of the table, or its type.
CREATE TABLE "Kin" (pk int PRIMARY KEY, word text);
CREATE TABLE tb_kid (PRIMARY KEY (pk)) INHERITS ("Kin");
CREATE TYPE kind_of AS (pk int, word text);
CREATE TABLE tb_of OF kind_of (PRIMARY KEY (pk));
CREATE TABLE tb_beside (pk int PRIMARY KEY, size int);
INSERT INTO "Kin" VALUES (1, 'one');
INSERT INTO tb_kid VALUES (2, 'two');
INSERT INTO tb_of VALUES (2, 'two');
INSERT INTO tb_beside VALUES (1, 3), (2, 4);
CREATE FUNCTION word_of(i int) RETURNS text STABLE LANGUAGE sql AS 'SELECT word::text FROM "Kin" WHERE pk = i';
CREATE FUNCTION row_of_kid(i int) RETURNS jsonb STABLE LANGUAGE sql AS 'SELECT to_jsonb(q) FROM (SELECT * FROM tb_kid WHERE pk = i) q';
CREATE FUNCTION row_of_type(i int) RETURNS jsonb STABLE LANGUAGE sql AS 'SELECT to_jsonb(q) FROM (SELECT * FROM tb_of WHERE pk = i) q';
CREATE FUNCTION joined_to(i int) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM "Kin" NATURAL JOIN tb_beside WHERE pk = i';
CREATE FUNCTION as_long(i int) RETURNS bool STABLE LANGUAGE sql AS
    'SELECT EXISTS (SELECT FROM "Kin" k WHERE k.pk = b.pk AND length(word) = size) FROM tb_beside b WHERE b.pk = i';
CREATE TABLE tv_kin AS
    SELECT pk AS pk_kin, word_of(pk) AS w, row_of_kid(pk) AS k, row_of_type(pk) AS t, joined_to(pk) AS j, as_long(pk) AS l FROM tb_beside;
SELECT pk_kin, w, k, t, j, l FROM tv_kin ORDER BY 1;
ALTER TABLE "Kin" ALTER word TYPE varchar USING word || '!';
SELECT pk_kin, w FROM tv_kin ORDER BY 1;
CALL check_exact();
ALTER TABLE "Kin" ADD COLUMN size int DEFAULT 4;
SELECT pk_kin, k, j, l FROM tv_kin ORDER BY 1;
CALL check_exact();
UPDATE tb_beside SET size = 5;
UPDATE "Kin" SET size = 5 WHERE pk = 2;
CALL check_exact();
ALTER TABLE "Kin" RENAME size TO height;
SELECT pk_kin, k, j FROM tv_kin ORDER BY 1;
CALL check_exact();
ALTER TABLE "Kin" DROP COLUMN height;
SELECT pk_kin, k FROM tv_kin ORDER BY 1;
CALL check_exact();
ALTER TYPE kind_of ADD ATTRIBUTE size int CASCADE;
SELECT pk_kin, t FROM tv_kin ORDER BY 1;
CALL check_exact();
DROP TABLE tv_kin, "Kin", tb_kid, tb_of, tb_beside;

-- An enum inside a multirange.
CREATE TYPE grade AS ENUM ('low', 'high');
CREATE TYPE grades AS RANGE (SUBTYPE = grade);
CREATE TABLE tb_graded (pk int PRIMARY KEY, at grades_multirange);
INSERT INTO tb_graded VALUES (1, '{[low,high]}');
CREATE TABLE tv_graded AS SELECT pk AS pk_graded, at::text AS at FROM tb_graded;
ALTER TYPE grade RENAME VALUE 'low' TO 'base';
SELECT at FROM tv_graded;
CALL check_exact();
DROP TABLE tv_graded, tb_graded;

-- A schema of the search_path gets another name: what it had is found no more, or again, by the bodies of functions.
CREATE TABLE s_follow_2.tb_here (pk int PRIMARY KEY, word text);
CREATE TABLE tb_all (pk int PRIMARY KEY);
INSERT INTO s_follow_2.tb_here VALUES (1, 'behind');
INSERT INTO tb_all VALUES (1);
CREATE SCHEMA s_follow_first;
CREATE TABLE s_follow_first.tb_here (pk int PRIMARY KEY, word text);
INSERT INTO s_follow_first.tb_here VALUES (1, 'in front');
SET search_path = s_follow_first, s_follow, s_follow_2, public;
CREATE FUNCTION s_follow.here(i int) RETURNS text STABLE LANGUAGE sql AS 'SELECT word FROM tb_here WHERE pk = i';
CREATE TABLE s_follow.tv_here AS SELECT pk AS pk_here, here(pk) AS word FROM tb_all;
SELECT word FROM tv_here;
ALTER SCHEMA s_follow_first RENAME TO s_follow_last;
SELECT word FROM tv_here;
UPDATE s_follow_2.tb_here SET word = 'still behind';
CALL check_exact();
ALTER SCHEMA s_follow_last RENAME TO s_follow_first;
SELECT word FROM tv_here;
CALL check_exact();
SET search_path = s_follow, s_follow_2, public;
DROP TABLE tv_here, s_follow_first.tb_here, s_follow_2.tb_here, tb_all;
DROP SCHEMA s_follow_first;
-- Values whose text is what a table, type or schema is called.
CREATE TABLE tb_animal (id int PRIMARY KEY, about regclass);
CREATE TABLE tb_dog () INHERITS (tb_animal);
INSERT INTO tb_animal VALUES (1, 'tb_dog');
INSERT INTO tb_dog VALUES (2, 'tb_animal');
CREATE VIEW vw_animal AS SELECT id, tableoid::regclass AS kind FROM tb_animal;
CREATE TABLE tv_animal AS SELECT id AS pk_animal, kind::text FROM vw_animal;
CREATE TABLE tv_about AS SELECT id AS pk_about, jsonb_build_object('about', about) AS data FROM tb_animal;
ALTER TABLE tb_dog RENAME TO "tb_Dog";
SELECT kind, data ->> 'about' AS about FROM tv_animal JOIN tv_about ON pk_about = pk_animal ORDER BY pk_animal;
CALL check_exact();
ALTER TABLE "tb_Dog" SET SCHEMA s_follow_2;
SELECT kind, data ->> 'about' AS about FROM tv_animal JOIN tv_about ON pk_about = pk_animal ORDER BY pk_animal;
CALL check_exact();
ALTER SCHEMA s_follow_2 RENAME TO "s Follow";
SELECT kind FROM tv_animal ORDER BY pk_animal;
CALL check_exact();
ALTER SCHEMA "s Follow" RENAME TO s_follow_2;
DROP TABLE tv_animal, tv_about;

SET client_min_messages = warning;
DROP SCHEMA s_follow, s_follow_2 CASCADE;
