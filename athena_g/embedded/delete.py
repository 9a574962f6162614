"""DELETE."""

from __future__ import annotations

from typing import TYPE_CHECKING

import apsw
from sqlglot import exp

from athena_g import errors
from athena_g.embedded.catalogue import quote
from athena_g.embedded.lexer import Cursor
from athena_g.embedded.parse import parse
from athena_g.embedded.results import OkResult
from athena_g.embedded.targets import Target, read_targets
from athena_g.embedded.translate.expressions import Expressions
from athena_g.embedded.translate.relations import Scope, table_relation
from athena_g.embedded.translate.select import Select
from athena_g.embedded.update import targets_database
from athena_g.embedded.writing import is_reference, still_referenced, stored_name

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession


def run(session: EngineSession, cursor: Cursor) -> OkResult:
    """``DELETE …`` from one table or several."""
    names, tree = _read(cursor)
    database = targets_database(session, tree)
    session.check_writable(temporary=database is None)
    with session.storage.writing(database):
        targets = read_targets(session, tree)
        if names is None:
            if len(targets) > 1:
                cursor.fail()
            count = _delete_one(session, targets[0], tree)
        else:
            count = _delete_many(session, _chosen(names, targets), tree)
    return OkResult(count)


def check(session: EngineSession, cursor: Cursor) -> None:
    """Raises what is wrong with the statement whatever values it will be given."""
    names, tree = _read(cursor)
    targets = read_targets(session, tree)
    if names is not None:
        _chosen(names, targets)


def _read(cursor: Cursor) -> tuple[list[str] | None, exp.Select]:
    """The tables to delete from, and the statement's tables and conditions as a query."""
    cursor.expect("DELETE")
    while word := cursor.accept_any("LOW_PRIORITY", "QUICK", "IGNORE"):
        if word == "IGNORE":
            cursor.refuse("DELETE IGNORE")
    names = _names(cursor)
    token = cursor.peek()
    if token is None:
        cursor.fail()
    body = cursor.sql[token.start : cursor.tokens[-1].end]
    offset = token.start - len("SELECT 1 FROM ")
    tree = parse(f"SELECT 1 FROM {body}", offset=offset, whole=cursor.sql)
    if not isinstance(tree, exp.Select):
        cursor.fail()
    return names, tree


def _names(cursor: Cursor) -> list[str] | None:
    """The tables of ``DELETE a, b FROM …`` or ``DELETE FROM a, b USING …``; None: a single one."""
    if not cursor.accept("FROM"):
        names = _list(cursor)
        cursor.expect("FROM")
        return names
    start = cursor.position
    names = _list(cursor)
    if cursor.accept("USING"):
        return names
    cursor.position = start
    return None


def _list(cursor: Cursor) -> list[str]:
    names = []
    while True:
        name = cursor.name()
        while cursor.accept("."):
            if not cursor.accept("*"):
                name = cursor.name()
        names.append(name)
        if not cursor.accept(","):
            return names


def _chosen(names: list[str], targets: list[Target]) -> list[Target]:
    found = []
    for name in names:
        for target in targets:
            if target.alias.lower() == name.lower() and target.updatable:
                found.append(target)
                break
        else:
            raise errors.UNKNOWN_TABLE_IN_CLAUSE(table=name, clause="MULTI DELETE")
    return found


def _delete_one(session: EngineSession, target: Target, tree: exp.Select) -> int:
    stored = f"{stored_name(target.table, target.database)} AS {quote(target.alias)}"
    if tree.args.get("order") is not None or tree.args.get("limit") is not None:
        keys = target.keys(session, tree)
        return _delete_keys(session, target, keys)
    context = session.context()
    context.forbidden_table = (target.database, target.table.name)
    scope = Scope(None, [table_relation(target.table, target.database, target.alias)])
    expressions = Expressions(context, scope, Select(context).query)
    text = f"DELETE FROM {stored}{target.checked_condition(expressions, tree)}"
    _execute(session, target, text, ())
    return session.storage.connection.changes()


def _delete_many(session: EngineSession, targets: list[Target], tree: exp.Select) -> int:
    if tree.args.get("order") is not None or tree.args.get("limit") is not None:
        raise errors.WRONG_USAGE(first="DELETE", second="ORDER BY")
    doomed = [(target, target.keys(session, tree)) for target in targets]
    return sum(_delete_keys(session, target, keys) for target, keys in doomed)


def _delete_keys(session: EngineSession, target: Target, keys: list[tuple[object, ...]]) -> int:
    stored = f"{stored_name(target.table, target.database)} AS {quote(target.alias)}"
    count = 0
    for key in keys:
        session.functions.check_interrupted()
        _execute(session, target, f"DELETE FROM {stored} WHERE {target.by_key()}", key)
        count += session.storage.connection.changes()
    return count


def _execute(
    session: EngineSession, target: Target, text: str, bindings: tuple[object, ...]
) -> None:
    session.check_locked([(target.database, target.table.name)], writes=True)
    try:
        session.storage.change(text, bindings)
    except apsw.ConstraintError as error:
        if is_reference(error):
            raise still_referenced(session, target.database, target.table) from None
        raise
