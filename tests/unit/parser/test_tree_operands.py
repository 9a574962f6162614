"""What expressions of a tree are worth."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from athena_g.parser.syntax import tree
from athena_g.parser.tree_operands import operand
from tests.unit.parser.texts import text_of, worth


def value(expression: str) -> Any:
    text = text_of(f"SELECT {expression}")
    return worth(text, operand(text, tree(text, 0, len(text.data)).expressions[0]))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("5", 5),
        ("'5'", "5"),
        ("N'5'", "5"),
        (".5", Decimal("0.5")),
        ("NULL", None),
        ("TRUE", 1),
        ("FALSE", 0),
        ("-5", -5),
        ("- -5", 5),
        ("+5", 5),
        ("((5))", 5),
        ("2 + 3 * 4", 14),
        ("2 - 3 - 4", -5),
        ("2 - (3 - 4)", 3),
        ("5--3", 8),
        ("1 + NULL", None),
        ("?", "p0"),
        ("CAST('5' AS SIGNED)", 5),
        ("CAST(5 AS UNSIGNED)", 5),
        ("CAST('2020-05-01' AS DATE)", date(2020, 5, 1)),
        ("DATE '2020-05-01'", date(2020, 5, 1)),
    ],
)
def test_what_is_computed_exactly_is_known(expression: str, expected: Any) -> None:
    assert value(expression) == expected


@pytest.mark.parametrize(
    "expression",
    [
        "a", "1 / 2", "5 DIV 2", "5 % 2", "1 | 2", "~1", "!1", "1 + a", "RAND()", "@a", "'1' + 1",
        "1.5 + 1.5", "9223372036854775807 + 1", "CAST('abc' AS CHAR(1))", "CAST(5 AS CHAR)",
        "CAST(5 AS DECIMAL(3, 1))", "CAST('5a' AS SIGNED)", "CONVERT('a' USING latin1)",
        "'a' COLLATE utf8mb4_bin", "1 = 1",
        "(SELECT 1)", "NOW() + INTERVAL 1 DAY", "CAST('a' AS CHAR CHARACTER SET latin1)", "1 || 1",
    ],
)  # fmt: skip
def test_what_only_a_server_computes_is_not_known(expression: str) -> None:
    assert value(expression) is ...


def test_what_is_too_deep_is_not_known() -> None:
    assert value("-(" * 30 + "1" + ")" * 30) is ...
