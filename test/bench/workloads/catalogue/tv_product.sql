SELECT p.pk_product, p.fk_category, p.fk_supplier,
       jsonb_build_object('name', p.name, 'price', p.price, 'category', c.name,
                          'supplier', jsonb_build_object('name', s.name, 'country', s.country),
                          'on_hand', coalesce(k.on_hand, 0),
                          'reviews', coalesce(r.n, 0), 'stars', round(r.stars, 2)) AS data
FROM tb_product p
JOIN tb_category c ON c.pk_category = p.fk_category
JOIN tb_supplier s ON s.pk_supplier = p.fk_supplier
LEFT JOIN tb_stock k ON k.fk_product = p.pk_product
LEFT JOIN (SELECT fk_product, count(*) AS n, avg(stars) AS stars FROM tb_review GROUP BY fk_product) r
    ON r.fk_product = p.pk_product
