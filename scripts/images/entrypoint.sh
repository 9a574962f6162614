#!/bin/bash
# The entrypoint of the athena-g-mysql and athena-g-mariadb images. It takes the environment
# variables of the official images (MYSQL_… and MARIADB_… alike), so that testcontainers and people
# can use them in place of those:
#
#   ROOT_PASSWORD or ALLOW_EMPTY_PASSWORD (one is needed), DATABASE, USER, PASSWORD
#
# Files in /docker-entrypoint-initdb.d (*.sh, *.sql, *.sql.gz) are run once, in the order of their
# names, on DATABASE. Arguments that begin with "-" go to the server; anything else is run in its
# place. "initialise" with options of the server only makes the data directory: the build of the
# images does that, which halves the time of a start.
set -euo pipefail

datadir=/var/lib/mysql
accounts=$datadir/.accounts.sql
prepared=$datadir/.prepared
socket=/run/mysqld/mysqld.sock
shopt -s nullglob
seeds=(/docker-entrypoint-initdb.d/*)

say() { printf 'entrypoint: %s\n' "$*" >&2; }

fail() { say "$*"; exit 1; }

# The value of MARIADB_$1 or MYSQL_$1.
setting() {
  local mariadb=MARIADB_$1 mysql=MYSQL_$1
  printf %s "${!mariadb:-${!mysql:-}}"
}

# A string literal of SQL, on one line.
quoted() {
  local text=${1//\\/\\\\}
  text=${text//\'/\\\'}
  printf "'%s'" "${text//$'\n'/\\n}"
}

# shellcheck disable=SC2016 # the backquotes are SQL's
identifier() { printf '`%s`' "${1//\`/\`\`}"; }

# One statement per line, as MariaDB's --init-file wants it. Nothing of it gets into the binary log,
# so that gtid_executed is empty when the server is handed over.
accounts_sql() {
  local root user database
  root=$(quoted "$(setting ROOT_PASSWORD)")
  user=$(setting USER)
  database=$(setting DATABASE)
  echo "SET SESSION sql_log_bin = 0;"
  echo "DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1';" # MariaDB's, without password
  echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $root;"
  echo "CREATE USER IF NOT EXISTS 'root'@'%' IDENTIFIED BY $root;"
  echo "GRANT ALL PRIVILEGES ON *.* TO 'root'@'%' WITH GRANT OPTION;"
  [ -z "$database" ] || echo "CREATE DATABASE IF NOT EXISTS $(identifier "$database");"
  [ -n "$user" ] || return 0
  user="$(quoted "$user")@'%'"
  echo "CREATE USER IF NOT EXISTS $user IDENTIFIED BY $(quoted "$(setting PASSWORD)");"
  # In a GRANT, _ and % of a database's name are wildcards.
  local granted=${database//_/\\_}
  [ -z "$database" ] ||
    echo "GRANT ALL PRIVILEGES ON $(identifier "${granted//%/\\%}").* TO $user;"
}

client() {
  MYSQL_PWD=$(setting ROOT_PASSWORD) "$client_program" --no-defaults --socket="$socket" --user=root "$@"
}

run_seed() {
  local database
  database=$(setting DATABASE)
  say "running $1"
  case $1 in
    *.sh) if [ -x "$1" ]; then "$1"; else bash "$1"; fi ;;
    *.sql) client ${database:+"$database"} <"$1" ;;
    *.sql.gz) gzip -dc "$1" | client ${database:+"$database"} ;;
    *) say "ignoring $1" ;;
  esac
}

# A server without network, for as long as the seeds take.
run_seeds() {
  "${server[@]}" --skip-networking --init-file="$accounts" &
  local pid=$! seed
  until client --execute='DO 0' >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || fail "the server ended before it was ready"
    sleep 0.1
  done
  for seed in "${seeds[@]}"; do run_seed "$seed"; done
  client --execute=SHUTDOWN
  wait "$pid"
}

# Options of the server
initialise() {
  say "initialising $datadir"
  chown mysql:mysql "$datadir"
  if [ "$program" = mariadbd ]; then
    # Cross-bootstrap: no account for root at the host that builds the image.
    mariadb-install-db --no-defaults --cross-bootstrap --user=mysql --datadir="$datadir" \
      --auth-root-authentication-method=normal --skip-test-db "$@" >/dev/null
  else
    mysqld --no-defaults --initialize-insecure --user=mysql --datadir="$datadir" "$@"
  fi
}

# Options of the server
serve() {
  server=("$program" --no-defaults --user=mysql --datadir="$datadir" --socket="$socket" "$@")
  [ -d "$datadir/mysql" ] || initialise
  if [ -e "$prepared" ]; then exec "${server[@]}"; fi

  [ -n "$(setting ROOT_PASSWORD)$(setting ALLOW_EMPTY_PASSWORD)" ] ||
    fail "set MYSQL_ROOT_PASSWORD, or MYSQL_ALLOW_EMPTY_PASSWORD for a root without password"
  (umask 077 && accounts_sql >"$accounts")
  chown mysql:mysql "$accounts"
  if [ "${#seeds[@]}" -gt 0 ]; then
    run_seeds
    touch "$prepared"
    exec "${server[@]}"
  fi
  # The official images start a server twice, and whoever uses them waits for two such lines.
  say "$program: ready for connections at the next line like this one"
  touch "$prepared"
  exec "${server[@]}" --init-file="$accounts"
}

if command -v mariadbd >/dev/null; then
  program=mariadbd client_program=mariadb
else
  program=mysqld client_program=mysql
fi
case ${1:--} in
  -*) serve "$@" ;;
  initialise) shift; initialise "$@" ;;
  *) exec "$@" ;;
esac
