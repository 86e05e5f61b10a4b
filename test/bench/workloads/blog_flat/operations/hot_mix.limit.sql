-- the same mix, and the documents updated with one that lay ready
\set what random(1, 100)
\set user random(1, 20)
\set post :user - 1 + :users * random(1, 9)
\set slot -1 * random(1, 200)
\set n random(1, 1000000)
\if :what <= 40
WITH written AS (UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user)
UPDATE tv_post
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}}'
WHERE fk_user = :user;
\elif :what <= 80
WITH written AS (UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post = :post)
UPDATE tv_post
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}}'
WHERE pk_post = :post;
\elif :what <= 90
WITH written AS (
    INSERT INTO tb_post (pk_post, fk_user, title, body) VALUES (:slot, :user, 'Post ' || :n, 'The text of a new post, a line or two.')
    ON CONFLICT DO NOTHING RETURNING pk_post, fk_user)
INSERT INTO tv_post
SELECT pk_post, fk_user, '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}}'
FROM written;
\else
WITH written AS (DELETE FROM tb_post WHERE pk_post = :slot)
DELETE FROM tv_post WHERE pk_post = :slot;
\endif
