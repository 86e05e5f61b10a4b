#!/usr/bin/python3 -B
"""Builds each workload's data, times every operation for every variant, and prints tables.  script/bench starts it.

Results go to test/bench/results as JSON lines: first the machine and its settings, then one line per measurement.
Not here: reading workloads (workload.py), timing (measure.py), judging (targets.py), printing (report.py).
"""
import argparse
import json
import os
import sys
import time

import measure
import report
import targets
import workload as workloads
from server import Server

SHOWN = ['shared_buffers', 'work_mem', 'wal_level', 'wal_compression', 'synchronous_commit', 'max_wal_size', 'autovacuum', 'jit',
         'max_parallel_workers_per_gather', 'random_page_cost', 'block_size']


class Plan:
    """How long to measure."""

    def __init__(self, quick, rounds, seconds):
        self.scales = 'quick' if quick else 'full'
        self.rounds = rounds or (2 if quick else 7)
        self.seconds = seconds or (0.07 if quick else 0.7)
        self.rounds_together = 1 if quick else min(5, self.rounds)  # of several clients; pgbench needs a second for each
        self.patience = 1 if quick else 15                  # seconds after which a variant gets no further round


def arguments():
    parser = argparse.ArgumentParser(prog='script/bench', description='Times writes with and without TVIEWs.')
    parser.add_argument('--quick', action='store_true', help='small data and short rounds: under three minutes, for a first look')
    parser.add_argument('--workloads', metavar='A,B', help='only these: ' + ', '.join(workloads.all_names()))
    parser.add_argument('--variants', metavar='A,B', help='only these; bare is always among them')
    parser.add_argument('--operations', metavar='A,B', help='only these')
    parser.add_argument('--scales', metavar='NAME=N,M', help='the sizes to take in place of the usual ones, as in '
                        'products=1000,100000; a workload without such a size keeps its own, other sizes grow alike')
    parser.add_argument('--rounds', type=int, help='rounds per operation and variant')
    parser.add_argument('--seconds', type=float, help='length of a round of single-row writes')
    for name in ('--bindir', '--scratch', '--results', '--revision'):
        parser.add_argument(name, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def listed(text):
    return text.split(',') if text else []


def chosen_scales(workload, plan, text):
    """The workload's scales, or those the user asked for: its first one, in proportion."""
    scales = workload.scales[plan.scales]
    name, _, sizes = (text or '').partition('=')
    if name not in scales[0]:
        return scales
    first = {key: value for key, value in scales[0].items() if key != 'variants'}
    return [{key: max(1, value * int(size) // first[name]) for key, value in first.items()} for size in listed(sizes)]


def machine(server):
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        model = next((line.split(':', 1)[1].strip() for line in file if line.startswith('model name')), 'unknown')
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 20
    uname = os.uname()
    facts = {'cpu': model, 'cores': os.cpu_count(), 'memory_mb': memory, 'kernel': f'{uname.sysname} {uname.release}',
             'load': os.getloadavg()[0], 'server': server.value('SELECT version()').split(' on ')[0]}
    return facts, {name: server.value('SELECT current_setting(%s)', (name,)) for name in SHOWN}


class Bench:
    def __init__(self, options):
        self.options = options
        self.plan = Plan(options.quick, options.rounds, options.seconds)
        self.server = Server(options.bindir, options.scratch)
        self.targets = targets.read()
        self.results, self.said = [], set()
        os.makedirs(options.results, exist_ok=True)
        self.file = os.path.join(options.results, time.strftime('%Y-%m-%dT%H%M%S.jsonl'))

    def keep(self, facts):
        with open(self.file, 'a', encoding='utf-8') as file:
            file.write(json.dumps(facts, ensure_ascii=False) + '\n')

    def say_once(self, text):
        if text not in self.said:
            self.said.add(text)
            print(text)

    def start(self):
        facts, settings = machine(self.server)
        facts['revision'] = self.options.revision
        self.keep({'machine': facts, 'settings': settings})
        for group in (facts, settings):
            print(', '.join(f'{name} {value}' for name, value in group.items()))
        if facts['load'] > facts['cores'] / 2:
            print(f"THE MACHINE IS BUSY (load {facts['load']:.1f} on {facts['cores']} cores): times and their ratios are not "
                  'to be trusted, long transactions suffer more than short ones')
        print('fsync and full_page_writes off, but on where commits are durable; times in ms, medians of '
              f'{self.plan.rounds} rounds in turn; ratios of tps tell how many times fewer; noise: median distance from it')

    def run(self, workload):
        for scale in chosen_scales(workload, self.plan, self.options.scales):
            only = scale.get('variants')
            scale = {name: value for name, value in scale.items() if name != 'variants'}
            self.run_scale(workload, scale, only)

    def run_scale(self, workload, scale, only):
        began, server = time.monotonic(), self.server
        server.durable(False)
        server.create('bench_data')
        if error := server.psql('bench_data', workload.data, {**scale, 'bindir': self.options.bindir}):
            sys.exit(f'{workload.data}: {error}')
        databases = {}
        for variant in workload.variants():
            wanted = listed(self.options.variants) or only
            if wanted and variant.name not in wanted and variant.name != 'bare':
                continue
            if error := self.set_up(workload, variant, scale):
                self.say_once(f'{workload.name}: {variant.name} left out: {error}')
            else:
                databases[variant] = database_of(variant)
        built, results = time.monotonic() - began, []
        wanted = list(filter(self.wanted, workload.operations))
        for operation in wanted:
            check = not self.options.quick or operation.clients > 1 or operation is wanted[-1]
            results += self.run_operation(workload, scale, operation, databases, check and operation.lasting)
        self.results += results
        self.verify(databases)
        for database in ['bench_data', *databases.values()]:
            server.drop(database)
        report.table(workload, scale, results, self.judge(results)[0])
        print(f'({time.monotonic() - began:.0f} s, {built:.0f} of them for data and documents)')

    def wanted(self, operation):
        if self.options.operations:
            return bool({operation.name, operation.family} & set(listed(self.options.operations)))
        return operation.in_quick or not self.options.quick

    def set_up(self, workload, variant, scale):
        """A copy of the data with the variant's documents; returns what went wrong, or nothing."""
        database = database_of(variant)
        self.server.create(database, 'bench_data')
        steps = [(variant.for_view, {'tview': view, 'query': query, 'key': 'pk_' + view[3:]})
                 for view, query in workload.queries.items()]
        if variant.for_workload:
            steps.append((variant.for_workload, {}))
        for path, variables in steps:
            if error := self.server.psql(database, path, {**scale, **variables}):
                self.server.drop(database)
                return error
        self.server.run('VACUUM ANALYZE', database=database)
        return ''

    def run_operation(self, workload, scale, operation, databases, check):
        server = self.server
        server.durable(operation.durable)
        if operation.lasting:
            for database in databases.values():
                server.run('VACUUM', database=database)
        server.run('CHECKPOINT')
        before = {variant: server.updates(database, workload.views) for variant, database in databases.items()}
        made = []
        for one in measure.measure(server, operation, databases, scale, self.plan):
            database = databases[one.variant]
            one.hot = self.hot_share(before[one.variant], server.updates(database, workload.views))
            if check and one.variant.checked:
                one.wrong = self.wrong(workload, one.variant, database)
            facts = {'workload': workload.name, 'scale': scale, 'operation': operation.name, **one.result(operation)}
            made.append(facts)
            self.keep(facts)
        return made

    def hot_share(self, before, after):
        updates, hot = after[0] - before[0], after[1] - before[1]
        return hot / updates if updates else None

    def wrong(self, workload, variant, database):
        """Rows that the queries give and the tables lack, or the other way round; then repairs them."""
        for statement in variant.lines('settle', workload.views):
            self.server.run(statement, database=database)
        total = 0
        for view, query in workload.queries.items():
            columns = ', '.join(c for c, in self.server.run(
                'SELECT quote_ident(attname) FROM pg_attribute '
                "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'updated_at'",
                (view,), database))
            wrong = self.server.value(DIFFERENCE.format(query=query, columns=columns, view=view), database=database)
            if wrong:
                self.server.run(variant.headers.get('repair', REPAIR).replace(':tview', view).replace(':columns', columns)
                                .replace(':query', query), database=database)
            total += wrong
        return total

    def verify(self, databases):
        for variant, database in databases.items():
            if 'pg_tviews' in variant.name:
                differences = self.server.value('SELECT count(*) FROM pg_tviews_verify(NULL)', database=database)
                if differences:
                    print(f'{variant.name}: pg_tviews_verify() finds {differences:,} documents')

    def judge(self, results):
        verdicts, missing = [], []
        for target in self.targets:
            found = targets.judge(target, results)
            verdicts += found
            missing += [] if found else [target]
        return verdicts, missing


DIFFERENCE = '''
    SET work_mem = '512MB';
    WITH query AS MATERIALIZED ({query}), stored AS MATERIALIZED (SELECT {columns} FROM {view})
    SELECT greatest((SELECT count(*) FROM (TABLE query EXCEPT ALL TABLE stored) missing),
                    (SELECT count(*) FROM (TABLE stored EXCEPT ALL TABLE query) extra))'''
REPAIR = 'BEGIN; DELETE FROM :tview; INSERT INTO :tview (:columns) :query; COMMIT'


def database_of(variant):
    return f'bench_{variant.name}'


def main():
    sys.stdout.reconfigure(line_buffering=True)
    options = arguments()
    bench = Bench(options)
    names = listed(options.workloads) or workloads.all_names()
    if unknown := set(names) - set(workloads.all_names()):
        sys.exit(f'No such workload: {", ".join(unknown)}.  There are: {", ".join(workloads.all_names())}')
    bench.start()
    for name in names:
        bench.run(workloads.Workload(name))
    report.targets(*bench.judge(bench.results))
    print(f'\nload now {os.getloadavg()[0]:.1f}; results are in test/bench/results/{os.path.basename(bench.file)}')


if __name__ == '__main__':
    main()
