"""The books of a pool: who gets which connection, who waits, what is closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from athena_g.pool.ledger import Ledger, Limits, Open, Use, Wait


@dataclass(eq=False)
class Connection:
    name: str
    flags: int = 0
    profile: Any = None
    opened_at: float = 0.0
    idle: bool = False
    idle_since: float = 0.0
    retired: bool = False


@dataclass(eq=False)
class Waiter:
    flags: int = 0
    gifts: list[Any] = field(default_factory=list)

    def hand(self, gift: Any) -> None:
        self.gifts.append(gift)


def ledger(**limits: Any) -> Ledger[Connection]:
    return Ledger(Limits(**limits))


def opened(books: Ledger[Connection], name: str, flags: int = 0) -> Connection:
    assert isinstance(books.checkout(flags, None), Open)
    return Connection(name, flags)


def in_line(books: Ledger[Connection], flags: int = 0) -> Waiter:
    assert books.checkout(flags, None) == Wait()
    waiter = Waiter(flags)
    books.waiting.append(waiter)
    return waiter


def test_an_empty_pool_opens() -> None:
    books = ledger()
    assert books.checkout(0, None) == Open(None)
    assert (books.open, books.out, books.idle) == (1, 1, 0)


def test_a_free_connection_is_used_before_another_is_opened() -> None:
    books = ledger()
    one = opened(books, "one")
    assert books.checkin(one, keep=False)
    assert books.checkout(0, None) == Use(one)
    assert (books.out, books.idle) == (1, 0)


def test_the_connection_used_last_is_used_first() -> None:
    books = ledger()
    one, two = opened(books, "one"), opened(books, "two")
    books.checkin(one, keep=False)
    books.checkin(two, keep=False)
    assert books.checkout(0, None) == Use(two)


@pytest.mark.parametrize("keep", [False, True])
def test_a_connection_that_has_the_settings_already_is_preferred(keep: bool) -> None:
    books = ledger(max_open=3)
    connections = [opened(books, name) for name in ("one", "two", "three")]
    profile = connections[1].profile = object()
    for connection in connections:
        books.checkin(connection, keep)
    assert books.checkout(0, profile) == Use(connections[1])


def test_without_one_that_has_the_settings_the_order_is_as_ever() -> None:
    books = ledger()
    one, two = opened(books, "one"), opened(books, "two")
    for connection in (one, two):
        connection.profile = "a"
        books.checkin(connection, keep=False)
    assert books.checkout(0, "b") == Use(two)


def test_the_settings_do_not_make_up_for_other_flags() -> None:
    books = ledger(max_open=1)
    one = opened(books, "one", flags=2)
    one.profile = "a"
    books.checkin(one, keep=False)
    assert books.checkout(0, "a") == Open(instead_of=one)


def test_a_kept_connection_goes_back_to_its_session() -> None:
    books = ledger(max_open=2)
    one = opened(books, "one")
    books.checkin(one, keep=True)
    assert isinstance(books.checkout(0, None), Open)
    assert books.reclaim(one)
    assert not books.reclaim(one)
    assert books.out == 2


def test_a_reclaimed_connection_can_be_kept_again_and_again() -> None:
    books = ledger()
    one = opened(books, "one")
    books.checkin(one, keep=True)
    for _ in range(3):
        assert books.reclaim(one)
        assert (books.out, books.idle) == (1, 0)
        assert books.keep(one)
        assert (books.out, books.idle) == (0, 1)


def test_a_reclaimed_connection_is_nobody_elses() -> None:
    books = ledger(max_open=1)
    one = opened(books, "one")
    books.checkin(one, keep=True)
    books.reclaim(one)
    assert books.checkout(0, None) == Wait()
    assert books.tick(1e9) == []
    assert books.take_idle() == []


def test_a_free_connection_cannot_be_reclaimed() -> None:
    """Whoever takes it from the shelf would share it with who reclaimed it."""
    books = ledger()
    one = opened(books, "one")
    books.checkin(one, keep=False)
    assert not books.reclaim(one)
    assert books.checkout(0, None) == Use(one)


def test_a_reclaimed_connection_is_handed_on_when_somebody_waits() -> None:
    books = ledger(max_open=1)
    one = opened(books, "one")
    books.checkin(one, keep=True)
    books.reclaim(one)
    waiter = in_line(books)
    assert not books.keep(one)
    assert books.checkin(one, keep=True)
    assert waiter.gifts == [Use(one)]
    assert not books.reclaim(one)


def test_a_reclaimed_connection_that_is_lost_frees_its_place() -> None:
    books = ledger(max_open=1)
    one = opened(books, "one")
    books.checkin(one, keep=True)
    books.reclaim(one)
    books.discard(one)
    assert (books.open, books.idle) == (0, 0)
    assert books.checkout(0, None) == Open(None)


def test_a_retired_connection_is_neither_reclaimed_nor_kept() -> None:
    books = ledger()
    one, two = opened(books, "one"), opened(books, "two")
    books.checkin(one, keep=True)
    books.checkin(two, keep=True)
    books.reclaim(two)
    one.retired = two.retired = True
    assert not books.reclaim(one)
    assert not books.keep(two)


def test_a_kept_connection_goes_to_another_session_only_when_no_place_is_left() -> None:
    books = ledger(max_open=2)
    one, two = opened(books, "one"), opened(books, "two")
    books.checkin(one, keep=True)
    books.checkin(two, keep=True)
    assert books.checkout(0, None) == Use(one)
    assert not books.reclaim(one)
    assert books.reclaim(two)


def test_a_connection_of_other_flags_is_closed_to_make_room() -> None:
    books = ledger(max_open=1)
    one = opened(books, "one", flags=2)
    books.checkin(one, keep=False)
    assert books.checkout(0, None) == Open(instead_of=one)
    assert (books.open, books.idle) == (1, 0)


def test_a_connection_of_other_flags_is_left_alone_while_there_is_room() -> None:
    books = ledger(max_open=2)
    books.checkin(opened(books, "one", flags=2), keep=False)
    assert books.checkout(0, None) == Open(None)
    assert (books.open, books.idle) == (2, 1)


def test_a_free_connection_of_other_flags_is_closed_before_a_kept_one() -> None:
    books = ledger(max_open=2)
    kept, free = opened(books, "kept", flags=2), opened(books, "free", flags=2)
    books.checkin(kept, keep=True)
    books.checkin(free, keep=False)
    assert books.checkout(0, None) == Open(instead_of=free)


def test_a_kept_connection_of_the_right_flags_is_used_before_another_is_closed() -> None:
    books = ledger(max_open=2)
    older, right = opened(books, "older", flags=2), opened(books, "right")
    books.checkin(older, keep=True)
    books.tick(1.0)
    books.checkin(right, keep=True)
    assert books.checkout(0, None) == Use(right)


def test_everybody_waits_when_everything_is_out() -> None:
    books = ledger(max_open=1)
    opened(books, "one")
    assert books.checkout(0, None) == Wait()
    assert books.open == 1


def test_nobody_overtakes_those_in_line() -> None:
    books = ledger(max_open=1)
    one = opened(books, "one")
    first = in_line(books)
    second = in_line(books)
    books.checkin(one, keep=True)
    assert (first.gifts, second.gifts) == ([Use(one)], [])
    assert books.checkout(0, None) == Wait()


def test_a_waiter_of_other_flags_is_given_the_place() -> None:
    books = ledger(max_open=1)
    one = opened(books, "one", flags=2)
    waiter = in_line(books, flags=0)
    assert books.checkin(one, keep=True)
    assert waiter.gifts == [Open(instead_of=one)]
    assert books.open == 1


def test_the_place_of_a_connection_that_is_gone_goes_to_the_next_in_line() -> None:
    books = ledger(max_open=1)
    opened(books, "one")
    waiter = in_line(books)
    books.vacate()
    assert waiter.gifts == [Open(None)]
    assert books.open == 1


def test_a_retired_connection_is_not_taken_back_and_leaves_its_place_when_it_is_closed() -> None:
    books = ledger(max_open=1)
    one = opened(books, "one")
    waiter = in_line(books)
    one.retired = True
    assert not books.checkin(one, keep=False)
    assert not waiter.gifts
    books.vacate()
    assert waiter.gifts == [Open(None)]


def test_no_more_than_max_idle_stay() -> None:
    books = ledger(max_idle=1)
    one, two = opened(books, "one"), opened(books, "two")
    assert books.checkin(one, keep=True)
    assert not books.checkin(two, keep=False)
    assert (books.open, books.idle) == (2, 1)


def test_the_connection_of_a_session_that_ended_is_free() -> None:
    books = ledger(max_open=2)
    one = opened(books, "one")
    books.checkin(one, keep=True)
    books.disown(one)
    assert books.checkout(0, None) == Use(one)


def test_disowning_what_is_out_changes_nothing() -> None:
    books = ledger()
    one = opened(books, "one")
    books.disown(one)
    assert (books.out, books.idle) == (1, 0)


def test_disowning_what_was_reclaimed_gives_it_to_nobody() -> None:
    books = ledger(max_open=2)
    one = opened(books, "one")
    books.checkin(one, keep=True)
    books.reclaim(one)
    books.disown(one)
    assert books.checkout(0, None) == Open(None)


@pytest.mark.parametrize("keep", [False, True])
def test_what_is_idle_for_too_long_is_closed(keep: bool) -> None:
    books = ledger(max_idle_time=10.0)
    one, two = opened(books, "one"), opened(books, "two")
    books.tick(100.0)
    books.checkin(one, keep)
    books.tick(105.0)
    books.checkin(two, keep)
    assert books.tick(110.0) == [one]
    assert books.tick(115.0) == [two]
    assert (books.out, books.idle) == (2, 0)


def test_what_is_retired_is_closed_while_idle() -> None:
    books = ledger()
    one = opened(books, "one")
    books.checkin(one, keep=True)
    one.retired = True
    assert books.tick(0.0) == [one]
    assert (books.open, books.idle) == (1, 0)


def test_the_shortfall_is_what_is_missing_to_min_idle() -> None:
    books = ledger(max_open=4, min_idle=3)
    assert books.shortfall() == 3
    books.checkin(opened(books, "one"), keep=False)
    assert books.shortfall() == 2


def test_the_shortfall_never_goes_beyond_max_open() -> None:
    books = ledger(max_open=2, min_idle=2)
    opened(books, "one")
    assert books.shortfall() == 1
    books.reserve()
    assert books.shortfall() == 0


def test_every_idle_connection_can_be_taken_out() -> None:
    books = ledger()
    one, two, three = (opened(books, name) for name in ("one", "two", "three"))
    books.checkin(one, keep=True)
    books.checkin(two, keep=False)
    assert set(books.take_idle()) == {one, two}
    assert (books.open, books.out) == (3, 3)
    assert not books.remove_idle(three)
