"""TLS between a client and a server: the switch, what travels over it, and how it may fail."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gevent
import pytest
from gevent import socket

from athena_g.net.stream import ConnectionClosed, TlsStream
from athena_g.protocol.auth import CACHING_SHA2, NATIVE
from athena_g.protocol.constants import CLIENT_SSL
from athena_g.protocol.framing import frame
from athena_g.protocol.handshake import HandshakeResponse, SslRequest
from tests.fakes import client as clients
from tests.fakes.certificates import Certificate
from tests.fakes.client import Client, Refused, read_greeting
from tests.fakes.echo import EchoServer, echoing
from tests.fakes.proxy import until
from tests.fakes.wire import Wire


@pytest.fixture
def echo(certificate: Certificate) -> Iterator[EchoServer]:
    """A server that offers TLS."""
    with echoing(tls=certificate.server_context()) as running:
        yield running


@pytest.fixture
def ends(certificate: Certificate) -> Iterator[tuple[TlsStream, Any]]:
    """A TLS stream and the TLS socket at its other end."""
    left, right = socket.socketpair()
    client = certificate.client_context()
    connecting = gevent.spawn(client.wrap_socket, right)
    stream = TlsStream(certificate.server_context().wrap_socket(left, server_side=True), 1 << 26)
    peer = connecting.get()
    yield stream, peer
    stream.close()
    peer.close()


def ask_for_tls(address: tuple[str, int]) -> Wire:
    """A connection that has sent its SSLRequest."""
    wire = Wire.dial(address)
    read_greeting(wire)
    wire.send_packet(SslRequest(clients.FLAGS | CLIENT_SSL, 1 << 24, 45).encode())
    return wire


@pytest.mark.parametrize("full", [False, True], ids=["fast", "full"])
@pytest.mark.parametrize("plugin", [NATIVE, CACHING_SHA2])
def test_a_client_logs_in_and_talks_over_tls(
    echo: EchoServer, certificate: Certificate, plugin: str, full: bool
) -> None:
    client = Client.connect(
        echo.address, tls=certificate.client_context(), plugin=plugin, full=full
    )
    assert client.query("hello").ok.info == b"hello"
    client.quit()


def test_a_client_may_stay_in_clear_where_tls_is_only_offered(echo: EchoServer) -> None:
    client = Client.connect(echo.address)
    assert client.greeting.capabilities & CLIENT_SSL
    assert client.query("hello").ok.info == b"hello"
    client.quit()


def test_the_greeting_offers_no_tls_where_there_is_none() -> None:
    with echoing() as echo:
        client = Client.connect(echo.address)
        assert not client.greeting.capabilities & CLIENT_SSL
        client.quit()


def test_asking_for_tls_where_there_is_none_is_a_bad_handshake() -> None:
    with echoing() as echo:
        wire = ask_for_tls(echo.address)
        assert Client(wire, None).reply().errno == 1043  # type: ignore[arg-type]
        assert wire.read_to_end() == b""
        wire.close()


@pytest.mark.parametrize("full", [False, True], ids=["fast", "full"])
def test_a_wrong_password_over_tls_is_refused_over_tls(
    echo: EchoServer, certificate: Certificate, full: bool
) -> None:
    tls = certificate.client_context()
    with pytest.raises(Refused) as caught:
        Client.connect(echo.address, tls=tls, password="wrong", full=full)
    assert caught.value.error.errno == 1045


def test_a_login_in_clear_is_refused_where_tls_is_required(certificate: Certificate) -> None:
    context = certificate.server_context()
    with echoing(tls=context, tls_required=True) as echo:
        with pytest.raises(Refused) as caught:
            Client.connect(echo.address)
        assert caught.value.error.errno == 3159
        Client.connect(echo.address, tls=certificate.client_context()).quit()


def test_bytes_in_clear_behind_the_request_are_not_taken_for_the_login(echo: EchoServer) -> None:
    """An attacker between could put a login in front of what the client then says in TLS."""
    wire = Wire.dial(echo.address)
    read_greeting(wire)
    request = SslRequest(clients.FLAGS | CLIENT_SSL, 1 << 24, 45).encode()
    injected = HandshakeResponse(clients.FLAGS, 1 << 24, 45, "app", b"", "shop", NATIVE)
    wire.send(frame(request, 1) + frame(injected.encode(), 2))
    wire.read_to_end()
    assert not echo.handler.logins
    wire.close()


def test_a_tls_hello_right_behind_the_request_is_understood(
    echo: EchoServer, certificate: Certificate
) -> None:
    """Some clients send both in one segment."""
    import ssl

    wire = Wire.dial(echo.address)
    read_greeting(wire)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = certificate.client_context().wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    request = SslRequest(clients.FLAGS | CLIENT_SSL, 1 << 24, 45).encode()
    wire.send(frame(request, 1) + outgoing.read())
    incoming.write(wire.read_some())
    session.do_handshake()
    assert session.version() is not None
    wire.close()


def test_what_is_no_tls_closes_the_connection(echo: EchoServer) -> None:
    wire = ask_for_tls(echo.address)
    wire.send(b"GET / HTTP/1.1\r\n\r\n" * 5)
    wire.end_writing()
    wire.read_to_end()
    until(lambda: not echo.server.clients, "the client is still registered")


def test_a_client_gone_in_the_tls_handshake_leaves_nothing(echo: EchoServer) -> None:
    wire = ask_for_tls(echo.address)
    wire.close()
    until(lambda: not echo.server.clients, "the client is still registered")


def test_a_tls_handshake_that_stalls_gives_its_place_back(certificate: Certificate) -> None:
    with echoing({"connect_timeout": 0.1}, tls=certificate.server_context()) as echo:
        wire = ask_for_tls(echo.address)
        wire.read_to_end()
        until(lambda: not echo.server.clients, "the client is still registered")


def test_a_login_that_stalls_behind_tls_is_told_over_tls(certificate: Certificate) -> None:
    with echoing({"connect_timeout": 0.2}, tls=certificate.server_context()) as echo:
        wire = ask_for_tls(echo.address)
        wire.sock = certificate.client_context().wrap_socket(wire.sock)
        assert Client(wire, None).reply().errno == 1159  # type: ignore[arg-type]
        wire.close()


def test_stopping_the_server_ends_a_client_in_tls(certificate: Certificate) -> None:
    with echoing(tls=certificate.server_context()) as echo:
        client = Client.connect(echo.address, tls=certificate.client_context())
        echo.server.stop()
        assert client.wire.read_to_end() == b""
        client.close()


def test_large_packets_travel_over_tls(ends: tuple[TlsStream, Any]) -> None:
    stream, peer = ends
    data = bytes(range(256)) * 16384
    sending = gevent.spawn(peer.sendall, frame(data, 0))
    assert stream.read_packet() == data
    sending.get()
    writing = gevent.spawn(stream.send, data)
    got = b""
    while len(got) < len(data):
        got += peer.recv(1 << 18)
    assert got == data
    writing.get()


def test_a_tls_stream_is_stale_when_bytes_or_the_end_came(ends: tuple[TlsStream, Any]) -> None:
    stream, peer = ends
    assert not stream.stale
    peer.sendall(frame(b"unasked", 0))
    until(lambda: stream.stale, "bytes not noticed")
    assert stream.read_packet() == b"unasked"
    assert not stream.stale
    peer.close()
    until(lambda: stream.stale, "the end was not noticed")


def test_a_tls_stream_is_stale_until_the_last_record_is_read(ends: tuple[TlsStream, Any]) -> None:
    stream, peer = ends
    peer.sendall(b"x" * 70_000)
    got = len(stream.recv())
    while got < 70_000:
        until(lambda: stream.stale, "bytes not noticed")
        got += len(stream.recv())
    assert not stream.stale


@pytest.mark.parametrize("politely", [True, False])
def test_the_end_of_a_tls_stream_is_a_closed_connection(
    ends: tuple[TlsStream, Any], politely: bool
) -> None:
    stream, peer = ends
    if politely:
        peer.close()
    else:
        socket.socket.shutdown(peer, socket.SHUT_RDWR)
    with pytest.raises(ConnectionClosed) as caught:
        stream.read_packet()
    assert caught.value.stream is stream


def test_shutdown_by_another_greenlet_ends_a_waiting_tls_read(ends: tuple[TlsStream, Any]) -> None:
    stream, _ = ends

    def read() -> object:
        try:
            return stream.read_packet()
        except ConnectionClosed as error:
            return error

    reading = gevent.spawn(read)
    gevent.idle()
    stream.shutdown()
    assert isinstance(reading.get(), ConnectionClosed)


def test_shutdown_by_another_greenlet_ends_a_waiting_tls_write(ends: tuple[TlsStream, Any]) -> None:
    stream, _ = ends

    def write() -> object:
        try:
            return stream.send(bytes(1 << 24))
        except ConnectionClosed as error:
            return error

    writing = gevent.spawn(write)
    gevent.idle()
    assert not writing.ready()
    stream.shutdown()
    assert isinstance(writing.get(), ConnectionClosed)
