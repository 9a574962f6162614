"""CREATE TABLE and ALTER TABLE name each table that they are about, at its place."""

from __future__ import annotations

import pytest

from athena_g.parser.definitions import on_tables
from athena_g.parser.lexer import NotUnderstood
from tests.unit.parser.texts import QUERIES, qualifiers, read_tables, said, symbols, text_of


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("CREATE TABLE t (a INT)", "CREATE TABLE: t"),
        ("create temporary table if not exists `d`.`t` (a int)", "CREATE TABLE: `d`.`t`"),
        ("CREATE OR REPLACE TABLE t (a INT) ENGINE=InnoDB", "CREATE TABLE: t"),
        ("CREATE TABLE t LIKE d.s", "CREATE TABLE: t +d.s"),
        ("CREATE TABLE t (LIKE s)", "CREATE TABLE: t +s"),
        ("CREATE TABLE t SELECT a FROM s", "CREATE TABLE: t"),
        ("CREATE TABLE t (a INT REFERENCES s (b), c INT)", "CREATE TABLE: t +s"),
        (
            "CREATE TABLE t (a INT, FOREIGN KEY (a) REFERENCES `d` . `s` (b) ON DELETE CASCADE)",
            "CREATE TABLE: t +`d` . `s`",
        ),
        (
            "CREATE TABLE t (a INT) ENGINE=MERGE UNION=(s, d.r) INSERT_METHOD=LAST",
            "CREATE TABLE: t +s +d.r",
        ),
        ("CREATE TABLE t (a INT) UNION=()", "CREATE TABLE: t"),
        (
            "CREATE TABLE t (a INT) PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (5))",
            "CREATE TABLE: t",
        ),
        ("CREATE TABLE t (a INT) WITH SYSTEM VERSIONING", "CREATE TABLE: t"),
        ("ALTER TABLE t ADD b INT, ENGINE=InnoDB ROW_FORMAT=DYNAMIC", "ALTER TABLE: t"),
        ("ALTER ONLINE IGNORE TABLE IF EXISTS t NOWAIT DROP b", "ALTER TABLE: t"),
        ("ALTER TABLE t", "ALTER TABLE: t"),
        (
            "ALTER TABLE t ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES s (b), ADD d INT",
            "ALTER TABLE: t +s",
        ),
        ("ALTER TABLE t RENAME TO s", "ALTER TABLE: t >s"),
        ("ALTER TABLE t RENAME AS d.s", "ALTER TABLE: t >d.s"),
        ("ALTER TABLE t RENAME = s", "ALTER TABLE: t >s"),
        ("ALTER TABLE t ADD b INT, RENAME s", "ALTER TABLE: t >s"),
        (
            "ALTER TABLE t RENAME COLUMN a TO b, RENAME INDEX c TO d, RENAME KEY e TO f",
            "ALTER TABLE: t",
        ),
        ("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE s WITHOUT VALIDATION", "ALTER TABLE: t +s"),
        ("ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4", "ALTER TABLE: t"),
        ("ALTER TABLE t CONVERT PARTITION p TO TABLE s", "ALTER TABLE: t >s"),
        ("ALTER TABLE t CONVERT TABLE s TO PARTITION p VALUES LESS THAN (5)", "ALTER TABLE: t +s"),
        ("ALTER TABLE t UNION = (s)", "ALTER TABLE: t +s"),
        ("ALTER TABLE t ADD b INT, ORDER BY a DESC, t.b", "ALTER TABLE: t"),
        ("ALTER TABLE t ADD g INT AS (EXTRACT(YEAR FROM a))", "ALTER TABLE: t"),
    ],
)
def test_what_is_done_to_which_tables(sql: str, expected: str) -> None:
    assert said(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE",
        "CREATE TABLE t (a INT",
        "CREATE TABLE t (a INT) REFERENCES s (b)",
        "CREATE TABLE t (a INT REFERENCES 's')",
        "CREATE TABLE t (a INT DEFAULT (SELECT 1 FROM s))",
        "CREATE TABLE t (a INT, CONSTRAINT c EXCLUDE (a))",
        "CREATE TABLE t (a INT) PARTITION BY RANGE (1 + (SELECT 1 FROM s))",
        "CREATE TABLE t LIKE s, r",
        "CREATE TABLE t (a INT); DROP TABLE s",
        "ALTER TABLE t SWAP WITH s",
        "ALTER TABLE t ORDER BY a, RENAME TO s",
        "ALTER TABLE t `add` b INT",
        "ALTER TABLE t ADD b INT DEFAULT (SELECT 1 FROM s)",
        "ALTER TABLE t ENGINE=InnoDB RENAME TO s",
        "ALTER TABLE t ADD b INT UNION = (s)",
        "ALTER TABLE t RENAME TO s r",
        "ALTER TABLE t EXCHANGE PARTITION p TABLE s",
    ],
)
def test_a_table_at_a_place_that_is_not_known_is_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        on_tables(text_of(sql), QUERIES)


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("CREATE TABLE t (a INT, CONSTRAINT c FOREIGN KEY (a) REFERENCES s (b))", ["c"]),
        ("CREATE TABLE t (a INT, CONSTRAINT `c` CHECK (a > 0))", ["`c`"]),
        ("CREATE TABLE t (a INT CONSTRAINT c CHECK (a > 0))", ["c"]),
        ("CREATE TABLE t (a INT CONSTRAINT c REFERENCES s)", ["c"]),
        (
            "CREATE TABLE t (CONSTRAINT CHECK (a), CONSTRAINT FOREIGN KEY (a) REFERENCES s (b))",
            [],
        ),
        ("CREATE TABLE t (a INT, CONSTRAINT c PRIMARY KEY (a), CONSTRAINT u UNIQUE KEY (a))", []),
        ("CREATE TABLE t (a INT, FOREIGN KEY f (a) REFERENCES s (b))", ["f"]),
        ("CREATE TABLE t (a INT, CONSTRAINT c FOREIGN KEY f (a) REFERENCES s (b))", ["c"]),
        (
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0), "
            "ADD CONSTRAINT d FOREIGN KEY (a) REFERENCES s (b)",
            ["c", "d"],
        ),
        ("ALTER TABLE t ADD FOREIGN KEY IF NOT EXISTS f (a) REFERENCES s (b)", ["f"]),
        (
            "ALTER TABLE t DROP FOREIGN KEY c, DROP CONSTRAINT IF EXISTS d, DROP CHECK `e`",
            ["c", "d", "`e`"],
        ),
        ("ALTER TABLE t ALTER CHECK c NOT ENFORCED, ALTER COLUMN d SET DEFAULT 5", ["c"]),
        ("ALTER TABLE t DROP COLUMN c, DROP INDEX d, DROP PRIMARY KEY", []),
    ],
)
def test_names_that_are_unique_within_a_database(sql: str, expected: list[str]) -> None:
    assert symbols(sql) == expected


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("CREATE TABLE t (a INT, CHECK (t.a > 0 AND d.t.a < 9)) COMMENT 'x.y'", ["t.a", "d.t.a"]),
        ("CREATE TABLE d.t (a INT, FOREIGN KEY (a) REFERENCES d.s (b))", []),
        ("CREATE TABLE d.t AS SELECT s.a, d.f(1) FROM d.s", ["s.a"]),
        ("ALTER TABLE t ORDER BY t.a", ["t.a"]),
    ],
)
def test_columns_that_name_their_table(sql: str, expected: list[str]) -> None:
    assert qualifiers(sql) == expected


@pytest.mark.parametrize(
    "sql, query",
    [
        ("CREATE TABLE t AS SELECT a FROM d.s", "SELECT a FROM d.s"),
        ("CREATE TABLE t (a INT) ENGINE=InnoDB IGNORE (SELECT a FROM d.s)", "(SELECT a FROM d.s)"),
        ("CREATE TABLE t TABLE d.s", "TABLE d.s"),
        (
            "CREATE TABLE t REPLACE AS WITH c AS (SELECT 1 FROM d.s) SELECT 2",
            "WITH c AS (SELECT 1 FROM d.s) SELECT 2",
        ),
    ],
)
def test_the_query_of_a_definition(sql: str, query: str) -> None:
    _, statement, body = read_tables(sql)
    assert getattr(body.query, "reason", None) == query
    assert [each.name for each in statement.tables] == ["t", "s"]
