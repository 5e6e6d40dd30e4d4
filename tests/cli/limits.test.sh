#!/bin/sh
# Whatever a rule file holds, it ends in a diagnostic, in bounded time and memory: the cases are in limits.py.
exec python3 "${CSR_SOURCE:-.}/tests/cli/limits.py" "${CSR:-build/csr}"
