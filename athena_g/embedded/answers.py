"""What a session's statements gave, as packets to its client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from athena_g.embedded import sqlite_errors
from athena_g.embedded.results import OkResult, RowsResult
from athena_g.embedded.session import EngineSession
from athena_g.embedded.worker import Worker
from athena_g.errors import SqlError
from athena_g.net.server import Client
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    CLIENT_SESSION_TRACK,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_CURSOR_EXISTS,
    SERVER_STATUS_IN_TRANS,
    SERVER_STATUS_IN_TRANS_READONLY,
    SERVER_STATUS_LAST_ROW_SENT,
)
from athena_g.protocol.replies import EofPacket, OkPacket
from athena_g.protocol.resultset import (
    PrepareOk,
    encode_field_list,
    encode_result_set_end,
    encode_result_set_header,
)
from athena_g.protocol.rows import BinaryRows, TextRows

ROWS_AT_ONCE: Final = 500
"""Rows a thread fetches and encodes before the hub sends them."""


class Answers:
    """Writes the answers of one session; flags that are passed go into the status."""

    def __init__(
        self, client: Client, capabilities: int, session: EngineSession, worker: Worker
    ) -> None:
        self._client = client
        self._capabilities = capabilities
        self._session = session
        self._worker = worker

    def _write(self, payloads: Iterable[bytes]) -> None:
        # The stream is another one once the client compresses.
        write = self._client.stream.write_packet
        for payload in payloads:
            write(payload)

    @property
    def status(self) -> int:
        """The status flags of the session."""
        session = self._session
        status = SERVER_STATUS_AUTOCOMMIT if session.autocommit else 0
        if session.in_transaction:
            status |= SERVER_STATUS_IN_TRANS
            if session.characteristics.read_only:
                status |= SERVER_STATUS_IN_TRANS_READONLY
        return status

    def done(self) -> None:
        """An OK for a command that is no statement."""
        self._write([OkPacket(status=self.status).encode(self._capabilities)])

    def ok(self, result: OkResult, flags: int = 0) -> None:
        """An OK, with what the statement changed of the session."""
        packet = OkPacket(
            affected_rows=result.affected_rows,
            last_insert_id=result.last_insert_id,
            status=self.status | flags,
            warnings=result.warnings,
            info=result.info.encode(),
        )
        if self._capabilities & CLIENT_SESSION_TRACK:
            packet.session_state = self._session.tracker.encode()
        if result.closes:
            packet.status &= ~SERVER_MORE_RESULTS_EXISTS
        self._write([packet.encode(self._capabilities)])

    def eof(self) -> None:
        """An EOF alone."""
        self._write([EofPacket(status=self.status).encode()])

    # --- rows -----------------------------------------------------------------------------------

    def rows(self, result: RowsResult, codec: TextRows | BinaryRows, flags: int = 0) -> None:
        """A result set, sent in pieces; raises the error that ends it in its middle."""
        self._header(result.columns, flags)
        while True:
            payloads, error = self._worker.run(lambda: _encoded(codec, result.rows))
            self._write(payloads)
            if error is not None:
                raise error
            if len(payloads) < ROWS_AT_ONCE:
                break
        self._end_of_rows(flags, self._session.diagnostics.told)

    def opened_cursor(self, columns: Sequence[Column]) -> None:
        """The columns of a cursor whose rows wait to be fetched."""
        self._header(columns, SERVER_STATUS_CURSOR_EXISTS)

    def fetched(self, portions: Iterator[list[bytes]]) -> None:
        """Rows of a cursor, without their end."""
        while portion := self._worker.run(lambda: next(portions, None)):
            self._write(portion)

    def end_of_fetch(self, *, more: bool) -> None:
        """The end of the rows that were fetched."""
        self._end_of_rows(SERVER_STATUS_CURSOR_EXISTS if more else SERVER_STATUS_LAST_ROW_SENT, 0)

    def _header(self, columns: Sequence[Column], flags: int) -> None:
        status = self.status | flags
        self._write(encode_result_set_header(columns, self._capabilities, status=status))

    def _end_of_rows(self, flags: int, warnings: int) -> None:
        status = self.status | flags
        self._write([encode_result_set_end(self._capabilities, status=status, warnings=warnings)])

    # --- column definitions ---------------------------------------------------------------------

    def prepared(self, answer: PrepareOk, *lists: Sequence[Column]) -> None:
        """A prepared statement: the definitions of its parameters and of its columns."""
        self._write([answer.encode()])
        for columns in lists:
            if columns:
                self._write(column.encode() for column in columns)
                self.eof()

    def field_list(self, columns: Sequence[Column]) -> None:
        """The columns of a table."""
        self._write(encode_field_list(columns, self._capabilities, status=self.status))


def _encoded(
    codec: TextRows | BinaryRows, rows: Iterator[Sequence[Any]]
) -> tuple[list[bytes], SqlError | None]:
    """The next rows, and the error that came after them; fewer than ROWS_AT_ONCE are the last."""
    payloads: list[bytes] = []
    try:
        payloads.extend(codec.encode(row) for row in islice(rows, ROWS_AT_ONCE))
    except SqlError as error:
        return payloads, error
    except (ValueError, ArithmeticError) as error:
        return payloads, sqlite_errors.translate(error)
    return payloads, None
