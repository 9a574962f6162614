"""What tests say over a connection to a server."""

from __future__ import annotations

from athena_g.backend.connection import BackendConnection
from athena_g.backend.look_back import LookBack
from athena_g.backend.profile import Profile
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from athena_g.protocol.scan import REPLY_COMMAND


def query(sql: str) -> bytes:
    """A framed COM_QUERY."""
    return frame(bytes((Command.QUERY,)) + sql.encode(), 0)


def run(
    connection: BackendConnection,
    profile: Profile,
    owner: LookBack,
    sql: str = "SELECT 1",
    begin: bytes = b"",
) -> None:
    """Settle, send, and read the reply to its end, as a session does."""
    chunk = connection.settle(profile, owner, query(sql), begin) or connection.stream.recv()
    scanner = connection.scanner
    scanner.begin(REPLY_COMMAND)
    while not scanner.feed(chunk):
        chunk = connection.stream.recv()
    if scanner.inserted:
        connection.insert_id = owner.insert_id = None
    owner.known = False
