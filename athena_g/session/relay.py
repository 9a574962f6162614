"""The executor: one command to one server, its reply to the client as it comes."""

from __future__ import annotations

from athena_g import errors
from athena_g.backend.connection import BackendConnection, SessionSetup
from athena_g.net.stream import ConnectionClosed, PacketStream
from athena_g.protocol.constants import MAX_PAYLOAD
from athena_g.protocol.scan import REPLY_COMMAND, ProtocolViolation, ReplyScanner

_SEQUENCE_ID = 3


def relay(
    connection: BackendConnection,
    setup: SessionSetup,
    client: PacketStream,
    command: bytes,
    kind: int,
) -> bool:
    """Send ``command`` and pass its reply on, at most one read's worth held at a time.

    ``command`` is framed; ``kind`` is one of the ``REPLY_`` constants. True when the reply was
    short and plain: an OK or a result set, and nothing the session need look at but the status
    flags. A slow client slows the reads from its server and nothing else. Raises
    :class:`ConnectionClosed`, whose ``stream`` says which side it was, and
    :class:`~athena_g.errors.SqlError`; after either the connection cannot be used further.
    """
    server = connection.stream
    scanner = connection.scanner
    # Until the server has said something, the next packet to the client is the first of the reply.
    scanner.sequence_id = 1 if len(command) <= MAX_PAYLOAD else client.sequence_id
    if connection.setup is setup:
        server.send(command)
        chunk = server.recv()
    else:
        chunk = connection.settle(setup, command) or server.recv()
    if kind == REPLY_COMMAND and scanner.is_whole(chunk):
        client.send(chunk)
        return True
    scanner.begin(kind, scanner.sequence_id)
    _walk(connection, client, command, chunk)
    return False


def _walk(
    connection: BackendConnection, client: PacketStream, command: bytes, chunk: bytes
) -> None:
    """Pass on the reply that begins with ``chunk``, up to its end."""
    server = connection.stream
    scanner = connection.scanner
    if chunk[_SEQUENCE_ID : _SEQUENCE_ID + 2] == b"\0\xff":
        raise ConnectionClosed(server, "an ERR from before the command")
    try:
        while True:
            if not chunk:
                raise ConnectionClosed(server)
            done = scanner.feed(chunk)
            if scanner.errno and len(command) > MAX_PAYLOAD:
                _renumber(scanner, client)
            if scanner.output:
                client.send(scanner.output)
            if done:
                return
            chunk = server.recv()
    except ProtocolViolation as error:
        client.sequence_id = scanner.sequence_id
        raise errors.BACKEND_PROTOCOL(
            instance=connection.endpoint.name, group=connection.endpoint.group, reason=error
        ) from None


def _renumber(scanner: ReplyScanner, client: PacketStream) -> None:
    """A server that refuses a statement at its first packet answers that; the client sent all."""
    output = scanner.output
    if output[4:5] == b"\xff" and output[3] != client.sequence_id:
        scanner.output = output[:3] + bytes([client.sequence_id]) + output[4:]
