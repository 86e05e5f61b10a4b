-- update the title of one document
-- quick: no
\set document random(1, 10)
\set n random(1, 1000000)
UPDATE tb_document SET title = 'Document ' || :n WHERE pk_document = :document;
