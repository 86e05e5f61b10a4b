-- Keys: any type with a default btree operator class, one column or several, equal by the type's own equality.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_keys;
SET search_path = s_keys, public;
\i :schema
-- Another extension's type.
CREATE EXTENSION citext SCHEMA s_keys;

-- One base table per type, its key joined from a second table: the walk compares values of the type.
-- Gives the number of documents after each step: created, updated, a key changed, one deleted, one inserted.
CREATE FUNCTION try_key(type text, keys text[], other text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    steps text;
BEGIN
    EXECUTE format('CREATE TABLE tb_thing (k %s PRIMARY KEY, name text)', type);
    EXECUTE format('CREATE TABLE tb_detail (k %s REFERENCES tb_thing ON UPDATE CASCADE ON DELETE CASCADE, body text)', type);
    EXECUTE format('INSERT INTO tb_thing SELECT v::%s, ''thing '' || n FROM unnest($1) WITH ORDINALITY AS u (v, n)', type) USING keys;
    INSERT INTO tb_detail SELECT k, 'detail' FROM tb_thing;
    PERFORM pg_tviews_create('tv_thing', 'SELECT t.k AS pk_thing, t.name, d.bodies FROM tb_thing t
                              LEFT JOIN (SELECT k, jsonb_agg(body ORDER BY body) AS bodies FROM tb_detail GROUP BY k) d ON d.k = t.k');
    SELECT concat_ws(' ', documents, CASE WHEN verify + oracle > 0 THEN 'WRONG' END) INTO steps FROM exact();
    UPDATE tb_thing SET name = upper(name);
    UPDATE tb_detail SET body = upper(body);
    SELECT concat_ws(' ', steps, documents, CASE WHEN verify + oracle > 0 THEN 'WRONG' END) INTO steps FROM exact();
    EXECUTE format('UPDATE tb_thing SET k = $1::%s WHERE k = $2::%1$s', type) USING other, keys[1];
    EXECUTE format('INSERT INTO tb_detail VALUES ($1::%s, ''new'')', type) USING other;
    SELECT concat_ws(' ', steps, documents, CASE WHEN verify + oracle > 0 THEN 'WRONG' END) INTO steps FROM exact();
    EXECUTE format('DELETE FROM tb_thing WHERE k = $1::%s', type) USING keys[2];
    SELECT concat_ws(' ', steps, documents, CASE WHEN verify + oracle > 0 THEN 'WRONG' END) INTO steps FROM exact();
    EXECUTE format('INSERT INTO tb_thing VALUES ($1::%s, ''back'') ON CONFLICT (k) DO UPDATE SET k = excluded.k', type) USING keys[1];
    SELECT concat_ws(' ', steps, documents, CASE WHEN verify + oracle > 0 THEN 'WRONG' END) INTO steps FROM exact();
    DROP TABLE tv_thing;
    DROP TABLE tb_detail, tb_thing;
    RETURN steps;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;
CREATE DOMAIN code AS text CHECK (VALUE <> '');
CREATE DOMAIN short_code AS code COLLATE "C" CHECK (length(VALUE) < 10);
CREATE TYPE color AS ENUM ('red', 'green', 'blue');
CREATE TYPE place AS (x int, y text);
CREATE COLLATION case_insensitive (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SELECT type, try_key(type, keys::text[], other) FROM (VALUES
    (1, 'smallint', '{1,2}', '-3'),
    (2, 'bigint', '{1,9223372036854775807}', '-9223372036854775808'),
    (3, 'uuid', '{00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000002}', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
    (4, 'text', '{"","a ''quoted'' \"text\" with \\backslash"}', '{}'),
    (5, 'varchar(10)', '{a,b}', 'c'),
    (6, 'char(5)', '{a,b}', 'c'),
    (7, '"char"', '{a,b}', 'c'),
    (8, 'name', '{a,b}', 'c'),
    (9, 'numeric', '{1.0,2}', '1.00'),
    (10, 'numeric(10,2)', '{1.5,NaN}', '-1'),
    (11, 'float8', '{1.5,NaN}', '-0'),
    (12, 'boolean', '{true,false}', 'true'),
    (13, 'date', '{2024-01-01,infinity}', '-infinity'),
    (14, 'timestamptz', '{2024-01-01 00:00+00,2024-07-01 12:00+02}', '2024-03-31 02:30+01'),
    (15, 'interval', '{1 day,1 month}', '24 hours'),
    (16, 'bytea', '{"\\x00","\\xdeadbeef"}', '\x'),
    (17, 'inet', '{10.0.0.1/8,::1}', '10.0.0.1/24'),
    (18, 'jsonb', '{"{\"a\": 1}","[]"}', '{"a": 1.0}'),
    (19, 'int4range', '{"[1,5)",empty}', '[1,6]'),
    (20, 'int[]', '{"{1,2}","{}"}', '{NULL}'),
    (21, 'bit varying', '{101,0}', '1'),
    (22, 'oid', '{1,4294967295}', '2'),
    (23, 'money', '{1,2}', '3'),
    (24, 'tsvector', '{a b,c}', 'd'),
    (25, 'code', '{a,b}', 'c'),
    (26, 'short_code', '{a,b}', 'c'),
    (27, 'color', '{red,green}', 'blue'),
    (28, 'place', '{"(1,a)","(1,b)"}', '(,)'),
    (29, 'citext', '{a,b}', 'A'),
    (30, 'text COLLATE case_insensitive', '{a,b}', 'A'),
    (31, 'text COLLATE "C"', '{a,b}', 'A')
    ) AS t (n, type, keys, other) ORDER BY n;

-- Numbers that are equal and look different are one key and different documents.
CREATE TABLE tb_price (price numeric PRIMARY KEY, name text);
INSERT INTO tb_price VALUES (1.0, 'one'), (2, 'two');
CREATE TABLE tv_price AS SELECT price AS pk_price, name FROM tb_price;
UPDATE tb_price SET price = 1.00 WHERE price = 1;
SELECT pk_price, name FROM tv_price ORDER BY 1;
BEGIN;
DELETE FROM tb_price WHERE price = 2;
INSERT INTO tb_price VALUES (2.000, 'two');
SELECT pk_price, name FROM tv_price ORDER BY 1;
COMMIT;
CREATE TABLE tb_word (word citext PRIMARY KEY, n int);
INSERT INTO tb_word VALUES ('Hello', 1);
CREATE TABLE tv_word AS SELECT word AS pk_word, n FROM tb_word;
UPDATE tb_word SET word = 'hELLO';
SELECT pk_word, n FROM tv_word;
CALL check_exact();
DROP TABLE tv_price, tv_word;
-- char(2) and char(4) without their length: equal whatever blanks they end in, and both forms changed in one transaction.
CREATE TABLE tb_two (pk_two int PRIMARY KEY, code char(2));
CREATE TABLE tb_four (pk_four int PRIMARY KEY, code char(4));
INSERT INTO tb_two VALUES (1, 'x'), (2, 'y');
INSERT INTO tb_four VALUES (1, 'y'), (2, 'z');
CREATE TABLE tv_code AS SELECT code AS pk_code, count(*) AS n
    FROM (SELECT code::bpchar FROM tb_two UNION ALL SELECT code::bpchar FROM tb_four) u GROUP BY code;
BEGIN;
INSERT INTO tb_two VALUES (3, 'w');
INSERT INTO tb_four VALUES (3, 'w');
COMMIT;
BEGIN;
UPDATE tb_two SET code = 'x' WHERE pk_two = 2;
UPDATE tb_four SET code = 'x' WHERE pk_four = 1;
COMMIT;
SELECT rtrim(pk_code) AS code, n FROM tv_code ORDER BY 1;
SELECT * FROM pg_tviews_verify('tv_code');
DROP TABLE tv_code;

-- Types that differ on the two sides of a join: int and bigint, varchar and text, numeric and int.
CREATE TABLE tb_small (pk_small int PRIMARY KEY, name text);
CREATE TABLE tb_big (fk_small bigint, fk_name varchar(20), fk_number numeric, body text);
INSERT INTO tb_small VALUES (1, 'a'), (2, 'b');
INSERT INTO tb_big VALUES (1, 'a', 1.0, 'x'), (99999999999, 'b', 1.5, 'y');
CREATE TABLE tv_small AS SELECT s.pk_small, s.name,
    (SELECT jsonb_agg(body ORDER BY body) FROM tb_big b WHERE b.fk_small = s.pk_small) AS by_big,
    (SELECT jsonb_agg(body ORDER BY body) FROM tb_big b WHERE b.fk_name = s.name) AS by_name,
    (SELECT jsonb_agg(body ORDER BY body) FROM tb_big b WHERE b.fk_number = s.pk_small) AS by_number FROM tb_small s;
UPDATE tb_big SET body = body || '!';
INSERT INTO tb_big VALUES (-99999999999, NULL, 2.00, 'z'), (2, 'b', NULL, 'w');
CALL check_exact();
UPDATE tb_big SET fk_small = 1, fk_number = 'NaN', fk_name = 'a' WHERE body = 'z';
CALL check_exact();
UPDATE tb_small SET pk_small = -2147483648, name = 'c' WHERE pk_small = 2;
UPDATE tb_big SET fk_small = -2147483648, fk_number = -2147483648, fk_name = 'c';
CALL check_exact();
SELECT pk_small, by_big, by_name, by_number FROM tv_small ORDER BY 1;
DROP TABLE tv_small;

-- Types whose names mean a length of 1 where none is given: as keys and as join values, one at a time and many.
CREATE TABLE tb_short (pk_short char(8) PRIMARY KEY, flags bit(8), name text);
CREATE TABLE tb_use (fk_short char(8), flags bit(8), body text);
INSERT INTO tb_short SELECT 'key ' || n, n::bit(8), 'name ' || n FROM generate_series(1, 20) n;
INSERT INTO tb_use SELECT 'key ' || n, n::bit(8), 'body ' || n FROM generate_series(1, 20) n;
CREATE TABLE tv_short AS SELECT pk_short, flags, name,
    (SELECT string_agg(u.body, ',' ORDER BY u.body) FROM tb_use u WHERE u.fk_short = s.pk_short) AS by_name,
    (SELECT string_agg(u.body, ',' ORDER BY u.body) FROM tb_use u WHERE u.flags = s.flags) AS by_flags FROM tb_short s;
SELECT pg_tviews_create('tv_flags', 'SELECT flags, count(*) AS n, max(name) AS name FROM tb_short GROUP BY flags', '{"key": "flags"}');
UPDATE tb_short SET name = 'changed' WHERE pk_short = 'key 2';
CALL check_exact();
UPDATE tb_use SET body = 'changed' WHERE flags = 3::bit(8);
CALL check_exact();
UPDATE tb_use SET body = upper(body);
UPDATE tb_short SET name = upper(name);
CALL check_exact();
DROP TABLE tv_short, tv_flags, tb_short, tb_use;

-- Several columns: all from one table, from two, one of them computed, one a constant.
SELECT pg_tviews_create('tv_pair', 'SELECT p.fk_user AS author, c.pk_comment AS comment, p.title, c.body
                                    FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post', '{"key": ["author", "comment"]}');
SELECT pg_tviews_create('tv_talk', 'SELECT p.fk_user, c.fk_user AS critic, jsonb_agg(c.body ORDER BY pk_comment) AS data
    FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post WHERE c.fk_user IS NOT NULL GROUP BY 1, 2', '{"key": ["critic", "fk_user"]}');
SELECT pg_tviews_create('tv_initial', 'SELECT left(name, 1) AS initial, length(name) AS length, count(*) AS n
    FROM tb_user GROUP BY 1, 2', '{"key": ["initial", "length"]}');
SELECT pg_tviews_create('tv_kind', 'SELECT ''user'' AS kind, pk_user AS pk, name FROM tb_user
    UNION ALL SELECT ''post'', pk_post, title FROM tb_post', '{"key": ["kind", "pk"]}');
SELECT pg_tviews_create('tv_total', 'SELECT 1 AS pk_total, count(*) AS n FROM tb_comment');
SELECT entity, key_columns FROM pg_tview_meta ORDER BY 1;
CALL check_exact();
UPDATE tb_post SET fk_user = 3 WHERE pk_post = 12;
CALL check_exact();
UPDATE tb_comment SET fk_user = coalesce(fk_user, 2);
CALL check_exact();
UPDATE tb_user SET name = 'Abe' WHERE pk_user = 2;
CALL check_exact();
UPDATE tb_user SET pk_user = 14 WHERE pk_user = 3;
CALL check_exact();
DELETE FROM tb_comment WHERE pk_comment = 104;
DELETE FROM tb_post WHERE pk_post = 11;
CALL check_exact();
INSERT INTO tb_comment VALUES (201, uuid_of(3, 201), 12, 14, 'again');
CALL check_exact();
SELECT fk_user, critic, data FROM tv_talk ORDER BY 1, 2;
TRUNCATE tb_comment;
CALL check_exact();
SELECT pk_total, n FROM tv_total;

SET client_min_messages = warning;
DROP SCHEMA s_keys CASCADE;
