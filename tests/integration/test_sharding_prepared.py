"""Prepared statements on sharded tables: each execution goes where its parameters say."""

from __future__ import annotations

import struct
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.stage import PlainConnection, ask, error_of, refused
from tests.sharding.prepared import Prepare, PreparedStatement, Unsigned
from tests.sharding.shop import Shop, rows, shards_of


@pytest.fixture
def filled(client: PlainConnection, prepare: Prepare) -> PlainConnection:
    """A client of a shop with an item of each of eight users, and one of a user below zero."""
    statement = prepare("INSERT INTO items VALUES (?, 'pen', ?)")
    for user in (*range(8), -3):
        statement.execute(user, user * 10)
    return client


def test_rows_are_inserted_on_the_shards_of_their_keys(filled: PlainConnection) -> None:
    found = shards_of(filled, "items", "user_id")
    assert found == {user: user % 4 for user in (*range(8), -3)}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (5, [(50,)]), (-3, [(-30,)]), (Unsigned(5), [(50,)]), (Unsigned(2**63 + 5), []),
        (2**40 + 5, []), (-(2**63), []), ("5", [(50,)]), (" 5", [(50,)]), ("-3", [(-30,)]),
        (Decimal("5.00"), [(50,)]), (None, []),
    ],
)  # fmt: skip
def test_a_key_of_any_type_finds_its_row(
    filled: PlainConnection, prepare: Prepare, key: Any, expected: list[Any]
) -> None:
    statement = prepare("SELECT n FROM items WHERE user_id = ?")
    for _ in range(2):
        assert statement.rows(key) == expected
    assert statement.rows(6) == [(60,)]


def test_a_cursor_on_one_shard_is_fetched_from(filled: PlainConnection, prepare: Prepare) -> None:
    rows(filled, "INSERT INTO items VALUES (5, 'ink', 51), (5, 'map', 52)")
    statement = prepare("SELECT n FROM items WHERE user_id = ? ORDER BY n")
    assert statement.execute(5, cursor=True).rows == []
    assert statement.fetch(2) == [(50,), (51,)]
    assert statement.fetch(2) == [(52,)]
    assert statement.rows(6) == [(60,)]


@pytest.mark.parametrize("end", ["scattered", "elsewhere", "scattered by a cursor", "reset"])
@pytest.mark.parametrize(
    "condition", ["user_id IN (?, ?) ORDER BY n", "user_id = ? OR user_id = ?"]
)
def test_a_cursor_is_closed_by_the_next_execution(
    filled: PlainConnection, prepare: Prepare, condition: str, end: str
) -> None:
    statement = prepare(f"SELECT n FROM items WHERE {condition}")
    assert statement.execute(5, 5, cursor=True).rows == []
    match end:
        case "scattered" | "scattered by a cursor":
            found = statement.execute(1, 2, cursor=end != "scattered").rows
            assert sorted(found) == [(10,), (20,)]
        case "elsewhere":
            assert statement.rows(6, 6) == [(60,)]
        case "reset":
            statement.reset()
    assert error_of(lambda: statement.fetch(1))[0] == 1421
    assert ask(filled, "SELECT n FROM items WHERE user_id = 2") == 20
    assert ask(filled, "SELECT n FROM items WHERE user_id = 1") == 10


def test_rows_of_several_shards_come_without_a_cursor(
    filled: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare("SELECT n FROM items WHERE n > ?")
    for _ in range(2):
        assert sorted(statement.execute(45, cursor=True).rows) == [(50,), (60,), (70,)]
    assert statement.rows(65) == [(70,)]


def test_types_are_told_once_for_all_shards(filled: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("SELECT n FROM items WHERE user_id = ?")
    assert statement.rows(1) == [(10,)]
    for user in (2, 3, 4, 5, -3):
        assert statement.rows(user, says_types=False) == [(10 * user,)]


def test_types_that_change_hold_on_every_shard(filled: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("SELECT n FROM items WHERE user_id = ?")
    assert statement.rows(1) == [(10,)]
    assert statement.rows("2") == [(20,)]
    assert statement.rows("1", says_types=False) == [(10,)]
    assert statement.rows(Decimal(3)) == [(30,)]
    assert statement.rows(Decimal(2), says_types=False) == [(20,)]
    assert statement.rows(1) == [(10,)]
    assert statement.rows(7, says_types=False) == [(70,)]


def test_keys_that_are_dates_decimals_and_texts(client: PlainConnection, prepare: Prepare) -> None:
    for table, keys in {
        "days": [date(2019, 5, 5), date(2020, 1, 1), date(2021, 7, 7), date(2024, 2, 29)],
        "prices": [Decimal("1.00"), Decimal("-2.50"), Decimal("99999999999.99")],
        "words": ["tea", "Thé", "чай", "茶"],
    }.items():
        column = table.rstrip("s")
        insert = prepare(f"INSERT INTO {table} VALUES (?, ?)")
        select = prepare(f"SELECT n, {column} FROM {table} WHERE {column} = ?")
        for place, key in enumerate(keys):
            insert.execute(key, place)
        assert [select.rows(key) for key in keys] == [
            [(place, key)] for place, key in enumerate(keys)
        ]
        found = rows(client, f"SELECT n FROM {table} WHERE {column} = %s", (keys[1],))
        assert found == [(1,)]


def test_a_scatter_read_gives_binary_rows_of_all_shards(
    filled: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare("SELECT user_id, item, NULL FROM items WHERE n >= ?")
    for least in (30, 0, -100):
        found = statement.rows(least)
        expected = [user for user in (*range(8), -3) if 10 * user >= least]
        assert sorted(found) == [(user, "pen", None) for user in sorted(expected)]


def test_one_statement_goes_to_one_shard_several_or_all(
    filled: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare("SELECT user_id FROM items WHERE user_id IN (?, ?)")
    assert statement.rows(1, 5) == [(1,), (5,)]
    assert sorted(statement.rows(1, 2)) == [(1,), (2,)]
    assert statement.rows(None, None) == []
    assert sorted(statement.rows("1", "7")) == [(1,), (7,)]


def test_definitions_name_the_table_as_the_client_does(
    filled: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare("SELECT n FROM items WHERE user_id = ?")
    answers = [statement.execute(user) for user in (1, 2, 3)]
    scattered = prepare("SELECT i.n FROM items i").execute()
    definitions = [*statement.columns, *(each for a in answers for each in a.columns)]
    assert {(each.table, each.org_table) for each in definitions} == {("items", "items")}
    assert {(each.table, each.org_table) for each in scattered.columns} == {("i", "items")}


def test_changes_on_all_shards_are_added_up(
    filled: PlainConnection, prepare: Prepare, shop: Shop
) -> None:
    rows(filled, "INSERT INTO wide (k, c0) VALUES (1, 1), (2, 2), (3, 3), (4, 4)")
    change = prepare("UPDATE wide SET c0 = c0 + ? WHERE c0 > ?")
    change.execute(10, 1)
    assert sorted(rows(filled, "SELECT k, c0 FROM wide")) == [(1, 1), (2, 12), (3, 13), (4, 14)]
    change.execute(10, 1)
    prepare("DELETE FROM wide WHERE c0 = ?").execute(22)
    assert sorted(rows(filled, "SELECT k, c0 FROM wide")) == [(1, 1), (3, 23), (4, 24)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM items; SELECT 1",
        "LOCK TABLES items READ",
        "SELEC ? FROM items",
    ],
)
def test_what_cannot_be_prepared_is_refused(
    filled: PlainConnection, prepare: Prepare, sql: str
) -> None:
    errno, _ = error_of(lambda: prepare(sql))
    assert errno == 1235
    assert ask(filled, "SELECT n FROM items WHERE user_id = 5") == 50


def test_what_an_execution_cannot_do_is_refused_each_time(
    filled: PlainConnection, prepare: Prepare
) -> None:
    delete = prepare("DELETE FROM items WHERE n > ?")
    first = prepare("SELECT n FROM items WHERE user_id IN (?, ?) LIMIT 1 FOR UPDATE")
    insert = prepare("INSERT INTO items VALUES (?, 'ink', 1), (?, 'ink', 1)")
    for _ in range(2):
        assert error_of(lambda: delete.execute(-100))[0] == 1105
        assert error_of(lambda: first.execute(1, 2))[0] == 1235
        assert error_of(lambda: insert.execute(1, 2))[0] == 1105
        assert len(first.rows(1, 5)) == 1
    assert len(rows(filled, "SELECT 1 FROM items")) == 9
    insert.execute(1, 5)
    assert len(rows(filled, "SELECT 1 FROM items")) == 11


def test_a_duplicate_is_told_with_the_clients_names(
    filled: PlainConnection, prepare: Prepare
) -> None:
    insert = prepare("INSERT INTO items VALUES (?, ?, 1)")
    errno, text = error_of(lambda: insert.execute(5, "pen"))
    assert errno == 1062
    assert "items_1" not in text
    insert.execute(5, "ink")
    assert len(rows(filled, "SELECT 1 FROM items WHERE user_id = 5")) == 2


def test_a_column_that_is_added_is_seen_by_statements_prepared_before(
    client: PlainConnection, prepare: Prepare
) -> None:
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY)")
    rows(client, "INSERT INTO wide_p VALUES (1), (2), (3), (4)")
    one, all_ = prepare("SELECT * FROM wide_p WHERE k = ?"), prepare("SELECT * FROM wide_p")
    assert (one.rows(1), sorted(all_.rows())) == ([(1,)], [(1,), (2,), (3,), (4,)])
    rows(client, "ALTER TABLE wide_p ADD c INT DEFAULT 9")
    assert sorted(all_.rows()) == [(1, 9), (2, 9), (3, 9), (4, 9)]
    assert [one.rows(k) for k in (1, 2, 3, 4)] == [[(k, 9)] for k in (1, 2, 3, 4)]


def test_a_table_that_is_gone_and_comes_back(client: PlainConnection, prepare: Prepare) -> None:
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY, v INT)")
    statement = prepare("SELECT v FROM wide_p WHERE k = ?")
    assert statement.rows(5) == []
    rows(client, "DROP TABLE wide_p")
    errno, text = error_of(lambda: statement.rows(5))
    assert (errno, "wide_p_1" in text) == (1146, False)
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY, v INT)")
    rows(client, "INSERT INTO wide_p VALUES (5, 55)")
    assert statement.rows(5) == [(55,)]


def test_the_type_of_the_key_may_change(client: PlainConnection, prepare: Prepare) -> None:
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY)")
    statement = prepare("SELECT k FROM wide_p WHERE k = ?")
    rows(client, "INSERT INTO wide_p VALUES (5)")
    assert statement.rows(5) == [(5,)]
    rows(client, "DROP TABLE wide_p")
    rows(client, "CREATE TABLE wide_p (k BIGINT PRIMARY KEY)")
    rows(client, f"INSERT INTO wide_p VALUES (5), ({2**40 + 2})")
    assert statement.rows(2**40 + 2) == [(2**40 + 2,)]


def test_a_transaction_elsewhere_refuses_an_execution_and_goes_on(
    filled: PlainConnection, prepare: Prepare
) -> None:
    one = prepare("SELECT n FROM items WHERE user_id = ?")
    all_ = prepare("SELECT n FROM items")
    rows(filled, "BEGIN")
    rows(filled, "UPDATE items SET n = 51 WHERE user_id = 5")
    assert "Cross-shard" in error_of(lambda: one.rows(2))[1]
    assert "Scatter" in error_of(all_.rows)[1]
    assert (one.rows(5), one.rows(7)) == ([(51,)], [(70,)])
    rows(filled, "ROLLBACK")
    assert (one.rows(5), one.rows(2), len(all_.rows())) == ([(50,)], [(20,)], 9)


def test_a_statement_may_be_prepared_in_a_transaction_elsewhere(
    filled: PlainConnection, prepare: Prepare
) -> None:
    rows(filled, "BEGIN")
    rows(filled, "UPDATE items SET n = 51 WHERE user_id = 5")
    statement = prepare("SELECT n FROM items WHERE user_id = ?")
    assert statement.rows(1) == [(10,)]
    assert "Cross-shard" in error_of(lambda: statement.rows(4))[1]
    rows(filled, "COMMIT")
    assert statement.rows(4) == [(40,)]


def test_a_transaction_may_begin_with_an_execution(
    filled: PlainConnection, prepare: Prepare
) -> None:
    change = prepare("UPDATE items SET n = ? WHERE user_id = ?")
    rows(filled, "BEGIN")
    change.execute(1, 2)
    change.execute(1, 4)
    assert "Cross-shard" in error_of(lambda: change.execute(1, 1))[1]
    rows(filled, "ROLLBACK")
    assert sorted(rows(filled, "SELECT n FROM items WHERE user_id IN (2, 4)")) == [(20,), (40,)]


def test_statements_at_home_and_of_broadcast_tables(
    client: PlainConnection, prepare: Prepare
) -> None:
    prepare("INSERT INTO settings VALUES (?, ?)").execute("colour", "red")
    prepare("INSERT INTO countries VALUES (?, ?)").execute("FR", "France")
    prepare("INSERT INTO items VALUES (?, 'FR', 1)").execute(6)
    assert prepare("SELECT text FROM settings WHERE name = ?").rows("colour") == [("red",)]
    joined = prepare(
        "SELECT c.name FROM items i JOIN countries c ON c.code = i.item WHERE i.user_id = ?"
    )
    assert joined.rows(6) == [("France",)]
    assert prepare("SELECT ? + 1").rows(4) == [(5,)]


def test_the_catalogue_is_read_as_it_is_at_each_execution(
    client: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare(
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?"
    )
    assert sorted(statement.rows("items")) == [("item",), ("n",), ("user_id",)]
    assert statement.rows("wide_p") == []
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY)")
    assert statement.rows("wide_p", says_types=False) == [("k",)]
    assert statement.rows("wide_p_0") == []
    rows(client, "DROP TABLE wide_p")
    assert statement.rows("wide_p") == []


def test_the_key_may_be_among_many_parameters(filled: PlainConnection, prepare: Prepare) -> None:
    nulls = ", ".join("?" * 20)
    statement = prepare(f"SELECT n, COALESCE({nulls}) FROM items WHERE user_id = ?")
    assert statement.rows(*[None] * 19, 1, 6) == [(60, 1)]
    assert statement.rows(*[2] * 20, 7) == [(70, 2)]


@pytest.mark.parametrize("size", range(14))
def test_an_execution_that_is_cut_short_is_an_error(
    filled: PlainConnection, prepare: Prepare, size: int
) -> None:
    statement = prepare("SELECT n FROM items WHERE user_id = ?")
    assert statement.rows(5) == [(50,)]
    whole = struct.pack("<IBI", statement.id, 0, 1) + b"\0\1\x08\0" + struct.pack("<q", 6)
    errno, _ = error_of(lambda: statement.send(whole[: 5 + size]))
    assert errno in (1210, 1835, 1243)
    assert statement.rows(6) == [(60,)]


def test_a_prepared_lock_excludes_another_session(shop: Shop, filled: PlainConnection) -> None:
    other = shop.connect()
    rows(other, "SELECT 1 FROM items WHERE user_id = 1")
    assert ask(other, "SELECT GET_LOCK('till', 0)") == 1
    statement = PreparedStatement(filled, "SELECT IS_FREE_LOCK(?)")
    for user in (4, 5):
        rows(filled, f"SELECT 1 FROM items WHERE user_id = {user}")
        assert statement.rows("till") == [(0,)]
    assert PreparedStatement(filled, "SELECT GET_LOCK(?, 0)").rows("till") == [(0,)]
    assert ask(other, "SELECT RELEASE_LOCK('till')") == 1
    assert PreparedStatement(filled, "SELECT GET_LOCK(?, 0)").rows("till") == [(1,)]
    assert ask(other, "SELECT GET_LOCK('till', 0)") == 0
    assert PreparedStatement(filled, "SELECT RELEASE_LOCK(?)").rows("till") == [(1,)]


def test_many_statements_keep_apart_on_all_shards(
    filled: PlainConnection, prepare: Prepare
) -> None:
    statements = [
        prepare(f"SELECT n + {number} FROM items WHERE user_id = ?") for number in range(20)
    ]
    for user in (1, 2, 3, 4):
        found = [statement.rows(user) for statement in statements]
        assert found == [[(10 * user + number,)] for number in range(20)]


def test_a_refused_statement_leaves_text_statements_alone(
    filled: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare("UPDATE items SET user_id = ? WHERE user_id = ?")
    assert error_of(lambda: statement.execute(2, 1))[0] == 1105
    statement.execute(9, 5)
    assert ask(filled, "SELECT n FROM items WHERE user_id = 9") == 50
    assert refused(filled, "UPDATE items SET user_id = 2 WHERE user_id = 9")[0] == 1105
