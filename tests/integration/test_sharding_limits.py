"""LIMIT over several shards: as many rows as are wanted, whichever they are."""

from __future__ import annotations

import pytest

from tests.integration.stage import PlainConnection, ask, error_of
from tests.sharding.prepared import Prepare
from tests.sharding.shop import Shop, rows

COUNT = 40
WINDOWS = [(0, 0), (0, 1), (0, 7), (0, 40), (0, 99), (3, 5), (38, 5), (40, 1), (99, 3), (39, 1)]


@pytest.fixture
def filled(client: PlainConnection) -> PlainConnection:
    """A client of a shop with rows for each shard, though not equally many."""
    values = ", ".join(f"({key}, {key % 3})" for key in range(COUNT))
    rows(client, f"INSERT INTO wide (k, c0) VALUES {values}")
    return client


def expected(offset: int, count: int) -> int:
    return max(min(COUNT - offset, count), 0)


@pytest.mark.parametrize(("offset", "count"), WINDOWS)
def test_as_many_rows_come_as_are_wanted(
    filled: PlainConnection, prepare: Prepare, offset: int, count: int
) -> None:
    found = [
        rows(filled, f"SELECT k FROM wide LIMIT {offset}, {count}"),
        rows(filled, f"SELECT k FROM wide LIMIT {count} OFFSET {offset}"),
        prepare("SELECT k FROM wide LIMIT ?, ?").rows(offset, count),
        prepare(f"SELECT k FROM wide LIMIT {count} OFFSET ?").rows(offset),
        prepare("SELECT k FROM wide LIMIT ? OFFSET ?").execute(count, offset, cursor=True).rows,
    ]
    for each in found:
        assert len(each) == len(set(each)) == expected(offset, count)
        assert {key for (key,) in each} <= set(range(COUNT))
    assert ask(filled, "SELECT COUNT(*) FROM wide WHERE k = 5") == 1


def test_pages_have_all_rows_once(filled: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("SELECT k FROM wide LIMIT 7 OFFSET ?")
    found = [statement.rows(offset, says_types=not offset) for offset in range(0, COUNT, 7)]
    assert sorted(key for page in found for (key,) in page) == list(range(COUNT))


def test_a_prepared_limit_is_the_same_on_one_shard_and_on_several(
    filled: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare("SELECT k FROM wide WHERE k IN (?, ?) LIMIT 1 OFFSET ?")
    for _ in range(2):
        assert len(statement.rows(1, 2, 1)) == 1
        assert len(statement.rows(1, 5, 1)) == 1
        assert statement.rows(1, 5, 2) == statement.rows(1, 2, 2) == []


def test_a_limit_is_one_of_what_the_shards_group(filled: PlainConnection) -> None:
    found = rows(filled, "SELECT k, COUNT(*) FROM wide WHERE c0 < 2 GROUP BY k LIMIT 30")
    assert len(found) == 27
    assert len(rows(filled, "SELECT DISTINCT k FROM wide WHERE c0 < 2 LIMIT 9")) == 9


def test_many_rows_that_are_not_wanted_any_more_are_not_read(
    shop: Shop, client: PlainConnection
) -> None:
    values = ", ".join(f"({key})" for key in range(12_000))
    rows(client, f"INSERT INTO wide (k) VALUES {values}")
    for _ in range(5):
        found = rows(client, "SELECT k FROM wide LIMIT 500, 2000")
        assert len(set(found)) == 2000
        assert ask(client, "SELECT FOUND_ROWS()") == 2500
    rows(client, "BEGIN")
    rows(client, "SELECT 1 FROM wide WHERE k = 1")
    assert "Scatter" in error_of(lambda: rows(client, "SELECT k FROM wide LIMIT 3"))[1]
    found = rows(client, "SELECT k FROM wide WHERE k IN (1, 3, 5, 7) LIMIT 3")
    assert len(found) == 3
    rows(client, "COMMIT")


def test_sql_select_limit_is_one_for_all_shards(filled: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("SELECT k FROM wide")
    rows(filled, "SET sql_select_limit = 7")
    assert len(rows(filled, "SELECT k FROM wide")) == 7
    assert len(statement.rows()) == 7
    assert len(rows(filled, "SELECT k FROM wide LIMIT 9")) == 9
    rows(filled, "SET sql_select_limit = DEFAULT")
    assert len(rows(filled, "SELECT k FROM wide")) == COUNT


def test_a_limit_that_is_none_is_an_error(filled: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("SELECT k FROM wide LIMIT ?")
    for value in (-1, None):
        assert error_of(lambda value=value: statement.rows(value))[0] in (1210, 1235)
    assert len(statement.rows(3)) == 3
    assert error_of(lambda: rows(filled, "SELECT k FROM wide LIMIT -1"))[0] in (1064, 1235)
