"""Statements about whole tables name each table that they are about, at its place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.definitions import on_tables
from athena_g.parser.lexer import NotUnderstood
from athena_g.parser.statement import OnTables, Statement
from athena_g.parser.text import Text
from tests.unit.parser.texts import QUERIES, named, text_of, written


def read(sql: str, **reading: Any) -> tuple[Text, Statement, OnTables]:
    text = text_of(sql, **reading)
    found = on_tables(text, QUERIES)
    assert found is not None
    assert isinstance(found.body, OnTables)
    return text, found, found.body


def said(sql: str) -> str:
    """The action and the tables as they are written, ``+`` the others and ``>`` the new ones."""
    text, _, body = read(sql)
    groups = (("", body.targets), ("+", body.others), (">", body.new))
    names = [f"{sign}{written(text, each.span)}" for sign, tables in groups for each in tables]
    return " ".join([f"{body.action}:", *names])


def symbols(sql: str) -> list[str | None]:
    text, _, body = read(sql)
    return [written(text, each) for each in body.symbols]


def qualifiers(sql: str) -> list[str]:
    return [named(each) for each in read(sql)[1].qualifiers]


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
        ("ANALYZE TABLE t, d.s", "ANALYZE TABLE: t d.s"),
        ("ANALYZE LOCAL TABLE t UPDATE HISTOGRAM ON a, b WITH 4 BUCKETS", "ANALYZE TABLE: t"),
        ("OPTIMIZE NO_WRITE_TO_BINLOG TABLES t", "OPTIMIZE TABLE: t"),
        ("CHECK TABLE t FOR UPGRADE", "CHECK TABLE: t"),
        ("REPAIR TABLE t QUICK", "REPAIR TABLE: t"),
        ("CHECKSUM TABLE t EXTENDED", "CHECKSUM TABLE: t"),
        (
            "LOCK TABLES t READ LOCAL, d.s AS x WRITE, r y LOW_PRIORITY WRITE",
            "LOCK TABLES: t d.s r",
        ),
        ("FLUSH TABLES t, s WITH READ LOCK", "FLUSH TABLES: t s"),
        ("FLUSH LOCAL TABLE t FOR EXPORT", "FLUSH TABLES: t"),
        ("FLUSH TABLES", "FLUSH TABLES:"),
        ("FLUSH TABLES WITH READ LOCK", "FLUSH TABLES:"),
        ("HANDLER d.t OPEN AS h", "HANDLER: d.t"),
        ("HANDLER t READ i = (5) WHERE a > 1 LIMIT 5", "HANDLER: t"),
        ("HANDLER t CLOSE", "HANDLER: t"),
        (
            "LOAD DATA LOCAL INFILE 'into table x' REPLACE INTO TABLE d.t (a, @b) SET c = @b + 1",
            "LOAD DATA: d.t",
        ),
        ("LOAD XML INFILE 'f' INTO TABLE t", "LOAD DATA: t"),
        ("SHOW CREATE TABLE d.t", "SHOW CREATE TABLE: d.t"),
        ("SHOW CREATE VIEW v", "SHOW CREATE VIEW: v"),
        ("SHOW COLUMNS FROM t", "SHOW COLUMNS: t"),
        ("SHOW EXTENDED FULL FIELDS IN t IN d LIKE 'a%'", "SHOW COLUMNS: t"),
        ("SHOW INDEX FROM d.t WHERE Key_name = 'PRIMARY'", "SHOW INDEX: d.t"),
        ("SHOW KEYS FROM t FROM d", "SHOW INDEX: t"),
        ("SHOW INDEXES IN `t`", "SHOW INDEX: `t`"),
        ("SHOW FULL TABLES FROM d LIKE 'a%'", "SHOW TABLES:"),
        ("SHOW TABLE STATUS", "SHOW TABLE STATUS:"),
        ("SHOW OPEN TABLES", "SHOW OPEN TABLES:"),
        ("SHOW TRIGGERS", "SHOW TRIGGERS:"),
        ("DESCRIBE t", "DESCRIBE: t"),
        ("DESC d.t a", "DESCRIBE: d.t"),
        ("EXPLAIN t 'a%'", "DESCRIBE: t"),
        ("EXPLAIN format", "DESCRIBE: format"),
        ("GRANT SELECT (a), INSERT ON t TO u", "GRANT: t"),
        ("GRANT ALL PRIVILEGES ON TABLE d.t TO 'u'@'h' WITH GRANT OPTION", "GRANT: d.t"),
        ("REVOKE SELECT ON d.t FROM u", "REVOKE: d.t"),
        ("GRANT ALL ON *.* TO u", "GRANT:"),
        ("GRANT ALL ON d.* TO u", "GRANT:"),
        ("GRANT ALL ON * TO u", "GRANT:"),
        ("GRANT EXECUTE ON FUNCTION d.f TO u", "GRANT:"),
        ("GRANT SELECT ON function TO u", "GRANT: function"),
    ],
)
def test_what_is_done_to_which_tables(sql: str, expected: str) -> None:
    assert said(sql) == expected


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
        "ANALYZE TABLE t s",
        "LOCK TABLES t",
        "LOCK TABLES t READ s",
        "FLUSH TABLES t WITH s",
        "HANDLER t s",
        "LOAD DATA INFILE 'f' INTO t",
        "LOAD DATA INFILE 'f' INTO TABLE t SET a = (SELECT 1 FROM s)",
        "SHOW COLUMNS",
        "SHOW TABLES WHERE a IN (SELECT 1 FROM s)",
        "SHOW CREATE TABLE t s",
        "GRANT SELECT ON t s TO u",
        "DROP TABLE t;; DROP TABLE s",
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
        ("CREATE TABLE t (a INT, CHECK (t.a > 0 AND d.t.a < 9)) COMMENT 'x.y'", ["t.a", "d.t.a"]),
        ("CREATE TABLE d.t (a INT, FOREIGN KEY (a) REFERENCES d.s (b))", []),
        ("CREATE TABLE d.t AS SELECT s.a, d.f(1) FROM d.s", ["s.a"]),
        ("ALTER TABLE t ORDER BY t.a", ["t.a"]),
        ("CREATE INDEX i ON d.t ((t.a + 1))", ["t.a"]),
        ("CREATE TRIGGER d.g BEFORE INSERT ON d.t FOR EACH ROW SET NEW.a = OLD.a + 1", []),
        ("HANDLER t READ FIRST WHERE t.a = 1", ["t.a"]),
        ("GRANT SELECT ON d.* TO u", []),
        ("GRANT EXECUTE ON PROCEDURE d.p TO u", []),
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
        ("CREATE VIEW t AS SELECT a FROM d.s WITH CASCADED CHECK OPTION", "SELECT a FROM d.s"),
        ("CREATE VIEW t AS SELECT a FROM d.s WITH CHECK OPTION", "SELECT a FROM d.s"),
    ],
)
def test_the_query_of_a_definition(sql: str, query: str) -> None:
    _, statement, body = read(sql)
    assert getattr(body.query, "reason", None) == query
    assert [each.name for each in statement.tables] == ["t", "s"]


def test_conditions_and_temporary_tables_are_told() -> None:
    assert read("CREATE TABLE IF NOT EXISTS t (a INT)")[2].conditional
    assert read("DROP TABLE IF EXISTS t")[2].conditional
    assert not read("DROP TABLE t")[2].conditional
    assert read("CREATE TEMPORARY TABLE t (a INT)")[2].temporary
    assert read("DROP TEMPORARY TABLE t")[2].temporary
    assert not read("CREATE TABLE t (temporary INT)")[2].temporary


def test_locked_tables_have_their_aliases_or_a_place_for_one() -> None:
    _, _, body = read("LOCK TABLES t READ, s AS x WRITE, r y READ")
    assert [each.alias for each in body.targets] == [None, "x", "y"]
    assert [each.alias_at for each in body.targets] == [13, None, None]


@pytest.mark.parametrize("sql", ["SHOW COLUMNS FROM t FROM d", "SHOW INDEX IN t IN `d`"])
def test_the_database_of_a_shown_table(sql: str) -> None:
    (table,) = read(sql)[2].targets
    assert (table.name, table.database) == ("t", "d")


def test_all_tables_are_told_in_their_order() -> None:
    text, statement, _ = read("RENAME TABLE d.t TO s, r TO q")
    assert [written(text, each.span) for each in statement.tables] == ["d.t", "s", "r", "q"]


def test_quotes_are_read_as_the_sql_mode_says() -> None:
    assert read('DROP TABLE "t x"', ansi_quotes=True)[2].targets[0].name == "t x"
    with pytest.raises(NotUnderstood):
        read('DROP TABLE "t x"')


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
