"""Bringing a connection to a session's state: what exactly goes out, and in how many parts."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import ASK_CONDITIONS, ASK_INSERT_ID, LookBack
from athena_g.backend.profile import Profile, profile
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed
from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.proxy import until
from tests.fakes.server import FakeServer, Step, hang_up
from tests.fakes.setup import NAMES, RESET, SET_NAMES, TRACKING

from .conftest import Connect
from .talking import query, run

BARE = profile(45)
BEGIN = query("BEGIN")
INSERTED = replies.ok(affected_rows=1, last_insert_id=7)


def having(name: str, value: str) -> Profile:
    changed = BARE.with_variables({name: value})
    assert changed is not None
    return changed


def knowing(name: str, value: str) -> Profile:
    changed = BARE.with_user_variables({name: value})
    assert changed is not None
    return changed


# --- What goes out --------------------------------------------------------------------------------


def test_a_fresh_connection_is_told_everything(
    connection: BackendConnection, backend: FakeServer
) -> None:
    owner = LookBack()
    run(connection, BARE, owner)
    assert backend.seen == [SET_NAMES, "SELECT 1"]
    assert (connection.profile, connection.owner) == (BARE, owner)


def test_another_session_with_the_same_settings_is_told_nothing(
    connection: BackendConnection, backend: FakeServer
) -> None:
    run(connection, BARE, LookBack())
    backend.record.clear()
    owner = LookBack()
    run(connection, BARE, owner)
    assert backend.seen == ["SELECT 1"]
    assert connection.owner is owner


def test_only_the_difference_is_sent(connection: BackendConnection, backend: FakeServer) -> None:
    run(connection, having("time_zone", "'+01:00'"), LookBack())
    backend.record.clear()
    run(connection, having("sql_mode", "''"), LookBack())
    assert backend.seen[0] == "SET SESSION time_zone = DEFAULT, SESSION sql_mode = ''"


def test_user_variables_are_added(connection: BackendConnection, backend: FakeServer) -> None:
    run(connection, BARE, LookBack())
    backend.record.clear()
    run(connection, knowing("a", "5"), LookBack())
    assert backend.seen == ["SET @`a` = 5", "SELECT 1"]


def test_user_variables_of_another_session_are_reset_away(
    connection: BackendConnection, backend: FakeServer
) -> None:
    run(connection, knowing("a", "5"), LookBack())
    backend.record.clear()
    run(connection, BARE, LookBack())
    assert backend.seen == [RESET, SET_NAMES, "SELECT 1"]


def test_a_sessions_own_change_resets_nothing(
    connection: BackendConnection, backend: FakeServer
) -> None:
    owner = LookBack()
    run(connection, knowing("a", "5"), owner)
    connection.dirty = True
    backend.record.clear()
    run(connection, knowing("a", "6"), owner)
    assert backend.seen == ["SET @`a` = 6", "SELECT 1"]


def test_a_connection_that_may_hold_more_than_settings_is_reset(
    connection: BackendConnection, backend: FakeServer
) -> None:
    run(connection, BARE, LookBack())
    connection.dirty = True
    backend.record.clear()
    run(connection, BARE, LookBack())
    assert backend.seen == [RESET, SET_NAMES, "SELECT 1"]
    assert not connection.dirty


def test_multi_statements_are_turned_on_and_off_as_the_session_has_them(
    connection: BackendConnection, backend: FakeServer
) -> None:
    for wanted in (True, True, False):
        run(connection, profile(45, wanted), LookBack())
    options = [label for label in backend.seen if label.startswith("SET_OPTION")]
    assert options == ["SET_OPTION \0\0", "SET_OPTION \1\0"]


@pytest.mark.parametrize(
    ("version", "collation_id", "names"),
    [
        ("8.4.0", 8, "NAMES latin1 COLLATE latin1_swedish_ci"),
        ("11.8.2-MariaDB", 255, "NAMES utf8mb4"),
        ("8.4.0", 255, "NAMES utf8mb4 COLLATE utf8mb4_0900_ai_ci"),
    ],
)
def test_the_clients_character_set_is_named_as_the_server_knows_it(
    backend: FakeServer, connect: Connect, version: str, collation_id: int, names: str
) -> None:
    backend.version = version
    run(connect(), profile(collation_id), LookBack())
    assert backend.seen[0].startswith(f"SET {names}, ")


def test_the_variables_that_are_tracked_are_those_the_server_has(
    backend: FakeServer, connect: Connect
) -> None:
    backend.version = "11.8.2-MariaDB"
    run(connect(), BARE, LookBack())
    assert "tx_isolation,tx_read_only'" in backend.seen[0]
    assert "max_statement_time" in backend.seen[0]
    assert "max_execution_time" in TRACKING


def test_a_server_that_does_not_track_is_not_asked_to(
    backend: FakeServer, connect: Connect
) -> None:
    backend.tracks = False
    run(connect(), BARE, LookBack())
    assert backend.seen[0] == f"SET {NAMES}"


# --- Together, or one after the other -------------------------------------------------------------


def test_what_one_connection_was_accepted_with_another_sends_at_once(
    backend: FakeServer, connect: Connect
) -> None:
    run(connect(), BARE, LookBack())
    hold = Event()
    backend.say(SET_NAMES, hold, replies.ok())
    settling = gevent.spawn(run, connect(), BARE, LookBack())
    backend.wait_for(SET_NAMES, times=2)
    pending = backend.connections[1].wire.deframer
    until(lambda: bool(pending.pending), "the query did not come along")
    hold.set()
    settling.get()


def test_user_variables_and_insert_ids_cannot_be_refused_and_go_along(
    connection: BackendConnection, backend: FakeServer
) -> None:
    run(connection, BARE, LookBack())
    hold = Event()
    backend.say("SET @`a` = 5, SESSION last_insert_id = 7", hold, replies.ok())
    settling = gevent.spawn(run, connection, knowing("a", "5"), LookBack(insert_id=7))
    backend.wait_for("SET @`a` = 5, SESSION last_insert_id = 7")
    pending = backend.connections[0].wire.deframer
    until(lambda: bool(pending.pending), "the query did not come along")
    hold.set()
    settling.get()


def test_a_query_is_not_run_by_a_server_that_refuses_what_is_in_front(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say(SET_NAMES, replies.err(1115, "Unknown character set"))
    with pytest.raises(SqlError) as caught:
        connection.settle(BARE, LookBack(), query("SELECT 1"), BEGIN)
    assert caught.value.errno == 1105
    assert "Unknown character set (1115)" in caught.value.message
    assert backend.seen == [SET_NAMES]


def test_refused_settings_are_tried_alone_again(backend: FakeServer, connect: Connect) -> None:
    backend.say(SET_NAMES, replies.err(1115, "Unknown character set"))
    backend.say(SET_NAMES, replies.err(1115, "Unknown character set"))
    for _ in range(2):
        with pytest.raises(SqlError):
            connect().settle(BARE, LookBack(), query("SELECT 1"))
    assert backend.seen == [SET_NAMES, SET_NAMES]


def test_settling_without_a_command_sends_the_settings_only(
    connection: BackendConnection, backend: FakeServer
) -> None:
    for owner in (LookBack(), LookBack()):
        assert connection.settle(BARE, owner, b"") == b""
    assert backend.seen == [SET_NAMES]


# --- A transaction that begins with the statement -------------------------------------------------


def test_a_begin_goes_out_in_front_of_the_statement(
    connection: BackendConnection, backend: FakeServer
) -> None:
    run(connection, BARE, LookBack(), begin=BEGIN)
    assert backend.seen == [SET_NAMES, "BEGIN", "SELECT 1"]
    assert connection.in_transaction


def test_a_begin_needs_no_round_trip_of_its_own(
    connection: BackendConnection, backend: FakeServer
) -> None:
    run(connection, BARE, LookBack())
    hold = Event()
    backend.say("BEGIN", hold, replies.ok(status=3))
    settling = gevent.spawn(run, connection, BARE, LookBack(), "SELECT 1", BEGIN)
    backend.wait_for("BEGIN")
    pending = backend.connections[0].wire.deframer
    until(lambda: bool(pending.pending), "the query did not come along")
    hold.set()
    settling.get()


def test_a_begin_comes_after_the_settings_it_depends_on(
    connection: BackendConnection, backend: FakeServer
) -> None:
    run(connection, BARE, LookBack())
    backend.record.clear()
    isolated = having("transaction_isolation", "'SERIALIZABLE'")
    run(connection, isolated, LookBack(), begin=BEGIN)
    assert backend.seen[0] == "SET SESSION transaction_isolation = 'SERIALIZABLE'"
    assert backend.seen[1:] == ["BEGIN", "SELECT 1"]


def test_a_begin_that_is_refused_is_an_error(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("BEGIN", replies.err(1568, "not now"))
    with pytest.raises(SqlError) as caught:
        connection.settle(BARE, LookBack(), query("SELECT 1"), BEGIN)
    assert "not now (1568)" in caught.value.message


# --- What the session before may still ask --------------------------------------------------------


def test_the_session_before_is_asked_for_before_anything_is_changed(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("INSERT 1", replies.ok(affected_rows=3, last_insert_id=7, warnings=1))
    backend.say(ASK_CONDITIONS, replies.result([["Note", "1051", "gone"]], columns=["l", "c", "m"]))
    backend.connections[0].insert_id = 7
    before = LookBack()
    run(connection, BARE, before, "INSERT 1")
    backend.record.clear()
    run(connection, having("time_zone", "'UTC'"), LookBack())
    assert backend.seen == [
        ASK_CONDITIONS, ASK_INSERT_ID,
        "SET SESSION time_zone = 'UTC', SESSION last_insert_id = 0", "SELECT 1",
    ]  # fmt: skip
    assert (before.row_count, before.insert_id) == (3, 7)
    assert before.conditions == [[b"Note", b"1051", b"gone"]]


def test_what_the_last_reply_told_need_not_be_asked(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("UPDATE 1", replies.ok(affected_rows=3))
    before = LookBack()
    run(connection, BARE, before, "UPDATE 1")
    backend.record.clear()
    run(connection, BARE, LookBack())
    assert backend.seen == ["SELECT 1"]
    assert (before.row_count, before.known) == (3, True)


def test_a_session_takes_its_insert_id_along(
    connection: BackendConnection, connect: Connect, backend: FakeServer
) -> None:
    run(connect(), BARE, LookBack())
    backend.record.clear()
    owner = LookBack(insert_id=7)
    run(connection, BARE, owner)
    assert backend.seen[0].endswith(", SESSION last_insert_id = 7")
    assert connection.insert_id == 7
    backend.record.clear()
    run(connection, BARE, LookBack())
    assert backend.seen[0] == "SET SESSION last_insert_id = 0"


def test_who_waits_for_the_answers_goes_on_when_they_are_there(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("INSERT 1", INSERTED)
    hold = Event()
    backend.say(ASK_INSERT_ID, hold, replies.result([["7"]]))
    before = LookBack()
    run(connection, BARE, before, "INSERT 1")
    settling = gevent.spawn(run, connection, BARE, LookBack())
    backend.wait_for(ASK_INSERT_ID)
    waiting = gevent.spawn(before.wait_for_parting, 60)
    gevent.idle()
    assert not waiting.ready()
    hold.set()
    waiting.get()
    assert before.insert_id == 7
    settling.get()


@pytest.mark.parametrize(
    "steps",
    [(replies.err(1317, "interrupted"),), (replies.result([]),)],
    ids=["refused", "no rows"],
)
def test_an_answer_that_is_none_does_not_hurt_the_next_session(
    connection: BackendConnection, backend: FakeServer, steps: tuple[Step, ...]
) -> None:
    backend.say("INSERT 1", INSERTED)
    backend.say(ASK_INSERT_ID, *steps)
    before = LookBack()
    run(connection, BARE, before, "INSERT 1")
    run(connection, BARE, LookBack())
    assert before.insert_id is None


def test_an_answer_that_makes_no_sense_is_the_servers_fault(
    connection: BackendConnection, backend: FakeServer
) -> None:
    backend.say("INSERT 1", INSERTED)
    backend.say(ASK_INSERT_ID, replies.result([["seven"]]))
    run(connection, BARE, LookBack(), "INSERT 1")
    with pytest.raises(SqlError) as caught:
        connection.settle(BARE, LookBack(), query("SELECT 1"))
    assert caught.value.errno == 1105


# --- Failures in the middle -----------------------------------------------------------------------


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
        connection.settle(BARE, LookBack(), query("SELECT 1"))
    assert (caught.value.errno, caught.value.fatal) == (1105, False)
    assert "broke the MySQL protocol" in caught.value.message


@pytest.mark.parametrize("moment", [SET_NAMES, "BEGIN"])
def test_a_server_gone_while_settling_is_named_as_who_is_gone(
    connection: BackendConnection, backend: FakeServer, moment: str
) -> None:
    backend.say(moment, hang_up)
    with pytest.raises(ConnectionClosed) as caught:
        connection.settle(BARE, LookBack(), query("SELECT 1"), BEGIN)
    assert caught.value.stream is connection.stream


def test_a_reset_that_is_refused_stops_everything_behind_it(
    connection: BackendConnection, backend: FakeServer
) -> None:
    """Else the statement would run in the other session's state."""
    run(connection, BARE, LookBack())
    connection.dirty = True
    backend.say(RESET, replies.err(1047, "Unknown command"))
    with pytest.raises(SqlError) as caught:
        connection.settle(BARE, LookBack(), query("SELECT 2"))
    assert caught.value.errno == 1105
    connection.close()
    assert backend.connections[0].ended.wait(5)
    assert "SELECT 2" not in backend.seen
