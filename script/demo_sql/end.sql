-- After a step: its line of the table.  Documents written are those whose updated_at is new and those that are gone.
-- :refresh, if set, holds the REFRESH commands that bring the materialized views to the same state.
SELECT extract(epoch FROM clock_timestamp() - :'start') * 1000 AS ms \gset
SELECT count(*) FILTER (WHERE updated_at >= :'start') + greatest(:before - count(*), 0) AS documents
FROM (SELECT updated_at FROM tv_product UNION ALL SELECT updated_at FROM tv_rating
      UNION ALL SELECT updated_at FROM tv_post UNION ALL SELECT updated_at FROM tv_user) every \gset
\if :{?refresh}
    SELECT clock_timestamp() AS start \gset
    :refresh
    SELECT extract(epoch FROM clock_timestamp() - :'start') * 1000 AS refresh_ms \gset
    SELECT to_char(:refresh_ms / :ms, CASE WHEN :refresh_ms < 10 * :ms THEN 'FM990.0' ELSE 'FM999,990' END) || ' x' AS ratio \gset
    SELECT to_char(:refresh_ms, 'FM999,990.0') AS refresh_ms \gset
    \unset refresh
\else
    \set refresh_ms -
    \set ratio -
\endif
SELECT format('%-56s %9s %11s %12s %9s', :'what', to_char(:documents, 'FM999,999'), to_char(:ms, 'FM999,990.0'),
              :'refresh_ms', :'ratio');
