"""The statements that name connections: by its own ids a proxy has to answer them itself.

Source: MySQL Reference Manual, "KILL Statement", "SHOW PROCESSLIST Statement".
"""

from __future__ import annotations

from dataclasses import dataclass

from athena_g.parser.lexer import Cursor, Kind, NotUnderstood, first_word, tokens


@dataclass(frozen=True, slots=True)
class Kill:
    """A KILL of a connection, or of the statement it runs (``query``).

    ``connection_id`` is ``None`` for CONNECTION_ID(), which is the session itself.
    """

    query: bool
    connection_id: int | None


MAX_DIGITS = 20
"""Digits of the largest connection id that the protocol knows, 2⁶⁴-1."""


def parse_kill(packet: bytes, start: int) -> Kill | None:
    """Whom a KILL names; ``None`` for all other statements.

    It is ``None`` as well for a KILL that names somebody in another way, which must not go to a
    server, whose ids are not the proxy's. The text is ``packet[start:]``.
    """
    if first_word(packet, start) != b"kill":
        return None
    try:
        cursor = Cursor(tokens(packet, start))
        cursor.next()
        query = cursor.take_any(b"connection", b"query") == b"query"
        target = _target(cursor)
        cursor.expect_end()
    except NotUnderstood:
        return None
    return Kill(query, target)


def _target(cursor: Cursor) -> int | None:
    token = cursor.next()
    if token.word == b"connection_id":
        cursor.expect(b"(")
        cursor.expect(b")")
        return None
    if token.kind is Kind.NUMBER and token.text.isdigit() and len(token.text) <= MAX_DIGITS:
        return int(token.text)
    return cursor.refuse()


def parse_show_processlist(packet: bytes, start: int) -> bool | None:
    """Whether a SHOW PROCESSLIST is a full one; ``None`` for all other statements.

    The text is ``packet[start:]``.
    """
    if first_word(packet, start) != b"show":
        return None
    try:
        cursor = Cursor(tokens(packet, start))
        cursor.next()
        full = cursor.take_words(b"full")
        if not cursor.take_words(b"processlist"):
            return None
        cursor.expect_end()
    except NotUnderstood:
        return None
    return full
