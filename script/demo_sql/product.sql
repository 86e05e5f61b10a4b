SELECT p.pk_product, p.id, p.fk_category, p.fk_supplier,
       jsonb_build_object(
           'name', p.name, 'price', p.price, 'category', c.name, 'supplier', s.name,
           'in_stock', coalesce(k.on_hand, 0)) AS data
FROM tb_product p
JOIN tb_category c ON c.pk_category = p.fk_category
JOIN tb_supplier s ON s.pk_supplier = p.fk_supplier
LEFT JOIN tb_stock k ON k.fk_product = p.pk_product
