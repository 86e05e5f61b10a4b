-- rename a user, and update the documents with one that lay ready
\set user random(1, :users)
\set n random(1, 1000000)
WITH written AS (UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user)
UPDATE tv_post t
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}, "comments": [{"id": 123456, "body": "Comment 123456: I see it the same way.", "author": "User 12345"}, {"id": 234567, "body": "Comment 234567: I see it the same way.", "author": "User 12345"}, {"id": 345678, "body": "Comment 345678: I see it the same way.", "author": "User 12345"}, {"id": 456789, "body": "Comment 456789: I see it the same way.", "author": "User 12345"}, {"id": 567890, "body": "Comment 567890: I see it the same way.", "author": "User 12345"}]}'
FROM appears_in a
WHERE a.pk_user = :user AND t.pk_post = a.pk_post;
