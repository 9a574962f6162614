"""The packets of the connection phase, for the server's side and the client's.

Source: dev.mysql.com, MySQL Source Code Documentation, "Connection Phase Packets"
(``Protocol::HandshakeV10``, ``Protocol::SSLRequest``, ``Protocol::HandshakeResponse41``,
``Protocol::AuthSwitchRequest``, ``Protocol::AuthMoreData``) and "COM_CHANGE_USER". Of MariaDB's
extensions only the place is known here: its clients put further capabilities into the last four
of the reserved bytes, unless the server sets CLIENT_MYSQL.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Final

from athena_g import errors
from athena_g.protocol.charsets import codec_of
from athena_g.protocol.constants import (
    CLIENT_CONNECT_ATTRS,
    CLIENT_CONNECT_WITH_DB,
    CLIENT_PLUGIN_AUTH,
    CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA,
    CLIENT_PROTOCOL_41,
    CLIENT_SECURE_CONNECTION,
    CLIENT_SSL,
    SERVER_STATUS_AUTOCOMMIT,
    Command,
)
from athena_g.protocol.wire import PayloadReader, lenenc_bytes, lenenc_int

PROTOCOL_VERSION: Final = 10
SCRAMBLE_SIZE: Final = 20
MAX_ATTRIBUTES_BYTES: Final = 64 * 1024
"""Connection attributes beyond this many bytes are not kept."""

_CLIENT_START = struct.Struct("<IIB23x")
_GREETING_MIDDLE = struct.Struct("<HBHHB10x")


@dataclass(slots=True)
class Greeting:
    """The server's first packet; ``scramble`` has 20 bytes.

    Only the low eight bits of ``collation_id`` fit on the wire.
    """

    server_version: str
    connection_id: int
    scramble: bytes
    capabilities: int
    collation_id: int
    status: int = SERVER_STATUS_AUTOCOMMIT
    auth_plugin: str = ""

    def encode(self) -> bytes:
        """The payload."""
        named = self.capabilities & CLIENT_PLUGIN_AUTH
        middle = _GREETING_MIDDLE.pack(
            self.capabilities & 0xFFFF,
            self.collation_id & 0xFF,
            self.status,
            self.capabilities >> 16,
            SCRAMBLE_SIZE + 1 if named else 0,
        )
        return b"%c%b\0%b%b\0%b%b\0%b" % (
            PROTOCOL_VERSION,
            self.server_version.encode(),
            (self.connection_id & 0xFFFFFFFF).to_bytes(4, "little"),
            self.scramble[:8],
            middle,
            self.scramble[8:],
            self.auth_plugin.encode() + b"\0" if named else b"",
        )

    @classmethod
    def decode(cls, payload: bytes) -> Greeting:
        """The greeting of a MySQL 4.1 server or later; else BAD_HANDSHAKE or MALFORMED_PACKET."""
        reader = PayloadReader(payload)
        if reader.u8() != PROTOCOL_VERSION:
            raise errors.BAD_HANDSHAKE(reason="the server does not speak protocol version 10")
        version = _text(reader.null_terminated())
        connection_id = reader.u32()
        scramble = reader.take(8)
        reader.take(1)
        low, collation_id, status, high, length = _GREETING_MIDDLE.unpack(
            reader.take(_GREETING_MIDDLE.size)
        )
        capabilities = low | high << 16
        scramble += reader.take(max(13, length - 8))[: SCRAMBLE_SIZE - 8]
        plugin = (
            _text(_null_terminated_or_rest(reader)) if capabilities & CLIENT_PLUGIN_AUTH else ""
        )
        return cls(version, connection_id, scramble, capabilities, collation_id, status, plugin)


@dataclass(slots=True)
class SslRequest:
    """The client's wish to go on in TLS: the first 32 bytes of a handshake response."""

    capabilities: int
    max_packet_size: int
    collation_id: int

    def encode(self) -> bytes:
        """The payload."""
        return _client_start(
            self.capabilities | CLIENT_SSL, self.max_packet_size, self.collation_id
        )

    @classmethod
    def decode(cls, payload: bytes) -> SslRequest:
        """The request; BAD_HANDSHAKE when it is none."""
        if not is_ssl_request(payload):
            raise errors.BAD_HANDSHAKE(reason="not an SSLRequest packet")
        return cls(*_CLIENT_START.unpack(payload))


def is_ssl_request(payload: bytes) -> bool:
    """True for an SSLRequest: a handshake response that ends before the user's name."""
    if len(payload) != _CLIENT_START.size:
        return False
    capabilities = int.from_bytes(payload[:4], "little")
    wanted = CLIENT_SSL | CLIENT_PROTOCOL_41
    return capabilities & wanted == wanted


@dataclass(slots=True)
class HandshakeResponse:
    """The client's login; texts are decoded by the collation's character set.

    ``database`` and ``plugin`` are None when the packet has no such field.
    """

    capabilities: int
    max_packet_size: int
    collation_id: int
    user: str
    auth_response: bytes
    database: str | None = None
    plugin: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The payload, its fields chosen by ``capabilities``."""
        codec = codec_of(self.collation_id)
        capabilities = self.capabilities
        parts = [
            _client_start(capabilities, self.max_packet_size, self.collation_id),
            self.user.encode(codec) + b"\0",
            _encode_auth_response(self.auth_response, capabilities),
        ]
        if capabilities & CLIENT_CONNECT_WITH_DB:
            parts.append((self.database or "").encode(codec) + b"\0")
        if capabilities & CLIENT_PLUGIN_AUTH:
            parts.append((self.plugin or "").encode() + b"\0")
        if capabilities & CLIENT_CONNECT_ATTRS:
            parts.append(_encode_attributes(self.attributes))
        return b"".join(parts)

    @classmethod
    def decode(cls, payload: bytes) -> HandshakeResponse:
        """The login of a client of MySQL 4.1 or later; else BAD_HANDSHAKE or MALFORMED_PACKET."""
        if len(payload) < 2 or not int.from_bytes(payload[:4], "little") & CLIENT_PROTOCOL_41:
            raise errors.BAD_HANDSHAKE(reason="the client does not speak the 4.1 protocol")
        if len(payload) < _CLIENT_START.size:
            raise errors.BAD_HANDSHAKE(reason="the packet is too short")
        capabilities, max_packet_size, collation_id = _CLIENT_START.unpack_from(payload)
        reader = PayloadReader(payload, _CLIENT_START.size)
        codec = codec_of(collation_id)
        response = cls(
            capabilities,
            max_packet_size,
            collation_id,
            _text(reader.null_terminated(), codec),
            _read_auth_response(reader, capabilities),
        )
        if capabilities & CLIENT_CONNECT_WITH_DB:
            response.database = _text(_null_terminated_or_rest(reader), codec)
        if capabilities & CLIENT_PLUGIN_AUTH and not reader.at_end:
            response.plugin = _text(_null_terminated_or_rest(reader))
        if capabilities & CLIENT_CONNECT_ATTRS and not reader.at_end:
            response.attributes = _read_attributes(reader)
        return response


@dataclass(slots=True)
class ChangeUserRequest:
    """COM_CHANGE_USER: log in again on the same connection.

    ``collation_id`` and ``plugin`` are None when the packet ends before them.
    """

    user: str
    auth_response: bytes
    database: str = ""
    collation_id: int | None = None
    plugin: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)

    def encode(self, capabilities: int) -> bytes:
        """The payload, command byte included, for a connection of these capabilities."""
        codec = codec_of(self.collation_id or 0)
        parts = [
            bytes((Command.CHANGE_USER,)),
            self.user.encode(codec) + b"\0",
            _encode_auth_response(
                self.auth_response, capabilities & ~CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
            ),
            self.database.encode(codec) + b"\0",
        ]
        if self.collation_id is not None:
            parts.append(self.collation_id.to_bytes(2, "little"))
            if capabilities & CLIENT_PLUGIN_AUTH:
                parts.append((self.plugin or "").encode() + b"\0")
            if capabilities & CLIENT_CONNECT_ATTRS:
                parts.append(_encode_attributes(self.attributes))
        return b"".join(parts)

    @classmethod
    def decode(cls, payload: bytes, capabilities: int) -> ChangeUserRequest:
        """The request in the payload (command byte first) of a connection of these capabilities."""
        reader = PayloadReader(payload)
        if reader.u8() != Command.CHANGE_USER:
            raise errors.MALFORMED_PACKET(reason="not a COM_CHANGE_USER packet")
        user = reader.null_terminated()
        response = _read_auth_response(
            reader, capabilities & ~CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
        )
        database = _null_terminated_or_rest(reader)
        collation_id = reader.u16() if reader.remaining >= 2 else None
        codec = codec_of(collation_id or 0)
        request = cls(_text(user, codec), response, _text(database, codec), collation_id)
        if capabilities & CLIENT_PLUGIN_AUTH and not reader.at_end:
            request.plugin = _text(_null_terminated_or_rest(reader))
        if capabilities & CLIENT_CONNECT_ATTRS and not reader.at_end:
            request.attributes = _read_attributes(reader)
        return request


@dataclass(frozen=True, slots=True)
class AuthSwitchRequest:
    """The server wants another authentication plugin, with a new scramble of 20 bytes."""

    plugin: str
    scramble: bytes

    def encode(self) -> bytes:
        """The payload; the scramble is followed by a NUL."""
        return b"\xfe%b\0%b\0" % (self.plugin.encode(), self.scramble)

    @classmethod
    def decode(cls, payload: bytes) -> AuthSwitchRequest:
        """The request; BAD_HANDSHAKE for the form before 4.1, which is a lone 0xFE."""
        reader = PayloadReader(payload)
        if reader.u8() != 0xFE:
            raise errors.MALFORMED_PACKET(reason="not an AuthSwitchRequest packet")
        if reader.at_end:
            raise errors.BAD_HANDSHAKE(reason="the server wants the authentication before 4.1")
        return cls(_text(reader.null_terminated()), reader.rest().removesuffix(b"\0"))


@dataclass(frozen=True, slots=True)
class AuthMoreData:
    """Bytes from the server's authentication plugin to the client's."""

    data: bytes

    def encode(self) -> bytes:
        """The payload."""
        return b"\x01" + self.data

    @classmethod
    def decode(cls, payload: bytes) -> AuthMoreData:
        """The packet; MALFORMED_PACKET when it is none."""
        if payload[:1] != b"\x01":
            raise errors.MALFORMED_PACKET(reason="not an AuthMoreData packet")
        return cls(payload[1:])


def _client_start(capabilities: int, max_packet_size: int, collation_id: int) -> bytes:
    return _CLIENT_START.pack(capabilities, max_packet_size, collation_id & 0xFF)


def _text(value: bytes, codec: str = "utf_8") -> str:
    # Not "replace": two users' names must not become one.
    return value.decode(codec, "backslashreplace")


def _null_terminated_or_rest(reader: PayloadReader) -> bytes:
    """The bytes up to a NUL; some clients leave out the one that would end the packet."""
    if b"\0" in reader.payload[reader.position :]:
        return reader.null_terminated()
    return reader.rest()


def _encode_auth_response(response: bytes, capabilities: int) -> bytes:
    if capabilities & CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA:
        return lenenc_bytes(response)
    if capabilities & CLIENT_SECURE_CONNECTION:
        return bytes((len(response),)) + response
    return response + b"\0"


def _read_auth_response(reader: PayloadReader, capabilities: int) -> bytes:
    if capabilities & CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA:
        return reader.lenenc_bytes()
    if capabilities & CLIENT_SECURE_CONNECTION:
        return reader.take(reader.u8())
    return reader.null_terminated()


def _encode_attributes(attributes: dict[str, str]) -> bytes:
    pairs = b"".join(
        lenenc_bytes(key.encode()) + lenenc_bytes(value.encode())
        for key, value in attributes.items()
    )
    return lenenc_int(len(pairs)) + pairs


def _read_attributes(reader: PayloadReader) -> dict[str, str]:
    pairs = PayloadReader(reader.lenenc_bytes())
    attributes: dict[str, str] = {}
    while not pairs.at_end:
        key, value = pairs.lenenc_bytes(), pairs.lenenc_bytes()
        if pairs.position > MAX_ATTRIBUTES_BYTES:
            break
        attributes[_text(key)] = _text(value)
    return attributes
