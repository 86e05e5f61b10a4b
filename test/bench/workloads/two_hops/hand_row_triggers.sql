-- Row triggers for the two tables this workload writes: lines and total of the orders concerned are built anew, found through
-- the indexes.  Not safe: of two lines of an order written at once one is lost.
CREATE FUNCTION line_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_order t
    SET data = t.data || jsonb_build_object('total', x.total, 'lines', x.lines)
    FROM (SELECT l.fk_order, sum(l.quantity * s.price) AS total,
                 jsonb_agg(jsonb_build_object('id', l.pk_line, 'sku', s.name, 'quantity', l.quantity, 'price', s.price)
                           ORDER BY l.pk_line) AS lines
          FROM tb_line l JOIN tb_sku s ON s.pk_sku = l.fk_sku
          WHERE l.fk_order = ANY (ARRAY[NEW.fk_order, OLD.fk_order])
          GROUP BY l.fk_order) x
    WHERE t.pk_order = x.fk_order;
    RETURN NULL;
END $$;

CREATE FUNCTION sku_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_order t
    SET data = t.data || jsonb_build_object('total', x.total, 'lines', x.lines)
    FROM (SELECT l.fk_order, sum(l.quantity * s.price) AS total,
                 jsonb_agg(jsonb_build_object('id', l.pk_line, 'sku', s.name, 'quantity', l.quantity, 'price', s.price)
                           ORDER BY l.pk_line) AS lines
          FROM tb_line l JOIN tb_sku s ON s.pk_sku = l.fk_sku
          WHERE l.fk_order = ANY (ARRAY(SELECT fk_order FROM tb_line WHERE fk_sku = NEW.pk_sku))
          GROUP BY l.fk_order) x
    WHERE t.pk_order = x.fk_order;
    RETURN NULL;
END $$;

CREATE TRIGGER updated AFTER UPDATE ON tb_line FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION line_updated();
CREATE TRIGGER updated AFTER UPDATE ON tb_sku FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION sku_updated();
