-- update one post's title, and its document with one that lay ready
\set post random(1, :posts)
\set n random(1, 1000000)
WITH written AS (UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post = :post)
UPDATE tv_post
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}}'
WHERE pk_post = :post;
