"""COM_CHANGE_USER: every way of proving a password once more, and every refusal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from athena_g.net.handshake import Account, Login, LoginPolicy
from athena_g.net.server import Client as Served
from athena_g.net.server import ListenSettings, Server
from athena_g.protocol.auth import CACHING_SHA2, NATIVE, ClientAuth, RsaKey, native_scramble
from athena_g.protocol.constants import (
    CLIENT_CONNECT_ATTRS,
    CLIENT_FOUND_ROWS,
    CLIENT_PLUGIN_AUTH,
    Command,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.handshake import AuthSwitchRequest, ChangeUserRequest, HandshakeResponse
from athena_g.protocol.replies import OkPacket
from tests.fakes import client as clients
from tests.fakes.certificates import Certificate
from tests.fakes.client import Client, Refused, read_greeting
from tests.fakes.proxy import until
from tests.fakes.wire import Wire

PLUGINS = (NATIVE, CACHING_SHA2)
RSA_KEY = RsaKey()
PASSWORDS = {("app", "shop"): "secret", ("other", "store"): "hidden", ("free", None): ""}


class UserSession:
    """Says with each OK who the client is."""

    def __init__(self, client: Served, login: Login) -> None:
        self._client = client
        self._login = login

    def run(self) -> None:
        stream = self._client.stream
        while (packet := stream.read_command())[4] != Command.QUIT:
            if packet[4] == Command.CHANGE_USER:
                self._login = self._client.change_user(packet[4:])
            info = f"{self._login.account.user}@{self._login.database}"
            stream.write_packet(OkPacket(info=info.encode()).encode(0))
            stream.flush()

    def close(self) -> None:
        pass


class UserHandler:
    def find_account(self, user: str, database: str | None) -> Account | None:
        password = PASSWORDS.get((user, database))
        return None if password is None else Account(user, password, owner=database)

    def open(self, client: Served, login: Login) -> UserSession:
        return UserSession(client, login)


class UserServer:
    def __init__(self, listen: dict[str, Any], policy: dict[str, Any]) -> None:
        handler = UserHandler()
        settings: dict[str, Any] = {
            "find_account": handler.find_account,
            "capabilities": clients.FLAGS | CLIENT_CONNECT_ATTRS | CLIENT_FOUND_ROWS,
            "server_version": "8.4.0-users",
            "rsa_key": RSA_KEY,
        }
        self.server = Server(ListenSettings(**listen), LoginPolicy(**settings | policy), handler)
        self.address = self.server.start()

    @property
    def login(self) -> Login:
        """That of the only client."""
        (client,) = self.server.clients.values()
        assert client.login is not None
        return client.login


@contextmanager
def serving(listen: dict[str, Any] | None = None, **policy: Any) -> Iterator[UserServer]:
    running = UserServer(listen or {}, policy)
    try:
        yield running
    finally:
        running.server.stop(grace=10)
    assert not running.server.clients


def request(user: str = "other", database: str = "store", **fields: Any) -> ChangeUserRequest:
    settings = {"auth_response": b"", "collation_id": 45, "plugin": NATIVE} | fields
    return ChangeUserRequest(user, database=database, **settings)


def change(
    client: Client,
    password: str = "hidden",
    *,
    full: bool = False,
    secure: bool = False,
    flags: int = clients.FLAGS,
    **fields: Any,
) -> None:
    """Change the user; raises Refused."""
    packet = request(**fields)
    client.wire.start_command(packet.encode(flags))
    exchange = ClientAuth(
        password=password.encode(),
        plugin=packet.plugin or NATIVE,
        scramble=client.greeting.scramble,
        secure=secure,
        full=full,
    )
    client._prove(exchange)


def who(client: Client) -> bytes:
    reply = client.query("who am I?")
    assert reply.ok is not None
    return reply.ok.info


@pytest.mark.parametrize("full", [False, True], ids=["fast", "full"])
@pytest.mark.parametrize("client_plugin", PLUGINS)
@pytest.mark.parametrize("server_plugin", PLUGINS)
def test_the_right_password_makes_another_user(
    server_plugin: str, client_plugin: str, full: bool
) -> None:
    with serving(auth_plugin=server_plugin) as users:
        client = Client.connect(users.address)
        assert who(client) == b"app@shop"
        change(client, plugin=client_plugin, full=full)
        assert who(client) == b"other@store"
        assert users.login.account == Account("other", "hidden", owner="store")
        client.quit()


@pytest.mark.parametrize("full", [False, True], ids=["fast", "full"])
@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_user_is_changed_over_tls(certificate: Certificate, plugin: str, full: bool) -> None:
    with serving(tls=certificate.server_context()) as users:
        client = Client.connect(users.address, tls=certificate.client_context())
        change(client, plugin=plugin, full=full, secure=True)
        assert who(client) == b"other@store"
        client.quit()


@pytest.mark.parametrize("plugin", [NATIVE, CACHING_SHA2, "dialog", None])
def test_whatever_the_proof_it_is_asked_for_again_with_the_same_scramble(
    plugin: str | None,
) -> None:
    """As MySQL does. Some clients wait for a scramble, some know only the one they had."""
    with serving() as users:
        client = Client.connect(users.address)
        proof = native_scramble(b"hidden", client.greeting.scramble)
        packet = request(plugin=plugin, auth_response=proof)
        flags = clients.FLAGS if plugin is not None else clients.FLAGS & ~CLIENT_PLUGIN_AUTH
        client.wire.start_command(packet.encode(flags))
        answer = client.wire.read_packet()
        expected = plugin if plugin in PLUGINS else CACHING_SHA2
        assert answer == AuthSwitchRequest(str(expected), client.greeting.scramble).encode()
        client.close()


def test_the_scramble_is_that_of_the_last_switch_where_there_was_one() -> None:
    with serving(auth_plugin=NATIVE) as users:
        wire = Wire.dial(users.address)
        client = Client(wire, read_greeting(wire))
        response = HandshakeResponse(clients.FLAGS, 1 << 24, 45, "app", b"", "shop", "dialog")
        wire.send_packet(response.encode())
        switched = AuthSwitchRequest.decode(wire.read_packet()).scramble
        wire.send_packet(native_scramble(b"secret", switched))
        assert client.reply().ok
        assert users.login.scramble == switched != client.greeting.scramble
        client.wire.start_command(request().encode(clients.FLAGS))
        assert client.wire.read_packet() == AuthSwitchRequest(NATIVE, switched).encode()
        client.close()


def test_the_plugin_that_the_client_names_is_kept_to() -> None:
    """It may know no other."""
    with serving(auth_plugin=CACHING_SHA2) as users:
        client = Client.connect(users.address)
        client.wire.start_command(request(plugin=NATIVE).encode(clients.FLAGS))
        assert client.wire.read_packet().startswith(b"\xfemysql_native_password\0")
        client.close()


def connect_without_plugins(address: tuple[str, int]) -> Client:
    """A client that knows mysql_native_password, and no switch to anything else."""
    wire = Wire.dial(address)
    client = Client(wire, read_greeting(wire))
    proof = native_scramble(b"secret", client.greeting.scramble)
    flags = clients.FLAGS & ~CLIENT_PLUGIN_AUTH
    wire.send_packet(HandshakeResponse(flags, 1 << 24, 45, "app", proof, "shop").encode())
    assert client.reply().ok
    return client


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_client_that_knows_no_switch_proves_itself_with_the_greetings_scramble(
    plugin: str,
) -> None:
    with serving(auth_plugin=plugin) as users:
        client = connect_without_plugins(users.address)
        proof = native_scramble(b"hidden", client.greeting.scramble)
        packet = request(auth_response=proof, plugin=None)
        client.wire.start_command(packet.encode(clients.FLAGS & ~CLIENT_PLUGIN_AUTH))
        assert client.reply().ok
        assert who(client) == b"other@store"
        client.quit()


def test_a_client_that_knows_no_switch_is_refused_for_a_wrong_proof() -> None:
    with serving() as users:
        client = connect_without_plugins(users.address)
        packet = request(auth_response=b"x" * 20, plugin=None)
        client.wire.start_command(packet.encode(clients.FLAGS & ~CLIENT_PLUGIN_AUTH))
        assert client.reply().errno == 1045
        assert client.wire.read_to_end() == b""
        client.close()


@pytest.mark.parametrize("full", [False, True], ids=["fast", "full"])
@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize(
    "fields", [{"password": "wrong"}, {"user": "nobody"}, {"database": "shop"}], ids=str
)
def test_who_cannot_prove_it_is_refused_and_the_connection_closed(
    fields: dict[str, str], plugin: str, full: bool
) -> None:
    with serving() as users:
        client = Client.connect(users.address)
        with pytest.raises(Refused) as caught:
            change(client, plugin=plugin, full=full, **fields)
        error = caught.value.error
        user = fields.get("user", "other")
        assert (error.errno, error.sqlstate) == (1045, "28000")
        assert error.message.startswith(f"Access denied for user '{user}'@'127.0.0.1'")
        assert error.message.endswith("(using password: YES)")
        assert client.wire.read_to_end() == b""
        client.close()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_an_account_without_password_lets_in_with_none_only(plugin: str) -> None:
    with serving() as users:
        client = Client.connect(users.address)
        change(client, "", user="free", database="", plugin=plugin)
        assert who(client) == b"free@None"
        with pytest.raises(Refused):
            change(client, "any", user="free", database="", plugin=plugin)
        client.close()


def test_what_the_client_says_of_itself_is_taken_over_and_its_capabilities_stay() -> None:
    with serving() as users:
        client = Client.connect(
            users.address, flags=CLIENT_CONNECT_ATTRS | CLIENT_FOUND_ROWS, collation_id=8
        )
        before = users.login
        change(
            client, collation_id=255, attributes={"program": "x"},
            flags=clients.FLAGS | CLIENT_CONNECT_ATTRS,
        )  # fmt: skip
        after = users.login
        assert (before.collation_id, after.collation_id) == (8, 255)
        assert after.attributes == {"program": "x"}
        assert after.capabilities == before.capabilities
        assert after.scramble == before.scramble == client.greeting.scramble
        client.quit()


def test_a_request_that_ends_early_keeps_the_character_set() -> None:
    with serving() as users:
        client = Client.connect(users.address, collation_id=8)
        change(client, collation_id=None)
        assert users.login.collation_id == 8
        client.quit()


def test_the_user_can_be_changed_many_times() -> None:
    with serving() as users:
        client = Client.connect(users.address)
        for _ in range(5):
            change(client)
            assert who(client) == b"other@store"
            change(client, "secret", user="app", database="shop", plugin=CACHING_SHA2)
            assert who(client) == b"app@shop"
        client.quit()


def test_a_client_that_stalls_in_the_proof_is_ended_with_1159() -> None:
    with serving({"connect_timeout": 0.1}) as users:
        client = Client.connect(users.address)
        client.wire.start_command(request().encode(clients.FLAGS))
        client.wire.read_packet()
        client.wire.deframer.sequence_id = 2
        assert client.reply().errno == 1159
        client.close()
        until(lambda: not users.server.clients, "still registered")


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_damaged_request_is_answered_and_ended(cut: int) -> None:
    with serving() as users:
        client = Client.connect(users.address)
        whole = request(auth_response=b"y" * 20).encode(clients.FLAGS)
        client.wire.send(frame(whole[:cut], 0))
        client.wire.end_writing()
        received = client.wire.read_to_end()
        assert received[4] == 0xFF or received[4:].startswith(b"\xfe")
        client.close()


def test_the_registry_shows_a_session_all_clients() -> None:
    with serving() as users:
        client = Client.connect(users.address)
        other = Client.connect(users.address)
        (first, second) = users.server.clients.values()
        assert first.registry is second.registry
        assert list(first.registry) == [
            client.greeting.connection_id, other.greeting.connection_id,
        ]  # fmt: skip
        other.quit()
        assert list(first.registry) == [client.greeting.connection_id]
        client.quit()
