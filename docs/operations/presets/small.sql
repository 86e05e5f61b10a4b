-- Settings for a server of two cores, 4 GB of memory, 50 connections, with TVIEWs.
--
--   psql -d DATABASE -f small.sql      as superuser, in a database with the extension; then restart the server
--
-- ALTER SYSTEM writes postgresql.auto.conf; ALTER SYSTEM RESET takes a line back. Where other programs live on the server, give
-- the memory that is left. docs/operations/capacity.md has the formulas and what they were checked against.

LOAD 'pg_tviews';

-- Memory.

-- What the formulas below divide memory and locks by. Put a pooler in front rather than raise it.
ALTER SYSTEM SET max_connections = '50';
-- A quarter of memory: documents and the base rows they are built from.
ALTER SYSTEM SET shared_buffers = '1GB';
-- Three quarters: what the planner may expect to find in memory when it weighs indexes of hops.
ALTER SYSTEM SET effective_cache_size = '3GB';
-- A quarter of memory / (2 × max_connections) = 10 MB. Differing documents past it go to temporary files.
ALTER SYSTEM SET work_mem = '8MB';
-- For vacuum and for the primary key of a new TVIEW: memory / 32.
ALTER SYSTEM SET maintenance_work_mem = '128MB';
-- For one table of one transaction. An eighth of memory / (4 × cores, two tables each) = 32 MB; room for half a million
-- changed rows with an integer key.
-- Past it, the whole TVIEW is compared.
ALTER SYSTEM SET pg_tviews.max_seed_memory = '32MB';

-- Locks.

-- The default. Past it, a flush locks all documents of the TVIEW at once and others wait.
ALTER SYSTEM SET pg_tviews.max_fine_locks = '200';
-- Twice what 4 × cores flushes take with 3 × max_fine_locks each, over max_connections + 22: 2 × 8 × 600 / 72 = 133. 160
-- of them take 4 MB.
ALTER SYSTEM SET max_locks_per_transaction = '160';
-- A transaction that has read a TVIEW after writing holds its locks; one that is forgotten holds them for ever.
ALTER SYSTEM SET idle_in_transaction_session_timeout = '5min';
-- Says in the log who waits longer than deadlock_timeout for whom.
ALTER SYSTEM SET log_lock_waits = 'on';

-- Writing. A changed document is written anew, with its log.

-- Enough for a checkpoint_timeout of full-page images, so that checkpoints come by time.
ALTER SYSTEM SET max_wal_size = '2GB';
-- Recycled rather than removed.
ALTER SYSTEM SET min_wal_size = '256MB';
-- The first change of a page after a checkpoint logs the page, 8 kB: three times fewer than with the default of five minutes.
ALTER SYSTEM SET checkpoint_timeout = '15min';
-- Compresses these pages; JSON shrinks well. lz4 is cheaper where the server was built with it.
ALTER SYSTEM SET wal_compression = 'pglz';

-- Plans of hops and rebuilds.

-- Reading by index costs about as much as in order, on solid-state disks.
ALTER SYSTEM SET random_page_cost = '1.1';
-- Plans are kept, compiled code is not: a flush whose plan is dear would compile it each time.
ALTER SYSTEM SET jit = 'off';

-- Vacuum.

-- The default.
ALTER SYSTEM SET autovacuum_max_workers = '3';
-- Twice the default: each written document leaves a dead version.
ALTER SYSTEM SET autovacuum_vacuum_cost_limit = '400';

-- Monitoring.

-- A flush longer than this holds its locks longer than anyone should wait.
ALTER SYSTEM SET pg_tviews.log_min_duration = '1s';
-- Statistics of all sessions; adds to the libraries that are preloaded already. The default pg_tviews.max_tracked, a
-- thousand TVIEWs,
-- takes four megabytes.
SELECT format('ALTER SYSTEM SET shared_preload_libraries = %s', string_agg(quote_literal(library), ', ' ORDER BY place))
FROM (SELECT min(place) AS place, btrim(library, ' "') AS library
      FROM regexp_split_to_table(current_setting('shared_preload_libraries') || ',pg_tviews', ',')
           WITH ORDINALITY AS l (library, place)
      WHERE btrim(library, ' "') <> '' GROUP BY 2) AS libraries \gexec

-- The TVIEWs of this database, again for those made later and in other databases: vacuumed when a twentieth of the
-- documents has been rewritten instead of a fifth, so that dead versions take no more room than that.
SELECT format('ALTER TABLE %s SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05, '
              'toast.autovacuum_vacuum_scale_factor = 0.05)', tview)
FROM pg_tviews_registry ORDER BY tview \gexec
