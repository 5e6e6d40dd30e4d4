#!/usr/bin/env python3
"""csr run as a whole: a real process, real files, a real socket, real programs and a real HTTP server.

    run.py CSR [NAME...]      each test is a function test_NAME; all of them, or those named

A test gets a fresh folder. It waits for what it expects to see, never for a time to pass; PATIENCE only bounds how long
a failing test waits."""
import http.server
import json
import os
import queue
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE = 20

# ---- rules and records ----------------------------------------------------------------------------------------

CHAIN = """
rule key_then_user {
    title "{actor} makes a key, then a user"
    severity high
    attack T1098
    by actor
    within %(within)s
    step key: iam:CreateAccessKey (ok)
    step made: iam:CreateUser (ok)
    match key -> made
    %(respond)s
}
"""
OTHER = 'rule %s { title "Role made" severity low attack T1098 on iam:CreateRole (ok) }\n'


def chain(within="30m", respond=""):
    return CHAIN % {"within": within, "respond": "respond { %s }" % respond if respond else ""}


def record(number, second, name, user="ci"):
    return json.dumps({
        "eventVersion": "1.08", "eventID": "e-%d" % number, "eventSource": "iam.amazonaws.com", "eventName": name,
        "eventTime": "2024-01-01T%02d:%02d:%02dZ" % (second // 3600, second // 60 % 60, second % 60),
        "awsRegion": "us-east-1", "sourceIPAddress": "203.0.113.7", "userAgent": "test",
        "requestParameters": {"userName": "x"}, "responseElements": None, "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "userName": user, "accountId": "111122223333", "principalId": "AIDA" + user,
                         "accessKeyId": "AKIA" + user.upper(), "arn": "arn:aws:iam::111122223333:user/" + user}})


def both(number=1, second=0, user="ci"):
    """The two records of the chain."""
    return [record(number, second, "CreateAccessKey", user), record(number + 1, second + 60, "CreateUser", user)]


# ---- a service ------------------------------------------------------------------------------------------------

class Lines:
    """Lines that a process writes, and the first that fits."""

    def __init__(self, stream):
        self.seen, self.new = [], queue.Queue()
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        for line in stream:
            self.new.put(line.rstrip("\n"))
        self.new.put(None)

    def take(self, until):
        line = self.new.get(timeout=max(0.1, until - time.monotonic()))
        assert line is not None, "the stream has ended: %s" % self.seen
        self.seen.append(line)

    def wait(self, fits, what):
        until, at = time.monotonic() + PATIENCE, 0
        while True:
            while at < len(self.seen):
                if fits(self.seen[at]):
                    return self.seen[at]
                at += 1
            try:
                self.take(until)
            except queue.Empty:
                raise AssertionError("no %s in %s" % (what, self.seen)) from None

    def rest(self):
        while (line := self.new.get(timeout=PATIENCE)) is not None:
            self.seen.append(line)
        return self.seen


class Service:
    running = []  # processes of the test at hand

    def __init__(self, folder, rules, site="", feed="file", options=(), stdout=subprocess.PIPE):
        self.folder, self.feed, self.options, self.stdout = folder, folder + "/feed.ndjson", options, stdout
        self.site, self.soc = folder + "/site.csr", folder + "/soc.ndjson"
        self.socket, self.journal = self.site + ".sock", self.site + ".actions.db"
        self.from_stdin = feed == "stdin"
        source = 'source feed { kind = "stdin" }' if self.from_stdin else \
            'source feed { kind = "file" path = "%s" follow = true }' % self.feed
        self.head = "use aws\n%s\n%s\n" % (source, site)
        self.write_rules(rules)
        if not self.from_stdin:
            open(self.feed, "a").close()
        self.start()

    def write_rules(self, rules):
        with open(self.site, "w") as f:
            f.write(self.head + rules)

    def start(self):
        self.process = subprocess.Popen([CSR, "run", *self.options, self.site], text=True, cwd=self.folder,
                                        stdin=subprocess.PIPE, stdout=self.stdout, stderr=subprocess.PIPE)
        Service.running.append(self.process)
        self.out, self.talk = Lines(self.process.stdout or []), Lines(self.process.stderr)
        self.talk.wait(lambda line: line.startswith("running "), "start")

    def give(self, records):
        text = "".join(line + "\n" for line in records)
        if self.from_stdin:
            self.process.stdin.write(text)
            self.process.stdin.flush()
        else:
            with open(self.feed, "a") as f:
                f.write(text)

    def line(self, **members):
        """The first line of output that has these members."""
        def fits(line):
            parsed = json.loads(line)
            return all(parsed.get(k) == v for k, v in members.items())
        return json.loads(self.out.wait(fits, "line with %s" % members))

    def lines(self, **members):
        parsed = [json.loads(line) for line in self.out.seen]
        return [p for p in parsed if all(p.get(k) == v for k, v in members.items())]

    def connect(self):
        c = socket.socket(socket.AF_UNIX)
        c.connect(self.socket)
        c.settimeout(PATIENCE)
        return c

    def ctl(self, word):
        done = subprocess.run([CSR, "ctl", "--format=json", "--socket=" + self.socket, word], text=True,
                              capture_output=True, timeout=PATIENCE)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr

    def reload_by_signal(self):
        n = sum('"type":"reload"' in line for line in self.talk.seen)
        self.process.send_signal(signal.SIGHUP)
        receipts = []

        def fits(line):
            if '"type":"reload"' in line:
                receipts.append(line)
            return len(receipts) > n
        return json.loads(self.talk.wait(fits, "receipt"))

    def wait_for_records(self, n):
        until = time.monotonic() + PATIENCE
        while (status := self.ctl("status")[1])["records"]["in"] < n:
            assert time.monotonic() < until, status
        return status

    def end(self):
        """Everything is read; the exit status."""
        if self.from_stdin:
            self.process.stdin.close()
        else:
            self.process.send_signal(signal.SIGTERM)
        self.out.rest()
        self.talk.rest()
        return self.process.wait(PATIENCE)

    def journalled(self, columns="verb, state, attempts"):
        with sqlite3.connect("file:%s?mode=ro" % self.journal, uri=True) as db:
            return db.execute("SELECT %s FROM actions ORDER BY id" % columns).fetchall()


ENFORCE = 'policy { mode = "enforce" allow = { "notify", "webhook", "exec" } }\n'


def file_sink(folder):
    return 'sink soc { kind = "file" path = "%s/soc.ndjson" }\n' % folder


def exec_sink(*argv, timeout=30):
    return 'sink go { kind = "exec" argv = { %s } timeout = %ds }\n' % (", ".join('"%s"' % a for a in argv), timeout)


# ---- input and output -----------------------------------------------------------------------------------------

def test_standard_input(folder):
    s = Service(folder, chain(), feed="stdin")
    s.give(both())
    opened = s.line(type="incident", state="open")
    assert opened["witness"] == ["e-1", "e-2"] and opened["rule"] == "key_then_user", opened
    assert s.end() == 0
    assert [i["state"] for i in s.lines(type="incident")] == ["open", "settled", "closed"], s.out.seen
    assert any(l.startswith("input ended at standard input:2: 2 records in, 2 evaluated") for l in s.talk.seen), s.talk.seen


def test_a_broken_record_is_counted(folder):
    s = Service(folder, chain(), feed="stdin")
    s.give(["{ not json", *both()])
    s.line(type="incident", state="open")
    assert s.end() == 1
    assert any("standard input:1: record set aside: not JSON" in l for l in s.talk.seen), s.talk.seen


def test_a_followed_file_and_every_number_of_threads(folder):
    for threads in ("1", "2", "5"):
        place = folder + "/" + threads
        os.mkdir(place)
        s = Service(place, chain(), options=["--threads=" + threads])
        s.give(both())
        s.line(type="incident", state="open")
        s.give(both(number=11, second=7200, user="other"))  # settles the first
        s.line(type="incident", state="settled")
        assert s.end() == 0
        assert any(l.startswith("stopped at ") and "4 records in" in l for l in s.talk.seen), s.talk.seen


def test_several_sources(folder):
    more = folder + "/more.ndjson"
    open(more, "w").close()
    s = Service(folder, chain(), site='source more { kind = "file" path = "%s" follow = true }' % more)
    key, made = both()
    s.give([key])
    with open(more, "a") as f:
        f.write(made + "\n")
    s.line(type="incident", state="open")
    assert s.end() == 0


def elsewhere(line, region="eu-west-1"):
    return json.dumps({**json.loads(line), "awsRegion": region})


def test_a_lagging_region_is_told_and_comes_back(folder):
    s = Service(folder, chain(within="30m"))
    s.give([*both(1, 0), elsewhere(record(3, 0, "ListUsers"))])
    s.wait_for_records(3)
    s.give([record(4, 7200, "ListUsers")])  # two hours later: the other region is idle
    status = s.wait_for_records(4)
    assert status["time"]["feeds"]["known"] == 2 and status["time"]["feeds"]["idle"] == 1, status
    s.give([elsewhere(l) for l in both(5, 100, "ann")])
    told = s.line(type="feed", state="lagging")
    assert told["region"] == "eu-west-1" and told["feed"] == "cloudtrail" and told["source"] == "feed", told
    assert told["behind_s"] in (7100, 7040) and told["newest"] < "2024-01-01T00:03", told  # one record or both
    status = s.wait_for_records(6)
    assert status["records"]["late"] == 2 and status["time"]["late_by_rule"] == {"key_then_user": 2}, status
    feeds = status["time"]["feeds"]
    assert feeds["idle"] == 0 and feeds["lagging"] == 1 and [f["late"] for f in feeds["troubled"]] == [2], status
    s.give([elsewhere(record(7, 7190, "ListUsers"))])
    assert s.line(type="feed", state="current")["region"] == "eu-west-1"
    assert s.end() == 0


def test_a_region_behind_is_waited_for(folder):
    s = Service(folder, chain())
    s.give([elsewhere(record(1, 0, "ListUsers")), record(2, 1500, "ListUsers")])
    s.wait_for_records(2)
    s.give([elsewhere(l) for l in both(3, 10)])  # 25 minutes behind the other region, 15 more than the disorder
    assert s.line(type="incident", state="open")
    status = s.wait_for_records(4)
    assert status["records"]["late"] == 0 and status["watermark"] < "2024-01-01", status
    assert s.end() == 0


def test_a_record_dated_ahead_moves_nothing(folder):
    s = Service(folder, chain())
    tomorrow = json.loads(record(1, 0, "ListUsers"))
    tomorrow["eventTime"] = "2199-01-01T00:00:00Z"
    s.give([json.dumps(tomorrow)])
    s.wait_for_records(1)
    s.give(both(2))
    s.line(type="incident", state="open")
    status = s.wait_for_records(3)
    assert status["records"]["ahead"] == 1 and status["records"]["late"] == 0, status
    assert status["watermark"] < "2024-01-02" and status["time"]["feeds"]["troubled"][0]["ahead"] == 1, status
    assert s.end() == 0


def test_what_has_piled_up_comes_merged(folder):
    more = folder + "/more.ndjson"
    with open(folder + "/feed.ndjson", "w") as f:  # one source writes much in a day, the other little
        f.writelines(record(i, i * 40, "ListUsers") + "\n" for i in range(2000))
    with open(more, "w") as f:
        f.writelines(elsewhere(record(5000 + i, i * 3600, "ListUsers")) + "\n" for i in range(22))
        f.write("\n".join(both(9000, 80000)) + "\n")
    s = Service(folder, chain(), site='source more { kind = "file" path = "%s" follow = true }' % more)
    status = s.wait_for_records(2024)
    assert status["records"]["evaluated"] == 2024, status  # none is late
    assert s.line(type="incident", state="open")
    assert s.end() == 0


ABSENCE = """
rule key_kept {
    title "{actor} makes a key and keeps it"
    severity high
    attack T1098
    by actor
    within 30m
    step key: iam:CreateAccessKey (ok)
    step gone: iam:DeleteAccessKey (ok)
    match key -> !gone for 1s
}
"""


def test_time_passes_for_a_quiet_feed(folder):
    more = folder + "/more.ndjson"
    open(more, "w").close()
    s = Service(folder, ABSENCE, site='source more { kind = "file" path = "%s" follow = true disorder = 1s }' % more)
    with open(more, "a") as f:
        f.write(both()[0] + "\n")
    opened = s.line(type="incident")  # nothing else comes: the clock moves it by the second and the disorder
    assert opened["rule"] == "key_kept", opened
    assert s.end() == 0


def test_incidents_into_a_file(folder):
    path = folder + "/incidents.ndjson"
    s = Service(folder, chain(), site='policy { incidents = "%s" }' % path, feed="stdin")
    s.give(both())
    assert s.end() == 0
    assert s.out.seen == []
    with open(path) as f:
        assert [json.loads(l)["state"] for l in f] == ["open", "settled", "closed"]


def test_nobody_reads(folder):
    ours, theirs = os.pipe()
    os.close(ours)
    s = Service(folder, chain(), feed="stdin", stdout=theirs)
    s.give(both())
    s.process.stdin.close()
    s.talk.rest()
    assert s.process.wait(PATIENCE) == 3
    assert any("standard output" in l for l in s.talk.seen), s.talk.seen


# ---- reload ---------------------------------------------------------------------------------------------------

def test_a_reload_keeps_what_is_half_built(folder):
    s = Service(folder, chain() + OTHER % "old")
    key, made = both()
    s.give([key])
    s.wait_for_records(1)
    s.write_rules(chain() + OTHER % "new")
    receipt = s.reload_by_signal()
    assert receipt["ok"] and receipt["generation"] == 2, receipt
    assert receipt["rules"] == {"kept": 1, "changed": [], "added": ["new"], "removed": ["old"]}, receipt
    assert receipt["half_built_dropped"] == 0 and receipt["restart_needed"] == [], receipt
    assert any(f["path"].endswith("site.csr") and len(f["digest"]) == 32 for f in receipt["files"]), receipt
    s.give([made, record(3, 120, "CreateRole")])
    s.line(type="incident", state="open", rule="key_then_user")
    s.line(type="incident", state="open", rule="new")
    assert s.end() == 0
    assert not s.lines(rule="old")


def test_a_changed_rule_begins_anew(folder):
    s = Service(folder, chain())
    key, made = both()
    s.give([key])
    s.wait_for_records(1)
    s.write_rules(chain(within="20m"))
    status, receipt = s.ctl("reload")
    assert status == 0 and receipt["ok"], receipt
    assert receipt["rules"] == {"kept": 0, "changed": ["key_then_user"], "added": [], "removed": []}, receipt
    assert receipt["half_built_dropped"] == 1, receipt
    s.give([made])
    s.wait_for_records(2)
    s.give(both(number=11, second=3000))
    s.line(type="incident", state="open", witness=["e-11", "e-12"])
    assert s.end() == 0
    assert len(s.lines(state="open")) == 1


def test_a_bad_set_changes_nothing(folder):
    s = Service(folder, chain())
    key, made = both()
    s.give([key])
    s.wait_for_records(1)
    s.write_rules(chain(within="soon"))
    status, receipt = s.ctl("reload")
    assert status == 1 and receipt["ok"] is False and receipt["generation"] == 1, receipt
    assert "site.csr:" in receipt["diagnostics"] and receipt["errors"][0]["code"].startswith("E"), receipt
    assert s.reload_by_signal()["ok"] is False
    s.give([made])
    s.line(type="incident", state="open")
    assert s.ctl("status")[1]["last_reload"]["ok"] is False
    assert s.end() == 0


def test_many_reloads_under_load(folder):
    s = Service(folder, chain())
    stop = threading.Event()

    def feed():
        for n in range(100000):
            if stop.is_set():
                return
            s.give([record(1000 + n, n % 60, "CreateRole", "u%d" % (n % 7))])
    feeder = threading.Thread(target=feed)
    feeder.start()
    for n in range(20):
        s.write_rules(chain() + OTHER % ("r%d" % n))
        status, receipt = s.ctl("reload")
        assert status == 0 and receipt["generation"] == n + 2 and receipt["rules"]["kept"] == 1, receipt
    stop.set()
    feeder.join()
    assert s.end() == 0


# ---- actions --------------------------------------------------------------------------------------------------

def test_allowed_actions_act_and_are_journalled(folder):
    copy = folder + "/copy"
    s = Service(folder, chain(respond='at 0 notify("soc") at 10 exec("go")'), feed="stdin",
                site=file_sink(folder) + exec_sink("/bin/cp", "/dev/stdin", copy) + ENFORCE)
    s.give(both())
    for verb in ("notify", "exec"):
        done = s.line(type="action", action=verb)
        assert done["state"] == "done" and done["attempts"] == 1 and done["error"] is None, done
    opened = s.line(type="incident", state="open")
    assert done["incident"] == opened["id"]
    assert s.end() == 0
    for path in (s.soc, copy):
        with open(path) as f:
            assert [json.loads(l) for l in f] == [opened], path
    assert s.journalled() == [("notify", "done", 1), ("exec", "done", 1)]


def test_state_goes_on_after_a_stop_and_a_kill(folder):
    out = folder + "/out.ndjson"
    s = Service(folder, chain(), site='policy { incidents = "%s" state = "%s/state" }' % (out, folder))
    first, second = both()
    s.give([first])
    s.wait_for_records(1)
    assert s.end() == 0
    os.rename(s.feed, s.feed + ".1")  # rotated while nobody looked: its rest is read all the same
    with open(s.feed + ".1", "a") as f:
        f.write(second + "\n")
    open(s.feed, "w").close()
    s.start()
    s.wait_for_records(2)
    until = time.monotonic() + PATIENCE
    while not os.path.getsize(out):
        assert time.monotonic() < until
    s.process.kill()
    s.process.wait()
    s.start()
    assert s.talk.wait(lambda line: "1 lines behind it are written already" in line, "the line that is there")
    s.wait_for_records(2)
    assert s.end() == 0
    with open(out) as f:
        states = [json.loads(line)["state"] for line in f]
    assert states == ["open"], states


def test_the_default_policy_only_proposes(folder):
    s = Service(folder, chain(respond='at 0 notify("soc")'), feed="stdin", site=file_sink(folder))
    s.give(both())
    s.line(type="incident", state="open")
    assert s.end() == 0
    assert not os.path.exists(s.soc) and not s.lines(type="action")
    assert s.journalled() == [("notify", "proposed", 0)]


def test_what_the_policy_does_not_allow_is_forbidden(folder):
    s = Service(folder, chain(respond='at 0 notify("soc")'), feed="stdin",
                site=file_sink(folder) + 'policy { mode = "enforce" allow = { "webhook" } }')
    s.give(both())
    forbidden = s.line(type="action")
    assert forbidden["state"] == "forbidden" and forbidden["error"] == "the policy does not allow notify", forbidden
    assert s.end() == 0
    assert not os.path.exists(s.soc)


def test_a_reload_changes_the_policy(folder):
    rules = chain(respond='at 0 notify("soc")')
    s = Service(folder, rules, site=file_sink(folder))
    s.give(both())
    s.line(type="incident", state="open")
    s.head += ENFORCE
    s.write_rules(rules)
    assert s.ctl("reload")[1]["rules"]["kept"] == 1
    s.give(both(number=11, second=14400, user="other"))
    s.line(type="action", action="notify", state="done")
    assert s.end() == 0
    with open(s.soc) as f:
        assert [json.loads(l)["witness"] for l in f] == [["e-11", "e-12"]]


def test_nothing_is_repeated_after_a_restart(folder):
    s = Service(folder, chain(respond='at 0 notify("soc")'), feed="stdin", site=file_sink(folder) + ENFORCE)
    s.give(both())
    assert s.end() == 0
    s.start()
    s.give(both())
    assert s.line(type="action")["state"] == "repeated"
    assert s.end() == 0
    with open(s.soc) as f:
        assert len(f.readlines()) == 1


def test_an_attempt_cut_by_kill_is_unknown_and_not_repeated(folder):
    began = folder + "/began"
    s = Service(folder, chain(respond='at 10 exec("go")'), feed="stdin",
                site=exec_sink("/bin/sh", "-c", "echo x >> %s; exec sleep 30" % began) + ENFORCE)
    s.give(both())
    until = time.monotonic() + PATIENCE
    while not os.path.exists(began):
        assert time.monotonic() < until
        time.sleep(0.01)
    s.process.kill()
    s.process.wait()
    s.start()  # over the left-over socket
    assert any("1 actions were under way" in l for l in s.talk.seen), s.talk.seen
    s.give(both())
    assert s.line(type="action")["state"] == "repeated"
    assert s.end() == 0
    assert s.journalled("state") == [("unknown",)]
    with open(began) as f:
        assert f.read() == "x\n"


def test_matching_does_not_wait_for_actions(folder):
    gate = folder + "/gate"
    os.mkfifo(gate)
    s = Service(folder, chain(respond='at 10 exec("go")'),
                site=exec_sink("/bin/sh", "-c", "cat %s" % gate, timeout=PATIENCE) + ENFORCE)
    s.give(both(user="a"))
    s.give(both(number=11, second=300, user="b"))
    s.line(type="incident", state="open", witness=["e-1", "e-2"])
    s.line(type="incident", state="open", witness=["e-11", "e-12"])
    actions = s.ctl("status")[1]["actions"]
    assert actions == {"waiting": 2, "performed": 0, "refused": 0}, actions  # the program still waits for us
    for number in (1, 2):
        with open(gate, "w"):
            pass
        assert s.line(type="action", id=number)["state"] == "done"
    assert s.end() == 0
    assert s.journalled("state") == [("done",), ("done",)]


def test_webhook(folder):
    got = queue.Queue()

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.put((self.headers["Idempotency-Key"], json.loads(body)))
            self.send_response(500 if got.qsize() == 1 else 204)
            self.end_headers()

        def log_message(self, *_):
            pass
    server = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    s = Service(folder, chain(respond='at 0 webhook("pager")'), feed="stdin", site=ENFORCE +
                'sink pager { kind = "webhook" url = "http://127.0.0.1:%d/x" timeout = 5s retries = 2 }\n' % server.server_port)
    s.give(both())
    done = s.line(type="action")
    server.shutdown()
    assert done["state"] == "done" and done["attempts"] == 2, done
    first, second = got.get(), got.get()
    assert first == second and first[1] == s.line(type="incident", state="open"), (first, second)
    assert s.end() == 0


# ---- control --------------------------------------------------------------------------------------------------

DATASET = """dataset trusted = lines("trusted.txt")%s
rule made_by_a_stranger {
    title "{principal.name} makes a user" severity low attack T1136 falsepos "none known"
    on iam:CreateUser (ok and principal.name not in trusted)
}
"""


def trust(folder, *names):
    with open(folder + "/trusted.new", "w") as f:
        f.write("".join(n + "\n" for n in names))
    os.rename(folder + "/trusted.new", folder + "/trusted.txt")


def test_a_reload_reads_datasets_again(folder):
    trust(folder, "ann")
    s = Service(folder, DATASET % "")
    s.give([record(1, 0, "CreateUser", "ann")])
    s.wait_for_records(1)
    trust(folder, "bob")
    status, receipt = s.ctl("reload")
    assert status == 0 and receipt["rules"]["kept"] == 1, receipt
    s.give([record(2, 60, "CreateUser", "bob"), record(3, 120, "CreateUser", "ann")])
    s.line(type="incident", state="open", title="ann makes a user")
    assert s.end() == 0
    assert len(s.lines(state="open")) == 1


def test_a_changed_file_is_read_by_itself(folder):
    trust(folder, "ann")
    s = Service(folder, DATASET % " reload 1s")
    trust(folder, "bob", "carol")
    s.talk.wait(lambda line: '"type":"reload"' in line and '"ok":true' in line, "receipt")
    s.give([record(1, 0, "CreateUser", "bob"), record(2, 60, "CreateUser", "ann")])
    s.line(type="incident", state="open", title="ann makes a user")
    assert s.end() == 0
    assert len(s.lines(state="open")) == 1


def test_status_tells_what_exceptions_took(folder):
    tune = 'tune key_then_user { except hands (principal.name == "ann") on step key reason "r" }\n'
    s = Service(folder, chain() + tune)
    s.give(both(1, 0, "ann") + both(3, 0, "bob"))
    status = s.wait_for_records(4)
    assert status["swallowed"] == {"key_then_user": {"hands": 1}}, status
    s.write_rules(chain() + tune + 'tune key_then_user { except more (principal.name == "bob") on match reason "r" }\n')
    status, receipt = s.ctl("reload")
    assert status == 0 and receipt["rules"]["kept"] == 1 and receipt["half_built_dropped"] == 0, receipt
    s.give(both(5, 3000, "ann") + both(7, 30000, "bob"))
    assert s.wait_for_records(8)["swallowed"]["key_then_user"]["hands"] == 2
    assert s.end() == 0
    assert len(s.lines(state="open")) == 1


def ask(s, request):
    with s.connect() as c:
        c.sendall((request + "\n").encode())
        return json.loads(c.makefile().readline())


def test_rules_tell_what_they_did(folder):
    s = Service(folder, chain() + OTHER % "role_made")
    s.give(both(1, 0, "ann") + [record(3, 100, "CreateAccessKey", "bob"), record(4, 120, "CreateRole"),
                                record(5, 130, "DeleteRole")])
    status = s.wait_for_records(5)
    code, told = s.ctl("rules")
    assert code == 0 and told["is_fresh"], told
    rules = {r["rule"]: r for r in told["rules"]}
    wanted = {"key_then_user": {"events": 3, "hits": 3, "keys": 2, "half_built": 2, "incidents": 1, "incidents_open": 1},
              "role_made": {"events": 1, "hits": 1, "keys": 1, "half_built": 0, "incidents": 1, "incidents_open": 1}}
    for name, figures in wanted.items():
        assert {k: rules[name][k] for k in figures} == figures, rules[name]
        assert rules[name]["bytes"] > 0
    assert sum(r["hits"] for r in told["rules"]) == status["hits"]
    assert sum(r["half_built"] for r in told["rules"]) == status["states"]["half_built"]
    text = subprocess.run([CSR, "ctl", "--format=text", "--sort=hits", "--socket=" + s.socket, "rules"], text=True,
                          capture_output=True, timeout=PATIENCE).stdout.splitlines()
    assert text[0].split()[:3] == ["RULE", "EVENTS", "HITS"] and text[1].split()[:3] == ["key_then_user", "3", "3"], text
    s.write_rules(chain("1h") + OTHER % "role_made")
    assert s.ctl("reload")[1]["rules"]["changed"] == ["key_then_user"]
    rules = {r["rule"]: r for r in s.ctl("rules")[1]["rules"]}
    assert rules["key_then_user"]["hits"] == 3 and rules["key_then_user"]["keys"] == 0, rules
    assert rules["role_made"]["hits"] == 1 and rules["role_made"]["keys"] == 1, rules


def test_state_of_a_key(folder):
    s = Service(folder, chain() + OTHER % "role_made")
    s.give([record(3, 100, "CreateAccessKey", "bob"), record(4, 160, "CreateRole", "ann")])
    s.wait_for_records(2)
    bob = "arn:aws:iam::111122223333:user/bob"
    told = ask(s, json.dumps({"verb": "state", "key": [bob]}))
    assert told["ok"] and told["rules_asked"] == 2 and len(told["keys"]) == 1, told
    key = told["keys"][0]
    assert key["rule"] == "key_then_user" and key["key"] == {"actor": bob} and key["half_built"] == 1, key
    match = key["matches"][0]
    assert (match["since"], match["until"], match["left_s"]) == ("2024-01-01T00:01:40Z", "2024-01-01T00:31:40Z", 1740), match
    assert [(p["step"], p["took"], p["is_next"]) for p in match["steps"]] == [("key", 1, False), ("made", 0, True)], match
    assert ask(s, '{"verb":"state","key":["nobody"]}')["keys"] == []
    for wrong in ('{"verb":"state"}', '{"verb":"state","key":[]}', '{"verb":"state","key":[1]}', '{"verb":"state","key":"x"}',
                  '{"verb":"state","key":["a","b","c","d","e"]}'):
        answer = ask(s, wrong)
        assert not answer["ok"] and "1 to 4 texts" in answer["error"], (wrong, answer)


def test_top_is_a_page_and_gives_the_terminal_back(folder):
    import pty
    import termios
    s = Service(folder, chain() + OTHER % "role_made")
    s.give(both())
    s.wait_for_records(2)
    plain = subprocess.run([CSR, "ctl", "--socket=" + s.socket, "top"], text=True, capture_output=True, timeout=PATIENCE,
                           stdin=subprocess.DEVNULL)
    assert plain.returncode == 0 and "2 records in all" in plain.stdout and "\x1b" not in plain.stdout, plain
    for leave in (b"sq", signal.SIGTERM):
        ours, theirs = pty.openpty()
        before = termios.tcgetattr(theirs)
        top = subprocess.Popen([CSR, "ctl", "--socket=" + s.socket, "top"], stdin=theirs, stdout=theirs)
        Service.running.append(top)
        page = b""
        while b"now by cost" not in page:
            page += os.read(ours, 4096)
        assert b"key_then_user" in page and termios.tcgetattr(theirs)[3] != before[3], page
        if isinstance(leave, bytes):
            os.write(ours, leave)
            while b"now by hits" not in page:
                page += os.read(ours, 4096)
        else:
            top.send_signal(leave)
        while b"\x1b[?1049l" not in page:
            page += os.read(ours, 4096)
        assert top.wait(PATIENCE) == 0
        assert termios.tcgetattr(theirs) == before
        os.close(ours), os.close(theirs)


def test_idle_connections_shut_nobody_out(folder):
    s = Service(folder, chain())
    idle = []
    for _ in range(300):
        c = s.connect()
        c.sendall(b'{"verb":')
        idle.append(c)
    code, status = s.ctl("status")
    assert code == 0 and status["ok"], status
    for c in idle:
        c.close()


def test_status_and_stop(folder):
    s = Service(folder, chain())
    s.give([*both(), both()[0]])
    status = s.wait_for_records(3)
    assert status["records"] == {"in": 3, "evaluated": 2, "late": 0, "duplicate": 1, "aside": 0, "not_used": 0,
                                 "ahead": 0}, status
    assert status["incidents"] == {"opened": 1, "revisions": 1, "open": 1}, status
    assert status["generation"] == 1 and status["rules"] == 1 and status["states_are_fresh"], status
    states = status["states"]
    gone = sum(states[k] for k in ("completed", "expired", "vetoed", "superseded", "merged", "dropped", "evicted"))
    assert states["made"] == gone + states["live"], status
    code, stopped = s.ctl("stop")
    assert code == 0 and stopped["ok"] and stopped["records"]["in"] == 3, stopped
    assert "feed.ndjson:" in stopped["where"], stopped
    assert s.process.wait(PATIENCE) == 0
    assert not os.path.exists(s.socket)
    assert [i["state"] for i in map(json.loads, s.out.rest())] == ["open"]  # nothing is settled early


def test_silent_clients_hold_nobody_up(folder):
    s = Service(folder, chain())
    silent = [socket.socket(socket.AF_UNIX) for _ in range(10)]
    for n, client in enumerate(silent):
        client.connect(s.socket)
        if n % 2:
            client.send(b'{"verb":"sta')
    s.give(both())
    s.line(type="incident", state="open")
    assert s.ctl("status")[0] == 0
    assert s.end() == 0
    for client in silent:
        client.close()


def test_one_journal_one_service(folder):
    s = Service(folder, chain())
    second = subprocess.run([CSR, "run", s.site, "--socket=" + folder + "/other.sock"], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=PATIENCE)
    assert second.returncode == 3 and "another csr uses this journal" in second.stderr, second
    assert s.end() == 0


def test_a_bad_site_file_does_not_start(folder):
    path = folder + "/site.csr"
    with open(path, "w") as f:
        f.write("use aws\nrule x {}\n")
    done = subprocess.run([CSR, "run", path], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1 and "site.csr:" in done.stderr and not done.stdout, done
    done = subprocess.run([CSR, "run", folder + "/none.csr"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 3 and "none.csr" in done.stderr, done


# ---------------------------------------------------------------------------------------------------------------

def main(names):
    tests = {n[5:]: f for n, f in globals().items() if n.startswith("test_")}
    wrong = 0
    for name in names or tests:
        with tempfile.TemporaryDirectory(prefix="csr-run-") as folder:
            try:
                tests[name](folder)
                print("ok   ", name, flush=True)
            except Exception as e:  # pylint: disable=broad-except
                wrong += 1
                print("WRONG", name, type(e).__name__, e, flush=True)
            while Service.running:  # what a failed test has left
                Service.running.pop().kill()
    return wrong != 0


CSR = os.path.abspath(sys.argv[1])
sys.exit(main(sys.argv[2:]))
