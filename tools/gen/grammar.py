"""The grammar of the rule language for readers, made of the parser's and the lexer's own.

    grammar.py FOLDER            prints docs/grammar.md, of FOLDER/parser.y, lexer.l and word.def

bison's rules say everything, but in a form for bison: lists as left recursion, what may be missing as an empty
alternative, and an action behind each. Here the same rules are written as EBNF: { x } any number of times, [ x ] once
or not at all. `error` alternatives are how the parser goes on after a mistake; they are no part of the language.
"""
import os
import re
import sys

HEAD = """# Grammar

Made of the parser's own rules (`grammar/parser.y`), so it cannot differ from what csr reads. `{ x }` is any number of
times, `[ x ]` once or not at all; words and signs in quotes stand as they are, capitals are tokens of the table below.
What the pieces mean is [language.md](language.md).

```ebnf
"""
TOKENS = """```

Blanks, newlines and NUL bytes separate tokens, so does `#` with the rest of its line; `##` lines before a rule are its
description. The longest token wins; of equal length the earlier in the table.

| token | form | |
|---|---|---|
"""
SAID = {
    "NAME": "any quoted word above is a name too, but for the reserved ones",
    "REGEX": "only directly behind `~`",
    "STRING": r"on one line. Escapes are `\"`, `\\`, `\/`, `\n`, `\t`, `\r` and `\u0041`; a trailing `i`: compared without case. "
              "In titles and messages `{operand}`, and `{{` for a brace",
    "DUR": "such as `1h30m`",
    "SIZE": "`MB` by thousands, `MiB` by 1,024",
    "SIGNED": "a sign glued to a number; an operator has a blank behind it",
    "ADDR": "IPv6 stands in quotes",
    "API": "a colon with no blank on either side makes a call's name, before a blank it is a label",
    "FIELD": "behind a dot any word may stand",
}


def read_tokens(text):
    """(token, pattern) in the lexer's order, its definitions put in."""
    definitions = dict(re.findall(r"^([A-Z]+)\s+(\S.*)$", text[:text.index("\n%%")], re.M))
    for line in text[text.index("\n%%"):text.rindex("\n%%")].splitlines():
        found = re.match(r"(\S+)\s+.*?(?:LEAF\((\w+)\)|(lex_word))", line)
        if not found:
            continue
        pattern = found[1]
        while re.search(r"\{([A-Z]+)\}", pattern):
            pattern = re.sub(r"\{([A-Z]+)\}", lambda m: definitions[m[1]], pattern)
        yield found[2] or "NAME", pattern


def read_reserved(text):
    return re.findall(r'^WORD\(\w+,\s*"(\w+)",\s*[\w| ]*\bRESERVED\b', text, re.M)


def write_tokens(lexer, words):
    rows = []
    for token, pattern in read_tokens(lexer):
        rows.append(f"| `{token}` | `{pattern.replace('|', chr(92) + '|')}` | {SAID.get(token, '')} |")
    return TOKENS + "\n".join(rows) + "\n\nReserved words: `" + " ".join(read_reserved(words)) + "`.\n"


def without_actions(text):
    """Drops { … } (braces nest, quotes hide them), comments and %prec-like marks."""
    out, depth, i = [], 0, 0
    while i < len(text):
        if text[i] in "'\"":
            end = text.index(text[i], i + 1) + 1
            if not depth:
                out.append(text[i:end])
            i = end
        elif text.startswith("/*", i):
            i = text.index("*/", i) + 2
        else:
            depth += text[i] == "{"
            if not depth:
                out.append(text[i])
            depth -= text[i] == "}"
            i += 1
    return "".join(out)


TOKEN = re.compile(r"\"[^\"]*\"|'[^']'|[A-Za-z_%]\w*|[|:;]")


def read_rules(text):
    """name -> list of alternatives, each a list of symbols, in the file's order."""
    body = without_actions(text[re.search(r"^%%$", text, re.M).end():])
    rules, tokens = {}, TOKEN.findall(body)
    i = 0
    while i + 1 < len(tokens) and tokens[i + 1] == ":":
        name, alternatives = tokens[i], [[]]
        i += 2
        while tokens[i] != ";":
            if tokens[i] == "|":
                alternatives.append([])
            elif tokens[i] != "%empty":
                alternatives[-1].append(tokens[i].replace("'", '"'))
            i += 1
        i += 1
        rules[name] = [a for a in alternatives if a != ["error"]]
    return rules


def as_list(name, alternatives):
    """What a left-recursive rule repeats: (text, whether it needs no name of its own), or None."""
    again = [a[1:] for a in alternatives if a[:1] == [name]]
    base = [a for a in alternatives if a[:1] != [name]]
    if not again or len(base) != 1:
        return None
    rest = " | ".join(" ".join(a) for a in again)
    return (" ".join(base[0]) + " { " + rest + " }").strip()


def write(rules):
    texts = {}
    for name, alternatives in rules.items():
        repeated = as_list(name, alternatives)
        if repeated:
            texts[name] = [repeated]
        elif [] in alternatives and len(alternatives) > 1:
            some = [" ".join(a) for a in alternatives if a]
            texts[name] = ["[ " + " | ".join(some) + " ]"]
        else:
            texts[name] = [" ".join(a) for a in alternatives]
    return texts


def inline(texts, keep):
    """Puts small rules where they are used, until nothing changes."""
    while True:
        uses = {n: sum(len(re.findall(rf"(?<!\")\b{n}\b(?!\")", t)) for ts in texts.values() for t in ts) for n in texts}
        small = [n for n, t in texts.items()
                 if n not in keep and len(t) == 1 and uses[n] and not re.search(rf"(?<!\")\b{n}\b(?!\")", t[0])
                 and (uses[n] == 1 or t[0][0] in "[{" or " " not in t[0])]
        if not small:
            return
        name = small[0]
        text = texts.pop(name)[0]
        for other in texts:
            texts[other] = [re.sub(rf"(?<!\")\b{name}\b(?!\")", lambda m: text, t) for t in texts[other]]


def wrapped(name, alternatives, width=116):
    head, out = f"{name:<13} = ", []
    pieces = [a if i == 0 else "| " + a for i, a in enumerate(alternatives)]
    line = head
    for piece in pieces:
        if len(line) > len(head) and len(line) + len(piece) > width - 2:
            out.append(line.rstrip())
            line = " " * 14
        while len(line) + len(piece) > width - 2:
            cut = piece.rfind(" ", 0, width - len(line))
            out.append(line + piece[:cut])
            line, piece = " " * 18, piece[cut + 1:]
        line += piece + " "
    out.append(line.rstrip() + " ;")
    return "\n".join(out)


def read(name):
    with open(os.path.join(sys.argv[1], name), encoding="utf-8") as f:
        return f.read()


def main():
    rules = read_rules(read("parser.y"))
    rules.pop("text")  # what the parser is asked for: a file, or one operand of a title
    if "name" in rules:
        rules["name"] = [["NAME"], ["any quoted word that is not reserved"]]
    texts = write(rules)
    texts["name"] = ["NAME", "(* any quoted word that is not reserved *)"]
    texts = {("file" if n == "items" else n): t for n, t in texts.items()}
    inline(texts, {"file", "item", "clause", "events", "expr", "match", "name"})
    sys.stdout.write(HEAD + "\n".join(wrapped(n, t) for n, t in texts.items()) + "\n")
    sys.stdout.write(write_tokens(read("lexer.l"), read("word.def")))


main()
