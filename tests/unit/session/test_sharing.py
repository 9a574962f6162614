"""Sessions that share server connections: what each may see of the others, which is nothing."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from athena_g.protocol.constants import CLIENT_FOUND_ROWS
from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy, until
from tests.fakes.server import FakeServer, hang_up

from .names import RESET, SET_NAMES


def begin(client: Client) -> None:
    """Open a transaction, on the server too."""
    assert client.query("BEGIN").ok
    assert client.query("SELECT 0").rows


@pytest.fixture
def single(make_proxy: MakeProxy) -> Proxy:
    """A proxy with one connection for all."""
    return make_proxy(max_open=1)


def test_clients_with_the_same_settings_take_turns_without_a_word_in_between(
    single: Proxy, backend: FakeServer
) -> None:
    one, two = single.client(), single.client()
    one.query("SELECT 1")
    two.query("SELECT 2")
    one.query("SELECT 3")
    assert backend.seen == [SET_NAMES, "SELECT 1", "SELECT 2", "SELECT 3"]
    assert len(backend.connections) == 1


def test_what_a_client_has_set_goes_with_it_and_is_taken_back_for_the_next(
    single: Proxy, backend: FakeServer
) -> None:
    one, two = single.client(), single.client()
    one.query("SET time_zone = '+01:00'")
    backend.record.clear()
    for sql in ("SELECT 2", "SELECT 3"):
        two.query(sql)
    one.query("SELECT 1")
    assert backend.seen == [
        "SET SESSION time_zone = DEFAULT", "SELECT 2", "SELECT 3",
        "SET SESSION time_zone = '+01:00'", "SELECT 1",
    ]  # fmt: skip


def test_user_variables_cannot_be_taken_back_so_the_connection_is_reset(
    single: Proxy, backend: FakeServer
) -> None:
    one, two = single.client(), single.client()
    one.query("SET @a = 5")
    backend.record.clear()
    two.query("SELECT 2")
    one.query("SELECT 1")
    assert backend.seen == [RESET, SET_NAMES, "SELECT 2", "SET @`a` = 5", "SELECT 1"]


def test_every_session_reads_back_what_it_set(make_proxy: MakeProxy) -> None:
    """Hundreds of interleaved sessions on few connections, some of them in transactions."""
    proxy = make_proxy(max_open=4)
    asked = "SELECT @@SESSION.time_zone, @@SESSION.sql_mode, @mine"

    def converse(name: int) -> None:
        client = proxy.client()
        expected = [f"+0{name % 10}:00".encode(), f"MODE_{name % 7}".encode(), b"default"]
        client.query(f"SET time_zone = '+0{name % 10}:00', sql_mode = 'MODE_{name % 7}'")
        for number in range(6):
            if number == name % 5:
                assert client.query(f"SET @mine = {name}").ok
                expected[2] = b"%d" % name
            in_transaction = number % 3 == 2
            if in_transaction:
                client.query("BEGIN")
            assert client.query(asked).rows == [expected]
            if in_transaction:
                client.query("COMMIT")

    gevent.joinall([gevent.spawn(converse, name) for name in range(150)], raise_error=True)
    assert not proxy.pool.transactions


def test_a_session_that_comes_back_to_its_connection_finds_it_as_it_was(
    proxy: Proxy, backend: FakeServer
) -> None:
    one, two = proxy.client(), proxy.client()
    for _ in range(2):
        one.query("SELECT 1")
        two.query("SELECT 2")
    assert backend.record == [
        (1, SET_NAMES), (1, "SELECT 1"), (2, SET_NAMES), (2, "SELECT 2"),
        (1, "SELECT 1"), (2, "SELECT 2"),
    ]  # fmt: skip


def test_each_client_has_its_character_set(single: Proxy, backend: FakeServer) -> None:
    single.client(collation_id=8).query("SELECT 1")
    single.client(collation_id=63).query("SELECT 2")
    names = [label.split(",")[0] for label in backend.seen if label.startswith("SET")]
    assert names == [
        "SET NAMES latin1 COLLATE latin1_swedish_ci", "SET NAMES binary COLLATE binary",
    ]  # fmt: skip


def test_clients_of_other_flags_have_other_connections(single: Proxy, backend: FakeServer) -> None:
    one, two = single.client(), single.client(flags=CLIENT_FOUND_ROWS)
    one.query("SELECT 1")
    two.query("SELECT 2")
    assert [number for number, label in backend.record if label != SET_NAMES] == [1, 2]
    assert backend.connections[0].ended.wait(5)
    assert backend.peak == 1


def test_a_waiting_client_is_served_when_the_transaction_before_it_ends(
    single: Proxy, backend: FakeServer
) -> None:
    one, two = single.client(), single.client()
    begin(one)
    two.send_query("SELECT 2")
    until(lambda: single.pool.waiting == 1, "nobody waits")
    one.query("COMMIT")
    assert two.reply().value == b"SELECT 2"
    assert backend.seen[-2:] == ["COMMIT", "SELECT 2"]


def test_a_transaction_without_a_statement_keeps_nobody_waiting(single: Proxy) -> None:
    one, two = single.client(), single.client()
    one.query("BEGIN")
    assert two.query("SELECT 2").rows


def test_a_client_that_waits_too_long_may_try_again(make_proxy: MakeProxy) -> None:
    proxy = make_proxy(max_open=1, acquire_timeout=0.05)
    one, two = proxy.client(), proxy.client()
    begin(one)
    reply = two.query("SELECT 2")
    assert (reply.errno, "1 of 1 are in use" in reply.message) == (1040, True)
    one.query("COMMIT")
    assert two.query("SELECT 2").rows


@pytest.mark.parametrize("last", ["quit", "close", "reset"])
def test_an_open_transaction_is_rolled_back_when_its_client_goes(
    single: Proxy, backend: FakeServer, last: str
) -> None:
    client = single.client()
    client.query("BEGIN")
    client.query("INSERT INTO t VALUES (1)")
    getattr(client.wire if last == "reset" else client, last)()
    single.wait_idle()
    assert backend.rollbacks == 1
    assert backend.seen[-1] == RESET
    assert single.client().query("SELECT 2").status == 2


def test_a_connection_whose_reset_is_refused_is_not_handed_on(
    single: Proxy, backend: FakeServer
) -> None:
    backend.say(RESET, replies.err(1047, "Unknown command"))
    client = single.client()
    client.query("LOCK TABLES t READ")
    client.quit()
    single.wait_idle()
    assert single.pool.idle == 0
    single.client().query("SELECT 2")
    assert backend.record[-2:] == [(2, SET_NAMES), (2, "SELECT 2")]


def test_a_connection_that_cannot_be_reset_for_the_next_is_replaced(
    single: Proxy, backend: FakeServer
) -> None:
    backend.say(RESET, replies.err(1047, "Unknown command"))
    one, two = single.client(), single.client()
    one.query("SET @a = 1")
    reply = two.query("SELECT 2")
    assert (reply.errno, "refused the session's settings" in reply.message) == (1105, True)
    assert "SELECT 2" not in backend.seen
    assert two.query("SELECT 2").rows


def test_a_question_about_the_last_statement_is_answered_by_its_connection(
    proxy: Proxy, backend: FakeServer
) -> None:
    one, two = proxy.client(), proxy.client()
    one.query("INSERT INTO t VALUES (1)")
    two.query("SELECT 2")
    assert one.query("SELECT LAST_INSERT_ID()").rows
    assert backend.record[-1] == (1, "SELECT LAST_INSERT_ID()")


def test_a_question_in_one_transaction_with_its_statement_is_answered(single: Proxy) -> None:
    one = single.client()
    begin(one)
    one.query("INSERT INTO t VALUES (1)")
    assert one.query("SELECT LAST_INSERT_ID()").value == b"0"


def test_a_first_question_has_nothing_to_look_back_at(single: Proxy) -> None:
    assert single.client().query("SELECT LAST_INSERT_ID()").rows


def test_a_client_gone_in_its_result_frees_the_place(single: Proxy, backend: FakeServer) -> None:
    client = single.client(receive_buffer=4096)
    backend.say("ask", replies.result([["x" * 1000]] * 20_000))
    client.send_query("ask")
    client.wire.read_some()
    client.wire.reset()
    single.wait_idle()
    assert single.pool.idle == 0
    assert backend.connections[0].ended.wait(5)
    assert single.client().query("SELECT 2").rows


def test_a_client_gone_before_its_reply_frees_the_place(single: Proxy, backend: FakeServer) -> None:
    client = single.client()
    hold = Event()
    backend.say("ask", hold, replies.result([["x" * 1000]] * 2000))
    client.send_query("ask")
    backend.wait_for("ask")
    client.wire.reset()
    hold.set()
    single.wait_idle()
    assert single.client().query("SELECT 2").value == b"SELECT 2"


def test_a_client_gone_while_it_waits_in_line_takes_nothing_along(single: Proxy) -> None:
    one, two, three = (single.client() for _ in range(3))
    begin(one)
    two.send_query("SELECT 2")
    until(lambda: single.pool.waiting == 1, "nobody waits")
    two.wire.reset()
    until(lambda: single.pool.waiting == 0, "it is still in line")
    three.send_query("SELECT 3")
    until(lambda: single.pool.waiting == 1, "nobody waits")
    one.query("COMMIT")
    assert three.reply().value == b"SELECT 3"


def test_replies_never_cross(make_proxy: MakeProxy, backend: FakeServer) -> None:
    """Many clients, few connections, some of which are killed: each gets its own answers."""
    proxy = make_proxy(max_open=3)
    backend.say("die", hang_up)

    def converse(name: int) -> None:
        client = proxy.client()
        for number in range(30):
            sql = f"SELECT {name}, {number}"
            assert client.query(sql).value == sql.encode()
            if number == name:
                assert client.query("die").errno == 2013

    talking = [gevent.spawn(converse, name) for name in range(12)]
    gevent.joinall(talking, raise_error=True)
    assert backend.peak <= 3


def test_stopping_the_proxy_in_the_middle_of_statements_ends_them(
    proxy: Proxy, backend: FakeServer
) -> None:
    hold = Event()
    backend.say("ask", hold)
    clients = [proxy.client() for _ in range(3)]
    for client in clients:
        client.send_query("ask")
    backend.wait_for("ask", times=3)
    proxy.server.stop(grace=0.05)
    hold.set()
    assert proxy.pool.out == 0
    assert [client.wire.read_to_end() for client in clients] == [b""] * 3


def test_stopping_the_proxy_in_the_middle_of_a_reset_gives_the_connection_back(
    proxy: Proxy, backend: FakeServer
) -> None:
    hold = Event()
    backend.say(RESET, hold)
    client = proxy.client()
    begin(client)
    client.close()
    backend.wait_for(RESET)
    proxy.server.stop(grace=0.05)
    hold.set()
    assert (proxy.pool.out, proxy.pool.idle) == (0, 0)


def test_two_statements_at_once_of_one_client_run_one_after_the_other(
    client: Client, backend: FakeServer
) -> None:
    sent = ["BEGIN", "SELECT 1", "COMMIT"]
    client.wire.send(b"".join(frame(b"\x03" + sql.encode(), 0) for sql in sent))
    for status in (3, 3, 2):
        client.wire.deframer.sequence_id = 1
        assert client.reply().status == status
    assert backend.seen == [SET_NAMES, *sent]
