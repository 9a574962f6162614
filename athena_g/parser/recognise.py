"""The few statements a session must know by their text, before the server has spoken.

Most of what a statement does to a session the server reports itself (SESSION_TRACK, status
flags). What is here is what no server reports: locks that belong to a connection, statements
that name connections or databases as the client sees them, what may set user variables or the
next transaction's characteristics, and questions about the previous statement.

Source: MySQL Reference Manual, "Server Tracking of Client Session State" (what is reported) and
"Locking Functions", "LOCK TABLES", "HANDLER", "XA" (what belongs to a connection).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Special(Enum):
    """Why a statement is not simply passed on."""

    USE = "changes the database"
    KILL = "names a connection"
    PIN = "keeps its server connection"


@dataclass(frozen=True, slots=True)
class Recognised:
    """A statement that needs the session's attention; ``detail`` is its database or pin reason."""

    special: Special
    detail: str


# What may stand before the first word: white space, empty statements, parentheses, comments, and
# the opening of a comment whose content is executed.
_LEADING = re.compile(
    rb"(?:[\s;(]+|/\*[Mm]?!\d*|/\*.*?(?:\*/|\Z)|--(?=[\s\x00-\x1f]|\Z)[^\n]*(?:\n|\Z)|#[^\n]*(?:\n|\Z))*"
    rb"([A-Za-z_]*)",
    re.DOTALL,
)
_USE_NAME = re.compile(
    rb"(?:\s|/\*.*?\*/)*+(?:`((?:[^`]|``)+)`|([^\s;`]+?)(?=\*/|[\s;`]|\Z))", re.DOTALL
)

# A string, a quoted name or a comment, to its end or that of the text. A comment whose content is
# executed is not taken as one. Everything here is linear in the length of the text.
_QUOTED = (
    rb"'[^'\\]*(?:\\.?[^'\\]*)*(?:'|\Z)|\"[^\"\\]*(?:\\.?[^\"\\]*)*(?:\"|\Z)|`[^`]*(?:`|\Z)|"
    rb"/\*(?!M?!).*?(?:\*/|\Z)|--(?=[\s\x00-\x1f]|\Z)[^\n]*|#[^\n]*"
)
_QUOTED_PIECE = re.compile(_QUOTED, re.DOTALL | re.IGNORECASE)
_STATEMENT = re.compile(rb"(?:[^;'\"`/#-]++|" + _QUOTED + rb"|[/-])*+;", re.DOTALL | re.IGNORECASE)

_PLAIN_STARTS = frozenset(
    start
    for word in (b"sel", b"ins", b"upd", b"del", b"rep")
    for start in (word, word.upper(), word.capitalize())
)
_PINNING_WORDS = {
    b"set": "SET",
    b"call": "CALL",
    b"lock": "LOCK",
    b"flush": "FLUSH",
    b"handler": "HANDLER",
    b"xa": "XA transaction",
    b"backup": "BACKUP",
    b"prepare": "PREPARE",
}
_PLAIN_WORDS = frozenset(
    (b"select", b"insert", b"update", b"delete", b"replace", b"with", b"values")
)

# Servers report SET @x, not what an expression, INTO or a procedure's parameter assigns. A comment
# behind INTO may hide a variable.
_ASSIGNS = re.compile(rb":=|\binto\s*(?:@|/\*|--|#)", re.IGNORECASE)

_LOOKS_BACK = re.compile(
    rb"last_insert_id\s*\(\s*\)|@@\s*(?:session\s*\.|local\s*\.)?\s*"
    rb"(?:identity|last_insert_id|warning_count|error_count)\b|found_rows\s*\(|row_count\s*\(|"
    rb"\bshow\s+(?:count\s*\(\s*\*\s*\)\s+)?(?:warnings|errors)\b|\bdiagnostics\b",
    re.IGNORECASE,
)


def recognise(packet: bytes, start: int, multi_statements: bool) -> Recognised | None:
    """What a statement needs, or ``None``, as nearly always.

    The text is ``packet[start:]``. Where several statements may come in one text, any of them
    that needs attention is found, by looking at what follows each semicolon.
    """
    # find, not "in": for bytes that first tries its operand as a number, and fails.
    if (
        packet[start : start + 3] in _PLAIN_STARTS
        and packet.find(b"_") < 0
        and packet.find(b"@") < 0
        and not (multi_statements and packet.find(b";") >= 0)
    ):
        return None
    text = packet.lower()
    several = multi_statements and text.find(b";") >= 0
    if several or text[start : start + 3] not in _PLAIN_STARTS:
        found = _recognise_words(packet, text, start, several)
        if found is not None:
            return found
    if text.find(b"get_lock") >= 0:
        return Recognised(Special.PIN, "GET_LOCK")
    if text.find(b"@") >= 0 and _ASSIGNS.search(text):
        return Recognised(Special.PIN, "a user variable")
    return None


def _recognise_words(packet: bytes, text: bytes, start: int, several: bool) -> Recognised | None:
    """What the first word of a statement says; one that only pins does not hide another."""
    pinning: Recognised | None = None
    looked_at = 0
    for beginning in _beginnings(text, start) if several else (start,):
        if beginning < looked_at:
            continue
        match = _LEADING.match(text, beginning)
        assert match is not None
        looked_at = match.end()
        found = _of_word(match.group(1), packet, looked_at)
        if found is not None and found.special is not Special.PIN:
            return found
        pinning = pinning or found
    return pinning


def _beginnings(text: bytes, start: int) -> Iterator[int]:
    """Where the text's statements begin; a semicolon within quotes or a comment is none."""
    yield start
    while (statement := _STATEMENT.match(text, start)) is not None:
        start = statement.end()
        yield start


def _of_word(word: bytes, packet: bytes, end: int) -> Recognised | None:
    if word == b"use":
        name = _USE_NAME.match(packet, end)
        if name is None:
            return None
        quoted, plain = name.groups()
        database = quoted.replace(b"``", b"`") if quoted is not None else plain
        return Recognised(Special.USE, database.decode("utf-8", "replace"))
    if word == b"kill":
        return Recognised(Special.KILL, "KILL")
    if word in _PINNING_WORDS:
        return Recognised(Special.PIN, _PINNING_WORDS[word])
    return None


def is_plain(packet: bytes, start: int) -> bool:
    """Whether the statement reads or changes rows and so, failing, leaves no transaction open."""
    match = _LEADING.match(packet, start)
    return match is not None and match.group(1).lower() in _PLAIN_WORDS


def looks_back(packet: bytes) -> str | None:
    """The words by which a statement asks about the one before it, or ``None``."""
    match = _LOOKS_BACK.search(packet)
    if match is not None:
        match = _LOOKS_BACK.search(_QUOTED_PIECE.sub(b"''", packet))
    return match.group().decode("ascii", "replace") if match else None
