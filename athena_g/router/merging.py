"""What is to be done with rows of several shards, once for all queries of one shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from athena_g.parser.clauses import Clauses
from athena_g.parser.statement import (
    Opaque,
    Select,
    Span,
    Statement,
    Union,
)
from athena_g.parser.text import Text
from athena_g.router.compose import Original
from athena_g.router.gather import can_be_copied, condition_of_all, gather, has_nothing_odd
from athena_g.router.ordering import ordering, positions
from athena_g.router.partial import Names, partial
from athena_g.router.plan import Plan
from athena_g.router.rewrite import (
    Edit,
)
from athena_g.router.spread import (
    LIMIT,
    OF_GROUPS,
    ORDER,
)
from athena_g.router.survey import Survey

_CLOCK: Final = frozenset(
    b"now current_timestamp curdate current_date curtime current_time localtime localtimestamp "
    b"utc_date utc_time utc_timestamp unix_timestamp".split()
)
_INSERT_ID: Final = frozenset((b"last_insert_id",))


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """A query that is planned: its clauses, if they are known, and its text.

    ``named`` are the names that outputs have only because of tables' names in them, each with what
    it is the name of; ``gathers``:
    rows may be brought to one server; ``names`` knows the columns of tables.
    """

    statement: Statement
    survey: Survey
    original: Original
    parts: Clauses | None
    named: Sequence[tuple[Span, Edit]]
    text: Text
    gathers: bool
    names: Names


def with_merging(plan: Plan, merged: Merged) -> Plan:
    """The plan of a query with what is done with rows of several shards."""
    statement, parts, original = merged.statement, merged.parts, merged.original
    query = statement.body
    if not isinstance(query, Select | Union | Opaque):
        return plan
    where = None if parts is None else condition_of_all(query, parts)
    codec = merged.text.reading.codec
    named = [edit for _, edit in merged.named]
    tokens = merged.text.tokens
    whole = gather(statement, query, merged.survey, original, codec, where, named, tokens)
    odd = not (has_nothing_odd(query) and can_be_copied(statement.tables, tokens))
    fixed = [span for span, _ in merged.named]
    if isinstance(query, Select) and parts is not None:
        plan = _with_ordering(plan, query, parts, statement.columns, original)
        if _makes_groups(plan) and not odd:
            made = partial(query, parts, statement.columns, original, merged.names)
            plan = replace(plan, partial=made, whole=whole)
        if plan.ordering is not None or plan.partial is not None:
            fixed += [each.span for each in positions(parts)]
        if plan.partial is not None:
            fixed += plan.partial.fixed
    if merged.gathers and not odd:
        plan = replace(plan, gather=whole)
    words = {token.word for token in tokens}
    return replace(
        plan,
        fixed=_literals_in(fixed, original),
        reads_clock=bool(words & _CLOCK),
        reads_insert_id=bool(words & _INSERT_ID) or b"@@" in original.text,
    )


def _literals_in(spans: Sequence[Span], original: Original) -> tuple[tuple[int, bytes], ...]:
    """The literals at some places: their numbers, and how they are written."""
    return tuple(
        (number, original.text[start:end])
        for number, (start, end) in enumerate(original.literals)
        if any(span.start <= start and end <= span.end for span in spans)
    )


def _makes_groups(plan: Plan) -> bool:
    """Whether all that hinders a query on several shards is that it makes groups."""
    needs = () if plan.scattered is None else plan.scattered.needs
    done = plan.ordering is not None or plan.limit is not None
    return not done and bool(needs) and OF_GROUPS.issuperset(needs)


def _with_ordering(
    plan: Plan, query: Select, parts: Clauses, columns: Sequence[Span], original: Original
) -> Plan:
    needs = () if plan.scattered is None else plan.scattered.needs
    if ORDER not in needs or not {ORDER, LIMIT}.issuperset(needs):
        return plan
    limit = query.limit if LIMIT in needs and plan.read_only else None
    if (LIMIT in needs) != (limit is not None):
        return plan
    found = ordering(query, parts, columns, original)
    return plan if found is None else replace(plan, ordering=found, limit=limit)
