"""Corners of MySQL's behaviour that SQLite's own would differ from."""

from __future__ import annotations

import threading
from decimal import Decimal
from pathlib import Path

import pytest

from athena_g.embedded.engine import Engine
from athena_g.embedded.lexer import split
from athena_g.embedded.results import OkResult
from athena_g.embedded.session import EngineSession
from athena_g.embedded.temporary import drop_all
from athena_g.errors import SqlError
from tests.unit.embedded.conftest import Connect, rows, run


def refused(session: EngineSession, sql: str) -> int:
    with pytest.raises(SqlError) as caught:
        run(session, sql)
    return caught.value.errno


def done(session: EngineSession, sql: str) -> OkResult:
    result = session.execute(sql)
    assert isinstance(result, OkResult)
    return result


# --- queries -------------------------------------------------------------------------------------


def test_a_union_keeps_the_first_of_equal_rows(session: EngineSession) -> None:
    assert rows(session, "SELECT 'a' UNION SELECT 'A'") == [("a",)]
    assert rows(session, "SELECT 'a' UNION SELECT 'A' UNION ALL SELECT 'b'") == [("a",), ("b",)]
    assert rows(session, "SELECT 1.5 UNION SELECT 2") == [(Decimal("1.5"),), (Decimal("2.0"),)]


def test_star_lists_joined_columns_first(session: EngineSession) -> None:
    x, y = "(SELECT 1 AS a, 2 AS id) x", "(SELECT 2 AS id, 3 AS b) y"

    def names(sql: str) -> list[str]:
        result = session.execute(sql)
        return [column.name for column in result.columns]  # type: ignore[union-attr]

    assert names(f"SELECT * FROM {x} JOIN {y} USING (id)") == ["id", "a", "b"]
    assert names(f"SELECT * FROM {x} NATURAL RIGHT JOIN {y}") == ["id", "b", "a"]
    assert rows(session, f"SELECT * FROM {x} NATURAL RIGHT JOIN {y}") == [(2, 3, 1)]


@pytest.mark.parametrize(
    ("sql", "errno"),
    [
        ("SELECT 1 == 1", 1064),
        ("SELECT 1,", 1064),
        ("SELECT", 1064),
        ("SELECT 1 /*! + 1", 1064),
        ("SELECT 1 AS `a\0b`", 1064),
        ("SELECT (" * 1500 + "SELECT 1" + ")" * 1500, 1436),
        ("SELECT v FROM t GROUP BY v HAVING id = 1", 1054),
        ("SELECT DISTINCT v FROM t ORDER BY id", 3065),
        ("SELECT v FROM t GROUP BY v ORDER BY id", 1055),
        ("SELECT u * -1 FROM t", 1690),
        ("SELECT 1e308 * 10", 1690),
        ("SELECT UPPER(x'41')", 1235),
        ("SELECT YEAR(id) FROM t", 1235),
        ("INSERT INTO t VALUES (9,)", 1064),
        ("INSERT INTO t (id, u) VALUES (9, id + 1)", 1235),
        ("UPDATE t AS z SET t.v = 'x'", 1054),
        ("CREATE TABLE `x ` (a INT)", 1103),
        ("CREATE TABLE x (`` INT)", 1166),
        (f"CREATE TABLE {'x' * 65} (a INT)", 1059),
    ],
)
def test_what_mysql_refuses_is_refused(session: EngineSession, sql: str, errno: int) -> None:
    run(session, "CREATE TABLE t (id INT, v VARCHAR(9), u INT UNSIGNED)",
        "INSERT INTO t VALUES (1, 'a', 1)")  # fmt: skip
    assert refused(session, sql) == errno


def test_having_without_group_by(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1), (2)")
    assert rows(session, "SELECT 1 FROM t HAVING COUNT(*) > 1") == [(1,)]
    assert rows(session, "SELECT 1 FROM t HAVING COUNT(*) > 2") == []


def test_a_named_window_with_a_frame(session: EngineSession) -> None:
    sql = (
        "SELECT SUM(i) OVER w FROM (SELECT 1 AS i UNION SELECT 2) t "
        "WINDOW w AS (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"
    )
    assert rows(session, sql) == [(Decimal(1),), (Decimal(3),)]


def test_names_cannot_leave_their_quotes(session: EngineSession) -> None:
    run(session, 'CREATE TABLE `a"b` (`c"d` INT)', 'INSERT INTO `a"b` VALUES (1)')
    run(session, 'CREATE TEMPORARY TABLE `x"; DROP TABLE y` (a INT)')
    drop_all(session)
    assert rows(session, 'SELECT SUM(`c"d`) OVER `w"` FROM `a"b` WINDOW `w"` AS ()') == [(1,)]


def test_bytes_that_are_no_utf8(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (b BLOB, s VARCHAR(5))", "INSERT INTO t (b) VALUES ('\udcff')")
    assert rows(session, "SELECT b, _binary'\udcff' FROM t") == [(b"\xff", b"\xff")]
    assert refused(session, "INSERT INTO t (s) VALUES ('\udcff')") == 1366
    assert refused(session, "SELECT \udcff FROM t") == 1300
    assert refused(session, "SELECT b LIKE 'a' FROM t") == 1235


def test_a_text_that_is_no_date_is_compared_as_zero(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (d DATETIME, s VARCHAR(5))",
        "INSERT INTO t VALUES ('2024-01-31', 'abc')")  # fmt: skip
    assert rows(session, "SELECT d >= s, d = s FROM t") == [(1, 0)]


def test_statements_are_split_at_their_semicolons() -> None:
    first, second = "SELECT 'a\\';b'", " SELECT `;` -- ;\n"
    assert split(f"{first};{second}; ") == [first, second]
    assert split("SELECT 1;; SELECT 2") == ["SELECT 1", "; SELECT 2"]


# --- changes -------------------------------------------------------------------------------------


def test_assignments_see_what_earlier_ones_stored(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (a INT, b DECIMAL(5, 2), d DATE, e DATETIME)",
        "INSERT INTO t VALUES (0, 0, NULL, NULL)",
        "UPDATE t SET a = 1.7, b = a, d = '2024-05-06 10:11:12', e = d")  # fmt: skip
    assert rows(session, "SELECT a, b, CONCAT(e) FROM t") == [
        (2, Decimal("2.00"), "2024-05-06 00:00:00")
    ]
    assert refused(session, "UPDATE t SET b = RAND(), a = b") == 1235


def test_the_first_broken_key_decides_what_is_updated(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (id INT PRIMARY KEY, k INT UNIQUE, l INT UNIQUE, v INT)",
        "INSERT INTO t VALUES (1, 1, 1, 0), (2, 2, 2, 0), (3, 3, 3, 0)",
        "INSERT INTO t VALUES (9, 1, 2, 0) ON DUPLICATE KEY UPDATE v = v + 1",
        "INSERT INTO t VALUES (3, 1, 2, 0) ON DUPLICATE KEY UPDATE v = v + 10")  # fmt: skip
    assert rows(session, "SELECT v FROM t ORDER BY id") == [(1,), (0,), (10,)]


def test_ids_told_to_the_client(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, k INT UNIQUE)",
        "INSERT INTO t (k) VALUES (1)")  # fmt: skip
    again = "INSERT INTO t (k) VALUES (1) ON DUPLICATE KEY UPDATE id = LAST_INSERT_ID(id)"
    assert done(session, again).last_insert_id == 1
    assert done(session, "UPDATE t SET k = LAST_INSERT_ID(77)").last_insert_id == 77
    assert done(session, "INSERT INTO t VALUES (-5, 5)").last_insert_id == 2**64 - 5


def test_replacing_a_row_by_itself_counts_once(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    counts = [done(session, f"REPLACE INTO t VALUES (1, {v})").affected_rows for v in (1, 1, 2)]
    assert counts == [1, 1, 2]


def test_truncate_forgets_the_auto_increment_option(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY)",
        "ALTER TABLE t AUTO_INCREMENT = 500", "TRUNCATE t",
        "INSERT INTO t VALUES (NULL)")  # fmt: skip
    assert rows(session, "SELECT id FROM t") == [(1,)]


@pytest.mark.parametrize(
    ("sql", "errno"),
    [
        ("DELETE FROM t WHERE v = 0", 1292),
        ("UPDATE t SET k = v + 1", 1292),
        ("UPDATE t SET k = CAST(v AS SIGNED)", 1292),
        ("UPDATE t SET k = 1 / 0", 1365),
        ("UPDATE t SET k = 1 WHERE 1 % 0", 1365),
        ("INSERT INTO t (k) VALUES (1 DIV 0)", 1365),
        ("INSERT INTO t (k) SELECT v + 1 FROM t", 1292),
    ],
)
def test_guessed_values_are_errors_where_they_are_stored(
    session: EngineSession, sql: str, errno: int
) -> None:
    run(session, "CREATE TABLE t (v VARCHAR(5), k INT)", "INSERT INTO t VALUES ('a', 1)")
    assert refused(session, sql) == errno
    assert rows(session, "SELECT * FROM t") == [("a", 1)]
    assert rows(session, "SELECT v + 1, 1 / 0 FROM t") == [(1.0, None)]
    run(session, "SET sql_mode = ''", sql)


# --- transactions and sessions -------------------------------------------------------------------


def test_a_savepoint_replaces_the_one_of_its_name(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (a INT)", "BEGIN", "SAVEPOINT s", "INSERT INTO t VALUES (1)",
        "SAVEPOINT s", "INSERT INTO t VALUES (2)", "ROLLBACK TO s")  # fmt: skip
    assert rows(session, "SELECT a FROM t") == [(1,)]
    run(session, "RELEASE SAVEPOINT s")
    assert refused(session, "ROLLBACK TO s") == 1305


def test_transactions_that_begin_with_for_update_never_fail(connect: Connect) -> None:
    run(connect(), "CREATE TABLE t (v INT)", "INSERT INTO t VALUES (0)")
    failures: list[SqlError] = []

    def count(session: EngineSession) -> None:
        try:
            for _ in range(10):
                run(session, "BEGIN")
                ((value,),) = rows(session, "SELECT v FROM t FOR UPDATE")
                run(session, f"UPDATE t SET v = {value + 1}", "COMMIT")
        except SqlError as error:
            failures.append(error)

    threads = [threading.Thread(target=count, args=(connect(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows(connect(), "SELECT v FROM t") == [(60,)]


def test_tables_changed_by_several_at_once(connect: Connect) -> None:
    run(connect(), "CREATE TABLE t (a INT)")
    failures: list[SqlError] = []

    def change(session: EngineSession, number: int) -> None:
        try:
            for _ in range(10):
                run(session, "CREATE TABLE IF NOT EXISTS x (a INT)", "DROP TABLE IF EXISTS x")
            run(session, f"ALTER TABLE t ADD COLUMN c{number} INT")
        except SqlError as error:
            failures.append(error)

    threads = [threading.Thread(target=change, args=(connect(), n)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    names = {name for name, *_ in rows(connect(), "SHOW COLUMNS FROM t")}
    assert names == {"a", "c0", "c1", "c2", "c3", "c4"}


def test_databases_whose_names_differ_in_case_alone(session: EngineSession) -> None:
    run(session, "CREATE DATABASE Shop", "CREATE DATABASE shop", "CREATE TABLE Shop.t (a INT)",
        "CREATE TABLE shop.t (b INT)", "INSERT INTO Shop.t VALUES (1)")  # fmt: skip
    assert rows(session, "SELECT (SELECT COUNT(*) FROM Shop.t), (SELECT COUNT(*) FROM shop.t)") == [
        (1, 0)
    ]


def test_a_read_only_session_takes_no_locks(connect: Connect) -> None:
    run(connect(), "CREATE TABLE t (a INT)")
    reader = connect(read_only=True)
    run(reader, "BEGIN", "SELECT * FROM t FOR UPDATE")
    run(connect(), "SET innodb_lock_wait_timeout = 1", "INSERT INTO t VALUES (1)")
    assert refused(reader, "LOCK TABLES t WRITE") == 1290
    assert refused(reader, "CREATE TEMPORARY TABLE x (a INT)") == 1290


def test_a_database_half_made_is_none(tmp_path: Path) -> None:
    (tmp_path / "half.sqlite-new").touch()
    (tmp_path / "half.sqlite-wal").write_bytes(b"an old log")
    engine = Engine(tmp_path)
    session = engine.connect(database=None, user="u", host="h", connection_id=1)
    assert "half" not in engine.databases()
    run(session, "CREATE DATABASE half", "CREATE TABLE half.t (a INT)")
    engine.close()
