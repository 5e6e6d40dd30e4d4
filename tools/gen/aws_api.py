#!/usr/bin/env python3
"""Writes engine/schema/aws_api.def: every service of AWS by its IAM prefix, with the names of its calls.

    tools/gen/aws_api.py [botocore-….whl]        without a file the newest is fetched with pip

The names come from the service models in botocore (https://github.com/boto/botocore, Apache License 2.0; see its
NOTICE). What the models do not know stands in engine/schema/aws_extra.def, which is kept by hand. The result is
committed, so that a build needs neither Python nor a network; run this now and then and read the difference.
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

OUT = pathlib.Path(__file__).resolve().parents[2] / "engine/schema/aws_api.def"

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

HEAD = """\
/* aws_api.def - the calls of AWS by service. Made by tools/gen/aws_api.py from botocore {version}; do not edit.
 *
 * SERVICE("IAM prefix", "names of its calls, sorted, a blank behind each")
 * ALSO("another name of a service", "its IAM prefix"): SDK names and endpoints that people write instead
 *
 * Whoever includes this defines the rows wanted; the others count for nothing, and all are undefined at the end.
 * Services are sorted by prefix. What the models of botocore do not know stands in aws_extra.def.
 *
 * botocore is Copyright Amazon.com, Inc. or its affiliates, licensed under the Apache License, Version 2.0.
 */
#ifndef SERVICE
#define SERVICE(prefix, calls)
#endif
#ifndef ALSO
#define ALSO(name, prefix)
#endif

"""
TAIL = """\
#undef SERVICE
#undef ALSO
"""


def fetch():
    """The newest botocore as a wheel, through pip."""
    folder = tempfile.mkdtemp()
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "botocore"],
                   check=True)
    return next(pathlib.Path(folder).glob("botocore-*.whl"))


def models(wheel):
    """(folder, model) of every version of every service."""
    with zipfile.ZipFile(wheel) as z:
        for name in sorted(z.namelist()):
            m = re.fullmatch(r"botocore/data/([^/]+)/[^/]+/service-2\.json(\.gz)?", name)
            if m:
                data = z.read(name)
                yield m[1], json.loads(gzip.decompress(data) if m[2] else data)


def collect(wheel):
    calls, also = collections.defaultdict(set), {}
    for folder, model in models(wheel):
        meta = model["metadata"]
        endpoint = meta["endpointPrefix"]
        prefix = PREFIX.get(folder) or (meta.get("signingName") or endpoint).lower()
        calls[prefix].update(model["operations"])
        for other in (folder, endpoint):
            also.setdefault(other, prefix)
    return calls, {name: prefix for name, prefix in also.items() if name not in calls}


def service_row(prefix, names):
    lines, line = [], ""
    for name in sorted(names):
        if len(line) + len(name) > 110:
            lines.append(line)
            line = ""
        line += name + " "
    lines.append(line)
    return f'SERVICE("{prefix}",\n' + "\n".join(f'"{l}"' for l in lines) + ")\n"


def main():
    wheel = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else fetch()
    calls, also = collect(wheel)
    with OUT.open("w") as out:
        out.write(HEAD.format(version=wheel.name.split("-")[1]))
        for prefix in sorted(calls):
            out.write(service_row(prefix, calls[prefix]))
        for name in sorted(also):
            out.write(f'ALSO("{name}", "{also[name]}")\n')
        out.write(TAIL)
    print(f"{OUT}: {len(calls)} services, {sum(map(len, calls.values()))} calls, {OUT.stat().st_size} bytes",
          file=sys.stderr)


if __name__ == "__main__":
    main()
