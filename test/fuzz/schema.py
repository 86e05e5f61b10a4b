"""Random schemas: tables, their columns and keys, foreign keys, and values from small domains.

Small domains make joins hit, NULLs meet and old and new parents collide.  A column's domain names the key its values come
from ("a" for tb_a's key and everything that refers to it), so that joins can be made to make sense.  Not here: queries and
writes.
"""
import copy

NUMBERS = ('int', 'bigint', 'numeric', 'level')
KEY_TYPES = ('int', 'int', 'int', 'int', 'bigint', 'uuid', 'text', 'text', 'numeric', 'citext', 'pair', 'mood', 'level')
# Types whose equal values need not look the same.
LOOSE = ('numeric', 'citext')
TYPES = ['CREATE TYPE pair AS (a int, b text)', "CREATE TYPE mood AS ENUM ('m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'none')",
         'CREATE DOMAIN level AS int CHECK (VALUE < 1000)',
         "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0')",
         "CREATE AGGREGATE joined(text) (SFUNC = textcat, STYPE = text, INITCOND = '')"]
PLAIN_TYPES = ('int', 'int', 'int', 'text', 'text', 'text', 'numeric', 'numeric', 'jsonb', 'jsonb', 'timestamptz', 'bool', 'bool',
               'int[]', 'text[]', 'citext', 'pair', 'mood', 'level', 'int4range', 'bytea')
# Schemas besides the one all else is in.
SCHEMAS = ['other', '"Other s"']
# Names that generated statements might use themselves.
LIKELY_NAMES = ['x', 'y', 't', 'v', 'q']
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
    """`key` is empty for a table that may hold a row twice; `unique` is a column that could be the key, or None; `division` is None,
    a column to partition by, or 'inherit'."""

    def __init__(self, name):
        self.name = name
        self.columns, self.key, self.foreign, self.rows = [], [], [], []
        self.indexes = []             # lists of (column, how it is sorted)
        self.unique, self.division, self.first_key = None, None, 1

    @property
    def letter(self):
        return self.name.strip('"')[-1]

    def column(self, name):
        return next(column for column in self.columns if column.name == name)

    def writable(self):
        return [column for column in self.columns if not column.generated]

    def sql(self):
        parts = [column.sql() for column in self.columns]
        if self.key:
            parts.append(f'PRIMARY KEY ({", ".join(self.key)})')
        if self.unique:
            parts.append(f'UNIQUE ({self.unique})')
        parts += [foreign.sql() for foreign in self.foreign]
        text = f'CREATE TABLE {self.name} ({", ".join(parts)})'
        return text + (f' PARTITION BY HASH ({self.division})' if self.is_partitioned else '')

    @property
    def is_partitioned(self):
        return self.division not in (None, 'inherit')

    def parts(self):
        """The tables through which rows of this one can be written, itself excepted."""
        if self.division is None:
            return []
        return [f'part_{self.letter}{i}' for i in range(2 if self.is_partitioned else 1)]

    def parts_sql(self):
        if self.is_partitioned:
            return [f'CREATE TABLE {name} PARTITION OF {self.name} FOR VALUES WITH (MODULUS 2, REMAINDER {i})'
                    for i, name in enumerate(self.parts())]
        key = f'(PRIMARY KEY ({", ".join(self.key)}))' if self.key else '()'
        return [f'CREATE TABLE {name} {key} INHERITS ({self.name})' for name in self.parts()]

    def index_sql(self):
        names = [column.name for column in self.columns]
        return [f'CREATE INDEX ON {self.name} ({", ".join(f"{name}{order}" for name, order in index)})'
                for index in self.indexes if all(name in names for name, _ in index)]

    def through(self, name):
        """This table as written through one of its parts.  Keys of a child are its own: nothing makes them unique with its parent's."""
        target = copy.copy(self)
        target.name = name
        if not self.is_partitioned:
            target.first_key = KEY_VALUES + 1
        return target


def key_value(rng, kind, n=None, first=1):
    """A literal from a key's domain; for loose types one of several images of the same value."""
    n = rng.randint(first, KEY_VALUES if first == 1 else 9) if n is None else n
    if kind in ('int', 'level'):
        return str(n)
    if kind == 'citext':
        return rng.choice([f"'k{n}'", f"'k{n}'", f"'K{n}'"])
    if kind == 'pair':
        return f"'({n % 3},k{n})'"
    if kind == 'mood':
        return f"'m{min(n, KEY_VALUES)}'"
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
    if kind in ('int', 'bigint', 'level'):
        return str(rng.randint(0, 4))
    if kind in ('citext', 'pair', 'mood'):
        return key_value(rng, kind)
    if kind == 'numeric':
        return rng.choice(['1', '1.0', '1.00', '2', '2.5', '2.50', '0', '3'])
    if kind == 'text':
        return rng.choice(["'a'", "'A'", "'b'", "'B'", "'c'", "''", "'k1'", "'k2'", "'1'", "'2'"])
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
    if kind == 'int4range':
        return rng.choice(["'[1,3)'", "'[2,5)'", "'[0,)'", "'empty'", "'(,2]'"])
    if kind == 'bytea':
        return rng.choice(["'\\x00'", "'\\x01ff'", "'\\x5c27'", "''"])
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
            'citext': "'none'::citext", 'pair': "'(-1,none)'::pair", 'mood': "'none'::mood", 'level': '(-1)::level',
            'int4range': "'[-9,-8)'::int4range", 'bytea': "'\\xff'::bytea", 'uuid': "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid",
            'timestamptz': "'2000-01-01 00:00+00'::timestamptz"}[kind]


def canonical(sql, kind):
    """One image for all equal values of a loose type."""
    return {'numeric': f'trim_scale({sql})', 'citext': f'lower({sql}::text)::citext'}.get(kind, sql)


def column_value(rng, column, null_share=0.2, first=1):
    if not column.notnull and rng.random() < null_share:
        return 'NULL'
    return key_value(rng, column.kind, None, first) if column.domain else value(rng, column.kind)


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
        suffix = (key[len('pk_'):] if key.startswith('pk_') else key).strip('"').replace(' ', '_')
        column = Column(f'fk_{name or suffix}' + (str(len(columns) + 1) if name and len(target.key) > 1 else ''),
                        _referring_kind(rng, referred.kind), referred.domain, notnull)
        if rng.random() < 0.05:
            column.name = f'"{column.name} X"'
        if any(known.name == column.name for known in table.columns + columns):
            return []
        columns.append(column)
    table.columns += columns
    same = all(column.kind == target.column(key).kind or (column.kind, target.column(key).kind) in
               (('int', 'bigint'), ('int', 'numeric'), ('bigint', 'numeric'))
               for column, key in zip(columns, target.key))
    if same and rng.random() < 0.6:
        actions = rng.choice(['', '', ' ON DELETE CASCADE', ' ON DELETE CASCADE', ' ON DELETE SET NULL', ' ON DELETE SET DEFAULT'])
        if notnull and ' SET ' in actions:
            actions = ' ON DELETE CASCADE'
        actions += rng.choice(['', ' ON UPDATE CASCADE', ' ON UPDATE CASCADE'] + [' ON UPDATE SET NULL'] * (not notnull))
        actions += rng.choice(['', '', '', ' DEFERRABLE INITIALLY DEFERRED'])
        table.foreign.append(ForeignKey([column.name for column in columns], target.name, list(target.key), actions))
    return columns


def random_schema(rng):
    tables = []
    for i in range(rng.choice([2, 2, 3, 3, 4, 5, 6, 7])):
        letter = 'abcdefg'[i]
        table = Table(f'tb_{letter}' if rng.random() > 0.1 else f'"Tb of_{letter}"')
        if rng.random() < 0.12:
            table.name = f'{rng.choice(SCHEMAS)}.{table.name}'
        parents = [parent for parent in tables if parent.key]
        if len(parents) >= 2 and rng.random() < 0.15:         # a link table
            for parent in rng.sample(parents, 2):
                table.key += [column.name for column in _add_reference(rng, table, parent, None, True)]
        if not table.key:
            table.columns, table.foreign = [], []
            _add_key(rng, table, letter)
        chosen = rng.sample(parents, min(len(parents), rng.choice([0, 1, 1, 2])))
        if parents and rng.random() < 0.5 and parents[-1] not in chosen:      # chains
            chosen = [parents[-1]] + chosen[1:]
        for parent in chosen:
            _add_reference(rng, table, parent, None, rng.random() < 0.3)
            if rng.random() < 0.15:
                _add_reference(rng, table, parent, f'other_{parent.letter}', False)
        if table.key and rng.random() < 0.35:
            _add_reference(rng, table, table, f'up_{letter}', False)
        if rng.random() < 0.4:
            table.columns.append(Column(rng.choice(['grp'] * 8 + LIKELY_NAMES), 'int', None, rng.random() < 0.2))
        if rng.random() < 0.4:
            table.columns.append(Column(rng.choice(['label'] * 6 + ['"La bel"']), 'text', None, rng.random() < 0.2))
        for n in range(rng.randint(0 if len(table.columns) > 1 else 1, 3)):
            kind = rng.choice(PLAIN_TYPES)
            table.columns.append(Column(f'{letter}{n + 1}_{kind.replace("[]", "s")}', kind, None, rng.random() < 0.25))
        numbers = [column for column in table.columns if column.kind == 'int']
        if numbers and rng.random() < 0.08:
            table.columns.append(Column(f'{letter}_gen', 'int', None, False, f'{rng.choice(numbers).name} % 3'))
        _divide(rng, table)
        if table.division is None and rng.random() < 0.2:
            table.unique = f'code_{letter}'
            table.columns.append(Column(table.unique, 'int', f'{letter}u', True))
        _add_indexes(rng, table)
        tables.append(table)
    return tables


def _add_indexes(rng, table):
    """By which walks find rows: on what other columns are joined with, alone, with others before or behind."""
    able = [column.name for column in table.columns if column.kind not in ('jsonb', 'int[]', 'text[]', 'pair', 'int4range')]
    joined = [column.name for column in table.columns if column.domain and column.name in able]
    for _ in range(rng.choice([0, 0, 1, 2, 3])):
        columns = rng.sample(joined, min(len(joined), rng.choice([1, 1, 1, 2])))
        columns += [name for name in rng.sample(able, min(len(able), rng.choice([0, 0, 0, 1]))) if name not in columns]
        if rng.random() < 0.2:
            columns.reverse()
        if columns:
            table.indexes.append([(name, rng.choice(['', '', ' DESC', ' NULLS FIRST'])) for name in columns])


def _divide(rng, table):
    """Makes some tables partitioned, and gives some a child."""
    kinds = [column.kind for column in table.columns]
    if rng.random() < 0.12:
        columns = table.key or [column.name for column in table.writable() if column.kind not in ('jsonb', 'int[]', 'text[]')]
        table.division = rng.choice(columns) if columns else None
    elif rng.random() < 0.06 and 'mood' not in kinds:
        table.division = 'inherit'


def random_row(rng, table):
    return [column_value(rng, column, first=table.first_key if column.name in table.key else 1) for column in table.writable()]


def insert_row(table, row):
    names = ', '.join(column.name for column in table.writable())
    return f'INSERT INTO {table.name} ({names}) VALUES ({", ".join(row)}) ON CONFLICT DO NOTHING'
