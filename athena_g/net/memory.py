"""The in-memory twin of a connection: two streams, each reading what the other sends.

It is bounded like a socket: a sender waits while the other side has :data:`CAPACITY` bytes
unread. Tests put a real server or session on one end, without sockets and without mocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from gevent import get_hub
from gevent.event import Event

from athena_g.net.packets import READ_SIZE, ConnectionClosed, PacketStream

CAPACITY = 256 * 1024


class _Pipe:
    """One direction: chunks in order, and whether the end was declared."""

    def __init__(self) -> None:
        self.chunks: deque[bytes] = deque()
        self.size = 0
        self.closed = False
        self.on_close: Callable[[], None] | None = None
        self.readable = Event()
        self.writable = Event()
        self.writable.set()

    def put(self, data: bytes) -> None:
        self.chunks.append(data)
        self.size += len(data)
        self.readable.set()
        if self.size >= CAPACITY:
            self.writable.clear()

    def take(self) -> bytes:
        """The first chunk, ``b""`` when there is none."""
        if not self.chunks:
            return b""
        data = self.chunks.popleft()
        self.size -= len(data)
        if not self.chunks and not self.closed:
            self.readable.clear()
        if self.size < CAPACITY:
            self.writable.set()
        return data

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.readable.set()
        self.writable.set()
        if self.on_close is not None:
            self.on_close()


class MemoryStream(PacketStream):
    """One end of :func:`memory_pair`."""

    def __init__(self, incoming: _Pipe, outgoing: _Pipe, max_allowed_packet: int) -> None:
        super().__init__(max_allowed_packet)
        self._in = incoming
        self._outgoing = outgoing
        self._reading = False
        self._closed = False
        incoming.on_close = self.watch

    def recv(self) -> bytes:
        self._reading = True
        try:
            self._in.readable.wait()
        finally:
            self._reading = False
        return self._in.take()

    def send(self, data: bytes) -> None:
        for start in range(0, len(data), READ_SIZE):
            self._wait_writable()
            self._outgoing.put(data[start : start + READ_SIZE])

    def _wait_writable(self) -> None:
        pipe = self._outgoing
        untaken = pipe.size
        while not pipe.writable.wait(self.write_timeout):
            if pipe.size >= untaken:
                raise self._writing_timed_out()
            untaken = pipe.size
        if pipe.closed:
            raise ConnectionClosed(self, "closed by the other side")

    @property
    def stale(self) -> bool:
        return bool(self._in.chunks) or self._in.closed

    def watch(self) -> None:
        if self._in.closed and not self._reading:
            get_hub().loop.run_callback(self._look_for_end)

    def _look_for_end(self) -> None:
        """Called by the hub after the end was declared."""
        if not (self._reading or self._closed or self._in.chunks):
            self._call_on_gone()

    def shutdown(self) -> None:
        self._in.close()
        self._outgoing.close()

    def shutdown_write(self) -> None:
        self._outgoing.close()

    def close(self) -> None:
        self._closed = True
        self.shutdown()


def memory_pair(max_allowed_packet: int = 1 << 26) -> tuple[MemoryStream, MemoryStream]:
    """Two connected streams; closing either ends both, after what was sent has been read."""
    there, back = _Pipe(), _Pipe()
    return (
        MemoryStream(there, back, max_allowed_packet),
        MemoryStream(back, there, max_allowed_packet),
    )
