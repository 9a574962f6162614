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


def test_private_statements_are_neither_counted_nor_evicted(cache: StatementCache) -> None:
    private = [prepared(number) for number in range(10, 20)]
    for each in private:
        cache.add_private(each.id, each)
    for number in (4, 5, 6):
        cache.add(number, prepared(number))
    assert len(cache) == 3
    assert [cache.get_private(each.id) for each in private] == private
    assert cache.closing == close(1) + close(2) + close(3)


def test_a_private_statement_is_found_under_no_other_name(cache: StatementCache) -> None:
    cache.add_private(9, prepared(9))
    assert (cache.get(9), cache.get_private(1)) == (None, None)


def test_a_private_statement_stays_when_the_others_are_closed(cache: StatementCache) -> None:
    cache.add_private(9, prepared(9))
    cache.close_all()
    assert cache.get_private(9) is not None
    assert close(9) not in cache.closing


def test_a_removed_private_statement_is_closed_once(cache: StatementCache) -> None:
    cache.add_private(1, prepared(9))
    assert [cache.remove_private(1), cache.remove_private(1)] == [True, False]
    assert (cache.closing, len(cache)) == (close(9), 3)


def test_a_renamed_statement_is_not_closed_and_is_the_one_used_last(cache: StatementCache) -> None:
    renamed = cache.get(2)
    cache.get(1)
    cache.rename(2, "new")
    assert (cache.get(2), cache.get("new"), cache.closing) == (None, renamed, b"")
    assert len(cache) == 3


def test_a_renamed_statement_takes_the_place_of_what_had_its_name(cache: StatementCache) -> None:
    renamed = cache.get(2)
    cache.rename(2, 1)
    assert (cache.get(1), cache.closing, len(cache)) == (renamed, close(1), 2)


def test_what_is_not_there_is_not_renamed(cache: StatementCache) -> None:
    cache.rename(7, 1)
    assert (cache.get(7), len(cache), cache.closing) == (None, 3, b"")


def test_every_statement_can_be_closed(cache: StatementCache) -> None:
    cache.close_all()
    assert (len(cache), cache.closing) == (0, close(1) + close(2) + close(3))


def test_what_a_reset_closed_is_not_closed_again(cache: StatementCache) -> None:
    cache.add_private(9, prepared(9))
    cache.remove(1)
    cache.forget()
    assert (len(cache), cache.get_private(9), cache.closing) == (0, None, b"")
