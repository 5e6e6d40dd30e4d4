#!/usr/bin/env python3
"""Streams made to hurt, one for each construct: four times the input may cost at most 4.4 times as much.

    tools/bench/hostile.py [--build=build] [--events=N] [--write] [NAME...]         instructions
    tools/bench/hostile.py [--build=build] [--events=N] [--write] --work [NAME...]  units of work of state

Instructions are counted by valgrind (Debian's), so the figures are the same on every machine and at every load. What
starting and compiling costs is counted with one event and taken off. Windows, and the time that records may come late,
are so short that both are full in the smaller run: what is measured is how cost grows when state does not. --write puts
what was measured into its table of docs/performance.md.
Units of work are counted by state itself (slab.h): no figure for anything but growth, and soon done.

Exit status 1 if a case grows by more than the bound, 77 without valgrind.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

BOUND = 4.4
START = 1_790_000_000
STEPS = ("step a: iam:CreateUser (ok) step b: iam:CreateRole (ok) step c: iam:CreateGroup (ok) "
         "step d: iam:CreatePolicy (ok) ")
OVERLAP = "step a: iam:Create* (ok) step b: iam:Create* (ok) step c: iam:Create* (ok) "
APIS = {"a": "CreateUser", "b": "CreateRole", "c": "CreateGroup", "d": "CreatePolicy"}


def event(second, letter, user="u", **req):
    return {"second": second, "api": APIS[letter], "user": user, "req": req}


def cycle(n, letters, each=1, apart=1, **more):
    """Events in turns: so many each second, and seconds so far apart."""
    return [event(i // each * apart, letters[i % len(letters)], **more) for i in range(n)]


def shuffled(events, span):
    """As they come where delivery shuffles: each up to `span` places late, always the same way."""
    order = random.Random(1)
    return [e for _, e in sorted((i + order.random() * span, e) for i, e in enumerate(events))]


def late(events, behind):
    """In pairs: the newer event of `behind` later, then one late hit."""
    ahead = [dict(e, second=e["second"] + behind) for e in events]
    return [e for pair in zip(ahead[::2], events[1::2]) for e in pair]


def told_apart(n, letters="ab", repeat=1, field="x"):
    return [event(i, letters[i % len(letters)], **{field: f"v{i // repeat}"}) for i in range(n)]


# name: (clauses of a rule by user, or of its own key, and the events by their number)
CASES = {
    # order and ties
    "one key, a chain": (f"by user within 2m {STEPS} match a -> b -> c", lambda n: cycle(n, "abc")),
    "a chain, strictly later": (f"by user within 2m {STEPS} match a => b => c", lambda n: cycle(n, "abc", each=6, apart=6)),
    "a hundred a second": (f"by user within 2m {STEPS} match a -> b -> c", lambda n: cycle(n, "abc", each=100, apart=15)),
    "a hundred a second, counted": (f"by user within 2m {STEPS} match a -> b score 10 +20 if count(a) >= 1000",
                            lambda n: cycle(n, "ab", each=100, apart=15)),
    "a hundred a second, all values different": (
        f"by user within 2m {STEPS} match a[10.. distinct req.x] -> b",
        lambda n: [event(i // 100 * 15, "aaab"[i % 4], x=f"v{i}") for i in range(n)]),
    "a hundred a second, a sum": (f"by user within 2m {STEPS} match a[sum req.n >= 1000000] -> b",
                          lambda n: [event(i // 100 * 60, "aaab"[i % 4], n=i % 100) for i in range(n)]),
    "a hundred a second, references": (
        "by user within 2m step a: iam:CreateUser (ok) step b: iam:CreateRole (ok and req.x == a.req.x) match a -> b",
        lambda n: [event(i // 100 * 15, "ab"[i % 2], x=f"v{i}") for i in range(n)]),
    "a hundred a second, steps that overlap": (f"by user within 1m {OVERLAP} match a -> b -> c", lambda n: cycle(n, "abcd", each=100, apart=15)),
    "steps that overlap, ties": (f"by user within 1m {OVERLAP} match a -> b -> c", lambda n: cycle(n, "abcd", each=8, apart=8)),
    "a start without an end": (f"by user within 2m {STEPS} match a -> b -> c", lambda n: cycle(n, "aab")),
    # keys
    "every key another": (f"by user within 2m {STEPS} match a -> b",
                          lambda n: [event(i // 2, "ab"[i % 2], user=f"u{i // 2}") for i in range(n)]),
    "every key another, never complete": (f"by user within 2m {STEPS} match a -> b",
                                          lambda n: [event(i // 2, "a", user=f"u{i}") for i in range(n)]),
    "lists as keys": ("by x within 2m step a: iam:CreateUser (ok) with x = req.xs[] step b: iam:CreateRole (ok) with x = req.xs[] "
                      "match a -> b", lambda n: [event(i, "ab"[i % 2], xs=[f"v{i}-{k}" for k in range(20)]) for i in range(n)]),
    # counts, values, amounts
    "a count": (f"by user within 2m {STEPS} match a[50..] -> b", lambda n: cycle(n, "aaaaaaaaab")),
    "a large count": (f"by user within 2m {STEPS} match a[500..] -> b", lambda n: cycle(n, "aaaaaaaaab", each=10, apart=10)),
    "a count in a window": (f"by user within 2m {STEPS} match a[20.. in 30s] -> b", lambda n: cycle(n, "aaaaaaaaab")),
    "an inner window behind a start": (f"by user within 2m {STEPS} match a -> (b -> c)[in 30s] -> d", lambda n: cycle(n, "abbac")),
    "a count in the middle": (f"by user within 2m {STEPS} match a -> b[20..] -> c", lambda n: cycle(n, "abbbb")),
    "a count at the end": (f"by user within 2m {STEPS} match a -> b[20..]", lambda n: cycle(n, "abbbb")),
    "a count with an upper end": (f"by user within 2m {STEPS} match a -> b[3..5 in 30s]", lambda n: cycle(n, "abbbb", each=4, apart=4)),
    "any order": (f"by user within 2m {STEPS} match a & b & c & d", lambda n: cycle(n, "abc")),
    "two of many": (f"by user within 2m {STEPS} match 2 of (a, b, c) -> d", lambda n: cycle(n, "abc")),
    "one of many": (f"by user within 2m {STEPS} match (a | b -> c) -> d", lambda n: cycle(n, "abcd")),
    "different values, all new": (f"by user within 2m {STEPS} match a[10.. distinct req.x] -> b", lambda n: told_apart(n, "aaab")),
    "different values, few": (f"by user within 2m {STEPS} match a[10.. distinct req.x] -> b",
                              lambda n: [event(i, "aaab"[i % 4], x=f"v{i % 9}") for i in range(n)]),
    "a sum in first place": (f"by user within 2m {STEPS} match a[sum req.n >= 100000] -> b",
                             lambda n: [event(i, "aaab"[i % 4], n=7) for i in range(n)]),
    "a sum in the middle": (f"by user within 2m {STEPS} match a -> b[sum req.n >= 100000] -> c",
                            lambda n: [event(i, "abb"[i % 3], n=7) for i in range(n)]),
    "a sum of small parts": (f"by user within 2m {STEPS} match a[sum req.n >= 1000] -> b",
                             lambda n: [event(i, "aaab"[i % 4], n=7) for i in range(n)]),
    # gaps
    "a gap at most": (f"by user within 2m {STEPS} match a ->[10s] b -> c", lambda n: cycle(n, "ab")),
    "a gap at least": (f"by user within 2m {STEPS} match a ->[20s..] b -> c", lambda n: cycle(n, "ab")),
    "a gap between": (f"by user within 2m {STEPS} match a ->[20s..40s] b -> c", lambda n: cycle(n, "ab")),
    "two gaps": (f"by user within 2m {STEPS} match a ->[10s..] b ->[10s..] c -> d", lambda n: cycle(n, "abc")),
    # references
    "references that never repeat": (
        "by user within 2m step a: iam:CreateUser (ok) step b: iam:CreateRole (ok and req.x == a.req.x) match a -> b",
        lambda n: told_apart(n)),
    "references that come in pairs": (
        "by user within 2m step a: iam:CreateUser (ok) step b: iam:CreateRole (ok and req.x == a.req.x) match a -> b",
        lambda n: told_apart(n, repeat=2)),
    "references that differ": (
        "by user within 2m step a: iam:CreateUser (ok) step b: iam:CreateRole (ok and req.x != a.req.x) match a -> b",
        lambda n: told_apart(n, repeat=3)),
    "references that differ, a count": (
        "by user within 2m step a: iam:CreateUser (ok) step b: iam:CreateRole (ok and req.x != a.req.x) match a[3..] -> b",
        lambda n: told_apart(n, "aaab")),
    # what may be missing, what may not be
    "optional items by the thousand": (f"by user within 2m {STEPS} match a -> b? -> c? -> d?", lambda n: cycle(n, "abcd")),
    "optional groups": (f"by user within 2m {STEPS} match a -> (b -> c)? -> d?", lambda n: cycle(n, "abbc")),
    "vetoes that alternate": (f"by user within 2m {STEPS} match a -> !c -> b -> d", lambda n: cycle(n, "acab")),
    "vetoes with references": (
        "by user within 2m step a: iam:CreateUser (ok) step b: iam:CreateRole (ok) "
        "step c: iam:CreateGroup (ok and req.x == a.req.x) match a -> !c -> b",
        lambda n: told_apart(n, "acab", repeat=2)),
    "until, a storm": (f"by user within 2m {STEPS} match a -> b -> d until c", lambda n: cycle(n, "abc")),
    "absence": (f"by user within 2m {STEPS} match a -> !c for 30s", lambda n: cycle(n, "aac")),
    "absence of nothing": (f"by user within 2m {STEPS} match a -> b -> !c for 30s", lambda n: cycle(n, "ab")),
    # what is gathered and judged
    "amounts": (f"by user within 2m {STEPS} match a -> b score 10 +20 if count(a) >= 1000 and count(b) >= 1000", lambda n: cycle(n, "ab")),
    "amounts of different values": (f"by user within 2m {STEPS} match a -> b score 10 +20 if distinct(a.req.x) >= 1000",
                                    lambda n: told_apart(n)),
    "amounts that are ended by vetoes": (f"by user within 2m {STEPS} match a -> !c -> b score 10 +20 if count(a) >= 1000",
                                         lambda n: cycle(n, "abac")),
    "a huge once": (f"by user within 1m once for 1d {STEPS} match a -> b", lambda n: cycle(n, "ab")),
    "a huge once, counted": (f"by user within 1m once for 1d {STEPS} match a -> b score 10 +20 if count(a) >= 1000",
                             lambda n: cycle(n, "ab")),
    "incidents by the thousand": (f"by user within 1m once for 1s {STEPS} match a -> b", lambda n: cycle(n, "ab")),
    "where": (f"by user within 2m {STEPS} match a[2..] & b where count(b) * 3 >= count(a)", lambda n: cycle(n, "aaab")),
    "where, never": (f"by user within 2m {STEPS} match a -> b where count(a) >= 100000", lambda n: cycle(n, "ab")),
    "where, different values": (f"by user within 2m {STEPS} match a -> b where distinct(a.req.x) >= 100000", lambda n: told_apart(n)),
    # baselines
    "new values": ("by user within 2m step a: iam:CreateUser (ok) step b: iam:CreateRole (ok) match a -> b score 10 +20 if new(seen, a)",
                   lambda n: told_apart(n)),
    "new values, a huge once": (
        "by user within 2m once for 1d step a: iam:CreateUser (ok) step b: iam:CreateRole (ok) match a -> b score 10 +20 if new(seen, a)",
        lambda n: told_apart(n)),
    "new values as a gate": ("by user within 2m step a: iam:CreateUser (ok and new(seen)) step b: iam:CreateRole (ok) match a -> b",
                             lambda n: told_apart(n)),
    # arrival
    "shuffled arrival": (f"by user within 2m {STEPS} match a -> b -> c", lambda n: shuffled(cycle(n, "abc"), 50)),
    "shuffled arrival, one key of many": (
        f"by user within 2m {STEPS} match a -> b -> c",
        lambda n: shuffled([dict(e, user=f"u{i % 4}") for i, e in enumerate(cycle(n, "abc", each=4, apart=2))], 100)),
    "shuffled arrival, counted": (f"by user within 2m {STEPS} match a -> b score 10 +20 if count(a) >= 1000",
                                  lambda n: shuffled(cycle(n, "ab"), 50)),
    "shuffled arrival, where": (f"by user within 2m {STEPS} match a -> b where count(a) >= 100000", lambda n: shuffled(cycle(n, "ab"), 50)),
    "late hits one by one": (f"by user within 2m {STEPS} match a -> b -> c", lambda n: late(cycle(n, "abc"), 1)),
    "late hits, where": (f"by user within 2m {STEPS} match a -> b where count(a) >= 100000", lambda n: late(cycle(n, "abba"), 1)),
    "late hits, counted": (f"by user within 2m {STEPS} match a -> b score 10 +20 if count(a) >= 1000", lambda n: late(cycle(n, "abba"), 1)),
    "hits behind the watermark": (f"by user within 5m {STEPS} match a -> b -> c", lambda n: late(cycle(n, "abc"), 90)),
}


HEAD = ["| stream | an event of n | of 4n | ratio | memory, n | 4n |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
LARGER = {  # times as many events: answers of baselines are waited for, late hits look back farther, and what was told is
            # remembered until it is closed, so state is full later
    "incidents by the thousand": 2,
    "new values": 6, "new values, a huge once": 6, "new values as a gate": 6,
    "shuffled arrival, counted": 2, "shuffled arrival, one key of many": 2,
}


def write_rule(path, clauses):
    with open(path, "w", encoding="utf-8") as f:
        f.write('use aws\nbaseline seen = (account, req.x) keep 30d warmup 1s\n'
                f'rule r {{ title "t" severity high attack T1078 falsepos "f" {clauses} }}\n')


def write_events(path, events):
    with open(path, "w", encoding="utf-8") as f:
        for number, e in enumerate(events):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(START + e["second"]))
            arn = f"arn:aws:iam::111122223333:user/{e['user']}"
            f.write(json.dumps({
                "eventVersion": "1.09", "eventID": f"{number:08x}", "eventTime": stamp, "eventSource": "iam.amazonaws.com",
                "eventName": e["api"], "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
                "requestParameters": e["req"], "userIdentity": {"type": "IAMUser", "userName": e["user"], "arn": arn}}) + "\n")


def run(command, events, **more):
    with open(events, "rb") as f:
        done = subprocess.run(command, stdin=f, capture_output=True, text=True, **more)
    if done.returncode:
        sys.exit(done.stderr)
    return done


def instructions(build, rule, events):
    """As they come: from standard input, which is not put into order. (instructions, memory in KiB)"""
    counted = run(["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", f"{build}/csr", "replay",
                   "--threads=1", "--lateness=1m", "--rules", rule, "--format=json", "-"], events)
    return int(re.search(r"I +refs: +([\d,]+)", counted.stderr)[1].replace(",", "")), work(build, rule, events)[1]


def work(build, rule, events):
    units, memory = run([f"{build}/tests/work", rule], events).stdout.split()
    return int(units), int(memory)


def measure(build, count, name, n, folder):
    """Cost and memory of n events and of 4n."""
    clauses, make = CASES[name]
    rule, events = os.path.join(folder, "rule.csr"), os.path.join(folder, "events.ndjson")
    write_rule(rule, clauses)
    costs = []
    for size in (1, n, 4 * n):
        write_events(events, make(size))
        costs.append(count(build, rule, events))
    return [(c[0] - costs[0][0], c[1]) for c in costs[1:]]


def row(name, n, small, large):
    ratio = large[0] / max(small[0], 1)
    return (f"| {name} | {small[0] // n:,} | {large[0] // (4 * n):,} | {ratio:.2f} | {small[1] / 1024:.0f} MB | {large[1] / 1024:.0f} MB |",
            ratio)


def put_into_docs(rows, what):
    """Puts rows into the table of what was counted: those of streams that were not measured now stay."""
    path = os.path.join(os.path.dirname(__file__), "../../docs/performance.md")
    begin, end = f"<!-- tools/bench/hostile.py writes from here: {what} -->", f"<!-- to here: {what} -->"
    with open(path, encoding="utf-8") as f:
        before, rest = f.read().split(begin)
    table, after = rest.split(end)
    known = {line.split("|")[1].strip(): line for line in table.splitlines() if line.startswith("| ")}
    known.update(rows)
    lines = HEAD + [known[name] for name in CASES if name in known]
    with open(path, "w", encoding="utf-8") as f:
        f.write(before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + after)


def main(arguments):
    options = dict((a[2:] + "=").split("=")[:2] for a in arguments if a.startswith("--"))
    names = [a for a in arguments if not a.startswith("--")] or list(CASES)
    if not set(options) <= {"build", "events", "write", "work"} or not set(names) <= set(CASES):
        sys.exit(__doc__)
    if "work" not in options and not shutil.which("valgrind"):
        print("skipped: needs valgrind")
        return 77
    count, build = work if "work" in options else instructions, options.get("build", "build")
    rows, over = {}, []
    print("\n".join(HEAD), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            n = int(options.get("events", 1000)) * LARGER.get(name, 1)
            line, ratio = row(name, n, *measure(build, count, name, n, folder))
            print(line, flush=True)
            rows[name] = line
            if ratio > BOUND:
                over.append(name)
    if "write" in options:
        put_into_docs(rows, "units of work" if "work" in options else "instructions")
    print(f"{len(over)} over {BOUND}" + (f": {', '.join(over)}" if over else ""))
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
