#!/usr/bin/python3
"""Model check of the protocol of deferred TVIEWs in src/refresh/deferred.hpp: every order of its moves, on a small scope.

    deferred.py [--cases N] [--seed N]     every part of the protocol in turn removed, and nothing removed
    deferred.py --full                     ten times the random cases, and longer chosen ones, some minutes

Base tables are a chain, T the key's, then U, V and perhaps W: a row has a name and the row of the next table it belongs to.  A document
is the names from a row of T on, as far as the chain goes (left joins).  Or all is one table, N, a tree: the names up to the root.
A transaction is a program: writes; DDL, which enqueues before its end; APPLY; ABORT in place of its commit; SNAPSHOT at its
beginning: it runs at REPEATABLE READ.  Taking the queue lock, each hop of a walk, deleting the queue's rows, each wait, comparing and
the commit are moves; those of two to five transactions come in every possible order.

After each commit a document may only differ from its query if a row of the queue names it.  That is more than both claims: that
a snapshot without such rows shows the TVIEW exact, and that one apply when all have ended makes it so.  Transactions that only write
or only apply may never wait for each other in a circle, unless it is for rows.

PARTS lists what can be taken away.  Each makes the check fail.
REDUNDANT lists what src/ has without needing it for this; the check holds without it.  Not here: TVIEWs that compare everything,
savepoints, changes of mode, TVIEWs over TVIEWs, SERIALIZABLE (test/isolation, test/torture); prepared transactions are, to others, ones
that commit late.
"""
import argparse
import itertools
import random
import sys
from typing import NamedTuple

sys.dont_write_bytecode = True
from model import check  # noqa: E402

PARTS = {
    'queue lock': 'writers hold the queue lock',
    'lock before walk': 'they take it before they walk',
    'lock kept': 'they keep it until they have ended',
    'not after': 'keys are committed with what was written, not after it',
    'one at a time': 'one apply at a time',
    'wait': 'an apply waits for the holders of the queue lock',
    'wait again': 'it waits more than once',
    'as many waits': 'it waits as many times as there are hops, not twice',
    'until nobody': 'with a recursion it waits until nobody holds the lock',
    'delete first': 'it deletes rows before it waits and compares, not after',
    'fresh eyes': 'it compares with a snapshot taken after the waits',
    'own stay': 'what a transaction has written is enqueued at its end, whether it has applied it or not',
    'rows stay': 'above READ COMMITTED an apply leaves the rows to its transaction\'s end',
    'own again': 'what a transaction has enqueued before DDL is enqueued again at its end if it applies',
    'compared again': 'what an apply has compared by the transaction\'s own snapshot is compared again at the end',
}
REDUNDANT = {
    'not before': 'keys are committed with what was written: an apply that saw them before would wait for their writer',
    'last wait': 'waits are as many as occurrences: one less, as many as hops, will do',
    'own walked': 'an apply compares what its own transaction has written too: for its own eyes',
    'turned away': 'with a recursion, writers wait for an apply that waits for nobody to hold the lock: it would wait longer',
}
LEVELS = 'TUVW'


def start(tables):
    """Two rows of each table, each belonging to the next table's row of its number; of the tree, a root and its child."""
    if tables == 'tree':
        return {('N', 1): ('n1', None), ('N', 2): ('n2', 1)}
    last = LEVELS[tables - 1]
    return {(table, key): (f'{table}{key}', None if table == last else key) for table in LEVELS[:tables] for key in (1, 2)}


def change(op):
    """The row that an operation changes, and its new value from the old one."""
    verb, what, *to = op.split()
    row = (what[0], int(what[1:]))
    at = int(to[0]) if to else None
    return row, {'rename': lambda old: old and ('X' + old[0], old[1]), 'move': lambda old: old and (old[0], at),
                 'insert': lambda old: old or (what, at), 'delete': lambda old: None,
                 'restore': lambda old: old and (what, old[1])}[verb]


class State(NamedTuple):
    """What is committed."""
    base: frozenset            # (row, value)
    documents: frozenset       # (key, document)
    queue: frozenset = frozenset()     # (who, when, key)


class Tx(NamedTuple):
    step: object = 0                  # number of the next word of the program, then a phase
    writes: frozenset = frozenset()   # (row, new value)
    documents: frozenset = frozenset()        # (key, document or None)
    seeds: frozenset = frozenset()    # rows changed and not enqueued
    early: frozenset = frozenset()    # rows changed and enqueued, before DDL
    queued: frozenset = frozenset()   # rows of the queue that it has added
    deleted: frozenset = frozenset()  # and deleted
    holds: bool = False               # the queue lock
    applies: bool = False             # holds the TVIEW's own lock
    own: bool = False                 # the walk is an apply's, of what its transaction has written
    level: int = -1                   # of a walk
    at: frozenset = frozenset()       # rows where the walk stands
    keys: frozenset = frozenset()     # to compare
    waits: int = 0                    # done
    awaited: frozenset = None         # transactions that a wait is for
    eyes: State = None                # snapshot to compare on, if not the latest
    new: frozenset = None             # compared and not written
    snapshot: State = None            # of REPEATABLE READ
    rest: frozenset = None            # above READ COMMITTED, applied: keys to compare again at commit
    resume: object = None             # where to go on after a phase


class Model:
    def __init__(self, without=None):
        self.without, self.tables = without, 3

    def has(self, part):
        return self.without != part

    # What there is ---------------------------------------------------------------------------------------------------

    def query(self, base):
        documents = {}
        first = 'N' if self.tables == 'tree' else 'T'
        for table, key in base:
            if table == first:
                names, at, level = [], (table, key), 0
                while at in base and len(names) < 9:
                    names.append(base[at][0])
                    level += 1
                    at = ('N' if self.tables == 'tree' else LEVELS[level] if level < self.tables else None, base[at][1])
                documents[key] = tuple(names)
        return documents

    @staticmethod
    def seen(committed, writes):
        return {row: value for row, value in {**dict(committed), **dict(writes)}.items() if value is not None}

    def wrong(self, state):
        stored, right = dict(state.documents), self.query(dict(state.base))
        named = {key for *_, key in state.queue}
        for key in sorted(stored.keys() | right.keys()):
            if stored.get(key) != right.get(key) and key not in named:
                return f'document {key} is {stored.get(key)}, its query says {right.get(key)}, and no row names it'
        return None

    # Moves -----------------------------------------------------------------------------------------------------------

    def move(self, tx, number, txs, program, state):
        """One move of one transaction: (new tx, new state), or None when it has to wait."""
        others = [other for i, other in enumerate(txs) if i != number]
        if isinstance(tx.step, int):
            return self.operate(tx, others, program, state)
        phase = getattr(self, tx.step)
        return phase(tx, number, txs, state)

    def operate(self, tx, others, program, state):
        word = program[tx.step] if tx.step < len(program) else 'COMMIT'
        after = tx.step + 1
        if word == 'ABORT':                              # at the last moment
            return self.enqueue(tx, 'abort', state)
        if word == 'COMMIT':
            if tx.rest is not None:
                return tx._replace(step='take', resume='enqueue', snapshot=None), state
            return self.enqueue(tx._replace(snapshot=None), 'commit', state)
        if word == 'DDL':
            return self.enqueue(tx, after, state)
        if word == 'SNAPSHOT':
            return tx._replace(step=after, snapshot=state), state
        if word == 'APPLY':
            return tx._replace(step='take', resume=after), state
        row, new = change(word)
        if any(row == other for o in others for other, _ in o.writes):
            return None
        if tx.snapshot and dict(tx.snapshot.base).get(row) != dict(state.base).get(row):
            return self.abort(tx, None, None, state)
        old = self.seen(state.base, tx.writes).get(row)
        value = new(old)
        if old == value:
            return tx._replace(step=after), state
        return tx._replace(step=after, seeds=tx.seeds | {row}, writes=frozenset({**dict(tx.writes), row: value}.items())), state

    def enqueue(self, tx, after, state):
        if not tx.seeds:
            return tx._replace(step=after), state
        first = 'hold' if self.has('lock before walk') else 'hop'
        return tx._replace(step=first, resume=after, level=99), state

    def hold(self, tx, number, txs, state):
        if self.has('turned away') and not tx.holds and any(other.step == 'alone' for i, other in enumerate(txs) if i != number):
            return None
        held = tx._replace(holds=self.has('queue lock'))
        if not self.has('lock before walk'):
            return self.ended(held._replace(step='named'), number, state)
        return held._replace(step='hop'), state

    def hop(self, tx, number, txs, state):
        """To the next table, from the rows found and those changed; of the tree, another turn, until there is nothing new."""
        view = tx.snapshot if tx.snapshot and tx.own else state
        base = self.seen(view.base, tx.writes)
        if self.tables == 'tree':
            at = tx.at or tx.seeds
            below = at | {row for row, value in base.items() if ('N', value[1]) in at}
            if below != at:
                return tx._replace(at=below), state
            return self.walked(tx, {key for _, key in at}, number, state)
        first = max([LEVELS.index(table) for table, _ in tx.seeds], default=0)
        level = min(tx.level, first)
        at = tx.at | {s for s in tx.seeds if s[0] == LEVELS[level]}
        if level == 0:
            return self.walked(tx, {key for _, key in at}, number, state)
        found = frozenset(row for row, value in base.items() if row[0] == LEVELS[level - 1] and (LEVELS[level], value[1]) in at)
        tx = tx._replace(level=level - 1, at=found)
        if level == 1:
            return self.walked(tx, {key for _, key in found | {s for s in tx.seeds if s[0] == 'T'}}, number, state)
        return tx, state

    def walked(self, tx, keys, number, state):
        tx = tx._replace(level=-1, at=frozenset())
        if tx.own:
            return tx._replace(step='compare', keys=tx.keys | keys, own=False), state
        tx = tx._replace(queued=tx.queued | {(number, tx.resume, key) for key in keys}, early=tx.early | tx.seeds, seeds=frozenset())
        if self.has('lock before walk'):
            return self.ended(tx, number, state)
        return tx._replace(step='hold'), state

    def ended(self, tx, number, state):
        """The keys are in the queue."""
        if not self.has('not before'):
            state, tx = state._replace(queue=state.queue | tx.queued), tx._replace(queued=frozenset())
        return tx._replace(step=tx.resume, resume=None, holds=tx.holds and self.has('lock kept')), state

    def take(self, tx, number, txs, state):
        """Locks the TVIEW, reads the queue's rows and deletes them."""
        if self.has('one at a time') and any(other.applies for i, other in enumerate(txs) if i != number):
            return None
        view = tx.snapshot or state
        rows = (view.queue | tx.queued) - tx.deleted
        keys = frozenset(key for *_, key in rows) | (tx.rest if tx.rest and not tx.snapshot else frozenset())
        if self.has('own again'):
            tx = tx._replace(seeds=tx.seeds | tx.early)
        tx = tx._replace(applies=True, keys=keys, eyes=None if self.has('fresh eyes') else state)
        if tx.snapshot and self.has('rows stay'):
            return self.walk_own(tx._replace(rest=tx.rest or frozenset())), state
        if self.has('delete first'):
            tx = tx._replace(deleted=tx.deleted | rows)
        return tx._replace(step='wait', waits=0), state

    def waits(self):
        hops = 1 if self.tables == 'tree' else self.tables - 1
        most = {'wait': 0, 'wait again': 1, 'as many waits': 2, 'last wait': hops}
        return min(hops + 1, most.get(self.without, 99))

    def wait(self, tx, number, txs, state):
        """Looks who holds the queue lock, or has waited for all who did."""
        if tx.awaited:
            if any(txs[i].step != 'done' for i in tx.awaited):
                return None
            tx = tx._replace(awaited=None)
        holders = frozenset(i for i, other in enumerate(txs) if i != number and other.holds)
        if holders and tx.waits < self.waits():
            return tx._replace(awaited=holders, waits=tx.waits + 1), state
        if holders and self.tables == 'tree' and self.has('until nobody') and self.has('wait'):
            return tx._replace(step='alone'), state
        return self.walk_own(tx), state

    def alone(self, tx, number, txs, state):
        if any(other.holds for i, other in enumerate(txs) if i != number):
            return None
        return self.walk_own(tx), state

    def walk_own(self, tx):
        tx = tx._replace(waits=0, awaited=None, step='compare')
        return tx._replace(step='hop', level=99, own=True) if tx.seeds and self.has('own walked') else tx

    def compare(self, tx, number, txs, state):
        view = tx.snapshot or tx.eyes or state
        right, stored = self.query(self.seen(view.base, tx.writes)), self.seen(view.documents, tx.documents)
        different = {key: right.get(key) for key in tx.keys if right.get(key) != stored.get(key)}
        tx = tx._replace(new=frozenset(different.items()), eyes=None)
        if self.has('one at a time'):
            return self.write(tx, number, txs, state)
        return tx._replace(step='write'), state

    def write(self, tx, number, txs, state):
        new = dict(tx.new)
        if any(key in new for i, other in enumerate(txs) if i != number for key, _ in other.documents):
            return None
        if tx.snapshot and any(dict(tx.snapshot.documents).get(key) != dict(state.documents).get(key) for key in new):
            return self.abort(tx, number, txs, state)
        if not self.has('delete first') and not tx.snapshot:
            tx = tx._replace(deleted=tx.deleted | state.queue)
        rest = tx.rest
        if tx.snapshot:
            rest = None if not self.has('rows stay') else rest | tx.keys if self.has('compared again') else rest
        tx = tx._replace(documents=frozenset({**dict(tx.documents), **new}.items()), new=None, keys=frozenset(), rest=rest)
        if not self.has('own stay'):
            tx = tx._replace(seeds=frozenset())
        if tx.resume == 'enqueue':
            return self.enqueue(tx._replace(rest=None), 'commit', state)
        return tx._replace(step=tx.resume, resume=None), state

    def commit(self, tx, number, txs, state):
        if not self.has('not after') and tx.step == 'commit' and tx.queued - tx.deleted:
            after = state._replace(base=frozenset(self.seen(state.base, tx.writes).items()))
            return Tx(step='commit', queued=tx.queued - tx.deleted), after
        return Tx(step='done'), State(frozenset(self.seen(state.base, tx.writes).items()),
                                      frozenset(self.seen(state.documents, tx.documents).items()),
                                      (state.queue | tx.queued) - tx.deleted)

    def abort(self, tx, number, txs, state):
        return Tx(step='done'), state

    # All orders ------------------------------------------------------------------------------------------------------

    def explore(self, case):
        """Tries every order of moves.  Returns the number of states, or what is wrong."""
        self.tables, programs = case
        base = start(self.tables)
        begin = State(frozenset(base.items()), frozenset(self.query(base).items()))
        simple = all('APPLY' not in program or program == ('APPLY',) for program in programs)
        first = (begin, (Tx(),) * len(programs))
        came, stack = {first: None}, [first]
        while stack:
            state, txs = at = stack.pop()
            waiting = [tx for tx in txs if tx.step != 'done']
            stuck = bool(waiting) and not any(isinstance(tx.step, int) for tx in waiting)
            for i, tx in enumerate(txs):
                result = self.move(tx, i, txs, programs[i], state) if tx.step != 'done' else None
                if result is None:
                    continue
                stuck = False
                new, new_state = result
                to = (new_state, txs[:i] + (new,) + txs[i + 1:])
                wrong = new_state != state and self.wrong(new_state)
                if wrong:
                    return f'{wrong}\n    {self.moves(came, at)}, {i}:{tx.step}'
                if to not in came:
                    came[to] = (at, f'{i}:{programs[i][tx.step] if isinstance(tx.step, int) and tx.step < len(programs[i]) else tx.step}')
                    stack.append(to)
            if stuck and simple:
                return 'waiting in a circle: ' + self.moves(came, at)
        return len(came)

    @staticmethod
    def moves(came, at):
        """How it came to this: who did what, in order."""
        names = []
        while came[at]:
            at, name = came[at]
            names.append(name)
        return ', '.join(reversed(names))


WRITES = ['rename T1', 'move T1 2', 'insert T3 1', 'insert T3 3', 'delete T1', 'rename U1', 'move U1 2', 'insert U3 1', 'delete U1',
          'rename V1', 'insert V3', 'delete V1', 'move U2 3']
TREE = ['rename N1', 'rename N2', 'move N2 3', 'insert N3 2', 'insert N3', 'insert N4 3', 'delete N2', 'delete N1']
APPLY = ('APPLY',)

CHOSEN = [
    # A chain: who names the document has been missed by one who was missed by one.
    (3, (('rename V1',), ('insert U3 1',), ('insert T3 3',), APPLY)),
    (3, (('rename U1',), ('insert T3 1',), APPLY, APPLY)),
    # One that writes and applies, before others have walked.
    (3, (('insert T3 1', 'APPLY'), ('rename U1',))), (3, (('rename U1', 'APPLY'), ('insert T3 1',), APPLY)),
    (3, (('insert T3 1', 'DDL', 'APPLY'), ('rename U1',))), (3, (('insert U3 1', 'DDL', 'APPLY'), ('rename V1',), ('insert T3 3',))),
    # Above READ COMMITTED: the snapshot is older than another's apply.
    (3, (('rename U1',), ('insert T3 1',), ('SNAPSHOT', 'APPLY'))),
    (3, (('rename U1',), ('SNAPSHOT', 'APPLY'), ('restore U1',), APPLY)), (3, (('SNAPSHOT', 'rename U1', 'APPLY'), ('move T1 2',), APPLY)),
    (3, (('SNAPSHOT', 'insert T3 1', 'APPLY'), ('rename U1',), APPLY)),
    (3, (('SNAPSHOT', 'insert T3 1', 'DDL', 'APPLY'), ('rename U1',))),
    # The tree, a branch with each row from another transaction.
    ('tree', (('rename N1',), ('insert N3 2',), ('insert N4 3',), APPLY)),
]
# One hop more, and a branch one row longer than waits.
LONG = [
    (4, (('rename W1',), ('insert V3 1',), ('insert U3 3',), ('insert T3 3',), APPLY)),
    ('tree', (('rename N1',), ('insert N3 2',), ('insert N4 3',), ('insert N5 4',), APPLY)),
]


def pairs():
    """Every pair of writes, and an apply."""
    return [(tables, ((a,), (b,), APPLY)) for tables, writes in ((3, WRITES), ('tree', TREE))
            for a, b in itertools.combinations_with_replacement(writes, 2)]


def random_cases(seed, number, transactions=3):
    """An apply, and programs of one or two writes, perhaps with an early enqueue or an apply of their own, or above READ COMMITTED."""
    chooser = random.Random(seed)
    for _ in range(number):
        tables, writes = chooser.choice([(3, WRITES), (3, WRITES), ('tree', TREE)])
        programs = [APPLY]
        while len(programs) < transactions:
            program = chooser.choice([['W'], ['W', 'W'], ['W', 'DDL'], ['W', 'DDL', 'W'], ['W', 'APPLY'], ['W', 'APPLY', 'W'],
                                      ['W', 'DDL', 'APPLY'], ['W', 'ABORT'], ['W', 'APPLY', 'ABORT'], ['APPLY', 'W'], ['APPLY'],
                                      ['SNAPSHOT', 'W'], ['SNAPSHOT', 'APPLY'], ['SNAPSHOT', 'W', 'APPLY'],
                                      ['SNAPSHOT', 'W', 'DDL', 'APPLY']])
            programs.append(tuple(chooser.choice(writes) if word == 'W' else word for word in program))
        yield tables, tuple(programs)


def cases(options, salt):
    longer = LONG if options.full or salt not in REDUNDANT else []
    return itertools.chain(CHOSEN, longer, pairs(), random_cases(f'{options.seed}{salt}', options.cases))


def main():
    parser = argparse.ArgumentParser(description='Model check of the protocol of deferred TVIEWs.')
    parser.add_argument('--cases', type=int, default=60, help='random cases for each setting (default: 60)')
    parser.add_argument('--seed', default='1')
    parser.add_argument('--full', action='store_true', help='ten times the random cases, and some with four transactions')
    options = parser.parse_args()
    if options.full:
        options.cases *= 10
    failed = False
    for without in (None, *REDUNDANT):
        what = f'the protocol without "{without}" ({REDUNDANT[without]})' if without else 'the protocol'
        sets = [('chosen, pairs and random cases', cases(options, without))]
        if options.full:
            sets.append(('of four transactions', random_cases(f'{options.seed}{without}', options.cases // 10, 4)))
        for name, chosen in sets:
            number, states, wrong = check(Model(without), chosen)
            print(f"{'FAIL' if wrong else 'ok  '}  {what}: {number} {name}, {states} states", flush=True)
            if wrong:
                print(wrong)
                failed = True
    for part, what in PARTS.items():
        number, _, wrong = check(Model(part), cases(options, part))
        said = 'ok  ' if wrong else 'FAIL'
        print(f'{said}  without "{part}" ({what}): ' + (f'case {number} is wrong' if wrong else f'{number} cases did not notice'), flush=True)
        failed = failed or not wrong
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
