"""One row of plain aggregates over several shards: as one server gives it of the same rows."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.stage import PlainConnection, ask, error_of
from tests.sharding.prepared import Prepare
from tests.sharding.shop import Shop, rows

COLUMNS = (
    "k INT PRIMARY KEY, i INT, u BIGINT UNSIGNED, m DECIMAL(30,10), f DOUBLE, t DATETIME(3), "
    "d DATE, y YEAR, h TIME(2), s VARCHAR(20)"
)
ROWS = [
    "(0, 5, 18446744073709551615, 12345678901234567890.0123456789, 1.5, "
    "'2020-01-01 10:00:00.5', '2020-01-01', 2020, '10:00:00.25', 'b')",
    "(1, -7, 0, -99999999999999999999.9999999999, -0.25, '2019-12-31 23:59:59.999', '1999-05-05', "
    "1999, '-10:00:00', 'A')",
    "(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    "(3, 2147483647, 1, 0.0000000001, 1e300, '2021-07-07', '2021-07-07', 2155, '300:00:00', 'c')",
    "(6, 2147483647, 18446744073709551615, 99999999999999999999.9999999999, 0, '2021-07-07', "
    "'2021-07-08', 1901, '00:00:00', 'C')",
]
QUERIES = [
    "SELECT COUNT(*) FROM {}",
    "SELECT COUNT(*) AS n, COUNT(i), COUNT(s), COUNT(1) FROM {}",
    "SELECT SUM(i), SUM(u), SUM(m), SUM(i + 0.5), sum(all k) FROM {}",
    "SELECT MIN(i), MAX(i), MIN(u), MAX(u), MIN(m), MAX(m), MIN(f), MAX(f) FROM {}",
    "SELECT MIN(t), MAX(t), MIN(d), MAX(d), MIN(y), MAX(y), MIN(h), (MAX(h)) h FROM {}",
    "SELECT COUNT(i), SUM(i), MIN(i), MAX(d) FROM {} WHERE i IS NULL",
    "SELECT COUNT(i), SUM(i), MIN(i), MAX(d) FROM {} WHERE k > 100",
    "SELECT MAX(t.k), MIN(-t.k) FROM {} AS t WHERE t.i > 0",
    "SELECT COUNT(*) FROM {} WHERE k IN (1, 2, 6)",
    "SELECT MIN(s) FROM {} WHERE s <> 'C'",
    "SELECT COUNT(*), MAX(s) FROM {} WHERE s <> 'c'",
    "SELECT SUM(f) FROM {} WHERE f < 1e10",
    "SELECT COUNT(*), SUM(s) FROM {}",
]


@pytest.fixture
def both(shop: Shop, client: PlainConnection) -> PlainConnection:
    """A client of two tables with the same rows: in parts, and at home."""
    values = ", ".join(ROWS)
    if shop.server.kind == "embedded":  # which has no such large numbers
        values = values.replace(str(2**64 - 1), str(2**61))
        values = values.replace("9" * 20, "9" * 7).replace("12345678901234567890", "1234567")
    for table in ("wide_p", "whole"):
        rows(client, f"CREATE TABLE {table} ({COLUMNS})")
        rows(client, f"INSERT INTO {table} VALUES {values}")
    return client


def told(client: PlainConnection, sql: str) -> tuple[list[Any], list[Any]]:
    """The rows of a query, and what its columns are."""
    with client.cursor() as cursor:
        cursor.execute(sql)
        found = list(cursor.fetchall())
        fields = [
            (each.name, each.type_code, each.flags, each.scale, each.charsetnr)
            for each in cursor._result.fields
        ]
    return found, fields


@pytest.mark.parametrize("sql", QUERIES)
def test_it_is_what_one_server_gives(both: PlainConnection, prepare: Prepare, sql: str) -> None:
    assert told(both, sql.format("wide_p")) == told(both, sql.format("whole"))
    parts, whole = prepare(sql.format("wide_p")), prepare(sql.format("whole"))
    for _ in range(2):
        assert parts.rows() == whole.rows()


def test_it_may_have_parameters(both: PlainConnection, prepare: Prepare) -> None:
    sql = "SELECT COUNT(*), SUM(i), MAX(t) FROM {} WHERE k > ? AND k IN (?, ?, ?)"
    parts, whole = prepare(sql.format("wide_p")), prepare(sql.format("whole"))
    for values in ((0, 1, 2, 3), (0, 2, 6, 10), (5, 1, 2, 3), (-1, 0, 4, 8)):
        assert parts.rows(*values) == whole.rows(*values)


def test_what_is_made_elsewhere_ends_no_transaction(both: PlainConnection) -> None:
    rows(both, "BEGIN")
    rows(both, "UPDATE wide_p SET i = 6, s = 'z' WHERE k = 0")
    sql = "SELECT {} FROM wide_p WHERE k IN (0, 2, 6)"
    assert ask(both, sql.format("MAX(s)")) == "z"
    assert ask(both, sql.format("SUM(i)")) == 2147483653
    rows(both, "ROLLBACK")
    assert ask(both, sql.format("MAX(s)")) in ("C", "c")
    assert ask(both, sql.format("SUM(i)")) == 2147483652


def test_an_error_of_a_shard_is_told(both: PlainConnection) -> None:
    assert error_of(lambda: rows(both, "SELECT SUM(nothing) FROM wide_p"))[0] == 1054
    assert ask(both, "SELECT COUNT(*) FROM wide_p") == len(ROWS)
    assert ask(both, "SELECT FOUND_ROWS()") == 1


def test_sql_select_limit_leaves_the_row_or_not(both: PlainConnection) -> None:
    for limit, count in ((0, 0), (1, 1), (5, 1)):
        rows(both, f"SET sql_select_limit = {limit}")
        found = [rows(both, f"SELECT COUNT(*) FROM {table}") for table in ("wide_p", "whole")]
        assert found[0] == found[1]
        assert len(found[0]) == count
    rows(both, "SET sql_select_limit = DEFAULT")
