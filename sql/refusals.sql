-- What cannot become a TVIEW: a clear error with a hint, or an ordinary table where that is plainly what was meant; nothing
-- is left behind.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_refusals;
SET search_path = s_refusals, public;
\i :schema

-- Statements that are not CREATE TABLE AS SELECT in full.
CALL attempt('SELECT pk_user INTO tv_user FROM tb_user');
SELECT pk_user INTO tv_user FROM tb_user;
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_user WITH NO DATA');
PREPARE users AS SELECT pk_user FROM tb_user;
CALL attempt('CREATE TABLE tv_user AS EXECUTE users');
CREATE TABLE tv_user AS EXECUTE users;
DEALLOCATE users;

-- Temporary tables stay what they are, however they are asked for.
CREATE TEMP TABLE tv_user AS SELECT pk_user FROM tb_user;
CREATE TABLE pg_temp.tv_post AS SELECT pk_post FROM tb_post;
SET search_path = pg_temp, s_refusals, public;
CREATE TABLE tv_comment AS SELECT pk_comment FROM tb_comment;
SET search_path = s_refusals, public;
SELECT pk_user AS pk_other INTO TEMP tv_other FROM tb_user;
SELECT * FROM exact();
SELECT relname, relpersistence FROM pg_class WHERE relname ~ '^tv_(user|post|comment|other)$' ORDER BY 1;
DROP TABLE tv_user, tv_post, tv_comment, tv_other;

-- Variables of PL/pgSQL and parameters have a value only while the statement runs.
CREATE FUNCTION with_variable() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted int := 1;
BEGIN
    CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user WHERE pk_user = wanted;
END $$;
CREATE FUNCTION with_argument(text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE tv_user AS SELECT pk_user, (SELECT $1 LIMIT 1) AS x FROM tb_user;
END $$;
CREATE FUNCTION with_using() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE TABLE tv_user AS SELECT pk_user, name FROM tb_user WHERE pk_user = $1' USING 1;
END $$;
CREATE FUNCTION in_sql(wanted int) RETURNS void LANGUAGE sql AS
    'CREATE TABLE tv_user AS SELECT pk_user FROM tb_user WHERE pk_user = wanted';
CALL attempt('SELECT with_variable()');
CALL attempt('SELECT with_argument(''x'')');
CALL attempt('SELECT with_using()');
CALL attempt('SELECT in_sql(1)');
CALL attempt('SELECT pg_tviews_create(''tv_user'', ''SELECT pk_user FROM tb_user WHERE pk_user = $1'')');

-- The key: missing, twice, NULL, of a type that cannot be compared.
CALL attempt('CREATE TABLE tv_user AS SELECT id, name FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_post, title FROM tb_post');
CALL attempt('CREATE TABLE tv_user AS SELECT fk_user AS pk_user, title FROM tb_post');
CALL attempt('CREATE TABLE tv_post AS SELECT p.pk_post, c.body FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post');
CALL attempt('CREATE TABLE tv_user AS SELECT c.fk_user AS pk_user, count(*) FROM tb_comment c GROUP BY c.fk_user');
CALL attempt('CREATE TABLE tv_user AS SELECT json_build_object(''a'', pk_user) AS pk_user, name FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT point(pk_user, 1) AS pk_user, name FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT fk_user AS pk_user, published, count(*) AS n FROM tb_post GROUP BY GROUPING SETS ((fk_user), (published))');

-- Columns without a usable name or twice.
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, name, email AS name FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, 1 AS "?column?", 2 AS ctid FROM tb_user');

-- Functions and expressions that give another result each time.
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, random() AS r FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, gen_random_uuid() AS id FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, clock_timestamp() AS at FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_user WHERE random() < 0.5');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_user ORDER BY random() LIMIT 1');
CALL attempt('CREATE TABLE tv_user AS SELECT u.pk_user, r FROM tb_user u, LATERAL random() r');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, (SELECT max(random()) FROM tb_post) AS r FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS WITH r AS (SELECT random() AS r) SELECT pk_user, r FROM tb_user, r');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_user UNION SELECT (random() * 10)::int');
CREATE SEQUENCE numbers;
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, nextval(''numbers'') AS n FROM tb_user');
CREATE FUNCTION careless(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, careless(pk_user) AS n FROM tb_user');
CREATE VIEW random_user AS SELECT pk_user, random() AS r FROM tb_user;
CALL attempt('CREATE TABLE tv_user AS SELECT * FROM random_user');

-- Session state.
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_user WHERE name = current_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, session_user AS by FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, current_role AS by FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, current_schema AS s FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, current_catalog AS s FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, current_schemas(true) AS s FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_user WHERE name = current_setting(''application_name'')');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, pg_backend_pid() AS p FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, txid_current() AS x FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, txid_current_if_assigned() AS x FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, getpgusername() AS by FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, pg_client_encoding() AS encoding FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, age(''3''::xid) AS age FROM tb_user');

-- Locking, samples, system columns, data-modifying WITH.
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_user FOR UPDATE');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM (SELECT * FROM tb_user FOR SHARE) u');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_user TABLESAMPLE system (50)');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, ctid AS place FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, xmin AS changed FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS WITH d AS (DELETE FROM tb_user RETURNING *) SELECT pk_user FROM d');
SELECT count(*) FROM tb_user;

-- Sources no trigger tells about.
CREATE TEMP TABLE tb_temp AS SELECT 1 AS pk_user;
CREATE UNLOGGED TABLE tb_unlogged AS SELECT 1 AS pk_user;
CREATE MATERIALIZED VIEW mv_user AS SELECT pk_user FROM tb_user;
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE tb_foreign (pk_user int) SERVER files OPTIONS (filename '/dev/null');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_temp');
CALL attempt('CREATE TABLE tv_user AS SELECT u.pk_user FROM tb_user u WHERE EXISTS (SELECT FROM tb_temp t WHERE t.pk_user = u.pk_user)');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_unlogged');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM mv_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_foreign');
CALL attempt('CREATE TABLE tv_class AS SELECT oid AS pk_class, relname FROM pg_class');
CALL attempt('CREATE TABLE tv_table AS SELECT table_name::text AS pk_table FROM information_schema.tables');
CALL attempt('CREATE TABLE tv_setting AS SELECT name AS pk_setting FROM pg_settings');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM tb_user WHERE has_table_privilege(name, ''tb_user'', ''select'')');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, pg_has_role(name, ''usage'') AS may FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, pg_get_userbyid(pk_user::oid) AS role FROM tb_user');
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user, col_description(''tb_user''::regclass, 1) AS text FROM tb_user');
CREATE VIEW temp_user AS SELECT pk_user FROM tb_temp;
CALL attempt('CREATE TABLE tv_user AS SELECT pk_user FROM temp_user');
-- An unlogged TVIEW may read an unlogged table.
CREATE UNLOGGED TABLE tv_user AS SELECT pk_user FROM tb_unlogged;
SELECT * FROM exact();
CALL attempt('ALTER TABLE tv_user SET LOGGED');
DROP TABLE tv_user;
-- What a TVIEW reads stays so: no base table becomes unlogged, no partition or child of such a kind is added.
CREATE TABLE tb_alone (pk_alone int PRIMARY KEY);
CREATE TABLE tv_alone AS SELECT pk_alone FROM tb_alone;
CALL attempt('ALTER TABLE tb_alone SET UNLOGGED');
CALL attempt('CREATE UNLOGGED TABLE tb_child () INHERITS (tb_alone)');
CALL attempt('CREATE FOREIGN TABLE tb_child () INHERITS (tb_alone) SERVER files OPTIONS (filename ''/dev/null'')');
CALL attempt('CREATE TEMP TABLE tb_child () INHERITS (tb_alone)');
DROP TABLE tv_alone;
CREATE TABLE tb_part (pk_part int) PARTITION BY LIST (pk_part);
CREATE FOREIGN TABLE tb_part_1 PARTITION OF tb_part FOR VALUES IN (1) SERVER files OPTIONS (filename '/dev/null');
CALL attempt('CREATE TABLE tv_part AS SELECT pk_part FROM tb_part');
DROP FOREIGN TABLE tb_part_1;
CREATE UNLOGGED TABLE tb_part_1 PARTITION OF tb_part FOR VALUES IN (1);
CALL attempt('CREATE TABLE tv_part AS SELECT pk_part FROM tb_part');
ALTER TABLE tb_part DETACH PARTITION tb_part_1;
CREATE TABLE tv_part AS SELECT pk_part FROM tb_part;
CALL attempt('ALTER TABLE tb_part ATTACH PARTITION tb_part_1 FOR VALUES IN (1)');
CALL attempt('CREATE UNLOGGED TABLE tb_part_2 PARTITION OF tb_part FOR VALUES IN (2)');
CALL attempt('CREATE FOREIGN TABLE tb_part_2 PARTITION OF tb_part FOR VALUES IN (2) SERVER files OPTIONS (filename ''/dev/null'')');
CREATE TABLE tb_part_2 PARTITION OF tb_part FOR VALUES IN (2);
CALL attempt('ALTER TABLE tb_part_2 SET UNLOGGED');
INSERT INTO tb_part VALUES (2);
SELECT * FROM exact();
DROP TABLE tv_part;

-- Accepted with a warning: the clock, what the analysis cannot see, what the data do not determine.
CREATE FUNCTION post_count(int) RETURNS bigint STABLE LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM tb_post WHERE fk_user = $1); END';
CREATE TABLE tv_user AS SELECT pk_user, post_count(pk_user) AS posts FROM tb_user;
DROP TABLE tv_user;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS tablefunc SCHEMA public;
RESET client_min_messages;
CREATE TABLE tv_user AS SELECT a AS pk_user, b FROM public.crosstab('SELECT fk_user, pk_post, title FROM tb_post ORDER BY 1, 2') AS x (a int, b text);
DROP TABLE tv_user;
DROP EXTENSION tablefunc;
CREATE TABLE tv_user AS SELECT pk_user, now() > '2020-01-01' AS late, CURRENT_DATE > '2020-01-01' AS today FROM tb_user;
DROP TABLE tv_user;
CREATE TABLE tv_user AS SELECT pk_user, age(timestamp '2020-01-01') > '1 day' AS late, age(timestamp '2020-01-01', '2020-01-02') AS constant FROM tb_user;
DROP TABLE tv_user;
CREATE TABLE tv_user AS SELECT pk_user, age(now()) > age(now() - interval '1 year') AS older FROM tb_user;
DROP TABLE tv_user;
CREATE TABLE tv_user AS SELECT pk_user, table_to_xml('tb_post', true, true, '')::text AS posts FROM tb_user;
DROP TABLE tv_user;
SELECT pg_tviews_create('tv_user', $$SELECT pk_user, table_to_xml('tb_post', true, true, '')::text AS posts, pg_typeof(name)::text AS type FROM tb_user$$,
                        '{"reads": ["tb_post"]}');
UPDATE tb_post SET title = upper(title);
SELECT * FROM exact();
DROP TABLE tv_user;
CREATE TABLE tv_user AS SELECT fk_user AS pk_user, jsonb_agg(title) AS data FROM tb_post GROUP BY fk_user;
DROP TABLE tv_user;
CREATE TABLE tv_user AS SELECT fk_user AS pk_user, sum(pk_post::float8) AS x, jsonb_agg(title ORDER BY pk_post) AS data FROM tb_post GROUP BY fk_user;
DROP TABLE tv_user;
CREATE TABLE tv_user AS SELECT pk_user, (SELECT title FROM tb_post p WHERE p.fk_user = u.pk_user LIMIT 1) AS x FROM tb_user u;
DROP TABLE tv_user;

-- After all this there is nothing but the worked schema and what this script made.
SELECT left_behind();
SELECT * FROM exact();
DROP TABLE tb_temp CASCADE;
SET client_min_messages = warning;
DROP SCHEMA s_refusals CASCADE;
