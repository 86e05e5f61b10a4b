-- Row triggers for the updates this workload makes: both patch the documents.  Not safe against children that move.
CREATE FUNCTION parent_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_child SET data = data || jsonb_build_object('parent', jsonb_build_object('name', NEW.name))
    WHERE fk_parent = NEW.pk_parent;
    RETURN NULL;
END $$;

CREATE FUNCTION child_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_child SET data = data || jsonb_build_object('name', NEW.name) WHERE pk_child = NEW.pk_child;
    RETURN NULL;
END $$;

CREATE TRIGGER updated AFTER UPDATE OF name ON tb_parent FOR EACH ROW WHEN (OLD.name <> NEW.name)
    EXECUTE FUNCTION parent_updated();
CREATE TRIGGER updated AFTER UPDATE OF name ON tb_child FOR EACH ROW WHEN (OLD.name <> NEW.name)
    EXECUTE FUNCTION child_updated();
