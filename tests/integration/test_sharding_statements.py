"""Statements of programs on sharded tables: ids, hints, EXPLAIN ATHENA, locks, dumps, long ones."""

from __future__ import annotations

from typing import Any

import pytest
from pymysql.connections import Connection

from tests.integration.stage import refused
from tests.sharding.shop import WORKER, Shop, rows, shards_of, value


@pytest.fixture
def client(shop: Shop) -> Connection[Any]:
    return shop.connect()


def insert(client: Connection[Any], sql: str) -> int:
    """Run an INSERT; the id in its OK packet."""
    with client.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.lastrowid)


def ids_of(client: Connection[Any]) -> list[int]:
    """The ids of all orders, in the order of their items."""
    found = rows(client, "SELECT item, id FROM orders")
    return [id_ for _, id_ in sorted(found)]


# -- ids -------------------------------------------------------------------------------------------


def test_ids_are_unique_over_shards_and_ascend(client: Connection[Any]) -> None:
    for number in range(12):
        rows(client, f"INSERT INTO orders (user_id, item) VALUES ({number}, '{number:02d}')")
    ids = ids_of(client)
    assert len(ids) == 12
    assert ids == sorted(set(ids))
    assert {each >> 12 & 0x3FF for each in ids} == {WORKER}
    assert set(shards_of(client, "orders", "id").values()) == {0, 1, 2, 3}


def test_the_id_that_was_made_is_told(client: Connection[Any]) -> None:
    told = insert(client, "INSERT INTO orders (user_id) VALUES (5)")
    assert rows(client, "SELECT id FROM orders WHERE user_id = 5") == [(told,)]
    assert value(client, "SELECT LAST_INSERT_ID()") == told
    rows(client, "INSERT INTO items VALUES (6, 'pen', 1)")
    assert value(client, "SELECT LAST_INSERT_ID()") == told


def test_rows_of_several_shards_have_ids_in_their_order(client: Connection[Any]) -> None:
    told = insert(client, "INSERT INTO orders (user_id, item) VALUES (1, 'a'), (2, 'b'), (1, 'c')")
    ids = ids_of(client)
    assert ids == sorted(set(ids))
    assert ids[0] == told == value(client, "SELECT LAST_INSERT_ID()")
    assert sorted(shards_of(client, "orders", "item").items()) == [("a", 1), ("b", 2), ("c", 1)]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO orders SET user_id = 5, item = 'a'",
        "REPLACE INTO orders (item, user_id) VALUES ('a', 5)",
        "INSERT IGNORE INTO orders (item, user_id) VALUES ('a', 5)",
        "INSERT INTO orders (user_id, item) VALUES (5, 'b') ON DUPLICATE KEY UPDATE item = 'c'",
        "INSERT INTO {group}.orders (user_id, item) VALUES (5, 'x')",
    ],
)
def test_every_form_of_insert_gets_its_id(shop: Shop, client: Connection[Any], sql: str) -> None:
    told = insert(client, sql.format(group=shop.name))
    assert rows(client, "SELECT id FROM orders WHERE user_id = 5") == [(told,)]
    assert told >> 12 & 0x3FF == WORKER


def test_an_id_that_the_client_gives_is_kept(client: Connection[Any]) -> None:
    rows(client, "INSERT INTO orders (id, user_id) VALUES (9, 5)")
    assert ids_of(client) == [9]


def test_an_id_made_in_a_transaction_goes_with_it(client: Connection[Any]) -> None:
    rows(client, "BEGIN")
    told = insert(client, "INSERT INTO orders (user_id, item) VALUES (5, 'a'), (7, 'b')")
    assert value(client, "SELECT LAST_INSERT_ID()") == told
    assert len(ids_of_shard(client, 1)) == 1
    rows(client, "ROLLBACK")
    assert ids_of(client) == []
    assert value(client, "SELECT LAST_INSERT_ID()") == told


def ids_of_shard(client: Connection[Any], key: int) -> list[int]:
    return [id_ for (id_,) in rows(client, f"SELECT id FROM orders WHERE user_id = {key}+4")]


def test_an_id_can_be_used_for_rows_of_another_table(client: Connection[Any]) -> None:
    told = insert(client, "INSERT INTO orders (user_id) VALUES (5)")
    rows(client, "INSERT INTO settings (name, text) VALUES ('last', LAST_INSERT_ID())")
    assert value(client, "SELECT text FROM settings") == str(told)


@pytest.mark.parametrize(
    "sql",
    [
        "EXPLAIN INSERT INTO orders (user_id) VALUES (5)",
        "EXPLAIN INSERT INTO orders (id, user_id) VALUES (1, 5), (2, 6)",
        "EXPLAIN FORMAT=JSON REPLACE INTO orders (user_id) VALUES (5)",
    ],
)
def test_explain_of_an_insert_makes_no_row(shop: Shop, client: Connection[Any], sql: str) -> None:
    if shop.server.kind == "embedded":
        assert refused(client, sql)[0] == 1235
    else:
        assert len(rows(client, sql)) >= 1
    assert ids_of(client) == []


def test_a_row_without_key_or_id_is_refused_and_nothing_is_inserted(
    client: Connection[Any],
) -> None:
    assert refused(client, "INSERT INTO orders (item) VALUES ('a')")[0] == 1105
    assert refused(client, "INSERT INTO orders (user_id) VALUES (5), (RAND())")[0] == 1105
    assert ids_of(client) == []


def test_rows_of_one_shard_can_be_returned_where_the_server_does_that(
    shop: Shop, client: Connection[Any]
) -> None:
    sql = "INSERT INTO orders (user_id) VALUES (5) RETURNING id"
    if shop.server.kind == "mariadb":
        told = [id_ for (id_,) in rows(client, sql)]
        assert told == ids_of(client)
        assert told == [value(client, "SELECT LAST_INSERT_ID()")]
        assert refused(client, "INSERT INTO orders (user_id, id) VALUES (5, 1), (5, 1) RETURNING 1")
        rows(client, "SELECT 1 FROM items WHERE user_id = 1")
        assert told == [value(client, "SELECT LAST_INSERT_ID()")]
    else:
        assert refused(client, sql)[0] == 1064


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO orders (user_id) VALUES (5), (6) RETURNING id",
        "INSERT INTO orders (id, user_id) VALUES (1, 5), (2, 6) RETURNING id",
        "INSERT INTO countries VALUES ('FR', 'France') RETURNING name",
        "DELETE FROM orders RETURNING id",
        "DELETE FROM countries RETURNING name",
    ],
)
def test_rows_of_several_servers_are_not_returned_and_not_changed(
    client: Connection[Any], sql: str
) -> None:
    rows(client, "INSERT INTO orders (user_id) VALUES (7), (8)")
    rows(client, "INSERT INTO countries VALUES ('CN', 'China')")
    assert refused(client, sql)[0] in (1105, 1235)
    assert len(ids_of(client)) == 2
    assert rows(client, "SELECT name FROM countries") == [("China",)]


@pytest.mark.parametrize(
    "change",
    ["DELETE FROM countries", "UPDATE countries SET name = 'x'", "DELETE FROM orders",
     "UPDATE orders SET item = 'x' WHERE user_id = 7"],
)  # fmt: skip
def test_explain_of_a_change_changes_nothing(
    shop: Shop, client: Connection[Any], change: str
) -> None:
    rows(client, "INSERT INTO countries VALUES ('CN', 'China')")
    rows(client, "INSERT INTO orders (user_id, item) VALUES (7, 'tea')")
    if shop.server.kind == "embedded":
        assert refused(client, f"EXPLAIN {change}")[0] == 1235
    else:
        assert len(rows(client, f"EXPLAIN {change}")) == 1
    assert rows(client, "SELECT name FROM countries") == [("China",)]
    assert rows(client, "SELECT item FROM orders") == [("tea",)]


# -- hints -----------------------------------------------------------------------------------------


@pytest.fixture
def filled(client: Connection[Any]) -> Connection[Any]:
    """A client of a shop with one item for each of eight users."""
    for user in range(8):
        rows(client, f"INSERT INTO items VALUES ({user}, 'pen', {user * 10})")
    return client


def users(client: Connection[Any], hint: str, where: str = "TRUE") -> list[int]:
    found = rows(client, f"/*athena: {hint} */ SELECT user_id FROM items WHERE {where}")
    return sorted(user for (user,) in found)


def test_a_hint_says_the_shard_whatever_the_conditions_say(filled: Connection[Any]) -> None:
    assert users(filled, "shard=3") == [3, 7]
    assert users(filled, "shard=3", "user_id = 5") == []
    assert users(filled, "scatter", "user_id = 5") == [5]


@pytest.mark.parametrize("hint", ["master", "slave"])
def test_a_hint_for_a_server_changes_no_row(filled: Connection[Any], hint: str) -> None:
    assert users(filled, hint) == list(range(8))
    assert users(filled, hint, "user_id = 5") == [5]


def test_a_change_with_a_hint_is_one_of_that_shard(filled: Connection[Any]) -> None:
    rows(filled, "/*athena: shard=1 */ UPDATE items SET n = -1")
    assert rows(filled, "SELECT user_id FROM items WHERE n = -1 AND user_id IN (1, 2, 5)") == [
        (1,), (5,)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sql",
    [
        "/*athena: shard=4 */ DELETE FROM items",
        "/*athena: shard=-1 */ DELETE FROM items",
        "/*athena: shard=x */ DELETE FROM items",
        "/*athena: nonsense */ DELETE FROM items",
        "/*athena: scatter */ DELETE FROM items",
        "/*athena: scatter */ DELETE FROM settings",
        "/*athena: shard=2 */ INSERT INTO items VALUES (5, 'ink', 1)",
        "/*athena: scatter */ INSERT INTO items VALUES (5, 'ink', 1)",
        "/*athena: shard=1 */ UPDATE items SET user_id = 2",
    ],
)
def test_after_a_hint_that_is_refused_nothing_is_changed(filled: Connection[Any], sql: str) -> None:
    before = sorted(rows(filled, "SELECT * FROM items"))
    assert refused(filled, sql)[0] == 1105
    assert sorted(rows(filled, "SELECT * FROM items")) == before


def test_rows_are_inserted_where_a_hint_and_their_key_agree(filled: Connection[Any]) -> None:
    rows(filled, "/*athena: shard=1 */ INSERT INTO items VALUES (5, 'ink', 1)")
    assert users(filled, "shard=1") == [1, 5, 5]


def test_a_hint_that_a_transaction_cannot_follow_leaves_it_open(filled: Connection[Any]) -> None:
    rows(filled, "BEGIN")
    rows(filled, "UPDATE items SET n = 99 WHERE user_id = 5")
    assert "Cross-shard" in refused(filled, "/*athena: shard=2 */ SELECT 1 FROM items")[1]
    assert users(filled, "shard=3") == [3, 7]
    rows(filled, "COMMIT")
    assert value(filled, "SELECT n FROM items WHERE user_id = 5") == 99


# -- EXPLAIN ATHENA --------------------------------------------------------------------------------


def explained(client: Connection[Any], sql: str) -> dict[str, str]:
    return dict(rows(client, f"EXPLAIN ATHENA {sql}"))


def test_explain_athena_shows_shard_and_text(client: Connection[Any]) -> None:
    found = explained(client, "SELECT * FROM items WHERE user_id = 5")
    assert found["statement"] == "SELECT (read)"
    assert found["key of items"] == "user_id = 5"
    assert found["goes to"] == "shard 1 in b"
    assert found["SQL on shard 1"] == "SELECT * FROM `items_1` AS `items` WHERE user_id = 5"


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT n FROM items LIMIT 1 FOR UPDATE", "1235 (42000)"),
        ("DELETE FROM items", "1105 (HY000)"),
        ("INSERT INTO items (n) VALUES (1)", "1105 (HY000)"),
        ("LOCK TABLES items READ", "1235 (42000)"),
        ("SELEC 1 FROM items", "1235 (42000)"),
    ],
)
def test_explain_athena_tells_why_a_statement_is_refused(
    client: Connection[Any], sql: str, reason: str
) -> None:
    assert explained(client, sql)["refused"].startswith(reason)


def test_explain_athena_changes_nothing(filled: Connection[Any]) -> None:
    assert explained(filled, "DELETE FROM items WHERE user_id = 5")["goes to"] == "shard 1 in b"
    assert explained(filled, "DROP TABLE items")["goes to"] == "shards 0, 2 in a; shards 1, 3 in b"
    assert users(filled, "scatter") == list(range(8))


def test_explain_athena_of_a_table_that_is_not_there_is_an_error(client: Connection[Any]) -> None:
    assert refused(client, "EXPLAIN ATHENA SELECT 1 FROM wide_none WHERE k = 1")[0] == 1146


def test_explain_athena_is_no_part_of_a_transaction(filled: Connection[Any]) -> None:
    rows(filled, "BEGIN")
    rows(filled, "UPDATE items SET n = 99 WHERE user_id = 5")
    assert explained(filled, "SELECT 1 FROM items WHERE user_id = 2")["goes to"] == "shard 2 in a"
    rows(filled, "ROLLBACK")
    assert value(filled, "SELECT n FROM items WHERE user_id = 5") == 50


# -- keys that a server would make -----------------------------------------------------------------


@pytest.mark.parametrize("made", ["NULL", "0", "'0'", "3, 1), (NULL"])
def test_a_row_whose_key_the_server_would_make_is_refused(shop: Shop, made: str) -> None:
    client = shop.connect()
    rows(client, "DROP TABLE IF EXISTS wide_counted")
    rows(client, "CREATE TABLE wide_counted (k INT AUTO_INCREMENT PRIMARY KEY, v INT)")
    rows(client, "INSERT INTO wide_counted VALUES (5, 1)")
    number, text = refused(client, f"INSERT INTO wide_counted VALUES ({made}, 1)")
    assert (number, "AUTO_INCREMENT" in text) == (1105, True)
    rows(client, "INSERT INTO wide_counted (k, v) VALUES (6, 2), (7, 3)")
    number, text = refused(client, "INSERT INTO wide_counted (k, v) VALUES (6, 2), (0, 3)")
    assert (number, "AUTO_INCREMENT" in text) == (1105, True)
    assert shards_of(client, "wide_counted", "k") == {5: 1, 6: 2, 7: 3}


# -- locks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mine", [0, 1, None])
@pytest.mark.parametrize("other", [0, 1, None])
def test_a_lock_excludes_another_session_wherever_both_were_before(
    shop: Shop, mine: int | None, other: int | None
) -> None:
    first, second = shop.connect(), shop.connect()
    for client, key in ((first, mine), (second, other)):
        if key is not None:
            rows(client, f"SELECT 1 FROM items WHERE user_id = {key}")
    assert value(first, "SELECT GET_LOCK('till', 0)") == 1
    assert value(second, "SELECT GET_LOCK('till', 0)") == 0
    assert value(second, "SELECT IS_FREE_LOCK('till')") == 0
    assert value(first, "SELECT RELEASE_LOCK('till')") == 1
    assert value(second, "SELECT GET_LOCK('till', 0)") == 1
    assert value(second, "SELECT RELEASE_LOCK('till')") == 1


def test_a_session_with_a_lock_is_at_home_until_it_gives_it_back(filled: Connection[Any]) -> None:
    assert value(filled, "SELECT GET_LOCK('till', 0)") == 1
    assert "GET_LOCK" in refused(filled, "SELECT 1 FROM items WHERE user_id = 5")[1]
    assert value(filled, "SELECT RELEASE_LOCK('till')") == 1
    assert value(filled, "SELECT n FROM items WHERE user_id = 5") == 50


# -- dumps and long statements ---------------------------------------------------------------------


def test_statements_as_dumps_have_them_reach_every_part(shop: Shop) -> None:
    client = shop.connect()
    for statement in (
        "DROP TABLE IF EXISTS `wide_dumped`",
        "CREATE TABLE `wide_dumped` (`k` int NOT NULL, `v` varchar(9), PRIMARY KEY (`k`))",
        "/*!40000 ALTER TABLE `wide_dumped` DISABLE KEYS */",
        "INSERT INTO `wide_dumped` VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d')",
        "/*!40000 ALTER TABLE `wide_dumped` ENABLE KEYS */",
    ):
        if shop.server.kind == "embedded" and "KEYS" in statement:
            continue
        rows(client, statement)
    assert shards_of(client, "wide_dumped", "v") == {"a": 1, "b": 2, "c": 3, "d": 0}


def test_a_long_insert_is_divided_among_all_shards(shop: Shop, client: Connection[Any]) -> None:
    item = "x" * 30
    values = ", ".join(f"({user}, '{user:06d}{item}', 9.5{user % 10})" for user in range(20_000))
    sql = f"INSERT INTO orders (user_id, item, price) VALUES {values}"
    assert len(sql) > 1 << 20
    with client.cursor() as cursor:
        assert cursor.execute(sql) == 20_000
    ids: set[int] = set()
    for shard in range(4):
        hint = f"/*athena: shard={shard} */"
        found = rows(client, f"{hint} SELECT id, user_id FROM orders")
        assert [user % 4 for _, user in found] == [shard] * 5000
        ids.update(id_ for id_, _ in found)
    assert len(ids) == 20_000


def test_an_error_in_a_long_insert_leaves_the_session_usable(client: Connection[Any]) -> None:
    values = ", ".join(f"({user}, 'x', 1)" for user in range(1, 10_000))
    assert refused(client, f"INSERT INTO items VALUES {values}")[0] == 1105
    assert rows(client, "SELECT * FROM items") == []
