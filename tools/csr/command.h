/* command.h - the command line: one table of verbs and options, read by the dispatcher, by --help and by the man pages.
 *
 * A verb is a row of verbs.def and a function `int verb_NAME(const struct call *)` in cmd_NAME.c that returns an exit
 * status (product.md): 0 done, 1 the thing checked is wrong, 2 wrong usage, 3 the system failed.
 */
#ifndef CSR_TOOLS_CSR_COMMAND_H
#define CSR_TOOLS_CSR_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CALL_OPTIONS_MOST 32

struct call;

struct option {
    const char *name;  /* without dashes: "threads" */
    char letter;       /* 'j', or 0 */
    const char *value; /* what the help calls its value, "N"; NULL: it takes none */
    const char *help;
};

struct verb {
    const char *name;
    const char *summary;   /* a line for the list of verbs */
    const char *operands;  /* "PATH…" */
    int least, most;       /* operands; most < 0: any number */
    const struct option *options; /* a row without a name ends it */
    const char *story;     /* what it does, in paragraphs */
    const char *example;   /* lines to try, each "$ command" or what it prints */
    int (*run)(const struct call *);
};

/* A verb as it was called: options in the order given. */
struct call {
    const struct verb *verb;
    struct {
        const struct option *option;
        const char *value;
    } given[CALL_OPTIONS_MOST];
    size_t n_given;
    const char **operands;
    size_t n_operands;
    const char *program;
};

extern const struct verb verbs[]; /* a row without a name ends it */
extern const struct option common_options[];

const struct verb *command_find(const char *name);
const char *command_nearest(const char *name); /* NULL: nothing is near */

/* Reads argv (behind the verb) into *call; operands are moved to the front of argv. A mistake is told on standard
 * error, with a suggestion, and gives false. */
bool call_read(struct call *call, const struct verb *verb, int argc, char **argv);
/* The last value given for an option; NULL: not given. "" for one that takes no value. */
const char *call_value(const struct call *call, const char *option);
bool call_has(const struct call *call, const char *option);
/* All values of an option that may stand several times; returns their number. */
size_t call_values(const struct call *call, const char *option, const char **out, size_t most);

/* A whole number within [least, most], a duration ("10m", "1h30m") in seconds; false and a message when it is none. */
bool call_number(const struct call *call, const char *option, long least, long most, long *out);
bool call_duration(const struct call *call, const char *option, long long *seconds);
/* One of the words separated by '|'; false and a message with the nearest one. NULL value: the first word. */
bool call_choice(const struct call *call, const char *option, const char *words, const char **out);

void help_list(FILE *to);
void help_verb(const struct verb *verb, FILE *to);
void help_man(const struct verb *verb, FILE *to); /* NULL: csr(1) */

/* "csr VERB: message" on standard error; returns the status, for `return fail(…)`. */
int fail(const struct call *call, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Colour: --color=always|never, else a terminal without NO_COLOR. */
bool wants_color(const struct call *call, FILE *to);

#define VERB(name, ...) int verb_##name(const struct call *call);
#include "tools/csr/verbs.def"
#undef VERB

#endif
