"""A session's hold on its connection: what a client learns and a pool sees of it."""

from __future__ import annotations

import pytest
from gevent.event import Event

from athena_g.backend.look_back import ASK_INSERT_ID
from athena_g.protocol.constants import Command
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy, until
from tests.fakes.server import IN_TRANSACTION, FakeServer, hang_up

from .names import statements


def test_a_statement_uses_the_connection_the_session_had_last(
    proxy: Proxy, backend: FakeServer
) -> None:
    one, two = proxy.client(), proxy.client()
    for client in (one, two, one, two):
        client.query("SELECT 1")
    numbers = [number for number, label in backend.record if label == "SELECT 1"]
    assert numbers == [1, 2, 1, 2]


def test_a_transaction_is_the_reason_a_connection_is_bound_for(
    client: Client, proxy: Proxy
) -> None:
    for sql in ("BEGIN", "SELECT 1"):
        client.query(sql)
    assert proxy.pool.transactions.reasons() == {"transaction": 1}


def test_a_transaction_may_end_while_a_lock_is_held(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("SELECT GET_LOCK('a', 1)", replies.result([["1"]], status=IN_TRANSACTION))
    for sql in ("BEGIN", "SELECT GET_LOCK('a', 1)", "COMMIT", "SELECT 1"):
        client.query(sql)
        assert len(proxy.pool.transactions) == (sql != "BEGIN"), sql
    client.query("SELECT RELEASE_LOCK('a')")
    assert len(proxy.pool.transactions) == 0


@pytest.mark.parametrize("errno", [1053, 1927])
def test_a_server_that_ends_the_connection_by_an_error_ends_the_transaction(
    client: Client, proxy: Proxy, backend: FakeServer, errno: int
) -> None:
    for sql in ("BEGIN", "SELECT 1"):
        client.query(sql)
    backend.say("ask", replies.err(errno, "Connection was killed"))
    assert client.query("ask").errno == errno
    assert (proxy.pool.out, len(proxy.pool.transactions)) == (0, 0)
    assert client.query("SELECT 2").errno == 1105
    client.query("ROLLBACK")
    assert client.query("SELECT 2").rows


def test_a_deadlock_is_no_loss(client: Client, proxy: Proxy, backend: FakeServer) -> None:
    backend.say("ask", replies.err(1213, "Deadlock found", "40001"))
    for sql in ("BEGIN", "SELECT 1"):
        client.query(sql)
    assert client.query("ask").errno == 1213
    assert client.query("ROLLBACK").status == 2
    assert len(proxy.pool.transactions) == 0


def test_what_a_ping_counts_is_nothing(client: Client, backend: FakeServer) -> None:
    backend.say("UPDATE 1", replies.ok(affected_rows=3))
    client.query("UPDATE 1")
    assert client.ask(Command.PING).ok
    client.query("SELECT ROW_COUNT()")
    assert backend.seen[-1] == "SELECT CAST('000000000000000000000' AS SIGNED) AS `ROW_COUNT()`"


def test_a_ping_takes_no_warnings_away(client: Client, backend: FakeServer) -> None:
    backend.say("UPDATE 1", replies.ok(warnings=1))
    client.query("UPDATE 1")
    assert client.ask(Command.PING).ok
    client.query("SHOW WARNINGS")
    assert statements(backend) == ["UPDATE 1", "PING", "SHOW WARNINGS"]


def test_an_id_that_is_made_on_a_lost_connection_is_told_to_be_lost_once_it_is_asked_for(
    client: Client, backend: FakeServer
) -> None:
    backend.say("INSERT 1", replies.ok(last_insert_id=7))
    client.query("INSERT 1")
    backend.say("die", hang_up)
    assert client.query("die").errno == 2013
    assert client.query("SELECT 1").rows
    assert client.query("SELECT LAST_INSERT_ID()").errno == 1105


def test_a_connection_that_fails_while_it_is_asked_costs_the_next_session_its_statement_only(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    backend.say("INSERT 1", replies.ok(last_insert_id=7))
    backend.say(ASK_INSERT_ID, hang_up)
    one, two = proxy.client(), proxy.client()
    one.query("INSERT 1")
    assert two.query("SELECT 2").errno == 2013
    assert two.query("SELECT 2").rows
    assert one.query("SELECT LAST_INSERT_ID()").errno == 1105
    assert one.query("SELECT 1").rows


def test_a_client_that_stops_reading_is_given_up_and_its_statement_killed(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1, listen={"net_write_timeout": 0.2})
    backend.say("ask", replies.result([["x" * 1000]] * 40_000))
    client = proxy.client(receive_buffer=4096)
    client.send_query("ask")
    backend.wait_for("KILL 1")
    proxy.wait_idle()
    assert proxy.client().query("SELECT 1").rows


def test_half_a_command_frees_the_lease_of_a_long_statement(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    client = proxy.client()
    size = 4 << 20
    client.wire.send(size.to_bytes(3, "little") + b"\0\x03INSERT '" + b"x" * (2 << 20))
    until(lambda: proxy.pool.out == 1, "the statement is not passed on as it comes")
    client.wire.reset()
    proxy.wait_idle()
    assert proxy.client().query("SELECT 1").rows


def test_a_connection_is_not_kept_for_a_session_that_others_wait_for(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    hold = Event()
    backend.say("ask", hold, replies.result([["1"]]))
    one, two = proxy.client(), proxy.client()
    one.send_query("ask")
    backend.wait_for("ask")
    two.send_query("SELECT 2")
    until(lambda: proxy.pool.waiting == 1, "nobody waits")
    hold.set()
    assert two.reply().value == b"SELECT 2"
    assert one.reply().value == b"1"
