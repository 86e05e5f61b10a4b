-- Privileges: who may create, read, write, verify, refresh and drop; row-level security; the catalog and the audit log.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_privileges;
SET search_path = s_privileges, public;
\i :schema
CREATE ROLE regress_tviews_creator;
CREATE ROLE regress_tviews_reader;
CREATE ROLE regress_tviews_writer;
CREATE ROLE regress_tviews_other;
GRANT USAGE ON SCHEMA s_privileges TO PUBLIC;

-- A creator who is no superuser needs CREATE on the schema, SELECT and TRIGGER on every table read.
SET ROLE regress_tviews_creator;
CALL attempt('CREATE TABLE tv_post AS SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user');
RESET ROLE;
GRANT CREATE ON SCHEMA s_privileges TO regress_tviews_creator;
GRANT SELECT ON tb_post TO regress_tviews_creator;
SET ROLE regress_tviews_creator;
CALL attempt('CREATE TABLE tv_post AS SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user');
RESET ROLE;
GRANT SELECT ON tb_user TO regress_tviews_creator;
GRANT TRIGGER ON tb_post TO regress_tviews_creator;
SET ROLE regress_tviews_creator;
CALL attempt('CREATE TABLE tv_post AS SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user');
CALL attempt($$SELECT pg_tviews_create('tv_post', 'SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user')$$);
RESET ROLE;
GRANT TRIGGER ON tb_user TO regress_tviews_creator;
REVOKE SELECT ON tb_user FROM regress_tviews_creator;
SET ROLE regress_tviews_creator;
CALL attempt('CREATE TABLE tv_post AS SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user');
RESET ROLE;
SELECT left_behind();
GRANT SELECT ON tb_user TO regress_tviews_creator;
SET ROLE regress_tviews_creator;
CREATE TABLE tv_post AS SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
SELECT pg_tviews_create('tv_user', 'SELECT pk_user, name FROM tb_user');
RESET ROLE;
SELECT tview, owner FROM pg_tviews_registry ORDER BY 1;
SELECT relname, relowner::regrole FROM pg_class WHERE relname IN ('tv_post', 'v_post', 'tv_user', 'v_user') ORDER BY 1;
CALL check_exact();

-- A writer of base tables needs no right on the TVIEW, its view or the extension's tables.
GRANT SELECT, INSERT, UPDATE, DELETE ON tb_user, tb_post, tb_comment TO regress_tviews_writer;
GRANT TRUNCATE ON tb_comment TO regress_tviews_writer;
SET ROLE regress_tviews_writer;
INSERT INTO tb_user VALUES (4, '10000000-0000-4000-8000-000000000004', 'Dee');
UPDATE tb_user SET name = upper(name);
DELETE FROM tb_post WHERE pk_post = 14;
BEGIN;
UPDATE tb_post SET title = 'written' WHERE pk_post = 13;
CALL attempt('SELECT * FROM tv_post');
CALL attempt('UPDATE tv_post SET title = ''by hand''');
SELECT pg_tviews_flush();
COMMIT;
CALL attempt('SELECT * FROM v_post');
CALL attempt('SELECT * FROM pg_tviews_verify(''tv_post'')');
CALL attempt('SELECT * FROM pg_tviews_refresh(''tv_post'')');
CALL attempt('DROP TABLE tv_post');
CALL attempt('SELECT pg_tviews_drop(''tv_post'')');
RESET ROLE;
CALL check_exact();

-- A reader needs SELECT on the TVIEW's table and nothing on what it is made from; reading may flush for nobody but oneself.
GRANT SELECT ON tv_post TO regress_tviews_reader;
SET ROLE regress_tviews_reader;
SELECT pk_post, title, name FROM tv_post ORDER BY 1;
CALL attempt('SELECT * FROM tb_post');
CALL attempt('SELECT * FROM v_post');
CALL attempt('SELECT * FROM tv_user');
CALL attempt('DELETE FROM tv_post');
SELECT count(*) FROM pg_tviews_verify('tv_post');
CALL attempt('SELECT * FROM pg_tviews_refresh(''tv_post'')');
SELECT count(*) > 0 AS explained FROM pg_tviews_explain('tv_post');
CALL attempt('SELECT * FROM pg_tviews_verify(NULL)');
RESET ROLE;
-- Writer and reader in one transaction.
GRANT regress_tviews_reader, regress_tviews_writer TO regress_tviews_other;
SET ROLE regress_tviews_other;
BEGIN;
UPDATE tb_post SET title = 'both' WHERE pk_post = 13;
SELECT title FROM tv_post WHERE pk_post = 13;
COMMIT;
RESET ROLE;

-- The owner may do it all, except see through to what he lost the right to read.
SET ROLE regress_tviews_creator;
SELECT * FROM pg_tviews_refresh('tv_post');
SELECT count(*) FROM pg_tviews_verify('tv_post');
ALTER TABLE tv_post ADD COLUMN seen boolean;
RESET ROLE;
REVOKE SELECT ON tb_user FROM regress_tviews_creator;
SET ROLE regress_tviews_writer;
\set SHOW_CONTEXT never
UPDATE tb_user SET name = 'refused' WHERE pk_user = 1;
\set SHOW_CONTEXT errors
-- what savepoints took back leaves nothing to maintain
BEGIN;
SAVEPOINT one;
UPDATE tb_user SET name = 'taken back' WHERE pk_user = 1;
SAVEPOINT two;
UPDATE tb_user SET name = 'taken back too';
RELEASE two;
ROLLBACK TO one;
COMMIT;
DO $$ BEGIN
    BEGIN
        UPDATE tb_user SET name = 'refused' WHERE pk_user = 1;
        PERFORM pg_tviews_flush();
    EXCEPTION WHEN insufficient_privilege THEN RAISE INFO '%', sqlerrm;
    END;
END $$;
RESET ROLE;
GRANT SELECT ON tb_user TO regress_tviews_creator;
SET ROLE regress_tviews_writer;
UPDATE tb_user SET name = 'granted' WHERE pk_user = 1;
RESET ROLE;
CALL check_exact();
SET ROLE regress_tviews_creator;
DROP TABLE tv_post;
SELECT pg_tviews_drop('tv_user');
RESET ROLE;
SELECT left_behind();

-- Documents are built as the owner in a restricted operation: a function of his cannot use the writer's rights.
CREATE TABLE secret (n int);
CREATE TABLE tb_trap (pk_trap int PRIMARY KEY);
ALTER TABLE tb_trap OWNER TO regress_tviews_creator;
SET ROLE regress_tviews_creator;
CREATE FUNCTION trap(int) RETURNS text STABLE LANGUAGE plpgsql AS $$
BEGIN
    RETURN current_user || ' ' || (SELECT count(*) FROM s_privileges.secret);
EXCEPTION WHEN insufficient_privilege THEN
    RETURN current_user || ': ' || SQLERRM;
END $$;
SET client_min_messages = error;
CREATE TABLE tv_trap AS SELECT pk_trap, trap(pk_trap) AS caught FROM tb_trap;
RESET client_min_messages;
CREATE FUNCTION set_role(int) RETURNS text STABLE LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('role', 'none', false);
    RETURN current_user;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
SET client_min_messages = error;
CREATE TABLE tv_role AS SELECT pk_trap AS pk_role, set_role(pk_trap) AS caught FROM tb_trap;
RESET client_min_messages;
RESET ROLE;
INSERT INTO tb_trap VALUES (1);
SELECT caught FROM tv_trap;
SELECT caught FROM tv_role;
-- Triggers on the TVIEW run as its owner, too, and cannot become another.
SET ROLE regress_tviews_creator;
CREATE FUNCTION show_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE INFO 'trigger as %', current_user;
    BEGIN
        EXECUTE 'SET ROLE NONE';
        RAISE INFO 'now %', current_user;
    EXCEPTION WHEN OTHERS THEN
        RAISE INFO '%', SQLERRM;
    END;
    RETURN NULL;
END $$;
CREATE TRIGGER show_user AFTER INSERT ON tv_trap FOR EACH ROW EXECUTE FUNCTION show_user();
RESET ROLE;
INSERT INTO tb_trap VALUES (2);
SELECT count(*) FROM pg_tviews_verify(NULL);
DROP TABLE tv_trap, tv_role;

-- Row-level security on base tables: it may not drop rows from documents, whoever writes; where it would bind the owner, it is an error.
ALTER TABLE tb_user ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tb_user USING (name = current_user) WITH CHECK (true);
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
CALL check_exact();
SET ROLE regress_tviews_writer;
SELECT count(*) FROM tb_user;
INSERT INTO tb_user VALUES (5, '10000000-0000-4000-8000-000000000005', 'Eve');
INSERT INTO tb_user VALUES (6, '10000000-0000-4000-8000-000000000006', 'regress_tviews_writer');
UPDATE tb_user SET name = 'Six';
RESET ROLE;
SELECT pk_user, name FROM tv_user ORDER BY 1;
CALL check_exact();
DROP TABLE tv_user;
SET ROLE regress_tviews_creator;
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user');
RESET ROLE;
ALTER TABLE tb_user FORCE ROW LEVEL SECURITY;
CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user;
CALL check_exact();
-- A policy that comes later.
SET ROLE regress_tviews_creator;
CREATE TABLE tv_post AS SELECT pk_post, title FROM tb_post;
RESET ROLE;
GRANT SELECT, TRIGGER ON tb_post TO regress_tviews_creator;
ALTER TABLE tb_post ENABLE ROW LEVEL SECURITY;
CREATE POLICY none ON tb_post USING (false);
CREATE POLICY writer ON tb_post TO regress_tviews_writer USING (true);
SET ROLE regress_tviews_writer;
\set SHOW_CONTEXT never
UPDATE tb_post SET title = 'hidden' WHERE pk_post = 11;
\set SHOW_CONTEXT errors
RESET ROLE;
ALTER TABLE tb_post DISABLE ROW LEVEL SECURITY;
SET ROLE regress_tviews_writer;
UPDATE tb_post SET title = 'shown' WHERE pk_post = 11;
RESET ROLE;
SELECT title FROM tv_post WHERE pk_post = 11;
CALL check_exact();
-- And on the TVIEW itself: readers see what the policy lets them see, maintenance sees all.
ALTER TABLE tv_post ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON tv_post TO regress_tviews_reader;
CREATE POLICY few ON tv_post FOR SELECT USING (pk_post < 12);
SET ROLE regress_tviews_writer;
UPDATE tb_post SET title = 'policy';
RESET ROLE;
SET ROLE regress_tviews_reader;
SELECT pk_post, title FROM tv_post ORDER BY 1;
RESET ROLE;
CALL check_exact();
ALTER TABLE tv_post FORCE ROW LEVEL SECURITY;
SET ROLE regress_tviews_writer;
\set SHOW_CONTEXT never
UPDATE tb_post SET title = 'forced';
\set SHOW_CONTEXT errors
RESET ROLE;
SELECT pk_post, title FROM tv_post ORDER BY 1;

-- The extension's own tables: readable by all, written by none but the extension; the audit log changes for nobody.
SET ROLE regress_tviews_other;
SELECT count(*) > 0 AS readable FROM pg_tview_meta;
SELECT count(*) > 0 AS readable FROM pg_tviews_registry;
SELECT count(*) > 0 AS readable FROM pg_tview_audit_log;
CALL attempt('DELETE FROM pg_tview_meta');
CALL attempt('UPDATE pg_tview_meta SET entity = ''x''');
CALL attempt('INSERT INTO pg_tview_meta SELECT * FROM pg_tview_meta');
CALL attempt('TRUNCATE pg_tview_meta');
CALL attempt('INSERT INTO pg_tview_audit_log (operation, entity) VALUES (''CREATE'', ''x'')');
CALL attempt('UPDATE pg_tview_audit_log SET entity = ''x''');
CALL attempt('DELETE FROM pg_tview_audit_log');
CALL attempt('TRUNCATE pg_tview_audit_log');
CALL attempt('SELECT nextval(''pg_tview_audit_log_log_id_seq'')');
RESET ROLE;
CALL attempt('UPDATE pg_tview_audit_log SET entity = ''x''');
CALL attempt('UPDATE pg_tview_audit_log SET entity = ''x'' WHERE false');
CALL attempt('DELETE FROM pg_tview_audit_log');
CALL attempt('TRUNCATE pg_tview_audit_log');
CALL attempt('MERGE INTO pg_tview_audit_log a USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE');
SET session_replication_role = replica;
CALL attempt('DELETE FROM pg_tview_audit_log');
RESET session_replication_role;
-- The functions that only triggers may call.
CALL attempt('SELECT pg_tviews_capture()');
CALL attempt('SELECT pg_tviews_ddl_end()');
SET ROLE regress_tviews_other;
CREATE TEMP TABLE mine (a int);
CALL attempt('CREATE TRIGGER t AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION pg_tviews_capture(); INSERT INTO mine VALUES (1)');
RESET ROLE;

-- A policy raises instead of dropping rows from a document, in parallel workers too.
CREATE TABLE tb_secret (id integer PRIMARY KEY, v integer);
CREATE TABLE tb_many AS SELECT n FROM generate_series(1, 50) n;
CREATE TABLE tb_sum (pk_sum integer PRIMARY KEY, n integer);
INSERT INTO tb_secret SELECT n, n FROM generate_series(1, 5) n;
INSERT INTO tb_sum VALUES (1, 20);
CREATE FUNCTION secret(x integer) RETURNS integer LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    'BEGIN RETURN (SELECT v FROM s_privileges.tb_secret WHERE id = x); END';
CREATE FUNCTION secrets(most integer) RETURNS bigint LANGUAGE plpgsql STABLE PARALLEL SAFE AS
    'BEGIN RETURN (SELECT sum(s_privileges.secret(1 + n % 5)) FROM s_privileges.tb_many WHERE n <= most); END';
GRANT SELECT, TRIGGER ON tb_secret, tb_many, tb_sum TO regress_tviews_creator;
SET ROLE regress_tviews_creator;
SELECT pg_tviews_create('tv_sum', 'SELECT pk_sum, secrets(n) AS v FROM tb_sum', '{"reads": ["s_privileges.tb_secret", "s_privileges.tb_many"]}');
RESET ROLE;
CREATE POLICY few ON tb_secret USING (id <= 2);
SET force_parallel_mode = on;
CALL attempt('ALTER TABLE tb_secret ENABLE ROW LEVEL SECURITY; SELECT pg_tviews_flush()');
SET force_parallel_mode = off;
CALL attempt('ALTER TABLE tb_secret ENABLE ROW LEVEL SECURITY; SELECT pg_tviews_flush()');
RESET force_parallel_mode;
UPDATE tb_sum SET n = 40;
SELECT pk_sum, v FROM tv_sum;
SELECT * FROM pg_tviews_verify('tv_sum');

-- Nor does a function bring policies back, whoever it runs as; a setting that leaves them off is none.
CREATE FUNCTION shown(x integer) RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER SET row_security = on AS
    'SELECT v FROM s_privileges.tb_secret WHERE id = x';
CALL attempt('CREATE TABLE tv_shown AS SELECT pk_sum AS pk_shown, shown(n) AS v FROM tb_sum');
ALTER FUNCTION shown SET row_security = off;
CREATE TABLE tv_shown AS SELECT pk_sum AS pk_shown, shown(n - 38) AS v FROM tb_sum;
UPDATE tb_secret SET v = v + 1;
SELECT v FROM tv_shown;
CALL attempt('ALTER FUNCTION shown SET row_security = on');
SELECT * FROM pg_tviews_verify('tv_shown');
DROP TABLE tv_shown;

-- Planning runs functions of the query too: as the TVIEW's owner.
CREATE TABLE tb_line (pk_line integer PRIMARY KEY, n integer);
INSERT INTO tb_line SELECT n, n FROM generate_series(1, 300) n;
GRANT SELECT, TRIGGER ON tb_line TO regress_tviews_creator;
SET ROLE regress_tviews_creator;
CREATE FUNCTION as_owner(x integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
    'BEGIN ASSERT current_user = ''regress_tviews_creator'', ''run as '' || current_user; RETURN x; END';
CREATE TABLE tv_line AS SELECT pk_line, n + as_owner(1) AS n FROM tb_line WHERE n > as_owner(0);
RESET ROLE;
UPDATE tb_line SET n = n + 1 WHERE pk_line <= 20;
UPDATE tb_line SET n = n + 1;
SELECT * FROM pg_tviews_verify('tv_line');

SET client_min_messages = warning;
DROP SCHEMA s_privileges CASCADE;
DROP OWNED BY regress_tviews_creator, regress_tviews_reader, regress_tviews_writer, regress_tviews_other;
DROP ROLE regress_tviews_creator, regress_tviews_reader, regress_tviews_writer, regress_tviews_other;
