"""The embedded server as its clients see it, packet by packet."""

from __future__ import annotations

import pytest

from athena_g.embedded.engine import Engine
from athena_g.protocol.auth import ClientAuth
from athena_g.protocol.constants import (
    CLIENT_FOUND_ROWS,
    CLIENT_MULTI_STATEMENTS,
    CLIENT_SESSION_TRACK,
    MAX_PAYLOAD,
    Command,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.handshake import ChangeUserRequest
from athena_g.protocol.replies import OkPacket, session_changes
from tests.fakes.client import FLAGS, PASSWORD, USER, Client, Refused
from tests.fakes.proxy import until
from tests.unit.embedded.conftest import Dial

IN_TRANSACTION, AUTOCOMMIT, READ_ONLY = 1, 2, 0x2000
LATIN1 = 8


def closed(client: Client) -> bool:
    """Whether the server closed the connection and said nothing more; waits for it."""
    return client.wire.read_to_end() == b""


def test_pipelined_commands_are_answered_in_order(dial: Dial) -> None:
    client = dial()
    commands = [b"\x03SET @a = 1", b"\x03SELECT @a", b"\x1f", b"\x03SELECT @a", b"\x0e"]
    client.wire.send(b"".join(frame(command, 0) for command in commands))
    answers = []
    for _ in commands:
        client.wire.deframer.sequence_id = 1
        answers.append(client.reply())
    assert [reply.ok is not None for reply in answers] == [True, False, True, False, True]
    assert [answers[1].value, answers[3].value] == [b"1", None]


@pytest.mark.parametrize("size", [100_000, MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 9])
def test_a_long_statement_is_read_whole(dial: Dial, size: int) -> None:
    client = dial()
    assert client.query("SELECT 'end'".rjust(size - 1)).value == b"end"
    assert client.query("SELECT 'next'").value == b"next"


def test_a_client_that_is_gone_ends_its_statement(dial: Dial, engine: Engine) -> None:
    client = dial()
    client.query("BEGIN")
    client.send_query("SELECT SLEEP(3600)")
    until(lambda: any(not each.is_idle for each in engine.sessions()), "the statement runs")
    client.close()
    until(lambda: not engine.sessions(), "its session is closed")


def test_a_client_that_leaves_in_the_middle_of_rows_leaves_nothing(
    dial: Dial, engine: Engine
) -> None:
    client, other = dial(), dial()
    client.query("CREATE TABLE t (a INT)")
    client.query(f"INSERT INTO t VALUES {', '.join(['(1)'] * 100)}")
    client.query("BEGIN")
    client.query("INSERT INTO t VALUES (77)")
    client.query("SELECT GET_LOCK('a', 0)")
    client.send_query("SELECT REPEAT('x', 100000) FROM t a, t b")
    client.wire.read_packet()
    client.close()
    until(lambda: len(engine.sessions()) == 1, "its session is closed")
    other.query("SET innodb_lock_wait_timeout = 1")
    assert other.query("INSERT INTO t VALUES (2)").errno == 0
    assert other.query("SELECT COUNT(*) FROM t WHERE a = 77").value == b"0"
    assert other.query("SELECT GET_LOCK('a', 0)").value == b"1"


def test_the_status_tells_of_the_transaction(dial: Dial) -> None:
    client = dial()
    assert client.query("START TRANSACTION READ ONLY").status == 0x2003
    assert client.query("COMMIT AND CHAIN").status == 0x2003
    assert client.query("ROLLBACK").status == AUTOCOMMIT
    assert client.query("SET autocommit = 0").status == 0
    assert client.query("SELECT 1").status == 0
    client.query("CREATE TABLE t (a INT)")
    assert client.query("SELECT * FROM t").status == IN_TRANSACTION
    assert client.query("SET autocommit = 1").status == AUTOCOMMIT


@pytest.mark.parametrize("sql", ["COMMIT RELEASE", "ROLLBACK AND NO CHAIN RELEASE"])
def test_release_closes_the_connection_after_the_answer(dial: Dial, sql: str) -> None:
    client = dial()
    assert client.query(sql).ok is not None
    assert closed(client)


def test_changes_of_the_session_are_told_only_to_who_can_read_them(dial: Dial) -> None:
    plain, tracking = dial(), dial(flags=CLIENT_SESSION_TRACK)
    assert plain.query("SET autocommit = 0").status == 0
    tracking.send_query("SET autocommit = 0")
    packet = OkPacket.decode(tracking.wire.read_packet(), FLAGS | CLIENT_SESSION_TRACK)
    assert packet.status == 0x4000
    assert [tuple(each) for each in session_changes(packet.session_state)] == [
        (0, "autocommit", "OFF")
    ]


def test_found_rows_counts_what_an_update_matched(dial: Dial) -> None:
    client = dial(flags=CLIENT_FOUND_ROWS)
    client.query("CREATE TABLE t (a INT)")
    client.query("INSERT INTO t VALUES (1), (2)")
    reply = client.query("UPDATE t SET a = 1")
    assert reply.ok is not None
    assert reply.ok.affected_rows == 2
    assert client.query("SELECT ROW_COUNT()").value == b"2"


def test_a_statement_that_fails_ends_those_behind_it(dial: Dial) -> None:
    client = dial(flags=CLIENT_MULTI_STATEMENTS)
    client.send_query("SET @a = 1; SELECT * FROM nosuch; SET @a = 2")
    assert [reply.errno for reply in client.replies()] == [0, 1146]
    assert client.query("SELECT @a").value == b"1"


def test_rows_before_an_error_reach_the_client(dial: Dial, engine: Engine) -> None:
    client = dial()
    client.query("CREATE TABLE t (a INT)")
    client.query("INSERT INTO t VALUES (1), (2)")
    client.send_query("SELECT SLEEP(3600) FROM t")
    until(lambda: any(each.functions.waiting for each in engine.sessions()), "it is asleep")
    for each in engine.sessions():
        each.kill(connection=False)
    reply = client.reply()
    assert (reply.rows, reply.errno) == ([[b"1"]], 1317)


def test_texts_travel_in_the_character_set_of_the_client(dial: Dial) -> None:
    client = dial(collation_id=LATIN1)
    assert client.query(b"SELECT '\xe9', @@character_set_client").rows == [[b"\xe9", b"latin1"]]
    client.query("SET NAMES utf8mb4")
    assert client.query("SELECT 'é'").value == "é".encode()


def test_a_killed_connection_is_closed_when_it_is_idle(dial: Dial) -> None:
    victim, killer = dial(), dial()
    victim.query("BEGIN")
    assert killer.query(f"KILL {victim.greeting.connection_id}").ok is not None
    assert closed(victim)


def test_a_killed_connection_is_closed_in_its_statement(dial: Dial, engine: Engine) -> None:
    victim, killer = dial(), dial()
    victim.send_query("SELECT SLEEP(3600)")
    until(lambda: any(not each.is_idle for each in engine.sessions()), "the statement runs")
    killer.query(f"KILL {victim.greeting.connection_id}")
    assert closed(victim)


def test_who_kills_its_own_connection_is_told_and_closed(dial: Dial) -> None:
    client = dial()
    assert client.query("KILL CONNECTION_ID()").errno == 1317
    assert closed(client)


def test_the_command_kills_like_the_statement(dial: Dial) -> None:
    victim, killer = dial(), dial()
    number = victim.greeting.connection_id.to_bytes(4, "little")
    assert killer.ask(Command.PROCESS_KILL, number).ok is not None
    assert closed(victim)
    until(lambda: killer.ask(Command.PROCESS_KILL, number).errno == 1094, "it is unknown")


def test_a_reset_frees_all_that_the_session_had(dial: Dial) -> None:
    client, other = dial(), dial()
    client.query("CREATE TABLE t (a INT)")
    for sql in (
        "SET @a = 1, sql_mode = '', autocommit = 0", "SELECT GET_LOCK('a', 0)",
        "CREATE TEMPORARY TABLE x (a INT)", "PREPARE p FROM 'SELECT 1'",
        "LOCK TABLES t WRITE", "INSERT INTO t VALUES (1)",
    ):  # fmt: skip
        assert client.query(sql).errno == 0, sql
    assert client.ask(Command.RESET_CONNECTION).status == AUTOCOMMIT
    assert client.query("SELECT @a, @@sql_mode = '', @@autocommit").rows == [[None, b"0", b"1"]]
    assert [client.query(sql).errno for sql in ("SELECT * FROM x", "EXECUTE p")] == [1146, 1243]
    assert other.query("SELECT GET_LOCK('a', 0)").value == b"1"
    assert other.query("INSERT INTO t VALUES (2)").errno == 0
    assert other.query("SELECT a FROM t").rows == [[b"2"]]


def change_user(client: Client, password: str, database: str) -> int:
    """The error number of a COM_CHANGE_USER, 0 if it is done."""
    exchange = ClientAuth(
        password=password.encode(), plugin=client.greeting.auth_plugin,
        scramble=client.greeting.scramble, secure=False, full=False,
    )  # fmt: skip
    request = ChangeUserRequest(USER, exchange.response(), database, 45, exchange.plugin)
    client.wire.start_command(request.encode(FLAGS))
    try:
        client._prove(exchange)
    except Refused as refused:
        return refused.error.errno
    return 0


def test_changing_the_user_begins_anew(dial: Dial) -> None:
    client = dial()
    client.query("SET @a = 1")
    assert change_user(client, PASSWORD, "information_schema") == 0
    assert client.query("SELECT @a, DATABASE()").rows == [[None, b"information_schema"]]


@pytest.mark.parametrize(("password", "database", "errno"), [
    ("wrong", "test", 1045), (PASSWORD, "nosuch", 1049),
])  # fmt: skip
def test_a_change_of_user_that_fails_ends_the_connection(
    dial: Dial, password: str, database: str, errno: int
) -> None:
    client = dial()
    assert change_user(client, password, database) == errno
    assert closed(client)
