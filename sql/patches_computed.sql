-- What is computed of one row alone is set in the stored documents without building them again; the result is the same.
\set VERBOSITY terse
CREATE SCHEMA s_computed;
SET search_path = s_computed, public;
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
CREATE TYPE address AS (street text, city text);
CREATE TYPE mood AS ENUM ('sad', 'fine');
CREATE TABLE tb_person (
    pk_person integer PRIMARY KEY, first text, last text, born date, "Odd 'name""\" text, mail citext, home address, mood mood,
    tags text[], extra jsonb, share numeric, parts integer NOT NULL DEFAULT 1, gone timestamptz, hidden boolean NOT NULL DEFAULT false);
CREATE TABLE tb_paper (pk_paper integer PRIMARY KEY, fk_person integer NOT NULL REFERENCES tb_person, head text, words integer);
CREATE TABLE tb_shelf (fk_paper integer PRIMARY KEY REFERENCES tb_paper, copies integer, place text);
CREATE TABLE tb_mark (pk_mark integer PRIMARY KEY, fk_paper integer NOT NULL, fk_person integer NOT NULL, body text, stars integer, weight integer NOT NULL DEFAULT 2, hidden boolean NOT NULL DEFAULT false);
INSERT INTO tb_person (pk_person, first, last, born, share) SELECT n, 'first' || n, 'last' || n, date '2000-01-01' + n, n FROM generate_series(1, 20) n;
INSERT INTO tb_paper SELECT n, 1 + n % 20, 'head ' || n, 100 * n FROM generate_series(1, 200) n;
INSERT INTO tb_shelf SELECT n, n % 5, 'A' || n FROM generate_series(1, 200, 2) n;
INSERT INTO tb_mark SELECT n, 1 + n % 150, 1 + n % 20, 'body ' || n, n % 6, 2, n % 7 = 0 FROM generate_series(1, 600) n;
CREATE INDEX ON tb_paper (fk_person);
CREATE INDEX ON tb_mark (fk_paper);
CREATE INDEX ON tb_mark (fk_person);

CREATE TABLE tv_paper AS
    SELECT a.pk_paper, upper(a.head) AS head, p.home AS home, (p.home).city AS city,
           jsonb_build_object(
               'long', a.words > 5000,
               'by', jsonb_build_object('name', p.first || ' ' || p.last, 'initials', left(p.first, 1) || left(p.last, 1),
                                        'born', to_char(p.born, 'DD.MM.YYYY'), 'gone', p.gone::text, 'odd', p."Odd 'name""\" || '!',
                                        'mail', p.mail || '', 'mood', coalesce(p.mood, 'fine'), 'tag', p.tags[1],
                                        'all', array_to_string(p.tags, ','), 'extra', p.extra -> 'a', 'whole', to_jsonb(p.share),
                                        'each', p.share / p.parts, 'born before', p.born < '2000-01-10', 'kind',
                                        CASE WHEN p.share > 10 THEN 'much' WHEN p.share IS NULL THEN 'unknown' ELSE 'little' END,
                                        'object', jsonb_build_object(p.last, 1, 'b', jsonb_strip_nulls(jsonb_build_object('c', p.extra)))),
               'on_hand', coalesce(s.copies, 0), 'shelf', coalesce(s.place, 'none'),
               'marks', coalesce((SELECT jsonb_agg(jsonb_build_object('id', m.pk_mark, 'body', lower(m.body), 'good', m.stars > 3,
                                                                      'share', 60 / m.weight, 'by', w.first || ' ' || w.last) ORDER BY m.pk_mark)
                                  FROM tb_mark m JOIN tb_person w ON w.pk_person = m.fk_person
                                  WHERE m.fk_paper = a.pk_paper AND NOT m.hidden AND m.stars > 0), '[]')) AS data
    FROM tb_paper a JOIN tb_person p ON p.pk_person = a.fk_person LEFT JOIN tb_shelf s ON s.fk_paper = a.pk_paper
    WHERE NOT p.hidden;
SELECT * FROM pg_tviews_explain('tv_paper') AS e (line) WHERE line ~ '^ tb|computed|copied';

-- values of every kind, NULL too, in all places
UPDATE tb_person SET first = 'Ann', last = 'Lee' WHERE pk_person = 2;
UPDATE tb_person SET first = NULL, "Odd 'name""\" = E'q"\\''', mail = 'Ann@X', mood = 'sad', tags = '{one,two}' WHERE pk_person = 3;
UPDATE tb_person SET extra = '{"a": {"b": [1.50, null]}}', gone = '2020-01-01 00:00+00', home = ('street', 'Rome'), born = NULL, share = NULL WHERE pk_person = 4;
SELECT head, home, city, data - 'marks' AS data FROM tv_paper WHERE pk_paper IN (1, 2, 3) ORDER BY pk_paper;
SELECT data -> 'marks' AS marks FROM tv_paper WHERE pk_paper = 4;
UPDATE tb_paper SET head = 'new ' || head, words = words + 4900;
UPDATE tb_shelf SET copies = NULL, place = NULL WHERE fk_paper < 50;
UPDATE tb_shelf SET copies = copies + 1 WHERE fk_paper > 40;
UPDATE tb_mark SET body = upper(body);
UPDATE tb_mark SET stars = 5 WHERE pk_mark < 50 AND stars > 0;
UPDATE tb_person SET extra = jsonb_build_object('a', pk_person), last = 'L' || pk_person;
SELECT * FROM pg_tviews_verify(NULL);

-- the same with patches off gives the same documents
CREATE TEMP TABLE before AS SELECT pk_paper, head, home, city, data FROM tv_paper;
SET pg_tviews.patch = off;
UPDATE tb_person SET last = 'x';
UPDATE tb_person SET last = 'L' || pk_person;
RESET pg_tviews.patch;
SELECT count(*) FROM (TABLE before EXCEPT ALL SELECT pk_paper, head, home, city, data FROM tv_paper) x;

-- a value that comes out the same is no write
UPDATE tb_person SET share = 100;
UPDATE tb_person SET share = 200, parts = 2;
CREATE TABLE tv_kind AS SELECT p.pk_person AS pk_kind, jsonb_build_object('much', p.share > 10, 'name', lower(p.last)) AS data FROM tb_person p;
CREATE TEMP TABLE kinds AS SELECT pk_kind, ctid AS place FROM tv_kind;
UPDATE tb_person SET share = share + 1, last = upper(last);
SELECT count(*) AS moved FROM kinds k JOIN tv_kind t USING (pk_kind) WHERE t.ctid <> k.place;
SELECT * FROM pg_tviews_verify(NULL);

-- a computation that fails: for a row in no document, in none of its arrays, and in one
UPDATE tb_mark SET hidden = true WHERE pk_mark IN (1, 2);
UPDATE tb_mark SET weight = 0 WHERE hidden OR stars = 0;
UPDATE tb_mark SET weight = CASE WHEN hidden THEN 0 ELSE 3 END, body = 'Weighed';
UPDATE tb_mark SET weight = 0 WHERE pk_mark IN (2, 3);
UPDATE tb_person SET hidden = true WHERE pk_person = 5;
UPDATE tb_person SET parts = 0, first = 'nobody' WHERE pk_person = 5;
INSERT INTO tb_person (pk_person, first, parts) VALUES (30, 'alone', 1);
UPDATE tb_person SET parts = 0 WHERE pk_person = 30;
SELECT * FROM pg_tviews_verify(NULL);
UPDATE tb_person SET parts = 0, first = 'wrong' WHERE pk_person IN (6, 7);
UPDATE tb_person SET parts = 0, first = 'wrong' WHERE pk_person = 6;
SELECT first FROM tb_person WHERE pk_person = 6;
SELECT * FROM pg_tviews_verify(NULL);

-- with other changes of the same rows, of their keys, and savepoints
BEGIN;
UPDATE tb_person SET first = 'in a transaction' WHERE pk_person < 10;
UPDATE tb_paper SET fk_person = 3 WHERE pk_paper = 7;
UPDATE tb_shelf SET fk_paper = 8 WHERE fk_paper = 9;
UPDATE tb_shelf SET copies = 77 WHERE fk_paper IN (8, 11);
SAVEPOINT s;
UPDATE tb_person SET first = 'rolled back', parts = 0 WHERE pk_person = 3;
ROLLBACK TO s;
UPDATE tb_person SET last = 'after' WHERE pk_person = 3;
UPDATE tb_mark SET fk_paper = 12, body = 'Moved' WHERE fk_paper = 13;
DELETE FROM tb_shelf WHERE fk_paper = 15;
UPDATE tb_paper SET pk_paper = 1017 WHERE pk_paper = 18;
COMMIT;
SELECT * FROM pg_tviews_verify(NULL);

-- not what another row has a part in, what is not determined by the row, or what the query uses otherwise too
CREATE FUNCTION shout(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN upper($1); END $$;
CREATE TABLE tv_not AS
    SELECT a.pk_paper AS pk_not, shout(p.first) AS shouted, p.last || a.head AS both, length(p."Odd 'name""\") AS length,
           to_jsonb(s) AS shelf,
           jsonb_build_object('n', (SELECT count(*) FROM tb_mark m WHERE m.body = p.mail::text), 'mood', p.mood, 'mails', p.mail || 'x',
                              'tag', p.tags[1], 'tags', (SELECT count(*) FROM unnest(p.tags))) AS data
    FROM tb_paper a JOIN tb_person p ON p.pk_person = a.fk_person AND p."Odd 'name""\" IS DISTINCT FROM 'x' LEFT JOIN tb_shelf s ON s.fk_paper = a.pk_paper;
SELECT * FROM pg_tviews_explain('tv_not') AS e (line) WHERE line ~ '^ tb|computed|copied';
UPDATE tb_person SET first = 'f', last = 'l', "Odd 'name""\" = 'o', mail = 'body 9', tags = '{a,b,c}', mood = 'fine' WHERE pk_person < 12;
UPDATE tb_shelf SET place = 'elsewhere';
SELECT * FROM pg_tviews_verify(NULL);

-- a function of one's own is defined anew, a type gets another column
CREATE OR REPLACE FUNCTION shout(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN upper($1) || '!'; END $$;
SELECT count(*) FROM pg_tviews_refresh('tv_not');
ALTER TYPE address ADD ATTRIBUTE zip text CASCADE;
UPDATE tb_person SET home = ('s', 'Oslo', '0001') WHERE pk_person < 15;
SELECT count(*) FROM tv_paper WHERE city = 'Oslo';
SELECT * FROM pg_tviews_verify(NULL);
-- settings that a text depends on are those the TVIEW was made under
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
UPDATE tb_person SET gone = '2021-06-01 12:00+00', born = '1999-12-31' WHERE pk_person = 8;
SELECT data #>> '{by,gone}' AS gone, data #>> '{by,born}' AS born FROM tv_paper WHERE pk_paper = 27;
RESET timezone;
RESET datestyle;
SELECT * FROM pg_tviews_verify(NULL);
-- more rows than work_mem has room for
SET work_mem = '64kB';
INSERT INTO tb_person (pk_person, first, last) SELECT n, 'f', repeat('l', 100) FROM generate_series(100, 2000) n;
UPDATE tb_person SET last = last || pk_person, first = upper(first);
RESET work_mem;
SELECT * FROM pg_tviews_verify(NULL);
DROP SCHEMA s_computed CASCADE;
