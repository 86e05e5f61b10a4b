-- Ten thousand failures in one session: nothing is left behind.
\pset format unaligned

create function fail_often(times int, command text) returns int language plpgsql as $$
declare
  failed int := 0;
begin
  for i in 1 .. times loop
    begin
      execute command;
    exception when others then
      failed := failed + 1;
    end;
  end loop;
  return failed;
end $$;

-- The first round fills the caches and lets the heap grow to its size; 200 kB would be 20 bytes for each failure.
create function measure(kind text, command text, out failed int, out steady bool) language plpgsql as $$
declare
  before int8;
begin
  perform fail_often(2000, format(command, kind));
  before := border_heap();
  failed := fail_often(10000, format(command, kind));
  steady := border_heap() - before < 200000;
  if not steady then
    raise warning 'the heap grew by % bytes', border_heap() - before;
  end if;
end $$;

select kind, measured.*
  from (values ('error'), ('raise'), ('nested'), ('nested_exception'), ('bad_alloc'), ('runtime_error'), ('number'))
         as kinds(kind), measure(kind, 'select border_fail(%L)') as measured;
select measured.* from measure('error', 'select border_walk(4, %L)') as measured;
select measured.* from measure('runtime_error', 'select border_mutate(4, %L)') as measured;
select measured.* from measure('error', 'select border_handle(''select 1'', %L, ''select 1/0'')') as measured;

-- As many handled in C++, within one statement.
select border_handle('select 1', 'error', 'select 1'), count(*)
  from generate_series(1, 10000) group by 1;

select * from remains;
select border_destroyed() > 100000 as destroyed;
