-- CREATE MATERIALIZED VIEW with a TVIEW's indexes, against CREATE TABLE tv_product AS
-- transactions: 1
-- rounds: 3
-- changes: nothing
BEGIN;
CREATE MATERIALIZED VIEW mv_again AS ${tv_product};
CREATE UNIQUE INDEX ON mv_again (pk_product);
CREATE INDEX ON mv_again (fk_category);
CREATE INDEX ON mv_again (fk_supplier);
ROLLBACK;
