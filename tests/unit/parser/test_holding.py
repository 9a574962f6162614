"""What a statement takes of its connection is never missed, and freed only when that is sure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.holding import (
    MAX_EFFECTS,
    NOTHING,
    UNKNOWN,
    Effects,
    Held,
    Holding,
    holdings,
)

TABLE, LOCK, PREPARED = Held.TEMPORARY_TABLE, Held.NAMED_LOCK, Held.PREPARED
PLAIN = Held.PREPARED_PLAIN


def of(sql: str | bytes, **mode: bool) -> Effects:
    return holdings(b"12345" + (sql.encode() if isinstance(sql, str) else sql), 5, **mode)


def takes(kind: Held, *names: str | None) -> Effects:
    return Effects(takes=held(kind, *names))


def frees(kind: Held, *names: str | None) -> Effects:
    return Effects(frees=held(kind, *names))


def held(kind: Held, *names: str | None) -> tuple[Holding, ...]:
    return tuple(Holding(kind, name.encode() if name is not None else None) for name in names)


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1",
        "INSERT INTO t VALUES ('GET_LOCK(''a'', 1)')",
        "SELECT \"GET_LOCK('a', 1)\" FROM t",
        "SELECT 1 /* GET_LOCK('a', 1) */",
        "SELECT get_lock, `get_lock` FROM t",
        "SELECT is_free_lock('a'), d.get_lock('a', 1)",
        "CREATE TABLE t (a INT)",
        "CREATE TABLE temporary (a INT)",
        "DROP DATABASE d",
        "DROP VIEW v",
        "FLUSH TABLES",
        "FLUSH STATUS",
        "HANDLER t READ FIRST",
        "BEGIN",
        "COMMIT",
        "INSERT INTO t VALUES ('/*! x */')",
    ],
)
def test_an_ordinary_statement_takes_nothing(sql: str) -> None:
    assert of(sql) == NOTHING


@pytest.mark.parametrize(
    ("sql", "effects"),
    [
        ("CREATE TEMPORARY TABLE t (a INT)", takes(TABLE, "t")),
        ("create /**/ temporary table if not exists `D` . `t` like x", takes(TABLE, "D.t")),
        ("CREATE OR REPLACE TEMPORARY TABLE t (a INT)", takes(TABLE, "t")),
        ("CREATE TEMPORARY TABLE `a.b` (a INT)", takes(TABLE, None)),
        ("CREATE TEMPORARY SEQUENCE s", takes(TABLE, None)),
        ("DROP TABLE t", frees(TABLE, "t")),
        ("DROP TEMPORARY TABLE IF EXISTS t, `u`, d.v RESTRICT", frees(TABLE, "t", "u", "d.v")),
        ("DROP TABLES `a.b`, t", frees(TABLE, "t")),
    ],
)
def test_temporary_tables_are_taken_and_freed_by_name(sql: str, effects: Effects) -> None:
    assert of(sql) == effects


@pytest.mark.parametrize(
    ("sql", "effects"),
    [
        ("LOCK TABLES t READ, u WRITE", takes(Held.TABLE_LOCKS, "tables")),
        ("lock table t read", takes(Held.TABLE_LOCKS, "tables")),
        ("FLUSH TABLES WITH READ LOCK", takes(Held.TABLE_LOCKS, "all")),
        ("FLUSH LOCAL TABLES t, u WITH /**/ READ LOCK", takes(Held.TABLE_LOCKS, "tables")),
        ("FLUSH TABLES t FOR EXPORT", takes(Held.TABLE_LOCKS, "tables")),
        ("UNLOCK TABLES", frees(Held.TABLE_LOCKS, None)),
        ("UNLOCK TABLE;", frees(Held.TABLE_LOCKS, None)),
        ("LOCK INSTANCE FOR BACKUP", takes(Held.BACKUP_LOCK, "instance")),
        ("UNLOCK INSTANCE", frees(Held.BACKUP_LOCK, "instance")),
        ("DEALLOCATE PREPARE s", Effects(frees=held(PREPARED, "s") + held(PLAIN, "s"))),
        ("DROP PREPARE S", Effects(frees=held(PREPARED, "s") + held(PLAIN, "s"))),
        ("EXECUTE S USING @a", takes(Held.EXECUTED, "s")),
        ("EXECUTE IMMEDIATE 'SELECT 1'", takes(Held.EXECUTED, None)),
        ("HANDLER d.T OPEN", takes(Held.HANDLER, "t")),
        ("HANDLER t OPEN AS A", takes(Held.HANDLER, "a")),
        ("HANDLER t OPEN `a`", takes(Held.HANDLER, "a")),
        ("HANDLER A CLOSE", frees(Held.HANDLER, "a")),
    ],
)
def test_statements_of_their_own_take_and_free(sql: str, effects: Effects) -> None:
    assert of(sql) == effects


@pytest.mark.parametrize(
    "text",
    [
        "'SELECT v FROM t WHERE id = ?'",
        "\"INSERT INTO t VALUES ('it''s', ?)\"",
        "'UPDATE t SET v = ?;'",
    ],
)
def test_a_plain_statement_that_is_prepared_is_told_from_others(text: str) -> None:
    """Executing it does nothing to the session."""
    replaced = held(PREPARED, "s") + held(PLAIN, "s")
    assert of(f"PREPARE S FROM {text}") == Effects(held(PLAIN, "s"), held(PREPARED, "s"), replaced)


@pytest.mark.parametrize(
    "text",
    [
        "@a",
        "'SET @a = 1'",
        "'SELECT @a := 1'",
        "'SELECT f(1)'",
        "'SELECT LAST_INSERT_ID()'",
        "'CREATE TABLE u (a INT)'",
        "'DROP TABLE t'",
        "'SELECT ''\\''",
        "N'SELECT 1'",
    ],
)
def test_of_others_that_are_prepared_nothing_is_known(text: str) -> None:
    found = of(f"PREPARE `S` FROM {text}")
    assert (found.takes, found.frees) == (held(PREPARED, "s"), held(PLAIN, "s"))


@pytest.mark.parametrize(
    ("text", "replaces"),
    [("@a", True), ("'SELEKT'", True), ("CONCAT('SELECT', f())", False), ("'SELECT' 'x'", False)],
)
def test_a_name_is_free_when_preparing_fails_unless_its_text_is_an_expression(
    text: str, replaces: bool
) -> None:
    found = of(f"PREPARE s FROM {text}")
    assert found.replaces == (held(PREPARED, "s") + held(PLAIN, "s") if replaces else ())


@pytest.mark.parametrize(
    ("sql", "effects"),
    [
        ("SELECT GET_LOCK('a', 1)", takes(LOCK, "a")),
        ("SELECT get_lock ( 'A' , 1)", takes(LOCK, "A")),
        ("SELECT `get_lock`('it''s', 1)", takes(LOCK, "it's")),
        ('DO GET_LOCK("a", 1), GET_LOCK("a", 1)', takes(LOCK, "a", "a")),
        ("SELECT IF(GET_LOCK('a', 1), 1, 2)", takes(LOCK, "a")),
        ("SELECT GET_LOCK(?, 1)", takes(LOCK, None)),
        ("SELECT GET_LOCK(CONCAT('a', 'b'), 1)", takes(LOCK, None)),
        ("SELECT GET_LOCK('a' 'b', 1)", takes(LOCK, None)),
        ("SELECT GET_LOCK('a\\'', 1)", takes(LOCK, None)),
        ("SELECT GET_LOCK(n'a', 1)", takes(LOCK, None)),
        ("SELECT GET_LOCK('a', 1) FROM t", takes(LOCK, None)),
        ("SELECT 1 FROM t WHERE GET_LOCK('a', 1)", takes(LOCK, None)),
        ("SELECT BENCHMARK(2, GET_LOCK('a', 1))", takes(LOCK, None)),
        ("UPDATE t SET a = GET_LOCK('a', 1)", takes(LOCK, None)),
        ("SELECT RELEASE_LOCK('a')", frees(LOCK, "a")),
        ("SELECT RELEASE_LOCK('a') AS x, 1 FROM DUAL", frees(LOCK, "a")),
        ("DO RELEASE_LOCK('a'), release_lock('b')", frees(LOCK, "a", "b")),
        ("SELECT RELEASE_ALL_LOCKS()", frees(LOCK, None)),
    ],
)
def test_named_locks_are_taken_and_freed_by_calls(sql: str, effects: Effects) -> None:
    assert of(sql) == effects


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT RELEASE_LOCK(?)",
        "SELECT RELEASE_LOCK('a') FROM t",
        "SELECT RELEASE_LOCK('a') LIMIT 0",
        "SELECT 1 WHERE RELEASE_LOCK('a')",
        "SELECT IF(@a, RELEASE_LOCK('a'), 1)",
        "SELECT 0 AND RELEASE_LOCK('a')",
        "UPDATE t SET a = RELEASE_LOCK('a')",
        "CREATE PROCEDURE p() DO RELEASE_ALL_LOCKS()",
        "CREATE PROCEDURE p() BEGIN SELECT 1; DROP TABLE t; UNLOCK TABLES; END",
        "DROP PROCEDURE prepare",
        "SELECT 'x' /* RELEASE_ALL_LOCKS() */",
    ],
)
def test_what_may_not_be_evaluated_frees_nothing(sql: str) -> None:
    assert of(sql).frees == ()


@pytest.mark.parametrize(
    ("sql", "effects"),
    [
        (
            "SELECT GET_LOCK('a', 1), RELEASE_LOCK('a')",
            Effects(held(LOCK, "a"), held(LOCK, "a")),
        ),
        ("SELECT RELEASE_LOCK('a'), GET_LOCK('a', 1)", takes(LOCK, "a")),
        ("DO RELEASE_ALL_LOCKS(); DO GET_LOCK('a', 1)", takes(LOCK, "a")),
        ("DO RELEASE_LOCK('b'); DO GET_LOCK('a', 1)", Effects(held(LOCK, "a"), held(LOCK, "b"))),
        ("DROP TABLE t; CREATE TEMPORARY TABLE t (a INT)", takes(TABLE, "t")),
        (
            "CREATE TEMPORARY TABLE t (a INT); SELECT ';'; DROP TABLE t",
            Effects(held(TABLE, "t"), held(TABLE, "t")),
        ),
        ("SELECT 1; LOCK TABLES t READ; SELECT 2;", takes(Held.TABLE_LOCKS, "tables")),
    ],
)
def test_what_is_freed_is_not_held_when_all_has_run(sql: str, effects: Effects) -> None:
    assert of(sql) == effects


@pytest.mark.parametrize(
    "sql",
    [
        "/*!50000 SELECT 1 */",
        "SELECT 1 /*M! , GET_LOCK('a', 1) */",
        "SELECT 'a",
        "SELECT 1; /* a",
        "BEGIN NOT ATOMIC CREATE TEMPORARY TABLE t (a INT); END",
        "IF 1 THEN CREATE TEMPORARY TABLE t (a INT); END IF",
        "l: LOOP SELECT 1; END LOOP",
        "`l` : BEGIN END",
        "LOCK BINLOG FOR BACKUP",
        "BACKUP STAGE START",
        "CREATE TEMPORARY TABLE (a INT)",
        "PREPARE 's' FROM 'SELECT 1'",
        "SELECT '" + "a" * (1 << 20) + "'",
        "SELECT " + "GET_LOCK('a', 1)," * (MAX_EFFECTS + 1) + "1",
        "DO " + ",".join(["RELEASE_LOCK('a')"] * (MAX_EFFECTS + 1)),
        "DROP TABLE a;" * 2000 + "SELECT 1",
    ],
)
def test_what_is_not_understood_takes_something_unknown(sql: str) -> None:
    assert of(sql) == UNKNOWN


def test_the_sql_mode_decides_what_is_in_a_string() -> None:
    sql = r"SELECT 'a\', GET_LOCK('b', 1), ' \''"
    assert of(sql) == UNKNOWN
    assert of(r"SELECT 'a\', GET_LOCK('b', 1), ''", no_backslash_escapes=True) == takes(LOCK, "b")
    assert of("SELECT \"get_lock\"('a', 1)", ansi_quotes=True) == takes(LOCK, "a")
    assert of('SELECT GET_LOCK("a", 1)', ansi_quotes=True) == takes(LOCK, None)


def test_only_named_locks_count() -> None:
    assert [kind for kind in Held if kind.counts] == [LOCK]


WORDS = "CREATE TEMPORARY TABLE DROP LOCK t GET_LOCK( 'a' RELEASE_LOCK( ) , ; SELECT DO"
PIECES = st.lists(st.sampled_from([*WORDS.split(), "/*", "*/", "--", "'", "`", ".", "BEGIN"]))


@given(st.one_of(st.binary(), PIECES.map(lambda pieces: " ".join(pieces).encode())))
def test_any_text_has_effects(text: bytes) -> None:
    assert isinstance(of(text), Effects)


@given(st.text(alphabet='ab(),;@ \n"`*/#-', max_size=20))
def test_nothing_is_taken_or_freed_in_strings_names_and_comments(text: str) -> None:
    call = f"; LOCK TABLES t READ; {text} DO GET_LOCK(), RELEASE_ALL_LOCKS()"
    name = call.replace("`", "")
    comment = call.replace("*/", "")
    line = call.replace("\n", "")
    assert of(f"SELECT '{call}'") == NOTHING
    assert of(f"SELECT `{name}` FROM t") == NOTHING
    assert of(f"SELECT 1 /* {comment} */") == NOTHING
    assert of(f"SELECT 1 # {line}") == NOTHING


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=20))
def test_every_lock_of_a_text_is_found(names: list[str]) -> None:
    calls = ", ".join(f"GET_LOCK('{name}', 1)" for name in names)
    assert of(f"SELECT {calls}") == takes(LOCK, *names)
    several = "; ".join(f"DO GET_LOCK('{name}', 1)" for name in names)
    assert of(several) == takes(LOCK, *names)
