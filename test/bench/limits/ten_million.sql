-- A TVIEW of ten million rows.
-- scale: rows 10000000, groups 10000
-- prepare
CREATE TABLE tb_group (pk_group integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_item (pk_item integer PRIMARY KEY, fk_group integer NOT NULL, name text NOT NULL, price numeric NOT NULL);
INSERT INTO tb_group SELECT i, 'Group ' || i FROM generate_series(1, :groups) i;
INSERT INTO tb_item SELECT i, 1 + i % :groups, 'Item ' || i, i % 10000 / 100.0 FROM generate_series(1, :rows) i;
CREATE INDEX ON tb_item (fk_group);
-- prepare
VACUUM ANALYZE
-- prepare
CHECKPOINT
-- measure 200 times: update one row, no TVIEW
UPDATE tb_item SET name = 'An item ' || :n WHERE pk_item = 1 + (:n::bigint * 7927) % :rows
-- measure: `CREATE TABLE tv_item AS SELECT …`
CREATE TABLE tv_item AS
SELECT i.pk_item, jsonb_build_object('name', i.name, 'price', i.price, 'label', upper(i.name), 'group', upper(g.name)) AS data
FROM tb_item i JOIN tb_group g ON g.pk_group = i.fk_group WHERE i.name IS NOT NULL AND g.name IS NOT NULL
-- prepare
VACUUM ANALYZE
-- prepare
CHECKPOINT
-- fact
SELECT format('Size with indexes: TVIEW %s, base tables %s.', pg_size_pretty(pg_total_relation_size('tv_item')),
              pg_size_pretty(pg_total_relation_size('tb_item') + pg_total_relation_size('tb_group')))
-- measure 200 times: update one row, document built again
UPDATE tb_item SET name = 'Other item ' || :n WHERE pk_item = 1 + (:n::bigint * 7919) % :rows
-- measure 200 times: update one row, column only copied
UPDATE tb_item SET price = price + 1 WHERE pk_item = 1 + (:n::bigint * 7907) % :rows
-- measure 50 times: insert one row
INSERT INTO tb_item VALUES (:rows + :n, 1 + :n % :groups, 'New item', 1)
-- measure 50 times: delete one row
DELETE FROM tb_item WHERE pk_item = :rows + :n
-- measure 5 times: update a row of a thousand documents
UPDATE tb_group SET name = 'Other group ' || :n WHERE pk_group = 1 + :n % :groups
