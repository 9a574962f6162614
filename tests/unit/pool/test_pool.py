"""A pool of real connections to a fake server: who waits, who is served, what is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest
from gevent.event import Event

from athena_g.backend.connection import BackendConnection, SessionSetup
from athena_g.errors import SqlError
from athena_g.pool.ledger import Limits
from athena_g.pool.pool import Pool
from athena_g.protocol.constants import CLIENT_FOUND_ROWS
from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.proxy import endpoint_of, until
from tests.fakes.server import FakeServer

MakePool = Callable[..., Pool]


@pytest.fixture
def make_pool(backend: FakeServer) -> Iterator[MakePool]:
    """Make pools of connections to the fake; arguments are those of :class:`Limits`."""
    made: list[Pool] = []

    def make(endpoint: dict[str, Any] | None = None, **limits: Any) -> Pool:
        made.append(Pool(endpoint_of(backend, **endpoint or {}), Limits(**limits)))
        return made[-1]

    yield make
    for pool in made:
        pool.close()
        assert (pool.out, pool.idle, pool.waiting) == (0, 0, 0)


def waiting(pool: Pool, flags: int = 0) -> gevent.Greenlet:
    """A greenlet in line, whose value is its connection or what it was told instead."""

    def wait() -> BackendConnection | SqlError:
        try:
            return pool.acquire(flags)
        except SqlError as error:
            return error

    before = pool.waiting
    greenlet = gevent.spawn(wait)
    until(lambda: pool.waiting > before, "it is not in line")
    return greenlet


def use(connection: BackendConnection, setup: SessionSetup | None = None) -> SessionSetup:
    """Run a statement, so that the connection holds a session's state."""
    setup = setup or SessionSetup(45)
    rest = connection.settle(setup, frame(b"\x03SELECT 1", 0)) or connection.stream.recv()
    assert rest
    return setup


# --- Getting one ----------------------------------------------------------------------------------


def test_connections_are_opened_as_they_are_needed(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool()
    assert pool.opened == 0
    one, two = pool.acquire(0), pool.acquire(0)
    assert (pool.opened, pool.out, len(backend.open_connections)) == (2, 2, 2)
    pool.release(one)
    pool.release(two)
    assert pool.acquire(0) is two
    pool.release(two)
    assert (pool.opened, pool.idle) == (2, 2)


def test_those_in_line_are_served_in_order(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0)
    line = [waiting(pool) for _ in range(3)]
    for greenlet in line:
        assert not greenlet.ready()
        pool.release(connection)
        assert greenlet.get() is connection
    pool.release(connection)


def test_who_waited_too_long_is_told_how_busy_the_pool_is(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1, acquire_timeout=0.05)
    connection = pool.acquire(0)
    with pytest.raises(SqlError) as caught:
        pool.acquire(0)
    error = caught.value
    assert (error.errno, error.sqlstate, error.retryable) == (1040, "08004", True)
    assert error.message == (
        f"Too many connections: no connection to {pool.endpoint.name} (group shop) became free "
        "within 50 ms; 1 of 1 are in use and 0 statements wait "
        "(pool.max_open, pool.acquire_timeout_ms)"
    )
    pool.release(connection)


def test_who_gave_up_waiting_takes_nothing_along(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0)
    gone, patient = waiting(pool), waiting(pool)
    gone.kill()
    assert pool.waiting == 1
    pool.release(connection)
    assert patient.get() is connection
    pool.release(connection)


def test_a_connection_handed_to_who_gives_up_at_that_moment_is_passed_on(
    make_pool: MakePool,
) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0)
    gone, patient = waiting(pool), waiting(pool)
    gone.kill(block=False)
    pool.release(connection)
    assert patient.get() is connection
    pool.release(connection)


def test_a_place_handed_to_who_gives_up_at_that_moment_is_passed_on(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0)
    gone, patient = waiting(pool), waiting(pool)
    gone.kill(block=False)
    pool.discard(connection)
    fresh = patient.get()
    assert fresh is not connection
    pool.release(fresh)


def test_a_place_with_another_connection_to_close_is_passed_on_too(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0)
    gone = waiting(pool, CLIENT_FOUND_ROWS)
    gone.kill(block=False)
    pool.release(connection)
    gone.join()
    assert (pool.out, pool.idle) == (0, 0)
    assert backend.connections[0].ended.wait(5)


def test_a_place_that_becomes_free_is_the_next_ones(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0)
    greenlet = waiting(pool)
    pool.discard(connection)
    fresh = greenlet.get()
    assert fresh is not connection
    pool.release(fresh)


def test_who_cannot_open_hands_the_place_on(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool(max_open=1)
    hold = Event()
    backend.login_reply = (hold, replies.err(1045, "Access denied", first=2))
    first = gevent.spawn(pool.acquire, 0)
    until(lambda: pool.out == 1, "nobody opens")
    line = [waiting(pool), waiting(pool)]
    first.kill()
    hold.set()
    assert [greenlet.get().errno for greenlet in line] == [1105, 1105]
    backend.login_reply = None
    pool.release(pool.acquire(0))


# --- Whose state it holds -------------------------------------------------------------------------


def test_a_kept_connection_is_its_sessions_as_it_left_it(make_pool: MakePool) -> None:
    pool = make_pool()
    connection = pool.acquire(0)
    setup = use(connection)
    for _ in range(3):
        pool.keep(connection)
        assert pool.idle == 1
        assert pool.reclaim(connection, setup)
        assert pool.out == 1
    pool.release(connection)


def test_a_kept_connection_is_not_reclaimed_by_another_session(make_pool: MakePool) -> None:
    pool = make_pool()
    connection = pool.acquire(0)
    use(connection)
    pool.keep(connection)
    assert not pool.reclaim(connection, SessionSetup(45))


def test_another_session_takes_a_kept_connection_when_no_place_is_left(
    make_pool: MakePool,
) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0)
    setup = use(connection)
    pool.keep(connection)
    assert pool.acquire(0) is connection
    assert not pool.reclaim(connection, setup)
    pool.release(connection)


def test_a_connection_taken_and_given_back_unused_is_not_reclaimed_from_the_shelf(
    make_pool: MakePool,
) -> None:
    """It still holds the first session's state; but the next in line may get it as well."""
    pool = make_pool(max_open=1)
    connection = pool.acquire(0)
    setup = use(connection)
    pool.keep(connection)
    pool.release(pool.acquire(0))
    reclaimed = pool.reclaim(connection, setup)
    taken = pool.acquire(0)
    assert not reclaimed
    pool.release(taken)


def test_a_kept_connection_goes_to_who_waits(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0)
    setup = use(connection)
    pool.keep(connection)
    assert pool.reclaim(connection, setup)
    greenlet = waiting(pool)
    pool.keep(connection)
    assert greenlet.get() is connection
    assert not pool.reclaim(connection, setup)
    pool.release(connection)


def test_the_connection_of_a_session_that_ended_is_free(make_pool: MakePool) -> None:
    pool = make_pool()
    connection = pool.acquire(0)
    setup = use(connection)
    pool.keep(connection)
    pool.disown(connection)
    assert not pool.reclaim(connection, setup)
    assert pool.acquire(0) is connection
    pool.release(connection)


def test_flags_cannot_be_changed_so_another_connection_is_opened(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_open=1)
    pool.release(pool.acquire(0))
    connection = pool.acquire(CLIENT_FOUND_ROWS)
    assert backend.connections[0].ended.wait(5)
    login = backend.connections[1].login
    assert login is not None
    assert login.capabilities & CLIENT_FOUND_ROWS
    assert (pool.out, pool.idle, pool.opened) == (1, 0, 2)
    pool.release(connection)


# --- Connections that died ------------------------------------------------------------------------


def test_a_connection_that_died_idle_is_replaced_before_it_is_used(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool()
    dead = pool.acquire(0)
    pool.release(dead)
    backend.connections[0].hang_up()
    until(lambda: dead.stream.stale, "not noticed")
    connection = pool.acquire(0)
    assert connection is not dead
    assert pool.out == 1
    pool.release(connection)


def test_a_kept_connection_that_died_is_not_reclaimed(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_open=1)
    dead = pool.acquire(0)
    setup = use(dead)
    pool.keep(dead)
    backend.connections[0].hang_up()
    until(lambda: dead.stream.stale, "not noticed")
    assert not pool.reclaim(dead, setup)
    connection = pool.acquire(0)
    assert connection is not dead
    pool.release(connection)


def test_a_server_that_speaks_unasked_is_not_used_again(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool()
    spoken = pool.acquire(0)
    backend.connections[0].wire.send(replies.err(1927, "Connection was killed", first=0))
    until(lambda: spoken.stream.stale, "not noticed")
    pool.release(spoken)
    assert (pool.out, pool.idle) == (0, 0)


# --- In the background ----------------------------------------------------------------------------


def test_what_is_idle_for_too_long_is_closed(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool(max_idle_time=10.0)
    pool.sweep(1000.0)
    pool.release(pool.acquire(0))
    pool.sweep(1009.0)
    assert pool.idle == 1
    pool.sweep(1010.0)
    assert pool.idle == 0
    assert backend.connections[0].ended.wait(5)


def test_what_is_too_old_is_closed_when_it_comes_back(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_age=100.0)
    out, idle = pool.acquire(0), pool.acquire(0)
    pool.release(idle)
    pool.sweep(idle.opened_at + 100.0)
    assert (pool.out, pool.idle) == (1, 0)
    pool.release(out)
    assert (pool.out, pool.idle) == (0, 0)
    assert all(each.ended.wait(5) for each in backend.connections)


def test_what_died_idle_is_swept(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool()
    connection = pool.acquire(0)
    pool.sweep(connection.opened_at)
    pool.release(connection)
    backend.connections[0].hang_up()
    until(lambda: connection.stream.stale, "not noticed")
    pool.sweep(connection.opened_at)
    assert pool.idle == 0


def test_no_more_than_max_idle_are_left_open(make_pool: MakePool) -> None:
    pool = make_pool(max_idle=1)
    connections = [pool.acquire(0) for _ in range(3)]
    for connection in connections:
        pool.release(connection)
    assert (pool.out, pool.idle) == (0, 1)


def test_min_idle_are_kept_open(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool(min_idle=2)
    pool.sweep(1000.0)
    assert (pool.idle, pool.out, len(backend.open_connections)) == (2, 0, 2)
    connection = pool.acquire(0)
    pool.sweep(1000.0)
    assert (pool.idle, pool.out) == (2, 1)
    pool.release(connection)


def test_a_connection_opened_in_advance_that_died_is_noticed(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(min_idle=1)
    pool.sweep(1000.0)
    backend.connections[0].hang_up()
    assert backend.connections[0].ended.wait(5)
    gevent.idle()
    connection = pool.acquire(0)
    use(connection)
    assert len(backend.connections) == 2
    pool.release(connection)


def test_min_idle_never_leads_beyond_max_open(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool(max_open=2, min_idle=2)
    hold = Event()
    backend.before_greeting = (hold,)
    sweeping = gevent.spawn(pool.sweep, 1000.0)
    until(lambda: pool.out == 1, "nothing is opened in advance")
    acquiring = gevent.spawn(pool.acquire, 0)
    until(lambda: pool.out == 2, "nothing is opened")
    hold.set()
    sweeping.get()
    assert pool.out + pool.idle <= 2
    assert backend.peak <= 2
    pool.release(acquiring.get())


def test_a_server_that_refuses_does_not_end_the_sweeping(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(min_idle=1)
    backend.login_reply = (frame(b"\xff", 2),)
    pool.start()
    until(lambda: len(backend.connections) == 1, "nothing was tried")
    assert backend.connections[0].ended.wait(5)
    backend.login_reply = None
    until(lambda: pool.idle == 1, "nothing was tried again")


def test_a_closed_pool_closes_what_comes_back(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool()
    out, idle = pool.acquire(0), pool.acquire(0)
    pool.release(idle)
    pool.close()
    assert (pool.out, pool.idle) == (1, 0)
    pool.release(out)
    assert all(each.ended.wait(5) for each in backend.connections)


def test_a_pool_says_how_it_is(make_pool: MakePool) -> None:
    pool = make_pool(max_open=7)
    connection = pool.acquire(0)
    assert repr(pool) == (f"<pool of {pool.endpoint.name}: 1 out, 0 idle, 0 waiting, at most 7>")
    pool.release(connection)
