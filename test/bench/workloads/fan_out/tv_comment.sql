SELECT c.pk_comment, c.fk_post, jsonb_build_object('body', c.body, 'post', p.data) AS data
FROM tb_comment c
JOIN tv_post p ON p.pk_post = c.fk_post
