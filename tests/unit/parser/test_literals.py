"""Literals are worth in Python what they are worth to a server."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.digest import shape
from athena_g.parser.literals import Hex, Value, value_of


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("1", 1),
        ("007", 7),
        ("0" * 5000 + "5", 5),
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", Decimal("18446744073709551616")),
        ("9" * 65, Decimal("9" * 65)),
        ("1.", Decimal(1)),
        (".5", Decimal("0.5")),
        ("00.10", Decimal("0.10")),
        ("0." + "1" * 65, Decimal("0." + "1" * 65)),
        ("1e5", 1e5),
        ("1.e5", 1e5),
        (".5E-3", 0.5e-3),
        ("1e-999", 0.0),
        ("'a'", "a"),
        ("''", ""),
        ("'a''b\"\"c'", 'a\'b""c'),
        ('"a\'\'b""c"', "a''b\"c"),
        (r"'\0\b\n\r\t\Z\\\'\"\q'", "\0\b\n\r\t\x1a\\'\"q"),
        (r"'\%\_%_'", r"\%\_%_"),
        ("'\\\n'", "\n"),
        (r"'\\''n'", "\\'n"),
        ("'é中😀'", "é中😀"),
        ("n'é'", "é"),
        ("x''", Hex(b"")),
        ("X'4aF0'", Hex(b"J\xf0")),
        ("0x4", Hex(b"\x04")),
        ("0x0041", Hex(b"\0A")),
        ("b''", Hex(b"")),
        ("B'101'", Hex(b"\x05")),
        ("0b000000001", Hex(b"\0\x01")),
    ],
)
def test_a_literal_has_a_value_and_its_type(literal: str, value: Value) -> None:
    found = value_of(literal.encode(), "utf_8")
    assert found == value
    assert type(found) is type(value)


NOT_LITERALS = (
    *(b"", b".", b"-1", b"a", b"0x", b"0b", b"0xZZ", b"x'4'", b"x'ZZ'", b"b'2'", b"'", b"'a"),
    *(b"'a'b'", b"'a\\'", b'n"a"', b"1e", b"1.5e", b".e5", b"1..5e1", b"NULL", b"'a' 'b'", b" 1"),
    *(b"'\xe9'", b"1e999", b"9" * 66, b"0." + b"1" * 66, b"9" * 64 + b".66"),
)


@pytest.mark.parametrize("literal", NOT_LITERALS)
def test_what_is_no_literal_or_has_no_sure_value_has_none(literal: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        value_of(literal, "utf_8")


def test_without_backslash_escapes_a_backslash_is_one() -> None:
    assert value_of(rb"'a\n''\\'", "utf_8", no_backslash_escapes=True) == r"a\n'\\"
    assert value_of(b"'\\'", "utf_8", no_backslash_escapes=True) == "\\"


def test_strings_are_in_the_character_set_of_the_client() -> None:
    assert value_of(b"'\xe9\x80'", "cp1252") == "é€"


def test_a_national_string_is_in_utf8_in_every_character_set() -> None:
    assert value_of(b"N'\xc3\xa9'", "cp1252") == "é"


def test_a_backslash_that_may_be_half_a_character_is_not_guessed_at() -> None:
    literal = b"'\xd1\\n'"
    with pytest.raises(ValueError, match="backslash"):
        value_of(literal, "gbk")
    assert value_of(literal, "gbk", no_backslash_escapes=True) == "裓n"
    assert value_of(b"'a\\n'", "gbk") == "a\n"


@pytest.mark.parametrize(
    ("literal", "number"),
    [
        (b"0x05", 5),
        (b"0x0000000000000000000005", 5),
        (b"b'101'", 5),
        (b"b''", 0),
        (b"0b1", 1),
        (b"0xffffffffffffffff", 2**64 - 1),
        (b"0x010000000000000000", None),
        (b"x'05'", None),
    ],
)
def test_bits_are_a_number_where_servers_agree(literal: bytes, number: int | None) -> None:
    found = value_of(literal, "utf_8")
    assert isinstance(found, Hex)
    assert found.number == number


def escaped(text: str) -> bytes:
    return ("'" + text.replace("\\", "\\\\").replace("'", "''") + "'").encode()


@given(st.text())
def test_a_string_that_was_escaped_comes_back(text: str) -> None:
    literal = escaped(text)
    assert value_of(literal, "utf_8") == text
    assert shape(b"SELECT " + literal).literals == [literal]


@given(st.text())
def test_a_string_with_doubled_quotes_comes_back_without_backslash_escapes(text: str) -> None:
    literal = ('"' + text.replace('"', '""') + '"').encode()
    assert value_of(literal, "utf_8", no_backslash_escapes=True) == text
    assert shape(literal, no_backslash_escapes=True).literals == [literal]


@given(st.floats(min_value=0, allow_nan=False, allow_infinity=False))
def test_a_double_comes_back(number: float) -> None:
    assert value_of(f"{number:.17e}".encode(), "utf_8") == number


@given(st.binary(min_size=1))
def test_bytes_come_back(content: bytes) -> None:
    assert value_of(b"0x" + content.hex().encode(), "utf_8") == content
    assert value_of(b"x'" + content.hex().encode() + b"'", "utf_8") == content
    bits = f"{int.from_bytes(content, 'big'):0{8 * len(content)}b}"
    assert value_of(b"0b" + bits.encode(), "utf_8") == content
