"""The statements that begin and end transactions.

Source: MySQL Reference Manual, "START TRANSACTION, COMMIT, and ROLLBACK Statements".
"""

from __future__ import annotations

from dataclasses import dataclass

from athena_g.parser.lexer import Cursor, NotUnderstood, first_word, tokens


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
