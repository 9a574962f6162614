"""A server that dies in a transaction: nothing of it happens, and nothing happens outside it."""

from __future__ import annotations

from collections.abc import Iterator

import pymysql
import pytest

from athena_g.protocol.constants import Command
from tests.fakes.dialogue import Role
from tests.fakes.faults import Act, end, half, pass_then, refuse, reset
from tests.integration.stage import PlainConnection, Stage, Stages, ask, refused, stages
from tests.servers import Server

HOWS = pytest.mark.parametrize("how", [end, reset, half], ids=["end", "reset", "half"])
INSERT = "INSERT INTO kept VALUES (2)"
COUNT = "SELECT COUNT(*) FROM kept"


@pytest.fixture(scope="module")
def standing(server: Server, request: pytest.FixtureRequest) -> Iterator[Stages]:
    with stages(server, request) as made:
        yield made


@pytest.fixture
def stage(standing: Stages) -> Iterator[Stage]:
    with standing.one_test() as stage:
        stage.run("DROP TABLE IF EXISTS kept", "CREATE TABLE kept (id INT PRIMARY KEY)")
        yield stage


def begun(stage: Stage, how: str = "BEGIN") -> PlainConnection:
    """A client in a transaction that has changed a row."""
    client = stage.connect()
    ask(client, "SET time_zone = '+05:00', @kept = 'mine'")
    ask(client, how)
    ask(client, "INSERT INTO kept VALUES (1)")
    return client


def expect_lost_until_rollback(stage: Stage, client: PlainConnection) -> None:
    """Everything is refused up to ROLLBACK; then the session goes on with its settings."""
    for sql in ("SELECT 1", INSERT, "COMMIT", "BEGIN", "SAVEPOINT here"):
        errno, text = refused(client, sql)
        assert (errno, "ROLLBACK" in text, stage.relay.name in text) == (1105, True, True), sql
    ask(client, "ROLLBACK")
    expect_as_before(stage, client)


def expect_as_before(stage: Stage, client: PlainConnection) -> None:
    assert ask(client, "SELECT @@time_zone") == "+05:00"
    assert ask(client, "SELECT @kept") == "mine"
    assert stage.value(COUNT) == 0


@HOWS
@pytest.mark.parametrize("sql", ["SELECT id AS here FROM kept", INSERT])
def test_a_server_that_dies_in_a_transaction_loses_it_and_says_so(
    stage: Stage, sql: str, how: Act
) -> None:
    client = begun(stage)
    role = Role.OK if sql is INSERT else Role.ROW
    fault = stage.relay.plan(role, how, r"VALUES \(2\)|AS here")
    errno, text = refused(client, sql)
    assert (errno, "transaction is lost" in text) == (2013, True)
    assert stage.relay.name in text
    fault.wait()
    expect_lost_until_rollback(stage, client)


@pytest.mark.parametrize("sql", ["SELECT 1", INSERT, "SAVEPOINT here", "RELEASE SAVEPOINT here"])
def test_a_server_that_dies_between_two_statements_loses_the_transaction(
    stage: Stage, sql: str
) -> None:
    client = begun(stage)
    ask(client, "SAVEPOINT here")
    stage.lose_connections()
    errno, text = refused(client, sql)
    assert (errno, "transaction is lost" in text) == (2013, True)
    expect_lost_until_rollback(stage, client)


def test_a_rollback_needs_no_server_once_the_transaction_is_lost(stage: Stage) -> None:
    client = begun(stage)
    stage.relay.refuse_connections()
    stage.lose_connections()
    assert refused(client, "SELECT 1")[0] == 2013
    ask(client, "ROLLBACK")
    assert refused(client, "SELECT 1")[0] == 2003
    stage.relay.listen()
    expect_as_before(stage, client)


def test_a_connection_killed_in_a_transaction_loses_it(stage: Stage) -> None:
    client = begun(stage)
    stage.lose_connections(lambda: stage.run(*(f"KILL {one}" for one in stage.threads())))
    errno, text = refused(client, "SELECT 1")
    assert (errno, "transaction is lost" in text) == (2013, True)
    expect_lost_until_rollback(stage, client)


def test_a_server_that_says_goodbye_in_a_transaction_loses_it(stage: Stage) -> None:
    client = begun(stage)
    stage.relay.plan(Role.OK, refuse(1053, "Server shutdown in progress"), r"VALUES \(2\)")
    errno, text = refused(client, INSERT)
    assert errno in (1053, 2013)
    assert "Server shutdown in progress" in text or "transaction is lost" in text
    expect_lost_until_rollback(stage, client)


def test_an_error_of_the_statement_alone_leaves_the_transaction(stage: Stage) -> None:
    client = begun(stage)
    assert refused(client, "INSERT INTO kept VALUES (1)")[0] == 1062
    ask(client, INSERT)
    assert ask(client, COUNT) == 2
    ask(client, "ROLLBACK")
    expect_as_before(stage, client)


# --- The beginning --------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", ["BEGIN", "START TRANSACTION WITH CONSISTENT SNAPSHOT"])
def test_a_transaction_whose_first_statement_finds_no_server_commits_nothing(
    stage: Stage, begin: str
) -> None:
    client = stage.connect()
    ask(client, begin)
    stage.relay.refuse_connections()
    stage.lose_connections()
    assert refused(client, "INSERT INTO kept VALUES (1)")[0] in (2003, 2013)
    stage.relay.listen()
    try:
        ask(client, INSERT)  # refused, or in the transaction; never on its own
    except pymysql.MySQLError as error:
        assert "ROLLBACK" in str(error)
    ask(client, "ROLLBACK")
    assert stage.value(COUNT) == 0


@HOWS
def test_a_server_that_dies_in_the_beginning_commits_nothing(stage: Stage, how: Act) -> None:
    client = stage.connect()
    ask(client, "SET @kept = 'mine', time_zone = '+05:00'")
    fault = stage.relay.plan(Role.OK, how, "^QUERY (BEGIN|START)")
    ask(client, "START TRANSACTION")
    errno, text = refused(client, "INSERT INTO kept VALUES (1)")
    assert (errno, "transaction is lost" in text) == (2013, True)
    fault.wait()
    expect_lost_until_rollback(stage, client)


def test_a_transaction_that_cannot_begin_commits_nothing(stage: Stage) -> None:
    client = stage.connect()
    ask(client, "SET @kept = 'mine', time_zone = '+05:00'")
    stage.relay.plan(Role.OK, refuse(1105, "cannot", closing=False), "^QUERY (BEGIN|START)")
    ask(client, "BEGIN")
    refused(client, "INSERT INTO kept VALUES (1)")
    try:
        ask(client, INSERT)
    except pymysql.MySQLError as error:
        assert "ROLLBACK" in str(error)
    ask(client, "ROLLBACK")
    expect_as_before(stage, client)


# --- autocommit = 0 -------------------------------------------------------------------------------


@HOWS
def test_without_autocommit_a_server_that_dies_loses_the_transaction(
    stage: Stage, how: Act
) -> None:
    client = begun(stage, "SET autocommit = 0")
    stage.relay.plan(Role.OK, how, r"VALUES \(2\)")
    errno, text = refused(client, INSERT)
    assert (errno, "transaction is lost" in text) == (2013, True)
    expect_lost_until_rollback(stage, client)
    assert ask(client, "SELECT @@autocommit") == 0
    ask(client, INSERT)
    assert stage.value(COUNT) == 0
    ask(client, "COMMIT")
    assert stage.value(COUNT) == 1


def test_without_autocommit_a_first_statement_that_finds_no_server_commits_nothing(
    stage: Stage,
) -> None:
    client = stage.connect()
    ask(client, "SET autocommit = 0")
    stage.relay.refuse_connections()
    stage.lose_connections()
    assert refused(client, "INSERT INTO kept VALUES (1)")[0] in (2003, 2013)
    stage.relay.listen()
    ask(client, "ROLLBACK")
    ask(client, INSERT)
    assert stage.value(COUNT) == 0
    ask(client, "ROLLBACK")
    assert ask(client, "SELECT @@autocommit") == 0


# --- The end --------------------------------------------------------------------------------------


@HOWS
@pytest.mark.parametrize("arrived", [True, False], ids=["arrived", "lost"])
@pytest.mark.parametrize("begin", ["BEGIN", "SET autocommit = 0"])
def test_a_commit_without_an_answer_says_that_its_outcome_is_not_known(
    stage: Stage, begin: str, arrived: bool, how: Act
) -> None:
    client = begun(stage, begin)
    fault = stage.relay.plan(Role.OK if arrived else Role.COMMAND, how, "^QUERY COMMIT")
    errno, text = refused(client, "COMMIT")
    assert (errno, "not known" in text) == (2013, True), text
    assert "is lost" not in text
    fault.wait()
    ask(client, "ROLLBACK")
    assert ask(client, "SELECT @kept") == "mine"
    assert stage.value(COUNT) == int(arrived)


@pytest.mark.parametrize("ddl", ["CREATE TABLE more (id INT)", "BEGIN"])
def test_an_implicit_commit_without_an_answer_says_that_its_outcome_is_not_known(
    stage: Stage, ddl: str
) -> None:
    stage.run("DROP TABLE IF EXISTS more")
    client = begun(stage)
    stage.relay.plan(Role.OK, end, "^QUERY (CREATE|COMMIT|BEGIN)")
    errno, text = 0, ""
    try:
        ask(client, ddl)
        ask(client, "SELECT 1")  # a BEGIN is sent with the statement behind it
    except pymysql.MySQLError as error:
        errno, text = error.args
    assert (errno, "not known" in text) == (2013, True), text
    ask(client, "ROLLBACK")
    assert stage.value(COUNT) == 1
    assert ask(client, "SELECT 'on'") == "on"


@HOWS
def test_a_rollback_without_an_answer_has_rolled_back(stage: Stage, how: Act) -> None:
    client = begun(stage)
    fault = stage.relay.plan(Role.OK, how, "^QUERY ROLLBACK")
    try:
        ask(client, "ROLLBACK")
    except pymysql.MySQLError as error:
        assert error.args[0] == 2013
    fault.wait()
    ask(client, "ROLLBACK")
    expect_as_before(stage, client)


def test_a_transaction_that_ended_is_not_lost_with_its_connection(stage: Stage) -> None:
    client = begun(stage)
    fault = stage.relay.plan(Role.OK, pass_then(end), "^QUERY COMMIT")
    ask(client, "COMMIT")
    fault.wait()
    stage.lose_connections()
    assert ask(client, "SELECT @@time_zone") == "+05:00"
    assert stage.value(COUNT) == 1


def test_a_reset_of_the_session_forgets_the_lost_transaction(stage: Stage) -> None:
    client = begun(stage)
    stage.lose_connections()
    assert refused(client, "SELECT 1")[0] == 2013
    client.command(Command.RESET_CONNECTION)
    assert ask(client, "SELECT 'on'") == "on"
    assert ask(client, "SELECT @kept") is None
    assert stage.value(COUNT) == 0


def test_what_needs_no_server_is_answered_while_the_transaction_is_lost(stage: Stage) -> None:
    client = begun(stage)
    stage.lose_connections()
    assert refused(client, "SELECT 1")[0] == 2013
    client.ping(reconnect=False)
    expect_lost_until_rollback(stage, client)
