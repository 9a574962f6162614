"""Texts as collations see them: equal ones are folded to the same text.

What a text is folded to may be the same for texts that are not equal (where accents matter, say),
never the reverse. Trailing spaces are always left out: under PAD SPACE they do not matter, and a
CHAR column loses them under any collation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from athena_g.protocol.charsets import collation_named
from athena_g.router import foldings
from athena_g.router.key_types import Undecidable

Fold = Callable[[str], str]

_UNICODE: Final = frozenset(
    f"{charset}_{name}"
    for charset in ("utf8mb3", "utf8mb4")
    for name in (
        "unicode_ci", "unicode_520_ci", "0900_ai_ci", "0900_as_ci", "0900_as_cs",
        "uca1400_ai_ci", "uca1400_ai_cs", "uca1400_as_ci", "uca1400_as_cs",
    )
)  # fmt: skip
_GENERAL: Final = frozenset({"utf8mb3_general_ci", "utf8mb4_general_ci"})
_BY_CODE: Final = ("utf8mb3_", "utf8mb4_", "ascii_")
"""Binary collations of these character sets have the order of code points."""
_REPLACEMENT: Final = "\ufffd"


class _Table(dict[int, str]):
    """A folding for ``str.translate``; a character that is not in it is not decided."""

    def __init__(
        self, folded: Mapping[str, str], decided: tuple[tuple[int, int], ...], beyond: str | None
    ) -> None:
        super().__init__({ord(each): to for to, members in folded.items() for each in members})
        self._decided = decided
        self._beyond = beyond

    def __missing__(self, code: int) -> str:
        if any(first <= code <= last for first, last in self._decided):
            self[code] = chr(code)  # at most as many as there are
            return self[code]
        if code > 0xFFFF and self._beyond is not None:
            return self._beyond
        raise Undecidable(f"what the collation makes of the character U+{code:04X} is not known")


@cache
def _table(name: str) -> _Table:
    if name == "unicode":
        return _Table(foldings.UNICODE, foldings.UNICODE_DECIDED, None)
    if name == "general":
        return _Table(foldings.GENERAL, foldings.GENERAL_DECIDED, _REPLACEMENT)
    return _Table(foldings.SWEDISH, foldings.SWEDISH_DECIDED, None)


def _by_table(name: str) -> Fold:
    def fold(text: str) -> str:
        if text.isascii() and text.isprintable():
            return text.upper().rstrip(" ")
        return text.translate(_table(name)).rstrip(" ")

    return fold


def _exact(text: str) -> str:
    return text.rstrip(" ")


def _ascii(text: str) -> str:
    if not text.isascii() or not text.isprintable():
        raise Undecidable("of the collation nothing but printable ASCII is known")
    return text.upper().rstrip(" ")


@cache
def _known_fold(name: str) -> tuple[Fold, bool] | None:
    known = collation_named(name)
    plain = (known.name if known else "").replace("_nopad_", "_")
    if plain.endswith("_bin"):
        return _exact, plain.startswith(_BY_CODE)
    if plain in _UNICODE:
        return _by_table("unicode"), False
    if plain in _GENERAL:
        return _by_table("general"), True
    if plain == "latin1_swedish_ci":
        return _by_table("swedish"), False
    if plain in foldings.ASCII_SAFE:
        return _ascii, plain == "ascii_general_ci"
    return None


def fold(collation: str | None, text: str) -> str:
    """What ``text`` is folded to. Raises :class:`.Undecidable` where that is not known."""
    found = _known_fold(collation) if collation else None
    if found is None:
        raise Undecidable(f"which texts the collation {collation} calls equal is not known")
    return found[0](text)


def is_ordered(collation: str | None) -> bool:
    """Whether folded texts, in the order of their characters, are in that of the collation."""
    found = _known_fold(collation) if collation else None
    return found is not None and found[1]
