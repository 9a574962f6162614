"""Queries on several shards: in which way one is answered.

There may be several ways. One may turn out to be unfit when servers tell the types of columns,
before anything is sent to the client; then the next is taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.group.sharding import Sharding
from athena_g.merge.aggregates import Aggregates
from athena_g.pool.pool import Pool
from athena_g.router.plan import Plan
from athena_g.router.router import Routed
from athena_g.session.binding import Binding
from athena_g.session.gathering import Gathering
from athena_g.session.grouping import Grouping
from athena_g.session.leases import Leases, Part
from athena_g.session.ordered import Ordered
from athena_g.session.saying import Said
from athena_g.session.scatter import Scatter, Unfit

Asked = Callable[[], dict[Pool, list[Part]]]
"""What each server is asked where shards get the client's text as it is."""


class Several:
    """Answers one session's queries on several shards."""

    def __init__(
        self, binding: Binding, leases: Leases, sharding: Sharding, scatter: Scatter
    ) -> None:
        self._binding = binding
        self._leases = leases
        self._sharding = sharding
        self._scatter = scatter
        self._ordered = Ordered(binding, leases, sharding, scatter)
        self._gathering = Gathering(binding, leases, sharding, scatter)
        self._grouping = Grouping(binding, leases, sharding, scatter, self._gathering)

    def check(self, routed: Routed) -> None:
        """Refuse a query on too many shards."""
        count, limit = len(routed.route.shards), self._sharding.merging.max_scatter_shards
        if count > limit:
            table = routed.plan.tables[0].part.table.name
            error = errors.TOO_MANY_SHARDS(count=count, table=table, limit=limit)
            self._sharding.counts.note_error(error)
            raise error

    def read(
        self, routed: Routed, asked: Asked, said: Said, codec: str, *, touches_session: bool
    ) -> None:
        """Answer a query; ``touches_session``: it may do something to the servers' sessions."""
        self._binding.interrupted = False
        self._leases.extra = self._settings(routed.plan)
        if routed.plan.reads_insert_id:
            self._binding.learn_insert_id()
        try:
            self._read(routed, asked, said, codec, touches_session)
        finally:
            self._leases.extra = {}

    def _settings(self, plan: Plan) -> Mapping[str, str]:
        """Settings by which all servers take part in one statement: they have one clock then."""
        if not plan.reads_clock or self._binding.profile.value("timestamp") is not None:
            return {}
        return {"timestamp": f"{time.time():.6f}"}

    def _read(
        self, routed: Routed, asked: Asked, said: Said, codec: str, touches_session: bool
    ) -> None:
        counts = self._sharding.counts
        last: Unfit | None = None
        for name, way in self._ways(routed, asked, said, codec, touches_session):
            try:
                way()
            except Unfit as unfit:  # there may be another way
                last = unfit
            except SqlError as error:
                counts.note_error(error)
                raise
            else:
                counts.answered[name] += 1
                return
        assert last is not None
        raise last.with_traceback(None)

    def _ways(
        self, routed: Routed, asked: Asked, said: Said, codec: str, touches: bool
    ) -> Iterator[tuple[str, Callable[[], None]]]:
        """The ways in which a query may be answered, the best one first."""
        plan, selected = routed.plan, self._selected
        if routed.route.gathered is None:
            if plan.ordering is not None:
                yield "ordered", lambda: self._ordered.answer(routed, said, selected, touches)
            if plan.aggregates or (plan.ordering is None and plan.partial is None):
                name = "one row" if plan.aggregates else "scattered"
                yield name, lambda: self._scattered(routed, asked(), said, touches)
            if plan.partial is not None:
                yield "grouped", lambda: self._grouping.answer(routed, said, codec, touches)
        if plan.gather is not None:
            yield "gathered", lambda: self._gathering.answer(routed, said, codec, touches)

    def _scattered(
        self, routed: Routed, asked: dict[Pool, list[Part]], said: Said, touches: bool
    ) -> None:
        """Pass on the rows of one shard after the other, or make one of them."""
        functions = routed.plan.aggregates
        self._scatter.read(
            asked,
            binary=said.binary,
            locks=not routed.plan.read_only,
            touches_session=touches,
            window=routed.route.window or self._selected,
            merged=Aggregates(functions, binary=said.binary) if functions else None,
        )

    @property
    def _selected(self) -> tuple[int, int] | None:
        """The rows that sql_select_limit leaves of a query without a LIMIT of its own."""
        limit = self._binding.profile.value("sql_select_limit")
        return None if limit is None or not limit.isdigit() else (0, int(limit))

    def prepare(self, plan: Plan, literals: Sequence[bytes], codec: str) -> list[bytes]:
        """What a server that gets all tables of a query answers to its preparation."""
        return self._gathering.prepare(plan, literals, codec)
