"""Keys that earlier configurations had, and what to write instead."""

from __future__ import annotations

from athena_g.config.problems import Location

_INSTANCES = "is gone; write the servers as [[groups.db_groups.instances]]"

_REMOVED: dict[tuple[str, ...], str] = {
    ("circuit",): "is gone; use limiter under the instance ([groups.db_groups.instances.limiter])",
    ("sharding",): "is gone; use [[groups.sharding_rules]]",
    ("backend",): _INSTANCES,
    ("backends",): _INSTANCES,
    ("shards",): _INSTANCES,
    ("groups", "db_groups", "shard_id"): "is gone; use shard_indices, a list such as [0, 1]",
}


def advice(location: Location) -> str | None:
    """What to say about the key at ``location`` if it is a removed one."""
    return _REMOVED.get(tuple(part for part in location if isinstance(part, str)))
