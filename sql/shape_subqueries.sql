-- Shapes: subqueries in expressions, in FROM and beside it, correlated at several levels.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- Scalar, correlated.
CREATE TABLE tv_scalar AS
SELECT u.pk_user AS pk_scalar, (SELECT max(p.title) FROM tb_post p WHERE p.fk_user = u.pk_user) AS last FROM tb_user u;
SELECT route('tv_scalar');
CALL write($$UPDATE tb_post SET title = 'Zwei' WHERE pk_post = 12$$);
CALL write($$UPDATE tb_post SET fk_user = 3 WHERE pk_post = 12$$);

-- EXISTS.
CREATE TABLE tv_exists AS
SELECT u.pk_user AS pk_exists, EXISTS (SELECT FROM tb_post p WHERE p.fk_user = u.pk_user AND p.published) AS writes FROM tb_user u;
SELECT route('tv_exists');
CALL write($$UPDATE tb_post SET published = false WHERE fk_user = 2$$);
CALL write($$DELETE FROM tb_post WHERE fk_user = 3$$);

-- NOT EXISTS over a join.
CREATE TABLE tv_not_exists AS
SELECT u.pk_user AS pk_not_exists FROM tb_user u
WHERE NOT EXISTS (SELECT FROM tb_post p JOIN tb_comment c ON c.fk_post = p.pk_post WHERE p.fk_user = u.pk_user);
SELECT route('tv_not_exists');
CALL write($$DELETE FROM tb_comment WHERE fk_post = 11$$);
CALL write($$INSERT INTO tb_comment VALUES (201, uuid_of(3, 201), 11, 1, 'First')$$);

-- IN.
CREATE TABLE tv_in AS SELECT u.pk_user AS pk_in FROM tb_user u WHERE u.pk_user IN (SELECT fk_user FROM tb_comment);
SELECT route('tv_in');
CALL write($$UPDATE tb_comment SET fk_user = 4 WHERE fk_user = 2$$);

-- IN with its NULL shown.
CREATE TABLE tv_in_shown AS SELECT p.pk_post AS pk_in_shown, p.fk_user IN (SELECT followed FROM tb_follow) AS x FROM tb_post p;
SELECT route('tv_in_shown');
CALL write($$UPDATE tb_follow SET followed = 4 WHERE followed IS NULL$$);
CALL write($$UPDATE tb_follow SET followed = NULL WHERE followed = 2$$);

-- NOT IN.
CREATE TABLE tv_not_in AS SELECT u.pk_user AS pk_not_in FROM tb_user u WHERE u.pk_user NOT IN (SELECT fk_user FROM tb_comment);
SELECT route('tv_not_in');
CALL write($$UPDATE tb_comment SET fk_user = NULL WHERE pk_comment = 103$$);
CALL write($$UPDATE tb_comment SET fk_user = 1 WHERE fk_user IS NULL$$);

-- Rows in IN.
CREATE TABLE tv_in_pair AS
SELECT p.pk_post AS pk_in_pair, (p.fk_user, p.published) IN (SELECT f.follower, f.day IS NOT NULL FROM tb_follow f) AS x FROM tb_post p;
SELECT route('tv_in_pair');
CALL write($$UPDATE tb_follow SET day = NULL WHERE follower = 1$$);

-- ANY and ALL with operators that are no equality.
CREATE TABLE tv_any AS SELECT p.pk_post AS pk_any, p.fk_user > ANY (SELECT follower FROM tb_follow) AS x FROM tb_post p;
SELECT route('tv_any');
CREATE TABLE tv_all AS SELECT p.pk_post AS pk_all, p.fk_user >= ALL (SELECT follower FROM tb_follow) AS x FROM tb_post p;
SELECT route('tv_all');
CALL write($$UPDATE tb_follow SET follower = 1 WHERE follower = 2$$);
CALL write($$DELETE FROM tb_follow WHERE follower IS NULL OR follower > 1000$$);

-- ARRAY().
CREATE TABLE tv_array_of AS
SELECT u.pk_user AS pk_array_of, ARRAY(SELECT title FROM tb_post p WHERE p.fk_user = u.pk_user ORDER BY pk_post DESC) AS titles FROM tb_user u;
SELECT route('tv_array_of');
CALL write($$INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (16, uuid_of(2, 16), 4, 'Sixteen')$$);

-- Two levels, the inner one correlated with both.
CREATE TABLE tv_nested AS
SELECT u.pk_user AS pk_nested,
       (SELECT jsonb_agg((SELECT jsonb_agg(c.body ORDER BY c.pk_comment) FROM tb_comment c
                          WHERE c.fk_post = p.pk_post AND c.fk_user <> u.pk_user) ORDER BY p.pk_post)
        FROM tb_post p WHERE p.fk_user = u.pk_user) AS data
FROM tb_user u;
SELECT route('tv_nested');
CALL write($$UPDATE tb_comment SET body = 'changed' WHERE fk_post = 11$$);
CALL write($$UPDATE tb_comment SET fk_user = 1 WHERE fk_post = 11$$);

-- Three levels.
CREATE TABLE tv_nested_deep AS
SELECT k.pk_category AS pk_nested_deep,
       (SELECT jsonb_agg(jsonb_build_object('post', p.title, 'comments',
                (SELECT jsonb_agg(jsonb_build_object('body', c.body, 'by', (SELECT u.name FROM tb_user u WHERE u.pk_user = c.fk_user))
                                  ORDER BY c.pk_comment) FROM tb_comment c WHERE c.fk_post = p.pk_post)) ORDER BY p.pk_post)
        FROM tb_post p WHERE p.fk_category = k.pk_category) AS data
FROM tb_category k;
SELECT route('tv_nested_deep');
CALL write($$UPDATE tb_user SET name = 'Adele' WHERE pk_user = 1$$);
CALL write($$UPDATE tb_post SET fk_category = 5 WHERE pk_post IN (11, 12)$$);

-- A grouped subquery in a correlated one.
CREATE TABLE tv_nested_group AS
SELECT u.pk_user AS pk_nested_group,
       (SELECT jsonb_object_agg(x.fk_user, x.n ORDER BY x.fk_user)
        FROM (SELECT c.fk_user, count(*) AS n FROM tb_comment c JOIN tb_post p ON p.pk_post = c.fk_post
              WHERE p.fk_user = u.pk_user AND c.fk_user IS NOT NULL GROUP BY 1) x) AS commenters
FROM tb_user u;
SELECT route('tv_nested_group');
CALL write($$UPDATE tb_comment SET fk_user = 2 WHERE pk_comment = 107$$);

-- LATERAL with ORDER BY and LIMIT: the latest three comments.
CREATE TABLE tv_latest AS
SELECT p.pk_post AS pk_latest, jsonb_agg(l.body ORDER BY l.pk_comment DESC) AS latest
FROM tb_post p LEFT JOIN LATERAL (SELECT c.pk_comment, c.body FROM tb_comment c WHERE c.fk_post = p.pk_post
                                  ORDER BY c.pk_comment DESC LIMIT 3) l ON true GROUP BY p.pk_post;
SELECT route('tv_latest');
CALL write($$INSERT INTO tb_comment VALUES (202, uuid_of(3, 202), 11, 2, 'Second')$$);
CALL write($$DELETE FROM tb_comment WHERE pk_comment IN (201, 202)$$);

-- LATERAL within LATERAL.
CREATE TABLE tv_lateral_deep AS
SELECT u.pk_user AS pk_lateral_deep, l.n
FROM tb_user u CROSS JOIN LATERAL (SELECT count(*) AS n FROM tb_post p, LATERAL (SELECT FROM tb_comment c WHERE c.fk_post = p.pk_post AND c.fk_user = u.pk_user) x) l;
SELECT route('tv_lateral_deep');
CALL write($$UPDATE tb_comment SET fk_user = 2 WHERE pk_comment < 104$$);

-- Derived table with GROUP BY.
CREATE TABLE tv_grouped AS
SELECT p.pk_post AS pk_grouped, p.title, coalesce(x.n, 0) AS comments
FROM tb_post p LEFT JOIN (SELECT fk_post, count(*) AS n FROM tb_comment GROUP BY fk_post) x ON x.fk_post = p.pk_post;
SELECT route('tv_grouped');
CALL write($$UPDATE tb_comment SET fk_post = 14 WHERE fk_post = 13$$);

-- Derived table with DISTINCT.
CREATE TABLE tv_distinct_inside AS
SELECT u.pk_user AS pk_distinct_inside, count(x.*) AS posts
FROM tb_user u JOIN (SELECT DISTINCT fk_user, fk_post FROM tb_comment) x ON x.fk_user = u.pk_user GROUP BY u.pk_user;
SELECT route('tv_distinct_inside');
CALL write($$UPDATE tb_comment SET fk_user = 3 WHERE fk_post = 14$$);

-- Derived table with HAVING.
CREATE TABLE tv_having_inside AS
SELECT u.pk_user AS pk_having_inside, u.name
FROM tb_user u JOIN (SELECT fk_user FROM tb_comment GROUP BY fk_user HAVING count(*) >= 3) x ON x.fk_user = u.pk_user;
SELECT route('tv_having_inside');
CALL write($$DELETE FROM tb_comment WHERE fk_user = 3 AND pk_comment > 105$$);

-- Derived table with a window function partitioned by the linked column.
CREATE TABLE tv_window_inside AS
SELECT u.pk_user AS pk_window_inside, x.title, x.n
FROM tb_user u JOIN (SELECT fk_user, title, row_number() OVER (PARTITION BY fk_user ORDER BY pk_post DESC) AS place,
                            count(*) OVER (PARTITION BY fk_user) AS n FROM tb_post) x ON x.fk_user = u.pk_user AND x.place = 1;
SELECT route('tv_window_inside');
CALL write($$UPDATE tb_post SET fk_user = 1 WHERE pk_post = 16$$);

-- The same without the partition.
CREATE TABLE tv_window_across AS
SELECT u.pk_user AS pk_window_across, min(x.place) AS best
FROM tb_user u JOIN (SELECT fk_user, rank() OVER (ORDER BY title, pk_post) AS place FROM tb_post) x ON x.fk_user = u.pk_user GROUP BY 1;
SELECT route('tv_window_across');
CALL write($$UPDATE tb_post SET title = 'AAA' WHERE pk_post = 16$$);

-- A subquery under CASE.
CREATE TABLE tv_case AS
SELECT u.pk_user AS pk_case, CASE WHEN u.email IS NULL THEN 0 ELSE (SELECT count(*) FROM tb_post p WHERE p.fk_user = u.pk_user) END AS n FROM tb_user u;
SELECT route('tv_case');
CALL write($$UPDATE tb_user SET email = NULL WHERE pk_user = 1$$);
CALL write($$UPDATE tb_post SET fk_user = 2 WHERE pk_post = 16$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
