#!/usr/bin/env bash
# The benchmarks, on servers of their own in .var-bench: bench.sh [NAME of benchmarks/]...
set -euo pipefail
cd "$(dirname "$0")/.."
export BOCA_VAR=$PWD/.var-bench PYTHONPATH=$PWD
if ! type -P wrk >/dev/null && command -v apt-get >/dev/null; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  if "${as_root[@]}" true 2>/dev/null; then
    echo "· installing wrk, which makes the requests"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends wrk >/dev/null || true
  fi
fi
trap 'scripts/stack.sh wipe' EXIT
scripts/stack.sh wipe
scripts/stack.sh up
eval "$(scripts/stack.sh env)"
for name in ${@:-pages api_page posting imports viewport tiles truth live lookback spread spreaders front city lighthouse faults}; do .venv/bin/python -m "benchmarks.$name"; done
