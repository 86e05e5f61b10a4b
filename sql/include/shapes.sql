\set ECHO none
-- What the shape scripts (sql/shape_*.sql) share: tables of every kind with rows in them, and what to call after CREATE TABLE tv_….
-- Included a second time, by a script that gathers the shapes of all of them (sql/writes_matrix.sql), it does nothing.
\if :{?gathering}
\else
\set worked :srcdir '/sql/include/worked_schema.sql'
\set rows :srcdir '/sql/include/shape_rows.sql'
SET client_min_messages = error;
CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
DROP SCHEMA IF EXISTS s_shapes, s_other CASCADE;
CREATE SCHEMA s_shapes;
CREATE SCHEMA s_other;
SET search_path = s_shapes, public;
\i :worked
\set ECHO none
SET client_min_messages = error;

-- Posts have an author and an editor, and stand in a tree of categories.
CREATE TABLE tb_category (
    pk_category int PRIMARY KEY,
    fk_parent   int REFERENCES tb_category ON UPDATE CASCADE ON DELETE CASCADE,
    name        text NOT NULL
);
CREATE INDEX ON tb_category (fk_parent);
ALTER TABLE tb_post ALTER fk_user DROP NOT NULL,
    ADD fk_editor int REFERENCES tb_user ON UPDATE CASCADE ON DELETE SET NULL,
    ADD fk_category int REFERENCES tb_category ON UPDATE CASCADE ON DELETE SET NULL;
CREATE INDEX ON tb_post (fk_category);
-- A key of text that compares without case, and a link table with a composite key.
CREATE TABLE tb_tag (pk_tag citext PRIMARY KEY, label text);
CREATE TABLE tb_post_tag (
    fk_post int REFERENCES tb_post ON UPDATE CASCADE ON DELETE CASCADE,
    fk_tag  citext REFERENCES tb_tag ON UPDATE CASCADE ON DELETE CASCADE,
    weight  numeric,
    PRIMARY KEY (fk_post, fk_tag)
);
CREATE INDEX ON tb_post_tag (fk_tag);
-- Tables without any key.
CREATE TABLE tb_text (fk_post int, lang text, body text);
CREATE TABLE tb_follow (follower bigint, followed bigint, day date);
CREATE TABLE tb_setting (name text PRIMARY KEY, value text);
-- Partitions, inheritance, another schema, quoted names.
CREATE TABLE tb_sale (region text, pk_sale int, fk_user int, amount numeric, PRIMARY KEY (region, pk_sale)) PARTITION BY LIST (region);
CREATE TABLE tb_sale_east PARTITION OF tb_sale FOR VALUES IN ('east');
CREATE TABLE tb_sale_west PARTITION OF tb_sale FOR VALUES IN ('west');
CREATE TABLE tb_sale_rest PARTITION OF tb_sale DEFAULT;
CREATE TABLE tb_item (pk_item int PRIMARY KEY, fk_user int, title text);
CREATE TABLE tb_book (pages int) INHERITS (tb_item);
CREATE TABLE s_other.tb_rate (currency text PRIMARY KEY, rate numeric, fk_user int);
CREATE TABLE "Tb Quoted" ("Pk Quoted" int PRIMARY KEY, "fk user" int, "Text" text);
-- Types.
CREATE TYPE mood AS ENUM ('low', 'high', 'top');
CREATE DOMAIN level AS int CHECK (VALUE >= 0);
CREATE TYPE address AS (street text, town text);
CREATE TABLE tb_thing (
    pk_thing int PRIMARY KEY,
    fk_user  int,
    code     citext,
    price    numeric,
    mood     mood,
    level    level,
    posts    int[],
    meta     jsonb,
    seen     timestamptz,
    address  address,
    raw      bytea,
    size     int,
    area     int GENERATED ALWAYS AS (size * size) STORED,
    span     int4range
);
CREATE AGGREGATE product(numeric) (SFUNC = numeric_mul, STYPE = numeric);
\i :rows
SET client_min_messages = error;

-- How a change of each table finds its documents: pg_tviews_explain() without columns and indexes.
CREATE FUNCTION route(tview text) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT line FROM pg_tviews_explain(tview) WITH ORDINALITY AS e (line, n)
    WHERE n > 1 AND line !~ '^ *(columns that matter|the (hop|rebuild) (uses|wants))' ORDER BY n
$$;

-- What each TVIEW held after the last write, and whether a write has changed it yet.
CREATE TABLE held (tview regclass PRIMARY KEY, content text, changed boolean NOT NULL DEFAULT false);
CREATE FUNCTION content(tview regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    content text;
BEGIN
    EXECUTE format('SELECT md5(string_agg(t::text, ''|'' ORDER BY t::text)) FROM %s AS t', tview) INTO content;
    RETURN content;
END $$;

-- Runs a command and compares every TVIEW with its query, as exact() does.
CREATE PROCEDURE write(command text) LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    INSERT INTO held SELECT "table", content("table") FROM pg_tview_meta WHERE schema = 's_shapes' ON CONFLICT DO NOTHING;
    COMMIT;
    EXECUTE command;
    COMMIT;
    SELECT string_agg(tview, ', ') INTO wrong FROM exact() WHERE verify + oracle > 0;
    RAISE INFO '%', coalesce('WRONG: ' || wrong, 'exact');
    UPDATE held SET changed = changed OR content IS DISTINCT FROM content(tview), content = content(tview)
        WHERE tview IN (SELECT "table" FROM pg_tview_meta);
    COMMIT;
END $$;
RESET client_min_messages;
\pset format unaligned
\pset tuples_only on
\set ECHO all
\endif
