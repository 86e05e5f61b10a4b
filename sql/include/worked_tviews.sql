\set ECHO none
-- Three TVIEWs over the worked schema: one flat with joins, one with an ordered array through a grouped derived table and a
-- filter, one with aggregates in a correlated subquery.
SET client_min_messages = warning;

CREATE TABLE tv_comment AS
SELECT c.pk_comment, c.id, c.fk_post, c.fk_user,
       jsonb_build_object('id', c.id, 'body', c.body, 'by', w.name, 'post', p.title, 'author', u.name) AS data
FROM tb_comment c
JOIN tb_post p ON p.pk_post = c.fk_post
JOIN tb_user u ON u.pk_user = p.fk_user
LEFT JOIN tb_user w ON w.pk_user = c.fk_user;

CREATE TABLE tv_post AS
SELECT p.pk_post, p.id, p.fk_user,
       jsonb_build_object('title', p.title, 'author', u.name, 'comments', coalesce(x.comments, '[]')) AS data
FROM tb_post p
JOIN tb_user u ON u.pk_user = p.fk_user
LEFT JOIN (
    SELECT c.fk_post, jsonb_agg(jsonb_build_object('body', c.body, 'by', w.name) ORDER BY c.pk_comment) AS comments
    FROM tb_comment c
    LEFT JOIN tb_user w ON w.pk_user = c.fk_user
    GROUP BY c.fk_post) x ON x.fk_post = p.pk_post
WHERE p.published;

CREATE TABLE tv_user AS
SELECT u.pk_user, u.id,
       jsonb_build_object('name', u.name,
                          'posts', (SELECT count(*) FROM tb_post p WHERE p.fk_user = u.pk_user),
                          'comments', (SELECT count(*) FROM tb_comment c JOIN tb_post p ON p.pk_post = c.fk_post
                                       WHERE p.fk_user = u.pk_user)) AS data
FROM tb_user u;

RESET client_min_messages;
\set ECHO all
