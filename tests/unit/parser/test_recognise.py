"""The few statements that are known by their text."""

from __future__ import annotations

import pytest

from athena_g.parser.recognise import (
    Recognised,
    Special,
    is_plain,
    looks_back,
    recognise,
)
from athena_g.protocol.framing import frame

START = 5
"""Where the text begins in a framed COM_QUERY."""


def packet(sql: str | bytes) -> bytes:
    return frame(b"\x03" + (sql.encode() if isinstance(sql, str) else sql), 0)


def of(sql: str, multi: bool = False) -> Recognised | None:
    return recognise(packet(sql), START, multi)


def use(database: str) -> Recognised:
    return Recognised(Special.USE, database)


def pin(reason: str) -> Recognised:
    return Recognised(Special.PIN, reason)


KILL = Recognised(Special.REFUSE, "KILL through the proxy")
HIDDEN_KILL = Recognised(Special.REFUSE, "KILL in an executable comment")


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize(
    "sql",
    [
        "",
        ";",
        " \t\r\n",
        "/* nothing */",
        "-- nothing",
        "#",
        "SELECT 1",
        "SELECT 1;",
        "  select 1",
        "(SELECT 1)",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "REPLACE INTO t VALUES (1)",
        "SHOW TABLES",
        "BEGIN",
        "COMMIT",
        "EXPLAIN SELECT 1",
        "SELECT * FROM t USE INDEX (i)",
        "SELECT kill, lock FROM t",
        "USER",
        "USED x",
        "KILLER 5",
        "LOCKED",
        "XANADU",
        "SELECT RELEASE_LOCK('a')",
        "SELECT a@b",
        "SELECT @a, ': ='",
        "INSERT INTO t SELECT '@'",
    ],
)
def test_nothing_is_recognised_in_an_ordinary_statement(sql: str, multi: bool) -> None:
    assert of(sql, multi) is None


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize(
    ("sql", "database"),
    [
        ("USE shop", "shop"),
        ("use shop", "shop"),
        ("USE shop;", "shop"),
        ("USE Shop ; ", "Shop"),
        ("USE`shop`", "shop"),
        ("USE `a``b`", "a`b"),
        ("USE `with space`", "with space"),
        ("USE\tshop", "shop"),
        ("USE\nshop", "shop"),
        ("USE/**/shop", "shop"),
        ("USE /* which? */ shop", "shop"),
        ("/* first */ USE shop", "shop"),
        ("-- first\nUSE shop", "shop"),
        ("# first\nUSE shop", "shop"),
        ("; ;USE shop", "shop"),
        ("USE my-shop", "my-shop"),
        ("USE größe", "größe"),
        ("USE shop#c", "shop"),
        ("USE -- c\nshop", "shop"),
    ],
)
def test_use_is_recognised_with_its_database(sql: str, database: str, multi: bool) -> None:
    assert of(sql, multi) == use(database)


def test_use_without_a_name_is_left_to_the_server() -> None:
    assert of("USE") is None
    assert of("USE ;") is None


@pytest.mark.parametrize("sql", ["KILL 5", "kill query 5", "KILL/**/5", "\nKILL 5"])
def test_kill_is_recognised(sql: str) -> None:
    assert of(sql) == KILL


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("LOCK TABLES t WRITE", "LOCK"),
        ("lock instance for backup", "LOCK"),
        ("FLUSH TABLES WITH READ LOCK", "FLUSH"),
        ("HANDLER t OPEN", "HANDLER"),
        ("XA START 'x'", "XA transaction"),
        ("BACKUP LOCK t", "BACKUP"),
        ("PREPARE s FROM 'SELECT 1'", "PREPARE"),
        ("SET @a = 1", "SET"),
        ("SET TRANSACTION READ ONLY", "SET"),
        ("CALL p(@out)", "CALL"),
        ("/* a */ LOCK TABLES t READ", "LOCK"),
        ("SELECT GET_LOCK('a', 1)", "GET_LOCK"),
        ("DO get_lock('a', 1)", "GET_LOCK"),
        ("SELECT @a := 1", "a user variable"),
        ("SELECT 1 INTO @a", "a user variable"),
        ("SELECT 1 INTO\n/* there */ @a", "a user variable"),
    ],
)
def test_what_belongs_to_one_connection_pins_it(sql: str, reason: str) -> None:
    assert of(sql) == pin(reason)
    assert of(sql, multi=True) == pin(reason)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1; USE shop", use("shop")),
        ("SELECT 1;USE shop", use("shop")),
        ("SELECT 1; -- then\nUSE shop", use("shop")),
        ("SELECT ';'; USE shop", use("shop")),
        ("SELECT 1; SELECT 2; KILL 5", KILL),
        ("SELECT 1; LOCK TABLES t READ", pin("LOCK")),
        ("SELECT 1; SELECT GET_LOCK('a', 1)", pin("GET_LOCK")),
        ("SELECT 'it''s'; KILL 5", KILL),
        (r"SELECT 'it\'s'; KILL 5", KILL),
        (r"SELECT '\\'; KILL 5", KILL),
        ('SELECT "a;b"; KILL 5', KILL),
        ("SELECT 1 /* ; */; KILL 5", KILL),
        ("SELECT 1; /*!KILL 5*/", HIDDEN_KILL),
        ("SELECT 1 /*!; KILL 5*/", KILL),
    ],
)
def test_each_of_several_statements_is_looked_at(sql: str, found: Recognised) -> None:
    assert of(sql, multi=True) == found


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO recipes VALUES ('Add salt; use sparingly')",
        'INSERT INTO recipes VALUES ("Add salt; use sparingly")',
        "INSERT INTO quotes VALUES ('Kill Bill; kill time')",
        r"INSERT INTO quotes VALUES ('it\'s; kill time')",
        "INSERT INTO quotes VALUES ('it''s; kill time')",
        "INSERT INTO quotes VALUES ('a', 'x; lock the door')",
        "SELECT `odd; use name` FROM t",
        "SELECT 1 /* ; use other */",
        "SELECT 1 -- ; use other",
        "SELECT 1 # ; use other",
        "SELECT 1 -- it's\n; SELECT 2",
        "UPDATE t SET a = 'x\n; use\n'",
    ],
)
def test_the_text_of_strings_and_comments_is_no_statement(sql: str) -> None:
    assert of(sql, multi=True) is None


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT GET_LOCK('a', 1); USE shop", use("shop")),
        ("SET @a = 1; KILL 5", KILL),
        ("LOCK TABLES t READ; USE shop", use("shop")),
        ("SELECT @a := 1; KILL 5", KILL),
    ],
)
def test_a_pinning_statement_hides_no_refused_one(sql: str, found: Recognised) -> None:
    assert of(sql, multi=True) == found


def test_a_comment_cannot_turn_a_kill_into_something_harmless() -> None:
    assert of("KILL /* get_lock */ 5") == KILL
    assert of("/* @a := */ KILL 5") == KILL


def test_only_the_first_statement_counts_where_there_can_be_no_other() -> None:
    assert of("SELECT 1; KILL 5", multi=False) is None


def test_text_that_is_not_utf8_is_no_obstacle() -> None:
    assert recognise(packet(b"SELECT '\xff\xfe\x80'"), START, True) is None
    assert recognise(packet(b"USE `\xe9t\xe9`"), START, True) == use("\ufffdt\ufffd")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '" + r"\'" * 100_000,
        "SELECT 1" + "; -- x\n" * 50_000,
        "SELECT 1" + ";/*" * 50_000,
        "/*" * 100_000,
        "(" * 200_000,
        "SELECT " + "'a;b'," * 50_000,
        "SELECT " + '"' * 99_999 + ";`'" * 1000,
        "USE" + "/**/" * 100_000,
        "SELECT @a" + " into /*" * 20_000,
    ],
    ids=range(9),
)
@pytest.mark.timeout(20)
def test_no_text_takes_long_to_look_at(sql: str) -> None:
    of(sql, multi=True)
    looks_back(packet(sql))
    is_plain(packet(sql), START)


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1", "(select 1)", "/* a */ INSERT INTO t VALUES (1)", "WITH c AS (SELECT 1) SELECT 1",
     "UPDATE t SET a = 1", "DELETE FROM t", "REPLACE INTO t VALUES (1)", "VALUES ROW(1)"],
)  # fmt: skip
def test_statements_on_rows_are_plain(sql: str) -> None:
    assert is_plain(packet(sql), START)


@pytest.mark.parametrize("sql", ["CALL p()", "BEGIN", "", "EXECUTE s", "SELECTED", "DO 1", "SET x"])
def test_what_may_leave_a_transaction_open_is_not_plain(sql: str) -> None:
    assert not is_plain(packet(sql), START)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT LAST_INSERT_ID()", "LAST_INSERT_ID()"),
        ("INSERT INTO t VALUES (last_insert_id ( ))", "last_insert_id ( )"),
        ("SELECT @@identity", "@@identity"),
        ("SELECT @@session.last_insert_id", "@@session.last_insert_id"),
        ("SELECT FOUND_ROWS()", "FOUND_ROWS("),
        ("SELECT ROW_COUNT()", "ROW_COUNT("),
        ("SHOW WARNINGS", "SHOW WARNINGS"),
        ("show count(*) errors", "show count(*) errors"),
        ("SHOW  ERRORS LIMIT 1", "SHOW  ERRORS"),
        ("SELECT @@warning_count", "@@warning_count"),
        ("GET DIAGNOSTICS @n = NUMBER", "DIAGNOSTICS"),
        ("SELECT 'it''s', FOUND_ROWS()", "FOUND_ROWS("),
    ],
)
def test_a_question_about_the_previous_statement_is_found(sql: str, words: str) -> None:
    assert looks_back(packet(sql)) == words


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT LAST_INSERT_ID(5)",
        "UPDATE t SET id = LAST_INSERT_ID(id + 1)",
        "SELECT last_insert_id FROM t",
        "SELECT @@identity_insert",
        "SHOW WARNING",
        "SELECT row_count FROM t",
        "INSERT INTO log VALUES ('please show errors')",
        "INSERT INTO log VALUES ('SELECT LAST_INSERT_ID()')",
        'INSERT INTO log VALUES ("its diagnostics")',
        "SELECT 1 /* like FOUND_ROWS() */",
    ],
)
def test_what_only_looks_like_such_a_question_is_none(sql: str) -> None:
    assert looks_back(packet(sql)) is None


@pytest.mark.parametrize(
    "sql",
    [
        "/*! USE shop */",
        "/*!99999 use shop */ insert into t values (1)",
        "/*M!100100 USE `shop`*/",
        "use/*!shop*/",
        "/*!99999 kill 5 */ select 1",
    ],
)
def test_what_only_some_servers_execute_is_refused(sql: str) -> None:
    found = of(sql)
    assert found is not None
    assert found.special is Special.REFUSE


def test_use_with_more_behind_it_is_left_to_the_server() -> None:
    assert of("use shop junk") is None


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("create temporary table t as select 1", "a temporary table"),
        ("CREATE OR REPLACE/**/TEMPORARY TABLE t SELECT 1", "a temporary table"),
        ("execute immediate 'use other'", "EXECUTE"),
        ("load data infile 'x' into table t (@a)", "LOAD DATA"),
        ("get diagnostics condition 1 @p = message_text", "a user variable"),
    ],
)
def test_what_servers_do_not_report_pins(sql: str, reason: str) -> None:
    assert of(sql) == pin(reason)


@pytest.mark.parametrize(
    "sql",
    [
        "select @@`identity`",
        "select @@`last_insert_id`",
        "select last_insert_id/**/()",
        "select row_count /* x */ ()",
        "show/**/warnings",
        "select lastval(s1)",
        "select previous value for s1",
    ],
)
def test_questions_in_odd_clothes_are_recognised(sql: str) -> None:
    assert looks_back(packet(sql)) is not None


@pytest.mark.parametrize(
    "sql",
    [
        ";" * 4_000_000,
        "a;" * 2_000_000,
        "/**/" * 2_000_000 + "select 1",
        "select @@" + " " * 200_000 + "version",
        "insert into t values ('" + "into /* " * 500_000 + "')",
    ],
)
@pytest.mark.timeout(20)
def test_no_text_of_many_mib_takes_long_to_look_at_either(sql: str) -> None:
    of(sql, multi=True)
    looks_back(packet(sql))
