/* compile.h - from texts to a sealed IR: load, resolve, check, lint, lower, share, automata.
 *
 *   load.c       files, `use`, embedded packs                 AST of every file
 *   declare.c    names of all files into tables               symbols
 *   resolve.c    paths and names to fields, lists, steps      …
 *   check.c      types, windows, keys, references
 *   lower.c      AST -> IR nodes (hash-consed)
 *   match.c      match clause -> ir_match
 *   automaton.c  ir_match -> ir_automaton
 *   lint.c       warnings, only when there is no error
 *
 * Each pass goes on after a mistake; a wrong expression becomes "poison" and stays silent upward.
 */
#ifndef CSR_ENGINE_COMPILE_COMPILE_H
#define CSR_ENGINE_COMPILE_COMPILE_H

#include "engine/ir/ir.h"
#include "grammar/parse.h"

struct compile_text {
    struct text name, bytes; /* bytes.at NULL: name is a path to read */
};

struct compile_input {
    const struct compile_text *texts; /* files or folders; none: the embedded community rules */
    uint32_t n_texts;
    bool without_lints;
};

/* Everything in `arena`, under its escape. NULL if any error was reported into *diags; *sources and *diags are made
 * here and valid afterwards, also when it fails. *unreadable: a file could not be read (it is reported as well). */
struct ir *csr_compile_ir(struct arena *arena, const struct compile_input *input, struct sources *sources,
                          struct diags **diags, bool *unreadable);

/* The automata of a rule's checked match tree into rule->automata. Reports what cannot be executed (E05xx) or would
 * need too much state (E0330). False if it did. */
bool compile_automata(struct arena *arena, struct ir_rule *rule, struct diags *diags);

#endif
