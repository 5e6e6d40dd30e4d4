#!/bin/sh
# csr run as a whole: input, reload, actions, control socket; see run.py.
here=$(dirname "$0")
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
exec python3 "$here/run.py" "${CSR:-build/csr}"
