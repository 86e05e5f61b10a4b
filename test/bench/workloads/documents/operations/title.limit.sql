-- update the title of one document, and the document with one that lay ready
\set document random(1, 10)
\set n random(1, 1000000)
WITH written AS (UPDATE tb_document SET title = 'Document ' || :n WHERE pk_document = :document)
UPDATE tv_document t SET data = r.data || jsonb '{}' FROM ready r WHERE t.pk_document = :document AND r.pk_document = :document;
