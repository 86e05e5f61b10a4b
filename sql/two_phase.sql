-- Two-phase commit: PREPARE TRANSACTION flushes; the documents appear with COMMIT PREPARED and vanish with ROLLBACK PREPARED.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_two_phase;
SET search_path = s_two_phase, public;
\i :schema
\i :tviews
CREATE VIEW names AS SELECT string_agg(data ->> 'name', ' ' ORDER BY pk_user) AS names FROM tv_user;
SHOW max_prepared_transactions;

BEGIN;
UPDATE tb_user SET name = 'prepared' WHERE pk_user = 1;
DELETE FROM tb_comment WHERE fk_post = 11;
PREPARE TRANSACTION 's_two_phase_1';
TABLE names;
CALL check_exact();
COMMIT PREPARED 's_two_phase_1';
TABLE names;
CALL check_exact();

BEGIN;
UPDATE tb_user SET name = 'rolled back' WHERE pk_user = 1;
TABLE names;
SAVEPOINT one;
UPDATE tb_user SET name = 'twice' WHERE pk_user = 2;
TABLE names;
ROLLBACK TO one;
UPDATE tb_post SET title = 'pending' WHERE pk_post = 11;
PREPARE TRANSACTION 's_two_phase_2';
TABLE names;
ROLLBACK PREPARED 's_two_phase_2';
TABLE names;
CALL check_exact();

-- After a flush on read inside a savepoint that was rolled back; in REPEATABLE READ.
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_user SET name = 'outer' WHERE pk_user = 1;
SAVEPOINT one;
TABLE names;
ROLLBACK TO one;
PREPARE TRANSACTION 's_two_phase_3';
-- The session goes on with other work meanwhile.
SELECT count(*) FROM tv_post;
COMMIT PREPARED 's_two_phase_3';
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Dee');
TABLE names;
CALL check_exact();

-- Once more, so that nothing of the last one is left in this session.
BEGIN;
UPDATE tb_post SET title = 'first' WHERE pk_post = 11;
PREPARE TRANSACTION 's_two_phase_4';
SELECT gid FROM pg_prepared_xacts WHERE database = current_database() AND gid LIKE 's_two_phase%';
COMMIT PREPARED 's_two_phase_4';
CALL check_exact();

-- A document that cannot be built fails PREPARE TRANSACTION.
CREATE TABLE tv_ratio AS SELECT pk_user AS pk_ratio, 100 / length(name) AS ratio FROM tb_user;
BEGIN;
UPDATE tb_user SET name = '' WHERE pk_user = 2;
\set SHOW_CONTEXT never
PREPARE TRANSACTION 's_two_phase_5';
\set SHOW_CONTEXT errors
SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database();
TABLE names;
CALL check_exact();

-- A transaction that makes a TVIEW.
BEGIN;
CREATE TABLE tv_title AS SELECT pk_post AS pk_title, title FROM tb_post;
UPDATE tb_post SET title = 'made' WHERE pk_post = 12;
PREPARE TRANSACTION 's_two_phase_6';
SELECT to_regclass('tv_title');
COMMIT PREPARED 's_two_phase_6';
UPDATE tb_post SET title = 'then' WHERE pk_post = 13;
SELECT pk_title, title FROM tv_title ORDER BY 1;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_two_phase CASCADE;
