"""A text knows its literals and parameters, also when it is too long for its tokens to be cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.lexer import Kind, NotUnderstood
from athena_g.parser.text import Reading, read, read_long
from tests.unit.parser.texts import LITERALS, text_of

PIECES = [
    "?",
    "'?'",
    '"?"',
    "`?`",
    "/* ? */",
    "# ?\n",
    "-- ?\n",
    "-",
    "/",
    "1",
    "a",
    "\\'?'",
    " ",
    "'\\'?'",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.booleans(), st.booleans())
def test_parameters_are_the_same_without_tokens(
    pieces: list[str], ansi_quotes: bool, no_backslash_escapes: bool
) -> None:
    data = "".join(pieces).encode()
    reading = Reading(ansi_quotes=ansi_quotes, no_backslash_escapes=no_backslash_escapes)
    try:
        short = read(data, [(0, 1)], reading)
    except NotUnderstood:
        return
    long = read_long(data, [(0, 1)], reading)
    assert (long.slots, long.parameters) == (short.slots, short.parameters)
    assert not long.tokens


def test_literals_are_numbered_in_front_of_parameters() -> None:
    text = text_of("SELECT ?, 'a', ?, 1")
    literals = [(each.start, each.end) for each in text.tokens if each.kind in LITERALS]
    marks = [
        each.start for each in text.tokens if each.kind is Kind.PUNCTUATION and each.text == b"?"
    ]
    assert [text.slots[start] for start, _ in literals] == [0, 1]
    assert [text.slots[start] for start in marks] == [2, 3]
    assert read_long(text.data, literals, text.reading).slots == text.slots


@pytest.mark.parametrize("sql", ["SELECT ? /*! ? */", "SELECT 'a", "SELECT ? /* ?"])
def test_what_cannot_be_cut_is_not_understood(sql: str) -> None:
    for reader in (read, read_long):
        with pytest.raises(NotUnderstood):
            reader(sql.encode(), [], Reading())


def test_a_text_of_parameters_is_walked_once() -> None:
    assert read_long(b"(?,?)," * 100_000, [], Reading()).parameters == 200_000
