-- update a column no view reads
-- quick: no
\set product random(1, :products)
\set n random(1, 1000000)
UPDATE tb_product SET note = 'shelf ' || :n WHERE pk_product = :product;
