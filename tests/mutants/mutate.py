"""Planted bugs: reads mutants.txt, checks that each still fits the code, writes one into a copy of its file.

    mutate.py rows [COMMIT]      prints name, file, and a digest of each row as it is now or was then, with tabs
    mutate.py check              each `-` line stands exactly once in its file, and each name once in the table
    mutate.py write NAME OUT     the file with the bug in it, as OUT; prints the file's own name

The build has one in it with cmake -DCSR_MUTANT=NAME. tools/dev/mutants builds and tries them.
"""
import hashlib
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))


def table_text(commit=None):
    if commit:
        return subprocess.run(["git", "show", f"{commit}:tests/mutants/mutants.txt"], cwd=SOURCE, stdout=subprocess.PIPE,
                              text=True, check=True).stdout
    with open(os.path.join(HERE, "mutants.txt"), encoding="utf-8") as f:
        return f.read()


def read_table(commit=None):
    """Yields (name, file, old, new, what it breaks)."""
    for block in re.split(r"\n{2,}", table_text(commit)):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        name, file, why = re.fullmatch(r"== (\S+) (\S+)\s+(.*)", lines[0]).groups()
        old = "\n".join(line[2:] for line in lines[1:] if line.startswith("- "))
        new = "\n".join(line[2:] for line in lines[1:] if line.startswith("+ "))
        yield name, file, old, new, why


def text_of(file):
    with open(os.path.join(SOURCE, file), encoding="utf-8") as f:
        return f.read()


def check():
    wrong, names = 0, set()
    for name, file, old, new, _ in read_table():
        found = text_of(file).count(old)
        if found != 1 or old == new or name in names:
            wrong += 1
            print(f"{name}: {'its name is there twice' if name in names else f'stands {found} times in {file}'}: {old}")
        names.add(name)
    print(f"{len(names)} planted bugs, {wrong} do not fit")
    return 1 if wrong or len(names) < 60 else 0


def write(wanted, out):
    for name, file, old, new, _ in read_table():
        if name == wanted:
            with open(out, "w", encoding="utf-8") as f:
                f.write(text_of(file).replace(old, new))
            print(file)
            return 0
    print(f"no planted bug is called {wanted}", file=sys.stderr)
    return 2


def main(arguments):
    if arguments[:1] == ["rows"] and len(arguments) <= 2:
        for name, file, old, new, _ in read_table(*arguments[1:]):
            print(name, file, hashlib.sha256((old + "\0" + new).encode()).hexdigest()[:16], sep="\t")
        return 0
    if arguments == ["check"]:
        return check()
    if len(arguments) == 3 and arguments[0] == "write":
        return write(arguments[1], arguments[2])
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
