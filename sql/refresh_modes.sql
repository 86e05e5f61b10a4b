-- Refresh modes: immediate, manual, deferred; savepoints, reads in between, TVIEWs over TVIEWs, keys, changes of the mode, drops, errors.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "m Modes";
SET search_path = "m Modes", public;
\i :schema
CREATE TABLE tv_user AS SELECT pk_user, name, (SELECT count(*) FROM tb_post p WHERE p.fk_user = u.pk_user) AS posts FROM tb_user u;
CREATE TABLE tv_post AS SELECT p.pk_post, p.title, u.name AS author FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
CREATE TABLE tv_note AS SELECT p.pk_post AS pk_note, p.author || ': ' || p.title AS note FROM tv_post p;
CREATE VIEW modes AS SELECT entity, refresh_mode FROM pg_tviews_registry WHERE schema = 'm Modes' ORDER BY entity;
CREATE VIEW queues AS SELECT tview, refresh_mode, entries, everything, oldest <= clock_timestamp() AS oldest, newest >= oldest AS newest
    FROM pg_tviews_queue WHERE schema = 'm Modes' ORDER BY tview;
CREATE VIEW keys AS SELECT tview, key FROM pg_tview_queue WHERE tview::text LIKE 'tv_%' ORDER BY tview::text, key;
-- Documents as they are stored: nothing flushes before a read of this.
CREATE FUNCTION stored(OUT users text, OUT authors text, OUT notes text) LANGUAGE sql AS
    'SELECT (SELECT string_agg(name || posts, '' '' ORDER BY pk_user) FROM tv_user), (SELECT string_agg(author, '' '' ORDER BY pk_post) FROM tv_post),
            (SELECT string_agg(split_part(note, '':'', 1), '' '' ORDER BY pk_note) FROM tv_note)';
CREATE FUNCTION wait_for_worker() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 1200 LOOP
        IF NOT EXISTS (SELECT FROM pg_tview_queue) THEN
            RETURN 'applied';
        END IF;
        PERFORM pg_sleep(0.05);
    END LOOP;
    RETURN 'still queued';
END $$;
TABLE modes;

-- Errors.
SELECT pg_tviews_set_refresh_mode('tv_user', 'sometimes');
SELECT pg_tviews_set_refresh_mode('tb_user', 'manual');
SELECT pg_tviews_set_refresh_mode('tv_nothing', 'manual');
SELECT pg_tviews_create('tv_x', 'SELECT 1 AS pk_x', '{"refresh_mode": "later"}');
SELECT pg_tviews_create('tv_x', 'SELECT 1 AS pk_x', '{"refresh_mode": 1}');
SELECT pg_tviews_apply('tb_user');
CREATE ROLE regress_modes;
GRANT USAGE ON SCHEMA "m Modes" TO regress_modes;
SET ROLE regress_modes;
SELECT pg_tviews_set_refresh_mode('tv_user', 'manual');
SELECT pg_tviews_apply('tv_user');
RESET ROLE;

-- Immediate: an error of a query fails the statement, not the commit; what stands on it stays as it was.
SELECT pg_tviews_set_refresh_mode('tv_user', 'immediate');
TABLE modes;
SELECT details - 'table' AS details FROM pg_tview_audit_log WHERE operation = 'ALTER' AND details ? 'refresh_mode' ORDER BY log_id DESC LIMIT 1;
CREATE TABLE seen (n serial, what text);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen (what) VALUES (TG_OP || ' ' || NEW.name || ' ' || NEW.posts); RETURN NULL; END $$;
CREATE TRIGGER see AFTER INSERT OR UPDATE ON tv_user FOR EACH ROW EXECUTE FUNCTION see();
BEGIN;
UPDATE tb_user SET name = upper(name) WHERE pk_user = 1;
SELECT what FROM seen;
INSERT INTO tb_post VALUES (15, uuid_of(2, 15), 1, 'Five'), (16, uuid_of(2, 16), 3, 'Six');
SELECT what FROM seen ORDER BY what;
SAVEPOINT s;
UPDATE tb_user SET name = 'Nobody' WHERE pk_user = 2;
ROLLBACK TO s;
INSERT INTO tb_user VALUES (1, uuid_of(1, 1), 'Ann') ON CONFLICT (pk_user) DO UPDATE SET name = 'Ann';
WITH a AS (DELETE FROM tb_post WHERE pk_post = 16 RETURNING 1) UPDATE tb_user SET name = 'Cid' WHERE pk_user = 3;
SELECT * FROM stored();
COMMIT;
CALL check_exact();
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_user SET name = 'Ada' WHERE pk_user = 1;
UPDATE tb_user SET name = 'Cyd' WHERE pk_user = 3;
SELECT * FROM stored();
COMMIT;
COPY tb_post (pk_post, id, fk_user, title) FROM STDIN (DELIMITER ',');
16,20000000-0000-4000-8000-000000000016,3,Six
\.
TRUNCATE seen;
BEGIN;
TRUNCATE tb_comment, tb_post;
SELECT what FROM seen ORDER BY what;
ROLLBACK;
DROP TRIGGER see ON tv_user;
CREATE TABLE tb_twice (k int, v int);
INSERT INTO tb_twice VALUES (1, 1);
SELECT pg_tviews_create('tv_twice', 'SELECT k AS pk_twice, v FROM tb_twice', '{"refresh_mode": "immediate"}');
BEGIN;
INSERT INTO tb_twice VALUES (1, 2);
ROLLBACK;
DROP TABLE tv_twice;
-- A partitioned table, whose rows are captured one by one.
CREATE TABLE tb_part (pk_part int PRIMARY KEY, v int) PARTITION BY RANGE (pk_part);
CREATE TABLE part_1 PARTITION OF tb_part FOR VALUES FROM (0) TO (10);
CREATE TABLE part_2 PARTITION OF tb_part FOR VALUES FROM (10) TO (20);
SELECT pg_tviews_create('tv_part', 'SELECT pk_part, v FROM tb_part', '{"refresh_mode": "immediate"}');
CREATE TRIGGER see AFTER INSERT ON tv_part FOR EACH ROW EXECUTE FUNCTION see();
CREATE OR REPLACE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen (what) VALUES (TG_OP || ' ' || NEW.pk_part); RETURN NULL; END $$;
BEGIN;
INSERT INTO tb_part VALUES (1, 1), (11, 1);
SELECT what FROM seen ORDER BY what;
COMMIT;
DROP TABLE tv_part, tb_part;
CALL check_exact();

-- Manual: reads show what was applied last, a commit leaves keys.
SELECT pg_tviews_set_refresh_mode('tv_post', 'manual');
SELECT pg_tviews_explain('tv_post') LIMIT 3;
TABLE queues;
BEGIN;
UPDATE tb_user SET name = 'Bob' WHERE pk_user = 2;
SELECT * FROM stored();
SAVEPOINT s;
UPDATE tb_post SET title = 'Not' WHERE pk_post = 11;
ROLLBACK TO s;
UPDATE tb_post SET pk_post = 21 WHERE pk_post = 12;
TABLE keys;
COMMIT;
TABLE keys;
TABLE queues;
SELECT * FROM stored();
SELECT count(*) FROM pg_tviews_verify('tv_post');
SELECT count(*) FROM pg_tviews_verify('tv_note');
SELECT severity, split_part(message, ', ', 1) AS message, command FROM pg_tviews_health_queue('-1 day') WHERE message LIKE '%queued%';
SELECT pg_tviews_apply('tv_post');
SELECT * FROM stored();
TABLE queues;
CALL check_exact();
-- Everything, and what an update of nothing adds.
UPDATE tb_post SET note = 'x';
TABLE keys;
TRUNCATE tb_comment;
TRUNCATE tb_post CASCADE;
TABLE queues;
SELECT pg_tviews_apply();
CALL check_exact();
INSERT INTO tb_post SELECT n, uuid_of(2, n), 1 + n % 3, 'P' || n FROM generate_series(11, 20) n;
SELECT inserted, updated, deleted FROM pg_tviews_refresh('tv_post');
TABLE queues;
CALL check_exact();
-- What a transaction has written itself is applied, and stays queued until it can have missed nothing.
BEGIN;
UPDATE tb_user SET name = 'Ben' WHERE pk_user = 2;
SELECT pg_tviews_apply('tv_post');
SELECT count(*) FROM tv_post WHERE author = 'Ben';
COMMIT;
CALL check_exact();
SELECT pg_tviews_apply('tv_post');
TABLE queues;
-- Above READ COMMITTED an apply goes on at commit.
UPDATE tb_user SET name = 'Bob' WHERE pk_user = 2;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_tviews_apply('tv_post');
SELECT count(*) > 0 AS entries FROM keys;
COMMIT;
TABLE queues;
CALL check_exact();
UPDATE tb_user SET name = 'Ben' WHERE pk_user = 2;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SAVEPOINT s;
SELECT pg_tviews_apply('tv_post');
ROLLBACK TO s;
COMMIT;
SELECT count(*) > 0 AS entries FROM keys;
-- DDL in the transaction that has written; the savepoint takes back what it enqueued.
SELECT pg_tviews_apply();
BEGIN;
UPDATE tb_user SET name = 'Cyn' WHERE pk_user = 3;
SAVEPOINT s;
CREATE TABLE anything ();
SELECT count(*) > 0 AS entries FROM keys;
ROLLBACK TO s;
TABLE keys;
COMMIT;
SELECT count(*) > 0 AS entries FROM keys;
SELECT pg_tviews_apply();
CALL check_exact();
-- A redefinition while keys are queued, and one of the view alone.
UPDATE tb_user SET name = 'Cyd' WHERE pk_user = 3;
CREATE OR REPLACE VIEW v_post AS SELECT p.pk_post, p.title, upper(u.name) AS author FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
SELECT everything FROM queues;
SELECT pg_tviews_apply();
CALL check_exact();
-- Keys whose text depends on settings; of several columns, some of which a change does not fix.
CREATE TABLE tb_day (at timestamptz, f float8, code char(5), v int, PRIMARY KEY (at, f, code));
CREATE TABLE tb_rate (f float8 PRIMARY KEY, rate int);
INSERT INTO tb_rate VALUES (0.1::float8 + 0.2, 1), (2, 2);
INSERT INTO tb_day VALUES ('2024-02-01 10:00+00', 0.1::float8 + 0.2, 'a', 1), ('2024-03-01 10:00+00', 0.1::float8 + 0.2, 'b ', 1), ('2024-03-01 10:00+00', 2, 'b ', 1);
SET extra_float_digits = -5;
SET DateStyle = 'German';
SELECT pg_tviews_create('tv_day', 'SELECT d.f, d.code, d.at, d.v, r.rate FROM tb_day d JOIN tb_rate r ON r.f = d.f', '{"key": ["code", "f", "at"], "refresh_mode": "manual"}');
SET DateStyle = 'ISO, MDY';
SET TimeZone = 'Asia/Tokyo';
UPDATE tb_day SET v = 2 WHERE code = 'a';
UPDATE tb_rate SET rate = 9 WHERE f < 1;
RESET extra_float_digits;
RESET DateStyle;
RESET TimeZone;
SELECT key[1] AS code, key[2] AS f, key[3] IS NULL AS any_time FROM pg_tview_queue WHERE tview = 'tv_day'::regclass ORDER BY key;
SELECT pg_tviews_apply();
CALL check_exact();
DROP TABLE tv_day, tb_day, tb_rate;

-- Changing the mode applies the queue; what the transaction has written itself comes along.
UPDATE tb_user SET name = 'Dan' WHERE pk_user = 1;
BEGIN;
UPDATE tb_user SET name = 'Eve' WHERE pk_user = 2;
SELECT pg_tviews_set_refresh_mode('tv_post', 'transactional');
UPDATE tb_user SET name = 'Fay' WHERE pk_user = 3;
SELECT * FROM stored();
COMMIT;
TABLE queues;
CALL check_exact();
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_user SET name = 'Ada' WHERE pk_user = 1;
SELECT count(*) FROM tv_post WHERE author = 'ADA';
SELECT pg_tviews_set_refresh_mode('tv_post', 'manual');
UPDATE tb_user SET name = 'Ben' WHERE pk_user = 2;
COMMIT;
TABLE keys;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_tviews_set_refresh_mode('tv_post', 'immediate');
UPDATE tb_user SET name = 'Cyd' WHERE pk_user = 3;
COMMIT;
TABLE queues;
CALL check_exact();

-- A queued TVIEW over a transactional one and over a queued one.
SELECT pg_tviews_set_refresh_mode('tv_note', 'manual');
UPDATE tb_user SET name = 'Al' WHERE pk_user = 1;
TABLE queues;
SELECT pg_tviews_set_refresh_mode('tv_post', 'manual');
UPDATE tb_user SET name = 'Bo' WHERE pk_user = 2;
SELECT pg_tviews_apply() > 0 AS written;
CALL check_exact();
TABLE queues;
SELECT pg_tviews_apply();
TABLE queues;

-- Prepared: the keys come with the commit, and an apply waits for it only if it has begun.
BEGIN;
UPDATE tb_user SET name = 'Ada' WHERE pk_user = 1;
PREPARE TRANSACTION 'modes';
TABLE keys;
COMMIT PREPARED 'modes';
SELECT count(*) > 0 AS entries FROM keys;

-- Metadata that are lost come back with the mode, from the audit log; the queue stays.
DELETE FROM pg_tview_meta WHERE "table" = 'tv_post'::regclass;
SELECT problem, inserted, updated > 0 AS updated, deleted FROM pg_tviews_rebuild_metadata('tv_post');
SELECT refresh_mode, entries > 0 AS entries FROM queues WHERE tview = 'tv_post';
SELECT pg_tviews_apply() >= 0 AS applied;
SELECT pg_tviews_apply() >= 0 AS applied;
CALL check_exact();

-- An owner without rights on the extension's tables; a role that writes has none on the TVIEW.
CREATE SCHEMA AUTHORIZATION regress_modes;
GRANT SELECT, TRIGGER ON tb_user TO regress_modes;
SET ROLE regress_modes;
SELECT pg_tviews_create('regress_modes.tv_own', 'SELECT pk_user AS pk_own, name FROM tb_user', '{"refresh_mode": "manual"}');
RESET ROLE;
UPDATE tb_user SET name = lower(name);
SET ROLE regress_modes;
SELECT pg_tviews_apply('regress_modes.tv_own');
SELECT pg_tviews_set_refresh_mode('regress_modes.tv_own', 'immediate');
RESET ROLE;
UPDATE tb_user SET name = initcap(name);
SELECT pg_tviews_apply() >= 0 AS applied;
SELECT pg_tviews_apply() >= 0 AS applied;
CALL check_exact();
SET client_min_messages = warning;
DROP OWNED BY regress_modes CASCADE;
RESET client_min_messages;

-- The mode changes after DDL that enqueued what the transaction had written: its commit enqueues nothing more.
SELECT pg_tviews_create('tv_short', 'SELECT DISTINCT left(name, 2) AS pk_short FROM tb_user', '{"refresh_mode": "manual"}');
BEGIN;
INSERT INTO tb_user VALUES (7, uuid_of(1, 7), 'Ida');
COMMENT ON TABLE tb_user IS 'users';
SELECT key FROM pg_tview_queue WHERE tview = 'tv_short'::regclass ORDER BY 1;
SELECT pg_tviews_set_refresh_mode('tv_short', 'transactional');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_tviews_set_refresh_mode('tv_short', 'manual');
DELETE FROM tb_user WHERE pk_user = 7;
COMMENT ON TABLE tb_user IS NULL;
SELECT pg_tviews_set_refresh_mode('tv_short', 'transactional');
COMMIT;
SELECT count(*) FROM pg_tview_queue WHERE tview = 'tv_short'::regclass;
CALL check_exact();
DROP TABLE tv_short;

-- Dropped with its queue.
DROP TABLE tv_note;
DROP TABLE tv_post;
SELECT count(*) FROM pg_tview_queue;

-- Deferred: the worker comes by itself.
SELECT pg_tviews_create('tv_later', 'SELECT pk_user AS pk_later, name FROM tb_user', '{"refresh_mode": "deferred"}');
CREATE TABLE tv_over AS SELECT pk_later AS pk_over, upper(name) AS name FROM tv_later;
UPDATE tb_user SET name = 'Zoe' WHERE pk_user = 1;
SELECT wait_for_worker();
SELECT name FROM tv_over WHERE pk_over = 1;
INSERT INTO tb_user VALUES (5, uuid_of(1, 5), 'Eli');
SELECT wait_for_worker();
CALL check_exact();
SELECT pg_tviews_set_refresh_mode('tv_later', 'manual');
DELETE FROM tb_user WHERE pk_user = 5;
SELECT pg_tviews_set_refresh_mode('tv_later', 'deferred');
SELECT wait_for_worker();
CALL check_exact();
SELECT pg_tviews_start_worker() IN (true, false) AS answered;

SET client_min_messages = warning;
DROP SCHEMA "m Modes" CASCADE;
DROP ROLE regress_modes;
SELECT count(*) FROM pg_tview_queue;
