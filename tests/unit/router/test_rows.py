"""No row is lost or found twice: random queries on all rows, and on those of each shard, in SQLite.

What SQLite answers on tables with all the rows is what it answers on the tables of the shards that
a query goes to, put together; where one server finishes, SQLite does. Statements that are refused
are not compared.
"""

from __future__ import annotations

import random
import sqlite3
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.router.partial import TABLE
from athena_g.router.router import Routed, Router
from tests.unit.router import house
from tests.unit.router.grammar import blocks, conditions

SHARDS = 4
Row = tuple[int | None, int | None, int | None]


@pytest.fixture(scope="module")
def router() -> Router:
    return house.router()


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    """Tables with all the rows, and those of the shards beside them."""
    database = sqlite3.connect(":memory:")
    chance = random.Random(4)
    for table in ("orders", "items", "countries"):
        names = [table, *(f"{table}_{shard}" for shard in range(SHARDS))]
        for name in names if table != "countries" else [table]:
            database.execute(f"CREATE TABLE {name} (user_id INT, x INT, y INT)")
        for _ in range(14 if table != "countries" else 4):
            row = _row(chance)
            for name in [table] if table == "countries" else [table, f"{table}_{_home(row)}"]:
                database.execute(f"INSERT INTO {name} VALUES (?, ?, ?)", row)
    return database


def _row(chance: random.Random) -> Row:
    def value(last: int) -> int | None:
        return chance.choice([None, *range(-1, last)])

    return value(8), value(3), value(2)


def _home(row: Row) -> int:
    return 0 if row[0] is None else row[0] % SHARDS


def _differ(database: sqlite3.Connection, router: Router, query: str) -> str:
    """How the answers differ; nothing where they do not, or the query is refused."""
    try:
        routed = router.route(query.encode())
    except SqlError:
        return ""
    if not routed.route.shards:
        return ""
    whole = Counter(database.execute(query).fetchall())
    found = Counter(_answer(database, routed))
    if whole == found:
        return ""
    return f"missing {dict(whole - found)}, too many {dict(found - whole)} on {routed.route}"


def _answer(database: sqlite3.Connection, routed: Routed) -> list[Row]:
    """What the shards, and the server that finishes, make of a query."""
    plan, route = routed.plan, routed.route
    if route.gathered is not None and plan.gather is not None:
        for gathered, shards in zip(plan.gather.tables, route.gathered, strict=True):
            parts = [f"SELECT * FROM {gathered.table}_0 WHERE FALSE"]
            for shard in shards:
                where = gathered.where.render(shard, routed.said) if gathered.where else b"TRUE"
                table = f"{gathered.table}_{shard} {gathered.called}"
                parts.append(f"SELECT * FROM {table} WHERE {where.decode()}")
            _keep(database, gathered.name, parts)
        final = plan.gather.final
    elif len(route.shards) > 1 and plan.partial is not None:
        partial = plan.partial.partial
        parts = [partial.render(shard, routed.said).decode() for shard in route.shards]
        _keep(database, TABLE.decode().strip("`"), parts)
        final = plan.partial.final
    else:
        texts = [routed.text(shard).decode() for shard in route.shards]
        return [row for text in texts for row in database.execute(text).fetchall()]
    return database.execute(final.render(0, routed.said).decode()).fetchall()


def _keep(database: sqlite3.Connection, name: str, parts: list[str]) -> None:
    database.execute(f"DROP TABLE IF EXISTS `{name}`")
    database.execute(f"CREATE TEMP TABLE `{name}` AS {' UNION ALL '.join(parts)}")


NO_HEALTH_CHECK = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@settings(max_examples=300, deadline=None, suppress_health_check=NO_HEALTH_CHECK)
@given(condition=conditions(["user_id", "user_id", "x"]))
def test_each_row_that_passes_a_condition_is_on_a_shard_of_the_route(
    database: sqlite3.Connection, router: Router, condition: str
) -> None:
    assert not _differ(database, router, f"SELECT * FROM orders WHERE {condition}")


@settings(max_examples=300, deadline=None, suppress_health_check=NO_HEALTH_CHECK)
@given(query=blocks())
def test_shards_together_answer_what_one_database_answers(
    database: sqlite3.Connection, router: Router, query: str
) -> None:
    assert not _differ(database, router, query)


@settings(max_examples=50, deadline=None)
@given(key=st.one_of(st.none(), st.integers(-(2**63), 2**64 - 1)), shard=st.just(SHARDS))
def test_a_row_is_where_its_key_is_asked_for(router: Router, key: int | None, shard: int) -> None:
    stored = router.route(b"INSERT INTO orders (user_id) VALUES (?)", parameters=(key,))
    asked = router.route(b"SELECT * FROM orders WHERE user_id <=> ?", parameters=(key,))
    assert stored.route.shards == asked.route.shards
