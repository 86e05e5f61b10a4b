-- rename a user, and update the documents with one that lay ready
\set user random(1, :users)
\set n random(1, 1000000)
WITH written AS (UPDATE tb_user SET name = 'User ' || :n WHERE pk_user = :user)
UPDATE tv_post
SET data = '{"body": "The text of post 123456, a line or two.", "title": "Title 123456", "author": {"name": "User 12345", "email": "user12345@example.com"}}'
WHERE fk_user = :user;
