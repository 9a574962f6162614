"""Which server connection a session has when, and what it takes with it from one to the next.

A statement runs on the session's *held* connection if it has one, else on a connection leased for
that statement. A connection stays held while a transaction is open on it, and while it is *pinned*:
while it holds what cannot be brought to another one (a temporary table, a lock ...).
"""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn, Protocol

from loguru import logger

from athena_g import errors
from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import ASK_INSERT_ID, LookBack
from athena_g.backend.profile import Profile
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed, PacketStream
from athena_g.parser.recognise import is_plain, may_commit
from athena_g.pool.pool import Pool
from athena_g.protocol.constants import (
    CLIENT_FOUND_ROWS,
    CLIENT_IGNORE_SPACE,
    CLIENT_LOCAL_FILES,
    CLIENT_PS_MULTI_RESULTS,
    SERVER_STATUS_ANSI_QUOTES,
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_IN_TRANS,
    SERVER_STATUS_IN_TRANS_READONLY,
    SERVER_STATUS_NO_BACKSLASH_ESCAPES,
    Command,
)
from athena_g.protocol.renaming import TableNames
from athena_g.session.last_statement import LastStatement
from athena_g.session.pins import Pins
from athena_g.session.relay import relay

SAVEPOINT = "SAVEPOINT"
"""The pin that ends with the transaction, or with autocommit."""
XA = "XA transaction"
"""The pin after which a connection is not given to others: MariaDB's does not survive a reset."""

BACKEND_FLAGS = (
    CLIENT_FOUND_ROWS | CLIENT_IGNORE_SPACE | CLIENT_LOCAL_FILES | CLIENT_PS_MULTI_RESULTS
)
"""Capabilities that change answers and cannot change after login: connections differ by them."""

_AUTOCOMMIT_OR_TRANSACTION = SERVER_STATUS_AUTOCOMMIT | SERVER_STATUS_IN_TRANS
_LOCAL_STATUS = (
    SERVER_STATUS_AUTOCOMMIT
    | SERVER_STATUS_IN_TRANS
    | SERVER_STATUS_IN_TRANS_READONLY
    | SERVER_STATUS_NO_BACKSLASH_ESCAPES  # by which clients choose how to quote
    | SERVER_STATUS_ANSI_QUOTES
)
_BODY = 5


class Effect(Protocol):
    """What a statement does to the session beyond what the server reports by itself."""

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Take note of it; called when the reply is out, whether it was an error or not.

        Whether a change of session state that the server reports is accounted for by it.
        """


class Binding(LastStatement):
    """One session's hold on the servers of its group.

    ``capabilities`` are the client's. ``profile`` are the session's settings, ``pins`` why it keeps
    its connection, ``status`` the server status flags of its last reply. ``begin`` is the framed
    command that opens a transaction as soon as there is a statement for it.
    """

    def __init__(
        self,
        name: object,
        client: PacketStream,
        pool: Pool,
        capabilities: int,
        profile: Profile,
    ) -> None:
        super().__init__()
        self.profile = profile
        self.pins = Pins()
        self.begin = b""
        self.empty_since = b""
        """The BEGIN of the open transaction, as long as no statement in it named a table."""
        self.status = pool.fresh_status
        self.transaction_lost = False
        self.interrupted = False
        """Whether the statement that runs is to stop, wherever it is."""
        self.lent: list[tuple[Pool, BackendConnection]] = []
        """Connections that a statement on several servers uses, beside the session's own."""
        self._to_be_told: SqlError | None = None
        self._name = name
        self._client = client
        self._pool = pool
        self._flags = capabilities & BACKEND_FLAGS
        self._capabilities = capabilities
        self._absent = LookBack()
        """Owns the connections that the session had last on other servers than its last one."""
        self._elsewhere: dict[Pool, BackendConnection] = {}

    @property
    def current(self) -> BackendConnection | None:
        """The session's own connection, if its statement is running on that."""
        connection = self.held or self._last
        if connection is None or connection.owner is not self.look_back or connection.idle:
            return None
        return None if connection.handing_over else connection

    @property
    def running(self) -> list[tuple[Pool, BackendConnection]]:
        """The connections that the session's statement is running on, with their pools."""
        current = self.current
        return [*self.lent, *([] if current is None else [(self._pool, current)])]

    def use(self, client: PacketStream) -> None:
        """Answer over ``client`` from now on."""
        self._client = client

    def allow_multi_statements(self, on: bool) -> None:
        """Take several statements in one text, or not, on every connection to come."""
        self.profile = self.profile.with_multi_statements(on)

    @property
    def flags(self) -> int:
        """The capabilities with which its connections are to be opened."""
        return self._flags

    @property
    def autocommit(self) -> bool:
        """Whether a statement outside a transaction is one of its own."""
        return bool(self.status & SERVER_STATUS_AUTOCOMMIT)

    @property
    def pool(self) -> Pool:
        """Where the connections come from."""
        return self._pool

    def learn_conditions(self) -> None:
        """Have what may be asked of the last statement said now, if its connection still can."""
        if self.look_back.known or self.own is None:
            return
        connection = self.take()
        try:
            self.before_asking(connection)
        except BaseException as error:
            self.failed(connection, error)
        self.done(connection)

    @property
    def local_status(self) -> int:
        """The status flags for an answer that no server gives."""
        return self.status & _LOCAL_STATUS

    # -- servers -----------------------------------------------------------------------------------

    def go_to(self, pool: Pool) -> None:
        """Have the statements to come run on the server of ``pool``; none may be held elsewhere.

        The connection that the session had last on another server stays kept for it there. What
        only that one knows and outlives a statement, the insert id, is asked now. Raises what has
        to be told first, as :meth:`check` does.
        """
        if pool is self._pool:
            return
        self.check()
        last, look_back = self._last, self.look_back
        if last is not None and last.owner is look_back:
            self._leave(last)
        if look_back.insert_id is None:  # the connection is gone, and nobody could ask it
            look_back.insert_id = 0
            self.insert_id_lost = True
        self._pool = pool
        last = self._last = self._elsewhere.pop(pool, None)
        if last is None or last.owner is not self._absent or not last.idle:
            self._last = None
            return
        last.owner = look_back
        if last.insert_id != look_back.insert_id and last.profile is not None:
            last.profile = replace(last.profile)  # equal, but not the session's: it is settled anew

    def _leave(self, last: BackendConnection) -> None:
        """Ask the connection of the last statement what it alone knows, and keep it for later."""
        look_back = self.look_back
        if not last.idle:  # another session is taking it
            self.wait_for_parting()
            return
        if look_back.insert_id is None and self._pool.reclaim(last, look_back):
            try:
                answer = last.ask(ASK_INSERT_ID)
                if answer is not None:
                    look_back.answered(ASK_INSERT_ID, answer)
            except BaseException as error:
                self._last = None
                self._pool.discard(last)
                by_server = isinstance(error, ConnectionClosed) and error.stream is last.stream
                if by_server or isinstance(error, (SqlError, ValueError)):
                    return
                raise  # the session is being ended
            last.insert_id = look_back.insert_id
            self._pool.keep(last)
        look_back.remember(last.scanner)
        look_back.had_conditions = False
        if last.owner is look_back and last.idle:
            last.owner = self._absent
            self._elsewhere[self._pool] = last

    def begin_elsewhere(self, begin: bytes) -> None:
        """Roll back the transaction that is open, and begin another with the next statement."""
        connection = self.held
        if connection is None:
            return
        try:
            connection.roll_back()
        except BaseException as error:
            self.failed(connection, error)
        self._let_go(connection)
        self.begin = begin

    def execute(
        self,
        packet: bytes,
        kind: int,
        effect: Effect | None = None,
        names: TableNames | None = None,
    ) -> BackendConnection:
        """Have a server answer the framed command ``packet``, on whichever connection.

        ``names`` are put in place of those that the server has for tables.
        """
        connection = self.held
        if connection is None:
            connection = self._last
            if connection is None or not self._pool.reclaim(connection, self.look_back):
                connection = self._lease()
        elif connection.stream.stale:
            self._died(connection)
        return self.run(connection, packet, kind, effect, names=names)

    def _died(self, connection: BackendConnection) -> NoReturn:
        """A held connection ended between two statements: the next one was not sent."""
        connection.scanner.sequence_id = 1
        self.failed(connection, ConnectionClosed(connection.stream))

    def take(self, reads_variables: bool = False) -> BackendConnection:
        """The connection for the next command, brought to the session's state.

        ``reads_variables`` says that the statement may read user variables.

        A transaction that is due is not begun yet. Follow it with :meth:`run`, or give it back
        with :meth:`done`; after an error of an exchange with it, with :meth:`failed`.
        """
        self.empty_since = b""
        connection = self.held
        if connection is None:
            connection = self._last
            if connection is None or not self._pool.reclaim(connection, self.look_back):
                connection = self._lease()
        elif connection.stream.stale:
            self._died(connection)
        connection.scanner.sequence_id = 1
        if connection.owner is not self.look_back or connection.profile is not self.profile:
            try:
                connection.settle(self.profile, self.look_back, b"", b"", reads_variables)
            except BaseException as error:
                self.failed(connection, error)
        return connection

    def take_begun(self) -> BackendConnection:
        """The same, with the transaction begun that is due."""
        connection = self.take()
        if self.begin:
            try:
                connection.settle(self.profile, self.look_back, b"", self.begin)
            except BaseException as error:
                self.failed(connection, error)
            self.begin = b""
            self.status = connection.scanner.status
        return connection

    def run(
        self,
        connection: BackendConnection,
        packet: bytes,
        kind: int,
        effect: Effect | None = None,
        said: bytes | None = None,
        names: TableNames | None = None,
    ) -> BackendConnection:
        """Have ``connection`` answer ``packet``, then keep, give back or drop it.

        ``said`` is the framed command with the statement's text where ``packet`` has none.
        """
        began = self.begin
        self.empty_since = b""
        # Until the server has said something, an error takes the place of the reply's beginning.
        connection.scanner.sequence_id = 1
        try:
            if (
                began
                or connection.profile is not self.profile
                or connection.owner is not self.look_back
            ):
                reads_variables = packet.find(b"@") >= 0
                chunk = connection.settle(
                    self.profile, self.look_back, packet, began, reads_variables
                )
                self.begin = b""
            else:
                connection.stream.send(packet)
                chunk = b""
            plain = relay(connection, self._client, packet, chunk, kind, self._capabilities, names)
        except BaseException as error:
            self.failed(connection, error, said or packet)
        scanner = connection.scanner
        if scanner.inserted:
            self.forget_insert_id(connection)
            self.insert_id_lost = False
        look_back = self.look_back
        look_back.known = False
        look_back.names = names
        if scanner.warnings:
            look_back.had_conditions = connection.is_mariadb
        if not plain or effect is not None or not connection.tracks_session:
            if plain:  # then these tell of an earlier reply
                scanner.state_changed = False
                scanner.changes = []
            if not connection.finished():
                self.drop(connection)
                return connection
            try:
                self._take_note(connection, packet, effect, bool(began))
            except BaseException as error:
                self._lost_settings(connection, error)
                return connection
        self.status = status = scanner.status
        if self.pins and status & _AUTOCOMMIT_OR_TRANSACTION == SERVER_STATUS_AUTOCOMMIT:
            self.pins.free(SAVEPOINT)
        if status & SERVER_STATUS_IN_TRANS or self.pins:
            self._hold(connection)
        else:
            self._let_go(connection)
        return connection

    def done(self, connection: BackendConnection) -> None:
        """Give back a connection got by :meth:`take`, unless it is to be held."""
        status = connection.scanner.status
        if not self.begin:
            self.status = status
        if status & SERVER_STATUS_IN_TRANS or self.pins:
            self._hold(connection)
        else:
            self._let_go(connection)

    def _hold(self, connection: BackendConnection) -> None:
        if self.held is None:
            self.held = connection
            reason = str(self.pins) if self.pins else "transaction"
            self._pool.transactions.bind(connection, reason)
        if self.pins:
            connection.dirty = True

    def _let_go(self, connection: BackendConnection) -> None:
        if self.held is not None:
            self.held = None
            self._pool.transactions.free(connection)
        self._pool.keep(connection)

    def _take_note(
        self, connection: BackendConnection, packet: bytes, effect: Effect | None, began: bool
    ) -> None:
        """See what the statement did to the session."""
        scanner = connection.scanner
        if not connection.tracks_session:
            self.pin("a server that does not report session state")
        if effect is not None:
            if not effect.apply(self, connection) and scanner.state_changed:
                self.pin("session state")
        elif scanner.state_changed:
            self.pin("session state")
        if scanner.errno:
            self.look_back.had_conditions = connection.is_mariadb
        if scanner.errno and not self.insert_id_lost:
            self.forget_insert_id(connection)  # it may have made an id, and an ERR does not tell
        # Nor has it status flags: whether it left a transaction open the server must say.
        if scanner.errno and self.held is None and self._may_have_begun(packet, began):
            self._see_whether_it_began(connection)

    def _see_whether_it_began(self, connection: BackendConnection) -> None:
        try:
            self.look(connection)
        except (ConnectionClosed, SqlError) as error:
            if isinstance(error, ConnectionClosed) and error.stream is not connection.stream:
                raise  # the session is being ended
            # The reply is out: the transaction, if there was one, is what the client is told of.
            connection.scanner.status |= SERVER_STATUS_IN_TRANS
            connection.retired = True
            connection.stream.shutdown()

    def _may_have_begun(self, packet: bytes, began: bool) -> bool:
        autocommit = self.status & SERVER_STATUS_AUTOCOMMIT
        return began or not autocommit or packet[4] != Command.QUERY or not is_plain(packet, _BODY)

    def pin(self, kind: str, name: str | None = None) -> None:
        """Keep the connection because of something that is on it."""
        if not self.pins:
            logger.debug("connection {}: pinned by {}", self._name, kind)
        self.pins.take_once(kind, name)

    def learn_insert_id(self) -> None:
        """Have what LAST_INSERT_ID() answers known, if its connection still can tell it."""
        if self.look_back.insert_id is not None or not (self.held or self.has_connection):
            return
        connection = self.take()
        try:
            answer = connection.ask(ASK_INSERT_ID)
            if answer is not None:
                self.look_back.answered(ASK_INSERT_ID, answer)
        except BaseException as error:
            self.failed(connection, error)
        connection.insert_id = self.look_back.insert_id
        self.done(connection)

    def unpin(self, kind: str) -> None:
        """Something that the session kept its connection for matters no longer."""
        if not self.pins:
            return
        self.pins.free(kind)
        held = self.held
        if held is not None and not self.pins and not held.in_transaction:
            self._let_go(held)

    # -- connections -------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise what has to be told before the session may go on."""
        if self.transaction_lost:
            endpoint = self._pool.endpoint
            raise errors.TRANSACTION_LOST(instance=endpoint.name, group=endpoint.group)
        if self._to_be_told is not None:
            error, self._to_be_told = self._to_be_told, None
            raise error

    def _lease(self) -> BackendConnection:
        """Another connection than the session had last, if it had one."""
        self.check()
        look_back = self.look_back
        if look_back.insert_id is None:
            self.wait_for_parting()
        if look_back.insert_id is None:  # the connection is gone, and nobody could ask it
            look_back.insert_id = 0
            self.insert_id_lost = True
        self.waiting = True
        try:
            self._last = connection = self._pool.acquire(self._flags, self.profile)
        finally:
            self.waiting = False
        if connection.owner is self.look_back:
            connection.handing_over = False
        return connection

    def close(self) -> None:
        """Give back the connection: clean, or not at all."""
        held, self.held = self.held, None
        last, self._last = self._last, None
        if held is not None:
            self._pool.transactions.free(held)
            clean = False
            try:
                clean = (XA, None) not in self.pins and held.reset()
            finally:  # also when the server is stopped in the middle of it
                give_back = self._pool.release if clean else self._pool.discard
                give_back(held)
        elif last is not None and last.owner is self.look_back:
            self._pool.disown(last)
        for pool, connection in self._elsewhere.items():
            if connection.owner is self._absent:
                pool.disown(connection)
        self._elsewhere.clear()
        self.pins.clear()
        self.begin = b""
        self.transaction_lost = False

    # -- what goes wrong -------------------------------------------------------------------------

    def _lost_settings(self, connection: BackendConnection, error: BaseException) -> None:
        """The reply is out, and what the statement had set is not known: the next one is told."""
        self.drop(connection)
        if isinstance(error, ConnectionClosed) and error.stream is connection.stream:
            reason = "the server went away"
        elif isinstance(error, SqlError):
            reason = error.message
        else:
            raise error
        self._to_be_told = errors.SETTINGS_LOST(
            instance=connection.endpoint.name, group=connection.endpoint.group, reason=reason
        )

    def failed(
        self, connection: BackendConnection, error: BaseException, said: bytes = b""
    ) -> NoReturn:
        """Drop a connection that cannot be used further; raises what the client is to be told.

        ``said`` is the framed statement that was running, if one was.
        """
        try:
            mid_packet = connection.scanner.mid_packet
            by_server = isinstance(error, ConnectionClosed) and error.stream is connection.stream
            if self.begin and by_server:  # it may have been begun, and is over
                connection.scanner.status |= SERVER_STATUS_IN_TRANS
                self.begin = b""
            consequence = self._consequence(connection, said)
            if isinstance(error, ConnectionClosed) and not by_server:
                self._pool.killer.kill_soon(
                    connection.thread_id
                )  # closing does not stop a statement
            self.drop(connection)
            if self._client.continues and (by_server or isinstance(error, SqlError)):
                self._client.skip_rest()
            if by_server:
                error = self._lost(connection, consequence)
            elif isinstance(error, SqlError):
                error.message += consequence
            if isinstance(error, SqlError) and mid_packet:
                self._cut_off(connection, error)
            raise error from None
        finally:
            del error  # else it and the frames that it went through would keep one another

    def drop(self, connection: BackendConnection) -> None:
        """Close a connection that cannot be used further, and forget what it held."""
        if self.held is not None:
            self._pool.transactions.free(connection)
        self.transaction_lost = self.transaction_lost or connection.in_transaction
        self.held = self._last = None
        self.pins.clear()
        self._pool.discard(connection)

    def _consequence(self, connection: BackendConnection, said: bytes) -> str:
        """What the session loses with ``connection`` beyond the statement."""
        lost = ""
        if connection.in_transaction:
            lost = "; the transaction is lost"
            if said and may_commit(said, _BODY):
                lost = "; it is not known whether the transaction was committed"
        if self.pins and connection is self.held:
            lost += f"; what the session held there is lost ({self.pins})"
        return lost

    def _lost(self, connection: BackendConnection, consequence: str) -> SqlError:
        """What the client is told of a server that went away."""
        if connection.scanner.sequence_id != 1:  # part of the reply is out
            self._client.sequence_id = connection.scanner.sequence_id
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
        logger.warning("connection {}: {} ({})", self._name, cut.message, error.message)
        self._client.shutdown()
        raise ConnectionClosed(self._client, cut.message) from None
