"""SET: system variables, user variables, names, transaction characteristics.

All assignments of a statement are read and checked before the first of them is made: either all
are made or none is, and ``SET @a = 1, @b = @a`` gives @b what @a was before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded.lexer import Cursor, Token, unquote
from athena_g.embedded.native import Value
from athena_g.embedded.parse import parse, parse_expression
from athena_g.embedded.prepared import variable_name
from athena_g.embedded.results import OkResult

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

Change = Callable[[], None]
_SCOPES = frozenset({"SESSION", "GLOBAL", "LOCAL", "PERSIST", "PERSIST_ONLY"})
_ONCE = "once"
"""The scope of ``SET @@transaction_isolation``: the next transaction alone."""
_OF_NEXT_TRANSACTION = frozenset({"transaction_isolation", "transaction_read_only"})
_IN_SEVERAL_NAMES = ("character_set_client", "character_set_connection", "character_set_results")


def run(session: EngineSession, cursor: Cursor) -> OkResult:
    """``SET …``; several assignments are separated by commas."""
    cursor.expect("SET")
    if cursor.word() in ("PASSWORD", "ROLE", "RESOURCE") or (
        cursor.word() == "DEFAULT" and cursor.word(1) == "ROLE"
    ):
        cursor.refuse(f"SET {cursor.word()}")
    changes = _transaction(session, cursor) if _is_transaction(cursor) else _all(session, cursor)
    for change in changes:
        change()
    session.apply_variables()
    return OkResult()


def _all(session: EngineSession, cursor: Cursor) -> list[Change]:
    changes: list[Change] = []
    while True:
        if cursor.accept("NAMES"):
            changes.append(_names(session, cursor))
        elif cursor.accept("CHARACTER", "SET") or cursor.accept("CHARSET"):
            changes.append(_character_set(session, cursor))
        else:
            changes.append(_assignment(session, cursor))
        if not cursor.accept(","):
            break
    cursor.finish()
    return changes


# --- SET NAMES and SET CHARACTER SET --------------------------------------------------------------


def _names(session: EngineSession, cursor: Cursor) -> Change:
    name, collation = "utf8mb4", None
    if not cursor.accept("DEFAULT"):
        name = cursor.name_or_string()
        if cursor.accept("COLLATE"):
            collation = cursor.name_or_string()
    values = session.variables.names(name, collation)
    return lambda: _put_names(session, values)


def _character_set(session: EngineSession, cursor: Cursor) -> Change:
    name = "utf8mb4" if cursor.accept("DEFAULT") else cursor.name_or_string()
    return lambda: _put_names(session, session.variables.character_set(name))


def _put_names(session: EngineSession, values: dict[str, Value]) -> None:
    for variable, value in values.items():
        session.variables.put(variable, value)
        # MySQL does not tell of the collation that follows from it.
        if variable in _IN_SEVERAL_NAMES:
            session.tracker.variable(variable, value)


# --- SET TRANSACTION ------------------------------------------------------------------------------


def _is_transaction(cursor: Cursor) -> bool:
    ahead = 1 if cursor.word() in ("SESSION", "GLOBAL", "LOCAL") else 0
    return cursor.word(ahead) == "TRANSACTION" and cursor.word(ahead + 1) in ("ISOLATION", "READ")


def _transaction(session: EngineSession, cursor: Cursor) -> list[Change]:
    scope = {"LOCAL": "session", "": _ONCE}.get(
        found := cursor.accept_any("SESSION", "GLOBAL", "LOCAL"), found.lower()
    )
    cursor.expect("TRANSACTION")
    values: dict[str, Value] = {}
    while True:
        name, value = _characteristic(cursor, values)
        values[name] = value
        if not cursor.accept(","):
            break
    cursor.finish()
    return [_assigned(session, name, value, scope) for name, value in values.items()]


def _characteristic(cursor: Cursor, known: dict[str, Value]) -> tuple[str, Value]:
    """One isolation level or access mode; each may be named once."""
    if "transaction_isolation" not in known and cursor.accept("ISOLATION", "LEVEL"):
        return "transaction_isolation", _level(cursor)
    if "transaction_read_only" in known:
        cursor.fail()
    cursor.expect("READ")
    read_only = cursor.accept("ONLY")
    if not read_only:
        cursor.expect("WRITE")
    return "transaction_read_only", int(read_only)


def _level(cursor: Cursor) -> str:
    if cursor.accept("SERIALIZABLE"):
        return "SERIALIZABLE"
    if cursor.accept("REPEATABLE", "READ"):
        return "REPEATABLE-READ"
    if cursor.accept("READ", "COMMITTED"):
        return "READ-COMMITTED"
    cursor.expect("READ", "UNCOMMITTED")
    return "READ-UNCOMMITTED"


# --- variables ------------------------------------------------------------------------------------


def _assignment(session: EngineSession, cursor: Cursor) -> Change:
    token = cursor.next()
    if token.kind == "variable" and not token.text.startswith("@@"):
        _equals(cursor)
        value = _expression(session, cursor)
        return lambda: _set_user_variable(session, variable_name(token), value)
    scope, name = _target(cursor, token)
    if scope in ("persist", "persist_only"):
        cursor.refuse("SET PERSIST")
    _equals(cursor)
    scope = "session" if scope == "local" else scope
    lookup = "session" if scope == _ONCE else scope
    return _assigned(session, name, _value(session, cursor, name, lookup), scope)


def _target(cursor: Cursor, token: Token) -> tuple[str, str]:
    """The scope and name of a system variable, in lower case."""
    if token.kind == "variable":
        *scopes, name = token.text[2:].lower().split(".")
        once = name in _OF_NEXT_TRANSACTION
        return scopes[0] if scopes else _ONCE if once else "session", name
    if token.word in _SCOPES:
        return token.word.lower(), cursor.name().lower()
    if token.kind not in ("word", "quoted"):
        cursor.position -= 1
        cursor.fail()
    name = unquote(token.text) if token.kind == "quoted" else token.text
    return "session", name.lower()


def _equals(cursor: Cursor) -> None:
    if not (cursor.accept("=") or cursor.accept(":=")):
        cursor.fail()


def _set_user_variable(session: EngineSession, name: str, value: Value) -> None:
    session.user_variables[name] = value
    session.tracker.state()


def _value(session: EngineSession, cursor: Cursor, name: str, scope: str) -> Value:
    """The value of an assignment; a bare word such as ON or utf8mb4 is a text."""
    token, following = cursor.peek(), cursor.peek(1)
    alone = following is None or following.text == ","
    if token is not None and token.kind == "word" and alone:
        if token.word in ("NULL", "TRUE", "FALSE"):
            return _expression(session, cursor)
        cursor.next()
        if token.word == "DEFAULT":
            return session.variables.default(name, scope)
        return token.text if not token.text.isdigit() else int(token.text)
    return _expression(session, cursor)


def _expression(session: EngineSession, cursor: Cursor) -> Value:
    start, end = cursor.skip_expression()
    text = cursor.sql[start:end]
    parse_expression(text, offset=start, whole=cursor.sql)
    tree = parse(f"SELECT {text}", offset=start - 7, whole=cursor.sql)
    query, rows = session.queries.values(tree)
    if len(query.outputs) != 1:
        raise errors.OPERAND_COLUMNS(count=1)
    return next(iter(list(rows)))[0]


def _assigned(session: EngineSession, name: str, value: Value, scope: str) -> Change:
    """The checked assignment of a system variable, still to be made."""
    if scope == _ONCE:
        if session.in_transaction:
            raise errors.TRANSACTION_CHARACTERISTICS()
        _, checked = session.variables.checked(name, value, "session")
        return lambda: _set_once(session, name, checked)
    name, checked = session.variables.checked(name, value, scope)
    if scope == "global":
        return lambda: session.variables.put_global(name, checked)
    return lambda: _set_session(session, name, checked)


def _set_once(session: EngineSession, name: str, value: Value) -> None:
    if name == "transaction_isolation":
        session.characteristics.next_isolation = str(value)
    else:
        session.characteristics.next_read_only = bool(value)


def _set_session(session: EngineSession, name: str, value: Value) -> None:
    match name:
        case "last_insert_id" | "identity":
            session.last_insert_id = int(value)
        case "insert_id":
            session.next_insert_id = int(value)
        case "timestamp":
            session.clock.stop(value)
        case "autocommit":
            _set_autocommit(session, bool(value))
    session.variables.put(name, value)
    for follower, its_value in session.variables.following(name, value).items():
        session.variables.put(follower, its_value)
    session.tracker.variable(name, value)


def _set_autocommit(session: EngineSession, on: bool) -> None:
    if on and not session.storage.autocommit:
        session.storage.commit()
    session.storage.autocommit = on
