SELECT a.aid AS pk_account, a.bid AS fk_branch, jsonb_build_object('balance', a.abalance) AS data
FROM pgbench_accounts a
