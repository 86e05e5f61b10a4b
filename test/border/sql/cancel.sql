-- Cancel, timeout, termination and serialization failures are still what they were after they crossed the border.
\pset format unaligned

-- A cancel request and a timeout find guarded code; the SQLSTATE is 57014, which WHEN OTHERS does not catch.
select sqlstate, message from caught('select border_cancel()');
select border_cancel();
do $$
begin
  perform border_cancel();
exception when others then
  raise 'a cancel was caught as an error';
end $$;
set statement_timeout = '50ms';
select border_sleep();
select border_sql('select pg_sleep(10)');
select sqlstate, message from caught('select border_sleep()');
reset statement_timeout;
-- A lock that cannot be had in time.
begin;
lock table kept in share mode;
\setenv PGDATABASE :DBNAME
\! PGOPTIONS='-c lock_timeout=50ms' "${BORDER_PSQL:-psql}" -XAtq -c "select sqlstate from caught('select border_sql(''insert into kept values (99)'')')"
commit;

-- A real serialization failure: another session updates what this one's snapshot has seen.
insert into kept values (40, 'first');
begin isolation level repeatable read;
select note from kept where id = 40;
\! "${BORDER_PSQL:-psql}" -XAtq -c "update kept set note = 'second' where id = 40"
savepoint here;
select sqlstate, message from caught('select border_sql(''update kept set note = $q$third$q$ where id = 40'')');
select border_sql('update kept set note = $q$third$q$ where id = 40');
rollback;
select note from kept where id = 40;

-- Termination ends that session (psql's status 2), and no other.
\! "${BORDER_PSQL:-psql}" -XAtq -c "select border_terminate()" 2>/dev/null; echo "status $?"

select * from remains;
