#!/usr/bin/python3 -B
"""Checks each formula of docs/operations/capacity.md against a measurement; started by test/bench/capacity/run and test/tap/measured.pl.

A check says in words what the page says as a formula, computes it for generated data, measures, and allows a difference in percent.
--times adds the checks of processor time and of throughput, --write puts all of it into capacity.json and the page's table.
Not here: the server (run), watching (observe.py).
"""
import argparse
import itertools
import json
import math
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..'))
from observe import MB, Session, many_sessions   # pylint: disable=wrong-import-position
from report import number                        # pylint: disable=wrong-import-position
from server import Server                        # pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.realpath(__file__))
RESULTS = os.path.join(HERE, 'capacity.json')
PAGE = os.path.join(HERE, '..', '..', '..', 'docs', 'operations', 'capacity.md')
DATABASE = 'capacity'
ROWS = 20000
FINE = 200              # pg_tviews.max_fine_locks

# The page has these, too.  Bytes.
ROW_HEADER, LINE_POINTER, PAGE_HEADER = 24, 4, 24
WAL_OTHER_PAGE = 190
AUDIT_ROW = 280
SEED = 64
SLOT_TRACKED, SLOT_LOCK = 4096, 390


def aligned(size):
    return (size + 7) // 8 * 8


def heap(rows, row, fillfactor=100):
    """Bytes of so many rows of so many bytes, header included."""
    per_page = (8192 - PAGE_HEADER - 8192 * (100 - fillfactor) // 100) // (aligned(round(row)) + LINE_POINTER)
    return math.ceil(rows / per_page) * 8192


def index(rows, key):
    return rows * (8 + aligned(key) + LINE_POINTER) / 0.9


def flush_memory(rows):
    return min(1 * MB + 750 * rows, 25 * MB + 110 * rows)


class Capacity:
    def __init__(self, server):
        self.server, self.results = server, []
        self.numbers = itertools.count(1)     # no write may find the value it sets

    def run(self, sql):
        return self.server.run(sql, database=DATABASE)

    def value(self, sql):
        return self.server.value(sql, database=DATABASE)

    def check(self, subject, formula, unit, expected, measured, allowed):
        """Measured may be a factor of 1 + allowed % more or less than the formula says."""
        expected, measured = float(expected), float(measured)
        ratio = max(expected, measured) / max(min(expected, measured), 1e-9)
        ok = (ratio - 1) * 100 <= allowed
        self.results.append({'subject': subject, 'formula': formula, 'unit': unit, 'expected': expected, 'measured': measured,
                             'allowed': allowed, 'ok': ok})
        print(f"{'ok  ' if ok else 'FAIL'} {subject}: {number(expected)} by formula, {number(measured)} measured, {unit}; "
              f'within {allowed} %: {formula}', flush=True)

    def prepare(self):
        self.server.create(DATABASE)
        self.run('CREATE EXTENSION pg_tviews')
        self.run(f"""
            CREATE TABLE tb_group (pk_group integer PRIMARY KEY, name text NOT NULL);
            CREATE TABLE tb_item (pk_item integer PRIMARY KEY, fk_group integer NOT NULL, name text NOT NULL, price integer NOT NULL);
            INSERT INTO tb_group SELECT i, 'Group ' || i FROM generate_series(1, {ROWS // 100}) i;
            INSERT INTO tb_item SELECT i, 1 + i % {ROWS // 100}, 'Item ' || i, 0 FROM generate_series(1, {ROWS}) i;
            CREATE INDEX ON tb_item (fk_group);
            CREATE FUNCTION noise(seed integer, kilobytes integer) RETURNS text IMMUTABLE LANGUAGE sql AS
                $$SELECT left(string_agg(encode(sha512((seed || '-' || i)::bytea), 'base64'), ''), kilobytes * 1024)
                  FROM generate_series(1, kilobytes * 12) i$$""")

    def tview(self, name, size, options='', key='i.pk_item'):
        """A TVIEW whose documents have a padding of so many bytes.  A filtered column is more than copied: documents are built again."""
        self.run(f"""CREATE TABLE tv_{name} {options} AS
            SELECT {key} AS pk_{name}, jsonb_build_object('name', upper(i.name), 'group', upper(g.name), 'price', i.price,
                       'padding', repeat('x', {size})) AS data
            FROM tb_item i JOIN tb_group g ON g.pk_group = i.fk_group WHERE i.name IS NOT NULL AND g.name IS NOT NULL""")
        self.run('VACUUM ANALYZE')

    # sizes

    def sizes(self):
        for size, fillfactor in ((50, 100), (500, 100), (1200, 100), (500, 70)):
            self.tview('item', size, f'WITH (fillfactor = {fillfactor})')
            row = float(self.value('SELECT avg(pg_column_size(t.*)) FROM tv_item t'))
            self.check(f'table of {size}-byte paddings, fillfactor {fillfactor}', 'rows / rows per page × 8 kB', 'bytes',
                       heap(ROWS, row, fillfactor), self.value("SELECT pg_relation_size('tv_item')"), 5)
            self.run('DROP TABLE tv_item')
        self.tview('item', 50)
        self.check('primary key, integer', 'rows × (12 + 8) / 0.9', 'bytes', index(ROWS, 4),
                   self.value("SELECT pg_relation_size('tv_item_pkey')"), 8)
        self.run('DROP TABLE tv_item')
        self.growth()
        self.tview('uuid', 50, key="md5(i.pk_item::text)::uuid")
        self.check('primary key, uuid', 'rows × (12 + 16) / 0.9', 'bytes', index(ROWS, 16),
                   self.value("SELECT pg_relation_size('tv_uuid_pkey')"), 5)
        self.run('DROP TABLE tv_uuid')
        self.run("""CREATE TABLE tv_long AS
                    SELECT pk_item AS pk_long, jsonb_build_object('name', upper(name), 'text', noise(pk_item, 20)) AS data
                    FROM tb_item WHERE pk_item <= 500""")
        stored = float(self.value('SELECT sum(pg_column_size(data)) FROM tv_long'))
        toast = self.value("SELECT reltoastrelid::regclass::text FROM pg_class WHERE oid = 'tv_long'::regclass")
        self.check('documents of 20 kB out of line', 'stored bytes × 1.08', 'bytes', stored * 1.08,
                   self.value(f"SELECT pg_total_relation_size('{toast}')"), 5)
        self.check('log of a rewritten document of 20 kB', 'stored bytes × 1.08', 'bytes', stored / 500 * 1.08,
                   self.wal(100, "UPDATE tb_item SET name = 'Long ' || pk_item WHERE pk_item <= 100"), 10)
        self.run('DROP TABLE tv_long')

    def growth(self):
        fillfactor, parts = 85, 5
        self.tview('item', 50, f'WITH (fillfactor = {fillfactor})')
        before = self.value("SELECT pg_relation_size('tv_item')")
        for turn in range(3):
            self.run(f"UPDATE tb_item SET name = name || '.' WHERE pk_item % {parts} = {turn}")
            self.server.run('VACUUM tv_item', database=DATABASE)
        free = (100 - fillfactor) / fillfactor
        self.check(f'table with fillfactor {fillfactor}, {1 / parts:.0%} of the documents rewritten before each vacuum',
                   'size × (1 + share − (1 − fillfactor) / fillfactor), 1 at least', 'bytes',
                   before * max(1, 1 + 1 / parts - free), self.value("SELECT pg_relation_size('tv_item')"), 10)
        self.run('DROP TABLE tv_item')

    # write-ahead log

    def wal(self, documents, sql, begin='BEGIN'):
        """Bytes that the flush alone writes, for each document."""
        session = Session(self.server, DATABASE)
        session.cursor.execute(begin)
        session.cursor.execute(sql)
        took = session.measure(['SELECT pg_tviews_flush()'])
        session.cursor.execute('ROLLBACK')
        session.close()
        return took['wal_mb'] * MB / documents

    def logs(self):
        write = "UPDATE tb_item SET name = 'Other ' || pk_item WHERE pk_item <= 1000"
        for size in (50, 500, 1200):
            for fillfactor in (100, 40):
                self.tview('item', size, f'WITH (fillfactor = {fillfactor})')
                row = float(self.value('SELECT avg(pg_column_size(t.*)) FROM tv_item t'))
                same = fillfactor < 100
                self.check(f'log of a rewritten document, padding {size}, ' + ('on its page' if same else 'to another page'),
                           'row' if same else f'row + {WAL_OTHER_PAGE}', 'bytes', row if same else row + WAL_OTHER_PAGE,
                           self.wal(1000, write), 10)
                self.run('DROP TABLE tv_item')

    # locks

    def held(self, sql):
        session = Session(self.server, DATABASE)
        session.cursor.execute('BEGIN')
        session.cursor.execute(sql)
        session.cursor.execute('SELECT pg_tviews_flush()')
        held = session.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        session.cursor.execute('ROLLBACK')
        session.close()
        return held

    def locks(self):
        self.tview('item', 50)
        for documents in (1, 50, FINE, FINE + 1):
            self.check(f'locks of a flush of {documents} documents', '2 + documents, 2 past max_fine_locks', 'locks',
                       2 + (documents if documents <= FINE else 0),
                       self.held(f"UPDATE tb_item SET name = name || '.' WHERE pk_item <= {documents}"), 0)
        for groups in (1, 2, 20):
            documents = groups * 100 if groups * 100 <= FINE else 0
            self.check(f'locks of a flush that walks from {groups} rows to {groups * 100} documents', '3 + join values + documents',
                       'locks', 3 + groups + documents, self.held(f"UPDATE tb_group SET name = name || '.' WHERE pk_group <= {groups}"), 0)
        self.run('DROP TABLE tv_item')

    # memory

    def memory(self):
        self.run(f"""INSERT INTO tb_item
                     SELECT i, 1 + i % {ROWS // 100}, 'Item ' || i, 0 FROM generate_series({ROWS + 1}, 100000) i""")
        self.tview('item', 50)
        for rows in (1000, 10000, 100000):
            session = Session(self.server, DATABASE)
            took = session.measure([f"UPDATE tb_item SET name = name || '.' WHERE pk_item <= {rows}"])
            session.close()
            self.check(f'memory of a statement and flush of {rows} rows',
                       'the less of 1 MB + 750 bytes × rows and 25 MB + 110 bytes × rows', 'MB', flush_memory(rows) / MB, took['memory_mb'], 50)
        self.check('changed rows that 1 MB of max_seed_memory keeps', 'max_seed_memory / 64 bytes', 'rows', MB / SEED,
                   self.kept('1MB'), 30)
        self.run(f'DROP TABLE tv_item; DELETE FROM tb_item WHERE pk_item > {ROWS}')
        self.run('VACUUM tb_item')

    def kept(self, memory):
        """The most rows that are kept one by one; with one more the TVIEW will be compared in full."""
        session, low, high = Session(self.server, DATABASE), 4000, 40000
        session.cursor.execute(f"SELECT pg_tviews_version(); SET pg_tviews.max_seed_memory = '{memory}'")
        while high - low > 1000:
            rows = (low + high) // 2
            session.cursor.execute(f"BEGIN; UPDATE tb_item SET name = name || '.' WHERE pk_item <= {rows}")
            kept = session.value('SELECT queue_size FROM pg_tviews_queue_realtime WHERE backend_pid = pg_backend_pid()') > 0
            session.cursor.execute('ROLLBACK')
            low, high = (rows, high) if kept else (low, rows)
        session.close()
        return low

    def sessions(self):
        for count in (1, 10, 30):
            self.run(f"""DO $$ BEGIN FOR i IN 1..{count} LOOP EXECUTE format('CREATE TABLE tv_some%1$s AS SELECT i.pk_item AS pk_some%1$s,
                jsonb_build_object(''name'', upper(i.name), ''group'', upper(g.name), ''tview'', %1$s) AS data
                FROM tb_item i JOIN tb_group g ON g.pk_group = i.fk_group WHERE i.pk_item <= 100 AND i.name IS NOT NULL', i); END LOOP; END $$""")
            session = Session(self.server, DATABASE)
            took = session.measure([f"UPDATE tb_item SET name = name || '{n}' WHERE pk_item = 5" for n in range(20)])
            session.close()
            self.check(f'memory of a session that has written below {count} TVIEWs', '0.4 MB + 0.15 MB × TVIEWs', 'MB',
                       0.4 + 0.15 * count, took['memory_mb'], 50)
            self.run(f"DO $$ BEGIN FOR i IN 1..{count} LOOP EXECUTE format('DROP TABLE tv_some%s', i); END LOOP; END $$")

    def shared_memory(self):
        """Of a data directory of its own, for a running server does not say what it would take under other settings."""
        data, user = os.path.join(self.server.scratch, 'shared'), 'postgres' if os.geteuid() == 0 else None
        def output(program, *arguments):
            return subprocess.run([os.path.join(self.server.bindir, program), '-D', data, *arguments], check=True, capture_output=True,
                                  encoding='utf-8', user=user).stdout
        output('initdb', '-N', '-A', 'trust')
        def megabytes(*settings):
            arguments = [word for setting in ('shared_preload_libraries=pg_tviews', 'max_connections=100', *settings)
                         for word in ('-c', setting)]
            return int(output('postgres', '-C', 'shared_memory_size', *arguments))
        before = megabytes()
        self.check('shared memory of 100,000 tracked TVIEWs', f'max_tracked × {SLOT_TRACKED} bytes', 'MB', 100000 * SLOT_TRACKED / MB,
                   megabytes('pg_tviews.max_tracked=101000') - before, 10)
        sessions = 100 + 3 + 1 + 8 + 10
        self.check('shared memory of 4096 more locks per transaction',
                   f'max_locks_per_transaction × (max_connections + 22) × {SLOT_LOCK} bytes', 'MB', 4096 * sessions * SLOT_LOCK / MB,
                   megabytes('max_locks_per_transaction=4160') - before, 15)

    def audit(self):
        self.run("CREATE TABLE tv_audited AS SELECT pk_group AS pk_audited, name FROM tb_group")
        size = "SELECT pg_relation_size('pg_tview_audit_log') + pg_indexes_size('pg_tview_audit_log')"
        before = self.value(size)
        session = Session(self.server, DATABASE)
        for _ in range(1000):
            session.cursor.execute("SELECT count(*) FROM pg_tviews_refresh('tv_audited')")
        session.close()
        self.check('audit log after 1,000 refreshes', f'rows × {AUDIT_ROW} bytes', 'bytes', 1000 * AUDIT_ROW,
                   self.value(size) - before, 25)
        self.run('DROP TABLE tv_audited')

    # times

    def processor(self, sql, times):
        """Microseconds of processor time for one of many flushes, in the quickest of five rounds; without the writes and the commits."""
        session = Session(self.server, DATABASE)
        def flushes(count):
            took = 0
            for _ in range(count):
                session.cursor.execute('BEGIN')
                session.cursor.execute(sql(next(self.numbers)))
                before = session.processor()
                session.cursor.execute('SELECT pg_tviews_flush()')
                took += session.processor() - before
                session.cursor.execute('COMMIT')
            return took / count
        flushes(max(2, times // 10))
        took = min(flushes(times) for _ in range(5))
        session.close()
        return took * 1e6

    def times(self):
        groups = ROWS // 100
        def group(count, times):
            return self.processor(lambda n: f"""UPDATE tb_group SET name = 'G {n}'
                WHERE pk_group BETWEEN {1 + n % (groups - count)} AND {n % (groups - count) + count}""", times)
        def item(count, times):
            return self.processor(lambda n: f"""UPDATE tb_item SET name = 'I {n}'
                WHERE pk_item BETWEEN {1 + n * 7 % 10000} AND {n * 7 % 10000 + count}""", times)
        self.tview('item', 50)
        one = item(1, 200)
        each = (item(1000, 5) - one) / 999
        base, hop = one - each, group(1, 50) - one - 99 * each
        formula = f'{base:.0f} + documents × {each:.0f}'
        for count in (100, 500):
            self.check(f'processor time of a flush of {count} documents', formula, 'µs', base + count * each,
                       item(count, max(4, 1000 // count)), 75)
        self.check('processor time of a flush of 500 documents by a hop', f'{formula} + {hop:.0f}', 'µs', base + 500 * each + hop,
                   group(5, 10), 75)
        self.run('DROP TABLE tv_item')
        self.hot()

    def hot(self):
        self.run("""CREATE TABLE tv_hot AS
                    SELECT g.pk_group AS pk_hot, (SELECT sum(i.price) FROM tb_item i WHERE i.fk_group = g.pk_group) AS price
                    FROM tb_group g""")
        self.run('VACUUM ANALYZE')
        self.server.run(f'ALTER DATABASE {DATABASE} SET commit_delay = 5000')
        self.server.run(f'ALTER DATABASE {DATABASE} SET commit_siblings = 0')
        groups = ROWS // 100
        def script(low, high):
            return (f'\\set group random({low}, {high})\n\\set row random(1, 99)\n'
                    f'UPDATE tb_item SET price = price + 1 WHERE pk_item = :row * {groups} + :group - 1;')
        alone = many_sessions(self.server, DATABASE, script(1, 1), 1, 4)
        together = many_sessions(self.server, DATABASE, script(1, 1), 8, 6)
        self.check('transactions per second of one document, eight sessions', '1 / (flush + commit)', 'per second',
                   alone['per_second'], together['per_second'], 60)
        apart = many_sessions(self.server, DATABASE, script(1, groups), 8, 6)
        self.check('the same over 200 documents', 'sessions / (flush + commit)', 'per second', 8 * alone['per_second'], apart['per_second'], 60)

    def finish(self):
        differences = self.value('SELECT count(*) FROM pg_tviews_verify()')
        self.server.drop(DATABASE)
        if differences:
            sys.exit(f'{differences} documents differ from their queries')


def page(results):
    """The page with its table."""
    with open(PAGE, encoding='utf-8') as file:
        return re.sub(r'(<!-- checked -->\n).*?(\n<!-- end -->)', lambda m: m[1] + '\n'.join(table(results)) + m[2], file.read(), flags=re.S)


def check_page():
    with open(RESULTS, encoding='utf-8') as results, open(PAGE, encoding='utf-8') as file:
        if file.read() != page(json.load(results)):
            sys.exit('docs/operations/capacity.md shows other figures than capacity.json: run test/bench/capacity/run')
    return 0


def write(results):
    with open(RESULTS, 'w', encoding='utf-8') as file:
        file.write(json.dumps(results, indent=1, ensure_ascii=False) + '\n')
    text = page(results)
    with open(PAGE, 'w', encoding='utf-8') as file:
        file.write(text)


def table(results):
    lines = ['| | formula | by formula | measured | | allowed |', '|---|---|---:|---:|---|---:|']
    for r in results:
        lines.append(f"| {r['subject']} | {r['formula']} | {number(r['expected'])} | {number(r['measured'])} | {r['unit']} "
                     f"| {r['allowed']} % |")
    return lines


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bindir')
    parser.add_argument('--scratch')
    parser.add_argument('--data', help="the server's data directory, default SCRATCH/data")
    parser.add_argument('--times', action='store_true')
    parser.add_argument('--write', action='store_true')
    parser.add_argument('--check-page', action='store_true')
    options = parser.parse_args()
    if options.check_page:
        return check_page()
    capacity = Capacity(Server(options.bindir, options.scratch, options.data))
    capacity.prepare()
    for part in (capacity.sizes, capacity.logs, capacity.locks, capacity.memory, capacity.sessions, capacity.shared_memory, capacity.audit):
        part()
    if options.times:
        capacity.times()
    capacity.finish()
    if options.write:
        write(capacity.results)
    return any(not r['ok'] for r in capacity.results)


if __name__ == '__main__':
    sys.exit(main())
