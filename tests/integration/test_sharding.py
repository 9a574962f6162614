"""Statements reach exactly the shards they must, through the names that clients know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.connections import Connection
from pymysql.constants import COMMAND, FIELD_TYPE
from pymysql.cursors import Cursor

from tests.integration.stage import error_of, refused, until
from tests.servers import Server
from tests.sharding.house import House, Row

USERS = (1, 2, 3, 4, 5, -1, -5)


@pytest.fixture
def client(house: House) -> Iterator[Connection[Any]]:
    with house.connect() as connection:
        yield connection


@pytest.fixture
def cursor(client: Connection[Any]) -> Iterator[Cursor]:
    with client.cursor() as cursor:
        yield cursor


def rows(cursor: Cursor, sql: str) -> list[Row]:
    """What a query gives, sorted."""
    cursor.execute(sql)
    return sorted(cursor.fetchall(), key=repr)


def shard_of(user: int) -> tuple[str, str]:
    """The DB group and the name of the part of ``orders`` that has a user's rows."""
    shard = user % 4
    return "ab"[shard % 2], f"orders_{shard}"


# --- one shard ------------------------------------------------------------------------------------


def test_a_query_by_key_gives_what_was_inserted(cursor: Cursor) -> None:
    cursor.execute("INSERT INTO orders (user_id, id, amount) VALUES (3, 900, 999)")
    assert rows(cursor, "SELECT amount FROM orders WHERE user_id = 3 AND id = 900") == [(999,)]


@pytest.mark.parametrize("user", USERS)
def test_a_row_is_on_the_shard_of_its_key_and_on_no_other(
    house: House, cursor: Cursor, user: int
) -> None:
    cursor.execute(f"INSERT INTO orders (id, user_id) VALUES (901, {user})")
    there = {
        (db_group, f"orders_{shard}")
        for db_group, shards in (("a", (0, 2)), ("b", (1, 3)))
        for shard in shards
        if (901, user) in house.rows(db_group, f"orders_{shard}", of="id, user_id")
    }
    assert there == {shard_of(user)}


def test_an_update_by_key_changes_that_row(cursor: Cursor) -> None:
    assert cursor.execute("UPDATE orders SET amount = 12345 WHERE user_id = 5") == 1
    assert rows(cursor, "SELECT amount FROM orders WHERE user_id = 5") == [(12345,)]


def test_a_delete_by_key_leaves_nothing(cursor: Cursor) -> None:
    assert cursor.execute("DELETE FROM orders WHERE user_id = 1") == 2
    assert rows(cursor, "SELECT * FROM orders WHERE user_id = 1") == []


def test_a_self_join_on_the_key_is_answered_by_its_shard(cursor: Cursor) -> None:
    sql = "SELECT a.id, b.id FROM orders a JOIN orders b ON a.user_id = b.user_id WHERE "
    assert rows(cursor, sql + "a.user_id = 1") == [(1, 1), (1, 2), (2, 1), (2, 2)]


@pytest.mark.parametrize(
    "aggregate, expected",
    [("COUNT(*)", 2), ("SUM(id)", 3), ("MAX(id)", 2), ("MIN(id)", 1), ("COUNT(note)", 1)],
)
def test_an_aggregate_by_key_is_that_of_its_shard(
    cursor: Cursor, aggregate: str, expected: int
) -> None:
    assert rows(cursor, f"SELECT {aggregate} FROM orders WHERE user_id = 1") == [(expected,)]


def test_several_aggregates_by_key_are_answered_together(cursor: Cursor) -> None:
    sql = "SELECT COUNT(*), MIN(id), MAX(id) FROM orders WHERE user_id = 1"
    assert rows(cursor, sql) == [(2, 1, 2)]


@pytest.mark.parametrize("key", ["5", "'5'", "5.0", "0x05", "2+3", "-(-5)", "'5e0'", "b'101'"])
def test_what_equals_the_key_finds_its_row(server: Server, cursor: Cursor, key: str) -> None:
    if server.kind == "embedded" and key in ("0x05", "b'101'"):
        pytest.skip("bits are no number there")
    assert rows(cursor, f"SELECT id FROM orders WHERE user_id = {key}") == [(6,)]


@pytest.mark.parametrize("name", ["BOB", "bob", "BoB"])
def test_texts_that_the_collation_calls_equal_have_one_shard(cursor: Cursor, name: str) -> None:
    assert rows(cursor, f"SELECT age FROM people WHERE name = '{name}'") == [(41,)]
    assert cursor.execute(f"UPDATE people SET age = 42 WHERE name = '{name}'") == 1


def test_a_row_without_a_key_is_on_shard_0(house: House, cursor: Cursor) -> None:
    cursor.execute("INSERT INTO orders (id, user_id) VALUES (902, NULL)")
    assert (902,) in house.rows("a", "orders_0", of="id")
    assert (902,) in rows(cursor, "SELECT id FROM orders WHERE user_id IS NULL")


# --- several shards -------------------------------------------------------------------------------


def test_a_query_without_a_key_gives_the_rows_of_all_shards(cursor: Cursor) -> None:
    assert rows(cursor, "SELECT id FROM orders") == rows(cursor, "SELECT id FROM orders o")
    assert len(rows(cursor, "SELECT id FROM orders")) == 12


def test_an_unusable_member_of_a_list_leaves_out_no_row(cursor: Cursor) -> None:
    sql = "SELECT id FROM orders WHERE user_id IN (2, CONCAT('', '3'))"
    assert rows(cursor, sql) == [(3,), (4,)]


@pytest.mark.parametrize(
    "condition",
    ["user_id = 1 AND user_id = 2", "user_id BETWEEN 9 AND 1", "user_id = NULL",
     "user_id IN (NULL)", "user_id > 5 AND user_id < 5", "user_id = 1 AND user_id IS NULL"],
)  # fmt: skip
def test_a_contradiction_finds_nothing(cursor: Cursor, condition: str) -> None:
    assert rows(cursor, f"SELECT * FROM orders WHERE {condition}") == []
    assert cursor.execute(f"UPDATE orders SET note = 'x' WHERE {condition}") == 0


def test_other_parts_of_a_condition_do_not_narrow_it_wrongly(cursor: Cursor) -> None:
    assert rows(cursor, "SELECT id FROM orders WHERE user_id = 2 OR id = 5") == [(3,), (5,)]
    assert len(rows(cursor, "SELECT id FROM orders WHERE NOT user_id = 2")) == 9
    assert len(rows(cursor, "SELECT id FROM orders WHERE (user_id = 2) = 0")) == 9


@pytest.mark.parametrize("sql", ["UPDATE items SET qty = 1", "DELETE FROM items WHERE qty = 1"])
def test_a_change_without_a_key_is_refused_and_changes_nothing(
    client: Connection[Any], cursor: Cursor, sql: str
) -> None:
    before = rows(cursor, "SELECT * FROM items")
    errno, text = refused(client, sql)
    assert errno == 1105
    assert text.startswith(
        "Scatter writes not allowed: INSERT/UPDATE/DELETE must target a single shard"
    )
    assert rows(cursor, "SELECT * FROM items") == before


def test_a_change_without_a_key_is_made_on_all_shards_where_the_rule_allows(
    cursor: Cursor,
) -> None:
    assert cursor.execute("UPDATE orders SET note = 'all'") == 12
    assert rows(cursor, "SELECT DISTINCT note FROM orders WHERE user_id = 5") == [("all",)]
    assert cursor.execute("DELETE FROM orders WHERE id > 3") == 9


def test_rows_of_one_insert_go_each_to_its_shard(house: House, cursor: Cursor) -> None:
    values = ", ".join(f"({910 + user}, {user})" for user in range(8))
    assert cursor.execute(f"INSERT INTO orders (id, user_id) VALUES {values}") == 8
    for user in range(8):
        assert (910 + user, user) in house.rows(*shard_of(user), of="id, user_id")


def test_what_one_server_refuses_is_told_with_what_others_did(
    client: Connection[Any], cursor: Cursor
) -> None:
    sql = "INSERT INTO orders (id, user_id) VALUES (950, 4), (1, 1)"
    errno, text = refused(client, sql)
    assert errno == 1105
    assert text.startswith("INSERT failed on shard 1: Duplicate entry '1-1' for key ")
    assert text.endswith("; it is done on shard 0")
    assert rows(cursor, "SELECT id FROM orders WHERE user_id = 4") == [(5,), (950,)]


def test_an_error_of_one_shard_is_that_of_the_query(client: Connection[Any]) -> None:
    assert refused(client, "SELECT nosuch FROM orders")[0] == 1054
    with client.cursor() as cursor:  # and the connection is as good as before
        assert len(rows(cursor, "SELECT id FROM orders")) == 12


def test_a_locking_query_reads_all_shards(cursor: Cursor) -> None:
    assert len(rows(cursor, "SELECT id FROM orders FOR UPDATE")) == 12


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    ["`orders`", "house.orders", "`house`.`orders`", "house.`orders`", "orders AS `orders`",
     "orders o", "/* orders */ orders", "(orders)", "orders\n"],
)  # fmt: skip
def test_a_table_is_found_however_it_is_named(cursor: Cursor, table: str) -> None:
    assert rows(cursor, f"SELECT id FROM {table} WHERE user_id = 5") == [(6,)]


@pytest.mark.parametrize("table", ["`orders`", "house.orders", "`house`.`orders`"])
def test_changes_find_it_as_well(house: House, cursor: Cursor, table: str) -> None:
    cursor.execute(f"INSERT INTO {table} (id, user_id) VALUES (903, 7)")
    assert (903, 7) in house.rows(*shard_of(7), of="id, user_id")
    assert cursor.execute(f"UPDATE {table} SET note = 'found' WHERE user_id = 7") == 1
    assert cursor.execute(f"DELETE FROM {table} WHERE user_id = 7") == 1


def test_columns_and_aliases_called_like_the_table_keep_their_names(cursor: Cursor) -> None:
    cursor.execute("SELECT note AS orders, 'orders' FROM orders WHERE user_id = 4")
    assert [column[0] for column in cursor.description or ()] == ["orders", "orders"]
    assert cursor.fetchall() == (("orders", "orders"),)
    assert rows(cursor, "SELECT orders FROM settings WHERE k = 1") == [(1,)]


def test_columns_are_qualified_with_the_name_of_their_table(cursor: Cursor) -> None:
    sql = "SELECT orders.id, house.orders.note FROM house.orders WHERE house.orders.user_id = 2"
    assert rows(cursor, sql) == [(3, "two")]


def test_definitions_of_columns_have_the_names_that_clients_know(client: Connection[Any]) -> None:
    for condition in ("WHERE user_id = 5", ""):
        client.query(f"SELECT id FROM orders {condition}")
        assert client._result is not None
        [field] = client._result.fields
        assert (field.table_name, field.org_table) == ("orders", "orders")
        assert (field.db, field.type_code) == (b"house", FIELD_TYPE.LONG)


def test_errors_have_the_names_that_clients_know(client: Connection[Any]) -> None:
    _, text = refused(client, "SELECT orders.nosuch FROM orders WHERE user_id = 5")
    assert text.startswith("Unknown column 'orders.nosuch'")


def test_comments_of_every_kind_are_passed_over(cursor: Cursor) -> None:
    sql = "# orders\nSELECT id -- FROM items\nFROM /* items */ orders WHERE user_id = 5 # ' `"
    assert rows(cursor, sql) == [(6,)]


def test_text_beyond_ascii_stands_beside_the_name_of_a_table(cursor: Cursor) -> None:
    cursor.execute("INSERT INTO orders (id, user_id, note) VALUES (904, 2, '中文')")
    sql = "SELECT note FROM orders WHERE note='中文' AND user_id=2/*中文*/"
    assert rows(cursor, sql) == [("中文",)]


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["1 + ABS(-2)", "FLOOR(7.2)", "(SELECT 7)", "RAND()"])
def test_a_row_is_not_inserted_whose_shard_is_not_known(
    client: Connection[Any], cursor: Cursor, value: str
) -> None:
    errno, text = refused(client, f"INSERT INTO orders (id, user_id) VALUES (905, {value})")
    assert errno == 1105
    assert text.startswith("The shard of a row of orders is not known")
    assert rows(cursor, "SELECT * FROM orders WHERE id = 905") == []


def test_a_row_stays_on_its_shard(client: Connection[Any], cursor: Cursor) -> None:
    errno, text = refused(client, "UPDATE orders SET user_id = 6 WHERE user_id = 5")
    assert (errno, text) == (
        1105,
        "The shard column user_id of orders may not be changed: the row would belong on shard 2",
    )
    assert cursor.execute("UPDATE orders SET user_id = 9 WHERE user_id = 5") == 1  # on shard 1, too
    assert rows(cursor, "SELECT id FROM orders WHERE user_id = 9") == [(6,)]


LITERALS = ["N'b'", "x'62'", "'b'", '"b"', "_utf8mb4'b'"]


@pytest.mark.parametrize("first", LITERALS)
def test_how_a_literal_is_written_decides_for_no_other(
    server: Server, cursor: Cursor, first: str
) -> None:
    if server.kind == "embedded":
        pytest.skip("there are no such literals there")
    number = LITERALS.index(first)  # another shape for each
    for literal in (first, "'b'"):
        sql = f"SELECT n FROM tags WHERE {number} = {number} AND tag = {literal}"
        cursor.execute("EXPLAIN ATHENA " + sql)
        goes = dict(cursor.fetchall())["goes to"]
        assert rows(cursor, sql) == [(1,)]
    assert goes == "shard 1 in b"


# --- other tables ---------------------------------------------------------------------------------


def test_a_broadcast_table_is_written_everywhere(house: House, cursor: Cursor) -> None:
    assert cursor.execute("INSERT INTO countries VALUES (7, 'seven')") == 1
    assert cursor.execute("UPDATE countries SET label = 'uno' WHERE code = 1") == 1
    assert cursor.execute("DELETE FROM countries WHERE code = 2") == 1
    everywhere = [sorted(house.rows(name, "countries")) for name in ("home", "a", "b")]
    assert everywhere == [[(-1, "minus"), (1, "uno"), (5, "five"), (7, "seven")]] * 3


def test_a_broadcast_table_is_joined_on_every_shard(cursor: Cursor) -> None:
    sql = "SELECT o.id, c.label FROM orders o JOIN countries c ON c.code = o.user_id"
    expected = [(1, "one"), (2, "one"), (3, "two"), (6, "five"), (9, "minus")]
    assert rows(cursor, sql) == expected


def test_bound_tables_are_joined_shard_by_shard(cursor: Cursor) -> None:
    sql = "SELECT o.id, i.sku FROM orders o JOIN items i USING (user_id) WHERE o.id = i.order_id"
    assert len(rows(cursor, sql)) == 9


# --- what a session asks back ---------------------------------------------------------------------


def test_warnings_of_a_shard_call_its_table_as_the_client_does(
    server: Server, cursor: Cursor
) -> None:
    if server.kind == "embedded":
        pytest.skip("warnings are not kept there")
    cursor.execute("INSERT IGNORE INTO items (user_id, order_id, sku) VALUES (1, 1, 'pen')")
    for _ in range(2):
        cursor.execute("SHOW WARNINGS")
        [(level, errno, text)] = cursor.fetchall()
        assert (level, errno) == ("Warning", 1062)
        assert "items_1" not in text


def test_an_error_in_a_transaction_is_shown_with_the_names_of_clients(
    server: Server, client: Connection[Any], cursor: Cursor
) -> None:
    if server.kind == "embedded":
        pytest.skip("warnings are not kept there")
    client.begin()
    refused(client, "INSERT INTO items (user_id, order_id, sku) VALUES (1, 1, 'pen')")
    [(_, errno, text)] = rows(cursor, "SHOW WARNINGS")
    assert errno == 1062
    assert "items_1" not in text


def test_variables_are_shown_where_the_session_is(cursor: Cursor, client: Connection[Any]) -> None:
    client.begin()
    cursor.execute("UPDATE orders SET note = 'x' WHERE user_id = 1")
    for sql in ("SHOW VARIABLES LIKE 'autocommit'", "SELECT 1", "SHOW WARNINGS", "DO 1"):
        cursor.execute(sql)
    client.rollback()
    assert rows(cursor, "SELECT note FROM orders WHERE id = 1 AND user_id = 1") == [("one",)]


def test_explain_of_a_sharded_table_asks_a_shard(server: Server, cursor: Cursor) -> None:
    if server.kind == "embedded":
        pytest.skip("it explains nothing")
    cursor.execute("EXPLAIN SELECT * FROM orders WHERE user_id = 5")
    assert "orders" in repr(cursor.fetchall())


# --- what stays with one server -------------------------------------------------------------------


def test_what_a_session_holds_on_one_server_is_named(client: Connection[Any]) -> None:
    with client.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE mine (k INT)")
    held = "The session is bound to home by what it has there (temporary table), and the query "
    assert refused(client, "SELECT * FROM orders WHERE user_id = 2") == (
        1105,
        held + "targets a",
    )
    assert refused(client, "SELECT * FROM orders") == (1105, held + "targets a, b")
    with client.cursor() as cursor:
        assert rows(cursor, "SELECT * FROM mine") == []


def test_the_database_is_the_one_that_clients_know(house: House, cursor: Cursor) -> None:
    rows(cursor, "SELECT id FROM orders WHERE user_id = 2")  # the last server was another one
    assert rows(cursor, "SELECT DATABASE()") == [("house",)]


@pytest.mark.parametrize(
    "sql",
    ["INSERT INTO orders (id, user_id) VALUES (960, 1), (961, 2) RETURNING id",
     "INSERT INTO countries VALUES (77, 'x') RETURNING code"],
)  # fmt: skip
def test_rows_of_a_change_do_not_come_from_several_servers(
    server: Server, client: Connection[Any], cursor: Cursor, sql: str
) -> None:
    if server.kind != "mariadb":
        pytest.skip("RETURNING is MariaDB's")
    refused(client, sql)
    assert rows(cursor, "SELECT id FROM orders WHERE id > 900") == []
    assert rows(cursor, "SELECT code FROM countries WHERE code = 77") == []


def test_a_server_that_ends_a_connection_ends_no_session(
    server: Server, house: House, client: Connection[Any]
) -> None:
    if server.kind == "embedded":
        pytest.skip("nothing there waits long enough to be killed")
    with house.direct("house_b") as direct, direct.cursor() as holder:
        holder.execute("BEGIN")
        holder.execute("UPDATE orders_1 SET note = 'held'")
        client._execute_command(COMMAND.COM_QUERY, "SELECT * FROM orders FOR UPDATE")
        until(lambda: bool(_waiting(holder)), lambda: "no shard is asked")
        for number in _waiting(holder):
            holder.execute(f"KILL {number}")
        errno, _ = error_of(client._read_query_result)
        holder.execute("ROLLBACK")
    assert errno == 1105 or errno in (2006, 2013)
    with client.cursor() as cursor:
        assert len(rows(cursor, "SELECT id FROM orders")) == 12


def _waiting(cursor: Cursor) -> list[int]:
    """The connections of the shards that wait for a locked row."""
    cursor.execute("SHOW PROCESSLIST")
    return [
        int(row[0])
        for row in cursor.fetchall()
        if row[3] == "house_b" and row[4] == "Query" and "FOR UPDATE" in str(row[7])
    ]
