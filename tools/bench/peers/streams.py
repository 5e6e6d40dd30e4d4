"""Streams of CloudTrail records: made up by chance, and real ones.

An Event is what the peers and the definition look at; its record is what csr reads. A stream is a list of them in the
order in which they come.
"""
import calendar
import glob
import json
import os
import time
from typing import NamedTuple, Optional

APIS = ["iam:CreateUser", "iam:CreateRole", "iam:CreateGroup", "iam:CreatePolicy", "iam:CreateAccessKey"]
WAYS = ["in order", "ties", "late", "twice"]
KEYS = 40
EPOCH = 1_790_000_000
NULL = "null"  # a value that is there and null; one that is not there is None


class Event(NamedTuple):
    second: int
    api: str
    key: Optional[str]
    value: Optional[str]
    identity: str
    record: dict


class Stream(NamedTuple):
    name: str
    way: str
    events: list
    value: str  # the field that values are of
    spans: list  # seconds, that fit how dense it is


def record_of(number, second, api, key, value):
    service, action = api.split(":")
    record = {"eventVersion": "1.09", "eventID": f"{number:08x}",
              "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second)),
              "eventSource": f"{service}.amazonaws.com", "eventName": action, "awsRegion": "us-east-1",
              "recipientAccountId": "111122223333", "userIdentity": {"type": "IAMUser", "userName": key or "x"}}
    if key:
        record["userIdentity"]["arn"] = key
    if value:
        record["userAgent"] = None if value == NULL else value
    return record


def second_of(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def event_of(record, value_field):
    """None where peers and csr would not agree on what the record is, or it says nothing of who or when."""
    source, action = record.get("eventSource") or "", record.get("eventName") or ""
    # csr cuts dates off names and renames services; such records are left out of all.
    if not source.endswith(".amazonaws.com") or action[-1:].isdigit() or not record.get("eventID") \
            or "Addendum" in str(record.get("eventType")):
        return None
    second = second_of(record["eventTime"])
    value = record.get(value_field)
    return Event(second, f"{source.split('.')[0]}:{action}", (record.get("userIdentity") or {}).get("arn"),
                 NULL if value_field in record and value is None else value, record["eventID"], record)


def random_stream(chance, way):
    events = []
    for user in range(KEYS):
        key = f"arn:aws:iam::111122223333:user/u{user}" if user else None
        seconds = list(range(8)) * 3 if way == "ties" else list(range(120))
        for second in chance.sample(seconds, chance.randint(3, 14)):
            api, value = chance.choice(APIS), chance.choice(["a", "a", "b", "c", "d", NULL, None])
            record = record_of(len(events), EPOCH + second, api, key, value)
            events.append(Event(EPOCH + second, api, key, value, record["eventID"], record))
    if way == "twice":
        events += [e._replace() for e in chance.sample(events, len(events) // 3)]
    chance.shuffle(events)
    events.sort(key=lambda e: e.second + (chance.random() * 100 if way == "late" else 0))
    return Stream("random", way, events, "userAgent", [5, 10, 30])


def read(path):
    """Records of a delivered file or of lines."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    whole = path.endswith(".json")
    return json.loads(text)["Records"] if whole else [json.loads(line) for line in text.splitlines() if line.strip()]


def real_stream(name, paths, value="sourceIPAddress", spans=(10, 60, 300)):
    """The files one after the other, each as it is."""
    events = [event_of(record, value) for path in paths for record in read(path)]
    events = [e for e in events if e]
    return Stream(name, "as delivered", events, value, list(spans)) if events else None


def real_streams(root, shared):
    """The repository's own sample, and what of the shared data is there; each as delivered and in order of time."""
    def paths(*pattern):
        return sorted(glob.glob(os.path.join(*pattern)))
    data = os.path.join(shared, "data")
    found = [real_stream("sample", paths(root, "docs/sample/*.ndjson")),
             real_stream("composed", [p for p in paths(data, "composed/*.ndjson") if "labels" not in p]),
             real_stream("invictus", paths(data, "cloudtrail/invictus/*.json"))]
    # One file is one technique, newest record first: each is a stream of its own, so that "late" stays within minutes.
    found += [real_stream("stratus", [p]) for p in paths(data, "cloudtrail/stratus/*.ndjson") if "labels" not in p]
    for stream in filter(None, found):
        yield stream
        yield stream._replace(way="by time", events=sorted(stream.events, key=lambda e: e.second))
