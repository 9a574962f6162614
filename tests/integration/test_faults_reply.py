"""A server that dies or falls silent before, in the middle of, or between its replies."""

from __future__ import annotations

from collections.abc import Iterator

import pymysql
import pytest

from tests.fakes.dialogue import Role
from tests.fakes.faults import Act, cut, end, half, refuse, reset
from tests.integration.stage import Stage, Stages, ask, error_of, refused, stages, until
from tests.servers import Server

HOWS = pytest.mark.parametrize("how", [end, reset, half], ids=["end", "reset", "half"])
THREE = "SELECT 1 AS here UNION ALL SELECT 2 UNION ALL SELECT 3"
MARK = "AS here"
"""What tells the statement of a test from others, in the labels of packets."""


@pytest.fixture(scope="module")
def standing(server: Server, request: pytest.FixtureRequest) -> Iterator[Stages]:
    with stages(server, request) as made:
        yield made


@pytest.fixture
def stage(standing: Stages) -> Iterator[Stage]:
    with standing.one_test() as stage:
        yield stage


def expect_lost(stage: Stage, sql: str) -> None:
    """The statement is answered with 2013, and the session's next one with rows."""
    with stage.connect() as client:
        errno, text = refused(client, sql)
        assert (errno, "Lost connection" in text) == (2013, True)
        assert stage.relay.name in text
        assert ask(client, "SELECT 'on'") == "on"


@HOWS
def test_a_server_that_dies_before_its_reply_is_2013(stage: Stage, how: Act) -> None:
    fault = stage.relay.plan(Role.COLUMN_COUNT, how, MARK)
    expect_lost(stage, THREE)
    fault.wait()


@HOWS
@pytest.mark.parametrize("role", [Role.COLUMNS_END, Role.ROW, Role.ROWS_END])
def test_a_server_that_dies_in_a_result_is_2013(stage: Stage, role: Role, how: Act) -> None:
    fault = stage.relay.plan(role, how, MARK)
    expect_lost(stage, THREE)
    fault.wait()


@HOWS
def test_a_server_that_dies_in_column_definitions_is_2013(stage: Stage, how: Act) -> None:
    fault = stage.relay.plan(Role.COLUMN, how, MARK, skip=1)
    with stage.connect() as client:
        # PyMySQL takes whatever comes there for a definition; so the packets are read one by one.
        errno, text = error_of(lambda: client.read_packets("SELECT 1 AS here, 2, 3"))
        assert (errno, stage.relay.name in text) == (2013, True)
        assert ask(client, "SELECT 'on'") == "on"
    fault.wait()


@pytest.mark.parametrize("at", [1, 3, 4, 5])
def test_a_server_that_dies_in_a_header_is_2013(stage: Stage, at: int) -> None:
    fault = stage.relay.plan(Role.ROW, cut(at), MARK, skip=1)
    expect_lost(stage, THREE)
    fault.wait()


def test_a_server_that_dies_with_the_statement_unsent_is_2013(stage: Stage) -> None:
    fault = stage.relay.plan(Role.COMMAND, reset, MARK)
    expect_lost(stage, THREE)
    fault.wait()


def test_a_statement_that_changes_rows_and_is_lost_is_never_sent_again(stage: Stage) -> None:
    stage.run("DROP TABLE IF EXISTS once", "CREATE TABLE once (id INT)")
    fault = stage.relay.plan(Role.OK, end, "INSERT INTO once")
    with stage.connect() as client:
        errno, _ = refused(client, "INSERT INTO once VALUES (1)")
        assert errno == 2013
    fault.wait()
    assert stage.value("SELECT COUNT(*) FROM once") == 1


@HOWS
def test_the_rows_that_came_before_the_end_are_the_client_s(stage: Stage, how: Act) -> None:
    stage.relay.plan(Role.ROW, how, MARK, skip=2)
    with stage.connect() as client:
        rows = client.cursor(pymysql.cursors.SSCursor)
        rows.execute(THREE)
        assert [rows.fetchone(), rows.fetchone()] == [(1,), (2,)]
        assert error_of(rows.fetchone)[0] == 2013
        client.forget_reply()
        assert ask(client, "SELECT 'on'") == "on"


def test_an_error_in_the_middle_of_rows_is_passed_on_and_ends_the_statement_only(
    stage: Stage,
) -> None:
    stage.relay.plan(Role.ROW, refuse(1317, "interrupted", closing=False), MARK, skip=1)
    with stage.connect() as client:
        backend = ask(client, "SELECT 1")
        assert refused(client, THREE) == (1317, "interrupted")
        assert ask(client, "SELECT 1") == backend


def test_a_server_that_says_goodbye_is_not_used_again(stage: Stage) -> None:
    fault = stage.relay.plan(Role.COLUMN_COUNT, refuse(1053, "Server shutdown in progress"), MARK)
    with stage.connect() as client:
        assert refused(client, THREE) == (1053, "Server shutdown in progress")
        assert ask(client, "SELECT 'on'") == "on"
    fault.wait()


def test_a_row_of_more_than_can_be_held_back_ends_the_client_s_connection(stage: Stage) -> None:
    stage.relay.plan(Role.ROW, half, "REPEAT")
    with stage.connect() as client:
        errno, _ = refused(client, f"SELECT REPEAT('x', {4 << 20})")
        assert errno == 2013
        assert not client.open


@HOWS
def test_a_server_that_dies_between_two_results_is_2013_in_place_of_the_second(
    server: Server, stage: Stage, how: Act
) -> None:
    stage.relay.plan(Role.COLUMN_COUNT, how, MARK, skip=1)
    with stage.connect(client_flag=1 << 16) as client, client.cursor() as cursor:
        cursor.execute("SELECT 1 AS here; SELECT 2 AS here")
        assert cursor.fetchall() == ((1,),)
        assert error_of(cursor.nextset)[0] == 2013
        assert ask(client, "SELECT 'on'") == "on"


def test_a_server_that_dies_in_the_results_of_a_procedure_is_2013(
    server: Server, stage: Stage
) -> None:
    if server.kind == "embedded":
        pytest.skip("the embedded server has no stored procedures")
    stage.run(
        "DROP PROCEDURE IF EXISTS three",
        "CREATE PROCEDURE three() BEGIN SELECT 1; SELECT 2; SELECT 3; END",
    )
    stage.relay.plan(Role.ROW, end, "CALL three", skip=1)
    with stage.connect() as client, client.cursor() as cursor:
        cursor.execute("CALL three()")
        assert cursor.fetchall() == ((1,),)
        errno, text = error_of(cursor.nextset)
        assert (errno, stage.relay.name in text) == (2013, True)
        assert ask(client, "SELECT 'on'") == "on"


# --- Idle in the pool -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["end", "reset"])
def test_a_connection_that_dies_while_idle_is_replaced_and_nobody_is_told(
    stage: Stage, how: str
) -> None:
    client = stage.idle()
    before = stage.relay.accepted
    stage.lose_connections(stage.relay.end_all if how == "end" else stage.relay.reset_all)
    assert ask(client, "SELECT 'on'") == "on"
    assert stage.relay.accepted == before + 1


def test_a_connection_killed_while_idle_is_replaced_and_nobody_is_told(
    server: Server, stage: Stage
) -> None:
    client = stage.idle()
    stage.lose_connections(lambda: stage.run(*(f"KILL {thread}" for thread in stage.threads())))
    assert ask(client, "SELECT 'on'") == "on"


def test_a_connection_that_dies_between_pool_and_statement_is_2013_at_most_once(
    stage: Stage,
) -> None:
    client = stage.idle()
    fault = stage.relay.plan(Role.COMMAND, end, MARK)
    errno, _ = refused(client, THREE)
    assert errno == 2013
    fault.wait()
    assert ask(client, THREE) == 1


def test_settings_survive_the_death_of_an_idle_connection(stage: Stage) -> None:
    client = stage.connect()
    ask(client, "SET time_zone = '+05:00', sql_mode = 'STRICT_TRANS_TABLES'")
    ask(client, "SET @kept = 'mine'")
    ask(client, "SET NAMES latin1")
    assert ask(client, "SELECT 1") == 1  # what the proxy asks behind a SET is answered then
    stage.lose_connections()
    assert ask(client, "SELECT @@time_zone") == "+05:00"
    assert ask(client, "SELECT @@sql_mode") == "STRICT_TRANS_TABLES"
    assert ask(client, "SELECT @kept") == "mine"
    assert ask(client, "SELECT @@character_set_client") == "latin1"


def test_a_setting_that_cannot_be_read_back_is_an_error_and_no_silent_end(stage: Stage) -> None:
    client = stage.idle()
    stage.relay.plan(Role.COLUMN_COUNT, end, "^QUERY SELECT @@")
    ask(client, "SET NAMES latin1")
    try:
        charset = ask(client, "SELECT @@character_set_client")
    except pymysql.MySQLError as error:
        assert stage.relay.name in str(error)
    else:
        assert charset == "latin1"


def test_settings_survive_the_death_of_a_connection_in_a_statement(stage: Stage) -> None:
    client = stage.connect()
    ask(client, "SET time_zone = '+05:00', @kept = 'mine'")
    stage.relay.plan(Role.ROW, end, MARK)
    assert refused(client, THREE)[0] == 2013
    assert ask(client, "SELECT @@time_zone") == "+05:00"
    assert ask(client, "SELECT @kept") == "mine"


def test_a_setting_whose_answer_was_lost_is_not_half_there(stage: Stage) -> None:
    client = stage.connect()
    ask(client, "SET time_zone = '+05:00'")
    fault = stage.relay.plan(Role.OK, end, r"SET time_zone = '\+07:00'")
    assert refused(client, "SET time_zone = '+07:00'")[0] == 2013
    fault.wait()
    assert ask(client, "SELECT @@time_zone") == "+05:00"


def test_what_cannot_be_brought_back_is_said_to_be_lost(stage: Stage) -> None:
    client = stage.connect()
    ask(client, "CREATE TEMPORARY TABLE scratch (id INT)")
    stage.lose_connections()
    errno, text = refused(client, "SELECT COUNT(*) FROM scratch")
    assert (errno, "lost" in text) == (2013, True)
    assert ask(client, "SELECT 'on'") == "on"


def test_a_server_that_comes_back_serves_the_sessions_that_waited(stage: Stage) -> None:
    client = stage.idle()
    stage.relay.refuse_connections()
    stage.relay.end_all()
    until(lambda: refused(client, "SELECT 1")[0] == 2003, lambda: "never 2003")
    stage.relay.listen()
    assert ask(client, "SELECT 'on'") == "on"
