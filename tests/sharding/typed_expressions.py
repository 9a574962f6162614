"""Expressions over the tables of every type: what is selected, compared, grouped, summed.

``{t}`` stands for the qualifier of a column, which may be empty, ``{q}`` for one that is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.sharding.typed_tables import TABLES

_COLUMN = re.compile(r"\{[tq]\}`?(\w+)`?")


@dataclass(frozen=True)
class Expression:
    """A template. ``canonical``: values of it that are equal look the same, too."""

    template: str
    canonical: bool = True

    @property
    def columns(self) -> set[str]:
        """The columns it is about."""
        return set(_COLUMN.findall(self.template))

    def written(self, prefix: str, name: str) -> str:
        return self.template.replace("{t}", prefix).replace("{q}", f"{name}.")


def _column(name: str) -> str:
    return f"{{t}}{name}"


COLUMNS: Final = {
    table.name: [
        Expression(_column("id")),
        *(Expression(_column(name), each.canonical) for name, each in table.columns.items()),
    ]
    for table in TABLES
}
CALCULATED: Final = {
    "facts": [
        *map(
            Expression,
            [
                "{t}n + 1", "{t}tiny * 2", "-{t}tiny", "{t}tiny % 3", "{t}n DIV 7", "{t}price * 2",
                "{t}exact / 2", "{t}ratio + {t}exact", "ABS({t}price)", "ROUND({t}price, 1)",
                "{t}bits + 0", "{t}mood + 0", "{t}medium + {t}tiny", "{t}k * 10 + {t}id",
                "IFNULL({t}tiny, 0)", "COALESCE({t}tag, 'none')", "NULLIF({t}tiny, 1)",
                "IF({t}tiny > 1, 'much', 'little')", "GREATEST({t}tiny, 2)", "LEAST({t}n, {t}k)",
                "CASE WHEN {t}tiny > 2 THEN 'a' WHEN {t}tiny IS NULL THEN NULL ELSE 'b' END",
                "CASE {t}mood WHEN 'sad' THEN 1.0 WHEN 'ok' THEN 2.5 END",
                "CONCAT({t}tag, 'x')", "CONCAT({t}code, '-', {t}tiny)", "LEFT({t}tag, 1)",
                "LENGTH({t}name)", "CHAR_LENGTH({t}story)", "HEX({t}raw)", "HEX({t}old)",
                "HEX({t}name)", "LENGTH({t}heap)", "YEAR({t}day)", "DATE({t}precise)",
                "{t}day - INTERVAL 1 DAY", "DATE_FORMAT({t}moment, '%Y-%m')", "MONTH({t}moment)",
                "HOUR({t}lap)", "CAST({t}tiny AS CHAR)", "CAST({t}price AS SIGNED)",
                "CAST({t}tag AS BINARY)", "{t}tiny IS NULL", "{t}tiny > 1", "NOT {t}tiny",
                "{t}name LIKE 'a%'", "{t}tiny BETWEEN 1 AND 3", "{t}tag IN ('a', 'Z')",
                "{t}n <=> NULL", "{t}tiny XOR {t}n", "{t}small & 7", "{t}ubig >> 1", "{t}k",
                "1", "'text'", "2.50", "TRUE", "FIND_IN_SET('a', {t}marks)", "ELT(2, 'p', {t}tag)",
                "{t}mood = 'glad'", "{t}era - 1900", "{t}wide / 3", "FLOOR({t}wide)",
                "CRC32({t}tag)", "{t}stamp = '2001-02-03 04:05:06'", "({t}tiny, {t}k) = (1, 2)",
                "{t}tag COLLATE utf8mb4_bin", "RPAD({t}tag, 4, '.')", "MOD({t}k, 4)",
                "TIME_TO_SEC({t}lap)", "{t}exact * 4", "TRUNCATE({t}price, 0)", "{t}id DIV 10",
            ],
        ),
        *(
            Expression(template, canonical=False)
            for template in [
                "UPPER({t}name)", "CONCAT({t}name, {t}name)", "TRIM({t}old)", "LOWER({t}story)",
                "LEFT({t}story, 6)", "IFNULL({t}name, 'nobody')", "REVERSE({t}name)",
                "SUBSTRING({t}old, 2)", "NULL",
            ]
        ),
    ],
    "lines_": [
        *map(
            Expression,
            [
                "{t}qty * {t}cost", "UPPER({t}sku)", "{t}qty + 1", "IFNULL({t}qty, 0)",
                "{t}id % 5", "CONCAT({t}sku, {t}id)", "{t}cost > 1",
            ],
        )
    ],
    "notes": [
        *map(
            Expression,
            ["{t}owner + 0", "{t}score / 2", "LENGTH({t}words)", "{t}owner IS NULL", "{t}id % 3"],
        ),
        Expression("LOWER({t}words)", canonical=False),
    ],
    "countries": [*map(Expression, ["UPPER({t}label)", "{t}id % 2", "{t}label IS NULL"])],
    "settings": [*map(Expression, ["{t}weight * 2", "LENGTH({t}value)"])],
}  # fmt: skip

CONDITIONS: Final = {
    "facts": [
        "{t}tiny > «LONG 1»", "{t}tiny = «LONG 1»", "{t}n <> «LONG 5»", "{t}id % 3 = «LONG 1»",
        "{t}id < «LONG 30»", "{t}k IN («LONG 1», «LONG 2», «LONG 7»)", "{t}k > «LONG 2»",
        "{t}k = «LONG 3»", "{t}k IS NULL", "{t}k BETWEEN «LONG -1» AND «LONG 2»",
        "{t}price >= «NEWDECIMAL 0.001»", "{t}wide < «NEWDECIMAL 1.5»", "{t}exact > «DOUBLE 0.25»",
        "{t}ratio = «DOUBLE 0.25»", "{t}ubig > «LONGLONG 1»", "{t}big < «LONGLONG 0»",
        "{t}name = «VAR_STRING ANN»", "{t}name LIKE «VAR_STRING a%»", "{t}old > «VAR_STRING e»",
        "{t}tag = «VAR_STRING a»", "{t}tag > «VAR_STRING A»", "{t}code <> «VAR_STRING B»",
        "{t}story LIKE «VAR_STRING %text%»", "{t}raw <> x'00'", "{t}mood = «VAR_STRING sad»",
        "{t}mood > 2", "{t}marks LIKE '%a%'", "{t}day < «VAR_STRING 2020-02-29»",
        "{t}moment IS NOT NULL", "{t}precise > «VAR_STRING 2020-02-29 12:34:56.0»",
        "{t}lap > «VAR_STRING 00:00:00»", "{t}era IN (1901, 2020)", "{t}bits = b'10101'",
        "{t}tiny IS NOT NULL", "{t}tiny + {t}k > «LONG 3»", "NOT ({t}tiny <=> «LONG 2»)",
        "COALESCE({t}tag, {t}code) = «VAR_STRING a»", "1", "{t}id > «LONG 1000»",
    ],
    "lines_": [
        "{t}qty > «LONG 1»", "{t}sku = «VAR_STRING pen»", "{t}cost IS NOT NULL", "{t}id < 20",
        "{t}k <> «LONG 2»", "{t}cost * {t}qty > «LONG 10»",
    ],
    "notes": [
        "{t}owner > «LONG 10»", "{t}words = «VAR_STRING Ann»", "{t}score <> 2.5", "{t}id > 9",
        "{t}id IN («LONG 1», «LONG 2», «LONG 3», «LONG 8»)", "{t}owner IS NULL",
    ],
    "countries": ["{t}label = «VAR_STRING one»", "{t}id > «LONG 2»", "{t}label IS NOT NULL"],
    "settings": ["{t}weight > «LONG 1»", "{t}value = «VAR_STRING RED»"],
}  # fmt: skip
"""What may stand behind WHERE; what is in «» may be a parameter of this type."""

SUBQUERIES: Final = {
    "facts": [
        "{t}tiny IN (SELECT x.qty FROM lines_ x)",
        "{t}tiny NOT IN (SELECT x.qty FROM lines_ x WHERE x.qty IS NOT NULL)",
        "{t}id IN (SELECT owner FROM notes)",
        "{t}k IN (SELECT x.k FROM lines_ x WHERE x.qty > «LONG 1»)",
        "EXISTS (SELECT 1 FROM lines_ x WHERE x.k = {q}k AND x.qty > «LONG 1»)",
        "NOT EXISTS (SELECT * FROM notes x WHERE x.owner = {q}id)",
        "EXISTS (SELECT 1 FROM notes x WHERE x.words = {q}name AND x.id > «LONG 3»)",
        "{t}n > (SELECT AVG(x.tiny) FROM facts x)",
        "{t}tiny = (SELECT MAX(x.qty) FROM lines_ x WHERE x.sku = «VAR_STRING pen»)",
        "{t}price >= ALL (SELECT x.cost FROM lines_ x WHERE x.cost < 1)",
        "{t}price > ANY (SELECT x.score FROM notes x)",
        "({t}tiny, {t}mood) IN (SELECT x.tiny, x.mood FROM facts x WHERE x.id > 20)",
        "{t}tag IN (SELECT x.tag FROM facts x GROUP BY x.tag HAVING COUNT(*) > 6)",
        "{t}tiny IN (SELECT x.id FROM countries x)",
        "{t}tiny < (SELECT MAX(x.weight) FROM settings x)",
        "(SELECT COUNT(*) FROM notes x WHERE x.owner = {q}id) = 0",
        "(SELECT SUM(x.qty) FROM lines_ x WHERE x.k = {q}k) > «LONG 3»",
        "{t}id = (SELECT MIN(x.id) FROM facts x WHERE x.mood = {q}mood)",
    ],
    "lines_": [
        "{t}qty IN (SELECT x.tiny FROM facts x)",
        "EXISTS (SELECT 1 FROM facts x WHERE x.k = {q}k AND x.tiny > «LONG 0»)",
        "{t}cost > (SELECT AVG(x.score) FROM notes x)",
    ],
    "notes": [
        "{t}owner IN (SELECT x.id FROM facts x WHERE x.tiny = «LONG 1»)",
        "{t}owner NOT IN (SELECT x.id FROM lines_ x)",
    ],
    "countries": ["{t}id IN (SELECT x.tiny FROM facts x)"],
    "settings": ["{t}weight IN (SELECT x.qty FROM lines_ x)"],
}
SCALARS: Final = {
    "facts": [
        "(SELECT COUNT(*) FROM notes x WHERE x.owner = {q}id)",
        "(SELECT MAX(x.cost) FROM lines_ x WHERE x.k = {q}k)",
        "(SELECT MAX(x.n) FROM facts x)",
        "(SELECT x.label FROM countries x WHERE x.id = {q}tiny)",
        "(SELECT x.weight FROM settings x WHERE x.id = {q}tiny)",
        "EXISTS (SELECT 1 FROM notes x WHERE x.owner = {q}id)",
        "{t}tiny IN (SELECT x.qty FROM lines_ x)",
    ],
    "lines_": ["(SELECT COUNT(*) FROM facts x WHERE x.k = {q}k)"],
    "notes": ["(SELECT x.tag FROM facts x WHERE x.id = {q}owner)"],
    "countries": ["(SELECT COUNT(*) FROM facts x WHERE x.tiny = {q}id)"],
    "settings": ["(SELECT SUM(x.qty) FROM lines_ x)"],
}

ADDED: Final = {
    "facts": [
        "tiny", "small", "medium", "n", "big", "ubig", "price", "wide", "ratio", "exact", "era",
        "k",
    ],
    "lines_": ["qty", "cost", "k"],
    "notes": ["owner", "score"],
    "countries": ["id"],
    "settings": ["weight"],
}  # fmt: skip
"""Columns that are summed; in any order to the same sum."""
VARIED: Final = {
    "facts": ["tiny", "exact", "ratio", "k"],
    "lines_": ["qty", "cost"],
    "notes": ["owner", "score"],
    "countries": ["id"],
    "settings": ["weight"],
}
"""Columns of whose variance the first digits do not depend on the order."""
_VARIANCES = [
    "STD", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP", "VARIANCE",
]  # fmt: skip


_NO_MIDDLE = 0.917313
"""Keeps numbers away from the middle of two that they could be rounded to."""


def canonical(table: str) -> list[Expression]:
    """The columns of a table of which it does not matter which of two equal values is shown."""
    return [each for each in COLUMNS[table] if each.canonical]


class Aggregates:
    """Makes aggregate functions over one table, whose values do not depend on an order."""

    def __init__(self, chance: Random, table: str) -> None:
        self._chance = chance
        self.table = table

    def any(self) -> str:
        """One function, or an expression of several."""
        makes = [
            self.count, self.count, self.sum, self.sum, self.average, self.extreme, self.extreme,
            self.distinct, self.distinct, self.bits, self.concatenated, self.variance,
            self.composed, self.composed, self.composed,
        ]  # fmt: skip
        return self._chance.choice(makes)()

    def exact(self) -> str:
        """A number whose sum is the same in any order."""
        return self._chance.choice([self.count, self.sum])()

    def number(self) -> str:
        """One that is a number."""
        return self._chance.choice([self.count, self.sum, self.average, self.distinct])()

    def count(self) -> str:
        shown = self._any_column()
        return self._chance.choice(["COUNT(*)", "COUNT(*)", f"COUNT({shown})", "COUNT(1)"])

    def sum(self) -> str:
        column = self._added()
        ways = [
            column, column, column, f"{column} * 2", f"IFNULL({column}, 1)", f"{column} IS NULL",
            f"CASE WHEN {column} > 0 THEN 1 ELSE 0 END", f"-{column}" if "big" not in column else
            column,
        ]  # fmt: skip
        way = self._chance.choice(ways)
        if "big" in column and "* 2" in way:
            way = column
        return f"SUM({way})"

    def average(self) -> str:
        return f"AVG({self._added()})"

    def extreme(self) -> str:
        function = self._chance.choice(["MIN", "MAX"])
        shown = self._chance.choice(canonical(self.table)).template
        return f"{function}({shown})"

    def distinct(self) -> str:
        column, other = self._any_column(), self._any_column()
        added = self._added()
        ways = [
            f"COUNT(DISTINCT {column})", f"COUNT(DISTINCT {column})",
            f"COUNT(DISTINCT {column}, {other})", f"SUM(DISTINCT {added})",
            f"AVG(DISTINCT {added})",
        ]  # fmt: skip
        return self._chance.choice(ways)

    def bits(self) -> str:
        function = self._chance.choice(["BIT_AND", "BIT_OR", "BIT_XOR"])
        return f"{function}({self._chance.choice(['{t}id', self._added(whole=True)])})"

    def concatenated(self) -> str:
        shown = self._shown()
        way = self._chance.choice(["", " DESC"])
        ways = [
            f"GROUP_CONCAT(DISTINCT {shown} ORDER BY {shown}{way} SEPARATOR '|')",
            f"GROUP_CONCAT({{t}}id ORDER BY {{t}}id{way})",
            f"GROUP_CONCAT({self._any_column()}, ':', {{t}}id ORDER BY {{t}}id{way} SEPARATOR ' ')",
            f"GROUP_CONCAT({shown} ORDER BY {shown}{way}, {{t}}id)",
        ]
        return self._chance.choice(ways)

    def variance(self) -> str:
        function = self._chance.choice(_VARIANCES)
        column = self._chance.choice(VARIED[self.table])
        return f"ROUND({function}({{t}}{column}) * {_NO_MIDDLE}, 4)"

    def composed(self) -> str:
        added = self._added()
        shown = self._shown()
        ways = [
            f"SUM({added}) / COUNT(*)", f"IFNULL(MAX({added}), 0)", f"ROUND(AVG({added}), 2)",
            f"CONCAT(MIN({shown}), 'x')", f"MAX({added}) IS NULL", "COUNT(*) * 2 + 1",
            f"COALESCE(SUM({added}), COUNT({added}), 0)", f"COUNT({added}) > 2",
            f"IF(COUNT(*) > 3, MAX({shown}), MIN({shown}))", "COUNT(*) % 3", "-COUNT(*)",
            f"CAST(SUM({added}) AS CHAR)", f"GREATEST(COUNT(*), COUNT({added}))",
            f"MAX({added}) > MIN({added})", f"COUNT(DISTINCT {shown}) + SUM({added})",
            f"HEX(MAX({shown}))", "LENGTH(GROUP_CONCAT({t}id)) + COUNT(*)",
        ]  # fmt: skip
        return self._chance.choice(ways)

    def _added(self, *, whole: bool = False) -> str:
        columns = ADDED[self.table]
        if whole:
            columns = [c for c in columns if c not in ("price", "wide", "ratio", "exact", "cost")]
        return "{t}" + self._chance.choice([c for c in columns if c != "score" or not whole])

    def _any_column(self) -> str:
        return self._chance.choice(COLUMNS[self.table]).template

    def _shown(self) -> str:
        return self._chance.choice(canonical(self.table)).template
