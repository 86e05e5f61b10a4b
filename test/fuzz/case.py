"""A test case: schema, rows, views, TVIEWs, transactions; how it is generated and how it reads as an SQL script.

Not here: running it (oracle.py) and making it smaller (shrink.py).
"""
import json
import random
import re

import meeting
import query
import schema
import triggers
from scope import Col, Rel
from writes import hurried, Writes

SCHEMA = 'fuzz'
CLEAN = [f'DROP SCHEMA IF EXISTS {", ".join([SCHEMA] + schema.SCHEMAS)} CASCADE'] + [f'CREATE SCHEMA {name}' for name in [SCHEMA] + schema.SCHEMAS]
SESSION = [f'SET search_path = {SCHEMA}, public', "SET TimeZone = 'UTC'"]
PREAMBLE = CLEAN + SESSION + schema.TYPES


class View:
    """A view (name vw_*) or a TVIEW (name tv_*)."""

    def __init__(self, name, output):
        self.name, self.node = name, output.node
        self.columns = [col.name for col in output.cols]
        self.key = output.key
        self.option = getattr(output, 'option', False)
        self.by_function = self.option
        self.mode, self.key_kinds = None, []
        self.mode_now, self.marked = None, False      # where the case changes them
        self.words, self.reads = '', []
        self.copied = output.copied

    @property
    def is_tview(self):
        return self.name.startswith('tv_')

    def create_sql(self):
        if not self.is_tview:
            return f'CREATE VIEW {self.name}{self.words} AS {self.node}'
        if not self.by_function:
            return f'CREATE TABLE {self.name} AS {self.node}'
        options = {'key': self.key} if self.option else {}
        if self.reads:
            options['reads'] = self.reads
        if self.mode:
            options['refresh_mode'] = self.mode
        options = f", $options${json.dumps(options)}$options$" if options else ''
        return f"SELECT pg_tviews_create('{self.name}', $query${self.node}$query${options})"

    @property
    def is_queued(self):
        """Whether it follows when its queue is applied."""
        return (self.mode_now or self.mode) in ('deferred', 'manual')

    @property
    def backing(self):
        return self.name.replace('tv_', 'v_', 1)

    def compare_sql(self, by_view=False):
        """Rows that are in one of TVIEW and query only, as text.  `by_view`: where the query's own text does not fit any more."""
        row = f'ROW({", ".join(self.columns)})::text'
        tview = f'SELECT {row} AS r FROM {self.name}'
        query = f'SELECT {row} AS r FROM ' + (self.backing if by_view else f'({self.node}) AS query')
        return (f"SELECT 'only in {self.name}' AS side, r FROM ({tview} EXCEPT ALL {query}) AS a "
                f"UNION ALL SELECT 'only in its query', r FROM ({query} EXCEPT ALL {tview}) AS b ORDER BY 1, 2")

    def unqueued_sql(self, by_view=False):
        """The same of a TVIEW with a queue, but only rows whose keys are not in it.  One statement, so one snapshot."""
        row = f'{", ".join(self.key)}, ROW({", ".join(self.columns)})::text AS r'
        tview = f'SELECT {row} FROM {self.name}'
        query = f'SELECT {row} FROM ' + (self.backing if by_view else f'({self.node}) AS query')
        same = ' AND '.join(f'(queued.key[{i + 1}] IS NULL OR queued.key[{i + 1}]::{kind} = {name})'
                            for i, (name, kind) in enumerate(zip(self.key, self.key_kinds)))
        return (f"WITH queued AS MATERIALIZED (SELECT key FROM pg_tview_queue WHERE tview = '{self.name}'::regclass) "
                f"SELECT side, r FROM (SELECT 'only in {self.name}' AS side, * FROM ({tview} EXCEPT ALL {query}) AS a "
                f"UNION ALL SELECT 'only in its query', * FROM ({query} EXCEPT ALL {tview}) AS b) AS found "
                f'WHERE NOT EXISTS (SELECT FROM queued WHERE queued.key IS NULL OR {same}) ORDER BY 1, 2')

    def key_problem_sql(self):
        """Keys that the query gives twice, or with a NULL."""
        names = ', '.join(self.key)
        nulls = ' OR '.join(f'{name} IS NULL' for name in self.key)
        return f'SELECT {names} FROM ({self.node}) AS query GROUP BY {names} HAVING count(*) > 1 OR {nulls}'

    def state_sql(self):
        """Which rows stand where, so that a row written anew shows."""
        return f'SELECT ctid::text, xmin::text FROM {self.name} ORDER BY 1'


class Case:
    def __init__(self):
        self.settings, self.tables, self.triggers, self.transactions = [], [], [], []
        self.views = []           # and functions, in the order in which they are made
        self.changes_states = False      # modes, suspensions

    def tviews(self):
        return [view for view in self.views if view.is_tview]

    def script(self, failure):
        """The case as SQL for psql, up to where it fails."""
        lines = ['SET client_min_messages = warning;', 'CREATE EXTENSION IF NOT EXISTS pg_tviews;',
                 'CREATE EXTENSION IF NOT EXISTS citext;']
        lines += [f'{text};' for text in PREAMBLE + self.settings]
        for table in self.tables:
            lines += [f'{text};' for text in [table.sql()] + table.parts_sql() + table.index_sql()]
        for table in self.tables:
            lines += [f'{schema.insert_row(table, row)};' for row in table.rows]
        lines += [f'{view.create_sql()};' for view in self.views]
        lines += [f"SELECT pg_tviews_explain('{view.name}');" for view in self.tviews()]
        for trigger in self.triggers:
            lines += [f'{text};' for text in trigger.statements()]
        shown = [view for view in self.tviews() if view.name == failure.tview] or self.tviews()
        compare = [f'{view.compare_sql()};' for view in shown]
        empty = [f'{view.unqueued_sql()};' for view in shown if view.is_queued]
        empty += ['SELECT pg_tviews_apply();'] if self.changes_states or any(view.is_queued for view in self.tviews()) else []
        for transaction in self.transactions:
            met = isinstance(transaction, meeting.Meeting)
            inside = [f'{view.compare_sql(transaction.by_view)};' for view in shown]
            lines += transaction.script(compare) if met else self._transaction_lines(transaction, inside, shown)
            lines += empty
        return '\n'.join(lines + ['-- What differs:'] + compare) + '\n'

    @staticmethod
    def _transaction_lines(transaction, compare, shown):
        lines = []
        if transaction.begin:
            lines.append(f'{transaction.begin};')
        if transaction.timezone:
            lines.append(f"SET LOCAL TimeZone = '{transaction.timezone}';")
        for kind, text, _ in transaction.flat():
            if kind == 'check':
                if transaction.timezone:
                    lines.append("SET LOCAL TimeZone = 'UTC';")
                lines += compare
                if transaction.timezone:
                    lines.append(f"SET LOCAL TimeZone = '{transaction.timezone}';")
            elif kind == 'apply':
                lines += [f'{text};'] + compare
            elif kind == 'noop':
                state = [f'{view.state_sql()};' for view in shown]
                lines += state + [f'{text};'] + state
            elif kind == 'hurry':
                lines += [f'{line};' for line in hurried(text)] + ['ROLLBACK TO hurry;']
            else:
                lines.append(f'{text};')
        opened = [number for _, text, _ in transaction.flat() for number in re.findall(r'DECLARE cur_(\d+)', text)]
        lines += [f'FETCH ALL FROM {name}_{number};' for number in opened for name in ('cur', 'ref')]
        if transaction.end == 'PREPARE':
            lines += ["PREPARE TRANSACTION 'fuzz';", "COMMIT PREPARED 'fuzz';"]
        elif transaction.hurried:
            lines += [f"SET LOCAL statement_timeout = '{transaction.hurried}ms';", f'{transaction.end};', 'ROLLBACK;']
        elif transaction.end:
            lines.append(f'{transaction.end};')
        return lines


def table_source(table):
    cols = [Col(column.name, column.kind, column.domain, not column.notnull) for column in table.columns]
    return Rel(table.name, cols, table.key or None, True)


def generate(seed, limits):
    """The case that belongs to a seed."""
    rng = random.Random(seed)
    case = Case()
    while not any(table.key for table in case.tables):
        case.tables = schema.random_schema(rng)
    for table in case.tables:
        table.rows = [schema.random_row(rng, table) for _ in range(rng.choice([0, 2, 4, 6, 8, 8]))]
    if rng.random() < 0.2:
        case.settings.append(rng.choice(['SET enable_seqscan = off', 'SET enable_hashjoin = off', 'SET enable_nestloop = off',
                                         'SET enable_hashagg = off', 'SET enable_mergejoin = off', 'SET enable_sort = off',
                                         'SET plan_cache_mode = force_generic_plan', 'SET plan_cache_mode = force_custom_plan']))
    if rng.random() < 0.1:
        case.settings.append('SET pg_tviews.max_seed_memory = 64')
    if rng.random() < 0.1:
        case.settings += ["LOAD 'pg_tviews'", 'SET pg_tviews.lock_mode = whole']
    _generate_views(rng, case, limits)
    case.triggers = triggers.random_triggers(rng, case.tables, case.tviews())
    writes = Writes(rng, case.tables, case.tviews())
    writes.has_triggers = bool(case.triggers)
    writes.texts = ' '.join([view.create_sql() for view in case.views if view.name.startswith('fn_')] +
                            [text for trigger in case.triggers for text in trigger.statements()])
    writes.changes_states = case.changes_states = rng.random() < 0.3
    # A new column gives the text of a NATURAL join another meaning.
    writes.may_add_columns = not any('NATURAL' in str(view.node) for view in case.views)
    case.transactions = [meeting.random_meeting(writes) if rng.random() < 0.12 else writes.renaming() if rng.random() < 0.04
                         else writes.suspending() if case.changes_states and rng.random() < 0.3
                         else writes.transaction() for _ in range(rng.choice([2, 4, 6, 8, 10]))]
    return case


def _reads_unseen(views, node):
    """Whether a function that only the option `reads` can speak for is called, in views and other functions too."""
    names = set(re.findall(r'\b(?:fn|vw)_\d+\b', str(node)))
    return any(getattr(view, 'is_opaque', False) or _reads_unseen(views[:i], view.node)
               for i, view in enumerate(views) if view.name in names)


def _generate_views(rng, case, limits):
    sources = [table_source(table) for table in case.tables]
    for table in case.tables:
        if table.parts() and rng.random() < 0.3:
            sources.append(table_source(table.through(rng.choice(table.parts()))))
    for i in range(rng.choice([0, 0, 0, 1, 2])):
        made = _attempt(lambda: query.Queries(rng, sources, case.tables, limits).view(rng.choice([2, 4])), limits)
        if made:
            view = View(f'vw_{i + 1}', made)
            view.words = ' WITH (security_invoker)' if rng.random() < 0.2 else ''
            case.views.append(view)
            sources.append(Rel(f'vw_{i + 1}', made.cols, made.key, not any(col.fuzzy for col in made.cols)))
    functions = []
    for i in range(rng.choice([0, 0, 1, 2, 3])):
        made = _attempt(lambda: query.Queries(rng, sources, case.tables, limits, functions).function(f'fn_{i + 1}', 2), limits)
        if made:
            case.views.append(made)
            functions.append(made)
    over_tviews = rng.random() < 0.35
    for i in range(rng.choice([1, 1, 2, 3]) + over_tviews):
        entity = f'e{i + 1}'
        made = _attempt(lambda: query.Queries(rng, sources, case.tables, limits, functions).top(entity, rng.choice([2, 3, 5, 8])), limits)
        if made is None:
            continue
        case.views += [View(name, needed) for name, needed in made.needed]
        view = View(f'tv_{entity}', made)
        if _reads_unseen(case.views, made.node):
            view.reads = [name for table in case.tables for name in [table.name] + table.parts()]
        view.by_function = view.option or bool(view.reads) or rng.random() < 0.5
        if view.by_function and view.is_tview:
            view.mode = rng.choice([None, None, None, 'immediate', 'manual', 'deferred'])
        case.views.append(view)
        if over_tviews and rng.random() < 0.8:
            # Twice, so that it is likely to be read.
            name = view.name if rng.random() < 0.75 else f'v_{entity}'
            sources += [Rel(name, made.cols, made.key, False)] * 2


def _attempt(make, limits):
    for _ in range(20):
        try:
            made = make()
        except query.Retry:
            continue
        if len(str(made.node)) <= limits.query_length:
            return made
    return None
