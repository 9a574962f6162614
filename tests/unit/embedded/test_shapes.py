"""Queries of one shape share a translation, and only where that changes no answer."""

from __future__ import annotations

import pytest

from athena_g.embedded.lexer import tokenize
from athena_g.embedded.session import EngineSession
from athena_g.embedded.shapes import marked, with_parameters
from athena_g.errors import SqlError
from tests.unit.embedded.conftest import rows, run


def test_the_integers_of_conditions_are_marked() -> None:
    sql = "SELECT 1 FROM t WHERE a = 5 AND b BETWEEN 6 AND 7 LIMIT 8"
    found = marked(sql, tokenize(sql))
    assert found is not None
    assert found[1] == [5, 6, 7]
    assert with_parameters(found[0], 3) == (
        "SELECT 1 FROM t WHERE a = ?1 AND b BETWEEN ?2 AND ?3 LIMIT 8"
    )


def test_a_mark_that_became_a_text_is_noticed() -> None:
    assert with_parameters("SELECT 1 WHERE p = '900000000000000000'", 1) is None


def test_queries_of_one_shape_have_their_own_answers(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (i INT, p DECIMAL(6,2), d DATE, s VARCHAR(9))",
        "INSERT INTO t VALUES (1, 1, '2024-01-01', '1x'), (2, 2.5, '2024-01-02', '2')")  # fmt: skip
    assert [rows(session, f"SELECT i FROM t WHERE i = {n}") for n in (1, 2)] == [[(1,)], [(2,)]]
    assert [rows(session, f"SELECT i FROM t WHERE p > {n}") for n in (1, 3)] == [[(2,)], []]
    assert rows(session, "SELECT i FROM t WHERE d = 20240102") == [(2,)]
    assert [rows(session, f"SELECT i FROM t WHERE s = {n}") for n in (1, 2)] == [[(1,)], [(2,)]]


def test_a_changed_table_is_translated_anew(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (i INT, v INT)", "INSERT INTO t VALUES (1, 2)")
    assert rows(session, "SELECT * FROM t WHERE i = 1") == [(1, 2)]
    run(session, "ALTER TABLE t DROP COLUMN v")
    assert rows(session, "SELECT * FROM t WHERE i = 1") == [(1,)]


def test_rows_that_are_skipped_are_counted_for_each_of_a_shape(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (i INT)", "INSERT INTO t VALUES (1), (2), (3)")
    found = []
    for least in (1, 3):
        run(session, f"SELECT i FROM t WHERE i >= {least} LIMIT 5 OFFSET 9")
        found += rows(session, "SELECT FOUND_ROWS()")
    assert found == [(3,), (1,)]


def test_a_translation_is_not_used_in_another_time_zone(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (i INT, s TIMESTAMP)", "SELECT s FROM t WHERE i = 1")
    session.execute("SET time_zone = '+02:00'")
    with pytest.raises(SqlError, match="TIMESTAMP columns of t in another time zone"):
        run(session, "SELECT s FROM t WHERE i = 1")
