-- Each kind of failure crosses the border whole, and the session lives on.
\pset format unaligned
\x on

-- A server error passes three C++ frames: SQLSTATE, message, detail, hint and context are as they were raised ...
select * from caught($$select border_fail('error')$$);
-- ... and so are the names it carries.
insert into kept values (1, 'first');
select * from caught($$select border_sql('insert into kept values (1)')$$);
select sqlstate, message from caught($$select border_fail('too_large')$$);

-- An error that C++ raises itself.
select sqlstate, message, detail, hint from caught($$select border_fail('raise')$$);
select sqlstate, message, detail, hint from caught($$select border_fail('raise_bare')$$);

-- C++'s own exceptions: no memory is 53200, what nobody expects is XX000.
select sqlstate, message, detail, hint from caught($$select border_fail('bad_alloc')$$);
select sqlstate, message, detail, hint from caught($$select border_fail('huge')$$);
select sqlstate, message, detail, hint from caught($$select border_fail('runtime_error')$$);
select sqlstate, message, detail, hint from caught($$select border_fail('number')$$);
-- A long text is cut between two characters.
select sqlstate, length(message), convert_from(convert_to(message, 'UTF8'), 'UTF8') = message as decodable
  from caught($$select border_fail('long')$$);

-- Guards within guards; functions that call each other through SPI, both ways across the border.
select * from caught($$select border_fail('nested')$$);
select sqlstate, message from caught($$select border_fail('nested_exception')$$);
select sqlstate, message, detail, hint, context from caught($$select border_recurse(2, 'error')$$);
select sqlstate, message from caught($$select border_recurse(10, 'nested_exception')$$);
select sqlstate, message from caught($$select border_recurse(10, 'bad_alloc')$$);
select sqlstate, message from caught($$select border_recurse(10, 'none')$$);

-- Nobody catches: the error reaches the client.
select border_fail('error');
select border_fail('number');

-- Levels below ERROR do not disturb the statement.
select border_emit();

-- All frames' objects are gone, and no exception is left.
select * from remains;
select border_destroyed() as before \gset
select border_fail('error');
select border_destroyed() - :before as destroyed;
