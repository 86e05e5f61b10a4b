-- update one line
\set line random(1, :lines)
UPDATE tb_line SET quantity = 1 + quantity % 9 WHERE pk_line = :line;
