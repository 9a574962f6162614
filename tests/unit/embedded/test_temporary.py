"""Temporary tables and the transactions they are used in."""

from __future__ import annotations

import pytest

from athena_g.embedded.session import EngineSession
from athena_g.errors import SqlError
from tests.unit.embedded.conftest import rows, run


def test_a_rollback_undoes_the_rows_and_not_the_table(session: EngineSession) -> None:
    create = "CREATE TEMPORARY TABLE x (a INT, UNIQUE (a))"
    run(session, "BEGIN", create, "INSERT INTO x VALUES (1)", "ROLLBACK")
    assert rows(session, "SELECT * FROM x") == []
    run(session, "INSERT INTO x VALUES (1)")
    with pytest.raises(SqlError, match=r"Duplicate entry '1' for key 'x\.a'"):
        run(session, "INSERT INTO x VALUES (1)")


def test_a_rollback_to_a_savepoint_keeps_the_table(session: EngineSession) -> None:
    run(session, "BEGIN", "SAVEPOINT s", "CREATE TEMPORARY TABLE x (a INT)", "ROLLBACK TO s")
    assert rows(session, "SELECT * FROM x") == []


def test_a_dropped_table_does_not_come_back(session: EngineSession) -> None:
    run(session, "CREATE TEMPORARY TABLE x (a INT)", "BEGIN", "DROP TABLE x", "ROLLBACK")
    with pytest.raises(SqlError, match="doesn't exist"):
        run(session, "SELECT * FROM x")
    run(session, "CREATE TEMPORARY TABLE x (b INT)")


def test_a_table_that_could_not_be_filled_is_not_there(session: EngineSession) -> None:
    with pytest.raises(SqlError):
        run(
            session, "CREATE TEMPORARY TABLE x (a INT PRIMARY KEY) SELECT 1 AS a UNION ALL SELECT 1"
        )
    with pytest.raises(SqlError, match="doesn't exist"):
        run(session, "SELECT * FROM x")


def test_a_reset_in_a_transaction_leaves_none(session: EngineSession) -> None:
    run(session, "SET autocommit = 0", "CREATE TEMPORARY TABLE x (a INT)")
    session.reset()
    with pytest.raises(SqlError, match="doesn't exist"):
        run(session, "SELECT * FROM x")
