"""Which statements may call functions that are not the server's own."""

from __future__ import annotations

import pytest

from athena_g.parser.functions import may_call


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "select count(*), max(a) from t where b in (1, 2)",
        "select concat_ws (',', a, upper(b))",
        "select cast(a as decimal(5, 2)) from (select 1 as a) as t",
        "with recursive c as (select 1) select * from c",
        "select a from t join u using (a) where exists (select 1)",
        "show tables",
    ],
)
def test_functions_of_the_servers_own_are_no_calls(text: str) -> None:
    assert not may_call(text.encode(), 0)


@pytest.mark.parametrize(
    "text",
    [
        "select f()",
        "select shop.f(1)",
        "select shop.log('a native function has this name too')",
        "select 2fa(1)",
        "select f/* */(1)",
        "select f\n (1)",
        "select $f(1), _g(2)",
        "select gr\u00f6\u00dfe(1)",
        "select `f`(1)",
        "select `f` (1)",
        "select count(*), f2(1)",
        "select counter(1)",
        "(select max(a) from t) union (select f(a) from t)",
    ],
)
def test_any_other_function_is_a_call(text: str) -> None:
    assert may_call(text.encode(), 0)


def test_what_stands_in_front_of_the_text_is_not_looked_at() -> None:
    assert not may_call(b"f()  select 1", 4)
    assert not may_call(b"f()  select max(1)", 4)


@pytest.mark.parametrize(
    "text",
    [
        b"y" * 1_000_000,
        b"y " * 500_000,
        b"y" + b" " * 1_000_000,
        b"`" * 1_000_000,
        b"$" * 1_000_000,
    ],
    ids=["a word", "words", "spaces", "quotes", "signs"],
)
def test_long_texts_are_read_once(text: bytes) -> None:
    """Reading them anew from each place would take hours."""
    assert not may_call(b"max(" + text, 0)
