"""Prepared statements that servers get otherwise than the client sends them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.constants import CLIENT

from tests.integration.stage import PlainConnection, ask, error_of
from tests.sharding.prepared import Prepare
from tests.sharding.shop import WORKER, Shop, rows, shards_of, value

WORKER_BITS = 0x3FF << 12


def worker_of(made: int) -> int:
    return (made & WORKER_BITS) >> 12


# -- ids that are made here --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("INSERT INTO orders (user_id, item) VALUES (?, ?)", (5, "pen")),
        ("INSERT INTO orders (user_id, item) VALUES (5, 'pen')", ()),
        ("INSERT INTO orders (item, user_id) VALUES (?, ?)", ("pen", 5)),
        ("INSERT INTO orders SET item = ?, user_id = ?", ("pen", 5)),
        ("REPLACE INTO orders (user_id, item) VALUES (?, ?)", (5, "pen")),
        (
            "INSERT INTO orders (user_id, item) VALUES (?, ?) ON DUPLICATE KEY UPDATE item = ?",
            (5, "pen", "ink"),
        ),
    ],
)
def test_a_row_gets_the_id_that_it_lacks(
    client: PlainConnection, prepare: Prepare, sql: str, values: tuple[Any, ...]
) -> None:
    statement = prepare(sql)
    assert statement.parameters == len(values)
    made = []
    for _ in range(3):
        statement.execute(*values)
        made.append(ask(client, "SELECT LAST_INSERT_ID()"))
    assert made == sorted(set(made))
    assert {worker_of(each) for each in made} == {WORKER}
    found = rows(client, "SELECT id, user_id, item FROM orders")
    assert sorted(found) == [(each, 5, "pen") for each in made]
    assert set(shards_of(client, "orders", "id").values()) == {1}


def test_types_need_not_be_told_again(client: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("INSERT INTO orders (user_id, item) VALUES (?, ?)")
    statement.execute(1, "pen")
    for user in (2, 3, 5):
        statement.execute(user, "ink", says_types=False)
    statement.execute("6", None)
    found = rows(client, "SELECT user_id, item FROM orders")
    expected = [(1, "pen"), (2, "ink"), (3, "ink"), (5, "ink"), (6, None)]
    assert sorted(found, key=lambda row: row[0]) == expected


def test_rows_of_several_shards_get_ids(client: PlainConnection, prepare: Prepare) -> None:
    statement = prepare(
        "INSERT INTO orders (user_id, item) VALUES (?, ?), (3, ?), (?, 'map') "
        "ON DUPLICATE KEY UPDATE item = ?"
    )
    assert statement.parameters == 5
    statement.execute(1, "pen", "ink", 5, "x")
    first = ask(client, "SELECT LAST_INSERT_ID()")
    found = sorted(rows(client, "SELECT id, user_id, item FROM orders"))
    assert [row[1:] for row in found] == [(1, "pen"), (3, "ink"), (5, "map")]
    assert found[0][0] == first
    assert shards_of(client, "orders", "id") == {row[0]: row[1] % 4 for row in found}


def test_in_a_transaction_it_stays_there(
    shop: Shop, client: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare("INSERT INTO orders (user_id, item) VALUES (?, ?)")
    rows(client, "BEGIN")
    statement.execute(1, "pen")
    statement.execute(3, "ink")
    assert "Cross-shard" in error_of(lambda: statement.execute(2, "map"))[1]
    assert rows(shop.connect(), "SELECT 1 FROM orders") == []
    rows(client, "ROLLBACK")
    assert rows(client, "SELECT 1 FROM orders") == []


def test_an_insert_that_changes_another_row_may_tell_the_id_of_that(
    client: PlainConnection, prepare: Prepare
) -> None:
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY)")  # no ids are made for it
    rows(client, "ALTER TABLE orders ADD UNIQUE KEY once (user_id, item)")
    try:
        insert = "INSERT INTO orders (user_id, item) VALUES ({}) ON DUPLICATE KEY UPDATE {}"
        rows(client, insert.format("5, 'pen'", "price = 1"))
        made = ask(client, "SELECT LAST_INSERT_ID()")
        assert ask(client, "SELECT id FROM orders WHERE user_id = 5") == made
        update = "id = LAST_INSERT_ID(id), price = price + 1"
        for again in range(2):
            rows(client, "INSERT INTO orders (id, user_id, item) VALUES (1, 6, 'x')" if not again
                 else "DELETE FROM orders WHERE user_id = 6")  # fmt: skip
            rows(client, insert.format("5, 'pen'", update))
            assert ask(client, "SELECT LAST_INSERT_ID()") == made
            prepare(insert.format("?, ?", update)).execute(5, "pen")
            assert ask(client, "SELECT LAST_INSERT_ID()") == made
        rows(client, "INSERT IGNORE INTO orders (user_id, item) VALUES (5, 'pen')")
        assert ask(client, "SELECT LAST_INSERT_ID()") == made
        rows(client, "REPLACE INTO orders (user_id, item) VALUES (5, 'pen')")
        assert ask(client, "SELECT LAST_INSERT_ID()") > made
        last = ask(client, "SELECT id FROM orders WHERE user_id = 5")
        assert ask(client, "SELECT LAST_INSERT_ID()") == last
    finally:
        rows(client, "ALTER TABLE orders DROP INDEX once")


@pytest.fixture
def once(shop: Shop, client: PlainConnection) -> Iterator[None]:
    """An order is there once; there is one already, which is older than all ids that are made."""
    rows(client, "ALTER TABLE orders ADD UNIQUE KEY once (user_id, item)")
    rows(client, "INSERT INTO orders (id, user_id, item) VALUES (11, 1, 'a')")
    yield
    rows(client, "ALTER TABLE orders DROP INDEX once")


ODKU = " ON DUPLICATE KEY UPDATE price = {}"


@pytest.mark.parametrize("flag", [0, CLIENT.FOUND_ROWS])
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO orders (user_id, item) VALUES (1, 'a')" + ODKU.format("price"), None),
        ("INSERT INTO orders (user_id, item) VALUES (1, 'a')" + ODKU.format("price + 1"), None),
        ("INSERT INTO orders (user_id, item) VALUES (1, 'b')" + ODKU.format("price"), "b"),
        ("INSERT INTO orders (user_id, item) VALUES (1, 'a'), (1, 'c')" + ODKU.format("1"), "c"),
        ("INSERT INTO orders (user_id, item) VALUES (1, 'a'), (2, 'c')" + ODKU.format("1"), "c"),
        ("INSERT INTO orders (user_id, item) VALUES (2, 'c'), (1, 'd')" + ODKU.format("1"), "c"),
        ("INSERT INTO orders (user_id, item) VALUES (1, 'a'), (1, 'a')" + ODKU.format("1"), None),
        ("INSERT IGNORE INTO orders (user_id, item) VALUES (1, 'a'), (2, 'x'), (1, 'y')", "x"),
        ("INSERT IGNORE INTO orders (user_id, item) VALUES (1, 'a')", None),
        ("REPLACE INTO orders (user_id, item) VALUES (1, 'a')", "a"),
        ("INSERT INTO orders (user_id, item) VALUES (1, 'a')"
         " ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id), price = 1", 11),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("once")
def test_the_insert_id_is_that_of_the_first_row_that_was_inserted(
    shop: Shop, sql: str, expected: Any, flag: int
) -> None:
    client = shop.connect(client_flag=flag)
    rows(client, "INSERT INTO orders (user_id, item) VALUES (77, 'before')")
    before = value(client, "SELECT LAST_INSERT_ID()")
    with client.cursor() as cursor:
        cursor.execute(sql)
        told = cursor.lastrowid
    after = value(client, "SELECT LAST_INSERT_ID()")
    if expected is None:
        assert (told, after) == (0, before)
    elif expected == 11:
        assert (told, after) == (11, 11)
    else:
        [(made,)] = rows(client, f"SELECT id FROM orders WHERE item = '{expected}'")
        assert (told, after) == (made, made)


def test_a_prepared_explain_makes_no_id_and_no_row(
    shop: Shop, client: PlainConnection, prepare: Prepare
) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("the embedded server does not explain")
    rows(client, "INSERT INTO orders (user_id, item) VALUES (5, 'pen')")
    made = ask(client, "SELECT LAST_INSERT_ID()")
    rows(client, "BEGIN")
    rows(client, "UPDATE orders SET item = 'ink' WHERE user_id = 5")
    statement = prepare("EXPLAIN INSERT INTO orders (user_id, item) VALUES (?, ?)")
    for _ in range(2):
        assert len(statement.rows(5, "map")) == 1
    rows(client, "COMMIT")
    assert ask(client, "SELECT LAST_INSERT_ID()") == made
    assert rows(client, "SELECT item FROM orders") == [("ink",)]


# -- rows of several shards ------------------------------------------------------------------------


def test_each_shard_gets_its_rows(client: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("INSERT INTO wide (k, c0, c1) VALUES (?, ?, 7), (?, 8, ?), (?, ?, ?)")
    for users in ((0, 1, 2), (4, 8, 12), (5, 6, 9), (16, 3, 20)):
        first, second, third = users
        statement.execute(first, first * 10, second, None, third, "5", "6")
    found = {row[0]: row[1:] for row in rows(client, "SELECT k, c0, c1 FROM wide")}
    for first, second, third in ((0, 1, 2), (4, 8, 12), (5, 6, 9), (16, 3, 20)):
        assert found[first] == (first * 10, 7)
        assert found[second] == (8, None)
        assert found[third] == (5, 6)
    assert shards_of(client, "wide", "k") == {key: key % 4 for key in found}


def test_what_stands_behind_the_rows_goes_to_each_shard(
    client: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare(
        "INSERT INTO wide (k, c0) VALUES (?, ?), (?, ?), (?, ?) "
        "ON DUPLICATE KEY UPDATE c0 = c0 + ?, c1 = ?"
    )
    statement.execute(1, 10, 2, 20, 5, 50, 1000, 7)
    statement.execute(1, 10, 2, 20, 3, 30, 1000, 8)
    found = sorted(rows(client, "SELECT k, c0, c1 FROM wide"))
    assert found == [(1, 1010, 8), (2, 1020, 8), (3, 30, None), (5, 50, None)]


def test_many_rows_are_divided(client: PlainConnection, prepare: Prepare) -> None:
    count = 500
    statement = prepare("INSERT INTO wide (k, c0) VALUES " + ", ".join(["(?, ?)"] * count))
    for base in (0, 1000):
        values = [each for key in range(base, base + count) for each in (key, -key)]
        statement.execute(*values)
    found = rows(client, "SELECT k, c0 FROM wide")
    assert sorted(found) == [(k, -k) for base in (0, 1000) for k in range(base, base + count)]


def test_a_long_insert_binds_the_session_to_nothing(client: PlainConnection) -> None:
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY, v LONGTEXT)")
    for key in (1, 2, 3):
        rows(client, f"INSERT INTO wide_p (k, v) VALUES ({key}, '{'x_(@' * 400_000}')")
        assert ask(client, f"SELECT LENGTH(v) FROM wide_p WHERE k = {key}") == 1_600_000


def test_very_many_rows_get_ids(client: PlainConnection, prepare: Prepare) -> None:
    count = 6000
    statement = prepare(
        "INSERT INTO orders (user_id, item) VALUES " + ", ".join(["(?, ?)"] * count)
    )
    assert statement.parameters == 2 * count
    statement.execute(*(each for user in range(count) for each in (user, None)))
    found = rows(client, "SELECT id, user_id FROM orders")
    assert sorted(row[1] for row in found) == list(range(count))
    assert len({row[0] for row in found}) == count


def test_parameters_are_in_the_character_set_of_the_execution(
    client: PlainConnection, prepare: Prepare
) -> None:
    rows(client, "SET NAMES latin1")
    insert = prepare("INSERT INTO words VALUES (?, 4)")
    select = prepare("SELECT n FROM words WHERE word = ?")
    rows(client, "SET NAMES utf8mb4")
    insert.execute("ñandú")
    assert select.rows("ñandú") == [(4,)]
    assert rows(client, "SELECT n FROM words WHERE word = 'ñandú'") == [(4,)]
    assert error_of(lambda: rows(client, "INSERT INTO words VALUES ('ñandú', 5)"))[0] == 1062


def test_rows_may_be_left_out(client: PlainConnection, prepare: Prepare) -> None:
    rows(client, "INSERT INTO wide (k) VALUES (1)")
    prepare("INSERT IGNORE INTO wide (k, c0) VALUES (?, 1), (?, 2)").execute(3, 1)
    assert sorted(rows(client, "SELECT k, c0 FROM wide")) == [(1, None), (3, 1)]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO orders (user_id, item) VALUES (1, '{}')",
        "INSERT INTO wide_p VALUES (1, '{}'), (2, '')",
        "UPDATE wide_p SET v = '{}' WHERE k IN (3, 4)",
    ],
)
def test_commands_of_more_than_a_packet_may_go_to_several_servers(
    client: PlainConnection, prepare: Prepare, sql: str
) -> None:
    _take_more_than_a_packet(client)
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY, v LONGTEXT)")
    rows(client, "INSERT INTO wide_p VALUES (3, 'x'), (4, 'y')")
    rows(client, "ALTER TABLE orders MODIFY item LONGTEXT")
    try:
        rows(client, sql.format("x" * (1 << 24)))
        table, column = ("orders", "item") if "orders" in sql else ("wide_p", "v")
        found = rows(client, f"SELECT LENGTH({column}) FROM {table}")
        assert (1 << 24,) in found
        assert len(found) == {"orders": 1, "wide_p": 4 if "INSERT" in sql else 2}[table]
        statement = prepare("UPDATE wide_p SET v = ?")
        for _ in range(17):
            statement.send_long_data(0, b"z" * (1 << 20))
        statement.execute("")
        assert set(rows(client, "SELECT LENGTH(v) FROM wide_p")) == {(17 << 20,)}
    finally:
        rows(client, "TRUNCATE TABLE orders")
        rows(client, "ALTER TABLE orders MODIFY item VARCHAR(40)")


def test_a_duplicate_among_rows_of_several_shards_is_told(
    client: PlainConnection, prepare: Prepare
) -> None:
    rows(client, "INSERT INTO wide (k) VALUES (5)")
    statement = prepare("INSERT INTO wide (k) VALUES (?), (?)")
    errno, text = error_of(lambda: statement.execute(5, 6))
    assert errno == 1062
    assert "wide_1" not in text
    statement.execute(7, 8)
    assert sorted(rows(client, "SELECT k FROM wide")) == [(5,), (7,), (8,)]


# -- long data -------------------------------------------------------------------------------------


def test_long_data_goes_where_the_key_says(client: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("INSERT INTO items VALUES (?, ?, 1)")
    for user in (1, 2, 5):
        statement.send_long_data(1, b"a long ")
        statement.send_long_data(1, "tëxt".encode())
        statement.execute(user, "")
    statement.execute(6, "short")
    found = sorted(rows(client, "SELECT user_id, item FROM items"))
    assert found == [(1, "a long tëxt"), (2, "a long tëxt"), (5, "a long tëxt"), (6, "short")]


def test_long_data_may_be_the_key(client: PlainConnection, prepare: Prepare) -> None:
    rows(client, "INSERT INTO words VALUES ('tea', 5), ('cup', 6)")
    statement = prepare("SELECT n FROM words WHERE word = ?")
    statement.send_long_data(0, b"te")
    statement.send_long_data(0, b"a")
    assert statement.rows("x") == [(5,)]
    assert statement.rows("cup") == [(6,)]


def test_long_data_goes_to_several_shards(client: PlainConnection, prepare: Prepare) -> None:
    insert = prepare("INSERT INTO orders (user_id, item) VALUES (1, ?), (2, ?)")
    insert.send_long_data(0, b"pen")
    insert.send_long_data(1, b"ink")
    insert.execute("", "")
    change = prepare("UPDATE orders SET item = ?")
    change.send_long_data(0, b"map")
    assert sorted(rows(client, "SELECT user_id, item FROM orders")) == [(1, "pen"), (2, "ink")]
    change.execute("")
    assert sorted(rows(client, "SELECT user_id, item FROM orders")) == [(1, "map"), (2, "map")]


def test_long_data_goes_to_every_copy_of_a_broadcast_table(
    client: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare("INSERT INTO countries VALUES ('FR', ?)")
    statement.send_long_data(0, b"France")
    statement.execute("")
    for shard in range(4):
        sql = f"/*athena: shard={shard} */ SELECT name FROM countries"
        assert rows(client, sql) == [("France",)]


def test_a_reset_forgets_long_data(client: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("INSERT INTO items VALUES (?, ?, 1)")
    statement.send_long_data(1, b"long")
    statement.reset()
    statement.execute(1, "short")
    assert rows(client, "SELECT item FROM items") == [("short",)]


def test_an_execution_that_is_refused_uses_long_data_up(
    client: PlainConnection, prepare: Prepare
) -> None:
    statement = prepare("UPDATE items SET item = ? WHERE user_id > ?")
    statement.send_long_data(0, b"long")
    assert error_of(lambda: statement.execute("", 0))[0] == 1105
    rows(client, "INSERT INTO items VALUES (5, 'pen', 1)")
    prepare("UPDATE items SET item = ? WHERE user_id = 5").execute("ink")
    assert rows(client, "SELECT item FROM items") == [("ink",)]


def test_long_data_for_no_parameter_is_an_error(client: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("INSERT INTO items VALUES (?, 'pen', 1)")
    statement.send_long_data(1, b"long")
    assert error_of(lambda: statement.execute(1))[0] == 1210
    statement.execute(1)
    assert rows(client, "SELECT item FROM items") == [("pen",)]


def test_an_error_of_long_data_uses_all_of_it_up(client: PlainConnection, prepare: Prepare) -> None:
    statement = prepare("INSERT INTO items VALUES (?, ?, 1)")
    statement.send_long_data(1, b"stale")
    statement.send_long_data(7, b"x")
    assert error_of(lambda: statement.execute(1, "a"))[0] == 1210
    statement.execute(1, "b")
    assert rows(client, "SELECT item FROM items") == [("b",)]


def test_long_data_may_be_for_the_catalogue(
    shop: Shop, client: PlainConnection, prepare: Prepare
) -> None:
    found = prepare(
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS "
        "WHERE TABLE_NAME = ? AND TABLE_SCHEMA = DATABASE()"
    )
    shown = prepare(f"SHOW TABLES WHERE Tables_in_{shop.name} = ?")
    for _ in range(2):
        found.send_long_data(0, b"settings")
        assert sorted(found.rows("")) == [("name",), ("text",)]
        shown.send_long_data(0, b"orders")
        assert shown.rows("") == [("orders",)]
        assert shown.rows("items") == [("items",)]


def test_a_packet_longer_than_one_may_come_of_short_ones(
    client: PlainConnection, prepare: Prepare
) -> None:
    _take_more_than_a_packet(client)
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY, v LONGTEXT)")
    statement = prepare("INSERT INTO wide_p VALUES (?, ?)")
    part = b"x" * (1 << 20)
    for _ in range(17):
        statement.send_long_data(1, part)
    statement.execute(5, "")
    assert rows(client, "SELECT k, LENGTH(v) FROM wide_p WHERE k = 5") == [(5, 17 << 20)]
    statement.execute(6, "short")
    assert rows(client, "SELECT v FROM wide_p WHERE k = 6") == [("short",)]


@pytest.mark.parametrize(("database", "less"), [("", -1), ("", 1), ("shop.", 0)])
def test_a_text_may_become_longer_or_shorter_than_a_packet(
    client: PlainConnection, database: str, less: int
) -> None:
    _take_more_than_a_packet(client)
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY, v LONGTEXT)")
    head, tail = f"INSERT INTO {database}wide_p VALUES (5, '", "')"
    size = 0xFFFFFF - less - 1 - len(head) - len(tail)
    rows(client, head + "x" * size + tail)
    assert rows(client, "SELECT k, LENGTH(v) FROM wide_p WHERE k = 5") == [(5, size)]
    rows(client, "INSERT INTO wide_p VALUES (6, 'short')")
    assert rows(client, "SELECT v FROM wide_p WHERE k = 6") == [("short",)]


def _take_more_than_a_packet(client: PlainConnection) -> None:
    if ask(client, "SELECT @@max_allowed_packet") <= 1 << 24:
        pytest.skip("the server takes no command of more than 16 MiB")


# -- definitions and SHOW --------------------------------------------------------------------------


def test_definitions_are_done_on_every_shard(client: PlainConnection, prepare: Prepare) -> None:
    create = prepare("CREATE TABLE wide_p (k INT PRIMARY KEY, v INT)")
    alter, drop = "ALTER TABLE wide_p ADD w INT DEFAULT 9", "DROP TABLE wide_p"
    for _ in range(2):
        create.execute()
        rows(client, "INSERT INTO wide_p VALUES (1, 1), (2, 2), (3, 3), (4, 4)")
        prepare(alter).execute()
        assert sorted(rows(client, "SELECT k, w FROM wide_p")) == [(k, 9) for k in (1, 2, 3, 4)]
        prepare("TRUNCATE TABLE wide_p").execute()
        assert rows(client, "SELECT k FROM wide_p") == []
        prepare(drop).execute()
    errno, text = error_of(lambda: prepare(drop).execute())
    assert (errno, "wide_p_" in text) == (1051, False)


def test_tables_are_shown_once_with_their_names(client: PlainConnection, prepare: Prepare) -> None:
    shown = prepare("SHOW TABLES")
    names = rows(client, "SHOW TABLES")
    assert shown.rows() == names
    assert ("orders",) in names
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY)")
    assert shown.rows() == sorted([*names, ("wide_p",)])
    assert prepare("SHOW FULL TABLES LIKE 'wide%'").rows() == [
        ("wide", "BASE TABLE"),
        ("wide_p", "BASE TABLE"),
    ]


@pytest.mark.parametrize(
    "sql",
    ["SHOW TABLE STATUS", "SHOW TABLE STATUS LIKE 'orders'", "SHOW COLUMNS FROM orders",
     "SHOW INDEX FROM orders", "SHOW CREATE TABLE items", "DESCRIBE wide",
     "EXPLAIN ATHENA SELECT * FROM orders WHERE user_id = 5"],
)  # fmt: skip
def test_what_is_shown_is_what_the_text_protocol_shows(
    client: PlainConnection, prepare: Prepare, sql: str
) -> None:
    statement = prepare(sql)
    with client.cursor() as cursor:
        cursor.execute(sql)
        expected = [list(map(_plain, row)) for row in cursor.fetchall()]
        names = [column[0] for column in cursor.description]
    for _ in range(2):
        answer = statement.execute()
        assert [column.name for column in answer.columns] == names
        assert [list(map(_plain, row)) for row in answer.rows] == expected


def _plain(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value


def test_maintenance_tells_of_every_shard(
    shop: Shop, client: PlainConnection, prepare: Prepare
) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("the embedded server has no ANALYZE TABLE")
    found = prepare("ANALYZE TABLE items").rows()
    assert len(found) == 4
    assert {row[0] for row in found} == {f"{shop.name}.items"}
