-- Shapes: functions: those that are looked through, those whose reads are known, and those whose reads are not.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- An SQL function that is inlined.
CREATE FUNCTION shout(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper(t) || ''!''';
CREATE TABLE tv_inlined AS SELECT p.pk_post AS pk_inlined, shout(p.title) AS title, shout(u.name) AS name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
SELECT route('tv_inlined');
CALL write($$UPDATE tb_user SET name = 'Adele' WHERE pk_user = 1$$);
CALL write($$CREATE OR REPLACE FUNCTION shout(t text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper(t) || ''?'''$$);

-- A table function that is inlined.
CREATE FUNCTION posts_of(who int) RETURNS SETOF tb_post STABLE LANGUAGE sql AS 'SELECT * FROM s_shapes.tb_post WHERE fk_user = who';
CREATE TABLE tv_inlined_table AS SELECT u.pk_user AS pk_inlined_table, count(p.*) AS n, max(p.title) AS last FROM tb_user u LEFT JOIN LATERAL posts_of(u.pk_user) p ON true GROUP BY 1;
SELECT route('tv_inlined_table');
DROP TABLE tv_inlined_table;

-- A function whose body PostgreSQL parsed: it knows the tables.
CREATE FUNCTION comments_of(who int) RETURNS bigint STABLE LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM s_shapes.tb_comment WHERE fk_user = who; END;
CREATE TABLE tv_parsed AS SELECT u.pk_user AS pk_parsed, comments_of(u.pk_user) AS comments FROM tb_user u;
SELECT route('tv_parsed');
DROP TABLE tv_parsed;

-- A function in a language of its own: nothing tells what it reads.
CREATE FUNCTION first_title(who int) RETURNS text STABLE LANGUAGE plpgsql AS
    $$ BEGIN RETURN (SELECT min(title) FROM s_shapes.tb_post WHERE fk_user = who); END $$;
CREATE TABLE tv_opaque AS SELECT u.pk_user AS pk_opaque, first_title(u.pk_user) AS title FROM tb_user u;
SELECT route('tv_opaque');
DROP TABLE tv_opaque;

-- A function in a language of its own that reads nothing.
CREATE FUNCTION initials(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN left(t, 1); END $$;
CREATE TABLE tv_computed AS SELECT initials(u.name) AS pk_computed, count(*) AS n FROM tb_user u GROUP BY 1;
SELECT route('tv_computed');
CALL write($$UPDATE tb_user SET name = 'Bo' WHERE pk_user = 1$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
