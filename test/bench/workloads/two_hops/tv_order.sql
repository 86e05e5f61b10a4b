SELECT o.pk_order,
       jsonb_build_object('customer', o.customer, 'total', coalesce(x.total, 0), 'lines', coalesce(x.lines, '[]')) AS data
FROM tb_order o
LEFT JOIN (
    SELECT l.fk_order, sum(l.quantity * s.price) AS total,
           jsonb_agg(jsonb_build_object('id', l.pk_line, 'sku', s.name, 'quantity', l.quantity, 'price', s.price) ORDER BY l.pk_line) AS lines
    FROM tb_line l
    JOIN tb_sku s ON s.pk_sku = l.fk_sku
    GROUP BY l.fk_order) x ON x.fk_order = o.pk_order
