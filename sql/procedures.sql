-- Procedures and DO blocks that COMMIT and ROLLBACK on their way: every transaction of theirs leaves the TVIEWs exact.
\getenv srcdir PG_ABS_SRCDIR
\set schema :srcdir '/sql/include/worked_schema.sql'
\set tviews :srcdir '/sql/include/worked_tviews.sql'
CREATE SCHEMA s_procedures;
SET search_path = s_procedures, public;
\i :schema
\i :tviews
CREATE VIEW names AS SELECT string_agg(data ->> 'name', ' ' ORDER BY pk_user) AS names FROM tv_user;

CREATE PROCEDURE in_steps() LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    UPDATE tb_user SET name = 'committed' WHERE pk_user = 1;
    COMMIT;
    UPDATE tb_user SET name = 'rolled back' WHERE pk_user = 2;
    RAISE INFO 'before ROLLBACK: %', (SELECT names FROM names);
    ROLLBACK;
    RAISE INFO 'after ROLLBACK: %', (SELECT names FROM names);
    UPDATE tb_user SET name = 'read' WHERE pk_user = 2;
    RAISE INFO 'before COMMIT: %', (SELECT names FROM names);
    COMMIT AND CHAIN;
    UPDATE tb_post SET title = 'chained' WHERE pk_post = 12;
    COMMIT;
    -- A loop over a TVIEW whose cursor outlives the COMMITs.
    FOR r IN SELECT pk_post, data ->> 'title' AS title FROM tv_post ORDER BY pk_post LOOP
        UPDATE tb_post SET title = r.title || '+' WHERE pk_post = r.pk_post;
        INSERT INTO tb_comment VALUES (r.pk_post * 10, uuid_of(3, r.pk_post * 10), r.pk_post, 1, 'in the loop');
        COMMIT;
    END LOOP;
    UPDATE tb_user SET name = 'at the end' WHERE pk_user = 3;
END $$;
CALL in_steps();
TABLE names;
SELECT pk_post, data FROM tv_post ORDER BY pk_post;
CALL check_exact();

DO $$
BEGIN
    FOR i IN 31..40 LOOP
        INSERT INTO tb_user VALUES (i, uuid_of(1, i), 'user ' || i);
        IF i % 3 = 0 THEN
            ROLLBACK;
        ELSE
            COMMIT;
        END IF;
    END LOOP;
END $$;
SELECT array_agg(pk_user ORDER BY pk_user) FROM tv_user;
CALL check_exact();

-- Isolation levels set on the way, subtransactions between.
CREATE PROCEDURE levels() LANGUAGE plpgsql AS $$
BEGIN
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
    UPDATE tb_user SET name = 'repeatable' WHERE pk_user = 1;
    RAISE INFO '%', (SELECT data ->> 'name' FROM tv_user WHERE pk_user = 1);
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
    BEGIN
        UPDATE tb_user SET name = 'serial' WHERE pk_user = 1;
        RAISE INFO '%', (SELECT data ->> 'name' FROM tv_user WHERE pk_user = 1);
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        UPDATE tb_user SET name = 'handled' WHERE pk_user = 2;
    END;
    COMMIT;
    RAISE INFO '%', (SELECT names FROM names WHERE names LIKE 'repeatable handled%') IS NOT NULL;
END $$;
CALL levels();
CALL check_exact();

-- A document that cannot be built fails the COMMIT inside; what was committed before stays.
CREATE TABLE tv_ratio AS SELECT pk_user AS pk_ratio, 100 / length(name) AS ratio FROM tb_user;
CREATE PROCEDURE failing() LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tb_user SET name = 'stays' WHERE pk_user = 1;
    COMMIT;
    UPDATE tb_user SET name = '' WHERE pk_user = 2;
    COMMIT;
    RAISE INFO 'never reached';
END $$;
\set SHOW_CONTEXT never
CALL failing();
\set SHOW_CONTEXT errors
SELECT pk_user, name FROM tb_user WHERE pk_user < 3 ORDER BY 1;
CALL check_exact();

-- TVIEWs made and dropped between COMMITs.
CREATE PROCEDURE definitions() LANGUAGE plpgsql AS $$
BEGIN
    CREATE TABLE tv_title AS SELECT pk_post AS pk_title, title FROM tb_post;
    UPDATE tb_post SET title = 'defined' WHERE pk_post = 11;
    COMMIT;
    DROP TABLE tv_ratio;
    UPDATE tb_post SET title = 'defined too' WHERE pk_post = 12;
    ROLLBACK;
    UPDATE tb_post SET title = 'last' WHERE pk_post = 13;
    COMMIT;
    DROP TABLE tv_ratio;
    UPDATE tb_user SET name = '' WHERE pk_user = 2;
    COMMIT;
END $$;
CALL definitions();
SELECT pk_title, title FROM tv_title ORDER BY 1;
CALL check_exact();

SET client_min_messages = warning;
DROP SCHEMA s_procedures CASCADE;
