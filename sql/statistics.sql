-- Statistics of this session: the counters of each TVIEW move exactly as its writes say.  A server that preloads the library counts
-- all sessions; test/tap/statistics.pl has that.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA "Statistics";
SET search_path = "Statistics", public;
\i :schema
CREATE TABLE tv_post AS
    SELECT p.pk_post, p.fk_user, jsonb_build_object('title', p.title, 'author', u.name) AS data
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
CREATE TABLE "tv_By User" AS
    SELECT u.pk_user AS "pk_By User", u.name, count(p.pk_post) AS posts
    FROM tb_user u LEFT JOIN tv_post p ON p.fk_user = u.pk_user GROUP BY u.pk_user;

-- The counters that do not depend on the clock, of one TVIEW; what is zero is left out.
CREATE FUNCTION counted(name text) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(key || ' ' || value, ', ' ORDER BY number), 'nothing')
    FROM pg_tviews_performance_summary s, json_each_text(row_to_json(s)) WITH ORDINALITY AS c (key, value, number)
    WHERE s.tview = name::regclass AND value <> '0'
        AND (key ~ '^documents' OR key IN ('refreshes', 'seeds', 'pruned_writes', 'everything_refreshes', 'lock_waits', 'errors'))
$$;
CREATE PROCEDURE reset() LANGUAGE sql AS $$ SELECT pg_tviews_stats_reset(s.tview::text) FROM pg_tviews_performance_summary s WHERE schema = 'Statistics' $$;

-- Nothing yet: creating a TVIEW is no refresh.
SELECT schema, entity, tview, scope, counted(tview::text), mean_ms, p50_ms, max_ms, last_refresh, write_share, stats_since <= clock_timestamp() AS since
    FROM pg_tviews_performance_summary WHERE schema = 'Statistics' ORDER BY entity;

-- One user has two posts: found in one hop, rebuilt and changed.  tv_"By User" gets a seed for each of its sources.
UPDATE tb_user SET name = 'Ada L.' WHERE pk_user = 1;
SELECT counted('tv_post'), counted('"tv_By User"');
-- A column no TVIEW reads: pruned, not flushed.
CALL reset();
UPDATE tb_post SET note = 'x' WHERE pk_post IN (11, 12, 13);
SELECT counted('tv_post'), counted('"tv_By User"');
-- A change that gives the same documents: rebuilt, unchanged.
CALL reset();
BEGIN;
UPDATE tb_post SET fk_user = 2 WHERE pk_post = 11;
UPDATE tb_post SET fk_user = 1 WHERE pk_post = 11;
COMMIT;
SELECT counted('tv_post'), counted('"tv_By User"');
-- Insert and delete.
CALL reset();
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (15, uuid_of(2, 15), 3, 'New');
DELETE FROM tb_post WHERE pk_post IN (14, 15);
SELECT counted('tv_post'), counted('"tv_By User"');
-- Two flushes in one transaction, one of which is rolled back: the work was done, so it counts.
CALL reset();
BEGIN;
SAVEPOINT a;
UPDATE tb_post SET title = 'Uno' WHERE pk_post = 11;
SELECT pg_tviews_flush();
ROLLBACK TO a;
UPDATE tb_post SET title = 'Dos' WHERE pk_post = 12;
COMMIT;
SELECT counted('tv_post');
-- Everything: by TRUNCATE, and by pg_tviews_refresh().
CALL reset();
BEGIN;
TRUNCATE tb_comment, tb_post;
SELECT count(*) FROM tv_post;
ROLLBACK;
SELECT counted('tv_post');
SELECT * FROM pg_tviews_refresh('tv_post');
SELECT counted('tv_post');
-- An error; with the savepoint undone, what was pending before is flushed at commit.
CALL reset();
CREATE TABLE tv_name AS SELECT name AS pk_name, 1 / (length(name) - 1) AS data FROM tb_user;
CALL attempt($$UPDATE tb_user SET name = 'X' WHERE pk_user = 3; SELECT pg_tviews_flush()$$);
SELECT counted('tv_name');
DROP TABLE tv_name;
-- Off: not counted.
CALL reset();
SET pg_tviews.track = off;
UPDATE tb_post SET title = 'Drei' WHERE pk_post = 13;
UPDATE tb_post SET note = 'y';
SELECT counted('tv_post');
RESET pg_tviews.track;

-- Times are measured: of a flush that sleeps, and of the statement before it.
CREATE FUNCTION slow(value text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.03); RETURN value; END $$;
CREATE TABLE tv_slow AS SELECT pk_user AS pk_slow, slow(name) AS name FROM tb_user;
UPDATE tb_user SET name = name || '.' WHERE pk_user = 1;
SELECT mean_ms >= 30 AS mean, p50_ms BETWEEN 30 AND max_ms AS p50, p99_ms BETWEEN p95_ms AND max_ms AS p99, max_ms = total_ms AS max,
       mean_ms = total_ms AS total, write_share BETWEEN 0.5 AND 0.9999 AS mostly_flush,
       last_refresh BETWEEN stats_since AND clock_timestamp() AS last
    FROM pg_tviews_performance_summary WHERE entity = 'slow' AND schema = 'Statistics';
SELECT pg_tviews_stats_reset('tv_slow');
UPDATE tb_user SET name = name || '.', email = slow(slow(slow(slow(slow(slow(slow(slow(email)))))))) WHERE pk_user = 1;
SELECT write_share BETWEEN 0.01 AND 0.45 AS mostly_write FROM pg_tviews_performance_summary WHERE entity = 'slow' AND schema = 'Statistics';
DROP TABLE tv_slow;

-- What is pending: this session's alone.  Looking does not flush.
SELECT count(*) FROM pg_tviews_queue_realtime;
BEGIN;
UPDATE tb_post SET title = 'Vier', fk_user = 1 WHERE pk_post = 13;
UPDATE tb_user SET name = 'Ben!' WHERE pk_user = 2;
SELECT session ~ '^[0-9a-f]+\.[0-9a-f]+$' AS session, backend_pid = pg_backend_pid() AS me, transaction_id = pg_current_xact_id() AS xact,
       queue_size, entities, last_enqueued BETWEEN now() AND clock_timestamp() AS last FROM pg_tviews_queue_realtime;
SELECT pg_tviews_flush();
SELECT count(*) FROM pg_tviews_queue_realtime;
UPDATE tb_user SET name = 'Ben?' WHERE pk_user = 2;
SELECT queue_size, entities FROM pg_tviews_queue_realtime;
ROLLBACK;
SELECT count(*) FROM pg_tviews_queue_realtime;
-- Row by row, however many statements they come in, and those that come twice once.
BEGIN;
INSERT INTO tb_post (pk_post, id, fk_user, title) SELECT i, uuid_of(2, i), 1, 'many' FROM generate_series(1000, 1099) i;
INSERT INTO tb_post (pk_post, id, fk_user, title) SELECT i, uuid_of(2, i), 1, 'many' FROM generate_series(1100, 1999) i;
SELECT queue_size FROM pg_tviews_queue_realtime;
UPDATE tb_post SET fk_user = 2 WHERE pk_post >= 1000;
SELECT queue_size < 5000 AS plausible FROM pg_tviews_queue_realtime;
ROLLBACK;
-- Captured while nothing was tracked: not shown, also where flushes are logged; from the flush on that is tracked again.
CREATE TABLE tb_hand (pk int PRIMARY KEY, name text);
INSERT INTO tb_hand VALUES (2, 'Ben');
CREATE TABLE tv_hand AS SELECT pk AS pk_hand, name FROM tb_hand;
CREATE TABLE tv_by_hand AS SELECT pk AS pk_by_hand, name FROM tb_hand;
SELECT pg_tviews_set_refresh_mode('tv_by_hand', 'manual');
BEGIN;
UPDATE tb_hand SET name = 'Ben!' WHERE pk = 2;
ROLLBACK;
BEGIN;
SET LOCAL pg_tviews.track = off;
SET LOCAL pg_tviews.log_min_duration = 0;
UPDATE tb_hand SET name = 'Ben!' WHERE pk = 2;
SELECT pg_tviews_flush() > 0 AS flushed;
SELECT count(*) FROM pg_tviews_queue_realtime;
UPDATE tb_hand SET name = 'Ben?' WHERE pk = 2;
SET LOCAL pg_tviews.track = on;
SELECT pg_tviews_flush() > 0 AS flushed;
SELECT transaction_id = pg_current_xact_id() AS xact, entities, last_enqueued BETWEEN now() AND clock_timestamp() AS last
    FROM pg_tviews_queue_realtime;
SELECT substring(pg_tviews_metrics() FROM 'oldest_pending_seconds{[^}]*} (\d+)')::int < 3600 AS young;
ROLLBACK;
DROP TABLE tb_hand CASCADE;

-- Caches: dropped by DDL, filled by use.
CREATE FUNCTION caches() RETURNS TABLE (cache text, entries bigint, bytes boolean, hits bigint, misses bigint, invalidations bigint)
    LANGUAGE sql AS $$ SELECT cache, entries, bytes > 0, hits, misses, invalidations FROM pg_tviews_cache_stats WHERE scope = 'session' $$;
COMMENT ON TABLE tb_user IS 'users';
UPDATE tb_user SET name = 'Cyd.' WHERE pk_user = 3;
CREATE TABLE before AS SELECT * FROM caches();
UPDATE tb_user SET name = 'Cyd' WHERE pk_user = 3;
SELECT a.cache, a.entries - b.entries AS entries, a.bytes, a.hits > b.hits AS hits, a.misses - b.misses AS misses,
       a.invalidations - b.invalidations AS invalidations FROM caches() a JOIN before b USING (cache) ORDER BY cache;
ALTER TABLE tb_user ALTER COLUMN email SET STATISTICS 10;
UPDATE tb_user SET name = 'Cyd!' WHERE pk_user = 3;
SELECT a.cache, a.misses > b.misses AS misses, a.invalidations > b.invalidations AS invalidations
    FROM caches() a JOIN before b USING (cache) ORDER BY cache;

-- Progress is of commands that run now, and none does.
SELECT * FROM pg_tviews_progress;

-- A trace id goes into the audit log.
SET pg_tviews.trace_id = '00-4bf92f3577b34da6a3ce929d0e0e4736-"00f0"-01';
ALTER TABLE tv_post RENAME TO tv_article;
SELECT operation, entity, trace_id FROM pg_tview_audit_log WHERE entity IN ('post', 'article') ORDER BY log_id DESC LIMIT 1;
RESET pg_tviews.trace_id;
ALTER TABLE tv_article RENAME TO tv_post;
SELECT operation, entity, trace_id FROM pg_tview_audit_log WHERE entity IN ('post', 'article') ORDER BY log_id DESC LIMIT 1;
CALL attempt($$SELECT set_config('pg_tviews.trace_id', repeat('x', 201), false)$$);

-- OpenMetrics: every line has the form, every family its type, and the text its end; labels are escaped.
CREATE TABLE "tv_a""b\c
d" AS SELECT pk_user AS "pk_a""b\c
d" FROM tb_user;
CREATE TEMP TABLE metrics AS SELECT line, number FROM regexp_split_to_table(rtrim(pg_tviews_metrics(), E'\n'), E'\n') WITH ORDINALITY AS m (line, number);
SELECT line FROM metrics WHERE line !~ '^# (TYPE \w+ (counter|gauge|histogram)|UNIT \w+ (seconds|bytes)|HELP \w+ [A-Z0-9].*\.|EOF)$'
    AND line !~ '^\w+(\{\w+="([^"\\]|\\.)*"(,\w+="([^"\\]|\\.)*")*\})? [0-9.e+-]+$';
SELECT line FROM metrics WHERE line LIKE '# TYPE%' ORDER BY number;
SELECT line FROM metrics ORDER BY number DESC LIMIT 1;
-- Each sample belongs to the family above it.
SELECT line FROM (SELECT line, max(line) FILTER (WHERE line LIKE '# TYPE%') OVER (PARTITION BY family) AS type
                  FROM (SELECT line, count(*) FILTER (WHERE line LIKE '# TYPE%') OVER (ORDER BY number) AS family FROM metrics) AS f) AS m
    WHERE line NOT LIKE '#%' AND substring(line from '^\w+') !~ ('^' || split_part(type, ' ', 3)
        || CASE split_part(type, ' ', 4) WHEN 'counter' THEN '_total' WHEN 'histogram' THEN '_(bucket|count|sum)' ELSE '' END || '$');
SELECT replace(line, current_database(), 'database') FROM metrics WHERE line LIKE 'pg_tviews_refreshes%schema="Statistics"%' ORDER BY line;
-- Buckets count what is below their bound, up to everything.
SELECT count(*), bool_and(below >= before) AS ascend FROM (
    SELECT split_part(line, ' ', 2)::bigint AS below, lag(split_part(line, ' ', 2)::bigint, 1, 0::bigint) OVER (ORDER BY number) AS before
    FROM metrics WHERE line LIKE 'pg_tviews_flush_seconds_bucket%schema="Statistics",tview="tv_post"%') AS b;
SELECT s.refreshes - s.errors = split_part(line, ' ', 2)::bigint AS same FROM metrics, pg_tviews_performance_summary s
    WHERE line LIKE 'pg_tviews_flush_seconds_count%schema="Statistics",tview="tv_post"%' AND s.tview = 'tv_post'::regclass;

-- What a verification found stays until a comparison has repaired it: a sample that finds nothing says little, a resume is one.
CREATE FUNCTION verified() RETURNS TABLE (line text) LANGUAGE sql AS $$
    SELECT regexp_replace(line, '^(\w+)\{.*tview="(.*)"\} ', '\1 \2: ') FROM regexp_split_to_table(pg_tviews_metrics(), '\n') AS line
    WHERE line LIKE 'pg_tviews_wrong_documents{%schema="Statistics",tview="tv_%p%"%' ORDER BY 1
$$;
SELECT verified();
UPDATE tv_post SET data = '{}' WHERE pk_post = (SELECT min(pk_post) FROM tv_post);
SELECT count(*) FROM pg_tviews_verify();
SELECT verified();
SELECT count(*) FROM pg_tviews_verify('tv_post', 0);
SELECT pg_tviews_suspend('tv_post');
SELECT verified();
SELECT updated FROM pg_tviews_resume('tv_post');
SELECT verified();
SELECT severity, message FROM pg_tviews_health_verification();
SELECT substring(line FROM ' (\S+)$')::float8 - extract(epoch FROM v.verified_at)::float8 BETWEEN -1e-5 AND 1e-5 AS latest
FROM regexp_split_to_table(pg_tviews_metrics(), '\n') AS line, pg_tview_verified v
WHERE line LIKE 'pg_tviews_verified_timestamp_seconds{%schema="Statistics",tview="tv_post"%' AND v.tview = 'tv_post'::regclass;

-- A flush writes the TVIEW's table and nothing else: no table of the extension, whether it follows routes, compares everything, changes
-- nothing or fails, at the commit or before.  Rows written to them as this transaction counts them, and as all do since they began.
CREATE VIEW kept AS
    SELECT c.oid::regclass AS relation FROM pg_extension e JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
        AND d.deptype = 'e' AND d.classid = 'pg_class'::regclass JOIN pg_class c ON c.oid = d.objid
    WHERE e.extname = 'pg_tviews' AND c.relkind = 'r';
CREATE FUNCTION written_now() RETURNS numeric LANGUAGE sql AS $$
    SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_all_tables WHERE relid IN (SELECT relation FROM kept) $$;
CREATE FUNCTION written_ever() RETURNS text LANGUAGE sql AS $$
    SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) || ', next log_id after ' || pg_sequence_last_value('pg_tview_audit_log_log_id_seq')
    FROM pg_stat_all_tables WHERE relid IN (SELECT relation FROM kept) $$;
SELECT count(*) > 3 AS tables FROM kept;
CREATE TABLE tv_all AS SELECT u.pk_user AS pk_all, u.name, 1000 / t.posts AS share FROM tb_user u CROSS JOIN (SELECT count(*) AS posts FROM tb_post) t;
SELECT pg_stat_force_next_flush();
SELECT written_ever() AS before \gset
CALL reset();
BEGIN;
UPDATE tb_user SET name = 'Ada of the routes' WHERE pk_user = 1;
UPDATE tb_post SET title = title WHERE pk_post = 12;
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (15, uuid_of(2, 15), 3, 'Fifteen');
SELECT pg_tviews_flush() > 2 AS flushed, written_now();
DELETE FROM tb_post WHERE pk_post = 15;
SELECT count(*) FROM tv_post;
SELECT written_now();
SAVEPOINT before_failure;
CALL attempt('DELETE FROM tb_comment; DELETE FROM tb_post; SELECT pg_tviews_flush()');
ROLLBACK TO before_failure;
SELECT written_now();
UPDATE tb_user SET name = 'Ada' WHERE pk_user = 1;
COMMIT;
SELECT counted('tv_post'), counted('tv_all');
SELECT pg_stat_force_next_flush();
SELECT written_ever() = :'before' AS unchanged;
-- That this would show: a refresh leaves a trace and an audit row.
BEGIN;
SELECT count(*) FROM pg_tviews_refresh('tv_all');
SELECT written_now() >= 2 AS written;
COMMIT;
SELECT pg_stat_force_next_flush();
SELECT written_ever() = :'before' AS unchanged;
DROP TABLE tv_all;

-- Reset: of all TVIEWs of the database; allowed to superusers alone, reading to everyone.
SELECT preloaded, max_tracked, untracked_flushes FROM pg_tviews_stats_info();
SELECT pg_tviews_stats_reset();
SELECT counted('tv_post'), counted('"tv_By User"');
SELECT stats_since BETWEEN now() - interval '1 minute' AND clock_timestamp() AS since FROM pg_tviews_stats_info();
CALL attempt('SELECT pg_tviews_stats_reset(''tb_user'')');
CREATE ROLE statistics_reader;
GRANT USAGE ON SCHEMA "Statistics" TO statistics_reader;
SET ROLE statistics_reader;
SELECT pg_tviews_stats_reset();
SELECT count(*) > 1 AS summary FROM pg_tviews_performance_summary;
SELECT count(*) FROM pg_tviews_queue_realtime;
SELECT count(*) FROM pg_tviews_cache_stats;
SELECT length(pg_tviews_metrics()) > 1000 AS metrics;
RESET ROLE;
SELECT * FROM exact();
SET client_min_messages = warning;
DROP OWNED BY statistics_reader;
DROP ROLE statistics_reader;
DROP SCHEMA "Statistics" CASCADE;
