"""What drivers and their pools do to connections: ping, reset, reconnect, change user, kill."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import Any

import pytest

from tests.drivers.conftest import Compare
from tests.drivers.dbapi import Driver
from tests.drivers.notes import Notes
from tests.drivers.place import Place

only_connector = pytest.mark.parametrize("driver", ["connector", "connector-c"], indirect=True)
STATE = "SELECT @v, @@time_zone, @@sql_mode, @@autocommit"


def dirty(driver: Driver, connection: Any) -> None:
    """Leaves something of everything that belongs to a session."""
    driver.run(
        connection,
        "SET @v = 'mine', time_zone = '+03:00', sql_mode = 'STRICT_ALL_TABLES'",
        "CREATE TEMPORARY TABLE scratch (a INT)",
        "BEGIN",
        "INSERT INTO kept VALUES (1)",
    )


def look(driver: Driver, connection: Any, when: str, seen: Notes) -> None:
    seen(f"state {when}", driver.ask(connection, STATE))
    scratch = driver.refused(driver.ask, connection, "SELECT * FROM scratch")
    seen(f"temporary table {when}", scratch)
    seen(f"rows {when}", driver.ask(connection, "SELECT * FROM kept"))


def ping(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, "CREATE TABLE kept (a INT)")
        dirty(driver, connection)
        driver.ping(connection)
        look(driver, connection, "after a ping", seen)
        connection.rollback()
        seen("rolled back", driver.ask(connection, "SELECT * FROM kept"))


def test_a_ping_changes_nothing(compare: Compare, driver: Driver) -> None:
    seen = compare(ping, driver)
    assert seen["rows after a ping"] == [(1,)]
    assert seen["rolled back"] == []


def reset(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as connection:
        driver.run(connection, "CREATE TABLE kept (a INT)")
        dirty(driver, connection)
        connection.cmd_reset_connection()
        look(driver, connection, "after a reset", seen)
        dirty(driver, connection)
        connection.reset_session(
            user_variables={"v": "given"}, session_variables={"time_zone": "-01:00"}
        )
        look(driver, connection, "after a session reset", seen)


@only_connector
def test_a_reset_leaves_nothing_of_the_session(compare: Compare, driver: Driver) -> None:
    seen = compare(reset, driver)
    assert seen["state after a reset"][0][0] is None
    assert seen["temporary table after a reset"][1] == 1146
    assert seen["rows after a session reset"] == []
    assert seen["state after a session reset"][0][:2] == ("given", "-01:00")


def borrow_and_return(place: Place, driver: Driver, seen: Notes) -> None:
    from mysql.connector.pooling import MySQLConnectionPool

    pool = MySQLConnectionPool(
        pool_name=f"pool-{place.port}-{driver}",
        pool_size=2,
        host=place.host,
        port=place.port,
        user=place.user,
        password=place.password,
        database=place.database,
        ssl_disabled=True,
        use_pure=driver.name == "connector",
        **({"collation": "utf8mb4_general_ci"} if place.is_mariadb else {}),
    )
    first = pool.get_connection()
    driver.run(first, "CREATE TABLE kept (a INT)")
    for turn in range(6):
        borrowed = pool.get_connection()
        look(driver, borrowed, f"in turn {turn}", seen)
        dirty(driver, borrowed)
        borrowed.close()
    first.close()
    pool._remove_connections()


@only_connector
def test_the_connectors_pool_gives_out_clean_connections(compare: Compare, driver: Driver) -> None:
    seen = compare(borrow_and_return, driver)
    for turn in range(6):
        assert seen[f"state in turn {turn}"][0][0] is None
        assert seen[f"temporary table in turn {turn}"][1] == 1146
        assert seen[f"rows in turn {turn}"] == []


def change_user(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, charset="utf8mb4") as connection:
        driver.run(connection, "CREATE TABLE kept (a INT)")
        for turn in range(2):
            dirty(driver, connection)
            if driver.name == "mysqlclient":
                connection.change_user(place.user, place.password, place.database)
            else:
                connection.cmd_change_user(place.user, place.password, place.database)
            look(driver, connection, f"after change {turn}", seen)
            seen(f"database {turn}", driver.ask(connection, "SELECT DATABASE(), 'ü'"))


@pytest.mark.parametrize("driver", ["mysqlclient", "connector", "connector-c"], indirect=True)
def test_a_change_of_user_starts_a_new_session(compare: Compare, driver: Driver) -> None:
    seen = compare(change_user, driver)
    assert seen["state after change 1"][0][0] is None
    assert seen["rows after change 1"] == []
    assert seen["database 1"] == [("driven", "ü")]


def change_to_nobody(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as connection:
        change = connection.change_user if driver.name == "mysqlclient" else None
        change = change or connection.cmd_change_user
        refusal = driver.refused(change, place.user, "wrong", place.database)
        if driver.name != "connector-c":  # which refuses to show a password without TLS
            seen("refusal", [str(part).split("for user")[0] for part in refusal])
        seen("refused", refusal != "no error")


@pytest.mark.parametrize("driver", ["mysqlclient", "connector", "connector-c"], indirect=True)
def test_a_change_of_user_with_a_wrong_password_is_refused(
    compare: Compare, driver: Driver
) -> None:
    assert compare(change_to_nobody, driver)["refused"]


def reconnect(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place, autocommit=True) as connection:
        driver.run(connection, "CREATE TABLE kept (a INT)")
        dirty(driver, connection)
        connection.reconnect()
        look(driver, connection, "after reconnecting", seen)


@only_connector
def test_a_new_connection_has_nothing_of_the_old(compare: Compare, driver: Driver) -> None:
    seen = compare(reconnect, driver)
    assert seen["rows after reconnecting"] == []
    assert seen["state after reconnecting"][0][0] is None


def kill(place: Place, driver: Driver, how: str, seen: Notes) -> None:
    slow = "SELECT SLEEP(50), a FROM kept"
    with (
        driver.session(place, autocommit=True) as victim,
        driver.session(place, autocommit=True) as killer,
        ThreadPoolExecutor(1) as thread,
    ):
        driver.run(victim, "CREATE TABLE kept (a INT)", "INSERT INTO kept VALUES (1), (2)")
        victim_id = driver.connection_id(victim)
        seen("knows its id", driver.ask(victim, "SELECT CONNECTION_ID()") == [(victim_id,)])
        running = thread.submit(driver.refused, driver.ask, victim, slow)
        if how == "KILL QUERY":
            kill_until_ended(driver, killer, f"{how} {victim_id}", running)
            seen("interrupted", running.result())
            seen("the victim goes on", driver.ask(victim, "SELECT a FROM kept"))
        else:
            seen("killed", driver.ask(killer, f"{how} {victim_id}"))
            seen("interrupted", running.result()[1])
            seen("the victim is gone", driver.refused(driver.ask, victim, "SELECT 1") != "no error")
        seen("the killer goes on", driver.ask(killer, "SELECT a FROM kept"))
        seen("nobody", driver.refused(driver.ask, killer, f"{how} 4294967290"))


def kill_until_ended(driver: Driver, killer: Any, sql: str, running: Future[Any]) -> None:
    """Again and again: a kill that comes before the statement has begun is forgotten."""
    while not running.done():
        driver.ask(killer, sql)
        wait_for([running], timeout=0.2)


def test_a_query_is_killed_and_its_session_goes_on(compare: Compare, driver: Driver) -> None:
    seen = compare(kill, driver, "KILL QUERY")
    assert seen["knows its id"]
    assert seen["interrupted"][1] == 1317
    assert seen["the victim goes on"] == [(1,), (2,)]
    assert seen["nobody"][1] == 1094


def _listed_when_idle(driver: Driver, connection: Any, idle: int) -> dict[int, Any]:
    """The process list as soon as a session is idle in it: a server is later than its answer."""
    while True:
        rows = {row[0]: row for row in driver.ask(connection, "SHOW PROCESSLIST")}
        if idle not in rows or rows[idle][4] == "Sleep":
            return rows


def list_sessions(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as connection, driver.session(place) as other:
        mine, others = driver.connection_id(connection), driver.connection_id(other)
        rows = _listed_when_idle(driver, connection, others)
        seen("both are listed", {mine, others} <= rows.keys())
        seen("mine", (rows[mine][1] == place.user, rows[mine][3:5], rows[mine][7]))
        seen("other", (rows[others][1] == place.user, rows[others][3:5], rows[others][7]))


def test_the_process_list_has_the_sessions_of_the_user(compare: Compare, driver: Driver) -> None:
    seen = compare(list_sessions, driver)
    assert seen["both are listed"]
    assert seen["other"][1][1] == "Sleep"


def use_databases(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as connection:
        seen("own", driver.refused(driver.ask, connection, f"USE {place.database}"))
        unknown = driver.refused(driver.ask, connection, "USE no_such_database")
        seen("unknown", [part for part in unknown if "no_such_database" not in str(part)])
        seen("still", driver.ask(connection, "SELECT DATABASE()"))
        if driver.name.startswith("connector"):
            connection.database = place.database
        else:
            connection.select_db(place.database)
        seen("selected", driver.ask(connection, "SELECT DATABASE()"))


def test_the_own_database_can_be_used_and_an_unknown_one_cannot(
    compare: Compare, driver: Driver
) -> None:
    seen = compare(use_databases, driver)
    assert seen["unknown"][1] == 1049
    assert seen["still"] == seen["selected"] == [("driven",)]


def take_locks(place: Place, driver: Driver, seen: Notes) -> None:
    with driver.session(place) as holder, driver.session(place) as other:
        seen("taken", driver.ask(holder, "SELECT GET_LOCK('drivers', 0)"))
        seen("refused", driver.ask(other, "SELECT GET_LOCK('drivers', 0)"))
        seen("released", driver.ask(holder, "SELECT RELEASE_LOCK('drivers')"))
        seen("taken by the other", driver.ask(other, "SELECT GET_LOCK('drivers', 0)"))
    with driver.session(place) as third:
        seen("free after it left", driver.ask(third, "SELECT GET_LOCK('drivers', 10)"))


def test_a_named_lock_is_its_sessions(compare: Compare, driver: Driver) -> None:
    seen = compare(take_locks, driver)
    assert [seen[name][0][0] for name in ("taken", "refused", "taken by the other")] == [1, 0, 1]
    assert seen["free after it left"] == [(1,)]
