"""Runs replay scenarios and their variations: see README.md beside this file.

    replay.py CSR FOLDER SHARED [SCENARIO]...
"""
import datetime
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

THREADS = (1, 2, 3, 4, 8)
DISORDER = 600  # seconds that CloudTrail's records may be late

# What a different arrival must not change: everything but the handle, the count of revisions and how often an
# incident was looked at on the way.
ARRIVAL = ("id", "revision", "predecessor")


class Failure(Exception):
    pass


def replay(csr, rules, paths, threads=1, stdin=None):
    """All revisions, as the lines that were written. Exit status 1 (records set aside) is an answer too."""
    command = [csr, "replay", "--format=json", f"--threads={threads}", f"--rules={rules}", *paths]
    done = subprocess.run(command, input=stdin, capture_output=True)
    if done.returncode not in (0, 1):
        raise Failure(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr.decode()[-2000:]}")
    return done.stdout.decode().splitlines()


def last_revisions(lines):
    """The last revision of each incident, in the order of opening; those taken back or merged are left out."""
    last = {}
    for line in lines:
        incident = json.loads(line)
        last[incident["id"]] = line
    return [line for line in last.values() if json.loads(line)["state"] not in ("retracted", "merged")]


def settled(lines):
    """What must be the same however the records arrived."""
    out = []
    for line in last_revisions(lines):
        incident = json.loads(line)
        out.append({k: v for k, v in incident.items() if k not in ARRIVAL})
    return sorted(out, key=lambda i: (i["rule"], i["opened"], i["match_id"]))


def records_of(path):
    """Every record under a file or folder, as one line each."""
    files = [path] if os.path.isfile(path) else sorted(
        os.path.join(d, f) for d, _, fs in os.walk(path) for f in fs if f.endswith((".json", ".ndjson")) and f != "labels.ndjson")
    for name in files:
        with open(name, encoding="utf-8", errors="surrogateescape") as f:
            text = f.read()
        if text.lstrip().startswith('{"Records"'):
            yield from (json.dumps(r) for r in json.loads(text)["Records"])
        else:
            yield from (line for line in text.splitlines() if line.strip())


def same(what, expected, got):
    if expected == got:
        return
    for i in range(max(len(expected), len(got))):
        a = expected[i] if i < len(expected) else None
        b = got[i] if i < len(got) else None
        if a != b:
            raise Failure(f"{what}: incident {i + 1} differs\n  expected {a}\n  got      {b}")


def check_threads(csr, rules, paths):
    first = replay(csr, rules, paths)
    for threads in THREADS[1:]:
        same(f"--threads={threads}", first, replay(csr, rules, paths, threads))
    return first


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as f:
        f.writelines(line + "\n" for line in lines)
    return path


def seconds(record):
    time = json.loads(record).get("eventTime", "") if record.startswith("{") else ""  # a line of a flow log
    h, m, s = (int(x) for x in time[11:19].split(":")) if len(time) >= 19 else (0, 0, 0)
    return time[:10], h * 3600 + m * 60 + s


def is_short(records):
    times = [seconds(r) for r in records]
    return len({day for day, _ in times}) == 1 and max(t for _, t in times) - min(t for _, t in times) < DISORDER


def check_variations(csr, rules, records, expected, folder):
    chance = random.Random(7)
    mixed = records[:]
    chance.shuffle(mixed)
    doubled = records + records
    chance.shuffle(doubled)
    for name, lines in (("reversed", records[::-1]), ("shuffled", mixed), ("every record twice", doubled)):
        path = write_lines(os.path.join(folder, name.replace(" ", "-") + ".ndjson"), lines)
        same(name, expected, settled(replay(csr, rules, [path], 2)))
    if len(records) <= 300:
        apart = [write_lines(os.path.join(folder, f"one-{chance.randrange(10**9):09}-{i}.ndjson"), [r]) for i, r in enumerate(records)]
        same("a file for each record", expected, settled(replay(csr, rules, apart, 2)))
        same("paths reversed", expected, settled(replay(csr, rules, apart[::-1], 1)))
    if is_short(records):
        text = "".join(line + "\n" for line in mixed).encode("utf-8", "surrogateescape")
        same("shuffled through standard input", expected, settled(replay(csr, rules, ["-"], 2, text)))


# ---- what must not change what is found: other times, other names, other rules, other traffic ------------------------

LATER = datetime.timedelta(days=3, seconds=3607)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
UNRELATED = """
rule unrelated_one { title "any" severity low attack T1078 falsepos "none" on * (ok) once for 1h }
rule unrelated_two { title "two in {region}" severity low attack T1078 falsepos "none" by region within 1h
    step first: *  step second: * (region == first.region)  match first -> second }
"""


def moved(text, by):
    """Every time in a text."""
    return TIME.sub(lambda m: (datetime.datetime.fromisoformat(m[0]) + by).isoformat(), text)


def accounts_of(records):
    """Account numbers as CloudTrail names them, each with another one."""
    found = set()
    for r in records:
        record = json.loads(r)
        found |= {record.get("recipientAccountId"), (record.get("userIdentity") or {}).get("accountId")}
    return {a: "".join(str(9 - int(d)) for d in a) for a in found if isinstance(a, str) and a.isdigit()}


def renamed(text, names):
    return re.sub("|".join(names), lambda m: names[m[0]], text) if names else text


def without(name, told):
    if isinstance(told, list):
        return [without(name, each) for each in told]
    return {k: without(name, v) for k, v in told.items() if k != name} if isinstance(told, dict) else told


def nameless(incidents):
    """Without what is made of the key, in an order that does not depend on it."""
    out = [{k: sorted(v) if k == "accounts" else v for k, v in i.items()} for i in without("match_id", incidents)]
    return sorted(out, key=lambda i: json.dumps(i, sort_keys=True))


def tree_of(records, folder):
    """Delivered objects by region and minute."""
    for i, r in enumerate(records):
        record = json.loads(r)
        account, region = record.get("recipientAccountId") or "111122223333", record.get("awsRegion") or "us-east-1"
        stamp = datetime.datetime.fromisoformat(record["eventTime"][:19]) + datetime.timedelta(minutes=5)
        day = os.path.join(folder, "AWSLogs", account, "CloudTrail", region, stamp.strftime("%Y/%m/%d"))
        os.makedirs(day, exist_ok=True)
        name = f"{account}_CloudTrail_{region}_{stamp:%Y%m%dT%H%MZ}_{i:016}.json"
        with open(os.path.join(day, name), "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write('{"Records":[' + r + "]}")
    return folder


# ---- delivered objects: when a record comes is part of the story --------------------------------------------------------

def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def deliveries_of(path):
    """(stamp, record) of every record: see README.md for the lines."""
    with open(path, encoding="utf-8") as f:
        lines = [json.loads(line) for line in f]
    for line in lines:
        for i in range(line.get("repeat", 1)):
            record = dict(line["record"])
            time = moment(record["eventTime"]) + datetime.timedelta(seconds=i * line.get("every", 0))
            record["eventTime"] = f"{time:%Y-%m-%dT%H:%M:%SZ}"
            record["eventID"] += f"-{i}" if i else ""
            stamp = moment(line["stamp"]) if "stamp" in line else time + datetime.timedelta(minutes=line["lag"])
            yield f"{stamp:%Y%m%dT%H%MZ}", record


def lay_out(deliveries, folder, most, as_tree, packed):
    """Objects of at most so many records; names are by chance, as CloudTrail's are."""
    chance, objects = random.Random(11), {}
    for stamp, record in deliveries:
        objects.setdefault((record["awsRegion"], stamp), []).append(record)
    for (region, stamp), records in objects.items():
        chance.shuffle(records)
        account = records[0]["recipientAccountId"]
        where = os.path.join(folder, "AWSLogs", account, region, stamp[:8]) if as_tree else folder
        os.makedirs(where, exist_ok=True)
        for i in range(0, len(records), most):
            name = f"{account}_CloudTrail_{region}_{stamp}_{chance.randrange(16**12):012x}.json" + (".gz" if packed else "")
            with gzip.open(os.path.join(where, name), "wt") if packed else open(os.path.join(where, name), "w") as f:
                json.dump({"Records": records[i:i + most]}, f)
    return folder


def told_of_feeds(csr, rules, path):
    done = subprocess.run([csr, "replay", "--format=json", f"--rules={rules}", path], capture_output=True, text=True)
    return [line for line in done.stderr.splitlines() if line.startswith("feed ")]


def delivered_scenario(csr, folder):
    rules, deliveries = os.path.join(folder, "rules.csr"), list(deliveries_of(os.path.join(folder, "delivered.ndjson")))
    scratch = tempfile.mkdtemp()
    try:
        tree = lay_out(deliveries, os.path.join(scratch, "tree"), 1000, True, False)
        lines = check_threads(csr, rules, [tree])
        for name, most, as_tree, packed in (("one folder", 1000, False, False), ("small objects, packed", 7, True, True)):
            other = lay_out(deliveries + deliveries[::50], os.path.join(scratch, name), most, as_tree, packed)
            # Copies come as well, beside the original: they move the places where time is looked at, not what is found.
            same(name, settled(lines), settled(replay(csr, rules, [other], 2)))
        feeds = told_of_feeds(csr, rules, tree)
    finally:
        shutil.rmtree(scratch)
    for golden, got in (("expected.ndjson", last_revisions(lines)), ("expected.feeds", feeds)):
        path = os.path.join(folder, golden)
        if os.environ.get("BLESS"):
            write_lines(path, got)
        with open(path, encoding="utf-8") as f:
            same(golden, f.read().splitlines(), got)
    return "ok"


def keys_of(text):
    """What rules ask for: the words behind `by`."""
    return {w.strip() for m in re.finditer(r"^ +by +([\w., ]+?)(?:  .*)?$", text, re.M) for w in m[1].split(",")}


def check_invariances(csr, rules, records, expected, folder):
    with open(rules, encoding="utf-8") as f:
        text = f.read()
    if not all("eventTime" in r for r in records) or not all(TIME.search(r) for r in records):
        return
    names = {} if re.search(r"\b\d{12}\b", text) else accounts_of(records)
    if not re.search(r"\bexpires\b|\bhour\(|\bweekday\(", text):
        path = write_lines(os.path.join(folder, "later.ndjson"), [moved(r, LATER) for r in records])
        got = json.loads(moved(json.dumps(settled(replay(csr, rules, [path], 2))), -LATER))
        same("three days later", expected, got)
    if names:
        path = write_lines(os.path.join(folder, "renamed.ndjson"), [renamed(r, names) for r in records])
        back = {b: a for a, b in names.items()}
        got = json.loads(renamed(json.dumps(settled(replay(csr, rules, [path], 2))), back))
        same("other accounts", nameless(expected), nameless(got))
    if names and keys_of(text) <= {"actor", "account"}:
        others = [re.sub('"eventID" *: *"', '"eventID":"other-', renamed(r, names)) for r in records]
        path = write_lines(os.path.join(folder, "others.ndjson"), [r for pair in zip(others, records) for r in pair])
        mine = [i for i in settled(replay(csr, rules, [path], 2)) if not i["completing"].startswith("other-")]
        same("traffic of others", expected, mine)
    with open(os.path.join(folder, "more.csr"), "w", encoding="utf-8") as f:
        f.write(text + UNRELATED)
    path = write_lines(os.path.join(folder, "same.ndjson"), records)
    more = settled(replay(csr, f.name, [path], 3))
    same("rules beside them", expected, [i for i in more if "unrelated_" not in i["rule"]])
    if len(records) <= 300:
        same("a tree of regions", expected, settled(replay(csr, rules, [tree_of(records, os.path.join(folder, "tree"))], 2)))


def scenario(csr, folder, shared):
    rules = os.path.join(folder, "rules.csr")
    path = os.path.join(folder, "events.ndjson")
    if os.path.exists(os.path.join(folder, "delivered.ndjson")):
        return delivered_scenario(csr, folder)
    if not os.path.exists(path):
        with open(os.path.join(folder, "shared"), encoding="utf-8") as f:
            path = os.path.join(shared, "data", f.read().strip())
        if not os.path.exists(path):
            return "skipped: its records are not carried by the project, and are not here"
    lines = check_threads(csr, rules, [path])
    golden = os.path.join(folder, "expected.ndjson")
    if os.environ.get("BLESS"):
        write_lines(golden, last_revisions(lines))
    with open(golden, encoding="utf-8") as f:
        same("the incidents", f.read().splitlines(), last_revisions(lines))
    scratch = tempfile.mkdtemp()
    try:
        records = list(records_of(path))
        check_variations(csr, rules, records, settled(lines), scratch)
        check_invariances(csr, rules, records, settled(lines), scratch)
    finally:
        shutil.rmtree(scratch)
    return "ok"


def main(csr, folder, shared, *names):
    wrong = 0
    for name in sorted(names or os.listdir(folder)):
        if not os.path.exists(os.path.join(folder, name, "rules.csr")):
            continue
        try:
            result = scenario(csr, os.path.join(folder, name), shared)
        except Failure as failure:
            result = f"WRONG\n{failure}"
            wrong += 1
        print(f"{name}: {result}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
