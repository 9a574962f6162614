"""The rows of VALUES, read by one regular expression each rather than token by token.

A row of nothing but literals and parameters is looked at once, to make sure of it; its values are
made when they are asked for. In any other row each value is cut out, and read by its tokens.

Source: MySQL Reference Manual, "INSERT Statement", "VALUES Statement" and "Literal Values".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Final, NamedTuple, overload

from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.operands import operand
from athena_g.parser.places import Queries, part, within
from athena_g.parser.statement import Column, Nested, Operand, Row, Span
from athena_g.parser.text import Reading, Text, constant

_SPACE = rb"[ \t\n\v\f\r]"
_COMMENT = rb"/\*(?!!|M!)(?s:.*?)\*/|\#[^\n]*+|--(?=[\x00-\x20\x7f]|\Z)[^\n]*+"
_GAP = rb"(?:%b++|%b)*+" % (_SPACE, _COMMENT)
_WHOLE = rb"(?![A-Za-z0-9_$\x80-\xff])"
_NUMBER = rb"(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?" + _WHOLE
_BITS = rb"[xX]'(?:[0-9a-fA-F]{2})*+'|0x[0-9a-fA-F]++%b|[bB]'[01]*+'|0b[01]++%b" % (
    *(_WHOLE, _WHOLE),
)
_WORD = rb"(?i:null|true|false|default)" + _WHOLE
_BACKQUOTED = rb"`[^`]*+(?:``[^`]*+)*+`"
# An expression that begins with such a word may have a value; what has a query or a table's name in
# it has a curious part.
_CALL = re.compile(
    _GAP + rb"(?!(?i:cast|date|timestamp|null|true|false)%b|[nNxXbB]')[A-Za-z$\x80-\xff]" % _WHOLE
)
_CURIOUS = re.compile(rb"\.|(?i:select|with|table)")
_CONSTANTS: Final = {b"null": None, b"true": 1, b"false": 0}


class _Patterns(NamedTuple):
    """How rows are cut: ``row`` is a plain one, ``item`` one of its values with what is before it.

    The groups of ``item`` and ``value`` are a sign, a literal or parameter, and a word. ``piece``
    ends behind a parenthesis or comma of an expression.
    """

    row: re.Pattern[bytes]
    item: re.Pattern[bytes]
    value: re.Pattern[bytes]
    piece: re.Pattern[bytes]


@cache
def _patterns(no_backslash_escapes: bool, ansi_quotes: bool) -> _Patterns:
    single = _quoted(b"'", not no_backslash_escapes)
    double = _quoted(b'"', not no_backslash_escapes and not ansi_quotes)
    string = rb"[nN]?+" + single + (rb"" if ansi_quotes else rb"|" + double)
    literal = rb"%b|%b|%b|\?" % (_NUMBER, string, _BITS)
    sign = rb"[-+]%b*+(?=[0-9.])" % _SPACE
    plain = rb"(?:%b)?+(?:%b|%b)" % (sign, literal, _WORD)
    value = rb"(%b)?+(?:(%b)|(%b))" % (sign, literal, _WORD)
    row = rb"\(%b%b%b(?:,%b%b%b)*+\)" % (_GAP, plain, _GAP, _GAP, plain, _GAP)
    quoted = rb"|".join((single, double, _BACKQUOTED, _COMMENT))
    piece = rb"(?:[A-Za-z0-9_$\x80-\xff \t\n\v\f\r@+*%%^&|~!<>=.:?{}\[\]]++|%b|/(?!\*)|-)*+([(),])"
    return _Patterns(
        row=re.compile(row),
        item=re.compile(rb"%b[(,]%b%b" % (_GAP, _GAP, value)),
        value=re.compile(_GAP + value + _GAP),
        piece=re.compile(piece % quoted),
    )


def _quoted(quote: bytes, escapes: bool) -> bytes:
    if escapes:
        return rb"%b[^%b\\]*+(?:(?:\\(?s:.)|%b%b)[^%b\\]*+)*+%b" % ((quote,) * 6)
    return rb"%b[^%b]*+(?:%b%b[^%b]*+)*+%b" % ((quote,) * 6)


_START = re.compile(rb"%b(?i:(row)%b)?+(\()%b(\))?+" % (_GAP, _GAP, _GAP))
_NEXT = re.compile(rb"%b," % _GAP)


def _patterns_of(reading: Reading) -> _Patterns:
    return _patterns(reading.no_backslash_escapes, reading.ansi_quotes)


class PlainValues(Sequence[Operand | None]):
    """The values of a row of literals and parameters, made each time that they are asked for."""

    __slots__ = ("_end", "_start", "_text")

    def __init__(self, text: Text, start: int, end: int) -> None:
        self._text, self._start, self._end = text, start, end

    def __len__(self) -> int:
        return sum(1 for _ in self._matches())

    @overload
    def __getitem__(self, index: int) -> Operand | None: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Operand | None]: ...
    def __getitem__(self, index: int | slice) -> Operand | Sequence[Operand | None] | None:
        if isinstance(index, slice):
            return [_value(self._text, each) for each in list(self._matches())[index]]
        if index < 0:
            return _value(self._text, list(self._matches())[index])
        found = next(islice(self._matches(), index, None), None)
        if found is None:
            raise IndexError(index)
        return _value(self._text, found)

    def __iter__(self) -> Iterator[Operand | None]:
        return (_value(self._text, each) for each in self._matches())

    def _matches(self) -> Iterator[re.Match[bytes]]:
        pattern = _patterns_of(self._text.reading).item
        return pattern.finditer(self._text.data, self._start, self._end)


class MixedValues(Sequence[Operand | None]):
    """The values of any row; the one at ``i`` is in front of the mark before ``places[i + 1]``."""

    __slots__ = ("_places", "_text")

    def __init__(self, text: Text, places: Sequence[int]) -> None:
        self._text, self._places = text, places

    def __len__(self) -> int:
        return len(self._places) - 1

    @overload
    def __getitem__(self, index: int) -> Operand | None: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Operand | None]: ...
    def __getitem__(self, index: int | slice) -> Operand | Sequence[Operand | None] | None:
        if isinstance(index, slice):
            return [self[each] for each in range(len(self))[index]]
        place = range(len(self))[index]
        span = Span(self._places[place], self._places[place + 1] - 1)
        plain = _patterns_of(self._text.reading).value.fullmatch(self._text.data, *span)
        if plain is not None:
            return _value(self._text, plain)
        return operand(self._text, part(self._text, *span))


def _value(text: Text, match: re.Match[bytes]) -> Operand | None:
    """The value of an item of a row."""
    sign, literal, word = match.groups()
    if literal is None:
        span = Span(*match.span(3))
        return constant(_CONSTANTS[word.lower()], span) if word.lower() in _CONSTANTS else None
    found = text.slot(Span(*match.span(2)), negative=bool(sign) and sign[:1] == b"-")
    if found is None or not sign:
        return found
    return Operand(found.worth, Span(match.start(1), match.end(2)))


@dataclass
class Rows:
    """What was read of VALUES: its rows, where it ends, and what stands within its expressions."""

    rows: list[Row] = field(default_factory=list)
    end: int = 0
    nested: list[Nested] = field(default_factory=list)
    qualifiers: list[Column] = field(default_factory=list)


def rows(text: Text, start: int, queries: Queries) -> Rows:
    """The rows that begin at ``start``, behind the word VALUES; linear in their length.

    Raises :class:`~athena_g.parser.lexer.NotUnderstood` for what is no list of rows.
    """
    return _Reader(text, queries).rows(start)


class _Reader:
    """Reads one list of rows; ``silent`` are expressions that have nothing in them."""

    def __init__(self, text: Text, queries: Queries) -> None:
        self.text = text
        self.queries = queries
        self.patterns = _patterns_of(text.reading)
        self.silent: set[bytes] = set()
        self.found = Rows()

    def rows(self, start: int) -> Rows:
        data, end = self.text.data, start
        while True:
            end = self._row(end)
            behind = _NEXT.match(data, end)
            if behind is None:
                self.found.end = end
                return self.found
            end = behind.end()

    def _row(self, place: int) -> int:
        """Read a row; where it ends."""
        data = self.text.data
        opening = _START.match(data, place)
        if opening is None:
            raise NotUnderstood
        start = opening.start(2 if opening[1] is None else 1)
        values: Sequence[Operand | None] = ()
        if opening[3] is not None:
            end = opening.end()
        elif (plain := self.patterns.row.match(data, opening.start(2))) is not None:
            end = plain.end()
            values = PlainValues(self.text, opening.start(2), end)
        else:
            places = self._expressions(opening.end())
            values = MixedValues(self.text, places)
            end = places[-1]
        self.found.rows.append(Row(Span(start, end), values))
        return end

    def _expressions(self, place: int) -> tuple[int, ...]:
        """Where the values of a row begin, and at last, where the row ends."""
        data, match = self.text.data, self.patterns.piece.match
        found, depth = [place], 0
        while (piece := match(data, place)) is not None:
            place = piece.end()
            mark = piece[1]
            if mark == b"(":
                depth += 1
            elif depth == 0:
                self._look_at(found[-1], place - 1)
                found.append(place)
                if mark == b")":
                    return tuple(found)
            elif mark == b")":
                depth -= 1
        raise NotUnderstood

    def _look_at(self, start: int, end: int) -> None:
        """Make sure of an expression, and note what is in it."""
        if self.patterns.value.fullmatch(self.text.data, start, end):
            return
        data = self.text.data[start:end]
        if data in self.silent or (_CALL.match(data) and not _CURIOUS.search(data)):
            return
        read = part(self.text, start, end)
        if not read:
            raise NotUnderstood
        nested, qualifiers = within(self.text, read, self.queries)
        self.found.nested += nested
        self.found.qualifiers += qualifiers
        if not nested and not qualifiers:
            self.silent.add(data)
