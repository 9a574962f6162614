"""Whether the shards' answers together are the answer."""

from __future__ import annotations

import pytest

from athena_g.parser.statement import Opaque, Select, Union
from athena_g.router.spread import Mixed, Scattered, scattered
from athena_g.router.survey import Survey
from tests.unit.parser.trees import statement_of
from tests.unit.router import house


def scattered_of(sql: str) -> Scattered:
    survey = Survey(house.rules(), "shop")
    body = statement_of(sql).body
    assert isinstance(body, (Select, Union, Opaque))
    survey.query(body)
    return scattered(survey, body)


def keys(sql: str) -> set[str]:
    return {part.table.called for part in scattered_of(sql).keys}


def test_rows_are_where_those_of_their_tables_are() -> None:
    assert keys("SELECT 1 FROM orders o JOIN countries c") == {"o"}
    assert keys("SELECT 1 FROM orders o JOIN items i USING (user_id)") == {"o", "i"}
    assert keys("SELECT 1 FROM orders o LEFT JOIN items i USING (user_id)") == {"o"}
    assert keys("SELECT 1 FROM items i RIGHT JOIN orders o USING (user_id)") == {"o"}


def test_each_arm_of_a_union_is_driven_by_its_own_tables() -> None:
    found = scattered_of("SELECT 1 FROM orders o UNION ALL SELECT 2 FROM items i")
    arms = [[{part.table.called for part in each} for each in arm] for arm in found.arms]
    assert arms == [[{"o"}], [{"i"}]]


@pytest.mark.parametrize(
    ("sql", "needs"),
    [
        ("SELECT x FROM orders", ()),
        ("SELECT user_id, COUNT(*) FROM orders GROUP BY user_id", ()),
        ("SELECT DISTINCT user_id FROM orders", ()),
        ("SELECT SUM(x) OVER (PARTITION BY user_id) FROM orders", ()),
        ("SELECT COUNT(*) FROM orders", ("an aggregate function",)),
        ("SELECT x FROM orders GROUP BY x", ("GROUP BY",)),
        ("SELECT user_id FROM orders GROUP BY user_id WITH ROLLUP", ("WITH ROLLUP",)),
        ("SELECT DISTINCT x FROM orders", ("DISTINCT",)),
        ("SELECT SUM(x) OVER (PARTITION BY x) FROM orders", ("a window function",)),
        ("SELECT x FROM orders ORDER BY x LIMIT 1", ("ORDER BY", "LIMIT")),
        ("SELECT x FROM orders UNION SELECT x FROM items", ("UNION",)),
        ("SELECT x FROM orders UNION ALL SELECT x FROM items LIMIT 1", ("LIMIT",)),
    ],
)
def test_what_is_to_be_done_with_the_answers_is_said(sql: str, needs: tuple[str, ...]) -> None:
    assert scattered_of(sql).needs == needs


@pytest.mark.parametrize("grouping", ["GROUP BY i.user_id", "GROUP BY i.user_id, i.x"])
def test_a_key_that_may_be_missing_groups_nothing_by_shard(grouping: str) -> None:
    source = "FROM orders o LEFT JOIN items i ON o.user_id = i.user_id"
    assert scattered_of(f"SELECT 1 {source} {grouping}").needs == ("GROUP BY",)
    assert scattered_of(f"SELECT 1 {source} {grouping}, o.user_id").needs == ()


@pytest.mark.parametrize(
    ("outputs", "needs"),
    [
        ("user_id", ()),
        ("orders.user_id", ()),
        ("user_id AS u", ()),
        ("x AS user_id", ("GROUP BY",)),
        ("x + 1 AS user_id", ("GROUP BY",)),
        ("x AS 'user_id'", ("GROUP BY",)),
        ("x AS 'y'", ("GROUP BY",)),  # another text of this shape may have another name there
    ],
)
def test_a_name_that_is_an_alias_as_well_groups_nothing_by_shard(
    outputs: str, needs: tuple[str, ...]
) -> None:
    assert scattered_of(f"SELECT {outputs} FROM orders GROUP BY user_id").needs == needs
    assert scattered_of(f"SELECT {outputs} FROM orders GROUP BY orders.user_id").needs == ()


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1 FROM orders o, items i", "o and i are not joined by equal shard keys"),
        (
            "SELECT 1 FROM countries LEFT JOIN orders o ON 1",
            "without a partner in o once per shard",
        ),
        ("SELECT 1 FROM (SELECT 1 FROM orders LIMIT 1) d", "LIMIT in d would need rows"),
        ("SELECT 1 FROM orders WHERE x IN (SELECT x FROM items)", "not tied to the rows around it"),
        (
            "SELECT 1 FROM countries WHERE x IN (SELECT x FROM items)",
            "would need all rows of items",
        ),
        ("SELECT 1 FROM orders UNION ALL SELECT 1", "would give its rows once per shard"),
        ("SELECT 1 FROM orders EXCEPT SELECT 1 FROM items", "EXCEPT compares rows"),
        ("WITH RECURSIVE c AS (SELECT 1) SELECT 1 FROM orders", "WITH RECURSIVE would need rows"),
    ],
)
def test_what_stands_in_the_way_is_said(sql: str, reason: str) -> None:
    with pytest.raises(Mixed, match=reason):
        scattered_of(sql)


def test_a_subquery_with_a_limit_gives_no_matching_keys() -> None:
    inner = "SELECT user_id FROM items UNION SELECT user_id FROM items"
    scattered_of(f"SELECT 1 FROM orders WHERE user_id IN ({inner})")
    with pytest.raises(Mixed):
        scattered_of(f"SELECT 1 FROM orders WHERE user_id IN ({inner} LIMIT 1)")
