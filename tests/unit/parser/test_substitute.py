"""A statement that asks is answered in its text, and keeps everything else as it was.

The expected texts give the columns and rows that the questions give, tried on real servers.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.lexer import NotUnderstood, tokens
from athena_g.parser.substitute import questions, substitute

ANSWERS = {
    b"connection_id()": b"7",
    b"row_count()": b"-1",
    b"found_rows()": b"3",
    b"last_insert_id()": b"4",
    b"@@warning_count": b"0",
    b"@@pseudo_thread_id": b"7",
}


def answered(sql: str | bytes, **mode: bool) -> str | None:
    packet = b"12345" + (sql.encode() if isinstance(sql, str) else sql)
    text = substitute(packet, 5, ANSWERS, **mode)
    return text.decode() if text is not None else None


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT ROW_COUNT()", "SELECT -1 AS `ROW_COUNT()`"),
        ("select row_count ( ), a from t", "select -1 AS `row_count ( )`, a from t"),
        ("SELECT @@Warning_Count", "SELECT 0 AS `@@Warning_Count`"),
        ("SELECT@@warning_count", "SELECT 0 AS `@@warning_count`"),
        ("SELECT @@`warning_count`", "SELECT 0 AS `@@``warning_count```"),
        ("SELECT `found_rows`()", "SELECT 3 AS ```found_rows``()`"),
        ("SELECT ALL DISTINCT FOUND_ROWS()", "SELECT ALL DISTINCT 3 AS `FOUND_ROWS()`"),
        ("(SELECT FOUND_ROWS())", "(SELECT 3 AS `FOUND_ROWS()`)"),
        ("SELECT FOUND_ROWS();", "SELECT 3 AS `FOUND_ROWS()`;"),
        ("SELECT FOUND_ROWS() /* a */, 1", "SELECT 3 AS `FOUND_ROWS()` /* a */, 1"),
        ("SELECT FOUND_ROWS()+1", "SELECT 3+1 AS `FOUND_ROWS()+1`"),
        ("SELECT FOUND_ROWS() IS NULL", "SELECT 3 IS NULL AS `FOUND_ROWS() IS NULL`"),
        ("SELECT 1 OR FOUND_ROWS() > a", "SELECT 1 OR 3 > a AS `1 OR FOUND_ROWS() > a`"),
        ("SELECT 5 UNION SELECT FOUND_ROWS()", "SELECT 5 UNION SELECT 3 AS `FOUND_ROWS()`"),
        (
            "SELECT CASE WHEN FOUND_ROWS() THEN 1 END",
            "SELECT CASE WHEN 3 THEN 1 END AS `CASE WHEN FOUND_ROWS() THEN 1 END`",
        ),
        (
            "SELECT * FROM (SELECT FOUND_ROWS()) x",
            "SELECT * FROM (SELECT 3 AS `FOUND_ROWS()`) x",
        ),
        (
            "SELECT (SELECT FOUND_ROWS())",
            "SELECT (SELECT 3 AS `FOUND_ROWS()`) AS `(SELECT FOUND_ROWS())`",
        ),
    ],
)
def test_a_column_keeps_the_name_that_it_had(sql: str, text: str) -> None:
    assert answered(sql) == text


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("SELECT FOUND_ROWS() AS a", "SELECT 3 AS a"),
        ("SELECT FOUND_ROWS() a, 1", "SELECT 3 a, 1"),
        ("SELECT FOUND_ROWS()a", "SELECT 3 a"),
        ("SELECT FOUND_ROWS()'a'", "SELECT 3 'a'"),
        ("SELECT FOUND_ROWS() `a` FROM t", "SELECT 3 `a` FROM t"),
        ("SELECT IF(FOUND_ROWS(), 1, 2) a", "SELECT IF(3, 1, 2) a"),
        ("SELECT CASE WHEN FOUND_ROWS() THEN 1 END end", "SELECT CASE WHEN 3 THEN 1 END end"),
        ("SELECT a FROM t WHERE b = FOUND_ROWS()", "SELECT a FROM t WHERE b = 3"),
        ("SELECT 1-ROW_COUNT() x", "SELECT 1- -1 x"),
        ("INSERT INTO t VALUES (LAST_INSERT_ID(), 'x')", "INSERT INTO t VALUES (4, 'x')"),
        ("UPDATE t SET a=LAST_INSERT_ID() ORDER BY b", "UPDATE t SET a=4 ORDER BY b"),
        ("DELETE FROM t WHERE a=LAST_INSERT_ID()", "DELETE FROM t WHERE a=4"),
        ("SET @a = ROW_COUNT()", "SET @a = -1"),
        (
            "SET @@pseudo_thread_id = 1, @a = @@pseudo_thread_id",
            "SET @@pseudo_thread_id = 1, @a = 7",
        ),
    ],
)
def test_where_no_name_is_lost_none_is_given(sql: str, text: str) -> None:
    assert answered(sql) == text


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1",
        "SELECT 'ROW_COUNT()', `FOUND_ROWS()`, \"@@warning_count\"",
        "SELECT 1 /* ROW_COUNT() */ -- ROW_COUNT()",
        "SELECT LAST_INSERT_ID(5), d.row_count(), @@global.warning_count, @row_count",
        "SELECT @@error_count",
        "SET @@pseudo_thread_id = 1",
    ],
)
def test_nothing_is_found_where_nothing_that_is_known_is_asked(sql: str) -> None:
    assert answered(sql) is None


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT ROW_COUNT()",
        "CREATE VIEW v AS SELECT CONNECTION_ID()",
        "CREATE TABLE t AS SELECT CONNECTION_ID()",
        "EXPLAIN SELECT FOUND_ROWS()",
        "SELECT a FROM t ORDER BY FOUND_ROWS()",
        "SELECT a FROM t GROUP BY (FOUND_ROWS())",
        "SELECT `row_count`()",
        "SELECT FOUND_ROWS() + INTERVAL 1 DAY",
        "SELECT FOUND_ROWS() WINDOW w AS ()",
        "INSERT INTO t VALUES (1) RETURNING FOUND_ROWS()",
        "SELECT FOUND_ROWS() + '" + "a" * 300 + "' + 1",
        "SELECT FOUND_ROWS() /*! + 1 */",
        "SELECT (FOUND_ROWS()",
        "SELECT FOUND_ROWS())",
        "SELECT FOUND_ROWS(), 'a",
    ],
)
def test_what_could_change_anything_else_is_left_alone(sql: str) -> None:
    assert answered(sql) is None


def test_the_sql_mode_decides_what_is_in_a_string() -> None:
    sql = r"SELECT 'a\', FOUND_ROWS(), 'b'"
    assert answered(sql) is None
    assert answered(sql, no_backslash_escapes=True) == r"SELECT 'a\', 3 AS `FOUND_ROWS()`, 'b'"
    assert answered('SELECT "found_rows"()', ansi_quotes=True) == 'SELECT 3 AS `"found_rows"()`'


WORDS = "SELECT ROW_COUNT() @@warning_count ( ) , a 1 FROM ORDER BY + AS CASE END SET = IS NULL"
PIECES = st.lists(st.sampled_from([*WORDS.split(), "'", "/*", "*/", "`", ";", "é", "@@session."]))
PIECES_TEXT = PIECES.map(lambda pieces: " ".join(pieces).encode())


@given(st.one_of(st.binary(), PIECES_TEXT, PIECES_TEXT.map(lambda text: b"SELECT " + text)))
def test_any_text_is_answered_so_that_it_asks_no_more_or_left_alone(text: bytes) -> None:
    found = substitute(text, 0, ANSWERS)
    if found is None:
        return
    left = questions(found, 0) & ANSWERS.keys()
    assert left <= {b"@@warning_count"}
    assert not left or text.upper().startswith(b"SET")


@given(PIECES_TEXT)
def test_only_questions_and_names_are_changed(text: bytes) -> None:
    sql = b"SELECT " + text
    found = substitute(sql, 0, ANSWERS)
    if found is None:
        return
    without_names = re.sub(rb" AS `(?:[^`]|``)*`", b"", found)
    try:
        before = [token.text for token in tokens(sql, 0)]
        after = [token.text for token in tokens(without_names, 0)]
    except NotUnderstood:
        return
    kept = [token for token in before if token in after]
    assert b"SELECT" in kept
    assert before.count(b",") == after.count(b",")


@given(st.text(alphabet='ab(),;@ \n"`*/#-', max_size=20))
def test_strings_names_and_comments_are_never_answered(text: str) -> None:
    call = f"{text} ROW_COUNT() @@warning_count"
    backquoted, comment, line = (call.replace(end, "") for end in ("`", "*/", "\n"))
    sql = f"SELECT '{call}', `{backquoted}`, /* {comment} */ FOUND_ROWS() x # {line}"
    assert answered(sql) == sql.replace("FOUND_ROWS()", "3")


def test_deep_nesting_and_many_questions_are_answered_in_one_walk() -> None:
    """Walked once for each level or each question, these would not end in the time limit."""
    deep = "SELECT " + "(" * 10_000 + "FOUND_ROWS()" + ")" * 10_000 + " AS a"
    assert answered(deep) == deep.replace("FOUND_ROWS()", "3")
    wide = "SELECT " + ", ".join(["FOUND_ROWS() a"] * 5_000)
    assert answered(wide) == wide.replace("FOUND_ROWS()", "3")
    nested = "SELECT " + "(SELECT 1 a, " * 2_000 + "FOUND_ROWS() a" + ") AS a" * 2_000
    assert answered(nested) == nested.replace("FOUND_ROWS()", "3")


def test_an_alias_is_not_looked_for_in_an_endless_item() -> None:
    long = "SELECT " + "1 + " * 1_000 + "FOUND_ROWS()"
    assert answered(f"{long} AS a") == f"{long} AS a".replace("FOUND_ROWS()", "3")
    assert answered(f"{long} a") is None
