-- Users, posts, comments.  User 1 wrote a third of all posts, user 2 a tenth, user 3 a thirtieth; the others share the rest.
-- Variables: users, posts, comments.
SELECT setseed(0.5);

CREATE TABLE tb_user (
    pk_user integer PRIMARY KEY,
    name    text NOT NULL,
    email   text NOT NULL
);
CREATE TABLE tb_post (
    pk_post integer PRIMARY KEY,
    fk_user integer NOT NULL,
    title   text NOT NULL
);
CREATE TABLE tb_comment (
    pk_comment integer PRIMARY KEY,
    fk_post    integer NOT NULL,
    body       text NOT NULL
);

INSERT INTO tb_user SELECT i, 'User ' || i, 'user' || i || '@example.com' FROM generate_series(1, :users) i;
INSERT INTO tb_post
    SELECT i, CASE WHEN i % 3 = 0 THEN 1 WHEN i % 20 IN (1, 4, 8) THEN 2 WHEN i % 20 = 11 THEN 3 ELSE 4 + i % (:users - 3) END,
           'Post ' || i
    FROM generate_series(1, :posts) i;
INSERT INTO tb_comment
    SELECT i, 1 + floor(random() * :posts)::integer, 'Comment ' || i || ': I see it the same way.'
    FROM generate_series(1, :comments) i;

CREATE INDEX ON tb_post (fk_user);
CREATE INDEX ON tb_comment (fk_post);
ALTER TABLE tb_post ADD FOREIGN KEY (fk_user) REFERENCES tb_user;
ALTER TABLE tb_comment ADD FOREIGN KEY (fk_post) REFERENCES tb_post;
VACUUM ANALYZE;
