"""UPDATE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import apsw
from sqlglot import exp

from athena_g import errors
from athena_g.embedded.catalogue import Table, quote
from athena_g.embedded.defaults import default_value
from athena_g.embedded.lexer import Cursor
from athena_g.embedded.native import Converter, converter
from athena_g.embedded.parse import parse, parse_expression
from athena_g.embedded.results import OkResult
from athena_g.embedded.store import ColumnStore
from athena_g.embedded.targets import Target, read_targets
from athena_g.embedded.translate.context import Context
from athena_g.embedded.translate.expressions import Expressions, constant
from athena_g.embedded.translate.relations import Field, Relation, Scope, table_relation
from athena_g.embedded.translate.select import Select
from athena_g.embedded.translate.values import COLUMN, Sql
from athena_g.embedded.writing import (
    StatementRow,
    duplicate,
    is_reference,
    is_unique,
    missing_parent,
    still_referenced,
    stored_name,
    stores,
)
from athena_g.errors import SqlError

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

Pair = tuple[str, str, int]
"""An assignment: the column (qualified by ``table.`` or not), the expression, where it stands."""


def read_assignments(cursor: Cursor) -> list[Pair]:
    """``column = expression, …``."""
    found = []
    while True:
        name = cursor.name()
        while cursor.accept("."):
            name = f"{name}.{cursor.name()}"
        if not (cursor.accept("=") or cursor.accept(":=")):
            cursor.fail()
        start, end = cursor.skip_expression("WHERE", "ORDER", "LIMIT")
        found.append((name, cursor.sql[start:end], start))
        if not cursor.accept(","):
            return found


_CHANGING = ("my_rand", "my_uuid", "my_sysdate", "my_last_insert_id", "my_sleep")


@dataclass(slots=True)
class _Slot:
    """One assigned column: how its value is converted and stored."""

    name: str
    convert: Converter
    store: ColumnStore | None


class Assignments:
    """The SET list of one statement: translated, and carried out row by row by ``my_set``."""

    def __init__(
        self, session: EngineSession, table: Table, database: str, alias: str, row: StatementRow
    ) -> None:
        self.session = session
        self.table = table
        self.row = row
        self.context: Context = session.context()
        self.scope = Scope(None, [table_relation(table, database, alias)])
        self.expressions = Expressions(self.context, self.scope, Select(self.context).query)
        self.alias = alias
        self.called = self.row_changed = False
        self.keeps_auto_column = False
        self.changed_rows = 0
        self.last: dict[str, Any] = {}
        self._slots: list[_Slot] = []
        self._stores = stores(table)

    def offer_new_row(self, alias: str | None, columns: list[str], names: list[str]) -> None:
        """Makes ``VALUES(c)``, and ``alias.c``, the row that was to be inserted."""
        fields = {
            column.name: Field(
                column.name, f"excluded.{quote(column.name)}", column.type, column.nullable, "new"
            )
            for column in self.table.columns
        }
        self.scope.excluded = Relation("excluded", list(fields.values()))
        if alias is not None:
            listed = list(fields.values())
            if columns:
                listed = [
                    replace(fields[name], name=shown)
                    for name, shown in zip(names, columns, strict=True)
                ]
            self.scope.relations.append(Relation(alias, listed))

    def translate(self, pairs: Sequence[Pair]) -> str:
        """The SET list for SQLite."""
        parts, assigned = [], set()
        for name, text, offset in pairs:
            column = self.table.column(name.rsplit(".", 1)[-1])
            if column is None:
                raise errors.UNKNOWN_COLUMN(column=name, clause="field list")
            old = f"{quote(self.alias)}.{quote(column.name)}"
            value = self._value(column.name, text, offset)
            place = len(self._slots)
            lower = column.name.lower()
            self._slots.append(_Slot(lower, converter(value.type), self._stores[lower]))
            parts.append(f"{quote(column.name)} = my_set({place}, {old}, {value.text})")
            # Later assignments see this one's value, as the column holds it.
            self.scope.replaced[old] = Sql(
                f"my_stored({place}, {value.text})",
                column.type,
                column.nullable or value.nullable,
                coercibility=COLUMN,
            )
            self._refuse_changing(value.text)
            assigned.add(lower)
        parts += self._unassigned(assigned)
        return ", ".join(parts)

    @staticmethod
    def _refuse_changing(text: str) -> None:
        """Raises 1235 where a value that differs each time it is computed is read twice."""
        if "my_stored(" in text and any(f"{name}(" in text for name in _CHANGING):
            raise errors.NOT_SUPPORTED_YET(
                construct="a column assigned from a value that changes, read in the same UPDATE"
            )

    def _value(self, name: str, text: str, offset: int) -> Sql:
        if text.strip().upper() == "DEFAULT":
            column = self.table.column(name)
            assert column is not None
            if column.default is None and not column.nullable:
                raise errors.NO_DEFAULT(column=name)
            value = default_value(self.session, column)
            return constant(value, self.context.collation)
        return self.expressions.translate(
            parse_expression(text, offset=offset, whole=self.session.statement)
        )

    def _unassigned(self, assigned: set[str]) -> list[str]:
        """ON UPDATE columns, and the other columns of broken keys' texts."""
        parts = []
        for column in self.table.columns:
            lower = column.name.lower()
            if lower in assigned:
                continue
            old = f"{quote(self.alias)}.{quote(column.name)}"
            in_key = any(
                key.unique and {c.lower() for c in key.columns} & assigned
                for key, _ in self.table.keys_of(column.name)
            )
            in_key = in_key or (column.auto_increment and self.keeps_auto_column)
            if not (column.on_update_now or in_key):
                continue
            place = len(self._slots)
            self._slots.append(_Slot(lower, lambda value: value, None))
            new = f"my_now({column.type.scale})" if column.on_update_now else "NULL"
            parts.append(f"{quote(column.name)} = my_set({place}, {old}, {new})")
        return parts

    # --- running --------------------------------------------------------------------------------

    def install(self) -> None:
        """Makes ``my_set`` this statement's."""
        self.session.functions.assign = self._assign
        self.session.functions.converted = self._convert

    def start_row(self) -> None:
        """The next row: nothing of it is changed yet."""
        self.called = self.row_changed = False

    def _assign(self, place: int, old: Any, new: Any) -> Any:
        slot = self._slots[place]
        self.called = True
        if slot.store is None:
            return self._keep(slot, old, new)
        stored = slot.store.store(slot.convert(new), self.row)
        if stored != old:
            self.row_changed = True
        self.last[slot.name] = stored
        return stored

    def _convert(self, place: int, value: Any) -> Any:
        """The value as ``my_set`` will store it; its faults are that one's to tell."""
        slot = self._slots[place]
        if slot.store is None:
            return value
        return slot.store.store(slot.convert(value), _QUIET)

    def _keep(self, slot: _Slot, old: Any, new: Any) -> Any:
        self.last[slot.name] = old
        return new if new is not None and self.row_changed else old


class _Quiet:
    """A row whose faults are told elsewhere."""

    row = 1

    def fault(self, error: SqlError, otherwise: SqlError | None = None) -> None:
        return None

    def note(self, error: SqlError) -> None:
        return None


_QUIET = _Quiet()


# --- the statement -------------------------------------------------------------------------------


def run(session: EngineSession, cursor: Cursor) -> OkResult:
    """``UPDATE …`` of one table or several."""
    tree, pairs = _read(cursor)
    database = targets_database(session, tree)
    session.check_writable(temporary=database is None)
    with session.storage.writing(database):
        targets = read_targets(session, tree)
        if len(targets) == 1:
            return _update_one(session, targets[0], tree, pairs)
        return _update_many(session, targets, tree, pairs)


def check(session: EngineSession, cursor: Cursor) -> None:
    """Raises what is wrong with the statement whatever values it will be given."""
    tree, pairs = _read(cursor)
    targets = read_targets(session, tree)
    for name, _, _ in pairs:
        if not any(target.owns(name, targets) for target in targets):
            raise errors.UNKNOWN_COLUMN(column=name, clause="field list")


def _read(cursor: Cursor) -> tuple[exp.Select, list[Pair]]:
    """The statement's tables and conditions as a query, and its SET list."""
    cursor.expect("UPDATE")
    ignore = False
    while word := cursor.accept_any("LOW_PRIORITY", "IGNORE"):
        ignore = ignore or word == "IGNORE"
    if ignore:
        cursor.refuse("UPDATE IGNORE")
    start, end = cursor.skip_to("SET")
    references = cursor.sql[start:end]
    cursor.expect("SET")
    pairs = read_assignments(cursor)
    token = cursor.peek()
    tail = cursor.sql[token.start : cursor.tokens[-1].end] if token else ""
    offset = start - len("SELECT 1 FROM ")
    # Blanks stand for SET and its list, so that everything keeps its place in the statement.
    blanks = " " * (token.start - end if token else 0)
    tree = parse(f"SELECT 1 FROM {references}{blanks}{tail}", offset=offset, whole=cursor.sql)
    if not isinstance(tree, exp.Select):
        cursor.fail()
    return tree, pairs


def targets_database(session: EngineSession, tree: exp.Expression) -> str | None:
    """The database whose writer lock the statement needs: that of its first table."""
    from_clause = tree.args.get("from_")
    first = from_clause.this if from_clause is not None else None
    if not isinstance(first, exp.Table):
        raise errors.NOT_SUPPORTED_YET(
            construct="this form of table references in UPDATE or DELETE"
        )
    database = session.require_database(first.db or None)
    if (database, first.name.lower()) in session.temporary:
        return None
    return database


def _update_one(
    session: EngineSession, target: Target, tree: exp.Select, pairs: list[Pair]
) -> OkResult:
    row = StatementRow(session, strict=session.strict)
    session.check_locked([(target.database, target.table.name)], writes=True)
    run = Assignments(session, target.table, target.database, target.alias, row)
    for name, _, _ in pairs:
        target.check_qualifier(name)
    run.context.forbidden_table = (target.database, target.table.name)
    set_list = run.translate(pairs)
    run.install()
    stored = stored_name(target.table, target.database)
    head = f"UPDATE {stored} AS {quote(target.alias)} SET {set_list}"
    if tree.args.get("order") is None and tree.args.get("limit") is None:
        texts = [(head + target.checked_condition(run.expressions, tree), ())]
    else:
        texts = [(f"{head} WHERE {target.by_key()}", key) for key in target.keys(session, tree)]
    matched = _execute(session, run, target, texts)
    return _finished(session, run.changed_rows, matched)


def _finished(session: EngineSession, changed: int, matched: int) -> OkResult:
    session.found_rows = matched
    warned = session.diagnostics.count
    info = f"Rows matched: {matched}  Changed: {changed}  Warnings: {warned}"
    named = session.functions.named_insert_id or 0
    return OkResult(changed, named % 2**64, len(session.warnings), info, matched)


def _execute(
    session: EngineSession, run: Assignments, target: Target, texts: Sequence[tuple[str, Any]]
) -> int:
    """Runs the UPDATEs; the number of rows they found."""
    counter = _RowCounter(run)
    session.functions.assign = counter.assign
    session.functions.converted = run._convert
    matched = 0
    for text, bindings in texts:
        try:
            session.storage.change(text, bindings)
        except apsw.ConstraintError as error:
            raise _broken(session, target, run, error) from None
        matched += session.storage.connection.changes()
    counter.finish()
    return matched


class _RowCounter:
    """Counts rows by the calls of the first assigned column."""

    def __init__(self, run: Assignments) -> None:
        self._run = run
        self._first: int | None = None

    def assign(self, place: int, old: Any, new: Any) -> Any:
        run = self._run
        if self._first is None or place == self._first:
            self._first = place
            run.session.functions.check_interrupted()
            self.finish()
            run.row.row += 1
        return run._assign(place, old, new)

    def finish(self) -> None:
        self._run.changed_rows += self._run.row_changed
        self._run.row_changed = False


def _broken(
    session: EngineSession, target: Target, run: Assignments, error: apsw.ConstraintError
) -> SqlError | apsw.ConstraintError:
    if is_unique(error):
        return duplicate(target.table, error, run.last)
    if is_reference(error):
        known = missing_parent(session, target.database, target.table, [run.last])
        return known or still_referenced(session, target.database, target.table)
    return error


def _update_many(
    session: EngineSession, targets: list[Target], tree: exp.Select, pairs: list[Pair]
) -> OkResult:
    """The new values are read first for all tables, then written row by row."""
    if tree.args.get("order") is not None or tree.args.get("limit") is not None:
        raise errors.WRONG_USAGE(first="UPDATE", second="ORDER BY")
    plans = []
    for target in targets:
        own = [pair for pair in pairs if target.owns(pair[0], targets)]
        if own:
            if not target.updatable:
                raise errors.NOT_SUPPORTED_YET(construct=f"UPDATE of {target.alias}")
            plans.append((target, own, target.rows(session, tree, own)))
    if sum(len(own) for _, own, _ in plans) != len(pairs):
        raise errors.UNKNOWN_COLUMN(column=pairs[0][0], clause="field list")
    changed = matched = 0
    for target, own, (types, rows) in plans:
        row = StatementRow(session, strict=session.strict)
        run = Assignments(session, target.table, target.database, target.alias, row)
        for key, values in rows:
            natives = [converter(t)(v) for t, v in zip(types, values, strict=True)]
            head = _update_by_key(run, target, own, natives)
            run.install()
            matched += _execute(session, run, target, [(head, key)])
        changed += run.changed_rows
    return _finished(session, changed, matched)


def _update_by_key(run: Assignments, target: Target, own: list[Pair], values: list[Any]) -> str:
    run._slots.clear()
    parts, assigned = [], set()
    for (name, _, _), value in zip(own, values, strict=True):
        column = target.table.column(name.rsplit(".", 1)[-1])
        assert column is not None
        held = constant(value, run.context.collation)
        lower = column.name.lower()
        place = len(run._slots)
        run._slots.append(_Slot(lower, converter(held.type), run._stores[lower]))
        old = f"{quote(target.alias)}.{quote(column.name)}"
        parts.append(f"{quote(column.name)} = my_set({place}, {old}, {held.text})")
        assigned.add(lower)
    parts += run._unassigned(assigned)
    stored = stored_name(target.table, target.database)
    return (
        f"UPDATE {stored} AS {quote(target.alias)} SET {', '.join(parts)} WHERE {target.by_key()}"
    )
