"""One relayed connection: two sockets, and what passes between them packet by packet."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Protocol, TypeVar

from .dialogue import Dialogue, Packet

_T = TypeVar("_T")


class Owner(Protocol):
    """The relay, as its links see it."""

    target: tuple[str, int]

    def opened(self, link: Link) -> None: ...
    def closed(self, link: Link) -> None: ...
    def notify(self) -> None: ...
    def note(self, packet: Packet) -> None: ...
    def strike(self, link: Link, packet: Packet) -> bool: ...
    def run(self, action: Callable[[], _T]) -> _T: ...


class Side(asyncio.Protocol):
    """One of the two sockets of a link."""

    def __init__(self, link: Link, is_server: bool) -> None:
        self._link = link
        self._is_server = is_server
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._reasons: set[str] = set()
        self.ended = False
        """Whether the peer will send no more."""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._reasons:
            transport.pause_reading()
        self._link.connected(self._is_server)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self.take_packets()

    def take_packets(self) -> None:
        """Give the link every packet that is whole, unless it is not to be read now."""
        link, buffer = self._link, self._buffer
        while "held" not in self._reasons and len(buffer) >= 4:
            size = 4 + int.from_bytes(buffer[:3], "little")
            if len(buffer) < size:
                break
            raw = bytes(buffer[:size])
            del buffer[:size]
            link.packet(self._is_server, raw)
        link.other(self._is_server).flush()

    def eof_received(self) -> bool:
        self.ended = True
        self._link.half_closed(self._is_server)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        self.transport = None
        self._link.lost(self._is_server, error)

    def pause_writing(self) -> None:
        self._link.other(self._is_server).pause("slow")

    def resume_writing(self) -> None:
        self._link.other(self._is_server).resume("slow")

    def pause(self, reason: str) -> None:
        """Read no more until there is no reason left."""
        if not self._reasons and self.transport is not None:
            self.transport.pause_reading()
        self._reasons.add(reason)

    def resume(self, reason: str) -> None:
        self._reasons.discard(reason)
        if not self._reasons and self.transport is not None:
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Queue; many small packets are sent at once by :meth:`flush`."""
        self._out.append(data)

    def flush(self) -> None:
        if self._out and self.transport is not None:
            self.transport.write(b"".join(self._out))
        self._out.clear()

    def end_writing(self) -> None:
        self.flush()
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write_eof()

    def close(self) -> None:
        """Close when what was written is sent."""
        self.flush()
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        """Close with a TCP reset."""
        self.flush()
        if self.transport is not None:
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()


class Link:
    """A connection that was accepted, and the one it is relayed to."""

    def __init__(self, relay: Owner) -> None:
        self.relay = relay
        self.silent = self.skipping = False
        self._dialogue = Dialogue()
        self._held: Packet | None = None
        self._near = Side(self, is_server=False)
        self._far = Side(self, is_server=True)
        self._dialling: asyncio.Task[None] | None = None

    def accept(self) -> Side:
        self._near.pause("dialling")
        return self._near

    def connected(self, is_server: bool) -> None:
        if is_server:
            self._near.resume("dialling")
        else:
            self.relay.opened(self)
            self._dialling = asyncio.ensure_future(self._dial())

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self._far, *self.relay.target)
        except OSError:
            self.reset()

    def other(self, is_server: bool) -> Side:
        return self._near if is_server else self._far

    def packet(self, from_server: bool, raw: bytes) -> None:
        """Do what is planned for a packet, or pass it on."""
        if self.silent:
            return
        if self._dialogue.encrypted:
            self.write(from_server, raw)
            return
        packet = self._dialogue.next(from_server, raw)
        self.relay.note(packet)
        if self.skipping and from_server:
            self.skipping = not packet.last
        elif not self.relay.strike(self, packet):
            self.write(from_server, raw)

    def write(self, from_server: bool, data: bytes) -> None:
        self.other(from_server).write(data)

    def hold(self, packet: Packet) -> None:
        self._held = packet
        self.other(not packet.from_server).pause("held")

    def go_on(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            self.write(held.from_server, held.raw)
            side = self.other(not held.from_server)
            side.resume("held")
            side.take_packets()

    def end(self) -> None:
        self.silent = True
        self._near.close()
        self._far.close()

    def reset(self) -> None:
        self.silent = True
        self._near.reset()
        self._far.reset()

    def recover(self) -> None:
        """Go on with what is held; what was swallowed cannot be brought back."""
        if self.silent:
            self.reset()
        else:
            self.go_on()

    @property
    def ended(self) -> bool:
        """Whether one of the sides sends no more."""
        return self._near.ended or self._far.ended

    def half_closed(self, is_server: bool) -> None:
        """Pass on that one side sends no more; when neither does, it is over."""
        asyncio.get_running_loop().call_soon(self.relay.notify)
        if self.silent or (self._near.ended and self._far.ended):
            self.end()
        else:
            self.other(is_server).end_writing()

    def lost(self, is_server: bool, error: Exception | None) -> None:
        """One side is gone: so is the other, and in the same way."""
        other = self.other(is_server)
        if isinstance(error, ConnectionResetError):
            other.reset()
        else:
            other.close()
        if self._near.transport is None and self._far.transport is None:
            if self._dialling is not None:
                self._dialling.cancel()
            # The sockets are closed right behind this call, and whoever waits is to find them so.
            asyncio.get_running_loop().call_soon(self.relay.closed, self)
