-- pg_tviews 0.1.0 to 0.2.0: what the install script of 0.2.0 has and that of 0.1.0 has not.
\echo Use "ALTER EXTENSION pg_tviews UPDATE TO '0.2.0'" to load this file. \quit
