"""Which shards the conditions on a shard key leave.

A `Narrowing` is what is known of a key's value before literals are: made once per shape of a
statement, evaluated per execution. It only ever leaves out shards that surely have no row; what
cannot be decided leaves out none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from athena_g.parser.statement import Operand, Operator, Values
from athena_g.router.keys import NEVER, Key, Undecidable, comparand, endpoint
from athena_g.router.rules import Rule

Shards = frozenset[int]

NULL_HOME: Final = frozenset((0,))
"""Where rows without a key are."""
NONE: Final[Shards] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The key compared with a value."""

    operator: Operator
    operand: Operand


@dataclass(frozen=True, slots=True, eq=False)
class Among:
    """The key is one of several values."""

    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Missing:
    """The key is NULL."""


@dataclass(frozen=True, slots=True, eq=False)
class Anything:
    """Nothing is known of the key."""


@dataclass(frozen=True, slots=True, eq=False)
class Both:
    """All of these hold."""

    parts: tuple[Narrowing, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Either:
    """One of these holds."""

    parts: tuple[Narrowing, ...]


Narrowing = Compared | Among | Missing | Anything | Both | Either

ANYTHING: Final = Anything()
_LOWER = (Operator.MORE, Operator.AT_LEAST)
_RANGES = (*_LOWER, Operator.LESS, Operator.AT_MOST)


def both(parts: Iterable[Narrowing]) -> Narrowing:
    """All of ``parts`` together."""
    known: list[Narrowing] = []
    for part in parts:
        if isinstance(part, Both):
            known += part.parts
        elif part is not ANYTHING:
            known.append(part)
    if not known:
        return ANYTHING
    return known[0] if len(known) == 1 else Both(tuple(known))


def either(parts: Iterable[Narrowing]) -> Narrowing:
    """One of ``parts``, of which each might be the one."""
    known = tuple(parts)
    if any(part is ANYTHING for part in known):
        return ANYTHING
    return known[0] if len(known) == 1 else Either(known)


def shards(narrowing: Narrowing, rule: Rule, values: Values) -> Shards | None:
    """The shards with rows whose keys may be so; ``None`` for all."""
    match narrowing:
        case Compared():
            if narrowing.operator in _RANGES:
                return _between((narrowing,), rule, values)
            return _equal(narrowing.operand, rule, values, narrowing.operator is Operator.SAME)
        case Among():
            return _union(_equal(each, rule, values, False) for each in narrowing.operands)
        case Both():
            return _together(narrowing, rule, values)
        case Either():
            return _union(shards(each, rule, values) for each in narrowing.parts)
        case Missing():
            return NULL_HOME
        case Anything():
            return None


def _union(sets: Iterable[Shards | None]) -> Shards | None:
    found: set[int] = set()
    for each in sets:
        if each is None:
            return None
        found |= each
    return frozenset(found)


def _together(narrowing: Both, rule: Rule, values: Values) -> Shards | None:
    ends: list[Compared] = []
    left: Shards | None = None
    for part in narrowing.parts:
        if isinstance(part, Compared) and part.operator in _RANGES:
            ends.append(part)
            continue
        found = shards(part, rule, values)
        if found is not None:
            left = found if left is None else left & found
    if ends:
        found = _between(ends, rule, values)
        if found is not None:
            left = found if left is None else left & found
    return left


def _equal(operand: Operand, rule: Rule, values: Values, null_safe: bool) -> Shards | None:
    try:
        value = operand.worth(values)
        if value is None:
            return NULL_HOME if null_safe else NONE
        found = comparand(_key(rule), value)
    except (Undecidable, ValueError):
        return None
    if found is NEVER:
        return NONE
    return frozenset((rule.algorithm.shard_of(found),))


def _key(rule: Rule) -> Key:
    if rule.key is None:
        raise Undecidable("the type of the shard column is not known")
    return rule.key


# -- ranges ----------------------------------------------------------------------------------------


def _between(ends: Iterable[Compared], rule: Rule, values: Values) -> Shards | None:
    """The shards between the ends that can be decided."""
    low: Any = None
    high: Any = None
    low_included = high_included = True
    for end in ends:
        try:
            value = end.operand.worth(values)
            bound = None if value is None else endpoint(_key(rule), value)
        except (Undecidable, ValueError):
            continue
        if bound is None:
            return NONE  # compared with NULL nothing is true
        included = end.operator in (Operator.AT_LEAST, Operator.AT_MOST)
        if end.operator in _LOWER:
            if low is None or bound > low or (bound == low and not included):
                low, low_included = bound, included
        elif high is None or bound < high or (bound == high and not included):
            high, high_included = bound, included
    if low is None and high is None:
        return None
    if (
        low is not None
        and high is not None
        and (low > high or (low == high and not (low_included and high_included)))
    ):
        return NONE
    return rule.algorithm.shards_between(low, high, low_included, high_included)
