"""What a place in a query can see: columns, relations, and the scopes around it.

`fuzzy` marks a column whose value is determined only up to equality (which of 1.0 and 1.00 a group shows): it may be
compared, never shown.  A key is a list of columns that no two rows share, NULLs counted as equal; None if nothing is
known, empty if there is one row at most.  Not here: how any of it is generated.
"""
from schema import family


class Col:
    __slots__ = ('name', 'kind', 'domain', 'nullable', 'fuzzy')

    def __init__(self, name, kind, domain=None, nullable=True, fuzzy=False):
        self.name, self.kind, self.domain, self.nullable, self.fuzzy = name, kind, domain, nullable, fuzzy

    def copy(self):
        return Col(self.name, self.kind, self.domain, self.nullable, self.fuzzy)

    def nulled(self):
        return Col(self.name, self.kind, self.domain, True, self.fuzzy)


class Ref:
    """A column as seen from an expression."""

    __slots__ = ('sql', 'col')

    def __init__(self, sql, col):
        self.sql, self.col = sql, col

    @property
    def kind(self):
        return self.col.kind

    @property
    def family(self):
        return family(self.col.kind)

    def __str__(self):
        return self.sql


def letter_of(relation):
    """The letter that aliases of a relation begin with."""
    return relation[0] if relation[0] in 'vw' else relation.split('_')[-1][0]


class Rel:
    """One entry of a FROM clause; `whole` tells whether to_jsonb(alias) is determined."""

    def __init__(self, alias, cols, key, whole=False):
        self.alias, self.cols, self.key, self.whole = alias, cols, key, whole

    def refs(self):
        return [Ref(f'{self.alias}.{col.name}', col) for col in self.cols]

    def key_refs(self):
        return None if self.key is None else [ref for ref in self.refs() if ref.col.name in self.key]

    def nulled(self):
        return Rel(self.alias, [col.nulled() for col in self.cols], self.key, self.whole)


class Scope:
    def __init__(self, rels, outer=None):
        self.rels, self.outer = rels, outer

    def refs(self):
        return [ref for rel in self.rels for ref in rel.refs()]

    def outer_refs(self):
        found, at = [], self.outer
        while at is not None:
            found += at.refs()
            at = at.outer
        return found


class Output:
    """A generated query and what is known about its rows.  `copied`: (relation, column) that it does little with but copying them;
    `needed`: views it reads, as (name, Output)."""

    def __init__(self, node, cols, key, items=None):
        self.node, self.cols, self.key, self.items = node, cols, key, items
        self.copied, self.needed = [], []
