"""Queries whose rows of different shards have to meet: one server gets them all and answers.

The rows that a query needs of each sharded table go into temporary tables on one server, and the
client's own text is run there, with the names of those tables in it. So the answer is what that
server makes of it: no expression is evaluated here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from athena_g.parser.clauses import Clauses
from athena_g.parser.lexer import Token
from athena_g.parser.statement import (
    Derived,
    Join,
    Opaque,
    Query,
    Relation,
    Select,
    Span,
    Statement,
    Table,
    Union,
)
from athena_g.router.compose import Composed, Original
from athena_g.router.ordering import CHANGING
from athena_g.router.rewrite import Edit, edits, quoted
from athena_g.router.rules import Rule
from athena_g.router.survey import Survey

NAME: Final = "athena rows {}"
"""What the temporary tables are called."""


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """A place at which a statement names a sharded table.

    ``parts`` are the places of what is known of its rows among the plan's tables, ``name`` what its
    rows' table is called, ``called`` the name by which columns are qualified with it. ``where`` is
    a condition that all its rows that matter fulfil, behind WHERE.
    """

    table: str
    rule: Rule
    parts: tuple[int, ...]
    name: str
    called: str
    where: Composed | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Gather:
    """How a query is answered by one server; ``final`` is its text there.

    ``counts``: FOUND_ROWS() is to tell of all rows, not of those that LIMIT leaves.
    """

    tables: tuple[Gathered, ...]
    final: Composed
    counts: bool = False


def gather(
    statement: Statement,
    query: Query,
    survey: Survey,
    original: Original,
    codec: str,
    where: Span | None,
    names_of_outputs: Sequence[Edit],
) -> Gather:
    """How a surveyed query is answered; ``where`` is a condition on its only table.

    ``names_of_outputs`` are those that outputs have only because of tables' names in them.
    """
    spans = list(dict.fromkeys(t.span for t in statement.tables if survey.rule_of(t) is not None))
    names = {span: NAME.format(number + 1) for number, span in enumerate(spans)}
    condition = None if where is None else Composed(original, [where])

    def written(table: Table, _: Rule) -> Callable[[int], bytes]:
        name = quoted(names[table.span], codec)
        return lambda _: name

    final = edits(statement, survey.rule_of, survey.is_own, codec, written=written)
    final += names_of_outputs
    whole = Composed(original.with_edits(final), [Span(0, len(original.text))])
    tables = [_gathered(span, names[span], statement.tables, survey, condition) for span in spans]
    counts = isinstance(query, Select) and query.calculates_found_rows
    return Gather(tuple(tables), whole, counts)


def _gathered(
    span: Span, name: str, tables: Iterable[Table], survey: Survey, where: Composed | None
) -> Gathered:
    table = next(each for each in tables if each.span == span)
    rule = survey.rule_of(table)
    assert rule is not None
    parts = tuple(n for n, part in enumerate(survey.parts) if part.table.span == span)
    return Gathered(table.name, rule, parts, name, table.called, where)


def has_nothing_odd(query: Query) -> bool:
    """Whether a query does nothing but give rows, and so do all queries within it."""
    match query:
        case Select():
            if query.locking or query.into:
                return False
            nested = all(has_nothing_odd(each.query) for each in query.nested)
            return nested and all(map(has_nothing_odd, _derived(query.source)))
        case Union():
            return all(map(has_nothing_odd, query.arms))
        case Opaque():
            return not query.odd


def _derived(relation: Relation | None) -> Iterator[Query]:
    match relation:
        case Derived():
            yield relation.query
        case Join():
            yield from _derived(relation.left)
            yield from _derived(relation.right)


def condition_of_all(query: Query, parts: Clauses) -> Span | None:
    """The condition that all rows of the only table of a query have to fulfil, each by itself."""
    if parts.where is None or not isinstance(query, Select) or query.nested:
        return None
    if not isinstance(query.source, Table):
        return None
    changing = any(token.word in CHANGING for token in parts.within(parts.where))
    return None if changing else parts.where


def can_be_copied(tables: Iterable[Table], tokens: Sequence[Token]) -> bool:
    """Whether a query is about nothing that temporary tables lack: partitions, full-text search."""
    searches = any(one.word == b"match" and other.is_(b"(") for one, other in pairwise(tokens))
    return not searches and not any(table.partitioned for table in tables)
