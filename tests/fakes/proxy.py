"""A whole proxy in the test's process, in front of a fake server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent

from athena_g.backend.endpoint import Endpoint
from athena_g.group.group import DbGroup, Directory, Group, Instance
from athena_g.net.handshake import Account, LoginPolicy
from athena_g.net.server import ListenSettings, Server
from athena_g.pool.ledger import Limits
from athena_g.pool.pool import Pool
from athena_g.session.handler import CAPABILITIES, ProxyHandler

from . import client as clients
from . import server as servers
from .client import Client
from .server import FakeServer


def endpoint_of(backend: FakeServer, **changes: Any) -> Endpoint:
    """How a pool reaches the fake."""
    host, port = backend.address
    settings: dict[str, Any] = {
        "group": clients.DATABASE,
        "host": host,
        "port": port,
        "user": servers.USER,
        "password": servers.PASSWORD,
        "database": clients.DATABASE,
    }
    return Endpoint(**settings | changes)


def group(name: str, user: str, password: str, pool: Pool) -> Group:
    """A group of one instance."""
    return Group(name, Account(user, password), DbGroup("home", Instance(pool)))


OTHER_USER, OTHER_PASSWORD, OTHER_DATABASE = "other", "hidden", "store"


class Proxy:
    """Listens from the beginning; ``listen`` and ``policy`` change the server's settings.

    There is a second group on the same server, with an account and a pool of its own.
    """

    def __init__(
        self,
        backend: FakeServer,
        limits: Limits,
        listen: dict[str, Any],
        policy: dict[str, Any],
        endpoint: dict[str, Any],
    ) -> None:
        self.backend = backend
        self.pool = Pool(endpoint_of(backend, **endpoint), limits)
        other = endpoint | {"group": OTHER_DATABASE, "database": OTHER_DATABASE}
        self.other_pool = Pool(endpoint_of(backend, **other), limits)
        self.directory = Directory(
            [
                group(clients.DATABASE, clients.USER, clients.PASSWORD, self.pool),
                group(OTHER_DATABASE, OTHER_USER, OTHER_PASSWORD, self.other_pool),
            ]
        )
        handler = ProxyHandler(self.directory)
        settings: dict[str, Any] = {
            "find_account": handler.find_account,
            "capabilities": CAPABILITIES,
            "server_version": "8.4.0-proxy",
        }
        self.server = Server(ListenSettings(**listen), LoginPolicy(**settings | policy), handler)
        self.address = self.server.start()
        self._clients: list[Client] = []

    def client(self, **options: Any) -> Client:
        """Log in; the client is closed with the proxy."""
        client = Client.connect(self.address, **options)
        self._clients.append(client)
        return client

    def wait_idle(self) -> None:
        """Return when no client is registered and no connection is out."""
        until(lambda: not self.server.clients, "clients left in the registry")
        until(lambda: not self.pool.out, "connections left out")

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.server.stop(grace=3)
        self.directory.close()
        assert not self.server.clients
        for pool in (self.pool, self.other_pool):
            assert (pool.out, pool.waiting, len(pool.transactions)) == (0, 0, 0)


def until(condition: Callable[[], bool], otherwise: str, timeout: float = 10) -> None:
    """Return when ``condition`` holds, looking each time other greenlets had their turn."""
    with gevent.Timeout(timeout, AssertionError(otherwise)):
        while not condition():
            gevent.sleep(0.001)
