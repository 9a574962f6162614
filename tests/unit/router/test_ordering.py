"""What shards are asked besides, so that their rows can be merged in order."""

from __future__ import annotations

import pytest

from athena_g.router.ordering import MAX_KEYS, MAX_SPELLED, Ordering
from tests.unit.router import house
from tests.unit.router.merging import ROUTER, on_shard, ordering_of, plan_of, routed


def found(sql: str, *parameters: int) -> Ordering:
    ordering = ordering_of(sql, *parameters)
    assert ordering is not None
    return ordering


def keys(sql: str) -> list[str] | None:
    """The expressions that a query's rows are ordered by, as its text has them."""
    ordering = routed(sql, router=house.router()).plan.ordering
    if ordering is None:
        return None
    return [sql.encode()[span.start : span.end].decode() for span in ordering.keys]


# --- Which expression is meant --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outputs", "order", "expected"),
    [
        ("id", "x", ["x"]),
        ("*", "x", ["x"]),
        ("x", "orders.x", ["orders.x"]),
        ("orders.x", "x", ["orders.x"]),
        ("shop.orders.x", "X", ["shop.orders.x"]),
        ("x AS id, user_id", "id", ["x"]),
        ("x AS id, user_id", "orders.id", ["orders.id"]),
        ("x AS id, user_id", "`ID` DESC", ["x"]),
        ("LOWER(x) AS x", "x", ["LOWER(x)"]),
        ("id + x AS y", "y", ["id + x"]),
        ("id y", "y", ["id"]),
        ("id", "x + id", None),
        ("id", "x + user_id", ["x + user_id"]),
        ("id", "LOWER(orders.id)", ["LOWER(orders.id)"]),
        ("x AS y", "LOWER(y)", None),
        ("x AS y", "LOWER(`Y`)", None),
        ("x AS y, id AS y", "y", None),
        ("x AS y, id AS y", "x", ["x"]),
        ("*, x AS y", "y", None),
        ("*, x AS y", "z", ["z"]),
        ("orders.*", "x, id", ["x", "id"]),
    ],
)
def test_a_name_is_that_of_an_output_or_else_of_a_column(
    outputs: str, order: str, expected: list[str] | None
) -> None:
    assert keys(f"SELECT {outputs} FROM orders ORDER BY {order}") == expected


@pytest.mark.parametrize(
    ("outputs", "order", "expected"),
    [
        ("id, x", "2", ["x"]),
        ("id, x", "2 DESC, 1", ["x", "id"]),
        ("id, x + user_id AS y", "2", ["x + user_id"]),
        ("id, x", "3", None),
        ("id, x", "0", None),
        ("id, x", "1.0", None),
        ("id, x", "0x1", None),
        ("*, x AS y", "1", None),
        ("orders.*, x AS y", "2", None),
    ],
)
def test_a_number_is_the_position_of_an_output(
    outputs: str, order: str, expected: list[str] | None
) -> None:
    assert keys(f"SELECT {outputs} FROM orders ORDER BY {order}") == expected


@pytest.mark.parametrize(
    "order",
    ["RAND()", "UUID()", "x + RAND(1)", "'x'", "?", "größe", "LOWER(`ü`)", "x, RAND()"],
)
def test_of_what_is_not_sure_nothing_is_said(order: str) -> None:
    sql = f"SELECT id FROM orders ORDER BY {order}"
    plan = plan_of(sql, *[1] * sql.count("?"))
    assert plan.ordering is None
    assert plan.gather is not None


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("(1)", None),
        ("+1", None),
        ("-1", None),
        ("TRUE", None),
        ("NULL", None),
        ("x, (2)", None),
        ("NOW()", None),
        ("(x)", None),
        ("(y)", ["(y)"]),
        ("y + 1", ["y + 1"]),
        ("- y", ["- y"]),
    ],
)
def test_what_is_the_same_for_all_rows_is_left_to_a_server(
    order: str, expected: list[str] | None
) -> None:
    """It depends on the server whether it is a position."""
    assert keys(f"SELECT id, x FROM orders ORDER BY {order}") == expected


def test_a_count_is_another_for_each_group() -> None:
    assert keys("SELECT user_id FROM orders GROUP BY user_id ORDER BY COUNT(*)") == ["COUNT(*)"]


@pytest.mark.parametrize("outputs", ["x AS 'y'", "x 'y'", "id, x AS 'z'"])
def test_a_text_as_an_alias_may_be_another_in_the_next_text(outputs: str) -> None:
    assert keys(f"SELECT {outputs} FROM orders ORDER BY y") is None
    assert keys(f"SELECT {outputs} FROM orders ORDER BY 1") is None


@pytest.mark.parametrize(
    ("outputs", "order", "expected"),
    [
        ("user_id, x", "x", ["x"]),
        ("user_id, x", "2", ["x"]),
        ("user_id, orders.x", "orders.x", ["orders.x"]),
        ("user_id, LOWER(x) AS low", "low", ["LOWER(x)"]),
        ("user_id, LOWER(id)", "lower(ID)", ["lower(ID)"]),
        ("user_id, x", "orders.x", None),
        ("user_id, x", "id", None),
        ("user_id, LOWER(x)", "LOWER(id)", None),
        ("user_id, x * 2 AS y", "x * 2", None),
    ],
)
def test_rows_that_are_different_are_ordered_by_what_they_have(
    outputs: str, order: str, expected: list[str] | None
) -> None:
    """Another column would make more rows different; a literal may be another in the next text."""
    assert keys(f"SELECT DISTINCT {outputs} FROM orders ORDER BY {order}") == expected


def test_there_is_a_limit_of_keys() -> None:
    many = [f"c{number}" for number in range(MAX_KEYS + 1)]
    assert keys(f"SELECT id FROM orders ORDER BY {', '.join(many)}") is None
    assert keys(f"SELECT id FROM orders ORDER BY {', '.join(many[1:])}") == many[1:]


def test_each_key_has_its_direction() -> None:
    ordering = found("SELECT id FROM orders ORDER BY x DESC, id, user_id ASC, `desc`, -y DESC")
    assert ordering.descending == (True, False, False, False, True)


# --- The text -------------------------------------------------------------------------------------


def test_keys_stand_behind_the_outputs() -> None:
    sql = "SELECT id, x y FROM orders WHERE id > 5 ORDER BY y DESC, id LIMIT 3 "
    assert on_shard(sql) == (
        "SELECT id, x y, x AS `athena key 1`, id AS `athena key 2` "
        "FROM `orders_0` AS `orders` WHERE id > 5 ORDER BY y DESC, id LIMIT 3 "
    )


def test_what_a_key_needs_to_be_compared_stands_around_it() -> None:
    ordering = found("SELECT id FROM shop.orders ORDER BY x, shop.orders.y")
    spelled = [(b"WEIGHT_STRING(", b" AS CHAR(9))"), (b"(", b") + 0e0")]
    assert ordering.composed(spelled).render(2, []) == (
        b"SELECT id, WEIGHT_STRING(x AS CHAR(9)) AS `athena key 1`, "
        b"(`orders`.y) + 0e0 AS `athena key 2` FROM `orders_2` AS `orders` "
        b"ORDER BY x, `orders`.y"
    )


def test_a_text_is_made_once_for_each_way_to_ask() -> None:
    ordering = found("SELECT id FROM orders ORDER BY x")
    ways = [[(b"f%d(" % number, b")")] for number in range(MAX_SPELLED + 1)]
    made = [ordering.composed(way) for way in ways]
    assert ordering.composed([*ways[0]]) is made[0]
    assert b"f16(x)" in made[MAX_SPELLED].render(0, [])
    assert ordering.composed(ways[MAX_SPELLED]) is not made[MAX_SPELLED]


def test_literals_go_along_with_the_keys_that_have_them() -> None:
    sql = "SELECT id FROM orders WHERE id > 5 ORDER BY x = 'a' DESC, FIELD(x, 'b', 'c') LIMIT 9"
    assert on_shard(sql) == (
        "SELECT id, x = 'a' AS `athena key 1`, FIELD(x, 'b', 'c') AS `athena key 2` "
        "FROM `orders_0` AS `orders` WHERE id > 5 "
        "ORDER BY x = 'a' DESC, FIELD(x, 'b', 'c') LIMIT 9"
    )
    other = sql.replace("5", "55").replace("'a'", "'aa'").replace("'c'", "'cc'")
    assert routed(other).plan is plan_of(sql)
    assert "x = 'aa' AS `athena key 1`, FIELD(x, 'b', 'cc') AS" in on_shard(other)


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT id FROM orders WHERE x > ? ORDER BY id", [0]),
        ("SELECT id, x + ? AS y FROM orders WHERE x > ? ORDER BY id LIMIT ?", [0, 1, 2]),
    ],
)  # fmt: skip
def test_parameters_stay_in_their_order(sql: str, parameters: list[int]) -> None:
    ordering = found(sql, *range(sql.count("?")))
    composed = ordering.composed([(b"f(", b")")] * len(ordering.keys))
    assert composed.parameters == parameters
    assert composed.render(0, [b"2", b"1"]).count(b"?") == len(parameters)


@pytest.mark.parametrize(
    ("order", "lasts"), [("2", False), ("x, 1", False), ("x", True), ("x + 2", True)]
)
def test_a_position_is_not_for_other_texts_of_the_shape(order: str, lasts: bool) -> None:
    plan = plan_of(f"SELECT id, user_id FROM orders ORDER BY {order}")
    assert plan.ordering is not None
    assert (not plan.fixed) is lasts


def test_plans_of_texts_that_differ_in_a_position_are_kept_side_by_side() -> None:
    router = house.router()
    texts = [f"SELECT id, x, y FROM orders ORDER BY {number}".encode() for number in (1, 2, 3)]
    plans = [router.route(text).plan for text in texts]
    assert [router.route(text).plan for text in texts] == plans
    assert len(set(map(id, plans))) == len(router.cache) == 3
    other = router.route(b"SELECT id, x, y FROM orders WHERE id = 7 ORDER BY 2").plan
    assert other.fixed == ((1, b"2"),)
    assert router.route(b"SELECT id, x, y FROM orders WHERE id = 8 ORDER BY 2").plan is other


def test_positions_of_texts_that_differ_just_in_them_are_their_own() -> None:
    assert keys("SELECT id, x, y FROM orders ORDER BY 2") == ["x"]
    assert keys("SELECT id, x, y FROM orders ORDER BY 3") == ["y"]


# --- Which queries --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "ordered"),
    [
        ("SELECT id FROM orders ORDER BY x LIMIT 5", True),
        ("SELECT id FROM orders ORDER BY x FOR UPDATE", True),
        ("SELECT id FROM orders ORDER BY x LOCK IN SHARE MODE", True),
        ("SELECT id FROM orders USE INDEX (i) ORDER BY x", True),
        ("SELECT user_id, COUNT(*) n FROM orders GROUP BY user_id ORDER BY n", True),
        ("SELECT id, RANK() OVER (PARTITION BY user_id ORDER BY x) r FROM orders ORDER BY r", True),
        ("SELECT SQL_CALC_FOUND_ROWS id FROM orders ORDER BY x LIMIT 5", False),
        ("SELECT id FROM orders USE INDEX FOR ORDER BY (i) ORDER BY x", False),
        ("SELECT x, COUNT(*) n FROM orders GROUP BY x ORDER BY n", False),
        ("SELECT DISTINCT x FROM orders ORDER BY x", False),
        ("(SELECT id FROM orders) ORDER BY x", False),
        ("SELECT id FROM orders UNION ALL SELECT id FROM items ORDER BY id", False),
        ("SELECT id, RANK() OVER (ORDER BY x) r FROM orders ORDER BY r", False),
    ],
)
def test_only_an_order_and_a_limit_are_done_row_by_row(sql: str, ordered: bool) -> None:
    assert (ordering_of(sql) is not None) is ordered


def test_one_shard_is_asked_what_the_client_asked() -> None:
    assert ROUTER.route(b"SELECT id FROM orders WHERE user_id = 1 ORDER BY x").text(1) == (
        b"SELECT id FROM `orders_1` AS `orders` WHERE user_id = 1 ORDER BY x"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id, x + ? AS y FROM orders ORDER BY y",
        "SELECT id FROM orders ORDER BY x * ?, id",
        "SELECT ? AS a, id FROM orders ORDER BY 1, 2",
    ],
)
def test_a_key_with_a_parameter_is_of_no_known_type(sql: str) -> None:
    assert routed(sql, range(sql.count("?"))).plan.ordering is None
