"""One peer against csr: the same rules over the same streams; what differs is laid to a class, or is somebody's mistake."""
import importlib
import itertools
import json
import random
import sys
import tempfile
from typing import NamedTuple

from rules import by_definition, csr_text, fires_in_csr, random_rule
from streams import WAYS, random_stream, real_streams


class Row(NamedTuple):
    """A name of streams, a way; pairs of a rule and a key, and what csr and the peer say of them."""
    stream: str
    way: str
    counts: dict
    classes: dict
    wrong: list  # what neither the definition nor the peer's classes explain


def explain(peer, rule, stream, key, theirs):
    """The fewest of the peer's classes with which a rule is read as it has read it; None if no set of them does."""
    for n in range(len(peer.CLASSES) + 1):
        for reading in itertools.combinations(peer.CLASSES, n):
            if peer.answers(rule, stream, key, reading) == theirs:
                return reading
    return None


def outcome(mine, theirs):
    if not mine or not theirs:
        return "csr only" if mine else "peer only" if theirs else "neither"
    return "same" if mine == theirs else "other times"


def compare(csr, peer, rules, stream, row):
    with tempfile.TemporaryDirectory() as folder:
        mine, theirs = fires_in_csr(csr, rules, stream, folder), peer.fires(rules, stream, folder)
    events = {}
    for e in stream.events:
        events.setdefault(e.key, []).append(e)
    for rule, key in itertools.product(rules, events):
        csrs, peers = mine.get((rule.name, key), []), theirs.get((rule.name, key), [])
        if csrs != (by_definition(rule, events[key]) if key is not None else []):
            row.wrong.append(("csr", rule, key, csrs, peers, stream))
        # A pipe of eql's says that, not when.
        kind = outcome([None] if csrs and peers == [None] else csrs, peers)
        row.counts[kind] = row.counts.get(kind, 0) + 1
        if kind in ("same", "neither"):
            continue
        why = explain(peer, rule, stream, key, peers)
        if why is None:
            row.wrong.append(("peer", rule, key, csrs, peers, stream))
            continue
        row.classes[why] = row.classes.get(why, 0) + 1


def run(csr, peer, root, shared, n, seed):
    """A Row for each name and way of streams: `n` random ones of each way, with 20 rules each."""
    chance, rows = random.Random(f"{seed} {peer.__name__}"), {}
    streams = itertools.chain((random_stream(chance, way) for way in WAYS for _ in range(n)), real_streams(root, shared))
    for stream in streams:
        many = 20 if stream.name in ("random", "stratus") else 20 * n
        rules = [random_rule(chance, f"r{i}", stream, **peer.ASKS) for i in range(many)]
        row = rows.setdefault((stream.name, stream.way), Row(stream.name, stream.way, {"streams": 0, "records": 0}, {}, []))
        row.counts["streams"] += 1
        row.counts["records"] += len(stream.events)
        compare(csr, peer, rules, stream, row)
    return list(rows.values())


def say_wrong(row):
    for who, rule, key, csrs, peers, stream in row.wrong[:3]:
        print(f"{who} cannot be explained on {row.stream}, {row.way}: key {key}, csr {csrs}, peer {peers}\n{csr_text(rule)}",
              file=sys.stderr)
        for e in stream.events:
            if e.key == key and (any(e.api in s for s in rule.steps) or e.api in rule.until):
                print("   ", e.second, e.api, e.value, file=sys.stderr)


def main(csr, name, root, shared, n, seed):
    """Prints for `compare`: the peer's name, its classes, and the rows, as JSON. A class that is a set is a list."""
    peer = importlib.import_module(name)
    rows = run(csr, peer, root, shared, int(n), seed)
    for row in rows:
        say_wrong(row)
    said = [{"stream": r.stream, "way": r.way, "counts": r.counts,
             "classes": [[list(c), k] for c, k in r.classes.items()], "csr wrong": sum(w[0] == "csr" for w in r.wrong),
             "unexplained": sum(w[0] == "peer" for w in r.wrong)} for r in rows]
    json.dump({"name": peer.NAME, "constructs": peer.CONSTRUCTS, "notes": peer.NOTES, "classes": peer.CLASSES, "rows": said},
              sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
