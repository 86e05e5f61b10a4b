-- A TVIEW as anyone creates it.
-- repair: SELECT pg_tviews_refresh(':tview')
CREATE EXTENSION IF NOT EXISTS pg_tviews;
CREATE TABLE :tview AS :query;
