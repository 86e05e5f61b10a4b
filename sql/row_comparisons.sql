-- Row comparisons whose columns are compared by operators of several schemas: PostgreSQL writes them as one operator, so their text
-- means something else.  A hop compares column by column.  The TVIEWs are compared with their views, not texts.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
CREATE SCHEMA "s Row";
SET search_path = "s Row", public;
CREATE TABLE tb_code (pk_code int PRIMARY KEY, code citext, size int);
CREATE TABLE tb_item (pk_item int PRIMARY KEY, label text, size int);
INSERT INTO tb_code VALUES (1, 'b', 2), (2, 'B', 3), (3, NULL, 1), (4, 'c', NULL), (5, 'd', 5);
INSERT INTO tb_item VALUES (1, 'A', 1), (2, 'b', 2), (3, 'C', 3), (4, NULL, 4), (5, 'D', NULL);
CREATE TABLE tv_at_most AS SELECT c.pk_code AS pk_at_most, count(i.pk_item) AS n
    FROM tb_code c LEFT JOIN tb_item i ON (i.label::citext, i.size) <= (c.code, c.size) GROUP BY 1;
CREATE TABLE tv_above AS SELECT c.pk_code AS pk_above, count(i.pk_item) AS n
    FROM tb_code c JOIN tb_item i ON (i.label::citext, i.size) > (c.code, c.size) GROUP BY 1;
CREATE TABLE tv_all AS SELECT pk_code AS pk_all, (code, size) > ALL (SELECT label::citext, size FROM tb_item) AS above,
    (code, size) <= ALL (SELECT label::citext, size FROM tb_item WHERE pk_item > 4) AS below FROM tb_code;
CREATE TABLE tv_any AS SELECT pk_code AS pk_any, (code, size) >= ANY (SELECT label::citext, size FROM tb_item) AS above,
    NOT (code, size) < ANY (SELECT label::citext, size FROM tb_item) AS below FROM tb_code;
-- Operators of one schema are walked as they are written.
CREATE TABLE tv_plain AS SELECT c.pk_code AS pk_plain, count(*) AS n FROM tb_code c JOIN tb_item i ON (i.pk_item, i.size) < (c.pk_code, c.size) GROUP BY 1;
\pset format unaligned
\pset tuples_only on
SELECT line FROM unnest('{at_most,above,all,any,plain}'::text[]) WITH ORDINALITY AS e (entity, n), pg_tviews_explain('tv_' || entity) WITH ORDINALITY AS x (line, m)
    WHERE line ~ '^    to |everything' ORDER BY n, m;

CREATE PROCEDURE write(command text) LANGUAGE plpgsql AS $$
DECLARE
    entity text;
    wrong bigint;
BEGIN
    EXECUTE command;
    COMMIT;
    FOREACH entity IN ARRAY '{at_most,above,all,any,plain}'::text[] LOOP
        EXECUTE format('SELECT count(*) FROM ((TABLE v_%1$s EXCEPT ALL SELECT %2$s FROM tv_%1$s) UNION ALL (SELECT %2$s FROM tv_%1$s EXCEPT ALL TABLE v_%1$s)) AS d',
                       entity, (SELECT string_agg(attname, ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = ('v_' || entity)::regclass)) INTO wrong;
        RAISE INFO '% %', entity, CASE WHEN wrong = 0 THEN 'exact' ELSE 'WRONG' END;
    END LOOP;
END $$;
CALL write($$UPDATE tb_code SET code = 'C' WHERE pk_code = 1$$);
CALL write($$UPDATE tb_item SET label = 'a', size = 9 WHERE pk_item = 3$$);
CALL write($$UPDATE tb_item SET size = 5 WHERE size IS NULL$$);
CALL write($$UPDATE tb_item SET label = 'dd' WHERE label IS NULL$$);
CALL write($$DELETE FROM tb_item WHERE pk_item IN (1, 4)$$);
CALL write($$UPDATE tb_code SET code = NULL, size = 4 WHERE pk_code IN (2, 4)$$);
CALL write($$INSERT INTO tb_item VALUES (6, 'D', 5), (7, 'e', 0)$$);
CALL write($$TRUNCATE tb_item$$);
SELECT * FROM pg_tviews_verify();
DROP SCHEMA "s Row" CASCADE;
