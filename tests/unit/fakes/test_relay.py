"""The relay does what is planned to the packet it is planned for, and nothing to the others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from athena_g.protocol.framing import frame
from athena_g.protocol.replies import ErrPacket
from tests.fakes import faults as acts
from tests.fakes import replies
from tests.fakes.dialogue import Role
from tests.fakes.relay import Relay

GREETING = frame(b"\x0a8.4.0", 0)
LOGIN = frame(bytes(40), 1)
WELCOME = frame(b"\0\0\0\2\0\0\0", 2)
ASK = frame(b"\3SELECT 1", 0)
RESULT = replies.result([["a"], ["b"], ["c"]])
OK = replies.ok()
BEFORE_ROWS = RESULT.index(b"\1a") - 4


@dataclass
class Ends:
    """Both ends of what the relay stands between; the test plays them in turn."""

    relay: Relay
    listener: socket.socket
    client: socket.socket
    server: socket.socket

    def log_in(self) -> None:
        for sender, receiver, data in (
            (self.server, self.client, GREETING),
            (self.client, self.server, LOGIN),
            (self.server, self.client, WELCOME),
        ):
            sender.sendall(data)
            assert receive(receiver, len(data)) == data

    def ask(self, command: bytes = ASK) -> None:
        self.client.sendall(command)
        assert receive(self.server, len(command)) == command


def receive(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (chunk := sock.recv(size - len(data))):
        data += chunk
    return data


def receive_all(sock: socket.socket) -> bytes:
    return receive(sock, 1 << 20)


@pytest.fixture
def ends() -> Iterator[Ends]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with Relay(*listener.getsockname()) as relay:
            with socket.create_connection(("127.0.0.1", relay.port), 10) as client:
                server, _ = listener.accept()
                server.settimeout(10)
                with server:
                    yield Ends(relay, listener, client, server)


def test_what_nothing_is_planned_for_passes_as_it_is(ends: Ends) -> None:
    ends.log_in()
    ends.ask()
    ends.server.sendall(RESULT)
    assert receive(ends.client, len(RESULT)) == RESULT
    assert ends.relay.labels() == ["QUERY SELECT 1"]


def test_the_end_of_one_side_is_passed_on_to_the_other(ends: Ends) -> None:
    ends.log_in()
    ends.client.close()
    assert ends.server.recv(1) == b""


def test_a_reset_of_one_side_is_passed_on_as_a_reset(ends: Ends) -> None:
    ends.log_in()
    ends.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    ends.client.close()
    with pytest.raises(ConnectionResetError):
        ends.server.recv(1)


def test_half_a_close_leaves_the_other_direction(ends: Ends) -> None:
    ends.log_in()
    ends.server.shutdown(socket.SHUT_WR)
    assert ends.client.recv(1) == b""
    ends.ask()


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_the_end_comes_in_place_of_the_row_it_is_planned_for(ends: Ends, skip: int) -> None:
    fault = ends.relay.plan(Role.ROW, acts.end, "SELECT", skip)
    ends.log_in()
    ends.ask()
    ends.server.sendall(RESULT)
    assert receive_all(ends.client) == RESULT[: BEFORE_ROWS + 6 * skip]
    assert fault.packet is not None
    assert fault.packet.number == skip
    assert ends.server.recv(1) == b""


def test_a_packet_is_cut_where_the_plan_says(ends: Ends) -> None:
    ends.relay.plan(Role.ROW, acts.cut(5))
    ends.log_in()
    ends.ask()
    ends.server.sendall(RESULT)
    assert receive_all(ends.client) == RESULT[: BEFORE_ROWS + 5]


def test_a_reset_reaches_both_sides(ends: Ends) -> None:
    ends.relay.plan(Role.COMMAND, acts.reset)
    ends.log_in()
    ends.client.sendall(ASK)
    for side in (ends.client, ends.server):
        with pytest.raises(ConnectionResetError):
            side.recv(1)


def test_a_fault_strikes_once_and_only_the_command_it_is_planned_for(ends: Ends) -> None:
    ends.relay.plan(Role.OK, acts.refuse(1053, "going", closing=False), "UPDATE")
    ends.log_in()
    for sql, expected in ((b"DELETE", OK), (b"UPDATE", None), (b"UPDATE", OK)):
        ends.ask(frame(b"\3" + sql, 0))
        ends.server.sendall(OK)
        if expected is None:
            error = ErrPacket(1053, "HY000", "going").encode()
            expected = frame(error, 1)
        assert receive(ends.client, len(expected)) == expected


def test_an_error_in_place_of_a_reply_takes_all_of_it(ends: Ends) -> None:
    ends.relay.plan(Role.COLUMN_COUNT, acts.refuse(1105, "no", closing=False))
    ends.log_in()
    error = frame(ErrPacket(1105, "HY000", "no").encode(), 1)
    for expected in (error, RESULT):
        ends.ask()
        ends.server.sendall(RESULT)
        assert receive(ends.client, len(expected)) == expected


def test_what_is_held_comes_when_it_is_released_and_in_order(ends: Ends) -> None:
    fault = ends.relay.plan(Role.ROW, acts.hold, skip=1)
    ends.log_in()
    ends.ask()
    ends.server.sendall(RESULT)
    fault.wait()
    before = BEFORE_ROWS + 6
    assert receive(ends.client, before) == RESULT[:before]
    ends.client.setblocking(False)
    with pytest.raises(BlockingIOError):
        ends.client.recv(1)
    ends.client.settimeout(10)
    fault.release()
    assert receive(ends.client, len(RESULT) - before) == RESULT[before:]


def test_a_stalled_connection_says_nothing_and_stays(ends: Ends) -> None:
    fault = ends.relay.plan(Role.OK, acts.stall)
    ends.log_in()
    ends.ask()
    ends.server.sendall(OK)
    fault.wait()
    ends.client.setblocking(False)
    with pytest.raises(BlockingIOError):
        ends.client.recv(1)
    assert ends.relay.open_connections == 1


def test_when_one_side_leaves_a_stalled_connection_the_other_is_closed(ends: Ends) -> None:
    fault = ends.relay.plan(Role.GREETING, acts.stall)
    ends.server.sendall(GREETING)
    fault.wait()
    ends.client.close()
    assert ends.server.recv(1) == b""


def test_connections_are_refused_until_it_listens_again(ends: Ends) -> None:
    ends.relay.refuse_connections()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ends.relay.port), 10)
    ends.relay.listen()
    with socket.create_connection(("127.0.0.1", ends.relay.port), 10):
        ends.listener.accept()[0].close()
    ends.log_in()


def test_a_server_that_is_not_there_is_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with Relay(*address) as relay:
        with socket.create_connection(("127.0.0.1", relay.port), 10) as client:
            with pytest.raises(ConnectionResetError):
                client.recv(1)
