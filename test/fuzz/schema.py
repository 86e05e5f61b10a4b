"""Random schemas: tables, their columns and keys, foreign keys, and values from small domains.

Small domains make joins hit, NULLs meet and old and new parents collide.  A column's domain names the key its values come
from ("a" for tb_a's key and everything that refers to it), so that joins can be made to make sense.  Not here: queries and
writes.
"""

NUMBERS = ('int', 'bigint', 'numeric')
KEY_TYPES = ('int', 'int', 'int', 'bigint', 'uuid', 'text', 'numeric')
PLAIN_TYPES = ('int', 'int', 'text', 'text', 'numeric', 'jsonb', 'timestamptz', 'bool', 'int[]', 'text[]')
KEY_VALUES = 6


def family(kind):
    """Types of one family compare with each other."""
    return 'number' if kind in NUMBERS else kind


class Column:
    def __init__(self, name, kind, domain=None, notnull=False, generated=None):
        self.name, self.kind, self.domain, self.notnull, self.generated = name, kind, domain, notnull, generated

    def sql(self):
        text = f'{self.name} {self.kind}'
        if self.generated:
            text += f' GENERATED ALWAYS AS ({self.generated}) STORED'
        return text + (' NOT NULL' if self.notnull else '')


class ForeignKey:
    def __init__(self, columns, table, referenced, actions):
        self.columns, self.table, self.referenced, self.actions = columns, table, referenced, actions

    def sql(self):
        return (f'FOREIGN KEY ({", ".join(self.columns)}) REFERENCES {self.table} ({", ".join(self.referenced)})'
                f'{self.actions}')


class Table:
    """`key` is empty for a table that may hold a row twice."""

    def __init__(self, name):
        self.name = name
        self.columns, self.key, self.foreign, self.rows = [], [], [], []

    def column(self, name):
        return next(column for column in self.columns if column.name == name)

    def writable(self):
        return [column for column in self.columns if not column.generated]

    def sql(self):
        parts = [column.sql() for column in self.columns]
        if self.key:
            parts.append(f'PRIMARY KEY ({", ".join(self.key)})')
        parts += [foreign.sql() for foreign in self.foreign]
        return f'CREATE TABLE {self.name} ({", ".join(parts)})'


def key_value(rng, kind, n=None):
    """A literal from a key's domain; for numeric one of several images of the same number."""
    n = rng.randint(1, KEY_VALUES) if n is None else n
    if kind == 'int':
        return str(n)
    if kind == 'bigint':
        return str(n) if rng.random() < 0.95 else str(3000000000 + n)
    if kind == 'numeric':
        return str(n) + rng.choice(['', '', '.0', '.00'])
    if kind == 'text':
        return f"'k{n}'"
    if kind == 'uuid':
        return f"'00000000-0000-0000-0000-00000000000{n}'"
    return value(rng, kind)


def value(rng, kind):
    """A literal for a column without a domain."""
    if kind in ('int', 'bigint'):
        return str(rng.randint(0, 4))
    if kind == 'numeric':
        return rng.choice(['1', '1.0', '1.00', '2', '2.5', '2.50', '0', '3'])
    if kind == 'text':
        return rng.choice(["'a'", "'A'", "'b'", "'B'", "'c'", "''", "'k1'", "'k2'"])
    if kind == 'uuid':
        return f"'00000000-0000-0000-0000-00000000000{rng.randint(1, 4)}'"
    if kind == 'bool':
        return rng.choice(['true', 'false'])
    if kind == 'timestamptz':
        return f"'2024-01-0{rng.randint(1, 4)} 12:00+00'"
    if kind == 'jsonb':
        return rng.choice(["""'{"a": 1}'""", """'{"a": 2, "b": "x"}'""", """'[1, 2]'""", """'[2, null]'""", """'"s"'""",
                           """'null'""", """'{"a": 1.0}'""", """'{}'""", """'[]'"""])
    if kind == 'int[]':
        return rng.choice(["'{}'", "'{1}'", "'{1,2}'", "'{2,3}'", "'{2,NULL}'", "'{4,1}'"])
    if kind == 'text[]':
        return rng.choice(["'{}'", "'{a}'", "'{a,b}'", "'{k1,B}'", "'{b,NULL}'"])
    raise ValueError(kind)


def literal(rng, kind, domain=None):
    """A literal with its type spelled out."""
    text = key_value(rng, kind) if domain else value(rng, kind)
    return text if kind in ('int', 'bool') else f'{text}::{kind}'


def outside(kind):
    """A value no row has, for COALESCE."""
    return {'int': '-1', 'bigint': '-1::bigint', 'numeric': '-1::numeric', 'text': "'none'::text", 'bool': 'false',
            'uuid': "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid",
            'timestamptz': "'2000-01-01 00:00+00'::timestamptz"}[kind]


def column_value(rng, column, null_share=0.2):
    if not column.notnull and rng.random() < null_share:
        return 'NULL'
    return key_value(rng, column.kind) if column.domain else value(rng, column.kind)


def _add_key(rng, table, letter):
    if rng.random() < 0.08:
        return
    if rng.random() < 0.15:
        for i in (1, 2):
            kind = rng.choice(('int', 'text', 'bigint'))
            table.columns.append(Column(f'pk_{letter}{i}', kind, f'{letter}{i}', True))
    else:
        table.columns.append(Column(f'pk_{letter}', rng.choice(KEY_TYPES), letter, True))
    table.key = [column.name for column in table.columns]


def _referring_kind(rng, kind):
    if rng.random() < 0.15:
        return {'int': rng.choice(['bigint', 'numeric']), 'bigint': 'int', 'numeric': 'int'}.get(kind, kind)
    return kind


def _add_reference(rng, table, target, name, notnull):
    columns = []
    for key in target.key:
        referred = target.column(key)
        suffix = key[len('pk_'):] if key.startswith('pk_') else key
        column = Column(f'fk_{name or suffix}' + (key[-1] if name and len(target.key) > 1 else ''),
                        _referring_kind(rng, referred.kind), referred.domain, notnull)
        if any(known.name == column.name for known in table.columns + columns):
            return []
        columns.append(column)
    table.columns += columns
    same = all(column.kind == target.column(key).kind or (column.kind, target.column(key).kind) in
               (('int', 'bigint'), ('int', 'numeric'), ('bigint', 'numeric'))
               for column, key in zip(columns, target.key))
    if same and rng.random() < 0.6:
        actions = rng.choice(['', '', ' ON DELETE CASCADE', ' ON DELETE CASCADE', ' ON DELETE SET NULL'])
        if notnull and 'SET NULL' in actions:
            actions = ' ON DELETE CASCADE'
        actions += rng.choice(['', ' ON UPDATE CASCADE', ' ON UPDATE CASCADE'])
        actions += rng.choice(['', '', '', ' DEFERRABLE INITIALLY DEFERRED'])
        table.foreign.append(ForeignKey([column.name for column in columns], target.name, list(target.key), actions))
    return columns


def random_schema(rng):
    tables = []
    for i in range(rng.choice([2, 2, 3, 3, 4, 5, 6, 7])):
        letter = 'abcdefg'[i]
        table = Table(f'tb_{letter}')
        parents = [parent for parent in tables if parent.key]
        if len(parents) >= 2 and rng.random() < 0.15:         # a link table
            for parent in rng.sample(parents, 2):
                table.key += [column.name for column in _add_reference(rng, table, parent, None, True)]
        if not table.key:
            table.columns, table.foreign = [], []
            _add_key(rng, table, letter)
        for parent in rng.sample(parents, min(len(parents), rng.choice([0, 1, 1, 2]))):
            _add_reference(rng, table, parent, None, rng.random() < 0.3)
            if rng.random() < 0.15:
                _add_reference(rng, table, parent, f'other_{parent.name[3:]}', False)
        if table.key and rng.random() < 0.25:
            _add_reference(rng, table, table, f'up_{letter}', False)
        if rng.random() < 0.4:
            table.columns.append(Column('grp', 'int', None, rng.random() < 0.2))
        if rng.random() < 0.4:
            table.columns.append(Column('label', 'text', None, rng.random() < 0.2))
        for n in range(rng.randint(0 if len(table.columns) > 1 else 1, 3)):
            kind = rng.choice(PLAIN_TYPES)
            table.columns.append(Column(f'{letter}{n + 1}_{kind.replace("[]", "s")}', kind, None, rng.random() < 0.25))
        numbers = [column for column in table.columns if column.kind == 'int']
        if numbers and rng.random() < 0.08:
            table.columns.append(Column(f'{letter}_gen', 'int', None, False, f'{rng.choice(numbers).name} % 3'))
        tables.append(table)
    return tables


def random_row(rng, table):
    return [column_value(rng, column) for column in table.writable()]


def insert_row(table, row):
    names = ', '.join(column.name for column in table.writable())
    return f'INSERT INTO {table.name} ({names}) VALUES ({", ".join(row)}) ON CONFLICT DO NOTHING'
