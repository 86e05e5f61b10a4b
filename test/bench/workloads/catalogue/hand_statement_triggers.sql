-- The same with statement triggers and transition tables: one statement for all changed rows.  Not safe either.  Primary keys
-- are taken not to change, nor the product of a stock row or a review.
CREATE FUNCTION products_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tv_product
    SELECT n.pk_product, n.fk_category, n.fk_supplier,
           jsonb_build_object('name', n.name, 'price', n.price, 'category', c.name,
                              'supplier', jsonb_build_object('name', s.name, 'country', s.country),
                              'on_hand', 0, 'reviews', 0, 'stars', NULL)
    FROM new_rows n JOIN tb_category c ON c.pk_category = n.fk_category JOIN tb_supplier s ON s.pk_supplier = n.fk_supplier;
    RETURN NULL;
END $$;

CREATE FUNCTION products_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t
    SET fk_category = n.fk_category, fk_supplier = n.fk_supplier,
        data = t.data || jsonb_build_object('name', n.name, 'price', n.price, 'category', c.name,
                                            'supplier', jsonb_build_object('name', s.name, 'country', s.country))
    FROM new_rows n
    JOIN old_rows o USING (pk_product)
    JOIN tb_category c ON c.pk_category = n.fk_category
    JOIN tb_supplier s ON s.pk_supplier = n.fk_supplier
    WHERE t.pk_product = n.pk_product
      AND (n.name, n.price, n.fk_category, n.fk_supplier) IS DISTINCT FROM (o.name, o.price, o.fk_category, o.fk_supplier);
    RETURN NULL;
END $$;

CREATE FUNCTION products_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tv_product t USING old_rows o WHERE t.pk_product = o.pk_product;
    RETURN NULL;
END $$;

CREATE FUNCTION categories_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t SET data = t.data || jsonb_build_object('category', n.name)
    FROM new_rows n JOIN old_rows o USING (pk_category) WHERE t.fk_category = n.pk_category AND n.name <> o.name;
    RETURN NULL;
END $$;

CREATE FUNCTION suppliers_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t
    SET data = t.data || jsonb_build_object('supplier', jsonb_build_object('name', n.name, 'country', n.country))
    FROM new_rows n JOIN old_rows o USING (pk_supplier)
    WHERE t.fk_supplier = n.pk_supplier AND (n.name, n.country) <> (o.name, o.country);
    RETURN NULL;
END $$;

CREATE FUNCTION stock_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t SET data = t.data || jsonb_build_object('on_hand', n.on_hand)
    FROM new_rows n WHERE t.pk_product = n.fk_product;
    RETURN NULL;
END $$;

CREATE FUNCTION stock_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t SET data = t.data || jsonb_build_object('on_hand', 0)
    FROM old_rows o WHERE t.pk_product = o.fk_product;
    RETURN NULL;
END $$;

CREATE FUNCTION reviews_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t SET data = t.data || jsonb_build_object('reviews', r.n, 'stars', r.stars)
    FROM (SELECT DISTINCT fk_product FROM new_rows) k,
         LATERAL (SELECT count(*) AS n, round(avg(stars), 2) AS stars FROM tb_review WHERE fk_product = k.fk_product) r
    WHERE t.pk_product = k.fk_product;
    RETURN NULL;
END $$;

CREATE FUNCTION reviews_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t SET data = t.data || jsonb_build_object('reviews', r.n, 'stars', r.stars)
    FROM (SELECT DISTINCT fk_product FROM old_rows) k,
         LATERAL (SELECT count(*) AS n, round(avg(stars), 2) AS stars FROM tb_review WHERE fk_product = k.fk_product) r
    WHERE t.pk_product = k.fk_product;
    RETURN NULL;
END $$;

CREATE TRIGGER inserted AFTER INSERT ON tb_product REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION products_inserted();
CREATE TRIGGER updated AFTER UPDATE ON tb_product REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION products_updated();
CREATE TRIGGER deleted AFTER DELETE ON tb_product REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION products_deleted();
CREATE TRIGGER updated AFTER UPDATE ON tb_category REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION categories_updated();
CREATE TRIGGER updated AFTER UPDATE ON tb_supplier REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION suppliers_updated();
CREATE TRIGGER inserted AFTER INSERT ON tb_stock REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stock_written();
CREATE TRIGGER updated AFTER UPDATE ON tb_stock REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stock_written();
CREATE TRIGGER deleted AFTER DELETE ON tb_stock REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION stock_deleted();
CREATE TRIGGER inserted AFTER INSERT ON tb_review REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reviews_written();
CREATE TRIGGER updated AFTER UPDATE ON tb_review REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reviews_written();
CREATE TRIGGER deleted AFTER DELETE ON tb_review REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION reviews_deleted();
