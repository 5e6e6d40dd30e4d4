"""Runs replay scenarios and their variations: see README.md beside this file.

    replay.py CSR FOLDER SHARED [SCENARIO]...
"""
import json
import os
import random
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
    time = json.loads(record).get("eventTime", "")
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


def scenario(csr, folder, shared):
    rules = os.path.join(folder, "rules.csr")
    path = os.path.join(folder, "events.ndjson")
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
        check_variations(csr, rules, list(records_of(path)), settled(lines), scratch)
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
