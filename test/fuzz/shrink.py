"""Makes a failing case smaller while it fails in the same way.

Knows the parts of a case, not SQL: it takes something out, runs the case, and puts it back if the failure is gone.  Not
here: how the case is run.
"""
import re
import time

import psycopg2

import oracle
from tree import nodes


class Shrinker:
    def __init__(self, runner, case, failure, seconds):
        self.runner, self.case, self.failure = runner, case, failure
        self.deadline = time.monotonic() + seconds
        self.attempts = 0

    def run(self):
        """Shrinks the case in place and returns the failure of the smallest."""
        if not self._fails():
            return None
        while self._pass() and time.monotonic() < self.deadline:
            pass
        self._fails()
        return self.failure

    def _fails(self):
        self.attempts += 1
        try:
            found = self.runner.run(self.case)
        except (oracle.Invalid, psycopg2.Error):
            return False
        if found is not None and self.failure.same(found):
            self.failure = found
            return True
        return False

    def _attempt(self, apply):
        """apply() changes the case and returns how to take that back, or None if it had nothing to do."""
        if time.monotonic() > self.deadline:
            return False
        undo = apply()
        if undo is None:
            return False
        if self._fails():
            return True
        undo()
        return False

    def _pass(self):
        changed = False
        for stage in (self._transactions, self._triggers, self._views, self._steps, self._rows, self._queries, self._tables, self._texts):
            changed |= stage()
        return changed

    def _without(self, items, least=0):
        """Takes out pieces of a list, large ones first."""
        changed, size = False, max(len(items), 1)
        while size >= 1:
            at = len(items) - size
            while at > -size:
                start = max(at, 0)
                if len(items) - len(items[start:start + size]) >= least and items[start:start + size]:
                    changed |= self._attempt(lambda: remove(items, start, size))
                at -= size
            size //= 2
        return changed

    def _transactions(self):
        return self._without(self.case.transactions)

    def _triggers(self):
        return self._without(self.case.triggers)

    def _views(self):
        changed = self._without(self.case.views, 1)
        changed |= self._without(self.case.settings)
        for view in self.case.tviews():
            changed |= self._attempt(lambda: assign(view, 'mode', None) if view.mode else None)
            changed |= self._attempt(lambda: assign(view, 'by_function', True) if not view.by_function else None)
            changed |= self._attempt(lambda: assign(view, 'reads', []) if view.reads else None)
            if view.option:
                for i in range(len(view.key)):
                    shorter = view.key[:i] + view.key[i + 1:]
                    if shorter:
                        changed |= self._attempt(lambda: assign(view, 'key', shorter))
        return changed

    def _steps(self):
        changed = False
        for transaction in self.case.transactions:
            changed |= self._without_steps(transaction.steps)
            for name, value in (('timezone', None), ('watched', False), ('hurried', None), ('end', 'COMMIT'), ('begin', 'BEGIN')):
                if getattr(transaction, name) not in (value, ''):
                    changed |= self._attempt(lambda: assign(transaction, name, value))
            if not transaction.alone and not any(step.kind == 'check' for step in transaction.steps):
                def alone():
                    undo = [assign(transaction, 'alone', True), assign(transaction, 'begin', ''), assign(transaction, 'end', '')]
                    return lambda: [back() for back in reversed(undo)]
                changed |= self._attempt(alone)
        return changed

    def _without_steps(self, steps):
        changed = self._without(steps)
        for step in list(steps):
            if step.body and step in steps:
                changed |= self._attempt(lambda: unwrap(steps, step)) or self._without_steps(step.body)
        return changed

    def _rows(self):
        changed = False
        for table in self.case.tables:
            changed |= self._without(table.rows)
        return changed

    def _queries(self):
        changed = False
        for view in self.case.views:
            again = True
            while again and time.monotonic() < self.deadline:
                again = self._reduce_once(view)
                changed |= again
        return changed

    def _reduce_once(self, view):
        done = False
        for node in list(nodes(view.node)):
            for apply in list(node.reductions()):
                if self._attempt(apply):
                    done = True
                    break
        return done

    def _tables(self):
        changed = self._without(self.case.tables, 1)
        for table in self.case.tables:
            changed |= self._without(table.foreign)
            changed |= self._without(table.indexes)
            if table.division:
                changed |= self._attempt(lambda: assign(table, 'division', None))
            for column in list(table.columns):
                changed |= self._attempt(lambda: self._drop_column(table, column))
                if column.notnull and column.name not in table.key:
                    changed |= self._attempt(lambda: assign(column, 'notnull', False))
        return changed

    def _drop_column(self, table, column):
        if column.name in table.key or column.name == table.unique or len(table.columns) < 2:
            return None
        undo = []
        if not column.generated:
            at = table.writable().index(column)
            undo.append(assign(table, 'rows', [row[:at] + row[at + 1:] for row in table.rows]))
            for transaction in self.case.transactions:
                for _, _, step in transaction.flat():
                    for inner in [step] + step.body:
                        undo.append(assign(inner, 'sql', without_insert_column(inner.sql, table.name, column.name)))
        undo.append(assign(table, 'columns', [other for other in table.columns if other is not column]))
        undo.append(assign(table, 'foreign', [key for key in table.foreign if column.name not in key.columns]))
        return lambda: [back() for back in reversed(undo)]

    def _texts(self):
        changed = False
        for transaction in self.case.transactions:
            for _, _, step in transaction.flat():
                for inner in [step] + step.body:
                    for shorter in shorter_texts(inner.sql):
                        if shorter != inner.sql:
                            changed |= self._attempt(lambda: assign(inner, 'sql', shorter))
        return changed


def assign(thing, name, value):
    before = getattr(thing, name)
    setattr(thing, name, value)
    return lambda: setattr(thing, name, before)


def remove(items, start, size):
    before = list(items)
    del items[start:start + size]

    def undo():
        items[:] = before
    return undo


def unwrap(steps, step):
    before = list(steps)
    at = steps.index(step)
    steps[at:at + 1] = step.body

    def undo():
        steps[:] = before
    return undo


def split_list(text):
    """Splits at commas outside of quotes and brackets."""
    parts, depth, quoted, start = [], 0, False, 0
    for i, c in enumerate(text):
        if c == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif c in '([{':
            depth += 1
        elif c in ')]}':
            depth -= 1
        elif c == ',' and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return parts + [text[start:].strip()]


INSERT = re.compile(r'INSERT INTO ((?:(?:\w+|"[^"]+")\.)?(?:\w+|"[^"]+")) \(([^)]*)\) VALUES (\(.*?\))(?= ON CONFLICT| RETURNING|\)|$)')


def without_insert_column(sql, table, column):
    def change(found):
        names = split_list(found.group(2))
        if found.group(1) != table or column not in names:
            return found.group(0)
        at = names.index(column)
        rows = [split_list(row[1:-1]) for row in split_list(found.group(3))]
        rows = ', '.join('(' + ', '.join(row[:at] + row[at + 1:]) + ')' for row in rows)
        return f'INSERT INTO {table} ({", ".join(names[:at] + names[at + 1:])}) VALUES {rows}'
    return INSERT.sub(change, sql)


def shorter_texts(sql):
    """Guesses at simpler statements."""
    if ' ON CONFLICT ' in sql:
        yield re.sub(r' ON CONFLICT .*?(?=\)|$)', '', sql)
    if ' WHERE ' in sql:
        yield sql[:sql.rindex(' WHERE ')]
    if sql.startswith('WITH '):
        for found in re.findall(r'x\d AS \((.*?) RETURNING \w+\)', sql):
            yield found
        yield re.sub(r'^WITH .* RETURNING \w+\) ', '', sql)
    found = re.match(r'(UPDATE .*? SET )(.*?)((?: FROM| WHERE).*|)$', sql)
    if found:
        parts = split_list(found.group(2))
        for i in range(len(parts)):
            if len(parts) > 1:
                yield found.group(1) + ', '.join(parts[:i] + parts[i + 1:]) + found.group(3)
    found = INSERT.match(sql)
    if found:
        rows = split_list(found.group(3))
        for i in range(len(rows)):
            if len(rows) > 1:
                yield sql[:found.start(3)] + ', '.join(rows[:i] + rows[i + 1:]) + sql[found.end(3):]
    found = re.match(r'(MERGE INTO .*? USING \(VALUES )(.*)(\) AS s .*)$', sql)
    if found:
        rows = split_list(found.group(2))
        for i in range(len(rows)):
            if len(rows) > 1:
                yield found.group(1) + ', '.join(rows[:i] + rows[i + 1:]) + found.group(3)
