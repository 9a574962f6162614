"""The same scripts on a server and through the proxy: every answer is the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.oracle.grammar import CLIENTS, scripts
from tests.oracle.play import Place, Record, Stage, difference, play, unexpected
from tests.oracle.script import Script, all_scripts
from tests.proxy import Proxy, proxy_for
from tests.servers import Server

DATABASE = "oracle"
USER, PASSWORD = "app", "proxy-password"
POOLS = (1, 2)
DIRECT = os.environ.get("ATHENA_TEST_ORACLE") == "direct"
"""Whether to compare a server with itself, which shows that the scripts always end alike."""


class Oracle:
    """A server, and proxies in front of it that differ by the size of their pools."""

    def __init__(self, server: Server) -> None:
        self._server = server
        server.create_database(DATABASE)
        self._stack = ExitStack()
        connection = self._stack.enter_context(server.connect(database=DATABASE, autocommit=True))
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'")
            cursor.execute(f"GRANT ALL ON *.* TO '{USER}'@'%'")
        self._stage = Stage(connection, DATABASE)
        self._proxies: dict[int, tuple[Proxy, ExitStack]] = {}

    def direct(self, script: Script) -> Record:
        """What the server answers."""
        server = self._server
        return play(script, self._stage, Place(server.host, server.port, USER, PASSWORD, DATABASE))

    def proxied(self, script: Script, max_open: int) -> Record:
        """What is answered through the proxy whose pool has that size."""
        if DIRECT:
            return self.direct(script)
        proxy = self._proxy(max_open)
        place = Place(proxy.host, proxy.port, USER, PASSWORD, DATABASE)
        whole = False
        try:
            record = play(script, self._stage, place, noisy_clients=min(max_open, 2))
            whole = not record.surprises
        finally:
            if not whole:  # a place in the pool may be lost: a new proxy for the next
                self._proxies.pop(max_open)[1].close()
        return record

    def _proxy(self, max_open: int) -> Proxy:
        if max_open not in self._proxies:
            account = replace(self._server, user=USER, password=PASSWORD)
            pool = f"[pool]\nmax_open = {max_open}\nacquire_timeout_ms = 1000"
            stack = ExitStack()
            proxy = stack.enter_context(proxy_for(account, DATABASE, tables=pool))
            self._proxies[max_open] = proxy, stack
        return self._proxies[max_open][0]

    def close(self) -> None:
        for _, stack in self._proxies.values():
            stack.close()
        self._stack.close()


@pytest.fixture(scope="session")
def oracle(server: Server) -> Iterator[Oracle]:
    if server.kind == "embedded":
        pytest.skip("the scripts are about what the embedded server has not: accounts, routines")
    oracle = Oracle(server)
    yield oracle
    oracle.close()


@pytest.mark.parametrize(
    "script", all_scripts(), ids=lambda script: f"{script.subject}: {script.title}"
)
def test_the_proxy_answers_as_the_server(server: Server, oracle: Oracle, script: Script) -> None:
    if server.kind == "embedded" or script.only not in ("", server.kind):
        pytest.skip(f"not for {server.kind}")
    direct = oracle.direct(script)
    wrong = unexpected(direct)
    assert not wrong, "\n".join(wrong)
    for max_open in POOLS:
        if max_open >= script.max_open:
            found = difference(direct, oracle.proxied(script, max_open))
            assert not found, f"max_open = {max_open}\n{found}"


@given(script=scripts())
@settings(
    max_examples=int(os.environ.get("ATHENA_TEST_EXAMPLES", "25")),
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes
)
def test_random_scripts_are_answered_alike(server: Server, oracle: Oracle, script: Script) -> None:
    if server.kind == "embedded":
        pytest.skip("knows few of the statements")
    direct = oracle.direct(script)
    found = difference(direct, oracle.proxied(script, len(CLIENTS)))
    assert not found, found
