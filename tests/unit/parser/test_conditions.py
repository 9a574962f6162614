"""What surely holds for a row that passes a condition."""

from __future__ import annotations

import pytest

from athena_g.parser.lexer import NotUnderstood
from tests.unit.parser.trees import condition_of, select_of


@pytest.mark.parametrize(
    ("where", "read"),
    [
        ("a = 1", "a = 1"),
        ("1 = a", "a = 1"),
        ("t.a <=> 1", "t.a <=> 1"),
        ("a < 1", "a < 1"),
        ("1 < a", "a > 1"),
        ("1 >= a", "a <= 1"),
        ("(a) = (1)", "a = 1"),
        ("a = -1", "a = -1"),
        ("a = ?", "a = p0"),
        ("a = NULL", "a = None"),
        ("a = b", "a = b"),
        ("a <=> b", "a <=> b"),
        ("a IS NULL", "a is null"),
        ("a IN (1, 2)", "a in [1, 2]"),
        ("a IN (1, NULL)", "a in [1, None]"),
        ("a BETWEEN 1 AND 2", "(a >= 1 and a <= 2)"),
        ("a BETWEEN b AND 2", "?"),
        ("(a, b) = (1, 2)", "(a = 1 and b = 2)"),
        ("ROW(a, b) <=> (1, c)", "(a <=> 1 and b <=> c)"),
        ("(a, b) IN ((1, 2), (3, 4))", "(a in [1, 3] and b in [2, 4])"),
        ("(a, b) IN ((1, c), (3, 4))", "(a in [1, 3])"),
    ],
)
def test_a_comparison_is_read(where: str, read: str) -> None:
    assert condition_of(where) == read


@pytest.mark.parametrize(
    ("where", "read"),
    [
        ("a = 1 AND b = 2 AND c", "(a = 1 and b = 2 and ?)"),
        ("a = 1 OR b = 2", "(a = 1 or b = 2)"),
        ("a = 1 OR b = 2 AND c = 3", "(a = 1 or (b = 2 and c = 3))"),
        ("a = 1 || b = 2 && c = 3", "(a = 1 or (b = 2 and c = 3))"),
        ("a = 1 XOR b = 2", "?"),
    ],
)
def test_and_and_or_hold_conditions_together(where: str, read: str) -> None:
    assert condition_of(where) == read


@pytest.mark.parametrize(
    ("where", "read"),
    [
        ("NOT (a < 1)", "a >= 1"),
        ("NOT (a >= 1 OR b > 2)", "(a < 1 and b <= 2)"),
        ("NOT ((a >= 1) OR (b > 2))", "(a < 1 and b <= 2)"),
        ("NOT ((a < 1) AND (b > 2))", "(a >= 1 or b <= 2)"),
        ("NOT (NOT (a = 1))", "a = 1"),
        ("NOT (a = 1)", "?"),
        ("NOT (a IS NULL)", "?"),
        ("NOT (a BETWEEN 1 AND 2)", "?"),
        ("a NOT IN (1)", "?"),
        ("a IS NOT NULL", "?"),
    ],
)
def test_not_is_carried_inwards_where_null_allows_it(where: str, read: str) -> None:
    assert condition_of(where) == read


@pytest.mark.parametrize(
    "where", ["NOT a < 1", "! a < 1", "NOT NOT a = 1", "!!a = 1", "NOT (a) < 1"]
)
def test_not_without_parentheses_may_bind_more_than_a_comparison(where: str) -> None:
    assert condition_of(where) == "?"


@pytest.mark.parametrize(
    "where",
    [
        "a <> 1", "a = b + 1", "a + 1 = 1", "a LIKE '1'", "a = RAND()", "(a = 1) = 1", "a = 1 = 1",
        "a = 1 IS TRUE", "(a, b) < (1, 2)", "1 IN (a, 2)", "a IN (1, b)", "a = 1 COLLATE c",
        "a COLLATE c = 1", "BINARY a = 1", "a = @b", "a < b", "a = CAST(1 AS CHAR(1))",
        "IF(a = 1, 1, 0)", "a = (SELECT 1)",
    ],
)  # fmt: skip
def test_nothing_is_known_of_other_conditions(where: str) -> None:
    assert condition_of(where) == "?"


@pytest.mark.parametrize(
    ("where", "matched"),
    [
        ("a IN (SELECT b FROM u)", "a"),
        ("a = ANY (SELECT b FROM u)", "a"),
        ("a = SOME (SELECT b FROM u)", "a"),
        ("a IN (SELECT b FROM u) OR c = 1", "a"),
        ("a NOT IN (SELECT b FROM u)", None),
        ("NOT (a IN (SELECT b FROM u))", None),
        ("(a IN (SELECT b FROM u)) IS NULL", None),
        ("a <=> ANY (SELECT b FROM u)", None),
        ("a = ALL (SELECT b FROM u)", None),
        ("(a, c) IN (SELECT b, d FROM u)", None),
        ("EXISTS (SELECT b FROM u)", None),
        ("a = (SELECT b FROM u)", None),
    ],
)
def test_a_column_is_matched_where_no_and_null_come_to_the_same(
    where: str, matched: str | None
) -> None:
    (nested,) = select_of(f"SELECT 1 FROM t WHERE {where}").nested
    assert (nested.matched.name if nested.matched else None) == matched


def test_a_condition_that_is_too_deep_is_not_understood() -> None:
    with pytest.raises(NotUnderstood):
        condition_of("NOT (" * 300 + "a = 1" + ")" * 300)
