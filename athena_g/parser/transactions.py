"""The statements that begin and end transactions.

Source: MySQL Reference Manual, "START TRANSACTION, COMMIT, and ROLLBACK Statements".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from athena_g.parser.lexer import Cursor, NotUnderstood, Token, first_word, tokens


@dataclass(frozen=True, slots=True)
class Begin:
    """BEGIN or START TRANSACTION; ``read_only`` is ``None`` where the statement does not say."""

    snapshot: bool = False
    read_only: bool | None = None


@dataclass(frozen=True, slots=True)
class End:
    """COMMIT or ROLLBACK; ``chain`` and ``release`` are ``None`` where it does not say."""

    commit: bool
    chain: bool | None = None
    release: bool | None = None


_NO_TABLES = frozenset((b"dual", b"information_schema", b"performance_schema", b"json_table"))
_FIRST_WORDS = frozenset((b"begin", b"start", b"commit", b"rollback"))


def transaction_control(packet: bytes, start: int) -> Begin | End | None:
    """What a statement says about the whole transaction, ``None`` for all other statements.

    ROLLBACK TO, BEGIN NOT ATOMIC and XA are such others. The text is ``packet[start:]``.
    """
    if first_word(packet, start) not in _FIRST_WORDS:
        return None
    try:
        cursor = Cursor(tokens(packet, start))
        found = _read(cursor)
        cursor.expect_end()
    except NotUnderstood:
        return None
    return found


def _read(cursor: Cursor) -> Begin | End:
    if cursor.take_words(b"begin"):
        cursor.take_words(b"work")
        return Begin()
    if cursor.take_words(b"start", b"transaction"):
        return _characteristics(cursor)
    word = cursor.take_any(b"commit", b"rollback")
    if not word:
        cursor.refuse()
    cursor.take_words(b"work")
    return _completion(cursor, commit=word == b"commit")


def _characteristics(cursor: Cursor) -> Begin:
    """What follows START TRANSACTION; READ ONLY and READ WRITE exclude one another."""
    if cursor.peek() is None:
        return Begin()
    snapshot, access = False, set[bool]()
    while True:
        if cursor.take_words(b"with", b"consistent", b"snapshot"):
            snapshot = True
        elif cursor.take_words(b"read", b"only"):
            access.add(True)
        elif cursor.take_words(b"read", b"write"):
            access.add(False)
        else:
            cursor.refuse()
        if not cursor.take(b","):
            break
    if len(access) > 1:
        cursor.refuse()
    return Begin(snapshot, access.pop() if access else None)


def _completion(cursor: Cursor, commit: bool) -> End:
    chain = _yes_or_no(cursor, (b"and", b"chain"), (b"and", b"no", b"chain"))
    release = _yes_or_no(cursor, (b"release",), (b"no", b"release"))
    if chain and release:
        cursor.refuse()
    return End(commit, chain, release)


def _yes_or_no(cursor: Cursor, yes: tuple[bytes, ...], no: tuple[bytes, ...]) -> bool | None:
    if cursor.take_words(*yes):
        return True
    return False if cursor.take_words(*no) else None


def begins_transaction(packet: bytes, start: int) -> bool:
    """Whether the statement is a transaction of its own, unless one is open.

    Surely so: it changes rows, or reads a table.
    """
    word = first_word(packet, start)
    if word in (b"insert", b"update", b"delete", b"replace"):
        return True
    try:
        return word == b"select" and _reads_table(tokens(packet, start))
    except NotUnderstood:
        return False


def _reads_table(read: list[Token]) -> bool:
    """Whether a FROM of a SELECT, and not of a function such as TRIM, names a table."""
    selects = [False]
    for token, behind in pairwise(read):
        if token.is_(b"("):
            selects.append(False)
        elif token.is_(b")") and len(selects) > 1:
            selects.pop()
        elif token.word == b"select":
            selects[-1] = True
        elif token.word == b"from" and selects[-1] and _is_table(behind):
            return True
    return False


def _is_table(token: Token) -> bool:
    name = token.identifier
    return name is not None and name.lower() not in _NO_TABLES
