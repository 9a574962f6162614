"""The types of MySQL: how each is named, reported on the wire and kept in SQLite.

What SQLite holds for a kind:

==========  =============================================================================
INT, BIT    INTEGER; ENUM the number of its label, SET the bits of its labels
DECIMAL     TEXT with the column's number of decimals, compared by the collation ``decimal``,
            so sums and comparisons are exact; an expression may also give an INTEGER
REAL        REAL; a FLOAT is rounded to single precision when it is stored
STRING      TEXT with a collation named as in MySQL
BINARY      BLOB
DATE        TEXT ``YYYY-MM-DD``
DATETIME    TEXT ``YYYY-MM-DD HH:MM:SS[.f]`` without trailing zeros: text order is time order
TIME        INTEGER microseconds
JSON        TEXT, normalised as MySQL prints it
==========  =============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from athena_g.embedded.collation import COLLATIONS, charset_of
from athena_g.protocol.constants import (
    BINARY_FLAG,
    BLOB_FLAG,
    ENUM_FLAG,
    NOT_FIXED_DECIMALS,
    NUM_FLAG,
    SET_FLAG,
    UNSIGNED_FLAG,
    ZEROFILL_FLAG,
    ColumnType,
)


class Kind(Enum):
    """What the values of a type are, as far as operators care."""

    NULL = "null"
    INT = "int"
    DECIMAL = "decimal"
    REAL = "real"
    STRING = "string"
    BINARY = "binary"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    JSON = "json"
    ENUM = "enum"
    SET = "set"
    BIT = "bit"


NUMERIC = frozenset({Kind.INT, Kind.DECIMAL, Kind.REAL, Kind.BIT})
TEMPORAL = frozenset({Kind.DATE, Kind.DATETIME, Kind.TIME})
DEFAULT_COLLATION = "utf8mb4_0900_ai_ci"
BINARY_COLLATION_ID = 63

COLLATION_IDS = {
    "utf8mb4_0900_ai_ci": 255,
    "utf8mb4_general_ci": 45,
    "utf8mb4_unicode_ci": 224,
    "utf8mb4_unicode_520_ci": 246,
    "utf8mb4_bin": 46,
    "utf8mb4_0900_bin": 309,
    "utf8mb4_0900_as_cs": 278,
    "utf8mb4_0900_as_ci": 305,
    "utf8mb3_general_ci": 33,
    "utf8mb3_unicode_ci": 192,
    "utf8mb3_bin": 83,
    "latin1_swedish_ci": 8,
    "latin1_bin": 47,
    "ascii_general_ci": 11,
    "ascii_bin": 65,
    "binary": BINARY_COLLATION_ID,
}


@dataclass(frozen=True, slots=True)
class SqlType:
    """One type: of a column, or of an expression."""

    kind: Kind
    wire: ColumnType
    name: str = ""
    """As SHOW COLUMNS prints it, e.g. ``decimal(10,2) unsigned``; empty for an expression."""
    length: int = 0
    """Characters (STRING), bytes (BINARY), bits (BIT), digits (DECIMAL), display width (others)."""
    scale: int = 0
    """Decimals of a DECIMAL, fractional digits of a time."""
    unsigned: bool = False
    zerofill: bool = False
    low: int = 0
    high: int = 0
    labels: tuple[str, ...] = ()
    collation: str = ""

    @property
    def is_numeric(self) -> bool:
        return self.kind in NUMERIC

    @property
    def is_temporal(self) -> bool:
        return self.kind in TEMPORAL

    @property
    def base_name(self) -> str:
        """``varchar`` of ``varchar(10)``: DATA_TYPE of information_schema.columns."""
        return self.name.split("(")[0].split(" ")[0]

    def with_collation(self, collation: str) -> SqlType:
        return replace(self, collation=collation)


NULL = SqlType(Kind.NULL, ColumnType.NULL)
BIGINT = SqlType(Kind.INT, ColumnType.LONGLONG, "bigint", length=20, low=-(2**63), high=2**63 - 1)
BIGINT_UNSIGNED = SqlType(
    Kind.INT, ColumnType.LONGLONG, "bigint unsigned", length=20, unsigned=True, high=2**64 - 1
)
BOOLEAN = SqlType(Kind.INT, ColumnType.LONGLONG, "int", length=1, low=-(2**31), high=2**31 - 1)
YEAR = SqlType(Kind.INT, ColumnType.YEAR, "year", length=4, unsigned=True, low=1901, high=2155)
DOUBLE = SqlType(Kind.REAL, ColumnType.DOUBLE, "double", length=23, scale=NOT_FIXED_DECIMALS)
FLOAT = SqlType(Kind.REAL, ColumnType.FLOAT, "float", length=12, scale=NOT_FIXED_DECIMALS)
DATE = SqlType(Kind.DATE, ColumnType.DATE, "date", length=10)
JSON = SqlType(Kind.JSON, ColumnType.JSON, "json", length=2**32 - 1, collation="utf8mb4_bin")
U64_LITERAL = SqlType(Kind.DECIMAL, ColumnType.LONGLONG, "bigint unsigned", 20, unsigned=True)


def decimal(precision: int, scale: int, *, unsigned: bool = False) -> SqlType:
    """DECIMAL(precision, scale), both cut to what MySQL allows (65, 30)."""
    precision, scale = min(max(precision, scale, 1), 65), min(scale, 30)
    name = f"decimal({precision},{scale})" + (" unsigned" if unsigned else "")
    return SqlType(Kind.DECIMAL, ColumnType.NEWDECIMAL, name, precision, scale, unsigned=unsigned)


def integer_sum(precision: int = 41) -> SqlType:
    """What SUM of integers gives: reported as DECIMAL, held as an integer."""
    return SqlType(Kind.INT, ColumnType.NEWDECIMAL, f"decimal({precision},0)", precision)


def varchar(length: int = 0, collation: str = DEFAULT_COLLATION) -> SqlType:
    """VARCHAR(length); for an expression the length is what its result may have."""
    return SqlType(
        Kind.STRING, ColumnType.VAR_STRING, f"varchar({length})", length, collation=collation
    )


def varbinary(length: int = 0) -> SqlType:
    """VARBINARY(length)."""
    return SqlType(
        Kind.BINARY, ColumnType.VAR_STRING, f"varbinary({length})", length, collation="binary"
    )


def text(collation: str = DEFAULT_COLLATION) -> SqlType:
    """LONGTEXT, the type of strings of unknown length."""
    return SqlType(Kind.STRING, ColumnType.BLOB, "longtext", 2**32 - 1, collation=collation)


def datetime(fraction: int = 0) -> SqlType:
    """DATETIME(fraction)."""
    name = f"datetime({fraction})" if fraction else "datetime"
    length = 19 + (fraction + 1 if fraction else 0)
    return SqlType(Kind.DATETIME, ColumnType.DATETIME, name, length, fraction)


def timestamp(fraction: int = 0) -> SqlType:
    """TIMESTAMP(fraction)."""
    name = f"timestamp({fraction})" if fraction else "timestamp"
    return replace(datetime(fraction), wire=ColumnType.TIMESTAMP, name=name)


def time(fraction: int = 0) -> SqlType:
    """TIME(fraction)."""
    name = f"time({fraction})" if fraction else "time"
    length = 10 + (fraction + 1 if fraction else 0)
    return SqlType(Kind.TIME, ColumnType.TIME, name, length, fraction)


def wire_length(sql_type: SqlType) -> int:
    """The ``column length`` of a column definition: bytes for text (4 to a character)."""
    if sql_type.kind in (Kind.STRING, Kind.ENUM, Kind.SET):
        if sql_type.wire is ColumnType.BLOB:
            return min(sql_type.length, 2**32 - 1)
        return sql_type.length * 4
    if sql_type.kind is Kind.DECIMAL:
        point = 1 if sql_type.scale else 0
        return sql_type.length + point + (0 if sql_type.unsigned else 1)
    return min(sql_type.length, 2**32 - 1)


def wire_decimals(sql_type: SqlType) -> int:
    """The ``decimals`` byte of a column definition."""
    if sql_type.kind in (Kind.STRING, Kind.BINARY) and not sql_type.name.startswith(
        ("varchar", "char", "text")
    ):
        return 0
    return sql_type.scale


def wire_collation_id(sql_type: SqlType, *, character_set_results: int = 255) -> int:
    """The character set number of a column definition: 63 for all that is no text.

    Where ``character_set_results`` is NULL (0 here) it is that of the column's own collation. All
    texts leave in UTF-8: of a column in another character set it is the one that compares alike.
    """
    if sql_type.kind in (Kind.STRING, Kind.ENUM, Kind.SET):
        return character_set_results or _id_in_utf8(sql_type.collation)
    return BINARY_COLLATION_ID


def _id_in_utf8(name: str) -> int:
    if charset_of(name) == "utf8mb4":
        return COLLATION_IDS.get(name, 255)
    alike = COLLATIONS.get(name)
    numbers = (
        number for each, number in COLLATION_IDS.items() if COLLATIONS.get(each, "none") is alike
    )
    return next(numbers, 255)


_KIND_FLAGS = {
    Kind.INT: NUM_FLAG | BINARY_FLAG,
    Kind.DECIMAL: NUM_FLAG | BINARY_FLAG,
    Kind.REAL: NUM_FLAG | BINARY_FLAG,
    Kind.ENUM: ENUM_FLAG,
    Kind.SET: SET_FLAG,
    Kind.BINARY: BINARY_FLAG,
    Kind.JSON: BLOB_FLAG | BINARY_FLAG,
    Kind.BIT: UNSIGNED_FLAG,
    Kind.DATE: BINARY_FLAG,
    Kind.DATETIME: BINARY_FLAG,
    Kind.TIME: BINARY_FLAG,
    Kind.NULL: BINARY_FLAG | NUM_FLAG,
}


def wire_flags(sql_type: SqlType) -> int:
    """The flags of a column definition that follow from the type alone."""
    flags = _KIND_FLAGS.get(sql_type.kind, 0) & ~NUM_FLAG
    if sql_type.wire is ColumnType.BLOB:
        flags |= BLOB_FLAG
    if sql_type.unsigned:
        flags |= UNSIGNED_FLAG
    if sql_type.zerofill:
        flags |= ZEROFILL_FLAG
    if sql_type.kind is Kind.STRING and sql_type.collation.endswith("_bin"):
        flags |= BINARY_FLAG
    return flags


def sqlite_declaration(sql_type: SqlType) -> str:
    """The SQLite column type and collation that keep values of the type."""
    match sql_type.kind:
        case Kind.INT | Kind.TIME | Kind.ENUM | Kind.SET | Kind.BIT:
            return "INTEGER"
        case Kind.DECIMAL:
            return "TEXT COLLATE decimal"
        case Kind.REAL:
            return "REAL"
        case Kind.BINARY:
            return "BLOB"
        case Kind.STRING:
            return f"TEXT COLLATE {sql_type.collation}"
    return "TEXT"
