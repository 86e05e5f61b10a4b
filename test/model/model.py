#!/usr/bin/python3
"""Model check of the lock protocol in src/refresh/locks.hpp, on a scope small enough to try every interleaving.

    model.py [--cases N] [--seed N]     every part of the protocol in turn removed, and nothing removed
    model.py --full                     more cases of the whole protocol, some minutes

Base tables C (companies), U (users: name, company), P (posts: title, user), M (comments: body, post), S (one site).
    tv_post   title, name of the user, name of his company, comments, name of the site;  steps  C --a--> U --b--> P,
              M gives the key itself, S compares everything
    tv_user   name, name of the company, and the documents of tv_post that are the user's;  step  C --a--> U,
              a row of tv_post gives the key itself
A transaction writes, flushes tv_post, then tv_user, and commits.  Each lock it takes is one move; transactions move in every
possible order.  After each commit both tables must be what their queries say, and transactions may never wait for each other
in a circle, unless it is for rows, which is the users' own deadlock.  With READ a transaction flushes between its writes and
keeps its locks; it may then be part of a deadlock, but never of a wrong document.

PARTS lists what can be taken away.  Each makes the check fail, which shows both that it is needed and that the check would
notice.  Not here: snapshots of REPEATABLE READ (test/torture, test/isolation), hash collisions, which only make wait.
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
    'walked': 'lock the join values of rows found on the way, not only of seeds',
    'old values': 'walk from what a row was, not only from what it is',
    'both at once': 'take a tag needed in both modes once, in a third mode',
    'fresh eyes': 'look with a snapshot taken after the locks',
    'order': 'take the tags of a level in one order',
    'ranks': 'flush TVIEWs in one order',
    'kept': 'keep locks until the transaction ends',
    'coarse excludes fine': 'a coarse lock of a step excludes fine locks of the other mode',
    'coarse documents': 'a coarse lock of documents excludes fine ones',
    'whole TVIEW': 'an everything flush holds the whole TVIEW exclusively',
}
TVIEWS = ('post', 'user')
START = {('C', 1): ('c1',), ('C', 2): ('c2',), ('U', 1): ('n1', 1), ('U', 2): ('n2', 2), ('P', 1): ('t1', 1), ('P', 2): ('t2', 2),
         ('M', 1): ('b1', 1), ('S', 1): ('s',)}
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
    'delete M1': (('M', 1), lambda r: None), 'rename S': (('S', 1), lambda r: ('W',)),
}
# PostgreSQL's lock modes, as far as used: RowExclusive, Share, ShareRowExclusive, Exclusive.
COMPATIBLE = {('RE', 'RE'), ('S', 'S')}


def query_post(db, keys=None):
    documents = {}
    for (table, key), row in db.items():
        user = db.get(('U', row[1])) if table == 'P' and (keys is None or key in keys) else None
        if user:
            comments = tuple(sorted(m[0] for (t, _), m in db.items() if t == 'M' and m[1] == key))
            documents[key] = (row[0], row[1], user[0], db.get(('C', user[1]), (None,))[0], comments, db[('S', 1)][0])
    return documents


def query_user(db, posts, keys=None):
    return {key: (row[0], db.get(('C', row[1]), (None,))[0], tuple(sorted(p for p in posts.items() if p[1][1] == key)))
            for (table, key), row in db.items() if table == 'U' and (keys is None or key in keys)}


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
    resume: object = None             # where to go on after a flush that a read caused


# The phases of a flush, by TVIEW: its own tag; each step's tags and then the step; the documents' tags; comparing and writing.
PHASES = {'post': [('post', 'whole'), ('post', 'a'), ('post', 'b'), ('post', 'documents'), ('post', 'compare')],
          'user': [('user', 'whole'), ('user', 'a'), ('user', 'documents'), ('user', 'compare')]}


class Model:
    def __init__(self, without=None, limit=99):
        self.without, self.limit = without, limit      # limit: above so many tags of one level, lock coarsely
        if without in ('coarse excludes fine', 'coarse documents'):
            self.limit = min(limit, 1)

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
                yield from (version[1] for version in (old, new) if version)

    def everything(self, tx, tview):
        return tview == 'post' and any(row[0] == 'S' for row, _, _ in tx.changes)

    def documents_of(self, tx, tview):
        if tview == 'post':
            return tx.keys | self.keys_of(tx, 'P') | {m[1] for _, m in self.versions(tx, 'M')}
        return tx.keys | self.keys_of(tx, 'U') | {d[1] for pair in tx.seeds for d in pair if d}

    # Locks -----------------------------------------------------------------------------------------------------------

    def tags(self, tx, number):
        tview, level = tx.step
        if level == 'whole':
            exclusive = self.everything(tx, tview) and self.has('whole TVIEW')
            return [((tview, 'whole'), 'E' if exclusive else 'RE')]
        if self.everything(tx, tview):
            return []
        if level == 'documents':
            tags = self.document_tags(tview, self.documents_of(tx, tview)) if self.has('document locks') else []
        elif not self.has('step locks'):
            tags = []
        elif level == 'a':
            tags = self.step_tags((tview, 'a'), self.keys_of(tx, 'C'), set(self.moved(tx, 'U')))
        else:
            far = self.keys_of(tx, 'U') | (tx.users if self.has('walked') else set())
            tags = self.step_tags((tview, 'b'), far, set(self.moved(tx, 'P')))
        return tags if self.has('order') or number == 0 else tags[::-1]

    def step_tags(self, level, far, near):
        if not self.has('near'):
            near = set()
        coarse = len(far) + len(near) > self.limit
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
        return self.act(tx._replace(wanted=None), number, seen, stored), state

    def operate(self, tx, number, others, program, base, state):
        if tx.step == len(program) or program[tx.step] == 'READ':
            resume = tx.step + 1 if tx.step < len(program) else None
            return tx._replace(step=self.phases(number)[0], resume=resume, eyes=tuple(base.items()), users=frozenset(),
                               keys=frozenset(), seeds=()), state
        row, change = OPS[program[tx.step]]
        if any(row == other for o in others for other, _ in o.writes):
            return None
        old, new = base.get(row), change(base.get(row))
        if old == new:
            return tx._replace(step=tx.step + 1), state
        return tx._replace(step=tx.step + 1, writes=tuple(sorted({**dict(tx.writes), row: new}.items())),
                           changes=tx.changes + ((row, old, new),)), state

    def phases(self, number):
        order = TVIEWS if self.has('ranks') or number == 0 else TVIEWS[::-1]
        return [phase for tview in order for phase in PHASES[tview]]

    def act(self, tx, number, seen, stored):
        """What follows the locks of a phase."""
        tview, level = tx.step
        if level == 'a' and tview == 'post':
            tx = tx._replace(users=frozenset(k for (t, k), r in seen.items() if t == 'U' and r[1] in self.keys_of(tx, 'C')))
        elif level == 'a':
            tx = tx._replace(keys=frozenset(k for (t, k), r in seen.items() if t == 'U' and r[1] in self.keys_of(tx, 'C')))
        elif level == 'b':
            users = self.keys_of(tx, 'U') | tx.users
            tx = tx._replace(keys=frozenset(k for (t, k), r in seen.items() if t == 'P' and r[1] in users))
        elif level == 'compare':
            tx = self.compare(tx, tview, seen, self.documents(stored, tx))
        phases = self.phases(number)
        at = phases.index(tx.step)
        if at + 1 < len(phases):
            return tx._replace(step=phases[at + 1])
        tx = tx._replace(locks=tx.locks if self.has('kept') else frozenset())
        if tx.resume is not None:
            return tx._replace(step=tx.resume, resume=None, changes=(), eyes=None)
        return tx._replace(step='commit')

    def compare(self, tx, tview, seen, stored):
        posts = stored['post']
        keys = None if self.everything(tx, tview) else self.documents_of(tx, tview)
        new = query_post(seen, keys) if tview == 'post' else query_user(seen, posts, keys)
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
        begin = (START, {'post': posts, 'user': query_user(START, posts)})
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
        for tview, right in (('post', posts), ('user', query_user(base, posts))):
            if stored[tview] != right:
                return f'tv_{tview} is {stored[tview]}, its query says {right}'
        return None


# Both sides walk to the user and change posts of his: each needs the tag of step b in both modes.
CHOSEN = [(('rename C1', 'move P1'), ('rename U1', 'insert P3'))]


def pairs():
    return CHOSEN + list(itertools.combinations_with_replacement([(op,) for op in OPS], 2))


def random_pairs(seed, number, early=False):
    """Two operations on both sides, or with a read between those of one side."""
    chooser = random.Random(seed)
    two = list(itertools.permutations(OPS, 2))
    for _ in range(number):
        one, other = chooser.sample(two, 2)
        yield ((one[0], 'READ', one[1]), other) if early else (one, other)


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
    parser.add_argument('--full', action='store_true', help='the whole protocol only, fifty times the random cases, and triples')
    options = parser.parse_args()
    if options.full:
        options.cases *= 50
    failed = False
    for limit in (99, 1, 0):
        model = Model(limit=limit)
        sets = [('pairs and random cases', cases(options, limit))]
        if options.full:
            sets.append(('triples', itertools.combinations_with_replacement([(op,) for op in OPS], 3)))
        for name, chosen in sets:
            number, states, wrong = check(model, chosen)
            print(f"{'FAIL' if wrong else 'ok  '}  the protocol, coarse above {limit} tags: {number} {name}, {states} states", flush=True)
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
