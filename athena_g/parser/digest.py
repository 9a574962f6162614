"""The shape of a statement: its text with a slot where each literal was.

Statements that differ in their literals only have one key, under which a plan of theirs is kept. A
literal is a string, a number, or bits (``x'41'``, ``0x41``, ``b'01'``, ``0b01``), each without the
sign or the introducer (``_utf8mb4``, ``DATE``) in front of it. NULL, TRUE and FALSE are words. What
stands in an executable comment (``/*! ... */``) is text like any other, whether or not a server's
version is one that executes it; other comments are skipped whole.

Every text has a shape, also one that no server takes. Where it is not sure how the text goes on, as
behind a quote without an end, the rest of it is no literal. Texts are those that
:mod:`athena_g.parser.lexer` can cut: of character sets in which no byte of a longer character is
below 0x80. Source: MySQL Reference Manual, "Language Structure"; what that leaves open was tried on
MySQL 9.7 and MariaDB 10.11.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from typing import NamedTuple

from athena_g.parser import lexer

AT_ONCE = 64 * 1024
"""Bytes of a text that is cut in one go."""
SLOT = b"\0"
"""What stands for a literal in a key; ``?`` is a parameter of the client's own."""


DIGITS = b"0123456789"
MAX_SHORT = 64
"""Bytes of a literal that is not long."""


class Shape(NamedTuple):
    """A statement's literals, as written, and what stands between them.

    There is one segment more than literals: each literal stands behind its segment, and the last
    segment behind the last literal. Texts with equal keys have equal segments.
    """

    key: bytes
    literals: list[bytes]
    segments: list[bytes]


class _Patterns(NamedTuple):
    """How texts are cut under one SQL mode.

    ``piece`` has three groups: what stands before a literal, the literal, and, in its place, the
    rest of a text that is not sure. ``skipped`` is the ``begin`` or the ``end`` of an executable
    comment, and what may look as if it held one.
    """

    piece: re.Pattern[bytes]
    skipped: re.Pattern[bytes]


_BYTE = lexer.WORD_BYTE
# From a quote or a comment without an end on, or bits that are none. Which bytes beyond ASCII are
# white space depends on the character set: there -- may begin a comment, and x'41' be no string.
_REST = rb"(?:['\"`]|/\*|--(?=[\x80-\xff]))(?s:.*+)"
_EXECUTABLE = rb"/\*M?!(?:[0-9](?:%b|\.)*+)?" % _BYTE  # digits may be a version, or begin with one
_CHAIN = rb"%b*+(?:\.%b*+)*+" % (_BYTE, _BYTE)  # of names: what follows a point is no number
_NUMERIC = rb"%b|%b" % (lexer.BITS, lexer.NUMBER)


def shape(text: bytes, *, ansi_quotes: bool = False, no_backslash_escapes: bool = False) -> Shape:
    """The shape of a statement's text under these SQL modes, in linear time."""
    patterns = _patterns(ansi_quotes, no_backslash_escapes)
    if text.find(b"!") >= 0 and (text.find(b"/*!") >= 0 or text.find(b"/*M!") >= 0):
        literals, without = _cut(_without_marks(text, patterns.skipped), patterns.piece)
        segments = _as_written(text, literals, without)
    else:
        literals, segments = _cut(text, patterns.piece)
    key = SLOT.join(segments)
    if key.count(SLOT) != len(literals):
        key += _lengths(segments)
    return Shape(key, literals, segments)


def head_of(cut: Shape) -> bytes | None:
    """What stands in front of a text's only literal, if that is digits up to the end of the text.

    Texts that are this head and digits are all cut so: that there are digits is all that the
    patterns ask of them.
    """
    if len(cut.literals) == 1 and cut.segments[1] == b"" and not cut.literals[0].strip(DIGITS):
        return cut.segments[0]
    return None


def shortened(cut: Shape, longest: int = MAX_SHORT) -> tuple[bytes, Shape]:
    """A text of the same shape in which no string or hex literal is long, with that shape."""
    literals = [literal if len(literal) <= longest else _short(literal) for literal in cut.literals]
    parts = [b""] * (len(literals) + len(cut.segments))
    parts[::2], parts[1::2] = cut.segments, literals
    return b"".join(parts), Shape(cut.key, literals, cut.segments)


def _short(literal: bytes) -> bytes:
    begin = literal[: max(literal[:2].find(literal[-1:]), 0) + 1]
    if begin[-1:] in (b"'", b'"'):
        return begin + literal[-1:]
    return literal[:2] + b"00" if literal[:2] in (b"0x", b"0b") else literal


def _cut(text: bytes, piece: re.Pattern[bytes]) -> tuple[list[bytes], list[bytes]]:
    """The literals and the segments of a text without executable comments."""
    if len(text) <= AT_ONCE:
        found = piece.findall(text)  # whose last is an empty one, behind the text
    else:  # step by step, so that in a thread it lets others have a turn
        found = [match.groups(b"") for match in piece.finditer(text)]
    segments = [segment for segment, _, _ in found]
    literals = [literal for _, literal, _ in found]
    literals.pop()
    if literals and not literals[-1]:  # else the text ends with a literal, or is empty
        literals.pop()
        segments.pop()
        segments[-1] += found[-2][2]
    return literals, segments


def _lengths(segments: list[bytes]) -> bytes:
    """What tells keys apart when a slot in them may also be a byte of the client's text.

    No key without it ends so: behind a literal stand no digits that are not a literal themselves.
    """
    return SLOT + b",".join(b"%d" % len(segment) for segment in segments)


def _without_marks(text: bytes, skipped: re.Pattern[bytes]) -> bytes:
    """The text with commas for the beginning and the end of each executable comment.

    White space would do as well but for ``--`` in front of it.
    """
    parts: list[bytes] = []
    written = 0
    for found in _skipped(text, skipped):
        if found.lastgroup is not None:
            begin, end = found.span()
            parts += (text[written:begin], b"," * (end - begin))
            written = end
    parts.append(text[written:])
    return b"".join(parts)


def _skipped(text: bytes, skipped: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """What the pattern finds in a text, with ends of executable comments only where one began."""
    position, inside = 0, False
    while (found := skipped.search(text, position)) is not None:
        position = found.end()
        if found.lastgroup == "end" and not inside:
            position = found.start() + 1  # 2*/* ... */3: the slash may begin a comment
            continue
        if found.lastgroup is not None:
            inside = found.lastgroup == "begin"
        yield found


def _as_written(text: bytes, literals: list[bytes], without: list[bytes]) -> list[bytes]:
    """The segments of the text that stand where those without the marks do."""
    segments: list[bytes] = []
    position = 0
    for segment, literal in zip_longest(without, literals, fillvalue=b""):
        end = position + len(segment)
        segments.append(text[position:end])
        position = end + len(literal)
    return segments


def comments(
    text: bytes, *, ansi_quotes: bool = False, no_backslash_escapes: bool = False
) -> Iterator[bytes]:
    """The comments ``/* ... */`` of a text but for executable ones, as written, in linear time."""
    for found in _skipped(text, _patterns(ansi_quotes, no_backslash_escapes).skipped):
        if found.lastgroup is None and found[0].startswith(b"/*"):
            yield found[0]


@cache
def _patterns(ansi_quotes: bool, no_backslash_escapes: bool) -> _Patterns:
    """The patterns for a SQL mode; each is linear in the length of the text."""
    single = lexer.in_quotes(b"'", not no_backslash_escapes)
    double = lexer.in_quotes(b'"', not no_backslash_escapes and not ansi_quotes)
    string = rb"(?<![\x80-\xff][xXbBnN])[nN]?" + single + (rb"" if ansi_quotes else rb"|" + double)
    name = lexer.BACKQUOTED + (rb"|" + double if ansi_quotes else rb"")
    quoted = rb"%b|%b|%b" % (single, double, lexer.BACKQUOTED)
    between = (
        rb"[^A-Za-z0-9_$\x80-\xff'\"`@/#.-]++",
        rb"(?![xXbBnN]')[A-Za-z_$\x80-\xff]%b" % _CHAIN,
        rb"(?:%b)(?:\.%b)?+" % (name, _CHAIN),
        rb"(?=[0-9.])(?!%b)[0-9.]%b" % (_NUMERIC, _CHAIN),
        rb"@(?:%b|(?:%b|\.)*+)" % (quoted, _BYTE),
        lexer.COMMENT,
        rb"-(?!-[\x80-\xff])|/(?!\*)",
    )
    piece = rb"((?:%b)*+)(?:(%b|%b)|([xXbBnN]?%b)|\Z)" % (
        rb"|".join(between),
        string,
        _NUMERIC,
        _REST,
    )
    marks = rb"(?P<begin>%b)|(?P<end>\*/)" % _EXECUTABLE
    # With its N: the rest of a text begins with one that has no end.
    skipped = rb"[nN]?(?:%b)|%b|%b|%b" % (quoted, lexer.COMMENT, marks, _REST)
    return _Patterns(re.compile(piece), re.compile(skipped))
