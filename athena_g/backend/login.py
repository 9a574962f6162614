"""Logging in to a MySQL server: PyMySQL does handshake, authentication and TLS.

Afterwards the socket is ours. This is the one module that reaches into PyMySQL's privates, and
the one where its exceptions become entries of the error registry.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import Any

import gevent
import pymysql
from gevent import socket as gevent_socket
from loguru import logger

from athena_g import errors
from athena_g.backend.endpoint import Endpoint
from athena_g.errors import SqlError
from athena_g.net.stream import ConnectionClosed, PacketStream, SocketStream, TlsStream
from athena_g.protocol.constants import CLIENT_SESSION_TRACK, SERVER_SESSION_STATE_CHANGED

# A reply's packets are walked, not assembled; only short ones are ever read whole.
_MAX_PACKET = 1 << 30

_TOO_MANY = frozenset((1040, 1203, 1226))


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A fresh connection: its stream and what the server said of itself.

    ``status`` are the flags of a session that has set nothing.
    """

    stream: PacketStream
    server_version: str
    thread_id: int
    tracks_session: bool
    status: int


def log_in(endpoint: Endpoint, flags: int) -> LoggedIn:
    """A connection to ``endpoint`` with the capability ``flags`` of the client it is for.

    Raises :class:`~athena_g.errors.SqlError`: unreachable, too slow, or login refused.
    """
    try:
        with gevent.Timeout(endpoint.connect_timeout, TimeoutError("timed out")):
            return _take_over(_connect(endpoint, flags))
    except ConnectionClosed:  # the client whom the connection was for is gone
        raise
    except Exception as error:
        # Any: PyMySQL fails with IndexError, struct.error and others on what is no MySQL server.
        raise _translated(endpoint, error) from None


def _connect(endpoint: Endpoint, flags: int) -> Any:
    sock = gevent_socket.create_connection((endpoint.host, endpoint.port))
    try:
        sock.setsockopt(gevent_socket.IPPROTO_TCP, gevent_socket.TCP_NODELAY, 1)
        sock.setsockopt(gevent_socket.SOL_SOCKET, gevent_socket.SO_KEEPALIVE, 1)
        connection: Any = pymysql.Connection(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password.encode(),
            database=endpoint.database,
            charset="utf8mb4",
            client_flag=flags | CLIENT_SESSION_TRACK,
            autocommit=None,
            program_name="athena-g",
            defer_connect=True,
            **_tls_options(endpoint),
        )
        connection.connect(sock)
    except BaseException:
        sock.close()
        raise
    return connection


def _tls_options(endpoint: Endpoint) -> dict[str, Any]:
    if not endpoint.tls:
        return {"ssl_disabled": True}
    context = ssl.create_default_context(cafile=endpoint.tls_ca)
    context.check_hostname = endpoint.tls_verify_host
    if endpoint.tls_ca is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return {"ssl": context}


def _take_over(connection: Any) -> LoggedIn:
    """Take the socket out of a PyMySQL connection that has no reply outstanding."""
    sock, connection._sock = connection._sock, None
    reader, connection._rfile = connection._rfile, None
    connection._closed = True
    reader.close()
    stream: PacketStream
    if isinstance(sock, ssl.SSLSocket):
        sock.settimeout(None)
        stream = TlsStream(sock, _MAX_PACKET)
    else:
        stream = SocketStream(sock.detach(), _MAX_PACKET)
    return LoggedIn(
        stream,
        connection.server_version,
        connection.server_thread_id[0],
        bool(connection.server_capabilities & CLIENT_SESSION_TRACK),
        connection.server_status & ~SERVER_SESSION_STATE_CHANGED,
    )


def _translated(endpoint: Endpoint, error: Exception) -> SqlError:
    where = {"instance": endpoint.name, "group": endpoint.group}
    original = getattr(error, "original_exception", None)
    errno = error.args[0] if error.args else None
    text = str(error.args[1]) if len(error.args) > 1 else str(error)
    if isinstance(error, OSError) or isinstance(original, OSError):
        return errors.BACKEND_UNREACHABLE(reason=original or error, **where)
    if errno in _TOO_MANY:
        return errors.BACKEND_FULL(reason=text, **where)
    if errno in (2003, 2013, 2006):
        return errors.BACKEND_UNREACHABLE(reason=text, **where)
    if not isinstance(error, pymysql.err.MySQLError | RuntimeError):
        logger.opt(exception=error).warning("login to {}: a damaged packet", endpoint.name)
        reason = f"a damaged packet in the login ({type(error).__name__}: {error})"
        return errors.BACKEND_PROTOCOL(reason=reason, **where)
    reason = f"{text} ({errno})" if isinstance(errno, int) else text
    return errors.BACKEND_LOGIN_REFUSED(reason=reason, **where)
