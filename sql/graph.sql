-- pg_tviews_routes() and pg_tviews_graph(): what feeds what, in three formats, whatever the names.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
CREATE SCHEMA s_graph;
SET search_path = s_graph, public;
\i :schema
SELECT pg_tviews_graph();
SELECT pg_tviews_graph('dot');
SELECT pg_tviews_graph('json');
CREATE TABLE tb_site (name text);
CREATE TABLE tv_post AS
    SELECT p.pk_post, u.name, s.sites, (SELECT max(w.name) FROM tb_comment c JOIN tb_user w ON w.pk_user = c.fk_user WHERE c.fk_post = p.pk_post) AS by
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user CROSS JOIN (SELECT count(*) AS sites FROM tb_site) s;
CREATE TABLE tv_name AS SELECT name AS pk_name, count(*) AS posts FROM tv_post GROUP BY name;
SELECT * FROM pg_tviews_routes();
SELECT * FROM pg_tviews_routes('tv_name');
CALL attempt('SELECT * FROM pg_tviews_routes(''tb_user'')');
\pset format unaligned
\pset tuples_only on
SELECT pg_tviews_graph();
SELECT pg_tviews_graph('dot');
SELECT jsonb_pretty(pg_tviews_graph('json')::jsonb);
SELECT * FROM exact();
DROP TABLE tv_post CASCADE;
-- Names with everything a format could trip over.
CREATE SCHEMA "s_graph ""\]|"">;#&";
CREATE TABLE "s_graph ""\]|"">;#&"."tb_é
{}" (pk int PRIMARY KEY, body text);
CREATE TABLE "s_graph ""\]|"">;#&"."tv_Odd" AS SELECT pk AS "pk_Odd", body FROM "s_graph ""\]|"">;#&"."tb_é
{}";
SELECT pg_tviews_graph('mermaid');
SELECT pg_tviews_graph('dot');
SELECT pg_tviews_graph('json');
SELECT n ->> 'name' FROM jsonb_array_elements(pg_tviews_graph('json')::jsonb -> 'nodes') AS n;
CALL attempt('SELECT pg_tviews_graph(''svg'')');
SELECT pg_tviews_graph(NULL) IS NULL;
\pset format aligned
\pset tuples_only off
SELECT count(*) FROM pg_tviews_verify();
SET client_min_messages = warning;
DROP SCHEMA s_graph, "s_graph ""\]|"">;#&" CASCADE;
