-- one statement updating 1 % of the products
-- transactions: 2
\set offset random(0, 99)
\set n random(1, 1000)
UPDATE tb_product SET price = price + :n / 100.0 WHERE pk_product % 100 = :offset;
