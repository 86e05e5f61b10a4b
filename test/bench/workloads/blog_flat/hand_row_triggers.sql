-- Row triggers as a good DBA writes them: fired only where a column that matters has changed, taking the changed row's values
-- from NEW, and patching the documents of a renamed user.  Not safe: a post inserted while its author is being renamed keeps
-- the old name.  Primary keys are taken not to change.
CREATE FUNCTION post_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tv_post
    SELECT NEW.pk_post, NEW.fk_user,
           jsonb_build_object('title', NEW.title, 'body', NEW.body,
                              'author', jsonb_build_object('name', u.name, 'email', u.email))
    FROM tb_user u WHERE u.pk_user = NEW.fk_user;
    RETURN NULL;
END $$;

CREATE FUNCTION post_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post SET data = data || jsonb_build_object('title', NEW.title, 'body', NEW.body) WHERE pk_post = NEW.pk_post;
    RETURN NULL;
END $$;

CREATE FUNCTION post_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post t
    SET fk_user = NEW.fk_user,
        data = jsonb_build_object('title', NEW.title, 'body', NEW.body,
                                  'author', jsonb_build_object('name', u.name, 'email', u.email))
    FROM tb_user u WHERE u.pk_user = NEW.fk_user AND t.pk_post = NEW.pk_post;
    RETURN NULL;
END $$;

CREATE FUNCTION post_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tv_post WHERE pk_post = OLD.pk_post;
    RETURN NULL;
END $$;

CREATE FUNCTION user_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post
    SET data = data || jsonb_build_object('author', jsonb_build_object('name', NEW.name, 'email', NEW.email))
    WHERE fk_user = NEW.pk_user;
    RETURN NULL;
END $$;

CREATE TRIGGER inserted AFTER INSERT ON tb_post FOR EACH ROW EXECUTE FUNCTION post_inserted();
CREATE TRIGGER updated AFTER UPDATE OF title, body ON tb_post FOR EACH ROW
    WHEN (OLD.fk_user = NEW.fk_user AND (OLD.title, OLD.body) IS DISTINCT FROM (NEW.title, NEW.body))
    EXECUTE FUNCTION post_updated();
CREATE TRIGGER moved AFTER UPDATE OF fk_user ON tb_post FOR EACH ROW
    WHEN (OLD.fk_user <> NEW.fk_user) EXECUTE FUNCTION post_moved();
CREATE TRIGGER deleted AFTER DELETE ON tb_post FOR EACH ROW EXECUTE FUNCTION post_deleted();
CREATE TRIGGER updated AFTER UPDATE OF name, email ON tb_user FOR EACH ROW
    WHEN ((OLD.name, OLD.email) IS DISTINCT FROM (NEW.name, NEW.email)) EXECUTE FUNCTION user_updated();
