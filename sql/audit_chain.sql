-- The audit log's chain of hashes: what it notices, what nobody can do, and archiving.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "Audit ""chain""";
SET search_path = "Audit ""chain""", public;
\i :schema
-- The log as other tests left it goes to an archive, which starts a chain of its own here.
SELECT count(*) >= 0 AS archived FROM pg_tviews_audit_archive(clock_timestamp());
SELECT * FROM pg_tviews_audit_verify();
CREATE TABLE mark AS SELECT coalesce(max(log_id), 0) AS log_id, coalesce(max(link), 0) AS link FROM pg_tview_audit_log;
CREATE VIEW log AS SELECT row_number() OVER (ORDER BY l.log_id) AS n, l.operation, l.entity, l.link - m.link AS link, length(l.hash) AS bytes
    FROM pg_tview_audit_log l, mark m WHERE l.log_id > m.log_id ORDER BY n;

-- A row is linked when its transaction commits.
BEGIN;
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
SELECT * FROM log;
SELECT * FROM pg_tviews_audit_verify();
CREATE TABLE tv_post AS SELECT pk_post, title FROM tb_post;
COMMIT;
SELECT * FROM log;
-- What is rolled back, also to a savepoint, leaves gaps in log_id and none in the chain.
BEGIN;
DROP TABLE tv_user;
ROLLBACK;
BEGIN;
SAVEPOINT one;
DROP TABLE tv_user;
ROLLBACK TO one;
CREATE TABLE tv_comment AS SELECT pk_comment, body FROM tb_comment;
SAVEPOINT two;
SELECT * FROM pg_tviews_refresh('tv_post');
RELEASE two;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
DROP TABLE tv_comment;
SET TRANSACTION READ ONLY;
COMMIT;
SELECT * FROM log;
SELECT * FROM pg_tviews_audit_verify();
-- The hash does not depend on settings.
SET TimeZone = 'Asia/Tokyo';
SET DateStyle = 'German';
SET bytea_output = 'escape';
SET extra_float_digits = 0;
SELECT * FROM pg_tviews_audit_verify();
RESET ALL;
SET search_path = "Audit ""chain""", public;
-- Nor on columns that are added later.
BEGIN;
ALTER TABLE pg_tview_audit_log ADD COLUMN later text;
SELECT * FROM pg_tviews_audit_verify();
ROLLBACK;

-- Nobody changes rows, superusers included.
CALL attempt('UPDATE pg_tview_audit_log SET performed_by = ''nobody''');
CALL attempt('UPDATE pg_tview_audit_log SET hash = hash WHERE false');
CALL attempt('DELETE FROM pg_tview_audit_log');
CALL attempt('TRUNCATE pg_tview_audit_log');
SET session_replication_role = replica;
CALL attempt('DELETE FROM pg_tview_audit_log');
RESET session_replication_role;

-- Who disables the guard is found out: a row changed, one taken out, the last ones exchanged, one added.
CREATE PROCEDURE tamper(command text) LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    ALTER TABLE pg_tview_audit_log DISABLE TRIGGER USER;
    EXECUTE command;
    SELECT v.link - m.link AS link, regexp_replace(difference, '\d+', 'n', 'g') AS difference INTO found FROM pg_tviews_audit_verify() v, mark m;
    RAISE INFO 'link %: %', found.link, found.difference;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
    NULL;
END $$;
CALL tamper('UPDATE pg_tview_audit_log SET performed_by = ''nobody'' WHERE link = (SELECT link + 2 FROM mark)');
CALL tamper('UPDATE pg_tview_audit_log SET performed_at = performed_at + interval ''1 us'' WHERE link = (SELECT link + 1 FROM mark)');
CALL tamper('UPDATE pg_tview_audit_log SET details = details || ''{"more": 1}'' WHERE link = (SELECT link + 3 FROM mark)');
CALL tamper('UPDATE pg_tview_audit_log SET hash = sha256(hash) WHERE link = (SELECT link + 5 FROM mark)');
CALL tamper('DELETE FROM pg_tview_audit_log WHERE link = (SELECT link + 2 FROM mark)');
CALL tamper('DELETE FROM pg_tview_audit_log WHERE link <= (SELECT link + 2 FROM mark)');
CALL tamper('UPDATE pg_tview_audit_log l SET hash = pg_tviews_audit_hash(l, l.link, NULL), client_port = 1 WHERE link = (SELECT link + 4 FROM mark)');
-- Rows missing at the end leave a whole chain: only the last link and hash, kept somewhere else, tell.
CALL tamper('DELETE FROM pg_tview_audit_log WHERE link >= (SELECT max(link) - 1 FROM pg_tview_audit_log)');
-- The log's owner need not be a superuser, and cannot change it either.
CREATE ROLE regress_tviews_log_owner;
BEGIN;
SELECT format('ALTER TABLE pg_tview_audit_log OWNER TO regress_tviews_log_owner; GRANT USAGE ON SCHEMA %I TO regress_tviews_log_owner', current_schema) \gexec
SET LOCAL ROLE regress_tviews_log_owner;
CALL attempt('UPDATE pg_tview_audit_log SET performed_by = ''nobody''');
CALL attempt('DELETE FROM pg_tview_audit_log');
CALL attempt('TRUNCATE pg_tview_audit_log');
ROLLBACK;
DROP ROLE regress_tviews_log_owner;
-- A row by hand is in no chain.
INSERT INTO pg_tview_audit_log (operation, entity) VALUES ('DROP', 'never was');
SELECT difference FROM pg_tviews_audit_verify();
CREATE TABLE tv_comment AS SELECT pk_comment FROM tb_comment;
SELECT n, operation, entity, link FROM log WHERE n > 6;
SELECT difference FROM pg_tviews_audit_verify();

-- Archiving: the rows come out, an ARCHIVE row remembers where the chain was cut, and the rest is whole.
CREATE TABLE archive AS TABLE pg_tview_audit_log WITH NO DATA;
INSERT INTO archive SELECT * FROM pg_tviews_audit_archive(
    (SELECT l.performed_at FROM pg_tview_audit_log l, mark m WHERE l.link = m.link + 3));
SELECT operation, entity FROM archive WHERE log_id > (SELECT log_id FROM mark) ORDER BY log_id;
SELECT l.operation, l.entity, l.details - 'hash' - 'link' - 'rows' - 'settings' AS details, l.link - m.link AS link, (details ->> 'link')::bigint - m.link AS cut,
       details ->> 'hash' = encode((SELECT hash FROM archive ORDER BY link DESC LIMIT 1), 'hex') AS remembered
    FROM pg_tview_audit_log l, mark m ORDER BY l.log_id;
SELECT difference FROM pg_tviews_audit_verify();
-- Rows by hand go with the others, here everything.
INSERT INTO archive SELECT * FROM pg_tviews_audit_archive('infinity');
SELECT * FROM pg_tviews_audit_verify();
SELECT l.operation, l.link - m.link AS link, (l.details ->> 'link')::bigint - m.link AS cut FROM pg_tview_audit_log l, mark m;
SELECT * FROM pg_tviews_refresh('tv_user');
SELECT l.operation, l.link - m.link AS link FROM pg_tview_audit_log l, mark m ORDER BY l.log_id;
SELECT * FROM pg_tviews_audit_verify();
-- Nothing to archive, nothing logged.
SELECT count(*) FROM pg_tviews_audit_archive('2000-01-01');
SELECT count(*) FROM pg_tview_audit_log;
-- The archive can be followed in the same way.
SELECT a.operation, a.hash = pg_tviews_audit_hash(jsonb_populate_record(NULL::pg_tview_audit_log, to_jsonb(a)), a.link, b.hash) AS whole
    FROM archive a JOIN archive b ON b.link = a.link - 1 WHERE a.link > (SELECT link FROM mark) + 1 ORDER BY a.link;

-- Archiving is for superusers and whom they let.
CREATE ROLE regress_tviews_archivist;
GRANT USAGE ON SCHEMA "Audit ""chain""" TO regress_tviews_archivist;
SET ROLE regress_tviews_archivist;
CALL attempt('SELECT * FROM pg_tviews_audit_archive(''infinity'')');
SELECT count(*) FROM pg_tviews_audit_verify();
RESET ROLE;
GRANT EXECUTE ON FUNCTION pg_tviews_audit_archive(timestamptz) TO regress_tviews_archivist;
SET ROLE regress_tviews_archivist;
SELECT count(*) FROM pg_tviews_audit_archive('infinity');
RESET ROLE;
SELECT * FROM pg_tviews_audit_verify();
REVOKE EXECUTE ON FUNCTION pg_tviews_audit_archive(timestamptz) FROM regress_tviews_archivist;
REVOKE USAGE ON SCHEMA "Audit ""chain""" FROM regress_tviews_archivist;
DROP ROLE regress_tviews_archivist;
SELECT pg_tviews_audit_guard();
SELECT * FROM exact();
SET client_min_messages = warning;
DROP SCHEMA "Audit ""chain""" CASCADE;
