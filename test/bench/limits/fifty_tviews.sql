-- Fifty TVIEWs on one table.
-- scale: rows 20000
-- prepare
CREATE TABLE tb_item (pk_item integer PRIMARY KEY, name text NOT NULL, note text NOT NULL, unread integer NOT NULL);
INSERT INTO tb_item SELECT i, 'Item ' || i, 'Note ' || i, 0 FROM generate_series(1, :rows) i;
CREATE PROCEDURE make(first integer, last integer) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN first..last LOOP
        EXECUTE format('CREATE TABLE tv_view%1$s AS SELECT pk_item AS pk_view%1$s,
                        jsonb_build_object(''name'', upper(name), ''view'', %1$s) AS data FROM tb_item WHERE name IS NOT NULL', i);
    END LOOP;
END $$;
-- prepare
VACUUM ANALYZE
-- measure 200 times: update one row, no TVIEW
UPDATE tb_item SET name = 'None ' || :n WHERE pk_item = 1 + (:n * 7) % :rows
-- prepare
CALL make(1, 1)
-- measure 200 times: the same, 1 TVIEW
UPDATE tb_item SET name = 'One ' || :n WHERE pk_item = 1 + (:n * 7) % :rows
-- prepare
CALL make(2, 10)
-- measure 200 times: the same, 10 TVIEWs
UPDATE tb_item SET name = 'Ten ' || :n WHERE pk_item = 1 + (:n * 7) % :rows
-- prepare
CALL make(11, 49)
-- measure: make the fiftieth
CREATE TABLE tv_view50 AS
SELECT pk_item AS pk_view50, jsonb_build_object('name', upper(name), 'note', upper(note)) AS data FROM tb_item WHERE name IS NOT NULL
-- prepare
VACUUM ANALYZE
-- fact
SELECT format('Size with indexes: all TVIEWs %s, the table %s.', pg_size_pretty(sum(pg_total_relation_size(tview::regclass))),
              pg_size_pretty(pg_total_relation_size('tb_item'))) FROM pg_tviews_registry
-- measure 200 times: update one row, 50 TVIEWs
UPDATE tb_item SET name = 'Fifty ' || :n WHERE pk_item = 1 + (:n * 7) % :rows
-- measure 200 times: update a column that one of them reads
UPDATE tb_item SET note = 'Other ' || :n WHERE pk_item = 1 + (:n * 7) % :rows
-- measure 200 times: update a column that none of them reads
UPDATE tb_item SET unread = :n WHERE pk_item = 1 + (:n * 7) % :rows
-- measure: update a thousand rows, all TVIEWs
UPDATE tb_item SET name = name || '.' WHERE pk_item <= 1000
