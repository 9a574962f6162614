from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from athena_g.config import values


def accepted(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


@given(st.integers(-(10**30) + 1, 10**30 - 1))
def test_text_that_is_a_whole_number_is_one(number: int) -> None:
    assert accepted(values.Integer, str(number)) == number


@pytest.mark.parametrize("value", [True, 1.0, "1.0", " 1", "1_000", "0x10", "", None, "9" * 5000])
def test_nothing_else_is_a_whole_number(value: object) -> None:
    with pytest.raises(ValidationError):
        accepted(values.Integer, value)


@pytest.mark.parametrize("value", [0, 1, "1", "yes", "True", "", None])
def test_only_true_and_false_are_truth_values(value: object) -> None:
    assert accepted(values.Boolean, True) is accepted(values.Boolean, "true") is True
    with pytest.raises(ValidationError):
        accepted(values.Boolean, value)


@pytest.mark.parametrize("value", [True, "nan", "inf", "1e3", "", "1."])
def test_nothing_but_digits_is_a_number(value: object) -> None:
    with pytest.raises(ValidationError):
        accepted(values.Number, value)


@pytest.mark.parametrize("value", ["[1, 0]", " [1,0] ", [1, 0]])
def test_a_list_may_be_text(value: object) -> None:
    assert accepted(values.ShardIndices, value) == (1, 0)


@pytest.mark.parametrize("value", ["1, 2", "[1, 2", "[true]", "[1.5]", '{"a": 1}', "[[1]]"])
def test_text_that_is_no_list_of_whole_numbers_is_refused(value: str) -> None:
    with pytest.raises(ValidationError):
        accepted(values.ShardIndices, value)


@given(st.text())
def test_any_text_is_a_host_or_wrong(text: str) -> None:
    try:
        outcome = accepted(values.Host, text)
    except ValidationError as error:
        outcome = [each["type"] for each in error.errors()]
    assert outcome in (text, ["wrong"])
