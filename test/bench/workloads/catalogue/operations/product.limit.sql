-- update one product's price, and its document with one that lay ready
\set product random(1, :products)
\set price random(1, 20000)
WITH written AS (UPDATE tb_product SET price = :price / 100.0 WHERE pk_product = :product)
UPDATE tv_product
SET data = '{"name": "Product 12345", "price": 123.45, "stars": 3.20, "on_hand": 55, "reviews": 5, "category": "Category 1234", "supplier": {"name": "Supplier 1234", "country": "DE"}}'
WHERE pk_product = :product;
