"""The servers that the integration tests run against: found, started, restarted and ended here.

A MySQL or MariaDB is a container where a Docker engine answers and has, or can pull, the image;
else a local process where the program is on the PATH; else it does not take part. The embedded
server is a process of this project. Whatever was started is ended when the interpreter ends; what
a killed run left behind, the next run removes.
"""

from __future__ import annotations

import atexit
import os
import platform
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import pymysql

if TYPE_CHECKING:
    import docker
    from pymysql.connections import Connection

Kind = Literal["mysql", "mariadb", "embedded"]
KINDS: tuple[Kind, ...] = get_args(Kind)

HOST = "127.0.0.1"
USER = "root"
PASSWORD = "athena-test"
DATABASE = "test"
SECONDS_TO_START = 120

NAMES = {"mysql": "MySQL", "mariadb": "MariaDB", "embedded": "embedded"}
IMAGES = {"mysql": "mysql:8.4", "mariadb": "mariadb:11"}
# Little memory, and no waiting for the disk: a killed server keeps its data, a machine without
# power does not.
OPTIONS = {
    "mysql": (
        "--innodb-buffer-pool-size=32M",
        "--innodb-log-buffer-size=1M",
        "--innodb-redo-log-capacity=8M",
        "--innodb-flush-log-at-trx-commit=2",
        "--sync-binlog=0",
        "--performance-schema=OFF",
        "--mysqlx=OFF",
    ),
    "mariadb": (
        "--innodb-buffer-pool-size=32M",
        "--innodb-log-file-size=8M",
        "--innodb-flush-log-at-trx-commit=2",
        "--character-set-server=utf8mb4",
    ),
}
# Both servers say this line when they are ready.
VERSION_LINE = re.compile(r"Version: '(\d+\.\d+\.\d+)[^']*'  socket")
LISTENING_LINE = re.compile(r"athena-g embedded: listening on [\d.]+:(\d+)")
OWNER_LABEL = "athena-g.test-owner"
REPOSITORY = Path(__file__).resolve().parents[1]


class CannotTakePart(Exception):
    """There is nothing here to start such a server with; the text says what was looked for."""


class StartFailed(Exception):
    """A server that is here did not start; the text has the end of its log."""


class Runner(Protocol):
    """What a server runs in. It keeps its port and its data from start to start."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def is_running(self) -> bool: ...
    def log(self) -> str: ...
    def close(self) -> None: ...


@dataclass
class Server:
    """A running server and an account of it that may do everything."""

    kind: Kind
    version: str
    host: str
    port: int
    user: str
    password: str
    database: str
    runs_in: str = field(repr=False)
    runner: Runner = field(repr=False)

    def __str__(self) -> str:
        return f"{NAMES[self.kind]} {self.version} ({self.runs_in})"

    def connect(self, **options: Any) -> Connection[Any]:
        """A new connection; `options` are PyMySQL's and go before ours. TLS only when asked for."""
        ours: dict[str, Any] = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "ssl_disabled": not any(name.startswith("ssl") for name in options),
        }
        return pymysql.connect(**(ours | options))

    def create_database(self, name: str) -> str:
        """`name`, which is now an empty database."""
        with self.connect(autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")
            cursor.execute(f"CREATE DATABASE `{name}`")
        return name

    def start(self) -> None:
        """Starts the server after `stop` or `kill`, on the same port, with its data."""
        self.runner.start()
        self.wait_until_it_answers()

    def stop(self) -> None:
        """Ends the server as an operator does; its clients are told."""
        self.runner.stop()

    def kill(self) -> None:
        """Ends the server by SIGKILL."""
        self.runner.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def close(self) -> None:
        """Ends the server for good and removes its data. May be called again."""
        self.runner.close()
        atexit.unregister(self.runner.close)

    def wait_until_it_answers(self) -> None:
        """Returns when a login succeeds; raises StartFailed when it cannot any more."""
        deadline = time.monotonic() + SECONDS_TO_START
        while True:
            try:
                self.connect().close()
            except pymysql.OperationalError as error:
                not_there_yet = error.args[0] in (2003, 2006, 2013)
                if not not_there_yet or time.monotonic() > deadline or not self.runner.is_running():
                    raise StartFailed(f"{self}: {error}\n{self.runner.log()}") from error
                time.sleep(0.05)
            else:
                return


def start(kind: Kind, *options: str) -> Server:
    """A new server of this kind, of its own; `options` go to the server program after ours.

    Raises CannotTakePart or StartFailed.
    """
    if kind == "embedded":
        return start_embedded(Path(tempfile.mkdtemp(prefix="athena-g-embedded-")), *options)
    options = (*OPTIONS[kind], *options)
    try:
        return start_container(kind, options)
    except CannotTakePart as no_container:
        try:
            return start_local(kind, options)
        except CannotTakePart as no_program:
            raise CannotTakePart(f"{no_container}; {no_program}") from None


def server_in(runner: Runner, kind: Kind, version: str, port: int, runs_in: str) -> Server:
    """The server in `runner`, when it answers."""
    server = Server(kind, version, HOST, port, USER, PASSWORD, DATABASE, runs_in, runner)
    server.wait_until_it_answers()
    return server


def free_port() -> int:
    """A free port of loopback, not one of those that outgoing connections are given."""
    for port in random.sample(range(20000, 32000), 200):
        with suppress(OSError), socket.socket() as probe:
            probe.bind((HOST, port))
            return port
    raise OSError("no free port between 20000 and 32000")


# --- containers


class Container:
    """A server in a container of its own, whose port is published on loopback only."""

    def __init__(self, kind: Kind, image: str, options: Sequence[str]) -> None:
        self.port = free_port()
        self._container = mysql_container_class()(
            image, username=USER, password=PASSWORD, dbname=DATABASE
        )
        self._container.ports = {"3306": (HOST, self.port)}
        self._container.with_command(list(options))
        self._container.with_kwargs(labels={OWNER_LABEL: this_process()})
        atexit.register(self.close)

    def first_start(self) -> None:
        """Raises docker.errors.APIError if somebody else has taken the port meanwhile."""
        try:
            self._container.start()
        except (RuntimeError, TimeoutError) as error:  # it ended, or is not ready
            raise StartFailed(f"{self._container.image}: {error}") from error

    def version(self) -> str:
        return VERSION_LINE.findall(self.log())[-1]

    def start(self) -> None:
        self._container.get_wrapped_container().start()

    def stop(self) -> None:
        self._container.get_wrapped_container().stop(timeout=30)

    def kill(self) -> None:
        container = self._container.get_wrapped_container()
        container.kill()
        container.wait()

    def is_running(self) -> bool:
        container = self._container.get_wrapped_container()
        container.reload()
        return bool(container.status == "running")

    def log(self) -> str:
        text: bytes = self._container.get_wrapped_container().logs(tail=60)
        return text.decode(errors="replace")

    def close(self) -> None:
        self._container.stop()
        self._container._container = None


def mysql_container_class() -> Any:
    """testcontainers' class, told to reach containers by their published ports.

    Left to itself it takes a machine with a /.dockerenv for a container, and wants one more image
    for a container that ends the others.
    """
    os.environ.setdefault("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", HOST)
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
    os.environ.setdefault("TC_POOLING_INTERVAL", "0.1")  # s
    os.environ.setdefault("TC_MAX_TRIES", str(SECONDS_TO_START * 10))
    if find_spec("testcontainers.community"):
        from testcontainers.community.mysql import MySqlContainer
    else:  # before 4.15
        from testcontainers.mysql import MySqlContainer
    return MySqlContainer


def start_container(kind: Kind, options: Sequence[str]) -> Server:
    engine = docker_engine()
    try:
        image = image_of(kind, engine)
        remove_leftovers(engine)
    finally:
        engine.close()
    for _ in range(5):
        container = Container(kind, image, options)
    return server_in(container, kind, container.version(), container.port, f"docker {image}")
