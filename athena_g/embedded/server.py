"""MySQL's protocol in front of the engine: one session for each client.

The hub only moves packets. Whatever touches SQL runs in a thread of the pool, where it may take
as long as it likes without delaying anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import gevent
from gevent.threadpool import ThreadPool
from loguru import logger

from athena_g import errors
from athena_g.embedded.engine import Engine
from athena_g.embedded.lexer import split
from athena_g.embedded.session import EngineSession, OkResult, RowsResult
from athena_g.errors import SqlError
from athena_g.net.handshake import Account, Login
from athena_g.net.server import Client
from athena_g.net.stream import PacketStream
from athena_g.protocol.columns import Column
from athena_g.protocol.commands import (
    Bare,
    FieldList,
    InitDb,
    Query,
    SetOption,
    command_name,
    parse_command,
)
from athena_g.protocol.constants import (
    CLIENT_CONNECT_ATTRS,
    CLIENT_CONNECT_WITH_DB,
    CLIENT_FOUND_ROWS,
    CLIENT_LONG_FLAG,
    CLIENT_LONG_PASSWORD,
    CLIENT_MULTI_RESULTS,
    CLIENT_MULTI_STATEMENTS,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
    CLIENT_PROTOCOL_41,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SESSION_TRACK,
    CLIENT_TRANSACTIONS,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_SESSION_STATE_CHANGED,
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_IN_TRANS,
    SESSION_TRACK_SCHEMA,
    SESSION_TRACK_STATE_CHANGE,
    SESSION_TRACK_SYSTEM_VARIABLES,
    Command,
)
from athena_g.protocol.replies import EofPacket, OkPacket
from athena_g.protocol.resultset import (
    encode_field_list,
    encode_result_set_end,
    encode_result_set_header,
)
from athena_g.protocol.rows import TextRows
from athena_g.protocol.wire import lenenc_bytes

CAPABILITIES = (
    CLIENT_LONG_PASSWORD
    | CLIENT_FOUND_ROWS
    | CLIENT_LONG_FLAG
    | CLIENT_CONNECT_WITH_DB
    | CLIENT_PROTOCOL_41
    | CLIENT_TRANSACTIONS
    | CLIENT_SECURE_CONNECTION
    | CLIENT_MULTI_STATEMENTS
    | CLIENT_MULTI_RESULTS
    | CLIENT_PLUGIN_AUTH
    | CLIENT_CONNECT_ATTRS
    | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
    | CLIENT_SESSION_TRACK
)
CLOSE_TIMEOUT = 1.0
"""Seconds that a statement which was interrupted may take to end."""
ROWS_AT_ONCE = 500
"""Rows a thread fetches and encodes before the hub sends them."""

_STATE_CHANGED = bytes((SESSION_TRACK_STATE_CHANGE, 1)) + b"1"

T = TypeVar("T")


class EmbeddedHandler:
    """A handler for :class:`athena_g.net.server.Server`; the engine is shared by several."""

    def __init__(
        self, engine: Engine, threads: ThreadPool, account: Account, *, read_only: bool
    ) -> None:
        self._engine = engine
        self._threads = threads
        self._account = account
        self._read_only = read_only

    def find_account(self, user: str, database: str | None) -> Account | None:
        """The server's one account; databases are looked up after the password."""
        return self._account if user == self._account.user else None

    def open(self, client: Client, login: Login) -> EmbeddedSession:
        """A session; 1049 for a database that is not there."""
        threads = _Threads(self._threads)
        session = threads.run(
            lambda: self._engine.connect(
                database=login.database,
                user=login.account.user,
                host=client.host,
                connection_id=client.id,
                read_only=self._read_only,
            )
        )
        return EmbeddedSession(client.stream, login.capabilities, session, threads)


class _Threads:
    """Runs functions in the pool; their exceptions come back as they are."""

    def __init__(self, pool: ThreadPool) -> None:
        self._pool = pool

    def run(self, function: Callable[[], T]) -> T:
        """What ``function`` returns, or raises, in a thread."""
        value, error = self._pool.apply(_caught, (function,))
        if error is not None:
            raise error
        result: T = value
        return result


def _caught(function: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        return function(), None
    except Exception as error:
        return None, error


class EmbeddedSession:
    """Answers one client from the engine."""

    def __init__(
        self, stream: PacketStream, capabilities: int, session: EngineSession, threads: _Threads
    ) -> None:
        self._stream = stream
        self._capabilities = capabilities
        self._session = session
        self._threads = threads
        self._multi_statements = bool(capabilities & CLIENT_MULTI_STATEMENTS)

    def run(self) -> None:
        """Answer commands until the client quits."""
        stream = self._stream
        while True:
            stream.sequence_id = 0
            payload = stream.read_packet()
            try:
                command = parse_command(payload, self._capabilities)
                if isinstance(command, Bare) and command.code == Command.QUIT:
                    return
                self._answer(command, payload[0])
            except SqlError as error:
                if error.fatal:
                    raise
                stream.write_error(error)
            stream.flush()

    def close(self) -> None:
        """Roll back and close the engine's session, once its thread has let go of it."""
        deadline = time.monotonic() + CLOSE_TIMEOUT
        while True:
            self._session.interrupt()
            try:
                self._threads.run(self._session.close)
                return
            except Exception as error:
                if time.monotonic() > deadline:
                    logger.warning("closing an embedded session: {}", error)
                    return
            gevent.sleep(0.02)

    def _answer(self, command: object, number: int) -> None:
        match command:
            case Query(sql=sql):
                self._query(sql)
            case InitDb(database=database):
                self._threads.run(lambda: self._session.use(_text(database)))
                self._ok()
            case FieldList(table=table, wildcard=wildcard):
                self._field_list(_text(table), _text(wildcard))
            case SetOption(option=option):
                self._multi_statements = option == 0
                self._stream.write_packet(EofPacket(status=self._status()).encode())
            case Bare(code=Command.PING):
                self._ok()
            case Bare(code=Command.RESET_CONNECTION):
                self._threads.run(self._session.reset)
                self._ok()
            case Bare(code=Command.STATISTICS):
                self._stream.write_packet(b"athena-g embedded")
            case _:
                raise errors.UNKNOWN_COMMAND(command=command_name(number))

    def _query(self, text: bytes) -> None:
        sql = text.decode("utf-8", "surrogateescape")
        statements = [sql]
        if self._multi_statements and ";" in sql:
            statements = self._threads.run(lambda: split(sql))
        for position, statement in enumerate(statements, 1):
            result = self._threads.run(partial(self._session.execute, statement))
            more = SERVER_MORE_RESULTS_EXISTS if position < len(statements) else 0
            if isinstance(result, OkResult):
                self._ok(result, more)
            else:
                self._rows(result, more)

    def _rows(self, result: RowsResult, more: int) -> None:
        """Send a result set in pieces; an error in its middle ends it with an ERR."""
        stream = self._stream
        for payload in encode_result_set_header(
            result.columns, self._capabilities, status=self._status() | more
        ):
            stream.write_packet(payload)
        codec = TextRows(result.columns)
        rows = result.rows
        while payloads := self._threads.run(lambda: _encode(codec, rows)):
            for payload in payloads:
                stream.write_packet(payload)
        stream.write_packet(
            encode_result_set_end(
                self._capabilities, status=self._status() | more, warnings=result.warnings
            )
        )

    def _field_list(self, table: str, wildcard: str) -> None:
        columns: Sequence[Column] = self._threads.run(
            lambda: self._session.list_fields(table, wildcard)
        )
        for payload in encode_field_list(columns, self._capabilities, status=self._status()):
            self._stream.write_packet(payload)

    def _ok(self, result: OkResult | None = None, more: int = 0) -> None:
        packet = OkPacket(status=self._status() | more)
        if result is not None:
            found_rows = self._capabilities & CLIENT_FOUND_ROWS
            matched = result.matched_rows if found_rows else None
            packet.affected_rows = result.affected_rows if matched is None else matched
            packet.last_insert_id = result.last_insert_id
            packet.warnings = result.warnings
            packet.info = result.info.encode()
            packet.session_state = _changes(self._session)
        self._stream.write_packet(packet.encode(self._capabilities))

    def _status(self) -> int:
        session = self._session
        status = SERVER_STATUS_AUTOCOMMIT if session.autocommit else 0
        if session.in_transaction:
            status |= SERVER_STATUS_IN_TRANS
        if session.state_changed and self._capabilities & CLIENT_SESSION_TRACK:
            status |= SERVER_SESSION_STATE_CHANGED
        return status


def _encode(codec: TextRows, rows: Iterator[Sequence[Any]]) -> list[bytes]:
    return [codec.encode(row) for row in islice(rows, ROWS_AT_ONCE)]


def _changes(session: EngineSession) -> bytes:
    """What a statement changed of its session, as CLIENT_SESSION_TRACK tells it."""
    if not session.state_changed:
        return b""
    entries = _STATE_CHANGED
    for name, value in session.changed_variables:
        variable = lenenc_bytes(name.encode()) + lenenc_bytes(value.encode())
        entries += bytes((SESSION_TRACK_SYSTEM_VARIABLES,)) + lenenc_bytes(variable)
    if session.schema_changed:
        schema = lenenc_bytes((session.database or "").encode())
        entries += bytes((SESSION_TRACK_SCHEMA,)) + lenenc_bytes(schema)
    return entries


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "replace")
