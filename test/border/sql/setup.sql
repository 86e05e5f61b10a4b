-- The module's functions, loaded from where it was built, and the helpers of the scripts that follow.
\getenv libdir PG_LIBDIR
\getenv dlsuffix PG_DLSUFFIX
\set border :libdir '/tviews_border' :dlsuffix

create function border_fail(kind text) returns void as :'border' language c;
create function border_sql(command text) returns void as :'border' language c;
create function border_recurse(depth int, kind text) returns void as :'border' language c;
create function border_living() returns int8 as :'border' language c;
create function border_destroyed() returns int8 as :'border' language c;
create function border_contexts() returns int8 as :'border' language c;
create function border_pending() returns bool as :'border' language c;
create function border_heap() returns int8 as :'border' language c;
create function border_emit() returns void as :'border' language c;
create function border_starved() returns void as :'border' language c;
create function border_cancel() returns void as :'border' language c;
create function border_terminate() returns void as :'border' language c;
create function border_sleep() returns void as :'border' language c;
create function border_at_commit(kind text) returns void as :'border' language c;
create function border_walk(depth int, kind text) returns int as :'border' language c;
create function border_walk_query(depth int, kind text) returns int as :'border' language c;
create function border_walk_stopped(depth int) returns text as :'border' language c;
create function border_mutate(depth int, kind text) returns bool as :'border' language c;
create function border_handle(first text, kind text, second text) returns text as :'border' language c;
create function border_handle_in_guard(kind text) returns text as :'border' language c;

create table kept (id int primary key, note text);

-- Everything an error carries, as a PL/pgSQL handler finds it.
create type diagnostics as (sqlstate text, message text, detail text, hint text, context text, table_name text,
                            constraint_name text);
create function caught(command text) returns diagnostics language plpgsql as $$
declare
  found diagnostics;
begin
  execute command;
  found.message := 'no error';
  return found;
exception when others or query_canceled then
  get stacked diagnostics found.sqlstate = returned_sqlstate, found.message = message_text,
    found.detail = pg_exception_detail, found.hint = pg_exception_hint, found.context = pg_exception_context,
    found.table_name = table_name, found.constraint_name = constraint_name;
  return found;
end $$;

-- What a failure may not leave behind: living objects of the frames it left, an exception still being handled.
create view remains as select border_living() as living, border_pending() as pending;
