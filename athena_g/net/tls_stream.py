"""A packet stream over TLS."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable
from ssl import SSLWantReadError, SSLWantWriteError
from typing import Any, TypeVar

from gevent import get_hub
from gevent import socket as gevent_socket
from gevent.ssl import SSLContext

from athena_g.net.packets import READ_SIZE, ConnectionClosed, PacketStream
from athena_g.net.socket_stream import SocketStream
from athena_g.net.waiting import READ, WRITE, Waits

_Result = TypeVar("_Result")


class TlsStream(PacketStream):
    """A stream over a TLS connection; ``sock`` is a :class:`gevent.ssl.SSLSocket` or like one.

    It tries first and waits then: with TLS the cipher, not the waiting, is what costs.
    """

    secure = True

    def __init__(self, sock: Any, max_allowed_packet: int) -> None:
        super().__init__(max_allowed_packet)
        sock.settimeout(0)
        self._sock = sock
        self._waits = Waits(sock.fileno())
        self._early: bytes | None = None  # read while nobody waited; b"" is the end
        self._watcher: Any = None
        self._closed = False

    @classmethod
    def accept(cls, stream: SocketStream, context: SSLContext) -> TlsStream:
        """The server's side of TLS in place of ``stream``, whose socket it takes; the handshake
        is still to be done."""
        sock = gevent_socket.socket(fileno=stream.detach())
        try:
            secure = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        except OSError as error:
            sock.close()
            raise ConnectionClosed(stream, str(error)) from None
        accepted = cls(secure, stream.max_allowed_packet)
        accepted.sequence_id = stream.sequence_id
        return accepted

    def handshake(self) -> None:
        """Do the TLS handshake."""
        try:
            self._insist(self._sock.do_handshake)
        except ConnectionClosed as error:
            raise ConnectionClosed(self, f"TLS handshake: {error}") from None

    def recv(self) -> bytes:
        if self._early is None:
            self.unwatch()
            data: bytes = self._insist(self._sock.recv, READ_SIZE)
            return data
        data = self._early
        if data:
            self._early = None
        return data

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._insist(self._sock.write, view) :]

    def _insist(self, operation: Callable[..., _Result], *arguments: Any) -> _Result:
        """What ``operation`` gives once the socket no longer keeps it from its end."""
        while True:
            try:
                return operation(*arguments)
            except SSLWantReadError:
                ready = self._waits.wait(READ)
            except SSLWantWriteError:
                ready = self._waits.wait(WRITE, self.write_timeout)
            except (OSError, ValueError) as error:
                raise ConnectionClosed(self, str(error)) from None
            if not ready:
                raise self._writing_timed_out()
            if self._closed:
                raise ConnectionClosed(self)

    @property
    def stale(self) -> bool:
        if self._early is not None or self._sock.pending():
            return True
        poll = _real_poll()
        poll.register(self._sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    # -- the end, while nobody reads -------------------------------------------------------------

    def watch(self) -> None:
        if self._watcher or self._closed or self._early or self._sock.pending():
            return
        self._watcher = get_hub().loop.io(self._sock.fileno(), READ)
        self._watcher.start(self._on_readable)

    def unwatch(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.stop()
            watcher.close()

    def _on_readable(self) -> None:
        """Called by the hub. Only reading tells the end: it comes as a message of TLS's own."""
        try:
            self._early = self._sock.recv(READ_SIZE)
        except (SSLWantReadError, SSLWantWriteError):
            return  # part of a message, or one that was not for us
        except (OSError, ValueError):
            self._early = b""
        self.unwatch()
        if not self._early:
            self._call_on_gone()

    def shutdown(self) -> None:
        with contextlib.suppress(OSError):
            gevent_socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def shutdown_write(self) -> None:
        with contextlib.suppress(OSError):
            gevent_socket.socket.shutdown(self._sock, socket.SHUT_WR)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.unwatch()
            self._waits.end()
        with contextlib.suppress(OSError):
            self._sock.close()


def _real_poll() -> Any:
    """A poll object of the operating system, also where gevent patched :mod:`select`."""
    from gevent.monkey import get_original

    return get_original("select", "poll")()
