-- Every kind of write against every shape: all shapes of sql/shape_*.sql at once, all kinds of writes one after the other over
-- the tables they read.  A kind writes every table on which it can be; every TVIEW is compared with its query after every
-- commit, by look().  What it prints at the end is docs/reference/shapes.md; test/house/shapes.sh compares the two.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes
\set ECHO none
\set gather :srcdir '/sql/include/gather.sql'
\set everywhere :srcdir '/sql/include/everywhere.sql'
\set finish :srcdir '/sql/include/matrix.sql'
\i :gather
\i :everywhere
\set ECHO all
\set VERBOSITY terse

-- A look finds what is wrong.
BEGIN;
UPDATE tv_inner SET title = 'by hand' WHERE pk_inner = 11;
DELETE FROM tv_two_fks;
CALL look();
ROLLBACK;

CALL tested('INSERT');
INSERT INTO tb_user VALUES (21, uuid_of(1, 21), 'Ida', 'ida@example.com'), (22, uuid_of(1, 22), 'Jon', NULL); CALL look();
INSERT INTO tb_category VALUES (21, 4, 'dna'), (22, NULL, 'top'); CALL look();
INSERT INTO tb_post (pk_post, id, fk_user, title, fk_editor, fk_category)
    VALUES (21, uuid_of(2, 21), 21, 'Twenty one', 1, 21), (22, uuid_of(2, 22), NULL, 'Of nobody', NULL, NULL); CALL look();
INSERT INTO tb_comment SELECT 120 + n, uuid_of(3, 120 + n), 11 + n, CASE WHEN n <> 3 THEN n END, 'New' FROM generate_series(1, 4) AS n; CALL look();
INSERT INTO tb_tag VALUES ('dba', 'DBA'), ('xml', 'XML'); CALL look();
INSERT INTO tb_post_tag VALUES (21, 'DBA', 3), (12, 'cpp', 2.5); CALL look();
INSERT INTO tb_text VALUES (21, 'en', 'Ida'), (NULL, NULL, NULL); CALL look();
INSERT INTO tb_follow VALUES (21, 1, '2024-02-01'), (1, 21, NULL), (-5000000000, 1, NULL), (NULL, NULL, NULL); CALL look();
INSERT INTO tb_setting VALUES ('colour', '21'); CALL look();
INSERT INTO tb_thing (pk_thing, fk_user, code, price, mood, level, posts, meta, size, span)
    VALUES (21, 21, 'sQl', 1.000, 'low', 1, '{21,11,11}', '{"tags": ["b", null]}', 4, '[20,23)'); CALL look();
INSERT INTO s_other.tb_rate VALUES ('CHF', 0.9, 21); CALL look();
INSERT INTO "Tb Quoted" VALUES (21, 21, NULL); CALL look();
INSERT INTO tb_sale VALUES ('south', 21, 21, 3); CALL look();
INSERT INTO tb_item VALUES (21, 21, 'Cup'); CALL look();
INSERT INTO tb_book VALUES (61, 21, 'Verse', 12); CALL look();
CALL tested();

CALL tested('UPDATE of shown columns');
UPDATE tb_user SET name = name || 'x' WHERE pk_user IN (1, 21); CALL look();
UPDATE tb_category SET name = 'life' WHERE pk_category = 3; CALL look();
UPDATE tb_post SET title = title || ' x' WHERE pk_post IN (11, 13); CALL look();
UPDATE tb_comment SET body = upper(body); CALL look();
UPDATE tb_tag SET label = 'label'; CALL look();
UPDATE tb_post_tag SET weight = 7; CALL look();
UPDATE tb_text SET body = lower(body); CALL look();
UPDATE tb_follow SET day = day + 1 WHERE follower = 1; CALL look();
UPDATE tb_setting SET value = value || '!' WHERE name = 'site'; CALL look();
UPDATE tb_thing SET price = price + 0.50, raw = '\x00', seen = '2025-01-01 00:00+00', meta = '{"tags": ["z"]}', address = '(A,B)'; CALL look();
UPDATE s_other.tb_rate SET rate = rate * 1.0; CALL look();
UPDATE "Tb Quoted" SET "Text" = 'changed'; CALL look();
UPDATE tb_item SET title = title || '?'; CALL look();
UPDATE tb_book SET pages = pages + 1; CALL look();
UPDATE tb_sale SET amount = amount + 1; CALL look();
CALL tested();

CALL tested('UPDATE of keys');
UPDATE tb_user SET pk_user = pk_user + 30 WHERE pk_user IN (2, 21); CALL look();
UPDATE tb_category SET pk_category = 30 + pk_category WHERE pk_category IN (2, 21); CALL look();
UPDATE tb_post SET pk_post = 30 + pk_post WHERE pk_post IN (11, 21); CALL look();
UPDATE tb_comment SET pk_comment = 300 + pk_comment WHERE fk_post = 12; CALL look();
UPDATE tb_tag SET pk_tag = 'Sql' WHERE pk_tag = 'sql'; CALL look();
UPDATE tb_tag SET pk_tag = 'c plus plus' WHERE pk_tag = 'cpp'; CALL look();
UPDATE tb_post_tag SET fk_post = 14 WHERE fk_post = 12; CALL look();
UPDATE tb_text SET lang = 'de' WHERE fk_post = 13; CALL look();
UPDATE tb_follow SET follower = 3 WHERE follower = 32 OR follower = 2; CALL look();
UPDATE tb_thing SET pk_thing = 30 + pk_thing, price = price + 0.00 WHERE pk_thing IN (1, 2); CALL look();
UPDATE tb_setting SET name = 'color' WHERE name = 'colour'; CALL look();
UPDATE s_other.tb_rate SET currency = 'SFR' WHERE currency = 'CHF'; CALL look();
UPDATE "Tb Quoted" SET "Pk Quoted" = 30 WHERE "Pk Quoted" = 1; CALL look();
UPDATE tb_item SET pk_item = 30 + pk_item; CALL look();
UPDATE tb_book SET pk_item = 1 + pk_item; CALL look();
UPDATE tb_sale SET pk_sale = 30 + pk_sale; CALL look();
CALL tested();

CALL tested('UPDATE of join columns: children move between parents');
UPDATE tb_post SET fk_user = 4, fk_editor = 3 WHERE fk_user = 1; CALL look();
UPDATE tb_post SET fk_user = NULL WHERE fk_user = 32; CALL look();
UPDATE tb_post SET fk_user = 32 WHERE fk_user IS NULL; CALL look();
UPDATE tb_post SET fk_category = 5 WHERE fk_category = 3; CALL look();
UPDATE tb_category SET fk_parent = 5 WHERE pk_category = 3; CALL look();
UPDATE tb_comment SET fk_post = 41 WHERE fk_post = 13; CALL look();
UPDATE tb_comment SET fk_user = CASE fk_user WHEN 1 THEN 3 ELSE 1 END WHERE fk_user IN (1, 3); CALL look();
UPDATE tb_post_tag SET fk_post = 15 WHERE fk_post = 13; CALL look();
UPDATE tb_post_tag SET fk_tag = 'Ada' WHERE fk_tag = 'dba'; CALL look();
UPDATE tb_tag SET pk_tag = 'painting' WHERE pk_tag = 'art'; CALL look();
UPDATE tb_text SET fk_post = 12 WHERE fk_post IS NULL; CALL look();
UPDATE tb_follow SET follower = followed, followed = follower; CALL look();
UPDATE tb_thing SET fk_user = 3, code = 'ART', level = 4, posts = posts || 12, span = '[1,50)'; CALL look();
UPDATE tb_item SET fk_user = 3; CALL look();
UPDATE tb_book SET fk_user = 4 WHERE pages > 100; CALL look();
UPDATE tb_sale SET fk_user = 3 WHERE fk_user IS NULL; CALL look();
UPDATE s_other.tb_rate SET fk_user = 3; CALL look();
UPDATE "Tb Quoted" SET "fk user" = 3; CALL look();
CALL tested();

CALL tested('UPDATE of filter columns: rows enter and leave');
UPDATE tb_post SET published = NOT published; CALL look();
UPDATE tb_user SET email = CASE WHEN email IS NULL THEN 'fr@example.com' END; CALL look();
UPDATE tb_post SET note = 'fr@example.com' WHERE pk_post < 14; CALL look();
UPDATE tb_text SET lang = 'fr'; CALL look();
UPDATE tb_follow SET day = CASE WHEN day IS NULL THEN date '2024-01-03' END; CALL look();
UPDATE tb_setting SET name = name || '?'; CALL look();
UPDATE tb_thing SET mood = NULL, meta = '{}' WHERE pk_thing = 21; CALL look();
UPDATE tb_category SET fk_parent = 6 WHERE pk_category = 1; CALL look();
UPDATE tb_setting SET name = rtrim(name, '?'); CALL look();
UPDATE tb_comment SET fk_user = CASE WHEN fk_user IS NULL THEN 1 END WHERE pk_comment % 2 = 0; CALL look();
UPDATE tb_tag SET label = NULL WHERE pk_tag = 'sql'; CALL look();
UPDATE tb_post_tag SET weight = CASE WHEN weight IS NULL THEN 1 END; CALL look();
UPDATE tb_sale SET fk_user = CASE WHEN fk_user IS NULL THEN 1 END; CALL look();
UPDATE tb_item SET title = NULL, fk_user = NULL WHERE pk_item % 2 = 0; CALL look();
UPDATE tb_book SET fk_user = 1 WHERE fk_user IS NULL; CALL look();
UPDATE s_other.tb_rate SET fk_user = NULL WHERE currency = 'EUR'; CALL look();
UPDATE "Tb Quoted" SET "fk user" = NULL WHERE "Pk Quoted" = 2; CALL look();
CALL tested();

CALL with_nobody();
CALL look();
-- A TVIEW that shows whole rows shows this column too.
CALL tested('UPDATE of columns nobody reads', writes => false);
UPDATE tb_user SET nobody = 1; CALL look();
UPDATE tb_category SET nobody = 1; CALL look();
UPDATE tb_post SET nobody = 1; CALL look();
UPDATE tb_comment SET nobody = 1; CALL look();
UPDATE tb_tag SET nobody = 1; CALL look();
UPDATE tb_post_tag SET nobody = 1; CALL look();
UPDATE tb_text SET nobody = 1; CALL look();
UPDATE tb_follow SET nobody = 1; CALL look();
UPDATE tb_setting SET nobody = 1; CALL look();
UPDATE tb_sale SET nobody = 1; CALL look();
UPDATE tb_item SET nobody = 1; CALL look();
UPDATE tb_book SET nobody = 1; CALL look();
UPDATE s_other.tb_rate SET nobody = 1; CALL look();
UPDATE "Tb Quoted" SET nobody = 1; CALL look();
UPDATE tb_thing SET nobody = 1; CALL look();
CALL tested();
CALL tested('UPDATE that changes nothing', writes => false);
UPDATE tb_user SET name = name, email = email; CALL look();
UPDATE tb_category SET fk_parent = fk_parent, name = name; CALL look();
UPDATE tb_post SET fk_user = fk_user, title = title; CALL look();
UPDATE tb_comment SET body = body; CALL look();
UPDATE tb_tag SET pk_tag = pk_tag, label = label; CALL look();
UPDATE tb_post_tag SET fk_post = fk_post, weight = weight; CALL look();
UPDATE tb_text SET fk_post = fk_post, body = body; CALL look();
UPDATE tb_follow SET follower = follower, day = day; CALL look();
UPDATE tb_setting SET value = value; CALL look();
UPDATE tb_sale SET amount = amount, region = region; CALL look();
UPDATE tb_item SET title = title; CALL look();
UPDATE tb_book SET pages = pages; CALL look();
UPDATE s_other.tb_rate SET rate = rate; CALL look();
UPDATE "Tb Quoted" SET "fk user" = "fk user", "Text" = "Text"; CALL look();
UPDATE tb_thing SET price = price, code = code, posts = posts, meta = meta, size = size; CALL look();
CALL tested();

CALL tested('DELETE');
DELETE FROM tb_comment WHERE pk_comment % 3 = 0; CALL look();
DELETE FROM tb_post WHERE pk_post IN (14, 22); CALL look();
DELETE FROM tb_follow WHERE follower IS NULL OR follower > 100; CALL look();
DELETE FROM tb_text WHERE lang IS NULL OR fk_post = 21; CALL look();
DELETE FROM tb_post_tag WHERE fk_post = 41; CALL look();
DELETE FROM tb_setting WHERE name = 'color'; CALL look();
DELETE FROM tb_thing WHERE pk_thing = 31; CALL look();
DELETE FROM tb_item WHERE title LIKE 'C%'; CALL look();
DELETE FROM tb_sale WHERE pk_sale = 31; CALL look();
DELETE FROM s_other.tb_rate WHERE currency = 'USD'; CALL look();
DELETE FROM "Tb Quoted" WHERE "Pk Quoted" = 2; CALL look();
DELETE FROM tb_book WHERE pages < 100; CALL look();
DELETE FROM tb_tag WHERE pk_tag = 'painting'; CALL look();
DELETE FROM tb_category WHERE pk_category = 51; CALL look();
DELETE FROM tb_user WHERE pk_user = 22; CALL look();
CALL tested();

CALL tested('MERGE');
MERGE INTO tb_post AS p USING tb_user AS u ON u.pk_user = p.fk_user
    WHEN MATCHED AND p.pk_post = 13 THEN DELETE
    WHEN MATCHED THEN UPDATE SET title = u.name, fk_editor = u.pk_user
    WHEN NOT MATCHED THEN INSERT (pk_post, id, fk_user, title) VALUES (400 + u.pk_user, uuid_of(2, 400 + u.pk_user), u.pk_user, 'merged'); CALL look();
MERGE INTO tb_comment AS c USING (VALUES (104, 12), (110, NULL), (999, 12)) AS v (pk, post) ON c.pk_comment = v.pk
    WHEN MATCHED AND v.post IS NULL THEN DELETE
    WHEN MATCHED THEN UPDATE SET fk_post = v.post
    WHEN NOT MATCHED THEN INSERT (pk_comment, id, fk_post, fk_user, body) VALUES (v.pk, uuid_of(3, v.pk), v.post, 1, 'merged'); CALL look();
MERGE INTO tb_thing AS t USING (VALUES (32), (50)) AS v (pk) ON t.pk_thing = v.pk
    WHEN MATCHED THEN UPDATE SET price = 2.0 WHEN NOT MATCHED THEN INSERT (pk_thing, price, code) VALUES (v.pk, 2.00, 'ada'); CALL look();
MERGE INTO tb_setting AS s USING (VALUES ('site', 'Merged')) AS v (name, value) ON s.name = v.name WHEN MATCHED THEN UPDATE SET value = v.value; CALL look();
MERGE INTO tb_user AS u USING (VALUES (3, 'Merged'), (66, 'New')) AS v (pk, name) ON u.pk_user = v.pk
    WHEN MATCHED THEN UPDATE SET name = v.name WHEN NOT MATCHED THEN INSERT VALUES (v.pk, uuid_of(1, v.pk), v.name, 'm@example.com'); CALL look();
MERGE INTO tb_category AS k USING (VALUES (1, 'Merged'), (66, 'New')) AS v (pk, name) ON k.pk_category = v.pk
    WHEN MATCHED THEN UPDATE SET name = v.name WHEN NOT MATCHED THEN INSERT VALUES (v.pk, NULL, v.name); CALL look();
MERGE INTO tb_tag AS g USING (VALUES ('sql'::citext, 'Merged'), ('new', 'New')) AS v (pk, label) ON g.pk_tag = v.pk
    WHEN MATCHED THEN UPDATE SET label = v.label WHEN NOT MATCHED THEN INSERT VALUES (v.pk, v.label); CALL look();
MERGE INTO tb_post_tag AS l USING tb_post AS p ON l.fk_post = p.pk_post
    WHEN MATCHED THEN UPDATE SET weight = 1.0 WHEN NOT MATCHED THEN INSERT VALUES (p.pk_post, 'new', p.pk_post / 10.0); CALL look();
MERGE INTO tb_text AS t USING tb_post AS p ON t.fk_post = p.pk_post
    WHEN MATCHED AND lang = 'en' THEN DELETE WHEN MATCHED THEN UPDATE SET body = p.title WHEN NOT MATCHED THEN INSERT VALUES (p.pk_post, 'fr', p.title); CALL look();
MERGE INTO tb_follow AS f USING tb_user AS u ON f.follower = u.pk_user
    WHEN MATCHED THEN UPDATE SET day = '2024-01-02' WHEN NOT MATCHED THEN INSERT VALUES (u.pk_user, 1, '2024-01-05'); CALL look();
MERGE INTO tb_sale AS s USING (VALUES (32, 'east'), (50, 'east')) AS v (pk, region) ON s.pk_sale = v.pk
    WHEN MATCHED THEN UPDATE SET amount = 2.0 WHEN NOT MATCHED THEN INSERT VALUES (v.region, v.pk, 1, 2); CALL look();
MERGE INTO tb_item AS i USING (VALUES (31), (50)) AS v (pk) ON i.pk_item = v.pk
    WHEN MATCHED THEN UPDATE SET title = 'merged', fk_user = 1 WHEN NOT MATCHED THEN INSERT VALUES (v.pk, 1, 'new'); CALL look();
MERGE INTO tb_book AS i USING (VALUES (82), (60)) AS v (pk) ON i.pk_item = v.pk
    WHEN MATCHED THEN UPDATE SET title = 'merged', fk_user = 1 WHEN NOT MATCHED THEN INSERT VALUES (v.pk, 1, 'new', 1); CALL look();
MERGE INTO s_other.tb_rate AS r USING (VALUES ('EUR'), ('DKK')) AS v (pk) ON r.currency = v.pk
    WHEN MATCHED THEN UPDATE SET rate = 1.20 WHEN NOT MATCHED THEN INSERT VALUES (v.pk, 1.0, 1); CALL look();
MERGE INTO "Tb Quoted" AS q USING (VALUES (3), (50)) AS v (pk) ON q."Pk Quoted" = v.pk
    WHEN MATCHED THEN UPDATE SET "Text" = 'merged', "fk user" = 1 WHEN NOT MATCHED THEN INSERT VALUES (v.pk, 1, 'new'); CALL look();
CALL tested();

CALL tested('INSERT … ON CONFLICT DO UPDATE');
INSERT INTO tb_user VALUES (1, uuid_of(1, 1), 'Upsert', 'up@example.com'), (61, uuid_of(1, 61), 'Kim', NULL)
    ON CONFLICT (pk_user) DO UPDATE SET name = EXCLUDED.name, email = EXCLUDED.email; CALL look();
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (12, uuid_of(2, 12), 61, 'Upsert'), (61, uuid_of(2, 61), 1, 'New')
    ON CONFLICT (pk_post) DO UPDATE SET fk_user = EXCLUDED.fk_user, title = EXCLUDED.title; CALL look();
INSERT INTO tb_tag VALUES ('SQL', 'upsert') ON CONFLICT (pk_tag) DO UPDATE SET pk_tag = EXCLUDED.pk_tag, label = EXCLUDED.label; CALL look();
INSERT INTO tb_setting VALUES ('site', 'Upsert') ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value; CALL look();
INSERT INTO tb_sale VALUES ('east', 32, 1, 8), ('south', 61, 1, 9) ON CONFLICT (region, pk_sale) DO UPDATE SET amount = EXCLUDED.amount, fk_user = EXCLUDED.fk_user; CALL look();
INSERT INTO tb_category VALUES (1, NULL, 'upsert'), (61, 1, 'new') ON CONFLICT (pk_category) DO UPDATE SET name = EXCLUDED.name; CALL look();
INSERT INTO tb_comment VALUES (104, uuid_of(3, 104), 15, 1, 'upsert'), (161, uuid_of(3, 161), 12, 1, 'new')
    ON CONFLICT (pk_comment) DO UPDATE SET fk_post = EXCLUDED.fk_post, body = EXCLUDED.body; CALL look();
INSERT INTO tb_post_tag SELECT p.pk_post, g.pk_tag, 0.50 FROM tb_post p, tb_tag g ON CONFLICT (fk_post, fk_tag) DO UPDATE SET weight = EXCLUDED.weight; CALL look();
INSERT INTO tb_item VALUES (31, 1, 'upsert'), (61, 1, 'new') ON CONFLICT (pk_item) DO UPDATE SET title = EXCLUDED.title; CALL look();
INSERT INTO s_other.tb_rate VALUES ('EUR', 2.0, 1), ('SEK', 1, 1) ON CONFLICT (currency) DO UPDATE SET rate = EXCLUDED.rate, fk_user = EXCLUDED.fk_user; CALL look();
INSERT INTO "Tb Quoted" VALUES (3, 61, 'upsert'), (61, 1, 'new') ON CONFLICT ("Pk Quoted") DO UPDATE SET "Text" = EXCLUDED."Text", "fk user" = EXCLUDED."fk user"; CALL look();
INSERT INTO tb_thing (pk_thing, fk_user, price, mood, posts) VALUES (32, 61, 7, 'low', '{12}'), (61, 1, 8, 'top', '{61}')
    ON CONFLICT (pk_thing) DO UPDATE SET fk_user = EXCLUDED.fk_user, price = EXCLUDED.price, mood = EXCLUDED.mood; CALL look();
DELETE FROM tb_text a USING tb_text b WHERE a.ctid > b.ctid AND (a.fk_post, a.lang, a.body) IS NOT DISTINCT FROM (b.fk_post, b.lang, b.body); CALL look();
CREATE UNIQUE INDEX one_text ON tb_text ((coalesce(fk_post, 0)), (coalesce(lang, '')), (coalesce(body, ''))); CALL look();
INSERT INTO tb_text VALUES (12, 'fr', 'upsert'), (12, 'fr', 'upsert too') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_text VALUES (12, 'fr', 'upsert'), (61, 'fr', 'new')
    ON CONFLICT ((coalesce(fk_post, 0)), (coalesce(lang, '')), (coalesce(body, ''))) DO UPDATE SET lang = 'en', fk_post = 61; CALL look();
DROP INDEX one_text; CALL look();
DELETE FROM tb_follow a USING tb_follow b WHERE a.follower = b.follower AND a.ctid > b.ctid; CALL look();
CREATE UNIQUE INDEX one_follow ON tb_follow (follower); CALL look();
INSERT INTO tb_follow VALUES (1, 61, '2024-01-04'), (61, 1, NULL) ON CONFLICT (follower) DO UPDATE SET followed = EXCLUDED.followed, day = EXCLUDED.day; CALL look();
DROP INDEX one_follow; CALL look();
CREATE UNIQUE INDEX one_book ON tb_book (pk_item); CALL look();
INSERT INTO tb_book VALUES (60, 61, 'upsert', 5), (64, 1, 'new', 6) ON CONFLICT (pk_item) DO UPDATE SET title = EXCLUDED.title, pages = EXCLUDED.pages; CALL look();
DROP INDEX one_book; CALL look();
CALL tested();

CALL tested('INSERT … ON CONFLICT DO NOTHING');
INSERT INTO tb_user VALUES (1, uuid_of(1, 1), 'Not', NULL), (62, uuid_of(1, 62), 'Lea', NULL) ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (12, uuid_of(2, 12), 1, 'Not'), (62, uuid_of(2, 62), 62, 'Lea''s') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_sale VALUES ('east', 32, 2, 1), ('west', 62, 62, 3) ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_category VALUES (1, NULL, 'not'), (62, 61, 'new') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_comment VALUES (104, uuid_of(3, 104), 12, 1, 'not'), (162, uuid_of(3, 162), 62, 62, 'new') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_tag VALUES ('SQL', 'not'), ('Lea''s', 'new') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_post_tag VALUES (12, 'new', 9), (62, 'LEA''S', 9.0) ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_text VALUES (62, 'fr', 'new') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_follow VALUES (62, 1, '2024-01-07') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_setting VALUES ('site', 'not'), ('minimum', 'not'), ('second', 'new') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_item VALUES (31, 1, 'not'), (62, 62, 'new') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_book VALUES (63, 62, 'new', 63) ON CONFLICT DO NOTHING; CALL look();
INSERT INTO s_other.tb_rate VALUES ('EUR', 9, 9), ('NOK', 1.0, 62) ON CONFLICT DO NOTHING; CALL look();
INSERT INTO "Tb Quoted" VALUES (3, 3, 'not'), (62, 62, 'new') ON CONFLICT DO NOTHING; CALL look();
INSERT INTO tb_thing (pk_thing, fk_user, price, code, posts, meta) VALUES (32, 1, 0, 'not', NULL, NULL), (62, 62, 1.5, 'SQL', '{62}', '{"tags": ["n"]}') ON CONFLICT DO NOTHING; CALL look();
CALL tested();

CALL tested('COPY');
COPY tb_user (pk_user, id, name, email) FROM PROGRAM $$printf '71\t10000000-0000-4000-8000-000000000071\tMia\t\\N\n72\t10000000-0000-4000-8000-000000000072\tNoa\tn@example.com\n'$$; CALL look();
COPY tb_post (pk_post, id, fk_user, title) FROM PROGRAM $$printf '71\t20000000-0000-4000-8000-000000000071\t71\tCopied\n'$$; CALL look();
COPY tb_comment (pk_comment, id, fk_post, fk_user, body) FROM PROGRAM $$printf '701\t30000000-0000-4000-8000-000000000701\t71\t72\tCopied\n'$$; CALL look();
COPY tb_sale (region, pk_sale, fk_user, amount) FROM PROGRAM $$printf 'east\t71\t71\t1.50\nnorth\t72\t\\N\t2\n'$$; CALL look();
COPY tb_follow (follower, followed, day) FROM PROGRAM $$printf '71\t72\t2024-01-02\n'$$; CALL look();
COPY tb_category (pk_category, fk_parent, name) FROM PROGRAM $$printf '71\t1\tcopied\n72\t71\tcopied\n'$$; CALL look();
COPY tb_tag (pk_tag, label) FROM PROGRAM $$printf 'Copied\tcopied\n'$$; CALL look();
COPY tb_post_tag (fk_post, fk_tag, weight) FROM PROGRAM $$printf '71\tcopied\t1.10\n71\tsql\t\\N\n'$$; CALL look();
COPY tb_text (fk_post, lang, body) FROM PROGRAM $$printf '71\tfr\tcopied\n\\N\ten\tcopied\n'$$; CALL look();
COPY tb_setting (name, value) FROM PROGRAM $$printf 'copied\tcopied\n'$$; CALL look();
COPY tb_item (pk_item, fk_user, title) FROM PROGRAM $$printf '71\t71\tcopied\n'$$; CALL look();
COPY tb_book (pk_item, fk_user, title, pages) FROM PROGRAM $$printf '72\t72\tcopied\t71\n'$$; CALL look();
COPY s_other.tb_rate (currency, rate, fk_user) FROM PROGRAM $$printf 'CZK\t1.10\t71\n'$$; CALL look();
COPY "Tb Quoted" ("Pk Quoted", "fk user", "Text") FROM PROGRAM $$printf '71\t71\tcopied\n'$$; CALL look();
COPY tb_thing (pk_thing, fk_user, code, price, mood, level, posts, meta, size) FROM PROGRAM $$printf '71\t71\tcopied\t1.0\tlow\t1\t{71,12}\t{"tags": ["c"]}\t4\n'$$; CALL look();
CALL tested();

-- From the start again, with foreign keys on every table that can have one.
BEGIN;
\i :rows
\set ECHO all
COMMIT;
CALL look();
CALL linked('CASCADE');
CALL look();

CALL tested('FOREIGN KEY ON DELETE CASCADE');
DELETE FROM tb_post WHERE pk_post IN (11, 12); CALL look();
DELETE FROM tb_tag WHERE pk_tag = 'cpp'; CALL look();
DELETE FROM tb_category WHERE pk_category = 2; CALL look();
DELETE FROM tb_user WHERE pk_user = 1; CALL look();
DELETE FROM tb_user WHERE pk_user = 3; CALL look();
CALL tested();
CALL linked(NULL);
CALL look();

BEGIN;
\i :rows
\set ECHO all
COMMIT;
CALL look();
CALL linked('SET NULL');
CALL look();

CALL tested('FOREIGN KEY ON DELETE SET NULL');
UPDATE tb_post SET fk_user = 4 WHERE fk_user = 2; CALL look();
DELETE FROM tb_user WHERE pk_user = 2; CALL look();
DELETE FROM tb_user WHERE pk_user = 3; CALL look();
DELETE FROM tb_post WHERE pk_post = 13; CALL look();
DELETE FROM tb_category WHERE pk_category IN (3, 6); CALL look();
DELETE FROM tb_tag WHERE pk_tag = 'sql'; CALL look();
CALL tested();
CALL linked(NULL);
CALL look();

BEGIN;
\i :rows
\set ECHO all
COMMIT;
CALL look();
CALL linked('CASCADE');
CALL look();

CALL tested('FOREIGN KEY ON UPDATE CASCADE');
UPDATE tb_user SET pk_user = pk_user + 1000 WHERE pk_user IN (1, 3, 4); CALL look();
UPDATE tb_post SET pk_post = pk_post + 1000 WHERE pk_post < 14; CALL look();
UPDATE tb_category SET pk_category = pk_category + 1000 WHERE fk_parent IS NULL; CALL look();
UPDATE tb_tag SET pk_tag = pk_tag || '2'; CALL look();
CALL tested();
CALL linked(NULL);
CALL look();

CALL tested('writable CTEs on several tables');
WITH a AS (UPDATE tb_post SET fk_user = 1001 WHERE pk_post IN (14, 15) RETURNING 1),
     b AS (DELETE FROM tb_text WHERE lang = 'fr' RETURNING 1),
     c AS (INSERT INTO tb_comment (pk_comment, id, fk_post, fk_user, body) VALUES (801, uuid_of(3, 801), 14, 1003, 'with') RETURNING 1),
     d AS (INSERT INTO tb_thing (pk_thing, price) VALUES (80, 1.0000) RETURNING 1),
     e AS (UPDATE tb_category SET name = name || '.' RETURNING 1),
     f AS (DELETE FROM tb_sale WHERE region = 'east' RETURNING *),
     g AS (INSERT INTO tb_sale SELECT 'west', pk_sale + 100, fk_user, amount FROM f RETURNING 1),
     h AS (UPDATE tb_tag SET label = 'with' RETURNING pk_tag),
     i AS (INSERT INTO tb_post_tag SELECT 14, pk_tag, 2 FROM h ON CONFLICT DO NOTHING RETURNING 1),
     j AS (UPDATE tb_follow SET followed = 1003 WHERE follower = 2 RETURNING 1),
     k AS (UPDATE tb_setting SET value = value || ' with' RETURNING 1),
     l AS (DELETE FROM tb_book WHERE pk_item = 52 RETURNING *),
     m AS (INSERT INTO tb_item SELECT pk_item, fk_user, title FROM l RETURNING 1),
     n AS (UPDATE s_other.tb_rate SET fk_user = 1003, rate = 3 WHERE currency = 'EUR' RETURNING 1),
     o AS (UPDATE "Tb Quoted" SET "fk user" = 1003, "Text" = 'with' WHERE "Pk Quoted" = 1 RETURNING 1),
     q AS (UPDATE tb_thing SET fk_user = 1003, meta = '{"tags": ["w"]}', level = 9, raw = '\x77' WHERE pk_thing = 2 RETURNING 1)
UPDATE tb_user SET name = 'With' WHERE pk_user = 1001; CALL look();
CALL tested();

CALL tested('a partitioned table written through its root');
INSERT INTO tb_sale VALUES ('east', 81, 1001, 1.0), ('west', 82, 1003, 2), ('up', 83, NULL, 3); CALL look();
UPDATE tb_sale SET amount = amount * 2; CALL look();
DELETE FROM tb_sale WHERE region = 'up'; CALL look();
CALL tested();

CALL tested('a partition written by its own name');
INSERT INTO tb_sale_east VALUES ('east', 84, 1001, 1); CALL look();
INSERT INTO tb_sale_rest VALUES ('down', 85, 1003, 1); CALL look();
UPDATE tb_sale_east SET fk_user = 1004, amount = 0.10 WHERE pk_sale = 81; CALL look();
DELETE FROM tb_sale_west WHERE pk_sale = 82; CALL look();
TRUNCATE tb_sale_rest; CALL look();
CALL tested();

CALL tested('rows moving between partitions by UPDATE');
UPDATE tb_sale SET region = CASE region WHEN 'east' THEN 'west' ELSE 'east' END, pk_sale = pk_sale + 200; CALL look();
UPDATE tb_sale SET region = 'far' WHERE pk_sale = (SELECT min(pk_sale) FROM tb_sale); CALL look();
CALL tested();

CALL tested('rows moving between partitions by MERGE');
MERGE INTO tb_sale AS s USING (SELECT max(pk_sale) AS pk FROM tb_sale) AS v ON s.pk_sale = v.pk WHEN MATCHED THEN UPDATE SET region = 'near', amount = 5; CALL look();
MERGE INTO tb_sale AS s USING tb_user AS u ON u.pk_user = s.fk_user AND s.region = 'west' WHEN MATCHED THEN UPDATE SET region = 'east', pk_sale = s.pk_sale + 400
    WHEN NOT MATCHED THEN INSERT VALUES ('west', 900 + u.pk_user, u.pk_user, 1); CALL look();
CALL tested();

CALL tested('partitions attached and detached');
ALTER TABLE tb_sale DETACH PARTITION tb_sale_west; CALL look();
ALTER TABLE tb_sale ATTACH PARTITION tb_sale_west FOR VALUES IN ('west'); CALL look();
CREATE TABLE tb_sale_new PARTITION OF tb_sale FOR VALUES IN ('new'); CALL look();
INSERT INTO tb_sale VALUES ('new', 2000, 1001, 1); CALL look();
DROP TABLE tb_sale_new; CALL look();
CALL tested();

CALL tested('children of an inherited table');
INSERT INTO tb_book VALUES (95, 1001, 'Saga', 900); CALL look();
UPDATE tb_item SET title = lower(title), fk_user = 1003; CALL look();
UPDATE ONLY tb_item SET title = 'only'; CALL look();
UPDATE tb_book SET pages = 1, title = 'thin'; CALL look();
DELETE FROM tb_item WHERE pk_item = 95; CALL look();
CALL tested();

CALL tested('rows of a link table');
INSERT INTO tb_post_tag SELECT p.pk_post, g.pk_tag, 1.0 FROM tb_post p, tb_tag g ON CONFLICT DO NOTHING; CALL look();
UPDATE tb_post_tag SET fk_tag = upper(fk_tag::text)::citext; CALL look();
DELETE FROM tb_post_tag WHERE fk_post % 2 = 0; CALL look();
CALL tested();

CALL tested('constraint triggers, deferred, that write');
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE tb_post SET note = NEW.body, title = title || '~' WHERE pk_post = NEW.fk_post;
    DELETE FROM tb_follow WHERE follower = NEW.fk_user;
    CALL everywhere('deferred');
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON tb_comment DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.body LIKE 'late%') EXECUTE FUNCTION late();
BEGIN;
INSERT INTO tb_comment (pk_comment, id, fk_post, fk_user, body) VALUES (901, uuid_of(3, 901), 14, 1001, 'late');
UPDATE tb_comment SET body = body || '+' WHERE fk_post = 14;
COMMIT; CALL look();
INSERT INTO tb_comment (pk_comment, id, fk_post, fk_user, body) VALUES (902, uuid_of(3, 902), 15, 1003, 'later'); CALL look();
DROP TRIGGER late ON tb_comment;
CALL look();
CALL tested();

CALL tested('triggers on base tables that write the same and other tables');
CREATE FUNCTION before() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.title := initcap(NEW.title);
    UPDATE tb_user SET name = 'from a trigger' WHERE pk_user = NEW.fk_editor;
    RETURN NEW;
END $$;
CREATE FUNCTION after() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE tb_post SET note = 'seen', fk_category = 1001 WHERE note IS DISTINCT FROM 'seen';
    INSERT INTO tb_text SELECT NEW.pk_post, 'en', NEW.title;
    CALL everywhere('from ' || NEW.pk_post);
    RETURN NULL;
END $$;
CREATE TRIGGER before BEFORE INSERT OR UPDATE OF title ON tb_post FOR EACH ROW EXECUTE FUNCTION before();
CREATE TRIGGER after AFTER INSERT OR UPDATE OF title ON tb_post FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION after();
INSERT INTO tb_post (pk_post, id, fk_user, title, fk_editor) VALUES (95, uuid_of(2, 95), 1001, 'by a trigger', 1003); CALL look();
UPDATE tb_post SET title = lower(title); CALL look();
DROP TRIGGER before ON tb_post;
DROP TRIGGER after ON tb_post;
CALL look();
CALL tested();

CALL tested('a trigger on a TVIEW that writes base tables');
CREATE FUNCTION on_tview() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF (SELECT value FROM tb_setting WHERE name = 'site') <> 'written by a TVIEW' THEN
        CALL everywhere('written by a TVIEW');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER on_tview AFTER INSERT OR UPDATE OR DELETE ON tv_inner FOR EACH ROW EXECUTE FUNCTION on_tview();
UPDATE tb_user SET name = 'Renamed' WHERE pk_user = 1001; CALL look();
DROP TRIGGER on_tview ON tv_inner;
CALL look();
CALL tested();

CALL tested('PL/pgSQL with EXCEPTION blocks');
DO $$ BEGIN
    BEGIN
        UPDATE tb_post SET title = 'never', fk_user = NULL;
        DELETE FROM tb_comment;
        CALL everywhere('never');
        PERFORM count(*) FROM tv_inner;
        RAISE EXCEPTION 'back';
    EXCEPTION WHEN raise_exception THEN
        UPDATE tb_user SET name = 'handled' WHERE pk_user = 1003;
        CALL everywhere('handled');
    END;
    BEGIN
        INSERT INTO tb_user VALUES (1003, uuid_of(1, 5), 'twice', NULL);
    EXCEPTION WHEN unique_violation THEN
        UPDATE tb_post SET title = 'handled' WHERE pk_post = 14;
    END;
END $$;
CALL look();
CALL tested();

CALL tested('savepoints, nested and rolled back, with reads in between');
BEGIN;
UPDATE tb_user SET name = 'one' WHERE pk_user = 1001;
SAVEPOINT a;
UPDATE tb_post SET fk_user = 1004;
CALL everywhere('a');
SELECT count(*) > 0 FROM tv_inner;
SAVEPOINT b;
DELETE FROM tb_comment;
SELECT count(*) >= 0 FROM tv_latest;
ROLLBACK TO b;
UPDATE tb_comment SET body = 'two' WHERE fk_post = 14;
SELECT count(*) > 0 FROM tv_latest;
ROLLBACK TO a;
UPDATE tb_comment SET fk_user = 1004 WHERE fk_post = 14;
SAVEPOINT c;
UPDATE tb_category SET name = 'three' WHERE pk_category = 1001;
CALL everywhere('c');
RELEASE c;
COMMIT;
CALL look();
CALL tested();

CALL tested('a transaction rolled back', writes => false);
BEGIN;
DELETE FROM tb_comment;
UPDATE tb_user SET name = 'gone', pk_user = pk_user + 1;
SELECT count(*) > 0 FROM tv_inner;
CALL everywhere('gone');
SELECT count(*) > 0 FROM tv_numeric;
TRUNCATE tb_follow;
ROLLBACK;
CALL look();
CALL tested();

CALL tested('an error in the middle of a flush', writes => false);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON tv_two_fks FOR EACH ROW EXECUTE FUNCTION refuse();
UPDATE tb_user SET name = name || ' no'; CALL look();
CALL everywhere('no'); CALL look();
BEGIN;
UPDATE tb_user SET name = name || ' no';
SAVEPOINT a;
SELECT count(*) FROM tv_two_fks;
ROLLBACK TO a;
ROLLBACK; CALL look();
DROP TRIGGER refuse ON tv_two_fks;
CALL look();
CALL tested();

CALL tested('statement_timeout in the middle of a flush', writes => false);
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(10); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE UPDATE ON tv_two_fks FOR EACH ROW EXECUTE FUNCTION slow();
BEGIN;
CALL everywhere('slow');
SET LOCAL statement_timeout = '2s';
COMMIT;
CALL look();
DROP TRIGGER slow ON tv_two_fks;
CALL look();
CALL tested();

CALL tested('keys that swap; a row deleted and inserted again');
BEGIN;
CALL swap('tb_user', 'pk_user');
CALL swap('tb_category', 'pk_category');
CALL swap('tb_post', 'pk_post');
CALL swap('tb_comment', 'pk_comment');
CALL swap('tb_item', 'pk_item');
CALL swap('tb_sale', 'pk_sale');
CALL swap('tb_thing', 'pk_thing');
CALL swap('"Tb Quoted"', '"Pk Quoted"');
COMMIT;
CALL look();
BEGIN;
CALL again('tb_comment', 'body', 'body || ''.''');
CALL again('tb_tag', 'pk_tag, label', 'pk_tag, ''again''');
CALL again('tb_text', 'lang', '''en''');
CALL again('tb_follow', 'follower, followed, day', 'follower, followed, day');
CALL again('tb_setting', 'name, value', 'name, value || ''.''');
CALL again('s_other.tb_rate', 'rate', 'rate + 0.10');
CALL again('tb_book', 'title, pages', '''again'', pages');
CALL again('tb_post_tag', 'weight', '0.0');
COMMIT;
CALL look();
CALL tested();

CALL tested('REPEATABLE READ and SERIALIZABLE, with reads in between');
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_user SET name = 'repeatable' WHERE pk_user = 1001;
SELECT count(*) > 0 FROM tv_inner;
CALL everywhere('repeatable');
SELECT count(*) > 0 FROM tv_inner;
UPDATE tb_post SET fk_user = 1001 WHERE pk_post = 14;
COMMIT;
CALL look();
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE tb_comment SET body = 'serializable' WHERE fk_post = 14;
SELECT count(*) > 0 FROM tv_latest;
CALL everywhere('serializable');
SELECT count(*) > 0 FROM tv_latest;
DELETE FROM tb_comment WHERE pk_comment = 901;
COMMIT;
CALL look();
CALL tested();

CALL tested('PREPARE TRANSACTION');
BEGIN;
UPDATE tb_user SET name = 'prepared' WHERE pk_user = 1003;
UPDATE tb_post SET title = 'prepared' WHERE pk_post = 15;
CALL everywhere('prepared');
PREPARE TRANSACTION 'matrix';
COMMIT PREPARED 'matrix'; CALL look();
CALL tested();

CALL tested('columns added, renamed and dropped');
ALTER TABLE tb_post ADD COLUMN stars int DEFAULT 3; CALL look();
UPDATE tb_post SET stars = 4 WHERE pk_post = 14; CALL look();
ALTER TABLE tb_post RENAME COLUMN stars TO points; CALL look();
ALTER TABLE tb_user RENAME COLUMN name TO called; CALL look();
ALTER TABLE tb_user RENAME COLUMN called TO name; CALL look();
ALTER TABLE tb_post DROP COLUMN points; CALL look();
ALTER TABLE tb_user DROP COLUMN nobody; CALL look();
ALTER TABLE tb_thing RENAME COLUMN nobody TO somebody; CALL look();
CALL everywhere('nobody'); CALL look();
CALL tested();

CALL tested('TRUNCATE CASCADE');
TRUNCATE tb_post CASCADE; CALL look();
TRUNCATE tb_tag CASCADE; CALL look();
TRUNCATE tb_category CASCADE; CALL look();
TRUNCATE tb_user CASCADE; CALL look();
TRUNCATE tb_text, tb_thing CASCADE; CALL look();
TRUNCATE tb_follow, tb_sale CASCADE; CALL look();
TRUNCATE tb_item CASCADE; CALL look();
TRUNCATE s_other.tb_rate, tb_setting, "Tb Quoted" CASCADE; CALL look();
CALL tested();

CALL tested('rows again after all were gone');
BEGIN;
\i :rows
\set ECHO all
COMMIT;
CALL look();
CALL tested();

-- A table that others refer to cannot be truncated alone, so nothing refers to any.
CALL unlinked();
CALL look();
CALL tested('TRUNCATE');
TRUNCATE tb_follow; CALL look();
TRUNCATE tb_text; CALL look();
TRUNCATE tb_sale; CALL look();
TRUNCATE ONLY tb_item; CALL look();
TRUNCATE tb_book; CALL look();
TRUNCATE s_other.tb_rate; CALL look();
TRUNCATE tb_post_tag; CALL look();
TRUNCATE tb_thing; CALL look();
TRUNCATE tb_setting; CALL look();
TRUNCATE "Tb Quoted"; CALL look();
TRUNCATE tb_comment; CALL look();
TRUNCATE tb_category; CALL look();
TRUNCATE tb_tag; CALL look();
TRUNCATE tb_post; CALL look();
TRUNCATE tb_user; CALL look();
CALL tested();

\i :finish
