/* test_format.h - the ways in which `csr test` tells its results. */
#ifndef CSR_TOOLS_CSR_TEST_FORMAT_H
#define CSR_TOOLS_CSR_TEST_FORMAT_H

#include "engine/csr.h"

struct test_out {
    const struct test_format *format;
    FILE *to;
    bool color;
    bool has_coverage; /* its heading is printed */
};

struct test_format {
    const char *name;
    void (*begin)(struct test_out *out);
    void (*result)(struct test_out *out, const struct csr_test_result *r);
    void (*coverage)(struct test_out *out, const struct csr_test_coverage *c);
    void (*end)(struct test_out *out, const struct csr_test_counts *counts);
};

extern const struct test_format test_text, test_json, test_junit;

#endif
