#!/bin/sh
# No construct of the language costs more than 4.4 times as much for four times of its worst input: counted in units of
# work, so that neither load nor machine matter.
command -v python3 >/dev/null || { echo "skipped: needs python3"; exit 77; }
exec python3 "$CSR_SOURCE/tools/bench/hostile.py" --build="$CSR_BUILD" --work
