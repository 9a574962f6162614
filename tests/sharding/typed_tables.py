"""Tables with a column of every type, for queries whose answers are merged, and their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

SHARDS: Final = 4
HOME: Final = "home"
DB_GROUPS: Final[dict[str, tuple[int, ...]]] = {HOME: (), "a": (0, 2), "b": (1, 3)}

NULL: Final = "NULL"
_CI: Final = "ci"
"""Stands for the collation that the kind of server has for texts in general."""
_COLLATIONS: Final = {"mariadb": "utf8mb4_general_ci"}

_LACKING: Final = {
    "embedded": (
        "18446744073709551615",
        "9223372036854775808",
        "-99999999999999999999.9999999999",
    )
}
"""Values that a kind of server does not have."""
_LONG_TEXT: Final = "a long text, " * 30
_LONG_BYTES: Final = f"x'{'80' * 300}'"


def _texts(*values: str) -> list[str]:
    return [f"'{value}'" for value in values]


@dataclass(frozen=True)
class Typed:
    """A column: its type, and some of its values as literals.

    ``canonical``: those that are equal look the same, too.
    """

    type: str
    values: Sequence[str]
    canonical: bool = True


FACTS: Final = {
    "k": Typed("INT", [NULL, *map(str, range(-5, 12))]),
    "tiny": Typed("TINYINT", [NULL, "-128", "127", "0", "1", "2", "3", "-7", "1"]),
    "small": Typed("SMALLINT UNSIGNED", [NULL, "0", "65535", "7", "300", "7"]),
    "medium": Typed("MEDIUMINT", [NULL, "-8388608", "8388607", "0", "12", "-12"]),
    "n": Typed("INT", [NULL, "-2147483648", "2147483647", "0", "5", "-5", "17", "42", "3"]),
    "big": Typed(
        "BIGINT", [NULL, "-9223372036854775808", "9223372036854775807", "0", "1000000007", "-1"]
    ),
    "ubig": Typed("BIGINT UNSIGNED", [NULL, "0", "18446744073709551615", "9223372036854775808"]),
    "price": Typed(
        "DECIMAL(12,3)", [NULL, "-999999999.999", "999999999.999", "0", "12.500", "0.001", "-3.25"]
    ),
    "wide": Typed(
        "DECIMAL(30,10)",
        [NULL, "12345678901234567890.0123456789", "-99999999999999999999.9999999999", "0", "1.5"],
    ),
    "ratio": Typed("FLOAT", [NULL, "0.25", "-1.5", "1000.75", "0", "7", "0.25"]),
    "exact": Typed("DOUBLE", [NULL, "0.5", "-2.75", "123456.25", "0", "9", "0.5"]),
    "bits": Typed("BIT(5)", [NULL, "b'0'", "b'10101'", "b'11111'", "b'1'"]),
    "day": Typed(
        "DATE",
        [NULL, *_texts("1000-01-01", "9999-12-31", "2020-02-29", "1970-01-01", "2020-02-29")],
    ),
    "moment": Typed(
        "DATETIME",
        [NULL, *_texts("1000-01-01 00:00:00", "9999-12-31 23:59:59", "2020-02-29 12:34:56")],
    ),
    "precise": Typed(
        "DATETIME(6)",
        [
            NULL,
            *_texts("2020-02-29 12:34:56.000001", "2020-02-29 12:34:56.1", "2020-02-29 12:34:56"),
        ],
    ),
    "stamp": Typed(
        "TIMESTAMP(3) NULL",
        [
            NULL,
            *_texts("1970-01-02 00:00:01.001", "2038-01-18 03:14:07.999", "2001-02-03 04:05:06"),
        ],
    ),
    "span": Typed(
        "TIME", [NULL, *_texts("-838:59:59", "838:59:59", "00:00:00", "-00:00:01", "12:00:00")]
    ),
    "lap": Typed(
        "TIME(2)",
        [NULL, *_texts("-00:00:00.01", "837:59:59.99", "00:00:00", "10:00:00.5", "-12:30:00.25")],
    ),
    "era": Typed("YEAR", [NULL, "1901", "2155", "2020", "1999"]),
    "code": Typed("CHAR(8) COLLATE ci", [NULL, *_texts("AB", "B", "", "ZZZZZZZZ", "A C")]),
    "name": Typed(
        "VARCHAR(20) COLLATE ci",
        [
            NULL,
            *_texts("ann", "Ann", "ANN", "änn", "ann ", "bob", "Bob", "", " ", "zoë", "ZOE"),
            *_texts("ß", "ss", "😀", "z-a", "za"),
        ],
        canonical=False,
    ),
    "tag": Typed(
        "VARCHAR(20) COLLATE utf8mb4_bin",
        [NULL, *_texts("a", "A", "ä", "b", "", "a-", "😀", "Z", "orders")],
    ),
    "old": Typed(
        "VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci",
        [NULL, *_texts("straße", "STRASSE", "é", "e", "E ", "e", "ÿ", "", "ö", "Z")],
        canonical=False,
    ),
    "story": Typed(
        "TEXT COLLATE ci",
        [NULL, *_texts("short", "Short", "", _LONG_TEXT, _LONG_TEXT + "b", "ä")],
        canonical=False,
    ),
    "raw": Typed("VARBINARY(16)", [NULL, "x'00'", "x'0001'", "''", "x'FF'", "'abc'", "'ABC'"]),
    "fixed": Typed("BINARY(4)", [NULL, "'ab'", "x'00'", "'abcd'", "x'FF20'"]),
    "heap": Typed("BLOB", [NULL, "x'00FF'", "'abc'", "''", _LONG_BYTES]),
    "mood": Typed("ENUM('sad','ok','glad','angry')", [NULL, *_texts("sad", "ok", "glad", "angry")]),
    "marks": Typed("SET('x','b','a')", [NULL, *_texts("", "x", "b", "x,a", "x,b,a")]),
    "doc": Typed(
        "JSON",
        [
            NULL,
            *_texts('{"a": 1}', '{"a": 2, "b": "x"}', "[1, 2]", '"text"', "3", "true", "null"),
        ],
        canonical=False,
    ),
}
"""The columns of ``facts`` but for its id."""
LINES: Final = {
    "k": FACTS["k"],
    "sku": Typed("VARCHAR(20) COLLATE utf8mb4_bin", _texts("pen", "ink", "cup", "Pen", "map")),
    "qty": Typed("INT", [NULL, "1", "2", "3", "5", "17", "-7"]),
    "cost": Typed("DECIMAL(10,2)", [NULL, "0.50", "12.50", "7.25", "-3.25"]),
}
NOTES: Final = {
    "owner": Typed("INT", [NULL, *map(str, range(1, 70, 3))]),
    "words": Typed(
        "VARCHAR(20) COLLATE ci", [*_texts("ann", "ANN", "bob", "", "x"), NULL], canonical=False
    ),
    "score": Typed("DECIMAL(8,2)", [NULL, "1.50", "2.50", "-7.00", "12.50"]),
}
COUNTRIES: Final = {
    "label": Typed("VARCHAR(20) COLLATE utf8mb4_bin", [*_texts("one", "two", "One", ""), NULL]),
}
SETTINGS: Final = {
    "value": Typed("VARCHAR(20) COLLATE ci", [*_texts("red", "blue", "Red"), NULL], False),
    "weight": Typed("INT", [NULL, "1", "2", "7"]),
}


@dataclass(frozen=True)
class Table:
    """One table; each has a column ``id`` that tells its rows apart. ``where`` its rows are."""

    name: str
    columns: dict[str, Typed]
    count: int
    indexes: str
    where: str = "shards"

    def create(self, kind: str) -> str:
        """The statement that makes it on a server of this kind."""
        collation = _COLLATIONS.get(kind, "utf8mb4_0900_ai_ci")
        columns = "".join(
            f"`{name}` {each.type.replace('COLLATE ci', f'COLLATE {collation}')}, "
            for name, each in self.columns.items()
        )
        return f"CREATE TABLE {self.name} (id INT NOT NULL, {columns}{self.indexes})"

    def fill(self, kind: str) -> str:
        """The statement that inserts all its rows."""
        chance = Random(self.name)
        lacking = _LACKING.get(kind, ())
        kept = [[v for v in each.values if v not in lacking] for each in self.columns.values()]
        rows = ", ".join(
            f"({number}, {', '.join(map(chance.choice, kept))})"
            for number in range(1, self.count + 1)
        )
        return f"INSERT INTO {self.name} (id, {', '.join(self.columns)}) VALUES {rows}"


TABLES: Final = (
    Table("facts", FACTS, 60, "UNIQUE KEY by_id (id, k), KEY by_k (k)"),
    Table("lines_", LINES, 40, "UNIQUE KEY by_id (id, k), KEY by_k (k)"),
    Table("notes", NOTES, 30, "PRIMARY KEY (id)"),
    Table("countries", COUNTRIES, 8, "PRIMARY KEY (id)", "everywhere"),
    Table("settings", SETTINGS, 6, "PRIMARY KEY (id)", "home"),
)


def _rule(table: str, column: str, binding: str) -> str:
    return f"""
[[groups.sharding_rules]]
name = "{table}"
table_pattern = "{table}"
shard_column = "{column}"
algorithm = "mod"
shard_count = {SHARDS}
scatter_writes = "allow"
{f'binding = "{binding}"' if binding else ""}
"""


RULES: Final = _rule("facts", "k", "by k") + _rule("lines_", "k", "by k") + _rule("notes", "id", "")
BROADCAST: Final = json.dumps([table.name for table in TABLES if table.where == "everywhere"])


def definitions(kind: str) -> Iterator[str]:
    """The statements that make all tables, with their rows."""
    for table in TABLES:
        yield table.create(kind)
        yield table.fill(kind)


def of_shard(database: str, shard: int) -> Iterator[str]:
    """The statements that make all tables with the rows of a database that a shard has."""
    for table in TABLES:
        key = "id" if table.name == "notes" else "k"
        where = "TRUE"
        if table.where == "shards":
            where = f"(IFNULL({key}, 0) % {SHARDS} + {SHARDS}) % {SHARDS} = {shard}"
        yield f"CREATE TABLE {table.name} LIKE {database}.{table.name}"
        yield f"INSERT INTO {table.name} SELECT * FROM {database}.{table.name} WHERE {where}"


def shadows(database: str, *, empty: bool) -> Iterator[str]:
    """The statements by which a connection has temporary tables like those of a database.

    Of them a server expects other numbers of rows. ``empty``: they have none.
    """
    for table in TABLES:
        yield f"CREATE TEMPORARY TABLE {table.name} LIKE {database}.{table.name}"
        if not empty:
            yield f"INSERT INTO {table.name} SELECT * FROM {database}.{table.name}"
