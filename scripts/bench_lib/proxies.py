"""The contenders: no proxy, HAProxy, athena-g; each proxy is one process, started here."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench_lib.address import LOOPBACK, Address

DIRECT, HAPROXY, ATHENA = "direct", "HAProxy", "athena-g"
SHARDED = "athena-g, sharded"
"""The same with the table divided into shards, on the same server."""
REPOSITORY = Path(__file__).resolve().parents[2]
SECONDS_TO_START = 20
SECONDS_TO_END = 10
MAX_CONNECTIONS = 5000
"""How many clients each proxy takes; more than any workload has."""
LOG_LINES = 10
SHARDS = 4
RULE = f"""\
[[groups.sharding_rules]]
name = "sbtest"
table_pattern = "sbtest*"
shard_column = "id"
shard_count = {SHARDS}
"""


class StartFailed(Exception):
    """A proxy is missing or did not start; the text says what it said."""


@dataclass(frozen=True)
class Contender:
    """One way to the server."""

    name: str
    address: Address
    proxy: Proxy | None = None


class Proxy:
    """A running proxy: one process, and a file with all it printed."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._log = log
        # Its settings are in a file, and a variable for another athena-g would override them.
        clean = {name: text for name, text in os.environ.items() if not _is_setting(name)}
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=clean
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_it_listens(self, port: int) -> None:
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                socket.create_connection((LOOPBACK, port), timeout=1).close()
            except OSError:
                if self.ending() or time.monotonic() > deadline:
                    raise StartFailed(f"it does not listen{self.ending()}") from None
                time.sleep(0.05)
            else:
                return

    def ending(self) -> str:
        """How it ended, and the last that it printed; nothing while it runs."""
        status = self._process.poll()
        if status is None:
            return ""
        last = " / ".join(self._log.read_text(errors="replace").splitlines()[-LOG_LINES:])
        return f"; the proxy ended with status {status} after printing: {last}"

    def complaints(self) -> list[str]:
        """The first lines of its log that are warnings or worse."""
        lines = self._log.read_text(errors="replace").splitlines()
        words = ("WARNING", "ERROR", "CRITICAL", "ALERT", "Traceback")
        return [line for line in lines if any(word in line for word in words)][:LOG_LINES]

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


Starter = Callable[[Address, Path], tuple[Proxy, int]]


@contextmanager
def running(name: str, server: Address, directory: Path) -> Iterator[Contender]:
    """The contender of this name, ready to be connected to; a proxy is ended afterwards."""
    if name == DIRECT:
        yield Contender(name, server)
        return
    proxy, port = STARTERS[name](server, directory)
    try:
        proxy.wait_until_it_listens(port)
        yield Contender(name, server.at(port), proxy)
    except StartFailed as error:
        raise StartFailed(f"{name}: {error}") from error
    finally:
        proxy.stop()


def available() -> list[str]:
    """The names of the contenders that can take part here."""
    return [DIRECT, *([HAPROXY] if haproxy_program() else []), ATHENA, SHARDED]


def haproxy_program() -> str | None:
    """The path of HAProxy; Debian keeps it where only root looks."""
    return shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def athena_program() -> str:
    """The path of athena-g: of this interpreter's environment, the repository's, or the PATH."""
    places = [Path(sys.executable).parent, REPOSITORY / ".venv/bin"]
    for place in places:
        if (place / "athena-g").exists():
            return str(place / "athena-g")
    if found := shutil.which("athena-g"):
        return found
    raise StartFailed("athena-g is not installed; scripts/test makes a .venv with it")


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_setting(variable: str) -> bool:
    return variable.startswith("ATHENA_") and "__" in variable


def haproxy_configuration(server: Address, port: int) -> str:
    """TCP mode on one thread, everything else as it is by default."""
    return f"""\
global
    nbthread 1
    maxconn {MAX_CONNECTIONS}
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen mysql
    bind {LOOPBACK}:{port}
    server mysql {server.host}:{server.port}
"""


def athena_configuration(server: Address, port: int, *, sharded: bool = False) -> str:
    """One group of the database's name, everything else as it is by default."""
    shards = f"shard_indices = {list(range(SHARDS))}" if sharded else ""
    rule = RULE if sharded else ""
    # A string of JSON is a string of TOML.
    user, password, database, host = map(
        json.dumps, (server.user, server.password, server.database, server.host)
    )
    return f"""\
[server]
listen_addr = "{LOOPBACK}"
listen_port = {port}
max_connections = {MAX_CONNECTIONS}
[pool]
max_open = 100
[log]
level = "WARNING"
[[groups]]
name = {database}
user = {user}
password = {password}
home_group = "home"
[[groups.db_groups]]
name = "home"
{shards}
[[groups.db_groups.instances]]
host = {host}
port = {server.port}
user = {user}
password = {password}
database = {database}
{rule}"""


def _start_haproxy(server: Address, directory: Path) -> tuple[Proxy, int]:
    port = free_port()
    configuration = directory / f"haproxy-{port}.cfg"
    configuration.write_text(haproxy_configuration(server, port))
    command = [haproxy_program() or "haproxy", "-db", "-f", str(configuration)]
    return Proxy(command, directory / f"haproxy-{port}.log"), port


def _start_athena(server: Address, directory: Path, *, sharded: bool = False) -> tuple[Proxy, int]:
    port = free_port()
    configuration = directory / f"athena-g-{port}.toml"
    configuration.touch(mode=0o600)
    configuration.write_text(athena_configuration(server, port, sharded=sharded))
    command = [athena_program(), "-c", str(configuration)]
    return Proxy(command, directory / f"athena-g-{port}.log"), port


def _start_sharded(server: Address, directory: Path) -> tuple[Proxy, int]:
    return _start_athena(server, directory, sharded=True)


STARTERS: dict[str, Starter] = {
    HAPROXY: _start_haproxy,
    ATHENA: _start_athena,
    SHARDED: _start_sharded,
}
