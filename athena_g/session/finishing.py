"""A server that finishes what shards began: their rows go into temporary tables there.

The rows go through here as they are, at most one shipment at a time. The server is the home one,
over a connection that no session has for its own.
"""

from __future__ import annotations

from typing import Final

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.group.sharding import Sharding
from athena_g.merge.shipping import Shipment, insertion
from athena_g.merge.temporary import Likeness
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.replies import EofPacket, ErrPacket, is_eof
from athena_g.protocol.wire import lenenc_int_at
from athena_g.session.binding import Binding
from athena_g.session.leases import Leased, Leases, Part, Refused, query, refusal

_LOADING: Final = {"sql_mode": "'NO_AUTO_VALUE_ON_ZERO'"}
"""Settings under which rows are taken as they come."""
_DUPLICATE: Final = 1062
_STOPPED: Final = frozenset((1053, 1317, 1927, 1969, 3024))
"""Somebody stopped the statement, or it took too long."""
_REOPENED: Final = 1137
"""A temporary table is read twice in one query."""


class Loading:
    """Rows on their way into one table of the finishing server.

    ``like`` is the table, once it is made; ``warnings`` are those that came with the rows.
    """

    def __init__(self, name: bytes, table: str) -> None:
        self.name = name
        self.table = table
        self.like: Likeness | None = None
        self.warnings = 0
        self._shipment: Shipment | None = None
        self._columns: list[Column] | None = None

    def fits(self, columns: list[Column]) -> bool:
        """Whether rows of these columns are like those of the shards before."""
        collations = [column.collation_id for column in columns]
        return self._columns is None or collations == [each.collation_id for each in self._columns]

    def needs_shipment(self, columns: list[Column]) -> bool:
        """Whether rows of these columns do not go together with those that wait."""
        before = self._columns
        if before is not None and [c.type for c in columns] == [c.type for c in before]:
            return False
        self._columns = columns
        return True

    def renew(self, columns: list[Column]) -> None:
        """Have the rows that come next be of these columns; none may wait."""
        self._shipment = Shipment(columns)

    @property
    def shipment(self) -> Shipment:
        """The rows that are to go next."""
        assert self._shipment is not None
        return self._shipment

    @property
    def waits(self) -> bool:
        """Whether there are rows that are to go."""
        return self._shipment is not None and bool(self._shipment.count)


class Budget:
    """How much one statement may bring; ``rows`` and ``size`` are limits."""

    def __init__(self, size: int, rows: int | None = None) -> None:
        self._size, self._rows = size, rows
        self._count = self._bytes = 0

    def take(self, row: bytes, table: str) -> None:
        """Count a row; raises `Refused` for one too many."""
        self._count += 1
        self._bytes += len(row)
        if self._rows is not None and self._count > self._rows:
            raise Refused(errors.TOO_MANY_ROWS_MEET(table=table, limit=self._rows))
        if self._bytes > self._size:
            raise Refused(errors.MERGE_MEMORY(limit=self._size >> 20))


class Finisher:
    """Has one server finish one statement of a session.

    ``utc``: points in time come as seconds, since the session's time zone has an hour twice.
    """

    def __init__(
        self, leases: Leases, binding: Binding, sharding: Sharding, *, utc: bool = False
    ) -> None:
        self._leases = leases
        self._binding = binding
        self._sharding = sharding
        self._utc = utc
        settings = _LOADING | {"time_zone": "'+00:00'"} if utc else _LOADING
        self._loading = leases.settings(settings).with_names("NAMES utf8mb4")
        self.leased = leases.other(sharding.finishers, [], self._loading)
        self.leased.connection.dirty = True  # it is to have tables

    def create(self, loading: Loading, like: Likeness) -> None:
        """Make a table."""
        loading.like = like
        self._tell(query(like.statement))

    def begin(self, leased: Leased, part: Part, loading: Loading, columns: list[Column]) -> None:
        """Go on with the rows of a part that has these columns.

        Some types depend on how a server comes to the rows, and so may be others than before.
        """
        if not loading.fits(columns):
            raise differ(leased, part)
        if loading.needs_shipment(columns):
            self.ship(loading)
            loading.renew(columns)

    def bring(self, leased: Leased, part: Part, loading: Loading, budget: Budget) -> None:
        """Bring the rows of a part, whose reply has begun and whose columns are read."""
        shipment, read, take, table = loading.shipment, leased.read, budget.take, loading.table
        while not is_eof(payload := read()):
            if payload[:1] == b"\xff":
                leased.refuse_here(payload, part)
            take(payload, table)
            shipment.add(payload)
            if shipment.is_full:
                self.ship(loading)
        leased.ended()
        end = EofPacket.decode(payload)
        leased.connection.scanner.status = end.status
        loading.warnings += end.warnings

    def ship(self, loading: Loading) -> None:
        """Send the rows that wait."""
        self._go_on()
        if not loading.waits:
            return
        shipment, like = loading.shipment, loading.like
        assert like is not None
        connection = self.leased.connection
        seconds = like.timestamps if self._utc else ()
        text = insertion(loading.name, like.columns, shipment.count, seconds)
        payloads, prepared = connection.prepare(frame(bytes([Command.STMT_PREPARE]) + text, 0))
        if prepared is None:
            raise self._refusal(ErrPacket.decode(payloads[0]))
        head = bytes([Command.STMT_EXECUTE]) + prepared.id + b"\0\1\0\0\0"
        command = frame(head + shipment.take(), 0)
        refusal = connection.tell(command)
        if refusal is not None and refusal.errno == _DUPLICATE and like.relaxing:
            self._tell(query(like.relaxing))
            refusal = connection.tell(command)
        if refusal is not None:
            raise self._refusal(refusal)
        connection.statements.close_after_use(prepared)

    def ask(self, part: Part) -> None:
        """Have the server answer under the session's settings; its reply is to be read."""
        self._go_on()
        self._settle()
        self.leased.parts.append(part)
        self.leased.send(self.leased.commands())

    def _settle(self) -> None:
        """Give the server the session's settings."""
        connection, binding = self.leased.connection, self._binding
        look_back = connection.owner
        assert look_back is not None
        look_back.insert_id = binding.look_back.insert_id or 0
        connection.settle(self._leases.settings({}), look_back, b"")

    def definitions(self, part: Part) -> list[bytes]:
        """The columns of what it answers, whose rows do not matter; then rows may be brought."""
        self.ask(part)
        leased = self.leased
        payloads = read_definitions(leased, part)
        while not is_eof(payload := leased.read()):
            if payload[:1] == b"\xff":
                leased.refuse(payload, part)
        leased.ended()
        leased.parts.clear()
        owner = leased.connection.owner
        assert owner is not None
        leased.connection.settle(self._loading, owner, b"")
        names = part.names
        return payloads if names is None else [names.definition(each) for each in payloads]

    def prepare(self, text: bytes, names: TableNames) -> list[bytes]:
        """What the server answers to a preparation under the session's settings."""
        self._settle()
        connection = self.leased.connection
        packet = frame(bytes([Command.STMT_PREPARE]) + text, 0)
        payloads, prepared = connection.prepare(packet)
        if prepared is None:
            raise Refused(refusal(payloads[0], names))
        connection.statements.close_after_use(prepared)
        definition = b"\3def"
        return [
            names.definition(each) if each.startswith(definition) else each for each in payloads
        ]

    def found_rows(self) -> int:
        """What FOUND_ROWS() says there."""
        answer = self.leased.connection.ask("SELECT FOUND_ROWS() LIMIT 1")
        return int(answer.rows[0][0] or 0) if answer is not None else 0

    def explained(self, refused: Refused) -> Refused:
        """The refusal of the query itself, where it is about temporary tables."""
        error = refused.taken()
        if error.errno == _REOPENED:
            error = self._cannot(f"{error.message} ({error.errno})")
        return Refused(error)

    def _go_on(self) -> None:
        """Raise if the statement was killed meanwhile, between two things that servers do."""
        if self._binding.interrupted:
            raise Refused(errors.QUERY_INTERRUPTED())

    def _tell(self, command: bytes) -> None:
        refusal = self.leased.connection.tell(command)
        if refusal is not None:
            raise self._refusal(refusal)

    def _refusal(self, refusal: ErrPacket) -> Refused:
        if refusal.errno in _STOPPED:
            return Refused(SqlError(refusal.errno, refusal.sqlstate, refusal.message))
        return Refused(self._cannot(f"{refusal.message} ({refusal.errno})"))

    def _cannot(self, reason: str) -> SqlError:
        name = self.leased.connection.endpoint.name
        return errors.CANNOT_MEET(instance=name, reason=reason)


def read_columns(leased: Leased, part: Part) -> list[Column]:
    """Begin the reply of a part: the columns of the rows to come."""
    return [Column.decode(each) for each in read_definitions(leased, part)]


def read_definitions(leased: Leased, part: Part) -> list[bytes]:
    """The same as payloads."""
    leased.begin_reply()
    payload = leased.read()
    if payload[:1] == b"\xff":
        leased.refuse_here(payload, part)
    count = lenenc_int_at(payload.ljust(9, b"\0"), 0)[0]
    found = [leased.read() for _ in range(count)]
    leased.read()
    leased.in_rows = True
    return found


def differ(leased: Leased, part: Part) -> Refused:
    """The refusal of a shard whose columns are not those of the others."""
    name = leased.connection.endpoint.name
    return Refused(errors.SHARDS_DIFFER(shard=part.where, instance=name))
