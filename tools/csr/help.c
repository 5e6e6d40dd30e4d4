/* help.c - --help and manual pages, both from the table of verbs. */
#include "tools/csr/command.h"

#include "engine/csr.h"

#include <string.h>

#define WIDTH 100 /* columns of help text */

/* Wraps a paragraph; `indent` before each line. */
static void put_wrapped(FILE *to, const char *text, int indent)
{
    int column = 0;
    while (*text) {
        size_t len = strcspn(text, " \n");
        if (column && (size_t)column + 1 + len > WIDTH) {
            fputc('\n', to);
            column = 0;
        }
        if (!column)
            column = fprintf(to, "%*s", indent, "");
        else
            column += fprintf(to, " ");
        column += fprintf(to, "%.*s", (int)len, text);
        text += len;
        if (*text == '\n') {
            fputc('\n', to);
            column = 0;
        }
        while (*text == ' ' || *text == '\n') {
            if (*text == '\n' && text[1] == '\n') fputc('\n', to);
            text++;
        }
    }
    fputc('\n', to);
}

static void put_option(FILE *to, const struct option *o)
{
    char left[64];
    int n = o->letter ? snprintf(left, sizeof left, "-%c, ", o->letter) : snprintf(left, sizeof left, "    ");
    snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s", o->name, o->value ? "=" : "", o->value ? o->value : "");
    fprintf(to, "  %s\n", left);
    put_wrapped(to, o->help, 10);
}

void help_list(FILE *to)
{
    fprintf(to, "csr %s: rules over sequences of cloud API calls\n\nusage: csr VERB [OPTION...] [OPERAND...]\n\nverbs:\n",
            CSR_VERSION);
    for (const struct verb *v = verbs; v->name; v++) fprintf(to, "  %-9s %s\n", v->name, v->summary);
    fprintf(to, "\n`csr VERB --help` tells more and shows an example. Exit status: 0 done, 1 the thing checked is wrong,\n"
                "2 wrong usage, 3 the system failed.\n\nexample:\n  $ csr replay docs/sample/stolen-key.ndjson\n");
}

static void put_example(FILE *to, const char *example, const char *before, const char *after)
{
    while (*example) {
        size_t len = strcspn(example, "\n");
        fprintf(to, "%s%.*s%s", before, (int)len, example, after);
        example += len + (example[len] == '\n');
    }
}

void help_verb(const struct verb *v, FILE *to)
{
    fprintf(to, "csr %s - %s\n\nusage: csr %s [OPTION...] %s\n\n", v->name, v->summary, v->name, v->operands);
    put_wrapped(to, v->story, 0);
    fprintf(to, "\noptions:\n");
    for (const struct option *o = v->options; o->name; o++) put_option(to, o);
    for (const struct option *o = common_options; o->name; o++) put_option(to, o);
    fprintf(to, "\nexample:\n");
    put_example(to, v->example, "  ", "\n");
}

static void put_roff(FILE *to, const char *text)
{
    bool at_start = true;
    for (; *text; text++) {
        if (at_start && (*text == '.' || *text == '\'')) fputs("\\&", to);
        at_start = *text == '\n';
        if (*text == '\n' && text[1] == '\n') {
            fputs("\n.PP\n", to);
            text++;
        } else if (*text == '\\') {
            fputs("\\e", to);
        } else if (*text == '-') {
            fputs("\\-", to);
        } else {
            fputc(*text, to);
        }
    }
    fputc('\n', to);
}

static void man_options(const struct option *rows, FILE *to)
{
    for (const struct option *o = rows; o->name; o++) {
        fprintf(to, ".TP\n");
        if (o->letter) fprintf(to, "\\fB\\-%c\\fR, ", o->letter);
        fprintf(to, "\\fB\\-\\-%s\\fR", o->name);
        if (o->value) fprintf(to, "=\\fI%s\\fR", o->value);
        fputc('\n', to);
        put_roff(to, o->help);
    }
}

static void man_overview(FILE *to)
{
    fprintf(to, ".TH CSR 1 \"\" \"csr %s\" \"User Commands\"\n.SH NAME\ncsr \\- rules over sequences of cloud API calls\n"
                ".SH SYNOPSIS\n.B csr\n.I VERB\n[\\fIOPTION\\fR...] [\\fIOPERAND\\fR...]\n.SH VERBS\n", CSR_VERSION);
    for (const struct verb *v = verbs; v->name; v++) fprintf(to, ".TP\n.BR csr\\-%s (1)\n%s\n", v->name, v->summary);
    fprintf(to, ".SH EXIT STATUS\n0 done, 1 the thing checked is wrong, 2 wrong usage, 3 the system failed.\n");
}

void help_man(const struct verb *v, FILE *to)
{
    if (!v) {
        man_overview(to);
        return;
    }
    fprintf(to, ".TH CSR\\-%s 1 \"\" \"csr %s\" \"User Commands\"\n.SH NAME\ncsr\\-%s \\- %s\n.SH SYNOPSIS\n.B csr %s\n"
                "[\\fIOPTION\\fR...] %s\n.SH DESCRIPTION\n", v->name, CSR_VERSION, v->name, v->summary, v->name, v->operands);
    put_roff(to, v->story);
    fprintf(to, ".SH OPTIONS\n");
    man_options(v->options, to);
    man_options(common_options, to);
    fprintf(to, ".SH EXAMPLE\n.nf\n");
    put_roff(to, v->example);
    fprintf(to, ".fi\n.SH EXIT STATUS\n0 done, 1 the thing checked is wrong, 2 wrong usage, 3 the system failed.\n"
                ".SH SEE ALSO\n.BR csr (1)\n");
}

int verb_help(const struct call *call)
{
    const struct verb *v = NULL;
    if (call->n_operands && !(v = command_find(call->operands[0]))) {
        const char *near = command_nearest(call->operands[0]);
        return fail(call, 2, "unknown verb %s%s%s%s", call->operands[0], near ? "; did you mean " : "", near ? near : "",
                    near ? "?" : "");
    }
    if (call_has(call, "man"))
        help_man(v, stdout);
    else if (v)
        help_verb(v, stdout);
    else
        help_list(stdout);
    return 0;
}
