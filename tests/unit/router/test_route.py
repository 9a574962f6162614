"""Where one execution goes, and what is refused."""

from __future__ import annotations

import re
import traceback
from typing import Any

import pytest

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.router.route import SHOWN_SHARDS, Reach, Route
from athena_g.router.router import Router
from athena_g.router.rules import rules_of
from tests.unit.router import house


@pytest.fixture(scope="module")
def router() -> Router:
    return house.router()


def refusal(router: Router, sql: str, *parameters: Any) -> SqlError:
    with pytest.raises(SqlError) as caught:
        router.route(sql.encode(), parameters=parameters)
    return caught.value


@pytest.mark.parametrize(
    ("sql", "reach", "shards"),
    [
        ("SELECT 1", Reach.ANYWHERE, ()),
        ("SELECT 1 FROM customers", Reach.HOME, ()),
        ("INSERT INTO countries VALUES (1)", Reach.EVERY_GROUP, ()),
        ("SELECT 1 FROM orders WHERE user_id = 5", Reach.ONE, (1,)),
        ("SELECT 1 FROM orders WHERE user_id IN (6, 5)", Reach.SEVERAL, (1, 2)),
        ("SELECT 1 FROM orders WHERE user_id = 5 AND user_id = 6", Reach.ONE, (0,)),
    ],
)
def test_a_statement_reaches_as_far_as_it_must(
    router: Router, sql: str, reach: Reach, shards: tuple[int, ...]
) -> None:
    assert router.route(sql.encode()).route == Route(reach, shards)


def test_one_plan_goes_elsewhere_with_other_values(router: Router) -> None:
    sql = b"SELECT 1 FROM orders WHERE user_id = ? AND user_id < ?"
    found = [router.route(sql, parameters=(key, 9)).route.shards for key in (4, 5, "6", None)]
    assert found == [(0,), (1,), (2,), (0,)]


def test_rows_of_an_insert_are_divided_by_their_keys(router: Router) -> None:
    found = router.route(b"INSERT INTO logs_a (id) VALUES (1), (2), (5), (NULL)").route
    assert found.divided == {0: (3,), 1: (0, 2), 2: (1,)}
    assert found.shards == (1, 2, 0)


@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("SELECT 1 FROM orders a, orders b WHERE a.user_id = 1 AND b.user_id = 2",
         errors.EMPTY_SHARD_INTERSECTION),
        ("SELECT 1 FROM orders a, orders b", errors.SHARDS_WOULD_MIX),
        ("SELECT STD(x) FROM orders", errors.NEEDS_MERGE),
        ("DELETE FROM orders", errors.SCATTER_WRITE),
        ("DELETE FROM logs_a LIMIT 1", errors.SCATTER_WRITE_LIMIT),
        ("SELECT 1 FROM orders, customers", errors.TABLE_NOT_THERE),
        ("INSERT INTO orders (x) VALUES (1)", errors.KEY_MISSING),
        ("INSERT INTO accounts (account) VALUES (1)", errors.KEY_MISSING),
        ("UPDATE orders SET user_id = 6 WHERE user_id = 5", errors.KEY_CHANGES),
        ("INSERT INTO countries SELECT 1 FROM orders WHERE user_id = 5", errors.BROADCAST_MIXED),
        ("INSERT INTO countries SELECT 1 FROM customers", errors.BROADCAST_MIXED),
        ("SELEC nonsense FROM orders", errors.NOT_UNDERSTOOD),
    ],
)  # fmt: skip
def test_each_refusal_has_its_own_error(sql: str, error: errors.ErrorCode) -> None:
    found = refusal(house.router(gathers=False), sql)
    text = re.sub(r"\\{[a-z]+\\}", ".*", re.escape(error.text))
    assert re.fullmatch(text, found.message)
    assert (found.errno, found.sqlstate) == (error.errno, error.sqlstate)


def test_a_kept_refusal_keeps_no_trace_of_its_executions(router: Router) -> None:
    sql = "INSERT INTO orders (x) VALUES (1)"
    first = refusal(router, sql)
    depth = len(traceback.extract_tb(first.__traceback__))
    again = refusal(router, sql)
    assert again is first
    assert len(traceback.extract_tb(again.__traceback__)) == depth


def test_a_refusal_depends_on_the_values(router: Router) -> None:
    sql = "UPDATE orders SET user_id = ? WHERE user_id = ?"
    assert router.route(sql.encode(), parameters=(9, 5)).route.shards == (1,)
    assert "shard 2" in refusal(router, sql, 6, 5).message


def test_a_message_names_some_of_many_shards() -> None:
    group = house.group()
    orders = group.sharding_rules[0].model_copy(update={"shard_count": 100})
    groups = [
        group.db_groups[0],
        group.db_groups[1].model_copy(update={"shard_indices": tuple(range(100))}),
    ]
    many = group.model_copy(update={"sharding_rules": (orders,), "db_groups": tuple(groups)})
    message = refusal(Router(rules_of(many), "shop", "home"), "DELETE FROM orders").message
    shown = ", ".join(map(str, range(SHOWN_SHARDS)))
    assert f"shards {shown} … (100)" in message
