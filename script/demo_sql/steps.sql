-- The visible part of the demo: writes to the base tables, each between begin.sql and end.sql, one line printed for each.
-- The time is the client's, commit included; so are the documents: they are up to date when the commit returns.
SET search_path = shop, blog;
\set product 'REFRESH MATERIALIZED VIEW CONCURRENTLY mv_product;'
\set rating 'REFRESH MATERIALIZED VIEW CONCURRENTLY mv_rating;'
\set post 'REFRESH MATERIALIZED VIEW CONCURRENTLY mv_post;'
\set user 'REFRESH MATERIALIZED VIEW CONCURRENTLY mv_user;'

SELECT format('%-56s %9s %11s %12s %9s', 'what is written', 'documents', 'TVIEWs, ms', 'REFRESH, ms', 'ratio');

\set what 'one product: a new price (first write of a session)'
\set refresh :product
\ir begin.sql
UPDATE tb_product SET price = price + 1 WHERE pk_product = 4711;
\ir end.sql

\set what 'the same product again'
\set refresh :product
\ir begin.sql
UPDATE tb_product SET price = price + 1 WHERE pk_product = 4711;
\ir end.sql

\set what 'its stock: one sold'
\set refresh :product
\ir begin.sql
UPDATE tb_stock SET on_hand = on_hand - 1 WHERE fk_product = 4711;
\ir end.sql

\set what 'a new review'
\set refresh :rating
\ir begin.sql
INSERT INTO tb_review (pk_review, fk_product, stars, body) VALUES (1000001, 4711, 5, 'Splendid.');
\ir end.sql

\set what 'a new comment: its post, the list of the post''s author'
\set refresh :post :user
\ir begin.sql
INSERT INTO tb_comment (pk_comment, fk_post, fk_user, body) VALUES (1000001, 815, 43, 'Second!');
\ir end.sql

\set what 'a user renamed: own posts and all those commented on'
\set refresh :post :user
\ir begin.sql
UPDATE tb_user SET name = 'Ada' WHERE pk_user = 42;
\ir end.sql

\set what 'a category renamed: its 1,000 products'
\set refresh :product
\ir begin.sql
UPDATE tb_category SET name = 'Garden' WHERE pk_category = 7;
\ir end.sql

\set what '1,000 products in one UPDATE: a new price'
\set refresh :product
\ir begin.sql
UPDATE tb_product SET price = round(price * 0.9, 2) WHERE pk_product BETWEEN 20001 AND 21000;
\ir end.sql

\set what '1,000 products in one UPDATE: a column no TVIEW reads'
\set refresh :product
\ir begin.sql
UPDATE tb_product SET note = 'checked' WHERE pk_product BETWEEN 20001 AND 21000;
\ir end.sql

\set what '5,000 comments in one INSERT'
\set refresh :post :user
\ir begin.sql
INSERT INTO tb_comment (pk_comment, fk_post, fk_user, body)
    SELECT 1100000 + i, 10000 + i * 7 % 5000, 1 + i, 'Late to the party.' FROM generate_series(1, 5000) i;
\ir end.sql

\set what 'a product deleted, its stock and reviews by cascade'
\set refresh :product :rating
\ir begin.sql
DELETE FROM tb_product WHERE pk_product = 4712;
\ir end.sql

\set what '1,000 products in one UPDATE, rolled back'
\ir begin.sql
BEGIN;
UPDATE tb_product SET price = 0 WHERE pk_product BETWEEN 20001 AND 21000;
ROLLBACK;
\ir end.sql

\set what '1,000 products, read, rolled back to savepoint, one kept'
\set refresh :product
\ir begin.sql
BEGIN;
UPDATE tb_product SET price = 1 WHERE pk_product = 815;
SAVEPOINT here;
UPDATE tb_product SET price = 0 WHERE pk_product BETWEEN 20001 AND 21000;
SELECT count(*) AS ignored FROM tv_product WHERE pk_product BETWEEN 20001 AND 21000 \gset
ROLLBACK TO here;
COMMIT;
\ir end.sql

\set what 'a write, a read of its document, a write: one transaction'
\set refresh :product
\ir begin.sql
BEGIN;
UPDATE tb_product SET price = 2 WHERE pk_product = 815;
SELECT data ->> 'price' AS read_back FROM tv_product WHERE pk_product = 815 \gset
UPDATE tb_supplier SET name = 'Acme ' || :'read_back' WHERE pk_supplier = 400;
COMMIT;
\ir end.sql
