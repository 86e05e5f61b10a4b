-- The same with statement triggers and transition tables: one statement for all changed rows.  Not safe either.  Primary keys
-- are taken not to change.
CREATE FUNCTION posts_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tv_post
    SELECT n.pk_post, n.fk_user,
           jsonb_build_object('title', n.title, 'body', n.body,
                              'author', jsonb_build_object('name', u.name, 'email', u.email), 'comments', jsonb '[]')
    FROM new_rows n JOIN tb_user u ON u.pk_user = n.fk_user;
    RETURN NULL;
END $$;

CREATE FUNCTION posts_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post t
    SET fk_user = n.fk_user,
        data = t.data || jsonb_build_object('title', n.title, 'body', n.body,
                                            'author', jsonb_build_object('name', u.name, 'email', u.email))
    FROM new_rows n JOIN old_rows o USING (pk_post) JOIN tb_user u ON u.pk_user = n.fk_user
    WHERE t.pk_post = n.pk_post AND (n.fk_user, n.title, n.body) IS DISTINCT FROM (o.fk_user, o.title, o.body);
    RETURN NULL;
END $$;

CREATE FUNCTION posts_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tv_post t USING old_rows o WHERE t.pk_post = o.pk_post;
    RETURN NULL;
END $$;

CREATE FUNCTION comments_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post t
    SET data = t.data || jsonb_build_object('comments', coalesce(
        (SELECT jsonb_agg(jsonb_build_object('id', c.pk_comment, 'author', w.name, 'body', c.body) ORDER BY c.pk_comment)
         FROM tb_comment c JOIN tb_user w ON w.pk_user = c.fk_user WHERE c.fk_post = t.pk_post), '[]'))
    WHERE t.pk_post IN (SELECT fk_post FROM new_rows);
    RETURN NULL;
END $$;

CREATE FUNCTION comments_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post t
    SET data = t.data || jsonb_build_object('comments', coalesce(
        (SELECT jsonb_agg(jsonb_build_object('id', c.pk_comment, 'author', w.name, 'body', c.body) ORDER BY c.pk_comment)
         FROM tb_comment c JOIN tb_user w ON w.pk_user = c.fk_user WHERE c.fk_post = t.pk_post), '[]'))
    WHERE t.pk_post IN (SELECT fk_post FROM old_rows);
    RETURN NULL;
END $$;

CREATE FUNCTION comments_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post t
    SET data = t.data || jsonb_build_object('comments', coalesce(
        (SELECT jsonb_agg(jsonb_build_object('id', c.pk_comment, 'author', w.name, 'body', c.body) ORDER BY c.pk_comment)
         FROM tb_comment c JOIN tb_user w ON w.pk_user = c.fk_user WHERE c.fk_post = t.pk_post), '[]'))
    WHERE t.pk_post IN (SELECT fk_post FROM old_rows UNION SELECT fk_post FROM new_rows);
    RETURN NULL;
END $$;

CREATE FUNCTION users_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM new_rows n JOIN old_rows o USING (pk_user)
                   WHERE (n.name, n.email) IS DISTINCT FROM (o.name, o.email)) THEN
        RETURN NULL;
    END IF;
    UPDATE tv_post t
    SET data = t.data || jsonb_build_object('author', jsonb_build_object('name', n.name, 'email', n.email))
    FROM new_rows n JOIN old_rows o USING (pk_user)
    WHERE t.fk_user = n.pk_user AND (n.name, n.email) IS DISTINCT FROM (o.name, o.email);
    UPDATE tv_post t
    SET data = t.data || jsonb_build_object('comments', coalesce(
        (SELECT jsonb_agg(jsonb_build_object('id', c.pk_comment, 'author', w.name, 'body', c.body) ORDER BY c.pk_comment)
         FROM tb_comment c JOIN tb_user w ON w.pk_user = c.fk_user WHERE c.fk_post = t.pk_post), '[]'))
    WHERE t.pk_post IN (SELECT c.fk_post FROM tb_comment c JOIN new_rows n ON n.pk_user = c.fk_user);
    RETURN NULL;
END $$;

CREATE TRIGGER inserted AFTER INSERT ON tb_post REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION posts_inserted();
CREATE TRIGGER updated AFTER UPDATE ON tb_post REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION posts_updated();
CREATE TRIGGER deleted AFTER DELETE ON tb_post REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION posts_deleted();
CREATE TRIGGER inserted AFTER INSERT ON tb_comment REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION comments_inserted();
CREATE TRIGGER updated AFTER UPDATE ON tb_comment REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION comments_updated();
CREATE TRIGGER deleted AFTER DELETE ON tb_comment REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION comments_deleted();
CREATE TRIGGER updated AFTER UPDATE ON tb_user REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION users_updated();
