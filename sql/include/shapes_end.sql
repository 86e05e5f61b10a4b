\set ECHO none
-- The end of a shape script: says which shapes no write has changed, and takes away what shapes.sql made, unless shapes are being
-- gathered.
\if :{?gathering}
\else
SELECT 'not changed by any write: ' || coalesce(string_agg("table"::text, ', ' ORDER BY "table"::text COLLATE "C"), 'none')
FROM pg_tview_meta LEFT JOIN held ON tview = "table" WHERE schema = 's_shapes' AND changed IS NOT TRUE;
SET client_min_messages = error;
DROP SCHEMA s_shapes, s_other CASCADE;
RESET client_min_messages;
\set ECHO all
\endif
