"""Which statement it is, by its first words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded import (
    databases,
    delete,
    insert,
    prepared,
    set_statement,
    show,
    tables,
    threads,
    transactions,
    update,
)
from athena_g.embedded.lexer import Cursor, tokenize
from athena_g.embedded.parse import parse_expression
from athena_g.embedded.prepared import Statement
from athena_g.embedded.results import OkResult, RowsResult
from athena_g.errors import SqlError
from athena_g.protocol.columns import Column

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

Handler = Callable[["EngineSession", Cursor], OkResult | RowsResult]


def dispatch(session: EngineSession, cursor: Cursor) -> OkResult | RowsResult:
    """Runs the statement; raises 1064 or 1235 for one that is not known."""
    first = cursor.peek()
    assert first is not None
    word = "(" if first.text == "(" else first.word
    handler = _HANDLERS.get(word)
    if handler is None:
        if word in _REFUSED:
            cursor.refuse(word)
        cursor.fail()
    return handler(session, cursor)


def check(session: EngineSession, statement: Statement) -> Sequence[Column]:
    """The columns that a statement will give, found without running it.

    Raises what can be told without values: 1064, 1146, 1054 ...
    """
    cursor = Cursor(statement.text, statement.tokens)
    if statement.word in ("UPDATE", "DELETE", "INSERT", "REPLACE"):
        _CHECKS[statement.word](session, cursor)
        return []
    if statement.word not in _HANDLERS:
        dispatch(session, cursor)
    if not prepared.has_columns(statement):
        return []
    try:
        return _columns(session, statement, cursor)
    except SqlError as error:
        # A function may be known only with its arguments' values: then it is when it runs.
        if error.errno != errors.NOT_SUPPORTED_YET.errno or not statement.marks:
            raise
        return []


def _columns(session: EngineSession, statement: Statement, cursor: Cursor) -> Sequence[Column]:
    if statement.word in ("SHOW", "DESCRIBE", "DESC", "EXPLAIN"):
        result = dispatch(session, cursor)
        return result.columns if isinstance(result, RowsResult) else []
    return session.queries.columns(statement.text, statement.tokens)


def _select(session: EngineSession, cursor: Cursor) -> RowsResult:
    return session.queries.select(cursor.sql, cursor.tokens)


def _with(session: EngineSession, cursor: Cursor) -> RowsResult:
    depth = 0
    for token in cursor.tokens:
        depth += (token.text == "(") - (token.text == ")")
        if depth == 0 and token.word in ("UPDATE", "DELETE", "INSERT"):
            cursor.refuse(f"WITH … {token.word}")
    return _select(session, cursor)


def _do(session: EngineSession, cursor: Cursor) -> OkResult:
    cursor.expect("DO")
    while True:
        start, end = cursor.skip_expression()
        parse_expression(cursor.sql[start:end], offset=start, whole=cursor.sql)
        if not cursor.accept(","):
            break
    cursor.finish()
    body = cursor.tokens[1:]
    select = "SELECT " + cursor.sql[body[0].start : body[-1].end]
    found_rows = session.found_rows
    offset = body[0].start - len("SELECT ")
    for _ in session.queries.select(select, tokenize(select), offset).rows:
        pass
    session.found_rows = found_rows
    return OkResult()


def _use(session: EngineSession, cursor: Cursor) -> OkResult:
    cursor.expect("USE")
    name = cursor.name()
    cursor.finish()
    session.use(name)
    return OkResult()


def _create(session: EngineSession, cursor: Cursor) -> OkResult:
    word = cursor.word(1)
    if word in ("DATABASE", "SCHEMA"):
        return databases.create(session, cursor)
    if word in ("TABLE", "TEMPORARY"):
        return tables.create_table(session, cursor)
    if word in ("INDEX", "UNIQUE"):
        return tables.create_index(session, cursor)
    raise errors.NOT_SUPPORTED_YET(construct=f"CREATE {word or '…'}")


def _drop(session: EngineSession, cursor: Cursor) -> OkResult:
    word = cursor.word(1)
    if word in ("DATABASE", "SCHEMA"):
        return databases.drop(session, cursor)
    if word in ("TABLE", "TABLES", "TEMPORARY"):
        return tables.drop_table(session, cursor)
    if word == "INDEX":
        return tables.drop_index(session, cursor)
    if word == "PREPARE":
        return prepared.deallocate(session, cursor)
    raise errors.NOT_SUPPORTED_YET(construct=f"DROP {word or '…'}")


def _describe(session: EngineSession, cursor: Cursor) -> RowsResult:
    following = cursor.peek(1)
    if following is None:
        cursor.position += 1
        cursor.fail()
    if following.word in ("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "FORMAT", "("):
        cursor.refuse("EXPLAIN")
    return show.describe(session, cursor)


def _maintain(session: EngineSession, cursor: Cursor) -> RowsResult:
    return show.maintain(session, cursor)


def _flush(session: EngineSession, cursor: Cursor) -> OkResult:
    return OkResult()


_HANDLERS: dict[str, Handler] = {
    "SELECT": _select,
    "(": _select,
    "WITH": _with,
    "TABLE": _select,
    "INSERT": insert.run,
    "REPLACE": insert.run,
    "UPDATE": update.run,
    "DELETE": delete.run,
    "TRUNCATE": tables.truncate,
    "CREATE": _create,
    "DROP": _drop,
    "ALTER": tables.alter,
    "RENAME": tables.rename,
    "USE": _use,
    "SHOW": show.run,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "EXPLAIN": _describe,
    "SET": set_statement.run,
    "BEGIN": transactions.begin,
    "START": transactions.begin,
    "COMMIT": transactions.commit,
    "ROLLBACK": transactions.rollback,
    "SAVEPOINT": transactions.savepoint,
    "RELEASE": transactions.release,
    "LOCK": transactions.lock_tables,
    "UNLOCK": transactions.unlock_tables,
    "DO": _do,
    "ANALYZE": _maintain,
    "OPTIMIZE": _maintain,
    "CHECK": _maintain,
    "KILL": threads.kill,
    "PREPARE": prepared.prepare,
    "EXECUTE": prepared.execute,
    "DEALLOCATE": prepared.deallocate,
    "FLUSH": _flush,
}
_CHECKS: dict[str, Callable[[EngineSession, Cursor], None]] = {
    "INSERT": insert.check,
    "REPLACE": insert.check,
    "UPDATE": update.check,
    "DELETE": delete.check,
}
_REFUSED = frozenset(
    [
        "CALL",
        "LOAD",
        "GRANT",
        "REVOKE",
        "HANDLER",
        "IMPORT",
        "INSTALL",
        "UNINSTALL",
        "RESET",
        "CHANGE",
        "STOP",
        "REPAIR",
        "CHECKSUM",
        "CACHE",
        "XA",
        "SIGNAL",
        "RESIGNAL",
        "GET",
        "HELP",
        "PURGE",
        "VALUES",
        "BINLOG",
        "SHUTDOWN",
        "RESTART",
        "CLONE",
    ]
)
