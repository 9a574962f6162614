"""What an INSERT or REPLACE puts where is read from any of its forms."""

from __future__ import annotations

from typing import Any

import pytest

from athena_g.parser.insertion import insertion
from athena_g.parser.lexer import MAX_TOKENS, NotUnderstood
from athena_g.parser.statement import Insertion, Kind, Opaque, Statement
from athena_g.parser.text import Text
from tests.unit.parser.texts import QUERIES, named, table_names, text_of, worth, written


def read(sql: str, **reading: Any) -> tuple[Text, Statement, Insertion]:
    text = text_of(sql, **reading)
    found = insertion(text, QUERIES)
    assert isinstance(found.body, Insertion)
    return text, found, found.body


def rows(sql: str, **reading: Any) -> list[list[Any]]:
    text, _, body = read(sql, **reading)
    return [[worth(text, value) for value in row.values] for row in body.rows]


def query(sql: str) -> str:
    """The text of the query whose rows are inserted."""
    _, _, body = read(sql)
    assert isinstance(body.query, Opaque)
    assert not body.rows
    return body.query.reason


@pytest.mark.parametrize(
    "sql, table",
    [
        ("INSERT INTO t VALUES (1)", "t"),
        ("insert t values (1)", "t"),
        ("INSERT LOW_PRIORITY IGNORE INTO t VALUES (1)", "t"),
        ("INSERT HIGH_PRIORITY t VALUES (1)", "t"),
        ("INSERT DELAYED t VALUES (1)", "t"),
        ("INSERT INTO `t` VALUES (1)", "`t`"),
        ("INSERT INTO db.t VALUES (1)", "db.t"),
        ("INSERT INTO `db` . `t` VALUES (1)", "`db` . `t`"),
        ("INSERT INTO t PARTITION (p0, p1) VALUES (1)", "t"),
        ("INSERT INTO value VALUE (1)", "value"),
        ("INSERT/* c */INTO t(a)VALUES(1)", "t"),
        ("INSERT INTO t VALUES (1);", "t"),
        ("INSERT INTO t SET a = 1", "t"),
        ("INSERT INTO t SELECT 1", "t"),
    ],
)
def test_the_target(sql: str, table: str) -> None:
    text, statement, body = read(sql)
    assert written(text, body.target.span) == table
    assert statement.tables == (body.target,)
    assert statement.kind is Kind.INSERT


def test_names_are_told_without_quotes() -> None:
    _, _, body = read("REPLACE INTO `d``b`.`my table` VALUES (1)")
    assert (body.target.database, body.target.name) == ("d`b", "my table")


def test_replace_is_told_apart() -> None:
    _, statement, _ = read("REPLACE DELAYED t SET a = 1")
    assert statement.kind is Kind.REPLACE


def test_quotes_are_read_as_the_sql_mode_says() -> None:
    _, _, body = read('INSERT INTO "t" ("a") VALUES (1)', ansi_quotes=True)
    assert body.target.name == "t"
    assert rows('INSERT INTO t VALUES ("a", 1)') == [["a", 1]]
    assert rows('INSERT INTO t VALUES ("a", 1)', ansi_quotes=True) == [[..., 1]]
    assert rows("INSERT INTO t VALUES ('a\\', 1)", no_backslash_escapes=True) == [["a\\", 1]]


@pytest.mark.parametrize(
    "sql, columns",
    [
        ("INSERT INTO t VALUES (1)", None),
        ("INSERT INTO t () VALUES ()", []),
        ("INSERT INTO t (a, `b`) VALUES (1, 2)", ["a", "b"]),
        ("INSERT INTO t (t.a, db.t.b) VALUES (1, 2)", ["t.a", "db.t.b"]),
        ("INSERT INTO t (value) VALUE (1)", ["value"]),
        ("INSERT INTO t SET a = 1, t.b := 2", ["a", "t.b"]),
        ("INSERT INTO t (a) SELECT 1", ["a"]),
        ("INSERT INTO t (SELECT 1)", None),
        ("INSERT INTO t ((SELECT 1))", None),
    ],
)
def test_the_columns(sql: str, columns: list[str] | None) -> None:
    _, _, body = read(sql)
    found = None if body.columns is None else [named(each) for each in body.columns]
    assert found == columns


@pytest.mark.parametrize(
    "sql, place",
    [
        ("INSERT INTO t (a, b ) VALUES (1, 2)", 20),
        ("INSERT INTO t () VALUES ()", 15),
        ("INSERT INTO t VALUES ()", None),
        ("INSERT INTO t SET a = 1", None),
    ],
)
def test_where_a_further_column_may_be_named(sql: str, place: int | None) -> None:
    _, _, body = read(sql)
    assert body.columns_at == place


def test_rows_stand_with_their_parentheses() -> None:
    text, _, body = read("INSERT INTO t VALUES (1, ')') , ( ) , ROW (f(2), 3)")
    assert [written(text, row.span) for row in body.rows] == ["(1, ')')", "( )", "ROW (f(2), 3)"]
    assert [len(row.values) for row in body.rows] == [2, 0, 2]


def test_the_form_with_set_is_one_row() -> None:
    text, _, body = read(
        "INSERT INTO t SET a = -1, b = DEFAULT, c = NOW() ON DUPLICATE KEY UPDATE a = 1"
    )
    (row,) = body.rows
    assert written(text, row.span) == "a = -1, b = DEFAULT, c = NOW()"
    assert [worth(text, value) for value in row.values] == [-1, ..., ...]


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("INSERT INTO t SELECT a FROM s", "SELECT a FROM s"),
        ("INSERT INTO t (a) (SELECT a FROM s)", "(SELECT a FROM s)"),
        ("INSERT INTO t TABLE s", "TABLE s"),
        (
            "INSERT INTO t WITH c AS (SELECT 1) SELECT * FROM s",
            "WITH c AS (SELECT 1) SELECT * FROM s",
        ),
        ("INSERT INTO t (VALUES ROW(1))", "(VALUES ROW(1))"),
        (
            "INSERT INTO t SELECT 1 UNION SELECT 2 ON DUPLICATE KEY UPDATE a = 1",
            "SELECT 1 UNION SELECT 2",
        ),
        (
            "INSERT INTO t SELECT a FROM s JOIN r ON s.a = r.a RETURNING a",
            "SELECT a FROM s JOIN r ON s.a = r.a",
        ),
        ("INSERT INTO t SELECT * FROM s, returning", "SELECT * FROM s, returning"),
    ],
)
def test_the_query(sql: str, expected: str) -> None:
    assert query(sql) == expected


def test_all_tables_and_columns_that_name_one_are_found() -> None:
    text, statement, body = read(
        "INSERT INTO t (t.a) VALUES (db.t.b + 1), ((SELECT s.x FROM s)), (d.f(t.c)) "
        "ON DUPLICATE KEY UPDATE t.a = t.a + VALUES(a) + (SELECT MAX(r.y) FROM d.r)"
    )
    assert table_names(statement.tables) == ["t", "s", "d.r"]
    assert [named(each) for each in statement.qualifiers] == [
        *("t.a", "db.t.b", "s.x", "t.c", "t.a", "t.a", "r.y"),
    ]
    assert written(text, statement.qualifiers[1].qualifier) == "db.t"
    assert len(body.nested) == 2


def test_a_query_s_tables_are_no_columns() -> None:
    _, statement, _ = read("INSERT INTO t SELECT s.a, d.r.b, d.f(1) FROM d.s JOIN d.r")
    assert table_names(statement.tables) == ["t", "d.s", "d.r"]
    assert [named(each) for each in statement.qualifiers] == ["s.a", "d.r.b"]


def updates(sql: str) -> list[tuple[str, Any, bool]]:
    text, _, body = read(sql)
    return [
        (named(each.column), worth(text, each.operand), each.column_itself) for each in body.updates
    ]


@pytest.mark.parametrize(
    "update, expected",
    [
        ("k = 5", ("k", 5, False)),
        ("k = -5", ("k", -5, False)),
        ("t.k := ?", ("t.k", "p1", False)),
        ("k = NULL", ("k", None, False)),
        ("k = k", ("k", ..., True)),
        ("k = K", ("k", ..., True)),
        ("t.k = k", ("t.k", ..., True)),
        ("k = db.t.k", ("k", ..., True)),
        ("k = VALUES(k)", ("k", ..., True)),
        ("k = VALUE ( `k` )", ("k", ..., True)),
        ("k = VALUES(t.k)", ("k", ..., True)),
        ("k = k + 1", ("k", ..., False)),
        ("k = v", ("k", ..., False)),
        ("k = VALUES(v)", ("k", ..., False)),
        ("k = s.k", ("k", ..., False)),
        ("k = VALUES(k) + 1", ("k", ..., False)),
        ("k = VALUES(k), k = 5", ("k", ..., True)),
        ("k = IF(v = 1, k, 2)", ("k", ..., False)),
    ],
)
def test_an_update_of_a_duplicate(update: str, expected: tuple[str, Any, bool]) -> None:
    found = updates(f"INSERT INTO t (k, v) VALUES (?, 2) ON DUPLICATE KEY UPDATE {update}")
    assert found[0] == expected
    assert len(found) == 1 + update.count(", k = ")


@pytest.mark.parametrize(
    "alias, update, itself",
    [
        ("new", "k = new.k", True),
        ("new", "k = NEW.K", True),
        ("new", "k = new.v", False),
        ("new(a, b)", "k = new.a", True),
        ("new(a, b)", "k = a", True),
        ("new(a, b)", "k = b", False),
        ("new(v, k)", "k = k", False),
        ("new(v, k)", "k = new.k", False),
    ],
)
def test_the_new_row_by_its_name(alias: str, update: str, itself: bool) -> None:
    sql = (
        f"INSERT INTO t (k, v) VALUES (1, 2) AS {alias} ON DUPLICATE KEY UPDATE {update}, v = new.v"
    )
    assert updates(sql)[0][2] is itself
    _, statement, _ = read(sql)
    assert statement.qualifiers == ()


def test_the_new_row_s_columns_are_not_known_without_a_list() -> None:
    sql = "INSERT INTO t VALUES (1, 2) AS new(a, b) ON DUPLICATE KEY UPDATE k = a"
    assert updates(sql) == [("k", ..., False)]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO t VALUES (1) RETURNING a, t.b AS c",
        "INSERT INTO t SET a = 1 RETURNING *, t.b",
        "REPLACE INTO t SELECT 1 RETURNING t.b",
        "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1 RETURNING t.b",
    ],
)
def test_returning_gives_rows(sql: str) -> None:
    _, statement, body = read(sql)
    assert body.returning
    assert [named(each) for each in statement.qualifiers] == ["t.b"]


def test_queries_in_returning_are_found() -> None:
    _, statement, _ = read("INSERT INTO t VALUES (1) RETURNING (SELECT MAX(s.a) FROM d.s) AS m")
    assert table_names(statement.tables) == ["t", "d.s"]
    assert [named(each) for each in statement.qualifiers] == ["s.a"]


@pytest.mark.parametrize("terms", [MAX_TOKENS // 4, MAX_TOKENS])
def test_rows_may_have_more_tokens_than_a_text_is_cut_into(terms: int) -> None:
    data = b"INSERT INTO t (a, b) VALUES " + b",".join([b"(?, f(?))"] * terms)
    places = [place for place, byte in enumerate(data) if byte == 0x3F]
    text = Text(data, slots={place: number for number, place in enumerate(places)})
    body = insertion(text, QUERIES).body
    assert isinstance(body, Insertion)
    last = body.rows[-1].values
    assert (len(body.rows), last[1]) == (terms, None)
    assert last[0] is not None
    assert last[0].worth(range(2 * terms)) == 2 * terms - 2


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "INSERT",
        "INSERT INTO",
        "INSERT INTO t",
        "INSERT INTO t VALUES",
        "INSERT INTO t VALUES (1",
        "INSERT INTO t VALUES (1,)",
        "INSERT INTO t VALUES (1),",
        "INSERT INTO t VALUES (1) (2)",
        "INSERT INTO t VALUES (1) x",
        "INSERT INTO t VALUES (1); SELECT 2",
        "INSERT INTO t VALUES (f(1); SELECT (2))",
        "INSERT INTO t (a VALUES (1)",
        "INSERT INTO t (a.b.c.d) VALUES (1)",
        "INSERT INTO t VALUES (a.b.c.d)",
        "INSERT INTO t SET a",
        "INSERT INTO t SET a = ",
        "INSERT INTO t SET a = 1)",
        "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE",
        "INSERT INTO t SELECT a AS x returning FROM s",
        "INSERT INTO t SELECT a returning, b",
        "INSERT INTO t SELECT a FROM s returning",
        "INSERT INTO t SELECT 1)",
        "INSERT INTO t VALUES (1) RETURNING f(1, (SELECT 1))",
        "INSERT INTO t () x",
        "INSERT INTO 'a' VALUES (1)",
        "WITH c AS (SELECT 1) INSERT INTO t SELECT * FROM c",
    ],
)
def test_what_is_not_understood(sql: str) -> None:
    text = text_of(sql)
    with pytest.raises(NotUnderstood):
        insertion(text, QUERIES)


@pytest.mark.parametrize("comment", ["/*! , (2) */", "/*M! , (2) */", "/* no end", "\\N"])
def test_what_no_token_is_made_of_is_not_understood(comment: str) -> None:
    for sql in (f"INSERT INTO t VALUES (1 {comment})", f"INSERT INTO t VALUES (1) {comment}"):
        with pytest.raises(NotUnderstood):
            insertion(Text(sql.encode()), QUERIES)
