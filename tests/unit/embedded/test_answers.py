"""Every statement of the two files of answers is answered as MySQL 9.7 answered it.

One is about what statements answer, the other about what sessions remember. Both hold groups of
statements; a group starts on an empty database. An answer is what the server gave: ``OK`` with
affected rows, insert id and info; ``ERR`` with number and text; or ``ROWS`` with the columns (name
and type, or the name alone where the embedded server's type is known to differ) and each row's
Python values.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from athena_g.embedded.results import OkResult
from athena_g.embedded.session import EngineSession
from athena_g.errors import SqlError
from tests.unit.embedded.conftest import Connect

HERE = Path(__file__).parent
GROUPS = [
    *json.loads((HERE / "mysql_answers.json").read_text()),
    *json.loads((HERE / "mysql_session_answers.json").read_text()),
]


def answer(session: EngineSession, sql: str, *, with_types: bool) -> list[Any]:
    try:
        result = session.execute(sql)
        if isinstance(result, OkResult):
            return ["OK", result.affected_rows, result.last_insert_id, result.info]
        columns = [[c.name, int(c.type)] if with_types else c.name for c in result.columns]
        return ["ROWS", columns, [repr(tuple(row)) for row in result.rows]]
    except SqlError as error:
        return ["ERR", error.errno, error.message]


@pytest.mark.parametrize("group", range(len(GROUPS)))
def test_the_answers_are_those_of_mysql(connect: Connect, group: int) -> None:
    session = connect()
    session.execute("SET NAMES utf8mb4")
    differing = []
    for entry in GROUPS[group]:
        expected = entry["answer"]
        with_types = (
            expected[0] == "ROWS" and bool(expected[1]) and isinstance(expected[1][0], list)
        )
        got = answer(session, entry["sql"], with_types=with_types)
        if got != expected:
            differing.append((entry["sql"], got, expected))
    assert differing == []


def test_the_files_of_answers_are_not_empty() -> None:
    assert sum(len(group) for group in GROUPS) > 500
