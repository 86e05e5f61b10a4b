#!/usr/bin/python3 -B
"""Measures limits and writes the tables of docs/reference/limits.md; started by test/bench/limits/run and test/tap/measured.pl.

A limit is a SQL file.  Its first comment line is the title; the line  -- scale: NAME NUMBER, …  gives numbers for :NAME, which --scale
multiplies.  Blocks follow, each with a line that says what it is:

    -- prepare                       not measured
    -- measure: TITLE                one session, watched; a DELETE, INSERT or UPDATE flushes at its own commit
    -- measure NUMBER times: TITLE   the same over and over with :n from 1 on; the table shows the mean
    -- sessions NUMBER...: TITLE     a pgbench script, run by so many sessions for :seconds
    -- fact                          a query for a line of text below the table

Where documents are built again, a filter reads the column: it is more than copied.
Documents are those that the statistics count (documents_rebuilt); in making and verifying a TVIEW, those there are.
In the end every TVIEW is verified, which is measured too.  Not here: the server (run), watching (observe.py).
"""
import argparse
import glob
import json
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), '..'))
from observe import Session, many_sessions       # pylint: disable=wrong-import-position
from report import number                        # pylint: disable=wrong-import-position
from server import Server                        # pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.realpath(__file__))
MEASURED = os.path.join(HERE, 'measured.json')
PAGE = os.path.join(HERE, '..', '..', '..', 'docs', 'reference', 'limits.md')
KINDS = r'(?:prepare|measure|sessions|fact)\b'
ALL_DOCUMENTS = """SELECT coalesce(sum((xpath('/row/c/text()', query_to_xml(format('SELECT count(*) AS c FROM %s', tview), false, true, '')))
                   [1]::text::bigint), 0)::bigint FROM pg_tviews_registry"""


class Limit:
    def __init__(self, path, scale):
        self.name = os.path.basename(path)[:-len('.sql')]
        with open(path, encoding='utf-8') as file:
            text = file.read()
        self.title = re.match(r'-- (.*?)\.?\n', text)[1]
        words = (pair.split() for pair in re.search(r'^-- scale: (.*)$', text, re.M)[1].split(','))
        self.variables = {name: max(1, round(int(full) * scale)) for name, full in words}
        self.blocks = [(head, body.strip()) for head, body in
                       re.findall(rf'^-- ({KINDS}.*)\n((?:(?!-- {KINDS}).*\n?)*)', text, re.M)]

    def filled(self, sql, **more):
        variables = {**self.variables, **more}
        return re.sub(r'(?<!:):([a-z_]+)', lambda name: str(variables.get(name[1], name[0])), sql)

    def run(self, server, report):
        database = 'limits_' + self.name
        server.create(database)
        try:
            server.run('CREATE EXTENSION pg_tviews', database=database)
            return self.measured(server, database, report)
        finally:
            server.drop(database)

    def measured(self, server, database, report):
        steps, facts = [], []

        def add(step):
            steps.append(step)
            report(step)
        for head, sql in self.blocks:
            kind, _, title = head.partition(': ')
            if kind == 'fact':
                facts.append(server.value(self.filled(sql), database=database))
            elif kind == 'prepare':
                server.run(self.filled(sql), database=database)
            elif kind.startswith('sessions'):
                for sessions in map(int, kind.split()[1:]):
                    sessions = min(sessions, max(1, self.variables['sessions']))
                    add({'title': title, **many_sessions(server, database, self.filled(sql), sessions, self.variables['seconds'])})
            else:
                times = re.search(r'(\d+) times', kind)
                add({'title': title, **self.watched(server, database, sql, int(times[1]) if times else 1)})
        step = self.watched(server, database, 'SELECT count(*) AS differences FROM pg_tviews_verify()', 1)
        step['title'] = '`pg_tviews_verify()`'
        add(step)
        return {'title': self.title, 'variables': self.variables, 'steps': steps, 'facts': facts, 'differences': step['answer']}

    def watched(self, server, database, sql, times):
        rebuilt = 'SELECT coalesce(sum(documents_rebuilt), 0)::bigint FROM pg_tviews_performance_summary'
        before = server.value(rebuilt, database=database)
        creates, verifies = sql.startswith(('CREATE', 'DO')), sql.startswith('SELECT')
        there = server.value(ALL_DOCUMENTS, database=database) if creates else 0
        session = Session(server, database)
        step = session.measure(self.filled(sql, n=i) for i in range(1, times + 1))
        if verifies:
            step['answer'] = session.cursor.fetchone()[0]
        session.close()
        step['documents'] = ((server.value(rebuilt, database=database) - before) // times if not creates and not verifies
                             else server.value(ALL_DOCUMENTS, database=database) - there)
        for name in ('seconds', 'processor_seconds', 'wal_mb'):
            step[name] /= times
        return {'times': times, **step}


def seconds(value):
    return f'{number(value)} s' if value >= 1 else f'{number(value * 1000)} ms' if value >= 0.001 else f'{number(value * 1e6)} µs'


def megabytes(value):
    return f'{number(value)} MB' if value >= 1 else f'{number(value * 1024)} kB' if value >= 1 / 1024 else f'{value * 1048576:.0f} B'


def table(limit):
    """The lines that the page shows of one limit."""
    lines, sessions = [], [step for step in limit['steps'] if 'sessions' in step]
    if sessions:
        lines += ['| | sessions | transactions per second | median | 99 % within | processor time each | log each | largest session '
                  '| all sessions |', '|---|' + '---:|' * 8]
        for step in sessions:
            lines.append(f"| {step['title']} | {step['sessions']} | {number(step['per_second'])} "
                         f"| {seconds(step['p50_ms'] / 1000)} | {seconds(step['p99_ms'] / 1000)} "
                         f"| {seconds(step['processor_seconds'] / step['transactions'])} | {megabytes(step['wal_mb'] / step['transactions'])} "
                         f"| {megabytes(step['memory_mb'])} | {megabytes(step['all_memory_mb'])} |")
        lines.append('')
    lines += ['| | documents | time | processor time | documents per processor second | memory | write-ahead log |',
              '|---|' + '---:|' * 6]
    for step in limit['steps']:
        if 'sessions' in step:
            continue
        rate = step['documents'] / step['processor_seconds'] if step['documents'] else None
        title = step['title'] + (f" (mean of {step['times']})" if step['times'] > 1 else '')
        lines.append(f"| {title} | {step['documents']:,} | {seconds(step['seconds'])} | {seconds(step['processor_seconds'])} "
                     f"| {number(rate)} | {megabytes(step['memory_mb'])} | {megabytes(step['wal_mb'])} |")
    busy = f" The machine was busy: load average {limit['load']:.0f}." if limit['load'] > 1 else ''
    return lines + ['', ' '.join([*limit['facts'], f"Differences found: {limit['differences']}."]), '', f"*{limit['machine']}.{busy}*"]


def page(measured):
    """The page with the tables of what was measured."""
    with open(PAGE, encoding='utf-8') as file:
        text = file.read()
    for name, limit in measured.items():
        lines = '\n'.join(table(limit))
        text, found = re.subn(rf'(<!-- measured: {name} -->\n).*?(\n<!-- end -->)', rf'\1{lines}\2', text, flags=re.S)
        if found != 1:
            sys.exit(f'{PAGE} has no place for {name}')
    return text


def load(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def check_page():
    """Whether the page shows what measured.json says, for every limit."""
    names = {os.path.basename(path)[:-len('.sql')] for path in glob.glob(os.path.join(HERE, '*.sql'))}
    measured = load(MEASURED)
    if names != set(measured):
        sys.exit(f'measured.json lacks {sorted(names - set(measured))}, has too much {sorted(set(measured) - names)}')
    with open(PAGE, encoding='utf-8') as file:
        if file.read() != page(measured):
            sys.exit('docs/reference/limits.md shows other figures than measured.json: run test/bench/limits/limits.py --page')
    return 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--bindir')
    parser.add_argument('--scratch')
    parser.add_argument('--data', help="the server's data directory, default SCRATCH/data")
    parser.add_argument('--scale', type=float, default=1)
    parser.add_argument('--page', action='store_true', help='write the page again from measured.json')
    parser.add_argument('--check-page', action='store_true')
    parser.add_argument('limits', nargs='*')
    options = parser.parse_args()
    if options.check_page:
        return check_page()
    if options.page:
        write(PAGE, page(load(MEASURED)))
        return 0
    server = Server(options.bindir, options.scratch, options.data)
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30
    version = server.value('SHOW server_version').split()[0]
    names = options.limits or sorted(os.path.basename(path)[:-len('.sql')] for path in glob.glob(os.path.join(HERE, '*.sql')))
    failed = False
    for name in names:
        limit = Limit(os.path.join(HERE, name + '.sql'), options.scale)
        print(f'\n{limit.name}: {limit.title} ({limit.variables})', flush=True)
        busy = os.getloadavg()[0]
        result = limit.run(server, lambda step: print('  ' + json.dumps(step), flush=True))
        result.update(machine=f'{os.cpu_count()} cores, {memory:.0f} GB, PostgreSQL {version}', load=busy)
        print(*table(result), sep='\n')
        failed |= result['differences'] != 0
        if options.scale == 1 and not failed:
            measured = {**load(MEASURED), limit.name: result}
            write(MEASURED, json.dumps(measured, indent=1, sort_keys=True, ensure_ascii=False) + '\n')
            write(PAGE, page({limit.name: result}))
    return failed


if __name__ == '__main__':
    sys.exit(main())
