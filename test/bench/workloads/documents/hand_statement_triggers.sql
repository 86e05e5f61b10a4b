-- The same with statement triggers and transition tables: one statement for all changed rows.  Not safe either.
CREATE FUNCTION documents_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_document t SET data = t.data || jsonb_build_object('title', n.title)
    FROM new_rows n JOIN old_rows o USING (pk_document) WHERE t.pk_document = n.pk_document AND n.title <> o.title;
    RETURN NULL;
END $$;

CREATE FUNCTION sections_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_document t
    SET data = t.data || jsonb_build_object('sections',
        (SELECT jsonb_agg(jsonb_build_object('heading', s.heading, 'body', s.body) ORDER BY s.pk_section)
         FROM tb_section s WHERE s.fk_document = t.pk_document))
    WHERE t.pk_document IN (SELECT fk_document FROM new_rows);
    RETURN NULL;
END $$;

CREATE TRIGGER updated AFTER UPDATE ON tb_document REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION documents_updated();
CREATE TRIGGER updated AFTER UPDATE ON tb_section REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION sections_updated();
