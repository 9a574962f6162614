"""Bringing a connection to a session's state, and getting that state out of it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent.event import Event

from athena_g.backend import connection as connections
from athena_g.backend.connection import BackendConnection, SessionSetup
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed
from athena_g.protocol.framing import frame
from athena_g.protocol.scan import REPLY_COMMAND
from tests.fakes import replies
from tests.fakes.proxy import endpoint_of, until
from tests.fakes.server import FakeServer, hang_up

QUERY = frame(b"\x03SELECT 1", 0)
TRACKING = ", SESSION session_track_state_change = 1, SESSION session_track_schema = 1"
GENERAL_CI = 45
SET_NAMES = "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci" + TRACKING

Connect = Callable[[], BackendConnection]


@pytest.fixture
def connect(backend: FakeServer) -> Iterator[Connect]:
    """Open connections that share what they know of the server."""
    accepted: set[bytes] = set()
    opened: list[BackendConnection] = []

    def open_one() -> BackendConnection:
        opened.append(BackendConnection(endpoint_of(backend), 0, accepted))
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect: Connect) -> BackendConnection:
    return connect()


def settle(connection: BackendConnection, setup: SessionSetup, command: bytes = QUERY) -> None:
    """Settle, send, and read the reply to its end."""
    chunk = connection.settle(setup, command) or connection.stream.recv()
    scanner = connection.scanner
    scanner.begin(REPLY_COMMAND)
    while not scanner.feed(chunk):
        chunk = connection.stream.recv()


def test_a_fresh_connection_is_set_up_before_the_query(
    connection: BackendConnection, backend: FakeServer
) -> None:
    setup = SessionSetup(GENERAL_CI)
    settle(connection, setup)
    assert backend.seen == [SET_NAMES, "SELECT 1"]
    assert connection.setup is setup


def test_a_used_connection_is_reset_first(
    connection: BackendConnection, backend: FakeServer
) -> None:
    settle(connection, SessionSetup(GENERAL_CI))
    backend.record.clear()
    settle(connection, SessionSetup(GENERAL_CI))
    assert backend.seen == ["RESET_CONNECTION", SET_NAMES, "SELECT 1"]


def test_multi_statements_are_turned_on_and_off_as_the_session_has_them(
    connection: BackendConnection, backend: FakeServer
) -> None:
    settle(connection, SessionSetup(GENERAL_CI, multi_statements=True))
    settle(connection, SessionSetup(GENERAL_CI, multi_statements=True))
    settle(connection, SessionSetup(GENERAL_CI))
    options = [label for label in backend.seen if label.startswith("SET_OPTION")]
    assert options == ["SET_OPTION \0\0", "SET_OPTION \1\0"]


@pytest.mark.parametrize(
    ("version", "collation_id", "names"),
    [
        ("8.4.0", 255, "NAMES utf8mb4 COLLATE utf8mb4_0900_ai_ci"),
        ("8.4.0", 33, "NAMES utf8mb3 COLLATE utf8mb3_general_ci"),
        ("8.4.0", 8, "NAMES latin1 COLLATE latin1_swedish_ci"),
        ("8.4.0", 63, "NAMES binary COLLATE binary"),
        ("8.4.0", 2304, "NAMES utf8mb4"),
        ("11.8.2-MariaDB", 255, "NAMES utf8mb4"),
        ("11.8.2-MariaDB", 45, "NAMES utf8mb4 COLLATE utf8mb4_general_ci"),
        ("8.4.0", 0, "NAMES DEFAULT"),
    ],
)
def test_the_clients_character_set_is_named_as_the_server_knows_it(
    backend: FakeServer, connect: Connect, version: str, collation_id: int, names: str
) -> None:
    backend.version = version
    settle(connect(), SessionSetup(collation_id))
    assert backend.seen[0] == f"SET {names}{TRACKING}"


def test_a_server_that_does_not_track_is_not_asked_to(
    backend: FakeServer, connect: Connect
) -> None:
    backend.tracks = False
    settle(connect(), SessionSetup(GENERAL_CI))
    assert backend.seen[0] == "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci"


def test_a_query_is_not_run_by_a_server_that_refuses_what_is_in_front(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say(SET_NAMES, replies.err(1115, "Unknown character set"))
    with pytest.raises(SqlError) as caught:
        connection.settle(SessionSetup(GENERAL_CI), QUERY)
    assert caught.value.errno == 1105
    assert "Unknown character set (1115)" in caught.value.message
    assert backend.seen == [SET_NAMES]


def test_what_one_connection_was_accepted_with_another_sends_at_once(
    backend: FakeServer, connect: Connect
) -> None:
    settle(connect(), SessionSetup(GENERAL_CI))
    hold = Event()
    backend.say(SET_NAMES, hold, replies.ok())
    connection = connect()
    settling = gevent.spawn(settle, connection, SessionSetup(GENERAL_CI))
    backend.wait_for(SET_NAMES, times=2)
    conversation = backend.connections[1]
    until(lambda: bool(conversation.wire.deframer.pending), "the query did not come along")
    hold.set()
    settling.get()


@pytest.mark.parametrize(
    "garbage",
    [
        frame(b"\0\0\0\2\0\0\0", 5),
        frame(b"\xff", 1),
        frame(b"", 1),
        frame(b"\x01", 1),
        b"\xff\xff\xff\x07junk",
    ],
    ids=["out of order", "a short ERR", "empty", "rows", "junk"],
)
def test_a_damaged_answer_is_the_servers_fault_and_not_the_clients(
    connection: BackendConnection, backend: FakeServer, garbage: bytes
) -> None:
    backend.say(SET_NAMES, garbage, hang_up)
    with pytest.raises(SqlError) as caught:
        connection.settle(SessionSetup(GENERAL_CI), QUERY)
    assert (caught.value.errno, caught.value.fatal) == (1105, False)
    assert "broke the MySQL protocol" in caught.value.message


def test_a_server_gone_while_settling_is_named_as_who_is_gone(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say(SET_NAMES, hang_up)
    with pytest.raises(ConnectionClosed) as caught:
        connection.settle(SessionSetup(GENERAL_CI), QUERY)
    assert caught.value.stream is connection.stream


def test_a_reset_rolls_back_and_leaves_nobodys_state(
    connection: BackendConnection, backend: FakeServer
) -> None:
    settle(connection, SessionSetup(GENERAL_CI), frame(b"\x03BEGIN", 0))
    assert connection.in_transaction
    assert connection.reset()
    assert not connection.in_transaction
    assert (connection.setup, backend.rollbacks) == (None, 1)


def test_a_connection_that_was_reset_is_not_reset_again(
    connection: BackendConnection, backend: FakeServer
) -> None:
    settle(connection, SessionSetup(GENERAL_CI))
    assert connection.reset()
    settle(connection, SessionSetup(GENERAL_CI))
    assert backend.seen.count("RESET_CONNECTION") == 1


@pytest.mark.parametrize(
    "steps",
    [(replies.err(1047, "Unknown command"),), (hang_up,), (frame(b"", 3),)],
    ids=["refused", "gone", "damaged"],
)
def test_a_reset_that_fails_is_no_reset(
    connection: BackendConnection, backend: FakeServer, steps: tuple[bytes, ...]
) -> None:
    backend.say("RESET_CONNECTION", *steps)
    settle(connection, SessionSetup(GENERAL_CI))
    assert not connection.reset()


def test_a_reset_is_not_waited_for_for_ever(
    connection: BackendConnection, backend: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "RESET_TIMEOUT", 0.05)
    release = Event()
    backend.say("RESET_CONNECTION", release)
    assert not connection.reset()
    release.set()


def test_a_connection_whose_schema_changed_is_not_used_by_another_session(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("SELECT 1", replies.ok(session_state=replies.schema_changed("other")))
    settle(connection, SessionSetup(GENERAL_CI))
    assert connection.finished()
    assert connection.retired
    assert not connection.reset()
    assert "RESET_CONNECTION" not in backend.seen


@pytest.mark.parametrize(
    ("errno", "usable"), [(1064, True), (1213, True), (1053, False), (1927, False), (4031, False)]
)
def test_an_error_may_say_that_the_server_is_closing(
    connection: BackendConnection, backend: FakeServer, errno: int, usable: bool
) -> None:
    backend.say("SELECT 1", replies.err(errno, "so it is"))
    settle(connection, SessionSetup(GENERAL_CI))
    assert connection.finished() is usable


def test_a_connection_says_what_it_is(connection: BackendConnection, backend: FakeServer) -> None:
    assert repr(connection) == (f"<connection 1 to 127.0.0.1:{backend.address[1]}, nobody's state>")
