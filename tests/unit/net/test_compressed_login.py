"""Compression behind a login: who gets it, from where on, and what breaks it."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from athena_g import errors
from athena_g.protocol.auth import CACHING_SHA2, NATIVE, ClientAuth
from athena_g.protocol.compression import CompressedCodec, compressed_packet
from athena_g.protocol.constants import CLIENT_COMPRESS, Command
from athena_g.protocol.framing import frame
from athena_g.protocol.handshake import HandshakeResponse
from athena_g.session.handler import CAPABILITIES
from tests.fakes import client as clients
from tests.fakes.client import Client, Refused, read_greeting
from tests.fakes.echo import EchoServer, echoing
from tests.fakes.wire import Wire

PING = frame(b"\x0e", 0)
QUERY = frame(b"\x03SELECT '" + b"text " * 100 + b"'", 0)


class CompressedWire(Wire):
    """A wire whose bytes are compressed once ``codec`` is set."""

    codec: CompressedCodec | None = None

    def start_command(self, payload: bytes) -> None:
        if self.codec is not None:
            self.codec.sequence_id = 0
        super().start_command(payload)

    def send(self, data: bytes) -> None:
        super().send(data if self.codec is None else self.codec.pack(data))

    def read_some(self) -> bytes:
        if self.codec is None:
            return super().read_some()
        while not (data := self.codec.unpack()):
            if not (came := super().read_some()):
                return b""
            self.codec.feed(came)
        return data


def log_in(echo: EchoServer, password: str = "secret", plugin: str = NATIVE) -> Client:
    wire = CompressedWire.dial(echo.address)
    client = Client(wire, read_greeting(wire))
    exchange = ClientAuth(
        password=password.encode(), plugin=plugin, scramble=client.greeting.scramble, secure=False
    )
    flags = clients.FLAGS | CLIENT_COMPRESS
    response = HandshakeResponse(flags, 1 << 24, 45, "app", exchange.response(), "shop", plugin)
    wire.send_packet(response.encode())
    client._prove(exchange)
    wire.codec = CompressedCodec()
    return client


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with echoing(auth_plugin=NATIVE, capabilities=CAPABILITIES | CLIENT_COMPRESS) as running:
        yield running


def test_a_client_that_asks_for_it_talks_compressed_after_the_ok(echo: EchoServer) -> None:
    client = log_in(echo)
    assert echo.handler.logins[0].capabilities & CLIENT_COMPRESS
    for text in (b"short", b"long " * 1000):
        assert client.query(text).ok.info == text
    client.quit()


def test_nothing_of_the_authentication_is_lost_in_the_switch() -> None:
    """caching_sha2_password has one more packet in front of the OK."""
    capabilities = CAPABILITIES | CLIENT_COMPRESS
    with echoing(auth_plugin=CACHING_SHA2, capabilities=capabilities) as echo:
        client = log_in(echo, plugin=CACHING_SHA2)
        assert client.query(b"hello").ok.info == b"hello"
        client.quit()


def test_a_client_that_does_not_ask_talks_in_clear(echo: EchoServer) -> None:
    client = Client.connect(echo.address)
    assert client.query("hello").ok.info == b"hello"
    client.quit()


def test_a_client_that_asks_in_vain_talks_in_clear() -> None:
    with echoing(auth_plugin=NATIVE, capabilities=CAPABILITIES & ~CLIENT_COMPRESS) as echo:
        client = Client.connect(echo.address, flags=CLIENT_COMPRESS)
        assert client.query("hello").ok.info == b"hello"
        client.quit()


def test_a_refused_login_is_answered_in_clear(echo: EchoServer) -> None:
    with pytest.raises(Refused) as caught:
        log_in(echo, "wrong")
    assert caught.value.error.errno == 1045


def test_a_refusal_by_the_handler_is_answered_in_clear(echo: EchoServer) -> None:
    echo.handler.opening = errors.SERVER_SHUTDOWN()
    with pytest.raises(Refused) as caught:
        log_in(echo)
    assert caught.value.error.errno == 1053


def test_a_command_sent_along_with_the_login_is_answered(echo: EchoServer) -> None:
    wire = CompressedWire.dial(echo.address)
    client = Client(wire, read_greeting(wire))
    exchange = ClientAuth(
        password=b"secret", plugin=NATIVE, scramble=client.greeting.scramble, secure=False
    )
    response = HandshakeResponse(
        clients.FLAGS | CLIENT_COMPRESS, 1 << 24, 45, "app", exchange.response(), "shop", NATIVE
    )
    wire.send(frame(response.encode(), 1) + compressed_packet(frame(b"\x03early", 0), 0))
    wire.deframer.sequence_id = 2
    assert client.reply().ok
    wire.codec = CompressedCodec()
    wire.codec.feed(wire.deframer.take_all())
    wire.codec.sequence_id = wire.deframer.sequence_id = 1
    assert client.reply().ok.info == b"early"
    client.close()


@pytest.mark.parametrize(
    ("sent", "errno"),
    [
        (compressed_packet(PING, 9), 1156),
        (b"\x05\0\0\0\x64\0\0hello", 1157),
        (compressed_packet(b"\xff\xff\xff\0", 0), 1153),
    ],
    ids=["out of order", "no zlib", "too large"],
)
def test_what_breaks_the_protocol_is_answered_and_ended(
    echo: EchoServer, sent: bytes, errno: int
) -> None:
    client = log_in(echo)
    (served,) = echo.server.clients.values()
    served.stream.allow_packets(1000)
    Wire.send(client.wire, sent)
    client.wire.codec.sequence_id = client.wire.deframer.sequence_id = sent[3] + 1
    assert client.reply().errno == errno
    assert client.wire.read_to_end() == b""
    client.close()


def test_the_server_stops_while_clients_talk_compressed(echo: EchoServer) -> None:
    client = log_in(echo)
    client.ask(Command.PING)
    echo.server.stop(grace=1000)
    assert client.wire.read_to_end() == b""
    client.close()


def test_arbitrary_bytes_instead_of_compressed_commands_harm_nobody(echo: EchoServer) -> None:
    chance = random.Random(5)
    other = log_in(echo)
    for number in range(300):
        client = log_in(echo)
        codec = CompressedCodec()
        data = bytearray(codec.pack(QUERY) + codec.pack(PING))
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        Wire.send(client.wire, bytes(data))
        client.wire.end_writing()
        client.wire.codec = None
        client.wire.read_to_end()
        client.close()
        assert other.query(f"{number}").ok.info == f"{number}".encode()
    other.quit()
