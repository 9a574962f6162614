"""Values that are known without a server are exact, and none is known that is not."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.operands import MAX_DEPTH, operand
from tests.unit.parser.texts import text_of, worth, written

UNKNOWN = ...
BIG = 1 << 63


def value(sql: str, **reading: Any) -> Any:
    text = text_of(sql, **reading)
    return worth(text, operand(text, text.tokens))


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("5", 5),
        ("-5", -5),
        ("- 5", -5),
        ("+5", 5),
        ("- -5", 5),
        ("1.5", 1.5),
        ("-1e3", -1000.0),
        ("'a'", "a"),
        ("'a' 'b'", "ab"),
        ("N'a'", "a"),
        ("0x41", b"0x41"),
        ("?", "p0"),
        ("NULL", None),
        ("-NULL", None),
        ("true", 1),
        ("FALSE", 0),
        ("2+3", 5),
        ("2 + 3 * 4 - 1", 13),
        ("(2 + 3) * -4", -20),
        ("10 - 2 - 3", 5),
        ("1 + NULL", None),
        ("(5)", 5),
        ("('a')", "a"),
        ("_utf8mb4'a'", "a"),
        ("DATE '2020-02-29'", date(2020, 2, 29)),
        ("TIMESTAMP'2020-02-29 01:02:03'", datetime(2020, 2, 29, 1, 2, 3)),
        ("CAST(5 AS SIGNED)", 5),
        ("CAST('-5' AS SIGNED INTEGER)", -5),
        ("cast(5 as unsigned int)", 5),
        ("CAST(5 AS CHAR)", "5"),
        ("CAST('a' AS CHAR)", "a"),
        ("CAST('2020-02-29' AS DATE)", date(2020, 2, 29)),
        ("CAST(2 + 3 AS SIGNED) * 2", 10),
        (f"{BIG - 1} + 0", BIG - 1),
        (f"-{BIG}", -BIG),
    ],
)
def test_a_known_value(sql: str, expected: Any) -> None:
    found = value(sql)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    "sql",
    [
        "a",
        "NOW()",
        "DEFAULT",
        "1 / 2",
        "7 DIV 2",
        "1 + 1.5",
        "1 + 'a'",
        "1 + ?",
        "-'5'",
        "+'5'",
        "-?",
        "1 2",
        "1 +",
        "(1",
        "()",
        "'a' COLLATE utf8mb4_bin",
        "'a' b",
        "_binary'a'",
        "_ucs2'ab'",
        "_latin1'é'",
        "_latin1 x'41'",
        "DATE '2020-1-1'",
        "DATE '2020-02-30'",
        "DATE '2020-02-01' 'x'",
        "TIMESTAMP '2020-02-29'",
        "TIME '01:02:03'",
        "CAST('5x' AS SIGNED)",
        "CAST('5.0' AS SIGNED)",
        "CAST(-5 AS UNSIGNED)",
        "CAST(5.5 AS SIGNED)",
        "CAST(5 AS CHAR(1))",
        "CAST('a' AS BINARY)",
        "CAST(5 AS DECIMAL(3, 1))",
        "CAST('2020-1-1' AS DATE)",
        "CAST (a AS SIGNED)",
        "cast",
        f"{BIG - 1} + 1",
        f"{BIG - 1} * 2",
        f"-{BIG} - 1",
        f"{BIG} + 0",
        "@a",
        "@@a",
        "TRUE AND FALSE",
        "~5",
        "!5",
        "2 ^ 3",
        "(SELECT 5)",
    ],
)
def test_a_value_that_only_a_server_knows(sql: str) -> None:
    assert value(sql) is UNKNOWN


def test_quotes_are_read_as_the_sql_mode_says() -> None:
    assert value('"a"') == "a"
    assert value('"a"', ansi_quotes=True) is UNKNOWN


def test_an_operand_stands_where_its_expression_does() -> None:
    text = text_of("  -5 /* five */ ")
    found = operand(text, text.tokens)
    assert found is not None
    assert written(text, found.span) == "-5"


@pytest.mark.parametrize("opening, closing", [("(", ")"), ("- ", ""), ("CAST(", " AS SIGNED)")])
def test_depth_has_an_end(opening: str, closing: str) -> None:
    assert value(opening * (MAX_DEPTH - 1) + "1" + closing * (MAX_DEPTH - 1)) in (1, -1)
    assert value(opening * 5_000 + "1" + closing * 5_000) is UNKNOWN


def test_a_long_sum_is_no_deep_one() -> None:
    assert value("+".join(["1"] * 10_000)) == 10_000
    assert value("*".join(["1"] * 10_000)) == 1


@given(
    st.recursive(
        st.integers(0, 1000).map(str),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from([" + ", " - ", " * ", "+", "*"]), inner).map("".join),
            inner.map("({})".format),
            inner.map(" - {}".format),
        ),
        max_leaves=8,
    )
)
def test_arithmetic_is_that_of_integers(sql: str) -> None:
    expected = eval(sql)
    found = value(sql)
    assert found == expected or (found is UNKNOWN and sql.count("(") + sql.count("-") >= MAX_DEPTH)
