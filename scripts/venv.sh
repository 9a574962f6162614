# Sourced by the other scripts: one virtual environment in .venv, made and filled when needed.
# Nothing is fetched when it already holds what pyproject.toml asks for.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.14 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "athena-g needs Python 3.11 or newer, and there is none on the PATH." >&2
  return 1
}

# install [EXTRA]: the package itself and the dependencies of one group of pyproject.toml.
install() {
  local extra="${1:-}" python stamp wanted
  if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
    python="$(find_python)"
    echo "making .venv with $("$python" --version)" >&2
    "$python" -m venv --clear .venv || {
      echo "Python cannot make virtual environments here (on Debian and Ubuntu: apt install python3-venv)." >&2
      return 1
    }
  fi
  stamp=".venv/installed${extra:+-$extra}"
  wanted="$(.venv/bin/python -c 'import hashlib, sys; print(sys.version_info[:2], hashlib.sha256(open("pyproject.toml", "rb").read()).hexdigest(), sys.prefix)')"
  if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "installing what athena-g${extra:+ ($extra)} needs into .venv" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --editable ".${extra:+[$extra]}" ||
      return 1
    echo "$wanted" >"$stamp"
  fi
}

# install_drivers: what tests/drivers wants besides. It may be impossible; then the tests say so.
install_drivers() {
  install drivers || echo "mysqlclient cannot be built here: its tests do not take part" >&2
  tests/drivers/node/install || echo "mysql2 cannot be installed here: its tests do not take part" >&2
}
