"""The accept gate, the registry, and how a server ends connections."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import pytest
from gevent import socket

from athena_g import errors
from athena_g.protocol.auth import NATIVE
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from athena_g.protocol.replies import ErrPacket
from tests.fakes.client import Client, Refused, read_greeting
from tests.fakes.echo import EchoServer, echoing
from tests.fakes.proxy import until
from tests.fakes.wire import Gone, Wire


def half_open(echo: EchoServer) -> Wire:
    """A connection that got its greeting and says nothing."""
    wire = Wire.dial(echo.address)
    read_greeting(wire)
    return wire


def test_the_registry_knows_a_client_from_greeting_to_close() -> None:
    with echoing() as echo:
        wire = half_open(echo)
        (registered,) = echo.server.clients.values()
        assert (registered.host, registered.login) == ("127.0.0.1", None)
        wire.close()
        until(lambda: not echo.server.clients, "still registered")


def test_the_registry_knows_who_logged_in() -> None:
    with echoing() as echo:
        client = Client.connect(echo.address)
        (registered,) = echo.server.clients.values()
        assert registered.id == client.greeting.connection_id
        assert registered.login is not None
        assert registered.login.account.user == "app"
        client.quit()
        assert not echo.server.clients


def test_one_client_too_many_is_told_so_before_any_greeting() -> None:
    with echoing({"max_connections": 1}) as echo:
        client = Client.connect(echo.address)
        refused = Wire.dial(echo.address)
        data = refused.read_to_end()
        refused.close()
        assert data[3] == 0
        error = ErrPacket.decode(data[4:])
        assert (error.errno, error.sqlstate) == (1040, "08004")
        assert "max_connections = 1" in error.message
        assert (echo.server.accepted, echo.server.refused) == (2, 1)
        assert client.query("still here").ok.info == b"still here"


def test_a_half_open_login_takes_a_place() -> None:
    with echoing({"max_connections": 1}) as echo:
        half_open(echo)
        with pytest.raises(Refused):
            Client.connect(echo.address)


def test_a_place_is_free_again_when_its_client_is_gone() -> None:
    with echoing({"max_connections": 1}) as echo:
        for _ in range(3):
            Client.connect(echo.address).quit()
        assert echo.server.refused == 0


def test_those_refused_take_no_place_while_they_linger() -> None:
    with echoing({"max_connections": 1}) as echo:
        client = Client.connect(echo.address)
        lingering = [Wire.dial(echo.address) for _ in range(5)]
        for wire in lingering:
            assert wire.read_some()
        client.quit()
        Client.connect(echo.address).quit()


def test_a_login_that_takes_too_long_is_ended_with_1159() -> None:
    with echoing({"connect_timeout": 0.1, "max_connections": 1}) as echo:
        wire = half_open(echo)
        assert Client(wire, None).reply().errno == 1159  # type: ignore[arg-type]
        assert wire.read_to_end() == b""
        wire.close()
        until(lambda: not echo.server.clients, "the place was not given back")
        Client.connect(echo.address).quit()


def test_a_login_that_stalls_half_way_is_ended_with_1159() -> None:
    with echoing({"connect_timeout": 0.1}, auth_plugin=NATIVE) as echo:
        wire = half_open(echo)
        wire.send(frame(b"x" * 60, 1)[:40])
        wire.deframer.sequence_id = 2
        assert Client(wire, None).reply().errno == 1159  # type: ignore[arg-type]
        wire.close()


def test_the_login_timeout_does_not_reach_into_the_session() -> None:
    with echoing({"connect_timeout": 0.05}) as echo:
        client = Client.connect(echo.address)
        with gevent.Timeout(0.1, False):
            client.wire.read_some()
        assert client.query("late").ok.info == b"late"


def test_a_client_gone_in_the_login_leaves_nothing() -> None:
    with echoing() as echo:
        half_open(echo).reset()
        wire = Wire.dial(echo.address)
        wire.reset()
        until(lambda: echo.server.accepted == 2 and not echo.server.clients, "still registered")


def test_a_fatal_error_is_followed_by_the_close() -> None:
    with echoing() as echo:
        client = Client.connect(echo.address)
        echo.handler.answers[b"end"] = errors.SERVER_SHUTDOWN()
        assert client.query("end").errno == 1053
        assert client.wire.read_to_end() == b""


def test_the_error_reaches_a_client_that_goes_on_sending() -> None:
    """Closing a socket with unread bytes resets it, and takes back what was sent last."""
    with echoing() as echo:
        client = Client.connect(echo.address)
        echo.handler.answers[b"end"] = errors.SERVER_SHUTDOWN()
        client.wire.send(frame(b"\x03end", 0) + b"x" * (8 << 20))
        client.wire.deframer.sequence_id = 1
        assert client.reply().errno == 1053


def test_a_client_that_does_not_read_the_error_is_not_waited_for_long() -> None:
    with echoing({"connect_timeout": 0.1}) as echo:
        half_open(echo)
        until(lambda: not echo.server.clients, "still registered", timeout=5)


@pytest.mark.parametrize(
    ("sent", "errno"),
    [
        (frame(b"\x03x", 5), 1156),
        (b"\xff\xff\xff\x00", 1153),
        (b"\xe9\x03\x00\x00", 1153),
    ],
    ids=["out of order", "huge", "just too large"],
)
def test_a_broken_protocol_is_answered_and_ended(sent: bytes, errno: int) -> None:
    with echoing({"max_allowed_packet": 1000}) as echo:
        client = Client.connect(echo.address)
        client.wire.send(sent)
        client.wire.deframer.sequence_id = (sent[3] + 1) & 0xFF
        assert client.reply().errno == errno
        assert client.wire.read_to_end() == b""


def logged_in(echo: EchoServer) -> Wire:
    return Client.connect(echo.address).wire


@pytest.mark.parametrize("connect", [half_open, logged_in])
def test_stop_ends_every_connection(connect: Callable[[EchoServer], Wire]) -> None:
    with echoing() as echo:
        wires = [connect(echo) for _ in range(3)]
        echo.server.stop(grace=1000)  # not by killing them after that time
        assert [wire.read_to_end() for wire in wires] == [b""] * 3
        assert not echo.server.clients


def test_stop_ends_a_session_whose_client_does_not_read() -> None:
    with echoing() as echo:
        client = Client.connect(echo.address)
        flood = frame(b"\x03" + b"x" * 60_000, 0) * 400

        def send() -> None:
            with pytest.raises(Gone):
                client.wire.send(flood)

        sending = gevent.spawn(send)
        before = -1
        while client.wire.sent != before:
            before = client.wire.sent
            gevent.sleep(0.01)
        echo.server.stop(grace=1)
        assert (len(echo.server.clients), echo.handler.closed) == (0, 1)
        sending.get()


def test_nobody_is_accepted_after_stop() -> None:
    with echoing() as echo:
        echo.server.stop()
        with pytest.raises(ConnectionRefusedError):
            Wire.dial(echo.address)


def test_a_port_that_is_taken_cannot_be_listened_on() -> None:
    with echoing() as echo, pytest.raises(OSError, match="in use"):
        with echoing({"port": echo.address[1]}):
            pass


def test_a_server_listens_on_ipv6() -> None:
    try:
        probe = socket.socket(socket.AF_INET6)
        probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 loopback here")
    probe.close()
    with echoing({"host": "::1"}) as echo:
        sock = socket.create_connection(echo.address)
        assert read_greeting(Wire(sock)).server_version == "8.4.0-echo"


def test_a_session_serves_many_commands_in_a_row() -> None:
    with echoing() as echo:
        client = Client.connect(echo.address)
        for number in range(300):
            text = f"{number}".encode()
            assert client.ask(Command.QUERY, text).ok.info == text
