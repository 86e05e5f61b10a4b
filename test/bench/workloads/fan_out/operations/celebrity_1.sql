-- rename a user who wrote a third of the posts
-- transactions: 1
\set user 1
\set n random(1, 1000000)
UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user;
