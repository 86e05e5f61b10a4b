-- rename a parent
\set parent random(1, 100000 / :children)
\set n random(1, 1000000)
UPDATE tb_parent SET name = 'Parent ' || :n WHERE pk_parent = :parent;
