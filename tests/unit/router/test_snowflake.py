"""Ids that are unique and ascend, whatever the clock does."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.router.snowflake import EPOCH_MS, WORKERS, Snowflake

NOW = 1_750_000_000.0
PER_MS = 4096


class Clock:
    """A clock that shows what it is set to."""

    def __init__(self, seconds: float = NOW) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds


def ascend(ids: list[int]) -> bool:
    return all(one < other for one, other in pairwise(ids))


def test_an_id_tells_its_millisecond_its_worker_and_its_place() -> None:
    maker = Snowflake(513, Clock())
    first, second = maker.next(), maker.next()
    assert first >> 22 == int(NOW * 1000) - EPOCH_MS
    assert first >> 12 & 0x3FF == 513
    assert (first & 0xFFF, second & 0xFFF) == (0, 1)


def test_ids_of_one_moment_of_two_workers_differ() -> None:
    one, other = ([Snowflake(worker, Clock()).next()] for worker in (0, WORKERS - 1))
    assert one != other


def test_more_than_fit_into_a_millisecond_ascend_all_the_same() -> None:
    maker = Snowflake(7, Clock())
    ids = [maker.next() for _ in range(3 * PER_MS)]
    assert ascend(ids)
    assert {each >> 12 & 0x3FF for each in ids} == {7}


def test_the_millisecond_that_was_borrowed_from_gives_no_id_twice() -> None:
    clock = Clock()
    maker = Snowflake(0, clock)
    ids = [maker.next() for _ in range(PER_MS + 1)]
    clock.seconds += 0.001
    assert ascend([*ids, maker.next()])


def test_a_clock_that_is_set_back_does_not_repeat_ids() -> None:
    clock = Clock()
    maker = Snowflake(0, clock)
    before = maker.next()
    clock.seconds -= 3600
    assert ascend([before, maker.next(), maker.next()])


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=50))
def test_ids_ascend_whatever_the_clock_does(steps: list[float]) -> None:
    clock = Clock()
    maker = Snowflake(0, clock)
    ids = []
    for step in steps:
        clock.seconds += step
        ids.append(maker.next())
    assert ascend(ids)


@pytest.mark.parametrize("seconds", [EPOCH_MS / 1000, NOW, NOW + 30 * 366 * 86400])
def test_an_id_fits_into_a_signed_bigint(seconds: float) -> None:
    assert 0 < Snowflake(WORKERS - 1, Clock(seconds)).next() < 1 << 63


@pytest.mark.parametrize("worker", [-1, WORKERS])
def test_a_worker_that_does_not_fit_is_refused(worker: int) -> None:
    with pytest.raises(ValueError, match=str(worker)):
        Snowflake(worker)
