SELECT p.pk_post, p.id, p.fk_user,
       jsonb_build_object(
           'id', p.id, 'title', p.title, 'published_at', p.published_at,
           'author', jsonb_build_object('id', u.id, 'name', u.name),
           'comment_count', coalesce(x.n, 0),
           'comments', coalesce(x.comments, '[]')) AS data
FROM tb_post p
JOIN tb_user u ON u.pk_user = p.fk_user
LEFT JOIN (
    SELECT c.fk_post, count(*) AS n,
           jsonb_agg(jsonb_build_object('id', c.id, 'author', w.name, 'body', c.body) ORDER BY c.pk_comment) AS comments
    FROM tb_comment c
    JOIN tb_user w ON w.pk_user = c.fk_user
    GROUP BY c.fk_post) x ON x.fk_post = p.pk_post
