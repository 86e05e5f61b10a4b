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

-- A table function: its query in its place.
CREATE FUNCTION posts_of(who int) RETURNS SETOF tb_post STABLE LANGUAGE sql AS 'SELECT * FROM s_shapes.tb_post WHERE fk_user = who';
CREATE TABLE tv_inlined_table AS SELECT u.pk_user AS pk_inlined_table, count(p.*) AS n, max(p.title) AS last FROM tb_user u LEFT JOIN LATERAL posts_of(u.pk_user) p ON true GROUP BY 1;
SELECT route('tv_inlined_table');
CALL write($$UPDATE tb_post SET fk_user = 2 WHERE pk_post = 11$$);
CALL write($$UPDATE tb_post SET title = 'Zwei' WHERE pk_post = 12$$);

-- A function whose body PostgreSQL parsed.
CREATE FUNCTION comments_of(who int) RETURNS bigint STABLE LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM s_shapes.tb_comment WHERE fk_user = who; END;
CREATE TABLE tv_parsed AS SELECT u.pk_user AS pk_parsed, comments_of(u.pk_user) AS comments FROM tb_user u;
SELECT route('tv_parsed');
CALL write($$UPDATE tb_comment SET fk_user = 4 WHERE pk_comment = 101$$);
CALL write($$DELETE FROM tb_comment WHERE pk_comment = 102$$);

-- A strict function gives NULL for NULL, where its query would give 0.
CREATE FUNCTION comments_on(post int) RETURNS bigint STRICT STABLE LANGUAGE sql AS 'SELECT count(*) FROM tb_comment WHERE fk_post = post';
CREATE TABLE tv_strict AS SELECT c.pk_category AS pk_strict, p.pk_post, comments_on(p.pk_post) AS n FROM tb_category c
    LEFT JOIN tb_post p ON p.pk_post = (SELECT min(q.pk_post) FROM tb_post q WHERE q.fk_category = c.pk_category);
SELECT route('tv_strict');
CALL write($$DELETE FROM tb_comment WHERE pk_comment = 103$$);
CALL write($$UPDATE tb_post SET fk_category = 5 WHERE pk_post = 12$$);
CALL write($$UPDATE tb_post SET fk_category = NULL WHERE pk_post = 13$$);

-- A strict table function, called with a column of an outer join's null side.
CREATE FUNCTION texts_of(post int) RETURNS TABLE (lang text, body text) STRICT STABLE LANGUAGE sql ROWS 10
    AS 'SELECT lang, body FROM tb_text WHERE fk_post IS NOT DISTINCT FROM post';
CREATE TABLE tv_strict_table AS SELECT u.pk_user AS pk_strict_table, jsonb_agg(t.body ORDER BY p.pk_post, t.lang, t.body) AS texts FROM tb_user u
    LEFT JOIN tb_post p ON p.fk_user = u.pk_user LEFT JOIN texts_of(p.pk_post) t ON true GROUP BY 1;
SELECT route('tv_strict_table');
CALL write($$INSERT INTO tb_text VALUES (12, 'en', 'Two')$$);
CALL write($$UPDATE tb_text SET body = 'Hallo' WHERE fk_post = 11$$);
CALL write($$UPDATE tb_post SET fk_user = 3 WHERE pk_post = 11$$);

-- A function that calls a function, with named and default arguments.
CREATE FUNCTION category_name(category int, missing text DEFAULT 'none') RETURNS text STABLE LANGUAGE sql
    AS 'SELECT coalesce((SELECT name FROM tb_category WHERE pk_category = category), missing)';
CREATE FUNCTION post_category(post int, suffix text DEFAULT '!') RETURNS text STABLE LANGUAGE sql
    RETURN (SELECT category_name(missing => 'nothing', category => p.fk_category) || suffix FROM tb_post p WHERE p.pk_post = post);
CREATE TABLE tv_nested_call AS SELECT c.pk_comment AS pk_nested_call, post_category(c.fk_post) AS category, category_name(NULL) AS none FROM tb_comment c;
SELECT route('tv_nested_call');
CALL write($$UPDATE tb_category SET name = 'arts' WHERE pk_category = 5$$);
CALL write($$UPDATE tb_post SET fk_category = NULL WHERE pk_post = 12$$);
CALL write($$UPDATE tb_comment SET fk_post = 12 WHERE pk_comment = 104$$);

-- The first row of several; a row as result, its fields and as a whole.
CREATE FUNCTION latest_post(who int) RETURNS tb_post STABLE LANGUAGE sql AS 'SELECT * FROM tb_post WHERE fk_user = who ORDER BY pk_post DESC';
CREATE FUNCTION busiest(who int, OUT post int, OUT comments bigint) STABLE LANGUAGE sql
    AS 'SELECT fk_post, count(*) FROM tb_comment WHERE fk_user = who GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1';
CREATE TABLE tv_first_row AS SELECT u.pk_user AS pk_first_row, (latest_post(u.pk_user)).title, to_jsonb(latest_post(u.pk_user)) AS post, b.comments
    FROM tb_user u CROSS JOIN busiest(u.pk_user) b;
SELECT route('tv_first_row');
CALL write($$INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (16, uuid_of(2, 16), 1, 'Latest')$$);
CALL write($$UPDATE tb_comment SET fk_user = 1 WHERE pk_comment > 107$$);
CALL write($$UPDATE tb_post SET note = 'noted' WHERE pk_post = 16$$);

-- VARIADIC, polymorphic, a list of columns after the call, an operator.
CREATE FUNCTION titles(VARIADIC posts int[]) RETURNS text STABLE LANGUAGE sql
    AS $$ SELECT string_agg(title, ', ' ORDER BY pk_post) FROM tb_post WHERE pk_post = ANY (posts) $$;
CREATE FUNCTION known(x anyelement, y anyelement) RETURNS anyelement STABLE LANGUAGE sql
    AS 'SELECT CASE WHEN EXISTS (SELECT FROM tb_post WHERE pk_post::text = x::text) THEN x ELSE y END';
CREATE FUNCTION lines(who int) RETURNS SETOF record STABLE LANGUAGE sql AS 'SELECT pk_item, title FROM tb_item WHERE fk_user = who';
CREATE OPERATOR ### (FUNCTION = comments_on, RIGHTARG = int);
CREATE TABLE tv_call_forms AS SELECT t.pk_thing AS pk_call_forms, titles(VARIADIC t.posts) AS titles, titles(11, t.pk_thing) AS two, known(t.pk_thing, 0) AS known,
    (SELECT string_agg(l.title, ', ' ORDER BY l.title) FROM lines(t.fk_user) AS l (item int, title text)) AS items, ### t.pk_thing AS n FROM tb_thing t;
SELECT route('tv_call_forms');
CALL write($$UPDATE tb_item SET title = 'Pencil' WHERE pk_item = 1$$);
CALL write($$UPDATE tb_post SET title = 'Eleven' WHERE pk_post = 11$$);
CALL write($$UPDATE tb_thing SET posts = posts || 14, fk_user = 2 WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_thing SET pk_thing = 14 WHERE pk_thing = 2$$);
CALL write($$DELETE FROM tb_comment WHERE fk_post = 14$$);

-- A function in a condition, and one that looks at nothing outside.
CREATE FUNCTION is_discussed(post int) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM tb_comment c WHERE c.fk_post = post)';
CREATE FUNCTION site() RETURNS text STABLE LANGUAGE sql AS $$ SELECT value FROM tb_setting WHERE name = 'site' $$;
CREATE TABLE tv_filtered_by_function AS SELECT p.pk_post AS pk_filtered_by_function, p.title, site() AS site FROM tb_post p WHERE is_discussed(p.pk_post);
SELECT route('tv_filtered_by_function');
CALL write($$UPDATE tb_setting SET value = 'Journal' WHERE name = 'site'$$);
CALL write($$DELETE FROM tb_comment WHERE fk_post = 12$$);
CALL write($$INSERT INTO tb_comment VALUES (120, uuid_of(3, 120), 14, 1, 'First')$$);

-- A function with CTEs and recursion.
CREATE FUNCTION path_of(category int) RETURNS text STABLE LANGUAGE sql AS $$
    WITH RECURSIVE up AS (
        SELECT pk_category, fk_parent, name, 1 AS depth FROM tb_category WHERE pk_category = category
        UNION ALL SELECT c.pk_category, c.fk_parent, c.name, up.depth + 1 FROM up JOIN tb_category c ON c.pk_category = up.fk_parent WHERE up.depth < 20)
    SELECT string_agg(name, '/' ORDER BY depth DESC) FROM up $$;
CREATE TABLE tv_path_function AS SELECT c.pk_category AS pk_path_function, path_of(c.pk_category) AS path FROM tb_category c;
SELECT route('tv_path_function');
CALL write($$UPDATE tb_category SET name = 'sciences' WHERE pk_category = 2$$);
CALL write($$UPDATE tb_category SET fk_parent = 6 WHERE pk_category = 3$$);

-- A view that calls a function, below an aggregate.
CREATE VIEW v_with_function AS SELECT p.pk_post, p.fk_user, comments_on(p.pk_post) AS n, site() AS unused FROM tb_post p;
CREATE TABLE tv_view_with_function AS SELECT v.fk_user AS pk_view_with_function, sum(v.n) AS n FROM v_with_function v WHERE v.fk_user IS NOT NULL GROUP BY 1;
SELECT route('tv_view_with_function');
CALL write($$UPDATE tb_comment SET fk_post = 11 WHERE pk_comment = 120$$);
CALL write($$UPDATE tb_post SET fk_user = 4 WHERE pk_post = 11$$);

-- Not looked through, but its statements are known: several of them, settings of its own, one that calls itself, an aggregate's part.
CREATE FUNCTION two_statements(who int) RETURNS bigint STABLE LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT count(*) FROM tb_comment WHERE fk_user = who; END;
CREATE FUNCTION elsewhere(who int) RETURNS numeric STABLE LANGUAGE sql SET search_path = s_other AS 'SELECT sum(rate) FROM tb_rate WHERE fk_user = who';
CREATE FUNCTION depth_of(category int) RETURNS int STABLE LANGUAGE sql
    AS 'SELECT 1 + coalesce(depth_of(fk_parent), 0) FROM tb_category WHERE pk_category = category';
CREATE FUNCTION add_weight(total numeric, tag citext) RETURNS numeric STABLE LANGUAGE sql
    AS 'SELECT total + coalesce((SELECT sum(weight) FROM tb_post_tag WHERE fk_tag = tag), 0)';
CREATE AGGREGATE weights(citext) (SFUNC = add_weight, STYPE = numeric, INITCOND = 0);
CREATE TABLE tv_known_statements AS SELECT u.pk_user AS pk_known_statements, two_statements(u.pk_user) AS comments, elsewhere(u.pk_user) AS rate FROM tb_user u;
SELECT route('tv_known_statements');
CALL write($$UPDATE tb_comment SET fk_user = 3 WHERE fk_user = 1$$);
CALL write($$UPDATE s_other.tb_rate SET rate = 1.25, fk_user = 3 WHERE currency = 'EUR'$$);
CREATE TABLE tv_calls_itself AS SELECT c.pk_category AS pk_calls_itself, depth_of(c.pk_category) AS depth FROM tb_category c WHERE c.pk_category <> ALL (SELECT coalesce(d.fk_parent, 0) FROM tb_category d);
SELECT route('tv_calls_itself');
CALL write($$INSERT INTO tb_category VALUES (7, 4, 'dna')$$);
CALL write($$UPDATE tb_category SET fk_parent = 5 WHERE pk_category = 7$$);
CREATE TABLE tv_aggregate_part AS SELECT t.fk_user AS pk_aggregate_part, weights(t.code ORDER BY t.pk_thing) AS weight FROM tb_thing t WHERE t.fk_user IS NOT NULL GROUP BY 1;
SELECT route('tv_aggregate_part');
CALL write($$UPDATE tb_post_tag SET weight = 4.0 WHERE fk_tag = 'cpp'$$);
CALL write($$UPDATE tb_thing SET code = 'cpp' WHERE pk_thing = 1$$);

-- A function in a language of its own: nothing tells what it reads, unless the option says so.
CREATE FUNCTION first_title(who int) RETURNS text STABLE LANGUAGE plpgsql AS
    $$ BEGIN RETURN (SELECT min(title) FROM s_shapes.tb_post WHERE fk_user = who); END $$;
CREATE TABLE tv_opaque AS SELECT u.pk_user AS pk_opaque, first_title(u.pk_user) AS title FROM tb_user u;
SELECT route('tv_opaque');
DROP TABLE tv_opaque;
SELECT pg_tviews_create('tv_declared', 'SELECT u.pk_user AS pk_declared, first_title(u.pk_user) AS title FROM tb_user u', '{"reads": ["tb_post"]}');
SELECT route('tv_declared');
CALL write($$UPDATE tb_post SET title = 'A title' WHERE pk_post = 13$$);

-- A function in a language of its own that reads nothing.
CREATE FUNCTION initials(t text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN left(t, 1); END $$;
CREATE TABLE tv_computed AS SELECT initials(u.name) AS pk_computed, count(*) AS n FROM tb_user u GROUP BY 1;
SELECT route('tv_computed');
CALL write($$UPDATE tb_user SET name = 'Bo' WHERE pk_user = 1$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
