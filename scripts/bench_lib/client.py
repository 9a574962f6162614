"""A MySQL client that does little: it logs in, asks, and counts what comes back.

Its bulk reader looks at no row, so that a reply is read as fast as the sender can send it.
Sources: dev.mysql.com, MySQL Source Code Documentation, "Connection Phase", "Text Resultset" and
"Caching_sha2_password information".
"""

from __future__ import annotations

import hashlib
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from types import TracebackType

from bench_lib.address import Address

TIMEOUT = 60.0
"""Seconds without a byte after which a reply is given up."""
UTF8MB4 = 45
MAX_PACKET = 1 << 24
COM_QUIT, COM_QUERY = b"\x01", b"\x03"
OK, EOF, ERR = 0x00, 0xFE, 0xFF
FAST_AUTH_SUCCESS, PERFORM_FULL_AUTH = b"\x01\x03", b"\x01\x04"
EOF_PACKET_SIZE = 9
"""Bytes of the EOF packet at the end of a result set, its header included."""

LONG_PASSWORD, CONNECT_WITH_DB, PROTOCOL_41 = 1 << 0, 1 << 3, 1 << 9
TLS, TRANSACTIONS, SECURE_CONNECTION, PLUGIN_AUTH = 1 << 11, 1 << 13, 1 << 15, 1 << 19
CAPABILITIES = LONG_PASSWORD | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | PLUGIN_AUTH


class ServerError(Exception):
    """The server answered with an error, or with what no MySQL server says."""


class FullLoginNeeded(ServerError):
    """The server does not know the account's password hash yet and wants the password itself."""


def _native(password: bytes, scramble: bytes) -> bytes:
    once = hashlib.sha1(password).digest()
    twice = hashlib.sha1(once).digest()
    return _xor(once, hashlib.sha1(scramble + twice).digest())


def _caching_sha2(password: bytes, scramble: bytes) -> bytes:
    once = hashlib.sha256(password).digest()
    twice = hashlib.sha256(once).digest()
    return _xor(once, hashlib.sha256(twice + scramble).digest())


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


PROVERS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "mysql_native_password": _native,
    "caching_sha2_password": _caching_sha2,
}


class Connection:
    """A connection that is logged in. Raises ServerError or OSError when it cannot be had."""

    def __init__(self, address: Address, *, use_database: bool = True, tls: bool = False) -> None:
        self._password = address.password.encode()
        self._socket = socket.create_connection((address.host, address.port), timeout=TIMEOUT)
        self._sequence = 0
        self._received = 0
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._reader = self._socket.makefile("rb")
            self._log_in(address, address.database if use_database else "", tls)
        except BaseException:
            self._socket.close()
            raise

    def query(self, sql: str) -> list[list[str | None]]:
        """The rows of a result set, none for a statement without one."""
        first = self._ask(sql)
        if first[0] == OK:
            return []
        return [_values(packet) for packet in self._rows(first)]

    def measure(self, sql: str) -> tuple[int, int]:
        """How many rows the reply has, and how many bytes on the wire."""
        before = self._received
        rows = sum(1 for _ in self._rows(self._ask(sql)))
        return rows, self._received - before

    def read(self, sql: str, size: int, buffer: memoryview) -> None:
        """Read a result set of ``size`` bytes as fast as it comes, looking only at its end."""
        self._send(COM_QUERY + sql.encode())
        left, tail = size, b""
        while left > 0:
            count = self._socket.recv_into(buffer)
            if count == 0:
                raise ServerError(f"the connection ended {left} bytes before the reply's end")
            if left == size and buffer[4] == ERR:
                raise _server_error(bytes(buffer[4:count]))
            left -= count
            tail = (tail + buffer[max(0, count - EOF_PACKET_SIZE) : count])[-EOF_PACKET_SIZE:]
        if left < 0 or tail[:3] != b"\x05\x00\x00" or tail[4] != EOF:
            raise ServerError(f"the reply is not the one of {size} bytes that came before")

    def close(self) -> None:
        """Say goodbye and close."""
        try:
            self._send(COM_QUIT)
        except OSError:
            pass
        self._reader.close()
        self._socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _log_in(self, address: Address, database: str, tls: bool) -> None:
        plugin, scramble = _greeting(self._receive())
        capabilities = CAPABILITIES | (CONNECT_WITH_DB if database else 0) | (TLS if tls else 0)
        start = struct.pack("<IIB23x", capabilities, MAX_PACKET, UTF8MB4)
        if tls:
            self._write(start)
            self._secure()
        proof = self._proof(plugin, scramble)
        names = [address.user.encode(), b"\0", bytes([len(proof)]), proof]
        names += [database.encode(), b"\0"] if database else []
        self._write(start + b"".join(names) + plugin.encode() + b"\0")
        while (answer := self._receive())[0] != OK:
            self._go_on(answer, tls)

    def _go_on(self, answer: bytes, tls: bool) -> None:
        if answer[0] == EOF:  # AuthSwitchRequest
            plugin, _, scramble = answer[1:].partition(b"\0")
            self._write(self._proof(plugin.decode(), scramble.rstrip(b"\0")))
        elif answer == PERFORM_FULL_AUTH and tls:
            self._write(self._password + b"\0")
        elif answer == PERFORM_FULL_AUTH:
            raise FullLoginNeeded("the server asks for a full login, which needs TLS")
        elif answer != FAST_AUTH_SUCCESS:
            raise ServerError(f"not understood while logging in: {answer[:20]!r}")

    def _proof(self, plugin: str, scramble: bytes) -> bytes:
        if plugin not in PROVERS:
            raise ServerError(f"the server wants the authentication method {plugin}")
        return PROVERS[plugin](self._password, scramble) if self._password else b""

    def _secure(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._socket = context.wrap_socket(self._socket)
        self._reader = self._socket.makefile("rb")

    def _ask(self, sql: str) -> bytes:
        self._send(COM_QUERY + sql.encode())
        return self._receive()

    def _rows(self, column_count: bytes) -> Iterator[bytes]:
        for _ in range(column_count[0] + 1):  # and the EOF after the columns
            self._receive()
        while not _is_eof(packet := self._receive()):
            yield packet

    def _send(self, command: bytes) -> None:
        self._sequence = 0
        self._write(command)

    def _write(self, payload: bytes) -> None:
        header = struct.pack("<I", len(payload))[:3] + bytes([self._sequence])
        self._sequence = (self._sequence + 1) & 0xFF
        self._socket.sendall(header + payload)

    def _receive(self) -> bytes:
        header = self._reader.read(4)
        size = int.from_bytes(header[:3], "little")
        payload = self._reader.read(size)
        if len(header) < 4 or len(payload) < size or not payload:
            raise ServerError("the server closed the connection")
        self._sequence = (header[3] + 1) & 0xFF
        self._received += 4 + size
        if payload[0] == ERR:
            raise _server_error(payload)
        return payload


def warm_up(address: Address) -> None:
    """Log in once in full, so that the server remembers the account and later logins are short."""
    try:
        Connection(address, use_database=False).close()
    except FullLoginNeeded:
        Connection(address, use_database=False, tls=True).close()


def _greeting(packet: bytes) -> tuple[str, bytes]:
    """The authentication method that the server names first, and its scramble."""
    if packet[0] != 10:
        raise ServerError(f"the server speaks version {packet[0]} of the protocol, not 10")
    rest = packet[packet.index(b"\0", 1) + 1 :]
    scramble, plugin = rest[4:12] + rest[31:43], rest[44:].rstrip(b"\0").decode()
    return (plugin if plugin in PROVERS else "mysql_native_password"), scramble


def _server_error(packet: bytes) -> ServerError:
    number = int.from_bytes(packet[1:3], "little")
    text = packet[3:].decode(errors="replace")
    return ServerError(f"{number}: {text[6:] if text.startswith('#') else text}")


def _is_eof(packet: bytes) -> bool:
    return packet[0] == EOF and len(packet) < EOF_PACKET_SIZE


def _values(row: bytes) -> list[str | None]:
    """The values of a text row; those of 251 bytes and more are not understood."""
    values: list[str | None] = []
    position = 0
    while position < len(row):
        size = row[position]
        position += 1
        if size == 0xFB:
            values.append(None)
        elif size < 0xFB:
            values.append(row[position : position + size].decode())
            position += size
        else:
            raise ServerError("a value of more than 250 bytes")
    return values
