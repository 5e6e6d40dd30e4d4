"""Rule files that are too long, too deep, too wide, or no rule files at all: each ends in a diagnostic (or, where so much
is still allowed, in none), within the memory that is set here and before ctest's timeout.

  limits.py CSR [CASE]…      CASE: a name, for one alone
"""
import os
import resource
import subprocess
import sys
import tempfile

MEMORY = 2 << 30  # bytes of address space
FMT_MOST = 4000000  # characters: what is longer is only checked, for the time
MILLION = 1000000
RULE = 'rule {name} {{ title "t" severity low attack T1078 falsepos "n" by actor {more} on iam:CreateUser ({test}) }}\n'
CHAIN = 'rule r {{ title "t" severity low attack T1078 falsepos "n" by actor within 1h {steps} match {match} }}\n'
TEST = 'test r "t" {{ as user/x  {lines}  expect none }}\n'


def rule(test="ok", more="", name="r"):
    return "use aws\n" + RULE.format(test=test, more=more, name=name)


def chain(steps, match):
    return "use aws\n" + CHAIN.format(steps=steps, match=match)


def many(n, form, joint):
    return joint.join(form % i for i in range(n))


def nested(n, opening, inside, closing):
    return opening * n + inside + closing * n


def tested(lines):
    return rule() + TEST.format(lines=lines)


def defines(n, form, last):
    return "use aws\n" + "".join(form % ((i,) + (i + 1,) * (form.count("%d") - 1)) for i in range(n)) + last % n


A = "step a: iam:CreateUser (ok) "
B = "step b: iam:DeleteUser (ok) "

# name: (text, code that must be given; None: it is accepted). A text may be made by a function, to exist only while needed.
CASES = {
    # long
    "a list of a million values": (lambda: "use aws\nlist l = { " + many(MILLION, '"v%d"', ", ") + " }\n", "E0128"),
    "a list of 200,000 values": (lambda: "use aws\nlist l = { " + many(200000, '"v%d"', ", ") + " }\n" +
                                 RULE.format(test="user in l", more="", name="r"), None),
    "or of a million terms": (lambda: rule(many(MILLION, 'user == "v%d"', " or ")), "E0128"),
    "and of 100,000 terms": (lambda: rule(many(100000, 'user != "v%d"', " and ")), "E0128"),
    "or of 10,000 terms": (lambda: rule(many(10000, 'user == "v%d"', " or ")), None),
    "a sum of 100,000 terms": (lambda: rule("5 < " + many(100000, "req.a%d", " + ")), "E0110"),
    "200,000 patterns": (lambda: rule("user like { " + many(200000, '"*a%d*"', ", ") + " }"), "E0128"),
    "a path of 100,000 members": (lambda: rule("req" + ".a" * 100000 + " == 1"), "E0128"),
    "a path of 100,000 brackets": (lambda: rule("req.a" + "[]" * 100000 + " == 1"), "E0128"),
    "100,000 groups": (lambda: rule().replace("(ok)", many(100000, '(user == "u%d")', " | iam:CreateUser ")), "E0128"),
    "100,000 events": (lambda: rule().replace("(ok)", ", " + many(100000, "iam:*a%d*", ", ") + " (ok)"), "E0128"),
    "100,000 arguments": (lambda: rule("first_of(" + many(100000, "req.a%d", ", ") + ") == 1"), "E0128"),
    "a key of 10,000 parts": (lambda: rule().replace("by actor", "by " + many(10000, "req.a%d", ", ")), "E0128"),
    "a title of a million operands": (lambda: rule().replace('"t"', '"' + "{user}" * MILLION + '"'), "E0128"),
    "100,000 terms of a score": (lambda: rule(more="score 10 " + many(100000, '+1 if user == "u%d"', " ")), "E0128"),
    "a rule with 100 steps": (chain(many(100, 'step s%d: iam:CreateUser (ok and user == "x")', " "),
                                    many(100, "s%d", " -> ")), "E0313"),
    "a chain of 100,000 steps": (lambda: chain(A, many(100000, "a%.0d", " -> ")), "E0128"),
    "1,000 parameters": (rule(more=many(1000, "param p%d = 3 range 1..9", " ")), "W0311"),
    "60,000 definitions": (lambda: "use aws\n" + many(60000, "define d%d = ok\n", ""), "E0128"),
    "210,000 items": (lambda: "use aws\n" * 210000, "E0128"),
    "10,000 rules that are wrong": (lambda: "use aws\n" + many(10000, "rule r%d { title }\n", ""), "E0108"),
    "10,000 unknown names": (lambda: rule(many(9999, "nosuch%d == 1", " or ")), "E0203"),
    "1,000,000,000 events of a test": (tested("at 0s iam:CreateUser * 1000000000 every 1s"), "E0318"),
    "a word of a million letters": (lambda: rule("a" * MILLION + " == 1"), "E0203"),
    "100 MB": (lambda: rule() + "# " + "x" * (100 << 20), "E0003"),
    "4 MB of blanks": (lambda: rule() + " " * (4 << 20), None),
    # deep
    "10,000 parentheses": (rule(nested(10000, "(", "ok", ")")), "E0110"),
    "a million parentheses that nobody closes": (lambda: rule("(" * MILLION), "E0110"),
    "a million not": (lambda: rule("not " * MILLION + "ok"), "E0110"),
    "10,000 brackets in a record": (tested("at 0s iam:CreateUser { a: " + nested(10000, "[", "", "]") + " }"), "E0110"),
    "10,000 objects in a record": (tested("at 0s iam:CreateUser " + nested(10000, "{ a: ", "1", "}")), "E0110"),
    "10,000 calls": (rule(nested(10000, "lower(", "user", ")") + ' == "a"'), "E0110"),
    "10,000 parentheses in a match": (chain(A, nested(10000, "(", "a", ")")), "E0110"),
    "10,000 optional items": (chain(A + B, "a -> " + nested(10000, "(b -> ", "b", ")?")), "E0110"),
    "5,000 blocks": ("source x { kind = \"file\" " + nested(5000, "a { ", "b = 1", "}") + " }\n", "E0110"),
    # definitions
    "a definition of itself": ("use aws\ndefine a = a and ok\n" + RULE.format(test="a", more="", name="r"), "E0215"),
    "definitions of each other": ("use aws\ndefine a = b and ok\ndefine b = a and ok\n" +
                                  RULE.format(test="a", more="", name="r"), "E0215"),
    "a definition with a parameter of itself": ("use aws\ndefine f(x) = f(x) and x == 1\n" +
                                                RULE.format(test="f(req.a)", more="", name="r"), "E0215"),
    "definitions that double": (defines(60, "define d%d = (d%d and ok) or (d%d and not ok)\n", "define d%d = ok\n") +
                                RULE.format(test="d0", more="", name="r"), "E0216"),
    "definitions that double their calls": (defines(60, "define g%d(x) = g%d(x) or not g%d(x)\n", 'define g%d(x) = x == "a"\n') +
                                            RULE.format(test="g0(user)", more="", name="r"), "E0216"),
    "definitions that double their arguments": (defines(30, "define h%d(x) = h%d(x + x)\n", "define h%d(x) = x > 1\n") +
                                                RULE.format(test="h0(req.a)", more="", name="r"), "E0216"),
    "definitions that are deep together": ("use aws\ndefine f(x) = " + "not " * 90 + "x\ndefine g(x) = " + nested(80, "f(", "x", ")") +
                                           "\ndefine h(x) = " + nested(80, "g(", "x", ")") + "\n" +
                                           RULE.format(test="h(ok)", more="", name="r"), "E0216"),
    "rules of each other": ("use aws\n" + CHAIN.format(steps="step a: s  step b: iam:CreateUser (ok) ", match="a -> b") +
                            CHAIN.format(steps="step a: r  step b: iam:CreateUser (ok) ", match="a -> b").replace("rule r", "rule s"),
                            "E"),
    "packages that use each other": ({"a/pack.csr": 'use aws, b  pack { name = "a" version = "1.0.0" }\nlist l = { "x" }\n',
                                      "b/pack.csr": 'use aws, a  pack { name = "b" version = "1.0.0" }\n' +
                                                    RULE.format(test="user in a.l and user in m", more="", name="r")}, "E0203"),
    # numbers
    "a number of 100,000 digits": (rule("5 < " + "9" * 100000), "E0113"),
    "a power of a million": (rule("resp.a > 1e999999"), "E"),
    "a size beyond 64 bits": (rule("bytes > 99999999999999999TB"), "E0113"),
    "a duration beyond 64 bits": (rule().replace("by actor", "by actor once for 99999999999999999d"), "E0113"),
    "a count beyond all": (chain(A, "a[999999999999..]"), "E0308"),
    # no text
    "only NUL": (lambda: "\0" * (60 << 20), "E0112"),
    "a NUL in a text": (rule('user == "a\0b"'), "E0112"),
    "a text that nobody ends": (lambda: rule('user == "' + "a" * 10000000), "E0107"),
    "a regular expression that nobody ends": (lambda: rule("user ~ /" + "a" * MILLION), "E"),
    "a regular expression that is too large": (rule("user ~ /" + "(a{1,100}){1,100}" + "/"), "E0232"),
    "a million brackets": (lambda: "{" * MILLION, "E"),
    "100,000 words": (lambda: "a " * 100000, "E0102"),
}


def is_sanitized(csr):
    with open(csr, "rb") as file:
        return b"__asan_init" in file.read()


def run(csr, text, limited):
    """What `csr check` and, of a text that is not long, `csr fmt` say of it, and their exit statuses."""
    def limit():
        if limited:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        for path, content in (text if isinstance(text, dict) else {"r.csr": text}).items():
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "w", encoding="utf-8", newline="") as file:
                file.write(content)
        results = []
        verbs = (["check"], ["fmt", "--check"]) if len(text) < FMT_MOST else (["check"],)
        for verb in verbs:
            done = subprocess.run([csr, *verb, "."], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env={**os.environ, "NO_COLOR": "1", "XDG_CACHE_HOME": folder}, preexec_fn=limit)
            results.append((done.returncode, done.stdout.decode("utf-8", "replace")))
        return results


def mistake(results, code):
    status, said = results[0]
    for verb, (ended, _) in zip(("check", "fmt"), results):
        if ended not in (0, 1, 3):
            return "%s: exit status %d" % (verb, ended)
    if code is None:
        return "" if status == 0 else "not accepted"
    if code[0] == "E" and status == 0:
        return "accepted"
    if said.count("\nerror[") > 20 or said.count("\nwarning[") > 1000:
        return "says too much"
    return "" if "[" + code in said else "does not say " + code


def main():
    csr = os.path.realpath(sys.argv[1])
    limited = not is_sanitized(csr)
    wrong = 0
    for name in sys.argv[2:] or CASES:
        text, code = CASES[name]
        results = run(csr, text() if callable(text) else text, limited)
        why = mistake(results, code)
        if why:
            wrong += 1
            print("%s: %s\n%s" % (name, why, results[0][1][:1000]))
    print("%d files, %d wrong" % (len(sys.argv[2:] or CASES), wrong))
    return wrong != 0


sys.exit(main())
