-- one statement inserting 10,000 posts, and their documents, one that lay ready
WITH written AS (
    INSERT INTO tb_post (fk_user, title, body)
    SELECT 1 + i % :users, 'Post ' || i, 'The text of post ' || i || ', a line or two.' FROM generate_series(1, 10000) i
    RETURNING pk_post, fk_user)
INSERT INTO tv_post
SELECT pk_post, fk_user, '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}, "comments": []}'
FROM written;
