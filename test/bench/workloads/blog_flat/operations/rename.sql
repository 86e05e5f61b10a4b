-- rename a user
\set user random(1, :users)
\set n random(1, 1000000)
UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user;
