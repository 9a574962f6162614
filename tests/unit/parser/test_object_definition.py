"""Indexes, views, triggers, and what is done to whole tables: each table is named at its place."""

from __future__ import annotations

import pytest

from athena_g.parser.definitions import on_tables
from athena_g.parser.lexer import NotUnderstood
from tests.unit.parser.texts import QUERIES, qualifiers, read_tables, said, symbols, text_of


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("DROP TABLE t, d.s", "DROP TABLE: t d.s"),
        ("DROP TEMPORARY TABLES IF EXISTS t CASCADE", "DROP TABLE: t"),
        ("DROP TABLE t WAIT 5", "DROP TABLE: t"),
        ("TRUNCATE t", "TRUNCATE TABLE: t"),
        ("TRUNCATE TABLE d.t", "TRUNCATE TABLE: d.t"),
        ("RENAME TABLE t TO s, d.r TO d.q", "RENAME TABLE: t d.r >s >d.q"),
        ("CREATE INDEX i ON t (a)", "CREATE INDEX: t"),
        (
            "CREATE UNIQUE INDEX IF NOT EXISTS i USING BTREE ON d.t (a(5) DESC, (b)) COMMENT ''",
            "CREATE INDEX: d.t",
        ),
        ("CREATE FULLTEXT INDEX i ON t (a)", "CREATE INDEX: t"),
        ("CREATE OR REPLACE SPATIAL INDEX i ON t (a)", "CREATE INDEX: t"),
        ("DROP INDEX i ON t ALGORITHM = INPLACE LOCK = NONE", "DROP INDEX: t"),
        ("DROP INDEX IF EXISTS `PRIMARY` ON d.t", "DROP INDEX: d.t"),
        ("CREATE VIEW v AS SELECT a FROM t", "CREATE VIEW: v"),
        (
            "CREATE OR REPLACE ALGORITHM = MERGE DEFINER = `u`@`%` SQL SECURITY INVOKER "
            "VIEW d.v (a) AS (SELECT a FROM t)",
            "CREATE VIEW: d.v",
        ),
        ("ALTER DEFINER = CURRENT_USER() VIEW v AS SELECT 1", "ALTER VIEW: v"),
        ("DROP VIEW IF EXISTS v, w", "DROP VIEW: v w"),
        ("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1", "CREATE TRIGGER: t"),
        (
            "CREATE DEFINER=u@localhost TRIGGER IF NOT EXISTS d.g AFTER UPDATE ON d.t "
            "FOR EACH ROW FOLLOWS h SET @a = OLD.a",
            "CREATE TRIGGER: d.t",
        ),
        ("DROP TRIGGER IF EXISTS d.g", "DROP TRIGGER:"),
    ],
)
def test_what_is_done_to_which_tables(sql: str, expected: str) -> None:
    assert said(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE t s",
        "TRUNCATE t, s",
        "RENAME TABLE t s",
        "CREATE INDEX i ON t (a) SELECT 1",
        "DROP INDEX i",
        "CREATE VIEW v",
        "CREATE VIEW v AS DELETE FROM t",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW INSERT INTO s VALUES (1)",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = (SELECT 1 FROM s)",
        "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.a = 1; SET NEW.b = 2; END",
        "DROP TABLE t;; DROP TABLE s",
    ],
)
def test_a_table_at_a_place_that_is_not_known_is_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        on_tables(text_of(sql), QUERIES)


@pytest.mark.parametrize(
    "sql, expected",
    [
        (
            "CREATE TRIGGER d.g BEFORE INSERT ON t FOR EACH ROW PRECEDES h SET NEW.a = 1",
            ["d.g", "h"],
        ),
        ("DROP TRIGGER g", ["g"]),
    ],
)
def test_names_that_are_unique_within_a_database(sql: str, expected: list[str]) -> None:
    assert symbols(sql) == expected


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("CREATE INDEX i ON d.t ((t.a + 1))", ["t.a"]),
        ("CREATE TRIGGER d.g BEFORE INSERT ON d.t FOR EACH ROW SET NEW.a = OLD.a + 1", []),
    ],
)
def test_columns_that_name_their_table(sql: str, expected: list[str]) -> None:
    assert qualifiers(sql) == expected


@pytest.mark.parametrize(
    "sql, query",
    [
        ("CREATE VIEW t AS SELECT a FROM d.s WITH CASCADED CHECK OPTION", "SELECT a FROM d.s"),
        ("CREATE VIEW t AS SELECT a FROM d.s WITH CHECK OPTION", "SELECT a FROM d.s"),
    ],
)
def test_the_query_of_a_definition(sql: str, query: str) -> None:
    _, statement, body = read_tables(sql)
    assert getattr(body.query, "reason", None) == query
    assert [each.name for each in statement.tables] == ["t", "s"]


def test_conditions_and_temporary_tables_are_told() -> None:
    assert read_tables("CREATE TABLE IF NOT EXISTS t (a INT)")[2].conditional
    assert read_tables("DROP TABLE IF EXISTS t")[2].conditional
    assert not read_tables("DROP TABLE t")[2].conditional
    assert read_tables("CREATE TEMPORARY TABLE t (a INT)")[2].temporary
    assert read_tables("DROP TEMPORARY TABLE t")[2].temporary
    assert not read_tables("CREATE TABLE t (temporary INT)")[2].temporary
