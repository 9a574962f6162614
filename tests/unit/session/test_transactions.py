"""Transactions: BEGIN waits for a statement, COMMIT of nothing asks no server."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from athena_g.backend.look_back import ASK_CONDITIONS
from athena_g.protocol.constants import Command
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy, until
from tests.fakes.server import FakeServer, hang_up

from .names import RESET, SET_NAMES, statements

AUTOCOMMIT, IN_TRANS, READ_ONLY = 2, 1, 0x2000
BEGUN = AUTOCOMMIT | IN_TRANS


# --- BEGIN ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "status"),
    [
        ("BEGIN", BEGUN),
        ("begin work;", BEGUN),
        ("/* driver */ START TRANSACTION", BEGUN),
        ("START TRANSACTION READ WRITE", BEGUN),
        ("START TRANSACTION READ ONLY", BEGUN | READ_ONLY),
    ],
)
def test_a_begin_is_answered_without_a_server(
    client: Client, backend: FakeServer, sql: str, status: int
) -> None:
    assert client.query(sql).status == status
    assert backend.seen == []


@pytest.mark.parametrize("sql", ["BEGIN", "START TRANSACTION READ ONLY"])
def test_the_statement_takes_the_begin_along_as_it_was_said(
    client: Client, backend: FakeServer, sql: str
) -> None:
    client.query("SELECT 0")
    backend.record.clear()
    client.query(sql)
    assert client.query("SELECT 1").status == BEGUN
    assert backend.seen == [sql, "SELECT 1"]
    client.query("SELECT 2")
    assert backend.seen == [sql, "SELECT 1", "SELECT 2"]


def test_the_begin_costs_no_round_trip(client: Client, backend: FakeServer) -> None:
    client.query("SELECT 0")
    hold = Event()
    backend.say("BEGIN", hold, replies.ok(status=BEGUN))
    client.query("BEGIN")
    client.send_query("SELECT 1")
    backend.wait_for("BEGIN")
    pending = backend.connections[0].wire.deframer
    until(lambda: bool(pending.pending), "the statement did not come along")
    hold.set()
    assert client.reply().value == b"SELECT 1"


def test_a_begin_goes_out_behind_the_settings(client: Client, backend: FakeServer) -> None:
    client.query("BEGIN")
    client.query("SELECT 1")
    assert backend.seen == [SET_NAMES, "BEGIN", "SELECT 1"]


def test_a_begin_behind_a_begin_that_waits_sends_both(client: Client, backend: FakeServer) -> None:
    """What the first one says may hold for the second."""
    client.query("BEGIN")
    client.query("START TRANSACTION READ ONLY")
    client.query("SELECT 1")
    assert statements(backend) == ["BEGIN", "START TRANSACTION READ ONLY", "SELECT 1"]


def test_a_begin_within_a_transaction_is_the_servers_which_commits(
    client: Client, backend: FakeServer
) -> None:
    for sql in ("BEGIN", "INSERT 1", "BEGIN", "SELECT 1"):
        assert client.query(sql).status & IN_TRANS
    assert statements(backend) == ["BEGIN", "INSERT 1", "BEGIN", "SELECT 1"]


def test_a_snapshot_is_taken_at_once(client: Client, backend: FakeServer) -> None:
    sql = "START TRANSACTION WITH CONSISTENT SNAPSHOT"
    assert client.query(sql).status == BEGUN
    assert statements(backend) == [sql]


@pytest.mark.parametrize("setting", ["SESSION transaction_read_only = 1", "completion_type = 1"])
def test_settings_that_change_what_begin_means_leave_it_to_the_server(
    client: Client, backend: FakeServer, setting: str
) -> None:
    client.query(f"SET {setting}")
    client.query("BEGIN")
    assert backend.seen[-1] == "BEGIN"


def test_a_begin_that_the_server_refuses_is_the_statements_error(
    client: Client, backend: FakeServer, proxy: Proxy
) -> None:
    backend.say("BEGIN", replies.err(1792, "not here"))
    client.query("BEGIN")
    assert "not here (1792)" in client.query("SELECT 1").message
    assert client.ask(Command.RESET_CONNECTION).ok
    assert client.query("SELECT 2").status == AUTOCOMMIT


def test_a_statement_that_failed_at_its_begin_may_be_tried_again(
    client: Client, backend: FakeServer
) -> None:
    """The server was never reached, so nothing is lost."""
    backend.login_reply = (replies.err(1040, "Too many connections", first=2),)
    client.query("BEGIN")
    assert client.query("INSERT 1").errno == 1040
    backend.login_reply = None
    assert client.query("INSERT 1").status == BEGUN
    assert statements(backend) == ["BEGIN", "INSERT 1"]


def test_a_failed_statement_leaves_the_transaction_it_began(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    """An ERR does not say so: the server is asked."""
    backend.say("SELECT nothing", replies.err(1054, "Unknown column"))
    client.query("BEGIN")
    assert client.query("SELECT nothing").errno == 1054
    until(lambda: len(proxy.pool.transactions) == 1, "the connection was given back")
    assert client.query("COMMIT").status == AUTOCOMMIT
    assert statements(backend) == [
        "BEGIN", "SELECT nothing", ASK_CONDITIONS, "PING", "COMMIT",
    ]  # fmt: skip


# --- Its end --------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", "COMMIT WORK AND NO CHAIN NO RELEASE"])
@pytest.mark.parametrize("begin", [[], ["BEGIN"]], ids=["nothing", "a begin"])
def test_the_end_of_nothing_asks_no_server(
    client: Client, backend: FakeServer, begin: list[str], end: str
) -> None:
    for sql in begin:
        client.query(sql)
    assert client.query(end).status == AUTOCOMMIT
    client.query("SELECT 1")
    assert statements(backend) == ["SELECT 1"]


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_the_end_of_a_transaction_is_the_servers(
    client: Client, backend: FakeServer, proxy: Proxy, end: str
) -> None:
    for sql in ("BEGIN", "INSERT 1", end):
        status = client.query(sql).status
    assert status == AUTOCOMMIT
    assert backend.seen[-1] == end
    assert (proxy.pool.out, len(proxy.pool.transactions)) == (0, 0)


def test_chaining_nothing_begins_a_transaction_with_the_next_statement(
    client: Client, backend: FakeServer
) -> None:
    assert client.query("COMMIT AND CHAIN").status == BEGUN
    client.query("SELECT 1")
    assert statements(backend) == ["BEGIN", "SELECT 1"]


def test_chaining_a_begin_that_waits_keeps_its_kind(client: Client, backend: FakeServer) -> None:
    client.query("START TRANSACTION READ ONLY")
    client.query("ROLLBACK AND CHAIN")
    client.query("SELECT 1")
    assert statements(backend) == ["START TRANSACTION READ ONLY", "SELECT 1"]


def test_chaining_a_transaction_is_the_servers(
    client: Client, backend: FakeServer, proxy: Proxy
) -> None:
    backend.say("COMMIT AND CHAIN", replies.ok(status=BEGUN))
    for sql in ("BEGIN", "INSERT 1", "COMMIT AND CHAIN"):
        status = client.query(sql).status
    assert status == BEGUN
    assert len(proxy.pool.transactions) == 1


@pytest.mark.parametrize("before", [[], ["BEGIN"], ["BEGIN", "INSERT 1"]])
def test_release_ends_the_session(
    client: Client, proxy: Proxy, backend: FakeServer, before: list[str]
) -> None:
    for sql in before:
        client.query(sql)
    assert client.query("COMMIT RELEASE").ok
    assert client.wire.read_to_end() == b""
    proxy.wait_idle()


def test_a_release_that_failed_ends_nothing(client: Client, backend: FakeServer) -> None:
    backend.say("COMMIT RELEASE", replies.err(1180, "Got error during COMMIT"))
    for sql in ("BEGIN", "INSERT 1"):
        client.query(sql)
    assert client.query("COMMIT RELEASE").errno == 1180
    assert client.query("SELECT 1").rows


def test_a_connection_told_to_release_is_not_used_again(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    for sql in ("BEGIN", "INSERT 1", "ROLLBACK RELEASE"):
        client.query(sql)
    client.wire.read_to_end()
    proxy.wait_idle()
    assert proxy.pool.idle == 0


def test_savepoints_are_the_servers(client: Client, backend: FakeServer) -> None:
    backend.say("ROLLBACK TO SAVEPOINT s", replies.ok(status=BEGUN))
    sent = ["BEGIN", "SAVEPOINT s", "INSERT 1", "ROLLBACK TO SAVEPOINT s", "RELEASE SAVEPOINT s"]
    for sql in sent:
        assert client.query(sql).status == BEGUN
    assert statements(backend) == sent


def test_an_implicit_commit_by_the_server_ends_it(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("CREATE TABLE t (a INT)", replies.ok())
    for sql in ("BEGIN", "INSERT 1"):
        client.query(sql)
    assert client.query("CREATE TABLE t (a INT)").status == AUTOCOMMIT
    assert proxy.pool.out == 0


def test_set_transaction_stays_with_its_connection_up_to_the_transactions_end(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    for sql in ("SET TRANSACTION READ ONLY", "BEGIN", "SELECT 1"):
        client.query(sql)
        assert len(proxy.pool.transactions) == 1
    client.query("COMMIT")
    assert len(proxy.pool.transactions) == 0
    assert {number for number, _ in backend.record} == {1}


@pytest.mark.parametrize(
    ("sql", "held"),
    [
        ("INSERT INTO t VALUES (1)", False),
        ("SELECT a FROM t", False),
        ("SELECT 1", True),
        ("SELECT 1 FROM DUAL", True),
        ("SHOW TABLES", True),
    ],
)
def test_a_statement_that_is_a_transaction_uses_up_set_transaction(
    client: Client, proxy: Proxy, sql: str, held: bool
) -> None:
    client.query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    client.query(sql)
    assert (proxy.pool.out == 1) is held


def test_a_statement_that_failed_does_not_use_up_set_transaction(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("INSERT 1", replies.err(1062, "Duplicate entry"))
    for sql in ("SET TRANSACTION READ ONLY", "INSERT 1"):
        client.query(sql)
    assert proxy.pool.out == 1


# --- What goes with it ----------------------------------------------------------------------------


def test_statements_without_a_table_run_on_the_transactions_connection(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=3)
    one, two = proxy.client(), proxy.client()
    for sql in ("BEGIN", "INSERT 1"):
        one.query(sql)
    two.query("SELECT 2")
    one.query("SELECT NOW()")
    assert backend.record[-1] == (1, "SELECT NOW()")


@pytest.mark.parametrize("last", ["close", "reset"])
def test_a_client_gone_in_a_transaction_is_rolled_back_at_once(
    proxy: Proxy, backend: FakeServer, last: str
) -> None:
    client = proxy.client()
    for sql in ("BEGIN", "INSERT 1"):
        client.query(sql)
    getattr(client.wire, last)()
    backend.wait_for(RESET)
    proxy.wait_idle()
    assert backend.rollbacks == 1


def test_a_client_gone_with_a_begin_that_waits_leaves_nothing(
    proxy: Proxy, backend: FakeServer
) -> None:
    client = proxy.client()
    client.query("SELECT 0")
    client.query("BEGIN")
    client.wire.reset()
    proxy.wait_idle()
    assert proxy.client().query("SELECT 1").status == AUTOCOMMIT
    assert "BEGIN" not in backend.seen


def test_twenty_transactions_do_not_mean_twenty_logins(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=2)

    def transact(name: int) -> None:
        client = proxy.client()
        for sql in ("BEGIN", f"INSERT {name}", "COMMIT"):
            assert client.query(sql).ok

    gevent.joinall([gevent.spawn(transact, name) for name in range(20)], raise_error=True)
    assert len(backend.connections) <= 2
    assert backend.seen.count("COMMIT") == 20


def test_an_answer_of_the_proxys_own_says_how_to_escape(
    client: Client, backend: FakeServer
) -> None:
    """By SERVER_STATUS_NO_BACKSLASH_ESCAPES clients decide how to write the next string."""
    sql = "SET sql_mode = 'NO_BACKSLASH_ESCAPES'"
    backend.say(sql, replies.ok(status=AUTOCOMMIT | 0x200))
    assert client.query(sql).status == AUTOCOMMIT | 0x200
    assert client.query("BEGIN").status == BEGUN | 0x200
    assert client.query("COMMIT").status == AUTOCOMMIT | 0x200


# --- Loss -----------------------------------------------------------------------------------------


def test_a_lost_transaction_is_forgiven_by_rollback_only(
    client: Client, backend: FakeServer
) -> None:
    for sql in ("BEGIN", "INSERT 1"):
        client.query(sql)
    backend.say("die", hang_up)
    assert client.query("die").errno == 2013
    for sql in ("INSERT 2", "COMMIT", "BEGIN", "SAVEPOINT s", "ROLLBACK TO SAVEPOINT s"):
        assert client.query(sql).errno == 1105, sql
    assert client.query("ROLLBACK").status == AUTOCOMMIT
    assert client.query("INSERT 3").ok
    assert [label for label in statements(backend) if label.startswith("INSERT")] == [
        "INSERT 1", "INSERT 3",
    ]  # fmt: skip


def test_a_commit_without_an_answer_may_have_been_done(client: Client, backend: FakeServer) -> None:
    for sql in ("BEGIN", "INSERT 1"):
        client.query(sql)
    backend.say("COMMIT", hang_up)
    reply = client.query("COMMIT")
    assert (reply.errno, "not known whether" in reply.message) == (2013, True)
