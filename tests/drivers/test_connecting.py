"""What a driver asks for when it connects."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers.conftest import Compare
from tests.drivers.dbapi import Driver
from tests.drivers.notes import Notes
from tests.drivers.place import Place

ENCODING = (
    "SELECT @@character_set_client, @@character_set_connection, @@character_set_results, "
    "@@collation_connection"
)
SETTINGS = "SELECT @@sql_mode, @@autocommit, @@time_zone, DATABASE()"


def look_around(place: Place, driver: Driver, options: dict[str, Any], seen: Notes) -> None:
    with driver.session(place, **options) as connection:
        seen("encoding", driver.ask(connection, ENCODING))
        seen("settings", driver.ask(connection, SETTINGS))
        seen("text", driver.ask(connection, "SELECT 'Äß', HEX('Äß'), LENGTH('Äß')"))
        seen("text as a parameter", driver.ask(connection, "SELECT %s, HEX(%s)", ("Äß", "Äß")))


OPTIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "utf8mb4": {"charset": "utf8mb4"},
    "latin1": {"charset": "latin1"},
    "collation": {"charset": "utf8mb4", "collation": "utf8mb4_unicode_ci"},
    "autocommit": {"autocommit": True},
    "sql_mode": {"sql_mode": "ANSI_QUOTES,STRICT_TRANS_TABLES"},
}


CASES = [
    pytest.param(
        options,
        id=name,
        marks=[pytest.mark.real_servers("it has no ANSI_QUOTES")] if name == "sql_mode" else [],
    )
    for name, options in OPTIONS.items()
]


@pytest.mark.parametrize("options", CASES)
def test_options_of_the_connection_are_in_force(
    compare: Compare, driver: Driver, options: dict[str, Any]
) -> None:
    seen = compare(look_around, driver, options)
    ((_, _, results, _),) = seen["encoding"]
    ((sql_mode, autocommit, _, database),) = seen["settings"]
    assert seen["text"][0][0] == "Äß"
    assert results == options.get("charset", "utf8mb4")
    assert autocommit == int(options.get("autocommit", False))
    assert ("ANSI_QUOTES" in sql_mode) == ("sql_mode" in options)
    assert database == "driven"


def look_at_init_command(place: Place, driver: Driver, seen: Notes) -> None:
    commands = "SET time_zone = '+05:30', @greeting = 'hello'"
    with driver.session(place, init_command=commands) as connection:
        sql = "SELECT @@time_zone, @greeting, FROM_UNIXTIME(0)"
        seen("session", driver.ask(connection, sql))


def test_the_init_command_is_in_force(compare: Compare, driver: Driver) -> None:
    ((time_zone, greeting, epoch),) = compare(look_at_init_command, driver)["session"]
    assert (time_zone, greeting) == ("+05:30", "hello")
    assert str(epoch) == "1970-01-01 05:30:00"


def count_rows(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1), (2)")
    for found_rows in (False, True):
        with driver.session(place, autocommit=True, found_rows=found_rows) as connection:
            rows = driver.ask(connection, "UPDATE t SET a = 1")
            seen(f"rows with found_rows={found_rows}", rows)


def test_found_rows_is_what_each_connection_asked_for(compare: Compare, driver: Driver) -> None:
    seen = compare(count_rows, driver)
    assert seen["rows with found_rows=False"] == 1
    assert seen["rows with found_rows=True"] == 2


def change_settings(place: Place, driver: Driver, seen: Notes) -> None:
    statements = {
        "several": "SET time_zone = '-03:00', sql_mode = 'NO_BACKSLASH_ESCAPES', @n = 5",
        "expression": "SET @m = @n * 2, group_concat_max_len = 1000 + 24",
        "names": "SET NAMES latin1 COLLATE latin1_general_ci",
        "default": "SET sql_mode = DEFAULT",
        "isolation": "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    }
    look = (
        "SELECT @@time_zone, @@sql_mode, @n, @m, @@group_concat_max_len, @@collation_connection, "
        "@@transaction_isolation"
    ).replace("transaction", "tx" if place.is_mariadb else "transaction")
    with driver.session(place) as connection, driver.session(place) as other:
        for name, sql in statements.items():
            driver.run(connection, sql)
            seen(f"after {name}", driver.ask(connection, look))
            seen(f"other session after {name}", driver.ask(other, look))


@pytest.mark.real_servers("it knows fewer variables and modes")
def test_variables_that_are_set_stay_and_are_nobody_elses(compare: Compare, driver: Driver) -> None:
    seen = compare(change_settings, driver)
    after = seen["after isolation"][0]
    assert (int(after[2]), int(after[3]), after[4]) == (5, 10, 1024)
    assert after[5:] == ("latin1_general_ci", "SERIALIZABLE")
    assert seen["other session after isolation"] == seen["other session after several"]


def refuse_logins(place: Place, driver: Driver, seen: Notes) -> None:
    refusal = driver.refused(driver.connect, place, password="wrong")
    seen("wrong password", [str(part).split("for user")[0] for part in refusal])


def test_a_wrong_password_is_refused(compare: Compare, driver: Driver) -> None:
    seen = compare(refuse_logins, driver)["wrong password"]
    shy = driver.name == "connector-c"  # it shows no password to a server without TLS
    assert "1045" in seen or (shy and "2061" in seen)
