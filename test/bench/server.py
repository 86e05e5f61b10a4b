"""The private server as the benchmark uses it: databases, settings, SQL files, counters.

One database per variant, copied from one that holds a workload's data, so that every variant starts from the same pages and
none sees another's triggers.  Not here: starting the server (script/bench), timing (measure.py).
"""
import os
import subprocess
import time

import psycopg2


class Server:
    def __init__(self, bindir, scratch, data=None):
        self.bindir, self.scratch = bindir, scratch
        self.admin = self.connect('postgres')
        with open(os.path.join(data or os.path.join(scratch, 'data'), 'postmaster.pid'), encoding='ascii') as file:
            self.postmaster = int(file.readline())
        self.idle_children = self.children()

    def connect(self, database):
        connection = psycopg2.connect(dbname=database)
        connection.autocommit = True
        return connection

    def run(self, sql, arguments=None, database=None):
        """Runs one statement and returns its rows."""
        connection = self.connect(database) if database else self.admin
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, arguments)
                return cursor.fetchall() if cursor.description else []
        finally:
            if database:
                connection.close()

    def value(self, sql, arguments=None, database=None):
        return self.run(sql, arguments, database)[0][0]

    def psql(self, database, path, variables):
        """Runs a SQL file with psql; returns what went wrong, or nothing."""
        command = [os.path.join(self.bindir, 'psql'), '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', path]
        for name, value in variables.items():
            command += ['-v', f'{name}={value}']
        done = subprocess.run(command, capture_output=True, encoding='utf-8', stdin=subprocess.DEVNULL, check=False,
                              env={**os.environ, 'PGDATABASE': database, 'PGOPTIONS': '-c client_min_messages=error'})
        if not done.returncode:
            return ''
        errors = [line for line in done.stderr.splitlines() if 'ERROR' in line]
        return (errors or done.stderr.splitlines() or ['psql failed'])[0].rpartition('ERROR: ')[2].strip()

    def create(self, database, template='template0'):
        self.drop(database)
        self.run(f'CREATE DATABASE {database} TEMPLATE {template} STRATEGY file_copy')

    def drop(self, database):
        self.run(f'DROP DATABASE IF EXISTS {database} WITH (FORCE)')

    def durable(self, on):
        """Whether a commit waits for the disk.  Without it, WAL has no full page images either: they depend on the time
        since the last checkpoint, and would make bytes per transaction a matter of luck."""
        for name in ('fsync', 'full_page_writes'):
            self.run(f"ALTER SYSTEM SET {name} = {'on' if on else 'off'}")
        self.run('SELECT pg_reload_conf()')
        while self.value('SHOW fsync', database='postgres') != ('on' if on else 'off'):
            pass

    def wal(self):
        return int(self.value("SELECT pg_current_wal_insert_lsn() - '0/0'"))

    def children(self):
        with open(f'/proc/{self.postmaster}/task/{self.postmaster}/children', encoding='ascii') as file:
            return len(file.read().split())

    def cpu(self):
        """Seconds of processor time used by sessions that have ended; waits for those that are about to."""
        patience = time.monotonic() + 5
        while self.children() > self.idle_children and time.monotonic() < patience:
            time.sleep(0.002)
        with open(f'/proc/{self.postmaster}/stat', encoding='ascii') as file:
            fields = file.read().rpartition(')')[2].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf('SC_CLK_TCK')

    def updates(self, database, tables):
        """Updates of these tables so far, and those that stayed on their page."""
        return self.run('SELECT coalesce(sum(n_tup_upd), 0)::bigint, coalesce(sum(n_tup_hot_upd), 0)::bigint '
                        'FROM pg_stat_user_tables WHERE relname = ANY(%s)', (tables,), database)[0]
