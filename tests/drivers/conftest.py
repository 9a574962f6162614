from __future__ import annotations

import difflib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.apart import in_process_of_its_own
from tests.drivers.dbapi import DRIVERS, Driver
from tests.drivers.engines import DIALECT_MODULES, DIALECTS
from tests.drivers.installed import driver_module
from tests.drivers.notes import Notes
from tests.drivers.place import Place
from tests.proxy import Proxy, proxy_for
from tests.servers import Server
from tests.servers_plugin import FLEET

ROOT = Path(__file__).parents[2]
DATABASE = "driven"
MEGABYTE = 1 << 20
Compare = Callable[..., Notes]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out, for the embedded server, the tests that are marked so."""
    left_out = [item for item in items if needs_real_server(item) and kind_of(item) == "embedded"]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def needs_real_server(item: pytest.Item) -> bool:
    return item.get_closest_marker("real_servers") is not None


def kind_of(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    return None if callspec is None else callspec.params.get("server")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Server:
    """The shared server of each kind in turn, with room for large values and LOCAL INFILE."""
    server = request.config.stash[FLEET].server(request.param)
    if server.kind != "embedded":
        with server.connect(database=None) as connection, connection.cursor() as cursor:
            cursor.execute(f"SET GLOBAL max_allowed_packet = {64 * MEGABYTE}")
            cursor.execute("SET GLOBAL local_infile = 1")
    return server


@pytest.fixture(params=DRIVERS)
def driver(request: pytest.FixtureRequest) -> Driver:
    """Each Python driver in turn."""
    driver = DRIVERS[request.param]
    assert driver.module
    return driver


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    """Each of SQLAlchemy's dialects in turn."""
    dialect: str = request.param
    assert driver_module(DIALECT_MODULES[dialect])
    return dialect


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the certificate and key of the proxy."""
    directory = tmp_path_factory.mktemp("certificates")
    subprocess.run([ROOT / "scripts" / "make-cert", directory], check=True, capture_output=True)
    return directory


def settings(server: Server, certificates: Path) -> str:
    """Few connections, TLS for who wants it, and a greeting like the server's own."""
    mariadb = server.kind == "mariadb"
    return f"""[server]
server_version = "{server.version}{"-MariaDB" if mariadb else ""}"
default_auth_plugin = "{"mysql_native_password" if mariadb else "caching_sha2_password"}"
[server.tls]
certificate = "{certificates}/server.pem"
key = "{certificates}/server-key.pem"
[pool]
max_open = 6
"""


@pytest.fixture(scope="session")
def proxy(server: Server, certificates: Path) -> Iterator[Proxy]:
    """One proxy in front of each kind of server; its group has the name of the database."""
    server.create_database(DATABASE)
    with proxy_for(server, DATABASE, tables=settings(server, certificates)) as running:
        yield running


@pytest.fixture
def directly(server: Server, proxy: Proxy) -> Place:
    """The server itself, with an empty database."""
    empty(server)
    return Place(server.kind, server.host, server.port, server.user, server.password, DATABASE)


@pytest.fixture
def through(server: Server, proxy: Proxy) -> Place:
    """The proxy in front of the same database."""
    return Place(server.kind, proxy.host, proxy.port, proxy.user, proxy.password, DATABASE)


@pytest.fixture
def compare(
    request: pytest.FixtureRequest, server: Server, directly: Place, through: Place
) -> Iterator[Compare]:
    """Runs a work on the server and then through the proxy; its notes, which must be equal."""
    do = in_process_of_its_own if request.node.get_closest_marker("apart") else in_this_process

    def run(work: Callable[..., None], *arguments: Any) -> Notes:
        expected = do(work, directly, *arguments)
        empty(server)
        seen = do(work, through, *arguments)
        differences = difflib.unified_diff(
            list(expected.lines()), list(seen.lines()), "directly", "through the proxy", "", "", 0
        )
        text = "\n".join(line.rstrip() for line in differences)
        assert not text, f"the driver saw something else through the proxy:\n{text}"
        return seen

    yield run
    empty(server)


def in_this_process(work: Callable[..., None], *arguments: Any) -> Notes:
    notes = Notes()
    work(*arguments, notes)
    return notes


def empty(server: Server) -> None:
    """Removes everything from the database. It stays, as the default of open connections."""
    with server.connect(database=DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        if server.kind != "embedded":
            cursor.execute("SET lock_wait_timeout = 20")  # s; somebody left a transaction open
        cursor.execute("SHOW FULL TABLES")
        for name, kind in list(cursor.fetchall()):
            cursor.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} `{name}`")
        if server.kind == "embedded":
            return
        for routine in ("PROCEDURE", "FUNCTION"):
            cursor.execute(f"SHOW {routine} STATUS WHERE db = %s", (DATABASE,))
            for row in list(cursor.fetchall()):
                cursor.execute(f"DROP {routine} `{row[1]}`")
