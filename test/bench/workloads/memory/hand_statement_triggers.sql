-- Statement triggers for what this workload writes.  The transition tables go to disk past work_mem.
CREATE FUNCTION items_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tv_item
    SELECT n.pk_item, n.fk_group, jsonb_build_object('name', n.name, 'group', g.name)
    FROM new_rows n JOIN tb_group g ON g.pk_group = n.fk_group;
    RETURN NULL;
END $$;

CREATE FUNCTION items_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_item t SET data = t.data || jsonb_build_object('name', n.name) FROM new_rows n WHERE t.pk_item = n.pk_item;
    RETURN NULL;
END $$;

CREATE FUNCTION items_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tv_item t USING old_rows o WHERE t.pk_item = o.pk_item;
    RETURN NULL;
END $$;

CREATE FUNCTION groups_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_item t SET data = t.data || jsonb_build_object('group', n.name) FROM new_rows n WHERE t.fk_group = n.pk_group;
    RETURN NULL;
END $$;

CREATE TRIGGER inserted AFTER INSERT ON tb_item REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION items_inserted();
CREATE TRIGGER updated AFTER UPDATE ON tb_item REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION items_updated();
CREATE TRIGGER deleted AFTER DELETE ON tb_item REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION items_deleted();
CREATE TRIGGER updated AFTER UPDATE ON tb_group REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION groups_updated();
