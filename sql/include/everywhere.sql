\set ECHO none
-- Writes to every table that shapes.sql makes, for kinds of writes that are no single statement.
SET client_min_messages = error;

-- One UPDATE of each table, of columns that are shown, joined or filtered by.
CREATE PROCEDURE everywhere(word text) LANGUAGE plpgsql AS $$ BEGIN
    UPDATE tb_user SET name = word || pk_user, email = CASE WHEN email IS NULL THEN word END WHERE pk_user % 2 = 1;
    UPDATE tb_category SET name = word || name WHERE pk_category = (SELECT min(pk_category) FROM tb_category);
    UPDATE tb_post SET title = word || ' ' || title, published = NOT published, fk_editor = fk_user WHERE pk_post = (SELECT min(pk_post) FROM tb_post);
    UPDATE tb_comment SET body = word WHERE pk_comment % 2 = 1;
    UPDATE tb_tag SET label = word WHERE label IS DISTINCT FROM word;
    UPDATE tb_post_tag SET weight = coalesce(weight, 0) + 1.0;
    UPDATE tb_text SET body = word, lang = CASE lang WHEN 'en' THEN 'fr' ELSE 'en' END;
    UPDATE tb_follow SET day = coalesce(day + 1, '2024-01-01'), followed = CASE WHEN followed IS NULL THEN 1001 END;
    UPDATE tb_setting SET value = word WHERE name = 'site' AND value <> word;
    UPDATE tb_setting SET value = '1' || value WHERE name <> 'site' AND length(value) < 9;
    UPDATE tb_sale SET amount = amount + 0.50, fk_user = CASE WHEN fk_user IS NULL THEN 1001 END;
    UPDATE tb_item SET title = word, fk_user = CASE WHEN fk_user IS NULL THEN 1001 END;
    UPDATE tb_book SET pages = pages + 1;
    UPDATE s_other.tb_rate SET rate = rate + 0.10, fk_user = CASE WHEN fk_user IS NULL THEN 1001 END;
    UPDATE "Tb Quoted" SET "Text" = word, "fk user" = CASE WHEN "fk user" IS NULL THEN 1001 END;
    UPDATE tb_thing SET price = price + 0.50, mood = CASE mood WHEN 'low' THEN 'top' ELSE 'low' END::mood, level = coalesce(level, 0) + 1, size = coalesce(size, 0) + 1,
        posts = posts || (SELECT min(pk_post) FROM tb_post), meta = jsonb_build_object('tags', jsonb_build_array(word)), seen = seen + interval '1 day',
        address = ROW(word, 'Rome')::address, raw = convert_to(word, 'UTF8'), code = CASE code WHEN 'SQL' THEN 'sql' ELSE 'SQL' END::citext,
        fk_user = CASE WHEN fk_user IS NULL THEN 1001 END;
END $$;

-- The smallest and the largest key of a table trade places.
CREATE PROCEDURE swap(of regclass, key text) LANGUAGE plpgsql AS $$
DECLARE
    low bigint;
    high bigint;
BEGIN
    EXECUTE format('SELECT min(%s), max(%1$s) FROM %s', key, of) INTO low, high;
    EXECUTE format('UPDATE %s SET %s = 100000 WHERE %2$s = %s', of, key, low);
    EXECUTE format('UPDATE %s SET %s = %s WHERE %2$s = %4$s', of, key, low, high);
    EXECUTE format('UPDATE %s SET %s = %s WHERE %2$s = 100000', of, key, high);
END $$;

-- Rows of a table, deleted and inserted again; the last columns named come back as the expressions given for them.
CREATE PROCEDURE again(of regclass, named text, expressions text) LANGUAGE plpgsql AS $$
DECLARE
    others text = (SELECT coalesce(string_agg(quote_ident(attname) || ', ', ''), '') FROM pg_attribute
                   WHERE attrelid = of AND attnum > 0 AND NOT attisdropped AND attname <> ALL (string_to_array(named, ', ')));
BEGIN
    EXECUTE format('CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM ONLY %s', of);
    EXECUTE format('DELETE FROM ONLY %s', of);
    EXECUTE format('INSERT INTO %s (%s%s) SELECT %2$s%4$s FROM kept', of, others, named, expressions);
    DROP TABLE kept;
END $$;

-- Adds a column that no query names to every table, with a default where no TVIEW holds the table's rows as values.
CREATE PROCEDURE with_nobody() LANGUAGE plpgsql AS $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY '{tb_user,tb_category,tb_post,tb_comment,tb_tag,tb_post_tag,tb_text,tb_follow,tb_setting,tb_sale,tb_item,s_other.tb_rate,"\"Tb Quoted\"",tb_thing}'::text[] LOOP
        EXECUTE format('ALTER TABLE %s ADD nobody int%s', t, CASE WHEN t <> 'tb_user' THEN ' DEFAULT 3' END);
    END LOOP;
END $$;

-- Foreign keys, on tables that have none, ON UPDATE CASCADE and ON DELETE as said; NULL takes them away.
CREATE PROCEDURE linked(action text) LANGUAGE plpgsql SET client_min_messages = error AS $$
DECLARE
    l record;
BEGIN
    FOR l IN SELECT * FROM (VALUES ('tb_text', 'fk_post', 'tb_post'), ('tb_follow', 'follower', 'tb_user'), ('tb_sale', 'fk_user', 'tb_user'), ('tb_item', 'fk_user', 'tb_user'),
            ('tb_book', 'fk_user', 'tb_user'), ('s_other.tb_rate', 'fk_user', 'tb_user'), ('"Tb Quoted"', '"fk user"', 'tb_user'), ('tb_thing', 'fk_user', 'tb_user'),
            ('tb_thing', 'code', 'tb_tag')) AS v (t, c, target) LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', l.t, 'link ' || l.c);
        IF action IS NOT NULL THEN
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (%s) REFERENCES %s ON UPDATE CASCADE ON DELETE %s %s', l.t, 'link ' || l.c, l.c, l.target, action,
                           CASE WHEN l.t <> 'tb_sale' THEN 'NOT VALID' END);
        END IF;
    END LOOP;
END $$;

-- Takes all foreign keys away.
CREATE PROCEDURE unlinked() LANGUAGE plpgsql AS $$
DECLARE
    l record;
BEGIN
    FOR l IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' AND connamespace IN ('s_shapes'::regnamespace, 's_other'::regnamespace) LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', l.t, l.conname);
    END LOOP;
END $$;
RESET client_min_messages;
