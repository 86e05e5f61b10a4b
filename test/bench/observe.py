"""Watches statements from outside: what one session, or many, take of clock, processor, memory and write-ahead log.

Processor time is what the kernel has charged the session's process, so other load on the machine matters little; memory is what the
process has for itself (measure.private_memory), less what it had when it was new.  Used by limits and capacity.
"""
import glob
import os
import subprocess
import threading
import time

from measure import private_memory

MB = 1024 * 1024


class Watch:
    """Within it, peak is the most private memory, in kilobytes, that one of the processes had, and total that all had at once."""

    def __init__(self, processes, every=0.003):
        self.processes, self.every, self.peak, self.total, self.over = processes, every, 0, 0, threading.Event()

    def look(self):
        sizes = []
        for pid in self.processes():
            try:
                sizes.append(private_memory(pid))
            except (FileNotFoundError, ProcessLookupError, TypeError):    # it has just ended
                continue
        self.peak, self.total = max([self.peak, *sizes]), max(self.total, sum(sizes))

    def watch(self):
        while not self.over.wait(self.every):
            self.look()

    def __enter__(self):
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


class Session:
    """One session, watched from its first statement on."""

    def __init__(self, server, database):
        self.server = server
        self.connection = server.connect(database)
        self.cursor = self.connection.cursor()
        self.cursor.execute('SET max_parallel_workers_per_gather = 0; SET max_parallel_maintenance_workers = 0; '
                            'SELECT count(*) FROM pg_class')
        self.pid = self.connection.get_backend_pid()
        self.start = private_memory(self.pid)

    def processor(self):
        with open(f'/proc/{self.pid}/schedstat', encoding='ascii') as file:
            return int(file.read().split()[0]) / 1e9

    def value(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchone()[0]

    def measure(self, statements):
        """Runs statements one after the other; what they took together."""
        wal, processor, began = self.server.wal(), self.processor(), time.monotonic()
        with Watch(lambda: [self.pid]) as watch:
            for sql in statements:
                self.cursor.execute(sql)
            seconds = time.monotonic() - began
            watch.look()
        return {'seconds': seconds, 'processor_seconds': self.processor() - processor, 'wal_mb': (self.server.wal() - wal) / MB,
                'memory_mb': max(0, watch.peak - self.start) / 1024}

    def close(self):
        self.connection.close()


def many_sessions(server, database, script, sessions, seconds):
    """pgbench with so many sessions: transactions per second, latencies, what all of them took."""
    path, log = os.path.join(server.scratch, 'script.sql'), os.path.join(server.scratch, 'latency')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(script)
    for old in glob.glob(log + '*'):
        os.unlink(old)

    def backends():
        return [pid for pid, in server.run("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgbench'")]
    wal, processor, began = server.wal(), server.cpu(), time.monotonic()
    with Watch(backends, 0.2) as watch:
        done = subprocess.run([os.path.join(server.bindir, 'pgbench'), '-n', '-M', 'prepared', '-f', path, '-c', str(sessions),
                               '-j', '2', '-T', str(seconds), '-l', '--log-prefix', log],
                              capture_output=True, encoding='utf-8', check=False, stdin=subprocess.DEVNULL, env={**os.environ, 'PGDATABASE': database})
    if done.returncode:
        raise RuntimeError(done.stderr)
    latencies = []
    for file in glob.glob(log + '*'):
        with open(file, encoding='ascii') as lines:
            latencies += [int(words[2]) / 1000 for words in map(str.split, lines)]
    latencies.sort()
    return {'sessions': sessions, 'transactions': len(latencies), 'seconds': time.monotonic() - began,
            'per_second': len(latencies) / seconds, 'p50_ms': latencies[len(latencies) // 2],
            'p99_ms': latencies[len(latencies) * 99 // 100], 'processor_seconds': server.cpu() - processor,
            'wal_mb': (server.wal() - wal) / MB, 'memory_mb': watch.peak / 1024, 'all_memory_mb': watch.total / 1024}
