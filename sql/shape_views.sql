-- Shapes: queries over views, over other TVIEWs, over partitions, children and other schemas.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- Views over views.
CREATE VIEW vw_post AS SELECT p.pk_post, p.title, p.fk_category, u.name AS author FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user;
CREATE VIEW vw_category AS SELECT k.pk_category, k.name, count(p.pk_post) AS posts, string_agg(p.author, ',' ORDER BY p.pk_post) AS authors
    FROM tb_category k LEFT JOIN vw_post p ON p.fk_category = k.pk_category GROUP BY k.pk_category;
CREATE TABLE tv_views AS SELECT pk_category AS pk_views, to_jsonb(v) AS data FROM vw_category v;
SELECT route('tv_views');
CALL write($$UPDATE tb_user SET name = 'Adele' WHERE pk_user = 1$$);
CALL write($$UPDATE tb_post SET fk_category = 3 WHERE pk_post = 11$$);

-- A view with security_invoker.
CREATE VIEW vw_comment WITH (security_invoker) AS SELECT c.fk_post, c.body, u.name FROM tb_comment c JOIN tb_user u ON u.pk_user = c.fk_user;
CREATE TABLE tv_invoker AS SELECT p.pk_post AS pk_invoker, count(v.*) AS n, max(v.name) AS last FROM tb_post p LEFT JOIN vw_comment v ON v.fk_post = p.pk_post GROUP BY 1;
SELECT route('tv_invoker');
CALL write($$UPDATE tb_user SET name = 'Zoe' WHERE pk_user = 3$$);

-- A TVIEW over a TVIEW, by its table.
CREATE TABLE tv_author AS SELECT u.pk_user AS pk_author, u.name, count(p.*) AS posts FROM tb_user u LEFT JOIN tb_post p ON p.fk_user = u.pk_user GROUP BY 1;
CREATE TABLE tv_over_table AS SELECT p.pk_post AS pk_over_table, p.title, a.name, a.posts FROM tb_post p LEFT JOIN tv_author a ON a.pk_author = p.fk_user;
SELECT route('tv_over_table');
CALL write($$UPDATE tb_post SET fk_user = 2 WHERE pk_post = 11$$);

-- By its backing view.
CREATE TABLE tv_over_view AS SELECT a.posts AS pk_over_view, array_agg(a.name ORDER BY a.pk_author) AS names FROM v_author a GROUP BY 1;
SELECT route('tv_over_view');
CALL write($$UPDATE tb_user SET name = 'Bea' WHERE pk_user = 2$$);
CALL write($$UPDATE tb_post SET fk_user = 1 WHERE pk_post = 13$$);

-- A diamond.
CREATE TABLE tv_commenter AS SELECT u.pk_user AS pk_commenter, u.name, count(c.*) AS comments FROM tb_user u LEFT JOIN tb_comment c ON c.fk_user = u.pk_user GROUP BY 1;
CREATE TABLE tv_diamond AS SELECT a.pk_author AS pk_diamond, a.name, a.posts, c.comments FROM tv_author a JOIN tv_commenter c ON c.pk_commenter = a.pk_author;
SELECT route('tv_diamond');
CALL write($$UPDATE tb_user SET name = 'Ada' WHERE pk_user = 1$$);
CALL write($$WITH p AS (DELETE FROM tb_post WHERE pk_post = 14) UPDATE tb_comment SET fk_user = 2 WHERE fk_user = 3$$);
-- Both ways lead to one document, which is built once.
SELECT pg_tviews_stats_reset('tv_diamond');
CALL write($$UPDATE tb_user SET name = 'Adele' WHERE pk_user = 1$$);
SELECT refreshes, documents_rebuilt, documents_updated FROM pg_tviews_performance_summary WHERE tview = 'tv_diamond'::regclass;
SELECT pg_tviews_stats_reset('tv_diamond');
CALL write($$WITH c AS (DELETE FROM tb_comment WHERE fk_user = 2) UPDATE tb_post SET fk_user = 2 WHERE pk_post = 12$$);
SELECT refreshes, documents_rebuilt, documents_updated FROM pg_tviews_performance_summary WHERE tview = 'tv_diamond'::regclass;

-- Inheritance: parent and children, the parent alone, a child.
CREATE TABLE tv_items AS SELECT i.pk_item AS pk_items, i.title, u.name FROM tb_item i LEFT JOIN tb_user u ON u.pk_user = i.fk_user;
SELECT route('tv_items');
CREATE TABLE tv_only_items AS SELECT pk_item AS pk_only_items, title FROM ONLY tb_item;
SELECT route('tv_only_items');
CREATE TABLE tv_book AS SELECT pk_item AS pk_book, title, pages FROM tb_book;
SELECT route('tv_book');
CALL write($$UPDATE tb_item SET title = upper(title)$$);
CALL write($$INSERT INTO tb_book VALUES (53, 2, 'Poems', 20)$$);
CALL write($$UPDATE tb_user SET name = 'Cyd' WHERE pk_user = 3$$);

-- Partitions: through the root, and one alone.
CREATE TABLE tv_sales AS SELECT u.pk_user AS pk_sales, sum(s.amount) AS amount, count(s.*) AS n FROM tb_user u LEFT JOIN tb_sale s ON s.fk_user = u.pk_user GROUP BY 1;
SELECT route('tv_sales');
CREATE TABLE tv_east AS SELECT s.pk_sale AS pk_east, s.amount, u.name FROM tb_sale_east s LEFT JOIN tb_user u ON u.pk_user = s.fk_user;
SELECT route('tv_east');
CALL write($$UPDATE tb_sale SET region = 'east' WHERE region = 'west'$$);
CALL write($$INSERT INTO tb_sale_rest VALUES ('south', 9, 3, 0.10)$$);
CALL write($$DELETE FROM tb_sale_east WHERE pk_sale = 1$$);

-- Several schemas.
CREATE TABLE tv_schemas AS SELECT r.currency AS pk_schemas, r.rate, u.name FROM s_other.tb_rate r LEFT JOIN tb_user u ON u.pk_user = r.fk_user;
SELECT route('tv_schemas');
CALL write($$UPDATE s_other.tb_rate SET rate = 1.100, fk_user = 2 WHERE currency = 'EUR'$$);

-- Written while the search_path is another, or empty.
SET search_path = s_other;
UPDATE s_shapes.tb_user SET name = 'Ben' WHERE pk_user = 2;
SET search_path = '';
UPDATE s_other.tb_rate SET fk_user = 1;
SET search_path = s_shapes, public;
CALL write('SELECT');

-- Quoted identifiers.
CREATE TABLE "tv_Quoted Name" AS SELECT q."Pk Quoted" AS "pk_Quoted Name", q."Text", u.name AS "Author's ""name""" FROM "Tb Quoted" q LEFT JOIN tb_user u ON u.pk_user = q."fk user";
SELECT route('"tv_Quoted Name"');
CALL write($$UPDATE "Tb Quoted" SET "fk user" = 3, "Text" = 'x' WHERE "Pk Quoted" = 1$$);
CALL write($$UPDATE tb_user SET name = 'Sid' WHERE pk_user = 3$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
