-- Queries of many shapes over the worked schema, all maintained at once through one sequence of writes.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_shapes;
SET search_path = s_shapes, public;
\i :schema
ALTER TABLE tb_post ALTER COLUMN fk_user DROP NOT NULL;
CREATE TABLE tb_follow (follower int, followed int, day date);
INSERT INTO tb_follow VALUES (1, 2, '2024-01-01'), (2, 3, '2024-01-02'), (3, NULL, NULL), (NULL, 1, '2024-01-03');
CREATE TABLE tb_text (fk_post int, lang text, body text);
INSERT INTO tb_text VALUES (11, 'en', 'Hello'), (11, 'fr', 'Bonjour'), (13, 'en', NULL), (NULL, 'fr', 'Salut');

CREATE TABLE shape (name text, query text);
INSERT INTO shape VALUES
-- joins
('inner', 'SELECT p.pk_post AS pk, p.title, u.name FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user'),
('left', 'SELECT p.pk_post AS pk, p.title, u.name FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user AND u.email IS NOT NULL'),
('left_filtered', 'SELECT p.pk_post AS pk, u.name FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user WHERE u.pk_user IS NULL OR u.name > ''B'''),
('left_chain', 'SELECT c.pk_comment AS pk, p.title, u.name FROM tb_comment c LEFT JOIN tb_post p ON p.pk_post = c.fk_post AND p.published LEFT JOIN tb_user u ON u.pk_user = p.fk_user'),
('left_of_join', 'SELECT c.pk_comment AS pk, x.title, x.name FROM tb_comment c LEFT JOIN (tb_post p JOIN tb_user u ON u.pk_user = p.fk_user) AS x (pk_post, id, fk_user, title) ON x.pk_post = c.fk_post'),
('right', 'SELECT u.pk_user AS pk, count(p.pk_post) FROM tb_post p RIGHT JOIN tb_user u ON u.pk_user = p.fk_user GROUP BY 1'),
('full', 'SELECT coalesce(a.k, b.k) AS pk, a.n AS a, b.n AS b FROM (SELECT fk_user AS k, count(*) AS n FROM tb_post WHERE fk_user IS NOT NULL GROUP BY 1) a
    FULL JOIN (SELECT fk_user AS k, count(*) AS n FROM tb_comment WHERE fk_user IS NOT NULL GROUP BY 1) b ON b.k = a.k'),
('full_using', 'SELECT k AS pk, a.n AS a, b.n AS b FROM (SELECT fk_user AS k, count(*) AS n FROM tb_post WHERE fk_user IS NOT NULL GROUP BY 1) a
    FULL JOIN (SELECT follower AS k, count(*) AS n FROM tb_follow WHERE follower IS NOT NULL GROUP BY 1) b USING (k)'),
('self', 'SELECT a.pk_post AS pk, (SELECT count(*) FROM tb_post b WHERE b.fk_user = a.fk_user AND b.pk_post < a.pk_post) AS before FROM tb_post a'),
('coalesced', 'SELECT p.pk_post AS pk, t.body FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user LEFT JOIN tb_text t ON t.fk_post = p.pk_post AND t.lang = coalesce(left(u.email, 2), ''en'')'),
('unequal', 'SELECT u.pk_user AS pk, max(f.day) AS day, count(f.*) AS n FROM tb_user u LEFT JOIN tb_follow f ON f.follower < u.pk_user GROUP BY 1'),
('or', 'SELECT DISTINCT u.pk_user AS pk, u.name FROM tb_user u JOIN tb_follow f ON f.follower = u.pk_user OR f.followed = u.pk_user'),
('not_distinct', 'SELECT u.pk_user AS pk, count(p.*) AS n FROM tb_user u LEFT JOIN tb_post p ON p.note IS NOT DISTINCT FROM u.email GROUP BY 1'),
('cross', 'SELECT u.pk_user AS pk, s.n FROM tb_user u CROSS JOIN (SELECT count(*) AS n FROM tb_post) s'),
('natural', 'SELECT pk_post AS pk, count(*) AS n FROM tb_post NATURAL JOIN (SELECT fk_post AS pk_post FROM tb_comment) c GROUP BY 1'),
('expression', 'SELECT u.pk_user AS pk, (SELECT count(*) FROM tb_text t WHERE lower(t.body) = lower(u.name) OR t.lang = left(u.email, 2)) AS n FROM tb_user u'),
-- subqueries
('exists', 'SELECT u.pk_user AS pk, EXISTS (SELECT FROM tb_post p WHERE p.fk_user = u.pk_user AND p.published) AS x FROM tb_user u'),
('not_exists', 'SELECT u.pk_user AS pk FROM tb_user u WHERE NOT EXISTS (SELECT FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post WHERE p.fk_user = u.pk_user)'),
('in', 'SELECT u.pk_user AS pk FROM tb_user u WHERE u.pk_user IN (SELECT fk_user FROM tb_comment)'),
('in_shown', 'SELECT u.pk_user AS pk, u.pk_user IN (SELECT fk_user FROM tb_comment) AS x FROM tb_user u'),
('not_in', 'SELECT u.pk_user AS pk FROM tb_user u WHERE u.pk_user NOT IN (SELECT fk_user FROM tb_comment)'),
('not_in_outer_null', 'SELECT p.pk_post AS pk, p.fk_user NOT IN (SELECT followed FROM tb_follow WHERE day > ''2024-01-01'') AS x FROM tb_post p'),
('in_pair', 'SELECT p.pk_post AS pk, (p.fk_user, p.published) IN (SELECT follower, day IS NOT NULL FROM tb_follow) AS x FROM tb_post p'),
('any', 'SELECT p.pk_post AS pk, p.fk_user > ANY (SELECT follower FROM tb_follow) AS x FROM tb_post p'),
('all', 'SELECT p.pk_post AS pk, p.fk_user >= ALL (SELECT follower FROM tb_follow) AS x FROM tb_post p'),
('scalar', 'SELECT u.pk_user AS pk, (SELECT max(title) FROM tb_post) AS last FROM tb_user u'),
('correlated', 'SELECT u.pk_user AS pk, (SELECT jsonb_agg((SELECT jsonb_agg(c.body ORDER BY c.pk_comment) FROM tb_comment c WHERE c.fk_post = p.pk_post AND c.fk_user <> u.pk_user) ORDER BY p.pk_post)
    FROM tb_post p WHERE p.fk_user = u.pk_user) AS data FROM tb_user u'),
('correlated_group', 'SELECT u.pk_user AS pk, (SELECT jsonb_object_agg(x.fk_user, x.n ORDER BY x.fk_user) FROM (SELECT c.fk_user, count(*) AS n FROM tb_comment c JOIN tb_post p ON p.pk_post = c.fk_post
    WHERE p.fk_user = u.pk_user AND c.fk_user IS NOT NULL GROUP BY 1) x) AS data FROM tb_user u'),
('array', 'SELECT u.pk_user AS pk, ARRAY(SELECT title FROM tb_post p WHERE p.fk_user = u.pk_user ORDER BY pk_post DESC) AS titles FROM tb_user u'),
('lateral', 'SELECT u.pk_user AS pk, l.title FROM tb_user u LEFT JOIN LATERAL (SELECT title FROM tb_post p WHERE p.fk_user = u.pk_user ORDER BY pk_post DESC LIMIT 1) l ON true'),
('lateral_two', 'SELECT u.pk_user AS pk, l.n FROM tb_user u CROSS JOIN LATERAL (SELECT count(*) AS n FROM tb_post p, LATERAL (SELECT FROM tb_comment c WHERE c.fk_post = p.pk_post AND c.fk_user = u.pk_user) x) l'),
('case', 'SELECT u.pk_user AS pk, CASE WHEN u.email IS NULL THEN 0 ELSE (SELECT count(*) FROM tb_post p WHERE p.fk_user = u.pk_user) END AS n FROM tb_user u'),
-- aggregates, windows, limits
('having', 'SELECT p.fk_user AS pk, count(*) AS n FROM tb_post p WHERE p.fk_user IS NOT NULL GROUP BY 1 HAVING count(*) > 1'),
('filter', 'SELECT fk_user AS pk, count(*) FILTER (WHERE published) AS n, string_agg(DISTINCT title, '','' ORDER BY title) AS t FROM tb_post WHERE fk_user IS NOT NULL GROUP BY 1'),
('total', 'SELECT 1 AS pk, count(*) AS n, max(name) AS last FROM tb_user'),
('nested', 'SELECT n AS pk, count(*) AS authors FROM (SELECT fk_user, count(*) AS n FROM tb_post GROUP BY 1) x GROUP BY 1'),
('window', 'SELECT pk_post AS pk, rank() OVER (PARTITION BY fk_user ORDER BY title, pk_post) AS rank, count(*) OVER () AS n FROM tb_post'),
('window_grouped', 'SELECT fk_user AS pk, max(rank) AS n FROM (SELECT fk_user, rank() OVER (PARTITION BY fk_user ORDER BY pk_post) FROM tb_post WHERE fk_user IS NOT NULL) r GROUP BY 1'),
('distinct_on', 'SELECT DISTINCT ON (fk_user) fk_user AS pk, title FROM tb_post WHERE fk_user IS NOT NULL ORDER BY fk_user, pk_post DESC'),
('limited', 'SELECT pk_post AS pk, title FROM tb_post ORDER BY pk_post DESC LIMIT 2'),
('limited_inside', 'SELECT u.pk_user AS pk, count(x.*) AS n FROM tb_user u LEFT JOIN (SELECT * FROM tb_post ORDER BY pk_post LIMIT 3) x ON x.fk_user = u.pk_user GROUP BY 1'),
('rollup', 'SELECT coalesce(fk_user, -1) AS pk, count(*) AS n FROM tb_post WHERE fk_user IS NOT NULL GROUP BY ROLLUP (fk_user)'),
('computed', 'SELECT pk_user % 2 AS pk, jsonb_agg(name ORDER BY pk_user) AS data FROM tb_user GROUP BY 1'),
('two_keys', 'SELECT length(u.name) * 1000 + p.pk_post AS pk, p.title FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user'),
-- set operations, CTEs, recursion, values, functions in FROM
('union', 'SELECT pk_user AS pk FROM tb_user UNION SELECT fk_user FROM tb_comment WHERE fk_user IS NOT NULL UNION SELECT pk_post FROM tb_post'),
('union_all', 'SELECT pk_user AS pk, name FROM tb_user UNION ALL SELECT pk_post + 1000, title FROM tb_post WHERE published'),
('except', 'SELECT pk_user AS pk FROM tb_user EXCEPT SELECT fk_user FROM tb_post'),
('intersect', 'SELECT pk_user AS pk FROM tb_user INTERSECT ALL SELECT fk_user FROM tb_comment'),
('cte', 'WITH p AS (SELECT pk_post, fk_user, title FROM tb_post WHERE published) SELECT a.pk_post AS pk, a.title, count(b.*) AS n FROM p a JOIN p b ON b.fk_user = a.fk_user GROUP BY 1, 2'),
('cte_chain', 'WITH a AS MATERIALIZED (SELECT fk_post, count(*) AS n FROM tb_comment GROUP BY 1), b AS (SELECT p.fk_user, sum(a.n) AS n FROM tb_post p JOIN a ON a.fk_post = p.pk_post GROUP BY 1)
    SELECT u.pk_user AS pk, b.n FROM tb_user u LEFT JOIN b ON b.fk_user = u.pk_user'),
('recursive', 'WITH RECURSIVE r AS (SELECT follower, followed FROM tb_follow UNION SELECT r.follower, f.followed FROM r JOIN tb_follow f ON f.follower = r.followed)
    SELECT u.pk_user AS pk, count(r.followed) AS n FROM tb_user u LEFT JOIN r ON r.follower = u.pk_user GROUP BY 1'),
('values', 'SELECT v.n AS pk, u.name FROM (VALUES (1), (2), (7)) AS v (n) LEFT JOIN tb_user u ON u.pk_user = v.n'),
('series', 'SELECT u.pk_user * 100 + s AS pk, u.name FROM tb_user u, generate_series(1, length(u.name)) AS s'),
('unnest', 'SELECT p.pk_post AS pk, count(w) AS words FROM tb_post p LEFT JOIN LATERAL unnest(string_to_array(p.title, '' '')) AS w ON true GROUP BY 1'),
('whole', 'SELECT p.pk_post AS pk, to_jsonb(p) AS data, u AS author FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user');
SET client_min_messages = error;
DO $$
DECLARE
    s shape;
BEGIN
    FOR s IN TABLE shape LOOP
        BEGIN
            PERFORM pg_tviews_create('tv_' || s.name, s.query, '{"key": "pk"}');
        EXCEPTION WHEN OTHERS THEN
            RAISE INFO '% is refused: % %', s.name, SQLSTATE, SQLERRM;
        END;
    END LOOP;
END $$;
RESET client_min_messages;
SELECT count(*) FROM pg_tview_meta;

-- Does it and tells which TVIEWs are wrong then.
CREATE PROCEDURE try(command text) LANGUAGE plpgsql AS $$
DECLARE
    wrong text;
BEGIN
    EXECUTE command;
    COMMIT;
    SELECT string_agg(tview, ', ') INTO wrong FROM exact() WHERE verify + oracle > 0;
    RAISE INFO '%', coalesce('WRONG: ' || wrong, 'exact');
    COMMIT;
END $$;
CALL try('SELECT');
CALL try($$INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Dee', 'fr@example.com')$$);
CALL try($$INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (15, uuid_of(2, 15), 4, 'Five six'), (16, uuid_of(2, 16), NULL, 'Nobody''s')$$);
CALL try($$INSERT INTO tb_comment VALUES (201, uuid_of(3, 201), 15, 4, 'x'), (202, uuid_of(3, 202), 16, 1, 'y'), (203, uuid_of(3, 203), 11, 1, 'z')$$);
CALL try($$UPDATE tb_user SET name = 'Hello', email = 'en@example.com' WHERE pk_user = 1$$);
CALL try($$UPDATE tb_user SET email = NULL WHERE pk_user = 2$$);
CALL try($$UPDATE tb_post SET title = title || ' more' WHERE fk_user = 1$$);
CALL try($$UPDATE tb_post SET fk_user = 2 WHERE pk_post = 12$$);
CALL try($$UPDATE tb_post SET fk_user = NULL WHERE pk_post = 11$$);
CALL try($$UPDATE tb_post SET fk_user = 3 WHERE fk_user IS NULL$$);
CALL try($$UPDATE tb_post SET published = NOT published WHERE pk_post IN (13, 14)$$);
CALL try($$UPDATE tb_post SET note = 'ada@example.com' WHERE pk_post = 13$$);
CALL try($$UPDATE tb_comment SET fk_user = NULL WHERE pk_comment = 101$$);
CALL try($$UPDATE tb_comment SET fk_user = 3 WHERE fk_user IS NULL$$);
CALL try($$UPDATE tb_comment SET fk_post = 13, body = 'moved' WHERE fk_post = 11$$);
CALL try($$DELETE FROM tb_comment WHERE fk_user = 3$$);
CALL try($$UPDATE tb_follow SET followed = 1 WHERE followed IS NULL$$);
CALL try($$UPDATE tb_follow SET follower = 4 WHERE follower IS NULL$$);
CALL try($$INSERT INTO tb_follow VALUES (4, 4, '2025-01-01'), (NULL, NULL, NULL), (2, 4, '2020-01-01')$$);
CALL try($$DELETE FROM tb_follow WHERE follower IS NULL OR followed = 3$$);
CALL try($$UPDATE tb_text SET fk_post = 12, body = 'hello' WHERE lang = 'fr'$$);
CALL try($$INSERT INTO tb_text VALUES (13, 'fr', 'dee'), (NULL, NULL, NULL)$$);
CALL try($$DELETE FROM tb_text WHERE body IS NULL$$);
CALL try($$UPDATE tb_user SET pk_user = pk_user + 10 WHERE pk_user > 2$$);
CALL try($$UPDATE tb_post SET pk_post = pk_post + 100 WHERE pk_post < 14$$);
CALL try($$WITH a AS (UPDATE tb_post SET fk_user = 1 WHERE pk_post = 14 RETURNING 1), b AS (DELETE FROM tb_text RETURNING 1),
                c AS (INSERT INTO tb_comment VALUES (301, uuid_of(3, 301), 14, 1, 'w') RETURNING 1) UPDATE tb_user SET name = 'Adele' WHERE pk_user = 1$$);
CALL try($$MERGE INTO tb_post p USING tb_user u ON u.pk_user = p.fk_user WHEN MATCHED AND u.pk_user = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET title = u.name
           WHEN NOT MATCHED THEN INSERT (pk_post, id, fk_user, title) VALUES (u.pk_user + 500, uuid_of(2, u.pk_user + 500), u.pk_user, 'merged')$$);
CALL try($$TRUNCATE tb_follow$$);
CALL try($$INSERT INTO tb_follow SELECT pk_user, 1, '2024-01-01' FROM tb_user$$);
CALL try($$TRUNCATE tb_comment$$);
CALL try($$DELETE FROM tb_post$$);
CALL try($$INSERT INTO tb_post (pk_post, id, fk_user, title) SELECT pk_user, uuid_of(2, pk_user), pk_user, name FROM tb_user$$);
CALL try($$TRUNCATE tb_user CASCADE$$);
CALL try($$INSERT INTO tb_user VALUES (1, uuid_of(1, 1), 'Again', NULL)$$);

SET client_min_messages = warning;
DROP SCHEMA s_shapes CASCADE;
