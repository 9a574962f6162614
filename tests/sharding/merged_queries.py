"""Queries whose answers are merged of several shards, made at random.

What they give does not depend on the order in which a server finds rows: rows are cut off only in
a whole order, and of values that are equal but look different none is picked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.sharding.merged_sources import Source, Sources, Words
from tests.sharding.typed_expressions import Aggregates, Expression

PREPARED_SHARE = 1 / 6
_PARAMETER = re.compile("«([A-Z_]+) ([^»]*)»")
_JOINTS = ["UNION", "UNION", "UNION DISTINCT", "UNION", "INTERSECT", "EXCEPT"]
_MODIFIERS = ["", "", "", "", "", "ALL ", "SQL_NO_CACHE ", "/* all */ ", "HIGH_PRIORITY "]
_TAKEN = ["n", "tag", "qty", "K", "owner", "day"]
"""Names of columns that outputs are given, too."""
_NAME = "asked"
"""What a prepared statement is called."""


@dataclass(frozen=True)
class Asked:
    """Steps for both sides; ``ordered``: the order of the rows is said."""

    steps: tuple[str, ...]
    ordered: bool = False

    def __str__(self) -> str:
        return "\n".join(self.steps)


@dataclass(frozen=True)
class _Block:
    """A query; ``ordered``: so are its rows. ``canonical``: equal rows look the same."""

    text: str
    ordered: bool = False
    found_rows: bool = False


_WRONG: Final = {
    "mariadb": [
        # It forgets groups that are different, and OFFSET where all rows are the same.
        re.compile(r"SELECT DISTINCT .* GROUP BY .* HAVING ", re.DOTALL),
        re.compile(r"SELECT DISTINCT (?:'text'|2\.50|1|TRUE)(?: AS \w+)? FROM"),
    ]
}
"""What a server itself answers wrongly."""


def asked(chance: Random, kind: str) -> Asked:
    """A query for a server of this kind, as a text or as a prepared statement."""
    queries = Queries(chance, kind)
    block = queries.any()
    while any(pattern.search(block.text) for pattern in _WRONG.get(kind, ())):
        block = queries.any()
    if chance.random() < PREPARED_SHARE and not block.found_rows:
        return _prepared(block)
    steps = [_PARAMETER.sub(_literal, block.text)]
    if block.found_rows:
        steps.append("SELECT FOUND_ROWS()")
    return Asked(tuple(steps), block.ordered)


def _literal(found: re.Match[str]) -> str:
    return f"'{found[2]}'" if found[1] == "VAR_STRING" else found[2]


def _prepared(block: _Block) -> Asked:
    values = "".join(f" | {kind} {value}" for kind, value in _PARAMETER.findall(block.text))
    text = _PARAMETER.sub("?", block.text)
    return Asked(
        (f".prepare {_NAME} {text}", f".execute {_NAME}{values}", f".close {_NAME}"),
        block.ordered,
    )


class Queries:
    """Makes queries."""

    def __init__(self, chance: Random, kind: str) -> None:
        self._chance = chance
        self._kind = kind
        self._sources = Sources(chance, kind)

    def any(self) -> _Block:
        """Any query."""
        weighted: Sequence[tuple[Callable[[], _Block], int]] = [
            (self.plain, 2), (self.in_order, 6), (self.distinct, 3), (self.total, 4),
            (self.grouped, 7), (self.rolled_up, 1), (self.union, 3), (self.windowed, 2),
            (self.counted, 1), (self.of_groups, 1), (self.of_some, 1), (self.single_rows, 1),
        ]  # fmt: skip
        lacking = [self.rolled_up] if self._kind == "embedded" else []
        makes = [make for make, _ in weighted if make not in lacking]
        weights = [weight for make, weight in weighted if make not in lacking]
        return self._chance.choices(makes, weights)[0]()

    # -- rows --------------------------------------------------------------------------------------

    def plain(self) -> _Block:
        """Rows in no order."""
        words = self._words()
        return _Block(self._select(words, self._shown(words), self._where(words)))

    def in_order(self) -> _Block:
        """Rows in order, perhaps only some."""
        chance = self._chance
        words = self._words()
        shown = self._shown(words)
        keys = [self._key(words, shown) for _ in range(chance.choice([0, 1, 1, 2, 3]))]
        whole = chance.random() < 0.8
        if whole:
            keys += [f"{each}{self._way()}" for each in words.source.rank]
        if not keys:
            keys = [words.source.rank[0]]
        limit = self._limit() if whole else ""
        text = self._select(words, shown, self._where(words), chance.choice(_MODIFIERS))
        if chance.random() < 0.05 and not words.source.before:
            text, keys = f"({text})", [each for each in keys if "." not in each and "(" not in each]
            if not keys or limit:
                return _Block(f"({text[1:-1]} ORDER BY {words.source.rank[0]})")
            return _Block(f"{text} ORDER BY {', '.join(keys)}")
        return _Block(f"{text} ORDER BY {', '.join(keys)}{limit}", whole)

    def distinct(self) -> _Block:
        """Rows that differ."""
        chance = self._chance
        words = self._words()
        outputs = [words.key(canonical=True).template for _ in range(chance.choice([1, 1, 2, 3]))]
        named = [f"{each} AS d{place}" for place, each in enumerate(outputs)]
        shown = named if chance.random() < 0.5 else outputs
        text = self._select(words, shown, self._where(words), "DISTINCT ")
        if chance.random() < 0.5:
            return _Block(text)
        whole = chance.random() < 0.8
        places = [*range(1, len(shown) + 1)]
        chance.shuffle(places)
        if not whole:
            places = places[:1]
        keys = [
            (f"d{place - 1}" if shown is named and chance.random() < 0.5 else str(place))
            + self._way()
            for place in places
        ]
        return _Block(f"{text} ORDER BY {', '.join(keys)}{self._limit() if whole else ''}", whole)

    # -- groups ------------------------------------------------------------------------------------

    def total(self) -> _Block:
        """One row of all rows."""
        words = self._words()
        outputs = self._aggregates(words, self._chance.choice([1, 2, 2, 3, 4]))
        text = self._select(words, self._named(outputs), self._where(words))
        if self._chance.random() < 0.2:
            text += f" HAVING {self._number(words)} {self._comparison()}"
        if self._chance.random() < 0.15:
            text += self._chance.choice([" ORDER BY 1", " LIMIT 1", " ORDER BY NULL", " LIMIT 0"])
        return _Block(text, ordered=True)

    def grouped(self) -> _Block:
        """A row for each group."""
        text, names, outputs = self._groups()
        chance = self._chance
        if chance.random() < 0.05:
            return _Block(text.replace("SELECT ", "SELECT DISTINCT ", 1))
        if chance.random() < 0.45:
            return _Block(text)
        keys = [key + self._way() for key in names]
        if outputs and chance.random() < 0.5:
            keys.insert(0, chance.choice(outputs) + self._way())
        whole = chance.random() < 0.8
        if not whole:
            chance.shuffle(keys)
            keys = keys[:1]
        limit = self._limit() if whole else ""
        return _Block(f"{text} ORDER BY {', '.join(keys)}{limit}", whole)

    def _groups(self) -> tuple[str, list[str], list[str]]:
        """A query with GROUP BY, what orders its groups, and what else they can be ordered by."""
        chance = self._chance
        words = self._words()
        groups = [words.key(plain=0.75) for _ in range(chance.choice([1, 1, 1, 2, 2, 3]))]
        groups = [g for g in groups if "SELECT" not in g.template and _names_column(g)]
        groups = groups or [Expression(words.source.rank[0])]
        shown: list[str] = []
        by: list[str] = []
        order: list[str] = []
        for place, group in enumerate(groups):
            text = group.template
            if not group.canonical or chance.random() < 0.2:
                by.append(text)
                order.append(text)
                continue
            style = chance.choice(["text", "text", "position", "alias"])
            if style == "alias":
                shown.append(f"{text} AS g{place}")
                by.append(f"g{place}")
                order.append(f"g{place}")
                continue
            shown.append(text)
            by.append(str(len(shown)) if style == "position" else text)
            order.append(chance.choice([text, str(len(shown))]))
        aggregates = self._aggregates(words, chance.choice([0, 1, 1, 2, 3]))
        if not shown and not aggregates:
            aggregates = ["COUNT(*)"]
        named = self._named(aggregates, always=0.6)
        text = self._select(words, [*shown, *named], self._where(words))
        text += f" GROUP BY {', '.join(by)}"
        if chance.random() < 0.3:
            text += f" HAVING {self._having(words, named)}"
        aliases = [found[1] for each in named if (found := re.search(r" AS (\w+)$", each))]
        return text, order, [*aliases, "COUNT(*)"]

    def _having(self, words: Words, named: Sequence[str]) -> str:
        chance = self._chance
        aliases = [found[1] for each in named if (found := re.search(r" AS (\w+)$", each))]
        ways = [
            f"{self._number(words)} {self._comparison()}",
            "COUNT(*) > «LONG 1»",
        ]
        if aliases:
            ways += [f"{chance.choice(aliases)} IS NOT NULL", f"{chance.choice(aliases)} > 0"]
        first = chance.choice(ways)
        return f"{first} AND {chance.choice(ways)}" if chance.random() < 0.2 else first

    def rolled_up(self) -> _Block:
        """Groups and groups of groups."""
        chance = self._chance
        words = Words(chance, self._kind, self._sources.table("facts"))
        columns = [words.expression(canonical=True, plain=1.0).template for _ in range(2)]
        columns = list(dict.fromkeys(columns))[: chance.choice([1, 2])]
        shown = [*columns, *self._named(self._aggregates(words, chance.choice([1, 2])))]
        if self._kind == "mysql" and chance.random() < 0.3:
            shown.append(f"GROUPING({columns[0]})")
        text = self._select(words, shown, self._where(words))
        return _Block(f"{text} GROUP BY {', '.join(columns)} WITH ROLLUP")

    def single_rows(self) -> _Block:
        """Groups of one row each."""
        words = Words(self._chance, self._kind, self._sources.table("facts"))
        rank = words.source.rank[0]
        column = words.expression(plain=1.0).template
        ways = [f"MIN({column})", f"COUNT({column})", f"JSON_ARRAYAGG({rank})"]
        if self._kind != "mariadb":
            ways += [f"ANY_VALUE({column})", f"ANY_VALUE({column}) + COUNT(*)"]
        if self._kind == "mysql":
            tag = words.expression(canonical=True, plain=1.0).template
            ways += [f"JSON_ARRAYAGG({tag})", f"JSON_OBJECTAGG({rank}, {tag})"]
        shown = [rank, *self._chance.sample(ways, self._chance.choice([1, 2]))]
        text = self._select(words, shown, self._where(words))
        order = self._chance.choice(["", f" ORDER BY {rank}{self._way()}{self._limit()}"])
        return _Block(f"{text} GROUP BY {rank}{order}", bool(order))

    # -- of several queries ------------------------------------------------------------------------

    def union(self) -> _Block:
        """Rows of two or three queries."""
        chance = self._chance
        width = chance.choice([1, 1, 2, 3])
        all_ = chance.random() < 0.5
        arms: list[str] = []
        same: list[str] | None = None
        source = self._sources.any() if chance.random() < 0.6 else None
        if source is not None and source.before:
            source = None
        for _ in range(chance.choice([2, 2, 2, 3])):
            words = Words(chance, self._kind, source or self._sources.table("facts"))
            if same is None or source is None:
                same = [words.expression(canonical=True).template for _ in range(width)]
            shown = [f"{each} AS u{n}" for n, each in enumerate(same)] if not arms else same
            arm = self._select(words, shown, self._where(words))
            if chance.random() < 0.15 and source is not None:
                arm = f"({arm} ORDER BY {', '.join(words.source.rank)}{self._limit(always=True)})"
            arms.append(arm)
        text = arms[0]
        for arm in arms[1:]:
            joint = "UNION ALL" if all_ else chance.choice(_JOINTS)
            text = f"{text} {joint} {arm}"
        if chance.random() < 0.5:
            return _Block(text)
        keys = [
            (f"u{n}" if chance.random() < 0.5 else str(n + 1)) + self._way() for n in range(width)
        ]
        return _Block(f"{text} ORDER BY {', '.join(keys)}{self._limit()}", ordered=True)

    def of_groups(self) -> _Block:
        """What is made of the groups of a derived table."""
        chance = self._chance
        words = Words(chance, self._kind, self._sources.table("facts"))
        group = words.expression(canonical=True, plain=1.0).template
        aggregate = words.pool().written(Aggregates(chance, "facts").exact())
        where = self._where(words)
        inner = f"SELECT {group} AS g, {aggregate} AS n FROM {words.source.text}{where} GROUP BY 1"
        outer = chance.choice(
            [
                "SELECT g, n FROM {} ORDER BY n, g", "SELECT COUNT(*), SUM(n) FROM {}",
                "SELECT n, COUNT(*) FROM {} GROUP BY n ORDER BY n DESC",
                "SELECT MAX(n), MIN(g) FROM {} WHERE n > 1", "SELECT DISTINCT n FROM {}",
                "SELECT f.id, d.n FROM facts f JOIN {} ON d.n = f.tiny ORDER BY f.id, d.n",
            ]
        )  # fmt: skip
        ordered = "ORDER BY" in outer
        if chance.random() < 0.3:
            return _Block(f"WITH d AS ({inner}) {outer.format('d')}", ordered)
        return _Block(outer.format(f"({inner}) d"), ordered)

    def of_some(self) -> _Block:
        """What is made of a few rows of an order."""
        chance = self._chance
        words = Words(chance, self._kind, self._sources.table("facts"))
        key = words.expression(plain=1.0).template
        rank = words.source.rank[0]
        inner = (
            f"SELECT {rank} AS i, {key} AS v FROM {words.source.text}{self._where(words)} "
            f"ORDER BY {key}{self._way()}, {rank}{self._limit(always=True)}"
        )
        outer = chance.choice(
            [
                "SELECT COUNT(*), SUM(i), COUNT(v) FROM ({}) d", "SELECT i FROM ({}) d",
                "SELECT i, v FROM ({}) d ORDER BY i DESC",
                "SELECT f.id, f.tiny FROM facts f JOIN ({}) d ON d.i = f.id ORDER BY f.id",
            ]
        )  # fmt: skip
        return _Block(outer.format(inner), "d ORDER BY" in outer or "BY f.id" in outer)

    def counted(self) -> _Block:
        """Some rows, after which it is asked how many there are."""
        words = self._words()
        shown = self._shown(words)
        if self._chance.random() < 0.3:
            canonical = words.expression(canonical=True)
            distinct = [canonical.template]
            head = "DISTINCT SQL_CALC_FOUND_ROWS "
            text = self._select(words, distinct, self._where(words), head)
            return _Block(f"{text} ORDER BY 1{self._limit(always=True)}", True, True)
        text = self._select(words, shown, self._where(words), "SQL_CALC_FOUND_ROWS ")
        order = ", ".join(words.source.rank)
        return _Block(f"{text} ORDER BY {order}{self._limit(always=True)}", True, True)

    def windowed(self) -> _Block:
        """Window functions."""
        chance = self._chance
        words = Words(
            chance, self._kind, self._sources.table(chance.choice(["facts", "facts", "lines_"]))
        )
        pool = words.source.pools[0]
        rank, key = words.source.rank[0], f"{pool.prefix}k"
        number = pool.written("{t}tiny" if pool.table == "facts" else "{t}qty")
        column = words.expression(canonical=True, plain=1.0).template
        partition = chance.choice([f"PARTITION BY {key} ", f"PARTITION BY {column} ", ""])
        by = f"ORDER BY {column}{self._way()}, {rank}"
        default = "" if self._kind == "mariadb" else ", 0"
        functions = [
            f"ROW_NUMBER() OVER ({partition}{by})", f"RANK() OVER ({partition}ORDER BY {column})",
            f"DENSE_RANK() OVER (ORDER BY {column})", f"SUM({number}) OVER ({partition})",
            f"SUM({number}) OVER ({partition}ORDER BY {rank})", f"COUNT(*) OVER ({partition})",
            f"LAG({column}) OVER ({partition}{by})",
            f"LEAD({number}, 2{default}) OVER ({partition}{by})",
            f"FIRST_VALUE({number}) OVER ({partition}{by})", f"NTILE(3) OVER ({by})",
            f"MAX({number}) OVER ({partition})",
        ]  # fmt: skip
        count = chance.choice([1, 1, 2])
        shown = [rank, *self._named(chance.sample(functions, count), always=0.5)]
        text = self._select(words, shown, self._where(words))
        if chance.random() < 0.5:
            return _Block(text)
        return _Block(f"{text} ORDER BY {chance.choice([rank, '1'])}{self._limit()}", True)

    # -- parts -------------------------------------------------------------------------------------

    def _words(self) -> Words:
        return Words(self._chance, self._kind, self._sources.any())

    def _select(self, words: Words, shown: Sequence[str], where: str, head: str = "") -> str:
        source: Source = words.source
        return f"{source.before}SELECT {head}{', '.join(shown)} FROM {source.text}{where}"

    def _where(self, words: Words) -> str:
        return f" WHERE {words.condition()}" if self._chance.random() < 0.6 else ""

    def _shown(self, words: Words) -> list[str]:
        """What is selected of each row."""
        chance = self._chance
        if chance.random() < 0.12:
            pools = words.source.pools
            ways = [["*"], [f"{pools[0].name}.*"], [f"{pools[-1].name}.*", pools[0].prefix + "id"]]
            return chance.choice(ways)
        found = [words.expression() for _ in range(chance.choice([1, 2, 3, 4, 6]))]
        if chance.random() < 0.12:
            found.append(words.scalar())
        return self._named([each.template for each in found], always=0.3)

    def _key(self, words: Words, shown: Sequence[str]) -> str:
        chance = self._chance
        aliases = [found[1] for each in shown if (found := re.search(r" AS (\w+)$", each))]
        ways = [words.key().template] * 4
        if "*" not in "".join(each for each in shown if each.endswith("*")):
            place = chance.randint(1, len(shown))
            ways += [str(place), chance.choice([str(place), f"({place})", f"+{place}"])]
        if aliases:
            alias = chance.choice(aliases)
            ways += [alias, chance.choice([alias, alias.upper(), f"`{alias}`", f"{alias} + 0"])]
        key = chance.choice(ways)
        return f"{key}{self._way()}"

    def _number(self, words: Words) -> str:
        """An aggregate that is a number."""
        return self._fitting(words, Aggregates.number)

    def _aggregates(self, words: Words, count: int) -> list[str]:
        return [self._fitting(words, Aggregates.any) for _ in range(count)]

    def _fitting(self, words: Words, make: Callable[[Aggregates], str]) -> str:
        """An aggregate of columns that are there."""
        for _ in range(20):
            pool = words.pool()
            text = make(Aggregates(self._chance, pool.table))
            if pool.has(Expression(text)):
                return pool.written(text)
        return "COUNT(*)"

    def _named(self, outputs: Sequence[str], always: float = 0.3) -> list[str]:
        if self._chance.random() >= always:
            return [*outputs]
        if self._chance.random() < 0.1 and len(outputs) <= len(_TAKEN):
            return [f"{each} AS {name}" for each, name in zip(outputs, _TAKEN, strict=False)]
        return [f"{each} AS a{place}" for place, each in enumerate(outputs)]

    def _way(self) -> str:
        return self._chance.choice(["", "", " ASC", " DESC", " DESC"])

    def _limit(self, *, always: bool = False) -> str:
        ways = [
            " LIMIT «LONG 5»", " LIMIT «LONG 2», «LONG 7»", " LIMIT «LONG 3» OFFSET «LONG 4»",
            " LIMIT 1", " LIMIT 0", " LIMIT 50, 100", " LIMIT 20", " LIMIT 1000",
        ]  # fmt: skip
        return self._chance.choice(ways) if always or self._chance.random() < 0.6 else ""

    def _comparison(self) -> str:
        return self._chance.choice(["> «LONG 1»", "IS NOT NULL", "<> «LONG 3»", "<= «LONG 20»"])


def _names_column(group: Expression) -> bool:
    """Whether it is more than a constant, which GROUP BY would take for a position."""
    return re.search(r"[a-z_]\w*$|\(|\.", group.template) is not None and not re.fullmatch(
        r"[\d.]+|'.*'|TRUE|NULL", group.template
    )
