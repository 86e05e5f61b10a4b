SELECT p.pk_post, p.fk_user, jsonb_build_object('title', p.title, 'author', u.data) AS data
FROM tb_post p
JOIN tv_user u ON u.pk_user = p.fk_user
