-- one statement inserting 10,000 posts
-- transactions: 2
INSERT INTO tb_post (fk_user, title, body)
SELECT 1 + i % :users, 'Post ' || i, 'The text of post ' || i || ', a line or two.' FROM generate_series(1, 10000) i;
