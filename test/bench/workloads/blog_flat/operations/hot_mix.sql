-- 8 clients, 20 hot users and their posts: 40 % rename a user, 40 % retitle, 10 % insert and 10 % delete a post
-- clients: 8
-- not for: refresh_concurrently
\set what random(1, 100)
\set user random(1, 20)
\set post :user - 1 + :users * random(1, 9)
\set slot -1 * random(1, 200)
\set n random(1, 1000000)
\if :what <= 40
UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user;
\elif :what <= 80
UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post = :post;
\elif :what <= 90
INSERT INTO tb_post (pk_post, fk_user, title, body) VALUES (:slot, :user, 'Post ' || :n, 'The text of a new post, a line or two.')
ON CONFLICT DO NOTHING;
\else
DELETE FROM tb_post WHERE pk_post = :slot;
\endif
