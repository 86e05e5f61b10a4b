SELECT p.pk_post, p.fk_user,
       jsonb_build_object('title', p.title, 'body', p.body,
                          'author', jsonb_build_object('name', u.name, 'email', u.email),
                          'comments', coalesce(
                              (SELECT jsonb_agg(jsonb_build_object('id', c.pk_comment, 'author', w.name, 'body', c.body)
                                                ORDER BY c.pk_comment)
                               FROM tb_comment c
                               JOIN tb_user w ON w.pk_user = c.fk_user
                               WHERE c.fk_post = p.pk_post), '[]')) AS data
FROM tb_post p
JOIN tb_user u ON u.pk_user = p.fk_user
