"""The tables that statements on shards are tried on, and the rows that they begin with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

INTEGER, DECIMAL, TEXT, CI, BIN, DATE = "integer", "decimal", "text", "ci", "bin", "date"

SHARDS: Final = 4


@dataclass(frozen=True)
class Shape:
    """One table: the kinds of its columns, its keys, and where its rows are.

    ``place`` is "shards", "home" or "everywhere"; ``key`` the shard column. ``rank`` are columns
    that tell any two of its rows apart, ``scatters`` whether changes may be divided among shards.
    """

    name: str
    columns: dict[str, str]
    indexes: str
    rows: tuple[str, ...]
    rank: tuple[str, ...]
    place: str = "shards"
    key: str = ""
    scatters: bool = False

    @property
    def is_sharded(self) -> bool:
        return self.place == "shards"

    def create(self, kind: str, name: str = "") -> str:
        """The statement that makes the table on a server of this kind."""
        columns = ", ".join(
            f"{column} {_type(each, kind)}{' NOT NULL' if column in self.rank else ''}"
            for column, each in self.columns.items()
        )
        return f"CREATE TABLE {name or self.name} ({columns}, {self.indexes})"


def _type(kind: str, server: str) -> str:
    collation = "utf8mb4_general_ci" if server == "mariadb" else "utf8mb4_0900_ai_ci"
    return {
        INTEGER: "INT",
        DECIMAL: "DECIMAL(10,2)",
        TEXT: "VARCHAR(20) COLLATE utf8mb4_bin",
        CI: f"VARCHAR(20) COLLATE {collation}",
        BIN: "VARCHAR(20) COLLATE utf8mb4_bin",
        DATE: "DATE",
    }[kind]


ORDERS = Shape(
    "orders",
    {"id": INTEGER, "user_id": INTEGER, "amount": DECIMAL, "note": TEXT},
    "UNIQUE KEY by_user (user_id, id), KEY by_amount (amount)",
    (
        "1, 1, 10.00, 'one'", "2, 1, 20.50, NULL", "3, 2, 5.00, 'two'", "4, 3, 7.25, 'three'",
        "5, 4, 0.00, 'orders'", "6, 5, 99.99, 'five'", "7, 6, NULL, 'six'", "8, 8, 1.00, ''",
        "9, -1, 3.00, 'minus'", "10, -5, 4.00, 'minus'", "11, NULL, 5.00, 'nobody'",
        "12, NULL, NULL, NULL",
    ),
    ("id",),
    key="user_id",
    scatters=True,
)  # fmt: skip
ITEMS = Shape(
    "items",
    {"order_id": INTEGER, "user_id": INTEGER, "sku": TEXT, "qty": INTEGER},
    "PRIMARY KEY (user_id, order_id, sku)",
    (
        "1, 1, 'pen', 2", "1, 1, 'ink', 1", "2, 1, 'pen', 5", "3, 2, 'cup', 1", "4, 3, 'ink', 9",
        "6, 5, 'cup', NULL", "7, 6, 'pen', 1", "8, 8, 'orders', 3", "9, -1, 'ink', 4",
        "1, 7, 'map', 1",
    ),
    ("user_id", "order_id", "sku"),
    key="user_id",
)  # fmt: skip
PEOPLE = Shape(
    "people",
    {"name": CI, "age": INTEGER, "born": DATE},
    "PRIMARY KEY (name)",
    (
        "'ann', 30, '1990-01-01'", "'Bob', 41, '1980-05-05'", "'Zoë', NULL, NULL",
        "'märz', 7, '2015-03-01'", "'', 1, '2020-02-02'", "'5', 5, '2005-05-05'",
    ),
    ("name",),
    key="name",
    scatters=True,
)  # fmt: skip
TAGS = Shape(
    "tags",
    {"tag": BIN, "n": INTEGER},
    "UNIQUE KEY by_tag (tag)",
    ("'a', 1", "'A', 2", "'ä', 3", "'b', 1", "'b c', NULL"),
    ("tag",),
    key="tag",
)
DAYS = Shape(
    "days",
    {"day": DATE, "what": TEXT, "n": INTEGER},
    "PRIMARY KEY (day, what)",
    (
        "'2019-12-31', 'end', 1", "'2020-01-01', 'start', 2", "'2020-06-15', 'mid', NULL",
        "'2021-01-01', 'start', 4", "'2022-02-02', 'later', 5", "'2021-07-01', 'mid', 3",
    ),
    ("day", "what"),
    key="day",
    scatters=True,
)  # fmt: skip
COUNTRIES = Shape(
    "countries",
    {"code": INTEGER, "label": TEXT},
    "PRIMARY KEY (code)",
    ("1, 'one'", "2, 'two'", "5, 'five'", "-1, 'minus'"),
    ("code",),
    "everywhere",
)
SETTINGS = Shape(
    "settings",
    {"k": INTEGER, "v": TEXT, "orders": INTEGER},
    "PRIMARY KEY (k)",
    ("1, 'red', 1", "2, 'blue', NULL", "3, NULL, 7"),
    ("k",),
    "home",
)
SHAPES: Final = (ORDERS, ITEMS, PEOPLE, TAGS, DAYS, COUNTRIES, SETTINGS)

RULES: Final = """
[[groups.sharding_rules]]
name = "orders by user"
table_pattern = "orders"
shard_column = "user_id"
algorithm = "mod"
shard_count = 4
binding = "by user"
scatter_writes = "allow"
[[groups.sharding_rules]]
name = "items by user"
table_pattern = "items"
shard_column = "user_id"
algorithm = "mod"
shard_count = 4
binding = "by user"
[[groups.sharding_rules]]
name = "people by name"
table_pattern = "people"
shard_column = "name"
algorithm = "hash"
shard_count = 4
scatter_writes = "allow"
[[groups.sharding_rules]]
name = "tags"
table_pattern = "tags"
shard_column = "tag"
algorithm = "hash"
hash_function = "fnv1a"
shard_count = 4
[[groups.sharding_rules]]
name = "days"
table_pattern = "days"
shard_column = "day"
algorithm = "range"
range_boundaries = ["2020-01-01", "2021-01-01", "2022-01-01"]
scatter_writes = "allow"
[[groups.sharding_rules]]
name = "made in tests"
table_pattern = "made_*"
shard_column = "k"
algorithm = "mod"
shard_count = 4
binding = "made"
scatter_writes = "allow"
"""


def physical(shape: Shape) -> Iterator[tuple[str, str]]:
    """In which DB groups a table is, and what it is called there."""
    for name, shards in DB_GROUPS.items():
        if shape.place == "everywhere" or (shape.place == "home" and name == HOME):
            yield name, shape.name
        elif shape.is_sharded:
            yield from ((name, f"{shape.name}_{shard}") for shard in shards)


HOME: Final = "home"
DB_GROUPS: Final[dict[str, tuple[int, ...]]] = {HOME: (), "a": (0, 2), "b": (1, 3)}
