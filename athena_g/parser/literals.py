"""The values that literals stand for.

Source: MySQL Reference Manual, "Literal Values". What it leaves open was tried on MySQL 9.7 and
MariaDB 10.11: a whole number that no BIGINT UNSIGNED holds is a decimal; a decimal is kept as it is
written up to 65 digits at least; the bytes of ``N'...'`` are UTF-8 in every client character set.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from math import isinf
from typing import Self, TypeAlias

from athena_g.parser import lexer


class Hex(bytes):
    """The bytes of a hex or bit literal, which is a number where a number is wanted.

    ``numeric`` is False for ``x'41'``, which is a number for MySQL and a string for MariaDB.
    """

    numeric: bool

    def __new__(cls, content: bytes, *, numeric: bool = True) -> Self:
        made = super().__new__(cls, content)
        made.numeric = numeric
        return made

    @property
    def number(self) -> int | None:
        """The number it is, ``None`` where servers differ, as they do beyond 64 bits."""
        if not self.numeric or len(self.lstrip(b"\0")) > MAX_NUMBER_BYTES:
            return None
        return int.from_bytes(self, "big")


Value: TypeAlias = int | Decimal | float | str | Hex

MAX_NUMBER_BYTES = 8
"""Bytes of a hex literal that has a number."""
MAX_INTEGER = (1 << 64) - 1
"""The largest literal that is an integer; larger ones are decimals."""
MAX_DIGITS = 65
"""Digits of a decimal that is surely kept as it is written."""

_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a"}
_ESCAPES |= {"%": "\\%", "_": "\\_"}
_ESCAPE = re.compile(r"\\(.)|''|\"\"", re.DOTALL)
# The codecs in which a backslash may be the second byte of a character.
_AMBIGUOUS = frozenset(("big5", "cp932", "gb18030", "gbk", "shift_jis"))


def value_of(literal: bytes, codec: str, *, no_backslash_escapes: bool = False) -> Value:
    """The value of a literal as a statement's shape has it; ``codec`` is that of the client's text.

    ValueError for what is no literal, what no server takes (``1e999``), and what servers take for
    different values.
    """
    if literal.isdigit():
        return _integer(literal)
    form = _forms(no_backslash_escapes).fullmatch(literal)
    if form is None:
        raise ValueError("not a literal")
    if form.lastgroup == "string":
        return _string(literal, codec, not no_backslash_escapes)
    return _READERS[form.lastgroup or ""](literal)


@cache
def _forms(no_backslash_escapes: bool) -> re.Pattern[bytes]:
    """The forms of literals other than whole numbers, each a group."""
    single = lexer.in_quotes(b"'", not no_backslash_escapes)
    double = lexer.in_quotes(b'"', not no_backslash_escapes)
    string = rb"(?P<string>[nN]?%b|%b)" % (single, double)
    numbers = rb"(?P<decimal>(?=..)[0-9]*+\.[0-9]*+)|(?P<float>[0-9.]++[eE][+-]?[0-9]++)"
    bits = rb"(?P<hex>[xX]'[0-9a-fA-F]*+'|0x[0-9a-fA-F]++)|(?P<bits>[bB]'[01]*+'|0b[01]++)"
    return re.compile(rb"|".join((string, numbers, bits)))


def _integer(literal: bytes) -> int | Decimal:
    digits = literal.lstrip(b"0") or b"0"
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number of more digits than a server keeps")
    value = int(digits)
    return value if value <= MAX_INTEGER else Decimal(value)


def _decimal(literal: bytes) -> Decimal:
    if len(literal.lstrip(b"0")) - 1 > MAX_DIGITS:
        raise ValueError("a number of more digits than a server keeps")
    return Decimal(literal.decode("ascii"))


def _float(literal: bytes) -> float:
    value = float(literal)
    if isinf(value):
        raise ValueError("a number that is too large for a double")
    return value


def _hex(literal: bytes) -> Hex:
    """The bytes of ``x'41'``, which are whole ones, or ``0x4``, which may lack its first half."""
    text = literal[2:].rstrip(b"'").decode("ascii")
    in_quotes = literal.endswith(b"'")
    if len(text) % 2:
        if in_quotes:
            raise ValueError("half a byte")
        text = "0" + text
    return Hex(bytes.fromhex(text), numeric=not in_quotes)


def _bits(literal: bytes) -> Hex:
    digits = literal[2:].rstrip(b"'")
    return Hex(int(digits or b"0", 2).to_bytes((len(digits) + 7) // 8, "big"))


_READERS: dict[str, Callable[[bytes], Value]] = {
    "decimal": _decimal,
    "float": _float,
    "hex": _hex,
    "bits": _bits,
}


def _string(literal: bytes, codec: str, escapes: bool) -> str:
    """What stands between the quotes, without escapes; ValueError for bytes that are no text."""
    if literal[:1] in b"nN":
        literal, codec = literal[1:], "utf_8"
    if escapes and codec in _AMBIGUOUS and b"\\" in literal and not literal.isascii():
        raise ValueError("a backslash that may be part of a character")
    quote = literal[:1].decode("ascii")
    text = literal[1:-1].decode(codec)
    if not escapes or "\\" not in text:
        return text.replace(quote + quote, quote)

    def plain(found: re.Match[str]) -> str:
        escaped = found[1]
        if escaped is None:
            return quote if found[0][0] == quote else found[0]
        return _ESCAPES.get(escaped, escaped)

    return _ESCAPE.sub(plain, text)
