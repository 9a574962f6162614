"""What a pool closes and opens by itself, and what it does about connections that died."""

from __future__ import annotations

import gevent
from gevent.event import Event

from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.proxy import until
from tests.fakes.server import FakeServer

from .leasing import PROFILE, MakePool, use

# --- Connections that died ------------------------------------------------------------------------


def test_a_connection_that_died_idle_is_replaced_before_it_is_used(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool()
    dead = pool.acquire(0, PROFILE)
    pool.release(dead)
    backend.connections[0].hang_up()
    until(lambda: dead.stream.stale, "not noticed")
    connection = pool.acquire(0, PROFILE)
    assert connection is not dead
    assert pool.out == 1
    pool.release(connection)


def test_a_kept_connection_that_died_is_not_reclaimed(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_open=1)
    dead = pool.acquire(0, PROFILE)
    owner = use(dead)
    pool.keep(dead)
    backend.connections[0].hang_up()
    until(lambda: dead.stream.stale, "not noticed")
    assert not pool.reclaim(dead, owner)
    connection = pool.acquire(0, PROFILE)
    assert connection is not dead
    pool.release(connection)


def test_a_server_that_speaks_unasked_is_not_used_again(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool()
    spoken = pool.acquire(0, PROFILE)
    backend.connections[0].wire.send(replies.err(1927, "Connection was killed", first=0))
    until(lambda: spoken.stream.stale, "not noticed")
    pool.release(spoken)
    assert (pool.out, pool.idle) == (0, 0)


# --- In the background ----------------------------------------------------------------------------


def test_what_is_idle_for_too_long_is_closed(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool(max_idle_time=10.0)
    pool.sweep(1000.0)
    pool.release(pool.acquire(0, PROFILE))
    pool.sweep(1009.0)
    assert pool.idle == 1
    pool.sweep(1010.0)
    assert pool.idle == 0
    assert backend.connections[0].ended.wait(5)


def test_what_is_too_old_is_closed_when_it_comes_back(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_age=100.0)
    out, idle = pool.acquire(0, PROFILE), pool.acquire(0, PROFILE)
    pool.release(idle)
    pool.sweep(idle.opened_at + 100.0)
    assert (pool.out, pool.idle) == (1, 0)
    pool.release(out)
    assert (pool.out, pool.idle) == (0, 0)
    assert all(each.ended.wait(5) for each in backend.connections)


def test_what_died_idle_is_swept(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool()
    connection = pool.acquire(0, PROFILE)
    pool.sweep(connection.opened_at)
    pool.release(connection)
    backend.connections[0].hang_up()
    until(lambda: connection.stream.stale, "not noticed")
    pool.sweep(connection.opened_at)
    assert pool.idle == 0


def test_no_more_than_max_idle_are_left_open(make_pool: MakePool) -> None:
    pool = make_pool(max_idle=1)
    connections = [pool.acquire(0, PROFILE) for _ in range(3)]
    for connection in connections:
        pool.release(connection)
    assert (pool.out, pool.idle) == (0, 1)


def test_min_idle_are_kept_open(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool(min_idle=2)
    pool.sweep(1000.0)
    assert (pool.idle, pool.out, len(backend.open_connections)) == (2, 0, 2)
    connection = pool.acquire(0, PROFILE)
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
    connection = pool.acquire(0, PROFILE)
    use(connection)
    assert len(backend.connections) == 2
    pool.release(connection)


def test_min_idle_never_leads_beyond_max_open(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool(max_open=2, min_idle=2)
    hold = Event()
    backend.before_greeting = (hold,)
    sweeping = gevent.spawn(pool.sweep, 1000.0)
    until(lambda: pool.out == 1, "nothing is opened in advance")
    acquiring = gevent.spawn(pool.acquire, 0, PROFILE)
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
    out, idle = pool.acquire(0, PROFILE), pool.acquire(0, PROFILE)
    pool.release(idle)
    pool.close()
    assert (pool.out, pool.idle) == (1, 0)
    pool.release(out)
    assert all(each.ended.wait(5) for each in backend.connections)


def test_a_connection_being_opened_while_the_pool_is_closed_does_not_stay(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool()
    hold = Event()
    backend.before_greeting = (hold,)
    opening = gevent.spawn(pool.acquire, 0, PROFILE)
    until(lambda: pool.out == 1, "nothing is opened")
    pool.close()
    hold.set()
    pool.release(opening.get())
    assert (pool.out, pool.idle) == (0, 0)
