"""Statements about whole tables are told from all others, and none is read in part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.definitions import on_tables
from athena_g.parser.lexer import NotUnderstood
from tests.unit.parser.texts import QUERIES, read_tables, text_of, written


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1",
        "CREATE DATABASE d",
        "CREATE PROCEDURE p () SELECT 1",
        "CREATE DEFINER=u@localhost FUNCTION f () RETURNS INT RETURN 1",
        "CREATE USER u",
        "ALTER DATABASE d CHARACTER SET utf8mb4",
        "DROP DATABASE d",
        "DROP PREPARE s",
        "RENAME USER u TO v",
        "ANALYZE SELECT 1",
        "CHECK VIEW v",
        "LOCK INSTANCE FOR BACKUP",
        "FLUSH PRIVILEGES",
        "LOAD INDEX INTO CACHE t",
        "SHOW VARIABLES",
        "SHOW FULL PROCESSLIST",
        "SHOW CREATE DATABASE d",
        "EXPLAIN SELECT 1",
        "EXPLAIN EXTENDED SELECT 1",
        "EXPLAIN FORMAT=JSON SELECT 1",
        "EXPLAIN ANALYZE SELECT 1",
        "EXPLAIN (SELECT 1)",
        "EXPLAIN TABLE t",
        "DESC UPDATE t SET a = 1",
        "EXPLAIN FOR CONNECTION 5",
        "EXPLAIN f(1)",
        "GRANT r TO u",
        "GRANT PROXY ON u TO v",
        "REVOKE ALL PRIVILEGES, GRANT OPTION FROM u",
    ],
)
def test_other_statements_are_not_known(sql: str) -> None:
    assert on_tables(text_of(sql), QUERIES) is None


def test_all_tables_are_told_in_their_order() -> None:
    text, statement, _ = read_tables("RENAME TABLE d.t TO s, r TO q")
    assert [written(text, each.span) for each in statement.tables] == ["d.t", "s", "r", "q"]


def test_quotes_are_read_as_the_sql_mode_says() -> None:
    assert read_tables('DROP TABLE "t x"', ansi_quotes=True)[2].targets[0].name == "t x"
    with pytest.raises(NotUnderstood):
        read_tables('DROP TABLE "t x"')


KEYWORDS = """
CREATE TABLE ALTER DROP TRUNCATE RENAME TO AS LIKE REFERENCES CONSTRAINT FOREIGN KEY CHECK INDEX ON
ADD VIEW TRIGGER SELECT FROM WITH UNION IF NOT EXISTS SHOW COLUMNS GRANT LOCK TABLES READ ANALYZE
DESC FLUSH HANDLER LOAD DATA INFILE INTO TEMPORARY OR REPLACE
"""
WORDS = [*KEYWORDS.split(), "=", "(", ")", ",", ".", "t", "d.s", "`x`", "1", "'a'"]


@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_no_order_of_words_is_anything_but_read_or_refused(words: list[str]) -> None:
    text = text_of(" ".join(words))
    try:
        found = on_tables(text, QUERIES)
    except NotUnderstood:
        return
    if found is not None:
        assert all(written(text, each.span) for each in found.tables)
