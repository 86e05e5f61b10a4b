-- pg_tviews_check_indexes() and pg_tviews_ensure_indexes(): which index is wanted, what it would bring, and that the planner's
-- opinion with an index that is only supposed is the one it has once the index is there.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "Check ""indexes""";
SET search_path = "Check ""indexes""", public;
\i :schema
SET jit = off;
INSERT INTO tb_user SELECT i, uuid_of(1, i), 'user ' || i, 'user' || i || '@example.com' FROM generate_series(10, 1000) i;
INSERT INTO tb_post SELECT i, uuid_of(2, i), i % 900 + 10, 'post ' || i FROM generate_series(20, 3000) i;
INSERT INTO tb_comment SELECT i, uuid_of(3, i), i % 2900 + 20, i % 900 + 10, 'comment ' || i FROM generate_series(200, 6000) i;
DROP INDEX tb_post_fk_user_idx, tb_comment_fk_user_idx, tb_comment_fk_post_idx;
ANALYZE tb_user, tb_post, tb_comment;
CREATE TABLE tv_post AS
    SELECT p.pk_post, p.title, u.name, (SELECT count(*) FROM tb_comment c WHERE c.fk_post = p.pk_post) AS comments
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
SELECT tview_name, purpose, step, table_name, columns, ddl, cost_with < cost_without / 2 AS cheaper FROM pg_tviews_check_indexes();
CREATE TABLE supposed AS SELECT * FROM pg_tviews_check_indexes();
-- Looking plans, but makes nothing.
SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema AND tablename IN ('tb_post', 'tb_comment');
SELECT * FROM pg_tviews_ensure_indexes('tv_post');
SELECT * FROM pg_tviews_ensure_indexes('tv_post', NULL);
SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema AND tablename IN ('tb_post', 'tb_comment');
-- What explain says of each table before and after; the differences between supposed and real costs are below a hundredth.
SELECT count(*) FROM pg_tviews_explain('tv_post', true) AS line WHERE line LIKE '%estimated cost of one changed row: %';
CREATE FUNCTION cost_of_one(tview text, of_table text) RETURNS numeric LANGUAGE sql AS $$
    SELECT substring(string_agg(line, '|') FROM '\|' || of_table || ' [^|]*(?:\|  [^|]*)*?estimated cost of one changed row: ([0-9.]+)')::numeric
    FROM pg_tviews_explain(tview, true) AS line $$;
CREATE TABLE before AS SELECT t, cost_of_one('tv_post', t) AS cost FROM unnest('{tb_user,tb_post,tb_comment}'::text[]) AS t;
SELECT * FROM pg_tviews_ensure_indexes(dry_run => false);
SELECT t, cost_of_one('tv_post', t) < cost / 2 AS cheaper FROM before;
SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema AND tablename IN ('tb_post', 'tb_comment') ORDER BY 1;
SELECT * FROM pg_tviews_check_indexes();
SELECT * FROM pg_tviews_ensure_indexes(dry_run => false);
CREATE FUNCTION cost(sql text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE plan json; BEGIN EXECUTE 'EXPLAIN (FORMAT json) ' || sql INTO plan; RETURN plan #>> '{0,Plan,Total Cost}'; END $$;
SET plan_cache_mode = force_generic_plan;
PREPARE hop(int) AS SELECT y.pk_post FROM (SELECT $1 AS c1) AS x, tb_post AS y WHERE x.c1 = y.fk_user;
SELECT abs(cost('EXECUTE hop(1)') / cost_with - 1) < 0.01 AS as_supposed FROM supposed WHERE purpose = 'hop';
RESET plan_cache_mode;
CALL check_exact();
UPDATE tb_user SET name = upper(name) WHERE pk_user = 20;
CALL check_exact();
DROP TABLE tv_post;

-- Partitions, which get their indexes from the root, not concurrently; expressions; several columns; odd names.
CREATE TABLE "tb_Odd event" ("pk event" int PRIMARY KEY, "select" int, "when" text) PARTITION BY RANGE ("pk event");
CREATE TABLE tb_event_low PARTITION OF "tb_Odd event" FOR VALUES FROM (0) TO (5000);
CREATE TABLE tb_event_high (gone int, "when" text, "select" int, "pk event" int NOT NULL);
ALTER TABLE tb_event_high DROP COLUMN gone;
ALTER TABLE "tb_Odd event" ATTACH PARTITION tb_event_high FOR VALUES FROM (5000) TO (10001);
INSERT INTO "tb_Odd event" SELECT i, i / 10 + 1, 'at ' || i FROM generate_series(0, 9999) i;
CREATE TABLE tb_mail (pk_mail int PRIMARY KEY, address text, body text);
INSERT INTO tb_mail SELECT i, upper('user' || i || '@example.com'), 'mail' FROM generate_series(1, 5000) i;
CREATE TABLE tb_day (pk_day int PRIMARY KEY, day date, at timestamptz);
INSERT INTO tb_day SELECT i, '2024-01-01'::date + i % 300, '2024-01-01'::timestamptz + i % 300 * interval '1 day' FROM generate_series(1, 600) i;
ANALYZE;
CREATE TABLE tv_event AS SELECT e."pk event" AS pk_event, u.name FROM "tb_Odd event" e JOIN tb_user u ON u.pk_user = e."select";
CREATE TABLE tv_mail AS SELECT m.pk_mail, u.name FROM tb_mail m JOIN tb_user u ON lower(u.email) = lower(m.address);
CREATE TABLE tv_pair AS SELECT a.pk_post AS pk_pair, count(b.*) AS same
    FROM tb_post a LEFT JOIN tb_comment b ON b.fk_user = a.fk_user AND b.body = a.title GROUP BY a.pk_post;
CREATE TABLE tv_day AS SELECT a.pk_day, count(b.*) AS same FROM tb_day a LEFT JOIN tb_day b ON b.at::date = a.day GROUP BY a.pk_day;
SELECT tview_name, purpose, step, table_name, columns, ddl, cost_with < cost_without AS cheaper FROM pg_tviews_check_indexes();
SELECT * FROM pg_tviews_ensure_indexes(NULL, false);
SELECT tview_name, purpose, columns, ddl, cost_with FROM pg_tviews_check_indexes();
ANALYZE tb_mail, tb_user;
UPDATE tb_user SET name = upper(name) WHERE pk_user < 30;
UPDATE tb_day SET day = day + 1 WHERE pk_day = 5;
CALL check_exact();

-- A recursion's step.
CREATE TABLE tb_category (pk_category int PRIMARY KEY, fk_parent int, name text);
INSERT INTO tb_category SELECT i, nullif(i / 3, 0), 'category ' || i FROM generate_series(1, 600) i;
ANALYZE tb_category;
CREATE TABLE tv_category AS
    WITH RECURSIVE up (pk_category, fk_parent, path) AS (
        SELECT pk_category, fk_parent, name FROM tb_category WHERE fk_parent IS NULL
        UNION ALL SELECT c.pk_category, c.fk_parent, up.path || '/' || c.name FROM up JOIN tb_category c ON c.fk_parent = up.pk_category)
    SELECT pk_category, path FROM up;
SELECT purpose, step, ddl, cost_with < cost_without AS cheaper FROM pg_tviews_check_indexes('tv_category');
SELECT regexp_replace(line, '\d+\.\d+', 'N', 'g') AS line FROM pg_tviews_explain('tv_category', true) AS line;

CALL attempt('SELECT * FROM pg_tviews_check_indexes(''tb_user'')');
CALL attempt('SELECT * FROM pg_tviews_ensure_indexes(''nothing'')');
-- Making indexes takes their table's owner; looking does not.
CREATE ROLE regress_tviews_indexes;
GRANT USAGE ON SCHEMA "Check ""indexes""" TO regress_tviews_indexes;
DROP INDEX tb_post_fk_user_idx;
CREATE TABLE tv_post AS SELECT p.pk_post, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
SET ROLE regress_tviews_indexes;
SELECT * FROM pg_tviews_ensure_indexes('tv_post');
CALL attempt('SELECT * FROM pg_tviews_ensure_indexes(''tv_post'', false)');
RESET ROLE;
SELECT * FROM exact();
SET client_min_messages = warning;
DROP SCHEMA "Check ""indexes""" CASCADE;
DROP ROLE regress_tviews_indexes;
