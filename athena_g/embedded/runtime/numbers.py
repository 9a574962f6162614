"""Numbers: decimals exact, integers with MySQL's limits, text read as a number."""

from __future__ import annotations

import math
import re
import zlib
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal
from typing import Any

from athena_g import errors
from athena_g.embedded.native import EXACT, decimal_text, quantize, to_decimal
from athena_g.embedded.runtime.registry import scalar
from athena_g.embedded.store import number_text

_PREFIX = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_INTEGER_PREFIX = re.compile(r"\s*[+-]?\d+")


@scalar("my_number", 1)
def number(text: str | bytes) -> float:
    """The number a text begins with, 0 if it begins with none."""
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    match = _PREFIX.match(shown)
    return float(match[0]) if match else 0.0


@scalar("my_integer_prefix", 1)
def integer_prefix(text: str) -> int:
    """The integer a text begins with."""
    match = _INTEGER_PREFIX.match(text)
    value = int(match[0]) if match else 0
    return max(-(2**63), min(value, 2**63 - 1))


@scalar("my_integer", 1)
def integer(value: Any) -> int:
    """The value rounded half away from zero."""
    rounded = int(quantize(to_decimal(value), 0)) if not isinstance(value, int) else value
    return _checked(rounded)


def _checked(value: int, kind: str = "BIGINT") -> int:
    if not -(2**63) <= value < 2**63:
        raise errors.DATA_OUT_OF_RANGE(type=kind, expression=str(value))
    return value


@scalar("my_unsigned", 1)
def unsigned(value: Any) -> int:
    """The value, which must not be below zero."""
    if value < 0:
        raise errors.DATA_OUT_OF_RANGE(type="BIGINT UNSIGNED", expression=str(value))
    if value >= 2**63:
        raise errors.NOT_SUPPORTED_YET(construct="BIGINT UNSIGNED above 9223372036854775807")
    return int(value)


@scalar("my_as_unsigned", 1)
def as_unsigned(value: int) -> str:
    """The value read as an unsigned number of 64 bits."""
    return str(value % 2**64)


@scalar("my_real_text", 1)
def real_text(value: float) -> str:
    """A float as MySQL prints it."""
    return number_text(float(value))


@scalar("my_real_decimal", 1)
def real_decimal(value: float) -> str:
    """A float as the decimal of its shortest text."""
    return decimal_text(to_decimal(float(value)))


@scalar("my_float", 1)
def single(value: float) -> float:
    """The value with the six digits that FLOAT shows."""
    return float(f"{value:.6g}")


@scalar("my_decimal", 2)
def decimal(value: Any, scale: int) -> str:
    """The value with so many decimals."""
    return decimal_text(quantize(to_decimal(value), scale))


@scalar("my_decimal_cast", 3)
def decimal_cast(value: Any, precision: int, scale: int) -> str:
    """The value as DECIMAL(precision, scale), cut to the largest one there is."""
    rounded = quantize(to_decimal(value), scale)
    top = Decimal(10) ** (precision - scale) - Decimal(1).scaleb(-scale)
    return decimal_text(quantize(max(-top, min(rounded, top)), scale))


@scalar("my_zerofill", 2)
def zerofill(value: int, width: int) -> str:
    """The number with leading zeros."""
    return str(value).zfill(width)


# --- arithmetic ----------------------------------------------------------------------------------


@scalar("my_add", 2)
def add(left: Any, right: Any) -> str:
    return decimal_text(EXACT.add(to_decimal(left), to_decimal(right)))


@scalar("my_subtract", 2)
def subtract(left: Any, right: Any) -> str:
    return decimal_text(EXACT.subtract(to_decimal(left), to_decimal(right)))


@scalar("my_multiply", 2)
def multiply(left: Any, right: Any) -> str:
    product = EXACT.multiply(to_decimal(left), to_decimal(right))
    exponent = product.as_tuple().exponent
    return decimal_text(quantize(product, 30) if int(exponent) < -30 else product)


@scalar("my_divide", 3)
def divide(left: Any, right: Any, scale: int) -> str | None:
    """The quotient with so many decimals; NULL where the divisor is 0."""
    divisor = to_decimal(right)
    if not divisor:
        return None
    return decimal_text(quantize(EXACT.divide(to_decimal(left), divisor), scale))


@scalar("my_divide_reals", 2)
def divide_reals(left: float, right: float) -> float | None:
    return left / right if right else None


@scalar("my_div", 2)
def div(left: Any, right: Any) -> int | None:
    """The quotient cut to an integer; NULL where the divisor is 0."""
    if isinstance(left, int) and isinstance(right, int):
        if not right:
            return None
        quotient = abs(left) // abs(right)
        return _checked(quotient if (left < 0) == (right < 0) else -quotient)
    divisor = to_decimal(right)
    if not divisor:
        return None
    return _checked(int(EXACT.divide(to_decimal(left), divisor).to_integral_value(ROUND_DOWN)))


@scalar("my_mod", 2)
def mod(left: Any, right: Any) -> Any:
    """The rest, with the sign of the dividend; NULL where the divisor is 0."""
    if isinstance(left, str) or isinstance(right, str):
        divisor = to_decimal(right)
        if not divisor:
            return None
        return decimal_text(EXACT.remainder(to_decimal(left), divisor))
    if not right:
        return None
    if isinstance(left, int) and isinstance(right, int):
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    return math.fmod(left, right)


@scalar("my_abs", 1)
def absolute(value: Any) -> str:
    return decimal_text(abs(to_decimal(value)))


@scalar("my_bits", 3)
def bits(operator: str, left: int, right: int) -> Any:
    """A bit operation on 64 unsigned bits."""
    one, other = left % 2**64, right % 2**64
    match operator:
        case "&":
            result = one & other
        case "|":
            result = one | other
        case "^":
            result = one ^ other
        case "<<":
            result = (one << other) % 2**64 if other < 64 else 0
        case ">>":
            result = one >> other if other < 64 else 0
        case _:
            return str(~one % 2**64)
    if result >= 2**63:
        raise errors.NOT_SUPPORTED_YET(construct="BIGINT UNSIGNED above 9223372036854775807")
    return result


@scalar("my_bit_count", 1)
def bit_count(value: int) -> int:
    return (value % 2**64).bit_count()


# --- rounding ------------------------------------------------------------------------------------


def _round_to(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), context=EXACT) if abs(digits) < 60 else value


def _cut_to(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_DOWN, context=EXACT)


def _plain(value: Decimal) -> str:
    return decimal_text(quantize(value, 0) if int(value.as_tuple().exponent) > 0 else value)


@scalar("my_round_decimal", 2)
def round_decimal(value: Any, digits: int) -> str:
    return _plain(_round_to(to_decimal(value), min(digits, 30)))


@scalar("my_round_real", 2)
def round_real(value: float, digits: int) -> float:
    if digits == 0:
        return float(round(value))
    scale = 10.0**digits
    shifted = value * scale
    return float(round(shifted)) / scale if math.isfinite(shifted) else value


@scalar("my_round_integer", 2)
def round_integer(value: int, digits: int) -> int:
    return _checked(int(_round_to(Decimal(value), digits)))


@scalar("my_truncate_decimal", 2)
def truncate_decimal(value: Any, digits: int) -> str:
    number = to_decimal(value)
    kept = -int(number.as_tuple().exponent)
    return _plain(_cut_to(number, min(digits, max(kept, 0))))


@scalar("my_truncate_real", 2)
def truncate_real(value: float, digits: int) -> float:
    return float(_cut_to(Decimal(repr(value)), digits))


@scalar("my_truncate_integer", 2)
def truncate_integer(value: int, digits: int) -> int:
    return int(_cut_to(Decimal(value), digits))


@scalar("my_floor", 1)
def floor(value: Any) -> int:
    return _checked(int(to_decimal(value).to_integral_value(ROUND_FLOOR)))


@scalar("my_ceil", 1)
def ceil(value: Any) -> int:
    return _checked(int(to_decimal(value).to_integral_value(ROUND_CEILING)))


# --- real functions ------------------------------------------------------------------------------


def _finite(value: float, expression: str) -> float:
    if not math.isfinite(value):
        raise errors.DATA_OUT_OF_RANGE(type="DOUBLE", expression=expression)
    return value


@scalar("my_pow", 2)
def power(base: float, exponent: float) -> float:
    shown = f"pow({number_text(base)},{number_text(exponent)})"
    try:
        return _finite(math.pow(base, exponent), shown)
    except (OverflowError, ValueError):
        raise errors.DATA_OUT_OF_RANGE(type="DOUBLE", expression=shown) from None


@scalar("my_exp", 1)
def exponential(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        shown = f"exp({number_text(value)})"
        raise errors.DATA_OUT_OF_RANGE(type="DOUBLE", expression=shown) from None


@scalar("my_sqrt", 1)
def root(value: float) -> float | None:
    return math.sqrt(value) if value >= 0 else None


@scalar("my_ln", 1)
def logarithm(value: float) -> float | None:
    return math.log(value) if value > 0 else None


@scalar("my_log", -1)
def logarithm_to(first: float, second: float | None = None) -> float | None:
    if second is None:
        return logarithm(first)
    if first <= 0 or first == 1 or second <= 0:
        return None
    return math.log(second) / math.log(first)


@scalar("my_log2", 1)
def logarithm_2(value: float) -> float | None:
    return math.log2(value) if value > 0 else None


@scalar("my_log10", 1)
def logarithm_10(value: float) -> float | None:
    return math.log10(value) if value > 0 else None


@scalar("my_crc32", 1)
def crc32(data: bytes) -> int:
    return zlib.crc32(data)


@scalar("my_hex_number", 1)
def hex_number(value: int) -> str:
    return f"{value % 2**64:X}"


@scalar("my_bin", 1)
def binary_digits(value: int) -> str:
    return f"{value % 2**64:b}"


@scalar("my_oct", 1)
def octal_digits(value: int) -> str:
    return f"{value % 2**64:o}"


@scalar("my_conv", 3)
def conv(text: str, source: int, target: int) -> str | None:
    """The digits of one base in another."""
    if not (2 <= abs(source) <= 36 and 2 <= abs(target) <= 36):
        return None
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    stripped = text.strip().lower()
    sign = -1 if stripped.startswith("-") else 1
    value = 0
    for character in stripped.lstrip("+-"):
        place = digits.find(character)
        if place < 0 or place >= abs(source):
            break
        value = value * abs(source) + place
    value *= sign
    if target > 0:
        value %= 2**64
    prefix, value = ("-", -value) if value < 0 else ("", value)
    shown = ""
    while value:
        value, rest = divmod(value, abs(target))
        shown = digits[rest] + shown
    return (prefix + (shown or "0")).upper()


@scalar("my_format", 2)
def formatted(value: Any, digits: int) -> str:
    """The number with commas between the thousands."""
    exact = to_decimal(number(value)) if not _is_decimal(value) else to_decimal(value)
    return f"{quantize(exact, max(digits, 0)):,f}"


def _is_decimal(value: Any) -> bool:
    if not isinstance(value, str):
        return isinstance(value, int)
    return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
