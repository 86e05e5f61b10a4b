-- Documents of ten megabytes.
-- scale: documents 5, sections 1000
-- prepare
CREATE TABLE tb_document (pk_document integer PRIMARY KEY, title text NOT NULL, heading text NOT NULL);
CREATE TABLE tb_section (pk_section integer PRIMARY KEY, fk_document integer NOT NULL, body text NOT NULL);
CREATE FUNCTION noise(seed integer) RETURNS text IMMUTABLE LANGUAGE sql AS
    $$SELECT string_agg(encode(sha512((seed || '-' || i)::bytea), 'base64'), '') FROM generate_series(1, 113) i$$;
INSERT INTO tb_document SELECT i, 'Title ' || i, 'Heading ' || i FROM generate_series(1, :documents) i;
INSERT INTO tb_section SELECT i, 1 + i % :documents, noise(i) FROM generate_series(1, :documents * :sections) i;
CREATE INDEX ON tb_section (fk_document);
-- prepare
VACUUM ANALYZE
-- measure: `CREATE TABLE tv_document AS SELECT …`
CREATE TABLE tv_document AS
SELECT d.pk_document, jsonb_build_object('title', d.title, 'heading', upper(d.heading), 'sections',
           (SELECT jsonb_agg(jsonb_build_object('id', s.pk_section, 'body', s.body) ORDER BY s.pk_section)
            FROM tb_section s WHERE s.fk_document = d.pk_document)) AS data
FROM tb_document d WHERE d.heading IS NOT NULL
-- fact
SELECT format('A document of %s sections is %s of text, %s on disk; all %s with indexes %s, the base tables %s.',
              max(jsonb_array_length(data -> 'sections')),
              pg_size_pretty(max(octet_length(data::text))::bigint), pg_size_pretty(max(pg_column_size(data))::bigint), count(*),
              pg_size_pretty(pg_total_relation_size('tv_document')),
              pg_size_pretty(pg_total_relation_size('tb_section') + pg_total_relation_size('tb_document')))
FROM tv_document
-- measure 5 times: change the title, which is only copied
UPDATE tb_document SET title = 'Other title ' || :n WHERE pk_document = 1 + :n % :documents
-- measure 5 times: change the heading, document built again
UPDATE tb_document SET heading = 'Other heading ' || :n WHERE pk_document = 1 + :n % :documents
-- measure 5 times: change one section
UPDATE tb_section SET body = noise(-:n) WHERE pk_section = :n
-- measure 5 times: add a section
INSERT INTO tb_section VALUES (:documents * :sections + :n, 1, noise(-100 - :n))
-- measure: change all sections of a document
UPDATE tb_section SET body = reverse(body) WHERE fk_document = 1
