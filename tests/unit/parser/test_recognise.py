"""The few statements that are known by their text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from athena_g.parser.recognise import (
    Recognised,
    Special,
    is_plain,
    may_commit,
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


def asked(sql: str) -> set[bytes]:
    """The keys of the questions that are found in a statement."""
    found = of(sql)
    return set() if found is None else set(found.questions)


KILL = Recognised(Special.KILL)
REFUSED_KILL = Recognised(Special.REFUSE, "KILL among several statements in one text")
HIDDEN_KILL = Recognised(Special.REFUSE, "KILL in an executable comment")
REFUSED_USE = Recognised(Special.REFUSE, "USE among several statements in one text")


def said_of(sql: str) -> Recognised | None:
    """What one of several statements is, whether or not it calls functions."""
    found = of(sql, multi=True)
    return None if found is None else replace(found, calls=False)


HOLDING = Recognised(Special.HOLDING)
SEVERAL = pin("several statements")


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
        "EXPLAIN SELECT 1",
        "SELECT * FROM t USE INDEX (i)",
        "SELECT kill, lock FROM t",
        "USER",
        "USED x",
        "KILLER 5",
        "LOCKED",
        "XANADU",
        "SELECT a@b",
        "SELECT @@version",
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
    ("sql", "special"),
    [
        ("SET @a = 1", Special.SET),
        ("set names latin1", Special.SET),
        ("SET TRANSACTION READ ONLY", Special.SET),
        ("BEGIN", Special.TRANSACTION),
        ("/* driver */ start transaction", Special.TRANSACTION),
        ("COMMIT AND CHAIN", Special.TRANSACTION),
        ("ROLLBACK TO s", Special.TRANSACTION),
        ("SAVEPOINT s", Special.SAVEPOINT),
        ("LOCK TABLES t WRITE", Special.HOLDING),
        ("lock instance for backup", Special.HOLDING),
        ("UNLOCK TABLES", Special.HOLDING),
        ("FLUSH TABLES WITH READ LOCK", Special.HOLDING),
        ("HANDLER t OPEN", Special.HOLDING),
        ("PREPARE s FROM 'SELECT 1'", Special.HOLDING),
        ("DEALLOCATE PREPARE s", Special.HOLDING),
        ("EXECUTE s", Special.HOLDING),
        ("execute immediate 'select used'", Special.HOLDING),
        ("DROP TABLE t", Special.HOLDING),
        ("CREATE TEMPORARY TABLE t (a INT)", Special.HOLDING),
        ("CREATE OR REPLACE/**/TEMPORARY TABLE t SELECT 1", Special.HOLDING),
        ("/* a */ LOCK TABLES t READ", Special.HOLDING),
        ("SELECT GET_LOCK('a', 1)", Special.HOLDING),
        ("DO get_lock('a', 1)", Special.HOLDING),
        ("SELECT RELEASE_LOCK('a')", Special.HOLDING),
        ("DO RELEASE_ALL_LOCKS()", Special.HOLDING),
        ("IF 1 THEN SELECT 1", Special.HOLDING),
        ("ALTER TABLE t RENAME TO u", Special.RENAME),
        ("RENAME TABLE t TO u", Special.RENAME),
        ("SHOW PROCESSLIST", Special.SHOW),
        ("SHOW TABLES", Special.SHOW),
        ("SELECT SQL_CALC_FOUND_ROWS * FROM t", Special.CALC_FOUND_ROWS),
        ("UPDATE t SET id = LAST_INSERT_ID(id + 1)", Special.INSERT_ID),
        ("INSERT INTO t (a) VALUES (1) RETURNING id", Special.INSERT_ID),
        ("replace t set a = 1 returning *", Special.INSERT_ID),
        ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t", Special.INSERT_ID),
    ],
)
def test_what_a_session_must_know_is_recognised(sql: str, special: Special) -> None:
    found = of(sql)
    assert found is not None
    assert found.special is special


@pytest.mark.parametrize("multi", [False, True])
@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("XA START 'x'", "XA transaction"),
        ("BACKUP LOCK t", "BACKUP"),
        ("CALL p(@out)", "CALL"),
        ("SELECT @a := 1", "a user variable"),
        ("SELECT 1 INTO @a", "a user variable"),
        ("SELECT 1 INTO\n/* there */ @a", "a user variable"),
        ("load data infile 'x' into table t (@a)", "a user variable"),
        ("get diagnostics condition 1 @p = message_text", "a user variable"),
        ("SET @a = GET_LOCK('x', 1)", "an expression in SET"),
        ("SET @a = (@b := 1)", "an expression in SET"),
        ("SET @a = (SELECT 1 INTO @b)", "an expression in SET"),
    ],
)
def test_what_belongs_to_one_connection_pins_it(sql: str, reason: str, multi: bool) -> None:
    found = of(sql, multi)
    assert found is not None
    assert (found.special, found.detail) == (Special.PIN, reason)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1; USE shop", use("shop")),
        ("SELECT 1;USE shop", use("shop")),
        ("SELECT 1; -- then\nUSE shop", use("shop")),
        ("SELECT ';'; USE shop", use("shop")),
        ("SELECT 1; SELECT 2; KILL 5", REFUSED_KILL),
        ("SELECT 1; LOCK TABLES t READ", SEVERAL),
        ("SELECT 1; SELECT GET_LOCK('a', 1)", HOLDING),
        ("SELECT 1; SET @a = 1", pin("SET among several statements")),
        ("SELECT 1; CALL p()", pin("CALL")),
        ("SELECT 'it''s'; KILL 5", REFUSED_KILL),
        (r"SELECT 'it\'s'; KILL 5", REFUSED_KILL),
        (r"SELECT '\\'; KILL 5", REFUSED_KILL),
        ('SELECT "a;b"; KILL 5', REFUSED_KILL),
        ("SELECT 1 /* ; */; KILL 5", REFUSED_KILL),
        ("SELECT 1; /*!KILL 5*/", HIDDEN_KILL),
        ("SELECT 1 /*!; KILL 5*/", REFUSED_KILL),
        ("USE shop; SELECT 1", REFUSED_USE),
        ("BEGIN; SELECT 1; COMMIT", None),
        ("SELECT 1; SHOW PROCESSLIST", None),
        ("SELECT 1; SAVEPOINT s", Recognised(Special.SAVEPOINT)),
    ],
)
def test_each_of_several_statements_is_looked_at(sql: str, found: Recognised | None) -> None:
    assert said_of(sql) == found


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
        ("SET @a = 1; KILL 5", REFUSED_KILL),
        ("LOCK TABLES t READ; USE shop", use("shop")),
        ("SELECT @a := 1; KILL 5", REFUSED_KILL),
        ("SAVEPOINT s; USE shop", use("shop")),
        ("ALTER TABLE t ADD x INT; KILL 5", REFUSED_KILL),
        ("RENAME TABLE t TO u; USE shop", use("shop")),
        ("ALTER TABLE t ADD x INT; LOCK TABLES t READ", SEVERAL),
        ("SAVEPOINT s; SET @a = 1", pin("SET among several statements")),
        ("ALTER TABLE t ADD x INT; SELECT GET_LOCK('a', 1)", HOLDING),
    ],
)
def test_a_statement_hides_no_other_one_that_weighs_more(sql: str, found: Recognised) -> None:
    assert said_of(sql) == found


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
    is_plain(packet(sql), START)
    may_commit(packet(sql), START)


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
    ("sql", "keys"),
    [
        ("SELECT LAST_INSERT_ID()", {b"last_insert_id()"}),
        ("INSERT INTO t VALUES (last_insert_id ( ))", {b"last_insert_id()"}),
        ("SELECT @@identity", {b"@@identity"}),
        ("SELECT @@session.last_insert_id", {b"@@last_insert_id"}),
        ("SELECT FOUND_ROWS(), ROW_COUNT()", {b"found_rows()", b"row_count()"}),
        ("SHOW WARNINGS", {b"show warnings"}),
        ("show count(*) errors", {b"show errors"}),
        ("SELECT @@warning_count", {b"@@warning_count"}),
        ("GET DIAGNOSTICS @n = NUMBER", {b"diagnostics"}),
        ("SELECT CONNECTION_ID()", {b"connection_id()"}),
        ("select @@`identity`", {b"@@identity"}),
        ("select last_insert_id/**/()", {b"last_insert_id()"}),
        ("select row_count /* x */ ()", {b"row_count()"}),
        ("show/**/warnings", {b"show warnings"}),
        ("select lastval(s1)", {b"lastval"}),
        ("select previous value for s1", {b"lastval"}),
        ("SELECT 'it''s', FOUND_ROWS()", {b"found_rows()"}),
        ("SET @n = ROW_COUNT()", {b"row_count()"}),
        ("SELECT GET_LOCK('a', 1), CONNECTION_ID()", {b"connection_id()"}),
    ],
)
def test_what_a_statement_asks_is_found(sql: str, keys: set[bytes]) -> None:
    assert asked(sql) == keys


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT LAST_INSERT_ID(5)",
        "SELECT last_insert_id FROM t",
        "SELECT @@identity_insert",
        "SELECT row_count FROM t",
        "INSERT INTO log VALUES ('please show errors')",
        "INSERT INTO log VALUES ('SELECT LAST_INSERT_ID()')",
        "SELECT 1 /* like FOUND_ROWS() */",
    ],
)
def test_what_only_looks_like_a_question_is_none(sql: str) -> None:
    assert asked(sql) == set()


def test_a_question_takes_nothing_from_what_a_statement_is() -> None:
    found = of("SET @n = ROW_COUNT()")
    assert found is not None
    assert found.special is Special.SET
    assert of("SELECT ROW_COUNT()") == Recognised(Special.ASKS, "", frozenset((b"row_count()",)))


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
    ("sql", "may"),
    [
        ("COMMIT", True),
        ("BEGIN", True),
        ("CREATE TABLE t (a INT)", True),
        ("CALL p()", True),
        ("", True),
        ("SELECT 1", False),
        ("/* a */ insert into t values (1)", False),
        ("ROLLBACK", False),
        ("SAVEPOINT s", False),
    ],
)
def test_it_is_known_what_cannot_commit(sql: str, may: bool) -> None:
    assert may_commit(packet(sql), START) is may


LONG = "'" + "x" * (1 << 20) + "'"


@pytest.mark.parametrize(
    "sql",
    [
        f"INSERT INTO t VALUES ({LONG}, @a := 1)",
        f"SELECT {LONG}, GET_LOCK('a', 1)",
        f"SET @a = {LONG}",
    ],
    ids=["a variable", "a lock", "a setting"],
)
def test_a_long_text_that_may_do_more_pins(sql: str) -> None:
    assert of(sql) == pin("a text of more than 1 MiB")


def test_a_long_text_of_several_statements_pins_where_there_can_be_such() -> None:
    assert of(f"INSERT INTO t VALUES ({LONG}); SELECT 1", multi=True) == pin(
        "a text of more than 1 MiB"
    )
    assert of(f"INSERT INTO t VALUES ({LONG}); SELECT 1", multi=False) is None


def test_a_long_ordinary_statement_is_one() -> None:
    assert of(f"INSERT INTO t VALUES ({LONG})", multi=True) is None


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


@pytest.mark.parametrize(
    "sql",
    ["execute immediate 'use other'", "PREPARE s FROM ' KILL 5'", 'PREPARE s FROM "(use x)"'],
)
def test_use_and_kill_are_refused_in_a_text_that_is_prepared_too(sql: str) -> None:
    found = of(sql)
    assert found is not None
    assert found.special is Special.REFUSE


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE PROCEDURE p() SELECT ROW_COUNT()",
        "create definer = a@b function f() returns int return LAST_INSERT_ID()",
        "/* first */ CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW SET @n = FOUND_ROWS()",
        "ALTER EVENT e DO INSERT INTO log VALUES (CONNECTION_ID())",
    ],
)
def test_a_routine_asks_only_when_it_runs(sql: str) -> None:
    assert asked(sql) == set()


def test_a_table_made_of_a_question_asks_now() -> None:
    assert asked("CREATE TABLE t AS SELECT ROW_COUNT() AS n") == {b"row_count()"}


@pytest.mark.parametrize(
    ("sql", "special"),
    [
        ("SET STATEMENT a = 1 FOR SELECT 1", Special.SET_FOR_READING),
        ("set statement a=1, b='x', c=-1.5 for(select 1)", Special.SET_FOR_READING),
        ("SET /* a */ STATEMENT a = 1 FOR SHOW TABLES", Special.SET_FOR_READING),
        ("SET STATEMENT a = 1 FOR SET STATEMENT b = 2 FOR WITH x AS (SELECT 1) SELECT * FROM x",
         Special.SET_FOR_READING),
        ("SET STATEMENT a = 1 FOR SELECT @x := 1", Special.PIN),
        ("SET STATEMENT a = 1 FOR SELECT GET_LOCK('a', 1)", Special.HOLDING),
        ("SET STATEMENT a = 1 FOR CALL p()", Special.PIN),
        ("SET STATEMENT a = 1 FOR XA START 'x'", Special.PIN),
        ("SET STATEMENT a = 1 FOR UPDATE t SET a = 1", Special.SET),
        ("SET STATEMENT a = 1 FOR SET @x = 1", Special.SET),
        ("SET STATEMENT a = 1 FOR CREATE TEMPORARY TABLE t (a INT)", Special.SET),
        ("SET STATEMENT a = (SELECT 1) FOR SELECT 1", Special.SET),
        ("SET STATEMENT a = '\\' FOR SELECT 1, b = ' FOR SELECT 1", Special.SET),
        ("SET STATEMENT a = 1 -- x\n FOR SELECT 1", Special.SET),
        ("SET STATEMENT sql_mode = 'ANSI' FOR SELECT 1", Special.SET),
    ],
)  # fmt: skip
def test_set_statement_is_what_it_is_for(sql: str, special: Special) -> None:
    """Where that is read surely, and the status of its reply tells of the session."""
    found = of(sql)
    assert found is not None
    assert found.special is special


@pytest.mark.parametrize(
    "sql",
    [
        "SET STATEMENT a = 1 FOR KILL 5",
        "SET STATEMENT a = 1 FOR USE other",
        "SET STATEMENT a = (SELECT 1) FOR/* x */KILL 5",
        "SET/**/STATEMENT a = 1 FOR SET STATEMENT b = 2 FOR KILL 5",
        "SET STATEMENT a = 1 FOR /*! KILL 5 */",
        "SET STATEMENT a = 1 -- FOR SELECT 1\nFOR USE other",
        "SET STATEMENT a = 1 FOR PREPARE s FROM 'KILL 5'",
    ],
)
def test_use_and_kill_are_refused_behind_set_statement(sql: str) -> None:
    found = of(sql)
    assert found is not None
    assert found.special is Special.REFUSE
