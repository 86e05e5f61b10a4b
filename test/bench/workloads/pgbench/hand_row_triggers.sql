-- Row triggers for the updates this workload makes.  A teller's branch may be another than that of the transaction, so that two
-- sessions can lose a teller's balance.
CREATE FUNCTION account_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_account SET data = jsonb_build_object('balance', NEW.abalance) WHERE pk_account = NEW.aid;
    RETURN NULL;
END $$;

CREATE FUNCTION branch_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_branch SET data = data || jsonb_build_object('balance', NEW.bbalance) WHERE pk_branch = NEW.bid;
    RETURN NULL;
END $$;

CREATE FUNCTION teller_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tv_branch
    SET data = data || jsonb_build_object('tellers',
        (SELECT jsonb_agg(jsonb_build_object('id', t.tid, 'balance', t.tbalance) ORDER BY t.tid)
         FROM pgbench_tellers t WHERE t.bid = NEW.bid))
    WHERE pk_branch = NEW.bid;
    RETURN NULL;
END $$;

CREATE TRIGGER updated AFTER UPDATE OF abalance ON pgbench_accounts FOR EACH ROW WHEN (OLD.abalance <> NEW.abalance)
    EXECUTE FUNCTION account_updated();
CREATE TRIGGER updated AFTER UPDATE OF bbalance ON pgbench_branches FOR EACH ROW WHEN (OLD.bbalance <> NEW.bbalance)
    EXECUTE FUNCTION branch_updated();
CREATE TRIGGER updated AFTER UPDATE OF tbalance ON pgbench_tellers FOR EACH ROW WHEN (OLD.tbalance <> NEW.tbalance)
    EXECUTE FUNCTION teller_updated();
