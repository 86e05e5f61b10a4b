-- The same with statement triggers and transition tables: one statement for all changed rows.  Not safe either.
CREATE FUNCTION lines_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_order t
    SET data = t.data || jsonb_build_object('total', x.total, 'lines', x.lines)
    FROM (SELECT l.fk_order, sum(l.quantity * s.price) AS total,
                 jsonb_agg(jsonb_build_object('id', l.pk_line, 'sku', s.name, 'quantity', l.quantity, 'price', s.price)
                           ORDER BY l.pk_line) AS lines
          FROM tb_line l JOIN tb_sku s ON s.pk_sku = l.fk_sku
          WHERE l.fk_order = ANY (ARRAY(SELECT fk_order FROM new_rows UNION SELECT fk_order FROM old_rows))
          GROUP BY l.fk_order) x
    WHERE t.pk_order = x.fk_order;
    RETURN NULL;
END $$;

CREATE FUNCTION skus_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_order t
    SET data = t.data || jsonb_build_object('total', x.total, 'lines', x.lines)
    FROM (SELECT l.fk_order, sum(l.quantity * s.price) AS total,
                 jsonb_agg(jsonb_build_object('id', l.pk_line, 'sku', s.name, 'quantity', l.quantity, 'price', s.price)
                           ORDER BY l.pk_line) AS lines
          FROM tb_line l JOIN tb_sku s ON s.pk_sku = l.fk_sku
          WHERE l.fk_order = ANY (ARRAY(SELECT DISTINCT l.fk_order FROM tb_line l JOIN new_rows n ON n.pk_sku = l.fk_sku))
          GROUP BY l.fk_order) x
    WHERE t.pk_order = x.fk_order;
    RETURN NULL;
END $$;

CREATE TRIGGER updated AFTER UPDATE ON tb_line REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lines_updated();
CREATE TRIGGER updated AFTER UPDATE ON tb_sku REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION skus_updated();
