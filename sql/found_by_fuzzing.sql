-- Cases the fuzzer (test/fuzz) found, each reduced to what showed the bug.  A finding becomes a case here.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_found;
SET search_path = s_found, public;
\i :schema

-- An empty grouping set crashed the analysis.
CREATE TABLE tv_cube AS SELECT COALESCE(q.name, 'none') AS pk_cube
    FROM (SELECT u.name FROM tb_user u GROUP BY CUBE (u.name)) q GROUP BY COALESCE(q.name, 'none');
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Dan', NULL);
CALL check_exact();
DROP TABLE tv_cube;

-- A hop that starts from an array column.
CREATE TABLE tb_list (names text[]);
CREATE TABLE tv_named AS SELECT u.pk_user AS pk_named FROM tb_user u
    WHERE EXISTS (SELECT FROM tb_list l WHERE u.name = ANY (l.names));
INSERT INTO tb_list VALUES ('{Ada,Cyd}');
CALL check_exact();
DROP TABLE tv_named;

-- A key that is not null where an outer join leaves its row empty.
CREATE TABLE tv_case AS SELECT DISTINCT CASE WHEN u.pk_user = 1 THEN 1 ELSE 2 END AS pk_case
    FROM tb_user u FULL JOIN tb_comment c ON u.pk_user = c.fk_user AND u.pk_user < 2;
DELETE FROM tb_comment WHERE fk_user = 1;
DELETE FROM tb_user WHERE pk_user = 4;
CALL check_exact();
DROP TABLE tv_case;

-- Constant keys of set-operation branches under a LIMIT.
CREATE TABLE tv_first AS SELECT k AS pk_first, name
    FROM (SELECT 1 AS k, max(note) AS name FROM tb_post HAVING max(note) IS NOT NULL
          UNION ALL SELECT 2, min(name) FROM tb_user) q ORDER BY k LIMIT 1;
UPDATE tb_post SET note = 'now there is one' WHERE pk_post = 11;
CALL check_exact();
DROP TABLE tv_first;

-- A constant of a subquery that an outer join can leave empty, in a key and in a join condition.
CREATE TABLE tv_loose AS SELECT 10 + COALESCE(q.one, -1) AS pk_loose, count(*) AS n
    FROM tb_post p LEFT JOIN (SELECT pk_user, 1 AS one FROM tb_user) q ON q.pk_user = p.fk_user + 1
    GROUP BY 10 + COALESCE(q.one, -1);
CREATE TABLE tv_loose_hop AS SELECT p.pk_post AS pk_loose_hop, d.name
    FROM tb_post p LEFT JOIN (SELECT pk_user, 1 AS one FROM tb_user) q ON q.pk_user = p.fk_user + 2
    JOIN tb_user d ON p.fk_user + COALESCE(q.one, 0) = d.pk_user;
UPDATE tb_post SET fk_user = 3 WHERE pk_post = 12;
UPDATE tb_user SET name = 'Cydney' WHERE pk_user = 3;
INSERT INTO tb_user VALUES (5, uuid_of(1, 5), 'Eve', NULL);
CALL check_exact();
DROP TABLE tv_loose, tv_loose_hop;

-- ORDER BY a column of the source beside an output column of the same name: the view must keep the tree, not its text.
CREATE TABLE tv_order AS SELECT u.pk_user AS pk_order, u.pk_user % 2 AS name FROM tb_user u ORDER BY u.name DESC LIMIT 1;
CALL check_exact();
DROP TABLE tv_order;

-- A key that follows from an equality with an implicit cast (integer column, numeric key).
CREATE TABLE tb_numeric (pk_numeric numeric PRIMARY KEY, fk_user numeric);
CREATE TABLE tv_cast AS SELECT DISTINCT ON (COALESCE(n.fk_user, -1)) COALESCE(n.fk_user, -1) AS pk_cast
    FROM tb_user u FULL JOIN tb_numeric n ON u.pk_user = n.fk_user ORDER BY COALESCE(n.fk_user, -1), u.pk_user, n.pk_numeric;
TRUNCATE tb_user CASCADE;
INSERT INTO tb_numeric VALUES (1.0, 2.00);
CALL check_exact();
INSERT INTO tb_user VALUES (1, uuid_of(1, 1), 'Ada', NULL);
CALL check_exact();
DELETE FROM tb_user;
CALL check_exact();

-- Keys that two walks give in two types, one a mere relabelling of the other.
CREATE TABLE tb_code (pk_code varchar(10) PRIMARY KEY);
CREATE TABLE tv_label AS SELECT name AS pk_label FROM tb_user UNION ALL SELECT pk_code FROM tb_code;
WITH u AS (INSERT INTO tb_user VALUES (9, uuid_of(1, 9), 'Ida', NULL)) INSERT INTO tb_code VALUES ('a code');
CALL check_exact();
DROP TABLE tv_label;

-- A join condition over a constant that differs from branch to branch of a set operation.
CREATE TABLE tb_step (pk_step int PRIMARY KEY, level int);
CREATE TABLE tb_level (level int, name text);
INSERT INTO tb_step VALUES (1, 1), (2, 2);
INSERT INTO tb_level VALUES (2, 'two'), (3, 'three'), (4, 'four');
CREATE TABLE tv_step AS SELECT s.pk_step AS pk_step, string_agg(l.name, ', ' ORDER BY l.level) AS names
    FROM tb_step s CROSS JOIN (SELECT 1 AS up UNION ALL SELECT 2) x JOIN tb_level l ON l.level = s.level + x.up GROUP BY 1;
UPDATE tb_level SET name = upper(name) WHERE level = 3;
CALL check_exact();
UPDATE tb_level SET level = 2 WHERE level = 4;
CALL check_exact();
DROP TABLE tv_step;

-- A part of the query that is the same for all documents, with a window inside: it was evaluated as the analysis reads windows.
CREATE TABLE tb_part (pk_part int PRIMARY KEY);
CREATE TABLE tb_row (pk_row int PRIMARY KEY, fk_part int, name text);
INSERT INTO tb_part VALUES (1), (2);
CREATE TABLE tv_part AS
    WITH w AS NOT MATERIALIZED (SELECT r.pk_row, r.name, row_number() OVER (PARTITION BY r.fk_part ORDER BY r.pk_row) AS n FROM tb_row r)
    SELECT p.pk_part, COALESCE((SELECT 'some' FROM w), 'none') AS rows FROM tb_part p
    UNION (SELECT DISTINCT ON (w.n > 0) 3, w.name FROM w ORDER BY w.n > 0, w.name DESC, w.pk_row);
INSERT INTO tb_row VALUES (1, 1, 'a');
CALL check_exact();
UPDATE tb_row SET name = upper(name);
DELETE FROM tb_row;
CALL check_exact();
DROP TABLE tv_part;

-- A function in FROM whose argument comes from another one: the server crashed.
CREATE TABLE tb_span (pk_span text PRIMARY KEY, size int);
CREATE TABLE tb_point (pk_point bigint PRIMARY KEY);
INSERT INTO tb_span VALUES ('short', 1), ('long', 3);
INSERT INTO tb_point VALUES (1), (3);
SELECT pg_tviews_create('tv_spanned', $$
    SELECT d.pk_point AS pk_spanned, COALESCE(q.name, 'none') AS span, s.n
    FROM tb_point d LEFT JOIN (SELECT c.pk_span AS name, x.n FROM tb_span c JOIN generate_series(1, c.size) AS x (n) ON c.size = x.n) q
         ON d.pk_point = q.n LEFT JOIN generate_series(1, q.n) AS s (n) ON s.n = d.pk_point $$);
UPDATE tb_span SET size = 2 WHERE pk_span = 'short';
INSERT INTO tb_point VALUES (2), (4);
DELETE FROM tb_span WHERE pk_span = 'long';
CALL check_exact();
DROP TABLE tv_spanned;

-- Above READ COMMITTED two new documents with one key looked like a conflict with another transaction, worth a retry.
CREATE TABLE tb_own (id int);
CREATE TABLE tv_own AS SELECT id AS pk_own FROM tb_own;
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO tb_own VALUES (1), (2), (2);
SELECT * FROM tv_own;
ROLLBACK;
INSERT INTO tb_own VALUES (1);
CALL check_exact();
DROP TABLE tv_own;

-- DISTINCT ON in a function that is not looked through: the server crashed.
CREATE FUNCTION first_of(who int) RETURNS TABLE (title text) STABLE LANGUAGE sql BEGIN ATOMIC
    SELECT 1; SELECT DISTINCT ON (p.fk_user) p.title FROM tb_post p WHERE p.fk_user = who ORDER BY p.fk_user, p.title; END;
CREATE TABLE tv_first AS SELECT f.title IS NULL AS pk_first, count(*) AS n FROM first_of(1) f GROUP BY f.title IS NULL;
UPDATE tb_post SET title = 'A' WHERE fk_user = 1;
CALL check_exact();
DROP TABLE tv_first;

-- A parent whose child alone is read: its capture triggers went neither with NO INHERIT nor with the child, and refused every write.
CREATE TABLE tb_parent (id int PRIMARY KEY, label text);
CREATE TABLE tb_child (PRIMARY KEY (id)) INHERITS (tb_parent);
CREATE TABLE tv_child AS SELECT id AS pk_child, label FROM tb_child;
ALTER TABLE tb_child NO INHERIT tb_parent;
INSERT INTO tb_parent VALUES (1, 'alone');
ALTER TABLE tb_child INHERIT tb_parent;
INSERT INTO tb_child VALUES (2, 'child');
UPDATE tb_parent SET label = 'both';
CALL check_exact();
DROP TABLE tb_child CASCADE;
UPDATE tb_parent SET label = 'alone again';
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid = 'tb_parent'::regclass;

-- GROUPING SETS of two columns that are one: PostgreSQL shows the title where the second should be NULL, and documents were looked for
-- where it should have been.
CREATE TABLE tb_twin (id int PRIMARY KEY, title text);
INSERT INTO tb_twin VALUES (1, 'One');
SELECT pg_tviews_create('tv_twins', $$SELECT COALESCE(t.b, 'none') AS title, GROUPING(t.a, t.b) AS level, count(*) AS n
    FROM (SELECT title AS a, title AS b FROM tb_twin) t GROUP BY GROUPING SETS ((t.a), (t.a, t.b))$$, '{"key": ["title", "level"]}');
UPDATE tb_twin SET title = 'Two';
CALL check_exact();
INSERT INTO tb_twin VALUES (2, 'Three'), (3, NULL);
CALL check_exact();
SELECT title, level, n FROM tv_twins ORDER BY 2, 1;
SELECT line FROM pg_tviews_explain('tv_twins') AS line WHERE line LIKE '%everything%';
DROP TABLE tv_twins;

-- ONLY a partitioned table, or only a parent whose children are captured for others: their rows were refused.
CREATE TABLE tb_root (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE tb_root_1 PARTITION OF tb_root FOR VALUES FROM (0) TO (10);
CREATE TABLE tv_root AS SELECT id AS pk_root FROM ONLY tb_root;
INSERT INTO tb_root VALUES (1);
UPDATE tb_root_1 SET id = 2;
CREATE TABLE tb_above (id int PRIMARY KEY);
CREATE TABLE tb_below (PRIMARY KEY (id)) INHERITS (tb_above);
CREATE TABLE tv_only AS SELECT id AS pk_only FROM ONLY tb_above;
CREATE TABLE tv_all AS SELECT id AS pk_all FROM tb_above;
DROP TABLE tv_all;
INSERT INTO tb_above VALUES (1);
INSERT INTO tb_below VALUES (2);
UPDATE tb_above SET id = id + 10;
CALL check_exact();
DROP TABLE tv_root, tv_only;

-- Where there is no row the array is a constant, and an element of that was taken for a row's and set.
CREATE TABLE tb_cart (id int PRIMARY KEY);
CREATE TABLE tb_line (id int PRIMARY KEY, cart int, quantity int, note text);
INSERT INTO tb_cart VALUES (1), (2);
INSERT INTO tb_line VALUES (1, 1, 0, 'one'), (2, 2, 1, 'two');
CREATE TABLE tv_default AS SELECT c.id AS pk_default, l.lines,
        COALESCE((SELECT jsonb_agg(jsonb_build_object('id', l.id, 'note', l.note) ORDER BY l.id) FILTER (WHERE l.quantity > 0)
                  FROM tb_line l WHERE l.cart = c.id), '[{"id": 1, "note": "none"}]') AS again
    FROM tb_cart c LEFT JOIN (SELECT l.cart, COALESCE(jsonb_agg(jsonb_build_object('id', l.id, 'note', l.note) ORDER BY l.id)
                                  FILTER (WHERE l.quantity > 0), '[{"id": 1, "note": "none"}]') AS lines
                              FROM tb_line l GROUP BY l.cart) l ON l.cart = c.id;
UPDATE tb_line SET note = upper(note);
CALL check_exact();
SELECT pk_default, lines, again FROM tv_default ORDER BY 1;
DROP TABLE tv_default;

-- A lateral subquery compares with a column of its neighbour, and a condition outside asks for the result: the server crashed.
CREATE TABLE tv_beside AS
    WITH w AS MATERIALIZED (
        SELECT q.note, q.own FROM tb_cart c CROSS JOIN LATERAL (
            SELECT DISTINCT ON (l.note) l.note, c.id = l.cart AS own FROM tb_line l ORDER BY l.note, l.id) q)
    SELECT note AS pk_beside FROM w WHERE own;
SELECT line FROM pg_tviews_explain('tv_beside') AS line;
UPDATE tb_line SET cart = 3 - cart;
DELETE FROM tb_cart WHERE id = 1;
CALL check_exact();
SELECT pk_beside FROM tv_beside ORDER BY 1;
DROP TABLE tv_beside;

-- NOT IN compared columns of two tables outside of the subquery with each other, and that was taken for a condition between them,
-- which also holds while the subquery has no row.
CREATE TABLE tv_outside AS
    SELECT c.id AS pk_outside,
           ARRAY(SELECT l.id FROM tb_line l WHERE (c.id, l.cart) NOT IN (SELECT l.quantity, c.id FROM tb_above) ORDER BY l.id) AS lines
    FROM tb_cart c;
SELECT line FROM pg_tviews_explain('tv_outside') AS line;
TRUNCATE tb_above CASCADE;
INSERT INTO tb_line VALUES (3, 2, 0, 'three');
CALL check_exact();
INSERT INTO tb_above VALUES (1);
INSERT INTO tb_line VALUES (4, 2, 2, 'four');
CALL check_exact();
DROP TABLE tv_outside;

-- A row's key moved in a savepoint that was rolled back; a patch from inside it stayed, with the key the row never had.
CREATE TABLE tb_seat (id int PRIMARY KEY, code text NOT NULL UNIQUE, note text);
INSERT INTO tb_seat VALUES (1, 'x', 'one'), (2, 'y', 'two'), (3, 'z', 'three');
CREATE TABLE tv_seat AS SELECT code AS pk_seat, note, jsonb_build_object('note', note) AS data FROM tb_seat;
BEGIN;
UPDATE tb_seat SET note = 'drei' WHERE id = 3;
SAVEPOINT s;
UPDATE tb_seat SET code = 'q' WHERE id = 1;
UPDATE tb_seat SET code = 'x' WHERE id = 2;
SAVEPOINT t;
UPDATE tb_seat SET note = 'zwei' WHERE id = 2;
RELEASE t;
ROLLBACK TO s;
COMMIT;
CALL check_exact();
SELECT pk_seat, note, data FROM tv_seat ORDER BY 1;

-- A patch finds its row by a key that the query does not use, and that another row had by then.
BEGIN;
UPDATE tb_seat SET note = 'uno' WHERE id = 1;
UPDATE tb_seat SET id = 4 WHERE id = 1;
UPDATE tb_seat SET note = 'due' WHERE id = 2;
UPDATE tb_seat SET id = 1 WHERE id = 2;
COMMIT;
CALL check_exact();
SELECT pk_seat, note FROM tv_seat ORDER BY 1;
DROP TABLE tv_seat;

-- What follows was found by reading the analysis, not by the fuzzer, whose grammar lacks it.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
CREATE TABLE tb_word (id int PRIMARY KEY, word text, loose citext, day date, part int, rank int, tags text[]);
CREATE TABLE tb_text (id int PRIMARY KEY, word text, loose citext, moment timestamp, part int, rank int);
INSERT INTO tb_word VALUES (1, 'one', 'one', '2024-01-01', 1, 1, '{one,two}'), (2, 'One', 'One', '2024-01-01', 1, 2, '{one}'),
                           (3, 'two', 'two', '2024-01-02', 2, 1, '{}'), (4, 'Two', 'TWO', '2024-01-02', 2, 3, NULL);
INSERT INTO tb_text SELECT id, word, loose, day, part, rank FROM tb_word;

-- SQL names no operator in IS DISTINCT FROM, NULLIF and CASE x WHEN y, and windows compare by one that the TVIEW's search_path may lack.
CREATE VIEW vw_distinct AS
    SELECT w.id, count(t.id) FILTER (WHERE t.loose IS NOT DISTINCT FROM w.loose) AS same, count(NULLIF(t.loose, w.loose)) AS others
    FROM tb_word w LEFT JOIN tb_text t ON t.loose IS NOT DISTINCT FROM w.loose GROUP BY w.id;
CREATE VIEW vw_nullif AS SELECT w.id, count(t.id) AS n FROM tb_word w LEFT JOIN tb_text t ON NULLIF(w.loose, t.loose) IS NULL GROUP BY w.id;
CREATE VIEW vw_case AS SELECT w.id, count(t.id) AS n FROM tb_word w LEFT JOIN tb_text t ON CASE w.loose WHEN t.loose THEN true END GROUP BY w.id;
CREATE VIEW vw_window AS SELECT w.id, count(*) OVER (PARTITION BY w.loose) AS n FROM tb_word w;
CREATE VIEW vw_all AS SELECT count(*) AS n FROM tb_word w JOIN tb_text t ON t.loose IS NOT DISTINCT FROM w.loose AND t.id = w.id;
SET search_path = s_found;
CREATE TABLE tv_all_alike AS SELECT t.id AS pk_all_alike, v.n FROM tb_text t CROSS JOIN vw_all v;
CREATE TABLE tv_distinct AS SELECT id AS pk_distinct, same, others FROM vw_distinct;
CREATE TABLE tv_nullif AS SELECT id AS pk_nullif, n FROM vw_nullif;
CREATE TABLE tv_case_when AS SELECT id AS pk_case_when, n FROM vw_case;
CREATE TABLE tv_window AS SELECT id AS pk_window, n FROM vw_window;
SELECT tview, line FROM unnest('{distinct,nullif,case_when,window}'::text[]) AS tview, public.pg_tviews_explain('tv_' || tview) AS line WHERE line ~ ' where ';
SET search_path = s_found, public;
UPDATE tb_text SET loose = 'ONE' WHERE id = 3;
UPDATE tb_word SET loose = 'tWO' WHERE id = 2;
CALL check_exact();
UPDATE tb_word SET loose = 'OTHER' WHERE id = 4;
UPDATE tb_word SET loose = 'ONE' WHERE id = 1;
CALL check_exact();
UPDATE tb_word SET loose = 'different' WHERE id = 1;
CALL check_exact();
DROP TABLE tv_distinct, tv_nullif, tv_case_when, tv_window, tv_all_alike;
DROP VIEW vw_distinct, vw_nullif, vw_case, vw_window, vw_all;
UPDATE tb_word SET loose = word WHERE id IN (1, 4);
UPDATE tb_text SET loose = 'two' WHERE id = 3;
UPDATE tb_word SET loose = 'One' WHERE id = 2;

-- A set-returning function whose column nobody reads decides how many rows there are, or whether there is one.
CREATE TABLE tv_times AS SELECT q.id AS pk_times, count(*) AS n FROM (SELECT w.id, unnest(w.tags) FROM tb_word w) q GROUP BY q.id;
CREATE TABLE tv_any AS SELECT t.id AS pk_any, EXISTS (SELECT unnest(w.tags) FROM tb_word w WHERE w.part = t.part) AS any FROM tb_text t;
UPDATE tb_word SET tags = '{three,two,one}' WHERE id IN (1, 3);
UPDATE tb_word SET tags = '{}' WHERE id = 2;
CALL check_exact();
SELECT pk_times, n FROM tv_times ORDER BY 1;
DROP TABLE tv_times, tv_any;

-- text and citext differ in what is equal, though a cast between them changes no byte: a key by an equality, one behind a cast, a
-- window's partition behind a cast.
CREATE TABLE tv_alike AS
    SELECT w.word AS pk_alike, sum(t.rank) AS n FROM tb_word w JOIN tb_text t ON t.word::citext = w.word::citext GROUP BY w.word;
CREATE TABLE tv_written AS
    SELECT w.loose::text AS pk_written, sum(t.rank) AS n FROM tb_word w JOIN tb_text t ON t.loose = w.loose GROUP BY w.loose::text;
CREATE TABLE tv_shared AS
    SELECT t.id AS pk_shared, sum(q.n) AS n
    FROM tb_text t JOIN (SELECT w.loose, count(*) OVER (PARTITION BY w.loose) AS n FROM tb_word w) q ON q.loose::text = t.word GROUP BY t.id;
CREATE TABLE tv_partition AS
    SELECT DISTINCT q.loose::text AS pk_partition, q.n FROM (SELECT w.loose, count(*) OVER (PARTITION BY w.loose) AS n FROM tb_word w) q;
SELECT line FROM pg_tviews_explain('tv_alike') AS line WHERE line ~ 'tb_|change|to ';
INSERT INTO tb_text VALUES (5, 'ONE', 'ONE', NULL, 1, 5);
UPDATE tb_text SET rank = 7 WHERE id = 3;
INSERT INTO tb_word VALUES (5, 'ONE', 'ONE', NULL, 1, 5, NULL);
DELETE FROM tb_word WHERE id = 4;
CALL check_exact();
SELECT pk_alike, n FROM tv_alike ORDER BY pk_alike COLLATE "C";
SELECT pk_shared, n FROM tv_shared ORDER BY 1;
DROP TABLE tv_alike, tv_written, tv_shared, tv_partition;

-- A set operation gives its branches' values its own type, USING both sides one type: a date is not written as a timestamp is.
CREATE TABLE tv_union AS
    SELECT t.id AS pk_union, sum(q.rank) AS n
    FROM tb_text t JOIN (SELECT w.day AS at, w.rank FROM tb_word w UNION ALL SELECT x.moment, x.rank FROM tb_text x) q ON q.at::text = t.moment::text
    GROUP BY t.id;
CREATE TABLE tv_using AS
    SELECT t.id AS pk_using, count(*) AS n
    FROM (SELECT day AS at FROM tb_word) w LEFT JOIN (SELECT moment AS at FROM tb_text) x USING (at) JOIN tb_text t ON at::text = t.moment::text
    GROUP BY t.id;
UPDATE tb_text SET rank = 4 WHERE id = 2;
UPDATE tb_word SET rank = 10, day = '2024-01-02' WHERE id = 1;
UPDATE tb_text SET moment = '2024-01-02 10:00' WHERE id = 3;
CALL check_exact();
INSERT INTO tb_word (id, day) VALUES (9, '2024-01-02');
CALL check_exact();
SELECT pk_union, n FROM tv_union ORDER BY 1;
DROP TABLE tv_union, tv_using;

-- A function in FROM that an outer join leaves empty, and of whose arguments no table tells.
CREATE TABLE tv_series AS
    SELECT t.id AS pk_series, count(*) AS n
    FROM tb_text t JOIN tb_word w ON w.part = t.part LEFT JOIN generate_series(1, 2) AS g ON g = w.part + 1
    JOIN tb_text x ON COALESCE(g, w.rank) = x.rank GROUP BY t.id;
CREATE TABLE tv_none AS
    SELECT t.id AS pk_none, count(w.id) AS n FROM tb_text t CROSS JOIN (tb_word w LEFT JOIN generate_series(1, 2) AS g ON g = w.rank + 10)
    WHERE g IS NULL OR w.rank = 77 GROUP BY t.id;
UPDATE tb_word SET rank = 3 WHERE id IN (1, 3);
CALL check_exact();
INSERT INTO tb_text (id, part, rank) VALUES (8, 8, 3);
CALL check_exact();
DELETE FROM tb_text WHERE id = 8;
INSERT INTO tb_word (id, part, rank) VALUES (6, 7, 1);
CALL check_exact();
SELECT pk_series, n FROM tv_series ORDER BY 1;
DROP TABLE tv_series, tv_none;

-- NOT IN and ALL over what a function in FROM gives: of each of its rows is asked what the comparison says, NULLs included.
CREATE TABLE tv_not AS SELECT t.id AS pk_not, t.word NOT IN (SELECT g FROM tb_word w, unnest(w.tags) AS g) AS out FROM tb_text t;
CREATE TABLE tv_all AS SELECT t.id AS pk_all, t.word = ALL (SELECT g FROM tb_word w, unnest(w.tags) AS g WHERE w.id = 1) AS all FROM tb_text t;
UPDATE tb_word SET tags = '{one}' WHERE id = 1;
CALL check_exact();
UPDATE tb_word SET tags = '{one,three}' WHERE id = 1;
UPDATE tb_word SET tags = '{NULL}' WHERE id = 2;
CALL check_exact();
SELECT pk_not, "out" FROM tv_not ORDER BY 1;
DROP TABLE tv_not, tv_all;

-- A FULL JOIN leaves no row out, whatever its ON says of one side.
CREATE TABLE tv_full AS
    SELECT t.id AS pk_full, count(w.id) AS words, count(x.id) AS others
    FROM tb_text t CROSS JOIN (tb_word w FULL JOIN tb_text x ON x.part = w.part AND w.rank = 2) GROUP BY t.id;
INSERT INTO tb_word (id, rank) VALUES (7, 1);
CALL check_exact();
SELECT pk_full, words, others FROM tv_full ORDER BY 1;
DROP TABLE tv_full;

-- A subquery beside grouping sets sees NULL where they leave its column out.
CREATE TABLE tv_sets AS
    SELECT t.id AS pk_sets, sum(q.n) AS n
    FROM tb_text t JOIN (SELECT w.part, (SELECT count(*) FROM tb_text x WHERE COALESCE(w.rank, 70) = x.rank) AS n
                         FROM tb_word w WHERE w.rank IS NOT NULL GROUP BY w.part, ROLLUP (w.rank)) q ON q.part = t.part
    GROUP BY t.id;
CREATE TABLE tv_in_sets AS
    SELECT t.id AS pk_in_sets, bool_or(q.there) AS there, count(q.there) AS known
    FROM tb_text t JOIN (SELECT w.part, w.rank IN (SELECT x.rank FROM tb_text x WHERE x.part > w.part) AS there
                         FROM tb_word w GROUP BY w.part, ROLLUP (w.rank)) q ON q.part = t.part
    GROUP BY t.id;
INSERT INTO tb_text (id, part, rank) VALUES (6, 1, 70);
INSERT INTO tb_text (id, part, rank) VALUES (7, 9, 90);
CALL check_exact();
SELECT pk_sets, n FROM tv_sets ORDER BY 1;
DROP TABLE tv_sets, tv_in_sets;

-- The order of a subquery's rows, which its reader sees: in a value that all documents share, and behind a window.
CREATE TABLE tv_ordered AS
    SELECT t.id AS pk_ordered, (SELECT array_agg(q.id + t.part) FROM (SELECT w.id FROM tb_word w ORDER BY w.rank, w.id) q) AS ids FROM tb_text t;
CREATE TABLE tv_numbered AS
    SELECT t.id AS pk_numbered, (SELECT array_agg(q.rank) FROM (
        SELECT w.rank, w.part, row_number() OVER (PARTITION BY w.rank ORDER BY w.id) FROM tb_word w ORDER BY w.word COLLATE "C" DESC, w.id) q
        WHERE q.part = t.part) AS ranks
    FROM tb_text t;
UPDATE tb_word SET rank = 1 - rank WHERE id IN (1, 3);
UPDATE tb_word SET word = 'zero' WHERE id = 2;
CALL check_exact();
SELECT pk_ordered, ids FROM tv_ordered ORDER BY 1;
SELECT pk_numbered, ranks FROM tv_numbered ORDER BY 1;
DROP TABLE tv_ordered, tv_numbered;

-- A window in a lateral subquery that is partitioned by a column of a neighbour: the server crashed.
CREATE TABLE tv_apart AS
    SELECT t.id AS pk_apart, rank() OVER (PARTITION BY t.part ORDER BY t.rank) AS place, q.n
    FROM tb_word w JOIN tb_text t ON t.id = w.id JOIN tb_word v ON v.id = t.id CROSS JOIN LATERAL (
        SELECT sum(z.n) AS n FROM (SELECT row_number() OVER (PARTITION BY x.rank, v.loose ORDER BY x.id) AS n
                                   FROM tb_text x WHERE x.part = w.part) z) q;
UPDATE tb_text SET rank = 1 WHERE id = 2;
UPDATE tb_word SET part = 2 WHERE id = 1;
CALL check_exact();
SELECT pk_apart, place, n FROM tv_apart ORDER BY 1;
DROP TABLE tv_apart;

-- What a subquery names a collation for is compared with what its reader names another for: writing failed.
CREATE TABLE tv_named_twice AS
    SELECT t.id AS pk_named_twice, count(*) AS n
    FROM tb_text t JOIN (SELECT w.word COLLATE "POSIX" AS word FROM tb_word w) q ON q.word = t.word COLLATE "C" GROUP BY t.id;
UPDATE tb_word SET word = 'one' WHERE id = 2;
CALL check_exact();
DROP TABLE tv_named_twice;
-- What is computed from a value beside its GROUP BY shows which of equal values the group has: where the row with it goes, another comes.
CREATE COLLATION by_letter (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE tb_here (id int PRIMARY KEY, number numeric, name text COLLATE by_letter, loose citext, span interval, part int);
CREATE TABLE tb_there (id int PRIMARY KEY, number numeric, name text, loose citext, hours int, part int);
INSERT INTO tb_here VALUES (1, 1.0, 'x', 'x', '1 day', 1);
INSERT INTO tb_there VALUES (1, 1.0, 'x', 'x', 0, 1), (2, 1.00, 'X', 'X', 24, 1);
CREATE TABLE tv_scale AS
    SELECT t.id AS pk_scale, q.n FROM tb_there t LEFT JOIN (SELECT number::text AS text, count(*) AS n FROM tb_here GROUP BY number) q
                                                         ON q.text = t.number::text;
CREATE TABLE tv_letter AS
    SELECT t.id AS pk_letter, q.n FROM tb_there t LEFT JOIN (SELECT loose::text || extract(hour FROM span) AS text, count(*) AS n
                                                             FROM tb_here GROUP BY loose, span) q ON q.text = t.name || t.hours;
CREATE TABLE tv_as_text AS SELECT number::text AS pk_as_text, count(*) AS n FROM tb_here GROUP BY number;
-- and so does a comparison under another collation than that of the groups
CREATE TABLE tv_collated AS
    SELECT t.id AS pk_collated, q.n FROM tb_there t LEFT JOIN (SELECT name, count(*) AS n FROM tb_here GROUP BY name) q
                                                            ON q.name = t.name COLLATE "C";
CREATE TABLE tv_distinct AS
    SELECT t.id AS pk_distinct, q.name IS NOT NULL AS there FROM tb_there t LEFT JOIN (SELECT DISTINCT name FROM tb_here) q
                                                                                    ON q.name = t.name COLLATE "C";
INSERT INTO tb_here VALUES (2, 1.00, 'X', 'X', '24:00:00', 1);
DELETE FROM tb_here WHERE id = 1;
CALL check_exact();
SELECT pk_scale, s.n, l.n, c.n, d.there FROM tv_scale s, tv_letter l, tv_collated c, tv_distinct d
    WHERE pk_scale = pk_letter AND pk_scale = pk_collated AND pk_scale = pk_distinct ORDER BY 1;
DROP TABLE tv_scale, tv_letter, tv_as_text, tv_collated, tv_distinct;

-- SQL names one operator for the columns of two rows, and none for JOIN USING: a text of these means others where search_path has not
-- the schema of all.
CREATE VIEW vw_rows AS
    SELECT h.id, count(t.id) AS n FROM tb_here h LEFT JOIN tb_there t ON (h.part, h.loose) < (t.part, t.loose) OR h.id = t.part + 70 GROUP BY h.id;
CREATE VIEW vw_before AS
    SELECT h.id, count(t.id) AS n FROM tb_here h LEFT JOIN tb_there t ON (h.part, h.loose, h.id) >= (t.part, t.loose, t.id) GROUP BY h.id;
CREATE VIEW vw_using AS SELECT count(*) AS n FROM tb_here h JOIN tb_there t USING (part, loose);
CREATE VIEW vw_row_in AS SELECT count(*) AS n FROM tb_here h WHERE (h.part, h.loose) IN (SELECT t.part, t.loose FROM tb_there t);
CREATE VIEW vw_row_less AS SELECT count(*) AS n FROM tb_here h JOIN tb_there t ON (h.part, h.loose) < (t.part, t.loose);
SET search_path = s_found;
CREATE TABLE tv_rows AS SELECT id AS pk_rows, n FROM vw_rows;
CREATE TABLE tv_before AS SELECT id AS pk_before, n FROM vw_before;
CREATE TABLE tv_alike AS
    SELECT w.id AS pk_alike, u.n AS joined, i.n AS found, l.n AS less
    FROM tb_word w CROSS JOIN vw_using u CROSS JOIN vw_row_in i CROSS JOIN vw_row_less l;
SELECT tview, line FROM unnest('{rows,before}'::text[]) AS tview, public.pg_tviews_explain('tv_' || tview) AS line WHERE line ~ ' where ';
SET search_path = s_found, public;
UPDATE tb_there SET loose = 'b' WHERE id = 1;
UPDATE tb_here SET loose = 'A';
CALL check_exact();
UPDATE tb_there SET loose = 'B' WHERE id = 2;
UPDATE tb_here SET loose = 'b';
CALL check_exact();
UPDATE tb_there SET loose = 'A';
CALL check_exact();
UPDATE tb_there SET loose = 'C' WHERE id = 1;
CALL check_exact();
UPDATE tb_here SET loose = 'C';
CALL check_exact();
DROP TABLE tv_rows, tv_before, tv_alike;
DROP VIEW vw_rows, vw_before, vw_using, vw_row_in, vw_row_less;
DROP TABLE tb_here, tb_there;
DROP COLLATION by_letter;
DROP TABLE tb_word, tb_text;
DROP EXTENSION citext;

-- Documents made in the middle of a transaction, from a shared value that was something else before and is that again after: by
-- their creation, by applying a queue,
CREATE TABLE tb_peak (id int PRIMARY KEY, height int);
INSERT INTO tb_peak VALUES (1, 10);
BEGIN;
UPDATE tb_peak SET height = 20;
CREATE TABLE tv_peak AS SELECT c.id AS pk_peak, (SELECT max(height) FROM tb_peak) AS peak FROM tb_cart c;
UPDATE tb_peak SET height = 10;
COMMIT;
CALL check_exact();
SELECT pg_tviews_set_refresh_mode('tv_peak', 'manual');
BEGIN;
UPDATE tb_peak SET height = 30;
SELECT pg_tviews_apply('tv_peak');
UPDATE tb_peak SET height = 10;
SELECT pg_tviews_set_refresh_mode('tv_peak', 'transactional');
COMMIT;
CALL check_exact();
INSERT INTO tb_peak VALUES (2, 5);
CALL check_exact();
-- by a trigger, or by a function beside the write, that reads the TVIEW before the write is captured
CREATE FUNCTION look() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM tv_peak); END';
BEGIN;
INSERT INTO tb_cart VALUES (3);
WITH higher AS (UPDATE tb_peak SET height = 40 WHERE id = 1 RETURNING id) SELECT look() FROM higher;
UPDATE tb_peak SET height = 10 WHERE id = 1;
COMMIT;
CALL check_exact();
CREATE FUNCTION look_on() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM look(); RETURN NULL; END';
CREATE TRIGGER looks AFTER UPDATE ON tb_peak FOR EACH ROW EXECUTE FUNCTION look_on();
BEGIN;
INSERT INTO tb_cart VALUES (4);
UPDATE tb_peak SET height = 50 WHERE id = 1;
UPDATE tb_peak SET height = 10 WHERE id = 1;
COMMIT;
CALL check_exact();
SELECT pk_peak, peak FROM tv_peak ORDER BY 1;
DROP TABLE tv_peak;

-- A row as a whole, of a table that has a column of the name by which the extension's own statements call the table.
CREATE TABLE tb_site (y int, v int, t int, name text);
INSERT INTO tb_site VALUES (1, 1, 1, 'site');
CREATE TABLE tv_site AS SELECT c.id AS pk_site, to_jsonb(s) AS y FROM tb_cart c JOIN tb_site s ON s.name <> '';
UPDATE tb_site SET v = 2;
CALL check_exact();
UPDATE tb_site SET name = 'other';
CALL check_exact();
CREATE TABLE tv_open AS SELECT c.id AS pk_open, (SELECT jsonb_agg(s.name) FROM tb_site s) AS v, c.id AS t FROM tb_cart c;
ALTER TABLE tb_site DISABLE TRIGGER ALL;
UPDATE tb_site SET name = 'third';
ALTER TABLE tb_site ENABLE TRIGGER ALL;
SELECT tview_name, difference, count(*) FROM pg_tviews_verify('tv_open') GROUP BY 1, 2;
SELECT updated FROM pg_tviews_refresh('tv_open');
SELECT updated FROM pg_tviews_refresh('tv_site');
CALL check_exact();
DROP TABLE tv_site, tv_open, tb_site;

-- A function in FROM whose alias is one by which walks call their tables: its columns were taken for theirs.
CREATE TABLE tb_bag (id int PRIMARY KEY, numbers int[], weight int);
CREATE TABLE tb_item (id int PRIMARY KEY, size int);
INSERT INTO tb_bag VALUES (1, '{1,2}', 1), (2, '{3}', 2);
INSERT INTO tb_item VALUES (1, 1), (2, 2), (3, 3);
CREATE TABLE tv_item AS
    SELECT i.id AS pk_item, sum(b.weight) AS below FROM tb_item i, tb_bag b, unnest(b.numbers) AS y (id) WHERE y.id < i.id GROUP BY i.id;
CREATE TABLE tv_sized AS
    SELECT i.id AS pk_sized, (SELECT count(*) FROM tb_bag b, unnest(b.numbers) AS y (size) WHERE y.size + 1 = i.size) AS n FROM tb_item i;
SELECT line FROM unnest('{tv_item,tv_sized}'::text[]) AS tview, pg_tviews_explain(tview) AS line WHERE line ~ ' where ';
UPDATE tb_bag SET weight = 5 WHERE id = 1;
CALL check_exact();
INSERT INTO tb_bag VALUES (3, '{1,1}', 1);
CALL check_exact();
SELECT pk_item, below, n FROM tv_item FULL JOIN tv_sized ON pk_sized = pk_item ORDER BY pk_sized;
DROP TABLE tv_item, tv_sized, tb_bag, tb_item;

-- Settings of the writer's session that change what quoting and casts in the query give.
CREATE TABLE tb_quote (id int PRIMARY KEY, name text);
INSERT INTO tb_quote VALUES (1, 'one');
CREATE TABLE tv_quote AS SELECT id AS pk_quote, quote_ident(name) AS ident, format('%I', name) AS formatted, ('{NULL,' || name || '}')::text[] AS list FROM tb_quote;
SET quote_all_identifiers = on;
SET array_nulls = off;
UPDATE tb_quote SET name = 'two';
RESET quote_all_identifiers;
RESET array_nulls;
CALL check_exact();
SELECT pk_quote, ident, formatted, list FROM tv_quote;
DROP TABLE tv_quote;

-- A queued key that names its time zone by an abbreviation, which means another zone when it is read.
CREATE TABLE tb_moment (at timestamptz PRIMARY KEY, v int);
INSERT INTO tb_moment VALUES ('2024-01-01 10:00+08', 1), ('2024-06-01 10:00+08', 1);
SET TimeZone = 'Asia/Shanghai';
SET DateStyle = 'SQL, DMY';
SELECT pg_tviews_create('tv_moment', 'SELECT at, v FROM tb_moment', '{"key": ["at"], "refresh_mode": "manual"}');
RESET DateStyle;
RESET TimeZone;
UPDATE tb_moment SET v = 2;
SELECT key FROM pg_tview_queue WHERE tview = 'tv_moment'::regclass ORDER BY key;
SELECT pg_tviews_apply('tv_moment');
CALL check_exact();
DROP TABLE tv_moment;

-- Settings of a library whose functions the query calls, in a session that has not loaded it, and in one that has set them otherwise.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE TABLE tb_alike (id int PRIMARY KEY, a text, b text);
INSERT INTO tb_alike VALUES (1, 'similar text', 'similar test'), (2, 'some', 'other');
SET pg_trgm.similarity_threshold = 0.9;
CREATE TABLE tv_alike AS SELECT id AS pk_alike, a % b AS alike FROM tb_alike;
SELECT key, value FROM pg_tview_meta, jsonb_each_text(settings) WHERE "table" = 'tv_alike'::regclass AND key LIKE 'pg_trgm.%' ORDER BY key;
\c -
SET search_path = s_found, public;
UPDATE tb_alike SET a = a || '!';
SELECT pk_alike, alike FROM tv_alike ORDER BY 1;
SET pg_trgm.similarity_threshold = 0.1;
UPDATE tb_alike SET a = a || '!';
SELECT pk_alike, alike FROM tv_alike ORDER BY 1;
SHOW pg_trgm.similarity_threshold;
CALL check_exact();
DROP TABLE tv_alike;
DROP EXTENSION pg_trgm;

-- The text search configuration that a query does not name.
CREATE TEXT SEARCH CONFIGURATION words (COPY = pg_catalog.english);
SET default_text_search_config = 's_found.words';
CREATE TABLE tv_words AS SELECT id AS pk_words, to_tsvector(a) AS words FROM tb_alike;
RESET default_text_search_config;
ALTER TEXT SEARCH CONFIGURATION words ALTER MAPPING FOR asciiword WITH simple;
SELECT pk_words, words FROM tv_words ORDER BY 1;
CALL check_exact();
DROP TABLE tv_words;

-- A comparison that is NULL of what is not NULL.
CREATE TABLE tb_doc (pk_doc int PRIMARY KEY, data jsonb);
CREATE TABLE tb_search (pk_search int PRIMARY KEY, path jsonpath);
INSERT INTO tb_doc VALUES (1, '{"a": 1}'), (2, '{"a": 5}');
INSERT INTO tb_search VALUES (1, '$.a > 3'), (2, '$.a');
CREATE TABLE tv_search AS
    SELECT pk_search, jsonb_agg(d.data ORDER BY d.pk_doc) AS docs FROM tb_search JOIN tb_doc d ON (d.data @@ path) IS NOT FALSE GROUP BY pk_search;
UPDATE tb_doc SET data = jsonb_build_object('a', pk_doc);
SELECT pk_search, docs FROM tv_search ORDER BY 1;
CALL check_exact();
DROP TABLE tv_search, tb_search, tb_doc;

-- A trigger on the TVIEW that changes what the query gives, as one that touches updated_at in every table; other columns it may set.
CREATE TABLE tb_touched (pk_touched int PRIMARY KEY, title text, updated_at timestamptz);
INSERT INTO tb_touched VALUES (1, 'one', '2020-01-01 00:00+00');
CREATE TABLE tv_touched AS SELECT pk_touched, title, updated_at FROM tb_touched;
ALTER TABLE tv_touched ADD COLUMN touched int DEFAULT 0;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.touched := NEW.touched + 1;
    IF TG_ARGV[0] = 'all' THEN NEW.updated_at := '2024-01-01 00:00+00'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON tv_touched FOR EACH ROW EXECUTE FUNCTION touch('own');
UPDATE tb_touched SET title = repeat(title, 5000);
INSERT INTO tb_touched VALUES (2, NULL, NULL);
SELECT pk_touched, left(title, 3) AS title, touched FROM tv_touched ORDER BY 1;
CALL check_exact();
CREATE OR REPLACE TRIGGER touch BEFORE INSERT OR UPDATE ON tv_touched FOR EACH ROW EXECUTE FUNCTION touch('all');
UPDATE tb_touched SET title = 'two';
INSERT INTO tb_touched VALUES (3, 'three', NULL);
DELETE FROM tb_touched WHERE pk_touched = 2;
UPDATE tb_touched SET updated_at = '2024-01-01 00:00+00';
CALL check_exact();
DROP TABLE tv_touched, tb_touched;
DROP FUNCTION touch;

SET client_min_messages = warning;
DROP SCHEMA s_found CASCADE;
