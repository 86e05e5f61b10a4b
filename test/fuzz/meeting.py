"""Transactions of two sessions, interleaved in an order that the seed decides.

A session whose statement waits for a lock is left waiting, and goes on when the other one has let go; whether it waits is asked
of the server, not of the clock, so the order is the same in every run.  After each commit a third session compares every TVIEW
with its query in one snapshot.  In a script the two sessions are dblink connections.  Not here: statements (writes.py).
"""
import re
import time

import psycopg2
import psycopg2.errors
from psycopg2.extensions import POLL_ERROR, POLL_OK

from writes import Step

LEVELS = ['', '', '', ' ISOLATION LEVEL REPEATABLE READ', ' ISOLATION LEVEL SERIALIZABLE']
# One session had to give way to the other; all else it may fail on, it may fail on alone.
GAVE_WAY = {'40001', '40P01', '25P02'}
PATIENCE = 20


class Meeting:
    """Steps of two sessions in one list, each with `who` it is of; looks like a Transaction to the shrinker."""

    begin = end = ''
    alone, timezone, watched, hurried, by_view = True, None, False, None, False

    def __init__(self, steps):
        self.steps = steps
        self.order = []           # (who, text) as the last run executed them

    def flat(self):
        return [(kind, text, step) for step in self.steps for kind, text, _ in step.flat(1)]

    def script(self, compare):
        """Lines for psql."""
        lines = ['CREATE EXTENSION IF NOT EXISTS dblink;'] + HELPERS
        lines += [f"SELECT dblink_connect('{who}', meet_connection());" for who in 'ab']
        for who, text in self.order or [(step.who, text) for _, text, step in self.flat()]:
            lines.append(f"CALL meet_say('{'ab'[who]}', $meet${text}$meet$);")
            if text.startswith(('COMMIT', 'ROLLBACK')):
                lines += compare
        return lines + [f"SELECT dblink_disconnect('{who}');" for who in 'ab']


HELPERS = ["""CREATE OR REPLACE FUNCTION meet_connection() RETURNS text LANGUAGE sql AS $$ SELECT format(
    'host=%s port=%s dbname=%s user=%s options=''-c search_path=fuzz,public -c TimeZone=UTC''', split_part(current_setting('unix_socket_directories'), ',', 1),
    current_setting('port'), current_database(), current_user) $$;""",
           """CREATE OR REPLACE PROCEDURE meet_finish(who text) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. 3 LOOP      -- the result, its end, and whether the session is free again
        PERFORM * FROM dblink_get_result(who, false) AS r (status text);
    END LOOP;
END $$;""",
           """-- Sends a command once the session is free; returns when it is done or waits for a lock.
CREATE OR REPLACE PROCEDURE meet_say(who text, command text) LANGUAGE plpgsql AS $$
BEGIN
    WHILE dblink_is_busy(who) = 1 LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
    CALL meet_finish(who);
    PERFORM dblink_send_query(who, 'DO $said$ BEGIN END $said$; ' || command);
    FOR i IN 1 .. 500 LOOP
        EXIT WHEN dblink_is_busy(who) = 0 OR EXISTS (SELECT FROM pg_stat_activity
            WHERE query LIKE '%$said$; ' || left(command, 40) || '%' AND pid <> pg_backend_pid() AND pg_blocking_pids(pid) <> '{}');
        PERFORM pg_sleep(0.01);
        PERFORM pg_stat_clear_snapshot();
    END LOOP;
    RAISE INFO '% % %', who, CASE WHEN dblink_is_busy(who) = 1 THEN 'waits' ELSE coalesce(nullif(dblink_error_message(who), 'OK'), 'done') END, command;
END $$;"""]


def random_meeting(writes):
    """Two transactions of a few statements each, begun and committed in any order."""
    rng, sides = writes.rng, []
    writes.met = True
    for who in (0, 1):
        body = writes.limits() + [writes.plain_step(alone=True) for _ in range(rng.choice([1, 2, 2, 3, 4]))]
        steps = [Step('sql', f'BEGIN{rng.choice(LEVELS)}')] + body + [Step('sql', rng.choice(['COMMIT'] * 5 + ['ROLLBACK']))]
        for step in steps:
            step.who = who
        sides.append(steps)
    merged = []
    while sides[0] or sides[1]:
        side = rng.choice([side for side in sides if side])
        merged.append(side.pop(0))
    writes.met = False
    return Meeting(merged)


class Party:
    """One of the two sessions, on an asynchronous connection."""

    def __init__(self, parameters, settings):
        self.connection = psycopg2.connect(async_=1, **parameters)
        self._finish()
        self.cursor = self.connection.cursor()
        self.pid, self.waits = self.connection.info.backend_pid, False
        for text in ["SET statement_timeout = '10s'", "SET deadlock_timeout = '50ms'", 'SET client_min_messages = error'] + settings:
            self.cursor.execute(text)
            self._finish()

    def _finish(self):
        while self.connection.poll() != POLL_OK:
            time.sleep(0.001)

    def start(self, text):
        self.cursor.execute(text)
        self.waits = True

    def is_done(self):
        """Raises what the statement failed on."""
        try:
            state = self.connection.poll()
        except psycopg2.Error:
            self.waits = False
            raise
        if state == POLL_ERROR:
            raise psycopg2.OperationalError('connection lost')
        self.waits = state != POLL_OK
        return not self.waits

    def close(self):
        self.connection.close()


class Past:
    """What a session's transaction has done; `disturbed`: the other one has committed since the meeting began."""

    def __init__(self):
        self.texts, self.disturbed = [], False

    @property
    def is_read_committed(self):
        return not any('ISOLATION LEVEL' in text for text in self.texts)

    @property
    def flushed_early(self):
        """Whether it may have flushed before its end: it read a TVIEW, or ran DDL."""
        return any(re.search(r'\btv_|pg_tviews_|^(CREATE|ALTER|ANALYZE|TRUNCATE)', text) for text in self.texts)


class Host:
    """Runs a Meeting.  `observer` answers questions about locks; `error(error, past, other)` judges, told the Past of the
    session's transaction and of the other one; `compare()` looks after a commit."""

    def __init__(self, parties, observer, error, compare, note):
        self.parties, self.observer, self.error, self.compare, self.note = parties, observer, error, compare, note
        self.running, self.order, self.past = [None, None], [], [Past(), Past()]

    def run(self, steps):
        """A step of a session that waits comes when it goes on; the other's steps come first meanwhile."""
        todo = [list((text, step.who) for step in steps for _, text, _ in step.flat(1) if step.who == who) for who in (0, 1)]
        order = [step.who for step in steps for _ in step.flat(1)]
        while order:
            who = next((who for who in order if not self.parties[who].waits), None)
            if who is None:
                self._settle()
                continue
            order.remove(who)
            text = todo[who].pop(0)[0]
            self._do(who, text)
        while any(party.waits for party in self.parties):
            self._settle()
        for who in (0, 1):
            self._do(who, 'ROLLBACK')

    def _do(self, who, text):
        self.note('statements')
        self.order.append((who, text))
        self.past[who].texts.append(text)
        self.running[who] = text
        self.parties[who].start(text)
        self._settle()

    def _settle(self):
        """Waits until every session is done or waits for the other."""
        until = time.monotonic() + PATIENCE
        while True:
            for who, party in enumerate(self.parties):
                if party.waits:
                    self._look(who, party)
            waiting = [party for party in self.parties if party.waits]
            if not waiting:
                return
            if len(waiting) == 1 and self._blocked(waiting[0]):
                self.note('waits for the other session')
                return
            if time.monotonic() > until:
                raise TimeoutError(' / '.join(filter(None, self.running)))
            time.sleep(0.002)

    def _look(self, who, party):
        try:
            done = party.is_done()
        except psycopg2.Error as error:
            if party.connection.closed:
                raise
            if self.running[who] != 'ROLLBACK':
                self.error(error, self.past[who], self.past[1 - who])
            return
        if done and self.running[who] == 'COMMIT':
            self.past[1 - who].disturbed = True
            self.note('commits of two sessions')
            self.compare()

    def _blocked(self, party):
        return bool(self.observer.run(f"SELECT 1 WHERE pg_blocking_pids({party.pid}) <> '{{}}'"))
