-- rename a category of ten products
\set category random(1, :products / 10)
\set n random(1, 1000000)
UPDATE tb_category SET name = 'Category ' || :n WHERE pk_category = :category;
