-- rename a user with an ordinary number of posts
\set user random(4, :users)
\set n random(1, 1000000)
UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user;
