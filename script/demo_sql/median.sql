-- The median time of updating one product's price, commit included, over many products of a schema.
CREATE PROCEDURE median_update(schema text, INOUT ms numeric DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
    products integer;
    start timestamptz;
    times numeric[] := '{}';
BEGIN
    EXECUTE format('SELECT count(*) FROM %I.tb_product', schema) INTO products;
    COMMIT;
    FOR i IN 1..550 LOOP
        start := clock_timestamp();
        EXECUTE format('UPDATE %I.tb_product SET price = price + 1 WHERE pk_product = $1', schema)
            USING 1 + i * 7919 % products;
        COMMIT;
        IF i > 50 THEN    -- the first ones warm up
            times := times || (extract(epoch FROM clock_timestamp() - start) * 1000);
        END IF;
    END LOOP;
    SELECT round((percentile_cont(0.5) WITHIN GROUP (ORDER BY t))::numeric, 2) INTO ms FROM unnest(times) t;
END $$;
