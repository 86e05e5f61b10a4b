-- one statement updating half of the lines, in half of the orders
-- quick: no
-- transactions: 1
UPDATE tb_line SET quantity = 1 + quantity % 9 WHERE pk_line % 2 = 0;
