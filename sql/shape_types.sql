-- Shapes: columns of every type.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes

-- Generated columns.
CREATE TABLE tv_generated AS SELECT pk_thing AS pk_generated, area FROM tb_thing;
SELECT route('tv_generated');
CALL write($$UPDATE tb_thing SET size = 4 WHERE pk_thing = 1$$);

-- A join on a generated column.
CREATE TABLE tv_generated_join AS SELECT t.pk_thing AS pk_generated_join, p.title FROM tb_thing t LEFT JOIN tb_post p ON p.pk_post = t.area + 5;
SELECT route('tv_generated_join');
CALL write($$UPDATE tb_thing SET size = 3 WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_post SET title = 'Fourteen' WHERE pk_post = 14$$);

-- Domains and enums.
CREATE TABLE tv_domain AS SELECT t.pk_thing AS pk_domain, t.level, u.name FROM tb_thing t LEFT JOIN tb_user u ON u.pk_user = t.level;
SELECT route('tv_domain');
CALL write($$UPDATE tb_thing SET level = 3 WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_user SET name = 'Cy' WHERE pk_user = 3$$);
CREATE TABLE tv_enum AS SELECT mood AS pk_enum, count(*) AS n, sum(price) AS price FROM tb_thing WHERE mood IS NOT NULL GROUP BY 1;
SELECT route('tv_enum');
CALL write($$UPDATE tb_thing SET mood = 'high' WHERE pk_thing IN (1, 3)$$);

-- Arrays.
CREATE TABLE tv_arrays AS SELECT pk_thing AS pk_arrays, posts, posts[1] AS first, cardinality(posts) AS n FROM tb_thing WHERE posts && '{11,13}';
SELECT route('tv_arrays');
CALL write($$UPDATE tb_thing SET posts = posts || 13 WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_thing SET posts = '{}' WHERE pk_thing = 2$$);

-- Composite types, whole and by field.
CREATE TABLE tv_address AS SELECT pk_thing AS pk_address, address, (address).town, to_jsonb(address) AS data FROM tb_thing;
SELECT route('tv_address');
CALL write($$UPDATE tb_thing SET address.town = 'Oslo' WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_thing SET address = NULL WHERE pk_thing = 1$$);

-- A key of a composite type.
CREATE TABLE tv_place AS SELECT address AS pk_place, count(*) AS n FROM tb_thing WHERE address IS NOT NULL GROUP BY 1;
SELECT route('tv_place');
CALL write($$UPDATE tb_thing SET address = '(Quay,Bergen)' WHERE pk_thing < 3$$);

-- citext: another case is another document.
CREATE TABLE tv_citext AS SELECT t.pk_thing AS pk_citext, t.code, g.label FROM tb_thing t LEFT JOIN tb_tag g ON g.pk_tag = t.code;
SELECT route('tv_citext');
CALL write($$UPDATE tb_thing SET code = 'Sql' WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_tag SET label = 'structured' WHERE pk_tag = 'SQL'$$);
SELECT code FROM tv_citext WHERE pk_citext = 1;

-- numeric keeps its scale.
CREATE TABLE tv_numeric AS SELECT pk_thing AS pk_numeric, price, price * 1.10 AS gross FROM tb_thing;
SELECT route('tv_numeric');
CALL write($$UPDATE tb_thing SET price = 1.000 WHERE pk_thing = 1$$);
SELECT price, gross FROM tv_numeric WHERE pk_numeric = 1;

-- Whole rows, also with columns added, renamed and dropped.
CREATE TABLE tv_whole AS SELECT p.pk_post AS pk_whole, to_jsonb(p) AS data, u AS author FROM tb_post p LEFT JOIN tb_user u ON u.pk_user = p.fk_user;
SELECT route('tv_whole');
CALL write($$UPDATE tb_post SET note = 'noted' WHERE pk_post = 11$$);
CALL write($$UPDATE tb_user SET email = NULL WHERE pk_user = 1$$);
CALL write($$ALTER TABLE tb_post ADD COLUMN stars int DEFAULT 3$$);
CALL write($$UPDATE tb_post SET stars = 5 WHERE pk_post = 12$$);
CALL write($$ALTER TABLE tb_post RENAME COLUMN stars TO points$$);
CALL write($$ALTER TABLE tb_post DROP COLUMN points$$);

-- Times, rendered in the TVIEW's time zone whatever the writer's.
CREATE TABLE tv_seen AS SELECT pk_thing AS pk_seen, seen, jsonb_build_object('seen', seen) AS data FROM tb_thing;
SELECT route('tv_seen');
SET TimeZone = 'Asia/Tokyo';
CALL write($$UPDATE tb_thing SET seen = '2025-01-01 00:00+00' WHERE pk_thing = 1$$);
RESET TimeZone;
CALL write($$UPDATE tb_thing SET seen = 'infinity' WHERE pk_thing = 2$$);

-- bytea.
CREATE TABLE tv_bytea AS SELECT pk_thing AS pk_bytea, raw, encode(raw, 'hex') AS hex FROM tb_thing;
SELECT route('tv_bytea');
SET bytea_output = 'escape';
CALL write($$UPDATE tb_thing SET raw = '\x00ff41' WHERE pk_thing = 1$$);
RESET bytea_output;

-- jsonb, down to its parts.
CREATE TABLE tv_jsonb AS SELECT pk_thing AS pk_jsonb, meta, meta -> 'tags' ->> 0 AS first FROM tb_thing WHERE meta ? 'tags';
SELECT route('tv_jsonb');
CALL write($$UPDATE tb_thing SET meta = jsonb_set(meta, '{tags,0}', '"new"') WHERE pk_thing = 1$$);
CALL write($$UPDATE tb_thing SET meta = '{}' WHERE pk_thing = 2$$);

-- Documents that are NULL.
CREATE TABLE tv_nothing AS SELECT u.pk_user AS pk_nothing, (SELECT jsonb_agg(p.title ORDER BY p.pk_post) FROM tb_post p WHERE p.fk_user = u.pk_user) AS data FROM tb_user u;
SELECT route('tv_nothing');
CALL write($$DELETE FROM tb_post WHERE fk_user = 2$$);

\set end :srcdir '/sql/include/shapes_end.sql'
\i :end
