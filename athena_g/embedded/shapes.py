"""Queries that differ only in the integers of their conditions share one translation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from athena_g.embedded.lexer import Token

_FIRST_MARK = 900_000_000_000_000_000
_MARK = re.compile(r"(?<!['\w.])9000000000000(\d{5})(?!['\w.])")
_BEFORE = frozenset({"=", "<", ">", "<=", ">=", "<>", "!=", "BETWEEN"})
_LONGEST = 17


def marked(sql: str, tokens: Sequence[Token]) -> tuple[str, list[int]] | None:
    """The query with a mark in place of each integer of its WHERE, and those integers.

    None where there is none, or where the query is not simple enough for it.
    """
    words = [token.word for token in tokens]
    if words[0] != "SELECT" or words.count("SELECT") != 1 or "WHERE" not in words:
        return None
    parts: list[str] = []
    values: list[int] = []
    position = 0
    for index in range(words.index("WHERE") + 1, len(tokens)):
        token = tokens[index]
        if not _is_operand(tokens, words, index):
            continue
        parts += [sql[position : token.start], str(_FIRST_MARK + len(values))]
        values.append(int(token.text))
        position = token.end
    if not values:
        return None
    return "".join([*parts, sql[position : tokens[-1].end]]), values


def _is_operand(tokens: Sequence[Token], words: Sequence[str], index: int) -> bool:
    text = tokens[index].text
    if tokens[index].kind != "number" or not text.isdigit() or len(text) > _LONGEST:
        return False
    if words[index - 1] in _BEFORE:
        return True
    return words[index - 1] == "AND" and words[index - 3] == "BETWEEN" and index >= 3


def with_parameters(text: str, count: int) -> str | None:
    """SQLite's text with parameters for the marks; None if one was changed on the way."""
    found = {int(match[1]) for match in _MARK.finditer(text)}
    if found != set(range(count)) or text.count("9000000000000") != len(_MARK.findall(text)):
        return None
    return _MARK.sub(lambda match: f"?{int(match[1]) + 1}", text)
