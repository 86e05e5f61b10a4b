"""Random transactions: statements of every kind over the base tables, savepoints, reads in between.

A transaction is a tree of steps, so that shrinking can take steps out.  Statements may fail on the data they meet; the
runner tries them first and drops most that do.  Not here: running anything.
"""
import re

from schema import LOOSE, column_value, key_value, literal, random_row


class Step:
    """kind: sql, check (compare the TVIEWs now), noop (a statement after which all TVIEWs hold the very rows they held), hurry (a
    flush with so many milliseconds of time, in a savepoint), apply (queues, and compare also the TVIEWs that have one), block (a savepoint round `body`), do (a PL/pgSQL block round `body`).
    `needed`: later statements rely on it, so it stays whatever becomes of it when it is tried."""

    def __init__(self, kind, sql='', body=None, end='', catch=False, needed=False):
        self.kind, self.sql, self.body, self.end, self.catch, self.needed = kind, sql, body or [], end, catch, needed
        self.dead = False

    def flat(self, number):
        """The step as a list of (kind, SQL, step)."""
        if self.kind in ('sql', 'check', 'noop', 'hurry', 'apply'):
            return [(self.kind, self.sql, self)]
        if self.kind == 'do':
            body = ' '.join(f'{step.sql};' for step in self.body)
            raised = " RAISE EXCEPTION 'back';" if self.end == 'raise' else ''
            handler = ' EXCEPTION WHEN OTHERS THEN NULL;' if self.catch else ''
            return [('sql', f'DO $do$ BEGIN BEGIN {body}{raised}{handler} END; END $do$', self)]
        name = f's{number}'
        found = [('control', f'SAVEPOINT {name}', self)]
        for i, step in enumerate(self.body):
            found += step.flat(number * 10 + i)
        if self.end == 'rollback':
            found.append(('control', f'ROLLBACK TO {name}', self))
        found.append(('control', f'RELEASE {name}', self))
        return found


class Transaction:
    """`alone`: every step commits by itself.  `watched`: a check follows every statement, and whatever is pending is flushed by it.
    `hurried`: milliseconds that the commit has.  `by_view`: columns have other names than in the queries' texts meanwhile."""

    def __init__(self, begin, steps, end, alone=False, timezone=None, watched=False, hurried=None, by_view=False):
        self.begin, self.steps, self.end, self.alone, self.timezone = begin, steps, end, alone, timezone
        self.watched, self.hurried, self.by_view = watched, hurried, by_view

    def flat(self):
        found = []
        for i, step in enumerate(self.steps):
            found += step.flat(i + 1)
        if not self.watched and not self.alone:
            return found
        watched = []
        for kind, text, step in found:
            watched.append((kind, text, step))
            if kind != 'check':
                watched.append(('check', '', Step('check')))
        return watched


class Writes:
    def __init__(self, rng, tables, tviews):
        self.rng, self.tables, self.tviews = rng, tables, tviews
        self.extra, self.may_add_columns, self.has_triggers, self.texts = 0, True, False, ''
        self.changes_states = False
        self.added, self.met = [], False      # columns added; whether two sessions write
        self.copied = self._copied_columns()

    def chance(self, share):
        return self.rng.random() < share

    def _copied_columns(self):
        """Of which tables TVIEWs copy which columns."""
        named = [pair for tview in self.tviews for pair in tview.copied]
        found = []
        for table in self.tables:
            names = {column for relation, column in named if relation in [table.name] + table.parts()}
            columns = [column for column in table.writable() if column.name in names]
            found += [(table, columns)] if columns else []
        return found

    # Transactions -------------------------------------------------------------------------------------------------

    def transaction(self):
        rng = self.rng
        count = rng.choice([1, 1, 2, 3, 3, 4, 6, 9, 14, 20])
        if self.chance(0.2):
            return Transaction('', [self.step(0) for _ in range(min(count, 4))], '', alone=True)
        if self.copied and self.chance(0.3):      # else few documents are not built again for another reason
            steps = [Step('sql', self.update_copied(*rng.choice(self.copied))) for _ in range(rng.choice([1, 1, 2, 3]))]
            return Transaction('BEGIN', steps, 'COMMIT', watched=self.chance(0.25))
        level = rng.choice(['', '', '', ' ISOLATION LEVEL REPEATABLE READ', ' ISOLATION LEVEL SERIALIZABLE'])
        steps = self.limits() + [self.step(3) for _ in range(count)]
        if self.chance(0.15):
            back = self.exchange(rng.choice(self.tables))
            steps = [Step('sql', back)] + steps + [Step('sql', back)]
        end = rng.choice(['COMMIT'] * 10 + ['ROLLBACK', 'PREPARE'])
        transaction = Transaction(f'BEGIN{level}', steps, end, timezone=rng.choice([None] * 5 + ['Asia/Tokyo']),
                                  watched=self.chance(0.25),
                                  hurried=rng.choice([1, 2, 4, 8]) if end == 'COMMIT' and self.chance(0.06) else None)
        if any('DECLARE ' in text for _, text, _ in transaction.flat()):
            transaction.timezone = None   # a cursor over the query would read it in the session's, not in the TVIEW's
        return transaction

    def limits(self):
        """So few fine locks that steps and documents are locked as a whole."""
        return [Step('sql', f'SET LOCAL pg_tviews.max_fine_locks = {self.rng.choice([0, 1])}')] if self.chance(0.3) else []

    def renaming(self):
        """A column has another name for some statements."""
        names = [column.name for table in self.tables for column in table.columns]
        found = [(table, name) for table in self.tables for name in names if name in [column.name for column in table.columns]
                 and names.count(name) == 1 and name.isidentifier() and not re.search(rf'\b{name}\b', self.texts)]
        if not found:
            return self.transaction()
        table, name = self.rng.choice(found)
        new = self.rng.choice([f'{name}_new', f'"{name} New"'])
        texts = [self.statement() for _ in range(self.rng.choice([1, 2, 3]))]
        # A part that is taken away meanwhile keeps the new name.
        steps = [Step('sql', re.sub(rf'\b{name}\b', new, text)) for text in texts if not re.search('PARTITION|INHERIT', text)]
        steps.insert(0, Step('sql', f'ALTER TABLE {table.name} RENAME COLUMN {name} TO {new}', needed=True))
        steps.append(Step('sql', f'ALTER TABLE {table.name} RENAME COLUMN {new} TO {name}', needed=True))
        return Transaction('', steps, '', alone=True, by_view=True)

    def suspending(self):
        """A TVIEW is suspended for some statements, and resumed unless that is rolled back."""
        name = self.rng.choice(self.tviews).name
        suspend = Step('sql', f"SELECT pg_tviews_suspend('{name}', '{self.rng.choice(['database', 'database', 'session', 'transaction'])}')")
        resume = Step('sql', f"SELECT pg_tviews_resume('{name}')")
        alone = self.chance(0.4)
        steps = [self.step(0 if alone else 2) for _ in range(self.rng.choice([1, 2, 3]))]
        if alone:
            return Transaction('', [suspend] + steps + [resume], '', alone=True)
        body = [suspend] + steps + [resume] * self.chance(0.7)
        if self.chance(0.3):
            body = [Step('block', body=body, end=self.rng.choice(['rollback', 'release']))]
        body = [self.step(2) for _ in range(self.rng.choice([0, 0, 1]))] + body + [self.step(2) for _ in range(self.rng.choice([0, 1, 2]))]
        end = self.rng.choice(['COMMIT', 'COMMIT', 'COMMIT', 'ROLLBACK', 'PREPARE'])
        return Transaction('BEGIN', body, end, watched=self.chance(0.25))

    def step(self, depth):
        roll = self.rng.random()
        if not self.has_triggers and self.chance(0.03):
            return Step('noop', self.update_nothing(self.target(self.rng.choice(self.tables))))
        if (self.changes_states or any(tview.is_queued for tview in self.tviews)) and self.chance(0.06):
            return Step('apply', 'SELECT pg_tviews_apply()')
        if depth > 0 and self.chance(0.02):
            return Step('hurry', str(self.rng.choice([1, 1, 2, 3])))
        if depth > 0 and roll < 0.12:
            body = [self.step(depth - 1) for _ in range(self.rng.choice([1, 1, 2, 3]))]
            if self.chance(0.15):         # DDL flushes, and queues, what came before it
                body.insert(self.rng.randrange(len(body) + 1), Step('sql', self.define(self.rng.choice(self.tables))))
            return Step('block', body=body, end=self.rng.choice(['rollback', 'rollback', 'release']))
        if roll < 0.18:
            body = [self.plain_step(inside=True) for _ in range(self.rng.choice([1, 2, 3]))]
            return Step('do', body=body, end=self.rng.choice(['', 'raise']), catch=True)
        if depth > 0 and roll < 0.32:
            return Step('check')
        return self.plain_step(alone=depth == 0)

    def plain_step(self, inside=False, alone=False):
        if self.tviews and self.chance(0.08):
            return self.read(inside, alone)
        if self.chance(0.02):
            return Step('sql', f'SET pg_tviews.patch = {self.rng.choice(["on", "off"])}')
        if self.changes_states and self.tviews and not inside and self.chance(0.08):
            return Step('sql', f"SELECT pg_tviews_set_refresh_mode('{self.rng.choice(self.tviews).name}', "
                               f"'{self.rng.choice(['transactional', 'immediate', 'manual', 'manual', 'deferred'])}')")
        return Step('sql', self.statement())

    def read(self, inside, alone):
        """A read of a TVIEW; `inside` a PL/pgSQL block, or `alone`, outside of a transaction."""
        tview = self.rng.choice(self.tviews)
        name = tview.name
        self.extra += 1
        if inside:
            return Step('sql', self.rng.choice([f'PERFORM count(*) FROM {name}', 'PERFORM pg_tviews_flush()']))
        choices = ['SELECT pg_tviews_apply()'] * 3 if tview.is_queued else []
        choices += [f'SELECT count(*) FROM {name}', 'SELECT pg_tviews_flush()', f'SELECT * FROM {name} LIMIT 1',
                   f"SELECT query_to_xml('SELECT * FROM {name}', true, true, '') IS NULL",
                   f'DO $do$ DECLARE r record; BEGIN FOR r IN SELECT * FROM {name} LOOP END LOOP; END $do$',
                   f"COPY {name} TO PROGRAM 'cat >/dev/null'"]
        if not alone and not tview.is_queued and not self.changes_states:      # that one would show what was there before
            choices += [self.cursors(tview)] * 2
        return Step('sql', self.rng.choice(choices))

    def cursors(self, tview):
        """One over the TVIEW and one over its query; the runner compares them at the end of the transaction."""
        row = f'SELECT ROW({", ".join(tview.columns)})::text FROM'
        return (f'DECLARE cur_{self.extra} CURSOR FOR {row} {tview.name}; '
                f'DECLARE ref_{self.extra} CURSOR FOR {row} {tview.name.replace("tv_", "v_", 1)}')

    # Statements ---------------------------------------------------------------------------------------------------

    def statement(self):
        rng = self.rng
        if self.copied and self.chance(0.3):
            return self.update_copied(*rng.choice(self.copied))
        table = self.target(rng.choice(self.tables))
        made = rng.choices(
            [self.insert, self.upsert, self.insert_select, self.update, self.update_key, self.update_nothing,
             self.update_from, self.delete, self.delete_using, self.merge, self.truncate, self.modifying_cte,
             self.swap, self.define, self.copy, self.from_tview, self.only, self.part],
            [14, 8, 4, 24, 6, 3, 5, 10, 3, 7, 2, 8, 3, 1, 4, 2, 1, 1 + 3 * bool(table.parts())])[0]
        return made(table)

    def target(self, table):
        """The table, or one of the parts through which it can be written."""
        parts = table.parts()
        return table.through(self.rng.choice(parts)) if parts and self.chance(0.3) else table

    def copy(self, table):
        lines = '\\n'.join('\\t'.join(copy_text(text) for text in random_row(self.rng, table)) for _ in range(self.rng.choice([1, 1, 2])))
        return f"COPY {table.name} ({self.names(table)}) FROM PROGRAM $copy$printf '{lines}\\n'$copy$"

    def from_tview(self, table):
        """What is written depends on what a TVIEW shows."""
        columns = [column for column in table.writable() if column.name not in table.key and column.kind in ('int', 'bigint')]
        if not columns or not self.tviews:
            return self.update(table)
        column, name = self.rng.choice(columns), self.rng.choice(self.tviews).name
        return f'UPDATE {table.name} SET {column.name} = (SELECT count(*) FROM {name}) WHERE {self.condition(table, table.name)}'

    def only(self, table):
        if table.division != 'inherit':
            return self.update(table)
        return self.update(table).replace(f'UPDATE {table.name}', f'UPDATE ONLY {table.name}', 1)

    def part(self, table):
        """Takes a partition or child away from its parent, or gives it back; which of them is possible shows when it is tried."""
        root = next((known for known in self.tables if known.name == table.name), None)
        if root is None or not root.parts():
            return self.update(table)
        name = self.rng.choice(root.parts())
        if not root.is_partitioned:
            return f'ALTER TABLE {name} {self.rng.choice(["INHERIT", "NO INHERIT"])} {root.name}'
        bounds = f'FOR VALUES WITH (MODULUS 2, REMAINDER {name[-1]})'
        return f'ALTER TABLE {root.name} ' + self.rng.choice([f'DETACH PARTITION {name}', f'ATTACH PARTITION {name} {bounds}'])

    def rows(self, table, count=None):
        count = count or self.rng.choice([1, 1, 1, 2, 3])
        return ', '.join(f'({", ".join(random_row(self.rng, table))})' for _ in range(count))

    @staticmethod
    def names(table):
        return ', '.join(column.name for column in table.writable())

    def insert(self, table):
        conflict = ' ON CONFLICT DO NOTHING' if self.chance(0.6) else ''
        return f'INSERT INTO {table.name} ({self.names(table)}) VALUES {self.rows(table)}{conflict}'

    def upsert(self, table):
        if not table.key:
            return self.insert(table)
        columns = self.some_columns(table)
        sets = ', '.join(self.rng.choice([f'{column.name} = EXCLUDED.{column.name}',
                                          f'{column.name} = {column_value(self.rng, column)}']) for column in columns)
        where = f' WHERE {self.condition(table, table.name)}' if self.chance(0.2) else ''
        return (f'INSERT INTO {table.name} ({self.names(table)}) VALUES {self.rows(table)} '
                f'ON CONFLICT ({", ".join(table.key)}) DO UPDATE SET {sets}{where}')

    def insert_select(self, table):
        source = self.rng.choice(self.tables)
        values = []
        for column in table.writable():
            fitting = [other.name for other in source.columns if other.kind == column.kind]
            values.append(f's.{self.rng.choice(fitting)}' if fitting and self.chance(0.6)
                          else f'{column_value(self.rng, column)}::{column.kind}')
        return (f'INSERT INTO {table.name} ({self.names(table)}) SELECT {", ".join(values)} FROM {source.name} s '
                f'WHERE {self.condition(source, "s")} ON CONFLICT DO NOTHING')

    def some_columns(self, table, keys=False):
        """One to three columns, keys only on request."""
        columns = [column for column in table.writable() if keys or column.name not in table.key]
        if not columns:
            columns = table.writable()
        return self.rng.sample(columns, min(len(columns), self.rng.choice([1, 1, 2, 3])))

    def new_value(self, table, column):
        rng, roll = self.rng, self.rng.random()
        fitting = [other.name for other in table.columns if other.kind == column.kind and other is not column]
        if roll < 0.12 and fitting:
            return rng.choice(fitting)
        if roll < 0.2 and column.kind == 'numeric':
            return rng.choice([f'{column.name} * 1.0', f'trim_scale({column.name})', f'{column.name} + 0.00'])
        if roll < 0.22 and column.kind in ('int', 'bigint'):
            return rng.choice([f'{column.name} + 1', f'{column.name} % 3'])
        if roll < 0.25 and column.kind == 'text':
            return rng.choice([f'lower({column.name})', f'upper({column.name})'])
        if roll < 0.3:
            found = [(other, same) for other in self.tables for same in other.columns if same.kind == column.kind
                     and column.kind in ('int', 'bigint', 'text', 'numeric')]
            if found:
                other, same = rng.choice(found)
                return f'(SELECT {rng.choice(["max", "min"])}({same.name}) FROM {other.name})'
        return column_value(rng, column)

    def assignments(self, table, columns):
        return ', '.join(f'{column.name} = {self.new_value(table, column)}' for column in columns)

    def update(self, table):
        return (f'UPDATE {table.name} SET {self.assignments(table, self.some_columns(table))} '
                f'WHERE {self.condition(table, table.name)}')

    def update_copied(self, table, columns):
        """Of columns that are only copied, and now and then of others with them: in all rows, or in a few."""
        target = self.target(table)
        columns = self.rng.sample(columns, self.rng.randint(1, min(len(columns), 3)))
        if self.chance(0.15):
            columns += [column for column in self.some_columns(target, keys=self.chance(0.3)) if column not in columns][:1]
        where = '' if self.chance(0.35) else f' WHERE {self.condition(target, target.name)}'
        return f'UPDATE {target.name} SET {self.assignments(target, columns)}{where}'

    def update_key(self, table):
        if not table.key:
            return self.update(table)
        column = table.column(self.rng.choice(table.key))
        return (f'UPDATE {table.name} SET {column.name} = {key_value(self.rng, column.kind)} '
                f'WHERE {column.name} = {literal(self.rng, column.kind, column.domain)}')

    def swap(self, table):
        """Two rows change keys or parents in one statement."""
        columns = [column for column in table.writable() if column.domain]
        if not columns:
            return self.update(table)
        column = self.rng.choice(columns)
        a, b = (f'{key_value(self.rng, column.kind)}::{column.kind}' for _ in range(2))
        if column.kind == 'int' and (column.name in table.key or column.name == table.unique):
            return f'UPDATE {table.name} SET {column.name} = {column.name} + 6'
        return (f'UPDATE {table.name} SET {column.name} = CASE WHEN {column.name} = {a} THEN {b} ELSE {a} END '
                f'WHERE {column.name} IN ({a}, {b})')

    def exchange(self, table):
        """Rows with one value of a column get another, and those with that one the first: done twice, nothing has changed."""
        columns = [column for column in table.writable() if column.name not in table.key and column.name != table.unique
                   and column.kind not in LOOSE + ('jsonb',)]
        if not columns:
            return self.update(table)
        column = self.rng.choice(columns)
        a, b = (literal(self.rng, column.kind, column.domain) for _ in range(2))
        return (f'UPDATE {table.name} SET {column.name} = CASE WHEN {column.name} = {a} THEN {b} ELSE {a} END '
                f'WHERE {column.name} IN ({a}, {b})')

    def update_nothing(self, table):
        column = self.rng.choice(table.writable())
        return f'UPDATE {table.name} SET {column.name} = {column.name}'

    def update_from(self, table):
        other = self.rng.choice(self.tables)
        columns = self.some_columns(table)
        sets = []
        for column in columns:
            fitting = [found.name for found in other.columns if found.kind == column.kind]
            sets.append(f'{column.name} = ' + (f'o.{self.rng.choice(fitting)}' if fitting else column_value(self.rng, column)))
        return (f'UPDATE {table.name} AS t SET {", ".join(sets)} FROM {other.name} o '
                f'WHERE {self.link(table, "t", other, "o")}')

    def delete(self, table):
        return f'DELETE FROM {table.name} WHERE {self.condition(table, table.name)}'

    def delete_using(self, table):
        other = self.rng.choice(self.tables)
        return f'DELETE FROM {table.name} AS t USING {other.name} o WHERE {self.link(table, "t", other, "o")}'

    def merge(self, table):
        if not table.key:
            return self.update(table)
        columns = ', '.join(column.name for column in table.writable())
        kinds = [column.kind for column in table.writable()]
        values = ', '.join('(' + ', '.join(f'{text}::{kind}' for text, kind in zip(random_row(self.rng, table), kinds)) + ')'
                           for _ in range(self.rng.choice([1, 2, 3])))
        on = ' AND '.join(f't.{name} = s.{name}' for name in table.key)
        whens = []
        if self.chance(0.7):
            action = 'DELETE' if self.chance(0.3) else 'UPDATE SET ' + ', '.join(
                f'{column.name} = s.{column.name}' for column in self.some_columns(table))
            if 'SET' in action and self.chance(0.25):
                column = table.column(self.rng.choice(table.key))
                action += f', {column.name} = {key_value(self.rng, column.kind)}' if f'{column.name} =' not in action else ''
            extra = f' AND {self.condition(table, "t")}' if self.chance(0.3) else ''
            whens.append(f'WHEN MATCHED{extra} THEN {action}')
            if extra and self.chance(0.5):
                whens.append('WHEN MATCHED THEN DELETE')
        if not whens or self.chance(0.7):
            whens.append(f'WHEN NOT MATCHED THEN INSERT ({columns}) VALUES '
                         f'({", ".join(f"s.{column.name}" for column in table.writable())})')
        return (f'MERGE INTO {table.name} AS t USING (VALUES {values}) AS s ({columns}) ON {on} {" ".join(whens)}')

    def truncate(self, table):
        names = {table.name} | ({self.rng.choice(self.tables).name} if self.chance(0.3) else set())
        return f'TRUNCATE {", ".join(sorted(names))}' + (' CASCADE' if self.chance(0.7) else '')

    def modifying_cte(self, table):
        """Two or three tables in one statement."""
        others = [self.rng.choice(self.tables) for _ in range(self.rng.choice([1, 1, 2]))]
        parts = []
        for i, other in enumerate(others):
            make = self.rng.choice([self.update, self.delete, self.insert, self.upsert])
            other = self.target(other)
            parts.append(f'x{i} AS ({make(other)} RETURNING {other.columns[0].name})')
        main = self.rng.choice([self.update, self.delete, self.insert, self.insert_select])(table)
        return f'WITH {", ".join(parts)} {main}'

    def define(self, table):
        self.extra += 1
        column = self.rng.choice(table.columns)
        choices = [f'ANALYZE {table.name}', f"COMMENT ON TABLE {table.name} IS '{self.extra}'"]
        if self.may_add_columns:
            choices.append(f'ALTER TABLE {table.name} ADD COLUMN x{self.extra} int DEFAULT {self.rng.choice(["1", "NULL"])}')
            self.added.append((table.name, f'x{self.extra}'))
        dropped = [f'ALTER TABLE {owner} DROP COLUMN {name}' for owner, name in self.added if owner == table.name]
        if dropped and not self.met:
            choices += [self.rng.choice(dropped)] * 2
        if column.kind != 'jsonb':
            choices.append(f'CREATE INDEX ON {table.name} ({column.name})')
        return self.rng.choice(choices)

    # Conditions ---------------------------------------------------------------------------------------------------

    def condition(self, table, alias):
        rng, roll = self.rng, self.rng.random()
        if table.key and roll < 0.45:
            column = table.column(rng.choice(table.key))
            values = ', '.join(literal(rng, column.kind, column.domain) for _ in range(rng.choice([1, 1, 2, 3])))
            return f'{alias}.{column.name} IN ({values})'
        column = rng.choice(table.columns)
        if roll < 0.53:
            return f'{alias}.{column.name} IS {rng.choice(["", "NOT "])}NULL'
        if roll < 0.58:
            return 'true'
        if column.kind == 'jsonb':
            return f"{alias}.{column.name} ->> 'a' = '1'"
        if column.kind.endswith('[]'):
            return f'cardinality({alias}.{column.name}) > 1'
        if roll < 0.66:
            other = rng.choice(self.tables)
            fitting = [found.name for found in other.columns if found.kind == column.kind]
            if fitting:
                return f'{alias}.{column.name} IN (SELECT o.{rng.choice(fitting)} FROM {other.name} o)'
        operator = rng.choice(['=', '=', '<>', '<', '>']) if column.kind != 'bool' else '='
        return f'{alias}.{column.name} {operator} {literal(rng, column.kind, column.domain)}'

    def link(self, table, alias, other, other_alias):
        pairs = [(a, b) for a in table.columns for b in other.columns
                 if a.kind == b.kind and a.kind != 'jsonb']
        near = [(a, b) for a, b in pairs if a.domain and a.domain == b.domain]
        if not pairs:
            return self.condition(table, alias)
        a, b = self.rng.choice(near or pairs)
        return f'{alias}.{a.name} = {other_alias}.{b.name} AND {self.condition(other, other_alias)}'



def copy_text(literal_text):
    """A literal as COPY reads it, inside a printf format."""
    return '\\\\N' if literal_text == 'NULL' else literal_text.strip("'").replace('\\', '\\' * 4)


def hurried(milliseconds):
    """A flush with little time, in a savepoint `hurry`."""
    return ['SAVEPOINT hurry', f"SET LOCAL statement_timeout = '{milliseconds}ms'", 'SELECT pg_tviews_flush()']


def kind_of(sql):
    """What a statement is, for the statistics."""
    called = re.match(r'SELECT (pg_tviews_\w+)', sql)
    if called:
        return called.group(1)
    words = sql.split(None, 2)
    kind = words[0]
    if kind in ('CREATE', 'ALTER', 'ROLLBACK', 'TRUNCATE') and len(words) > 1:
        return f'{kind} {words[1]}' if kind != 'TRUNCATE' else kind + (' CASCADE' if sql.endswith('CASCADE') else '')
    if kind == 'INSERT' and ' ON CONFLICT' in sql:
        return 'INSERT ON CONFLICT ' + ('DO UPDATE' if 'DO UPDATE' in sql else 'DO NOTHING')
    if kind == 'WITH':
        return 'writing WITH'
    return f'{kind} from a TVIEW' if kind == 'UPDATE' and ' FROM tv_' in sql else kind
