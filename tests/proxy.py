"""The proxy as a child process in front of a server, as its users run it."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
from pymysql.connections import Connection

from tests.servers import Process, Server

LISTENING = re.compile(r"listens on [0-9.]+:(\d+)")
PROXY = [sys.executable, "-m", "athena_g"]
USER, PASSWORD = "app", "proxy-password"


@dataclass
class Proxy:
    """A running proxy and the account of its one group."""

    port: int
    database: str
    process: Process
    user: str = USER
    password: str = PASSWORD
    host: str = "127.0.0.1"

    def connect(self, **options: Any) -> Connection[Any]:
        """A new connection; ``options`` are PyMySQL's and go before ours."""
        ours: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "ssl_disabled": True,
        }
        return pymysql.connect(**(ours | options))

    @property
    def pid(self) -> int:
        return self.process.pid

    def memory(self) -> int:
        """Resident bytes of the proxy process (``/proc``)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        match = re.search(r"VmRSS:\s+(\d+) kB", status)
        assert match is not None
        return int(match[1]) * 1024

    def log(self) -> str:
        return self.process.log()


def configuration(
    server: Server,
    database: str,
    *,
    group: str | None = None,
    tables: str = "",
    password: str | None = None,
    port: int | None = None,
) -> str:
    """TOML for one group on ``server``; ``tables`` are further tables such as ``[pool]``."""
    return f"""
{tables}
[[groups]]
name = "{group or database}"
user = "{USER}"
password = "{PASSWORD}"
home_group = "home"
[[groups.db_groups]]
name = "home"
[[groups.db_groups.instances]]
host = "{server.host}"
port = {port or server.port}
user = "{server.user}"
password = "{server.password if password is None else password}"
database = "{database}"
"""


@contextmanager
def proxy_running(toml: str, database: str, **environment: str) -> Iterator[Proxy]:
    """A proxy with this configuration, on a free port; ended at the end."""
    directory = Path(tempfile.mkdtemp(prefix="athena-g-proxy-"))
    file = directory / "athena.toml"
    file.write_text(toml)
    process = Process("the proxy", LISTENING, directory)
    process.environment = {"ATHENA_SERVER__LISTEN_PORT": "0", **environment}
    process.command = [*PROXY, "-c", str(file)]
    try:
        port = int(process.start_and_match())
        yield Proxy(port, database, process)
        process.stop()
    finally:
        process.close()


@contextmanager
def proxy_for(server: Server, database: str, **options: Any) -> Iterator[Proxy]:
    """A proxy in front of ``database`` on ``server``; options are those of `configuration`."""
    group = options.get("group") or database
    with proxy_running(configuration(server, database, **options), group) as proxy:
        yield proxy
