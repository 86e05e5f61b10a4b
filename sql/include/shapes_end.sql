\set ECHO none
-- The end of a shape script: takes away what shapes.sql made, unless shapes are being gathered.
\if :{?gathering}
\else
SET client_min_messages = error;
DROP SCHEMA s_shapes, s_other CASCADE;
RESET client_min_messages;
\set ECHO all
\endif
