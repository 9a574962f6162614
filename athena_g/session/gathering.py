"""Queries that one server answers: it gets the rows of all shards in temporary tables.

The rows go through here as they are, at most one shipment of each table at a time. The server is
the home one, over a connection that no session has for its own: in a transaction the rows are read
within it, and brought out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from athena_g import errors
from athena_g.group.sharding import Sharding
from athena_g.merge.shipping import Shipment, insertion
from athena_g.merge.temporary import Likeness, likeness
from athena_g.pool.pool import Pool
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from athena_g.protocol.renaming import TableNames
from athena_g.protocol.replies import EofPacket, ErrPacket, is_eof
from athena_g.protocol.wire import lenenc_int_at
from athena_g.router.gather import Gather, Gathered
from athena_g.router.rewrite import quoted
from athena_g.router.router import Routed
from athena_g.session.binding import Binding
from athena_g.session.leases import Leased, Leases, Part, Refused, query
from athena_g.session.saying import Said
from athena_g.session.scatter import Scatter

AS_KEPT: Final = {"character_set_results": "NULL"}
"""Settings under which texts are told as they are kept."""
_LOADING: Final = {"sql_mode": "'NO_AUTO_VALUE_ON_ZERO'", "unique_checks": "1"}
"""Settings under which rows are taken as they come."""
_DUPLICATE: Final = 1062


@dataclass(slots=True)
class _Table:
    """One of the tables that rows go into."""

    gathered: Gathered
    name: bytes
    like: Likeness
    shipment: Shipment | None = None
    columns: Sequence[tuple[int, int]] = ()


class Gathering:
    """Answers one session's queries whose rows of several shards have to meet."""

    def __init__(
        self, binding: Binding, leases: Leases, sharding: Sharding, scatter: Scatter
    ) -> None:
        self._binding = binding
        self._leases = leases
        self._sharding = sharding
        self._scatter = scatter

    def answer(self, routed: Routed, said: Said, codec: str) -> None:
        """Have the home server answer."""
        gather = routed.plan.gather
        assert gather is not None
        said = said.of_client or said
        shards = routed.route.gathered
        if shards is None:  # that its rows have to meet was found out only now
            shards = tuple(routed.route.shards if each.parts else () for each in gather.tables)
        self._check(routed)
        tables = [
            self._table(each, of, codec) for each, of in zip(gather.tables, shards, strict=True)
        ]
        asked: dict[Pool, list[Part]] = {}
        table_of: dict[int, _Table] = {}
        for table, of in zip(tables, shards, strict=True):
            for shard in of:
                part = self._part(table, shard, said, codec)
                asked.setdefault(self._sharding.pool_of(shard), []).append(part)
                table_of[id(part)] = table
        self._leases.check([*asked], writes=False)
        leased: list[Leased] = []
        try:
            if asked:
                leased.extend(self._leases.spread(asked, AS_KEPT))
            for each in leased:
                each.send(each.commands())
            finisher = self._finisher()
            leased.append(finisher)
            for table in tables:
                self._tell(finisher, query(table.like.statement))
            self._bring(leased[:-1], table_of, finisher)
            for table in tables:
                self._ship(finisher, table)
            for each in leased[:-1]:
                self._leases.give_back(each)
            del leased[:-1]
            self._finish(finisher, gather, tables, said, codec)
        except BaseException as error:
            self._leases.end(leased, error)

    def _check(self, routed: Routed) -> None:
        binding, others = self._binding, routed.plan.others
        if others and (binding.held is not None or binding.begin):
            raise errors.MEETS_IN_TRANSACTION(table=others[0])

    # -- rows --------------------------------------------------------------------------------------

    def _table(self, gathered: Gathered, shards: Sequence[int], codec: str) -> _Table:
        name = quoted(gathered.name, codec)
        shown = self._sharding.definition(gathered.table, gathered.rule, (*shards, 0)[0])
        try:
            return _Table(gathered, name, likeness(shown, name))
        except ValueError:
            raise errors.NOT_ON_SHARDED(
                construct="a view in a query whose rows have to meet", table=gathered.table
            ) from None

    def _part(self, table: _Table, shard: int, said: Said, codec: str) -> Part:
        gathered = table.gathered
        columns = b", ".join(_in(codec, each) for each in table.like.columns)
        physical = quoted(gathered.rule.physical_name(gathered.table, shard), codec)
        called = quoted(gathered.called, codec)
        text = b"SELECT %b FROM %b AS %b" % (columns, physical, called)
        parameters: Sequence[int] = ()
        if gathered.where is not None:
            text += b" WHERE " + gathered.where.render(shard, said.literals)
            parameters = gathered.where.parameters
        text += b" LIMIT %d" % (self._sharding.merging.max_join_rows + 1)
        return Part(f"shard {shard}", said.prepared(text, parameters))

    def _bring(
        self,
        leased: Sequence[Leased],
        table_of: dict[int, _Table],
        finisher: Leased,
    ) -> None:
        """Bring the rows of all shards to the server that is to answer."""
        merging = self._sharding.merging
        rows = size = 0
        for each in leased:
            for part in each.parts:
                table = table_of[id(part)]
                each.begin_reply()
                shipment = self._head(each, part, table)
                while not is_eof(payload := each.read()):
                    if payload[:1] == b"\xff":
                        each.refuse(payload, part)
                    rows += 1
                    size += len(payload)
                    shipment.add(payload)
                    if rows > merging.max_join_rows:
                        limit = merging.max_join_rows
                        table_name = table.gathered.table
                        raise Refused(errors.TOO_MANY_ROWS_MEET(table=table_name, limit=limit))
                    if size > merging.max_memory:
                        raise Refused(errors.MERGE_MEMORY(limit=merging.max_memory >> 20))
                    if shipment.is_full:
                        self._ship(finisher, table)
                each.ended()
                each.connection.scanner.status = EofPacket.decode(payload).status

    def _head(self, leased: Leased, part: Part, table: _Table) -> Shipment:
        payload = leased.read()
        if payload[:1] == b"\xff":
            leased.refuse(payload, part)
        count = lenenc_int_at(payload.ljust(9, b"\0"), 0)[0]
        columns = [Column.decode(leased.read()) for _ in range(count)]
        leased.read()
        leased.in_rows = True
        likeness_ = [(column.type, column.collation_id) for column in columns]
        if table.shipment is None:
            table.shipment, table.columns = Shipment(columns), likeness_
        elif likeness_ != table.columns:
            name = leased.connection.endpoint.name
            raise Refused(errors.SHARDS_DIFFER(shard=part.where, instance=name))
        return table.shipment

    def _ship(self, finisher: Leased, table: _Table) -> None:
        shipment = table.shipment
        if shipment is None or not shipment.count:
            return
        connection = finisher.connection
        text = insertion(table.name, table.like.columns, shipment.count)
        payloads, prepared = connection.prepare(frame(bytes([Command.STMT_PREPARE]) + text, 0))
        if prepared is None:
            raise self._refusal(finisher, ErrPacket.decode(payloads[0]))
        head = bytes([Command.STMT_EXECUTE]) + prepared.id + b"\0\1\0\0\0"
        command = frame(head + shipment.take(), 0)
        refusal = connection.tell(command)
        if refusal is not None and refusal.errno == _DUPLICATE and table.like.relaxing:
            self._tell(finisher, query(table.like.relaxing))
            refusal = connection.tell(command)
        if refusal is not None:
            raise self._refusal(finisher, refusal)
        connection.statements.close_after_use(prepared)

    # -- the server that answers -------------------------------------------------------------------

    def _finisher(self) -> Leased:
        pool = self._sharding.finishers
        profile = self._leases.settings(_LOADING).with_names("NAMES utf8mb4")
        found = self._leases.other(pool, [], profile)
        found.connection.dirty = True  # it is to have tables
        return found

    def _tell(self, finisher: Leased, command: bytes) -> None:
        refusal = finisher.connection.tell(command)
        if refusal is not None:
            raise self._refusal(finisher, refusal)

    def _refusal(self, finisher: Leased, refusal: ErrPacket) -> Refused:
        error = errors.CANNOT_MEET(
            instance=finisher.connection.endpoint.name,
            reason=f"{refusal.message} ({refusal.errno})",
        )
        return Refused(error)

    def _finish(
        self, finisher: Leased, gather: Gather, tables: Sequence[_Table], said: Said, codec: str
    ) -> None:
        connection, binding = finisher.connection, self._binding
        look_back = connection.owner
        assert look_back is not None
        look_back.insert_id = binding.look_back.insert_id or 0
        connection.settle(self._leases.settings({}), look_back, b"")
        there = self._sharding.home_pool.endpoint.database or ""
        names = TableNames(
            {
                each.gathered.name.encode(codec, "replace"): each.gathered.table.encode(
                    codec, "replace"
                )
                for each in tables
            },
            {there.encode(): self._sharding.group.encode()} if there else {},
        )
        part = Part("the home server", said.asked(gather.final, 0, names), names)
        finisher.parts.append(part)
        finisher.send(finisher.commands())
        totals = self._scatter.pass_on(finisher, part)
        found = totals.rows
        if gather.counts:
            answer = connection.ask("SELECT FOUND_ROWS() LIMIT 1")
            found = found if answer is None else int(answer.rows[0][0] or 0)
        self._scatter.end(totals, found)
        self._leases.clear(finisher)


def _in(codec: str, name: bytes) -> bytes:
    """A name in the character set of statements."""
    return name if codec == "utf_8" else name.decode("utf_8", "replace").encode(codec, "replace")
