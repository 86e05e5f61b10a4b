-- Outer joins that a condition above makes inner joins: their ON conditions are walked from both sides.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_outer_joins;
SET search_path = s_outer_joins, public;
\i :schema
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE TABLE tb_stock (item int, place text, amount int);
CREATE TABLE tb_price (item int, price int);
INSERT INTO tb_stock VALUES (1, 'a', 10), (2, 'b', 20), (3, NULL, 30), (NULL, 'd', 40);
INSERT INTO tb_price VALUES (2, 200), (3, NULL), (4, 400), (NULL, 500);

-- By WHERE: the key's side may not be empty.
CREATE TABLE tv_left AS SELECT p.pk_post AS pk_left, u.name FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user
    WHERE p.pk_post IS NOT NULL;
SELECT pg_tviews_explain('tv_left');
CREATE TABLE tv_right AS SELECT p.pk_post AS pk_right, u.name FROM tb_post p RIGHT JOIN tb_user u ON p.fk_user = u.pk_user
    WHERE length(p.title) > 3;
SELECT pg_tviews_explain('tv_right');
-- A FULL JOIN that keeps one side, the other, neither, both.
CREATE TABLE tv_full_left AS SELECT s.item AS pk_full_left, s.place, p.price FROM tb_stock s FULL JOIN tb_price p ON p.item = s.item
    WHERE s.item > 0;
SELECT pg_tviews_explain('tv_full_left');
CREATE TABLE tv_full_right AS SELECT p.item AS pk_full_right, s.place, p.price FROM tb_stock s FULL JOIN tb_price p ON p.item = s.item
    WHERE p.item > 0;
SELECT pg_tviews_explain('tv_full_right');
CREATE TABLE tv_full_inner AS SELECT item AS pk_full_inner, s.place, p.price FROM tb_stock s FULL JOIN tb_price p USING (item)
    WHERE s.amount > 0 AND p.price IS NOT NULL;
SELECT pg_tviews_explain('tv_full_inner');
CREATE TABLE tv_full AS SELECT item AS pk_full, s.place, p.price FROM tb_stock s FULL JOIN tb_price p USING (item) WHERE item > 0;
SELECT pg_tviews_explain('tv_full');
-- By the ON condition of a join above, and of a nullable side.
CREATE TABLE tv_on AS SELECT c.pk_comment AS pk_on, c.body, p.title, u.name
    FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user JOIN tb_comment c ON c.fk_post = p.pk_post;
SELECT pg_tviews_explain('tv_on');
CREATE TABLE tv_nullable AS SELECT c.pk_comment AS pk_nullable, c.body, x.title, x.name
    FROM tb_comment c LEFT JOIN (tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user) AS x (pk_user, uid, name, email, pk_post, id, fk_user, title)
        ON x.pk_post = c.fk_post;
SELECT pg_tviews_explain('tv_nullable');
-- Not reduced: a condition that lets the empty side through.
CREATE TABLE tv_kept AS SELECT u.pk_user * 100 + coalesce(p.pk_post, 0) AS pk_kept, u.name, p.title FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user
    WHERE p.pk_post IS NULL OR p.published;
SELECT pg_tviews_explain('tv_kept');
CALL check_exact();

-- Rows enter and leave on either side.
INSERT INTO tb_user VALUES (4, uuid_of(1, 4), 'Dan', NULL);
CALL check_exact();
UPDATE tb_user SET name = upper(name) WHERE pk_user = 2;
CALL check_exact();
INSERT INTO tb_post (pk_post, id, fk_user, title, published) VALUES (17, uuid_of(2, 17), 4, 'Seven', false);
CALL check_exact();
DELETE FROM tb_post WHERE pk_post = 17;
CALL check_exact();
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (15, uuid_of(2, 15), 4, 'Five'), (16, uuid_of(2, 16), 3, 'Six');
CALL check_exact();
UPDATE tb_post SET fk_user = 1, published = NOT published WHERE pk_post IN (13, 16);
CALL check_exact();
UPDATE tb_comment SET fk_post = 15 WHERE pk_comment IN (101, 104);
CALL check_exact();
DELETE FROM tb_post WHERE pk_post = 15;
CALL check_exact();
UPDATE tb_stock SET item = 4 WHERE item = 1;
CALL check_exact();
UPDATE tb_price SET item = 5, price = 7 WHERE item = 2;
CALL check_exact();
UPDATE tb_price SET price = 300 WHERE item = 3;
CALL check_exact();
UPDATE tb_stock SET item = coalesce(item, 5), amount = -amount WHERE amount > 20;
CALL check_exact();
DELETE FROM tb_stock WHERE item = 4;
CALL check_exact();
TRUNCATE tb_price;
CALL check_exact();
DELETE FROM tb_user WHERE pk_user = 4;
CALL check_exact();

DROP SCHEMA s_outer_joins CASCADE;
