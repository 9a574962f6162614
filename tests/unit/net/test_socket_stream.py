"""What only a stream over a real socket does."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent import socket

from athena_g.net.stream import READ_SIZE, ConnectionClosed, SocketStream
from athena_g.protocol.framing import frame
from tests.fakes.proxy import until


@pytest.fixture
def ends() -> Iterator[tuple[SocketStream, Any]]:
    """A stream over TCP and the plain socket at its other end."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    peer = socket.create_connection(listener.getsockname())
    sock, _ = listener.accept()
    listener.close()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    stream = SocketStream(sock.detach(), 1 << 26)
    yield stream, peer
    stream.close()
    peer.close()


def read_exactly(sock: Any, size: int) -> bytes:
    parts = []
    while size:
        parts.append(sock.recv(size))
        assert parts[-1]
        size -= len(parts[-1])
    return b"".join(parts)


def reset(sock: Any) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def failure(action: Any, *arguments: Any) -> gevent.Greenlet:
    def run() -> object:
        try:
            return action(*arguments)
        except ConnectionClosed as error:
            return error

    return gevent.spawn(run)


def test_what_the_socket_takes_in_parts_arrives_whole(ends: tuple[SocketStream, Any]) -> None:
    stream, peer = ends
    data = bytes(range(256)) * 4096
    sending = gevent.spawn(stream.send, data)
    gevent.idle()
    assert not sending.ready()
    assert read_exactly(peer, len(data)) == data
    sending.get()


def test_a_large_answer_is_read_in_large_pieces_and_no_byte_is_lost(
    ends: tuple[SocketStream, Any],
) -> None:
    stream, peer = ends
    data = bytes(range(256)) * 4096
    sending = gevent.spawn(peer.sendall, data)
    pieces = []
    while sum(map(len, pieces)) < len(data):
        pieces.append(stream.recv())
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= READ_SIZE
    sending.get()


def test_no_more_is_read_than_was_asked_for(ends: tuple[SocketStream, Any]) -> None:
    stream, peer = ends
    peer.sendall(b"0123456789")
    assert stream.recv_at_most(4) == b"0123"
    assert stream.recv() == b"456789"


def test_a_reset_ends_a_waiting_read(ends: tuple[SocketStream, Any]) -> None:
    stream, peer = ends
    reading = failure(stream.recv)
    gevent.idle()
    reset(peer)
    error = reading.get()
    assert isinstance(error, ConnectionClosed)
    assert error.stream is stream


def test_a_reset_ends_a_waiting_write(ends: tuple[SocketStream, Any]) -> None:
    stream, peer = ends
    writing = failure(stream.send, bytes(1 << 23))
    gevent.idle()
    reset(peer)
    assert isinstance(writing.get(), ConnectionClosed)


def test_close_by_another_greenlet_ends_a_waiting_read(ends: tuple[SocketStream, Any]) -> None:
    stream, _ = ends
    reading = failure(stream.recv)
    gevent.idle()
    stream.close()
    assert isinstance(reading.get(), ConnectionClosed)


def test_close_by_another_greenlet_ends_a_waiting_write(ends: tuple[SocketStream, Any]) -> None:
    stream, _ = ends
    writing = failure(stream.send, bytes(1 << 23))
    gevent.idle()
    stream.close()
    assert isinstance(writing.get(), ConnectionClosed)


def test_a_stream_never_read_from_notices_its_end(ends: tuple[SocketStream, Any]) -> None:
    stream, peer = ends
    peer.close()
    until(lambda: stream.stale, "the end was not noticed")


def test_a_stream_goes_on_after_being_stale(ends: tuple[SocketStream, Any]) -> None:
    stream, peer = ends
    for turn in range(3):
        peer.sendall(frame(b"early", 0))
        until(lambda: stream.stale, "bytes not noticed")
        stream.sequence_id = 0
        assert stream.read_packet() == b"early", turn
        reading = gevent.spawn(stream.recv)
        gevent.idle()
        peer.sendall(b"awaited")
        assert reading.get() == b"awaited"


def test_a_detached_socket_is_no_longer_the_streams(ends: tuple[SocketStream, Any]) -> None:
    stream, peer = ends
    sock = socket.socket(fileno=stream.detach())
    with pytest.raises(ConnectionClosed):
        stream.recv()
    peer.sendall(b"for the socket")
    assert sock.recv(100) == b"for the socket"
    sock.close()
