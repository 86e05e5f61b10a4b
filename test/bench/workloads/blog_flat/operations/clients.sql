-- update one post's title, durable commits
-- clients: 1 2 4 8 16
-- commits: durable
-- quick: no
-- not for: refresh_concurrently
\set post random(1, :posts)
\set n random(1, 1000000)
UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post = :post;
