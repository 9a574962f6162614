"""The oracle: the same statements on the server itself and through the proxy, answer by answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pymysql
import pytest
from pymysql.connections import Connection

from tests.proxy import Proxy
from tests.servers import Server

TYPES = """CREATE TABLE typed (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, tiny TINYINT UNSIGNED, big BIGINT,
    huge BIGINT UNSIGNED,
    exact DECIMAL(20,6), single FLOAT, dbl DOUBLE, fixed CHAR(10), text VARCHAR(200),
    long_text TEXT,
    raw VARBINARY(20), bytes BLOB, day DATE, clock TIME, moment DATETIME(6), stamp TIMESTAMP NULL,
    yr YEAR, choice ENUM('a','b'), UNIQUE KEY by_text (text))"""

STATEMENTS = [
    TYPES,
    "INSERT INTO typed (tiny, big, huge, exact, dbl, fixed, text) "
    "VALUES (255, -9223372036854775808, 18446744073709551615, 12345.678901, 1.5, 'x', 'näe')",
    "INSERT INTO typed (text, raw, bytes, day, clock, moment, yr, choice) VALUES "
    "('', X'00ff27', X'DEADBEEF00', '2026-02-28', '-12:34:56', '2026-11-22 23:59:59.123456', "
    "2026, 'b')",
    "INSERT INTO typed (text) VALUES (NULL), ('😀'), ('three')",
    "SELECT * FROM typed ORDER BY id",
    "SELECT '' AS empty, NULL AS nothing, 1 AS one, 1.10 AS exact, 'a''b' AS quoted",
    "SELECT COUNT(*), SUM(big), AVG(tiny), MIN(day), MAX(text) FROM typed",
    "SELECT id FROM typed WHERE id < 0",
    "UPDATE typed SET text = 'changed' WHERE id = 1",
    "UPDATE typed SET text = 'changed' WHERE id = 1",
    "INSERT INTO typed (text) VALUES ('three')",
    "INSERT INTO typed (id, text) VALUES (1, 'again')",
    "INSERT INTO typed (id, text) VALUES (1, 'again') ON DUPLICATE KEY UPDATE text = 'updated'",
    "REPLACE INTO typed (id, text) VALUES (2, 'replaced')",
    "INSERT IGNORE INTO typed (id, text) VALUES (2, 'ignored')",
    "SELECT text FROM typed WHERE text = 'CHANGED' OR text = 'updated'",
    "DELETE FROM typed WHERE id = 3",
    "SELECT * FROM missing",
    "SELECT missing FROM typed",
    "SELEKT 1",
    "INSERT INTO typed (id) VALUES (NULL)",
    "CREATE TABLE typed (id INT)",
    "DROP TABLE missing",
    ";",
    "SELECT 1;",
    "  -- a comment\nSELECT 2",
    "/* another */ SELECT 3 # end",
    "SHOW TABLES",
    "DESCRIBE typed",
    "SHOW CREATE TABLE typed",
    "SELECT @@autocommit",
    "SELECT DATABASE()",
    "TRUNCATE TABLE typed",
    "SELECT COUNT(*) FROM typed",
    "DROP TABLE typed",
]  # fmt: skip


@dataclass
class Answer:
    """What one statement gave: rows and columns, or what changed, or the error."""

    rows: Any = None
    columns: Any = None
    affected: int = 0
    insert_id: int = 0
    warnings: int = 0
    error: tuple[Any, ...] | None = None


def answer(connection: Connection[Any], sql: str) -> Answer:
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except pymysql.MySQLError as error:
            return Answer(error=error.args)
        result = cursor._result
        fields = [
            (f.name, f.org_name, f.table_name, f.type_code, f.length, f.flags, f.charsetnr, f.scale)
            for f in getattr(result, "fields", ())
        ]
        return Answer(
            cursor.fetchall(), fields, cursor.rowcount, cursor.lastrowid or 0, result.warning_count
        )


@pytest.mark.parametrize("charset", ["utf8mb4", "latin1"])
def test_every_answer_is_the_server_s_own(
    server: Server, proxy: Proxy, database: str, charset: str
) -> None:
    direct = server.connect(database=database, autocommit=True, charset=charset)
    through = proxy.connect(autocommit=True, charset=charset)
    with direct, through:
        for sql in STATEMENTS:
            if charset == "latin1" and not sql.isascii() and "😀" in sql:
                continue
            expected, got = answer(direct, sql), answer(through, sql)
            assert same_names(expected, database) == same_names(got, proxy.database), sql


def same_names(given: Answer, database: str) -> str:
    return repr(given).replace(database, "<database>")


def test_text_of_every_script_survives_in_both_directions(proxy: Proxy) -> None:
    text = "Grüße, 中文, עברית, 😀, \\ ' \" \0 \x1a"
    with proxy.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE words (word VARCHAR(200))")
        cursor.execute("INSERT INTO words VALUES (%s)", (text,))
        cursor.execute("SELECT word FROM words")
        assert cursor.fetchall() == ((text,),)


def test_found_rows_is_what_the_client_asked_for(server: Server, proxy: Proxy) -> None:
    from pymysql.constants import CLIENT

    for flag, matched in ((0, 0), (CLIENT.FOUND_ROWS, 1)):
        with proxy.connect(autocommit=True, client_flag=flag) as connection:
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS same (id INT PRIMARY KEY, v INT)")
                cursor.execute("REPLACE INTO same VALUES (1, 1)")
                assert cursor.execute("UPDATE same SET v = 1 WHERE id = 1") == matched


def test_several_statements_in_one_text_give_several_results(proxy: Proxy) -> None:
    from pymysql.constants import CLIENT

    with proxy.connect(autocommit=True, client_flag=CLIENT.MULTI_STATEMENTS) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1; CREATE TABLE two (id INT); SELECT 3")
            first = cursor.fetchall()
            assert cursor.nextset()
            assert cursor.nextset()
            assert (first, cursor.fetchall()) == (((1,),), ((3,),))
            assert not cursor.nextset()


def test_without_the_capability_several_statements_are_refused(proxy: Proxy) -> None:
    with proxy.connect() as connection, connection.cursor() as cursor:
        with pytest.raises(pymysql.ProgrammingError) as caught:
            cursor.execute("SELECT 1; SELECT 2")
        assert caught.value.args[0] == 1064
