"""A group with sharding rules of several kinds, on which the tests of the router stand.

Its shards are in two DB groups: 0 and 2 in ``a``, 1 and 3 in ``b``. ``home`` has no shard.

| table | rule |
|---|---|
| orders, items | by ``user_id``, an integer, modulo 4; bound, so equal keys are on the same shard |
| logs_* | by ``id``, an integer, modulo 4; writes may go to several shards |
| names | by ``name``, a text whose case counts, hashed |
| tags | by ``tag``, a text whose case and accents do not count, hashed |
| days | by ``day``, a date: before 2020, 2020, 2021, from 2022 on |
| prices | by ``price``, a decimal, hashed |
| accounts | by ``account``, of which nobody has said the type |
| countries, currencies | broadcast |
| all others, as customers | at home |
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from athena_g.config import GroupSettings
from athena_g.router.router import Router
from athena_g.router.rules import Rules, rules_of

_COLUMNS: Final = {"orders": ("id", "user_id", "x"), "logs_a": ("id", "x")}

_RULES: Final[dict[str, dict[str, Any]]] = {
    "orders": {"shard_column": "user_id", "key_type": "integer", "binding": "user"},
    "items": {"shard_column": "user_id", "key_type": "integer", "binding": "user"},
    "logs_*": {"shard_column": "id", "key_type": "integer", "scatter_writes": "allow"},
    "names": {
        "shard_column": "name",
        "algorithm": "hash",
        "key_type": "string",
        "key_collation": "utf8mb4_bin",
    },
    "tags": {
        "shard_column": "tag",
        "algorithm": "hash",
        "key_type": "string",
        "key_collation": "utf8mb4_0900_ai_ci",
    },
    "days": {
        "shard_column": "day",
        "algorithm": "range",
        "key_type": "date",
        "range_boundaries": [date(year, 1, 1) for year in (2020, 2021, 2022)],
    },
    "prices": {"shard_column": "price", "algorithm": "hash", "key_type": "decimal"},
    "accounts": {"shard_column": "account", "algorithm": "hash"},
}


def group() -> GroupSettings:
    """The settings of the group."""
    return GroupSettings.model_validate(
        {
            "name": "shop",
            "user": "u",
            "password": "p",
            "home_group": "home",
            "broadcast_tables": ["countries", "currencies"],
            "db_groups": [_db_group("home"), _db_group("a", 0, 2), _db_group("b", 1, 3)],
            "sharding_rules": [_rule(pattern, **rule) for pattern, rule in _RULES.items()],
        }
    )


def _db_group(name: str, *shards: int) -> dict[str, Any]:
    instance = {"host": name, "user": "u", "password": "p"}
    return {"name": name, "shard_indices": shards, "instances": [instance]}


def _rule(pattern: str, **settings: Any) -> dict[str, Any]:
    counted = {} if settings.get("algorithm") == "range" else {"shard_count": 4}
    return {"name": pattern.rstrip("_*"), "table_pattern": pattern, **counted, **settings}


def columns_of(table: str) -> Sequence[str] | None:
    """The columns of a table in their order, where they are known."""
    return _COLUMNS.get(table)


def rules() -> Rules:
    """The rules of the group."""
    return rules_of(group())


def router(*, gathers: bool = True) -> Router:
    """The router of the group; ``gathers``: rows of shards may meet on one server."""
    return Router(rules(), "shop", "home", columns_of, gathers=gathers)
