-- update a column no view reads
\set post random(1, :posts)
UPDATE tb_post SET views = views + 1 WHERE pk_post = :post;
