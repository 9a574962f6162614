"""The errors, warnings and notes of a statement, as SHOW WARNINGS and its kin tell them."""

from __future__ import annotations

from athena_g.errors import SqlError

MAX_KEPT = 1024
"""How many are kept (max_error_count); all are counted."""
MAX_COUNTED = 65535


class Diagnostics:
    """What the last statement that was no question about it left behind."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, SqlError]] = []
        self._total = 0
        self._earlier = (0, 0)
        self._asked = False

    @property
    def count(self) -> int:
        """How many there are; the protocol has 16 bits for it."""
        return min(self._total, MAX_COUNTED)

    @property
    def told(self) -> int:
        """The count that an answer carries: 0 for a question about the diagnostics themselves."""
        return 0 if self._asked else self.count

    @property
    def errors(self) -> int:
        """How many of those that are kept are errors."""
        return sum(level == "Error" for level, _ in self.entries)

    @property
    def earlier_count(self) -> int:
        """``@@warning_count``: of the statement before the one that asks."""
        return self._earlier[0]

    @property
    def earlier_errors(self) -> int:
        """``@@error_count``."""
        return self._earlier[1]

    def ask(self) -> None:
        """A statement that asks about them and leaves them as they are."""
        self._asked = True

    def start(self) -> None:
        """A new statement of any other kind."""
        self._asked = False
        self._earlier = self.count, self.errors
        self.clear()

    def clear(self) -> None:
        """Forgets what the statement told so far: it begins again."""
        self.entries = []
        self._total = 0

    def add(self, level: str, error: SqlError) -> None:
        """Keeps one; an error that is passed on through several hands only once."""
        if self.entries and self.entries[-1][1] is error:
            return
        self._total += 1
        if len(self.entries) < MAX_KEPT:
            self.entries.append((level, error))
