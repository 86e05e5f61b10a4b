\set ECHO none
-- The worked schema of all scripts: users write posts, users comment on them.  Made in the first schema of the search_path.
-- Also the helpers every script uses: exact(), attempt(), left_behind(), uuid_of().
SET client_min_messages = warning;

CREATE FUNCTION uuid_of(kind int, number bigint) RETURNS uuid IMMUTABLE LANGUAGE sql
RETURN format('%s0000000-0000-4000-8000-%s', kind, lpad(number::text, 12, '0'))::uuid;

CREATE TABLE tb_user (
    pk_user int PRIMARY KEY,
    id      uuid NOT NULL UNIQUE,
    name    text NOT NULL,
    email   text
);
CREATE TABLE tb_post (
    pk_post   int PRIMARY KEY,
    id        uuid NOT NULL UNIQUE,
    fk_user   int NOT NULL REFERENCES tb_user ON UPDATE CASCADE,
    title     text NOT NULL,
    published boolean NOT NULL DEFAULT true,
    note      text
);
CREATE TABLE tb_comment (
    pk_comment int PRIMARY KEY,
    id         uuid NOT NULL UNIQUE,
    fk_post    int NOT NULL REFERENCES tb_post ON UPDATE CASCADE ON DELETE CASCADE,
    fk_user    int REFERENCES tb_user ON UPDATE CASCADE ON DELETE SET NULL,
    body       text NOT NULL
);
CREATE INDEX ON tb_post (fk_user);
CREATE INDEX ON tb_comment (fk_post);
CREATE INDEX ON tb_comment (fk_user);

INSERT INTO tb_user (pk_user, id, name, email)
    SELECT n, uuid_of(1, n), name, lower(name) || '@example.com'
    FROM unnest('{Ada,Ben,Cyd}'::text[]) WITH ORDINALITY AS u (name, n);
INSERT INTO tb_post (pk_post, id, fk_user, title, published)
    VALUES (11, uuid_of(2, 11), 1, 'One', true), (12, uuid_of(2, 12), 1, 'Two', true),
           (13, uuid_of(2, 13), 2, 'Three', true), (14, uuid_of(2, 14), 2, 'Draft', false);
INSERT INTO tb_comment (pk_comment, id, fk_post, fk_user, body)
    VALUES (101, uuid_of(3, 101), 11, 2, 'Nice'), (102, uuid_of(3, 102), 11, 3, 'Agreed'),
           (103, uuid_of(3, 103), 12, 3, 'Hm'), (104, uuid_of(3, 104), 13, 1, 'Yes'), (105, uuid_of(3, 105), 13, NULL, 'No');

-- Every TVIEW of the database against its query: by pg_tviews_verify(), and by an oracle that knows nothing of the
-- extension: EXCEPT ALL both ways over the text of whole rows, under the TVIEW's settings.
CREATE FUNCTION exact(OUT tview text, OUT documents bigint, OUT verify bigint, OUT oracle bigint)
    RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
    m record;
    columns text;
BEGIN
    FOR m IN SELECT *, "table"::text AS name FROM pg_tview_meta ORDER BY schema COLLATE "C", entity COLLATE "C" LOOP
        tview := m.name;
        SELECT count(*) INTO verify FROM pg_tviews_verify(m.name);
        PERFORM set_config(name, value, true) FROM jsonb_each_text(m.settings) AS s (name, value) WHERE name <> 'search_path';
        SELECT string_agg(quote_ident(c), ', ') INTO columns FROM unnest(m.columns) AS c;
        EXECUTE format('SELECT count(*) FROM %s', m.name) INTO documents;
        EXECUTE format('WITH stored AS MATERIALIZED (SELECT ROW(%1$s)::text FROM %2$s),
                             wanted AS MATERIALIZED (SELECT ROW(%1$s)::text FROM (%3$s) AS q (%1$s))
                        SELECT count(*) FROM ((TABLE stored EXCEPT ALL TABLE wanted)
                                              UNION ALL (TABLE wanted EXCEPT ALL TABLE stored)) AS d',
                       columns, m.name, rtrim(m.definition, '; ')) INTO oracle;
        RETURN NEXT;
    END LOOP;
END $$;

-- The same in one line, for scripts that look after every statement.
CREATE PROCEDURE check_exact() LANGUAGE plpgsql AS $$
DECLARE
    report text;
BEGIN
    SELECT string_agg(format(CASE WHEN verify + oracle = 0 THEN '%s %s' ELSE '%s %s WRONG (verify %s, oracle %s)' END,
                             tview, documents, verify, oracle), ', ') INTO report FROM exact();
    RAISE INFO '%', coalesce(report, 'no TVIEW');
END $$;

-- Runs a command that should fail and shows what the user sees of the error, as INFO.  What the command did is undone in any
-- case.
CREATE PROCEDURE attempt(command text) LANGUAGE plpgsql AS $$
DECLARE
    state text; problem text; details text; advice text;
BEGIN
    BEGIN
        EXECUTE command;
        RAISE EXCEPTION USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, problem = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL,
            advice = PG_EXCEPTION_HINT;
    END;
    IF state = 'ZZ000' THEN
        RAISE INFO 'no error';
    ELSIF details = '' AND advice = '' THEN
        RAISE INFO USING MESSAGE = state || ': ' || problem;
    ELSIF details = '' THEN
        RAISE INFO USING MESSAGE = state || ': ' || problem, HINT = advice;
    ELSIF advice = '' THEN
        RAISE INFO USING MESSAGE = state || ': ' || problem, DETAIL = details;
    ELSE
        RAISE INFO USING MESSAGE = state || ': ' || problem, DETAIL = details, HINT = advice;
    END IF;
END $$;

-- What a refused or dropped TVIEW could have left in the schema: relations beyond the worked schema's, triggers, catalog rows.
CREATE FUNCTION left_behind() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT thing FROM (
        SELECT CASE relkind WHEN 'v' THEN 'view ' WHEN 'i' THEN 'index ' ELSE 'table ' END || relname AS thing
            FROM pg_class WHERE relnamespace = quote_ident(current_schema)::regnamespace AND relname ~ '^(tv|v)_'
        UNION ALL
        SELECT 'trigger ' || tgname || ' on ' || relname FROM pg_trigger JOIN pg_class c ON c.oid = tgrelid
            WHERE relnamespace = quote_ident(current_schema)::regnamespace AND NOT tgisinternal
        UNION ALL
        SELECT 'catalog row ' || entity FROM pg_tview_meta WHERE schema = current_schema) AS t
    ORDER BY thing COLLATE "C"
$$;

RESET client_min_messages;
\set ECHO all
