"""Why a session keeps its server connection: what it has there that cannot be moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

MAX_PINS = 1000
"""Things that are told apart; beyond, a session stays pinned until it is reset."""

Pin = tuple[str, str | None]


class Pins:
    """What is held on the connection, each a kind and a name (``None``: not known which).

    True while there is anything.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held: Counter[Pin] = Counter()

    def __bool__(self) -> bool:
        return bool(self._held)

    def __iter__(self) -> Iterator[Pin]:
        return iter(self._held)

    def __str__(self) -> str:
        return ", ".join(sorted({kind for kind, _ in self._held}))

    def take(self, kind: str, name: str | None = None) -> None:
        """One more thing is held; a lock may be taken several times."""
        if len(self._held) >= MAX_PINS:
            name = None
        self._held[kind, name] += 1

    def take_once(self, kind: str, name: str | None = None) -> None:
        """The same for what is held or not, however often it is taken."""
        if (kind, name) not in self._held:
            self.take(kind, name)

    def free(self, kind: str, name: str | None = None) -> None:
        """One thing is held no longer; without a name everything of the kind."""
        if name is None:
            for pin in [pin for pin in self._held if pin[0] == kind]:
                del self._held[pin]
        elif (kind, name) in self._held:
            self._held[kind, name] -= 1
            if not self._held[kind, name]:
                del self._held[kind, name]

    def clear(self) -> None:
        """Nothing is held."""
        self._held.clear()
