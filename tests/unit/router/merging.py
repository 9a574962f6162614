"""What the router makes of queries of the house whose rows lie on several shards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from athena_g.parser.text import DEFAULT_READING, Reading
from athena_g.router.explain import text_at_home, text_on
from athena_g.router.ordering import Ordering
from athena_g.router.partial import Partial
from athena_g.router.plan import Plan
from athena_g.router.router import Routed, Router
from tests.unit.router import house

ROUTER: Final = house.router()
HEAD: Final = "FROM `orders_0` AS `orders`"
HOME: Final = "FROM `athena groups`"


def routed(
    sql: str,
    parameters: Sequence[Any] = (),
    reading: Reading = DEFAULT_READING,
    router: Router = ROUTER,
) -> Routed:
    """Where a statement goes; raises `SqlError`."""
    return router.route(sql.encode(reading.codec), reading, parameters)


def plan_of(sql: str, *parameters: Any) -> Plan:
    return routed(sql, parameters).plan


def ordering_of(sql: str, *parameters: Any) -> Ordering | None:
    return plan_of(sql, *parameters).ordering


def partial_of(sql: str, *parameters: Any) -> Partial | None:
    return plan_of(sql, *parameters).partial


def on_shard(sql: str, *parameters: Any) -> str:
    """What the first shard is asked."""
    return text_on(routed(sql, parameters), 0).decode()


def at_home(sql: str, *parameters: Any) -> str | None:
    """What the server is asked that puts rows together."""
    found = text_at_home(routed(sql, parameters))
    return None if found is None else found.decode()


def both(sql: str) -> tuple[str, str | None]:
    """What a shard is asked behind SELECT and in front of FROM, and all that the home server is."""
    asked = on_shard(sql)
    return asked.removeprefix("SELECT ").partition(" FROM ")[0], at_home(sql)
