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
from tests.fakes.proxy import Proxy, until
from tests.fakes.replies import MORE
from tests.fakes.server import IN_TRANSACTION, FakeServer

from .names import RESET, SET_NAMES, statements


def holds(proxy: Proxy) -> bool:
    """Whether the one client of the proxy keeps its connection between statements."""
    assert proxy.pool.out + proxy.pool.idle <= 1
    return proxy.pool.out == 1


def test_a_statement_gives_its_connection_back(client: Client, proxy: Proxy) -> None:
    client.query("SELECT 1")
    assert not holds(proxy)


def test_a_transaction_holds_its_connection_up_to_its_end(client: Client, proxy: Proxy) -> None:
    for sql, held in [
        ("BEGIN", False),
        ("SELECT 1", True),
        ("INSERT INTO t VALUES (1)", True),
        ("COMMIT", False),
        ("START TRANSACTION WITH CONSISTENT SNAPSHOT", True),
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
    client.query("SELECT 1")
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


@pytest.mark.parametrize(("status", "held"), [(IN_TRANSACTION, True), (2, False)])
def test_after_a_failure_that_may_have_begun_a_transaction_the_server_is_asked(
    client: Client, proxy: Proxy, backend: FakeServer, status: int, held: bool
) -> None:
    """An ERR says nothing of it."""
    backend.say("DO x()", replies.err(1644, "It may have begun a transaction"))
    backend.say("PING", replies.ok(status=status))
    assert client.query("DO x()").errno == 1644
    assert client.query("SELECT 1").rows
    assert backend.seen[-2:] == ["PING", "SELECT 1"]
    assert client.query("SELECT 2").rows
    assert holds(proxy) is False
    client.query("DO x()")
    until(lambda: holds(proxy) is held, "the status is not known")


def test_with_autocommit_off_any_failure_may_have_begun_one(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("SELECT nothing", replies.err(1054, "Unknown column"))
    backend.say("PING", replies.ok(status=SERVER_STATUS_IN_TRANS))
    backend.say("SET autocommit = 0", replies.ok(status=0))
    client.query("SET autocommit = 0")
    client.query("SELECT nothing")
    until(lambda: holds(proxy), "the connection was given back")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT GET_LOCK('a', 1)",
        "LOCK TABLES t WRITE",
        "FLUSH TABLES WITH READ LOCK",
        "HANDLER t OPEN",
        "XA START 'x'",
        "PREPARE s FROM 'SELECT 1'",
        "CREATE TEMPORARY TABLE t (a INT)",
        "SET @a = a + 1",
        "SET TRANSACTION READ ONLY",
        "SELECT @a := 1",
        "CALL p()",
        "/* first */ LOCK TABLES t READ",
    ],
)
def test_what_only_one_connection_has_pins_it(client: Client, proxy: Proxy, sql: str) -> None:
    client.query(sql)
    client.query("SELECT 1")
    assert holds(proxy)


@pytest.mark.parametrize(
    "sql",
    ["SET @a = 1", "SET sql_mode = ''", "SET NAMES latin1", "SET autocommit = 0, @a = 'x'",
     "SET SESSION TRANSACTION READ ONLY"],
)  # fmt: skip
def test_what_can_be_brought_to_another_connection_pins_nothing(
    client: Client, proxy: Proxy, sql: str
) -> None:
    assert client.query(sql).ok
    client.query("SELECT 1")
    assert not holds(proxy)


@pytest.mark.parametrize(
    ("takes", "frees"),
    [
        ("SELECT GET_LOCK('a', 1)", "SELECT RELEASE_LOCK('a')"),
        ("SELECT GET_LOCK('a', 1)", "DO RELEASE_ALL_LOCKS()"),
        ("LOCK TABLES t WRITE", "UNLOCK TABLES"),
        ("FLUSH TABLES WITH READ LOCK", "UNLOCK TABLES"),
        ("HANDLER t OPEN", "HANDLER t CLOSE"),
        ("PREPARE s FROM 'SELECT 1'", "DEALLOCATE PREPARE s"),
        ("PREPARE s FROM @a", "DEALLOCATE PREPARE S"),
        ("CREATE TEMPORARY TABLE t (a INT)", "DROP TEMPORARY TABLE t"),
        ("SET @a = a + 1", "SET @a = 1"),
        ("SELECT SQL_CALC_FOUND_ROWS 1", "SELECT 2"),
    ],
)
def test_a_session_is_unpinned_as_soon_as_the_reason_is_gone(
    client: Client, proxy: Proxy, takes: str, frees: str
) -> None:
    client.query(takes)
    assert holds(proxy)
    client.query(frees)
    assert not holds(proxy)


def test_a_statement_that_cannot_be_prepared_takes_the_former_one_with_it(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("PREPARE s FROM 'SELECT nosuch'", replies.err(1054, "Unknown column 'nosuch'"))
    client.query("PREPARE s FROM 'SELECT 1'")
    client.query("PREPARE s FROM 'SELECT nosuch'")
    assert not holds(proxy)


@pytest.mark.parametrize(
    ("errno", "text"),
    [(1064, "'SELEKT'"), (1317, "'SELECT 2'"), (1054, "CONCAT(nosuch)")],
    ids=["perhaps not understood", "interrupted", "an expression"],
)
def test_the_former_statement_may_be_there_when_it_is_not_sure(
    client: Client, proxy: Proxy, backend: FakeServer, errno: int, text: str
) -> None:
    backend.say(f"PREPARE s FROM {text}", replies.err(errno, "no"))
    client.query("PREPARE s FROM 'SELECT 1'")
    client.query(f"PREPARE s FROM {text}")
    assert holds(proxy)


@pytest.mark.parametrize(
    ("text", "pins"), [("'UPDATE t SET a = 1'", False), ("'SET @a = 1'", True), ("@a", True)]
)
def test_executing_a_plain_statement_pins_nothing(
    client: Client, proxy: Proxy, text: str, pins: bool
) -> None:
    for sql in (f"PREPARE s FROM {text}", "EXECUTE s", "DROP PREPARE s"):
        client.query(sql)
    assert holds(proxy) is pins


def test_executing_what_replaced_a_plain_statement_pins(client: Client, proxy: Proxy) -> None:
    for sql in ("PREPARE s FROM 'SELECT 1'", "PREPARE s FROM CONCAT(@a)", "EXECUTE s"):
        client.query(sql)
    client.query("DROP PREPARE s")
    assert holds(proxy)


def test_executing_what_is_not_prepared_pins_nothing(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("EXECUTE s", replies.err(1243, "Unknown prepared statement handler"))
    client.query("EXECUTE s")
    until(lambda: not holds(proxy), "it is pinned")


@pytest.mark.parametrize("sql", ["SET DEFAULT ROLE r TO app", "SET PASSWORD = 'x'"])
def test_what_changes_an_account_pins_nothing(client: Client, proxy: Proxy, sql: str) -> None:
    client.query(sql)
    assert not holds(proxy)


@pytest.mark.parametrize("later", ["SELECT 1", "SET @g = 1", "SELECT RELEASE_ALL_LOCKS()"])
def test_what_was_selected_into_a_user_variable_pins_for_good(
    client: Client, proxy: Proxy, later: str
) -> None:
    client.query("SELECT GET_LOCK('a', 1)")
    for sql in ("SELECT RELEASE_ALL_LOCKS() INTO @g", later):
        client.query(sql)
        assert holds(proxy), sql


@pytest.mark.parametrize("begin", ["BEGIN", "START TRANSACTION READ ONLY"])
@pytest.mark.parametrize("locks", ["LOCK TABLES t WRITE", "FLUSH TABLES t WITH READ LOCK"])
def test_a_transaction_that_begins_unlocks_tables(
    client: Client, proxy: Proxy, backend: FakeServer, locks: str, begin: str
) -> None:
    for sql in (locks, begin, "INSERT 1"):
        client.query(sql)
        assert holds(proxy), sql
    assert statements(backend) == [locks, begin, "INSERT 1"]
    client.query("COMMIT")
    assert not holds(proxy)


def test_a_begin_that_failed_unlocks_nothing(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("BEGIN", replies.err(1192, "Can't execute the given command"))
    for sql in ("LOCK TABLES t WRITE", "BEGIN", "COMMIT"):
        client.query(sql)
    assert holds(proxy)


def test_the_lock_of_the_whole_server_outlives_the_beginning_of_a_transaction(
    client: Client, proxy: Proxy
) -> None:
    for sql in ("FLUSH TABLES WITH READ LOCK", "BEGIN", "COMMIT", "SELECT 1"):
        client.query(sql)
    assert holds(proxy)


def test_a_lock_taken_twice_is_released_twice(client: Client, proxy: Proxy) -> None:
    for sql, held in [
        ("SELECT GET_LOCK('a', 1)", True),
        ("SELECT GET_LOCK('a', 1)", True),
        ("SELECT RELEASE_LOCK('a')", True),
        ("SELECT RELEASE_LOCK('a')", False),
    ]:
        client.query(sql)
        assert holds(proxy) is held


def test_a_release_that_failed_frees_nothing(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("DROP TEMPORARY TABLE t", replies.err(1051, "Unknown table"))
    client.query("CREATE TEMPORARY TABLE t (a INT)")
    client.query("DROP TEMPORARY TABLE t")
    assert holds(proxy)


def test_a_connection_that_was_pinned_is_reset_before_another_session_gets_it(
    make_proxy: MakeProxy, backend: FakeServer
) -> None:
    proxy = make_proxy(max_open=1)
    one, two = proxy.client(), proxy.client()
    one.query("LOCK TABLES t WRITE")
    one.query("UNLOCK TABLES")
    backend.record.clear()
    two.query("SELECT 2")
    assert backend.seen == [RESET, SET_NAMES, "SELECT 2"]


def test_found_rows_is_asked_where_they_were_counted(client: Client, proxy: Proxy) -> None:
    client.query("SELECT SQL_CALC_FOUND_ROWS 1")
    assert client.query("SELECT FOUND_ROWS()").rows
    assert holds(proxy)
    client.query("SELECT 1")
    assert not holds(proxy)


def test_the_pool_knows_why_a_connection_is_bound(client: Client, proxy: Proxy) -> None:
    client.query("SELECT GET_LOCK('a', 1)")
    assert proxy.pool.transactions.reasons() == {"GET_LOCK": 1}
    client.query("SELECT RELEASE_LOCK('a')")
    assert not proxy.pool.transactions


def test_the_server_may_say_that_state_changed(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.say("ANALYZE me", replies.ok(session_state=replies.STATE_CHANGED))
    client.query("ANALYZE me")
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
    client.query("SELECT @a := 1")
    assert client.ask(Command.RESET_CONNECTION).ok
    assert not holds(proxy)
    client.query("SELECT 1")
    assert not holds(proxy)
    assert RESET in backend.seen
    seen = [label for label in statements(backend) if label != "PING"]
    assert seen == ["SELECT @a := 1", "SELECT 1"]
    assert backend.seen.count(RESET) == 1


def test_a_reset_of_the_connection_rolls_back(client: Client, backend: FakeServer) -> None:
    client.query("BEGIN")
    client.query("SELECT 1")
    assert client.ask(Command.RESET_CONNECTION).status == SERVER_STATUS_AUTOCOMMIT
    assert backend.rollbacks == 1


def test_a_reset_also_takes_away_what_a_kept_connection_knows(
    client: Client, backend: FakeServer
) -> None:
    """A session without pin: the server still knows its LAST_INSERT_ID()."""
    backend.say("INSERT 1", replies.ok(last_insert_id=7))
    client.query("INSERT 1")
    client.ask(Command.RESET_CONNECTION)
    client.query("SELECT LAST_INSERT_ID()")
    assert backend.seen[-2:] == [
        "SET NAMES DEFAULT, SESSION last_insert_id = 0",
        "SELECT LAST_INSERT_ID()",
    ]


def test_a_reset_also_takes_away_what_was_set(client: Client, backend: FakeServer) -> None:
    client.query("SET time_zone = '+01:00', @a = 5")
    client.ask(Command.RESET_CONNECTION)
    assert client.query("SELECT @@SESSION.time_zone, @a").rows == [[b"default", b"default"]]


def test_a_pinning_statement_that_was_never_sent_pins_nothing(
    client: Client, proxy: Proxy, backend: FakeServer
) -> None:
    backend.login_reply = (replies.err(1045, "no", first=2),)
    assert client.query("LOCK TABLES t READ").errno == 1105
    backend.login_reply = None
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
