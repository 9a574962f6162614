"""ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded import build, catalogue
from athena_g.embedded.catalogue import ColumnDefinition, Key, Table, quote
from athena_g.embedded.defaults import default_value
from athena_g.embedded.definitions import (
    Options,
    Parts,
    finished_keys,
    read_column,
    read_constraint,
    read_options,
)
from athena_g.embedded.lexer import Cursor
from athena_g.embedded.native import Value
from athena_g.embedded.results import OkResult
from athena_g.embedded.storage import schema_of
from athena_g.embedded.writing import implicit_default, stored_name

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession


@dataclass(slots=True)
class Plan:
    """The table as it is to be; ``sources`` says which old column fills a new one."""

    table: Table
    sources: dict[str, str] = field(default_factory=dict)
    new_name: str | None = None
    needs_rebuild: bool = False
    copies: bool = False
    """Whether MySQL would copy the rows, and say how many: a column changes its type."""
    parts: Parts = field(default_factory=Parts)
    auto_increment: int | None = None


def run(session: EngineSession, cursor: Cursor) -> OkResult:
    """``ALTER TABLE name action, …``."""
    cursor.expect("ALTER")
    if not cursor.accept("TABLE"):
        cursor.refuse(f"ALTER {cursor.word()}")
    named_database, name = cursor.qualified_name()
    database = session.require_database(named_database)
    _, table = session.find_table(database, name)
    plan = Plan(table, {column.name: column.name for column in table.columns})
    while not cursor.at_end:
        _action(session, cursor, plan)
        if not cursor.accept(","):
            break
    cursor.finish()
    count = apply(session, database, table, plan)
    if plan.new_name is not None:
        return OkResult()
    count = count if plan.copies or plan.parts.checks or plan.parts.foreign_keys else 0
    info = f"Records: {count}  Duplicates: 0  Warnings: {len(session.warnings)}"
    return OkResult(affected_rows=count, warnings=len(session.warnings), info=info)


def apply(session: EngineSession, database: str, old: Table, plan: Plan) -> int:
    """Carries the plan out; the number of rows that were copied."""
    from athena_g.embedded.tables import changing, finished

    wanted = plan.table
    parts = replace(
        plan.parts,
        columns=list(wanted.columns),
        keys=[*wanted.keys, *plan.parts.keys],
        foreign_keys=[*wanted.foreign_keys, *plan.parts.foreign_keys],
        checks=[*wanted.checks, *plan.parts.checks],
    )
    wanted = finished(session, wanted, parts)
    rebuild = plan.needs_rebuild or any(key.primary for key in plan.parts.keys)
    rebuild = rebuild or bool(plan.parts.foreign_keys or plan.parts.checks)
    count = 0
    with changing(session, database, temporary=old.temporary):
        wanted = build.check_table(session, database, wanted)
        counter = session.engine.counter(database, old.name)
        if rebuild:
            count = _rebuild(session, database, old, wanted, plan)
        else:
            _change_indexes(session, database, old, wanted)
        if plan.auto_increment is not None:
            counter = plan.auto_increment
        session.engine.set_counter(database, wanted.name, counter)
        if plan.new_name is not None:
            _rename(session, database, wanted, plan.new_name)
    return count


def _rebuild(session: EngineSession, database: str, old: Table, new: Table, plan: Plan) -> int:
    sources = [(column.name, plan.sources.get(column.name)) for column in new.columns]
    count = next(
        iter(session.storage.connection.execute(
            f"SELECT COUNT(*) FROM {stored_name(old, database)}"
        ))
    )[0]  # fmt: skip
    build.rebuild(session, database, old, new, sources, _filler(session, new))
    broken = list(
        session.storage.connection.execute(
            f"PRAGMA {quote(schema_of(database))}.foreign_key_check({quote(new.name)})"
        )
    )
    if broken and session.variables.get("foreign_key_checks"):
        key = new.foreign_keys[-1]
        raise errors.NO_REFERENCED_ROW(constraint=f"`{database}`.`{new.name}`, {key.describe()}")
    return int(count)


def _filler(session: EngineSession, table: Table) -> Callable[[str], Value]:
    """What fills a new column in the rows there are."""
    next_number = iter(range(1, 2**62))

    def fill(name: str) -> Value:
        column = table.column(name)
        assert column is not None
        if column.auto_increment:
            return next(next_number)
        if column.default is None and not column.nullable:
            return implicit_default(column)
        return default_value(session, column)

    return fill


def _change_indexes(session: EngineSession, database: str, old: Table, new: Table) -> None:
    kept = {key.stored for key in new.keys if key.stored}
    for key in old.keys:
        if key.stored and key.stored not in kept:
            build.drop_index(session, database, old, key)
    keys = tuple(
        key if key.stored or key.primary else build.create_index(session, database, new, key)
        for key in new.keys
    )
    new = replace(new, keys=keys)
    if new.temporary:
        session.temporary[(database, new.name.lower())] = new
        return
    catalogue.save_alone(session.storage.connection, schema_of(database), new)


def _rename(session: EngineSession, database: str, table: Table, name: str) -> None:
    connection, schema = session.storage.connection, schema_of(database)
    if table.temporary:
        stored = f"{database}.{name}"
        connection.execute(f"ALTER TABLE {stored_name(table, database)} RENAME TO {quote(stored)}")
        del session.temporary[(database, table.name.lower())]
        session.temporary[(database, name.lower())] = replace(table, name=name)
        return
    known = session.storage.catalogue(database)
    if known.table(name) is not None and name.lower() != table.name.lower():
        raise errors.TABLE_EXISTS(table=name)
    build.check_name(name, errors.WRONG_TABLE_NAME(table=name))
    current = known.table(table.name) or table
    connection.execute(f"ALTER TABLE {stored_name(table, database)} RENAME TO {quote(name)}")
    catalogue.forget(connection, schema, table.name)
    catalogue.save(connection, schema, replace(current, name=name))
    for child, _ in known.referring_to(table.name):
        moved = tuple(
            replace(key, parent=name) if key.parent.lower() == table.name.lower() else key
            for key in child.foreign_keys
        )
        renamed = name if child.name == table.name else child.name
        catalogue.save(connection, schema, replace(child, name=renamed, foreign_keys=moved))
    session.engine.set_counter(database, name, session.engine.counter(database, table.name))
    session.engine.set_counter(database, table.name, None)


def rename_table(session: EngineSession, database: str, name: str, wanted: str) -> None:
    """RENAME TABLE of one table; raises 1050, 1146."""
    from athena_g.embedded.tables import changing

    _, table = session.find_table(database, name)
    with changing(session, database, temporary=table.temporary):
        _rename(session, database, table, wanted)


def add_key(session: EngineSession, database: str, name: str, key: Key) -> OkResult:
    """CREATE INDEX."""
    _, table = session.find_table(database, name)
    plan = Plan(table, {}, parts=Parts(keys=[key]))
    apply(session, database, table, plan)
    return OkResult(info="Records: 0  Duplicates: 0  Warnings: 0")


def drop_key(session: EngineSession, database: str, name: str, key: str) -> OkResult:
    """DROP INDEX; raises 1091."""
    _, table = session.find_table(database, name)
    plan = Plan(table, {column.name: column.name for column in table.columns})
    _drop_key(plan, key)
    apply(session, database, table, plan)
    return OkResult(info="Records: 0  Duplicates: 0  Warnings: 0")


def _drop_key(plan: Plan, name: str) -> None:
    key = plan.table.key(name)
    if key is None:
        raise errors.CANNOT_DROP(name=name)
    plan.needs_rebuild = plan.needs_rebuild or key.primary
    plan.table = replace(plan.table, keys=tuple(k for k in plan.table.keys if k is not key))


# --- actions -------------------------------------------------------------------------------------


def _action(session: EngineSession, cursor: Cursor, plan: Plan) -> None:
    word = cursor.accept_any("ADD", "DROP", "MODIFY", "CHANGE", "ALTER", "RENAME")
    match word:
        case "ADD":
            _add(cursor, plan)
        case "DROP":
            _drop(cursor, plan)
        case "MODIFY" | "CHANGE":
            cursor.accept("COLUMN")
            old = _column(plan, cursor.name()) if word == "CHANGE" else None
            _replace_column(cursor, plan, old)
        case "ALTER":
            _alter_column(cursor, plan)
        case "RENAME":
            _rename_part(cursor, plan)
        case _:
            _option(cursor, plan)


def _column(plan: Plan, name: str) -> ColumnDefinition:
    found = plan.table.column(name)
    if found is None:
        raise errors.UNKNOWN_COLUMN(column=name, clause=plan.table.name)
    return found


def _add(cursor: Cursor, plan: Plan) -> None:
    if read_constraint(cursor, plan.parts):
        return
    cursor.accept("COLUMN")
    plan.needs_rebuild = True
    if cursor.accept("("):
        while True:
            column = read_column(cursor, plan.parts, plan.table.collation)
            _place(plan, column, len(plan.table.columns))
            if not cursor.accept(","):
                break
        cursor.expect(")")
        return
    column = read_column(cursor, plan.parts, plan.table.collation)
    _place(plan, column, _position(cursor, plan, len(plan.table.columns)))


def _place(plan: Plan, column: ColumnDefinition, position: int) -> None:
    if plan.table.column(column.name) is not None:
        raise errors.DUPLICATE_COLUMN(column=column.name)
    columns = list(plan.table.columns)
    columns.insert(position, column)
    plan.table = replace(plan.table, columns=tuple(columns))


def _position(cursor: Cursor, plan: Plan, default: int) -> int:
    if cursor.accept("FIRST"):
        return 0
    if cursor.accept("AFTER"):
        return plan.table.columns.index(_column(plan, cursor.name())) + 1
    return default


def _replace_column(cursor: Cursor, plan: Plan, old: ColumnDefinition | None) -> None:
    plan.needs_rebuild = True
    new = read_column(cursor, plan.parts, plan.table.collation)
    old = old or _column(plan, new.name)
    place = plan.table.columns.index(old)
    plan.copies = plan.copies or new.type != old.type
    if new.name.lower() != old.name.lower() and plan.table.column(new.name) is not None:
        raise errors.DUPLICATE_COLUMN(column=new.name)
    columns = [column for column in plan.table.columns if column is not old]
    plan.table = replace(plan.table, columns=tuple(columns))
    columns.insert(_position(cursor, plan, place), new)
    plan.table = replace(plan.table, columns=tuple(columns))
    plan.sources[new.name] = plan.sources.pop(old.name, old.name)
    _rename_in_keys(plan, old.name, new.name)


def _rename_in_keys(plan: Plan, old: str, new: str) -> None:
    def changed(key: Key) -> Key:
        parts = tuple(
            replace(part, column=new) if part.column.lower() == old.lower() else part
            for part in key.parts
        )
        return replace(key, parts=parts)

    def names(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if column.lower() == old.lower() else column for column in columns)

    table = plan.table
    plan.table = replace(
        table,
        keys=tuple(changed(key) for key in table.keys),
        foreign_keys=tuple(replace(k, columns=names(k.columns)) for k in table.foreign_keys),
    )


def _drop(cursor: Cursor, plan: Plan) -> None:
    if cursor.accept("PRIMARY", "KEY"):
        if plan.table.primary_key is None:
            raise errors.CANNOT_DROP(name="PRIMARY")
        _drop_key(plan, "PRIMARY")
    elif cursor.accept_any("INDEX", "KEY"):
        _drop_key(plan, cursor.name())
    elif cursor.accept("FOREIGN", "KEY"):
        _drop_foreign_key(plan, cursor.name())
    elif word := cursor.accept_any("CHECK", "CONSTRAINT"):
        name = cursor.name()
        kept = tuple(c for c in plan.table.checks if c.name.lower() != name.lower())
        if len(kept) < len(plan.table.checks):
            plan.table, plan.needs_rebuild = replace(plan.table, checks=kept), True
        elif word == "CHECK":
            raise errors.CHECK_MISSING(constraint=name)
        elif plan.table.key(name):
            _drop_key(plan, name)
        else:
            _drop_foreign_key(plan, name, missing=errors.UNKNOWN_CONSTRAINT(constraint=name))
    else:
        cursor.accept("COLUMN")
        _drop_column(plan, cursor.name())


def _drop_foreign_key(plan: Plan, name: str, missing: errors.SqlError | None = None) -> None:
    kept = tuple(k for k in plan.table.foreign_keys if k.name.lower() != name.lower())
    if len(kept) == len(plan.table.foreign_keys):
        raise missing or errors.CANNOT_DROP(name=name)
    plan.table, plan.needs_rebuild = replace(plan.table, foreign_keys=kept), True


def _drop_column(plan: Plan, name: str) -> None:
    column = plan.table.column(name)
    if column is None:
        raise errors.CANNOT_DROP(name=name)
    if len(plan.table.columns) == 1:
        raise errors.CANNOT_REMOVE_ALL_COLUMNS()
    plan.needs_rebuild = True
    keys = []
    for key in plan.table.keys:
        parts = tuple(part for part in key.parts if part.column.lower() != name.lower())
        if parts:
            keys.append(replace(key, parts=parts))
    columns = tuple(kept for kept in plan.table.columns if kept is not column)
    plan.table = replace(plan.table, columns=columns, keys=tuple(keys))


def _alter_column(cursor: Cursor, plan: Plan) -> None:
    if cursor.word() in ("INDEX", "CHECK", "CONSTRAINT"):
        cursor.refuse(f"ALTER {cursor.word()}")
    cursor.accept("COLUMN")
    column = _column(plan, cursor.name())
    from athena_g.embedded.definitions import column_default

    if cursor.accept("DROP", "DEFAULT"):
        changed = replace(column, default=None)
    else:
        cursor.expect("SET", "DEFAULT")
        changed = replace(column, default=column_default(cursor))
    columns = tuple(changed if kept is column else kept for kept in plan.table.columns)
    plan.table = replace(plan.table, columns=columns)


def _rename_part(cursor: Cursor, plan: Plan) -> None:
    if cursor.accept("COLUMN"):
        old = _column(plan, cursor.name())
        cursor.expect("TO")
        new = cursor.name()
        if plan.table.column(new) is not None and new.lower() != old.name.lower():
            raise errors.DUPLICATE_COLUMN(column=new)
        columns = tuple(
            replace(kept, name=new) if kept is old else kept for kept in plan.table.columns
        )
        plan.table, plan.needs_rebuild = replace(plan.table, columns=columns), True
        plan.sources[new] = plan.sources.pop(old.name, old.name)
        _rename_in_keys(plan, old.name, new)
    elif cursor.accept_any("INDEX", "KEY"):
        name = cursor.name()
        cursor.expect("TO")
        wanted, key = cursor.name(), plan.table.key(name)
        if key is None:
            raise errors.NO_SUCH_INDEX(key=name, table=plan.table.name)
        keys = tuple(replace(k, name=wanted) if k is key else k for k in plan.table.keys)
        plan.table = replace(plan.table, keys=tuple(finished_keys(keys)))
    else:
        cursor.accept_any("TO", "AS", "=")
        database, plan.new_name = cursor.qualified_name()
        if database is not None:
            cursor.refuse("ALTER TABLE … RENAME to another database")


def _option(cursor: Cursor, plan: Plan) -> None:
    if cursor.accept_any("ALGORITHM", "LOCK"):
        cursor.accept("=")
        cursor.name()
        return
    if cursor.word() in ("DISABLE", "ENABLE") and cursor.word(1) == "KEYS":
        cursor.position += 2
        return
    if cursor.word() in ("CONVERT", "ORDER", "FORCE", "PARTITION", "DISCARD", "IMPORT"):
        cursor.refuse(f"ALTER TABLE … {cursor.word()}")
    options = Options(plan.table.collation)
    if not read_options(cursor, options):
        cursor.fail()
    plan.table = replace(plan.table, collation=options.collation)
    if options.comment is not None:
        plan.table = replace(plan.table, comment=options.comment)
    if options.auto_increment is not None:
        plan.auto_increment = options.auto_increment
        plan.table = replace(plan.table, auto_increment=options.auto_increment)
