"""MySQL's protocol in front of the engine: one session for each client.

The hub only moves packets. Whatever touches SQL runs in a thread of the pool, where it may take
as long as it likes without delaying anybody.
"""

from __future__ import annotations

from functools import partial

from gevent import get_hub
from gevent.threadpool import ThreadPool

from athena_g import errors
from athena_g.embedded.answers import Answers
from athena_g.embedded.engine import Engine
from athena_g.embedded.field_list import fields
from athena_g.embedded.lexer import split
from athena_g.embedded.results import OkResult
from athena_g.embedded.session import EngineSession
from athena_g.embedded.statement_commands import OpenedCursor, StatementCommands
from athena_g.embedded.threads import kill_thread
from athena_g.embedded.worker import Worker
from athena_g.errors import SqlError
from athena_g.net.handshake import Account, Login
from athena_g.net.server import Client
from athena_g.net.stream import PacketStream
from athena_g.protocol.charsets import charset_named, collation
from athena_g.protocol.commands import (
    Bare,
    FieldList,
    InitDb,
    ProcessKill,
    Query,
    SetOption,
    StmtClose,
    StmtExecute,
    StmtFetch,
    StmtPrepare,
    StmtReset,
    StmtSendLongData,
    command_name,
    parse_command,
)
from athena_g.protocol.constants import (
    CLIENT_COMPRESS,
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
    CLIENT_PS_MULTI_RESULTS,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SESSION_TRACK,
    CLIENT_TRANSACTIONS,
    MAX_PAYLOAD,
    MYSQL_OPTION_MULTI_STATEMENTS_OFF,
    MYSQL_OPTION_MULTI_STATEMENTS_ON,
    SERVER_MORE_RESULTS_EXISTS,
    Command,
)
from athena_g.protocol.handshake import ChangeUserRequest
from athena_g.protocol.resultset import (
    PrepareOk,
)
from athena_g.protocol.rows import TextRows

CAPABILITIES = (
    CLIENT_LONG_PASSWORD
    | CLIENT_COMPRESS
    | CLIENT_FOUND_ROWS
    | CLIENT_LONG_FLAG
    | CLIENT_CONNECT_WITH_DB
    | CLIENT_PROTOCOL_41
    | CLIENT_TRANSACTIONS
    | CLIENT_SECURE_CONNECTION
    | CLIENT_MULTI_STATEMENTS
    | CLIENT_MULTI_RESULTS
    | CLIENT_PS_MULTI_RESULTS
    | CLIENT_PLUGIN_AUTH
    | CLIENT_CONNECT_ATTRS
    | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
    | CLIENT_SESSION_TRACK
)
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
"""Seconds between the interruptions of a statement whose client is gone."""


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
        worker = Worker(self._threads)
        session = worker.run(lambda: self._connect(client, login))
        return EmbeddedSession(client, login, session, worker)

    def _connect(self, client: Client, login: Login) -> EngineSession:
        session = self._engine.connect(
            database=login.database,
            user=login.account.user,
            host=client.host,
            connection_id=client.id,
            read_only=self._read_only,
        )
        session.counts_matched = bool(login.capabilities & CLIENT_FOUND_ROWS)
        _take_names(session, login)
        return session


def _take_names(session: EngineSession, login: Login) -> None:
    """The character set of the login; the default where there is no such collation here."""
    found = collation(login.collation_id)
    if found is not None:
        session.variables.log_in(found.charset, found.name)


def _read_command(stream: PacketStream) -> bytes:
    """The payload of the next command."""
    travelled = bytearray(stream.read_command())
    while stream.continues:
        travelled += stream.read_more()
    if len(travelled) < MAX_PAYLOAD:
        return bytes(travelled[4:])
    parts, position = [], 0
    while position < len(travelled):
        start = position + 4
        position = start + int.from_bytes(travelled[position : start - 1], "little")
        parts.append(travelled[start:position])
    return b"".join(parts)


class EmbeddedSession:
    """Answers one client from the engine."""

    def __init__(
        self, client: Client, login: Login, session: EngineSession, worker: Worker
    ) -> None:
        self._client = client
        self._capabilities = login.capabilities
        self._session = session
        self._worker = worker
        self._multi_statements = bool(login.capabilities & CLIENT_MULTI_STATEMENTS)
        self._statements = StatementCommands(session)
        self._answers = Answers(client, login.capabilities, session, worker)
        self._ends = False
        """Whether the connection is to be closed after the answer."""
        loop = get_hub().loop
        session.on_killed = lambda: loop.run_callback_threadsafe(self._stream.shutdown)

    @property
    def _stream(self) -> PacketStream:
        return self._client.stream

    def run(self) -> None:
        """Answer commands until the client quits."""
        stream = self._stream
        self._statements.max_long_data = stream.max_allowed_packet
        stream.on_gone = lambda: self._session.kill(connection=True)
        while not self._ends and not self._session.killed:
            payload = _read_command(stream)
            try:
                command = parse_command(payload, self._capabilities)
                if isinstance(command, Bare) and command.code == Command.QUIT:
                    return
                self._answer(command, payload)
            except SqlError as error:
                if error.fatal:
                    raise
                stream.write_error(error)
            stream.flush()

    def close(self) -> None:
        """Roll back and close the engine's session, once its thread has let go of it."""
        self._stream.on_gone = self._session.on_killed = None
        pause = SHORTEST_PAUSE
        while not self._worker.is_idle:
            self._session.kill(connection=True)
            self._worker.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        self._worker.run(self._close)

    def _close(self) -> None:
        self._statements.close_all()
        self._session.close()

    # --- commands -------------------------------------------------------------------------------

    def _answer(self, command: object, payload: bytes) -> None:
        match command:
            case Query(sql=sql):
                self._query(sql)
            case InitDb(database=database):
                self._worker.run(lambda: self._session.init_db(self._decoded(database)))
                self._ok(OkResult())
            case FieldList(table=table, wildcard=wildcard):
                name, like = self._decoded(table), self._decoded(wildcard)
                self._answers.field_list(
                    self._worker.run(lambda: fields(self._session, name, like))
                )
            case SetOption(option=option):
                self._set_option(option)
            case ProcessKill(connection_id=thread):
                kill_thread(self._session, thread, connection=True)
                self._answers.done()
            case ChangeUserRequest():
                self._change_user(payload)
            case Bare(code=Command.PING):
                self._answers.done()
            case Bare(code=Command.RESET_CONNECTION):
                self._worker.run(self._reset)
                self._answers.done()
            case Bare(code=Command.STATISTICS):
                self._stream.write_packet(b"athena-g embedded")
            case _:
                self._answer_statement(command, payload)

    def _answer_statement(self, command: object, payload: bytes) -> None:
        statements = self._statements
        match command:
            case StmtPrepare(sql=sql):
                self._prepare(self._decoded(sql))
            case StmtExecute():
                self._execute(command)
            case StmtFetch(statement_id=number, rows=count):
                self._fetch(number, count)
            case StmtReset(statement_id=number):
                self._worker.run(lambda: statements.reset(number))
                self._answers.done()
            case StmtSendLongData():
                statements.send_long_data(command)
            case StmtClose(statement_id=number):
                statements.close(number)
            case _:
                raise errors.UNKNOWN_COMMAND(command=command_name(payload[0]))

    def _set_option(self, option: int) -> None:
        if option not in (MYSQL_OPTION_MULTI_STATEMENTS_ON, MYSQL_OPTION_MULTI_STATEMENTS_OFF):
            raise errors.UNKNOWN_COMMAND(command=f"option {option} of COM_SET_OPTION")
        self._multi_statements = option == MYSQL_OPTION_MULTI_STATEMENTS_ON
        self._answers.eof()

    def _reset(self) -> None:
        self._statements.close_all()
        self._session.reset()

    def _change_user(self, payload: bytes) -> None:
        """COM_CHANGE_USER; what is wrong with it ends the connection, as in MySQL."""
        login = self._client.change_user(payload)
        try:
            self._worker.run(lambda: self._log_in_again(login))
        except SqlError as error:
            error.fatal = True
            raise
        self._answers.done()

    def _log_in_again(self, login: Login) -> None:
        self._statements.close_all()
        self._session.change_user(login.account.user, login.database)
        _take_names(self._session, login)

    # --- statements as text ---------------------------------------------------------------------

    def _query(self, text: bytes) -> None:
        sql = self._decoded(text)
        statements = [sql]
        if self._multi_statements and ";" in sql:
            statements = self._worker.run(lambda: split(sql))
        for position, statement in enumerate(statements, 1):
            result = self._worker.run(partial(self._session.execute, statement))
            more = SERVER_MORE_RESULTS_EXISTS if position < len(statements) else 0
            if isinstance(result, OkResult):
                self._ok(result, more)
            else:
                self._answers.rows(result, TextRows(result.columns), more)
            if self._ends:
                return

    def _ok(self, result: OkResult, more: int = 0) -> None:
        self._answers.ok(result, more)
        self._ends = result.closes

    # --- prepared statements --------------------------------------------------------------------

    def _prepare(self, sql: str) -> None:
        number, prepared = self._worker.run(lambda: self._statements.prepare(sql))
        columns, warnings = prepared.columns, self._session.diagnostics.count
        answer = PrepareOk(number, len(columns), prepared.parameters, warnings)
        self._answers.prepared(answer, prepared.parameter_columns, columns)

    def _execute(self, command: StmtExecute) -> None:
        codec = self._codec
        result = self._worker.run(lambda: self._statements.execute(command, codec))
        if isinstance(result, OkResult):
            self._ok(result)
        elif isinstance(result, OpenedCursor):
            self._answers.opened_cursor(result.columns)
        else:
            self._answers.rows(*result)

    def _fetch(self, number: int, count: int) -> None:
        self._answers.fetched(self._statements.fetch(number, count))
        self._answers.end_of_fetch(more=self._statements.has_cursor(number))

    @property
    def _codec(self) -> str:
        """Python's codec of what the client sends."""
        name = str(self._session.variables.get("character_set_client"))
        found = charset_named(name) if name != "binary" else None
        return found.codec if found is not None and found.codec else "utf_8"

    def _decoded(self, text: bytes) -> str:
        return text.decode(self._codec, "surrogateescape")
