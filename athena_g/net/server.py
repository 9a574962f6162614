"""A MySQL-speaking server without its SQL: listener, accept gate, login, registry.

The proxy, the admin console and the embedded server each give it a :class:`Handler`.
"""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import gevent
from gevent.server import StreamServer
from loguru import logger

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.net.compressed import CompressedStream
from athena_g.net.handshake import Account, Login, LoginPolicy, change_user, log_in
from athena_g.net.stream import ConnectionClosed, PacketStream, SocketStream
from athena_g.protocol.constants import CLIENT_COMPRESS, SERVER_STATUS_AUTOCOMMIT
from athena_g.protocol.replies import OkPacket

_DRAIN_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class ListenSettings:
    """Where a server listens and what it bears; times in seconds, sizes in bytes.

    Once a client is logged in, it may take nothing of an answer for ``net_write_timeout``, and
    send nothing in the middle of a packet for ``net_read_timeout``, before it is given up.
    """

    host: str = "127.0.0.1"
    port: int = 0
    backlog: int = 1024
    max_connections: int = 1000
    connect_timeout: float = 10.0
    max_allowed_packet: int = 64 << 20
    net_write_timeout: float = 60.0
    net_read_timeout: float = 30.0
    tcp_keepalive: bool = True
    tcp_keepalive_time: int = 60
    tcp_keepalive_interval: int = 10
    tcp_keepalive_count: int = 3


@dataclass(slots=True)
class Client:
    """One connection that a client made; the registry holds it from accept to close.

    ``registry`` has all clients of the server by their connection ids.
    """

    id: int
    stream: PacketStream
    host: str
    registry: Mapping[int, Client] = field(repr=False)
    prove: Callable[[Client, bytes], Login] = field(repr=False)
    connected_at: float = field(default_factory=time.time)
    login: Login | None = None
    session: Session | None = None

    def switch(self, stream: PacketStream) -> None:
        """Go on over ``stream``, which took over the connection of the one before."""
        self.stream = stream

    def change_user(self, payload: bytes) -> Login:
        """Who the client has become by the COM_CHANGE_USER in ``payload``; the OK is to be sent.

        Raises :class:`~athena_g.errors.SqlError`, which ends the connection.
        """
        self.login = login = self.prove(self, payload)
        return login


class Session(Protocol):
    """What a handler does for one client that is logged in.

    It may have a ``status``: the server status flags of the OK that ends the login, which is that
    of a session with autocommit otherwise.
    """

    def run(self) -> None:
        """Answer commands until the client quits; may raise SqlError to end with an ERR."""

    def close(self) -> None:
        """Give back everything; called once, also after a failed :meth:`run`."""


class Handler(Protocol):
    """What makes a server the one it is."""

    def find_account(self, user: str, database: str | None) -> Account | None:
        """The account, or ``None``."""

    def open(self, client: Client, login: Login) -> Session:
        """A session for a client that proved who it is; SqlError is sent in place of the OK."""


class Server:
    """Listens once :meth:`start` was called; each client gets a greenlet."""

    def __init__(self, settings: ListenSettings, policy: LoginPolicy, handler: Handler) -> None:
        self.settings = settings
        self.clients: dict[int, Client] = {}
        self.accepted = 0
        self.refused = 0
        self._policy = policy
        self._handler = handler
        self._ids = itertools.count(1)
        self._greenlets: set[gevent.Greenlet[..., Any]] = set()
        self._listener: StreamServer | None = None

    # -- life ------------------------------------------------------------------------------------

    def start(self) -> tuple[str, int]:
        """Listen; gives the host and port. Raises OSError when the address cannot be had."""
        self._listener = StreamServer(_listen(self.settings), self._accept, spawn=self._spawn)
        self._listener.start()
        host, port = self._listener.socket.getsockname()[:2]
        return host, port

    def stop(self, grace: float = 5.0) -> None:
        """Stop listening, end every connection, wait up to ``grace`` seconds for the greenlets."""
        if self._listener is not None:
            self._listener.close()
        for client in list(self.clients.values()):
            client.stream.shutdown()
        leftover = list(self._greenlets)
        gevent.joinall(leftover, timeout=grace)
        gevent.killall([one for one in leftover if not one.ready()], timeout=1)

    def _spawn(self, handle: Any, *arguments: Any) -> None:
        greenlet = gevent.spawn(handle, *arguments)
        self._greenlets.add(greenlet)
        greenlet.rawlink(self._greenlets.discard)

    # -- one connection --------------------------------------------------------------------------

    def _accept(self, sock: Any, address: Any) -> None:
        """The accept gate: registered before the handshake, so half-open logins count too."""
        self.accepted += 1
        try:
            self._tune(sock)
            stream = SocketStream(sock.detach(), self.settings.max_allowed_packet)
        except OSError:
            return
        host = str(address[0]) if address else "localhost"
        client = Client(next(self._ids), stream, host, self.clients, self._change_user)
        try:
            if len(self.clients) >= self.settings.max_connections:
                self.refused += 1
                raise errors.TOO_MANY_CONNECTIONS(limit=self.settings.max_connections)
            self.clients[client.id] = client
            self._serve(client)
        except SqlError as error:
            self._say_goodbye(client, error)
        except ConnectionClosed:
            pass
        except Exception as error:
            self._say_goodbye(client, _internal_error(client, error))
        finally:
            self.clients.pop(client.id, None)
            client.stream.close()

    def _serve(self, client: Client) -> None:
        session: Session | None = None
        try:
            with self._login_timeout():
                session = self._log_in(client)
            session.run()
        finally:
            if session is not None:
                session.close()

    def _log_in(self, client: Client) -> Session:
        login = log_in(client.stream, self._policy, client.id, client.host, client.switch)
        client.login = login
        compressed = None
        if login.capabilities & CLIENT_COMPRESS:
            client.switch(compressed := CompressedStream(client.stream))
        client.session = session = self._handler.open(client, login)
        try:
            self._welcome(client.stream, login, session)
            if compressed is not None:
                compressed.begin()
        except BaseException:
            session.close()
            raise
        return session

    def _welcome(self, stream: PacketStream, login: Login, session: Session) -> None:
        """Send the OK; from here on the settings for clients that are logged in apply."""
        settings = self.settings
        stream.allow_packets(settings.max_allowed_packet)
        stream.write_timeout = settings.net_write_timeout
        stream.read_timeout = settings.net_read_timeout
        status = getattr(session, "status", SERVER_STATUS_AUTOCOMMIT)
        stream.write_packet(OkPacket(status=status).encode(login.capabilities))
        stream.flush()

    def _change_user(self, client: Client, payload: bytes) -> Login:
        assert client.login is not None
        with self._login_timeout():
            return change_user(
                client.stream, self._policy, payload, client.login, client.id, client.host
            )

    @contextmanager
    def _login_timeout(self) -> Iterator[None]:
        seconds = self.settings.connect_timeout
        with gevent.Timeout(seconds) as timeout:
            try:
                yield
            except gevent.Timeout as fired:
                if fired is not timeout:
                    raise
                raise errors.HANDSHAKE_TIMEOUT(seconds=seconds) from None

    def _say_goodbye(self, client: Client, error: SqlError) -> None:
        """Send the ERR that ends the connection, waiting at most a second for the client."""
        stream = client.stream
        with gevent.Timeout(1, False):
            try:
                stream.write_error(error)
                stream.flush()
                _linger(stream)
            except ConnectionClosed:
                pass

    def _tune(self, sock: Any) -> None:
        if sock.family == socket.AF_UNIX:
            return
        settings = self.settings
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not settings.tcp_keepalive:
            return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (
            ("TCP_KEEPIDLE", settings.tcp_keepalive_time),
            ("TCP_KEEPALIVE", settings.tcp_keepalive_time),
            ("TCP_KEEPINTVL", settings.tcp_keepalive_interval),
            ("TCP_KEEPCNT", settings.tcp_keepalive_count),
        ):
            if hasattr(socket, option):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def _listen(settings: ListenSettings) -> Any:
    """A listening socket; SO_REUSEADDR so that a restart need not wait for old connections."""
    from gevent import socket as gevent_socket

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    sock = gevent_socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((settings.host, settings.port))
        sock.listen(settings.backlog)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _linger(stream: PacketStream) -> None:
    """Read what the client had sent: closing with unread bytes would reset the ERR away."""
    stream.shutdown_write()
    taken = 0
    while taken < _DRAIN_BYTES and (size := stream.discard()):
        taken += size


def _internal_error(client: Client, error: Exception) -> SqlError:
    reference = f"{client.id}-{time.time_ns():x}"
    logger.opt(exception=error).error("connection {}: internal error {}", client.id, reference)
    return errors.INTERNAL_ERROR(reference=reference)
