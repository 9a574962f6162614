"""Inserts, ids, counts, warnings and errors."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.drivers.conftest import Compare
from tests.drivers.dbapi import Driver
from tests.drivers.notes import Notes
from tests.drivers.place import Place

PEOPLE = "CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(10) UNIQUE, age INT)"


def insert_many(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, PEOPLE)
        with closing(connection.cursor()) as cursor:
            people = [(f"p{number}", number) for number in range(500)]
            cursor.executemany("INSERT INTO people (name, age) VALUES (%s, %s)", people)
            seen("inserted", (cursor.rowcount, cursor.lastrowid))
            cursor.executemany("UPDATE people SET age = %s WHERE name = %s", [(7, "p1"), (8, "p2")])
            seen("updated", cursor.rowcount)
            cursor.execute("DELETE FROM people WHERE age > 400")
            seen("deleted", cursor.rowcount)
            upsert = (
                "INSERT INTO people (name, age) VALUES (%s, %s) ON DUPLICATE KEY UPDATE age = 9"
            )
            cursor.execute(upsert, ("p3", 1))
            seen("upserted", (cursor.rowcount, cursor.lastrowid))
            cursor.execute("REPLACE INTO people (name, age) VALUES ('p4', 4)")
            seen("replaced", (cursor.rowcount, cursor.lastrowid))
        seen("all", driver.ask(connection, "SELECT * FROM people ORDER BY name"))


def test_many_rows_are_inserted_updated_and_deleted(compare: Compare, driver: Driver) -> None:
    seen = compare(insert_many, driver)
    assert seen["inserted"][0] == 500
    assert seen["deleted"] == 99
    assert len(seen["all"]) == 401
    assert seen["upserted"][0] == 2


def make_ids(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection, driver.session(place) as other:
        driver.run(connection, PEOPLE)
        with closing(connection.cursor()) as cursor:
            for name in ("Ada", "Bob"):
                cursor.execute("INSERT INTO people (name) VALUES (%s)", (name,))
                seen(f"id of {name}", cursor.lastrowid)
                driver.ask(other, "SELECT 1")
            cursor.execute("INSERT INTO people (name) VALUES ('C'), ('D')")
            seen("first id of two", cursor.lastrowid)
        seen("asked", driver.ask(connection, "SELECT LAST_INSERT_ID()"))
        seen("asked again", driver.ask(connection, "SELECT LAST_INSERT_ID(), @@identity"))
        seen("asked by another", driver.ask(other, "SELECT LAST_INSERT_ID()"))
        driver.ask(connection, "UPDATE people SET id = LAST_INSERT_ID(id + 100) WHERE name = 'Bob'")
        seen("set by an expression", driver.ask(connection, "SELECT LAST_INSERT_ID()"))


def test_inserted_ids_are_the_sessions_own(compare: Compare, driver: Driver) -> None:
    seen = compare(make_ids, driver)
    assert seen["asked"] == [(seen["first id of two"],)] == [(3,)]
    assert seen["asked by another"] == [(0,)]
    assert seen["set by an expression"] == [(102,)]


def be_warned(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, PEOPLE, "SET sql_mode = ''")
        insert = "INSERT INTO people (name, age) VALUES ('much too long', 'none')"
        seen("inserted", driver.ask(connection, insert))
        seen("warnings", driver.ask(connection, "SHOW WARNINGS"))
        seen("count", driver.ask(connection, "SHOW COUNT(*) WARNINGS"))
        seen("divided", driver.ask(connection, "SELECT CAST('12x' AS SIGNED)"))
        seen("count after a select", driver.ask(connection, "SELECT @@warning_count"))
        driver.ask(connection, "DROP TABLE IF EXISTS missing")
        seen("note", driver.ask(connection, "SHOW WARNINGS"))
        driver.ask(connection, "SELECT 1 FROM people")
        seen("none", driver.ask(connection, "SHOW WARNINGS"))


def test_warnings_are_those_of_the_last_statement(compare: Compare, driver: Driver) -> None:
    seen = compare(be_warned, driver)
    assert [code for _, code, _ in seen["warnings"]] == [1265, 1366]
    assert [code for _, code, _ in seen["note"]] == [1051]
    assert seen["count after a select"] == [(1,)]
    assert seen["none"] == []


def look_back(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, PEOPLE)
        # With one cursor, because the connector pings for each, and a ping is a statement, too.
        with closing(connection.cursor()) as cursor:
            cursor.execute("INSERT INTO people (name) VALUES ('a'), ('b'), ('c')")
            for name, sql in {
                "inserted": "SELECT ROW_COUNT()",
                "page": "SELECT SQL_CALC_FOUND_ROWS name FROM people LIMIT 1",
                "found": "SELECT FOUND_ROWS()",
                "row count after a select": "SELECT ROW_COUNT()",
            }.items():
                cursor.execute(sql)
                seen(name, cursor.fetchall())


def test_row_count_and_found_rows_answer_about_the_last_statement(
    compare: Compare, driver: Driver
) -> None:
    seen = compare(look_back, driver)
    assert list(seen["inserted"]) == list(seen["found"]) == [(3,)]


FAILING = {
    "syntax": "SELEC 1",
    "missing table": "SELECT * FROM missing",
    "missing column": "SELECT missing FROM people",
    "duplicate key": "INSERT INTO people (id, name) VALUES (1, 'again')",
    "too long": "INSERT INTO people (name) VALUES ('much too long for it')",
    "foreign key": "INSERT INTO pets VALUES (99)",
    "not null": "INSERT INTO pets VALUES (NULL)",
    "exists": PEOPLE,
    "unknown function": "SELECT no_such_function(1)",
    "subquery": "SELECT (SELECT id FROM people UNION SELECT 2)",
    "unknown variable": "SET no_such_variable = 1",
    "wrong value": "SET sql_mode = 'NONSENSE'",
}


def fail(place: Place, driver: Driver, statements: dict[str, str], seen: Notes) -> None:
    mode = "STRICT_ALL_TABLES"
    with driver.session(place, autocommit=True, sql_mode=mode) as connection:
        driver.run(
            connection,
            PEOPLE,
            "INSERT INTO people (name) VALUES ('Ada')",
            "CREATE TABLE pets (owner INT NOT NULL, FOREIGN KEY (owner) REFERENCES people (id))",
        )
        for name, sql in statements.items():
            seen(name, driver.refused(driver.ask, connection, sql))
        seen("still there", driver.ask(connection, "SELECT name FROM people"))


NUMBERS = {"syntax": 1064, "missing table": 1146, "missing column": 1054, "duplicate key": 1062}


@pytest.mark.real_servers("the embedded server knows fewer errors")
def test_errors_have_the_servers_number_state_and_text(compare: Compare, driver: Driver) -> None:
    seen = compare(fail, driver, FAILING)
    assert {name: seen[name][1] for name in NUMBERS} == NUMBERS
    assert seen["still there"] == [("Ada",)]


def test_common_errors_have_the_servers_number(compare: Compare, driver: Driver) -> None:
    seen = compare(fail, driver, {name: FAILING[name] for name in NUMBERS})
    assert {name: seen[name][1] for name in NUMBERS} == NUMBERS
    assert seen["still there"] == [("Ada",)]
