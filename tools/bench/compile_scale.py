#!/usr/bin/env python3
"""Measures `csr check` over made-up rule sets of growing size and writes the curve into docs/performance.md.

    tools/bench/compile_scale.py [--csr build/csr] [--runs N] [--most RULES] [--print]

Three ways: quick (no pattern databases), cold (an empty cache, so that all databases are made) and warm (all are read).
What is given is the median of several runs: seconds of the processor, because other work on the machine changes them
least (compiling has one thread), and seconds on the clock.
"""
import argparse
import datetime
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
PAGE = os.path.join(ROOT, "docs/performance.md")
BEGIN, END = "<!-- tools/bench/compile_scale.py writes from here -->", "<!-- to here -->"
SIZES = (10, 30, 100, 300, 1000, 3000, 10000)


def run_once(command, cache):
    """(seconds on the clock, seconds of the processor, MB of memory)"""
    env = dict(os.environ, XDG_CACHE_HOME=cache)
    env.pop("CACHE_DIRECTORY", None)
    begin = time.monotonic()
    child = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - begin
    if status:
        sys.exit(f"{' '.join(command)}: status {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def median(runs):
    return [statistics.median(column) for column in zip(*runs)]


def size_of(folder):
    return sum(os.path.getsize(os.path.join(at, f)) for at, _, files in os.walk(folder) for f in files)


def measure(csr, rules, runs, work):
    folder, cache = os.path.join(work, f"rules-{rules}"), os.path.join(work, f"cache-{rules}")
    subprocess.run([sys.executable, os.path.join(ROOT, "tools/gen/many_rules.py"), str(rules), folder], check=True)
    check = [csr, "check", folder]
    quick = median([run_once(check + ["--quick"], cache) for _ in range(runs)])
    cold = []
    for _ in range(runs):
        shutil.rmtree(cache, ignore_errors=True)
        cold.append(run_once(check, cache))
    warm = median([run_once(check, cache) for _ in range(runs)])
    at = os.path.join(cache, "csr")
    databases = len(os.listdir(at)) if os.path.isdir(at) else 0
    return {"rules": rules, "kb": size_of(folder) / 1024, "quick": quick, "cold": median(cold), "warm": warm,
            "databases": databases, "mb": size_of(cache) / 1e6}


def first_line(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        names = re.findall(r"^model name\s*: (.*)$", f.read(), re.M)
    cpu = re.sub(r"\s+", " ", names[0]) if names else platform.machine()
    with open("/etc/os-release", encoding="utf-8") as f:
        system = re.search(r'^PRETTY_NAME="([^"]*)"', f.read(), re.M).group(1)
    hyperscan = first_line(["pkg-config", "--modversion", "libhs"])
    return (f"{cpu}, {os.cpu_count()} processors; {system}, {first_line(['cc', '--version'])}, Hyperscan {hyperscan}; "
            f"{datetime.date.today().isoformat()}, load {os.getloadavg()[0]:.1f} at the end")


def table(rows):
    out = ["| rules | text | quick | cold | warm | databases | memory |",
           "| ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for r in rows:
        cells = [f"{r['rules']:,}", f"{r['kb']:,.0f} KB"]
        cells += [f"{r[k][1]:.2f} s ({r[k][0]:.2f})" for k in ("quick", "cold", "warm")]
        cells += [f"{r['databases']}, {r['mb']:.1f} MB", f"{r['warm'][2]:.0f} MB"]
        out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out)


def ratios(rows):
    """How time grows where rules grow: 1 is linear."""
    a, b = rows[-3], rows[-1]
    grown = b["rules"] / a["rules"]
    words = [f"{k} {b[k][1] / max(a[k][1], 1e-3) / grown:.2f}" for k in ("quick", "cold", "warm")]
    return (f"From {a['rules']:,} to {b['rules']:,} rules, for each time that the rules grow, time grows by "
            f"{', '.join(words)} (1 is linear).")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--csr", default=os.path.join(ROOT, "build/csr"))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--most", type=int, default=SIZES[-1])
    parser.add_argument("--print", action="store_true", help="to standard output instead of the page")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="csr-bench-") as work:
        rows = [measure(os.path.abspath(args.csr), n, args.runs, work) for n in SIZES if n <= args.most]
    text = (f"{BEGIN}\n\n{table(rows)}\n\n" + (f"{ratios(rows)}\n\n" if len(rows) > 2 else "") +
            f"Median of {args.runs} runs: processor, and on the clock in parentheses. {machine()}.\n\n{END}")
    if args.print:
        print(text)
        return 0
    with open(PAGE, encoding="utf-8") as f:
        page = f.read()
    if BEGIN not in page or END not in page:
        sys.exit(f"{PAGE} has no place for the table")
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(page[:page.index(BEGIN)] + text + page[page.index(END) + len(END):])
    return 0


if __name__ == "__main__":
    sys.exit(main())
