"""The server's side of a login, as blocking code over a packet stream.

Source: MySQL Source Code Documentation, "Connection Phase" (page_protocol_connection_phase).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gevent.ssl import SSLContext
from loguru import logger

from athena_g import errors
from athena_g.net.stream import PacketStream, SocketStream, TlsStream
from athena_g.protocol import auth
from athena_g.protocol.auth import Reject, RsaKey, Send, ServerAuth
from athena_g.protocol.constants import CLIENT_SSL, SERVER_STATUS_AUTOCOMMIT
from athena_g.protocol.handshake import Greeting, HandshakeResponse, is_ssl_request

MAX_LOGIN_PACKET = 256 * 1024
"""Bytes a packet may have before the login is done; connection attributes are at most 64 KiB."""

_SSL_REQUEST_SIZE = 36
_NO_PASSWORD = (b"", b"\0")


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a client may log in as; ``owner`` is whatever the handler that found it needs."""

    user: str
    password: str = field(repr=False)
    owner: object = None


@dataclass(frozen=True, slots=True)
class LoginPolicy:
    """How a server greets and whom it lets in.

    ``find_account`` gets user and database name (``None``: none was named) and gives the account,
    or ``None`` for an unknown one: the client cannot tell that from a wrong password.
    """

    find_account: Callable[[str, str | None], Account | None]
    capabilities: int
    server_version: str
    auth_plugin: str = "caching_sha2_password"
    collation_id: int = 255
    tls: SSLContext | None = None
    tls_required: bool = False
    rsa_key: RsaKey = field(default_factory=RsaKey)


@dataclass(frozen=True, slots=True)
class Login:
    """What a client said of itself, and who it proved to be."""

    account: Account
    database: str | None
    capabilities: int
    collation_id: int
    attributes: dict[str, str]


def log_in(
    stream: PacketStream,
    policy: LoginPolicy,
    connection_id: int,
    host: str,
    switch: Callable[[PacketStream], None],
) -> Login:
    """The login; the OK is not sent yet.

    For TLS another stream takes the place of ``stream``: ``switch`` is called with it before
    anything travels over it. Raises :class:`~athena_g.errors.SqlError` for what the client is
    to be told, over the stream that is in place by then.
    """
    stream.allow_packets(MAX_LOGIN_PACKET)
    scramble = auth.new_scramble()
    _greet(stream, policy, connection_id, scramble)
    payload = _read_first(stream) if policy.tls else stream.read_packet()
    if is_ssl_request(payload):
        stream = _start_tls(stream, policy.tls, switch)
        payload = stream.read_packet()
    elif policy.tls_required and not stream.secure:
        raise errors.SECURE_TRANSPORT_REQUIRED()
    response = HandshakeResponse.decode(payload)
    account = policy.find_account(response.user, response.database or None)
    _authenticate(stream, policy, response, account, scramble, host)
    assert account is not None
    return Login(
        account,
        response.database or None,
        response.capabilities & policy.capabilities,
        response.collation_id,
        response.attributes,
    )


def _greet(stream: PacketStream, policy: LoginPolicy, connection_id: int, scramble: bytes) -> None:
    capabilities = policy.capabilities | (CLIENT_SSL if policy.tls else 0)
    greeting = Greeting(
        server_version=policy.server_version,
        connection_id=connection_id & 0xFFFFFFFF,
        scramble=scramble,
        capabilities=capabilities,
        collation_id=policy.collation_id & 0xFF,
        status=SERVER_STATUS_AUTOCOMMIT,
        auth_plugin=policy.auth_plugin,
    )
    stream.write_packet(greeting.encode())
    stream.flush()


def _read_first(stream: PacketStream) -> bytes:
    """The first packet, not reading beyond an SSLRequest: what follows one belongs to TLS."""
    got = 0
    while got < _SSL_REQUEST_SIZE:
        data = stream.recv_at_most(_SSL_REQUEST_SIZE - got)
        stream.feed(data)
        got += len(data)
        payload = stream.buffered_packet()
        if payload is not None:
            return payload
    return stream.read_packet()


def _start_tls(
    stream: PacketStream, context: SSLContext | None, switch: Callable[[PacketStream], None]
) -> PacketStream:
    if context is None or not isinstance(stream, SocketStream):
        raise errors.BAD_HANDSHAKE(reason="TLS was asked for and is not offered")
    if stream.take_unread():
        raise errors.BAD_HANDSHAKE(reason="bytes in clear after the request for TLS")
    secure = TlsStream.accept(stream, context)
    switch(secure)
    secure.handshake()
    return secure


def _authenticate(
    stream: PacketStream,
    policy: LoginPolicy,
    response: HandshakeResponse,
    account: Account | None,
    scramble: bytes,
    host: str,
) -> None:
    """Return when the client proved to be ``account``; raises ACCESS_DENIED."""
    exchange = ServerAuth(
        password=account.password.encode() if account else None,
        plugin=policy.auth_plugin,
        scramble=scramble,
        secure=stream.secure,
        rsa_key=policy.rsa_key,
    )
    given = response.auth_response
    using_password = given not in _NO_PASSWORD
    step = exchange.start(response.plugin, given)
    while isinstance(step, Send):
        stream.write_packet(step.payload)
        stream.flush()
        given = stream.read_packet()
        using_password = using_password or given not in _NO_PASSWORD
        step = exchange.feed(given)
    if isinstance(step, Reject):
        logger.info("login of {!r} from {} refused: {}", response.user, host, step.reason)
        raise errors.ACCESS_DENIED(
            user=response.user,
            host=host,
            using_password="YES" if using_password else "NO",
        )
    if step.payload:
        stream.write_packet(step.payload)
