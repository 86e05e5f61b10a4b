-- Every kind of write against every shape: all shapes of sql/shape_*.sql at once, all kinds of writes one after the other over
-- the tables they read, every TVIEW compared with its query after each commit.  What it prints at the end is
-- docs/reference/shapes.md; test/house/shapes.sh compares the two.
\getenv srcdir PG_ABS_SRCDIR
\set shapes :srcdir '/sql/include/shapes.sql'
\i :shapes
\set ECHO none
\set gather :srcdir '/sql/include/gather.sql'
\set finish :srcdir '/sql/include/matrix.sql'
\i :gather
\set ECHO all
\set VERBOSITY terse

CALL tested('INSERT');
INSERT INTO tb_user VALUES (21, uuid_of(1, 21), 'Ida', 'ida@example.com'), (22, uuid_of(1, 22), 'Jon', NULL);
INSERT INTO tb_category VALUES (21, 4, 'dna'), (22, NULL, 'top');
INSERT INTO tb_post (pk_post, id, fk_user, title, fk_editor, fk_category)
    VALUES (21, uuid_of(2, 21), 21, 'Twenty one', 1, 21), (22, uuid_of(2, 22), NULL, 'Of nobody', NULL, NULL);
INSERT INTO tb_comment SELECT 120 + n, uuid_of(3, 120 + n), 11 + n, CASE WHEN n <> 3 THEN n END, 'New' FROM generate_series(1, 4) AS n;
INSERT INTO tb_text VALUES (21, 'en', 'Ida'), (NULL, NULL, NULL);
INSERT INTO tb_follow VALUES (21, 1, '2024-02-01'), (1, 21, NULL), (-5000000000, 1, NULL), (NULL, NULL, NULL);
INSERT INTO tb_setting VALUES ('colour', '21');
INSERT INTO tb_thing (pk_thing, fk_user, code, price, mood, level, posts, meta, size, span)
    VALUES (21, 21, 'sQl', 1.000, 'low', 1, '{21,11,11}', '{"tags": ["b", null]}', 4, '[20,23)');
INSERT INTO s_other.tb_rate VALUES ('CHF', 0.9, 21);
INSERT INTO "Tb Quoted" VALUES (21, 21, NULL);
INSERT INTO tb_item VALUES (21, 21, 'Cup');
INSERT INTO tb_book VALUES (61, 21, 'Verse', 12);
CALL tested();

CALL tested('UPDATE of shown columns');
UPDATE tb_user SET name = name || 'x' WHERE pk_user IN (1, 21);
UPDATE tb_category SET name = 'life' WHERE pk_category = 3;
UPDATE tb_post SET title = title || ' x' WHERE pk_post IN (11, 13);
UPDATE tb_comment SET body = upper(body);
UPDATE tb_tag SET label = 'label';
UPDATE tb_post_tag SET weight = 7;
UPDATE tb_text SET body = lower(body);
UPDATE tb_setting SET value = value || '!' WHERE name = 'site';
UPDATE tb_thing SET price = price + 0.50, raw = '\x00', seen = '2025-01-01 00:00+00', meta = '{"tags": ["z"]}', address = '(A,B)';
UPDATE s_other.tb_rate SET rate = rate * 1.0;
UPDATE "Tb Quoted" SET "Text" = 'changed';
UPDATE tb_item SET title = title || '?';
UPDATE tb_sale SET amount = amount + 1;
CALL tested();

CALL tested('UPDATE of keys');
UPDATE tb_user SET pk_user = pk_user + 30 WHERE pk_user IN (2, 21);
UPDATE tb_category SET pk_category = 30 + pk_category WHERE pk_category IN (2, 21);
UPDATE tb_post SET pk_post = 30 + pk_post WHERE pk_post IN (11, 21);
UPDATE tb_comment SET pk_comment = 300 + pk_comment WHERE fk_post = 12;
UPDATE tb_tag SET pk_tag = 'Sql' WHERE pk_tag = 'sql';
UPDATE tb_tag SET pk_tag = 'c plus plus' WHERE pk_tag = 'cpp';
UPDATE tb_thing SET pk_thing = 30 + pk_thing, price = price + 0.00 WHERE pk_thing IN (1, 2);
UPDATE tb_setting SET name = 'color' WHERE name = 'colour';
UPDATE s_other.tb_rate SET currency = 'SFR' WHERE currency = 'CHF';
UPDATE "Tb Quoted" SET "Pk Quoted" = 30 WHERE "Pk Quoted" = 1;
UPDATE tb_item SET pk_item = 30 + pk_item;
UPDATE tb_sale SET pk_sale = 30 + pk_sale;
CALL tested();

CALL tested('UPDATE of join columns: children move between parents');
UPDATE tb_post SET fk_user = 4, fk_editor = 3 WHERE fk_user = 1;
UPDATE tb_post SET fk_user = NULL WHERE fk_user = 32;
UPDATE tb_post SET fk_user = 32 WHERE fk_user IS NULL;
UPDATE tb_post SET fk_category = 5 WHERE fk_category = 3;
UPDATE tb_category SET fk_parent = 5 WHERE pk_category = 3;
UPDATE tb_comment SET fk_post = 41 WHERE fk_post = 13;
UPDATE tb_comment SET fk_user = CASE fk_user WHEN 1 THEN 3 ELSE 1 END WHERE fk_user IN (1, 3);
UPDATE tb_text SET fk_post = 12 WHERE fk_post IS NULL;
UPDATE tb_follow SET follower = followed, followed = follower;
UPDATE tb_thing SET fk_user = 3, code = 'ART', level = 4, posts = posts || 12, span = '[1,50)';
UPDATE tb_item SET fk_user = 3;
UPDATE tb_sale SET fk_user = 3 WHERE fk_user IS NULL;
UPDATE s_other.tb_rate SET fk_user = 3;
UPDATE "Tb Quoted" SET "fk user" = 3;
CALL tested();

CALL tested('UPDATE of filter columns: rows enter and leave');
UPDATE tb_post SET published = NOT published;
UPDATE tb_user SET email = CASE WHEN email IS NULL THEN 'fr@example.com' END;
UPDATE tb_post SET note = 'fr@example.com' WHERE pk_post < 14;
UPDATE tb_text SET lang = 'fr';
UPDATE tb_follow SET day = CASE WHEN day IS NULL THEN date '2024-01-03' END;
UPDATE tb_setting SET name = name || '?';
UPDATE tb_thing SET mood = NULL, meta = '{}' WHERE pk_thing = 21;
UPDATE tb_category SET fk_parent = 6 WHERE pk_category = 1;
UPDATE tb_setting SET name = rtrim(name, '?');
CALL tested();

CALL tested('UPDATE of columns nobody reads');
ALTER TABLE tb_user ADD nobody int;
ALTER TABLE tb_comment ADD nobody int;
UPDATE tb_comment SET nobody = 1;
UPDATE tb_book SET pages = pages;
CALL tested();

CALL tested('UPDATE that changes nothing', writes => false);
UPDATE tb_user SET name = name, email = email;
UPDATE tb_post SET fk_user = fk_user, title = title;
UPDATE tb_comment SET body = body;
UPDATE tb_thing SET price = price, code = code;
UPDATE tb_sale SET amount = amount, region = region;
CALL tested();

CALL tested('DELETE');
DELETE FROM tb_comment WHERE pk_comment % 3 = 0;
DELETE FROM tb_post WHERE pk_post IN (14, 22);
DELETE FROM tb_follow WHERE follower IS NULL OR follower > 100;
DELETE FROM tb_text WHERE lang IS NULL OR fk_post = 21;
DELETE FROM tb_post_tag WHERE fk_post = 41;
DELETE FROM tb_setting WHERE name = 'color';
DELETE FROM tb_thing WHERE pk_thing = 31;
DELETE FROM tb_item WHERE title LIKE 'C%';
DELETE FROM tb_sale WHERE pk_sale = 31;
DELETE FROM s_other.tb_rate WHERE currency = 'USD';
DELETE FROM "Tb Quoted" WHERE "Pk Quoted" = 2;
DELETE FROM tb_user WHERE pk_user = 22;
CALL tested();

CALL tested('MERGE');
MERGE INTO tb_post AS p USING tb_user AS u ON u.pk_user = p.fk_user
    WHEN MATCHED AND p.pk_post = 13 THEN DELETE
    WHEN MATCHED THEN UPDATE SET title = u.name, fk_editor = u.pk_user
    WHEN NOT MATCHED THEN INSERT (pk_post, id, fk_user, title) VALUES (400 + u.pk_user, uuid_of(2, 400 + u.pk_user), u.pk_user, 'merged');
MERGE INTO tb_comment AS c USING (VALUES (104, 12), (110, NULL), (999, 12)) AS v (pk, post) ON c.pk_comment = v.pk
    WHEN MATCHED AND v.post IS NULL THEN DELETE
    WHEN MATCHED THEN UPDATE SET fk_post = v.post
    WHEN NOT MATCHED THEN INSERT (pk_comment, id, fk_post, fk_user, body) VALUES (v.pk, uuid_of(3, v.pk), v.post, 1, 'merged');
MERGE INTO tb_thing AS t USING (VALUES (32), (50)) AS v (pk) ON t.pk_thing = v.pk
    WHEN MATCHED THEN UPDATE SET price = 2.0 WHEN NOT MATCHED THEN INSERT (pk_thing, price, code) VALUES (v.pk, 2.00, 'ada');
MERGE INTO tb_setting AS s USING (VALUES ('site', 'Merged')) AS v (name, value) ON s.name = v.name WHEN MATCHED THEN UPDATE SET value = v.value;
CALL tested();

CALL tested('INSERT … ON CONFLICT DO UPDATE');
INSERT INTO tb_user VALUES (1, uuid_of(1, 1), 'Upsert', 'up@example.com'), (61, uuid_of(1, 61), 'Kim', NULL)
    ON CONFLICT (pk_user) DO UPDATE SET name = EXCLUDED.name, email = EXCLUDED.email;
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (12, uuid_of(2, 12), 61, 'Upsert'), (61, uuid_of(2, 61), 1, 'New')
    ON CONFLICT (pk_post) DO UPDATE SET fk_user = EXCLUDED.fk_user, title = EXCLUDED.title;
INSERT INTO tb_tag VALUES ('SQL', 'upsert') ON CONFLICT (pk_tag) DO UPDATE SET pk_tag = EXCLUDED.pk_tag, label = EXCLUDED.label;
INSERT INTO tb_setting VALUES ('site', 'Upsert') ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value;
INSERT INTO tb_sale VALUES ('east', 32, 1, 8), ('south', 61, 1, 9) ON CONFLICT (region, pk_sale) DO UPDATE SET amount = EXCLUDED.amount, fk_user = EXCLUDED.fk_user;
CALL tested();

CALL tested('INSERT … ON CONFLICT DO NOTHING');
INSERT INTO tb_user VALUES (1, uuid_of(1, 1), 'Not', NULL), (62, uuid_of(1, 62), 'Lea', NULL) ON CONFLICT DO NOTHING;
INSERT INTO tb_post (pk_post, id, fk_user, title) VALUES (12, uuid_of(2, 12), 1, 'Not'), (62, uuid_of(2, 62), 62, 'Lea''s') ON CONFLICT DO NOTHING;
INSERT INTO tb_sale VALUES ('east', 32, 2, 1), ('west', 62, 62, 3) ON CONFLICT DO NOTHING;
CALL tested();

CALL tested('COPY');
COPY tb_user (pk_user, id, name, email) FROM PROGRAM $$printf '71\t10000000-0000-4000-8000-000000000071\tMia\t\\N\n72\t10000000-0000-4000-8000-000000000072\tNoa\tn@example.com\n'$$;
COPY tb_post (pk_post, id, fk_user, title) FROM PROGRAM $$printf '71\t20000000-0000-4000-8000-000000000071\t71\tCopied\n'$$;
COPY tb_comment (pk_comment, id, fk_post, fk_user, body) FROM PROGRAM $$printf '701\t30000000-0000-4000-8000-000000000701\t71\t72\tCopied\n'$$;
COPY tb_sale FROM PROGRAM $$printf 'east\t71\t71\t1.50\nnorth\t72\t\\N\t2\n'$$;
COPY tb_follow FROM PROGRAM $$printf '71\t72\t2024-01-02\n'$$;
CALL tested();

CALL tested('FOREIGN KEY ON DELETE CASCADE');
DELETE FROM tb_post WHERE pk_post IN (71, 12);
DELETE FROM tb_category WHERE pk_category = 5;
DELETE FROM tb_tag WHERE pk_tag = 'sql';
CALL tested();

CALL tested('FOREIGN KEY ON DELETE SET NULL');
DELETE FROM tb_user u WHERE NOT EXISTS (SELECT FROM tb_post p WHERE p.fk_user = u.pk_user) AND pk_user > 60;
DELETE FROM tb_category WHERE pk_category = 22;
DELETE FROM tb_category WHERE pk_category IN (SELECT fk_category FROM tb_post) AND pk_category <> 1;
CALL tested();

-- From the start again.
\i :rows
\set ECHO all
CALL remember();

CALL tested('FOREIGN KEY ON UPDATE CASCADE');
UPDATE tb_user SET pk_user = pk_user + 1000 WHERE pk_user IN (1, 3, 4);
UPDATE tb_post SET pk_post = pk_post + 1000 WHERE pk_post < 14;
UPDATE tb_category SET pk_category = pk_category + 1000 WHERE fk_parent IS NULL;
UPDATE tb_tag SET pk_tag = pk_tag || '2';
CALL tested();

CALL tested('writable CTEs on several tables');
WITH a AS (UPDATE tb_post SET fk_user = 1001 WHERE pk_post IN (14, 15) RETURNING 1),
     b AS (DELETE FROM tb_text RETURNING 1),
     c AS (INSERT INTO tb_comment (pk_comment, id, fk_post, fk_user, body) VALUES (801, uuid_of(3, 801), 14, 1003, 'with') RETURNING 1),
     d AS (INSERT INTO tb_thing (pk_thing, price) VALUES (80, 1.0000) RETURNING 1),
     e AS (UPDATE tb_category SET name = name || '.' RETURNING 1),
     f AS (DELETE FROM tb_sale WHERE region = 'east' RETURNING *),
     g AS (INSERT INTO tb_sale SELECT 'west', pk_sale + 100, fk_user, amount FROM f RETURNING 1)
UPDATE tb_user SET name = 'With' WHERE pk_user = 1001;
CALL tested();

CALL tested('a partitioned table written through its root');
INSERT INTO tb_sale VALUES ('east', 81, 1001, 1.0), ('west', 82, 1003, 2), ('up', 83, NULL, 3);
UPDATE tb_sale SET amount = amount * 2;
DELETE FROM tb_sale WHERE region = 'up';
CALL tested();

CALL tested('a partition written by its own name');
INSERT INTO tb_sale_east VALUES ('east', 84, 1001, 1);
INSERT INTO tb_sale_rest VALUES ('down', 85, 1003, 1);
UPDATE tb_sale_east SET fk_user = 1004, amount = 0.10 WHERE pk_sale = 81;
DELETE FROM tb_sale_west WHERE pk_sale = 82;
TRUNCATE tb_sale_rest;
CALL tested();

CALL tested('rows moving between partitions by UPDATE');
UPDATE tb_sale SET region = CASE region WHEN 'east' THEN 'west' ELSE 'east' END, pk_sale = pk_sale + 200;
UPDATE tb_sale SET region = 'far' WHERE pk_sale = (SELECT min(pk_sale) FROM tb_sale);
CALL tested();

CALL tested('rows moving between partitions by MERGE');
MERGE INTO tb_sale AS s USING (SELECT max(pk_sale) AS pk FROM tb_sale) AS v ON s.pk_sale = v.pk WHEN MATCHED THEN UPDATE SET region = 'near', amount = 5;
MERGE INTO tb_sale AS s USING tb_user AS u ON u.pk_user = s.fk_user AND s.region = 'west' WHEN MATCHED THEN UPDATE SET region = 'east', pk_sale = s.pk_sale + 400
    WHEN NOT MATCHED THEN INSERT VALUES ('west', 900 + u.pk_user, u.pk_user, 1);
CALL tested();

CALL tested('partitions attached and detached');
ALTER TABLE tb_sale DETACH PARTITION tb_sale_west;
CALL tested();
ALTER TABLE tb_sale ATTACH PARTITION tb_sale_west FOR VALUES IN ('west');
CREATE TABLE tb_sale_new PARTITION OF tb_sale FOR VALUES IN ('new');
INSERT INTO tb_sale VALUES ('new', 2000, 1001, 1);
CALL tested();
DROP TABLE tb_sale_new;
CALL tested();

CALL tested('children of an inherited table');
INSERT INTO tb_book VALUES (95, 1001, 'Saga', 900);
UPDATE tb_item SET title = lower(title), fk_user = 1003;
UPDATE ONLY tb_item SET title = 'only';
UPDATE tb_book SET pages = 1, title = 'thin';
DELETE FROM tb_item WHERE pk_item = 95;
CALL tested();

CALL tested('rows of a link table');
INSERT INTO tb_post_tag SELECT p.pk_post, g.pk_tag, 1.0 FROM tb_post p, tb_tag g ON CONFLICT DO NOTHING;
UPDATE tb_post_tag SET fk_tag = upper(fk_tag::text)::citext;
DELETE FROM tb_post_tag WHERE fk_post % 2 = 0;
CALL tested();

CALL tested('constraint triggers, deferred, that write');
CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE tb_post SET note = NEW.body, title = title || '~' WHERE pk_post = NEW.fk_post;
    DELETE FROM tb_follow WHERE follower = NEW.fk_user;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON tb_comment DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late();
BEGIN;
INSERT INTO tb_comment (pk_comment, id, fk_post, fk_user, body) VALUES (901, uuid_of(3, 901), 14, 1001, 'late');
UPDATE tb_comment SET body = body || '+' WHERE fk_post = 14;
COMMIT;
DROP TRIGGER late ON tb_comment;
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
    RETURN NULL;
END $$;
CREATE TRIGGER before BEFORE INSERT OR UPDATE OF title ON tb_post FOR EACH ROW EXECUTE FUNCTION before();
CREATE TRIGGER after AFTER INSERT OR UPDATE OF title ON tb_post FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION after();
INSERT INTO tb_post (pk_post, id, fk_user, title, fk_editor) VALUES (95, uuid_of(2, 95), 1001, 'by a trigger', 1003);
UPDATE tb_post SET title = lower(title);
DROP TRIGGER before ON tb_post;
DROP TRIGGER after ON tb_post;
CALL tested();

CALL tested('a trigger on a TVIEW that writes a base table');
CREATE FUNCTION on_tview() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE tb_setting SET value = 'written by a TVIEW' WHERE name = 'site' AND value <> 'written by a TVIEW';
    RETURN NULL;
END $$;
CREATE TRIGGER on_tview AFTER INSERT OR UPDATE OR DELETE ON tv_inner FOR EACH ROW EXECUTE FUNCTION on_tview();
UPDATE tb_user SET name = 'Renamed' WHERE pk_user = 1001;
DROP TRIGGER on_tview ON tv_inner;
CALL tested();

CALL tested('PL/pgSQL with EXCEPTION blocks');
DO $$ BEGIN
    BEGIN
        UPDATE tb_post SET title = 'never', fk_user = NULL;
        DELETE FROM tb_comment;
        PERFORM count(*) FROM tv_inner;
        RAISE EXCEPTION 'back';
    EXCEPTION WHEN raise_exception THEN
        UPDATE tb_user SET name = 'handled' WHERE pk_user = 1003;
    END;
    BEGIN
        INSERT INTO tb_user VALUES (1003, uuid_of(1, 5), 'twice', NULL);
    EXCEPTION WHEN unique_violation THEN
        UPDATE tb_post SET title = 'handled' WHERE pk_post = 14;
    END;
END $$;
CALL tested();

CALL tested('savepoints, nested and rolled back, with reads in between');
BEGIN;
UPDATE tb_user SET name = 'one' WHERE pk_user = 1001;
SAVEPOINT a;
UPDATE tb_post SET fk_user = 1004;
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
RELEASE c;
COMMIT;
CALL tested();

CALL tested('a transaction rolled back', writes => false);
BEGIN;
DELETE FROM tb_comment;
UPDATE tb_user SET name = 'gone', pk_user = pk_user + 1;
SELECT count(*) > 0 FROM tv_inner;
TRUNCATE tb_follow;
ROLLBACK;
CALL tested();

CALL tested('an error in the middle of a flush', writes => false);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON tv_two_fks FOR EACH ROW EXECUTE FUNCTION refuse();
UPDATE tb_user SET name = name || ' no';
BEGIN;
UPDATE tb_user SET name = name || ' no';
SAVEPOINT a;
SELECT count(*) FROM tv_two_fks;
ROLLBACK TO a;
ROLLBACK;
DROP TRIGGER refuse ON tv_two_fks;
CALL tested();

CALL tested('statement_timeout in the middle of a flush', writes => false);
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(10); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE UPDATE ON tv_two_fks FOR EACH ROW EXECUTE FUNCTION slow();
SET statement_timeout = '2s';
UPDATE tb_user SET name = name || ' slow';
RESET statement_timeout;
DROP TRIGGER slow ON tv_two_fks;
CALL tested();

CALL tested('keys that swap; a row deleted and inserted again');
BEGIN;
SET CONSTRAINTS ALL DEFERRED;
UPDATE tb_post SET pk_post = CASE pk_post WHEN 14 THEN 10015 WHEN 15 THEN 10014 END WHERE pk_post IN (14, 15);
UPDATE tb_post SET pk_post = pk_post - 10000 WHERE pk_post > 10000;
DELETE FROM tb_comment WHERE pk_comment = 901;
INSERT INTO tb_comment (pk_comment, id, fk_post, fk_user, body) VALUES (901, uuid_of(3, 901), 14, 1001, 'again');
COMMIT;
CALL tested();

CALL tested('REPEATABLE READ and SERIALIZABLE, with reads in between');
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tb_user SET name = 'repeatable' WHERE pk_user = 1001;
SELECT count(*) > 0 FROM tv_inner;
UPDATE tb_post SET fk_user = 1001 WHERE pk_post = 14;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
UPDATE tb_comment SET body = 'serializable' WHERE fk_post = 14;
SELECT count(*) > 0 FROM tv_latest;
DELETE FROM tb_comment WHERE pk_comment = 901;
COMMIT;
CALL tested();

CALL tested('PREPARE TRANSACTION');
BEGIN;
UPDATE tb_user SET name = 'prepared' WHERE pk_user = 1003;
UPDATE tb_post SET title = 'prepared' WHERE pk_post = 15;
PREPARE TRANSACTION 'matrix';
COMMIT PREPARED 'matrix';
CALL tested();

CALL tested('columns added, renamed and dropped');
ALTER TABLE tb_post ADD COLUMN stars int DEFAULT 3;
UPDATE tb_post SET stars = 4 WHERE pk_post = 14;
CALL tested();
ALTER TABLE tb_post RENAME COLUMN stars TO points;
CALL tested();
ALTER TABLE tb_user RENAME COLUMN name TO called;
ALTER TABLE tb_user RENAME COLUMN called TO name;
ALTER TABLE tb_post DROP COLUMN points;
CALL tested();

CALL tested('TRUNCATE');
TRUNCATE tb_follow;
TRUNCATE tb_text, tb_thing;
TRUNCATE tb_sale;
TRUNCATE tb_item;
TRUNCATE s_other.tb_rate;
TRUNCATE tb_post_tag;
CALL tested();

CALL tested('TRUNCATE CASCADE');
TRUNCATE tb_post CASCADE;
TRUNCATE tb_user CASCADE;
TRUNCATE tb_category, tb_tag CASCADE;
TRUNCATE tb_setting, "Tb Quoted";
CALL tested();

CALL tested('rows again after all were gone');
\i :rows
\set ECHO all
CALL tested();

\i :finish
