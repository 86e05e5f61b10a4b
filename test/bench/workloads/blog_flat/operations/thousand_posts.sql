-- one statement updating 1,000 posts
-- transactions: 4
\set first random(1, :posts - 1000)
\set n random(1, 1000000)
UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post >= :first AND pk_post < :first + 1000;
