"""Questions about a session's last statement, answered in the text of the statement that asks.

A column that loses its name by that gets it back as an alias, which the servers make of the text
of the item as it was written. Source: MySQL Reference Manual, "SELECT Statement".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from athena_g.parser.lexer import Kind, NotUnderstood, Token, tokens
from athena_g.parser.questions import (
    Question,
    ShowConditions,
    asked,
    parse_show_warnings,
    questions,
)

__all__ = ["ShowConditions", "parse_show_warnings", "questions", "substitute"]

MAX_NAME = 200
"""Bytes of a column's name that can be kept: an alias has at most 256 characters."""
MAX_ITEM = 1000
"""Tokens of an item of a select list in which an alias is looked for."""

_STATEMENTS = frozenset(b"select with values insert replace update delete set do call".split())
_MODIFIERS = frozenset(
    b"all distinct distinctrow high_priority straight_join sql_small_result sql_big_result "
    b"sql_buffer_result sql_no_cache sql_cache sql_calc_found_rows".split()
)
_ENDS_OF_LIST = frozenset(
    b"from into where group having order limit union except intersect for lock procedure on "
    b"fetch".split()
)
_UNREADABLE = frozenset((b"window", b"returning"))
# What takes the word behind it as its operand, which is then no alias.
_OPERATORS = frozenset(
    b"and or xor not div mod is like in between regexp rlike binary collate when then else case "
    b"escape over sounds".split()
)
_CONSTANTS = frozenset((b"null", b"true", b"false", b"unknown"))
_GLUES = re.compile(rb"[A-Za-z0-9_$\x80-\xff'\"`.@-]")

Edit = tuple[int, int, bytes]


def substitute(
    packet: bytes,
    start: int,
    answers: Mapping[bytes, bytes],
    *,
    no_backslash_escapes: bool = False,
    ansi_quotes: bool = False,
) -> bytes | None:
    """The text with the questions that ``answers`` knows replaced by their SQL literals.

    The keys are those of :func:`questions`, as ``row_count()`` and ``@@warning_count``. ``None``
    when nothing was found, and when not all that was found can be replaced without changing
    anything else, as in a text of several statements. The text is ``packet[start:]``.
    """
    try:
        read = tokens(
            packet, start, no_backslash_escapes=no_backslash_escapes, ansi_quotes=ansi_quotes
        )
        found = [each for each in asked(read) if each.key in answers]
        if not found or not _is_readable(read, found):
            return None
        found = [each for each in found if not _is_target(read, each)]
        edits = [_replacement(packet, read, each, answers[each.key]) for each in found]
        edits += _Items(packet, read, {each.first: each for each in found}).aliases()
    except NotUnderstood:
        return None
    return edited(packet, start, edits) if found else None


def _is_readable(read: list[Token], found: list[Question]) -> bool:
    """Whether this is one statement of a kind in which questions are nothing but values."""
    word = next((token.word for token in read if not token.is_(b"(")), b"")
    several = any(token.is_(b";") for token in read)
    return word in _STATEMENTS and not several and all(each.sure for each in found)


def _is_target(read: list[Token], question: Question) -> bool:
    """Whether a SET assigns to the variable."""
    if read[0].word != b"set" or question.last + 1 >= len(read):
        return False
    before, behind = read[question.first - 1], read[question.last + 1]
    assigns = behind.is_(b"=") or behind.is_(b":=")
    return assigns and (question.first == 1 or before.is_(b","))


def _replacement(packet: bytes, read: list[Token], question: Question, answer: bytes) -> Edit:
    """The edit for one question, with spaces where its answer would stick to its neighbours."""
    begin, end = read[question.first].start, read[question.last].end
    before = b" " if _GLUES.match(packet, begin - 1) else b""
    behind = b" " if _GLUES.match(packet, end) else b""
    return begin, end, before + answer + behind


def edited(packet: bytes, start: int, edits: Iterable[Edit]) -> bytes:
    """``packet[start:]`` with other texts in some places, which do not overlap."""
    parts: list[bytes] = []
    place = start
    for begin, end, text in sorted(edits):
        parts += (packet[place:begin], text)
        place = end
    parts.append(packet[place:])
    return b"".join(parts)


@dataclass(slots=True)
class _Level:
    """What stands between two parentheses, or in none.

    ``item`` is the first token of a select list's current item, ``None`` outside of such a list.
    ``changed`` says whether that item has a question in it, ``asks`` whether anything here has.
    """

    item: int | None = None
    changed: bool = False
    asks: bool = False
    orders: bool = False
    unreadable: bool = False


class _Items:
    """The items of all select lists of a statement that lose their names."""

    def __init__(self, packet: bytes, read: list[Token], found: dict[int, Question]) -> None:
        self.packet = packet
        self.read = read
        self.found = found
        self.levels = [_Level()]

    def aliases(self) -> list[Edit]:
        """The edits that give the items their names back."""
        edits: list[Edit] = []
        for place, token in enumerate(self.read):
            if token.is_(b"("):
                self._begin_level()
            elif token.is_(b")"):
                edits += self._end_level(place)
            elif token.is_(b","):
                edits += self._end_item(place, next_item=place + 1)
            elif place in self.found:
                self._note_question()
            elif token.kind is Kind.WORD:
                edits += self._word(place, token.word)
        if len(self.levels) != 1:
            raise NotUnderstood
        return edits + list(self._end_item(len(self.read), None))

    def _begin_level(self) -> None:
        around = self.levels[-1]
        self.levels.append(_Level(orders=around.orders, unreadable=around.unreadable))

    def _end_level(self, place: int) -> Iterator[Edit]:
        yield from self._end_item(place, None)
        ended = self.levels.pop()
        if not self.levels:
            raise NotUnderstood
        self.levels[-1].changed |= ended.asks
        self.levels[-1].asks |= ended.asks

    def _note_question(self) -> None:
        """Note a question; a number in ORDER BY or GROUP BY would mean a column."""
        level = self.levels[-1]
        if level.orders or level.unreadable:
            raise NotUnderstood
        level.changed = level.asks = True

    def _word(self, place: int, word: bytes) -> Iterator[Edit]:
        level = self.levels[-1]
        if place and self.read[place - 1].is_(b"."):
            return
        if word == b"select":
            level.item, level.changed, level.orders = place + 1, False, False
        elif word in _MODIFIERS and level.item == place:
            level.item = place + 1
        elif word in _ENDS_OF_LIST:
            yield from self._end_item(place, None)
            level.orders = word in (b"order", b"group")
        elif word in _UNREADABLE:
            level.unreadable = True

    def _end_item(self, end: int, next_item: int | None) -> Iterator[Edit]:
        """The edit for the item that ends in front of a token, if it needs one."""
        level = self.levels[-1]
        item, level.item = level.item, next_item if level.item is not None else None
        changed, level.changed = level.changed, False
        if not changed or item is None or item >= end:
            return
        if level.unreadable:
            raise NotUnderstood
        if not _has_alias(self.read[item:end]):
            place = self.read[end - 1].end
            name = self.packet[self.read[item].start : place]
            if len(name) > MAX_NAME:
                raise NotUnderstood
            yield place, place, b" AS `" + name.replace(b"`", b"``") + b"`"


def _has_alias(item: list[Token]) -> bool:
    """Whether an item of a select list ends with a name of its own."""
    if len(item) < 2 or item[-1].kind not in (Kind.WORD, Kind.NAME, Kind.STRING):
        return False
    before, last = item[-2], item[-1]
    if before.word == b"as":
        return True
    if before.kind is Kind.PUNCTUATION and not before.is_(b")"):
        return False
    if len(item) > MAX_ITEM:
        raise NotUnderstood
    words = [token.word for token in item]
    if last.word == b"end":
        return words.count(b"end") > words.count(b"case")
    if b"interval" in words or (last.word in _CONSTANTS and before.word not in (b"is", b"not")):
        raise NotUnderstood
    if last.kind is Kind.STRING and before.kind in (Kind.STRING, Kind.WORD):
        return False
    return before.word not in _OPERATORS
