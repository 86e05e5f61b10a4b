-- one statement updating 1,000 posts, and their documents with one that lay ready
\set first random(1, :posts - 1000)
\set n random(1, 1000000)
WITH written AS (UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post >= :first AND pk_post < :first + 1000)
UPDATE tv_post
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}}'
WHERE pk_post >= :first AND pk_post < :first + 1000;
