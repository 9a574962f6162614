"""Small exchanges with a server, and the ends of statements, sessions and the connection."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from athena_g.backend import connection as connections
from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import ASK_CONDITIONS, LookBack
from athena_g.backend.profile import profile
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import MAX_PAYLOAD, frame, frames_in
from tests.fakes import replies
from tests.fakes.prepared import prepare_ok
from tests.fakes.server import FakeServer, Step, hang_up
from tests.fakes.setup import RESET

from .conftest import Connect
from .talking import query, run

PROFILE = profile(45)


def prepare(sql: str) -> bytes:
    """A framed COM_STMT_PREPARE."""
    return frame(bytes((Command.STMT_PREPARE,)) + sql.encode(), 0)


# --- Asking ---------------------------------------------------------------------------------------


def test_a_question_of_the_proxys_own_gives_columns_and_rows(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("SELECT x", replies.result([["a", None], ["", "b" * 300]], columns=["x", "y"]))
    answer = connection.ask("SELECT x")
    assert answer is not None
    assert [column.name for column in answer.columns] == ["x", "y"]
    assert answer.rows == [[b"a", None], [b"", b"b" * 300]]


def test_a_question_that_is_refused_has_no_answer(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("SELECT x", replies.err(1054, "Unknown column 'x'"))
    assert connection.ask("SELECT x") is None
    assert connection.ask("SELECT 1") is not None


@pytest.mark.parametrize(
    "garbage",
    [
        frame(b"\x01", 7),
        frame(b"\xfc", 1),
        frame(b"\x01", 1) + frame(b"no definition", 2),
        replies.packets(*replies.result_payloads([])[:3], b"\x09short"),
        replies.packets(*replies.result_payloads([])[:3], replies.err(1317, "interrupted")[4:]),
    ],
    ids=["out of order", "no count", "no column", "half a row", "an ERR among the rows"],
)
def test_a_damaged_answer_is_the_servers_fault(
    connection: BackendConnection, backend: FakeServer, garbage: bytes
) -> None:
    backend.say("SELECT x", garbage, hang_up)
    with pytest.raises(SqlError) as caught:
        connection.ask("SELECT x")
    assert (caught.value.errno, caught.value.fatal) == (1105, False)


def test_a_ping_says_whether_a_transaction_is_open(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("PING", replies.ok(status=3))
    connection.ping()
    assert connection.in_transaction


# --- Telling --------------------------------------------------------------------------------------


def test_what_a_server_is_told_it_does_without_an_answer(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("INSERT x", replies.ok(status=3, affected_rows=2))
    assert connection.tell(query("INSERT x")) is None
    assert connection.in_transaction
    assert backend.seen[-1] == "INSERT x"
    assert connection.ask("SELECT 1") is not None


def test_a_refusal_of_what_a_server_is_told_is_handed_on(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("PING", replies.ok(status=3))
    backend.say("INSERT x", replies.err(1062, "Duplicate entry", "23000"))
    connection.ping()
    refusal = connection.tell(query("INSERT x"))
    assert refusal is not None
    assert (refusal.errno, refusal.sqlstate) == (1062, "23000")
    assert refusal.message == "Duplicate entry"
    assert connection.in_transaction
    assert connection.tell(query("SET @a = 1")) is None


@pytest.mark.parametrize("size", [10, MAX_PAYLOAD - 1, MAX_PAYLOAD, 2 * MAX_PAYLOAD + 5])
def test_a_server_is_told_also_what_takes_several_packets(
    connection: BackendConnection, backend: FakeServer, size: int
) -> None:
    """The answer's number follows that of the last packet."""
    command = query("x" * (size - 1))
    backend.say(None, replies.ok(first=frames_in(command)))
    assert connection.tell(command) is None


@pytest.mark.parametrize(
    "garbage",
    [
        frame(b"\0", 7) + b"x",
        replies.packets(b"\xff"),
        replies.packets(b"\0\0"),
        replies.result([["a"]]),
        replies.packets(b"\xfe\0\0\2\0"),
    ],
    ids=["out of order", "half a refusal", "half an OK", "rows", "an EOF"],
)
def test_a_damaged_answer_to_what_a_server_is_told_is_its_fault(
    connection: BackendConnection, backend: FakeServer, garbage: bytes
) -> None:
    backend.say("INSERT x", garbage, hang_up)
    with pytest.raises(SqlError) as caught:
        connection.tell(query("INSERT x"))
    assert (caught.value.errno, caught.value.fatal) == (1105, False)


def test_a_server_that_goes_away_has_not_done_what_it_is_told(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("INSERT x", hang_up)
    with pytest.raises(ConnectionClosed):
        connection.tell(query("INSERT x"))


# --- Preparing ------------------------------------------------------------------------------------


def keep(connection: BackendConnection, sql: str) -> None:
    """Prepare a statement that the connection is to know by its text."""
    prepared = connection.prepare(prepare(sql)).prepared
    assert prepared is not None
    connection.statements.add(sql, prepared)


def test_a_prepared_statement_is_not_kept_unless_who_asked_does(
    connection: BackendConnection,
) -> None:
    answer = connection.prepare(prepare("SELECT ?"))
    assert len(connection.statements) == 0
    assert answer.prepared is not None
    assert answer.prepared.id == (101).to_bytes(4, "little")
    assert len(answer.payloads) == 5
    assert connection.ask("SELECT 1") is not None


@pytest.mark.parametrize(("parameters", "columns", "payloads"), [(0, 0, 1), (2, 0, 4), (0, 3, 5)])
def test_definitions_come_with_the_answer_where_there_are_any(
    connection: BackendConnection,
    backend: FakeServer,
    parameters: int,
    columns: int,
    payloads: int,
) -> None:
    backend.say("STMT_PREPARE x", prepare_ok(7, parameters, columns))
    assert len(connection.prepare(prepare("x")).payloads) == payloads
    assert connection.ask("SELECT 1") is not None


def test_a_statement_that_cannot_be_prepared_is_answered_with_the_servers_words(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("STMT_PREPARE SELEC", replies.err(1064, "You have an error"))
    answer = connection.prepare(prepare("SELEC"))
    assert (answer.prepared, answer.payloads[0][1:3]) == (None, b"\x28\x04")
    assert (connection.scanner.errno, len(connection.statements)) == (1064, 0)


def test_a_server_that_has_too_many_statements_gets_those_of_this_connection_back(
    connection: BackendConnection, backend: FakeServer
) -> None:
    full = replies.err(1461, "Can't create more than max_prepared_stmt_count statements")
    keep(connection, "SELECT 1")
    backend.say("STMT_PREPARE SELECT 2", full)
    backend.say("STMT_PREPARE SELECT 2", prepare_ok(102, 0, 1))
    keep(connection, "SELECT 2")
    assert backend.seen[1:] == ["STMT_PREPARE SELECT 2", "STMT_CLOSE 101", "STMT_PREPARE SELECT 2"]
    assert len(connection.statements) == 1


def test_a_server_that_others_have_filled_up_is_not_asked_again(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("STMT_PREPARE SELECT 2", replies.err(1461, "Can't create more than"))
    assert connection.prepare(prepare("SELECT 2")).prepared is None
    assert backend.seen == ["STMT_PREPARE SELECT 2"]


def test_what_was_evicted_is_closed_before_the_next_statement_is_prepared(
    connection: BackendConnection, backend: FakeServer
) -> None:
    keep(connection, "SELECT 1")
    connection.statements.remove("SELECT 1")
    keep(connection, "SELECT 2")
    assert backend.seen[1:] == ["STMT_CLOSE 101", "STMT_PREPARE SELECT 2"]


@pytest.mark.parametrize(("missing", "packets"), [(2, 2), (3, 1)])
def test_the_answer_to_a_text_of_16_mib_follows_its_last_packet(
    connection: BackendConnection, backend: FakeServer, missing: int, packets: int
) -> None:
    """Where command and text fill a packet an empty one ends it, and has a number too."""
    backend.say(None, frame(prepare_ok(7, 0, 0)[4:], packets))
    command = prepare("x" * ((1 << 24) - missing))
    assert connection.prepare(command).prepared is not None


@pytest.mark.parametrize(
    "garbage",
    [frame(b"", 1), frame(b"\0\1", 1), frame(b"\xff", 1), prepare_ok(7, 1, 0)[:12] + b"\0\0\0\x09"],
    ids=["empty", "short", "a short ERR", "out of order"],
)
def test_a_damaged_answer_to_a_preparation_is_the_servers_fault(
    connection: BackendConnection, backend: FakeServer, garbage: bytes
) -> None:
    backend.say("STMT_PREPARE x", garbage, hang_up)
    with pytest.raises((SqlError, ConnectionClosed)) as caught:
        connection.prepare(prepare("x"))
    if isinstance(caught.value, SqlError):
        assert (caught.value.errno, caught.value.fatal) == (1105, False)
    else:
        assert caught.value.stream is connection.stream


# --- Reset ----------------------------------------------------------------------------------------


def test_a_reset_rolls_back_and_leaves_nobodys_state(
    connection: BackendConnection, backend: FakeServer
) -> None:
    run(connection, PROFILE, LookBack(), "BEGIN")
    keep(connection, "SELECT 1")
    connection.dirty = True
    assert connection.reset()
    assert not connection.in_transaction
    assert (connection.profile, connection.dirty, len(connection.statements)) == (None, False, 0)
    assert backend.rollbacks == 1


@pytest.mark.parametrize(
    "steps",
    [(replies.err(1047, "Unknown command"),), (hang_up,), (frame(b"", 3),)],
    ids=["refused", "gone", "damaged"],
)
def test_a_reset_that_fails_is_no_reset(
    connection: BackendConnection, backend: FakeServer, steps: tuple[Step, ...]
) -> None:
    backend.say(RESET, *steps)
    run(connection, PROFILE, LookBack())
    assert not connection.reset()


def test_a_reset_is_not_waited_for_for_ever(
    connection: BackendConnection, backend: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "RESET_TIMEOUT", 0.05)
    release = Event()
    backend.say(RESET, release)
    assert not connection.reset()
    release.set()


# --- The end --------------------------------------------------------------------------------------


def test_a_connection_whose_schema_changed_is_not_used_by_another_session(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("SELECT 1", replies.ok(session_state=replies.schema_changed("other")))
    run(connection, PROFILE, LookBack())
    assert connection.finished()
    assert connection.retired
    assert not connection.reset()
    assert RESET not in backend.seen


@pytest.mark.parametrize(
    ("errno", "usable"), [(1064, True), (1213, True), (1053, False), (1927, False), (4031, False)]
)
def test_an_error_may_say_that_the_server_is_closing(
    connection: BackendConnection, backend: FakeServer, errno: int, usable: bool
) -> None:
    backend.say("SELECT 1", replies.err(errno, "so it is"))
    run(connection, PROFILE, LookBack())
    assert connection.finished() is usable


def test_a_farewell_asks_what_the_session_may_still_ask(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("INSERT 1", replies.ok(affected_rows=3, warnings=1))
    backend.say(ASK_CONDITIONS, replies.result([["Note", "1051", "gone"]], columns=["l", "c", "m"]))
    owner = LookBack()
    run(connection, PROFILE, owner, "INSERT 1")
    connection.farewell()
    assert (owner.row_count, owner.conditions) == (3, [[b"Note", b"1051", b"gone"]])


@pytest.mark.parametrize(
    "steps", [(hang_up,), (replies.err(1317, "interrupted"),), (frame(b"\x01", 7),)]
)
def test_a_farewell_that_fails_keeps_nobody_from_closing(
    connection: BackendConnection, backend: FakeServer, steps: tuple[Step, ...]
) -> None:
    backend.say("INSERT 1", replies.ok(warnings=1))
    backend.say(ASK_CONDITIONS, *steps)
    run(connection, PROFILE, LookBack(), "INSERT 1")
    connection.farewell()


def test_a_farewell_is_not_waited_for_for_ever(
    connection: BackendConnection, backend: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "RESET_TIMEOUT", 0.05)
    release = Event()
    backend.say("INSERT 1", replies.ok(warnings=1))
    backend.say(ASK_CONDITIONS, release)
    run(connection, PROFILE, LookBack(), "INSERT 1")
    connection.farewell()
    release.set()


@pytest.mark.parametrize("end", ["close", "disown"])
def test_who_waits_for_the_connection_to_be_asked_learns_that_it_is_nobodys(
    connection: BackendConnection, end: str
) -> None:
    owner = LookBack()
    run(connection, PROFILE, owner)
    waiting = gevent.spawn(owner.wait_for_parting, 60)
    gevent.idle()
    getattr(connection, end)()
    waiting.get()
    assert connection.owner is None


def test_a_connection_says_what_it_is(connect: Connect, backend: FakeServer) -> None:
    connection = connect()
    name = f"127.0.0.1:{backend.address[1]}"
    assert repr(connection) == f"<connection 1 to {name}, nobody's state>"
    run(connection, PROFILE, LookBack())
    assert repr(connection) == f"<connection 1 to {name}, a session's state>"
