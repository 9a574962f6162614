"""Waiting for a descriptor: ready, ended, or out of patience."""

from __future__ import annotations

import gevent
import pytest
from gevent import socket

from athena_g.net.waiting import READ, WRITE, Waits, untaken

Ends = tuple["socket.socket", "socket.socket"]


@pytest.fixture
def ends() -> object:
    left, right = socket.socketpair()
    left.setblocking(False)
    yield left, right
    left.close()
    right.close()


def fill(sock: socket.socket) -> int:
    """Send until nothing more is taken."""
    sent = 0
    try:
        while True:
            sent += sock.send(bytes(1 << 12))
    except BlockingIOError:
        return sent


def test_a_wait_ends_when_the_descriptor_is_ready(ends: Ends) -> None:
    left, right = ends
    waiting = gevent.spawn(Waits(left.fileno()).wait, READ)
    gevent.idle()
    assert not waiting.ready()
    right.send(b"x")
    assert waiting.get() is True


def test_a_wait_can_be_ended_from_elsewhere(ends: Ends) -> None:
    left, _ = ends
    waits = Waits(left.fileno())
    waiting = [gevent.spawn(waits.wait, READ) for _ in range(2)]
    gevent.idle()
    waits.end()
    assert [each.get() for each in waiting] == [True, True]


def test_a_killed_wait_leaves_nothing_to_be_woken(ends: Ends) -> None:
    left, right = ends
    waits = Waits(left.fileno())
    waiting = gevent.spawn(waits.wait, READ)
    gevent.idle()
    waiting.kill()
    waits.end()
    right.send(b"x")
    assert waits.wait(READ) is True


def test_patience_ends_when_nothing_is_taken(ends: Ends) -> None:
    left, _ = ends
    fill(left)
    assert Waits(left.fileno()).wait(WRITE, 0.05) is False


def test_patience_does_not_end_while_a_little_is_taken(ends: Ends) -> None:
    """The system calls a socket writable only when much of its buffer is free."""
    left, right = ends
    fill(left)
    waiting = gevent.spawn(Waits(left.fileno()).wait, WRITE, 0.2)
    for _ in range(8):
        gevent.sleep(0.1)  # longer in all than the patience; the slowness is what is tested
        right.recv(1 << 12)
    assert not waiting.ready()
    waiting.kill()


def test_what_is_not_taken_is_counted(ends: Ends) -> None:
    left, right = ends
    assert untaken(left.fileno()) == 0
    left.send(bytes(1000))
    assert untaken(left.fileno()) >= 1000
    right.recv(1000)
    assert untaken(left.fileno()) == 0


def test_of_what_is_no_socket_nothing_is_known() -> None:
    with open("/dev/null") as file:
        assert untaken(file.fileno()) == 0
