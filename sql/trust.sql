-- pg_tviews_verify() finds each row that differs, pg_tviews_refresh() repairs it.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_trust;
SET search_path = s_trust, public;
\i :schema
\i :tviews
SELECT pg_tviews_create('tv_pair', 'SELECT p.fk_user AS author, c.pk_comment AS comment, c.body FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post',
                        '{"key": ["author", "comment"]}');

-- Nothing to find.
SELECT * FROM pg_tviews_verify();
SELECT * FROM pg_tviews_verify(NULL);
SELECT * FROM pg_tviews_verify('tv_user');
-- Rows written by hand: stale, extra, missing.
UPDATE tv_user SET data = data || '{"name": "other"}' WHERE pk_user = 1;
UPDATE tv_user SET id = NULL WHERE pk_user = 2;
INSERT INTO tv_user VALUES (9, uuid_of(1, 9), NULL);
DELETE FROM tv_user WHERE pk_user = 3;
UPDATE tv_pair SET author = 7 WHERE comment = 101;
UPDATE tv_post SET updated_at = '2000-01-01';
SELECT * FROM pg_tviews_verify('tv_user') ORDER BY key;
SELECT * FROM pg_tviews_verify('s_trust.tv_pair') ORDER BY key;
SELECT * FROM pg_tviews_verify(NULL) ORDER BY tview_name, key;
-- Changed base rows next to it: a write to one document repairs that one alone.
UPDATE tb_user SET name = 'Ada L.' WHERE pk_user = 1;
SELECT * FROM pg_tviews_verify('tv_user') ORDER BY key;
-- Samples: none, some, all; a fraction outside is an error.
SELECT count(*) FROM pg_tviews_verify('tv_user', 0);
SELECT count(*) BETWEEN 0 AND 3 AS some FROM pg_tviews_verify('tv_user', 0.5);
SELECT count(*) FROM pg_tviews_verify('tv_user', 1);
SELECT count(*) FROM pg_tviews_verify('tv_user', NULL);
CALL attempt('SELECT * FROM pg_tviews_verify(''tv_user'', -0.1)');
CALL attempt('SELECT * FROM pg_tviews_verify(''tv_user'', 1.1)');
CALL attempt('SELECT * FROM pg_tviews_verify(''tv_user'', ''NaN'')');
CALL attempt('SELECT * FROM pg_tviews_verify(''tb_user'')');
CALL attempt('SELECT * FROM pg_tviews_verify(''v_user'')');
CALL attempt('SELECT * FROM pg_tviews_verify(''nothing'')');
CALL attempt('SELECT * FROM pg_tviews_refresh(''tb_user'')');
CALL attempt('SELECT * FROM pg_tviews_refresh(''nothing'')');
-- Repaired, and only what differs.
BEGIN;
SELECT xmin AS before FROM tv_user WHERE pk_user = 1 \gset
SELECT * FROM pg_tviews_refresh('tv_user');
SELECT xmin = :before AS untouched FROM tv_user WHERE pk_user = 1;
SELECT * FROM pg_tviews_verify('tv_user');
ROLLBACK;
SELECT count(*) FROM pg_tviews_verify('tv_user');
SELECT * FROM pg_tviews_refresh();
SELECT * FROM pg_tviews_verify();
SELECT * FROM pg_tviews_refresh(NULL);
CALL check_exact();

-- In a transaction with writes still to flush; what the refresh writes is undone with a savepoint.
BEGIN;
UPDATE tb_user SET name = 'pending' WHERE pk_user = 2;
SELECT * FROM pg_tviews_verify();
DELETE FROM tv_comment;
SAVEPOINT one;
SELECT * FROM pg_tviews_refresh('tv_comment');
ROLLBACK TO one;
SELECT count(*) FROM tv_comment;
SELECT * FROM pg_tviews_refresh('tv_comment');
COMMIT;
CALL check_exact();
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_user SET name = 'repeatable' WHERE pk_user = 2;
DELETE FROM tv_user WHERE pk_user = 1;
SELECT * FROM pg_tviews_verify('tv_user');
SELECT * FROM pg_tviews_refresh('tv_user');
COMMIT;
CALL check_exact();

-- Results of a query that cannot be read.
CREATE TABLE tv_ratio AS SELECT pk_user AS pk_ratio, 100 / length(name) AS ratio FROM tb_user;
ALTER TABLE tb_user DISABLE TRIGGER USER;
UPDATE tb_user SET name = '' WHERE pk_user = 3;
CALL attempt('SELECT * FROM pg_tviews_verify(''tv_ratio'')');
CALL attempt('SELECT * FROM pg_tviews_refresh(''tv_ratio'')');
UPDATE tb_user SET name = 'Three' WHERE pk_user = 3;
ALTER TABLE tb_user ENABLE TRIGGER USER;
SELECT * FROM pg_tviews_refresh();
-- The settings of the session do not matter: documents are built and compared under those of the TVIEW's creation.
CREATE TABLE tb_event (pk_event int PRIMARY KEY, at timestamptz, took interval, share float8, bytes bytea, price money);
INSERT INTO tb_event VALUES (1, '2024-07-01 12:00+00', '1 day 02:03', 1.0 / 3, '\xdeadbeef', 1234.5);
CREATE TABLE tv_event AS SELECT pk_event, to_jsonb(e) AS data, at::text, took::text, share::text, bytes::text, price::text FROM tb_event e;
SELECT data FROM tv_event;
CREATE TABLE tb_text (pk_text int PRIMARY KEY, name text, list text, moment text, other text);
INSERT INTO tb_text VALUES (1, 'one', '{NULL,a}', '2024-07-01 12:00 IST', NULL);
CREATE FUNCTION is_other(text) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT $1 = NULL';
CREATE TABLE tv_text AS SELECT pk_text, quote_ident(name) AS name, list::text[] AS list, moment::timestamptz::text AS moment, is_other(other) AS other FROM tb_text;
SELECT name, list, moment, other FROM tv_text;
SET quote_all_identifiers = on;
SET array_nulls = off;
SET timezone_abbreviations = 'India';
SET transform_null_equals = on;
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
SET IntervalStyle = 'iso_8601';
SET extra_float_digits = 0;
SET bytea_output = 'escape';
SELECT * FROM pg_tviews_verify();
UPDATE tb_event SET price = 99;
INSERT INTO tb_event SELECT 2, at, took, share, bytes, price FROM tb_event;
SELECT pk_event, data FROM tv_event ORDER BY 1;
INSERT INTO tb_text SELECT 2, name, list, moment, other FROM tb_text;
SELECT name, list, moment, other FROM tv_text ORDER BY pk_text;
SELECT * FROM pg_tviews_verify();
SELECT inserted, updated, deleted FROM pg_tviews_refresh('tv_event');
SHOW TimeZone;
SHOW DateStyle;
RESET ALL;
SET search_path = s_trust, public;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_trust CASCADE;
