"""The connections of a pool that belong to one session for now: in a transaction, or pinned."""

from __future__ import annotations

from collections import Counter
from typing import Generic, TypeVar

C = TypeVar("C")


class TransactionPool(Generic[C]):
    """Which connections are bound to a session, and why.

    They come from the pool of their instance and go back to it; while they are here nobody else
    gets them. The reasons are a fixed set of words, so they may be counted by.
    """

    def __init__(self) -> None:
        self._bound: dict[C, str] = {}

    def __len__(self) -> int:
        return len(self._bound)

    def bind(self, connection: C, reason: str) -> None:
        """The connection is its session's until :meth:`free`, because of ``reason``."""
        self._bound[connection] = reason

    def free(self, connection: C) -> None:
        """The reason is gone, or the connection is."""
        self._bound.pop(connection, None)

    def reasons(self) -> Counter[str]:
        """How many connections are bound for each reason."""
        return Counter(self._bound.values())
