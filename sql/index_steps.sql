-- Steps of walks by an index of the table they come to: whatever the index is like, the documents are those of the query.
\set VERBOSITY terse
CREATE SCHEMA s_steps;
SET search_path = s_steps, public;
SET client_min_messages = warning;
CREATE TABLE tb_land (code varchar(5), region text COLLATE "C", name text, PRIMARY KEY (code, region));
CREATE TABLE tb_town (gone text, pk_town integer PRIMARY KEY, code varchar(5), region text COLLATE "C", big bigint, mayor integer, label text, note text);
CREATE TABLE tb_mayor (pk_mayor integer PRIMARY KEY, name text, num bigint);
CREATE TABLE tb_street (id integer, fk_town integer, name text, PRIMARY KEY (fk_town, id));
ALTER TABLE tb_town DROP COLUMN gone;
INSERT INTO tb_land SELECT 'c' || n % 5, 'r' || n % 3, 'land ' || n FROM generate_series(0, 14) n;
INSERT INTO tb_mayor SELECT n, 'mayor ' || n, n % 4 FROM generate_series(1, 20) n;
INSERT INTO tb_town SELECT n, 'c' || nullif(n % 6, 5), 'r' || n % 3, n % 4, nullif(1 + n % 20, 7), 'town ' || n % 9 FROM generate_series(1, 300) n;
INSERT INTO tb_street SELECT n, 1 + n % 300, 'street ' || n FROM generate_series(1, 900) n;
CREATE TABLE tv_town AS
    SELECT t.pk_town, t.big,
           jsonb_build_object('label', t.label, 'land', l.name, 'mayor', jsonb_build_object('name', m.name, 'num', m.num),
                              'streets', (SELECT jsonb_agg(jsonb_build_object('id', s.id, 'town', s.fk_town, 'name', s.name) ORDER BY s.id) FROM tb_street s WHERE s.fk_town = t.pk_town),
                              'same', (SELECT count(*) FROM tb_mayor o WHERE o.num = t.big)) AS data
    FROM tb_town t LEFT JOIN tb_land l ON l.code = t.code AND l.region = t.region LEFT JOIN tb_mayor m ON m.pk_mayor = t.mayor;

-- A change of everything that leads over a step: as a patch, as a rebuild, of several rows, with NULLs, back and forth.
CREATE PROCEDURE change(what text) LANGUAGE plpgsql AS $$
DECLARE wrong bigint;
BEGIN
    UPDATE tb_land SET name = name || what WHERE code = 'c1';
    UPDATE tb_land SET name = what WHERE code = 'c4' AND region = 'r2';
    UPDATE tb_mayor SET name = what || pk_mayor WHERE pk_mayor IN (3, 7, 9);
    UPDATE tb_mayor SET num = num + 1 WHERE pk_mayor = 4;
    UPDATE tb_mayor SET pk_mayor = pk_mayor + 100 WHERE pk_mayor = 5;
    UPDATE tb_mayor SET pk_mayor = pk_mayor - 100 WHERE pk_mayor = 105;
    UPDATE tb_street SET name = what WHERE fk_town = 9;
    UPDATE tb_street SET fk_town = 1 + fk_town % 300 WHERE id < 6;
    UPDATE tb_land SET code = 'x' WHERE code = 'c0' AND region = 'r0';
    UPDATE tb_land SET code = 'c0' WHERE code = 'x';
    UPDATE tb_town SET code = 'c2', note = what WHERE pk_town IN (5, 11);
    UPDATE tb_town SET code = NULL WHERE pk_town = 5;
    SELECT count(*) INTO wrong FROM pg_tviews_verify(NULL);
    RAISE NOTICE '% wrong', wrong;
END $$;
SET client_min_messages = notice;
CALL change('without an index');
CREATE INDEX ON tb_town (mayor);
CREATE INDEX ON tb_town (region, code);
CALL change('with them');
DROP INDEX tb_town_region_code_idx;
CREATE INDEX a ON tb_town (code DESC NULLS LAST, region, pk_town) INCLUDE (label);
CALL change('wider, the other way round, including another column');
DROP INDEX a;
CREATE INDEX a ON tb_town (code, region) WHERE pk_town < 100;
CREATE INDEX b ON tb_town USING hash (code);
CREATE INDEX c ON tb_town (lower(code), region);
CREATE INDEX d ON tb_town (label, code, region);
CREATE INDEX e ON tb_town (code text_pattern_ops, region text_pattern_ops);
CREATE INDEX f ON tb_town (code COLLATE "POSIX", region);
CREATE INDEX g ON tb_town (code);
CALL change('by none that serves');
DROP INDEX a, b, c, d, e, f, g;
CREATE INDEX h ON tb_town (code, region);
CALL change('one again');
REINDEX INDEX h;
ALTER TABLE tb_town DROP COLUMN note, ADD COLUMN note text DEFAULT 'later';
CALL change('after the table got other columns');
ALTER TABLE tb_town ENABLE ROW LEVEL SECURITY;
CALL change('where policies are');
ALTER TABLE tb_town DISABLE ROW LEVEL SECURITY;
CREATE TABLE tb_hamlet () INHERITS (tb_town);
INSERT INTO tb_hamlet (pk_town, code, region, mayor, label) VALUES (1000, 'c1', 'r1', 3, 'hamlet');
CALL change('where children are');
DROP TABLE tb_hamlet;
CREATE INDEX ON tb_town (big);
CREATE TABLE tv_mixed AS SELECT t.pk_town AS pk_mixed, m.name FROM tb_town t JOIN tb_mayor m ON m.pk_mayor = t.big;
CALL change('where the types differ');
-- another role's TVIEW, which may no longer read the table
CREATE ROLE regress_steps;
GRANT USAGE ON SCHEMA s_steps TO regress_steps;
GRANT SELECT ON ALL TABLES IN SCHEMA s_steps TO regress_steps;
CREATE TABLE tv_far AS SELECT t.pk_town AS pk_far, m.name FROM tb_town t JOIN tb_mayor m ON m.pk_mayor = t.mayor;
ALTER TABLE tv_far OWNER TO regress_steps;
UPDATE tb_mayor SET name = 'seen' WHERE pk_mayor = 3;
SELECT DISTINCT name FROM tv_far WHERE name = 'seen';
REVOKE SELECT ON tb_town FROM regress_steps;
UPDATE tb_mayor SET name = 'not seen' WHERE pk_mayor = 3;
GRANT SELECT (pk_town, mayor) ON tb_town TO regress_steps;
UPDATE tb_mayor SET name = 'by columns' WHERE pk_mayor = 3;
SELECT DISTINCT name FROM tv_far WHERE name = 'by columns';
SELECT * FROM pg_tviews_verify(NULL);
DROP TABLE tv_far;
DROP SCHEMA s_steps CASCADE;
DROP ROLE regress_steps;
