from __future__ import annotations

import datetime
from decimal import Decimal
from fractions import Fraction
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.errors import SqlError
from athena_g.router.algorithms import Algorithm, Custom, Hash, Mod, Range

HERE = "python:tests.unit.router.user_functions"
INTEGERS: list[Algorithm] = [
    Mod(4),
    Mod(1),
    Hash(4),
    Hash(7, "fnv1a"),
    Hash(5, "siphash13"),
    Range((-3, 0, 10, 11)),
    Range((Decimal("0.5"), 2)),
    Custom.named(f"{HERE}.by_tens", 3),
]
small = st.integers(-40, 40)


@pytest.mark.parametrize("value, index", [(5, 1), (0, 0), (-1, 3), (-4, 0), (2**63, 0)])
def test_a_remainder_is_never_negative(value: int, index: int) -> None:
    assert Mod(4).shard_of(value) == index


def test_what_is_no_integer_has_no_remainder() -> None:
    with pytest.raises(TypeError):
        Mod(4).shard_of("5")


def test_a_hash_is_crc32_unless_told_otherwise() -> None:
    assert Hash(16).shard_of("abc") == crc32(b"abc") % 16
    assert Hash(16, codec="cp1252").shard_of("é") == crc32(b"\xe9") % 16


def test_siphash13_puts_keys_where_athena_rs_did() -> None:
    algorithm = Hash(4, "siphash13")
    indices = {0: 0, 1: 2, 2: 0, 4: 3, 5: 0, 100: 3, -1: 0, -5: 1, "abc": 3, "ABC": 2, "1": 2}
    assert {value: algorithm.shard_of(value) for value in indices} == indices


@pytest.mark.parametrize("value, index", [(9, 0), (10, 1), (19, 1), (20, 2), (999, 2)])
def test_a_boundary_is_the_first_value_of_the_next_shard(value: int, index: int) -> None:
    assert Range((10, 20)).shard_of(value) == index


def test_boundaries_may_be_dates_or_texts() -> None:
    assert Range((datetime.date(2020, 1, 1),)).shard_of(datetime.date(2020, 1, 1)) == 1
    assert Range(("G", "P")).shard_of("HELLO") == 1


@pytest.mark.parametrize("algorithm", INTEGERS, ids=repr)
def test_null_is_at_shard_0(algorithm: Algorithm) -> None:
    assert algorithm.shard_of(None) == 0


@pytest.mark.parametrize("algorithm", INTEGERS, ids=repr)
@given(
    value=small, low=small | st.none(), high=small | st.none(), ends=st.tuples(*[st.booleans()] * 2)
)
def test_a_value_is_on_one_of_the_shards_of_a_range_that_has_it(
    algorithm: Algorithm, value: int, low: int | None, high: int | None, ends: tuple[bool, bool]
) -> None:
    indices = algorithm.shards_between(low, high, *ends)
    assert indices <= set(range(algorithm.count))
    above = low is None or value > low or (value == low and ends[0])
    below = high is None or value < high or (value == high and ends[1])
    if above and below:
        assert algorithm.shard_of(value) in indices


@pytest.mark.parametrize("algorithm", [Mod(4), Hash(40), Range((0, 5))], ids=repr)
def test_an_empty_range_of_integers_is_on_no_shard(algorithm: Algorithm) -> None:
    assert algorithm.shards_between(9, 1) == frozenset()
    assert algorithm.shards_between(5, 5, True, False) == frozenset()


def test_a_range_without_integers_is_on_no_shard() -> None:
    assert Mod(4).shards_between(Decimal("5.2"), Decimal("5.8")) == frozenset()


@given(st.decimals(-20, 20, places=1), st.decimals(-20, 20, places=1), small)
def test_the_ends_of_a_range_need_not_be_integers(low: Decimal, high: Decimal, value: int) -> None:
    for algorithm in (Mod(6), Range((-3, 0, 10))):
        if low < value < high:
            assert algorithm.shard_of(value) in algorithm.shards_between(low, high, False, False)


def test_a_short_range_is_on_few_shards() -> None:
    assert Mod(8).shards_between(6, 9) == {6, 7, 0, 1}
    assert Hash(64).shards_between(6, 6) == {Hash(64).shard_of(6)}
    assert Range((10, 20)).shards_between(5, 20, True, False) == {0, 1}
    assert Range((10, 20)).shards_between(None, 9) == {0}
    assert Range((10, 20)).shards_between(10, None) == {1, 2}


def test_a_range_of_decimals_is_on_every_shard_of_a_hash() -> None:
    assert Hash(4).shards_between(Decimal(1), Decimal(2)) == {0, 1, 2, 3}


def test_the_end_of_a_range_of_texts_counts_as_included() -> None:
    assert Range(("B", "D")).shards_between("A", "D", False, False) == {0, 1, 2}


def test_a_function_of_the_user_gives_the_index() -> None:
    algorithm = Custom.named(f"{HERE}.by_tens", 3)
    assert [algorithm.shard_of(value) for value in (5, 15, 25, 35)] == [0, 1, 2, 0]
    assert algorithm.shards_between(5, 15) == {0, 1}


def test_a_function_without_one_for_ranges_finds_them_on_every_shard() -> None:
    assert Custom.named(f"{HERE}.first_letter", 3).shards_between("A", "A") == {0, 1, 2}


@pytest.mark.parametrize(
    "value, reason",
    [
        ("?", "ValueError: substring not found"),
        ("H", "it gave 7, which is no index from 0 to 2"),
    ],
)
def test_what_is_wrong_with_a_function_is_said(value: str, reason: str) -> None:
    with pytest.raises(SqlError) as caught:
        Custom.named(f"{HERE}.first_letter", 3).shard_of(value)
    assert (caught.value.errno, caught.value.sqlstate) == (1105, "HY000")
    assert caught.value.message == (f"The sharding function {HERE}.first_letter failed: {reason}")


@pytest.mark.parametrize("answer", [-1, True, 1.0, "1", None, Fraction(1)])
def test_nothing_but_an_index_is_one(answer: object) -> None:
    algorithm = Custom.named(f"{HERE}.unsound", 3)
    if answer is not None:
        with pytest.raises(SqlError, match="which is no index from 0 to 2"):
            algorithm.shard_of(answer)  # type: ignore[arg-type]
    for indices in (answer, [0, answer]):
        with pytest.raises(SqlError, match="which is no index from 0 to 2"):
            algorithm.shards_between(indices, None)  # type: ignore[arg-type]
