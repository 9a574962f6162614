"""Logging in to a server: every way of proving a password, and every refusal."""

from __future__ import annotations

from typing import Any

import pytest

from athena_g import errors
from athena_g.protocol.auth import CACHING_SHA2, NATIVE, RsaKey
from athena_g.protocol.constants import CLIENT_DEPRECATE_EOF, CLIENT_FOUND_ROWS, Command
from athena_g.protocol.framing import frame
from athena_g.protocol.handshake import HandshakeResponse
from tests.fakes import client as clients
from tests.fakes.client import Client, Refused, read_greeting
from tests.fakes.echo import echoing
from tests.fakes.wire import Wire

PLUGINS = (NATIVE, CACHING_SHA2)
RSA_KEY = RsaKey()


def refusal(address: tuple[str, int], **options: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        Client.connect(address, **options)
    return caught.value


@pytest.mark.parametrize("full", [False, True], ids=["fast", "full"])
@pytest.mark.parametrize("client_plugin", PLUGINS)
@pytest.mark.parametrize("server_plugin", PLUGINS)
def test_the_right_password_is_accepted(server_plugin: str, client_plugin: str, full: bool) -> None:
    with echoing(auth_plugin=server_plugin, rsa_key=RSA_KEY) as echo:
        client = Client.connect(echo.address, plugin=client_plugin, full=full)
        assert client.query("hello").ok.info == b"hello"
        client.quit()


@pytest.mark.parametrize("full", [False, True], ids=["fast", "full"])
@pytest.mark.parametrize("client_plugin", PLUGINS)
@pytest.mark.parametrize("server_plugin", PLUGINS)
def test_a_wrong_password_is_refused(server_plugin: str, client_plugin: str, full: bool) -> None:
    with echoing(auth_plugin=server_plugin, rsa_key=RSA_KEY) as echo:
        options = {"plugin": client_plugin, "full": full}
        error = refusal(echo.address, password="wrong", **options).error
        assert (error.errno, error.sqlstate) == (1045, "28000")
        assert not echo.handler.logins


@pytest.mark.parametrize("plugin", PLUGINS)
def test_an_account_without_password_lets_in_with_none_only(plugin: str) -> None:
    with echoing(auth_plugin=plugin, rsa_key=RSA_KEY) as echo:
        echo.handler.accounts[clients.USER, clients.DATABASE] = ""
        Client.connect(echo.address, password="").quit()
        assert "using password: YES" in refusal(echo.address, password="any").error.message
        echo.handler.accounts[clients.USER, clients.DATABASE] = "set"
        assert "using password: NO" in refusal(echo.address, password="").error.message


def test_a_client_of_an_unknown_plugin_is_asked_to_switch() -> None:
    with echoing(auth_plugin=CACHING_SHA2) as echo:
        wire = Wire.dial(echo.address)
        read_greeting(wire)
        response = HandshakeResponse(
            clients.FLAGS, 1 << 24, 45, clients.USER, b"x" * 9, clients.DATABASE, "dialog"
        )
        wire.send_packet(response.encode())
        assert wire.read_packet().startswith(b"\xfecaching_sha2_password\0")
        wire.close()


def transcript(address: tuple[str, int], **options: Any) -> list[bytes]:
    """What a server says after the greeting to a client with a wrong password."""
    said: list[bytes] = []

    class Listening(Wire):
        def read_packet(self) -> bytes:
            payload = super().read_packet()
            said.append(bytes((self.deframer.sequence_id,)) + payload)
            return payload

    wire = Listening.dial(address)
    client = Client(wire, read_greeting(wire))
    said.clear()
    exchange = clients.ClientAuth(
        password=b"wrong",
        plugin=options["plugin"],
        scramble=client.greeting.scramble,
        secure=False,
    )
    wire.send_packet(
        HandshakeResponse(
            clients.FLAGS, 1 << 24, 45, options["user"], exchange.response(),
            options["database"], options["plugin"],
        ).encode()
    )  # fmt: skip
    with pytest.raises(Refused):
        client._prove(exchange)
    wire.close()
    return said


@pytest.mark.parametrize("plugin", PLUGINS)
def test_unknown_user_unknown_database_and_wrong_password_look_the_same(plugin: str) -> None:
    with echoing(auth_plugin=plugin, rsa_key=RSA_KEY) as echo:
        wrong = transcript(echo.address, plugin=plugin, user="app", database="shop")
        user = transcript(echo.address, plugin=plugin, user="ape", database="shop")
        database = transcript(echo.address, plugin=plugin, user="app", database="shed")
    assert [each.replace(b"'ape'", b"'app'") for each in user] == wrong
    assert database == wrong
    assert wrong[-1].endswith(
        b"#28000Access denied for user 'app'@'127.0.0.1' (using password: YES)"
    )


def test_a_password_given_only_after_a_switch_is_reported_as_used() -> None:
    with echoing(auth_plugin=NATIVE) as echo:
        wire = Wire.dial(echo.address)
        client = Client(wire, read_greeting(wire))
        response = HandshakeResponse(
            clients.FLAGS, 1 << 24, 45, "app", b"", "shop", "caching_sha2_password"
        )
        wire.send_packet(response.encode())
        wire.read_packet()
        wire.send_packet(b"x" * 32)
        wire.read_packet()
        wire.send_packet(b"not encrypted")
        assert "using password: YES" in client.reply().message
        wire.close()


def test_a_password_given_before_a_switch_is_reported_as_used() -> None:
    with echoing(auth_plugin=NATIVE) as echo:
        wire = Wire.dial(echo.address)
        client = Client(wire, read_greeting(wire))
        response = HandshakeResponse(clients.FLAGS, 1 << 24, 45, "app", b"hello", "shop", "dialog")
        wire.send_packet(response.encode())
        wire.read_packet()
        wire.send_packet(b"")
        assert "using password: YES" in client.reply().message


def test_the_handler_learns_what_both_sides_can() -> None:
    with echoing() as echo:
        flags = CLIENT_FOUND_ROWS | CLIENT_DEPRECATE_EOF
        Client.connect(echo.address, flags=flags, collation_id=8).quit()
        (login,) = echo.handler.logins
        assert login.capabilities & CLIENT_FOUND_ROWS
        assert not login.capabilities & CLIENT_DEPRECATE_EOF
        assert (login.account.user, login.database, login.collation_id) == ("app", "shop", 8)


def test_a_client_without_database_is_looked_up_without_one() -> None:
    with echoing() as echo:
        Client.connect(echo.address, database=None).quit()
        assert echo.handler.logins[0].database is None


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_refusal_by_the_handler_comes_in_place_of_the_ok(plugin: str) -> None:
    with echoing(auth_plugin=plugin) as echo:
        echo.handler.opening = errors.SERVER_SHUTDOWN()
        assert refusal(echo.address).error.errno == 1053


def test_a_clients_protocol_before_41_is_refused_as_bad_handshake() -> None:
    with echoing() as echo:
        wire = Wire.dial(echo.address)
        read_greeting(wire)
        wire.send_packet(b"\x05\x00\x00\x00\x01app\0")
        assert Client(wire, None).reply().errno == 1043  # type: ignore[arg-type]
        assert wire.read_to_end() == b""
        wire.close()


def test_a_login_larger_than_its_limit_is_refused() -> None:
    with echoing() as echo:
        wire = Wire.dial(echo.address)
        read_greeting(wire)
        wire.send(frame(b"x" * 300_000, 1)[:100])
        wire.deframer.sequence_id = 2
        assert Client(wire, None).reply().errno == 1153  # type: ignore[arg-type]
        wire.close()


def test_commands_sent_along_with_the_login_are_answered_after_it() -> None:
    with echoing(auth_plugin=NATIVE) as echo:
        wire = Wire.dial(echo.address)
        client = Client(wire, read_greeting(wire))
        exchange = clients.ClientAuth(
            password=b"secret", plugin=NATIVE, scramble=client.greeting.scramble, secure=False
        )
        response = HandshakeResponse(
            clients.FLAGS, 1 << 24, 45, "app", exchange.response(), "shop", NATIVE
        )
        wire.send(frame(response.encode(), 1) + frame(b"\x03early", 0))
        wire.deframer.sequence_id = 2
        assert client.reply().ok is not None
        wire.deframer.sequence_id = 1
        assert client.reply().ok.info == b"early"
        wire.close()


def test_a_session_is_closed_once_however_it_ends(guard: list[str]) -> None:
    with echoing() as echo:
        echo.handler.answers[b"fatal"] = errors.SERVER_SHUTDOWN()
        Client.connect(echo.address).quit()
        client = Client.connect(echo.address)
        assert client.query("fatal").errno == 1053
        client.close()
        Client.connect(echo.address).wire.reset()
    assert echo.handler.closed == 3


def test_a_fault_of_the_session_is_answered_with_a_reference_into_the_log(
    guard: list[str],
) -> None:
    with echoing() as echo:
        echo.handler.answers[b"fault"] = KeyError("a bug")
        client = Client.connect(echo.address)
        reply = client.query("fault")
        assert (reply.errno, client.wire.read_to_end()) == (1105, b"")
        client.close()
    (logged,) = guard
    guard.clear()
    assert reply.message.split()[2].rstrip(":") in logged
    assert "a bug" in logged


def test_commands_after_quit_are_not_answered() -> None:
    with echoing() as echo:
        client = Client.connect(echo.address)
        client.wire.send(frame(bytes((Command.QUIT,)), 0) + frame(b"\x03late", 0))
        assert client.wire.read_to_end() == b""
        client.close()
