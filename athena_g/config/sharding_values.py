"""The kinds of values that the keys of a sharding rule hold, as in :mod:`.values`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PlainValidator

from athena_g.config import values
from athena_g.config.values import Label, Text, Wanted, refused, spelling, wrong

Boundary = int | Decimal | str | datetime.date
"""A boundary of a range; a datetime is a date, too."""

_ALGORITHMS = {"mod": "mod", "modulo": "mod", "hash": "hash", "range": "range"}
_HASH_FUNCTIONS = ("crc32", "fnv1a", "siphash13")
_KEY_TYPES = ("integer", "decimal", "string", "date", "datetime", "binary")
_FUNCTION = re.compile(r"python:[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", re.ASCII)
_COLLATION = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")
_PADDED = re.compile(r"(0[1-9])?d?")
_LONGEST_DECIMAL = 15
"""Digits that a number of the file (which is a double) surely keeps."""


def _algorithm(value: str) -> str:
    known = _ALGORITHMS.get(value.lower())
    if known is None and not _FUNCTION.fullmatch(value):
        raise wrong("is not known here")
    return known or value


def _table_pattern(value: str) -> str:
    if any(char in "./\\`%" for char in value):
        raise wrong("is not a bare table name")
    if not value.strip("*"):
        raise wrong("matches every table")
    return value


def _template(value: str) -> str:
    """``value`` if names can be made with it, and read back without a doubt."""
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        raise wrong("is not such a text") from None
    fields = {name: spec for _, name, spec, _ in parts if name is not None}
    conversions = [conversion for *_, conversion in parts if conversion]
    if sorted(name for _, name, _, _ in parts if name is not None) != ["index", "table"]:
        raise wrong("does not have {table} and {index} once each and nothing else in braces")
    if conversions or fields["table"] or not _PADDED.fullmatch(fields["index"] or ""):
        raise wrong("has a format that is not one")
    between = [text for text, name, _, _ in parts if name is not None][1]
    if not between.strip("0123456789"):
        raise wrong("has nothing but digits between {table} and {index}")
    if any(char in "./\\`" or not char.isprintable() for text, *_ in parts for char in text):
        raise wrong("has characters that no table name has")
    return value


def _collation(value: str) -> str:
    if not _COLLATION.fullmatch(value.lower()) or len(value) > 64:
        raise wrong("is not the name of a collation")
    return value.lower()


def _boundaries(value: object) -> tuple[Boundary, ...]:
    listed = values.as_list(value)
    if not isinstance(listed, (list, tuple)):
        raise wrong("is not a list")
    found = tuple(map(_boundary, listed))
    kinds = {_kind(each) for each in found}
    if len(kinds) > 1:
        raise refused(f"mixes {_listed(kinds)}; write boundaries of one kind")
    _check_ascending(found)
    return found


def _boundary(value: object) -> Boundary:
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str, datetime.date)):
        raise wrong("has an entry that is no number, date or text")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise refused(f"has {value}, which has more than 64 bits; write smaller numbers")
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        raise refused(f"has {value} with a time zone; write the time without one")
    if isinstance(value, str) and any(char < " " for char in value):
        raise refused("has text with a control character; write boundaries without them")
    return value


def _decimal(value: float) -> Decimal:
    number = Decimal(repr(value))
    if not number.is_finite() or len(number.as_tuple().digits) > _LONGEST_DECIMAL:
        raise refused(f"has {value}; write finite numbers of at most {_LONGEST_DECIMAL} digits")
    return number


def _kind(value: Boundary) -> str:
    if isinstance(value, datetime.datetime):
        return "times"
    if isinstance(value, datetime.date):
        return "dates"
    return "text" if isinstance(value, str) else "numbers"


def _listed(kinds: Iterable[str]) -> str:
    return " and ".join(sorted(kinds))


def _check_ascending(found: tuple[Any, ...]) -> None:
    for index, (lower, upper) in enumerate(pairwise(found)):
        if not _is_below(lower, upper):
            raise refused(
                f"{upper} at index {index + 1} is not above {lower} before it; "
                "write the boundaries in strictly ascending order"
            )


def _is_below(lower: Any, upper: Any) -> bool:
    """Whether it can be; text may ascend under a collation that no case of letters matters to."""
    if isinstance(lower, str):
        return bool(lower < upper or lower.casefold() < upper.casefold())
    return bool(lower < upper)


TablePattern = Annotated[
    Label,
    AfterValidator(_table_pattern),
    Wanted(
        "the name of a table without its database; * and ? stand for any characters and for one"
    ),
]
Algorithm = Annotated[
    Text,
    AfterValidator(_algorithm),
    Wanted('"mod", "modulo", "hash", "range" or "python:package.module.function"'),
]
HashFunction = Annotated[
    Literal["crc32", "fnv1a", "siphash13"],
    spelling({name: name for name in _HASH_FUNCTIONS}),
]
RangeBoundaries = Annotated[
    tuple[Boundary, ...],
    PlainValidator(_boundaries),
    Wanted("a list of ascending numbers, dates, times or texts, such as [1000, 2000]"),
]
KeyTypeName = Annotated[
    Literal["integer", "decimal", "string", "date", "datetime", "binary"],
    spelling({name: name for name in _KEY_TYPES}),
]
CollationName = Annotated[
    Text, AfterValidator(_collation), Wanted('a collation, such as "utf8mb4_0900_ai_ci"')
]
PhysicalName = Annotated[
    Text,
    AfterValidator(_template),
    Wanted('a text with {table} and {index} in it, such as "{table}_{index:04d}"'),
]
