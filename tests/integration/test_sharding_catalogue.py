"""What SHOW, DESCRIBE, EXPLAIN, COM_FIELD_LIST and information_schema say of sharded tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pymysql.connections import Connection

from athena_g.protocol.columns import Column
from athena_g.protocol.constants import Command
from tests.integration.stage import PlainConnection, refused
from tests.sharding.shop import TABLES, Shop, rows, value


@pytest.fixture
def client(shop: Shop) -> Connection[Any]:
    return shop.connect()


def names(found: list[Any], place: int = 0) -> list[Any]:
    return [row[place] for row in found]


# -- SHOW ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    ["SHOW TABLES", "show tables from `{}`", "SHOW TABLES IN {};", "SHOW FULL TABLES",
     "SHOW TABLE STATUS", "SHOW TABLE STATUS FROM {}"],
)  # fmt: skip
def test_each_table_is_shown_once(shop: Shop, client: Connection[Any], sql: str) -> None:
    assert names(rows(client, sql.format(shop.name))) == sorted(TABLES)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("orders", ["orders"]), ("orders_0", []),
        ("%d%s", ["days", "orders", "words"]),
        ("item_", ["items"]), ("item\\_", []), ("", []),
        ("%", sorted(TABLES)), ("s%", ["settings"]),
    ],
)  # fmt: skip
def test_a_pattern_is_one_of_clients_names(
    client: Connection[Any], pattern: str, expected: list[str]
) -> None:
    assert names(rows(client, f"SHOW TABLES LIKE '{pattern}'")) == expected
    assert names(rows(client, f"SHOW TABLE STATUS LIKE '{pattern}'")) == expected


def test_case_matters_in_a_pattern_where_it_does_on_the_server(
    shop: Shop, client: Connection[Any]
) -> None:
    found = [] if shop.server.kind in ("mysql", "mariadb") else ["orders"]
    assert names(rows(client, "SHOW TABLES LIKE 'ORDERS'")) == found
    found = [] if shop.server.kind == "mysql" else ["orders"]
    title = f"Tables_in_{shop.name}"
    assert names(rows(client, f"SHOW TABLES WHERE {title} = 'ORDERS'")) == found


CONDITIONS = [
    ("{} LIKE '%d%s'", ["days", "orders", "words"]),
    ("{} IN ('orders', 'settings', 'orders_0')", ["orders", "settings"]),
    ("NOT {} > 'items' -- all others", ["countries", "days", "items"]),
    ("`{}` = CONCAT('it', \"ems\")", ["items"]),
    ("FALSE", []),
]


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS)
def test_a_condition_is_one_on_clients_names(
    shop: Shop, client: Connection[Any], condition: str, expected: list[str]
) -> None:
    title = f"Tables_in_{shop.name}"
    assert names(rows(client, f"SHOW TABLES WHERE {condition.format(title)}")) == expected
    sql = f"/* all */ SHOW FULL TABLES FROM `{shop.name}` where {condition.format(title)};"
    with client.cursor() as cursor:
        cursor.execute(sql)
        assert names(cursor.description) == [title, "Table_type"]
        assert list(cursor.fetchall()) == [(name, "BASE TABLE") for name in expected]
    assert names(rows(client, f"SHOW TABLE STATUS WHERE {condition.format('Name')}")) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SHOW TABLES /* a */ LIKE 'o%' /* b */", ["orders"]),
        ("SHOW TABLES /* a */ WHERE 0 /* b */", []),
        ("SHOW TABLES WHERE 1 /* a */ AND 0 /* b */", []),
        ("SHOW/**/TABLES/**/LIKE/**/'o%'", ["orders"]),
        ("SHOW TABLES WHERE {} <> 'a#b' AND {} LIKE 'o%' # c", ["orders"]),
        ("SHOW TABLES WHERE {} <> '-- x' AND {} = 'items'", ["items"]),
        ("SHOW TABLES LIKE 'o%' -- all", ["orders"]),
    ],
)
def test_comments_are_none_of_it(
    shop: Shop, client: Connection[Any], sql: str, expected: list[str]
) -> None:
    title = f"Tables_in_{shop.name}"
    assert names(rows(client, sql.format(title, title))) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SHOW TABLES /*!50000 LIKE 'o%' */",
        "SHOW TABLES WHERE EXISTS (SELECT 1 FROM settings)",
        "SHOW TABLES WHERE 1 IN (SELECT 1 FROM information_schema.tables)",
        "SET @n = (SELECT COUNT(*) FROM information_schema.tables)",
        "PREPARE p FROM 'SHOW TABLES'",
        "PREPARE p FROM 'SELECT table_name FROM information_schema.tables'",
        "DROP DATABASE {}",
        "DROP SCHEMA IF EXISTS `{}`",
    ],
)
def test_what_would_tell_of_parts_or_be_done_by_halves_is_refused(
    shop: Shop, client: Connection[Any], sql: str
) -> None:
    assert refused(client, sql.format(shop.name))[0] == 1235
    assert names(rows(client, "SHOW TABLES")) == sorted(TABLES)


def test_a_condition_may_be_on_what_else_is_shown(client: Connection[Any]) -> None:
    all_ = rows(client, "SHOW TABLE STATUS")
    assert rows(client, "SHOW TABLE STATUS WHERE Engine = 'InnoDB'") == all_
    assert rows(client, "SHOW TABLE STATUS WHERE Data_length < 0") == []


def test_a_condition_that_is_none_is_the_servers_error(shop: Shop, client: Connection[Any]) -> None:
    assert refused(client, "SHOW TABLES WHERE nothing = 1")[0] == 1054
    assert refused(client, "SHOW TABLES WHERE name =")[0] == 1064
    if shop.server.kind != "embedded":
        rows(client, "SET @name = 'orders'")
        sql = f"SHOW TABLES WHERE Tables_in_{shop.name} = @name"
        assert names(rows(client, sql)) == ["orders"]


@pytest.mark.parametrize("sql", ["SHOW TABLES", "SHOW TABLES LIKE 'o%'", "SHOW TABLE STATUS"])
def test_a_hint_that_names_no_shard_shows_each_table_once(
    client: Connection[Any], sql: str
) -> None:
    assert rows(client, f"/*athena: master */ {sql}") == rows(client, sql)
    assert ("orders_2",) not in [row[:1] for row in rows(client, sql)]
    assert names(rows(client, "/*athena: shard=2 */ SHOW TABLES LIKE 'orders%'")) != ["orders"]


def test_the_column_is_called_as_servers_call_it(shop: Shop, client: Connection[Any]) -> None:
    with client.cursor() as cursor:
        cursor.execute("SHOW FULL TABLES LIKE 'o%'")
        assert names(cursor.description) == [f"Tables_in_{shop.name} (o%)", "Table_type"]
        assert cursor.fetchall() == (("orders", "BASE TABLE"),)


def test_tables_are_shown_in_a_transaction_elsewhere(client: Connection[Any]) -> None:
    rows(client, "BEGIN")
    rows(client, "INSERT INTO items VALUES (5, 'pen', 1)")
    assert names(rows(client, "SHOW TABLES")) == sorted(TABLES)
    rows(client, "ROLLBACK")
    assert rows(client, "SELECT * FROM items") == []


def test_tables_of_a_database_that_is_not_there_are_an_error(client: Connection[Any]) -> None:
    assert refused(client, "SHOW TABLES FROM nowhere")[0] in (1044, 1049)
    assert names(rows(client, "SHOW TABLES")) == sorted(TABLES)


def test_a_table_is_shown_as_it_is_created(client: Connection[Any]) -> None:
    [(name, text)] = rows(client, "SHOW CREATE TABLE orders")
    assert name == "orders"
    assert text.startswith("CREATE TABLE `orders` (")
    assert "orders_" not in text


def test_what_is_shown_can_be_created_again(client: Connection[Any]) -> None:
    text = rows(client, "SHOW CREATE TABLE wide")[0][1]
    rows(client, text.replace("`wide`", "`wide_again`"))
    assert rows(client, "SHOW CREATE TABLE wide_again")[0][1] == text.replace(
        "`wide`", "`wide_again`"
    )


@pytest.mark.parametrize(
    "sql", ["DESCRIBE orders", "DESC `orders`", "SHOW COLUMNS FROM orders", "EXPLAIN orders",
            "SHOW FULL COLUMNS FROM orders", "SHOW FIELDS IN {}.orders"],
)  # fmt: skip
def test_columns_are_those_of_a_part(shop: Shop, client: Connection[Any], sql: str) -> None:
    expected = ["id", "user_id", "item", "price"]
    assert names(rows(client, sql.format(shop.name))) == expected


def test_some_columns_are_shown_by_a_pattern(client: Connection[Any]) -> None:
    assert names(rows(client, "SHOW COLUMNS FROM orders LIKE '%i%'")) == [
        "id", "user_id", "item", "price"
    ]  # fmt: skip
    assert names(rows(client, "DESCRIBE orders price")) == ["price"]


def test_indexes_are_those_of_a_part_under_the_tables_name(client: Connection[Any]) -> None:
    found = rows(client, "SHOW INDEX FROM orders")
    assert sorted({(row[0], row[2], row[4]) for row in found}) == [
        ("orders", "PRIMARY", "id"), ("orders", "by_user", "user_id")
    ]  # fmt: skip


def test_a_table_that_is_not_there_is_called_as_the_client_calls_it(
    client: Connection[Any],
) -> None:
    for sql in ("SHOW CREATE TABLE wide_x", "DESCRIBE wide_x", "SELECT 1 FROM wide_x"):
        errno, text = refused(client, sql)
        assert (errno, "wide_x'" in text) == (1146, True), text


@pytest.mark.parametrize(
    "sql",
    [
        "EXPLAIN SELECT * FROM orders WHERE user_id = 5",
        "EXPLAIN SELECT * FROM orders",
        "EXPLAIN SELECT COUNT(*) FROM orders WHERE user_id = 5",
    ],
)
def test_a_query_is_explained_with_the_clients_names(
    shop: Shop, client: Connection[Any], sql: str
) -> None:
    if shop.server.kind == "embedded":
        assert refused(client, sql)[0] == 1235
        return
    with client.cursor() as cursor:
        cursor.execute(sql)
        found = dict(zip(names(list(cursor.description)), cursor.fetchone(), strict=True))
    assert found.get("table", "orders") in ("orders", None)


def test_fields_of_a_table_are_listed(shop: Shop) -> None:
    proxy = shop.proxy
    with PlainConnection(
        host=proxy.host, port=proxy.port, user=proxy.user, password=proxy.password,
        database=shop.name, ssl_disabled=True, autocommit=None, read_timeout=30,
    ) as client:  # fmt: skip
        rows(client, "INSERT INTO settings VALUES ('a', 'b')")
        for table in ("orders", "settings", "countries", "orders"):
            found = fields(client, table)
            assert {each.table for each in found} == {table}
            assert names(rows(client, f"DESCRIBE {table}")) == [each.name for each in found]
        assert error_number(client, "wide_x") == 1146
        assert rows(client, "SELECT 1") == [(1,)]


def test_fields_are_listed_within_a_transaction_of_the_same_db_group(shop: Shop) -> None:
    proxy = shop.proxy
    with PlainConnection(
        host=proxy.host, port=proxy.port, user=proxy.user, password=proxy.password,
        database=shop.name, ssl_disabled=True, autocommit=None, read_timeout=30,
    ) as client:  # fmt: skip
        for user, errno in ((4, 0), (5, 1105)):
            rows(client, "BEGIN")
            rows(client, f"INSERT INTO items VALUES ({user}, 'pen', 1)")
            assert error_number(client, "orders") == errno
            rows(client, "ROLLBACK")
            assert rows(client, "SELECT * FROM items") == []


def fields(client: PlainConnection, table: str) -> list[Column]:
    found = []
    payload = client.command(Command.FIELD_LIST, table.encode() + b"\0%")
    while payload[0] != 0xFE:
        found.append(Column.decode(payload))
        payload = client._read_packet().get_all_data()
    return found


def error_number(client: PlainConnection, table: str) -> int:
    """The number of the error that the list of a table's fields ends with, or 0."""
    from pymysql import MySQLError

    try:
        fields(client, table)
    except MySQLError as error:
        return int(error.args[0])
    return 0


# -- information_schema ----------------------------------------------------------------------------


def test_each_table_is_in_information_schema_once(shop: Shop, client: Connection[Any]) -> None:
    sql = (
        "SELECT TABLE_NAME FROM information_schema.TABLES "
        f"WHERE TABLE_SCHEMA = '{shop.name}' ORDER BY TABLE_NAME"
    )
    assert names(rows(client, sql)) == sorted(TABLES)
    assert value(client, sql.replace("TABLE_NAME FROM", "COUNT(*) FROM")) == len(TABLES)


def test_columns_are_in_their_order_as_numbers(client: Connection[Any]) -> None:
    found = rows(
        client,
        "SELECT c.COLUMN_NAME, c.ORDINAL_POSITION FROM information_schema.COLUMNS c "
        "WHERE c.TABLE_NAME = 'wide' AND c.TABLE_SCHEMA = DATABASE() ORDER BY c.ORDINAL_POSITION",
    )
    assert names(found) == ["k", *(f"c{number}" for number in range(11))]
    assert names(found, 1) == list(range(1, 13))


def test_columns_of_all_tables_at_once(shop: Shop, client: Connection[Any]) -> None:
    sql = (
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, IS_NULLABLE FROM information_schema.columns "
        "WHERE table_schema = DATABASE()"
    )
    found = rows(client, sql)
    assert {row[0] for row in found} == set(TABLES)
    assert len(found) == 29
    assert [row[1:] for row in found if row[0] == "settings"] == [
        ("name", "varchar", "NO"), ("text", "varchar", "YES")
    ]  # fmt: skip
    assert sorted(row[1:] for row in found if row[0] == "items") == [
        ("item", "varchar", "NO"), ("n", "int", "YES"), ("user_id", "int", "NO")
    ]  # fmt: skip


def test_views_of_the_catalogue_are_joined(shop: Shop, client: Connection[Any]) -> None:
    sql = (
        "SELECT t.TABLE_NAME, s.INDEX_NAME, c.COLUMN_NAME FROM INFORMATION_SCHEMA.TABLES AS t "
        "JOIN information_schema.STATISTICS s ON s.TABLE_NAME = t.TABLE_NAME "
        "AND s.TABLE_SCHEMA = t.TABLE_SCHEMA "
        "JOIN information_schema.`COLUMNS` c ON c.TABLE_SCHEMA = s.TABLE_SCHEMA "
        "AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME "
        "WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_NAME IN ('orders', 'settings')"
    )
    assert sorted(rows(client, sql)) == [
        ("orders", "PRIMARY", "id"), ("orders", "by_user", "user_id"),
        ("settings", "PRIMARY", "name"),
    ]  # fmt: skip


def test_columns_may_be_qualified_with_the_views_name(shop: Shop, client: Connection[Any]) -> None:
    for qualifier in ("tables", "information_schema.tables", "`TABLES`"):
        sql = (
            f"SELECT {qualifier}.table_name FROM information_schema.tables "
            f"WHERE {qualifier}.table_schema = '{shop.name}' AND {qualifier}.table_name = 'orders'"
        )
        assert names(rows(client, sql)) == ["orders"]


def test_the_catalogue_may_be_read_in_a_subquery(client: Connection[Any]) -> None:
    sql = (
        "SELECT COUNT(*) FROM (SELECT TABLE_NAME FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('orders', 'orders_0')) found"
    )
    assert value(client, sql) == 1


THREE = (
    "FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('orders', 'orders_0', 'settings')"
)


@pytest.mark.parametrize(
    "sql",
    [
        f"INSERT INTO settings SELECT TABLE_NAME, 'x' {THREE}",
        f"INSERT INTO settings (name) SELECT TABLES.TABLE_NAME {THREE}",
        f"REPLACE INTO settings (name, text) SELECT TABLE_NAME, TABLE_TYPE {THREE}",
    ],
)
def test_what_is_at_home_may_be_filled_from_the_catalogue(
    client: Connection[Any], sql: str
) -> None:
    rows(client, sql)
    assert sorted(names(rows(client, "SELECT name FROM settings"))) == ["orders", "settings"]


def test_what_is_at_home_may_be_changed_by_the_catalogue(client: Connection[Any]) -> None:
    rows(client, "INSERT INTO settings VALUES ('orders', ''), ('orders_0', ''), ('x', '')")
    rows(client, f"UPDATE settings SET text = (SELECT COUNT(*) {THREE}) WHERE name = 'x'")
    rows(client, f"DELETE FROM settings WHERE name IN (SELECT TABLE_NAME {THREE})")
    assert sorted(rows(client, "SELECT * FROM settings")) == [("orders_0", ""), ("x", "2")]


def test_the_catalogue_may_be_joined_with_what_is_at_home(client: Connection[Any]) -> None:
    rows(client, "INSERT INTO settings VALUES ('orders', 'a'), ('orders_0', 'b')")
    sql = (
        "SELECT settings.text FROM settings JOIN information_schema.tables "
        "ON tables.table_name = settings.name AND tables.table_schema = DATABASE()"
    )
    assert names(rows(client, sql)) == ["a"]
    assert names(rows(client, f"/*athena: master */ {sql}")) == ["a"]


def test_a_table_at_home_may_be_made_of_the_catalogue(client: Connection[Any]) -> None:
    sql = f"CREATE TABLE found AS SELECT TABLE_NAME AS name {THREE}"
    rows(client, sql)
    assert sorted(names(rows(client, "SELECT name FROM found"))) == ["orders", "settings"]


@pytest.mark.parametrize(
    "sql",
    [
        f"INSERT INTO countries SELECT 'FR', TABLE_NAME {THREE}",
        f"INSERT INTO orders (id, user_id, item) SELECT 1, 5, TABLE_NAME {THREE}",
        f"SELECT 1 FROM orders WHERE user_id = 5 AND item IN (SELECT TABLE_NAME {THREE})",
    ],
)
def test_beside_tables_that_are_not_only_at_home_the_catalogue_is_refused(
    client: Connection[Any], sql: str
) -> None:
    errno, text = refused(client, sql)
    assert errno == 1235
    assert "information_schema.TABLES" in text
    assert rows(client, "SELECT 1 FROM orders") == []


@pytest.fixture
def related(client: Connection[Any]) -> Iterator[Connection[Any]]:
    """A client of tables that refer to one another, with names that are easily mixed up."""
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY, KEY items_0 (k)) COMMENT 'it''s \\\\ it'")
    rows(
        client,
        "CREATE TABLE wide_q (k INT PRIMARY KEY, shop_a INT, orders_0 INT, kind ENUM('a','b''c'), "
        "KEY shop_a (shop_a), CONSTRAINT fk1 FOREIGN KEY (k) REFERENCES wide_p (k))",
    )
    yield client
    rows(client, "SET SESSION sql_mode = DEFAULT")
    rows(client, "DROP TABLE wide_q")
    rows(client, "DROP TABLE wide_p")


def test_a_table_that_refers_to_another_is_shown_as_it_is_created(
    shop: Shop, related: Connection[Any]
) -> None:
    if shop.server.kind == "embedded":
        pytest.skip("the embedded server has no foreign keys")
    text = rows(related, "SHOW CREATE TABLE wide_q")[0][1]
    assert "CONSTRAINT `fk1` FOREIGN KEY (`k`) REFERENCES `wide_p` (`k`)" in text
    assert "wide_p_0" not in text
    assert "fk1_0" not in text
    rows(related, "DROP TABLE wide_q")
    rows(related, text)
    assert rows(related, "SHOW CREATE TABLE wide_q")[0][1] == text


@pytest.fixture
def odd(shop: Shop, client: Connection[Any]) -> Iterator[str]:
    """The name of a table that is odd, as are its texts; its constraint has none."""
    if shop.server.kind == "embedded":
        pytest.skip("the embedded server has neither foreign keys nor checks")
    # MariaDB itself does not double the backquote in the names that it makes.
    name = "`wide``q`" if shop.server.kind == "mysql" else "`wide q`"
    rows(client, "CREATE TABLE wide_p (k INT PRIMARY KEY, n INT, CHECK (n < 10))")
    rows(
        client,
        f"CREATE TABLE {name} (k INT PRIMARY KEY, d VARCHAR(20) DEFAULT 'wide_p_0' "
        "COMMENT 'of wide_p_0', FOREIGN KEY (k) REFERENCES wide_p (k)) COMMENT 'wide_p_0'",
    )
    yield name
    rows(client, f"DROP TABLE {name}")
    rows(client, "DROP TABLE wide_p")


def test_constraints_without_names_are_shown_as_by_one_server(
    client: Connection[Any], odd: str
) -> None:
    shown = {table: rows(client, f"SHOW CREATE TABLE {table}")[0][1] for table in ("wide_p", odd)}
    assert "DEFAULT 'wide_p_0' COMMENT 'of wide_p_0'" in shown[odd]
    assert "COMMENT='wide_p_0'" in shown[odd]
    assert "REFERENCES `wide_p`" in shown[odd]
    assert not [text for text in shown.values() if "_0`" in text or "_0_" in text]
    rows(client, f"DROP TABLE {odd}")
    rows(client, "DROP TABLE wide_p")
    for table, text in shown.items():
        rows(client, text)
        assert rows(client, f"SHOW CREATE TABLE {table}")[0][1] == text
    assert value(client, f"SELECT COUNT(*) FROM {odd}") == 0


def test_constraints_without_names_can_be_dropped(client: Connection[Any], odd: str) -> None:
    def constraint(table: str) -> str:
        text = rows(client, f"SHOW CREATE TABLE {table}")[0][1]
        found = re.search("CONSTRAINT (`(?:[^`]|``)+`)", text)
        assert found is not None
        return found[1]

    name = constraint("wide_p")
    errno, text = refused(client, "INSERT INTO wide_p VALUES (1, 11)")
    assert errno in (3819, 4025)
    assert name.strip("`") in text
    rows(client, f"ALTER TABLE {odd} DROP FOREIGN KEY {constraint(odd)}")
    rows(client, f"ALTER TABLE wide_p DROP CONSTRAINT {name}")
    assert "CONSTRAINT" not in rows(client, "SHOW CREATE TABLE wide_p")[0][1]
    rows(client, "INSERT INTO wide_p VALUES (1, 11), (2, 12)")
    rows(client, f"INSERT INTO {odd} (k) VALUES (5)")
    assert value(client, f"SELECT d FROM {odd} WHERE k = 5") == "wide_p_0"


def test_only_names_of_tables_databases_and_constraints_are_others(
    shop: Shop, related: Connection[Any]
) -> None:
    where = "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'wide_q'"
    sql = f"SELECT COLUMN_NAME FROM information_schema.COLUMNS {where} ORDER BY ORDINAL_POSITION"
    assert names(rows(related, sql)) == ["k", "shop_a", "orders_0", "kind"]
    sql = f"SELECT INDEX_NAME FROM information_schema.STATISTICS {where}"
    assert {"PRIMARY", "shop_a"} <= set(names(rows(related, sql))) <= {"PRIMARY", "shop_a", "fk1"}
    if shop.server.kind != "embedded":
        sql = (
            "SELECT CONSTRAINT_NAME, TABLE_NAME, REFERENCED_TABLE_NAME "
            f"FROM information_schema.KEY_COLUMN_USAGE {where} AND CONSTRAINT_NAME <> 'PRIMARY'"
        )
        assert rows(related, sql) == [("fk1", "wide_q", "wide_p")]
        sql = (
            "SELECT CONSTRAINT_NAME, TABLE_NAME, REFERENCED_TABLE_NAME "
            "FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()"
        )
        assert rows(related, sql) == [("fk1", "wide_q", "wide_p")]


@pytest.mark.parametrize(
    "said",
    [
        "SET NAMES utf8mb4 COLLATE utf8mb4_unicode_ci",
        "SET NAMES utf8mb4 COLLATE utf8mb4_general_ci",
        "SET NAMES latin1",
        "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'",
        "SET SESSION sql_mode = 'ANSI_QUOTES'",
    ],
)
def test_the_catalogue_is_the_same_in_all_modes(
    shop: Shop, related: Connection[Any], said: str
) -> None:
    questions = [
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()",
        "SELECT TABLE_COMMENT FROM information_schema.TABLES WHERE TABLE_NAME = 'wide_p'",
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS "
        "WHERE COLUMN_TYPE LIKE 'enum%' AND TABLE_SCHEMA = DATABASE()",
        "SHOW TABLE STATUS WHERE Name = 'wide_p'",
        "SHOW TABLES LIKE 'wide%'",
    ]
    before = [rows(related, sql) for sql in questions]
    if shop.server.kind == "embedded" and "sql_mode" in said:
        assert refused(related, said)[0] == 1235
    else:
        rows(related, said)
    assert [rows(related, sql) for sql in questions] == before


def test_columns_are_called_as_by_the_server_itself(shop: Shop, client: Connection[Any]) -> None:
    sql = "SELECT table_name, Table_Type AS Kind, t.engine FROM information_schema.tables t LIMIT 1"
    found = []
    with shop.server.connect(database=None) as direct:
        for connection in (direct, client):
            with connection.cursor() as cursor:
                cursor.execute(sql)
                found.append(names(list(cursor.description)))
    assert found[0] == found[1]


def test_numbers_of_the_catalogue_are_whole_numbers(client: Connection[Any]) -> None:
    sql = (
        "SELECT ORDINAL_POSITION, CHARACTER_MAXIMUM_LENGTH FROM information_schema.COLUMNS "
        "WHERE TABLE_NAME = 'items' AND COLUMN_NAME = 'item' AND TABLE_SCHEMA = DATABASE()"
    )
    [found] = rows(client, sql)
    assert found == (2, 40)
    assert [type(each) for each in found] == [int, int]


@pytest.mark.parametrize(
    ("mode", "pattern", "expected"),
    [
        ("", r"'items\_0'", []), ("", r"'i\tems'", []), ("", r"'ite\_s'", []),
        ("", r"'item\s'", ["items"]), ("", "\"items\"", ["items"]), ("", "'it''%'", []),
        ("NO_BACKSLASH_ESCAPES", r"'item\s'", []), ("NO_BACKSLASH_ESCAPES", "'item_'", ["items"]),
    ],
)  # fmt: skip
def test_a_pattern_is_read_as_the_string_that_it_is(
    shop: Shop, client: Connection[Any], mode: str, pattern: str, expected: list[str]
) -> None:
    if shop.server.kind == "embedded" and mode:
        assert refused(client, f"SET SESSION sql_mode = '{mode}'")[0] == 1235
        return
    rows(client, f"SET SESSION sql_mode = '{mode}'")
    assert names(rows(client, f"SHOW TABLES LIKE {pattern}")) == expected


def test_keys_are_those_of_the_tables(shop: Shop, client: Connection[Any]) -> None:
    sql = (
        "SELECT k.TABLE_NAME, k.COLUMN_NAME, k.ORDINAL_POSITION "
        "FROM information_schema.KEY_COLUMN_USAGE k WHERE k.TABLE_SCHEMA = DATABASE() "
        "AND k.CONSTRAINT_NAME = 'PRIMARY' AND k.TABLE_NAME = 'items' ORDER BY 3"
    )
    assert rows(client, sql) == [("items", "user_id", 1), ("items", "item", 2)]


def test_the_catalogue_is_read_by_latin1_clients(shop: Shop) -> None:
    client = shop.connect(charset="latin1")
    sql = (
        "SELECT TABLE_NAME FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'orders'"
    )
    assert names(rows(client, sql)) == ["orders"]


def test_a_name_is_shown_in_the_clients_character_set(shop: Shop) -> None:
    client = shop.connect(charset="latin1")
    rows(client, "CREATE TABLE `wide_ü` (k INT PRIMARY KEY)")
    assert names(rows(client, "SHOW TABLES LIKE 'wide_ü'")) == ["wide_ü"]
    if shop.server.kind != "embedded":  # whose answers are all in UTF-8
        assert rows(client, "SHOW CREATE TABLE `wide_ü`")[0][0] == "wide_ü"
    explained = dict(rows(client, "EXPLAIN ATHENA SELECT 1 FROM `wide_ü` WHERE k = 5"))
    assert explained["table wide_ü"].startswith("wide_ü by rule")
    rows(client, "DROP TABLE `wide_ü`")


def test_values_have_the_types_of_the_views_columns(shop: Shop, client: Connection[Any]) -> None:
    found = rows(
        client,
        "SELECT DATA_LENGTH, CREATE_TIME, VERSION, ENGINE FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ('orders', 'settings')",
    )
    assert len(found) == 2
    for one, other in zip(*found, strict=True):
        assert type(one) is type(other)
    assert isinstance(found[0][0], int) or shop.server.kind == "embedded"


def test_a_changed_table_is_in_the_catalogue_at_once(client: Connection[Any]) -> None:
    rows(client, "CREATE TABLE wide_new (k INT PRIMARY KEY, first INT)")
    rows(client, "ALTER TABLE wide_new ADD second VARCHAR(3) DEFAULT '007'")
    sql = (
        "SELECT COLUMN_NAME, COLUMN_DEFAULT FROM information_schema.COLUMNS "
        "WHERE TABLE_NAME = 'wide_new' AND TABLE_SCHEMA = DATABASE() ORDER BY ORDINAL_POSITION"
    )
    found = rows(client, sql)
    assert names(found) == ["k", "first", "second"]
    assert str(found[2][1]).strip("'") == "007"
    rows(client, "DROP TABLE wide_new")
    assert rows(client, sql) == []
