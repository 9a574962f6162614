"""A session that goes on to another server: what its last connection is asked before."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from athena_g.backend.look_back import Answer
from athena_g.backend.profile import profile
from athena_g.net.stream import ConnectionClosed
from athena_g.session.binding import Binding

CLIENT: Any = SimpleNamespace(name="the client")


@dataclass(eq=False)
class Pool:
    """As much of a pool as a session needs that leaves its server."""

    kept: list[Any] = field(default_factory=list)
    discarded: list[Any] = field(default_factory=list)
    fresh_status: int = 2

    def reclaim(self, connection: Any, owner: Any) -> bool:
        return connection.owner is owner

    def keep(self, connection: Any) -> None:
        self.kept.append(connection)

    def discard(self, connection: Any) -> None:
        self.discarded.append(connection)


class Last:
    """The connection that a session had last: ``answer`` is what it says, or raises."""

    idle = True
    profile = None

    def __init__(self, binding: Binding, answer: Answer | BaseException | None) -> None:
        self.owner = binding.look_back
        self.stream = SimpleNamespace(name="the server")
        self.scanner = SimpleNamespace(affected=1, errno=0, rows=0, warnings=0)
        self.insert_id: int | None = None
        self._answer = answer

    def ask(self, _: str) -> Answer | None:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return self._answer


def going(answer: Answer | BaseException | None) -> tuple[Binding, Pool, Pool, Last]:
    """A session, the pools of two servers, and its connection to the first."""
    here, there = Pool(), Pool()
    binding = Binding(1, CLIENT, cast(Any, here), 0, profile(45))
    last = Last(binding, answer)
    binding._last = cast(Any, last)
    binding.look_back.insert_id = None
    return binding, here, there, last


def test_it_takes_the_insert_id_along() -> None:
    binding, here, there, last = going(Answer([], [[b"77"]]))
    binding.go_to(cast(Any, there))
    assert binding.look_back.insert_id == 77
    assert binding.pool is cast(Any, there)
    assert (here.kept, here.discarded) == ([last], [])


def test_a_server_that_is_gone_keeps_nobody() -> None:
    binding, here, there, last = going(None)
    last._answer = ConnectionClosed(cast(Any, last.stream))
    binding.go_to(cast(Any, there))
    assert binding.pool is cast(Any, there)
    assert binding.insert_id_lost
    assert here.discarded == [last]


@pytest.mark.parametrize("end", [ConnectionClosed(CLIENT), KeyboardInterrupt()])
def test_a_session_that_is_ended_meanwhile_goes_nowhere(end: BaseException) -> None:
    binding, here, there, last = going(end)
    with pytest.raises(type(end)):
        binding.go_to(cast(Any, there))
    assert binding.pool is cast(Any, here)
    assert here.discarded == [last]
