"""Whether the sharding rules of a group fit each other and what they name."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from athena_g.config.partial import PartialTable
from athena_g.config.problems import Problem, key_path
from athena_g.config.user_functions import PREFIX, NotImported, imported

_BOUND = (
    "algorithm",
    "hash_function",
    "shard_count",
    "range_boundaries",
    "key_type",
    "key_collation",
)
"""What decides about the shard of a value."""


def check(group: PartialTable) -> Iterator[Problem]:
    """What is wrong with the rules of ``group`` and its broadcast tables."""
    rules = group.tables("sharding_rules")
    for rule in rules:
        yield from _function(rule)
    yield from _bindings(rules)
    yield from _broadcast(group, rules)


def _function(rule: PartialTable) -> Iterator[Problem]:
    algorithm = rule.value("algorithm")
    if algorithm is None or not algorithm.startswith(PREFIX):
        return
    try:
        imported(algorithm)
    except NotImported as error:
        message = f"{error}; write a function that Python finds, with its directory in PYTHONPATH"
        yield Problem(key_path(rule.at("algorithm")), message)


def _bindings(rules: list[PartialTable]) -> Iterator[Problem]:
    first: dict[str, PartialTable] = {}
    for rule in rules:
        label = rule.value("binding")
        if label is None:
            continue
        other = first.setdefault(label, rule)
        different = [name for name in _BOUND if _decided(rule, name) != _decided(other, name)]
        if different:
            yield Problem(
                key_path(rule.at("binding")),
                f'"{label}" is that of {key_path(other.location)} too, whose '
                f"{' and '.join(different)} {'is' if len(different) == 1 else 'are'} different; "
                "write them alike, or another label",
            )


def _decided(rule: PartialTable, name: str) -> Any:
    if name == "shard_count" and rule.value("algorithm") == "range":
        return None
    if name == "shard_count" and not rule.written(name):
        return 16
    return rule.value(name)


def _broadcast(group: PartialTable, rules: list[PartialTable]) -> Iterator[Problem]:
    for index, name in enumerate(group.value("broadcast_tables") or ()):
        for rule in rules:
            pattern = rule.value("table_pattern")
            if pattern and fnmatchcase(name.casefold(), pattern.casefold().replace("[", "[[]")):
                yield Problem(
                    key_path(group.at("broadcast_tables", index)),
                    f'"{name}" is a table of {key_path(rule.location)} too; a table is either '
                    "sharded or everywhere",
                )
                break
