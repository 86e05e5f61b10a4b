-- pg_tviews_explain(): how a change of each base table finds its documents, for queries of many shapes.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_explain;
SET search_path = s_explain, public;
\i :schema
\i :tviews
\pset format unaligned
\pset tuples_only on
SET client_min_messages = error;
-- Creates a TVIEW, explains it, drops it.
CREATE FUNCTION explained(query text, key text DEFAULT '"pk"') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_tviews_create('tv_x', query, format('{"key": %s}', key)::jsonb);
    RETURN QUERY SELECT pg_tviews_explain('tv_x') OFFSET 1;
    DROP TABLE tv_x;
END $$;

-- The TVIEWs of the worked schema.
SELECT pg_tviews_explain('tv_comment');
SELECT pg_tviews_explain('tv_post');
SELECT pg_tviews_explain('s_explain.tv_user');

-- One table; a filter; a whole row; no column at all.
SELECT explained('SELECT pk_user AS pk, name FROM tb_user');
SELECT explained('SELECT pk_post AS pk, title FROM tb_post WHERE published AND note IS NULL');
SELECT explained('SELECT pk_user AS pk, to_jsonb(u) AS data FROM tb_user u');
SELECT explained('SELECT pk_user AS pk, EXISTS (SELECT FROM tb_post) AS any FROM tb_user');

-- Joins: a missing index, a self-join, an outer join, USING, a condition that is no equality, one on an expression.
CREATE TABLE tb_follow (follower int, followed int, day date);
SELECT explained('SELECT u.pk_user AS pk, count(f.*) AS n FROM tb_user u LEFT JOIN tb_follow f ON f.followed = u.pk_user GROUP BY u.pk_user');
SELECT explained('SELECT f.follower, f.followed, a.name AS a, b.name AS b FROM tb_follow f JOIN tb_user a ON a.pk_user = f.follower
                  JOIN tb_user b ON b.pk_user = f.followed', '["follower", "followed"]');
SELECT explained('SELECT u.pk_user AS pk, max(f.day) FROM tb_user u LEFT JOIN tb_follow f ON f.follower < u.pk_user GROUP BY 1');
SELECT explained('SELECT u.pk_user AS pk, f.day FROM tb_user u LEFT JOIN tb_follow f ON lower(u.name) = f.followed::text');
CREATE INDEX part ON tb_follow (followed) WHERE day IS NOT NULL;
SELECT explained('SELECT u.pk_user AS pk, f.day FROM tb_user u LEFT JOIN tb_follow f ON f.followed = u.pk_user');
DROP INDEX part;
CREATE INDEX ON tb_user (lower(name));
CREATE INDEX ON tb_follow ((followed::text));
SELECT explained('SELECT u.pk_user AS pk, f.day FROM tb_user u LEFT JOIN tb_follow f ON lower(u.name) = f.followed::text');
SELECT explained('SELECT pk_post AS pk, p.title, c.n FROM tb_post p LEFT JOIN (SELECT fk_post AS pk_post, count(*) AS n FROM tb_comment GROUP BY 1) c USING (pk_post)');
SELECT explained('SELECT coalesce(u.pk_user, f.follower) AS pk, u.name FROM tb_user u FULL JOIN (SELECT DISTINCT follower FROM tb_follow) f ON f.follower = u.pk_user');

-- Subqueries: EXISTS, IN, NOT IN, ANY, ALL, scalar, correlated over two levels, LATERAL with LIMIT.
SELECT explained('SELECT pk_user AS pk FROM tb_user u WHERE EXISTS (SELECT FROM tb_post p WHERE p.fk_user = u.pk_user AND p.published)');
SELECT explained('SELECT pk_user AS pk FROM tb_user u WHERE pk_user IN (SELECT fk_user FROM tb_post)');
SELECT explained('SELECT pk_user AS pk FROM tb_user u WHERE pk_user NOT IN (SELECT fk_user FROM tb_comment)');
SELECT explained('SELECT pk_user AS pk, pk_user > ALL (SELECT fk_user FROM tb_comment) AS all FROM tb_user u');
SELECT explained('SELECT pk_user AS pk, (SELECT max(title) FROM tb_post) AS last FROM tb_user');
SELECT explained('SELECT pk_user AS pk, (SELECT jsonb_agg((SELECT max(body) FROM tb_comment c WHERE c.fk_post = p.pk_post) ORDER BY p.pk_post)
                                         FROM tb_post p WHERE p.fk_user = u.pk_user) AS last FROM tb_user u');
SELECT explained('SELECT u.pk_user AS pk, l.title FROM tb_user u LEFT JOIN LATERAL (SELECT title FROM tb_post p WHERE p.fk_user = u.pk_user ORDER BY pk_post LIMIT 1) l ON true');

-- Where nothing leads to a key: cross join, ungrouped aggregate, OR, window, LIMIT, computed keys; recursion, where something does.
SELECT explained('SELECT u.pk_user AS pk, s.n FROM tb_user u CROSS JOIN (SELECT count(*) AS n FROM tb_post) s');
SELECT explained('SELECT 1 AS pk, count(*) AS n FROM tb_post');
SELECT explained('SELECT DISTINCT u.pk_user AS pk, u.name FROM tb_user u JOIN tb_post p ON p.fk_user = u.pk_user OR p.note = u.name');
SELECT explained('SELECT pk_post AS pk, rank() OVER (ORDER BY title) AS rank FROM tb_post');
SELECT explained('SELECT pk_post AS pk, rank() OVER (PARTITION BY fk_user ORDER BY title) AS rank FROM tb_post');
SELECT explained('SELECT fk_user AS pk, max(rank) FROM (SELECT fk_user, rank() OVER (PARTITION BY fk_user ORDER BY title) FROM tb_post) r GROUP BY 1');
SELECT explained('SELECT pk_post AS pk, title FROM tb_post ORDER BY pk_post LIMIT 2');
SELECT explained('SELECT DISTINCT ON (fk_user) fk_user AS pk, title FROM tb_post ORDER BY fk_user, pk_post');
SELECT explained('WITH RECURSIVE r AS (SELECT follower, followed FROM tb_follow UNION SELECT r.follower, f.followed FROM r JOIN tb_follow f ON f.follower = r.followed)
                  SELECT u.pk_user AS pk, count(*) FROM tb_user u JOIN r ON r.follower = u.pk_user GROUP BY 1');
SELECT explained('SELECT pk_user + 1 AS pk, name FROM tb_user');
SELECT explained('SELECT pk_user % 2 AS pk, count(*) FROM tb_user GROUP BY 1');
SELECT explained('SELECT length(u.name) + p.pk_post AS pk, p.title FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user');

-- Set operations, CTEs used twice, grouping sets, views, other TVIEWs.
SELECT explained('SELECT pk_user AS pk, name FROM tb_user UNION ALL SELECT pk_post, title FROM tb_post');
SELECT explained('SELECT pk_user AS pk FROM tb_user EXCEPT SELECT fk_user FROM tb_post');
SELECT explained('WITH p AS (SELECT pk_post, fk_user, title FROM tb_post) SELECT a.pk_post AS pk, a.title, count(b.*) FROM p a JOIN p b ON b.fk_user = a.fk_user GROUP BY 1, 2');
SELECT explained('SELECT coalesce(fk_user, 0) AS pk, count(*) FROM tb_post GROUP BY ROLLUP (fk_user)');
CREATE VIEW titles AS SELECT p.pk_post, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user;
SELECT explained('SELECT pk_post AS pk, title, name FROM titles');
SELECT explained('SELECT fk_user AS pk, count(*) FROM tv_post GROUP BY 1');
SELECT explained('SELECT fk_user AS pk, count(*) FROM v_post GROUP BY 1');

-- Partitioned tables, ONLY, several key columns.
CREATE TABLE tb_event (pk_event int, day date) PARTITION BY RANGE (day);
SELECT explained('SELECT pk_event AS pk, day FROM tb_event');
SELECT explained('SELECT pk_user AS pk, name FROM ONLY tb_user');
SELECT explained('SELECT p.fk_user AS author, c.fk_user AS critic, count(*) FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post
                  WHERE c.fk_user IS NOT NULL GROUP BY 1, 2', '["author", "critic"]');
SELECT explained('VALUES (1, 2)', '"column1"');

-- What is not there or no TVIEW.
CALL attempt('SELECT pg_tviews_explain(''tv_nothing'')');
CALL attempt('SELECT pg_tviews_explain(''tb_user'')');
SELECT pg_tviews_explain(NULL);
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_explain CASCADE;
