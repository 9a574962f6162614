"""Expressions whose value is known without a server: literals, parameters, and exact arithmetic.

Source: MySQL Reference Manual, "Literal Values", "Character Set Introducers", "Arithmetic
Operators" and "Cast Functions and Operators". What a server rounds, cuts off or converts in a way
of its own is nothing that is known: then the value is ``None``, or its ``worth`` a ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from athena_g.parser.lexer import Cursor, Kind, NotUnderstood, Token
from athena_g.parser.statement import Operand, Span, Values
from athena_g.parser.text import Text, constant, negative

Worth = Callable[[Values], Any]
Conversion = Callable[[Any], Any]

MAX_DEPTH: Final = 20
"""Parentheses and signs within one another."""

_CONSTANTS: Final = {b"null": None, b"true": 1, b"false": 0}
# Character sets in which an ASCII text is the same bytes.
_INTRODUCERS: Final = frozenset(b"_ascii _latin1 _utf8 _utf8mb3 _utf8mb4".split())
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECONDS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_SIGNED: Final = range(-(1 << 63), 1 << 63)
_UNSIGNED: Final = range(1 << 64)


def operand(text: Text, read: Sequence[Token]) -> Operand | None:
    """The value of the expression of just these tokens, ``None`` where only a server has it."""
    if not read:
        return None
    span = Span(read[0].start, read[-1].end)
    if len(read) == 1:
        return _primary(text, read[0], span)
    if len(read) == 2 and read[0].is_(b"-") and read[1].kind is Kind.NUMBER:
        found = text.slot(Span(read[1].start, read[1].end), negative=True)
        return None if found is None else Operand(found.worth, span)
    try:
        return Operand(_Reader(text, read).whole(), span)
    except NotUnderstood:
        return None


def _primary(text: Text, token: Token, span: Span) -> Operand | None:
    if token.word in _CONSTANTS:
        return constant(_CONSTANTS[token.word], span)
    return text.slot(span)


class _Reader:
    """Reads one expression of exact arithmetic."""

    def __init__(self, text: Text, read: Sequence[Token]) -> None:
        self.text = text
        self.cursor = Cursor(list(read))
        self.depth = 0

    def whole(self) -> Worth:
        """How the value of all the tokens comes about."""
        found = self._sum()
        self.cursor.expect_end()
        return found

    def _sum(self) -> Worth:
        found = [(1, self._product())]
        while sign := self._sign():
            found.append((sign, self._product()))
        return found[0][1] if len(found) == 1 else summed(found)

    def _sign(self) -> int:
        return 1 if self.cursor.take(b"+") else -1 if self.cursor.take(b"-") else 0

    def _product(self) -> Worth:
        found = [self._factor()]
        while self.cursor.take(b"*"):
            found.append(self._factor())
        return found[0] if len(found) == 1 else multiplied(found)

    def _factor(self) -> Worth:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.cursor.refuse()
        sign = self._sign()
        if sign:
            found = converted(_number if sign > 0 else negative, self._factor())
        elif self.cursor.take(b"("):
            found = self._sum()
            self.cursor.expect(b")")
        else:
            found = self._cast() or self._literal()
        self.depth -= 1
        return found

    def _cast(self) -> Worth | None:
        """How the value of a CAST comes about; ``None``, nothing read, for anything else."""
        cursor, behind = self.cursor, self.cursor.peek(1)
        is_call = behind is not None and behind.is_(b"(")
        if not is_call or not cursor.take_words(b"cast"):
            return None
        cursor.expect(b"(")
        found = self._sum()
        if not cursor.take_words(b"as"):
            cursor.refuse()
        word = cursor.next().word
        conversion = CASTS.get(word)
        if conversion is None:
            cursor.refuse()
        if word in (b"signed", b"unsigned"):
            cursor.take_any(b"integer", b"int")
        cursor.expect(b")")
        return converted(conversion, found)

    def _literal(self) -> Worth:
        token = self.cursor.next()
        behind = self.cursor.peek()
        if behind is not None and behind.kind is Kind.STRING:
            return self._of_strings(token)
        found = _primary(self.text, token, Span(token.start, token.end))
        if found is None:
            self.cursor.refuse()
        return found.worth

    def _of_strings(self, first: Token) -> Worth:
        """How the value of several strings comes about, or of one with a word in front of it."""
        conversion = _WITH_STRING.get(first.word)
        strings = [] if conversion else [self._string(first)]
        while (token := self.cursor.peek()) is not None and token.kind is Kind.STRING:
            strings.append(self._string(self.cursor.next()))
        joined = _joined(strings)
        return converted(conversion, joined) if conversion else joined

    def _string(self, token: Token) -> Worth:
        found = self.text.slot(Span(token.start, token.end))
        if found is None or token.kind is not Kind.STRING:
            self.cursor.refuse()
        return found.worth


def converted(conversion: Conversion, worth: Worth) -> Worth:
    """What a value becomes; NULL stays NULL."""

    def value(values: Values) -> Any:
        before = worth(values)
        return None if before is None else conversion(before)

    return value


def _joined(strings: Sequence[Worth]) -> Worth:
    def value(values: Values) -> str:
        return "".join(_text(worth(values)) for worth in strings)

    return value


def summed(terms: Sequence[tuple[int, Worth]]) -> Worth:
    """The sum of integers, each with its sign; ValueError where it is no signed BIGINT."""

    def value(values: Values) -> int | None:
        total: int | None = 0
        for sign, worth in terms:
            term = _integer(worth(values))
            total = None if term is None or total is None else _in_range(total + sign * term)
        return total

    return value


def multiplied(factors: Sequence[Worth]) -> Worth:
    """The product of integers; ValueError where it is no signed BIGINT."""

    def value(values: Values) -> int | None:
        product: int | None = 1
        for worth in factors:
            factor = _integer(worth(values))
            product = None if factor is None or product is None else _in_range(product * factor)
        return product

    return value


def _integer(value: Any) -> int | None:
    """An operand of arithmetic that is computed with signed integers."""
    if value is None:
        return None
    if type(value) is not int:
        raise ValueError("not an integer")
    return _in_range(value)


def _in_range(value: int, allowed: range = _SIGNED) -> int:
    if value not in allowed:
        raise ValueError("out of range")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, int | Decimal | float):
        return value
    raise ValueError("not a number")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("not a text")
    return value


def _ascii(value: Any) -> str:
    if not _text(value).isascii():
        raise ValueError("not ASCII")
    return _text(value)


def _as_signed(value: Any, allowed: range = _SIGNED) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if type(value) is not int:
        raise ValueError("not an integer")
    return _in_range(value, allowed)


def _as_unsigned(value: Any) -> int:
    return _as_signed(value, _UNSIGNED)


def _as_char(value: Any) -> str:
    return str(value) if type(value) is int else _text(value)


def _as_date(value: Any) -> date:
    if type(value) is date:
        return value
    if not _DATE.fullmatch(_text(value)):
        raise ValueError("not a date")
    return date.fromisoformat(value)


def _as_datetime(value: Any) -> datetime:
    if not _SECONDS.fullmatch(_text(value)):
        raise ValueError("not a time")
    return datetime.fromisoformat(value)


CASTS: Final[dict[bytes, Conversion]] = {
    b"signed": _as_signed,
    b"unsigned": _as_unsigned,
    b"char": _as_char,
    b"date": _as_date,
}
_WITH_STRING: Final[dict[bytes, Conversion]] = {
    b"date": _as_date,
    b"timestamp": _as_datetime,
    **dict.fromkeys(_INTRODUCERS, _ascii),
}
