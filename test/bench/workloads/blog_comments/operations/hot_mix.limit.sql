-- the same mix, and the documents updated with one that lay ready
\set what random(1, 100)
\set user random(1, 20)
\set post :user - 1 + :users * random(1, 9)
\set slot -1 * random(1, 400)
\set n random(1, 1000000)
\if :what <= 30
WITH written AS (UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user)
UPDATE tv_post t
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}, "comments": [{"id": 123456, "body": "Comment 123456: I see it the same way.", "author": "User 12345"}, {"id": 234567, "body": "Comment 234567: I see it the same way.", "author": "User 12345"}, {"id": 345678, "body": "Comment 345678: I see it the same way.", "author": "User 12345"}, {"id": 456789, "body": "Comment 456789: I see it the same way.", "author": "User 12345"}, {"id": 567890, "body": "Comment 567890: I see it the same way.", "author": "User 12345"}]}'
FROM appears_in a
WHERE a.pk_user = :user AND t.pk_post = a.pk_post;
\elif :what <= 60
WITH written AS (UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post = :post)
UPDATE tv_post
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}, "comments": [{"id": 123456, "body": "Comment 123456: I see it the same way.", "author": "User 12345"}, {"id": 234567, "body": "Comment 234567: I see it the same way.", "author": "User 12345"}, {"id": 345678, "body": "Comment 345678: I see it the same way.", "author": "User 12345"}, {"id": 456789, "body": "Comment 456789: I see it the same way.", "author": "User 12345"}, {"id": 567890, "body": "Comment 567890: I see it the same way.", "author": "User 12345"}]}'
WHERE pk_post = :post;
\elif :what <= 80
WITH written AS (
    INSERT INTO tb_comment (pk_comment, fk_post, fk_user, body) VALUES (:slot, :post, :user, 'Comment ' || :n || ': so do I.')
    ON CONFLICT DO NOTHING RETURNING fk_post)
UPDATE tv_post
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}, "comments": [{"id": 123456, "body": "Comment 123456: I see it the same way.", "author": "User 12345"}, {"id": 234567, "body": "Comment 234567: I see it the same way.", "author": "User 12345"}, {"id": 345678, "body": "Comment 345678: I see it the same way.", "author": "User 12345"}, {"id": 456789, "body": "Comment 456789: I see it the same way.", "author": "User 12345"}, {"id": 567890, "body": "Comment 567890: I see it the same way.", "author": "User 12345"}]}'
FROM written WHERE pk_post = fk_post;
\else
WITH written AS (DELETE FROM tb_comment WHERE pk_comment = :slot RETURNING fk_post)
UPDATE tv_post
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}, "comments": [{"id": 123456, "body": "Comment 123456: I see it the same way.", "author": "User 12345"}, {"id": 234567, "body": "Comment 234567: I see it the same way.", "author": "User 12345"}, {"id": 345678, "body": "Comment 345678: I see it the same way.", "author": "User 12345"}, {"id": 456789, "body": "Comment 456789: I see it the same way.", "author": "User 12345"}, {"id": 567890, "body": "Comment 567890: I see it the same way.", "author": "User 12345"}]}'
FROM written WHERE pk_post = fk_post;
\endif
