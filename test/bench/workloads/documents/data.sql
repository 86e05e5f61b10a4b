-- Ten megabytes of documents, at least ten of them.  Variables: kilobytes, how large each is.
CREATE TABLE tb_document (
    pk_document integer PRIMARY KEY,
    title       text NOT NULL
);
CREATE TABLE tb_section (
    pk_section  integer PRIMARY KEY,
    fk_document integer NOT NULL,
    heading     text NOT NULL,
    body        text NOT NULL
);

INSERT INTO tb_document SELECT i, 'Document ' || i FROM generate_series(1, greatest(10, 10000 / :kilobytes)) i;
-- Hexadecimal digits: they compress to about half, as prose does.
INSERT INTO tb_section
    SELECT (d.pk_document - 1) * :kilobytes + i, d.pk_document, 'Section ' || i,
           (SELECT string_agg(md5((d.pk_document * 1000000::bigint + i * 100 + j)::text), ' ') FROM generate_series(1, 30) j)
    FROM tb_document d, generate_series(1, :kilobytes) i;

CREATE INDEX ON tb_section (fk_document);
ALTER TABLE tb_section ADD FOREIGN KEY (fk_document) REFERENCES tb_document;
VACUUM ANALYZE;
