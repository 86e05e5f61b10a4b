-- Statements that change many documents: walks and rebuilds of thousands of keys, one pass over the query where that is cheaper,
-- and transactions that change more rows than they may remember.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_bulk;
SET search_path = s_bulk, public;
\i :schema
\i :tviews
CREATE TABLE tv_author AS SELECT fk_user AS pk_author, count(*) AS posts, jsonb_agg(data -> 'title' ORDER BY pk_post) AS data FROM tv_post GROUP BY fk_user;
SELECT pg_tviews_create('tv_talk', 'SELECT p.fk_user AS author, c.fk_user AS critic, count(*) AS n FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post
    WHERE c.fk_user IS NOT NULL GROUP BY 1, 2', '{"key": ["author", "critic"]}');

INSERT INTO tb_user SELECT n, uuid_of(1, n), 'User ' || n FROM generate_series(1001, 1300) AS n;
INSERT INTO tb_post SELECT n, uuid_of(2, n), 1001 + n % 300, 'Post ' || n FROM generate_series(10001, 11000) AS n;
INSERT INTO tb_comment SELECT n, uuid_of(3, n), 10001 + n % 1000, 1001 + n % 299, 'Comment ' || n FROM generate_series(100001, 103000) AS n;
CALL check_exact();
ANALYZE tb_user, tb_post, tb_comment, tv_user, tv_post, tv_comment, tv_author, tv_talk;
-- All, most, some, a few of the rows of each table.
UPDATE tb_user SET name = name || '.';
CALL check_exact();
UPDATE tb_post SET title = title || '.' WHERE pk_post % 10 <> 0;
CALL check_exact();
UPDATE tb_comment SET body = body || '.' WHERE pk_comment % 3 = 0;
CALL check_exact();
UPDATE tb_comment SET fk_post = fk_post - 1, fk_user = fk_user + 1 WHERE fk_post > 10001 AND pk_comment % 20 = 0;
CALL check_exact();
UPDATE tb_post SET fk_user = 1001 + (fk_user + 7) % 300 WHERE pk_post % 5 = 0;
CALL check_exact();
UPDATE tb_user SET pk_user = pk_user + 5000 WHERE pk_user BETWEEN 1100 AND 1110;
CALL check_exact();
UPDATE tb_post SET published = false WHERE pk_post % 2 = 0;
CALL check_exact();
DELETE FROM tb_comment WHERE pk_comment % 4 = 0;
CALL check_exact();
DELETE FROM tb_post WHERE pk_post % 7 = 0;
CALL check_exact();
-- Many statements in one transaction, with reads between.
DO $$
BEGIN
    FOR i IN 1..300 LOOP
        UPDATE tb_post SET title = 'Loop ' || i WHERE pk_post = 10000 + i;
        UPDATE tb_comment SET body = 'Loop ' || i WHERE fk_post = 10500 + i;
        IF i % 100 = 0 THEN
            PERFORM 1 FROM tv_author LIMIT 1;
        END IF;
    END LOOP;
END $$;
CALL check_exact();
-- Written by several plans: generic ones, without index scans, without hash and merge joins.
SET enable_indexscan = off;
SET enable_bitmapscan = off;
UPDATE tb_user SET name = 'a' WHERE pk_user = 1001;
UPDATE tb_user SET name = 'b' || pk_user WHERE pk_user > 1200;
CALL check_exact();
RESET enable_indexscan;
RESET enable_bitmapscan;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
UPDATE tb_user SET name = 'c' WHERE pk_user = 1001;
UPDATE tb_user SET name = 'd' || pk_user WHERE pk_user > 1200;
RESET enable_hashjoin;
RESET enable_mergejoin;
CALL check_exact();
-- More changed rows than may be remembered: the TVIEW is compared in full, and only what differs is written.
SET pg_tviews.max_seed_memory = '64kB';
SELECT max(xmin::text::bigint) AS before FROM tv_user \gset
BEGIN;
UPDATE tb_comment SET body = 'Many ' || pk_comment;
UPDATE tb_comment SET body = 'More ' || pk_comment;
SELECT count(*) FROM tv_comment WHERE data ->> 'body' LIKE 'More %';
UPDATE tb_comment SET body = 'Most ' || pk_comment WHERE pk_comment % 2 = 1;
COMMIT;
CALL check_exact();
SELECT max(xmin::text::bigint) = :before AS untouched FROM tv_user;
BEGIN;
SAVEPOINT one;
UPDATE tb_comment SET body = 'Never ' || pk_comment;
ROLLBACK TO one;
UPDATE tb_post SET title = 'One' WHERE pk_post = 10001;
COMMIT;
CALL check_exact();
RESET pg_tviews.max_seed_memory;
-- Everything goes, everything comes back.
CREATE TABLE kept AS SELECT * FROM tb_comment;
TRUNCATE tb_comment;
CALL check_exact();
INSERT INTO tb_comment SELECT * FROM kept;
CALL check_exact();
DELETE FROM tb_comment;
DELETE FROM tb_post;
CALL check_exact();

-- Many rows by conditions that no index and no hash serves: a walk looks at each pair of rows unless the condition has cases that
-- can be joined, and where it would, everything is compared.
CREATE TABLE tb_step (pk_step int PRIMARY KEY, lot int, n int);
INSERT INTO tb_step SELECT n, nullif(n / 5, 7), n FROM generate_series(1, 20000) AS n;
CREATE TABLE tb_song (pk_song int PRIMARY KEY, title text);
INSERT INTO tb_song SELECT n, 'Song ' || n FROM generate_series(1, 2000) AS n;
CREATE TABLE tb_list (pk_list int PRIMARY KEY, songs int[]);
INSERT INTO tb_list SELECT n, ARRAY[n, n + 1, n * 3] FROM generate_series(1, 1000) AS n;
ANALYZE tb_step, tb_song, tb_list;
CREATE TABLE tv_step AS SELECT pk_step, n - lag(n) OVER (PARTITION BY lot ORDER BY n, pk_step) AS more FROM tb_step;
CREATE TABLE tv_chosen AS SELECT pk_song AS pk_chosen, pk_song IN (SELECT lot FROM tb_step) AS chosen FROM tb_song;
SELECT pg_tviews_create('tv_track', 'SELECT pk_list, place, title FROM tb_list, unnest(songs) WITH ORDINALITY AS s (song, place) JOIN tb_song ON pk_song = song',
                        '{"key": ["pk_list", "place"]}');
CREATE TABLE tv_list AS SELECT pk_list, (SELECT jsonb_agg(title ORDER BY pk_song) FROM tb_song WHERE pk_song = ANY (songs)) AS data FROM tb_list;
CREATE FUNCTION compared(OUT entity text, OUT everything bigint) RETURNS SETOF record LANGUAGE sql AS $$
    SELECT entity, everything_refreshes FROM pg_tviews_performance_summary
    WHERE schema = 's_bulk' AND entity = ANY ('{step,chosen,track,list}') AND everything_refreshes > 0 ORDER BY 1 $$;
SELECT pg_tviews_stats_reset();
UPDATE tb_step SET n = n + 100 WHERE pk_step % 40 = 0;
CALL check_exact();
UPDATE tb_step SET n = n + 2 WHERE pk_step = 36;
CALL check_exact();
UPDATE tb_step SET lot = nullif((lot + 1) % 3000, 8) WHERE pk_step % 40 = 1;
CALL check_exact();
UPDATE tb_step SET lot = CASE WHEN lot IS NULL THEN 7 ELSE nullif(lot, 9) END WHERE pk_step < 60;
CALL check_exact();
SELECT * FROM compared();
UPDATE tb_song SET title = title || '.' WHERE pk_song <= 20;
CALL check_exact();
SELECT * FROM compared();
UPDATE tb_song SET title = title || '.';
CALL check_exact();
SELECT * FROM compared();

-- Keys that lie close together are walked to along the index: of every integer type, below zero, at either end of the type, with
-- gaps, with documents among them that are not there any more or not yet.
CREATE TABLE tb_short (pk_short smallint PRIMARY KEY, word text);
CREATE TABLE tb_middle (pk_middle int PRIMARY KEY, fk_short smallint, word text);
CREATE TABLE tb_long (pk_long bigint PRIMARY KEY, fk_middle int, word text);
CREATE DOMAIN counter AS int;
CREATE TABLE tb_counted (pk_counted counter PRIMARY KEY, word text);
INSERT INTO tb_short SELECT n, 'short ' || n FROM generate_series(-32768, -32700) AS n;
INSERT INTO tb_middle SELECT n, -32768 + abs(n) % 60, 'middle ' || n FROM generate_series(-50, 50) AS n WHERE n % 3 <> 0;
INSERT INTO tb_long SELECT 9223372036854775807 - n, n % 50, 'long ' || n FROM generate_series(0, 60) AS n;
INSERT INTO tb_long SELECT -9223372036854775808 + n, n % 50, 'long ' || n FROM generate_series(0, 60) AS n;
INSERT INTO tb_counted SELECT n, 'counted ' || n FROM generate_series(1, 60) AS n;
CREATE TABLE tv_short AS SELECT pk_short, jsonb_build_object('word', word) AS data FROM tb_short;
CREATE TABLE tv_middle AS SELECT pk_middle, jsonb_build_object('word', m.word, 'short', s.word) AS data FROM tb_middle m LEFT JOIN tb_short s ON pk_short = fk_short;
CREATE TABLE tv_long AS SELECT pk_long, jsonb_build_object('word', upper(l.word), 'middle', m.word) AS data FROM tb_long l LEFT JOIN tb_middle m ON pk_middle = fk_middle;
CREATE TABLE tv_counted AS SELECT pk_counted, jsonb_build_object('word', word) AS data FROM tb_counted;
UPDATE tb_short SET word = word || '.';
UPDATE tb_long SET word = word || '.';
UPDATE tb_counted SET word = word || '.';
CALL check_exact();
UPDATE tb_middle SET word = word || '.' WHERE pk_middle BETWEEN -30 AND 30;
UPDATE tb_short SET word = word || '.' WHERE pk_short % 2 = 0;
UPDATE tb_long SET word = word || '.' WHERE pk_long > 9223372036854775800 OR pk_long < -9223372036854775790;
CALL check_exact();
BEGIN;
DELETE FROM tb_middle WHERE pk_middle % 5 = 0;
UPDATE tb_middle SET word = word || '.';
SELECT count(*) FROM tv_middle;
INSERT INTO tb_middle SELECT n, -32760, 'again ' || n FROM generate_series(-60, 60, 5) AS n ON CONFLICT DO NOTHING;
SAVEPOINT one;
UPDATE tb_middle SET pk_middle = pk_middle + 1000, word = 'never';
SELECT count(*) FROM tv_middle WHERE pk_middle > 500;
ROLLBACK TO one;
UPDATE tb_middle SET pk_middle = -pk_middle, word = word || '.' WHERE pk_middle > 0 AND NOT EXISTS (SELECT FROM tb_middle AS m WHERE m.pk_middle = -tb_middle.pk_middle);
UPDATE tb_long SET pk_long = pk_long - 200 WHERE pk_long > 9223372036854775800;
COMMIT;
CALL check_exact();
DELETE FROM tb_long WHERE pk_long % 2 = 0;
DELETE FROM tb_short;
CALL check_exact();
-- The same where many keys lie between, through indexes that are descending or hold more than the key, over rows that lie in another
-- order, where documents leave their pages while they are walked along, and in a transaction that keeps its snapshot.
CREATE TABLE tb_down (id int NOT NULL, held int PRIMARY KEY, word text);
CREATE UNIQUE INDEX ON tb_down (id DESC);
CREATE TABLE tb_wide (pk_wide int, word text, PRIMARY KEY (pk_wide) INCLUDE (word));
INSERT INTO tb_down SELECT n, 3001 - n, 'down ' || n FROM generate_series(1, 3000) AS n ORDER BY n % 7, n;
INSERT INTO tb_wide SELECT n, 'wide ' || n FROM generate_series(1, 3000) AS n ORDER BY n % 11, n;
SELECT pg_tviews_create('tv_down', $$SELECT d.id, held, jsonb_build_object('word', d.word, 'wide', w.word) AS data
    FROM tb_down d LEFT JOIN tb_wide w ON w.pk_wide = d.held$$, '{"key": "id", "fillfactor": 100}');
SELECT pg_tviews_create('tv_wide', $$SELECT pk_wide, jsonb_build_object('word', word, 'length', length(word)) AS data FROM tb_wide$$, '{"fillfactor": 100}');
UPDATE tb_down SET word = word || '.';
UPDATE tb_wide SET word = word || '.';
CALL check_exact();
UPDATE tb_down SET word = word || '.' WHERE id % 6 = 0;
UPDATE tb_wide SET word = word || '.' WHERE pk_wide % 7 = 0;
CALL check_exact();
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_wide SET word = word || '.' WHERE pk_wide % 3 = 0;
SELECT count(*) FROM tv_wide WHERE data ->> 'word' LIKE '%..';
UPDATE tb_wide SET word = word || '.' WHERE pk_wide % 2 = 0;
UPDATE tb_down SET word = word || '.', held = held + 3000 WHERE id % 5 = 0;
DELETE FROM tb_wide WHERE pk_wide % 10 = 0;
SELECT count(*) FROM tv_down WHERE held > 3000;
INSERT INTO tb_wide SELECT n, 'back ' || n FROM generate_series(10, 6000, 20) AS n;
COMMIT;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_bulk CASCADE;
