"""A client that does the steps of a script and tells all that came back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import gevent

from athena_g.errors import SqlError
from athena_g.protocol import constants
from athena_g.protocol.auth import ClientAuth, Send
from athena_g.protocol.binary_values import binary_encoder
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import (
    CLIENT_PLUGIN_AUTH,
    CURSOR_TYPE_READ_ONLY,
    MYSQL_OPTION_MULTI_STATEMENTS_OFF,
    MYSQL_OPTION_MULTI_STATEMENTS_ON,
    SERVER_MORE_RESULTS_EXISTS,
    UNSIGNED_FLAG,
    ColumnType,
    Command,
)
from athena_g.protocol.handshake import ChangeUserRequest
from athena_g.protocol.replies import EofPacket, OkPacket, is_eof
from athena_g.protocol.wire import lenenc_int_at
from tests.fakes.client import FLAGS, Client
from tests.fakes.wire import Gone

from . import answers
from .answers import Answer

SECONDS_TO_ANSWER = 30.0
CLOSED = "CLOSED"
NO_SUCH_ID: Final = 4711
"""A statement id that nobody has."""

_OPTIONS = {
    "on": MYSQL_OPTION_MULTI_STATEMENTS_ON,
    "off": MYSQL_OPTION_MULTI_STATEMENTS_OFF,
    "unknown": 7,
}
_BLOBS = {ColumnType.BLOB, ColumnType.LONG_BLOB, ColumnType.TINY_BLOB, ColumnType.MEDIUM_BLOB}


class Talker:
    """One client of a script; it connects with its first step.

    A step is SQL, or a command:

    ``.connect [multi_statements] [found_rows] ... [collation=8]`` first, with these flags ·
    ``.codec latin1`` how its texts are encoded from here on ·
    ``.prepare NAME SQL`` · ``.execute NAME [cursor] [again] [| TYPE value]...`` (again: without
    types) · ``.long NAME parameter data`` · ``.fetch NAME rows`` · ``.reset NAME`` ·
    ``.close NAME`` · ``.ping`` · ``.init_db NAME`` · ``.reset_connection`` ·
    ``.change_user user password database`` · ``.field_list table wildcard`` ·
    ``.set_option on|off|unknown`` · ``.infile text`` what the next LOAD DATA LOCAL gets ·
    ``.statistics`` · ``.process_kill id`` · ``.quit`` · ``.vanish``
    """

    def __init__(
        self,
        address: tuple[str, int],
        login: dict[str, str],
        patience: float = SECONDS_TO_ANSWER,
    ) -> None:
        self._patience = patience
        self._address = address
        self._login = login
        self._client: Client | None = None
        self._flags = 0
        self._codec = "utf-8"
        self._statements: dict[str, int] = {}
        self._infile = b""
        self._columns: dict[str, int] = {}

    @property
    def connection_id(self) -> int:
        """What the greeting said."""
        return self._connected().greeting.connection_id

    def do(self, text: str) -> Answer:
        """Do one step; its answer, also when that is the end of the connection."""
        with gevent.Timeout(self._patience, False):
            try:
                return self._do(text)
            except Gone:
                return [CLOSED]
            except SqlError as error:
                return [f"not MySQL's protocol: {error.message}"]
        return [f"no answer within {self._patience} s"]

    def close(self) -> None:
        """Quit, and wait until the other side closed."""
        if self._client is None:
            return
        try:
            with gevent.Timeout(self._patience, False):
                self._client.command(Command.QUIT)
                self._client.wire.read_to_end()
        except Gone:
            pass
        self._client.close()
        self._client = None

    def cut(self) -> None:
        """End the connection at once, whatever is under way."""
        if self._client is not None:
            self._client.wire.reset()
            self._client = None

    def _do(self, text: str) -> Answer:
        if not text.startswith("."):
            self._send(Command.QUERY, text.encode(self._codec))
            return self._results(answers.text_row)
        name, _, argument = text[1:].partition(" ")
        command: Callable[[str], Answer] = getattr(self, f"step_{name}")
        return command(argument)

    def _connected(self) -> Client:
        if self._client is None:
            self.step_connect("")
        assert self._client is not None
        return self._client

    def _send(self, command: Command, body: bytes = b"") -> None:
        self._connected().command(command, body)

    def _read(self) -> bytes:
        return self._connected().wire.read_packet()

    # -- steps that are no statements --------------------------------------------------------------

    def step_connect(self, options: str) -> Answer:
        arguments: dict[str, Any] = dict(self._login)
        flags = 0
        for option in options.split():
            name, _, value = option.partition("=")
            if name == "collation":
                arguments["collation_id"] = int(value)
            else:
                flags |= int(getattr(constants, f"CLIENT_{name.upper()}"))
        self._flags = FLAGS | flags
        self._client = Client.connect(self._address, flags=flags, **arguments)
        return []

    def step_codec(self, name: str) -> Answer:
        self._codec = name
        return []

    def step_ping(self, _: str) -> Answer:
        return self._ask(Command.PING)

    def step_init_db(self, name: str) -> Answer:
        return self._ask(Command.INIT_DB, name.encode(self._codec))

    def step_reset_connection(self, _: str) -> Answer:
        return self._ask(Command.RESET_CONNECTION)

    def step_process_kill(self, number: str) -> Answer:
        return self._ask(Command.PROCESS_KILL, int(number).to_bytes(4, "little"))

    def step_set_option(self, state: str) -> Answer:
        return self._ask(Command.SET_OPTION, _OPTIONS[state].to_bytes(2, "little"))

    def step_field_list(self, argument: str) -> Answer:
        table, _, wildcard = argument.partition(" ")
        self._send(Command.FIELD_LIST, table.encode(self._codec) + b"\0" + wildcard.encode())
        lines: Answer = []
        while not is_eof(payload := self._read()):
            if payload[:1] == b"\xff":
                return [*lines, answers.error_text(payload)]
            lines.append(answers.column_text(payload))
        return [*lines, answers.eof_text(payload)]

    def step_statistics(self, _: str) -> Answer:
        self._send(Command.STATISTICS)
        payload = self._read()
        return ["STATISTICS" if b"Uptime" in payload else f"packet {payload!r}"]

    def step_change_user(self, argument: str) -> Answer:
        names = [*argument.split(), "", "", ""]
        user, password, database = (
            name or self._login[key]
            for name, key in zip(names, ("user", "password", "database"), strict=False)
        )
        client = self._connected()
        greeting = client.greeting
        exchange = ClientAuth(
            password=password.encode(),
            plugin=greeting.auth_plugin,
            scramble=greeting.scramble,
            secure=False,
        )
        flags = self._flags | CLIENT_PLUGIN_AUTH
        request = ChangeUserRequest(user, exchange.response(), database, 45, exchange.plugin)
        client.wire.start_command(request.encode(flags))
        return self._log_in_again(exchange)

    def _log_in_again(self, exchange: ClientAuth) -> Answer:
        while True:
            payload = self._read()
            step = exchange.feed(payload)
            if isinstance(step, Send):
                self._connected().wire.send_packet(step.payload)
            elif payload[:1] in (b"\0", b"\xff"):
                return self._single(payload)
            elif payload[:1] == b"\xfe":
                # For an unknown user a server asks for any plugin. An empty answer would be told
                # as "using password: NO", and whether there is a question at all is up to chance.
                self._connected().wire.send_packet(b"not understood")

    def step_infile(self, text: str) -> Answer:
        self._infile = text.encode().decode("unicode_escape").encode("latin-1")
        return []

    def step_quit(self, _: str) -> Answer:
        self.close()
        return []

    def step_vanish(self, _: str) -> Answer:
        self._connected().wire.reset()
        self._client = None
        return []

    # -- prepared statements -----------------------------------------------------------------------

    def step_prepare(self, argument: str) -> Answer:
        name, _, sql = argument.partition(" ")
        self._send(Command.STMT_PREPARE, sql.encode(self._codec))
        payload = self._read()
        if payload[:1] == b"\xff":
            return [answers.error_text(payload)]
        statement, columns, parameters, line = answers.prepared_text(payload)
        self._statements[name] = statement
        self._columns[name] = columns
        return [line, *self._definitions(parameters), *self._definitions(columns)]

    def step_execute(self, argument: str) -> Answer:
        head, *parameters = argument.split(" | ")
        name, *options = head.split()
        flags = CURSOR_TYPE_READ_ONLY if "cursor" in options else 0
        body = self._id(name) + bytes([flags]) + (1).to_bytes(4, "little")
        body += encode_parameters(parameters, self._codec, types="again" not in options)
        self._send(Command.STMT_EXECUTE, body)
        return self._results(lambda payload, _: answers.binary_row(payload))

    def step_long(self, argument: str) -> Answer:
        name, parameter, data = argument.split(" ", 2)
        number = int(parameter).to_bytes(2, "little")
        self._send(Command.STMT_SEND_LONG_DATA, self._id(name) + number + data.encode(self._codec))
        return []

    def step_fetch(self, argument: str) -> Answer:
        name, rows = argument.split()
        self._send(Command.STMT_FETCH, self._id(name) + int(rows).to_bytes(4, "little"))
        return self._rows(lambda payload, _: answers.binary_row(payload), 0)[0]

    def step_reset(self, name: str) -> Answer:
        return self._ask(Command.STMT_RESET, self._id(name))

    def step_close(self, name: str) -> Answer:
        self._send(Command.STMT_CLOSE, self._id(name))
        return []

    def _id(self, name: str) -> bytes:
        return self._statements.get(name, NO_SUCH_ID).to_bytes(4, "little")

    # -- answers -----------------------------------------------------------------------------------

    def _ask(self, command: Command, body: bytes = b"") -> Answer:
        self._send(command, body)
        return self._single(self._read())

    def _single(self, payload: bytes) -> Answer:
        match payload[:1]:
            case b"\0":
                return [answers.ok_text(payload)]
            case b"\xff":
                return [answers.error_text(payload)]
            case b"\xfe":
                return [answers.eof_text(payload)]
        return [f"packet {payload!r}"]

    def _results(self, row: Callable[[bytes, int], str]) -> Answer:
        """All answers to one command."""
        lines: Answer = []
        more = True
        while more:
            payload = self._read()
            if payload[:1] == b"\xfb":
                lines.append(answers.infile_text(payload))
                payload = self._send_infile()
            part, more = self._result(payload, row)
            lines += part
        return lines

    def _result(self, payload: bytes, row: Callable[[bytes, int], str]) -> tuple[Answer, bool]:
        if payload[:1] == b"\0":
            more = OkPacket.decode(payload, 0).status & SERVER_MORE_RESULTS_EXISTS
            return [answers.ok_text(payload)], bool(more)
        if payload[:1] == b"\xff":
            return [answers.error_text(payload)], False
        columns, _ = lenenc_int_at(payload, 0)
        head = self._definitions(columns)
        if "CURSOR_EXISTS" in head[-1]:
            return head, False
        rows, more = self._rows(row, columns)
        # Of the row of OUT parameters only the first EOF tells that more follows.
        return head + rows, more or "PS_OUT_PARAMS" in head[-1]

    def _definitions(self, count: int) -> Answer:
        if not count:
            return []
        lines = [answers.column_text(self._read()) for _ in range(count)]
        return [*lines, answers.eof_text(self._read())]

    def _rows(self, row: Callable[[bytes, int], str], columns: int) -> tuple[Answer, bool]:
        lines: Answer = []
        while not is_eof(payload := self._read()):
            if payload[:1] == b"\xff":
                return [*lines, answers.error_text(payload)], False
            lines.append(row(payload, columns))
        more = EofPacket.decode(payload).status & SERVER_MORE_RESULTS_EXISTS
        return [*lines, answers.eof_text(payload)], bool(more)

    def _send_infile(self) -> bytes:
        wire = self._connected().wire
        if self._infile:
            wire.send_packet(self._infile)
        wire.send_packet(b"")
        return self._read()


def encode_parameters(parameters: list[str], codec: str, *, types: bool) -> bytes:
    """The end of a COM_STMT_EXECUTE for parameters such as ``LONG 5``, ``NULL``, ``LONGDATA``.

    The value of a LONGDATA parameter was sent before.
    """
    if not parameters:
        return b""
    nulls = 0
    kinds = values = b""
    for number, parameter in enumerate(parameters):
        kind, _, value = parameter.partition(" ")
        if kind == "NULL":
            nulls |= 1 << number
            kinds += bytes([ColumnType.NULL, 0])
        elif kind == "LONGDATA":
            kinds += bytes([ColumnType.BLOB, 0])
        else:
            code, cell = _encode_parameter(kind, value, codec)
            kinds += code
            values += cell
    bitmap = nulls.to_bytes((len(parameters) + 7) // 8, "little")
    return bitmap + (b"\1" + kinds if types else b"\0") + values


def _encode_parameter(kind: str, value: str, codec: str) -> tuple[bytes, bytes]:
    unsigned = kind.startswith("U_")
    number = ColumnType[kind.removeprefix("U_")]
    column = Column("", number, flags=UNSIGNED_FLAG if unsigned else 0, collation_id=63)
    data: Any = value.encode(codec)
    if number in _BLOBS and value.startswith("0x"):
        data = bytes.fromhex(value[2:])
    encode = binary_encoder(column)
    return bytes([number, 0x80 if unsigned else 0]), encode(data)
