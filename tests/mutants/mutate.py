"""Planted bugs: reads mutants.txt, checks that each still fits the code, writes one into a copy of its file.

    mutate.py check     each `-` line stands exactly once in its file, each name once in the table, and those that
                        docs/mutants.md says survive are in the table

tools/dev/mutants builds and tries them.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))


def text_of(file):
    with open(os.path.join(SOURCE, file), encoding="utf-8") as f:
        return f.read()


def table_text(commit=None):
    if commit:
        return subprocess.run(["git", "show", f"{commit}:tests/mutants/mutants.txt"], cwd=SOURCE, stdout=subprocess.PIPE,
                              text=True, check=True).stdout
    return text_of("tests/mutants/mutants.txt")


def read_table(commit=None):
    """Yields (name, file, old, new, what it breaks), as the table says now or at a commit."""
    for block in re.split(r"\n{2,}", table_text(commit)):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        name, file, why = re.fullmatch(r"== (\S+) (\S+)\s+(.*)", lines[0]).groups()
        old = "\n".join(line[2:] for line in lines[1:] if line.startswith("- "))
        new = "\n".join(line[2:] for line in lines[1:] if line.startswith("+ "))
        yield name, file, old, new, why


def survivors():
    """Names of those that no test finds: docs/mutants.md has a table of them, with the reason."""
    return set(re.findall(r"^\| `([a-z0-9-]+)` \|", text_of("docs/mutants.md"), re.M))


def check():
    wrong, names = 0, set()
    for name, file, old, new, _ in read_table():
        found = text_of(file).count(old)
        if found != 1 or old == new or name in names:
            wrong += 1
            print(f"{name}: {'its name is there twice' if name in names else f'stands {found} times in {file}'}: {old}")
        names.add(name)
    for name in sorted(survivors() - names):
        wrong += 1
        print(f"{name}: is in docs/mutants.md, but not in the table")
    print(f"{len(names)} planted bugs, {wrong} do not fit")
    return 1 if wrong or len(names) < 60 else 0


def write(wanted, out):
    """The file with the bug in it, as `out`."""
    for name, file, old, new, _ in read_table():
        if name == wanted:
            os.makedirs(os.path.dirname(out), exist_ok=True)
            with open(out, "w", encoding="utf-8") as f:
                f.write(text_of(file).replace(old, new))


if __name__ == "__main__":
    if sys.argv[1:] != ["check"]:
        sys.exit(__doc__)
    sys.exit(check())
