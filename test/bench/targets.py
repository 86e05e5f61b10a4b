"""Compares results with targets.json: what is to be reached, met or missed.  A missed target fails nothing.

A target names workload, operation, perhaps a scale, and one of
    "of": [variant…], "at_most": r     ms at most r times that of the fastest of these variants
    "of": [variant…], "at_least": r    transactions per second at least r times those of the fastest, and no wrong document
    "of_operation": name               compare with another operation of the same variants
    "at_most_ms", "at_most_mb"         milliseconds, or megabytes beyond those of the bare write
    "spread": r                        over all scales in the run, slowest at most r times the fastest
"subject" is the variant that is to reach it, pg_tviews by default.  Not here: measuring.
"""
import json
import os
import statistics

SUBJECT = 'pg_tviews'


class Verdict:
    def __init__(self, target, result, value, met, limit, unit):
        self.target, self.result, self.met = target, result, met
        self.text = f'{limit} {unit}: {"met" if met else "MISSED"} ({value:.3g})'


def read():
    with open(os.path.join(os.path.dirname(os.path.realpath(__file__)), 'targets.json'), encoding='utf-8') as file:
        return json.load(file)


def find(results, scale, operation, variants, key):
    """The results of these variants in which something was measured."""
    return [r for r in results if r['scale'] == scale and r['operation'] == operation and r['variant'] in variants and r.get(key)]


def ratio(result, other, key):
    """How many times the other's value a result has: the median over rounds, since what disturbs a round disturbs both."""
    pairs = list(zip(result.get(f'rounds_{key}', []), other.get(f'rounds_{key}', [])))
    return statistics.median(mine / theirs for mine, theirs in pairs) if pairs else None


def judge(target, results):
    """A Verdict for each result the target speaks of."""
    results = [r for r in results if r['workload'] == target['workload']]
    subject = target.get('subject', SUBJECT)
    mine = [r for r in results if r['operation'] == target['operation'] and r['variant'] == subject and not r['error']
            and target.get('scale', {}).items() <= r['scale'].items()]
    if 'spread' in target:
        return spread(target, mine)
    return [verdict for result in mine if (verdict := judge_one(target, results, result))]


def spread(target, mine):
    times = [r['ms'] for r in mine if r.get('ms')]
    if len(times) < 2:
        return []
    value = max(times) / min(times)
    return [Verdict(target, mine[-1], value, value <= target['spread'], f'at most {target["spread"]} ×', 'the fastest scale')]


def judge_one(target, results, result):
    if 'at_most_ms' in target:
        most = target['at_most_ms']
        return Verdict(target, result, result['ms'], result['ms'] <= most, f'at most {most}', 'ms')
    if 'at_most_mb' in target:
        bare = find(results, result['scale'], result['operation'], ['bare'], 'memory_mb')
        if result['memory_mb'] is None:
            return None
        value = result['memory_mb'] - (bare[0]['memory_mb'] if bare else 0)
        return Verdict(target, result, value, value <= target['at_most_mb'], f'at most {target["at_most_mb"]}', 'MB more')
    key = 'tps' if 'at_least' in target else 'ms'
    others = find(results, result['scale'], target.get('of_operation', result['operation']), target['of'], key)
    if not others or not result.get(key):
        return None
    best = (max if key == 'tps' else min)(others, key=lambda r: r[key])
    value, name = ratio(result, best, key), best['variant'] + (f"'s {target['of_operation']}" if 'of_operation' in target else '')
    if key == 'tps':
        return Verdict(target, result, value, value >= target['at_least'] and not result['wrong'],
                       f'at least {target["at_least"]} ×', name)
    return Verdict(target, result, value, value <= target['at_most'], f'at most {target["at_most"]} ×', name)
