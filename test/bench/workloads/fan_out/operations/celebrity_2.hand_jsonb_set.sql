-- rename a user who wrote a tenth of the posts
-- transactions: 1
\set user 2
\set n random(1, 1000000)
BEGIN;
UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user;
UPDATE tv_user SET data = jsonb_set(data, '{name}', to_jsonb('User ' || :n)) WHERE pk_user = :user;
UPDATE tv_post SET data = jsonb_set(data, '{author,name}', to_jsonb('User ' || :n)) WHERE fk_user = :user;
UPDATE tv_comment c SET data = jsonb_set(c.data, '{post,author,name}', to_jsonb('User ' || :n))
FROM tb_post p WHERE p.fk_user = :user AND c.fk_post = p.pk_post;
COMMIT;
