SELECT u.pk_user, u.id,
       jsonb_build_object('id', u.id, 'name', u.name, 'posts', coalesce(p.posts, '[]')) AS data
FROM tb_user u
LEFT JOIN (
    SELECT fk_user,
           jsonb_agg(jsonb_build_object('id', id, 'title', data -> 'title', 'comments', data -> 'comment_count')
                     ORDER BY pk_post) AS posts
    FROM tv_post
    GROUP BY fk_user) p ON p.fk_user = u.pk_user
