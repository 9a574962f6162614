"""A command followed through the bytes that carry it, none of which are kept.

Source: dev.mysql.com, MySQL Source Code Documentation, "Protocol Basics: MySQL Packets".
"""

from __future__ import annotations

from athena_g import errors
from athena_g.protocol.constants import MAX_PAYLOAD

_HEADER = 4


class LongCommand:
    """Says which bytes belong to one command, all its packets together.

    ``announced`` is how many payload bytes the headers seen so far stand for, ``sequence_id`` the
    id due next: after the end, or an error, the one with which the client is answered.
    ``numbered`` says that the client's ids must be right; else they are made so.
    """

    __slots__ = (
        "_due",
        "_header",
        "_last",
        "_max_allowed_packet",
        "_numbered",
        "announced",
        "finished",
        "sequence_id",
    )

    def __init__(self, max_allowed_packet: int, *, numbered: bool = True) -> None:
        self.announced = 0
        self.sequence_id = 0
        self.finished = False
        self._max_allowed_packet = max_allowed_packet
        self._numbered = numbered
        self._header = b""  # what came of a header
        self._due = 0  # payload bytes of the packet that are still to come
        self._last = False  # whether the packet is the command's last

    def take(self, data: bytes) -> bytes:
        """The bytes at the beginning of ``data`` that belong to the command.

        Raises PACKETS_OUT_OF_ORDER, and PACKET_TOO_LARGE as soon as a header announces too much.
        """
        position, end = 0, len(data)
        corrected: list[tuple[int, int]] = []
        while position < end and not self.finished:
            if self._due:
                step = min(self._due, end - position)
                self._due -= step
                position += step
            else:
                part = data[position : position + _HEADER - len(self._header)]
                self._header += part
                position += len(part)
                if len(self._header) == _HEADER:
                    due_id = self.sequence_id
                    if self._read_header() != due_id:
                        corrected.append((position - 1, due_id))
            self.finished = self._last and not self._due
        taken = data if position == end else data[:position]
        return _with_bytes(taken, corrected) if corrected else taken

    def _read_header(self) -> int:
        """Take note of a whole header; gives the sequence id in it."""
        length = int.from_bytes(self._header[:3], "little")
        got, expected = self._header[3], self.sequence_id
        self._header = b""
        if got != expected and self._numbered:
            self.sequence_id = (got + 1) & 0xFF
            raise errors.PACKETS_OUT_OF_ORDER(got=got, expected=expected)
        self.sequence_id = (expected + 1) & 0xFF
        self.announced += length
        if self.announced > self._max_allowed_packet:
            raise errors.PACKET_TOO_LARGE(limit=self._max_allowed_packet)
        self._due = length
        self._last = length < MAX_PAYLOAD
        return got


def _with_bytes(data: bytes, values: list[tuple[int, int]]) -> bytes:
    changed = bytearray(data)
    for position, value in values:
        changed[position] = value
    return bytes(changed)
