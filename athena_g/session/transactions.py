"""Transactions of one session: BEGIN waits for a statement, COMMIT of nothing asks no server.

Source: MySQL Reference Manual, "START TRANSACTION, COMMIT, and ROLLBACK Statements".
"""

from __future__ import annotations

from typing import NamedTuple

from athena_g import errors
from athena_g.backend.connection import BackendConnection
from athena_g.parser.transactions import Begin, End, transaction_control
from athena_g.protocol.constants import (
    SERVER_STATUS_IN_TRANS,
    SERVER_STATUS_IN_TRANS_READONLY,
    Command,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.scan import REPLY_COMMAND
from athena_g.session.binding import SAVEPOINT, Binding
from athena_g.session.effects import NEXT_TRANSACTION, Begun

_BEGIN = frame(bytes([Command.QUERY]) + b"BEGIN", 0)
_BEGIN_READ_ONLY = frame(bytes([Command.QUERY]) + b"START TRANSACTION READ ONLY", 0)
_IN_TRANSACTION = SERVER_STATUS_IN_TRANS | SERVER_STATUS_IN_TRANS_READONLY
_MAX_BEGIN = 1024
# With these set, BEGIN and COMMIT do more than they say.
_DECISIVE = ("transaction_read_only", "tx_read_only", "completion_type")


class Done(NamedTuple):
    """What became of a statement: a server was asked, or OK is the answer; the session is over."""

    sent: bool = False
    answered: bool = False
    over: bool = False


class Transactions:
    """Does what BEGIN, COMMIT and ROLLBACK ask."""

    def __init__(self, binding: Binding) -> None:
        self._binding = binding

    def control(self, packet: bytes, start: int, only_rollback: bool = False) -> Done:
        """Do what the statement asks; nothing when it is another one."""
        asked = transaction_control(packet, start)
        if only_rollback and not (isinstance(asked, End) and not asked.commit):
            return Done()
        if isinstance(asked, Begin):
            return self._begin(asked, packet)
        if isinstance(asked, End):
            return self._end(asked, packet)
        return Done()

    def _begin(self, asked: Begin, packet: bytes) -> Done:
        """Wait for a statement: then it is known where the transaction is to be.

        A consistent snapshot is taken now, since it shows what is there now. What is open is
        committed by the server.
        """
        binding = self._binding
        self._refuse_after_loss()
        if (
            binding.held is not None
            or binding.begin  # the characteristics of one may outlive it: the server must see both
            or asked.snapshot
            or self._decided
            or len(packet) > _MAX_BEGIN
            or not binding.nothing_ran(statement=True)
        ):
            connection = binding.execute(packet, REPLY_COMMAND, Begun())
            if not asked.snapshot and len(packet) <= _MAX_BEGIN:
                self._note_empty(connection, packet)
            return Done(sent=True)
        binding.begin = packet
        binding.status = binding.status & ~_IN_TRANSACTION | SERVER_STATUS_IN_TRANS
        if asked.read_only:
            binding.status |= SERVER_STATUS_IN_TRANS_READONLY
        return Done(answered=True)

    def _end(self, asked: End, packet: bytes) -> Done:
        binding = self._binding
        if binding.transaction_lost and not asked.commit:
            binding.transaction_lost = False
        self._refuse_after_loss()
        if binding.held is not None or self._decided or not binding.nothing_ran(statement=True):
            release = self._release if asked.release is None else asked.release
            ended = _Ended(bool(asked.chain), release)
            connection = binding.execute(packet, REPLY_COMMAND, ended)
            if asked.chain and not release:
                self._note_empty(connection, _BEGIN)
            return Done(sent=True, over=release and not connection.scanner.errno)
        if not asked.chain:
            binding.begin = b""
            binding.status &= ~_IN_TRANSACTION
        elif not binding.begin:
            binding.begin = _BEGIN
            binding.status |= SERVER_STATUS_IN_TRANS
        return Done(answered=True, over=bool(asked.release))

    def _note_empty(self, connection: BackendConnection, begin: bytes) -> None:
        """Note that a transaction was begun on a server, which may as well be on another one."""
        binding = self._binding
        if connection.scanner.errno or binding.pins or self._decided:
            return
        if binding.status & SERVER_STATUS_IN_TRANS_READONLY:  # maybe because the one before was
            begin = _BEGIN_READ_ONLY
        binding.empty_since = begin if binding.status & SERVER_STATUS_IN_TRANS else b""

    def _refuse_after_loss(self) -> None:
        if self._binding.transaction_lost:
            endpoint = self._binding.pool.endpoint
            raise errors.TRANSACTION_LOST(instance=endpoint.name, group=endpoint.group)

    @property
    def _release(self) -> bool:
        """Whether the session's settings end it with the transaction."""
        return self._binding.profile.value("completion_type") in ("2", "'RELEASE'")

    @property
    def _decided(self) -> bool:
        """Whether the session's settings make the server decide."""
        return any(name in _DECISIVE for name, _ in self._binding.profile.variables)


class _Ended:
    """A transaction ended on a server, so what was set for the next one is used up."""

    def __init__(self, chain: bool, release: bool) -> None:
        self._chain = chain
        self._release = release

    def apply(self, binding: Binding, connection: BackendConnection) -> bool:
        """Unpin the session; a server that was told to RELEASE closes the connection."""
        if connection.scanner.errno:
            return False
        if not self._chain:
            binding.pins.free(NEXT_TRANSACTION)
            binding.pins.free(SAVEPOINT)
        if self._release:
            connection.retired = True
        return False
