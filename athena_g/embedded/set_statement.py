"""SET: system variables, user variables, names, transaction characteristics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded.lexer import Cursor, unquote
from athena_g.embedded.native import Value
from athena_g.embedded.parse import parse_expression
from athena_g.embedded.results import OkResult

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

_BARE_VALUES = frozenset({"ON", "OFF", "DEFAULT", "BINARY", "ALL"})


def run(session: EngineSession, cursor: Cursor) -> OkResult:
    """``SET …``; several assignments are separated by commas."""
    cursor.expect("SET")
    if cursor.word() in ("PASSWORD", "ROLE", "RESOURCE") or (
        cursor.word() == "DEFAULT" and cursor.word(1) == "ROLE"
    ):
        cursor.refuse(f"SET {cursor.word()}")
    if _is_transaction(cursor):
        return _transaction(session, cursor)
    while True:
        if cursor.accept("NAMES") or cursor.accept("CHARACTER", "SET") or cursor.accept("CHARSET"):
            _names(session, cursor)
        else:
            _assignment(session, cursor)
        if not cursor.accept(","):
            break
    cursor.finish()
    session.apply_variables()
    return OkResult(warnings=len(session.warnings))


def _is_transaction(cursor: Cursor) -> bool:
    ahead = 1 if cursor.word() in ("SESSION", "GLOBAL", "LOCAL") else 0
    return cursor.word(ahead) == "TRANSACTION" and cursor.word(ahead + 1) in ("ISOLATION", "READ")


def _changed(session: EngineSession, name: str, value: Value) -> None:
    session.state_changed = True
    session.changed_variables.append((name, shown_value(name, value)))


def shown_value(name: str, value: Value) -> str:
    """A variable's value as SHOW VARIABLES prints it."""
    from athena_g.embedded.variables import definition

    if definition(name).is_switch:
        return "ON" if value else "OFF"
    return "" if value is None else str(value)


def _names(session: EngineSession, cursor: Cursor) -> None:
    name, collation = "utf8mb4", None
    if not cursor.accept("DEFAULT"):
        name = cursor.name_or_string()
        if cursor.accept("COLLATE"):
            collation = cursor.name_or_string()
    for variable, value in session.variables.set_names(name, collation):
        _changed(session, variable, value)


def _transaction(session: EngineSession, cursor: Cursor) -> OkResult:
    scope = cursor.accept_any("SESSION", "GLOBAL", "LOCAL").lower()
    cursor.expect("TRANSACTION")
    if not scope and session.in_transaction:
        raise errors.TRANSACTION_CHARACTERISTICS()
    while True:
        if cursor.accept("ISOLATION", "LEVEL"):
            _assign(session, "transaction_isolation", _level(cursor), scope or "session")
        elif cursor.accept("READ", "ONLY"):
            _assign(session, "transaction_read_only", 1, scope or "session")
        else:
            cursor.expect("READ", "WRITE")
            _assign(session, "transaction_read_only", 0, scope or "session")
        if not cursor.accept(","):
            break
    cursor.finish()
    session.apply_variables()
    return OkResult()


def _level(cursor: Cursor) -> str:
    if cursor.accept("SERIALIZABLE"):
        return "SERIALIZABLE"
    if cursor.accept("REPEATABLE", "READ"):
        return "REPEATABLE-READ"
    if cursor.accept("READ", "COMMITTED"):
        return "READ-COMMITTED"
    cursor.expect("READ", "UNCOMMITTED")
    return "READ-UNCOMMITTED"


def _assignment(session: EngineSession, cursor: Cursor) -> None:
    token = cursor.next()
    if token.kind == "variable" and not token.text.startswith("@@"):
        if not (cursor.accept("=") or cursor.accept(":=")):
            cursor.fail()
        value = _expression(session, cursor)
        name = token.text[1:]
        session.user_variables[(unquote(name) if name[0] in "`'\"" else name).lower()] = value
        session.state_changed = True
        return
    scope = "session"
    if token.kind == "variable":
        parts = token.text[2:].split(".")
        scope = parts[0].lower() if len(parts) > 1 else "session"
        name = parts[-1]
    elif token.word in ("SESSION", "GLOBAL", "LOCAL", "PERSIST"):
        scope, name = token.word.lower(), cursor.name()
    elif token.kind in ("word", "quoted"):
        name = unquote(token.text) if token.kind == "quoted" else token.text
    else:
        cursor.position -= 1
        cursor.fail()
    if scope == "persist":
        cursor.refuse("SET PERSIST")
    if not (cursor.accept("=") or cursor.accept(":=")):
        cursor.fail()
    _assign(session, name.lower(), _value(session, cursor, name.lower(), scope), scope)


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
    from athena_g.embedded.parse import parse

    query, rows = session.query_values(parse(f"SELECT {text}", offset=start - 7, whole=cursor.sql))
    if len(query.outputs) != 1:
        raise errors.OPERAND_COLUMNS(count=1)
    return next(iter(list(rows)))[0]


def _assign(session: EngineSession, name: str, value: Value, scope: str) -> None:
    scope = "session" if scope in ("local", "") else scope
    if name in ("character_set_results", "character_set_client") and value is None:
        value = "utf8mb4"
    if name in ("last_insert_id", "identity"):
        session.last_insert_id = int(value)
        return
    name, checked = session.variables.set(name, value, scope)
    if scope == "global":
        return
    if name == "autocommit":
        _set_autocommit(session, bool(checked))
    if name == "character_set_connection":
        from athena_g.embedded.collation import CHARSET_DEFAULTS

        session.variables.put("collation_connection", CHARSET_DEFAULTS[checked])
    _changed(session, name, checked)


def _set_autocommit(session: EngineSession, on: bool) -> None:
    if on and not session.storage.autocommit:
        session.storage.commit()
    session.storage.autocommit = on
