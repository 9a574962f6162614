"""The tokens of a statement, as MySQL and MariaDB cut them.

Nothing is guessed: a text with something that is not surely cut right here has no tokens at all.
That is so for comments whose content is executed, strings and comments without an end, control
characters, and texts that are too long to be looked at word by word. Texts are bytes in an
ASCII-compatible character set in which no byte of a longer character is below 0x80.

Source: MySQL Reference Manual, "Language Structure"; MariaDB's "Comment Syntax" for ``/*M!``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from functools import cache
from typing import NamedTuple, NoReturn

MAX_TEXT = 1 << 20
"""Bytes of a text that are looked at; a longer one is not understood."""
MAX_TOKENS = 1 << 15
"""Tokens of a text that are looked at, for the same reason: a token costs about a microsecond."""
MAX_STATEMENTS = 1000
"""Statements of one text that are looked at."""


class NotUnderstood(Exception):
    """A text that is not what the caller reads; never leaves the parser's public functions."""


class Kind(Enum):
    """What a token is."""

    WORD = auto()
    NAME = auto()
    STRING = auto()
    NUMBER = auto()
    HEX = auto()
    USER_VARIABLE = auto()
    SYSTEM_VARIABLE = auto()
    PUNCTUATION = auto()


class Token(NamedTuple):
    """One token with its text as written, at ``start:end`` of the packet.

    A NAME is quoted; HEX are bits as well; a SYSTEM_VARIABLE is ``@@`` and the first word behind
    it, which may be a scope. PUNCTUATION is ``:=`` or a single character. ``word`` is an unquoted
    word in lower case, else empty.
    """

    kind: Kind
    text: bytes
    start: int
    end: int
    word: bytes

    @property
    def identifier(self) -> bytes | None:
        """The name that a word or a quoted name stands for."""
        if self.kind is Kind.WORD:
            return self.text
        return unquoted(self.text) if self.kind is Kind.NAME else None

    def is_(self, punctuation: bytes) -> bool:
        """Whether this is that punctuation; no other token has such a text."""
        return self.text == punctuation


class Patterns(NamedTuple):
    """How texts are cut under one SQL mode; ``quoted`` is a string, quoted name or comment."""

    token: re.Pattern[bytes]
    statement: re.Pattern[bytes]
    quoted: bytes


# The groups of the pattern of a token, in the order in which they are tried; the first is 1.
_KINDS = (
    Kind.PUNCTUATION,
    Kind.STRING,
    Kind.HEX,
    Kind.NUMBER,
    Kind.WORD,
    Kind.NAME,
    Kind.SYSTEM_VARIABLE,
    Kind.USER_VARIABLE,
    Kind.PUNCTUATION,
)
_END = len(_KINDS)
_ODD = _END + 1

_SPACE = rb"[ \t\n\v\f\r]"
COMMENT = (
    rb"/\*(?!!|M!)(?s:.*?)\*/|\#[^\n]*+|--(?=[\x00-\x20\x7f]|\Z)[^\n]*+"  # to the end of the line
)
WORD_BYTE = rb"[A-Za-z0-9_$\x80-\xff]"
# 0xA0 is white space in latin1, and a byte of longer characters in utf8mb4.
_WORD = rb"(?:[A-Za-z0-9_$]++|[\x80-\x9f\xa1-\xff][\x80-\xff]*+)++"
BACKQUOTED = rb"`[^`]*+(?:``[^`]*+)*+`"
_EXPONENT = rb"[eE][+-]?[0-9]++"
# A number with a point or an exponent ends where it ends, whatever follows: 1e5x is 1e5 and x.
# Digits that a letter follows begin a name; 1.5e is nothing.
_FRACTION = rb"(?:%b|(?![eE]))" % _EXPONENT
NUMBER = rb"[0-9]++(?:\.[0-9]*+%b|%b|(?!%b|\.))|\.[0-9]++%b" % (
    *(_FRACTION, _EXPONENT, WORD_BYTE, _FRACTION),
)
BITS = rb"[xX]'(?:[0-9a-fA-F]{2})*+'|0x[0-9a-fA-F]++(?!%b)|[bB]'[01]*+'|0b[01]++(?!%b)" % (
    *(WORD_BYTE, WORD_BYTE),
)
_LEADING = re.compile(rb"(?:" + _SPACE + rb"++|" + COMMENT + rb")*+(" + _WORD + rb")?")


def in_quotes(quote: bytes, escapes: bool) -> bytes:
    """The pattern of a string in these quotes, with backslash escapes or without."""
    if escapes:
        return rb"%b[^%b\\]*+(?:(?:\\(?s:.)|%b%b)[^%b\\]*+)*+%b" % ((quote,) * 6)
    return rb"%b[^%b]*+(?:%b%b[^%b]*+)*+%b" % ((quote,) * 6)


@cache
def patterns(no_backslash_escapes: bool, ansi_quotes: bool) -> Patterns:
    """The patterns for a SQL mode; each is linear in the length of the text."""
    single = in_quotes(b"'", not no_backslash_escapes)
    double = in_quotes(b'"', not no_backslash_escapes and not ansi_quotes)
    string = rb"[nN]?+" + single + (rb"" if ansi_quotes else rb"|" + double)
    name = BACKQUOTED + (rb"|" + double if ansi_quotes else rb"")
    quoted = rb"|".join((single, double, BACKQUOTED, COMMENT))
    statement = rb"(?:[^;'\"`/#-]++|" + quoted + rb"|/(?!\*)|-)*+"
    return Patterns(re.compile(_token(string, name, single, double)), re.compile(statement), quoted)


def _token(string: bytes, name: bytes, single: bytes, double: bytes) -> bytes:
    """The pattern of a token, behind the space and the comments in front of it."""
    user = rb"@(?:[A-Za-z0-9_$.\x80-\xff]++|%b|%b|%b)" % (single, double, BACKQUOTED)
    kinds = {
        Kind.STRING: string,
        Kind.HEX: BITS,
        Kind.NUMBER: NUMBER,
        Kind.WORD: rb"(?![xXbBnN]')" + _WORD,
        Kind.NAME: name,
        Kind.SYSTEM_VARIABLE: rb"@@(?:%b|%b)" % (_WORD, BACKQUOTED),
        Kind.USER_VARIABLE: user,
        Kind.PUNCTUATION: rb":=|/(?!\*)|[-+*%^&|~!<>=(),.;:?{}\[\]]",
    }
    groups = rb"|".join(rb"(%b)" % kinds[kind] for kind in _KINDS[1:_END])
    return rb"(?:%b++|%b)*+(?:%b|(\Z)|((?s:.)))" % (_SPACE, COMMENT, groups)


def tokens(
    packet: bytes,
    start: int,
    end: int | None = None,
    *,
    no_backslash_escapes: bool = False,
    ansi_quotes: bool = False,
) -> list[Token]:
    """The tokens of ``packet[start:end]``.

    Semicolons and white space at the end of the packet are left out, as the servers do.
    Raises :class:`NotUnderstood` where there are none.
    """
    end = text_end(packet, start) if end is None else end
    pattern = patterns(no_backslash_escapes, ansi_quotes).token
    found: list[Token] = []
    for piece in pattern.finditer(packet, start, end):
        group = piece.lastindex or _ODD
        if group >= _END or len(found) >= MAX_TOKENS:
            break
        kind, text, (begin, stop) = _KINDS[group], piece[group], piece.span(group)
        word = text.lower() if kind is Kind.WORD else b""
        found.append(Token(kind, text, begin, stop, word))
    if group != _END:
        raise NotUnderstood
    return found


def text_end(packet: bytes, start: int) -> int:
    """Where the text ends for the servers, which drop semicolons and white space behind it."""
    if len(packet) - start > MAX_TEXT:
        raise NotUnderstood
    return max(start, len(packet.rstrip(b"; \t\n\v\f\r")))


def statements(
    packet: bytes, start: int, *, no_backslash_escapes: bool = False, ansi_quotes: bool = False
) -> Iterator[tuple[int, int]]:
    """Where each statement of a text begins and ends, without its semicolon.

    Raises :class:`NotUnderstood` on the way for a text that cannot be cut.
    """
    end = text_end(packet, start)
    pattern = patterns(no_backslash_escapes, ansi_quotes).statement
    for _ in range(MAX_STATEMENTS):
        match = pattern.match(packet, start, end)
        assert match is not None
        stop = match.end()
        if stop < end and packet[stop] != 0x3B:
            raise NotUnderstood
        yield start, stop
        if stop >= end:
            return
        start = stop + 1
    raise NotUnderstood


def first_word(packet: bytes, start: int) -> bytes:
    """The word that a text begins with, in lower case; empty when it begins with something else."""
    match = _LEADING.match(packet, start, start + MAX_TEXT)
    return (match.group(1) or b"").lower() if match is not None else b""


def unquoted(text: bytes) -> bytes:
    """What stands between the quotes of a name; backslashes mean themselves there."""
    quote = text[:1]
    return text[1:-1].replace(quote + quote, quote)


class Cursor:
    """Reads tokens one after the other. What does not fit raises :class:`NotUnderstood`."""

    def __init__(self, read: list[Token]) -> None:
        self.tokens = read
        self.position = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """The next token, or one further on, ``None`` behind the last."""
        place = self.position + ahead
        return self.tokens[place] if place < len(self.tokens) else None

    def next(self) -> Token:
        """The next token, which is then read."""
        token = self.peek()
        if token is None:
            raise NotUnderstood
        self.position += 1
        return token

    def peek_word(self, ahead: int = 0) -> bytes:
        """The next token in lower case if it is an unquoted word, else empty."""
        token = self.peek(ahead)
        return token.word if token is not None else b""

    def take_words(self, *words: bytes) -> bool:
        """Whether these words come next, which are then read."""
        for ahead, word in enumerate(words):
            if self.peek_word(ahead) != word:
                return False
        self.position += len(words)
        return True

    def take_any(self, *words: bytes) -> bytes:
        """The one of these words that comes next, which is then read, else empty."""
        word = self.peek_word()
        if word and word in words:
            self.position += 1
            return word
        return b""

    def take(self, *punctuation: bytes) -> bool:
        """Whether one of these comes next, which is then read."""
        token = self.peek()
        if token is None or token.text not in punctuation:
            return False
        self.position += 1
        return True

    def expect(self, *punctuation: bytes) -> None:
        """Read one of these."""
        if not self.take(*punctuation):
            self.refuse()

    def identifier(self) -> bytes:
        """The name that comes next, without its quotes."""
        name = self.next().identifier
        if name is None:
            raise NotUnderstood
        return name

    def expect_end(self) -> None:
        """Make sure that nothing follows.

        A comment behind a semicolon counts as something: to a client that may send several
        statements, the servers answer it with an OK of its own.
        """
        if self.peek() is not None:
            self.refuse()

    def refuse(self) -> NoReturn:
        """Give the text up."""
        raise NotUnderstood


def system_variable(cursor: Cursor) -> tuple[bytes, bytes] | None:
    """The scope and the name of the ``@@`` variable that comes next, both in lower case.

    The scope is empty where there is none; a structured name is whole. ``None``, and nothing read,
    when something else comes next.
    """
    token = cursor.peek()
    if token is None or token.kind is not Kind.SYSTEM_VARIABLE:
        return None
    cursor.next()
    first = token.text[2:]
    if first[:1] == b"`":
        return b"", _qualified(cursor, unquoted(first)).lower()
    scope = first.lower()
    if scope in SCOPES:
        cursor.expect(b".")
        return scope, _qualified(cursor, cursor.identifier()).lower()
    return b"", _qualified(cursor, first).lower()


SCOPES = frozenset((b"global", b"session", b"local", b"persist", b"persist_only"))


def _qualified(cursor: Cursor, name: bytes) -> bytes:
    return name + b"." + cursor.identifier() if cursor.take(b".") else name


def variable_name(cursor: Cursor) -> bytes:
    """The name of a system variable without ``@@``, in lower case, a structured one whole."""
    return _qualified(cursor, cursor.identifier()).lower()
