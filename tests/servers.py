"""The servers that the integration tests run against: found, started, restarted and ended here.

A MySQL or MariaDB is a container where a Docker engine answers and has, or can pull, the image;
else a local process where the program is on the PATH; else it does not take part. The embedded
server is a process of this project. Whatever was started is ended when the interpreter ends; what
a killed run left behind, the next run removes.
"""

from __future__ import annotations

import atexit
import logging
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
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, get_args

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
        with self.connect(database=None) as connection, connection.cursor() as cursor:
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
                self.connect(database=None).close()
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
        return start_embedded(None, *options)
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


# --- in a container


class Container:
    """A server in a container of its own, whose port is published on loopback only."""

    def __init__(self, image: str, options: Sequence[str]) -> None:
        self.port = free_port()
        self._closed = False
        self._container = mysql_container_class()(
            image, username=USER, password=PASSWORD, dbname=DATABASE
        )
        self._container.ports = {"3306": (HOST, self.port)}
        self._container.with_command(list(options))
        self._container.with_kwargs(labels={OWNER_LABEL: this_process()})
        atexit.register(self.close)

    def create(self) -> str:
        """The version that the server in the new container says it is."""
        from docker.errors import DockerException
        from testcontainers.core.exceptions import ContainerStartException

        try:
            self._container.start()
        except (RuntimeError, TimeoutError, DockerException) as error:
            log = ""
            with suppress(ContainerStartException, DockerException):  # there is none yet
                log = self.log()
            raise StartFailed(f"{self._container.image}: {error}\n{log}") from error
        versions: list[str] = VERSION_LINE.findall(self.log())
        return versions[-1]

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
        from docker.errors import NotFound

        if not self._closed:
            self._closed = True
            with suppress(NotFound):
                self._container.stop()


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
    logging.getLogger("testcontainers").setLevel(logging.WARNING)
    return MySqlContainer


def start_container(kind: Kind, options: Sequence[str]) -> Server:
    engine = docker_engine()
    try:
        image = image_of(kind, engine)
        remove_leftovers(engine)
    finally:
        engine.close()
    container = Container(image, options)
    version = container.create()
    return server_in(container, kind, version, container.port, f"docker {image}")


def docker_engine() -> docker.DockerClient:
    """A client of the engine that the docker command uses. The caller closes it."""
    try:
        mysql_container_class()
        from testcontainers.core.docker_client import DockerClient
    except ImportError as error:
        raise CannotTakePart(f"testcontainers cannot be imported ({error})") from error
    # Asked of the command, because a client of an engine that is not there leaks sockets.
    if not shutil.which("docker"):
        raise CannotTakePart("there is no docker command")
    if subprocess.run(["docker", "info"], capture_output=True).returncode != 0:
        raise CannotTakePart("no Docker engine answers")
    engine: docker.DockerClient = DockerClient().client
    return engine


def image_of(kind: Kind, engine: docker.DockerClient) -> str:
    """The image to use: named by the environment, built by scripts/build-test-images, official."""
    from docker.errors import APIError, ImageNotFound

    built = [
        tag
        for image in engine.images.list(filters={"label": "athena-g.recipe"})
        for tag in image.tags
        if tag.startswith(f"athena-g-{kind}:")
    ]
    named = os.environ.get(f"ATHENA_TEST_{kind.upper()}_IMAGE")
    image = named or next(iter(built), IMAGES[kind])
    try:
        engine.images.get(image)
    except ImageNotFound:
        try:
            engine.images.pull(image)
        except APIError as error:
            text = f"the image {image} is not here and cannot be pulled ({error.explanation})"
            raise CannotTakePart(text) from error
    return image


def remove_leftovers(engine: docker.DockerClient) -> None:
    """Removes the containers of runs that ended without doing so themselves."""
    from docker.errors import APIError

    ours = {"label": OWNER_LABEL}
    for container in engine.containers.list(all=True, filters=ours, ignore_removed=True):
        if has_ended(container.labels[OWNER_LABEL]):
            with suppress(APIError):  # another run is removing it
                container.remove(force=True, v=True)


def this_process() -> str:
    return f"{platform.node()} {os.getpid()} {start_time(os.getpid())}"


def has_ended(process: str) -> bool:
    """Whether that process was one of this machine and is no more."""
    node, pid, started = process.split(" ")
    return node == platform.node() and start_time(int(pid)) != started


def start_time(pid: int) -> str:
    """When a process started, in the kernel's ticks since boot, so that a pid used again differs.

    "gone" for one that is not there, "running" where there is no /proc to tell more.
    """
    if Path("/proc/self/stat").exists():
        with suppress(OSError):
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
        return "gone"
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return "running"
    return "gone"


# --- in a process of this machine


class Process:
    """A server that runs as a child process and has a directory of its own."""

    def __init__(self, name: str, ready: re.Pattern[str], directory: Path) -> None:
        self.command: list[str] = []
        self.environment: dict[str, str] = {}
        self.directory = directory
        self._name = name
        self._ready = ready
        self._lines: deque[str] = deque(maxlen=60)
        self._child: subprocess.Popen[str] | None = None
        atexit.register(self.close)

    def start(self) -> None:
        self.start_and_match()

    def start_and_match(self) -> str:
        """What the first group of the pattern matched in the line that says it is ready."""
        matched: list[str] = []
        matched_or_ended = threading.Event()

        def read(output: IO[str]) -> None:
            with output:
                for line in output:
                    self._lines.append(line)
                    if not matched and (match := self._ready.search(line)):
                        matched.append(match[1])
                        matched_or_ended.set()
            matched_or_ended.set()

        self._child = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,  # its end tells a supervised server that we are gone
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=REPOSITORY,
            env=os.environ | self.environment,
        )
        assert self._child.stdout is not None
        threading.Thread(target=read, args=(self._child.stdout,), daemon=True).start()
        matched_or_ended.wait(SECONDS_TO_START)
        if not matched:
            self.kill()
            raise StartFailed(f"{self._name} did not get ready\n{self.log()}")
        return matched[0]

    def stop(self) -> None:
        if self._child is not None:
            self._child.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(30)
        self.kill()

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            assert self._child.stdin is not None
            self._child.stdin.close()

    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def pid(self) -> int:
        assert self._child is not None
        return self._child.pid

    def log(self) -> str:
        return "".join(self._lines)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


def start_local(kind: Kind, options: Sequence[str]) -> Server:
    program = local_program(kind)
    directory = Path(tempfile.mkdtemp(prefix=f"athena-g-{kind}-"))
    process = Process(program, VERSION_LINE, directory)
    data = directory / "data"
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    initialise(kind, program, [f"--datadir={data}", *as_root])
    (directory / "accounts.sql").write_text(accounts_sql())
    port = free_port()
    process.command = [
        program,
        "--no-defaults",
        *as_root,
        f"--datadir={data}",
        f"--socket={directory}/socket",
        f"--pid-file={directory}/pid",
        f"--init-file={directory}/accounts.sql",
        f"--port={port}",
        f"--bind-address={HOST}",
        "--secure-file-priv=",
        *options,
    ]
    version = process.start_and_match()
    return server_in(process, kind, version, port, f"local {program}")


def local_program(kind: Kind) -> str:
    """The path of this kind's server; Debian's MariaDB calls itself mysqld, too."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    for name in ("mariadbd", "mysqld"):
        program = shutil.which(name, path=path)
        if program is not None:
            said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
            if ("MariaDB" in said) == (kind == "mariadb"):
                return program
    raise CannotTakePart(f"no server program of {NAMES[kind]} is on the PATH")


def initialise(kind: Kind, program: str, options: Sequence[str]) -> None:
    """Makes a data directory whose root has no password."""
    command = [program, "--no-defaults", "--initialize-insecure", "--secure-file-priv="]
    if kind == "mariadb":
        command = ["mariadb-install-db", "--no-defaults", "--cross-bootstrap", "--skip-test-db"]
        command += ["--auth-root-authentication-method=normal"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise StartFailed(f"{command[0]} made no data directory\n{done.stdout}{done.stderr}")


def accounts_sql() -> str:
    """Makes the account and the database, outside the binary log; does nothing the second time."""
    return "\n".join(
        [
            "SET SESSION sql_log_bin = 0;",
            f"ALTER USER '{USER}'@'localhost' IDENTIFIED BY '{PASSWORD}';",
            f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';",
            f"GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;",
            f"CREATE DATABASE IF NOT EXISTS `{DATABASE}`;",
            "",
        ]
    )


def start_embedded(directory: Path | None, *options: str) -> Server:
    """The embedded server of this project.

    Its data is in `directory`, a new one if None, which is removed with the server.
    """
    if not (REPOSITORY / "athena_g/embedded/process.py").exists():
        raise CannotTakePart("there is no athena_g/embedded/process.py")
    directory = directory or Path(tempfile.mkdtemp(prefix="athena-g-embedded-"))
    process = Process("the embedded server", LISTENING_LINE, directory)
    process.environment = {"ATHENA_EMBEDDED_PASSWORD": PASSWORD}

    def command(port: int) -> list[str]:
        program = [sys.executable, "-m", "athena_g", "embedded", "--supervised", *options]
        data = ["--data-directory", str(directory), "--database", DATABASE]
        return [*program, *data, "--user", USER, "--listen", f"{HOST}:{port}"]

    process.command = command(0)
    port = int(process.start_and_match())
    process.command = command(port)
    server = server_in(process, "embedded", "", port, "python -m athena_g")
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION()")
        server.version = str(cursor.fetchone()[0])
    return server
