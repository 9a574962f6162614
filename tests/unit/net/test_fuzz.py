"""Ten thousand damaged logins and commands, sent to a whole proxy.

After each batch of attacks a client that was there before is served, and now and then a new one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import gevent
import pytest

from athena_g.protocol.auth import CACHING_SHA2, NATIVE, RsaKey, native_scramble
from athena_g.protocol.constants import (
    CLIENT_CONNECT_ATTRS,
    CLIENT_MULTI_STATEMENTS,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
    CLIENT_SSL,
    Command,
)
from athena_g.protocol.framing import frame
from athena_g.protocol.handshake import ChangeUserRequest, HandshakeResponse, SslRequest
from tests.fakes import client as clients
from tests.fakes.attack import Control, attack_commands, attack_login, check_answer, command
from tests.fakes.certificates import Certificate
from tests.fakes.fixtures import MakeProxy
from tests.fakes.proxy import Proxy

BATCH = 25
SEED = 1_729
RSA_KEY = RsaKey()

Attack = Callable[[tuple[str, int], bytes], bytes]


def login(flags: int = clients.FLAGS, plugin: str = NATIVE, response: bytes = b"") -> bytes:
    attributes = {"_client_name": "fuzz", "program": "x" * 30}
    packet = HandshakeResponse(
        flags, 1 << 24, 45, clients.USER, response, clients.DATABASE, plugin, attributes
    )
    return frame(packet.encode(), 1)


OLD_FLAGS = clients.FLAGS & ~CLIENT_PLUGIN_AUTH & ~CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
LOGINS = [
    login(response=native_scramble(b"secret", b"x" * 20)),
    login(clients.FLAGS | CLIENT_CONNECT_ATTRS, response=b"y" * 20),
    login(OLD_FLAGS, response=b"z" * 20),
    login(plugin=CACHING_SHA2, response=b"w" * 32),
    login(plugin="dialog", response=b"password\0"),
    login(plugin=CACHING_SHA2, response=b"w" * 32) + frame(b"\2", 3) + frame(b"v" * 256, 5),
    login(plugin=CACHING_SHA2) + frame(b"u" * 32, 3) + frame(b"\2", 5) + frame(b"t" * 256, 7),
    frame(SslRequest(clients.FLAGS | CLIENT_SSL, 1 << 24, 45).encode(), 1) + b"\x16\3\1\0\5hello",
]
COMMANDS = [
    command(Command.QUERY, b"SELECT 'a', `b`, \"c\" /* d */ FROM t WHERE e = 'f\\'g' -- h"),
    command(Command.QUERY, b"INSERT INTO t VALUES (1); USE shop; SELECT GET_LOCK('a', 1)"),
    command(Command.QUERY, b"BEGIN") + command(Command.PING) + command(Command.QUERY, b"COMMIT"),
    command(Command.QUERY, b"SET @a = 1") + command(Command.RESET_CONNECTION),
    command(Command.QUERY, b"SELECT LAST_INSERT_ID()") + command(Command.QUIT),
    command(Command.INIT_DB, b"shop") + command(Command.FIELD_LIST, b"t\0%"),
    command(Command.SET_OPTION, b"\0\0") + command(Command.STATISTICS),
    command(Command.STMT_PREPARE, b"SELECT ?") + command(Command.STMT_EXECUTE, bytes(9)),
    command(Command.STMT_CLOSE, b"\1\0\0\0") + command(Command.STMT_SEND_LONG_DATA, bytes(7)),
    # Not of connection 1: that is the control's, which is of the same user.
    command(Command.PROCESS_KILL, b"\xf1\xf2\xf3\0") + command(Command.PROCESS_INFO),
    frame(ChangeUserRequest("app", b"x" * 20, "shop", 45, NATIVE).encode(clients.FLAGS), 0),
    frame(b"", 0) + command(Command.PING),
]


def damaged(samples: list[bytes], count: int, chance: random.Random) -> Iterator[bytes]:
    """Samples with one to five changes each."""
    for _ in range(count):
        data = bytearray(chance.choice(samples))
        for _ in range(chance.randint(1, 5)):
            damage(data, chance)
        yield bytes(data)


def damage(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data)) if data else 0
    match chance.randrange(8):
        case 0 if data:  # a bit flips
            data[at] ^= 1 << chance.randrange(8)
        case 1 if data:  # a byte that means something
            data[at] = chance.choice(b"\0\1\2\x7f\x80\xfa\xfb\xfc\xfd\xfe\xff")
        case 2:  # cut short
            del data[at:]
        case 3:  # a piece is missing
            del data[at : at + chance.randint(1, 8)]
        case 4:  # a piece too much
            data[at:at] = chance.randbytes(chance.randint(1, 8))
        case 5:  # a piece twice
            data[at:at] = data[at : at + chance.randint(1, 60)]
        case 6 if len(data) > 3:  # the length of the first packet lies
            length = chance.choice([0, 1, len(data) - 3, len(data), 0x10000, 0xFFFFFE, 0xFFFFFF])
            data[:3] = length.to_bytes(3, "little")
        case 7 if len(data) > 3:  # its sequence id is another
            data[3] = chance.randrange(256)


def bombard(proxy: Proxy, attack: Attack, cases: Iterator[bytes], seed: int) -> None:
    """Send the cases, a batch at a time, and check after each batch that others are served."""
    control = Control(proxy)
    number = 0

    def one(number: int, data: bytes) -> None:
        try:
            received = attack(proxy.address, data)
            if not received.startswith(b"\x15\x03"):  # TLS's own way of saying no
                check_answer(received)
        except (AssertionError, gevent.Timeout) as error:
            failed.append(f"seed {seed}, case {number}, {data.hex()}: {error}")

    failed: list[str] = []
    while batch := [data for _, data in zip(range(BATCH), cases, strict=False)]:
        running = [gevent.spawn(one, number + n, data) for n, data in enumerate(batch)]
        gevent.joinall(running)
        assert not failed, failed[0]
        number += len(batch)
        control.check()
    control.close()
    proxy.wait_idle()


@pytest.mark.parametrize("part", range(4))
def test_damaged_logins_harm_nobody(make_proxy: MakeProxy, part: int) -> None:
    seed = SEED + part
    plugin = (NATIVE, CACHING_SHA2)[part % 2]
    proxy = make_proxy(policy={"auth_plugin": plugin, "rsa_key": RSA_KEY})
    bombard(proxy, attack_login, damaged(LOGINS, 1000, random.Random(seed)), seed)


def test_damaged_logins_where_tls_is_offered_harm_nobody(
    make_proxy: MakeProxy, certificate: Certificate
) -> None:
    seed = SEED + 100
    proxy = make_proxy(policy={"tls": certificate.server_context(), "rsa_key": RSA_KEY})
    bombard(proxy, attack_login, damaged(LOGINS, 1000, random.Random(seed)), seed)


@pytest.mark.parametrize("part", range(5))
def test_damaged_commands_harm_nobody(make_proxy: MakeProxy, part: int) -> None:
    seed = SEED + 200 + part
    proxy = make_proxy(max_open=(3, 100)[part % 2])
    flags = CLIENT_MULTI_STATEMENTS if part > 2 else 0

    def attack(address: tuple[str, int], data: bytes) -> bytes:
        return attack_commands(address, data, flags)

    bombard(proxy, attack, damaged(COMMANDS, 1000, random.Random(seed)), seed)
