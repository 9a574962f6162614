"""Packets out of a stream of bytes, and payloads into packets.

A packet is a 3-byte length, a 1-byte sequence id and the payload; a payload of 0xFFFFFF bytes or
more goes on in the next packet, and one whose length is a multiple of 0xFFFFFF ends with an empty
packet. Source: dev.mysql.com, MySQL Source Code Documentation, "Protocol Basics: MySQL Packets".
"""

from __future__ import annotations

from athena_g import errors
from athena_g.protocol.constants import MAX_PAYLOAD

_COMPACT_AT = 1 << 16
_END, _LONGEST_END = 0xFE, 9
"""An EOF begins with this and is shorter than that; an ERR begins with the next byte."""


def frames_used(length: int) -> int:
    """How many packets a payload of ``length`` bytes takes, the empty trailer included."""
    return length // MAX_PAYLOAD + 1


def frames_in(command: bytes) -> int:
    """How many packets a framed payload is."""
    return len(command) // (MAX_PAYLOAD + 4) + 1


def frame(payload: bytes, sequence_id: int) -> bytes:
    """The packets that carry ``payload``; the first has ``sequence_id``, which wraps at 256."""
    length = len(payload)
    if length < MAX_PAYLOAD:
        return (length | (sequence_id & 0xFF) << 24).to_bytes(4, "little") + payload
    parts: list[bytes] = []
    for start in range(0, length + 1, MAX_PAYLOAD):
        part = payload[start : start + MAX_PAYLOAD]
        parts.append((len(part) | (sequence_id & 0xFF) << 24).to_bytes(4, "little"))
        parts.append(part)
        sequence_id += 1
    return b"".join(parts)


class Deframer:
    """Payloads out of the bytes one peer sent.

    ``sequence_id`` is the id due next; the owner sets it to 0 where a new command begins. After
    an error it is the id with which the peer can be answered. ``max_allowed_packet`` is the most
    bytes a payload may have, all its packets together.
    """

    __slots__ = (
        "_announced",
        "_buffer",
        "_fragments",
        "_length",
        "_position",
        "max_allowed_packet",
        "sequence_id",
    )

    def __init__(self, max_allowed_packet: int) -> None:
        self.max_allowed_packet = max_allowed_packet
        self.sequence_id = 0
        # What was fed last as it is, when nothing was left of earlier data; else a bytearray.
        self._buffer: bytes | bytearray = b""
        self._position = 0
        self._length = -1  # of the packet at the position, -1 when its header was not looked at
        self._announced = 0  # bytes of the payload being assembled, by the headers seen
        self._fragments: list[bytes] = []

    @property
    def pending(self) -> int:
        """How many bytes are held that no returned payload contains."""
        held = len(self._buffer) - self._position
        return held + sum(map(len, self._fragments)) if self._fragments else held

    def feed(self, data: bytes) -> None:
        """Adds bytes as they came from the peer."""
        buffer = self._buffer
        position = self._position
        if position == len(buffer):
            self._buffer = data
            self._position = 0
            return
        if isinstance(buffer, bytes):
            self._buffer = buffer = bytearray(memoryview(buffer)[position:])
            self._position = 0
        elif position >= _COMPACT_AT:
            del buffer[:position]
            self._position = 0
        buffer += data

    def next_payload(self) -> bytes | None:
        """The next whole payload, None when more bytes are needed.

        Raises PACKETS_OUT_OF_ORDER for a wrong sequence id and PACKET_TOO_LARGE as soon as a
        header announces too much.
        """
        while True:
            length = self._length
            if length < 0:
                if len(self._buffer) - self._position < 4:
                    return None
                length = self._read_header()
            part = self._take(length)
            if part is None:
                return None
            self._length = -1
            if length < MAX_PAYLOAD:
                return self._finish(part)
            self._fragments.append(part)

    def next_payloads(self) -> list[bytes]:
        """The whole payloads that are there, in one go: rows, with the end of the rows at most.

        Empty when there is none, and where :meth:`next_payload` has to see to it: in the middle of
        a packet, or where something is wrong with the next one.
        """
        found: list[bytes] = []
        if self._length >= 0 or self._fragments:
            return found
        buffer = self._buffer
        position = self._position
        if not isinstance(buffer, bytes):
            with memoryview(buffer) as view:
                self._buffer = buffer = bytes(view[position:])
            position = 0
        size, sequence_id, most = len(buffer), self.sequence_id, self.max_allowed_packet
        while position + 4 < size:
            length = buffer[position] | buffer[position + 1] << 8 | buffer[position + 2] << 16
            start = position + 4
            end = start + length
            if end > size or buffer[position + 3] != sequence_id:
                break
            if length == MAX_PAYLOAD or length > most or not length:
                break
            found.append(buffer[start:end])
            position = end
            sequence_id = (sequence_id + 1) & 0xFF
            first = buffer[start]
            if first >= _END and (first > _END or length < _LONGEST_END):
                break
        self._position = position
        self.sequence_id = sequence_id
        return found

    def _read_header(self) -> int:
        start = self._position
        header = int.from_bytes(self._buffer[start : start + 4], "little")
        length = header & MAX_PAYLOAD
        expected = self.sequence_id
        self.sequence_id = ((header >> 24) + 1) & 0xFF
        if header >> 24 != expected:
            raise errors.PACKETS_OUT_OF_ORDER(got=header >> 24, expected=expected)
        self._announced += length
        if self._announced > self.max_allowed_packet:
            raise errors.PACKET_TOO_LARGE(limit=self.max_allowed_packet)
        self._length = length
        return length

    def _take(self, length: int) -> bytes | None:
        buffer = self._buffer
        start = self._position + 4
        end = start + length
        if len(buffer) < end:
            return None
        self._position = end
        if isinstance(buffer, bytes):
            return buffer[start:end]
        with memoryview(buffer) as view:
            return bytes(view[start:end])

    def _finish(self, part: bytes) -> bytes:
        self._announced = 0
        if not self._fragments:
            return part
        self._fragments.append(part)
        payload = b"".join(self._fragments)
        self._fragments.clear()
        return payload

    def take_all(self) -> bytes:
        """The bytes fed and not yet read as packets, which are then forgotten.

        For the switch to TLS: what follows an SSLRequest in the same read belongs to TLS.
        """
        data = bytes(self._buffer[self._position :])
        self._buffer = b""
        self._position = 0
        self._length = -1
        self._announced = 0
        return data
