-- rename a supplier of ten products or so
-- quick: no
\set supplier random(1, :products / 10)
\set n random(1, 1000000)
UPDATE tb_supplier SET name = 'Supplier ' || :n WHERE pk_supplier = :supplier;
