"""Damaged packets: the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence

from athena_g.errors import SqlError

_TELLING_BYTES = bytes((0x00, 0x01, 0x7F, 0x80, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF))


def mutations(samples: Sequence[bytes], count: int, seed: int) -> Iterator[bytes]:
    """``count`` payloads, each a sample with one to four changes."""
    source = random.Random(seed)
    for _ in range(count):
        payload = bytearray(source.choice(samples))
        for _ in range(source.randint(1, 4)):
            _change(payload, source)
        yield bytes(payload)


def _change(payload: bytearray, source: random.Random) -> None:
    at = source.randint(0, len(payload))
    match source.randrange(5):
        case 0:
            del payload[at:]
        case 1:
            del payload[at : at + source.randint(1, 8)]
        case 2:
            payload[at:at] = source.randbytes(source.randint(1, 8))
        case 3:
            payload[at : at + 1] = bytes((source.choice(_TELLING_BYTES),))
        case _:
            payload[at : at + 1] = source.randbytes(1)


def assert_only_sql_errors(
    read: Callable[[bytes], object], samples: Sequence[bytes], *, count: int = 10_000, seed: int
) -> None:
    """Fails, naming the seed and the packet, when ``read`` raises anything but an SqlError."""
    for payload in mutations(samples, count, seed):
        try:
            read(payload)
        except SqlError:
            pass
        except Exception as error:
            raise AssertionError(f"seed {seed}, payload {payload.hex()}: {error!r}") from error
