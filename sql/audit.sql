-- The audit log: a row for every CREATE, DROP, ALTER and REFRESH of a TVIEW, with who and what.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_audit;
SET search_path = s_audit, public;
\i :schema
-- What was logged since the last look.
CREATE TABLE mark (log_id bigint);
INSERT INTO mark SELECT coalesce(max(log_id), 0) FROM pg_tview_audit_log;
CREATE VIEW log AS SELECT row_number() OVER (ORDER BY log_id) AS n, operation, entity, performed_by, performed_at, details, client_addr, client_port
    FROM pg_tview_audit_log WHERE log_id > (SELECT log_id FROM mark);
CREATE PROCEDURE next() LANGUAGE sql AS 'UPDATE mark SET log_id = (SELECT max(log_id) FROM pg_tview_audit_log)';

CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
SELECT pg_tviews_create('tv_post', 'SELECT id, title, 1 AS data FROM tb_post', '{"key": ["id"], "fillfactor": 70}');
SELECT n, operation, entity, performed_by = session_user AS mine, details - 'settings' AS details FROM log;
SELECT DISTINCT m.settings = l.details -> 'settings' AS settings FROM log l, pg_tview_meta m WHERE m.schema = 's_audit';
SELECT count(*) FROM log WHERE performed_at BETWEEN now() - interval '1 minute' AND clock_timestamp();
CALL next();
-- Writes to base tables, reads, verification are not logged; neither is what was refused or rolled back.
UPDATE tb_user SET name = upper(name);
SELECT count(*) FROM pg_tviews_verify(NULL);
CALL attempt('CREATE TABLE tv_comment AS SELECT body FROM tb_comment');
BEGIN;
DROP TABLE tv_user;
CREATE TABLE tv_user AS SELECT pk_user FROM tb_user;
ROLLBACK;
SELECT count(*) FROM log;

-- REFRESH with what it wrote.
SELECT * FROM pg_tviews_refresh('tv_user');
UPDATE tv_user SET name = 'stale' WHERE pk_user = 1;
DELETE FROM tv_user WHERE pk_user = 2;
INSERT INTO tv_user VALUES (99, 'extra');
SELECT * FROM pg_tviews_refresh('tv_user');
SELECT * FROM pg_tviews_refresh(NULL);
SELECT n, operation, entity, details - 'table' AS details FROM log ORDER BY n;
SELECT DISTINCT details ->> 'table' AS table FROM log ORDER BY 1;
CALL next();

-- ALTER: a rename, another schema, a column renamed below, another owner.
ALTER TABLE tv_user RENAME TO tv_person;
CREATE SCHEMA s_audit_2;
ALTER TABLE tv_person SET SCHEMA s_audit_2;
ALTER TABLE tb_user RENAME COLUMN name TO called;
SELECT n, operation, entity, details FROM log ORDER BY n;
CALL next();
CREATE ROLE regress_tviews_audit;
GRANT USAGE, CREATE ON SCHEMA s_audit_2, s_audit TO regress_tviews_audit;
GRANT SELECT ON tb_user TO regress_tviews_audit;
ALTER TABLE s_audit_2.tv_person OWNER TO regress_tviews_audit;
SELECT n, operation, entity FROM log ORDER BY n;
CALL next();
-- Nothing for DDL that leaves the TVIEW as it was.
ALTER TABLE tb_user ADD COLUMN age int;
CREATE INDEX ON s_audit_2.tv_person (name);
ALTER TABLE s_audit_2.tv_person SET (fillfactor = 90);
SELECT count(*) FROM log;

-- By others: performed_by is the session's user, also under SET ROLE; client address and port are those of the connection.
SET ROLE regress_tviews_audit;
SELECT * FROM pg_tviews_refresh('s_audit_2.tv_person');
DROP TABLE s_audit_2.tv_person;
RESET ROLE;
SET SESSION AUTHORIZATION regress_tviews_audit;
CREATE TABLE tb_own (pk_own int PRIMARY KEY);
CREATE TABLE tv_own AS SELECT pk_own FROM tb_own;
SET client_min_messages = warning;
DROP TABLE tb_own CASCADE;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;
SELECT operation, entity, performed_by = session_user AS session_user, performed_by = 'regress_tviews_audit' AS role,
       client_addr IS NOT DISTINCT FROM inet_client_addr() AS addr, client_port IS NOT DISTINCT FROM inet_client_port() AS port
    FROM log ORDER BY n;
CALL next();

-- DROP, alone, several at once, by schema; the log outlives them.
CREATE TABLE tv_user AS SELECT pk_user FROM tb_user;
DROP TABLE tv_user, tv_post;
CREATE TABLE s_audit_2.tv_user AS SELECT pk_user FROM tb_user;
SET client_min_messages = warning;
DROP SCHEMA s_audit_2 CASCADE;
RESET client_min_messages;
SELECT operation, entity, details - 'settings' AS details, jsonb_typeof(details -> 'settings') AS settings FROM log ORDER BY entity, details ->> 'table', n;
SELECT * FROM exact();

SET client_min_messages = warning;
DROP SCHEMA s_audit CASCADE;
DROP OWNED BY regress_tviews_audit;
DROP ROLE regress_tviews_audit;
