-- Times the update of one product's price, commit included, for 500 products in each of several schemas.  The schemas take
-- turns, so that whatever else the machine does slows all of them alike.  With synchronous_commit off it is the work that
-- shows, not the disk.
CREATE PROCEDURE median_update(schemas text[], INOUT report text DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
    last integer;
    products integer[];
    which integer[] := '{}';
    times numeric[] := '{}';
    start timestamptz;
BEGIN
    FOR i IN 1..cardinality(schemas) LOOP
        EXECUTE format('SELECT max(pk_product) FROM %I.tb_product', schemas[i]) INTO last;
        products[i] := last;
    END LOOP;
    COMMIT;
    FOR run IN 1..1000 LOOP
        FOR i IN 1..cardinality(schemas) LOOP
            start := clock_timestamp();
            EXECUTE format('UPDATE %I.tb_product SET price = price + 1 WHERE pk_product = $1', schemas[i])
                USING 1 + run % 500 * 7919 % products[i];
            COMMIT;
            IF run > 500 THEN    -- the first round brought the pages into memory
                which := which || i;
                times := times || extract(epoch FROM clock_timestamp() - start) * 1000;
            END IF;
        END LOOP;
    END LOOP;
    SELECT string_agg(format('%7s products, %-10s median %s ms, 95 of 100 below %s ms', to_char(products[i], 'FM999,999'),
               CASE WHEN to_regclass(format('%I.tv_product', schemas[i])) IS NULL THEN 'no TVIEW:' ELSE 'TVIEWs:' END,
               to_char(median, 'FM990.00'), to_char(most, 'FM990.00')), E'\n' ORDER BY i)
    INTO report
    FROM (SELECT i, percentile_cont(0.5) WITHIN GROUP (ORDER BY t)::numeric AS median,
                 percentile_cont(0.95) WITHIN GROUP (ORDER BY t)::numeric AS most
          FROM unnest(which, times) AS x (i, t) GROUP BY i) each_schema;
END $$;
