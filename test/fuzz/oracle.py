"""Runs a case against a server and says what is wrong with the outcome.

The oracle: after every check step, commit and rollback, be it of a single statement, each TVIEW holds exactly the rows of its
query, as text, both ways.  In some transactions a check step follows every statement.  A TVIEW with a queue must equal its query in
every row whose key is not in the queue, and in all rows once that has been applied, here or in the writing transaction.
Also a failure: a crash, an error that neither the data nor the statement explains, a claim of duplicate keys that is not
true, and pg_tviews_verify() seeing it otherwise.  Not here: how cases are made.
"""
import re
import threading
import time

import psycopg2
import psycopg2.extensions
import psycopg2.errors

import meeting
import schema
from case import PREAMBLE, SESSION
from writes import hurried, kind_of

# What writes may run into for reasons of their own: constraints, MERGE or ON CONFLICT twice on one row, numbers out of
# range, TRUNCATE without CASCADE, a row changed twice by one statement, DDL with pending trigger events.
OF_THE_DATA = {'23503', '23505', '23502', '23514', '21000', '22003', '27000', '0A000', '55006', 'P0001'}
REFUSALS = {'0A000', '42P16', '23505', '23502'}
# Settings under which a query whose result is determined must give the same rows.
VARIATIONS = ['enable_hashagg = off', 'enable_hashjoin = off', 'enable_nestloop = off', 'enable_sort = off',
              'enable_seqscan = off', 'enable_mergejoin = off']


# A case with a statement that takes so long is given up.  One that goes on longer hangs: statement_timeout ends what it
# reaches, but not deferred triggers, for example.
SLOW, HANGS = '10s', 60
ENGINE_LOCK = re.compile(r',2981[4567]\]')      # how the server prints a lock of the engine


class Failure:
    def __init__(self, kind, tview=None, state=None, message='', detail=()):
        self.kind, self.tview, self.state, self.message, self.detail = kind, tview, state, message, detail

    def same(self, other):
        """Whether two failures are likely to have one cause."""
        if other is None or self.kind != other.kind or self.state != other.state:
            return False
        return re.sub(r'[\d"]+|\w+_\w+', '', self.message)[:60] == re.sub(r'[\d"]+|\w+_\w+', '', other.message)[:60]

    def lines(self):
        yield f'{self.kind}{f" in {self.tview}" if self.tview else ""}{f" ({self.state})" if self.state else ""}'
        yield from self.message.splitlines()
        yield from (' | '.join(map(str, row)) for row in self.detail[:6])


class Invalid(Exception):
    """The case says nothing about the engine."""


class Failed(Exception):
    def __init__(self, failure):
        super().__init__(failure.kind)
        self.failure = failure


class TooSlow(Exception):
    """A statement reached statement_timeout."""


class Session:
    """A connection on which every statement is a round trip of its own."""

    def __init__(self, parameters):
        self.connection = psycopg2.connect(**parameters)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.run(f"SET statement_timeout = '{SLOW}'")
        self.run('SET client_min_messages = error')
        self.run('SET jit = off')

    def run(self, sql):
        started = time.monotonic()
        watch = threading.Timer(HANGS, self.connection.cancel)
        watch.start()
        try:
            self.cursor.execute(sql)
        except psycopg2.errors.QueryCanceled:
            if time.monotonic() - started >= HANGS:
                raise Failed(Failure('hang', detail=[(sql[:300],)])) from None
            raise TooSlow from None
        finally:
            watch.cancel()
        return self.cursor.fetchall() if self.cursor.description else []

    def prepare(self, settings):
        for text in SESSION + settings:
            self.run(text)

    def close(self):
        self.connection.close()


def state_of(error):
    return error.pgcode or '-----'


def first_line(error):
    return str(error).splitlines()[0] if str(error) else ''


def reads_tviews(views, node):
    """Whether a query over these views reads TVIEWs, or views on them."""
    named = set(re.findall(r'\b(?:tv|v|vw|fn)_\w+', str(node)))
    return any(view.is_tview or reads_tviews(views[:i], view.node) for i, view in enumerate(views)
               if view.name in named or view.is_tview and view.backing in named)


class Runner:
    def __init__(self, parameters, statistics):
        self.parameters, self.statistics = parameters, statistics

    def run(self, case, first=False):
        """Returns the Failure or None.  On the first run, what the server refuses is taken out of the case."""
        self.case, self.first, self.count = case, first, self.statistics if first else {}
        self.main = self.dry = None
        try:
            self._run()
        except TooSlow:
            self._note('cases given up: too slow')
        except Failed as failed:
            return failed.failure
        except psycopg2.Error as error:
            if self._alive():
                raise
            return self._crash(error)
        finally:
            for session in (self.main, self.dry):
                if session is not None:
                    session.close()
        return None

    def _note(self, name, amount=1):
        if self.first:
            self.count[name] += amount

    def _alive(self):
        return self.main is None or self.main.connection.closed == 0

    def _crash(self, error):
        for _ in range(100):
            try:
                Session(self.parameters).close()
                break
            except psycopg2.Error:
                time.sleep(0.1)
        return Failure('crash', message=first_line(error))

    def _run(self):
        self.main = Session(self.parameters)
        for view in self.case.tviews():
            view.mode_now = None
        for (name,) in self.main.run('SELECT gid FROM pg_prepared_xacts WHERE database = current_database()'):
            self.main.run(f"ROLLBACK PREPARED '{name}'")
        for text in PREAMBLE + self.case.settings:
            self.main.run(text)
        for table in self.case.tables:
            try:
                for text in [table.sql()] + table.parts_sql() + table.index_sql():
                    self.main.run(text)
            except psycopg2.Error as error:
                raise Invalid(f'{state_of(error)} {first_line(error)}: {table.sql()}') from None
            self._fill(table)
        self._create_views()
        if not self.case.tviews():
            self._note('cases without a TVIEW')
            return
        self._create_triggers()
        for transaction in self.case.transactions:
            if self.first:
                self._try(transaction)
            if isinstance(transaction, meeting.Meeting):
                self._meet(transaction)
            else:
                self._transaction(transaction)
            self._check_unqueued('after commit')
            if not self._apply():
                return
            self._check_all('after commit')
        self._verify()

    def _kept_tviews(self):
        """TVIEWs that are maintained; looks at modes and marks where the case changes them."""
        if not self.case.changes_states:
            return self.case.tviews()
        found = {name: (mode, marked) for name, mode, marked in self.main.run(
            'SELECT "table"::regclass::text, refresh_mode, EXISTS (SELECT FROM pg_tview_state AS s WHERE s.tview = m."table") '
            'FROM pg_tview_meta AS m')}
        for view in self.case.tviews():
            view.mode_now, view.marked = found[view.name]
        return [view for view in self.case.tviews() if not view.marked]

    def _apply(self):
        """What is queued for TVIEWs.  Data that no document can be made of fail here, not at the commit: then the case ends."""
        if not self.case.changes_states and not any(view.is_queued for view in self.case.tviews()):
            return True
        try:
            for _ in range(100):
                left = self.main.run("SELECT tview::text FROM pg_tview_queue WHERE tview NOT IN "
                                     "(SELECT tview FROM pg_tview_state WHERE state = 'suspended') LIMIT 1")
                if not left:
                    break
                self.main.run('SELECT pg_tviews_apply()')
                self._note('queues applied')
            else:
                raise Failed(Failure('a queue that applying does not empty', left[0][0]))
        except psycopg2.Error as error:
            if not self._alive() or (state_of(error) not in OF_THE_DATA and state_of(error)[:2] not in ('22', '23', '21')):
                raise Failed(Failure('error', None, state_of(error), first_line(error), [('pg_tviews_apply()',)])) from None
            self._note(f'queues that cannot be applied: {state_of(error)}')
            return False
        return True

    def _fill(self, table):
        kept = []
        for row in table.rows:
            try:
                self.main.run(schema.insert_row(table, row))
                kept.append(row)
            except psycopg2.Error as error:
                if not self._alive():
                    raise
                if state_of(error) not in OF_THE_DATA:
                    raise Invalid(f'{state_of(error)} {first_line(error)}') from None
        if self.first:
            table.rows = kept

    def _create_triggers(self):
        """Triggers may go wrong where the case became smaller; they then are as little a part of it as their TVIEW."""
        kept = []
        for trigger in self.case.triggers:
            if trigger.on in self.gone:
                continue
            try:
                for text in trigger.statements():
                    self.main.run(text)
                kept.append(trigger)
                self._note('user triggers')
            except psycopg2.Error as error:
                if not self._alive():
                    raise
                if not self.first:
                    raise Invalid(f'{state_of(error)} {first_line(error)}') from None
                self._note(f'invalid trigger: {first_line(error)[:60]}')
        if self.first:
            self.case.triggers = kept

    # Creation -----------------------------------------------------------------------------------------------------

    def _create_views(self):
        kept, self.gone = [], set()
        for view in self.case.views:
            if any(re.search(rf'\b{name}\b', str(view.node)) for name in self.gone) or not self._create(view):
                self.gone.update((view.name, view.name.replace('tv_', 'v_')))
                if not self.first:
                    raise Invalid(f'{view.name} was refused')
            else:
                kept.append(view)
        if self.first:
            self.case.views = kept

    def _create(self, view):
        try:
            self.main.run(view.create_sql())
        except psycopg2.Error as error:
            if not self._alive():
                raise
            return self._refused(view, error)
        if not view.is_tview:
            self._note('functions' if view.name.startswith('fn_') else 'views')
            return True
        found = self.main.run(
            f"SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = '{view.name}'::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attname <> 'updated_at' ORDER BY attnum")
        view.columns = [name for name, _ in found]
        view.key_kinds = [dict(found)[name] for name in view.key]
        self._note('TVIEWs created')
        if view.mode:
            self._note(f'TVIEWs in mode {view.mode}')
        if not self._check(view, 'at creation'):
            return False
        self._count_routes(view)
        for (place,) in self.main.run(f"SELECT unnest(undetermined) FROM pg_tview_meta WHERE \"table\" = '{view.name}'::regclass"):
            self._note('called undetermined: ' + place.split(', in ')[0])
        return True

    def _refused(self, view, error):
        state, message = state_of(error), first_line(error)
        try:
            self.main.run(f'SELECT ({", ".join(view.columns)})::text FROM ({view.node}) AS query'
                          if view.is_tview else f'SELECT * FROM ({view.node}) AS query')
        except psycopg2.Error as same:
            if not self._alive():
                raise
            self._note(f'invalid query: {state_of(same)} {first_line(same)[:70]}')
            return False
        if not view.is_tview or state not in REFUSALS:
            raise Failed(Failure('error at creation', view.name, state, message))
        if state in ('23505', '23502') and not self.main.run(view.key_problem_sql()):
            raise Failed(Failure('wrong claim about keys', view.name, state, message))
        reason = re.sub(r'"[^"]*"|\w+\.tv_\w+|tv_\w+', '…', message)
        self._note(f'refused: {state} {reason[:80]}')
        return False

    def _count_routes(self, view):
        if not self.first:
            return
        for (line,) in self.main.run(f"SELECT pg_tviews_explain('{view.name}')"):
            if line.startswith('  a change compares everything'):
                self._note('occurrences that compare everything')
                self._note('everything because: ' + re.sub(r'\S+\.\S+|\(.*\)', '…', line.split(': ', 1)[1])[-70:])
            elif not line.startswith((' ', 'TVIEW', 'key')):
                self._note('occurrences')
            elif line.lstrip().startswith('copied'):
                what = 'columns' if 'copied only' in line else 'values computed of a row'
                self._note(f'occurrences with {what} copied into ' + ('elements' if 'in the elements of' in line else 'documents'))
            elif line.startswith('  a change '):
                self._note('walks')
                hops = re.search(r'in (\d+) hop', line)
                self._note(f'walks of {hops.group(1) if hops else 0} hops')

    # Writes -------------------------------------------------------------------------------------------------------

    def _try(self, transaction):
        """Runs the transaction's statements and rolls back; most of those that fail leave the transaction."""
        if self.dry is None:
            self.dry = Session(self.parameters)
            self.dry.prepare(self.case.settings)
        session = self.dry
        session.run('BEGIN')
        for number, (kind, text, step) in enumerate(transaction.flat()):
            if any(re.search(rf'\b{name}\b', text) for name in self.gone):
                step.dead = True
            if kind in ('check', 'hurry') or 'tv_' in text or 'pg_tviews' in text or text.startswith(('BEGIN', 'COMMIT', 'ROLLBACK')):
                continue
            try:
                if kind == 'control':
                    session.run(text)
                    continue
                session.run('SAVEPOINT dry')
                session.run(text)
                session.run('RELEASE dry')
            except psycopg2.Error as error:
                if session.connection.closed:
                    raise Failed(self._crash(error)) from None
                if kind == 'control':
                    raise
                session.run('ROLLBACK TO dry')
                if state_of(error) not in OF_THE_DATA and not step.needed:
                    self._note(f'invalid write: {state_of(error)} {first_line(error)[:60]}')
                    step.dead = True
                elif number % 8 and not step.needed:
                    step.dead = True
        session.run('ROLLBACK')
        self._bury(transaction.steps)

    def _bury(self, steps):
        steps[:] = [step for step in steps if not step.dead]
        for step in steps:
            if step.kind == 'block':
                self._bury(step.body)

    def _transaction(self, transaction):
        self._note('transactions')
        done, position = [], ''
        try:
            if transaction.begin:
                position = transaction.begin
                self.main.run(transaction.begin)
            if transaction.timezone:
                self.main.run(f"SET LOCAL TimeZone = '{transaction.timezone}'")
            for kind, text, _ in transaction.flat():
                position = text
                if kind == 'check':
                    self._check_inside(transaction)
                    continue
                self._note('statements')
                self._note(f'statement: {kind_of(text) if kind != "hurry" else "flush with little time"}')
                if kind == 'hurry':
                    self._hurry(text)
                    continue
                before = self._rows_stand() if kind == 'noop' else None
                if transaction.alone:
                    self._alone(text)
                else:
                    self.main.run(text)
                    done.append(text)
                if kind == 'apply':
                    self._check_applied(transaction)
                if before is not None:
                    self._check_stand(before, text)
            position = transaction.end
            self._end(transaction)
        except psycopg2.Error as error:
            if not self._alive():
                raise
            self.main.run('ROLLBACK')
            self._judge(error, position, done)

    def _rows_stand(self):
        return {view.name: self.main.run(view.state_sql()) for view in self.case.tviews()}

    def _check_stand(self, before, text):
        """A statement that changed nothing must not have made any TVIEW's row anew."""
        self._note('statements that had to write nothing')
        for name, rows in self._rows_stand().items():
            if rows != before[name]:
                raise Failed(Failure('a document written for nothing', name, None, text, [*before[name], ('then',), *rows]))

    def _hurry(self, milliseconds):
        """A flush that may be canceled half-way, and then must not have happened."""
        texts = hurried(milliseconds)
        for text in texts[:-1]:
            self.main.run(text)
        try:
            self.main.cursor.execute(texts[-1])
        except psycopg2.errors.QueryCanceled:
            self._note('flushes canceled')
            self.main.run('ROLLBACK TO hurry')
        self.main.run('RELEASE hurry')
        self.main.run(f"SET LOCAL statement_timeout = '{SLOW}'")

    def _alone(self, text):
        try:
            self.main.run(text)
        except psycopg2.Error as error:
            if not self._alive():
                raise
            self._judge(error, text, [])

    def _end(self, transaction):
        if not any('TRUNCATE' in text for _, text, _ in transaction.flat()):
            self._compare_cursors()
        if transaction.end == 'PREPARE':
            self.main.run("PREPARE TRANSACTION 'fuzz'")
            self.main.run("COMMIT PREPARED 'fuzz'")
        elif transaction.hurried:
            self.main.run(f"SET LOCAL statement_timeout = '{transaction.hurried}ms'")
            try:
                self.main.cursor.execute(transaction.end)
            except psycopg2.errors.QueryCanceled:
                self._note('commits canceled')
                self.main.run('ROLLBACK')
        elif transaction.end:
            self.main.run(transaction.end)
        self._note(f'ended by {transaction.end or "themselves"}')

    def _meet(self, met):
        """Two sessions at once; see meeting.py."""
        self._note('transactions', 2)
        parties = [meeting.Party(self.parameters, SESSION + self.case.settings) for _ in range(2)]
        host = meeting.Host(parties, self.main, self._judge_met, self._compare_met, self._note)
        met.order = host.order
        try:
            host.run(met.steps)
        except TimeoutError as problem:
            raise Failed(Failure('hang', detail=[(str(problem)[:300],)])) from None
        except psycopg2.Error as error:
            if self._server_lives():
                raise
            raise Failed(self._crash(error)) from None
        finally:
            for party in parties:
                party.close()

    def _server_lives(self):
        try:
            Session(self.parameters).close()
            return self._alive()
        except psycopg2.Error:
            return False

    def _judge_met(self, error, past, other):
        """What depends on the other session cannot be tried again, with two exceptions: no statement may raise the error at all,
        or the other session had committed nothing, so that the same statements meet the same rows."""
        state, message, text = state_of(error), first_line(error), past.texts[-1]
        if state == '57014':
            raise TooSlow
        wrong = state[:2] in ('XX', '42', '58', '2D', '0L', '-----'[:2])
        # A row that moves to another partition makes PostgreSQL itself ask for a retry.
        wrong |= state == '40001' and past.is_read_committed and not past.flushed_early and 'another partition' not in message
        wrong |= (state == '40P01' and ENGINE_LOCK.search(error.diag.message_detail or '') is not None
                  and not (past.flushed_early or other.flushed_early or self.case.triggers
                           or any(view.mode == 'immediate' for view in self.case.tviews())))
        about = re.search(r'TVIEW \S*?(tv_\w+)', message)
        if about and state in ('23505', '23502') and not past.disturbed:
            self._note('two sessions: refused for a TVIEW\'s key')
            view = next(view for view in self.case.tviews() if view.name == about.group(1))
            wrong |= not self._key_problem(view, past.texts)
        if wrong:
            raise Failed(Failure('error between two sessions', None, state, message, [(text[:300],)]))
        if state != '25P02':
            self._note(f'two sessions: {state} {first_line(error)[:60]}')

    def _compare_met(self):
        """In one snapshot; not while the other session keeps a table to itself."""
        self.main.run('BEGIN ISOLATION LEVEL REPEATABLE READ')
        self.main.run("SET LOCAL lock_timeout = '200ms'")
        try:
            self._check_unqueued('in one snapshot, beside two sessions')
            for view in self._kept_tviews():
                if not view.is_queued:
                    self._check(view, 'in one snapshot, beside two sessions')
        except psycopg2.errors.LockNotAvailable:
            self._note('two sessions: a table locked while comparing')
        self.main.run('ROLLBACK')

    def _compare_cursors(self):
        """Cursors show what they showed when they were opened, whatever has been written since.  But TRUNCATE, which is not said of
        functions that read the table when the query's cursor calls them: it has no rows then, in whatever snapshot."""
        for (name,) in self.main.run("SELECT name FROM pg_cursors WHERE name LIKE 'cur_%' ORDER BY name"):
            found, wanted = (sorted(self.main.run(f'FETCH ALL FROM {cursor}')) for cursor in (name, name.replace('cur_', 'ref_')))
            self._note('cursors compared')
            if found != wanted:
                raise Failed(Failure('cursor differs', None, None, name, [('wanted', *wanted), ('found', *found)]))

    def _judge(self, error, text, done):
        """Decides whether an error of a write, read or commit is one that had to come."""
        state, message = state_of(error), first_line(error)
        about = re.search(r'TVIEW \S*?(tv_\w+)', message)
        if state in ('23505', '23502') and about:
            self._note('writes refused for a TVIEW\'s key')
            view = next(view for view in self.case.tviews() if view.name == about.group(1))
            if not self._key_problem(view, done + [text]):
                raise Failed(Failure('wrong claim about keys', view.name, state, message))
        elif state in OF_THE_DATA and 'tv_' not in message:
            self._note(f'writes failed: {state}')
        elif self._query_raises(state, done + [text]):
            self._note(f'queries that fail on the data: {state}')
        else:
            raise Failed(Failure('error that no query raises', None, state, message, [(text[:300],)]))

    def _query_raises(self, state, texts):
        """Whether the query of some TVIEW fails like this by itself after these statements."""
        for view in self.case.tviews():
            found = self._after(texts, self._without_tviews(f'SELECT ({", ".join(view.columns)})::text FROM ({view.node}) AS query'))
            if isinstance(found, psycopg2.Error) and state_of(found) == state:
                return True
        return False

    def _key_problem(self, view, texts):
        """Whether the view's query really has a key twice or null at this point; looks without reading any TVIEW."""
        if any(trigger.on.startswith('tv_') for trigger in self.case.triggers):
            return True      # a flush wrote base tables before this one was its turn
        found = self._after(texts, self._without_tviews(view.key_problem_sql()))
        return isinstance(found, psycopg2.Error) or bool(found)

    def _without_tviews(self, sql):
        """The statement with the queries of TVIEWs, as deep as they go, where it reads TVIEWs or their backing views."""
        queries = {name: view.node for view in self.case.tviews() for name in (view.name, view.backing)}
        pattern = re.compile(r'\b(FROM|JOIN|,) (' + '|'.join(queries) + r')\b( (?:\w\d+|' + '|'.join(schema.LIKELY_NAMES) + r')\b)?')
        while pattern.search(sql):
            sql = pattern.sub(lambda found: f'{found.group(1)} ({queries[found.group(2)]}){found.group(3) or " AS tview"}', sql)
        return sql

    def _after(self, texts, query):
        """The rows of a query, or its error, after these statements in a transaction that reads no TVIEW."""
        session = Session(self.parameters)
        session.prepare(self.case.settings)
        session.run("SET lock_timeout = '500ms'")      # of another session that is still at work
        try:
            session.run('BEGIN')
            for text in texts:
                if text and not re.match(r'COMMIT|PREPARE|BEGIN|COPY tv_|SELECT query_to_xml', text) and 'pg_tviews' not in text:
                    session.run(self._without_tviews(text))
            session.run('SET CONSTRAINTS ALL IMMEDIATE')
            return session.run(query)
        except psycopg2.Error as error:
            return error
        finally:
            session.close()

    # Checks -------------------------------------------------------------------------------------------------------

    def _check_inside(self, transaction):
        if transaction.alone:
            self._check_unqueued('after a statement that commits by itself', transaction.by_view)
            return self._check_all('after a statement that commits by itself', transaction.by_view) if self._apply() else None
        return self._check_views([view for view in self._kept_tviews() if not view.is_queued], transaction, 'inside a transaction')

    def _check_views(self, views, transaction, when):
        if transaction.timezone:
            self.main.run("SET LOCAL TimeZone = 'UTC'")
        for view in views:
            self._check(view, when)
        if transaction.timezone:
            self.main.run(f"SET LOCAL TimeZone = '{transaction.timezone}'")

    def _check_applied(self, transaction):
        """Where a transaction has applied the queues, its own writes are in the documents too.  Not those that users' triggers on TVIEWs make
        meanwhile; and a TVIEW over others may come too early."""
        self._note('queues applied by a writer')
        if any(trigger.on.startswith('tv_') for trigger in self.case.triggers):
            return
        views = [view for view in self._kept_tviews() if view.is_queued and not reads_tviews(self.case.views, view.node)]
        if not transaction.alone:
            self._check_views(views, transaction, 'where the queue was applied')

    def _check_unqueued(self, when, by_view=False):
        for view in self._kept_tviews():
            if view.is_queued:
                self._note('comparisons of rows that are not queued')
                rows = self.main.run(view.unqueued_sql(by_view))
                if rows and self._determined(view):
                    raise Failed(Failure('difference that is not queued', view.name, None, when, rows))

    def _check_all(self, when, by_view=False):
        for view in self._kept_tviews():
            try:
                self._check(view, when, by_view)
            except psycopg2.Error as error:
                if not self._alive():
                    raise
                raise Failed(Failure('error', view.name, state_of(error), first_line(error), [(when,)])) from None

    def _check(self, view, when, by_view=False):
        self._note('comparisons')
        rows = self.main.run(view.compare_sql(by_view))
        if not rows:
            return True
        if by_view:
            raise Failed(Failure('difference', view.name, None, when, rows))
        if not self._determined(view):
            self._note('queries not determined')
            self._check_said(view)
            if when == 'at creation':
                return False
            raise Failed(Failure('not determined', view.name))
        raise Failed(Failure('difference', view.name, None, when, rows))

    def _determined(self, view):
        """Whether the query gives the same rows however it is planned, and wherever its rows lie."""
        query = f'SELECT ROW({", ".join(view.columns)})::text FROM ({view.node}) AS query ORDER BY 1'
        expected = self.main.run(query)
        if any(self._moved(table, query) != expected for table in self.case.tables):
            return False
        for setting in VARIATIONS:
            name = setting.split()[0]
            before = self.main.run(f'SHOW {name}')[0][0]
            self.main.run(f'SET {setting}')
            found = self.main.run(query)
            self.main.run(f'SET {name} = {before}')
            if found != expected:
                return False
        return True

    def _moved(self, table, query):
        """What the query gives once the table's first row is its last, without a trigger's notice."""
        inside = self.main.connection.info.transaction_status != psycopg2.extensions.TRANSACTION_STATUS_IDLE
        column = table.writable()[0].name
        self.main.run('SAVEPOINT moved' if inside else 'BEGIN')
        try:
            self.main.run('SET LOCAL session_replication_role = replica')
            self.main.run(f'UPDATE ONLY {table.name} SET {column} = {column} WHERE ctid = (SELECT min(ctid) FROM ONLY {table.name})')
            return self.main.run(query)
        finally:
            self.main.run('ROLLBACK TO moved' if inside else 'ROLLBACK')

    def _check_said(self, view):
        """A query that shows itself open must have been called so."""
        found = self.main.run(f"SELECT undetermined FROM pg_tview_meta WHERE \"table\" = '{view.name}'::regclass AND undetermined = '{{}}'")
        if found:
            raise Failed(Failure('called determined and is not', view.name))

    def _verify(self):
        try:
            rows = self.main.run('SELECT tview_name::text, key::text, difference FROM pg_tviews_verify() '
                                 'WHERE tview_name NOT IN (SELECT tview FROM pg_tview_state)')
        except psycopg2.Error as error:
            if not self._alive():
                raise
            raise Failed(Failure('error', None, state_of(error), first_line(error), [('pg_tviews_verify()',)])) from None
        if rows:
            raise Failed(Failure('pg_tviews_verify() sees a difference', rows[0][0].split('.')[-1], None, '', rows))
