"""A session from login to quit: changing users, long texts, files, and what is offered."""

from __future__ import annotations

from typing import Any

import gevent
import pytest
from gevent.event import Event

from athena_g.protocol.auth import NATIVE, ClientAuth
from athena_g.protocol.constants import (
    CLIENT_COMPRESS,
    CLIENT_DEPRECATE_EOF,
    CLIENT_LOCAL_FILES,
    CLIENT_MULTI_STATEMENTS,
    CLIENT_QUERY_ATTRIBUTES,
    CLIENT_SESSION_TRACK,
    Command,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.handshake import ChangeUserRequest
from athena_g.protocol.replies import OkPacket
from tests.fakes import client as clients
from tests.fakes import replies
from tests.fakes.client import Client, Refused
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import OTHER_DATABASE, OTHER_PASSWORD, OTHER_USER, Proxy
from tests.fakes.server import Conversation, FakeServer, hang_up

from .names import RESET, SET_NAMES, statements
from .preparing import prepare

# --- What is offered ------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", [CLIENT_DEPRECATE_EOF, CLIENT_QUERY_ATTRIBUTES])
def test_what_would_change_the_bytes_of_replies_is_not_offered(client: Client, flag: int) -> None:
    assert not client.greeting.capabilities & flag


@pytest.mark.parametrize(
    "flag", [CLIENT_COMPRESS, CLIENT_LOCAL_FILES, CLIENT_MULTI_STATEMENTS, CLIENT_SESSION_TRACK]
)
def test_what_works_is_offered(client: Client, flag: int) -> None:
    assert client.greeting.capabilities & flag


def test_a_client_that_asked_for_session_state_is_told_what_servers_tell(
    proxy: Proxy, backend: FakeServer
) -> None:
    state = replies.variable_changed("time_zone", "UTC")
    more = state + replies.variable_changed("sql_mode", "") + replies.STATE_CHANGED
    backend.say("SET time_zone = 'UTC'", replies.ok(session_state=more))
    client = proxy.client(flags=CLIENT_SESSION_TRACK)
    client.send_query("SET time_zone = 'UTC'")
    ok = OkPacket.decode(client.wire.read_packet(), CLIENT_SESSION_TRACK)
    assert ok.session_state == state


# --- COM_CHANGE_USER ------------------------------------------------------------------------------


def change_user(
    client: Client,
    user: str = OTHER_USER,
    password: str = OTHER_PASSWORD,
    database: str = OTHER_DATABASE,
) -> None:
    """Become another user; raises Refused."""
    request = ChangeUserRequest(user, b"", database, 45, NATIVE)
    client.wire.start_command(request.encode(clients.FLAGS))
    client._prove(
        ClientAuth(
            password=password.encode(), plugin=NATIVE, scramble=client.greeting.scramble,
            secure=False, full=False,
        )
    )  # fmt: skip


def test_another_user_is_in_another_group(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    client.query("SELECT 1")
    change_user(client)
    client.query("SELECT 2")
    assert backend.record[-1] == (2, "SELECT 2")
    assert client.ask(Command.INIT_DB, b"store").ok
    assert client.ask(Command.INIT_DB, b"shop").errno == 1049
    assert (proxy.pool.idle, proxy.other_pool.idle) == (1, 1)


def test_what_the_user_before_had_is_gone(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    statement = prepare(client, "SELECT 1")
    for sql in ("SET time_zone = 'UTC', @a = 1", "BEGIN", "INSERT 1", "SELECT GET_LOCK('a', 1)"):
        client.query(sql)
    change_user(client, clients.USER, clients.PASSWORD, clients.DATABASE)
    assert (backend.rollbacks, proxy.pool.out) == (1, 0)
    assert client.query("SELECT @@SESSION.time_zone, @a").rows == [[b"default", b"default"]]
    assert client.query("SELECT 1").status == 2
    assert statement.execute().errno == 1243


def test_a_begin_that_waits_is_forgotten(client: Client, backend: FakeServer) -> None:
    client.query("BEGIN")
    change_user(client, clients.USER, clients.PASSWORD, clients.DATABASE)
    assert client.query("SELECT 1").status == 2
    assert statements(backend) == ["SELECT 1"]


def test_a_change_that_is_refused_ends_the_session(proxy: Proxy) -> None:
    client = proxy.client()
    client.query("SELECT 1")
    with pytest.raises(Refused) as caught:
        change_user(client, password="wrong")
    assert caught.value.error.errno == 1045
    assert client.wire.read_to_end() == b""
    proxy.wait_idle()


def test_a_changed_user_sees_the_connections_of_its_own_account(proxy: Proxy) -> None:
    client, other = proxy.client(), proxy.client()
    change_user(client)
    assert [row[1] for row in client.query("SHOW PROCESSLIST").rows] == [b"other"]
    assert client.query(f"KILL {other.greeting.connection_id}").errno == 1095


# --- Reset ----------------------------------------------------------------------------------------


def test_a_reset_leaves_the_options_as_they_were(client: Client, backend: FakeServer) -> None:
    client.ask(Command.SET_OPTION, b"\0\0")
    client.ask(Command.RESET_CONNECTION)
    client.query("SELECT 1; SELECT 2")
    assert backend.seen[-2:] == ["SET_OPTION \0\0", "SELECT 1; SELECT 2"]


def test_a_reset_goes_to_the_character_set_of_the_server(
    client: Client, backend: FakeServer
) -> None:
    """As a MySQL server does; the login's is forgotten."""
    client.query("SELECT 1")
    client.ask(Command.RESET_CONNECTION)
    client.query("SELECT 2")
    assert backend.seen[-2:] == ["SET NAMES DEFAULT", "SELECT 2"]


# --- Files of the client --------------------------------------------------------------------------


def load(contents: list[bytes]) -> Any:
    """A step: ask for a file and take it, up to an empty packet."""

    def take(conversation: Conversation) -> None:
        conversation.wire.deframer.sequence_id = 1
        conversation.wire.send_packet(b"\xfbdata.csv")
        while part := conversation.wire.read_packet():
            contents.append(part)
        conversation.wire.send_packet(OkPacket(affected_rows=len(contents)).encode(0))

    return take


def test_a_file_goes_from_the_client_to_the_server(proxy: Proxy, backend: FakeServer) -> None:
    contents: list[bytes] = []
    backend.say("LOAD DATA LOCAL INFILE 'data.csv' INTO TABLE t", load(contents))
    client = proxy.client(flags=CLIENT_LOCAL_FILES)
    client.send_query("LOAD DATA LOCAL INFILE 'data.csv' INTO TABLE t")
    assert client.wire.read_packet() == b"\xfbdata.csv"
    for part in (b"1,one\n", b"x" * 100_000, b""):
        client.wire.send_packet(part)
    reply = client.reply()
    assert reply.ok is not None
    assert reply.ok.affected_rows == 2
    assert contents == [b"1,one\n", b"x" * 100_000]
    assert client.query("SELECT 1").rows


def test_an_empty_file_is_one(proxy: Proxy, backend: FakeServer) -> None:
    backend.say("LOAD", load([]))
    client = proxy.client(flags=CLIENT_LOCAL_FILES)
    client.send_query("LOAD")
    client.wire.read_packet()
    client.wire.send_packet(b"")
    assert client.reply().ok
    assert client.query("SELECT 1").rows


def test_a_server_that_goes_while_it_takes_a_file_is_an_error_behind_it(
    proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("LOAD", frame(b"\xfbdata.csv", 1), hang_up)
    client = proxy.client(flags=CLIENT_LOCAL_FILES)
    client.send_query("LOAD")
    client.wire.read_packet()
    for part in (b"x" * 10_000, b""):
        client.wire.send_packet(part)
    assert client.reply().errno == 2013
    assert client.query("SELECT 1").rows


def test_a_client_that_goes_while_it_sends_a_file_frees_the_place(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    backend.say("LOAD", load([]))
    client = proxy.client(flags=CLIENT_LOCAL_FILES)
    client.send_query("LOAD")
    client.wire.read_packet()
    client.wire.send_packet(b"half a file")
    client.wire.reset()
    proxy.wait_idle()
    assert proxy.client().query("SELECT 1").rows


# --- Long texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 100_000, 3 << 20])
def test_a_long_text_arrives_whole(client: Client, backend: FakeServer, size: int) -> None:
    sql = "INSERT INTO t VALUES ('" + "x" * size + "')"
    assert client.query(sql).ok
    assert backend.seen[-1] == sql
    assert client.query("SELECT 1").rows


def test_a_long_text_that_cannot_be_sent_is_read_all_the_same(
    client: Client, backend: FakeServer
) -> None:
    backend.login_reply = (replies.err(1045, "Access denied", first=2),)
    assert client.query("INSERT '" + "x" * (3 << 20) + "'").errno == 1105
    backend.login_reply = None
    assert client.query("SELECT 1").rows


# --- A client that goes ---------------------------------------------------------------------------


def test_the_statement_of_a_client_that_is_gone_is_killed(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    hold = Event()
    backend.say("ask", hold)
    client = proxy.client()
    client.send_query("ask")
    backend.wait_for("ask")
    client.wire.close()
    backend.wait_for("KILL 1")
    proxy.wait_idle()
    assert proxy.client().query("SELECT 1").rows
    hold.set()


def test_a_client_gone_between_statements_kills_nothing(proxy: Proxy, backend: FakeServer) -> None:
    client = proxy.client()
    client.query("SELECT 1")
    client.wire.reset()
    proxy.wait_idle()
    assert statements(backend) == ["SELECT 1"]
    assert proxy.pool.idle == 1


def test_a_held_connection_is_reset_and_given_to_the_next(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    client = proxy.client()
    client.query("SELECT GET_LOCK('a', 1)")
    client.close()
    proxy.wait_idle()
    assert backend.seen[-1] == RESET
    proxy.client().query("SELECT 2")
    assert backend.record[-2:] == [(1, SET_NAMES), (1, "SELECT 2")]


def test_many_sessions_leave_nothing_behind(make_proxy: MakeProxy, backend: FakeServer) -> None:
    proxy = make_proxy(max_open=2)

    def live(name: int) -> None:
        client = proxy.client()
        for sql in ("BEGIN", "SELECT 1", "SET @a = 1", "SELECT GET_LOCK('a', 1)")[: name % 5]:
            client.query(sql)
        client.close() if name % 2 else client.wire.reset()

    gevent.joinall([gevent.spawn(live, name) for name in range(40)], raise_error=True)
    proxy.wait_idle()
    assert len(proxy.pool.transactions) == 0
    assert backend.peak <= 2
