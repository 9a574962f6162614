"""Which statements stay prepared on a connection, and how the others are closed."""

from __future__ import annotations

import pytest

from athena_g.backend import statements
from athena_g.backend.statements import Prepared, StatementCache
from athena_g.protocol.framing import frame


def prepared(number: int) -> Prepared:
    return Prepared(number.to_bytes(4, "little"))


def close(number: int) -> bytes:
    """A framed COM_STMT_CLOSE."""
    return frame(b"\x19" + number.to_bytes(4, "little"), 0)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> StatementCache:
    """One for at most three statements, holding 1, 2 and 3."""
    monkeypatch.setattr(statements, "MAX_PREPARED", 3)
    made = StatementCache()
    for number in (1, 2, 3):
        made.add(number, prepared(number))
    return made


def test_a_statement_is_found_by_what_it_was_prepared_from(cache: StatementCache) -> None:
    found = cache.get(2)
    assert found is not None
    assert (found.id, found.types) == (b"\2\0\0\0", None)
    assert cache.get(4) is None


def test_the_statement_unused_for_longest_is_closed_for_one_too_many(cache: StatementCache) -> None:
    cache.get(1)
    cache.add(4, prepared(4))
    assert (cache.get(2), len(cache)) == (None, 3)
    assert cache.closing == close(2)


def test_up_to_the_limit_nothing_is_closed(cache: StatementCache) -> None:
    assert (len(cache), cache.closing) == (3, b"")


def test_a_statement_prepared_again_closes_the_one_before(cache: StatementCache) -> None:
    again = prepared(9)
    cache.add(1, again)
    assert (cache.get(1), len(cache), cache.closing) == (again, 3, close(1))


def test_a_removed_statement_is_closed_once(cache: StatementCache) -> None:
    cache.remove(1)
    cache.remove(1)
    assert (cache.get(1), cache.closing) == (None, close(1))


def test_every_statement_can_be_closed(cache: StatementCache) -> None:
    cache.close_all()
    assert (len(cache), cache.closing) == (0, close(1) + close(2) + close(3))


def test_what_a_reset_closed_is_not_closed_again(cache: StatementCache) -> None:
    cache.remove(1)
    cache.forget()
    assert (len(cache), cache.closing) == (0, b"")
