-- What a query leaves open: the warning that names every place, the registry, explain, and how verify tells a right answer from a
-- wrong one.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
RESET client_min_messages;
CREATE SCHEMA s_undetermined;
SET search_path = s_undetermined, public;
\i :schema
\pset format unaligned
\pset tuples_only on
CREATE TABLE tb_item (pk_item int PRIMARY KEY, fk_post int, fk_user int, at date, label text NOT NULL, nick citext,
    price numeric, cost numeric(8,2), weight float8, tags text[], UNIQUE (fk_post, label));
INSERT INTO tb_item SELECT n, 11 + n % 3, 1 + n % 2, '2024-01-01'::date + n / 4, 'i' || n, chr(65 + n % 3), n / 2, n / 2, n, ARRAY['b', 'a']
    FROM generate_series(1, 12) n;

-- What the places are of a query; nothing printed: none.
CREATE PROCEDURE places(query text) LANGUAGE plpgsql AS $$
DECLARE place text;
BEGIN
    PERFORM set_config('client_min_messages', 'error', true);
    PERFORM pg_tviews_create('tv_x', query, '{"key": "k"}');
    FOR place IN SELECT unnest(undetermined) FROM pg_tviews_registry WHERE tview = 'tv_x' LOOP
        PERFORM set_config('client_min_messages', 'notice', true);
        RAISE NOTICE '%', place;
    END LOOP;
    PERFORM set_config('client_min_messages', 'warning', true);
    DROP TABLE tv_x;
END $$;
\set VERBOSITY terse

-- Aggregates.
CALL places('SELECT fk_post k, jsonb_agg(label) l, array_agg(label ORDER BY at) a, string_agg(label, '','' ORDER BY at, pk_item) s FROM tb_item GROUP BY 1');
CALL places('SELECT fk_post k, jsonb_agg(label ORDER BY label) l, sum(cost), count(*), max(at), array_agg(DISTINCT label) FROM tb_item GROUP BY 1');
CALL places('SELECT fk_post k, jsonb_object_agg(label, pk_item) l, xmlagg(xmlelement(name x, label)) x FROM tb_item GROUP BY 1');
-- Of an object only values with one key are in each other's way; json keeps them all.
CALL places('SELECT p.pk_post k, jsonb_object_agg(i.label, i.cost) l, jsonb_object_agg(i.pk_item, i.at) p FROM tb_post p JOIN tb_item i ON i.fk_post = p.pk_post GROUP BY 1');
CALL places('SELECT fk_post k, jsonb_object_agg(at, pk_item) l, json_object_agg(pk_item, at) j FROM tb_item WHERE at IS NOT NULL GROUP BY 1');
-- The unique index tells a post's items apart by label, but not those without a post.
CALL places('SELECT fk_post k, jsonb_agg(pk_item ORDER BY label) l FROM tb_item GROUP BY 1');
CALL places('SELECT fk_post k, jsonb_agg(pk_item ORDER BY label) l FROM tb_item WHERE fk_post = 12 GROUP BY 1');
CALL places('SELECT p.pk_post k, jsonb_agg(i.pk_item ORDER BY i.label) l FROM tb_post p JOIN tb_item i ON i.fk_post = p.pk_post GROUP BY 1');
-- The author follows from the post, the post from the item.
CALL places('SELECT i.fk_user k, jsonb_agg(jsonb_build_object(''i'', i.label, ''p'', p.title, ''u'', u.name) ORDER BY i.pk_item) l
             FROM tb_item i JOIN tb_post p ON p.pk_post = i.fk_post LEFT JOIN tb_user u ON u.pk_user = p.fk_user GROUP BY 1');
CALL places('SELECT i.fk_user k, jsonb_agg(jsonb_build_object(''i'', i.label, ''c'', c.body) ORDER BY i.pk_item) l
             FROM tb_item i JOIN tb_comment c ON c.fk_post = i.fk_post GROUP BY 1');
-- An outer join whose condition looks at more than what is sorted by.
CALL places('SELECT i.at k, jsonb_agg(p.title ORDER BY i.fk_post) l FROM tb_item i LEFT JOIN tb_post p ON p.pk_post = i.fk_post AND i.fk_user > 1 GROUP BY 1');
CALL places('SELECT i.at k, jsonb_agg(p.title ORDER BY i.fk_post) l FROM tb_item i LEFT JOIN tb_post p ON p.pk_post = i.fk_post AND i.at > ''2024-01-02'' GROUP BY 1');
-- Floating-point numbers; values that are equal but look different.
CALL places('SELECT fk_post k, sum(weight) s, avg(weight ORDER BY pk_item) a, max(price) m, max(cost) c FROM tb_item GROUP BY 1');
CALL places('SELECT nick k, count(*) FROM tb_item GROUP BY 1');
CALL places('SELECT lower(nick::text) k, count(*) FROM tb_item GROUP BY 1');
CALL places('SELECT DISTINCT price k FROM tb_item');
CALL places('SELECT nick k FROM tb_item UNION SELECT nick FROM tb_item');
CALL places('SELECT cost k FROM tb_item UNION SELECT pk_post FROM tb_post');
CALL places('SELECT cost k FROM tb_item INTERSECT SELECT cost FROM tb_item');

-- LIMIT, DISTINCT ON, windows.
CALL places('SELECT pk_post k, (SELECT label FROM tb_item WHERE fk_post = pk_post LIMIT 1) FROM tb_post');
CALL places('SELECT pk_post k, (SELECT label FROM tb_item WHERE fk_post = pk_post ORDER BY at DESC LIMIT 1) FROM tb_post');
CALL places('SELECT pk_post k, (SELECT pk_item FROM tb_item WHERE fk_post = pk_post ORDER BY label LIMIT 1) FROM tb_post');
CALL places('SELECT pk_post k, i.* FROM tb_post p LEFT JOIN LATERAL (SELECT label, at FROM tb_item WHERE fk_post = pk_post ORDER BY at FETCH FIRST ROW WITH TIES) i ON i.label = ''i3''');
CALL places('SELECT pk_post k, EXISTS (SELECT FROM tb_item WHERE fk_post = pk_post LIMIT 1) FROM tb_post');
CALL places('SELECT pk_item k, label FROM tb_item ORDER BY at LIMIT 3');
CALL places('SELECT fk_post k, count(*) FROM tb_item GROUP BY 1 ORDER BY 2 DESC LIMIT 1');
CALL places('SELECT fk_post k, count(*) FROM tb_item GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1');
CALL places('SELECT DISTINCT ON (fk_post) fk_post k, label FROM tb_item ORDER BY fk_post, at');
CALL places('SELECT DISTINCT ON (fk_post) fk_post k, i.label, u.name FROM tb_item i JOIN tb_user u ON u.pk_user = i.fk_user ORDER BY fk_post, at, pk_item');
CALL places('SELECT pk_item k, row_number() OVER (PARTITION BY fk_post ORDER BY at) n, rank() OVER (ORDER BY at) r, sum(cost) OVER (ORDER BY at) s FROM tb_item');
CALL places('SELECT pk_item k, lag(label) OVER (ORDER BY at) l, first_value(at) OVER (ORDER BY at) f, sum(cost) OVER (ORDER BY at ROWS 2 PRECEDING) s FROM tb_item');
CALL places('SELECT pk_item k, ntile(4) OVER (ORDER BY at, pk_item) n FROM tb_item');
CALL places('SELECT k, label FROM (SELECT pk_item k, label, row_number() OVER (PARTITION BY fk_post ORDER BY at) n FROM tb_item) newest WHERE n <= 2');

-- Arrays of subqueries; rows that come in one order.
CALL places('SELECT pk_post k, ARRAY(SELECT label FROM tb_item WHERE fk_post = pk_post) a, ARRAY(SELECT label FROM tb_item WHERE fk_post = pk_post ORDER BY label) b FROM tb_post');
CALL places('SELECT pk_item k, ARRAY(SELECT upper(t) FROM unnest(tags) t) a, (SELECT jsonb_agg(t) FROM unnest(tags) t) b FROM tb_item');
CALL places('SELECT pk_post k, (SELECT jsonb_agg(i) FROM (SELECT label FROM tb_item WHERE fk_post = pk_post ORDER BY at DESC, pk_item LIMIT 3) i) a FROM tb_post');
CALL places('SELECT pk_post k, (SELECT jsonb_agg(i.label) FROM (SELECT label FROM tb_item WHERE fk_post = pk_post ORDER BY at DESC) i) a FROM tb_post');
-- A column of a view nobody reads leaves nothing open.
CREATE VIEW items AS SELECT fk_post, jsonb_agg(label) AS labels, count(*) AS n FROM tb_item GROUP BY 1;
CALL places('SELECT fk_post k, n FROM items');
CALL places('SELECT fk_post k, labels FROM items');

-- One warning for all places; the registry keeps them, explain sees the indexes as they are.
\set VERBOSITY default
SET client_min_messages = warning;
CREATE TABLE tv_open AS SELECT p.pk_post AS pk_open, p.title, (SELECT jsonb_agg(i.label) FROM tb_item i WHERE i.fk_post = p.pk_post) AS labels,
    jsonb_build_object('newest', (SELECT i.label FROM tb_item i WHERE i.fk_post = p.pk_post ORDER BY i.at DESC LIMIT 1)) AS newest,
    (SELECT sum(i.weight) FROM tb_item i WHERE i.fk_post = p.pk_post) AS weight FROM tb_post p;
CREATE TABLE tv_best AS SELECT pk_item AS pk_best, label FROM tb_item ORDER BY at LIMIT 2;
CREATE TABLE tv_nick AS SELECT nick AS pk_nick, count(*) AS n FROM tb_item GROUP BY nick;
CREATE TABLE tv_first AS SELECT p.pk_post AS pk_first, (SELECT i.pk_item FROM tb_item i WHERE i.fk_post = p.pk_post ORDER BY i.label LIMIT 1) AS item FROM tb_post p;
SELECT tview, unnest(undetermined) FROM pg_tviews_registry WHERE schema = 's_undetermined' ORDER BY 1, 2;
ALTER TABLE tb_item DROP CONSTRAINT tb_item_fk_post_label_key;
SELECT * FROM pg_tviews_explain('tv_first') WITH ORDINALITY AS e (line, n) WHERE n <= 4;
-- A redefinition says it anew.
CREATE OR REPLACE VIEW v_first AS SELECT p.pk_post AS pk_first, (SELECT min(i.pk_item) FROM tb_item i WHERE i.fk_post = p.pk_post) AS item FROM tb_post p;
CREATE OR REPLACE VIEW v_best AS SELECT pk_item AS pk_best, label FROM tb_item ORDER BY at, label LIMIT 2;
SELECT tview, undetermined FROM pg_tviews_registry WHERE schema = 's_undetermined' AND entity IN ('first', 'best') ORDER BY 1;
SELECT * FROM exact();

-- Another right answer is no difference where it can be told, and 'undetermined' where it cannot; a wrong one is stale.
UPDATE tv_open SET labels = '["i9", "i12", "i6", "i3"]' WHERE pk_open = 11;
SELECT * FROM pg_tviews_verify('tv_open');
UPDATE tv_open SET labels = '["i9", "i12", "i6", "i6"]' WHERE pk_open = 11;
UPDATE tv_open SET newest = '{"newest": "i7"}' WHERE pk_open = 12;
UPDATE tv_open SET title = 'another' WHERE pk_open = 13;
DELETE FROM tv_open WHERE pk_open = 14;
SELECT * FROM pg_tviews_verify('tv_open') ORDER BY key;
UPDATE tv_best SET pk_best = 4 - pk_best;
SELECT * FROM pg_tviews_verify('tv_best') ORDER BY key;
UPDATE tv_best SET pk_best = 7 WHERE pk_best = 3;
UPDATE tv_best SET label = 'none' WHERE pk_best <> 7;
SELECT * FROM pg_tviews_verify('tv_best') ORDER BY key;
UPDATE tv_nick SET pk_nick = lower(pk_nick);
SELECT * FROM pg_tviews_verify('tv_nick') ORDER BY key;
UPDATE tv_nick SET n = 7 WHERE pk_nick = 'b';
DELETE FROM tv_nick WHERE pk_nick = 'c';
SELECT * FROM pg_tviews_verify('tv_nick') ORDER BY key;
-- A refresh writes the query's present choice.
SELECT * FROM pg_tviews_refresh();
SELECT * FROM exact();
-- A view that has got a column more than the TVIEW.
CREATE OR REPLACE VIEW v_first AS SELECT p.pk_post AS pk_first, (SELECT min(i.pk_item) FROM tb_item i WHERE i.fk_post = p.pk_post) AS item,
    (SELECT jsonb_agg(i.label) FROM tb_item i WHERE i.fk_post = p.pk_post) AS more FROM tb_post p;
SELECT * FROM pg_tviews_verify('tv_first');
DROP TABLE tv_open, tv_best, tv_nick, tv_first;

-- Arrays inside of arrays; elements of other types; NULL in place of the array.
CREATE TABLE tv_user AS SELECT u.pk_user, jsonb_build_object('posts', (SELECT jsonb_agg(jsonb_build_object('post', p.title,
        'items', (SELECT array_agg(i.cost) FROM tb_item i WHERE i.fk_post = p.pk_post))) FROM tb_post p WHERE p.fk_user = u.pk_user)) AS data,
    ARRAY(SELECT i.at FROM tb_item i WHERE i.fk_user = u.pk_user) AS days FROM tb_user u;
SELECT count(*) FROM pg_tviews_verify('tv_user');
UPDATE tv_user SET days = (SELECT array_agg(d ORDER BY d DESC) FROM unnest(days) d), data = jsonb_set(data, '{posts}', (data #- '{posts,0}' -> 'posts') || jsonb_build_array(data #> '{posts,0}'))
    WHERE pk_user = 1;
SELECT count(*) FROM pg_tviews_verify('tv_user');
UPDATE tv_user SET data = jsonb_set(data, '{posts,0,items}', 'null') WHERE pk_user = 1;
UPDATE tv_user SET days[1] = '2030-01-01' WHERE pk_user = 2;
UPDATE tv_user SET days = NULL WHERE pk_user = 3;
SELECT * FROM pg_tviews_verify('tv_user') ORDER BY key;
SELECT * FROM pg_tviews_refresh();
DROP TABLE tv_user;

-- Columns of types that have no equality, and floating-point numbers, are compared as they are stored.
CREATE TABLE tb_odd (pk_odd int PRIMARY KEY, j json, x xml, f float8, r real, p point, n numeric);
INSERT INTO tb_odd VALUES (1, '{"a":  1}', '<a/>', 0.1, 0.1, '(1,2)', 1.0), (2, NULL, NULL, 'NaN', '-0', NULL, NULL), (3, '[]', '<b>c</b>', '-0', 'Infinity', '(0,0)', 'NaN');
CREATE TABLE tv_odd AS SELECT pk_odd, j, x, f, r, p, n, f + 0.2 AS g FROM tb_odd;
SELECT * FROM pg_tviews_verify('tv_odd');
UPDATE tb_odd SET j = '{"a": 1}' WHERE pk_odd = 1;
UPDATE tb_odd SET f = 0, x = '<b>c</b >' WHERE pk_odd = 3;
UPDATE tb_odd SET n = 1.00, r = 0.2 WHERE pk_odd = 1;
SELECT * FROM exact();
UPDATE tv_odd SET j = '{"a":1}' WHERE pk_odd = 1;
UPDATE tv_odd SET f = 'Infinity' WHERE pk_odd = 2;
UPDATE tv_odd SET x = '<b>c</b>' WHERE pk_odd = 3;
SELECT * FROM pg_tviews_verify('tv_odd') ORDER BY key;
SELECT * FROM pg_tviews_refresh();
SELECT * FROM exact();
DROP TABLE tv_odd;
-- The same columns beside one that is open.
SET client_min_messages = error;
CREATE TABLE tv_odd AS SELECT pk_odd, j, x, f, p, (SELECT jsonb_agg(o.n) FROM tb_odd o WHERE o.pk_odd >= t.pk_odd) AS later FROM tb_odd t;
UPDATE tb_odd SET p = '(3,4)', n = 5;
SELECT * FROM exact();
UPDATE tv_odd SET later = '[5, 5, 5]' WHERE pk_odd = 1;
UPDATE tv_odd SET p = '(5,6)', x = '<b/>' WHERE pk_odd = 2;
SELECT * FROM pg_tviews_verify('tv_odd') ORDER BY key;
SELECT * FROM pg_tviews_refresh();
SELECT * FROM exact();
DROP SCHEMA s_undetermined CASCADE;
