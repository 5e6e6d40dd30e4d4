/* embedded.h - the files that ship inside the binary: stdlib/ and rules/, by their path in the tree. */
#ifndef CSR_ENGINE_COMPILE_EMBEDDED_H
#define CSR_ENGINE_COMPILE_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *path; /* "stdlib/aws/cloudtrail.csr"; NULL ends the table */
    const char *bytes;
    size_t len;
};

extern const struct embedded csr_embedded[];

#endif
