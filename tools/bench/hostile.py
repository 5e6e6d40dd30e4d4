#!/usr/bin/env python3
"""Streams made to hurt, one for each construct: four times the input may cost at most 4.4 times the instructions.

    tools/bench/hostile.py build/csr [--events=N] [NAME...]

Instructions are counted by valgrind (Debian's), so the figures are the same on every machine and at every load. What
starting and compiling costs is counted with no event and taken off. Exit status 1 if a case costs more than its bound,
77 without valgrind. A case that the engine refuses (E05xx) is passed over and said.
"""
import json
import os
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


def cycle(n, letters, each=1, **more):
    return [event(i // each, letters[i % len(letters)], **more) for i in range(n)]


# name: (clauses of a rule by user, or of its own key, and the events by their number)
CASES = {
    "one key, a chain": (f"by user within 1h {STEPS} match a -> b -> c", lambda n: cycle(n, "abc")),
    "one key, all in one second": (f"by user within 1h {STEPS} match a -> b -> c", lambda n: cycle(n, "abc", each=n)),
    "steps that take the same events, ties": (f"by user within 1m {OVERLAP} match a -> b -> c", lambda n: cycle(n, "abcd", each=8)),
    "every key another": (f"by user within 1h {STEPS} match a -> b",
                          lambda n: [event(i // 20, "ab"[i % 2], user=f"u{i // 2}") for i in range(n)]),
    "a start without an end": (f"by user within 1h {STEPS} match a -> b -> c", lambda n: cycle(n, "aab")),
    "a count": (f"by user within 1h {STEPS} match a[50..] -> b", lambda n: cycle(n, "aaaaaaaaab")),
    "a count with a window": (f"by user within 1h {STEPS} match a[20.. in 1m] -> b", lambda n: cycle(n, "aaaaaaaaab")),
    "any order": (f"by user within 10m {STEPS} match a & b & c & d", lambda n: cycle(n, "abc")),
    "two of many": (f"by user within 10m {STEPS} match 2 of (a, b, c) -> d", lambda n: cycle(n, "abc")),
    "a least gap": (f"by user within 1h {STEPS} match a ->[5m..] b -> c", lambda n: cycle(n, "ab")),
    "references that never repeat": (
        "by user within 1h step a: iam:CreateUser (ok) step b: iam:CreateRole (ok and req.x == a.req.x) match a -> b",
        lambda n: [event(i, "ab"[i % 2], x=f"v{i}") for i in range(n)]),
    "references that differ": (
        "by user within 1h step a: iam:CreateUser (ok) step b: iam:CreateRole (ok and req.x != a.req.x) match a -> b",
        lambda n: [event(i, "ab"[i % 2], x=f"v{i // 3}") for i in range(n)]),
    "optional items by the thousand": (f"by user within 1h {STEPS} match a -> b? -> c? -> d?", lambda n: cycle(n, "abcd")),
    "amounts of a whole window": (f"by user within 10m {STEPS} match a -> b score 10 +20 if count(a) >= 1000 and count(b) >= 1000",
                                  lambda n: cycle(n, "ab")),
    "different values, all new": (f"by user within 1h {STEPS} match a[10.. distinct req.x] -> b",
                                  lambda n: [event(i, "aaab"[i % 4], x=f"v{i}") for i in range(n)]),
    "different values, few": (f"by user within 1h {STEPS} match a[10.. distinct req.x] -> b",
                              lambda n: [event(i, "aaab"[i % 4], x=f"v{i % 9}") for i in range(n)]),
    "a sum": (f"by user within 1h {STEPS} match a[sum req.n >= 100000] -> b", lambda n: [event(i, "aaab"[i % 4], n=7) for i in range(n)]),
    "vetoes that alternate": (f"by user within 1h {STEPS} match a -> !c -> b -> d", lambda n: cycle(n, "acab")),
    "a veto until the end": (f"by user within 1h {STEPS} match a -> b -> d until c", lambda n: cycle(n, "aabc")),
    "absence": (f"by user within 1h {STEPS} match a -> !c for 10m", lambda n: cycle(n, "aac")),
    "a condition over amounts": (f"by user within 10m {STEPS} match a[2..] & b where count(b) * 3 >= count(a)", lambda n: cycle(n, "aaab")),
    "a baseline of new values": ("by user within 1h step a: iam:CreateUser (ok) step b: iam:CreateRole (ok) match a -> b score 10 +20 if new(seen, a)",
                                 lambda n: [event(i, "ab"[i % 2], x=f"v{i}") for i in range(n)]),
    "lists as keys": ("by x within 1h step a: iam:CreateUser (ok) with x = req.xs[] step b: iam:CreateRole (ok) with x = req.xs[] match a -> b",
                      lambda n: [event(i, "ab"[i % 2], xs=[f"v{i}-{k}" for k in range(20)]) for i in range(n)]),
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


def instructions(csr, rule, events):
    done = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", csr, "replay", "--threads=1",
                           "--rules", rule, "--format=json", events], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    refused = re.search(r"E05\d\d", done.stderr)
    if refused:
        return refused[0]
    if done.returncode:
        sys.exit(done.stderr)
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def measure(csr, name, n, folder):
    """(cost of n events, of 4n), or the code by which the rule is refused."""
    clauses, make = CASES[name]
    rule, events = os.path.join(folder, "rule.csr"), os.path.join(folder, "events.ndjson")
    write_rule(rule, clauses)
    costs = []
    for count in (1, n, 4 * n):
        write_events(events, make(count))
        cost = instructions(csr, rule, events)
        if isinstance(cost, str):
            return cost
        costs.append(cost)
    return costs[1] - costs[0], costs[2] - costs[0]


def main(arguments):
    options = dict(a[2:].split("=", 1) for a in arguments if a.startswith("--"))
    operands = [a for a in arguments if not a.startswith("--")]
    if not operands:
        sys.exit(__doc__)
    if not shutil.which("valgrind"):
        print("skipped: needs valgrind")
        return 77
    n, over = int(options.get("events", 2000)), []
    print(f"{'':<38} instructions an event: of {n}, of {4 * n}, ratio of the whole")
    with tempfile.TemporaryDirectory() as folder:
        for name in operands[1:] or CASES:
            cost = measure(operands[0], name, n, folder)
            if isinstance(cost, str):
                print(f"{name:<38} refused, {cost}", flush=True)
                continue
            ratio = cost[1] / cost[0]
            print(f"{name:<38} {cost[0] / n:>10.0f} {cost[1] / (4 * n):>10.0f} {ratio:>7.2f}{'  OVER' if ratio > BOUND else ''}", flush=True)
            if ratio > BOUND:
                over.append(name)
    print(f"{len(over)} over {BOUND}" + (f": {', '.join(over)}" if over else ""))
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
