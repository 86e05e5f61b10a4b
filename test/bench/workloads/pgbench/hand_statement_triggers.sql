-- The same with statement triggers and transition tables.  Not safe either.
CREATE FUNCTION accounts_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_account t SET data = jsonb_build_object('balance', n.abalance) FROM new_rows n WHERE t.pk_account = n.aid;
    RETURN NULL;
END $$;

CREATE FUNCTION branches_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_branch t SET data = t.data || jsonb_build_object('balance', n.bbalance) FROM new_rows n WHERE t.pk_branch = n.bid;
    RETURN NULL;
END $$;

CREATE FUNCTION tellers_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_branch b
    SET data = b.data || jsonb_build_object('tellers',
        (SELECT jsonb_agg(jsonb_build_object('id', t.tid, 'balance', t.tbalance) ORDER BY t.tid)
         FROM pgbench_tellers t WHERE t.bid = b.pk_branch))
    WHERE b.pk_branch IN (SELECT bid FROM new_rows);
    RETURN NULL;
END $$;

CREATE TRIGGER updated AFTER UPDATE ON pgbench_accounts REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_updated();
CREATE TRIGGER updated AFTER UPDATE ON pgbench_branches REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION branches_updated();
CREATE TRIGGER updated AFTER UPDATE ON pgbench_tellers REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION tellers_updated();
