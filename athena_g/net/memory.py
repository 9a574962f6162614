"""The in-memory twin of a connection: two streams, each reading what the other sends.

It is bounded like a socket: a sender waits while the other side has :data:`CAPACITY` bytes
unread. Tests put a real server or session on one end, without sockets and without mocks.
"""

from __future__ import annotations

from collections import deque

from gevent.event import Event

from athena_g.net.stream import ConnectionClosed, PacketStream

CAPACITY = 256 * 1024


class _Pipe:
    """One direction: chunks in order, and whether the end was declared."""

    def __init__(self) -> None:
        self.chunks: deque[bytes] = deque()
        self.size = 0
        self.closed = False
        self.changed = Event()

    def wait(self) -> None:
        self.changed.clear()
        self.changed.wait()


class MemoryStream(PacketStream):
    """One end of :func:`memory_pair`."""

    def __init__(self, incoming: _Pipe, outgoing: _Pipe, max_allowed_packet: int) -> None:
        super().__init__(max_allowed_packet)
        self._in = incoming
        self._outgoing = outgoing

    def recv(self) -> bytes:
        pipe = self._in
        while not pipe.chunks:
            if pipe.closed:
                return b""
            pipe.wait()
        data = pipe.chunks.popleft()
        pipe.size -= len(data)
        pipe.changed.set()
        return data

    def send(self, data: bytes) -> None:
        pipe = self._outgoing
        while pipe.size >= CAPACITY and not pipe.closed:
            pipe.wait()
        if pipe.closed:
            raise ConnectionClosed(self, "closed by the other side")
        pipe.chunks.append(data)
        pipe.size += len(data)
        pipe.changed.set()

    @property
    def stale(self) -> bool:
        return bool(self._in.chunks) or self._in.closed

    def shutdown(self) -> None:
        for pipe in (self._in, self._outgoing):
            pipe.closed = True
            pipe.changed.set()

    def shutdown_write(self) -> None:
        self._outgoing.closed = True
        self._outgoing.changed.set()

    def close(self) -> None:
        self.shutdown()


def memory_pair(max_allowed_packet: int = 1 << 26) -> tuple[MemoryStream, MemoryStream]:
    """Two connected streams; closing either ends both, after what was sent has been read."""
    there, back = _Pipe(), _Pipe()
    return (
        MemoryStream(there, back, max_allowed_packet),
        MemoryStream(back, there, max_allowed_packet),
    )
