-- An error is handled by rolling a subtransaction back: the server's, PL/pgSQL's, and C++'s own.
\pset format unaligned

-- A savepoint.
begin;
insert into kept values (10, 'before the savepoint');
savepoint here;
insert into kept values (11, 'undone');
select border_fail('error');
select 'not carried out';
rollback to here;
insert into kept values (12, 'after the rollback');
savepoint again;
select border_recurse(3, 'runtime_error');
rollback to again;
select border_fail('none');
commit;
select * from kept where id between 10 and 19;

-- C++ catches, rolls its subtransaction back and goes on.
select kind, border_handle('insert into kept values (20, ''undone'')', kind,
                           format('insert into kept values (%s, %L)', 20 + number, kind))
  from unnest(array['error', 'raise', 'nested', 'serialization', 'bad_alloc', 'runtime_error', 'nested_exception',
                    'number']) with ordinality as kinds(kind, number);
select * from kept where id between 20 and 29;
-- The first statement itself fails; then the second does, for which nothing was opened.
select border_handle('insert into kept values (1)', 'none', 'insert into kept values (30, ''carried out'')');
select border_handle('select 1/0', 'none', 'insert into kept values (30)');
select * from kept where id between 30 and 39;
-- Handled within a guarded call: the next failure arrives at that guard.
select border_handle_in_guard('error');
select border_handle_in_guard('runtime_error');
-- Within a PL/pgSQL handler, and an error after the handled one.
select sqlstate, message
  from caught($$select border_handle('select 1/0', 'none', 'select border_handle(''select 1'', ''error'', ''select 1/0'')')$$);

select * from remains;
