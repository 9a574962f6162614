"""CREATE, DROP, ALTER, RENAME and TRUNCATE of tables and indexes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from athena_g import errors
from athena_g.embedded import alteration, build, catalogue
from athena_g.embedded import temporary as temporary_tables
from athena_g.embedded.catalogue import (
    Check,
    ColumnDefinition,
    ForeignKey,
    Key,
    KeyPart,
    Table,
)
from athena_g.embedded.definitions import (
    Options,
    Parts,
    finished_keys,
    read_definitions,
    read_index,
    read_options,
)
from athena_g.embedded.lexer import Cursor, tokenize
from athena_g.embedded.parse import parse
from athena_g.embedded.results import OkResult
from athena_g.embedded.storage import TablesChanged, schema_of
from athena_g.embedded.translate.names import item_names
from athena_g.embedded.types import Kind
from athena_g.embedded.writing import stored_name

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession


@contextmanager
def changing(session: EngineSession, database: str, *, temporary: bool = False) -> Iterator[None]:
    """A statement that changes tables: ends the transaction before and after itself."""
    session.check_writable(ends_transaction=not temporary)
    if temporary:
        with temporary_tables.changing(session):
            yield
        return
    storage = session.storage
    storage.commit()
    storage.connection.execute("PRAGMA foreign_keys = OFF")
    storage.bypass_cache = True
    autocommit, storage.autocommit = storage.autocommit, True
    try:
        with storage.writing(database):
            seen = storage.seen.pop(database, None)
            if seen is not None and seen != storage.version(database):
                raise TablesChanged
            yield
            storage.seen[database] = storage.version(database)
    finally:
        storage.bypass_cache = False
        storage.autocommit = autocommit
        session.apply_variables()


def finished(session: EngineSession, table: Table, parts: Parts) -> Table:
    """The table with the keys and constraints of the parts, named as MySQL names them."""
    foreign, checks = [], []
    taken = {key.name.lower() for key in parts.foreign_keys if key.name}
    number = 0
    for key in parts.foreign_keys:
        name = key.name
        while not name or (name.lower() in taken and not key.name):
            number += 1
            name = f"{table.name}_ibfk_{number}"
        taken.add(name.lower())
        foreign.append(replace(key, name=name))
    keys = [*parts.keys, *_keys_of_references(parts.keys, foreign)]
    for index, check in enumerate(parts.checks, 1):
        checks.append(replace(check, name=check.name or f"{table.name}_chk_{index}"))
    return replace(
        table,
        columns=tuple(parts.columns),
        keys=tuple(finished_keys(keys)),
        foreign_keys=tuple(foreign),
        checks=tuple(checks),
    )


def _keys_of_references(keys: list[Key], foreign: list[ForeignKey]) -> list[Key]:
    """The indexes that foreign keys need and that are not there yet."""
    found: list[Key] = []
    for key in foreign:
        wanted = [name.lower() for name in key.columns]
        if not any(
            [c.lower() for c in other.columns][: len(wanted)] == wanted for other in [*keys, *found]
        ):
            found.append(Key(key.name, tuple(KeyPart(name) for name in key.columns)))
    return found


def create_table(session: EngineSession, cursor: Cursor) -> OkResult:
    """``CREATE [TEMPORARY] TABLE [IF NOT EXISTS] name …``."""
    cursor.expect("CREATE")
    temporary = cursor.accept("TEMPORARY")
    cursor.expect("TABLE")
    tolerant = cursor.accept("IF", "NOT", "EXISTS")
    named_database, name = cursor.qualified_name()
    database = session.require_database(named_database)
    if named_database is None:
        session.require_database()
    _refuse_virtual(database)
    collation = session.storage.catalogue(database).collation
    like = _like(session, cursor)
    options = Options(collation)
    table = Table(name, (), temporary=temporary)
    query: str | None = None
    if like is None:
        table, query = _read_table(session, cursor, table, options)
    cursor.finish()
    if _exists(session, database, name, temporary=temporary):
        error = errors.TABLE_EXISTS(table=name)
        if not tolerant:
            session.storage.commit()
            raise error
        session.note(error, "Note")
        return OkResult(warnings=1)
    created = session.now.strftime("%Y-%m-%d %H:%M:%S")
    if like is not None:
        table = replace(
            like, name=name, temporary=temporary, foreign_keys=(), auto_increment=0,
            checks=_renamed_checks(like, name),
        )  # fmt: skip
    table = replace(table, created=created)
    with changing(session, database, temporary=temporary):
        count = _create(session, database, table, query)
    return OkResult(
        affected_rows=count,
        warnings=len(session.warnings),
        info=f"Records: {count}  Duplicates: 0  Warnings: {len(session.warnings)}" if query else "",
    )


def _renamed_checks(table: Table, name: str) -> tuple[Check, ...]:
    return tuple(
        replace(check, name=f"{name}_chk_{index}") for index, check in enumerate(table.checks, 1)
    )


def _refuse_virtual(database: str) -> None:
    if database == "information_schema":
        raise errors.DATABASE_NOT_WRITABLE(database=database)


def _exists(session: EngineSession, database: str, name: str, *, temporary: bool) -> bool:
    if temporary:
        return (database, name.lower()) in session.temporary
    return session.storage.catalogue(database).table(name) is not None


def _like(session: EngineSession, cursor: Cursor) -> Table | None:
    start = cursor.position
    parenthesised = cursor.accept("(")
    if not cursor.accept("LIKE"):
        cursor.position = start
        return None
    database, name = cursor.qualified_name()
    if parenthesised:
        cursor.expect(")")
    return session.find_table(session.require_database(database), name)[1]


def _read_table(
    session: EngineSession, cursor: Cursor, table: Table, options: Options
) -> tuple[Table, str | None]:
    start = cursor.position
    parts = Parts()
    if cursor.word() == "(" and cursor.word(1) not in ("SELECT", "WITH", "("):
        # The table's own collation stands behind its columns, so it is looked for first.
        depth, ahead = 0, start
        while ahead < len(cursor.tokens):
            word = cursor.tokens[ahead].word
            depth += (word == "(") - (word == ")")
            ahead += 1
            if depth == 0:
                break
        cursor.position = ahead
        read_options(cursor, options)
        cursor.position = start
        parts = read_definitions(cursor, options.collation)
    read_options(cursor, options)
    cursor.accept_any("IGNORE", "REPLACE")
    cursor.accept("AS")
    query = None
    if cursor.word() in ("SELECT", "WITH", "(", "TABLE"):
        token = cursor.peek()
        assert token is not None
        query = cursor.sql[token.start : cursor.tokens[-1].end]
        cursor.position = len(cursor.tokens)
    elif not parts.columns:
        cursor.fail() if cursor.at_end else None
        cursor.finish()
    table = replace(
        table,
        collation=options.collation,
        comment=options.comment or "",
        auto_increment=options.auto_increment or 0,
    )
    return finished(session, table, parts), query


def _create(session: EngineSession, database: str, table: Table, query: str | None) -> int:
    rows = None
    if query is not None:
        offset = session.statement.rindex(query)
        tree = parse(query, offset=offset, whole=session.statement)
        plan, _ = session.queries.plan_tree(tree, item_names(query, tokenize(query), tree))
        rows = list(session.queries.run(plan).rows)
        known = {column.name.lower() for column in table.columns}
        added = tuple(
            _column_of(output.name, output.value.type, output.value.nullable)
            for output in plan.query.outputs
            if output.name.lower() not in known
        )
        table = replace(table, columns=(*table.columns, *added))
    table = build.check_table(session, database, table)
    table = build.create(session, database, table)
    if table.auto_increment and not table.temporary:
        session.engine.set_counter(database, table.name, table.auto_increment)
    if rows is None:
        return 0
    from athena_g.embedded.insert import store_rows

    names = [output.name for output in plan.query.outputs]
    return store_rows(session, database, table, names, rows)


def _column_of(name: str, sql_type: object, nullable: bool) -> ColumnDefinition:
    from athena_g.embedded import types
    from athena_g.embedded.types import SqlType

    assert isinstance(sql_type, SqlType)
    if sql_type.kind is Kind.NULL:
        sql_type = types.varbinary(0)
    elif sql_type.name.startswith("decimal") and sql_type.kind is Kind.INT:
        sql_type = types.decimal(sql_type.length, 0)
    elif sql_type is types.U64_LITERAL:
        sql_type = types.BIGINT_UNSIGNED
    return ColumnDefinition(name, sql_type, nullable)


def drop_table(session: EngineSession, cursor: Cursor) -> OkResult:
    """``DROP [TEMPORARY] TABLE [IF EXISTS] name, …``."""
    cursor.expect("DROP")
    only_temporary = cursor.accept("TEMPORARY")
    cursor.next()
    tolerant = cursor.accept("IF", "EXISTS")
    names = [cursor.qualified_name()]
    while cursor.accept(","):
        names.append(cursor.qualified_name())
    cursor.accept_any("RESTRICT", "CASCADE")
    cursor.finish()
    session.check_writable(temporary=True)
    missing, found = [], []
    for named_database, name in names:
        database = session.require_database(named_database)
        try:
            found.append((database, session.find_table(database, name)[1]))
            if only_temporary and not found[-1][1].temporary:
                missing.append(f"{found.pop()[0]}.{name}")
        except errors.SqlError as error:
            if error.errno != errors.NO_SUCH_TABLE.errno:
                raise
            missing.append(f"{database}.{name}")
    if missing:
        unknown = errors.BAD_TABLE(table=",".join(missing))
        if not tolerant:
            raise unknown
        for shown in missing:
            session.note(errors.BAD_TABLE(table=shown), "Note")
    dropped = {(database, table.name.lower()) for database, table in found}
    for database, table in found:
        _drop(session, database, table, dropped)
    return OkResult(warnings=len(session.warnings))


def _drop(
    session: EngineSession, database: str, table: Table, dropped: set[tuple[str, str]]
) -> None:
    if not table.temporary and session.variables.get("foreign_key_checks"):
        for child, key in session.storage.catalogue(database).referring_to(table.name):
            if (database, child.name.lower()) not in dropped:
                raise errors.FOREIGN_KEY_PARENT_DROP(
                    table=table.name, constraint=key.name, child=child.name
                )
    with changing(session, database, temporary=table.temporary):
        build.drop(session, database, table)


def create_index(session: EngineSession, cursor: Cursor) -> OkResult:
    """``CREATE [UNIQUE] INDEX name ON table (…)``."""
    cursor.expect("CREATE")
    key, database, name = read_index(cursor)
    _algorithm(cursor)
    cursor.finish()
    return alteration.add_key(session, session.require_database(database), name, key)


def _algorithm(cursor: Cursor) -> None:
    while cursor.accept_any("ALGORITHM", "LOCK"):
        cursor.accept("=")
        cursor.name()


def drop_index(session: EngineSession, cursor: Cursor) -> OkResult:
    """``DROP INDEX name ON table``."""
    cursor.expect("DROP", "INDEX")
    key = cursor.name()
    cursor.expect("ON")
    database, name = cursor.qualified_name()
    _algorithm(cursor)
    cursor.finish()
    return alteration.drop_key(session, session.require_database(database), name, key)


def alter(session: EngineSession, cursor: Cursor) -> OkResult:
    """``ALTER TABLE …`` and ``ALTER DATABASE …``."""
    return alteration.run(session, cursor)


def rename(session: EngineSession, cursor: Cursor) -> OkResult:
    """``RENAME TABLE a TO b, …``."""
    cursor.expect("RENAME")
    if not cursor.accept_any("TABLE", "TABLES"):
        cursor.refuse(f"RENAME {cursor.word()}")
    pairs = []
    while True:
        old = cursor.qualified_name()
        cursor.expect("TO")
        pairs.append((old, cursor.qualified_name()))
        if not cursor.accept(","):
            break
    cursor.finish()
    for (old_database, name), (new_database, wanted) in pairs:
        database = session.require_database(old_database)
        if session.require_database(new_database or database) != database:
            cursor.refuse("RENAME TABLE to another database")
        alteration.rename_table(session, database, name, wanted)
    return OkResult()


def truncate(session: EngineSession, cursor: Cursor) -> OkResult:
    """``TRUNCATE [TABLE] name``: all rows away, AUTO_INCREMENT from its start."""
    cursor.expect("TRUNCATE")
    cursor.accept("TABLE")
    named_database, name = cursor.qualified_name()
    cursor.finish()
    database = session.require_database(named_database)
    _, table = session.find_table(database, name)
    if not table.temporary and session.variables.get("foreign_key_checks"):
        for child, key in session.storage.catalogue(database).referring_to(table.name):
            if child.name != table.name:
                shown = f"`{database}`.`{child.name}`, {key.describe()}"
                raise errors.TRUNCATE_REFERENCED(constraint=shown)
    with changing(session, database, temporary=table.temporary):
        session.storage.connection.execute(f"DELETE FROM {stored_name(table, database)}")
        session.engine.set_counter(database, table.name, None)
        if table.auto_increment and not table.temporary:
            changed = replace(table, auto_increment=0)
            catalogue.save_alone(session.storage.connection, schema_of(database), changed)
    return OkResult()
