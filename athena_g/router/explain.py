"""What the router makes of a statement, in words: for EXPLAIN ATHENA and ``athena-g explain``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from athena_g.errors import SqlError
from athena_g.parser.digest import shape
from athena_g.parser.statement import Operand, Values
from athena_g.parser.text import DEFAULT_READING, Reading
from athena_g.router.narrowing import (
    Among,
    Anything,
    Both,
    Compared,
    Either,
    Missing,
    Narrowing,
)
from athena_g.router.plan import Plan
from athena_g.router.route import Reach, Route
from athena_g.router.router import Literals, Routed, Router
from athena_g.router.rules import Rule

MAX_SHOWN: Final = 16
"""Shards whose text is shown, and values of a list."""

Line = tuple[str, str]
"""What is told, and what is to be told of it."""


def explain(router: Router, text: bytes, reading: Reading = DEFAULT_READING) -> Iterator[Line]:
    """What becomes of a statement, line by line; also of one that is refused."""
    cut = shape(
        text, ansi_quotes=reading.ansi_quotes, no_backslash_escapes=reading.no_backslash_escapes
    )
    plan = router.plan(text, cut, reading)
    values = Literals(cut.literals, (), reading)
    yield "statement", _statement(plan)
    yield from _tables(router, plan, values)
    try:
        routed = router.routed(plan, cut, (), reading)
    except SqlError as error:
        yield "refused", str(error)
        return
    found = routed.route
    yield "goes to", _reach(router, found)
    if found.gathered is None:
        for shard in (found.shards or (0,))[:MAX_SHOWN]:
            shown = text_on(routed, shard).decode(reading.codec, "replace")
            yield f"SQL on shard {shard}" if found.shards else "SQL", shown
        if len(found.shards) > MAX_SHOWN:
            yield "SQL on others", f"the same on {len(found.shards) - MAX_SHOWN} more"
    else:
        for what in brought(routed):
            yield "rows that meet", what.decode(reading.codec, "replace")
    final = text_at_home(routed)
    if final is not None:
        yield "SQL at home", final.decode(reading.codec, "replace")
    yield "merge", _merge(plan, found)


def text_on(routed: Routed, shard: int) -> bytes:
    """What a shard is asked first: not yet how the keys of an order are told."""
    plan = routed.plan
    if routed.route.reach is Reach.SEVERAL and plan.ordering is not None:
        plain = [(b"", b"")] * len(plan.ordering.keys)
        return plan.ordering.composed(plain).render(shard, routed.literals)
    if routed.route.reach is Reach.SEVERAL and plan.partial is not None and not plan.aggregates:
        return plan.partial.partial.render(shard, routed.literals)
    return routed.text(shard)


def text_at_home(routed: Routed) -> bytes | None:
    """What the server is asked that puts rows together, if one does."""
    plan = routed.plan
    if routed.route.gathered is not None and plan.gather is not None:
        return plan.gather.final.render(0, routed.literals)
    if routed.route.reach is Reach.SEVERAL and plan.partial is not None and not plan.aggregates:
        return plan.partial.final.render(0, routed.literals)
    return None


def brought(routed: Routed) -> Iterator[bytes]:
    """Which rows are brought to one server, table by table."""
    gather, gathered = routed.plan.gather, routed.route.gathered
    if gather is None or gathered is None:
        return
    for each, shards in zip(gather.tables, gathered, strict=True):
        listed = ", ".join(map(str, shards)) or "none"
        where = b"" if each.where is None else b" WHERE " + each.where.render(0, routed.literals)
        said = f"`{each.name}` has those of {each.called}, shards {listed}"
        yield said.encode("utf-8", "replace") + where


def _statement(plan: Plan) -> str:
    what = plan.action or plan.kind.value
    return f"{what} (read)" if plan.read_only else f"{what} (write)"


def _tables(router: Router, plan: Plan, values: Values) -> Iterator[Line]:
    for each in plan.tables:
        rule, table = each.part.rule, each.part.table
        yield f"table {table.called}", f"{table.name} by rule {rule.name}: {_rule(rule)}"
        yield f"key of {table.called}", described(each.narrowing, rule.column, values)
        yield from _unknown_type(rule)
    if plan.inserted is not None:
        rule = plan.inserted.rule
        yield "inserts into", f"rule {rule.name}: {_rule(rule)}"
        yield from _unknown_type(rule)
    for name in plan.others:
        broadcast = router.rules.is_broadcast(name)
        yield f"table {name}", "broadcast table" if broadcast else f"at home, in {router.home}"


def _unknown_type(rule: Rule) -> Iterator[Line]:
    if rule.key is None:
        yield (
            "not known",
            f"the type of {rule.column}: rule {rule.name} has no key_type, and no server "
            "was asked. Until it is known, values of the key leave out no shard",
        )


def _rule(rule: Rule) -> str:
    kind = "type not known" if rule.key is None or rule.key.type is None else rule.key.type.value
    return f"{type(rule.algorithm).__name__.lower()} of {rule.column} ({kind}), {rule.count} shards"


def _reach(router: Router, found: Route) -> str:
    if found.reach is Reach.HOME:
        return f"the home DB group ({router.home})"
    if not found.shards:
        return str(found.reach.value)
    groups: dict[str, list[int]] = {}
    for shard in found.shards:
        groups.setdefault(router.rules.db_group_of(shard), []).append(shard)
    return "; ".join(
        f"{'shard' if len(shards) == 1 else 'shards'} {', '.join(map(str, shards))} in {group}"
        for group, shards in groups.items()
    )


def _merge(plan: Plan, found: Route) -> str:
    if found.reach is Reach.EVERY_GROUP:
        return "none: each DB group does the same"
    if found.reach is not Reach.SEVERAL:
        return "none: the answer of one server is passed on"
    if found.gathered is not None:
        return "the home server gets the rows of all shards, and answers"
    if plan.ordering is not None:
        offset, count = found.window or (0, 0)
        limited = "" if found.window is None else f", {count} rows at most"
        behind = f", without the first {offset}" if offset else ""
        return f"in the order that the statement says{limited}{behind}"
    if found.window is not None:
        offset, count = found.window
        behind = f", without the first {offset}" if offset else ""
        return f"{count} rows at most{behind}, those of one shard after those of the other"
    if plan.aggregates:
        return f"one row of all: {', '.join(plan.aggregates)}"
    if plan.partial is not None:
        return "the home server puts the groups of the shards together, and goes on from there"
    if plan.read_only:
        return "the rows of one shard after those of the other"
    return "the numbers of rows are added up"


def described(narrowing: Narrowing, column: str, values: Values) -> str:
    """What is known of a key, as a condition."""
    match narrowing:
        case Compared():
            value = _value(narrowing.operand, values)
            return f"{column} {narrowing.operator.value} {value}"
        case Among():
            shown = [_value(each, values) for each in narrowing.operands[:MAX_SHOWN]]
            more = ", ..." if len(narrowing.operands) > MAX_SHOWN else ""
            return f"{column} IN ({', '.join(shown)}{more})"
        case Missing():
            return f"{column} IS NULL"
        case Both():
            return " AND ".join(_within(part, column, values) for part in narrowing.parts)
        case Either():
            return " OR ".join(_within(part, column, values) for part in narrowing.parts)
        case Anything():
            return "any"


def _within(part: Narrowing, column: str, values: Values) -> str:
    text = described(part, column, values)
    return f"({text})" if isinstance(part, Both | Either) else text


def _value(operand: Operand, values: Values) -> str:
    try:
        value = operand.worth(values)
    except ValueError:
        return "?"
    return "NULL" if value is None else repr(value)
