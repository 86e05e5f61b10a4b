-- A shop: products with category, supplier, stock and reviews.  Variables: schema, products, reviews.
CREATE SCHEMA :schema;
SET search_path = :schema;
SELECT setseed(0.5);

CREATE TABLE tb_category (
    pk_category integer PRIMARY KEY,
    id          uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    name        text NOT NULL
);
CREATE TABLE tb_supplier (
    pk_supplier integer PRIMARY KEY,
    id          uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    name        text NOT NULL,
    country     text NOT NULL
);
CREATE TABLE tb_product (
    pk_product  integer PRIMARY KEY,
    id          uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    fk_category integer NOT NULL,
    fk_supplier integer NOT NULL,
    name        text NOT NULL,
    price       numeric(10,2) NOT NULL,
    note        text            -- for the staff; no TVIEW reads it
);
CREATE TABLE tb_stock (
    pk_stock   integer PRIMARY KEY,
    fk_product integer NOT NULL,
    on_hand    integer NOT NULL
);
CREATE TABLE tb_review (
    pk_review  integer PRIMARY KEY,
    id         uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    fk_product integer NOT NULL,
    stars      smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    body       text NOT NULL
);

INSERT INTO tb_category (pk_category, name) SELECT i, 'Category ' || i FROM generate_series(1, 100) i;
INSERT INTO tb_supplier (pk_supplier, name, country)
    SELECT i, 'Supplier ' || i, (ARRAY['DE', 'FR', 'JP', 'US', 'BR'])[1 + i % 5] FROM generate_series(1, 500) i;
INSERT INTO tb_product (pk_product, fk_category, fk_supplier, name, price, note)
    SELECT i, 1 + i % 100, 1 + i % 499, 'Product ' || i, round((1 + random() * 200)::numeric, 2), 'shelf ' || i
    FROM generate_series(1, :products) i;
-- Nine products of ten have a stock row.
INSERT INTO tb_stock (pk_stock, fk_product, on_hand)
    SELECT i, i, (random() * 100)::integer FROM generate_series(1, :products) i WHERE i % 10 <> 0;
INSERT INTO tb_review (pk_review, fk_product, stars, body)
    SELECT i, 1 + (random() * (:products - 1))::integer, 1 + (random() * 4)::integer,
           'Review ' || i || ': as described, arrived in time, would order again.'
    FROM generate_series(1, :reviews) i;

CREATE INDEX ON tb_product (fk_category);
CREATE INDEX ON tb_product (fk_supplier);
CREATE UNIQUE INDEX ON tb_stock (fk_product);
CREATE INDEX ON tb_review (fk_product);
ALTER TABLE tb_product ADD FOREIGN KEY (fk_category) REFERENCES tb_category;
ALTER TABLE tb_product ADD FOREIGN KEY (fk_supplier) REFERENCES tb_supplier;
ALTER TABLE tb_stock ADD FOREIGN KEY (fk_product) REFERENCES tb_product ON DELETE CASCADE;
ALTER TABLE tb_review ADD FOREIGN KEY (fk_product) REFERENCES tb_product ON DELETE CASCADE;
VACUUM ANALYZE tb_category, tb_supplier, tb_product, tb_stock, tb_review;
