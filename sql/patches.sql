-- Columns the query only copies are set in the stored documents without building them again; the result is the same.
\set VERBOSITY terse
CREATE SCHEMA s_patches;
SET search_path = s_patches, public;
SET client_min_messages = warning;
CREATE TABLE tb_user (pk_user integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_post (pk_post integer PRIMARY KEY, fk_user integer NOT NULL REFERENCES tb_user, title text, "Odd 'key""\" text,
                      price numeric, tags text[], extra jsonb, seen timestamptz, rank integer NOT NULL DEFAULT 0, hidden boolean NOT NULL DEFAULT false);
INSERT INTO tb_user VALUES (1, 'ann'), (2, 'bob');
INSERT INTO tb_post (pk_post, fk_user, title) SELECT n, 1 + n % 2, 'title ' || n FROM generate_series(1, 300) n;
CREATE TABLE tv_post AS
    SELECT p.pk_post, p.title, p.rank, u.name,
           jsonb_build_object('title', p.title, 'tags', p.tags, 'user', u.name,
                              'more', jsonb_build_object('price', p.price, 'extra', p.extra, 'it''s \ "odd"', p."Odd 'key""\",
                                                         'seen', p.seen, '0', p.title),
                              'top', p.rank > 5) AS data
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user WHERE NOT p.hidden;
SELECT * FROM pg_tviews_explain('tv_post') AS e (line) WHERE line LIKE '%copied%';
-- values of all kinds, NULL too; the same document twice; many documents; more than one column
UPDATE tb_post SET title = 'one' WHERE pk_post = 1;
UPDATE tb_post SET title = NULL, price = 1.10 WHERE pk_post = 2;
UPDATE tb_post SET price = 1.100, tags = '{a,NULL,"b c"}', extra = '{"b": [1.0, null]}', seen = '2020-01-01 00:00+00' WHERE pk_post = 3;
UPDATE tb_post SET "Odd 'key""\" = E'q"\\\'' WHERE pk_post = 4;
SELECT pk_post, title, data FROM tv_post WHERE pk_post <= 4 ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);
UPDATE tb_post SET price = pk_post WHERE pk_post < 250;
UPDATE tb_post SET price = price + 1;
UPDATE tb_post SET price = 9999, title = 'a' || title WHERE pk_post < 9;
UPDATE tb_post SET price = price + 1, seen = '2021-06-01 00:00+00' WHERE pk_post < 12;
SELECT * FROM pg_tviews_verify(NULL);
UPDATE tb_post SET price = -price, title = reverse(title), seen = seen + interval '1 day', extra = '1' WHERE pk_post < 12;
UPDATE tb_post SET price = 'NaN', title = left(title, 3) WHERE pk_post < 3;
UPDATE tb_post SET price = pk_post, title = 'title ' || pk_post WHERE pk_post < 250 AND pk_post > 4;
UPDATE tb_post SET title = upper(title) WHERE pk_post < 5;
SELECT * FROM pg_tviews_verify(NULL);

-- no difference, no write
CREATE TEMP TABLE before AS SELECT pk_post, ctid AS place FROM tv_post;
UPDATE tb_post SET title = title || '';
SELECT count(*) AS moved FROM before b JOIN tv_post t ON t.pk_post = b.pk_post WHERE t.ctid <> b.place;

-- columns that do more than being copied: a filter, a join, a comparison
UPDATE tb_post SET hidden = true, title = 'gone' WHERE pk_post = 1;
UPDATE tb_post SET title = 'still gone' WHERE pk_post = 1;
UPDATE tb_post SET fk_user = 2, title = 'moved' WHERE pk_post = 2;
UPDATE tb_post SET rank = 9, title = 'top' WHERE pk_post = 3;
UPDATE tb_post SET pk_post = 1004, title = 'rekeyed' WHERE pk_post = 4;
SELECT pk_post, title, rank, name, data -> 'top' AS top FROM tv_post WHERE pk_post IN (1, 2, 3, 4, 1004) ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);

-- patches and rebuilds of one document in one transaction, in any order, and savepoints
BEGIN;
UPDATE tb_post SET title = 'first' WHERE pk_post = 5;
UPDATE tb_user SET name = 'BOB' WHERE pk_user = 2;
UPDATE tb_post SET title = 'second' WHERE pk_post = 5;
SAVEPOINT s;
UPDATE tb_post SET title = 'rolled back', price = 99 WHERE pk_post = 5;
SELECT title, data #>> '{more,price}' AS price FROM tv_post WHERE pk_post = 5;
ROLLBACK TO s;
SELECT title, name, data #>> '{more,price}' AS price FROM tv_post WHERE pk_post = 5;
UPDATE tb_post SET title = 'third' WHERE pk_post = 6;
DELETE FROM tb_post WHERE pk_post = 6;
INSERT INTO tb_post (pk_post, fk_user, title) VALUES (6, 1, 'again');
UPDATE tb_post SET title = 'and again' WHERE pk_post = 6;
COMMIT;
SELECT pk_post, title, name FROM tv_post WHERE pk_post IN (5, 6) ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);

-- a TVIEW over it follows
CREATE TABLE tv_title AS SELECT t.pk_post AS pk_title, upper(t.title) AS title, t.data -> 'more' AS more FROM tv_post t;
UPDATE tb_post SET title = 'followed', seen = NULL WHERE pk_post = 7;
SELECT * FROM (SELECT pk_title, title, more ->> '0' AS again FROM tv_title WHERE pk_title = 7) x;
SELECT * FROM pg_tviews_verify(NULL);

-- not where a column is used elsewhere too, where rows are grouped or sorted out, or where keys may repeat
CREATE TABLE tv_twice AS
    SELECT p.pk_post AS pk_twice, p.title, length(p.title) AS len,
           jsonb_build_object('t', p.title, 't', p.rank, 'n', (SELECT count(*) FROM tb_user u WHERE u.name = p.title)) AS data FROM tb_post p;
CREATE TABLE tv_user AS
    SELECT u.pk_user, u.name, jsonb_agg(p.title ORDER BY p.pk_post) AS data
    FROM tb_user u JOIN tb_post p ON p.fk_user = u.pk_user GROUP BY u.pk_user;
CREATE TABLE tv_first AS SELECT DISTINCT ON (p.fk_user) p.fk_user AS pk_first, p.title FROM tb_post p ORDER BY p.fk_user, p.pk_post;
SELECT tv, line FROM unnest('{tv_twice,tv_user,tv_first}'::text[]) tv, pg_tviews_explain(tv) AS e (line) WHERE line LIKE '%copied%';
UPDATE tb_post SET title = 'bob' WHERE pk_post < 9;
UPDATE tb_user SET name = 'followed' WHERE pk_user = 1;
SELECT pk_twice, len, data FROM tv_twice WHERE pk_twice IN (7, 8) ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);

-- by the setting off, everything is rebuilt
SET pg_tviews.patch = off;
UPDATE tb_post SET title = 'rebuilt' WHERE pk_post < 20;
RESET pg_tviews.patch;
SELECT * FROM pg_tviews_verify(NULL);
-- the unique index that made it sound goes, and a child comes
ALTER TABLE tb_post DROP CONSTRAINT tb_post_pkey;
UPDATE tb_post SET title = 'without index' WHERE pk_post < 20;
SELECT * FROM pg_tviews_verify(NULL);
-- copies of rows that the document determines: its user, the user's team; over an outer join; in the elements of an array, each
-- known by its id; of the row behind the element and of what that determines in turn; from a TVIEW
CREATE TABLE tb_team (pk_team integer PRIMARY KEY, name text NOT NULL, motto text);
CREATE TABLE tb_member (pk_member integer PRIMARY KEY, fk_team integer REFERENCES tb_team, name text NOT NULL, title text,
                        active boolean NOT NULL DEFAULT true);
CREATE TABLE tb_article (pk_article integer PRIMARY KEY, fk_member integer NOT NULL REFERENCES tb_member, fk_editor integer REFERENCES tb_member, head text);
CREATE TABLE tb_note (id uuid PRIMARY KEY, fk_article integer NOT NULL REFERENCES tb_article, fk_member integer NOT NULL REFERENCES tb_member,
                      body text, stars numeric, hidden boolean NOT NULL DEFAULT false);
INSERT INTO tb_team VALUES (1, 'red', 'go'), (2, 'blue', NULL);
INSERT INTO tb_member SELECT n, nullif(n % 3, 0), 'member ' || n, 'Dr' FROM generate_series(1, 9) n;
INSERT INTO tb_article SELECT n, 1 + n % 9, nullif(n % 4, 0), 'head ' || n FROM generate_series(1, 60) n;
INSERT INTO tb_note SELECT md5(n::text)::uuid, 1 + n % 50, 1 + n % 9, 'note ' || n, n / 10.0, n % 7 = 0 FROM generate_series(1, 300) n;
CREATE INDEX ON tb_article (fk_member);
CREATE INDEX ON tb_note (fk_article);
CREATE TABLE tv_article AS
    SELECT a.pk_article, m.title AS writer,
           jsonb_build_object('head', a.head, 'member', jsonb_build_object('name', m.name, 'team', t.name),
                              'editor', jsonb_build_object('name', e.name, 'title', e.title),
                              'notes', coalesce((SELECT jsonb_agg(jsonb_build_object('id', n.id, 'body', n.body, 'by', jsonb_build_object('name', w.name, 'team', wt.name),
                                                                                     'stars', n.stars) ORDER BY n.stars, n.id)
                                                 FROM tb_note n JOIN tb_member w ON w.pk_member = n.fk_member
                                                 LEFT JOIN tb_team wt ON wt.pk_team = w.fk_team
                                                 WHERE n.fk_article = a.pk_article AND NOT n.hidden), '[]'),
                              'mottos', (SELECT jsonb_agg(t2.motto ORDER BY t2.pk_team) FROM tb_team t2 WHERE t2.pk_team = m.fk_team)) AS data
    FROM tb_article a JOIN tb_member m ON m.pk_member = a.fk_member LEFT JOIN tb_team t ON t.pk_team = m.fk_team
         LEFT JOIN tb_member e ON e.pk_member = a.fk_editor;
SELECT * FROM pg_tviews_explain('tv_article') AS e (line) WHERE line ~ '^ tb|^tb|copied';
-- every one of them set, to nothing and back; rows in no document; hidden elements; the same row on several ways
UPDATE tb_team SET name = upper(name);
UPDATE tb_member SET title = NULL WHERE pk_member < 4;
UPDATE tb_member SET name = 'renamed ' || pk_member, title = 'Prof' WHERE pk_member IN (1, 5);
UPDATE tb_note SET body = NULL WHERE fk_article < 5;
UPDATE tb_note SET body = 'again' WHERE hidden OR fk_article = 4;
SELECT data -> 'member' AS member, data -> 'editor' AS editor, data #> '{notes,0,by}' AS by FROM tv_article WHERE pk_article IN (4, 5) ORDER BY pk_article;
SELECT * FROM pg_tviews_verify(NULL);
-- values that take as much room as before, and those that do not, side by side
UPDATE tb_member SET name = translate(name, '123456789', '234567891'), title = 'Prif';
SELECT * FROM pg_tviews_verify(NULL);
UPDATE tb_member SET name = translate(name, '234567891', '123456789');
UPDATE tb_note SET body = reverse(body);
UPDATE tb_note SET body = 'note' || fk_article WHERE fk_article BETWEEN 5 AND 12;
SELECT * FROM pg_tviews_verify(NULL);
-- only what differs is written, and each document once
CREATE TEMP TABLE places AS SELECT pk_article, ctid AS place FROM tv_article;
BEGIN;
UPDATE tb_member SET name = 'same ' || pk_member;
UPDATE tb_member SET name = 'renamed ' || pk_member WHERE pk_member IN (1, 5);
UPDATE tb_member SET name = 'member ' || pk_member WHERE pk_member NOT IN (1, 5);
COMMIT;
SELECT count(*) AS moved FROM places b JOIN tv_article t ON t.pk_article = b.pk_article WHERE t.ctid <> b.place;
DROP TABLE places;
-- together with rows that come, go and move; ids that change; savepoints
BEGIN;
UPDATE tb_member SET name = 'X' WHERE pk_member = 2;
UPDATE tb_article SET fk_member = 2 WHERE pk_article = 7;
UPDATE tb_note SET fk_article = 8 WHERE fk_article = 9;
UPDATE tb_note SET body = 'moved' WHERE fk_article = 8;
UPDATE tb_note SET id = md5(id::text)::uuid, body = 'new id' WHERE fk_article = 10;
SAVEPOINT s;
UPDATE tb_member SET name = 'rolled back', fk_team = 1 WHERE pk_member = 3;
UPDATE tb_note SET hidden = NOT hidden WHERE fk_article = 11;
SELECT * FROM pg_tviews_verify(NULL);
ROLLBACK TO s;
UPDATE tb_member SET name = 'Y' WHERE pk_member = 3;
DELETE FROM tb_note WHERE fk_article = 12;
UPDATE tb_note SET body = 'in a new article' WHERE fk_article = 13;
UPDATE tb_article SET pk_article = 113 WHERE pk_article = 60;
COMMIT;
SELECT * FROM pg_tviews_verify(NULL);
-- a key of the changed row itself: swapped and changed back
CREATE TABLE tb_code (id integer PRIMARY KEY, code integer UNIQUE DEFERRABLE, shown text, name text);
CREATE TABLE tb_use (pk_use integer PRIMARY KEY, code integer);
INSERT INTO tb_code SELECT n, n, 'c' || n, 'n' || n FROM generate_series(1, 4) n;
INSERT INTO tb_use SELECT n, 1 + n % 5 FROM generate_series(1, 10) n;
CREATE UNIQUE INDEX ON tb_code (code);
CREATE TABLE tv_use AS SELECT u.pk_use, jsonb_build_object('shown', c.shown) AS data FROM tb_use u LEFT JOIN tb_code c ON c.code = u.code;
SELECT * FROM pg_tviews_explain('tv_use') AS e (line) WHERE line LIKE '%copied%';
BEGIN;
UPDATE tb_code SET shown = 'first' WHERE id = 1;
SET CONSTRAINTS ALL DEFERRED;
UPDATE tb_code SET code = 100 WHERE id = 1;
UPDATE tb_code SET shown = 'second', code = 1 WHERE id = 2;
UPDATE tb_code SET shown = 'third' WHERE id = 1;
SELECT count(*) FROM tv_use;
UPDATE tb_code SET code = 2 WHERE id = 1;
UPDATE tb_code SET shown = 'fourth' WHERE id IN (1, 2);
COMMIT;
SELECT pk_use, data FROM tv_use WHERE pk_use < 4 ORDER BY 1;
SELECT * FROM pg_tviews_verify(NULL);

-- not where an outer join asks for more, where the row is not the only one, or where elements do not tell their row
CREATE TABLE tv_not AS
    SELECT a.pk_article AS pk_not, x.name AS active, y.head AS other,
           jsonb_build_object('notes', (SELECT jsonb_agg(jsonb_build_object('body', n.body) ORDER BY n.id) FROM tb_note n WHERE n.fk_article = a.pk_article),
                              'sorted', (SELECT jsonb_agg(jsonb_build_object('id', n.id, 'body', n.body) ORDER BY n.body, n.id) FROM tb_note n WHERE n.fk_article = a.pk_article),
                              'distinct', (SELECT jsonb_agg(DISTINCT jsonb_build_object('id', n.id, 'stars', n.stars)) FROM tb_note n WHERE n.fk_article = a.pk_article)) AS data
    FROM tb_article a LEFT JOIN tb_member x ON x.pk_member = a.fk_member AND x.active
         LEFT JOIN (SELECT DISTINCT ON (l.fk_editor) l.fk_editor, l.head FROM tb_article l ORDER BY l.fk_editor, l.pk_article) y ON y.fk_editor = a.fk_member;
SELECT * FROM pg_tviews_explain('tv_not') AS e (line) WHERE line LIKE '%copied%';
UPDATE tb_member SET active = false WHERE pk_member IN (1, 2);
UPDATE tb_member SET name = 'inactive' WHERE pk_member IN (1, 2, 3);
UPDATE tb_article SET head = 'h' || pk_article;
UPDATE tb_note SET body = 'b', stars = 1;
SELECT * FROM pg_tviews_verify(NULL);

-- a join by computed values
CREATE TABLE tb_remark (id integer PRIMARY KEY, code text, body text);
INSERT INTO tb_remark SELECT n, 'MEMBER ' || n % 9, 'remark ' || n FROM generate_series(1, 30) n;
CREATE TABLE tv_remarked AS
    SELECT m.pk_member AS pk_remarked, (SELECT jsonb_agg(jsonb_build_object('id', r.id, 'body', r.body) ORDER BY r.id)
                                        FROM tb_remark r WHERE lower(r.code) = lower(m.motto)) AS data
    FROM (SELECT pk_member, 'Member ' || pk_member AS motto FROM tb_member) m;
SELECT * FROM pg_tviews_explain('tv_remarked') AS e (line) WHERE line ~ 'tb_remark|copied|finds';
INSERT INTO tb_remark VALUES (31, 'member 1', 'new'), (32, 'member 2', 'new');
UPDATE tb_remark SET body = 'one' WHERE id = 1;
UPDATE tb_remark SET body = 'some' WHERE id < 6;
UPDATE tb_remark SET code = 'member 3', body = 'moved' WHERE id > 28;
UPDATE tb_remark SET body = 'other' WHERE id BETWEEN 5 AND 12;
SELECT * FROM pg_tviews_verify(NULL);

-- a document that was spoilt is built again; so is one that only SQL can reach
UPDATE tv_article SET data = data - 'member' WHERE pk_article = 20;
UPDATE tv_article SET data = '[]' WHERE pk_article = 21;
UPDATE tb_member SET name = 'healed';
SELECT * FROM pg_tviews_verify(NULL);
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER own BEFORE UPDATE ON tv_article FOR EACH ROW EXECUTE FUNCTION nothing();
UPDATE tb_member SET name = 'by statement';
SELECT * FROM pg_tviews_verify(NULL);
DROP TRIGGER own ON tv_article;
ALTER TABLE tb_member ENABLE ROW LEVEL SECURITY;
UPDATE tb_member SET name = 'with policies';
SELECT * FROM pg_tviews_verify(NULL);
-- through a TVIEW
CREATE TABLE tv_member AS SELECT m.pk_member, jsonb_build_object('name', m.name) AS data FROM tb_member m;
CREATE TABLE tv_signed AS SELECT a.pk_article AS pk_signed, jsonb_build_object('by', m.data) AS data FROM tb_article a JOIN tv_member m ON m.pk_member = a.fk_member;
SELECT * FROM pg_tviews_explain('tv_signed') AS e (line) WHERE line LIKE '%copied%';
UPDATE tb_member SET name = 'signed ' || pk_member;
SELECT data FROM tv_signed WHERE pk_signed < 3 ORDER BY pk_signed;
SELECT * FROM pg_tviews_verify(NULL);
-- arrays that subqueries in FROM and groups make: grouped, LATERAL, through another subquery, a view and a CTE, of the query's own groups
CREATE TABLE tb_sku (pk_sku integer PRIMARY KEY, name text, price numeric NOT NULL);
CREATE TABLE tb_line (pk_line integer PRIMARY KEY, fk_order integer, fk_sku integer NOT NULL, quantity integer NOT NULL, note text);
INSERT INTO tb_sku SELECT n, 'sku ' || n, n FROM generate_series(1, 20) n;
INSERT INTO tb_line SELECT n, nullif(n % 40, 0), 1 + n % 20, n % 7, 'line ' || n FROM generate_series(1, 200) n;
CREATE INDEX ON tb_line (fk_order);
CREATE INDEX ON tb_line (fk_sku);
CREATE VIEW v_notes AS
    SELECT l.fk_order, jsonb_agg(jsonb_build_object('line', l.pk_line, 'note', l.note) ORDER BY l.pk_line) AS notes
    FROM tb_line l GROUP BY l.fk_order;
CREATE TABLE tv_order AS
    WITH sold AS (SELECT l.fk_order, jsonb_agg(jsonb_build_object('sku', s.pk_sku, 'name', s.name) ORDER BY l.pk_line) AS skus
                  FROM tb_line l JOIN tb_sku s ON s.pk_sku = l.fk_sku GROUP BY l.fk_order)
    SELECT a.pk_article AS pk_order, v.notes,
           jsonb_build_object('total', coalesce(x.total, 0), 'lines', coalesce(x.lines, '[]'), 'last', jsonb_build_object('three', y.lines),
                              'sold', (SELECT z.skus FROM (SELECT * FROM sold) z WHERE z.fk_order = a.pk_article)) AS data
    FROM tb_article a
    LEFT JOIN (SELECT l.fk_order, sum(l.quantity * s.price) AS total,
                      coalesce(jsonb_agg(jsonb_build_object('id', l.pk_line, 'note', l.note, 'sku', jsonb_build_object('name', s.name))
                                         ORDER BY l.pk_line) FILTER (WHERE l.quantity > 0), '[]') AS lines
               FROM tb_line l JOIN tb_sku s ON s.pk_sku = l.fk_sku GROUP BY l.fk_order HAVING count(*) > 1) x ON x.fk_order = a.pk_article
    LEFT JOIN v_notes v ON v.fk_order = a.pk_article
    LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('id', l.pk_line, 'note', l.note) ORDER BY l.pk_line DESC) AS lines
                       FROM tb_line l WHERE l.fk_order = a.pk_article) y ON true;
CREATE TABLE tv_basket AS
    SELECT l.fk_order AS pk_basket, count(*) AS lines,
           jsonb_agg(jsonb_build_object('id', l.pk_line, 'note', l.note, 'sku', jsonb_build_object('name', s.name)) ORDER BY l.pk_line) AS data
    FROM tb_line l JOIN tb_sku s ON s.pk_sku = l.fk_sku WHERE l.fk_order IS NOT NULL GROUP BY l.fk_order HAVING sum(l.quantity) > 2;
SELECT tv, line FROM unnest('{tv_order,tv_basket}'::text[]) tv, pg_tviews_explain(tv) AS e (line) WHERE line ~ '^ tb|copied';
UPDATE tb_sku SET name = upper(name) WHERE pk_sku < 5;
UPDATE tb_sku SET name = NULL WHERE pk_sku = 6;
UPDATE tb_line SET note = 'noted' WHERE fk_order < 4;
SELECT pk_order, notes, data FROM tv_order WHERE pk_order = 3;
SELECT data FROM tv_basket WHERE pk_basket = 3;
SELECT * FROM pg_tviews_verify(NULL);
-- with lines that come, go and move in the same transaction, groups that a HAVING lets in and out, savepoints
BEGIN;
UPDATE tb_sku SET name = 'in a transaction' WHERE pk_sku < 9;
UPDATE tb_line SET fk_order = 5 WHERE fk_order = 6;
UPDATE tb_line SET note = 'moved' WHERE fk_order = 5;
UPDATE tb_line SET quantity = 0 WHERE fk_order = 7;
SAVEPOINT s;
UPDATE tb_sku SET name = 'rolled back', price = 0 WHERE pk_sku BETWEEN 7 AND 12;
SELECT * FROM pg_tviews_verify(NULL);
ROLLBACK TO s;
UPDATE tb_line SET note = 'of the group that is gone', quantity = quantity WHERE fk_order = 7;
UPDATE tb_line SET pk_line = pk_line + 1000, note = 'other id' WHERE fk_order = 8;
DELETE FROM tb_line WHERE fk_order = 9 AND pk_line > 9;
COMMIT;
UPDATE tb_line SET note = 'of one or none' WHERE fk_order IN (7, 9) OR fk_order IS NULL;
SELECT * FROM pg_tviews_verify(NULL);
-- not where more is done with the array, its rows or its groups
CREATE TABLE tv_heap AS
    SELECT a.pk_article AS pk_heap, jsonb_array_length(x.lines) AS n, jsonb_build_object('x', x.lines, 'y', y.lines, 'y again', y.names, 'z', z.lines) AS data
    FROM tb_article a
    LEFT JOIN (SELECT l.fk_order, jsonb_agg(jsonb_build_object('id', l.pk_line, 'note', l.note) ORDER BY l.pk_line) AS lines FROM tb_line l GROUP BY 1) x ON x.fk_order = a.pk_article
    LEFT JOIN (SELECT l.fk_order, max(l.note) AS names, jsonb_agg(jsonb_build_object('id', l.pk_line, 'note', l.note) ORDER BY l.pk_line) AS lines
               FROM tb_line l GROUP BY 1) y ON y.fk_order = a.pk_article
    LEFT JOIN (SELECT DISTINCT l.fk_order, jsonb_agg(jsonb_build_object('id', l.pk_line, 'note', l.note)) OVER (PARTITION BY l.fk_order ORDER BY l.pk_line ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS lines
               FROM tb_line l) z ON z.fk_order = a.pk_article AND z.lines IS NOT NULL;
SELECT line FROM pg_tviews_explain('tv_heap') AS e (line) WHERE line ~ 'copied';
UPDATE tb_line SET note = 'z' WHERE pk_line < 50;
SELECT * FROM pg_tviews_verify(NULL);
-- through a function too, unless its result is of another type
CREATE FUNCTION lines_of(o integer) RETURNS TABLE (lines jsonb) LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(jsonb_build_object('id', l.pk_line, 'note', l.note) ORDER BY l.pk_line) FROM s_patches.tb_line l WHERE l.fk_order = o $$;
CREATE FUNCTION text_of(o integer) RETURNS TABLE (lines text) LANGUAGE sql STABLE AS $$
    SELECT jsonb_agg(jsonb_build_object('id', l.pk_line, 'note', l.note) ORDER BY l.pk_line) FROM s_patches.tb_line l WHERE l.fk_order = o $$;
CREATE TABLE tv_called AS SELECT a.pk_article AS pk_called, x.lines FROM tb_article a, lines_of(a.pk_article) x;
CREATE TABLE tv_text AS SELECT a.pk_article AS pk_text, x.lines FROM tb_article a, text_of(a.pk_article) x;
SELECT tv, line FROM unnest('{tv_called,tv_text}'::text[]) tv, pg_tviews_explain(tv) AS e (line) WHERE line LIKE '%copied%';
UPDATE tb_line SET note = 'called' WHERE pk_line < 50;
SELECT * FROM pg_tviews_verify(NULL);
DROP SCHEMA s_patches CASCADE;
