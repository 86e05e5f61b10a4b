-- pg_tviews_create(): its options, what it returns, and what it refuses.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_create_function;
SET search_path = s_create_function, public;
\i :schema

-- Without options it does what CREATE TABLE AS does, and returns the table; interception does not matter.
SET pg_tviews.intercept = off;
SELECT pg_tviews_create('tv_user', 'SELECT pk_user, id, name FROM tb_user');
RESET pg_tviews.intercept;
SELECT pg_tviews_create('s_create_function.tv_post',
                        'SELECT pk_post, id, fk_user, jsonb_build_object(''title'', title) AS data FROM tb_post;');
CREATE SCHEMA s_create_function_2;
SELECT pg_tviews_create(tview => 's_create_function_2.tv_post', query => 'SELECT pk_post, title FROM tb_post', options => '{}');
SELECT schema, entity, "table", view, key_columns, options FROM pg_tview_meta ORDER BY schema, entity;
UPDATE tb_user SET name = upper(name);
UPDATE tb_post SET title = upper(title);
SELECT * FROM exact();
SELECT indexdef FROM pg_indexes WHERE tablename = 'tv_post' AND schemaname = 's_create_function' ORDER BY 1;
DROP TABLE tv_user, tv_post;
SET client_min_messages = warning;
DROP SCHEMA s_create_function_2 CASCADE;
RESET client_min_messages;

-- Option key: one column, one in an array, several.
SELECT pg_tviews_create('tv_user', 'SELECT id, name FROM tb_user', '{"key": "id"}');
SELECT pg_tviews_create('tv_name', 'SELECT name, email FROM tb_user', '{"key": ["name"]}');
SELECT pg_tviews_create('tv_pair', 'SELECT p.fk_user AS author, c.fk_user AS critic, count(*) AS n
                                    FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post WHERE c.fk_user IS NOT NULL
                                    GROUP BY 1, 2', '{"key": ["author", "critic"]}');
SELECT entity, key_columns, options FROM pg_tview_meta ORDER BY entity;
SELECT conrelid::regclass, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE contype = 'p' AND conrelid IN ('tv_user'::regclass, 'tv_name'::regclass, 'tv_pair'::regclass) ORDER BY 1;
INSERT INTO tb_comment VALUES (201, uuid_of(3, 201), 11, 2, 'x'), (202, uuid_of(3, 202), 13, 3, 'y');
UPDATE tb_post SET fk_user = 3 WHERE pk_post = 11;
UPDATE tb_user SET name = name || '!', id = uuid_of(1, pk_user + 10) WHERE pk_user = 2;
TABLE v_pair ORDER BY 1, 2;
SELECT * FROM exact();
DROP TABLE tv_user, tv_name, tv_pair;

-- Options fillfactor and data_index.
SELECT pg_tviews_create('tv_user', 'SELECT pk_user, to_jsonb(name) AS data FROM tb_user', '{"fillfactor": 50, "data_index": true}');
SELECT pg_tviews_create('tv_post', 'SELECT pk_post, to_jsonb(title) AS data FROM tb_post', '{"fillfactor": 100, "data_index": false}');
SELECT relname, reloptions FROM pg_class WHERE oid IN ('tv_user'::regclass, 'tv_post'::regclass) ORDER BY 1;
SELECT tablename, indexdef FROM pg_indexes WHERE tablename IN ('tv_user', 'tv_post') ORDER BY 1, 2;
SELECT entity, options FROM pg_tview_meta ORDER BY entity;
UPDATE tb_user SET name = lower(name);
SELECT * FROM exact();
DROP TABLE tv_user, tv_post;

-- Options that are unknown, of the wrong type, out of range.
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"kye": "id"}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"Key": "id"}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '[]')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '"key"')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', 'null')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"key": 1}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"key": []}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"key": ["pk_user", 2]}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"key": null}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"key": "nothing"}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"key": ["pk_user", "pk_user"]}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"fillfactor": 5}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"fillfactor": 101}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"fillfactor": "70"}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"fillfactor": 70.5}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"fillfactor": 99999999999999999999}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"data_index": "yes"}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user', '{"data_index": true}')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user, name AS data FROM tb_user', '{"data_index": true}')$$);

-- Queries: none, several, not a SELECT, with INTO, with errors.
CALL attempt($$SELECT pg_tviews_create('tv_user', '')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', ';')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user; DROP TABLE tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'DELETE FROM tb_user RETURNING pk_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'CREATE TABLE x AS SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user INTO x FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'EXPLAIN SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_nothing')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT nothing FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user, $1 FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user, random() FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user, ''x'' AS literal, NULL AS nothing FROM tb_user')$$);
SELECT pg_tviews_create('tv_value', 'VALUES (1, 2)', '{"key": "column1"}');
SELECT pg_tviews_create('tv_comment', '(SELECT pk_comment FROM tb_comment) -- with a comment');
SELECT pg_tviews_create('tv_user', 'TABLE tb_user');
SELECT * FROM exact();
DROP TABLE tv_value, tv_comment, tv_user;

-- Names: not a TVIEW's, taken, in no schema, too long, malformed; NULL.
CALL attempt($$SELECT pg_tviews_create('user', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('TV_user', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('"TV_user"', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('nowhere.tv_user', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('otherdb.s_create_function.tv_user', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('pg_catalog.tv_user', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user x', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_user; DROP TABLE tb_user', 'SELECT pk_user FROM tb_user')$$);
CALL attempt(format($$SELECT pg_tviews_create('tv_%s', 'SELECT pk_user FROM tb_user', '{"key": "pk_user"}')$$, repeat('x', 80)));
SELECT pg_tviews_create('tv_user', NULL) IS NULL AS nothing;
SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user');
CALL attempt($$SELECT pg_tviews_create('tv_user', 'SELECT pk_user FROM tb_user')$$);
CALL attempt($$SELECT pg_tviews_create('tv_USER', 'SELECT pk_user FROM tb_user')$$);
DROP TABLE tv_user;
SELECT left_behind();
SELECT * FROM exact();

-- A temporary table is no TVIEW.
CALL attempt($$SELECT pg_tviews_create('pg_temp.tv_user', 'SELECT pk_user FROM tb_user')$$);

-- The longest names.
SELECT pg_tviews_create('tv_' || repeat('e', 60), 'SELECT pk_user, name FROM tb_user', '{"key": "pk_user"}');
SELECT pg_tviews_create('tv_' || repeat('f', 60), format('SELECT pk_user AS %I, name FROM tb_user', 'pk_' || repeat('f', 60)));
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Dee');
SELECT length(entity), length(view::text), key_columns[1] = 'pk_' || entity AS own_key FROM pg_tview_meta ORDER BY entity;
SELECT length(tview), documents, verify, oracle FROM exact();

SET client_min_messages = warning;
DROP SCHEMA s_create_function CASCADE;
