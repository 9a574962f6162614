"""The protocol's basic types: little-endian integers, length-encoded integers and strings.

Source: dev.mysql.com, MySQL Source Code Documentation, "Protocol Basics: Basic Data Types"
(``Protocol::FixedLengthInteger``, ``Protocol::LengthEncodedInteger``, ``Protocol::*String``).
"""

from __future__ import annotations

import struct
from typing import Final

from athena_g import errors

NULL_CELL: Final = b"\xfb"
"""What stands for NULL in a text row, where otherwise a length would."""

_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_SINGLE_BYTES: Final = tuple(bytes((n,)) for n in range(251))


def lenenc_int(n: int) -> bytes:
    """The length-encoded form of ``n`` (0 to 2**64-1) in 1, 3, 4 or 9 bytes."""
    if n < 0:
        raise ValueError(f"{n} is negative")
    if n < 251:
        return _SINGLE_BYTES[n]
    if n < 0x10000:
        return b"\xfc" + _U16.pack(n)
    if n < 0x1000000:
        return b"\xfd" + n.to_bytes(3, "little")
    return b"\xfe" + n.to_bytes(8, "little")


def lenenc_bytes(value: bytes) -> bytes:
    """``value`` with its length-encoded length in front."""
    return lenenc_int(len(value)) + value


def lenenc_int_at(buffer: bytes, position: int) -> tuple[int, int]:
    """The length-encoded integer at ``position`` and the position behind it.

    Raises MALFORMED_PACKET when the bytes end early or no integer starts with that byte.
    """
    try:
        first = buffer[position]
        if first < 251:
            return first, position + 1
        if first == 0xFC:
            return buffer[position + 1] | buffer[position + 2] << 8, position + 3
    except IndexError:
        raise _past_end() from None
    return _wide_lenenc_int_at(buffer, position, first)


def _wide_lenenc_int_at(buffer: bytes, position: int, first: int) -> tuple[int, int]:
    if first == 0xFD:
        end = position + 4
    elif first == 0xFE:
        end = position + 9
    else:
        raise errors.MALFORMED_PACKET(reason=f"no length-encoded integer starts with {first:#04x}")
    if end > len(buffer):
        raise _past_end()
    return int.from_bytes(buffer[position + 1 : end], "little"), end


def lenenc_bytes_at(buffer: bytes, position: int) -> tuple[bytes, int]:
    """The length-encoded string at ``position`` and the position behind it."""
    length, start = lenenc_int_at(buffer, position)
    end = start + length
    if end > len(buffer):
        raise _past_end()
    return buffer[start:end], end


def nullable_cell_at(buffer: bytes, position: int) -> tuple[bytes | None, int]:
    """The cell of a text row at ``position``, None for NULL (0xFB), and the position behind it."""
    if buffer[position : position + 1] == NULL_CELL:
        return None, position + 1
    return lenenc_bytes_at(buffer, position)


def _past_end() -> errors.SqlError:
    return errors.MALFORMED_PACKET(reason="the packet ends within a field")


class PayloadReader:
    """A cursor over one payload; reading past its end raises MALFORMED_PACKET."""

    __slots__ = ("_position", "_size", "payload")

    def __init__(self, payload: bytes, position: int = 0) -> None:
        self.payload = payload
        self._position = position
        self._size = len(payload)

    @property
    def position(self) -> int:
        """How many bytes were read."""
        return self._position

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return self._size - self._position

    @property
    def at_end(self) -> bool:
        """True when no byte is left."""
        return self._position >= self._size

    def take(self, n: int) -> bytes:
        """The next ``n`` bytes."""
        start = self._position
        end = start + n
        if n < 0 or end > self._size:
            raise _past_end()
        self._position = end
        return self.payload[start:end]

    def rest(self) -> bytes:
        """All bytes that are left, perhaps none."""
        return self.take(self.remaining)

    def u8(self) -> int:
        """An unsigned integer of 1 byte."""
        return self.take(1)[0]

    def u16(self) -> int:
        """An unsigned integer of 2 bytes."""
        return int.from_bytes(self.take(2), "little")

    def u24(self) -> int:
        """An unsigned integer of 3 bytes."""
        return int.from_bytes(self.take(3), "little")

    def u32(self) -> int:
        """An unsigned integer of 4 bytes."""
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        """An unsigned integer of 8 bytes."""
        return int.from_bytes(self.take(8), "little")

    def lenenc_int(self) -> int:
        """A length-encoded integer."""
        value, self._position = lenenc_int_at(self.payload, self._position)
        return value

    def lenenc_bytes(self) -> bytes:
        """A length-encoded string."""
        value, self._position = lenenc_bytes_at(self.payload, self._position)
        return value

    def null_terminated(self) -> bytes:
        """The bytes up to the next NUL, which is consumed and not part of them."""
        end = self.payload.find(b"\0", self._position)
        if end < 0:
            raise errors.MALFORMED_PACKET(reason="a string has no terminating NUL")
        value = self.payload[self._position : end]
        self._position = end + 1
        return value
