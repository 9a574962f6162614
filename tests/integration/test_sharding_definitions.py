"""Statements about whole tables: each part of a sharded table is made, changed and shown as one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from tests.integration.stage import refused
from tests.servers import Server
from tests.sharding.house import House, Row, database_of
from tests.sharding.tables import DB_GROUPS

MADE = "CREATE TABLE made_one (k INT NOT NULL PRIMARY KEY, v VARCHAR(20))"
PARTS = {("a", "made_one_0"), ("b", "made_one_1"), ("a", "made_one_2"), ("b", "made_one_3")}


@pytest.fixture
def client(house: House) -> Iterator[Connection[Any]]:
    house.clear()
    with house.connect() as connection:
        yield connection
    house.clear()


@pytest.fixture
def cursor(client: Connection[Any]) -> Iterator[Cursor]:
    with client.cursor() as cursor:
        yield cursor


def rows(cursor: Cursor, sql: str) -> list[Row]:
    """What a query gives, sorted."""
    cursor.execute(sql)
    return sorted(cursor.fetchall(), key=repr)


def tables(house: House, beginning: str) -> set[tuple[str, str]]:
    """In which DB groups there are tables whose names begin so."""
    found = set()
    with house.direct() as connection, connection.cursor() as cursor:
        for db_group in DB_GROUPS:
            cursor.execute(f"SHOW TABLES FROM {database_of(db_group)}")
            found |= {(db_group, name) for (name,) in cursor.fetchall()}
    return {(db_group, name) for db_group, name in found if name.startswith(beginning)}


def test_a_table_is_made_on_every_shard_and_dropped_there(house: House, cursor: Cursor) -> None:
    cursor.execute(MADE)
    assert tables(house, "made_") == PARTS
    cursor.execute("DROP TABLE made_one")
    assert tables(house, "made_") == set()


def test_rows_are_routed_in_a_table_that_was_just_made(house: House, cursor: Cursor) -> None:
    cursor.execute(MADE)
    cursor.execute("INSERT INTO made_one VALUES (5, 'five'), (6, 'six')")
    assert house.rows("b", "made_one_1") == [(5, "five")]
    assert rows(cursor, "SELECT * FROM made_one") == [(5, "five"), (6, "six")]


def test_rows_are_routed_by_what_the_table_is_now(house: House, cursor: Cursor) -> None:
    cursor.execute(MADE)
    cursor.execute("INSERT INTO made_one VALUES (5, 'five')")
    cursor.execute("ALTER TABLE made_one MODIFY COLUMN k INT NOT NULL AFTER v")
    if rows(cursor, "DESCRIBE made_one")[0][0] == "k":
        cursor.execute("INSERT INTO made_one VALUES ('seven', 7)")
        assert rows(cursor, "SELECT v FROM made_one WHERE k = 7") == [("seven",)]
    cursor.execute("DROP TABLE made_one")
    cursor.execute("CREATE TABLE made_one (v VARCHAR(20), k INT NOT NULL PRIMARY KEY)")
    cursor.execute("INSERT INTO made_one VALUES ('nine', 9)")
    assert house.rows("b", "made_one_1") == [("nine", 9)]


def test_truncate_empties_every_shard(cursor: Cursor) -> None:
    cursor.execute("TRUNCATE TABLE orders")
    assert rows(cursor, "SELECT * FROM orders") == []


def test_alter_changes_every_shard(cursor: Cursor) -> None:
    cursor.execute(MADE)
    cursor.execute("ALTER TABLE made_one ADD COLUMN w INT")
    for key in range(4):
        cursor.execute(f"INSERT INTO made_one (k, w) VALUES ({key}, {key})")
    assert rows(cursor, "SELECT w FROM made_one") == [(0,), (1,), (2,), (3,)]


def test_an_index_is_made_and_dropped_on_every_shard(house: House, cursor: Cursor) -> None:
    cursor.execute(MADE)
    cursor.execute("CREATE INDEX by_v ON made_one (v)")
    assert "by_v" in repr(rows(cursor, "SHOW INDEX FROM made_one"))
    cursor.execute("DROP INDEX by_v ON made_one")
    assert "by_v" not in repr(rows(cursor, "SHOW INDEX FROM made_one"))


def test_a_table_is_renamed_on_every_shard(house: House, cursor: Cursor) -> None:
    cursor.execute(MADE)
    cursor.execute("RENAME TABLE made_one TO made_two")
    assert {name for _, name in tables(house, "made_")} == {f"made_two_{n}" for n in range(4)}


def test_what_failed_on_one_shard_is_finished_by_saying_it_again(
    house: House, client: Connection[Any], cursor: Cursor
) -> None:
    house.run(["CREATE TABLE made_one_2 (k INT NOT NULL PRIMARY KEY, v VARCHAR(20))"], "house_a")
    errno, text = refused(client, MADE)
    assert errno == 1105
    assert text == (
        "CREATE TABLE failed on shard 2: Table 'made_one' already exists; "
        "it is done on shard 0, shard 1, shard 3"
    )
    cursor.execute(MADE.replace("TABLE", "TABLE IF NOT EXISTS"))
    assert tables(house, "made_") == PARTS


def test_what_is_gone_on_one_shard_is_dropped_on_the_others(
    house: House, client: Connection[Any], cursor: Cursor
) -> None:
    cursor.execute(MADE)
    house.run(["DROP TABLE made_one_0"], "house_a")
    errno, text = refused(client, "DROP TABLE made_one")
    assert errno == 1105
    assert text.startswith("DROP TABLE failed on shard 0: ")
    assert tables(house, "made_") == set()
    cursor.execute("DROP TABLE IF EXISTS made_one")


def test_an_error_of_all_shards_is_that_of_the_statement(client: Connection[Any]) -> None:
    with client.cursor() as cursor:
        cursor.execute(MADE)
    assert refused(client, MADE) == (1050, "Table 'made_one' already exists")
    assert refused(client, "ALTER TABLE made_one DROP COLUMN nosuch")[0] == 1091


def test_a_broadcast_table_is_made_in_every_db_group(house: House, cursor: Cursor) -> None:
    cursor.execute("CREATE TABLE everywhere (k INT)")
    assert tables(house, "everywhere") == {(name, "everywhere") for name in DB_GROUPS}
    cursor.execute("DROP TABLE everywhere")
    assert tables(house, "everywhere") == set()


@pytest.mark.parametrize(
    "sql",
    ["CREATE TEMPORARY TABLE everywhere (k INT)", "CREATE TABLE everywhere LIKE settings",
     "CREATE TABLE everywhere AS SELECT * FROM settings", "LOCK TABLES countries WRITE",
     "FLUSH TABLES countries WITH READ LOCK", "RENAME TABLE countries TO own",
     "CREATE TEMPORARY TABLE made_one (k INT)", "CREATE TABLE made_one AS SELECT 1 AS k",
     "CREATE TABLE own LIKE orders", "DROP TABLE orders, settings", "LOCK TABLES orders READ"],
)  # fmt: skip
def test_what_would_not_be_the_same_everywhere_is_refused(
    house: House, client: Connection[Any], sql: str
) -> None:
    assert refused(client, sql)[0] == 1235
    assert tables(house, "everywhere") == tables(house, "made_") == tables(house, "own") == set()
    with client.cursor() as cursor:
        assert len(rows(cursor, "SELECT * FROM countries")) == 4


# --- what is shown --------------------------------------------------------------------------------


def test_tables_are_shown_once_by_the_names_of_clients(cursor: Cursor) -> None:
    expected = ["countries", "days", "items", "orders", "people", "settings", "tags"]
    assert [name for (name,) in rows(cursor, "SHOW TABLES")] == expected
    assert [name for (name,) in rows(cursor, "SHOW TABLES FROM house LIKE 'o%'")] == ["orders"]


@pytest.mark.parametrize(
    "sql",
    ["DESCRIBE orders", "SHOW COLUMNS FROM orders", "SHOW COLUMNS FROM orders FROM house",
     "SHOW COLUMNS IN `orders` IN `house`", "EXPLAIN orders", "SHOW FULL FIELDS FROM house.orders"],
)  # fmt: skip
def test_columns_are_shown(cursor: Cursor, sql: str) -> None:
    assert [row[0] for row in rows(cursor, sql)] == ["amount", "id", "note", "user_id"]


def test_the_definition_shows_the_table_of_the_client(server: Server, cursor: Cursor) -> None:
    cursor.execute(
        "CREATE TABLE made_one (k INT NOT NULL PRIMARY KEY, CONSTRAINT positive CHECK (k > 0))"
    )
    [(name, definition)] = rows(cursor, "SHOW CREATE TABLE made_one")
    assert name == "made_one"
    assert definition.startswith("CREATE TABLE `made_one` (")
    if server.kind != "embedded":
        assert "CONSTRAINT `positive` CHECK" in definition


def test_indexes_are_shown_of_the_table_of_the_client(cursor: Cursor) -> None:
    assert {row[0] for row in rows(cursor, "SHOW INDEX FROM orders")} == {"orders"}
