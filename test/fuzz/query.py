"""Random queries, composed from a grammar: FROM trees, subqueries of every shape, set operations, CTEs.

Every query comes with its columns and what is known of its key.  Results must be determined by the data: LIMIT, DISTINCT ON
and window functions order by the full key of their rows, aggregates too; values known only up to equality are not shown.
Not here: expressions (expression.py), and whether the engine accepts the query.
"""
from arrays import Arrays
from chain import Chains
from expression import EXACT, SIMPLE, Expressions
from functions import Calls
from schema import LIKELY_NAMES, LOOSE, canonical, literal, outside
from recursion import Trees
from scope import Col, Output, Rel, Scope, letter_of
from tree import Items, Node, maybe

GROUPABLE = ('int', 'bigint', 'text', 'uuid', 'timestamptz', 'bool', 'numeric', 'citext', 'pair', 'mood', 'level',
             'int4range', 'bytea')
TOP_SHAPES = (['plain'] * 8 + ['group'] * 4 + ['aggregate', 'distinct', 'distinct on', 'window', 'limit'] + ['setop'] * 3 +
              ['chain'] * 9 + ['tree'] * 5 + ['arrays'] * 8)
INNER_SHAPES = ['plain'] * 3 + ['group'] * 5 + ['aggregate', 'distinct', 'distinct', 'distinct on', 'distinct on',
                                               'window', 'window', 'limit', 'limit', 'setop', 'setop']


class Queries(Expressions, Chains, Arrays, Trees, Calls):
    """`sources` are the relations a query may read: Rels whose alias is the relation's name."""

    def __init__(self, rng, sources, tables, limits, functions=()):
        self.rng, self.sources, self.tables, self.without, self.risks = rng, sources, tables, limits.without, limits.risk
        self.functions, self.only = functions, limits.only
        self.ctes, self.counter, self.budget = [], 0, 0
        self.likely_names = list(LIKELY_NAMES)

    def fresh(self, letter):
        self.counter += 1
        if self.likely_names and self.chance(0.08):
            return self.likely_names.pop(self.rng.randrange(len(self.likely_names)))
        return f'{letter}{self.counter}'

    # FROM ---------------------------------------------------------------------------------------------------------

    def relation(self, depth, outer):
        """One entry of a FROM clause that looks at nothing to its left."""
        self.budget -= 1
        if self.ctes and self.chance(0.4):
            return self._named(self.rng.choice(self.ctes))
        if depth > 0 and self.budget > 0 and self.chance(0.25):
            inner = self.select(depth, shape=self.rng.choice(INNER_SHAPES), key='any' if self.chance(0.7) else None,
                                ctes=self.chance(0.05))
            return self._derived(inner, '')
        call = self.function_rows(None, depth) if self.chance(0.1) else None
        if call is None and self.chance(0.05):
            return self._listed() if self.chance(0.5) else self._series()
        return call or self._named(self.rng.choice(self.sources))

    def _listed(self):
        """A few rows written down, some of which meet a key."""
        alias = self.fresh('y')
        col = self.pick([ref for source in self.sources for ref in source.refs()], lambda ref: ref.kind in EXACT)
        kind, domain = (col.kind, col.col.domain) if col else ('int', None)
        rows = [Node(f'({n}, {literal(self.rng, kind, domain)})') for n in range(1, self.rng.choice([2, 3, 4]))]
        rows.append(Node(f'({len(rows) + 1}, NULL::{kind})'))
        return (Node('(VALUES ', Items(rows, least=1), f') AS {alias} (n, v)'),
                Rel(alias, [Col('n', 'int', None, False), Col('v', kind, domain)], ['n']))

    def _series(self):
        """Rows of a function that looks at no table."""
        alias = self.fresh('s')
        return Node(f'generate_series(1, {self.rng.choice([2, 3])}) AS {alias} (n)'), Rel(alias, [Col('n', 'int', None, False)], ['n'])

    def _named(self, source):
        alias, key = self.fresh(letter_of(source.alias)), source.key
        table = next((table for table in self.tables if table.name == source.alias), None)
        only = 'ONLY ' if table and self.chance(0.03) else ''
        if table and table.unique and self.chance(0.5):
            key = [table.unique]
        return Node(f'{only}{source.alias} {alias}'), Rel(alias, [col.copy() for col in source.cols], key, source.whole)

    def _derived(self, inner, lateral):
        alias = self.fresh('q')
        whole = not any(col.fuzzy for col in inner.cols)
        return Node(f'{lateral}(', inner.node, f') {alias}'), Rel(alias, inner.cols, inner.key, whole)

    def _lateral(self, scope, depth):
        """A subquery or function that looks at what stands to its left."""
        self.budget -= 1
        call = self.function_rows(scope, depth) if self.chance(0.5) else None
        if call:
            return call
        roll, refs = self.rng.random(), [ref for rel in scope.rels for ref in rel.refs()]
        arrays = [ref for ref in refs if ref.kind.endswith('[]')]
        documents = [ref for ref in refs if ref.kind == 'jsonb' and not ref.col.fuzzy]
        if arrays and roll < 0.25:
            ref, alias = self.rng.choice(arrays), self.fresh('u')
            cols = [Col('v', ref.kind[:-2]), Col('n', 'bigint', None, False)]
            return Node(f'unnest({ref}) WITH ORDINALITY AS {alias} (v, n)'), Rel(alias, cols, ['n'])
        if documents and roll < 0.32:
            ref, alias = self.rng.choice(documents), self.fresh('j')
            cols = [Col('v', 'jsonb'), Col('n', 'bigint', None, False)]
            return (Node(f"jsonb_array_elements(CASE WHEN jsonb_typeof({ref}) = 'array' THEN {ref} ELSE '[]' END) "
                         f'WITH ORDINALITY AS {alias} (v, n)'), Rel(alias, cols, ['n']))
        if roll < 0.36:
            ref = self.pick(refs, lambda ref: ref.kind == 'int')
            if ref:
                alias = self.fresh('s')
                return Node(f'generate_series(1, {ref}) AS {alias} (n)'), Rel(alias, [Col('n', 'int', None, False)], ['n'])
        inner = self.select(depth, outer=scope, correlate=True, key='any' if self.chance(0.7) else None,
                            shape=self.rng.choice(['limit', 'limit', 'aggregate', 'aggregate', 'plain', 'limit1', 'group',
                                                   'distinct on', 'window', 'setop']))
        return self._derived(inner, 'LATERAL ')

    def _n_to_one(self, left, new):
        """Equalities that determine the new relation's key; None if the left side has no fitting columns."""
        conditions = []
        for key in new.key_refs():
            pair = self.pair(left, [key])
            if pair is None or (key.col.domain and pair[0].col.domain != key.col.domain and self.chance(0.8)):
                return None
            conditions.append(Node(f'{key} = {pair[0]}' if self.chance(0.5) else f'{pair[0]} = {key}'))
        return conditions

    def _conditions(self, rels, new, kind, depth):
        """ON conditions, and whether each row to the left meets at most one new row."""
        left = [ref for rel in rels for ref in rel.refs()]
        right = new.refs()
        conditions, unique = None, False
        if new.key and self.chance(0.45):
            conditions = self._n_to_one(left, new)
            unique = conditions is not None
        if kind == 'FULL':
            if conditions is None:
                pair = self.pair(left, right)
                conditions = [Node(f'{pair[0]} = {pair[1]}')] if pair else None
            if conditions and self.chance(0.25):
                conditions.append(self.predicate(Scope([self.rng.choice(rels + [new])]), 0))
            return conditions, unique
        if conditions is None:
            conditions = [condition for condition in (self.link(left, right) for _ in range(self.rng.choice([1, 1, 1, 2])))
                          if condition is not None]
        if conditions and self.chance(0.2):
            scope = Scope([new] if self.chance(0.6) else rels + [new])
            conditions.append(self.predicate(scope, min(depth, 1) if self.chance(0.3) else 0))
        return conditions or None, unique

    def from_clause(self, depth, outer, count):
        """Returns the node, the scope, and the key of its rows as references (None: rows may repeat)."""
        node, rel = self.relation(depth, outer)
        rels, merged = [rel], []
        key = None if rel.key is None else [(rel.alias, name) for name in rel.key]
        for i in range(1, count):
            if self.budget <= 0:
                break
            kind = self.rng.choice(['', '', 'LEFT', 'LEFT', 'LEFT', 'RIGHT', 'FULL', 'CROSS'])
            lateral = kind in ('', 'LEFT', 'CROSS') and depth > 0 and self.chance(0.35 if self.functions else 0.15)
            if lateral:
                new_node, new = self._lateral(Scope(rels, outer), depth)
            else:
                new_node, new = self.relation(depth, outer)
            using = self._using(rels, new, kind, i) if not lateral else None
            unique = new.key == []
            natural = self._natural(rels, new, kind, i) if not lateral and not using else None
            if natural:
                before = node
                node = Node(node, f' NATURAL {kind} JOIN ', new_node, alts=[before, new_node])
                unique = unique or bool(new.key) and set(new.key) <= natural
            elif using:
                alias = self.fresh('m')
                before = node
                node = Node(node, f' {kind} JOIN ', new_node, f' USING ({using.name}) AS {alias}', alts=[before, new_node])
                merged.append(Rel(alias, [Col(using.name, using.kind, using.domain, True, using.fuzzy)], None))
                unique = unique or new.key == [using.name]
            else:
                conditions, covered = self._conditions(rels, new, kind, depth)
                if lateral and self.chance(0.7):
                    conditions, covered = [Node('true')], False
                if conditions is None or kind == 'CROSS':
                    if conditions is None and not lateral and self.chance(0.9):
                        continue
                    kind, conditions, covered = 'CROSS', [], False
                unique = unique or covered
                before = node
                if kind == 'CROSS':
                    node = Node(node, ' CROSS JOIN ', new_node, alts=[before, new_node])
                else:
                    node = Node(node, f' {kind} JOIN ', new_node, ' ON ', Items(conditions, ' AND ', least=1),
                                alts=[before, new_node])
            if key is not None:
                if new.key is None:
                    key = None
                elif not (unique and kind in ('', 'LEFT', 'CROSS')):
                    key = key + [(new.alias, name) for name in new.key]
            if kind in ('RIGHT', 'FULL'):
                rels = [rel.nulled() for rel in rels]
            rels.append(new.nulled() if kind in ('LEFT', 'FULL') else new)
        scope = Scope(rels + merged, outer)
        by_name = {str(ref): ref for ref in scope.refs()}
        return node, scope, None if key is None else [by_name[f'{alias}.{name}'] for alias, name in key]

    def _natural(self, rels, new, kind, position):
        """The names that a NATURAL join would compare, if there are any and all of them can be."""
        if position != 1 or kind == 'CROSS' or not self.chance(0.15):
            return None
        kinds = {col.name: col.kind for col in rels[0].cols}
        common = {col.name: col.kind for col in new.cols if col.name in kinds}
        fit = all(kind == kinds[name] and kind in GROUPABLE for name, kind in common.items())
        return set(common) if fit else None

    def _using(self, rels, new, kind, position):
        if position != 1 or kind == 'CROSS' or not self.chance(0.4):
            return None
        names = {col.name: col for col in rels[0].cols}
        common = [col for col in new.cols if col.name in names and col.kind == names[col.name].kind
                  and col.kind in GROUPABLE]
        return self.rng.choice(common) if common else None

    # SELECT -------------------------------------------------------------------------------------------------------

    def select(self, depth, outer=None, shape='plain', want=None, correlate=False, ordered=False, key=None, ctes=False,
               tag=None, prefer=None):
        """A query.  `want`: the types of its columns; `key`: None, 'any' or 'nonnull' (fit for a TVIEW)."""
        depth -= 1
        shape = 'plain' if shape in self.without else shape
        known = len(self.ctes)
        clause = self._with(depth, outer) if ctes and depth > 0 else None
        if shape == 'setop' and depth >= 0:
            made = self.set_operation(depth, outer, want, correlate, key)
        else:
            made = self._single(depth, outer, 'plain' if shape == 'setop' else shape, want, correlate, ordered, key, tag)
        del self.ctes[known:]
        if clause:
            made.node = Node(clause, made.node)
        return made

    def _with(self, depth, outer):
        rng, items, recursive = self.rng, [], False
        for _ in range(rng.choice([1, 1, 2, 3])):
            name = self.fresh('w')
            made = self._recursion(name) if self.chance(0.15) else None
            if made:
                recursive = True
            else:
                made = self.select(depth, outer=outer if self.chance(0.1) else None, shape=rng.choice(INNER_SHAPES),
                                   key='any' if self.chance(0.7) else None)
            words = rng.choice(['', '', ' MATERIALIZED', ' NOT MATERIALIZED']) if not recursive else ''
            items.append(Node(f'{name} AS{words} (', made.node, ')'))
            self.ctes.append(Rel(name, made.cols, made.key, not any(col.fuzzy for col in made.cols)))
        return Items(items, prefix='WITH RECURSIVE ' if recursive else 'WITH ', suffix=' ')

    def _recursion(self, name):
        """A tree walked along a foreign key of a table to itself; UNION ends it where the data go round."""
        trees = [(table, foreign) for table in self.tables for foreign in self.self_references(table)]
        if not trees or 'recursion' in self.without:
            return None
        table, foreign = self.rng.choice(trees)
        key = table.key[0]
        kind = table.column(key).kind
        start = self.rng.choice([f't.{foreign} IS NULL', 'true', f't.{key} = {self.literal_key(table)}'])
        step = self.rng.choice([f'c.{foreign} = r.id', f'c.{key} = r.up'])
        node = Node(f'SELECT t.{key} AS id, t.{foreign} AS up, 0 AS depth FROM {table.name} t WHERE {start} UNION '
                    f'SELECT c.{key}, c.{foreign}, r.depth + 1 FROM {table.name} c JOIN {name} r ON {step} '
                    f'WHERE r.depth < 3')
        domain = table.column(key).domain
        return Output(node, [Col('id', kind, domain, False), Col('up', kind, domain), Col('depth', 'int', None, False)],
                      ['id', 'up', 'depth'])

    @staticmethod
    def self_references(table):
        if len(table.key) != 1 or table.column(table.key[0]).kind in LOOSE:
            return []
        kind, domain = table.column(table.key[0]).kind, table.column(table.key[0]).domain
        return [column.name for column in table.columns
                if column.domain == domain and column.kind == kind and column.name not in table.key]

    def literal_key(self, table):
        column = table.column(table.key[0])
        return literal(self.rng, column.kind, column.domain)

    def _single(self, depth, outer, shape, want, correlate, ordered, key, tag):
        rng = self.rng
        count = rng.choice([1, 1, 2, 2, 3]) if shape != 'lookup' else 1
        if outer is None and depth >= 2:
            count = rng.choice([1, 2, 2, 3, 3, 4])
        needs_key = key is not None or shape in ('limit', 'limit1', 'window', 'distinct on') or ordered or tag is not None
        for attempt in range(8):
            made, scope, rows = self.from_clause(depth, outer, count)
            if rows is not None or not needs_key or shape in ('group', 'aggregate', 'distinct'):
                break
        else:
            table = rng.choice([table for table in self.sources if table.key])
            made, rel = self._named(table)
            scope, rows = Scope([rel], outer), rel.key_refs()
        where = self._where(scope, outer, correlate, depth) + self._without_missing(scope)
        if shape == 'lookup':
            found = self._n_to_one(outer.refs(), scope.rels[0]) if rows and outer else None
            if found is None:
                shape = 'aggregate'
            else:
                where = found + where
        parts = Parts(made, scope, rows, where, want, key, depth)
        parts.tag = tag
        build = {'plain': self._plain, 'lookup': self._plain, 'limit': self._plain, 'limit1': self._plain,
                 'window': self._plain, 'group': self._group, 'aggregate': self._aggregate, 'distinct': self._distinct,
                 'distinct on': self._distinct_on}[shape]
        return build(parts, shape, ordered)

    def _where(self, scope, outer, correlate, depth):
        where = []
        if correlate and outer is not None:
            left = outer.refs()
            if outer.outer is not None and self.chance(0.2):
                left = outer.outer_refs() or left
            for _ in range(self.rng.choice([1, 1, 1, 2])):
                link = self.link(left, [ref for rel in scope.rels for ref in rel.refs()])
                if link is not None:
                    where.append(link)
        for _ in range(self.rng.choice([0, 0, 0, 1, 1, 2])):
            where.append(self.predicate(scope, min(depth, 2)))
        return where

    def _without_missing(self, scope):
        """Conditions that make outer joins inner ones: keys of the side that may be missing are there."""
        found = []
        for rel in scope.rels:
            missing = [ref for ref in rel.key_refs() or [] if ref.col.nullable]
            if missing and self.chance(0.2):
                for ref in missing:
                    ref.col.nullable = False
                    found.append(Node(self.rng.choice([f'{ref} IS NOT NULL', f'{ref} = {ref}', f'NOT ({ref} IS NULL)'])))
        return found

    def _item(self, parts, expression, kind, col=None, nullable=True, fuzzy=False, name=None):
        name = name or self.fresh('c')
        parts.items.append(Node(expression, ' AS ', name))
        parts.cols.append(Col(name, kind, col.domain if col else None, nullable, fuzzy))
        return name

    def _key_item(self, parts, ref):
        """Adds a key column; where it must fit a TVIEW, without NULLs and determined."""
        expression, nullable, fuzzy = str(ref), ref.col.nullable, ref.col.fuzzy
        if parts.key == 'nonnull':
            if fuzzy:
                expression, fuzzy = canonical(expression, ref.kind), False
            if nullable:
                expression, nullable = f'COALESCE({expression}, {outside(ref.kind)})', False
        return self._item(parts, expression, ref.kind, ref.col, nullable, fuzzy)

    def _values(self, parts, kinds=None):
        """Adds the wanted columns, or a few of any type."""
        if parts.want:
            for kind in parts.want:
                loose = parts.key != 'nonnull' or 'loose keys' not in self.without
                expression = self.value(kind, parts.scope, parts.depth if loose else -1)
                if parts.key == 'nonnull':
                    expression = Node('COALESCE(', expression, f', {outside(kind)})')
                self._item(parts, expression, kind, nullable=parts.key != 'nonnull')
        else:
            for _ in range(self.rng.randint(1, 4)):
                expression, kind, col = self.any_value(parts.scope, parts.depth, kinds)
                self._item(parts, expression, kind, col)

    def _plain(self, parts, shape, ordered):
        rng, key = self.rng, None
        if parts.tag is not None:
            key = self._tagged(parts)
        elif not parts.want and parts.rows is not None and (parts.key or self.chance(0.6)):
            key = [self._key_item(parts, ref) for ref in parts.rows]
            if not parts.rows and parts.key == 'nonnull':
                key = [self._item(parts, '1', 'int', nullable=False)]
        self._values(parts)
        if shape == 'plain' and not (ordered or key or parts.want or parts.key or parts.tag) and self.chance(0.15):
            self._unread_rows(parts)
        if shape == 'window':
            for _ in range(rng.choice([1, 1, 2])):
                kind, expression = self._window_function(parts)
                if parts.want:
                    parts.items[0] = Node(expression, f'::{parts.want[0]}' if parts.want[0] == 'int' else '', ' AS ',
                                          parts.cols[0].name) if parts.want[0] == 'int' else parts.items[0]
                    break
                self._item(parts, expression, kind)
        order = limit = None
        if shape in ('limit', 'limit1') or ordered:
            order = self._order(parts)
        if shape == 'limit' and self.chance(0.2):
            tie = self.pick(parts.scope.refs(), lambda ref: ref.kind != 'jsonb')
            order = order if tie is None else Node(f'{tie}{rng.choice(["", " DESC", " NULLS FIRST"])}')
            limit = Node(f' FETCH FIRST {rng.choice([1, 2, 3])} ROWS WITH TIES')
        elif shape == 'limit':
            limit = Node(f' LIMIT {rng.choice([1, 2, 3])}', Items([' OFFSET 1'] if self.chance(0.15) else []))
        elif shape == 'limit1':
            limit, key = Node(' LIMIT 1'), [] if not key else key
        return self._finish(parts, 'SELECT ', key, order=order, limit=limit)

    def _unread_rows(self, parts):
        """A function in the select list whose values nobody looks at decides how often there is which row."""
        ref = self.pick(parts.scope.refs(), lambda ref: ref.kind.endswith('[]'))
        number = self.pick(parts.scope.refs(), lambda ref: ref.kind == 'int')
        if ref or number:
            parts.items.append(Node(f'unnest({ref})' if ref else f'generate_series(1, {number} % 3)', ' AS ', self.fresh('c')))

    def _order(self, parts):
        rows = list(map(str, parts.rows))
        extra = self.pick(parts.scope.refs(), lambda ref: ref.kind != 'jsonb') if self.chance(0.5) else None
        first = [f'{extra}{self.rng.choice(["", " DESC", " NULLS FIRST"])}'] if extra else []
        return Node(Items(first, suffix=', ' if rows else ''), ', '.join(rows)) if first or rows else None

    def _tagged(self, parts):
        """Branch number and the row's key as text or int: a key that is unique across the branches of UNION ALL."""
        number, mode = parts.tag
        source = self._item(parts, str(number), 'int', nullable=False)
        if mode == 'int' and len(parts.rows) == 1 and parts.rows[0].kind == 'int':
            ref = parts.rows[0]
            kid = f'COALESCE({ref}, -1)' if ref.col.nullable else str(ref)
        elif mode == 'int':
            mode, kid = 'int', None
        else:
            texts = [f"COALESCE({canonical(ref, ref.kind) if ref.col.fuzzy else ref}::text, '-')" for ref in parts.rows]
            kid = " || ':' || ".join(texts) or "'-'::text"
        if kid is None:
            raise Retry
        return [source, self._item(parts, kid, mode, parts.rows[0].col if mode == 'int' else None, nullable=False)]

    def _window_function(self, parts):
        rng = self.rng
        by = self.pick(parts.scope.refs(), lambda ref: ref.kind in GROUPABLE, parts.scope.outer_refs()) if self.chance(0.8) else None
        partition = f'PARTITION BY {by}' if by else ''
        if by and by.kind in ('text', 'citext') and self.chance(0.3):
            partition += '::' + ('citext' if by.kind == 'text' else 'text')
        extra = self.pick(parts.scope.refs(), lambda ref: ref.kind != 'jsonb') if self.chance(0.4) else None
        order = ', '.join(([str(extra)] if extra else []) + list(map(str, parts.rows)))
        order = f' ORDER BY {order}' if order else ''
        value = self.pick(parts.scope.refs(), lambda ref: ref.kind in EXACT and not ref.col.fuzzy)
        number = self.pick(parts.scope.refs(), lambda ref: ref.kind == 'int')
        choices = [('bigint', f'row_number() OVER ({partition}{order})'), ('bigint', f'count(*) OVER ({partition})'),
                   ('bigint', f'rank() OVER ({partition}{order})')]
        if value:
            function = rng.choice(['lag', 'lead', 'first_value', 'last_value'])
            choices.append((value.kind, f'{function}({value}) OVER ({partition}{order})'))
        if number:
            choices.append(('bigint', f'sum({number}) OVER ({partition}{rng.choice(["", order])})'))
        kind, text = rng.choice(choices)
        return kind, Node(text)

    def _groupings(self, parts, count):
        """Grouping expressions as (text, type, column when it is plain)."""
        found = []
        for _ in range(count):
            ref = self.pick(parts.scope.refs(), lambda ref: ref.kind in GROUPABLE)
            if ref is None:
                continue
            roll, text, kind, col = self.rng.random(), str(ref), ref.kind, ref
            if roll < 0.12 and kind == 'text':
                text, col = f'lower({ref})', None
            elif roll < 0.16 and kind == 'timestamptz':
                text, col = f"date_trunc('month', {ref})", None
            elif roll < 0.12 and kind == 'int':
                text, col = f'{ref} % 3', None
            elif roll < 0.15 and not (parts.key == 'nonnull' and 'loose keys' in self.without):
                text, kind, col = f'{ref} IS NULL', 'bool', None
            elif roll < 0.3 and kind == 'text':
                text, kind, col = f'{ref}::citext', 'citext', None
            elif roll < 0.3 and kind == 'citext' and not ref.col.fuzzy:
                text, kind, col = f'{ref}::text', 'text', None
            if parts.key == 'nonnull' and not text.endswith('NULL') and (col is None or col.col.nullable):
                text = f'COALESCE({text}, {outside(kind)})'
                col = None
            if text not in [known[0] for known in found]:
                found.append((text, kind, col))
        return found

    def _group(self, parts, shape, ordered):
        groupings = self._groupings(parts, self.rng.choice([1, 1, 1, 2, 3]))
        if not groupings:
            return self._aggregate(parts, 'aggregate', ordered)
        sets = not parts.want and self.chance(0.25 if len(groupings) > 1 else 0.1) and 'grouping sets' not in self.without
        if sets and parts.key == 'nonnull':
            groupings = [(canonical(text, kind), kind, None if kind in LOOSE else col) for text, kind, col in groupings]
        names = []
        shown = [] if parts.want else groupings if parts.key or self.chance(0.8) else groupings[:1]
        for text, kind, col in shown:
            fuzzy = kind in LOOSE and not text.startswith(('trim_scale(', 'lower('))
            if fuzzy and parts.key == 'nonnull' and not sets:
                text, fuzzy = canonical(text, kind), False
            nullable, shown_text = parts.key != 'nonnull' or sets, text
            if sets and parts.key == 'nonnull':       # a set that leaves the column out gives NULL
                shown_text, nullable = f'COALESCE({text}, {outside(kind)})', False
            names.append(self._item(parts, shown_text, kind, col.col if col and shown_text == text else None,
                                    nullable=nullable, fuzzy=fuzzy))
        if sets:
            names.append(self._item(parts, f'GROUPING({", ".join(text for text, _, _ in groupings)})', 'int', nullable=False))
        inside = self._grouped_scope(parts, groupings)
        for kind in parts.want or self.rng.choices(('int', 'jsonb', 'jsonb', 'text', 'numeric', 'bool', 'bigint'),
                                                   k=self.rng.randint(0 if names else 1, 3)):
            fitting = [text for text, known, _ in groupings if known == kind and kind not in LOOSE]
            if parts.want and fitting and self.chance(0.6):
                self._item(parts, fitting[0], kind)
            elif inside.rels and self.may_nest(parts.depth) and self.chance(0.15):
                self._item(parts, self._scalar_sublink(kind, inside, parts.depth), kind)
            else:
                self._item(parts, self.aggregate(kind, parts.scope, parts.rows, parts.depth), kind)
        texts = [text for text, _, _ in groupings]
        if sets:
            word = self.rng.choice(['ROLLUP (', 'CUBE (', 'GROUPING SETS ('])
            suffix = ', ())' if word.startswith('G') and self.chance(0.5) else ')'
            if word.startswith('G') and len(texts) > 1 and self.chance(0.5):
                texts.append(f'({", ".join(texts)})')
            group = Items(texts, prefix=f' GROUP BY {word}', suffix=suffix, least=1)
        else:
            group = Items(texts, prefix=' GROUP BY ', least=1)
        complete = len(shown) == len(groupings)
        return self._finish(parts, 'SELECT ', names if complete else None, group=group, having=self._having(parts.scope, 0.2))

    def _grouped_scope(self, parts, groupings):
        """What a subquery in the select list may still see: the plain grouping columns."""
        plain = {str(col) for _, _, col in groupings if col is not None and not col.col.fuzzy and col.kind not in LOOSE}
        rels = []
        for rel in parts.scope.rels:
            cols = [col for col in rel.cols if f'{rel.alias}.{col.name}' in plain]
            if cols:
                rels.append(Rel(rel.alias, cols, None))
        return Scope(rels, None)

    def _having(self, scope, share):
        if not self.chance(share):
            return None
        return self.rng.choice([Node(f'count(*) > {self.rng.randint(0, 2)}'),
                                Node('bool_or(', self.predicate(scope, 0), ')'),
                                Node('count(*) FILTER (WHERE ', self.predicate(scope, 0), ') = 1')])

    def _aggregate(self, parts, shape, ordered):
        key = []
        if parts.key == 'nonnull':
            key = [self._item(parts, '1', 'int', nullable=False)]
        for kind in parts.want or self.rng.choices(('int', 'jsonb', 'jsonb', 'text', 'numeric', 'bool', 'bigint'),
                                                   k=self.rng.randint(1, 3)):
            self._item(parts, self.aggregate(kind, parts.scope, parts.rows, parts.depth), kind)
        return self._finish(parts, 'SELECT ', key, having=self._having(parts.scope, 0.08))

    def _distinct(self, parts, shape, ordered):
        kinds = EXACT if parts.key == 'nonnull' or parts.want else GROUPABLE
        if parts.want:
            self._values(parts)
        else:
            for _ in range(self.rng.choice([1, 2, 2, 3])):
                loose = parts.key != 'nonnull' or 'loose keys' not in self.without
                expression, kind, col = self.any_value(parts.scope, min(parts.depth, 1) if loose else -1, kinds)
                nullable = True
                if parts.key == 'nonnull':
                    expression, nullable = Node('COALESCE(', expression, f', {outside(kind)})'), False
                self._item(parts, expression, kind, col, nullable, fuzzy=kind in LOOSE)
        fuzzy = any(kind in LOOSE for kind in parts.want or ())
        return self._finish(parts, 'SELECT ' if fuzzy else 'SELECT DISTINCT ', [col.name for col in parts.cols])

    def _distinct_on(self, parts, shape, ordered):
        groupings = self._groupings(parts, self.rng.choice([1, 1, 2]))
        if not groupings or not parts.rows:
            return self._plain(parts, 'plain', ordered)
        names = []
        if not parts.want:
            names = [self._item(parts, text, kind, col.col if col else None, nullable=parts.key != 'nonnull',
                                fuzzy=bool(col and col.col.fuzzy)) for text, kind, col in groupings]
            if parts.key == 'nonnull' and any(col.fuzzy for col in parts.cols):
                for item, col in zip(parts.items, parts.cols):
                    if col.fuzzy:
                        item.parts[0], col.fuzzy = canonical(item.parts[0], col.kind), False
        self._values(parts)
        texts = ', '.join(text for text, _, _ in groupings)
        extra = self.pick(parts.scope.refs(), lambda ref: ref.kind != 'jsonb') if self.chance(0.4) else None
        order = ', '.join([texts] + ([f'{extra}{self.rng.choice(["", " DESC"])}'] if extra else [])
                          + list(map(str, parts.rows)))
        return self._finish(parts, f'SELECT DISTINCT ON ({texts}) ', names or None, order=Node(order))

    def _finish(self, parts, head, key, group=None, having=None, order=None, limit=None):
        # An order that decides which rows there are stays as long as what it decides for.
        tail = maybe(' ORDER BY ', order)
        if limit is not None:
            tail = Items([Node(' ORDER BY ' if order is not None else '', order or '', limit)])
        elif 'DISTINCT ON' in head:
            tail = Node(' ORDER BY ', order)
        node = Node(head, Items(parts.items, least=1), ' FROM ', parts.made, Items(parts.where, ' AND ', ' WHERE '),
                    group or '', maybe(' HAVING ', having), tail)
        return Output(node, parts.cols, key, parts.items)

    # Set operations -----------------------------------------------------------------------------------------------

    def set_operation(self, depth, outer, want, correlate, key):
        rng = self.rng
        operator = rng.choice(['UNION ALL', 'UNION ALL', 'UNION ALL', 'UNION', 'UNION', 'INTERSECT', 'EXCEPT'])
        if want is None:
            count = rng.choice([1, 2, 2, 3])
            kinds = SIMPLE + ('jsonb',) if operator == 'UNION ALL' else EXACT if key == 'nonnull' else SIMPLE
            want = [rng.choice(kinds) for _ in range(count)]
        wanted = want
        tagged = operator == 'UNION ALL' and key is not None and (key == 'nonnull' or 'inner tags' not in self.without)
        branches, narrower = [], {'bigint': 'int', 'numeric': 'int'}
        for number in range(rng.choice([2, 2, 3])):
            if number > 0 and not tagged:
                want = [narrower.get(kind, kind) if self.chance(0.3) else kind for kind in wanted]
            shape = rng.choice(['plain', 'plain', 'limit', 'window'] if tagged else
                               ['plain', 'plain', 'distinct', 'group', 'limit', 'distinct on'])
            branches.append(self._branch(depth, outer, want, correlate, key, shape, number if tagged else None))
        cols = branches[0].cols
        if any(len(branch.cols) != len(cols) for branch in branches):
            raise Retry
        cols = [Col(col.name, col.kind, None, any(branch.cols[i].nullable for branch in branches),
                    any(branch.cols[i].fuzzy for branch in branches) or
                    (operator != 'UNION ALL' and col.kind in LOOSE + ('jsonb',))) for i, col in enumerate(cols)]
        if tagged:
            names = [cols[0].name, cols[1].name]
        else:
            names = None if operator == 'UNION ALL' else [col.name for col in cols]
        texts = [Node('(', branch.node, ')') for branch in branches]
        node = Node(Items(texts, f' {operator} ', least=1), alts=[branch.node for branch in branches])
        return Output(node, cols, names, branches[0].items)

    def _branch(self, depth, outer, want, correlate, key, shape, number):
        tag = None
        if number is not None:
            tag = (number, 'text')
        nonnull = 'nonnull' if key == 'nonnull' and tag is None else None
        return self.select(depth, outer=outer, want=want, correlate=correlate, shape=shape, tag=tag, key=nonnull)

    # TVIEWs -------------------------------------------------------------------------------------------------------

    def top(self, entity, budget):
        """A query fit for tv_<entity>: Output with the key columns named; `option` tells whether they need the key option."""
        self.budget = budget
        shape = self.only or self.rng.choice(TOP_SHAPES)
        self.view_number = 10 * int(entity[1:])
        special = {'chain': self.chain, 'tree': self.tree, 'arrays': self.arrays}
        made = special[shape]() if shape in special else None
        if made is None:
            shape = 'plain' if shape in special else shape
            made = self.select(self.rng.choice([2, 3, 3, 4]), shape=shape, key='nonnull', ctes=self.chance(0.25))
        names = {}
        option = len(made.key) != 1 or self.chance(0.1)
        for i, name in enumerate(made.key):
            names[name] = f'k{i + 1}' if option else f'pk_{entity}'
        for item, col in zip(made.items, made.cols):
            if col.name in names:
                item.parts[-1] = names[col.name]
                col.name = names[col.name]
        made.key = [names[name] for name in made.key]
        made.option = option
        return made

    def view(self, budget):
        self.budget = budget
        return self.select(self.rng.choice([2, 3]), shape=self.rng.choice(INNER_SHAPES), ctes=self.chance(0.15),
                           key='any' if self.chance(0.7) else None)


class Parts:
    """A SELECT while it is put together."""

    def __init__(self, made, scope, rows, where, want, key, depth):
        self.made, self.scope, self.rows, self.where = made, scope, rows, where
        self.want, self.key, self.depth = want, key, depth
        self.items, self.cols, self.tag = [], [], None


class Retry(Exception):
    """This choice does not fit what was generated; start the query again."""
