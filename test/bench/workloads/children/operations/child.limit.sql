-- rename a child, and update the document with one that lay ready
\set child random(1, 100000)
\set n random(1, 1000000)
WITH written AS (UPDATE tb_child SET name = 'Child ' || :n WHERE pk_child = :child)
UPDATE tv_child SET data = '{"name": "Child 12345", "parent": {"name": "Parent 123456"}}' WHERE pk_child = :child;
