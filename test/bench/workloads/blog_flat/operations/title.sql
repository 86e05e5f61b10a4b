-- update one post's title
\set post random(1, :posts)
\set n random(1, 1000000)
UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post = :post;
