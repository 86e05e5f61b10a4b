-- Capture on partitioned tables: writes through the root and to a partition, moves between partitions, partitions that come and go.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_partitions;
SET search_path = s_partitions, public;
\i :schema

-- Comments by half year, the second half split again.
CREATE TABLE tb_event (
    pk_event int,
    fk_post  int NOT NULL,
    day      date NOT NULL,
    body     text,
    note     text,
    PRIMARY KEY (pk_event, day, fk_post)
) PARTITION BY RANGE (day);
CREATE TABLE tb_event_1 PARTITION OF tb_event FOR VALUES FROM ('2024-01-01') TO ('2024-07-01');
CREATE TABLE tb_event_2 PARTITION OF tb_event FOR VALUES FROM ('2024-07-01') TO ('2025-01-01') PARTITION BY LIST (fk_post);
-- The columns of this one are in another order.
CREATE TABLE tb_event_2a (note text, body text, dropped int, day date NOT NULL, fk_post int NOT NULL, pk_event int NOT NULL);
ALTER TABLE tb_event_2a DROP COLUMN dropped;
ALTER TABLE tb_event_2 ATTACH PARTITION tb_event_2a FOR VALUES IN (11, 12);
CREATE TABLE tb_event_2b PARTITION OF tb_event_2 DEFAULT;
INSERT INTO tb_event VALUES (1, 11, '2024-02-01', 'a'), (2, 11, '2024-08-01', 'b'), (3, 13, '2024-09-01', 'c');

CREATE TABLE tv_post AS
SELECT p.pk_post, p.id, jsonb_build_object('title', p.title, 'events', coalesce(x.events, '[]')) AS data
FROM tb_post p
LEFT JOIN (SELECT fk_post, jsonb_agg(jsonb_build_object('day', day, 'body', body) ORDER BY pk_event) AS events
           FROM tb_event GROUP BY fk_post) x ON x.fk_post = p.pk_post;
CREATE TABLE tv_event AS SELECT e.pk_event, e.fk_post, e.day, e.body, p.title FROM tb_event e JOIN tb_post p ON p.pk_post = e.fk_post;
CALL check_exact();
SELECT tgrelid::regclass AS on, tgname, tgparentid <> 0 AS cloned FROM pg_trigger
    WHERE tgrelid IN (SELECT relid FROM pg_partition_tree('tb_event')) AND NOT tgisinternal ORDER BY 1, 2;

-- Through the root.
INSERT INTO tb_event VALUES (4, 12, '2024-03-01', 'd'), (5, 12, '2024-10-01', 'e'), (6, 14, '2024-11-01', 'f');
CALL check_exact();
UPDATE tb_event SET body = upper(body);
CALL check_exact();
UPDATE tb_event SET fk_post = 11 WHERE pk_event = 5;
CALL check_exact();
DELETE FROM tb_event WHERE pk_event = 6;
CALL check_exact();
INSERT INTO tb_event VALUES (1, 11, '2024-02-01', 'again') ON CONFLICT (pk_event, day, fk_post) DO UPDATE SET body = 'conflict';
CALL check_exact();
COPY tb_event (pk_event, fk_post, day, body) FROM stdin;
7	13	2024-04-01	copied
8	13	2024-12-01	copied
\.
CALL check_exact();
-- Directly to a partition.
INSERT INTO tb_event_1 VALUES (9, 13, '2024-05-01', 'direct');
INSERT INTO tb_event_2a (pk_event, fk_post, day, body) VALUES (10, 12, '2024-12-24', 'direct');
INSERT INTO tb_event_2 VALUES (11, 14, '2024-12-25', 'half-way');
CALL check_exact();
UPDATE tb_event_2a SET body = body || '!', note = 'x';
UPDATE tb_event_2 SET body = body || '?' WHERE fk_post = 14;
CALL check_exact();
DELETE FROM tb_event_2b WHERE fk_post = 14;
CALL check_exact();
COPY tb_event_2b FROM stdin;
12	14	2024-12-26	copied	\N
\.
CALL check_exact();
SELECT pk_post, data FROM tv_post ORDER BY pk_post;
-- A column that no TVIEW reads.
BEGIN;
UPDATE tb_event SET note = 'y';
SELECT pg_tviews_flush();
COMMIT;

-- Rows that move between partitions: UPDATE on the root, on a partition with partitions, MERGE.
UPDATE tb_event SET day = '2024-12-31' WHERE pk_event = 1;
CALL check_exact();
UPDATE tb_event SET day = day - 180 WHERE pk_event = 2;
CALL check_exact();
UPDATE tb_event_2 SET fk_post = CASE WHEN fk_post = 13 THEN 11 ELSE 13 END;
CALL check_exact();
SELECT tableoid::regclass AS partition, pk_event, fk_post FROM tb_event ORDER BY pk_event;
MERGE INTO tb_event e USING (VALUES (1, date '2024-01-01'), (2, date '2024-12-01')) AS n (pk, day) ON e.pk_event = n.pk
    WHEN MATCHED THEN UPDATE SET day = n.day;
CALL check_exact();
MERGE INTO tb_event e USING (VALUES (1, date '2024-12-01'), (2, NULL), (20, '2024-06-01')) AS n (pk, day) ON e.pk_event = n.pk
    WHEN MATCHED AND n.day IS NULL THEN DELETE
    WHEN MATCHED THEN UPDATE SET day = n.day, fk_post = 14
    WHEN NOT MATCHED THEN INSERT VALUES (n.pk, 12, n.day, 'merged');
CALL check_exact();
SELECT tableoid::regclass AS partition, pk_event, fk_post FROM tb_event WHERE pk_event IN (1, 2, 20) ORDER BY pk_event;
-- A BEFORE trigger on the new partition swallows one of the rows that move there.
CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE WHEN NEW.pk_event <> 20 THEN NEW END; END';
CREATE TRIGGER swallow BEFORE INSERT ON tb_event_2a FOR EACH ROW EXECUTE FUNCTION swallow();
UPDATE tb_event SET day = '2024-10-10', fk_post = 11 WHERE pk_event IN (1, 9, 20);
CALL check_exact();
DROP TRIGGER swallow ON tb_event_2a;

-- TRUNCATE of a partition, of a sub-partitioned one, of the root.
BEGIN;
TRUNCATE tb_event_2a;
CALL check_exact();
TRUNCATE tb_event_2;
CALL check_exact();
TRUNCATE tb_event;
CALL check_exact();
ROLLBACK;
CALL check_exact();

-- New partitions, made or attached, with rows and without.
CREATE TABLE tb_event_3 PARTITION OF tb_event FOR VALUES FROM ('2025-01-01') TO ('2025-07-01');
INSERT INTO tb_event_3 VALUES (30, 11, '2025-01-01', 'new partition');
CALL check_exact();
BEGIN;
TRUNCATE tb_event_3;
CALL check_exact();
ROLLBACK;
TRUNCATE tb_event_2b;
CALL check_exact();
CREATE TABLE tb_event_4 (LIKE tb_event);
INSERT INTO tb_event_4 VALUES (40, 11, '2025-08-01', 'attached'), (41, 12, '2025-09-01', 'attached');
ALTER TABLE tb_event ATTACH PARTITION tb_event_4 FOR VALUES FROM ('2025-07-01') TO ('2026-01-01');
CALL check_exact();
UPDATE tb_event_4 SET body = 'written';
CALL check_exact();
TRUNCATE tb_event_4;
CALL check_exact();
INSERT INTO tb_event_4 VALUES (42, 13, '2025-10-01', 'rewritten');
CREATE TABLE tb_event_6 PARTITION OF tb_event FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
INSERT INTO tb_event VALUES (61, 14, '2027-01-01', 'soon gone');
CALL check_exact();
ALTER TABLE tb_event DETACH PARTITION tb_event_6 CONCURRENTLY;
CALL check_exact();
DELETE FROM tb_event_6;
DROP TABLE tb_event_6;
-- With rows of its own still to flush in the same transaction.
BEGIN;
CREATE TABLE tb_event_5 (LIKE tb_event);
INSERT INTO tb_event_5 VALUES (50, 13, '2026-01-01', 'early');
UPDATE tb_event SET body = 'busy' WHERE pk_event = 42;
ALTER TABLE tb_event ATTACH PARTITION tb_event_5 DEFAULT;
INSERT INTO tb_event VALUES (51, 13, '2026-02-01', 'late');
COMMIT;
CALL check_exact();
-- Detached and dropped ones.
ALTER TABLE tb_event DETACH PARTITION tb_event_4;
CALL check_exact();
INSERT INTO tb_event_4 VALUES (43, 13, '2025-11-01', 'on its own');
CALL check_exact();
SELECT tgname FROM pg_trigger WHERE tgrelid = 'tb_event_4'::regclass AND NOT tgisinternal;
ALTER TABLE tb_event DETACH PARTITION tb_event_5;
CALL check_exact();
DROP TABLE tb_event_2a;
CALL check_exact();
DROP TABLE tb_event_2;
CALL check_exact();
-- Its only remaining partition is moved to another table and back.
CREATE TABLE tb_other (LIKE tb_event) PARTITION BY RANGE (day);
BEGIN;
ALTER TABLE tb_event DETACH PARTITION tb_event_3;
ALTER TABLE tb_other ATTACH PARTITION tb_event_3 DEFAULT;
INSERT INTO tb_other VALUES (60, 11, '2027-01-01', 'elsewhere');
COMMIT;
CALL check_exact();
BEGIN;
ALTER TABLE tb_other DETACH PARTITION tb_event_3;
ALTER TABLE tb_event ATTACH PARTITION tb_event_3 DEFAULT;
UPDATE tb_event SET body = 'back';
COMMIT;
CALL check_exact();
SELECT pk_post, data FROM tv_post ORDER BY pk_post;

-- A TVIEW over one partition: made after those over the root, staying when they go, made before them.
CREATE TABLE tv_part AS SELECT pk_event AS pk_part, body FROM tb_event_3;
INSERT INTO tb_event VALUES (70, 12, '2027-02-01', 'via root');
INSERT INTO tb_event_3 VALUES (71, 12, '2027-03-01', 'direct');
UPDATE tb_event SET pk_event = 72 WHERE pk_event = 71;
CALL check_exact();
DROP TABLE tv_post, tv_event;
UPDATE tb_event SET body = body || '.';
DELETE FROM tb_event_3 WHERE pk_event = 70;
CALL check_exact();
CREATE TABLE tv_event AS SELECT pk_event, body FROM tb_event;
UPDATE tb_event SET body = body || '.';
INSERT INTO tb_event_3 VALUES (73, 12, '2027-04-01', 'direct');
CALL check_exact();
DROP TABLE tv_part;
UPDATE tb_event SET body = body || '.';
CALL check_exact();
TRUNCATE tb_event;
CALL check_exact();
DROP TABLE tv_event;
SELECT left_behind();
CREATE TABLE tv_part AS SELECT pk_event AS pk_part, body FROM tb_event_3;
CREATE TABLE tv_event AS SELECT pk_event, body FROM tb_event;
INSERT INTO tb_event VALUES (80, 12, '2027-02-01', 'via root');
INSERT INTO tb_event_3 VALUES (81, 12, '2027-04-01', 'direct');
INSERT INTO tb_event_1 VALUES (82, 12, '2024-04-01', 'elsewhere');
CALL check_exact();
DROP TABLE tv_event;
UPDATE tb_event SET body = body || '.';
CALL check_exact();
DROP TABLE tb_event_3 CASCADE;
SELECT left_behind();

-- Columns of the root are those of its partitions, also where a TVIEW reads a partition's rows as a whole.
CREATE TABLE tb_whole (pk int, body text, PRIMARY KEY (pk)) PARTITION BY HASH (pk);
CREATE TABLE tb_whole_0 PARTITION OF tb_whole FOR VALUES WITH (MODULUS 1, REMAINDER 0) PARTITION BY HASH (pk);
CREATE TABLE tb_whole_00 PARTITION OF tb_whole_0 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE tb_parent (pk int PRIMARY KEY, body text);
CREATE TABLE tb_child (PRIMARY KEY (pk)) INHERITS (tb_parent);
INSERT INTO tb_whole VALUES (1, 'one');
INSERT INTO tb_child VALUES (1, 'one');
CREATE TABLE tv_whole AS SELECT w.pk AS pk_whole, to_jsonb(w) AS data FROM tb_whole_00 w;
CREATE TABLE tv_child AS SELECT c.pk AS pk_child, to_jsonb(c) AS data FROM tb_child c;
ALTER TABLE tb_whole RENAME COLUMN body TO text;
ALTER TABLE tb_parent RENAME COLUMN body TO text;
SELECT pk_whole, w.data, c.data AS child FROM tv_whole w, tv_child c;
CALL check_exact();
ALTER TABLE tb_whole ADD COLUMN more int DEFAULT 7;
ALTER TABLE tb_parent ADD COLUMN more int DEFAULT 7;
SELECT pk_whole, w.data, c.data AS child FROM tv_whole w, tv_child c;
ALTER TABLE tb_whole DROP COLUMN more;
ALTER TABLE tb_parent DROP COLUMN more;
SELECT pk_whole, w.data, c.data AS child FROM tv_whole w, tv_child c;
CALL check_exact();
DROP TABLE tb_whole, tb_parent CASCADE;

-- One child more or less is nothing to who reads another: no documents are compared.
CREATE TABLE tb_season (pk int PRIMARY KEY, name text) PARTITION BY LIST (pk);
CREATE TABLE tb_season_1 PARTITION OF tb_season FOR VALUES IN (1);
CREATE TABLE tb_season_2 (pk int PRIMARY KEY, name text);
INSERT INTO tb_season VALUES (1, 'one');
CREATE TABLE tv_season AS SELECT pk AS pk_season, name FROM tb_season_1;
CREATE TABLE tv_seasons AS SELECT pk AS pk_seasons, name FROM tb_season;
CREATE FUNCTION compared(OUT entity text, OUT everything bigint) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT entity, everything_refreshes FROM pg_tviews_performance_summary WHERE entity ^@ 'season' AND schema = 's_partitions' ORDER BY 1 $$;
SELECT pg_tviews_stats_reset();
ALTER TABLE tb_season ATTACH PARTITION tb_season_2 FOR VALUES IN (2);
SELECT * FROM compared();
INSERT INTO tb_season VALUES (2, 'two');
ALTER TABLE tb_season DETACH PARTITION tb_season_2;
SELECT * FROM compared();
CALL check_exact();
DROP TABLE tb_season, tb_season_2 CASCADE;

SET client_min_messages = warning;
DROP SCHEMA s_partitions CASCADE;
