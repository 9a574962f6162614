"""COM_STMT_*: answers and their status flags are those that MySQL 9.7 gives."""

from __future__ import annotations

import struct

import pytest

from athena_g.protocol.constants import Command
from tests.fakes.client import Client
from tests.unit.embedded.conftest import Dial
from tests.unit.embedded.statements import (
    Parameter,
    cells,
    execute,
    fetch,
    integer,
    prepare,
    prepare_error,
    run,
    send_long_data,
    text,
    typed,
)


@pytest.fixture
def client(dial: Dial) -> Client:
    made = dial()
    made.query("CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, v VARCHAR(20), b BLOB)")
    made.query("INSERT INTO p (v) VALUES ('a'), ('b'), ('c')")
    return made


def test_a_prepared_query_tells_its_parameters_and_columns(client: Client) -> None:
    answer, parameters, columns = prepare(client, "SELECT id, v FROM p WHERE id > ? LIMIT ?")
    assert (answer.parameters, answer.columns) == (2, 2)
    assert [column.name for column in parameters] == ["?", "?"]
    assert [(c.name, c.org_table) for c in columns] == [("id", "p"), ("v", "p")]


def test_a_prepared_write_has_parameters_and_no_columns(client: Client) -> None:
    answer, parameters, columns = prepare(client, "UPDATE p SET v = ? WHERE id = ?")
    assert (answer.parameters, len(parameters), columns) == (2, 2, [])


@pytest.mark.parametrize(
    ("parameter", "column_type", "row"),
    [
        (integer(-5), 8, b"\xfb" + b"\xff" * 7),
        ((8, 0x80, b"\xff" * 8), 8, b"\xff" * 8),
        ((1, 0, b"\xff"), 8, b"\xff" * 8),
        ((1, 0x80, b"\xff"), 8, b"\xff" + b"\0" * 7),
        ((2, 0, b"\1\1"), 8, b"\1\1" + b"\0" * 6),
        ((3, 0, b"\1\0\0\0"), 8, b"\1" + b"\0" * 7),
        ((4, 0, struct.pack("<f", 1.25)), 5, struct.pack("<d", 1.25)),
        ((5, 0, struct.pack("<d", 2.5)), 5, struct.pack("<d", 2.5)),
        ((246, 0, b"\x041.50"), 246, b"\x041.50"),
        ((0, 0, b"\x041.50"), 246, b"\x041.50"),
        ((12, 0, b"\x07\xe8\x07\1\2\3\4\5"), 12, b"\x07\xe8\x07\1\2\3\4\5"),
        ((7, 0, b"\x07\xe8\x07\1\2\3\4\5"), 12, b"\x07\xe8\x07\1\2\3\4\5"),
        ((12, 0, b"\x0b\xe8\x07\1\2\3\4\5\x40\xe2\1\0"), 12, b"\x0b\xe8\x07\1\2\3\4\5\x40\xe2\1\0"),
        ((10, 0, b"\x04\xe8\x07\1\2"), 10, b"\x04\xe8\x07\1\2"),
        ((11, 0, b"\x0c\1\1\0\0\0\1\2\3\x40\xe2\1\0"), 11, b"\x0c\1\1\0\0\0\1\2\3\x40\xe2\1\0"),
        ((11, 0, b"\0"), 11, b"\0"),
        (text("é"), 253, b"\2\xc3\xa9"),
        (text("a", 254), 253, b"\1a"),
        (text(b"\xff\0", 252), 253, b"\2\xff\0"),
        (text("{}", 245), 253, b"\2{}"),
    ],
)
def test_every_type_of_parameter_comes_back(
    client: Client, parameter: Parameter, column_type: int, row: bytes
) -> None:
    answer = run(client, "SELECT ?", parameter)
    assert (answer.columns[0].type, cells(answer)) == (column_type, [row])


@pytest.mark.parametrize("kind", [9, 13, 14, 16, 247, 255])
def test_types_that_parameters_cannot_have_are_refused(client: Client, kind: int) -> None:
    assert run(client, "SELECT ?", (kind, 0, b"\1a")).errno == 1210


def test_null_is_told_by_the_bitmap(client: Client) -> None:
    answer = run(client, "SELECT ?, ? IS NULL", None, None)
    assert answer.rows == [b"\0\x04\1\0\0\0\0\0\0\0"]


def test_a_second_execution_needs_no_types(client: Client) -> None:
    number = prepare(client, "SELECT v FROM p WHERE id > ?")[0].statement_id
    assert cells(execute(client, number, typed(integer(1)))) == [b"\1b", b"\1c"]
    again = execute(client, number, b"\0\0" + struct.pack("<q", 2))
    assert cells(again) == [b"\1c"]


def test_a_packet_that_ends_early_is_an_error_the_connection_survives(client: Client) -> None:
    number = prepare(client, "SELECT ?, ?")[0].statement_id
    for damaged in (b"", b"\0\0", b"\0\1\x08\0", b"\0\1\x08\0\x08\0\1\0"):
        assert execute(client, number, damaged).errno == 1835
    assert client.query("SELECT 1").value == b"1"


def test_values_are_never_read_as_sql(client: Client) -> None:
    hostile = "x'; DROP TABLE p; -- \\\" ?"
    run(client, "INSERT INTO p (v) VALUES (LEFT(?, 20))", text(hostile))
    assert cells(run(client, "SELECT ?", text(hostile)))[0][1:] == hostile.encode()
    assert client.query("SELECT COUNT(*) FROM p").value == b"4"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (integer(1), [b"\1\0\0\0"]),
        (text("1"), [b"\1\0\0\0"]),
        (None, []),
        (integer(-1), 1690),
        ((5, 0, struct.pack("<d", 1.5)), 1210),
    ],
)
def test_limit_takes_a_parameter(
    client: Client, value: Parameter | None, expected: list[bytes] | int
) -> None:
    answer = run(client, "SELECT id FROM p ORDER BY id LIMIT ?", value)
    assert (answer.errno or cells(answer)) == expected


@pytest.mark.parametrize("value", [integer(2), text("2"), (5, 0, struct.pack("<d", 2.0))])
def test_a_key_is_found_by_any_type_that_means_it(client: Client, value: Parameter) -> None:
    assert cells(run(client, "SELECT v FROM p WHERE id = ?", value)) == [b"\1b"]


def test_writes_take_parameters_in_every_clause(client: Client) -> None:
    done = run(client, "UPDATE p SET v = ? WHERE id = ? LIMIT ?", text("u"), integer(1), integer(5))
    assert done.ok is not None
    assert done.ok.affected_rows == 1
    run(client, "DELETE FROM p WHERE v = ?", text("b"))
    run(client, "INSERT INTO p (v, b) SELECT CONCAT(?, v), ? FROM p WHERE id = ?",
        text("+"), text(b"\xff", 252), integer(1))  # fmt: skip
    found = client.query("SELECT v, b FROM p ORDER BY id").rows
    assert found == [[b"u", None], [b"c", None], [b"+u", b"\xff"]]


def test_a_cursor_gives_rows_in_portions_and_then_is_closed(client: Client) -> None:
    number = prepare(client, "SELECT id FROM p ORDER BY id")[0].statement_id
    opened = execute(client, number, flags=1)
    assert opened.status == 0x42
    seen = [fetch(client, number, 2), fetch(client, number, 1), fetch(client, number, 1)]
    assert [(len(part.rows), part.status) for part in seen] == [(2, 0x42), (1, 0x42), (0, 0x82)]
    assert fetch(client, number, 1).errno == 1421


def test_a_cursor_outlives_other_statements_and_the_transaction(client: Client) -> None:
    number = prepare(client, "SELECT id FROM p WHERE id > ? ORDER BY id")[0].statement_id
    client.query("BEGIN")
    execute(client, number, typed(integer(1)), flags=1)
    client.query("DELETE FROM p")
    client.query("COMMIT")
    assert cells(fetch(client, number, 9)) == [b"\2\0\0\0", b"\3\0\0\0"]


def test_a_new_execution_and_a_reset_close_the_cursor(client: Client) -> None:
    number = prepare(client, "SELECT id FROM p")[0].statement_id
    execute(client, number, flags=1)
    execute(client, number)
    assert fetch(client, number, 1).errno == 1421
    execute(client, number, flags=1)
    client.ask(Command.STMT_RESET, struct.pack("<I", number))
    assert fetch(client, number, 1).errno == 1421


def test_long_data_comes_in_pieces_and_is_used_once(client: Client) -> None:
    number = prepare(client, "INSERT INTO p (v) VALUES (?)")[0].statement_id
    for piece in (b"lo", b"", b"ng"):
        send_long_data(client, number, 0, piece)
    execute(client, number, b"\0\1\xfd\0")
    execute(client, number, b"\0\0\1q")
    assert client.query("SELECT v FROM p WHERE id > 3").rows == [[b"long"], [b"q"]]


def test_long_data_of_no_parameter_is_told_until_the_reset(client: Client) -> None:
    number = prepare(client, "INSERT INTO p (v) VALUES (?)")[0].statement_id
    send_long_data(client, number, 5, b"x")
    for _ in range(2):
        assert execute(client, number, typed(text("r"))).errno == 1210
    client.ask(Command.STMT_RESET, struct.pack("<I", number))
    assert execute(client, number, typed(text("r"))).errno == 0


def test_unknown_statements_are_named_or_ignored(client: Client) -> None:
    assert execute(client, 999).errno == 1243
    assert fetch(client, 999, 1).errno == 1243
    assert client.ask(Command.STMT_RESET, struct.pack("<I", 999)).errno == 1243
    client.command(Command.STMT_CLOSE, struct.pack("<I", 999))
    send_long_data(client, 999, 0, b"x")
    assert client.query("SELECT 1").value == b"1"


def test_statements_are_gone_when_closed_and_when_the_connection_is_reset(client: Client) -> None:
    first, second = (prepare(client, "SELECT 1")[0].statement_id for _ in range(2))
    client.command(Command.STMT_CLOSE, struct.pack("<I", first))
    assert execute(client, first).errno == 1243
    client.ask(Command.RESET_CONNECTION)
    assert execute(client, second).errno == 1243


def test_there_are_no_more_statements_than_allowed(client: Client) -> None:
    client.query("SET GLOBAL max_prepared_stmt_count = 1")
    number = prepare(client, "SELECT 1")[0].statement_id
    assert prepare_error(client, "SELECT 2") == 1461
    client.command(Command.STMT_CLOSE, struct.pack("<I", number))
    assert prepare(client, "SELECT 2")[0].columns == 1


@pytest.mark.parametrize(
    ("sql", "errno"),
    [
        ("BEGIN", 1295),
        ("SAVEPOINT a", 1295),
        ("ROLLBACK TO a", 1295),
        ("USE test", 1295),
        ("LOCK TABLES p READ", 1295),
        ("SHOW WARNINGS", 1295),
        ("PREPARE a FROM 'SELECT 1'", 1295),
        ("CALL nosuch()", 1235),
        ("selec", 1064),
        ("SHOW TABLES LIKE ?", 1064),
        ("SELECT 1; SELECT 2", 1064),
        ("", 1065),
        ("SELECT * FROM nosuch", 1146),
        ("INSERT INTO nosuch VALUES (?)", 1146),
        ("INSERT INTO p (nosuch) VALUES (?)", 1054),
        ("UPDATE p SET nosuch = ?", 1054),
        ("DELETE FROM nosuch", 1146),
    ],
)
def test_what_cannot_be_prepared_is_refused_at_once(client: Client, sql: str, errno: int) -> None:
    assert prepare_error(client, sql) == errno


def test_a_changed_table_is_seen_by_a_statement_prepared_before(client: Client) -> None:
    number = prepare(client, "SELECT * FROM p WHERE id = ?")[0].statement_id
    client.query("ALTER TABLE p DROP COLUMN b")
    assert len(execute(client, number, typed(integer(1))).columns) == 2
    client.query("DROP TABLE p")
    assert execute(client, number, typed(integer(1))).errno == 1146


def test_long_data_may_be_longer_than_a_login(client: Client) -> None:
    client.query("CREATE TABLE l (b LONGBLOB)")
    number = prepare(client, "INSERT INTO l VALUES (?)")[0].statement_id
    for _ in range(4):
        send_long_data(client, number, 0, b"\xff" * 200_000)
    assert execute(client, number, b"\0\1\xfb\0").errno == 0
    assert client.query("SELECT LENGTH(b) FROM l").value == b"800000"


def test_a_blob_is_in_no_character_set(dial: Dial, client: Client) -> None:
    latin1 = dial(collation_id=8)
    run(latin1, "INSERT INTO p (v, b) VALUES (?, ?)", text(b"\xe9"), text(b"\xe9", 252))
    assert client.query("SELECT v, b FROM p WHERE id > 3").rows == [["é".encode(), b"\xe9"]]


def test_rows_skipped_by_a_parameter_are_found(client: Client) -> None:
    run(client, "SELECT id FROM p LIMIT ?, ?", integer(1), integer(1))
    assert client.query("SELECT FOUND_ROWS()").value == b"2"
