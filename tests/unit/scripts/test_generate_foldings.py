"""What is made of the weights of characters."""

from __future__ import annotations

import pytest
from generate_foldings import Weights, by_target, folding_of, prove, ranges


def table(**weights: list[int]) -> Weights:
    return {char: [(weight,) for weight in units] for char, units in weights.items()}


def test_characters_of_one_weight_are_folded_to_the_capital_one() -> None:
    assert folding_of([table(a=[1], A=[1], b=[2])]) == {"a": "A", "A": "A", "b": "b"}


def test_what_any_collation_calls_equal_is_folded_together() -> None:
    strict, loose = table(a=[1], b=[2], c=[3]), table(a=[1], b=[1], c=[3])
    assert folding_of([strict, loose]) == {"a": "a", "b": "a", "c": "c"}


def test_a_character_of_several_weights_is_folded_to_several() -> None:
    one, other = table(s=[1], ß=[1, 1], e=[2], æ=[9]), table(s=[4], ß=[4, 4], e=[5], æ=[4, 5])
    assert folding_of([one, other]) == {"s": "s", "ß": "ss", "e": "e", "æ": "se"}


def test_what_is_ignored_or_contradicts_itself_is_left_out() -> None:
    one, other = table(a=[1], b=[], l=[2], ŀ=[2]), table(a=[1], b=[3], l=[2], ŀ=[2, 1])
    assert folding_of([one, other]) == {"a": "a", "l": "l"}


@pytest.mark.parametrize("folding", [{"a": "a", "b": "b"}, {"a": "a", "b": "a", "c": "x"}])
def test_a_folding_that_is_finer_than_the_weights_is_found(folding: dict[str, str]) -> None:
    with pytest.raises(AssertionError):
        prove([table(a=[1], b=[1], c=[1, 1])], folding)


def test_a_folding_is_printed_by_targets_and_ranges() -> None:
    folding = {"a": "A", "A": "A", "á": "A", "B": "B"}
    assert by_target(folding) == {"A": "aá"}
    assert ranges(folding) == [(0x41, 0x42), (0x61, 0x61), (0xE1, 0xE1)]
