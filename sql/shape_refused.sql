-- Shapes: refused, each with what to do about it.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- Volatile functions, session state, temporary sources.
CALL attempt($$CREATE TABLE tv_volatile AS SELECT pk_user AS pk_volatile, random() AS r FROM tb_user$$);
CALL attempt($$CREATE TABLE tv_session AS SELECT pk_user AS pk_session, current_setting('application_name') AS s FROM tb_user$$);
CALL attempt($$CREATE TABLE tv_role AS SELECT pk_user AS pk_role, current_user AS s FROM tb_user$$);
CALL attempt($$CREATE TEMP TABLE tb_here AS SELECT 1 AS n; CREATE TABLE tv_temporary AS SELECT n AS pk_temporary FROM tb_here$$);
CALL attempt($$CREATE MATERIALIZED VIEW mv AS SELECT pk_user FROM tb_user; CREATE TABLE tv_materialized AS SELECT pk_user AS pk_materialized FROM mv$$);
CALL attempt($$CREATE TABLE tv_catalog AS SELECT oid AS pk_catalog FROM pg_class$$);
CALL attempt($$CREATE TABLE tv_locking AS SELECT pk_user AS pk_locking FROM tb_user FOR UPDATE$$);
CALL attempt($$CREATE TABLE tv_system AS SELECT pk_user AS pk_system, xmin::text AS x FROM tb_user$$);

-- Keys that are missing, NULL or not unique at creation.
CALL attempt($$CREATE TABLE tv_keyless AS SELECT name FROM tb_user$$);
CALL attempt($$CREATE TABLE tv_null AS SELECT nullif(pk_user, 1) AS pk_null FROM tb_user$$);
CALL attempt($$CREATE TABLE tv_double AS SELECT fk_post AS pk_double FROM tb_comment WHERE fk_post = 11$$);
CALL attempt($$SELECT pg_tviews_create('tv_plain', 'SELECT meta::json AS pk_plain FROM tb_thing')$$);

-- NULL or not unique later: the write fails and names the key.
CREATE TABLE tv_title AS SELECT title AS pk_title, pk_post FROM tb_post;
CREATE TABLE tv_email AS SELECT email AS pk_email, date '2024-01-01' AS updated_at FROM tb_user;
CALL attempt($$UPDATE tb_post SET title = 'Two' WHERE pk_post = 11; SELECT pg_tviews_flush()$$);
CALL attempt($$UPDATE tb_user SET email = NULL WHERE pk_user = 1; SELECT pg_tviews_flush()$$);
\set SHOW_CONTEXT never
UPDATE tb_post SET title = 'Two' WHERE pk_post = 11;
UPDATE tb_user SET email = NULL WHERE pk_user = 1;
CALL write($$UPDATE tb_post SET title = CASE pk_post WHEN 11 THEN 'Two' ELSE 'One' END WHERE pk_post IN (11, 12)$$);

-- Cycles.
CREATE TABLE tv_low AS SELECT pk_user AS pk_low FROM tb_user;
CREATE TABLE tv_high AS SELECT pk_low AS pk_high FROM tv_low;
CALL write($$INSERT INTO tb_user VALUES (9, uuid_of(1, 9), 'Ivy', 'ivy@example.com')$$);
CALL attempt($$CREATE OR REPLACE VIEW v_low AS SELECT pk_high AS pk_low FROM tv_high$$);
CALL attempt($$CREATE TABLE tv_own AS SELECT pk_own FROM tv_own$$);

-- Not refused: a query that outputs its own updated_at.
CREATE TABLE tv_stamped AS SELECT pk_thing AS pk_stamped, seen AS updated_at FROM tb_thing;
CALL write($$UPDATE tb_thing SET seen = '2030-01-01 00:00+00' WHERE pk_thing = 3$$);
SELECT * FROM tv_stamped ORDER BY 1;

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
