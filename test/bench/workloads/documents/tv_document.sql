SELECT d.pk_document,
       jsonb_build_object('title', d.title, 'sections',
           (SELECT jsonb_agg(jsonb_build_object('heading', s.heading, 'body', s.body) ORDER BY s.pk_section)
            FROM tb_section s WHERE s.fk_document = d.pk_document)) AS data
FROM tb_document d
