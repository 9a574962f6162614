"""Packets over one connection, and what carries them: a socket, TLS, or memory.

:class:`PacketStream` is the whole interface. The subclasses differ only in how bytes come and go
(:meth:`~PacketStream.recv`, :meth:`~PacketStream.send`). A stream belongs to one greenlet at a
time; :meth:`~PacketStream.shutdown` may be called by any other.

:class:`SocketStream` waits first and reads then: ``recv`` on a socket without data costs a failed
system call and an exception, and starting and stopping a watcher costs an ``epoll_ctl`` each. So
its read watcher lives as long as the stream and stays started between request and reply; only
when bytes come while nobody waits for them is it stopped.
"""

from __future__ import annotations

import _socket
import contextlib
import select
import socket
from typing import Any

from gevent import get_hub, getcurrent
from gevent import socket as gevent_socket
from gevent.hub import Waiter
from gevent.ssl import SSLContext
from greenlet import greenlet

from athena_g.errors import SqlError
from athena_g.protocol.constants import MAX_PAYLOAD
from athena_g.protocol.framing import Deframer, frame, frames_used
from athena_g.protocol.replies import encode_error

READ_SIZE = 64 * 1024
"""Bytes asked for at once. Python allocates them for each read; beyond 128 KiB malloc would ask
the system for fresh pages each time."""
FLUSH_AT = 64 * 1024

_READ, _WRITE = 1, 2


class ConnectionClosed(Exception):
    """The other side of ``stream`` is gone: it closed, reset, or was shut down from here."""

    def __init__(self, stream: PacketStream | None, reason: str = "closed") -> None:
        super().__init__(reason)
        self.stream = stream


class PacketStream:
    """Whole payloads in, payloads out; one sequence id for both directions, as the protocol has it.

    ``max_allowed_packet`` is in bytes. Reading raises :class:`ConnectionClosed` at the end of the
    stream and :class:`~athena_g.errors.SqlError` (1153, 1156) for what breaks the protocol.
    """

    secure = False
    """Whether the bytes travel encrypted."""

    def __init__(self, max_allowed_packet: int) -> None:
        self.max_allowed_packet = max_allowed_packet
        self._deframer = Deframer(max_allowed_packet)
        self._buffered = False
        self._out: list[bytes] = []
        self._out_size = 0

    # -- carried bytes: what subclasses provide ------------------------------------------------

    def recv(self) -> bytes:
        """The next bytes, at least one, waiting for them; ``b""`` at the end of the stream."""
        raise NotImplementedError

    def send(self, data: bytes) -> None:
        """Send all of ``data``, waiting while the other side does not take it."""
        raise NotImplementedError

    def shutdown(self) -> None:
        """End the conversation from any greenlet: whoever waits on the stream sees it closed."""
        raise NotImplementedError

    def shutdown_write(self) -> None:
        """Tell the other side that nothing more comes; reading goes on."""
        raise NotImplementedError

    def close(self) -> None:
        """Give back the socket. Closing twice is harmless."""
        raise NotImplementedError

    @property
    def stale(self) -> bool:
        """Whether bytes or the end came while nobody waited for them."""
        raise NotImplementedError

    def recv_at_most(self, size: int) -> bytes:
        """Like :meth:`recv`, no more than ``size`` bytes where the rest may not be read yet."""
        return self.recv()

    # -- packets ---------------------------------------------------------------------------------

    @property
    def sequence_id(self) -> int:
        """The sequence id of the next packet, in either direction."""
        return self._deframer.sequence_id

    @sequence_id.setter
    def sequence_id(self, value: int) -> None:
        self._deframer.sequence_id = value

    def allow_packets(self, max_allowed_packet: int) -> None:
        """Change the largest payload that is read, in bytes."""
        self.max_allowed_packet = max_allowed_packet
        self._deframer.max_allowed_packet = max_allowed_packet

    def feed(self, data: bytes) -> None:
        """Take ``data`` as read from the connection."""
        if not data:
            raise ConnectionClosed(self)
        self._deframer.feed(data)
        self._buffered = True

    def buffered_packet(self) -> bytes | None:
        """The payload of the next packet if it was read already."""
        return self._deframer.next_payload()

    def read_packet(self) -> bytes:
        """The payload of the next packet, continuations joined."""
        while (payload := self._deframer.next_payload()) is None:
            self.feed(self.recv())
        return payload

    def read_command(self) -> bytes:
        """The next command as it travels: header(s) and payload, starting a new sequence.

        The usual command arrives whole in one read and is returned as it was read.
        """
        deframer = self._deframer
        deframer.sequence_id = 0
        if not self._buffered:
            data = self.recv()
            size = len(data) - 4
            if (
                0 < size <= self.max_allowed_packet
                and data[3] == 0
                and size == data[0] | data[1] << 8 | data[2] << 16
                and size != MAX_PAYLOAD
            ):
                deframer.sequence_id = 1
                return data
            self.feed(data)
        payload = self.read_packet()
        self._buffered = deframer.pending > 0
        return frame(payload, 0)

    def write_packet(self, payload: bytes) -> None:
        """Queue one packet; what is queued is sent at 64 KiB or by :meth:`flush`."""
        deframer = self._deframer
        data = frame(payload, deframer.sequence_id)
        deframer.sequence_id = (deframer.sequence_id + frames_used(len(payload))) & 0xFF
        self._out.append(data)
        self._out_size += len(data)
        if self._out_size >= FLUSH_AT:
            self.flush()

    def write_error(self, error: SqlError) -> None:
        """Queue ``error`` as an ERR packet."""
        self.write_packet(encode_error(error))

    def flush(self) -> None:
        """Send what is queued."""
        if self._out:
            data = b"".join(self._out) if len(self._out) > 1 else self._out[0]
            self._out.clear()
            self._out_size = 0
            self.send(data)

    def take_unread(self) -> bytes:
        """The bytes read from the connection and not yet returned as packets."""
        return self._deframer.take_all()


class SocketStream(PacketStream):
    """A stream over a plain TCP or UNIX socket.

    Takes over ``fd``, the file descriptor of a connected socket.
    """

    stale = False

    def __init__(self, fd: int, max_allowed_packet: int) -> None:
        super().__init__(max_allowed_packet)
        self._sock = _socket.socket(fileno=fd)
        self._sock.settimeout(0)
        self._sock_recv = self._sock.recv
        self._sock_send = self._sock.send
        self._hub = get_hub()
        # Not Hub.switch: that asks each greenlet for a switch_out method, which none has here.
        self._switch_to_hub = greenlet.switch.__get__(self._hub)
        self._read_watcher: Any = self._hub.loop.io(fd, _READ)
        self._read_started = False
        self._reader: Any = None
        self._writer: tuple[Any, Any] | None = None
        self._read_size = READ_SIZE
        self._closed = False
        self._start_reading()

    def recv(self) -> bytes:
        while True:
            self._reader = getcurrent()
            if not self._read_started:
                self._start_reading()
            try:
                self._switch_to_hub()
            except BaseException:  # also a TimeoutError thrown in here, which is an OSError
                self._reader = None
                raise
            try:
                data = self._sock_recv(self._read_size)
            except BlockingIOError:
                continue
            except OSError as error:
                raise ConnectionClosed(self, str(error)) from None
            return data

    def _start_reading(self) -> None:
        if self._closed:
            self._reader = None
            raise ConnectionClosed(self)
        self._read_watcher.start(self._on_readable)
        self._read_started = True
        self.stale = False

    def _on_readable(self) -> None:
        """Called by the hub: switch to the reader, or remember that there was none."""
        reader = self._reader
        if reader is not None:
            self._reader = None
            reader.switch()
        else:
            self.stale = True
            self._read_watcher.stop()
            self._read_started = False

    def _on_closed(self) -> None:
        """Called by the hub: let the reader, if there still is one, find the stream closed."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.switch()

    def recv_at_most(self, size: int) -> bytes:
        self._read_size = size
        try:
            return self.recv()
        finally:
            self._read_size = READ_SIZE

    def send(self, data: bytes) -> None:
        try:
            sent = self._sock_send(data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise ConnectionClosed(self, str(error)) from None
        if sent != len(data):
            self._send_rest(data, sent)

    def _send_rest(self, data: bytes, sent: int) -> None:
        view = memoryview(data)
        watcher = self._hub.loop.io(self._sock.fileno(), _WRITE)
        try:
            while sent < len(data):
                self._wait_writable(watcher)
                try:
                    sent += self._sock.send(view[sent:])
                except BlockingIOError:
                    continue
                except OSError as error:
                    raise ConnectionClosed(self, str(error)) from None
        finally:
            watcher.stop()
            watcher.close()

    def _wait_writable(self, watcher: Any) -> None:
        waiter = Waiter(self._hub)
        self._writer = watcher, waiter
        watcher.start(waiter.switch, None)
        try:
            waiter.get()
        finally:
            watcher.stop()
            self._writer = None

    def shutdown(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def shutdown_write(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_WR)

    def detach(self) -> int:
        """The file descriptor, no longer this stream's."""
        self._stop_watching()
        return int(self._sock.detach())

    def close(self) -> None:
        if not self._closed:
            self._stop_watching()
            self._sock.close()

    def _stop_watching(self) -> None:
        self._closed = True
        self._read_watcher.stop()
        self._read_watcher.close()
        self._read_started = False
        if self._reader is not None:
            self._hub.loop.run_callback(self._on_closed)
        if self._writer is not None:
            watcher, waiter = self._writer
            watcher.stop()  # while the descriptor is still ours
            self._hub.loop.run_callback(waiter.switch, None)


class TlsStream(PacketStream):
    """A stream over a TLS connection; ``sock`` is a :class:`gevent.ssl.SSLSocket` or like one.

    It waits the way gevent's sockets do: with TLS the cipher, not the waiting, is what costs.
    """

    secure = True

    def __init__(self, sock: Any, max_allowed_packet: int) -> None:
        super().__init__(max_allowed_packet)
        self._sock = sock

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
            self._sock.do_handshake()
        except (OSError, ValueError) as error:
            raise ConnectionClosed(self, f"TLS handshake: {error}") from None

    def recv(self) -> bytes:
        try:
            data: bytes = self._sock.recv(READ_SIZE)
        except (OSError, ValueError) as error:
            raise ConnectionClosed(self, str(error)) from None
        return data

    def send(self, data: bytes) -> None:
        try:
            self._sock.sendall(data)
        except (OSError, ValueError) as error:
            raise ConnectionClosed(self, str(error)) from None

    @property
    def stale(self) -> bool:
        if self._sock.pending():
            return True
        poll = _real_poll()
        poll.register(self._sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def shutdown(self) -> None:
        with contextlib.suppress(OSError):
            gevent_socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def shutdown_write(self) -> None:
        with contextlib.suppress(OSError):
            gevent_socket.socket.shutdown(self._sock, socket.SHUT_WR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.close()


def _real_poll() -> Any:
    """A poll object of the operating system, also where gevent patched :mod:`select`."""
    from gevent.monkey import get_original

    return get_original("select", "poll")()
