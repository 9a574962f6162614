"""What looks at, locks, loads or keeps tables names each of them at its place."""

from __future__ import annotations

import pytest

from athena_g.parser.definitions import on_tables
from athena_g.parser.lexer import NotUnderstood
from tests.unit.parser.texts import QUERIES, qualifiers, read_tables, said, text_of


@pytest.mark.parametrize(
    "sql, expected",
    [
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
        ("SHOW EXTENDED FULL FIELDS IN t IN d LIKE 'a%'", "SHOW COLUMNS: t IN d"),
        ("SHOW INDEX FROM d.t WHERE Key_name = 'PRIMARY'", "SHOW INDEX: d.t"),
        ("SHOW KEYS FROM t FROM d", "SHOW INDEX: t FROM d"),
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
    ],
)
def test_a_table_at_a_place_that_is_not_known_is_not_understood(sql: str) -> None:
    with pytest.raises(NotUnderstood):
        on_tables(text_of(sql), QUERIES)


@pytest.mark.parametrize(
    "sql, expected",
    [
        ("HANDLER t READ FIRST WHERE t.a = 1", ["t.a"]),
        ("GRANT SELECT ON d.* TO u", []),
        ("GRANT EXECUTE ON PROCEDURE d.p TO u", []),
    ],
)
def test_columns_that_name_their_table(sql: str, expected: list[str]) -> None:
    assert qualifiers(sql) == expected


def test_locked_tables_have_their_aliases_or_a_place_for_one() -> None:
    _, _, body = read_tables("LOCK TABLES t READ, s AS x WRITE, r y READ")
    assert [each.alias for each in body.targets] == [None, "x", "y"]
    assert [each.alias_at for each in body.targets] == [13, None, None]


@pytest.mark.parametrize("sql", ["SHOW COLUMNS FROM t FROM d", "SHOW INDEX IN t IN `d`"])
def test_the_database_of_a_shown_table(sql: str) -> None:
    (table,) = read_tables(sql)[2].targets
    assert (table.name, table.database) == ("t", "d")
