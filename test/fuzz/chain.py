"""Chains: queries that walk over three to six tables along their references, with the key at one end.

A change at the other end has a long way to its documents.  Mixed into query.Queries.  Not here: queries of other shapes.
"""
from scope import Col, Output, Rel, Scope, letter_of
from tree import Items, Node


class Chains:
    def chain(self):
        """A query fit for a TVIEW, or None if the tables are not linked."""
        path = self._path(self.rng.choice([3, 3, 4, 4, 5, 6]))
        if path is None:
            return None
        first = self._step_rel(path[0])
        parts = ChainParts(path[0].alias, first)
        for ref in first.key_refs():
            parts.add(self, str(ref), ref.kind, ref.col, True)
        form = self.rng.choice([self._joined, self._joined, self._nested, self._nested, self._existing, self._derived_chain])
        return form(parts, path[1:])

    def _path(self, length):
        """Relations of which each shares a domain with the one before; the first has a key without loose values."""
        starts = [source for source in self.sources if source.key and source.whole and
                  all(not col.nullable and not col.fuzzy for col in source.cols if col.name in source.key)]
        if not starts:
            return None
        path = [self.rng.choice(starts)]
        while len(path) < length:
            domains = {col.domain for col in path[-1].cols if col.domain}
            near = [source for source in self.sources if domains & {col.domain for col in source.cols}]
            fresh = [source for source in near if source not in path]
            if not near:
                break
            path.append(self.rng.choice(fresh if fresh and self.chance(0.85) else near))
        return path if len(path) > 2 else None

    def _step_rel(self, source):
        return Rel(self.fresh(letter_of(source.alias)), source.cols, source.key, source.whole)

    def _step_link(self, near, far):
        """A condition between neighbours."""
        pairs = [(a, b) for a in near for b in far if a.col.domain and a.col.domain == b.col.domain and a.family == b.family]
        if not pairs:
            return Node('true')
        a, b = self.rng.choice(pairs)
        return self.equality(a, b) if self.chance(0.3) else Node(f'{a} = {b}')

    def _joined(self, parts, path):
        """FROM all of them, grouped by the first's key."""
        rels, node = [parts.first], parts.start()
        for source in path:
            rel = self._step_rel(source)
            kind = self.rng.choice(['', 'LEFT ', 'LEFT '])
            conditions = [self._step_link(rels[-1].refs(), rel.refs())]
            if self.chance(0.2):
                conditions.append(self.comparison(Scope([rel])))
            before = node
            node = Node(node, f' {kind}JOIN {source.alias} {rel.alias} ON ', Items(conditions, ' AND ', least=1), alts=[before])
            rels.append(rel.nulled() if kind else rel)
        scope = Scope(rels)
        key = [ref for rel in rels for ref in (rel.key_refs() or [])] if all(rel.key for rel in rels) else None
        ends = Scope(rels[-2:])
        for kind in self.rng.choices(('int', 'jsonb', 'jsonb', 'text', 'numeric', 'bool'), k=self.rng.randint(1, 3)):
            parts.add(self, self.aggregate(kind, ends, key, 1), kind)
        where = [self.predicate(scope, 1)] if self.chance(0.35) else []
        group = ' GROUP BY ' + ', '.join(map(str, parts.first.key_refs()))
        return parts.output(node, where, group)

    def _nested(self, parts, path):
        """Each table in a subquery of the one before."""
        parts.add(self, self._nest(Scope([parts.first]), path), 'jsonb')
        where = [self.comparison(Scope([parts.first]))] if self.chance(0.3) else []
        return parts.output(parts.start(), where)

    def _nest(self, outer, path):
        rel = self._step_rel(path[0])
        scope = Scope([rel], outer)
        where = [self._step_link(outer.rels[0].refs(), rel.refs())]
        if self.chance(0.25):
            where.append(self.predicate(scope, 1))
        shown = Node('to_jsonb(', self.value(self.rng.choice(('int', 'text', 'jsonb')), scope, 0), ')')
        if len(path) > 1:
            shown = Node("jsonb_build_object('v', ", shown, ", 'in', ", self._nest(scope, path[1:]), ')')
        if not rel.key:
            inner = Node(f'SELECT count(*) FROM {path[0].alias} {rel.alias}', Items(where, ' AND ', ' WHERE '))
            return Node('to_jsonb((', inner, '))')
        order = ', '.join(map(str, rel.key_refs()))
        source = Node(f'{path[0].alias} {rel.alias}')
        if self.chance(0.25):
            limit = self.rng.choice([1, 2])
            inner = Node('SELECT ', shown, f' AS v FROM {source}', Items(where, ' AND ', ' WHERE '), f' ORDER BY {order} LIMIT {limit}')
            return Node('to_jsonb(ARRAY(', inner, '))')
        return Node('(SELECT jsonb_agg(', shown, f' ORDER BY {order}) FROM {source}', Items(where, ' AND ', ' WHERE '), ')',
                    alts=["'1'::jsonb"])

    def _existing(self, parts, path):
        """EXISTS and IN, one in the other."""
        scope = Scope([parts.first])
        test = self._exist(scope, path)
        where = [test] if self.chance(0.5) else []
        kind = self.rng.choice(('text', 'jsonb', 'int'))
        parts.add(self, self.value(kind, scope, 0), kind)
        if not where:
            parts.add(self, test, 'bool')
        return parts.output(parts.start(), where)

    def _exist(self, outer, path):
        rel = self._step_rel(path[0])
        scope = Scope([rel], outer)
        where = [self._exist(scope, path[1:])] if len(path) > 1 else []
        if self.chance(0.3):
            where.append(self.comparison(scope))
        pairs = [(a, b) for a in outer.rels[0].refs() for b in rel.refs() if a.col.domain and a.col.domain == b.col.domain
                 and a.family == b.family]
        source = f'{path[0].alias} {rel.alias}'
        if pairs and self.chance(0.4):
            a, b = self.rng.choice(pairs)
            word = self.rng.choice(['IN', 'IN', 'NOT IN', '= ANY'])
            return Node(f'{a} {word} (SELECT {b} FROM {source}', Items(where, ' AND ', ' WHERE '), ')', alts=['true'])
        where.insert(0, self._step_link(outer.rels[0].refs(), rel.refs()))
        word = self.rng.choice(['EXISTS', 'EXISTS', 'NOT EXISTS'])
        return Node(f'{word} (SELECT FROM {source}', Items(where, ' AND ', ' WHERE '), ')', alts=['true'])

    def _derived_chain(self, parts, path):
        """The tables behind the first one in a derived table, grouped by what links them."""
        rels = [self._step_rel(path[0])]
        node = Node(f'{path[0].alias} {rels[0].alias}')
        pairs = [(a, b) for a in parts.first.refs() for b in rels[0].refs() if a.col.domain and a.col.domain == b.col.domain
                 and a.family == b.family]
        if not pairs:
            return self._nested(parts, path)
        a, b = self.rng.choice(pairs)
        for source in path[1:]:
            rel = self._step_rel(source)
            kind = self.rng.choice(['', 'LEFT '])
            before = node
            node = Node(node, f' {kind}JOIN {source.alias} {rel.alias} ON ', self._step_link(rels[-1].refs(), rel.refs()), alts=[before])
            rels.append(rel.nulled() if kind else rel)
        key = [ref for rel in rels for ref in (rel.key_refs() or [])] if all(rel.key for rel in rels) else None
        kinds = self.rng.choices(('int', 'jsonb', 'text', 'numeric'), k=self.rng.randint(1, 2))
        items = [Node(self.aggregate(kind, Scope(rels[-2:]), key, 1), f' AS a{i}') for i, kind in enumerate(kinds)]
        where = [self.predicate(Scope(rels), 1)] if self.chance(0.3) else []
        alias = self.fresh('q')
        inner = Node(f'SELECT {b} AS k, ', Items(items, least=1), ' FROM ', node, Items(where, ' AND ', ' WHERE '), f' GROUP BY {b}')
        made = Node(parts.start(), f' {self.rng.choice(["", "LEFT "])}JOIN (', inner,
                    f') {alias} ON {alias}.k = {a}')
        for i, kind in enumerate(kinds):
            parts.add(self, f'{alias}.a{i}', kind)
        return parts.output(made, [])


class ChainParts:
    def __init__(self, source, first):
        self.source, self.first, self.items, self.cols, self.key = source, first, [], [], []

    def start(self):
        return Node(f'{self.source} {self.first.alias}')

    def add(self, queries, expression, kind, col=None, key=False):
        name = queries.fresh('c')
        self.items.append(Node(expression, ' AS ', name))
        self.cols.append(Col(name, kind, col.domain if col else None, not key))
        if key:
            self.key.append(name)

    def output(self, node, where, group=''):
        made = Node('SELECT ', Items(self.items, least=1), ' FROM ', node, Items(where, ' AND ', ' WHERE '), group)
        return Output(made, self.cols, self.key, self.items)
