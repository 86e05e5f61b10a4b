-- A TVIEW that follows at the end of each statement, not of the transaction.
-- repair: SELECT pg_tviews_refresh(':tview')
CREATE EXTENSION IF NOT EXISTS pg_tviews;
SELECT pg_tviews_create(:'tview', :'query', '{"refresh_mode": "immediate"}');
