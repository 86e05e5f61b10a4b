-- Statement triggers on the users alone, the only table this workload writes: three UPDATEs with jsonb_set.  Not safe.
CREATE FUNCTION users_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_user t SET data = jsonb_build_object('name', n.name, 'email', n.email) FROM new_rows n WHERE t.pk_user = n.pk_user;
    UPDATE tv_post t
    SET data = jsonb_set(t.data, '{author}', jsonb_build_object('name', n.name, 'email', n.email))
    FROM new_rows n WHERE t.fk_user = n.pk_user;
    UPDATE tv_comment t
    SET data = jsonb_set(t.data, '{post,author}', jsonb_build_object('name', n.name, 'email', n.email))
    FROM new_rows n JOIN tb_post p ON p.fk_user = n.pk_user WHERE t.fk_post = p.pk_post;
    RETURN NULL;
END $$;

CREATE TRIGGER updated AFTER UPDATE ON tb_user REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION users_updated();
