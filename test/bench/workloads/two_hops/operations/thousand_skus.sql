-- one statement renaming half of the SKUs, which changes nearly all orders
-- quick: no
-- transactions: 1
UPDATE tb_sku SET name = name || '.' WHERE pk_sku % 2 = 0;
