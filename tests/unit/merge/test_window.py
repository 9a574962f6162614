"""Which of the rows of several shards are passed on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.merge.window import MANY, Window

COUNTS = st.integers(0, 12)


@given(COUNTS, COUNTS, st.lists(st.integers(0, 5), max_size=6))
def test_rows_are_the_same_one_by_one_and_by_batches(
    skipped: int, left: int, sizes: list[int]
) -> None:
    rows = [b"%d" % number for number in range(sum(sizes))]
    one_by_one, by_batches = Window(skipped, left), Window(skipped, left)
    found, place = [], 0
    for size in sizes:
        found += by_batches.cut(rows[place : place + size])
        place += size
    assert found == rows[skipped : skipped + left]
    assert [row for row in rows if one_by_one.takes()] == found
    assert (one_by_one.skipped, one_by_one.left) == (by_batches.skipped, by_batches.left)


def test_a_window_is_over_when_it_has_all_its_rows() -> None:
    window = Window(1, 2)
    assert window.cut([b"a", b"b"]) == [b"b"]
    assert not window.is_over
    assert window.cut([b"c", b"d"]) == [b"c"]
    assert window.is_over
    assert window.cut([b"e"]) == []


@pytest.mark.parametrize(
    ("skipped", "left", "closed"), [(0, MANY, False), (0, MANY + 1, True), (MANY, 1, True)]
)
def test_only_behind_many_rows_it_is_not_worth_reading_on(
    skipped: int, left: int, closed: bool
) -> None:
    window = Window(skipped, left)
    rows = [b""] * (skipped + left)
    window.cut(rows[1:])
    assert not window.is_closed
    window.cut(rows[:1])
    assert window.is_closed is closed
