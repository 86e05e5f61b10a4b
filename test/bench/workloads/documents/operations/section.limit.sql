-- update the heading of one section, and the document with one that lay ready
\set section random(1, 10 * :kilobytes)
\set document 1 + (:section - 1) / :kilobytes
\set n random(1, 1000000)
WITH written AS (UPDATE tb_section SET heading = 'Section ' || :n WHERE pk_section = :section)
UPDATE tv_document t SET data = r.data || jsonb '{}' FROM ready r WHERE t.pk_document = :document AND r.pk_document = :document;
