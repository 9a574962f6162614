"""What a query reads: tables, joins, derived tables and common table expressions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.sharding.typed_expressions import (
    CALCULATED,
    COLUMNS,
    CONDITIONS,
    SCALARS,
    SUBQUERIES,
    Expression,
)


@dataclass(frozen=True)
class Pool:
    """A table of a source: ``prefix`` qualifies its columns; only ``columns`` are there."""

    table: str
    prefix: str
    name: str
    columns: frozenset[str]

    def has(self, each: Expression) -> bool:
        return each.columns <= self.columns

    def written(self, template: str) -> str:
        return Expression(template).written(self.prefix, self.name)


@dataclass(frozen=True)
class Source:
    """What stands behind FROM, with ``before`` in front of SELECT; ``rank`` orders its rows."""

    text: str
    pools: tuple[Pool, ...]
    rank: tuple[str, ...]
    before: str = ""


def all_columns(table: str) -> frozenset[str]:
    return frozenset(name for each in COLUMNS[table] for name in each.columns)


class Sources:
    """Makes sources."""

    def __init__(self, chance: Random, kind: str) -> None:
        self._chance = chance
        self._kind = kind

    def any(self) -> Source:
        """Any source."""
        chance = self._chance
        if chance.random() < 0.5:
            return self.table("facts")
        makes: list[Callable[[], Source]] = [
            self.bound, self.bound, self.unbound, self.unbound, self.itself, self.broadcast,
            self.home, self.three, self.derived, self.derived, self.common,
            lambda: self.table("lines_"), lambda: self.table("notes"),
        ]  # fmt: skip
        return chance.choice(makes)()

    def table(self, name: str) -> Source:
        """One table, with or without another name."""
        alias, prefix = self._chance.choice(
            [("", ""), ("", ""), ("", f"{name}."), (" AS f", "f."), (" f", "")]
        )
        called = "f" if alias else name
        pool = Pool(name, prefix, called, all_columns(name))
        return Source(f"{name}{alias}", (pool,), (f"{prefix}id",))

    def bound(self) -> Source:
        """Two tables by their key."""
        join = self._chance.choice(["JOIN", "INNER JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN"])
        if self._chance.random() < 0.1:
            return self._join(join, "lines_ l", "", "lines_", " USING (k)")
        on = self._chance.choice(
            ["f.k = l.k", "l.k = f.k AND l.qty > 1", "f.k = l.k AND f.id = l.id", "f.k <=> l.k"]
        )
        return self._join(join, "lines_ l", on, "lines_")

    def unbound(self) -> Source:
        """Two tables whose rows are at different shards."""
        chance = self._chance
        join = chance.choice(["JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN"])
        on = chance.choice(["l.owner = f.id", "l.id = f.k", "f.tiny = l.id AND l.score > 2"])
        if chance.random() < 0.4:
            on = chance.choice(["l.qty = f.tiny", "l.id = f.id", "f.k = l.qty"])
            return self._join(join, "lines_ l", on, "lines_")
        return self._join(join, "notes l", on, "notes")

    def itself(self) -> Source:
        """A table twice."""
        on = self._chance.choice(["f.k = l.k", "l.tiny = f.id", "l.id = f.id + 1"])
        return self._join(self._chance.choice(["JOIN", "LEFT JOIN"]), "facts l", on, "facts")

    def broadcast(self) -> Source:
        on = self._chance.choice(["l.id = f.k", "l.id = f.tiny", "l.label = f.tag"])
        join = self._chance.choice(["JOIN", "LEFT JOIN", "JOIN", "RIGHT JOIN"])
        return self._join(join, "countries l", on, "countries")

    def home(self) -> Source:
        on = self._chance.choice(["l.id = f.k", "l.id = f.tiny", "l.weight = f.n"])
        join = self._chance.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN"])
        return self._join(join, "settings l", on, "settings")

    def three(self) -> Source:
        """Three tables."""
        two = self.bound()
        table, on = self._chance.choice(
            [
                ("notes", "x.owner = f.id"),
                ("countries", "x.id = f.tiny"),
                ("settings", "x.id = l.id"),
            ]
        )
        pool = Pool(table, "x.", "x", all_columns(table))
        text = f"{two.text} LEFT JOIN {table} x ON {on}"
        return Source(text, (*two.pools, pool), (*two.rank, "x.id"))

    def derived(self) -> Source:
        """Some columns of a table, in a derived table."""
        text, columns = self._inner()
        pool = Pool("facts", self._chance.choice(["", "f."]), "f", columns)
        as_ = self._chance.choice(["", "AS "])
        return Source(f"({text}) {as_}f", (pool,), (f"{pool.prefix}id",))

    def common(self) -> Source:
        """Some columns of a table, in a common table expression."""
        text, columns = self._inner()
        pool = Pool("facts", self._chance.choice(["", "f."]), "f", columns)
        before = f"WITH f AS ({text}) "
        if self._chance.random() < 0.3:
            other = Pool("facts", "l.", "l", columns)
            first = Pool("facts", "f.", "f", columns)
            text = "f JOIN f l ON l.id = f.id"
            return Source(text, (first, other), ("f.id", "l.id"), before)
        return Source("f", (pool,), (f"{pool.prefix}id",), before)

    def _inner(self) -> tuple[str, frozenset[str]]:
        chance = self._chance
        all_names = sorted(all_columns("facts") - {"id", "k"})
        names = ["id", "k", *chance.sample(all_names, chance.choice([3, 8, len(all_names)]))]
        where = ""
        if chance.random() < 0.5:
            where = " WHERE " + Expression(chance.choice(CONDITIONS["facts"])).written("", "facts")
        end = chance.choice(["", "", "", " ORDER BY id", " ORDER BY tiny, id LIMIT 20"])
        if "tiny" not in names and "tiny" in end:
            end = ""
        shown = "*" if chance.random() < 0.15 else ", ".join(names)
        if shown == "*":
            names = ["id", "k", *all_names]
        distinct = "DISTINCT " if chance.random() < 0.1 and "doc" not in names else ""
        return f"SELECT {distinct}{shown} FROM facts{where}{end}", frozenset(names)

    def _join(self, join: str, other: str, on: str, table: str, using: str = "") -> Source:
        first = Pool("facts", "f.", "f", all_columns("facts"))
        second = Pool(table, "l.", "l", all_columns(table))
        return Source(
            f"facts f {join} {other}{using or f' ON {on}'}", (first, second), ("f.id", "l.id")
        )


class Words:
    """Chooses expressions over a source."""

    def __init__(self, chance: Random, kind: str, source: Source) -> None:
        self._chance = chance
        self._kind = kind
        self.source = source

    def pool(self) -> Pool:
        return self._chance.choice(self.source.pools)

    def key(self, *, canonical: bool = False, plain: float = 0.6) -> Expression:
        """What rows are sorted by, or grouped.

        MySQL warns of JSON documents that are sorted. Whether a join has rows to sort is up to it.
        """
        while True:
            found = self.expression(canonical=canonical, plain=plain)
            if len(self.source.pools) == 1 or not found.template.endswith("doc"):
                return found

    def expression(self, *, canonical: bool = False, plain: float = 0.6) -> Expression:
        """A column, or what is calculated of some; written already."""
        pool = self.pool()
        kinds = COLUMNS if self._chance.random() < plain else CALCULATED
        fitting = [e for e in kinds[pool.table] if pool.has(e) and (e.canonical or not canonical)]
        if not fitting:
            fitting = [e for e in COLUMNS[pool.table] if pool.has(e)]
        chosen = self._chance.choice(fitting)
        return Expression(pool.written(chosen.template), chosen.canonical)

    def scalar(self) -> Expression:
        """A subquery of one value."""
        pool = self.pool()
        fitting = [each for each in SCALARS[pool.table] if pool.has(Expression(each))]
        if not fitting:
            return self.expression()
        return Expression(pool.written(self._chance.choice(fitting)))

    def condition(self, subqueries: float = 0.2) -> str:
        """What stands behind WHERE."""
        chance = self._chance
        found = [self._condition(subqueries) for _ in range(chance.choice([1, 1, 1, 2, 2, 3]))]
        text = found[0]
        for each in found[1:]:
            text = f"{text} {chance.choice(['AND', 'AND', 'OR'])} {each}"
        return f"NOT ({text})" if chance.random() < 0.05 else text

    def _condition(self, subqueries: float) -> str:
        pool = self.pool()
        kinds = SUBQUERIES if self._chance.random() < subqueries else CONDITIONS
        fitting = [each for each in kinds[pool.table] if pool.has(Expression(each))]
        if self._kind == "embedded":
            fitting = [each for each in fitting if " ALL (" not in each and " ANY (" not in each]
        if not fitting:
            return "1"
        return pool.written(self._chance.choice(fitting))
