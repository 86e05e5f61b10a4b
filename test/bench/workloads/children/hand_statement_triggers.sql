-- The same with statement triggers and transition tables: one statement for all changed rows.  Not safe either.
CREATE FUNCTION parents_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_child t SET data = t.data || jsonb_build_object('parent', jsonb_build_object('name', n.name))
    FROM new_rows n JOIN old_rows o USING (pk_parent) WHERE t.fk_parent = n.pk_parent AND n.name <> o.name;
    RETURN NULL;
END $$;

CREATE FUNCTION children_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_child t SET data = t.data || jsonb_build_object('name', n.name)
    FROM new_rows n JOIN old_rows o USING (pk_child) WHERE t.pk_child = n.pk_child AND n.name <> o.name;
    RETURN NULL;
END $$;

CREATE TRIGGER updated AFTER UPDATE ON tb_parent REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION parents_updated();
CREATE TRIGGER updated AFTER UPDATE ON tb_child REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION children_updated();
