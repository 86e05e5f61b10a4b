-- pg_tviews 0.1.0 to 0.2.0: what the install script of 0.2.0 has and that of 0.1.0 has not.
\echo Use "ALTER EXTENSION pg_tviews UPDATE TO '0.2.0'" to load this file. \quit

CREATE OR REPLACE FUNCTION pg_tviews_health_version(OUT severity text, OUT message text, OUT command text) RETURNS SETOF record LANGUAGE sql
    SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN library <> installed THEN 'error' ELSE 'warning' END,
           CASE WHEN library <> installed THEN format('the library of this session has version %s, the SQL objects have %s%s', library, installed,
                                                      CASE WHEN available = installed THEN '; if new sessions say the same, restart the server' END)
                ELSE format('version %s is installed on the server, the SQL objects have %s', available, installed) END,
           CASE WHEN available = installed THEN '\connect' ELSE format('ALTER EXTENSION pg_tviews UPDATE TO %L', available) END
    FROM (SELECT @extschema@.pg_tviews_version() AS library, e.extversion AS installed, a.default_version AS available
          FROM pg_extension AS e JOIN pg_available_extensions AS a ON a.name = e.extname WHERE e.extname = 'pg_tviews') AS v
    WHERE library <> installed OR available <> installed
$$;
