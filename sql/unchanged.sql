-- Writes that change no document write none: rows of the TVIEW keep their version and updated_at.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_unchanged;
SET search_path = s_unchanged, public;
\i :schema
\i :tviews
-- The rows as they are now; touched() tells which of them have been written since.
CREATE TABLE seen (tview text, pk int, version xid, place tid, updated_at timestamptz);
CREATE PROCEDURE look() LANGUAGE sql AS $$
    TRUNCATE seen;
    INSERT INTO seen SELECT 'tv_user', pk_user, xmin, ctid, updated_at FROM tv_user
        UNION ALL SELECT 'tv_post', pk_post, xmin, ctid, updated_at FROM tv_post
        UNION ALL SELECT 'tv_comment', pk_comment, xmin, ctid, updated_at FROM tv_comment;
$$;
CREATE FUNCTION touched() RETURNS TABLE (tview text, touched int[], stamped int[]) LANGUAGE sql AS $$
    SELECT tview, array_agg(pk ORDER BY pk), array_agg(pk ORDER BY pk) FILTER (WHERE s.updated_at IS DISTINCT FROM n.updated_at)
    FROM (SELECT 'tv_user' AS tview, pk_user AS pk, xmin AS version, ctid AS place, updated_at FROM tv_user
          UNION ALL SELECT 'tv_post', pk_post, xmin, ctid, updated_at FROM tv_post
          UNION ALL SELECT 'tv_comment', pk_comment, xmin, ctid, updated_at FROM tv_comment) AS n
    FULL JOIN seen s USING (tview, pk)
    WHERE (s.version, s.place) IS DISTINCT FROM (n.version, n.place)
    GROUP BY tview ORDER BY tview
$$;

-- A column no TVIEW reads; the same values again; there and back in one transaction.
CALL look();
UPDATE tb_post SET note = 'x';
UPDATE tb_user SET email = email || 'x';
UPDATE tb_user SET name = name;
UPDATE tb_comment SET body = body || '';
BEGIN;
UPDATE tb_user SET name = upper(name);
UPDATE tb_user SET name = initcap(name);
COMMIT;
BEGIN;
INSERT INTO tb_comment VALUES (201, uuid_of(3, 201), 11, 1, 'short-lived');
DELETE FROM tb_comment WHERE pk_comment = 201;
DELETE FROM tb_comment WHERE pk_comment = 101;
INSERT INTO tb_comment VALUES (101, uuid_of(3, 101), 11, 2, 'Nice');
COMMIT;
SELECT * FROM touched();
-- A change that the documents do not show: a post that is not published, its comments' authors there.
UPDATE tb_post SET title = 'Still a draft' WHERE pk_post = 14;
DELETE FROM tb_comment WHERE false;
MERGE INTO tb_user u USING (VALUES (1), (2)) AS v (pk) ON u.pk_user = v.pk WHEN MATCHED THEN UPDATE SET name = u.name;
INSERT INTO tb_user VALUES (1, uuid_of(1, 1), 'Ada') ON CONFLICT (pk_user) DO UPDATE SET name = excluded.name;
SELECT * FROM touched();
-- One document changes: that row, no other, is written, and stamped with the transaction's time.
UPDATE tb_comment SET body = 'Nice!' WHERE pk_comment = 101;
SELECT * FROM touched();
CALL look();
BEGIN;
UPDATE tb_user SET name = CASE pk_user WHEN 3 THEN 'Cid' ELSE name END;
SELECT now() AS now \gset
COMMIT;
SELECT * FROM touched();
SELECT count(*) FROM tv_user WHERE updated_at = :'now';
-- Compared as images: what is equal and looks different is another document.
CREATE TABLE tb_price (pk_price int PRIMARY KEY, price numeric, data jsonb);
INSERT INTO tb_price VALUES (1, 1.0, '{"a": 1}');
CREATE TABLE tv_price AS SELECT pk_price, price, data FROM tb_price;
SELECT xmin AS before FROM tv_price \gset
UPDATE tb_price SET price = 1.0, data = '{"a":    1}';
SELECT xmin = :before AS unchanged, price, data FROM tv_price;
UPDATE tb_price SET price = 1.00;
SELECT xmin = :before AS unchanged, price, data FROM tv_price;
UPDATE tb_price SET data = '{"a": 1.0}';
SELECT price, data FROM tv_price;
UPDATE tb_price SET price = NULL;
UPDATE tb_price SET data = NULL;
SELECT price IS NULL AND data IS NULL AS empty FROM tv_price;
-- TRUNCATE and *everything* compare and write only what differs.
CALL look();
BEGIN;
CREATE TEMP TABLE kept ON COMMIT DROP AS SELECT * FROM tb_comment;
TRUNCATE tb_comment;
INSERT INTO tb_comment SELECT * FROM kept WHERE pk_comment <> 105;
COMMIT;
SELECT * FROM touched();
-- pg_tviews_refresh() and DDL that changes nothing.
CALL look();
SELECT tview_name, inserted, updated, deleted FROM pg_tviews_refresh(NULL);
ALTER TABLE tb_user ADD COLUMN age int;
CREATE OR REPLACE FUNCTION uuid_of(kind int, number bigint) RETURNS uuid IMMUTABLE LANGUAGE sql
    RETURN format('%s0000000-0000-4000-8000-%s', kind, lpad(number::text, 12, '0'))::uuid;
ALTER TABLE tb_post RENAME COLUMN title TO heading;
SELECT * FROM touched();
-- Large values, stored out of line in the base table and in the TVIEW.
UPDATE tb_user SET name = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 500) AS i) WHERE pk_user = 2;
CALL look();
UPDATE tb_user SET email = 'toast' WHERE pk_user = 2;
UPDATE tb_user SET name = name || '' WHERE pk_user = 2;
SELECT * FROM touched();
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_unchanged CASCADE;
