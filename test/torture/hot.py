"""The schema under torture: ten base tables of few rows, twelve TVIEWs over them, and what must never differ.

Every TVIEW shape whose concurrency is hard is here once: joins three levels deep, arrays through other tables, a link table
with a key of two columns, an outer join, grouped aggregates whose groups come and go, EXISTS, two TVIEWs over a TVIEW, a join
without an equality, a recursion, a key of two owners, a change that compares everything, and a shared value.
Only one foreign key exists, so that parents may come after their children and go before them.  Not here: what is written
(transactions.py).
"""

DEFINITION = """
CREATE TABLE tb_company (pk_company integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_team (pk_team integer PRIMARY KEY, fk_company integer NOT NULL, name text NOT NULL);
CREATE TABLE tb_user (pk_user integer PRIMARY KEY, fk_team integer, name text NOT NULL);
CREATE TABLE tb_profile (pk_profile integer PRIMARY KEY, fk_user integer NOT NULL REFERENCES tb_user ON DELETE CASCADE,
                         name text NOT NULL);
CREATE TABLE tb_post (pk_post integer PRIMARY KEY, fk_user integer NOT NULL, name text NOT NULL, published boolean NOT NULL);
CREATE TABLE tb_comment (pk_comment integer PRIMARY KEY, fk_post integer NOT NULL, fk_user integer, name text NOT NULL);
CREATE TABLE tb_tag (pk_tag integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE tb_post_tag (fk_post integer, fk_tag integer, name text NOT NULL, PRIMARY KEY (fk_post, fk_tag));
CREATE TABLE tb_node (pk_node integer PRIMARY KEY, fk_node integer, name text NOT NULL);
CREATE TABLE tb_site (pk_site integer PRIMARY KEY, name text NOT NULL);
CREATE INDEX ON tb_node (fk_node);
CREATE INDEX ON tb_team (fk_company);
CREATE INDEX ON tb_user (fk_team);
CREATE INDEX ON tb_profile (fk_user);
CREATE INDEX ON tb_post (fk_user);
CREATE INDEX ON tb_comment (fk_post);
CREATE INDEX ON tb_comment (fk_user);
CREATE INDEX ON tb_post_tag (fk_tag);

INSERT INTO tb_company SELECT i, 'company ' || i FROM generate_series(1, 3) i;
INSERT INTO tb_team SELECT i, 1 + i % 3, 'team ' || i FROM generate_series(1, 4) i;
INSERT INTO tb_user SELECT i, 1 + i % 4, 'user ' || i FROM generate_series(1, 6) i;
INSERT INTO tb_profile SELECT i, i, 'profile ' || i FROM generate_series(1, 6, 2) i;
INSERT INTO tb_post SELECT i, 1 + i % 6, 'post ' || i, i % 3 > 0 FROM generate_series(1, 12) i;
INSERT INTO tb_comment SELECT i, 1 + i % 12, 1 + i % 6, 'comment ' || i FROM generate_series(1, 30) i;
INSERT INTO tb_tag SELECT i, 'tag ' || i FROM generate_series(1, 4) i;
INSERT INTO tb_post_tag SELECT i, 1 + i % 4, 'link' FROM generate_series(1, 12) i;
INSERT INTO tb_node SELECT i, nullif(i / 2, 0), 'node ' || i FROM generate_series(1, 8) i;
INSERT INTO tb_site SELECT i, 'site ' || i FROM generate_series(1, 2) i;

CREATE TABLE tv_post AS
SELECT p.pk_post, p.fk_user, t.fk_company, p.published,
       (SELECT count(*) FROM tb_comment c WHERE c.fk_post = p.pk_post) AS comments,
       jsonb_build_object('title', p.name, 'author', u.name, 'team', t.name, 'company', o.name,
           'comments', ARRAY(SELECT coalesce(a.name, '?') || ': ' || c.name
                             FROM tb_comment c LEFT JOIN tb_user a ON a.pk_user = c.fk_user
                             WHERE c.fk_post = p.pk_post ORDER BY c.pk_comment),
           'tags', ARRAY(SELECT g.name FROM tb_post_tag l JOIN tb_tag g ON g.pk_tag = l.fk_tag
                         WHERE l.fk_post = p.pk_post ORDER BY g.pk_tag)) AS data
FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user JOIN tb_team t ON t.pk_team = u.fk_team
JOIN tb_company o ON o.pk_company = t.fk_company;

CREATE TABLE tv_user AS
SELECT u.pk_user, jsonb_build_object('name', u.name, 'profile', r.name, 'team', t.name,
           'posts', ARRAY(SELECT p.data FROM tv_post p WHERE p.fk_user = u.pk_user ORDER BY p.pk_post)) AS data
FROM tb_user u LEFT JOIN (SELECT fk_user, string_agg(name, ',' ORDER BY pk_profile) AS name FROM tb_profile GROUP BY fk_user) r
     ON r.fk_user = u.pk_user
LEFT JOIN tb_team t ON t.pk_team = u.fk_team;

CREATE TABLE tv_company AS
SELECT p.fk_company AS pk_company, jsonb_build_object('posts', count(*), 'comments', sum(p.comments)) AS data
FROM tv_post p WHERE p.published GROUP BY p.fk_company;

CREATE TABLE tv_commenter AS
SELECT c.fk_user AS pk_commenter, jsonb_build_object('name', min(u.name), 'comments', count(*), 'last', max(c.name)) AS data
FROM tb_comment c JOIN tb_user u ON u.pk_user = c.fk_user GROUP BY c.fk_user;

CREATE TABLE tv_employer AS
SELECT o.pk_company AS pk_employer, jsonb_build_object('name', o.name, 'idle', NOT EXISTS (
           SELECT FROM tb_team t JOIN tb_user u ON u.fk_team = t.pk_team JOIN tb_comment c ON c.fk_user = u.pk_user
           WHERE t.fk_company = o.pk_company)) AS data
FROM tb_company o
WHERE EXISTS (SELECT FROM tb_team t JOIN tb_user u ON u.fk_team = t.pk_team JOIN tb_post p ON p.fk_user = u.pk_user
              WHERE t.fk_company = o.pk_company AND p.published);

CREATE TABLE tv_tag AS
SELECT g.pk_tag, jsonb_build_object('name', g.name, 'posts', n.posts, 'published', n.published) AS data
FROM tb_tag g LEFT JOIN (SELECT l.fk_tag, count(*) AS posts, count(*) FILTER (WHERE p.published) AS published
                         FROM tb_post_tag l JOIN tb_post p ON p.pk_post = l.fk_post GROUP BY l.fk_tag) n ON n.fk_tag = g.pk_tag;

CREATE TABLE tv_reach AS
SELECT u.pk_user AS pk_reach, jsonb_build_object('name', u.name,
           'tags', ARRAY(SELECT g.name FROM tb_tag g WHERE g.pk_tag <= u.fk_team ORDER BY g.pk_tag)) AS data
FROM tb_user u;

CREATE TABLE tv_node AS
WITH RECURSIVE r AS (
    SELECT n.pk_node AS root, n.fk_node AS up, 0 AS depth, n.name FROM tb_node n
    UNION ALL SELECT r.root, p.fk_node, r.depth + 1, p.name FROM r JOIN tb_node p ON p.pk_node = r.up WHERE r.depth < 4)
SELECT r.root AS pk_node, to_jsonb(array_agg(r.name ORDER BY r.depth, r.name)) AS data FROM r GROUP BY r.root;

SELECT pg_tviews_create('tv_banner', $$
    SELECT t.pk_team, s.pk_site, jsonb_build_object('team', t.name, 'site', s.name) AS data FROM tb_team t CROSS JOIN tb_site s $$,
    '{"key": ["pk_team", "pk_site"]}');

CREATE TABLE tv_rank AS
SELECT o.pk_company AS pk_rank, to_jsonb(row_number() OVER (ORDER BY o.name, o.pk_company)) AS data FROM tb_company o;

CREATE TABLE tv_share AS
SELECT g.pk_tag AS pk_share, jsonb_build_object('name', g.name, 'of', (SELECT count(*) FROM tb_company)) AS data FROM tb_tag g;

SELECT pg_tviews_create('tv_link', $$
    SELECT l.fk_post, l.fk_tag, jsonb_build_object('link', l.name, 'post', p.name, 'tag', g.name) AS data
    FROM tb_post_tag l JOIN tb_post p ON p.pk_post = l.fk_post JOIN tb_tag g ON g.pk_tag = l.fk_tag $$,
    '{"key": ["fk_post", "fk_tag"]}');

SELECT pg_tviews_create('tv_later', $$
    SELECT p.pk_post AS pk_later, jsonb_build_object('name', p.name, 'user', u.name, 'team', t.name, 'company', o.name, 'comments',
               ARRAY(SELECT c.name || a.name FROM tb_comment c JOIN tb_user a ON a.pk_user = c.fk_user WHERE c.fk_post = p.pk_post
                     ORDER BY c.pk_comment)) AS data
    FROM tb_post p JOIN tb_user u ON u.pk_user = p.fk_user LEFT JOIN tb_team t ON t.pk_team = u.fk_team
         LEFT JOIN tb_company o ON o.pk_company = t.fk_company $$, '{"refresh_mode": "deferred"}');

SELECT pg_tviews_create('tv_asked', $$
    SELECT t.pk_tag AS pk_asked, t.data || jsonb_build_object('links', (SELECT count(*) FROM tv_link l WHERE l.fk_tag = t.pk_tag)) AS data
    FROM tv_tag t $$, '{"refresh_mode": "manual"}');
"""

# At the end of each statement, in bursts in which transactions take locks early anyway.
IMMEDIATE = 'tv_commenter'

TVIEWS = ('tv_post', 'tv_user', 'tv_company', 'tv_commenter', 'tv_employer', 'tv_tag', 'tv_link', 'tv_reach', 'tv_node', 'tv_banner',
          'tv_rank', 'tv_share')

# TRUNCATE is not MVCC-safe: a reader locks first and takes its snapshot afterwards.
LOCK_FOR_READING = ('LOCK TABLE tb_company, tb_team, tb_user, tb_profile, tb_post, tb_comment, tb_tag, tb_post_tag, tb_node, tb_site '
                    'IN ACCESS SHARE MODE')

# A transaction does not see in queued TVIEWs what it has written itself.
COMPARE = "SELECT * FROM difference WHERE tview::regclass NOT IN (SELECT \"table\" FROM pg_tview_meta WHERE refresh_mode IN ('deferred', 'manual'))"

# Where nothing is queued they are exact like all others.
COMPARE_ALL = 'SELECT * FROM difference'
QUEUE = 'SELECT * FROM pg_tview_queue'

# While a TVIEW has one it is not compared, so there may be none when a burst is over.
MARKS = 'SELECT tview::regclass::text, state FROM pg_tview_state'

# Above READ COMMITTED a transaction may insert a key that another one has deleted since its snapshot, and then sees both
# rows.  What a join over a unique index makes of them depends on its plan, in the query as in the TVIEW; the commit looks at the
# latest rows, where there is one.
KEYS = {'company': 'pk_company', 'team': 'pk_team', 'user': 'pk_user', 'profile': 'pk_profile', 'post': 'pk_post',
        'comment': 'pk_comment', 'tag': 'pk_tag', 'post_tag': 'fk_post, fk_tag', 'node': 'pk_node',
        'site': 'pk_site'}
DOUBLE_KEYS = ' UNION ALL '.join(f'(SELECT {table!r} FROM tb_{table} GROUP BY {key} HAVING count(*) > 1)'
                                 for table, key in KEYS.items())

_DIFFERENCE = """
SELECT string_agg(format($$
    SELECT %1$L AS tview, 'missing or old' AS what, to_jsonb(d) AS document
    FROM (SELECT %3$s FROM %2$s EXCEPT ALL SELECT %3$s FROM %1$s) d
    WHERE NOT EXISTS (SELECT FROM pg_tview_state s WHERE s.tview = %1$L::regclass)
      AND NOT EXISTS (SELECT FROM pg_tview_queue q WHERE q.tview = %1$L::regclass) UNION ALL
    SELECT %1$L, 'extra', to_jsonb(d) FROM (SELECT %3$s FROM %1$s EXCEPT ALL SELECT %3$s FROM %2$s) d
    WHERE NOT EXISTS (SELECT FROM pg_tview_state s WHERE s.tview = %1$L::regclass)
      AND NOT EXISTS (SELECT FROM pg_tview_queue q WHERE q.tview = %1$L::regclass)$$,
    m."table", m.view, array_to_string(m.columns, ', ')), ' UNION ALL ') FROM pg_tview_meta m"""


def make(run):
    """Makes tables, TVIEWs and the view `difference`, in which a row is a document that is not what it should be."""
    run('CREATE EXTENSION pg_tviews')
    run(DEFINITION)
    run('CREATE VIEW difference AS ' + run(_DIFFERENCE)[0][0])
