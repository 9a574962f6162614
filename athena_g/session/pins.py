"""Why a session keeps its server connection: what it has there that cannot be moved."""

from __future__ import annotations

MAX_PINS = 1000
"""Things that are told apart; beyond, a session stays pinned until it is reset."""

Pin = tuple[str, str | None]


class Pins(dict[Pin, int]):
    """What is held on the connection, each a kind and a name (``None``: not known which).

    True while there is anything. The values say how often each was taken.
    """

    def __str__(self) -> str:
        return ", ".join(sorted({kind for kind, _ in self}))

    def take(self, kind: str, name: str | None = None) -> None:
        """One more thing is held; a lock may be taken several times."""
        if len(self) >= MAX_PINS:
            name = None
        self[kind, name] = self.get((kind, name), 0) + 1

    def take_once(self, kind: str, name: str | None = None) -> None:
        """The same for what is held or not, however often it is taken."""
        if (kind, name) not in self:
            self.take(kind, name)

    def free(self, kind: str, name: str | None = None) -> None:
        """One thing is held no longer; without a name everything of the kind."""
        if name is None:
            for pin in [pin for pin in self if pin[0] == kind]:
                del self[pin]
        elif (kind, name) in self:
            self[kind, name] -= 1
            if not self[kind, name]:
                del self[kind, name]
