"""Logging in to a server, and what each way of failing is called."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from gevent import socket
from gevent.event import Event

from athena_g.backend.endpoint import Endpoint
from athena_g.backend.login import LoggedIn, log_in
from athena_g.errors import SqlError
from athena_g.protocol.constants import CLIENT_FOUND_ROWS, CLIENT_SESSION_TRACK
from athena_g.protocol.framing import frame
from tests.fakes import replies
from tests.fakes.proxy import endpoint_of, until
from tests.fakes.server import FakeServer, hang_up


def refused(endpoint: Endpoint) -> SqlError:
    with pytest.raises(SqlError) as caught:
        log_in(endpoint, 0)
    return caught.value


@pytest.mark.parametrize("tracks", [True, False])
def test_a_login_tells_what_the_server_said_of_itself(backend: FakeServer, tracks: bool) -> None:
    backend.tracks = tracks
    login = log_in(endpoint_of(backend), 0)
    assert (login.server_version, login.thread_id) == ("8.4.0-fake", 1)
    assert login.tracks_session is tracks
    login.stream.close()


def test_a_login_carries_the_flags_the_database_and_the_user(backend: FakeServer) -> None:
    login = log_in(endpoint_of(backend), CLIENT_FOUND_ROWS)
    said = backend.connections[0].login
    assert said is not None
    assert (said.user, said.database) == ("backend", "shop")
    assert said.capabilities & CLIENT_FOUND_ROWS
    assert said.capabilities & CLIENT_SESSION_TRACK
    login.stream.close()


def test_nothing_is_left_to_read_after_a_login(backend: FakeServer) -> None:
    login = log_in(endpoint_of(backend), 0)
    assert not login.stream.stale
    login.stream.send(frame(b"\x0e", 0))
    login.stream.sequence_id = 1
    assert login.stream.read_packet()[0] == 0
    login.stream.close()


@pytest.mark.parametrize(
    ("errno", "message", "expected"),
    [
        (1045, "Access denied for user", 1105),
        (1049, "Unknown database 'shop'", 1105),
        (1129, "Host is blocked", 1105),
        (1040, "Too many connections", 1040),
        (1203, "User already has more than", 1040),
        (1226, "User has exceeded", 1040),
    ],
)
def test_a_refusal_is_passed_on_with_its_reason(
    backend: FakeServer, errno: int, message: str, expected: int
) -> None:
    backend.login_reply = (replies.err(errno, message, first=2),)
    error = refused(endpoint_of(backend))
    assert (error.errno, error.fatal) == (expected, False)
    assert message in error.message
    assert f"127.0.0.1:{backend.address[1]} (group shop)" in error.message


@pytest.mark.parametrize("errno", [1040, 1129])
def test_a_refusal_before_the_greeting_is_passed_on(backend: FakeServer, errno: int) -> None:
    backend.greeting = (replies.err(errno, "not now", first=0),)
    error = refused(endpoint_of(backend))
    assert error.errno == {1040: 1040, 1129: 1105}[errno]
    assert "not now" in error.message


def test_a_port_nobody_listens_on_is_unreachable(backend: FakeServer) -> None:
    endpoint = endpoint_of(backend)
    backend.close()
    error = refused(endpoint)
    assert (error.errno, error.retryable) == (2003, True)
    assert "refused" in error.message


def test_a_name_that_does_not_exist_is_unreachable(backend: FakeServer) -> None:
    error = refused(endpoint_of(backend, host="no-such-host.invalid"))
    assert error.errno == 2003


@pytest.mark.parametrize("moment", ["before_greeting", "greeting", "login_reply"])
def test_a_server_that_hangs_up_in_the_login_is_unreachable(
    backend: FakeServer, moment: str
) -> None:
    setattr(backend, moment, (hang_up,))
    error = refused(endpoint_of(backend))
    assert error.errno == 2003
    assert "ost connection" in error.message or "reset" in error.message


@pytest.mark.parametrize("moment", ["before_greeting", "login_reply"])
def test_a_server_that_is_too_slow_is_unreachable(backend: FakeServer, moment: str) -> None:
    release = Event()
    setattr(backend, moment, (release,))
    error = refused(endpoint_of(backend, connect_timeout=0.05))
    assert error.errno == 2003
    assert "timed out" in error.message
    release.set()


def test_an_address_that_does_not_answer_is_given_up(backend: FakeServer) -> None:
    """A full backlog: the kernel drops what comes, as a host behind a firewall does."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = []
    for _ in range(4):
        waiting.append(socket.socket())
        waiting[-1].setblocking(False)
        waiting[-1].connect_ex(full.getsockname())
    endpoint = endpoint_of(backend, port=full.getsockname()[1], connect_timeout=0.1)
    assert "timed out" in refused(endpoint).message
    for sock in (full, *waiting):
        sock.close()


GARBAGE = {
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "empty packet": frame(b"", 0),
    "one byte": frame(b"\x0a", 0),
    "no version's end": frame(b"\x0a" + b"8" * 50, 0),
    "only a version": frame(b"\x0a8.0\0", 0),
    "half a greeting": frame(b"\x0a8.0\0\x01\0\0\0scramble\0\xff", 0),
    "a version that is no number": frame(b"\x0aabc\0" + b"\x01" * 60, 0),
    "protocol 9": frame(b"\x09" + b"\x01" * 30, 0),
    "zeros": bytes(200),
    "out of order": frame(b"\x0a8.0\0", 9),
    "an empty ERR": frame(b"\xff", 0),
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE.keys())
def test_what_is_no_mysql_server_is_an_error_that_names_it(
    backend: FakeServer, garbage: bytes
) -> None:
    backend.greeting = (garbage, hang_up)
    error = refused(endpoint_of(backend))
    assert error.errno in (1105, 2003)
    assert not error.fatal
    assert "127.0.0.1" in error.message


@pytest.mark.parametrize(
    "garbage",
    [
        frame(b"", 2),
        frame(b"\xfe", 2),
        frame(b"\xfenonsense\0scramble", 2),
        frame(b"\x01", 2),
        frame(b"\xff", 2),
        frame(b"\x05\x05", 2),
        frame(b"\0", 7),
    ],
)
def test_a_damaged_answer_to_the_login_is_an_error_that_names_the_server(
    backend: FakeServer, garbage: bytes
) -> None:
    backend.login_reply = (garbage, hang_up)
    error = refused(endpoint_of(backend))
    assert error.errno in (1105, 2003)
    assert re.search(r"127\.0\.0\.1:\d+ \(group shop\)", error.message)


def test_random_greetings_give_only_errors_of_the_registry(backend: FakeServer) -> None:
    seed = 20_240_229
    chance = random.Random(seed)
    for case in range(150):
        payload = b"\x0a8.0\0" + chance.randbytes(chance.randrange(90))
        backend.greeting = (frame(payload, 0), hang_up)
        try:
            outcome: LoggedIn | SqlError = log_in(endpoint_of(backend), 0)
        except SqlError as error:
            outcome = error
        assert isinstance(outcome, SqlError), (seed, case)


@pytest.mark.parametrize("moment", ["greeting", "login_reply"])
def test_a_failed_login_closes_its_socket(backend: FakeServer, moment: str) -> None:
    setattr(backend, moment, (frame(b"\xff\x15\x04no", 2),))
    refused(endpoint_of(backend))
    assert backend.connections[0].ended.wait(5)


def test_tls_that_the_server_does_not_offer_is_refused(backend: FakeServer) -> None:
    error = refused(endpoint_of(backend, tls=True))
    assert error.errno == 1105
    assert "SSL" in error.message


def test_a_certificate_file_that_is_missing_is_an_error_and_leaves_no_socket(
    backend: FakeServer,
) -> None:
    error = refused(endpoint_of(backend, tls=True, tls_ca="/no/such/file.pem"))
    assert "No such file" in error.message
    until(lambda: len(backend.connections) == 1, "nothing arrived")
    assert backend.connections[0].ended.wait(5)


@pytest.mark.parametrize(
    ("host", "name"), [("db1", "db1:3306"), ("::1", "[::1]:3306"), ("10.0.0.1", "10.0.0.1:3306")]
)
def test_an_endpoint_is_called_by_host_and_port(host: str, name: str) -> None:
    options: dict[str, Any] = {"group": "g", "port": 3306, "user": "u", "password": "p"}
    endpoint = Endpoint(host=host, **options)
    assert endpoint.name == name
    assert "password" not in repr(endpoint)
