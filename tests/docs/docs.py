"""Compiles and runs the examples in the documentation.

    docs.py CSR SOURCE

    ```csr              a whole file: `csr check` must find nothing wrong and nothing to warn of, `csr fmt` nothing to change
    ```csr file=NAME    the same, kept under that name for the console blocks of the page
    ```csr rule         clauses of a rule: what is missing of `use`, title, severity is put around them
    ```csr expr         a predicate
    ```console          "$ command" lines are run in a folder that has the page's files and the sample; what stands
                        below a command must be what it prints (both outputs). "…" alone stands for any lines, within
                        a line for any text. A command with nothing below it is not run.
"""
import os
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(csr|console)([^\n]*)\n(.*?)^```$", re.M | re.S)


def as_file(kind, text):
    if kind == "expr":
        text = f"on * ({text})"
    if kind in ("rule", "expr"):
        around = '## An example.\nrule example {\n    title     "t"\n    attack    T1078\n    falsepos  "f"\n'
        if not re.search(r"^\s*severity", text, re.M):
            around += "    severity  low\n"
        return f"use aws\n\n{around}{text}}}\n"
    return text


def matches(wanted, got):
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in wanted)
    return re.fullmatch(pattern, got.rstrip("\n") + "\n") is not None


def run_console(text, folder, environment):
    """Yields what is wrong with each command that shows its output."""
    commands = []
    for line in text.splitlines():
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif commands:
            commands[-1][1].append(line)
    for command, wanted in commands:
        while wanted and not wanted[-1].strip():
            wanted.pop()
        if not wanted:
            continue
        done = subprocess.run(command, shell=True, cwd=folder, env=environment, text=True, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if not matches(wanted, done.stdout):
            yield f"$ {command}\n--- the page says\n" + "\n".join(wanted) + f"\n--- it printed\n{done.stdout}"


def check_page(csr, source, page):
    wrong, examples = [], 0
    with open(page, encoding="utf-8") as f:
        text = f.read()
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "docs"))
        os.symlink(os.path.join(source, "docs/sample"), os.path.join(folder, "docs/sample"))
        environment = dict(os.environ, PATH=os.path.dirname(csr) + ":" + os.environ["PATH"], NO_COLOR="1")
        for match in BLOCK.finditer(text):
            language, words, body = match.groups()
            line = text.count("\n", 0, match.start()) + 1
            words = words.split()
            if language == "console":
                for complaint in run_console(body, folder, environment):
                    wrong.append(f"{page}:{line}: {complaint}")
                examples += 1
                continue
            kind = words[0] if words and "=" not in words[0] else "file"
            name = next((w[5:] for w in words if w.startswith("file=")), "example.csr")
            with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
                f.write(as_file(kind, body))
            done = subprocess.run([csr, "check", "--deny-warnings", name], cwd=folder, env=environment,
                                  capture_output=True, text=True)
            if ("wrong" in words) == (done.returncode == 0):
                wrong.append(f"{page}:{line}: the example\n{done.stdout}{done.stderr}")
            if kind != "expr" and subprocess.run([csr, "fmt", "--check", name], cwd=folder, capture_output=True).returncode:
                wrong.append(f"{page}:{line}: the example is not laid out as `csr fmt` does")
            examples += 1
    return wrong, examples


def main(csr, source):
    csr, source = os.path.abspath(csr), os.path.abspath(source)
    pages = [os.path.join(source, "README.md")]
    for folder, _, names in os.walk(os.path.join(source, "docs")):
        pages += [os.path.join(folder, n) for n in names if n.endswith(".md")]
    failed = 0
    for page in sorted(pages):
        wrong, examples = check_page(csr, source, page)
        print(f"{os.path.relpath(page, source)}: {examples} examples, {len(wrong)} wrong")
        for complaint in wrong:
            print(complaint)
        failed += len(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
