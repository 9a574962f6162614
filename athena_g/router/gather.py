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

from athena_g.parser.clauses import Clauses, Definition, definitions, name_of
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
    Use,
)
from athena_g.router.compose import Composed, Original, Piece
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
    tokens: Sequence[Token],
) -> Gather:
    """How a surveyed query is answered; ``where`` is a condition on its only table.

    ``names_of_outputs`` are those that outputs have only because of tables' names in them.
    """
    writer = _Writer(statement, survey, original, codec, names_of_outputs)
    whole = writer.whole(definitions(tokens))
    condition = None if where is None else Composed(original, [where])
    tables = [
        _gathered(span, name, statement.tables, survey, condition) for span, name in writer.names
    ]
    counts = isinstance(query, Select) and query.calculates_found_rows
    return Gather(tuple(tables), whole, counts)


class _Writer:
    """Writes the text for the server that gets all rows; ``names`` are those of its tables.

    They are there once for each place that names a sharded table, and once more for each further
    use of a common table expression: MySQL reads a temporary table once in a query.
    """

    def __init__(
        self,
        statement: Statement,
        survey: Survey,
        original: Original,
        codec: str,
        names_of_outputs: Sequence[Edit],
    ) -> None:
        self._statement, self._survey, self._original = statement, survey, original
        self._codec = codec
        self._outputs = names_of_outputs
        self.names: list[tuple[Span, str]] = []
        sharded = (t.span for t in statement.tables if survey.rule_of(t) is not None)
        self._spans = list(dict.fromkeys(sharded))

    def whole(self, defined: Sequence[Definition]) -> Composed:
        """The client's text, with copies of common table expressions behind them."""
        changes = self._edits(self._spans)
        pieces: list[Piece] = []
        at = 0
        for each in defined:
            copies = list(self._copies(each, defined))
            if copies:
                pieces.append(Span(at, each.end))
                at = each.end
            for number, use in enumerate(copies):
                name = quoted(f"athena with {number + 2} {use.name}", self._codec)
                columns: list[Piece] = [] if each.columns is None else [each.columns]
                pieces += (b", " + name, *columns, b" AS (", self._copy(each), b")")
                alias = b"" if use.aliased else b" AS " + quoted(use.name, self._codec)
                changes.append(Edit(use.span, _constant(name + alias)))
        changes += self._outputs
        pieces.append(Span(at, len(self._original.text)))
        return Composed(self._original.with_edits(changes), pieces)

    def _copies(self, defined: Definition, among: Sequence[Definition]) -> Iterator[Use]:
        """The uses of a common table expression behind the first one that need a copy of it."""
        queries = [each.query for each in among]
        uses = list(dict.fromkeys(self._statement.uses))
        named = name_of(defined.name)
        own = [use for use in uses if use.name.lower().encode() == named]
        outside = [use for use in uses if not any(_is_in(use.span, query) for query in queries)]
        nested = any(_is_in(use.span, defined.query) for use in uses)
        has_rows = any(_is_in(span, defined.query) for span in self._spans)
        once = defined.words & CHANGING or (
            b"limit" in defined.words and b"order" not in defined.words
        )
        if has_rows and not nested and not once and all(use in outside for use in own):
            yield from own[1:]

    def _copy(self, defined: Definition) -> Composed:
        spans = [span for span in self._spans if _is_in(span, defined.query)]
        return Composed(self._original.with_edits(self._edits(spans)), [defined.query])

    def _edits(self, spans: Sequence[Span]) -> list[Edit]:
        """What is written differently where tables at these places have rows of their own."""
        names = {}
        for span in spans:
            names[span] = NAME.format(len(self.names) + 1)
            self.names.append((span, names[span]))

        def written(table: Table, _: Rule) -> Callable[[int], bytes]:
            return _constant(quoted(names.get(table.span, ""), self._codec))

        survey = self._survey
        return edits(self._statement, survey.rule_of, survey.is_own, self._codec, written=written)


def _is_in(span: Span, other: Span) -> bool:
    return other.start <= span.start and span.end <= other.end


def _constant(text: bytes) -> Callable[[int], bytes]:
    return lambda _: text


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
