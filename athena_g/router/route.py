"""Where one execution of a statement goes: plan and literals → shards and their texts.

A `Route` is final: nobody looks at the statement after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from athena_g import errors
from athena_g.parser.hints import Hint
from athena_g.parser.statement import Kind, Values
from athena_g.router.gather import Gather
from athena_g.router.keys import Canonical, Undecidable, stored
from athena_g.router.narrowing import Shards, shards
from athena_g.router.plan import Inserted, Narrowed, Plan
from athena_g.router.rules import Rule, Rules
from athena_g.router.spread import LIMIT, ORDER

_ENDLESS: Final = 1 << 64
SHOWN_SHARDS: Final = 8
"""Shards that a message names."""


class Reach(Enum):
    """How far a statement goes."""

    ANYWHERE = "whichever server the session uses"
    HOME = "the home DB group"
    ONE = "one shard"
    SEVERAL = "several shards"
    EVERY_GROUP = "every DB group"


@dataclass(frozen=True, slots=True)
class Route:
    """Which shards get a statement.

    ``divided`` tells for an INSERT of several rows which of them each shard gets, by their places.
    ``window`` tells of the rows of several shards how many are left out first, and how many of the
    others are wanted. ``gathered``: one server answers that gets the rows of the shards; these are
    for each of the plan's tables those that have some.
    """

    reach: Reach
    shards: tuple[int, ...] = ()
    divided: dict[int, tuple[int, ...]] = field(default_factory=dict)
    window: tuple[int, int] | None = None
    gathered: tuple[tuple[int, ...], ...] | None = None


ANYWHERE: Final = Route(Reach.ANYWHERE)
HOME: Final = Route(Reach.HOME)
EVERY_GROUP: Final = Route(Reach.EVERY_GROUP)


def route(plan: Plan, values: Values, rules: Rules, home: str) -> Route:
    """Where a statement goes that has these values; raises `SqlError` for what is refused.

    ``home`` is the name of the home DB group.
    """
    if plan.refusal is not None:
        raise plan.refusal.with_traceback(None)  # else it would keep each execution's
    if plan.hint is not None and (plan.hint.shard is not None or plan.hint.scatter):
        return _hinted(plan, plan.hint, values, rules, home)
    return _route(plan, values, rules, home)


def _route(plan: Plan, values: Values, rules: Rules, home: str) -> Route:
    if plan.shards:
        return Route(Reach.SEVERAL if len(plan.shards) > 1 else Reach.ONE, plan.shards)
    if plan.inserted is not None:
        found = _insertion(plan, plan.inserted, values)
    elif plan.tables:
        found = _of_tables(plan, values)
    else:
        if plan.changes_broadcast:
            _check_broadcast(plan, rules)
            return HOME if plan.kind is Kind.EXPLAIN else EVERY_GROUP
        return HOME if plan.others or plan.at_home else ANYWHERE
    if found.reach is Reach.SEVERAL and plan.kind is Kind.EXPLAIN:  # all shards have alike plans
        found = Route(Reach.ONE, found.shards[:1])
    if plan.gather is not None and _has_to_meet(plan, found, rules, home):
        return _gathered(plan, plan.gather, values)
    _check(plan, found, values, rules, home)
    return _with_window(plan, found, values)


def _has_to_meet(plan: Plan, found: Route, rules: Rules, home: str) -> bool:
    """Whether rows of a query have to be brought to one server."""
    if found.gathered is not None:
        return True
    if found.reach is Reach.SEVERAL and _needs(plan):
        return True
    return any(
        not rules.is_broadcast(name) and rules.db_group_of(shard) != home
        for name in plan.others
        for shard in found.shards
    )


def _gathered(plan: Plan, gather: Gather, values: Values) -> Route:
    """The route of a query that one server answers."""
    sets = [_shards(each, values) for each in plan.tables]
    gathered = tuple(
        tuple(sorted(frozenset[int]().union(*(sets[part] for part in each.parts))))
        for each in gather.tables
    )
    shards = sorted({shard for each in gathered for shard in each})
    return Route(Reach.SEVERAL, tuple(shards) or (0,), gathered=gathered)


def _with_window(plan: Plan, found: Route, values: Values) -> Route:
    """The route with what a LIMIT leaves of the rows of several shards."""
    if plan.limit is None or found.reach is not Reach.SEVERAL:
        return found
    offset = 0 if plan.limit.offset is None else plan.limit.offset.worth(values)
    count = plan.limit.count.worth(values)
    if not all(isinstance(each, int) and 0 <= each < _ENDLESS for each in (offset, count)):
        raise errors.NEEDS_MERGE(
            construct="LIMIT by other than whole numbers",
            table=_first(plan),
            shards=_listed(found.shards),
        )
    return replace(found, window=(offset, count))


# -- hints -----------------------------------------------------------------------------------------


def _hinted(plan: Plan, hint: Hint, values: Values, rules: Rules, home: str) -> Route:
    """Where a statement goes whose client says where."""
    if hint.shard is not None and hint.shard not in rules.db_groups:
        raise errors.INVALID_HINT(hint=f"shard={hint.shard}", reason="there is no such shard")
    if hint.shard is None:
        found = Route(Reach.SEVERAL, _all_shards(plan)) if plan.tables else None
        if found is None or plan.inserted is not None:
            raise errors.INVALID_HINT(hint="scatter", reason="it is for rows of sharded tables")
        _check(plan, found, values, rules, home)
        return _with_window(plan, found, values)
    if plan.inserted is not None:  # a row elsewhere than its key says would be found by nobody
        found = _route(plan, values, rules, home)
        if found.shards != (hint.shard,):
            raise errors.INVALID_HINT(
                hint=f"shard={hint.shard}", reason=f"the rows belong to {_listed(found.shards)}"
            )
        return found
    found = Route(Reach.ONE, (hint.shard,))
    if plan.tables:
        if hint.shard not in _all_shards(plan):
            reason = f"{_first(plan)} has {len(_all_shards(plan))} shards"
            raise errors.INVALID_HINT(hint=f"shard={hint.shard}", reason=reason)
        _check(plan, found, values, rules, home)
    return found


def _all_shards(plan: Plan) -> tuple[int, ...]:
    return tuple(range(min(each.part.rule.count for each in plan.tables)))


# -- shards ----------------------------------------------------------------------------------------


def _of_tables(plan: Plan, values: Values) -> Route:
    """Where a statement on sharded tables goes by what narrows them."""
    if len(plan.tables) == 1:
        only = plan.tables[0]
        found = shards(only.narrowing, only.part.rule, values)
        if found is not None and len(found) == 1:
            return Route(Reach.ONE, tuple(found))
    sets = [_shards(each, values) for each in plan.tables]
    known = set().union(*(each for each in sets if len(each) <= 1))
    if len(known) <= 1 and all(len(each) <= 1 for each in sets):
        return Route(Reach.ONE, tuple(known) or (0,))  # none at all: any shard has no such rows
    if plan.scattered is None:
        if plan.gather is not None:
            return _gathered(plan, plan.gather, values)
        raise _mixed(plan, sets)
    by_part = {each.part: one for each, one in zip(plan.tables, sets, strict=True)}
    run: set[int] = set()
    for arm in plan.scattered.arms:
        run |= frozenset.intersection(
            *(frozenset().union(*(by_part[part] for part in parts)) for parts in arm)
        )
    if len(run) <= 1:
        return Route(Reach.ONE, tuple(run) or (0,))
    return Route(Reach.SEVERAL, tuple(sorted(run)))


def _shards(narrowed: Narrowed, values: Values) -> Shards:
    rule = narrowed.part.rule
    found = shards(narrowed.narrowing, rule, values)
    return frozenset(range(rule.count)) if found is None else found


def _mixed(plan: Plan, sets: Iterable[Shards]) -> errors.SqlError:
    tables = ", ".join(_names(plan))
    if len(plan.tables) > 1 and not frozenset.intersection(*sets):
        return errors.EMPTY_SHARD_INTERSECTION(tables=tables)
    return errors.SHARDS_WOULD_MIX(reason=plan.mixed, tables=tables)


def _names(plan: Plan) -> list[str]:
    return list(dict.fromkeys(each.part.table.name for each in plan.tables))


# -- INSERT ----------------------------------------------------------------------------------------


def _insertion(plan: Plan, inserted: Inserted, values: Values) -> Route:
    if inserted.follows_query:
        return _of_tables(plan, values)
    if inserted.key is not None:
        shard = _home_of(plan, inserted.rule, inserted.key.worth, values)
        if plan.tables:
            source = _of_tables(plan, values)
            if source.shards != (shard,):
                raise errors.SHARDS_WOULD_MIX(
                    reason=f"the rows are to be on shard {shard} and come from "
                    f"{_listed(source.shards)}",
                    tables=", ".join(_names(plan)),
                )
        return Route(Reach.ONE, (shard,))
    places: dict[int, list[int]] = {}
    for place, row in enumerate(inserted.rows):
        worth = None if row.key is None else row.key.worth
        places.setdefault(_home_of(plan, inserted.rule, worth, values), []).append(place)
    if len(places) == 1:
        return _with_source(plan, Route(Reach.ONE, tuple(places)), values)
    divided = {shard: tuple(rows) for shard, rows in places.items()}  # by their first rows
    return Route(Reach.SEVERAL, tuple(divided), divided)


def _with_source(plan: Plan, found: Route, values: Values) -> Route:
    """A route of rows whose values come from subqueries as well."""
    if plan.tables and _of_tables(plan, values).shards != found.shards:
        raise errors.SHARDS_WOULD_MIX(
            reason="a subquery reads rows of another shard", tables=", ".join(_names(plan))
        )
    return found


def _home_of(plan: Plan, rule: Rule, worth: object, values: Values) -> int:
    """The shard of a row whose key is worth that."""
    try:
        if not callable(worth):
            raise ValueError("its value is not a literal, a parameter or simple arithmetic")
        key = _stored(rule, worth(values))
    except (Undecidable, ValueError) as error:
        raise errors.KEY_MISSING(table=_first(plan), column=rule.column, reason=error) from None
    return rule.algorithm.shard_of(key)


def _stored(rule: Rule, value: object) -> Canonical:
    if rule.key is None:
        raise Undecidable("the type of the shard column is not known; key_type can say it")
    return stored(rule.key, value)


# -- what is refused -------------------------------------------------------------------------------


def _check(plan: Plan, found: Route, values: Values, rules: Rules, home: str) -> None:
    """Raise what hinders a route."""
    if found.reach is Reach.SEVERAL:
        _check_several(plan, found)
    if found.divided and plan.tables:
        raise errors.SHARDS_WOULD_MIX(reason=plan.mixed, tables=", ".join(_names(plan)))
    if plan.changes_broadcast:
        raise errors.BROADCAST_MIXED(other=plan.changes_broadcast, table=_first(plan))
    _check_moves(plan, found, values)
    others = [name for name in plan.others if not rules.is_broadcast(name)]
    for shard in found.shards if others else ():
        target = rules.db_group_of(shard)
        if target != home:
            raise errors.TABLE_NOT_THERE(
                other=others[0], home=home, table=_first(plan), target=target
            )


def _check_broadcast(plan: Plan, rules: Rules) -> None:
    """Raise what hinders that each DB group changes its copy of a broadcast table by itself."""
    if plan.returning:
        construct = f"{plan.kind.value} ... RETURNING"
        raise errors.NOT_ON_SHARDED(construct=construct, table=plan.changes_broadcast)
    for name in plan.others:
        if not rules.is_broadcast(name):
            raise errors.BROADCAST_MIXED(other=plan.changes_broadcast, table=name)


def _needs(plan: Plan) -> tuple[str, ...]:
    """What has to be done with the rows of several shards that nobody does."""
    if plan.scattered is None or plan.aggregates or plan.partial is not None:
        return ()
    done = {LIMIT} if plan.limit is not None else set()
    if plan.ordering is not None:
        done.add(ORDER)
    return tuple(need for need in plan.scattered.needs if need not in done)


def _check_several(plan: Plan, found: Route) -> None:
    listed = _listed(found.shards)
    needs = plan.scattered.needs if plan.scattered is not None else ()
    if plan.kind is Kind.SELECT:
        for need in _needs(plan)[:1]:
            raise errors.NEEDS_MERGE(construct=need, table=_first(plan), shards=listed)
        return
    rules = [each.part.rule for each in plan.tables]
    if plan.inserted is not None:
        rules.append(plan.inserted.rule)
    for rule in rules:
        if not rule.scatter_writes:
            raise errors.SCATTER_WRITE(table=_first(plan), shards=listed, rule=rule.name)
    if found.divided and (plan.divisible is None or not plan.divisible.is_possible):
        needs = ("rows with subqueries",)
    if plan.returning:
        needs = ("RETURNING",)
    if needs:
        raise errors.SCATTER_WRITE_LIMIT(construct=needs[0], table=_first(plan), shards=listed)


def _check_moves(plan: Plan, found: Route, values: Values) -> None:
    for rule, assignment in plan.moved:
        try:
            if assignment.operand is None:
                raise ValueError("its new value is only known to the server")
            key = _stored(rule, assignment.operand.worth(values))
        except (Undecidable, ValueError) as error:
            reason = str(error)
        else:
            if found.shards == (rule.algorithm.shard_of(key),):
                continue
            reason = f"the row would belong on shard {rule.algorithm.shard_of(key)}"
        raise errors.KEY_CHANGES(column=rule.column, table=_first(plan), reason=reason)


def _first(plan: Plan) -> str:
    """The table that a message is about."""
    if plan.inserted is not None:
        return plan.inserted.table
    if plan.tables:
        return plan.tables[0].part.table.name
    return ""


def _listed(found: Sequence[int]) -> str:
    shown = ", ".join(map(str, found[:SHOWN_SHARDS]))
    return shown if len(found) <= SHOWN_SHARDS else f"{shown} … ({len(found)})"
