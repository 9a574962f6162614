"""An engine on an empty directory, and sessions on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from gevent.threadpool import ThreadPool

from athena_g.embedded.engine import Engine
from athena_g.embedded.results import RowsResult
from athena_g.embedded.server import CAPABILITIES, EmbeddedHandler
from athena_g.embedded.session import EngineSession
from athena_g.net.handshake import Account, LoginPolicy
from athena_g.net.server import ListenSettings, Server
from tests.fakes.client import PASSWORD, USER, Client

Connect = Callable[..., EngineSession]


def rows(session: EngineSession, sql: str) -> list[tuple[Any, ...]]:
    """Every row of a query."""
    result = session.execute(sql)
    assert isinstance(result, RowsResult)
    return [tuple(row) for row in result.rows]


def run(session: EngineSession, *statements: str) -> None:
    """Runs statements for their effect, reading what rows they give."""
    for sql in statements:
        result = session.execute(sql)
        if isinstance(result, RowsResult):
            consumed: Sequence[Any] = list(result.rows)
            del consumed


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = Engine(tmp_path)
    yield made
    made.close()


@pytest.fixture
def connect(engine: Engine) -> Connect:
    """Opens a session on the database ``test``, which is there."""
    numbers = count(1)
    first = engine.connect(database=None, user="root", host="localhost", connection_id=0)
    first.execute("CREATE DATABASE IF NOT EXISTS test")
    first.close()

    def opened(database: str | None = "test", *, read_only: bool = False) -> EngineSession:
        return engine.connect(
            database=database,
            user="root",
            host="localhost",
            connection_id=next(numbers),
            read_only=read_only,
        )

    return opened


@pytest.fixture
def session(connect: Connect) -> EngineSession:
    return connect()


Dial = Callable[..., Client]


@pytest.fixture
def dial(connect: Connect, engine: Engine) -> Iterator[Dial]:
    """Logs in to a server on the engine, with the flags given; the database is ``test``."""
    threads = ThreadPool(8)
    account = Account(USER, PASSWORD)
    handler = EmbeddedHandler(engine, threads, account, read_only=False)
    policy = LoginPolicy(handler.find_account, CAPABILITIES, "8.4.0")
    server = Server(ListenSettings(), policy, handler)
    address = server.start()
    clients: list[Client] = []

    def dialled(**options: Any) -> Client:
        clients.append(Client.connect(address, database="test", **options))
        return clients[-1]

    yield dialled
    for client in clients:
        client.close()
    server.stop()
    threads.kill()
