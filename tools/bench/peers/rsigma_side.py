"""rsigma: rules as Sigma correlations, what it answers, and how it reads a rule otherwise than csr."""
import json
import os
import subprocess
import sys
import uuid
from collections import deque

from rules import by_definition, fits, steps_of, without_copies
from streams import NULL

VERSION = "0.23.0"
NAME = f"rsigma {VERSION}"
ASKS = dict(kinds=["count", "distinct", "all", "some", "chain", "chain"], repeats=False, until=False)
TYPES = {"count": "event_count", "distinct": "value_count", "all": "temporal", "some": "temporal", "chain": "temporal_ordered"}
PROGRAM = os.environ.get("AGAINST_RSIGMA", "against-rsigma")  # rsigma/src/main.rs
CONSTRUCTS = "`event_count`, `value_count`, `temporal` of all and of some, `temporal_ordered`, with `group-by` and `suppress`"
NOTES = ("Rules are written so that both mean the same: a `temporal` correlation without a condition fires with the first of "
         "its rules (`rsigma-parser`, README: the default is `gte: 1`), so it is given their number; a rule without `id` is "
         "not heard of by correlations that name it (`correlation_engine/mod.rs`, `find_rule_identity`), so it has one.")
# What differs, and where that is said. The names are those of `answers`.
CLASSES = {
    "arrival": "The window ends at the event that comes, whatever its time: what is older than that less `timespan` is "
               "forgotten for good, what is younger stays in (`correlation/window.rs`, `apply_window_open`, `evict`).",
    "anywhere": "Each event of a `temporal_ordered` or `value_count` correlation asks anew whether the window holds a match, "
                "and so fires again after `suppress` though nothing new was completed (`correlation_engine/mod.rs`, "
                "`update_correlation`).",
    "reuse": "One event may stand for several rules of a `temporal` or `temporal_ordered` correlation "
             "(`correlation/window.rs`, `check_temporal_ordered`; each rule has its own list of hits).",
    "copies": "A record that is delivered twice is two events.",
    "null": "A field that is null is one more value of `value_count` (`correlation_engine/mod.rs`, "
            "`value_to_string_for_count`).",
    "no key": "Events without the field of `group-by` are a group of their own (`correlation/keys.rs`, `GroupKey::extract`).",
}


def detection(name, calls):
    maps = [{"eventSource": f"{c.split(':')[0]}.amazonaws.com", "eventName": c.split(":")[1]} for c in sorted(calls)]
    return {"title": name, "name": name, "id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)),
            "logsource": {"product": "aws", "service": "cloudtrail"},
            "detection": {"selection": maps, "condition": "selection"}, "level": "low"}


def documents(rule):
    """JSON is YAML."""
    names = [f"{rule.name}_{i}" for i in range(len(rule.steps))]
    correlation = {"type": TYPES[rule.kind], "rules": names, "group-by": ["userIdentity.arn"], "timespan": f"{rule.span}s"}
    if rule.kind in ("count", "some", "all"):
        correlation["condition"] = {"gte": len(rule.steps) if rule.kind == "all" else rule.times[0]}
    if rule.kind == "distinct":
        correlation["condition"] = {"gte": rule.times[0], "field": rule.field}
    return [detection(n, s) for n, s in zip(names, rule.steps)] + [
        {"title": rule.name, "name": rule.name, "correlation": correlation, "level": "high"}]


def run(rules, stream, once, folder):
    """The groups after which a rule is silent are as long for all rules of a run: its `suppress` is open at the end."""
    paths = [os.path.join(folder, n) for n in ("rules.yml", "events.ndjson")]
    texts = ("\n---\n".join(json.dumps(d) for r in rules for d in documents(r)),
             "".join(json.dumps(e.record) + "\n" for e in stream.events))
    for path, text in zip(paths, texts):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    return subprocess.run([PROGRAM, *paths, str(once + 1)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def fires(rules, stream, folder):
    found = {}
    for once in sorted({r.once for r in rules}):
        done = run([r for r in rules if r.once == once], stream, once, folder)
        if done.returncode:
            sys.exit(f"{NAME} fails:\n{done.stderr}")
        for line in done.stdout.splitlines():
            fired = json.loads(line)
            key = dict(fired["key"]).get("userIdentity.arn")
            found.setdefault((fired["rule"], key), []).append(fired["second"])
    return found


# ---- how it reads a rule ------------------------------------------------------------------------------------------

def by_arrival(rule, events, reading):
    """A list of hits for each rule, cut at the front; `suppress` counts from the last time it fired."""
    lists = [deque() for _ in (rule.steps if rule.kind not in ("count", "distinct") else [0])]
    fired = []
    for e in events:
        for at in steps_of(rule, e):
            hits = lists[at % len(lists)]
            for some in lists:
                while some and some[0].second < e.second - rule.span:
                    some.popleft()
            if rule.kind != "distinct" or e.value and (e.value != NULL or "null" in reading):
                hits.append(e)
            seconds = [sorted(some, key=lambda x: x.second) for some in lists]
            last = seconds[0] + seconds[-1] if "anywhere" in reading and rule.kind == "chain" else [e]
            if fits(rule, seconds[0], last, lists=seconds, **meant(reading)) \
                    and (not fired or e.second - fired[-1] >= rule.once + 1):
                fired.append(e.second)
    return fired


def meant(reading):
    return {"reuse": "reuse" in reading, "anywhere": "anywhere" in reading, "null": "null" in reading}


def answers(rule, stream, key, reading):
    """What the rule says of a key, read as `reading` says: () is as csr does, all of CLASSES as rsigma does."""
    mine = [e for e in stream.events if e.key == key]
    if key is None and "no key" not in reading:
        return []
    if "copies" not in reading:
        mine = without_copies(mine)
    else:
        mine = [e._replace(identity=i) for i, e in enumerate(mine)]
    return by_arrival(rule, mine, reading) if "arrival" in reading else by_definition(rule, mine, **meant(reading))
