from __future__ import annotations

import datetime
from decimal import Decimal

import pytest

from athena_g.router.hashes import crc32_of, fnv1a_of, siphash13_of, text_of


@pytest.mark.parametrize(
    "value, hashed",
    [
        (0, 0x76BE999E3E25B2A0),
        (1, 0x7359AA1156CE877A),
        (5, 0xB71D6A24EF50EB1C),
        (-1, 0xC9E916D0737C4498),
        (-5, 0x34A61993DD5800A1),
        ("", 0x82707E598A5D5779),
        ("abc", 0x99C07C0FB9B4DD7B),
        ("u1", 0x69D20F34B17C24DF),
        ("中文", 0x60FA23AEB2102BC9),
    ],
)
def test_siphash13_is_where_athena_rs_has_its_rows(value: int | str, hashed: int) -> None:
    assert siphash13_of(value, "utf-8") == hashed


@pytest.mark.parametrize(
    "text, hashed",
    [("", 0xCBF29CE484222325), ("a", 0xAF63DC4C8601EC8C), ("foobar", 0x85944171F73967E8)],
)
def test_fnv1a_is_that_of_its_authors(text: str, hashed: int) -> None:
    assert fnv1a_of(text, "utf-8") == hashed


def test_crc32_is_that_of_the_decimal_digits_of_an_integer() -> None:
    assert crc32_of(123456789, "utf-8") == crc32_of("123456789", "utf-8") == 0xCBF43926


def test_a_text_is_hashed_in_the_character_set_of_its_column() -> None:
    assert crc32_of("é", "cp1252") == crc32_of(b"\xe9", "utf-8") != crc32_of("é", "utf-8")


@pytest.mark.parametrize(
    "value, text",
    [
        (-5, b"-5"),
        (Decimal("1.5"), b"1.5"),
        (Decimal("1E+3"), b"1000"),
        (datetime.date(2020, 1, 2), b"2020-01-02"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5), b"2020-01-02 03:04:05"),
        (b"\xff", b"\xff"),
    ],
)
def test_a_value_is_hashed_as_it_is_written(value: object, text: bytes) -> None:
    assert text_of(value, "utf-8") == text  # type: ignore[arg-type]
