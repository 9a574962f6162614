"""Whether the sharding rules of a group fit each other and what they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from athena_g.config.partial import PartialTable
from athena_g.config.problems import Problem, key_path
from athena_g.config.shards import shard_count
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
    yield from _parts(rules)


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


def _parts(rules: list[PartialTable]) -> Iterator[Problem]:
    """A problem for each table whose name a part of another table has at some shard."""
    made: dict[tuple[str, str], PartialTable] = {}
    for rule in rules:
        table, template = rule.value("table_pattern"), rule.value("physical_name")
        if table and template:
            made[template, table.casefold()] = rule
    templates = {template for template, _ in made}
    for (_, name), rule in made.items():
        wholes = (each for template in templates for each in _wholes(name, template))
        other = next(
            (made[of] for of, index in wholes if of in made and _has(made[of], index)), None
        )
        if other is not None:
            yield Problem(
                key_path(rule.at("table_pattern")),
                f'"{rule.value("table_pattern")}" is what a part of the table of '
                f"{key_path(other.location)} is called; write another physical_name there",
            )


def _has(rule: PartialTable, index: int) -> bool:
    return index < (shard_count(rule) or 0)


def _wholes(name: str, template: str) -> Iterator[tuple[tuple[str, str], int]]:
    """Each table, beside the template, that would have ``name`` at the index beside both."""
    for digits in set(re.findall("[0-9]{1,9}", name)):
        made = template.format(table="\0", index=int(digits)).casefold()
        before, _, after = made.partition("\0")
        if name.startswith(before) and name.endswith(after):
            yield (template, name[len(before) : len(name) - len(after)]), int(digits)
