"""Random expressions: values, predicates, join conditions, aggregates, subqueries in expressions.

Only expressions whose result the data determine, and that cannot fail on any data.  Mixed into query.Queries, which gives
`self.rng`, `self.budget` and `self.select`.  Not here: FROM, GROUP BY and what else makes a query.
"""
from schema import literal
from scope import Scope
from tree import Items, Node

SIMPLE = ('int', 'int', 'text', 'text', 'bool', 'numeric', 'timestamptz', 'uuid', 'bigint', 'citext', 'pair', 'mood', 'level',
          'int4range', 'bytea')
# Types whose equal values are identical.
EXACT = ('int', 'bigint', 'text', 'uuid', 'timestamptz', 'bool', 'pair', 'mood', 'level', 'int4range', 'bytea')


class Expressions:
    def chance(self, share):
        return self.rng.random() < share

    def pick(self, refs, test, far=None):
        """A random reference that passes the test, now and then from further out."""
        if far and self.chance(0.25):
            found = [ref for ref in far if test(ref)]
            if found:
                return self.rng.choice(found)
        found = [ref for ref in refs if test(ref)]
        return self.rng.choice(found) if found else None

    def may_nest(self, depth):
        return depth > 0 and self.budget > 0

    # Values -------------------------------------------------------------------------------------------------------

    def value(self, kind, scope, depth):
        """A node of the given type; every branch ends in a column or a literal."""
        refs, far = scope.refs(), scope.outer_refs()
        ref = self.pick(refs, lambda ref: ref.kind == kind and not ref.col.fuzzy, far)
        plain = Node(str(ref)) if ref else None
        roll = self.rng.random()
        if plain is not None and (roll < 0.6 or depth < 0):
            return plain
        if depth < 0:
            return self._literal_value(kind, scope, depth)
        call = self.function_value(kind, scope, depth) if self.chance(0.3) else None
        if call is not None:
            return call
        choices = [self._literal_value]
        if kind in ('int', 'text', 'numeric', 'bool', 'jsonb', 'timestamptz', 'bigint', 'citext'):
            choices += [self._computed] * 4
        if kind != 'jsonb':
            choices += [self._coalesce, self._case]
        if self.may_nest(depth):
            choices += [self._scalar_sublink] * 3
        made = self.rng.choice(choices)(kind, scope, depth - 1)
        if plain is not None:
            made.alts.append(plain)
        if kind in ('jsonb', 'text', 'int', 'bool'):
            made.alts.append({'jsonb': "'1'::jsonb", 'text': "'x'::text", 'int': '1', 'bool': 'true'}[kind])
        return made

    def _literal_value(self, kind, scope, depth):
        return Node(literal(self.rng, kind))

    def _coalesce(self, kind, scope, depth):
        first, second = self.value(kind, scope, depth), self.value(kind, scope, depth)
        return Node('COALESCE(', first, ', ', second, ')', alts=[first, second])

    def _case(self, kind, scope, depth):
        condition, first = self.predicate(scope, depth), self.value(kind, scope, depth)
        second = self.value(kind, scope, depth)
        return Node('CASE WHEN ', condition, ' THEN ', first, ' ELSE ', second, ' END', alts=[first, second])

    def _computed(self, kind, scope, depth):
        rng, deeper = self.rng, depth - 1
        if kind == 'bool':
            return self.predicate(scope, depth)
        if kind == 'jsonb':
            return self.json(scope, depth)
        if kind == 'timestamptz':
            inner = self.value(kind, scope, deeper)
            return Node("date_trunc('month', ", inner, ')', alts=[inner])
        if kind == 'bigint':
            inner = self.value('int', scope, deeper)
            return Node(inner, '::bigint')
        if kind == 'citext':
            inner = self.value('text', scope, deeper)
            return Node('(', inner, ')::citext')
        if kind == 'numeric':
            inner = self.value('numeric', scope, deeper)
            return Node('(', inner, rng.choice([' + 1', ' * 2', ' + 0.50']), ')', alts=[inner])
        if kind == 'int':
            if self.chance(0.3):
                return Node('length(', self.value('text', scope, deeper), ')')
            inner = self.value('int', scope, deeper)
            return Node('(', inner, rng.choice([' % 3', ' % 2', ' + 1', ' * 2']), ')', alts=[inner])
        roll = rng.random()
        if roll < 0.4:
            inner = self.value('text', scope, deeper)
            return Node(rng.choice(['lower(', 'upper(']), inner, ')', alts=[inner])
        if roll < 0.7:
            first, second = self.value('text', scope, deeper), self.value('text', scope, deeper)
            return Node('(', first, ' || ', second, ')', alts=[first, second])
        other = self.pick(scope.refs(), lambda ref: ref.kind in SIMPLE + ('jsonb', 'int[]') and not ref.col.fuzzy,
                          scope.outer_refs())
        return Node(f'{other}::text') if other else Node("'x'::text")

    def json(self, scope, depth):
        rng = self.rng
        wholes = [rel for rel in scope.rels if rel.whole]
        if wholes and self.chance(0.25):
            return Node(f'to_jsonb({rng.choice(wholes).alias})')
        if self.may_nest(depth) and self.chance(0.3):
            return Node('to_jsonb(', self.array_sublink(scope, depth), ')')
        fields = []
        for i in range(rng.randint(1, 4)):
            kind = rng.choice(SIMPLE + ('jsonb', 'text[]', 'int[]'))
            of = Scope([rng.choice(scope.rels)]) if scope.rels and self.chance(0.3) else scope      # of one row alone
            fields.append(Node(f"'{'abcdef'[i]}', ", self.value(kind, of, depth - 1)))
        return Node('jsonb_build_object(', Items(fields), ')')

    def any_value(self, scope, depth, kinds=None):
        """A value of some type for a select list, with a hint of what column it was."""
        refs = [ref for ref in scope.outer_refs() if self.chance(0.3)] + scope.refs() if self.chance(0.3) else scope.refs()
        refs = [ref for ref in refs if not ref.col.fuzzy and (kinds is None or ref.kind in kinds)]
        if refs and self.chance(0.5):
            ref = self.rng.choice(refs)
            return Node(str(ref)), ref.kind, ref.col
        kind = self.rng.choice(kinds or ('int', 'text', 'jsonb', 'jsonb', 'bool', 'numeric', 'timestamptz', 'int'))
        return self.value(kind, scope, depth), kind, None

    # Subqueries ---------------------------------------------------------------------------------------------------

    def _scalar_sublink(self, kind, scope, depth):
        shape = self.rng.choice(['aggregate', 'aggregate', 'limit1', 'limit1', 'lookup'])
        inner = self.select(depth, outer=scope, shape=shape, want=[kind], correlate=self.chance(0.85))
        return Node('(', inner.node, ')')

    def array_sublink(self, scope, depth):
        kind = self.rng.choice(('int', 'text', 'numeric', 'uuid', 'bool'))
        inner = self.select(depth, outer=scope, shape=self.rng.choice(['plain', 'plain', 'limit']), want=[kind],
                            correlate=self.chance(0.85), ordered=True)
        if self.chance(0.2):
            alias = self.fresh('o')
            return Node(f'(SELECT array_agg({alias}.{inner.cols[0].name}) FROM (', inner.node, f') {alias})')
        return Node('ARRAY(', inner.node, ')')

    def exists(self, scope, depth):
        inner = self.select(depth, outer=scope, want=['int'], correlate=self.chance(0.9),
                            shape=self.rng.choice(['plain', 'plain', 'plain', 'group', 'limit', 'setop']))
        return Node(self.rng.choice(['EXISTS (', 'EXISTS (', 'NOT EXISTS (']), inner.node, ')', alts=['true'])

    def membership(self, scope, depth):
        ref = self.pick(scope.refs(), lambda ref: ref.kind in SIMPLE, scope.outer_refs())
        if ref is None:
            return Node('true')
        arrays = [(source, col) for source in self.sources for col in source.cols if col.kind == ref.kind + '[]' and not col.fuzzy]
        if arrays and self.chance(0.4):
            return self._in_arrays(ref, *self.rng.choice(arrays), scope)
        shape = self.rng.choice(['plain', 'plain', 'plain', 'distinct', 'group', 'limit', 'setop'])
        if self.chance(0.3):
            second = self.pick(scope.refs(), lambda ref: ref.kind in SIMPLE)
            if second is not None:
                inner = self.select(depth, outer=scope, shape=shape, want=[ref.kind, second.kind], correlate=self.chance(0.3))
                return Node(f'({ref}, {second}){self.rng.choice([" IN (", " IN (", " NOT IN ("])}', inner.node, ')', alts=['true'])
        inner = self.select(depth, outer=scope, shape=shape, want=[ref.kind], correlate=self.chance(0.3),
                            prefer=ref.col.domain)
        operator = self.rng.choice([' IN (', ' IN (', ' IN (', ' NOT IN (', ' NOT IN (', ' = ANY (', ' <> ALL (',
                                    ' < ANY (', ' >= ALL ('])
        if ref.kind in ('uuid', 'bool') and ('<' in operator and '>' not in operator or '>=' in operator):
            operator = ' IN ('
        return Node(f'{ref}{operator}', inner.node, ')', alts=['true'])

    def _in_arrays(self, ref, source, col, scope):
        """Whether a value is one, or none, of the elements of arrays."""
        node, rel = self._named(source)
        alias = self.fresh('u')
        link = self.link(scope.refs(), rel.refs()) if self.chance(0.5) else None
        operator = self.rng.choice([' IN (', ' NOT IN (', ' <> ALL (', ' = ANY ('])
        return Node(f'{ref}{operator}SELECT {alias}.v FROM ', node, f', unnest({rel.alias}.{col.name}) AS {alias} (v)',
                    Items([link] if link else [], prefix=' WHERE '), ')', alts=['true'])

    # Predicates ---------------------------------------------------------------------------------------------------

    def predicate(self, scope, depth):
        roll = self.rng.random()
        if self.may_nest(depth) and roll < 0.28:
            return self.exists(scope, depth - 1) if roll < 0.14 else self.membership(scope, depth - 1)
        if depth > 0 and roll < 0.48:
            first, second = self.predicate(scope, depth - 1), self.predicate(scope, depth - 1)
            form = self.rng.choice(['OR', 'OR', 'AND', 'NOT', 'CASE', 'NOT OR', 'IS NOT TRUE'])
            if form in ('OR', 'AND'):
                return Node('(', first, f' {form} ', second, ')', alts=[first, second])
            if form == 'NOT':
                return Node('NOT (', first, ')', alts=[first])
            if form == 'IS NOT TRUE':
                return Node('(', first, ') IS NOT TRUE', alts=[first])
            if form == 'NOT OR':
                return Node('NOT (', first, ' OR ', second, ')', alts=[first, second])
            third = self.predicate(scope, depth - 1)
            return Node('CASE WHEN ', first, ' THEN ', second, ' ELSE ', third, ' END', alts=[first, second, third])
        return self.comparison(scope)

    def comparison(self, scope):
        rng = self.rng
        ref = self.pick(scope.refs(), lambda ref: True, scope.outer_refs())
        if ref is None:
            return Node('true')
        kind = ref.kind
        if self.chance(0.15):
            return Node(f'{ref} IS {rng.choice(["", "NOT "])}NULL')
        if kind == 'bool':
            return Node(rng.choice([str(ref), f'NOT {ref}', f'{ref} IS NOT TRUE']))
        if kind == 'jsonb':
            return Node(rng.choice([f"{ref} ->> 'a' = '1'", f"{ref} ? 'a'", f'{ref} = \'{{"a": 1}}\'']))
        if kind.endswith('[]'):
            item = '2' if kind == 'int[]' else "'b'"
            return Node(rng.choice([f'{item} = ANY ({ref})', f'cardinality({ref}) > 1', f'{item} <> ALL ({ref})']))
        other = self.pick(scope.refs(), lambda other: other.family == ref.family and str(other) != str(ref),
                          scope.outer_refs())
        operator = rng.choice(['=', '=', '=', '<>', '<', '>=', 'IS DISTINCT FROM'])
        if other and self.chance(0.3):
            return Node(f'{ref} {operator} {other}')
        if self.chance(0.15):
            return Node(f'{ref} IN ({", ".join(literal(rng, kind, ref.col.domain) for _ in range(2))})')
        return Node(f'{ref} {operator} {literal(rng, kind, ref.col.domain)}')

    # Conditions between two sides ---------------------------------------------------------------------------------

    def pair(self, left, right):
        """Two references of one family, preferably of one domain."""
        pairs, weights = [], []
        for a in left:
            for b in right:
                if a.family != b.family or a.kind == 'jsonb' or a.kind.endswith('[]'):
                    continue
                pairs.append((a, b))
                same = a.col.domain is not None and a.col.domain == b.col.domain
                weights.append(12 if same else 2 if a.col.domain or b.col.domain else 1)
        return self.rng.choices(pairs, weights)[0] if pairs else None

    def equality(self, a, b):
        rng, roll = self.rng, self.rng.random()
        if self.chance(0.5):
            a, b = b, a
        if a.kind == b.kind == 'text' and roll < 0.3:
            return Node(f'lower({a}) = lower({b})', alts=[f'{a} = {b}'])
        if a.kind == b.kind == 'text' and roll < 0.4:
            return Node(f'{a}::citext = {b}::citext', alts=[f'{a} = {b}'])
        if roll < 0.07 and not a.col.fuzzy and not b.col.fuzzy:
            return Node(f'{a}::text = {b}::text', alts=[f'{a} = {b}'])
        if roll < 0.13 and a.kind in EXACT and a.kind == b.kind:
            return Node(f'COALESCE({a}, {literal(rng, a.kind, a.col.domain)}) = {b}', alts=[f'{a} = {b}'])
        if roll < 0.17 and a.family == 'number':
            return Node(f'{a} + 1 = {b}', alts=[f'{a} = {b}'])
        if roll < 0.21:
            return Node(f'{a} IS NOT DISTINCT FROM {b}', alts=[f'{a} = {b}'])
        return Node(f'{a} = {b}')

    def link(self, left, right):
        """A condition that mentions both sides; None if their columns have nothing in common."""
        rng = self.rng
        pair = self.pair(left, right)
        if pair is None:
            return None
        a, b = pair
        roll = rng.random()
        for ranges, points in ((left, right), (right, left)):
            fitting = [(x, y) for x in ranges for y in points if x.kind == 'int4range' and y.kind == 'int']
            if fitting and self.chance(0.25):
                x, y = rng.choice(fitting)
                return Node(f'{x} @> {y}', alts=[f'{a} = {b}'])
        if roll < 0.72:
            return self.equality(a, b)
        if roll < 0.80 and a.kind not in ('bool',):
            return Node(rng.choice([f'{a} < {b}', f'{a} >= {b}', f'{a} <> {b}']), alts=[f'{a} = {b}'])
        if roll < 0.83 and a.family == 'number':
            return Node(f'{a} BETWEEN {b} AND {b} + 1', alts=[f'{a} = {b}'])
        if 'casts' in self.risks and roll < 0.9:
            guarded = self._guarded_cast(left, right)
            if guarded:
                return guarded
        if roll < 0.88 and 'array links' not in self.without:
            arrays = [ref for ref in right if ref.kind.endswith('[]')]
            fitting = [(x, y) for x in left for y in arrays if y.kind == x.kind + '[]']
            if fitting:
                x, y = rng.choice(fitting)
                return Node(f'{x} = ANY ({y})')
        if roll < 0.92:
            c, d = self.pair(left, right)
            operator = rng.choice(['=', '=', '<', 'IS DISTINCT FROM'])
            if operator == '<' and 'bool' in (a.kind, c.kind):
                operator = '='
            return Node(f'({a}, {c}) {operator} ({b}, {d})', alts=[f'{a} = {b}'])
        if roll < 0.97:
            c, d = self.pair(left, right)
            first, second = self.equality(a, b), self.equality(c, d)
            return Node('(', first, ' OR ', second, ')', alts=[first, second])
        numbers = [ref for ref in left if ref.family == 'number']
        if a.family == 'number' and len(numbers) > 1:
            c = rng.choice(numbers)
            return Node(f'{a} + {c} = {b}', alts=[f'{a} = {b}'])
        return self.equality(a, b)

    def _guarded_cast(self, left, right):
        """A condition that fails on values which another condition keeps away from it."""
        texts = [ref for ref in right if ref.kind == 'text' and not ref.col.fuzzy]
        numbers = [ref for ref in left if ref.family == 'number']
        if not texts or not numbers:
            return None
        text, number = self.rng.choice(texts), self.rng.choice(numbers)
        return Node(f"{text} ~ '^[0-9]+$' AND {text}::int = {number}", alts=['true'])

    # Aggregates ---------------------------------------------------------------------------------------------------

    def aggregate(self, kind, scope, key, depth):
        """An aggregate of the given type over rows that `key` (references, or None) tells apart."""
        rng = self.rng
        if kind == 'jsonb':
            if self.chance(0.15) and key and all(ref.kind in EXACT for ref in key):
                name = " || ':' || ".join(f"COALESCE({ref}::text, '-')" for ref in key)
                value = self.value(rng.choice(SIMPLE + ('jsonb',)), scope, depth - 1)
                order = ', '.join(map(str, key))
                return Node(f'jsonb_object_agg({name}, ', value, f' ORDER BY {order})')
            if self.chance(0.12):
                ref = self.pick(scope.refs(), lambda ref: ref.kind in EXACT and not ref.col.fuzzy)
                if ref:
                    return Node(f'jsonb_agg(DISTINCT {ref})')
            return Node('jsonb_agg(', *self._ordered(rng.choice(SIMPLE + ('jsonb', 'jsonb')), scope, key, depth), ')',
                        self._filter(scope, depth))
        if kind == 'int' and self.chance(0.2):
            return Node('total(', self.value('int', scope, depth - 1), ')', self._filter(scope, depth))
        if kind == 'int':
            ref = self.pick(scope.refs(), lambda ref: ref.kind != 'jsonb')
            form = rng.choice(['count(*)', 'count(*)', f'count({ref})', f'count(DISTINCT {ref})']) if ref else 'count(*)'
            return Node(form, self._filter(scope, depth), '::int')
        if kind == 'bigint':
            return Node('sum(', self.value('int', scope, depth - 1), ')', self._filter(scope, depth))
        if kind == 'numeric':
            return Node('sum(', self.value('numeric', scope, depth - 1), ')', self._filter(scope, depth))
        if kind == 'bool':
            return Node(rng.choice(['bool_or(', 'bool_and(']), self.predicate(scope, min(depth - 1, 1)), ')',
                        self._filter(scope, depth))
        if kind == 'text' and self.chance(0.2):
            value, order = self._ordered('text', scope, key, depth)
            return Node('joined(', value, order, ')', self._filter(scope, depth))
        if kind == 'text' and self.chance(0.5):
            value, order = self._ordered('text', scope, key, depth, separator=", '|'")
            return Node('string_agg(', value, order, ')', self._filter(scope, depth))
        if kind == 'text':
            return Node(rng.choice(['max(', 'min(']), self.value('text', scope, depth - 1), ')', self._filter(scope, depth))
        if kind == 'timestamptz':
            return Node(rng.choice(['max(', 'min(']), self.value(kind, scope, depth - 1), ')')
        if kind.endswith('[]'):
            return Node('array_agg(', *self._ordered(kind[:-2], scope, key, depth), ')')
        return Node('(array_agg(', *self._ordered(kind, scope, key, depth), '))[1]')

    def _ordered(self, kind, scope, key, depth, separator=''):
        value = self.value(kind, scope, depth - 1)
        if not key:
            # Equal texts are identical values, so their order does not show.
            plain = self.pick(scope.refs(), lambda ref: ref.kind == kind and not ref.col.fuzzy)
            value = Node(str(plain)) if plain else Node(literal(self.rng, kind))
            return value, f'{separator} ORDER BY {value}::text' if plain else separator
        extra = self.pick(scope.refs(), lambda ref: ref.kind != 'jsonb') if self.chance(0.3) else None
        order = [Node(f'{extra}{self.rng.choice(["", " DESC", " NULLS FIRST"])}')] if extra else []
        return value, Node(f'{separator} ORDER BY ', Items(order, suffix=', '), ', '.join(map(str, key)))

    def _filter(self, scope, depth):
        return Items([self.predicate(scope, min(depth - 1, 1))] if self.chance(0.2) else [], prefix=' FILTER (WHERE ',
                     suffix=')')
