"""Text trees: SQL as nodes that render to text and know how they can become smaller.

Everything the fuzzer writes is such a tree.  Shrinking needs no understanding of SQL: it removes list items and replaces
nodes by their alternatives, and the server says whether what is left still makes sense.  Not here: any SQL.
"""


class Node:
    """A piece of text made of parts (strings and nodes); `alts` are smaller nodes or strings that may stand in its place."""

    __slots__ = ('parts', 'alts')

    def __init__(self, *parts, alts=()):
        self.parts = list(parts)
        self.alts = list(alts)

    def __str__(self):
        return ''.join(map(str, self.parts))

    def children(self):
        return [part for part in self.parts if isinstance(part, (Node, Items))]

    def reductions(self):
        for alt in self.alts:
            def apply(alt=alt):
                before = self.parts, self.alts
                self.parts = [alt]
                self.alts = alt.alts if isinstance(alt, Node) else []

                def undo():
                    self.parts, self.alts = before
                return undo
            yield apply


class Items:
    """A list with separators; renders to nothing when it is empty.  Never becomes shorter than `least`."""

    __slots__ = ('items', 'separator', 'prefix', 'suffix', 'least')

    def __init__(self, items, separator=', ', prefix='', suffix='', least=0):
        self.items = list(items)
        self.separator, self.prefix, self.suffix, self.least = separator, prefix, suffix, least

    def __str__(self):
        if not self.items:
            return ''
        return self.prefix + self.separator.join(map(str, self.items)) + self.suffix

    def children(self):
        return [item for item in self.items if isinstance(item, (Node, Items))]

    def reductions(self):
        for i in range(len(self.items) - 1, -1, -1):
            if len(self.items) <= self.least:
                return

            def apply(i=i):
                before = self.items
                if i >= len(before) or len(before) <= self.least:
                    return None
                self.items = before[:i] + before[i + 1:]

                def undo():
                    self.items = before
                return undo
            yield apply


def maybe(prefix, node):
    """An optional clause."""
    return Items([node] if node is not None else [], prefix=prefix)


def nodes(tree):
    """All nodes of a tree, outermost first."""
    yield tree
    for child in tree.children():
        yield from nodes(child)
