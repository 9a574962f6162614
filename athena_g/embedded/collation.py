"""The collations: how texts compare and what makes two of them equal.

``*_ai_ci``, ``*_general_ci`` and ``*_unicode_ci`` ignore case and accents. ASCII characters are
ordered as the Unicode Collation Algorithm orders them (blanks, punctuation, symbols, digits,
letters); others by code point after folding, which is right within one alphabet. The collations
of MySQL 8 (``0900``) count trailing spaces, the older ones (PAD SPACE) do not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

_ASCII_ORDER = "\t\n\x0b\x0c\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789"
_WEIGHTS = {ord(character): chr(index + 1) for index, character in enumerate(_ASCII_ORDER)}
_IGNORED = dict.fromkeys([*range(9), *range(14, 32), 127])
_TABLE: dict[int, str | None] = {**_WEIGHTS, **_IGNORED}
_LIGATURES = {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "ħ": "h"}

Comparison = Callable[[str, str], int]


def fold(text: str) -> str:
    """The text without case and accents: equal for texts that ``_ai_ci`` holds equal."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    stripped = "".join(c for c in decomposed if not unicodedata.combining(c))
    return "".join(_LIGATURES.get(c, c) for c in stripped.casefold())


@lru_cache(maxsize=16384)
def sort_key(text: str) -> str:
    """The text by which ``_ai_ci`` sorts."""
    return fold(text).translate(_TABLE)


@lru_cache(maxsize=4096)
def _accent_key(text: str) -> str:
    return unicodedata.normalize("NFKD", text.casefold()).translate(_TABLE)


def _order(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _ai_ci(left: str, right: str) -> int:
    return 0 if left == right else _order(sort_key(left), sort_key(right))


def _ai_ci_padded(left: str, right: str) -> int:
    return _ai_ci(left.rstrip(" "), right.rstrip(" "))


def _bin_padded(left: str, right: str) -> int:
    return _order(left.rstrip(" "), right.rstrip(" "))


def _bin(left: str, right: str) -> int:
    return _order(left, right)


def _as_ci(left: str, right: str) -> int:
    return _ai_ci(left, right) or _order(_accent_key(left), _accent_key(right))


def _as_cs(left: str, right: str) -> int:
    return _as_ci(left, right) or _order(left.swapcase(), right.swapcase())


@lru_cache(maxsize=16384)
def _decimal(text: str) -> Decimal:
    return Decimal(text)


def compare_decimals(left: str, right: str) -> int:
    """How two DECIMAL texts compare as numbers."""
    return 0 if left == right else _order(_decimal(left), _decimal(right))


COLLATIONS: dict[str, Comparison] = {
    "utf8mb4_0900_ai_ci": _ai_ci,
    "utf8mb4_0900_as_ci": _as_ci,
    "utf8mb4_0900_as_cs": _as_cs,
    "utf8mb4_0900_bin": _bin,
    "utf8mb4_bin": _bin_padded,
    "utf8mb4_general_ci": _ai_ci_padded,
    "utf8mb4_unicode_ci": _ai_ci_padded,
    "utf8mb4_unicode_520_ci": _ai_ci_padded,
    "utf8mb3_general_ci": _ai_ci_padded,
    "utf8mb3_unicode_ci": _ai_ci_padded,
    "utf8mb3_bin": _bin_padded,
    "latin1_swedish_ci": _ai_ci_padded,
    "latin1_bin": _bin_padded,
    "ascii_general_ci": _ai_ci_padded,
    "ascii_bin": _bin_padded,
}
"""Every collation that can be named, and how it compares."""

CHARSET_DEFAULTS = {
    "utf8mb4": "utf8mb4_0900_ai_ci",
    "utf8mb3": "utf8mb3_general_ci",
    "utf8": "utf8mb3_general_ci",
    "latin1": "latin1_swedish_ci",
    "ascii": "ascii_general_ci",
    "binary": "binary",
}
"""The collation of a character set that is named alone."""


def charset_of(collation: str) -> str:
    """``utf8mb4`` of ``utf8mb4_bin``."""
    return collation.split("_")[0]


def is_case_sensitive(collation: str) -> bool:
    """Whether the collation tells ``a`` from ``A``."""
    return collation == "binary" or collation.endswith(("_bin", "_cs"))
