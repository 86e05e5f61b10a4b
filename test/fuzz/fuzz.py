#!/usr/bin/python3
"""Differential fuzzer: random schemas, queries and transactions; every TVIEW must equal its query at every moment.

    fuzz.py [--seed N] [--cases N] [--seconds S] [--host DIR] [--database NAME] [--findings DIR]

Without --seed a third of the time goes to fixed seeds (1, 2, …), the rest to fresh ones.  A case is a function of its seed;
the n-th case of a run has seed N + n, so `--seed X --cases 1` repeats one.  A failing
case is shrunk and written as an SQL file that psql runs by itself.  Needs python3-psycopg2 and a server with pg_tviews
installed and max_worker_processes = 0, or the worker would empty queues at moments of its own, and no case would be a function
of its seed; works in a database of its own.  Exit status 1: something failed.  Not here: starting a server (see run), the worker.
"""
import argparse
import collections
from itertools import groupby
import os
import random
import re
import sys
import time

sys.dont_write_bytecode = True

import psycopg2

import case as cases
import oracle
import shrink


def arguments():
    parser = argparse.ArgumentParser(description='Differential fuzzer for pg_tviews.')
    parser.add_argument('--seed', type=int, help='seed of the first case')
    parser.add_argument('--cases', type=int, default=0, help='number of cases (default: no limit)')
    parser.add_argument('--seconds', type=float, default=60, help='time to run, 0: no limit (default: 60)')
    parser.add_argument('--host', default=os.environ.get('PGHOST', '/var/run/postgresql'), help='socket directory or host')
    parser.add_argument('--port', type=int, default=int(os.environ.get('PGPORT', '5432')))
    parser.add_argument('--user', default=os.environ.get('PGUSER', 'postgres'))
    parser.add_argument('--database', default='fuzz', help='is created, and dropped first if it exists')
    parser.add_argument('--findings', default='.', help='folder for the SQL files of failing cases')
    parser.add_argument('--failures', type=int, default=1, help='stop after so many failing cases (default: 1)')
    parser.add_argument('--shrink', type=float, default=60, help='seconds for making a failing case smaller')
    parser.add_argument('--query-length', type=int, default=4000, help='longest query')
    parser.add_argument('--without', action='append', default=[], metavar='SHAPE',
                        help="leave something out: 'grouping sets', recursion, or a shape named in query.py")
    parser.add_argument('--only', metavar='SHAPE', help='TVIEWs of one shape: one of TOP_SHAPES in query.py')
    parser.add_argument('--risk', action='append', default=[], choices=['casts'],
                        help='casts: join conditions that fail on values which other conditions keep away')
    parser.add_argument('--ignore', action='append', default=[], metavar='REGEX', help='failures not to stop at')
    parser.add_argument('--show', action='store_true', help='print the SQL of each case before it runs')
    return parser.parse_args()


def make_database(options):
    connection = psycopg2.connect(host=options.host, port=options.port, user=options.user, dbname='postgres')
    connection.autocommit = True
    cursor = connection.cursor()
    cursor.execute('SHOW max_worker_processes')
    if cursor.fetchone() != ('0',):
        sys.exit('The server must have max_worker_processes = 0.')
    cursor.execute('SET client_min_messages = error')
    cursor.execute(f'DROP DATABASE IF EXISTS {options.database} WITH (FORCE)')
    cursor.execute(f'CREATE DATABASE {options.database}')
    connection.close()
    parameters = {'host': options.host, 'port': options.port, 'user': options.user, 'dbname': options.database}
    connection = psycopg2.connect(**parameters)
    connection.autocommit = True
    connection.cursor().execute('CREATE EXTENSION pg_tviews; CREATE EXTENSION citext')
    connection.close()
    return parameters


class Fuzzer:
    def __init__(self, options):
        self.options = options
        self.statistics = collections.Counter()
        self.parameters = make_database(options)
        self.runner = oracle.Runner(self.parameters, self.statistics)
        self.failures = 0

    def run(self, first_seed, seconds):
        print(f'first seed {first_seed}', flush=True)
        started, seed = time.monotonic(), first_seed
        while self.failures < self.options.failures:
            if self.options.cases and seed >= first_seed + self.options.cases:
                break
            if seconds and time.monotonic() - started > seconds:
                break
            self.one(seed)
            seed += 1
            if (seed - first_seed) % 500 == 0:      # dropped schemas make the catalogs grow
                self.parameters = make_database(self.options)
        self.statistics['seconds'] += round(time.monotonic() - started)

    def one(self, seed):
        case = cases.generate(seed, self.options)
        self.statistics['cases'] += 1
        if self.options.show:
            print(f'-- seed {seed}\n{case.script(oracle.Failure("none"))}', flush=True)
        try:
            failure = self.runner.run(case, first=True)
        except oracle.Invalid as problem:
            self.statistics[f'invalid case: {str(problem)[:60]}'] += 1
            return
        if failure is None:
            return
        if failure.kind == 'not determined':
            if self.options.show:
                print(f'-- seed {seed}: {failure.tview} is not determined')
            return
        if any(re.search(pattern, ' '.join(failure.lines())) for pattern in self.options.ignore):
            self.statistics[f'ignored: {failure.kind} {failure.message[:60]}'] += 1
            return
        self.failures += 1
        self.report(seed, case, failure)

    def report(self, seed, case, failure):
        print(f'seed {seed}: ' + '\n    '.join(failure.lines()), flush=True)
        shrinker = shrink.Shrinker(self.runner, case, failure, self.options.shrink)
        smaller = shrinker.run()
        note = f'shrunk in {shrinker.attempts} attempts' if smaller else 'does not fail again by itself; not shrunk'
        if smaller is None:
            case = cases.generate(seed, self.options)
        failure = smaller or failure
        path = os.path.join(self.options.findings, f'fuzz-{seed}.sql')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'-- Found by test/fuzz/fuzz.py --seed {seed} --cases 1; {note}.\n')
            file.writelines(f'-- {line}\n' for line in failure.lines())
            file.write('\n' + case.script(failure))
        print(f'    {note}: {path}', flush=True)


def print_statistics(statistics, failures):
    routed = statistics['occurrences'] - statistics['occurrences that compare everything']
    print(f"\n{statistics['cases']} cases, {statistics['TVIEWs created']} TVIEWs, {statistics['transactions']} transactions, "
          f"{statistics['statements']} statements, {statistics['comparisons']} comparisons, {failures} differences, "
          f"{statistics['seconds']} s\n{routed} of {statistics['occurrences']} occurrences have a route\n")
    for group, names in groupby(sorted(statistics), key=lambda name: name.split(':')[0] if ':' in name else ''):
        names = sorted(names, key=lambda name: -statistics[name])
        shown = names if group in ('', 'statement') else names[:12]
        for name in shown:
            print(f'{statistics[name]:9d}  {name}')
        if len(names) > len(shown):
            print(f'{sum(statistics[name] for name in names[len(shown):]):9d}  {group}: {len(names) - len(shown)} others')


def main():
    options = arguments()
    fuzzer = Fuzzer(options)
    if options.seed is not None:
        fuzzer.run(options.seed, options.seconds)
    else:
        fuzzer.run(1, options.seconds / 3)
        fuzzer.run(random.SystemRandom().randrange(10 ** 9), options.seconds * 2 / 3)
    print_statistics(fuzzer.statistics, fuzzer.failures)
    sys.exit(1 if fuzzer.failures else 0)


if __name__ == '__main__':
    main()
