SELECT b.bid AS pk_branch,
       jsonb_build_object('balance', b.bbalance, 'tellers',
           (SELECT jsonb_agg(jsonb_build_object('id', t.tid, 'balance', t.tbalance) ORDER BY t.tid)
            FROM pgbench_tellers t WHERE t.bid = b.bid)) AS data
FROM pgbench_branches b
