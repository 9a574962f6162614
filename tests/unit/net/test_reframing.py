"""Commands framed anew, byte for byte, whatever packets and pieces they come in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_g.net import reframing
from athena_g.net.reframing import Reframing
from athena_g.protocol.constants import MAX_PAYLOAD
from athena_g.protocol.framing import frame, frames_used

from .conftest import Pair

SMALL = 7
PING = frame(b"\x0e", 0)


@pytest.fixture
def small_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets that continue from 7 bytes on."""
    monkeypatch.setattr(reframing, "MAX_PAYLOAD", SMALL)


def frames(payload: bytes) -> bytes:
    """The small packets of a payload."""
    ids, parts = count(), []
    for start in range(0, len(payload) + 1, SMALL):
        part = payload[start : start + SMALL]
        parts.append(len(part).to_bytes(3, "little") + bytes((next(ids) & 0xFF,)) + part)
    return b"".join(parts)


def pieces(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


@pytest.mark.usefixtures("small_packets")
@pytest.mark.parametrize("grown", [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL])
@pytest.mark.parametrize("size", range(3, 4 * SMALL))
def test_a_payload_of_every_size_is_framed_as_if_it_had_come_so(size: int, grown: int) -> None:
    payload = bytes(range(size))
    anew = Reframing(frames(payload)[:8], 1, 3, b"x" * (2 + grown))
    got = anew.take(b"") + anew.take(frames(payload)[8:])
    expected = frames(payload[:1] + b"x" * (2 + grown) + payload[3:])
    assert got == expected
    assert anew.sequence_id == (size + grown) // SMALL + 1


@pytest.mark.usefixtures("small_packets")
def test_every_split_gives_the_same_bytes() -> None:
    @settings(max_examples=500, deadline=None)
    @given(
        st.binary(min_size=4, max_size=60),
        st.binary(min_size=1, max_size=20),
        st.lists(st.integers(0, 9), max_size=40),
        st.integers(8, 70),
    )
    def check(payload: bytes, data: bytes, sizes: list[int], beginning: int) -> None:
        travelling = frames(payload)
        anew = Reframing(travelling[:beginning], 3, 4, data)
        got = anew.take(b"")
        for piece in pieces(travelling[beginning:], sizes):
            got += anew.take(piece)
        assert got == frames(payload[:3] + data + payload[4:])

    check()


@pytest.mark.usefixtures("small_packets")
def test_no_more_is_held_than_the_command_grew_by() -> None:
    travelling = frames(bytes(1000))
    anew = Reframing(travelling[:11], 2, 3, b"abcd")
    come, gone = 11, len(anew.take(b""))
    for position in range(11, len(travelling)):
        gone += len(anew.take(travelling[position : position + 1]))
        come += 1
        assert come - gone <= 3 + 4  # what it grew by, and a header
    assert gone == len(frames(bytes(1003)))


def test_sequence_ids_begin_again_after_255(small_packets: None) -> None:
    payload = bytes(300 * SMALL)
    anew = Reframing(frames(payload), 0, 1, b"ab")
    assert anew.take(b"") == frames(b"ab" + payload[1:])
    assert anew.sequence_id == 301 & 0xFF


@pytest.mark.parametrize(
    "size", [100, 2 << 20, MAX_PAYLOAD - 5, MAX_PAYLOAD - 4, MAX_PAYLOAD, 2 * MAX_PAYLOAD - 4]
)
def test_a_stream_gives_its_command_with_other_bytes(pair: Pair, size: int) -> None:
    left, right = pair
    payload = b"\x17" + b"y" * (size - 1)
    sending = gevent.spawn(left.send, frame(payload, 0) + PING)
    parts = [right.replace(right.read_command(), 1, 2, b"12345")]
    while right.continues:
        parts.append(right.read_more())
    assert b"".join(parts) == frame(b"\x1712345" + payload[2:], 0)
    assert right.sequence_id == frames_used(size)
    assert right.packets_added == frames_used(size + 4) - frames_used(size)
    assert right.read_command() == PING
    sending.get()
