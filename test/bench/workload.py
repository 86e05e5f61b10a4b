"""Reads the folders of test/bench/workloads: what there is to build, to run, and for whom.

A workload has workload.json (title, views in order of dependency, order of operations, scales), data.sql, NAME.sql for each
view's query, operations/*.sql, and for each variant that needs more than a table with indexes a file VARIANT.sql.  With
"based_on" it shares another's data and operations.  docs/benchmark.md describes all of it.  Not here: running anything.
"""
import json
import os
import re
import string

HERE = os.path.dirname(os.path.realpath(__file__))
ORDER = ['bare', 'limit', 'hand_row_triggers', 'hand_statement_triggers', 'hand_safe', 'hand_jsonb_set',
         'refresh_concurrently', 'pg_tviews', 'pg_tviews_immediate', 'pg_tviews_deferred', 'pg_tviews_manual']


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def headers(text):
    """The title in a file's first comment line, and the "-- name: value" lines that follow."""
    lines = [line[2:].strip() for line in text.split('\n') if line.startswith('--')]
    pairs = [re.fullmatch(r'([a-z ]+): (.*)', line) for line in lines[1:]]
    return (lines or [''])[0], {pair[1]: pair[2] for pair in pairs if pair}


def sql_files(folder):
    return sorted(name[:-4] for name in os.listdir(folder) if name.endswith('.sql')) if os.path.isdir(folder) else []


class Variant:
    """How documents are kept: a file for each view (in variants/, default a plain table), then one for the workload."""

    def __init__(self, name, workload):
        self.name = name
        general = os.path.join(HERE, 'variants', f'{name}.sql')
        own = os.path.join(workload.folder, f'{name}.sql')
        self.for_view = general if os.path.exists(general) else os.path.join(HERE, 'variants', 'plain_table.sql')
        self.for_workload = own if os.path.exists(own) else None
        self.headers = headers(read(self.for_view))[1]
        self.checked = 'documents' not in self.headers           # or there are none, or they are not meant to be right

    def lines(self, header, views):
        """The header's statement, once for each view."""
        return [self.headers[header].replace(':tview', view) for view in views] if header in self.headers else []


class Operation:
    """One thing to time: a pgbench script, for some variants another one."""

    def __init__(self, name, scripts, queries, clients=None):
        self.scripts, self.queries = scripts, queries
        self.title, options = headers(next(iter(scripts.values())))
        counts = [int(count) for count in options.get('clients', '1').split()]
        self.clients = clients or counts[0]
        self.all_clients = counts
        self.family, self.name = name, f'{name}_{self.clients}' if len(counts) > 1 else name
        if len(counts) > 1:
            self.title += f", {self.clients} client{'s' * (self.clients > 1)}"
        self.throughput = 'clients' in options
        self.durable = options.get('commits') == 'durable'
        self.transactions = int(options.get('transactions', 0))     # a round; 0: as many as there is time for
        self.rounds = int(options.get('rounds', 0))
        self.memory = options.get('measure') == 'memory'
        self.left_out = options.get('not for', '').replace(',', ' ').split()
        self.lasting = options.get('changes') != 'nothing'
        self.in_quick = options.get('quick') != 'no'

    def script(self, variant):
        """The text pgbench runs for this variant, or nothing if it does not take part."""
        if variant.name in self.left_out:
            return None
        if variant.name in self.scripts:
            text = self.scripts[variant.name]
        elif variant.name == 'limit' or '' not in self.scripts:
            return None
        else:
            text = '\n'.join([self.scripts[''], *variant.lines('after each write', self.queries)])
        return string.Template(text).safe_substitute(self.queries)


class Workload:
    def __init__(self, name):
        self.name, self.folder = name, os.path.join(HERE, 'workloads', name)
        about = json.loads(read(self._path('workload.json')))
        self.title, self.views, self.order, self.scales = about['title'], about['views'], about['operations'], about['scales']
        self.folders = [self.folder]
        if 'based_on' in about:
            self.folders.append(os.path.join(HERE, 'workloads', about['based_on']))
        self.data = next(filter(os.path.exists, (os.path.join(folder, 'data.sql') for folder in self.folders)))
        self.queries = {view: read(self._path(f'{view}.sql')).strip() for view in self.views}
        self.operations = self._operations()

    def _path(self, file):
        return os.path.join(self.folder, file)

    def _operations(self):
        scripts = {}
        for folder in reversed(self.folders):
            for file in sql_files(os.path.join(folder, 'operations')):
                name, _, variant = file.partition('.')
                scripts.setdefault(name, {})[variant] = read(os.path.join(folder, 'operations', f'{file}.sql'))
        made = []
        for name in sorted(scripts, key=lambda name: (self.order.index(name) if name in self.order else 99, name)):
            first = Operation(name, scripts[name], self.queries)
            made += [Operation(name, scripts[name], self.queries, clients) for clients in first.all_clients]
        return made

    def variants(self):
        """General ones, those with a file here, and those some operation has a script for."""
        names = set(sql_files(os.path.join(HERE, 'variants'))) - {'plain_table'}
        names |= set(sql_files(self.folder)) - set(self.views) - {'data'}
        names |= {variant for operation in self.operations for variant in operation.scripts} - {''}
        if not any('limit' in operation.scripts for operation in self.operations):
            names -= {'limit'}
        return [Variant(name, self) for name in sorted(names, key=lambda n: (ORDER.index(n) if n in ORDER else 99, n))]


def all_names():
    return sorted(os.listdir(os.path.join(HERE, 'workloads')))
