"""Which role each packet of a MySQL conversation has, and which command it belongs to.

Written down here once more, apart from the proxy's own scanner, so that a mistake in one does not
hide in the other. The replies are generators: each is sent a payload and yields its role and
whether the reply ends with it.

Source: MySQL Source Code Documentation, "Command Phase" and "Connection Phase".
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass

from athena_g.protocol.constants import (
    CLIENT_DEPRECATE_EOF,
    CLIENT_SSL,
    MAX_PAYLOAD,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_STATUS_CURSOR_EXISTS,
    Command,
)
from athena_g.protocol.wire import lenenc_int_at

LABEL_SIZE = 200
"""Bytes of a command's text that are kept to recognise it by."""


class Role(enum.Enum):
    """What a packet is in its conversation; the client's come first."""

    LOGIN = enum.auto()
    COMMAND = enum.auto()
    FILE = enum.auto()
    """A part of the file of LOAD DATA LOCAL INFILE; the empty packet at its end too."""
    GREETING = enum.auto()
    AUTHENTICATION = enum.auto()
    """Of either side, between the client's login and what the server makes of it."""
    WELCOME = enum.auto()
    """The OK that ends the login."""
    OK = enum.auto()
    ERR = enum.auto()
    FILE_REQUEST = enum.auto()
    COLUMN_COUNT = enum.auto()
    COLUMN = enum.auto()
    COLUMNS_END = enum.auto()
    ROW = enum.auto()
    ROWS_END = enum.auto()
    PREPARED = enum.auto()
    PARAMETER = enum.auto()
    TEXT = enum.auto()
    REST = enum.auto()
    """A packet that goes on with the payload of the one before."""
    UNASKED = enum.auto()
    """Said by the server while no command is outstanding."""


@dataclass(frozen=True, slots=True)
class Packet:
    """``raw`` is the packet with its header, ``command`` the label of the command it is about.

    ``number`` counts the packets of this role in the reply, from 0. ``last`` says that the reply
    ends with it.
    """

    from_server: bool
    role: Role
    command: str
    raw: bytes
    number: int = 0
    last: bool = False

    @property
    def sequence_id(self) -> int:
        return self.raw[3]


Reply = Generator[tuple[Role, bool], bytes, None]
_SILENT = frozenset((Command.QUIT, Command.STMT_CLOSE, Command.STMT_SEND_LONG_DATA))
_OK, _FILE, _EOF, _ERR = 0x00, 0xFB, 0xFE, 0xFF


class Dialogue:
    """Follows one connection, packet by packet; commands may be pipelined."""

    def __init__(self) -> None:
        self.encrypted = False
        """Whether what follows is TLS, of which nothing can be said."""
        self._deprecate_eof = False
        self._logged_in = self._greeted = self._answered = False
        self._waiting: deque[tuple[str, Reply]] = deque()
        self._counts: dict[Role, int] = {}
        self._file = False
        self._continued = {True: False, False: False}

    def next(self, from_server: bool, raw: bytes) -> Packet:
        """The packet ``raw``, whole with its header, which is the next one of that side."""
        size = int.from_bytes(raw[:3], "little")
        continued = self._continued[from_server]
        self._continued[from_server] = size == MAX_PAYLOAD
        if continued:
            return Packet(from_server, Role.REST, self._outstanding(), raw)
        said = self._from_server if from_server else self._from_client
        return said(raw, raw[4:])

    def _outstanding(self) -> str:
        return self._waiting[0][0] if self._waiting else ""

    # -- the client's ----------------------------------------------------------------------------

    def _from_client(self, raw: bytes, payload: bytes) -> Packet:
        if self._file:
            self._file = bool(payload)
            return Packet(False, Role.FILE, self._outstanding(), raw, self._count(Role.FILE))
        if not self._logged_in:
            role = Role.AUTHENTICATION if self._answered else Role.LOGIN
            if not self._answered:
                self._read_capabilities(payload)
            return Packet(False, role, "LOGIN", raw)
        if self._waiting and raw[3]:
            return Packet(False, Role.AUTHENTICATION, self._outstanding(), raw)
        return Packet(False, Role.COMMAND, self._expect(payload), raw)

    def _read_capabilities(self, payload: bytes) -> None:
        flags = int.from_bytes(payload[:4], "little")
        self._deprecate_eof = bool(flags & CLIENT_DEPRECATE_EOF)
        self.encrypted = bool(flags & CLIENT_SSL) and len(payload) == 32
        self._answered = not self.encrypted

    def _expect(self, payload: bytes) -> str:
        """The label of a command, whose reply is expected from now on."""
        command = Command(payload[0])
        text = payload[1 : 1 + LABEL_SIZE].decode("utf-8", "backslashreplace")
        label = f"{command.name} {text}" if command in _WITH_TEXT else command.name
        if command not in _SILENT:
            grammar = _GRAMMARS.get(command, _single)
            self._waiting.append((label, grammar(self._deprecate_eof)))
        return label

    # -- the server's ----------------------------------------------------------------------------

    def _from_server(self, raw: bytes, payload: bytes) -> Packet:
        if not self._logged_in:
            return Packet(True, self._login_role(payload), "LOGIN", raw)
        if not self._waiting:
            return Packet(True, Role.UNASKED, "", raw)
        label, reply = self._waiting[0]
        if not self._counts:
            next(reply)
        role, last = reply.send(payload)
        number = self._count(role)
        self._file = role is Role.FILE_REQUEST
        if last:
            self._waiting.popleft()
            self._counts = {}
        return Packet(True, role, label, raw, number, last)

    def _login_role(self, payload: bytes) -> Role:
        if payload[0] == _ERR:
            return Role.ERR
        if not self._greeted:
            self._greeted = True
            return Role.GREETING
        if payload[0] == _OK:
            self._logged_in = True
            return Role.WELCOME
        return Role.AUTHENTICATION

    def _count(self, role: Role) -> int:
        number = self._counts.get(role, 0)
        self._counts[role] = number + 1
        return number


# --- Replies --------------------------------------------------------------------------------------

_START = (Role.UNASKED, False)
"""What a reply yields before it is sent its first payload."""


def _single(deprecate_eof: bool) -> Reply:
    payload = yield _START
    yield (Role.ERR if payload[0] == _ERR else Role.OK), True


def _text(deprecate_eof: bool) -> Reply:
    yield _START
    yield Role.TEXT, True


def _changed_user(deprecate_eof: bool) -> Reply:
    payload = yield _START
    while payload[0] not in (_OK, _ERR):
        payload = yield Role.AUTHENTICATION, False
    yield (Role.ERR if payload[0] == _ERR else Role.OK), True


def _statement(deprecate_eof: bool) -> Reply:
    """OK, ERR, or result sets, as long as there are more."""
    payload = yield _START
    while True:
        if payload[0] == _ERR:
            yield Role.ERR, True
        elif payload[0] == _FILE:
            payload = yield Role.FILE_REQUEST, False
            continue
        elif payload[0] == _OK:
            last = not _status_of_ok(payload) & SERVER_MORE_RESULTS_EXISTS
            payload = yield Role.OK, last
        else:
            payload = yield from _result_set(payload, deprecate_eof)


def _result_set(payload: bytes, deprecate_eof: bool) -> Generator[tuple[Role, bool], bytes, bytes]:
    """A result set that begins with ``payload``; the payload that came behind it."""
    columns = lenenc_int_at(payload, 0)[0]
    payload = yield Role.COLUMN_COUNT, False
    for _ in range(columns):
        payload = yield Role.COLUMN, False
    if not deprecate_eof:
        cursor = bool(_status_of_eof(payload) & SERVER_STATUS_CURSOR_EXISTS)
        payload = yield Role.COLUMNS_END, cursor
    return (yield from _rows(payload, deprecate_eof))


def _rows(payload: bytes, deprecate_eof: bool) -> Generator[tuple[Role, bool], bytes, bytes]:
    while payload[0] != _ERR and not _ends_rows(payload):
        payload = yield Role.ROW, False
    if payload[0] == _ERR:
        return (yield Role.ERR, True)
    status = _status_of_ok(payload) if deprecate_eof else _status_of_eof(payload)
    return (yield Role.ROWS_END, not status & SERVER_MORE_RESULTS_EXISTS)


def _fetched(deprecate_eof: bool) -> Reply:
    payload = yield _START
    yield from _rows(payload, deprecate_eof)


def _listed(deprecate_eof: bool) -> Reply:
    payload = yield _START
    while payload[0] != _ERR and not _ends_rows(payload):
        payload = yield Role.COLUMN, False
    yield (Role.ERR if payload[0] == _ERR else Role.COLUMNS_END), True


def _prepared(deprecate_eof: bool) -> Reply:
    payload = yield _START
    if payload[0] == _ERR:
        yield Role.ERR, True
        return
    columns = int.from_bytes(payload[5:7], "little")
    parameters = int.from_bytes(payload[7:9], "little")
    ends = 0 if deprecate_eof else 1
    parts = [*[Role.PARAMETER] * parameters, *[Role.COLUMNS_END] * (ends * bool(parameters))]
    parts += [*[Role.COLUMN] * columns, *[Role.COLUMNS_END] * (ends * bool(columns))]
    yield Role.PREPARED, not parts
    for left, role in zip(reversed(range(len(parts))), parts, strict=True):
        yield role, not left


def _ends_rows(payload: bytes) -> bool:
    """Whether it is an EOF, or the OK in its place, whose first byte no short row has."""
    return payload[0] == _EOF and len(payload) < MAX_PAYLOAD


def _status_of_ok(payload: bytes) -> int:
    _, position = lenenc_int_at(payload, 1)
    _, position = lenenc_int_at(payload, position)
    return int.from_bytes(payload[position : position + 2], "little")


def _status_of_eof(payload: bytes) -> int:
    return int.from_bytes(payload[3:5], "little")


_WITH_TEXT = frozenset((Command.QUERY, Command.INIT_DB, Command.STMT_PREPARE, Command.FIELD_LIST))
_GRAMMARS = {
    Command.QUERY: _statement,
    Command.STMT_EXECUTE: _statement,
    Command.STMT_PREPARE: _prepared,
    Command.STMT_FETCH: _fetched,
    Command.FIELD_LIST: _listed,
    Command.STATISTICS: _text,
    Command.CHANGE_USER: _changed_user,
}
