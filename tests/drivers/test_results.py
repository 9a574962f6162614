"""Results that are more than one list of rows: streams, several results, procedures, files."""

from __future__ import annotations

import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.conftest import Compare
from tests.drivers.dbapi import Driver
from tests.drivers.notes import Notes
from tests.drivers.place import Place

real_procedures = pytest.mark.real_servers("it has no stored procedures")


def number(driver: Driver, connection: Any, rows: int) -> None:
    driver.run(connection, "CREATE TABLE numbers (n INT PRIMARY KEY, padding VARCHAR(300))")
    with closing(connection.cursor()) as cursor:
        values = [(n, f"{n}" * 40) for n in range(rows)]
        cursor.executemany("INSERT INTO numbers VALUES (%s, %s)", values)


def stream(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        number(driver, connection, 5000)
        for mapping in (False, True):
            cursor = driver.cursor(connection, streaming=True, mapping=mapping)
            cursor.execute("SELECT * FROM numbers ORDER BY n")
            first = cursor.fetchone()
            some = cursor.fetchmany(10)
            rest = sum(1 for _ in cursor)
            seen(f"rows with mapping={mapping}", [first, *some, rest, cursor.rowcount])
            cursor.close()
        seen("afterwards", driver.ask(connection, "SELECT COUNT(*) FROM numbers"))


def test_rows_are_read_as_they_are_fetched(compare: Compare, driver: Driver) -> None:
    seen = compare(stream, driver)
    assert seen["rows with mapping=False"][0][0] == 0
    assert seen["rows with mapping=True"][0]["n"] == 0
    assert seen["rows with mapping=True"][11] == 4989
    assert seen["afterwards"] == [(5000,)]


def leave_a_stream(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        number(driver, connection, 5000)
        with driver.session(place) as leaver:
            cursor = driver.cursor(leaver, streaming=True)
            cursor.execute("SELECT * FROM numbers a ORDER BY n")
            seen("first", cursor.fetchone())
            cursor.fetchall()
            cursor.close()
        seen("afterwards", driver.ask(connection, "SELECT COUNT(*) FROM numbers"))


def test_a_half_read_stream_harms_nobody(compare: Compare, driver: Driver) -> None:
    assert compare(leave_a_stream, driver)["afterwards"] == [(5000,)]


MANY = (
    "SELECT 1 AS a; CREATE TABLE t (x INT); INSERT INTO t VALUES (1), (2); "
    "SELECT x, 'ü' FROM t ORDER BY x; SET @v = 5; SELECT @v; DELETE FROM t"
)


def run_many(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        seen("results", results(connection, MANY))
        seen("until the error", driver.refused(results, connection, "SELECT 1; SELEC 2; SELECT 3"))
        seen("and goes on", driver.ask(connection, "SELECT @v, COUNT(*) FROM t"))


def results(connection: Any, sql: str) -> list[Any]:
    """All results of a text with several statements: rows, or how many were changed."""
    found: list[Any] = []
    with closing(connection.cursor()) as cursor:
        cursor.execute(sql)
        while True:
            found.append(list(cursor.fetchall()) if cursor.description else cursor.rowcount)
            if not cursor.nextset():
                return found


def test_several_statements_in_one_text_have_their_results(
    compare: Compare, driver: Driver
) -> None:
    seen = compare(run_many, driver)
    rows = [result for result in seen["results"] if isinstance(result, list) and result]
    assert rows == [[(1,)], [(1, "ü"), (2, "ü")], [(5,)]]
    assert seen["until the error"][1] == 1064
    assert seen["and goes on"] == [(5, 0)]


PROCEDURES = (
    "CREATE PROCEDURE add_up(IN a INT, IN b INT, OUT total INT, INOUT calls INT) "
    "BEGIN SET total = a + b; SET calls = calls + 1; END",
    "CREATE PROCEDURE report(IN least INT) BEGIN "
    "SELECT n FROM numbers WHERE n >= least ORDER BY n LIMIT 3; "
    "SELECT 'second' AS name, COUNT(*) AS total FROM numbers; END",
    "CREATE PROCEDURE write_down(IN n INT) INSERT INTO numbers VALUES (n, 'written')",
    "CREATE PROCEDURE complain() SIGNAL SQLSTATE '45000' "
    "SET MESSAGE_TEXT = 'no good', MYSQL_ERRNO = 31000",
    "CREATE FUNCTION doubled(a INT) RETURNS INT DETERMINISTIC RETURN 2 * a",
)


def call_procedures(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        number(driver, connection, 10)
        driver.run(connection, *PROCEDURES)
        with closing(connection.cursor()) as cursor:
            seen("OUT parameters", call(cursor, "add_up", (2, 3, 0, 41)))
        with closing(connection.cursor()) as cursor:
            cursor.callproc("report", (4,))
            seen("results", results_of_call(cursor))
        with closing(connection.cursor()) as cursor:
            cursor.callproc("write_down", (77,))
            seen("written", cursor.rowcount)
        with closing(connection.cursor()) as cursor:
            seen("signalled", driver.refused(cursor.callproc, "complain"))
        seen("by CALL", results(connection, "CALL report(8)"))
        seen("function", driver.ask(connection, "SELECT doubled(n) FROM numbers WHERE n > 8"))


def call(cursor: Any, procedure: str, arguments: tuple[Any, ...]) -> list[Any]:
    """The arguments after the call: the connector returns them, others leave them in variables."""
    returned = cursor.callproc(procedure, arguments)
    while cursor.nextset():
        pass
    if returned != arguments:
        return list(returned)
    names = ", ".join(f"@_{procedure}_{at}" for at in range(len(arguments)))
    cursor.execute(f"SELECT {names}")
    return list(cursor.fetchone())


def results_of_call(cursor: Any) -> list[Any]:
    if hasattr(cursor, "stored_results"):
        with warnings.catch_warnings():  # deprecated, and there is no other way yet
            warnings.simplefilter("ignore", DeprecationWarning)
            return [list(result.fetchall()) for result in cursor.stored_results()]
    found = [list(cursor.fetchall())]
    while cursor.nextset():
        found.append(list(cursor.fetchall()) if cursor.description else cursor.rowcount)
    return found


@real_procedures
def test_procedures_have_out_parameters_and_several_results(
    compare: Compare, driver: Driver
) -> None:
    seen = compare(call_procedures, driver)
    assert [int(value) for value in seen["OUT parameters"]] == [2, 3, 5, 42]
    assert seen["results"][:2] == [[(4,), (5,), (6,)], [("second", 10)]]
    assert seen["signalled"][1] == 31000
    assert seen["function"] == [(18,), (154,)]


def load_a_file(place: Place, driver: Driver, file: Path, seen: Notes) -> None:
    load = (
        f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE loaded CHARACTER SET utf8mb4 "
        "FIELDS TERMINATED BY ',' (id, body)"
    )
    with driver.session(place, autocommit=True, local_infile=True) as connection:
        driver.run(connection, "CREATE TABLE loaded (id INT PRIMARY KEY, body VARCHAR(100))")
        seen("loaded", driver.ask(connection, load))
        seen("warnings", driver.ask(connection, "SHOW WARNINGS LIMIT 2"))
        sums = "SELECT COUNT(*), SUM(id), SUM(LENGTH(body)), MAX(body) FROM loaded"
        seen("in the table", driver.ask(connection, sums))
        nowhere = load.replace("TABLE loaded", "TABLE nowhere")
        seen("no such table", driver.refused(driver.ask, connection, nowhere))
        missing = load.replace(str(file), f"{file}.missing")
        seen("a file is missing", driver.refused(driver.ask, connection, missing) != "no error")
    with driver.session(place, autocommit=True) as connection:
        seen("went on", driver.ask(connection, "SELECT COUNT(*) FROM loaded"))


@pytest.mark.real_servers("it does not load files")
@pytest.mark.parametrize("lines", [0, 3, 200_000])
def test_a_file_of_the_client_is_loaded(
    compare: Compare, driver: Driver, tmp_path: Path, lines: int
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("".join(f"{line},text ü {line}\n" for line in range(lines)))
    seen = compare(load_a_file, driver, file)
    assert seen["in the table"][0][0] == lines
    assert seen["no such table"][1] == 1146
    assert seen["a file is missing"]
    assert seen["went on"] == [(lines,)]


def load_without_asking(place: Place, driver: Driver, file: Path, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, "CREATE TABLE loaded (id INT)")
        load = f"LOAD DATA LOCAL INFILE '{file}' INTO TABLE loaded"
        seen("refused", driver.refused(driver.ask, connection, load) != "no error")
    with driver.session(place, autocommit=True) as connection:
        seen("rows", driver.ask(connection, "SELECT COUNT(*) FROM loaded"))


@pytest.mark.real_servers("it does not load files")
def test_no_file_is_loaded_unless_the_client_allows_it(
    compare: Compare, driver: Driver, tmp_path: Path
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("1\n")
    seen = compare(load_without_asking, driver, file)
    assert seen["refused"]
    assert seen["rows"] == [(0,)]
