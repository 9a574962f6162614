"""The codec of the compressed protocol: packets made, taken apart, and damaged."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.compression import (
    BLOCK,
    HEADER_SIZE,
    LARGEST,
    MIN_COMPRESS_LENGTH,
    CompressedCodec,
    compressed_packet,
)
from athena_g.protocol.constants import MAX_PAYLOAD
from athena_g.protocol.framing import frame

SMALL = frame(b"ok", 1)
TEXT = b"SELECT name FROM person WHERE id = 1 /* and so on, and so on, and so on */"


def unpacked(codec: CompressedCodec) -> bytes:
    """All that can be had without more being fed; no piece of it is large."""
    parts = []
    while part := codec.unpack():
        assert len(part) <= BLOCK
        parts.append(part)
    return b"".join(parts)


def packet(body: bytes, announced: int, sequence_id: int = 0) -> bytes:
    head = len(body).to_bytes(3, "little") + bytes((sequence_id,))
    return head + announced.to_bytes(3, "little") + body


def refusal(data: bytes, codec: CompressedCodec | None = None) -> SqlError:
    codec = codec or CompressedCodec()
    codec.feed(data)
    with pytest.raises(SqlError) as caught:
        unpacked(codec)
    return caught.value


def test_a_packet_has_the_documented_form() -> None:
    data = b"\x2e\0\0\0\x03select " + b"a" * 60
    made = compressed_packet(data, 5)
    assert int.from_bytes(made[:3], "little") == len(made) - HEADER_SIZE
    assert made[3] == 5
    assert int.from_bytes(made[4:7], "little") == len(data)
    assert zlib.decompress(made[7:]) == data


def test_a_short_packet_stays_as_it_is() -> None:
    data = b"a" * (MIN_COMPRESS_LENGTH - 1)
    assert compressed_packet(data, 0) == packet(data, 0)
    assert compressed_packet(data + b"a", 0) != packet(data + b"a", 0)


def test_what_compression_makes_longer_stays_as_it_is() -> None:
    data = random.Random(1).randbytes(1000)
    assert compressed_packet(data, 3) == packet(data, 0, 3)


def test_both_directions_share_one_sequence() -> None:
    codec = CompressedCodec()
    codec.feed(packet(b"command", 0, 0))
    assert unpacked(codec) == b"command"
    assert [codec.pack(SMALL)[3], codec.pack(SMALL)[3]] == [1, 2]
    codec.feed(packet(b"file", 0, 3))
    assert unpacked(codec) == b"file"
    assert codec.pack(SMALL)[3] == 4


def test_the_sequence_starts_anew_with_a_command() -> None:
    codec = CompressedCodec()
    for _ in range(3):
        codec.restart()
        codec.feed(packet(b"command", 0, 0))
        assert unpacked(codec) == b"command"
        assert codec.pack(SMALL)[3] == 1


def test_the_sequence_wraps_at_256() -> None:
    codec = CompressedCodec()
    ids = [codec.pack(SMALL)[3] for _ in range(258)]
    assert ids[254:] == [254, 255, 0, 1]


def test_the_second_command_in_one_packet_does_not_start_the_sequence_anew() -> None:
    codec = CompressedCodec()
    codec.feed(compressed_packet(bytes(3 * BLOCK), 0))
    codec.unpack()
    codec.restart()
    assert len(unpacked(codec)) == 2 * BLOCK
    assert codec.pack(SMALL)[3] == 1


@pytest.mark.parametrize("size", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
def test_a_command_that_fills_the_last_block_leaves_nothing_behind(size: int) -> None:
    """What comes after the last byte of a zlib stream belongs to the packet, too."""
    codec = CompressedCodec()
    made = compressed_packet(bytes(size), 0)
    codec.feed(made[:-2])
    assert len(unpacked(codec)) == size
    codec.restart()
    codec.feed(made[-2:] + packet(b"next", 0, 0))
    assert unpacked(codec) == b"next"


def test_a_packet_of_the_largest_size_comes_in_small_pieces() -> None:
    codec = CompressedCodec()
    codec.feed(compressed_packet(bytes((1 << 24) - 1), 0))
    assert len(unpacked(codec)) == (1 << 24) - 1


def test_empty_packets_carry_nothing() -> None:
    codec = CompressedCodec()
    codec.feed(packet(b"", 0, 0) + packet(b"x", 0, 1))
    assert unpacked(codec) == b"x"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=120) | st.just(TEXT) | st.just(TEXT * 2000), max_size=6),
    st.lists(st.integers(1, 300), max_size=60),
)
def test_every_split_gives_the_same_bytes(payloads: list[bytes], sizes: list[int]) -> None:
    receiver = CompressedCodec()
    data = b"".join(map(compressed_packet, payloads, range(256)))
    got, position = b"", 0
    for size in [*sizes, len(data) + 1]:
        receiver.feed(data[position : position + size])
        got += unpacked(receiver)
        position += size
    assert got == b"".join(payloads)
    assert not receiver.in_packet


def test_byte_by_byte_is_no_different() -> None:
    codec = CompressedCodec()
    got = b""
    data = compressed_packet(TEXT, 0) + packet(b"short", 0, 1)
    for number, byte in enumerate(data):
        codec.feed(bytes((byte,)))
        got += unpacked(codec)
        assert codec.in_packet == (number not in (len(data) - 13, len(data) - 1))
    assert got == TEXT + b"short"


# -- packets to be found whole -----------------------------------------------------------------


def carried(packets: bytes) -> list[bytes]:
    """What each of the compressed packets carries."""
    found = []
    while packets:
        size = int.from_bytes(packets[:3], "little")
        body, packets = packets[7 : 7 + size], packets[:7] + packets[7 + size :]
        found.append(zlib.decompress(body) if any(packets[4:7]) else body)
        packets = packets[7:]
    return found


def test_packets_sent_together_are_carried_together() -> None:
    data = SMALL + frame(TEXT * 10, 2) + SMALL
    assert carried(CompressedCodec().pack(data)) == [data]


def test_a_packet_sent_in_parts_is_carried_in_one() -> None:
    """With those that were sent in front of it: a part is held until the rest has come."""
    codec = CompressedCodec()
    data = SMALL + frame(bytes(400_000), 2)
    parts = [data[start : start + 70_000] for start in range(0, len(data), 70_000)]
    assert [codec.pack(part) for part in parts[:-1]] == [b""] * (len(parts) - 1)
    assert carried(codec.pack(parts[-1])) == [data]
    assert carried(codec.pack(SMALL)) == [SMALL]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=80), min_size=1, max_size=8),
    st.lists(st.integers(1, 90), max_size=40),
)
def test_no_compressed_packet_ends_within_a_packet(payloads: list[bytes], sizes: list[int]) -> None:
    codec = CompressedCodec()
    stream = b"".join(frame(payload, 0) for payload in payloads)
    ends = {0}
    for payload in payloads:
        ends.add(max(ends) + 4 + len(payload))
    total, position = b"", 0
    for size in [*sizes, len(stream) + 1]:
        for piece in carried(codec.pack(stream[position : position + size])):
            total += piece
            assert len(total) in ends
        position += size
    assert total == stream


@pytest.mark.parametrize("compressible", [True, False])
def test_the_largest_packet_is_carried_in_two(compressible: bool) -> None:
    noise = random.Random(3).randbytes(MAX_PAYLOAD - 1)
    data = SMALL + frame(bytes(MAX_PAYLOAD - 1) if compressible else noise, 2)
    packets = CompressedCodec().pack(data)
    pieces = carried(packets)
    assert [len(piece) for piece in pieces] == [LARGEST, len(data) - LARGEST]
    assert b"".join(pieces) == data
    receiver = CompressedCodec()
    receiver.feed(packets)
    assert unpacked(receiver) == data


# -- damaged -----------------------------------------------------------------------------------


def test_a_sequence_id_out_of_order_is_refused() -> None:
    codec = CompressedCodec()
    error = refusal(packet(b"x", 0, 7), codec)
    assert (error.errno, codec.sequence_id) == (1156, 8)


DAMAGED = {
    "no zlib": packet(b"no zlib stream", 100),
    "empty": packet(b"", 100),
    "longer than announced": packet(zlib.compress(bytes(101)), 100),
    "much longer than announced": packet(zlib.compress(bytes(1 << 22)), 100),
    "shorter than announced": packet(zlib.compress(bytes(99)), 100),
    "cut short": packet(zlib.compress(TEXT)[:-1], len(TEXT)),
    "wrong checksum": packet(zlib.compress(TEXT)[:-1] + b"\0", len(TEXT)),
    "followed by something": packet(zlib.compress(TEXT) + b"x", len(TEXT)),
    "twice": packet(zlib.compress(TEXT) * 2, len(TEXT)),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_a_body_that_is_not_what_its_header_says_is_refused(data: bytes) -> None:
    codec = CompressedCodec()
    error = refusal(data, codec)
    assert (error.errno, error.sqlstate, codec.sequence_id) == (1157, "08S01", 1)
    assert error.fatal


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    """A gigabyte in a megabyte, announced as little."""
    deflater = zlib.compressobj(9)
    megabyte = bytes(1 << 20)
    body = b"".join(deflater.compress(megabyte) for _ in range(1 << 10)) + deflater.flush()
    assert len(body) < 1 << 21
    codec = CompressedCodec()
    codec.feed(packet(body, 1000))
    with pytest.raises(SqlError) as caught:
        codec.unpack()
    assert caught.value.errno == 1157


def test_arbitrary_damage_ends_in_bytes_or_a_refusal() -> None:
    chance = random.Random(7)
    for _ in range(3000):
        texts = [TEXT * chance.randrange(5) for _ in range(3)]
        data = bytearray(b"".join(map(compressed_packet, texts, range(256))))
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        codec = CompressedCodec()
        try:
            for start in range(0, len(data), 50):
                codec.feed(bytes(data[start : start + 50]))
                unpacked(codec)
        except SqlError as error:
            assert error.errno in (1156, 1157)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_arbitrary_bytes_end_in_bytes_or_a_refusal(data: bytes) -> None:
    codec = CompressedCodec()
    codec.feed(b"".join((b"\x20\0\0\0", data)))
    try:
        unpacked(codec)
    except SqlError as error:
        assert error.errno in (1156, 1157)
