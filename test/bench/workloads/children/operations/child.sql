-- rename a child
-- quick: no
\set child random(1, 100000)
\set n random(1, 1000000)
UPDATE tb_child SET name = 'Child ' || :n WHERE pk_child = :child;
