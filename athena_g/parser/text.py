"""A statement's text as the analysis reads it: tokens, and which literals stand where."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Final

from athena_g.parser.lexer import Kind, NotUnderstood, Token, patterns, tokens
from athena_g.parser.statement import Operand, Span, Values


@dataclass(frozen=True, slots=True)
class Reading:
    """How a text is to be read: its character set, and what sql_mode says of quotes."""

    codec: str = "utf_8"
    ansi_quotes: bool = False
    no_backslash_escapes: bool = False
    pipes_as_concat: bool = False


DEFAULT_READING: Final = Reading()


@dataclass(frozen=True, eq=False)
class Text:
    """One statement: ``data``, its ``tokens``, and the number that each literal has by its place.

    ``slots`` tells for the offset at which a literal or a parameter begins where its value is among
    the `Values` of an execution: literals first, then parameters, each in the text's order.
    """

    data: bytes
    reading: Reading = DEFAULT_READING
    tokens: Sequence[Token] = ()
    slots: dict[int, int] = field(default_factory=dict)
    parameters: int = 0

    def name(self, token: Token) -> str | None:
        """The name that a token stands for, ``None`` when it is none."""
        found = token.identifier
        return None if found is None else found.decode(self.reading.codec, "replace")

    def marks(self, literals: int) -> list[int]:
        """Where the parameters of a text are that has so many literals."""
        return sorted(place for place, index in self.slots.items() if index >= literals)

    def slot(self, span: Span, *, negative: bool = False) -> Operand | None:
        """The literal or the parameter at ``span``, ``None`` when there is none."""
        index = self.slots.get(span.start)
        if index is None:
            return None
        if negative:
            return Operand(_negated(index), span)
        return Operand(_at(index), span, index)


def read(data: bytes, literals: Sequence[tuple[int, int]], reading: Reading) -> Text:
    """The text of a statement whose literals are at ``literals``: start and end of each.

    Raises :class:`~athena_g.parser.lexer.NotUnderstood` for one that cannot be cut into tokens.
    """
    cut = tokens(
        data,
        0,
        no_backslash_escapes=reading.no_backslash_escapes,
        ansi_quotes=reading.ansi_quotes,
    )
    slots = {start: index for index, (start, _) in enumerate(literals)}
    marks = [token.start for token in cut if token.kind is Kind.PUNCTUATION and token.text == b"?"]
    slots.update((start, len(literals) + number) for number, start in enumerate(marks))
    return Text(data, reading, cut, slots, len(marks))


def read_long(data: bytes, literals: Sequence[tuple[int, int]], reading: Reading) -> Text:
    """The same without its tokens, for a text that has more of them than are looked at.

    It suffices for those who cut a text themselves. Linear in its length; raises
    :class:`~athena_g.parser.lexer.NotUnderstood` as `read` does.
    """
    pattern = _mark(reading.no_backslash_escapes, reading.ansi_quotes)
    slots = {start: index for index, (start, _) in enumerate(literals)}
    place, number = 0, 0
    while (found := pattern.match(data, place)) is not None and found[1] is not None:
        place = found.end()
        slots[place - 1] = len(literals) + number
        number += 1
    if found is None or found.end() < len(data):
        raise NotUnderstood
    return Text(data, reading, (), slots, number)


@cache
def _mark(no_backslash_escapes: bool, ansi_quotes: bool) -> re.Pattern[bytes]:
    """The pattern of all up to the next parameter, or to the end."""
    quoted = patterns(no_backslash_escapes, ansi_quotes).quoted
    return re.compile(rb"(?:[^?'\"`/#-]++|%b|/(?!\*)|-)*+(\?)?+" % quoted)


def constant(value: Any, span: Span) -> Operand:
    """A value that is always the same: NULL, TRUE."""
    return Operand(lambda _: value, span)


def _at(index: int) -> Any:
    return lambda values: values[index]


def _negated(index: int) -> Any:
    return lambda values: negative(values[index])


def negative(value: Any) -> Any:
    """``-value`` as MySQL computes it for numbers; ValueError for what is no number."""
    if value is None:
        return None
    if isinstance(value, int | Decimal | float):
        return -value
    raise ValueError("not a number")


def nothing(_: Values) -> Any:
    """The worth of what only a server can compute."""
    raise ValueError("only a server can compute it")
