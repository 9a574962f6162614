"""The one place that runs a session's statements."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

import apsw

from athena_g import errors
from athena_g.embedded import prepared, sqlite_errors
from athena_g.embedded.lexer import Cursor, check_text
from athena_g.embedded.native import Value
from athena_g.embedded.prepared import Prepared, Statement
from athena_g.embedded.results import OkResult, RowsResult
from athena_g.embedded.statements import check, dispatch
from athena_g.embedded.storage import TablesChanged
from athena_g.errors import SqlError

if TYPE_CHECKING:
    from athena_g.embedded.session import EngineSession

_WRITING: Final = frozenset({"INSERT", "REPLACE", "UPDATE", "DELETE", "CREATE"})
_FOREIGN: Final = (apsw.Error, ArithmeticError, LookupError, RecursionError, ValueError)
"""What statements raise that is no error of the registry yet."""
T = TypeVar("T")


class Execution:
    """Runs statements one at a time, and keeps their errors for SHOW WARNINGS."""

    def __init__(self, session: EngineSession) -> None:
        self._session = session
        self._result: RowsResult | None = None
        """The last statement's rows, which may still be read."""
        self._started = True
        """Whether the statement came as far as to forget the diagnostics of the last one."""

    # --- commands -------------------------------------------------------------------------------

    def execute(self, sql: str) -> OkResult | RowsResult:
        """Runs one statement."""
        return self.reported(lambda: self._dispatched(prepared.read(sql), ()))

    def prepare(self, sql: str) -> Prepared:
        """The statement, ready to be run with values."""
        return self.reported(lambda: self.prepared(sql))

    def execute_prepared(self, found: Prepared, values: Sequence[Value]) -> OkResult | RowsResult:
        """Runs a prepared statement with as many values as it has parameters."""
        return self.reported(lambda: self._dispatched(found.statement, values))

    def reported(self, run: Callable[[], T]) -> T:
        """What a statement gives; its error is translated and kept."""
        session = self._session
        self.end_result()
        session.tracker.start()
        session.functions.start()
        self._started = False
        session.command_since = time.monotonic()
        try:
            return run()
        except SqlError as error:
            self._failed(error)
            raise
        except _FOREIGN as error:
            translated = sqlite_errors.translate(error)
            self._failed(translated)
            raise translated from error
        finally:
            session.statement = ""

    def end_result(self) -> None:
        """Ends the reading of the last statement's rows, where a client did not take them all."""
        if self._result is not None:
            self._result.close()
            self._result = None

    # --- statements within one ------------------------------------------------------------------

    def prepared(self, sql: str) -> Prepared:
        """The statement checked and its columns found; raises 1295 for what cannot be prepared."""
        read = prepared.read(sql, parameters=True)
        self._start(read)
        check_text(read.text, read.tokens)
        prepared.check_preparable(read)
        self._session.parameters.bind_unknown(read.marks)
        columns = check(self._session, read)
        return Prepared(read, len(read.marks), columns)

    def run_prepared(self, found: Prepared, values: Sequence[Value]) -> OkResult | RowsResult:
        """Runs a prepared statement within the one that names it (EXECUTE)."""
        self._tell_functions(found.statement)
        return self._run(found.statement, values)

    # --- one statement --------------------------------------------------------------------------

    def _dispatched(self, read: Statement, values: Sequence[Value]) -> OkResult | RowsResult:
        session = self._session
        self._start(read)
        check_text(read.text, read.tokens)
        result = self._run(read, values)
        if isinstance(result, OkResult):
            matched = result.matched_rows if session.counts_matched else None
            affected = result.affected_rows if matched is None else matched
            session.row_count = affected
            return replace(result, affected_rows=affected, warnings=session.diagnostics.count)
        self._result = replace(result, rows=self._told(result.rows))
        return self._result

    def _run(self, read: Statement, values: Sequence[Value]) -> OkResult | RowsResult:
        """The statement dispatched, again where tables changed meanwhile."""
        session, parameters = self._session, self._session.parameters
        parameters.bind(read.marks, values)
        while True:
            session.statement = read.text
            try:
                return dispatch(session, Cursor(read.text, read.tokens))
            except TablesChanged:
                session.diagnostics.clear()
                session.storage.seen.clear()
            except SqlError as error:
                again = error.errno == errors.NOT_SUPPORTED_YET.errno and values
                if not again or parameters.as_constants:
                    raise
                parameters.as_constants = True

    def _start(self, read: Statement) -> None:
        session = self._session
        session.statement = read.text
        self._started = True
        session.storage.seen.clear()
        session.now = session.clock.time()
        self._tell_functions(read)
        second = read.tokens[1].word if len(read.tokens) > 1 else ""
        if read.word == "SHOW" and second in ("WARNINGS", "ERRORS", "COUNT"):
            session.diagnostics.ask()
        else:
            session.diagnostics.start()

    def _tell_functions(self, read: Statement) -> None:
        session = self._session
        writes = read.word in _WRITING
        ignores = "IGNORE" in {each.word for each in read.tokens[1:5]}
        mode = str(session.variables.get("sql_mode"))
        session.functions.prepare_for(
            writes=writes,
            strict=writes and not ignores and session.strict,
            no_zero_division="ERROR_FOR_DIVISION_BY_ZERO" in mode,
        )

    def _told(self, rows: Iterator[Sequence[Value]]) -> Iterator[Sequence[Value]]:
        """The rows of a result; what fails while they are read is kept, too."""
        try:
            yield from rows
        except SqlError as error:
            self._failed(error)
            raise
        finally:
            self._session.row_count = -1

    def _failed(self, error: SqlError) -> None:
        session = self._session
        if not self._started:
            session.diagnostics.start()
            self._started = True
        session.diagnostics.add("Error", error)
        session.row_count = -1
        if error.errno == errors.DEADLOCK.errno or session.storage.has_lost_transaction:
            session.storage.rollback()
