"""Values as integer and decimal columns see them.

A value with more digits behind the point than the column has is not decided: MySQL and MariaDB
round it to one of the column's where they look it up in an index, and not elsewhere. Texts are
compared as doubles, so that beyond 2**53 one may equal several integers.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from athena_g.router.key_types import NEVER, Key, Never, Undecidable

_NUMBER: Final = re.compile(r" *([+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?) *")
_EXACT: Final = 2**53
_EXACT_DIGITS: Final = 15
_MOST_DIGITS: Final = 65
_CONTEXT: Final = Context(prec=200, rounding=ROUND_HALF_UP)


def number_of(value: object) -> int | Decimal | float | str:
    """The number that a value is, a text that is plainly one included."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, Decimal, float)):
        return _finite(value)
    if isinstance(value, bytes) and type(value) is not bytes:
        return _hexadecimal(value)
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if isinstance(text, str):
        found = _NUMBER.fullmatch(text)
        if found:
            return found[1]
        raise Undecidable("a text that is not plainly a number is compared with one")
    raise Undecidable(f"a {type(value).__name__} is compared with a number")


def _finite(value: int | Decimal | float) -> int | Decimal | float:
    if isinstance(value, float):
        if abs(value) < _EXACT:
            return value
        raise Undecidable("a floating-point number beyond 2**53 equals several integers")
    if isinstance(value, Decimal) and not value.is_finite():
        raise Undecidable("a number that is not finite is none in SQL")
    if abs(value) < 10**_MOST_DIGITS:
        return value
    raise Undecidable(f"a number has more than {_MOST_DIGITS} digits")


def _hexadecimal(value: bytes) -> int:
    if not getattr(value, "numeric", True):
        raise Undecidable("x'…' is a number to MySQL and a text to MariaDB")
    if len(value) > 8:
        raise Undecidable("a hexadecimal number has more than 8 bytes")
    return int.from_bytes(value)


def integer_comparand(key: Key, value: object) -> int | Never:
    """The integer that equals ``value``."""
    number = number_of(value)
    if isinstance(number, str):
        number = as_double(number)
    whole = int(number)
    if whole != number:
        raise Undecidable("servers may round a fraction when they look for an integer")
    return whole if _is_in_range(key, whole) else NEVER


def _is_in_range(key: Key, number: int) -> bool:
    low = -(2**63) if key.low is None else key.low
    high = 2**64 - 1 if key.high is None else key.high
    return low <= number <= high


def as_double(text: str) -> float:
    """What ``text`` is compared as; not beyond 2**53, where one double equals several integers."""
    number = float(text)
    if abs(number) >= _EXACT:
        raise Undecidable("a text beyond 2**53 is compared as a double")
    return number


def integer_stored(key: Key, value: object) -> int:
    """The integer that is in the column when ``value`` is stored there; halves are rounded up."""
    number = number_of(value)
    if isinstance(number, float):
        if abs(number - int(number)) == 0.5:
            raise Undecidable("which way a half is rounded depends on the server")
        whole = round(number)
    elif isinstance(number, str) and not number.lstrip("+-").replace(".", "").isdigit():
        whole = _unrounded(number)
    else:
        whole = int(Decimal(number).quantize(Decimal(1), context=_CONTEXT))
    if _is_in_range(key, whole):
        return whole
    raise Undecidable(f"{whole} is out of the range of the column")


def _unrounded(text: str) -> int:
    number = Decimal(text)
    if number != number.to_integral_value(context=_CONTEXT):
        raise Undecidable("a fraction with an exponent is rounded")
    return int(number)


def decimal_comparand(key: Key, value: object) -> Decimal:
    """The decimal that equals ``value``."""
    number = number_of(value)
    if isinstance(number, (float, str)):
        number = _shortest(key, float(number))
    found = canonical_decimal(number)
    if _digits_behind(found) > (key.scale or 0):
        raise Undecidable("servers may round a number when they look for a decimal")
    return found


def _shortest(key: Key, number: float) -> Decimal:
    """The only decimal of the column's precision that is the double ``number``."""
    if key.precision is None or key.precision > _EXACT_DIGITS:
        raise Undecidable("as doubles, decimals of more than 15 digits may be equal")
    return Decimal(repr(number))


def decimal_stored(key: Key, value: object) -> Decimal:
    """The decimal that is in the column when ``value`` is stored there; halves are rounded up."""
    number = number_of(value)
    if isinstance(number, float) and number != int(number):
        raise Undecidable("how a floating-point number is rounded depends on the server")
    found = canonical_decimal(Decimal(number))
    if key.scale is None:
        if _digits_behind(found):
            raise Undecidable("how many digits the column has behind the point is not known")
    else:
        found = canonical_decimal(found.quantize(Decimal(1).scaleb(-key.scale), context=_CONTEXT))
    digits = None if key.precision is None else key.precision - (key.scale or 0)
    if (digits is not None and abs(found) >= 10**digits) or (key.low == 0 and found < 0):
        raise Undecidable(f"{found} is out of the range of the column")
    return found


def canonical_decimal(number: int | Decimal) -> Decimal:
    """``number`` without zeros at the end; there is one zero."""
    found = Decimal(number)
    return Decimal(0) if not found else found.normalize(_CONTEXT)


def _digits_behind(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
