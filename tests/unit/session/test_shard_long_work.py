"""Work that a thread does while sessions go on."""

from __future__ import annotations

import pytest

from athena_g.session.long_work import in_thread


def test_what_a_thread_raises_the_session_gets_and_not_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ZeroDivisionError):
        in_thread(divmod, 1, 0)
    assert capfd.readouterr().err == ""


def test_what_a_thread_gives_the_session_gets() -> None:
    assert in_thread(divmod, 7, 2) == (3, 1)
