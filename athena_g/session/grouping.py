"""Queries that make groups over several shards: each makes its own, one puts them together.

The client is told of the columns what a server says of the whole query.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from athena_g import errors
from athena_g.group.sharding import Sharding
from athena_g.merge.temporary import Likeness
from athena_g.merge.typed import table_of
from athena_g.pool.pool import Pool
from athena_g.protocol.columns import Column
from athena_g.router.partial import TABLE, Partial
from athena_g.router.router import Routed
from athena_g.session.binding import Binding
from athena_g.session.finishing import (
    Budget,
    Finisher,
    Loading,
    read_definitions,
)
from athena_g.session.gathering import Gathering
from athena_g.session.leases import Leased, Leases, Part, Refused
from athena_g.session.saying import ALL_ROWS, AS_KEPT, Said
from athena_g.session.scatter import Scatter, Totals, Unfit, unfit_if_misread


class Grouping:
    """Answers one session's queries whose groups have rows on several shards."""

    def __init__(
        self,
        binding: Binding,
        leases: Leases,
        sharding: Sharding,
        scatter: Scatter,
        gathering: Gathering,
    ) -> None:
        self._binding = binding
        self._leases = leases
        self._sharding = sharding
        self._scatter = scatter
        self._gathering = gathering

    def answer(self, routed: Routed, said: Said, codec: str, touches: bool) -> None:
        """Have the groups put together; raises `Unfit` where that cannot be done.

        ``touches``: it may do something to the servers' sessions.
        """
        partial = routed.plan.partial
        assert partial is not None
        said = said.of_client or said
        asked: dict[Pool, list[Part]] = {}
        for shard in routed.route.shards:
            text = partial.partial.render(shard, said.literals)
            names = routed.names(shard)
            command = said.prepared(text, partial.partial.parameters, names)
            part = Part(f"shard {shard}", command, names, shard=shard)
            asked.setdefault(self._sharding.pool_of(shard), []).append(part)
        self._leases.check([*asked], writes=False)
        settings = self._binding.profile.reading_as(said.profile or self._binding.profile)
        key = (settings, said.binary, *_shaping(partial, said))
        known = partial.shown.get(key)
        likes = self._likes(routed, codec) if known is None else []
        if any(b" zerofill" in like.statement.lower() for like in likes):
            raise _other_columns()  # of what is made of such columns no definition tells
        leased: list[Leased] = []
        totals = Totals(binary=said.binary)
        try:
            leased.extend(self._leases.spread(asked, AS_KEPT | ALL_ROWS))
            try:
                for each in leased:
                    if touches:
                        each.note_touched()
                    each.send(each.commands())
                finisher = Finisher(self._leases, self._binding, self._sharding)
                leased.append(finisher.leased)
                loading = Loading(TABLE, "groups")
                budget = Budget(self._sharding.merging.max_memory)
                for each in leased[:-1]:
                    for part in each.parts:
                        columns = read_definitions(each, part)
                        if known is None:
                            known = columns, self._shown(finisher, routed, said, likes, codec)
                            partial.show(key, *known)
                        if loading.like is None:
                            if columns != known[0]:  # a table was changed since
                                partial.shown.pop(key, None)  # unless another session did
                                raise Refused(_other_columns())
                            self._create(finisher, loading, columns, partial.columns)
                        finisher.begin(each, part, loading, [*map(Column.decode, columns)])
                        finisher.bring(each, part, loading, budget)
                finisher.ship(loading)
                for each in leased[:-1]:
                    self._leases.give_back(each)
                del leased[:-1]
                part = Part("the home server", said.asked(partial.final, 0, None))
                finisher.ask(part)
                assert known is not None
                shown = known[1]
                totals.warnings = loading.warnings
                self._scatter.pass_on_as(finisher.leased, part, totals, shown, binary=said.binary)
            except Refused as refused:
                if totals.columns is not None:  # the client has some of the answer
                    raise
                raise unfit_if_misread(refused) from None
            found_rows = finisher.found_rows() if partial.counts else totals.rows
            self._scatter.end(totals, found_rows)
            self._leases.clear(finisher.leased)
        except BaseException as error:
            self._leases.end(leased, error)

    def _shown(
        self, finisher: Finisher, routed: Routed, said: Said, likes: Sequence[Likeness], codec: str
    ) -> list[bytes]:
        """The definitions of the columns that the client is to get.

        They are what the server says of the whole query over tables without rows: some flags are
        those of a table in which a server makes groups.
        """
        whole = routed.plan.whole
        assert whole is not None
        for like in likes:
            finisher.create(Loading(b"", ""), like)
        return finisher.definitions(self._gathering.asking(whole, said, codec))

    def _likes(self, routed: Routed, codec: str) -> list[Likeness]:
        """The tables that the whole query is about."""
        whole, shards = routed.plan.whole, routed.route.shards
        assert whole is not None
        return [self._gathering.like(each, shards, codec) for each in whole.tables]

    def _create(
        self,
        finisher: Finisher,
        loading: Loading,
        columns: Sequence[bytes],
        names: Sequence[bytes],
    ) -> None:
        """Make the table that the groups go into."""
        fixed = self._sharding.has_fixed_zone(self._binding.profile.value("time_zone"))
        like = table_of(TABLE, names, [*map(Column.decode, columns)], fixed_zone=fixed)
        if like is None:
            raise Refused(_other_columns())
        finisher.create(loading, like)


def _shaping(partial: Partial, said: Said) -> Iterator[Hashable]:
    """What of a text and its parameters decides about the columns that a client gets."""
    if partial.shaping is not None:
        given = said.parameters or ()
        yield partial.shaping.render(0, said.literals)
        yield from (given[number] for number in partial.shaping.parameters if given)


def _other_columns() -> Unfit:
    what = "ENUM, SET, JSON or geometry"
    return Unfit(errors.MERGE_NOT_EXACT(function="GROUP BY", what=what, column="of a group"))
