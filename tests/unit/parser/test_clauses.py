"""Where the clauses of a query stand in its text."""

from __future__ import annotations

from typing import Any

import pytest

from athena_g.parser.clauses import Clauses, Term, clauses, first_select, name_of
from athena_g.parser.statement import Select, Span
from tests.unit.parser.texts import text_of, written
from tests.unit.parser.trees import statement_of


def parts_of(sql: str, **reading: Any) -> Clauses | None:
    text = text_of(sql, **reading)
    body = statement_of(text).body
    assert isinstance(body, Select)
    return clauses(text.tokens, body)


def found(sql: str, **reading: Any) -> Clauses:
    parts = parts_of(sql, **reading)
    assert parts is not None
    return parts


def told(sql: str, part: str, **reading: Any) -> Any:
    """A part as the text writes it; of a list all terms."""
    value = getattr(found(sql, **reading), part)
    if isinstance(value, tuple) and not isinstance(value, Span):
        return [written(text_of(sql, **reading), each.span) for each in value]
    return written(text_of(sql, **reading), value)


EVERYTHING = (
    "SELECT DISTINCT SQL_NO_CACHE a AS b, COUNT(*) FROM t JOIN u ON t.a = u.a "
    "WHERE a > 1 AND b < 2 GROUP BY a, LEFT(b, 1) WITH ROLLUP HAVING COUNT(*) > 1 "
    "WINDOW w AS (ORDER BY a), v AS () ORDER BY a DESC, b LIMIT 5, 6 FOR UPDATE"
)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("outputs", ["a", "COUNT(*)"]),
        ("source", "FROM t JOIN u ON t.a = u.a"),
        ("where", "a > 1 AND b < 2"),
        ("group", ["a", "LEFT(b, 1)"]),
        ("rollup", "WITH ROLLUP"),
        ("having", "COUNT(*) > 1"),
        ("window", "WINDOW w AS (ORDER BY a), v AS ()"),
        ("order", ["a", "b"]),
        ("ordered", "ORDER BY a DESC, b"),
        ("limit", "LIMIT 5, 6"),
    ],
)
def test_each_clause_is_found(part: str, expected: object) -> None:
    assert told(EVERYTHING, part) == expected


def test_modifiers_are_no_part_of_the_first_output() -> None:
    assert [each.word for each in found(EVERYTHING).modifiers] == [b"distinct", b"sql_no_cache"]


def test_the_outputs_end_behind_the_last_alias() -> None:
    assert EVERYTHING[: found(EVERYTHING).behind].endswith("a AS b, COUNT(*)")
    sql = "SELECT a, b `c` /* of */ FROM t"
    assert sql[: found(sql).behind] == "SELECT a, b `c`"


def test_what_is_not_there_is_not_found() -> None:
    parts = found("SELECT 1")
    assert parts.group == parts.order == ()
    spans = (parts.source, parts.where, parts.rollup, parts.having, parts.window)
    assert {*spans, parts.ordered, parts.limit} == {None}


@pytest.mark.parametrize(
    ("output", "expression", "alias"),
    [
        ("a", "a", None),
        ("t.a", "t.a", None),
        ("a AS b", "a", b"b"),
        ("a b", "a", b"b"),
        ("a AS `b c`", "a", b"`b c`"),
        ("a 'b'", "a", b"'b'"),
        ("a + 1 AS 'b'", "a + 1", b"'b'"),
        ("CAST(a AS CHAR)", "CAST(a AS CHAR)", None),
        ("CAST(a AS CHAR) b", "CAST(a AS CHAR)", b"b"),
        ("(a, b) = (1, 2)", "(a, b) = (1, 2)", None),
        ("((a))", "((a))", None),
        ("EXTRACT(YEAR FROM a)", "EXTRACT(YEAR FROM a)", None),
        ("SUM(a) OVER (ORDER BY b) AS größe", "SUM(a) OVER (ORDER BY b)", "größe".encode()),
        ("(SELECT 1 FROM u WHERE x LIMIT 1)", "(SELECT 1 FROM u WHERE x LIMIT 1)", None),
        ("CASE WHEN a THEN b END", "CASE WHEN a THEN b END", None),
        ("'a, b' AS c", "'a, b'", b"c"),
        ("t.`from`", "t.`from`", None),
    ],
)
def test_an_output_is_told_from_its_alias(
    output: str, expression: str, alias: bytes | None
) -> None:
    sql = f"SELECT {output}, z FROM t"
    first, last = found(sql).outputs
    assert written(text_of(sql), first.span) == expression
    assert (first.alias.text if first.alias is not None else None) == alias
    assert last.alias is None


@pytest.mark.parametrize(
    ("term", "expression", "descending"),
    [
        ("a", "a", False),
        ("a ASC", "a", False),
        ("a desc", "a", True),
        ("`desc`", "`desc`", False),
        ("2 DESC", "2", True),
        ("a IS NULL DESC", "a IS NULL", True),
        ("FIELD(a, 1, 2) DESC", "FIELD(a, 1, 2)", True),
        ("a COLLATE utf8mb4_bin", "a COLLATE utf8mb4_bin", False),
    ],
)
def test_a_key_of_the_order_is_told_from_its_direction(
    term: str, expression: str, descending: bool
) -> None:
    sql = f"SELECT a FROM t ORDER BY {term}, z"
    first, last = found(sql).order
    assert (written(text_of(sql), first.span), first.descending) == (expression, descending)
    assert (written(text_of(sql), last.span), last.descending) == ("z", False)


@pytest.mark.parametrize(
    ("sql", "part", "expected"),
    [
        ("SELECT a FROM t LIMIT 5 OFFSET 6;", "limit", "LIMIT 5 OFFSET 6"),
        ("SELECT a FROM t ORDER BY a LOCK IN SHARE MODE", "ordered", "ORDER BY a"),
        ("SELECT a FROM t ORDER BY a FOR SHARE", "order", ["a"]),
        ("SELECT a FROM t LIMIT 1 FOR UPDATE SKIP LOCKED", "limit", "LIMIT 1"),
        ("SELECT a FROM t USE INDEX (i, j) WHERE b", "source", "FROM t USE INDEX (i, j)"),
        ("SELECT a FROM t PARTITION (p) AS u", "source", "FROM t PARTITION (p) AS u"),
        ("SELECT a FROM (SELECT b FROM u LIMIT 1) v", "limit", None),
        ("SELECT a FROM (SELECT b FROM u LIMIT 1) v", "source",
         "FROM (SELECT b FROM u LIMIT 1) v"),
        ("SELECT a FROM t WHERE a IN (SELECT b FROM u GROUP BY b)", "group", []),
        ("SELECT a FROM t WHERE t.order = 1", "where", "t.order = 1"),
        ("SELECT a FROM t WHERE `order` = 'group by'", "where", "`order` = 'group by'"),
        ("SELECT a FROM t /* WHERE b */ ORDER BY a -- LIMIT 1", "ordered", "ORDER BY a"),
        ("SELECT a FROM t GROUP BY a HAVING b", "rollup", None),
        ("SELECT a, RANK() OVER w FROM t WINDOW w AS (ORDER BY b) LIMIT 1", "window",
         "WINDOW w AS (ORDER BY b)"),
    ],
)  # fmt: skip
def test_words_within_something_begin_no_clause(sql: str, part: str, expected: object) -> None:
    assert told(sql, part) == expected


@pytest.mark.parametrize(
    "before",
    [
        "WITH c AS (SELECT 1 AS a LIMIT 1) ",
        "WITH c (a) AS ((SELECT 1)), d AS (SELECT b FROM c ORDER BY b) ",
    ],
)
def test_common_table_expressions_stand_in_front(before: str) -> None:
    sql = before + "SELECT DISTINCT c.a FROM c WHERE c.a ORDER BY c.a DESC"
    assert told(sql, "outputs") == ["c.a"]
    assert told(sql, "source") == "FROM c"
    assert told(sql, "limit") is None
    assert (told(sql, "ordered"), found(sql).start) == ("ORDER BY c.a DESC", len(before))


@pytest.mark.parametrize(
    ("output", "called"),
    [
        ("a", b"a"),
        ("`A`", b"a"),
        ("t.a", b"a"),
        ("s.t.`B`", b"b"),
        ("a AS B", b"b"),
        ("a + 1 AS `b c`", b"b c"),
        ("a 'B c'", b"b c"),
        ("a + b", b""),
        ("a + b + c", b""),
        ("-a", b""),
        ("(a)", b""),
        ("f(a)", b""),
        ("5", b""),
        ("'a'", b""),
        ("größe", b""),
        ("`größe`", b""),
    ],
)
def test_an_output_is_called_as_its_alias_or_its_column(output: str, called: bytes) -> None:
    assert found(f"SELECT {output}, z FROM t").outputs[0].called == called


def test_a_name_that_only_a_server_can_compare_is_none() -> None:
    names = [name_of(token) for token in text_of("a `B``b` größe 'c' 5 `ü` ?").tokens]
    assert names == [b"a", b"b`b", b"", b"", b"", b"", b""]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("(SELECT a)", "SELECT a"),
        ("((SELECT (a)));;", "SELECT (a)"),
        ("SELECT (a)", "SELECT (a)"),
        ("(SELECT a) UNION (SELECT b)", "SELECT a"),
        (
            "SELECT (SELECT 1 UNION SELECT 2) FROM t EXCEPT SELECT b",
            "SELECT (SELECT 1 UNION SELECT 2) FROM t",
        ),
        ("((SELECT a) UNION SELECT b) INTERSECT SELECT c", "SELECT a"),
        ("WITH x AS (SELECT b UNION SELECT c) SELECT a UNION SELECT d;", "SELECT a"),
        ("(SELECT a) LIMIT 1", "SELECT a"),
        ("((SELECT a) ORDER BY a) LIMIT 1", "SELECT a"),
        ("(SELECT a", "(SELECT a"),
        ("", ""),
    ],
)
def test_the_first_select_names_the_outputs(sql: str, expected: str) -> None:
    tokens = first_select(text_of(sql).tokens)
    assert [each.text for each in tokens] == [each.text for each in text_of(expected).tokens]


def test_quotes_are_read_as_sql_mode_says() -> None:
    sql = 'SELECT "a" AS "from" FROM t ORDER BY "from"'
    assert told(sql, "outputs", ansi_quotes=True) == ['"a"']
    assert told(sql, "order", ansi_quotes=True) == ['"from"']


@pytest.mark.parametrize(
    "sql",
    [
        "(SELECT a FROM t)",
        "SELECT a FROM t USE INDEX FOR ORDER BY (i) ORDER BY a",
        "SELECT a FROM t FORCE INDEX FOR JOIN (i) WHERE b",
        "SELECT a FROM t IGNORE INDEX FOR GROUP BY (i) GROUP BY a",
        "SELECT a INTO @b FROM t",
    ],
)
def test_where_it_is_not_sure_nothing_is_said(sql: str) -> None:
    assert parts_of(sql) is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t UNION SELECT b FROM u",
        "SELECT a FROM t EXCEPT SELECT b FROM u",
        "SELECT a FROM t ORDER BY a WHERE b",
        "SELECT a FROM t LIMIT 1 LIMIT 2",
        "SELECT a FROM t GROUP a",
        "SELECT a FROM t WHERE (b",
        "SELECT a, b FROM t",
        "SELECT",
    ],
)
def test_a_text_that_is_not_the_query_has_no_clauses(sql: str) -> None:
    """The query is one with a single output, read from elsewhere."""
    text = text_of("SELECT a FROM t")
    body = statement_of(text).body
    assert isinstance(body, Select)
    assert clauses(text.tokens, body) is not None
    assert clauses(text_of(sql).tokens, body) is None


def test_tokens_within_a_place_are_those_of_the_clause() -> None:
    parts = found("SELECT a FROM t WHERE b = 'x' AND c ORDER BY d")
    assert parts.where is not None
    assert [each.text for each in parts.within(parts.where)] == [b"b", b"=", b"'x'", b"AND", b"c"]


def test_the_tokens_of_a_term_are_those_of_its_place() -> None:
    parts = found("SELECT a + 1 AS b, f(c, d) FROM t GROUP BY a + 1, g(e) ORDER BY b DESC")
    terms: tuple[Term, ...] = (*parts.outputs, *parts.group, *parts.order)
    assert [[*each.tokens] for each in terms] == [parts.within(each.span) for each in terms]
