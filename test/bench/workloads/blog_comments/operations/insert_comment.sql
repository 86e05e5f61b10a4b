-- insert one comment
\set post random(1, :posts)
\set user random(1, :users)
\set n random(1, 1000000)
INSERT INTO tb_comment (fk_post, fk_user, body) VALUES (:post, :user, 'Comment ' || :n || ': I see it the same way.');
