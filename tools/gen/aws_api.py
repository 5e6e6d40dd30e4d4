#!/usr/bin/env python3
"""Writes what the compiler knows of AWS: engine/schema/aws_api.def and aws_members.def.

    tools/gen/aws_api.py [botocore-….whl]        without a file the newest is fetched with pip

aws_api.def has every service by its IAM prefix, with the names of its calls; aws_members.def the members of requests
and answers, spelt as CloudTrail spells them. Both come from the service models in botocore
(https://github.com/boto/botocore, Apache License 2.0; see its NOTICE). What the models do not know stands in
engine/schema/aws_extra.def, which is kept by hand. The results are committed, so that a build needs neither Python nor
a network; run this now and then and read the difference.
"""
import collections
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "engine/schema"
SOURCE = "Made by tools/gen/aws_api.py from botocore {version}; do not edit."
NOTICE = "botocore is Copyright Amazon.com, Inc. or its affiliates, licensed under the Apache License, Version 2.0."

# The IAM prefix of a service is its signing name, else its endpoint's, but for these (by botocore's folder).
PREFIX = {
    "apigatewaymanagementapi": "execute-api",
    "cloudcontrol": "cloudformation",
    "cloudwatch": "cloudwatch",
    "connectparticipant": "connect",
    "ecr": "ecr",
    "iot-data": "iot",
    "iot-jobs-data": "iot",
    "iotsecuretunneling": "iot",
    "lex-runtime": "lex",
    "resourcegroupstaggingapi": "tag",
    "sso": "sso",
    "sso-oidc": "sso",
}


def fetch():
    """The newest botocore as a wheel, through pip."""
    folder = tempfile.mkdtemp()
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "botocore"],
                   check=True)
    return next(pathlib.Path(folder).glob("botocore-*.whl"))


def models(wheel):
    """(folder, IAM prefix, model) of every version of every service."""
    with zipfile.ZipFile(wheel) as z:
        for name in sorted(z.namelist()):
            m = re.fullmatch(r"botocore/data/([^/]+)/[^/]+/service-2\.json(\.gz)?", name)
            if not m:
                continue
            data = z.read(name)
            model = json.loads(gzip.decompress(data) if m[2] else data)
            meta = model["metadata"]
            yield m[1], PREFIX.get(m[1]) or (meta.get("signingName") or meta["endpointPrefix"]).lower(), model


def literal(words, width=110):
    """Words, each with a blank behind it, as adjacent string literals."""
    lines, line = [], ""
    for word in words:
        if line and len(line) + len(word) > width:
            lines.append(line)
            line = ""
        line += word + " "
    return "\n".join(f'"{l}"' for l in lines + [line])


# ---- names of calls ---------------------------------------------------------------------------------------------

API_HEAD = """\
/* aws_api.def - the calls of AWS by service. {source}
 *
 * SERVICE("IAM prefix", "names of its calls, sorted, a blank behind each")
 * ALSO("another name of a service", "its IAM prefix"): SDK names and endpoints that people write instead
 *
 * Whoever includes this defines the rows wanted; the others count for nothing, and all are undefined at the end.
 * Services are sorted by prefix. What the models of botocore do not know stands in aws_extra.def.
 *
 * {notice}
 */
#ifndef SERVICE
#define SERVICE(prefix, calls)
#endif
#ifndef ALSO
#define ALSO(name, prefix)
#endif

"""


def write_calls(services, head):
    calls, also = collections.defaultdict(set), {}
    for folder, prefix, model in services:
        calls[prefix].update(model["operations"])
        for other in (folder, model["metadata"]["endpointPrefix"]):
            also.setdefault(other, prefix)
    with (SCHEMA / "aws_api.def").open("w") as out:
        out.write(API_HEAD.format(**head))
        for prefix in sorted(calls):
            out.write(f'SERVICE("{prefix}",\n{literal(sorted(calls[prefix]))})\n')
        for name in sorted(also):
            if name not in calls:
                out.write(f'ALSO("{name}", "{also[name]}")\n')
        out.write("#undef SERVICE\n#undef ALSO\n")


# ---- members of requests and answers ----------------------------------------------------------------------------

MEMBERS_HEAD = """\
/* aws_members.def - members of requests and answers by call, spelt as CloudTrail spells them. {source}
 *
 * MEMBERS("IAM prefix", FORM, calls, records)
 *   calls    a line a call, sorted: its name, the members of its request, ">" and those of its answer. Without ">"
 *            it only reads, and CloudTrail does not write what it answers
 *   records  a line a record that members hold, sorted by its name
 *   Words have a blank behind them. "tags:Tag" is a member that holds the record Tag, or a list of it; a member
 *   without a colon is a plain value, or one whose inside is not known here. ":Role" stands for all members of Role.
 *   FORM     how sure the spelling is: enum member_form (members.h)
 *
 * Services are sorted by prefix. Records are given for the services that rules are written for, three levels deep.
 *
 * {notice}
 */
"""

# Services whose records keep the model's own case.
KEEPS_CASE = {"account", "ce", "resource-explorer-2", "securityhub"}
# Services of protocols that keep it here and lower it there, and that were seen to lower it.
LOWERS = {"cloudfront", "elasticfilesystem", "guardduty", "lambda", "ses", "s3"}
# API Gateway names the parts of a request by the types of its own interface.
UNCHECKED = {"apigateway"}

# Services that write what is inside the only member of an answer without that member.
UNWRAPS = {"elasticache", "rds", "redshift"}

# Calls that only read: CloudTrail leaves out what they answer.
READS = "(BatchGet|Describe|Get|Head|List|Lookup|Query|Scan|Search)"

# Services whose members are given three levels deep.
DEEP = set("""
    account amplify application-autoscaling autoscaling backup bedrock ce cloudformation cloudfront cloudtrail cloudwatch
    codebuild codecommit cognito-idp config dynamodb ec2 ec2-instance-connect ecr ecs eks elasticfilesystem
    elasticache elasticloadbalancing events glue guardduty iam identitystore kms lambda logs organizations rds redshift resource-explorer-2
    rolesanywhere route53 route53resolver secretsmanager securityhub servicequotas ses sns sqs ssm sso states
    sts support""".split())


def lowered(name):
    return name[:1].lower() + name[1:]


class Speller:
    """How CloudTrail writes the members of one model."""

    def __init__(self, prefix, model):
        self.prefix, self.shapes = prefix, model["shapes"]
        self.protocol = model["metadata"]["protocol"]
        self.deep = prefix in DEEP
        self.records = {}

    def structure(self, name):
        """The record that a value of this shape is or lists; None if it is neither."""
        shape = self.shapes[name]
        while shape["type"] == "list":
            name = shape["member"]["shape"]
            shape = self.shapes[name]
        return name if shape["type"] == "structure" and shape.get("members") and not shape.get("document") else None

    def spellings(self, name, member, is_request):
        wire = member.get("locationName", name)
        if self.prefix == "s3":
            return {"bucketName" if name == "Bucket" else "key" if name == "Key" else wire}
        if self.protocol == "ec2":
            is_list = self.shapes[member["shape"]]["type"] == "list"
            names = {lowered(name), lowered(wire)} if is_request else {lowered(wire)}
            return names | {n + "Set" for n in names if is_list and is_request and not n.endswith("Set")}
        names = {name} if self.prefix in KEEPS_CASE else {lowered(name)}
        if name.isupper():
            names.add(name.lower())
        if member.get("location") in ("uri", "querystring", "header", "headers"):
            names.add(wire)
        return names

    def members(self, name, is_request, depth):
        """The members of a structure, sorted, with the records they hold."""
        words = set()
        for own, member in self.shapes[name].get("members", {}).items():
            inner = self.structure(member["shape"]) if self.deep and depth < 3 else None
            if inner:
                self.add_record(inner, is_request, depth + 1)
            for spelt in self.spellings(own, member, is_request):
                words.add(f"{spelt}:{inner}" if inner else spelt)
        return sorted(words)

    def add_record(self, name, is_request, depth):
        key = name
        if key in self.records and self.records[key][0] <= depth:
            return
        self.records[key] = (depth, [])
        self.records[key] = (depth, self.members(name, is_request, depth))

    def call(self, name, operation):
        """The members of a request and of its answer; the answer is None if CloudTrail never writes it."""
        request = self.members(operation["input"]["shape"], True, 1) if "input" in operation else []
        if self.prefix == "s3":
            uri = operation["http"]["requestUri"]
            request += ["Host"] + [q.split("=")[0] for q in uri.partition("?")[2].split("&") if q]
        if self.prefix != "sts" and re.match(READS, name):
            return sorted(set(request)), None
        answer = self.members(operation["output"]["shape"], False, 1) if "output" in operation else []
        if self.prefix in UNWRAPS and len(answer) == 1 and ":" in answer[0]:
            answer.append(answer[0][answer[0].index(":"):])
        return sorted(set(request)), answer


FORMS = ["EXACT", "EITHER_CASE", "LOOSE"]


def form_of(prefix, model):
    protocol = model["metadata"]["protocol"]
    if prefix in UNCHECKED:
        return None
    if protocol == "ec2":
        return "LOOSE"
    has_capitals = any(name[0].isupper() for shape in model["shapes"].values() for name in shape.get("members", {}))
    if protocol.startswith("rest-") and has_capitals and prefix not in LOWERS | KEEPS_CASE:
        return "EITHER_CASE"
    return "EXACT"


def write_members(services, head):
    forms, calls, records = {}, collections.defaultdict(dict), collections.defaultdict(dict)
    for _, prefix, model in services:
        speller = Speller(prefix, model)
        form = form_of(prefix, model)
        if not form:
            continue
        forms[prefix] = max(form, forms.get(prefix, "EXACT"), key=FORMS.index)
        for name, operation in model["operations"].items():
            request, answer = speller.call(name, operation)
            old = calls[prefix].get(name, ([], None))
            if answer is not None:
                answer = sorted(set(answer) | set(old[1] or []))
            calls[prefix][name] = (sorted(set(request) | set(old[0])), answer)
        for name, (_, members) in speller.records.items():
            records[prefix][name] = sorted(set(members) | set(records[prefix].get(name, [])))
    with (SCHEMA / "aws_members.def").open("w") as out:
        out.write(MEMBERS_HEAD.format(**head))
        for prefix in sorted(calls):
            out.write(f'MEMBERS("{prefix}", {forms[prefix]},\n')
            for name in sorted(calls[prefix]):
                request, answer = calls[prefix][name]
                words = [name] + request + ([] if answer is None else [">"] + answer)
                out.write(literal(words)[:-1] + '\\n"\n')
            out.write(",\n")
            for name in sorted(records[prefix]):
                out.write(literal([name] + records[prefix][name])[:-1] + '\\n"\n')
            out.write('"")\n')
        out.write("#undef MEMBERS\n")


def main():
    wheel = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else fetch()
    head = {"source": SOURCE.format(version=wheel.name.split("-")[1]), "notice": NOTICE}
    services = list(models(wheel))
    write_calls(services, head)
    write_members(services, head)
    for name in ("aws_api.def", "aws_members.def"):
        print(f"{SCHEMA / name}: {(SCHEMA / name).stat().st_size} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
