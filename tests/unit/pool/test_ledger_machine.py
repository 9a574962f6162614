"""Whatever happens in whatever order, the books of a pool stay true."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from athena_g.pool.ledger import Ledger, Limits, Open, Use, Wait

from .test_ledger import Connection, Waiter

FLAGS = st.sampled_from([0, 2])
PROFILES = st.sampled_from(["a", "b"])


class Books(RuleBasedStateMachine):
    """``world`` is what there is really: connections that were opened and not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(max_open=3, max_idle=2, min_idle=1, max_idle_time=10.0)
        self.books: Ledger[Connection] = Ledger(self.limits)
        self.world: list[Connection] = []
        self.out: list[Connection] = []
        self.reclaimed: set[Connection] = set()
        self.opening: list[int] = []
        self.line: list[Waiter] = []
        self.now = 0.0

    def take(self, decision: Any, flags: int) -> None:
        match decision:
            case Use(connection):
                assert connection.flags == flags
                assert connection not in self.out
                self.out.append(connection)
                self.reclaimed.discard(connection)
            case Open(instead_of):
                if instead_of is not None:
                    self.world.remove(instead_of)
                self.opening.append(flags)

    @rule(flags=FLAGS, profile=PROFILES)
    def check_out(self, flags: int, profile: str) -> None:
        decision = self.books.checkout(flags, profile)
        if isinstance(decision, Wait):
            waiter = Waiter(flags)
            self.books.waiting.append(waiter)
            self.line.append(waiter)
        else:
            self.take(decision, flags)

    @precondition(lambda self: self.opening)
    @rule(worked=st.booleans())
    def finish_opening(self, worked: bool) -> None:
        flags = self.opening.pop(0)
        if worked:
            connection = Connection("", flags)
            self.world.append(connection)
            self.out.append(connection)
        else:
            self.books.vacate()

    @precondition(lambda self: self.out)
    @rule(keep=st.booleans(), retired=st.booleans(), which=st.integers(0, 9), profile=PROFILES)
    def check_in(self, keep: bool, retired: bool, which: int, profile: str) -> None:
        connection = self.out.pop(which % len(self.out))
        connection.profile = profile
        connection.retired = retired
        if keep and connection in self.reclaimed and self.books.keep(connection):
            return
        self.reclaimed.discard(connection)
        if not self.books.checkin(connection, keep):
            self.world.remove(connection)
            self.books.vacate()

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 9))
    def lose(self, which: int) -> None:
        connection = self.out.pop(which % len(self.out))
        self.world.remove(connection)
        self.books.discard(connection)

    @precondition(lambda self: self.world)
    @rule(which=st.integers(0, 9))
    def reclaim(self, which: int) -> None:
        """Any session may ask for the connection it had last, wherever that is by now."""
        connection = self.world[which % len(self.world)]
        if self.books.reclaim(connection):
            assert connection not in self.out
            self.out.append(connection)
            self.reclaimed.add(connection)

    @precondition(lambda self: self.world)
    @rule(which=st.integers(0, 9))
    def disown(self, which: int) -> None:
        self.books.disown(self.world[which % len(self.world)])

    @precondition(lambda self: any(not waiter.gifts for waiter in self.line))
    @rule()
    def give_up_waiting(self) -> None:
        waiter = next(each for each in self.line if not each.gifts)
        self.line.remove(waiter)
        self.books.waiting.remove(waiter)

    @rule(seconds=st.sampled_from([1.0, 20.0]))
    def tick(self, seconds: float) -> None:
        self.now += seconds
        for connection in self.books.tick(self.now):
            self.world.remove(connection)
            self.books.vacate()

    @rule()
    def fill_up(self) -> None:
        if self.books.shortfall():
            self.books.reserve()
            self.opening.append(0)

    @invariant()
    def waiters_got_what_they_were_handed(self) -> None:
        for waiter in [each for each in self.line if each.gifts]:
            (gift,) = waiter.gifts
            self.line.remove(waiter)
            self.take(gift, waiter.flags)

    @invariant()
    def books_agree_with_the_world(self) -> None:
        self.waiters_got_what_they_were_handed()
        books = self.books
        assert books.open == len(self.world) + len(self.opening)
        assert books.out == len(self.out) + len(self.opening)
        assert 0 <= books.open <= self.limits.max_open
        assert books.idle <= self.limits.max_idle

    @invariant()
    def nobody_waits_while_something_is_idle_or_could_be_opened(self) -> None:
        if self.books.waiting:
            assert self.books.idle == 0
            assert self.books.open == self.limits.max_open


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
