#!/usr/bin/python3
"""Torture: clients write at random to few hot rows; every TVIEW must equal its query at every moment.

    torture.py [--seconds S] [--clients N] [--isolation rc|rr|sr|mixed] [--locks SETTING] [--seed N] [--expect-difference]
               [--host DIR] [--port N] [--user NAME] [--database NAME]

A stale document is healed by the next write to it, so the clients work in bursts, most of them a few transactions long, and
everything is compared after each; two readers compare throughout, and so do some transactions.  There are three kinds of burst:
    early   anything goes: transactions read TVIEWs, flush and refresh in between, some bursts TRUNCATE, in some TVIEWs are
            suspended and resumed: while one carries a mark it is not compared, but all are resumed and compared afterwards
    late    transactions flush only when they end: no deadlock may involve locks of the engine, no commit at REPEATABLE READ
            may fail to serialize
    apart   the same, and no two clients write the same row: there is no deadlock and, below SERIALIZABLE, no other failure
The first difference ends the run and is printed with what each client did last.  Exit status 0: none; 1: a difference;
2: an error that should not have been.

--locks sets pg_tviews.lock_mode (fine, whole, none) for the clients.  That this program can fail is shown by
--expect-difference --locks none: without locks it must find a difference before its time is up, or exits with status 1.
Needs python3-psycopg2 and a server with pg_tviews installed, as superuser, with max_prepared_transactions above the number of
clients.  Not here: starting a server (see run), measuring throughput (bursts are short).
"""
import argparse
import collections
import concurrent.futures
import faulthandler
import os
import random
import sys
import threading
import time

sys.dont_write_bytecode = True

import psycopg2

import client
import hot
import transactions

READERS = 2
STUCK = 90      # seconds that no burst takes
SESSIONS = '''SELECT pid, backend_type, state, now() - query_start, wait_event_type, wait_event, pg_blocking_pids(pid), query
              FROM pg_stat_activity WHERE state <> 'idle' UNION ALL
              SELECT NULL, 'prepared', gid, now() - prepared, NULL, NULL, NULL, transaction::text FROM pg_prepared_xacts'''
BURSTS = [(transactions.Burst(early=True, apart=False, truncate=False), 10),
          (transactions.Burst(early=True, apart=False, truncate=True), 3),
          (transactions.Burst(early=True, apart=False, truncate=False, suspend=True), 4),
          (transactions.Burst(early=False, apart=False, truncate=False), 7),
          (transactions.Burst(early=False, apart=True, truncate=False), 4)]


def arguments():
    parser = argparse.ArgumentParser(description='Torture for pg_tviews under concurrency.')
    parser.add_argument('--seconds', type=float, default=60, help='time to run (default: 60)')
    parser.add_argument('--clients', type=int, default=8, help='writing clients (default: 8)')
    parser.add_argument('--isolation', choices=[*transactions.LEVELS, 'mixed'], default='mixed')
    parser.add_argument('--locks', help='pg_tviews.lock_mode of the clients (default: leave it)')
    parser.add_argument('--seed', type=int, default=random.randrange(10**6), help='default: random')
    parser.add_argument('--expect-difference', action='store_true', help='success is to find one')
    parser.add_argument('--host', default=os.environ.get('PGHOST', '/var/run/postgresql'), help='socket directory or host')
    parser.add_argument('--port', type=int, default=int(os.environ.get('PGPORT', '5432')))
    parser.add_argument('--user', default=os.environ.get('PGUSER', 'postgres'))
    parser.add_argument('--database', default='torture', help='is created, and dropped first if it exists')
    return parser.parse_args()


def make_database(options):
    parameters = {'host': options.host, 'port': options.port, 'user': options.user}
    session = client.Session({**parameters, 'dbname': 'postgres'})
    session.run(f'DROP DATABASE IF EXISTS {options.database} WITH (FORCE)')
    session.run(f'CREATE DATABASE {options.database}')
    session.connection.close()
    return {**parameters, 'dbname': options.database}


class Waits:
    """Samples who waits for a lock."""

    def __init__(self, parameters):
        self.session, self.samples, self.waits = client.Session(parameters), 0, collections.Counter()

    def sample(self, stopped):
        while not stopped.wait(0.05):
            self.samples += 1
            for engine, number in self.session.run(
                    "SELECT locktype = 'advisory' AND objsubid > 2, count(*) FROM pg_locks WHERE NOT granted GROUP BY 1"):
                self.waits['for locks of the engine' if engine else 'for rows, transactions and tables'] += number


class Watchdog:
    """Ends the program, saying who waits for whom, when a burst does not end."""

    def __init__(self, parameters):
        self.session, self.last = client.Session(parameters), time.monotonic()

    def fed(self):
        self.last = time.monotonic()

    def watch(self, stopped):
        while not stopped.wait(1):
            if time.monotonic() - self.last > STUCK:
                print(f'a burst does not end after {STUCK} seconds:', *self.session.run(SESSIONS), sep='\n  ', flush=True)
                for lock in self.session.run('SELECT l FROM pg_locks l ORDER BY l.granted, l.pid'):
                    print('  ', *lock, flush=True)
                faulthandler.dump_traceback()
                os._exit(2)


class Torture:
    def __init__(self, options):
        self.options, self.random = options, random.Random(options.seed)
        self.parameters = make_database(options)
        self.main = client.Session(self.parameters)
        hot.make(self.main.run)
        self.clients = [client.Client(i, self.parameters,
                                      transactions.Maker(f'{options.seed}.{i}', i, options.clients, options.isolation),
                                      options.locks, options.expect_difference) for i in range(options.clients)]
        self.readers = [client.Reader(i, self.parameters) for i in range(READERS)]
        self.waits = Waits(self.parameters)
        self.watchdog = Watchdog(self.parameters)
        self.bursts = 0

    def run(self):
        """Returns the exit status."""
        stopped = threading.Event()
        end = time.monotonic() + self.options.seconds
        with concurrent.futures.ThreadPoolExecutor(len(self.clients) + len(self.readers) + 2) as pool:
            watching = [pool.submit(reader.read, stopped) for reader in self.readers]
            watching += [pool.submit(self.waits.sample, stopped), pool.submit(self.watchdog.watch, stopped)]
            try:
                while time.monotonic() < end:
                    self.burst(pool, end)
                    self.watchdog.fed()
                    for watch in watching:
                        if watch.done():
                            watch.result()
            except client.Difference as difference:
                self.tell(difference)
                return 0 if self.options.expect_difference else 1
            except client.Unexpected as error:
                print(error)
                return 2
            finally:
                stopped.set()
        return 1 if self.options.expect_difference else 0

    def burst(self, pool, end):
        """Lets all clients loose, waits for them, and compares."""
        kinds, weights = zip(*BURSTS)
        kind = self.random.choices(kinds, weights)[0]
        self.main.run(f"SELECT pg_tviews_set_refresh_mode('{hot.IMMEDIATE}', '{'immediate' if kind.early else 'transactional'}')")
        long = self.random.random() < 0.02
        transactions_each, until = (10**9, time.monotonic() + 2) if long else (self.random.choice([1, 1, 2, 3, 6]), end + 60)
        work = [pool.submit(one.work, kind, transactions_each, until) for one in self.clients]
        failures = [future.exception() for future in work]      # waits for all
        self.bursts += 1
        failures.sort(key=lambda failure: not isinstance(failure, client.Difference))
        for failure in filter(None, failures):
            raise failure
        while self.main.run(hot.QUEUE):
            self.main.run('SELECT pg_tviews_apply()')
        rows = self.main.run(hot.COMPARE_ALL)
        if kind.suspend and not rows:
            for one in self.clients:
                one.session.run('RESET pg_tviews.suspended')
            self.main.run('SELECT pg_tviews_resume()')
            while self.main.run(hot.QUEUE):
                self.main.run('SELECT pg_tviews_apply()')
            rows = self.main.run(hot.COMPARE_ALL)
        if rows:
            raise client.Difference(f'after burst {self.bursts}, {kind}, when nobody wrote', rows)
        marks = self.main.run(hot.MARKS)
        if marks:
            raise client.Unexpected(f'marks that hide TVIEWs from comparison, after burst {self.bursts}, {kind}: {marks}')

    def tell(self, difference):
        print(f'DIFFERENCE seen by {difference.who}; seed {self.options.seed}')
        for tview, what, document in difference.rows[:8]:
            print(f'  {tview}  {what}: {str(document)[:600]}')
        print(f'  {len(difference.rows)} rows in all.  Now: {len(self.main.run(hot.COMPARE_ALL))} rows differ.')
        if not self.options.expect_difference:
            for one in self.clients:
                print(f'client {one.number}:', *one.told(), sep='\n')

    def report(self, seconds):
        counts = sum((one.counts for one in self.clients), collections.Counter())
        done = counts.pop('transactions', 0)
        print(f'{done} transactions in {seconds:.0f} s ({done / seconds:.0f} per second) by {len(self.clients)} clients, '
              f'isolation {self.options.isolation}, locks {self.options.locks or "as set"}, seed {self.options.seed}')
        print(f'  comparisons: {self.bursts} after bursts, {sum(reader.comparisons for reader in self.readers)} by readers')
        for name, number in sorted(counts.items()):
            print(f'  {name}: {number}')
        for name, number in sorted(self.waits.waits.items()):
            print(f'  sessions waiting {name}, on average: {number / max(1, self.waits.samples):.2f}')


def main():
    options = arguments()
    torture = Torture(options)
    started = time.monotonic()
    status = torture.run()
    torture.report(time.monotonic() - started)
    if options.expect_difference and status:
        print('No difference, though there should have been one.')
    return status


if __name__ == '__main__':
    try:
        sys.exit(main())
    except psycopg2.Error as lost:
        print(lost)
        sys.exit(2)
