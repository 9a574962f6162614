"""Queries that one server answers, over tables with the rows of all shards."""

from __future__ import annotations

import pytest

from athena_g.errors import SqlError
from athena_g.parser.statement import Opaque, Select, Union
from athena_g.parser.text import Reading
from athena_g.router.gather import Gather, has_nothing_odd
from athena_g.router.route import Reach
from tests.unit.parser.trees import statement_of
from tests.unit.router import house
from tests.unit.router.merging import at_home, routed

TIED = "FROM orders o JOIN items i ON o.user_id = i.user_id"


def gather_of(sql: str, *parameters: object) -> Gather:
    found = routed(sql, parameters).plan.gather
    assert found is not None
    return found


def gathered(sql: str) -> dict[str, tuple[int, ...]]:
    """Which shards' rows are brought, by what a table is called."""
    found = routed(sql)
    assert found.route.gathered is not None
    assert found.plan.gather is not None
    names = [each.called for each in found.plan.gather.tables]
    return dict(zip(names, found.route.gathered, strict=True))


# --- The text -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT STD(id) FROM orders", "SELECT STD(id) FROM `athena rows 1` AS `orders`"),
        ("SELECT STD(o.id) FROM Orders o", "SELECT STD(o.id) FROM `athena rows 1` o"),
        ("SELECT STD(shop.orders.id) FROM shop.orders USE INDEX (i)",
         "SELECT STD(`orders`.id) FROM `athena rows 1` AS `orders` USE INDEX (i)"),
        ("SELECT 1 FROM orders o JOIN items ON o.x = items.x",
         "SELECT 1 FROM `athena rows 1` o JOIN `athena rows 2` AS `items` ON o.x = items.x"),
        ("SELECT 1 FROM orders a JOIN orders b ON a.x = b.x",
         "SELECT 1 FROM `athena rows 1` a JOIN `athena rows 2` b ON a.x = b.x"),
        ("SELECT 1 FROM orders JOIN shop.customers c ON orders.x = c.x",
         "SELECT 1 FROM `athena rows 1` AS `orders` JOIN `customers` c ON orders.x = c.x"),
        ("SELECT id FROM orders WHERE x > ALL (SELECT x FROM items)",
         "SELECT id FROM `athena rows 1` AS `orders` "
         "WHERE x > ALL (SELECT x FROM `athena rows 2` AS `items`)"),
        ("(SELECT x FROM orders) UNION (SELECT x FROM items) ORDER BY x",
         "(SELECT x FROM `athena rows 1` AS `orders`) UNION "
         "(SELECT x FROM `athena rows 2` AS `items`) ORDER BY x"),
        ("WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 5) "
         "SELECT n FROM c JOIN orders ON n = x",
         "WITH RECURSIVE c AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM c WHERE n < 5) "
         "SELECT n FROM c JOIN `athena rows 1` AS `orders` ON n = x"),
    ],
)  # fmt: skip
def test_each_place_of_a_table_has_a_table_of_its_own(sql: str, expected: str) -> None:
    """A temporary table can be named only once in a statement."""
    assert at_home(sql) == expected


def test_tables_are_told_with_their_rules_and_names() -> None:
    first, second = gather_of("SELECT 1 FROM orders a JOIN logs_x ON a.x = logs_x.x").tables
    assert (first.table, first.called, first.name) == ("orders", "a", "athena rows 1")
    assert (second.table, second.called, second.name) == ("logs_x", "logs_x", "athena rows 2")
    assert (first.rule.name, second.rule.name) == ("orders", "logs")
    assert (first.parts, second.parts) == ((0,), (1,))


def test_a_name_is_quoted_in_the_clients_character_set() -> None:
    reading = Reading(codec="cp1252", ansi_quotes=True)
    found = routed('SELECT STD("größe") FROM "orders"', reading=reading)
    assert found.plan.gather is not None
    assert found.plan.gather.final.render(0, []) == (
        'SELECT STD("größe") FROM `athena rows 1` AS `orders`'.encode("cp1252")
    )


def test_literals_and_parameters_stay_where_they_are() -> None:
    sql = "SELECT ?, STD(id + 1) FROM orders WHERE x = ? AND id > 5 GROUP BY x HAVING ? LIMIT 6"
    found = gather_of(sql, 1, 2, 3)
    assert found.final.parameters == [0, 1, 2]
    assert found.final.render(0, [b"11", b"55", b"66"]) == (
        b"SELECT ?, STD(id + 11) FROM `athena rows 1` AS `orders` WHERE x = ? AND id > 55 "
        b"GROUP BY x HAVING ? LIMIT 66"
    )


def test_whether_found_rows_are_asked_for_is_told() -> None:
    assert gather_of("SELECT SQL_CALC_FOUND_ROWS STD(id) FROM orders GROUP BY x LIMIT 1").counts
    assert not gather_of("SELECT STD(id) FROM orders GROUP BY x LIMIT 1").counts


# --- Which rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT STD(id) FROM orders", {"orders": (0, 1, 2, 3)}),
        ("SELECT STD(id) FROM orders WHERE user_id IN (1, 6)", {"orders": (1, 2)}),
        ("SELECT 1 FROM orders o JOIN names n ON o.x = n.name WHERE o.user_id IN (1, 2)",
         {"o": (1, 2), "n": (0, 1, 2, 3)}),
        ("SELECT 1 FROM orders o JOIN items i ON o.x = i.x WHERE o.user_id = 1 AND i.user_id = 2",
         {"o": (1,), "i": (2,)}),
        ("SELECT 1 FROM orders o LEFT JOIN items i "
         "ON o.x = i.x AND i.user_id = 2 AND i.user_id = 3", {"o": (0, 1, 2, 3), "i": ()}),
        (f"SELECT STD(o.x) {TIED} WHERE o.user_id IN (1, 2)", {"o": (1, 2), "i": (1, 2)}),
        ("SELECT 1 FROM orders WHERE user_id IN (1, 2) AND x > (SELECT MAX(x) FROM items)",
         {"orders": (1, 2), "items": (0, 1, 2, 3)}),
    ],
)  # fmt: skip
def test_only_rows_of_shards_that_have_some_are_brought(
    sql: str, expected: dict[str, tuple[int, ...]]
) -> None:
    assert gathered(sql) == expected


def test_a_common_table_expression_that_is_named_twice_has_the_rows_of_both() -> None:
    sql = (
        "WITH c AS (SELECT * FROM orders) SELECT 1 FROM c a JOIN c b ON a.x = b.x "
        "WHERE a.user_id = 1 AND b.user_id = 2"
    )
    assert gathered(sql) == {"orders": (1, 2)}
    assert gather_of(sql).tables[0].parts == (0, 1)


def test_of_the_only_table_just_rows_that_matter_are_brought() -> None:
    sql = "SELECT STD(o.id) FROM shop.orders o WHERE shop.o.x = ? AND id > 5 GROUP BY ? LIMIT 6"
    [table] = gather_of(sql, 1, 2).tables
    assert table.where is not None
    assert table.where.render(0, [b"55", b"6"]) == b"`o`.x = ? AND id > 55"
    assert table.where.parameters == [0]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT STD(id) FROM orders",
        f"SELECT STD(o.x) {TIED} WHERE o.x > 5",
        "SELECT STD(id) FROM orders WHERE x > (SELECT MAX(x) FROM items)",
        "SELECT STD(id) FROM orders WHERE id > 1 AND EXISTS (SELECT 1 FROM customers)",
        "SELECT x FROM orders WHERE id > 5 UNION SELECT x FROM items WHERE id > 6",
        "SELECT STD(id) FROM (SELECT id FROM orders WHERE id > 5) o WHERE id > 6",
    ],
)
def test_a_condition_on_more_than_one_table_brings_all_rows(sql: str) -> None:
    assert [each.where for each in gather_of(sql).tables if each.where is not None] == []


# --- Which queries --------------------------------------------------------------------------------


def test_only_where_rows_have_to_meet_they_are_brought() -> None:
    assert routed("SELECT STD(id) FROM orders WHERE user_id = 1").route.reach is Reach.ONE
    assert routed("SELECT id FROM orders").route.gathered is None
    assert routed("SELECT id FROM orders ORDER BY id").route.gathered is None
    assert routed("SELECT x, COUNT(*) FROM orders GROUP BY x").route.gathered is None


@pytest.mark.parametrize(
    ("sql", "meets"),
    [
        ("SELECT o.x FROM orders o JOIN customers c ON o.x = c.x WHERE user_id = 1", True),
        ("SELECT o.x FROM orders o JOIN countries c ON o.x = c.x WHERE user_id = 1", False),
        ("SELECT o.x FROM orders o JOIN countries c ON o.x = c.x", False),
    ],
)
def test_rows_meet_those_of_a_table_at_home(sql: str, meets: bool) -> None:
    assert (routed(sql).route.gathered is not None) is meets


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT STD(id) FROM orders FOR UPDATE",
        "SELECT STD(id) FROM orders LOCK IN SHARE MODE",
        "SELECT STD(id) FROM (SELECT id FROM orders FOR UPDATE) o",
        "SELECT 1 FROM orders WHERE x > (SELECT MAX(x) FROM items FOR SHARE)",
        "UPDATE orders SET x = 1 WHERE x > (SELECT MAX(x) FROM items)",
    ],
)
def test_rows_that_are_locked_or_changed_do_not_meet(sql: str) -> None:
    with pytest.raises(SqlError):
        routed(sql)


def test_rows_do_not_meet_where_nobody_wants_it() -> None:
    with pytest.raises(SqlError, match="'GROUP BY' over several shards"):
        routed("SELECT x, STD(id) FROM orders GROUP BY x", router=house.router(gathers=False))


@pytest.mark.parametrize(
    ("sql", "kind", "odd"),
    [
        ("SELECT 1 FROM t", Select, False),
        ("SELECT 1 FROM t FOR UPDATE", Select, True),
        ("SELECT 1 INTO @a FROM t", Select, True),
        ("SELECT @a := 1 FROM t", Select, True),
        ("SELECT 1 FROM t WHERE EXISTS (SELECT 1 FROM u FOR SHARE)", Select, True),
        ("SELECT 1 FROM t JOIN (SELECT 1 FROM u FOR UPDATE) v", Select, True),
        ("SELECT 1 FROM (SELECT 1 FROM u) v LEFT JOIN t ON 1", Select, False),
        ("SELECT 1 FROM t UNION SELECT 2 FROM u", Union, False),
        ("SELECT 1 FROM t UNION ALL (SELECT 2 FROM u FOR UPDATE)", Union, True),
        ("WITH RECURSIVE c AS (SELECT 1 UNION SELECT 1 FROM c) SELECT 1 FROM c", Opaque, False),
        ("WITH RECURSIVE c AS (SELECT 1 UNION SELECT 1 FROM c) SELECT 1 FROM c FOR UPDATE",
         Opaque, True),
    ],
)  # fmt: skip
def test_what_does_more_than_give_rows_is_odd(sql: str, kind: type, odd: bool) -> None:
    query = statement_of(sql).body
    assert isinstance(query, Select | Union | Opaque)
    assert isinstance(query, kind)
    assert has_nothing_odd(query) is not odd


@pytest.mark.parametrize("word", ["RAND", "UUID", "rand", "Random_Bytes"])
def test_a_condition_that_is_another_one_each_time_holds_once(word: str) -> None:
    [table] = gather_of(f"SELECT STD(id) FROM orders WHERE id > 5 AND {word}(4) < 0.5").tables
    assert table.where is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT STD(id) FROM orders PARTITION (p1)",
        "SELECT STD(o.id) FROM orders PARTITION (p1) o",
        "SELECT STD(id) FROM orders WHERE MATCH (x) AGAINST ('word')",
        "SELECT 1 FROM orders o JOIN items i ON o.x = i.x WHERE match(o.x) AGAINST ('word')",
    ],
)
def test_what_temporary_tables_lack_is_not_asked_of_them(sql: str) -> None:
    with pytest.raises(SqlError) as caught:
        routed(sql)
    assert caught.value.errno in (1105, 1235)


def test_a_common_table_expression_that_is_named_twice_is_there_twice() -> None:
    sql = "WITH w (p) AS (SELECT x FROM orders WHERE x > ?) SELECT w.p, a.p FROM w JOIN w a, w b"
    assert at_home(sql, 7) == (
        "WITH w (p) AS (SELECT x FROM `athena rows 1` AS `orders` WHERE x > ?), "
        "`athena with 2 w`(p) AS (SELECT x FROM `athena rows 2` AS `orders` WHERE x > ?), "
        "`athena with 3 w`(p) AS (SELECT x FROM `athena rows 3` AS `orders` WHERE x > ?) "
        "SELECT w.p, a.p FROM w JOIN `athena with 2 w` a, `athena with 3 w` b"
    )
    found = gather_of(sql, 7)
    assert found.final.parameters == [0, 0, 0]
    assert [each.parts for each in found.tables] == [(0, 1, 2)] * 3


@pytest.mark.parametrize(
    "query",
    [
        "SELECT x FROM orders LIMIT 5",
        "SELECT x, RAND() r FROM orders",
        "SELECT 1 x",
    ],
)
def test_one_that_would_be_another_one_is_there_once(query: str) -> None:
    sql = f"WITH w AS ({query}) SELECT STD(orders.x) FROM orders, w JOIN w a"
    assert "athena with" not in (at_home(sql) or "")


def test_a_word_of_that_name_is_no_search() -> None:
    assert gather_of("SELECT STD(id) FROM orders WHERE `match` > 5").tables[0].where is not None
