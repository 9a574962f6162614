"""Tokens are cut as they are asked for, and names with dots are columns unless they are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.lexer import MAX_TOKENS, NotUnderstood
from athena_g.parser.places import Stream, only_column, qualified, tables_of, within
from athena_g.parser.statement import (
    Derived,
    Elsewhere,
    Join,
    JoinKind,
    Nested,
    Opaque,
    Select,
    Span,
    Table,
    Union,
)
from athena_g.parser.text import Text
from tests.unit.parser.texts import QUERIES, named, table_names, text_of, written


def all_of(stream: Stream) -> list[bytes]:
    found = []
    while stream.peek() is not None:
        found.append(stream.next().text)
    return found


@given(st.lists(st.sampled_from(["a", " 'b c'", ",", "\n", "/* d */", "1.5", "(", "@e", "`f`"])))
def test_a_stream_cuts_a_text_as_the_lexer_does(pieces: list[str]) -> None:
    text = text_of(" ".join(pieces) + " ;; ")
    assert all_of(Stream(text)) == [token.text for token in text.tokens]


@pytest.mark.parametrize("words", [63, 64, 65, 128, 1000])
def test_a_stream_goes_on_wherever_it_is_told_to(words: int) -> None:
    stream = Stream(Text(b"x " * words + b"y"))
    assert len(all_of(stream)) == words + 1
    assert stream.offset() == 2 * words + 1
    stream.jump(2 * words - 2)
    assert stream.offset() == 2 * words - 2
    assert all_of(stream) == [b"x", b"y"]


def test_a_stream_looks_no_further_than_it_is_asked() -> None:
    stream = Stream(Text(b"x " * 100 + b"\0"))
    assert stream.next().text == b"x"
    with pytest.raises(NotUnderstood):
        all_of(stream)


def test_a_stream_has_no_more_tokens_than_a_text_may_have() -> None:
    with pytest.raises(NotUnderstood):
        all_of(Stream(Text(b"x " * (MAX_TOKENS + 1))))


@pytest.mark.parametrize(
    "sql, columns",
    [
        ("t.a", ["t.a"]),
        ("d . t . a + `t`.`b`", ["d.t.a", "t.b"]),
        ("a + b", []),
        ("t.*, 2 * s.b", ["t.*", "s.b"]),
        ("d.f(t.a)", ["t.a"]),
        ("d.f (1)", []),
        ("@@session.a + @t.b + @@t.c", []),
        ("1.5 + .5 + '.a' + t.a", ["t.a"]),
        ("t.a->'$.b.c'", ["t.a"]),
        ("t.select", ["t.select"]),
        ("t.a BETWEEN .1 AND .5", ["t.a"]),
    ],
)
def test_columns_that_name_their_table(sql: str, columns: list[str]) -> None:
    text = text_of(sql)
    assert [named(each) for each in qualified(text, text.tokens)] == columns


@pytest.mark.parametrize("sql", ["a.b.c.d", "t.'a'", "t.(a)", "t.1a", "d.t.1"])
def test_other_names_with_dots_are_not_understood(sql: str) -> None:
    text = text_of(sql)
    with pytest.raises(NotUnderstood):
        list(qualified(text, text.tokens))


def test_a_qualifier_stands_in_front_of_its_column() -> None:
    text = text_of("1 + `d` . t . a")
    (column,) = qualified(text, text.tokens)
    assert written(text, column.qualifier) == "`d` . t"
    assert (column.database, column.table, column.name) == ("d", "t", "a")


def test_a_table_s_place_is_no_column_s() -> None:
    text = text_of("d.t + d.t")
    assert len(list(qualified(text, text.tokens, {6}))) == 1


@pytest.mark.parametrize("sql, name", [("a", "a"), ("d.t.a", "d.t.a"), ("a b", None), ("1", None)])
def test_a_column_alone(sql: str, name: str | None) -> None:
    text = text_of(sql)
    found = only_column(text, text.tokens)
    assert (named(found) if found is not None else None) == name


@pytest.mark.parametrize(
    "sql, queries",
    [
        ("(SELECT a FROM t)", 1),
        ("1 + (/* c */ select a FROM t)", 1),
        ("f((TABLE t))", 1),
        ("a IN (WITH c AS (SELECT 1) SELECT 1 FROM t)", 1),
        ("VALUES(a) + 1", 0),
        ("(VALUES(a))", 0),
        ("f(`select`, 'select')", 0),
        ("t.select", 0),
    ],
)
def test_queries_within_an_expression(sql: str, queries: int) -> None:
    text = text_of(sql)
    nested, _ = within(text, text.tokens, QUERIES)
    assert len(nested) == queries
    assert table_names(tables_of(each.query for each in nested)) == ["t"] * queries


def test_tables_are_found_in_all_parts_of_a_query() -> None:
    names = iter("abcdefg")
    a, b, c, d, e, f, g = (Table(name, None, Span(0, 1)) for name in names)
    inner = Derived(Select(source=d, nested=(Nested(Select(source=e)),)), "x")
    joined = Join(JoinKind.LEFT, Join(JoinKind.INNER, a, Elsewhere("y")), inner)
    query = Union((Select(source=joined, nested=(Nested(Opaque((f,), "")),)), Select(source=g)))
    assert table_names(tables_of((query, Select(source=b), Select(), Select(source=c)))) == [
        *("a", "d", "e", "f", "g", "b", "c"),
    ]
