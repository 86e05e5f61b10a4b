-- Functions that a TVIEW uses: replaced, altered, dropped; names in their bodies that come to mean something else; the option reads.
-- The shapes are in shape_functions.sql.
\getenv srcdir PG_ABS_SRCDIR
\set worked :srcdir '/sql/include/worked_schema.sql'
SET client_min_messages = warning;
DROP SCHEMA IF EXISTS s_functions, "S First" CASCADE;
CREATE SCHEMA s_functions;
CREATE SCHEMA "S First";
SET search_path = s_functions, public;
\i :worked
\set ECHO all
RESET client_min_messages;
CREATE FUNCTION reads(entity text) RETURNS text LANGUAGE sql AS
    $$ SELECT string_agg(d::text, ', ' ORDER BY d::text) FROM pg_tview_meta m, unnest(m.dependencies) AS d WHERE m.entity = $1 $$;

-- A function of each kind is replaced: what it reads now is captured, and documents change with the command.
CREATE FUNCTION n_of(who int) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM tb_post WHERE fk_user = who';
CREATE FUNCTION parsed_n_of(who int) RETURNS bigint STABLE LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM tb_post WHERE fk_user = who; END;
CREATE FUNCTION opaque_n_of(who int) RETURNS bigint STABLE LANGUAGE plpgsql AS 'BEGIN RETURN n_of(who); END';
CREATE TABLE tv_looked_through AS SELECT u.pk_user AS pk_looked_through, n_of(u.pk_user) AS n FROM tb_user u;
CREATE TABLE tv_parsed AS SELECT u.pk_user AS pk_parsed, parsed_n_of(u.pk_user) AS n FROM tb_user u;
SELECT pg_tviews_create('tv_opaque', 'SELECT u.pk_user AS pk_opaque, opaque_n_of(u.pk_user) AS n FROM tb_user u',
                        '{"reads": ["s_functions.tb_post", "tb_comment"]}');
SELECT reads('looked_through'), reads('parsed'), reads('opaque');
CREATE OR REPLACE FUNCTION n_of(who int) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT 10 * count(*) FROM tb_comment WHERE fk_user = who';
CREATE OR REPLACE FUNCTION parsed_n_of(who int) RETURNS bigint STABLE LANGUAGE sql BEGIN ATOMIC SELECT 100 * count(*) FROM tb_comment WHERE fk_user = who; END;
SELECT reads('looked_through'), reads('parsed'), reads('opaque');
SELECT pk_looked_through, l.n, p.n, o.n FROM tv_looked_through l, tv_parsed p, tv_opaque o
    WHERE pk_parsed = pk_looked_through AND pk_opaque = pk_looked_through ORDER BY 1;
UPDATE tb_comment SET fk_user = 1;
SELECT pk_looked_through, l.n, p.n, o.n FROM tv_looked_through l, tv_parsed p, tv_opaque o
    WHERE pk_parsed = pk_looked_through AND pk_opaque = pk_looked_through ORDER BY 1;
SELECT * FROM exact();
-- Nothing but tv_opaque reads posts any more.
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'tb_post'::regclass AND tgname LIKE '!pg_tviews%';
DROP TABLE tv_opaque;
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'tb_post'::regclass AND tgname LIKE '!pg_tviews%';
-- Rolled back, everything is as it was.
BEGIN;
CREATE OR REPLACE FUNCTION n_of(who int) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM tb_post WHERE fk_user = who';
SELECT * FROM tv_looked_through ORDER BY 1 LIMIT 0;
ROLLBACK;
UPDATE tb_comment SET fk_user = 2 WHERE pk_comment > 103;
SELECT * FROM exact();
-- It must stay what a TVIEW can use.
ALTER FUNCTION n_of(int) VOLATILE;
CREATE OR REPLACE FUNCTION n_of(who int) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM pg_class WHERE relpages = who';
CREATE OR REPLACE FUNCTION n_of(who int) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM tb_post WHERE fk_user = who * random()';
CREATE OR REPLACE FUNCTION n_of(who int) RETURNS bigint STABLE LANGUAGE sql AS 'SELECT max(pk_looked_through) FROM tv_looked_through';
DROP TABLE tv_parsed;

-- A function inside a function given as text, of which PostgreSQL knows nothing.
CREATE FUNCTION inner_title(post int) RETURNS text STABLE LANGUAGE sql AS 'SELECT title FROM tb_post WHERE pk_post = post';
CREATE FUNCTION outer_title(post int) RETURNS text STABLE LANGUAGE sql AS $$ SELECT '<' || inner_title(post) || '>' $$;
SET search_path = "S First", s_functions, public;
CREATE TABLE s_functions.tv_nested AS SELECT c.pk_comment AS pk_nested, outer_title(c.fk_post) AS title FROM tb_comment c;
UPDATE tb_post SET title = 'Drei' WHERE pk_post = 13;
SELECT * FROM exact();
CREATE OR REPLACE FUNCTION s_functions.inner_title(post int) RETURNS text STABLE LANGUAGE sql AS 'SELECT u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user WHERE p.pk_post = post';
SELECT reads('nested');
UPDATE tb_user SET name = 'Bea' WHERE pk_user = 2;
SELECT title FROM tv_nested WHERE pk_nested = 104;
SELECT * FROM exact();
-- Without it documents cannot be built.
\set VERBOSITY terse
DROP FUNCTION inner_title;
SELECT reads('nested');
BEGIN;
DROP FUNCTION inner_title;
CREATE FUNCTION s_functions.inner_title(post int) RETURNS text STABLE LANGUAGE sql AS 'SELECT body FROM tb_comment WHERE fk_post = post ORDER BY pk_comment LIMIT 1';
COMMIT;
SELECT reads('nested');
UPDATE tb_comment SET body = 'Yes!' WHERE pk_comment = 104;
SELECT title FROM tv_nested WHERE pk_nested = 104;
SELECT * FROM exact();

-- Another function and another table with that name, earlier in the path; a name that goes; a temporary table.
CREATE FUNCTION "S First".inner_title(post int) RETURNS text STABLE LANGUAGE sql AS 'SELECT upper(title) FROM tb_post WHERE pk_post = post';
SELECT title FROM tv_nested WHERE pk_nested = 104;
CREATE TABLE "S First".tb_post AS SELECT pk_post, title || ' copied' AS title FROM s_functions.tb_post;
SELECT title, reads('nested') FROM tv_nested WHERE pk_nested = 104;
UPDATE "S First".tb_post SET title = 'copy' WHERE pk_post = 13;
SELECT title FROM tv_nested WHERE pk_nested = 104;
CREATE TEMP TABLE tb_post (pk_post int, title text);
INSERT INTO tb_post VALUES (13, 'temporary');
UPDATE "S First".tb_post SET title = 'copied again' WHERE pk_post = 13;
SELECT title FROM tv_nested WHERE pk_nested = 104;
DROP TABLE pg_temp.tb_post;
ALTER TABLE "S First".tb_post RENAME COLUMN title TO heading;
ALTER TABLE "S First".tb_post RENAME TO "Tb Elsewhere";
SELECT title, reads('nested') FROM tv_nested WHERE pk_nested = 104;
ALTER TABLE "S First"."Tb Elsewhere" RENAME TO tb_post;
SELECT title, reads('nested') FROM tv_nested WHERE pk_nested = 104;
DROP TABLE "S First".tb_post;
SELECT title, reads('nested') FROM tv_nested WHERE pk_nested = 104;
SELECT * FROM exact();
DROP TABLE tv_nested, tv_looked_through;
SET search_path = s_functions, public;

-- The option reads.
\set VERBOSITY default
CREATE FUNCTION "Name Of"(who int) RETURNS text STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT "Name" FROM "Tb ""Names""" WHERE pk = who); END';
CREATE TABLE "Tb ""Names""" (pk int PRIMARY KEY, "Name" text);
INSERT INTO "Tb ""Names""" VALUES (1, 'one'), (2, 'two');
CREATE VIEW v_names AS SELECT pk, "Name" FROM "Tb ""Names""";
CREATE TABLE tv_named AS SELECT u.pk_user AS pk_named, "Name Of"(u.pk_user) AS name FROM tb_user u;
DROP TABLE tv_named;
SELECT pg_tviews_create('tv_named', 'SELECT u.pk_user AS pk_named, "Name Of"(u.pk_user) AS name FROM tb_user u', '{"reads": []}');
UPDATE "Tb ""Names""" SET "Name" = 'unseen';
SELECT name FROM tv_named ORDER BY pk_named;
DROP TABLE tv_named;
SELECT pg_tviews_create('tv_named', 'SELECT u.pk_user AS pk_named, "Name Of"(u.pk_user) AS name FROM tb_user u',
                        '{"reads": ["s_functions.\"Tb \"\"Names\"\"\""]}');
UPDATE "Tb ""Names""" SET "Name" = 'seen ' || pk;
SELECT name FROM tv_named ORDER BY pk_named;
BEGIN;
ALTER TABLE "Tb ""Names""" RENAME TO tb_names;
CREATE OR REPLACE FUNCTION "Name Of"(who int) RETURNS text STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT "Name" FROM tb_names WHERE pk = who); END';
COMMIT;
SELECT reads, options FROM pg_tview_meta WHERE entity = 'named';
UPDATE tb_names SET "Name" = 'renamed ' || pk;
SELECT name FROM tv_named ORDER BY pk_named;
SELECT line FROM pg_tviews_explain('tv_named') AS line;
DROP TABLE tv_named;
SELECT pg_tviews_create('tv_named', 'SELECT u.pk_user AS pk_named, "Name Of"(u.pk_user) AS name FROM tb_user u', '{"reads": ["v_names"]}');
INSERT INTO tb_names VALUES (3, 'three');
SELECT name, reads('named') FROM tv_named ORDER BY pk_named;
SELECT * FROM exact();
\set VERBOSITY terse
DROP TABLE tb_names CASCADE;
\set VERBOSITY default
DROP TABLE tv_named;
SELECT pg_tviews_create('tv_bad', 'SELECT pk_user AS pk_bad FROM tb_user', '{"reads": "tb_user"}');
SELECT pg_tviews_create('tv_bad', 'SELECT pk_user AS pk_bad FROM tb_user', '{"reads": [1]}');
SELECT pg_tviews_create('tv_bad', 'SELECT pk_user AS pk_bad FROM tb_user', '{"reads": ["tb_absent"]}');
SELECT pg_tviews_create('tv_bad', 'SELECT pk_user AS pk_bad FROM tb_user', '{"reads": ["tb_user_pkey"]}');
SELECT pg_tviews_create('tv_bad', 'SELECT pk_user AS pk_bad FROM tb_user', '{"reads": ["pg_class"]}');

-- What a function may not do in a TVIEW; what is promised by IMMUTABLE is believed.
CREATE FUNCTION guess(who int) RETURNS float8 STABLE LANGUAGE sql AS 'SELECT random() * who';
CREATE FUNCTION whoami() RETURNS text STABLE LANGUAGE sql BEGIN ATOMIC SELECT session_user::text; END;
CREATE FUNCTION promised(who int) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT current_setting('server_version_num') || who $$;
CREATE FUNCTION absent(who int) RETURNS text STABLE LANGUAGE plpgsql AS 'BEGIN RETURN who; END';
CREATE FUNCTION broken(who int) RETURNS text STABLE LANGUAGE sql AS 'SELECT absent(who)';
CREATE TABLE tv_guess AS SELECT pk_user AS pk_guess, guess(pk_user) FROM tb_user;
CREATE TABLE tv_whoami AS SELECT pk_user AS pk_whoami, whoami() FROM tb_user;
CREATE TABLE tv_promised AS SELECT pk_user AS pk_promised, promised(pk_user) IS NOT NULL AS p FROM tb_user;
CREATE TABLE tv_hidden AS SELECT pk_user AS pk_hidden, broken(pk_user) FROM tb_user;
SELECT * FROM exact();

-- Except that it may read tables: PostgreSQL would keep what it has read.  Looked through or called, it is said.
CREATE FUNCTION names() RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT count(*) FROM tb_user';
CREATE FUNCTION all_names() RETURNS SETOF bigint IMMUTABLE LANGUAGE sql AS 'SELECT names(); SELECT count(*) FROM tb_post';
CREATE TABLE tv_kept AS SELECT pk_user AS pk_kept, names() FROM tb_user;
CREATE TABLE tv_all_kept AS SELECT pk_user AS pk_all_kept, (SELECT min(n) FROM all_names() n) AS n FROM tb_user;
DROP TABLE tv_kept, tv_all_kept;
DROP FUNCTION names(), all_names();

-- SECURITY DEFINER: its tables are read as its owner, in the walk too, and its names looked up as its owner.
SET client_min_messages = warning;
CREATE ROLE regress_functions_owner;
CREATE ROLE regress_functions_reader;
RESET client_min_messages;
CREATE TABLE tb_secret (pk_secret int PRIMARY KEY, fk_user int, word text);
INSERT INTO tb_secret VALUES (1, 1, 'a'), (2, 2, 'b');
ALTER TABLE tb_secret OWNER TO regress_functions_owner;
GRANT TRIGGER ON tb_secret TO regress_functions_reader;
GRANT SELECT, TRIGGER ON tb_user TO regress_functions_reader;
GRANT USAGE ON SCHEMA s_functions TO regress_functions_owner;
GRANT USAGE, CREATE ON SCHEMA s_functions TO regress_functions_reader;
CREATE FUNCTION secret_of(who int) RETURNS text STABLE SECURITY DEFINER LANGUAGE sql AS $$ SELECT string_agg(word, ',' ORDER BY word) FROM tb_secret WHERE fk_user = who $$;
ALTER FUNCTION secret_of(int) OWNER TO regress_functions_owner;
SET ROLE regress_functions_reader;
CREATE TABLE tv_secret AS SELECT u.pk_user AS pk_secret, secret_of(u.pk_user) AS words, secret_of((SELECT max(v.pk_user) FROM tb_user v)) AS last FROM tb_user u;
RESET ROLE;
SELECT line FROM pg_tviews_explain('tv_secret') AS line WHERE line !~ 'columns|index';
UPDATE tb_secret SET word = 'c' WHERE pk_secret = 1;
UPDATE tb_secret SET fk_user = 3 WHERE pk_secret = 2;
SELECT pk_secret, words, last FROM tv_secret ORDER BY 1;
SELECT * FROM exact();

SET client_min_messages = warning;
DROP SCHEMA s_functions, "S First" CASCADE;
DROP OWNED BY regress_functions_owner, regress_functions_reader CASCADE;
DROP ROLE regress_functions_owner, regress_functions_reader;
