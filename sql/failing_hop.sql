-- A hop evaluates a join condition without the query's other filters, so it may raise an error the query never does: then
-- everything is compared instead.
\set VERBOSITY terse
CREATE SCHEMA s_failing_hop;
SET search_path = s_failing_hop, public;
CREATE TABLE tb_item (pk_item integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_fact (pk_fact integer PRIMARY KEY, kind text NOT NULL, value text NOT NULL);
INSERT INTO tb_item VALUES (1, 'one'), (2, 'two'), (3, 'three');
INSERT INTO tb_fact VALUES (1, 'item', '1'), (2, 'colour', 'red');
CREATE TABLE tv_item AS
    SELECT i.pk_item, i.name,
           (SELECT array_agg(f.pk_fact ORDER BY f.pk_fact) FROM tb_fact f
            WHERE CASE WHEN f.kind = 'item' THEN f.value::integer = i.pk_item END) AS facts,
           (WITH f AS MATERIALIZED (SELECT value FROM tb_fact WHERE kind = 'item')
            SELECT count(*) FROM f WHERE f.value::integer = i.pk_item) AS n
    FROM tb_item i;
SELECT * FROM pg_tviews_explain('tv_item');
INSERT INTO tb_fact VALUES (3, 'item', '2');
-- the hop must not try to read 'red' or 'blue' as an integer
UPDATE tb_fact SET value = 'blue' WHERE pk_fact = 2;
UPDATE tb_fact SET kind = 'item', value = '3' WHERE pk_fact = 2;
SELECT pk_item, facts, n FROM tv_item ORDER BY 1;
UPDATE tb_fact SET kind = 'colour', value = 'green' WHERE pk_fact = 2;
UPDATE tb_item SET name = upper(name) WHERE pk_item = 3;
SELECT pk_item, facts, n FROM tv_item ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);
-- an error of the query itself is the user's
INSERT INTO tb_fact VALUES (4, 'item', 'none');
SELECT pk_item, facts, n FROM tv_item ORDER BY 1;

-- the same on the way: key by an expression, and a step in the middle
CREATE TABLE tb_note (pk_note integer PRIMARY KEY, fact text NOT NULL, body text NOT NULL);
INSERT INTO tb_note VALUES (1, '1', 'a'), (2, 'x', 'b');
CREATE TABLE tv_noted AS
    SELECT f.value::integer AS pk_noted, f.pk_fact, f.kind,
           (SELECT jsonb_agg(n.body ORDER BY n.pk_note) FROM tb_note n WHERE n.fact ~ '^[0-9]+$' AND n.fact::integer = f.pk_fact) AS notes
    FROM tb_fact f WHERE f.kind = 'item';
UPDATE tb_note SET body = 'B' WHERE pk_note = 2;
INSERT INTO tb_note VALUES (3, '3', 'c'), (4, 'y', 'd');
UPDATE tb_fact SET value = 'yellow' WHERE pk_fact = 2;
UPDATE tb_fact SET kind = 'item', value = '7' WHERE pk_fact = 2;
DELETE FROM tb_fact WHERE pk_fact = 3;
SELECT pk_noted, pk_fact, notes FROM tv_noted ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);
SET client_min_messages = warning;
DROP SCHEMA s_failing_hop CASCADE;
