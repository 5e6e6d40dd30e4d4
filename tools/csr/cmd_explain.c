/* cmd_explain.c - csr explain CODE: the long text of a diagnostic. */
#include "tools/csr/command.h"

#include "engine/csr.h"

int verb_explain(const struct call *call)
{
    const char *title, *near, *code = call->operands[0];
    const char *text = csr_explain_code(code, &title, &near);
    if (!text)
        return fail(call, CSR_USAGE, "there is no diagnostic %s%s%s%s", code, near ? "; did you mean " : "",
                    near ? near : "", near ? "?" : "");
    printf("%s: %s\n\n%s\n", code, title, text);
    return CSR_OK;
}
