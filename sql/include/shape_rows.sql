-- The rows that shapes begin with, whatever was there before.
\set ECHO none
SET client_min_messages = error;
TRUNCATE tb_user, tb_category, tb_post, tb_comment, tb_tag, tb_post_tag, tb_text, tb_follow, tb_setting, tb_sale, tb_item, s_other.tb_rate,
    "Tb Quoted", tb_thing;
INSERT INTO tb_user (pk_user, id, name, email)
    SELECT n, uuid_of(1, n), name, lower(name) || '@example.com' FROM unnest('{Ada,Ben,Cyd,Dee}'::text[]) WITH ORDINALITY AS u (name, n);
INSERT INTO tb_category VALUES (1, NULL, 'all'), (2, 1, 'science'), (3, 2, 'biology'), (4, 3, 'genes'), (5, 1, 'art'), (6, NULL, 'else');
INSERT INTO tb_post (pk_post, id, fk_user, title, published, fk_editor, fk_category)
    VALUES (11, uuid_of(2, 11), 1, 'One', true, 3, 6), (12, uuid_of(2, 12), 1, 'Two', true, 1, 1), (13, uuid_of(2, 13), 2, 'Three', true, 2, 2),
           (14, uuid_of(2, 14), 2, 'Draft', false, 3, 3), (15, uuid_of(2, 15), NULL, 'Nobody''s', true, 1, 4);
INSERT INTO tb_comment (pk_comment, id, fk_post, fk_user, body)
    SELECT n, uuid_of(3, n), 11 + n % 4, 1 + n % 3, 'Body ' || n FROM generate_series(101, 112) AS n;
INSERT INTO tb_tag VALUES ('sql', 'SQL'), ('cpp', 'C++'), ('Art', NULL), ('Ada', 'a name');
INSERT INTO tb_post_tag VALUES (11, 'SQL', 1.0), (11, 'cpp', 2.50), (12, 'sql', 1.00), (13, 'art', NULL);
INSERT INTO tb_text VALUES (11, 'en', 'Hello'), (11, 'fr', 'Bonjour'), (13, 'en', NULL), (NULL, 'fr', 'Salut');
INSERT INTO tb_follow VALUES (1, 2, '2024-01-01'), (2, 3, '2024-01-02'), (3, NULL, NULL), (NULL, 1, '2024-01-03'), (3000000000, 1, '2024-01-04');
INSERT INTO tb_setting VALUES ('site', 'Blog'), ('minimum', '2');
INSERT INTO tb_sale VALUES ('east', 1, 1, 10.0), ('east', 2, 2, 5.50), ('west', 3, 1, 7), ('north', 4, NULL, 1.00);
INSERT INTO tb_item VALUES (1, 1, 'Pen'), (2, 2, 'Ink');
INSERT INTO tb_book VALUES (51, 1, 'Novel', 300), (52, 3, 'Atlas', 80);
INSERT INTO s_other.tb_rate VALUES ('EUR', 1.10, 1), ('USD', 1.0, 2);
INSERT INTO "Tb Quoted" VALUES (1, 1, 'It''s'), (2, 2, 'a "name"'), (3, NULL, NULL);
INSERT INTO tb_thing (pk_thing, fk_user, code, price, mood, level, posts, meta, seen, address, raw, size, span) VALUES
    (1, 1, 'SQL', 1.0, 'low', 1, '{11,12}', '{"tags": ["a", "b"]}', '2024-01-01 12:00+00', '("Main St",Rome)', '\x01ff', 2, '[1,3)'),
    (2, 2, 'cpp', 1.00, 'top', 2, '{13,NULL}', '{"tags": []}', '2024-06-01 12:00+02', NULL, '\x', 3, '[2,9)'),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
RESET client_min_messages;
