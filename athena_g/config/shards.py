"""Whether the shard indices of a group are what its sharding rules need, each in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from athena_g.config.partial import PartialTable
from athena_g.config.problems import Problem, key_path


def check(group: PartialTable) -> Iterator[Problem]:
    """What is wrong with the shard indices of ``group`` as a whole."""
    held = {
        db_group: set(indices)
        for db_group in group.tables("db_groups")
        if (indices := db_group.value("shard_indices")) is not None
    }
    yield from _overlaps(held)
    if group.is_whole("db_groups") and len(held) == len(group.tables("db_groups")):
        yield from _coverage(group, held)


def _overlaps(held: dict[PartialTable, set[int]]) -> Iterator[Problem]:
    for (first, lower), (second, upper) in combinations(held.items(), 2):
        if lower & upper:
            yield Problem(
                key_path(second.at("shard_indices")),
                f"{compressed(lower & upper)} of {_called(second)} is also in {_called(first)}; "
                "write each shard index in one DB group",
            )


def _coverage(group: PartialTable, held: dict[PartialTable, set[int]]) -> Iterator[Problem]:
    counts = [shard_count(rule) for rule in group.tables("sharding_rules")]
    if None in counts or not group.is_whole("sharding_rules"):
        return
    count = max((each for each in counts if each), default=0)
    missing = set(range(count)).difference(*held.values())
    if missing:
        yield Problem(
            key_path(group.at("db_groups")),
            f"no DB group has shard index {compressed(missing)}; the rules need 0 to {count - 1}: "
            "write the missing ones into shard_indices",
        )
    for db_group, indices in held.items():
        surplus = {index for index in indices if index >= count}
        if surplus:
            yield Problem(key_path(db_group.at("shard_indices")), _surplus(surplus, count))


def _surplus(surplus: set[int], count: int) -> str:
    highest = f"the largest shard_count of a rule is {count}" if count else "the group has no rule"
    advice = f"write 0 to {count - 1}" if count else "leave shard_indices out"
    return f"{compressed(surplus)} belongs to no rule, as {highest}; {advice}"


def shard_count(rule: PartialTable) -> int | None:
    """How many shards ``rule`` has; None if that cannot be told."""
    algorithm = rule.value("algorithm")
    if algorithm == "range":
        boundaries = rule.value("range_boundaries")
        return len(boundaries) + 1 if boundaries else None
    count: int | None = rule.value("shard_count") if algorithm else None
    return count


def _called(db_group: PartialTable) -> str:
    name = db_group.value("name")
    return f'DB group "{name}"' if name else key_path(db_group.location)


def compressed(indices: Iterable[int]) -> str:
    """``indices`` in words, with ranges: ``0-3, 7, 9-12``."""
    runs: list[list[int]] = []
    for index in sorted(indices):
        if runs and index == runs[-1][-1] + 1:
            runs[-1][1:] = [index]
        else:
            runs.append([index])
    return ", ".join("-".join(map(str, run)) for run in runs)
