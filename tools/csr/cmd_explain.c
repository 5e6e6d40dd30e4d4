/* cmd_explain.c - csr explain: what a diagnostic means, or what a rule will do. */
#include "tools/csr/rules.h"

#include <ctype.h>
#include <string.h>

/* "E0204", in either case: no rule is called so. */
static bool looks_like_code(const char *word, char code[8])
{
    size_t len = strlen(word);
    if (len < 4 || len > 6 || !strchr("ENWenw", word[0]) || strspn(word + 1, "0123456789") + 1 != len)
        return false;
    memcpy(code, word, len + 1);
    code[0] = (char)toupper((unsigned char)code[0]);
    return true;
}

static int explain_code(const struct call *call, const char *code)
{
    const char *title, *near;
    const char *text = csr_explain_code(code, &title, &near);
    if (!text)
        return fail(call, CSR_USAGE, "there is no diagnostic %s%s%s%s", code, near ? "; did you mean " : "",
                    near ? near : "", near ? "?" : "");
    printf("%s: %s\n\n%s\n", code, title, text);
    return CSR_OK;
}

int verb_explain(const struct call *call)
{
    char code[8];
    size_t index;
    int status;
    if (looks_like_code(call->operands[0], code)) return explain_code(call, code);
    csr_ruleset *rules = rules_with(call, call->operands[0], &index, &status);
    if (!rules) return status;
    status = (int)csr_explain_rule(rules, index, stdout, wants_color(call, stdout));
    csr_ruleset_free(rules);
    return status == CSR_SYSTEM ? fail(call, status, "out of memory") : status;
}
