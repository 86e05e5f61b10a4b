-- A blog: users, their posts, comments.  Variables: users, posts, comments.
CREATE SCHEMA blog;
SET search_path = blog;
SELECT setseed(0.5);

CREATE TABLE tb_user (
    pk_user integer PRIMARY KEY,
    id      uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    name    text NOT NULL,
    email   text NOT NULL
);
CREATE TABLE tb_post (
    pk_post      integer PRIMARY KEY,
    id           uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    fk_user      integer NOT NULL,
    title        text NOT NULL,
    body         text NOT NULL,
    published_at timestamptz NOT NULL
);
CREATE TABLE tb_comment (
    pk_comment integer PRIMARY KEY,
    id         uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    fk_post    integer NOT NULL,
    fk_user    integer NOT NULL,
    body       text NOT NULL
);

INSERT INTO tb_user (pk_user, name, email)
    SELECT i, 'User ' || i, 'user' || i || '@example.com' FROM generate_series(1, :users) i;
INSERT INTO tb_post (pk_post, fk_user, title, body, published_at)
    SELECT i, 1 + (random() * (:users - 1))::integer, 'Post ' || i, 'The text of post ' || i || '.',
           timestamptz '2024-01-01 00:00Z' + i * interval '1 minute'
    FROM generate_series(1, :posts) i;
INSERT INTO tb_comment (pk_comment, fk_post, fk_user, body)
    SELECT i, 1 + (random() * (:posts - 1))::integer, 1 + (random() * (:users - 1))::integer,
           'Comment ' || i || ': I see it the same way.'
    FROM generate_series(1, :comments) i;

CREATE INDEX ON tb_post (fk_user);
CREATE INDEX ON tb_comment (fk_post);
CREATE INDEX ON tb_comment (fk_user);
ALTER TABLE tb_post ADD FOREIGN KEY (fk_user) REFERENCES tb_user;
ALTER TABLE tb_comment ADD FOREIGN KEY (fk_post) REFERENCES tb_post ON DELETE CASCADE;
ALTER TABLE tb_comment ADD FOREIGN KEY (fk_user) REFERENCES tb_user;
VACUUM ANALYZE tb_user, tb_post, tb_comment;
