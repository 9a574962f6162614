"""Questions about a session's last statement, whoever has its connection by now."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from athena_g.backend.look_back import ASK_CONDITIONS, ASK_INSERT_ID
from tests.fakes import replies
from tests.fakes.client import Client
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy
from tests.fakes.server import FakeServer

CONDITIONS = replies.result(
    [["Warning", "1264", "Out of range"], ["Error", "1062", "Duplicate"], ["Note", "1051", "gone"]],
    columns=("Level", "Code", "Message"),
)


@pytest.fixture
def single(make_proxy: MakeProxy, backend: FakeServer) -> Proxy:
    """A proxy with one connection for all; statements that leave something to ask about."""
    backend.say("UPDATE 1", replies.ok(affected_rows=3))
    backend.say("INSERT 1", replies.ok(affected_rows=1, last_insert_id=7))
    backend.say("INSERT IGNORE", replies.ok(affected_rows=1, warnings=3))
    backend.say("INSERT again", replies.err(1062, "Duplicate"))
    backend.say("SELECT a", replies.result([["x"]] * 5))
    backend.say(ASK_CONDITIONS, CONDITIONS)
    return make_proxy(max_open=1)


def asked_later(proxy: Proxy, statement: str) -> Client:
    """A client that ran a statement, and whose connection was another's since."""
    client = proxy.client()
    client.query(statement)
    assert proxy.client().query("SELECT 'other'").rows
    return client


# --- With the connection still there --------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    ["SELECT LAST_INSERT_ID()", "SHOW WARNINGS", "SELECT ROW_COUNT()", "SELECT FOUND_ROWS()"],
)
def test_the_connection_that_knows_is_asked_as_it_was_said(
    single: Proxy, backend: FakeServer, question: str
) -> None:
    client = single.client()
    client.query("INSERT IGNORE")
    backend.record.clear()
    assert client.query(question).errno == 0
    assert backend.seen == [question]


# --- After another session had it -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "question", "sent"),
    [
        (
            "UPDATE 1",
            "SELECT ROW_COUNT()",
            "SELECT CAST('000000000000000000003' AS SIGNED) AS `ROW_COUNT()`",
        ),
        (
            "SELECT a",
            "SELECT ROW_COUNT() AS n",
            "SELECT CAST('-00000000000000000001' AS SIGNED) AS n",
        ),
        (
            "SELECT a",
            "SELECT FOUND_ROWS()",
            "SELECT CAST('000000000000000000005' AS SIGNED) AS `FOUND_ROWS()`",
        ),
        (
            "INSERT again",
            "SELECT ROW_COUNT()",
            "SELECT CAST('-00000000000000000001' AS SIGNED) AS `ROW_COUNT()`",
        ),
        (
            "INSERT IGNORE",
            "SELECT @@warning_count",
            "SELECT CAST('000000000000000000003' AS UNSIGNED) AS `@@warning_count`",
        ),
        (
            "INSERT IGNORE",
            "SELECT @@error_count",
            "SELECT CAST('000000000000000000001' AS UNSIGNED) AS `@@error_count`",
        ),
        (
            "UPDATE 1",
            "INSERT INTO log VALUES (ROW_COUNT())",
            "INSERT INTO log VALUES (CAST('000000000000000000003' AS SIGNED))",
        ),
        ("UPDATE 1", "SET @n = ROW_COUNT()", "SET @n = CAST('000000000000000000003' AS SIGNED)"),
    ],
)
def test_an_answer_takes_the_place_of_the_question(
    single: Proxy, backend: FakeServer, statement: str, question: str, sent: str
) -> None:
    assert asked_later(single, statement).query(question).errno == 0
    assert sent in backend.seen
    assert question not in backend.seen


def test_an_insert_id_goes_with_its_session(single: Proxy, backend: FakeServer) -> None:
    backend.connections.clear()
    client = single.client()
    client.query("INSERT 1")
    backend.connections[0].insert_id = 7
    assert single.client().query("SELECT 'other'").rows
    assert ASK_INSERT_ID in backend.seen
    client.query("SELECT LAST_INSERT_ID()")
    assert backend.seen[-2:] == ["SET SESSION last_insert_id = 7", "SELECT LAST_INSERT_ID()"]


def test_an_insert_id_is_not_shown_to_the_next_session(single: Proxy, backend: FakeServer) -> None:
    client = single.client()
    client.query("INSERT 1")
    backend.connections[0].insert_id = 7
    single.client().query("SELECT LAST_INSERT_ID()")
    assert backend.seen[-2:] == ["SET SESSION last_insert_id = 0", "SELECT LAST_INSERT_ID()"]


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("SHOW WARNINGS", [[b"Warning", b"1264", b"Out of range"],
                           [b"Error", b"1062", b"Duplicate"], [b"Note", b"1051", b"gone"]]),
        ("SHOW ERRORS", [[b"Error", b"1062", b"Duplicate"]]),
        ("show warnings limit 1", [[b"Warning", b"1264", b"Out of range"]]),
        ("SHOW WARNINGS LIMIT 2, 5", [[b"Note", b"1051", b"gone"]]),
        ("SHOW WARNINGS LIMIT 5 OFFSET 2", [[b"Note", b"1051", b"gone"]]),
        ("SHOW COUNT(*) WARNINGS", [[b"3"]]),
        ("SHOW COUNT(*) ERRORS", [[b"1"]]),
    ],
)  # fmt: skip
def test_conditions_are_shown_without_a_server(
    single: Proxy, backend: FakeServer, question: str, rows: list[list[bytes]]
) -> None:
    client = asked_later(single, "INSERT IGNORE")
    backend.record.clear()
    assert client.query(question).rows == rows
    assert backend.seen == []


def test_conditions_may_be_shown_again_and_again(single: Proxy) -> None:
    client = asked_later(single, "INSERT again")
    assert client.query("SHOW WARNINGS").rows == client.query("SHOW WARNINGS").rows


def test_a_statement_without_conditions_shows_none(single: Proxy, backend: FakeServer) -> None:
    client = asked_later(single, "UPDATE 1")
    backend.record.clear()
    reply = client.query("SHOW WARNINGS")
    assert (reply.rows, reply.columns, backend.seen) == ([], 3, [])


def test_answers_are_those_of_the_last_statement(single: Proxy, backend: FakeServer) -> None:
    client = asked_later(single, "UPDATE 1")
    client.query("SELECT a")
    assert single.client().query("SELECT 'other'").rows
    client.query("SELECT ROW_COUNT()")
    assert "SELECT CAST('-00000000000000000001' AS SIGNED) AS `ROW_COUNT()`" in backend.seen


@pytest.mark.parametrize(
    "question",
    ["GET DIAGNOSTICS @n = NUMBER", "SELECT 1 UNION SELECT ROW_COUNT() ORDER BY ROW_COUNT()"],
)
def test_what_cannot_be_answered_from_memory_is_refused(
    single: Proxy, backend: FakeServer, question: str
) -> None:
    client = asked_later(single, "INSERT IGNORE")
    reply = client.query(question)
    assert (reply.errno, "would answer for another connection" in reply.message) == (1105, True)
    assert question not in backend.seen
    assert client.query("SELECT 1").rows


def test_questions_in_a_transaction_are_its_connections(single: Proxy, backend: FakeServer) -> None:
    client = single.client()
    for sql in ("BEGIN", "UPDATE 1", "SELECT ROW_COUNT()"):
        client.query(sql)
    assert backend.seen[-1] == "SELECT ROW_COUNT()"


@pytest.mark.parametrize("sql", ["BEGIN", "COMMIT"])
def test_a_statement_that_no_server_saw_counted_no_rows(
    single: Proxy, backend: FakeServer, sql: str
) -> None:
    client = single.client()
    client.query("UPDATE 1")
    client.query(sql)
    client.query("SELECT ROW_COUNT()")
    assert backend.seen[-1] == "SELECT CAST('000000000000000000000' AS SIGNED) AS `ROW_COUNT()`"


def test_a_session_that_asks_waits_until_its_connection_was_asked(
    single: Proxy, backend: FakeServer
) -> None:
    hold = Event()
    backend.say(ASK_INSERT_ID, hold, replies.result([["7"]]))
    one, two = single.client(), single.client()
    one.query("INSERT 1")
    two.send_query("SELECT 2")
    backend.wait_for(ASK_INSERT_ID)
    asking = gevent.spawn(one.query, "SELECT LAST_INSERT_ID()")
    gevent.idle()
    hold.set()
    assert two.reply().rows
    assert asking.get().errno == 0
    assert "SET SESSION last_insert_id = 7" in backend.seen


def test_conditions_beside_a_set_survive_the_proxys_own_question(
    single: Proxy, backend: FakeServer
) -> None:
    backend.say("SET some_variable = 1", replies.ok(warnings=1))
    client = single.client()
    client.query("SET some_variable = 1")
    assert len(client.query("SHOW WARNINGS").rows) == 3
    assert backend.seen[-1] != "SHOW WARNINGS"


# --- The session's own id -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "sent"),
    [
        ("SELECT CONNECTION_ID()", "SELECT CAST({} AS UNSIGNED) AS `CONNECTION_ID()`"),
        ("SELECT @@pseudo_thread_id AS id", "SELECT CAST({} AS UNSIGNED) AS id"),
    ],
)  # fmt: skip
def test_the_connection_id_is_the_proxys(
    single: Proxy, backend: FakeServer, question: str, sent: str
) -> None:
    client = single.client()
    client.query(question)
    assert backend.seen[-1] == sent.format(client.greeting.connection_id)


@pytest.mark.parametrize(
    "question",
    [
        "SELECT IS_USED_LOCK('a') = connection_id()",
        "SELECT info FROM information_schema.PROCESSLIST WHERE id = CONNECTION_ID()",
        "SELECT * FROM performance_schema.threads WHERE processlist_id = @@pseudo_thread_id",
    ],
)
def test_what_the_server_says_of_its_own_connections_is_compared_with_its_own_id(
    single: Proxy, backend: FakeServer, question: str
) -> None:
    single.client().query(question)
    assert backend.seen[-1] == question


def test_a_session_without_any_statement_has_nothing_to_look_back_at(
    single: Proxy, backend: FakeServer
) -> None:
    client = single.client()
    assert client.query("SHOW WARNINGS").rows == []
    assert client.query("SELECT LAST_INSERT_ID()").value == b"0"


# --- What the proxy itself answered ---------------------------------------------------------------


@pytest.mark.parametrize("begin", ["BEGIN", "SELECT 1"])
def test_an_error_of_the_proxys_own_is_shown(
    single: Proxy, backend: FakeServer, begin: str
) -> None:
    """Also while the session holds a connection, which knows only of an earlier statement."""
    client = single.client()
    client.query(begin)
    client.query("INSERT IGNORE")
    backend.record.clear()
    assert client.query("KILL 4711").errno == 1094
    assert client.query("SHOW WARNINGS").rows == [[b"Error", b"1094", b"Unknown thread id: 4711"]]
    client.query("SELECT @@error_count")
    assert backend.seen == ["SELECT CAST('000000000000000000001' AS UNSIGNED) AS `@@error_count`"]
