from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.protocol.charsets import collation_named
from athena_g.router import foldings
from athena_g.router.collations import fold, is_ordered
from athena_g.router.key_types import Undecidable

FOLDED = [
    "utf8mb4_0900_ai_ci", "utf8mb4_0900_as_cs", "utf8mb4_general_ci", "utf8mb4_unicode_ci",
    "utf8mb4_uca1400_ai_ci", "utf8mb4_uca1400_nopad_as_ci", "latin1_swedish_ci", "ascii_general_ci",
    "cp1251_general_ci", "utf8mb3_general_ci", "utf8mb4_general_nopad_ci", "UTF8MB4_GENERAL_CI",
]  # fmt: skip
EXACT = ["utf8mb4_bin", "utf8mb4_0900_bin", "latin1_bin", "utf8mb4_nopad_bin", "ascii_bin"]
TABLES = {"utf8mb4_0900_ai_ci": foldings.UNICODE, "utf8mb4_general_ci": foldings.GENERAL}
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126))


@pytest.mark.parametrize("collation", FOLDED)
@given(printable)
def test_ascii_is_folded_to_capitals_without_spaces_at_the_end(collation: str, text: str) -> None:
    assert fold(collation, text) == fold(collation, text.lower() + " ") == text.upper().rstrip(" ")


@pytest.mark.parametrize("table", ["UNICODE", "GENERAL", "SWEDISH"])
def test_the_tables_agree_that_ascii_is_folded_to_capitals(table: str) -> None:
    folded = {char: to for to, members in getattr(foldings, table).items() for char in members}
    for char in map(chr, range(32, 127)):
        assert folded.get(char, char) == char.upper()


@pytest.mark.parametrize("collation", EXACT)
@given(printable)
def test_a_binary_collation_leaves_a_text_as_it_is_but_for_spaces(
    collation: str, text: str
) -> None:
    assert fold(collation, text) == text.rstrip(" ")


@pytest.mark.parametrize(
    "collation, text, folded",
    [
        ("utf8mb4_0900_ai_ci", "Straße", "STRASSE"),
        ("utf8mb4_0900_ai_ci", "Œuvre ﾊ", "OEUVRE は"),
        ("utf8mb4_unicode_ci", "Ǽ\u00a0", "AE"),
        ("utf8mb4_general_ci", "Straße", "STRASE"),
        ("utf8mb4_general_ci", "æ\U0001f600", "Æ\ufffd"),
        ("latin1_swedish_ci", "ß Ä", "ß \\"),
        ("utf8mb4_0900_ai_ci", "中文 한글", "中文 한글"),
    ],
)
def test_other_characters_are_folded_as_the_collation_has_them(
    collation: str, text: str, folded: str
) -> None:
    assert fold(collation, text) == folded


@pytest.mark.parametrize(
    "collation, text",
    [
        ("utf8mb4_0900_ai_ci", "e\u0301"),
        ("utf8mb4_0900_ai_ci", "a\x01"),
        ("utf8mb4_0900_ai_ci", "\u0e40\u0e01"),
        ("utf8mb4_0900_ai_ci", "l·"),
        ("utf8mb4_unicode_ci", "\U0001f600"),
        ("cp1251_general_ci", "Д"),
        ("ascii_general_ci", "\t"),
        ("utf8mb4_danish_ci", "a"),
        ("utf8mb4_ja_0900_as_cs", "a"),
        ("binary", "a"),
        ("no_such_ci", "a"),
        (None, "a"),
    ],
)
def test_what_is_not_known_of_a_collation_is_not_decided(collation: str | None, text: str) -> None:
    with pytest.raises(Undecidable):
        fold(collation, text)


@pytest.mark.parametrize("collation", TABLES)
def test_what_a_character_is_folded_to_is_folded_to_itself(collation: str) -> None:
    for to in TABLES[collation]:
        assert fold(collation, to + "x") == to + "X"


@given(st.text("aAäÄàßsS éÉ中がか"))
def test_a_folded_text_stays_as_it_is(text: str) -> None:
    for collation in TABLES:
        assert fold(collation, fold(collation, text)) == fold(collation, text)


@pytest.mark.parametrize(
    "collation, ordered",
    [
        ("utf8mb4_bin", True), ("utf8mb4_0900_bin", True), ("utf8mb4_general_ci", True),
        ("ascii_general_ci", True), ("utf8mb4_0900_ai_ci", False), ("latin1_bin", False),
        ("latin1_swedish_ci", False), ("no_such_ci", False), (None, False),
    ],
)  # fmt: skip
def test_folded_texts_of_some_collations_are_in_order(collation: str | None, ordered: bool) -> None:
    assert is_ordered(collation) is ordered


def test_every_collation_that_is_safe_for_ascii_is_known() -> None:
    assert all(collation_named(name) for name in foldings.ASCII_SAFE)
