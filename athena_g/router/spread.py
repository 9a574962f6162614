"""Whether the shards' answers together are the answer.

A statement can run on each shard by itself if rows only ever meet rows of their own shard: tables
joined by equal keys, subqueries tied to the outer rows by the key, tables without a rule only where
their rows cannot be there once per shard. What stands in the way is a `Mixed`, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from athena_g.parser.statement import (
    Change,
    Column,
    Derived,
    Elsewhere,
    Join,
    JoinKind,
    Nested,
    Opaque,
    Query,
    Relation,
    Select,
    Table,
    Union,
)
from athena_g.router.scope import Key, Part
from athena_g.router.survey import Survey, are_alike

Parts = frozenset[Part]

LIMIT: Final = "LIMIT"
ORDER: Final = "ORDER BY"
AGGREGATE: Final = "an aggregate function"


ROLLUP: Final = "WITH ROLLUP"
GROUP: Final = "GROUP BY"
WINDOW: Final = "a window function"
DISTINCT: Final = "DISTINCT"
FOUND_ROWS: Final = "SQL_CALC_FOUND_ROWS"
OF_GROUPS: Final = frozenset((LIMIT, ORDER, AGGREGATE, ROLLUP, GROUP, WINDOW, DISTINCT, FOUND_ROWS))
"""What can be done once all rows, or all groups, are in one place."""


class Mixed(Exception):
    """Rows of different shards would have to meet; the reason, for people."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Rows that lie on the shards of ``keys``; no keys: the same rows are everywhere.

    Where there are some, each of ``driving`` has some: sets of parts, of which one has the row.
    """

    keys: Parts = frozenset()
    driving: tuple[Parts, ...] = ()


EVERYWHERE = Spread()


@dataclass(frozen=True, slots=True)
class Scattered:
    """How a statement runs on several shards.

    ``keys`` are the parts on whose shards its rows are, ``arms`` what drives each query of a UNION
    (see `Spread`), ``needs`` what has to be done with the shards' answers, in SQL's words.
    """

    keys: Parts
    arms: tuple[tuple[Parts, ...], ...]
    needs: tuple[str, ...] = ()


def scattered(survey: Survey, body: Query | Change) -> Scattered:
    """How a surveyed statement runs on several shards; raises `Mixed` when it cannot."""
    prover = _Prover(survey)
    if isinstance(body, Change):
        spread = prover.relation(body.source)
        prover.nested(body.nested, spread, survey, body)
        needs = [LIMIT] if body.limited else []
        if body.assigns:
            needs.append("an assignment to a variable")
        return Scattered(spread.keys, (spread.driving,), tuple(needs))
    return prover.query(body)


class _Prover:
    def __init__(self, survey: Survey) -> None:
        self._survey = survey

    def query(self, query: Query) -> Scattered:
        """How a whole query runs."""
        match query:
            case Select():
                spread = self._block(query)
                if not spread.keys:
                    raise Mixed("a query without sharded tables would give its rows once per shard")
                return Scattered(spread.keys, (spread.driving,), tuple(self._needs(query, spread)))
            case Union():
                arms = [self.query(arm) for arm in query.arms]
                if query.operation in ("EXCEPT", "INTERSECT"):
                    raise Mixed(f"{query.operation} compares rows of different shards")
                needs = [need for arm in arms for need in arm.needs]
                if not query.all:
                    needs.append(query.operation)
                needs += _ends(query)
                driving = tuple(each for arm in arms for each in arm.arms)
                keys = frozenset[Part]().union(*(arm.keys for arm in arms))
                return Scattered(keys, driving, tuple(dict.fromkeys(needs)))
            case Opaque():
                raise Mixed(f"{query.reason} would need rows of different shards")

    def _block(self, select: Select) -> Spread:
        spread = EVERYWHERE if select.source is None else self.relation(select.source)
        self.nested(select.nested, spread, self._survey, select)
        return spread

    def _needs(self, select: Select, spread: Spread) -> Iterator[str]:
        if select.rollup:
            yield ROLLUP
        elif (select.group or select.aggregates) and not self._groups_by_key(
            select, select.group, spread
        ):
            yield GROUP if select.group else AGGREGATE
        if not all(self._groups_by_key(select, each, spread) for each in select.partitions):
            yield WINDOW
        if select.distinct and not self._gives_key(select, spread):
            yield DISTINCT
        if select.into:
            yield "INTO or an assignment to a variable"
        if select.calculates_found_rows:
            yield FOUND_ROWS
        yield from _ends(select)

    def _groups_by_key(
        self, select: Select, columns: Iterable[Column | None], spread: Spread
    ) -> bool:
        """Whether rows that have these columns in common are on one shard."""
        return any(_is_in(self._survey.grouped_key(select, each), spread) for each in columns)

    def _gives_key(self, select: Select, spread: Spread) -> bool:
        scope = self._survey.scope_of[select]
        columns = (output.column for output in select.outputs)
        return any(each is not None and _is_in(scope.find(each), spread) for each in columns)

    # -- relations ---------------------------------------------------------------------------------

    def relation(self, relation: Relation) -> Spread:
        """Where the rows of a FROM are."""
        match relation:
            case Table():
                part = self._survey.part_of.get(relation)
                own = frozenset((part,)) if part is not None else frozenset[Part]()
                return Spread(own, (own,)) if own else EVERYWHERE
            case Elsewhere():
                return EVERYWHERE
            case Derived():
                return self._derived(relation)
            case Join():
                return self._join(relation)

    def _derived(self, derived: Derived) -> Spread:
        if not any(self._sharded(derived.query)):
            return EVERYWHERE
        found = self.query(derived.query)
        needs = [need for need in found.needs if need != ORDER]
        if needs:
            name = derived.called or "a derived table"
            raise Mixed(f"{needs[0]} in {name} would need rows of different shards")
        if len(found.arms) == 1:
            return Spread(found.keys, found.arms[0])
        one_of_each = frozenset[Part]().union(*(arm[0] for arm in found.arms))
        return Spread(found.keys, (one_of_each,))

    def _join(self, join: Join) -> Spread:
        left, right = self.relation(join.left), self.relation(join.right)
        if left.keys and right.keys and not self._are_tied(left, right):
            raise Mixed(
                f"{_names(left.keys)} and {_names(right.keys)} are not joined by equal shard keys"
            )
        if join.kind is JoinKind.INNER:
            return Spread(left.keys | right.keys, left.driving + right.driving)
        kept, other = (left, right) if join.kind is JoinKind.LEFT else (right, left)
        if other.keys and not kept.keys:
            raise Mixed(
                f"the outer join would give rows without a partner in {_names(other.keys)} "
                "once per shard"
            )
        return kept

    def _are_tied(self, one: Spread, other: Spread) -> bool:
        tied = self._survey.are_tied
        return tied(one.driving, other.keys) or tied(other.driving, one.keys)

    # -- queries within expressions ----------------------------------------------------------------

    def nested(
        self, nested: tuple[Nested, ...], outer: Spread, survey: Survey, block: Select | Change
    ) -> None:
        """Make sure that the queries in a block's expressions only need rows of their shard."""
        for each in nested:
            sharded = list(self._sharded(each.query))
            if not sharded:
                continue
            if not outer.keys:
                raise Mixed(f"a subquery would need all rows of {_names(frozenset(sharded))}")
            matched = frozenset[Part]()
            if each.matched is not None:
                matched = frozenset(survey.scope_of[block].find(each.matched))
                if not matched <= outer.keys:
                    matched = frozenset()
            self._local(each.query, outer, matched)

    def _local(self, query: Query, outer: Spread, matched: Parts) -> None:
        match query:
            case Union():
                for arm in query.arms:
                    self._local(arm, outer, frozenset() if query.limited else matched)
            case Opaque():
                raise Mixed(f"{query.reason} would need rows of different shards")
            case Select():
                spread = EVERYWHERE if query.source is None else self.relation(query.source)
                self.nested(query.nested, spread if spread.keys else outer, self._survey, query)
                if spread.keys and not (
                    self._survey.are_tied(spread.driving, outer.keys)
                    or self._gives_matched(query, spread, matched)
                ):
                    raise Mixed(
                        f"a subquery is not tied to the rows around it by the shard key of "
                        f"{_names(spread.keys)}"
                    )

    def _gives_matched(self, select: Select, spread: Spread, matched: Parts) -> bool:
        """Whether a query gives the key that is to be equal to the outer one."""
        if len(select.outputs) != 1 or select.outputs[0].column is None:
            return False
        given = self._survey.scope_of[select].find(select.outputs[0].column)
        if not (given and matched and spread.keys.issuperset(given)):
            return False
        return self._survey.keeps(select, given) and all(
            are_alike(one.rule, other.rule) for one in given for other in matched
        )

    def _sharded(self, query: Query) -> Iterator[Part]:
        return (self._survey.part_of[t] for t in tables_in(query) if t in self._survey.part_of)


def tables_in(query: Query) -> Iterator[Table]:
    """All tables that a query reads, at any depth."""
    match query:
        case Select():
            if query.source is not None:
                yield from _tables_of(query.source)
            for nested in query.nested:
                yield from tables_in(nested.query)
        case Union():
            for arm in query.arms:
                yield from tables_in(arm)
        case Opaque():
            yield from query.tables


def _tables_of(relation: Relation) -> Iterator[Table]:
    match relation:
        case Table():
            yield relation
        case Derived():
            yield from tables_in(relation.query)
        case Join():
            yield from _tables_of(relation.left)
            yield from _tables_of(relation.right)


def _is_in(key: Key, spread: Spread) -> bool:
    """Whether rows with equal keys are on one shard.

    Not if an outer join may have NULL in its place, or if it is the key of tables that are spread
    otherwise.
    """
    alike = all(are_alike(part.rule, key[0].rule) for part in key)
    return bool(key) and alike and spread.keys.issuperset(key)


def _ends(query: Select | Union) -> Iterator[str]:
    if query.ordered:
        yield ORDER
    if query.limited:
        yield LIMIT


def _names(parts: Parts) -> str:
    return " and ".join(sorted({part.table.called for part in parts}))
