-- Suspending and resuming: for the database, the session, the transaction; savepoints, prepared transactions, TVIEWs over TVIEWs, DDL.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA "s Suspend";
SET search_path = "s Suspend", public;
\i :schema
\i :tviews
CREATE VIEW states AS SELECT entity, state, state_by = session_user AS by_me, state_since <= now() AS since FROM pg_tviews_registry ORDER BY entity;
CREATE VIEW names AS SELECT string_agg(data ->> 'name', ' ' ORDER BY pk_user) AS names FROM tv_user;
TABLE states;

-- Database: nobody maintains it, readers read on, verify says what is wrong; the others are maintained.
SELECT pg_tviews_suspend('tv_user');
UPDATE tb_user SET name = upper(name);
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Dee');
TABLE names;
TABLE states;
SELECT tview_name, key, difference FROM pg_tviews_verify() ORDER BY key;
SELECT pg_tviews_suspend('"s Suspend".tv_user');
-- A refresh repairs, but it stays suspended.
SELECT * FROM pg_tviews_refresh('tv_user');
CALL check_exact();
DELETE FROM tb_user WHERE pk_user = 4;
TABLE states;
SELECT * FROM pg_tviews_resume('tv_user');
CALL check_exact();
TABLE states;
-- Nothing to resume.
SELECT * FROM pg_tviews_resume('tv_user');
SELECT * FROM pg_tviews_resume();

-- All at once; what was written before in the same transaction, what is written after.
BEGIN;
UPDATE tb_user SET name = 'before' WHERE pk_user = 1;
SELECT pg_tviews_suspend();
UPDATE tb_user SET name = 'after' WHERE pk_user = 1;
UPDATE tb_post SET title = 'after' WHERE pk_post = 13;
COMMIT;
TABLE names;
SELECT count(*) FROM pg_tviews_verify();
TRUNCATE tb_comment;
SELECT count(*) FROM tv_comment;
SELECT * FROM pg_tviews_resume();
CALL check_exact();

-- Suspended and resumed in one transaction, written before, between and after.
BEGIN;
UPDATE tb_user SET name = 'one' WHERE pk_user = 1;
SELECT pg_tviews_suspend('tv_user');
UPDATE tb_user SET name = 'two' WHERE pk_user = 2;
SELECT * FROM pg_tviews_resume('tv_user');
UPDATE tb_user SET name = 'three' WHERE pk_user = 3;
TABLE names;
COMMIT;
CALL check_exact();
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_tviews_suspend('tv_user');
UPDATE tb_user SET name = 'four' WHERE pk_user = 2;
SELECT * FROM pg_tviews_resume();
UPDATE tb_user SET name = 'five' WHERE pk_user = 3;
COMMIT;
TABLE names;
CALL check_exact();

-- Savepoints.
BEGIN;
SAVEPOINT one;
SELECT pg_tviews_suspend('tv_user');
UPDATE tb_user SET name = 'gone' WHERE pk_user = 1;
ROLLBACK TO one;
UPDATE tb_user SET name = 'kept' WHERE pk_user = 2;
COMMIT;
TABLE states;
CALL check_exact();
SELECT pg_tviews_suspend('tv_user');
BEGIN;
SAVEPOINT one;
UPDATE tb_user SET name = 'skipped' WHERE pk_user = 1;
ROLLBACK TO one;
UPDATE tb_user SET name = 'skipped, too' WHERE pk_user = 1;
SELECT pg_tviews_resume('tv_user');
UPDATE tb_user SET name = 'maintained' WHERE pk_user = 2;
ROLLBACK TO one;
UPDATE tb_user SET name = 'skipped' WHERE pk_user = 3;
COMMIT;
TABLE names;
TABLE states;
SELECT * FROM pg_tviews_resume();
CALL check_exact();

-- Session: the first write marks it, in its transaction; others (here, after RESET) maintain it.
SELECT pg_tviews_suspend('tv_user', 'session');
TABLE states;
BEGIN;
UPDATE tb_user SET name = 'rolled back' WHERE pk_user = 1;
TABLE states;
ROLLBACK;
TABLE states;
BEGIN;
SAVEPOINT one;
UPDATE tb_user SET name = 'rolled back' WHERE pk_user = 1;
ROLLBACK TO one;
TABLE states;
UPDATE tb_user SET name = 'skipped' WHERE pk_user = 1;
UPDATE tb_user SET name = 'skipped' WHERE pk_user = 2;
COMMIT;
UPDATE tb_user SET name = 'skipped' WHERE pk_user = 3;
SELECT count(*) FROM pg_tview_state;
TABLE states;
TABLE names;
RESET pg_tviews.suspended;
UPDATE tb_user SET name = 'maintained' WHERE pk_user = 2;
TABLE names;
TABLE states;
SELECT * FROM pg_tviews_resume();
CALL check_exact();
TABLE states;
-- Resuming takes the session's setting back too, and so do DISCARD ALL and a rollback.
SELECT pg_tviews_suspend(NULL, 'session');
SELECT cardinality(string_to_array(current_setting('pg_tviews.suspended'), ','));
UPDATE tb_user SET name = 'x' WHERE pk_user = 1;
SELECT * FROM pg_tviews_resume('tv_user');
SELECT cardinality(string_to_array(current_setting('pg_tviews.suspended'), ','));
UPDATE tb_user SET name = 'y' WHERE pk_user = 1;
TABLE states;
SELECT * FROM pg_tviews_resume();
SHOW pg_tviews.suspended;
BEGIN;
SELECT pg_tviews_suspend(NULL, 'session');
ROLLBACK;
SHOW pg_tviews.suspended;
-- Transaction.
BEGIN;
SELECT pg_tviews_suspend('tv_comment', 'transaction');
INSERT INTO tb_comment VALUES (1, uuid_of(3, 1), 11, 1, 'skipped by tv_comment');
COMMIT;
SHOW pg_tviews.suspended;
INSERT INTO tb_comment VALUES (2, uuid_of(3, 2), 11, 1, 'in all');
SELECT pk_comment FROM tv_comment;
TABLE states;
SELECT * FROM pg_tviews_resume();
CALL check_exact();

-- Prepared transactions.
SELECT pg_tviews_suspend('tv_user', 'session');
BEGIN;
UPDATE tb_user SET name = 'prepared' WHERE pk_user = 1;
PREPARE TRANSACTION 's_suspend';
TABLE states;
SET lock_timeout = '10ms';
SELECT * FROM pg_tviews_resume('tv_user');
RESET lock_timeout;
COMMIT PREPARED 's_suspend';
TABLE states;
SELECT * FROM pg_tviews_resume('tv_user');
CALL check_exact();
BEGIN;
SELECT pg_tviews_suspend('tv_user');
PREPARE TRANSACTION 's_suspend';
UPDATE tb_user SET name = 'maintained' WHERE pk_user = 2;
TABLE names;
COMMIT PREPARED 's_suspend';
UPDATE tb_user SET name = 'skipped' WHERE pk_user = 3;
TABLE names;
BEGIN;
SELECT * FROM pg_tviews_resume('tv_user');
PREPARE TRANSACTION 's_suspend';
SET lock_timeout = '10ms';
UPDATE tb_user SET name = 'waits' WHERE pk_user = 3;
RESET lock_timeout;
ROLLBACK PREPARED 's_suspend';
UPDATE tb_user SET name = 'skipped again' WHERE pk_user = 3;
TABLE states;
SELECT * FROM pg_tviews_resume('tv_user');
CALL check_exact();

-- A TVIEW over a suspended one is equal to its query over the other's table, and follows when that is resumed.
CREATE TABLE tv_shout AS SELECT pk_user AS pk_shout, upper(data ->> 'name') AS name FROM tv_user;
SELECT pg_tviews_suspend('tv_user');
UPDATE tb_user SET name = 'quiet' WHERE pk_user = 1;
SELECT count(*) FROM pg_tviews_verify('tv_shout');
SELECT name FROM tv_shout WHERE pk_shout = 1;
SELECT * FROM pg_tviews_resume('tv_user');
SELECT name FROM tv_shout WHERE pk_shout = 1;
CALL check_exact();
-- Both suspended; the inner one first, then the outer one.
SELECT pg_tviews_suspend('tv_user'), pg_tviews_suspend('tv_shout');
UPDATE tb_user SET name = 'both' WHERE pk_user = 1;
SELECT * FROM pg_tviews_resume('tv_user');
SELECT count(*) FROM pg_tviews_verify('tv_shout');
SELECT * FROM pg_tviews_resume('tv_shout');
CALL check_exact();
SELECT pg_tviews_suspend('tv_user'), pg_tviews_suspend('tv_shout');
UPDATE tb_user SET name = 'all' WHERE pk_user = 1;
SELECT tview_name, inserted, updated, deleted FROM pg_tviews_resume();
CALL check_exact();

-- DDL: what a TVIEW means may change while nobody maintains it; a rename is followed as ever.
SELECT pg_tviews_suspend('tv_shout');
CREATE OR REPLACE VIEW v_shout AS SELECT pk_user AS pk_shout, lower(data ->> 'name') AS name FROM tv_user;
SELECT count(*) FROM pg_tviews_verify('tv_shout');
ALTER TABLE tv_shout RENAME TO "tv_Murmur";
TABLE states;
SELECT * FROM pg_tviews_resume('"tv_Murmur"');
CALL check_exact();
SELECT pg_tviews_suspend('"tv_Murmur"');
DROP TABLE "tv_Murmur";
SELECT count(*) FROM pg_tview_state;
-- The brake: a TVIEW whose query fails lets nobody write, until it is suspended.
CREATE TABLE tv_ratio AS SELECT pk_user AS pk_ratio, 1 / length(name) AS ratio FROM tb_user;
\set VERBOSITY terse
UPDATE tb_user SET name = '' WHERE pk_user = 1;
SELECT pg_tviews_suspend('tv_ratio');
UPDATE tb_user SET name = '' WHERE pk_user = 1;
SELECT * FROM pg_tviews_resume('tv_ratio');
\set VERBOSITY default
UPDATE tb_user SET name = 'full' WHERE pk_user = 1;
SELECT * FROM pg_tviews_resume('tv_ratio');
CALL check_exact();
-- Triggers written by row: a partitioned table.
CREATE TABLE tb_event (pk_event int PRIMARY KEY, name text) PARTITION BY RANGE (pk_event);
CREATE TABLE tb_event_1 PARTITION OF tb_event FOR VALUES FROM (1) TO (100);
CREATE TABLE tv_event AS SELECT pk_event, name FROM tb_event;
SELECT pg_tviews_suspend('tv_event');
INSERT INTO tb_event SELECT n, 'event ' || n FROM generate_series(1, 20) n;
CREATE TABLE tb_event_2 PARTITION OF tb_event FOR VALUES FROM (100) TO (200);
INSERT INTO tb_event VALUES (100, 'in the new partition');
DROP TABLE tb_event_1;
SELECT count(*) FROM tv_event;
SELECT * FROM pg_tviews_resume('tv_event');
CALL check_exact();

-- Rows that replication applies.
SELECT pg_tviews_suspend('tv_user'), pg_tviews_suspend('tv_post', 'session');
SET session_replication_role = replica;
UPDATE tb_user SET name = 'applied' WHERE pk_user = 2;
RESET session_replication_role;
TABLE states;
SELECT tview_name, count(*) > 0 AS differs FROM pg_tviews_verify() GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM pg_tviews_resume();
CALL check_exact();

-- Who may, and what is refused.
CREATE ROLE regress_tviews_stranger;
GRANT USAGE ON SCHEMA "s Suspend" TO regress_tviews_stranger;
GRANT SELECT ON ALL TABLES IN SCHEMA "s Suspend" TO regress_tviews_stranger;
SET ROLE regress_tviews_stranger;
CALL attempt('SELECT pg_tviews_suspend(''tv_user'')');
CALL attempt('SELECT pg_tviews_suspend(NULL, ''session'')');
CALL attempt('SELECT pg_tviews_resume(''tv_user'')');
CALL attempt('SET pg_tviews.suspended = ''1''');
RESET ROLE;
ALTER TABLE tv_user OWNER TO regress_tviews_stranger;
SET ROLE regress_tviews_stranger;
SELECT pg_tviews_suspend('tv_user', 'session');
SELECT pg_tviews_suspend('tv_user');
CALL attempt('INSERT INTO pg_tview_state VALUES (''tv_post'', ''suspended'', now(), '''', gen_random_uuid())');
CALL attempt('DELETE FROM pg_tview_state');
RESET ROLE;
UPDATE tb_user SET name = 'skipped' WHERE pk_user = 1;
SET ROLE regress_tviews_stranger;
SELECT count(*) FROM pg_tview_state;
RESET ROLE;
ALTER TABLE tv_user OWNER TO CURRENT_USER;
SELECT * FROM pg_tviews_resume('tv_user');
CALL check_exact();
CALL attempt('SELECT pg_tviews_suspend(''tv_user'', ''cluster'')');
CALL attempt('SELECT pg_tviews_suspend(''tv_user'', NULL)');
CALL attempt('SELECT pg_tviews_suspend(''tb_user'')');
CALL attempt('SELECT pg_tviews_resume(''nothing'')');
CALL attempt('SET pg_tviews.suspended = ''tv_user''');
CALL attempt('SET pg_tviews.suspended = ''1,''');
SELECT operation, entity, details FROM pg_tview_audit_log WHERE log_id > (SELECT max(log_id) - 4 FROM pg_tview_audit_log) ORDER BY log_id;

SET client_min_messages = warning;
DROP SCHEMA "s Suspend" CASCADE;
DROP OWNED BY regress_tviews_stranger;
DROP ROLE regress_tviews_stranger;
SELECT count(*) FROM pg_tview_state;
