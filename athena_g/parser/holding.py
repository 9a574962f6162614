"""What a statement takes or frees of the things that belong to one server connection.

Rather too much is taken than too little, and nothing is freed that may still be there. Locks that
a function or a procedure takes cannot be seen.

Source: MySQL Reference Manual, "CREATE TEMPORARY TABLE", "LOCK TABLES and UNLOCK TABLES", "FLUSH",
"LOCK INSTANCE FOR BACKUP", "Locking Functions", "Prepared Statements", "HANDLER"; MariaDB's
"EXECUTE IMMEDIATE" and "Using Compound Statements Outside of Stored Programs".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from athena_g.parser.lexer import (
    MAX_TOKENS,
    Cursor,
    Kind,
    NotUnderstood,
    Token,
    first_word,
    statements,
    tokens,
)
from athena_g.parser.recognise import is_plain, recognise


class Held(Enum):
    """What kind of thing is held; the value names it to people."""

    TEMPORARY_TABLE = "temporary table"
    TABLE_LOCKS = "LOCK TABLES"
    BACKUP_LOCK = "LOCK INSTANCE"
    NAMED_LOCK = "GET_LOCK"
    PREPARED = "PREPARE"
    PREPARED_PLAIN = "PREPARE of a plain statement"
    EXECUTED = "EXECUTE"
    HANDLER = "HANDLER"
    STATEMENT = "a statement that was not understood"

    @property
    def counts(self) -> bool:
        """Whether taking one twice means that it has to be freed twice."""
        return self is Held.NAMED_LOCK


@dataclass(frozen=True, slots=True)
class Holding:
    """A thing that is held.

    ``name`` is ``None`` where it is not known, and among what is freed for all of the kind. Tables
    are named as the statement does, ``t`` or ``db.t``, without quotes; locks as they are written,
    since case matters to MariaDB; prepared statements, also those executed, and handlers in lower
    case, since it does not. The one lock of its kind has the name of what is locked.
    """

    kind: Held
    name: bytes | None = None


@dataclass(frozen=True, slots=True)
class Effects:
    """What is held when the statement has run: what was, and ``takes``, without ``frees``.

    What counts is in ``takes`` and ``frees`` as often as it is taken and freed. A statement that
    fails may have taken named locks, but is not known to have freed anything: only what it
    ``replaces`` is gone as soon as the server understood it.
    """

    takes: tuple[Holding, ...] = ()
    frees: tuple[Holding, ...] = ()
    replaces: tuple[Holding, ...] = ()


MAX_EFFECTS = 200
"""Things that one text may take, and free; one with more is not understood."""

NOTHING = Effects()
UNKNOWN = Effects(takes=(Holding(Held.STATEMENT),))

_TABLES = Holding(Held.TABLE_LOCKS, b"tables")
_ALL_TABLES = Holding(Held.TABLE_LOCKS, b"all")
"""By FLUSH TABLES WITH READ LOCK, which the beginning of a transaction does not release."""
_INSTANCE = Holding(Held.BACKUP_LOCK, b"instance")
_ROUTINES = frozenset(b"procedure function trigger event package".split())
_COMPOUND = frozenset(b"if case loop while repeat for declare".split())
_LABEL = re.compile(rb"\s*+(?:[\w$]++|`[^`]++`)\s*+:(?!=)")  # in front of a compound statement
# In a statement without these, what stands in its list of expressions is evaluated just once.
_REPEATING = frozenset(
    b"where group having order union except intersect limit procedure benchmark".split()
)
_LOCKING = frozenset((b"get_lock", b"release_lock", b"release_all_locks"))


@dataclass(slots=True)
class _Gathered:
    takes: list[Holding] = field(default_factory=list)
    frees: list[Holding] = field(default_factory=list)
    replaces: list[Holding] = field(default_factory=list)
    in_routine: bool = False

    def take(self, kind: Held, name: bytes | None) -> None:
        """Note what is taken; what was freed before is held again."""
        if len(self.takes) >= MAX_EFFECTS:
            raise NotUnderstood
        self.takes.append(Holding(kind, name))
        self.frees = [
            freed
            for freed in self.frees
            if freed.kind is not kind or (None not in (name, freed.name) and freed.name != name)
        ]

    def free(self, kind: Held, name: bytes | None) -> None:
        """Note what is freed, unless it is only in the body of a routine."""
        if len(self.frees) >= MAX_EFFECTS:
            raise NotUnderstood
        if not self.in_routine:
            self.frees.append(Holding(kind, name))


def holdings(
    packet: bytes, start: int, *, no_backslash_escapes: bool = False, ansi_quotes: bool = False
) -> Effects:
    """What the statements of ``packet[start:]`` take and free, in their order.

    A text that cannot be cut into statements surely takes something unknown.
    """
    gathered = _Gathered()
    modes = {"no_backslash_escapes": no_backslash_escapes, "ansi_quotes": ansi_quotes}
    may_lock = packet.lower().find(b"_lock", start) >= 0
    looked_at = 0
    try:
        for begin, end in statements(packet, start, **modes):
            word = first_word(packet, begin)
            if _LABEL.match(packet, begin, end) is not None:
                return UNKNOWN
            if may_lock or word in _READERS or word in _COMPOUND:
                read = tokens(packet, begin, end, **modes)
                looked_at += len(read)
                if looked_at > MAX_TOKENS:
                    return UNKNOWN
                _read(Cursor(read), gathered)
    except NotUnderstood:
        return UNKNOWN
    if not gathered.takes and not gathered.frees:
        return NOTHING
    return Effects(tuple(gathered.takes), tuple(gathered.frees), tuple(gathered.replaces))


def _read(cursor: Cursor, gathered: _Gathered) -> None:
    _lock_calls(cursor.tokens, gathered)
    word = cursor.peek_word()
    if word in _COMPOUND:
        cursor.refuse()
    reader = _READERS.get(word)
    if reader is not None:
        cursor.next()
        reader(cursor, gathered)


def _create(cursor: Cursor, gathered: _Gathered) -> None:
    cursor.take_words(b"or", b"replace")
    if not cursor.take_words(b"temporary"):
        words = {token.word for token in cursor.tokens}
        gathered.in_routine = gathered.in_routine or not words.isdisjoint(_ROUTINES)
        return
    if not cursor.take_words(b"table"):
        gathered.take(Held.TEMPORARY_TABLE, None)
        return
    cursor.take_words(b"if", b"not", b"exists")
    gathered.take(Held.TEMPORARY_TABLE, _table(cursor))


def _drop(cursor: Cursor, gathered: _Gathered) -> None:
    if cursor.take_words(b"prepare"):
        _forget_prepared(cursor.identifier().lower(), gathered)
        return
    cursor.take_words(b"temporary")
    if not cursor.take_any(b"table", b"tables"):
        return
    cursor.take_words(b"if", b"exists")
    while True:
        name = _table(cursor)
        if name is not None:
            gathered.free(Held.TEMPORARY_TABLE, name)
        if not cursor.take(b","):
            return


def _table(cursor: Cursor) -> bytes | None:
    """The name of a table, ``None`` if it could be taken for another's."""
    parts = [cursor.identifier()]
    if cursor.take(b"."):
        parts.append(cursor.identifier())
    return None if any(b"." in part for part in parts) else b".".join(parts)


def _lock(cursor: Cursor, gathered: _Gathered) -> None:
    if cursor.take_any(b"table", b"tables"):
        gathered.take(_TABLES.kind, _TABLES.name)
    elif cursor.take_words(b"instance"):
        gathered.take(_INSTANCE.kind, _INSTANCE.name)
    else:
        cursor.refuse()


def _unlock(cursor: Cursor, gathered: _Gathered) -> None:
    if cursor.take_any(b"table", b"tables"):
        gathered.free(_TABLES.kind, None)
    elif cursor.take_words(b"instance"):
        gathered.free(_INSTANCE.kind, _INSTANCE.name)


def _flush(cursor: Cursor, gathered: _Gathered) -> None:
    words = [token.word for token in cursor.tokens]
    text = b" ".join(words)
    if b"with read lock" in text or b"for export" in text:
        everything = b"tables with read lock" in text or b"table with read lock" in text
        taken = _ALL_TABLES if everything else _TABLES
        gathered.take(taken.kind, taken.name)


def _handler(cursor: Cursor, gathered: _Gathered) -> None:
    name = cursor.identifier()
    if cursor.take(b"."):
        name = cursor.identifier()
    if cursor.take_words(b"open"):
        cursor.take_words(b"as")
        alias = cursor.peek()
        name = (alias.identifier or name) if alias is not None else name
        gathered.take(Held.HANDLER, name.lower())
    elif cursor.take_words(b"close"):
        gathered.free(Held.HANDLER, name.lower())


def _prepare(cursor: Cursor, gathered: _Gathered) -> None:
    """What had the name is gone, unless the text is an expression, which may fail before that."""
    name = cursor.identifier().lower()
    behind_from = cursor.tokens[cursor.position + 1 :]
    kind, other = Held.PREPARED, Held.PREPARED_PLAIN
    if len(behind_from) == 1 and behind_from[0].kind in (Kind.STRING, Kind.USER_VARIABLE):
        gathered.replaces += [Holding(kind, name), Holding(other, name)]
        if _is_plain_statement(behind_from[0]):
            kind, other = other, kind
    gathered.take(kind, name)
    gathered.free(other, name)


def _is_plain_statement(token: Token) -> bool:
    """Whether a string is the text of a statement that does nothing to its session."""
    text = _plain_string(token)
    return text is not None and is_plain(text, 0) and recognise(text, 0, False) is None


def _deallocate(cursor: Cursor, gathered: _Gathered) -> None:
    if cursor.take_words(b"prepare"):
        _forget_prepared(cursor.identifier().lower(), gathered)


def _forget_prepared(name: bytes, gathered: _Gathered) -> None:
    gathered.free(Held.PREPARED, name)
    gathered.free(Held.PREPARED_PLAIN, name)


def _execute(cursor: Cursor, gathered: _Gathered) -> None:
    immediate = cursor.peek_word() == b"immediate"
    gathered.take(Held.EXECUTED, None if immediate else cursor.identifier().lower())


def _begin(cursor: Cursor, gathered: _Gathered) -> None:
    """BEGIN is nothing here, but a compound statement may be anything."""
    cursor.take_words(b"work")
    cursor.expect_end()


def _unknown(cursor: Cursor, gathered: _Gathered) -> None:
    cursor.refuse()


_READERS: dict[bytes, Callable[[Cursor, _Gathered], None]] = {
    b"create": _create,
    b"drop": _drop,
    b"lock": _lock,
    b"unlock": _unlock,
    b"flush": _flush,
    b"handler": _handler,
    b"prepare": _prepare,
    b"deallocate": _deallocate,
    b"execute": _execute,
    b"begin": _begin,
    b"backup": _unknown,
}


def _lock_calls(read: list[Token], gathered: _Gathered) -> None:
    """Note the calls of locking functions, in their order."""
    once = _evaluates_once(read)
    depth = 0
    for place, token in enumerate(read):
        depth += token.is_(b"(") - token.is_(b")")
        name = (token.identifier or b"").lower()
        if name not in _LOCKING or not _is_call(read, place):
            continue
        if name == b"get_lock":
            gathered.take(Held.NAMED_LOCK, _literal(read, place + 2, b",") if once else None)
        elif once and depth == 0 and _begins_item(read, place):
            _released(read, place, name, gathered)


def _is_call(read: list[Token], place: int) -> bool:
    """Whether the name there is that of a called function, and not of a database's own."""
    called = place + 1 < len(read) and read[place + 1].is_(b"(")
    return called and not (place and read[place - 1].is_(b"."))


def _begins_item(read: list[Token], place: int) -> bool:
    """Whether an expression of the list of SELECT or DO begins there: it is evaluated for sure."""
    if read[0].word not in (b"select", b"do"):
        return False
    return place == 1 or read[place - 1].is_(b",")


def _released(read: list[Token], place: int, function: bytes, gathered: _Gathered) -> None:
    if function == b"release_all_locks":
        gathered.free(Held.NAMED_LOCK, None)
        return
    name = _literal(read, place + 2, b")")
    if name is not None:
        gathered.free(Held.NAMED_LOCK, name)


def _literal(read: list[Token], place: int, behind: bytes) -> bytes | None:
    """The argument that stands there if it is a plain string, else ``None``."""
    if place + 1 >= len(read) or not read[place + 1].is_(behind):
        return None
    return _plain_string(read[place])


def _plain_string(token: Token) -> bytes | None:
    """What a string is that no SQL mode reads otherwise, ``None`` for all else."""
    text = token.text
    if token.kind is not Kind.STRING or text[:1] not in (b"'", b'"') or b"\\" in text:
        return None
    quote = text[:1]
    return text[1:-1].replace(quote + quote, quote)


def _evaluates_once(read: list[Token]) -> bool:
    """Whether each expression of the statement is evaluated once at the most."""
    words = [token.word for token in read]
    if not words or words[0] not in (b"select", b"do", b"set"):
        return False
    if words.count(b"from") and words[-2:] != [b"from", b"dual"]:
        return False
    return words.count(b"from") <= 1 and _REPEATING.isdisjoint(words)
