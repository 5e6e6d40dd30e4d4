/* compile.h - from texts to a sealed IR.
 *
 *   load.c       files, folders, `use`                          text -> trees
 *   declare.c    names of all files in one table                trees -> symbols
 *   fields.c     `event` blocks to fields and slots
 *   lists.c      literals and lists
 *   expr.c       expressions -> hash-consed nodes, checked on the way; with path.c (names), call.c
 *                (functions, defines), document.c (policies and other JSON in texts) and mentions.c (what a
 *                predicate speaks of)
 *   regex.c      `x ~ /re/`; pattern.c makes patterns that are put to one value a database, pattern_cache.c
 *                keeps them on disk
 *   baseline.c   what is remembered of the past
 *   rule.c       a rule's clauses, in order of need
 *   step.c       groups: APIs, keys, predicates, gates, joins
 *   match.c      match clause -> ir_match; repeat.c: what stands in brackets; spike.c: volumes
 *   over.c       rules over rules
 *   automaton.c  ir_match -> ir_automaton
 *   dataset.c    lists whose values stand in files
 *   link.c       which record says what belongs to what
 *   action.c     declared verbs
 *   require.c    what a rule rests on
 *   tune.c       what a site says of rules that others wrote: tune, disable
 *   respond.c    responses against the table of verbs
 *   site.c       source, sink, policy
 *   testcheck.c  names in `test` blocks
 *   refuse.c     what is said well but not executed yet
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
    bool with_tests;         /* `test` blocks are checked and lowered; else nobody looks at them */
    bool leaves_out_refused; /* what is not executed yet (E05xx) is left out instead of being an error: its tests say
                                why they cannot run */
    bool keeps_refused;      /* rules that are not executed yet are kept, to be looked at: ir_rule.refused says why they
                                cannot be run */
    bool without_patterns;   /* no pattern databases: such a rule set can be looked at, not run */
    int64_t today;           /* seconds since 1970, by which exceptions have expired; 0: nobody says. Only a warning
                                depends on it */
    const char *cache;       /* folder of pattern databases; NULL: none */
    bool tells_unused;       /* records of sources that ship and are not used are told from what nobody knows: for
                                running */
    bool every_field;        /* all sources of the standard library, with all of their fields: for the catalogue */
};

/* Everything in `arena`, under its escape. NULL if any error was reported into *diags; *sources and *diags are
 * made here and valid afterwards, also when it fails. *unreadable: a file could not be read (it is reported as
 * well). */
struct ir *csr_compile_ir(struct arena *arena, const struct compile_input *input, struct sources *sources,
                          struct diags **diags, bool *unreadable);

/* The automata of a rule's checked match tree into rule->automata. Reports what cannot be executed (E05xx) or would
 * need too much state (E0330). False if it did. */
bool compile_automata(struct arena *arena, struct ir_rule *rule, struct diags *diags);
/* Whether a veto's step refers to one (`of`) whose events need not agree on one value. */
bool veto_refers_to_many(const struct ir_rule *rule, const struct ir_alternative *a, uint32_t *step, uint32_t *of);
/* Bits of the joins by which a veto refers to a step that may have no value yet when the veto begins. */
uint64_t vetoes_wait_for(const struct ir_rule *rule, const struct ir_alternative *a);

#endif
