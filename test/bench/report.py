"""Prints what was measured: one table per workload and scale, then the targets.  Not here: measuring, judging (targets.py)."""
import statistics

from targets import ratio


def number(value, digits=3):
    """Three significant digits, thousands separated."""
    if value is None:
        return '–'
    if value >= 100 or not value:
        return f'{value:,.0f}'
    return f'{value:.{max(0, digits - len(str(int(value))))}f}' if value >= 1 else f'{value:.3f}'


def slower(result, other, speed):
    """How many times slower a result is than another."""
    value = result and other and ratio(result, other, speed)
    if not value:
        return '–'
    if speed == 'tps':
        value = 1 / value
    return f'{value:.2f}' if value < 100 else f'{value:,.0f}'


def print_rows(rows, right):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell.rjust(width) if i in right else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        print('  '.join(cells).rstrip())


def scale_text(scale):
    return ', '.join(f'{value:,} {name}' for name, value in scale.items())


def table(workload, scale, results, verdicts):
    """One line for each variant of each operation; ×bare and ×limit tell how many times slower it is than these."""
    print(f'\n## {workload.name}: {workload.title} ({scale_text(scale)})\n')
    for operation in workload.operations:
        mine = [r for r in results if r['operation'] == operation.name]
        if not mine:
            continue
        speed = 'tps' if operation.throughput else 'ms'
        rows = [[f'{operation.name}', speed, '×bare', '×limit', 'CPU ms', '×bare', 'WAL B/tx', 'HOT', 'wrong', 'noise', '']]
        reference = {r['variant']: r for r in mine}
        for r in mine:
            rows.append(['  ' + r['variant'], *row(r, speed, reference), remark(r, verdicts)])
        print(operation.title)
        print_rows(rows, range(1, 10))
        print()


def row(r, speed, reference):
    value = r.get(speed)
    rounds = r.get(f'rounds_{speed}') or [0]
    hot = '–' if r['hot'] is None else f"{r['hot']:.0%}"
    wrong = '–' if r['wrong'] is None else f"{r['wrong']:,}"
    noise = f'±{statistics.median(abs(x - value) for x in rounds) / value:.0%}' if value and len(rounds) > 1 else '–'
    ratios = [slower(r, reference.get(other), speed) for other in ('bare', 'limit')]
    return [number(value), *ratios, *processor_time(r, reference.get('bare')), number(r.get('wal_bytes')), hot, wrong, noise]


def processor_time(r, bare):
    """Unless there were so few transactions that starting their sessions counts."""
    times = [x['cpu_ms'] if x and x.get('transactions', 0) >= 500 * len(x['rounds_ms']) else None for x in (r, bare)]
    return [number(times[0]), f'{times[0] / times[1]:.2f}' if all(times) else '–']


def remark(r, verdicts):
    words = [v.text for v in verdicts if v.result is r]
    if r.get('memory_mb') is not None:
        words.insert(0, f"{r['memory_mb']:,.0f} MB")
    if r.get('failed'):
        words.insert(0, f"{r['failed']} transactions failed")
    if r['error']:
        words.insert(0, r['error'])
    return '; '.join(words)


def targets(verdicts, missing):
    """All targets in one list."""
    print('\n## Targets\n')
    rows = [[v.target['title'], scale_text(v.result['scale']), v.text] for v in verdicts]
    rows += [[target['title'], '', 'not measured in this run'] for target in missing]
    if rows:
        print_rows(rows, ())
        print(f'\n{sum(v.met for v in verdicts)} of {len(verdicts)} met')
