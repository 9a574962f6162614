"""The connections of the proxy as their users see them: SHOW PROCESSLIST and KILL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from gevent.event import Event

from athena_g.backend.look_back import ASK_CONDITIONS
from athena_g.errors import SqlError
from athena_g.parser.connections import Kill
from athena_g.protocol.constants import CLIENT_FOUND_ROWS, Command
from athena_g.session import processlist
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy, until
from tests.fakes.server import FakeServer

from .names import statements

# --- Who sees and may kill whom -------------------------------------------------------------------


@dataclass(eq=False)
class Session:
    account: object
    command: tuple[str, int, str | None] = ("Sleep", 3, None)
    told: list[str] = field(default_factory=list)

    def describe(self, full: bool) -> tuple[str, int, str | None]:
        return self.command

    def kill_statement(self) -> None:
        self.told.append("kill statement")

    def end(self) -> None:
        self.told.append("end")


@dataclass(eq=False)
class Registered:
    id: int
    session: Any
    host: str = "127.0.0.1"


OURS, THEIRS = object(), object()


def registry(*sessions: Any) -> dict[int, Registered]:
    return {number: Registered(number, each) for number, each in enumerate(sessions, 1)}


def killed(*sessions: Any, asked: Kill) -> SqlError | None:
    """What the first of the sessions is told that asks to kill another."""
    try:
        processlist.kill(registry(*sessions), sessions[0], 1, asked)
    except SqlError as error:
        return error
    return None


def test_the_connections_of_ones_own_account_are_shown() -> None:
    own, other = Session(OURS), Session(OURS, ("Query", 7, "SELECT 1"))
    clients = registry(own, Session(THEIRS), other, None)
    assert list(processlist.rows(clients, own, "app", "shop", True)) == [
        (1, "app", "127.0.0.1", "shop", "Sleep", 3, "", None),
        (3, "app", "127.0.0.1", "shop", "Query", 7, "", "SELECT 1"),
    ]


def test_columns_are_those_of_a_server() -> None:
    names = [column.name for column in processlist.columns(45)]
    assert names == ["Id", "User", "Host", "db", "Command", "Time", "State", "Info"]


@pytest.mark.parametrize(("query", "told"), [(True, "kill statement"), (False, "end")])
def test_a_session_of_the_same_account_may_be_killed(query: bool, told: str) -> None:
    victim = Session(OURS)
    assert killed(Session(OURS), victim, asked=Kill(query, 2)) is None
    assert victim.told == [told]


@pytest.mark.parametrize("query", [True, False])
def test_a_session_of_another_account_may_not(query: bool) -> None:
    victim = Session(THEIRS)
    error = killed(Session(OURS), victim, asked=Kill(query, 2))
    assert error is not None
    assert (error.errno, error.message) == (1095, "You are not owner of thread 2")
    assert victim.told == []


@pytest.mark.parametrize("number", [0, 3, 99, 2**64 - 1])
def test_nobody_is_killed_who_is_not_there(number: int) -> None:
    error = killed(Session(OURS), Session(OURS), None, asked=Kill(True, number))
    assert error is not None
    assert error.errno == 1094


@pytest.mark.parametrize("number", [1, None])
@pytest.mark.parametrize("query", [True, False])
def test_who_kills_itself_is_interrupted(number: int | None, query: bool) -> None:
    own = Session(OURS)
    error = killed(own, asked=Kill(query, number))
    assert error is not None
    assert (error.errno, error.fatal, own.told) == (1317, not query, [])


# --- SHOW PROCESSLIST -----------------------------------------------------------------------------


def info(client: Client, sql: str = "SHOW FULL PROCESSLIST") -> dict[bytes, list[bytes | None]]:
    """Command and text of each connection by its id."""
    return {row[0] or b"": [row[4], row[7]] for row in client.query(sql).rows}


def id_of(client: Client) -> bytes:
    return b"%d" % client.greeting.connection_id


def test_a_processlist_is_the_proxys_own(proxy: Proxy, backend: FakeServer) -> None:
    one, two = proxy.client(), proxy.client()
    hold = Event()
    backend.say("SELECT 1", hold, replies.result([["1"]]))
    two.send_query("SELECT 1")
    backend.wait_for("SELECT 1")
    shown = info(one)
    assert shown == {
        id_of(one): [b"Query", b"SHOW FULL PROCESSLIST"], id_of(two): [b"Query", b"SELECT 1"],
    }  # fmt: skip
    hold.set()
    assert two.reply().value == b"1"
    assert info(one)[id_of(two)] == [b"Sleep", None]
    assert statements(backend) == ["SELECT 1"]


def test_a_long_text_is_shown_in_full_only_when_asked_for(proxy: Proxy) -> None:
    client = proxy.client()
    comment = "/* " + "x" * 200 + " */"
    shown = info(client, f"SHOW PROCESSLIST {comment}")[id_of(client)][1]
    assert shown == f"SHOW PROCESSLIST {comment}".encode()[:100]
    full = info(client, f"SHOW FULL PROCESSLIST {comment}")[id_of(client)][1]
    assert full == f"SHOW FULL PROCESSLIST {comment}".encode()


def test_a_processlist_by_command_is_the_same(client: Client) -> None:
    assert client.ask(Command.PROCESS_INFO).rows[0][0] == id_of(client)


@pytest.mark.parametrize("sql", ["SHOW PROCESSLISTS", "SHOW TABLES", "SHOW PROCESSLIST junk"])
def test_other_shows_are_the_servers(client: Client, backend: FakeServer, sql: str) -> None:
    client.query(sql)
    assert backend.seen[-1] == sql


# --- KILL -----------------------------------------------------------------------------------------


def interrupted(backend: FakeServer) -> None:
    """Have the server say so to ``ask`` when the query of its connection is killed."""
    hold = Event()
    backend.say("ask", hold, replies.err(1317, "Query execution was interrupted", "70100"))
    backend.say("KILL QUERY 1", lambda _: hold.set(), replies.ok())


def test_the_statement_of_another_session_is_killed_on_its_server(
    proxy: Proxy, backend: FakeServer
) -> None:
    interrupted(backend)
    victim, killer = proxy.client(), proxy.client()
    victim.send_query("ask")
    backend.wait_for("ask")
    assert killer.query(f"KILL QUERY {victim.greeting.connection_id}").ok
    assert victim.reply().errno == 1317
    assert victim.query("SELECT 1").rows


def test_a_connection_whose_statement_was_killed_is_not_given_to_others(
    proxy: Proxy, backend: FakeServer
) -> None:
    """The KILL may come late."""
    interrupted(backend)
    victim, killer = proxy.client(), proxy.client()
    victim.send_query("ask")
    backend.wait_for("ask")
    killer.query(f"KILL QUERY {victim.greeting.connection_id}")
    victim.reply()
    victim.query("SELECT 1")
    assert backend.connections[0].ended.wait(5)


def test_a_connection_whose_statement_was_killed_leaves_its_place_when_it_is_closed(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    """It is asked before what its session may want to know: that many are open, and no more."""
    proxy, ask = make_proxy(max_open=1), Event()
    interrupted(backend)
    backend.say(ASK_CONDITIONS, ask, replies.result([]))
    victim, killer, other = (proxy.client() for _ in range(3))
    victim.send_query("ask")
    backend.wait_for("ask")
    other.send_query("SELECT 'other'")
    until(lambda: proxy.pool.waiting == 1, "nobody waits")
    killer.query(f"KILL QUERY {victim.greeting.connection_id}")
    backend.wait_for(ASK_CONDITIONS)
    assert proxy.pool.waiting == 1
    ask.set()
    assert other.reply().rows


def test_a_kill_that_the_server_refuses_is_an_error_of_the_killer(
    proxy: Proxy, backend: FakeServer
) -> None:
    hold = Event()
    backend.say("ask", hold, replies.ok())
    backend.say("KILL QUERY 1", replies.err(1227, "Access denied"))
    victim, killer = proxy.client(), proxy.client()
    victim.send_query("ask")
    backend.wait_for("ask")
    reply = killer.query(f"KILL QUERY {victim.greeting.connection_id}")
    assert (reply.errno, "Access denied (1227)" in reply.message) == (1105, True)
    hold.set()
    assert victim.reply().ok


def test_killing_the_statement_of_an_idle_session_does_nothing(
    proxy: Proxy, backend: FakeServer
) -> None:
    victim, killer = proxy.client(), proxy.client()
    victim.query("SELECT 1")
    assert killer.query(f"KILL QUERY {victim.greeting.connection_id}").ok
    assert statements(backend) == ["SELECT 1"]
    assert victim.query("SELECT 2").rows


def test_a_statement_that_waits_in_line_is_interrupted(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    holder, victim, killer = (proxy.client() for _ in range(3))
    for sql in ("BEGIN", "SELECT 1"):
        holder.query(sql)
    victim.send_query("SELECT 2")
    until(lambda: proxy.pool.waiting == 1, "nobody waits")
    assert killer.query(f"KILL QUERY {victim.greeting.connection_id}").ok
    assert victim.reply().errno == 1317
    assert proxy.pool.waiting == 0
    holder.query("COMMIT")
    assert victim.query("SELECT 3").rows


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("by_command", [True, False])
def test_a_killed_session_is_over(
    proxy: Proxy, backend: FakeServer, running: bool, by_command: bool
) -> None:
    hold = Event()
    backend.say("ask", hold)
    victim, killer = proxy.client(), proxy.client()
    if running:
        victim.send_query("ask")
        backend.wait_for("ask")
    number = victim.greeting.connection_id
    if by_command:
        assert killer.ask(Command.PROCESS_KILL, number.to_bytes(4, "little")).ok
    else:
        assert killer.query(f"KILL {number}").ok
    assert victim.wire.read_to_end() == b""
    hold.set()
    until(lambda: not proxy.pool.out, "its connection is still out")
    assert killer.query("SELECT 1").rows


def test_the_statement_of_a_killed_session_is_killed_on_its_server(
    proxy: Proxy, backend: FakeServer
) -> None:
    hold = Event()
    backend.say("ask", hold)
    victim, killer = proxy.client(), proxy.client()
    victim.send_query("ask")
    backend.wait_for("ask")
    killer.query(f"KILL {victim.greeting.connection_id}")
    backend.wait_for("KILL 1")
    hold.set()


def test_a_session_is_killed_also_while_it_takes_the_place_of_another(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    """The connection that is closed for it is asked something, and does not answer."""
    proxy, hold = make_proxy(max_open=1), Event()
    backend.say("INSERT IGNORE", replies.ok(warnings=1))
    backend.say(ASK_CONDITIONS, hold)
    other, killer = proxy.client(), proxy.client()
    victim = proxy.client(flags=CLIENT_FOUND_ROWS)
    other.query("INSERT IGNORE")
    victim.send_query("UPDATE 1")
    backend.wait_for(ASK_CONDITIONS)
    assert killer.query(f"KILL {victim.greeting.connection_id}").ok
    assert victim.wire.read_to_end() == b""
    hold.set()
    until(lambda: not proxy.pool.out, "a place in the pool is lost")
    assert killer.query("SELECT 1").rows
    assert "UPDATE 1" not in backend.seen


def test_a_killed_sessions_transaction_is_rolled_back(proxy: Proxy, backend: FakeServer) -> None:
    victim, killer = proxy.client(), proxy.client()
    for sql in ("BEGIN", "INSERT 1"):
        victim.query(sql)
    assert killer.query(f"KILL CONNECTION {victim.greeting.connection_id}").ok
    assert victim.wire.read_to_end() == b""
    until(lambda: backend.rollbacks == 1, "it was not rolled back")


@pytest.mark.parametrize("sql", ["KILL QUERY {}", "KILL QUERY CONNECTION_ID()"])
def test_a_session_may_interrupt_itself(client: Client, sql: str) -> None:
    assert client.query(sql.format(client.greeting.connection_id)).errno == 1317
    assert client.query("SELECT 1").rows


@pytest.mark.parametrize("sql", ["KILL {}", "KILL CONNECTION_ID()", "KILL CONNECTION {}"])
def test_a_session_may_end_itself(proxy: Proxy, sql: str) -> None:
    client = proxy.client()
    assert client.query(sql.format(client.greeting.connection_id)).errno == 1317
    assert client.wire.read_to_end() == b""
    proxy.wait_idle()


def test_the_servers_own_ids_are_nobodys(client: Client, backend: FakeServer) -> None:
    client.query("SELECT 1")
    assert client.query("KILL 999").errno == 1094
    assert statements(backend) == ["SELECT 1"]
