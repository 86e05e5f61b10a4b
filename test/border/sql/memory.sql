-- No memory even to copy the error with: the guard says so, and the session lives on.
select sqlstate, message, detail from caught($$select border_starved()$$);
select border_contexts() as before \gset
select border_starved();
-- The failing copy is a second error: the callback of the first one's frame is not called for it.
select border_contexts() - :before as contexts;
select * from remains;
