SELECT pk_user, jsonb_build_object('name', name, 'email', email) AS data FROM tb_user
