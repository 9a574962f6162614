"""Every command a client may send, and who answers it."""

from __future__ import annotations

import pytest

from athena_g.protocol.constants import CLIENT_MULTI_STATEMENTS, Command
from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy
from tests.fakes.server import FakeServer

from .names import SET_NAMES, statements


def test_a_login_needs_no_server(make_proxy: MakeProxy, backend: FakeServer) -> None:
    backend.stop_listening()
    client = make_proxy().client()
    assert client.ask(Command.PING).ok
    assert client.query("SELECT 1").errno == 2003


def test_a_query_is_answered_by_the_server(client: Client, backend: FakeServer) -> None:
    assert client.query("SELECT 'x'").rows == [[b"SELECT 'x'"]]
    assert backend.seen == [SET_NAMES, "SELECT 'x'"]


def test_an_error_of_the_server_is_passed_on(client: Client, backend: FakeServer) -> None:
    backend.say("SELEC", replies.err(1064, "You have an error", "42000"))
    error = client.query("SELEC").error
    assert error is not None
    assert (error.errno, error.sqlstate, error.message) == (1064, "42000", "You have an error")


@pytest.mark.parametrize("sql", ["", ";", "-- nothing"])
def test_a_statement_without_content_is_the_servers_to_refuse(
    client: Client, backend: FakeServer, sql: str
) -> None:
    backend.say(sql, replies.err(1065, "Query was empty", "42000"))
    assert client.query(sql).errno == 1065


def test_bytes_of_any_charset_are_passed_as_they_are(client: Client, backend: FakeServer) -> None:
    client.query(b"INSERT INTO t VALUES ('\xff\xe9\\x')")
    assert backend.seen[-1] == r"INSERT INTO t VALUES ('\xff\xe9\x')"


def test_ping_is_answered_without_a_server(client: Client, backend: FakeServer) -> None:
    assert client.ask(Command.PING).ok
    assert backend.seen == []


def test_ping_asks_the_server_of_a_transaction(client: Client, backend: FakeServer) -> None:
    client.query("BEGIN")
    client.query("SELECT 1")
    assert client.ask(Command.PING).status == 3
    assert backend.seen[-1] == "PING"


def test_ping_in_a_transaction_that_waits_for_a_statement_asks_nobody(
    client: Client, backend: FakeServer
) -> None:
    client.query("BEGIN")
    assert client.ask(Command.PING).status == 3
    assert backend.seen == []


def test_debug_is_the_servers(client: Client, backend: FakeServer) -> None:
    assert client.ask(Command.DEBUG).ok
    assert backend.seen[-1] == "DEBUG"


@pytest.mark.parametrize("database", ["shop", "SHOP"])
def test_ones_own_database_may_be_chosen_again(
    client: Client, backend: FakeServer, database: str
) -> None:
    assert client.ask(Command.INIT_DB, database.encode()).ok
    assert client.query(f"USE {database}").ok
    assert backend.seen == []


def test_another_database_is_refused(client: Client, backend: FakeServer) -> None:
    for reply in (client.ask(Command.INIT_DB, b"other"), client.query("USE other")):
        assert reply.errno == 1049
        assert "'other'" in reply.message
        assert "'shop'" in reply.message
    assert client.query("SELECT 1").rows


def test_choosing_the_database_keeps_the_status_of_the_transaction(client: Client) -> None:
    client.query("BEGIN")
    assert client.query("USE shop").status == 3
    client.query("COMMIT")
    assert client.query("USE shop").status == 2


@pytest.mark.parametrize("flags", [0, CLIENT_MULTI_STATEMENTS])
@pytest.mark.parametrize("sql", ["USE shop; DELETE FROM t", "USE shop;SELECT 1;"])
def test_use_among_other_statements_is_refused(
    proxy: Proxy, backend: FakeServer, sql: str, flags: int
) -> None:
    assert proxy.client(flags=flags).query(sql).errno == 1235
    assert backend.seen == []


@pytest.mark.parametrize("sql", ["/*!KILL 5*/", "KILL @a", "KILL 'x'", "KILL 5 + 1"])
def test_a_kill_whose_victim_is_not_named_is_refused(
    client: Client, backend: FakeServer, sql: str
) -> None:
    """The server's ids are not the proxy's: it would hit somebody else."""
    assert client.query(sql).errno == 1235
    assert backend.seen == []


NOT_OFFERED = [
    Command.SLEEP,
    Command.CREATE_DB,
    Command.SHUTDOWN,
    Command.BINLOG_DUMP,
    Command.REGISTER_SLAVE,
    Command.DAEMON,
    Command.CLONE,
]


@pytest.mark.parametrize("command", NOT_OFFERED)
def test_what_is_not_offered_is_refused_by_name(
    client: Client, backend: FakeServer, command: Command
) -> None:
    reply = client.ask(command, b"\1\0\0\0")
    assert (reply.errno, f"COM_{command.name} " in reply.message) == (1047, True)
    assert client.query("SELECT 1").rows
    assert statements(backend) == ["SELECT 1"]


def test_an_unknown_command_is_refused_by_number(client: Client) -> None:
    client.wire.start_command(b"\x7f")
    reply = client.reply()
    assert (reply.errno, "0x7f" in reply.message) == (1047, True)


@pytest.mark.parametrize("command", [Command.STMT_CLOSE, Command.STMT_SEND_LONG_DATA])
def test_what_has_no_answer_gets_none(client: Client, command: Command) -> None:
    client.command(command, bytes(6))
    assert client.query("SELECT 1").rows


def test_an_empty_packet_ends_the_connection(client: Client) -> None:
    client.wire.start_command(b"")
    assert client.reply().errno == 1835
    assert client.wire.read_to_end() == b""


def test_statistics_are_the_servers(client: Client, backend: FakeServer) -> None:
    client.command(Command.STATISTICS)
    assert client.wire.read_packet() == b"Uptime: 1"
    assert client.query("SELECT 1").rows


def test_a_field_list_is_the_servers(client: Client, backend: FakeServer) -> None:
    client.command(Command.FIELD_LIST, b"t\0%")
    assert b"value" in client.wire.read_packet()
    assert client.reply().status == 2
    assert backend.seen[-1] == "FIELD_LIST t\0%"
    assert client.query("SELECT 1").rows


def test_a_field_list_may_be_refused(client: Client, backend: FakeServer) -> None:
    backend.say("FIELD_LIST t\0", replies.err(1146, "no such table"))
    assert client.ask(Command.FIELD_LIST, b"t\0").errno == 1146
    assert client.query("SELECT 1").rows


def test_multi_statements_are_turned_on_where_the_client_wants_them(
    proxy: Proxy, backend: FakeServer
) -> None:
    proxy.client(flags=CLIENT_MULTI_STATEMENTS).query("SELECT 1; SELECT 2")
    assert backend.seen == [SET_NAMES, "SET_OPTION \0\0", "SELECT 1; SELECT 2"]


def test_a_client_may_turn_multi_statements_on_and_off(client: Client, backend: FakeServer) -> None:
    assert client.ask(Command.SET_OPTION, b"\0\0").errno == 0
    assert client.query("SELECT 1; KILL 5").errno == 1235
    assert client.ask(Command.SET_OPTION, b"\1\0").errno == 0
    client.query("SELECT 1; KILL 5")
    assert statements(backend) == ["SELECT 1; KILL 5"]


def test_the_server_is_told_of_an_option_with_the_next_statement(
    client: Client, backend: FakeServer
) -> None:
    client.query("SELECT 1")
    backend.record.clear()
    client.ask(Command.SET_OPTION, b"\0\0")
    client.query("SELECT 1; SELECT 2")
    client.query("SELECT 3; SELECT 4")
    assert backend.seen == ["SET_OPTION \0\0", "SELECT 1; SELECT 2", "SELECT 3; SELECT 4"]


def test_an_option_survives_the_change_to_another_connection(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    client, other = proxy.client(), proxy.client()
    client.ask(Command.SET_OPTION, b"\0\0")
    other.query("SELECT 'other'")
    backend.record.clear()
    client.query("SELECT 1; SELECT 2")
    assert backend.seen == ["SET_OPTION \0\0", "SELECT 1; SELECT 2"]


def test_an_option_is_not_handed_on_to_the_next_session(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    client, other = proxy.client(), proxy.client()
    client.ask(Command.SET_OPTION, b"\0\0")
    client.query("SELECT 1; SELECT 2")
    backend.record.clear()
    other.query("SELECT 1; SELECT 2")
    assert backend.seen == ["SET_OPTION \1\0", "SELECT 1; SELECT 2"]


def test_a_server_that_refuses_an_option_is_not_used_further(
    client: Client, backend: FakeServer
) -> None:
    backend.say("SET_OPTION \0\0", replies.err(1047, "Unknown command"))
    client.ask(Command.SET_OPTION, b"\0\0")
    reply = client.query("SELECT 1; SELECT 2")
    assert (reply.errno, "Unknown command (1047)" in reply.message) == (1105, True)
    assert backend.connections[0].ended.wait(5)


@pytest.mark.parametrize("option", [b"", b"\0", b"\2\0", b"\0\0\0"])
def test_an_unknown_option_is_refused(client: Client, option: bytes) -> None:
    assert client.ask(Command.SET_OPTION, option).errno == 1047
    assert client.query("SELECT 1").rows


def test_a_reset_without_any_state_asks_no_server(client: Client, backend: FakeServer) -> None:
    assert client.ask(Command.RESET_CONNECTION).ok
    assert backend.seen == []


def test_commands_sent_at_once_are_answered_in_order(client: Client) -> None:
    texts = [f"SELECT {number}" for number in range(20)]
    client.wire.send(b"".join(frame(b"\x03" + text.encode(), 0) for text in texts))
    for text in texts:
        client.wire.deframer.sequence_id = 1
        assert client.reply().value == text.encode()


def test_quit_ends_the_session(proxy: Proxy) -> None:
    client = proxy.client()
    client.query("SELECT 1")
    client.quit()
    proxy.wait_idle()
    assert proxy.pool.idle == 1
