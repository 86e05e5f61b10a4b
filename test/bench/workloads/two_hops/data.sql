-- Orders, ten lines each; a SKU is in a hundred lines.  Variables: orders, lines, skus.
SELECT setseed(0.5);

CREATE TABLE tb_sku (
    pk_sku integer PRIMARY KEY,
    name   text NOT NULL,
    price  numeric(10, 2) NOT NULL
);
CREATE TABLE tb_order (
    pk_order integer PRIMARY KEY,
    customer text NOT NULL
);
CREATE TABLE tb_line (
    pk_line  integer PRIMARY KEY,
    fk_order integer NOT NULL,
    fk_sku   integer NOT NULL,
    quantity integer NOT NULL
);

INSERT INTO tb_sku SELECT i, 'SKU ' || i, round((1 + random() * 99)::numeric, 2) FROM generate_series(1, :skus) i;
INSERT INTO tb_order SELECT i, 'Customer ' || i FROM generate_series(1, :orders) i;
INSERT INTO tb_line
    SELECT i, 1 + i % :orders, 1 + floor(random() * :skus)::integer, 1 + (random() * 4)::integer
    FROM generate_series(1, :lines) i;

CREATE INDEX ON tb_line (fk_order);
CREATE INDEX ON tb_line (fk_sku);
ALTER TABLE tb_line ADD FOREIGN KEY (fk_order) REFERENCES tb_order;
ALTER TABLE tb_line ADD FOREIGN KEY (fk_sku) REFERENCES tb_sku;
VACUUM ANALYZE;
