-- A materialized view, refreshed after each write.
-- repair: REFRESH MATERIALIZED VIEW :tview
-- after each write: REFRESH MATERIALIZED VIEW CONCURRENTLY :tview;
CREATE MATERIALIZED VIEW :tview AS :query;
CREATE UNIQUE INDEX ON :tview (:key);
SELECT format('CREATE INDEX ON %I (%I)', :'tview', attname)
FROM pg_attribute
WHERE attrelid = :'tview'::regclass AND attnum > 0 AND attname <> :'key' AND attname ~ '^(id|fk_.*|.*_id)$' \gexec
