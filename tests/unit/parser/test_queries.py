"""What the rows of a query come from, and what is made of them."""

from __future__ import annotations

import pytest

from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.statement import Derived, Opaque, Select, Union
from tests.unit.parser.texts import named, table_names, text_of, written
from tests.unit.parser.trees import select_of, shown, statement_of


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("t", "t"),
        ("db.t AS a", "a"),
        ("t, u b", "(t inner b)"),
        ("t LEFT JOIN u ON 1 JOIN v ON 1", "((t left u) inner v)"),
        ("t RIGHT JOIN u USING (a)", "(t right u)"),
        ("t NATURAL LEFT JOIN u", "(t left u)"),
        ("t STRAIGHT_JOIN u", "(t inner u)"),
        ("t JOIN (u LEFT JOIN v ON 1) ON 1", "(t inner (u left v))"),
        ("t JOIN u JOIN v ON 1 ON 1", "(t inner (u inner v))"),
        ("(t)", "t"),
        ("(SELECT 1) d", "[d]"),
        ("t, LATERAL (SELECT 1) d", "(t inner [d])"),
        ("JSON_TABLE('[]', '$' COLUMNS (a INT PATH '$')) j", "<j>"),
    ],
)
def test_a_from_is_read(source: str, read: str) -> None:
    assert shown(select_of(f"SELECT 1 FROM {source}").source) == read


def test_tables_are_found_at_any_depth() -> None:
    found = statement_of(
        "SELECT (SELECT 1 FROM a) FROM (SELECT 1 FROM b JOIN c ON EXISTS (SELECT 1 FROM d)) x "
        "WHERE 1 IN (SELECT 1 FROM e UNION SELECT 2 FROM f) GROUP BY (SELECT 1 FROM g) "
        "HAVING (SELECT 1 FROM h) ORDER BY (SELECT 1 FROM db.i)"
    )
    assert sorted(table_names(found.tables)) == ["a", "b", "c", "d", "db.i", "e", "f", "g", "h"]


def test_a_table_is_where_its_name_stands_with_its_qualifier() -> None:
    text = text_of("SELECT 1 FROM `db` . `t` AS a")
    (table,) = statement_of(text).tables
    assert written(text, table.span) == "`db` . `t`"
    assert (table.name, table.database, table.called, table.alias_at) == ("t", "db", "a", None)


def test_an_alias_may_be_put_behind_a_table_s_partitions() -> None:
    text = text_of("SELECT 1 FROM t PARTITION (p, q) WHERE a = 1")
    (table,) = statement_of(text).tables
    assert table.alias_at is not None
    assert text.data[: table.alias_at] == b"SELECT 1 FROM t PARTITION (p, q)"


def test_table_t_has_no_place_for_an_alias() -> None:
    assert statement_of("TABLE t").tables[0].alias_at is None


def test_a_common_table_expression_is_no_table() -> None:
    found = statement_of("WITH c AS (SELECT 1 FROM t) SELECT 1 FROM c JOIN u ON 1")
    assert set(table_names(found.tables)) == {"t", "u"}


def test_a_common_table_expression_may_be_called_as_the_table_in_it() -> None:
    found = select_of("WITH t AS (SELECT a FROM t) SELECT 1 FROM t")
    assert isinstance(found.source, Derived)
    assert isinstance(found.source.query, Select)
    assert shown(found.source.query.source) == "t"


@pytest.mark.parametrize(
    "sql",
    [
        "WITH C AS (SELECT 1) SELECT 1 FROM c",  # the same name or not, as the server has it
        "WITH t AS (SELECT 1) SELECT 1 FROM db.t",
        "SELECT 1 FROM t, u RIGHT JOIN v ON 1",  # a comma binds less than a join
        "SELECT 1 FROM t, u JOIN v USING (a)",
        "SELECT 1 FROM t, u NATURAL JOIN v",
        "SELECT 1 FROM t FOR SYSTEM_TIME ALL",
        "SELECT 1 FROM " + ", ".join(f"t{number}" for number in range(501)),
    ],
)
def test_what_could_be_meant_otherwise_is_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        statement_of(sql)


def test_of_a_recursive_query_the_tables_are_known() -> None:
    found = statement_of("WITH RECURSIVE é AS (SELECT 1 FROM t UNION SELECT 1 FROM é) TABLE é").body
    assert isinstance(found, Opaque)
    assert table_names(found.tables) == ["t"]


def test_columns_that_name_their_table_are_noted_wherever_they_stand() -> None:
    found = statement_of(
        "SELECT t.*, MAX(t.a), t.b->'$' FROM t JOIN u ON t.c = u.d WHERE db.t.e IN (t.f) "
        "GROUP BY t.g HAVING t.h ORDER BY t.i"
    )
    noted = sorted({named(each) for each in found.qualifiers})
    assert noted == ["db.t.e", "t.*", "t.a", "t.b", "t.c", "t.f", "t.g", "t.h", "t.i", "u.d"]


def test_names_that_the_text_gives_are_noted() -> None:
    found = statement_of("WITH c AS (SELECT 1) SELECT 1 FROM t a, (SELECT 1) d, c")
    assert {"a", "d", "c"} == set(found.names)


AGGREGATES = [
    "ANY_VALUE(a)", "AVG(a)", "BIT_AND(a)", "BIT_OR(a)", "BIT_XOR(a)", "COUNT(*)", "COUNT(a)",
    "COUNT(DISTINCT a)", "GROUP_CONCAT(a)", "JSON_ARRAYAGG(a)", "JSON_OBJECTAGG(a, b)", "MAX(a)",
    "MIN(a)", "STD(a)", "STDDEV(a)", "STDDEV_POP(a)", "STDDEV_SAMP(a)", "SUM(a)", "VAR_POP(a)",
    "VAR_SAMP(a)", "VARIANCE(a)", "ST_COLLECT(a)", "1 + IF(MAX(a) > 1, 2, 3)",
]  # fmt: skip


@pytest.mark.parametrize("function", AGGREGATES)
def test_an_aggregate_function_is_noticed(function: str) -> None:
    assert select_of(f"SELECT {function} FROM t").aggregates
    assert select_of(f"SELECT 1 FROM t HAVING {function}").aggregates


@pytest.mark.parametrize("function", ["ABS(a)", "a", "GREATEST(a, b)", "SUM(a) OVER ()"])
def test_other_functions_aggregate_nothing(function: str) -> None:
    assert not select_of(f"SELECT {function} FROM t").aggregates


@pytest.mark.parametrize("sql", ["SELECT SUM(t.a) FROM u", "SELECT SUM(a)", "SELECT MAX(t.a + b)"])
def test_an_aggregate_of_the_query_around_is_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        statement_of(f"SELECT ({sql}) FROM t")


@pytest.mark.parametrize(
    ("window", "names"),
    [
        ("OVER (PARTITION BY a, b + 1)", ("a", None)),
        ("OVER ()", ()),
        ("OVER w", ("b",)),
        ("OVER (w ORDER BY c)", ("b",)),
    ],
)
def test_windows_are_known_by_their_partitions(window: str, names: tuple[str | None, ...]) -> None:
    found = select_of(f"SELECT SUM(x) {window} FROM t WINDOW w AS (PARTITION BY b)")
    assert [tuple(c.name if c else None for c in each) for each in found.partitions] == [names]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT DISTINCT a FROM t", "distinct"),
        ("SELECT DISTINCTROW a FROM t", "distinct"),
        ("SELECT a FROM t ORDER BY a", "ordered"),
        ("SELECT a FROM t LIMIT 1", "limited"),
        ("SELECT a FROM t GROUP BY a WITH ROLLUP", "rollup"),
        ("SELECT a FROM t HAVING a", "having"),
        ("SELECT a FROM t FOR UPDATE", "locking"),
        ("SELECT a FROM t LOCK IN SHARE MODE", "locking"),
        ("SELECT a INTO @b FROM t", "into"),
        ("SELECT @b := a FROM t", "into"),
        ("SELECT SQL_CALC_FOUND_ROWS a FROM t", "calculates_found_rows"),
    ],
)
def test_what_is_made_of_the_rows_is_known(sql: str, said: str) -> None:
    assert getattr(select_of(sql), said)
    assert not getattr(select_of("SELECT a FROM t"), said)


def test_an_output_has_a_name_unless_it_is_written_as_a_text() -> None:
    found = select_of("SELECT a, b AS c, d 'e', f + 1 AS g, u.*, * FROM t")
    assert [output.name for output in found.outputs] == ["a", "c", None, "g", None, None]
    assert [output.star for output in found.outputs] == [False] * 4 + [True] * 2
    ansi = select_of('SELECT a AS "e" FROM t', ansi_quotes=True)
    assert ansi.outputs[0].name == "e"


@pytest.mark.parametrize(
    ("sql", "arms", "operation", "is_all"),
    [
        ("SELECT 1 UNION SELECT 2 UNION SELECT 3", 3, "UNION", False),
        ("SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3", 3, "UNION", True),
        ("SELECT 1 UNION ALL SELECT 2 UNION SELECT 3", 2, "UNION", False),
        ("SELECT 1 UNION SELECT 2 UNION ALL SELECT 3", 2, "UNION", True),
        ("SELECT 1 EXCEPT SELECT 2", 2, "EXCEPT", False),
        ("(SELECT 1) UNION ALL (SELECT 2 LIMIT 1)", 2, "UNION", True),
    ],
)
def test_arms_of_a_union_are_those_that_are_treated_alike(
    sql: str, arms: int, operation: str, is_all: bool
) -> None:
    found = statement_of(sql).body
    assert isinstance(found, Union)
    assert (len(found.arms), found.operation, found.all) == (arms, operation, is_all)


def test_the_end_of_a_union_is_about_all_of_it() -> None:
    found = statement_of("SELECT 1 UNION ALL SELECT 2 ORDER BY 1 LIMIT 1").body
    assert isinstance(found, Union)
    assert (found.ordered, found.limited) == (True, True)
