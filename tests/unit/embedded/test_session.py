"""What a session remembers, and what it refuses."""

from __future__ import annotations

import pytest

from athena_g.embedded.field_list import fields
from athena_g.embedded.session import EngineSession
from athena_g.errors import SqlError
from athena_g.protocol.constants import (
    AUTO_INCREMENT_FLAG,
    NOT_NULL_FLAG,
    PRI_KEY_FLAG,
    UNSIGNED_FLAG,
)
from tests.unit.embedded.conftest import Connect, rows, run


def error_number(session: EngineSession, sql: str) -> int:
    with pytest.raises(SqlError) as caught:
        run(session, sql)
    return caught.value.errno


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT @a := 1",
        "CREATE VIEW v AS SELECT 1",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT a, COUNT(*) FROM (SELECT 1 AS a) t GROUP BY a WITH ROLLUP",
        "SELECT MATCH(a) AGAINST ('x') FROM (SELECT 'x' AS a) t",
        "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS(a INT PATH '$')) t",
        "SET sql_mode = 'ANSI_QUOTES'",
        "CALL p()",
        "SELECT SOUNDEX('a')",
        "SELECT 1 FOR UPDATE SKIP LOCKED",
    ],
)
def test_what_is_not_known_is_refused(session: EngineSession, sql: str) -> None:
    assert error_number(session, sql) in (1235, 1064)


def test_an_empty_statement_is_an_error_of_its_own(session: EngineSession) -> None:
    assert error_number(session, " /* nothing */ ; ") == 1065


def test_two_statements_are_one_too_many(session: EngineSession) -> None:
    assert error_number(session, "SELECT 1; SELECT 2") == 1064


def test_a_reset_forgets_variables_and_temporary_tables(session: EngineSession) -> None:
    run(session, "SET @a = 1", "SET sql_mode = ''", "CREATE TEMPORARY TABLE x (a INT)", "BEGIN")
    session.reset()
    assert rows(session, "SELECT @a, @@sql_mode = ''") == [(None, 0)]
    assert error_number(session, "SELECT * FROM x") == 1146
    assert not session.in_transaction


def test_changed_variables_are_told(session: EngineSession) -> None:
    run(session, "SET autocommit = 0, sql_mode = ''")
    assert session.tracker.state_changed
    assert ("autocommit", "OFF") in session.tracker.changed_variables
    run(session, "SELECT 1")
    assert not session.tracker.state_changed


def test_a_temporary_table_hides_the_stored_one(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
    run(session, "CREATE TEMPORARY TABLE t (b INT)", "INSERT INTO t VALUES (7), (8)")
    assert rows(session, "SELECT * FROM t") == [(7,), (8,)]
    run(session, "DROP TABLE t")
    assert rows(session, "SELECT * FROM t") == [(1,)]


def test_a_table_of_another_database_is_reached_by_its_name(session: EngineSession) -> None:
    run(session, "CREATE DATABASE other", "CREATE TABLE other.t (a INT)",
        "INSERT INTO other.t VALUES (3)")  # fmt: skip
    assert rows(session, "SELECT o.a FROM other.t AS o") == [(3,)]


def test_a_dropped_database_is_gone_for_all(session: EngineSession, connect: Connect) -> None:
    run(session, "CREATE DATABASE gone", "CREATE TABLE gone.t (a INT)")
    other = connect("gone")
    run(session, "DROP DATABASE gone")
    assert error_number(other, "SELECT * FROM t") == 1049


def test_other_sessions_see_a_changed_table_at_once(
    session: EngineSession, connect: Connect
) -> None:
    other = connect()
    run(session, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)")
    assert rows(other, "SELECT * FROM t") == [(1,)]
    run(session, "ALTER TABLE t ADD COLUMN b INT DEFAULT 5")
    assert rows(other, "SELECT * FROM t") == [(1, 5)]


def test_column_definitions_have_the_flags_of_the_table(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, n VARCHAR(5))")
    first, second = fields(session, "t", "")
    wanted = PRI_KEY_FLAG | AUTO_INCREMENT_FLAG | UNSIGNED_FLAG | NOT_NULL_FLAG
    assert first.flags & wanted == wanted
    assert (second.org_name, second.length) == ("n", 20)


@pytest.mark.parametrize(
    "sql",
    [
        "SET NAMES utf8mb4",
        "SET AUTOCOMMIT = 0",
        "SELECT @@version_comment LIMIT 1",
        "SELECT DATABASE()",
        "SHOW VARIABLES LIKE 'lower_case_%'",
        "SHOW VARIABLES WHERE Variable_name IN ('sql_mode', 'time_zone')",
        "SHOW DATABASES",
        "SHOW FULL TABLES",
        "SHOW WARNINGS",
        "SHOW ENGINES",
        "SHOW COLLATION",
        "SHOW PROCESSLIST",
        "SHOW TABLE STATUS",
        "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA",
        "SELECT @@max_allowed_packet, @@system_time_zone, @@time_zone, @@auto_increment_increment",
    ],
)
def test_what_clients_ask_first_is_answered(session: EngineSession, sql: str) -> None:
    run(session, sql)


def test_large_results_are_read_as_they_are_taken(session: EngineSession) -> None:
    session.execute("CREATE TABLE n (i INT PRIMARY KEY)")
    values = ", ".join(f"({i})" for i in range(5000))
    session.execute(f"INSERT INTO n VALUES {values}")
    result = session.execute("SELECT a.i FROM n a, n b")
    iterator = result.rows  # type: ignore[union-attr]
    assert [next(iterator) for _ in range(3)] == [[0], [0], [0]]
    iterator.close()  # type: ignore[attr-defined]
    assert rows(session, "SELECT 1") == [(1,)]
