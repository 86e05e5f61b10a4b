-- rename a user who wrote a thirtieth of the posts
-- quick: no
-- transactions: 1
\set user 3
\set n random(1, 1000000)
UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user;
