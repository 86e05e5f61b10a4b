-- CREATE TABLE tv_product AS, against CREATE MATERIALIZED VIEW with a TVIEW's indexes
-- transactions: 1
-- rounds: 3
-- changes: nothing
BEGIN;
SELECT pg_tviews_create('tv_again', $q$ ${tv_product} $q$, '{"key": "pk_product"}');
ROLLBACK;
