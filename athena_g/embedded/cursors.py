"""The rows of a cursor: read once when it is opened, kept until they are fetched."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import Final

_IN_MEMORY: Final = 1 << 20
"""Bytes of rows that are kept in memory; beyond that they are in a temporary file."""


class RowCursor:
    """Encoded rows, given out in the order they were kept in."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        self._position = 0

    def keep(self, payloads: Iterable[bytes]) -> None:
        """Adds rows; only before the first is fetched."""
        for payload in payloads:
            self._file.write(len(payload).to_bytes(4, "little") + payload)

    def fetch(self, count: int) -> Iterator[bytes]:
        """The next rows, ``count`` of them or as many as are left."""
        for _ in range(count):
            self._file.seek(self._position)
            size = int.from_bytes(self._file.read(4), "little")
            payload = self._file.read(size)
            if not payload:
                return
            self._position += 4 + size
            yield payload

    def close(self) -> None:
        """Gives back what the rows take."""
        self._file.close()
