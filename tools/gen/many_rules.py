#!/usr/bin/env python3
"""Writes a folder of made-up rules in the proportions of real ones, for measuring.

    tools/gen/many_rules.py [--seed N] COUNT FOLDER

Of rules that people publish for AWS about 61 in 100 look at one event, 26 ask for something never seen before, 6 count and
4 chain; half of all read request parameters. Here it is the same. Calls and their members are the real ones (from
engine/schema/aws_members.def), so that lints have as much to look at as they would; names, globs and expressions are made
from words, so that nearly every pattern is another one. The same seed and count give the same bytes; more rules begin with
the fewer.
"""
import argparse
import os
import random
import re
import sys

MEMBERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../engine/schema/aws_members.def")
RULES_A_FILE = 100
ODD = {"s3"}  # whose records call the calls otherwise
POPULAR = "iam ec2 kms lambda rds sts cloudtrail guardduty ecs eks secretsmanager ssm sns sqs cloudformation config".split()

WORDS = ("admin api app audit auth backup batch bill boot build cache card cart ci cloud cluster core crm data db debug demo "
         "deploy dev dns edge etl event export feed file gate graph hook hr image import infra ingest job key lab lake lambda "
         "ledger log mail main map media meta miner ml mobile mon net node ops order pay pipe pool portal prod proxy queue "
         "report root route sales scan sec search sensor shop site spark stage stat store stream sync task team temp test "
         "token trade user vault video vpn web work").split()
TOOLS = ("curl python-requests Go-http-client Boto3 aws-cli aws-sdk-go aws-sdk-java Terraform pacu ScoutSuite Prowler "
         "CloudFox trufflehog Kali pentoo parrot S3Browser CloudBerry rclone s5cmd WinSCP Cyberduck PowerShell").split()
TECHNIQUES = "T1078.004 T1098 T1098.001 T1136.003 T1496.001 T1530 T1537 T1552 T1562.008 T1578 T1580 T1526".split()
LEVELS = ["low"] * 5 + ["medium"] * 5 + ["high"] * 3 + ["critical"]

BASELINES = """baseline seen_region   = (account, region)          keep 90d warmup 7d days 3
baseline seen_asn      = (actor, src.asn)           keep 30d warmup 7d
baseline seen_agent    = (actor, agent)             keep 60d warmup 7d days 2
baseline seen_call     = (actor, api)               keep 60d warmup 14d
baseline seen_service  = (account, service)         keep 90d warmup 14d
baseline seen_address  = (principal.arn, src.ip)    keep 30d warmup 7d
baseline seen_caller   = (api, principal.arn)       keep 90d warmup 30d
"""


def read_calls():
    """[(service, call, [plain member of its request])] of calls that change something; those without members too."""
    calls = []
    with open(MEMBERS, encoding="utf-8") as f:
        text = f.read()
    for service, block in re.findall(r'^MEMBERS\("([^"]+)", EXACT,\n(.*?)\)$', text, re.M | re.S):
        if service in ODD:
            continue
        of_calls = re.split(r'",\n', block)[0]  # behind it stand the records
        for line in "".join(re.findall(r'"([^"]*)"?', of_calls)).split("\\n"):
            words = line.split()
            if ">" not in words or ":" in words[0]:
                continue
            request = [w for w in words[1:words.index(">")] if re.fullmatch(r"[a-z][A-Za-z0-9]+", w)]
            calls.append((service, words[0], request))
    return calls


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.calls = read_calls()
        self.popular = [c for c in self.calls if c[0] in POPULAR]
        self.number = 0

    def pick(self, of):
        return of[self.random.randrange(len(of))]

    def call(self):
        """Two rules in three are about a few services."""
        return self.pick(self.popular if self.random.random() < 0.67 else self.calls)

    def call_with_members(self):
        call = self.call()
        while not call[2]:
            call = self.call()
        return call

    def name(self):
        return "-".join(self.pick(WORDS) for _ in range(self.random.randint(2, 3)))

    def glob(self, word):
        return self.pick([f'"{word}-*"', f'"*-{word}"', f'"*{word}*"', f'"{word}-*-{self.pick(WORDS)}"', f'"*{word}*"i'])

    def pattern(self, subject, word):
        kind = self.random.random()
        if kind < 0.4:
            return f"{subject} like {self.glob(word)}"
        if kind < 0.55:
            return f"{subject} like {{ {', '.join(self.glob(self.name()) for _ in range(self.random.randint(2, 5)))} }}"
        if kind < 0.7:
            return f'{subject} contains "{word}"'
        if kind < 0.8:
            return f'{subject} starts "{word}/"'
        if kind < 0.88:
            return f'{subject} ends ".{self.pick(WORDS)}.{word}"'
        word = word.replace("/", "\\/").replace(".", "\\.")
        return f"{subject} ~ " + self.pick([f"/^{word}-[0-9]+$/", f"/{self.pick(WORDS)}.*{word}/i",
                                            f"/\\b({word}|{self.name()})\\b/", f"/{word}[-_.][a-z0-9]{{4,12}}$/"])

    def tool(self):
        return f"{self.pick(TOOLS)}/{self.random.randint(0, 9)}.{self.random.randint(0, 99)}"

    def about_request(self, members):
        member = f"req.{self.pick(members)}"
        kind = self.random.random()
        if kind < 0.35:
            return f'{member} == "{self.name()}"'
        if kind < 0.5:
            return f"{member} in {{ {', '.join(chr(34) + self.name() + chr(34) for _ in range(3))} }}"
        if kind < 0.6:
            return f"{member} present"
        return self.pattern(member, self.name())

    def about_caller(self):
        kind = self.random.random()
        if kind < 0.3:
            return self.pattern("agent", self.tool())
        if kind < 0.55:
            return self.pattern("principal.name", self.name())
        if kind < 0.65:
            return self.pattern("user", self.name())
        if kind < 0.8:
            return f'not (principal.name in {{ "{self.name()}", "{self.name()}" }})'
        if kind < 0.9:
            return f"src.ip present and src.ip not in {{ 10.{self.random.randint(0, 255)}.0.0/16, 192.168.0.0/16 }}"
        return 'principal.type == "IAMUser"'

    def predicate(self, call, outcome="ok"):
        parts = [outcome]
        if call[2] and self.random.random() < 0.7:
            parts.append(self.about_request(call[2]))
        if self.random.random() < 0.35:
            parts.append(self.about_caller())
        return " and ".join(parts)

    def on_call(self):
        call = self.call()
        outcome = "ok"
        if self.random.random() < 0.1:  # a refusal hides the parameters
            call = (call[0], call[1], [])
            outcome = "denied and " + self.pattern("error_text", self.name())
        return [f"on {call[0]}:{call[1]} ({self.predicate(call, outcome)})"]

    def first_seen(self):
        call = self.call()
        baseline = self.pick(re.findall(r"baseline (\w+)", BASELINES))
        return [f"on {call[0]}:{call[1]} ({self.predicate(call)} and new({baseline}))"]

    def count(self):
        call = self.call()
        return ["by actor", f"within {self.random.randint(5, 60)}m", f"step s: {call[0]}:{call[1]} ({self.predicate(call)})",
                f"match s[{self.random.randint(3, 50)}..]"]

    def chain(self):
        first, second = self.call_with_members(), self.call_with_members()
        return ["by actor", f"within {self.random.randint(10, 120)}m",
                f"step a: {first[0]}:{first[1]} ({self.predicate(first)})",
                f"step b: {second[0]}:{second[1]} (ok and req.{second[2][0]} == a.req.{first[2][0]})",
                "match a -> b", "score 40", f"+20 if {self.pattern('b.agent', self.tool())}"]

    def rule(self):
        self.number += 1
        kind = self.random.random()
        body = (self.on_call() if kind < 0.62 else self.first_seen() if kind < 0.88 else
                self.count() if kind < 0.95 else self.chain())
        lines = [f'title "Made-up rule {self.number} about {{actor}}"', f"severity {self.pick(LEVELS)}",
                 f"attack {self.pick(TECHNIQUES)}", f'falsepos "The {self.name()} team"'] + body
        return f"rule made_up_{self.number} {{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("count", type=int)
    parser.add_argument("folder")
    args = parser.parse_args()
    maker = Maker(args.seed)
    os.makedirs(args.folder, exist_ok=True)
    with open(os.path.join(args.folder, "baselines.csr"), "w", encoding="utf-8") as f:
        f.write("use aws\n\n" + BASELINES)
    for first in range(0, args.count, RULES_A_FILE):
        with open(os.path.join(args.folder, f"rules-{first // RULES_A_FILE:04d}.csr"), "w", encoding="utf-8") as f:
            f.write("use aws\n")
            for _ in range(min(RULES_A_FILE, args.count - first)):
                f.write("\n" + maker.rule())
    return 0


if __name__ == "__main__":
    sys.exit(main())
