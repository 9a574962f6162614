"""The client that reads large results, against a server that follows a script."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from bench_lib.address import Address
from bench_lib.client import Connection, ServerError

GREETING = (
    b"\x0a8.4.0\0" + b"\x01\0\0\0" + b"abcdefgh\0" + b"\xff\xff\x2d\x02\0\xff\xdf\x15" + bytes(10)
    + b"ijklmnopqrst\0" + b"caching_sha2_password\0"
)  # fmt: skip
SWITCH = b"\xfemysql_native_password\0" + b"ABCDEFGHIJKLMNOPQRST\0"
OK = b"\0\0\0\x02\0\0\0"
EOF = b"\xfe\0\0\x02\0"
ERROR = b"\xff\x28\x04#42000You have an error"
ROWS = [b"\x011\x01a", b"\x012\xfb"]
BUFFER = memoryview(bytearray(1 << 16))


def packets(*payloads: bytes, first: int) -> bytes:
    return b"".join(
        len(payload).to_bytes(3, "little") + bytes([number]) + payload
        for number, payload in enumerate(payloads, first)
    )


RESULT = packets(b"\x02", b"column", b"column", EOF, *ROWS, EOF, first=1)

Connect = Callable[..., Connection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Logs in to a server that has an answer for each packet it is sent."""
    with ExitStack() as stack:

        def run(*answers: bytes) -> Connection:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=serve, args=(listener, answers))
            thread.start()
            stack.callback(thread.join)
            port = listener.getsockname()[1]
            return stack.enter_context(Connection(Address("127.0.0.1", port, "u", "p", "d")))

        yield run


def serve(listener: socket.socket, answers: tuple[bytes, ...]) -> None:
    client, _ = listener.accept()
    with client:
        client.sendall(packets(GREETING, first=0))
        for answer in answers:
            client.recv(1 << 16)
            client.sendall(answer)
        client.recv(1 << 16)


LOGIN = packets(b"\x01\x03", OK, first=2)


def test_rows_are_read_as_text(connect: Connect) -> None:
    assert connect(LOGIN, RESULT).query("SELECT 1") == [["1", "a"], ["2", None]]


def test_another_authentication_method_is_followed(connect: Connect) -> None:
    switched = connect(packets(SWITCH, first=2), packets(OK, first=4), RESULT)
    assert len(switched.query("SELECT 1")) == 2


def test_a_refused_login_says_why(connect: Connect) -> None:
    with pytest.raises(ServerError, match="1064: You have an error"):
        connect(packets(ERROR, first=2))


def test_a_reply_is_measured_in_rows_and_bytes_of_the_wire(connect: Connect) -> None:
    assert connect(LOGIN, RESULT).measure("SELECT 1") == (2, len(RESULT))


def test_a_reply_of_the_right_size_is_read_to_its_end(connect: Connect) -> None:
    connection = connect(LOGIN, RESULT, RESULT)
    connection.read("SELECT 1", len(RESULT), BUFFER)
    assert connection.measure("SELECT 1") == (2, len(RESULT))


def test_the_end_of_a_reply_may_come_in_pieces(connect: Connect) -> None:
    connection = connect(LOGIN, RESULT)
    connection.read("SELECT 1", len(RESULT), BUFFER[:7])


@pytest.mark.parametrize("size", [len(RESULT) - 1, len(RESULT) - 9])
def test_a_reply_of_another_size_is_an_error(connect: Connect, size: int) -> None:
    with pytest.raises(ServerError, match="not the one"):
        connect(LOGIN, RESULT).read("SELECT 1", size, BUFFER)


def test_an_error_in_place_of_a_large_reply_is_told(connect: Connect) -> None:
    with pytest.raises(ServerError, match="1064: You have an error"):
        connect(LOGIN, packets(ERROR, first=1)).read("SELECT 1", len(RESULT), BUFFER)
