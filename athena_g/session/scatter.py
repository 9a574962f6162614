"""A query on several shards: all are asked before any is read, then all rows are passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.merge.aggregates import Aggregates
from athena_g.merge.typed import retelling
from athena_g.merge.window import Window
from athena_g.net.stream import PacketStream
from athena_g.pool.pool import Pool
from athena_g.protocol.columns import Column
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.replies import EofPacket, is_eof
from athena_g.protocol.wire import lenenc_int, lenenc_int_at
from athena_g.session.binding import Binding
from athena_g.session.leases import Leased, Leases, Part, Refused

ALL_CELLS: Final = 1 << 16
"""More cells than a row has."""
_MISREAD: Final = frozenset(
    (1052, 1054, 1055, 1056, 1064, 1111, 1140, 1235, 1247, 1305, 1463, 3593)
)
"""Errors of a text that was made here and is not what it should be: names, groups, syntax."""


class Unfit(SqlError):
    """Rows cannot be merged here, and none is sent yet; as an error, what a client is told."""

    def __init__(self, reason: SqlError) -> None:
        super().__init__(reason.errno, reason.sqlstate, reason.message)


def unfit_if_misread(refused: Refused) -> Refused:
    """The refusal of a text that was made here: the query may have to be answered in another way.

    Of another error the client is told.
    """
    error = refused.taken()
    is_misread = error.errno in _MISREAD or "athena " in error.message
    if is_misread and not (error.name or isinstance(error, Unfit)):
        error = Unfit(error)
    return Refused(error)


@dataclass(slots=True)
class Totals:
    """What the shards' answers come to.

    ``columns`` are those that came first, ``binary`` says that the rows are.
    """

    rows: int = 0
    warnings: int = 0
    columns: list[Column] | None = None
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """What comes in front of a shard's rows: the definitions of their columns.

    ``retold`` makes its rows those of the first shard's columns, if that is not what they are.
    """

    definitions: list[bytes]
    columns: list[Column]
    retold: Callable[[bytes], bytes] | None = None


class Scatter:
    """Answers one session's queries on several shards."""

    def __init__(self, binding: Binding, leases: Leases, client: PacketStream) -> None:
        self._binding = binding
        self._leases = leases
        self._client = client

    def read(
        self,
        asked: dict[Pool, list[Part]],
        *,
        renamed_cells: int = 0,
        binary: bool = False,
        locks: bool = False,
        touches_session: bool = False,
        window: tuple[int, int] | None = None,
        merged: Aggregates | None = None,
    ) -> None:
        """Pass on the rows of one shard after those of the other.

        ``renamed_cells``: how many of their first cells name tables, as those of SHOW do;
        ``binary``: they are those of prepared statements. ``locks``: the rows are to stay locked
        until the transaction ends. ``touches_session``: the query may do something to
        the sessions of the servers. ``window``: how many rows are left out first, and how many are
        passed on then. ``merged`` makes one row of all; raises `Unfit` where that cannot be done.
        """
        self._leases.check(list(asked), writes=locks)
        leased: list[Leased] = []
        totals = Totals(binary=binary)
        wanted = None if window is None else Window(*window)
        renamed = None if not renamed_cells else _renamed(renamed_cells, binary)
        try:
            leased.extend(self._leases.spread(asked))
            for each in leased:
                if touches_session:
                    each.note_touched()
                each.send(each.commands())
            asked_in_order = [(part.shard, each, part) for each in leased for part in each.parts]
            for _, each, part in sorted(asked_in_order, key=itemgetter(0)):
                if merged is not None:
                    self._merge(each, part, totals, merged)
                elif wanted is None or not wanted.is_closed or each.own or not totals.columns:
                    self._pass_on(each, part, totals, renamed, wanted)
        except BaseException as error:
            self._leases.end(leased, error)
        for each in leased:
            if each.outstanding:
                self._leases.abandon(each)
            else:
                self._leases.give_back(each)
        if merged is not None:
            found = merged.rows()
            totals.rows = len(found)
            for row in found:
                self._client.write_packet(row)
        self.end(totals, totals.rows + (0 if wanted is None else wanted.left_out))

    def pass_on(self, leased: Leased, part: Part, totals: Totals) -> None:
        """Pass on the rows that one server alone gives; :meth:`end` is to follow."""
        self._pass_on(leased, part, totals, None, None)

    def pass_on_as(
        self,
        leased: Leased,
        part: Part,
        totals: Totals,
        shown: Sequence[bytes],
        *,
        binary: bool,
    ) -> None:
        """The same as rows of columns with other definitions.

        Raises `Refused` with an `Unfit` before any is sent where values are written otherwise.
        """
        retold: Callable[[bytes], bytes] | None = None

        def begins(columns: Sequence[Column]) -> None:
            nonlocal retold
            wanted = [*map(Column.decode, shown)]
            try:
                retold = retelling(columns, wanted, binary=binary)
            except ValueError:
                raise Refused(_columns_differ(columns, wanted)) from None

        leased.begin_reply()
        self.head(leased, part, totals, begins=begins, shown=shown)
        while not is_eof(payload := leased.read()):
            if payload[:1] == b"\xff":
                leased.refuse_here(payload, part)
            try:
                self._client.write_packet(payload if retold is None else retold(payload))
            except OverflowError:
                raise Refused(_columns_differ(totals.columns or [], [])) from None
            totals.rows += 1
        self.ended(leased, payload, totals)

    def end(self, totals: Totals, found_rows: int) -> None:
        """End an answer whose rows are passed on."""
        self._binding.note_scattered(-1, found_rows, totals.warnings)
        end = EofPacket(min(totals.warnings, 0xFFFF), self._binding.local_status)
        self._client.write_packet(end.encode())
        self._client.flush()

    def fields(self, pool: Pool, part: Part) -> None:
        """Pass on the definitions of columns that answer a COM_FIELD_LIST."""
        leased: list[Leased] = []
        try:
            leased.append(self._leases.own(pool, [part]))
            leased[0].send(leased[0].commands())
            leased[0].begin_reply()
            while not is_eof(payload := leased[0].read()):
                if payload[:1] == b"\xff":
                    leased[0].refuse(payload, part)
                names = part.names
                self._client.write_packet(payload if names is None else names.definition(payload))
            leased[0].ended()
        except BaseException as error:
            self._leases.end(leased, error)
        self._leases.give_back(leased[0])
        self._client.write_packet(EofPacket(status=self._binding.local_status).encode())
        self._client.flush()

    def _pass_on(
        self,
        leased: Leased,
        part: Part,
        totals: Totals,
        renamed: Renamed | None,
        wanted: Window | None,
    ) -> None:
        """Pass on the rows of one shard, and in front of the first one's the definitions."""
        leased.begin_reply()
        head = self.head(leased, part, totals)
        if wanted is None and renamed is None:
            self._pass_all(leased, part, totals, head)
            return
        while not is_eof(payload := leased.read()):
            if payload[:1] == b"\xff":
                leased.refuse_here(payload, part)
            if wanted is not None and not wanted.takes():
                if wanted.is_closed and not leased.own:
                    return  # with the rest outstanding
                continue
            if renamed is not None and part.names is not None:
                payload = renamed(part.names, payload, head.definitions)
            self._client.write_packet(payload if head.retold is None else head.retold(payload))
            totals.rows += 1
        self.ended(leased, payload, totals)

    def _pass_all(self, leased: Leased, part: Part, totals: Totals, head: Head) -> None:
        """Pass on all rows, as many at once as there are."""
        write, retold = self._client.write_packets, head.retold
        while True:
            payloads = leased.read_rows()
            last = payloads[-1]
            ended = is_eof(last)
            failed = last[:1] == b"\xff"
            if ended or failed:
                payloads.pop()
            totals.rows += len(payloads)
            write(payloads if retold is None else [*map(retold, payloads)])
            if failed:
                leased.refuse_here(last, part)
            if ended:
                self.ended(leased, last, totals)
                return

    def _merge(self, leased: Leased, part: Part, totals: Totals, merged: Aggregates) -> None:
        """Take the rows of one shard."""

        def begins(columns: Sequence[Column]) -> None:
            try:
                merged.begin(columns)
            except SqlError as error:
                raise Refused(Unfit(error)) from None

        leased.begin_reply()
        retold = self.head(leased, part, totals, begins=begins).retold
        while not is_eof(payload := leased.read()):
            if payload[:1] == b"\xff":
                leased.refuse_here(payload, part)
            merged.add(payload if retold is None else retold(payload))
        self.ended(leased, payload, totals)

    def head(
        self,
        leased: Leased,
        part: Part,
        totals: Totals,
        *,
        hidden: int = 0,
        begins: Callable[[Sequence[Column]], None] | None = None,
        shown: Sequence[bytes] | None = None,
    ) -> Head:
        """Read the definitions of columns, and pass on the first; what they are here.

        Widths, flags and some types depend on how a server comes to the rows, and so on these. The
        last ``hidden`` columns are not the client's. ``begins`` may refuse the first
        ones, ``shown`` is passed on instead of them.
        """
        payload = leased.read()
        if payload[:1] == b"\xff":
            leased.refuse_here(payload, part)
        found = []
        for _ in range(lenenc_int_at(payload.ljust(9, b"\0"), 0)[0]):
            payload = leased.read()
            found.append(payload if part.names is None else part.names.definition(payload))
        end = leased.read()
        leased.in_rows = True
        columns = [*map(Column.decode, found)]
        retold: Callable[[bytes], bytes] | None = None
        if totals.columns is None:
            if begins is not None:
                begins(columns)
            totals.columns = columns
            # The connection may have other settings than the session: autocommit.
            own_end = EofPacket(EofPacket.decode(end).warnings, self._binding.local_status)
            if shown is None:
                shown = found[: len(found) - hidden]
            for each in (lenenc_int(len(shown)), *shown, own_end.encode()):
                self._client.write_packet(each)
        else:
            try:
                retold = _retelling(columns, totals.columns, binary=totals.binary)
            except ValueError:
                name = leased.connection.endpoint.name
                raise errors.SHARDS_DIFFER(shard=part.where, instance=name) from None
        return Head(found, columns, retold)

    def write(self, rows: list[bytes]) -> None:
        """Pass on rows."""
        self._client.write_packets(rows)

    @staticmethod
    def ended(leased: Leased, payload: bytes, totals: Totals) -> None:
        """Take note of the end of a shard's rows."""
        leased.ended()
        end = EofPacket.decode(payload)
        totals.warnings += end.warnings
        leased.connection.scanner.status = end.status


def _columns_differ(columns: Sequence[Column], wanted: Sequence[Column]) -> Unfit:
    told = ", ".join(
        f"{one.type.name} for {other.type.name}"
        for one, other in zip(columns, wanted, strict=False)
        if one.type is not other.type
    )
    what = f"such types ({told})"
    name = wanted[0].name if wanted else columns[0].name if columns else ""
    return Unfit(errors.MERGE_NOT_EXACT(function="GROUP BY", what=what, column=name))


def _retelling(
    columns: Sequence[Column], first: Sequence[Column], *, binary: bool
) -> Callable[[bytes], bytes] | None:
    if [column.name for column in columns] != [column.name for column in first]:
        raise ValueError("other names")
    return retelling(columns, first, binary=binary)


Renamed = Callable[[TableNames, bytes, list[bytes]], bytes]
"""A row with the right names, by the definitions of its columns."""


def _renamed(count: int, binary: bool) -> Renamed:
    if binary:
        return lambda names, row, definitions: names.binary_row(
            row, [Column.decode(each) for each in definitions], count
        )
    return lambda names, row, _: names.row(row, count)
