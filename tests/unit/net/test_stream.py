"""What every packet stream does, whatever carries its bytes."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import pytest

from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed, PacketStream
from athena_g.protocol.framing import frame
from tests.fakes.proxy import until
from tests.unit.net.conftest import Pair

MEGABYTE = b"m" * (1 << 20)


def caught(action: Callable[[], object]) -> gevent.Greenlet:
    """Run ``action`` in a greenlet whose value is what it raised, or what it gave."""

    def run() -> object:
        try:
            return action()
        except (ConnectionClosed, SqlError) as error:
            return error

    return gevent.spawn(run)


def test_packets_come_in_order_with_sequence_ids_that_go_on(pair: Pair) -> None:
    left, right = pair
    for payload in (b"one", b"", b"three"):
        left.write_packet(payload)
    left.flush()
    assert [right.read_packet() for _ in range(3)] == [b"one", b"", b"three"]
    assert left.sequence_id == right.sequence_id == 3


def test_one_sequence_serves_both_directions(pair: Pair) -> None:
    left, right = pair
    left.write_packet(b"question")
    left.flush()
    right.read_packet()
    right.write_packet(b"answer")
    right.flush()
    assert left.read_packet() == b"answer"
    assert left.sequence_id == 2


def test_a_packet_delivered_byte_by_byte_is_read_whole(pair: Pair) -> None:
    left, right = pair
    reading = gevent.spawn(right.read_packet)
    for byte in frame(b"SELECT 1", 0):
        left.send(bytes((byte,)))
        gevent.idle()
    assert reading.get() == b"SELECT 1"


def test_nothing_is_sent_before_the_flush(pair: Pair) -> None:
    left, right = pair
    left.write_packet(b"queued")
    gevent.idle()
    assert not right.stale
    left.flush()
    assert right.read_packet() == b"queued"


def test_what_is_queued_beyond_64_kib_is_sent_without_a_flush(pair: Pair) -> None:
    left, right = pair
    left.write_packet(b"x" * (64 << 10))
    assert len(right.read_packet()) == 64 << 10


def test_a_slow_reader_holds_the_writer_back(pair: Pair) -> None:
    left, right = pair
    sent = 0

    def write() -> None:
        nonlocal sent
        for _ in range(20):
            left.send(frame(MEGABYTE, 0))
            sent += 1

    writing = gevent.spawn(write)
    gevent.idle()
    gevent.idle()
    assert sent < 10
    for _ in range(20):
        right.sequence_id = 0
        assert right.read_packet() == MEGABYTE
    writing.get()


def test_large_packets_pass_in_both_directions_at_once(pair: Pair) -> None:
    total = 8

    def write(stream: PacketStream) -> None:
        for _ in range(total):
            stream.send(frame(MEGABYTE, 0))

    def read(stream: PacketStream) -> int:
        got = 0
        while got < total * (len(MEGABYTE) + 4):
            got += len(stream.recv())
        return got

    writers = [gevent.spawn(write, stream) for stream in pair]
    readers = [gevent.spawn(read, stream) for stream in pair]
    gevent.joinall([*writers, *readers], raise_error=True)
    assert readers[0].value == readers[1].value


def test_the_end_of_the_stream_names_the_stream(pair: Pair) -> None:
    left, right = pair
    left.close()
    with pytest.raises(ConnectionClosed) as caught:
        right.read_packet()
    assert caught.value.stream is right


def test_what_was_sent_before_the_close_is_still_read(pair: Pair) -> None:
    left, right = pair
    left.write_packet(b"last words")
    left.flush()
    left.close()
    assert right.read_packet() == b"last words"
    with pytest.raises(ConnectionClosed):
        right.read_packet()


def test_sending_to_who_is_gone_ends_in_connection_closed(pair: Pair) -> None:
    left, right = pair
    right.close()
    with pytest.raises(ConnectionClosed) as caught:
        for _ in range(3):  # a socket may take what is sent before it hears of the close
            left.send(MEGABYTE)
    assert caught.value.stream is left


def test_shutdown_by_another_greenlet_ends_a_waiting_read(pair: Pair) -> None:
    left, _ = pair
    reading = caught(left.read_packet)
    gevent.idle()
    left.shutdown()
    assert isinstance(reading.get(), ConnectionClosed)


def test_shutdown_by_another_greenlet_ends_a_waiting_write(pair: Pair) -> None:
    left, _ = pair
    writing = caught(lambda: [left.send(MEGABYTE) for _ in range(20)])
    gevent.idle()
    assert not writing.ready()
    left.shutdown()
    assert isinstance(writing.get(), ConnectionClosed)


def test_the_end_of_writing_leaves_reading_open(clear_pair: Pair) -> None:
    left, right = clear_pair
    left.shutdown_write()
    with pytest.raises(ConnectionClosed):
        right.read_packet()
    right.write_packet(b"still heard")
    right.flush()
    assert left.read_packet() == b"still heard"


def test_bytes_nobody_waits_for_make_a_stream_stale_until_they_are_read(pair: Pair) -> None:
    left, right = pair
    right.write_packet(b"hello")
    right.flush()
    left.read_packet()
    assert not left.stale
    right.write_packet(b"unasked")
    right.flush()
    until(lambda: left.stale, "bytes not noticed")
    assert left.read_packet() == b"unasked"
    assert not left.stale


def test_an_end_nobody_waits_for_makes_a_stream_stale(pair: Pair) -> None:
    left, right = pair
    right.close()
    until(lambda: left.stale, "the end was not noticed")


def test_a_killed_reader_leaves_the_stream_to_the_next(pair: Pair) -> None:
    left, right = pair
    reading = gevent.spawn(right.read_packet)
    gevent.idle()
    reading.kill()
    left.write_packet(b"for the next")
    left.flush()
    assert right.read_packet() == b"for the next"


@pytest.mark.parametrize("thrown", [TimeoutError, KeyboardInterrupt, gevent.GreenletExit])
def test_a_reader_that_gave_up_waiting_can_read_again(
    pair: Pair, thrown: type[BaseException]
) -> None:
    left, right = pair
    with pytest.raises(thrown), gevent.Timeout(0.01, thrown()):
        right.read_packet()
    right.shutdown_write()
    gevent.idle()  # a reader still noted down would be woken here
    left.write_packet(b"late")
    left.flush()
    assert right.read_packet() == b"late"


def test_a_wrong_sequence_id_is_an_error_that_can_be_answered(pair: Pair) -> None:
    left, right = pair
    left.send(frame(b"x", 7))
    with pytest.raises(SqlError) as caught:
        right.read_packet()
    assert caught.value.errno == 1156
    assert right.sequence_id == 8


def test_a_header_that_announces_too_much_is_refused_before_the_payload_comes(pair: Pair) -> None:
    left, right = pair
    right.allow_packets(1000)
    left.send(b"\xe9\x03\x00\x00")
    with pytest.raises(SqlError) as caught:
        right.read_packet()
    assert caught.value.errno == 1153


def test_commands_sent_at_once_are_read_one_by_one(pair: Pair) -> None:
    left, right = pair
    commands = [frame(b"\x03SELECT 1", 0), frame(b"\x0e", 0), frame(b"\x01", 0)]
    left.send(b"".join(commands))
    assert [right.read_command() for _ in commands] == commands


def test_a_command_in_two_reads_is_read_whole(pair: Pair) -> None:
    left, right = pair
    command = frame(b"\x03SELECT 1", 0)
    left.send(command[:6])
    reading = gevent.spawn(right.read_command)
    gevent.idle()
    left.send(command[6:])
    assert reading.get() == command
    assert right.sequence_id == 1


def test_a_command_that_starts_at_another_sequence_id_is_refused(pair: Pair) -> None:
    left, right = pair
    left.send(frame(b"\x03SELECT 1", 1))
    with pytest.raises(SqlError) as caught:
        right.read_command()
    assert caught.value.errno == 1156


def test_an_empty_command_is_given_as_its_header(pair: Pair) -> None:
    left, right = pair
    left.send(frame(b"", 0))
    assert right.read_command() == b"\0\0\0\0"


def test_closing_twice_is_harmless(pair: Pair) -> None:
    left, _ = pair
    left.close()
    left.close()
    with pytest.raises(ConnectionClosed):
        left.read_packet()
