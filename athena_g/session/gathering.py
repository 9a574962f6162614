"""Queries that one server answers: it gets the rows of all shards, each table's in one of its own.

In a transaction the rows are read within it, and brought out.
"""

from __future__ import annotations

from collections.abc import Sequence

from athena_g import errors
from athena_g.group.sharding import Sharding
from athena_g.merge.temporary import Likeness, likeness
from athena_g.pool.pool import Pool
from athena_g.protocol.constants import SERVER_STATUS_IN_TRANS
from athena_g.protocol.renaming import TableNames
from athena_g.router.gather import Gather, Gathered
from athena_g.router.plan import Plan
from athena_g.router.rewrite import quoted
from athena_g.router.router import Routed
from athena_g.session.binding import Binding
from athena_g.session.finishing import Budget, Finisher, Loading, read_columns
from athena_g.session.leases import Leased, Leases, Part, Refused
from athena_g.session.saying import ALL_ROWS, AS_KEPT, Said
from athena_g.session.scatter import Scatter, Totals


class Gathering:
    """Answers one session's queries whose rows of several shards have to meet."""

    def __init__(
        self, binding: Binding, leases: Leases, sharding: Sharding, scatter: Scatter
    ) -> None:
        self._binding = binding
        self._leases = leases
        self._sharding = sharding
        self._scatter = scatter

    def answer(self, routed: Routed, said: Said, codec: str, touches: bool) -> None:
        """Have the home server answer; ``touches``: something may happen to servers' sessions."""
        gather = routed.plan.gather
        assert gather is not None
        said = said.of_client or said
        shards = routed.route.gathered
        if shards is None:  # that its rows have to meet was found out only now
            shards = tuple(routed.route.shards if each.parts else () for each in gather.tables)
        self._check(routed)
        likes = [self.like(*each, codec) for each in zip(gather.tables, shards, strict=True)]
        loadings = [Loading(quoted(each.name, codec), each.table) for each in gather.tables]
        asked: dict[Pool, list[Part]] = {}
        loading_of: dict[int, Loading] = {}
        for table, of, like, loading in zip(gather.tables, shards, likes, loadings, strict=True):
            for shard in of:
                part = self._part(table, like, shard, said, codec, routed.names(shard))
                asked.setdefault(self._sharding.pool_of(shard), []).append(part)
                loading_of[id(part)] = loading
        self._leases.check([*asked], writes=False)
        leased: list[Leased] = []
        try:
            if asked:
                leased.extend(self._leases.spread(asked, AS_KEPT | ALL_ROWS))
            for each in leased:
                if touches:
                    each.note_touched()
                each.send(each.commands())
            finisher = Finisher(self._leases, self._binding, self._sharding, utc=self._utc)
            leased.append(finisher.leased)
            for loading, like in zip(loadings, likes, strict=True):
                finisher.create(loading, like)
            merging = self._sharding.merging
            budget = Budget(merging.max_memory, merging.max_join_rows)
            for each in leased[:-1]:
                for part in each.parts:
                    loading = loading_of[id(part)]
                    finisher.begin(each, part, loading, read_columns(each, part))
                    finisher.bring(each, part, loading, budget)
            for loading in loadings:
                finisher.ship(loading)
            for each in leased[:-1]:
                self._leases.give_back(each)
            del leased[:-1]
            warnings = sum(each.warnings for each in loadings)
            self._finish(finisher, gather, said, codec, warnings)
        except BaseException as error:
            self._leases.end(leased, error)

    @property
    def _utc(self) -> bool:
        """Whether points in time are brought as seconds: as texts they would not be told apart."""
        return not self._sharding.has_fixed_zone(self._binding.profile.value("time_zone"))

    def _check(self, routed: Routed) -> None:
        binding, others = self._binding, routed.plan.others
        if others and (binding.held is not None or binding.begin):
            if binding.pins and not binding.status & SERVER_STATUS_IN_TRANS:
                bound, target = self._sharding.called(binding.pool), self._sharding.home
                raise errors.SESSION_BOUND(bound=bound, target=target, reason=binding.pins)
            raise errors.MEETS_IN_TRANSACTION(table=others[0])

    def like(self, gathered: Gathered, shards: Sequence[int], codec: str) -> Likeness:
        """The table that rows of a shard go into."""
        shown = self._sharding.definition(gathered.table, gathered.rule, (*shards, 0)[0])
        try:
            return likeness(shown, quoted(gathered.name, codec))
        except ValueError:
            construct = "a view in a query whose rows have to meet"
            raise errors.NOT_ON_SHARDED(construct=construct, table=gathered.table) from None

    def _part(
        self,
        gathered: Gathered,
        like: Likeness,
        shard: int,
        said: Said,
        codec: str,
        names: TableNames | None,
    ) -> Part:
        seconds = like.timestamps if self._utc else ()
        columns = b", ".join(
            (b"UNIX_TIMESTAMP(%b)" if each in seconds else b"%b") % _in(codec, each)
            for each in like.columns
        )
        physical = quoted(gathered.rule.physical_name(gathered.table, shard), codec)
        called = quoted(gathered.called, codec)
        text = b"SELECT %b FROM %b AS %b" % (columns, physical, called)
        parameters: Sequence[int] = ()
        if gathered.where is not None:
            text += b" WHERE " + gathered.where.render(shard, said.literals)
            parameters = gathered.where.parameters
        text += b" LIMIT %d" % (self._sharding.merging.max_join_rows + 1)
        return Part(f"shard {shard}", said.prepared(text, parameters, names), names, shard=shard)

    def _finish(
        self, finisher: Finisher, gather: Gather, said: Said, codec: str, warnings: int
    ) -> None:
        part = self.asking(gather, said, codec)
        totals = Totals(warnings=warnings, binary=said.binary)
        try:
            finisher.ask(part)
            self._scatter.pass_on(finisher.leased, part, totals)
        except Refused as refused:
            raise finisher.explained(refused) from None
        self._scatter.end(totals, finisher.found_rows() if gather.counts else totals.rows)
        self._leases.clear(finisher.leased)

    def prepare(self, plan: Plan, literals: Sequence[bytes], codec: str) -> list[bytes]:
        """What the server that would have all rows answers to the query's preparation."""
        gather = plan.gather
        assert gather is not None
        likes = [self.like(each, (), codec) for each in gather.tables]
        leased: list[Leased] = []
        try:
            finisher = Finisher(self._leases, self._binding, self._sharding)
            leased.append(finisher.leased)
            for like in likes:
                finisher.create(Loading(b"", ""), like)
            names = self._names(gather, codec)
            try:
                found = finisher.prepare(gather.final.render(0, literals), names)
            except Refused as refused:
                raise finisher.explained(refused) from None
        except BaseException as error:
            self._leases.end(leased, error)
        self._leases.clear(finisher.leased)
        return found

    def asking(self, gather: Gather, said: Said, codec: str) -> Part:
        """What the server that has all rows is asked."""
        names = self._names(gather, codec)
        return Part("the home server", said.asked(gather.final, 0, names), names)

    def _names(self, gather: Gather, codec: str) -> TableNames:
        there = self._sharding.home_pool.endpoint.database or ""
        return TableNames(
            {
                each.name.encode(codec, "replace"): each.table.encode(codec, "replace")
                for each in gather.tables
            },
            {there.encode(): self._sharding.group.encode()} if there else {},
        )


def _in(codec: str, name: bytes) -> bytes:
    """A name in the character set of statements."""
    return name if codec == "utf_8" else name.decode("utf_8", "replace").encode(codec, "replace")
