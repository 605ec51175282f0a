#!/usr/bin/env bash
# Every check and test, on throw-away servers in .var-test.
#   scripts/test.sh              all of it, as `make test`
#   scripts/test.sh check        without the slow parts, as `make check`
#   scripts/test.sh only ARGS    pytest with ARGS alone, as `make test T=…`; the servers stay for the next
set -euo pipefail
cd "$(dirname "$0")/.."
what=${1:-all}
[ $# = 0 ] || shift
# Two at once would share the servers.
exec 9<scripts/test.sh
flock -n 9 || { echo '✗ make test runs in this checkout already'; exit 1; }
export BOCA_VAR=$PWD/.var-test BOCA_FSYNC=off BOCA_ENV=test
bin=.venv/bin
# What starts browsers, kills servers or copies databases: most of the time of `make test`.
slow=(browser faults backup front)

find_chromium() { type -P chromium || type -P chromium-browser || type -P google-chrome; }
install_chromium() {
  if ! find_chromium >/dev/null && command -v apt-get >/dev/null; then
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo -n)
    if "${as_root[@]}" true 2>/dev/null; then
      echo "· installing Chromium for the browser tests"
      "${as_root[@]}" apt-get update -qq
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends chromium >/dev/null || true
    fi
  fi
}
[ "$what" = check ] || install_chromium
if BOCA_CHROMIUM=$(find_chromium); then
  export BOCA_CHROMIUM
else
  echo '✗✗ NO CHROMIUM: THE BROWSER TESTS ARE SKIPPED (sudo apt-get install chromium)'
fi

# Every process starts quicker from what is compiled once, pytest's rewritten modules too.
unset PYTHONDONTWRITEBYTECODE
$bin/python -m compileall -q ugc tests

if [ "$what" = only ]; then
  scripts/stack.sh up
  eval "$(scripts/stack.sh env)"
  exec $bin/python -m pytest -q --randomly-seed="${SEED:-1}" "$@"
fi

checks() {
  $bin/ruff check ugc scripts tests benchmarks
  $bin/djlint --lint --quiet templates
  $bin/lint-imports --no-cache | tail -4
  $bin/mypy
  $bin/python scripts/i18n.py check
}
echo '· lint, import contracts, types, translations'
(set -e; checks) 9>&- &
checking=$!

trap 'scripts/stack.sh wipe' EXIT
scripts/stack.sh wipe
scripts/stack.sh up
eval "$(scripts/stack.sh env)"
echo '· migrations'
$bin/alembic upgrade head
$bin/alembic check
chosen=()
if [ "$what" = check ]; then
  for folder in "${slow[@]}"; do chosen+=("--ignore=tests/$folder"); done
fi
# Rewrites the asserts of the tests for both workers, beside the checks.
$bin/python -m pytest -q --collect-only "${chosen[@]}" "$@" >/dev/null || true  # told below
wait "$checking"
echo '· tests'
# A shuffled order that can be had again; SEED= chooses another.
$bin/python -m pytest -q -n 2 --dist worksteal --durations=25 --randomly-seed="${SEED:-1}" \
  "${chosen[@]}" "$@"
