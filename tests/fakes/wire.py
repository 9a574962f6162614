"""Packets over a gevent socket for the fakes: none of the proxy's own streams is used."""

from __future__ import annotations

import struct
from typing import Any, ClassVar

from gevent import socket

from athena_g.protocol.framing import Deframer, frame, frames_used

LARGEST = 1 << 30


class Gone(Exception):
    """The other side closed or reset the connection."""


class Wire:
    """One end of a connection; ``sent`` and ``received`` count the bytes that passed."""

    open: ClassVar[set[Wire]] = set()
    """Those not closed, so that what a test leaves open can be closed after it."""

    def __init__(self, sock: Any) -> None:
        Wire.open.add(self)
        self.sock = sock
        self.sent = 0
        self.received = 0
        self.deframer = Deframer(LARGEST)

    @classmethod
    def dial(cls, address: tuple[str, int], *, receive_buffer: int | None = None) -> Wire:
        wire = cls(socket.socket())
        if receive_buffer is not None:
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        wire.sock.connect(address)
        wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                count = self.sock.send(view)
                self.sent += count
                view = view[count:]
        except OSError as error:
            raise Gone(str(error)) from None

    def send_packet(self, payload: bytes) -> None:
        """Send with the sequence id that is due."""
        sequence_id = self.deframer.sequence_id
        self.deframer.sequence_id = (sequence_id + frames_used(len(payload))) & 0xFF
        self.send(frame(payload, sequence_id))

    def start_command(self, payload: bytes) -> None:
        """Send as the first packet of a new sequence."""
        self.deframer.sequence_id = 0
        self.send_packet(payload)

    def read_some(self) -> bytes:
        try:
            data: bytes = self.sock.recv(1 << 16)
        except OSError as error:
            raise Gone(str(error)) from None
        self.received += len(data)
        return data

    def read_packet(self) -> bytes:
        """The next payload; SqlError when its sequence id is not the one due."""
        while (payload := self.deframer.next_payload()) is None:
            data = self.read_some()
            if not data:
                raise Gone("closed")
            self.deframer.feed(data)
        return payload

    def read_to_end(self) -> bytes:
        """Everything up to the end of the connection, however it comes."""
        parts = [self.deframer.take_all()]
        try:
            while data := self.read_some():
                parts.append(data)
        except Gone:
            pass
        return b"".join(parts)

    def end_writing(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        Wire.open.discard(self)
        self.sock.close()

    def reset(self) -> None:
        """Close so that the other side gets a TCP reset."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.close()
