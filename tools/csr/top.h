/* top.h - csr ctl top: rules at work, on a page that refreshes. */
#ifndef CSR_TOOLS_CSR_TOP_H
#define CSR_TOOLS_CSR_TOP_H

#include "tools/csr/command.h"
#include "tools/csr/rules_table.h"

/* One page where standard output is no terminal; else until q. The exit status. */
int top_run(const struct call *call, const char *socket, enum rules_sort sort);

#endif
