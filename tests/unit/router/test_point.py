"""The short way to a shard gives what the long one does, or nothing."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.parser.digest import shape
from athena_g.parser.text import DEFAULT_READING
from athena_g.router.keys import Key, KeyType, key_of_column
from athena_g.router.plan import Plan
from athena_g.router.route import Reach, Route, route
from athena_g.router.router import Literals, Router
from tests.unit.router import house

KEYS = {
    "no bounds": Key(KeyType.INTEGER),
    "tinyint": key_of_column("tinyint", "tinyint", None, None),
    "int": key_of_column("int", "int", None, None),
    "int unsigned": key_of_column("int", "int unsigned", None, None),
    "bigint": key_of_column("bigint", "bigint", None, None),
    "bigint unsigned": key_of_column("bigint", "bigint unsigned", None, None),
}
KEYED = [
    "SELECT x FROM accounts WHERE account = {}",
    "UPDATE accounts SET x = 7 WHERE account = {}",
    "DELETE FROM accounts WHERE account = {}",
    "INSERT INTO accounts (account) VALUES ({})",
    "REPLACE INTO accounts SET account = {}",
]
VALUES = [
    "0", "5", "6", "127", "128", "255", "256", "2147483647", "2147483648", "4294967295",
    "4294967296", "007", "0000000000000000000000006", "999999999999999999", "1000000000000000000",
    "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
    "9" * 70, "5.0", "5.5", "5e0", "0x05", "'5'", "'5a'", "' 5'", "x'35'", "b'101'", "N'5'",
]  # fmt: skip


def router_of(key: Key) -> Router:
    """The house's router, where ``accounts`` has a key of a known type."""
    return Router(house.rules().with_key("accounts", key), "shop", "home", house.columns_of)


def plan_of(router: Router, sql: str) -> tuple[Plan, Any]:
    cut = shape(sql.encode(), ansi_quotes=False, no_backslash_escapes=False)
    return router.plan(sql.encode(), cut, DEFAULT_READING), cut


def both_ways(router: Router, sql: str) -> tuple[int | None, Route | None]:
    """The shard of the short way and the route of the long one, ``None`` for a refusal."""
    plan, cut = plan_of(router, sql)
    short = None if plan.point is None else plan.point.shard(cut.literals)
    try:
        values = Literals(cut.literals, (), DEFAULT_READING)
        return short, route(plan, values, router.rules, router.home)
    except SqlError:
        return short, None


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("sql", KEYED)
def test_where_the_short_way_goes_the_long_one_goes_too(kind: str, sql: str) -> None:
    router = router_of(KEYS[kind])
    taken = 0
    for value in VALUES:
        short, long = both_ways(router, sql.format(value))
        if short is not None:
            assert long == Route(Reach.ONE, (short,)), value
            taken += 1
    assert taken or kind == "no bounds"


@given(st.sampled_from(sorted(KEYS)), st.sampled_from(KEYED), st.integers(0, 1 << 65))
def test_so_it_is_with_any_number(kind: str, sql: str, value: int) -> None:
    short, long = both_ways(router_of(KEYS[kind]), sql.format(value))
    assert short is None or long == Route(Reach.ONE, (short,))


@given(st.sampled_from(sorted(KEYS)), st.integers(-(1 << 63), (1 << 64) - 1))
def test_so_it_is_with_parameters(kind: str, value: int) -> None:
    router = router_of(KEYS[kind])
    plan, cut = plan_of(router, "SELECT 1 FROM accounts WHERE account = ?")
    assert plan.point is not None
    short = plan.point.shard_of(value)
    values = Literals(cut.literals, (value,), DEFAULT_READING)
    found = route(plan, values, router.rules, router.home)
    assert short is None or found == Route(Reach.ONE, (short,))


@pytest.mark.parametrize("sql", KEYED)
def test_a_plain_number_goes_the_short_way(sql: str) -> None:
    assert both_ways(router_of(KEYS["int"]), sql.format(6))[0] == crc32(b"6") % 4


@pytest.mark.parametrize("sql", KEYED[:3])
def test_a_value_that_the_column_cannot_hold_does_not(sql: str) -> None:
    assert both_ways(router_of(KEYS["tinyint"]), sql.format(300))[0] is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 FROM orders",
        "SELECT 1 FROM orders WHERE user_id = NULL",
        "SELECT 1 FROM orders WHERE user_id > 5",
        "SELECT 1 FROM orders WHERE user_id = 5 AND user_id = 6",
        "SELECT 1 FROM orders WHERE user_id = 5 OR user_id = 6",
        "SELECT 1 FROM orders WHERE user_id IN (5)",
        "SELECT 1 FROM orders WHERE user_id = 2 + 3",
        "SELECT 1 FROM orders WHERE user_id = -5",
        "SELECT 1 FROM orders WHERE x = 5",
        "/*athena: shard=3 */ SELECT 1 FROM orders WHERE user_id = 5",
        "/*athena: scatter */ SELECT 1 FROM orders WHERE user_id = 5",
        "/*athena: master */ SELECT 1 FROM orders WHERE user_id = 5",
        "SELECT 1 FROM orders o JOIN items i ON o.user_id = i.user_id WHERE o.user_id = 5",
        "SELECT 1 FROM orders JOIN customers WHERE user_id = 5",
        "SELECT (SELECT 1 FROM customers LIMIT 1) FROM orders WHERE user_id = 5",
        "SELECT 1 FROM customers WHERE user_id = 5",
        "SELECT 1 FROM names WHERE name = 5",
        "SELECT 1 FROM accounts WHERE account = 5",
        "UPDATE orders SET user_id = 9 WHERE user_id = 5",
        "EXPLAIN SELECT 1 FROM orders WHERE user_id = 5",
        "INSERT INTO orders (user_id) VALUES (5), (9)",
        "INSERT INTO orders (user_id) VALUES (NULL)",
        "INSERT INTO orders (user_id) SELECT user_id FROM items WHERE user_id = 5",
        "INSERT INTO orders (user_id, x) VALUES (5, (SELECT MAX(x) FROM customers))",
        "INSERT INTO orders (user_id) VALUES (5)",
        "DESCRIBE orders",
    ],
)
def test_all_but_one_table_with_one_number_goes_the_long_way(sql: str) -> None:
    assert both_ways(house.router(), sql)[0] is None


def test_a_broadcast_table_beside_it_does_not_matter() -> None:
    sql = "SELECT 1 FROM orders JOIN countries USING (x) WHERE user_id = 5"
    assert both_ways(house.router(), sql) == (1, Route(Reach.ONE, (1,)))
