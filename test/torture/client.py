"""Clients that run random transactions, and readers that compare; what they met with is counted, what must not be is raised.

A transaction that ends in a deadlock or a serialization failure is run again, a few times.  Which errors are allowed depends on
the burst (transactions.py); see `judge`.  Not here: when who runs (torture.py).
"""
import collections
import re
import time

import psycopg2
from psycopg2 import extensions

import hot

ENGINE_LOCK = re.compile(r',2981[4567]\]')      # how the server prints a lock of the engine
TRIES = 5
REMEMBERED = 6


class Difference(Exception):
    """A TVIEW is not what its query says."""

    def __init__(self, who, rows):
        super().__init__(who)
        self.who, self.rows = who, rows


class Unexpected(Exception):
    """An error that should not have happened."""


class Session:
    """A connection on which each statement is a round trip of its own."""

    def __init__(self, parameters, locks=None):
        self.connection = psycopg2.connect(**parameters)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.run("SET client_min_messages = error")
        self.run("SET deadlock_timeout = '20ms'")
        if locks:
            self.run("LOAD 'pg_tviews'")      # or the setting would be taken for one that a library may define later
            self.run(f"SET pg_tviews.lock_mode = '{locks}'")

    def run(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchall() if self.cursor.description else []


def text_of(error):
    return (error.diag.message_primary or str(error)) + ' / ' + (error.diag.message_detail or '')


class Client:
    def __init__(self, number, parameters, maker, locks, lenient):
        self.number, self.maker, self.lenient = number, maker, lenient
        self.session = Session(parameters, locks)
        self.counts = collections.Counter()
        self.history = collections.deque(maxlen=REMEMBERED)

    def work(self, burst, transactions, until):
        """Runs so many transactions, or until that time.  A client that fails lets go of its locks, or the others would wait."""
        try:
            self.run(burst, transactions, until)
        except BaseException:
            self.session.connection.close()
            raise

    def run(self, burst, transactions, until):
        done = 0
        while done < transactions and time.monotonic() < until:
            transaction = self.maker.transaction(burst)
            for attempt in range(TRIES):
                if attempt:
                    self.counts['retries'] += 1
                if self.attempt(transaction, burst):
                    break
            else:
                self.counts['given up'] += 1
            done += 1

    def attempt(self, transaction, burst):
        """Runs it once; returns whether that was it."""
        log = []
        self.history.append((time.time(), transaction.level, log))
        position, steps = 0, transaction.steps
        while position < len(steps):
            kind, what = steps[position]
            try:
                self.step(kind, what)
                log.append(what)
                position += 1
            except psycopg2.Error as error:
                log.append(f'{what}   -- {error.pgcode} {text_of(error).splitlines()[0]}')
                self.judge(error, kind, transaction.level, burst)
                position = self.after_error(error, steps, position)
                if position is None:
                    return error.pgcode not in ('40001', '40P01')
        self.counts['transactions'] += 1
        return True

    def step(self, kind, what):
        if kind == 'pause':
            return time.sleep(what)
        rows = self.session.run(what)
        if kind == 'compare':
            self.counts['comparisons in transactions'] += 1
            if rows and self.session.run(hot.DOUBLE_KEYS):
                self.counts['snapshots that show a key twice'] += 1
            elif rows:
                raise Difference(f'client {self.number}, in its transaction{self.second_look(what)}', rows)
        return None

    def second_look(self, compare):
        """Whether it was only that look, or seeds that were forgotten, or documents that were."""
        again = len(self.session.run(compare))
        flushed = self.session.run('SELECT pg_tviews_flush()')[0][0]
        return f' (looking again: {again} rows; a flush writes {flushed}, then {len(self.session.run(compare))})'

    def judge(self, error, kind, level, burst):
        """Counts an allowed error, raises Unexpected for another one."""
        state, text = error.pgcode, text_of(error)
        engine = ENGINE_LOCK.search(text) is not None
        ours = None
        if state == '40P01':
            self.counts['deadlocks with locks of the engine' if engine else 'deadlocks without'] += 1
            ours = 'a deadlock' if burst.apart or engine and not burst.early else None
        elif state == '40001':
            self.counts[f'serialization failures {level}'] += 1
            late = not burst.early and kind in ('end', 'prepare')
            ours = 'a serialization failure' if level == 'rc' or level == 'rr' and (burst.apart or late) else None
        elif state in ('55P03', '57014'):
            self.counts['timeouts'] += 1
        elif state == '23503':
            self.counts['foreign key violations'] += 1
            ours = 'a foreign key violation' if burst.apart else None
        else:
            ours = 'an error'
        if ours and self.lenient:
            self.counts['errors that should not be'] += 1
        elif ours:
            raise Unexpected(f'{ours} that should not be, in {kind} at {level}, {burst}: {state} {text}')

    def after_error(self, error, steps, position):
        """Where to go on: at the rollback of the savepoint the error happened in, or nowhere."""
        if self.session.connection.closed:
            raise Unexpected(f'the connection is gone: {text_of(error)}')
        opened = 0
        for kind, _ in steps[:position]:
            opened += {'save': 1, 'undo': -1, 'release': -1}.get(kind, 0)
        if opened:
            self.session.run(f'ROLLBACK TO s{opened}')
            self.counts['savepoints rolled back after an error'] += 1
            return next(i for i in range(position, len(steps)) if steps[i][1] in (f'ROLLBACK TO s{opened}', f'RELEASE s{opened}')) + 1
        if self.session.connection.info.transaction_status != extensions.TRANSACTION_STATUS_IDLE:
            self.session.run('ROLLBACK')
        return None

    def told(self):
        """The last transactions, for a report."""
        for started, level, log in self.history:
            yield f'  {time.strftime("%H:%M:%S", time.localtime(started))}.{int(started % 1 * 1000):03} {level}'
            yield from (f'      {what if isinstance(what, str) else f"-- {what} s"};' for what in log)


class Reader:
    """Compares every TVIEW with its query, twice in one snapshot, until told to stop."""

    def __init__(self, number, parameters):
        self.number, self.session, self.comparisons = number, Session(parameters), 0

    def read(self, stopped):
        while not stopped.is_set():
            try:
                self.session.run('BEGIN ISOLATION LEVEL REPEATABLE READ')
                self.session.run(hot.LOCK_FOR_READING)
                for pause in (0.005, 0):
                    rows = self.session.run(hot.COMPARE_ALL)
                    if rows:
                        raise Difference(f'reader {self.number}, in one snapshot', rows)
                    self.comparisons += 1
                    time.sleep(pause)
            except psycopg2.Error as error:
                if error.pgcode != '40P01':      # by locks of tables that are being truncated
                    raise
            finally:
                self.session.run('ROLLBACK')
            stopped.wait(0.02)      # leaves the processors to the writers
