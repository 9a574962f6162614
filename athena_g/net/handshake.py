"""The server's side of a login, as blocking code over a packet stream.

Source: MySQL Source Code Documentation, "Connection Phase" (page_protocol_connection_phase), with
its section "Authentication After COM_CHANGE_USER Command".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NoReturn

from gevent.ssl import SSLContext
from loguru import logger

from athena_g import errors
from athena_g.net.stream import PacketStream, SocketStream, TlsStream
from athena_g.protocol import auth
from athena_g.protocol.auth import CACHING_SHA2, NATIVE, Reject, RsaKey, Send, ServerAuth
from athena_g.protocol.constants import (
    CLIENT_PLUGIN_AUTH,
    CLIENT_SSL,
    SERVER_STATUS_AUTOCOMMIT,
)
from athena_g.protocol.handshake import (
    AuthSwitchRequest,
    ChangeUserRequest,
    Greeting,
    HandshakeResponse,
    is_ssl_request,
)

MAX_LOGIN_PACKET = 256 * 1024
"""Bytes a packet may have before the login is done; connection attributes are at most 64 KiB."""

_SSL_REQUEST_SIZE = 36
_AUTH_SWITCH = b"\xfe"
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
    """What a client said of itself, and who it proved to be.

    ``scramble`` is the last that the client was sent, by the greeting or by a switch.
    """

    account: Account
    database: str | None
    capabilities: int
    collation_id: int
    attributes: dict[str, str]
    scramble: bytes = field(default=b"", repr=False)


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
    exchange = _Exchange(stream, policy, response.user, response.database, host)
    exchange.run(policy.auth_plugin, scramble, response.plugin, response.auth_response)
    return Login(
        exchange.proven(),
        response.database or None,
        response.capabilities & policy.capabilities,
        response.collation_id,
        response.attributes,
        exchange.scramble,
    )


def change_user(
    stream: PacketStream,
    policy: LoginPolicy,
    payload: bytes,
    login: Login,
    connection_id: int,
    host: str,
) -> Login:
    """Who the client of ``login`` proved to be by the COM_CHANGE_USER in ``payload``.

    The OK is not sent yet. Raises :class:`~athena_g.errors.SqlError`, which ends the connection.

    Clients send a proof made with the scramble of the greeting, or of their last login, or none
    (libmysqlclient waits for a scramble). So every client that understands a switch is sent one,
    as MySQL does, whatever its proof. It has the scramble of the last login again: MariaDB's
    Connector/C uses that one for mysql_native_password, whatever the switch says.
    """
    request = ChangeUserRequest.decode(payload, login.capabilities)
    logger.debug("connection {}: changes its user to {!r}", connection_id, request.user)
    exchange = _Exchange(stream, policy, request.user, request.database, host)
    if login.capabilities & CLIENT_PLUGIN_AUTH:
        plugin = request.plugin or policy.auth_plugin
        known = plugin in (NATIVE, CACHING_SHA2)
        exchange.switch(plugin if known else policy.auth_plugin, login.scramble)
    else:
        exchange.run(NATIVE, login.scramble, None, request.auth_response)
    collation_id = login.collation_id if request.collation_id is None else request.collation_id
    return replace(
        login,
        account=exchange.proven(),
        database=request.database or None,
        collation_id=collation_id,
        attributes=request.attributes,
        scramble=exchange.scramble,
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


class _Exchange:
    """The authentication of one client as ``user``, who wants to work in ``database``."""

    def __init__(
        self, stream: PacketStream, policy: LoginPolicy, user: str, database: str | None, host: str
    ) -> None:
        self._stream = stream
        self._policy = policy
        self._user = user
        self._host = host
        self.scramble = b""
        self._account = policy.find_account(user, database or None)

    def run(self, plugin: str, scramble: bytes, client_plugin: str | None, given: bytes) -> None:
        """Return when the client proved to be the account's owner; raises ACCESS_DENIED.

        ``plugin`` and ``scramble`` are what the client was told before it named its own plugin
        and gave its first proof.
        """
        stream = self._stream
        self.scramble = scramble
        exchange = ServerAuth(
            password=self._account.password.encode() if self._account else None,
            plugin=plugin,
            scramble=scramble,
            secure=stream.secure,
            rsa_key=self._policy.rsa_key,
        )
        using_password = given not in _NO_PASSWORD
        step = exchange.start(client_plugin, given)
        while isinstance(step, Send):
            if step.payload[:1] == _AUTH_SWITCH:
                self.scramble = AuthSwitchRequest.decode(step.payload).scramble
            given = self._ask(step.payload)
            using_password = using_password or given not in _NO_PASSWORD
            step = exchange.feed(given)
        if isinstance(step, Reject):
            self._deny(step.reason, using_password)
        elif step.payload:
            stream.write_packet(step.payload)

    def switch(self, plugin: str, scramble: bytes) -> None:
        """Like :meth:`run`, beginning with a switch to ``plugin``."""
        given = self._ask(AuthSwitchRequest(plugin, scramble).encode())
        self.run(plugin, scramble, plugin, given)

    def _ask(self, payload: bytes) -> bytes:
        """What the client answers to ``payload``."""
        self._stream.write_packet(payload)
        self._stream.flush()
        return self._stream.read_packet()

    def _deny(self, reason: str, using_password: bool) -> NoReturn:
        logger.info("login of {!r} from {} refused: {}", self._user, self._host, reason)
        raise errors.ACCESS_DENIED(
            user=self._user, host=self._host, using_password="YES" if using_password else "NO"
        )

    def proven(self) -> Account:
        """The account, after :meth:`run`."""
        assert self._account is not None
        return self._account
