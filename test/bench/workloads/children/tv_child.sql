SELECT c.pk_child, c.fk_parent, jsonb_build_object('name', c.name, 'parent', jsonb_build_object('name', p.name)) AS data
FROM tb_child c
JOIN tb_parent p ON p.pk_parent = c.fk_parent
