from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.router.keys import (
    NEVER,
    Key,
    KeyType,
    Undecidable,
    boundary,
    comparand,
    endpoint,
    stored,
)

TINY = Key(KeyType.INTEGER, low=-128, high=127)
BIG = Key(KeyType.INTEGER)
MONEY = Key(KeyType.DECIMAL, precision=10, scale=2)
LONG = Key(KeyType.DECIMAL, precision=30, scale=10)
DECIMAL = Key(KeyType.DECIMAL)
DATE = Key(KeyType.DATE)
SECONDS = Key(KeyType.DATETIME, scale=0)
MILLISECONDS = Key(KeyType.DATETIME, scale=3)
TEXT = Key(KeyType.STRING, "utf8mb4_general_ci", length=5)
LATIN = Key(KeyType.STRING, "latin1_swedish_ci")
BINARY = Key(KeyType.BINARY, length=4)
NEW_YEAR = datetime.date(2020, 1, 1)
NOON = datetime.datetime(2020, 1, 1, 12)


class Hex(bytes):
    """A hexadecimal literal."""


class QuotedHex(Hex):
    """One that is written x'…'."""

    numeric = False


def undecidable(reading: Any, key: Key, value: object) -> bool:
    try:
        reading(key, value)
    except Undecidable as error:
        assert error.reason
        return True
    return False


@pytest.mark.parametrize(
    "value",
    [5, "5", " 5", "5 ", "05", "+5", "5.0", "5e0", "50e-1", 5.0, Decimal("5.00"), Hex(b"\5"), b"5"],
)
def test_one_integer_has_many_forms(value: object) -> None:
    assert comparand(TINY, value) == stored(TINY, value) == 5


def test_true_is_one() -> None:
    assert comparand(TINY, True) == stored(TINY, True) == 1
    assert type(comparand(TINY, True)) is int


@pytest.mark.parametrize("value", [128, "-129", 1e3, Decimal(2000)])
def test_an_integer_out_of_range_equals_none_and_is_not_stored(value: object) -> None:
    assert comparand(TINY, value) is NEVER
    assert undecidable(stored, TINY, value)


@pytest.mark.parametrize(
    "value",
    [
        "", "a", "5a", "0x05", "5.", ".5", "\t5", "1e999", "nan", "1_0", "٥", NEW_YEAR, [],
        float("nan"), float("inf"), 2.0**53, Decimal("NaN"), 10**70, Hex(bytes(9)), QuotedHex(b"5"),
    ],
)  # fmt: skip
def test_what_is_not_plainly_a_number_is_not_decided(value: object) -> None:
    for reading in (comparand, stored, endpoint):
        assert undecidable(reading, BIG, value)
        assert undecidable(reading, MONEY, value)


@pytest.mark.parametrize("value", [5.5, "5.5", Decimal("5.5"), str(2**53), "9007199254740993"])
def test_an_integer_that_may_be_another_one_is_not_decided(value: object) -> None:
    assert undecidable(comparand, BIG, value)


@pytest.mark.parametrize(
    "value, integer",
    [
        ("5.4", 5), ("5.5", 6), ("-5.5", -6), (Decimal("2.5"), 3), (Decimal("-2.5"), -3), (5.4, 5),
        (-5.6, -6), ("9007199254740993", 9007199254740993),
        ("9007199254740992.5", 9007199254740993),
    ],
)  # fmt: skip
def test_a_fraction_is_rounded_when_it_is_stored(value: object, integer: int) -> None:
    assert stored(BIG, value) == integer


@pytest.mark.parametrize("value", [2.5, -0.5, "2.5e0", 2**64, -(2**63) - 1])
def test_what_servers_store_differently_is_not_decided(value: object) -> None:
    assert undecidable(stored, BIG, value)


@given(st.integers(-(2**63), 2**64 - 1))
def test_an_integer_is_itself(value: int) -> None:
    assert comparand(BIG, value) == stored(BIG, value) == stored(BIG, str(value)) == value


@pytest.mark.parametrize("value", [5, "5", "5.0", 5.0, Decimal("5.00"), Hex(b"\5"), "5e0"])
def test_one_decimal_has_many_forms(value: object) -> None:
    for key in (MONEY, Key(KeyType.DECIMAL, precision=3, scale=0)):
        assert str(comparand(key, value)) == str(stored(key, value)) == "5"


def test_a_decimal_beyond_doubles_is_compared_with_exact_numbers_alone() -> None:
    exact = Decimal("12345678901234567890.1234567891")
    assert comparand(LONG, exact) == stored(LONG, exact) == stored(LONG, str(exact)) == exact
    for value in ("5.5", 5.5, 5.0, "5"):
        assert undecidable(comparand, LONG, value)


def test_a_decimal_of_more_digits_than_the_column_has_is_rounded_when_it_is_stored() -> None:
    assert undecidable(comparand, MONEY, Decimal("5.555"))
    assert undecidable(comparand, DECIMAL, Decimal("5.5"))
    assert stored(MONEY, Decimal("5.555")) == stored(MONEY, "5.555") == Decimal("5.56")
    assert stored(MONEY, Decimal("-5.555")) == Decimal("-5.56")
    assert undecidable(stored, DECIMAL, Decimal("5.5"))
    assert undecidable(stored, MONEY, 5.5)


def test_a_decimal_out_of_range_is_not_stored() -> None:
    assert undecidable(stored, MONEY, 10**8)
    assert undecidable(stored, MONEY, "99999999.995")
    assert undecidable(stored, Key(KeyType.DECIMAL, low=0, precision=5, scale=0), -1)


@given(st.decimals(-(10**7), 10**7, places=2))
def test_equal_decimals_have_one_text(value: Decimal) -> None:
    texts = {str(stored(MONEY, form)) for form in (value, value + Decimal("0.000"), str(value))}
    assert texts == {str(comparand(MONEY, value))}
    assert stored(MONEY, value) == value


@pytest.mark.parametrize("value", [NEW_YEAR, "2020-01-01", "2020-01-01 00:00:00", b"2020-01-01"])
def test_a_date_is_midnight(value: object) -> None:
    assert comparand(DATE, value) == stored(DATE, value) == NEW_YEAR
    assert comparand(SECONDS, value) == stored(SECONDS, value)
    assert comparand(SECONDS, value) == datetime.datetime(2020, 1, 1)


def test_a_time_of_day_is_no_date() -> None:
    assert comparand(DATE, NOON) is NEVER
    assert undecidable(stored, DATE, NOON)
    assert undecidable(comparand, DATE, "2020-01-01 00:00:00.5")


def test_a_time_has_the_digits_of_its_column() -> None:
    half = NOON.replace(microsecond=500000)
    for value in (half, "2020-01-01 12:00:00.5", "2020-01-01T12:00:00.500000"):
        assert comparand(MILLISECONDS, value) == stored(MILLISECONDS, value) == half
        assert undecidable(comparand, SECONDS, value)
    assert undecidable(stored, MILLISECONDS, "2020-01-01 12:00:00.0001")


@pytest.mark.parametrize(
    "value",
    [
        "", "2020-1-1", "2020/01/01", "20200101", 20200101, "2020-02-30", "0000-00-00",
        "2020-01-00",
        "2020-01-01 24:00:00", "2020-01-01 12:00:00+00:00", "2020-01-01x", datetime.timedelta(1),
        NOON.replace(tzinfo=datetime.UTC), " 2020-01-01",
    ],
)  # fmt: skip
def test_what_is_not_plainly_a_date_is_not_decided(value: object) -> None:
    for reading in (comparand, stored, endpoint):
        assert undecidable(reading, DATE, value)
        assert undecidable(reading, SECONDS, value)


def test_a_text_is_folded_without_spaces_at_its_end() -> None:
    assert comparand(TEXT, "Grüße  ") == "GRUSE"
    assert comparand(TEXT, Hex(b"gr\xc3\xbc")) == stored(TEXT, "GRU") == "GRU"
    assert comparand(LATIN, b"\xe9") == "E"


def test_a_number_is_stored_in_a_text_as_it_is_written() -> None:
    assert stored(TEXT, 5) == "5"
    assert stored(TEXT, True) == "1"
    assert stored(TEXT, Decimal("1.50")) == "1.50"
    assert undecidable(stored, TEXT, 1.5)


@pytest.mark.parametrize("value", [5, 5.0, Decimal(5), NEW_YEAR, b"\xff", "\ud800"])
def test_a_text_is_not_compared_with_another_type(value: object) -> None:
    assert undecidable(comparand, TEXT, value)


def test_a_text_that_the_column_cannot_hold_is_not_decided() -> None:
    assert undecidable(stored, TEXT, "abcdef")
    assert undecidable(comparand, LATIN, "中")
    utf8mb3 = Key(KeyType.STRING, "utf8mb3_general_ci")
    assert undecidable(stored, utf8mb3, "\U0001f600")


@pytest.mark.parametrize("value", [b"a", b"a\0\0", "a", Hex(b"a\0")])
def test_bytes_are_compared_without_zeros_at_their_end(value: object) -> None:
    assert comparand(BINARY, value) == stored(BINARY, value) == b"a"


@pytest.mark.parametrize("value", ["é", 5, NEW_YEAR])
def test_what_is_not_plainly_bytes_is_not_decided(value: object) -> None:
    assert undecidable(comparand, BINARY, value)


def test_bytes_that_are_too_long_are_not_stored() -> None:
    assert comparand(BINARY, b"abcde") == b"abcde"
    assert undecidable(stored, BINARY, b"abcde")


@pytest.mark.parametrize("key", [BIG, MONEY, DATE, SECONDS, TEXT, BINARY], ids=lambda key: key.type)
def test_null_stays_null(key: Key) -> None:
    assert comparand(key, None) is None
    assert stored(key, None) is None
    assert undecidable(endpoint, key, None)


def test_a_column_of_another_type_decides_nothing() -> None:
    for reading in (comparand, stored, endpoint, boundary):
        assert undecidable(reading, Key(None), 5)


@pytest.mark.parametrize(
    "key, value, end",
    [
        (TINY, 5.5, Decimal("5.5")), (TINY, "5.5", Decimal("5.5")), (TINY, Decimal("5.0"), 5),
        (TINY, 1000, 1000), (TINY, "5.00000000000000000001", 5), (MONEY, 5, Decimal(5)),
        (MONEY, Decimal("5.555"), Decimal("5.555")), (DATE, NEW_YEAR, NEW_YEAR),
        (SECONDS, NOON, NOON),
        (TEXT, "b", "B"), (BINARY, b"b\0", b"b"),
    ],
)  # fmt: skip
def test_an_end_of_a_range_need_not_be_a_value_of_the_column(
    key: Key, value: object, end: object
) -> None:
    found = endpoint(key, value)
    assert (found, type(found)) == (end, type(end))


@pytest.mark.parametrize(
    "key, value",
    [
        (MONEY, 5.5), (MONEY, "5.5"), (TINY, str(2**53)), (DATE, NOON), (TEXT, "a\t"),
        (Key(KeyType.STRING, "utf8mb4_0900_ai_ci"), "a"), (LATIN, "a"),
    ],
)  # fmt: skip
def test_an_end_that_servers_may_see_elsewhere_is_not_decided(key: Key, value: object) -> None:
    assert undecidable(endpoint, key, value)


@pytest.mark.parametrize(
    "key, value, found",
    [
        (BIG, Decimal("2.5"), Decimal("2.5")), (DECIMAL, Decimal("2.50"), Decimal("2.5")),
        (Key(KeyType.DATETIME), NOON.replace(microsecond=1), NOON.replace(microsecond=1)),
        (Key(KeyType.STRING, "utf8mb4_0900_ai_ci"), "é", "E"), (BINARY, "b", b"b"),
    ],
)  # fmt: skip
def test_a_boundary_is_a_canonical_value(key: Key, value: object, found: object) -> None:
    assert boundary(key, value) == found


def test_a_boundary_is_one_that_a_value_can_be_equal_to() -> None:
    assert undecidable(boundary, DATE, NOON)
    assert undecidable(boundary, DATE, None)


COUNTED = Key(KeyType.INTEGER, low=0, high=2**32 - 1, generated=True)


@pytest.mark.parametrize("value", [None, 0, "0", "0.0", False])
def test_a_key_that_the_server_makes_is_not_known_before(value: object) -> None:
    assert undecidable(stored, COUNTED, value)


def test_a_given_key_of_such_a_column_is_known() -> None:
    assert stored(COUNTED, "5") == 5
    assert comparand(COUNTED, 0) == 0
