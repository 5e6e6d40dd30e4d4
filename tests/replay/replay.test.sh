#!/bin/sh
# Runs every replay scenario and its variations; see README.md beside this file.
here=$(dirname "$0")
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
exec python3 "$here/replay.py" "${CSR:-build/csr}" "$here" "${CSR_SHARED:-$here/../../../shared}" "$@"
