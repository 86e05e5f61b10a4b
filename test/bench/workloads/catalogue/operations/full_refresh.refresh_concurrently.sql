-- REFRESH MATERIALIZED VIEW, not concurrently
-- transactions: 1
-- rounds: 3
-- changes: nothing
REFRESH MATERIALIZED VIEW tv_product;
