-- one statement updating all items
-- measure: memory
UPDATE tb_item SET name = name || '.'
