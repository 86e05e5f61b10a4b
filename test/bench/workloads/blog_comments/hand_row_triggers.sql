-- Row triggers as a good DBA writes them: fired only where a column that matters has changed, patching what one level of the
-- document holds and building anew only the array of comments.  Not safe: a comment inserted while its author is being renamed
-- keeps the old name, and of two comments inserted at once one is lost.  Primary keys are taken not to change.
CREATE FUNCTION comments_of(post integer) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object('id', c.pk_comment, 'author', w.name, 'body', c.body)
                              ORDER BY c.pk_comment), '[]')
    FROM tb_comment c JOIN tb_user w ON w.pk_user = c.fk_user
    WHERE c.fk_post = post
$$;

CREATE FUNCTION post_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tv_post
    SELECT NEW.pk_post, NEW.fk_user,
           jsonb_build_object('title', NEW.title, 'body', NEW.body,
                              'author', jsonb_build_object('name', u.name, 'email', u.email), 'comments', jsonb '[]')
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
        data = t.data || jsonb_build_object('title', NEW.title, 'body', NEW.body,
                                            'author', jsonb_build_object('name', u.name, 'email', u.email))
    FROM tb_user u WHERE u.pk_user = NEW.fk_user AND t.pk_post = NEW.pk_post;
    RETURN NULL;
END $$;

CREATE FUNCTION post_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tv_post WHERE pk_post = OLD.pk_post;
    RETURN NULL;
END $$;

CREATE FUNCTION comment_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post
    SET data = data || jsonb_build_object('comments',
        (SELECT jsonb_agg(jsonb_build_object('id', c.pk_comment, 'author', w.name, 'body', c.body) ORDER BY c.pk_comment)
         FROM tb_comment c JOIN tb_user w ON w.pk_user = c.fk_user WHERE c.fk_post = NEW.fk_post))
    WHERE pk_post = NEW.fk_post;
    RETURN NULL;
END $$;

CREATE FUNCTION comment_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post SET data = data || jsonb_build_object('comments', comments_of(OLD.fk_post)) WHERE pk_post = OLD.fk_post;
    RETURN NULL;
END $$;

CREATE FUNCTION comment_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post SET data = data || jsonb_build_object('comments', comments_of(pk_post))
    WHERE pk_post IN (OLD.fk_post, NEW.fk_post);
    RETURN NULL;
END $$;

CREATE FUNCTION user_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_post
    SET data = data || jsonb_build_object('author', jsonb_build_object('name', NEW.name, 'email', NEW.email))
    WHERE fk_user = NEW.pk_user;
    IF OLD.name <> NEW.name THEN
        UPDATE tv_post t
        SET data = t.data || jsonb_build_object('comments', x.comments)
        FROM (SELECT c.fk_post, jsonb_agg(jsonb_build_object('id', c.pk_comment, 'author', w.name, 'body', c.body)
                                          ORDER BY c.pk_comment) AS comments
              FROM tb_comment c JOIN tb_user w ON w.pk_user = c.fk_user
              WHERE c.fk_post = ANY (ARRAY(SELECT fk_post FROM tb_comment WHERE fk_user = NEW.pk_user))
              GROUP BY c.fk_post) x
        WHERE t.pk_post = x.fk_post;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER inserted AFTER INSERT ON tb_post FOR EACH ROW EXECUTE FUNCTION post_inserted();
CREATE TRIGGER updated AFTER UPDATE OF title, body ON tb_post FOR EACH ROW
    WHEN (OLD.fk_user = NEW.fk_user AND (OLD.title, OLD.body) IS DISTINCT FROM (NEW.title, NEW.body))
    EXECUTE FUNCTION post_updated();
CREATE TRIGGER moved AFTER UPDATE OF fk_user ON tb_post FOR EACH ROW
    WHEN (OLD.fk_user <> NEW.fk_user) EXECUTE FUNCTION post_moved();
CREATE TRIGGER deleted AFTER DELETE ON tb_post FOR EACH ROW EXECUTE FUNCTION post_deleted();
CREATE TRIGGER inserted AFTER INSERT ON tb_comment FOR EACH ROW EXECUTE FUNCTION comment_inserted();
CREATE TRIGGER deleted AFTER DELETE ON tb_comment FOR EACH ROW EXECUTE FUNCTION comment_deleted();
CREATE TRIGGER updated AFTER UPDATE ON tb_comment FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION comment_updated();
CREATE TRIGGER updated AFTER UPDATE OF name, email ON tb_user FOR EACH ROW
    WHEN ((OLD.name, OLD.email) IS DISTINCT FROM (NEW.name, NEW.email)) EXECUTE FUNCTION user_updated();
