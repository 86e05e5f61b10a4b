-- one statement renaming all groups, which changes all documents
-- quick: no
-- measure: memory
UPDATE tb_group SET name = name || '.'
