"""One canonical value for all values that MySQL calls equal in a shard column.

:func:`comparand` is for conditions, :func:`stored` for what an INSERT puts into the column: '5.4'
equals no integer and is stored as 5. :func:`endpoint` is for conditions with ``<`` and the like.
Each raises :class:`Undecidable` where a value cannot be followed; then rows may be on any shard.
Equal values never have different canonical values; unequal ones may have the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Final, NoReturn

from athena_g.router import numeric_keys, string_keys, temporal_keys
from athena_g.router.collations import is_ordered
from athena_g.router.key_types import (
    NEVER,
    Canonical,
    Key,
    KeyType,
    Never,
    Undecidable,
    key_of_column,
)

__all__ = [
    "NEVER",
    "Canonical",
    "Key",
    "KeyType",
    "Never",
    "Undecidable",
    "boundary",
    "comparand",
    "endpoint",
    "key_of_column",
    "stored",
]

_MICROSECONDS: Final = 6

_Reading = Callable[[Key, object], Canonical | Never]

_COMPARANDS: Final[dict[KeyType, _Reading]] = {
    KeyType.INTEGER: numeric_keys.integer_comparand,
    KeyType.DECIMAL: numeric_keys.decimal_comparand,
    KeyType.STRING: string_keys.string_comparand,
    KeyType.DATE: temporal_keys.date_comparand,
    KeyType.DATETIME: temporal_keys.datetime_comparand,
    KeyType.BINARY: string_keys.binary_comparand,
}
_STORED: Final[dict[KeyType, _Reading]] = {
    KeyType.INTEGER: numeric_keys.integer_stored,
    KeyType.DECIMAL: numeric_keys.decimal_stored,
    KeyType.STRING: string_keys.string_stored,
    KeyType.DATE: temporal_keys.date_stored,
    KeyType.DATETIME: temporal_keys.datetime_comparand,
    KeyType.BINARY: string_keys.binary_stored,
}


def comparand(key: Key, value: object) -> Canonical | Never:
    """The canonical value of what equals ``value``; ``NEVER`` if no value of the column does.

    None, which is NULL, stays None: what ``=`` and ``<=>`` make of it is the caller's matter.
    """
    return None if value is None else _reading(_COMPARANDS, key)(key, value)


def stored(key: Key, value: object) -> Canonical:
    """The canonical value of what is in the column when ``value`` is stored there."""
    if value is None:
        return None if not key.generated else _unknown()
    found = _reading(_STORED, key)(key, value)
    if isinstance(found, Never):
        raise Undecidable("the column cannot hold the value")
    return _unknown() if key.generated and found == 0 else found


def _unknown() -> NoReturn:
    raise Undecidable("the server would make a value for the AUTO_INCREMENT column")


def endpoint(key: Key, value: object) -> Canonical:
    """Where a range of the column begins or ends that a condition gives ``value`` as its end.

    It need not be a value of the column: 5.5 is an end for integers.
    """
    if key.type in (KeyType.INTEGER, KeyType.DECIMAL):
        return _numeric_endpoint(key, value)
    if key.type is KeyType.STRING and not is_ordered(key.collation):
        raise Undecidable(f"the order of texts under the collation {key.collation} is not known")
    found = comparand(key, value)
    if found is None or isinstance(found, Never):
        raise Undecidable("a range ends with no value of the column")
    if isinstance(found, str) and any(char < " " for char in found):
        raise Undecidable("control characters are before the spaces that an end is filled up with")
    return found


def boundary(key: Key, value: object) -> Canonical:
    """A boundary of the configuration as a canonical value, which the column need not have."""
    if key.type in (KeyType.INTEGER, KeyType.DECIMAL):
        return _numeric_endpoint(key, value)
    found = comparand(replace(key, scale=_MICROSECONDS), value)
    if found is None or isinstance(found, Never):
        raise Undecidable("the column cannot have a value like it")
    return found


def _numeric_endpoint(key: Key, value: object) -> int | Decimal:
    number = numeric_keys.number_of(value)
    if isinstance(number, str):
        number = numeric_keys.as_double(number)
    if isinstance(number, float) and key.type is KeyType.DECIMAL:
        raise Undecidable("a range of decimals ends with a floating-point number")
    if key.type is KeyType.INTEGER and number == int(number):
        return int(number)
    return numeric_keys.canonical_decimal(Decimal(number))


def _reading(readings: dict[KeyType, _Reading], key: Key) -> _Reading:
    if key.type is None:
        raise Undecidable("the type of the column is not one whose values can be compared")
    return readings[key.type]
