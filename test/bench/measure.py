"""Times one operation for all variants: rounds of pgbench, short and in turn, so that noise hits every variant alike.

Milliseconds are the median over rounds of a round's middle latency (the mean without the fastest and the slowest tenth; the
first transactions, which plan and warm the session's caches, are left out), or of transactions per second where an operation
is about throughput.  Not here: which variants there are (workload.py), printing (report.py).
"""
import glob
import os
import re
import statistics
import subprocess
import threading
import time
import zlib


class Round:
    def __init__(self, latencies, tps, transactions, failed, wal, cpu):
        self.latencies, self.tps, self.transactions = latencies, tps, transactions
        self.failed, self.wal, self.cpu = failed, wal, cpu


class Failed(Exception):
    """pgbench or a statement in it failed."""


def middle(values):
    values = sorted(values)
    cut = len(values) // 10
    return statistics.median(values) if len(values) < 20 else statistics.fmean(values[cut:len(values) - cut])


def pgbench(server, database, script, variables, operation, length, seed):
    """One round, so many transactions or seconds long."""
    path, log = os.path.join(server.scratch, 'script.sql'), os.path.join(server.scratch, 'latency')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(script)
    command = [os.path.join(server.bindir, 'pgbench'), '-n', '-M', 'prepared', '-f', path, '-c', str(operation.clients),
               '-j', str(min(operation.clients, os.cpu_count())), '--random-seed', str(seed), '-l', '--log-prefix', log]
    command += length
    for name, value in variables.items():
        command += ['-D', f'{name}={value}']
    for old in glob.glob(log + '*'):
        os.unlink(old)
    wal, cpu = server.wal(), server.cpu()
    done = subprocess.run(command, capture_output=True, encoding='utf-8', env={**os.environ, 'PGDATABASE': database},
                          stdin=subprocess.DEVNULL, check=False)
    wal, cpu = server.wal() - wal, server.cpu() - cpu
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if 'ERROR' in line or 'FATAL' in line]
        raise Failed((errors or done.stderr.splitlines() or ['pgbench failed'])[0])
    tps = float(re.search(r'tps = ([0-9.]+)', done.stdout)[1])
    failed = re.search(r'number of failed transactions: (\d+)', done.stdout)
    latencies = []
    for file in glob.glob(log + '*'):
        with open(file, encoding='ascii') as lines:
            latencies += [int(words[2]) / 1000 for words in map(str.split, lines) if words[2].isdigit()]
    count = len(latencies)
    warm = max(1, min(10, count // 5)) if operation.clients == 1 and count > 1 else 0
    return Round(latencies[warm:], tps, count, int(failed[1]) if failed else 0, wal, cpu)


def private_memory(pid):
    """Kilobytes a process has for itself: shared buffers it has looked at do not count."""
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        return int(re.search(r'RssAnon:\s+(\d+)', file.read())[1])


def peak_memory(server, database, script, variables):
    """Runs a script's statements in one new session; megabytes by which its private memory grew at most, and the time."""
    connection = server.connect(database)
    cursor = connection.cursor()
    cursor.execute('SELECT count(*) FROM pg_class')
    pid, peak, over = connection.get_backend_pid(), [0], threading.Event()
    start = private_memory(pid)

    def watch():
        while not over.is_set():
            peak[0] = max(peak[0], private_memory(pid))
            time.sleep(0.005)
    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    try:
        cursor.execute(re.sub(r'(?<!:):(\w+)', lambda name: str(variables.get(name[1], name[0])), script))
    finally:
        over.set()
        watcher.join()
        connection.close()
    return (peak[0] - start) / 1024, (time.monotonic() - began) * 1000


class Measurement:
    """What is known about one operation under one variant."""

    def __init__(self, variant):
        self.variant, self.rounds, self.error, self.spent, self.count = variant, [], None, 0.0, 0
        self.memory = self.wrong = self.hot = None

    def result(self, operation):
        facts = {'variant': self.variant.name, 'error': self.error, 'wrong': self.wrong, 'hot': self.hot,
                 'memory_mb': self.memory}
        if not self.rounds:
            return facts
        transactions = sum(r.transactions for r in self.rounds)
        each = [middle(r.latencies) for r in self.rounds]
        every = sorted(latency for r in self.rounds for latency in r.latencies)
        facts.update(ms=statistics.median(each), rounds_ms=each, mean_ms=statistics.fmean(every),
                     p10_ms=every[int(len(every) * 0.1)], p95_ms=every[int(len(every) * 0.95)], transactions=transactions,
                     failed=sum(r.failed for r in self.rounds),
                     wal_bytes=sum(r.wal for r in self.rounds) / max(1, transactions),
                     cpu_ms=1000 * sum(r.cpu for r in self.rounds) / max(1, transactions))
        if operation.throughput:
            facts.update(tps=statistics.median(r.tps for r in self.rounds), rounds_tps=[r.tps for r in self.rounds])
        return facts


def length_of_round(operation, one, seconds, trial):
    """pgbench's arguments.  Its -T knows whole seconds only; for less, a trial says how many transactions fit."""
    if operation.transactions:
        return ['-t', str(operation.transactions)]
    if operation.clients > 1 or seconds >= 1:
        return ['-T', str(max(1, round(seconds)))]
    if not one.count:
        latency = middle(trial(['-t', '1'], 1).latencies)
        if latency < 50:
            latency = middle(trial(['-t', '8'], 2).latencies)
        one.count = max(1, int(1000 * seconds / latency))
    return ['-t', str(one.count)]


def measure(server, operation, databases, variables, plan):
    """databases: variant → database.  Returns the Measurements, those of variants that take no part left out."""
    scripts = {variant: operation.script(variant) for variant in databases}
    taking_part = [variant for variant in databases if scripts[variant]]
    measured = {variant: Measurement(variant) for variant in taking_part}
    if operation.memory:
        for variant in taking_part:
            remember_memory(server, databases[variant], scripts[variant], variables, measured[variant])
        return list(measured.values())
    # Seeds differ between operations, and trials: writing the same value to the same row again would be no change.
    seed = zlib.crc32(operation.name.encode()) % 1000000
    for number in range(operation.rounds or (plan.rounds_together if operation.clients > 1 else plan.rounds)):
        for variant in taking_part if number % 2 == 0 else reversed(taking_part):
            one = measured[variant]
            if one.error or one.spent > plan.patience:
                continue
            began = time.monotonic()
            def run(length, seed):
                return pgbench(server, databases[variant], scripts[variant], variables, operation, length, seed)
            try:
                one.rounds.append(run(length_of_round(operation, one, plan.seconds, run), seed + number))
            except Failed as failed:
                one.error = str(failed)
            one.spent += time.monotonic() - began
    return list(measured.values())


def remember_memory(server, database, script, variables, one):
    try:
        before = server.wal()
        one.memory, took = peak_memory(server, database, script, variables)
        one.rounds.append(Round([took], 1000 / took, 1, 0, server.wal() - before, 0))
    except Exception as failed:                                          # a session that ends early is a result, too
        one.error = str(failed).splitlines()[0]
