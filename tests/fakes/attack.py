"""Sending what no client sends, and judging what comes back."""

from __future__ import annotations

import gevent

from athena_g.protocol.auth import NATIVE
from athena_g.protocol.constants import MAX_PAYLOAD, Command
from athena_g.protocol.framing import frame
from athena_g.protocol.replies import ErrPacket

from .client import Client, read_greeting
from .proxy import Proxy
from .wire import Wire

PATIENCE = 10
"""Seconds after which an attacked connection that is neither answered nor closed is a failure."""


def attack_login(address: tuple[str, int], data: bytes) -> bytes:
    """Send ``data`` instead of a login; everything that came after the greeting."""
    wire = Wire.dial(address)
    read_greeting(wire)
    return _send_and_listen(wire, data)


def attack_commands(address: tuple[str, int], data: bytes, flags: int = 0) -> bytes:
    """Send ``data`` where commands are due; everything that came."""
    client = Client.connect(address, plugin=NATIVE, flags=flags)
    return _send_and_listen(client.wire, data)


def _send_and_listen(wire: Wire, data: bytes) -> bytes:
    with gevent.Timeout(PATIENCE, AssertionError("neither answered nor closed")):
        wire.sock.sendall(data)
        wire.end_writing()
        received = wire.read_to_end()
    wire.close()
    return received


def check_answer(received: bytes) -> None:
    """Whole packets only, and none that tells of a fault of the proxy's own."""
    position = 0
    while position < len(received):
        header = int.from_bytes(received[position : position + 4], "little")
        end = position + 4 + (header & MAX_PAYLOAD)
        assert end <= len(received), "a packet that is not whole"
        payload = received[position + 4 : end]
        if payload[:1] == b"\xff":
            error = ErrPacket.decode(payload)
            assert "Internal error" not in error.message, error
        position = end


class Control:
    """A client that was there before the attacks and is to be served all the time."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._client = proxy.client()
        self._checks = 0

    def check(self) -> None:
        """One ping and one query; every tenth time also a new login."""
        self._checks += 1
        with gevent.Timeout(PATIENCE, AssertionError("the control client is not served")):
            assert self._client.ask(Command.PING).ok
            sql = f"SELECT {self._checks}"
            assert self._client.query(sql).value == sql.encode()
            if self._checks % 10 == 0:
                other = Client.connect(self._proxy.address)
                assert other.query("SELECT 'new'").rows
                other.quit()

    def close(self) -> None:
        self._client.quit()


def command(number: int, body: bytes = b"") -> bytes:
    """A framed command."""
    return frame(bytes((number,)) + body, 0)
