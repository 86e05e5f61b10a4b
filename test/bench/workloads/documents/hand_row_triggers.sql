-- Row triggers for the updates this workload makes: the title is patched; of the sections, which only their order identifies,
-- the array is built anew.  Not safe: of two sections written at once one is lost.
CREATE FUNCTION document_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_document SET data = data || jsonb_build_object('title', NEW.title) WHERE pk_document = NEW.pk_document;
    RETURN NULL;
END $$;

CREATE FUNCTION section_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_document t
    SET data = t.data || jsonb_build_object('sections',
        (SELECT jsonb_agg(jsonb_build_object('heading', s.heading, 'body', s.body) ORDER BY s.pk_section)
         FROM tb_section s WHERE s.fk_document = NEW.fk_document))
    WHERE t.pk_document = NEW.fk_document;
    RETURN NULL;
END $$;

CREATE TRIGGER updated AFTER UPDATE OF title ON tb_document FOR EACH ROW WHEN (OLD.title <> NEW.title)
    EXECUTE FUNCTION document_updated();
CREATE TRIGGER updated AFTER UPDATE OF heading, body ON tb_section FOR EACH ROW
    WHEN ((OLD.heading, OLD.body) <> (NEW.heading, NEW.body)) EXECUTE FUNCTION section_updated();
