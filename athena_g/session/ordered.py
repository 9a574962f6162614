"""Queries in order over several shards: rows come in order from each, and are merged as they come.

Of each shard what was read last is here, so that any number of rows goes through; only where
several shards share a connection the rows of the first ones wait until it comes to the last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

from athena_g import errors
from athena_g.group.sharding import Sharding
from athena_g.merge.ordering import AS_IT_IS, Batch, Cut, Spelling, cut, fits, merged, spelling
from athena_g.merge.window import Window
from athena_g.pool.pool import Pool
from athena_g.protocol.columns import Column
from athena_g.protocol.constants import Command
from athena_g.protocol.framing import frame
from athena_g.protocol.replies import is_eof
from athena_g.router.ordering import Ordering
from athena_g.router.router import Routed
from athena_g.session.binding import Binding
from athena_g.session.leases import Leased, Leases, Part, Refused, refusal
from athena_g.session.saying import AS_KEPT, Said, prepare_under
from athena_g.session.scatter import Scatter, Totals, Unfit, unfit_if_misread

Spellings = Sequence[Spelling]
_EVERYTHING: Final = (0, 1 << 64)


class Ordered:
    """Answers one session's queries whose rows come in order from several shards."""

    def __init__(
        self, binding: Binding, leases: Leases, sharding: Sharding, scatter: Scatter
    ) -> None:
        self._binding = binding
        self._leases = leases
        self._sharding = sharding
        self._scatter = scatter

    def answer(
        self, routed: Routed, said: Said, selected: tuple[int, int] | None, touches: bool
    ) -> None:
        """Pass on the rows in order; raises `Unfit` before any is, where it cannot be done.

        ``selected`` are the rows that are wanted if the query has no LIMIT. ``touches``: it may do
        something to the servers' sessions.
        """
        ordering = routed.plan.ordering
        assert ordering is not None
        pools: dict[Pool, list[Part]] = {}
        for shard in routed.route.shards:
            part = Part(f"shard {shard}", b"", routed.names(shard), shard=shard)
            pools.setdefault(self._sharding.pool_of(shard), []).append(part)
        self._leases.check([*pools], writes=not routed.plan.read_only)
        leased: list[Leased] = []
        totals = Totals(binary=said.binary)
        window = Window(*(routed.route.window or selected or _EVERYTHING))
        try:
            leased.extend(self._leases.spread(pools))
            spellings = self._spellings(leased[0], ordering, said, routed)
            composed = ordering.composed([(each.before, each.behind) for each in spellings])
            for each in leased:
                if touches:
                    each.note_touched()
                for part in each.parts:
                    part.command = said.asked(composed, part.shard, part.names)
                each.send(each.commands())
            keys = _Keys(routed, spellings, said.binary, self._sharding.merging.max_memory)
            self._merge(leased, keys, totals, window)
        except Refused as refused:
            self._leases.end(leased, refused if totals.columns else unfit_if_misread(refused))
        except BaseException as error:
            self._leases.end(leased, error)
        for each in leased:
            if each.outstanding:
                self._leases.abandon(each)
            else:
                self._leases.give_back(each)
        self._scatter.end(totals, totals.rows + window.left_out)

    # -- keys --------------------------------------------------------------------------------------

    def _spellings(
        self, leased: Leased, ordering: Ordering, said: Said, routed: Routed
    ) -> Spellings:
        """How the keys are asked for, by the types that they have."""
        fixed = self._sharding.has_fixed_zone(self._binding.profile.value("time_zone"))
        if ordering.as_it_is:  # what comes tells whether it is still so
            return [AS_IT_IS] * len(ordering.keys)
        count, shard = len(ordering.keys), leased.parts[0].shard
        unfit = _unfit(routed.plan.tables[0].part.table.name)
        composed = ordering.composed([(AS_IT_IS.before, AS_IT_IS.behind)] * count)
        packet = frame(bytes([Command.STMT_PREPARE]) + composed.render(shard, said.literals), 0)
        connection = leased.connection
        own, owner = connection.profile, connection.owner
        assert own is not None
        assert owner is not None
        as_kept = own.with_variables(AS_KEPT)
        if as_kept is None:
            raise Refused(unfit)
        connection.settle(as_kept, owner, b"")
        payloads, prepared = prepare_under(connection, packet, said.profile)
        connection.settle(own, owner, b"")
        if prepared is None:
            raise Refused(refusal(payloads[0], routed.names(shard)))
        connection.statements.close_after_use(prepared)
        columns = [Column.decode(each) for each in payloads[-1 - count : -1]]
        found = [spelling(each, fixed_zone=fixed) for each in columns]
        spellings = [each for each in found if each is not None]
        if len(spellings) < count:
            raise Refused(unfit)
        ordering.as_it_is = all(each == AS_IT_IS for each in spellings)
        return spellings

    # -- rows --------------------------------------------------------------------------------------

    def _merge(self, leased: Sequence[Leased], keys: _Keys, totals: Totals, window: Window) -> None:
        sources = [[*self._sources(each, keys, totals)] for each in leased]
        try:
            for rows in merged([*chain.from_iterable(sources)]):
                wanted = window.cut(rows)
                self._scatter.write(wanted)
                totals.rows += len(wanted)
                if window.is_over:
                    break
        except ValueError:
            raise Refused(errors.NOT_IN_ORDER(table=keys.table)) from None
        for each, own in zip(leased, sources, strict=True):
            if each.own or not window.is_large:
                for _ in chain.from_iterable(own):
                    pass

    def _sources(self, leased: Leased, keys: _Keys, totals: Totals) -> Iterator[Iterator[Batch]]:
        """The rows of each part; those of all but the last are read at once."""
        for part in leased.parts[:-1]:
            yield keys.kept(self._batches(leased, part, keys, totals))
        yield self._batches(leased, leased.parts[-1], keys, totals)

    def _batches(self, leased: Leased, part: Part, keys: _Keys, totals: Totals) -> Iterator[Batch]:
        """The rows of one shard, with their keys; the first one's definitions are passed on."""
        leased.begin_reply()
        head = self._scatter.head(leased, part, totals, hidden=keys.count, begins=keys.check)
        retold, take_apart = head.retold, keys.cut(totals.columns or head.columns)
        while True:
            payloads = leased.read_rows()
            last = payloads[-1]
            ended = is_eof(last)
            failed = last[:1] == b"\xff"
            if ended or failed:
                payloads.pop()
            if retold is not None:
                payloads = [*map(retold, payloads)]
            if payloads:
                yield [take_apart(payload) for payload in payloads]
            if failed:
                leased.refuse_here(last, part)
            if ended:
                self._scatter.ended(leased, last, totals)
                return


class _Keys:
    """The keys of one query's rows."""

    def __init__(self, routed: Routed, spellings: Spellings, binary: bool, memory: int) -> None:
        assert routed.plan.ordering is not None
        self._ordering = routed.plan.ordering
        self.table = routed.plan.tables[0].part.table.name
        self._spellings = spellings
        self._binary = binary
        self._memory = memory
        self._size = 0
        self.count = len(spellings)

    def check(self, columns: Sequence[Column]) -> None:
        """Refuse columns whose last ones are no such keys: a table was changed since."""
        found = columns[len(columns) - self.count :]
        if not all(map(fits, self._spellings, found)):
            self._ordering.as_it_is = False
            raise Refused(_unfit(self.table))

    def cut(self, columns: Sequence[Column]) -> Cut:
        """What takes rows apart that have these columns."""
        return cut(columns, self._ordering.descending, binary=self._binary)

    def kept(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """All these rows, in memory."""
        found = []
        for batch in batches:
            self._size += sum(len(row) for _, row in batch)
            if self._size > self._memory:
                raise Refused(errors.MERGE_MEMORY(limit=self._memory >> 20))
            found.append(batch)
        return iter(found)


def _unfit(table: str) -> Unfit:
    construct = "ORDER BY of such a type or collation"
    return Unfit(errors.NEEDS_MERGE(construct=construct, table=table, shards="several"))
