-- one statement deleting all items
-- quick: no
-- measure: memory
DELETE FROM tb_item
