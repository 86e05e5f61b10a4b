-- update one post's title, and its document with one that lay ready
\set post random(1, :posts)
\set n random(1, 1000000)
WITH written AS (UPDATE tb_post SET title = 'Title ' || :n WHERE pk_post = :post)
UPDATE tv_post
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}, "comments": [{"id": 123456, "body": "Comment 123456: I see it the same way.", "author": "User 12345"}, {"id": 234567, "body": "Comment 234567: I see it the same way.", "author": "User 12345"}, {"id": 345678, "body": "Comment 345678: I see it the same way.", "author": "User 12345"}, {"id": 456789, "body": "Comment 456789: I see it the same way.", "author": "User 12345"}, {"id": 567890, "body": "Comment 567890: I see it the same way.", "author": "User 12345"}]}'
WHERE pk_post = :post;
