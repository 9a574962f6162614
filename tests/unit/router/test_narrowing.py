"""Which shards conditions on a key leave."""

from __future__ import annotations

from typing import Any

import pytest

from athena_g.parser.statement import Operand, Operator, Span
from athena_g.router.narrowing import (
    ANYTHING,
    Among,
    Both,
    Compared,
    Either,
    Missing,
    Narrowing,
    both,
    either,
    shards,
)
from athena_g.router.rules import Rule
from tests.unit.router import house

NOWHERE = Span(0, 0)


def value(worth: Any) -> Operand:
    return Operand(lambda _: worth, NOWHERE)


def unknown() -> Operand:
    return Operand(lambda values: values[0], NOWHERE)


def is_(worth: Any, operator: Operator = Operator.EQUAL) -> Compared:
    return Compared(operator, value(worth))


def left(narrowing: Narrowing, table: str = "orders") -> set[int] | None:
    """The shards that are left; ``None`` for all."""
    rule = house.rules().find(table)
    assert isinstance(rule, Rule)

    class Nothing(list[Any]):
        def __getitem__(self, place: Any) -> Any:
            raise ValueError

    found = shards(narrowing, rule, Nothing())
    return None if found is None or len(found) == rule.count else set(found)


@pytest.mark.parametrize(
    ("narrowing", "expected"),
    [
        (is_(5), {1}),
        (is_(None), set()),
        (is_(None, Operator.SAME), {0}),
        (is_(5, Operator.SAME), {1}),
        (is_(2**64), set()),
        (is_(5.5), None),
        (Compared(Operator.EQUAL, unknown()), None),
        (Among((value(5), value(None), value(6))), {1, 2}),
        (Among((value(5), unknown())), None),
        (Missing(), {0}),
        (ANYTHING, None),
        (is_(5, Operator.MORE), None),
        (is_(None, Operator.LESS), set()),
        (Both((is_(5), is_(9))), {1}),
        (Both((is_(5), is_(6))), set()),
        (Both((is_(5.5), is_(6))), {2}),
        (Both((is_(4, Operator.MORE), is_(6, Operator.LESS))), {1}),
        (Both((is_(4, Operator.AT_LEAST), is_(5, Operator.AT_MOST))), {0, 1}),
        (Both((is_(4, Operator.MORE), is_(5, Operator.MORE), is_(7, Operator.LESS))), {2}),
        (Both((is_(5, Operator.MORE), is_(5, Operator.LESS))), set()),
        (Both((is_(5, Operator.AT_LEAST), is_(5, Operator.LESS))), set()),
        (Both((is_(5, Operator.AT_LEAST), is_(5, Operator.AT_MOST))), {1}),
        (Both((is_(4, Operator.MORE), Compared(Operator.LESS, unknown()))), None),
        (Both((is_(4, Operator.MORE), is_(6, Operator.LESS), is_(6))), set()),
        (Either((is_(5), is_(6))), {1, 2}),
        (Either((is_(5), ANYTHING)), None),
        (Either((is_(None), is_(6))), {2}),
    ],
)
def test_shards_with_rows_that_may_pass_are_left(
    narrowing: Narrowing, expected: set[int] | None
) -> None:
    assert left(narrowing) == expected


def test_nothing_is_left_out_by_a_key_of_unknown_type() -> None:
    assert left(is_(5), "accounts") is None
    assert left(is_(5, Operator.MORE), "accounts") is None
    assert left(is_(None), "accounts") == set()


def test_texts_are_no_ranges() -> None:
    assert left(Both((is_("a", Operator.MORE), is_("b", Operator.LESS))), "names") is None


def test_all_of_nothing_is_anything() -> None:
    assert both([]) is ANYTHING
    assert both([ANYTHING, ANYTHING]) is ANYTHING


def test_one_alone_stays_itself() -> None:
    one = is_(5)
    assert both([ANYTHING, one]) is one
    assert either([one]) is one


def test_all_within_all_is_flat() -> None:
    one, two, three = is_(5), is_(6), is_(7)
    found = both([both([one, two]), three])
    assert isinstance(found, Both)
    assert found.parts == (one, two, three)


def test_one_of_which_one_is_anything_is_anything() -> None:
    assert either([is_(5), ANYTHING]) is ANYTHING
