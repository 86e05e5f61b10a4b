#!/usr/bin/python3
"""Model check of the lock protocol in src/refresh/locks.hpp, on a scope small enough to try every interleaving.

    model.py [--cases N] [--seed N]     every part of the protocol in turn removed, and nothing removed
    model.py --full                     more cases of the whole protocol, some minutes

Base tables C (companies), U (users: name, company), P (posts: title, user), M (comments: body, post), S (sites), N (a tree).
    tv_post   title, name of the user, name of his company, comments, greatest name of a site;  steps  C --a--> U --b--> P,
              M gives the key itself; S is a shared value: it compares everything, unless the greatest name is what it was
    tv_user   name, name of the company, and the documents of tv_post that are the user's;  step  C --a--> U,
              a row of tv_post gives the key itself
    tv_node   names up to the root;  step  N --a--> N, again and again, locked as a whole
A transaction writes, flushes tv_post, tv_user and tv_node, and commits.  Each lock it takes is one move; transactions move in
every possible order.  After each commit the tables must be what their queries say, and transactions may never wait for each
other in a circle, unless it is for rows, which is the users' own deadlock.  With READ a transaction flushes between its writes
and keeps its locks; it may then be part of a deadlock, but never of a wrong document.  To the locks, a commit whose flush goes
several rounds, because triggers on TVIEWs write, is the same thing.  SAVE and BACK are a savepoint and the rollback to it,
which frees the locks taken since and makes what was flushed since pending again.

PARTS lists what can be taken away.  Each makes the check fail, which shows both that it is needed and that the check would
notice.  REDUNDANT lists what locks.hpp has without needing it for this; the check holds without it.  Not here: snapshots of
REPEATABLE READ (test/torture, test/isolation), hash collisions, which only make wait.
"""
import argparse
import itertools
import random
import sys
from typing import NamedTuple

PARTS = {
    'step locks': 'lock the join values of steps',
    'document locks': 'lock documents before they are compared',
    'near': 'lock the join values of rows one has changed, where others would arrive at them',
    'near new': 'of these, the values that the rows have now',
    'walked': 'lock the join values of rows found on the way, not only of seeds',
    'old values': 'walk from what a row was, not only from what it is',
    'both at once': 'take a tag needed in both modes once, in a third mode',
    'fresh eyes': 'look with a snapshot taken after the locks',
    'order': 'take the tags of a level in one order',
    'levels': 'take the tags of one level before those of the next',
    'ranks': 'flush TVIEWs in one order',
    'kept': 'keep locks until the transaction ends',
    'coarse excludes fine': 'a coarse lock of a step excludes fine locks of the other mode',
    'coarse documents': 'a coarse lock of documents excludes fine ones',
    'whole TVIEW': 'an everything flush holds the whole TVIEW exclusively',
    'compared': 'compare everything again, shared value or not, once this transaction has',
    'near when giving up': 'a walk that gives up takes the near tags of the steps that were left',
    'documents when giving up': 'and all documents',
    'closures coarse': 'a step taken again and again is locked as a whole before its first turn',
    'seeds back': 'what a rolled back savepoint had flushed is flushed again',
}
REDUNDANT = {
    'near old': 'of near values, those that the rows had: who walks with one sees the old row and meets us at the document',
}
TVIEWS = ('post', 'user', 'node')
START = {('C', 1): ('c1',), ('C', 2): ('c2',), ('U', 1): ('n1', 1), ('U', 2): ('n2', 2), ('P', 1): ('t1', 1), ('P', 2): ('t2', 2),
         ('M', 1): ('b1', 1), ('S', 1): ('s',), ('S', 2): ('r',), ('N', 1): ('a', None), ('N', 2): ('b', 1), ('N', 3): ('c', None)}
OPS = {
    'rename C1': (('C', 1), lambda r: r and ('Y',)), 'insert C3': (('C', 3), lambda r: r or ('c3',)),
    'delete C2': (('C', 2), lambda r: None), 'rename U1': (('U', 1), lambda r: r and ('X', r[1])),
    'rename U2': (('U', 2), lambda r: r and ('Z', r[1])), 'move U1': (('U', 1), lambda r: r and (r[0], 2)),
    'move U2': (('U', 2), lambda r: r and (r[0], 1)), 'move U1 to C3': (('U', 1), lambda r: r and (r[0], 3)),
    'insert U3': (('U', 3), lambda r: r or ('n3', 1)), 'delete U1': (('U', 1), lambda r: None),
    'insert P3': (('P', 3), lambda r: r or ('t3', 1)), 'insert P4 of U3': (('P', 4), lambda r: r or ('t4', 3)),
    'title P1': (('P', 1), lambda r: r and ('T', r[1])), 'move P1': (('P', 1), lambda r: r and (r[0], 2)),
    'move P2': (('P', 2), lambda r: r and (r[0], 1)), 'delete P1': (('P', 1), lambda r: None),
    'insert M2': (('M', 2), lambda r: r or ('b2', 2)), 'move M1': (('M', 1), lambda r: r and (r[0], 2)),
    'delete M1': (('M', 1), lambda r: None), 'rename S': (('S', 1), lambda r: ('w',)), 'rename S2': (('S', 2), lambda r: ('v',)),
    'rename S back': (('S', 1), lambda r: ('s',)),
}
TREE = {
    'rename N1': (('N', 1), lambda r: r and ('A', r[1])), 'rename N2': (('N', 2), lambda r: r and ('B', r[1])),
    'move N2': (('N', 2), lambda r: r and (r[0], 3)), 'move N3': (('N', 3), lambda r: r and (r[0], 2)),
    'insert N4': (('N', 4), lambda r: r or ('d', 2)), 'delete N2': (('N', 2), lambda r: None),
}
ALL = {**OPS, **TREE}
# PostgreSQL's lock modes, as far as used: RowExclusive, Share, ShareRowExclusive, Exclusive.
COMPATIBLE = {('RE', 'RE'), ('S', 'S')}


def query_post(db, keys=None):
    documents = {}
    for (table, key), row in db.items():
        user = db.get(('U', row[1])) if table == 'P' and (keys is None or key in keys) else None
        if user:
            comments = tuple(sorted(m[0] for (t, _), m in db.items() if t == 'M' and m[1] == key))
            documents[key] = (row[0], row[1], user[0], db.get(('C', user[1]), (None,))[0], comments, shared_value(db))
    return documents


def shared_value(db):
    return max(row[0] for (table, _), row in db.items() if table == 'S')


def query_node(db, keys=None):
    documents = {}
    for table, key in db:
        if table == 'N' and (keys is None or key in keys):
            names, at = [], key
            while ('N', at) in db and len(names) < 4:
                names.append(db[('N', at)][0])
                at = db[('N', at)][1]
            documents[key] = tuple(names)
    return documents


def query_user(db, posts, keys=None):
    return {key: (row[0], db.get(('C', row[1]), (None,))[0], tuple(sorted(p for p in posts.items() if p[1][1] == key)))
            for (table, key), row in db.items() if table == 'U' and (keys is None or key in keys)}


def children(db, table, parents):
    return {key for (name, key), row in db.items() if name == table and row[1] in parents}


class Tx(NamedTuple):
    step: object = 0                  # number of the next operation, then a phase of the flush
    writes: tuple = ()                # (row, new value): base rows on top of the committed ones
    changes: tuple = ()               # (row, old, new), seeds of both TVIEWs
    documents: tuple = ()             # (tview, key, document) on top of the committed ones
    seeds: tuple = ()                 # (old, new) documents of tv_post that the flush changed: seeds of tv_user
    locks: frozenset = frozenset()    # (tag, mode)
    wanted: tuple = None              # still to take in this phase
    users: frozenset = frozenset()    # found by step a of tv_post
    keys: frozenset = frozenset()     # found by the last step
    eyes: tuple = None                # the base rows seen when the flush began
    gave_up: bool = False             # the walk of this TVIEW has, and everything is compared
    compared: bool = False            # tv_post has been compared in full in this transaction
    saved: tuple = None               # what there was at SAVE
    resume: object = None             # where to go on after a flush that a read caused


# The phases of a flush, by TVIEW: its own tag; each step's tags and then the step; the documents' tags; comparing and writing.
PHASES = {'post': [('post', 'whole'), ('post', 'a'), ('post', 'b'), ('post', 'documents'), ('post', 'compare')],
          'user': [('user', 'whole'), ('user', 'a'), ('user', 'documents'), ('user', 'compare')],
          'node': [('node', 'whole'), ('node', 'a'), ('node', 'documents'), ('node', 'compare')]}


class Model:
    def __init__(self, without=None, limit=99, rows=99):
        # limit: above so many tags of one level, lock coarsely; rows: where a step finds more, give up
        self.without, self.limit, self.rows = without, limit, rows
        if without in ('coarse excludes fine', 'coarse documents'):
            self.limit = min(limit, 1)
        if without in ('near when giving up', 'documents when giving up'):
            self.rows = 0

    def has(self, part):
        return self.without != part

    # What a transaction changed --------------------------------------------------------------------------------------

    def versions(self, tx, table):
        for row, old, new in tx.changes:
            if row[0] == table:
                if old and self.has('old values'):
                    yield row[1], old
                if new:
                    yield row[1], new

    def keys_of(self, tx, table):
        return {row[1] for row, _, _ in tx.changes if row[0] == table}

    def moved(self, tx, table):
        """Join values of rows of a table that came, went or moved; a row that did neither takes no near tags."""
        for row, old, new in tx.changes:
            if row[0] == table and (old is None or new is None or old[1] != new[1]):
                if old and self.has('near old'):
                    yield old[1]
                if new and self.has('near new'):
                    yield new[1]

    def everything(self, tx, tview):
        return tview == 'post' and any(row[0] == 'S' for row, _, _ in tx.changes)

    def documents_of(self, tx, tview):
        if tview == 'post':
            return tx.keys | self.keys_of(tx, 'P') | {m[1] for _, m in self.versions(tx, 'M')}
        if tview == 'node':
            return tx.keys | self.keys_of(tx, 'N')
        return tx.keys | self.keys_of(tx, 'U') | {d[1] for pair in tx.seeds for d in pair if d}

    # Locks -----------------------------------------------------------------------------------------------------------

    def tags(self, tx, number):
        tview, level = tx.step
        if level == 'whole':
            exclusive = self.everything(tx, tview) and self.has('whole TVIEW')
            early = not self.has('levels') and number > 0 and tview == 'post' and not exclusive
            return [((tview, 'whole'), 'E' if exclusive else 'RE')] + (
                self.step_tags((tview, 'b'), set(), set(self.moved(tx, 'P'))) if early else [])
        if self.everything(tx, tview):
            return []
        if level == 'documents' and tx.gave_up:
            tags = [((tview, 'documents'), 'E')] if self.has('documents when giving up') else []
        elif level == 'documents':
            tags = self.document_tags(tview, self.documents_of(tx, tview)) if self.has('document locks') else []
        elif not self.has('step locks'):
            tags = []
        elif tview == 'node':
            tags = self.step_tags((tview, 'a'), self.keys_of(tx, 'N'), set(self.moved(tx, 'N')), self.has('closures coarse'))
        elif level == 'a':
            tags = self.step_tags((tview, 'a'), self.keys_of(tx, 'C'), set(self.moved(tx, 'U')))
        elif tx.gave_up:
            tags = self.step_tags((tview, 'b'), set(), set(self.moved(tx, 'P'))) if self.has('near when giving up') else []
        else:
            far = self.keys_of(tx, 'U') | (tx.users if self.has('walked') else set())
            tags = self.step_tags((tview, 'b'), far, set(self.moved(tx, 'P')))
        return tags if self.has('order') or number == 0 else tags[::-1]

    def step_tags(self, level, far, near, whole=False):
        if not self.has('near'):
            near = set()
        coarse = whole or len(far) + len(near) > self.limit
        tags = []
        for name, ours, theirs in (('X', far, near), ('Y', near, far)):
            excludes = coarse and theirs and self.has('coarse excludes fine')
            mode = 'SRE' if ours and excludes else 'RE' if ours else 'S' if excludes else None
            if mode:
                tags.append(((*level, name), mode))
        if coarse:
            return tags
        both = far & near if self.has('both at once') else set()
        fine = [((*level, v), 'SRE') for v in both] + [((*level, v), 'S') for v in far - both] + [((*level, v), 'RE') for v in near - both]
        return tags + sorted(fine, key=str)

    def document_tags(self, tview, keys):
        if not keys:
            return []
        coarse = len(keys) > self.limit
        if coarse:
            return [((tview, 'documents'), 'E' if self.has('coarse documents') else 'RE')]
        return [((tview, 'documents'), 'RE')] + [((tview, 'document', key), 'E') for key in sorted(keys)]

    # Moves -----------------------------------------------------------------------------------------------------------

    def move(self, tx, number, others, program, state):
        """One move of one transaction: (new tx, new state), or None when it has to wait."""
        committed, stored = state
        base = {**committed, **dict(tx.writes)}
        base = {row: value for row, value in base.items() if value is not None}
        if isinstance(tx.step, int):
            return self.operate(tx, number, others, program, base, state)
        if tx.step == 'commit':
            return Tx(step='done'), (base, self.documents(stored, tx))
        seen = base if self.has('fresh eyes') or tx.eyes is None else dict(tx.eyes)
        wanted = tx.wanted if tx.wanted is not None else tuple(t for t in self.tags(tx, number) if t not in tx.locks)
        if wanted:
            tag, mode = wanted[0]
            if any(held == tag and (other_mode, mode) not in COMPATIBLE for o in others for held, other_mode in o.locks):
                return None
            return tx._replace(locks=tx.locks | {wanted[0]}, wanted=wanted[1:]), state
        return self.act(tx._replace(wanted=None), number, seen, committed, stored), state

    def operate(self, tx, number, others, program, base, state):
        if tx.step == len(program) or program[tx.step] == 'READ':
            resume = tx.step + 1 if tx.step < len(program) else None
            phases = self.phases(tx, number)
            if not phases:
                return tx._replace(step='commit' if resume is None else resume), state
            return tx._replace(step=phases[0], resume=resume, eyes=tuple(base.items()), users=frozenset(),
                               keys=frozenset(), seeds=()), state
        if program[tx.step] == 'SAVE':
            return tx._replace(step=tx.step + 1, saved=(tx.writes, tx.changes, tx.documents, tx.locks, tx.compared)), state
        if program[tx.step] == 'BACK':
            writes, changes, documents, locks, compared = tx.saved
            if not self.has('seeds back'):
                changes = tuple(change for change in changes if change in tx.changes)
            return tx._replace(step=tx.step + 1, writes=writes, changes=changes, documents=documents, locks=locks, compared=compared), state
        row, change = ALL[program[tx.step]]
        if any(row == other for o in others for other, _ in o.writes):
            return None
        old, new = base.get(row), change(base.get(row))
        if old == new:
            return tx._replace(step=tx.step + 1), state
        return tx._replace(step=tx.step + 1, writes=tuple(sorted({**dict(tx.writes), row: new}.items())),
                           changes=tx.changes + ((row, old, new),)), state

    def phases(self, tx, number):
        order = TVIEWS if self.has('ranks') or number == 0 else TVIEWS[::-1]
        tables = {row[0] for row, _, _ in tx.changes}
        return [phase for tview in order if ('N' in tables if tview == 'node' else tables - {'N'}) for phase in PHASES[tview]]

    def act(self, tx, number, seen, committed, stored):
        """What follows the locks of a phase."""
        tview, level = tx.step
        if level == 'a' and tview == 'post':
            tx = self.found(tx, 'users', children(seen, 'U', self.keys_of(tx, 'C')))
        elif level == 'a' and tview == 'user':
            tx = self.found(tx, 'keys', children(seen, 'U', self.keys_of(tx, 'C')))
        elif level == 'a':
            below = children(seen, 'N', self.keys_of(tx, 'N') | tx.keys)
            if below - tx.keys:
                return tx._replace(keys=tx.keys | below, wanted=())      # another turn, with no locks to take
        elif level == 'b' and not tx.gave_up:
            tx = self.found(tx, 'keys', children(seen, 'P', self.keys_of(tx, 'U') | tx.users))
        elif level == 'compare':
            tx = self.compare(tx, tview, seen, committed, self.documents(stored, tx))
        phases = self.phases(tx, number)
        at = phases.index(tx.step)
        if at + 1 < len(phases):
            return tx._replace(step=phases[at + 1])
        tx = tx._replace(locks=tx.locks if self.has('kept') else frozenset())
        if tx.resume is not None:
            return tx._replace(step=tx.resume, resume=None, changes=(), eyes=None)
        return tx._replace(step='commit')

    def found(self, tx, what, rows):
        if len(rows) > self.rows:
            return tx._replace(gave_up=True, users=frozenset(), keys=frozenset())
        return tx._replace(**{what: frozenset(rows)})

    def compare(self, tx, tview, seen, committed, stored):
        posts, everything = stored['post'], self.everything(tx, tview)
        if everything:
            may_hold = not tx.compared or not self.has('compared')
            everything = not (may_hold and shared_value(committed) == shared_value(seen))
            tx = tx._replace(compared=True)
        keys = None if everything or tx.gave_up else self.documents_of(tx, tview)
        new = (query_post(seen, keys) if tview == 'post' else query_user(seen, posts, keys) if tview == 'user'
               else query_node(seen, keys))
        tx = tx._replace(gave_up=False)
        old = {k: d for k, d in stored[tview].items() if keys is None or k in keys}
        different = sorted(k for k in new.keys() | old.keys() if new.get(k) != old.get(k))
        written = {(t, k): d for t, k, d in tx.documents}
        written.update({(tview, k): new.get(k) for k in different})
        tx = tx._replace(documents=tuple((t, k, d) for (t, k), d in sorted(written.items(), key=str)), keys=frozenset())
        return tx._replace(seeds=tuple((old.get(k), new.get(k)) for k in different)) if tview == 'post' else tx

    @staticmethod
    def documents(stored, tx):
        documents = {tview: dict(stored[tview]) for tview in TVIEWS}
        for tview, key, document in tx.documents:
            if document is None:
                documents[tview].pop(key, None)
            else:
                documents[tview][key] = document
        return documents

    # All orders ------------------------------------------------------------------------------------------------------

    def explore(self, programs):
        """Tries every order of moves.  Returns the number of states, or what is wrong."""
        posts = query_post(START)
        begin = (START, {'post': posts, 'user': query_user(START, posts), 'node': query_node(START)})
        early = any('READ' in program for program in programs)
        seen, stack = set(), [(begin, (Tx(),) * len(programs))]
        while stack:
            state, txs = stack.pop()
            fingerprint = (frozenset(state[0].items()), *(frozenset(state[1][t].items()) for t in TVIEWS), txs)
            if fingerprint in seen:
                continue
            seen.add(fingerprint)
            waiting = [tx for tx in txs if tx.step != 'done']
            stuck = bool(waiting) and not any(isinstance(tx.step, int) for tx in waiting)
            for i, tx in enumerate(txs):
                if tx.step == 'done':
                    continue
                result = self.move(tx, i, [o for j, o in enumerate(txs) if j != i], programs[i], state)
                if result is None:
                    continue
                stuck = False
                new, new_state = result
                if new.step == 'done':
                    wrong = self.wrong(new_state)
                    if wrong:
                        return wrong
                stack.append((new_state, txs[:i] + (new,) + txs[i + 1:]))
            if stuck and not early:
                return 'waiting in a circle: ' + '; '.join(str(tx.step) for tx in waiting)
        return len(seen)

    @staticmethod
    def wrong(state):
        base, stored = state
        posts = query_post(base)
        for tview, right in (('post', posts), ('user', query_user(base, posts)), ('node', query_node(base))):
            if stored[tview] != right:
                return f'tv_{tview} is {stored[tview]}, its query says {right}'
        return None


CHOSEN = [
    # Both sides walk to the user and change posts of his: each needs the tag of step b in both modes.
    (('rename C1', 'move P1'), ('rename U1', 'insert P3')),
    # One walks from the company over the user, the other changes what both steps arrive at.
    (('rename C1',), ('insert P3', 'move U1')),
    # Rows move to parents, at both ends of the walk, while these change.
    (('move U2', 'move P2'), ('rename C1', 'rename U1')), (('move U1', 'insert P3'), ('delete C2', 'move P1')),
    (('rename C1', 'move P1'), ('rename U2',)), (('move P1', 'rename U1'), ('delete C2', 'insert P3')),
    # The shared value goes and comes back.
    (('rename S', 'READ', 'rename S back'), ('rename S2',)),
    (('rename C1', 'SAVE', 'READ', 'BACK'), ('rename U1',)),
]


def pairs():
    return CHOSEN + [pair for ops in (OPS, TREE) for pair in itertools.combinations_with_replacement([(op,) for op in ops], 2)]


def random_pairs(seed, number, early=False):
    """Two operations on both sides, or with a read between those of one side, perhaps in a savepoint."""
    chooser = random.Random(seed)
    kinds = [list(itertools.permutations(ops, 2)) for ops in (OPS, OPS, OPS, TREE)]
    for _ in range(number):
        (a, b), other = chooser.sample(chooser.choice(kinds), 2)
        yield (chooser.choice([(a, 'READ', b)] * 3 + [('SAVE', a, 'READ', 'BACK', b), (a, 'SAVE', b, 'READ', 'BACK')]) if early else (a, b), other)


def random_triples(seed, number):
    """Three transactions of one operation each."""
    chooser = random.Random(seed)
    return [tuple((op,) for op in chooser.choices(list(chooser.choice([OPS, OPS, OPS, TREE])), k=3)) for _ in range(number)]


def check(model, cases):
    """Returns the numbers of cases and states, and what is wrong with the last one or None."""
    number = states = 0
    for programs in cases:
        number += 1
        result = model.explore(programs)
        if isinstance(result, str):
            return number, states, f'{programs}: {result}'
        states += result
    return number, states, None


def cases(options, salt):
    return itertools.chain(pairs(), random_pairs(f'{options.seed}{salt}', options.cases),
                           random_pairs(f'{options.seed}{salt}', options.cases // 2, early=True))


def main():
    parser = argparse.ArgumentParser(description='Model check of the lock protocol.')
    parser.add_argument('--cases', type=int, default=60, help='random cases for each setting (default: 60)')
    parser.add_argument('--seed', default='1')
    parser.add_argument('--full', action='store_true', help='the whole protocol only, ten times the random cases, and triples')
    options = parser.parse_args()
    if options.full:
        options.cases *= 10
    failed = False
    settings = [(limit, rows, None) for limit, rows in ((99, 99), (1, 99), (0, 99), (99, 0))]
    for limit, rows, without in settings + [(99, 99, part) for part in REDUNDANT]:
        model = Model(without, limit, rows)
        what = (f'the protocol without "{without}" ({REDUNDANT[without]})' if without else
                f'the protocol, coarse above {limit} tags, giving up above {rows} rows')
        sets = [('pairs and random cases', cases(options, f'{limit}{rows}'))]
        if options.full:
            sets.append(('triples', random_triples(f'{options.seed}{limit}{rows}{without}', options.cases // 4)))
        for name, chosen in sets:
            number, states, wrong = check(model, chosen)
            print(f"{'FAIL' if wrong else 'ok  '}  {what}: {number} {name}, {states} states", flush=True)
            if wrong:
                print(wrong)
                failed = True
    for part, what in PARTS.items() if not options.full else ():
        number, _, wrong = check(Model(without=part), cases(options, part))
        print(f"{'ok  ' if wrong else 'FAIL'}  without \"{part}\" ({what}): " +
              (f'case {number} is wrong' if wrong else f'{number} cases did not notice'), flush=True)
        failed = failed or not wrong
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
