"""A command some bytes of which were replaced: its packets end elsewhere than those that came.

Source: dev.mysql.com, MySQL Source Code Documentation, "Sending More Than 16Mb".
"""

from __future__ import annotations

from athena_g.protocol.constants import MAX_PAYLOAD

_HEADER = 4


class Reframing:
    """Frames a command anew while it comes, and holds only what cannot be framed yet.

    ``beginning`` are its first bytes as they travel; in its payload ``data`` takes the place of
    the bytes from ``start`` to ``end``, which must have come and be no more than ``data``. What is
    held is never more than the command grew by. ``sequence_id`` is the id due next to whoever gets
    the new packets.
    """

    __slots__ = (
        "_come",
        "_due",
        "_ended",
        "_header",
        "_last",
        "_space",
        "_unframed",
        "sequence_id",
    )

    def __init__(self, beginning: bytes, start: int, end: int, data: bytes) -> None:
        self.sequence_id = 0
        self._header = b""  # what came of a header
        self._due = 0  # payload bytes still to come of the packet that comes
        self._last = False  # whether it is the command's last
        self._come = bytearray()  # payload that came and did not go yet
        self._space = 0  # payload bytes still to go into the packet that goes
        self._ended = False  # whether it is the command's last
        self._unframed = len(data) - (end - start)  # announced payload that no packet has yet
        self._unpack(beginning)
        self._come[start:end] = data

    def take(self, data: bytes) -> bytes:
        """The new packets as far as they can be made with ``data``, the command's next bytes."""
        self._unpack(data)
        parts: list[bytes] = []
        position, end = 0, len(self._come)
        while self._space or self._begin_packet(parts):
            step = min(self._space, end - position)
            parts.append(bytes(self._come[position : position + step]))
            position += step
            self._space -= step
            if self._space:
                break
        del self._come[:position]
        return b"".join(parts)

    def _unpack(self, data: bytes) -> None:
        """Keep the payload in ``data``, and take note of its headers."""
        position, end = 0, len(data)
        while position < end:
            if self._due:
                part = data[position : position + self._due]
                self._come += part
                self._due -= len(part)
            else:
                part = data[position : position + _HEADER - len(self._header)]
                self._header += part
                if len(self._header) == _HEADER:
                    self._due = int.from_bytes(self._header[:3], "little")
                    self._last = self._due < MAX_PAYLOAD
                    self._unframed += self._due
                    self._header = b""
            position += len(part)

    def _begin_packet(self, parts: list[bytes]) -> bool:
        """Add the next packet's header, unless its size depends on what is still to come."""
        size = min(self._unframed, MAX_PAYLOAD)
        if self._ended or not (self._last or size == MAX_PAYLOAD):
            return False
        parts.append(size.to_bytes(3, "little") + bytes((self.sequence_id,)))
        self.sequence_id = (self.sequence_id + 1) & 0xFF
        self._unframed -= size
        self._space = size
        self._ended = size < MAX_PAYLOAD
        return True
