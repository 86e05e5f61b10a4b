-- Failures in what PostgreSQL calls back: at commit, and for every node of a tree.
\pset format unaligned

-- A failure before commit rolls the transaction back, in a block ...
begin;
insert into kept values (2, 'undone');
select border_at_commit('error');
commit;
begin;
insert into kept values (2, 'undone');
select border_at_commit('runtime_error');
commit;
-- ... and in a statement of its own.
select border_at_commit('raise');
select border_at_commit('bad_alloc');
select border_at_commit('number');
select border_at_commit('serialization');
-- An abort disarms, a success commits.
begin;
select border_at_commit('error');
rollback;
begin;
select border_at_commit('none');
insert into kept values (3, 'committed');
commit;
select * from kept where id in (2, 3);

-- The walk visits each conjunction and its two arguments; a query's walk, its FROM and WHERE first.
select border_walk(0, 'none'), border_walk(1, 'none'), border_walk(6, 'none'), border_walk_query(6, 'none');
select border_walk_stopped(6);
select border_mutate(0, 'none'), border_mutate(1, 'none'), border_mutate(6, 'none');

-- The failure lies six levels deep: each level has a guard and a callback.
create view deep_failures as
  select kind, (caught(format(command, 6, kind))).*
    from (values ('error'), ('raise'), ('nested'), ('serialization'), ('bad_alloc'), ('runtime_error'),
                 ('nested_exception'), ('number')) as kinds(kind),
         (values ('select border_walk(%s, %L)'), ('select border_walk_query(%s, %L)'), ('select border_mutate(%s, %L)'))
           as commands(command);
select kind, sqlstate, message, detail, hint, count(*) as ways
  from deep_failures group by 1, 2, 3, 4, 5 order by kind collate "C";

-- The walker itself raises: a node it does not know, and a tree deeper than the stack.
select sqlstate, message like 'unrecognized node type%' as unrecognized from caught('select border_walk(6, ''unknown'')');
select sqlstate, message like 'unrecognized node type%' as unrecognized from caught('select border_mutate(6, ''unknown'')');
select sqlstate, message from caught('select border_walk(100000, ''error'')');
select sqlstate, message from caught('select border_mutate(100000, ''error'')');

select * from remains;
