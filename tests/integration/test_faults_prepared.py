"""A server that dies while a statement is prepared, executed, fetched from, or in between."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pymysql
import pytest

from athena_g.protocol.constants import SERVER_STATUS_CURSOR_EXISTS, Command
from tests.fakes.dialogue import Role
from tests.fakes.faults import Act, end, half, refuse, reset
from tests.integration.stage import PlainConnection, Stage, Stages, ask, error_of, refused, stages
from tests.servers import Server

HOWS = pytest.mark.parametrize("how", [end, reset, half], ids=["end", "reset", "half"])
LONG = 8
"""The type byte of an eight-byte integer."""
SUM = "SELECT ? + 1 AS here, 2 AS there"
ROWS = "SELECT id AS here FROM numbers ORDER BY id"


class Prepared:
    """A prepared statement of a client, packet by packet."""

    def __init__(self, client: PlainConnection, sql: str) -> None:
        self._client = client
        answer = client.command(Command.STMT_PREPARE, sql.encode())
        self.id, columns, self.parameters = struct.unpack_from("<IHH", answer, 1)
        for count in (self.parameters, columns):
            client.read_definitions(count)

    def execute(self, *values: int, cursor: bool = False) -> list[bytes]:
        """The binary rows; none when a cursor was opened."""
        body = struct.pack("<IBI", self.id, int(cursor), 1)
        if values:
            types = struct.pack("<BB", LONG, 0) * len(values)
            body += bytes((len(values) + 7) // 8) + b"\1" + types
            body += b"".join(struct.pack("<q", value) for value in values)
        answer = self._client.command(Command.STMT_EXECUTE, body)
        if answer[0] == 0:
            return []
        opened = self._client.read_definitions(answer[0]) & SERVER_STATUS_CURSOR_EXISTS
        return [] if opened else self._client.read_rows()

    def fetch(self, count: int) -> list[bytes]:
        """The next binary rows of the cursor."""
        body = struct.pack("<II", self.id, count)
        first = self._client.command(Command.STMT_FETCH, body)
        return self._client.read_rows(first)

    def close(self) -> None:
        self._client._execute_command(Command.STMT_CLOSE, struct.pack("<I", self.id))


def value(rows: list[bytes]) -> int:
    """The eight-byte integer that the first row begins with."""
    return int(struct.unpack_from("<q", rows[0], 2)[0])


@pytest.fixture(scope="module")
def standing(server: Server, request: pytest.FixtureRequest) -> Iterator[Stages]:
    with stages(server, request) as made:
        yield made


@pytest.fixture
def stage(standing: Stages) -> Iterator[Stage]:
    with standing.one_test() as stage:
        stage.run(
            "DROP TABLE IF EXISTS numbers",
            "CREATE TABLE numbers (id BIGINT NOT NULL PRIMARY KEY)",
            "INSERT INTO numbers VALUES (1), (2), (3), (4), (5)",
        )
        yield stage


def expect_2013(stage: Stage, errno: int, text: str) -> None:
    assert (errno, stage.relay.name in text) == (2013, True), text


@HOWS
@pytest.mark.parametrize(
    "role", [Role.PREPARED, Role.PARAMETER, Role.COLUMN, Role.COLUMNS_END], ids=lambda r: r.name
)
def test_a_server_that_dies_while_preparing_is_2013_and_the_next_prepare_works(
    stage: Stage, role: Role, how: Act
) -> None:
    client = stage.idle()
    fault = stage.relay.plan(role, how, "^STMT_PREPARE")
    errno, text = error_of(lambda: Prepared(client, SUM))
    expect_2013(stage, errno, text)
    fault.wait()
    assert value(Prepared(client, SUM).execute(41)) == 42


def test_a_server_that_is_not_there_while_preparing_is_2003(stage: Stage) -> None:
    client = stage.connect()
    stage.relay.refuse_connections()
    stage.lose_connections()
    errno, text = error_of(lambda: Prepared(client, SUM).execute(41))
    assert (errno, stage.relay.name in text) == (2003, True)
    stage.relay.listen()
    assert value(Prepared(client, SUM).execute(41)) == 42


@HOWS
@pytest.mark.parametrize(
    "role", [Role.COLUMN_COUNT, Role.COLUMN, Role.ROW, Role.ROWS_END], ids=lambda role: role.name
)
def test_a_server_that_dies_while_executing_is_2013_and_the_statement_lives_on(
    stage: Stage, role: Role, how: Act
) -> None:
    client = stage.connect()
    statement = Prepared(client, SUM)
    assert value(statement.execute(1)) == 2
    fault = stage.relay.plan(role, how, "^STMT_EXECUTE")
    errno, text = error_of(lambda: statement.execute(2))
    expect_2013(stage, errno, text)
    fault.wait()
    assert value(statement.execute(3)) == 4


def test_a_statement_outlives_the_connection_it_was_prepared_on(stage: Stage) -> None:
    client = stage.connect()
    statement = Prepared(client, SUM)
    assert value(statement.execute(1)) == 2
    stage.lose_connections()
    assert value(statement.execute(2)) == 3


@HOWS
def test_a_server_that_dies_while_preparing_again_is_2013_and_the_statement_lives_on(
    stage: Stage, how: Act
) -> None:
    client = stage.connect()
    statement = Prepared(client, SUM)
    assert value(statement.execute(1)) == 2
    stage.lose_connections()
    fault = stage.relay.plan(Role.PREPARED, how, "^STMT_PREPARE")
    errno, text = error_of(lambda: statement.execute(2))
    expect_2013(stage, errno, text)
    fault.wait()
    assert value(statement.execute(3)) == 4


def test_a_refusal_to_prepare_again_is_passed_on_and_the_statement_lives_on(stage: Stage) -> None:
    client = stage.connect()
    statement = Prepared(client, SUM)
    assert value(statement.execute(1)) == 2
    stage.lose_connections()
    fault = stage.relay.plan(
        Role.PREPARED, refuse(1461, "too many statements", closing=False), "^STMT_PREPARE"
    )
    errno, text = error_of(lambda: statement.execute(2))
    assert (errno, "too many statements" in text) == (1461, True)
    fault.wait()
    assert value(statement.execute(3)) == 4


def test_parameter_types_are_remembered_beyond_the_connection(stage: Stage) -> None:
    client = stage.connect()
    statement = Prepared(client, SUM)
    assert value(statement.execute(1)) == 2
    stage.lose_connections()
    # Executed again without types, as drivers do: null bitmap, "types as before", values.
    body = struct.pack("<IBI", statement.id, 0, 1) + b"\0\0" + struct.pack("<q", 7)
    answer = client.command(Command.STMT_EXECUTE, body)
    client.read_definitions(answer[0])
    assert value(client.read_rows()) == 8


def test_an_execution_whose_answer_was_lost_is_never_sent_again(stage: Stage) -> None:
    client = stage.connect()
    statement = Prepared(client, "INSERT INTO numbers VALUES (?)")
    fault = stage.relay.plan(Role.OK, end, "^STMT_EXECUTE")
    errno, text = error_of(lambda: statement.execute(6))
    expect_2013(stage, errno, text)
    fault.wait()
    assert stage.value("SELECT COUNT(*) FROM numbers") == 6
    statement.execute(7)
    assert stage.value("SELECT COUNT(*) FROM numbers") == 7


def test_long_data_is_not_forgotten_silently_with_its_connection(stage: Stage) -> None:
    client = stage.connect()
    statement = Prepared(client, "SELECT CONCAT('<', ?, '>') AS here")
    data = struct.pack("<IH", statement.id, 0) + b"long"
    client._execute_command(Command.STMT_SEND_LONG_DATA, data)
    stage.lose_connections()
    body = struct.pack("<IBI", statement.id, 0, 1) + b"\0\1" + struct.pack("<BB", 252, 0)
    try:
        answer = client.command(Command.STMT_EXECUTE, body)
    except pymysql.MySQLError as error:
        assert error.args[0] == 2013
    else:
        client.read_definitions(answer[0])
        assert b"<long>" in client.read_rows()[0]


@HOWS
def test_a_server_that_dies_in_a_transaction_s_execution_loses_the_transaction(
    stage: Stage, how: Act
) -> None:
    client = stage.connect()
    statement = Prepared(client, "INSERT INTO numbers VALUES (?)")
    ask(client, "BEGIN")
    statement.execute(6)
    stage.relay.plan(Role.OK, how, "^STMT_EXECUTE")
    errno, text = error_of(lambda: statement.execute(7))
    expect_2013(stage, errno, text)
    assert "transaction is lost" in text
    errno, text = error_of(lambda: statement.execute(8))
    assert (errno, "ROLLBACK" in text) == (1105, True)
    ask(client, "ROLLBACK")
    statement.execute(9)
    assert stage.value("SELECT MAX(id) * 100 + COUNT(*) FROM numbers") == 906


# --- Cursors --------------------------------------------------------------------------------------


def test_a_cursor_gives_its_rows_in_turn(stage: Stage) -> None:
    statement = Prepared(stage.connect(), ROWS)
    assert statement.execute(cursor=True) == []
    assert value(statement.fetch(2)) == 1
    assert value(statement.fetch(2)) == 3


@HOWS
@pytest.mark.parametrize("role", [Role.ROW, Role.ROWS_END], ids=lambda role: role.name)
def test_a_server_that_dies_while_fetching_is_2013_and_the_statement_lives_on(
    stage: Stage, role: Role, how: Act
) -> None:
    client = stage.connect()
    statement = Prepared(client, ROWS)
    statement.execute(cursor=True)
    fault = stage.relay.plan(role, how, "^STMT_FETCH")
    errno, text = error_of(lambda: statement.fetch(2))
    expect_2013(stage, errno, text)
    fault.wait()
    # With a cursor again: MySQL 9.7 damages its reply to an execution without one behind these.
    statement.execute(cursor=True)
    assert len(statement.fetch(9)) == 5


def test_a_cursor_is_lost_with_its_connection_and_says_so(stage: Stage) -> None:
    client = stage.connect()
    statement = Prepared(client, ROWS)
    statement.execute(cursor=True)
    stage.lose_connections()
    errno, text = error_of(lambda: statement.fetch(2))
    expect_2013(stage, errno, text)
    errno, _ = error_of(lambda: statement.fetch(2))
    assert errno in (1243, 1421, 2013)  # no cursor is open, never another statement's rows
    # With a cursor again: MySQL 9.7 damages its reply to an execution without one behind these.
    statement.execute(cursor=True)
    assert len(statement.fetch(9)) == 5


def test_a_client_that_vanishes_with_a_cursor_open_leaves_nothing(stage: Stage) -> None:
    client = stage.connect()
    statement = Prepared(client, ROWS)
    statement.execute(cursor=True)
    statement.fetch(1)
    client.vanish()
    stage.expect_sound()


def test_the_text_protocol_goes_on_when_a_prepared_statement_s_connection_died(
    stage: Stage,
) -> None:
    client = stage.connect()
    statement = Prepared(client, SUM)
    stage.relay.plan(Role.ROW, end, "^STMT_EXECUTE")
    assert error_of(lambda: statement.execute(1))[0] == 2013
    assert ask(client, "SELECT 'on'") == "on"
    statement.close()
    assert refused(client, "SELECT no_such_column")[0] == 1054
