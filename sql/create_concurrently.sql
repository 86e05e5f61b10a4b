-- pg_tviews_create_concurrently() and pg_tviews_resume_concurrently(): in one session, what they make and what they leave behind
-- when they fail.  Beside writers: test/isolation/specs/concurrently.spec, test/tap/concurrently.pl.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "s Concurrently";
SET search_path = "s Concurrently", public;
\i :schema
CREATE VIEW states AS SELECT entity, state, state_by = session_user AS by_me FROM pg_tviews_registry ORDER BY entity;

-- The same as pg_tviews_create() makes, in batches larger and smaller than its documents.
CALL pg_tviews_create_concurrently('"s Concurrently".tv_post', $$
    SELECT p.pk_post, p.fk_user, jsonb_build_object('title', p.title, 'by', u.name) AS data
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user $$, '{"fillfactor": 70, "data_index": true}');
TABLE states;
SELECT pk_post, data FROM tv_post ORDER BY pk_post;
SELECT indexdef FROM pg_indexes WHERE tablename = 'tv_post' ORDER BY 1;
SELECT reloptions FROM pg_class WHERE oid = 'tv_post'::regclass;
CALL pg_tviews_create_concurrently('tv_pair', 'SELECT p.fk_user AS author, c.pk_comment AS comment, c.body, u.name
    FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post JOIN tb_user u ON u.pk_user = p.fk_user',
    '{"key": ["author", "comment"]}', 1);
-- Documents without a route, without rows, over a TVIEW, of a key that is text, is not hashable.
CALL pg_tviews_create_concurrently('tv_total', 'SELECT 1 AS pk_total, count(*) AS posts FROM tv_post', batch => 2);
CALL pg_tviews_create_concurrently('tv_none', 'SELECT pk_user AS pk_none FROM tb_user WHERE false');
CALL pg_tviews_create_concurrently('"tv_Some Name"', 'SELECT name AS "pk_Name", count(*) AS n FROM tb_user GROUP BY name', '{"key": "pk_Name"}');
CALL pg_tviews_create_concurrently('tv_bits', 'SELECT pk_user::bit(8) AS pk_bits, name FROM tb_user', batch => 2);
TABLE states;
CALL check_exact();
UPDATE tb_user SET name = upper(name);
DELETE FROM tb_comment WHERE pk_comment < 103;
CALL check_exact();
SELECT operation, entity, details - 'settings' AS details FROM pg_tview_audit_log WHERE details ->> 'table' = '"s Concurrently".tv_none';

-- Not in a transaction, a function or a procedure that is in one.
BEGIN;
CALL pg_tviews_create_concurrently('tv_user', 'SELECT pk_user FROM tb_user');
ROLLBACK;
BEGIN;
CALL pg_tviews_resume_concurrently('tv_post');
ROLLBACK;
CALL attempt($$CALL pg_tviews_create_concurrently('tv_user', 'SELECT pk_user FROM tb_user')$$);
-- What pg_tviews_create() refuses leaves nothing behind.
CALL pg_tviews_create_concurrently('tv_post', 'SELECT 1 AS pk_post');
CALL pg_tviews_create_concurrently('post', 'SELECT 1 AS pk_post');
CALL pg_tviews_create_concurrently('tv_user', 'SELECT name FROM tb_user');
CALL pg_tviews_create_concurrently('tv_user', 'SELECT pk_user, random() FROM tb_user');
CALL pg_tviews_create_concurrently('tv_user', 'SELECT pk_user FROM tb_user', '{"colour": 1}');
CALL pg_tviews_create_concurrently('tv_user', 'SELECT pk_user FROM tb_user', batch => 0);
CALL pg_tviews_create_concurrently('tv_user', NULL);
CALL pg_tviews_resume_concurrently(NULL);
CALL pg_tviews_resume_concurrently('tb_user');
CALL pg_tviews_resume_concurrently('tv_post', 0);
SELECT count(*) FROM left_behind() WHERE left_behind ~ ' (tv|v)_user';

-- A fill that fails leaves a TVIEW in state building: maintained, incomplete.  Once the data are right a resume completes it.
CALL pg_tviews_create_concurrently('tv_letter', $$SELECT left(name, 1) AS pk_letter, pk_user FROM tb_user$$, batch => 1);
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'AXEL');
INSERT INTO tb_user VALUES (5, uuid_of(1, 5), 'EVE');
TABLE states;
DROP TABLE tv_letter;
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'AXEL');
CALL pg_tviews_create_concurrently('tv_letter', $$SELECT left(name, 1) AS pk_letter, pk_user FROM tb_user$$, batch => 1);
TABLE states;
\set VERBOSITY terse
UPDATE tb_user SET name = 'ADA' WHERE pk_user = 1;
SELECT pg_tviews_resume('tv_letter');
CALL pg_tviews_resume_concurrently('tv_letter');
TABLE states;
\set VERBOSITY default
UPDATE tb_user SET name = 'MAX' WHERE pk_user = 4;
TABLE states;
CALL pg_tviews_resume_concurrently('tv_letter', 1);
TABLE states;
CALL check_exact();
-- A null key, and a query that fails.
CALL pg_tviews_create_concurrently('tv_null', 'SELECT nullif(pk_user, 3) AS pk_null FROM tb_user');
CALL pg_tviews_create_concurrently('tv_ratio', 'SELECT pk_user AS pk_ratio, 1 / (pk_user - 3) AS ratio FROM tb_user');
TABLE states;
SELECT pg_tviews_drop('tv_null');
SELECT pg_tviews_drop('tv_ratio');

-- Resuming in batches: suspended, stale; only what differs is written; a TVIEW that is maintained is left alone.
SELECT pg_tviews_suspend('tv_post'), pg_tviews_suspend('tv_pair', 'session');
UPDATE tb_user SET name = lower(name) WHERE pk_user = 2;
DELETE FROM tb_post WHERE pk_post = 11;
INSERT INTO tb_post VALUES (15, uuid_of(2, 15), 3, 'Fifteen');
TABLE states;
CREATE TEMP TABLE stamps AS SELECT pk_post, updated_at FROM tv_post;
CALL pg_tviews_resume_concurrently('tv_post', 1);
SELECT pk_post, s.updated_at IS NOT DISTINCT FROM p.updated_at AS same FROM tv_post p LEFT JOIN stamps s USING (pk_post) ORDER BY pk_post;
CALL pg_tviews_resume_concurrently('tv_pair');
SHOW pg_tviews.suspended;
CALL pg_tviews_resume_concurrently('tv_pair');
TABLE states;
SELECT operation, entity, details FROM pg_tview_audit_log 
    WHERE operation = 'RESUME' AND details ->> 'table' IN ('"s Concurrently".tv_post', '"s Concurrently".tv_pair') ORDER BY log_id;
CALL check_exact();
-- A commit that fails: what the flush of a TVIEW over it finds.  And within a DO block that may commit.
CREATE TABLE tv_share AS SELECT pk_post AS pk_share, 1 / length(data ->> 'title') AS share FROM tv_post;
SELECT pg_tviews_suspend('tv_post');
UPDATE tb_post SET title = '' WHERE pk_post = 13;
\set VERBOSITY terse
CALL pg_tviews_resume_concurrently('tv_post', 1);
\set VERBOSITY default
TABLE states;
UPDATE tb_post SET title = 'Three' WHERE pk_post = 13;
DO $$ BEGIN CALL pg_tviews_resume_concurrently('tv_post', 1); END $$;
TABLE states;
CALL check_exact();
-- At any default isolation level.
SET default_transaction_isolation = serializable;
SELECT pg_tviews_suspend('tv_post');
UPDATE tb_post SET title = upper(title);
CALL pg_tviews_resume_concurrently('tv_post', 2);
CALL pg_tviews_create_concurrently('tv_user', 'SELECT pk_user, name FROM tb_user', batch => 2);
RESET default_transaction_isolation;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA "s Concurrently" CASCADE;
