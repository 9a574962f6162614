"""When a session keeps its server connection for itself, and when it lets go of it."""

from __future__ import annotations

import pytest

from athena_g.protocol.constants import (
    CLIENT_MULTI_STATEMENTS,
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_IN_TRANS,
    Command,
)
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy
from tests.fakes.replies import MORE
from tests.fakes.server import IN_TRANSACTION, FakeServer

from .names import RESET, statements


def holds(proxy: Proxy) -> bool:
    """Whether the one client of the proxy keeps its connection between statements."""
    assert proxy.pool.out + proxy.pool.idle <= 1
    return proxy.pool.out == 1


def test_a_statement_gives_its_connection_back(client: Client, proxy: Proxy) -> None:
    client.query("SELECT 1")
    assert not holds(proxy)


def test_a_transaction_holds_its_connection_up_to_its_end(client: Client, proxy: Proxy) -> None:
    for sql, held in [
        ("BEGIN", True),
        ("SELECT 1", True),
        ("INSERT INTO t VALUES (1)", True),
        ("COMMIT", False),
        ("START TRANSACTION READ ONLY", True),
        ("ROLLBACK", False),
    ]:
        client.query(sql)
        assert holds(proxy) is held, sql


def test_the_status_flags_count_and_not_the_text(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("CALL begin_for_me()", replies.ok(status=IN_TRANSACTION))
    backend.say("ROLLBACK TO SAVEPOINT s", replies.ok(status=IN_TRANSACTION))
    backend.say("CREATE TABLE t2 (a INT)", replies.ok())
    client.query("SELECT 1")
    client.query("BEGIN")
    client.query("ROLLBACK TO SAVEPOINT s")
    assert holds(proxy)
    client.query("CREATE TABLE t2 (a INT)")
    assert not holds(proxy)


@pytest.mark.parametrize("rows", [0, 3])
def test_a_result_set_may_open_a_transaction(
    client: Client, proxy: Proxy, backend: FakeServer, rows: int
) -> None:
    """As with autocommit = 0."""
    backend.say("SELECT a", replies.result([["x"]] * rows, status=SERVER_STATUS_IN_TRANS))
    client.query("SELECT a")
    assert holds(proxy)


def test_the_last_of_several_results_tells(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("SELECT a", replies.ok(status=MORE), replies.ok(first=2, status=IN_TRANSACTION))
    client.send_query("SELECT a")
    client.replies()
    assert holds(proxy)


def test_a_failed_statement_leaves_the_transaction_open(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("INSERT", replies.err(1062, "Duplicate entry"))
    client.query("BEGIN")
    assert client.query("INSERT").errno == 1062
    assert holds(proxy)
    client.query("COMMIT")
    assert not holds(proxy)


def test_a_failed_plain_statement_holds_nothing(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("SELECT nothing", replies.err(1054, "Unknown column"))
    client.query("SELECT nothing")
    assert not holds(proxy)


def test_a_failed_call_is_held_until_the_status_is_known(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("DO x()", replies.err(1644, "It began a transaction and failed"))
    client.query("DO x()")
    assert holds(proxy)
    client.query("SELECT 1")
    assert not holds(proxy)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT GET_LOCK('a', 1)",
        "LOCK TABLES t WRITE",
        "FLUSH TABLES WITH READ LOCK",
        "HANDLER t OPEN",
        "XA START 'x'",
        "PREPARE s FROM 'SELECT 1'",
        "SET @a = 1",
        "SELECT @a := 1",
        "/* first */ LOCK TABLES t READ",
    ],
)
def test_what_only_one_connection_has_pins_it(client: Client, proxy: Proxy, sql: str) -> None:
    client.query(sql)
    client.query("SELECT 1")
    assert holds(proxy)


def test_the_server_may_say_that_state_changed(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("CREATE TEMPORARY TABLE t (a INT)", replies.ok(session_state=replies.STATE_CHANGED))
    client.query("CREATE TEMPORARY TABLE t (a INT)")
    client.query("SELECT 1")
    assert holds(proxy)


def test_one_of_several_statements_may_pin(proxy: Proxy) -> None:
    client = proxy.client(flags=CLIENT_MULTI_STATEMENTS)
    client.query("SELECT 1; LOCK TABLES t READ")
    assert holds(proxy)


def test_the_state_of_a_transaction_alone_does_not_pin(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    """Kind 5 of session state, which MySQL can be told to send."""
    backend.say("SELECT a", replies.ok(session_state=b"\5\x09\x08________"))
    client.query("SELECT a")
    assert not holds(proxy)


def test_a_server_that_does_not_track_its_sessions_is_not_shared(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    backend.tracks = False
    proxy = make_proxy()
    client = proxy.client()
    client.query("SELECT 1")
    assert holds(proxy)
    client.quit()
    proxy.wait_idle()
    assert backend.seen[-1] == RESET


def test_a_reset_of_the_connection_unpins_it(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    client.query("SET @a = 1")
    assert client.ask(Command.RESET_CONNECTION).ok
    assert not holds(proxy)
    client.query("SELECT 1")
    assert not holds(proxy)
    assert statements(backend) == ["SET @a = 1", "SELECT 1"]
    assert backend.seen.count(RESET) == 1


def test_a_reset_of_the_connection_rolls_back(client: Client, backend: FakeServer) -> None:
    client.query("BEGIN")
    assert client.ask(Command.RESET_CONNECTION).status == SERVER_STATUS_AUTOCOMMIT
    assert backend.rollbacks == 1


def test_a_reset_also_takes_away_what_a_kept_connection_knows(
    client: Client, backend: FakeServer
) -> None:
    """A session without pin: the server still knows its LAST_INSERT_ID()."""
    client.query("INSERT INTO t VALUES (1)")
    client.ask(Command.RESET_CONNECTION)
    client.query("SELECT LAST_INSERT_ID()")
    assert backend.seen[-3] == RESET


def test_a_pinning_statement_that_was_never_sent_pins_nothing(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.login_reply = (replies.err(1045, "no", first=2),)
    assert client.query("SET @a = 1").errno == 1105
    backend.login_reply = None
    client.query("SELECT 1")
    assert not holds(proxy)


def test_a_pinning_question_that_was_refused_pins_nothing(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    client, other = proxy.client(), proxy.client()
    client.query("INSERT INTO t VALUES (1)")
    other.query("SELECT 1")
    assert client.query("SELECT @a := LAST_INSERT_ID()").errno == 1105
    client.query("SELECT 1")
    assert not holds(proxy)


def test_a_schema_that_changed_behind_the_proxys_back_is_never_handed_on(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("EXECUTE use_other", replies.ok(session_state=replies.schema_changed("other")))
    client.query("EXECUTE use_other")
    client.query("SELECT 1")
    assert holds(proxy)
    client.quit()
    proxy.wait_idle()
    assert proxy.pool.idle == 0
    assert backend.connections[0].ended.wait(5)


def test_a_connection_that_saw_an_xa_transaction_is_never_handed_on(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    """MariaDB's reset does not end one."""
    client.query("XA START 'x'")
    client.quit()
    proxy.wait_idle()
    assert proxy.pool.idle == 0
    assert RESET not in backend.seen


def test_choosing_the_database_brings_a_held_connection_back_to_it(
    client: Client, backend: FakeServer
) -> None:
    backend.say("DROP DATABASE shop", replies.ok(session_state=replies.schema_changed("")))
    client.query("DROP DATABASE shop")
    assert client.query("USE shop").ok
    assert backend.record[-1] == (1, "INIT_DB shop")


def test_a_reset_of_a_changed_schema_goes_back_to_the_own_one(
    client: Client, backend: FakeServer
) -> None:
    backend.say("EXECUTE use_other", replies.ok(session_state=replies.schema_changed("other")))
    client.query("EXECUTE use_other")
    client.ask(Command.RESET_CONNECTION)
    client.query("SELECT 1")
    assert backend.record[-1] == (2, "SELECT 1")
