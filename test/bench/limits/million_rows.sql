-- Statements that touch a million rows.
-- scale: rows 1000000, groups 1000
-- prepare
CREATE TABLE tb_group (pk_group integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_item (pk_item integer PRIMARY KEY, fk_group integer NOT NULL, name text NOT NULL, price integer NOT NULL);
INSERT INTO tb_group SELECT i, 'Group ' || i FROM generate_series(1, :groups) i;
CREATE INDEX ON tb_item (fk_group);
CREATE TABLE tv_item AS
SELECT i.pk_item, jsonb_build_object('name', upper(i.name), 'price', i.price, 'group', g.name) AS data
FROM tb_item i JOIN tb_group g ON g.pk_group = i.fk_group WHERE i.name IS NOT NULL;
-- prepare
VACUUM ANALYZE
-- measure: insert all, into an empty table
INSERT INTO tb_item SELECT i, 1 + i % :groups, 'Item ' || i, i FROM generate_series(1, :rows) i
-- prepare
VACUUM ANALYZE
-- fact
SELECT format('Size with indexes, filled: TVIEW %s, base tables %s.', pg_size_pretty(pg_total_relation_size('tv_item')),
              pg_size_pretty(pg_total_relation_size('tb_item') + pg_total_relation_size('tb_group')))
-- measure: update all, documents built again
UPDATE tb_item SET name = name || '.'
-- prepare
VACUUM ANALYZE
-- measure: update all, a column only copied
UPDATE tb_item SET price = price + 1
-- prepare
VACUUM ANALYZE
-- measure: update a thousand rows of another table, which all documents show
UPDATE tb_group SET name = name || '.'
-- prepare
VACUUM ANALYZE
-- measure: delete all but a thousand
DELETE FROM tb_item WHERE pk_item > 1000
-- measure: insert all again
INSERT INTO tb_item SELECT i, 1 + i % :groups, 'Item ' || i, i FROM generate_series(1001, :rows) i
