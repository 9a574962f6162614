"""How many errors and warnings are kept, and how many are counted."""

from __future__ import annotations

from athena_g import errors
from athena_g.embedded.diagnostics import MAX_COUNTED, MAX_KEPT, Diagnostics
from athena_g.embedded.session import EngineSession
from tests.unit.embedded.conftest import rows, run


def test_no_more_are_kept_than_allowed_but_all_are_counted() -> None:
    diagnostics = Diagnostics()
    for _ in range(MAX_KEPT + 5):
        diagnostics.add("Warning", errors.DIVISION_BY_ZERO())
    assert (len(diagnostics.entries), diagnostics.count) == (MAX_KEPT, MAX_KEPT + 5)


def test_the_count_fits_into_the_packet() -> None:
    diagnostics = Diagnostics()
    for _ in range(MAX_COUNTED + 5):
        diagnostics.add("Note", errors.DIVISION_BY_ZERO())
    assert diagnostics.count == MAX_COUNTED


def test_an_error_passed_on_is_kept_once() -> None:
    diagnostics, error = Diagnostics(), errors.DIVISION_BY_ZERO()
    diagnostics.add("Error", error)
    diagnostics.add("Error", error)
    assert diagnostics.count == 1


def test_an_error_in_the_middle_of_rows_is_kept(session: EngineSession) -> None:
    run(session, "CREATE TABLE t (a BIGINT)", "INSERT INTO t VALUES (1), (9223372036854775807)")
    result = session.execute("SELECT a + 1 FROM t")
    try:
        list(result.rows)  # type: ignore[union-attr]
    except errors.SqlError as error:
        assert error.errno == 1690
    assert [row[1] for row in rows(session, "SHOW ERRORS")] == [1690]
