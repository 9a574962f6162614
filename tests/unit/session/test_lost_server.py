"""A server that refuses, dies or talks nonsense, at every step of a statement."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from athena_g.protocol.constants import MAX_PAYLOAD, SERVER_STATUS_IN_TRANS, Command
from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy
from tests.fakes.replies import MORE
from tests.fakes.server import Conversation, FakeServer, Step, hang_up

from .names import SET_NAMES

ROWS = replies.result([["first"], ["second"], ["third"]])
BEFORE_ROWS = ROWS.index(b"\5first") - 4


def die(conversation: Conversation) -> None:
    """A step: end the connection as a crashing machine does."""
    conversation.wire.reset()


def hang_up_idle(conversation: Conversation) -> None:
    """Close a connection and let the proxy notice."""
    conversation.hang_up()
    assert conversation.ended.wait(5)
    gevent.idle()


def large_result(size: int) -> bytes:
    return replies.result([[b"x" * size], ["y"]])


def read_to_end(client: Client, sql: str = "ask") -> bytes:
    client.send_query(sql)
    return client.wire.read_to_end()


# --- Connecting -----------------------------------------------------------------------------------


def test_a_server_that_refuses_the_login_is_named_with_its_reason(
    client: Client, backend: FakeServer
) -> None:
    backend.login_reply = (replies.err(1045, "Access denied for user 'backend'", first=2),)
    reply = client.query("SELECT 1")
    assert reply.errno == 1105
    assert "refused athena-g's login: Access denied for user 'backend' (1045)" in reply.message
    backend.login_reply = None
    assert client.query("SELECT 1").rows


def test_a_full_server_is_an_error_that_may_be_tried_again(
    client: Client, backend: FakeServer
) -> None:
    backend.greeting = (replies.err(1040, "Too many connections", first=0),)
    reply = client.query("SELECT 1")
    assert (reply.errno, reply.error.sqlstate if reply.error else "") == (1040, "08004")
    backend.greeting = None
    assert client.query("SELECT 1").rows


@pytest.mark.parametrize("moment", ["before_greeting", "greeting", "login_reply"])
def test_a_server_that_dies_in_the_login_is_unreachable(
    client: Client, backend: FakeServer, moment: str
) -> None:
    usual = getattr(backend, moment)
    setattr(backend, moment, (hang_up,))
    assert client.query("SELECT 1").errno == 2003
    setattr(backend, moment, usual)
    assert client.query("SELECT 1").rows


def test_what_is_no_mysql_server_is_an_error_and_no_end(
    client: Client, backend: FakeServer
) -> None:
    backend.greeting = (b"SSH-2.0-OpenSSH_9.9\r\n", hang_up)
    assert client.query("SELECT 1").errno in (1105, 2003)
    backend.greeting = (frame(b"\x0a8.0\0", 0), hang_up)
    assert client.query("SELECT 1").errno == 1105
    backend.greeting = None
    assert client.query("SELECT 1").rows


@pytest.mark.parametrize("steps", [(hang_up,), (frame(b"\0", 7),), (frame(b"\xff", 1),)])
def test_a_server_that_fails_before_the_statement_is_sent_loses_nothing(
    client: Client, backend: FakeServer, steps: tuple[Step, ...]
) -> None:
    backend.say(SET_NAMES, *steps)
    backend.say(SET_NAMES, replies.ok())
    assert client.query("SELECT 1").errno in (1105, 2013)
    assert client.query("SELECT 1").rows


# --- In the reply ---------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [hang_up, die])
@pytest.mark.parametrize("sent", [0, 2, 4], ids=["before", "mid-header", "after the header"])
def test_a_server_gone_before_the_reply_is_an_error_and_no_end(
    client: Client, backend: FakeServer, sent: int, end: Step
) -> None:
    backend.say("ask", ROWS[:sent], end)
    reply = client.query("ask")
    assert (reply.errno, "Lost connection to 127.0.0.1" in reply.message) == (2013, True)
    assert client.query("SELECT 1").rows


@pytest.mark.parametrize("cut", range(5, len(ROWS), 7))
def test_a_server_gone_in_the_reply_is_an_error_in_its_place(
    client: Client, backend: FakeServer, cut: int
) -> None:
    backend.say("ask", ROWS[:cut], hang_up)
    client.send_query("ask")
    while (payload := client.wire.read_packet())[:1] != b"\xff":  # which checks sequence ids
        assert payload
    assert payload[1:3] == b"\xdd\x07"
    assert client.query("SELECT 1").rows


def test_the_rows_that_came_whole_are_passed_on(client: Client, backend: FakeServer) -> None:
    backend.say("ask", ROWS[: ROWS.index(b"third")], hang_up)
    reply = client.query("ask")
    assert reply.rows == [[b"first"], [b"second"]]
    assert reply.errno == 2013


def test_a_server_gone_between_two_results_is_an_error_in_place_of_the_second(
    client: Client, backend: FakeServer
) -> None:
    backend.say("ask", replies.result([["a"]], status=MORE), hang_up)
    client.send_query("ask")
    first, second = client.replies()
    assert (first.value, second.errno) == (b"a", 2013)


@pytest.mark.parametrize("end", [hang_up, die])
@pytest.mark.parametrize("missing", [1, 60, 100_000])
def test_nothing_takes_the_place_of_the_rest_of_a_large_row(
    client: Client, backend: FakeServer, missing: int, end: Step
) -> None:
    """An ERR packet there would be read as the row's last bytes."""
    reply = large_result(400_000)
    backend.say("ask", reply[: BEFORE_ROWS + 8 + 400_000 - missing], end)
    got = read_to_end(client)
    assert reply.startswith(got)


def test_nothing_takes_the_place_of_the_next_fragment_of_a_row(
    client: Client, backend: FakeServer
) -> None:
    reply = large_result(MAX_PAYLOAD + 1000)
    backend.say("ask", reply[: BEFORE_ROWS + 4 + MAX_PAYLOAD], hang_up)
    got = read_to_end(client)
    assert reply.startswith(got)


def test_the_loss_in_a_large_row_gives_the_place_back(proxy: Proxy, backend: FakeServer) -> None:
    backend.say("ask", large_result(400_000)[:300_000], hang_up)
    read_to_end(proxy.client())
    proxy.wait_idle()
    assert proxy.client().query("SELECT 1").rows


# --- Nonsense -------------------------------------------------------------------------------------

NONSENSE = {
    "an infile request": frame(b"\xfb/etc/passwd", 1),
    "an empty packet": frame(b"", 1) + replies.ok(first=2),
    "a short OK": frame(b"\0", 1),
    "a short EOF": frame(b"\xfe", 1),
    "a short ERR": frame(b"\xff", 1),
    "too many columns": replies.packets(b"\1", *replies.result_payloads([])[1:2] * 2),
    "bytes after the end": replies.ok() + b"more",
    "bytes after a result": ROWS + b"more",
    "damaged session state": replies.ok(session_state=b"\1\5\5x"),
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_an_error_and_the_connection_is_not_used_again(
    client: Client, proxy: Proxy, backend: FakeServer, nonsense: bytes
) -> None:
    backend.say("ask", nonsense)
    reply = client.query("ask")
    assert (reply.errno, "broke the MySQL protocol" in reply.message) == (1105, True)
    assert client.query("SELECT 1").rows
    assert len(backend.connections) == 2
    assert (proxy.pool.out, proxy.pool.idle) == (0, 1)


def test_nonsense_after_some_rows_is_an_error_behind_them(
    client: Client, backend: FakeServer
) -> None:
    third = ROWS.index(b"\5third") - 4
    arrived = Event()
    backend.say("ask", ROWS[:third], arrived, frame(b"", 9) + ROWS)
    client.send_query("ask")
    for _ in range(5):
        client.wire.read_packet()
    arrived.set()
    assert client.reply().errno == 1105
    assert client.query("SELECT 1").rows


def test_nonsense_right_behind_a_large_row_ends_the_connection(
    client: Client, backend: FakeServer
) -> None:
    reply = large_result(400_000)
    row_end = BEFORE_ROWS + 8 + 400_000
    backend.say("ask", reply[: row_end - 10], reply[row_end - 10 : row_end] + frame(b"", 9) + ROWS)
    got = read_to_end(client)
    assert reply.startswith(got)


# --- What is lost along with it -------------------------------------------------------------------


@pytest.mark.parametrize("before", [[], ["SELECT 1"]], ids=["at its begin", "later"])
def test_a_lost_transaction_is_said_to_be_lost(
    client: Client, backend: FakeServer, before: list[str]
) -> None:
    for sql in ["BEGIN", *before]:
        client.query(sql)
    backend.say("SELECT ask", hang_up)
    reply = client.query("SELECT ask")
    assert reply.errno == 2013
    assert reply.message.endswith("during query; the transaction is lost")
    assert client.query("ROLLBACK").status & SERVER_STATUS_IN_TRANS == 0
    assert client.query("SELECT 1").status & SERVER_STATUS_IN_TRANS == 0


@pytest.mark.parametrize("sql", ["SELECT 1", "COMMIT", "BEGIN", "SET @a = 1", "INSERT 1"])
def test_after_a_loss_nothing_runs_before_rollback(
    client: Client, backend: FakeServer, sql: str
) -> None:
    """It would commit itself, and COMMIT would say that all is well."""
    for statement in ("BEGIN", "SELECT 0"):
        client.query(statement)
    backend.say("SELECT ask", hang_up)
    client.query("SELECT ask")
    backend.record.clear()
    reply = client.query(sql)
    assert (reply.errno, "The transaction was lost" in reply.message) == (1105, True)
    assert backend.seen == []


@pytest.mark.parametrize("command", [Command.RESET_CONNECTION])
def test_after_a_loss_a_session_may_begin_anew(
    client: Client, backend: FakeServer, command: Command
) -> None:
    for statement in ("BEGIN", "SELECT 0"):
        client.query(statement)
    backend.say("SELECT ask", hang_up)
    client.query("SELECT ask")
    assert client.ask(command).ok
    assert client.query("SELECT 1").rows


def test_a_transaction_lost_while_idle_is_said_to_be_lost(
    client: Client, backend: FakeServer
) -> None:
    client.query("BEGIN")
    client.query("SELECT 1")
    backend.connections[0].hang_up()
    assert client.query("SELECT 2").message.endswith("; the transaction is lost")
    client.query("ROLLBACK")
    assert client.query("SELECT 1").rows


def test_nonsense_in_a_transaction_says_that_it_is_lost(
    client: Client, backend: FakeServer
) -> None:
    """Otherwise the client would go on, each statement committing itself."""
    client.query("BEGIN")
    client.query("SELECT 1")
    backend.say("SELECT ask", frame(b"\xfe", 1))
    assert "the transaction is lost" in client.query("SELECT ask").message


def test_a_statement_outside_a_transaction_loses_none(client: Client, backend: FakeServer) -> None:
    for sql in ("BEGIN", "SELECT 1", "COMMIT"):
        client.query(sql)
    backend.say("SELECT ask", hang_up)
    assert client.query("SELECT ask").message.endswith("during query")


def test_lost_session_state_is_said_to_be_lost(client: Client, backend: FakeServer) -> None:
    client.query("SELECT GET_LOCK('a', 1)")
    backend.say("SELECT ask", hang_up)
    assert client.query("SELECT ask").message.endswith(
        "what the session held there is lost (GET_LOCK)"
    )


def test_settings_are_not_lost_with_the_connection(client: Client, backend: FakeServer) -> None:
    client.query("SET @a = 1")
    backend.say("SELECT ask", hang_up)
    assert client.query("SELECT ask").message.endswith("during query")
    assert client.query("SELECT @a").rows == [[b"1"]]
    assert backend.record[-1] == (2, "SELECT @a")


@pytest.mark.parametrize("sql", ["SET @a = 1", "SELECT GET_LOCK('a', 1)"])
@pytest.mark.parametrize("first", ["SELECT 1", None])
def test_a_statement_that_would_have_made_state_loses_none(
    client: Client, backend: FakeServer, first: str | None, sql: str
) -> None:
    if first is not None:
        client.query(first)
    backend.say(sql, hang_up)
    assert client.query(sql).message.endswith("during query")
    client.query("SELECT 1")
    assert client.query("SELECT 2").rows


def test_a_server_that_says_goodbye_takes_the_session_state_along(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    client.query("SELECT GET_LOCK('a', 1)")
    backend.say("SELECT ask", replies.err(1053, "Server shutdown in progress", "08S01"), hang_up)
    assert client.query("SELECT ask").errno == 1053
    assert client.query("SELECT 1").rows
    assert len(backend.connections) == 2
    assert proxy.pool.idle == 1


# --- Idle in the pool -----------------------------------------------------------------------------


def test_a_connection_closed_while_idle_is_replaced_silently(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    client.query("SELECT 1")
    hang_up_idle(backend.connections[0])
    assert client.query("SELECT 2").rows
    assert backend.record[-1] == (2, "SELECT 2")
    assert proxy.pool.idle == 1


def test_a_connection_killed_while_idle_is_replaced_silently(
    client: Client, backend: FakeServer
) -> None:
    client.query("SELECT 1")
    backend.connections[0].wire.send(replies.err(4031, "The client was disconnected", first=0))
    hang_up_idle(backend.connections[0])
    assert client.query("SELECT 2").rows
    assert backend.record[-1] == (2, "SELECT 2")


def test_a_goodbye_from_before_the_statement_is_not_taken_for_its_answer(
    client: Client, backend: FakeServer
) -> None:
    client.query("SELECT 1")
    backend.say("SELECT ask", replies.err(4031, "The client was disconnected", first=0), hang_up)
    assert client.query("SELECT ask").errno == 2013
    assert client.query("SELECT 2").rows


def test_a_restarted_server_is_used_again(make_proxy: MakeProxy, backend: FakeServer) -> None:
    proxy = make_proxy(max_open=3)
    clients = [proxy.client() for _ in range(3)]
    for client in clients:
        client.query("SELECT 1")
    for conversation in backend.connections:
        hang_up_idle(conversation)
    assert [client.query("SELECT 2").value for client in clients] == [b"SELECT 2"] * 3


INSERTED = replies.ok(affected_rows=1, last_insert_id=7)


def test_an_insert_id_that_died_with_its_connection_is_not_made_up(
    client: Client, backend: FakeServer
) -> None:
    backend.say("INSERT 1", INSERTED)
    client.query("INSERT 1")
    hang_up_idle(backend.connections[0])
    reply = client.query("SELECT LAST_INSERT_ID()")
    assert (reply.errno, "LAST_INSERT_ID()" in reply.message) == (1105, True)
    assert client.query("SELECT 1").rows


def test_warnings_that_died_with_their_connection_are_not_made_up(
    client: Client, backend: FakeServer
) -> None:
    backend.say("INSERT 1", replies.ok(warnings=1))
    client.query("INSERT 1")
    hang_up_idle(backend.connections[0])
    assert client.query("SHOW WARNINGS").errno == 1105


def test_a_lost_insert_id_stays_lost_until_there_is_another(
    client: Client, backend: FakeServer
) -> None:
    """The connection the session has by now would answer with 0."""
    backend.say("INSERT 1", INSERTED)
    client.query("INSERT 1")
    hang_up_idle(backend.connections[0])
    client.query("SELECT 1")
    assert client.query("SELECT LAST_INSERT_ID()").errno == 1105
    client.query("INSERT 1")
    backend.connections[1].insert_id = 7
    assert client.query("SELECT LAST_INSERT_ID()").value == b"7"
