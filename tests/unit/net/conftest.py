"""Two connected streams of every kind, and the fakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gevent
import pytest
from gevent import socket

from athena_g.net.memory import memory_pair
from athena_g.net.stream import PacketStream, SocketStream, TlsStream
from tests.fakes.certificates import Certificate
from tests.fakes.fixtures import backend as backend
from tests.fakes.fixtures import certificate as certificate
from tests.fakes.fixtures import guard as guard
from tests.fakes.fixtures import make_proxy as make_proxy
from tests.fakes.fixtures import proxy as proxy

LIMIT = 1 << 26

Pair = tuple[PacketStream, PacketStream]


def make_memory_pair(_: Certificate) -> Pair:
    return memory_pair(LIMIT)


def make_socket_pair(_: Certificate) -> Pair:
    left, right = socket.socketpair()
    return SocketStream(left.detach(), LIMIT), SocketStream(right.detach(), LIMIT)


def make_tls_pair(certificate: Certificate) -> Pair:
    left, right = socket.socketpair()
    connecting = gevent.spawn(certificate.client_context().wrap_socket, left)
    served = TlsStream(certificate.server_context().wrap_socket(right, server_side=True), LIMIT)
    return TlsStream(connecting.get(), LIMIT), served


MAKERS: dict[str, Callable[[Certificate], Pair]] = {
    "socket": make_socket_pair,
    "memory": make_memory_pair,
    "tls": make_tls_pair,
}


@pytest.fixture(params=[make_memory_pair, make_socket_pair], ids=["memory", "socket"])
def clear_pair(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[Pair]:
    """Two connected streams without TLS, which knows no half-closed connections."""
    left, right = request.param(certificate)
    yield left, right
    left.close()
    right.close()


@pytest.fixture(params=MAKERS)
def pair(request: pytest.FixtureRequest, certificate: Certificate) -> Iterator[Pair]:
    """Two connected streams: one pair of each kind."""
    left, right = MAKERS[request.param](certificate)
    yield left, right
    left.close()
    right.close()
