"""The Python package eql: rules as its queries, what it answers, and how it reads a rule otherwise than csr."""
from rules import by_definition, openings, steps_of, without_copies
from streams import NULL

import eql
from eql.parser import allow_runs, elasticsearch_syntax, parse_query

NAME = f"eql {eql.__version__}"
KINDS = ["chain", "chain", "all", "count", "distinct"]
# A join and the pipes have no window: csr is given the longest one there is. Where queries of a sequence share an event
# eql is exact, where those of a join do it is not.
ASKS = dict(kinds=KINDS, forever=("all", "count", "distinct"))
CONSTRUCTS = ("`sequence by … with maxspan` with `runs` and `until`, `join by …` with `until`, counts (`unique_count`, "
              "`unique`, `filter`)")
NOTES = ("`join` and the pipes have no window, so csr is given its longest one, 30 days. A pipe tells which keys, not when; "
         "only that is compared.")
# What differs, and where that is said. The names are those of `answers`.
CLASSES = {
    "arrival": "Events are taken in the order in which they come, not in that of their times; of one second too "
               "(`engine.py`, `_convert_sequence`: the position moves with each event).",
    "one": "For a key and a position one partial sequence is kept, the newest to come; it moves on with the first event that "
           "fits and is used up by a match (`engine.py`, `lookups[position].pop`). So a later match needs new first events.",
    "clock": "`maxspan` is measured against the newest event of anybody: a partial sequence is dropped when any event is "
             "younger (`engine.py`, `check_timeout`).",
    "copies": "A record that is delivered twice is two events.",
    "reuse": "One event may stand for several terms of a `join` (`engine.py`, `join_event_callback`).",
    "null": "A field that is null or missing is one more value of `unique` (`engine.py`, `_convert_unique_pipe`).",
    "no key": "Events without the field of `by` are a key of their own (`engine.py`, `_convert_key`).",
}


def term(calls):
    return f"[aws where api in ({', '.join(repr(c) for c in sorted(calls))})]".replace("'", '"')


def text(rule):
    until = f" until {term(rule.until)}" if rule.until else ""
    where = term(rule.steps[0])[1:-1]
    if rule.kind == "count":
        return f"{where} | unique_count who | filter count >= {rule.times[0]}"
    if rule.kind == "distinct":
        return f"{where} | unique who, v | unique_count who | filter count >= {rule.times[0]}"
    if rule.kind == "all":
        return f"join by who {' '.join(map(term, rule.steps))}{until}"
    runs = " ".join(term(s) + (f" with runs={n}" if n > 1 else "") for s, n in zip(rule.steps, rule.times))
    return f"sequence by who with maxspan={rule.span}s {runs}{until}"


def answer(rule, stream):
    """{key: seconds of its matches}, None for a pipe's, which has no second."""
    matches = {}

    def take(result):
        second = {"chain": result.events[-1].time, "all": max(e.time for e in result.events)}.get(rule.kind)
        matches.setdefault(result.events[0].data["who"], []).append(second)
    engine = eql.PythonEngine({"time_unit": 1})
    if rule.kind == "chain":
        with elasticsearch_syntax, allow_runs:
            engine.add_query(parse_query(text(rule)))
    else:
        engine.add_query(parse_query(text(rule)))
    engine.add_output_hook(take)
    engine.stream_events([eql.Event("aws", e.second, {"api": e.api, "who": e.key, "v": None if e.value == NULL else e.value})
                          for e in stream.events])
    return matches


def fires(rules, stream, _folder):
    return {(rule.name, key): [None] if None in seconds else openings(set(seconds), rule.once)
            for rule in rules for key, seconds in answer(rule, stream).items()}


# ---- how it reads a rule ------------------------------------------------------------------------------------------

def of_sequence(rule, stream, key, reading):
    """eql's own machine for one key; without `one` it keeps every partial sequence, as if it had no machine."""
    places = [s for s, n in zip(rule.steps, rule.times) for _ in range(n)]
    starts, done = [set() for _ in range(len(places) + 1)], set()  # for each number of places: when the first event was
    events = stream.events if "arrival" in reading else sorted(stream.events, key=lambda e: e.second)
    for e in events if "copies" in reading else without_copies(events):
        if e.key == key or "clock" in reading:
            starts = [{s for s in some if s >= e.second - rule.span} for some in starts]
        if e.key != key:
            continue
        if e.api in rule.until:
            starts = [set() for _ in starts]
        for at in reversed(range(len(places))):
            if e.api not in places[at] or (at and not starts[at]):
                continue
            before = set(starts[at]) if at else {e.second}
            if "one" in reading and at:
                starts[at] = set()
            starts[at + 1] = before if "one" in reading else starts[at + 1] | before
        done |= {e.second} if starts[-1] else set()
        starts[-1] = set()
    return openings(done, rule.once)


def of_join(rule, events, reading):
    """Each term keeps the first event that comes for it, until all have one."""
    done, kept = set(), {}
    for e in events if "arrival" in reading else sorted(events, key=lambda e: e.second):
        kept = {} if e.api in rule.until else kept
        for at in steps_of(rule, e):
            if at in kept or (e in kept.values() and "reuse" not in reading):
                continue
            kept[at] = e
            if len(kept) == len(rule.steps):
                done.add(max(k.second for k in kept.values()))
                kept = {}
    return openings(done, rule.once)


def answers(rule, stream, key, reading):
    """What the rule says of a key, read as `reading` says: () is as csr does, all of CLASSES as eql does."""
    mine = [e for e in stream.events if e.key == key]
    if key is None and "no key" not in reading:
        return []
    if "copies" not in reading:
        mine = without_copies(mine)
    else:
        mine = [e._replace(identity=i) for i, e in enumerate(mine)]
    if rule.kind == "chain" and {"arrival", "one", "clock"} & set(reading):
        return of_sequence(rule, stream, key, reading)
    if rule.kind == "all" and {"arrival", "one"} & set(reading):
        return of_join(rule, mine, reading)
    if "null" in reading and rule.kind == "distinct":
        mine = [e._replace(value="nothing" if e.value in (None, NULL) else e.value) for e in mine]
    seconds = by_definition(rule, mine, reuse="reuse" in reading) if rule.kind == "all" else by_definition(rule, mine)
    return [None] if seconds and rule.kind in ("count", "distinct") else seconds
