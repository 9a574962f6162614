"""The smallest handler: a server whose sessions say back what they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from athena_g.errors import SqlError
from athena_g.net.handshake import Account, Login, LoginPolicy
from athena_g.net.server import Client, ListenSettings, Server
from athena_g.protocol.constants import Command
from athena_g.protocol.replies import OkPacket
from athena_g.session.handler import CAPABILITIES

from .client import DATABASE, PASSWORD, USER


class EchoSession:
    """Answers a command with OK and its text as information; QUIT ends it."""

    def __init__(self, handler: EchoHandler, client: Client) -> None:
        self._handler = handler
        self._stream = client.stream

    def run(self) -> None:
        while True:
            packet = self._stream.read_command()
            if packet[4] == Command.QUIT:
                return
            answer = self._handler.answers.get(packet[5:])
            if isinstance(answer, Exception):
                raise answer
            self._stream.write_packet(OkPacket(info=packet[5:]).encode(0))
            self._stream.flush()

    def close(self) -> None:
        self._handler.closed += 1


class EchoHandler:
    """``opening`` is raised when a session is opened, ``answers`` has what a text is to raise."""

    def __init__(self) -> None:
        self.accounts = {(USER, DATABASE): PASSWORD, (USER, None): PASSWORD}
        self.logins: list[Login] = []
        self.opening: SqlError | None = None
        self.answers: dict[bytes, Exception] = {}
        self.closed = 0

    def find_account(self, user: str, database: str | None) -> Account | None:
        password = self.accounts.get((user, database))
        return None if password is None else Account(user, password)

    def open(self, client: Client, login: Login) -> EchoSession:
        self.logins.append(login)
        if self.opening is not None:
            raise self.opening
        return EchoSession(self, client)


class EchoServer:
    """A server of echoes; ``listen`` and ``policy`` change its settings."""

    def __init__(self, listen: dict[str, Any], policy: dict[str, Any]) -> None:
        self.handler = EchoHandler()
        settings: dict[str, Any] = {
            "find_account": self.handler.find_account,
            "capabilities": CAPABILITIES,
            "server_version": "8.4.0-echo",
        }
        policy_ = LoginPolicy(**settings | policy)
        self.server = Server(ListenSettings(**listen), policy_, self.handler)
        self.address = self.server.start()


@contextmanager
def echoing(listen: dict[str, Any] | None = None, **policy: Any) -> Iterator[EchoServer]:
    """A running echo server, stopped at the end with nobody left in its registry."""
    running = EchoServer(listen or {}, policy)
    try:
        yield running
    finally:
        running.server.stop(grace=10)
    assert not running.server.clients
