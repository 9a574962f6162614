"""Ending what a server does for a connection, over another one."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event
from loguru import logger

from athena_g.backend import kill as kills
from athena_g.backend.kill import Killer
from athena_g.errors import SqlError
from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.proxy import endpoint_of, until
from tests.fakes.server import FakeServer, Step, hang_up


@pytest.fixture
def killer(backend: FakeServer) -> Killer:
    return Killer(endpoint_of(backend))


def failing(killer: Killer) -> SqlError:
    with pytest.raises(SqlError) as caught:
        killer.kill(5, query=True)
    return caught.value


@pytest.mark.parametrize(("query", "said"), [(True, "KILL QUERY 5"), (False, "KILL 5")])
def test_a_kill_is_said_over_a_connection_of_its_own(
    killer: Killer, backend: FakeServer, query: bool, said: str
) -> None:
    killer.kill(5, query=query)
    assert backend.seen == [said]
    assert backend.connections[0].ended.wait(5)


def test_a_victim_that_is_gone_already_is_fine(killer: Killer, backend: FakeServer) -> None:
    backend.say("KILL QUERY 5", replies.err(1094, "Unknown thread id: 5"))
    killer.kill(5, query=True)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((replies.err(1095, "You are not owner of thread 5"),), "not owner of thread 5 (1095)"),
        ((hang_up,), "clos"),
        ((frame(b"", 7),), "out of order"),
    ],
    ids=["refused", "gone", "damaged"],
)
def test_a_kill_that_failed_says_whose_and_why(
    killer: Killer, backend: FakeServer, steps: tuple[Step, ...], reason: str
) -> None:
    backend.say("KILL QUERY 5", *steps)
    error = failing(killer)
    assert (error.errno, error.fatal) == (1105, False)
    assert f"of connection 5 could not be killed on {killer.endpoint.name}" in error.message
    assert reason in error.message


def test_a_server_that_cannot_be_reached_cannot_be_told(
    killer: Killer, backend: FakeServer
) -> None:
    backend.close()
    assert "refused" in failing(killer).message


def test_an_answer_is_not_waited_for_for_ever(
    killer: Killer, backend: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kills, "KILL_TIMEOUT", 0.05)
    release = Event()
    backend.say("KILL QUERY 5", release)
    assert "no answer in 0.05 s" in failing(killer).message
    release.set()


def test_kills_of_one_server_come_one_after_the_other(killer: Killer, backend: FakeServer) -> None:
    release = Event()
    backend.say("KILL 11", release, replies.ok())
    killing = [gevent.spawn(killer.kill, number, query=False) for number in (11, 12)]
    backend.wait_for("KILL 11")
    gevent.idle()
    assert (backend.seen, len(backend.connections)) == (["KILL 11"], 1)
    release.set()
    gevent.joinall(killing, raise_error=True)
    assert backend.seen == ["KILL 11", "KILL 12"]


def test_a_kill_in_the_background_only_logs_its_failure(
    killer: Killer, backend: FakeServer
) -> None:
    backend.say("KILL 5", replies.err(1095, "You are not owner of thread 5"))
    logged: list[str] = []
    sink = logger.add(logged.append, level="WARNING", format="{message}")
    killer.kill_soon(5)
    until(lambda: bool(logged), "nothing was logged")
    logger.remove(sink)
    assert "not owner of thread 5" in logged[0]


def test_after_a_failure_the_next_one_has_its_turn(killer: Killer, backend: FakeServer) -> None:
    backend.say("KILL QUERY 5", hang_up)
    failing(killer)
    killer.kill(6, query=True)
    assert backend.seen == ["KILL QUERY 5", "KILL QUERY 6"]
