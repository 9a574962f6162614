"""Prepared statements: the session's own ids, on whichever connection it has."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from athena_g.backend import statements as caches
from athena_g.protocol.constants import MAX_PAYLOAD, Command
from athena_g.protocol.framing import frame
from athena_g.protocol.replies import EofPacket
from athena_g.session.handler import ProxyHandler
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.prepared import binary_row, prepare_ok
from tests.fakes.proxy import Proxy, until
from tests.fakes.server import FakeServer, Step, hang_up

from .names import RESET, SET_NAMES, statements
from .preparing import BLOBS, STRINGS, Prepared, prepare, read, refused

CURSOR = 1
BINARY_RESULT = (*replies.result_payloads([])[:3], binary_row("some"), EofPacket(2).encode())


@pytest.fixture
def single(make_proxy: MakeProxy) -> Proxy:
    """A proxy with one connection for all."""
    return make_proxy(max_open=1)


def about_statements(backend: FakeServer) -> list[str]:
    """What the server was told about prepared statements."""
    return [label for label in backend.seen if label.startswith("STMT_")]


def executions(backend: FakeServer, connection: int = 1) -> list[bytes]:
    """The executions that a connection of the server saw, behind the id."""
    packets = backend.connections[connection - 1].packets
    return [each[5:] for each in packets if each[0] == Command.STMT_EXECUTE]


def lose_connection(client: Client, proxy: Proxy) -> None:
    """Another client needs the only connection."""
    assert proxy.client().query("SELECT 'other'").rows


def lose_connection_and_what_is_on_it(client: Client, proxy: Proxy) -> None:
    """The same, with a reset in between."""
    for sql in ("LOCK TABLES t READ", "UNLOCK TABLES"):
        client.query(sql)
    lose_connection(client, proxy)


# --- Ids ------------------------------------------------------------------------------------------


def test_a_statement_is_prepared_and_executed(client: Client, backend: FakeServer) -> None:
    statement = prepare(client, "SELECT ?")
    assert (statement.id, statement.parameters, statement.columns) == (1, 1, 1)
    assert statement.execute("x").values == [b"SELECT ?"]
    assert backend.seen == [SET_NAMES, "STMT_PREPARE SELECT ?", "STMT_EXECUTE 101"]


def test_the_ids_are_the_sessions_own(client: Client, proxy: Proxy, backend: FakeServer) -> None:
    other = proxy.client()
    other.query("SELECT 1")
    assert [prepare(client, f"SELECT {n}").id for n in (1, 2)] == [1, 2]
    assert prepare(other, "SELECT 3").id == 1
    assert about_statements(backend)[0] == "STMT_PREPARE SELECT 1"


@pytest.mark.parametrize("command", [Command.STMT_EXECUTE, Command.STMT_RESET, Command.STMT_FETCH])
def test_a_statement_that_there_is_not_is_an_error(client: Client, command: Command) -> None:
    reply = client.ask(command, b"\x07\0\0\0\0\1\0\0\0")
    assert (reply.errno, "(7)" in reply.message) == (1243, True)
    assert f"mysqld_{command.name.lower()}" in reply.message
    assert client.query("SELECT 1").rows


def test_a_statement_of_another_session_is_none_of_ones_own(proxy: Proxy) -> None:
    one, two = proxy.client(), proxy.client()
    statement = prepare(one, "SELECT 1")
    assert Prepared(two, statement.id, 0, 1).execute().errno == 1243


def test_a_statement_that_cannot_be_prepared_is_an_error(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("STMT_PREPARE SELEC", replies.err(1064, "You have an error"))
    assert refused(client, "SELEC") == 1064
    assert proxy.pool.out == 0
    assert prepare(client, "SELECT 1").execute().values == [b"SELECT 1"]


@pytest.mark.parametrize("sql", ["USE shop", "KILL 5", "KILL CONNECTION_ID()", "/*! USE x */"])
def test_what_the_proxy_does_itself_cannot_be_prepared(
    client: Client, backend: FakeServer, sql: str
) -> None:
    assert refused(client, sql) == 1295
    assert backend.seen == []


def test_the_connection_id_in_a_statement_is_the_proxys(
    client: Client, backend: FakeServer
) -> None:
    prepare(client, "SELECT CONNECTION_ID()")
    number = client.greeting.connection_id
    assert about_statements(backend) == [
        f"STMT_PREPARE SELECT CAST({number} AS UNSIGNED) AS `CONNECTION_ID()`"
    ]


def prepare_with(proxy: Proxy, set_: str, text: str) -> Prepared:
    """A statement of a client of its own that has set something before."""
    client = proxy.client()
    assert client.query(set_).ok
    return prepare(client, text)


# --- Where they are prepared ----------------------------------------------------------------------


def test_a_statement_is_prepared_again_on_a_connection_that_has_not_seen_it(
    single: Proxy, backend: FakeServer
) -> None:
    client = single.client()
    statement = prepare(client, "SELECT 1")
    backend.connections[0].hang_up()
    until(lambda: not backend.open_connections, "it is still open")
    gevent.idle()
    assert statement.execute().values == [b"SELECT 1"]
    assert about_statements(backend) == [
        "STMT_PREPARE SELECT 1", "STMT_PREPARE SELECT 1", "STMT_EXECUTE 201",
    ]  # fmt: skip


def test_a_statement_is_prepared_again_after_a_reset(single: Proxy, backend: FakeServer) -> None:
    client = single.client()
    statement = prepare(client, "SELECT 1")
    lose_connection_and_what_is_on_it(client, single)
    assert statement.execute().values == [b"SELECT 1"]
    assert RESET in backend.seen
    assert about_statements(backend)[-2:] == ["STMT_PREPARE SELECT 1", "STMT_EXECUTE 102"]


def test_sessions_share_what_is_prepared_on_a_connection(
    single: Proxy, backend: FakeServer
) -> None:
    one, two = (prepare(single.client(), "SELECT ?") for _ in range(2))
    backend.record.clear()
    for statement in (one, two, one):
        assert statement.execute("x").values == [b"SELECT ?"]
    assert set(about_statements(backend)) == {"STMT_EXECUTE 102"}


def test_other_settings_of_the_parser_make_it_another_statement(
    single: Proxy, backend: FakeServer
) -> None:
    """``"x"`` is a string for one and a name for the other."""
    one, two = single.client(), single.client()
    two.query("SET sql_mode = 'ANSI_QUOTES'")
    first, second = prepare(one, 'SELECT "x"'), prepare(two, 'SELECT "x"')
    backend.record.clear()
    for statement in (first, second):
        statement.execute()
    assert about_statements(backend) == ["STMT_EXECUTE 101", "STMT_EXECUTE 102"]


@pytest.mark.parametrize(
    ("text", "prepared"), [("SELECT @a", 2), ("SELECT a", 1)], ids=["reads", "reads none"]
)
def test_sessions_share_what_reads_user_variables_only_if_theirs_are_equal(
    single: Proxy, backend: FakeServer, text: str, prepared: int
) -> None:
    """A server gives the result the type that the variable had when it was prepared."""
    texts = [prepare_with(single, set_, text) for set_ in ("SET @a = 1", "SET @a = 'x'")]
    backend.record.clear()
    for statement in texts:
        statement.execute()
    executed = [label for label in about_statements(backend) if label[5:12] == "EXECUTE"]
    assert (len(executed), len(set(executed))) == (2, prepared)


def test_sessions_with_equal_user_variables_share_what_reads_them(
    single: Proxy, backend: FakeServer
) -> None:
    statements_ = [prepare_with(single, "SET @a = 1", "SELECT @a") for _ in range(2)]
    backend.record.clear()
    for statement in statements_:
        statement.execute()
    assert set(about_statements(backend)) == {"STMT_EXECUTE 102"}


def test_a_change_of_the_settings_leaves_a_statement_as_it_was_prepared(
    client: Client, backend: FakeServer
) -> None:
    statement = prepare(client, 'SELECT "x"')
    client.query("SET sql_mode = 'ANSI_QUOTES'")
    statement.execute()
    assert about_statements(backend) == ['STMT_PREPARE SELECT "x"', "STMT_EXECUTE 101"]


def test_a_statement_that_cannot_be_prepared_again_is_an_error_of_its_execution(
    single: Proxy, backend: FakeServer
) -> None:
    client = single.client()
    statement = prepare(client, "SELECT 1")
    lose_connection_and_what_is_on_it(client, single)
    backend.say("STMT_PREPARE SELECT 1", replies.err(1146, "Table is gone"))
    assert statement.execute().errno == 1146
    assert client.query("SELECT 2").rows
    assert single.pool.out == 0


def test_statements_on_a_connection_are_bounded_and_those_evicted_are_closed(
    client: Client, backend: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "MAX_PREPARED", 2)
    first, *_ = [prepare(client, f"SELECT {n}") for n in (1, 2, 3)]
    assert first.execute().values == [b"SELECT 1"]
    assert about_statements(backend)[3:] == [
        "STMT_CLOSE 101", "STMT_PREPARE SELECT 1", "STMT_EXECUTE 104",
    ]  # fmt: skip
    prepare(client, "SELECT 4")
    assert len(backend.connections[0].statements) <= 3


def test_a_statement_that_has_a_cursor_is_not_evicted(
    client: Client, backend: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "MAX_PREPARED", 2)
    statement = prepare(client, "SELECT 1")
    statement.execute(flags=CURSOR)
    for n in range(5):
        prepare(client, f"SELECT 'other {n}'")
    assert statement.fetch().values == [b"SELECT 1"]
    assert "STMT_CLOSE 102" not in backend.seen


# --- Parameters -----------------------------------------------------------------------------------


def test_an_execution_is_passed_on_as_it_came(client: Client, backend: FakeServer) -> None:
    statement = prepare(client, "INSERT (?, ?)")
    statement.execute("x", None)
    assert executions(backend) == [statement.execution("x", None)[4:]]


def test_types_that_the_connection_knows_are_not_sent_again(
    client: Client, backend: FakeServer
) -> None:
    statement = prepare(client, "INSERT ?")
    statement.execute("x")
    statement.execute("y", types=None)
    assert executions(backend)[1] == statement.execution("y", types=None)[4:]


def test_types_are_added_on_a_connection_that_does_not_know_them(
    single: Proxy, backend: FakeServer
) -> None:
    client = single.client()
    statement = prepare(client, "INSERT (?, ?)")
    statement.execute("x", None)
    backend.connections[0].hang_up()
    gevent.idle()
    until(lambda: not backend.open_connections, "it is still open")
    assert statement.execute(None, "y", types=None).errno == 0
    assert executions(backend, 2) == [statement.execution(None, "y", types=STRINGS)[4:]]


def test_executions_with_other_types_are_another_statement_on_the_server(
    single: Proxy, backend: FakeServer
) -> None:
    """Types only ever widen there: what one session says would decide what another is given."""
    one, two = (prepare(single.client(), "INSERT ?") for _ in range(2))
    backend.record.clear()
    one.execute("x", types=STRINGS)
    two.execute("x", types=BLOBS)
    one.execute("y", types=None)
    two.execute("y", types=None)
    assert about_statements(backend) == [
        "STMT_EXECUTE 102", "STMT_CLOSE 101", "STMT_PREPARE INSERT ?", "STMT_EXECUTE 103",
        "STMT_EXECUTE 102", "STMT_EXECUTE 103",
    ]  # fmt: skip
    assert executions(backend)[2] == one.execution("y", types=None)[4:]


def test_executions_with_equal_types_are_one_statement_whoever_says_them(
    single: Proxy, backend: FakeServer
) -> None:
    one, two = (prepare(single.client(), "INSERT ?") for _ in range(2))
    one.execute("x", types=BLOBS)
    backend.record.clear()
    two.execute("y", types=BLOBS)
    one.execute("z", types=BLOBS)
    assert len(set(about_statements(backend))) == 1


def test_a_statement_goes_from_one_types_to_others_and_back(
    client: Client, backend: FakeServer
) -> None:
    statement = prepare(client, "INSERT ?")
    for types in (STRINGS, BLOBS, STRINGS, BLOBS):
        statement.execute("x", types=types)
    assert about_statements(backend) == ["STMT_PREPARE INSERT ?", *["STMT_EXECUTE 101"] * 4]


def test_a_fresh_statement_takes_the_types_of_its_first_execution(
    client: Client, backend: FakeServer
) -> None:
    prepare(client, "INSERT ?").execute("x")
    assert about_statements(backend) == ["STMT_PREPARE INSERT ?", "STMT_EXECUTE 101"]
    assert len(backend.connections[0].statements) == 1


def test_a_first_execution_without_types_is_an_error(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    statement = prepare(client, "INSERT ?")
    assert statement.execute("x", types=None).errno == 1210
    assert proxy.pool.out == 0
    assert executions(backend) == []
    assert statement.execute("x").errno == 0


@pytest.mark.parametrize("body", [b"", b"\0", b"\0\1\0\0"])
def test_a_damaged_execution_is_an_error(client: Client, body: bytes) -> None:
    statement = prepare(client, "INSERT ?")
    assert client.ask(Command.STMT_EXECUTE, statement.number + body).errno == 1210
    assert client.query("SELECT 1").rows


def test_a_client_gone_in_an_execution_without_types_frees_the_place(
    single: Proxy, backend: FakeServer
) -> None:
    """The types are known, but not to the new connection: the rest is waited for with it."""
    client = single.client()
    statement = prepare(client, "INSERT ?")
    statement.execute("x")
    backend.connections[0].hang_up()
    until(lambda: not backend.open_connections, "it is still open")
    gevent.idle()
    body = statement.execution("y" * (5 << 20), types=None)
    packet = frame(bytes((Command.STMT_EXECUTE,)) + body, 0)
    client.wire.send(packet[: 2 << 20])
    backend.wait_for("STMT_PREPARE INSERT ?", times=2)
    assert single.pool.out == 1
    client.wire.reset()
    single.wait_idle()
    assert single.pool.out == 0
    assert single.client().query("SELECT 2").rows


@pytest.mark.parametrize("types", [STRINGS, None], ids=["with types", "without"])
def test_a_parameter_of_many_mib_arrives_whole(
    single: Proxy, backend: FakeServer, types: bytes | None
) -> None:
    client = single.client()
    statement = prepare(client, "INSERT ?")
    statement.execute("x")
    if types is None:
        backend.connections[0].hang_up()
        gevent.idle()
        until(lambda: not backend.open_connections, "it is still open")
    value = "y" * (5 << 20)
    assert statement.execute(value, types=types).errno == 0
    assert executions(backend, len(backend.connections))[-1].endswith(value.encode())
    assert client.query("SELECT 1").rows


def test_types_that_make_an_execution_a_packet_longer_leave_the_replys_ids_as_they_were(
    single: Proxy, backend: FakeServer
) -> None:
    client = single.client()
    statement = prepare(client, "SELECT ?")
    statement.execute("x")
    lose_connection_and_what_is_on_it(client, single)
    backend.say("STMT_EXECUTE 102", replies.packets(*BINARY_RESULT, first=2))
    value = "y" * (MAX_PAYLOAD - len(statement.execution("", types=None)) - 5)
    assert len(statement.execution(value, types=None)) == MAX_PAYLOAD - 2
    assert statement.execute(value, types=None).values == [b"some"]
    assert executions(backend)[-1] == statement.execution(value)[4:]
    assert client.query("SELECT 1").rows


# --- Effects and transactions ---------------------------------------------------------------------


def test_an_execution_takes_a_begin_along(client: Client, backend: FakeServer) -> None:
    statement = prepare(client, "INSERT 1")
    client.query("BEGIN")
    assert statement.execute().status == 3
    client.query("COMMIT")
    assert about_statements(backend)[-1:] == ["STMT_EXECUTE 101"]
    assert statements(backend)[-3:] == ["BEGIN", "STMT_EXECUTE 101", "COMMIT"]


def test_preparing_begins_no_transaction(client: Client, proxy: Proxy, backend: FakeServer) -> None:
    client.query("BEGIN")
    prepare(client, "INSERT ?")
    assert "BEGIN" not in backend.seen
    assert client.query("INSERT 2").status == 3
    assert statements(backend)[-2:] == ["BEGIN", "INSERT 2"]


def test_a_prepared_statement_pins_as_it_does_as_text(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    lock, unlock = prepare(client, "LOCK TABLES t READ"), prepare(client, "UNLOCK TABLES")
    assert len(proxy.pool.transactions) == 0
    lock.execute()
    assert proxy.pool.transactions.reasons() == {"LOCK TABLES": 1}
    unlock.execute()
    assert len(proxy.pool.transactions) == 0


def test_a_prepared_set_is_the_sessions(single: Proxy, backend: FakeServer) -> None:
    client = single.client()
    prepare(client, "SET time_zone = '+01:00'").execute()
    lose_connection(client, single)
    client.query("SELECT 1")
    assert "SET SESSION time_zone = DEFAULT" in backend.seen


def test_found_rows_of_a_prepared_statement_are_counted_until_the_next_one(
    client: Client, proxy: Proxy
) -> None:
    counting, other = prepare(client, "SELECT SQL_CALC_FOUND_ROWS 1"), prepare(client, "SELECT 2")
    counting.execute()
    assert len(proxy.pool.transactions) == 1
    other.execute()
    assert len(proxy.pool.transactions) == 0


@pytest.mark.parametrize("question", ["SHOW WARNINGS", "SELECT FOUND_ROWS()"])
def test_a_prepared_question_is_not_answered_for_another_session(
    single: Proxy, backend: FakeServer, question: str
) -> None:
    backend.say("UPDATE 1", replies.ok(affected_rows=3, warnings=1))
    client = single.client()
    statement = prepare(client, question)
    client.query("UPDATE 1")
    lose_connection(client, single)
    backend.record.clear()
    assert statement.execute().errno == 1105
    assert about_statements(backend) == []


def test_a_prepared_question_is_answered_by_a_number_after_another_session_had_the_connection(
    single: Proxy, backend: FakeServer
) -> None:
    backend.say("UPDATE 1", replies.ok(affected_rows=3))
    client = single.client()
    statement = prepare(client, "SELECT ROW_COUNT() + ?")
    client.query("UPDATE 1")
    lose_connection(client, single)
    backend.record.clear()
    text = "SELECT CAST('000000000000000000003' AS SIGNED) + ? AS `ROW_COUNT() + ?`"
    assert statement.execute("x").values == [text.encode()]
    prepare(client, "SELECT 1")
    assert about_statements(backend) == [
        f"STMT_PREPARE {text}", "STMT_EXECUTE 102", "STMT_CLOSE 102", "STMT_PREPARE SELECT 1",
    ]  # fmt: skip


def test_a_prepared_question_answered_by_a_number_gets_no_cursor(
    single: Proxy, backend: FakeServer
) -> None:
    client = single.client()
    statement = prepare(client, "SELECT ROW_COUNT() AS n")
    client.query("UPDATE 1")
    lose_connection(client, single)
    executed = statement.execute(flags=CURSOR)
    assert (len(executed.values), executed.status) == (1, 2)
    assert len(single.pool.transactions) == 0


def test_a_prepared_question_is_prepared_again_on_the_connection_that_knows(
    single: Proxy, backend: FakeServer
) -> None:
    client = single.client()
    statement = prepare(client, "SELECT FOUND_ROWS()")
    lose_connection_and_what_is_on_it(client, single)
    client.query("SELECT SQL_CALC_FOUND_ROWS 1")
    backend.record.clear()
    assert statement.execute().errno == 0
    assert about_statements(backend) == ["STMT_PREPARE SELECT FOUND_ROWS()", "STMT_EXECUTE 102"]


def test_preparing_leaves_the_counts_of_the_last_statement_on_whichever_connection(
    single: Proxy, backend: FakeServer
) -> None:
    backend.say("UPDATE 1", replies.ok(affected_rows=3))
    client = single.client()
    client.query("UPDATE 1")
    lose_connection(client, single)
    prepare(client, "SELECT 1")
    client.query("SELECT ROW_COUNT() AS n")
    assert backend.seen[-1] == "SELECT CAST('000000000000000000003' AS SIGNED) AS n"


# --- Cursors --------------------------------------------------------------------------------------


def test_a_cursor_keeps_its_connection_up_to_its_last_row(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    statement = prepare(client, "SELECT 1")
    assert statement.execute(flags=CURSOR).values == []
    assert proxy.pool.transactions.reasons() == {"cursor": 1}
    assert statement.fetch().values == [b"SELECT 1"]
    assert len(proxy.pool.transactions) == 0


def test_a_statement_with_a_cursor_is_its_sessions_alone(
    client: Client, backend: FakeServer
) -> None:
    statement = prepare(client, "SELECT 1")
    statement.execute(flags=CURSOR)
    statement.fetch()
    assert about_statements(backend) == [
        "STMT_PREPARE SELECT 1", "STMT_PREPARE SELECT 1", "STMT_EXECUTE 102", "STMT_FETCH 102",
    ]  # fmt: skip


@pytest.mark.parametrize("end", ["reset", "close", "execute"])
def test_a_cursor_may_be_left(client: Client, proxy: Proxy, end: str) -> None:
    statement = prepare(client, "SELECT 1")
    statement.execute(flags=CURSOR)
    getattr(statement, end)()
    assert client.query("SELECT 2").rows
    if end != "execute":
        assert len(proxy.pool.transactions) == 0


def test_two_cursors_are_two_reasons(client: Client, proxy: Proxy) -> None:
    one, two = prepare(client, "SELECT 1"), prepare(client, "SELECT 2")
    for statement in (one, two):
        statement.execute(flags=CURSOR)
    one.fetch()
    assert len(proxy.pool.transactions) == 1
    two.fetch()
    assert len(proxy.pool.transactions) == 0


def test_a_cursor_that_the_server_did_not_open_pins_nothing(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    statement = prepare(client, "INSERT 1")
    statement.execute(flags=CURSOR)
    assert len(proxy.pool.transactions) == 0


def test_a_fetch_without_a_cursor_is_the_servers_error(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    statement = prepare(client, "SELECT 1")
    backend.say("STMT_FETCH 102", replies.err(1421, "The statement has no open cursor."))
    assert statement.fetch().errno == 1421
    until(lambda: not proxy.pool.out, "the connection is not given back")


def test_a_cursor_that_died_with_its_server_is_said_to_be_lost(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    statement = prepare(client, "SELECT 1")
    statement.execute(flags=CURSOR)
    backend.say("STMT_FETCH 102", hang_up)
    fetched = statement.fetch()
    assert (fetched.errno, "(cursor)" in fetched.message) == (2013, True)
    assert statement.execute().values == [b"SELECT 1"]


# --- Long data ------------------------------------------------------------------------------------


def test_long_data_keeps_its_connection(client: Client, proxy: Proxy, backend: FakeServer) -> None:
    statement = prepare(client, "INSERT ?")
    for part in (b"first", b"second"):
        statement.long_data(0, part)
    assert client.ask(Command.PING).ok
    assert proxy.pool.transactions.reasons() == {"long data": 1}
    packets = backend.connections[0].packets
    sent = [each[7:] for each in packets if each[0] == Command.STMT_SEND_LONG_DATA]
    assert sent == [b"first", b"second"]


def test_long_data_is_used_up_by_the_execution(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    statement = prepare(client, "INSERT ?")
    statement.long_data(0, b"x" * 100)
    body = statement.number + b"\0\1\0\0\0\0\1" + BLOBS
    client.command(Command.STMT_EXECUTE, body)
    assert read(client).errno == 0
    assert len(proxy.pool.transactions) == 0
    assert about_statements(backend)[-2:] == ["STMT_SEND_LONG_DATA 102", "STMT_EXECUTE 102"]


@pytest.mark.parametrize("end", ["reset", "close"])
def test_long_data_may_be_forgotten(client: Client, proxy: Proxy, end: str) -> None:
    statement = prepare(client, "INSERT ?")
    statement.long_data(0, b"x")
    getattr(statement, end)()
    assert len(proxy.pool.transactions) == 0
    assert client.query("SELECT 1").rows


def test_an_error_of_long_data_is_told_at_the_execution(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    statement = prepare(client, "INSERT ?")
    backend.connections[0].hang_up()
    gevent.idle()
    backend.login_reply = (replies.err(1045, "Access denied", first=2),)
    statement.long_data(0, b"x")
    executed = statement.execute("x")
    assert (executed.errno, "Access denied" in executed.message) == (1105, True)
    backend.login_reply = None
    assert statement.execute("x").errno == 0


def test_a_reset_forgets_the_error_of_long_data(client: Client, backend: FakeServer) -> None:
    statement = prepare(client, "INSERT ?")
    backend.connections[0].hang_up()
    gevent.idle()
    backend.login_reply = (replies.err(1045, "Access denied", first=2),)
    statement.long_data(0, b"x")
    assert statement.reset() == 0
    backend.login_reply = None
    assert statement.execute("x").errno == 0


@pytest.mark.parametrize("parameter", [b"", b"\0"], ids=["no parameter", "half of it"])
def test_damaged_long_data_reaches_no_server_and_is_told_at_the_execution(
    client: Client, proxy: Proxy, backend: FakeServer, parameter: bytes
) -> None:
    statement = prepare(client, "INSERT ?")
    client.command(Command.STMT_SEND_LONG_DATA, statement.number + parameter)
    assert statement.execute("x").errno == 1210
    assert about_statements(backend) == ["STMT_PREPARE INSERT ?"]
    assert proxy.pool.out == 0
    assert statement.execute("x").errno == 0


@pytest.mark.parametrize("body", [b"", b"\1", b"\1\0\0"])
def test_long_data_without_a_whole_id_is_ignored(
    client: Client, backend: FakeServer, body: bytes
) -> None:
    prepare(client, "INSERT ?")
    client.command(Command.STMT_SEND_LONG_DATA, body)
    assert client.query("SELECT 1").rows
    assert "STMT_SEND_LONG_DATA" not in " ".join(backend.seen)


def test_long_data_for_no_statement_is_ignored(client: Client, backend: FakeServer) -> None:
    Prepared(client, 7, 1, 0).long_data(0, b"x")
    assert client.query("SELECT 1").rows
    assert about_statements(backend) == []


# --- The end --------------------------------------------------------------------------------------


def test_a_closed_statement_is_gone(client: Client, backend: FakeServer) -> None:
    statement = prepare(client, "SELECT 1")
    statement.close()
    assert statement.execute().errno == 1243


def test_closing_what_is_not_there_has_no_answer_either(client: Client) -> None:
    Prepared(client, 7, 0, 0).close()
    assert client.query("SELECT 1").rows


def test_a_statement_that_others_may_use_stays_prepared_on_its_connection(
    single: Proxy, backend: FakeServer
) -> None:
    client = single.client()
    prepare(client, "SELECT 1").close()
    assert len(backend.connections[0].statements) == 1
    again = prepare(client, "SELECT 1")
    assert again.execute().values == [b"SELECT 1"]


@pytest.mark.parametrize("command", [Command.RESET_CONNECTION])
def test_a_reset_session_has_no_statements(client: Client, command: Command) -> None:
    statement = prepare(client, "SELECT 1")
    assert client.ask(command).ok
    assert statement.execute().errno == 1243


def test_there_are_at_most_so_many_statements(
    proxy: Proxy, backend: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = ProxyHandler(proxy.directory, max_statements=2)
    monkeypatch.setattr(proxy.server, "_handler", handler)
    client = proxy.client()
    first, _ = prepare(client, "SELECT 1"), prepare(client, "SELECT 2")
    assert refused(client, "SELECT 3") == 1461
    first.close()
    assert prepare(client, "SELECT 3").execute().values == [b"SELECT 3"]


def test_texts_of_prepared_statements_may_be_as_large_as_packets(client: Client) -> None:
    for n in range(3):
        prepare(client, f"SELECT {n} /* {'x' * 300_000} */")


def test_the_texts_of_statements_are_bounded_together(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    client = make_proxy(listen={"max_allowed_packet": 1000}).client()
    first = prepare(client, "SELECT " + "1" * 600)
    assert refused(client, "SELECT " + "1" * 600) == 1461
    first.close()
    prepare(client, "SELECT " + "1" * 600)


# --- Servers that fail ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps",
    [(hang_up,), (prepare_ok(7, 1, 1)[:20], hang_up), (b"\1\0\0\1\x2a",)],
    ids=["before", "within", "nonsense"],
)
def test_a_server_that_fails_while_preparing_is_an_error_and_no_end(
    client: Client, proxy: Proxy, backend: FakeServer, steps: tuple[Step, ...]
) -> None:
    backend.say("STMT_PREPARE SELECT 1", *steps)
    assert refused(client, "SELECT 1") in (1105, 2013)
    assert proxy.pool.out == 0
    assert client.query("SELECT 2").rows


def test_a_server_that_fails_while_preparing_again_is_an_error_and_no_end(
    single: Proxy, backend: FakeServer
) -> None:
    client = single.client()
    statement = prepare(client, "SELECT 1")
    lose_connection_and_what_is_on_it(client, single)
    backend.say("STMT_PREPARE SELECT 1", hang_up)
    assert statement.execute().errno == 2013
    assert client.query("SELECT 2").rows


def test_a_client_that_goes_while_its_statement_is_prepared_frees_the_place(
    single: Proxy, backend: FakeServer
) -> None:
    hold = Event()
    backend.say("STMT_PREPARE SELECT 1", hold)
    client = single.client()
    client.command(Command.STMT_PREPARE, b"SELECT 1")
    backend.wait_for("STMT_PREPARE SELECT 1")
    client.wire.reset()
    single.wait_idle()
    assert single.client().query("SELECT 2").rows
    hold.set()
