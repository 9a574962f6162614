"""Hash functions of shard keys, and the bytes of a key that they are given."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Final
from zlib import crc32

from athena_g.router.key_types import Canonical

_MASK: Final = 2**64 - 1
_FNV_OFFSET: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3
_INTEGER, _STRING = (0).to_bytes(8, "little"), (1).to_bytes(8, "little")


def text_of(value: Canonical, codec: str) -> bytes:
    """A canonical value as MySQL writes it, a decimal without zeros at its end."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, Decimal):
        return format(value, "f").encode("ascii")
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ").encode("ascii")
    return str(value).encode(codec)


def crc32_of(value: Canonical, codec: str) -> int:
    """What MySQL's ``CRC32()`` gives."""
    return crc32(text_of(value, codec))


def fnv1a_of(value: Canonical, codec: str) -> int:
    """FNV-1a of 64 bits, as Fowler, Noll and Vo define it, of the text."""
    hashed = _FNV_OFFSET
    for byte in text_of(value, codec):
        hashed = (hashed ^ byte) * _FNV_PRIME & _MASK
    return hashed


def siphash13_of(value: Canonical, codec: str) -> int:
    """SipHash-1-3 with a key of zeros, of an integer or a text as Rust hashes athena-rs' keys.

    That is a tag of 8 bytes (0, 1), then 8 bytes in two's complement or the text in UTF-8 and FF.
    """
    if isinstance(value, int):
        return siphash13(_INTEGER + (value & _MASK).to_bytes(8, "little"))
    text = value.encode("utf-8") if isinstance(value, str) else text_of(value, codec)
    return siphash13(_STRING + text + b"\xff")


def siphash13(data: bytes) -> int:
    """SipHash of ``data`` with the key 0, one round for each word and three at the end."""
    state = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    whole = len(data) - len(data) % 8
    last = (len(data) & 0xFF) << 56 | int.from_bytes(data[whole:], "little")
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, whole, 8)]
    for word in (*words, last):
        a, b, c, d = state
        a, b, c, d = _round(a, b, c, d ^ word)
        state = a ^ word, b, c, d
    a, b, c, d = state
    c ^= 0xFF
    for _ in range(3):
        a, b, c, d = _round(a, b, c, d)
    return a ^ b ^ c ^ d


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a = (a + b) & _MASK
    b = _rotated(b, 13) ^ a
    a = _rotated(a, 32)
    c = (c + d) & _MASK
    d = _rotated(d, 16) ^ c
    a = (a + d) & _MASK
    d = _rotated(d, 21) ^ a
    c = (c + b) & _MASK
    b = _rotated(b, 17) ^ c
    return a, b, _rotated(c, 32), d


def _rotated(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _MASK


HASHES: Final[dict[str, Callable[[Canonical, str], int]]] = {
    "crc32": crc32_of,
    "fnv1a": fnv1a_of,
    "siphash13": siphash13_of,
}
