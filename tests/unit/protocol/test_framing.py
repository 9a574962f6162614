from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.protocol.framing import Deframer, frame, frames_in, frames_used

FULL = 0xFFFFFF
LIMIT = 64 * 1024 * 1024


def _payloads(deframer: Deframer, data: bytes) -> list[bytes]:
    deframer.feed(data)
    found = []
    while (payload := deframer.next_payload()) is not None:
        found.append(payload)
    return found


def test_a_packet_is_length_id_and_payload() -> None:
    assert frame(b"\x03SELECT 1", 0) == b"\x09\x00\x00\x00\x03SELECT 1"
    assert frame(b"\x01", 0) == b"\x01\x00\x00\x00\x01"  # COM_QUIT of the documentation
    assert frame(b"", 258) == b"\x00\x00\x00\x02"


@pytest.mark.parametrize(
    ("length", "sizes"),
    [
        (FULL - 1, [FULL - 1]),
        (FULL, [FULL, 0]),
        (FULL + 1, [FULL, 1]),
        (2 * FULL, [FULL, FULL, 0]),
    ],
)
def test_a_long_payload_is_split_and_joined_again(length: int, sizes: list[int]) -> None:
    payload = (b"0123456789abcdef" * (length // 16 + 1))[:length]
    packets = frame(payload, 254)
    headers, position = [], 0
    while position < len(packets):
        header = int.from_bytes(packets[position : position + 4], "little")
        headers.append((header & FULL, header >> 24))
        position += 4 + (header & FULL)
    ids = [254, 255, 0]
    assert headers == list(zip(sizes, ids, strict=False))
    assert frames_used(length) == len(sizes)

    deframer = Deframer(LIMIT)
    deframer.sequence_id = 254
    assert _payloads(deframer, packets) == [payload]
    assert deframer.sequence_id == ids[len(sizes) - 1] + 1 & 0xFF
    assert deframer.pending == 0


payloads = st.lists(st.binary(max_size=40), max_size=8)


@given(payloads, st.lists(st.integers(0, 400), max_size=12), st.binary(max_size=3))
def test_payloads_come_out_whatever_the_chunks(
    expected: list[bytes], cuts: list[int], trailing: bytes
) -> None:
    data = b"".join(frame(payload, number) for number, payload in enumerate(expected)) + trailing
    deframer = Deframer(LIMIT)
    found: list[bytes] = []
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in pairwise(edges):
        found += _payloads(deframer, data[start:end])
    assert found == expected
    assert deframer.pending == len(trailing)
    assert deframer.take_all() == trailing


def test_byte_by_byte_nothing_comes_before_the_last_byte() -> None:
    data = frame(b"\x03SELECT 1", 0)
    deframer = Deframer(LIMIT)
    for position in range(len(data) - 1):
        assert _payloads(deframer, data[position : position + 1]) == []
    assert deframer.pending == len(data) - 1
    assert _payloads(deframer, data[-1:]) == [b"\x03SELECT 1"]


def test_fragments_may_come_in_chunks_of_any_size() -> None:
    payload = bytes(range(256)) * (FULL // 128)
    data = frame(payload, 0)
    deframer = Deframer(LIMIT)
    found: list[bytes] = []
    for start in range(0, len(data), 70_001):
        found += _payloads(deframer, data[start : start + 70_001])
    assert found == [payload]


@pytest.mark.parametrize(("due", "got"), [(0, 1), (1, 0), (255, 1)])
def test_a_wrong_sequence_id_is_packets_out_of_order(due: int, got: int) -> None:
    deframer = Deframer(LIMIT)
    deframer.sequence_id = due
    with pytest.raises(SqlError) as caught:
        _payloads(deframer, frame(b"x", got))
    assert caught.value.errno == 1156
    assert deframer.sequence_id == got + 1  # the id with which the peer can be answered


def test_a_continuation_with_a_wrong_id_is_packets_out_of_order() -> None:
    deframer = Deframer(LIMIT)
    data = frame(bytes(FULL), 0)[:-1] + b"\x05"
    with pytest.raises(SqlError) as caught:
        _payloads(deframer, data)
    assert caught.value.errno == 1156


def test_a_packet_over_the_limit_is_refused_by_its_header_alone() -> None:
    deframer = Deframer(1000)
    assert _payloads(deframer, frame(bytes(1000), 0)) == [bytes(1000)]
    with pytest.raises(SqlError) as caught:
        _payloads(deframer, (1001).to_bytes(3, "little") + b"\x01")
    assert (caught.value.errno, deframer.sequence_id) == (1153, 2)


def test_the_limit_counts_all_fragments_of_a_payload() -> None:
    deframer = Deframer(FULL + 10)
    deframer.feed(frame(bytes(FULL), 0)[:-4])
    assert deframer.next_payload() is None
    deframer.feed(b"\x0b\x00\x00\x01")
    with pytest.raises(SqlError) as caught:
        deframer.next_payload()
    assert caught.value.errno == 1153


def test_what_follows_a_packet_can_be_taken_out() -> None:
    deframer = Deframer(LIMIT)
    deframer.feed(frame(b"request", 0) + b"\x16\x03\x01hello")
    assert deframer.next_payload() == b"request"
    assert deframer.take_all() == b"\x16\x03\x01hello"
    assert (deframer.pending, deframer.next_payload()) == (0, None)


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("packets", [0, 1, 2])
def test_the_packets_of_a_framed_payload_are_counted(packets: int, more: int) -> None:
    size = packets * 0xFFFFFF + more
    if size >= 0:
        assert frames_in(frame(bytes(size), 0)) == frames_used(size)
