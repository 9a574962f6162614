"""What a text asks about the statement before it is found, and only where it is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.questions import ShowConditions, parse_show_warnings, questions

FUNCTIONS = ["connection_id", "row_count", "found_rows", "last_insert_id"]
VARIABLES = ["warning_count", "error_count", "pseudo_thread_id", "last_insert_id", "identity"]


def asks(sql: str | bytes, **mode: bool) -> set[str]:
    packet = b"12345" + (sql.encode() if isinstance(sql, str) else sql)
    return {key.decode() for key in questions(packet, 5, **mode)}


def shown(sql: str) -> ShowConditions | None:
    return parse_show_warnings(b"12345" + sql.encode(), 5)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("form", ["{}()", "{} ( )", "{} /* a */ (\n)", "`{}`()"])
def test_a_call_without_arguments_asks(name: str, form: str) -> None:
    assert asks(f"SELECT {form.format(name)} FROM t") == {f"{name}()"}
    assert asks(f"UPDATE t SET a = {form.format(name.upper())}") == {f"{name}()"}


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize(
    "form", ["@@{}", "@@session.{}", "@@LOCAL . {}", "@@`{}`", "@@session.`{}`"]
)
def test_a_variable_of_the_session_asks(name: str, form: str) -> None:
    assert asks(f"SELECT {form.format(name)}") == {f"@@{name}"}
    assert asks(f"SELECT {form.format(name.upper())}, 1") == {f"@@{name}"}


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        ("SHOW WARNINGS", {"show warnings"}),
        ("show /**/ errors limit 1", {"show errors"}),
        ("SHOW COUNT(*) WARNINGS", {"show warnings"}),
        ("SELECT 1; SHOW WARNINGS", {"show warnings"}),
        ("GET DIAGNOSTICS @a = NUMBER", {"diagnostics"}),
        ("GET CURRENT DIAGNOSTICS @a = NUMBER", {"diagnostics"}),
        ("SELECT LASTVAL(s)", {"lastval"}),
        ("SELECT PREVIOUS VALUE FOR s", {"lastval"}),
        ("SELECT ROW_COUNT(), @@identity, ROW_COUNT()", {"row_count()", "@@identity"}),
        ("INSERT INTO t VALUES (1); SELECT LAST_INSERT_ID()", {"last_insert_id()"}),
    ],
)
def test_statements_and_several_questions_are_found(sql: str, keys: set[str]) -> None:
    assert asks(sql) == keys


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1",
        "SELECT row_count, found_rows FROM t",
        "SELECT LAST_INSERT_ID(5)",
        "SELECT d.row_count()",
        "SELECT @row_count, @@global.warning_count, @@max_error_count",
        "SELECT SQL_CALC_FOUND_ROWS a FROM t",
        "SELECT 'ROW_COUNT()', `@@warning_count`",
        "SELECT 1 /* ROW_COUNT() */ -- SHOW WARNINGS",
        "SELECT warnings, errors, diagnostics, lastval, previous FROM t",
        "SHOW TABLES LIKE 'warnings'",
    ],
)
def test_a_text_that_asks_nothing_has_no_questions(sql: str) -> None:
    assert asks(sql) == set()


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        ("SELECT /*! ROW_COUNT() */ 1", {"row_count()"}),
        ("SELECT 'x', ROW_COUNT(), 'x", {"row_count()"}),
        ("/*! SHOW WARNINGS */", {"show warnings"}),
        ("SELECT /*!1 @@identity */", {"@@identity"}),
        ("/*! GET DIAGNOSTICS */", {"diagnostics"}),
        ("SELECT ROW_COUNT(), '" + "a" * (1 << 20) + "'", {"row_count()"}),
    ],
)
def test_a_text_that_is_not_understood_asks_what_its_words_may_mean(
    sql: str, keys: set[str]
) -> None:
    assert asks(sql) >= keys


@pytest.mark.parametrize(
    ("sql", "conditions"),
    [
        ("SHOW WARNINGS", ShowConditions(False)),
        ("show errors;", ShowConditions(True)),
        ("SHOW COUNT(*) WARNINGS", ShowConditions(False, count=True)),
        ("SHOW COUNT( * ) ERRORS", ShowConditions(True, count=True)),
        ("SHOW WARNINGS LIMIT 5", ShowConditions(False, limit=5)),
        ("SHOW WARNINGS LIMIT 2, 5", ShowConditions(False, offset=2, limit=5)),
        ("SHOW ERRORS LIMIT 5 OFFSET 2", ShowConditions(True, offset=2, limit=5)),
        ("/* a */ SHOW -- b\n WARNINGS", ShowConditions(False)),
    ],
)
def test_what_is_shown_is_known(sql: str, conditions: ShowConditions) -> None:
    assert shown(sql) == conditions


@pytest.mark.parametrize(
    "sql",
    [
        "SHOW",
        "SHOW TABLES",
        "SHOW COUNT (*) WARNINGS",
        "SHOW COUNT(*) WARNINGS LIMIT 1",
        "SHOW COUNT(1) WARNINGS",
        "SHOW WARNINGS LIMIT",
        "SHOW WARNINGS LIMIT -1",
        "SHOW WARNINGS LIMIT 1.0",
        "SHOW WARNINGS LIMIT 0x1",
        "SHOW WARNINGS LIMIT ?",
        "SHOW WARNINGS LIMIT 18446744073709551616",
        "SHOW WARNINGS LIMIT " + "1" * 5000,
        "SHOW WARNINGS LIMIT 1 ROWS EXAMINED 5",
        "SHOW WARNINGS WHERE 1",
        "SHOW WARNINGS; SELECT 1",
        "SHOW /*! WARNINGS */",
        "SELECT 1",
        "",
    ],
)
def test_other_statements_are_not_taken_for_one_that_shows(sql: str) -> None:
    assert shown(sql) is None


PIECES = st.lists(
    st.sampled_from(
        [
            "ROW_COUNT",
            "@@",
            "@@session",
            ".",
            "identity",
            "(",
            ")",
            "'",
            "`",
            "SHOW",
            "WARNINGS",
            "/*!",
            "*/",
        ]
    )
)


@given(st.one_of(st.binary(), PIECES.map(lambda pieces: " ".join(pieces).encode())))
def test_any_text_is_read(text: bytes) -> None:
    assert asks(text) <= {
        *(f"{name}()" for name in FUNCTIONS),
        *(f"@@{name}" for name in VARIABLES),
        *("show warnings", "show errors", "diagnostics", "lastval"),
    }
    parse_show_warnings(b"SHOW " + text, 0)


@given(st.text(alphabet='ab(),;@ \n"`*/#-', max_size=20), st.sampled_from(FUNCTIONS))
def test_nothing_is_asked_in_strings_names_and_comments(text: str, name: str) -> None:
    call = f"{text} {name}() @@identity"
    backquoted, comment, line = (call.replace(end, "") for end in ("`", "*/", "\n"))
    assert asks(f"SELECT '{call}'") == set()
    assert asks(f"SELECT `{backquoted}`") == set()
    assert asks(f"SELECT 1 /* {comment} */") == set()
    assert asks(f"SELECT 1 -- {line}") == set()
