SELECT p.pk_post, p.fk_user,
       jsonb_build_object('title', p.title, 'body', p.body,
                          'author', jsonb_build_object('name', u.name, 'email', u.email)) AS data
FROM tb_post p
JOIN tb_user u ON u.pk_user = p.fk_user
