"""The syntax tree of a query, by sqlglot; no other module asks it for one.

A tree is only trusted where sqlglot cut the text as the servers do: each token of the strict lexer
must be one of its tokens, and the other way round. Offsets in the tree's ``meta`` are those of
the text. What sqlglot does not know of MySQL is put aside before: modifiers that say nothing of
rows, and parameters, which stand as numbers.

Source: MySQL Reference Manual, "SELECT Statement", "UPDATE Statement", "DELETE Statement".
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, takewhile
from typing import Any, Final

from sqlglot import TokenType, exp
from sqlglot.dialects.mysql import MySQL
from sqlglot.errors import SqlglotError

from athena_g.parser.lexer import Kind, NotUnderstood, Token
from athena_g.parser.text import Reading, Text

# It warns of what it takes for an unknown command; here that is an answer, not a mishap.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

CHANGES: Final = (exp.Update, exp.Delete)
"""The nodes of statements that change rows."""
_MODIFIERS: Final = frozenset((b"low_priority", b"quick", b"ignore"))
"""What may stand behind UPDATE and DELETE."""
_VARIABLES = (Kind.USER_VARIABLE, Kind.SYSTEM_VARIABLE)
_MODIFIERS_OF_SELECT: Final = MySQL.parser_class.OPERATION_MODIFIERS
_HOW_MANY: Final = (TokenType.DISTINCT, TokenType.ALL)
_LETTERS: Final = {0x85: "\u0185", 0xA0: "\u01a0"}
_SPACES: Final = {ord(letter): space for space, letter in _LETTERS.items()}
_BLANK: Final = bytes(each if each in b"\n\t\r" else 32 for each in range(256))
_NAMES: Final = (Kind.WORD, Kind.NAME)
_WORD_LIKE = (Kind.WORD, Kind.NUMBER, Kind.NAME, Kind.HEX)


def tree(text: Text, start: int, end: int) -> exp.Expr:
    """The tree of the one statement at ``text.data[start:end]``.

    Raises :class:`~athena_g.parser.lexer.NotUnderstood`.
    """
    return _tree(text, start, end, "")


def expression(text: Text, start: int, end: int) -> exp.Expr:
    """The tree of a query of the expression at ``text.data[start:end]``; raises NotUnderstood."""
    return _tree(text, start, end, "SELECT ")


def _tree(text: Text, start: int, end: int, in_front: str) -> exp.Expr:
    own = [token for token in text.tokens if start <= token.start < end]
    if text.reading.pipes_as_concat and _has_pipes(own):
        raise NotUnderstood
    draft = _Draft(text.data[start:end], start)
    if b"/*+" in draft.written:
        draft.drop_hints(own)
    own = draft.simplify(own)
    source = in_front.rjust(start) + characters(bytes(draft.written))
    dialect = _dialect(text.reading)
    try:
        cut = dialect.tokenize(source)
        _compare(own, [token for token in cut if token.start >= start])
        found = dialect.parser().parse(_in_its_order(cut), source)
    except (SqlglotError, RecursionError) as error:
        raise NotUnderstood from error
    if len(found) != 1 or found[0] is None:
        raise NotUnderstood
    return found[0]


def characters(data: bytes) -> str:
    """A text with one character for each byte, so that offsets stay what they are.

    Bytes that would be spaces in Latin-1 stand as letters: here they are parts of names.
    """
    return data.decode("latin-1").translate(_LETTERS)


def data_of(text: str) -> bytes:
    """The bytes of a part of what `characters` gave."""
    return text.translate(_SPACES).encode("latin-1", "replace")


def _has_pipes(own: list[Token]) -> bool:
    return any(one.is_(b"|") and other.is_(b"|") for one, other in pairwise(own))


@cache
def _dialect(reading: Reading) -> MySQL:
    """MySQL's dialect under a SQL mode."""

    class Dialect(MySQL):
        class Tokenizer(MySQL.Tokenizer):
            QUOTES = ["'"] if reading.ansi_quotes else ["'", '"']
            IDENTIFIERS = ["`", '"'] if reading.ansi_quotes else ["`"]
            STRING_ESCAPES = ["'", '"'] if reading.no_backslash_escapes else ["'", '"', "\\"]

    return Dialect()


class _Draft:
    """A text in which something else, as long, takes the place of what sqlglot does not read."""

    def __init__(self, data: bytes, start: int) -> None:
        self.written = bytearray(data)
        self._start = start

    def simplify(self, own: list[Token]) -> list[Token]:
        """Rewrite what has to be; the tokens that are left."""
        for before, token, behind in zip([None, *own], own, [*own[1:], None], strict=False):
            if token.is_(b"?"):
                if _touches(before, token) or (behind is not None and _touches(token, behind)):
                    raise NotUnderstood
                self._put(token, b"0")
            elif token.kind is Kind.NUMBER and token.text[:1] == b".":
                self._put(token, b"0")  # of .5 a tree does not tell where it stands
            elif token.word == b"distinctrow":
                self._put(token, b"distinct")
        dropped = set(self._dropped(own))
        for token in dropped:
            self._put(token, b"")
        return [token for token in own if token not in dropped] if dropped else own

    def drop_hints(self, own: list[Token]) -> None:
        """Clear what is between the tokens: sqlglot takes optimizer hints for parts of a query."""
        ends = [self._start, *(token.end for token in own)]
        starts = [*(token.start for token in own), self._start + len(self.written)]
        for end, start in zip(ends, starts, strict=True):
            place = slice(end - self._start, start - self._start)
            self.written[place] = bytes(self.written[place]).translate(_BLANK)

    def _put(self, token: Token, replacement: bytes) -> None:
        place = slice(token.start - self._start, token.end - self._start)
        self.written[place] = replacement.ljust(token.end - token.start)

    @staticmethod
    def _dropped(own: list[Token]) -> Iterator[Token]:
        """Modifiers, and the star of ``DELETE t.*``, which is ``DELETE t``."""
        if not own or own[0].word not in (b"update", b"delete"):
            return
        yield from takewhile(lambda token: token.word in _MODIFIERS, own[1:])
        if own[0].word == b"delete":
            for dot, star in pairwise(own):
                if dot.word in (b"from", b"using", b"where"):
                    return
                if dot.is_(b".") and star.is_(b"*"):
                    yield from (dot, star)


def _in_its_order(cut: list[Any]) -> list[Any]:
    """The tokens, DISTINCT and ALL in front of the other modifiers of a SELECT.

    The servers take them in any order, sqlglot in that one.
    """
    ordered: list[Any] = []
    behind: int | None = None  # the place behind a SELECT whose modifiers are being read
    for token in cut:
        if behind is not None and token.token_type in _HOW_MANY:
            ordered.insert(behind, token)
            continue
        ordered.append(token)
        if token.token_type is TokenType.SELECT:
            behind = len(ordered)
        elif token.text.upper() not in _MODIFIERS_OF_SELECT:
            behind = None
    return ordered


def _touches(one: Token | None, other: Token) -> bool:
    """Whether two tokens stand side by side, so that a digit in one would be part of the other."""
    if one is None or one.end != other.start:
        return False
    return one.kind in _WORD_LIKE or other.kind in _WORD_LIKE


def _compare(own: list[Token], cut: list[Any]) -> None:
    """Make sure that both lexers see the same tokens.

    sqlglot joins some (``GROUP BY``, ``>=``), and has two for a variable and for ``.5``.
    """
    starts = {token.start for token in own}
    position = 0
    for token in own:
        while position < len(cut) and cut[position].end < token.start:
            position += 1
        if position >= len(cut) or cut[position].start > token.start:
            raise NotUnderstood
        shortened = token.word == b"distinctrow"
        if token.kind in _NAMES and cut[position].end + 1 < token.end and not shortened:
            raise NotUnderstood
    divided = [token for token in own if token.kind in _VARIABLES or token.text[:1] == b"."]
    for token in cut:
        if token.start not in starts and not any(
            whole.start < token.start < whole.end for whole in divided
        ):
            raise NotUnderstood
