-- update one product's price
\set product random(1, :products)
\set price random(1, 20000)
UPDATE tb_product SET price = :price / 100.0 WHERE pk_product = :product;
