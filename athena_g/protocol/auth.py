"""mysql_native_password and caching_sha2_password: scrambles and both sides of the conversation.

:class:`ServerAuth` and :class:`ClientAuth` are given packets and say what to send; neither does
I/O. Sources: dev.mysql.com, MySQL Source Code Documentation, "Native Authentication",
"Caching_sha2_password information" and "Protocol::AuthSwitchRequest"; MySQL Reference Manual,
"Caching SHA-2 Pluggable Authentication".
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from athena_g import errors
from athena_g.protocol.handshake import SCRAMBLE_SIZE, AuthMoreData, AuthSwitchRequest
from athena_g.protocol.replies import ErrPacket

NATIVE: Final = "mysql_native_password"
CACHING_SHA2: Final = "caching_sha2_password"

FAST_AUTH_SUCCESS: Final = AuthMoreData(b"\x03").encode()
PERFORM_FULL_AUTHENTICATION: Final = AuthMoreData(b"\x04").encode()
REQUEST_PUBLIC_KEY: Final = b"\x02"

_RESPONSE_SIZE: Final = {NATIVE: 20, CACHING_SHA2: 32}
_RSA_BITS: Final = 2048

_TO_SEVEN_BITS: Final = bytes(byte & 0x7F for byte in range(256))
_NUL_AND_DOLLAR: Final = bytes((0x00, 0x80, 0x24, 0xA4))


# --- Scrambles ------------------------------------------------------------------------------------


def new_scramble() -> bytes:
    """20 random bytes of 7 bits, none of them NUL or ``$``, as MySQL makes them."""
    scramble = b""
    while len(scramble) < SCRAMBLE_SIZE:
        scramble += secrets.token_bytes(SCRAMBLE_SIZE).translate(_TO_SEVEN_BITS, _NUL_AND_DOLLAR)
    return scramble[:SCRAMBLE_SIZE]


def native_scramble(password: bytes, scramble: bytes) -> bytes:
    """The 20-byte mysql_native_password response, ``b""`` for an empty password.

    ``SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password)))``.
    """
    if not password:
        return b""
    once = hashlib.sha1(password).digest()
    twice = hashlib.sha1(once).digest()
    return _xor(once, hashlib.sha1(scramble + twice).digest())


def caching_sha2_scramble(password: bytes, scramble: bytes) -> bytes:
    """The 32-byte caching_sha2_password response, ``b""`` for an empty password.

    ``SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble)``.
    """
    if not password:
        return b""
    once = hashlib.sha256(password).digest()
    twice = hashlib.sha256(once).digest()
    return _xor(once, hashlib.sha256(twice + scramble).digest())


def verify_native(password: bytes, scramble: bytes, response: bytes) -> bool:
    """Whether ``response`` proves the password; compared in constant time."""
    return hmac.compare_digest(native_scramble(password, scramble), response)


def verify_caching_sha2(password: bytes, scramble: bytes, response: bytes) -> bool:
    """Whether ``response`` proves the password; compared in constant time."""
    return hmac.compare_digest(caching_sha2_scramble(password, scramble), response)


def xor_password(password: bytes, scramble: bytes) -> bytes:
    """``password`` XORed with the scramble, which is repeated; its own inverse."""
    return bytes(
        byte ^ scramble[position % len(scramble)] for position, byte in enumerate(password)
    )


def _xor(left: bytes, right: bytes) -> bytes:
    number = int.from_bytes(left, "little") ^ int.from_bytes(right, "little")
    return number.to_bytes(len(left), "little")


_Prover = Callable[[bytes, bytes], bytes]
_PROVERS: Final[dict[str, _Prover]] = {NATIVE: native_scramble, CACHING_SHA2: caching_sha2_scramble}


# --- RSA, for caching_sha2_password without TLS ---------------------------------------------------


class RsaKey:
    """The server's key pair: of a PEM text, or 2048 bits made where first needed.

    Making one takes some 0.1 s. Raises ValueError for a PEM text without an RSA private key.
    """

    def __init__(self, pem: bytes | None = None) -> None:
        self._private = None if pem is None else _load_private_key(pem)
        self._public_pem: bytes | None = None

    def make(self) -> None:
        """Make the pair now if there is none yet."""
        self._key()

    def _key(self) -> rsa.RSAPrivateKey:
        if self._private is None:
            self._private = rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS)
        return self._private

    @property
    def public_pem(self) -> bytes:
        """The public key as clients expect it (PEM, SubjectPublicKeyInfo)."""
        if self._public_pem is None:
            self._public_pem = (
                self._key()
                .public_key()
                .public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
            )
        return self._public_pem

    def decrypt(self, data: bytes) -> bytes | None:
        """The plain text of an RSA-OAEP (SHA-1) message, None when it is none for this key."""
        try:
            return self._key().decrypt(data, _oaep())
        except ValueError:
            return None


def rsa_encrypt(data: bytes, public_pem: bytes) -> bytes:
    """``data`` encrypted for the holder of the key; ValueError when the PEM text is no RSA key."""
    key = serialization.load_pem_public_key(public_pem)
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA public key")
    return key.encrypt(data, _oaep())


def _load_private_key(pem: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA private key")
    return key


def _oaep() -> padding.OAEP:
    return padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # what MySQL uses


# --- Steps ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Send ``payload``; then, if ``then_read``, feed the machine the peer's next packet."""

    payload: bytes
    then_read: bool = True


@dataclass(frozen=True, slots=True)
class Read:
    """Feed the machine the peer's next packet; there is nothing to send. Client's side only."""


@dataclass(frozen=True, slots=True)
class Accept:
    """Authenticated. The server sends ``payload``, if not empty, and then OK."""

    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Reject:
    """Not authenticated; ``reason`` is for the log, not for the client."""

    reason: str


AuthStep = Send | Accept | Reject
ClientStep = Send | Read | Accept | Reject


# --- The server's side ----------------------------------------------------------------------------


class ServerAuth:
    """Authenticates one client, whose password is known as clear text.

    ``password`` is None when there is no such account: it takes the steps of an account with a
    password that nobody knows, so that a client cannot tell the two apart. ``plugin`` and
    ``scramble`` are what the greeting said; ``secure`` means TLS or a local socket, where
    passwords may travel in clear.
    """

    def __init__(
        self,
        *,
        password: bytes | None,
        plugin: str,
        scramble: bytes,
        secure: bool,
        rsa_key: RsaKey,
    ) -> None:
        if plugin not in _PROVERS:
            raise ValueError(f"{plugin} is not an authentication plugin of this server")
        self._known = password is not None
        self._password = secrets.token_bytes(16) if password is None else password
        self._default = plugin
        self._plugin = plugin
        self._scramble = scramble
        self._secure = secure
        self._rsa_key = rsa_key
        self._next: Callable[[bytes], AuthStep] = self._after_end

    def start(self, client_plugin: str | None, response: bytes) -> AuthStep:
        """What to do about the handshake response; a client that names no plugin means native."""
        if client_plugin is None:
            self._plugin = NATIVE
            return self._verify(response)
        if client_plugin not in _PROVERS:
            return self._switch_to(self._default)
        self._plugin = client_plugin
        if not response and client_plugin != self._default:
            # libmysqlclient does not show a scramble made for one plugin to another: it names its
            # own and sends nothing, in the hope of a switch.
            return self._switch_to(client_plugin)
        if len(response) not in (0, 1, _RESPONSE_SIZE[client_plugin]):
            return self._switch_to(self._default)
        return self._verify(response)

    def feed(self, payload: bytes) -> AuthStep:
        """What to do about the packet the client sent after the last :class:`Send`."""
        step, self._next = self._next, self._after_end
        return step(payload)

    def _switch_to(self, plugin: str) -> AuthStep:
        self._plugin = plugin
        self._scramble = new_scramble()
        self._next = self._verify
        return Send(AuthSwitchRequest(plugin, self._scramble).encode())

    def _verify(self, response: bytes) -> AuthStep:
        if response == b"\0":  # an empty password, as caching_sha2_password clients say it
            response = b""
        expected = _PROVERS[self._plugin](self._password, self._scramble)
        if hmac.compare_digest(expected, response) and self._known:
            return Accept(FAST_AUTH_SUCCESS if self._plugin == CACHING_SHA2 and response else b"")
        if self._plugin == NATIVE or not response:
            return self._reject()
        if len(response) != _RESPONSE_SIZE[CACHING_SHA2]:
            return self._reject()
        self._next = self._read_password
        return Send(PERFORM_FULL_AUTHENTICATION)

    def _read_password(self, payload: bytes) -> AuthStep:
        if self._secure:
            return self._verify_clear(payload)
        if payload == REQUEST_PUBLIC_KEY:
            self._next = self._read_encrypted
            return Send(AuthMoreData(self._rsa_key.public_pem).encode())
        return self._read_encrypted(payload)

    def _read_encrypted(self, payload: bytes) -> AuthStep:
        plain = self._rsa_key.decrypt(payload)
        if plain is None:
            return Reject("the password was not encrypted with this server's public key")
        return self._verify_clear(xor_password(plain, self._scramble))

    def _verify_clear(self, terminated: bytes) -> AuthStep:
        if not terminated.endswith(b"\0"):
            return Reject("the password has no terminating NUL")
        if hmac.compare_digest(self._password, terminated[:-1]) and self._known:
            return Accept()
        return self._reject()

    def _reject(self) -> Reject:
        return Reject("wrong password" if self._known else "no such account")

    def _after_end(self, payload: bytes) -> AuthStep:
        raise RuntimeError("no packet of the client is due in the authentication")


# --- The client's side ----------------------------------------------------------------------------


class ClientAuth:
    """Logs in to a server with ``password``; ``plugin`` and ``scramble`` are the greeting's.

    With ``full`` a wrong caching_sha2_password scramble is sent, so that the server asks for the
    password itself. ``error`` is the server's ERR packet after a :class:`Reject` that came from it.
    """

    def __init__(
        self,
        *,
        password: bytes,
        plugin: str,
        scramble: bytes,
        secure: bool,
        full: bool = False,
    ) -> None:
        self.plugin = plugin if plugin in _PROVERS else CACHING_SHA2
        self.error: ErrPacket | None = None
        self._password = password
        self._scramble = scramble
        self._secure = secure
        self._full = full
        self._asked_for_key = False

    def response(self) -> bytes:
        """The auth response that goes with ``plugin`` into the handshake response."""
        proof = _PROVERS[self.plugin](self._password, self._scramble)
        if self._full and self.plugin == CACHING_SHA2 and proof:
            return bytes((proof[0] ^ 1,)) + proof[1:]
        return proof

    def feed(self, payload: bytes) -> ClientStep:
        """What to do about a packet of the server; MALFORMED_PACKET when it is damaged."""
        first = payload[:1]
        if first == b"\x00":
            return Accept()
        if first == b"\xff":
            self.error = ErrPacket.decode(payload)
            return Reject(f"{self.error.errno} ({self.error.sqlstate}): {self.error.message}")
        if first == b"\xfe":
            return self._switch(AuthSwitchRequest.decode(payload))
        return self._more(AuthMoreData.decode(payload))

    def _switch(self, request: AuthSwitchRequest) -> ClientStep:
        if request.plugin not in _PROVERS:
            return Reject(f"the server wants the unsupported plugin {request.plugin}")
        self.plugin = request.plugin
        self._scramble = request.scramble
        return Send(self.response())

    def _more(self, more: AuthMoreData) -> ClientStep:
        if self.plugin != CACHING_SHA2:
            raise errors.MALFORMED_PACKET(reason=f"{self.plugin} has no AuthMoreData packets")
        if self._asked_for_key:
            return self._send_encrypted(more.data)
        packet = more.encode()
        if packet == FAST_AUTH_SUCCESS:
            return Read()
        if packet != PERFORM_FULL_AUTHENTICATION:
            raise errors.MALFORMED_PACKET(reason="unknown AuthMoreData of caching_sha2_password")
        if self._secure:
            return Send(self._password + b"\0")
        self._asked_for_key = True
        return Send(REQUEST_PUBLIC_KEY)

    def _send_encrypted(self, public_pem: bytes) -> ClientStep:
        self._asked_for_key = False
        try:
            return Send(
                rsa_encrypt(xor_password(self._password + b"\0", self._scramble), public_pem)
            )
        except ValueError as error:
            return Reject(f"the server's public key is of no use: {error}")
