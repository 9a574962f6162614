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
from itertools import islice

from athena_g.parser.functions import may_call
from athena_g.parser.substitute import questions


class Special(Enum):
    """Why a statement is not simply passed on."""

    USE = "changes the database"
    REFUSE = "means what the server would take for something else"
    PIN = "keeps its server connection"
    SET = "sets variables"
    SET_FOR_READING = "reads, with variables that are set for that alone"
    TRANSACTION = "begins or ends a transaction"
    HOLDING = "takes or frees what belongs to one connection"
    RENAME = "may give a temporary table another name"
    KILL = "ends another connection or its statement"
    SHOW = "may show what the proxy knows"
    SAVEPOINT = "leaves a mark in a transaction that may not have begun"
    CALLS = "calls a function that may do anything"
    INSERT_ID = "may set what LAST_INSERT_ID() answers"
    CALC_FOUND_ROWS = "counts rows for the next statement"
    ASKS = "asks what only the session's own connection, or the proxy, can answer"


@dataclass(frozen=True, slots=True)
class Recognised:
    """A statement that needs the session's attention.

    ``detail`` is the database, the construct that is refused, or the reason of the pin.
    ``questions`` are the keys of :func:`athena_g.parser.substitute.questions` that it asks;
    ``calls`` says that it has rows and calls a function that may do anything.
    """

    special: Special
    detail: str = ""
    questions: frozenset[bytes] = frozenset()
    calls: bool = False


MAX_LOOKED_AT = 1 << 20
"""Bytes of a text that are looked at word by word; what is longer rather pins than takes time."""
LONG_TEXT = "a text of more than 1 MiB"
"""The pin of a text of which not all was looked at."""
MAX_STATEMENTS = 1000
"""Statements of one text whose first words are looked at."""
MAX_LEADING = 1 << 16
"""Bytes of space and comments before a first word."""

# What may stand before the first word: white space, empty statements, parentheses, comments, a
# dump's line for the client that loads it (/*M!999999 ... */), and the ends of comments whose
# content is executed. All of it is possessive: nothing to go back to.
_LEADING = re.compile(
    rb"(?:[\s;(]++|/\*[Mm]!999999.*?(?:\*/|\Z)|/\*[Mm]?!\d*+|\*/|/\*.*?(?:\*/|\Z)|"
    rb"--(?=[\s\x00-\x1f]|\Z)[^\n]*+(?:\n|\Z)|#[^\n]*+(?:\n|\Z))*+([A-Za-z_]*+)",
    re.DOTALL,
)
_EXECUTABLE = re.compile(rb"/\*[Mm]?!")
_USE_NAME = re.compile(
    rb"(?:\s++|/\*(?![Mm]?!).*?\*/|--(?=[\s\x00-\x1f])[^\n]*+\n|#[^\n]*+\n)*+"
    rb"(?:`((?:[^`]|``)++)`|([^\s;`#/]++))",
    re.DOTALL,
)
_NOTHING_MORE = re.compile(
    rb"(?:[\s;\x00]++|/\*(?![Mm]?!).*?(?:\*/|\Z)|--(?=[\s\x00-\x1f]|\Z)[^\n]*+|#[^\n]*+)*+\Z",
    re.DOTALL,
)

# A string, a quoted name or a comment, to its end or that of the text. A comment whose content is
# executed is not taken as one. Everything here is linear in the length of the text.
_QUOTED = (
    rb"'[^'\\]*(?:\\.?[^'\\]*)*(?:'|\Z)|\"[^\"\\]*(?:\\.?[^\"\\]*)*(?:\"|\Z)|`[^`]*(?:`|\Z)|"
    rb"/\*(?!M?!).*?(?:\*/|\Z)|--(?=[\s\x00-\x1f]|\Z)[^\n]*|#[^\n]*"
)
_STATEMENT = re.compile(rb"(?:[^;'\"`/#-]++|" + _QUOTED + rb"|[/-])*+;", re.DOTALL | re.IGNORECASE)

_PLAIN_STARTS = frozenset(
    start
    for word in (b"sel", b"ins", b"upd", b"del", b"rep")
    for start in (word, word.upper(), word.capitalize())
)
_CHANGES_ROWS = frozenset(
    start
    for word in (b"ins", b"upd", b"del", b"rep")
    for start in (word, word.upper(), word.capitalize())
)
XA = "XA transaction"
"""The pin after which a connection is not given to others: MariaDB's does not survive a reset."""

_WORDS = {
    b"set": Recognised(Special.SET),
    b"begin": Recognised(Special.TRANSACTION),
    b"start": Recognised(Special.TRANSACTION),
    b"commit": Recognised(Special.TRANSACTION),
    b"rollback": Recognised(Special.TRANSACTION),
    b"savepoint": Recognised(Special.SAVEPOINT),
    b"kill": Recognised(Special.KILL),
    b"show": Recognised(Special.SHOW),
    b"lock": Recognised(Special.HOLDING),
    b"unlock": Recognised(Special.HOLDING),
    b"flush": Recognised(Special.HOLDING),
    b"handler": Recognised(Special.HOLDING),
    b"prepare": Recognised(Special.HOLDING),
    b"deallocate": Recognised(Special.HOLDING),
    b"drop": Recognised(Special.HOLDING),
    b"if": Recognised(Special.HOLDING),
    b"case": Recognised(Special.HOLDING),
    b"loop": Recognised(Special.HOLDING),
    b"while": Recognised(Special.HOLDING),
    b"repeat": Recognised(Special.HOLDING),
    b"for": Recognised(Special.HOLDING),
    b"alter": Recognised(Special.RENAME),
    b"rename": Recognised(Special.RENAME),
    b"call": Recognised(Special.PIN, "CALL"),
    b"execute": Recognised(Special.HOLDING),
    b"xa": Recognised(Special.PIN, XA),
    b"backup": Recognised(Special.PIN, "BACKUP"),
    b"load": Recognised(Special.INSERT_ID),
}
_IN_SET_STATEMENT = "USE or KILL in SET STATEMENT"
_ANYWHERE = (Special.USE, Special.PIN, Special.REFUSE)
"""What a statement means also when it comes with others."""
_DECISIVE = (Special.USE, Special.REFUSE)
_LIGHT = (Special.RENAME, Special.SAVEPOINT, Special.SET_FOR_READING, Special.INSERT_ID)
_AMONG_SEVERAL = {
    Special.SET: Recognised(Special.PIN, "SET among several statements"),
    Special.HOLDING: Recognised(Special.PIN, "several statements"),
    Special.RENAME: Recognised(Special.RENAME),
    Special.SAVEPOINT: Recognised(Special.SAVEPOINT),
    Special.INSERT_ID: Recognised(Special.INSERT_ID),
    Special.KILL: Recognised(Special.REFUSE, "KILL among several statements in one text"),
}
"""What others mean there; one that is not here needs nothing."""
_PLAIN_WORDS = frozenset(
    (b"select", b"insert", b"update", b"delete", b"replace", b"with", b"values")
)
_READS = frozenset((b"select", b"with", b"values", b"show", b"explain"))

_MAKES = re.compile(
    _LEADING.pattern.removesuffix(rb"([A-Za-z_]*+)") + rb"(?:create|alter)\b"
    rb"(?!\s++(?:or\s++replace\s++)?(?:temporary\s++)?table\b)",
    re.DOTALL,
)
# What MariaDB has in front of a statement that variables are set for, as often as it is there. It
# is cut here only where no SQL mode cuts it otherwise. It may not set the SQL mode: that would show
# in the status flags of the reply, which are to tell it of the session.
_FOR_STATEMENT = re.compile(
    rb"(?:statement\b(?:(?!(?:for|sql_mode)\b)\w++|'[^'\\]*+'|\"[^\"\\]*+\"|[\s=:,.@+]|-(?!-))++for\b"
    rb"(?:\s++set\s++(?=statement\b))?+)++[\s(]*+([a-z]++)"
)
_FOR_KILL = re.compile(
    rb"\bfor\b" + _LEADING.pattern.removesuffix(rb"([A-Za-z_]*+)") + rb"(?:kill|use)\b", re.DOTALL
)
_PREPARES_KILL = re.compile(rb"(?:from|immediate)\s*+['\"][\s(;]*+(?:kill|use)\b", re.IGNORECASE)
# Servers report SET @x, not what an expression, INTO or a procedure's parameter assigns. A comment
# behind INTO may hide a variable.
_ASSIGNS = re.compile(rb":=|\binto\s*+(?:@|/\*|--|#)|\bdiagnostics\b", re.IGNORECASE)

_LOCKS = re.compile(rb"get_lock|release_lock|release_all_locks")
_SIDE_EFFECTS = re.compile(_LOCKS.pattern + rb"|\binto\b")


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
        and packet.find(b"evious") < 0  # PREVIOUS VALUE FOR a sequence of MariaDB
        and packet.find(b"EVIOUS") < 0
        and packet.find(b"eturning") < 0  # rows of an INSERT of MariaDB, whose id nobody tells
        and packet.find(b"ETURNING") < 0
        and (packet.find(b"(") < 0 or packet[start : start + 3] in _CHANGES_ROWS)
        and not (multi_statements and packet.find(b";") >= 0)
    ):
        return None
    if len(packet) > MAX_LOOKED_AT:
        return _recognise_long(packet, start, multi_statements)
    text = packet.lower()
    several = multi_statements and text.rstrip(b"; \t\r\n\0").find(b";", start) >= 0
    found = None
    if several or text[start : start + 3] not in _PLAIN_STARTS:
        found = _recognise_words(packet, text, start, several)
    if (
        found is None
        or found.special is Special.SET_FOR_READING
        or (several and found.special in _LIGHT)
    ):
        found = _weightier(found, _of_contents(text))
    elif found.special is Special.SET and _has_side_effects(text):
        found = Recognised(Special.PIN, "an expression in SET")
    first = _STATEMENT.match(text, start) if several else None  # the others look back at it
    asked = questions(packet if first is None else packet[: first.end()], start)
    calls = text[start : start + 3] not in _CHANGES_ROWS and may_call(text, start)
    if asked and _MAKES.match(text, start) is not None:
        asked = frozenset()  # of whom the routine will ask when it runs
    if not (asked or calls):
        return found
    if found is None:
        return Recognised(Special.ASKS if asked else Special.CALLS, "", asked, calls)
    return Recognised(found.special, found.detail, asked, calls)


def _has_side_effects(text: bytes) -> bool:
    """Whether an expression of a SET may do more than give a value."""
    parenthesis = text.find(b"(")
    assigns = parenthesis >= 0 and text.find(b":=", parenthesis) >= 0
    return assigns or _SIDE_EFFECTS.search(text) is not None


def _of_contents(text: bytes) -> Recognised | None:
    """What words anywhere in a statement say of it."""
    if text.find(b"@") >= 0 and _ASSIGNS.search(text):
        return Recognised(Special.PIN, "a user variable")
    if _LOCKS.search(text) is not None:
        return Recognised(Special.HOLDING)
    if text.find(b"sql_calc_found_rows") >= 0:
        return Recognised(Special.CALC_FOUND_ROWS)
    if text.find(b"last_insert_id") >= 0 or text.find(b"returning") >= 0:
        return Recognised(Special.INSERT_ID)
    return None


def _recognise_long(packet: bytes, start: int, multi_statements: bool) -> Recognised | None:
    """What the beginning of a long text needs; a pin where the rest would have to be looked at."""
    found = recognise(packet[:MAX_LOOKED_AT], start, multi_statements)
    if found is not None and found.special in (Special.USE, Special.REFUSE, Special.PIN):
        return found
    if found is not None:
        return Recognised(Special.PIN, LONG_TEXT)
    several = multi_statements and packet.find(b";", MAX_LOOKED_AT, -1) >= 0
    if several or packet.find(b"@", MAX_LOOKED_AT) >= 0 or packet.lower().find(b"get_lock") >= 0:
        return Recognised(Special.PIN, LONG_TEXT)
    return None


def _recognise_words(packet: bytes, text: bytes, start: int, several: bool) -> Recognised | None:
    """What the first words of the statements say; of several that which weighs most."""
    weightiest: Recognised | None = None
    looked_at = 0
    beginnings = _beginnings(text, start) if several else iter((start,))
    for beginning in islice(beginnings, MAX_STATEMENTS):
        if beginning < looked_at:
            continue
        limit = beginning + MAX_LEADING
        match = _LEADING.match(text, beginning, limit)
        assert match is not None
        looked_at = match.end()
        if looked_at == limit:
            return Recognised(Special.PIN, "a first word that was not looked for any further")
        hidden = _EXECUTABLE.search(text, beginning, match.start(1)) is not None
        found = _of_word(match.group(1), packet, looked_at, hidden)
        if found is not None and several and found.special not in _ANYWHERE:
            found = _AMONG_SEVERAL.get(found.special)
        elif hidden and found is not None and found.special is Special.SHOW:
            found = None
        if found is not None and (not several or found.special in _DECISIVE):
            return found
        weightiest = _weightier(weightiest, found)
    if next(beginnings, None) is not None:
        weightiest = _weightier(weightiest, Recognised(Special.PIN, "many statements"))
    return weightiest


def _weightier(one: Recognised | None, other: Recognised | None) -> Recognised | None:
    """The one that asks more of the session, the first of equals."""
    if one is None or other is None:
        return one or other
    return other if one.special in _LIGHT and other.special not in _LIGHT else one


def _beginnings(text: bytes, start: int) -> Iterator[int]:
    """Where the text's statements begin; a semicolon within quotes or a comment is none."""
    yield start
    while (statement := _STATEMENT.match(text, start)) is not None:
        start = statement.end()
        yield start


def _of_word(word: bytes, packet: bytes, end: int, hidden: bool) -> Recognised | None:
    """What a statement beginning with ``word`` needs; ``hidden``: within an executed comment."""
    if word in (b"use", b"kill") and hidden:
        return Recognised(Special.REFUSE, f"{word.decode().upper()} in an executable comment")
    if word == b"use":
        return _of_use(packet, end)
    if word == b"set":
        return _of_set(packet.lower(), end)
    if word in (b"prepare", b"execute") and _PREPARES_KILL.search(packet, end) is not None:
        return Recognised(Special.REFUSE, "USE or KILL in a prepared statement")
    if word == b"create" and packet.lower().find(b"temporary", end) >= 0:
        return Recognised(Special.HOLDING)
    if word == b"load" and packet.find(b"@", end) >= 0:
        return Recognised(Special.PIN, "a user variable")
    return _WORDS.get(word)


def _of_set(text: bytes, end: int) -> Recognised | None:
    """What SET needs, and for SET STATEMENT ... FOR what the statement behind it does."""
    itself = _WORDS[b"set"]
    first = _LEADING.match(text, end, end + MAX_LEADING)
    if first is None or first.group(1) != b"statement":
        return itself
    match = _FOR_STATEMENT.match(text, first.start(1))
    if match is None:
        hides = _FOR_KILL.search(text, first.end()) is not None
        return Recognised(Special.REFUSE, _IN_SET_STATEMENT) if hides else itself
    word = match.group(1)
    found = _of_word(word, text, match.end(), hidden=False)
    if found is not None and found.special in (Special.USE, Special.KILL, Special.REFUSE):
        return Recognised(Special.REFUSE, _IN_SET_STATEMENT)
    if word in _READS:  # what others do to the session is not told from the setting in front
        return Recognised(Special.SET_FOR_READING)
    return found if found is not None and found.special is Special.PIN else itself


def _of_use(packet: bytes, end: int) -> Recognised | None:
    """The database of a USE; ``None`` for what the server will not take for one either."""
    name = _USE_NAME.match(packet, end)
    if name is None:
        if _NOTHING_MORE.match(packet, end) is not None:
            return None
        return Recognised(Special.REFUSE, "USE with a name that cannot be read")
    if _NOTHING_MORE.match(packet, name.end()) is None:
        if packet.find(b";", name.end()) >= 0:
            return Recognised(Special.REFUSE, "USE among several statements in one text")
        return None
    quoted, plain = name.groups()
    database = quoted.replace(b"``", b"`") if quoted is not None else plain
    return Recognised(Special.USE, database.decode("utf-8", "replace"))


_NEVER_COMMITS = _PLAIN_WORDS | frozenset(
    b"rollback savepoint release load show explain describe desc do use".split()
)


def may_commit(packet: bytes, start: int) -> bool:
    """Whether the statement may end a transaction by committing it, as COMMIT, BEGIN and DDL do."""
    match = _LEADING.match(packet, start, start + MAX_LEADING)
    return match is None or match.group(1).lower() not in _NEVER_COMMITS


def is_plain(packet: bytes, start: int) -> bool:
    """Whether the statement reads or changes rows and so, failing, leaves no transaction open."""
    match = _LEADING.match(packet, start, start + MAX_LEADING)
    return match is not None and match.group(1).lower() in _PLAIN_WORDS
