"""What a work saw, as plain data that can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

LONG = 200


class Notes:
    """Everything one work saw, in order and under a name each."""

    def __init__(self) -> None:
        self._seen: dict[str, Any] = {}

    def __call__(self, name: str, thing: Any) -> None:
        assert name not in self._seen, f"{name!r} is noted already"
        self._seen[name] = thing

    def __getitem__(self, name: str) -> Any:
        return self._seen[name]

    def lines(self) -> Iterator[str]:
        """One line per note, with the type of each value in it."""
        for name, thing in self._seen.items():
            if isinstance(thing, list):
                yield f"{name}: {len(thing)} items"
                yield from (f"{name}[{at}]: {plain(item)}" for at, item in enumerate(thing))
            else:
                yield f"{name}: {plain(thing)}"


def plain(thing: Any) -> str:
    """The value and its type as text; long values by their length and hash."""
    kind = type(thing).__name__
    if isinstance(thing, dict):
        inside = ", ".join(f"{plain(key)}={plain(value)}" for key, value in thing.items())
        return f"{kind}({inside})"
    if isinstance(thing, set | frozenset):
        return f"{kind}({', '.join(sorted(map(plain, thing)))})"
    if isinstance(thing, list | tuple):
        return f"{kind}({', '.join(map(plain, thing))})"
    if isinstance(thing, str | bytes | bytearray) and len(thing) > LONG:
        whole = thing.encode() if isinstance(thing, str) else bytes(thing)
        return f"{kind} of {len(thing)}, SHA-256 {hashlib.sha256(whole).hexdigest()}"
    return f"{kind} {thing!r}"
