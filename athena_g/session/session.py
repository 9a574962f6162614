"""The command loop of one client of the proxy, and which server connection it has when.

A statement runs on the session's *held* connection if it has one, else on a connection leased for
that statement. A connection stays held while a transaction is open on it, and, *pinned*, once it
holds what no other connection has (a variable, a temporary table, a lock ...).
"""

from __future__ import annotations

from typing import NoReturn

from loguru import logger

from athena_g import errors
from athena_g.backend.connection import BackendConnection, SessionSetup
from athena_g.errors import SqlError
from athena_g.group.group import Group
from athena_g.net.handshake import Login
from athena_g.net.server import Client
from athena_g.net.stream import ConnectionClosed
from athena_g.parser.recognise import (
    XA,
    Recognised,
    Special,
    asks_for_insert_id,
    is_plain,
    looks_back,
    recognise,
)
from athena_g.protocol.commands import command_name
from athena_g.protocol.constants import (
    CLIENT_FOUND_ROWS,
    CLIENT_IGNORE_SPACE,
    CLIENT_MULTI_STATEMENTS,
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_IN_TRANS,
    Command,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.replies import OkPacket
from athena_g.protocol.scan import (
    REPLY_COMMAND,
    REPLY_FIELDS,
    REPLY_SINGLE,
    REPLY_STRING,
)
from athena_g.session.relay import relay

BACKEND_FLAGS = CLIENT_FOUND_ROWS | CLIENT_IGNORE_SPACE
"""Capabilities that change answers and cannot change after login: connections differ by them."""

_PAYLOAD = 4
_BODY = 5
# An enumeration's members cost a call each to look up.
_QUERY, _QUIT = int(Command.QUERY), int(Command.QUIT)


class ProxySession:
    """Answers one client with what its group's servers say."""

    def __init__(self, client: Client, login: Login, group: Group) -> None:
        self._client = client
        self._stream = client.stream
        self._group = group
        self._pool = group.home.master.pool
        self._flags = login.capabilities & BACKEND_FLAGS
        self._multi_statements = bool(login.capabilities & CLIENT_MULTI_STATEMENTS)
        self._setup = SessionSetup(login.collation_id, self._multi_statements)
        self._held: BackendConnection | None = None
        self._last: BackendConnection | None = None
        self._pinned = ""
        self._spoils = False
        self._has_insert_id = False
        self._insert_id_lost = False

    # -- the loop ----------------------------------------------------------------------------------

    def run(self) -> None:
        """Answer commands until the client quits."""
        stream = self._stream
        while True:
            packet = stream.read_command()
            if len(packet) < _BODY:
                raise errors.MALFORMED_PACKET(reason="an empty packet is no command")
            command = packet[_PAYLOAD]
            try:
                if command == _QUERY:
                    self._query(packet)
                elif command == _QUIT:
                    return
                else:
                    self._other_command(command, packet)
            except SqlError as error:
                if error.fatal:
                    raise
                stream.write_error(error)
                stream.flush()

    def close(self) -> None:
        """Give back the connection: clean, or not at all."""
        held, self._held = self._held, None
        last, self._last = self._last, None
        if held is not None:
            clean = False
            try:
                clean = not self._spoils and held.reset()
            finally:  # also when the server is stopped in the middle of it
                give_back = self._pool.release if clean else self._pool.discard
                give_back(held)
        elif last is not None and last.setup is self._setup:
            self._pool.disown(last)

    # -- commands ----------------------------------------------------------------------------------

    def _query(self, packet: bytes) -> None:
        special = recognise(packet, _BODY, self._multi_statements)
        if special is not None and self._answered(special, packet):
            return
        self._execute(packet, REPLY_COMMAND)

    def _answered(self, special: Recognised, packet: bytes) -> bool:
        """Do what the proxy does with a statement of this kind; true when that was the answer."""
        if special.special is Special.PIN:
            self._pinned = self._pinned or special.detail
            self._spoils = self._spoils or special.detail == XA
            return False
        if special.special is Special.REFUSE:
            raise errors.NOT_SUPPORTED_YET(construct=special.detail)
        if b";" in packet.rstrip(b"; \t\r\n\0"):
            raise errors.NOT_SUPPORTED_YET(construct="USE among several statements in one text")
        self._choose(special.detail)
        return True

    def _other_command(self, command: int, packet: bytes) -> None:
        match command:
            case Command.PING if self._held is None:
                self._answer_ok()
            case Command.PING:
                self._execute(packet, REPLY_SINGLE)
            case Command.INIT_DB:
                self._choose(packet[_BODY:].decode("utf-8", "replace"))
            case Command.STATISTICS:
                self._execute(packet, REPLY_STRING)
            case Command.FIELD_LIST:
                self._execute(packet, REPLY_FIELDS)
            case Command.SET_OPTION:
                self._set_option(packet)
            case Command.RESET_CONNECTION:
                self._reset()
            case Command.STMT_CLOSE | Command.STMT_SEND_LONG_DATA:
                pass  # of a statement that was never prepared; these have no answer
            case _:
                raise errors.UNKNOWN_COMMAND(command=command_name(command))

    def _choose(self, database: str) -> None:
        """Answer a USE: there is one database, and the connections are in it.

        Unless a statement took the held one out of it (DROP DATABASE does): it is put back.
        """
        if not self._group.is_called(database):
            raise errors.OTHER_DATABASE(database=database, group=self._group.name)
        held = self._held
        if held is not None and held.schema_changed and held.endpoint.database is not None:
            command = bytes([Command.INIT_DB]) + held.endpoint.database.encode()
            self._execute(frame(command, 0), REPLY_SINGLE)
        else:
            self._answer_ok()

    def _set_option(self, packet: bytes) -> None:
        """Turn multi-statements on (0) or off (1), on the connection and for those to come."""
        option = packet[_BODY:]
        if option not in (b"\0\0", b"\1\0"):
            raise errors.UNKNOWN_COMMAND(command=f"COM_SET_OPTION {option.hex()}")
        connection = self._execute(packet, REPLY_SINGLE)
        if not connection.scanner.errno:
            on = option == b"\0\0"
            self._multi_statements = self._setup.multi_statements = on
            connection.multi_statements = on

    def _reset(self) -> None:
        """Forget the session's state, on the server too."""
        self.close()
        self._pinned = ""
        self._spoils = self._has_insert_id = self._insert_id_lost = False
        self._setup = SessionSetup(self._setup.collation_id, self._multi_statements)
        self._answer_ok()

    def _answer_ok(self) -> None:
        self._stream.write_packet(OkPacket(status=self._status()).encode(0))
        self._stream.flush()

    def _status(self) -> int:
        """The server status flags as the session's last reply had them."""
        if self._held is None:
            return SERVER_STATUS_AUTOCOMMIT
        return self._held.scanner.status & (SERVER_STATUS_AUTOCOMMIT | SERVER_STATUS_IN_TRANS)

    # -- connections -------------------------------------------------------------------------------

    def _execute(self, packet: bytes, kind: int) -> BackendConnection:
        """Have a server answer ``packet``, then keep, give back or drop the connection."""
        if self._insert_id_lost:
            self._refuse(asks_for_insert_id(packet))
        connection = self._held
        if connection is None:
            connection = self._last
            if connection is None or not self._pool.reclaim(connection, self._setup):
                try:
                    connection = self._lease(packet)
                except BaseException:
                    self._pinned = ""  # by this statement, which was not run
                    raise
        try:
            plain = relay(connection, self._setup, self._stream, packet, kind)
        except BaseException as error:
            consequence = self._consequence(connection)
            self._drop(connection)
            if isinstance(error, ConnectionClosed) and error.stream is connection.stream:
                error = self._lost(connection, consequence)
            elif isinstance(error, SqlError):
                error.message += consequence
            if isinstance(error, SqlError) and connection.scanner.mid_packet:
                self._cut_off(connection, error)
            raise error from None
        scanner = connection.scanner
        if scanner.inserted:
            self._has_insert_id = True
            self._insert_id_lost = False
        hold = self._pinned or scanner.status & SERVER_STATUS_IN_TRANS
        if not (plain and connection.tracks_session):
            if not connection.finished():
                self._drop(connection)
                return connection
            hold = self._noted(connection, packet) or hold
        if hold:
            self._held = connection
        else:
            self._held = None
            self._pool.keep(connection)
        return connection

    def _lease(self, packet: bytes) -> BackendConnection:
        """Another connection than the session had last, if it had one."""
        if self._last is not None:
            self._refuse(looks_back(packet))
            self._insert_id_lost = self._has_insert_id
        self._last = connection = self._pool.acquire(self._flags)
        return connection

    def _refuse(self, question: str | None) -> None:
        """Refuse what another connection would answer for somebody else."""
        if question is not None:
            endpoint = self._pool.endpoint
            raise errors.SESSION_STATE_LOST(
                what=question, instance=endpoint.name, group=endpoint.group
            )

    def _noted(self, connection: BackendConnection, packet: bytes) -> bool:
        """Whether the connection holds something now, or may."""
        scanner = connection.scanner
        if not connection.tracks_session:
            self._pin("a server that does not report session state")
        elif scanner.state_changed:
            self._pin("session state")
        # An ERR has no status flags. What is no plain statement (a CALL, say) may have failed
        # with a transaction open: the next reply will tell.
        return bool(self._pinned or (scanner.errno and not is_plain(packet, _BODY)))

    def _pin(self, reason: str) -> None:
        if not self._pinned:
            self._pinned = reason
            logger.debug("connection {}: pinned by {}", self._client.id, reason)

    def _drop(self, connection: BackendConnection) -> None:
        """Close a connection that cannot be used further, and forget what it held."""
        self._held = self._last = None
        self._pinned = ""
        self._spoils = False
        self._insert_id_lost = self._has_insert_id
        self._pool.discard(connection)

    def _consequence(self, connection: BackendConnection) -> str:
        """What the session loses with ``connection`` beyond the statement."""
        if connection is not self._held:
            return ""
        lost = "; the transaction is lost" if connection.in_transaction else ""
        if self._pinned:
            lost += f"; what the session held there is lost ({self._pinned})"
        return lost

    def _lost(self, connection: BackendConnection, consequence: str) -> SqlError:
        """What the client is told of a server that went away."""
        self._stream.sequence_id = connection.scanner.sequence_id
        return errors.BACKEND_LOST(
            instance=connection.endpoint.name,
            group=connection.endpoint.group,
            consequence=consequence,
        )

    def _cut_off(self, connection: BackendConnection, error: SqlError) -> NoReturn:
        """End a client that has part of a packet; it would take an ERR for the packet's rest."""
        cut = errors.BACKEND_LOST_IN_ROW(
            instance=connection.endpoint.name, group=connection.endpoint.group
        )
        logger.warning("connection {}: {} ({})", self._client.id, cut.message, error.message)
        self._stream.shutdown()
        raise ConnectionClosed(self._stream, cut.message) from None
