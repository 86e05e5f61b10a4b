-- 8 clients, 20 hot users and their posts: 30 % rename a user, 30 % retitle a post, 20 % insert and 20 % delete a comment
-- clients: 8
-- not for: refresh_concurrently
\set what random(1, 100)
\set user random(1, 20)
\set post :user - 1 + :users * random(1, 9)
\set slot -1 * random(1, 400)
\set n random(1, 1000000)
\if :what <= 30
UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user;
\elif :what <= 60
UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post = :post;
\elif :what <= 80
INSERT INTO tb_comment (pk_comment, fk_post, fk_user, body) VALUES (:slot, :post, :user, 'Comment ' || :n || ': so do I.')
ON CONFLICT DO NOTHING;
\else
DELETE FROM tb_comment WHERE pk_comment = :slot;
\endif
