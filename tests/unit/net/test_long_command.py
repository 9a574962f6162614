"""Commands too long to be held: their beginning, their rest, and what comes after them."""

from __future__ import annotations

from collections.abc import Iterator

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.net import long_command
from athena_g.net.long_command import LongCommand
from athena_g.net.memory import memory_pair
from athena_g.net.packets import BEGINNING, STREAM_AT
from athena_g.net.stream import ConnectionClosed, PacketStream
from athena_g.protocol.constants import MAX_PAYLOAD
from athena_g.protocol.framing import frame, frames_used
from tests.unit.net.conftest import Pair

PING = frame(b"\x0e", 0)
LARGEST_BEGINNING = 11 << 17  # 1.1 MiB and a little


def query(size: int) -> bytes:
    """A command with ``size`` bytes of payload that repeat nowhere near."""
    pattern = b"".join(number.to_bytes(4, "big") for number in range(1 << 16))
    return frame((b"\x03" + pattern * (size // len(pattern) + 1))[:size], 0)


def read_whole(stream: PacketStream) -> bytes:
    parts = [stream.read_command()]
    while stream.continues:
        parts.append(stream.read_more())
    assert stream.read_more() == b""
    return b"".join(parts)


@pytest.mark.parametrize("size", [BEGINNING, BEGINNING + 1, STREAM_AT - 1, STREAM_AT])
def test_a_command_of_up_to_a_megabyte_is_read_whole(pair: Pair, size: int) -> None:
    left, right = pair
    command = query(size)
    sending = gevent.spawn(left.send, command)
    assert right.read_command() == command
    assert (right.continues, right.sequence_id) == (False, 1)
    sending.get()


def test_of_a_longer_command_the_beginning_is_read_first(pair: Pair) -> None:
    left, right = pair
    command = query(5 << 20)
    sending = gevent.spawn(left.send, command)
    beginning = right.read_command()
    assert command.startswith(beginning)
    assert BEGINNING <= len(beginning) <= LARGEST_BEGINNING
    assert right.continues
    right.skip_rest()
    sending.get()


@pytest.mark.parametrize(
    "size",
    [STREAM_AT + 1, MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 1, 2 * MAX_PAYLOAD],
)
def test_a_long_command_comes_as_it_was_sent_and_nothing_of_the_next(pair: Pair, size: int) -> None:
    left, right = pair
    command = query(size)
    sending = gevent.spawn(left.send, command + PING + PING)
    assert read_whole(right) == command
    assert right.sequence_id == frames_used(size)
    assert [right.read_command(), right.read_command()] == [PING, PING]
    assert right.sequence_id == 1
    sending.get()


def test_the_rest_can_be_skipped_and_the_command_answered(pair: Pair) -> None:
    left, right = pair
    sending = gevent.spawn(left.send, query(MAX_PAYLOAD + 5))
    right.read_command()
    right.skip_rest()
    sending.get()
    right.write_packet(b"no")
    right.flush()
    left.sequence_id = 2
    assert left.read_packet() == b"no"


def test_an_empty_last_packet_that_comes_late_is_waited_for(pair: Pair) -> None:
    left, right = pair
    command = query(MAX_PAYLOAD)
    sending = gevent.spawn(left.send, command[:-4])
    reading = gevent.spawn(read_whole, right)
    sending.get()
    for byte in command[-4:]:
        gevent.idle()
        assert not reading.ready()
        left.send(bytes((byte,)))
    assert reading.get() == command


def test_a_short_command_behind_a_long_one_in_the_same_read_is_kept() -> None:
    left, right = memory_pair()
    command = query(STREAM_AT + 10)
    writing = gevent.spawn(left.send, command[:-10])
    beginning = right.read_command()
    rest = b""
    while len(beginning) + len(rest) < len(command) - 10:
        rest += right.read_more()
    writing.get()
    left.send(command[-10:] + PING + PING[:2])
    assert beginning + rest + right.read_more() == command
    assert right.read_command() == PING
    left.send(PING[2:])
    assert right.read_command() == PING


def test_a_stream_that_ends_in_the_middle_is_closed(pair: Pair) -> None:
    left, right = pair
    sending = gevent.spawn(left.send, query(5 << 20)[: 2 << 20])
    right.read_command()
    skipping = gevent.spawn(pytest.raises, ConnectionClosed, right.skip_rest)
    sending.get()
    left.shutdown_write()
    assert skipping.get().value.stream is right


def test_the_next_command_is_not_read_from_the_middle_of_a_long_one() -> None:
    left, right = memory_pair()
    sending = gevent.spawn(left.send, query(3 << 20))
    right.read_command()
    with pytest.raises(RuntimeError):
        right.read_command()
    right.skip_rest()
    sending.get()


@pytest.mark.parametrize("ids", [(0, 2), (0, 0), (1, 2)])
def test_a_sequence_id_out_of_order_is_refused(ids: tuple[int, int]) -> None:
    left, right = memory_pair(1 << 26)
    head = b"".join((*[b"\xff\xff\xff", bytes(ids[:1]), bytes(MAX_PAYLOAD)], b"\1\0\0"))
    sending = gevent.spawn(left.send, head + bytes(ids[1:]) + b"x")
    with pytest.raises(SqlError) as caught:
        read_whole(right)
    assert caught.value.errno == 1156
    wrong = ids[0] or ids[1]
    assert right.sequence_id == wrong + 1
    sending.kill()


def test_too_much_is_refused_when_a_header_announces_it() -> None:
    left, right = memory_pair(MAX_PAYLOAD + 10)
    sending = gevent.spawn(left.send, frame(bytes(MAX_PAYLOAD + 11), 0)[: MAX_PAYLOAD + 8])
    with pytest.raises(SqlError) as caught:
        read_whole(right)
    assert (caught.value.errno, right.sequence_id) == (1153, 2)
    sending.get()


def test_as_much_as_is_allowed_passes() -> None:
    left, right = memory_pair(MAX_PAYLOAD + 10)
    command = query(MAX_PAYLOAD + 10)
    sending = gevent.spawn(left.send, command)
    assert read_whole(right) == command
    sending.get()


def test_little_is_held_of_a_command_however_long() -> None:
    """The pieces handed out are all there is: none is larger than a read."""
    left, right = memory_pair(1 << 30)
    sending = gevent.spawn(left.send, query(64 << 20))
    assert len(right.read_command()) <= LARGEST_BEGINNING
    largest = 0
    while right.continues:
        largest = max(largest, len(right.read_more()))
    assert largest <= 64 << 10
    sending.get()


@pytest.fixture
def small_packets(monkeypatch: pytest.MonkeyPatch) -> int:
    """Packets that continue from 7 bytes on."""
    monkeypatch.setattr(long_command, "MAX_PAYLOAD", 7)
    return 7


def frames(payload: bytes, largest: int, ids: Iterator[int]) -> bytes:
    parts = []
    for start in range(0, len(payload) + 1, largest):
        part = payload[start : start + largest]
        parts.append(len(part).to_bytes(3, "little") + bytes((next(ids) & 0xFF,)) + part)
    return b"".join(parts)


def test_every_split_gives_the_same_bytes(small_packets: int) -> None:
    @settings(max_examples=300, deadline=None)
    @given(st.binary(max_size=40), st.lists(st.integers(1, 9), max_size=30), st.booleans())
    def check(payload: bytes, sizes: list[int], numbered: bool) -> None:
        ids = iter(range(1000))
        right = frames(payload, small_packets, ids)
        zeros = frames(payload, small_packets, iter([0] * 1000))
        data = (right if numbered else zeros) + b"behind it"
        command, taken, position = LongCommand(1000, numbered=numbered), b"", 0
        for size in [*sizes, len(data)]:
            taken += command.take(data[position : position + size])
            position += size
        assert (taken, command.finished) == (right, True)
        assert command.sequence_id == next(ids)
        assert command.announced == len(payload)

    check()
