"""Users' own triggers: on base tables, where they change rows or write elsewhere, and on TVIEWs, where they write base tables.

What they write they write once: a second run changes nothing.  Triggers of a case stop at a depth; those that run at commit,
where there is no depth, are alone in it, or two of them could go on undoing each other for ever.  Not here: statements.
"""
from schema import column_value, key_value

TIMES = ['AFTER INSERT OR UPDATE ON {} FOR EACH ROW', 'AFTER DELETE ON {} FOR EACH ROW',
         'AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH STATEMENT', 'BEFORE INSERT ON {} FOR EACH ROW']
DEFERRED = ['AFTER INSERT OR UPDATE ON {} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW',
            'AFTER UPDATE OR DELETE ON {} DEFERRABLE INITIALLY DEFERRED FOR EACH ROW']


class Trigger:
    """`on` names the relation; it is made after the TVIEWs."""

    def __init__(self, number, on, head, body):
        self.on = on
        self.function = (f'CREATE FUNCTION tf_{number}() RETURNS trigger LANGUAGE plpgsql AS $tf$ BEGIN {body} '
                         f'RETURN {"NEW" if "BEFORE" in head else "NULL"}; END $tf$')
        word = 'CONSTRAINT TRIGGER' if 'DEFERRABLE' in head else 'TRIGGER'
        self.trigger = f'CREATE {word} tr_{number} {head.format(on)} EXECUTE FUNCTION tf_{number}()'

    def statements(self):
        return [self.function, self.trigger]


def random_triggers(rng, tables, tviews):
    body = _write(rng, tables)
    if not body or rng.random() < 0.65:
        return []
    roll, table = rng.random(), rng.choice(tables)
    if roll < 0.25:
        return [Trigger(0, table.name, rng.choice(DEFERRED), body)]
    if roll < 0.45 and tviews:
        return [Trigger(0, rng.choice(tviews).name, 'AFTER INSERT OR UPDATE OR DELETE ON {} FOR EACH ROW', body)]
    found = [_on_table(rng, number, rng.choice(tables), tables) for number in range(rng.choice([1, 1, 2]))]
    return [trigger for trigger in found if trigger]


def _on_table(rng, number, table, tables):
    columns = [column for column in table.writable() if column.name not in table.key and not column.domain]
    if columns and rng.random() < 0.3:
        column = rng.choice(columns)
        value = column_value(rng, column)
        return Trigger(number, table.name, 'BEFORE INSERT OR UPDATE ON {} FOR EACH ROW',
                       f'IF NEW.{column.name} IS NULL THEN NEW.{column.name} := {value}; END IF;')
    body = _write(rng, tables)
    return Trigger(number, table.name, rng.choice(TIMES), body) if body else None


def _write(rng, tables):
    """An UPDATE that does nothing the second time."""
    table = rng.choice(tables)
    columns = [column for column in table.writable() if column.name not in table.key]
    if not columns:
        return None
    column = rng.choice(columns)
    value = f'{column_value(rng, column)}::{column.kind}'
    where = f'{column.name} IS DISTINCT FROM {value}'
    if table.key and rng.random() < 0.7:
        key = table.column(rng.choice(table.key))
        where += f' AND {key.name} = {key_value(rng, key.kind)}'
    return f'IF pg_trigger_depth() < 4 THEN UPDATE {table.name} SET {column.name} = {value} WHERE {where}; END IF;'
