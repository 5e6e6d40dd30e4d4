#!/usr/bin/env python3
"""The same random streams through csr and through the Python package eql, on what both can say: sequences by a key with a
span, `until`, and repeated steps. Tells for each kind of case how many keys fire in both, in one, and why.

    python3 -m venv v && v/bin/pip install eql && v/bin/python tools/bench/peers/against_eql.py build/csr [RULES] [SEED]

eql takes events in the order in which they come; csr by their own seconds, whatever the order. So streams come three ways:
each event in a second of its own; several in one second, in random order; and late by up to five minutes. A key is one
user; what is compared is which keys fire at all, because the two do not group matches alike.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import eql

KEYS = 400  # of one rule
APIS = {"a": "CreateUser", "b": "CreateRole", "c": "CreateGroup", "d": "CreatePolicy"}
WAYS = ["in order", "ties", "late"]


def random_rule(chance):
    """Steps (letter, times), a span in seconds, a letter that ends it or None."""
    letters = chance.sample("abc", chance.choice([2, 2, 3]))
    steps = [(letter, chance.choice([1, 1, 1, 2, 3])) for letter in letters]
    return steps, chance.choice([5, 10, 30]), chance.choice([None, None, "d"])


def csr_text(rule):
    steps, span, until = rule
    lines = [f"    step {s}: iam:{APIS[s]} (ok)" for s, _ in steps]
    lines += [f"    step d: iam:{APIS['d']} (ok)"] if until else []
    match = " -> ".join(s if n == 1 else f"{s}[{n}..]" for s, n in steps) + (f" until {until}" if until else "")
    return ('use aws\nrule r {\n    title "t"\n    severity high\n    attack T1078\n    falsepos "f"\n    by user\n'
            f"    within {span}s\n    once for 30d\n" + "\n".join(lines) + f"\n    match {match}\n}}\n")


def eql_text(rule):
    steps, span, until = rule
    terms = [f'[iam where action == "{APIS[s]}"]' for s, n in steps for _ in range(n)]
    return (f"sequence by user with maxspan={span}s " + " ".join(terms)
            + (f' until [iam where action == "{APIS[until]}"]' if until else ""))


def random_stream(chance, way):
    """(second, letter, user) in the order in which they come."""
    events = []
    for user in range(KEYS):
        seconds = range(60) if way != "ties" else list(range(8)) * 2
        for second in chance.sample(list(seconds), chance.randint(2, 9)):
            events.append((second, chance.choice("aabbccd"), f"u{user}"))
    chance.shuffle(events)
    events.sort(key=lambda e: e[0] + (chance.random() * 300 if way == "late" else 0))
    return events


def record(number, event):
    second, letter, user = event
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_790_000_000 + second))
    return json.dumps({"eventVersion": "1.09", "eventID": f"{number:08x}", "eventTime": stamp, "eventSource": "iam.amazonaws.com",
                       "eventName": APIS[letter], "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
                       "userIdentity": {"type": "IAMUser", "userName": user, "arn": f"arn:aws:iam::111122223333:user/{user}"}})


def fires_in_csr(csr, rule, events, folder):
    paths = [os.path.join(folder, n) for n in ("rule.csr", "events.ndjson")]
    for path, text in zip(paths, (csr_text(rule), "".join(record(i, e) + "\n" for i, e in enumerate(events)))):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    done = subprocess.run([csr, "replay", "--rules", paths[0], "--format=json", paths[1]], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    live = {}
    for line in done.stdout.splitlines():
        incident = json.loads(line)
        live[incident["key"]["user"]] = incident["state"]
    return {user for user, state in live.items() if state != "retracted"}


def fires_in_eql(rule, events):
    fired = set()
    engine = eql.PythonEngine({"time_unit": 1})
    engine.add_query(eql.parse_query(eql_text(rule)))
    engine.add_output_hook(lambda result: fired.add(result.events[0].data["user"]))
    engine.stream_events([eql.Event("iam", second, {"action": APIS[letter], "user": user}) for second, letter, user in events])
    return fired


def by_definition(rule, events, user):
    """Whether the key has a choice that fits, by trying all: who is right where the two differ."""
    steps, span, until = rule
    wanted = [s for s, n in steps for _ in range(n)]
    mine = [(second, letter, i) for i, (second, letter, u) in enumerate(events) if u == user]
    stops = [second for second, letter, _ in mine if letter == until]

    def go(at, floor, taken):
        """floor: what stands at or before the step that is being filled."""
        if at == len(wanted):
            seconds = [second for second, _, _ in taken]
            return max(seconds) - min(seconds) <= span and not any(min(seconds) <= s <= max(seconds) for s in stops)
        if at and wanted[at] != wanted[at - 1]:
            floor = max(second for second, _, _ in taken)
        return any(go(at + 1, floor, taken + [event]) for event in mine
                   if event[1] == wanted[at] and event not in taken and event[0] >= floor)
    return go(0, 0, [])


def compare(csr, rules, seed):
    chance, wrong = random.Random(seed), 0
    print("way       keys  both  neither  csr only, right  eql only, wrong  csr wrong")
    with tempfile.TemporaryDirectory() as folder:
        for way in WAYS:
            n = dict(keys=0, both=0, neither=0, csr=0, eql=0, wrong=0)
            for _ in range(rules):
                rule, events = random_rule(chance), random_stream(chance, way)
                mine, theirs = fires_in_csr(csr, rule, events, folder), fires_in_eql(rule, events)
                for user in {u for _, _, u in events}:
                    truth = by_definition(rule, events, user)
                    n["keys"] += 1
                    n["both"] += user in mine and user in theirs
                    n["neither"] += user not in mine and user not in theirs
                    n["csr"] += user in mine and user not in theirs and truth
                    n["eql"] += user in theirs and user not in mine and not truth
                    if (user in mine) != truth:
                        n["wrong"] += 1
                        print(csr_text(rule), [e for e in events if e[2] == user], "csr" if user in mine else "not csr")
            wrong += n["wrong"]
            print(f"{way:<9} {n['keys']:<5} {n['both']:<5} {n['neither']:<8} {n['csr']:<16} {n['eql']:<16} {n['wrong']}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(compare(sys.argv[1], int((sys.argv[2:] + ["20"])[0]), int((sys.argv[3:] + ["1"])[0])))
