-- pg_tviews_impact(): the documents a change would touch are those it touches, and looking changes nothing.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "Impact ""of""";
SET search_path = "Impact ""of""", public;
\i :schema
CREATE TABLE tv_user AS SELECT u.pk_user, u.name, count(p.pk_post) AS posts FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user GROUP BY u.pk_user;
CREATE TABLE tv_post AS
    SELECT p.pk_post, p.title, u.name, (SELECT string_agg(w.name || ': ' || c.body, ', ' ORDER BY c.pk_comment)
                                        FROM tb_comment c LEFT JOIN tb_user w ON w.pk_user = c.fk_user WHERE c.fk_post = p.pk_post) AS comments
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user WHERE p.published;
CREATE TABLE "tv_Over it" AS SELECT name AS "pk_Over it", count(*) AS posts, max(comments) AS last FROM tv_post GROUP BY name;
CREATE TABLE tv_top AS SELECT "pk_Over it" AS pk_top, last FROM "tv_Over it";
CREATE TABLE tb_site (name text);
CREATE TABLE tv_everything AS SELECT u.pk_user AS pk_everything, s.sites FROM tb_user u CROSS JOIN (SELECT count(*) AS sites FROM tb_site) s;
SELECT * FROM pg_tviews_impact('tb_user', 'pk_user = 1');
SELECT * FROM pg_tviews_impact('tb_user', 'name = ''Cyd'' -- nobody else');
SELECT * FROM pg_tviews_impact('tb_user');
SELECT * FROM pg_tviews_impact('tb_post', 'tb_post.title LIKE ''T%''');
SELECT * FROM pg_tviews_impact('tb_post', 'NOT published');
SELECT * FROM pg_tviews_impact('tb_comment', 'pk_comment IN (101, 104)');
SELECT * FROM pg_tviews_impact('tb_comment', 'false');
SELECT * FROM pg_tviews_impact('tb_site');
INSERT INTO tb_site VALUES ('example.com');
SELECT * FROM pg_tviews_impact('tb_site');
-- From a TVIEW on.
SELECT * FROM pg_tviews_impact('tv_post', 'pk_post = 11');
SELECT * FROM pg_tviews_impact('tv_top');

-- As many as the change then writes.
CREATE FUNCTION documents(of_table text, condition text) RETURNS bigint LANGUAGE sql AS 'SELECT sum(documents) FROM pg_tviews_impact(of_table, condition)';
SELECT documents('tb_user', 'pk_user = 3') AS before, NULL AS now;
BEGIN;
UPDATE tb_user SET name = 'Cyril' WHERE pk_user = 3;
SELECT documents('tb_user', 'pk_user = 3') AS now;
ROLLBACK;
BEGIN;
SELECT documents('tb_comment', 'fk_post = 11') AS impact;
UPDATE tb_comment SET body = upper(body) WHERE fk_post = 11;
SELECT pg_tviews_flush() AS written;
ROLLBACK;

-- It changes nothing and locks no document: also in a read-only transaction, also from a snapshot.
BEGIN READ ONLY;
SELECT * FROM pg_tviews_impact('tb_user', 'pk_user = 2');
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT count(*) FROM tb_user;
SELECT * FROM pg_tviews_impact('tb_user', 'pk_user = 2');
COMMIT;
CALL check_exact();

-- Partitions and children: rows of the parent, and of one partition.
CREATE TABLE tb_event (pk_event int PRIMARY KEY, fk_user int, body text) PARTITION BY RANGE (pk_event);
CREATE TABLE tb_event_low PARTITION OF tb_event FOR VALUES FROM (0) TO (10);
CREATE TABLE tb_event_high (body text, fk_user int, pk_event int NOT NULL);
ALTER TABLE tb_event ATTACH PARTITION tb_event_high FOR VALUES FROM (10) TO (20);
INSERT INTO tb_event SELECT i, i % 3 + 1, 'event ' || i FROM generate_series(5, 14) i;
CREATE TABLE tv_event AS SELECT e.pk_event, u.name, e.body FROM tb_event e JOIN tb_user u ON u.pk_user = e.fk_user;
SELECT * FROM pg_tviews_impact('tb_event');
SELECT * FROM pg_tviews_impact('tb_event_high', 'body < ''event 13''');
SELECT * FROM pg_tviews_impact('tb_user', 'pk_user = 2');
CREATE TABLE tb_thing (pk_thing int PRIMARY KEY, name text);
CREATE TABLE tb_big_thing (size int) INHERITS (tb_thing);
INSERT INTO tb_thing VALUES (1, 'one');
INSERT INTO tb_big_thing VALUES (2, 'two', 20), (3, 'three', 30);
CREATE TABLE tv_thing AS SELECT pk_thing, to_jsonb(t) AS data FROM tb_thing t;
SELECT * FROM pg_tviews_impact('tb_thing');
SELECT * FROM pg_tviews_impact('tb_big_thing', 'size > 20');
-- Part of a key.
SELECT pg_tviews_create('tv_pair', 'SELECT u.pk_user, p.pk_post, u.name, p.title FROM tb_user u CROSS JOIN tb_post p', '{"key": ["pk_user", "pk_post"]}');
SELECT * FROM pg_tviews_impact('tb_user', 'pk_user = 2') WHERE tview_name = 'tv_pair'::regclass;
SELECT * FROM pg_tviews_impact('tb_post', 'pk_post > 12') WHERE tview_name = 'tv_pair'::regclass;
-- Too much to be walked.
SET pg_tviews.max_seed_memory = '64kB';
INSERT INTO tb_user SELECT i, uuid_of(1, i), 'user ' || i FROM generate_series(10, 3000) i;
SELECT tview_name, documents, everything FROM pg_tviews_impact('tb_user') WHERE tview_name IN ('tv_user'::regclass, 'tv_pair'::regclass);
RESET pg_tviews.max_seed_memory;

-- What is not a condition, not a table, not allowed.
CALL attempt('SELECT * FROM pg_tviews_impact(''tb_post'', ''true) UNION SELECT 1 WHERE (true'')');
CALL attempt('SELECT * FROM pg_tviews_impact(''tb_post'', ''true) UNION SELECT 1, 2, 3 WHERE (true'')');
CALL attempt('SELECT * FROM pg_tviews_impact(''tb_post'', ''true) UNION SELECT 1::text WHERE (true'')');
CALL attempt('SELECT * FROM pg_tviews_impact(''tb_post'', ''true); DELETE FROM tb_post WHERE (true'')');
CALL attempt('SELECT * FROM pg_tviews_impact(''tb_post'', ''no_column = 1'')');
CALL attempt('SELECT * FROM pg_tviews_impact(''nothing'')');
SELECT * FROM pg_tviews_impact('pg_class');
SELECT count(*) FROM pg_tviews_impact(NULL);
CREATE ROLE regress_tviews_impact;
GRANT USAGE ON SCHEMA "Impact ""of""" TO regress_tviews_impact;
SET ROLE regress_tviews_impact;
CALL attempt('SELECT * FROM pg_tviews_impact(''tb_comment'')');
RESET ROLE;
GRANT SELECT ON tb_comment TO regress_tviews_impact;
SET ROLE regress_tviews_impact;
CALL attempt('SELECT * FROM pg_tviews_impact(''tb_comment'')');
RESET ROLE;
GRANT pg_monitor TO regress_tviews_impact;
SET ROLE regress_tviews_impact;
SELECT * FROM pg_tviews_impact('tb_comment', 'pk_comment = 101');
RESET ROLE;
SELECT * FROM exact();
SET client_min_messages = warning;
DROP SCHEMA "Impact ""of""" CASCADE;
DROP OWNED BY regress_tviews_impact;
DROP ROLE regress_tviews_impact;
