"""An engine on an empty directory, and sessions on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from athena_g.embedded.engine import Engine
from athena_g.embedded.session import EngineSession, RowsResult

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
