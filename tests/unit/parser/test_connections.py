"""Statements that name connections say which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena_g.parser.connections import Kill, parse_kill, parse_show_processlist


def kill(sql: str) -> Kill | None:
    return parse_kill(b"12345" + sql.encode(), 5)


def show(sql: str) -> bool | None:
    return parse_show_processlist(b"12345" + sql.encode(), 5)


@pytest.mark.parametrize(
    ("sql", "killed"),
    [
        ("KILL 5", Kill(False, 5)),
        ("kill/**/5;", Kill(False, 5)),
        ("KILL CONNECTION 5", Kill(False, 5)),
        ("KILL QUERY 18446744073709551615", Kill(True, 2**64 - 1)),
        ("KILL CONNECTION_ID()", Kill(False, None)),
        ("KILL QUERY connection_id ( )", Kill(True, None)),
    ],
)
def test_a_connection_is_killed_by_its_id(sql: str, killed: Kill) -> None:
    assert kill(sql) == killed


@pytest.mark.parametrize(
    "sql",
    [
        "KILL",
        "KILL QUERY",
        "KILL HARD 5",
        "KILL SOFT QUERY 5",
        "KILL QUERY ID 5",
        "KILL USER a",
        "KILL '5'",
        "KILL 0x5",
        "KILL 5.0",
        "KILL 5 + 1",
        "KILL (5)",
        "KILL -5",
        "KILL @a",
        "KILL ?",
        "KILL 5; SELECT 1",
        "KILL 5 /*! 6 */",
        "KILL " + "5" * 5000,
        "SELECT 5",
        "",
    ],
)
def test_a_kill_of_another_form_names_nobody(sql: str) -> None:
    assert kill(sql) is None


@pytest.mark.parametrize(
    ("sql", "full"),
    [
        ("SHOW PROCESSLIST", False),
        ("show /* a */ full processlist ;", True),
        ("SHOW FULL TABLES", None),
        ("SHOW PROCESSLIST LIMIT 1", None),
        ("SHOW FULL", None),
        ("SHOW", None),
        ("SHOW 'PROCESSLIST'", None),
        ("SHOW PROCESSLIST; SELECT 1", None),
        ("SHOW PROCESSLIST /*!", None),
        ("EXPLAIN SHOW PROCESSLIST", None),
    ],
)
def test_a_list_of_connections_is_full_or_not(sql: str, full: bool | None) -> None:
    assert show(sql) is full


@given(st.binary())
def test_any_text_is_read_or_not_known(text: bytes) -> None:
    parse_kill(b"KILL " + text, 0)
    parse_show_processlist(b"SHOW " + text, 0)
    assert parse_kill(b"SELECT " + text, 0) is None
    assert parse_show_processlist(b"SELECT " + text, 0) is None
