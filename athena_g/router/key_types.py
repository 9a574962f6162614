"""What a shard column holds, and the kinds of outcome that a value of it has."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Final

from athena_g.protocol.charsets import Collation, collation_named


class KeyType(Enum):
    """The types of shard columns that values can be compared for."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    STRING = "string"
    DATE = "date"
    DATETIME = "datetime"
    BINARY = "binary"


class Undecidable(Exception):
    """It cannot be told where rows with a value are; ``reason`` says why, for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Never(Enum):
    """The outcome for a value that no value of the column equals."""

    NEVER = "never"


NEVER: Final = Never.NEVER

Canonical = int | Decimal | str | bytes | datetime.date | None
"""What stands for all values that are equal; None is NULL, and a datetime is a date, too."""


@dataclass(frozen=True, slots=True)
class Key:
    """A shard column: its type, and of that what matters for equality.

    ``collation`` is that of a string. ``low`` and ``high`` are the least and the greatest number.
    ``length`` is the most characters of a string or bytes of a binary, ``precision`` the most
    digits of a decimal, and ``scale`` those behind the point, of a decimal or the seconds of a
    datetime. What is None is not known; a ``type`` of None decides nothing. ``generated`` is an
    AUTO_INCREMENT column's: the server puts another value where NULL or 0 is given.
    """

    type: KeyType | None
    collation: str | None = None
    low: int | None = None
    high: int | None = None
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    generated: bool = False

    @property
    def codec(self) -> str:
        """The Python codec in which the column has its texts, ASCII if Python has none."""
        known = self.charset_and_collation
        return (known and known.codec) or "ascii"

    @property
    def charset_and_collation(self) -> Collation | None:
        """What is known of the collation of a string."""
        return collation_named(self.collation) if self.collation else None


_BITS: Final = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_TEXTS: Final = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"})
_BINARIES: Final = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
_ARGUMENTS: Final = re.compile(r"\((\d+)(?:,(\d+))?\)")


def key_of_column(
    data_type: str, column_type: str, collation: str | None = None, length: int | None = None
) -> Key:
    """The key that a column makes, of what information_schema.COLUMNS says about it.

    That is DATA_TYPE, COLUMN_TYPE, COLLATION_NAME and CHARACTER_MAXIMUM_LENGTH. A column of another
    type (FLOAT, ENUM, TIMESTAMP, which shows another time in each time zone ...) decides nothing.
    """
    data_type, column_type = data_type.lower(), column_type.lower()
    found = _ARGUMENTS.search(column_type)
    arguments = [int(each) for each in found.groups() if each] if found else []
    if data_type in _BITS:
        return _integer(_BITS[data_type], "unsigned" in column_type)
    if data_type in ("decimal", "numeric"):
        precision, scale = [*arguments, 0][:2] if arguments else (10, 0)
        low = 0 if "unsigned" in column_type else None
        return Key(KeyType.DECIMAL, low=low, precision=precision, scale=scale)
    if data_type in _TEXTS:
        return _string(data_type, collation, length)
    if data_type in _BINARIES:
        return Key(KeyType.BINARY, length=length)
    if data_type == "datetime":
        return Key(KeyType.DATETIME, scale=arguments[0] if arguments else 0)
    return Key(KeyType.DATE if data_type == "date" else None)


def _string(data_type: str, collation: str | None, length: int | None) -> Key:
    key = Key(KeyType.STRING, collation)
    known = key.charset_and_collation
    if length is not None and data_type.endswith("text"):  # it is in bytes there
        length //= known.max_bytes if known else 4
    return replace(key, length=length)


def _integer(bits: int, unsigned: bool) -> Key:
    if unsigned:
        return Key(KeyType.INTEGER, low=0, high=2**bits - 1)
    return Key(KeyType.INTEGER, low=-(2 ** (bits - 1)), high=2 ** (bits - 1) - 1)
