SELECT i.pk_item, i.fk_group, jsonb_build_object('name', i.name, 'group', g.name) AS data
FROM tb_item i
JOIN tb_group g ON g.pk_group = i.fk_group
