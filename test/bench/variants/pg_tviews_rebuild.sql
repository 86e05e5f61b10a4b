-- A TVIEW whose documents are always built again, never patched.
-- repair: SELECT pg_tviews_refresh(':tview')
\ir pg_tviews.sql
SELECT format('ALTER DATABASE %I SET pg_tviews.patch = off', current_database()) \gexec
