"""What OK packets tell of a session, as MySQL 9.7 told it for the same statements."""

from __future__ import annotations

import pytest

from athena_g.embedded.session import EngineSession
from athena_g.protocol.replies import session_changes
from tests.unit.embedded.conftest import run

VARIABLES, SCHEMA, STATE, TRANSACTION = 0, 1, 2, 5
NAMES = [
    (VARIABLES, "character_set_client", "latin1"),
    (VARIABLES, "character_set_connection", "latin1"),
    (VARIABLES, "character_set_results", "latin1"),
]


def told(session: EngineSession, sql: str) -> list[tuple[int, str, str]]:
    """What the client is told after the statement."""
    run(session, sql)
    return [tuple(change) for change in session_changes(session.tracker.encode())]  # type: ignore[misc]


@pytest.fixture
def tracked(session: EngineSession) -> EngineSession:
    """A session that asks for some variables, one of which does not exist, and for the state."""
    run(session, "SET session_track_system_variables = 'sql_mode, nosuch,AUTOCOMMIT,time_zone', "
        "session_track_state_change = 1")  # fmt: skip
    session.tracker.encode()
    return session


@pytest.mark.parametrize(
    ("sql", "changes"),
    [
        ("SET autocommit = 1", [(VARIABLES, "autocommit", "ON")]),
        ("SET sql_mode = ''", []),
        ("SET NAMES latin1", NAMES),
        ("SET @a = 1", []),
        ("USE test", [(SCHEMA, "", "test")]),
        ("CREATE TEMPORARY TABLE t (a INT)", []),
        ("SELECT 1", []),
    ],
)
def test_the_usual_variables_are_told_to_who_asked_for_none(
    session: EngineSession, sql: str, changes: list[tuple[int, str, str]]
) -> None:
    assert told(session, sql) == changes


@pytest.mark.parametrize(
    ("sql", "changes"),
    [
        ("SET time_zone = '+00:00', autocommit = 0", [
            (VARIABLES, "autocommit", "OFF"), (VARIABLES, "time_zone", "+00:00"), (STATE, "", "1")
        ]),
        ("SET sql_mode = DEFAULT, sql_mode = ''", [(VARIABLES, "sql_mode", ""), (STATE, "", "1")]),
        ("SET NAMES latin1", [(STATE, "", "1")]),
        ("SET max_sort_length = 2000", [(STATE, "", "1")]),
        ("SET @a = 1", [(STATE, "", "1")]),
        ("USE test", [(SCHEMA, "", "test"), (STATE, "", "1")]),
        ("CREATE TEMPORARY TABLE t (a INT)", [(STATE, "", "1")]),
        ("PREPARE p FROM 'SELECT 1'", [(STATE, "", "1")]),
        ("SET TRANSACTION READ ONLY", []),
        ("SET GLOBAL max_connections = 151", []),
        ("SELECT GET_LOCK('a', 0)", []),
        ("DO 1", []),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_told(
    tracked: EngineSession, sql: str, changes: list[tuple[int, str, str]]
) -> None:
    assert told(tracked, sql) == changes


def test_all_variables_are_told_for_a_star(session: EngineSession) -> None:
    assert told(session, "SET session_track_system_variables = '*'") == [
        (VARIABLES, "session_track_system_variables", "*")
    ]
    assert told(session, "SET max_sort_length = 5") == [(VARIABLES, "max_sort_length", "5")]


def test_nothing_is_told_once_it_is_switched_off(session: EngineSession) -> None:
    run(session, "SET session_track_system_variables = '', session_track_schema = 0")
    assert told(session, "SET autocommit = 0") == []
    assert told(session, "USE test") == []


def test_the_end_of_a_default_database_is_told(session: EngineSession) -> None:
    assert told(session, "DROP DATABASE test") == [(SCHEMA, "", "")]


def test_a_transaction_is_told_when_it_begins_and_when_it_ends(session: EngineSession) -> None:
    assert told(session, "BEGIN") == [(TRANSACTION, "", "T_______")]
    assert told(session, "DO 1") == []
    assert told(session, "COMMIT AND CHAIN") == []
    assert told(session, "CREATE TABLE t (a INT)") == [(TRANSACTION, "", "________")]
    assert told(session, "COMMIT") == []


def test_a_reset_is_not_told(tracked: EngineSession) -> None:
    run(tracked, "SET autocommit = 0", "BEGIN")
    tracked.reset()
    assert tracked.tracker.encode() == b""
