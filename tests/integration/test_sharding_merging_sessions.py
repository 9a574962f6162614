"""Merged queries in sessions: their transactions, settings, and what they leave behind."""

from __future__ import annotations

from typing import Any

import pymysql
import pytest

from tests.integration.stage import PlainConnection, ask, error_of
from tests.sharding.shop import Shop, rows

COLUMNS = "k INT PRIMARY KEY, n INT, s VARCHAR(20), t TIMESTAMP NULL"
WAYS = {
    "ordered": "SELECT k, n, s FROM {} WHERE k IN (0, 2, 4) ORDER BY s, k",
    "one row": "SELECT COUNT(*), SUM(n), MAX(n) FROM {} WHERE k IN (0, 2, 4)",
    "grouped": "SELECT n, COUNT(*) FROM {} WHERE k IN (0, 2, 4) GROUP BY n ORDER BY n",
    "gathered": "SELECT a.k, b.k, b.s FROM {} a JOIN {} b ON a.n = b.n WHERE a.k IN (0, 2) "
    "AND b.k IN (0, 2) ORDER BY a.k, b.k",
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())


@pytest.fixture
def both(shop: Shop, client: PlainConnection) -> PlainConnection:
    """A client of two tables with the same rows: over four shards, and at home."""
    for table in ("wide_rows", "whole"):
        rows(client, f"CREATE TABLE {table} ({COLUMNS})")
        values = ", ".join(f"({k}, {k % 3}, 'text {9 - k}', NULL)" for k in range(8))
        rows(client, f"INSERT INTO {table} VALUES {values}")
    return client


def told(client: PlainConnection, sql: str, table: str) -> list[Any]:
    return rows(client, sql.replace("{}", table))


def expect_same(client: PlainConnection, sql: str) -> None:
    assert told(client, sql, "wide_rows") == told(client, sql, "whole")


# --- transactions ---------------------------------------------------------------------------------


@every_way
@pytest.mark.parametrize("begin", ["BEGIN", "SET autocommit = 0"])
def test_what_a_transaction_changed_it_sees(
    both: PlainConnection, shop: Shop, way: str, begin: str
) -> None:
    before = told(both, way, "wide_rows")
    rows(both, begin)
    rows(both, "UPDATE wide_rows SET n = 7, s = 'a' WHERE k = 2")
    inside = told(both, way, "wide_rows")
    assert inside != before
    assert told(both, way, "wide_rows") == inside
    rows(both, "ROLLBACK")
    rows(both, "SET autocommit = 1")
    assert told(both, way, "wide_rows") == before
    rows(both, "UPDATE whole SET n = 7, s = 'a' WHERE k = 2")
    assert told(both, way, "whole") == inside


@every_way
def test_another_sessions_transaction_is_not_seen(
    both: PlainConnection, shop: Shop, way: str
) -> None:
    before = told(both, way, "wide_rows")
    other = shop.connect()
    rows(other, "BEGIN")
    rows(other, "UPDATE wide_rows SET n = 7, s = 'a' WHERE k = 2")
    assert told(both, way, "wide_rows") == before
    rows(other, "ROLLBACK")


@every_way
def test_an_error_ends_no_transaction(both: PlainConnection, way: str) -> None:
    rows(both, "BEGIN")
    rows(both, "UPDATE wide_rows SET n = 7 WHERE k = 2")
    broken = way.replace(" WHERE ", " WHERE nothing = 5 AND ")
    assert error_of(lambda: told(both, broken, "wide_rows"))[0] == 1054
    assert ask(both, "SELECT n FROM wide_rows WHERE k = 2") == 7
    rows(both, "ROLLBACK")
    assert ask(both, "SELECT n FROM wide_rows WHERE k = 2") == 2


def test_in_a_transaction_rows_do_not_meet_those_at_home(both: PlainConnection) -> None:
    sql = "SELECT w.k FROM wide_rows w JOIN settings s ON s.name = w.s WHERE w.k IN (0, 2)"
    rows(both, "INSERT INTO settings VALUES ('text 9', 'x')")
    assert rows(both, sql) == [(0,)]
    rows(both, "BEGIN")
    rows(both, "UPDATE wide_rows SET n = 7 WHERE k = 2")
    errno, text = error_of(lambda: rows(both, sql))
    assert errno == 1105
    assert text.startswith("In a transaction rows of several shards can't meet those of a table")
    assert ask(both, "SELECT n FROM wide_rows WHERE k = 2") == 7
    rows(both, "ROLLBACK")


def test_rows_that_come_in_order_can_be_locked(shop: Shop, both: PlainConnection) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("no statement waits for another's rows there")
    rows(both, "BEGIN")
    found = rows(both, "SELECT k FROM wide_rows WHERE k IN (0, 2) ORDER BY k DESC FOR UPDATE")
    assert found == [(2,), (0,)]
    other = shop.connect()
    rows(other, "SET innodb_lock_wait_timeout = 1")
    for key in (0, 2):
        sql = f"UPDATE wide_rows SET n = 9 WHERE k = {key}"
        assert error_of(lambda sql=sql: rows(other, sql))[0] == 1205  # type: ignore[misc]
    rows(both, "COMMIT")
    rows(other, "UPDATE wide_rows SET n = 9 WHERE k = 2")


# --- settings -------------------------------------------------------------------------------------


def test_texts_are_in_the_clients_character_set(shop: Shop, both: PlainConnection) -> None:
    for table in ("wide_rows", "whole"):
        rows(both, f"UPDATE {table} SET s = 'größe' WHERE k IN (1, 2)")
    for charset in ("latin1", "utf8mb4"):
        client = PlainConnection(
            host=shop.proxy.host, port=shop.proxy.port, user=shop.proxy.user,
            password=shop.proxy.password, database=shop.name, ssl_disabled=True, charset=charset,
            autocommit=None,
        )  # fmt: skip
        with client:
            for sql in (
                "SELECT s FROM {} WHERE s = 'größe' OR k = 5 ORDER BY s, k",
                "SELECT s, COUNT(*) FROM {} WHERE s LIKE 'grö%' GROUP BY s",
                "SELECT DISTINCT s FROM {} ORDER BY s",
                "SELECT a.s FROM {} a JOIN {} b ON a.s = b.s AND a.k < b.k WHERE a.s = 'größe'",
                "SELECT MAX(s), CONCAT(MIN(s), 'ß') FROM {} WHERE s >= 'größe'",
            ):
                expect_same(client, sql)


@every_way
def test_the_sql_mode_is_the_sessions(shop: Shop, both: PlainConnection, way: str) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("it has one")
    rows(both, "SET sql_mode = 'ANSI_QUOTES'")
    said = way.replace("WHERE k", 'WHERE "n" <> 1 AND "k"')
    if "JOIN" in way:
        said = 'SELECT "a".k, STD(b."n") FROM {} "a", {} b WHERE "a".s <> b.s GROUP BY 1'
    found, whole = (sorted(told(both, said, table)) for table in ("wide_rows", "whole"))
    assert found == whole


def test_points_in_time_are_told_apart_in_the_hour_that_is_there_twice(
    shop: Shop, both: PlainConnection
) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("it has one time zone")
    rows(both, "SET time_zone = '+00:00'")
    for table in ("wide_rows", "whole"):
        for k, hour in ((0, "00:10"), (1, "01:05"), (2, "00:50"), (3, "01:10"), (4, "00:10")):
            rows(both, f"UPDATE {table} SET t = '2024-10-27 {hour}' WHERE k = {k}")
    try:
        rows(both, "SET time_zone = 'Europe/Berlin'")
    except pymysql.MySQLError as error:
        assert error.args[0] == 1298
        pytest.skip("the server knows no time zones by name")
    for sql in (
        "SELECT k, t FROM {} WHERE k < 4 ORDER BY t, k",
        "SELECT k FROM {} WHERE k < 4 ORDER BY t DESC, k LIMIT 3",
        "SELECT MIN(k), MAX(k), COUNT(*) FROM {} WHERE k < 5 GROUP BY t ORDER BY 1",
        "SELECT UNIX_TIMESTAMP(MAX(t)), STD(k) FROM {} WHERE k < 5",
        "SELECT a.k, b.k FROM {} a JOIN {} b ON a.t = b.t ORDER BY 1, 2",
    ):
        expect_same(both, sql)


def test_variables_and_functions_are_the_sessions(both: PlainConnection) -> None:
    rows(both, "SET @x = 5")
    for sql in (
        "SELECT MAX(k) + @x FROM {} WHERE n < @x",
        "SELECT STD(k) + @x FROM {}",
        "SELECT k FROM {} WHERE k < @x ORDER BY n, k",
        "SELECT COUNT(DISTINCT n) + LAST_INSERT_ID() FROM {}",
    ):
        expect_same(both, sql)


def test_sql_select_limit_counts_what_is_merged(both: PlainConnection) -> None:
    rows(both, "SET sql_select_limit = 2")
    for sql in (
        "SELECT k FROM {} ORDER BY k DESC",
        "SELECT n, COUNT(*) FROM {} GROUP BY n ORDER BY n",
        "SELECT a.k FROM {} a JOIN {} b ON a.k = b.n ORDER BY a.k, b.k",
    ):
        expect_same(both, sql)
        assert ask(both, "SELECT FOUND_ROWS()") == 2
    rows(both, "SET sql_select_limit = DEFAULT")


@pytest.mark.parametrize(
    "modifiers", ["SQL_CALC_FOUND_ROWS DISTINCT", "DISTINCT SQL_CALC_FOUND_ROWS"]
)
def test_rows_without_the_limit_are_told_where_they_are_counted(
    both: PlainConnection, modifiers: str
) -> None:
    expect_same(both, f"SELECT {modifiers} n FROM {{}} ORDER BY n LIMIT 1")
    assert ask(both, "SELECT FOUND_ROWS()") == 3


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT (SELECT MAX(k) FROM wide_rows) FROM wide_rows x",
         "(SELECT MAX(k) FROM wide_rows)"),
        ("SELECT (SELECT MAX(k) FROM wide_rows), 1 UNION SELECT n, 1 FROM wide_rows",
         "(SELECT MAX(k) FROM wide_rows)"),
        ("WITH c AS (SELECT * FROM wide_rows) SELECT (SELECT MAX(k)+1 FROM c) FROM c x",
         "(SELECT MAX(k)+1 FROM c)"),
    ],
)  # fmt: skip
def test_outputs_are_named_by_the_client_s_text(both: PlainConnection, sql: str, name: str) -> None:
    with both.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.description[0][0] == name


# --- what is left behind --------------------------------------------------------------------------


def test_nothing_is_left_on_the_server_that_finishes(shop: Shop, both: PlainConnection) -> None:
    for _ in range(12):
        for way in WAYS.values():
            expect_same(both, way)
    for name in ("athena rows 1", "athena rows 2", "athena groups"):
        sql = f"SELECT * FROM `{name}`"
        assert error_of(lambda sql=sql: rows(both, sql))[0] == 1146  # type: ignore[misc]
    assert not [name for (name,) in rows(both, "SHOW TABLES") if "athena" in name]


def test_a_changed_column_is_seen_by_plans_that_are_kept(shop: Shop, both: PlainConnection) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("nobody else gets at its tables")
    statements = [
        "SELECT k FROM {} ORDER BY n, k",
        "SELECT n, COUNT(*) FROM {} GROUP BY n ORDER BY n",
        "SELECT STD(k), MAX(n) FROM {}",
    ]
    for sql in statements:
        expect_same(both, sql)
    for table in ("wide_rows", "whole"):
        rows(both, f"UPDATE {table} SET n = n * 5")
    for db_group, shards in {"a": (0, 2), "b": (1, 3)}.items():
        database = f"{shop.name}_{db_group}"
        with shop.server.connect(database=database, autocommit=True) as direct:
            for shard in shards:
                rows(direct, f"ALTER TABLE wide_rows_{shard} MODIFY n VARCHAR(20)")
    with shop.server.connect(database=shop.name, autocommit=True) as direct:
        rows(direct, "ALTER TABLE whole MODIFY n VARCHAR(20)")
    for sql in statements * 2:
        expect_same(both, sql)
