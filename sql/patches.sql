-- Columns the query only copies are set in the stored documents without building them again; the result is the same.
\set VERBOSITY terse
CREATE SCHEMA s_patches;
SET search_path = s_patches, public;
SET client_min_messages = warning;
CREATE TABLE tb_user (pk_user integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_post (pk_post integer PRIMARY KEY, fk_user integer NOT NULL REFERENCES tb_user, title text, "Odd 'key""\" text,
                      price numeric, tags text[], extra jsonb, seen timestamptz, rank integer NOT NULL DEFAULT 0, hidden boolean NOT NULL DEFAULT false);
INSERT INTO tb_user VALUES (1, 'ann'), (2, 'bob');
INSERT INTO tb_post (pk_post, fk_user, title) SELECT n, 1 + n % 2, 'title ' || n FROM generate_series(1, 300) n;
CREATE TABLE tv_post AS
    SELECT p.pk_post, p.title, p.rank, u.name,
           jsonb_build_object('title', p.title, 'tags', p.tags, 'user', u.name,
                              'more', jsonb_build_object('price', p.price, 'extra', p.extra, 'it''s \ "odd"', p."Odd 'key""\",
                                                         'seen', p.seen, '0', p.title),
                              'top', p.rank > 5) AS data
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user WHERE NOT p.hidden;
SELECT * FROM pg_tviews_explain('tv_post') AS e (line) WHERE line LIKE '%copied%';
-- values of all kinds, NULL too; the same document twice; many documents; more than one column
UPDATE tb_post SET title = 'one' WHERE pk_post = 1;
UPDATE tb_post SET title = NULL, price = 1.10 WHERE pk_post = 2;
UPDATE tb_post SET price = 1.100, tags = '{a,NULL,"b c"}', extra = '{"b": [1.0, null]}', seen = '2020-01-01 00:00+00' WHERE pk_post = 3;
UPDATE tb_post SET "Odd 'key""\" = E'q"\\\'' WHERE pk_post = 4;
SELECT pk_post, title, data FROM tv_post WHERE pk_post <= 4 ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);
UPDATE tb_post SET price = pk_post WHERE pk_post < 250;
UPDATE tb_post SET title = upper(title) WHERE pk_post < 5;
SELECT * FROM pg_tviews_verify(NULL);

-- no difference, no write
CREATE TEMP TABLE before AS SELECT pk_post, ctid AS place FROM tv_post;
UPDATE tb_post SET title = title || '';
SELECT count(*) AS moved FROM before b JOIN tv_post t ON t.pk_post = b.pk_post WHERE t.ctid <> b.place;

-- columns that do more than being copied: a filter, a join, a comparison
UPDATE tb_post SET hidden = true, title = 'gone' WHERE pk_post = 1;
UPDATE tb_post SET title = 'still gone' WHERE pk_post = 1;
UPDATE tb_post SET fk_user = 2, title = 'moved' WHERE pk_post = 2;
UPDATE tb_post SET rank = 9, title = 'top' WHERE pk_post = 3;
UPDATE tb_post SET pk_post = 1004, title = 'rekeyed' WHERE pk_post = 4;
SELECT pk_post, title, rank, name, data -> 'top' AS top FROM tv_post WHERE pk_post IN (1, 2, 3, 4, 1004) ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);

-- patches and rebuilds of one document in one transaction, in any order, and savepoints
BEGIN;
UPDATE tb_post SET title = 'first' WHERE pk_post = 5;
UPDATE tb_user SET name = 'BOB' WHERE pk_user = 2;
UPDATE tb_post SET title = 'second' WHERE pk_post = 5;
SAVEPOINT s;
UPDATE tb_post SET title = 'rolled back', price = 99 WHERE pk_post = 5;
SELECT title, data #>> '{more,price}' AS price FROM tv_post WHERE pk_post = 5;
ROLLBACK TO s;
SELECT title, name, data #>> '{more,price}' AS price FROM tv_post WHERE pk_post = 5;
UPDATE tb_post SET title = 'third' WHERE pk_post = 6;
DELETE FROM tb_post WHERE pk_post = 6;
INSERT INTO tb_post (pk_post, fk_user, title) VALUES (6, 1, 'again');
UPDATE tb_post SET title = 'and again' WHERE pk_post = 6;
COMMIT;
SELECT pk_post, title, name FROM tv_post WHERE pk_post IN (5, 6) ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);

-- a TVIEW over it follows
CREATE TABLE tv_title AS SELECT t.pk_post AS pk_title, upper(t.title) AS title, t.data -> 'more' AS more FROM tv_post t;
UPDATE tb_post SET title = 'followed', seen = NULL WHERE pk_post = 7;
SELECT * FROM (SELECT pk_title, title, more ->> '0' AS again FROM tv_title WHERE pk_title = 7) x;
SELECT * FROM pg_tviews_verify(NULL);

-- not where a column is used elsewhere too, where rows are grouped or sorted out, or where keys may repeat
CREATE TABLE tv_twice AS
    SELECT p.pk_post AS pk_twice, p.title, length(p.title) AS len,
           jsonb_build_object('t', p.title, 't', p.rank, 'n', (SELECT count(*) FROM tb_user u WHERE u.name = p.title)) AS data FROM tb_post p;
CREATE TABLE tv_user AS
    SELECT u.pk_user, u.name, jsonb_agg(p.title ORDER BY p.pk_post) AS data
    FROM tb_user u JOIN tb_post p ON p.fk_user = u.pk_user GROUP BY u.pk_user;
CREATE TABLE tv_first AS SELECT DISTINCT ON (p.fk_user) p.fk_user AS pk_first, p.title FROM tb_post p ORDER BY p.fk_user, p.pk_post;
SELECT tv, line FROM unnest('{tv_twice,tv_user,tv_first,tv_title}'::text[]) tv, pg_tviews_explain(tv) AS e (line) WHERE line LIKE '%copied%';
UPDATE tb_post SET title = 'bob' WHERE pk_post < 9;
UPDATE tb_user SET name = 'followed' WHERE pk_user = 1;
SELECT pk_twice, len, data FROM tv_twice WHERE pk_twice IN (7, 8) ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);

-- by the setting off, everything is rebuilt
SET pg_tviews.patch = off;
UPDATE tb_post SET title = 'rebuilt' WHERE pk_post < 20;
RESET pg_tviews.patch;
SELECT * FROM pg_tviews_verify(NULL);
-- the unique index that made it sound goes, and a child comes
ALTER TABLE tb_post DROP CONSTRAINT tb_post_pkey;
UPDATE tb_post SET title = 'without index' WHERE pk_post < 20;
SELECT * FROM pg_tviews_verify(NULL);
DROP SCHEMA s_patches CASCADE;
