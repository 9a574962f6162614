"""LIMIT and OFFSET: which of the rows of several shards, one after the other, are wanted."""

from __future__ import annotations

from typing import Final

MANY: Final = 1000
"""Rows that are read and forgotten rather than that a connection is closed because of them."""


class Window:
    """Which of all rows are passed on: none of the first ``skipped``, then as many as ``left``."""

    def __init__(self, skipped: int, left: int) -> None:
        self.skipped = self._skipped = skipped
        self.left = left
        self.is_large = skipped + left > MANY

    @property
    def left_out(self) -> int:
        """How many rows were not passed on because of the OFFSET; FOUND_ROWS() counts them."""
        return self._skipped - self.skipped

    def takes(self) -> bool:
        """Whether the next row is passed on."""
        if self.skipped:
            self.skipped -= 1
            return False
        if not self.left:
            return False
        self.left -= 1
        return True

    def cut(self, rows: list[bytes]) -> list[bytes]:
        """Those of the next rows that are passed on."""
        skipped = min(self.skipped, len(rows))
        found = rows[skipped : skipped + self.left] if skipped or len(rows) > self.left else rows
        self.skipped -= skipped
        self.left -= len(found)
        return found

    @property
    def is_closed(self) -> bool:
        """Whether it is not worth reading on."""
        return self.is_large and not self.left

    @property
    def is_over(self) -> bool:
        """Whether no further row is wanted."""
        return not self.left
