-- A TVIEW that a background worker brings up to date after the commit: what is timed is the write, not the document.
-- repair: SELECT pg_tviews_refresh(':tview')
-- settle: SELECT pg_tviews_apply()
CREATE EXTENSION IF NOT EXISTS pg_tviews;
SELECT pg_tviews_create(:'tview', :'query', '{"refresh_mode": "deferred"}');
