"""What the router makes of a statement, in words."""

from __future__ import annotations

import pytest

from athena_g.router.explain import MAX_SHOWN, explain
from athena_g.router.router import Router
from athena_g.router.rules import rules_of
from tests.unit.router import house


@pytest.fixture(scope="module")
def router() -> Router:
    return house.router()


def lines(router: Router, sql: str) -> dict[str, str]:
    return dict(explain(router, sql.encode()))


def test_a_keyed_read_is_told_from_the_table_to_the_text(router: Router) -> None:
    assert lines(router, "SELECT * FROM orders o WHERE user_id = 5") == {
        "statement": "SELECT (read)",
        "table o": "orders by rule orders: mod of user_id (integer), 4 shards",
        "key of o": "user_id = 5",
        "goes to": "shard 1 in b",
        "SQL on shard 1": "SELECT * FROM `orders_1` o WHERE user_id = 5",
        "merge": "none: the answer of one server is passed on",
    }


def test_shards_are_told_by_db_group(router: Router) -> None:
    found = lines(router, "SELECT * FROM orders")
    assert found["goes to"] == "shards 0, 2 in a; shards 1, 3 in b"
    assert found["merge"] == "the rows of one shard after those of the other"


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("user_id IN (1, NULL)", "user_id IN (1, NULL)"),
        ("user_id = '5'", "user_id = '5'"),
        ("user_id = ?", "user_id = ?"),
        ("user_id IS NULL", "user_id IS NULL"),
        ("(user_id = 1 OR user_id = 2) AND x = 3", "user_id = 1 OR user_id = 2"),
        ("(user_id = 1 OR user_id = 2) AND user_id > 0",
         "(user_id = 1 OR user_id = 2) AND user_id > 0"),
        ("x = 1", "any"),
        (f"user_id IN ({', '.join(map(str, range(20)))})",
         f"user_id IN ({', '.join(map(str, range(MAX_SHOWN)))}, ...)"),
    ],
)  # fmt: skip
def test_what_is_known_of_a_key_is_told(router: Router, where: str, told: str) -> None:
    assert lines(router, f"SELECT * FROM orders WHERE {where}")["key of orders"] == told


def test_a_refusal_is_told_with_its_number(router: Router) -> None:
    found = lines(router, "DELETE FROM orders")
    assert found["statement"] == "DELETE (write)"
    assert found["refused"].startswith("1105 (HY000): Scatter writes not allowed")
    assert "goes to" not in found


def test_a_key_of_unknown_type_is_told(router: Router) -> None:
    found = lines(router, "SELECT * FROM accounts WHERE account = 5")
    assert found["not known"].startswith("the type of account: rule accounts has no key_type")
    assert "type not known" in found["table accounts"]


def test_each_shard_is_shown_with_its_own_rows(router: Router) -> None:
    found = lines(router, "INSERT INTO logs_a (id) VALUES (1), (2), (5)")
    assert found["inserts into"].startswith("rule logs")
    assert found["SQL on shard 1"] == "INSERT INTO `logs_a_1` (id) VALUES (1), (5)"
    assert found["SQL on shard 2"] == "INSERT INTO `logs_a_2` (id) VALUES (2)"


@pytest.mark.parametrize(
    ("sql", "goes_to", "table"),
    [
        ("SELECT * FROM customers", "the home DB group (home)", "at home, in home"),
        ("UPDATE customers SET x = 1", "the home DB group (home)", "at home, in home"),
    ],
)
def test_tables_without_a_rule_are_told(router: Router, sql: str, goes_to: str, table: str) -> None:
    found = lines(router, sql)
    assert (found["goes to"], found["table customers"]) == (goes_to, table)


def test_a_broadcast_table_is_told(router: Router) -> None:
    found = lines(router, "INSERT INTO countries VALUES (1)")
    assert found["table countries"] == "broadcast table"
    assert found["goes to"] == "every DB group"


def test_of_many_shards_some_are_shown() -> None:
    group = house.group()
    orders = group.sharding_rules[0].model_copy(update={"shard_count": 100})
    a = group.db_groups[1].model_copy(update={"shard_indices": tuple(range(100))})
    many = group.model_copy(
        update={"sharding_rules": (orders,), "db_groups": (group.db_groups[0], a)}
    )
    found = lines(Router(rules_of(many), "shop", "home"), "SELECT * FROM orders")
    assert f"SQL on shard {MAX_SHOWN - 1}" in found
    assert f"SQL on shard {MAX_SHOWN}" not in found
    assert found["SQL on others"] == f"the same on {100 - MAX_SHOWN} more"


# --- Rows of several shards -----------------------------------------------------------------------


def told(router: Router, sql: str, *wanted: str) -> list[str | None]:
    found = lines(router, sql)
    return [found.get(each) for each in wanted]


@pytest.mark.parametrize(
    ("rest", "merge"),
    [
        ("", "in the order that the statement says"),
        (" LIMIT 5", "in the order that the statement says, 5 rows at most"),
        (" LIMIT 0, 5", "in the order that the statement says, 5 rows at most"),
        (" LIMIT 5 OFFSET 2",
         "in the order that the statement says, 5 rows at most, without the first 2"),
    ],
)  # fmt: skip
def test_an_order_is_told_with_its_keys(router: Router, rest: str, merge: str) -> None:
    sql = "SELECT id FROM orders WHERE user_id IN (1, 2) ORDER BY x DESC" + rest
    found = lines(router, sql)
    assert found["goes to"] == "shard 1 in b; shard 2 in a"
    assert found["SQL on shard 1"].startswith(
        "SELECT id, x AS `athena key 1` FROM `orders_1` AS `orders` WHERE user_id IN (1, 2)"
    )
    assert "SQL at home" not in found
    assert found["merge"] == merge


def test_groups_are_told_with_what_is_made_of_them(router: Router) -> None:
    sql = "SELECT x, COUNT(*) FROM orders GROUP BY x HAVING COUNT(*) > 1"
    assert told(router, sql, "SQL on shard 0", "SQL on shard 3", "SQL at home", "merge") == [
        "SELECT x AS `athena 1`, COUNT(*) AS `athena 2` FROM `orders_0` AS `orders` GROUP BY 1",
        "SELECT x AS `athena 1`, COUNT(*) AS `athena 2` FROM `orders_3` AS `orders` GROUP BY 1",
        "SELECT `athena 1`, CAST(IFNULL(SUM(`athena 2`), 0) AS SIGNED) FROM `athena groups` "
        "GROUP BY `athena 1` HAVING CAST(IFNULL(SUM(`athena 2`), 0) AS SIGNED) > 1",
        "the home server puts the groups of the shards together, and goes on from there",
    ]


def test_one_row_of_all_rows_is_told_without_a_server_at_home(router: Router) -> None:
    sql = "SELECT COUNT(*), MAX(id) FROM orders"
    assert told(router, sql, "SQL on shard 2", "SQL at home", "merge") == [
        "SELECT COUNT(*), MAX(id) FROM `orders_2` AS `orders`",
        None,
        "one row of all: COUNT, MAX",
    ]


def test_rows_that_meet_are_told_table_by_table(router: Router) -> None:
    sql = b"SELECT 1 FROM orders o JOIN names ON o.x = names.x WHERE user_id = 1 OR o.user_id = 2"
    found = [each for each in explain(router, sql) if not each[0].startswith(("table", "key"))]
    assert found == [
        ("statement", "SELECT (read)"),
        ("goes to", "shards 0, 2 in a; shards 1, 3 in b"),
        ("rows that meet", "`athena rows 1` has those of o, shards 1, 2"),
        ("rows that meet", "`athena rows 2` has those of names, shards 0, 1, 2, 3"),
        ("SQL at home", "SELECT 1 FROM `athena rows 1` o JOIN `athena rows 2` AS `names` "
         "ON o.x = names.x WHERE user_id = 1 OR o.user_id = 2"),
        ("merge", "the home server gets the rows of all shards, and answers"),
    ]  # fmt: skip


def test_rows_that_meet_are_told_with_the_condition_on_them(router: Router) -> None:
    sql = "SELECT STD(id) FROM orders WHERE user_id IN (1, 2) AND x = 'ä'"
    assert told(router, sql, "rows that meet", "SQL at home", "SQL on shard 1") == [
        "`athena rows 1` has those of orders, shards 1, 2 WHERE user_id IN (1, 2) AND x = 'ä'",
        "SELECT STD(id) FROM `athena rows 1` AS `orders` WHERE user_id IN (1, 2) AND x = 'ä'",
        None,
    ]


def test_a_table_none_of_whose_rows_matter_is_told(router: Router) -> None:
    sql = (
        "SELECT 1 FROM orders o LEFT JOIN items i ON o.x = i.x AND i.user_id = 2 AND i.user_id = 3"
    )
    found = [what for name, what in explain(router, sql.encode()) if name == "rows that meet"]
    assert found[1] == "`athena rows 2` has those of i, shards none"


def test_of_literals_of_one_shape_each_text_has_its_own(router: Router) -> None:
    sql = "SELECT x, SUM(id * {0}) FROM orders WHERE id > {0} GROUP BY x HAVING SUM(id * {0}) > {0}"
    first, second = (lines(router, sql.format(number)) for number in (11, 22))
    for name in ("SQL on shard 0", "SQL at home"):
        assert "11" in first[name]
        assert second[name] == first[name].replace("11", "22")


def test_one_shard_is_told_without_what_several_would_be_asked(router: Router) -> None:
    sql = "SELECT x, COUNT(*) FROM orders WHERE user_id = 1 GROUP BY x ORDER BY x"
    assert told(router, sql, "SQL on shard 1", "SQL at home", "merge") == [
        "SELECT x, COUNT(*) FROM `orders_1` AS `orders` WHERE user_id = 1 GROUP BY x ORDER BY x",
        None,
        "none: the answer of one server is passed on",
    ]
