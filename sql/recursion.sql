-- Recursive CTEs: trees and graphs walked through in both directions, what is not walked through, and writes at every level.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_recursion;
SET search_path = s_recursion, public;
\i :schema
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

-- A tree of categories, and users that are interested in one.
CREATE TABLE tb_category (pk_category int PRIMARY KEY, fk_parent int REFERENCES tb_category ON DELETE CASCADE, name text);
CREATE INDEX ON tb_category (fk_parent);
INSERT INTO tb_category VALUES (1, NULL, 'all'), (2, 1, 'books'), (3, 2, 'novels'), (4, 3, 'crime'), (5, 2, 'maps'),
                               (6, NULL, 'other'), (7, 6, 'tools');
CREATE TABLE tb_interest (pk_interest int PRIMARY KEY, fk_user int, fk_category int);
CREATE INDEX ON tb_interest (fk_user);
CREATE INDEX ON tb_interest (fk_category);
INSERT INTO tb_interest VALUES (1, 1, 4), (2, 1, 7), (3, 2, 5), (4, 3, NULL);

-- Each category with its path: the key comes out of the last turn, so changes go on to the later ones.
CREATE TABLE tv_path AS WITH RECURSIVE t AS (
    SELECT pk_category, name AS path FROM tb_category WHERE fk_parent IS NULL
    UNION ALL SELECT c.pk_category, t.path || ' > ' || c.name FROM t JOIN tb_category c ON c.fk_parent = t.pk_category)
SELECT pk_category AS pk_path, path FROM t;
SELECT pg_tviews_explain('tv_path');

-- Each category with what is below it: the key is handed on from the base, so changes go back to the earlier turns.
CREATE TABLE tv_below AS WITH RECURSIVE t AS (
    SELECT pk_category AS top, pk_category, name FROM tb_category
    UNION ALL SELECT t.top, c.pk_category, c.name FROM t JOIN tb_category c ON c.fk_parent = t.pk_category)
SELECT top AS pk_below, jsonb_agg(name ORDER BY pk_category) AS names FROM t GROUP BY top;
SELECT pg_tviews_explain('tv_below');

-- The ancestors of a row's category, correlated.
CREATE TABLE tv_interest AS SELECT i.pk_interest, u.name, (
    WITH RECURSIVE up AS (
        SELECT c.*, 1 AS level FROM tb_category c WHERE c.pk_category = i.fk_category
        UNION ALL SELECT p.*, up.level + 1 FROM tb_category p JOIN up ON p.pk_category = up.fk_parent)
    SELECT jsonb_agg(up.name ORDER BY up.level DESC) FROM up) AS path
FROM tb_interest i LEFT JOIN tb_user u ON u.pk_user = i.fk_user;
SELECT pg_tviews_explain('tv_interest');

-- The recursion joined from outside, by what comes out of the last turn: users with all categories above their interests.
CREATE TABLE tv_reader AS WITH RECURSIVE t AS (
    SELECT pk_category, ARRAY[name] AS path FROM tb_category WHERE fk_parent IS NULL
    UNION SELECT c.pk_category, t.path || c.name FROM t, tb_category c WHERE c.fk_parent = t.pk_category)
SELECT u.pk_user AS pk_reader, u.name, jsonb_agg(t.path ORDER BY i.pk_interest) AS paths
FROM tb_user u LEFT JOIN (tb_interest i JOIN t ON t.pk_category = i.fk_category) ON i.fk_user = u.pk_user GROUP BY 1, 2;
SELECT pg_tviews_explain('tv_reader');

-- A graph that may go in circles, through a link table, and a filter on the way.
CREATE TABLE tb_follow (follower int, followed int, muted boolean NOT NULL DEFAULT false);
INSERT INTO tb_follow VALUES (1, 2), (2, 3), (3, 1), (3, 4);
CREATE TABLE tv_reach AS WITH RECURSIVE r AS (
    SELECT u.pk_user AS start, u.pk_user, u.name FROM tb_user u
    UNION SELECT r.start, n.pk_user, n.name FROM r JOIN tb_follow f ON f.follower = r.pk_user AND NOT f.muted
                                                   JOIN tb_user n ON n.pk_user = f.followed)
SELECT u.pk_user AS pk_reach, (SELECT string_agg(r.name, ', ' ORDER BY r.pk_user) FROM r WHERE r.start = u.pk_user) AS names FROM tb_user u;
SELECT pg_tviews_explain('tv_reach');

-- One recursion reads another; a key that is not discrete.
CREATE TABLE tb_part (pk_part numeric PRIMARY KEY, fk_whole numeric, weight int);
INSERT INTO tb_part VALUES (1, NULL, 1), (2.0, 1.0, 2), (3, 2, 3), (4, 3.00, 4);
CREATE TABLE tv_part AS WITH RECURSIVE a AS (
    SELECT pk_part, fk_whole, weight, 0 AS depth FROM tb_part WHERE fk_whole IS NULL
    UNION ALL SELECT p.pk_part, p.fk_whole, p.weight, a.depth + 1 FROM a JOIN tb_part p ON p.fk_whole = a.pk_part),
b AS (SELECT a.pk_part AS top, a.pk_part, a.weight FROM a WHERE a.depth > 0
      UNION ALL SELECT b.top, p.pk_part, p.weight FROM b JOIN tb_part p ON p.fk_whole = b.pk_part)
SELECT top AS pk_part, sum(weight) AS weight FROM b GROUP BY top;
SELECT pg_tviews_explain('tv_part');

-- Not walked through: a step that looks at several rows together, the recursion read below the step's own FROM clause.
CREATE TABLE tv_distinct AS WITH RECURSIVE t AS (
    SELECT pk_category, fk_parent FROM tb_category WHERE fk_parent IS NULL
    UNION ALL SELECT DISTINCT c.pk_category, c.fk_parent FROM t JOIN tb_category c ON c.fk_parent = t.pk_category)
SELECT pk_category AS pk_distinct, fk_parent FROM t;
SELECT pg_tviews_explain('tv_distinct');
CREATE TABLE tv_deep AS WITH RECURSIVE t AS (
    SELECT pk_category, fk_parent FROM tb_category WHERE fk_parent IS NULL
    UNION ALL SELECT c.pk_category, c.fk_parent FROM (SELECT * FROM t) s JOIN tb_category c ON c.fk_parent = s.pk_category)
SELECT pk_category AS pk_deep, fk_parent FROM t;
SELECT pg_tviews_explain('tv_deep');
CALL check_exact();

-- Writes at every level.
INSERT INTO tb_category VALUES (8, 4, 'noir'), (9, 8, 'french noir'), (10, NULL, 'new');
CALL check_exact();
UPDATE tb_category SET name = 'Books' WHERE pk_category = 2;
CALL check_exact();
UPDATE tb_category SET name = 'Noir' WHERE pk_category = 8;
CALL check_exact();
UPDATE tb_category SET name = 'All' WHERE pk_category = 1;
CALL check_exact();
-- Moves: a subtree, to the top, and two at once, one below the other.
UPDATE tb_category SET fk_parent = 6 WHERE pk_category = 3;
CALL check_exact();
UPDATE tb_category SET fk_parent = NULL WHERE pk_category = 4;
CALL check_exact();
UPDATE tb_category SET fk_parent = CASE pk_category WHEN 4 THEN 7 WHEN 7 THEN 2 END, name = upper(name) WHERE pk_category IN (4, 7);
CALL check_exact();
BEGIN;
UPDATE tb_category SET fk_parent = 10 WHERE pk_category = 8;
UPDATE tb_category SET fk_parent = 9 WHERE pk_category = 5;
DELETE FROM tb_category WHERE pk_category = 6;
COMMIT;
CALL check_exact();
CREATE TABLE tb_copy AS TABLE tb_category;
DELETE FROM tb_category WHERE pk_category = 2;
CALL check_exact();
UPDATE tb_interest SET fk_category = 9;
CALL check_exact();
UPDATE tb_interest SET fk_category = NULL, fk_user = 2 WHERE pk_interest = 1;
CALL check_exact();
UPDATE tb_follow SET muted = true WHERE follower = 2;
CALL check_exact();
UPDATE tb_follow SET muted = false, followed = 1 WHERE follower = 2;
CALL check_exact();
UPDATE tb_user SET name = 'Eve' WHERE pk_user = 3;
CALL check_exact();
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Dan', NULL);
CALL check_exact();
DELETE FROM tb_follow WHERE follower = 3 AND followed = 1;
CALL check_exact();
UPDATE tb_part SET weight = weight * 10 WHERE pk_part = 3;
CALL check_exact();
UPDATE tb_part SET fk_whole = 1.000 WHERE pk_part = 3;
CALL check_exact();
UPDATE tb_part SET pk_part = 2 WHERE pk_part = 2;
CALL check_exact();
DELETE FROM tb_part WHERE pk_part = 1;
CALL check_exact();
TRUNCATE tb_category CASCADE;
CALL check_exact();
INSERT INTO tb_category TABLE tb_copy;
CALL check_exact();
-- A circle, which no root reaches any more.
DROP TABLE tv_below, tv_interest;
UPDATE tb_category SET fk_parent = 9 WHERE pk_category = 8;
CALL check_exact();
UPDATE tb_category SET name = 'in the circle' WHERE pk_category = 9;
CALL check_exact();
UPDATE tb_category SET fk_parent = 10 WHERE pk_category = 8;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_recursion CASCADE;
