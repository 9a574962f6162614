"""Whether a text could name a table at all.

A statement that names no sharded table needs no reading: it goes home as it is. So a yes may be
wrong here, a no must not: words are looked for everywhere, also in comments, whose content may be
executed, and in strings, which PREPARE makes statements of.

Source: MySQL Reference Manual, "Schema Object Names", "String Literals" and "Comments".
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from typing import Final

MAX_NAME: Final = 3 * 64
"""Characters of the longest name of a table; casefolding makes up to three of one."""

_PART: Final = 1 << 15
_WORDS = re.compile(r"[0-9A-Za-z_$\x80-\U0010ffff]+")
_BACKQUOTED = re.compile(r"`((?:[^`]|``)+)`")
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_VERSION = re.compile(r"/\*m?!([0-9]{5,6}[0-9A-Za-z_$\x80-\U0010ffff]+)")
# Escapes that stand for a character which no name has; any other stands for itself.
_SPACES = frozenset("0bnrtz")


def mentions(text: bytes, names: Container[str], codec: str) -> bool:
    """Whether ``text`` could name one of these tables, whose names are casefolded.

    ``codec`` is the Python codec of the client's character set. Linear in the length of the text.
    """
    folded = text.decode(codec, "replace").casefold()
    if _any(_candidates(folded), names):
        return True
    return "\\" in folded and _any(_candidates(_ESCAPE.sub(_unescaped, folded)), names)


def _any(groups: Iterable[Iterable[str]], names: Container[str]) -> bool:
    return any(name in names for group in groups for name in group)


def _candidates(text: str) -> Iterator[Iterable[str]]:
    """All that could be a name in a text, the likely first."""
    yield from _words(text)
    if "/*" in text:
        yield (word[digits:] for word in _VERSION.findall(text) for digits in (5, 6))
    if "`" in text:
        yield (name.replace("``", "`") for name in _BACKQUOTED.findall(text))
        yield _between("`", text)
    if '"' in text:
        yield _between('"', text)


def _words(text: str) -> Iterator[Iterable[str]]:
    """The words of a text, part by part: the name is mostly in the first."""
    start = 0
    while start < len(text):
        rest = _WORDS.match(text, start + _PART)
        end = start + _PART if rest is None else rest.end()
        yield set(_WORDS.findall(text, start, end))
        start = end


def _between(quote: str, text: str) -> Iterator[str]:
    """What stands between any two quotes, whichever of them opens."""
    return (piece for piece in text.split(quote) if 0 < len(piece) <= MAX_NAME)


def _unescaped(escape: re.Match[str]) -> str:
    return " " if escape[1] in _SPACES else escape[1]
