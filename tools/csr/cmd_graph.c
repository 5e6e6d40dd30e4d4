/* cmd_graph.c - csr graph: a rule's automaton as a drawing. */
#include "tools/csr/rules.h"

#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_LEAST 80u
#define COLUMNS_MOST  120u
#define COLUMNS_ELSE  100u /* where no terminal says */

static unsigned columns(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || !size.ws_col) return COLUMNS_ELSE;
    return size.ws_col < COLUMNS_LEAST  ? COLUMNS_LEAST
           : size.ws_col > COLUMNS_MOST ? COLUMNS_MOST
                                        : size.ws_col;
}

int verb_graph(const struct call *call)
{
    const char *format;
    size_t index;
    int status;
    if (!call_choice(call, "format", "text|dot|svg", &format)) return CSR_USAGE;
    csr_ruleset *rules = rules_with(call, call->operands[0], &index, &status);
    if (!rules) return status;
    status = (int)csr_graph_rule(rules, index, format ? format : "text", columns(), stdout);
    csr_ruleset_free(rules);
    return status == CSR_SYSTEM ? fail(call, status, "out of memory") : status;
}
