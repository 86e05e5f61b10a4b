-- TVIEWs over TVIEWs: over the table, over the backing view, in diamonds; flushed in order, within one transaction.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_over_tviews;
SET search_path = s_over_tviews, public;
\i :schema
\i :tviews

-- One over the table, one over the backing view of another, one over both kinds and a base table; three levels.
CREATE TABLE tv_author AS
SELECT u.pk_user AS pk_author, u.id,
       jsonb_build_object('name', u.name, 'posts', coalesce(p.posts, '[]')) AS data
FROM tb_user u
LEFT JOIN (SELECT fk_user, jsonb_agg(data -> 'title' ORDER BY pk_post) AS posts FROM tv_post GROUP BY fk_user) p ON p.fk_user = u.pk_user;
CREATE TABLE tv_brief AS SELECT pk_post AS pk_brief, data ->> 'title' AS title, jsonb_array_length(data -> 'comments') AS n FROM v_post;
CREATE TABLE tv_front AS
SELECT b.pk_brief AS pk_front, b.title, b.n, a.data -> 'name' AS author, p.published, c.last
FROM tv_brief b
JOIN tb_post p ON p.pk_post = b.pk_brief
JOIN tv_author a ON a.pk_author = p.fk_user
LEFT JOIN LATERAL (SELECT max(pk_comment) AS last FROM tv_comment c WHERE c.fk_post = b.pk_brief) c ON true;
CREATE TABLE tv_count AS SELECT 1 AS pk_count, count(*) AS posts, sum(n) AS comments FROM tv_front;
SELECT entity, dependencies FROM pg_tview_meta ORDER BY 1;
CALL check_exact();

UPDATE tb_user SET name = upper(name) WHERE pk_user = 1;
CALL check_exact();
UPDATE tb_post SET title = 'Uno' WHERE pk_post = 11;
CALL check_exact();
INSERT INTO tb_comment VALUES (201, uuid_of(3, 201), 11, 1, 'x'), (202, uuid_of(3, 202), 14, 1, 'y');
CALL check_exact();
UPDATE tb_post SET published = NOT published;
CALL check_exact();
UPDATE tb_post SET fk_user = 4 - fk_user;
CALL check_exact();
DELETE FROM tb_post WHERE pk_post = 14;
CALL check_exact();
INSERT INTO tb_post VALUES (15, uuid_of(2, 15), 1, 'New');
CALL check_exact();
TRUNCATE tb_comment;
CALL check_exact();
SELECT pk_front, title, n, author, last FROM tv_front ORDER BY 1;
SELECT pk_author, data FROM tv_author ORDER BY 1;
SELECT pk_count, posts, comments FROM tv_count;

-- A write that changes a document below but nothing above stops there.
BEGIN;
SELECT xmin AS before FROM tv_front WHERE pk_front = 15 \gset
INSERT INTO tb_comment VALUES (301, uuid_of(3, 301), 15, 1, 'x');
COMMIT;
SELECT xmin = :before AS unchanged FROM tv_front WHERE pk_front = 15;
BEGIN;
SELECT xmin AS before FROM tv_front WHERE pk_front = 15 \gset
UPDATE tb_comment SET body = 'other' WHERE pk_comment = 301;
SELECT pg_tviews_flush();
COMMIT;
SELECT xmin = :before AS unchanged FROM tv_front WHERE pk_front = 15;
CALL check_exact();

-- Reads at each level within a transaction, savepoints.
BEGIN;
UPDATE tb_user SET name = 'read' WHERE pk_user = 1;
SELECT author FROM tv_front WHERE pk_front = 15;
UPDATE tb_post SET title = 'read' WHERE pk_post = 15;
SELECT data FROM tv_author WHERE pk_author = 1;
SAVEPOINT one;
INSERT INTO tb_post VALUES (16, uuid_of(2, 16), 1, 'Rolled back');
SELECT posts FROM tv_count;
SELECT data -> 'posts' AS posts FROM tv_author WHERE pk_author = 1;
ROLLBACK TO one;
SELECT posts FROM tv_count;
UPDATE tb_post SET published = false WHERE pk_post = 15;
SELECT count(*) FROM tv_brief WHERE pk_brief = 15;
COMMIT;
CALL check_exact();

-- A diamond: two TVIEWs over one table, a third over both.
CREATE TABLE tv_left AS SELECT pk_user AS pk_left, name FROM tb_user;
CREATE TABLE tv_right AS SELECT pk_user AS pk_right, upper(name) AS name FROM tb_user;
CREATE TABLE tv_both AS SELECT l.pk_left AS pk_both, l.name, r.name AS upper FROM tv_left l JOIN tv_right r ON r.pk_right = l.pk_left;
CREATE TABLE tv_full AS SELECT coalesce(l.pk_left, b.pk_both) AS pk_full, l.name, b.upper
    FROM tv_left l FULL JOIN (SELECT * FROM tv_both WHERE pk_both > 1) b ON b.pk_both = l.pk_left;
BEGIN;
UPDATE tb_user SET name = 'Diamond' WHERE pk_user = 2;
SELECT pk_both, name, upper FROM tv_both WHERE pk_both = 2;
COMMIT;
-- One flush builds each document once, however many ways lead to it: counted by the statistics, and by what writes to the tables.
CREATE FUNCTION counted() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT format('%s: %s refreshes, %s documents rebuilt, %s updated, %s inserted, %s unchanged', entity, refreshes, documents_rebuilt, documents_updated,
                  documents_inserted, documents_unchanged)
    FROM pg_tviews_performance_summary WHERE schema = 's_over_tviews' AND entity IN ('left', 'right', 'both', 'full') ORDER BY entity
$$;
CREATE TABLE tb_written (tview text, operation text);
CREATE FUNCTION written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO tb_written VALUES (TG_TABLE_NAME, TG_OP);
    RETURN NULL;
END $$;
CREATE TRIGGER written AFTER INSERT OR UPDATE OR DELETE ON tv_both FOR EACH ROW EXECUTE FUNCTION written();
CREATE TRIGGER written AFTER INSERT OR UPDATE OR DELETE ON tv_full FOR EACH ROW EXECUTE FUNCTION written();
CREATE PROCEDURE reset() LANGUAGE sql AS $$
    DELETE FROM tb_written;
    SELECT pg_tviews_stats_reset(tview::text) FROM pg_tviews_performance_summary WHERE schema = 's_over_tviews'
$$;
CALL reset();
UPDATE tb_user SET name = 'Once' WHERE pk_user = 2;
SELECT * FROM counted();
SELECT tview, operation, count(*) FROM tb_written GROUP BY 1, 2 ORDER BY 1, 2;
CALL reset();
BEGIN;
UPDATE tb_user SET name = name || '.';
UPDATE tb_user SET name = name || '.' WHERE pk_user = 2;
COMMIT;
SELECT * FROM counted();
SELECT tview, operation, count(*) FROM tb_written GROUP BY 1, 2 ORDER BY 1, 2;
CALL reset();
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Four');
SELECT * FROM counted();
SELECT tview, operation, count(*) FROM tb_written GROUP BY 1, 2 ORDER BY 1, 2;
DROP TRIGGER written ON tv_both;
DROP TRIGGER written ON tv_full;
CALL check_exact();
UPDATE tb_user SET pk_user = 5 WHERE pk_user = 4;
CALL check_exact();
DELETE FROM tb_user WHERE pk_user = 5;
CALL check_exact();

-- What is written to a TVIEW's table by hand reaches those over it, and pg_tviews_refresh() takes both back.
UPDATE tv_left SET name = 'by hand' WHERE pk_left = 2;
SELECT pk_both, name FROM tv_both WHERE pk_both = 2;
SELECT tview_name, key, difference FROM pg_tviews_verify(NULL);
SELECT * FROM pg_tviews_refresh('tv_left');
SELECT pk_both, name FROM tv_both WHERE pk_both = 2;
CALL check_exact();
UPDATE tv_left SET name = 'by hand' WHERE pk_left = 2;
DELETE FROM tv_right WHERE pk_right = 1;
SELECT * FROM pg_tviews_refresh(NULL);
CALL check_exact();

-- A new level put in between by drop and create; the lowest one cannot be dropped alone.
CALL attempt('DROP TABLE tv_left');
DROP TABLE tv_full;
DROP TABLE tv_both;
CREATE TABLE tv_both AS SELECT pk_right AS pk_both, name FROM tv_right;
UPDATE tb_user SET name = 'end' WHERE pk_user = 2;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_over_tviews CASCADE;
