"""The short way for the statements that come most: one table, one whole number for its key.

It gives what :mod:`.route` would, or nothing; then that is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from athena_g.parser.statement import Kind, Operand, Operator
from athena_g.router.keys import KeyType
from athena_g.router.narrowing import Both, Compared, Narrowing
from athena_g.router.rules import Rule, Rules

if TYPE_CHECKING:
    from athena_g.router.plan import Plan

_WIDEST = range(-(1 << 63), 1 << 64)
_MAX_DIGITS = 18
"""Digits of a number that is in the range of every BIGINT."""


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """Which of the values is the key, by its place, and the rule of the table."""

    slot: int
    rule: Rule
    low: int
    high: int

    def shard(self, literals: Sequence[bytes]) -> int | None:
        """The shard of an execution with these literals; ``None`` if it is not that simple."""
        literal = literals[self.slot]
        if not literal.isdigit() or len(literal) > _MAX_DIGITS:
            return None
        return self.shard_of(int(literal))

    def shard_of(self, key: int) -> int | None:
        """The shard of a key; ``None`` for one that the column cannot hold."""
        if self.low <= key <= self.high:
            return self.rule.algorithm.shard_of(key)
        return None


def point_of(plan: Plan, rules: Rules) -> Point | None:
    """The short way of a plan, ``None`` when it has none."""
    simple = not (
        plan.refusal or plan.hint or plan.moved or plan.id_slots or plan.shards or plan.divisible
    )
    at_hand = all(rules.is_broadcast(name) for name in plan.others) and not plan.changes_broadcast
    if not (simple and at_hand):
        return None
    if plan.inserted is not None:
        if plan.tables or plan.inserted.follows_query or len(plan.inserted.rows) != 1:
            return None
        rule = plan.inserted.rule
        if rule.key is None or rule.key.low is None:  # what is out of range is stored as another
            return None
        if rule.key.generated:  # as is 0
            return None
        return _point(rule, plan.inserted.rows[0].key)
    if len(plan.tables) != 1 or plan.kind is Kind.EXPLAIN:
        return None
    return _point(plan.tables[0].part.rule, _equal_to(plan.tables[0].narrowing))


def _equal_to(narrowing: Narrowing) -> Operand | None:
    """The value that a key is to be equal to, if nothing else is known of it."""
    if isinstance(narrowing, Both):
        return None
    if isinstance(narrowing, Compared) and narrowing.operator is Operator.EQUAL:
        return narrowing.operand
    return None


def _point(rule: Rule, operand: Operand | None) -> Point | None:
    if operand is None or operand.slot is None or rule.key is None:
        return None
    if rule.key.type is not KeyType.INTEGER:
        return None
    low, high = rule.key.low, rule.key.high
    return Point(
        operand.slot,
        rule,
        _WIDEST.start if low is None else low,
        _WIDEST.stop if high is None else high,
    )
