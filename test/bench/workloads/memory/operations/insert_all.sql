-- one statement inserting as many items again
-- quick: no
-- measure: memory
INSERT INTO tb_item (fk_group, name) SELECT 1 + i % 1000, 'New item ' || i FROM generate_series(1, :items) i
