"""Recursive queries over tables that refer to themselves: paths, ancestors, descendants, one per node.

A row has one parent, so UNION ALL from the roots meets each row once, and a depth bounds what goes round.  Mixed into
query.Queries.  Not here: recursive CTEs of any other query (query.Queries._recursion).
"""
from schema import LOOSE
from scope import Col, Output, Rel, Scope
from tree import Items, Node


class Trees:
    def tree(self):
        """A query fit for a TVIEW, or None if no table refers to itself."""
        trees = [(table, up) for table in self.tables for up in self.self_references(table)]
        if not trees or 'recursion' in self.without:
            return None
        table, up = self.rng.choice(trees)
        form = self.rng.choice([self._paths, self._ancestors, self._ancestors, self._descendants, self._descendants, self._inline])
        return form(table, table.key[0], up)

    def _rel(self, table, alias):
        return Rel(alias, [Col(column.name, column.kind, column.domain, not column.notnull) for column in table.columns],
                   table.key, True)

    def _extra(self, table, alias):
        """Something else that the recursive step may ask of a row."""
        if not self.chance(0.3):
            return ''
        return ' AND ' + str(self.comparison(Scope([self._rel(table, alias)])))

    def _shown(self, table, alias):
        """A value of a row as text."""
        refs = [ref for ref in self._rel(table, alias).refs() if ref.kind not in LOOSE]
        return f"COALESCE({self.rng.choice(refs)}::text, '-')"

    def _select(self, head, table, key, items, tail):
        """items: (SQL, name, type), the key first."""
        parts = [Node(items[0][0], ' AS ', 'root')]
        cols = [Col('root', table.column(key).kind, table.column(key).domain, False)]
        for sql, name, kind in items[1:]:
            parts.append(Node(sql, ' AS ', name))
            cols.append(Col(name, kind))
        return Output(Node(head, 'SELECT ', Items(parts, least=1), tail), cols, ['root'], parts)

    def _paths(self, table, key, up):
        """The way from the root to each row."""
        name = table.name
        step = f'{name} c JOIN r ON c.{up} = r.id' if self.chance(0.5) else f'r JOIN {name} c ON r.id = c.{up}'
        head = (f'WITH RECURSIVE r AS (SELECT t.{key} AS id, {self._shown(table, "t")} AS path, 0 AS depth FROM {name} t '
                f'WHERE t.{up} IS NULL UNION ALL SELECT c.{key}, r.path || \'/\' || {self._shown(table, "c")}, r.depth + 1 '
                f'FROM {step} WHERE r.depth < 4{self._extra(table, "c")}) ')
        if self.chance(0.5):
            return self._select(head, table, key, [('r.id', '', ''), ('r.path', 'path', 'text'), ('r.depth', 'depth', 'int')], ' FROM r')
        kind = self.rng.choice(['', 'LEFT '])
        return self._select(head, table, key, [(f't.{key}', '', ''), ('r.path', 'path', 'text'), (self._shown(table, 't'), 'v', 'text')],
                            f' FROM {name} t {kind}JOIN r ON r.id = t.{key}')

    def _ancestors(self, table, key, up):
        """Per row, the rows above it."""
        name = table.name
        head = (f'WITH RECURSIVE r AS (SELECT t.{key} AS root, t.{up} AS up, 0 AS depth, {self._shown(table, "t")} AS v FROM {name} t '
                f'UNION ALL SELECT r.root, p.{up}, r.depth + 1, {self._shown(table, "p")} FROM r JOIN {name} p ON p.{key} = r.up '
                f'WHERE r.depth < 4{self._extra(table, "p")}) ')
        return self._per_root(head, table, key)

    def _descendants(self, table, key, up):
        """Per row, the rows below it."""
        name = table.name
        word = self.rng.choice(['UNION ALL', 'UNION'])
        head = (f'WITH RECURSIVE r AS (SELECT t.{key} AS root, t.{key} AS id, 0 AS depth, {self._shown(table, "t")} AS v FROM {name} t '
                f'{word} SELECT r.root, c.{key}, r.depth + 1, {self._shown(table, "c")} FROM {name} c JOIN r ON c.{up} = r.id '
                f'WHERE r.depth < 3{self._extra(table, "c")}) ')
        return self._per_root(head, table, key)

    def _per_root(self, head, table, key):
        items = [('r.root', '', ''), ("string_agg(r.v, ',' ORDER BY r.depth, r.v)", 'path', 'text'), ('count(*)', 'n', 'bigint')]
        roll = self.rng.random()
        if roll < 0.4:
            return self._select(head, table, key, items, ' FROM r GROUP BY r.root')
        if roll < 0.7:
            items[0] = (f't.{key}', '', '')
            return self._select(head, table, key, items, f' FROM {table.name} t JOIN r ON r.root = t.{key} GROUP BY t.{key}')
        items = [(f't.{key}', '', ''), (f"(SELECT string_agg(r.v, ',' ORDER BY r.depth, r.v) FROM r WHERE r.root = t.{key})", 'path', 'text')]
        return self._select(head, table, key, items, f' FROM {table.name} t')

    def _inline(self, table, key, up):
        """A recursion of its own for every row."""
        name = table.name
        start, step = ((f'p.{key} = t.{up}', f'p.{key} = r.up') if self.chance(0.5) else (f'p.{up} = t.{key}', f'p.{up} = r.id'))
        inner = (f'(WITH RECURSIVE r AS (SELECT p.{key} AS id, p.{up} AS up, 1 AS depth, {self._shown(table, "p")} AS v FROM {name} p '
                 f'WHERE {start} UNION ALL SELECT p.{key}, p.{up}, r.depth + 1, {self._shown(table, "p")} FROM r JOIN {name} p ON {step} '
                 f"WHERE r.depth < 3{self._extra(table, 'p')}) SELECT string_agg(r.v, ',' ORDER BY r.depth, r.v) FROM r)")
        return self._select('', table, key, [(f't.{key}', '', ''), (inner, 'path', 'text')], f' FROM {name} t')
