-- update one product's stock
-- quick: no
\set product random(1, :products)
\set n random(1, 1000000)
UPDATE tb_stock SET on_hand = :n WHERE fk_product = :product;
