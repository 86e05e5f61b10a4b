-- Shapes: joins of every kind, with conditions of every kind, over keys of every kind.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- Inner.
CREATE TABLE tv_inner AS SELECT p.pk_post AS pk_inner, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
SELECT route('tv_inner');
CALL write($$UPDATE tb_user SET name = 'Adele' WHERE pk_user = 1$$);
CALL write($$UPDATE tb_post SET fk_user = 2 WHERE pk_post = 11$$);
CALL write($$UPDATE tb_post SET fk_user = NULL WHERE pk_post = 12$$);

-- Left, with a condition on the side that may be missing.
CREATE TABLE tv_left AS
SELECT p.pk_post AS pk_left, p.title, u.name FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user AND u.email IS NOT NULL;
SELECT route('tv_left');
CALL write($$UPDATE tb_user SET email = NULL WHERE pk_user = 2$$);
CALL write($$UPDATE tb_user SET email = 'b@example.com' WHERE pk_user = 2$$);

-- Left, where WHERE asks for the missing side.
CREATE TABLE tv_anti AS
SELECT u.pk_user AS pk_anti, u.name FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user WHERE p.pk_post IS NULL;
SELECT route('tv_anti');
CALL write($$UPDATE tb_post SET fk_user = 4 WHERE pk_post = 13$$);

-- Left, filtered by OR: with and without the missing side.
CREATE TABLE tv_left_or AS
SELECT p.pk_post AS pk_left_or, u.name FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user WHERE u.pk_user IS NULL OR u.name > 'B';
SELECT route('tv_left_or');
CALL write($$UPDATE tb_user SET name = 'Bert' WHERE pk_user = 1$$);
CALL write($$UPDATE tb_post SET fk_user = 1 WHERE fk_user IS NULL$$);

-- Left, made an inner join by WHERE, with the key on the side that may be missing.
CREATE TABLE tv_reduced AS
SELECT p.pk_post AS pk_reduced, u.name FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user WHERE p.pk_post IS NOT NULL;
SELECT route('tv_reduced');
CALL write($$UPDATE tb_post SET fk_user = 1 WHERE pk_post = 13$$);
CALL write($$UPDATE tb_user SET name = 'Ada' WHERE pk_user = 1$$);

-- A chain of left joins.
CREATE TABLE tv_left_chain AS
SELECT c.pk_comment AS pk_left_chain, p.title, u.name, k.name AS category
FROM tb_comment c LEFT JOIN tb_post p ON p.pk_post = c.fk_post AND p.published
LEFT JOIN tb_user u ON u.pk_user = p.fk_user LEFT JOIN tb_category k ON k.pk_category = p.fk_category;
SELECT route('tv_left_chain');
CALL write($$UPDATE tb_post SET published = NOT published WHERE pk_post IN (11, 14)$$);
CALL write($$UPDATE tb_category SET name = 'life' WHERE pk_category = 3$$);

-- A join in brackets, left-joined as one.
CREATE TABLE tv_left_join AS
SELECT c.pk_comment AS pk_left_join, p.title, u.name FROM tb_comment c LEFT JOIN (tb_post p JOIN tb_user u ON u.pk_user = p.fk_user) ON p.pk_post = c.fk_post;
SELECT route('tv_left_join');
CALL write($$UPDATE tb_post SET fk_user = NULL WHERE pk_post = 14$$);

-- Right.
CREATE TABLE tv_right AS
SELECT u.pk_user AS pk_right, count(p.pk_post) AS n, max(p.title) AS last
FROM tb_post p RIGHT JOIN tb_user u ON u.pk_user = p.fk_user GROUP BY u.pk_user;
SELECT route('tv_right');
CALL write($$DELETE FROM tb_post WHERE pk_post = 13$$);

-- Full.
CREATE TABLE tv_full AS
SELECT coalesce(a.fk_user, b.fk_user) AS pk_full, a.n AS posts, b.n AS comments
FROM (SELECT fk_user, count(*) AS n FROM tb_post WHERE fk_user IS NOT NULL GROUP BY 1) a
FULL JOIN (SELECT fk_user, count(*) AS n FROM tb_comment WHERE fk_user IS NOT NULL GROUP BY 1) b ON b.fk_user = a.fk_user;
SELECT route('tv_full');
CALL write($$UPDATE tb_comment SET fk_user = 4 WHERE fk_user = 3$$);
CALL write($$UPDATE tb_post SET fk_user = 3 WHERE pk_post = 11$$);

-- USING: the merged column is the key.
CREATE TABLE tv_using AS
SELECT fk_post AS pk_using, x.n, t.bodies
FROM (SELECT fk_post, count(*) AS n FROM tb_comment GROUP BY 1) x
FULL JOIN (SELECT fk_post, string_agg(body, ',' ORDER BY body) AS bodies FROM tb_text WHERE fk_post IS NOT NULL GROUP BY 1) t USING (fk_post);
SELECT route('tv_using');
CALL write($$INSERT INTO tb_text VALUES (99, 'en', 'Alone')$$);
CALL write($$UPDATE tb_text SET fk_post = 12 WHERE fk_post = 99$$);

-- NATURAL.
CREATE TABLE tv_natural AS
SELECT pk_post AS pk_natural, count(*) AS n FROM tb_post NATURAL JOIN (SELECT fk_post AS pk_post FROM tb_comment) c GROUP BY pk_post;
SELECT route('tv_natural');
CALL write($$UPDATE tb_comment SET fk_post = 14 WHERE pk_comment = 101$$);

-- Self-join.
CREATE TABLE tv_self AS
SELECT a.pk_post AS pk_self, count(b.pk_post) AS siblings
FROM tb_post a LEFT JOIN tb_post b ON b.fk_user = a.fk_user AND b.pk_post <> a.pk_post GROUP BY a.pk_post;
SELECT route('tv_self');
CALL write($$UPDATE tb_post SET fk_user = 1 WHERE pk_post IN (14, 15)$$);

-- Two foreign keys to one table.
CREATE TABLE tv_two_fks AS
SELECT p.pk_post AS pk_two_fks, a.name AS author, e.name AS editor
FROM tb_post p LEFT JOIN tb_user a ON a.pk_user = p.fk_user JOIN tb_user e ON e.pk_user = p.fk_editor;
SELECT route('tv_two_fks');
CALL write($$UPDATE tb_post SET fk_user = fk_editor, fk_editor = fk_user$$);
CALL write($$UPDATE tb_user SET name = name || '!'$$);

-- Conditions that are no equality.
CREATE TABLE tv_unequal AS
SELECT u.pk_user AS pk_unequal, max(f.day) AS day, count(f.*) AS n FROM tb_user u LEFT JOIN tb_follow f ON f.follower < u.pk_user GROUP BY 1;
SELECT route('tv_unequal');
CALL write($$UPDATE tb_follow SET follower = 0 WHERE follower = 2$$);

-- BETWEEN.
CREATE TABLE tv_between AS
SELECT t.pk_thing AS pk_between, count(p.*) AS n FROM tb_thing t LEFT JOIN tb_post p ON p.pk_post BETWEEN t.size + 8 AND t.size + 11 GROUP BY 1;
SELECT route('tv_between');
CALL write($$UPDATE tb_thing SET size = size + 1$$);
CALL write($$INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (10, uuid_of(2, 10), 1, 'Ten')$$);

-- A range column.
CREATE TABLE tv_range AS
SELECT t.pk_thing AS pk_range, array_agg(u.name ORDER BY u.pk_user) AS names FROM tb_thing t JOIN tb_user u ON t.span @> u.pk_user GROUP BY 1;
SELECT route('tv_range');
CALL write($$UPDATE tb_thing SET span = '[3,5)' WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_user SET name = 'Di' WHERE pk_user = 4$$);

-- Expressions on both sides.
CREATE TABLE tv_expression AS
SELECT u.pk_user AS pk_expression, g.label FROM tb_user u LEFT JOIN tb_tag g ON lower(g.pk_tag::text) = lower(u.name);
SELECT route('tv_expression');
CALL write($$UPDATE tb_user SET name = 'SQL' WHERE pk_user = 3$$);
CALL write($$UPDATE tb_tag SET label = 'the language' WHERE pk_tag = 'sql'$$);

-- Casts.
CREATE TABLE tv_cast AS
SELECT s.name AS pk_cast, u.name AS who FROM tb_setting s LEFT JOIN tb_user u ON u.pk_user::text = s.value;
SELECT route('tv_cast');
CALL write($$UPDATE tb_setting SET value = '3' WHERE name = 'minimum'$$);
CALL write($$UPDATE tb_user SET name = 'Cyd' WHERE pk_user = 3$$);

-- Row comparisons.
CREATE TABLE tv_rows AS
SELECT t.pk_thing AS pk_rows, count(*) AS n FROM tb_thing t JOIN tb_post p ON (p.fk_user, p.fk_editor) = (t.fk_user, t.level) GROUP BY 1;
SELECT route('tv_rows');
CALL write($$UPDATE tb_post SET fk_user = 1, fk_editor = 1 WHERE pk_post = 11$$);
CREATE TABLE tv_row_less AS
SELECT t.pk_thing AS pk_row_less, count(p.*) AS n FROM tb_thing t LEFT JOIN tb_post p ON (p.fk_user, p.fk_editor) < (t.fk_user, t.level) GROUP BY 1;
SELECT route('tv_row_less');
CALL write($$UPDATE tb_thing SET level = 3 WHERE pk_thing = 1$$);

-- IS NOT DISTINCT FROM: NULL finds NULL.
CREATE TABLE tv_not_distinct AS
SELECT u.pk_user AS pk_not_distinct, count(p.*) AS n FROM tb_user u LEFT JOIN tb_post p ON p.note IS NOT DISTINCT FROM u.email GROUP BY 1;
SELECT route('tv_not_distinct');
CALL write($$UPDATE tb_user SET email = NULL WHERE pk_user = 2$$);
CALL write($$UPDATE tb_post SET note = 'x' WHERE pk_post = 12$$);

-- = ANY of an array column.
CREATE TABLE tv_array AS
SELECT t.pk_thing AS pk_array, jsonb_agg(p.title ORDER BY p.pk_post) AS titles FROM tb_thing t LEFT JOIN tb_post p ON p.pk_post = ANY (t.posts) GROUP BY 1;
SELECT route('tv_array');
CALL write($$UPDATE tb_thing SET posts = posts || 14 WHERE pk_thing = 2$$);
CALL write($$UPDATE tb_post SET title = 'Fourteen' WHERE pk_post = 14$$);

-- unnest in FROM.
CREATE TABLE tv_unnest AS
SELECT t.pk_thing * 100 + n AS pk_unnest, p.title
FROM tb_thing t, unnest(t.posts) WITH ORDINALITY AS x (post, n) LEFT JOIN tb_post p ON p.pk_post = x.post;
SELECT route('tv_unnest');
CALL write($$UPDATE tb_thing SET posts = '{14,11}' WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_post SET title = 'Eleven' WHERE pk_post = 11$$);

-- Words of a text, counted per row; per word below.
CREATE TABLE tv_words AS
SELECT p.pk_post AS pk_words, count(w) AS words FROM tb_post p LEFT JOIN LATERAL unnest(string_to_array(p.title, ' ')) AS w ON true GROUP BY 1;
SELECT route('tv_words');
CREATE TABLE tv_word AS SELECT regexp_split_to_table(title, ' ') AS pk_word, count(*) AS n FROM tb_post GROUP BY 1;
SELECT route('tv_word');
CALL write($$UPDATE tb_post SET title = 'Two of two' WHERE pk_post = 12$$);

-- jsonb_array_elements in FROM.
CREATE TABLE tv_elements AS
SELECT t.pk_thing AS pk_elements, string_agg(e ->> 0, '+' ORDER BY e ->> 0) AS tags, count(*) AS n
FROM tb_thing t, jsonb_array_elements(t.meta -> 'tags') AS e GROUP BY 1;
SELECT route('tv_elements');
CALL write($$UPDATE tb_thing SET meta = '{"tags": ["x", "y", "z"]}' WHERE pk_thing = 2$$);

-- generate_series in FROM.
CREATE TABLE tv_series AS SELECT u.pk_user * 100 + s AS pk_series, u.name FROM tb_user u, generate_series(1, length(u.name)) AS s;
SELECT route('tv_series');
CALL write($$UPDATE tb_user SET name = 'Di' WHERE pk_user = 1$$);

-- A composite key.
SELECT pg_tviews_create('tv_composite', $$SELECT l.fk_post, l.fk_tag, l.weight, p.title, g.label
    FROM tb_post_tag l JOIN tb_post p ON p.pk_post = l.fk_post JOIN tb_tag g ON g.pk_tag = l.fk_tag$$, '{"key": ["fk_post", "fk_tag"]}');
SELECT route('tv_composite');
CALL write($$UPDATE tb_tag SET label = 'see plus plus' WHERE pk_tag = 'CPP'$$);
CALL write($$UPDATE tb_post_tag SET fk_tag = 'Ada' WHERE fk_tag = 'art'$$);

-- A key of text, through a link table.
CREATE TABLE tv_text_key AS
SELECT g.pk_tag AS pk_text_key, jsonb_agg(p.title ORDER BY p.pk_post) FILTER (WHERE p.published) AS titles
FROM tb_tag g LEFT JOIN tb_post_tag l ON l.fk_tag = g.pk_tag LEFT JOIN tb_post p ON p.pk_post = l.fk_post GROUP BY g.pk_tag;
SELECT route('tv_text_key');
CALL write($$DELETE FROM tb_post_tag WHERE fk_post = 11$$);
CALL write($$INSERT INTO tb_post_tag VALUES (11, 'ADA', 7)$$);
CALL write($$UPDATE tb_tag SET pk_tag = 'ADA' WHERE pk_tag = 'ada'$$);

-- A uuid key.
CREATE TABLE tv_uuid_key AS
SELECT p.id AS pk_uuid_key, count(c.*) AS comments FROM tb_post p LEFT JOIN tb_comment c ON c.fk_post = p.pk_post GROUP BY p.id;
SELECT route('tv_uuid_key');
CALL write($$DELETE FROM tb_comment WHERE pk_comment > 108$$);
CALL write($$UPDATE tb_post SET id = uuid_of(2, 777) WHERE pk_post = 11$$);

-- No condition at all.
CREATE TABLE tv_cross AS SELECT u.pk_user AS pk_cross, u.name, s.value FROM tb_user u CROSS JOIN tb_setting s WHERE s.name = 'site';
SELECT route('tv_cross');
CALL write($$UPDATE tb_setting SET value = 'New name' WHERE name = 'site'$$);
CALL write($$UPDATE tb_setting SET value = '9' WHERE name = 'minimum'$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
