"""Gives the tests their servers: the option --servers, the line in the header, the parameters.

A test that asks for the fixture `server` runs once for each kind of server that takes part. They
start, all at once, before the first test if tests/integration is among what is to be run, and are
shared by the whole run.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from tests import servers
from tests.servers import KINDS, NAMES, CannotTakePart, Kind, Server, StartFailed

NEED_SERVERS = [Path(__file__).resolve().parent / name for name in ("integration", "drivers")]


class Fleet:
    """The servers of one run."""

    def __init__(self, wanted: Collection[Kind], required: Collection[Kind]) -> None:
        self.wanted = [kind for kind in KINDS if kind in wanted]
        self._required = [kind for kind in KINDS if kind in required]
        self._servers: dict[Kind, Server] = {}
        self._absent: dict[Kind, str] = {}

    def start(self) -> None:
        """Starts the wanted ones, and ends the run if a required one is not among them."""
        with ThreadPoolExecutor(len(KINDS)) as pool:
            list(pool.map(self._start, self.wanted))
        for kind in self._required:
            if kind not in self._servers:
                why = self._absent.get(kind, "--servers leaves it out")
                pytest.exit(f"{NAMES[kind]} is required and does not take part: {why}", 3)

    def _start(self, kind: Kind) -> None:
        try:
            self._servers[kind] = servers.start(kind)
        except CannotTakePart as error:
            self._absent[kind] = str(error)

    def taking_part(self) -> list[Kind]:
        """The kinds that run; before any was started, those that are wanted."""
        started = self._servers or self._absent
        return [kind for kind in self.wanted if kind in self._servers or not started]

    def server(self, kind: Kind) -> Server:
        """The one server of this kind, started now if it was not before."""
        if kind not in self._servers:
            self._servers[kind] = servers.start(kind)
        return self._servers[kind]

    def header(self) -> str:
        if not self._servers and not self._absent:
            return "servers: none started"
        running = ", ".join(str(self._servers[kind]) for kind in self.taking_part()) or "none"
        absent = "".join(f"; without {NAMES[kind]}: {why}" for kind, why in self._absent.items())
        return f"servers: {running}{absent}"

    def close(self) -> None:
        for server in self._servers.values():
            server.close()
        self._servers.clear()


FLEET = pytest.StashKey[Fleet]()


def kinds_in(text: str, source: str) -> list[Kind]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := set(names) - set(KINDS):
        raise pytest.UsageError(f"{source}: {', '.join(sorted(unknown))} is none of {KINDS}")
    return cast(list[Kind], names)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--servers",
        default="all",
        metavar="KINDS",
        help="the servers to run the integration tests on: a list out of "
        f"{','.join(KINDS)}, each of which must then take part; all that can (default); or none",
    )


def pytest_configure(config: pytest.Config) -> None:
    option: str = config.getoption("servers")
    named = [] if option in ("all", "none") else kinds_in(option, "--servers")
    required = kinds_in(os.environ.get("ATHENA_TEST_REQUIRE", ""), "ATHENA_TEST_REQUIRE")
    wanted = KINDS if option == "all" else named
    config.stash[FLEET] = Fleet(wanted, {*named, *required})
    # A run that is told to end ends its servers, too.
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    if config.getoption("servers") == "none" or config.getoption("collectonly"):
        return
    if not any(needs_servers(config, argument) for argument in config.args):
        return
    try:
        config.stash[FLEET].start()
    except StartFailed as error:
        pytest.exit(f"a server did not start: {error}", 3)


def needs_servers(config: pytest.Config, argument: str) -> bool:
    path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
    return any(path.is_relative_to(each) or each.is_relative_to(path) for each in NEED_SERVERS)


def pytest_report_header(config: pytest.Config) -> str:
    return config.stash[FLEET].header()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "server" in metafunc.fixturenames:
        kinds = metafunc.config.stash[FLEET].taking_part()
        metafunc.parametrize("server", kinds, indirect=True, scope="session")


def pytest_unconfigure(config: pytest.Config) -> None:
    if FLEET in config.stash:  # not so after a usage error
        config.stash[FLEET].close()
