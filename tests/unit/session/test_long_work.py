"""Work in a thread gives what it would give here."""

from __future__ import annotations

import threading

import pytest

from athena_g import errors
from athena_g.errors import SqlError
from athena_g.session.long_work import in_thread


def test_the_work_is_done_in_another_thread() -> None:
    assert in_thread(threading.get_ident) != threading.get_ident()
    assert in_thread(sorted, [1, 2], reverse=True) == [2, 1]


def test_what_it_raises_is_raised_here_and_nothing_is_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def refuse() -> None:
        raise errors.NOT_UNDERSTOOD(table="orders")

    with pytest.raises(SqlError, match="orders"):
        in_thread(refuse)
    assert capfd.readouterr().err == ""
