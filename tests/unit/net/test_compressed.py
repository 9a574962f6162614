"""A compressed stream, seen from a client that shows every byte it sends."""

from __future__ import annotations

import random
from collections.abc import Iterator

import gevent
import pytest

from athena_g.errors import SqlError
from athena_g.net.compressed import CompressedStream
from athena_g.net.packets import BEGINNING
from athena_g.net.stream import ConnectionClosed, PacketStream
from athena_g.protocol.compression import BLOCK, CompressedCodec, compressed_packet
from athena_g.protocol.constants import MAX_PAYLOAD
from athena_g.protocol.framing import Deframer, frame, frames_used
from tests.fakes.certificates import Certificate
from tests.fakes.proxy import until
from tests.unit.net.conftest import MAKERS

PING = frame(b"\x0e", 0)
NOISE = frame(random.Random(1).randbytes(1 << 18), 0)
"""What no compression makes shorter."""
QUERY = frame(b"\x03SELECT '" + b"text " * 100 + b"'", 0)


class Peer:
    """The client's end: compresses what it is told to, inflates what comes."""

    def __init__(self, carrier: PacketStream) -> None:
        self.carrier = carrier
        self.codec = CompressedCodec()
        self.deframer = Deframer(1 << 30)

    def command(self, data: bytes, block: int = MAX_PAYLOAD) -> None:
        """Send a framed command in compressed packets of ``block`` bytes before compression."""
        self.codec.sequence_id = 0
        self.deframer.sequence_id = 1
        self.send(data, block)

    def send(self, data: bytes, block: int = MAX_PAYLOAD) -> None:
        codec = self.codec
        for start in range(0, len(data), block):
            self.carrier.send(compressed_packet(data[start : start + block], codec.sequence_id))
            codec.sequence_id = (codec.sequence_id + 1) & 0xFF

    def recv(self) -> bytes:
        while not (data := self.codec.unpack()):
            self.codec.feed(self.carrier.recv())
        return data

    def read_packet(self) -> bytes:
        while (payload := self.deframer.next_payload()) is None:
            self.deframer.feed(self.recv())
        return payload


@pytest.fixture(params=MAKERS)
def ends(
    request: pytest.FixtureRequest, certificate: Certificate
) -> Iterator[tuple[Peer, CompressedStream]]:
    """A client and the stream that serves it, over every kind of carrier."""
    left, right = MAKERS[request.param](certificate)
    stream = CompressedStream(right)
    stream.begin()
    yield Peer(left), stream
    left.close()
    stream.close()


def read_whole(stream: PacketStream) -> bytes:
    parts = [stream.read_command()]
    while stream.continues:
        parts.append(stream.read_more())
    return b"".join(parts)


Ends = tuple[Peer, CompressedStream]


def test_commands_and_answers_pass(ends: Ends) -> None:
    peer, stream = ends
    for _ in range(3):
        for command in (PING, QUERY):
            peer.command(command)
            assert stream.read_command() == command
            stream.write_packet(b"\0answer " * 50)
            stream.flush()
            assert peer.read_packet() == b"\0answer " * 50


def test_what_travels_is_shorter(ends: Ends) -> None:
    peer, stream = ends
    stream.write_packet(bytes(50_000))
    stream.flush()
    assert len(peer.carrier.recv()) < 1000


@pytest.mark.parametrize("block", [1, 2, 3, 5, 50, 100])
def test_a_command_may_be_cut_anywhere(ends: Ends, block: int) -> None:
    peer, stream = ends
    sending = gevent.spawn(peer.command, QUERY, block)
    assert stream.read_command() == QUERY
    sending.get()


def test_commands_sent_ahead_are_read_one_by_one(ends: Ends) -> None:
    peer, stream = ends
    for command in (PING, QUERY, PING):
        peer.command(command)
    assert [stream.read_command() for _ in range(3)] == [PING, QUERY, PING]


def test_two_commands_in_one_compressed_packet_are_read_one_by_one(ends: Ends) -> None:
    peer, stream = ends
    peer.command(PING + QUERY + PING)
    assert [stream.read_command() for _ in range(3)] == [PING, QUERY, PING]


@pytest.mark.parametrize("size", [BLOCK - 4, BLOCK, 1 << 20, 3 << 20, MAX_PAYLOAD, MAX_PAYLOAD + 9])
def test_a_long_command_is_streamed(ends: Ends, size: int) -> None:
    peer, stream = ends
    command = frame(random.Random(size).randbytes(1 << 12) * (size // (1 << 12) + 1), 0)
    command = frame(command[4 : size + 4], 0)
    sending = gevent.spawn(peer.command, command)
    assert read_whole(stream) == command
    assert stream.sequence_id == frames_used(size)
    sending.get()
    peer.command(PING)
    assert stream.read_command() == PING


def test_sequence_ids_within_are_made_right(ends: Ends) -> None:
    """A server behind that talks in clear would refuse them."""
    peer, stream = ends
    payload = bytes(MAX_PAYLOAD + 9)
    right = frame(payload, 0)
    zeros = right[: MAX_PAYLOAD + 7] + b"\0" + right[MAX_PAYLOAD + 8 :]
    sending = gevent.spawn(peer.command, zeros)
    assert read_whole(stream) == right
    sending.get()


def test_sequence_ids_of_a_file_sent_after_a_request_may_be_any(ends: Ends) -> None:
    peer, stream = ends
    peer.command(PING)
    stream.read_command()
    stream.write_packet(b"one")
    stream.write_packet(b"\xfbfile.csv")
    stream.flush()
    peer.read_packet()
    peer.read_packet()
    peer.send(frame(b"line\n" * 30, 2) + frame(b"line\n", 3))
    peer.send(frame(b"", 4))
    assert [stream.read_packet() for _ in range(3)] == [b"line\n" * 30, b"line\n", b""]
    stream.write_packet(b"\0ok")
    stream.flush()
    peer.deframer.sequence_id = 5
    assert peer.read_packet() == b"\0ok"


@pytest.mark.parametrize("size", [100, 1 << 20, MAX_PAYLOAD - 1, MAX_PAYLOAD, MAX_PAYLOAD + 9])
def test_a_large_answer_may_be_sent_in_parts(ends: Ends, size: int) -> None:
    peer, stream = ends
    peer.command(PING)
    stream.read_command()
    payload = (random.Random(1).randbytes(1 << 12) * (size // (1 << 12) + 1))[:size]
    data = frame(b"small", 1) + frame(payload, 2) + frame(b"behind", 2 + frames_used(size))

    def send() -> None:
        for start in range(0, len(data), 50_000):
            stream.send(data[start : start + 50_000])

    sending = gevent.spawn(send)
    assert [peer.read_packet() for _ in range(3)] == [b"small", payload, b"behind"]
    sending.get()


def test_too_large_a_command_is_refused(ends: Ends) -> None:
    peer, stream = ends
    stream.allow_packets(1000)
    peer.command(frame(bytes(1001), 0))
    with pytest.raises(SqlError) as caught:
        stream.read_command()
    assert caught.value.errno == 1153


def test_a_compressed_packet_out_of_order_is_refused_and_can_be_answered(ends: Ends) -> None:
    peer, stream = ends
    peer.carrier.send(compressed_packet(PING, 3))
    with pytest.raises(SqlError) as caught:
        stream.read_command()
    assert caught.value.errno == 1156
    stream.write_packet(b"\xffno")
    stream.flush()
    peer.codec.sequence_id = peer.deframer.sequence_id = 4
    assert peer.read_packet() == b"\xffno"


def test_the_end_names_the_stream(ends: Ends) -> None:
    peer, stream = ends
    peer.command(QUERY[:-5])
    peer.carrier.close()
    with pytest.raises(ConnectionClosed) as caught:
        stream.read_command()
    assert caught.value.stream is stream


def test_an_end_within_a_compressed_packet_is_the_end(ends: Ends) -> None:
    peer, stream = ends
    peer.carrier.send(compressed_packet(QUERY, 0)[:-20])
    peer.carrier.close()
    with pytest.raises(ConnectionClosed):
        stream.read_command()


def test_sending_to_who_is_gone_names_the_stream(ends: Ends) -> None:
    peer, stream = ends
    peer.carrier.close()
    with pytest.raises(ConnectionClosed) as caught:
        for _ in range(50):
            stream.send(NOISE)
    assert caught.value.stream is stream


def test_who_is_gone_while_nobody_reads_is_reported(ends: Ends) -> None:
    peer, stream = ends
    peer.command(PING)
    stream.read_command()
    rung: list[bool] = []
    stream.on_gone = lambda: rung.append(True)
    stream.watch()
    peer.carrier.close()
    until(lambda: bool(rung), "nobody said that the other side is gone")
    assert stream.on_gone is None
    stream.unwatch()


def test_timeouts_hold_within_compressed_packets(ends: Ends) -> None:
    peer, stream = ends
    stream.read_timeout = stream.write_timeout = 0.05
    peer.carrier.send(compressed_packet(QUERY, 0)[:-20])
    with pytest.raises(ConnectionClosed, match="reading timed out") as caught:
        stream.read_command()
    assert caught.value.stream is stream
    with pytest.raises(ConnectionClosed, match="writing timed out"):
        for _ in range(50):
            stream.send(NOISE)


def test_silence_between_commands_is_no_matter(ends: Ends) -> None:
    peer, stream = ends
    stream.read_timeout = 0.05
    reading = gevent.spawn(stream.read_command)
    with gevent.Timeout(0.2, False):
        reading.join()
    assert not reading.ready()
    peer.command(PING)
    assert reading.get() == PING


def test_bytes_nobody_waits_for_make_it_stale(ends: Ends) -> None:
    peer, stream = ends
    assert not stream.stale
    peer.command(PING)
    until(lambda: stream.stale, "bytes not noticed")
    assert stream.read_command() == PING
    assert not stream.stale


def test_a_little_data_that_would_become_much_is_not_held(ends: Ends) -> None:
    """16 MiB of zeros in 16 KiB: they come in blocks, however slowly they are taken."""
    peer, stream = ends
    stream.allow_packets(1 << 30)
    sending = gevent.spawn(peer.command, frame(bytes(60 << 20), 0))
    assert len(stream.read_command()) <= BEGINNING + BLOCK
    while stream.continues:
        assert len(stream.read_more()) <= BLOCK
    sending.get()
