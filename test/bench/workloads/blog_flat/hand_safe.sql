-- The statement triggers made safe under concurrency, in READ COMMITTED, for transactions of one statement: the embedded users
-- are share-locked, so that a rename is waited for; the documents are locked in key order in a statement of its own; and
-- the next statement, which sees what was committed meanwhile, builds them.  Primary keys are taken not to change.
CREATE FUNCTION posts_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM tb_user WHERE pk_user IN (SELECT fk_user FROM new_rows) ORDER BY pk_user FOR SHARE;
    INSERT INTO tv_post
    SELECT n.pk_post, n.fk_user,
           jsonb_build_object('title', n.title, 'body', n.body,
                              'author', jsonb_build_object('name', u.name, 'email', u.email))
    FROM new_rows n JOIN tb_user u ON u.pk_user = n.fk_user;
    RETURN NULL;
END $$;

CREATE FUNCTION posts_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM new_rows n JOIN old_rows o USING (pk_post)
                   WHERE (n.fk_user, n.title, n.body) IS DISTINCT FROM (o.fk_user, o.title, o.body)) THEN
        RETURN NULL;
    END IF;
    PERFORM FROM tb_user WHERE pk_user IN (SELECT fk_user FROM new_rows) ORDER BY pk_user FOR SHARE;
    PERFORM FROM tv_post WHERE pk_post IN (SELECT pk_post FROM new_rows) ORDER BY pk_post FOR NO KEY UPDATE;
    UPDATE tv_post t
    SET fk_user = n.fk_user,
        data = jsonb_build_object('title', n.title, 'body', n.body,
                                  'author', jsonb_build_object('name', u.name, 'email', u.email))
    FROM new_rows n JOIN old_rows o USING (pk_post) JOIN tb_user u ON u.pk_user = n.fk_user
    WHERE t.pk_post = n.pk_post AND (n.fk_user, n.title, n.body) IS DISTINCT FROM (o.fk_user, o.title, o.body);
    RETURN NULL;
END $$;

CREATE FUNCTION posts_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM tv_post WHERE pk_post IN (SELECT pk_post FROM old_rows) ORDER BY pk_post FOR UPDATE;
    DELETE FROM tv_post t USING old_rows o WHERE t.pk_post = o.pk_post;
    RETURN NULL;
END $$;

CREATE FUNCTION users_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM new_rows n JOIN old_rows o USING (pk_user)
                   WHERE (n.name, n.email) IS DISTINCT FROM (o.name, o.email)) THEN
        RETURN NULL;
    END IF;
    PERFORM FROM tv_post WHERE fk_user IN (SELECT pk_user FROM new_rows) ORDER BY pk_post FOR NO KEY UPDATE;
    UPDATE tv_post t
    SET data = t.data || jsonb_build_object('author', jsonb_build_object('name', n.name, 'email', n.email))
    FROM new_rows n JOIN old_rows o USING (pk_user)
    WHERE t.fk_user = n.pk_user AND (n.name, n.email) IS DISTINCT FROM (o.name, o.email);
    RETURN NULL;
END $$;

CREATE TRIGGER inserted AFTER INSERT ON tb_post REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION posts_inserted();
CREATE TRIGGER updated AFTER UPDATE ON tb_post REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION posts_updated();
CREATE TRIGGER deleted AFTER DELETE ON tb_post REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION posts_deleted();
CREATE TRIGGER updated AFTER UPDATE ON tb_user REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION users_updated();
