#!/bin/sh
# The dictionary of the fuzz targets has the words that the grammar has.
source=${CSR_SOURCE:-$(dirname "$0")/../..}
"$source/tools/gen/fuzz_dict" | diff -u "$source/tests/fuzz/fuzz_parse.dict" - && exit 0
echo "make it anew: tools/gen/fuzz_dict >tests/fuzz/fuzz_parse.dict"
exit 1
