"""What a text asks that only one server connection, or the proxy, can answer.

Source: MySQL Reference Manual, "Information Functions", "Server System Variables" (warning_count,
error_count, last_insert_id, identity, pseudo_thread_id), "SHOW WARNINGS", "GET DIAGNOSTICS";
MariaDB's "Sequence Functions". That the names of functions may be quoted, and which may be, was
tried on MySQL 9.7 and MariaDB 10.11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from athena_g.parser.lexer import (
    Cursor,
    Kind,
    NotUnderstood,
    Token,
    first_word,
    system_variable,
    tokens,
)

FUNCTIONS = frozenset((b"connection_id", b"row_count", b"found_rows", b"last_insert_id"))
"""The functions without arguments that are looked for."""
VARIABLES = frozenset(
    (b"warning_count", b"error_count", b"pseudo_thread_id", b"last_insert_id", b"identity")
)
"""The system variables that are looked for; they belong to the session."""

SHOW_WARNINGS = b"show warnings"
SHOW_ERRORS = b"show errors"
DIAGNOSTICS = b"diagnostics"
SEQUENCE = b"lastval"
"""The key of what MariaDB's session knows of sequences: LASTVAL() and PREVIOUS VALUE FOR."""

NOTHING: frozenset[bytes] = frozenset()

_WORDS = (
    *sorted((FUNCTIONS | VARIABLES) - {b"identity"}),
    b"@@",
    b"warnings",
    b"errors",
    DIAGNOSTICS,
    SEQUENCE,
    b"previous",
)
_NO_SCOPE = (b"", b"session", b"local")
_ROUGHLY = re.compile(
    rb"(?P<function>%b)`?|(?P<variable>%b)|(?P<show>warnings|errors)|diagnostics|lastval|previous"
    % (b"|".join(sorted(FUNCTIONS)), b"|".join(sorted(VARIABLES)))
)


class Question(NamedTuple):
    """A call or a system variable: its key, and its first and last token.

    ``sure`` is false for a quoted name that MySQL takes for a stored function's.
    """

    key: bytes
    first: int
    last: int
    sure: bool


def questions(
    packet: bytes, start: int, *, no_backslash_escapes: bool = False, ansi_quotes: bool = False
) -> frozenset[bytes]:
    """The keys of what ``packet[start:]`` asks, as ``row_count()`` and ``@@warning_count``.

    A text that cannot be understood asks whatever its words may mean. One of several statements
    may ask about another of them.
    """
    text = packet.lower()
    if max(map(text.find, _WORDS)) < 0:
        return NOTHING
    try:
        read = tokens(
            packet, start, no_backslash_escapes=no_backslash_escapes, ansi_quotes=ansi_quotes
        )
    except NotUnderstood:
        return frozenset(_roughly(text, start))
    return frozenset((*(each.key for each in asked(read)), *_statements(read)))


def asked(read: list[Token]) -> Iterator[Question]:
    """The calls and variables among a text's tokens, in order."""
    for place, token in enumerate(read):
        if token.kind is Kind.SYSTEM_VARIABLE:
            yield from _variable(read, place)
        elif token.kind in (Kind.WORD, Kind.NAME):
            yield from _call(read, place)


def _variable(read: list[Token], place: int) -> Iterator[Question]:
    cursor = Cursor(read)
    cursor.position = place
    try:
        named = system_variable(cursor)
    except NotUnderstood:
        return
    if named is not None and named[0] in _NO_SCOPE and named[1] in VARIABLES:
        yield Question(b"@@" + named[1], place, cursor.position - 1, sure=True)


def _call(read: list[Token], place: int) -> Iterator[Question]:
    name = (read[place].identifier or b"").lower()
    if name not in FUNCTIONS or place + 2 >= len(read):
        return
    if not (read[place + 1].is_(b"(") and read[place + 2].is_(b")")):
        return
    if place and read[place - 1].is_(b"."):
        return
    sure = read[place].kind is Kind.WORD or name != b"row_count"
    yield Question(name + b"()", place, place + 2, sure)


def _statements(read: list[Token]) -> Iterator[bytes]:
    """The keys of what is asked by statements and by other words."""
    for place, token in enumerate(read):
        word = token.word
        if word in (b"warnings", b"errors") and _shows(read[max(0, place - 5) : place]):
            yield SHOW_WARNINGS if word == b"warnings" else SHOW_ERRORS
        elif word == DIAGNOSTICS and place:
            if read[place - 1].word in (b"get", b"current", b"stacked"):
                yield DIAGNOSTICS
        elif _asks_sequence(read[place : place + 2]):
            yield SEQUENCE


def _asks_sequence(words: list[Token]) -> bool:
    """Whether LASTVAL( or PREVIOUS VALUE stands here."""
    if len(words) < 2:
        return False
    first, second = words
    if first.word == SEQUENCE:
        return second.is_(b"(")
    return first.word == b"previous" and second.word == b"value"


def _shows(before: list[Token]) -> bool:
    """Whether SHOW, or SHOW COUNT(*), stands directly in front."""
    texts = [token.text.lower() for token in before]
    return texts[-1:] == [b"show"] or texts == [b"show", b"count", b"(", b"*", b")"]


def _roughly(text: bytes, start: int) -> Iterator[bytes]:
    """The keys of all words of a text that may ask, also where they do not."""
    for match in _ROUGHLY.finditer(text, start):
        if match["function"]:
            yield match["function"] + b"()"
        if match["variable"] or match["function"] in VARIABLES:
            yield b"@@" + (match["variable"] or match["function"])
        if match["show"]:
            yield SHOW_WARNINGS if match["show"] == b"warnings" else SHOW_ERRORS
        if match.group() == DIAGNOSTICS:
            yield DIAGNOSTICS
        if match.group() in (SEQUENCE, b"previous"):
            yield SEQUENCE


@dataclass(frozen=True, slots=True)
class ShowConditions:
    """A SHOW WARNINGS or SHOW ERRORS: the rows it shows, or their ``count``.

    ``limit`` is ``None`` for all rows.
    """

    errors_only: bool
    count: bool = False
    offset: int = 0
    limit: int | None = None


MAX_ROWS = 2**64 - 1


def parse_show_warnings(packet: bytes, start: int) -> ShowConditions | None:
    """What SHOW WARNINGS, SHOW ERRORS or SHOW COUNT(*) of them shows; ``None`` for all others.

    The text is ``packet[start:]``.
    """
    if first_word(packet, start) != b"show":
        return None
    try:
        cursor = Cursor(tokens(packet, start))
        cursor.next()
        count = _takes_count(cursor)
        errors_only = cursor.take_words(b"errors")
        if not errors_only and not cursor.take_words(b"warnings"):
            return None
        offset, limit = (0, None) if count else _limit(cursor)
        cursor.expect_end()
    except NotUnderstood:
        return None
    return ShowConditions(errors_only, count, offset, limit)


def _takes_count(cursor: Cursor) -> bool:
    """Whether COUNT(*) comes next. The servers want the parenthesis directly behind COUNT."""
    word, parenthesis = cursor.peek(), cursor.peek(1)
    if not cursor.take_words(b"count"):
        return False
    cursor.expect(b"(")
    if word is None or parenthesis is None or word.end != parenthesis.start:
        cursor.refuse()
    cursor.expect(b"*")
    cursor.expect(b")")
    return True


def _limit(cursor: Cursor) -> tuple[int, int | None]:
    """The offset and the limit that come next."""
    if not cursor.take_words(b"limit"):
        return 0, None
    first = _rows(cursor)
    if cursor.take(b","):
        return first, _rows(cursor)
    return (_rows(cursor), first) if cursor.take_words(b"offset") else (0, first)


def _rows(cursor: Cursor) -> int:
    token = cursor.next()
    if token.kind is not Kind.NUMBER or not token.text.isdigit() or len(token.text) > 20:
        raise NotUnderstood
    rows = int(token.text)
    if rows > MAX_ROWS:
        cursor.refuse()
    return rows
