"""COM_STMT_*: the prepared statements of one connection, known by their ids.

As MySQL: a statement's long data is gone with its next execution, its cursor with the last row,
with COM_STMT_RESET or with the next execution.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count as counter
from itertools import islice
from typing import Final

from athena_g import errors
from athena_g.embedded.cursors import RowCursor
from athena_g.embedded.native import Value
from athena_g.embedded.prepared import Prepared
from athena_g.embedded.results import OkResult, RowsResult
from athena_g.embedded.session import EngineSession
from athena_g.protocol.columns import Column
from athena_g.protocol.commands import StmtExecute, StmtSendLongData
from athena_g.protocol.constants import CURSOR_TYPE_READ_ONLY
from athena_g.protocol.parameters import read_parameters
from athena_g.protocol.rows import BinaryRows

_PRECHECK: Final = "mysql_stmt_precheck"
_FETCHED_AT_ONCE: Final = 500


@dataclass(slots=True)
class _Open:
    """One prepared statement and what the client sent for it."""

    prepared: Prepared
    types: Sequence[Column] = ()
    long_data: dict[int, bytearray] = field(default_factory=dict)
    long_size: int = 0
    refused_data: bool = False
    """Whether long data came that cannot be taken; the next execution says so."""
    cursor: RowCursor | None = None

    def forget_long_data(self) -> None:
        self.long_data.clear()
        self.long_size = 0
        self.refused_data = False

    def close_cursor(self) -> None:
        if self.cursor is not None:
            self.cursor.close()
            self.cursor = None


@dataclass(frozen=True, slots=True)
class OpenedCursor:
    """An execution whose rows wait to be fetched."""

    columns: Sequence[Column]


class StatementCommands:
    """The statements of one session; what runs SQL runs in the engine's threads."""

    max_long_data = 0
    """Bytes of long data that are kept for each statement."""

    def __init__(self, session: EngineSession) -> None:
        self._session = session
        self._open: dict[int, _Open] = {}
        self._ids = counter(1)

    def prepare(self, sql: str) -> tuple[int, Prepared]:
        """The statement and its id; raises 1461 when there are too many."""
        limit = int(self._session.variables.get("max_prepared_stmt_count", "global"))
        if len(self._open) + len(self._session.named_statements) >= limit:
            raise errors.TOO_MANY_STATEMENTS(limit=limit)
        prepared = self._session.execution.prepare(sql)
        number = next(self._ids)
        self._open[number] = _Open(prepared)
        return number, prepared

    def execute(
        self, command: StmtExecute, codec: str
    ) -> OkResult | tuple[RowsResult, BinaryRows] | OpenedCursor:
        """The answer: rows still to be read, or a cursor that holds them."""
        found = self._found(command.statement_id)
        found.close_cursor()
        if found.refused_data:
            raise errors.MALFORMED_EXECUTE(command=_PRECHECK)
        values = self._values(found, command, codec)
        result = self._session.execution.execute_prepared(found.prepared, values)
        if isinstance(result, OkResult):
            return result
        rows = BinaryRows(result.columns)
        if not command.flags & CURSOR_TYPE_READ_ONLY:
            return result, rows
        return self._cursor(found, result, rows)

    def _values(self, found: _Open, command: StmtExecute, codec: str) -> list[Value]:
        long_data = {number: bytes(data) for number, data in found.long_data.items()}
        found.forget_long_data()
        count = found.prepared.parameters
        values, found.types = read_parameters(
            command.parameters, found.types, count, long_data, codec
        )
        return values

    @staticmethod
    def _cursor(found: _Open, result: RowsResult, rows: BinaryRows) -> OpenedCursor:
        cursor = RowCursor()
        try:
            cursor.keep(rows.encode(row) for row in result.rows)
        except BaseException:
            cursor.close()
            raise
        found.cursor = cursor
        return OpenedCursor(result.columns)

    def fetch(self, number: int, count: int) -> Iterator[list[bytes]]:
        """Rows of the open cursor in portions; the last ones close it. Raises 1243, 1421."""
        found = self._found(number)
        cursor = found.cursor
        if cursor is None:
            raise errors.NO_OPEN_CURSOR(statement=number)
        return self._portions(found, cursor, count)

    @staticmethod
    def _portions(found: _Open, cursor: RowCursor, count: int) -> Iterator[list[bytes]]:
        fetched = 0
        rows = cursor.fetch(count)
        while portion := list(islice(rows, _FETCHED_AT_ONCE)):
            fetched += len(portion)
            yield portion
        if fetched < count:
            found.close_cursor()

    def has_cursor(self, number: int) -> bool:
        """Whether rows of the statement may still be fetched."""
        found = self._open.get(number)
        return found is not None and found.cursor is not None

    def send_long_data(self, command: StmtSendLongData) -> None:
        """Keeps a part of a parameter; has no answer, so what is wrong is told later."""
        found = self._open.get(command.statement_id)
        if found is None:
            return
        size = found.long_size + len(command.data)
        if command.parameter >= found.prepared.parameters or size > self.max_long_data:
            found.refused_data = True
            return
        found.long_size = size
        found.long_data.setdefault(command.parameter, bytearray()).extend(command.data)

    def reset(self, number: int) -> None:
        """COM_STMT_RESET; raises 1243."""
        found = self._found(number)
        found.forget_long_data()
        found.close_cursor()

    def close(self, number: int) -> None:
        """COM_STMT_CLOSE; nobody is told of an unknown id."""
        found = self._open.pop(number, None)
        if found is not None:
            found.close_cursor()

    def close_all(self) -> None:
        """The end of the connection, or its reset."""
        for number in list(self._open):
            self.close(number)

    def _found(self, number: int) -> _Open:
        found = self._open.get(number)
        if found is None:
            raise errors.NO_SUCH_STATEMENT(statement=number, command=_PRECHECK)
        return found
