"""The sharding rules of a group: :func:`rules_of` makes them of its settings.

A rule is found by the name of a table in any case of letters: one that names the table itself, else
that with the longest pattern. Rules never change; what a shard says about a column makes new ones,
with another ``version``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, pairwise
from typing import Any, Final

from athena_g import errors
from athena_g.config import GroupSettings, ShardingRuleSettings
from athena_g.config.user_functions import PREFIX
from athena_g.router.algorithms import Algorithm, Custom, Hash, Mod, Range
from athena_g.router.keys import Canonical, Key, KeyType, Undecidable, boundary
from athena_g.router.physical_names import PhysicalName

_MOST_REMEMBERED: Final = 4096
_LONGEST_NAME: Final = 64
_versions = count(1)


@dataclass(frozen=True, slots=True)
class Rule:
    """How the rows of one table, or of those of a pattern, are spread.

    ``key`` is None until the type of the column is known; with it ``algorithm`` takes canonical
    values of that key.
    """

    name: str
    table_pattern: str
    column: str
    key: Key | None
    algorithm: Algorithm
    physical: PhysicalName
    binding: str | None = None
    scatter_writes: bool = False
    id_column: str | None = None
    id_generator: str | None = None

    @property
    def count(self) -> int:
        """How many shards there are."""
        return self.algorithm.count

    @property
    def has_wildcards(self) -> bool:
        """Whether the rule is one of several tables."""
        return any(char in self.table_pattern for char in "*?")

    def physical_name(self, table: str, index: int) -> str:
        """What the part of ``table`` at shard ``index`` is called."""
        return self.physical.of(table, index)

    def with_key(self, key: Key, table: str | None = None) -> Rule:
        """This rule for ``table`` (default: that of the pattern) whose column is ``key``.

        Raises SHARD_KEY_UNFIT where the algorithm cannot take its values.
        """
        table = table or self.table_pattern
        try:
            algorithm = _with_key(self.algorithm, key)
        except ValueError as error:
            raise errors.SHARD_KEY_UNFIT(
                rule=self.name, table=table, column=self.column, reason=error
            ) from None
        return replace(self, table_pattern=table, key=key, algorithm=algorithm)


def _with_key(algorithm: Algorithm, key: Key) -> Algorithm:
    if isinstance(algorithm, Mod) and key.type not in (KeyType.INTEGER, None):
        raise ValueError("only whole numbers have a remainder")
    if isinstance(algorithm, Hash) and key.type is KeyType.STRING:
        return replace(algorithm, codec=key.codec)
    if isinstance(algorithm, Range) and key.type is not None:
        return Range(_boundaries(key, algorithm.boundaries))
    return algorithm


def _boundaries(key: Key, values: Iterable[object]) -> tuple[Any, ...]:
    found: list[Any] = [_boundary(key, each) for each in values]
    for lower, upper in pairwise(found):
        if not lower < upper:
            raise ValueError(f"the boundary {upper} is not above {lower} before it")
    return tuple(found)


def _boundary(key: Key, value: object) -> Canonical:
    try:
        return boundary(key, value)
    except Undecidable as error:
        raise ValueError(f"of the boundary {value}, {error.reason}") from None


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a group. ``version`` is another for any two of them in one process."""

    exact: Mapping[str, Rule]
    patterns: tuple[tuple[re.Pattern[str], Rule], ...]
    broadcast: frozenset[str]
    db_groups: Mapping[int, str]
    version: int = field(default_factory=lambda: next(_versions))
    _remembered: dict[str, Rule | None] = field(default_factory=dict, repr=False, compare=False)

    def find(self, table: str) -> Rule | None:
        """The rule of the table of this name; None if it is not sharded."""
        folded = table.casefold()
        rule = self.exact.get(folded)
        if rule is not None or not self.patterns:
            return rule
        if folded in self._remembered:
            return self._remembered[folded]
        rule = next((rule for pattern, rule in self.patterns if pattern.fullmatch(folded)), None)
        if len(folded) <= _LONGEST_NAME:
            self._remember(folded, rule)
        return rule

    def _remember(self, folded: str, rule: Rule | None) -> None:
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()  # names that clients make up; real ones are soon back
        self._remembered[folded] = rule

    def __contains__(self, name: object) -> bool:
        """Whether a table of this name needs care: it is sharded, or in every DB group."""
        return isinstance(name, str) and (self.find(name) is not None or self.is_broadcast(name))

    def is_broadcast(self, table: str) -> bool:
        """Whether every DB group has the table of this name."""
        return table.casefold() in self.broadcast

    def logical_name(self, physical: str) -> str | None:
        """The sharded table of which ``physical`` is a part; None if it is none of one."""
        for template in self._templates():
            parts = template.parts(physical)
            rule = self.find(parts[0]) if parts else None
            if parts and rule and rule.physical == template and parts[1] < rule.count:
                return parts[0] if rule.has_wildcards else rule.table_pattern
        return None

    def _templates(self) -> Iterable[PhysicalName]:
        every = (*self.exact.values(), *(rule for _, rule in self.patterns))
        return dict.fromkeys(rule.physical for rule in every)

    def db_group_of(self, index: int) -> str:
        """The name of the DB group that has shard ``index``."""
        return self.db_groups[index]

    def with_key(self, table: str, key: Key) -> Rules:
        """These rules with ``key`` as what the shard column of ``table`` is."""
        rule = self.find(table)
        if rule is None:
            raise KeyError(table)
        known = rule.with_key(key, table if rule.has_wildcards else None)
        return replace(
            self,
            exact={**self.exact, table.casefold(): known},
            version=next(_versions),
            _remembered={},
        )

    def without_key(self, table: str, configured: Rules) -> Rules:
        """These rules with no more known of ``table`` than what the configuration says."""
        exact = {name: rule for name, rule in self.exact.items() if name != table.casefold()}
        if table.casefold() in configured.exact:
            exact[table.casefold()] = configured.exact[table.casefold()]
        return replace(self, exact=exact, version=next(_versions), _remembered={})


def rules_of(group: GroupSettings) -> Rules:
    """The rules of a group. Raises SHARD_KEY_UNFIT, or NotImported for a function."""
    rules = [_rule(settings) for settings in group.sharding_rules]
    wild = [rule for rule in rules if rule.has_wildcards]
    wild.sort(key=lambda rule: len(rule.table_pattern), reverse=True)
    return Rules(
        exact={rule.table_pattern.casefold(): rule for rule in rules if not rule.has_wildcards},
        patterns=tuple((_pattern(rule.table_pattern), rule) for rule in wild),
        broadcast=frozenset(map(str.casefold, group.broadcast_tables)),
        db_groups={
            index: db_group.name for db_group in group.db_groups for index in db_group.shard_indices
        },
    )


def _pattern(text: str) -> re.Pattern[str]:
    escaped = re.escape(text.casefold()).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(escaped, re.DOTALL)


def _rule(settings: ShardingRuleSettings) -> Rule:
    rule = Rule(
        name=settings.name,
        table_pattern=settings.table_pattern,
        column=settings.shard_column,
        key=None,
        algorithm=_algorithm(settings),
        physical=PhysicalName(settings.physical_name),
        binding=settings.binding,
        scatter_writes=settings.scatter_writes == "allow",
        id_column=settings.id_column,
        id_generator=settings.id_generator,
    )
    if settings.key_type is None:
        return rule
    return rule.with_key(Key(KeyType(settings.key_type), settings.key_collation))


def _algorithm(settings: ShardingRuleSettings) -> Algorithm:
    name, shards = settings.algorithm, settings.shard_count
    if name == "mod":
        return Mod(shards)
    if name == "hash":
        return Hash(shards, settings.hash_function)
    if name.startswith(PREFIX):
        return Custom.named(name, shards)
    return Range(settings.range_boundaries)
