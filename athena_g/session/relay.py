"""The executor: one command to one server, its reply to the client as it comes."""

from __future__ import annotations

import gevent

from athena_g import errors
from athena_g.backend.connection import BackendConnection
from athena_g.net.stream import ConnectionClosed, PacketStream
from athena_g.protocol.constants import MAX_PAYLOAD
from athena_g.protocol.framing import frame, frames_in
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.scan import (
    REPLY_COMMAND,
    REPLY_EXECUTE,
    ProtocolViolation,
    ReplyScanner,
)

_SEQUENCE_ID = 3
_WHOLE = (REPLY_COMMAND, REPLY_EXECUTE)


def relay(
    connection: BackendConnection,
    client: PacketStream,
    command: bytes,
    chunk: bytes,
    kind: int,
    capabilities: int,
    names: TableNames | None = None,
) -> bool:
    """Pass on the reply to ``command``, at most one read's worth held at a time.

    ``command`` is framed and was sent, as much of it as came with the first read; the rest of a
    long one is passed on from here. ``chunk`` is what was read of the reply already, ``kind`` one
    of the ``REPLY_`` constants; ``capabilities`` are the client's. ``names`` are put in place of
    those that the server has for tables. The connection's scanner is to have the sequence id of the
    reply's first packet. True when the reply was short and plain: an OK
    or a result set, and nothing the session need look at but the status flags. A slow client slows
    the reads from its server and nothing else. Raises :class:`ConnectionClosed`, whose ``stream``
    says which side it was, and :class:`~athena_g.errors.SqlError`; after either the connection
    cannot be used further.
    """
    scanner = connection.scanner
    added = 0
    if client.continues or client.reframed or len(command) > MAX_PAYLOAD:
        whole = not client.continues
        chunk = _send_rest(connection, client) or chunk
        scanner.sequence_id = client.sequence_id
        added = client.packets_added
        if whole and client.reframed:
            added = (frames_in(command) - client.sequence_id) & 0xFF
            client.reframed = False
    chunk = chunk or connection.stream.recv()
    if names is not None:
        chunk = names.head(chunk, connection.stream.recv)
    if kind in _WHOLE and not added and scanner.is_whole(chunk):
        client.send(chunk)
        return True
    scanner.begin(kind, scanner.sequence_id, capabilities, added)
    _walk(connection, client, chunk)
    return False


def _send_rest(connection: BackendConnection, client: PacketStream) -> bytes:
    """Pass on the rest of a long command as it comes; what a server said that left meanwhile."""
    server = connection.stream
    try:
        while client.continues:
            server.send(client.read_more())
    except ConnectionClosed as error:
        if error.stream is client:
            raise
        client.skip_rest()
        return server.recv()  # a server that refuses a long command says so and leaves
    return b""


def _walk(connection: BackendConnection, client: PacketStream, chunk: bytes) -> None:
    """Pass on the reply that begins with ``chunk``, up to its end."""
    server = connection.stream
    scanner = connection.scanner
    if chunk[_SEQUENCE_ID : _SEQUENCE_ID + 2] == b"\0\xff":
        raise ConnectionClosed(server, "an ERR from before the command")
    long_command = scanner.sequence_id != 1
    try:
        while True:
            if not chunk:
                raise ConnectionClosed(server)
            done = scanner.feed(chunk)
            if scanner.errno and long_command:
                _renumber(scanner, client)
            if scanner.output:
                client.send(scanner.output)
            if done:
                return
            if scanner.local_infile:
                _send_file(connection, client)
            chunk = server.recv()
    except ProtocolViolation as error:
        client.sequence_id = scanner.sequence_id
        raise errors.BACKEND_PROTOCOL(
            instance=connection.endpoint.name, group=connection.endpoint.group, reason=error
        ) from None


def _send_file(connection: BackendConnection, client: PacketStream) -> None:
    """Pass on the file that the server asked the client for: packets up to an empty one."""
    scanner = connection.scanner
    scanner.local_infile = False
    sequence_id = client.sequence_id = scanner.sequence_id
    gone: ConnectionClosed | None = None
    while part := _read_part(client):
        try:
            if gone is None:
                connection.stream.send(frame(part, sequence_id))
        except ConnectionClosed as error:
            gone = error  # the client cannot be stopped before it has sent everything
        sequence_id = client.sequence_id
    scanner.sequence_id = client.sequence_id
    if gone is not None:
        raise gone
    connection.stream.send(frame(b"", sequence_id))


def _read_part(client: PacketStream) -> bytes:
    """The next packet of a file; a client that owes it may not be silent for long either."""
    silent = ConnectionClosed(client, "silence in the middle of a file")
    with gevent.Timeout(client.read_timeout, silent):
        return client.read_packet()


def _renumber(scanner: ReplyScanner, client: PacketStream) -> None:
    """A server that refuses a statement at its first packet answers that; the client sent all."""
    output = scanner.output
    if output[4:5] == b"\xff" and output[3] != client.sequence_id:
        scanner.output = output[:3] + bytes([client.sequence_id]) + output[4:]
