"""A MySQL server that does as it is told: a script of replies on a loopback socket.

What is not scripted is answered plausibly: a SELECT with its own text as the only row, or with the
variables it asks for, BEGIN, COMMIT and ROLLBACK with the right status flags, SHOW with nothing,
prepared statements as queries are, everything else with OK. KILL ends another connection. It keeps
a record of each command, in order, with the number of the connection it came on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event
from gevent.server import StreamServer

from athena_g.protocol import auth
from athena_g.protocol.constants import (
    CLIENT_CONNECT_ATTRS,
    CLIENT_CONNECT_WITH_DB,
    CLIENT_LOCAL_FILES,
    CLIENT_MULTI_RESULTS,
    CLIENT_MULTI_STATEMENTS,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
    CLIENT_PROTOCOL_41,
    CLIENT_PS_MULTI_RESULTS,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SESSION_TRACK,
    CLIENT_TRANSACTIONS,
    SERVER_STATUS_AUTOCOMMIT,
    SERVER_STATUS_IN_TRANS,
    Command,
)
from athena_g.protocol.handshake import Greeting, HandshakeResponse
from athena_g.protocol.replies import EofPacket

from . import prepared, replies
from .prepared import Statements
from .variables import Variables
from .wire import Gone, Wire

USER, PASSWORD = "backend", "backend-secret"

_CAPABILITIES = (
    CLIENT_PROTOCOL_41
    | CLIENT_CONNECT_WITH_DB
    | CLIENT_TRANSACTIONS
    | CLIENT_SECURE_CONNECTION
    | CLIENT_MULTI_STATEMENTS
    | CLIENT_MULTI_RESULTS
    | CLIENT_PLUGIN_AUTH
    | CLIENT_CONNECT_ATTRS
    | CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
    | 2  # CLIENT_FOUND_ROWS
    | 256  # CLIENT_IGNORE_SPACE
    | CLIENT_LOCAL_FILES
    | CLIENT_PS_MULTI_RESULTS
)

IN_TRANSACTION = SERVER_STATUS_AUTOCOMMIT | SERVER_STATUS_IN_TRANS

Step = bytes | Event | Callable[["Conversation"], None]
"""Bytes are sent, an event is waited for, anything else is called."""


def hang_up(conversation: Conversation) -> None:
    """A step: close the connection."""
    conversation.hang_up()


class Conversation:
    """One connection to the fake; ``rollbacks`` counts transactions that ended without COMMIT.

    ``insert_id`` is what LAST_INSERT_ID() gives. ``packets`` are the commands as they came.
    """

    def __init__(self, server: FakeServer, number: int, wire: Wire) -> None:
        self.server = server
        self.number = number
        self.wire = wire
        self.login: HandshakeResponse | None = None
        self.status = SERVER_STATUS_AUTOCOMMIT
        self.rollbacks = 0
        self.insert_id = 0
        self.variables = Variables()
        self.statements = Statements(number)
        self.packets: list[bytes] = []
        self.ended = Event()

    def run(self) -> None:
        try:
            if self._log_in():
                while True:
                    self.wire.deframer.sequence_id = 0
                    self._answer(self.wire.read_packet())
        except Gone:
            pass
        finally:
            self._roll_back()
            self.wire.close()
            self.ended.set()

    def hang_up(self) -> None:
        """Close, also from another greenlet."""
        self.wire.close()

    def play(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            if isinstance(step, bytes):
                self.wire.send(step)
            elif isinstance(step, Event):
                step.wait()
            else:
                step(self)

    def _log_in(self) -> bool:
        server, wire = self.server, self.wire
        self.play(server.before_greeting)
        if server.greeting is not None:
            self.play(server.greeting)
            return False
        scramble = auth.new_scramble()
        capabilities = _CAPABILITIES | (CLIENT_SESSION_TRACK if server.tracks else 0)
        wire.send_packet(
            Greeting(
                server.version, self.number, scramble, capabilities, 255, auth_plugin=auth.NATIVE
            ).encode()
        )
        self.login = HandshakeResponse.decode(wire.read_packet())
        if server.login_reply is not None:
            self.play(server.login_reply)
            return False
        assert auth.verify_native(PASSWORD.encode(), scramble, self.login.auth_response)
        wire.send(replies.ok(first=2))
        wire.deframer.sequence_id = 0
        assert wire.read_packet() == b"\x03SET NAMES utf8mb4"  # PyMySQL's; not in the record
        wire.send(replies.ok())
        server.peak = max(server.peak, len(server.open_connections))
        return True

    def _answer(self, payload: bytes) -> None:
        command, body = Command(payload[0]), payload[1:]
        self.packets.append(payload)
        label = _label(command, body)
        self.server.note(self.number, label)
        steps = self.server.scripted(label)
        if steps is not None:
            self.play(steps)
        elif command is Command.QUERY:
            self._query(label)
        elif command in prepared.COMMANDS:
            self.wire.send(self.statements.answer(command, body, self.status))
        else:
            self._plain(command)

    def _query(self, text: str) -> None:
        word = text.split(None, 1)[0].upper() if text.strip() else ""
        if word in ("BEGIN", "START"):
            self.status = IN_TRANSACTION
        elif word == "COMMIT":
            self.status = SERVER_STATUS_AUTOCOMMIT
        elif word == "ROLLBACK":
            self._roll_back()
        elif word == "KILL":
            self.server.kill(text)
        if word in ("SELECT", "SHOW"):
            self.wire.send(self._rows(word, text))
        else:
            state = self.variables.set(text) if word == "SET" else b""
            self.wire.send(replies.ok(status=self.status, session_state=state))

    def _rows(self, word: str, text: str) -> bytes:
        if word == "SHOW":
            return replies.result([], columns=("Level", "Code", "Message"), status=self.status)
        if text.startswith("SELECT LAST_INSERT_ID()"):
            return replies.result([[str(self.insert_id)]], status=self.status)
        answer = self.variables.answer(text)
        return answer or replies.result([[text]], status=self.status)

    def _plain(self, command: Command) -> None:
        match command:
            case Command.QUIT:
                raise Gone("quit")
            case Command.RESET_CONNECTION:
                self._reset()
                self.wire.send(replies.ok())
            case Command.SET_OPTION:
                self.wire.send(replies.packets(EofPacket(0, self.status).encode()))
            case Command.STATISTICS:
                self.wire.send(replies.packets(b"Uptime: 1"))
            case Command.FIELD_LIST:
                self.wire.send(replies.packets(*replies.result_payloads([])[1:3]))
            case _:
                self.wire.send(replies.ok(status=self.status))

    def _reset(self) -> None:
        self._roll_back()
        self.insert_id = 0
        self.variables.reset()
        self.statements.reset()

    def _roll_back(self) -> None:
        if self.status & SERVER_STATUS_IN_TRANS:
            self.rollbacks += 1
        self.status = SERVER_STATUS_AUTOCOMMIT


def _label(command: Command, body: bytes) -> str:
    """The text of a query; else the command with its text or the number of its statement."""
    text = body.decode("utf-8", "backslashreplace")
    if command is Command.QUERY:
        return text
    if command in prepared.COMMANDS and command is not Command.STMT_PREPARE:
        text = str(int.from_bytes(body[:4], "little"))
    return f"{command.name} {text}".strip()


class FakeServer:
    """Listens from the beginning; ``greeting`` and ``login_reply`` replace what is sent then.

    ``peak`` is the most connections that were logged in at a time.
    """

    def __init__(self, *, tracks: bool = True, version: str = "8.4.0-fake") -> None:
        self.tracks = tracks
        self.version = version
        self.before_greeting: tuple[Step, ...] = ()
        self.greeting: tuple[Step, ...] | None = None
        self.login_reply: tuple[Step, ...] | None = None
        self.send_buffer: int | None = None
        self.connections: list[Conversation] = []
        self.record: list[tuple[int, str]] = []
        self.peak = 0
        self._scripts: dict[str | None, list[tuple[Step, ...]]] = {}
        self._noted = Event()
        self._listener = StreamServer(("127.0.0.1", 0), self._accept)
        self._listener.start()
        self.address: tuple[str, int] = ("127.0.0.1", self._listener.server_port)

    def say(self, label: str | None, *steps: Step) -> None:
        """Answer the command so labelled with ``steps``, ``None``: every other one.

        Said once it holds for ever; said several times, each is for one command and the last
        for all that follow.
        """
        self._scripts.setdefault(label, []).append(steps)

    def scripted(self, label: str) -> tuple[Step, ...] | None:
        answers = self._scripts.get(label, self._scripts.get(None))
        if answers is None:
            return None
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def note(self, number: int, label: str) -> None:
        self.record.append((number, label))
        self._noted.set()
        self._noted.clear()

    @property
    def seen(self) -> list[str]:
        """The commands so far, whichever connection they came on."""
        return [label for _, label in self.record]

    def wait_for(self, label: str, times: int = 1) -> None:
        """Return when the command has come ``times`` times."""
        with gevent.Timeout(10, AssertionError(f"{label!r} did not come; {self.seen}")):
            while self.seen.count(label) < times:
                self._noted.wait()

    @property
    def open_connections(self) -> list[Conversation]:
        return [each for each in self.connections if not each.ended.is_set()]

    @property
    def rollbacks(self) -> int:
        return sum(each.rollbacks for each in self.connections)

    def kill(self, text: str) -> None:
        """End the connection that a KILL names, unless it is about its statement only."""
        words = text.split()
        number = int(words[-1])
        if len(words) == 2 and number <= len(self.connections):
            self.connections[number - 1].hang_up()

    def stop_listening(self) -> None:
        """Refuse connections from now on; those that are there stay."""
        self._listener.close()

    def close(self) -> None:
        self._listener.close()
        for each in self.open_connections:
            each.hang_up()
        for each in self.connections:
            each.ended.wait(5)

    def _accept(self, sock: Any, address: Any) -> None:
        sock.setsockopt(gevent.socket.IPPROTO_TCP, gevent.socket.TCP_NODELAY, 1)
        if self.send_buffer is not None:
            sock.setsockopt(gevent.socket.SOL_SOCKET, gevent.socket.SO_SNDBUF, self.send_buffer)
        conversation = Conversation(self, len(self.connections) + 1, Wire(sock))
        self.connections.append(conversation)
        conversation.run()
