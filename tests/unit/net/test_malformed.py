"""Bytes that make no sense, where a login or a command is due."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from athena_g.protocol.constants import CLIENT_PROTOCOL_41
from athena_g.protocol.framing import frame
from athena_g.protocol.handshake import HandshakeResponse
from tests.fakes import client as clients
from tests.fakes.attack import Control, attack_commands, attack_login, check_answer, command
from tests.fakes.certificates import Certificate
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy

TLS_ALERT = b"\x15\x03"

bounded = settings(max_examples=150, deadline=None)

_capabilities = st.integers(0, 0xFFFFFFFF).map(lambda flags: flags | CLIENT_PROTOCOL_41)
_starts = st.builds(
    lambda flags, size, collation: (
        flags.to_bytes(4, "little") + size.to_bytes(4, "little") + bytes((collation,)) + bytes(23)
    ),
    _capabilities,
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 255),
)
logins = (
    st.binary(max_size=200)
    | st.builds(frame, st.binary(max_size=200), st.integers(0, 255))
    | st.builds(lambda start, rest: frame(start + rest, 1), _starts, st.binary(max_size=100))
)
commands = (
    st.binary(max_size=200)
    | st.builds(frame, st.binary(max_size=200), st.integers(0, 255))
    | st.builds(command, st.integers(0, 255), st.binary(max_size=60))
    | st.builds(lambda text: command(3, text.encode()), st.text(max_size=60))
)


def test_arbitrary_bytes_instead_of_a_login_harm_nobody(proxy: Proxy) -> None:
    control = Control(proxy)

    @bounded
    @given(logins)
    def attack(data: bytes) -> None:
        check_answer(attack_login(proxy.address, data))
        control.check()

    attack()


def test_arbitrary_bytes_instead_of_tls_harm_nobody(
    make_proxy: MakeProxy, certificate: Certificate
) -> None:
    proxy = make_proxy(policy={"tls": certificate.server_context()})
    control = Control(proxy)

    @bounded
    @given(logins)
    def attack(data: bytes) -> None:
        received = attack_login(proxy.address, data)
        if not received.startswith(TLS_ALERT):
            check_answer(received)
        control.check()

    attack()


def test_arbitrary_bytes_instead_of_commands_harm_nobody(proxy: Proxy) -> None:
    control = Control(proxy)

    @bounded
    @given(st.lists(commands, min_size=1, max_size=3).map(b"".join))
    def attack(data: bytes) -> None:
        check_answer(attack_commands(proxy.address, data))
        control.check()

    attack()


def test_a_name_in_any_character_set_is_an_account_or_none(proxy: Proxy) -> None:
    for collation_id in range(256):
        response = HandshakeResponse(clients.FLAGS, 1 << 24, collation_id, "", b"", "y", "z")
        data = response.encode()
        name = b"\xd8\xff\xfe\x80"
        check_answer(attack_login(proxy.address, frame(data[:32] + name + data[32:], 1)))
