"""Ending what a server does for a connection, from beside it.

Closing a connection does not stop the statement that a server runs on it, nor free its locks
before it is done. KILL does, over a connection of its own, which no pool counts: at most one per
instance at a time.

Source: MySQL Reference Manual, "KILL Statement".
"""

from __future__ import annotations

import gevent
from gevent.lock import BoundedSemaphore
from loguru import logger

from athena_g import errors
from athena_g.backend.endpoint import Endpoint
from athena_g.backend.login import log_in
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from athena_g.protocol.replies import ErrPacket

KILL_TIMEOUT = 10.0
"""Seconds that one KILL may take, from its turn on."""

_NO_SUCH_THREAD = 1094


class Killer:
    """Kills threads of one server, one after the other."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._turn = BoundedSemaphore(1)

    def kill(self, thread_id: int, *, query: bool) -> None:
        """Kill a connection, or only the statement it runs; one that is gone is fine.

        Raises :class:`~athena_g.errors.SqlError` when the server cannot be told, or refuses.
        """
        with self._turn:
            try:
                with gevent.Timeout(KILL_TIMEOUT, TimeoutError(f"no answer in {KILL_TIMEOUT} s")):
                    refusal = self._kill(thread_id, query)
            except (ConnectionClosed, TimeoutError) as error:
                raise self._failed(thread_id, str(error)) from None
            except SqlError as error:
                raise self._failed(thread_id, error.message) from None
        if refusal is not None and refusal.errno != _NO_SUCH_THREAD:
            raise self._failed(thread_id, f"{refusal.message} ({refusal.errno})")

    def kill_soon(self, thread_id: int) -> None:
        """Kill a connection in the background; a failure is logged."""
        gevent.spawn(self._kill_and_log, thread_id)

    def _kill_and_log(self, thread_id: int) -> None:
        try:
            self.kill(thread_id, query=False)
        except SqlError as error:
            logger.warning("{}", error.message)

    def _kill(self, thread_id: int, query: bool) -> ErrPacket | None:
        stream = log_in(self.endpoint, 0).stream
        try:
            sql = f"KILL {'QUERY ' if query else ''}{thread_id}"
            stream.send(frame(bytes([Command.QUERY]) + sql.encode(), 0))
            stream.sequence_id = 1
            payload = stream.read_packet()
            return ErrPacket.decode(payload) if payload[:1] == b"\xff" else None
        finally:
            stream.close()

    def _failed(self, thread_id: int, reason: str) -> SqlError:
        return errors.KILL_FAILED(
            thread=thread_id,
            instance=self.endpoint.name,
            group=self.endpoint.group,
            reason=reason,
        )
