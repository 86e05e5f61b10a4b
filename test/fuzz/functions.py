"""Random functions written in SQL: of one argument, giving rows or a value; and calls of them.

Their bodies are queries of the grammar that see the argument as they would a row around them.  Calls are mixed into
query.Queries, which gives `self.functions`.  Not here: what else is in a query.
"""
from schema import literal
from scope import Col, Output, Rel, Scope
from tree import Node

ROW_SHAPES = ['plain'] * 4 + ['group', 'limit', 'limit1', 'distinct on', 'window', 'aggregate', 'setop']
VALUE_SHAPES = ['aggregate', 'aggregate', 'limit1', 'limit1', 'lookup']


class Function:
    """`kind` is the type of its value, None if it gives rows; made like a view, by name and `create_sql`."""

    is_tview = option = by_function = False
    mode = None

    def __init__(self, rng, name, argument, output, kind):
        self.name, self.node, self.argument, self.output, self.kind = name, output.node, argument, output, kind
        self.columns = [col.name for col in output.cols]
        # Not IMMUTABLE, which a function that reads tables is not: with constant arguments PostgreSQL calls it once, when it plans.
        self.words = rng.choice(['', '', ' STRICT']) + ' STABLE'
        if rng.random() < 0.1:
            self.words += ' SET search_path = fuzz, public'
        self.form = rng.choice(['text', 'text', 'parsed', 'statements', 'plpgsql', 'plpgsql'])

    @property
    def is_opaque(self):
        """Whether only the option `reads` can tell what it reads."""
        return self.form == 'plpgsql'

    def create_sql(self):
        gives = self.kind or 'TABLE (' + ', '.join(f'{col.name} {col.kind}' for col in self.output.cols) + ')'
        if self.is_opaque:
            give = f'RETURN ({self.node});' if self.kind else f'RETURN QUERY {self.node};'
            return (f'CREATE FUNCTION {self.name}(a {self.argument.kind}) RETURNS {gives} LANGUAGE plpgsql{self.words} '
                    f'AS $fn$ #variable_conflict use_column\nBEGIN {give} END $fn$')
        body = {'text': '$fn${}$fn$', 'parsed': 'BEGIN ATOMIC {}; END',
                'statements': 'BEGIN ATOMIC SELECT 1; {}; END'}[self.form].format(self.node)
        as_word = 'AS ' if self.form == 'text' else ''
        return (f'CREATE FUNCTION {self.name}(a {self.argument.kind}) RETURNS {gives} LANGUAGE sql{self.words} '
                f'{as_word}{body}')


class Calls:
    def function(self, name, budget):
        """A function over what the query may read; its argument stands for a column of some table."""
        rng = self.rng
        self.budget = budget
        cols = [col for source in self.sources for col in source.cols if not col.fuzzy and not col.kind.startswith('json')]
        col = rng.choice([col for col in cols if col.domain] or cols)
        argument = Col('a', col.kind, col.domain)
        scope = Scope([Rel(name, [argument], [])])
        if rng.random() < 0.5:
            output = self.select(rng.choice([1, 2]), outer=scope, shape=rng.choice(ROW_SHAPES), correlate=True, key='any')
            return Function(rng, name, argument, output, None)
        kind = rng.choice(('int', 'text', 'numeric', 'bool', 'jsonb'))
        output = self.select(rng.choice([1, 2]), outer=scope, shape=rng.choice(VALUE_SHAPES), want=[kind], correlate=True)
        return Function(rng, name, argument, Output(output.node, output.cols, []), kind)

    def function_rows(self, scope, depth):
        """A function in FROM; None if there is none.  Without a scope its argument is a constant."""
        found = [function for function in self.functions if function.kind is None]
        if not found:
            return None
        function, alias = self.rng.choice(found), self.fresh('f')
        kind, domain = function.argument.kind, function.argument.domain
        ref = scope and self.pick(scope.refs(), lambda ref: ref.kind == kind and not ref.col.fuzzy and ref.col.domain == domain)
        argument = (Node(str(ref)) if ref and self.chance(0.8) else self.value(kind, scope, min(depth, 1)) if scope
                    else Node(literal(self.rng, kind, domain)))
        cols = [col.copy() for col in function.output.cols]
        return (Node(f'{function.name}(', argument, f') {alias}'),
                Rel(alias, cols, function.output.key, not any(col.fuzzy for col in cols)))

    def function_value(self, kind, scope, depth):
        """A call that gives a value of the type; None if no function does."""
        found = [function for function in self.functions if function.kind == kind]
        if not found:
            return None
        function = self.rng.choice(found)
        kind, domain = function.argument.kind, function.argument.domain
        ref = self.pick(scope.refs(), lambda ref: ref.kind == kind and not ref.col.fuzzy and ref.col.domain == domain)
        argument = Node(str(ref)) if ref and self.chance(0.8) else self.value(kind, scope, depth - 1)
        return Node(f'{function.name}(', argument, ')')
