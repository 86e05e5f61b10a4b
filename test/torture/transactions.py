"""Random transactions over the schema in hot.py.

A transaction is a list of steps; each is (kind, SQL) with kind one of
    write, read    a statement
    compare        a statement that must return no row
    pause          seconds to sleep
    save, undo, release   of a savepoint, named s1, s2, … from the outermost in
    end            COMMIT or ROLLBACK
    prepare        PREPARE TRANSACTION, and its second phase as the next step, kind `second`
What may be in it depends on the burst it is part of, see Burst.  Not here: running it (client.py).
"""
import collections
import random

import hot

LEVELS = {'rc': 'READ COMMITTED', 'rr': 'REPEATABLE READ', 'sr': 'SERIALIZABLE'}
ROWS = {'company': 3, 'team': 4, 'user': 6, 'profile': 6, 'post': 12, 'comment': 36, 'tag': 4, 'node': 8, 'site': 2}
PARENTS = {'team': ['company'], 'user': ['team'], 'profile': ['user'], 'post': ['user'], 'comment': ['post', 'user'], 'node': ['node']}
# pg_tviews.max_fine_locks of a transaction; the tables are too small for its default ever to be passed.
FINE_LOCKS = [None, None, None, 5, 1, 0]
FREE = ('company', 'team', 'post', 'comment', 'tag', 'node', 'site')      # tables with no foreign key on either side

# early: transactions may flush before their end.  apart: no two clients write the same row, nor lock rows by foreign keys.
# truncate: TRUNCATE may happen, so that a snapshot may be older than one.  suspend: TVIEWs are suspended and resumed.
Burst = collections.namedtuple('Burst', 'early apart truncate suspend', defaults=[False])

Transaction = collections.namedtuple('Transaction', 'level steps')


class Maker:
    def __init__(self, seed, client, clients, isolation):
        self.random, self.client, self.clients, self.isolation = random.Random(seed), client, clients, isolation
        self.burst, self.prepared = None, 0

    def one_of(self, weights):
        return self.random.choices(list(weights), list(weights.values()))[0]

    def transaction(self, burst):
        self.burst = burst
        level = self.one_of({'rc': 4, 'rr': 3, 'sr': 2}) if self.isolation == 'mixed' else self.isolation
        if level == 'rc' and self.random.random() < 0.15:
            return Transaction(level, [self.look() if self.burst.suspend and self.random.random() < 0.5 else ('write', self.write())])
        steps = [('begin', f'BEGIN ISOLATION LEVEL {LEVELS[level]}')]
        if self.random.random() < 0.05:
            steps.append(('set', f"SET LOCAL {self.random.choice(['lock', 'statement'])}_timeout = '{self.random.choice([3, 30])}ms'"))
        limit = self.random.choice(FINE_LOCKS)
        if limit is not None:
            steps.append(('set', f'SET LOCAL pg_tviews.max_fine_locks = {limit}'))
        steps += self.block(self.random.choice([1, 1, 2, 2, 3, 4]))
        if self.random.random() < 0.35:
            steps += self.savepoint(1)
            steps += self.block(self.random.choice([0, 1, 2]))
        return Transaction(level, steps + self.end())

    def savepoint(self, depth):
        """A savepoint, now and then with others in it, up to three deep."""
        steps = [('save', f'SAVEPOINT s{depth}')] + self.block(self.random.choice([1, 1, 2]))
        while depth < 3 and self.random.random() < 0.4:
            steps += self.savepoint(depth + 1) + self.block(self.random.choice([0, 1]))
        return steps + [self.random.choice([('undo', f'ROLLBACK TO s{depth}'), ('release', f'RELEASE s{depth}')])]

    def block(self, writes):
        steps = []
        for _ in range(writes):
            steps.append(('write', self.write()))
            if self.random.random() < 0.25:
                steps.append(('pause', self.random.choice([0.0005, 0.002, 0.008])))
            if self.burst.early and self.random.random() < 0.15:
                steps.append(self.look())
        return steps

    def look(self):
        what = self.one_of({'read': 8, 'compare': 0 if self.burst.truncate else 3, 'flush': 2, 'refresh': 1,
                            'suspend': 3 if self.burst.suspend else 0, 'resume': 3 if self.burst.suspend else 0})
        if what == 'compare':
            return ('compare', hot.COMPARE)
        tview = self.random.choice(hot.TVIEWS)
        scope = self.random.choice(['database', 'session', 'transaction'])
        return ('read', {'read': f'SELECT count(*), max(data::text) FROM {tview}', 'flush': 'SELECT pg_tviews_flush()',
                         'refresh': f"SELECT * FROM pg_tviews_refresh('{tview}')",
                         'suspend': f"SELECT pg_tviews_suspend('{tview}', '{scope}')",
                         'resume': f"SELECT * FROM pg_tviews_resume({self.random.choice(['', repr(tview)])})"}[what])

    def end(self):
        how = self.one_of({'COMMIT': 24, 'ROLLBACK': 2, 'two phases': 1})
        if how != 'two phases':
            return [('end', how)]
        self.prepared += 1
        name = f"'{self.client}.{self.prepared}'"
        return [('prepare', f'PREPARE TRANSACTION {name}'), ('pause', self.random.choice([0, 0.002, 0.01])),
                ('second', self.random.choice(['COMMIT', 'COMMIT', 'ROLLBACK']) + f' PREPARED {name}')]

    # Rows --------------------------------------------------------------------------------------------------------------

    def any(self, table):
        return self.random.randint(1, ROWS[table])

    def mine(self, table):
        """A row to write: when clients keep apart, one that no other client writes."""
        if not self.burst.apart:
            return self.any(table)
        return 1 + self.client + self.clients * self.random.randint(0, 1 if ROWS[table] <= 12 else 4)

    def some(self, table):
        """A condition for several rows to write."""
        key = f'pk_{table}'
        if not self.burst.apart:
            return f'{key} % 4 = {self.random.randint(0, 3)}'
        return f'({key} - 1) % {self.clients} = {self.client}'

    def name(self):
        return f"'{self.random.choice('abcdefgh')}{self.random.randint(0, 99)}'"

    def new_row(self, table, key):
        values = [str(key)] + [str(self.any(parent)) for parent in PARENTS.get(table, ())] + [self.name()]
        return f"({', '.join(values + [self.random.choice(['true', 'false'])] if table == 'post' else values)})"

    # Writes ------------------------------------------------------------------------------------------------------------

    def write(self):
        weights = {'rename': 6, 'rename_some': 1, 'move': 5, 'move_some': 1, 'insert': 7, 'upsert': 2, 'delete': 3,
                   'delete_some': 0.6, 'publish': 1.5, 'link': 3, 'unlink': 1.5, 'relink': 1, 'swap': 1, 'merge': 1, 'replace': 1,
                   'touch': 0.5, 'truncate': 0.25 if self.burst.truncate else 0}
        return getattr(self, self.one_of(weights))()

    def table(self):
        weights = {'company': 1, 'team': 1, 'user': 2, 'profile': 1, 'post': 3, 'comment': 4, 'tag': 1, 'node': 2, 'site': 0.3}
        if self.burst.apart:
            weights = {table: weights[table] for table in FREE}
        return self.one_of(weights)

    def child(self):
        return self.one_of({'team': 1, 'post': 3, 'comment': 3, 'node': 1} if self.burst.apart else
                           {'team': 1, 'user': 2, 'profile': 1, 'post': 3, 'comment': 3, 'node': 1})

    def rename(self):
        table = self.table()
        return f'UPDATE tb_{table} SET name = {self.name()} WHERE pk_{table} = {self.mine(table)}'

    def rename_some(self):
        table = self.table()
        return f'UPDATE tb_{table} SET name = {self.name()} || pk_{table} WHERE {self.some(table)}'

    def move(self):
        table = self.child()
        parent = self.random.choice(PARENTS[table])
        return f'UPDATE tb_{table} SET fk_{parent} = {self.any(parent)} WHERE pk_{table} = {self.mine(table)}'

    def move_some(self):
        table = self.child()
        parent = self.random.choice(PARENTS[table])
        return f'UPDATE tb_{table} SET fk_{parent} = 1 + (fk_{parent} + 1) % {ROWS[parent]} WHERE {self.some(table)}'

    def insert(self):
        table = self.table()
        keys = {self.mine(table) for _ in range(self.random.choice([1, 1, 2, 3]))}
        rows = ', '.join(self.new_row(table, key) for key in sorted(keys))
        return f'INSERT INTO tb_{table} VALUES {rows} ON CONFLICT DO NOTHING'

    def upsert(self):
        table = self.table()
        return (f'INSERT INTO tb_{table} VALUES {self.new_row(table, self.mine(table))} '
                f'ON CONFLICT (pk_{table}) DO UPDATE SET name = excluded.name')

    def delete(self):
        table = self.table()
        return f'DELETE FROM tb_{table} WHERE pk_{table} = {self.mine(table)}'

    def delete_some(self):
        return f'DELETE FROM tb_comment WHERE {self.some("comment")}'

    def publish(self):
        return f'UPDATE tb_post SET published = NOT published WHERE pk_post = {self.mine("post")}'

    def link(self):
        return f'INSERT INTO tb_post_tag VALUES ({self.mine("post")}, {self.any("tag")}, {self.name()}) ON CONFLICT DO NOTHING'

    def unlink(self):
        return f'DELETE FROM tb_post_tag WHERE fk_post = {self.mine("post")}'

    def relink(self):
        return (f'WITH gone AS (DELETE FROM tb_post_tag WHERE fk_post = {self.mine("post")} RETURNING fk_post, name) '
                f'INSERT INTO tb_post_tag SELECT DISTINCT ON (fk_post) fk_post, {self.any("tag")}, name FROM gone ON CONFLICT DO NOTHING')

    def swap(self):
        one, other = self.mine('post'), self.mine('post')
        return f'UPDATE tb_post p SET fk_user = q.fk_user FROM tb_post q WHERE p.pk_post IN ({one}, {other}) AND q.pk_post = {one + other} - p.pk_post'

    def merge(self):
        key = self.mine('post')
        return (f'MERGE INTO tb_post p USING (VALUES ({key}, {self.any("user")})) AS n(pk, fk) ON p.pk_post = n.pk '
                'WHEN MATCHED AND p.published THEN DELETE WHEN MATCHED THEN UPDATE SET published = true, fk_user = n.fk '
                'WHEN NOT MATCHED THEN DO NOTHING')

    def replace(self):
        table = self.one_of({'post': 2, 'tag': 1} if self.burst.apart else {'post': 2, 'user': 2, 'tag': 1})
        key = self.mine(table)
        return f'DELETE FROM tb_{table} WHERE pk_{table} = {key}; INSERT INTO tb_{table} VALUES {self.new_row(table, key)} ON CONFLICT DO NOTHING'

    def touch(self):
        table = self.table()
        return f'UPDATE tb_{table} SET name = name WHERE {self.some(table)}'

    def truncate(self):
        return f"TRUNCATE {self.random.choice(['tb_comment', 'tb_post_tag', 'tb_profile', 'tb_comment, tb_post_tag'])}"
