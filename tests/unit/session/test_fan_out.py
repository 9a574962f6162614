"""What a change on several shards of one server leaves on its connection."""

from __future__ import annotations

import contextlib
import gc
import weakref
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from athena_g.backend.connection import BackendConnection
from athena_g.backend.statements import StatementCache
from athena_g.errors import SqlError
from athena_g.protocol.constants import SERVER_STATUS_AUTOCOMMIT, SERVER_STATUS_IN_TRANS
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.replies import ErrPacket, OkPacket
from athena_g.session.fan_out import FanOut, Rows, Sum, _told
from athena_g.session.leases import Leased, Leases, Part, query

DONE = OkPacket(1, status=SERVER_STATUS_AUTOCOMMIT).encode(0)
OPEN = OkPacket(1, status=SERVER_STATUS_AUTOCOMMIT | SERVER_STATUS_IN_TRANS).encode(0)
MADE = 1 << 60
REFUSED = ErrPacket(1205, "HY000", "Lock wait timeout exceeded").encode()


class Connection:
    """As much of a connection as a change needs."""

    tracks_session = False
    insert_id: int | None = 0
    profile = None
    in_transaction = BackendConnection.in_transaction

    def __init__(self, server: Server) -> None:
        self.stream = server
        self.statements = StatementCache()
        self.scanner = SimpleNamespace(status=SERVER_STATUS_AUTOCOMMIT)


@dataclass
class Server:
    """A connection that gives these payloads, and the pool that gets it back."""

    replies: list[bytes]
    sent: list[bytes] = field(default_factory=list)
    released: list[Any] = field(default_factory=list)
    discarded: list[Any] = field(default_factory=list)
    sequence_id: int = 0

    def __post_init__(self) -> None:
        self.connection = Connection(self)
        self.binding = SimpleNamespace(lent=[(self, self.connection)], autocommit=True)

    def send(self, data: bytes) -> None:
        self.sent.append(data[5:])

    def read_packet(self) -> bytes:
        return self.replies.pop(0)

    def release(self, connection: Any) -> None:
        self.released.append(connection)

    def discard(self, connection: Any) -> None:
        self.discarded.append(connection)

    def change(self, names: TableNames | None = None) -> OkPacket:
        """What two parts on this server come to."""
        binding = cast(Any, self.binding)
        parts = [Part(f"shard {shard}", query(b"UPDATE t_%d" % shard), names) for shard in (0, 1)]
        connection = cast(BackendConnection, self.connection)
        leased = Leased(cast(Any, self), connection, False, parts)
        fan_out = FanOut(binding, Leases(binding, cast(Any, None)), cast(Any, None))
        return fan_out._change_one(leased, Rows.ANY, Sum())


def test_two_parts_are_one_transaction() -> None:
    server = Server([OPEN, OPEN, OPEN, DONE])
    assert server.change().affected_rows == 2
    assert [each[:6] for each in server.sent] == [b"BEGIN", b"UPDATE", b"UPDATE", b"COMMIT"]
    assert (server.released, server.discarded) == ([server.connection], [])


def test_a_part_that_is_refused_undoes_the_other() -> None:
    server = Server([OPEN, OPEN, REFUSED, DONE])
    with pytest.raises(SqlError, match="Lock wait"):
        server.change()
    assert server.sent[-1].startswith(b"ROLLBACK")
    assert (server.released, server.discarded) == ([server.connection], [])


def test_a_transaction_that_could_not_be_ended_is_closed_with_its_connection() -> None:
    server = Server([OPEN, OPEN, REFUSED, REFUSED])
    with pytest.raises(SqlError, match="Lock wait"):
        server.change()
    assert (server.released, server.discarded) == ([], [server.connection])


def test_an_error_keeps_nothing_of_the_statement() -> None:
    server, names = Server([OPEN, OPEN, REFUSED, DONE]), TableNames({b"t_0": b"t"})
    gone = weakref.ref(names)
    gc.collect()
    gc.disable()
    try:
        with contextlib.suppress(SqlError):
            server.change(names)
        del names
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("affected", "server_said", "inserted", "checked", "told"),
    [
        (1, 0, [], False, MADE),
        (0, 0, [], False, 0),
        (2, 0, [], False, MADE),
        (1, 0, [MADE], True, MADE),
        (3, 0, [MADE + 7, MADE + 2], True, MADE + 2),
        (1, 0, [], True, 0),
        (2, 7, [], True, 7),
        (0, 0, [], True, 0),
    ],
)
def test_the_id_that_was_made_is_told_if_a_row_has_it(
    affected: int, server_said: int, inserted: list[int], checked: bool, told: int
) -> None:
    total = Sum(affected, server_said, inserted=inserted)
    assert _told(total, MADE, checked) == told
