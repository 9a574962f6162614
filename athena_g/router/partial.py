"""GROUP BY, aggregates and DISTINCT over several shards: each makes groups of its own rows.

What a shard gives of its groups (`Partial.partial`) is put together by one server, which runs the
rest of the client's text over it (`Partial.final`): there an aggregate stands for one over the
shards' values of it, and what is grouped by for a column. Functions that cannot be put together
from values of parts are not among them: their rows have to meet.

Source: MySQL Reference Manual, "Aggregate Function Descriptions", "MySQL Handling of GROUP BY".
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from athena_g.parser.clauses import Clauses, Term, name_of
from athena_g.parser.lexer import Kind, Token
from athena_g.parser.statement import Select, Span, Table
from athena_g.router.compose import Composed, Original, Piece
from athena_g.router.ordering import CHANGING
from athena_g.router.rewrite import Edit

TABLE: Final = b"`athena groups`"
"""The table that has the groups of all shards."""
MAX_SHOWN: Final = 16
"""Sets of definitions that are kept of one query."""
MAX_COLUMNS: Final = 500
"""Columns that a shard is asked for."""

_FOLDED: Final = frozenset(
    (b"sum", b"min", b"max", b"bit_and", b"bit_or", b"bit_xor", b"any_value")
)
"""Aggregates that are their own over values of parts."""
_OTHERS: Final = frozenset(
    b"std stddev stddev_pop stddev_samp variance var_pop var_samp group_concat json_arrayagg "
    b"json_objectagg st_collect json_array_agg percentile_cont percentile_disc median".split()
)
"""Aggregates that need all rows."""

_LITERALS: Final = frozenset((Kind.NUMBER, Kind.STRING, Kind.HEX))

Names = Callable[[Table], Sequence[str] | None]
"""The columns of a table, if they are known."""


class NotPartial(Exception):
    """The groups of shards cannot be put together, or it is not sure how."""


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """How a query is answered from the groups of the shards.

    ``counts``: FOUND_ROWS() is to tell of all rows, not of those that LIMIT leaves. ``fixed`` are
    places whose literals have to be the same in other texts of the same shape. ``shaping`` is the
    part of the text that decides about the columns that clients get, ``shown`` are the definitions
    of these, by what they depend on, each with those that shards give.
    """

    partial: Composed
    final: Composed
    columns: tuple[bytes, ...]
    counts: bool = False
    fixed: tuple[Span, ...] = ()
    shaping: Composed | None = None
    shown: dict[Hashable, tuple[list[bytes], list[bytes]]] = field(default_factory=dict)

    def show(self, key: Hashable, columns: list[bytes], shown: list[bytes]) -> None:
        """Keep the definitions of columns."""
        if len(self.shown) >= MAX_SHOWN:
            self.shown.clear()
        self.shown[key] = (columns, shown)


def partial(
    select: Select, parts: Clauses, columns: Sequence[Span], original: Original, names: Names
) -> Partial | None:
    """How a query is answered that makes groups; ``columns`` are the places that name some.

    ``None`` where that cannot be done for sure.
    """
    if b"/*+" in original.text:  # a hint would be lost
        return None
    try:
        if select.group or select.aggregates:
            return _Grouping(select, parts, columns, original, names).partial()
        if select.distinct and not select.partitions:
            return _distinct(select, parts, original)
    except NotPartial:
        return None
    return None


# -- DISTINCT ----------------------------------------------------------------------------------


def _distinct(select: Select, parts: Clauses, original: Original) -> Partial:
    """Rows that are different: those that each shard has, made different again."""
    if any(output.star or output.any_name for output in select.outputs) or select.having:
        raise NotPartial
    if any(_is_other(term.tokens) for term in parts.outputs):
        raise NotPartial
    columns = [b"`athena %d`" % (number + 1) for number in range(len(parts.outputs))]
    order = []
    for term in parts.order:
        place = _which(term, parts)
        way = b" DESC" if term.descending else b""
        order.append(columns[place] + way)
    pieces: list[Piece] = [Span(0, parts.start), b"SELECT DISTINCT "]
    for number, (term, column) in enumerate(zip(parts.outputs, columns, strict=True)):
        pieces += (b", " if number else b"", term.span, b" AS " + column)
    asked = Composed(original, [*pieces, *_rows(parts)])
    counting = b"SQL_CALC_FOUND_ROWS " if select.calculates_found_rows else b""
    said = (counting, b", ".join(columns), TABLE)
    final: list[Piece] = [b"SELECT DISTINCT %b%b FROM %b" % said]
    if order:
        final.append(b" ORDER BY " + b", ".join(order))
    if parts.limit is not None:
        final += (b" ", parts.limit)
    whole = Composed(original, final)
    shaping = _shaping(parts, original)
    return Partial(asked, whole, tuple(columns), select.calculates_found_rows, (), shaping)


def _shaping(parts: Clauses, original: Original) -> Composed:
    """What decides about the columns of a query: all of it but its WHERE and its LIMIT."""
    ends = [span for span in (parts.where, parts.limit) if span is not None]
    pieces: list[Piece] = []
    at = 0
    for start, end in sorted(ends):
        pieces.append(Span(at, start))
        at = end
    return Composed(original, [*pieces, Span(at, len(original.text))])


def _which(term: Term, parts: Clauses) -> int:
    """Which output a term of ORDER BY is."""
    only = term.tokens[0] if len(term.tokens) == 1 else None
    if only is not None and only.kind is Kind.NUMBER:
        place = int(only.text) - 1 if only.text.isdigit() else -1
        if 0 <= place < len(parts.outputs):
            return place
        raise NotPartial
    if _has_literal(term.tokens):  # it may be another one in the next text of the same shape
        raise NotPartial
    found = [
        place
        for place, output in enumerate(parts.outputs)
        if (only is not None and output.called == name_of(only))
        or (output.alias is None and _said(output.tokens) == _said(term.tokens))
    ]
    if len(found) != 1:
        raise NotPartial
    return found[0]


def _rows(parts: Clauses) -> Iterator[Piece]:
    """What the rows come from."""
    if parts.source is not None:
        yield from (b" ", parts.source)
    if parts.where is not None:
        yield from (b" WHERE ", parts.where)


# -- GROUP BY ----------------------------------------------------------------------------------


class _Grouping:
    """Puts one query together from its groups."""

    def __init__(
        self,
        select: Select,
        parts: Clauses,
        columns: Sequence[Span],
        original: Original,
        names: Names,
    ) -> None:
        odd = any(output.star or output.any_name for output in select.outputs)
        if select.distinct and select.having:  # servers take DISTINCT before HAVING at times
            raise NotPartial
        if odd or select.nested or parts.source is None or parts.has_odd_names:
            raise NotPartial
        self._select, self._parts, self._original = select, parts, original
        self._columns, self._names = columns, names
        self._asked: list[tuple[Piece, ...]] = []
        self._known: dict[tuple[object, ...], bytes] = {}
        self._groups: list[tuple[Term, bytes]] = []
        self._edits: list[Edit] = []

    def partial(self) -> Partial:
        """What the shards are asked, and what is made of it."""
        parts = self._parts
        for term in parts.group:
            meant = self._grouped(term)
            self._groups.append((meant, self._ask((meant.span,), b"group", _said(meant.tokens))))
        if parts.rollup is not None and len(self._asked) < len(self._groups):
            raise NotPartial  # of what is there twice only one would be NULL
        distinct = [each for each in self._calls() if self._is_distinct(each)]
        for call in distinct:
            self._distinct(call)
        grouped = len(self._asked)
        for call in self._calls():
            if not self._is_distinct(call):
                self._fold(call)
        if len(self._asked) > MAX_COLUMNS or not self._asked:
            raise NotPartial
        self._rename()
        return Partial(
            self._partial_text(grouped),
            self._final_text(),
            tuple(_column(number) for number in range(len(self._asked))),
            self._select.calculates_found_rows,
            tuple(self._fixed()),
            _shaping(self._parts, self._original),
        )

    def _fixed(self) -> Iterator[Span]:
        """Where it matters what the literals are: what is grouped by, and the same in outputs."""
        if any(_has_literal(term.tokens) for term, _ in self._groups):
            yield from (term.span for term, _ in self._groups)
            yield from (edit.span for edit in self._edits)

    def _ask(self, pieces: Sequence[Piece], *key: object) -> bytes:
        """Have the shards give a value; the column in which it comes."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _column(len(self._asked))
            self._asked.append(tuple(pieces))
        return found

    # -- what is grouped by ------------------------------------------------------------------------

    def _grouped(self, term: Term) -> Term:
        """The expression that a term of GROUP BY is."""
        only = term.tokens[0] if len(term.tokens) == 1 else None
        if only is not None and only.kind is Kind.NUMBER:
            place = int(only.text) - 1 if only.text.isdigit() else -1
            if not 0 <= place < len(self._parts.outputs):
                raise NotPartial
            meant = self._parts.outputs[place]
        elif only is not None:
            meant = self._called(only, term)
        else:
            meant = term
            self._refuse_aliases(term)
        if _has_aggregate(meant.tokens) or _is_other(meant.tokens) or not self._has_column(meant):
            raise NotPartial
        if any(token.is_(b"?") for token in meant.tokens):
            raise NotPartial
        return meant

    def _called(self, token: Token, term: Term) -> Term:
        """What a name in GROUP BY is: a column of the tables comes before an output's alias."""
        name = name_of(token)
        if not name:
            raise NotPartial
        given = [each for each in self._parts.outputs if each.alias and each.called == name]
        if not given:
            return term
        if len(given) > 1 or self._is_column(name):
            raise NotPartial
        return given[0]

    def _is_column(self, name: bytes) -> bool:
        """Whether a table has such a column; also where that is not known."""
        source = self._select.source
        if not isinstance(source, Table):
            return True
        names = self._names(source)
        if names is None:
            return True
        return name in (each.lower().encode() for each in names)

    def _refuse_aliases(self, term: Term) -> None:
        aliases = {each.called for each in self._parts.outputs if each.alias is not None}
        if any(name_of(token) in aliases for token in term.tokens):
            raise NotPartial

    def _has_column(self, term: Term) -> bool:
        return any(
            term.span.start <= each.start and each.end <= term.span.end for each in self._columns
        )

    # -- aggregates --------------------------------------------------------------------------------

    def _regions(self) -> Iterator[Sequence[Token]]:
        """The tokens of what is made of groups."""
        parts = self._parts
        for output in parts.outputs:
            yield output.tokens
        for span in (parts.having, parts.window):
            if span is not None:
                yield parts.within(span)
        for term in parts.order:
            yield term.tokens

    def _calls(self) -> Iterator[Sequence[Token]]:
        """The aggregates, each with its parentheses."""
        for tokens in self._regions():
            place = 0
            while place < len(tokens):
                end = _call_end(tokens, place)
                if end and _is_other(tokens[place : place + 1]):
                    raise NotPartial
                if end and _is_aggregate(tokens[place]) and not _is_window(tokens, end):
                    yield tokens[place:end]
                    place = end
                else:
                    place += 1

    @staticmethod
    def _is_distinct(call: Sequence[Token]) -> bool:
        return call[2].word in (b"distinct", b"distinctrow")

    def _distinct(self, call: Sequence[Token]) -> None:
        """Have an aggregate's different values be among what shards group by."""
        function = call[0].word
        if function not in (b"count", b"sum", b"avg", b"min", b"max"):
            raise NotPartial
        columns = []
        for tokens in _arguments(call[3:-1]):
            if not tokens or _is_other(tokens):
                raise NotPartial
            span = Span(tokens[0].start, tokens[-1].end)
            columns.append(self._ask((span,), b"group", _key(tokens)))
        if not columns or (len(columns) > 1 and function != b"count"):
            raise NotPartial
        self._replace(call, b"%b(DISTINCT %b)" % (function.upper(), b", ".join(columns)))

    def _fold(self, call: Sequence[Token]) -> None:
        """Have an aggregate be made of those of parts."""
        function, said = call[0].word, _key(call)
        inner = Span(call[1].end, call[-1].start)
        whole = Span(call[0].start, call[-1].end)
        if len(call) < 4 or any(_is_other((token,)) for token in call[2:-1]):
            raise NotPartial
        if call[2].word == b"all":
            inner, said = Span(call[2].end, call[-1].start), (said[0], b"(", *said[3:])
        if function == b"count":
            column = self._ask((b"COUNT(", inner, b")"), said)
            self._replace(call, b"CAST(IFNULL(SUM(%b), 0) AS SIGNED)" % column)
        elif function == b"avg":
            if not any(
                len(each.tokens) == len(call) and each.tokens[0] is call[0]
                for each in self._alone()
            ):
                raise NotPartial  # within an expression it has more digits than a division
            total = self._ask((b"SUM(", inner, b")"), (b"sum", *said[1:]))
            count = self._ask((b"COUNT(", inner, b")"), (b"count", *said[1:]))
            self._replace(call, b"(SUM(%b) / SUM(%b))" % (total, count))
        else:
            column = self._ask((whole,), said)
            self._replace(call, b"%b(%b)" % (function.upper(), column))

    def _alone(self) -> Sequence[Term]:
        """The expressions of which a server shows, or compares, the digits that they have."""
        return (*self._parts.outputs, *self._parts.order)

    def _replace(self, tokens: Sequence[Token], written: bytes) -> None:
        span = Span(tokens[0].start, tokens[-1].end)
        self._edits.append(Edit(span, lambda _: written))

    # -- what is left of the text ------------------------------------------------------------------

    def _rename(self) -> None:
        """Have what is grouped by stand as a column; raises where other columns are left."""
        aliases = {each.called for each in self._parts.outputs if each.alias is not None}
        self._refuse_ambiguous()
        ordered = {id(term.tokens) for term in self._parts.order}
        for tokens in self._regions():
            only = name_of(tokens[0]) if len(tokens) == 1 else b""
            if id(tokens) in ordered and only in aliases:
                continue
            self._rename_in(tokens)
            alone = len(tokens) == 1 and id(tokens) in ordered
            for column in self._columns_in(tokens):
                self._account_for(column, aliases, alone=alone)

    def _refuse_ambiguous(self) -> None:
        """Raise for a name in HAVING that is grouped by and the alias of something else."""
        grouped = {term.called for term, _ in self._groups if term.alias is None}
        given = {
            each.called
            for each in self._parts.outputs
            if each.alias is not None and name_of(each.tokens[-1]) != each.called
        }
        tokens = () if self._parts.having is None else self._parts.within(self._parts.having)
        if any(name_of(token) in grouped & given - {b""} for token in tokens):
            raise NotPartial

    def _columns_in(self, tokens: Sequence[Token]) -> Iterator[Span]:
        """The names of columns among tokens that nothing else stands for."""
        for column in self._columns:
            if tokens and tokens[0].start <= column.start < tokens[-1].end:
                within = (edit.span for edit in self._edits)
                if not any(e.start <= column.start and column.end <= e.end for e in within):
                    yield column

    def _rename_in(self, tokens: Sequence[Token]) -> None:
        """Put columns in place of what is grouped by."""
        for term, column in self._groups:
            for place in range(len(tokens)):
                found = tokens[place : place + len(term.tokens)]
                if _said(found) != _said(term.tokens) or self._is_replaced(found):
                    continue
                if _is_whole(tokens, place, len(found)) or self._is_plain(found):
                    self._replace(found, column)
        if not isinstance(self._select.source, Table):
            return
        plain = ((t.tokens, column) for t, column in self._groups if self._is_plain(t.tokens))
        named = {_said(of)[-1]: column for of, column in plain}
        for span in list(self._columns_in(tokens)):
            written = named.get(_said(self._parts.within(span))[-1])
            if written is not None:
                self._replace(self._parts.within(span), written)

    def _is_replaced(self, tokens: Sequence[Token]) -> bool:
        start, end = tokens[0].start, tokens[-1].end
        return any(each.span.start < end and start < each.span.end for each in self._edits)

    def _is_plain(self, tokens: Sequence[Token]) -> bool:
        """Whether tokens are the name of a column."""
        return Span(tokens[0].start, tokens[-1].end) in self._columns

    def _account_for(self, column: Span, aliases: set[bytes], *, alone: bool) -> None:
        """Make sure that a column's name is an alias that is no column's."""
        tokens = self._parts.within(column)
        name = name_of(tokens[0]) if len(tokens) == 1 else b""
        having = self._parts.having
        in_having = having is not None and having.start <= column.start < having.end
        if name not in aliases or not (alone or in_having or not self._is_column(name)):
            raise NotPartial

    def _partial_text(self, grouped: int) -> Composed:
        pieces: list[Piece] = [Span(0, self._parts.start), b"SELECT "]
        for number, asked in enumerate(self._asked):
            pieces += (b", " if number else b"", *asked, b" AS " + _column(number))
        pieces += _rows(self._parts)
        if grouped:
            numbers = b", ".join(b"%d" % (number + 1) for number in range(grouped))
            pieces.append(b" GROUP BY " + numbers)
        return Composed(self._original, pieces)

    def _final_text(self) -> Composed:
        parts = self._parts
        pieces: list[Piece] = [b"SELECT DISTINCT " if self._select.distinct else b"SELECT "]
        if self._select.calculates_found_rows:
            pieces.append(b"SQL_CALC_FOUND_ROWS ")
        first = parts.outputs[0].span.start
        pieces += (Span(first, parts.behind), b" FROM " + TABLE)
        if self._groups:
            pieces.append(b" GROUP BY " + b", ".join(column for _, column in self._groups))
            pieces.append(b" WITH ROLLUP" if parts.rollup is not None else b"")
        if parts.having is not None:
            pieces += (b" HAVING ", parts.having)
        for span in (parts.window, parts.ordered, parts.limit):
            if span is not None:
                pieces += (b" ", span)
        return Composed(self._original.with_edits(self._edits), pieces)


def _column(number: int) -> bytes:
    return b"`athena %d`" % (number + 1)


def _said(tokens: Sequence[Token]) -> tuple[bytes, ...]:
    """What tokens say: names and words in one case of letters, without quotes."""
    return tuple(name_of(token) or token.text for token in tokens)


def _has_literal(tokens: Sequence[Token]) -> bool:
    return any(token.kind in _LITERALS or token.is_(b"?") for token in tokens)


def _key(tokens: Sequence[Token]) -> tuple[bytes, ...]:
    """By what an expression is known; two with literals may differ in the next text."""
    place = (b"%d" % tokens[0].start,) if _has_literal(tokens) else ()
    return _said(tokens) + place


def _is_other(tokens: Sequence[Token]) -> bool:
    return any(token.word in _OTHERS or token.word in CHANGING for token in tokens)


def _is_aggregate(token: Token) -> bool:
    return token.word in _FOLDED or token.word in (b"count", b"avg")


def _has_aggregate(tokens: Sequence[Token]) -> bool:
    return any(
        _is_aggregate(token) and _call_end(tokens, place) > 0 for place, token in enumerate(tokens)
    )


def _is_window(tokens: Sequence[Token], end: int) -> bool:
    return end < len(tokens) and tokens[end].word == b"over"


def _is_whole(tokens: Sequence[Token], place: int, size: int) -> bool:
    """Whether tokens among others are an expression for sure: all of them, or a call."""
    if size == len(tokens):
        return True
    before = tokens[place - 1] if place else None
    if before is not None and before.is_(b"."):
        return False
    return size > 1 and _call_end(tokens, place) == place + size


def _call_end(tokens: Sequence[Token], place: int) -> int:
    """Behind the parentheses of a function's call that begins at a place; 0: none does."""
    if place + 1 >= len(tokens) or not tokens[place + 1].is_(b"("):
        return 0
    depth = 0
    for end in range(place + 1, len(tokens)):
        if tokens[end].is_(b"("):
            depth += 1
        elif tokens[end].is_(b")"):
            depth -= 1
            if not depth:
                return end + 1
    return 0


def _arguments(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """What stands between commas."""
    depth = start = 0
    for place, token in enumerate(tokens):
        if token.is_(b"("):
            depth += 1
        elif token.is_(b")"):
            depth -= 1
        elif token.is_(b",") and not depth:
            yield tokens[start:place]
            start = place + 1
    yield tokens[start:]
