"""What statements leave on the one connection they run on, so that they cannot run on several."""

from __future__ import annotations

import pytest

from athena_g.backend.profile import profile
from athena_g.parser.recognise import MAX_LOOKED_AT, recognise
from athena_g.session.effects import effect_of, left_behind


def left(text: str) -> str:
    packet = b"\0\0\0\0\3" + text.encode()
    found = recognise(packet, 5, False)
    return "" if found is None else left_behind(effect_of(packet, 5, found, profile(45), False))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("SELECT GET_LOCK('a', 1), id FROM t", "GET_LOCK"),
        ("SELECT mine(GET_LOCK('a', 1)) FROM t", "GET_LOCK"),
        ("UPDATE t SET a = (@n := @n + 1)", "a user variable"),
        ("SELECT SQL_CALC_FOUND_ROWS id FROM t", "SQL_CALC_FOUND_ROWS"),
    ],
)
def test_it_is_known_what_stays_on_a_connection(text: str, what: str) -> None:
    assert left(text) == what


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM t",
        "DROP TABLE t",
        "ALTER TABLE t ADD a INT",
        "SELECT mine(a) FROM t",
        "SELECT id FROM t WHERE id = LAST_INSERT_ID()",
        "INSERT INTO t VALUES " + "(1)," * MAX_LOOKED_AT + "('a@example.org')",
    ],
)
def test_others_may_run_on_several(text: str) -> None:
    assert left(text) == ""
