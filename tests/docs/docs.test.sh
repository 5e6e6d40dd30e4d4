#!/bin/sh
# Compiles and runs the examples of README.md and docs/; see docs.py.
here=$(dirname "$0")
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
exec python3 "$here/docs.py" "${CSR:-build/csr}" "${CSR_SOURCE:-$here/../..}"
