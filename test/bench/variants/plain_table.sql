-- The query's result as an ordinary table with the indexes and the fillfactor that a TVIEW has, for triggers by hand.
CREATE TABLE :tview WITH (fillfactor = 50) AS :query;
ALTER TABLE :tview ADD PRIMARY KEY (:key);
SELECT format('CREATE INDEX ON %I (%I)', :'tview', attname)
FROM pg_attribute
WHERE attrelid = :'tview'::regclass AND attnum > 0 AND attname <> :'key' AND attname ~ '^(id|fk_.*|.*_id)$' \gexec
