-- Twelve levels of TVIEWs over TVIEWs.
-- scale: rows 20000, groups 20
-- prepare
CREATE TABLE tb_group (pk_group integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_item (pk_item integer PRIMARY KEY, fk_group integer NOT NULL, name text NOT NULL, price integer NOT NULL);
INSERT INTO tb_group SELECT i, 'Group ' || i FROM generate_series(1, :groups) i;
INSERT INTO tb_item SELECT i, 1 + i % :groups, 'Item ' || i, i FROM generate_series(1, :rows) i;
CREATE INDEX ON tb_item (fk_group);
-- prepare
VACUUM ANALYZE
-- measure: make all twelve
DO $$
BEGIN
    CREATE TABLE tv_level1 AS
    SELECT i.pk_item AS pk_level1, jsonb_build_object('name', upper(i.name), 'price', i.price, 'group', upper(g.name)) AS data
    FROM tb_item i JOIN tb_group g ON g.pk_group = i.fk_group WHERE i.name IS NOT NULL AND g.name IS NOT NULL;
    FOR i IN 2..12 LOOP
        EXECUTE format('CREATE TABLE tv_level%1$s AS SELECT pk_level%2$s AS pk_level%1$s,
                        jsonb_build_object(''level'', %1$s, ''below'', data) AS data FROM tv_level%2$s', i, i - 1);
    END LOOP;
END $$
-- prepare
VACUUM ANALYZE
-- fact
SELECT format('Size with indexes: first level %s, twelfth %s, base tables %s.', pg_size_pretty(pg_total_relation_size('tv_level1')),
              pg_size_pretty(pg_total_relation_size('tv_level12')),
              pg_size_pretty(pg_total_relation_size('tb_item') + pg_total_relation_size('tb_group')))
-- measure 200 times: update one row, twelve documents
UPDATE tb_item SET name = 'Other ' || :n WHERE pk_item = 1 + (:n * 7) % :rows
-- measure 50 times: insert one row
INSERT INTO tb_item VALUES (:rows + :n, 1 + :n % :groups, 'New item', 1)
-- measure: update a row of a thousand documents at each level
UPDATE tb_group SET name = 'Other group' WHERE pk_group = 1
-- measure: update all rows, a column only copied
UPDATE tb_item SET price = price + 1
