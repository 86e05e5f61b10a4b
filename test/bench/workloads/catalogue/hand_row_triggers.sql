-- Row triggers as a good DBA writes them: each patches what the changed row is copied to; only the aggregates of the reviews are
-- computed again, for one product.  Not safe: two reviews of a product written at once are counted as one.
CREATE FUNCTION product_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tv_product
    SELECT NEW.pk_product, NEW.fk_category, NEW.fk_supplier,
           jsonb_build_object('name', NEW.name, 'price', NEW.price, 'category', c.name,
                              'supplier', jsonb_build_object('name', s.name, 'country', s.country),
                              'on_hand', 0, 'reviews', 0, 'stars', NULL)
    FROM tb_category c, tb_supplier s WHERE c.pk_category = NEW.fk_category AND s.pk_supplier = NEW.fk_supplier;
    RETURN NULL;
END $$;

CREATE FUNCTION product_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product SET data = data || jsonb_build_object('name', NEW.name, 'price', NEW.price)
    WHERE pk_product = NEW.pk_product;
    RETURN NULL;
END $$;

CREATE FUNCTION product_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t
    SET fk_category = NEW.fk_category, fk_supplier = NEW.fk_supplier,
        data = t.data || jsonb_build_object('name', NEW.name, 'price', NEW.price, 'category', c.name,
                                            'supplier', jsonb_build_object('name', s.name, 'country', s.country))
    FROM tb_category c, tb_supplier s
    WHERE c.pk_category = NEW.fk_category AND s.pk_supplier = NEW.fk_supplier AND t.pk_product = NEW.pk_product;
    RETURN NULL;
END $$;

CREATE FUNCTION product_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tv_product WHERE pk_product = OLD.pk_product;
    RETURN NULL;
END $$;

CREATE FUNCTION category_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product SET data = data || jsonb_build_object('category', NEW.name) WHERE fk_category = NEW.pk_category;
    RETURN NULL;
END $$;

CREATE FUNCTION supplier_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product
    SET data = data || jsonb_build_object('supplier', jsonb_build_object('name', NEW.name, 'country', NEW.country))
    WHERE fk_supplier = NEW.pk_supplier;
    RETURN NULL;
END $$;

CREATE FUNCTION stock_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE tv_product SET data = data || jsonb_build_object('on_hand', 0)
        WHERE pk_product = OLD.fk_product AND (TG_OP = 'DELETE' OR OLD.fk_product <> NEW.fk_product);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE tv_product SET data = data || jsonb_build_object('on_hand', NEW.on_hand) WHERE pk_product = NEW.fk_product;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION stock_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product SET data = data || jsonb_build_object('on_hand', NEW.on_hand) WHERE pk_product = NEW.fk_product;
    RETURN NULL;
END $$;

CREATE FUNCTION count_reviews(product integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t SET data = t.data || jsonb_build_object('reviews', r.n, 'stars', r.stars)
    FROM (SELECT count(*) AS n, round(avg(stars), 2) AS stars FROM tb_review WHERE fk_product = product) r
    WHERE t.pk_product = product;
END $$;

CREATE FUNCTION review_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM count_reviews(OLD.fk_product);
    END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND OLD.fk_product <> NEW.fk_product THEN
        PERFORM count_reviews(NEW.fk_product);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION review_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_product t SET data = t.data || jsonb_build_object('reviews', r.n, 'stars', r.stars)
    FROM (SELECT count(*) AS n, round(avg(stars), 2) AS stars FROM tb_review WHERE fk_product = NEW.fk_product) r
    WHERE t.pk_product = NEW.fk_product;
    RETURN NULL;
END $$;

CREATE TRIGGER inserted AFTER INSERT ON tb_product FOR EACH ROW EXECUTE FUNCTION product_inserted();
CREATE TRIGGER updated AFTER UPDATE OF name, price ON tb_product FOR EACH ROW
    WHEN ((OLD.fk_category, OLD.fk_supplier) = (NEW.fk_category, NEW.fk_supplier)
          AND (OLD.name, OLD.price) IS DISTINCT FROM (NEW.name, NEW.price)) EXECUTE FUNCTION product_updated();
CREATE TRIGGER moved AFTER UPDATE OF fk_category, fk_supplier ON tb_product FOR EACH ROW
    WHEN ((OLD.fk_category, OLD.fk_supplier) <> (NEW.fk_category, NEW.fk_supplier)) EXECUTE FUNCTION product_moved();
CREATE TRIGGER deleted AFTER DELETE ON tb_product FOR EACH ROW EXECUTE FUNCTION product_deleted();
CREATE TRIGGER updated AFTER UPDATE OF name ON tb_category FOR EACH ROW WHEN (OLD.name <> NEW.name)
    EXECUTE FUNCTION category_updated();
CREATE TRIGGER updated AFTER UPDATE OF name, country ON tb_supplier FOR EACH ROW
    WHEN ((OLD.name, OLD.country) <> (NEW.name, NEW.country)) EXECUTE FUNCTION supplier_updated();
CREATE TRIGGER written AFTER INSERT OR DELETE ON tb_stock FOR EACH ROW EXECUTE FUNCTION stock_written();
CREATE TRIGGER moved AFTER UPDATE OF fk_product ON tb_stock FOR EACH ROW WHEN (OLD.fk_product <> NEW.fk_product)
    EXECUTE FUNCTION stock_written();
CREATE TRIGGER updated AFTER UPDATE OF on_hand ON tb_stock FOR EACH ROW
    WHEN (OLD.fk_product = NEW.fk_product AND OLD.on_hand <> NEW.on_hand) EXECUTE FUNCTION stock_updated();
CREATE TRIGGER written AFTER INSERT OR DELETE ON tb_review FOR EACH ROW EXECUTE FUNCTION review_written();
CREATE TRIGGER moved AFTER UPDATE OF fk_product ON tb_review FOR EACH ROW WHEN (OLD.fk_product <> NEW.fk_product)
    EXECUTE FUNCTION review_written();
CREATE TRIGGER updated AFTER UPDATE OF stars ON tb_review FOR EACH ROW
    WHEN (OLD.fk_product = NEW.fk_product AND OLD.stars <> NEW.stars) EXECUTE FUNCTION review_updated();
