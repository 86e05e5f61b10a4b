-- The statement triggers made safe under concurrency, in READ COMMITTED: branches are locked in a statement of its own before
-- the next one, which sees what was committed meanwhile, builds the array of tellers.  Accounts need no lock: the document has
-- the values of one row, and is locked as long as that is.
\ir hand_statement_triggers.sql
CREATE OR REPLACE FUNCTION tellers_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM tv_branch WHERE pk_branch IN (SELECT bid FROM new_rows) ORDER BY pk_branch FOR NO KEY UPDATE;
    UPDATE tv_branch b
    SET data = b.data || jsonb_build_object('tellers',
        (SELECT jsonb_agg(jsonb_build_object('id', t.tid, 'balance', t.tbalance) ORDER BY t.tid)
         FROM pgbench_tellers t WHERE t.bid = b.pk_branch))
    WHERE b.pk_branch IN (SELECT bid FROM new_rows);
    RETURN NULL;
END $$;
