"""Rows of VALUES are cut as the lexer would cut them, however they are written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.lexer import Kind, NotUnderstood, tokens
from athena_g.parser.operands import operand
from athena_g.parser.places import part
from athena_g.parser.rows import Rows, rows
from athena_g.parser.text import Text
from tests.unit.parser.texts import QUERIES, named, text_of, worth, written

PLAIN = [
    *("1", "-1", "+ 2", "1.5", ".5", "1.", "-1e3", "1E-3", "0x4f", "x'4F'", "0b01", "B'01'"),
    *(
        "''",
        "'a'",
        "'a,b'",
        "')'",
        "'it''s'",
        "'\\''",
        '"a"',
        '"a""b"',
        "N'a'",
        "'-- x'",
        "'/*! x'",
    ),
    *("?", "NULL", "null", "TRUE", "FALSE", "DEFAULT"),
]
MIXED = [
    *(
        "NOW()",
        "f(1, 2)",
        "f((1), ')')",
        "a",
        "`a`",
        "`a)`",
        "t.a + 1",
        "2+3",
        "- -1",
        "--1",
        "'a' 'b'",
    ),
    *("DEFAULT(a)", "CAST('5' AS SIGNED)", "_utf8mb4'a'", "DATE '2020-01-01'", "@a", "@@a", "-?"),
    *(
        "1 IN (2, 3)",
        "CASE a WHEN 1 THEN 2 END",
        "a->'$.b'",
        "{d '2020-01-01'}",
        "nothing",
        "x",
        "trueish",
    ),
    *("1a", "0xg", "`t`.`a`", "(SELECT 1 FROM s)", "a / b", "a % 2"),
]
GAPS = ["", " ", "\n\t", "/* c */", "/* ), */", "# ,\n", "-- (\n", "/**/"]


def values(text: Text, found: Rows) -> list[list[Any]]:
    return [[worth(text, value) for value in row.values] for row in found.rows]


def by_tokens(text: Text, sql: str) -> Any:
    """The value of an expression that is written somewhere in a text, by nothing but its tokens."""
    place = text.data.index(sql.encode())
    return worth(text, operand(text, part(text, place, place + len(sql.encode()))))


@given(
    st.lists(st.sampled_from(PLAIN + MIXED), min_size=1, max_size=5, unique=True),
    st.lists(st.sampled_from(GAPS), min_size=14, max_size=14),
)
def test_each_value_is_what_its_tokens_say(items: list[str], gaps: list[str]) -> None:
    written_items = [
        before + item + behind for item, before, behind in zip(items, gaps, gaps[5:], strict=False)
    ]
    marked = [f"/* {place} */{item}" for place, item in enumerate(written_items)]
    text = text_of(f"VALUES{gaps[10]} ({','.join(marked)}){gaps[11]},{gaps[12]}(1)")
    found = rows(text, 6, QUERIES)
    expected = [by_tokens(text, item) for item in marked]
    assert values(text, found) == [expected, [1]]
    assert [value is None for value in found.rows[0].values] == [
        operand(
            text, part(text, start := text.data.index(item.encode()), start + len(item.encode()))
        )
        is None
        for item in marked
    ]


@given(st.text(alphabet="(),'\"`\\/*-# \n1a.?!@x\x00é;", max_size=24))
def test_no_row_is_read_of_what_has_no_tokens(content: str) -> None:
    sql = f"({content})".encode()
    text = Text(sql)
    try:
        found = rows(text, 0, QUERIES)
        read = tokens(sql, 0, found.end)
    except NotUnderstood:
        return
    depth, items, ended = 0, list[int](), 0
    for token in read:
        depth += token.is_(b"(") - token.is_(b")")
        if depth == 1 and token.is_(b"("):
            items.append(0)
        elif token.kind is not Kind.PUNCTUATION or depth:
            items[-1] += 1
        ended += depth == 0 and token.is_(b")")
    assert depth == 0
    assert len(items) == ended == len(found.rows)


@pytest.mark.parametrize("item", PLAIN + MIXED)
def test_rows_of_one_shape_are_all_read(item: str) -> None:
    text = text_of(f"VALUES ({item}, 7), ( {item},8 ),\n({item} ,9)")
    found = rows(text, 6, QUERIES)
    assert [written(text, row.span) for row in found.rows] == [
        *(f"({item}, 7)", f"( {item},8 )", f"({item} ,9)"),
    ]
    assert [worth(text, row.values[-1]) for row in found.rows] == [7, 8, 9]
    assert [worth(text, row.values[1]) for row in found.rows] == [7, 8, 9]


@pytest.mark.parametrize("row", ["(1, -2, NULL)", "(1, -2, f())"])
def test_values_are_a_sequence(row: str) -> None:
    text = text_of(f"VALUES {row}")
    (found,) = rows(text, 6, QUERIES).rows
    assert len(found.values) == 3
    assert [worth(text, value) for value in found.values[:2]] == [1, -2]
    assert worth(text, found.values[-2]) == -2
    with pytest.raises(IndexError):
        found.values[3]


def test_an_operand_stands_where_its_value_does() -> None:
    text = text_of("VALUES ( - 1 , TRUE, f(), 2 + 3 )")
    (row,) = rows(text, 6, QUERIES).rows
    found = [written(text, value.span) if value is not None else None for value in row.values]
    assert found == ["- 1", "TRUE", None, "2 + 3"]


def test_what_is_in_repeated_expressions_is_found_each_time() -> None:
    text = text_of("VALUES (t.a), (t.a), (f(t.a)), (f(t.a))")
    found = rows(text, 6, QUERIES)
    assert [named(each) for each in found.qualifiers] == ["t.a"] * 4
    assert len({each.qualifier for each in found.qualifiers}) == 4
    text = text_of("VALUES (f((SELECT a FROM s))), (f((SELECT a FROM s)))")
    assert len(rows(text, 6, QUERIES).nested) == 2


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "1",
        "(",
        "(1",
        "(1,",
        "(1,)",
        "(,1)",
        "(1 /*! 2 */)",
        "(/*!1*/)",
        "('a)",
        "(`a)",
        "(1;)",
        "(\0)",
        "(\\N)",
    ],
)
def test_what_is_no_row_is_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        rows(Text(sql.encode()), 0, QUERIES)


@pytest.mark.parametrize("open_end", ["/*", "'", '"', "`", "(", "-- ", "/* */", "f("])
def test_no_text_takes_long_to_be_refused(open_end: str) -> None:
    for text in (open_end * 100_000, "(1, " + open_end * 100_000, "(f(" + open_end * 100_000):
        with pytest.raises(NotUnderstood):
            rows(Text(text.encode()), 0, QUERIES)
