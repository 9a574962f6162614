"""A pool of real connections to a fake server: who waits, who is served, whose state it is."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import ASK_INSERT_ID, LookBack
from athena_g.errors import SqlError
from athena_g.protocol.constants import CLIENT_FOUND_ROWS
from tests.fakes import replies
from tests.fakes.proxy import until
from tests.fakes.server import FakeServer

from .leasing import PROFILE, MakePool, use, waiting

# --- Getting one ----------------------------------------------------------------------------------


def test_connections_are_opened_as_they_are_needed(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool()
    assert pool.opened == 0
    one, two = pool.acquire(0, PROFILE), pool.acquire(0, PROFILE)
    assert (pool.opened, pool.out, len(backend.open_connections)) == (2, 2, 2)
    pool.release(one)
    pool.release(two)
    assert pool.acquire(0, PROFILE) is two
    pool.release(two)
    assert (pool.opened, pool.idle) == (2, 2)


def test_those_in_line_are_served_in_order(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
    line = [waiting(pool) for _ in range(3)]
    for greenlet in line:
        assert not greenlet.ready()
        pool.release(connection)
        assert greenlet.get() is connection
    pool.release(connection)


def test_who_waited_too_long_is_told_how_busy_the_pool_is(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1, acquire_timeout=0.05)
    connection = pool.acquire(0, PROFILE)
    pool.transactions.bind(connection, "transaction")
    with pytest.raises(SqlError) as caught:
        pool.acquire(0, PROFILE)
    error = caught.value
    assert (error.errno, error.sqlstate, error.retryable) == (1040, "08004", True)
    assert error.message == (
        f"Too many connections: no connection to {pool.endpoint.name} (group shop) became free "
        "within 50 ms; 1 of 1 are in use, 1 of them bound to a client by a transaction or session "
        "state, and 0 statements wait (pool.max_open, pool.acquire_timeout_ms)"
    )
    pool.release(connection)


def test_who_gave_up_waiting_takes_nothing_along(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
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
    connection = pool.acquire(0, PROFILE)
    gone, patient = waiting(pool), waiting(pool)
    gone.kill(block=False)
    pool.release(connection)
    assert patient.get() is connection
    pool.release(connection)


def test_a_place_handed_to_who_gives_up_at_that_moment_is_passed_on(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
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
    connection = pool.acquire(0, PROFILE)
    gone = waiting(pool, CLIENT_FOUND_ROWS)
    gone.kill(block=False)
    pool.release(connection)
    gone.join()
    assert (pool.out, pool.idle) == (0, 0)
    assert backend.connections[0].ended.wait(5)


def test_a_place_that_becomes_free_is_the_next_ones(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
    greenlet = waiting(pool)
    pool.discard(connection)
    fresh = greenlet.get()
    assert fresh is not connection
    pool.release(fresh)


def test_who_cannot_open_hands_the_place_on(make_pool: MakePool, backend: FakeServer) -> None:
    pool = make_pool(max_open=1)
    hold = Event()
    backend.login_reply = (hold, replies.err(1045, "Access denied", first=2))
    first = gevent.spawn(pool.acquire, 0, PROFILE)
    until(lambda: pool.out == 1, "nobody opens")
    line = [waiting(pool), waiting(pool)]
    first.kill()
    hold.set()
    assert [greenlet.get().errno for greenlet in line] == [1105, 1105]
    backend.login_reply = None
    pool.release(pool.acquire(0, PROFILE))


# --- Getting one to spare -------------------------------------------------------------------------


def test_a_connection_to_spare_is_opened_while_there_is_room(make_pool: MakePool) -> None:
    pool = make_pool(max_open=2)
    first, second = pool.spare(0, PROFILE), pool.spare(0, PROFILE)
    assert first is not None
    assert second is not None
    assert (pool.opened, pool.out) == (2, 2)
    pool.release(first)
    assert pool.spare(0, PROFILE) is first
    pool.discard(first)
    pool.release(second)


def test_nobody_waits_for_a_connection_to_spare(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1, acquire_timeout=60.0)
    connection = pool.acquire(0, PROFILE)
    assert pool.spare(0, PROFILE) is None
    assert pool.spare(CLIENT_FOUND_ROWS, PROFILE) is None
    assert (pool.out, pool.waiting) == (1, 0)
    pool.release(connection)


def test_who_waits_comes_before_who_wants_one_to_spare(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
    greenlet = waiting(pool)
    pool.release(connection)
    assert pool.spare(0, PROFILE) is None
    assert greenlet.get() is connection
    pool.release(connection)


def test_a_kept_connection_is_to_spare_when_no_place_is_left(make_pool: MakePool) -> None:
    """And is being handed over to whoever got it."""
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
    owner = use(connection)
    pool.keep(connection)
    assert pool.spare(0, PROFILE) is connection
    assert (connection.kept, connection.handing_over) == (False, True)
    assert not pool.reclaim(connection, owner)
    pool.release(connection)


def test_a_connection_of_other_flags_makes_room_for_one_to_spare(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_open=1)
    pool.release(pool.acquire(0, PROFILE))
    connection = pool.spare(CLIENT_FOUND_ROWS, PROFILE)
    assert connection is not None
    assert backend.connections[0].ended.wait(5)
    assert (connection.flags, pool.out, pool.idle) == (CLIENT_FOUND_ROWS, 1, 0)
    pool.release(connection)


def test_a_connection_that_its_server_closed_is_not_to_spare(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool()
    first = pool.acquire(0, PROFILE)
    pool.release(first)
    backend.connections[0].hang_up()
    until(lambda: first.stream.stale, "it does not show")
    second = pool.spare(0, PROFILE)
    assert second is not None
    assert second is not first
    assert (pool.opened, pool.out, pool.idle) == (2, 1, 0)
    pool.release(second)


def test_who_cannot_open_one_to_spare_leaves_the_place(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_open=1)
    backend.login_reply = (replies.err(1045, "Access denied", first=2),)
    with pytest.raises(SqlError):
        pool.spare(0, PROFILE)
    assert pool.out == 0
    backend.login_reply = None
    pool.release(pool.acquire(0, PROFILE))


# --- Whose state it holds -------------------------------------------------------------------------


def test_a_kept_connection_is_its_sessions_as_it_left_it(make_pool: MakePool) -> None:
    pool = make_pool()
    connection = pool.acquire(0, PROFILE)
    owner = use(connection)
    for _ in range(3):
        pool.keep(connection)
        assert pool.idle == 1
        assert pool.reclaim(connection, owner)
        assert pool.out == 1
    pool.release(connection)


def test_a_kept_connection_is_not_reclaimed_by_another_session(make_pool: MakePool) -> None:
    pool = make_pool()
    connection = pool.acquire(0, PROFILE)
    use(connection)
    pool.keep(connection)
    assert not pool.reclaim(connection, LookBack())


def test_another_session_takes_a_kept_connection_when_no_place_is_left(
    make_pool: MakePool,
) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
    owner = use(connection)
    pool.keep(connection)
    assert pool.acquire(0, PROFILE) is connection
    assert not pool.reclaim(connection, owner)
    pool.release(connection)


def test_a_connection_taken_and_given_back_unused_is_not_reclaimed_from_the_shelf(
    make_pool: MakePool,
) -> None:
    """It still holds the first session's state; but the next in line may get it as well."""
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
    owner = use(connection)
    pool.keep(connection)
    pool.release(pool.acquire(0, PROFILE))
    reclaimed = pool.reclaim(connection, owner)
    taken = pool.acquire(0, PROFILE)
    assert not reclaimed
    pool.release(taken)


def test_a_connection_that_somebody_else_had_is_nobodys_any_more(make_pool: MakePool) -> None:
    """Not even its old session's, which may have changed its mind in the meantime."""
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
    owner = use(connection)
    pool.keep(connection)
    pool.release(pool.acquire(0, PROFILE))
    assert connection.owner is not owner


def test_a_kept_connection_goes_to_who_waits(make_pool: MakePool) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
    owner = use(connection)
    pool.keep(connection)
    assert pool.reclaim(connection, owner)
    greenlet = waiting(pool)
    pool.keep(connection)
    assert greenlet.get() is connection
    assert not pool.reclaim(connection, owner)
    pool.release(connection)


def test_the_connection_of_a_session_that_ended_is_free(make_pool: MakePool) -> None:
    pool = make_pool()
    connection = pool.acquire(0, PROFILE)
    owner = use(connection)
    pool.keep(connection)
    pool.disown(connection)
    assert not pool.reclaim(connection, owner)
    assert pool.acquire(0, PROFILE) is connection
    pool.release(connection)


def test_flags_cannot_be_changed_so_another_connection_is_opened(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_open=1)
    pool.release(pool.acquire(0, PROFILE))
    connection = pool.acquire(CLIENT_FOUND_ROWS, PROFILE)
    assert backend.connections[0].ended.wait(5)
    login = backend.connections[1].login
    assert login is not None
    assert login.capabilities & CLIENT_FOUND_ROWS
    assert (pool.out, pool.idle, pool.opened) == (1, 0, 2)
    pool.release(connection)


def test_a_free_connection_with_the_same_settings_is_given_first(make_pool: MakePool) -> None:
    """Then nothing has to be sent in front of the statement."""
    pool = make_pool()
    fitting, other = pool.acquire(0, PROFILE), pool.acquire(0, PROFILE)
    use(fitting)
    for connection in (fitting, other):
        pool.release(connection)
    assert pool.acquire(0, PROFILE) is fitting
    pool.release(fitting)


def test_a_kept_connection_with_the_same_settings_is_taken_first(make_pool: MakePool) -> None:
    pool = make_pool(max_open=2)
    older, fitting = pool.acquire(0, PROFILE), pool.acquire(0, PROFILE)
    use(fitting)
    for connection in (older, fitting):
        pool.keep(connection)
    assert pool.acquire(0, PROFILE) is fitting
    pool.release(fitting)


# --- What its last session may still ask ----------------------------------------------------------


def with_insert_id(connection: BackendConnection, owner: LookBack) -> None:
    """As after a statement that made an id."""
    use(connection, owner)
    connection.scanner.is_whole(replies.result([]))
    connection.insert_id = owner.insert_id = None


def test_a_connection_that_is_closed_for_another_is_asked_what_its_session_may_ask(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_open=1)
    connection, owner = pool.acquire(0, PROFILE), LookBack()
    backend.connections[0].insert_id = 7
    with_insert_id(connection, owner)
    pool.keep(connection)
    pool.release(pool.acquire(CLIENT_FOUND_ROWS, PROFILE))
    assert (owner.insert_id, backend.record[-1]) == (7, (1, ASK_INSERT_ID))


def test_a_connection_that_is_idle_for_too_long_is_asked_too(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_idle_time=10.0)
    pool.sweep(1000.0)
    connection, owner = pool.acquire(0, PROFILE), LookBack()
    backend.connections[0].insert_id = 7
    with_insert_id(connection, owner)
    pool.keep(connection)
    pool.sweep(1010.0)
    assert owner.insert_id == 7


def test_a_connection_whose_session_ended_is_asked_nothing(
    make_pool: MakePool, backend: FakeServer
) -> None:
    pool = make_pool(max_open=1)
    connection = pool.acquire(0, PROFILE)
    with_insert_id(connection, LookBack())
    pool.keep(connection)
    pool.disown(connection)
    pool.release(pool.acquire(CLIENT_FOUND_ROWS, PROFILE))
    assert ASK_INSERT_ID not in backend.seen


def test_a_pool_says_how_it_is(make_pool: MakePool) -> None:
    pool = make_pool(max_open=7)
    connection = pool.acquire(0, PROFILE)
    assert repr(pool) == (
        f"<pool of {pool.endpoint.name}: 1 out (0 bound), 0 idle, 0 waiting, at most 7>"
    )
    pool.release(connection)
