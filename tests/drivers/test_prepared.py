"""Prepared statements: the connector's prepared cursors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.drivers.conftest import MEGABYTE, Compare
from tests.drivers.dbapi import Driver
from tests.drivers.notes import Notes
from tests.drivers.place import Place

pytestmark = [
    pytest.mark.parametrize("driver", ["connector", "connector-c"], indirect=True),
    # The C extension's prepared statements have been seen to break the memory of their process.
    pytest.mark.apart,
]

THINGS = (
    "CREATE TABLE things (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(60), "
    "amount DECIMAL(12,3), ratio DOUBLE, day_ DATE, at_ DATETIME(6), took TIME(6), "
    "body LONGBLOB, big BIGINT)"
)
INSERT = (
    "INSERT INTO things (name, amount, ratio, day_, at_, took, body, big) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
MOMENT = datetime(2024, 2, 29, 12, 30, 15, 250000)
# Times of day as texts, because the C extension takes no timedelta.
ROWS: list[tuple[Any, ...]] = [
    (
        "naïve 🐬",
        Decimal("-12.345"),
        0.5,
        MOMENT.date(),
        MOMENT,
        "03:00:00",
        b"\x00\xff",
        1,
    ),
    (None,) * 8,
    ("", Decimal(0), -2.5e10, date(1000, 1, 1), datetime(1999, 1, 1), "00:00:00", b"", -(1 << 63)),
    (
        "x" * 60,
        Decimal("999999999.999"),
        2.5,
        date.max,
        MOMENT,
        "-838:59:59",
        b"z" * 300,
        7,
    ),
]


def execute(cursor: Any, sql: str, arguments: Sequence[Any] = ()) -> list[Any]:
    cursor.execute(sql, arguments)
    return list(cursor.fetchall()) if cursor.description else [cursor.rowcount, cursor.lastrowid]


def store_and_read(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, THINGS)
        with connection.cursor(prepared=True) as cursor:
            for number, row in enumerate(ROWS):
                seen(f"inserted {number}", execute(cursor, INSERT, row))
        with connection.cursor(prepared=True) as cursor:
            select = "SELECT * FROM things WHERE id = %s"
            for number in range(len(ROWS)):
                seen(f"row {number}", execute(cursor, select, (number + 1,)))
            seen("description", [tuple(column) for column in cursor.description])
        with connection.cursor(prepared=True) as cursor:
            seen("limited", execute(cursor, "SELECT id FROM things ORDER BY id LIMIT %s", (2,)))
        with connection.cursor(prepared=True, dictionary=True) as cursor:
            seen("mapping", execute(cursor, "SELECT id, name FROM things WHERE big > ?", (0,)))


def test_values_go_and_come_in_binary(compare: Compare, driver: Driver) -> None:
    seen = compare(store_and_read, driver)
    expected = [timedelta(hours=3) if value == "03:00:00" else value for value in ROWS[0]]
    assert list(seen["row 0"][0][1:]) == expected
    assert seen["row 1"][0][1:] == ROWS[1]
    assert [row["id"] for row in seen["mapping"]] == [1, 4]


def alternate(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection, driver.session(place) as other:
        driver.run(connection, THINGS)
        writer, reader = connection.cursor(prepared=True), other.cursor(prepared=True)
        for number in range(20):
            name = None if number % 3 == 0 else f"thing {number}"
            writer.execute("INSERT INTO things (name, big) VALUES (%s, %s)", (name, number))
            sql = "SELECT COUNT(*), COUNT(name), MAX(big) FROM things WHERE big >= %s"
            seen(f"after {number}", execute(reader, sql, (number // 2,)))
            other.commit()
        writer.close()
        reader.close()


def test_statements_of_two_sessions_take_turns(compare: Compare, driver: Driver) -> None:
    assert compare(alternate, driver)["after 19"] == [(11, 7, 19)]


def change_types(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        with connection.cursor(prepared=True) as cursor:
            for number, value in enumerate(
                [1, "text", 2.5, None, Decimal("3.1"), b"bytes", MOMENT]
            ):
                seen(f"value {number}", execute(cursor, "SELECT %s, %s IS NULL", (value, value)))


def test_a_parameter_changes_its_type_from_execution_to_execution(
    compare: Compare, driver: Driver
) -> None:
    seen = compare(change_types, driver)
    assert seen["value 3"] == [(None, 1)]


def outlive_changes(place: Place, driver: Driver, seen: Notes) -> None:
    """The table changes, the session is reset: statements are made again, or are unknown."""
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
        with connection.cursor(prepared=True) as cursor:
            seen("before", execute(cursor, "SELECT * FROM t WHERE a >= %s", (0,)))
            with driver.session(place, autocommit=True) as other:
                driver.run(other, "ALTER TABLE t MODIFY a VARCHAR(5)", "UPDATE t SET a = '2nd'")
            seen("after", execute(cursor, "SELECT * FROM t WHERE a >= %s", (0,)))
            with driver.session(place, autocommit=True) as other:
                driver.run(other, "DROP TABLE t")
            select = "SELECT * FROM t WHERE a >= %s"
            seen("dropped", driver.refused(execute, cursor, select, (0,)))
        seen("wrong", driver.refused(execute, connection.cursor(prepared=True), "SELEC %s", (0,)))
        seen("goes on", driver.ask(connection, "SELECT 1"))


def test_statements_follow_their_tables(compare: Compare, driver: Driver) -> None:
    seen = compare(outlive_changes, driver)
    assert seen["after"] == [("2nd",)]
    assert seen["dropped"][1] == 1146
    assert seen["wrong"][1] == 1064


def prepare_in_transactions(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as connection:
        driver.run(connection, THINGS)
        with connection.cursor(prepared=True) as cursor:
            for number, end in enumerate((connection.rollback, connection.commit)):
                seen(f"inserted {number}", execute(cursor, INSERT, ROWS[number]))
                end()
                seen(f"rows {number}", driver.ask(connection, "SELECT id, name FROM things"))
                connection.commit()


def test_prepared_writes_are_part_of_the_transaction(compare: Compare, driver: Driver) -> None:
    seen = compare(prepare_in_transactions, driver)
    assert seen["rows 0"] == []
    assert len(seen["rows 1"]) == 1


def send_long_data(place: Place, driver: Driver, seen: Notes) -> None:
    sizes = [1000, 9000, 20_000] + ([] if place.kind == "embedded" else [15 * MEGABYTE])
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, THINGS)
        with connection.cursor(prepared=True) as cursor:
            for size in sizes:
                body = bytes(range(250)) * (size // 250)
                execute(cursor, "INSERT INTO things (body, big) VALUES (%s, %s)", (body, size))
        with connection.cursor(prepared=True) as cursor:
            for size in sizes:
                sql = "SELECT body, LENGTH(body) FROM things WHERE big = %s"
                seen(f"{size} bytes", list(execute(cursor, sql, (size,))[0]))


def test_long_parameters_come_back(compare: Compare, driver: Driver) -> None:
    seen = compare(send_long_data, driver)
    assert seen["20000 bytes"][1] == 20_000


def many_statements(place: Place, driver: Driver, seen: Notes) -> None:
    """More statements at once than a connection of the proxy's keeps prepared."""
    with driver.session(place, autocommit=True) as connection:
        cursors = [connection.cursor(prepared=True) for _ in range(150)]
        for turn in range(2):
            answers = [
                execute(cursor, f"SELECT {number} + %s", (turn,))
                for number, cursor in enumerate(cursors)
            ]
            seen(f"turn {turn}", answers)
        for cursor in cursors:
            cursor.close()


def test_a_hundred_and_fifty_statements_stay_prepared(compare: Compare, driver: Driver) -> None:
    seen = compare(many_statements, driver)
    assert seen["turn 1"] == [[(number + 1,)] for number in range(150)]
