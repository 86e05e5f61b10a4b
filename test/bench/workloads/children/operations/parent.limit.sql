-- rename a parent, and update the documents with one that lay ready
\set parent random(1, 100000 / :children)
\set n random(1, 1000000)
WITH written AS (UPDATE tb_parent SET name = 'Parent ' || :n WHERE pk_parent = :parent)
UPDATE tv_child SET data = '{"name": "Child 12345", "parent": {"name": "Parent 123456"}}' WHERE fk_parent = :parent;
