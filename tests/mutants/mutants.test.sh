#!/bin/sh
# The planted bugs fit the code as it is now. Whether tests find them: tools/dev/mutants.
exec python3 "${CSR_SOURCE:-$(dirname "$0")/../..}/tests/mutants/mutate.py" check
