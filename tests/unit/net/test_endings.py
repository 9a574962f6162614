"""How a stream notices that the other side is gone, or as good as gone."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import pytest
from gevent.event import Event

from athena_g.net.stream import ConnectionClosed, PacketStream, SocketStream, TlsStream
from athena_g.protocol.framing import frame
from tests.fakes.certificates import Certificate
from tests.fakes.proxy import until
from tests.unit.net.conftest import Pair, make_socket_pair

SHORT = 0.05
"""Seconds of patience of the streams that are to lose it."""


class Bell:
    """An ``on_gone`` that remembers how often it was called, and by whom."""

    def __init__(self, stream: PacketStream) -> None:
        self.rung = 0
        self.callers: set[object] = set()
        self._first = Event()
        stream.on_gone = self

    def __call__(self) -> None:
        self.rung += 1
        self.callers.add(gevent.getcurrent())
        self._first.set()

    def wait(self) -> None:
        assert self._first.wait(10), "nobody said that the other side is gone"


def at_work(pair: Pair) -> tuple[PacketStream, PacketStream, Bell]:
    """A client that has sent its command, and a server that read it and does not read on."""
    client, served = pair
    client.write_packet(b"\x03SELECT SLEEP(100)")
    client.flush()
    served.read_command()
    bell = Bell(served)
    served.watch()
    return client, served, bell


def turns_of_the_hub(count: int = 5) -> None:
    for _ in range(count):
        gevent.sleep(0)


# -- gone --------------------------------------------------------------------------------------


def test_who_closes_during_the_servers_work_is_reported_gone(pair: Pair) -> None:
    client, _, bell = at_work(pair)
    turns_of_the_hub()
    assert not bell.rung
    client.close()
    bell.wait()
    assert bell.callers == {gevent.get_hub()}


def test_gone_is_said_once(pair: Pair) -> None:
    client, served, bell = at_work(pair)
    client.close()
    bell.wait()
    served.watch()
    turns_of_the_hub()
    assert (bell.rung, served.on_gone) == (1, None)
    with pytest.raises(ConnectionClosed):
        served.read_packet()


def test_a_shutdown_from_here_counts_as_gone(pair: Pair) -> None:
    _, served, bell = at_work(pair)
    served.shutdown()
    bell.wait()


def test_a_close_from_here_does_not_count(pair: Pair) -> None:
    client, served, bell = at_work(pair)
    served.close()
    client.close()
    served.watch()
    turns_of_the_hub()
    assert not bell.rung


def test_bytes_before_their_time_are_not_the_end(pair: Pair) -> None:
    client, served, bell = at_work(pair)
    client.send(frame(b"\x0e", 0))
    until(lambda: served.stale, "bytes not noticed")
    turns_of_the_hub()
    assert not bell.rung
    served.unwatch()
    assert served.read_command() == frame(b"\x0e", 0)


def test_gone_is_noticed_again_once_the_early_bytes_are_read(pair: Pair) -> None:
    client, served, bell = at_work(pair)
    client.send(frame(b"\x0e", 0))
    until(lambda: served.stale, "bytes not noticed")
    served.unwatch()
    served.read_command()
    served.watch()
    client.close()
    bell.wait()


def test_a_reader_is_told_by_its_read_not_by_on_gone(pair: Pair) -> None:
    client, served, bell = at_work(pair)
    served.unwatch()
    reading = gevent.spawn(pytest.raises, ConnectionClosed, served.read_packet)
    turns_of_the_hub()
    client.close()
    reading.get()
    assert not bell.rung


def test_an_end_that_came_before_the_watch_is_reported(pair: Pair) -> None:
    client, served = pair
    client.close()
    until(lambda: served.stale, "the end was not noticed")
    bell = Bell(served)
    served.watch()
    bell.wait()


def test_nobody_is_called_after_unwatch(certificate: Certificate, pair: Pair) -> None:
    client, served, bell = at_work(pair)
    served.on_gone = None
    served.unwatch()
    client.close()
    turns_of_the_hub()
    assert not bell.rung


def test_watching_twice_and_writing_meanwhile_is_harmless(pair: Pair) -> None:
    client, served, bell = at_work(pair)
    served.watch()
    served.write_packet(b"row")
    served.flush()
    assert client.read_packet() == b"row"
    served.unwatch()
    served.unwatch()
    client.sequence_id = 0
    client.write_packet(b"\x0e")
    client.flush()
    assert served.read_command() == frame(b"\x0e", 0)
    assert not bell.rung


def test_a_tls_message_that_is_not_for_us_is_not_the_end(certificate: Certificate) -> None:
    """The server's session tickets come after the handshake, when nobody reads."""
    from tests.unit.net.conftest import make_tls_pair

    client, served = make_tls_pair(certificate)
    bell = Bell(client)
    client.watch()
    turns_of_the_hub()
    assert not bell.rung
    client.unwatch()
    served.send(frame(b"hello", 0))
    assert client.read_packet() == b"hello"
    client.close()
    served.close()


# -- slow --------------------------------------------------------------------------------------


def test_who_takes_nothing_is_given_up(pair: Pair) -> None:
    served = pair[1]
    served.write_timeout = SHORT
    with pytest.raises(ConnectionClosed, match="timed out") as caught:
        served.send(bytes(8 << 20))
    assert caught.value.stream is served


def test_who_takes_a_little_at_a_time_is_not(pair: Pair) -> None:
    """Each pause is shorter than the patience, all of them together much longer."""
    client, served = pair
    served.write_timeout = 0.3
    size = 3 << 20
    sending = gevent.spawn(served.send, bytes(size))
    taken = 0
    while taken < size:
        if taken < 1 << 19:
            gevent.sleep(0.1)  # the slowness is what is tested
        taken += len(client.recv())
    sending.get()
    assert taken == size


def test_writing_waits_for_ever_without_a_timeout(pair: Pair) -> None:
    client, served = pair
    sending = gevent.spawn(served.send, bytes(1 << 21))
    with gevent.Timeout(4 * SHORT, False):
        sending.join()
    assert not sending.ready()
    taken = 0
    while taken < 1 << 21:
        taken += len(client.recv())
    sending.get()


@pytest.mark.parametrize("kind", ["packet", "command", "long command"])
def test_silence_in_the_middle_of_a_packet_is_not_waited_out(pair: Pair, kind: str) -> None:
    client, served = pair
    served.read_timeout = SHORT
    read: dict[str, Callable[[], object]] = {
        "packet": served.read_packet,
        "command": served.read_command,
        "long command": lambda: (served.read_command(), served.skip_rest()),
    }
    size = 1 << 21 if kind == "long command" else 100
    client.send(frame(bytes(size), 0)[: size // 10])
    with pytest.raises(ConnectionClosed, match="timed out") as caught:
        read[kind]()
    assert caught.value.stream is served


@pytest.mark.parametrize("kind", ["packet", "command"])
def test_silence_between_packets_is_no_matter(pair: Pair, kind: str) -> None:
    client, served = pair
    served.read_timeout = SHORT
    reading = gevent.spawn(served.read_packet if kind == "packet" else served.read_command)
    with gevent.Timeout(4 * SHORT, False):
        reading.join()
    assert not reading.ready()
    client.send(frame(b"late", 0))
    assert reading.get().endswith(b"late")


def test_a_client_of_many_small_pieces_is_waited_for(pair: Pair) -> None:
    client, served = pair
    served.read_timeout = 1000
    reading = gevent.spawn(served.read_command)
    for byte in frame(b"\x03SELECT 1", 0):
        client.send(bytes((byte,)))
        gevent.idle()
    assert reading.get() == frame(b"\x03SELECT 1", 0)


@pytest.mark.parametrize("kind", [SocketStream, TlsStream])
def test_the_usual_write_starts_no_timer(
    kind: type[PacketStream], certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    from athena_g.net import waiting
    from tests.unit.net.conftest import make_tls_pair

    make = make_socket_pair if kind is SocketStream else make_tls_pair
    client, served = make(certificate)
    served.write_timeout = SHORT
    monkeypatch.setattr(waiting.Waits, "wait", None)
    served.send(frame(b"short", 0))
    monkeypatch.undo()
    assert client.read_packet() == b"short"
    client.close()
    served.close()
