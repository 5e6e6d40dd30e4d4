"""Rules that csr and a peer can both say, their text in csr, and what they mean: tried by all choices.

A rule is one of five kinds over steps, each a set of calls:

    count     `times` events of the one step             a[3..]
    distinct  as many different values of a field        a[3.. distinct v]
    all       one event of each step, in any order       a & b & c
    some      of `times` of the steps                    2 of (a, b, c)
    chain     step after step, each so often as it says  a -> b[2..] -> c, with `until` perhaps
"""
import itertools
import json
import os
import subprocess
import sys
from typing import NamedTuple

from streams import NULL, second_of

DAYS_30 = 30 * 86400


class Rule(NamedTuple):
    name: str
    kind: str
    steps: list  # sets of calls
    times: list  # of a chain: for each step; else one number
    span: int
    once: int
    until: frozenset
    field: str


def calls_nearby(chance, events):
    """Calls that one key makes close to one another, so that rules on real streams have something to match."""
    at = chance.choice([i for i, e in enumerate(events) if e.key] or [0])
    calls = list(dict.fromkeys(e.api for e in events[at:at + 400] if e.key == events[at].key))[:8]
    return chance.sample(calls, min(len(calls), 5))


def random_rule(chance, name, stream, kinds, overlap=True, repeats=True, until=True, forever=()):
    kind = chance.choice(kinds)
    apis = calls_nearby(chance, stream.events)
    n = 1 if kind in ("count", "distinct") else chance.choice([2, 2, 3]) if kind == "chain" else 3 if kind == "some" else 2
    steps = [{apis[i % len(apis)]} for i in range(n)]
    if overlap and chance.random() < 0.3:
        steps[-1] |= {chance.choice(apis)}
    if kind in ("count", "distinct"):
        steps = [set(chance.sample(apis, chance.randint(1, len(apis))))]
    disjoint = sum(len(s) for s in steps) == len(set().union(*steps))
    times = [chance.choice([1, 1, 1, 2, 3]) if repeats and disjoint else 1 for _ in steps] if kind == "chain" else \
            [2] if kind == "some" else [chance.choice([2, 3, 4])]
    free = [a for a in apis if a not in set().union(*steps)]
    stops = until and free and kind in ("chain", "all") and chance.random() < 0.4
    span = DAYS_30 if kind in forever else chance.choice(stream.spans)
    once = DAYS_30 if kind in forever else chance.choice([span, 4 * span, DAYS_30])
    return Rule(name, kind, [frozenset(s) for s in steps], times, span, once,
                frozenset([free[0]] if stops else []), stream.value)


# ---- in csr -----------------------------------------------------------------------------------------------------

def csr_text(rule):
    names = "abc"[:len(rule.steps)]
    of_step = f"with who = raw.userIdentity.arn with v = raw.{rule.field}"
    lines = [f"    step {n}: {', '.join(sorted(s))} {of_step}" for n, s in zip(names, rule.steps)]
    lines += [f"    step z: {', '.join(sorted(rule.until))} with who = raw.userIdentity.arn"] if rule.until else []
    match = {"count": f"a[{rule.times[0]}..]", "distinct": f"a[{rule.times[0]}.. distinct v]",
             "all": " & ".join(names), "some": f"{rule.times[0]} of ({', '.join(names)})",
             "chain": " -> ".join(n if t == 1 else f"{n}[{t}..]" for n, t in zip(names, rule.times))}[rule.kind]
    if rule.until:
        match = f"({match}) until z" if rule.kind == "all" else f"{match} until z"
    return (f'rule {rule.name} {{\n    title "t"\n    severity high\n    attack T1078\n    falsepos "f"\n    by who\n'
            f"    within {rule.span}s\n    once for {rule.once}s\n" + "\n".join(lines) + f"\n    match {match}\n}}\n")


def fires_in_csr(csr, rules, stream, folder):
    """{(rule, key): the seconds at which its incidents open}"""
    paths = [os.path.join(folder, n) for n in ("rules.csr", "events.ndjson")]
    texts = ("use aws\n\n" + "\n".join(map(csr_text, rules)), "".join(json.dumps(e.record) + "\n" for e in stream.events))
    for path, text in zip(paths, texts):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    done = subprocess.run([csr, "replay", "--lateness=1d", "--rules", paths[0], "--format=json", paths[1]],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"csr cannot read this:\n{texts[0]}\n{done.stderr}")
    fires = {}
    for line in done.stdout.splitlines():
        incident = json.loads(line)
        if incident["state"] == "closed":
            fires.setdefault((incident["rule"], incident["key"]["who"]), []).append(second_of(incident["opened"]))
    return fires


# ---- what it means ----------------------------------------------------------------------------------------------
# `reuse`, `anywhere` and `null` are how a peer reads it instead: one event may stand for several steps; the last event
# of a chain need not be among its last step's; a value that is null counts as one.

def steps_of(rule, event):
    return [i for i, s in enumerate(rule.steps) if event.api in s]


def representatives(lists, taken, reuse):
    """Whether each of the lists has an event of its own."""
    return not lists or any(representatives(lists[1:], taken | {id(e)}, reuse) for e in lists[0] if reuse or id(e) not in taken)


def has_all(rule, lists, last, reuse):
    of = rule.times[0] if rule.kind == "some" else len(rule.steps)
    return any(representatives([lists[s] for s in chosen if s != at], {id(e)}, reuse)
               for e in last for at in steps_of(rule, e)
               for chosen in itertools.combinations(range(len(rule.steps)), of) if at in chosen)


def has_chain(rule, lists, last, reuse, anywhere, stops):
    """From the last step back; where steps share no call the latest events are the best ones."""
    disjoint = sum(map(len, rule.steps)) == len(frozenset().union(*rule.steps))

    def go(at, ceiling, taken):
        if at < 0:
            return not any(ceiling <= s for s in stops)
        mine = [e for e in lists[at] if e.second <= ceiling and (reuse or id(e) not in taken)]
        n = rule.times[at]
        options = [mine[-n:]] if disjoint and len(mine) >= n else itertools.combinations(mine, n)
        return any(go(at - 1, min(e.second for e in some), taken | set(map(id, some))) for some in options
                   if at < len(rule.steps) - 1 or anywhere or any(e in some for e in last))
    return go(len(rule.steps) - 1, float("inf"), set())


def by_steps(rule, window):
    return [[e for e in window if e.api in s] for s in rule.steps]


def fits(rule, window, last, stops=(), lists=None, reuse=False, anywhere=False, null=False):
    """Whether the window, in order of time, holds a choice that one of `last` completes; `stops` are seconds. `lists`: of the
    events for each step, if they are others than the window's."""
    if rule.kind == "count":
        return bool(last) and len(window) >= rule.times[0]
    if rule.kind == "distinct":
        values = {e.value for e in window if e.value and (null or e.value != NULL)}
        return any(e.value and (null or e.value != NULL) or anywhere for e in last) and len(values) >= rule.times[0]
    lists = lists or by_steps(rule, window)
    if rule.kind == "chain":
        return has_chain(rule, lists, last, reuse, anywhere, stops)
    if not rule.until:
        return has_all(rule, lists, last, reuse)
    return any(has_all(rule, by_steps(rule, [e for e in window if e.second >= start]), last, reuse)
               and not any(start <= s for s in stops) for start in {e.second for e in window})


def completions(rule, events, **reading):
    """The seconds at which a choice of one key's events is complete, whatever the order they came in."""
    mine = sorted((e for e in events if steps_of(rule, e)), key=lambda e: e.second)
    stops = [e.second for e in events if e.api in rule.until]
    for second in sorted({e.second for e in mine}):
        window = [e for e in mine if second - rule.span <= e.second <= second]
        if fits(rule, window, [e for e in window if e.second == second],
                [s for s in stops if second - rule.span <= s <= second], **reading):
            yield second


def openings(seconds, once):
    """`once`: a group begins at the first completion after the last group's end."""
    opened = []
    for second in sorted(seconds):
        if not opened or second > opened[-1] + once:
            opened.append(second)
    return opened


def without_copies(events):
    seen = set()
    return [e for e in events if not (e.identity in seen or seen.add(e.identity))]


def by_definition(rule, events, **reading):
    return openings(completions(rule, without_copies(events), **reading), rule.once)
