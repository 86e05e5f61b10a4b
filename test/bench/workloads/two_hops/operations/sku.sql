-- rename one SKU, which is in a hundred orders
\set sku random(1, :skus)
\set n random(1, 1000000)
UPDATE tb_sku SET name = 'SKU ' || :n WHERE pk_sku = :sku;
