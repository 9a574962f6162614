"""Queries: translated once, kept for all sessions, read from SQLite as their rows are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import apsw

from athena_g import errors
from athena_g.embedded import shapes, sqlite_errors, types
from athena_g.embedded.lexer import Token, tokenize
from athena_g.embedded.native import Value, converter
from athena_g.embedded.parse import parse
from athena_g.embedded.results import RowsResult, column
from athena_g.embedded.translate.names import item_names
from athena_g.embedded.translate.parameters import LONGEST_TEXT
from athena_g.embedded.translate.select import Output, Query, Select
from athena_g.embedded.types import Kind
from athena_g.errors import SqlError
from athena_g.protocol.columns import Column

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

MAX_CACHED_STATEMENT = 8192
ATTEMPTS = 20
"""How often a query is translated anew because its tables were altered meanwhile."""

Rows = Iterator[Sequence[Value]]


@dataclass(frozen=True, slots=True)
class SelectPlan:
    """A translated query: what SQLite runs, and how its values become the client's."""

    query: Query
    columns: list[Column]
    converters: list[Callable[[Value], Value]]
    tables: list[tuple[str, str]]
    versions: dict[str, tuple[int, int]]
    locks: bool
    no_wait: bool
    counts_all: bool


class Queries:
    """The queries of one session."""

    def __init__(self, session: EngineSession) -> None:
        self._session = session

    def select(self, sql: str, tokens: list[Token], offset: int = 0) -> RowsResult:
        """Runs a query, which stands at ``offset`` of the statement, for the client."""
        session, storage = self._session, self._session.storage
        if storage.autocommit or storage.explicit or self._reads_tables(sql, tokens, offset):
            storage.enter()
        fresh = storage.has_no_snapshot
        for _ in range(ATTEMPTS):
            plan, values = self._plan(sql, tokens, offset)
            session.check_locked(plan.tables)
            if fresh and self._takes_locks(plan):
                # What was read to plan the query must not be older than what the lock guards.
                self._lock_tables_of(plan)
                fresh = False
                continue
            try:
                result = self.run(plan, values, limit=session.select_limit(plan.query.limited))
            except apsw.SQLError:
                if self._is_current(plan):
                    raise
                continue
            if self._is_current(plan):
                if plan.tables:
                    session.single_statement_ended()
                return result
        raise errors.DEADLOCK()

    def columns(self, sql: str, tokens: list[Token]) -> list[Column]:
        """The columns that the query will have; it is not run."""
        return self._plan(sql, tokens, 0)[0].columns

    def _reads_tables(self, sql: str, tokens: list[Token], offset: int) -> bool:
        return bool(self._plan(sql, tokens, offset)[0].tables)

    def _takes_locks(self, plan: SelectPlan) -> bool:
        session = self._session
        return plan.locks and session.in_transaction and not session.read_only

    def _lock_tables_of(self, plan: SelectPlan) -> None:
        storage = self._session.storage
        databases = sorted({name for name, _ in plan.tables})
        for database in databases:
            storage.lock(database, wait=not plan.no_wait)
        storage.refresh_snapshot()
        for database in databases:
            storage.claim(database)

    def _is_current(self, plan: SelectPlan) -> bool:
        """Whether no table has changed since the query was translated."""
        version = self._session.storage.version
        return all(version(name) == known for name, known in plan.versions.items())

    # --- plans ----------------------------------------------------------------------------------

    def _key(self, sql: str) -> tuple[Value, ...]:
        """What a translation depends on, besides the tables."""
        session = self._session
        return (
            sql,
            session.database,
            session.variables.get("sql_mode"),
            session.variables.get("collation_connection"),
            session.variables.get("group_concat_max_len"),
            session.results_collation_id,
            session.variables.get("time_zone"),
            *session.parameters.types(),
        )

    def _cached(self, key: tuple[Value, ...]) -> SelectPlan | None:
        plan: SelectPlan | None = self._session.engine.plan(key)
        return plan if plan is not None and self._is_current(plan) else None

    def _plan(self, sql: str, tokens: list[Token], offset: int) -> tuple[SelectPlan, Sequence[int]]:
        """The query translated, and the values of the integers it shares a translation without."""
        session = self._session
        if session.temporary or len(sql) > MAX_CACHED_STATEMENT or session.parameters.as_constants:
            return self._translated(sql, tokens, offset)[0], ()
        shape = shapes.marked(sql, tokens) if not session.parameters else None
        if shape is not None:
            plan = self._shared_plan(*shape)
            if plan is not None:
                return plan, shape[1]
        key = self._key(sql)
        plan = self._cached(key)
        if plan is None:
            plan, cacheable = self._translated(sql, tokens, offset)
            if cacheable:
                session.engine.keep_plan(key, plan)
        return plan, ()

    def _shared_plan(self, sql: str, values: list[int]) -> SelectPlan | None:
        """The plan of every query of this shape; None if they cannot share one."""
        engine = self._session.engine
        key = ("shape", *self._key(sql))
        plan = self._cached(key)
        if plan is not None:
            return plan
        try:
            plan, cacheable = self._translated(sql, tokenize(sql), 0)
        except SqlError:
            return None
        text = shapes.with_parameters(plan.query.text, len(values))
        unlimited = shapes.with_parameters(plan.query.unlimited_text, len(values))
        if text is None or unlimited is None or not cacheable or plan.counts_all:
            return None
        plan = replace(plan, query=replace(plan.query, text=text, unlimited_text=unlimited))
        engine.keep_plan(key, plan)
        return plan

    def _translated(self, sql: str, tokens: list[Token], offset: int) -> tuple[SelectPlan, bool]:
        whole = sql if not offset else self._session.statement
        tree = parse(sql[: tokens[-1].end], offset=offset, whole=whole)
        return self.plan_tree(tree, item_names(sql, tokens, tree))

    def plan_tree(self, tree: object, names: dict[int, list[str]]) -> tuple[SelectPlan, bool]:
        """A query's tree translated, and whether others may use the result."""
        session = self._session
        context = session.context()
        query = Select(context, names).query(tree)  # type: ignore[arg-type]
        versions = {name: session.storage.version(name) for name, _ in context.tables}
        plan = SelectPlan(
            query,
            [self._column(output) for output in query.outputs],
            [converter(output.value.type) for output in query.outputs],
            context.tables,
            versions,
            context.locks,
            context.no_wait,
            context.calc_found_rows,
        )
        return plan, context.cacheable

    def _column(self, output: Output) -> Column:
        value = output.value
        of_null = value.kind is Kind.NULL and value.parameter is not None
        return column(
            output.name,
            types.varchar(LONGEST_TEXT) if of_null else value.type,
            nullable=value.nullable,
            origin=value.origin,
            collation_id=self._session.results_collation_id,
        )

    # --- rows -----------------------------------------------------------------------------------

    def run(
        self, plan: SelectPlan, values: Sequence[int] = (), limit: int | None = None
    ) -> RowsResult:
        """The rows of a translated query, ``limit`` of them at most."""
        session, connection = self._session, self._session.storage.connection
        if self._takes_locks(plan):
            for database in {name for name, _ in plan.tables}:
                session.storage.lock(database, wait=not plan.no_wait)
                session.storage.claim(database)
        total = None
        if plan.counts_all and plan.query.unlimited_text:
            counted = f"SELECT COUNT(*) FROM ({plan.query.unlimited_text})"
            total = int(next(connection.execute(counted))[0])
        cursor = connection.execute(plan.query.text, tuple(values))
        rows = self._rows(cursor, plan, total, limit, tuple(values))
        return RowsResult(plan.columns, rows)

    def _rows(
        self,
        cursor: apsw.Cursor,
        plan: SelectPlan,
        total: int | None = None,
        limit: int | None = None,
        values: tuple[int, ...] = (),
    ) -> Rows:
        session, converters, count = self._session, plan.converters, 0
        try:
            for row in cursor:
                if count:
                    session.functions.check_interrupted()
                if count == limit:
                    break
                count += 1
                yield [convert(cell) for convert, cell in zip(converters, row, strict=True)]
            total = count + self._skipped(plan, count, values) if total is None else total
        except (apsw.Error, ArithmeticError, LookupError, ValueError) as error:
            raise sqlite_errors.translate(error) from error
        finally:
            cursor.close(True)
            session.row_count = -1
            session.found_rows = count if total is None else total

    def _skipped(self, plan: SelectPlan, count: int, values: tuple[int, ...]) -> int:
        """The rows that OFFSET left out, which FOUND_ROWS() counts."""
        if not plan.query.offset:
            return 0
        execute = self._session.storage.connection.execute
        if count:
            return int(next(execute(f"SELECT {plan.query.offset}"))[0])
        limited = f"{plan.query.unlimited_text} LIMIT {plan.query.offset}"
        return int(next(execute(f"SELECT COUNT(*) FROM ({limited})", values))[0])

    def values(self, tree: object) -> tuple[Query, Rows]:
        """A query's outputs and rows as Python values, for INSERT … SELECT and SET."""
        plan, _ = self.plan_tree(tree, {})
        cursor = self._session.storage.connection.execute(plan.query.text)
        return plan.query, self._unseen(cursor, plan)

    def _unseen(self, cursor: apsw.Cursor, plan: SelectPlan) -> Rows:
        """Rows that are no result: FOUND_ROWS() and ROW_COUNT() know nothing of them."""
        session = self._session
        kept = session.row_count, session.found_rows
        try:
            yield from self._rows(cursor, plan)
        finally:
            session.row_count, session.found_rows = kept
