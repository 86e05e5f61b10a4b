"""Queries with arrays of copied rows: jsonb_agg() of objects that hold a row's key and plain columns, and nothing done with the array;
beside them, rows that each document's own row determines.

What is written to such columns the engine sets in elements and documents without building these again, as it does what is computed of
one row's columns, if nothing else is done with column, array or rows: here that is so most of the time, and not always.  `Output.copied` names the columns, so that writes hit
them.  Mixed into query.Queries.  Not here: arrays of queries of other shapes, and what the engine makes of them.
"""
from schema import LOOSE, canonical, outside
from scope import Col, Output, Rel, Scope
from tree import Items, Node

# Types whose values in an element tell the row.
TELLING = ('int', 'bigint', 'uuid', 'text')
FORMS = ['_array_derived'] * 4 + ['_array_lateral'] * 3 + ['_array_sublink', '_array_cte', '_array_cte', '_array_view', '_array_view']


# What may be computed of a column.
COMPUTED = {
    'int': ['{} + 1', 'COALESCE({}, 0)', '{} > 2', 'abs({})', '({0} - {0})'],
    'bigint': ['{} + 1', 'COALESCE({}, 0)', 'GREATEST({}, 2)'],
    'text': ['upper({})', "{} || '!'", "COALESCE({}, '')", 'left({}, 1)', 'length({})', "NULLIF({}, 'a')"],
    'numeric': ['{} * 2', 'round({}, 1)', '{} IS DISTINCT FROM 1'],
    'bool': ['NOT {}', 'COALESCE({}, false)', '{} IS TRUE'],
    'timestamptz': ["date_trunc('month', {})", "to_char({}, 'YYYY')"],
    'jsonb': ["{} -> 'a'", 'jsonb_strip_nulls({})'],
    'text[]': ['{}[1]', "array_to_string({}, ',')"],
    'int[]': ['{}[1]', "array_to_string({}, ',')", '1 = ANY ({})'],
}


# What stands where there is no row; the last looks as if it held one.
DEFAULTS = ["'[]'"] * 8 + ["""'[{"id": 1, "x0": 1}, {"id": "k1", "x0": 1}]'"""]


class Arrays:
    def arrays(self):
        """A query fit for a TVIEW, or None if no table has a fitting key."""
        self.copied, self.needed = [], []
        made = self._own_groups() if self.chance(0.2) else self._around()
        if made:
            made.copied, made.needed = self.copied, self.needed
        return made

    # Elements -----------------------------------------------------------------------------------------------------

    def _rows_of_elements(self):
        """A FROM clause and its relations: a table and rows that it determines, joined by their keys."""
        found = [source for source in self.sources if source.key and not any(ref.col.fuzzy for ref in source.key_refs())]
        telling = [source for source in found if all(ref.kind in TELLING for ref in source.key_refs())]
        if not found:
            return None
        source = self.rng.choice(telling if telling and self.chance(0.9) else found)
        rels = [self._step_rel(source)]
        node = Node(f'{source.alias} {rels[0].alias}')
        origin = {rels[0].alias: source.alias}
        for _ in range(self.rng.choice([0, 1, 1, 2])):
            source = self.rng.choice(found)
            rel = self._step_rel(source)
            conditions = self._n_to_one([ref for rel in rels for ref in rel.refs()], rel)
            if conditions is None:
                continue
            if self.chance(0.1):
                conditions.append(self.comparison(Scope([rel])))
            kind = self.rng.choice(['', 'LEFT '])
            before = node
            node = Node(node, f' {kind}JOIN {source.alias} {rel.alias} ON ', Items(conditions, ' AND ', least=1), alts=[before])
            rels.append(rel.nulled() if kind else rel)
            origin[rel.alias] = source.alias
        return node, rels, origin

    def _element(self, rels, origin, taken):
        """An object per row, and a relation of each column in it; `taken` are references that are needed elsewhere and rarely copied too."""
        fields, shown = [], []
        for i, rel in enumerate(rels):
            inner = []
            if i == 0 or self.chance(0.6):
                inner += [(f'id{n or ""}', str(ref)) for n, ref in enumerate(rel.key_refs())] if self.chance(0.95) else []
            free = [ref for ref in rel.refs() if not ref.col.fuzzy and ref.col.name not in rel.key and
                    (str(ref) not in taken or self.chance(0.1))]
            for n, ref in enumerate(self.rng.sample(free, min(len(free), self.rng.choice([1, 1, 2, 3])))):
                inner.append((f'x{n}', self._shown_as(ref)))
                self.copied.append((origin[rel.alias], ref.col.name))
                shown.append(Rel(rel.alias, [ref.col], None))
                if self.chance(0.08):
                    inner.append((f'again{n}', str(ref)))
            if self.chance(0.1):
                inner.append(('made', self.value(self.rng.choice(('int', 'text', 'jsonb')), Scope([rel]), 1)))
            if not inner:
                continue
            if i == 0 and len(inner) > 1 and self.chance(0.3):
                at = self.rng.randrange(len(inner))
                inner[at:at + 1] = [('in', self._object([inner[at]]))]
            if i == 0:
                fields += inner
            elif self.chance(0.75):
                fields.append((f'y{i}', self._object(inner)))
            else:
                fields += [(f'{name}of{i}', value) for name, value in inner]
        return self._object(fields), shown

    def _shown_as(self, ref):
        """The column as it is, or something computed of it alone."""
        if self.chance(0.6):
            return str(ref)
        forms = COMPUTED.get(ref.kind, []) + ['{}::text', "COALESCE({}::text, 'none')", '{} IS NULL', "CASE WHEN {0} IS NULL THEN 'no' ELSE 'yes' END",
                                              "jsonb_build_object(concat({0}, 'k'), {0})", "format('%s!', {})"]
        return Node(self.rng.choice(forms).format(ref), alts=[str(ref)])

    @staticmethod
    def _object(fields):
        return Node('jsonb_build_object(', Items([Node(f"'{name}', ", value) for name, value in fields]), ')')

    def _array(self, rels, origin, taken):
        """jsonb_agg() of such objects, in an order that the data decide."""
        scope = Scope(rels)
        element, shown = self._element(rels, origin, taken)
        twice = Scope(shown if shown and self.chance(0.5) else rels)      # more than copied
        extra = self.pick(twice.refs(), lambda ref: ref.kind != 'jsonb') if self.chance(0.4) else None
        order = [Node(f'{extra}{self.rng.choice(["", " DESC", " NULLS FIRST"])}')] if extra else []
        word = self.rng.choice(['', '', ' DESC'])
        keys = ', '.join(f'{ref}{word}' for ref in rels[0].key_refs())
        made = Node('jsonb_agg(', element, ' ORDER BY ', Items(order, suffix=', '), keys, ')', self._filter(twice, 1))
        return self._or_default(made) if self.chance(0.25) else made

    def _or_default(self, array):
        return Node('COALESCE(', array, f', {self.rng.choice(DEFAULTS)})', alts=[array])

    def _others(self, scope):
        """Other columns of the groups: (name, type, expression)."""
        if not self.chance(0.3):
            return []
        kind = self.rng.choice(('int', 'text', 'numeric', 'bool'))
        return [(self.fresh('o'), kind, Node('count(*)::int') if kind == 'int' else self.aggregate(kind, scope, None, 1))]

    def _grouped(self, near, lateral):
        """Groups of rows with an array each, that meet `near`'s columns: the query, what it meets by, and its other columns."""
        made = self._rows_of_elements()
        if made is None:
            return None
        node, rels, origin = made
        pair = self.pair(near, [ref for ref in rels[0].refs() if not ref.col.fuzzy] * 3 + [ref for rel in rels[1:] for ref in rel.refs()])
        if pair is None:
            return None
        scope = Scope(rels)
        array = self._array(rels, origin, {str(pair[1])})
        where = [self.predicate(scope, 0)] if self.chance(0.2) else []
        others = self._others(scope)
        having = self._having(scope, 0.25)
        items = [Node(array, ' AS a')] + [Node(expression, f' AS {name}') for name, _, expression in others]
        if lateral:
            where.insert(0, Node(f'{pair[1]} = {pair[0]}'))
            group = ''
        else:
            items.insert(0, Node(f'{pair[1]} AS k'))
            group = f' GROUP BY {pair[1]}'
        query = Node('SELECT ', Items(items, least=1), ' FROM ', node, Items(where, ' AND ', ' WHERE '), group)
        if having is not None:
            query.parts.append(Items([Node(' HAVING ', having)], ''))
        return query, pair, [(name, kind) for name, kind, _ in others]

    # Queries ------------------------------------------------------------------------------------------------------

    def _around(self):
        """Rows with one or two arrays each."""
        starts = [source for source in self.sources if source.key and
                  all(not ref.col.nullable and not ref.col.fuzzy for ref in source.key_refs())]
        if not starts:
            return None
        source = self.rng.choice(starts)
        first = self._step_rel(source)
        self.clauses, self.full = [], None
        node, shown = Node(f'{source.alias} {first.alias}'), []
        for number in range(self.rng.choice([1, 1, 1, 2])):
            made = getattr(self, self.rng.choice(FORMS))(first, node, number == 0)
            if made:
                node, values = made
                shown += values
        if not shown:
            return None
        return self._shown_around(source, first, node, shown)

    def _shown_around(self, source, first, node, shown):
        items, cols, key = [], [], []

        def add(expression, kind, domain=None, is_key=False):
            name = self.fresh('c')
            items.append(Node(expression, ' AS ', name))
            cols.append(Col(name, kind, domain, not is_key))
            if is_key:
                key.append(name)
        for ref in first.key_refs():
            add(f'COALESCE({ref}, {outside(ref.kind)})' if self.full else str(ref), ref.kind, ref.col.domain, True)
        if self.full:
            add(f'COALESCE({self.full}, {outside(self.full.kind)})', self.full.kind, self.full.col.domain, True)
        fields = self._fields(first, source.alias, [0, 1, 2], 'f')
        if not self.full:
            node, beside = self._beside(first, node)
            fields += beside
        for value, kind in shown:
            form = self.rng.random()
            if kind == 'jsonb' and form < 0.4:
                value = self._or_default(value)
            if form < 0.2 or form > 0.6:
                inner = (f'a{len(fields)}', value)
                fields.append(inner if self.chance(0.7) else (f'b{len(fields)}', self._object([inner])))
            else:
                add(value, kind)
        if fields:
            add(self._object(fields), 'jsonb')
        where = [self.predicate(Scope([first]), 0)] if self.chance(0.15) and not self.full else []
        made = Node(Items([Node(text) for text in self.clauses], prefix='WITH ', suffix=' '), 'SELECT ', Items(items, least=1), ' FROM ', node,
                    Items(where, ' AND ', ' WHERE '))
        return Output(made, cols, key, items)

    def _fields(self, rel, origin, counts, letter):
        """Columns of a row, as they are or computed of."""
        plain = [ref for ref in rel.refs() if not ref.col.fuzzy and ref.col.name not in (rel.key or [])]
        fields = []
        for ref in self.rng.sample(plain, min(len(plain), self.rng.choice(counts))):
            self.copied.append((origin, ref.col.name))
            fields.append((f'{letter}{len(fields)}', self._shown_as(ref)))
        return fields

    def _beside(self, first, node):
        """Rows that the first, or one of them, determines, joined by their keys, and an object of each."""
        found = [source for source in self.sources if source.key and not any(ref.col.fuzzy for ref in source.key_refs())]
        rels, fields = [first], []
        for number in range(self.rng.choice([0, 1, 1, 2]) if found else 0):
            source = self.rng.choice(found)
            rel = self._step_rel(source)
            conditions = self._n_to_one([ref for known in rels for ref in known.refs()], rel)
            if conditions is None:
                continue
            kind = self.rng.choice(['', 'LEFT ', 'LEFT '])
            before = node
            node = Node(node, f' {kind}JOIN {source.alias} {rel.alias} ON ', Items(conditions, ' AND ', least=1), alts=[before])
            inner = self._fields(rel, source.alias, [1, 2, 3], 'g')
            rels.append(rel.nulled() if kind else rel)
            if inner:
                fields.append((f'j{number}', self._object(inner)))
        return node, fields

    def _values_of(self, alias, others):
        """What of the groups is shown: the array, mostly once."""
        array = Node(f'{alias}.a')
        found = [(array, 'jsonb')] + [(Node(f'{alias}.{name}'), kind) for name, kind in others if self.chance(0.7)]
        if self.chance(0.12):
            again = self.rng.choice([f'jsonb_array_length({alias}.a)', f'{alias}.a IS NULL', f'{alias}.a -> 0', f'{alias}.a'])
            found.append((Node(f'to_jsonb({again})'), 'jsonb'))
        return found

    def _array_derived(self, first, node, alone):
        made = self._grouped(first.refs(), False)
        if made is None:
            return None
        query, pair, others = made
        while self.chance(0.25):
            through = self.fresh('p')
            columns = self.rng.choice(['*', ', '.join(f'{through}.{name}' for name in ['k', 'a'] + [name for name, _ in others])])
            query = Node(f'SELECT {columns} FROM (', query, f') {through}', alts=[query])
        return self._joined_groups(Node('(', query, ')'), pair, others, node, alone)

    def _joined_groups(self, groups, pair, others, node, alone):
        alias = self.fresh('q')
        near, far = pair
        kind = self.rng.choice(['', 'LEFT ', 'LEFT ', 'FULL '] if alone else ['LEFT ', ''])
        if kind == 'FULL ' and (far.kind in LOOSE or near.kind != far.kind):
            kind = 'LEFT '
        if kind == 'FULL ':
            self.full = Rel(alias, [Col('k', far.kind, far.col.domain)], ['k']).refs()[0]
        made = Node(node, f' {kind}JOIN ', groups, f' {alias} ON {alias}.k = {near}')
        return made, self._values_of(alias, others)

    def _array_lateral(self, first, node, alone):
        made = self._grouped(first.refs(), True)
        if made is None:
            return None
        query, _, others = made
        alias = self.fresh('q')
        return (Node(node, f' {self.rng.choice(["LEFT", "LEFT", "INNER"])} JOIN LATERAL (', query, f') {alias} ON true'),
                self._values_of(alias, others))

    def _array_sublink(self, first, node, alone):
        made = self._grouped(first.refs(), True)
        if made is None or made[2]:
            return None
        return node, [(Node('(', made[0], ')'), 'jsonb')]

    def _array_cte(self, first, node, alone):
        made = self._grouped(first.refs(), False)
        if made is None:
            return None
        query, pair, others = made
        name = self.fresh('w')
        words = self.rng.choice(['', '', ' MATERIALIZED', ' NOT MATERIALIZED'])
        self.clauses.append(Node(f'{name} AS{words} (', query, ')'))
        roll = self.rng.random()
        if roll < 0.25:
            alias = self.fresh('q')
            return node, [(Node(f'(SELECT {alias}.a FROM {name} {alias} WHERE {alias}.k = {pair[0]})'), 'jsonb')]
        node, values = self._joined_groups(name, pair, others, node, alone)
        if roll < 0.5:      # twice
            alias = self.fresh('q')
            field = 'a' if pair[1].kind in LOOSE else self.rng.choice(['a', 'a', 'to_jsonb(k)'])
            values.append((Node(f'(SELECT {field} FROM {name} {alias} WHERE {alias}.k = {pair[0]})'), 'jsonb'))
        return node, values

    def _array_view(self, first, node, alone):
        made = self._grouped(first.refs(), False)
        if made is None:
            return None
        query, pair, others = made
        name = f'vw_{self.view_number + len(self.needed)}'
        cols = [Col('k', pair[1].kind, pair[1].col.domain), Col('a', 'jsonb')] + [Col(other, kind) for other, kind in others]
        self.needed.append((name, Output(query, cols, None)))
        return self._joined_groups(name, pair, others, node, alone)

    def _own_groups(self):
        """The query's own groups."""
        made = self._rows_of_elements()
        if made is None:
            return None
        node, rels, origin = made
        scope = Scope(rels)
        near = [ref for ref in rels[self.rng.choice([0, 0, -1])].refs() if ref.kind in TELLING + LOOSE and not ref.col.fuzzy]
        linked = [ref for ref in near if ref.col.domain]
        if not near:
            return None
        ref = self.rng.choice(linked if linked and self.chance(0.8) else near)
        where = [self.predicate(scope, 0)] if self.chance(0.2) else []
        text = canonical(str(ref), ref.kind)
        group = text
        if ref.col.nullable:
            if self.chance(0.5):
                where.append(Node(f'{ref} IS NOT NULL'))
            text = f'COALESCE({text}, {outside(ref.kind)})'
        key, array = self.fresh('c'), self._array(rels, origin, {str(ref)})
        items, cols = [Node(text, ' AS ', key)], [Col(key, ref.kind, ref.col.domain, False)]
        value = array if self.chance(0.6) else self._object([('n', 'count(*)'), ('a', array)])
        for expression, kind in [(value, 'jsonb')] + [(expression, kind) for _, kind, expression in self._others(scope)]:
            items.append(Node(expression, ' AS ', self.fresh('c')))
            cols.append(Col(items[-1].parts[-1], kind))
        having = self._having(scope, 0.25)
        tail = Items([Node(' HAVING ', having)] if having is not None else [], '')
        made = Node('SELECT ', Items(items, least=1), ' FROM ', node, Items(where, ' AND ', ' WHERE '), f' GROUP BY {group}', tail)
        return Output(made, cols, [key], items)
